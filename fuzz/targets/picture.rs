//! Octets as pictures, one after the other, and small ones as pictures of QR symbols, read as the program reads them: what the
//! decoder stumbles over, or takes too long for, is passed over. Of larger pictures it may take longer than a fuzzer waits.
#![no_main]

use std::sync::Mutex;

use libfuzzer_sys::fuzz_target;
use rootrite::relay::{Enough, Frame, MOST_PIXELS, Pictures, Reader, ReaderError};

/// What reads pictures, for all inputs: a thread that has not ended yet is one of few.
static READER: Mutex<Option<Reader>> = Mutex::new(None);

fuzz_target!(|octets: &[u8]| {
    let mut reader = READER.lock().unwrap();
    let mut pictures = Pictures::of(octets);
    for _ in 0..4 {
        let Ok(Some(picture)) = pictures.next_picture() else { return };
        assert!((1..=MOST_PIXELS).contains(&(picture.width() * picture.height())));
        let picture = picture.reduced();
        if picture.width() * picture.height() > 64 * 64 {
            continue;
        }
        match reader.get_or_insert_default().read(picture) {
            Ok(texts) => {
                for text in texts {
                    let _ = Frame::read(&text);
                }
            }
            // Another stream begins; what is still looked at is not forgotten.
            Err(ReaderError::Enough(Enough::Stumbled)) => *reader = None,
            Err(_) => {}
        }
    }
});
