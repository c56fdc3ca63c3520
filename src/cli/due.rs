//! `due`: every deadline that a log knows, in order; as text, JSON, a calendar, or numbers for a monitor.

use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;

use super::{failures, files, verify};
use crate::clock::{DAY, Timestamp};
use crate::failure::Failure;
use crate::intake::{ALARMS, Deadline, Deadlines, calendar, deadlines};

/// Show every deadline that a log knows: CRLs, OCSP responses, certificates, ceremonies, retention
///
/// Exits with 3 if a deadline has passed.
#[derive(Debug, clap::Args)]
pub struct Due {
    /// A bundle, a ceremony-log folder, or the store of `import`
    log: PathBuf,
    /// The log's key: a C2SP tlog-policy that did not come with the log
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The time that it is [default: now]
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// How to say it
    #[arg(long, value_parser = ["text", "json", "ics", "prometheus"], default_value = "text")]
    format: String,
    /// As a calendar with alarms: `--format ics`
    #[arg(long, conflicts_with = "format")]
    ics: bool,
}

impl Due {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the log; nothing for a deadline that has passed but an exit code.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let trust = verify::trust(self.policy.as_deref())?;
        let found = deadlines(&self.log, &trust, verify::now()).map_err(|error| {
            failures::file("read", &self.log, &error).hint("name a folder with `log.jsonl` in it, or a store")
        })?;
        verify::refusal(&found.report, true)?;
        let now = self.at.unwrap_or_else(verify::now);
        let format = if self.ics { "ics" } else { self.format.as_str() };
        let said = match format {
            "json" => json(&found, now),
            "ics" => calendar(&found),
            "prometheus" => prometheus(&found),
            _ => text(&found, now),
        };
        files::print(out, &said)?;
        if format != "text" {
            verify::remark(&found.report);
        }
        overdue(&found, now)
    }
}

/// Who reads only the exit code learns that something is late. Retention ends and is never late.
fn overdue(found: &Deadlines, now: Timestamp) -> Result<(), Failure> {
    let late = found.all.iter().filter(|deadline| state(deadline, now) == "overdue");
    let messages: Vec<String> = late.map(|one| format!("overdue since {}: {}", one.at, one.what)).collect();
    if messages.is_empty() {
        return Ok(());
    }
    Err(Failure::several(crate::failure::Turn::Operators, messages))
}

/// `overdue`, `soon` within the first alarm, or `later`; what is only kept until then is `kept`.
fn state(deadline: &Deadline, now: Timestamp) -> &'static str {
    let first = u64::from(ALARMS.first().copied().unwrap_or_default()) * DAY;
    if deadline.about == crate::intake::About::Retention {
        "kept"
    } else if deadline.at < now {
        "overdue"
    } else if now.plus(first).is_none_or(|soon| deadline.at <= soon) {
        "soon"
    } else {
        "later"
    }
}

fn text(found: &Deadlines, now: Timestamp) -> String {
    let mut text = format!("log      {}\nrecords  {}\n", found.origin, found.records);
    for deadline in &found.all {
        let days = if deadline.at < now {
            format!("{} days ago", (now.seconds() - deadline.at.seconds()) / DAY)
        } else {
            format!("in {} days", (deadline.at.seconds() - now.seconds()) / DAY)
        };
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{}  {:<7}  {:>14}  {}",
            deadline.at,
            state(deadline, now),
            days,
            files::one_line(&deadline.what)
        );
    }
    text.push_str(&verify::remarks(&found.report));
    text
}

fn json(found: &Deadlines, now: Timestamp) -> String {
    let all: Vec<_> = found
        .all
        .iter()
        .map(|deadline| {
            serde_json::json!({
                "about": deadline.about.word(),
                "at": deadline.at.to_string(),
                "of": deadline.of,
                "state": state(deadline, now),
                "what": deadline.what,
            })
        })
        .collect();
    format!("{}\n", serde_json::Value::Array(all))
}

/// One number for each: when it is. What is late is for the monitor's own clock to say.
fn prometheus(found: &Deadlines) -> String {
    let mut text =
        "# HELP rootrite_deadline_timestamp_seconds When something has to be done at the latest.\n\
                    # TYPE rootrite_deadline_timestamp_seconds gauge\n"
            .to_owned();
    for deadline in &found.all {
        let _ = writeln!(
            text,
            "rootrite_deadline_timestamp_seconds{{about=\"{}\",log=\"{}\",of=\"{}\"}} {}",
            deadline.about.word(),
            label(&found.origin),
            label(&deadline.of),
            deadline.at.seconds()
        );
    }
    let _ = write!(
        text,
        "# HELP rootrite_log_records How many records the log has.\n# TYPE rootrite_log_records gauge\n\
         rootrite_log_records{{log=\"{}\"}} {}\n",
        label(&found.origin),
        found.records
    );
    text
}

/// A label's value: backslash, quotation mark and line feed are escaped (Prometheus text format 0.0.4).
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
