//! The plan: the same octets from the same files, others from others, and a text in which everything is named.

use std::borrow::Cow;
use std::io;

use rootrite::plan::{Plan, Sources};
use rootrite::profile::{BuiltIn, Library};
use serde_json::Value;

use rootrite::digest::hex;

use crate::common::sha256;
use crate::table::{SCRIPT, Table};

#[test]
fn the_review_text_names_everything() {
    let table = Table::without_tokens();
    let ended = table.run("plan script.yaml").with(0);
    assert_eq!(ended.error, "");
    let wanted = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/inputs/ceremony.plan.txt");
    if std::env::var_os("ROOTRITE_ACCEPT").is_some() {
        std::fs::write(wanted, &ended.out).unwrap();
    }
    let wanted = std::fs::read_to_string(wanted).unwrap();
    for (number, (found, wanted)) in (1..).zip(ended.out.lines().zip(wanted.lines())) {
        assert_eq!(found, wanted, "line {number}; ROOTRITE_ACCEPT=1 writes the text anew, for you to read");
    }
    assert_eq!(ended.out, wanted);
}

#[test]
fn two_plans_of_the_same_script_are_the_same_octets() {
    let table = Table::without_tokens();
    let first = table.run("plan script.yaml -o first.json").with(0);
    let second = table.run("plan script.yaml -o second.json").with(0);
    assert_eq!(first.out, second.out);
    assert_eq!(table.read("first.json"), table.read("second.json"));
    // From another folder, at another path.
    std::fs::create_dir(table.path("elsewhere")).unwrap();
    table.write("elsewhere/other-name.yaml", SCRIPT);
    let third = table.run("plan elsewhere/other-name.yaml -o third.json").with(0);
    assert_eq!(first.out, third.out);
    assert_eq!(table.read("first.json"), table.read("third.json"));
}

#[test]
fn the_plan_is_canonical_json_and_its_digest_is_the_one_that_is_said() {
    let table = Table::without_tokens();
    let ended = table.run("plan script.yaml -o plan.json").with(0);
    let octets = table.read("plan.json");
    let plan: Value = serde_json::from_str(&octets).unwrap();
    assert_eq!(plan.to_string(), octets, "RFC 8785: sorted keys, no white space");
    let digest = sha256(octets.as_bytes());
    assert!(ended.out.contains(&format!("plan SHA-256    {digest}\n")), "{}", ended.out);
    assert!(ended.out.contains(&format!("script SHA-256  {}\n", sha256(SCRIPT.as_bytes()))), "{}", ended.out);
    let checked = table.run("check script.yaml").with(0);
    assert!(checked.out.contains(&format!("plan SHA-256 {digest}\n")), "{}", checked.out);
    // What is rehearsed is what was planned.
    let _ = table.run("rehearse script.yaml --out out").with(0);
    assert_eq!(table.read("out/ceremony-log/runs/test-ceremony/plan.json"), octets);
}

#[test]
fn each_hole_is_named_with_its_octets_and_the_rest_is_fixed() {
    let table = Table::without_tokens();
    let _ = table.run("plan script.yaml -o plan.json").with(0);
    let plan: Value = serde_json::from_str(&table.read("plan.json")).unwrap();
    let drafts = plan["drafts"].as_array().unwrap();
    let holes = |draft: &Value| -> Vec<(String, u64)> {
        let holes = draft["octets"].as_array().unwrap().iter().filter_map(|part| part.get("hole"));
        holes
            .map(|hole| (hole["name"].as_str().unwrap().to_owned(), hole["octets"].as_u64().unwrap()))
            .collect()
    };
    let named: Vec<(&str, Vec<(String, u64)>)> =
        drafts.iter().map(|draft| (draft["kind"].as_str().unwrap(), holes(draft))).collect();
    let hole = |name: &str, octets| (name.to_owned(), octets);
    assert_eq!(
        named,
        [
            (
                "root",
                vec![
                    hole("serial", 19),
                    hole("ceremony-day", 15),
                    hole("ceremony-day + 3650 days - 1 second", 15),
                    hole("key", 120),
                    hole("key identifier", 31),
                    hole("issuer's key identifier", 33),
                ]
            ),
            (
                "subordinate",
                vec![
                    hole("serial", 19),
                    hole("ceremony-day", 15),
                    hole("ceremony-day + 1095 days - 1 second", 15),
                    hole("key", 120),
                    hole("key identifier", 31),
                    hole("issuer's key identifier", 33),
                ]
            ),
            (
                "crl",
                vec![
                    hole("ceremony-day", 15),
                    hole("ceremony-day + 364 days - 1 second", 15),
                    hole("issuer's key identifier", 33),
                ]
            ),
        ]
    );
}

