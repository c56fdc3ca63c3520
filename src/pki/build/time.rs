//! UTCTime and GeneralizedTime, written. Source: RFC 5280 §4.1.2.5.

use super::element::element;
use crate::clock::Timestamp;
use crate::pki::read::der::tag;

/// A time as certificates and CRLs have it: UTCTime to 2049, GeneralizedTime from 2050 on.
pub(crate) fn by_date(at: Timestamp) -> Vec<u8> {
    let [year, month, day, hour, minute, second] = at.fields();
    if year < 2050 {
        let year = year % 100;
        let text = format!("{year:02}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
        element(tag::UTC_TIME, text.as_bytes())
    } else {
        generalized(at)
    }
}

/// A time as OCSP responses have it.
pub(crate) fn generalized(at: Timestamp) -> Vec<u8> {
    let [year, month, day, hour, minute, second] = at.fields();
    let text = format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
    element(tag::GENERALIZED_TIME, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_changes_with_the_year_2050() {
        for (text, wanted) in [
            ("1970-01-01T00:00:00Z", &b"\x17\x0d700101000000Z"[..]),
            ("2026-11-01T08:05:09Z", b"\x17\x0d261101080509Z"),
            ("2049-12-31T23:59:59Z", b"\x17\x0d491231235959Z"),
            ("2050-01-01T00:00:00Z", b"\x18\x0f20500101000000Z"),
            ("9999-12-31T23:59:59Z", b"\x18\x0f99991231235959Z"),
        ] {
            assert_eq!(by_date(text.parse().unwrap()), wanted);
        }
        let at = "2026-11-01T08:05:09Z".parse().unwrap();
        assert_eq!(generalized(at), b"\x18\x0f20261101080509Z");
    }
}
