//! What a structure is to say: from profile and values alone, before and without building anything.

use super::Statement;
use super::read::identifier;
use crate::digest::hex;
use crate::pki::build::Access;
use crate::pki::oid::access;
use crate::pki::oid::{Oid, OidView};
use crate::pki::{KeyAlgorithm, Name, PublicKey};
use crate::profile::extension::{
    BasicConstraints, Content, Covered, Extension, PathLength, Subtree, Subtrees,
};
use crate::profile::{Copied, Fills, ProfileError, Uri};

/// What the values of extensions depend on, beside the profile.
#[derive(Clone, Debug, Default)]
pub struct Basis<'b> {
    /// The texts that the script fills in.
    pub fills: Option<&'b Fills>,
    /// The identifier of the subject's key.
    pub subject_key_identifier: Option<Vec<u8>>,
    /// The identifier of the issuer's key.
    pub issuer_key_identifier: Option<Vec<u8>>,
    /// What is copied from the certificate that is being cross-signed.
    pub copied: Option<&'b Copied>,
    /// The CRL's number, without leading zeros.
    pub crl_number: Option<Vec<u8>>,
}

impl Statement {
    /// Says a name: as people write it, and its exact octets by digest.
    pub fn say_name(&mut self, what: &'static str, name: &Name) {
        self.say(what, name);
        self.say(format!("{what}, DER SHA-256"), name.sha256());
    }

    /// Says a public key: its kind, and its exact octets by digest.
    pub fn say_key(&mut self, key: &PublicKey) {
        self.say("public key", kind(key));
        self.say("public key, SPKI SHA-256", key.spki_sha256());
    }

    /// Says every extension of a profile, in its order.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] if what one of them needs is missing.
    pub fn say_planned(&mut self, extensions: &[Extension], basis: &Basis<'_>) -> Result<(), ProfileError> {
        for extension in extensions {
            let name = super::read::extension_name(&OidView::of(&extension.oid()));
            let critical = super::read::criticality(extension.critical);
            self.say(name, format!("{critical}{}", value(&extension.content, basis)?));
        }
        Ok(())
    }
}

/// A key's kind as statements say it.
pub(super) fn kind(key: &PublicKey) -> String {
    key.algorithm().as_ref().map_or_else(|| key.to_string(), KeyAlgorithm::to_string)
}

fn value(content: &Content, basis: &Basis<'_>) -> Result<String, ProfileError> {
    let nothing = Fills::new();
    let fills = basis.fills.unwrap_or(&nothing);
    let wanted =
        |octets: &Option<Vec<u8>>, what| octets.as_deref().map(hex).ok_or(ProfileError::NotGiven { what });
    Ok(match content {
        Content::KeyUsage(usage) => usage.to_string(),
        Content::ExtendedKeyUsage(purposes) => {
            joined(purposes.0.iter().map(|oid| identifier(&OidView::of(oid))))
        }
        Content::BasicConstraints(constraints) => basic_constraints(*constraints, basis)?,
        Content::SubjectKeyIdentifier => wanted(&basis.subject_key_identifier, "subject key identifier")?,
        Content::AuthorityKeyIdentifier => {
            format!("key identifier {}", wanted(&basis.issuer_key_identifier, "issuer's key identifier")?)
        }
        Content::AuthorityInformationAccess(accesses) => {
            let each = accesses.0.iter().map(|(method, uri)| {
                Ok(format!("{} {}", identifier(&OidView::of(&method_oid(*method))), said(uri, fills)?))
            });
            joined(each.collect::<Result<Vec<_>, ProfileError>>()?.into_iter())
        }
        Content::CertificatePolicies(policies) => {
            let each = policies.0.iter().map(|policy| {
                let cps = match &policy.cps {
                    Some(uri) => format!(" CPS {}", said(uri, fills)?.trim_start_matches("URI ")),
                    None => String::new(),
                };
                Ok(format!("{}{cps}", identifier(&OidView::of(&policy.oid))))
            });
            joined(each.collect::<Result<Vec<_>, ProfileError>>()?.into_iter())
        }
        Content::CrlDistributionPoints(points) => {
            let each = points.0.iter().map(|uris| uris_of(uris, fills));
            joined(each.collect::<Result<Vec<_>, _>>()?.into_iter())
        }
        Content::NameConstraints(constraints) => {
            format!(
                "permitted: {}; excluded: {}",
                subtrees(&constraints.permitted),
                subtrees(&constraints.excluded)
            )
        }
        Content::PolicyConstraints(constraints) => super::read::policy_constraints(
            constraints.require_explicit_policy.map(u64::from),
            constraints.inhibit_policy_mapping.map(u64::from),
        ),
        Content::InhibitAnyPolicy(skip) => skip.to_string(),
        Content::OcspNoCheck => "present".into(),
        Content::CrlNumber => super::read::number(
            basis.crl_number.as_ref().ok_or(ProfileError::NotGiven { what: "CRL number" })?,
        ),
        Content::IssuingDistributionPoint(point) => {
            let name = if point.uris.is_empty() { "none".into() } else { uris_of(&point.uris, fills)? };
            let (users, authorities) =
                (point.only == Some(Covered::Users), point.only == Some(Covered::Authorities));
            super::read::issuing_distribution_point(&name, users, authorities, &[])
        }
        Content::Other(other) => hex(&other.der),
    })
}

fn basic_constraints(constraints: BasicConstraints, basis: &Basis<'_>) -> Result<String, ProfileError> {
    let path_length = match constraints.path_length {
        PathLength::Absent => None,
        PathLength::Of(length) => Some(length),
        PathLength::Copied => {
            let copied = basis.copied.ok_or(ProfileError::NotGiven { what: "path length to copy" })?;
            copied.path_length
        }
    };
    Ok(super::read::basic_constraints(constraints.ca, path_length.map(u64::from)))
}

fn method_oid(method: Access) -> Oid {
    match method {
        Access::Ocsp => access::OCSP,
        Access::CaIssuers => access::CA_ISSUERS,
    }
}

fn said(uri: &Uri, fills: &Fills) -> Result<String, ProfileError> {
    Ok(format!("URI {}", uri.text(fills)?))
}

fn uris_of(uris: &[Uri], fills: &Fills) -> Result<String, ProfileError> {
    Ok(uris.iter().map(|uri| said(uri, fills)).collect::<Result<Vec<_>, _>>()?.join(" and "))
}

fn subtrees(subtrees: &Subtrees) -> String {
    if subtrees.0.is_empty() {
        return "none".into();
    }
    joined(subtrees.0.iter().map(|subtree| match subtree {
        Subtree::Dns(text) => format!("dNSName {text}"),
        Subtree::Email(text) => format!("rfc822Name {text}"),
        Subtree::Uri(text) => format!("URI {text}"),
        Subtree::Ip(octets) => format!("iPAddress {}", hex(octets)),
        Subtree::Directory(name) => format!("directoryName {name}"),
    }))
}

fn joined(each: impl Iterator<Item = String>) -> String {
    each.collect::<Vec<_>>().join(", ")
}
