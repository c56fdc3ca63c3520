//! Secrets that were divided, afterwards: their shares are checked in a later ceremony, and `survive` knows them.

use serde_json::Value;

use crate::backup::{later, on_paper};
use crate::room::{Room, Wanted};
use crate::split_secret::{Holders, PRACTICE, events, nothing_is_left, of, script, table};
use crate::table::Table;

/// A later ceremony of the log of the divided secrets.
fn later_script(name: &str, holders: &[&str], steps: &str) -> String {
    later(name, holders, steps).replace("  drill: {class: any, distinct-from: [root, log]}\n", "")
}

const LATER: &str = "run later.yaml --site site.yaml --log log --out out-2 --practice --plain";

/// The table after the ceremony that divides three secrets.
fn after(holders: &mut Holders) -> Table {
    let table = table();
    let _ = Room::open(&table, PRACTICE).go_on(|question| holders.answer(question)).with(0);
    table
}

#[test]
fn the_shares_of_a_secret_are_checked_and_one_that_is_missing_or_another_s_is_named_by_its_holder() {
    let mut holders = Holders::default();
    let table = after(&mut holders);
    table.write(
        "later.yaml",
        later_script("check", &["h1", "h2", "h3"], "      - check-shares: {secret: safe}\n"),
    );
    holders.last = "safe".into();
    let (mut asked, mut other) = (Vec::new(), false);
    let ended = Room::open(&table, LATER)
        .go_on(|question| {
            if let Wanted::Secret(prompt) = &question.wanted {
                assert!(prompt.contains("type your share of the secret `safe`"), "{prompt}");
                let who = prompt.split(' ').next().unwrap().to_owned();
                asked.push(who.clone());
                match who.as_str() {
                    // Of another secret first.
                    "h1" if !other => {
                        other = true;
                        return Some(holders.of("h1", "root-pin").to_owned());
                    }
                    "h3" => return Some(String::new()),
                    _ => {}
                }
            }
            on_paper(&table, question).or_else(|| holders.answer(question))
        })
        .with(0);
    assert_eq!(asked, ["h1", "h1", "h2", "h3"]);
    let all = events(&table);
    let set = of(&all, "secret.split", "2.4")[0]["set_id"].clone();
    assert!(ended.out.contains(&format!("wanted one of set {}", set.as_str().unwrap())), "{}", ended.out);
    let checked = of(&all, "share.checked", "2.1");
    let whose: Vec<&Value> = checked.iter().map(|data| &data["holder"]).collect();
    assert_eq!(whose, ["h1", "h2"]);
    assert!(checked.iter().all(|data| data["secret"] == "safe" && data["set_id"] == set), "{checked:?}");
    let anomalies = of(&all, "log.anomaly", "");
    assert_eq!(anomalies.len(), 1, "{anomalies:?}");
    assert!(anomalies[0]["text"].as_str().unwrap().starts_with("share of `h3` in set "), "{anomalies:?}");
    let _ = table.run("verify out-2/bundle-practice-check").with(0);
    nothing_is_left(&table, &ended, &holders);
}

