//! What certificates, CRLs, OCSP responses and requests contain: profiles, as data.
//!
//! A profile says everything about a structure but for what comes with each one (names, keys, serials, times) and
//! what it leaves open to the script. The kinds:
//! - `certificate`: root, subordinate and cross-certified subordinate CAs, OCSP responders;
//! - `crl`, `ocsp_response`, `request`.
//!
//! The rules of this folder:
//! - A script fills what a profile leaves open, all of that, and nothing else.
//! - What a profile says replaces what it inherits, key by key; lists as a whole, because their order is meaning.

mod certificate;
mod crl;
mod der;
pub mod extension;
mod identifier;
mod layer;
mod library;
mod names;
mod ocsp_response;
mod request;
mod signing;
mod term;

pub use certificate::{CertificateKind, CertificateProfile, CertificateValues, Copied};
pub use crl::{CrlProfile, CrlValues, RevokedEntry};
pub use identifier::KeyIdentifierMethod;
pub use library::{BuiltIn, Folder, Library};
pub use names::{FormChoice, NameForms};
pub use ocsp_response::{
    CertificateIdHash, OcspResponseProfile, OcspResponseValues, ResponderForm, SingleResponse, Status,
};
pub use request::{RequestProfile, RequestValues};
pub use signing::SignatureChoice;
pub use term::{Fills, Term, Uri};

use thiserror::Error;

use crate::clock::Lasting;
use crate::digest::Digest;
use crate::pki::key::KeyError;
use crate::pki::name::NameError;
use crate::pki::signature::SignatureAlgorithm;
use crate::script::{Id, Problems};

/// A profile with all that it inherits.
#[derive(Clone, Debug)]
pub struct Profile {
    /// What it is the profile of, and what it says.
    pub body: Body,
    /// The SHA-256 of the file's octets.
    pub sha256: Digest,
    /// What it comes to with everything inherited: canonical JSON (RFC 8785), every scalar as a string.
    pub resolved: String,
}

/// The kinds of profile.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Body {
    /// Of a certificate.
    Certificate(CertificateProfile),
    /// Of a CRL.
    Crl(CrlProfile),
    /// Of an OCSP response.
    OcspResponse(OcspResponseProfile),
    /// Of a certificate request.
    Request(RequestProfile),
}

impl Profile {
    /// Reads a profile and all that it inherits. `file` is its name in messages.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, and with what it inherits.
    pub fn read(file: &str, octets: &[u8], library: &dyn Library) -> Result<Self, Problems> {
        layer::read(file, octets, library)
    }

    /// The SHA-256 of what it comes to with everything inherited: changes whenever what it builds could change.
    pub fn resolved_sha256(&self) -> Digest {
        Digest::of(self.resolved.as_bytes())
    }

    /// The profile, if it is one of a certificate.
    pub const fn certificate(&self) -> Option<&CertificateProfile> {
        match &self.body {
            Body::Certificate(profile) => Some(profile),
            _ => None,
        }
    }

    /// The profile, if it is one of a CRL.
    pub const fn crl(&self) -> Option<&CrlProfile> {
        match &self.body {
            Body::Crl(profile) => Some(profile),
            _ => None,
        }
    }

    /// The profile, if it is one of an OCSP response.
    pub const fn ocsp_response(&self) -> Option<&OcspResponseProfile> {
        match &self.body {
            Body::OcspResponse(profile) => Some(profile),
            _ => None,
        }
    }

    /// The profile, if it is one of a certificate request.
    pub const fn request(&self) -> Option<&RequestProfile> {
        match &self.body {
            Body::Request(profile) => Some(profile),
            _ => None,
        }
    }

    /// Its kind, as the file says it.
    pub const fn kind(&self) -> &'static str {
        match &self.body {
            Body::Certificate(profile) => profile.kind().name(),
            Body::Crl(_) => "crl",
            Body::OcspResponse(_) => "ocsp-response",
            Body::Request(_) => "csr",
        }
    }
}

/// What a profile leaves to the script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// The holes in its texts, in the order of the file.
    holes: Vec<Id>,
    /// Whether the script says how long it lasts.
    lasts: bool,
    /// How long it lasts if the script does not say.
    default_lasts: Option<Lasting>,
}

impl Open {
    /// The names that a script has to fill: no other, and none left out.
    pub fn holes(&self) -> &[Id] {
        &self.holes
    }

    /// How long it lasts, by what the script says and what the profile says.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] if the script says it where the profile does not leave it open, or nobody says it.
    pub fn lasts(&self, script: Option<Lasting>) -> Result<Lasting, ProfileError> {
        match (script, self.lasts) {
            (Some(_), false) => Err(ProfileError::NotOpen { name: "lasts".to_owned() }),
            (Some(lasts), true) => Ok(lasts),
            (None, _) => self.default_lasts.ok_or(ProfileError::Unfilled { name: "lasts".to_owned() }),
        }
    }

    /// Compares what a script fills with what is open.
    ///
    /// # Errors
    ///
    /// The first [`ProfileError::NotOpen`] or [`ProfileError::Unfilled`].
    pub fn check(&self, fills: &Fills) -> Result<(), ProfileError> {
        let open = |name: &&String| self.holes.iter().any(|hole| hole.as_str() == name.as_str());
        if let Some(name) = fills.keys().find(|name| !open(name)) {
            return Err(ProfileError::NotOpen { name: name.clone() });
        }
        match self.holes.iter().find(|hole| !fills.contains_key(hole.as_str())) {
            Some(hole) => Err(ProfileError::Unfilled { name: hole.to_string() }),
            None => Ok(()),
        }
    }
}

/// Why a profile cannot make what was asked of it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfileError {
    /// The script has not filled a hole.
    #[error("the profile leaves `{name}` to the script, and the script does not say it")]
    Unfilled {
        /// The name of the hole.
        name: String,
    },
    /// The script says what is not open.
    #[error("the profile does not leave `{name}` to the script")]
    NotOpen {
        /// What the script says.
        name: String,
    },
    /// No absolute URI.
    #[error("found `{found}`, wanted an absolute URI in ASCII without spaces")]
    NotAUri {
        /// What stands there.
        found: String,
    },
    /// An attribute of a name that nobody knows.
    #[error("there is no attribute `{found}`; wanted a short name such as `CN`, or an identifier in digits")]
    UnknownAttribute {
        /// What stands there.
        found: String,
    },
    /// A name has an attribute that the profile has no string type for.
    #[error("the profile says no string type for the attribute `{name}`")]
    NoStringType {
        /// The attribute.
        name: String,
    },
    /// A name that cannot be made.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A key that cannot be read.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Something that the profile needs did not come with the structure.
    #[error("the profile needs the {what}, and there is none")]
    NotGiven {
        /// What it needs.
        what: &'static str,
    },
    /// The profile names a signature algorithm that is not for this key.
    #[error("the profile says `{named}`; the key signs with `{key}`")]
    Signature {
        /// What the profile says.
        named: SignatureAlgorithm,
        /// What the key demands.
        key: SignatureAlgorithm,
    },
    /// A time that no structure can say.
    #[error("nothing would last from {from} to {to}")]
    Times {
        /// The first second.
        from: crate::clock::Timestamp,
        /// The last second.
        to: crate::clock::Timestamp,
    },
    /// An OCSP response about nothing.
    #[error("an OCSP response is about one certificate at least")]
    NoCertificates,
}
