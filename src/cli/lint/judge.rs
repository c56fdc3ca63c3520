//! Every rule over one structure, and over what cannot be read of it.

use std::fmt::Display;
use std::io::Read;

use super::super::piece::{Piece, Shape, first_inside};
use super::pool::Pool;
use super::{Circumstances, Kind};
use crate::pki::oid::purpose;
use crate::pki::read::{
    CertificateView, CrlForm, CrlStream, Faults, OcspResponseView, ReadError, TbsCertificateView, lenient,
};
use crate::rule::{self, Assessment, Context, Severity, certificate, crl, ocsp, request};

/// What is said of one structure.
#[derive(Debug)]
pub struct Judged {
    /// What it is: a kind of certificate, `crl`, `ocsp-response`, `csr` or `unknown`.
    pub kind: String,
    /// Whom it is about, for people.
    pub about: String,
    /// Every objection, and every rule that could not be judged.
    pub findings: Vec<Finding>,
    /// The certificates that an OCSP response encloses, each judged for itself.
    pub enclosed: Vec<Judged>,
}

/// One line of what is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// What was found and what was wanted; or why the rule was not judged.
    pub message: String,
    /// Where the rule is written.
    pub source: &'static str,
    /// Whether it says that the rule could not be judged.
    pub not_judged: bool,
}

/// Judges one piece of a file; `beside` are the CA certificates in the same file.
pub fn judge(piece: &Piece<'_>, circumstances: &Circumstances, beside: &Pool) -> Judged {
    let wanted = circumstances.kind.map(Kind::shape);
    let shape = wanted.or(piece.shape);
    let kind = || circumstances.kind.map_or_else(|| unread_kind(shape), |kind| kind.name().to_owned());
    let refused = |message: String| Judged {
        kind: kind(),
        about: String::new(),
        findings: vec![unreadable(shape, message)],
        enclosed: Vec::new(),
    };
    let octets = match &piece.octets {
        Ok(octets) => *octets,
        Err(why) => return refused(why.clone()),
    };
    match (shape, piece.shape) {
        (Some(wanted), Some(found)) if wanted != found => {
            return refused(format!("this is a {}; wanted a {}", found.name(), wanted.name()));
        }
        _ => {}
    }
    let most = if shape == Some(Shape::Crl) { usize::MAX } else { MOST_OCTETS };
    if octets.len() > most {
        return refused(format!("it has {} octets; more than {most} are not read", octets.len()));
    }
    match shape {
        Some(Shape::Certificate) => of_certificate(octets, circumstances, beside),
        Some(Shape::Crl) => of_crl(&mut &*octets, circumstances, beside),
        Some(Shape::OcspResponse) => of_ocsp_response(octets, circumstances),
        Some(Shape::Request) => of_request(octets, circumstances),
        None => {
            refused("this is no certificate, CRL, OCSP response or certificate signing request".to_owned())
        }
    }
}

fn of_certificate(octets: &[u8], circumstances: &Circumstances, beside: &Pool) -> Judged {
    let (certificate, error) = match certificate::Certificate::from_whole(octets) {
        Ok(certificate) => (Some(certificate), None),
        // What is signed may be readable although what is around it is not.
        Err(error) => {
            (first_inside(octets).and_then(|tbs| certificate::Certificate::from_tbs(tbs).ok()), Some(error))
        }
    };
    let Some(certificate) = certificate else {
        return unread(Shape::Certificate, circumstances, error.as_ref());
    };
    let tbs = certificate.tbs();
    let kind = match circumstances.kind {
        Some(Kind::Certificate(kind)) => kind,
        _ if circumstances.crosses(tbs) => rule::Kind::Cross,
        _ => certificate::recognise(tbs),
    };
    let mut context = circumstances.context(kind, tbs.issuer(), authority(tbs), beside);
    if kind == rule::Kind::Cross {
        context = context.with_existing(&circumstances.existing(tbs));
    }
    let assessment = certificate::judge(&certificate, &context);
    let about = certificate.tbs().subject().to_string();
    judged(kind.to_string(), about, Shape::Certificate, error.as_ref(), assessment)
}

