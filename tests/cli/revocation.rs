//! A certificate is revoked: what dies with it is shown before, the log says it, and the next CRL has to.

use std::fmt::Write as _;

use rootrite::digest::Digest;

use crate::table::Table;

const FIRST: &str = "run script.yaml --site site.yaml --log log --out out --practice --answers answers.yaml";
pub const NEXT: &str =
    "run next.yaml --site site.yaml --log log --out next --practice --answers answers.yaml";
pub const PLAN: &str = "plan next.yaml --log log -o plan.json";
const CRL: &str = "issue-crl: {issuer: root-x1, number: next, this-update: signing-time, lasts: 300 days, revoked: from-log, crl: next}";
const REVOKE: &str = "revoke: {certificate: e1, reason: superseded}";

#[test]
fn a_revocation_is_planned_with_what_dies_approved_logged_and_on_the_next_crl() {
    let table = after_the_first();
    next(&table, "next-ceremony", &[REVOKE, CRL]);
    let said = table.run(PLAN).with(0).both();
    let serial = serial_of(&table, "e1");
    for wanted in [
        format!(
            "revoke: Revoke `e1`, serial number {serial}, of `root-x1`: reason superseded, effective signing-time."
        ),
        "dies: e1\n".to_owned(),
        "path cut: root-x1 > e1\n".to_owned(),
        "revoked 1, since and why: <time of step 2.1>".to_owned(),
        format!("revoked 1: {serial}"),
    ] {
        assert!(said.contains(&wanted), "`{wanted}` is not in\n{said}");
    }
    let ended = table.run(NEXT).with(0);
    assert!(ended.out.contains("path cut: root-x1 > e1\n"), "{}", ended.out);
    let records = records(&table);
    let revoked = records.iter().find(|record| record["ev"] == "cert.revoked").unwrap();
    assert_eq!(
        (&revoked["data"]["serial"], &revoked["data"]["reason"]),
        (&serial.clone().into(), &"superseded".into())
    );
    let approval = &records[usize::try_from(revoked["ref"].as_u64().unwrap()).unwrap()];
    assert_eq!(
        (&approval["ev"], &approval["data"]["kind"]),
        (&"request.approved".into(), &"revocation".into())
    );
    let data = revoked["data"].to_string();
    assert_eq!(
        approval["data"]["sha256"],
        Digest::of(data.as_bytes()).to_string(),
        "what was approved is what happened"
    );
    let crl = table.run("inspect next/crls/next.crl").with(0).out;
    let at = revoked["data"]["effective"].as_str().unwrap();
    assert!(crl.contains(&serial) && crl.contains(at) && crl.contains("superseded"), "{crl}");
    // Whoever was revoked stays revoked, in every ceremony after, and is not revoked again.
    next(&table, "third-ceremony", &[&CRL.replace("from-log", "none")]);
    let ended = table.run(&PLAN.replace("-o plan.json", "-o plan-3.json")).with(2);
    assert!(ended.error.contains("and the last one of `root-x1` listed 1"), "{}", ended.error);
    next(&table, "third-ceremony", &[REVOKE]);
    refused(&table, "`e1` is revoked already, since ");
    next(&table, "third-ceremony", &[CRL]);
    // Its window begins after what was revoked this morning.
    let (today, now) = (crate::table::days_ago(0).to_string(), crate::table::now().to_string());
    table.change("next.yaml", &format!("{{from: {today}"), &format!("{{from: {now}"));
    let _ = table.run(&NEXT.replace("--out next", "--out third")).with(0);
    let crl = table.run("inspect third/crls/next.crl").with(0).out;
    assert!(crl.contains(&serial) && crl.contains(at), "{crl}");
    let _ = table.run("log verify log").with(0);
}

/// To what a revoked CA issues no path leads.
#[test]
fn a_revoked_ca_issues_nothing() {
    let table = after_the_first();
    let key = "generate-key: {token: root, key: ocsp, algorithm: ecdsa-p256, backup: none}";
    let responder = "issue-ocsp-responder: {issuer: e1, key: ocsp, profile: ocsp-responder, subject: [{C: US}, {O: Example Trust \
                     Services}, {CN: OCSP}], not-before: ceremony-day, lasts: 365 days, certificate: ocsp}";
    next(&table, "next-ceremony", &[key, responder]);
    let _ = table.run_and_change_nothing("check next.yaml --log log").with(0);
    next(&table, "next-ceremony", &[REVOKE, key, responder]);
    refused(&table, "ocsp: error GRA-06: no path leads from a root to the issuer `CN=E1");
}

