//! Object identifiers: those we know, and any that is read.

use std::fmt;

pub use const_oid::ObjectIdentifier as Oid;

use super::read::der::{Element, FaultKind, Faults, ReadError};

/// An object identifier as it was read: the content octets of its DER, however long.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OidView<'a>(&'a [u8]);

impl<'a> OidView<'a> {
    /// An identifier that we have.
    pub const fn of(oid: &'a Oid) -> Self {
        Self(oid.as_bytes())
    }

    /// Reads the content of an OBJECT IDENTIFIER.
    ///
    /// # Errors
    ///
    /// [`ReadError::Value`] if it has no octets or its last subidentifier does not end.
    pub fn read(element: &Element<'a>, what: &'static str, faults: &mut Faults) -> Result<Self, ReadError> {
        let content = element.content();
        if content.last().is_none_or(|last| last & 0x80 != 0) {
            return Err(element.wrong(what, "is an object identifier that does not end"));
        }
        // A subidentifier begins after an octet without the continuation bit and may not begin with 0x80.
        let begins = std::iter::once(&0).chain(content).zip(content);
        if begins.into_iter().any(|(before, octet)| before & 0x80 == 0 && *octet == 0x80) {
            faults.note(element.offset(), what, FaultKind::Oid);
        }
        Ok(Self(content))
    }

    /// The content octets.
    pub const fn octets(&self) -> &'a [u8] {
        self.0
    }

    /// The same as an owned identifier, unless it is longer than those can be.
    pub fn to_oid(&self) -> Option<Oid> {
        Oid::from_bytes(self.0).ok()
    }
}

impl PartialEq<Oid> for OidView<'_> {
    fn eq(&self, other: &Oid) -> bool {
        self.0 == other.as_bytes()
    }
}

/// Dotted decimal; `#` and hex where an arc is above 2^64 - 1.
impl fmt::Display for OidView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        let mut arc = 0_u64;
        for octet in self.0 {
            if arc >> 57 != 0 {
                return write!(f, "#{}", crate::digest::hex(self.0));
            }
            arc = arc << 7 | u64::from(octet & 0x7f);
            if octet & 0x80 == 0 {
                if text.is_empty() {
                    let first = (arc / 40).min(2);
                    text = format!("{first}.{}", arc - first * 40);
                } else {
                    text.push('.');
                    text.push_str(&arc.to_string());
                }
                arc = 0;
            }
        }
        f.write_str(&text)
    }
}

impl fmt::Debug for OidView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OidView({self})")
    }
}

macro_rules! oids {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub const $name: Oid = Oid::new_unwrap($text);)*
    };
}

/// Types of attributes in names. Sources: X.520, RFC 4519, RFC 2985, ETSI EN 319 412-1.
pub mod attribute {
    use super::Oid;
    oids! {
        /// commonName.
        COMMON_NAME = "2.5.4.3";
        /// surname.
        SURNAME = "2.5.4.4";
        /// serialNumber.
        SERIAL_NUMBER = "2.5.4.5";
        /// countryName.
        COUNTRY = "2.5.4.6";
        /// localityName.
        LOCALITY = "2.5.4.7";
        /// stateOrProvinceName.
        STATE = "2.5.4.8";
        /// streetAddress.
        STREET = "2.5.4.9";
        /// organizationName.
        ORGANIZATION = "2.5.4.10";
        /// organizationalUnitName.
        ORGANIZATIONAL_UNIT = "2.5.4.11";
        /// title.
        TITLE = "2.5.4.12";
        /// businessCategory.
        BUSINESS_CATEGORY = "2.5.4.15";
        /// postalCode.
        POSTAL_CODE = "2.5.4.17";
        /// givenName.
        GIVEN_NAME = "2.5.4.42";
        /// initials.
        INITIALS = "2.5.4.43";
        /// generationQualifier.
        GENERATION_QUALIFIER = "2.5.4.44";
        /// dnQualifier.
        DN_QUALIFIER = "2.5.4.46";
        /// pseudonym.
        PSEUDONYM = "2.5.4.65";
        /// organizationIdentifier.
        ORGANIZATION_IDENTIFIER = "2.5.4.97";
        /// domainComponent.
        DOMAIN_COMPONENT = "0.9.2342.19200300.100.1.25";
        /// userId.
        USER_ID = "0.9.2342.19200300.100.1.1";
        /// emailAddress.
        EMAIL_ADDRESS = "1.2.840.113549.1.9.1";
        /// jurisdictionOfIncorporationLocalityName.
        JURISDICTION_LOCALITY = "1.3.6.1.4.1.311.60.2.1.1";
        /// jurisdictionOfIncorporationStateOrProvinceName.
        JURISDICTION_STATE = "1.3.6.1.4.1.311.60.2.1.2";
        /// jurisdictionOfIncorporationCountryName.
        JURISDICTION_COUNTRY = "1.3.6.1.4.1.311.60.2.1.3";
    }
}

