//! What can be wrong with a log: one code per kind, the same in every program that reads logs.
//!
//! A [`Fault`] says what is wrong with some octets, a [`Finding`] also where in the log or the bundle.

use std::error::Error;
use std::fmt;

/// Makes [`Code`], its names and its meanings from one table.
macro_rules! codes {
    ($($code:ident $meaning:literal,)*) => {
        /// A code of the table in ceremony-log/v1 §5. `E…` refuses, `W…` warns.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code { $(#[doc = $meaning] $code,)* }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$code,)*];

            /// What the code means, in the table's words.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$code => $meaning,)* }
            }

            /// The code as people write it: `E126`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)* }
            }
        }
    };
}

codes! {
    E101 "verifier key id",
    E102 "policy syntax",
    E103 "note signature line",
    E104 "base64 not canonical",
    E105 "extension line",
    E106 "tree size",
    E107 "bad log signature",
    E108 "bad cosignature",
    E109 "no pinned log signature",
    E110 "quorum",
    E111 "origin",
    E112 "cosignature in the future",
    E113 "cosignature stale",
    E120 "torn last line",
    E121 "not JSON",
    E122 "duplicate key",
    E123 "float, null or range",
    E124 "not canonical",
    E125 "sequence",
    E126 "chain broken",
    E127 "time went back without an approved clock.set",
    E128 "line or field limits, forbidden character",
    E129 "unknown record version",
    E130 "log shorter or longer than the head",
    E131 "root differs",
    E132 "rollback",
    E133 "fork",
    E140 "artifact not in log",
    E141 "artifact missing",
    E142 "artifact extra",
    E143 "name is not the digest",
    E144 "proof",
    E150 "unclosed ceremony",
    E151 "aborted ceremony",
    E152 "open intent",
    E153 "result without intent",
    E154 "unknown signing event",
    E155 "quorum or approval",
    E156 "tool or module digest",
    E157 "script, plan, site or profile digest",
    E158 "practice log at import",
    E159 "foreign key, or used before it was live",
    E160 "root key not pinned",
    E161 "root self-signature",
    E162 "root profile",
    E163 "root not valid now",
    E164 "subordinate CA not signed by the pinned root",
    E165 "issuer octets or authority key identifier",
    E166 "subordinate CA not expected",
    E167 "subordinate CA has another key",
    E168 "basic constraints or path length",
    E169 "key usage or extended key usage",
    E170 "certificate policies",
    E171 "CRL distribution points or authority information access",
    E172 "validity outside the root's, or not valid now",
    E173 "serial short or used twice",
    E174 "subordinate CA on the CRL",
    E175 "to-be-signed digest differs from the intent",
    E180 "no private key on the online token",
    E181 "signature of the online key does not verify",
    E182 "online key extractable",
    E190 "CRL signature",
    E191 "CRL issuer octets",
    E192 "CRL number not above the last, or superseded",
    E193 "CRL stale or from the future",
    E194 "CRL lasts too long",
    E195 "revocation missing or without reason",
    E196 "revocation undone",
    E197 "OCSP signature or responder",
    E198 "OCSP certificate id",
    E199 "OCSP window",
    E200 "next ceremony due after a deadline",
    E210 "exported folder does not regenerate",
    W201 "unknown event",
    W203 "practice log",
    W204 "cosignature older than 30 days",
    W205 "next due within 60 days",
}

impl Code {
    /// Whether the code refuses. Otherwise it warns.
    pub fn is_error(self) -> bool {
        self.name().starts_with('E')
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is wrong with some octets, whoever holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The kind.
    pub code: Code,
    /// What was found and what was wanted.
    pub message: String,
}

impl Fault {
    /// A fault with its message: lower case, no full stop.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The same, with the place it was found in.
    pub fn at(self, place: Place) -> Finding {
        Finding { code: self.code, message: self.message, place }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl Error for Fault {}

/// Where something was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The log as a whole.
    Log,
    /// A line of the log, counted from 1 as editors do: the record's `seq` is one less.
    Line(u64),
    /// The checkpoint.
    Checkpoint,
    /// The policy.
    Policy,
    /// A file of the bundle, by its name in it.
    File(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log => f.write_str("log.jsonl"),
            Self::Line(line) => write!(f, "log.jsonl:{line}"),
            Self::Checkpoint => f.write_str("checkpoint"),
            Self::Policy => f.write_str("policy"),
            Self::File(name) => f.write_str(name),
        }
    }
}

/// One thing that is wrong or worth a warning, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The kind.
    pub code: Code,
    /// What was found and what was wanted.
    pub message: String,
    /// Where.
    pub place: Place,
}

impl Finding {
    /// A finding with its message: lower case, no full stop.
    pub fn new(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), place }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.code, self.place, self.message)
    }
}

impl Error for Finding {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_named_once_and_in_order() {
        let names: Vec<_> = Code::ALL.iter().map(ToString::to_string).collect();
        let mut sorted = names.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(names, sorted);
        assert_eq!(names.len(), 77);
    }

    #[test]
    fn errors_refuse_and_warnings_do_not() {
        assert!(Code::E210.is_error());
        assert!(!Code::W201.is_error());
    }

    #[test]
    fn a_finding_says_code_place_and_message() {
        let finding = Fault::new(Code::E126, "prev is 00").at(Place::Line(7));
        assert_eq!(finding.to_string(), "E126 log.jsonl:7: prev is 00");
    }
}
