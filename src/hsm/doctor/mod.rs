//! What a token can really do, found out by trying it: lists and flags of mechanisms are claims, and some are not true.
//!
//! The rules of this folder:
//! - What is made is made for a session and goes with it. No object of the token is read, used, changed or destroyed, but for
//!   one of `changes`, which whoever asks for it has made.
//! - A token that makes an object of its own where it was asked for one of the session is told apart at once; what it made is
//!   destroyed by its handle, and nothing more is made there.
//! - No probe logs in, changes a PIN or initialises anything. Each has sessions of its own, a new one after each refusal.
//! - What a token refuses is a finding. What could not be tried is said to be unknown.
//! - Who asks compares the token's inventory before and after.

pub(super) mod changes;
mod data;
mod format;
mod hashes;
mod keys;
mod ladder;
mod mechanisms;
mod random;
mod seals;
mod sessions;
mod throw_away;
mod wraps;

use std::fmt;
use std::time::{Duration, Instant};

pub use hashes::HashedBy;

use super::direct::place::{Place, Task};
use super::raw::Fault;
use super::wire::{wire_enum, wire_list, wire_struct};
use super::{AttributeName, Operation, Quirks, STANDARD, TokenError};

/// Makes the list of probes: each one a file.
macro_rules! probes {
    ($($(#[$about:meta])* $probe:ident = $number:literal $module:ident $name:literal;)+) => {
        /// One thing to find out about a token.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Probe { $($(#[$about])* $probe,)+ }

        impl Probe {
            /// All of them, in their order.
            pub const ALL: &[Self] = &[$(Self::$probe,)+];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$probe => $name,)+ }
            }

            /// Whether it makes objects, for which somebody has to be logged in.
            pub const fn makes_objects(self) -> bool {
                match self { $(Self::$probe => $module::MAKES_OBJECTS,)+ }
            }
        }

        wire_enum!(Probe { $($number $probe,)+ });

        /// Tries one thing.
        pub(super) fn find_out(probe: Probe, place: &Place, quirks: &Quirks) -> Result<Vec<Finding>, TokenError> {
            let bench = Bench { place, quirks: Quirks { user_type: quirks.user_type, ..STANDARD } };
            match probe { $(Probe::$probe => $module::find_out(&bench),)+ }
        }
    };
}

probes! {
    /// Which mechanisms it names, and which a ceremony needs.
    Mechanisms = 0 mechanisms "mechanisms";
    /// Whether its random octets look random, and how many come at once.
    Random = 1 random "random";
    /// How many sessions there can be at once.
    Sessions = 2 sessions "sessions";
    /// Which keys it makes, as the ceremony asks for them, and whether they sign.
    Keys = 3 keys "keys";
    /// By which mechanisms a key leaves it and comes back, and what the wrapped key looks like.
    Wraps = 4 wraps "wraps";
    /// Whether it signs digests, or only what it hashes itself.
    Hashes = 6 hashes "hashes";
    /// How a key that may leave it is sealed.
    Seals = 7 seals "seals";
    /// Whether it keeps data objects.
    Data = 5 data "data objects";
}

/// What was found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// About what.
    pub subject: String,
    /// Whether it is as a ceremony needs it.
    pub found: Found,
    /// What was found, for people.
    pub detail: String,
    /// How long the one call took that it is about, in microseconds; nothing if it is about none.
    pub microseconds: Option<u64>,
    /// What follows for the site file.
    pub says: Vec<Says>,
}

/// Whether something is as a ceremony needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is.
    Good,
    /// The token does not do it, and says so.
    Lacking,
    /// The token does it, and wrongly: keys or backups would be lost or weak.
    Wrong,
    /// It could not be found out.
    Unknown,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Good => "ok",
            Self::Lacking => "lacks",
            Self::Wrong => "wrong",
            Self::Unknown => "unknown",
        })
    }
}

/// What follows for the site file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// An attribute is left out of the template of a private key.
    OmitPrivate(AttributeName),
    /// An attribute is left out of the template of a public key.
    OmitPublic(AttributeName),
    /// What the token says of this attribute is not what happened.
    Untold(AttributeName),
    /// So many random octets come in one call.
    RandomLimit(usize),
    /// A mechanism wraps into a format, and what it wraps comes back.
    Wraps {
        /// The format.
        format: WrappedFormat,
        /// The mechanism's number.
        mechanism: u64,
    },
    /// It keeps no data objects.
    NoDataObjects,
    /// It has room for so many sessions.
    Sessions(usize),
    /// What it signs so.
    Hashes {
        /// By which way of signing.
        by: HashedBy,
        /// Whether only what it hashes itself. Otherwise it takes a digest.
        itself: bool,
    },
    /// How a key that may leave is sealed.
    Seals {
        /// Whether only by being replaced. Otherwise its attribute is cleared.
        replaced: bool,
    },
}

