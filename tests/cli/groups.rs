//! Shares in groups: dealt, read back, restored by a quorum of groups, rebuilt from the sheets alone, and refused where they cannot be.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use rootrite::digest::hex;
use rootrite::hsm::Token as _;
use rootrite::secret::Secret;
use rootrite::share::{Backup, KeyCheck};
use serde_json::{Value, json};

use crate::backup::{
    Holders, LATER, PRACTICE, RESUME, combined, count, events, later, nothing_is_left, of, on_paper,
    site_for_later,
};
use crate::common::Ended;
use crate::common::program::{run, skipped};
use crate::room::{Question, Room, Wanted};
use crate::table::Table;

/// Who has a share.
const ALL: [&str; 8] = ["h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8"];

/// Two of three groups: two of three people, one alone, two of two.
const GROUPS: &str = "group-threshold: 2, groups: {europe: {threshold: 2, holders: [h1, h2, h3]}, safe: {threshold: 1, holders: [h4]}, asia: {threshold: 2, holders: [h5, h6]}}";

/// What the review and the table read of them.
const IN_WORDS: &str = "6 shares in groups, any 2 of these 3 groups together: of `europe` any 2 of 3 shares (held by h1, h2, h3); of `safe` the one share (held by h4); of `asia` all 2 shares (held by h5, h6)";

/// The script of the backups' tests with these holders in the place of its own.
fn script(holders: &str) -> String {
    let script = crate::backup::script();
    let people = "  - {id: h5, role: share-holder}\n";
    assert_eq!(script.matches("threshold: 3, holders: [share-holder]").count(), 1);
    script
        .replace("threshold: 3, holders: [share-holder]", holders)
        .replace(people, &format!("{people}  - {{id: h6, role: share-holder}}\n"))
}

/// A table whose script backs its root up with groups.
fn table() -> Table {
    let table = crate::backup::table();
    table.write("script.yaml", script(GROUPS));
    table.now()
}

/// Which group a holder of [`GROUPS`] is in, counted from 1.
fn group_of(holder: &str) -> usize {
    match holder {
        "h1" | "h2" | "h3" => 1,
        "h4" => 2,
        _ => 3,
    }
}

/// What sheets give that are too few.
fn refused(table: &Table, sheets: &[&String]) -> String {
    let lines: Vec<&str> = sheets.iter().map(|sheet| sheet.as_str()).collect();
    table.write("shares", lines.join("\n") + "\n");
    let line = format!(
        "exec {} share combine --fd 3 --form octets --out-fd 4 3<shares 4>kek",
        env!("CARGO_BIN_EXE_rootrite")
    );
    let ended = run(Command::new("sh").current_dir(table.folder()).args(["-c", &line]), b"").with(3);
    assert!(std::fs::read(table.path("kek")).unwrap().is_empty());
    for file in ["shares", "kek"] {
        std::fs::remove_file(table.path(file)).unwrap();
    }
    ended.error
}

/// The key that sheets give by SLIP-39's reference implementation, in hex; nothing if it is not here.
fn by_the_reference(sheets: &[&String]) -> Option<String> {
    let python =
        std::env::var_os("ROOTRITE_SHAMIR_MNEMONIC").map(PathBuf::from).filter(|python| python.exists());
    let Some(python) = python else {
        skipped("ROOTRITE_SHAMIR_MNEMONIC names no Python with shamir-mnemonic; scripts/test sets it");
        return None;
    };
    let program = "import sys\nfrom shamir_mnemonic import combine_mnemonics\nprint(combine_mnemonics(sys.stdin.read().splitlines(), b'').hex())";
    let lines: Vec<&str> = sheets.iter().map(|sheet| sheet.as_str()).collect();
    let ended = run(Command::new(python).args(["-c", program]), lines.join("\n").as_bytes()).with(0);
    Some(ended.out.trim().to_owned())
}

