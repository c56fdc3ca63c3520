//! `inspect`: what a file says, for people: the fields as they are shown before signing.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use ceremony_log::json::{Limits, Value};
use ceremony_log::note::Note;
use ceremony_log::record::Record;
use sha2::{Digest as _, Sha256};

use super::{failures, files, log, piece, verify, waiting};
use crate::digest::{Digest, Hashing};
use crate::failure::{Failure, Turn};
use crate::intake::{self, Trust};
use crate::issuance::{Certificate, CertificateList, OcspResponse, Request, Statement, ToBeSigned};
use crate::pki::pem;
use crate::pki::read::{CrlForm, CrlStream, Faults, lenient};
use crate::pki::{PublicKey, SignatureAlgorithm, verify_signature};

/// Show what files say: certificates, CRLs, requests, OCSP responses, bundles, logs, plans
///
/// Nothing is judged but the signature of what is signed by its own key.
#[derive(Debug, clap::Args)]
pub struct Inspect {
    /// The files, PEM or DER, and bundles
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

impl Inspect {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Every file that cannot be read as anything we know.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let mut unknown = Vec::new();
        for path in &self.files {
            match waiting::for_file(path, || inspect(path)) {
                Ok(text) => files::print(out, &text)?,
                Err(failure) => unknown.push(failure),
            }
        }
        Failure::together(unknown).map_or(Ok(()), Err)
    }
}

fn inspect(path: &Path) -> Result<String, Failure> {
    if path.is_dir() {
        return folder(path);
    }
    let shown = path.display();
    let unknown = |why: String| Failure::new(Turn::Author, format!("`{shown}` cannot be read: {why}"));
    if let Some(mut source) = piece::large_crl(path)? {
        let why = || unknown("it begins like a CRL and is none".to_owned());
        return crl(&shown.to_string(), &mut *source).ok_or_else(why);
    }
    let octets = octets(path)?;
    if pem::is_pem(&octets) {
        let blocks = pem::read(&octets).map_err(|error| unknown(error.to_string()))?;
        let mut text = String::new();
        for (number, block) in blocks.iter().enumerate() {
            let place = format!("{shown}, block {} `{}`", number + 1, block.label);
            let said = structure(&place, &block.octets);
            text.push_str(
                &said.ok_or_else(|| unknown(format!("block {} is nothing that we know", number + 1)))?,
            );
        }
        return Ok(text);
    }
    if octets.first() == Some(&b'{') {
        return json(path, &octets).map_err(unknown);
    }
    let known = structure(&shown.to_string(), &octets).or_else(|| note(path, &octets));
    known.ok_or_else(|| {
        unknown("it is no certificate, CRL, request, OCSP response, plan, log record or checkpoint".into())
    })
}

fn octets(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut octets = Vec::new();
    let file = File::open(path).map_err(|error| failures::file("read", path, &error))?;
    file.take(MOST_OCTETS + 1)
        .read_to_end(&mut octets)
        .map_err(|error| failures::file("read", path, &error))?;
    if octets.len() as u64 > MOST_OCTETS {
        return Err(Failure::new(
            Turn::Author,
            format!("`{}` has more than {MOST_OCTETS} octets", path.display()),
        ));
    }
    Ok(octets)
}

/// A signed structure of any kind that we know.
fn structure(place: &str, octets: &[u8]) -> Option<String> {
    if let Some(text) = certificate(place, octets) {
        return Some(text);
    }
    if let Some(text) = crl(place, &mut &*octets) {
        return Some(text);
    }
    if let Ok((view, faults)) = lenient::request(octets) {
        let statement = Request::statement(&view.info());
        let key = view.info().public_key().ok();
        let signed =
            Signed::of(view.info().octets(), view.signature_algorithm().octets(), view.signature(), key);
        return Some(said(
            place,
            "certificate signing request",
            &statement,
            Digest::of(octets),
            &signed,
            &faults,
        ));
    }
    let (view, faults) = lenient::ocsp_response(octets).ok()?;
    let Some(basic) = view.basic() else {
        return Some(format!("{place}: OCSP response without answers, status {}\n\n", view.status()));
    };
    let statement = OcspResponse::statement(&basic.tbs());
    let signed =
        Signed::of(basic.tbs().octets(), basic.signature_algorithm().octets(), basic.signature(), None);
    let mut text = said(place, "OCSP response", &statement, Digest::of(octets), &signed, &faults);
    if let Some(list) = basic.certificates() {
        for along in &list {
            let place = format!("{place}, certificate that comes along");
            let unreadable = || format!("{place}: it cannot be read\n\n");
            text.push_str(&certificate(&place, along.0.octets()).unwrap_or_else(unreadable));
        }
    }
    Some(text)
}

/// `source` gives a whole CRL of any size; nothing if it is none.
fn crl(place: &str, source: &mut dyn Read) -> Option<String> {
    let mut source = Hashing::new(source);
    let mut to_be_signed = Sha256::new();
    let mut heard = |octets: &[u8]| to_be_signed.update(octets);
    let mut faults = Faults::new();
    let stream = CrlStream::open(&mut source, CrlForm::Whole, &mut heard, &mut faults).ok()?;
    let (statement, read) = CertificateList::said(stream, &mut faults).ok()?;
    let (algorithm, _) = read.around().ok()??;
    let signed = Signed::unjudged(Digest::from_octets(to_be_signed.finalize().into()), algorithm.octets());
    Some(said(place, "CRL", &statement, source.sha256(), &signed, &faults))
}

