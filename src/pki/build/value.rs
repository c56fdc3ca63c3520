//! The values of extensions, encoded by the types of `x509-cert`. Sources: RFC 5280 §4.2, §5.2.

use der::asn1::{Any, Ia5String, OctetString};
use der::flagset::FlagSet;
use der::{Decode, Encode, Tag};
use x509_cert::ext::pkix;
use x509_cert::ext::pkix::certpolicy::{PolicyInformation, PolicyQualifierInfo};
use x509_cert::ext::pkix::constraints::name::GeneralSubtree;
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};

use super::BuildError;
use super::extension::CrlScope;
use crate::pki::name::Name;
use crate::pki::oid::{Oid, access, policy};
use crate::pki::usage::KeyUsage;

/// What is found at a URI of an authority information access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// An OCSP responder.
    Ocsp,
    /// The issuer's certificate.
    CaIssuers,
}

/// One certificate policy to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyParts<'a> {
    /// The policy.
    pub policy: Oid,
    /// The URI of a certification practice statement, as a qualifier.
    pub cps: Option<&'a str>,
}

/// One general name to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeneralNameParts<'a> {
    /// dNSName.
    Dns(&'a str),
    /// rfc822Name.
    Email(&'a str),
    /// uniformResourceIdentifier.
    Uri(&'a str),
    /// iPAddress: 4 or 16 octets, in name constraints 8 or 32.
    Ip(&'a [u8]),
    /// directoryName.
    Directory(&'a Name),
}

pub(super) fn key_usage(usage: KeyUsage) -> Result<Vec<u8>, BuildError> {
    if usage.is_empty() {
        return Err(BuildError::Empty { what: "key usage" });
    }
    let flags = FlagSet::new(usage.bits())
        .map_err(|_| BuildError::Forbidden { what: "a key usage has no bit above 8" })?;
    encoded("key usage", &pkix::KeyUsage(flags))
}

pub(super) fn extended_key_usage(purposes: &[Oid]) -> Result<Vec<u8>, BuildError> {
    not_empty("extended key usage", purposes)?;
    encoded("extended key usage", &pkix::ExtendedKeyUsage(purposes.to_vec()))
}

pub(super) fn basic_constraints(ca: bool, path_length: Option<u8>) -> Result<Vec<u8>, BuildError> {
    if path_length.is_some() && !ca {
        return Err(BuildError::Forbidden { what: "only a CA has a path length" });
    }
    encoded("basic constraints", &pkix::BasicConstraints { ca, path_len_constraint: path_length })
}

pub(super) fn subject_key_identifier(identifier: &[u8]) -> Result<Vec<u8>, BuildError> {
    not_empty("subject key identifier", identifier)?;
    let octets = octet_string("subject key identifier", identifier)?;
    encoded("subject key identifier", &pkix::SubjectKeyIdentifier(octets))
}

pub(super) fn authority_key_identifier(identifier: &[u8]) -> Result<Vec<u8>, BuildError> {
    not_empty("authority key identifier", identifier)?;
    let octets = octet_string("authority key identifier", identifier)?;
    encoded(
        "authority key identifier",
        &pkix::AuthorityKeyIdentifier {
            key_identifier: Some(octets),
            authority_cert_issuer: None,
            authority_cert_serial_number: None,
        },
    )
}

pub(super) fn authority_information_access(descriptions: &[(Access, &str)]) -> Result<Vec<u8>, BuildError> {
    not_empty("authority information access", descriptions)?;
    let descriptions = descriptions.iter().map(|(what, location)| {
        let access_method = match what {
            Access::Ocsp => access::OCSP,
            Access::CaIssuers => access::CA_ISSUERS,
        };
        Ok(pkix::AccessDescription { access_method, access_location: uri(location)? })
    });
    let descriptions = descriptions.collect::<Result<_, BuildError>>()?;
    encoded("authority information access", &pkix::AuthorityInfoAccessSyntax(descriptions))
}

pub(super) fn crl_distribution_points(points: &[&[&str]]) -> Result<Vec<u8>, BuildError> {
    not_empty("CRL distribution points", points)?;
    let points = points.iter().map(|uris| {
        Ok(DistributionPoint { distribution_point: Some(full_name(uris)?), reasons: None, crl_issuer: None })
    });
    let points = points.collect::<Result<_, BuildError>>()?;
    encoded("CRL distribution points", &pkix::CrlDistributionPoints(points))
}

pub(super) fn certificate_policies(policies: &[PolicyParts<'_>]) -> Result<Vec<u8>, BuildError> {
    not_empty("certificate policies", policies)?;
    let policies = policies.iter().map(|one| {
        let qualifier = one.cps.map(|cps| {
            let cps = ia5(cps)?;
            let qualifier =
                Any::new(Tag::Ia5String, cps.as_bytes()).map_err(|error| refused("CPS", &error))?;
            Ok(PolicyQualifierInfo { policy_qualifier_id: policy::QUALIFIER_CPS, qualifier: Some(qualifier) })
        });
        let policy_qualifiers = qualifier.transpose()?.map(|one| vec![one]);
        Ok(PolicyInformation { policy_identifier: one.policy, policy_qualifiers })
    });
    let policies = policies.collect::<Result<_, BuildError>>()?;
    encoded("certificate policies", &pkix::CertificatePolicies(policies))
}

pub(super) fn name_constraints(
    permitted: &[GeneralNameParts<'_>],
    excluded: &[GeneralNameParts<'_>],
) -> Result<Vec<u8>, BuildError> {
    if permitted.is_empty() {
        not_empty("name constraints", excluded)?;
    }
    let subtrees = |names: &[GeneralNameParts<'_>]| {
        let subtrees = names
            .iter()
            .map(|name| Ok(GeneralSubtree { base: general_name(name)?, minimum: 0, maximum: None }))
            .collect::<Result<Vec<_>, BuildError>>()?;
        Ok::<_, BuildError>(if subtrees.is_empty() { None } else { Some(subtrees) })
    };
    let constraints = pkix::NameConstraints {
        permitted_subtrees: subtrees(permitted)?,
        excluded_subtrees: subtrees(excluded)?,
    };
    encoded("name constraints", &constraints)
}

pub(super) fn policy_constraints(require: Option<u32>, inhibit: Option<u32>) -> Result<Vec<u8>, BuildError> {
    if require.is_none() && inhibit.is_none() {
        return Err(BuildError::Empty { what: "policy constraints" });
    }
    let constraints =
        pkix::PolicyConstraints { require_explicit_policy: require, inhibit_policy_mapping: inhibit };
    encoded("policy constraints", &constraints)
}

pub(super) fn general_names(names: &[GeneralNameParts<'_>]) -> Result<Vec<u8>, BuildError> {
    not_empty("general names", names)?;
    let names = names.iter().map(general_name).collect::<Result<Vec<_>, _>>()?;
    encoded("general names", &names)
}

pub(super) fn issuing_distribution_point(scope: &CrlScope<'_>) -> Result<Vec<u8>, BuildError> {
    if scope.only_ca_certificates && scope.only_user_certificates {
        return Err(BuildError::Forbidden {
            what: "a CRL cannot contain only CA and only user certificates",
        });
    }
    if scope.uris.is_empty() && !scope.only_ca_certificates && !scope.only_user_certificates {
        return Err(BuildError::Empty { what: "issuing distribution point" });
    }
    let distribution_point = if scope.uris.is_empty() { None } else { Some(full_name(scope.uris)?) };
    let point = pkix::crl::dp::IssuingDistributionPoint {
        distribution_point,
        only_contains_user_certs: scope.only_user_certificates,
        only_contains_ca_certs: scope.only_ca_certificates,
        only_some_reasons: None,
        indirect_crl: false,
        only_contains_attribute_certs: false,
    };
    encoded("issuing distribution point", &point)
}

fn full_name(uris: &[&str]) -> Result<DistributionPointName, BuildError> {
    not_empty("distribution point", uris)?;
    let names = uris.iter().map(|text| uri(text)).collect::<Result<_, _>>()?;
    Ok(DistributionPointName::FullName(names))
}

fn general_name(name: &GeneralNameParts<'_>) -> Result<GeneralName, BuildError> {
    Ok(match name {
        GeneralNameParts::Dns(text) => GeneralName::DnsName(ia5(text)?),
        GeneralNameParts::Email(text) => GeneralName::Rfc822Name(ia5(text)?),
        GeneralNameParts::Uri(text) => uri(text)?,
        GeneralNameParts::Ip(octets) => GeneralName::IpAddress(octet_string("IP address", octets)?),
        GeneralNameParts::Directory(name) => {
            let name = x509_cert::name::Name::from_der(name.der());
            GeneralName::DirectoryName(name.map_err(|error| refused("directory name", &error))?)
        }
    })
}

fn uri(text: &str) -> Result<GeneralName, BuildError> {
    Ok(GeneralName::UniformResourceIdentifier(ia5(text)?))
}

fn ia5(text: &str) -> Result<Ia5String, BuildError> {
    Ia5String::new(text).map_err(|_| BuildError::NotAscii { found: text.to_owned() })
}

fn octet_string(what: &'static str, octets: &[u8]) -> Result<OctetString, BuildError> {
    OctetString::new(octets).map_err(|error| refused(what, &error))
}

fn not_empty<T>(what: &'static str, list: &[T]) -> Result<(), BuildError> {
    if list.is_empty() { Err(BuildError::Empty { what }) } else { Ok(()) }
}

fn encoded(what: &'static str, value: &impl Encode) -> Result<Vec<u8>, BuildError> {
    value.to_der().map_err(|error| refused(what, &error))
}

fn refused(what: &'static str, error: &der::Error) -> BuildError {
    BuildError::Encoder { what, because: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::hex;

    #[test]
    fn values_are_the_octets_of_the_baseline_requirements() {
        // Sources: BR §7.1.2.1.2, §7.1.2.8.2 and rules §13.
        let ca = KeyUsage::KEY_CERT_SIGN.and(KeyUsage::CRL_SIGN);
        for (octets, wanted) in [
            (basic_constraints(true, None), "30030101ff"),
            (basic_constraints(true, Some(0)), "30060101ff020100"),
            (basic_constraints(false, None), "3000"),
            (key_usage(ca), "03020106"),
            (key_usage(ca.and(KeyUsage::DIGITAL_SIGNATURE)), "03020186"),
            (key_usage(KeyUsage::DIGITAL_SIGNATURE), "03020780"),
            (key_usage(KeyUsage::DECIPHER_ONLY), "0303070080"),
            (authority_key_identifier(&[0xaa, 0xbb]), "30048002aabb"),
            (subject_key_identifier(&[0xaa, 0xbb]), "0402aabb"),
            (crl_distribution_points(&[&["u"]]), "30093007a005a003860175"),
            (policy_constraints(Some(0), None), "3003800100"),
        ] {
            assert_eq!(hex(&octets.unwrap()), wanted);
        }
    }

    #[test]
    fn an_issuing_distribution_point_says_one_thing_and_no_false() {
        // Source: RFC 5280 §5.2.5.
        let scope = CrlScope { only_ca_certificates: true, ..CrlScope::default() };
        assert_eq!(hex(&issuing_distribution_point(&scope).unwrap()), "30038201ff");
        let scope = CrlScope { uris: &["u"], ..CrlScope::default() };
        assert_eq!(hex(&issuing_distribution_point(&scope).unwrap()), "3007a005a003860175");
        let error = BuildError::Empty { what: "issuing distribution point" };
        assert_eq!(issuing_distribution_point(&CrlScope::default()), Err(error));
        let scope =
            CrlScope { only_ca_certificates: true, only_user_certificates: true, ..CrlScope::default() };
        assert!(matches!(issuing_distribution_point(&scope), Err(BuildError::Forbidden { .. })));
    }

    #[test]
    fn what_may_not_be_empty_is_refused() {
        for refused in [
            key_usage(KeyUsage::NONE),
            extended_key_usage(&[]),
            subject_key_identifier(&[]),
            authority_key_identifier(&[]),
            authority_information_access(&[]),
            crl_distribution_points(&[]),
            crl_distribution_points(&[&[]]),
            certificate_policies(&[]),
            name_constraints(&[], &[]),
            policy_constraints(None, None),
            general_names(&[]),
        ] {
            assert!(matches!(refused, Err(BuildError::Empty { .. })), "{refused:?}");
        }
        assert!(matches!(basic_constraints(false, Some(0)), Err(BuildError::Forbidden { .. })));
        assert!(matches!(key_usage(KeyUsage::from_bits(1 << 9)), Err(BuildError::Forbidden { .. })));
        let error = crl_distribution_points(&[&["http://é/"]]).unwrap_err();
        assert_eq!(error, BuildError::NotAscii { found: "http://é/".into() });
    }
}