#[test]
fn a_quorum_of_groups_brings_the_key_back_and_its_sheets_alone_are_the_key_encryption_key() {
    let table = table();
    let checked = table.run("plan script.yaml").with(0);
    assert!(checked.out.contains(IN_WORDS), "{}", checked.out);
    // On paper there is a line for every share.
    let printed = table.run("print script script.yaml").with(0).out;
    assert_eq!(printed.matches("\nshare of root-x1, group").count(), 6, "{printed}");
    assert!(printed.contains("\neurope, h3\n") && printed.contains("group asia,"), "{printed}");
    let mut holders = Holders::default();
    let (resumed, wrong) = interrupted_and_resumed(&table, &mut holders);
    let events = events(&table);

    // The first set ended with four sheets, of two groups; each is accounted for, by group and place.
    let returned: Vec<(&Value, &Value)> =
        of(&events, "share.returned").iter().map(|data| (&data["group"], &data["group_index"])).collect();
    let place = |group: &str, number: u64| (json!(group), json!(number));
    let wanted = [place("europe", 1), place("europe", 2), place("europe", 3), place("safe", 1)];
    assert_eq!(returned, wanted.iter().map(|(group, number)| (group, number)).collect::<Vec<_>>());
    assert!(resumed.out.contains("share 1 of the group `safe`"), "{}", resumed.out);
    let backups = of(&events, "key.backup");
    assert_eq!(backups.len(), 2);
    let group = |name: &str, threshold: u32, count: u32| json!({"name": name, "threshold": threshold, "share_count": count});
    let groups = [group("europe", 2, 3), group("safe", 1, 1), group("asia", 2, 2)];
    assert_eq!(backups[1]["groups"], json!(groups));
    assert_eq!(
        (&backups[1]["group_threshold"], &backups[1]["threshold"], &backups[1]["share_count"]),
        (&json!(2), &json!(3), &json!(6))
    );

    // Of the second set everybody has a share, and a quorum of groups was drawn: each with as many as it needs.
    let set = &backups[1]["set_id"];
    let issued: Vec<u64> = of(&events, "share.issued")
        .iter()
        .filter(|data| data["set_id"] == *set)
        .map(|data| data["index"].as_u64().unwrap())
        .collect();
    assert_eq!(issued, [1, 2, 3, 4, 5, 6]);
    let drawn: Vec<&str> =
        of(&events, "share.checked").iter().map(|data| data["holder"].as_str().unwrap()).collect();
    let there: BTreeSet<usize> = drawn.iter().map(|holder| group_of(holder)).collect();
    assert_eq!(there.len(), 2, "{drawn:?}");
    let members = |group: usize| drawn.iter().filter(|holder| group_of(holder) == group).count();
    assert!(there.iter().all(|group| members(*group) == [2, 1, 2][group - 1]), "{drawn:?}");
    assert_eq!(
        members(there.first().copied().unwrap()) + members(there.last().copied().unwrap()),
        drawn.len()
    );

    // Whoever typed another's share heard whose it is, of which group and which of it.
    let said = format!("the share is {wrong}'s, share {} of the group `", if wrong == "h2" { 2 } else { 1 });
    assert!(resumed.out.contains(&said), "{said}\n{}", resumed.out);
    let bundle = table.run("verify out/bundle-practice-test-ceremony").with(0);
    assert!(bundle.out.contains("W203"), "{}", bundle.out);
    rebuilt(&table, &holders, backups[1]);
    let kek = combined(&table, &[&holders.sheets["h3"], &holders.sheets["h4"], &holders.sheets["h1"]]);
    nothing_is_left(&table, &resumed, &holders, Some(&kek));
}

/// The ceremony, interrupted when the fourth of six holders has a sheet, and resumed; then whoever is drawn first types the share
/// of another first. What was shown in the second part, and whose share it was.
fn interrupted_and_resumed(table: &Table, holders: &mut Holders) -> (Ended, String) {
    let ended = stopped(table, holders, fourth_bag);
    for wanted in [
        "share 4 of 6 (share 1 of 1 of the group `safe`) of the backup of the key `root-x1`",
        "`europe` is group 1 of 3, it takes 2 groups, and of this one 2 of 3 shares",
        "type share 2 (share 2 of the group `europe`) back",
    ] {
        assert!(ended.out.contains(wanted), "{wanted}\n{}", ended.out);
    }
    let mut wrong = None;
    let resumed = Room::open(table, RESUME).go_on(|question: &Question| {
        let answer = holders.answer(question)?;
        let Wanted::Secret(prompt) = &question.wanted else { return Some(answer) };
        if wrong.is_some() || !prompt.contains("type your share") {
            return Some(answer);
        }
        let other = if prompt.contains("h1") { "h2" } else { "h1" };
        wrong = Some(other.to_owned());
        Some(holders.sheets[other].clone())
    });
    (resumed.with(0), wrong.unwrap())
}

/// Whether the fourth holder is asked for the number of the bag.
fn fourth_bag(question: &Question) -> bool {
    question.shown.contains("the number on the bag?") && question.shown.contains("-4\n")
}

/// The ceremony, until somebody says no to a question; what was shown.
fn stopped(table: &Table, holders: &mut Holders, at: impl Fn(&Question) -> bool) -> Ended {
    let mut stopped = false;
    let ended = Room::open(table, PRACTICE).go_on(|question| {
        if !stopped && at(question) {
            stopped = true;
            return Some("no".to_owned());
        }
        holders.answer(question)
    });
    assert!(stopped);
    ended.with(3)
}

