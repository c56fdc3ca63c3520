//! The certificates of a bundle: each is what its record says, and signed by the CA that its record names.

use std::collections::BTreeMap;

use ceremony_log::code::Code;

use super::artifacts::Artifacts;
use super::log::Told;
use super::report::Report;
use super::story::{Named, Outcome};
use crate::clock::Timestamp;
use crate::digest::{Digest, hex};
use crate::pki::oid::purpose;
use crate::pki::read::{self, CertificateView};
use crate::pki::usage::KeyUsage;
use crate::pki::{PublicKey, verify_signature};
use crate::rule::certificate::recognise;
use crate::rule::{self, Context, Kind, Policy};

/// A certificate has a few KiB; this is what is read of one.
const MOST_OCTETS: u64 = 64 * 1024;

/// How much of all certificates together is held.
const MOST_HELD: usize = 64 << 20;

/// Fewer content octets than these are a short serial number: 64 bits have to be random (BR §7.1).
const SHORTEST_SERIAL: usize = 8;

/// Certificates of earlier ceremonies, which come from elsewhere than the bundle: by their digests, where each is and its
/// octets.
pub type Earlier = BTreeMap<Digest, (String, Vec<u8>)>;

/// The kinds of artifacts that are certificates.
pub const KINDS: [&str; 4] = ["root", "subordinate", "cross", "ocsp-responder"];

/// The octets of every certificate that is there and good.
#[derive(Debug)]
pub struct Store<'t>(Vec<Held<'t>>);

/// One certificate's octets, and where they are from.
#[derive(Debug)]
struct Held<'t> {
    named: &'t Named,
    path: String,
    der: Vec<u8>,
    earlier: bool,
}

/// One certificate of the bundle.
#[derive(Clone, Debug)]
pub struct Certificate<'s> {
    /// The record that names it.
    pub named: &'s Named,
    /// Its file.
    pub path: &'s str,
    /// What it says.
    pub view: CertificateView<'s>,
    /// Its public key, if we can verify by it.
    pub key: Option<PublicKey>,
    /// It is of an earlier ceremony, with whose bundle it is judged: here it stands for who signed.
    pub earlier: bool,
}

impl Certificate<'_> {
    /// Whether its basic constraints say that it is a CA's.
    pub fn is_ca(&self) -> bool {
        self.view.extensions().basic_constraints().ok().flatten().is_some_and(|found| found.ca)
    }

    /// Whether it may sign OCSP responses for its issuer.
    pub fn is_responder(&self) -> bool {
        let purposes = self.view.extensions().extended_key_usage().ok().flatten();
        purposes.is_some_and(|purposes| purposes.iter().any(|one| one == purpose::OCSP_SIGNING))
    }

    /// The digest of its SubjectPublicKeyInfo.
    pub fn spki_sha256(&self) -> Digest {
        self.view.tbs().spki_sha256()
    }

    /// Whether the certificate is valid at `at`.
    pub fn is_valid_at(&self, at: Timestamp) -> bool {
        self.view.tbs().validity().is_ok_and(|validity| validity.includes(at))
    }
}

impl<'t> Store<'t> {
    /// Reads the certificates of a bundle, and those of earlier ones that the same log names.
    pub fn read(artifacts: &Artifacts<'t>, told: &'t Told, earlier: &Earlier, report: &mut Report) -> Self {
        let mut store = Vec::new();
        let mut held = 0;
        for (sha256, named) in artifacts.all().filter(|(_, named)| KINDS.contains(&named.kind.as_str())) {
            if held > MOST_HELD {
                report.find(Code::E128, "artifacts", format!("more than {MOST_HELD} octets of certificates"));
                break;
            }
            if let Some(der) = artifacts.octets(sha256, MOST_OCTETS, report) {
                held += der.len();
                store.push(Held { named, path: artifacts.path(sha256), der, earlier: false });
            }
        }
        let named = told.story.named.iter().filter(|named| KINDS.contains(&named.kind.as_str()));
        for named in named.filter(|named| !artifacts.logged.contains_key(&named.sha256)) {
            // Whoever keeps it has seen that its octets have the digest; here it is the log that knows it.
            let kept = earlier.get(&named.sha256).filter(|(_, der)| Digest::of(der) == named.sha256);
            if let Some((path, der)) = kept {
                store.push(Held { named, path: path.clone(), der: der.clone(), earlier: true });
            }
        }
        Self(store)
    }

