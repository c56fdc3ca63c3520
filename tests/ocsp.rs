//! OCSP responses in all their forms, and series of them, as a ceremony makes them and openssl reads them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::fs;
use std::path::PathBuf;

use common::program::{own_folder, rootrite};
use common::{Ended, tool};
use serde_json::Value;

#[test]
fn openssl_finds_each_form_of_a_response_good() {
    let ceremony = Ceremony::with(
        "forms",
        &format!(
            "{}{}{}",
            responses("delegated", "delegate", "ocsp-response", ""),
            responses("named", "delegate", "by-name", ""),
            responses("direct", "root-x1", "both", "")
        ),
    );
    let _ = ceremony.rehearse().with(0);
    // By SHA-1 and by SHA-256: openssl asks by either.
    for (response, hash, signer) in [
        ("delegated-1", "-sha1", "delegate"),
        ("named-1", "-sha1", "delegate"),
        ("direct-1", "-sha1", "root-x1"),
        ("direct-2", "-sha256", "root-x1"),
    ] {
        let Some(ended) = ceremony.ocsp(response, hash) else { return };
        let ended = ended.with(0);
        assert!(ended.error.contains("Response verify OK"), "{response}: {}", ended.both());
        assert!(ended.out.starts_with("certificates/e1.pem: good\n"), "{response}: {}", ended.both());
        let text = ceremony.text(response);
        let (by_key, with_certificate) = (
            text.contains("Responder Id: C = US") || text.contains("Responder Id: C="),
            text.contains("Certificate:"),
        );
        assert_eq!(by_key, response == "named-1", "{text}");
        assert_eq!(
            with_certificate,
            signer == "delegate",
            "the delegate's certificate goes along, the CA's does not"
        );
    }
    let Some(other) = ceremony.ocsp("direct-1", "-sha256") else { return };
    assert!(other.out.contains("ERROR: No Status found"), "{}", other.both());
    assert_eq!(ceremony.verified(), 0);
}

#[test]
fn a_series_has_a_response_for_each_window_and_no_gap() {
    let windows = "windows: 100, every: 2 days,";
    let steps = format!(
        "{}{}",
        responses("ahead", "delegate", "both", windows),
        responses("now", "delegate", "ocsp-response", "")
    );
    let ceremony = Ceremony::with("series", &steps);
    let _ = ceremony.rehearse().with(0);
    let times = |number: u32| {
        let text = ceremony.text(&format!("ahead-{number}"));
        let of = |what: &str| text.split(what).nth(1).unwrap().lines().next().unwrap().trim().to_owned();
        (of("This Update: "), of("Next Update: "), of("Produced At: "))
    };
    let Some(_) = ceremony.ocsp("ahead-1", "-sha1") else { return };
    let (first, until, _) = times(1);
    assert!(first.contains("Nov  1") && until.contains("Nov  3 23:59:59"), "{first} {until}");
    assert_eq!(times(2).0, first, "by the other hash");
    let (second, _, produced) = times(3);
    assert!(second.contains("Nov  3"), "{second}");
    assert_eq!(produced, second, "what is signed ahead of its time says that it is of its time");
    let names = fs::read_dir(ceremony.out().join("ocsp")).unwrap().count();
    assert_eq!(names, 201);
    assert_eq!(ceremony.verified(), 0);
    let log = ceremony.log();
    let of = |event: &str| log.iter().filter(|record| record["ev"] == event).collect::<Vec<_>>();
    let (intents, results) = (of("ocsp.sign.intent"), of("ocsp.signed"));
    assert_eq!((intents.len(), results.len()), (2, 2));
    assert_eq!(
        (&intents[0]["data"]["batch"]["count"], &results[0]["data"]["batch"]["count"]),
        (&200.into(), &200.into())
    );
    assert_eq!(results[0]["data"]["artifact"]["kind"], "list");
}

