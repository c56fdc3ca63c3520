//! `verify`: a bundle judged without an HSM and without pins.

use std::io::Write;
use std::path::{Path, PathBuf};

use ceremony_log::code::{Code, Place};
use ceremony_log::proof::ProvenLine;

use super::{failures, files, piece, waiting};
use crate::clock::{Clock as _, MachineClock, Timestamp};
use crate::digest::Digest;
use crate::failure::{Failure, Turn};
use crate::intake::{Claim, Earlier, Options, Report, Trust, Verification, verify, verify_proof};

/// Verify a bundle: its log, its artifacts and what they say of each other; or the proof of one artifact
///
/// Needs no HSM. Prints every finding with its code; exits with 5 if one refuses the bundle. A file is taken for a proof: it is
/// judged by `--policy` and nothing else.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// The bundle's folder, or a tlog-proof
    bundle: PathBuf,
    /// Whose signatures over the log count: a C2SP tlog-policy that did not come with the bundle
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// With a proof: the artifact that it has to be about
    #[arg(long, value_name = "FILE")]
    artifact: Option<PathBuf>,
    /// With a proof whose record names a list: the list, which has the artifact
    #[arg(long, value_name = "FILE", requires = "artifact")]
    list: Option<PathBuf>,
    /// When certificates, CRLs and OCSP responses have to be good [default: now, for a production log]
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// With a bundle: an issuer's certificate that an earlier ceremony of the log made
    #[arg(long, value_name = "FILE")]
    issuer: Vec<PathBuf>,
    /// How to say it
    #[arg(long, value_parser = ["text", "json"], default_value = "text")]
    format: String,
}

impl Verify {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Everything that refuses the bundle.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        if self.bundle.is_file() {
            return self.proof(out);
        }
        if self.artifact.is_some() {
            let message = format!("`--artifact` goes with a proof, and {} is none", self.bundle.display());
            return Err(Failure::new(Turn::Author, message).hint("the folder `proofs` of a bundle has them"));
        }
        let options = Options {
            trust: trust(self.policy.as_deref())?,
            now: now(),
            at: self.at,
            issuers: issuers(&self.issuer)?,
        };
        let found = judge(&self.bundle, &options)?;
        if self.format == "json" {
            files::print(out, &json(&found.report))?;
            remark(&found.report);
            return refusal(&found.report, false);
        }
        files::print(out, &text(&self.bundle, &found))?;
        refusal(&found.report, true).map_err(|failure| with_issuers(failure, &found.report, &options.issuers))
    }
}

impl Verify {
    /// One proof, by the policy alone.
    fn proof(&self, out: &mut dyn Write) -> Result<(), Failure> {
        if !self.issuer.is_empty() {
            let message = format!("`--issuer` goes with a bundle, and {} is none", self.bundle.display());
            return Err(
                Failure::new(Turn::Author, message).hint("name the folder `bundle-<ceremony>` itself")
            );
        }
        let Some(policy) = &self.policy else {
            let message = "a proof is judged by a policy, and none is named";
            return Err(
                Failure::new(Turn::Author, message).hint("say whose signatures count: `--policy FILE`")
            );
        };
        let artifact = self.artifact.as_deref().map(digest_of).transpose()?;
        let read = |path: &Path| {
            waiting::for_file(path, || std::fs::read(path))
                .map_err(|error| failures::file("read", path, &error))
        };
        let list = self.list.as_deref().map(read).transpose()?;
        let claim = Claim { artifact, list };
        let proof = files::octets(&self.bundle)?;
        let at = self.at.unwrap_or_else(now);
        let mut report = Report::new();
        let proven = match verify_proof(&proof, &files::octets(policy)?, &claim, at) {
            Ok(proven) => {
                report.push_all(proven.head().warnings().iter().cloned());
                Some(proven)
            }
            Err(findings) => {
                report.push_all(findings);
                None
            }
        };
        if self.format == "json" {
            files::print(out, &json(&report))?;
            return refusal(&report, false);
        }
        if let Some(proven) = proven {
            files::print(out, &proof_text(&self.bundle, &proven, self.artifact.as_deref(), &report))?;
        }
        let another = report.findings().iter().any(|finding| finding.code == Code::E140);
        refusal(&report, true).map_err(|failure| if another { failure.hint(NO_PEM) } else { failure })
    }
}

/// Why an artifact that is the right one can be another file.
const NO_PEM: &str = "records name the files as they lie in the bundle's `artifacts`: DER, not PEM";

/// The digest of an artifact's file.
///
/// # Errors
///
/// A [`Failure`] if it cannot be read.
pub fn digest_of(path: &Path) -> Result<Digest, Failure> {
    let digest = waiting::for_file(path, || {
        std::fs::File::open(path).and_then(|mut file| Digest::of_reader(&mut file))
    });
    digest.map_err(|error| failures::file("read", path, &error))
}

