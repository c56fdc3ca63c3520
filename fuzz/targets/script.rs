//! Octets read as a script and made into a plan and its review.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use rootrite::plan::{Plan, Sources, review};
use rootrite::profile::BuiltIn;

fuzz_target!(|octets: &[u8]| {
    let folder = Path::new("/nonexistent");
    let sources = Sources {
        library: &BuiltIn,
        folder,
        rehearsal: true,
        practice: true,
        bundles: &rootrite::plan::NoBundles,
        earlier: None,
        begun: false,
    };
    match Plan::read("fuzz.yaml", octets, &sources) {
        Ok(plan) => drop(review(&plan)),
        Err(problems) => drop(problems.messages()),
    }
});
