//! How long a certificate is valid.

use std::fmt;

use thiserror::Error;

use crate::clock::{Lasting, Timestamp};

/// From `not_before` through `not_after`, both included.
///
/// Times are seconds since 1970-01-01T00:00:00Z, leap seconds ignored.
/// The last second counts: a period whose bounds are equal lasts 1 second.
///
/// Sources: RFC 5280 §4.1.2.5; BR §1.6.1 "Validity Period".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Validity {
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Validity {
    /// From `not_before` through `not_after`.
    ///
    /// # Errors
    ///
    /// [`ValidityError::Reversed`] if it would end before it begins.
    pub fn new(not_before: Timestamp, not_after: Timestamp) -> Result<Self, ValidityError> {
        if not_before > not_after {
            return Err(ValidityError::Reversed { not_before, not_after });
        }
        Ok(Self { not_before, not_after })
    }

    /// From `not_before` on, for as long as `lasting`.
    ///
    /// # Errors
    ///
    /// [`ValidityError::TooLate`] if it would end after 9999-12-31T23:59:59Z.
    pub fn lasting(not_before: Timestamp, lasting: Lasting) -> Result<Self, ValidityError> {
        let not_after =
            lasting.last_second(not_before).ok_or(ValidityError::TooLate { not_before, lasting })?;
        Ok(Self { not_before, not_after })
    }

    /// The first second.
    pub const fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last second.
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// How many seconds it lasts, both bounds included.
    pub const fn seconds(&self) -> u64 {
        self.not_after.seconds() - self.not_before.seconds() + 1
    }

    /// Whether `at` is within.
    pub fn includes(&self, at: Timestamp) -> bool {
        (self.not_before..=self.not_after).contains(&at)
    }

    /// Whether all of `other` is within.
    pub fn encloses(&self, other: &Self) -> bool {
        self.not_before <= other.not_before && other.not_after <= self.not_after
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.not_before, self.not_after)
    }
}

/// Why two times are not a validity.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValidityError {
    /// It would end before it begins.
    #[error("not after is {not_after}, before not before, {not_before}")]
    Reversed {
        /// The first second.
        not_before: Timestamp,
        /// The last second.
        not_after: Timestamp,
    },
    /// It would end when no certificate can say so.
    #[error("{lasting} from {not_before} end after 9999-12-31T23:59:59Z, the last second X.509 can say")]
    TooLate {
        /// The first second.
        not_before: Timestamp,
        /// How long it was to last.
        lasting: Lasting,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_bounds_count() {
        let begin: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        assert_eq!(Validity::new(begin, begin).unwrap().seconds(), 1);
        let validity = Validity::lasting(begin, "1 day".parse().unwrap()).unwrap();
        assert_eq!(validity.seconds(), 86_400);
        assert_eq!(validity.to_string(), "2026-11-01T00:00:00Z to 2026-11-01T23:59:59Z");
        assert!(validity.includes(begin) && validity.includes(validity.not_after()));
        assert!(!validity.includes(validity.not_after().plus(1).unwrap()));
        assert!(validity.encloses(&validity));
        assert!(!validity.encloses(&Validity::lasting(begin, "86401 seconds".parse().unwrap()).unwrap()));
    }

    #[test]
    fn it_does_not_end_before_it_begins_nor_after_the_year_9999() {
        let begin: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
        let earlier = begin.minus(1).unwrap();
        assert_eq!(
            Validity::new(begin, earlier),
            Err(ValidityError::Reversed { not_before: begin, not_after: earlier })
        );
        let lasting = "2 seconds".parse().unwrap();
        assert_eq!(
            Validity::lasting(Timestamp::MAX, lasting),
            Err(ValidityError::TooLate { not_before: Timestamp::MAX, lasting })
        );
    }
}
