//! Octets read as a profile, which may inherit from those of this program.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rootrite::profile::{BuiltIn, Profile};

fuzz_target!(|octets: &[u8]| {
    match Profile::read("fuzz.yaml", octets, &BuiltIn) {
        Ok(profile) => drop(profile.sha256()),
        Err(problems) => drop(problems.messages()),
    }
});
