//! How many records a second one core verifies, hashing and all: `cargo bench -p ceremony-log`.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

use std::io::BufReader;
use std::time::Instant;

use ceremony_log::json::Object;
use ceremony_log::record::{Actor, Record, Role};
use ceremony_log::time::Time;
use ceremony_log::tree::{Hash, Tree};
use ceremony_log::verify::scan;

/// How many records the log has.
const RECORDS: u64 = 500_000;

fn main() {
    let log = log();
    println!("{RECORDS} records, {} octets each", log.len() as u64 / RECORDS);
    let pass = |visited: bool| {
        let begun = Instant::now();
        let mut count = 0_u64;
        let scan = scan(&mut BufReader::new(log.as_slice()), &mut |entry| {
            count += if visited { entry.record.data.len() as u64 } else { 1 };
        });
        let seconds = begun.elapsed().as_secs_f64();
        let scan = scan.ok().filter(|scan| scan.tree.size() == RECORDS && scan.findings.list.is_empty());
        println!("{:>9.0} records/s, good: {}", per_second(seconds), scan.is_some());
    };
    for _ in 0..5 {
        pass(true);
    }
    let begun = Instant::now();
    let mut tree = Tree::new();
    for line in log.split(|octet| *octet == b'\n') {
        tree.push_line(line);
    }
    println!("{:>9.0} records/s for the hashes alone", per_second(begun.elapsed().as_secs_f64()));
}

#[expect(clippy::cast_precision_loss, reason = "a count far below 2^52")]
fn per_second(seconds: f64) -> f64 {
    RECORDS as f64 / seconds
}

/// A log of records that look like the results of signatures.
fn log() -> Vec<u8> {
    let mut log = Vec::new();
    let mut prev = Hash::ZERO;
    for seq in 0..RECORDS {
        let data = if seq == 0 { genesis() } else { signed(seq) };
        let record = Record {
            seq,
            prev,
            at: Time::from_seconds(1_800_000_000 + seq).unwrap_or(Time::MAX),
            mono: seq * 1000,
            cer: "2026-root".to_owned(),
            ev: if seq == 0 { "log.genesis" } else { "cert.signed" }.to_owned(),
            actor: Actor { id: "software".to_owned(), role: Role::Software },
            data,
            step: Some("4.12".to_owned()),
            reference: seq.checked_sub(1),
        };
        let line = record.to_line().unwrap_or_default();
        prev = Hash::leaf(line.as_bytes());
        log.extend_from_slice(line.as_bytes());
        log.push(b'\n');
    }
    log
}

fn genesis() -> Object {
    let data = Object::new().with("hash", "sha256").with("origin", "example.org/log").with("practice", false);
    data.with("spec", "ceremony-log/v1")
}

fn signed(seq: u64) -> Object {
    let artifact = Object::new().with("kind", "subordinate").with("name", format!("e{seq}.der"));
    Object::new()
        .with("artifact", artifact.with("sha256", Hash::leaf(&seq.to_be_bytes()).to_string()))
        .with("key", Object::new().with("id", "0a0b0c0d").with("label", "Root R1").with("token", "root-a"))
        .with("serial", format!("{seq:032x}"))
}
