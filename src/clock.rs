//! Times: seconds since 1970, as people write them and as clocks tell them.
//!
//! Everything in this program is UTC to the second. Durations are inclusive: a certificate that lasts 1 day
//! ends 86,399 seconds after it begins.

use std::fmt;
use std::str::FromStr;
use std::time::Duration as StdDuration;

use der::DateTime;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// Seconds in a day; leap seconds do not exist in any format we write.
pub const DAY: u64 = 86_400;

/// A moment: seconds since 1970-01-01T00:00:00Z, leap seconds ignored.
///
/// Written as RFC 3339 in UTC to the second: `2026-11-01T08:00:00Z`, and in no other way.
/// The largest is 9999-12-31T23:59:59Z, the last that X.509 can say (RFC 5280 §4.1.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const FIRST: Self = Self(0);
    /// 9999-12-31T23:59:59Z.
    pub const MAX: Self = Self(253_402_300_799);

    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// The moment `seconds` after 1970-01-01T00:00:00Z, if it is not after [`Timestamp::MAX`].
    pub const fn from_seconds(seconds: u64) -> Option<Self> {
        if seconds <= Self::MAX.0 { Some(Self(seconds)) } else { None }
    }

    /// 00:00:00Z, so many days after 1970-01-01; the largest moment if that is later.
    pub const fn of_day(days: u64) -> Self {
        match Self::from_seconds(days.saturating_mul(DAY)) {
            Some(day) => day,
            None => Self::MAX,
        }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// 00:00:00Z of the same day.
    #[must_use]
    pub const fn day(self) -> Self {
        Self(self.0 - self.0 % DAY)
    }

    /// `seconds` later, if X.509 can still say it.
    pub fn plus(self, seconds: u64) -> Option<Self> {
        self.0.checked_add(seconds).and_then(Self::from_seconds)
    }

    /// `seconds` earlier, if that is not before 1970.
    pub fn minus(self, seconds: u64) -> Option<Self> {
        self.0.checked_sub(seconds).map(Self)
    }

    /// Year, month, day, hour, minute and second.
    pub fn fields(self) -> [u16; 6] {
        // Not after 9999, so der's calendar always has it; year 1970 stands in for what cannot happen.
        DateTime::from_unix_duration(StdDuration::from_secs(self.0)).map_or([1970, 1, 1, 0, 0, 0], |at| {
            [
                at.year(),
                at.month().into(),
                at.day().into(),
                at.hour().into(),
                at.minutes().into(),
                at.seconds().into(),
            ]
        })
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [year, month, day, hour, minute, second] = self.fields();
        // Digit by digit, because a long series says thousands of times.
        let mut text = *b"0000-00-00T00:00:00Z";
        let pairs = [year / 100, year % 100, month, day, hour, minute, second];
        for (place, number) in [0, 2, 5, 8, 11, 14, 17].into_iter().zip(pairs) {
            if let Some([tens, ones]) = text.get_mut(place..place + 2) {
                *tens += u8::try_from(number / 10).unwrap_or_default();
                *ones += u8::try_from(number % 10).unwrap_or_default();
            }
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let wrong = || TimeError::Timestamp { found: text.to_owned() };
        let at: DateTime = text.parse().map_err(|_| wrong())?;
        let read = Self::from_seconds(at.unix_duration().as_secs()).ok_or_else(wrong)?;
        // One spelling per moment: what was read has to come out as it went in.
        if read.to_string() == text { Ok(read) } else { Err(wrong()) }
    }
}

/// How long something lasts, its first and last second included; at least one second.
///
/// Written as a number and a unit: `3650 days`, `12 hours`, `1 second`.
///
/// Source: BR §1.6.1 "Validity Period".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lasting(u64);

impl Lasting {
    /// Lasts `seconds`, both bounds included, if that is at least one and X.509 can say it.
    pub const fn from_seconds(seconds: u64) -> Option<Self> {
        if seconds >= 1 && seconds <= Timestamp::MAX.0 { Some(Self(seconds)) } else { None }
    }

    /// How many seconds it lasts, both bounds included.
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// The last second of what begins at `begin`.
    pub fn last_second(self, begin: Timestamp) -> Option<Timestamp> {
        begin.plus(self.0 - 1)
    }
}

impl fmt::Display for Lasting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, seconds) in UNITS {
            if self.0.is_multiple_of(seconds) {
                let count = self.0 / seconds;
                return write!(f, "{count} {unit}{}", if count == 1 { "" } else { "s" });
            }
        }
        Ok(())
    }
}

impl FromStr for Lasting {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let wrong = || TimeError::Lasting { found: text.to_owned() };
        let (count, unit) = text.split_once(' ').ok_or_else(wrong)?;
        if count.starts_with(['+', '0']) {
            return Err(wrong());
        }
        let count: u64 = count.parse().map_err(|_| wrong())?;
        let singular = unit.strip_suffix('s').unwrap_or(unit);
        let (_, seconds) = UNITS.into_iter().find(|(name, _)| *name == singular).ok_or_else(wrong)?;
        count.checked_mul(seconds).and_then(Self::from_seconds).ok_or_else(wrong)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for Lasting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Lasting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Tells the time of a ceremony.
pub trait Clock: Send {
    /// The ceremony's time: what the log's `at` says.
    fn now(&self) -> Timestamp;
    /// Milliseconds since the session began, never going back: what the log's `mono` says.
    fn elapsed(&self) -> StdDuration;
}

/// The machine's clock.
#[derive(Debug)]
pub struct MachineClock {
    begun: StdDuration,
}

impl MachineClock {
    /// A clock whose session begins now.
    pub fn start() -> Self {
        Self { begun: since_boot() }
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Realtime);
        u64::try_from(now.tv_sec).ok().and_then(Timestamp::from_seconds).unwrap_or(Timestamp::FIRST)
    }

