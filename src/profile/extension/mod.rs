//! The extensions that a profile can ask for: one list, what each says, and in which structures it may be.
//!
//! Values that come with a certificate (a key's identifier, a CRL's number) are not in the profile; the profile says
//! that they are wanted, and where in the order.

mod constraints;
mod distribution;
mod other;
mod policies;
mod usage;

pub use constraints::{BasicConstraints, NameConstraints, PathLength, PolicyConstraints, Subtree, Subtrees};
pub use distribution::{Accesses, Covered, DistributionPoints, IssuingDistributionPoint};
pub use other::Other;
pub use policies::{Policies, Policy};
pub use usage::{Purposes, purpose_name};

use super::ProfileError;
use super::certificate::Copied;
use super::term::{Fills, Term};
use crate::pki::build::Extension as Built;
use crate::pki::oid::{Oid, extension};
use crate::pki::usage::KeyUsage;
use crate::script::{Fields, FromNode, Node, Place, Problems, Value, listed, unknown, wrong};

/// One extension of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Where it stands in the profile.
    pub place: Place,
    /// Whether a reader that does not know it has to refuse the whole.
    pub critical: bool,
    /// What it says.
    pub content: Content,
}

/// What an extension says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// RFC 5280 §4.2.1.3; at least one.
    KeyUsage(KeyUsage),
    /// RFC 5280 §4.2.1.12.
    ExtendedKeyUsage(Purposes),
    /// RFC 5280 §4.2.1.9.
    BasicConstraints(BasicConstraints),
    /// RFC 5280 §4.2.1.2: made from the subject's key, or copied.
    SubjectKeyIdentifier,
    /// RFC 5280 §4.2.1.1: the issuer's subject key identifier, and nothing else.
    AuthorityKeyIdentifier,
    /// RFC 5280 §4.2.2.1.
    AuthorityInformationAccess(Accesses),
    /// RFC 5280 §4.2.1.4.
    CertificatePolicies(Policies),
    /// RFC 5280 §4.2.1.13.
    CrlDistributionPoints(DistributionPoints),
    /// RFC 5280 §4.2.1.10.
    NameConstraints(NameConstraints),
    /// RFC 5280 §4.2.1.11.
    PolicyConstraints(PolicyConstraints),
    /// RFC 5280 §4.2.1.14: after how many certificates anyPolicy no longer counts.
    InhibitAnyPolicy(u32),
    /// RFC 6960 §4.2.2.2.1.
    OcspNoCheck,
    /// RFC 5280 §5.2.3: of a CRL.
    CrlNumber,
    /// RFC 5280 §5.2.5: of a CRL.
    IssuingDistributionPoint(IssuingDistributionPoint),
    /// Any other one, as octets.
    Other(Other),
}

/// The structures that have extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Structure {
    /// A certificate.
    Certificate,
    /// A certificate request, which asks for them.
    Request,
    /// A CRL.
    Crl,
    /// An OCSP response.
    OcspResponse,
}

/// What extensions say that no profile can know.
#[derive(Clone, Debug, Default)]
pub struct Given<'g> {
    /// The texts that the script fills in.
    pub fills: Option<&'g Fills>,
    /// The identifier of the subject's key.
    pub subject_key_identifier: Option<Vec<u8>>,
    /// The identifier of the issuer's key: the value in the issuer's own certificate.
    pub issuer_key_identifier: Option<Vec<u8>>,
    /// What is copied from the certificate that is being cross-signed.
    pub copied: Option<&'g Copied>,
    /// The number of a CRL: an unsigned integer, most significant octet first.
    pub crl_number: Option<Vec<u8>>,
}

