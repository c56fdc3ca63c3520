//! The values of the extensions we know. Sources: RFC 5280 §4.2, §5.2, §5.3; RFC 6960 §4.2.2.2.1.

use super::der::{Cursor, Element, FaultKind, Faults, ReadError, tag};
use super::general_name::{DistributionPointName, GeneralName, GeneralNames, flag};
use super::list::{Item, List};
use super::time::TimeView;
use crate::pki::oid::{Oid, OidView, extension};
use crate::pki::usage::KeyUsage;

/// The value of an extension, by its kind.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Key usage.
    KeyUsage(KeyUsage),
    /// Extended key usage.
    ExtendedKeyUsage(List<'a, OidView<'a>>),
    /// Basic constraints.
    BasicConstraints(BasicConstraints),
    /// Subject key identifier.
    SubjectKeyIdentifier(&'a [u8]),
    /// Authority key identifier.
    AuthorityKeyIdentifier(AuthorityKeyIdentifier<'a>),
    /// CRL distribution points and freshest CRL.
    DistributionPoints(List<'a, DistributionPoint<'a>>),
    /// Authority and subject information access.
    Access(List<'a, AccessDescription<'a>>),
    /// Certificate policies.
    Policies(List<'a, PolicyInformation<'a>>),
    /// Policy mappings.
    PolicyMappings(List<'a, PolicyMapping<'a>>),
    /// Policy constraints.
    PolicyConstraints(PolicyConstraints),
    /// Name constraints.
    NameConstraints(NameConstraints<'a>),
    /// Subject and issuer alternative names, certificate issuer.
    GeneralNames(GeneralNames<'a>),
    /// Inhibit anyPolicy and reason code.
    Number(u64),
    /// CRL number and delta CRL indicator: the content octets.
    Integer(&'a [u8]),
    /// Issuing distribution point.
    IssuingDistributionPoint(IssuingDistributionPoint<'a>),
    /// Invalidity date.
    Time(TimeView<'a>),
    /// id-pkix-ocsp-nocheck.
    NoCheck,
    /// A kind we do not look into.
    Unknown,
}

/// Basic constraints. Source: RFC 5280 §4.2.1.9.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether the subject is a CA.
    pub ca: bool,
    /// How many subordinate CA certificates may follow in a path.
    pub path_length: Option<u64>,
}

/// Authority key identifier. Source: RFC 5280 §4.2.1.1.
#[derive(Clone, Copy, Debug)]
pub struct AuthorityKeyIdentifier<'a> {
    /// keyIdentifier \[0\].
    pub key_identifier: Option<&'a [u8]>,
    /// authorityCertIssuer \[1\].
    pub issuer: Option<GeneralNames<'a>>,
    /// authorityCertSerialNumber \[2\]: the content octets.
    pub serial: Option<&'a [u8]>,
}

/// One CRL distribution point. Source: RFC 5280 §4.2.1.13.
#[derive(Clone, Copy, Debug)]
pub struct DistributionPoint<'a> {
    /// distributionPoint \[0\].
    pub name: Option<DistributionPointName<'a>>,
    /// reasons \[1\], not looked into.
    pub reasons: Option<Element<'a>>,
    /// cRLIssuer \[2\].
    pub crl_issuer: Option<GeneralNames<'a>>,
}

/// One access description. Source: RFC 5280 §4.2.2.1.
#[derive(Clone, Copy, Debug)]
pub struct AccessDescription<'a> {
    /// What is found there.
    pub method: OidView<'a>,
    /// Where.
    pub location: GeneralName<'a>,
}

/// One certificate policy. Source: RFC 5280 §4.2.1.4.
#[derive(Clone, Copy, Debug)]
pub struct PolicyInformation<'a> {
    /// The policy.
    pub policy: OidView<'a>,
    /// Its qualifiers, if there is the field.
    pub qualifiers: Option<List<'a, PolicyQualifier<'a>>>,
}

/// One qualifier of a certificate policy.
#[derive(Clone, Copy, Debug)]
pub struct PolicyQualifier<'a> {
    /// Which kind.
    pub kind: OidView<'a>,
    /// Its value: for id-qt-cps an IA5String.
    pub value: Element<'a>,
}

