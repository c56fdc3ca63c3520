//! One artifact, proven with nothing but its proof and a policy.

use std::fs;
use std::path::PathBuf;

use ceremony_log::note::Note;
use ceremony_log::policy::policy_text;

use crate::common::sha256;
use crate::table::Table;
use crate::writer::Key;

const RUN: &str = "run script.yaml --site site.yaml --log log --out out --practice --answers answers.yaml";
const BUNDLE: &str = "out/bundle-practice-test-ceremony";

fn ran() -> Table {
    let table = Table::for_answers().now();
    let _ = table.run(RUN).with(0);
    table
}

/// The file of a subordinate CA's certificate in the bundle, and its digest.
fn artifact(table: &Table) -> (PathBuf, String) {
    let log = table.read("log/log.jsonl");
    let line = log.lines().find(|line| line.contains("\"name\":\"e1\"") && line.contains("cert.signed"));
    let record: serde_json::Value = serde_json::from_str(line.unwrap()).unwrap();
    let digest = record["data"]["artifact"]["sha256"].as_str().unwrap().to_owned();
    let mut all = fs::read_dir(table.path(&format!("{BUNDLE}/artifacts"))).unwrap().flatten();
    let file = all.find(|entry| entry.file_name().to_string_lossy().starts_with(&digest)).unwrap();
    (file.path(), digest)
}

#[test]
fn a_proof_of_the_bundle_says_what_its_artifact_is_without_the_bundle() {
    let table = ran();
    let (file, digest) = artifact(&table);
    fs::copy(file, table.path("e1.der")).unwrap();
    fs::copy(table.path(&format!("{BUNDLE}/proofs/{digest}.tlog-proof")), table.path("e1.tlog-proof"))
        .unwrap();
    fs::copy(table.path("log/policy"), table.path("policy")).unwrap();
    // Made once more from the log, it is the same; from the bundle too.
    let again = table.run("log prove out/bundle-practice-test-ceremony e1.der").with(0);
    assert_eq!(again.out, table.read("e1.tlog-proof"));
    let named =
        table.run(&format!("log prove log --sha256 {digest} --policy policy --out again.tlog-proof")).with(0);
    assert!(named.out.contains("cert.signed of "), "{}", named.out);
    let record = table.run("log prove log --record 3").with(0);
    table.write("record.tlog-proof", &record.out);
    for folder in ["log", "out"] {
        fs::remove_dir_all(table.path(folder)).unwrap();
    }
    let ended = table.run("verify e1.tlog-proof --policy policy --artifact e1.der").with(0);
    assert!(
        ended.out.starts_with("The proof e1.tlog-proof verifies\n  origin     example.org/"),
        "{}",
        ended.out
    );
    assert!(
        ended.out.contains("e1.der is what the record names") && ended.out.contains("name e1"),
        "{}",
        ended.out
    );
    let _ = table.run("verify again.tlog-proof --policy policy --artifact e1.der").with(0);
    let ended = table.run("verify record.tlog-proof --policy policy").with(0);
    assert!(ended.out.contains("no file was compared"), "{}", ended.out);
    let json = table.run("verify e1.tlog-proof --policy policy --artifact e1.der --format json").with(0);
    assert_eq!(json.out, "[]\n");
    refusals(&table);
}

/// What refuses that proof.
fn refusals(table: &Table) {
    let refused = |arguments: &str, code: &str| {
        let ended = table.run(arguments).with(5);
        assert!(ended.error.contains(code), "{arguments}: {}", ended.error);
        assert!(ended.out.is_empty(), "{}", ended.out);
    };
    table.write("other.der", "something else");
    refused("verify e1.tlog-proof --policy policy --artifact other.der", "E140 proof: record ");
    refused(
        "verify e1.tlog-proof --policy policy --artifact other.der",
        "hint: records name the files as they lie in",
    );
    refused("verify record.tlog-proof --policy policy --artifact e1.der", "names no artifact; wanted ");
    // Another log's key, and a quorum that nobody met.
    let own = table.read("policy");
    table.write("policy-other", own.replace("log ", &format!("log {}\nlog ", Key::of_log(3).verifier)));
    let _ = table.run("verify e1.tlog-proof --policy policy-other").with(0);
    let wanted = policy_text(&[Key::of_log(3).verifier], &[], 0).unwrap();
    table.write("policy-other", wanted);
    refused("verify e1.tlog-proof --policy policy-other", "E111");
    let witness = Key::of_witness("w", 4).verifier;
    table.write("policy-other", own.replace("quorum none", &format!("witness w {witness}\nquorum w")));
    refused("verify e1.tlog-proof --policy policy-other", "E110");
    // A changed line, place, path or head.
    let proof = table.read("e1.tlog-proof");
    let lines: Vec<&str> = proof.lines().collect();
    for (place, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
        let mut changed: Vec<String> = lines.iter().map(ToString::to_string).collect();
        let swapped = if line.contains('A') { line.replacen('A', "B", 1) } else { format!("{line}0") };
        changed[place] = swapped;
        table.write("changed.tlog-proof", changed.join("\n") + "\n");
        let ended = table.run("verify changed.tlog-proof --policy policy --artifact e1.der");
        assert_eq!(ended.code, Some(5), "line {place}: {line}\n{}", ended.out);
    }
    // By no policy at all nothing is proven, and a folder is no proof.
    assert!(table.run("verify e1.tlog-proof").with(2).error.contains("a proof is judged by a policy"));
    fs::create_dir(table.path("folder")).unwrap();
    assert!(table.run("verify folder --artifact e1.der").with(2).error.contains("goes with a proof"));
}

#[test]
fn nothing_is_proven_from_a_log_that_is_not_its_head_s() {
    let table = ran();
    let (_, digest) = artifact(&table);
    assert!(
        table
            .run(&format!("log prove log --sha256 {}", sha256(b"nothing")))
            .with(5)
            .error
            .contains("E140: no record of the log names")
    );
    let note = Note::parse(table.read("log/checkpoint").as_bytes()).unwrap();
    let size = note.text().lines().nth(1).unwrap().to_owned();
    let ended = table.run(&format!("log prove log --record {size}")).with(2);
    assert!(
        ended.error.contains(&format!("there is no record {size}; the head is over {size}")),
        "{}",
        ended.error
    );
    let log = table.read("log/log.jsonl");
    table.write("log/log.jsonl", log.replacen("present", "absence", 1));
    let ended = table.run(&format!("log prove log --sha256 {digest}")).with(5);
    assert!(ended.error.contains("E126") && ended.out.is_empty(), "{}", ended.error);
}