impl Extension {
    /// Its object identifier.
    pub const fn oid(&self) -> Oid {
        match &self.content {
            Content::KeyUsage(_) => extension::KEY_USAGE,
            Content::ExtendedKeyUsage(_) => extension::EXTENDED_KEY_USAGE,
            Content::BasicConstraints(_) => extension::BASIC_CONSTRAINTS,
            Content::SubjectKeyIdentifier => extension::SUBJECT_KEY_IDENTIFIER,
            Content::AuthorityKeyIdentifier => extension::AUTHORITY_KEY_IDENTIFIER,
            Content::AuthorityInformationAccess(_) => extension::AUTHORITY_INFORMATION_ACCESS,
            Content::CertificatePolicies(_) => extension::CERTIFICATE_POLICIES,
            Content::CrlDistributionPoints(_) => extension::CRL_DISTRIBUTION_POINTS,
            Content::NameConstraints(_) => extension::NAME_CONSTRAINTS,
            Content::PolicyConstraints(_) => extension::POLICY_CONSTRAINTS,
            Content::InhibitAnyPolicy(_) => extension::INHIBIT_ANY_POLICY,
            Content::OcspNoCheck => extension::OCSP_NO_CHECK,
            Content::CrlNumber => extension::CRL_NUMBER,
            Content::IssuingDistributionPoint(_) => extension::ISSUING_DISTRIBUTION_POINT,
            Content::Other(other) => other.oid,
        }
    }

    /// The texts in it that a script may have to fill.
    pub fn terms(&self) -> Vec<&Term> {
        match &self.content {
            Content::AuthorityInformationAccess(accesses) => accesses.terms(),
            Content::CertificatePolicies(policies) => policies.terms(),
            Content::CrlDistributionPoints(points) => points.terms(),
            Content::IssuingDistributionPoint(point) => point.terms(),
            _ => Vec::new(),
        }
    }

    /// The extension with its value.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] if what it needs was not given.
    pub fn build(&self, given: &Given<'_>) -> Result<Built, ProfileError> {
        let nothing = Fills::new();
        let fills = given.fills.unwrap_or(&nothing);
        let built = match &self.content {
            Content::KeyUsage(usage) => Built::key_usage(self.critical, *usage)?,
            Content::ExtendedKeyUsage(purposes) => Built::extended_key_usage(self.critical, &purposes.0)?,
            Content::BasicConstraints(constraints) => constraints.build(given.copied)?,
            Content::SubjectKeyIdentifier => {
                let identifier = wanted(given.subject_key_identifier.as_deref(), "subject key identifier")?;
                Built::subject_key_identifier(identifier)?
            }
            Content::AuthorityKeyIdentifier => {
                let identifier = wanted(given.issuer_key_identifier.as_deref(), "issuer's key identifier")?;
                Built::authority_key_identifier(identifier)?
            }
            Content::AuthorityInformationAccess(accesses) => accesses.build(fills)?,
            Content::CertificatePolicies(policies) => policies.build(fills)?,
            Content::CrlDistributionPoints(points) => points.build(fills)?,
            Content::NameConstraints(constraints) => constraints.build()?,
            Content::PolicyConstraints(constraints) => constraints.build()?,
            Content::InhibitAnyPolicy(skip) => Built::inhibit_any_policy(*skip),
            Content::OcspNoCheck => Built::ocsp_no_check(),
            Content::CrlNumber => Built::large_crl_number(wanted(given.crl_number.as_deref(), "CRL number")?),
            Content::IssuingDistributionPoint(point) => point.build(fills)?,
            Content::Other(other) => Built::new(other.oid, self.critical, other.der.clone()),
        };
        // The profile says what is critical; whether that is right is for the rules.
        Ok(Built { critical: self.critical, ..built })
    }
}

fn wanted<'g>(value: Option<&'g [u8]>, what: &'static str) -> Result<&'g [u8], ProfileError> {
    value.ok_or(ProfileError::NotGiven { what })
}

/// The extensions of a structure with their values, in their order.
///
/// # Errors
///
/// [`ProfileError`] if what one of them needs was not given.
pub fn build(extensions: &[Extension], given: &Given<'_>) -> Result<Vec<Built>, ProfileError> {
    extensions.iter().map(|one| one.build(given)).collect()
}

/// Reads the list of extensions of one structure; none twice.
pub fn list(node: &Node, structure: Structure, problems: &mut Problems) -> Option<Vec<Extension>> {
    let Value::List(items) = &node.value else {
        return wrong(node, "a list of extensions", problems);
    };
    let mut good = true;
    let mut read: Vec<Extension> = Vec::with_capacity(items.len());
    for item in items {
        let Some(extension) = one(item, structure, problems) else {
            good = false;
            continue;
        };
        if read.iter().any(|other| other.oid() == extension.oid()) {
            problems.add(
                extension.place,
                format!("the extension {} stands here for the second time", extension.oid()),
            );
            good = false;
        }
        read.push(extension);
    }
    good.then_some(read)
}