/// One policy mapping. Source: RFC 5280 §4.2.1.5.
#[derive(Clone, Copy, Debug)]
pub struct PolicyMapping<'a> {
    /// issuerDomainPolicy.
    pub issuer: OidView<'a>,
    /// subjectDomainPolicy.
    pub subject: OidView<'a>,
}

/// Policy constraints. Source: RFC 5280 §4.2.1.11.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyConstraints {
    /// requireExplicitPolicy \[0\].
    pub require_explicit_policy: Option<u64>,
    /// inhibitPolicyMapping \[1\].
    pub inhibit_policy_mapping: Option<u64>,
}

/// Name constraints. Source: RFC 5280 §4.2.1.10.
#[derive(Clone, Copy, Debug)]
pub struct NameConstraints<'a> {
    /// permittedSubtrees \[0\].
    pub permitted: Option<List<'a, Subtree<'a>>>,
    /// excludedSubtrees \[1\].
    pub excluded: Option<List<'a, Subtree<'a>>>,
}

/// One subtree of names.
#[derive(Clone, Copy, Debug)]
pub struct Subtree<'a> {
    /// The name at its top.
    pub base: GeneralName<'a>,
    /// minimum \[0\], if it is written out.
    pub minimum: Option<Element<'a>>,
    /// maximum \[1\].
    pub maximum: Option<Element<'a>>,
}

/// Issuing distribution point. Source: RFC 5280 §5.2.5.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "the flags are the standard's")]
pub struct IssuingDistributionPoint<'a> {
    /// distributionPoint \[0\].
    pub name: Option<DistributionPointName<'a>>,
    /// onlyContainsUserCerts \[1\].
    pub only_user_certificates: bool,
    /// onlyContainsCACerts \[2\].
    pub only_ca_certificates: bool,
    /// onlySomeReasons \[3\], not looked into.
    pub only_some_reasons: Option<Element<'a>>,
    /// indirectCRL \[4\].
    pub indirect: bool,
    /// onlyContainsAttributeCerts \[5\].
    pub only_attribute_certificates: bool,
}

type ReadValue = for<'a> fn(&mut Cursor<'a>, &mut Faults) -> Result<Value<'a>, ReadError>;

/// How values of this kind are read, if we know it.
pub(super) fn reader_of(oid: OidView<'_>) -> Option<ReadValue> {
    READERS.iter().find(|(known, _)| oid == *known).map(|(_, read)| *read)
}

const READERS: [(Oid, ReadValue); 23] = [
    (extension::KEY_USAGE, key_usage),
    (extension::EXTENDED_KEY_USAGE, extended_key_usage),
    (extension::BASIC_CONSTRAINTS, basic_constraints),
    (extension::SUBJECT_KEY_IDENTIFIER, subject_key_identifier),
    (extension::AUTHORITY_KEY_IDENTIFIER, authority_key_identifier),
    (extension::CRL_DISTRIBUTION_POINTS, distribution_points),
    (extension::FRESHEST_CRL, distribution_points),
    (extension::AUTHORITY_INFORMATION_ACCESS, access),
    (extension::SUBJECT_INFORMATION_ACCESS, access),
    (extension::CERTIFICATE_POLICIES, policies),
    (extension::POLICY_MAPPINGS, policy_mappings),
    (extension::POLICY_CONSTRAINTS, policy_constraints),
    (extension::INHIBIT_ANY_POLICY, inhibit_any_policy),
    (extension::NAME_CONSTRAINTS, name_constraints),
    (extension::SUBJECT_ALT_NAME, general_names),
    (extension::ISSUER_ALT_NAME, general_names),
    (extension::CERTIFICATE_ISSUER, general_names),
    (extension::CRL_NUMBER, crl_number),
    (extension::DELTA_CRL_INDICATOR, crl_number),
    (extension::ISSUING_DISTRIBUTION_POINT, issuing_distribution_point),
    (extension::REASON_CODE, reason_code),
    (extension::INVALIDITY_DATE, invalidity_date),
    (extension::OCSP_NO_CHECK, no_check),
];