#[test]
fn each_sheet_of_an_aborted_backup_is_accounted_for_by_its_group() {
    let table = table();
    let mut holders = Holders::default();
    drop(stopped(&table, &mut holders, fourth_bag));
    let ended = Room::open(&table, "resume --log log --close aborted --plain").go_on(|question| {
        match &question.wanted {
            Wanted::Text if question.shown.contains("destroyed, missing") => {
                let of_safe = question.shown.contains("that is: share 1 of the group `safe`\n");
                Some(if of_safe { "missing" } else { "destroyed" }.to_owned())
            }
            _ => holders.answer(question),
        }
    });
    let ended = ended.with(0);
    let all = events(&table);
    let place =
        |data: &&Value| (data["group"].as_str().unwrap().to_owned(), data["group_index"].as_u64().unwrap());
    let returned: Vec<(String, u64)> = of(&all, "share.returned").iter().map(place).collect();
    assert_eq!(returned, [("europe".into(), 1), ("europe".into(), 2), ("europe".into(), 3)], "{}", ended.out);
    let missing: Vec<(String, u64)> = of(&all, "share.missing").iter().map(place).collect();
    assert_eq!(missing, [("safe".into(), 1)]);
}

/// The key-encryption key comes back from the sheets of any quorum of groups, and from nothing less.
fn rebuilt(table: &Table, holders: &Holders, backup: &Value) {
    let sheets = |ids: &[&str]| ids.iter().map(|id| &holders.sheets[*id]).collect::<Vec<_>>();
    for quorum in [&["h1", "h3", "h4"][..], &["h6", "h4", "h5"], &["h5", "h2", "h6", "h3"]] {
        let kek = combined(table, &sheets(quorum));
        let check = KeyCheck::of(&Secret::<32>::fill(|octets| octets.copy_from_slice(&kek)));
        assert_eq!(backup["kcv"], hex(check.octets()), "{quorum:?}");
        if let Some(theirs) = by_the_reference(&sheets(quorum)) {
            assert_eq!(theirs, hex(&kek), "{quorum:?}");
        }
    }
    for (few, said) in [
        (&["h1", "h2"][..], "found shares of 1 groups; wanted 2 groups"),
        (&["h1", "h4"], "found 1 shares of group 1; wanted 2"),
        (&["h2", "h3", "h6"], "found 1 shares of group 3; wanted 2"),
        (&["h1", "h2", "h3"], "group 1 has the 2 shares that it needs; this one is too many"),
    ] {
        let error = refused(table, &sheets(few));
        assert!(error.contains(said), "{said}\n{error}");
    }
    let file = std::fs::read(table.path("media/copy-1/root-x1.backup")).unwrap();
    assert!(file.starts_with(b"rootrite-backup: 2\n"));
    let file = Backup::read(&file).unwrap();
    let groups: Vec<&str> = file.groups().iter().map(|group| group.name.as_str()).collect();
    assert_eq!((file.threshold(), groups), (2, vec!["europe", "safe", "asia"]));
}

#[test]
fn what_a_loss_costs_is_said_by_groups_and_a_group_can_be_lost_whole() {
    let table = Table::without_tokens();
    table.write("script.yaml", script(GROUPS));
    let _ = table.run("rehearse script.yaml --out first --quiet").with(0);
    // The keys without a backup are lost with their tokens.
    let survive = |lost: &str| {
        let ended = table.run(&format!("survive --log first/ceremony-log --without root,spare,{lost}"));
        ended.with(5).out.split("root-x1\n").nth(1).unwrap().to_owned()
    };
    let whole = survive("h5,h6");
    for wanted in [
        "shares  2 of 3 groups (europe 2 of 3, safe 1 of 1, asia 2 of 2), set ",
        "every token is lost (2), and so many sheets that 2 of the groups have too few (2 at the fewest) or all 2 media",
    ] {
        assert!(whole.contains(wanted), "{wanted}\n{whole}");
    }
    // Without two people it depends on which they are, and so it does without three.
    for (lost, survives) in
        [("h5,h6", true), ("h1,h6", true), ("h4,h6", false), ("h1,h2,h3", true), ("h1,h2,h4", false)]
    {
        let said = if survives { "root, spare: it survives" } else { "root, spare: it is LOST" };
        assert!(survive(lost).contains(said), "{lost}: {said}");
    }
}

