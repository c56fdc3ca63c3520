//! Octets as what stands in a QR symbol of a log, and as what all of them are together. A frame or a sequence that is read is
//! the same octets when it is written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rootrite::relay::{Frame, Gatherer, Sequence};

fuzz_target!(|octets: &[u8]| {
    let text = String::from_utf8_lossy(octets);
    let mut gatherer = Gatherer::default();
    for line in text.lines() {
        if let Ok(frame) = Frame::read(line) {
            assert_eq!(frame.to_string(), line);
            let _ = gatherer.hear(frame);
        }
    }
    let raw = [&[0], octets].concat();
    if let Ok(sequence) = Sequence::unpack(&raw)
        && let Ok(packed) = sequence.pack()
    {
        assert_eq!(Sequence::unpack(&packed), Ok(sequence));
    }
    let _ = Sequence::unpack(octets);
});