/// `source` gives a whole CRL of any size.
pub fn of_crl(source: &mut dyn Read, circumstances: &Circumstances, beside: &Pool) -> Judged {
    match read_crl(source, circumstances, beside) {
        Ok((about, error, assessment)) => {
            judged(Kind::Crl.name().to_owned(), about, Shape::Crl, error.as_ref(), assessment)
        }
        Err(error) => unread(Shape::Crl, circumstances, Some(&error)),
    }
}

fn read_crl(
    source: &mut dyn Read,
    circumstances: &Circumstances,
    beside: &Pool,
) -> Result<(String, Option<ReadError>, Assessment), ReadError> {
    let (mut heard, mut faults) = (|_: &[u8]| (), Faults::new());
    let stream = CrlStream::open(source, CrlForm::Whole, &mut heard, &mut faults)?;
    // Entries are judged without an issuer: which one it is stands after them.
    let alone = circumstances.without_issuer(rule::Kind::Other);
    let judged = crl::judge_entries(stream, faults, &alone, &mut |_| ())?;
    let fields = judged.read().fields()?;
    let identifier = fields.extensions().authority_key_identifier().ok().flatten();
    let identifier = identifier.and_then(|identifier| identifier.key_identifier);
    let context = circumstances.context(rule::Kind::Other, fields.issuer(), identifier, beside);
    let (about, error) = (fields.issuer().to_string(), judged.read().around().err());
    Ok((about, error, judged.end(&context)?.assessment))
}

fn of_request(octets: &[u8], circumstances: &Circumstances) -> Judged {
    let (found, error) = match request::Request::from_whole(octets) {
        Ok(found) => (Some(found), None),
        Err(error) => {
            (first_inside(octets).and_then(|info| request::Request::from_info(info).ok()), Some(error))
        }
    };
    let Some(found) = found else { return unread(Shape::Request, circumstances, error.as_ref()) };
    let context = circumstances.without_issuer(rule::Kind::Other);
    let about = found.info().subject().to_string();
    judged(
        Kind::Request.name().to_owned(),
        about,
        Shape::Request,
        error.as_ref(),
        request::judge(&found, &context),
    )
}

fn of_ocsp_response(octets: &[u8], circumstances: &Circumstances) -> Judged {
    let (view, faults) = match lenient::ocsp_response(octets) {
        Ok(read) => read,
        Err(error) => return unread(Shape::OcspResponse, circumstances, Some(&error)),
    };
    let kind = Kind::OcspResponse.name().to_owned();
    let Some(response) = ocsp::Ocsp::from_view(&view, faults) else {
        let message = format!("an error response, status {}: there is nothing to judge", view.status());
        let finding = Finding {
            severity: Severity::Note,
            not_judged: true,
            ..unreadable(Some(Shape::OcspResponse), message)
        };
        return Judged { kind, about: String::new(), findings: vec![finding], enclosed: Vec::new() };
    };
    let enclosed: Vec<_> = enclosed(&view).collect();
    let beside = Pool::new(enclosed.iter().map(|octets| octets.to_vec()).collect());
    let answer = response.tbs().responses().iter().next().map(|single| single.cert_id);
    let issuer = answer
        .and_then(|id| circumstances.given.answered_for(&id).or_else(|| beside.answered_for(&id)))
        .or_else(|| circumstances.given.all().next());
    let mut context = circumstances.without_issuer(rule::Kind::Other);
    if let Some(issuer) = issuer {
        context = context.with_issuer(issuer);
    }
    if let Some(delegate) = delegate(&view, issuer.as_ref()) {
        context = context.with_delegate(delegate);
    }
    let answers = response.tbs().responses().iter().count();
    let about = format!("{answers} answer{}", if answers == 1 { "" } else { "s" });
    let judgement = ocsp::judge(&response, &context);
    let enclosed =
        enclosed.into_iter().map(|octets| of_certificate(octets, circumstances, &beside)).collect();
    Judged { enclosed, ..judged(kind, about, Shape::OcspResponse, None, judgement) }
}