/// Where the time and the key are known while planning, there is no hole for them.
#[test]
fn what_is_known_is_no_hole() {
    let table = Table::without_tokens();
    let script = SCRIPT.replace("not-before: ceremony-day", "not-before: 2026-11-01T00:00:00Z");
    table.write(
        "script.yaml",
        script.replace("this-update: ceremony-day", "this-update: 2026-11-01T00:00:00Z"),
    );
    let _ = table.run("plan script.yaml -o plan.json").with(0);
    let text = table.read("plan.json");
    assert!(!text.contains("\"name\":\"ceremony-day"), "{text}");
    assert!(text.contains(&hex(b"\x17\x0d361028235959Z")), "not after, in its place");
}

#[test]
fn one_other_character_in_an_input_is_another_plan() {
    let table = Table::without_tokens();
    let mut digests = Vec::new();
    for list in [
        "serial,revoked-at,reason\n01,2026-10-01T00:00:00Z,superseded\n",
        "serial,revoked-at,reason\n02,2026-10-01T00:00:00Z,superseded\n",
    ] {
        table.write("list.csv", list);
        let inputs =
            format!("inputs:\n  list: {{file: list.csv, sha256: {}}}\nacts:\n", sha256(list.as_bytes()));
        let script = SCRIPT.replace("\nacts:\n", &format!("\n{inputs}"));
        table.write("script.yaml", script.replace("revoked: none", "revoked: {csv: list}"));
        let ended = table.run("plan script.yaml").with(0);
        digests.push(digest(&ended.out));
    }
    assert_ne!(digests[0], digests[1]);
}

#[test]
fn one_other_character_in_the_script_is_another_plan() {
    let table = Table::without_tokens();
    let before = digest(&table.run("plan script.yaml").with(0).out);
    table.change("script.yaml", "# A small ceremony", "# a small ceremony");
    assert_ne!(digest(&table.run("plan script.yaml").with(0).out), before);
}

#[test]
fn one_other_character_in_a_profile_is_another_plan() {
    let folder = std::path::Path::new(".");
    let plan = |library: &dyn Library| {
        let sources = Sources {
            library,
            folder,
            rehearsal: false,
            practice: false,
            bundles: &rootrite::plan::NoBundles,
            earlier: None,
            begun: false,
        };
        Plan::read("script.yaml", SCRIPT.as_bytes(), &sources).unwrap()
    };
    let (before, same, after) = (
        plan(&BuiltIn),
        plan(&Other { old: "# ", new: "# " }),
        plan(&Other { old: "path-length: 0", new: "path-length: 1" }),
    );
    assert_eq!(before.sha256(), same.sha256());
    assert_ne!(before.sha256(), after.sha256());
}

/// The profiles of this program, with something else in each of them.
struct Other {
    old: &'static str,
    new: &'static str,
}

impl Library for Other {
    fn find(&self, name: &str) -> io::Result<Option<(String, Cow<'static, [u8]>)>> {
        Ok(BuiltIn.find(name)?.map(|(file, octets)| {
            let text = String::from_utf8(octets.into_owned()).unwrap().replace(self.old, self.new);
            (file, Cow::Owned(text.into_bytes()))
        }))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        BuiltIn.names()
    }
}

fn digest(text: &str) -> String {
    text.lines().find_map(|line| line.strip_prefix("plan SHA-256    ")).unwrap().to_owned()
}

#[test]
fn check_tells_what_rules_warn_of_in_both_forms() {
    let table = Table::without_tokens();
    let good: Value =
        serde_json::from_str(&table.run("check script.yaml --format json").with(0).out).unwrap();
    assert_eq!(good, serde_json::json!([]));
    let public = include_str!("../../benches/one-root.yaml");
    table.write("script.yaml", public.replacen("lasts: 3650 days", "lasts: 4000 days", 1));
    let text = table.run("check script.yaml").with(0).out;
    let told = text.split_once("whoever approves the plan acknowledges it:\n").unwrap().1.trim_end();
    assert!(told.contains("MS-02"), "{text}");
    let all: Value = serde_json::from_str(&table.run("check script.yaml --format json").with(0).out).unwrap();
    let all = all.as_array().unwrap();
    let said: Vec<_> = all.iter().map(|one| one["message"].as_str().unwrap()).collect();
    assert_eq!(said, told.lines().collect::<Vec<_>>());
    assert!(all.iter().all(|one| one["severity"] == "warning" && one["file"] == "script.yaml"), "{all:?}");
    table.write("script.yaml", SCRIPT.replacen("lasts:", "lists:", 1));
    let all: Value = serde_json::from_str(&table.run("check script.yaml --format json").with(2).out).unwrap();
    assert_eq!((&all[0]["severity"], &all[0]["file"]), (&"error".into(), &"script.yaml".into()), "{all}");
    assert!(all[0]["line"].as_u64().is_some_and(|line| line > 1), "{all}");
}