/// An OCSP response of the same ceremony says the same as the CRL.
#[test]
fn the_responses_of_the_same_ceremony_say_that_it_is_revoked() {
    let table = after_the_first();
    let steps = |this_update: &str, revoke: &str| {
        let responses = format!(
            "issue-ocsp-responses: {{issuer: root-x1, responder: ocsp, certificates: [e1], this-update: {this_update}, lasts: 300 \
             days, responses: r}}"
        );
        let key = "generate-key: {token: root, key: ocsp, algorithm: ecdsa-p256, backup: none}";
        let responder = "issue-ocsp-responder: {issuer: root-x1, key: ocsp, profile: ocsp-responder, subject: [{C: US}, {O: Example \
                         Trust Services}, {CN: OCSP}], not-before: ceremony-day, lasts: 365 days, certificate: ocsp}";
        next(&table, "next-ceremony", &[revoke, key, responder, &responses]);
    };
    steps("ceremony-day", REVOKE);
    refused(&table, "wanted `this-update: signing-time`");
    steps("signing-time", "revoke: {issuer: root-x1, serial: by-quorum, reason: by-quorum}");
    let said = table.run(&PLAN.replace("plan.json", "open.json")).with(0).both();
    assert!(said.contains("status: <status by step 2.1>"), "{said}");
    steps("signing-time", REVOKE);
    let said = table.run(PLAN).with(0).both();
    assert!(said.contains("status: <status by step 2.1>") && said.contains("status by step 2.1 ("), "{said}");
    let _ = table.run(NEXT).with(0);
    let response = table.run("inspect next/ocsp/r-1.der").with(0).out;
    let records = records(&table);
    let revoked = records.iter().find(|record| record["ev"] == "cert.revoked").unwrap();
    let at = revoked["data"]["effective"].as_str().unwrap();
    assert!(response.contains("revoked") && response.contains(at), "{response}");
    let arguments = "ocsp -respin next/ocsp/r-1.der -noverify -resp_text";
    if let Some(ended) = crate::common::tool("openssl", table.folder(), arguments.split(' ')) {
        let text = ended.with(0).out;
        assert!(text.contains("Cert Status: revoked"), "{text}");
        assert!(text.contains("Revocation Reason: superseded (0x4)"), "{text}");
    }
    let _ = table.run("verify next/bundle-practice-next-ceremony").with(0);
}

/// What was revoked before an interruption is not asked for again, and the CRL after it lists it all the same.
#[test]
fn a_revocation_outlives_an_interruption() {
    let table = after_the_first();
    next(&table, "next-ceremony", &[REVOKE, CRL]);
    table.write("no.yaml", "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"2.2\": {say: [\"no\"]}\n");
    let _ = table.run(&NEXT.replace("answers.yaml", "no.yaml")).with(3);
    let count =
        |records: &[serde_json::Value], ev: &str| records.iter().filter(|record| record["ev"] == ev).count();
    assert_eq!(count(&records(&table), "cert.revoked"), 1);
    let _ = table.run("resume --log log --answers answers.yaml").with(0);
    let records = records(&table);
    assert_eq!(count(&records, "cert.revoked"), 1);
    let revoked = records.iter().find(|record| record["ev"] == "cert.revoked").unwrap();
    let crl = table.run("inspect next/crls/next.crl").with(0).out;
    let at = revoked["data"]["effective"].as_str().unwrap();
    assert!(
        crl.contains(&serial_of(&table, "e1")) && crl.contains(at) && crl.contains("superseded"),
        "{crl}"
    );
    let _ = table.run("verify next/bundle-practice-next-ceremony").with(0);
}