fn one(node: &Node, structure: Structure, problems: &mut Problems) -> Option<Extension> {
    let entry = match &node.value {
        Value::Map(entries) if entries.len() == 1 => entries.first()?,
        _ => return wrong(node, "one extension, such as `ocsp-no-check: {}`", problems),
    };
    let here = NAMES.iter().filter(|(_, structures)| structures.contains(&structure));
    let allowed: Vec<&str> = here.map(|(name, _)| *name).collect();
    if !allowed.contains(&entry.key.as_str()) {
        unknown(&entry.key, entry.place, "extension", "extensions", &allowed, problems);
        return None;
    }
    let mut fields = Fields::of(&entry.node, problems);
    let critical = if fields.node("critical").is_some() { fields.required("critical") } else { Some(false) };
    let content = content(&entry.key, &mut fields);
    fields.finish();
    Some(Extension { place: entry.place, critical: critical?, content: content? })
}

fn content(name: &str, fields: &mut Fields<'_, '_>) -> Option<Content> {
    Some(match name {
        "key-usage" => Content::KeyUsage(usage::key_usage(fields)?),
        "extended-key-usage" => Content::ExtendedKeyUsage(Purposes::read(fields)?),
        "basic-constraints" => Content::BasicConstraints(BasicConstraints::read(fields)?),
        "subject-key-identifier" => Content::SubjectKeyIdentifier,
        "authority-key-identifier" => Content::AuthorityKeyIdentifier,
        "authority-information-access" => Content::AuthorityInformationAccess(Accesses::read(fields)?),
        "certificate-policies" => Content::CertificatePolicies(Policies::read(fields)?),
        "crl-distribution-points" => Content::CrlDistributionPoints(DistributionPoints::read(fields)?),
        "name-constraints" => Content::NameConstraints(NameConstraints::read(fields)?),
        "policy-constraints" => Content::PolicyConstraints(PolicyConstraints::read(fields)?),
        "inhibit-any-policy" => Content::InhibitAnyPolicy(fields.required("skip-certificates")?),
        "ocsp-no-check" => Content::OcspNoCheck,
        "crl-number" => Content::CrlNumber,
        "issuing-distribution-point" => {
            Content::IssuingDistributionPoint(IssuingDistributionPoint::read(fields)?)
        }
        _ => Content::Other(Other::read(fields)?),
    })
}

/// Reads an object identifier: in digits, or one of the names that a profile has for it.
fn oid(node: &Node, names: &[(&str, Oid)], what: &str, problems: &mut Problems) -> Option<Oid> {
    let text = String::from_node(node, problems)?;
    let known = names.iter().find(|(name, _)| *name == text).map(|(_, oid)| *oid);
    known.or_else(|| text.parse().ok()).or_else(|| {
        let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        let or = if names.is_empty() { "" } else { " or " };
        wrong(node, &format!("{what}: {}{or}an object identifier in digits", listed(&names)), problems)
    })
}

/// The names of all extensions, and where each may be.
const NAMES: [(&str, &[Structure]); 15] = [
    ("key-usage", SUBJECT),
    ("extended-key-usage", SUBJECT),
    ("basic-constraints", SUBJECT),
    ("subject-key-identifier", SUBJECT),
    ("authority-key-identifier", &[Structure::Certificate, Structure::Crl]),
    ("authority-information-access", &[Structure::Certificate]),
    ("certificate-policies", SUBJECT),
    ("crl-distribution-points", &[Structure::Certificate]),
    ("name-constraints", SUBJECT),
    ("policy-constraints", SUBJECT),
    ("inhibit-any-policy", SUBJECT),
    ("ocsp-no-check", SUBJECT),
    ("crl-number", &[Structure::Crl]),
    ("issuing-distribution-point", &[Structure::Crl]),
    ("other", &[Structure::Certificate, Structure::Request, Structure::Crl, Structure::OcspResponse]),
];

const SUBJECT: &[Structure] = &[Structure::Certificate, Structure::Request];
