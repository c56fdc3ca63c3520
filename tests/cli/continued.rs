//! A log that goes on: what an earlier ceremony revoked stays revoked.

use rootrite::digest::Digest;

use crate::table::{Table, days_ago};

const FIRST: &str = "run script.yaml --site site.yaml --log log --out out --practice --answers answers.yaml";
const NEXT: &str = "check next.yaml --log log";

#[test]
fn who_was_revoked_stays_revoked_in_the_next_ceremony() {
    let table = Table::for_answers().now();
    let rows = format!("serial,revoked-at,reason\n01a2b3c4,{},superseded\n", days_ago(2));
    table.write("revoked.csv", &rows);
    let csv = format!("  revoked: {{file: revoked.csv, sha256: {}}}\n", Digest::of(rows.as_bytes()));
    table.change("script.yaml", "acts:\n", &format!("inputs:\n{csv}acts:\n"));
    table.change("script.yaml", "revoked: none", "revoked: {csv: revoked}");
    let _ = table.run(FIRST).with(0);
    for (listing, found) in [("none", 0), ("from-log", 0)] {
        next(&table, listing, "");
        let ended = table.run_and_change_nothing(NEXT).with(2);
        let wanted = format!(
            "the CRL lists {found} revoked certificates, and the last one of `root-x1` listed 1; wanted all of them"
        );
        assert!(ended.error.contains(&wanted), "{listing}:\n{}", ended.error);
    }
    // Without the list nobody knows which of them is good.
    next(&table, "none", "");
    let crl = table.read("next.yaml").lines().find(|line| line.contains("issue-crl")).unwrap().to_owned();
    table.change("next.yaml", &crl, RESPONSES);
    let ended = table.run_and_change_nothing(NEXT).with(2);
    assert!(ended.error.contains("the log does not say which"), "{}", ended.error);
    next(&table, "{csv: revoked}", &csv);
    let _ = table.run_and_change_nothing(NEXT).with(0);
    let ended =
        table.run(&FIRST.replace("script.yaml", "next.yaml").replace("--out out", "--out next")).with(0);
    assert!(ended.out.contains("and its bundle verifies"), "{}", ended.out);
    let _ = table.run("log verify log").with(0);
}

/// The script of the next ceremony.
fn next(table: &Table, listing: &str, inputs: &str) {
    let text = table.read("script.yaml");
    let (head, acts) = text.split_once("acts:\n").unwrap();
    let (head, _) = head.split_once("inputs:\n").unwrap();
    let head = head.replace("ceremony: test-ceremony", "ceremony: next-ceremony");
    // The root begins today, so its next CRL cannot be of yesterday.
    let window = head.lines().find(|line| line.starts_with("window:")).unwrap();
    let (_, to) = window.split_once(", to:").unwrap();
    let head = head.replace(window, &format!("window: {{from: {}, to:{to}", days_ago(0)));
    let (_, seal) = acts.split_once("  - act: Closing\n").unwrap();
    let sha256 = |name: &str| Digest::of(table.read(name).as_bytes());
    let root = "out/certificates/root-x1.pem";
    let e1 = "out/certificates/e1.pem";
    let certificates = format!(
        "  root-x1: {{file: {root}, sha256: {}}}\n  e1: {{file: {e1}, sha256: {}}}\n",
        sha256(root),
        sha256(e1)
    );
    table.write(
        "next.yaml",
        format!(
            "{head}inputs:\n{certificates}{inputs}acts:\n  - act: Opening\n    steps:\n      - roll-call: {{}}\n      \
             - confirm-clock: {{sources: 1}}\n      - confirm-log: {{}}\n  - act: CRL\n    steps:\n      \
             - issue-crl: {{issuer: root-x1, number: next, this-update: signing-time, lasts: 300 days, revoked: {listing}, crl: \
             next}}\n  - act: Closing\n{seal}"
        ),
    );
}

const RESPONSES: &str = "      - issue-ocsp-responses: {issuer: root-x1, responder: root-x1, certificates: [e1], this-update: signing-time, \
     lasts: 7 days, responses: r}";
