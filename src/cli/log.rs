//! `log`: a ceremony log for people: its records, whether it is good, its head, who cosigns it, proofs, and the way over the air
//! to another machine.

mod cosign;
mod follow;
mod prove;
#[cfg(feature = "pictures")]
mod receive;
mod tiles;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};

use ceremony_log::json::Value;
use ceremony_log::record::Record;
use ceremony_log::verify::scan;

use super::{failures, files, verify, waiting};
use crate::digest::Digest;
use crate::failure::{Failure, Turn};
use crate::intake;

/// Read a ceremony log, verify it, show its head, prove what is in it, cosign it
#[derive(Debug, clap::Args)]
pub struct Log {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Show(Show),
    Verify(Verify),
    Head(Head),
    Prove(prove::Prove),
    Tiles(tiles::Tiles),
    Follow(follow::Follow),
    #[cfg(feature = "pictures")]
    Receive(receive::Receive),
    Cosign(cosign::Cosign),
    WitnessKey(cosign::WitnessKey),
}

impl Log {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// That there is no log, or everything that is wrong with it.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self.command {
            Command::Show(command) => command.run(out),
            Command::Verify(command) => command.run(out),
            Command::Head(command) => command.run(out),
            Command::Prove(command) => command.run(out),
            Command::Tiles(command) => command.run(out),
            Command::Follow(command) => command.run(out),
            #[cfg(feature = "pictures")]
            Command::Receive(command) => command.run(out),
            Command::Cosign(command) => command.run(out),
            Command::WitnessKey(command) => command.run(out),
        }
    }
}

/// Show the records, a line each
///
/// Digests are shortened to their first 12 digits.
#[derive(Debug, clap::Args)]
struct Show {
    /// A ceremony-log folder, a bundle, or a log.jsonl
    log: PathBuf,
    /// Only the records of this step: `4.1`
    #[arg(long, value_name = "STEP")]
    step: Option<String>,
    /// Only the records of this event: `cert.signed`
    #[arg(long, value_name = "EVENT")]
    event: Option<String>,
}

impl Show {
    fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let path = if self.log.is_dir() { self.log.join("log.jsonl") } else { self.log.clone() };
        let file = waiting::for_file(&path, || File::open(&path));
        let file = file.map_err(|error| failures::file("read", &path, &error))?;
        let mut printed = Ok(());
        let mut visit = |entry: ceremony_log::verify::Entry<'_>| {
            let record = entry.record;
            let wanted = self.step.as_ref().is_none_or(|step| record.step.as_ref() == Some(step))
                && self.event.as_ref().is_none_or(|event| record.ev == *event);
            if wanted && printed.is_ok() {
                printed = files::print(out, &line(record));
            }
        };
        let scan = scan(&mut BufReader::new(file), &mut visit)
            .map_err(|error| failures::file("read", &path, &error))?;
        printed?;
        if scan.tree.size() == 0 && scan.torn == 0 {
            let message = format!("`{}` has no record: there is nothing in it", path.display());
            return Err(Failure::new(Turn::Author, message).hint("name the ceremony-log folder or a bundle"));
        }
        let mut wrong: Vec<_> = scan.findings.list.iter().map(ToString::to_string).collect();
        if scan.torn > 0 {
            wrong.push(format!(
                "E120 log.jsonl:{}: {} octets after the last line feed",
                scan.tree.size() + 1,
                scan.torn
            ));
        }
        if wrong.is_empty() { Ok(()) } else { Err(Failure::several(Turn::Refused, wrong)) }
    }
}

/// Verify head, lines and what the records say together
#[derive(Debug, clap::Args)]
struct Verify {
    /// A ceremony-log folder or a bundle
    log: PathBuf,
    /// Whose signatures over the log count: a C2SP tlog-policy that did not come with the log
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// How to say it
    #[arg(long, value_parser = ["text", "json"], default_value = "text")]
    format: String,
}

