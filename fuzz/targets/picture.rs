//! Octets as pictures, one after the other, and small ones as pictures of QR symbols: of larger ones the decoder may take longer
//! than a fuzzer waits, for which the program has a bound.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rootrite::relay::{Frame, MOST_PIXELS, Pictures, texts};

fuzz_target!(|octets: &[u8]| {
    let mut pictures = Pictures::of(octets);
    for _ in 0..4 {
        let Ok(Some(picture)) = pictures.next_picture() else { return };
        assert!((1..=MOST_PIXELS).contains(&(picture.width() * picture.height())));
        let picture = picture.reduced();
        if picture.width() * picture.height() <= 64 * 64 {
            for text in texts(&picture) {
                let _ = Frame::read(&text);
            }
        }
    }
});
