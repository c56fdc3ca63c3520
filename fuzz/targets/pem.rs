//! Octets read as PEM. What is read is read again from what is written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rootrite::pki::pem;

fuzz_target!(|octets: &[u8]| {
    let _ = pem::is_pem(octets);
    let Ok(blocks) = pem::read(octets) else { return };
    for block in blocks {
        let text = pem::write(&block.label, &block.octets);
        let again = pem::read(text.as_bytes()).expect("what is written can be read");
        assert_eq!(again.len(), 1);
        assert_eq!((&again[0].label, &again[0].octets), (&block.label, &block.octets));
    }
});