/// Of an earlier ceremony's CRL the log has a digest; the CRL itself brings its entries.
#[test]
fn the_last_crl_is_the_ground_of_the_next() {
    let table = Table::for_answers().now();
    let (then, later) = (crate::table::days_ago(2).to_string(), crate::table::days_ago(1).to_string());
    let rows =
        format!("serial,revoked-at,reason\n01a2b3c4,{then},superseded\n01a2b3c5,{then},key-compromise\n");
    table.write("revoked.csv", &rows);
    let input = |name: &str, file: &str| {
        let sha256 = Digest::of(&std::fs::read(table.path(file)).unwrap());
        format!("  {name}: {{file: {file}, sha256: {sha256}}}\n")
    };
    table.change("script.yaml", "acts:\n", &format!("inputs:\n{}acts:\n", input("revoked", "revoked.csv")));
    table.change("script.yaml", "revoked: none", "revoked: {csv: revoked}");
    let _ = table.run(FIRST).with(0);
    let script = table.read("script.yaml");
    let (head, rest) = script.split_once("inputs:\n").unwrap();
    table.write("script.yaml", format!("{head}{}", &rest[rest.find("acts:").unwrap()..]));
    let listing = |listing: &str| CRL.replace("from-log", listing);
    let last = input("last", "out/crls/root-x1.crl");
    let go_on = |listed: &str, inputs: &str| {
        next_with(&table, "next-ceremony", &[REVOKE, &listing(listed)], &["root-x1", "e1"], inputs);
    };
    go_on("from-log", &last);
    refused(&table, "as `{crl: …}` with that CRL");
    // Another CRL of the same issuer is not the last one.
    table.write("other.csv", rows.replace("01a2b3c5", "01a2b3c6"));
    go_on("{crl: last}", &input("last", "other.csv"));
    refused(&table, "CRL `last` (other.csv)");
    for (rows, wanted) in [
        (rows.replace("01a2b3c5", "01a2b3c6"), "leaves out the serial number 01a2b3c5"),
        (rows.replace("key-compromise", "superseded"), "neither can be changed"),
        (rows.replacen(&then, &later, 1), "neither can be changed"),
        // The whole list, but for what the step before revokes.
        (rows.clone(), "which `root-x1` has revoked at"),
    ] {
        table.write("new.csv", rows);
        go_on("{crl: last, csv: new}", &format!("{last}{}", input("new", "new.csv")));
        refused(&table, wanted);
    }
    let one = "revoked: {certificates: [{certificate: e1, revoked-at: 2026-11-01T00:00:00Z, reason: superseded}], crl: last}";
    next_with(&table, "next-ceremony", &[&CRL.replace("revoked: from-log", one)], &["root-x1", "e1"], &last);
    refused(&table, "`crl`, `csv`, both of them, or `certificates` alone");
    go_on("{crl: last}", &last);
    let said = table.run(PLAN).with(0).both();
    assert!(said.contains("revoked 3, since and why: <time of step 2.1>"), "{said}");
    let _ = table.run(NEXT).with(0);
    let crl = table.run("inspect next/crls/next.crl").with(0).out;
    for serial in ["01a2b3c4", "01a2b3c5", &serial_of(&table, "e1")] {
        assert!(crl.contains(serial), "{crl}");
    }
    let _ = table.run("verify next/bundle-practice-next-ceremony").with(0);
    // That one is the last now.
    let script = table.read("next.yaml").replace("next-ceremony", "third-ceremony");
    table.write("next.yaml", script);
    refused(&table, "the last CRL of `root-x1` in the log has");
}

