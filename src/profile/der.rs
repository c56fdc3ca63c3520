//! The parts of DER that several structures share.

use crate::clock::Timestamp;
use crate::pki::build::element::element;
use crate::pki::read::der::tag;
use crate::pki::serial::SerialNumber;

/// A Time: UTCTime until 2049, GeneralizedTime from 2050. Source: RFC 5280 §4.1.2.5.
pub fn time(at: Timestamp) -> Vec<u8> {
    let [year, month, day, hour, minute, second] = at.fields();
    match year {
        // A UTCTime from 50 on means the last century.
        1950..=2049 => {
            let year = year % 100;
            let text = format!("{year:02}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
            element(tag::UTC_TIME, text.as_bytes())
        }
        _ => generalized_time(at),
    }
}

/// A GeneralizedTime without fractions. Source: RFC 5280 §4.1.2.5.2.
pub fn generalized_time(at: Timestamp) -> Vec<u8> {
    let [year, month, day, hour, minute, second] = at.fields();
    let text = format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
    element(tag::GENERALIZED_TIME, text.as_bytes())
}

/// The INTEGER of a serial number.
pub fn serial(serial: &SerialNumber) -> Vec<u8> {
    element(tag::INTEGER, serial.der_content())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_time_changes_with_2050() {
        let at = |text: &str| time(text.parse().unwrap());
        assert_eq!(at("2049-12-31T23:59:59Z"), b"\x17\x0d491231235959Z");
        assert_eq!(at("2050-01-01T00:00:00Z"), b"\x18\x0f20500101000000Z");
        assert_eq!(at("1970-01-01T00:00:00Z"), b"\x17\x0d700101000000Z");
        assert_eq!(at("9999-12-31T23:59:59Z"), b"\x18\x0f99991231235959Z");
        assert_eq!(generalized_time("2026-01-02T03:04:05Z".parse().unwrap()), b"\x18\x0f20260102030405Z");
    }
}
