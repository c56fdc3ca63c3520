//! Octets as a file that `lint` is given: PEM or DER, one structure or many.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rootrite::cli::lint_octets;
use rootrite_fuzz::policy;

fuzz_target!(|octets: &[u8]| {
    let mut text = Vec::new();
    let _ = lint_octets(octets, policy(octets), &mut text);
    // Nothing of a hostile file reaches a terminal.
    let text = String::from_utf8(text).expect("what is said is text");
    assert!(!text.chars().any(|one| one.is_control() && one != '\n'));
});
