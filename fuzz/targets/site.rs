//! Octets read as a site file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rootrite::plan::Site;

fuzz_target!(|octets: &[u8]| {
    if let Err(problems) = Site::read("fuzz.yaml", octets) {
        drop(problems.messages());
    }
});
