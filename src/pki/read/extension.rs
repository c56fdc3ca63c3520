//! Extensions as they were read: identifier, criticality, value; and the typed value of those we know.

use super::der::{Cursor, Element, FaultKind, Faults, ReadError, tag};
use super::general_name::GeneralNames;
use super::list::{Item, Items, List};
use super::time::TimeView;
use super::value;
use super::value::{
    AccessDescription, AuthorityKeyIdentifier, BasicConstraints, DistributionPoint, IssuingDistributionPoint,
    NameConstraints, PolicyConstraints, PolicyInformation, PolicyMapping, Value,
};
use crate::pki::oid::{Oid, OidView, extension as known};
use crate::pki::usage::KeyUsage;

/// One extension. Source: RFC 5280 §4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtensionView<'a> {
    element: Element<'a>,
    oid: OidView<'a>,
    critical: bool,
    value: Element<'a>,
}

/// Its value is not looked into.
impl<'a> Item<'a> for ExtensionView<'a> {
    fn read(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Self, ReadError> {
        let element = cursor.take(tag::SEQUENCE, "extension", faults)?;
        let mut inside = element.inside();
        let oid = inside.take(tag::OID, "extnID", faults)?;
        let oid = OidView::read(&oid, "extnID", faults)?;
        let critical = match inside.optional(tag::BOOLEAN, "critical", faults)? {
            None => false,
            Some(flag) => {
                let critical = flag.boolean("critical", faults)?;
                if !critical {
                    faults.note(flag.offset(), "critical", FaultKind::Default);
                }
                critical
            }
        };
        let value = inside.take(tag::OCTET_STRING, "extnValue", faults)?;
        inside.end("extnValue")?;
        Ok(Self { element, oid, critical, value })
    }
}

impl<'a> ExtensionView<'a> {
    /// Where it stands and its octets.
    pub const fn element(&self) -> Element<'a> {
        self.element
    }

    /// Its identifier.
    pub const fn oid(&self) -> OidView<'a> {
        self.oid
    }

    /// Whether it is critical.
    pub const fn critical(&self) -> bool {
        self.critical
    }

    /// The octets of its value: the content of the OCTET STRING.
    pub const fn value(&self) -> &'a [u8] {
        self.value.content()
    }

    /// Reads its value, which has to end where the OCTET STRING does.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it is of a kind we know and its value is not of its type.
    pub fn typed(&self, faults: &mut Faults) -> Result<Value<'a>, ReadError> {
        match value::reader_of(self.oid) {
            Some(read) => {
                let mut inside = self.value.inside();
                let value = read(&mut inside, faults)?;
                inside.end("extnValue")?;
                Ok(value)
            }
            None => Ok(Value::Unknown),
        }
    }
}

/// The extensions of one structure. None at all is an empty list.
#[derive(Clone, Copy, Debug)]
pub struct Extensions<'a> {
    list: Option<List<'a, ExtensionView<'a>>>,
}

impl<'a> Extensions<'a> {
    /// No extensions.
    pub const NONE: Self = Self { list: None };

    /// Reads a SEQUENCE OF Extension.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it is anything else. Values are not looked into.
    pub fn read(cursor: &mut Cursor<'a>, faults: &mut Faults) -> Result<Self, ReadError> {
        let element = cursor.take(tag::SEQUENCE, "extensions", faults)?;
        Ok(Self { list: Some(List::read(&element, "extensions", faults)?) })
    }

    /// Extensions whose octets were read once elsewhere, and were good.
    pub(super) const fn again(element: &Element<'a>) -> Self {
        Self { list: Some(List::again(element)) }
    }

    /// Whether the field is there, even if it is empty.
    pub const fn are_present(&self) -> bool {
        self.list.is_some()
    }

    /// The extensions in their order.
    pub fn iter(&self) -> Items<'a, ExtensionView<'a>> {
        self.list.as_ref().map_or_else(Items::none, List::iter)
    }

    /// The first extension of this kind.
    pub fn find(&self, oid: Oid) -> Option<ExtensionView<'a>> {
        self.iter().find(|extension| extension.oid() == oid)
    }

    /// Reads the value of every extension we know, and notes the faults in them and those that cannot be read.
    pub fn read_values(&self, faults: &mut Faults) {
        for extension in self {
            if let Err(error) = extension.typed(faults) {
                faults.note_unread(error);
            }
        }
    }

    fn value(&self, oid: Oid) -> Result<Option<Value<'a>>, ReadError> {
        self.find(oid).map(|extension| extension.typed(&mut Faults::new())).transpose()
    }
}

