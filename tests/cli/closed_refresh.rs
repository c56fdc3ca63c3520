//! New shares in the place of old ones, and a ceremony that is closed in the middle: each sheet and medium of what goes is asked
//! for, and what is not accounted for is said.

use serde_json::Value;

use crate::backup::{
    ALL, Holders, LATER, count, events, later, media, nothing_is_left, of, on_paper, site_for_later,
    table_after,
};
use crate::common::Ended;
use crate::room::{Question, Room, Wanted};
use crate::table::Table;

/// A later ceremony that somebody stops at a question, and that is closed then. `missing`: whose sheets are not there.
fn closed(
    table: &Table,
    holders: &mut Holders,
    stop: impl Fn(&Question) -> bool,
    missing: &[&str],
) -> (Vec<Value>, Ended) {
    let mut stopped = false;
    let _ = Room::open(table, LATER)
        .go_on(|question| {
            if !stopped && stop(question) {
                stopped = true;
                return Some("no".to_owned());
            }
            on_paper(table, question).or_else(|| holders.answer(question))
        })
        .with(3);
    let ended = Room::open(table, "resume --log log --close partial --plain")
        .go_on(|question| {
            if question.wanted == Wanted::Text && question.shown.contains("destroyed, missing") {
                let of_missing =
                    missing.iter().any(|who| question.shown.contains(&format!("its holder: {who}\n")));
                return Some(if of_missing { "missing" } else { "destroyed" }.to_owned());
            }
            on_paper(table, question).or_else(|| holders.answer(question))
        })
        .with(0);
    (events(table), ended)
}

/// The numbers of both sets: the old one and the new one.
fn sets(all: &[Value]) -> [String; 2] {
    let sets: Vec<&str> = of(all, "key.backup").iter().map(|data| data["set_id"].as_str().unwrap()).collect();
    [sets[0].to_owned(), sets[1].to_owned()]
}

/// Whose sheets of a set an event is about.
fn whose<'e>(all: &'e [Value], ev: &str, set: &str) -> Vec<&'e str> {
    let of_set = |data: &&&Value| data["set_id"] == set;
    of(all, ev).iter().filter(of_set).map(|data| data["holder"].as_str().unwrap()).collect()
}

#[test]
fn the_old_sheets_that_are_left_are_asked_for_when_a_refresh_is_closed_and_a_missing_one_is_named_until_it_turns_up()
 {
    let mut holders = Holders::default();
    let table = table_after(&mut holders);
    site_for_later(&table);
    let steps = "      - refresh-shares: {key: root-x1, threshold: 2, holders: [h1, h2, h6]}\n";
    table.write("later.yaml", later("refresh", &ALL, steps));
    let (all, ended) = closed(
        &table,
        &mut holders,
        |question| {
            question.shown.contains("This sheet counts for nothing") && question.shown.contains("share: 3\n")
        },
        &["h4"],
    );
    let [old, new] = sets(&all);
    assert_eq!(whose(&all, "share.returned", &old), ["h1", "h2", "h3", "h5"]);
    assert_eq!(whose(&all, "share.missing", &old), ["h4"]);
    assert_eq!(count(&all, "share.returned") + count(&all, "share.missing"), 5, "the new set counts");
    assert_eq!(count(&all, "media.destroyed"), 0, "the media stay");
    let said = format!("the shares of set {old} count for nothing: set {new} takes its place");
    assert!(of(&all, "log.note").iter().any(|data| data["text"] == said.as_str()), "{said}");
    let anomaly = of(&all, "log.anomaly")[0]["text"].as_str().unwrap();
    let wanted = format!(
        "share 4 of set {old}, of h4: missing when the ceremony was closed; as many of its set as it takes open the wrapped key still"
    );
    assert_eq!(anomaly, wanted);
    let told = "shares destroyed: 4\n    shares missing: 1\n";
    assert!(ended.out.contains(told), "{}", ended.out);
    nothing_is_left(&table, &ended, &holders, None);

    // The new set is the one that the key survives by, and the missing sheet is named.
    let said = table.run("survive --log log").with(0).out;
    let root = said.split_once("root-x1\n").unwrap().1;
    assert!(root.contains(&format!("  shares  2 of 3, set {new}: h1, h2, h6\n")), "{said}");
    let missing = format!(
        "  not accounted for, of set {old}, which counts for nothing: share 4 (h4, missing)\n    too few for the threshold of 3: nothing \
         opens with them\n"
    );
    assert!(root.contains(&missing), "{said}");

    // It turns up when the shares are dealt anew the next time.
    let steps = "      - refresh-shares: {key: root-x1, threshold: 2, holders: [h1, h2]}\n";
    table.write("later.yaml", later("refresh-2", &ALL, steps));
    let before = holders.sheets.len();
    let mut asked = 0;
    let ended = Room::open(&table, &LATER.replace("out-2", "out-3"))
        .go_on(|question| {
            if question.shown.contains("its holder: h4\n") && question.wanted == Wanted::Text {
                asked += 1;
                return Some("destroyed".to_owned());
            }
            on_paper(&table, question).or_else(|| holders.answer(question))
        })
        .with(0);
    assert_eq!((asked, holders.sheets.len()), (1, before));
    for said in [
        format!("What was missing of set {old} is asked for."),
        format!(
            "not accounted for. Whoever has one brings it.\n    root-x1: set {old}, share 4 (h4); it takes 3\n"
        ),
    ] {
        assert!(ended.out.contains(&said), "{said}\n{}", ended.out);
    }
    let said = table.run("survive --log log").with(0).out;
    assert!(!said.contains("not accounted for"), "{said}");
    assert_eq!(whose(&events(&table), "share.returned", &old), ["h1", "h2", "h3", "h5", "h4"]);
}