    /// Judges each certificate by itself, by its record and by its issuer.
    pub fn judge(&self, told: &Told, at: Option<Timestamp>, report: &mut Report) -> Vec<Certificate<'_>> {
        let mut all = Vec::new();
        for Held { named, path, der, earlier } in &self.0 {
            match read::certificate(der) {
                Ok(view) => {
                    let key = view.public_key().ok();
                    all.push(Certificate { named, path, view, key, earlier: *earlier });
                }
                Err(error) => {
                    let code = if named.kind == "root" { Code::E162 } else { Code::E164 };
                    report.find(code, path, format!("it cannot be read as a certificate: {error}"));
                }
            }
        }
        for one in all.iter().filter(|one| !one.earlier) {
            by_record(one, report);
            profile(one, told, report);
            if one.named.kind == "root" {
                root(one, at, report);
            } else {
                by_issuer(one, &all, at, report);
            }
        }
        serials(told, report);
        all
    }
}

/// Whether each of these certificates is one that the log names and that counts: nothing else is believed of an issuer whose
/// certificate somebody names beside the bundle.
pub fn are_named(issuers: &Earlier, told: &Told, report: &mut Report) {
    // Where the log tells of no ceremony, that was said.
    if told.story.ceremony.is_none() {
        return;
    }
    let ended =
        |named: &Named| matches!(told.story.outcomes.get(&named.cer), Some(Outcome::Ok | Outcome::Partial));
    for (sha256, (path, _)) in issuers {
        let mut records = told.story.named.iter().filter(|named| named.sha256 == *sha256);
        if !records
            .any(|named| KINDS.contains(&named.kind.as_str()) && told.story.counts(named) && ended(named))
        {
            let message = format!(
                "a certificate with the SHA-256 {sha256}; wanted one that this log says a ceremony signed, and that counts"
            );
            report.find(Code::E142, path, message);
        }
    }
}

/// What the certificate says is what the intent announced and the result told.
fn by_record(one: &Certificate<'_>, report: &mut Report) {
    let Certificate { named, view, path, .. } = one;
    let tbs = view.tbs();
    let mut compare = |code, what: &str, found: String, wanted: Option<&str>| {
        if wanted != Some(found.as_str()) {
            let wanted = wanted.unwrap_or("nothing");
            report.find(
                code,
                path,
                format!("{what} {found}; record {} and its intent have {wanted}", named.seq),
            );
        }
    };
    let to_be_signed = tbs.sha256().to_string();
    compare(
        Code::E175,
        "the to-be-signed octets have the digest",
        to_be_signed,
        named.intended("tbs_sha256"),
    );
    compare(Code::E175, "serial number", hex(tbs.serial_octets()), named.data.str("serial"));
    compare(Code::E175, "serial number", hex(tbs.serial_octets()), named.intended("serial"));
    compare(Code::E175, "not before", tbs.not_before().at().to_string(), named.intended("not_before"));
    compare(Code::E175, "not after", tbs.not_after().at().to_string(), named.intended("not_after"));
    compare(
        Code::E167,
        "a key with the digest",
        one.spki_sha256().to_string(),
        named.data.str("spki_sha256"),
    );
    if tbs.serial_octets().len() < SHORTEST_SERIAL {
        let message =
            format!("serial number {}; wanted {SHORTEST_SERIAL} octets at least", hex(tbs.serial_octets()));
        report.find(Code::E173, path, message);
    }
}

/// What a certificate of its kind has to be. All errors of the rules have a code for roots, some for subordinate CAs; what
/// else they say was judged before these were signed, and is judged by those who import.
fn profile(one: &Certificate<'_>, told: &Told, report: &mut Report) {
    let extensions = one.view.extensions();
    let usage = extensions.key_usage().ok().flatten();
    let (ca_code, usage_code) = match one.named.kind.as_str() {
        "root" => {
            rules(one, Kind::Root, told, report);
            (Code::E162, Code::E162)
        }
        "ocsp-responder" => {
            if one.is_ca() || !one.is_responder() {
                report.find(
                    Code::E197,
                    one.path,
                    "it is no OCSP responder's: wanted no CA, and the purpose OCSP signing",
                );
            }
            return;
        }
        kind => {
            let kind = if kind == "cross" { Kind::Cross } else { recognise(&one.view.tbs()) };
            rules(one, kind, told, report);
            (Code::E168, Code::E169)
        }
    };
    if !one.is_ca() {
        report.find(ca_code, one.path, "its basic constraints do not say that it is a CA's");
    }
    let wanted = KeyUsage::KEY_CERT_SIGN.and(KeyUsage::CRL_SIGN);
    if !usage.is_some_and(|usage| usage.has(wanted)) {
        report.find(usage_code, one.path, "its key usage lacks keyCertSign or cRLSign");
    }
}