    fn elapsed(&self) -> StdDuration {
        since_boot().saturating_sub(self.begun)
    }
}

/// The clock of a rehearsal: begins where the script's window begins, and runs as fast as the machine's.
#[derive(Clone, Copy, Debug)]
pub struct RehearsalClock {
    from: Timestamp,
    begun: StdDuration,
}

impl RehearsalClock {
    /// A clock that says `from` now.
    pub fn start(from: Timestamp) -> Self {
        Self { from, begun: since_boot() }
    }
}

impl Clock for RehearsalClock {
    fn now(&self) -> Timestamp {
        self.from.plus(self.elapsed().as_secs()).unwrap_or(Timestamp::MAX)
    }

    fn elapsed(&self) -> StdDuration {
        since_boot().saturating_sub(self.begun)
    }
}

/// Why a time could not be read.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeError {
    /// Not a time of the one form we take.
    #[error("`{found}` is not a time; wanted RFC 3339 in UTC to the second, such as 2026-11-01T08:00:00Z")]
    Timestamp {
        /// What stands there.
        found: String,
    },
    /// Not a duration of the one form we take.
    #[error(
        "`{found}` is not a duration; wanted a number from 1 and a unit, such as 3650 days, 12 hours, 30 minutes or 1 second"
    )]
    Lasting {
        /// What stands there.
        found: String,
    },
}

/// How long something lasts, as a person reads it and to the second: `3660 days 1 s (316224001 s)`.
pub fn spelled(seconds: u64) -> String {
    let parts = [
        (seconds / DAY, " day", " days"),
        (seconds % DAY / HOUR, " hour", " hours"),
        (seconds % HOUR, " s", " s"),
    ];
    let said: Vec<String> = parts
        .iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| format!("{count}{}", if *count == 1 { one } else { many }))
        .collect();
    if seconds < HOUR { format!("{seconds} s") } else { format!("{} ({seconds} s)", said.join(" ")) }
}

/// CLOCK_BOOTTIME: goes on while the machine sleeps.
fn since_boot() -> StdDuration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    StdDuration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Seconds in an hour.
const HOUR: u64 = 3_600;
const UNITS: [(&str, u64); 4] = [("day", DAY), ("hour", HOUR), ("minute", 60), ("second", 1)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_something_lasts_is_said_in_days_and_to_the_second() {
        for (seconds, said) in [
            (0, "0 s"),
            (3_599, "3599 s"),
            (3_600, "1 hour (3600 s)"),
            (DAY + 2 * 3_600 + 5, "1 day 2 hours 5 s (93605 s)"),
            (3_660 * DAY, "3660 days (316224000 s)"),
        ] {
            assert_eq!(spelled(seconds), said);
        }
    }

    #[test]
    fn a_time_has_one_spelling() {
        for good in ["1970-01-01T00:00:00Z", "2024-02-29T23:59:59Z", "9999-12-31T23:59:59Z"] {
            assert_eq!(good.parse::<Timestamp>().unwrap().to_string(), good);
        }
        for bad in [
            "2026-11-01",
            "2026-11-01 08:00:00Z",
            "2026-11-01T08:00:00",
            "2026-11-01T08:00:00.0Z",
            "2026-11-01T08:00:00+00:00",
            "2026-02-30T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2026-11-01T24:00:00Z",
            "2026-11-01T23:59:60Z",
            "1969-12-31T23:59:59Z",
            "10000-01-01T00:00:00Z",
            "2026-11-01T08:00:00z",
            "",
            "Z",
        ] {
            assert_eq!(bad.parse::<Timestamp>(), Err(TimeError::Timestamp { found: bad.into() }));
        }
    }

    #[test]
    fn a_day_begins_at_midnight() {
        let at: Timestamp = "2026-11-01T08:30:01Z".parse().unwrap();
        assert_eq!(at.day().to_string(), "2026-11-01T00:00:00Z");
        assert_eq!(at.day().day(), at.day());
    }

    #[test]
    fn a_duration_includes_both_bounds() {
        let begin: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        let last = "3650 days".parse::<Lasting>().unwrap().last_second(begin).unwrap();
        assert_eq!(last.to_string(), "2036-10-28T23:59:59Z");
        assert_eq!("1 second".parse::<Lasting>().unwrap().last_second(begin), Some(begin));
    }

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        for good in ["1 day", "3650 days", "36 hours", "90 minutes", "61 seconds"] {
            assert_eq!(good.parse::<Lasting>().unwrap().to_string(), good);
        }
        for bad in [
            "0 days",
            "days",
            "1",
            "1 month",
            "-1 days",
            "+1 day",
            "01 day",
            "1.5 days",
            "1  day",
            "999999999999999999 days",
        ] {
            assert_eq!(bad.parse::<Lasting>(), Err(TimeError::Lasting { found: bad.into() }));
        }
    }

    #[test]
    fn no_time_is_later_than_the_last_that_x509_can_say() {
        assert_eq!(Timestamp::MAX.plus(1), None);
        assert_eq!(Timestamp::from_seconds(Timestamp::MAX.seconds() + 1), None);
        assert_eq!("1 day".parse::<Lasting>().unwrap().last_second(Timestamp::MAX), None);
    }
}