#[test]
fn what_cannot_be_revoked_is_refused_while_planning() {
    let table = after_the_first();
    let yesterday = crate::table::days_ago(30).to_string();
    let tomorrow = crate::table::days_ago(0).plus(86_400 * 2 - 1).unwrap().to_string();
    for (step, wanted) in [
        ("certificate: e9, reason: superseded", "there is no certificate `e9`"),
        ("certificate: root-x1, reason: superseded", "`root-x1` is a root: nobody believes a list"),
        ("certificate: e1, reason: unspecified", "is a CA's; its revocation needs a reason"),
        ("certificate: e1, reason: certificate-hold", "`certificate-hold` is no revocation"),
        ("certificate: e1", "`reason` is missing"),
        (&format!("certificate: e1, reason: superseded, effective: {yesterday}"), "is valid from"),
        (&format!("certificate: e1, reason: superseded, effective: {tomorrow}"), "wanted no time after"),
        (
            "issuer: root-x1, serial: 01ff, reason: superseded",
            "nothing with the serial number 01ff that the log knows",
        ),
        ("issuer: root-x1, serial: xy, reason: superseded", "serial number `xy`"),
        (
            "certificate: e1, issuer: root-x1, reason: superseded",
            "either `certificate`, or `issuer` and `serial`",
        ),
    ] {
        next(&table, "next-ceremony", &[&format!("revoke: {{{step}}}")]);
        refused(&table, wanted);
    }
    // A CRL that begins before the revocation does would say that it lies in the future.
    next(&table, "next-ceremony", &[REVOKE, &CRL.replace("signing-time", "ceremony-day")]);
    refused(&table, "wanted `this-update: signing-time`");
    // A CRL that is silent about it is none.
    next(&table, "next-ceremony", &[REVOKE, &CRL.replace("from-log", "none")]);
    refused(&table, "the CRL leaves out the serial number");
    next(
        &table,
        "next-ceremony",
        &["revoke: {certificate: e1, reason: superseded, effective: ceremony-day}", CRL],
    );
    let _ = table.run_and_change_nothing("check next.yaml --log log").with(0);
    // Its name in the log is enough.
    next_with(&table, "next-ceremony", &[REVOKE, CRL], &["root-x1"], "");
    let _ = table.run_and_change_nothing("check next.yaml --log log").with(0);
    let serial = serial_of(&table, "e1");
    next(
        &table,
        "next-ceremony",
        &[&format!("revoke: {{issuer: root-x1, serial: {serial}, reason: superseded}}"), CRL],
    );
    let _ = table.run_and_change_nothing("check next.yaml --log log").with(0);
}

#[test]
fn a_certificate_of_this_ceremony_is_not_revoked_in_it() {
    let table = Table::without_tokens();
    let crl = "      - issue-crl:";
    table.change("script.yaml", crl, &format!("      - {REVOKE}\n{crl}"));
    let ended = table.run_and_change_nothing("check script.yaml").with(2);
    assert!(ended.error.contains("`e1` is made in this ceremony"), "{}", ended.error);
}

/// The emergency: the script is ready before anybody knows what will be revoked, and why.
#[test]
fn a_quorum_says_in_the_room_what_is_revoked() {
    let table = after_the_first();
    let script =
        table.read("script.yaml").replace("quorum: {crypto-officer: 1", "quorum: {crypto-officer: 2");
    table.write("script.yaml", script);
    next(&table, "emergency", &["revoke: {issuer: root-x1, serial: by-quorum, reason: by-quorum}", CRL]);
    let said = table.run(PLAN).with(0).both();
    for wanted in [
        "whose serial number the quorum says",
        "revoked 1: <serial by-quorum>",
        "<time and reason of step 2.1>",
    ] {
        assert!(said.contains(wanted), "`{wanted}` is not in\n{said}");
    }
    table.write(
        "answers.yaml",
        "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"2.1\": {say: [0000, SERIAL, nonsense, privilege-withdrawn]}\n"
            .replace("SERIAL", &format!("\"{}\"", serial_of(&table, "e1")))
            .replace("0000", "\"0000\""),
    );
    let ended = table.run(NEXT).with(0);
    assert!(ended.out.contains("found `nonsense`, wanted exactly one of key-compromise"), "{}", ended.out);
    let records = records(&table);
    let revoked = records.iter().find(|record| record["ev"] == "cert.revoked").unwrap();
    assert_eq!(revoked["data"]["reason"], "privilege-withdrawn");
    let approval = &records[usize::try_from(revoked["ref"].as_u64().unwrap()).unwrap()];
    assert_eq!(approval["data"]["approvers"], serde_json::json!(["bo", "cy"]));
    let crl = table.run("inspect next/crls/next.crl").with(0).out;
    assert!(crl.contains(&serial_of(&table, "e1")) && crl.contains("privilege-withdrawn"), "{crl}");
}

