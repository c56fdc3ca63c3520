//! `lint`: every rule over certificates, CRLs, OCSP responses and requests, outside of a ceremony.
//!
//! The rules of this file:
//! - What cannot be read is an objection like any other; only what is no file is the author's turn.
//! - A rule that cannot be judged for lack of something from outside is said, not passed.

mod judge;
mod pool;

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};

use judge::{Finding, Judged};
use pool::Pool;

use super::files;
use super::piece::{self, MOST_OCTETS, MOST_STRUCTURES, Shape, octets, regular};
use crate::clock::Timestamp;
use crate::failure::{Failure, Turn};
use crate::rule::{self, Policy, Severity, WeakKeys};

/// Apply the rules to certificates, CRLs, OCSP responses and signing requests
///
/// Reads PEM and DER, several structures in a file as well. Signatures are not judged, but those of signing requests.
#[derive(Debug, clap::Args)]
pub struct Lint {
    /// The files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// What the structures are meant to be; recognised when not given, `cross` with `--cross-signed` alone
    #[arg(long, value_parser = Kind::NAMES.map(|(name, _)| name))]
    kind: Option<String>,
    /// Whose rules apply: public-tls, private or pqc-pilot
    #[arg(long, default_value = "public-tls")]
    policy: Policy,
    /// The issuer's certificate; of several, each structure takes the one of its issuer's name; found in the same file, too
    #[arg(long, value_name = "FILE")]
    issuer: Vec<PathBuf>,
    /// The certificate being cross-signed, and further ones of the same CA
    #[arg(long, value_name = "FILE")]
    cross_signed: Vec<PathBuf>,
    /// A list of known weak RSA keys, in the format of Debian's openssl-blacklist
    #[arg(long, value_name = "FILE")]
    weak_keys: Vec<PathBuf>,
    /// When they are or were signed, such as 2026-11-01T08:00:00Z
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// How to say it
    #[arg(long, value_parser = ["text", "json"], default_value = "text")]
    format: String,
}

/// What a structure can be meant to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Certificate(rule::Kind),
    Crl,
    OcspResponse,
    Request,
}

impl Kind {
    const NAMES: [(&'static str, Self); 8] = [
        ("root", Self::Certificate(rule::Kind::Root)),
        ("subordinate", Self::Certificate(rule::Kind::Subordinate)),
        ("cross", Self::Certificate(rule::Kind::Cross)),
        ("ocsp-responder", Self::Certificate(rule::Kind::OcspResponder)),
        ("technically-constrained", Self::Certificate(rule::Kind::TechnicallyConstrained)),
        ("crl", Self::Crl),
        ("ocsp-response", Self::OcspResponse),
        ("csr", Self::Request),
    ];

    fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, kind)| *kind == self).map_or("unknown", |(name, _)| name)
    }

    const fn shape(self) -> Shape {
        match self {
            Self::Certificate(_) => Shape::Certificate,
            Self::Crl => Shape::Crl,
            Self::OcspResponse => Shape::OcspResponse,
            Self::Request => Shape::Request,
        }
    }
}

/// What is known besides the structures themselves.
#[derive(Debug)]
struct Circumstances {
    kind: Option<Kind>,
    policy: Policy,
    given: Pool,
    crossed: Pool,
    weak_keys: Option<WeakKeys>,
    at: Option<Timestamp>,
}

impl Lint {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if a rule objects with an error, or a file is none.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let kind = |name: &String| Kind::NAMES.iter().find(|(known, _)| known == name).map(|(_, kind)| *kind);
        let circumstances = Circumstances {
            kind: self.kind.as_ref().and_then(kind),
            policy: self.policy,
            given: Pool::new(certificates(&self.issuer, "issuer's certificate")?),
            crossed: Pool::new(certificates(&self.cross_signed, "certificate to cross-sign")?),
            weak_keys: weak_keys(&self.weak_keys)?,
            at: self.at,
        };
        // A file that is none is found before anything is said of the others.
        for path in &self.files {
            regular(path)?;
        }
        let mut report =
            Report { out, json: self.format == "json", text: String::new(), tally: Tally::default() };
        report.begin();
        for path in &self.files {
            one_file(path, &circumstances, &mut report)?;
        }
        let (json, tally) = (report.json, report.end()?);
        match tally.errors {
            0 => Ok(()),
            _ if json => Err(Failure::several(Turn::Refused, Vec::new())),
            _ => Err(Failure::new(Turn::Refused, format!("the rules object: {tally}"))),
        }
    }
}

/// Judges octets as `lint` judges a file of them without an issuer, under this policy, and writes what it would write.
///
/// # Errors
///
/// A [`Failure`] if a rule objects with an error, or `out` cannot be written.
pub fn lint_octets(octets: &[u8], policy: Policy, out: &mut dyn Write) -> Result<(), Failure> {
    let circumstances = Circumstances {
        kind: None,
        policy,
        given: Pool::new(Vec::new()),
        crossed: Pool::new(Vec::new()),
        at: None,
        weak_keys: None,
    };
    let mut report = Report { out, json: false, text: String::new(), tally: Tally::default() };
    pieces(Path::new("octets"), octets, &circumstances, &mut report)?;
    let tally = report.end()?;
    if tally.errors == 0 { Ok(()) } else { Err(Failure::new(Turn::Refused, tally.to_string())) }
}

fn one_file(path: &Path, circumstances: &Circumstances, report: &mut Report<'_>) -> Result<(), Failure> {
    if circumstances.kind.is_none_or(|kind| kind == Kind::Crl)
        && let Some(mut source) = piece::large_crl(path)?
    {
        let beside = Pool::new(Vec::new());
        return report.say(path, 0, &judge::of_crl(&mut *source, circumstances, &beside));
    }
    pieces(path, &octets(path)?, circumstances, report)
}

