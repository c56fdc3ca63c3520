//! What CRLs contain. RFC 5280 §5.

use super::extension::{Extension, Given, build};
use super::signing::SignatureChoice;
use super::term::Fills;
use super::{Open, ProfileError};
use crate::clock::Timestamp;
use crate::pki::build::{CrlParts, Streamed, tbs_crl};
use crate::pki::{Name, RevokedList, SignatureAlgorithm};

/// The profile of a CRL.
#[derive(Clone, Debug)]
pub struct CrlProfile {
    pub(super) signature: SignatureChoice,
    pub(super) extensions: Vec<Extension>,
    pub(super) open: Open,
}

/// What comes with one CRL.
#[derive(Clone, Copy, Debug)]
pub struct CrlValues<'v> {
    /// The issuer's subject, octet for octet.
    pub issuer: &'v Name,
    /// The subject key identifier in the issuer's certificate.
    pub issuer_key_identifier: Option<&'v [u8]>,
    /// What the issuer's key signs with when nothing else is said: [`SignatureAlgorithm::for_key`].
    pub issuer_signature: SignatureAlgorithm,
    /// The CRL number: an unsigned integer, most significant octet first.
    pub number: &'v [u8],
    /// When it was true.
    pub this_update: Timestamp,
    /// By when there will be another one.
    pub next_update: Timestamp,
    /// What is revoked, in the order in which it will stand.
    pub revoked: &'v RevokedList,
    /// What the script fills in.
    pub fills: &'v Fills,
}

impl CrlProfile {
    /// What the script has to say.
    pub const fn open(&self) -> &Open {
        &self.open
    }

    /// The extensions, in their order.
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// With which algorithm it is signed.
    pub const fn signature(&self) -> SignatureChoice {
        self.signature
    }

    /// The TBSCertList in DER, its entries not in memory. Source: RFC 5280 §5.1.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] if something is missing or does not fit.
    pub fn draft(&self, values: &CrlValues<'_>) -> Result<Streamed, ProfileError> {
        self.open.check(values.fills)?;
        let (from, to) = (values.this_update, values.next_update);
        if to < from {
            return Err(ProfileError::Times { from, to });
        }
        let algorithm = self.signature.choose(values.issuer_signature)?.der();
        let given = Given {
            fills: Some(values.fills),
            issuer_key_identifier: values.issuer_key_identifier.map(<[u8]>::to_vec),
            crl_number: Some(values.number.to_vec()),
            ..Given::default()
        };
        let extensions = build(&self.extensions, &given)?;
        Ok(tbs_crl(&CrlParts {
            algorithm: &algorithm,
            issuer: values.issuer,
            this_update: from,
            next_update: to,
            revoked: values.revoked,
            extensions: &extensions,
        }))
    }
}
