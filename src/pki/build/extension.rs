//! Extensions, written: each with its identifier, its criticality and its value.
//!
//! The values of all the kinds we know are made here; a kind we do not know can be given as octets.

use super::element::{concatenated, element, integer, sequence, unsigned_integer};
use super::value::{self, Access, GeneralNameParts, PolicyParts};
use super::{BuildError, time};
use crate::clock::Timestamp;
use crate::pki::oid::{Oid, extension as known};
use crate::pki::read::der::tag;
use crate::pki::reason::Reason;
use crate::pki::usage::KeyUsage;

/// One extension to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its identifier.
    pub oid: Oid,
    /// Whether it is critical.
    pub critical: bool,
    /// The octets of its value: the content of the OCTET STRING.
    pub value: Vec<u8>,
}

/// Which certificates a CRL is about. Source: RFC 5280 §5.2.5.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CrlScope<'a> {
    /// The URIs of the distribution point, as the certificates name it.
    pub uris: &'a [&'a str],
    /// onlyContainsUserCerts.
    pub only_user_certificates: bool,
    /// onlyContainsCACerts.
    pub only_ca_certificates: bool,
}

impl Extension {
    /// An extension of any kind, its value given.
    pub const fn new(oid: Oid, critical: bool, value: Vec<u8>) -> Self {
        Self { oid, critical, value }
    }

    /// Key usage: its named bits, trailing zeros cut off.
    ///
    /// # Errors
    ///
    /// [`BuildError::Empty`] if there is no usage.
    pub fn key_usage(critical: bool, usage: KeyUsage) -> Result<Self, BuildError> {
        Ok(Self::new(known::KEY_USAGE, critical, value::key_usage(usage)?))
    }

    /// Extended key usage: the purposes in this order.
    ///
    /// # Errors
    ///
    /// [`BuildError::Empty`] if there is none.
    pub fn extended_key_usage(critical: bool, purposes: &[Oid]) -> Result<Self, BuildError> {
        Ok(Self::new(known::EXTENDED_KEY_USAGE, critical, value::extended_key_usage(purposes)?))
    }

    /// Basic constraints.
    ///
    /// # Errors
    ///
    /// [`BuildError::Forbidden`] for a path length of what is no CA.
    pub fn basic_constraints(critical: bool, ca: bool, path_length: Option<u8>) -> Result<Self, BuildError> {
        Ok(Self::new(known::BASIC_CONSTRAINTS, critical, value::basic_constraints(ca, path_length)?))
    }

    /// Subject key identifier.
    ///
    /// # Errors
    ///
    /// [`BuildError::Empty`] if it has no octets.
    pub fn subject_key_identifier(identifier: &[u8]) -> Result<Self, BuildError> {
        let value = value::subject_key_identifier(identifier)?;
        Ok(Self::new(known::SUBJECT_KEY_IDENTIFIER, false, value))
    }

    /// Authority key identifier: the issuer's subject key identifier, copied, and nothing else.
    ///
    /// # Errors
    ///
    /// [`BuildError::Empty`] if it has no octets.
    pub fn authority_key_identifier(identifier: &[u8]) -> Result<Self, BuildError> {
        let value = value::authority_key_identifier(identifier)?;
        Ok(Self::new(known::AUTHORITY_KEY_IDENTIFIER, false, value))
    }

    /// Authority information access: what is where, in this order.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if there is none or a URI is not ASCII.
    pub fn authority_information_access(descriptions: &[(Access, &str)]) -> Result<Self, BuildError> {
        let value = value::authority_information_access(descriptions)?;
        Ok(Self::new(known::AUTHORITY_INFORMATION_ACCESS, false, value))
    }

    /// CRL distribution points: one for each list of URIs.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if there is none or a URI is not ASCII.
    pub fn crl_distribution_points(points: &[&[&str]]) -> Result<Self, BuildError> {
        let value = value::crl_distribution_points(points)?;
        Ok(Self::new(known::CRL_DISTRIBUTION_POINTS, false, value))
    }