#[test]
fn a_check_of_a_secret_is_rehearsed_and_what_cannot_be_is_found_while_planning() {
    let table = Table::without_tokens();
    table.write("script.yaml", script());
    let check = |holders: &[&str], steps: &str| {
        let later = later_script("check", holders, steps);
        let window = "window: {from: 2026-11-03T08:00:00Z, to: 2026-11-03T20:00:00Z}";
        table.write("later.yaml", later.replace(&crate::table::window(1), window));
    };
    let all = ["h1", "h2", "h3"];
    check(&all, "      - check-shares: {secret: root-so-pin}\n");
    let _ = table.run("rehearse script.yaml later.yaml --out both --quiet").with(0);
    let log = table.read("both/ceremony-log/log.jsonl");
    assert_eq!(log.matches("\"ev\":\"share.checked\"").count(), 2);
    let wrong = |holders: &[&str], steps: &str, said: &str| {
        check(holders, steps);
        let error = table.run("check later.yaml --log both/ceremony-log").with(2).error;
        assert!(error.contains(said), "{said}\n{error}");
    };
    wrong(&all, "      - check-shares: {secret: cellar}\n", "the log knows no secret `cellar` in shares");
    wrong(
        &all,
        "      - check-shares: {key: root-x1}\n",
        "the log knows no backup of the key `root-x1` in shares",
    );
    wrong(&all, "      - check-shares: {holders: [h1]}\n", "`key` or `secret` is wanted, and one of them");
    wrong(
        &all,
        "      - check-shares: {key: root-x1, secret: safe}\n",
        "`key` or `secret` is wanted, and one of them",
    );
    wrong(
        &all,
        "      - check-shares: {secret: root-so-pin, holders: [h3]}\n",
        "`h3` holds no share of set ",
    );
    wrong(&all[1..], "      - check-shares: {secret: safe}\n", "`h1` holds a share of set ");
}

#[test]
fn what_would_lose_a_secret_is_said_from_the_log_and_a_set_before_it_stays_accounted_for() {
    let table = Table::without_tokens();
    table.write("script.yaml", script());
    let again = "      - split-secret: {secret: safe, ask: [ada], threshold: 2, holders: [h1, h2]}\n";
    let later = later_script("again", &["h1", "h2"], again);
    let window = "window: {from: 2026-11-03T08:00:00Z, to: 2026-11-03T20:00:00Z}";
    table.write("later.yaml", later.replace(&crate::table::window(1), window));
    let _ = table.run("rehearse script.yaml --out first --quiet").with(0);
    let said = table.run("survive --log first/ceremony-log").with(0).out;
    let pin = said.split_once("the secret root-pin\n").unwrap().1;
    assert!(pin.starts_with("  shares  2 of 3, set "), "{said}");
    assert!(
        pin.contains(": h1, h2, h3\n  lost if 2 sheets are lost\n  what loses it alone: nothing\n"),
        "{said}"
    );
    let safe = said.split_once("the secret safe\n").unwrap().1;
    assert!(safe.starts_with("  shares  3 of 3, set "), "{said}");
    assert!(
        safe.contains("  lost if one sheet is lost\n  what loses it alone: h1, h2, h3, share-"),
        "{said}"
    );
    let sheet = format!("share-{}-2", pin.split("set ").nth(1).unwrap().split(':').next().unwrap());
    let lost = table.run(&format!("survive --log first/ceremony-log --without {sheet},h3")).with(5);
    assert!(
        lost.error.contains(&format!("the secret `root-pin` is lost without h3, {sheet}")),
        "{}",
        lost.both()
    );
    assert!(lost.error.contains("the secret `safe` is lost"), "{}", lost.both());
    assert!(!lost.error.contains("root-so-pin"), "{}", lost.both());
    table.write("places.yaml", "rootrite-places: 1\nplaces:\n  site-a: [h1, h2]\n  site-b: [h3]\n");
    let places = table.run("survive --log first/ceremony-log --places places.yaml").with(5);
    assert!(
        places.error.contains("the secret `root-so-pin` is lost without what `site-a` has"),
        "{}",
        places.both()
    );
    assert_eq!(places.out.lines().last(), Some("in no place of the file: log, root"));

    // Divided once more under its name: the sheets before that are somewhere still.
    let _ = table.run("rehearse script.yaml later.yaml --out both --quiet").with(0);
    let said = table.run("survive --log both/ceremony-log").with(0).out;
    let safe = said.split_once("the secret safe\n").unwrap().1;
    assert!(safe.starts_with("  shares  2 of 2, set "), "{said}");
    assert!(safe.contains("which counts for nothing: share 1 (h1), share 2 (h2), share 3 (h3)\n    ENOUGH for the threshold of 3: they open what was divided then\n"), "{said}");
}
