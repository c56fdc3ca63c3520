//! Octets read as a vector of the log format: a policy, and a head with its log, a proof or a consistency, all judged. What is
//! read of notes and proofs is the same octets when it is written.
#![no_main]

use ceremony_log::checkpoint::Checkpoint;
use ceremony_log::consistency::Consistency;
use ceremony_log::index::Index;
use ceremony_log::note::Note;
use ceremony_log::policy::{Policy, Window};
use ceremony_log::proof::Proof;
use ceremony_log::state::State;
use ceremony_log::tree::Hash;
use ceremony_log::verify::{Practice, verify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let part = |name: &str| {
        let begin = format!("-- {name} --\n");
        let at = octets.windows(begin.len()).position(|window| window == begin.as_bytes())? + begin.len();
        let rest = &octets[at..];
        let end = rest.windows(3).position(|window| window == b"-- ").unwrap_or(rest.len());
        Some(if name == "log.jsonl" { rest } else { &rest[..end] })
    };
    let Some(Ok(policy)) = part("policy").map(Policy::parse) else { return };
    let window = Window { now: 1_793_523_600, ahead: 300, oldest: Some(3600) };
    if let Some(octets) = part("proof")
        && let Ok(proof) = Proof::parse(octets)
    {
        assert_eq!(proof.to_string().as_bytes(), octets);
        if let Ok(proven) = proof.verify(&policy, &window) {
            assert!(proven.record().seq < proven.head().checkpoint().size);
        }
    }
    let last = Checkpoint { origin: "example.org/ceremony-log".to_owned(), size: 5, root: Hash::ZERO };
    if let Some(octets) = part("consistency")
        && let Ok(consistency) = Consistency::parse(octets)
    {
        assert_eq!(consistency.to_string().as_bytes(), octets);
        assert!(consistency.verify(&last, &policy, &window).is_err(), "nobody knows a tree with this root");
    }
    let Some(Ok(note)) = part("checkpoint").map(Note::parse) else { return };
    assert_eq!(Some(note.to_string().as_bytes()), part("checkpoint"));
    let Ok(head) = policy.judge(&note, &window) else { return };
    let (mut state, mut index) = (State::new(), Index::new());
    let mut log = part("log.jsonl").unwrap_or_default();
    let judged = verify(&mut log, head, None, Practice::Warn, &mut |entry| {
        state.follow(entry.record);
        index.follow(entry);
    });
    let _ = state.finish();
    if let Ok(log) = judged {
        assert_eq!(index.levels().size(), log.tree().size());
    }
});