/// The certificates that come along.
fn enclosed<'a>(view: &OcspResponseView<'a>) -> impl Iterator<Item = &'a [u8]> {
    let list = view.basic().and_then(|basic| basic.certificates());
    list.into_iter()
        .flat_map(|list| list.iter().collect::<Vec<_>>())
        .take(MOST_ENCLOSED)
        .map(|one| one.0.octets())
}

/// The certificate that comes along and is not the issuer's own.
fn delegate<'a>(
    view: &OcspResponseView<'a>,
    issuer: Option<&TbsCertificateView<'_>>,
) -> Option<TbsCertificateView<'a>> {
    let list = view.basic()?.certificates()?;
    let certificates =
        list.iter().filter_map(|one| CertificateView::read(one.0.octets(), &mut Faults::new()).ok());
    certificates.map(|one| one.tbs()).find(|one| {
        let signs_ocsp = one.extensions().extended_key_usage().ok().flatten();
        let signs_ocsp = signs_ocsp.is_some_and(|list| list.iter().any(|one| one == purpose::OCSP_SIGNING));
        signs_ocsp || issuer.is_some_and(|issuer| issuer.spki().octets() != one.spki().octets())
    })
}

/// The key identifier that a certificate says its issuer has.
pub fn authority<'a>(tbs: &TbsCertificateView<'a>) -> Option<&'a [u8]> {
    tbs.extensions().authority_key_identifier().ok().flatten()?.key_identifier
}

fn judged(
    kind: String,
    about: String,
    shape: Shape,
    error: Option<&ReadError>,
    assessment: Assessment,
) -> Judged {
    let mut findings: Vec<_> = error.map(|error| unreadable(Some(shape), error)).into_iter().collect();
    findings.extend(assessment.objections.into_iter().map(|one| Finding {
        rule: one.rule,
        severity: one.severity,
        message: one.message,
        source: one.source,
        not_judged: false,
    }));
    findings.extend(assessment.not_judged.into_iter().map(|one| Finding {
        rule: one.rule,
        severity: Severity::Note,
        message: format!("not judged: {}", one.because),
        source: source(shape, one.rule),
        not_judged: true,
    }));
    Judged { kind, about, findings, enclosed: Vec::new() }
}

fn unread(shape: Shape, circumstances: &Circumstances, error: Option<&ReadError>) -> Judged {
    let kind = circumstances.kind.map_or_else(|| unread_kind(Some(shape)), |kind| kind.name().to_owned());
    let findings = error.map(|error| unreadable(Some(shape), error)).into_iter().collect();
    Judged { kind, about: String::new(), findings, enclosed: Vec::new() }
}

/// What cannot be read is no DER, or not what it says it is.
fn unreadable(shape: Option<Shape>, message: impl Display) -> Finding {
    let rule = match shape {
        Some(Shape::Certificate) => "CRT-07",
        Some(Shape::Crl) => "CRL-20",
        Some(Shape::OcspResponse) => "OCS-13",
        Some(Shape::Request) => "REQ-01",
        None => "DER-01",
    };
    let source = shape.map_or("X.690", |shape| source(shape, rule));
    Finding { rule, severity: Severity::Error, message: message.to_string(), source, not_judged: false }
}

/// Where a rule on structures of this shape is written.
fn source(shape: Shape, id: &str) -> &'static str {
    fn of<V>(rules: &[rule::Rule<V>], id: &str) -> Option<&'static str> {
        rules.iter().find(|rule| rule.id == id).map(|rule| rule.source)
    }
    let found = match shape {
        Shape::Certificate => of(certificate::RULES, id).or_else(|| of(rule::name::RULES, id)),
        Shape::Crl => of(crl::RULES, id),
        Shape::OcspResponse => of(ocsp::RULES, id),
        Shape::Request => of(request::RULES, id),
    };
    found.or_else(|| of(rule::key::RULES, id)).unwrap_or_default()
}

fn unread_kind(shape: Option<Shape>) -> String {
    match shape {
        Some(Shape::Certificate) => "certificate",
        Some(Shape::Crl) => Kind::Crl.name(),
        Some(Shape::OcspResponse) => Kind::OcspResponse.name(),
        Some(Shape::Request) => Kind::Request.name(),
        None => "unknown",
    }
    .to_owned()
}

