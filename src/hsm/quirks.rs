//! What differs between makes of HSM, as data.
//!
//! The values come from outside (quirk files, the site file); this folder reads no file.

use super::AttributeName;

/// How one make of HSM differs from the standard.
///
/// Written as `Quirks { random_limit: 1024, ..STANDARD }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quirks {
    /// How many octets an id may have.
    pub id_octets: usize,
    /// Attributes that the token does not accept in the template of a private key.
    pub omit_private: Vec<AttributeName>,
    /// Attributes that the token does not accept in the template of a public key.
    pub omit_public: Vec<AttributeName>,
    /// How many octets of randomness the token gives in one call.
    pub random_limit: usize,
    /// How many sessions may work side by side.
    pub most_sessions: usize,
}

/// A token without quirks.
pub const STANDARD: Quirks = Quirks {
    id_octets: 16,
    omit_private: Vec::new(),
    omit_public: Vec::new(),
    random_limit: 4096,
    most_sessions: 64,
};
