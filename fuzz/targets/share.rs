//! Octets read as a share, and as the file of a wrapped key. What is read is written as its words or groups, and that is read as the same share; of what is not,
//! nothing is said but places.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rootrite::share::{Backup, Hand, read};

fuzz_target!(|octets: &[u8]| {
    if let Ok(backup) = Backup::read(octets) {
        assert_eq!(backup.text().as_bytes(), octets);
    }
    let share = match read(octets) {
        Ok(share) => share,
        Err(error) => {
            // A message is ours: ASCII, and as long as its list of places.
            assert!(error.to_string().is_ascii());
            return;
        }
    };
    let again = share.written().expose(read).ok().expect("what is written can be read");
    assert!(again.commitment(b"") == share.commitment(b""));
    let mut hand = Hand::new();
    assert!(hand.lay(again).is_ok());
    assert!(hand.lay(share).is_err());
    // Combining is left out: SLIP-39 allows iterations that take hours.
    let _ = hand.missing();
});
