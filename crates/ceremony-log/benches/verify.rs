//! How many records a second one core verifies, hashing and all: `cargo bench -p ceremony-log`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

use std::io::BufReader;
use std::time::Instant;

use ceremony_log::json::Object;
use ceremony_log::record::{Actor, Record, Role};
use ceremony_log::state::State;
use ceremony_log::time::Time;
use ceremony_log::tree::{Hash, Tree};
use ceremony_log::verify::{Entry, scan};

/// How many signatures the log has: two records each.
const SIGNATURES: u64 = 250_000;

fn main() {
    let log = Log::made();
    let records = log.seq;
    println!("{records} records, {} octets each", log.octets.len() as u64 / records);
    for _ in 0..3 {
        let mut state = State::new();
        pass("lines, chain and tree", &log, &mut |_| {});
        pass("the same and what the records say", &log, &mut |entry| state.follow(entry.record));
        let findings = state.finish().list;
        assert!(findings.is_empty(), "{:?}", findings.first());
    }
    let begun = Instant::now();
    let mut tree = Tree::new();
    for line in log.octets.split(|octet| *octet == b'\n') {
        tree.push_line(line);
    }
    report("the hashes alone", records, begun);
}

fn pass(what: &str, log: &Log, visit: &mut dyn FnMut(Entry<'_>)) {
    let begun = Instant::now();
    let scan = scan(&mut BufReader::new(log.octets.as_slice()), visit);
    report(what, log.seq, begun);
    let good = scan.is_ok_and(|scan| scan.tree.size() == log.seq && scan.findings.list.is_empty());
    assert!(good, "the log of the benchmark is not good");
}

#[expect(clippy::cast_precision_loss, reason = "a count far below 2^52")]
fn report(what: &str, records: u64, begun: Instant) {
    println!("{:>9.0} records/s for {what}", records as f64 / begun.elapsed().as_secs_f64());
}

/// A ceremony of one key and many signatures.
struct Log {
    octets: Vec<u8>,
    prev: Hash,
    seq: u64,
}

impl Log {
    fn made() -> Self {
        let mut log = Self { octets: Vec::new(), prev: Hash::ZERO, seq: 0 };
        let spki = Hash::leaf(b"key").to_string();
        let plan = Hash::leaf(b"plan").to_string();
        let genesis =
            Object::new().with("hash", "sha256").with("origin", "example.org/log").with("practice", false);
        log.add("log.genesis", None, genesis.with("spec", "ceremony-log/v1"));
        log.add("session.start", None, Object::new());
        log.add("plan.approved", None, Object::new().with("person", "bo").with("sha256", plan.as_str()));
        log.add("ceremony.open", None, Object::new().with("plan_sha256", plan));
        log.add("auth.ok", None, Object::new().with("token", "root-a"));
        log.add("key.generate.intent", None, Object::new().with("token", "root-a"));
        let attributes = Object::new().with("local", true).with("never_extractable", true);
        let key = Object::new().with("attributes", attributes).with("spki_sha256", spki.as_str());
        log.add("key.generated", Some(5), key);
        log.add("key.live", None, Object::new().with("spki_sha256", spki.as_str()));
        for number in 0..SIGNATURES {
            log.sign(&spki, number);
        }
        log.add("ceremony.close", None, Object::new().with("outcome", "ok"));
        log
    }

    fn sign(&mut self, spki: &str, number: u64) {
        let serial = format!("{number:032x}");
        let digest = Hash::leaf(&number.to_be_bytes()).to_string();
        let intent = Object::new()
            .with("issuer_spki_sha256", spki)
            .with("not_after", "2027-11-01T07:59:59Z")
            .with("not_before", "2026-11-01T08:00:00Z")
            .with("profile", "tls-subordinate-ca")
            .with("serial", serial.as_str())
            .with("subject", "CN=E1,O=Example,C=CH")
            .with("tbs_sha256", digest.as_str());
        let seq = self.seq;
        self.add("cert.sign.intent", None, intent);
        let artifact = Object::new().with("kind", "subordinate").with("name", format!("e{number}"));
        let artifact = artifact.with("sha256", digest);
        let result = Object::new()
            .with("artifact", artifact.with("media_type", "application/pkix-cert"))
            .with(
                "key",
                Object::new().with("id", "0a0b0c0d").with("label", "Root R1").with("token", "root-a"),
            )
            .with("serial", serial)
            .with("spki_sha256", spki);
        self.add("cert.signed", Some(seq), result);
    }

    fn add(&mut self, ev: &str, reference: Option<u64>, data: Object) {
        let record = Record {
            seq: self.seq,
            prev: self.prev,
            at: Time::from_seconds(1_800_000_000 + self.seq).unwrap_or(Time::MAX),
            mono: self.seq * 1000,
            cer: "2026-root".to_owned(),
            ev: ev.to_owned(),
            actor: Actor { id: "software".to_owned(), role: Role::Software },
            data,
            step: Some("4.12".to_owned()),
            reference,
        };
        let line = record.to_line().unwrap_or_default();
        self.prev = Hash::leaf(line.as_bytes());
        self.octets.extend_from_slice(line.as_bytes());
        self.octets.push(b'\n');
        self.seq += 1;
    }
}