fn certificate(place: &str, octets: &[u8]) -> Option<String> {
    let (view, faults) = lenient::certificate(octets).ok()?;
    let own = view.public_key().ok().filter(|_| view.issuer() == view.subject());
    let statement = Certificate::statement(&view.tbs());
    let signed = Signed::of(view.tbs().octets(), view.signature_algorithm().octets(), view.signature(), own);
    Some(said(place, "certificate", &statement, Digest::of(octets), &signed, &faults))
}

/// What was signed, how, and whether its own key did.
struct Signed {
    to_be_signed: Digest,
    by: String,
}

impl Signed {
    fn of(to_be_signed: &[u8], algorithm: &[u8], signature: &[u8], own: Option<PublicKey>) -> Self {
        let known = SignatureAlgorithm::from_der(algorithm);
        let name = known.map_or("an unknown algorithm", SignatureAlgorithm::name);
        let by = match own.zip(known) {
            Some((key, algorithm)) => match verify_signature(&key, algorithm, to_be_signed, signature) {
                Ok(()) => format!("{name}, by its own key: good"),
                Err(error) => format!("{name}, not by its own key: {error}"),
            },
            None => return Self::unjudged(Digest::of(to_be_signed), algorithm),
        };
        Self { to_be_signed: Digest::of(to_be_signed), by }
    }

    fn unjudged(to_be_signed: Digest, algorithm: &[u8]) -> Self {
        let known = SignatureAlgorithm::from_der(algorithm);
        let name = known.map_or("an unknown algorithm", SignatureAlgorithm::name);
        Self { to_be_signed, by: format!("{name}, not judged") }
    }
}

fn said(
    place: &str,
    what: &str,
    statement: &Statement,
    sha256: Digest,
    signed: &Signed,
    faults: &Faults,
) -> String {
    let mut text = format!("{place}: {what}\n");
    for field in statement.fields() {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {}: {}", field.name, files::one_line(&field.value));
    }
    let _ = writeln!(text, "  signature: {}", signed.by);
    text.push_str(&digest("to-be-signed SHA-256", &signed.to_be_signed));
    text.push_str(&digest("SHA-256", &sha256));
    for error in faults.unread() {
        let _ = writeln!(text, "  not readable: {error}");
    }
    for fault in faults.list() {
        let _ = writeln!(text, "  not DER: {fault}");
    }
    if faults.more() > 0 {
        let _ = writeln!(text, "  and {} faults more", faults.more());
    }
    text.push('\n');
    text
}

fn digest(name: &str, digest: &Digest) -> String {
    format!("  {name}: {digest}\n    in words: {}\n", digest.words())
}

/// A log record, a plan, a manifest: canonical JSON.
fn json(path: &Path, octets: &[u8]) -> Result<String, String> {
    let line = octets.strip_suffix(b"\n").unwrap_or(octets);
    if line.contains(&b'\n') {
        return Err("it is more than one line of JSON; for a log there is `log show`".into());
    }
    if let Ok(record) = Record::parse(line) {
        return Ok(format!("{}: log record\n{}", path.display(), log::line(&record)));
    }
    let value = Value::parse(line, &Limits::FILE).map_err(|fault| fault.to_string())?;
    let object = value.as_object().ok_or("it is no object")?;
    let mut text = format!(
        "{}: {}\n",
        path.display(),
        if object.get("acts").is_some() { "plan" } else { "canonical JSON" }
    );
    for (key, value) in object.iter() {
        let shown = match value {
            Value::String(text) => files::one_line(text),
            Value::Array(items) => format!("{} items", items.len()),
            Value::Object(object) => format!("{} fields", object.len()),
            other => other.to_canonical(),
        };
        let _ = writeln!(text, "  {key}: {shown}");
    }
    text.push_str(&digest("SHA-256", &Digest::of(octets)));
    text.push('\n');
    Ok(text)
}

fn note(path: &Path, octets: &[u8]) -> Option<String> {
    let note = Note::parse(octets).ok()?;
    let checkpoint: ceremony_log::checkpoint::Checkpoint = note.text().parse().ok()?;
    let root = Digest::from_octets(*checkpoint.root.octets());
    let mut text = format!(
        "{}: checkpoint\n  origin: {}\n  size: {}\n",
        path.display(),
        checkpoint.origin,
        checkpoint.size
    );
    text.push_str(&digest("root", &root));
    for signature in note.signatures() {
        let _ = writeln!(text, "  signed, not judged, by: {}", signature.name);
    }
    text.push('\n');
    Some(text)
}

/// A bundle or a ceremony log: its head, and what its manifest lists.
fn folder(path: &Path) -> Result<String, Failure> {
    let not_one = |error: std::io::Error| {
        failures::file("read as a bundle or a ceremony log", path, &error)
            .hint("`verify` judges a bundle, `log verify` a log")
    };
    let head = intake::head(path, &Trust::OwnPolicy, verify::now()).map_err(not_one)?;
    let mut text = format!(
        "{}: {}",
        path.display(),
        if path.join("manifest.json").is_file() { "bundle\n" } else { "ceremony log\n" }
    );
    text.push_str(&log::text(&head, false));
    if let Ok(octets) = octets(&path.join("manifest.json"))
        && let Ok(manifest) = Value::parse(&octets, &Limits::FILE)
    {
        for artifact in manifest.get("artifacts").and_then(Value::as_array).unwrap_or_default() {
            let of = |key: &str| {
                artifact.get(key).and_then(Value::as_str).map(files::one_line).unwrap_or_default()
            };
            let _ = writeln!(text, "  {} {}: {}", of("kind"), of("name"), of("sha256"));
        }
    }
    text.push('\n');
    Ok(text)
}

/// The largest file that is shown.
const MOST_OCTETS: u64 = 128 << 20;