#[test]
fn the_old_media_that_are_left_are_asked_for_when_a_refresh_is_closed() {
    let mut holders = Holders::default();
    let table = table_after(&mut holders);
    site_for_later(&table);
    let site = table.read("later.yaml.site");
    let new = format!("media:\n  root-x1-second: [{}]\n", media(&table, [3, 4]).join(", "));
    table.write("later.yaml.site", site.replace("media:\n", &new));
    let steps = "      - refresh-shares: {key: root-x1, threshold: 2, holders: [h1, h3, h6], lost: [h2], medium: root-x1-second}\n";
    table.write("later.yaml", later("refresh", &ALL, steps));
    let (all, _) = closed(
        &table,
        &mut holders,
        |question| question.shown.contains("What is on this medium counts for nothing"),
        &[],
    );
    let [old, _] = sets(&all);
    assert_eq!(whose(&all, "share.returned", &old), ["h1", "h3", "h4", "h5"]);
    assert_eq!(whose(&all, "share.missing", &old), ["h2"]);
    let destroyed: Vec<(&str, bool)> = of(&all, "media.destroyed")
        .iter()
        .map(|data| (data["medium"].as_str().unwrap(), data["lost"].as_bool().unwrap()))
        .collect();
    assert_eq!(destroyed, [("root-x1-backup-1", false), ("root-x1-backup-2", false)]);
    let said = table.run("survive --log log").with(0).out;
    assert!(said.contains("  media   root-x1-second-1, root-x1-second-2\n"), "{said}");
    assert!(said.contains("share 2 (h2, missing)\n"), "{said}");
}

#[test]
fn a_new_set_that_is_closed_before_the_old_one_goes_counts_for_nothing_though_every_sheet_of_it_is_missing() {
    let mut holders = Holders::default();
    let table = table_after(&mut holders);
    site_for_later(&table);
    let steps = "      - refresh-shares: {key: root-x1, threshold: 2, holders: [h1, h2, h6]}\n";
    table.write("later.yaml", later("refresh", &ALL, steps));
    let mut old = holders.sheets.clone();
    let (all, _) = closed(
        &table,
        &mut holders,
        // Every sheet of the new set is in its bag, and the first of those who are drawn has taken theirs out of it.
        |question| {
            question.shown.contains("drawn: ")
                && question.shown.contains("the number on the bag, and is the bag whole")
        },
        &["h1", "h2", "h6"],
    );
    let [first, second] = sets(&all);
    assert_eq!(count(&all, "share.returned"), 0);
    assert_eq!(whose(&all, "share.missing", &second), ["h1", "h2", "h6"]);
    let said = table.run("survive --log log").with(0).out;
    assert!(said.contains(&format!("  shares  3 of 5, set {first}: h1, h2, h3, h4, h5\n")), "{said}");
    let wanted = format!(
        "of set {second}, which counts for nothing: share 1 (h1, missing), share 2 (h2, missing), share 3 (h6, missing)\n    ENOUGH for \
         the threshold of 2: they open root-x1-backup-1, root-x1-backup-2\n"
    );
    assert!(said.contains(&wanted), "{said}");
    // What the old sheets are good for is what it was.
    std::mem::swap(&mut old, &mut holders.sheets);
    table.write("later.yaml", later("drill", &ALL, "      - check-shares: {key: root-x1, holders: [h2]}\n"));
    let _ = Room::open(&table, &LATER.replace("out-2", "out-3"))
        .go_on(|question| on_paper(&table, question).or_else(|| holders.answer(question)))
        .with(0);
    let all = events(&table);
    assert_eq!(of(&all, "share.checked").last().unwrap()["set_id"], first.as_str());
}