/// What a wrapped key looks like, found by decrypting it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrappedFormat {
    /// AES key wrap with padding, RFC 5649.
    Rfc5649,
    /// AES key wrap, RFC 3394, over the key and up to seven zeros.
    Rfc3394,
    /// AES key wrap, RFC 3394, over PKCS#7 padding.
    Rfc3394Pkcs7,
}

/// What octets look like that this key wrapped; nothing if they are in no format that is known here, or hold no PKCS#8.
pub(super) fn wrapped_format(kek: &[u8; 32], wrapped: &[u8]) -> Option<WrappedFormat> {
    format::format_of(kek, wrapped).map(|told| told.format)
}

impl WrappedFormat {
    /// The name in site files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rfc5649 => "rfc5649",
            Self::Rfc3394 => "rfc3394",
            Self::Rfc3394Pkcs7 => "rfc3394-pkcs7",
        }
    }
}

impl Finding {
    /// A finding that is about no single call and says nothing for the site file.
    fn new(subject: impl Into<String>, found: Found, detail: impl Into<String>) -> Self {
        let (subject, detail) = (subject.into(), detail.into());
        Self { subject, found, detail, microseconds: None, says: Vec::new() }
    }

    /// With how long its call took.
    fn after(self, took: Duration) -> Self {
        Self { microseconds: Some(u64::try_from(took.as_micros()).unwrap_or(u64::MAX)), ..self }
    }

    /// With what follows for the site file.
    fn saying(self, says: Vec<Says>) -> Self {
        Self { says, ..self }
    }
}

/// A place to try things at.
struct Bench<'a> {
    place: &'a Place,
    quirks: Quirks,
}

impl Bench<'_> {
    /// A new session: whatever happened in another spoils nothing here.
    fn session(&self) -> Result<Task<'_>, TokenError> {
        let operation = Operation::Examine;
        Ok(Task { operation, place: self.place, quirks: &self.quirks, session: self.place.open(operation)? })
    }
}

/// What a refusal is, for people.
fn refusal(fault: Fault) -> String {
    match fault {
        Fault::Code(function, code) => format!("{function} returned {code}"),
        Fault::NoFunction(function) => format!("the module has no {function}"),
        Fault::Absurd(function) => format!("{function} answered more than there can be"),
    }
}

/// Does something and says how long it took.
fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let done = act();
    (done, began.elapsed())
}

wire_enum!(Found { 0 Good, 1 Lacking, 2 Wrong, 3 Unknown });
wire_enum!(WrappedFormat { 0 Rfc5649, 1 Rfc3394, 2 Rfc3394Pkcs7 });
wire_enum!(Says {
    0 OmitPrivate(attribute),
    1 OmitPublic(attribute),
    2 Untold(attribute),
    3 RandomLimit(octets),
    4 Wraps { format, mechanism },
    5 NoDataObjects,
    6 Sessions(count),
    7 Hashes { by, itself },
    8 Seals { replaced },
});
wire_struct!(Finding { subject, found, detail, microseconds, says });
wire_list!(Finding, Says);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hsm::wire::{decode, encode};

    #[test]
    fn a_finding_arrives_as_it_was_sent() {
        let says = vec![
            Says::OmitPrivate(AttributeName::Copyable),
            Says::Wraps { format: WrappedFormat::Rfc3394Pkcs7, mechanism: 0x210a },
            Says::Hashes { by: HashedBy::RsaPss, itself: true },
            Says::Seals { replaced: true },
        ];
        let finding =
            Finding::new("keys", Found::Wrong, "detail").after(Duration::from_millis(2)).saying(says);
        assert_eq!(decode(&encode(&vec![finding.clone()])), Ok(vec![finding]));
        for probe in Probe::ALL {
            assert_eq!(decode(&encode(probe)), Ok(*probe));
        }
    }

    #[test]
    fn what_a_token_refuses_is_said_with_its_code() {
        assert_eq!(refusal(Fault::NoFunction("C_WrapKey")), "the module has no C_WrapKey");
        let code = crate::hsm::ReturnCode(0x70);
        assert_eq!(refusal(Fault::Code("C_WrapKey", code)), "C_WrapKey returned CKR_MECHANISM_INVALID");
    }
}
