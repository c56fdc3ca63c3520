//! When something begins: a fixed time, or one that is known only on the day.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::{TimeError, Timestamp};

/// When something begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// 00:00:00Z of the day of signing.
    CeremonyDay,
    /// The second of signing.
    SigningTime,
    /// This time, whenever it is signed.
    At(Timestamp),
}

impl When {
    /// The time it means for something that is signed at `signing`.
    pub const fn at(self, signing: Timestamp) -> Timestamp {
        match self {
            Self::CeremonyDay => signing.day(),
            Self::SigningTime => signing,
            Self::At(at) => at,
        }
    }

    /// Whether it is known before the day.
    pub const fn is_fixed(self) -> bool {
        matches!(self, Self::At(_))
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CeremonyDay => f.write_str("ceremony-day"),
            Self::SigningTime => f.write_str("signing-time"),
            Self::At(at) => write!(f, "{at}"),
        }
    }
}

impl FromStr for When {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        match text {
            "ceremony-day" => Ok(Self::CeremonyDay),
            "signing-time" => Ok(Self::SigningTime),
            other => other.parse().map(Self::At),
        }
    }
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceremony_day_is_the_day_of_signing() {
        let signing: Timestamp = "2026-11-01T08:30:00Z".parse().unwrap();
        let at = |text: &str| text.parse::<When>().unwrap().at(signing).to_string();
        assert_eq!(at("ceremony-day"), "2026-11-01T00:00:00Z");
        assert_eq!(at("signing-time"), "2026-11-01T08:30:00Z");
        assert_eq!(at("2027-01-01T00:00:00Z"), "2027-01-01T00:00:00Z");
        assert!("tomorrow".parse::<When>().is_err());
    }
}