fn pieces(
    path: &Path,
    octets: &[u8],
    circumstances: &Circumstances,
    report: &mut Report<'_>,
) -> Result<(), Failure> {
    let mut index = 0;
    let mut said = Ok(());
    let too_large = octets.len() as u64 > MOST_OCTETS;
    let octets = if too_large { &[][..] } else { octets };
    let beside = Pool::of_file(octets, MOST_STRUCTURES);
    piece::each(octets, |mut piece| {
        if too_large {
            piece.octets = Err(format!("the file has more than {MOST_OCTETS} octets"));
        } else if index == MOST_STRUCTURES {
            piece = piece::Piece {
                octets: Err(format!(
                    "the file has more than {MOST_STRUCTURES} structures; the rest is not judged"
                )),
                shape: None,
            };
        }
        said = report.say(path, index, &judge::judge(&piece, circumstances, &beside));
        index += 1;
        said.is_ok() && index <= MOST_STRUCTURES
    });
    said
}

/// The certificates in files that are said to have nothing else.
fn certificates(paths: &[PathBuf], what: &str) -> Result<Vec<Vec<u8>>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        found.extend(piece::certificates(path, what)?);
    }
    Ok(found)
}

/// The keys of all lists together; nothing if there is no list.
fn weak_keys(paths: &[PathBuf]) -> Result<Option<WeakKeys>, Failure> {
    let mut all: Option<WeakKeys> = None;
    for path in paths {
        regular(path)?;
        let wrong = |why: String| {
            Failure::new(Turn::Author, format!("`{}` is no list of weak keys: {why}", path.display()))
        };
        let text = String::from_utf8(octets(path)?).map_err(|_| wrong("it is no text".to_owned()))?;
        let list = WeakKeys::read(&text).map_err(|error| wrong(error.to_string()))?;
        all.get_or_insert_default().extend(list);
    }
    Ok(all)
}

/// How many of each.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    structures: usize,
    errors: usize,
    warnings: usize,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        let Self { structures, errors, warnings } = *self;
        write!(
            f,
            "{errors} error{} and {warnings} warning{} in {structures} structure{}",
            plural(errors),
            plural(warnings),
            plural(structures)
        )
    }
}

/// Says everything as it is found: nothing is held but what has not been written.
struct Report<'o> {
    out: &'o mut dyn Write,
    json: bool,
    text: String,
    tally: Tally,
}

impl Report<'_> {
    fn begin(&mut self) {
        if self.json {
            self.text.push('[');
        }
    }

    fn say(&mut self, path: &Path, index: usize, judged: &Judged) -> Result<(), Failure> {
        self.say_one(path, &format!("[{index}]"), index, judged);
        for (number, enclosed) in (1..).zip(&judged.enclosed) {
            self.say_one(path, &format!("[{index}], certificate {number}"), index, enclosed);
        }
        if self.text.len() > ENOUGH { self.write() } else { Ok(()) }
    }

    fn say_one(&mut self, path: &Path, place: &str, index: usize, judged: &Judged) {
        let said = |severity| judged.findings.iter().filter(|one| one.severity == severity).count();
        self.tally.structures += 1;
        self.tally.warnings += said(Severity::Warning);
        if self.json {
            for finding in &judged.findings {
                if self.text != "[" {
                    self.text.push(',');
                }
                let row = json(path, index, judged, finding);
                // Writing to a String cannot fail.
                let _ = write!(self.text, "{row}");
            }
        } else {
            text(&mut self.text, path, place, judged);
        }
        self.tally.errors += said(Severity::Error);
    }

    fn end(mut self) -> Result<Tally, Failure> {
        if self.json {
            self.text.push_str("]\n");
        } else {
            let _ = writeln!(self.text, "{}", self.tally);
        }
        self.write()?;
        Ok(self.tally)
    }

    fn write(&mut self) -> Result<(), Failure> {
        files::print(self.out, &std::mem::take(&mut self.text))
    }
}

/// Canonical JSON: the keys in their order, nothing between them.
fn json(path: &Path, index: usize, judged: &Judged, finding: &Finding) -> serde_json::Value {
    serde_json::json!({
        "file": path.to_string_lossy(),
        "index": index,
        "kind": judged.kind,
        "rule": finding.rule,
        "severity": finding.severity.name(),
        "message": finding.message,
        "source": finding.source,
    })
}

fn text(text: &mut String, path: &Path, place: &str, judged: &Judged) {
    let place = format!("{} {place}", path.display());
    let about = if judged.about.is_empty() { String::new() } else { format!(", {}", judged.about) };
    let _ = writeln!(text, "{}: {}{}", files::one_line(&place), judged.kind, files::one_line(&about));
    for finding in judged.findings.iter().filter(|one| !one.not_judged) {
        let Finding { rule, severity, message, source, .. } = finding;
        let _ = writeln!(text, "  {severity} {rule}: {} ({source})", files::one_line(message));
    }
    let not_judged: Vec<_> = judged.findings.iter().filter(|one| one.not_judged).collect();
    let mut reasons: Vec<&str> = Vec::new();
    for finding in &not_judged {
        let reason = finding.message.as_str();
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    for reason in reasons {
        let rules: Vec<_> =
            not_judged.iter().filter(|one| one.message == reason).map(|one| one.rule).collect();
        let _ = writeln!(text, "  note {}: {}", rules.join(", "), files::one_line(reason));
    }
}

/// How much is said before it is written.
const ENOUGH: usize = 1 << 16;