/// Extensions of certificates, CRLs and OCSP responses. Sources: RFC 5280 §4.2, §5.2, §5.3; RFC 6960 §4.2.2.2.1, §4.4.
pub mod extension {
    use super::Oid;
    oids! {
        /// subjectDirectoryAttributes.
        SUBJECT_DIRECTORY_ATTRIBUTES = "2.5.29.9";
        /// subjectKeyIdentifier.
        SUBJECT_KEY_IDENTIFIER = "2.5.29.14";
        /// keyUsage.
        KEY_USAGE = "2.5.29.15";
        /// subjectAltName.
        SUBJECT_ALT_NAME = "2.5.29.17";
        /// issuerAltName.
        ISSUER_ALT_NAME = "2.5.29.18";
        /// basicConstraints.
        BASIC_CONSTRAINTS = "2.5.29.19";
        /// cRLNumber.
        CRL_NUMBER = "2.5.29.20";
        /// reasonCode.
        REASON_CODE = "2.5.29.21";
        /// invalidityDate.
        INVALIDITY_DATE = "2.5.29.24";
        /// deltaCRLIndicator.
        DELTA_CRL_INDICATOR = "2.5.29.27";
        /// issuingDistributionPoint.
        ISSUING_DISTRIBUTION_POINT = "2.5.29.28";
        /// certificateIssuer.
        CERTIFICATE_ISSUER = "2.5.29.29";
        /// nameConstraints.
        NAME_CONSTRAINTS = "2.5.29.30";
        /// cRLDistributionPoints.
        CRL_DISTRIBUTION_POINTS = "2.5.29.31";
        /// certificatePolicies.
        CERTIFICATE_POLICIES = "2.5.29.32";
        /// policyMappings.
        POLICY_MAPPINGS = "2.5.29.33";
        /// authorityKeyIdentifier.
        AUTHORITY_KEY_IDENTIFIER = "2.5.29.35";
        /// policyConstraints.
        POLICY_CONSTRAINTS = "2.5.29.36";
        /// extKeyUsage.
        EXTENDED_KEY_USAGE = "2.5.29.37";
        /// freshestCRL.
        FRESHEST_CRL = "2.5.29.46";
        /// noRevAvail, RFC 9608 §2.
        NO_REVOCATION_AVAILABLE = "2.5.29.56";
        /// inhibitAnyPolicy.
        INHIBIT_ANY_POLICY = "2.5.29.54";
        /// authorityInfoAccess.
        AUTHORITY_INFORMATION_ACCESS = "1.3.6.1.5.5.7.1.1";
        /// subjectInfoAccess.
        SUBJECT_INFORMATION_ACCESS = "1.3.6.1.5.5.7.1.11";
        /// id-pkix-ocsp-nonce.
        OCSP_NONCE = "1.3.6.1.5.5.7.48.1.2";
        /// id-pkix-ocsp-nocheck.
        OCSP_NO_CHECK = "1.3.6.1.5.5.7.48.1.5";
        /// Signed certificate timestamps, RFC 6962 §3.3.
        SCT_LIST = "1.3.6.1.4.1.11129.2.4.2";
        /// The poison of a precertificate, RFC 6962 §3.1.
        PRECERTIFICATE_POISON = "1.3.6.1.4.1.11129.2.4.3";
    }
}

