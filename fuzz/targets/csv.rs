//! Octets read as the rows of a CSV file of revoked certificates; what is taken is a list in order, each serial number once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rootrite::step::read_rows;

fuzz_target!(|octets: &[u8]| {
    match read_rows(&mut &*octets) {
        Ok(list) => {
            let rows = octets.split(|octet| *octet == b'\n').count();
            assert!(list.count() < rows as u64, "more entries than rows");
            let serials: Vec<_> = list.entries().map(|entry| entry.expect("its own list").serial).collect();
            assert_eq!(serials.len() as u64, list.count());
            assert!(serials.is_sorted_by(|one, next| one < next), "out of order, or one twice");
            for serial in &serials {
                assert!(list.find(serial).expect("its own list").is_some(), "an entry that is not found");
            }
        }
        Err(error) => {
            assert!(!error.to_string().chars().any(char::is_control), "a control character: {error}")
        }
    }
});