impl Circumstances {
    fn context<'a>(
        &'a self,
        kind: rule::Kind,
        issuer: crate::pki::NameView<'_>,
        identifier: Option<&[u8]>,
        beside: &'a Pool,
    ) -> Context<'a> {
        let context = self.without_issuer(kind);
        if kind == rule::Kind::Root {
            return context;
        }
        let name = issuer.octets();
        let given = self.given.issuer(name, identifier).or_else(|| self.given.named(name).next());
        // The only one that was given is the issuer, whatever its name; one beside is by its name and key alone.
        let found = given.or_else(|| self.given.only()).or_else(|| beside.issuer(name, identifier));
        match found {
            Some(found) => context.with_issuer(found),
            None => context,
        }
    }

    /// Whether a certificate is onto the name and key of one that is being cross-signed, and by another issuer.
    fn crosses(&self, tbs: &TbsCertificateView<'_>) -> bool {
        let mut same = self.crossed.named(tbs.subject().octets());
        tbs.issuer() != tbs.subject() && same.any(|one| one.spki().octets() == tbs.spki().octets())
    }

    /// The certificates that are being cross-signed, those of this name first.
    fn existing(&self, tbs: &TbsCertificateView<'_>) -> Vec<TbsCertificateView<'_>> {
        let named = self.crossed.named(tbs.subject().octets());
        let mut all: Vec<_> = named.collect();
        if all.is_empty() {
            all = self.crossed.all().collect();
        }
        all
    }

    fn without_issuer(&self, kind: rule::Kind) -> Context<'_> {
        let mut context = Context::lint(self.policy, kind);
        if let Some(list) = &self.weak_keys {
            context = context.with_weak_keys(list);
        }
        match self.at {
            Some(at) => context.with_signing_time(rule::SigningTime::at(at)),
            None => context,
        }
    }
}

/// The most certificates of an OCSP response that are judged for themselves.
const MOST_ENCLOSED: usize = 16;

