//! UTCTime and GeneralizedTime, read.
//!
//! What is not `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ` is a fault, and read as X.680 means it where it means anything.
//!
//! Sources: RFC 5280 §4.1.2.5; X.680 §46, §47.

use super::der::{Cursor, Element, FaultKind, Faults, ReadError, tag};
use crate::clock::Timestamp;

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeForm {
    /// UTCTime: a year of two digits, 1950 to 2049.
    Utc,
    /// GeneralizedTime: a year of four digits.
    Generalized,
}

/// A time that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeView<'a> {
    element: Element<'a>,
    at: Timestamp,
    form: TimeForm,
}

impl<'a> TimeView<'a> {
    /// Reads the next element, a UTCTime or GeneralizedTime.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it is no time, or not from 1970 to 9999.
    pub fn read(cursor: &mut Cursor<'a>, what: &'static str, faults: &mut Faults) -> Result<Self, ReadError> {
        let form = match cursor.peek() {
            Some(tag::UTC_TIME) => TimeForm::Utc,
            _ => TimeForm::Generalized,
        };
        let wanted = if form == TimeForm::Utc { tag::UTC_TIME } else { tag::GENERALIZED_TIME };
        let element = cursor.take(wanted, what, faults)?;
        let read = Parts::read(element.content(), form)
            .ok_or_else(|| element.wrong(what, "is not a time from 1970 to 9999"))?;
        if !read.exact {
            faults.note(element.offset(), what, FaultKind::Time);
        }
        Ok(Self { element, at: read.at, form })
    }

    /// A time whose octets were read once elsewhere, and were good.
    pub(super) const fn again(element: Element<'a>, at: Timestamp, form: TimeForm) -> Self {
        Self { element, at, form }
    }

    /// Whether the next element is a time.
    pub fn is_next(cursor: &Cursor<'_>) -> bool {
        matches!(cursor.peek(), Some(tag::UTC_TIME | tag::GENERALIZED_TIME))
    }

    /// Reads the next element, a GeneralizedTime.
    ///
    /// # Errors
    ///
    /// As [`TimeView::read`], and if it is a UTCTime.
    pub fn read_generalized(
        cursor: &mut Cursor<'a>,
        what: &'static str,
        faults: &mut Faults,
    ) -> Result<Self, ReadError> {
        match cursor.peek() {
            Some(found @ tag::UTC_TIME) => {
                Err(ReadError::Tag { offset: cursor.offset(), what, wanted: tag::GENERALIZED_TIME, found })
            }
            _ => Self::read(cursor, what, faults),
        }
    }

    /// The moment it says; fractions of a second are cut off.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// How it is written.
    pub const fn form(&self) -> TimeForm {
        self.form
    }

    /// Where it stands and its octets.
    pub const fn element(&self) -> Element<'a> {
        self.element
    }
}

struct Parts {
    at: Timestamp,
    /// Whether it is in the one form that certificates take.
    exact: bool,
}

impl Parts {
    fn read(text: &[u8], form: TimeForm) -> Option<Self> {
        let mut digits = Digits(text);
        let year = match form {
            TimeForm::Utc => match digits.number(2)? {
                year @ 50.. => 1900 + year,
                year => 2000 + year,
            },
            TimeForm::Generalized => digits.number(4)?,
        };
        let (month, day, hour) = (digits.number(2)?, digits.number(2)?, digits.number(2)?);
        // Minutes may be left out in GeneralizedTime, seconds in both.
        let minute = digits.number(2);
        if form == TimeForm::Utc && minute.is_none() {
            return None;
        }
        let second = minute.and_then(|_| digits.number(2));
        let whole = second.is_some();
        let fraction = if form == TimeForm::Generalized { digits.fraction()? } else { false };
        let (offset, utc) = digits.zone()?;
        let seconds = seconds_of(year, month, day)? + seconds_of_day(hour, minute, second)?;
        let at = Timestamp::from_seconds(u64::try_from(seconds - offset).ok()?)?;
        Some(Self { at, exact: whole && !fraction && utc })
    }
}

