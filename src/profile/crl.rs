//! What CRLs contain. RFC 5280 §5.

use super::extension::{Extension, Given, encode};
use super::signing::SignatureChoice;
use super::term::Fills;
use super::{Open, ProfileError, der};
use crate::clock::Timestamp;
use crate::pki::build::element::{element, integer, sequence};
use crate::pki::name::Name;
use crate::pki::oid::extension::REASON_CODE;
use crate::pki::read::der::tag;
use crate::pki::serial::SerialNumber;
use crate::pki::signature::SignatureAlgorithm;

/// The profile of a CRL.
#[derive(Clone, Debug)]
pub struct CrlProfile {
    pub(super) signature: SignatureChoice,
    pub(super) extensions: Vec<Extension>,
    pub(super) open: Open,
}

/// What comes with one CRL.
#[derive(Clone, Debug)]
pub struct CrlValues<'v> {
    /// The issuer's subject, octet for octet.
    pub issuer: &'v Name,
    /// The subject key identifier in the issuer's certificate.
    pub issuer_key_identifier: Option<&'v [u8]>,
    /// What the issuer's key signs with when nothing else is said: [`SignatureAlgorithm::for_key`].
    pub key_signature: SignatureAlgorithm,
    /// The CRL number: an unsigned integer, most significant octet first.
    pub number: &'v [u8],
    /// When it was true.
    pub this_update: Timestamp,
    /// By when there will be another one.
    pub next_update: Timestamp,
    /// What is revoked, in the order in which it will stand.
    pub revoked: &'v [RevokedEntry],
    /// What the script fills in.
    pub fills: &'v Fills,
}

/// A revoked certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedEntry {
    /// Its serial number.
    pub serial: SerialNumber,
    /// Since when.
    pub revoked_at: Timestamp,
    /// Why: the number of a CRLReason (RFC 5280 §5.3.1). A certificate of a CA needs one (BR §7.2.2).
    pub reason: Option<u8>,
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

    /// The TBSCertList in DER: version 2; without entries there is no list of them. Source: RFC 5280 §5.1.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] if something is missing or does not fit.
    pub fn draft(&self, values: &CrlValues<'_>) -> Result<Vec<u8>, ProfileError> {
        let mut parts = self.head(values)?;
        if !values.revoked.is_empty() {
            let entries: Vec<_> = values.revoked.iter().map(RevokedEntry::der).collect();
            parts.push(sequence(&entries));
        }
        parts.extend(self.tail(values)?);
        Ok(sequence(&parts))
    }

    /// What stands before the entries: version to nextUpdate, one element each.
    fn head(&self, values: &CrlValues<'_>) -> Result<Vec<Vec<u8>>, ProfileError> {
        self.open.check(values.fills)?;
        let (from, to) = (values.this_update, values.next_update);
        if to < from {
            return Err(ProfileError::Times { from, to });
        }
        let signature = self.signature.choose(values.key_signature)?.der();
        Ok(vec![integer(1), signature, values.issuer.der().to_vec(), der::time(from), der::time(to)])
    }

    /// What stands after the entries: the extensions, if there are any.
    fn tail(&self, values: &CrlValues<'_>) -> Result<Option<Vec<u8>>, ProfileError> {
        let given = Given {
            fills: Some(values.fills),
            issuer_key_identifier: values.issuer_key_identifier.map(<[u8]>::to_vec),
            crl_number: Some(values.number.to_vec()),
            ..Given::default()
        };
        let extensions = encode(&self.extensions, &given)?;
        Ok(extensions.map(|extensions| element(tag::context_constructed(0), &extensions)))
    }
}

impl RevokedEntry {
    /// One entry of revokedCertificates; its reason is an ENUMERATED and never critical. Source: RFC 5280 §5.3.1.
    fn der(&self) -> Vec<u8> {
        let mut parts = vec![der::serial(&self.serial), der::time(self.revoked_at)];
        if let Some(reason) = self.reason {
            let value = element(tag::OCTET_STRING, &element(tag::ENUMERATED, &[reason]));
            let extension = sequence(&[element(tag::OID, REASON_CODE.as_bytes()), value]);
            parts.push(sequence(&[extension]));
        }
        sequence(&parts)
    }
}