/// What a proof proves, for people.
fn proof_text(path: &Path, proven: &ProvenLine, artifact: Option<&Path>, report: &Report) -> String {
    let head = proven.head().checkpoint();
    let witnesses: Vec<_> = proven.head().cosignatures().iter().map(|(key, _)| key.name()).collect();
    let witnesses = if witnesses.is_empty() { "nobody".to_owned() } else { witnesses.join(", ") };
    let about = artifact.map_or_else(
        || "no file was compared; `--artifact` names one".to_owned(),
        |path| format!("{} is what the record names", path.display()),
    );
    format!(
        "The proof {} verifies\n  origin     {}\n  head       {} records, root {}\n  cosigned   by {witnesses}\n  artifact   {about}\n{}{}",
        path.display(),
        head.origin,
        head.size,
        head.root,
        super::log::line(proven.record()),
        remarks(report)
    )
}

/// Verifies a bundle by its own policy: what a ceremony ends with.
///
/// # Errors
///
/// Everything that refuses it.
pub fn verify_bundle(bundle: &Path) -> Result<(), Failure> {
    let options = Options { trust: Trust::OwnPolicy, now: now(), at: None, issuers: Earlier::new() };
    refusal(&judge(bundle, &options)?.report, true)
}

/// The certificates in the files that `--issuer` names.
///
/// # Errors
///
/// A [`Failure`] if one cannot be read, or has something else.
pub fn issuers(paths: &[PathBuf]) -> Result<Earlier, Failure> {
    let mut issuers = Earlier::new();
    for path in paths {
        for der in piece::certificates(path, "issuer's certificate")? {
            issuers.insert(Digest::of(&der), (path.display().to_string(), der));
        }
    }
    Ok(issuers)
}

/// The failure with what to try, if one of these certificates is what refuses.
pub fn with_issuers(failure: Failure, report: &Report, issuers: &Earlier) -> Failure {
    let is_issuer = |place: &Place| issuers.values().any(|(path, _)| *place == Place::File(path.clone()));
    if report.findings().iter().any(|finding| finding.code == Code::E142 && is_issuer(&finding.place)) {
        return failure.hint(
            "an earlier ceremony left them under `certificates`, and in `artifacts` of its bundle; leave out what is of another log",
        );
    }
    failure
}

/// Whom to trust: the policy in a file, or the one that comes along.
///
/// # Errors
///
/// A [`Failure`] if the file cannot be read.
pub fn trust(policy: Option<&Path>) -> Result<Trust, Failure> {
    policy.map_or(Ok(Trust::OwnPolicy), |path| files::octets(path).map(Trust::Pinned))
}

/// The machine's clock.
pub fn now() -> Timestamp {
    MachineClock::start().now()
}

/// `[{"code","message","where"}]`, a line.
pub fn json(report: &Report) -> String {
    let all: Vec<_> = report
        .findings()
        .iter()
        .map(|finding| {
            serde_json::json!({
                "code": finding.code.name(),
                "message": finding.message,
                "where": finding.place.to_string(),
            })
        })
        .collect();
    format!("{}\n", serde_json::Value::Array(all))
}

/// Says the notes on standard error, where they do not get into the JSON.
pub fn remark(report: &Report) {
    for note in report.notes() {
        // If it cannot be said, the findings still can.
        let _ = writeln!(std::io::stderr(), "note: {note}");
    }
}

/// Warnings and notes, a line each.
pub fn remarks(report: &Report) -> String {
    let warnings = report.findings().iter().filter(|finding| !finding.code.is_error());
    let warnings = warnings.map(|finding| format!("warning: {finding}\n"));
    warnings.chain(report.notes().iter().map(|note| format!("note: {note}\n"))).collect()
}

/// A failure with every finding that refuses, if there is one.
///
/// # Errors
///
/// That failure.
pub fn refusal(report: &Report, said: bool) -> Result<(), Failure> {
    if !report.refuses() {
        return Ok(());
    }
    let errors = report.findings().iter().filter(|finding| said && finding.code.is_error());
    let mut messages: Vec<_> = errors.map(ToString::to_string).collect();
    if said && report.unreported() > 0 {
        messages.push(format!("and {} findings more", report.unreported()));
    }
    Err(Failure::several(Turn::Refused, messages))
}

fn judge(bundle: &Path, options: &Options) -> Result<Verification, Failure> {
    let failed = |error| {
        Failure::new(Turn::Author, failures::with_causes(&error))
            .hint("name the folder `bundle-<ceremony>` itself")
    };
    verify(bundle, options).map_err(failed)
}

fn text(bundle: &Path, found: &Verification) -> String {
    let unknown = || "unknown".to_owned();
    let verdict = if found.report.refuses() { "is refused" } else { "verifies" };
    format!(
        "The bundle {} {verdict}\n  origin     {}\n  ceremony   {}\n  records    {}\n  artifacts  {}\n{}",
        bundle.display(),
        found.origin.clone().unwrap_or_else(unknown),
        found.ceremony.clone().unwrap_or_else(unknown),
        found.records,
        found.artifacts,
        remarks(&found.report)
    )
}
