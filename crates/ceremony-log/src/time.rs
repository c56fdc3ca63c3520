//! Times as records write them: `YYYY-MM-DDTHH:MM:SSZ`, and as cosignatures do: seconds since 1970.

use std::fmt;
use std::str::FromStr;

use crate::code::{Code, Fault};

const DAY: u64 = 86_400;

/// A moment: seconds since 1970-01-01T00:00:00Z, leap seconds ignored, at most 9999-12-31T23:59:59Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// 9999-12-31T23:59:59Z, the last that four digits can say.
    pub const MAX: Self = Self(253_402_300_799);

    /// The moment `seconds` after 1970-01-01T00:00:00Z, if it is not after [`Time::MAX`].
    pub const fn from_seconds(seconds: u64) -> Option<Self> {
        if seconds <= Self::MAX.0 { Some(Self(seconds)) } else { None }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn seconds(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.0 / DAY);
        let second = self.0 % DAY;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl FromStr for Time {
    type Err = Fault;

    /// Reads `YYYY-MM-DDTHH:MM:SSZ` from 1970 on, and nothing else: no leap second, no offset.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let fault = || {
            Fault::new(Code::E128, format!("time `{}`; times are YYYY-MM-DDTHH:MM:SSZ", text.escape_debug()))
        };
        let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, b'Z'] =
            text.as_bytes()
        else {
            return Err(fault());
        };
        let number = |digits: &[u8]| {
            digits.iter().try_fold(0_u64, |sum, digit| {
                digit.is_ascii_digit().then(|| sum * 10 + u64::from(digit - b'0'))
            })
        };
        let fields =
            [&[y1, y2, y3, y4][..], &[m1, m2], &[d1, d2], &[h1, h2], &[n1, n2], &[s1, s2]].map(number);
        let [Some(year), Some(month), Some(day), Some(hour), Some(minute), Some(second)] = fields else {
            return Err(fault());
        };
        if year < 1970 || hour > 23 || minute > 59 || second > 59 {
            return Err(fault());
        }
        let days = days(year, month, day).ok_or_else(fault)?;
        Ok(Self(days * DAY + hour * 3600 + minute * 60 + second))
    }
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar, if it exists.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if day == 0 || day > length {
        return None;
    }
    // The year begins in March, so that the leap day is its last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before_year = year * 365 + year / 4 - year / 100 + year / 400;
    (before_year + (153 * month + 2) / 5 + day - 1).checked_sub(719_468)
}

/// The date that many days after 1970-01-01.
fn civil(days: u64) -> (u64, u64, u64) {
    // 719,468 days from 0000-03-01 to 1970-01-01; an era is 400 years of 146,097 days.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_are_read_and_written() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1999-12-31T23:59:59Z", 946_684_799),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2026-11-20T23:40:06Z", 1_795_218_006),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            let time: Time = text.parse().unwrap();
            assert_eq!(time.seconds(), seconds, "{text}");
            assert_eq!(time.to_string(), text);
        }
        assert_eq!(Time::from_seconds(253_402_300_800), None);
    }

    #[test]
    fn every_day_of_four_centuries_is_its_own() {
        for day in 0..=146_097 {
            let time = Time(day * DAY);
            assert_eq!(time.to_string().parse(), Ok(time));
        }
    }

    #[test]
    fn nothing_else_is_a_time() {
        for text in [
            "",
            "2026-11-20",
            "2026-11-20T23:40:06",
            "2026-11-20t23:40:06z",
            "2026-11-20T23:40:06+00:00",
            "2026-11-20T23:40:06.0Z",
            "2026-11-20T23:40:60Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20T23:60:00Z",
            "2026-13-20T23:40:06Z",
            "2026-00-20T23:40:06Z",
            "2026-11-31T23:40:06Z",
            "2026-11-00T23:40:06Z",
            "2026-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "+026-11-20T23:40:06Z",
            "٢٠٢٦-11-20T2:40:06Z",
        ] {
            assert_eq!(text.parse::<Time>().unwrap_err().code, Code::E128, "{text}");
        }
    }
}