#[test]
fn a_long_series_is_handed_over_by_its_list() {
    let ceremony = Ceremony::with(
        "long",
        &responses("ahead", "delegate", "ocsp-response", "windows: 300, every: 1 days,"),
    );
    let _ = ceremony.rehearse().with(0);
    let summary: Value =
        serde_json::from_slice(&fs::read(ceremony.out().join("summary.json")).unwrap()).unwrap();
    let kinds: Vec<_> =
        summary["artifacts"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"list") && !kinds.contains(&"ocsp-response"), "{kinds:?}");
    let bundle = ceremony.out().join("bundle-practice-ocsp");
    assert!(fs::read_dir(bundle.join("artifacts")).unwrap().count() > 300);
    assert!(fs::read_dir(bundle.join("proofs")).unwrap().count() < 20);
    assert_eq!(ceremony.verified(), 0);
    // What resume needs of a batch: the list that the intent names, and the octets to be signed, one after the other.
    let log = ceremony.log();
    let intent = log.iter().find(|record| record["ev"] == "ocsp.sign.intent").unwrap();
    let list = intent["data"]["batch"]["list_sha256"].as_str().unwrap();
    let pending = ceremony.out().join("ceremony-log/runs/ocsp/pending");
    assert_eq!(fs::read_to_string(pending.join(list)).unwrap().lines().count(), 300);
    assert!(fs::metadata(pending.join(format!("{list}.members"))).unwrap().len() > 30_000);
    // One of the series is missing, or is another's.
    let one = fs::read_dir(bundle.join("artifacts")).unwrap().map(|entry| entry.unwrap().path());
    let one = one
        .into_iter()
        .find(|path| fs::metadata(path).unwrap().len() < 1_500 && path.extension().unwrap() == "der")
        .unwrap();
    let octets = fs::read(&one).unwrap();
    let (mut changed, away) = (octets.clone(), one.with_file_name("away"));
    *changed.last_mut().unwrap() ^= 1;
    fs::rename(&one, ceremony.folder.join(away.file_name().unwrap())).unwrap();
    assert_eq!(ceremony.verified(), 5, "one is missing");
    fs::write(&one, changed).unwrap();
    assert_eq!(ceremony.verified(), 5, "one is not what its name says");
    fs::write(&one, octets).unwrap();
    assert_eq!(ceremony.verified(), 0);
}

#[test]
fn what_could_not_be_is_found_while_planning() {
    for (steps, said) in [
        (
            responses("a", "delegate", "ocsp-response", "windows: 3, every: 4 days,"),
            "between them nothing is said for 86400 seconds",
        ),
        (responses("a", "delegate", "ocsp-response", "windows: 3,"), "`windows` without `every`"),
        (responses("a", "delegate", "ocsp-response", "every: 1 days,"), "`every` without `windows`"),
        (responses("a", "delegate", "ocsp-response", "windows: 0, every: 1 days,"), "wanted at least 1"),
        (
            responses("a", "delegate", "ocsp-response", "windows: 4000000, every: 1 seconds,"),
            "more than 1000000 responses",
        ),
        // The delegate's certificate lasts 365 days from the first of November.
        (responses("a", "delegate", "ocsp-response", "windows: 183, every: 2 days,"), "OCS-08"),
        (responses("a", "delegate", "ocsp-response", "windows: 500, every: 1 days,"), "OCS-08"),
    ] {
        let ceremony = Ceremony::with("planning", &steps);
        let ended = ceremony.check().with(2);
        assert!(ended.error.contains(said), "{said}: {}", ended.both());
        fs::remove_dir_all(&ceremony.folder).unwrap();
    }
    let good = Ceremony::with(
        "planning",
        &responses("a", "delegate", "ocsp-response", "windows: 180, every: 2 days,"),
    );
    let _ = good.check().with(0);
}

#[test]
fn nothing_is_signed_ahead_of_its_time_in_public() {
    let ceremony =
        Ceremony::with("public", &responses("a", "delegate", "ocsp-response", "windows: 2, every: 2 days,"));
    ceremony.change("policy: private", "policy: public-tls");
    let ended = ceremony.check().with(2);
    assert!(
        ended.error.contains("OCS-08") && ended.error.contains("after the time of signing"),
        "{}",
        ended.both()
    );
}

/// By RSA the same octets have the same signature; the second series is of another second.
#[test]
fn two_series_about_one_certificate_are_two() {
    let steps = format!(
        "{}{}",
        responses("one", "delegate-rsa", "ocsp-response", ""),
        responses("two", "delegate-rsa", "ocsp-response", "")
    );
    let ceremony = Ceremony::with("twice", &steps);
    let _ = ceremony.rehearse().with(0);
    let read = |name: &str| fs::read(ceremony.out().join(format!("ocsp/{name}-1.der"))).unwrap();
    assert!(read("one") != read("two"));
    assert_eq!(ceremony.verified(), 0);
}

/// A ceremony under the policy `private`: a root that may sign responses itself, delegates, one subordinate.
struct Ceremony {
    folder: PathBuf,
}

impl Ceremony {
    fn with(name: &str, steps: &str) -> Self {
        let folder = own_folder(&format!("ocsp-{name}"));
        fs::create_dir(folder.join("profiles")).unwrap();
        for (name, text) in PROFILES {
            fs::write(folder.join(format!("profiles/{name}.yaml")), text).unwrap();
        }
        fs::write(folder.join("script.yaml"), SCRIPT.replace("      - STEPS\n", steps)).unwrap();
        Self { folder }
    }

    fn out(&self) -> PathBuf {
        self.folder.join("out")
    }