#[test]
fn sets_in_groups_take_each_other_s_place_and_are_drilled_in_a_rehearsal() {
    let table = Table::without_tokens();
    let split = "      - split-secret: {secret: safe, ask: [ada], group-threshold: 1, groups: {one: {threshold: 2, holders: [h1, h2]}, two: {threshold: 3, holders: [h3, h4, h5]}}}\n";
    let first = script(GROUPS);
    assert_eq!(first.matches("      - issue-root").count(), 1);
    table.write("script.yaml", first.replace("      - issue-root", &format!("{split}      - issue-root")));
    let window =
        |day: u32| format!("window: {{from: 2026-11-{day:02}T08:00:00Z, to: 2026-11-{day:02}T20:00:00Z}}");
    let write = |name: &str, day: u32, steps: &str| {
        let script = later(name, &ALL, steps).replace(&crate::table::window(1), &window(day));
        table.write(&format!("{name}.yaml"), script);
    };
    write("one", 3, "      - refresh-shares: {key: root-x1, threshold: 2, holders: [h1, h2, h7]}\n");
    write(
        "groups",
        4,
        "      - refresh-shares: {key: root-x1, group-threshold: 2, groups: {north: {threshold: 2, holders: [h1, h2]}, south: {threshold: 2, holders: [h7, h8, h3]}}}\n",
    );
    write(
        "anew",
        5,
        "      - refresh-shares: {key: root-x1, group-threshold: 2, groups: {north: {threshold: 2, holders: [h1, h2]}, south: {threshold: 2, holders: [h3, h8]}}, lost: [h7], medium: root-x1-second}\n",
    );
    write(
        "drill",
        6,
        "      - check-shares: {key: root-x1}\n      - check-shares: {secret: safe}\n      - restore-key: {key: root-x1, to: [drill]}\n",
    );
    let _ =
        table.run("rehearse script.yaml one.yaml groups.yaml anew.yaml drill.yaml --out all --quiet").with(0);
    let log = table.read("all/ceremony-log/log.jsonl");
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let grouped: Vec<bool> = of(&events, "key.backup").iter().map(|data| data["groups"].is_array()).collect();
    assert_eq!(grouped, [true, false, true, true]);
    assert_eq!((count(&events, "key.restored"), count(&events, "share.missing")), (2, 1));
    let missing = of(&events, "share.missing")[0];
    assert_eq!((&missing["holder"], &missing["group"]), (&json!("h7"), &json!("south")));
    assert_eq!(of(&events, "secret.split")[0]["group_threshold"], 1);
    // What was not said of groups is not there.
    let plain: Vec<&Value> =
        of(&events, "share.issued").into_iter().filter(|data| data["group"].is_null()).collect();
    assert_eq!(plain.len(), 3);
    assert!(plain.iter().all(|data| !data.as_object().unwrap().contains_key("group_index")));
}

#[test]
fn what_no_groups_can_be_is_found_while_planning() {
    let table = Table::without_tokens();
    let wrong = |holders: &str, said: &str| {
        table.write("script.yaml", script(holders));
        let error = table.run("check script.yaml").with(2).error;
        assert!(error.contains(said) && error.contains("script.yaml:33:"), "{said}\n{error}");
    };
    let of = |needed: &str, europe: &str, asia: &str| {
        format!("group-threshold: {needed}, groups: {{europe: {{{europe}}}, asia: {{{asia}}}}}")
    };
    let (europe, asia) = ("threshold: 2, holders: [h1, h2, h3]", "threshold: 2, holders: [h4, h5]");
    // The guide's example is planned as it stands there.
    let guide = include_str!("../../docs/guide/script.md");
    let example = guide.split("```yaml\n- back-up-key:").nth(1).unwrap().split("```").next().unwrap();
    let example: Vec<String> =
        format!("- back-up-key:{example}").lines().map(|line| format!("      {line}\n")).collect();
    let there = script(GROUPS);
    let step = there.lines().find(|line| line.contains("back-up-key")).unwrap();
    table.write("script.yaml", there.replace(&format!("{step}\n"), &example.concat()));
    let planned = table.run("plan script.yaml").with(0).out;
    assert!(planned.contains(IN_WORDS) && guide.contains(IN_WORDS), "{planned}");
    table.write("script.yaml", script(&of("2", europe, asia)));
    let _ = table.run("check script.yaml").with(0);
    for (needed, said) in [
        ("3", "`group-threshold` is 3; wanted 1 to 2, as many as there are groups"),
        ("0", "`group-threshold` is 0; wanted 1 to 2"),
    ] {
        wrong(&of(needed, europe, asia), said);
    }
    for (asia, said) in [
        ("threshold: 3, holders: [h4, h5]", "`threshold` of the group `asia` is 3; wanted 1 to 2"),
        ("threshold: 0, holders: [h4, h5]", "`threshold` of the group `asia` is 0; wanted 1 to 2"),
        ("threshold: 1, holders: [h4, h5]", "is 1, and its 2 shares would be the same"),
        ("threshold: 2, holders: [h4, h1]", "`h1` holds two shares; each holder has one"),
        ("threshold: 2, holders: [h4, h4]", "`h4` holds two shares; each holder has one"),
        ("threshold: 2, holders: []", "`holders` is an empty list"),
        ("holders: [h4, h5]", "`threshold` is missing"),
        ("threshold: 2, holders: [h4, zoe]", "`zoe`"),
    ] {
        wrong(&of("2", europe, asia), said);
    }
    let long = of("2", europe, asia).replace("europe", &"e".repeat(33));
    wrong(&long, "is none; wanted 1 to 32 of a-z, 0-9 and -");
    wrong(&of("1", europe, "threshold: 1, holders: [h4]"), "its holder alone would be enough");
    wrong(
        "group-threshold: 1, groups: {europe: {threshold: 2, holders: [h1, h2]}}",
        "found 1 groups; wanted 2 to 16",
    );
    let both = of("2", europe, asia);
    wrong(&format!("{both}, threshold: 2"), "`threshold` goes without `groups`: each group says its own");
    wrong(&format!("{both}, holders: [h6]"), "`holders` goes without `groups`");
    wrong(&both.replace("group-threshold: 2, ", ""), "`group-threshold` is missing");
    wrong("threshold: 2, holders: [h1, h2], group-threshold: 2", "`group-threshold` goes with `groups`");
    wrong("threshold: 2", "`holders` is missing, or `groups`: who has a share");
}