/// The most octets of a certificate, a request or an OCSP response that are looked at.
const MOST_OCTETS: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::super::super::piece;
    use super::*;
    use crate::clock::Timestamp;
    use crate::pki::build::{
        self, CertificateParts, CrlParts, Extension, GeneralNameParts, PolicyParts, RequestParts,
        RevokedList, RevokedParts,
    };
    use crate::pki::name::attribute_type;
    use crate::pki::oid::policy;
    use crate::pki::reason::Reason;
    use crate::pki::usage::KeyUsage;
    use crate::pki::{Attribute, Name, PublicKey, SerialNumber, SignatureAlgorithm, StringForm, Validity};

    #[test]
    fn what_cannot_be_read_has_a_rule_that_is_written_somewhere() {
        for shape in [Shape::Certificate, Shape::Crl, Shape::OcspResponse, Shape::Request] {
            let finding = unreadable(Some(shape), "x");
            assert!(finding.source.contains("X.690"), "{finding:?}");
        }
        assert_eq!(unreadable(None, "x").rule, "DER-01");
    }
    /// A structure of every kind, as we write it.
    fn structures() -> Vec<Vec<u8>> {
        let key = PublicKey::from_ed25519(&[7; 32]).unwrap();
        let algorithm = SignatureAlgorithm::for_key(&key).der();
        let country =
            Attribute { kind: attribute_type("C").unwrap(), form: StringForm::Printable, value: "US".into() };
        let name = Name::from_attributes(&[country]).unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (begin, end) = (at("2026-11-01T00:00:00Z"), at("2027-10-01T00:00:00Z"));
        let serial = SerialNumber::from_random([9; 16]);
        let usage = KeyUsage::KEY_CERT_SIGN.and(KeyUsage::CRL_SIGN);
        let policies =
            [PolicyParts { policy: policy::DOMAIN_VALIDATED, cps: Some("http://cps.example.org/") }];
        let extensions = [
            Extension::basic_constraints(true, true, Some(0)),
            Extension::key_usage(true, usage),
            Extension::extended_key_usage(false, &[purpose::SERVER_AUTH]),
            Extension::certificate_policies(false, &policies),
            Extension::crl_distribution_points(&[&["http://c.example.org/"]]),
            Extension::name_constraints(true, &[GeneralNameParts::Dns("example.org")], &[]),
            Extension::authority_key_identifier(&[1; 20]),
        ];
        let extensions: Vec<_> = extensions.into_iter().map(Result::unwrap).collect();
        let certificate = build::tbs_certificate(&CertificateParts {
            serial: serial.der_content(),
            algorithm: &algorithm,
            issuer: &name,
            validity: Validity::new(begin, end).unwrap(),
            subject: &name,
            spki: key.spki_der(),
            extensions: &extensions,
        });
        let revoked = RevokedParts { serial: serial.clone(), revoked_at: begin, reason: Reason::Superseded };
        let list = build::tbs_crl(&CrlParts {
            algorithm: &algorithm,
            issuer: &name,
            this_update: begin,
            next_update: end,
            revoked: &RevokedList::of(vec![revoked]),
            extensions: &[Extension::crl_number(1)],
        });
        let list = list.to_vec().unwrap();
        let request = build::request_info(&RequestParts {
            subject: &name,
            spki: key.spki_der(),
            extensions: &extensions,
        });
        let status = [&[0x30, 3, 0x0a, 1, 0][..]].concat();
        let wholes = [certificate, list, request].map(|tbs| build::assemble(&tbs, &algorithm, &[5; 64]));
        wholes.into_iter().chain([status]).collect()
    }

    fn circumstances(kind: Option<Kind>, issuers: Vec<Vec<u8>>) -> Circumstances {
        let given = Pool::new(issuers);
        Circumstances {
            kind,
            policy: rule::Policy::PublicTls,
            given,
            crossed: Pool::default(),
            weak_keys: None,
            at: None,
        }
    }

    fn judge_all(octets: &[u8], circumstances: &Circumstances) -> usize {
        let mut findings = 0;
        piece::each(octets, |piece| {
            findings += judge(&piece, circumstances, &Pool::of_file(octets, 10)).findings.len();
            // A profile is read out of anything, too.
            if let Ok(octets) = piece.octets
                && let Some(tbs) = first_inside(octets)
            {
                let _ = crate::profile::reading::difference(tbs);
            }
            true
        });
        findings
    }

    proptest::proptest! {
        #[test]
        fn octets_of_any_kind_are_judged_without_panic(octets in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            for kind in Kind::NAMES.map(|(_, kind)| Some(kind)).into_iter().chain([None]) {
                judge_all(&octets, &circumstances(kind, Vec::new()));
                judge_all(&[&[0x30, 0x81, 0xc8][..], &octets].concat(), &circumstances(kind, Vec::new()));
            }
        }

        #[test]
        fn structures_that_somebody_changed_are_judged_without_panic(
            which in 0..4_usize,
            changes in proptest::collection::vec((0..600_usize, proptest::num::u8::ANY), 1..6),
            cut in 0..600_usize,
        ) {
            let all = structures();
            let mut octets = all[which].clone();
            for (at, octet) in changes {
                let length = octets.len();
                octets[at % length] = octet;
            }
            if cut < 100 {
                octets.truncate(cut * octets.len() / 100);
            }
            // What cannot be read, or breaks a rule, is said: no structure here is perfect.
            let findings = judge_all(&octets, &circumstances(None, vec![all[0].clone()]));
            proptest::prop_assert!(findings > 0);
        }
    }

    #[test]
    fn every_structure_is_told_and_read() {
        let kinds: Vec<_> = structures()
            .iter()
            .map(|octets| {
                judge(
                    &Piece { octets: Ok(octets), shape: piece::shape(octets) },
                    &circumstances(None, Vec::new()),
                    &Pool::default(),
                )
            })
            .map(|judged| judged.kind)
            .collect();
        assert_eq!(kinds, ["root", "crl", "csr", "ocsp-response"]);
    }
}