/// Every rule, under the policy that the log says was applied before signing.
fn rules(one: &Certificate<'_>, kind: Kind, told: &Told, report: &mut Report) {
    let tbs = one.view.tbs();
    let Some(policy) = told.story.policy_of(tbs.sha256()).and_then(|policy| policy.parse::<Policy>().ok())
    else {
        let code = if kind == Kind::Root { Code::E162 } else { Code::E157 };
        report.unjudged(code, one.path, "it was not linted, because the log names no policy for it");
        return;
    };
    let Ok(certificate) = rule::certificate::Certificate::from_tbs(tbs.octets()) else { return };
    let assessment = rule::certificate::judge(&certificate, &Context::lint(policy, kind));
    for objection in assessment.objections.iter().filter(|objection| objection.is_error()) {
        // Whoever imports hears all of them; the others were heard before anything was signed.
        let strictly = report.is_strict().then(|| strict_code(objection.rule));
        if let Some(code) = code(kind, objection.rule).or(strictly) {
            report.find(code, one.path, objection.to_string());
        }
    }
}

/// The code for a rule that objects to a certificate of this kind.
fn code(kind: Kind, rule: &str) -> Option<Code> {
    match (kind, rule) {
        (Kind::Root, _) => Some(Code::E162),
        (_, "SUB-07" | "TLS-03" | "XCA-04") => Some(Code::E170),
        (_, "SUB-05" | "SUB-06") => Some(Code::E171),
        _ => None,
    }
}

/// The code for a rule that objects to a subordinate CA's certificate, where there is none of its own.
fn strict_code(rule: &str) -> Code {
    match rule {
        "CRT-04" | "SUB-01" | "SUB-04" | "XCA-02" => Code::E165,
        "SUB-02" | "XCA-07" => Code::E168,
        "CRT-08" | "CRT-09" | "CRT-12" => Code::E172,
        "CRT-02" | "CRT-15" => Code::E173,
        "CRT-16" | "SUB-03" | "SUB-11" | "TLS-01" | "XCA-05" | "XCA-06" => Code::E169,
        // What the profile should have kept to.
        _ => Code::E157,
    }
}

fn root(one: &Certificate<'_>, at: Option<Timestamp>, report: &mut Report) {
    if one.view.issuer() != one.view.subject() {
        report.find(Code::E161, one.path, "issuer and subject differ; a root CA is its own issuer");
    }
    if let Err(why) = signed_by(&one.view, one) {
        report.find(Code::E161, one.path, format!("its own key did not sign it: {why}"));
    }
    if let Some(at) = at.filter(|at| !one.is_valid_at(*at)) {
        report.find(Code::E163, one.path, format!("it is not valid at {at}"));
    }
}

/// Signature, names, path length and validity, by the CA that the record names.
fn by_issuer(one: &Certificate<'_>, all: &[Certificate<'_>], at: Option<Timestamp>, report: &mut Report) {
    if let Some(at) = at.filter(|at| !one.is_valid_at(*at)) {
        report.find(Code::E172, one.path, format!("it is not valid at {at}"));
    }
    let named = one.named.digest("issuer_sha256");
    let Some(issuer) = issuer_of(one, named, all, report) else { return };
    let mut find = |code, message: String| report.find(code, one.path, message);
    if Some(issuer.view.sha256()) != named {
        find(Code::E164, format!("its record names another issuer than {}, whose name it has", issuer.path));
    }
    if one.named.intended("issuer_spki_sha256") != Some(issuer.spki_sha256().to_string().as_str()) {
        find(Code::E164, format!("its intent names another issuer's key than that of {}", issuer.path));
    }
    if !issuer.is_ca() {
        find(Code::E164, format!("its issuer {} is no CA", issuer.path));
    }
    if let Err(why) = signed_by(&one.view, issuer) {
        find(Code::E164, format!("the key of {} did not sign it: {why}", issuer.path));
    }
    if one.view.issuer() != issuer.view.subject() {
        find(
            Code::E165,
            format!(
                "issuer `{}`; the subject of {} is `{}`",
                one.view.issuer(),
                issuer.path,
                issuer.view.subject()
            ),
        );
    }
    let authority = one
        .view
        .extensions()
        .authority_key_identifier()
        .ok()
        .flatten()
        .and_then(|found| found.key_identifier);
    let subject = issuer.view.extensions().subject_key_identifier().ok().flatten();
    if authority.is_none() || authority != subject {
        find(
            Code::E165,
            format!("its authority key identifier is not the subject key identifier of {}", issuer.path),
        );
    }
    path_length(one, issuer, &mut find);
    let within = issuer.view.tbs().validity().ok().zip(one.view.tbs().validity().ok());
    if !within.is_some_and(|(outer, inner)| outer.encloses(&inner)) {
        find(Code::E172, format!("its validity is not within that of {}", issuer.path));
    }
}