/// A key and a name of an earlier ceremony are known from its log alone.
#[test]
fn a_key_of_an_earlier_ceremony_does_not_get_another_name() {
    let table = after_the_first();
    let again = |name: &str| {
        format!(
            "issue-subordinate: {{issuer: root-x1, public-key: e1-key, profile: tls-subordinate-ca, subject: [{{C: US}}, {{O: \
             Example Trust Services}}, {{CN: {name}}}], not-before: ceremony-day, lasts: 300 days, crl-url: \
             \"http://x1.c.example.org/\", issuer-url: \"http://x1.i.example.org/\", certificate: again}}"
        )
    };
    let key = spki_of(&table, "e1");
    table.write("e1-key.pem", &key);
    let input = format!("  e1-key: {{file: e1-key.pem, sha256: {}}}\n", Digest::of(key.as_bytes()));
    for kept in [true, false] {
        if !kept {
            // What was kept beside the log is a help: the log's own words are enough.
            std::fs::remove_dir_all(table.path("log/runs/test-ceremony/pending")).unwrap();
        }
        next_with(&table, "next-ceremony", &[&again("E1")], &["root-x1"], &input);
        let _ = table.run_and_change_nothing("check next.yaml --log log").with(0);
        next_with(&table, "next-ceremony", &[&again("E9")], &["root-x1"], &input);
        refused(&table, "again: error GRA-02: `e1` has this key under another subject than `CN=E9");
    }
}

/// Where an issuer's CRL was is known from what earlier ceremonies kept; it may have moved, and people acknowledge that.
#[test]
fn a_crl_that_moved_between_ceremonies_is_a_warning() {
    for kept in [true, false] {
        let table = after_the_first();
        if !kept {
            std::fs::remove_dir_all(table.path("log/runs/test-ceremony/pending")).unwrap();
        }
        let key = "generate-key: {token: root, key: e2, algorithm: ecdsa-p384, backup: none}";
        let e2 = "issue-subordinate: {issuer: root-x1, key: e2, profile: tls-subordinate-ca, subject: [{C: US}, {O: Example Trust \
                  Services}, {CN: E2}], not-before: ceremony-day, lasts: 300 days, crl-url: \"http://x1.c.example.com/\", issuer-url: \
                  \"http://x1.i.example.org/\", certificate: e2}";
        next_with(&table, "next-ceremony", &[key, e2], &["root-x1"], "");
        // Whoever approves the plan reads it there, and `check` says it before.
        for command in ["check next.yaml --log log", &PLAN.replace("plan.json", &format!("plan-{kept}.json"))]
        {
            let said = table.run(command).with(0).both();
            assert_eq!(said.contains("warning GRA-04: "), kept, "{said}");
        }
        let _ = table.run(NEXT).with(0);
        let records = records(&table);
        let judged =
            records.iter().filter(|record| record["ev"] == "lint.result" && record["cer"] == "next-ceremony");
        let acknowledged: Vec<_> =
            judged.map(|record| record["data"]["warnings_acknowledged"].to_string()).collect();
        assert_eq!(acknowledged.iter().any(|rules| rules.contains("GRA-04")), kept, "{acknowledged:?}");
        assert!(!acknowledged.iter().any(|rules| rules.contains("GRA-05")), "{acknowledged:?}");
    }
}

