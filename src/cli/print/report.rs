//! `print report` and `print auditor-pack`: the ceremony as its log tells it.
//!
//! The log is verified first: nothing is printed from one that does not verify.

use std::io::Write;
use std::path::PathBuf;

use ceremony_log::tree::Tree;

use super::Pages;
use crate::cli::{failures, verify, waiting};
use crate::digest::Digest;
use crate::failure::{Failure, Turn};
use crate::intake;
use crate::paper::{self, Planned, PlannedError, Told};

/// Print the annotated script: the script's pages with who, when and what from the log
#[derive(Debug, clap::Args)]
pub struct Report {
    #[command(flatten)]
    source: Source,
    /// The plan; without it, the one that lies beside the log, which a bundle has not
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    pages: Pages,
}

/// Print what auditors ask for: each criterion with the records that show it, video times, every key
#[derive(Debug, clap::Args)]
pub struct AuditorPack {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    pages: Pages,
}

/// A log.
#[derive(Debug, clap::Args)]
struct Source {
    /// A ceremony-log folder or a bundle
    log: PathBuf,
    /// Which ceremony of the log; the last one without it
    #[arg(long, value_name = "ID")]
    ceremony: Option<String>,
    /// Whose signatures over the log count: a C2SP tlog-policy that did not come with the log
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

impl Source {
    /// What the log tells, once it was verified.
    fn told(&self) -> Result<Told, Failure> {
        let trust = verify::trust(self.policy.as_deref())?;
        let (report, _) = intake::verify_log(&self.log, &trust, verify::now())
            .map_err(|error| failures::file("read as a log", &self.log, &error))?;
        verify::refusal(&report, true)?;
        let path = self.log.join("log.jsonl");
        let octets = std::fs::read(&path).map_err(|error| failures::file("read", &path, &error))?;
        let broken = |why: String| Failure::new(Turn::Refused, format!("`{}`: {why}", path.display()));
        let whole =
            Told::read(&octets, self.ceremony.as_deref(), None).map_err(|fault| broken(fault.to_string()))?;
        if whole.records.is_empty() {
            return Err(Failure::new(Turn::Author, format!("the log has no ceremony `{}`", whole.ceremony)));
        }
        let Some(size) = self.closing_size(&whole, &trust) else { return Ok(whole) };
        let lines: Vec<&[u8]> =
            octets.split(|octet| *octet == b'\n').take(usize::try_from(size).unwrap_or(usize::MAX)).collect();
        let mut tree = Tree::default();
        for line in &lines {
            let _ = tree.push_line(line);
        }
        let root = Digest::from_octets(*tree.root().octets());
        let under = lines.join(&b'\n');
        Told::read(&under, Some(&whole.ceremony), Some((size, root)))
            .map_err(|fault| broken(fault.to_string()))
    }

    /// How many records the head has that closed the ceremony: the first that was signed after its last record.
    fn closing_size(&self, told: &Told, trust: &intake::Trust) -> Option<u64> {
        let closed = told.records.iter().rev().find(|record| record.ev == "ceremony.close")?.seq;
        let heads = std::fs::read_dir(self.log.join("checkpoints"));
        let sizes = heads
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|head| head.file_name().to_str()?.parse::<u64>().ok());
        let of_bundle = || Some(intake::head(&self.log, trust, verify::now()).ok()?.checkpoint.size);
        sizes.filter(|size| *size > closed).min().or_else(of_bundle).filter(|size| *size > closed)
    }
}

impl Report {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// That the log does not verify, that the plan is not the one of the ceremony, or that the file exists.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let told = self.source.told()?;
        let beside = self.source.log.join("runs").join(&told.ceremony).join("plan.json");
        let path = self.plan.clone().unwrap_or(beside);
        let octets = waiting::for_file(&path, || std::fs::read(&path)).map_err(|error| {
            failures::file("read", &path, &error).hint("name the plan of the ceremony with --plan: `rootrite plan -o` wrote it, and the ceremony's log folder keeps it")
        })?;
        let wanted = told.plan_sha256();
        let found = Digest::of(&octets);
        if wanted != Some(found) {
            let wanted = wanted.map_or_else(|| "none".to_owned(), |wanted| wanted.to_string());
            let message = format!(
                "`{}` has the SHA-256 {found}; the ceremony was opened under {wanted}",
                path.display()
            );
            return Err(Failure::new(Turn::Refused, message).hint("name the plan that people approved"));
        }
        let plan = Planned::read(&octets).map_err(|error: PlannedError| {
            Failure::because(Turn::Author, format!("`{}` could not be read", path.display()), &error)
        })?;
        let document = self.pages.shaped(|template| paper::annotated(&plan, &told, template))?;
        self.pages.write(&document, out)
    }
}

impl AuditorPack {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// That the log does not verify, or that the file exists.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let told = self.source.told()?;
        let document = self.pages.shaped(|template| paper::auditor_pack(&told, template))?;
        self.pages.write(&document, out)
    }
}