fn key_usage<'a>(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Value<'a>, ReadError> {
    let element = cursor.take(tag::BIT_STRING, "keyUsage", faults)?;
    let (unused, octets) = element.bit_string("keyUsage", faults)?;
    // X.690 11.2.2: the last bit that is written is a one.
    match octets.last() {
        None => faults.note(element.offset(), "keyUsage", FaultKind::Empty),
        Some(last) if last >> unused & 1 == 0 => {
            faults.note(element.offset(), "keyUsage", FaultKind::NamedBits);
        }
        Some(_) => {}
    }
    let bits = match *octets {
        [] => 0,
        [first] => u16::from(first.reverse_bits()),
        [first, second] => u16::from_le_bytes([first.reverse_bits(), second.reverse_bits()]),
        _ => return Err(element.wrong("keyUsage", "has more than 16 bits")),
    };
    Ok(Value::KeyUsage(KeyUsage::from_bits(bits)))
}

fn oid<'a>(
    cursor: &mut Cursor<'a>,
    what: &'static str,
    faults: &mut Faults,
) -> Result<OidView<'a>, ReadError> {
    let element = cursor.take(tag::OID, what, faults)?;
    OidView::read(&element, what, faults)
}

fn extended_key_usage<'a>(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Value<'a>, ReadError> {
    let element = cursor.take(tag::SEQUENCE, "extKeyUsage", faults)?;
    Ok(Value::ExtendedKeyUsage(List::read(&element, "extKeyUsage", faults)?))
}

fn basic_constraints<'a>(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Value<'a>, ReadError> {
    let mut inside = cursor.take(tag::SEQUENCE, "basicConstraints", faults)?.inside();
    let ca = match inside.optional(tag::BOOLEAN, "cA", faults)? {
        None => false,
        Some(flag) => {
            let ca = flag.boolean("cA", faults)?;
            if !ca {
                faults.note(flag.offset(), "cA", FaultKind::Default);
            }
            ca
        }
    };
    let path_length = inside.optional(tag::INTEGER, PATH_LENGTH, faults)?;
    let path_length = path_length.map(|element| element.unsigned(PATH_LENGTH, faults)).transpose()?;
    inside.end("basicConstraints")?;
    Ok(Value::BasicConstraints(BasicConstraints { ca, path_length }))
}

fn subject_key_identifier<'a>(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Value<'a>, ReadError> {
    let element = cursor.take(tag::OCTET_STRING, "subjectKeyIdentifier", faults)?;
    Ok(Value::SubjectKeyIdentifier(element.content()))
}

fn optional_names<'a>(
    cursor: &mut Cursor<'a>,
    number: u8,
    what: &'static str,
    faults: &mut Faults,
) -> Result<Option<GeneralNames<'a>>, ReadError> {
    let element = cursor.optional(tag::context_constructed(number), what, faults)?;
    element.map(|element| List::read(&element, what, faults)).transpose()
}

fn authority_key_identifier<'a>(
    cursor: &mut Cursor<'a>,
    faults: &mut Faults,
) -> Result<Value<'a>, ReadError> {
    let mut inside = cursor.take(tag::SEQUENCE, "authorityKeyIdentifier", faults)?.inside();
    let key_identifier = inside.optional(tag::context(0), "keyIdentifier", faults)?;
    let issuer = optional_names(&mut inside, 1, "authorityCertIssuer", faults)?;
    let serial = inside.optional(tag::context(2), SERIAL, faults)?;
    let serial = serial.map(|element| element.integer(SERIAL, faults)).transpose()?;
    inside.end("authorityKeyIdentifier")?;
    let key_identifier = key_identifier.map(|element| element.content());
    Ok(Value::AuthorityKeyIdentifier(AuthorityKeyIdentifier { key_identifier, issuer, serial }))
}

fn distribution_points<'a>(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Value<'a>, ReadError> {
    let element = cursor.take(tag::SEQUENCE, "distributionPoints", faults)?;
    Ok(Value::DistributionPoints(List::read(&element, "distributionPoints", faults)?))
}

impl<'a> Item<'a> for DistributionPoint<'a> {
    fn read(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Self, ReadError> {
        let mut inside = cursor.take(tag::SEQUENCE, "distributionPoint", faults)?.inside();
        let name = inside.optional(tag::context_constructed(0), "distributionPoint", faults)?;
        let name = name.map(|element| DistributionPointName::read(&element, faults)).transpose()?;
        let reasons = inside.optional(tag::context(1), "reasons", faults)?;
        let crl_issuer = optional_names(&mut inside, 2, "cRLIssuer", faults)?;
        inside.end("distributionPoint")?;
        Ok(Self { name, reasons, crl_issuer })
    }
}

