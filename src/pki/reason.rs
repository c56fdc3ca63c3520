//! Why a certificate was revoked.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A reason for revocation. Source: RFC 5280 §5.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// unspecified (0).
    Unspecified,
    /// keyCompromise (1).
    KeyCompromise,
    /// cACompromise (2).
    CaCompromise,
    /// affiliationChanged (3).
    AffiliationChanged,
    /// superseded (4).
    Superseded,
    /// cessationOfOperation (5).
    CessationOfOperation,
    /// certificateHold (6).
    CertificateHold,
    /// removeFromCRL (8).
    RemoveFromCrl,
    /// privilegeWithdrawn (9).
    PrivilegeWithdrawn,
    /// aACompromise (10).
    AaCompromise,
}

impl Reason {
    /// Every reason, by number.
    pub const ALL: [Self; 10] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
        Self::RemoveFromCrl,
        Self::PrivilegeWithdrawn,
        Self::AaCompromise,
    ];

    /// The number in a CRLReason.
    pub const fn code(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::CaCompromise => 2,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
            Self::CertificateHold => 6,
            Self::RemoveFromCrl => 8,
            Self::PrivilegeWithdrawn => 9,
            Self::AaCompromise => 10,
        }
    }

    /// The reason of this number; 7 and everything above 10 is none.
    pub const fn from_code(code: u64) -> Option<Self> {
        // A CRL may have millions: no search.
        Some(match code {
            0 => Self::Unspecified,
            1 => Self::KeyCompromise,
            2 => Self::CaCompromise,
            3 => Self::AffiliationChanged,
            4 => Self::Superseded,
            5 => Self::CessationOfOperation,
            6 => Self::CertificateHold,
            8 => Self::RemoveFromCrl,
            9 => Self::PrivilegeWithdrawn,
            10 => Self::AaCompromise,
            _ => return None,
        })
    }

    /// The name in scripts, CSV files and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "key-compromise",
            Self::CaCompromise => "ca-compromise",
            Self::AffiliationChanged => "affiliation-changed",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessation-of-operation",
            Self::CertificateHold => "certificate-hold",
            Self::RemoveFromCrl => "remove-from-crl",
            Self::PrivilegeWithdrawn => "privilege-withdrawn",
            Self::AaCompromise => "aa-compromise",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Reason {
    type Err = ReasonError;

    /// Reads the name, or the name as RFC 5280 spells it.
    fn from_str(text: &str) -> Result<Self, ReasonError> {
        let same = |reason: &Self| {
            let without_hyphens = reason.name().replace('-', "");
            reason.name() == text || without_hyphens.eq_ignore_ascii_case(text)
        };
        Self::ALL.into_iter().find(same).ok_or_else(|| ReasonError::Unknown { found: text.to_owned() })
    }
}

/// Why a text names no reason.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReasonError {
    /// No such reason.
    #[error("there is no revocation reason `{found}`; there are {}", Reason::ALL.map(Reason::name).join(", "))]
    Unknown {
        /// What stands there.
        found: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_that_of_one_reason_or_of_none() {
        for code in 0..300 {
            let found = Reason::ALL.into_iter().find(|reason| u64::from(reason.code()) == code);
            assert_eq!(Reason::from_code(code), found, "{code}");
        }
    }

    #[test]
    fn a_reason_is_read_as_it_is_shown_and_as_the_standard_spells_it() {
        for reason in Reason::ALL {
            assert_eq!(reason.to_string().parse(), Ok(reason));
            assert_eq!(Reason::from_code(reason.code().into()), Some(reason));
        }
        assert_eq!("cessationOfOperation".parse(), Ok(Reason::CessationOfOperation));
        assert_eq!("cACompromise".parse(), Ok(Reason::CaCompromise));
        assert!("because".parse::<Reason>().is_err());
    }

    #[test]
    fn seven_is_no_reason() {
        assert_eq!(Reason::from_code(7), None);
        assert_eq!(Reason::from_code(11), None);
    }
}
