//! Shares traded with SLIP-39's reference implementation: it reads ours, we read its.
//!
//! scripts/test installs the version of scripts/shamir-mnemonic.txt and says in `ROOTRITE_SHAMIR_MNEMONIC` which Python has
//! it. `ROOTRITE_SHARES` says how many sets go each way.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod common;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use common::program::skipped;
use rootrite::digest::{from_hex, hex};
use rootrite::secret::SecretOctets;
use rootrite::share::{Group, Hand, Passphrase, Scheme, Share, SystemRandom, deal, read};
use serde_json::{Value, json};

/// Reads sets of shares, a line each, and says the secret of each.
const COMBINES: &str = r"
import json, sys
from shamir_mnemonic import combine_mnemonics
for line in sys.stdin:
    case = json.loads(line)
    print(combine_mnemonics(case['shares'], case['passphrase'].encode()).hex())
";

/// Deals sets of shares of random secrets, a line each, in every length, shape, flag and exponent in turn.
const DEALS: &str = r"
import json, random, sys, secrets
from shamir_mnemonic import generate_mnemonics
for case in range(int(sys.argv[1])):
    secret = secrets.token_bytes(16 + 2 * (case % 25))
    passphrase = ['', 'TREZOR', 'a ~ b'][case % 3]
    count = 1 + case % 4
    groups = [(1, 1) if n % 3 == 0 else (1 + n % 3, 3 + n % 5) for n in range(case, case + count)]
    threshold = 1 + case % count
    dealt = generate_mnemonics(threshold, groups, secret, passphrase.encode(), bool(case % 2), case % 5 // 4)
    chosen = []
    for place in random.sample(range(count), threshold):
        chosen += random.sample(dealt[place], groups[place][0])
    random.shuffle(chosen)
    print(json.dumps({'secret': secret.hex(), 'passphrase': passphrase, 'shares': chosen}))
";

#[test]
fn the_reference_implementation_reads_our_shares() {
    let Some(python) = python() else { return };
    let (mut lines, mut wanted) = (String::new(), Vec::new());
    for case in 0..sets() {
        let mut secret = vec![0; 16 + 2 * (case % 25)];
        getrandom::fill(&mut secret).unwrap();
        let passphrase = ["", "TREZOR", "a ~ b"][case % 3];
        let threshold = u8::try_from(2 + case % 4).unwrap();
        let group = Group::new(threshold, threshold + 2).unwrap();
        let scheme = match case % 3 {
            0 => Scheme::single(threshold, 9).unwrap(),
            _ => Scheme::groups(2, vec![Group::new(1, 1).unwrap(), group, group]).unwrap(),
        };
        let scheme = scheme.extendable(case % 2 == 0).exponent(u8::try_from(case % 5 / 4).unwrap()).unwrap();
        let key = Passphrase::read(passphrase.as_bytes()).unwrap();
        let dealt = deal(&SecretOctets::read(&secret).unwrap(), &scheme, &key, &mut SystemRandom).unwrap();
        let groups = if case % 3 == 0 { &dealt[..] } else { &dealt[1..] };
        let chosen = groups.iter().flat_map(|group| group.iter().rev().take(threshold.into()));
        let shares: Vec<String> = chosen.map(text).collect();
        lines.push_str(&json!({"shares": shares, "passphrase": passphrase}).to_string());
        lines.push('\n');
        wanted.push(hex(&secret));
    }
    let said = run(&python, COMBINES, &[], &lines);
    assert_eq!(said.lines().collect::<Vec<_>>(), wanted);
}

#[test]
fn we_read_the_reference_implementation_s_shares() {
    let Some(python) = python() else { return };
    let said = run(&python, DEALS, &[&sets().to_string()], "");
    assert_eq!(said.lines().count(), sets());
    for line in said.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let mut hand = Hand::new();
        for words in case["shares"].as_array().unwrap() {
            let share = read(words.as_str().unwrap().as_bytes()).ok().unwrap();
            assert_eq!(text(&share), words.as_str().unwrap());
            hand.lay(share).unwrap();
        }
        let passphrase = Passphrase::read(case["passphrase"].as_str().unwrap().as_bytes()).unwrap();
        let secret = hand.combine(&passphrase).unwrap();
        assert!(
            secret.expose(|found| found == from_hex(case["secret"].as_str().unwrap()).unwrap()),
            "{line}"
        );
    }
}

#[test]
fn the_vectors_here_are_the_reference_implementation_s() {
    let Some(python) = python() else { return };
    let vectors = include_bytes!("vectors/slip39/vectors.json");
    let all: Vec<Value> = serde_json::from_slice(vectors).unwrap();
    let good: Vec<&Value> = all.iter().filter(|vector| vector[2] != "").collect();
    let lines: Vec<String> = good
        .iter()
        .map(|vector| json!({"shares": vector[1], "passphrase": "TREZOR"}).to_string() + "\n")
        .collect();
    let said = run(&python, COMBINES, &[], &lines.concat());
    let wanted: Vec<&str> = good.iter().map(|vector| vector[2].as_str().unwrap()).collect();
    assert_eq!(said.lines().collect::<Vec<_>>(), wanted);
}

fn text(share: &Share) -> String {
    share.written().expose(|text| String::from_utf8(text.to_vec()).unwrap())
}

fn sets() -> usize {
    std::env::var("ROOTRITE_SHARES").map_or(60, |sets| sets.parse().unwrap())
}

fn python() -> Option<PathBuf> {
    let python =
        std::env::var_os("ROOTRITE_SHAMIR_MNEMONIC").map(PathBuf::from).filter(|python| python.exists());
    if python.is_none() {
        skipped("ROOTRITE_SHAMIR_MNEMONIC names no Python with shamir-mnemonic; scripts/test sets it");
    }
    python
}

/// What a program says that is given some lines.
fn run(python: &PathBuf, program: &str, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new(python)
        .args(["-c", program])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}
