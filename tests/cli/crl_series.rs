//! CRLs ahead of time: without a gap, sealed outside the bundle, and ended by whatever comes that they do not know.

use serde_json::Value;

use crate::revocation::{NEXT, PLAN, after_the_first, next, records, refused};
use crate::table::{Table, days_ago};

const CRL: &str = "issue-crl: {issuer: root-x1, number: next, this-update: ceremony-day, lasts: 100 days, revoked: from-log, crl: next}";
const SERIES: &str = "issue-crl-series: {issuer: root-x1, number: next, this-update: ceremony-day, lasts: 40 days, windows: 4, \
                      every: 30 days, revoked: from-log, crls: ahead}";
const REVOKE: &str = "revoke: {certificate: e1, reason: superseded}";

/// A series that begins when the CRL before it still holds.
fn later(table: &Table) -> String {
    let _ = table;
    let begins = days_ago(0).plus(90 * 86_400).unwrap();
    SERIES.replace("this-update: ceremony-day", &format!("this-update: {begins}"))
}

fn of<'r>(records: &'r [Value], ev: &str, ceremony: &str) -> Vec<&'r Value> {
    records.iter().filter(|record| record["ev"] == ev && record["cer"] == ceremony).collect()
}

fn files(table: &Table, folder: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(table.path(folder)) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn seconds(record: &Value, key: &str) -> u64 {
    record[key].as_str().unwrap().parse::<rootrite::clock::Timestamp>().unwrap().seconds()
}

#[test]
fn a_series_has_no_gap_and_lies_outside_the_bundle() {
    let table = after_the_first();
    next(&table, "next-ceremony", &[CRL, &later(&table)]);
    let said = table.run(PLAN).with(0).both();
    for wanted in [
        "Sign 4 CRLs ahead of time, `ahead-1` to `ahead-4`, numbers from 3 on without a gap",
        "each later one 30 days after the one before; each lasts 40 days, so that it ends 863999 seconds after the next has begun",
        "sealed-crl `ahead-4`",
    ] {
        assert!(said.contains(wanted), "`{wanted}` is not in\n{said}");
    }
    let _ = table.run(NEXT).with(0);
    let records = records(&table);
    let signed = of(&records, "crl.signed", "next-ceremony");
    let series = &signed[1]["data"];
    assert_eq!((&series["number"], &series["last_number"]), (&"3".into(), &"6".into()));
    let activates = series["activates"].as_array().unwrap();
    assert_eq!((activates.len(), &activates[0]), (4, &series["this_update"]));
    let intent = &records[usize::try_from(signed[1]["ref"].as_u64().unwrap()).unwrap()];
    assert_eq!((&intent["ev"], &intent["data"]["batch"]["count"]), (&"crl.sign.intent".into(), &4.into()));
    assert_eq!(of(&records, "crl.sign.intent", "next-ceremony").len(), 2, "one intent for all of the series");
    // Each ends after the next has begun, and the CRL before them after the first has.
    assert!(seconds(&signed[0]["data"], "next_update") >= seconds(series, "this_update"));
    let names = ["ahead-1.crl", "ahead-2.crl", "ahead-3.crl", "ahead-4.crl", "artifacts"];
    assert_eq!(files(&table, "next/sealed"), names);
    let list = table.path("next/bundle-practice-next-ceremony/artifacts");
    let list = list.join(format!("{}.txt", series["artifact"]["sha256"].as_str().unwrap()));
    let digests: Vec<String> = std::fs::read_to_string(list).unwrap().lines().map(str::to_owned).collect();
    let mut ends = 0;
    for (index, name) in names[..4].iter().enumerate() {
        let octets = std::fs::read(table.path("next/sealed").join(name)).unwrap();
        let sha256 = rootrite::digest::Digest::of(&octets).to_string();
        assert_eq!(sha256, digests[index], "{name} is the next of the list");
        let said = table.run(&format!("inspect next/sealed/{name}")).with(0).out;
        let begins = activates[index].as_str().unwrap();
        assert!(said.contains(begins) && said.contains(&format!("{:02x}", 3 + index)), "{said}");
        let begins = begins.parse::<rootrite::clock::Timestamp>().unwrap().seconds();
        assert!(ends == 0 || begins <= ends, "no gap before {name}");
        ends = begins + 40 * 86_400 - 1;
        let path = format!("next/bundle-practice-next-ceremony/artifacts/{sha256}.der");
        assert!(
            !table.path(&path).exists()
                && table.path(&format!("next/sealed/artifacts/{sha256}.der")).exists()
        );
    }
    assert_eq!(ends, seconds(series, "next_update"));
    assert_eq!(series["last_sha256"].as_str(), digests.last().map(String::as_str));
    let _ = table.run("verify next/bundle-practice-next-ceremony").with(0);
    assert!(!table.read("next/bundle-practice-next-ceremony/manifest.json").contains("sealed-crl"));
    // Whoever puts one of them into the bundle before its time is told.
    let stray = format!("artifacts/{}.der", digests[2]);
    std::fs::copy(
        table.path(&format!("next/sealed/{stray}")),
        table.path(&format!("next/bundle-practice-next-ceremony/{stray}")),
    )
    .unwrap();
    let ended = table.run("verify next/bundle-practice-next-ceremony").with(5);
    let wanted = format!("has no place in a bundle before {}", activates[2].as_str().unwrap());
    assert!(ended.both().contains("E142") && ended.both().contains(&wanted), "{}", ended.both());
    openssl_verifies(&table, &names[..4]);
}

/// By another implementation each is signed by the root.
fn openssl_verifies(table: &Table, names: &[&str]) {
    for name in names {
        let arguments =
            format!("crl -inform DER -in next/sealed/{name} -CAfile out/certificates/root-x1.pem -noout");
        if let Some(ended) = crate::common::tool("openssl", table.folder(), arguments.split(' ')) {
            let ended = ended.with(0);
            assert!(ended.both().contains("verify OK"), "{}", ended.both());
        }
    }
}

#[test]
fn a_gap_a_hole_before_the_series_and_another_policy_are_refused() {
    let table = after_the_first();
    let check = |steps: &[&str], wanted: &str| {
        next(&table, "next-ceremony", steps);
        refused(&table, wanted);
    };
    let later = later(&table);
    check(
        &[CRL, &later.replace("lasts: 40 days", "lasts: 30 days")],
        "its next update is 1 seconds before that; wanted `lasts` longer than `every`",
    );
    check(&[CRL, &later.replace("windows: 4", "windows: 0")], "found 0 windows, wanted 1 to 366");
    check(&[CRL, &later.replace("windows: 4", "windows: 367")], "found 367 windows, wanted 1 to 366");
    check(&[&CRL.replace("100 days", "90 days"), &later], "and the one before it has its next update at");
    // Rules judge each of them: the last would end after its issuer.
    check(&[CRL, &later.replace("windows: 4", "windows: 150")], "error CRL-04: next update is");
    // The last second of the CRL is the first of the series: signed at the window's end the first would begin later.
    next(&table, "next-ceremony", &[&CRL.replace("100 days", "91 days"), &later]);
    let _ = table.run("check next.yaml --log log").with(0);
    next(&table, "next-ceremony", &[CRL, &later]);
    for policy in ["public-tls", "pqc-pilot"] {
        let text = table.read("next.yaml").replace("policy: private", &format!("policy: {policy}"));
        table.write("other.yaml", text);
        let ended = table.run("check other.yaml --log log").with(2);
        let wanted = format!("CRLs ahead of time are for the policy `private` only, and this is `{policy}`");
        assert!(ended.error.contains(&wanted), "{}", ended.error);
    }
}

#[test]
fn a_revocation_and_a_crl_with_a_higher_number_end_a_series() {
    let table = after_the_first();
    next(&table, "next-ceremony", &[CRL, &later(&table)]);
    let _ = table.run(NEXT).with(0);
    let list = of(&records(&table), "crl.signed", "next-ceremony")[1]["data"]["artifact"]["sha256"].clone();
    let crl = CRL.replace("ceremony-day", "signing-time");
    next(&table, "third-ceremony", &[REVOKE, &crl]);
    let said = table.run(&PLAN.replace("plan.json", "third.json")).with(0).both();
    let wanted = "From then on these sealed CRLs count for nothing: `ahead`, numbers 3 to 6.";
    assert!(said.contains(wanted) && said.contains("number 7, of `root-x1`"), "{said}");
    let _ = table.run(&NEXT.replace("--out next", "--out third")).with(0);
    let all = records(&table);
    let superseded = of(&all, "crl.superseded", "third-ceremony");
    assert_eq!(superseded.len(), 1);
    let data = &superseded[0]["data"];
    assert_eq!(
        (&data["list_sha256"], &data["number"], &data["last_number"]),
        (&list, &"3".into(), &"6".into())
    );
    assert!(data["reason"].as_str().unwrap().starts_with("the revocation of "), "{data}");
    let _ = table.run("verify third/bundle-practice-third-ceremony").with(0);
    // What is superseded covers nothing any more: a series after it has to follow what was handed over.
    let begins = days_ago(0).plus(120 * 86_400).unwrap();
    let gap = SERIES.replace("this-update: ceremony-day", &format!("this-update: {begins}"));
    next(&table, "fourth-ceremony", &[&gap.replace("crls: ahead", "crls: more")]);
    refused(&table, "between them there is none");
    next(&table, "fourth-ceremony", &[&crl]);
    // Its window begins after what was revoked this morning.
    let (today, now) = (days_ago(0).to_string(), crate::table::now().to_string());
    table.change("next.yaml", &format!("{{from: {today}"), &format!("{{from: {now}"));
    let said = table.run("check next.yaml --log log").with(0);
    assert!(!said.both().contains("sealed"), "{}", said.both());
}

#[test]
fn a_series_outlives_an_interruption() {
    let table = after_the_first();
    let instruct = "instruct: {who: ada, text: Put the folder sealed into its bag.}";
    next(&table, "next-ceremony", &[CRL, &later(&table), instruct]);
    table.write("no.yaml", "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"2.3\": {say: [\"no\"]}\n");
    let _ = table.run(&NEXT.replace("answers.yaml", "no.yaml")).with(3);
    let before: Vec<_> = files(&table, "next/sealed");
    let _ = table.run("resume --log log --answers answers.yaml").with(0);
    assert_eq!(files(&table, "next/sealed").len(), 5);
    assert_eq!(before, files(&table, "next/sealed"), "recalled, not made again");
    assert_eq!(of(&records(&table), "crl.signed", "next-ceremony").len(), 2);
    let _ = table.run("verify next/bundle-practice-next-ceremony").with(0);
}

/// Nothing of a ceremony that is aborted counts: what was sealed is set aside, and covers nothing later.
#[test]
fn a_series_of_an_aborted_ceremony_is_set_aside() {
    let table = after_the_first();
    let instruct = "instruct: {who: ada, text: Put the folder sealed into its bag.}";
    next(&table, "next-ceremony", &[CRL, &later(&table), instruct]);
    table.write("no.yaml", "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"2.3\": {say: [\"no\"]}\n");
    let _ = table.run(&NEXT.replace("answers.yaml", "no.yaml")).with(3);
    assert_eq!(files(&table, "next/sealed/artifacts").len(), 4);
    let _ = table.run("resume --log log --close aborted --answers answers.yaml").with(0);
    assert_eq!(files(&table, "next/sealed"), ["artifacts"]);
    assert!(files(&table, "next/sealed/artifacts").is_empty());
    // Four CRLs, their list, and the CRL before them.
    assert_eq!(of(&records(&table), "artifact.voided", "next-ceremony").len(), 6);
    next(&table, "third-ceremony", &[CRL]);
    let said = table.run("check next.yaml --log log");
    assert!(!said.both().contains("sealed"), "{}", said.both());
}

/// What is sealed goes onto no medium that is handed over, and onto one of its own if the script says so.
#[test]
fn sealed_crls_go_onto_a_medium_of_their_own() {
    let table = after_the_first();
    let folder = table.folder().display().to_string();
    let site = table.read("site.yaml");
    table.write(
        "site.yaml",
        format!("{site}media: {{online: [{folder}/media/a], bag: [{folder}/media/b]}}\n"),
    );
    for name in ["a", "b"] {
        std::fs::create_dir_all(table.path("media").join(name)).unwrap();
    }
    let script = |bag: &str| {
        next(&table, "next-ceremony", &[CRL, &later(&table)]);
        let text = table.read("next.yaml");
        let media = format!("      - write-media: {{medium: online}}\n      - write-media: {bag}\n");
        table.write("next.yaml", text + &media);
    };
    script("{medium: bag, files: [sealed, crls]}");
    refused(&table, "`sealed` goes onto a medium of its own");
    script("{medium: bag, files: [sealed]}");
    let text = table.read("next.yaml");
    table.write(
        "next.yaml",
        text.lines()
            .filter(|line| !line.contains("series"))
            .fold(String::new(), |all, line| all + line + "\n"),
    );
    refused(&table, "nothing is sealed in this ceremony");
    script("{medium: bag, files: [sealed]}");
    let _ = table.run(NEXT).with(0);
    assert!(!table.path("media/a/sealed").exists() && table.path("media/a/crls/next.crl").exists());
    assert_eq!(files(&table, "media/b/sealed").len(), 5);
    assert!(!table.path("media/b/crls").exists());
}