impl Verify {
    fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let trust = verify::trust(self.policy.as_deref())?;
        let (report, records) = intake::verify_log(&self.log, &trust, verify::now())
            .map_err(|error| no_log(&self.log, &error))?;
        if self.format == "json" {
            files::print(out, &verify::json(&report))?;
            verify::remark(&report);
            return verify::refusal(&report, false);
        }
        let verdict = if report.refuses() { "is refused" } else { "verifies" };
        let text = format!(
            "The log {} {verdict}\n  records  {records}\n{}",
            self.log.display(),
            verify::remarks(&report)
        );
        files::print(out, &text)?;
        verify::refusal(&report, true)
    }
}

/// Show the head: size, root as hex and as words, and whether its signatures are good
#[derive(Debug, clap::Args)]
struct Head {
    /// A ceremony-log folder or a bundle
    log: PathBuf,
    /// Whose signatures count: a C2SP tlog-policy that did not come with the log
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

impl Head {
    fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let trust = verify::trust(self.policy.as_deref())?;
        let head =
            intake::head(&self.log, &trust, verify::now()).map_err(|error| no_log(&self.log, &error))?;
        files::print(out, &text(&head, self.policy.is_some()))?;
        if head.refused.is_empty() {
            return Ok(());
        }
        Err(Failure::several(Turn::Refused, head.refused.iter().map(ToString::to_string).collect()))
    }
}

/// A head for people.
pub fn text(head: &intake::LogHead, pinned: bool) -> String {
    let intake::LogHead { checkpoint, signers, refused } = head;
    let root = Digest::from_octets(*checkpoint.root.octets());
    let whose = if pinned { "the policy that was named" } else { "the policy that lies beside it" };
    let state = if refused.is_empty() { format!("good by {whose}") } else { format!("refused by {whose}") };
    format!(
        "origin     {}\nsize       {}\nroot       {root}\nin words   {}\nsigned by  {}\nsignature  {state}\n",
        checkpoint.origin,
        checkpoint.size,
        root.words(),
        signers.join(", ")
    )
}

/// One record for people, on one line.
pub fn line(record: &Record) -> String {
    let mut text =
        format!("{:>5}  {}  {:>5}  ", record.seq, record.at, record.step.as_deref().unwrap_or("-"));
    // Writing to a String cannot fail.
    let _ = write!(text, "{} ({})  {}", record.actor.id, record.actor.role, record.ev);
    if let Some(reference) = record.reference {
        let _ = write!(text, " of {reference}");
    }
    for (key, value) in record.data.iter() {
        let _ = write!(text, "  {key} {}", said(value));
    }
    text.push('\n');
    text
}

/// A value, its digests shortened.
fn said(value: &Value) -> String {
    let all = |items: &mut dyn Iterator<Item = String>| items.collect::<Vec<_>>().join(", ");
    match value {
        Value::String(text) => match text.get(..12) {
            Some(first) if text.len() == 64 && text.bytes().all(|octet| octet.is_ascii_hexdigit()) => {
                format!("{first}…")
            }
            _ => text.clone(),
        },
        Value::Int(number) => number.to_string(),
        Value::Bool(yes) => yes.to_string(),
        Value::Array(items) => format!("[{}]", all(&mut items.iter().map(said))),
        Value::Object(object) => {
            format!("{{{}}}", all(&mut object.iter().map(|(key, value)| format!("{key} {}", said(value)))))
        }
    }
}

fn no_log(path: &Path, error: &std::io::Error) -> Failure {
    failures::file("read as a log", path, error).hint("name the ceremony-log folder or a bundle")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_line() {
        let octets = format!(
            "{{\"actor\":{{\"id\":\"rootrite\",\"role\":\"software\"}},\"at\":\"2026-11-01T08:00:00Z\",\"cer\":\"a\",\
             \"data\":{{\"count\":1,\"list\":[{{\"id\":\"x\"}}],\"sha256\":\"{0}\"}},\"ev\":\"a.b\",\"mono\":1,\"prev\":\"{0}\",\
             \"ref\":4,\"seq\":7,\"step\":\"2.1\",\"v\":1}}",
            "0".repeat(64)
        );
        let record = Record::parse(octets.as_bytes()).unwrap();
        assert_eq!(
            line(&record),
            "    7  2026-11-01T08:00:00Z    2.1  rootrite (software)  a.b of 4  count 1  list [{id x}]  sha256 000000000000…\n"
        );
    }
}