/// What a ceremony that was aborted has signed could turn up: its serial numbers are burned, and the next CRL lists them.
#[test]
fn burned_serial_numbers_are_on_the_next_crl() {
    let table = after_the_first();
    let key = "generate-key: {token: root, key: e2, algorithm: ecdsa-p384, backup: none}";
    let e2 = "issue-subordinate: {issuer: root-x1, key: e2, profile: tls-subordinate-ca, subject: [{C: US}, {O: Example Trust \
              Services}, {CN: E2}], not-before: ceremony-day, lasts: 300 days, crl-url: \"http://x1.c.example.org/\", issuer-url: \
              \"http://x1.i.example.org/\", certificate: e2}";
    next(&table, "next-ceremony", &[key, e2, "instruct: {who: ada, text: Go on.}"]);
    table.write("no.yaml", "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"2.3\": {say: [\"no\"]}\n");
    let _ = table.run(&NEXT.replace("answers.yaml", "no.yaml")).with(3);
    let _ = table.run("resume --log log --close aborted --answers answers.yaml").with(0);
    let records = records(&table);
    let burned: Vec<_> = records.iter().filter(|record| record["ev"] == "serial.burned").collect();
    assert_eq!(burned.len(), 1);
    let serial = burned[0]["data"]["serial"].as_str().unwrap().to_owned();
    next(&table, "third-ceremony", &[&CRL.replace("from-log", "none")]);
    refused(
        &table,
        &format!("the CRL leaves out the serial number {serial}, which `root-x1` has revoked at "),
    );
    next(&table, "third-ceremony", &[CRL]);
    let _ = table.run(&NEXT.replace("--out next", "--out third")).with(0);
    let crl = table.run("inspect third/crls/next.crl").with(0).out;
    let begins = crate::table::days_ago(0).to_string();
    assert!(crl.contains(&serial) && crl.contains(&format!("{begins}, superseded")), "{crl}");
    let _ = table.run("verify third/bundle-practice-third-ceremony").with(0);
}

/// Refused by `check`, in words that contain these.
#[track_caller]
pub fn refused(table: &Table, wanted: &str) {
    let ended = table.run_and_change_nothing("check next.yaml --log log").with(2);
    assert!(ended.error.contains(wanted), "`{wanted}` is not in\n{}", ended.error);
}

/// A table whose log has a ceremony: a root and a subordinate CA.
pub fn after_the_first() -> Table {
    let table = Table::for_answers().now();
    let _ = table.run(FIRST).with(0);
    table
}

/// A script that goes on with the log, with these steps.
pub fn next(table: &Table, ceremony: &str, steps: &[&str]) {
    next_with(table, ceremony, steps, &["root-x1", "e1"], "");
}

pub fn next_with(table: &Table, ceremony: &str, steps: &[&str], certificates: &[&str], inputs: &str) {
    let text = table.read("script.yaml");
    let (head, acts) = text.split_once("acts:\n").unwrap();
    let head = head.replace("ceremony: test-ceremony", &format!("ceremony: {ceremony}"));
    // The root begins today, so nothing of it can be of yesterday.
    let window = head.lines().find(|line| line.starts_with("window:")).unwrap();
    let (_, to) = window.split_once(", to:").unwrap();
    let head = head.replace(window, &format!("window: {{from: {}, to:{to}", crate::table::days_ago(0)));
    let (_, closing) = acts.split_once("  - act: Closing\n").unwrap();
    let mut script = format!("{head}inputs:\n{inputs}");
    for name in certificates {
        let file = format!("out/certificates/{name}.pem");
        let sha256 = Digest::of(table.read(&file).as_bytes());
        writeln!(script, "  {name}: {{file: {file}, sha256: {sha256}}}").unwrap();
    }
    script.push_str(
        "acts:\n  - act: Opening\n    steps:\n      - roll-call: {}\n      - confirm-clock: {sources: 1}\n      - confirm-log: {}\n  - act: \
         Issuing\n    steps:\n",
    );
    for step in steps {
        writeln!(script, "      - {step}").unwrap();
    }
    table.write("next.yaml", format!("{script}  - act: Closing\n{closing}"));
}

pub fn records(table: &Table) -> Vec<serde_json::Value> {
    table.read("log/log.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The serial number of a certificate of the first ceremony, as its log has it.
fn serial_of(table: &Table, name: &str) -> String {
    let records = records(table);
    let signed = records.iter().filter(|record| record["ev"] == "cert.signed");
    let mut of_name = signed.filter(|record| record["data"]["artifact"]["name"] == name);
    of_name.next().unwrap()["data"]["serial"].as_str().unwrap().to_owned()
}

/// The public key of a certificate, PEM.
fn spki_of(table: &Table, name: &str) -> String {
    let pem = table.read(&format!("out/certificates/{name}.pem"));
    let der = rootrite::step::one_structure(pem.as_bytes(), &["CERTIFICATE"]).unwrap();
    let view = rootrite::pki::read::certificate(&der).unwrap();
    rootrite::pki::pem::write("PUBLIC KEY", view.tbs().spki().octets())
}
