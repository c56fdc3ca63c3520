//! Octets read as everything that a log's folder has: records, a head, a policy, proofs. A record that is read is the
//! same octets when it is written.
#![no_main]

use ceremony_log::checkpoint::Checkpoint;
use ceremony_log::consistency::Consistency;
use ceremony_log::json::{Limits, Value};
use ceremony_log::key::VerifierKey;
use ceremony_log::note::Note;
use ceremony_log::policy::Policy;
use ceremony_log::proof::Proof;
use ceremony_log::record::Record;
use ceremony_log::state::State;
use ceremony_log::time::Time;
use ceremony_log::tree::Hash;
use ceremony_log::verify::scan;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    if let Ok(value) = Value::parse(octets, &Limits::FILE) {
        assert_eq!(value.to_canonical().as_bytes(), octets);
    }
    if let Ok(record) = Record::parse(octets) {
        assert_eq!(record.to_line().map(String::into_bytes), Ok(octets.to_vec()));
    }
    let _ = Note::parse(octets);
    let _ = Policy::parse(octets);
    let _ = Proof::parse(octets);
    let _ = Consistency::parse(octets);
    let text = String::from_utf8_lossy(octets);
    let _ = text.parse::<VerifierKey>();
    let _ = text.parse::<Checkpoint>();
    let _ = text.parse::<Time>();
    let _ = text.parse::<Hash>();
    let mut state = State::new();
    let _ = scan(&mut &*octets, &mut |entry| state.follow(entry.record));
    let _ = state.finish();
});