    fn change(&self, old: &str, new: &str) {
        let path = self.folder.join("script.yaml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(old));
        fs::write(path, text.replace(old, new)).unwrap();
    }

    fn check(&self) -> Ended {
        rootrite(&self.folder, ["check", "script.yaml"])
    }

    #[track_caller]
    fn rehearse(&self) -> Ended {
        rootrite(&self.folder, ["rehearse", "script.yaml", "--out", "out"])
    }

    fn verified(&self) -> i32 {
        rootrite(&self.folder, ["verify", "out/bundle-practice-ocsp"]).code.unwrap()
    }

    fn log(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.out().join("ceremony-log/log.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What openssl says of a response about `e1` in the ceremony's first days.
    fn ocsp(&self, response: &str, hash: &str) -> Option<Ended> {
        let arguments = format!(
            "ocsp -respin ocsp/{response}.der -CAfile certificates/root-x1.pem -issuer certificates/root-x1.pem {hash} \
             -cert certificates/e1.pem -no_nonce -attime 1793574000 -validity_period 900000000"
        );
        tool("openssl", &self.out(), arguments.split(' '))
    }

    fn text(&self, response: &str) -> String {
        let arguments = format!("ocsp -respin ocsp/{response}.der -noverify -resp_text");
        tool("openssl", &self.out(), arguments.split(' ')).map_or_else(String::new, |ended| ended.with(0).out)
    }
}

fn responses(name: &str, responder: &str, profile: &str, windows: &str) -> String {
    format!(
        "      - issue-ocsp-responses: {{issuer: root-x1, responder: {responder}, profile: {profile}, certificates: [e1], \
         this-update: ceremony-day, lasts: 3 days, {windows} responses: {name}}}\n"
    )
}

const PROFILES: [(&str, &str); 3] = [
    (
        "signing-root",
        "rootrite-profile: 1\nkind: root\ninherits: root-ca\nextensions:\n  - key-usage: {critical: true, bits: [digital-signature, key-cert-sign, crl-sign]}\n  - basic-constraints: {critical: true, ca: true}\n  - subject-key-identifier: {}\n",
    ),
    ("by-name", "rootrite-profile: 1\nkind: ocsp-response\ninherits: ocsp-response\nresponder: by-name\n"),
    (
        "both",
        "rootrite-profile: 1\nkind: ocsp-response\ninherits: ocsp-response\ncertificate-id: sha1-and-sha256\n",
    ),
];

const SCRIPT: &str = "rootrite: 1
ceremony: ocsp
title: OCSP responses
policy: private
window: {from: 2026-11-01T08:00:00Z, to: 2026-11-01T20:00:00Z}
tokens:
  root: {class: any}
  log: {class: any, distinct-from: [root]}
people:
  - {id: ada, role: ceremony-administrator}
  - {id: bo, role: crypto-officer}
  - {id: wim, role: external-witness}
quorum: {crypto-officer: 1, external-witness: 1}
approvals: {plan: {crypto-officer: 1}, method: typed}
acts:
  - act: Everything
    steps:
      - roll-call: {}
      - confirm-clock: {sources: 1}
      - create-log: {origin: example.org/ceremony-log, token: log, key: log-1}
      - generate-key: {token: root, key: root-x1, algorithm: ecdsa-p384, backup: none}
      - issue-root: {key: root-x1, profile: signing-root, subject: [{C: US}, {O: Example}, {CN: Root X1}], not-before: ceremony-day, lasts: 3650 days, certificate: root-x1}
      - generate-key: {token: root, key: delegate, algorithm: ecdsa-p384, backup: none}
      - issue-ocsp-responder: {issuer: root-x1, key: delegate, profile: ocsp-responder, subject: [{C: US}, {O: Example}, {CN: OCSP}], not-before: ceremony-day, lasts: 365 days, certificate: delegate}
      - generate-key: {token: root, key: delegate-rsa, algorithm: rsa-2048, backup: none}
      - issue-ocsp-responder: {issuer: root-x1, key: delegate-rsa, profile: ocsp-responder, subject: [{C: US}, {O: Example}, {CN: OCSP RSA}], not-before: ceremony-day, lasts: 365 days, certificate: delegate-rsa}
      - generate-key: {token: root, key: e1, algorithm: ecdsa-p256, backup: none}
      - issue-subordinate: {issuer: root-x1, key: e1, profile: tls-subordinate-ca, subject: [{C: US}, {O: Example}, {CN: E1}], not-before: ceremony-day, lasts: 1095 days, crl-url: \"http://x1.c.example.org/\", issuer-url: \"http://x1.i.example.org/\", certificate: e1}
      - STEPS
      - witness: {}
      - seal: {next-due: 2026-11-02T20:00:00Z, next-purpose: the next responses}
";