impl<'a> IntoIterator for &Extensions<'a> {
    type Item = ExtensionView<'a>;
    type IntoIter = Items<'a, ExtensionView<'a>>;

    fn into_iter(self) -> Items<'a, ExtensionView<'a>> {
        self.iter()
    }
}

macro_rules! typed {
    ($($(#[$doc:meta])* $name:ident: $oid:expr => $variant:ident -> $kind:ty;)*) => {
        /// The typed values of the extensions we know: nothing where there is no such extension.
        ///
        /// What DER forbids and does not hide the meaning is no error here: [`Extensions::read_values`] tells.
        impl<'a> Extensions<'a> {
            $($(#[$doc])*
            ///
            /// # Errors
            ///
            /// [`ReadError`] if its value is not of its type.
            pub fn $name(&self) -> Result<Option<$kind>, ReadError> {
                Ok(match self.value($oid)? {
                    Some(Value::$variant(value)) => Some(value),
                    _ => None,
                })
            })*
        }
    };
}

typed! {
    /// Key usage, RFC 5280 §4.2.1.3.
    key_usage: known::KEY_USAGE => KeyUsage -> KeyUsage;
    /// Extended key usage, RFC 5280 §4.2.1.12: its purposes.
    extended_key_usage: known::EXTENDED_KEY_USAGE => ExtendedKeyUsage -> List<'a, OidView<'a>>;
    /// Basic constraints, RFC 5280 §4.2.1.9.
    basic_constraints: known::BASIC_CONSTRAINTS => BasicConstraints -> BasicConstraints;
    /// Subject key identifier, RFC 5280 §4.2.1.2.
    subject_key_identifier: known::SUBJECT_KEY_IDENTIFIER => SubjectKeyIdentifier -> &'a [u8];
    /// Authority key identifier, RFC 5280 §4.2.1.1.
    authority_key_identifier: known::AUTHORITY_KEY_IDENTIFIER => AuthorityKeyIdentifier -> AuthorityKeyIdentifier<'a>;
    /// CRL distribution points, RFC 5280 §4.2.1.13.
    crl_distribution_points: known::CRL_DISTRIBUTION_POINTS => DistributionPoints -> List<'a, DistributionPoint<'a>>;
    /// Freshest CRL, RFC 5280 §4.2.1.15.
    freshest_crl: known::FRESHEST_CRL => DistributionPoints -> List<'a, DistributionPoint<'a>>;
    /// Authority information access, RFC 5280 §4.2.2.1.
    authority_information_access: known::AUTHORITY_INFORMATION_ACCESS => Access -> List<'a, AccessDescription<'a>>;
    /// Certificate policies, RFC 5280 §4.2.1.4.
    certificate_policies: known::CERTIFICATE_POLICIES => Policies -> List<'a, PolicyInformation<'a>>;
    /// Policy mappings, RFC 5280 §4.2.1.5.
    policy_mappings: known::POLICY_MAPPINGS => PolicyMappings -> List<'a, PolicyMapping<'a>>;
    /// Policy constraints, RFC 5280 §4.2.1.11.
    policy_constraints: known::POLICY_CONSTRAINTS => PolicyConstraints -> PolicyConstraints;
    /// Inhibit anyPolicy, RFC 5280 §4.2.1.14: its skip certificates.
    inhibit_any_policy: known::INHIBIT_ANY_POLICY => Number -> u64;
    /// Name constraints, RFC 5280 §4.2.1.10.
    name_constraints: known::NAME_CONSTRAINTS => NameConstraints -> NameConstraints<'a>;
    /// Subject alternative names, RFC 5280 §4.2.1.6.
    subject_alt_name: known::SUBJECT_ALT_NAME => GeneralNames -> GeneralNames<'a>;
    /// CRL number, RFC 5280 §5.2.3: the content octets of its INTEGER.
    crl_number: known::CRL_NUMBER => Integer -> &'a [u8];
    /// Delta CRL indicator, RFC 5280 §5.2.4: the content octets of the base's number.
    delta_crl_indicator: known::DELTA_CRL_INDICATOR => Integer -> &'a [u8];
    /// Issuing distribution point, RFC 5280 §5.2.5.
    issuing_distribution_point: known::ISSUING_DISTRIBUTION_POINT => IssuingDistributionPoint -> IssuingDistributionPoint<'a>;
    /// Reason code of a CRL entry, RFC 5280 §5.3.1: the number.
    reason_code: known::REASON_CODE => Number -> u64;
    /// Invalidity date of a CRL entry, RFC 5280 §5.3.2.
    invalidity_date: known::INVALIDITY_DATE => Time -> TimeView<'a>;
}