fn access<'a>(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Value<'a>, ReadError> {
    let element = cursor.take(tag::SEQUENCE, "infoAccess", faults)?;
    Ok(Value::Access(List::read(&element, "infoAccess", faults)?))
}

impl<'a> Item<'a> for AccessDescription<'a> {
    fn read(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Self, ReadError> {
        let mut inside = cursor.take(tag::SEQUENCE, "accessDescription", faults)?.inside();
        let method = oid(&mut inside, "accessMethod", faults)?;
        let location = GeneralName::read(&mut inside, faults)?;
        inside.end("accessDescription")?;
        Ok(Self { method, location })
    }
}

fn policies<'a>(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Value<'a>, ReadError> {
    let element = cursor.take(tag::SEQUENCE, "certificatePolicies", faults)?;
    Ok(Value::Policies(List::read(&element, "certificatePolicies", faults)?))
}

impl<'a> Item<'a> for PolicyInformation<'a> {
    fn read(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Self, ReadError> {
        let mut inside = cursor.take(tag::SEQUENCE, "policyInformation", faults)?.inside();
        let policy = oid(&mut inside, "policyIdentifier", faults)?;
        let qualifiers = inside.optional(tag::SEQUENCE, "policyQualifiers", faults)?;
        let qualifiers =
            qualifiers.map(|element| List::read(&element, "policyQualifiers", faults)).transpose()?;
        inside.end("policyInformation")?;
        Ok(Self { policy, qualifiers })
    }
}

impl<'a> Item<'a> for PolicyQualifier<'a> {
    fn read(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Self, ReadError> {
        let mut inside = cursor.take(tag::SEQUENCE, "policyQualifierInfo", faults)?.inside();
        let kind = oid(&mut inside, "policyQualifierId", faults)?;
        let value = inside.any("qualifier", faults)?;
        inside.end("policyQualifierInfo")?;
        value.note_inside("qualifier", faults);
        Ok(Self { kind, value })
    }
}

fn policy_mappings<'a>(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Value<'a>, ReadError> {
    let element = cursor.take(tag::SEQUENCE, "policyMappings", faults)?;
    Ok(Value::PolicyMappings(List::read(&element, "policyMappings", faults)?))
}

impl<'a> Item<'a> for PolicyMapping<'a> {
    fn read(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Self, ReadError> {
        let mut inside = cursor.take(tag::SEQUENCE, "policyMapping", faults)?.inside();
        let issuer = oid(&mut inside, "issuerDomainPolicy", faults)?;
        let subject = oid(&mut inside, "subjectDomainPolicy", faults)?;
        inside.end("policyMapping")?;
        Ok(Self { issuer, subject })
    }
}

/// A purpose of an extended key usage.
impl<'a> Item<'a> for OidView<'a> {
    fn read(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Self, ReadError> {
        oid(cursor, "keyPurposeId", faults)
    }
}

fn optional_number(
    cursor: &mut Cursor<'_>,
    number: u8,
    what: &'static str,
    faults: &mut Faults,
) -> Result<Option<u64>, ReadError> {
    let element = cursor.optional(tag::context(number), what, faults)?;
    element.map(|element| element.unsigned(what, faults)).transpose()
}

fn policy_constraints<'a>(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Value<'a>, ReadError> {
    let element = cursor.take(tag::SEQUENCE, "policyConstraints", faults)?;
    let mut inside = element.inside();
    if inside.is_empty() {
        faults.note(element.offset(), "policyConstraints", FaultKind::Empty);
    }
    let require_explicit_policy = optional_number(&mut inside, 0, "requireExplicitPolicy", faults)?;
    let inhibit_policy_mapping = optional_number(&mut inside, 1, "inhibitPolicyMapping", faults)?;
    inside.end("policyConstraints")?;
    Ok(Value::PolicyConstraints(PolicyConstraints { require_explicit_policy, inhibit_policy_mapping }))
}

fn inhibit_any_policy<'a>(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Value<'a>, ReadError> {
    let element = cursor.take(tag::INTEGER, "inhibitAnyPolicy", faults)?;
    Ok(Value::Number(element.unsigned("inhibitAnyPolicy", faults)?))
}

