//! OCSP responses that are signed ahead of time. RFC 6960 §4.2.

use std::ops::Range;

use super::{Opened, Statement, ToBeSigned, place};
use crate::digest::hex;
use crate::issuance::statement::read::{identifier, version};
use crate::pki::read::der::Cursor;
use crate::pki::read::{self, AlgorithmView, CertStatus, Faults, ReadError, ResponderId, ResponseDataView};
use crate::pki::{SignatureAlgorithm, build};
use crate::rule::{self, Assessment, Context};

/// An OCSP response.
#[derive(Clone, Copy, Debug)]
pub struct OcspResponse;

impl ToBeSigned for OcspResponse {
    const NAME: &'static str = "the OCSP response";

    type View<'a> = ResponseDataView<'a>;

    fn read(octets: &[u8]) -> Result<ResponseDataView<'_>, ReadError> {
        read::response_data(octets)
    }

    fn judge<'a>(
        octets: &'a [u8],
        algorithm: &'a [u8],
        context: &Context<'a>,
    ) -> Result<Assessment, ReadError> {
        let algorithm =
            AlgorithmView::read(&mut Cursor::new(algorithm), "signatureAlgorithm", &mut Faults::new())?;
        Ok(rule::ocsp::judge(&rule::ocsp::Ocsp::from_tbs(octets)?.with_algorithm(algorithm), context))
    }

    fn statement(view: &ResponseDataView<'_>) -> Statement {
        let mut statement = Statement::new();
        statement.say("version", version(view.version().map(|element| element.content()), &[]));
        match view.responder() {
            ResponderId::ByName(name) => statement.say("responder", format!("by name {name}")),
            ResponderId::ByKey(octets) => statement.say("responder", format!("by key {}", hex(octets))),
        }
        statement.say_time("produced at", &view.produced_at());
        for single in &view.responses() {
            let id = single.cert_id;
            statement.say("certificate, hash algorithm", identifier(&id.hash_algorithm.oid()));
            statement.say("certificate, issuer name hash", hex(id.issuer_name_hash));
            statement.say("certificate, issuer key hash", hex(id.issuer_key_hash));
            statement.say("certificate, serial number", hex(id.serial));
            let status = match single.status {
                CertStatus::Good => "good".to_owned(),
                CertStatus::Revoked { at, reason } => said_revoked(&at.at(), reason),
                CertStatus::Unknown => "unknown".to_owned(),
            };
            statement.say("status", status);
            statement.say_time("this update", &single.this_update);
            match single.next_update {
                Some(time) => statement.say_time("next update", &time),
                None => statement.say("next update", "absent"),
            }
            statement.say_read(&single.extensions);
        }
        statement.say_read(&view.extensions());
        statement
    }

    fn places(octets: &[u8]) -> Vec<(String, Range<usize>)> {
        let Ok(view) = read::response_data(octets) else { return Vec::new() };
        let inside = |part: &[u8]| {
            // The parts are borrowed from `octets`, so that their distance from its beginning is their place.
            let start = (part.as_ptr() as usize).saturating_sub(octets.as_ptr() as usize);
            start..start + part.len()
        };
        let mut places = vec![("produced at".into(), place(&view.produced_at().element()))];
        if let ResponderId::ByKey(hash) = view.responder() {
            places.push(("responder".into(), inside(hash)));
        }
        for single in &view.responses() {
            places.push(("certificate, issuer key hash".into(), inside(single.cert_id.issuer_key_hash)));
            places.push(("certificate, serial number".into(), inside(single.cert_id.serial)));
            let this_update = place(&single.this_update.element());
            // The status stands between the serial number, which ends the certificate's id, and this update.
            places.push(("status".into(), inside(single.cert_id.serial).end..this_update.start));
            places.push(("this update".into(), this_update));
            places.extend(single.next_update.map(|time| ("next update".into(), place(&time.element()))));
        }
        places
    }

    fn assemble(
        to_be_signed: &[u8],
        algorithm: SignatureAlgorithm,
        signature: &[u8],
        along: &[Vec<u8>],
    ) -> Vec<u8> {
        let along: Vec<&[u8]> = along.iter().map(Vec::as_slice).collect();
        build::ocsp_response(to_be_signed, &algorithm.der(), signature, &along)
    }

    fn open(whole: &[u8]) -> Result<Opened<'_>, ReadError> {
        let view = read::ocsp_response(whole)?;
        // A response without a body has nothing that could have been signed.
        let Some(basic) = view.basic() else {
            return Ok(Opened { to_be_signed: &[], algorithm: &[], signature: &[], along: Vec::new() });
        };
        let along = basic
            .certificates()
            .map(|list| list.iter().map(|one| one.0.octets()).collect())
            .unwrap_or_default();
        Ok(Opened {
            to_be_signed: basic.tbs().octets(),
            algorithm: basic.signature_algorithm().octets(),
            signature: basic.signature(),
            along,
        })
    }
}

/// How a statement says a revoked certificate.
pub(in crate::issuance) fn said_revoked(at: &dyn std::fmt::Display, reason: Option<u64>) -> String {
    let reason = reason.map_or_else(|| "absent".to_owned(), |reason| reason.to_string());
    format!("revoked at {at}, reason {reason}")
}
