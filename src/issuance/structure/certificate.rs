//! Certificates: root, subordinate, cross-certified, OCSP responders. RFC 5280 §4.

use std::ops::Range;

use super::{Opened, Statement, ToBeSigned, place};
use crate::digest::hex;
use crate::issuance::statement::read::version;
use crate::pki::read::{self, ReadError, TbsCertificateView};
use crate::pki::{SignatureAlgorithm, oid};
use crate::rule::{self, Assessment, Context};

/// A certificate.
#[derive(Clone, Copy, Debug)]
pub struct Certificate;

impl ToBeSigned for Certificate {
    const NAME: &'static str = "the certificate";

    type View<'a> = TbsCertificateView<'a>;

    fn read(octets: &[u8]) -> Result<TbsCertificateView<'_>, ReadError> {
        read::tbs_certificate(octets)
    }

    fn judge<'a>(octets: &'a [u8], _: &'a [u8], context: &Context<'a>) -> Result<Assessment, ReadError> {
        Ok(rule::certificate::judge(&rule::certificate::Certificate::from_tbs(octets)?, context))
    }

    fn statement(view: &TbsCertificateView<'_>) -> Statement {
        let mut statement = Statement::new();
        statement.say("version", version(view.version().map(|element| element.content()), &[(V3, "v3")]));
        statement.say("serial number", hex(view.serial_octets()));
        statement.say("signature algorithm", algorithm_name(view.signature().octets()));
        statement.say_read_name("issuer", view.issuer());
        statement.say_time("not before", &view.not_before());
        statement.say_time("not after", &view.not_after());
        statement.say_read_name("subject", view.subject());
        statement.say_read_key(view.public_key());
        statement.say_read(&view.extensions());
        statement
    }

    fn places(octets: &[u8]) -> Vec<(String, Range<usize>)> {
        let Ok(view) = read::tbs_certificate(octets) else { return Vec::new() };
        let mut places = vec![
            ("serial number".into(), place(&view.serial_element())),
            ("not before".into(), place(&view.not_before().element())),
            ("not after".into(), place(&view.not_after().element())),
            ("public key, SPKI SHA-256".into(), place(&view.spki())),
        ];
        for wanted in [oid::extension::SUBJECT_KEY_IDENTIFIER, oid::extension::AUTHORITY_KEY_IDENTIFIER] {
            if let Some(extension) = view.extensions().find(wanted) {
                let name = crate::issuance::statement::read::extension_name(&extension.oid());
                places.push((name, place(&extension.element())));
            }
        }
        places
    }

    fn open(whole: &[u8]) -> Result<Opened<'_>, ReadError> {
        let view = read::certificate(whole)?;
        Ok(Opened::alone(view.tbs().octets(), view.signature_algorithm(), view.signature()))
    }
}

/// How a statement says a signature algorithm: its name, or its octets where it has none.
pub(super) fn algorithm_name(der: &[u8]) -> String {
    SignatureAlgorithm::from_der(der).map_or_else(|| hex(der), |algorithm| algorithm.name().to_owned())
}

/// The INTEGER 2 inside of the explicit tag: version 3. RFC 5280 §4.1.2.1.
const V3: &[u8] = &[0x02, 0x01, 0x02];