#[test]
fn a_later_ceremony_needs_a_quorum_of_groups_and_not_only_as_many_people() {
    let table = table();
    let mut holders = Holders::default();
    // The first one is interrupted once more, when everybody has confirmed and the key came back: nobody is asked again.
    stopped(&table, &mut holders, |question| question.shown.contains("Insert an empty medium"));
    let resumed = Room::open(&table, RESUME).go_on(|question| holders.answer(question)).with(0);
    assert!(!resumed.out.contains("count for nothing"), "{}", resumed.out);
    let all = events(&table);
    assert_eq!(
        (count(&all, "key.backup"), count(&all, "share.issued"), count(&all, "key.restored")),
        (1, 6, 1)
    );
    site_for_later(&table);
    let restore = "      - restore-key: {key: root-x1, to: [drill]}\n";
    table.write("later.yaml", later("drill", &["h1", "h2", "h3", "h5"], restore));
    let error = table.run("check later.yaml --log log").with(2).error;
    let said = "4 of the holders of set ";
    let groups = "wanted 2 of 3 groups (europe 2 of 3, safe 1 of 1, asia 2 of 2) of h1, h2, h3, h4, h5, h6";
    assert!(error.contains(said) && error.contains(groups), "{error}");
    let lost = "      - refresh-shares: {key: root-x1, threshold: 2, holders: [h1, h2], lost: [h4, h5], medium: root-x1-second}\n";
    table.write("later.yaml", later("drill", &["h1", "h2", "h3", "h6"], lost));
    let error = table.run("check later.yaml --log log").with(2).error;
    assert!(error.contains("4 sheets of set ") && error.contains("it takes 2 of 3 groups"), "{error}");
    // Three of the right ones are enough, on another device.
    let process = table.hsm.start();
    let mut spare = crate::common::softhsm::session(&process, "spare", crate::table::USER);
    let id = of(&events(&table), "key.restored")[0]["id"].as_str().unwrap().parse().unwrap();
    spare.destroy_objects(&id).unwrap();
    drop(spare);
    process.stop().unwrap();
    table.write("later.yaml", later("drill", &["h2", "h3", "h4"], restore));
    let ended = Room::open(&table, LATER)
        .go_on(|question| on_paper(&table, question).or_else(|| holders.answer(question)));
    let ended = ended.with(0);
    let all = events(&table);
    let drill: BTreeSet<&str> = all
        .iter()
        .filter(|event| event["ev"] == "share.checked" && event["cer"] == "drill")
        .map(|event| event["data"]["holder"].as_str().unwrap())
        .collect();
    assert_eq!(drill, BTreeSet::from(["h2", "h3", "h4"]));
    let _ = table.run("verify out-2/bundle-practice-drill").with(0);
    nothing_is_left(&table, &ended, &holders, None);
}