fn name_constraints<'a>(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Value<'a>, ReadError> {
    let element = cursor.take(tag::SEQUENCE, "nameConstraints", faults)?;
    let mut inside = element.inside();
    if inside.is_empty() {
        faults.note(element.offset(), "nameConstraints", FaultKind::Empty);
    }
    let mut subtrees = |number, what| {
        let element = inside.optional(tag::context_constructed(number), what, faults)?;
        element.map(|element| List::read(&element, what, faults)).transpose()
    };
    let permitted = subtrees(0, "permittedSubtrees")?;
    let excluded = subtrees(1, "excludedSubtrees")?;
    inside.end("nameConstraints")?;
    Ok(Value::NameConstraints(NameConstraints { permitted, excluded }))
}

impl<'a> Item<'a> for Subtree<'a> {
    fn read(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Self, ReadError> {
        let mut inside = cursor.take(tag::SEQUENCE, "generalSubtree", faults)?.inside();
        let base = GeneralName::read(&mut inside, faults)?;
        let minimum = inside.optional(tag::context(0), "minimum", faults)?;
        if let Some(element) = minimum
            && element.unsigned("minimum", faults)? == 0
        {
            faults.note(element.offset(), "minimum", FaultKind::Default);
        }
        let maximum = inside.optional(tag::context(1), "maximum", faults)?;
        inside.end("generalSubtree")?;
        Ok(Self { base, minimum, maximum })
    }
}

fn general_names<'a>(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Value<'a>, ReadError> {
    let element = cursor.take(tag::SEQUENCE, "generalNames", faults)?;
    Ok(Value::GeneralNames(List::read(&element, "generalNames", faults)?))
}

fn crl_number<'a>(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Value<'a>, ReadError> {
    let element = cursor.take(tag::INTEGER, "cRLNumber", faults)?;
    Ok(Value::Integer(element.integer("cRLNumber", faults)?))
}

fn issuing_distribution_point<'a>(
    cursor: &mut Cursor<'a>,
    faults: &mut Faults,
) -> Result<Value<'a>, ReadError> {
    let element = cursor.take(tag::SEQUENCE, "issuingDistributionPoint", faults)?;
    let mut inside = element.inside();
    if inside.is_empty() {
        faults.note(element.offset(), "issuingDistributionPoint", FaultKind::Empty);
    }
    let name = inside.optional(tag::context_constructed(0), "distributionPoint", faults)?;
    let name = name.map(|element| DistributionPointName::read(&element, faults)).transpose()?;
    let only_user_certificates = flag(&mut inside, 1, "onlyContainsUserCerts", faults)?;
    let only_ca_certificates = flag(&mut inside, 2, "onlyContainsCACerts", faults)?;
    let only_some_reasons = inside.optional(tag::context(3), "onlySomeReasons", faults)?;
    let indirect = flag(&mut inside, 4, "indirectCRL", faults)?;
    let only_attribute_certificates = flag(&mut inside, 5, "onlyContainsAttributeCerts", faults)?;
    inside.end("issuingDistributionPoint")?;
    Ok(Value::IssuingDistributionPoint(IssuingDistributionPoint {
        name,
        only_user_certificates,
        only_ca_certificates,
        only_some_reasons,
        indirect,
        only_attribute_certificates,
    }))
}

fn reason_code<'a>(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Value<'a>, ReadError> {
    let element = cursor.take(tag::ENUMERATED, "reasonCode", faults)?;
    Ok(Value::Number(element.unsigned("reasonCode", faults)?))
}

fn invalidity_date<'a>(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Value<'a>, ReadError> {
    Ok(Value::Time(TimeView::read_generalized(cursor, "invalidityDate", faults)?))
}

fn no_check<'a>(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Value<'a>, ReadError> {
    let element = cursor.take(tag::NULL, "ocspNoCheck", faults)?;
    if element.content().is_empty() {
        Ok(Value::NoCheck)
    } else {
        Err(element.wrong("ocspNoCheck", "is a NULL with content"))
    }
}

const PATH_LENGTH: &str = "pathLenConstraint";
const SERIAL: &str = "authorityCertSerialNumber";