/// The certificate of who signed: the one of the digest that the record has, or else of the name.
fn issuer_of<'a, 's>(
    one: &Certificate<'_>,
    named: Option<Digest>,
    all: &'a [Certificate<'s>],
    report: &mut Report,
) -> Option<&'a Certificate<'s>> {
    let by_digest = all.iter().find(|other| Some(other.view.sha256()) == named);
    // An issuer that the record does not name right is still known by its name. Beside the bundle there may be a
    // cross-certificate of that name alone, and that is nobody's mistake.
    let offered = |other: &&Certificate<'_>| !other.earlier || report.is_strict();
    let has_name = |other: &&Certificate<'_>| other.is_ca() && other.view.subject() == one.view.issuer();
    let issuer = by_digest.or_else(|| all.iter().filter(offered).find(has_name));
    if issuer.is_none() {
        let sha256 = named.map(|sha256| format!(", SHA-256 {sha256}")).unwrap_or_default();
        let message = format!(
            "the signature of `{}` was not judged: its issuer `{}`{sha256} is not in the bundle{}",
            one.named.name,
            one.view.issuer(),
            beside(report)
        );
        report.unjudged(Code::E164, one.path, message);
    }
    issuer
}

/// What to do where an issuer's certificate is of an earlier ceremony: those who import have the earlier bundles.
pub fn beside(report: &Report) -> &'static str {
    if report.is_strict() {
        ""
    } else {
        "; `--issuer FILE` names the certificate that an earlier ceremony made"
    }
}

fn path_length(one: &Certificate<'_>, issuer: &Certificate<'_>, find: &mut dyn FnMut(Code, String)) {
    let length = |of: &Certificate<'_>| {
        of.view.extensions().basic_constraints().ok().flatten().and_then(|it| it.path_length)
    };
    let Some(most) = length(issuer).filter(|_| one.is_ca()) else { return };
    if most == 0 || length(one).is_none_or(|found| found >= most) {
        find(Code::E168, format!("the path length {most} of {} has no room for it", issuer.path));
    }
}

/// Whether the key of `issuer` signed, by the algorithm that stands in both places.
///
/// # Errors
///
/// In words, why not.
pub fn signed_by(view: &CertificateView<'_>, issuer: &Certificate<'_>) -> Result<(), String> {
    if view.signature_algorithm().octets() != view.tbs().signature().octets() {
        return Err("the algorithm outside is not the one inside".to_owned());
    }
    let key = issuer.key.as_ref().ok_or("the key is of a kind that cannot be verified by")?;
    let algorithm = view.signature_algorithm().signature_algorithm().ok_or("unknown signature algorithm")?;
    verify_signature(key, algorithm, view.tbs().octets(), view.signature()).map_err(|error| error.to_string())
}

/// No issuer has used a serial number twice, in the whole log.
fn serials(told: &Told, report: &mut Report) {
    let mut used: BTreeMap<(&str, &str), &Named> = BTreeMap::new();
    for named in told.story.named.iter().filter(|named| named.ev == "cert.signed") {
        let (Some(issuer), Some(serial)) = (named.intended("issuer_spki_sha256"), named.data.str("serial"))
        else {
            continue;
        };
        if let Some(before) = used.insert((issuer, serial), named) {
            let message =
                format!("serial number {serial} was used in record {} by the same issuer", before.seq);
            report.find_record(Code::E173, named.seq, message);
        }
    }
}