    /// Certificate policies in this order.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if there is none or a CPS URI is not ASCII.
    pub fn certificate_policies(critical: bool, policies: &[PolicyParts<'_>]) -> Result<Self, BuildError> {
        Ok(Self::new(known::CERTIFICATE_POLICIES, critical, value::certificate_policies(policies)?))
    }

    /// Name constraints: permitted and excluded subtrees.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if there is neither, or a name cannot be encoded.
    pub fn name_constraints(
        critical: bool,
        permitted: &[GeneralNameParts<'_>],
        excluded: &[GeneralNameParts<'_>],
    ) -> Result<Self, BuildError> {
        Ok(Self::new(known::NAME_CONSTRAINTS, critical, value::name_constraints(permitted, excluded)?))
    }

    /// Policy constraints, critical as RFC 5280 §4.2.1.11 demands.
    ///
    /// # Errors
    ///
    /// [`BuildError::Empty`] if there is neither.
    pub fn policy_constraints(
        require_explicit_policy: Option<u32>,
        inhibit_policy_mapping: Option<u32>,
    ) -> Result<Self, BuildError> {
        let value = value::policy_constraints(require_explicit_policy, inhibit_policy_mapping)?;
        Ok(Self::new(known::POLICY_CONSTRAINTS, true, value))
    }

    /// Inhibit anyPolicy, critical as RFC 5280 §4.2.1.14 demands.
    pub fn inhibit_any_policy(skip_certificates: u32) -> Self {
        Self::new(known::INHIBIT_ANY_POLICY, true, integer(skip_certificates.into()))
    }

    /// Subject alternative names.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if there is none, or a name cannot be encoded.
    pub fn subject_alt_name(critical: bool, names: &[GeneralNameParts<'_>]) -> Result<Self, BuildError> {
        Ok(Self::new(known::SUBJECT_ALT_NAME, critical, value::general_names(names)?))
    }

    /// id-pkix-ocsp-nocheck: NULL, not critical. Source: RFC 6960 §4.2.2.2.1.
    pub fn ocsp_no_check() -> Self {
        Self::new(known::OCSP_NO_CHECK, false, element(tag::NULL, &[]))
    }

    /// CRL number.
    pub fn crl_number(number: u64) -> Self {
        Self::new(known::CRL_NUMBER, false, integer(number))
    }

    /// CRL number of any size, unsigned, most significant octet first.
    pub fn large_crl_number(number: &[u8]) -> Self {
        Self::new(known::CRL_NUMBER, false, unsigned_integer(number))
    }

    /// Issuing distribution point, critical. Its identifier is 2.5.29.28, whatever `x509-cert` says.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if it says nothing, too much, or a URI is not ASCII.
    pub fn issuing_distribution_point(scope: &CrlScope<'_>) -> Result<Self, BuildError> {
        let value = value::issuing_distribution_point(scope)?;
        Ok(Self::new(known::ISSUING_DISTRIBUTION_POINT, true, value))
    }

    /// Reason code of a CRL entry.
    pub fn reason_code(reason: Reason) -> Self {
        Self::new(known::REASON_CODE, false, element(tag::ENUMERATED, &[reason.code()]))
    }

    /// Invalidity date of a CRL entry: always a GeneralizedTime.
    pub fn invalidity_date(at: Timestamp) -> Self {
        Self::new(known::INVALIDITY_DATE, false, time::generalized(at))
    }
}

/// `[number] EXPLICIT Extensions`, or nothing if there are none.
pub(super) fn extensions(number: u8, extensions: &[Extension]) -> Vec<u8> {
    if extensions.is_empty() {
        return Vec::new();
    }
    element(tag::context_constructed(number), &extension_list(extensions))
}

/// A SEQUENCE OF Extension.
pub(super) fn extension_list(extensions: &[Extension]) -> Vec<u8> {
    sequence(&extensions.iter().map(extension).collect::<Vec<_>>())
}

/// One Extension.
pub(crate) fn extension(extension: &Extension) -> Vec<u8> {
    let oid = element(tag::OID, extension.oid.as_bytes());
    let critical = if extension.critical { element(tag::BOOLEAN, &[0xff]) } else { Vec::new() };
    let value = element(tag::OCTET_STRING, &extension.value);
    concatenated(tag::SEQUENCE, &[&oid, &critical, &value])
}