/// Purposes in an extended key usage. Sources: RFC 5280 §4.2.1.12; RFC 6962 §3.1.
pub mod purpose {
    use super::Oid;
    oids! {
        /// anyExtendedKeyUsage.
        ANY = "2.5.29.37.0";
        /// id-kp-serverAuth.
        SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
        /// id-kp-clientAuth.
        CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
        /// id-kp-codeSigning.
        CODE_SIGNING = "1.3.6.1.5.5.7.3.3";
        /// id-kp-emailProtection.
        EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4";
        /// id-kp-timeStamping.
        TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
        /// id-kp-OCSPSigning.
        OCSP_SIGNING = "1.3.6.1.5.5.7.3.9";
        /// Microsoft's document signing.
        DOCUMENT_SIGNING = "1.3.6.1.4.1.311.10.3.12";
        /// Signing of precertificates.
        PRECERTIFICATE_SIGNING = "1.3.6.1.4.1.11129.2.4.4";
    }
}

/// Certificate policies and their qualifiers. Sources: RFC 5280 §4.2.1.4; BR §7.1.6.1.
pub mod policy {
    use super::Oid;
    oids! {
        /// anyPolicy.
        ANY = "2.5.29.32.0";
        /// extended-validation.
        EXTENDED_VALIDATION = "2.23.140.1.1";
        /// domain-validated.
        DOMAIN_VALIDATED = "2.23.140.1.2.1";
        /// organization-validated.
        ORGANIZATION_VALIDATED = "2.23.140.1.2.2";
        /// individual-validated.
        INDIVIDUAL_VALIDATED = "2.23.140.1.2.3";
        /// id-qt-cps.
        QUALIFIER_CPS = "1.3.6.1.5.5.7.2.1";
        /// id-qt-unotice.
        QUALIFIER_USER_NOTICE = "1.3.6.1.5.5.7.2.2";
    }
}

/// Access methods and the type of a basic OCSP response. Sources: RFC 5280 §4.2.2.1; RFC 6960 §4.2.1.
pub mod access {
    use super::Oid;
    oids! {
        /// id-ad-ocsp.
        OCSP = "1.3.6.1.5.5.7.48.1";
        /// id-ad-caIssuers.
        CA_ISSUERS = "1.3.6.1.5.5.7.48.2";
        /// id-pkix-ocsp-basic.
        OCSP_BASIC = "1.3.6.1.5.5.7.48.1.1";
    }
}

/// The attribute of a request that asks for extensions. Source: RFC 2985 §5.4.2.
pub const EXTENSION_REQUEST: Oid = Oid::new_unwrap("1.2.840.113549.1.9.14");

#[cfg(test)]
mod tests {
    use super::super::read::der::{only, tag};
    use super::*;

    fn read<'a>(octets: &'a [u8], faults: &mut Faults) -> Result<OidView<'a>, ReadError> {
        OidView::read(&only(octets, tag::OID, "oid", faults).unwrap(), "oid", faults)
    }

    #[test]
    fn an_identifier_is_shown_dotted() {
        let mut faults = Faults::new();
        for (octets, text) in [
            (&[6, 3, 0x55, 0x1d, 0x0f][..], "2.5.29.15"),
            (&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1], "1.2.840.113549.1.1.1"),
            (&[6, 1, 0x27], "0.39"),
        ] {
            let oid = read(octets, &mut faults).unwrap();
            assert_eq!(oid.to_string(), text);
            assert_eq!(oid, text.parse::<Oid>().unwrap());
        }
        // Source: X.690 8.19.5.
        assert_eq!(read(&[6, 3, 0x88, 0x37, 3], &mut faults).unwrap().to_string(), "2.999.3");
        assert_eq!(read(&[6, 3, 0x55, 0x1d, 0x0f], &mut faults).unwrap(), extension::KEY_USAGE);
        assert_eq!(faults.list(), []);
    }

    #[test]
    fn an_identifier_ends_and_is_not_padded() {
        let mut faults = Faults::new();
        assert!(read(&[6, 0], &mut faults).is_err());
        assert!(read(&[6, 2, 0x55, 0x80], &mut faults).is_err());
        assert_eq!(faults.list(), []);
        read(&[6, 3, 0x55, 0x80, 1], &mut faults).unwrap();
        assert_eq!(faults.list().len(), 1);
        let long = [&[6, 11][..], &[0xff; 10], &[0x7f]].concat();
        assert_eq!(read(&long, &mut faults).unwrap().to_string(), format!("#{}7f", "ff".repeat(10)));
    }
}