/// Takes digits from the front.
struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    fn number(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        self.0 = rest;
        Some(digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
    }

    /// Whether there is a fraction; nothing if it has no digits.
    fn fraction(&mut self) -> Option<bool> {
        let [b'.' | b',', rest @ ..] = self.0 else { return Some(false) };
        let digits = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
        self.0 = rest.get(digits..).unwrap_or_default();
        (digits > 0).then_some(true)
    }

    /// Seconds ahead of UTC, and whether it is a plain `Z`; nothing for local time.
    fn zone(&mut self) -> Option<(i64, bool)> {
        let sign = match *self.0 {
            [b'Z'] => return Some((0, true)),
            [b'+', ..] => 1,
            [b'-', ..] => -1,
            _ => return None,
        };
        self.0 = self.0.get(1..)?;
        let (hours, minutes) = (self.number(2)?, self.number(2)?);
        (self.0.is_empty() && hours < 24 && minutes < 60)
            .then_some((sign * (hours * 3600 + minutes * 60), false))
    }
}

fn seconds_of_day(hour: i64, minute: Option<i64>, second: Option<i64>) -> Option<i64> {
    let (minute, second) = (minute.unwrap_or(0), second.unwrap_or(0));
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
}

/// Seconds from 1970 to the beginning of a day of the Gregorian calendar.
fn seconds_of(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        _ => return None,
    };
    if !(1..=longest).contains(&day) {
        return None;
    }
    // Years that begin in March have their leap day last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let days = year * 365 + leap_days + (month * 153 + 2) / 5 + day - 1;
    Some((days - DAYS_TO_1970) * 86_400)
}

/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(identifier: u8, text: &str) -> Result<(String, usize), ReadError> {
        let octets = [&[identifier, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        let mut faults = Faults::new();
        let time = TimeView::read(&mut Cursor::new(&octets), "time", &mut faults)?;
        Ok((time.at().to_string(), faults.list().len()))
    }

    #[test]
    fn two_digits_are_1950_to_2049() {
        for (text, at) in [
            ("700101000000Z", "1970-01-01T00:00:00Z"),
            ("991231235959Z", "1999-12-31T23:59:59Z"),
            ("000229000000Z", "2000-02-29T00:00:00Z"),
            ("491231235959Z", "2049-12-31T23:59:59Z"),
        ] {
            assert_eq!(read(tag::UTC_TIME, text), Ok((at.to_owned(), 0)));
        }
        assert!(read(tag::UTC_TIME, "500101000000Z").is_err());
    }

    #[test]
    fn every_day_of_the_calendar_is_where_the_other_implementation_puts_it() {
        for day in 0..=2_932_896 {
            let at = Timestamp::from_seconds(day * 86_400).unwrap();
            let [year, month, day, ..] = at.fields().map(i64::from);
            assert_eq!(seconds_of(year, month, day), i64::try_from(at.seconds()).ok());
        }
    }

    #[test]
    fn other_forms_are_read_with_a_fault() {
        for (identifier, text, at) in [
            (tag::UTC_TIME, "2611010800Z", "2026-11-01T08:00:00Z"),
            (tag::UTC_TIME, "261101080000+0130", "2026-11-01T06:30:00Z"),
            (tag::GENERALIZED_TIME, "20261101080000.5Z", "2026-11-01T08:00:00Z"),
            (tag::GENERALIZED_TIME, "20261101080000-0100", "2026-11-01T09:00:00Z"),
            (tag::GENERALIZED_TIME, "2026110108Z", "2026-11-01T08:00:00Z"),
        ] {
            assert_eq!(read(identifier, text), Ok((at.to_owned(), 1)), "{text}");
        }
        assert_eq!(
            read(tag::GENERALIZED_TIME, "20261101080000Z"),
            Ok(("2026-11-01T08:00:00Z".to_owned(), 0))
        );
        assert_eq!(
            read(tag::GENERALIZED_TIME, "99991231235959Z"),
            Ok(("9999-12-31T23:59:59Z".to_owned(), 0))
        );
    }

    #[test]
    fn what_is_no_time_is_an_error() {
        for text in [
            "",
            "Z",
            "260230000000Z",
            "261301000000Z",
            "260001000000Z",
            "261100000000Z",
            "261101240000Z",
            "261101006000Z",
            "261101000060Z",
            "26110100000Z",
            "26110100Z",
            "261101000000",
            "261101000000z",
            "2611010000001Z",
            "261101000000+2400",
            "26110a000000Z",
            "+61101000000Z",
        ] {
            assert!(read(tag::UTC_TIME, text).is_err(), "{text}");
        }
        for text in ["20261101080000.Z", "19691231235959Z", "20261101080000", "99991231235959-0001"] {
            assert!(read(tag::GENERALIZED_TIME, text).is_err(), "{text}");
        }
    }
}
