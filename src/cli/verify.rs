//! `verify`: a bundle judged without an HSM and without pins.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::{failures, files};
use crate::clock::{Clock as _, MachineClock, Timestamp};
use crate::failure::{Failure, Turn};
use crate::intake::{Options, Report, Trust, Verification, verify};

/// Verify a bundle: its log, its artifacts and what they say of each other
///
/// Needs no HSM. Prints every finding with its code; exits with 5 if one refuses the bundle.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// The bundle's folder
    bundle: PathBuf,
    /// Whose signatures over the log count: a C2SP tlog-policy that did not come with the bundle
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// When certificates, CRLs and OCSP responses have to be good [default: now, for a production log]
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
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
        let trust = trust(self.policy.as_deref())?;
        let found = judge(&self.bundle, trust, self.at)?;
        if self.format == "json" {
            files::print(out, &json(&found.report))?;
            remark(&found.report);
            return refusal(&found.report, false);
        }
        files::print(out, &text(&self.bundle, &found))?;
        refusal(&found.report, true)
    }
}

/// Verifies a bundle by its own policy: what a ceremony ends with.
///
/// # Errors
///
/// Everything that refuses it.
pub fn verify_bundle(bundle: &Path) -> Result<(), Failure> {
    refusal(&judge(bundle, Trust::OwnPolicy, None)?.report, true)
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

fn judge(bundle: &Path, trust: Trust, at: Option<Timestamp>) -> Result<Verification, Failure> {
    let failed = |error| {
        Failure::new(Turn::Author, failures::with_causes(&error))
            .hint("name the folder `bundle-<ceremony>` itself")
    };
    verify(bundle, &Options { trust, now: now(), at }).map_err(failed)
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
