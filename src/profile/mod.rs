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
pub mod extension;
mod identifier;
mod layer;
mod library;
mod names;
mod ocsp_response;
pub mod reading;
mod request;
mod signing;
mod term;
mod times;

pub use certificate::{CertificateKind, CertificateProfile, CertificateValues, Copied, FoundValues};
pub use crl::{CrlProfile, CrlValues};
pub use identifier::KeyIdentifier;
pub use layer::Kind;
pub use library::{Begun, BuiltIn, Folder, Library};
pub use names::{FormChoice, NameForms};
pub use ocsp_response::{
    CertificateIds, OcspResponseProfile, OcspResponseValues, ResponderForm, SingleResponse,
};
pub use request::{RequestProfile, RequestValues};
pub use signing::{DraftOnly, SignatureChoice};
pub use term::{Fills, Term, Uri};

use thiserror::Error;

use crate::clock::Lasting;
use crate::digest::Digest;
use crate::pki::build::BuildError;
use crate::pki::{NameError, SignatureAlgorithm};
use crate::script::{Id, Problems, shown};

/// A profile with all that it inherits.
#[derive(Clone, Debug)]
pub struct Profile {
    /// What it is the profile of, and what it says.
    pub body: Body,
    /// The SHA-256 of the file's octets.
    pub file_sha256: Digest,
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
    /// Reads a profile of a library and all that it inherits.
    ///
    /// # Errors
    ///
    /// [`LoadError`] if there is none of this name, it cannot be read, or something is wrong with it.
    pub fn load(name: &str, library: &dyn Library) -> Result<Self, LoadError> {
        let failed = |error| LoadError::Disk { name: shown(name), because: error };
        match library.find(name).map_err(failed)? {
            Some((file, octets)) => Self::read(&file, &octets, library).map_err(LoadError::Problems),
            None => Err(LoadError::Unknown { name: shown(name), known: library.names().map_err(failed)? }),
        }
    }

    /// Reads a profile and all that it inherits. `file` is its name in messages.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, and with what it inherits.
    pub fn read(file: &str, octets: &[u8], library: &dyn Library) -> Result<Self, Problems> {
        layer::read(file, octets, library)
    }

    /// The SHA-256 of all that it says with everything inherited: changes whenever what it makes could change, and
    /// not with its comments.
    pub fn sha256(&self) -> Digest {
        Digest::of(self.resolved.as_bytes())
    }

    /// What it is the profile of.
    pub const fn kind(&self) -> Kind {
        match &self.body {
            Body::Certificate(profile) => Kind::Certificate(profile.kind()),
            Body::Crl(_) => Kind::Crl,
            Body::OcspResponse(_) => Kind::OcspResponse,
            Body::Request(_) => Kind::Request,
        }
    }

    /// The string types of names; the usual ones where a structure makes no name.
    pub fn names(&self) -> &NameForms {
        match &self.body {
            Body::Certificate(profile) => profile.names(),
            Body::Request(profile) => profile.names(),
            Body::Crl(_) | Body::OcspResponse(_) => &USUAL_NAMES,
        }
    }

    /// What the script has to say.
    pub const fn open(&self) -> &Open {
        match &self.body {
            Body::Certificate(profile) => profile.open(),
            Body::Crl(profile) => profile.open(),
            Body::OcspResponse(profile) => profile.open(),
            Body::Request(profile) => profile.open(),
        }
    }

    /// With which algorithm it is signed.
    pub const fn signature(&self) -> SignatureChoice {
        match &self.body {
            Body::Certificate(profile) => profile.signature(),
            Body::Crl(profile) => profile.signature(),
            Body::OcspResponse(profile) => profile.signature(),
            Body::Request(profile) => profile.signature(),
        }
    }

    /// The extensions, in their order.
    pub fn extensions(&self) -> &[extension::Extension] {
        match &self.body {
            Body::Certificate(profile) => profile.extensions(),
            Body::Crl(profile) => profile.extensions(),
            Body::OcspResponse(profile) => profile.extensions(),
            Body::Request(profile) => profile.extensions(),
        }
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
}

/// Why a profile of a library cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// There is none of this name.
    #[error("there is no profile `{name}`; the profiles are {}", known.join(", "))]
    Unknown {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// The disk refuses.
    #[error("the profile `{name}` could not be read: {because}")]
    Disk {
        /// The name.
        name: String,
        /// What the disk says.
        because: std::io::Error,
    },
    /// Something is wrong with it: every problem, with its place.
    #[error("{0}")]
    Problems(Problems),
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
    /// An extension that cannot be made.
    #[error(transparent)]
    Build(#[from] BuildError),
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
    /// An algorithm that a profile can say and nothing here signs with.
    #[error("the profile says `{named}`, which can be drafted and is never signed with")]
    DraftOnly {
        /// The algorithm.
        named: &'static str,
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

/// For structures that make no name of their own.
static USUAL_NAMES: NameForms = NameForms::USUAL;

#[cfg(test)]
mod tests {
    use super::*;

    fn open(holes: &[&str], lasts: bool, default_lasts: Option<&str>) -> Open {
        let holes = holes.iter().map(|hole| hole.parse().unwrap()).collect();
        Open { holes, lasts, default_lasts: default_lasts.map(|lasts| lasts.parse().unwrap()) }
    }

    #[test]
    fn a_script_fills_all_that_is_open_and_nothing_else() {
        let fills =
            |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect::<Fills>();
        let open = open(&["a", "b"], true, None);
        assert_eq!(open.check(&fills(&["a", "b"])), Ok(()));
        assert_eq!(open.check(&fills(&["a"])), Err(ProfileError::Unfilled { name: "b".to_owned() }));
        assert_eq!(open.check(&fills(&["a", "b", "c"])), Err(ProfileError::NotOpen { name: "c".to_owned() }));
    }

    #[test]
    fn how_long_it_lasts_is_said_once() {
        let lasts = |text: &str| text.parse::<Lasting>().unwrap();
        let (day, year) = (lasts("1 day"), lasts("365 days"));
        assert_eq!(open(&[], true, None).lasts(Some(day)), Ok(day));
        assert_eq!(open(&[], true, Some("365 days")).lasts(Some(day)), Ok(day));
        assert_eq!(open(&[], true, Some("365 days")).lasts(None), Ok(year));
        assert_eq!(open(&[], false, Some("365 days")).lasts(None), Ok(year));
        let not_open = Err(ProfileError::NotOpen { name: "lasts".to_owned() });
        assert_eq!(open(&[], false, Some("365 days")).lasts(Some(day)), not_open);
        assert_eq!(
            open(&[], true, None).lasts(None),
            Err(ProfileError::Unfilled { name: "lasts".to_owned() })
        );
    }
}
