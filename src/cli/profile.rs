//! `profile read` and `profile check`: certificates that exist, as profiles.

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::files;
use super::piece::{self, MOST_OCTETS, Shape, octets, regular};
use crate::failure::{Failure, Turn};
use crate::pki::read::lenient;
use crate::profile::reading::{self, Reading};

/// Read the profiles of certificates that exist
#[derive(Debug, clap::Subcommand)]
pub enum Profile {
    Read(Read),
    Check(Check),
}

impl Profile {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the command.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Read(command) => command.run(out),
            Self::Check(command) => command.run(out),
        }
    }
}

/// Write the profile of a CA certificate, as YAML
///
/// Leaves open what comes with each certificate: subject, key, serial number, dates. What no profile can say is named.
#[derive(Debug, clap::Args)]
pub struct Read {
    /// The certificate, PEM or DER; of several, the first
    certificate: PathBuf,
}

impl Read {
    fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        regular(&self.certificate)?;
        let place = self.certificate.display();
        let unreadable = |why: String| {
            Failure::new(Turn::Refused, format!("`{place}` cannot be read as a certificate: {why}"))
        };
        let mut first = Err("there is nothing in it".to_owned());
        let octets = octets(&self.certificate)?;
        if octets.len() as u64 > MOST_OCTETS {
            return Err(unreadable(format!("the file has more than {MOST_OCTETS} octets")));
        }
        piece::each(&octets, |piece| {
            first = piece.octets.and_then(certificate);
            false
        });
        let (subject, tbs) = first.map_err(unreadable)?;
        let reading = Reading::of(&tbs).map_err(|error| unreadable(error.to_string()))?;
        match reading.yaml() {
            Ok(yaml) => files::print(out, &format!("# The profile of {}\n{yaml}", files::one_line(&subject))),
            Err(unsaid) => {
                let messages = unsaid.iter().map(|one| format!("no profile can say this: {one}"));
                Err(Failure::several(Turn::Refused, messages.collect()))
            }
        }
    }
}

/// Say whether profile, key, serial number and dates make certificates again, octet for octet
#[derive(Debug, clap::Args)]
pub struct Check {
    /// The certificates, PEM or DER, several in a file as well
    #[arg(required = true)]
    certificates: Vec<PathBuf>,
    /// How to say it
    #[arg(long, value_parser = ["text", "json"], default_value = "text")]
    format: String,
}

/// What is said of one certificate.
struct Row {
    index: usize,
    subject: String,
    difference: Option<String>,
}

impl Check {
    fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        for path in &self.certificates {
            regular(path)?;
        }
        let json = self.format == "json";
        let (mut all, mut again) = (0_usize, 0_usize);
        let mut text = String::from(if json { "[" } else { "" });
        for path in &self.certificates {
            for row in rows(path)? {
                if json {
                    let comma = if all == 0 { "" } else { "," };
                    // Writing to a String cannot fail.
                    let _ = write!(text, "{comma}{}", row.json(path));
                } else {
                    text.push_str(&row.text(path));
                }
                all += 1;
                again += usize::from(row.difference.is_none());
            }
        }
        if json {
            text.push_str("]\n");
        } else {
            let _ = writeln!(text, "{again} of {all} are made again octet for octet");
        }
        files::print(out, &text)?;
        match all - again {
            0 => Ok(()),
            _ if json => Err(Failure::several(Turn::Refused, Vec::new())),
            others => Err(Failure::new(Turn::Refused, format!("{others} of {all} are not made again"))),
        }
    }
}

impl Row {
    fn json(&self, path: &Path) -> serde_json::Value {
        serde_json::json!({
            "file": path.to_string_lossy(),
            "index": self.index,
            "subject": self.subject,
            "reproduced": self.difference.is_none(),
            "difference": self.difference,
        })
    }

    fn text(&self, path: &Path) -> String {
        let what = self
            .difference
            .as_ref()
            .map_or_else(|| "made again".to_owned(), |why| format!("differs\n  {why}"));
        let said = files::one_line(&format!("{} [{}]: {}", path.display(), self.index, self.subject));
        format!("{said}: {}\n", what.lines().map(files::one_line).collect::<Vec<_>>().join("\n"))
    }
}

fn rows(path: &Path) -> Result<Vec<Row>, Failure> {
    let octets = octets(path)?;
    let mut rows = Vec::new();
    if octets.len() as u64 > MOST_OCTETS {
        let difference = Some(format!("the file has more than {MOST_OCTETS} octets"));
        return Ok(vec![Row { index: 0, subject: String::new(), difference }]);
    }
    piece::each(&octets, |piece| {
        let index = rows.len();
        let other = piece.shape.filter(|shape| *shape != Shape::Certificate);
        let read = match (piece.octets, other) {
            (Ok(_), Some(other)) => Err(format!("it is a {}", other.name())),
            (octets, _) => octets.and_then(certificate),
        };
        let (subject, difference) = match read {
            Ok((subject, tbs)) => {
                let difference = reading::difference(&tbs).unwrap_or_else(|error| Some(error.to_string()));
                (subject, difference)
            }
            Err(why) => (String::new(), Some(why)),
        };
        rows.push(Row { index, subject, difference });
        rows.len() < MOST_CERTIFICATES
    });
    Ok(rows)
}

/// The subject of a certificate, and what is signed of it.
fn certificate(octets: &[u8]) -> Result<(String, Vec<u8>), String> {
    if octets.len() > MOST_OCTETS_OF_ONE {
        return Err(format!("it has {} octets; more than {MOST_OCTETS_OF_ONE} are not read", octets.len()));
    }
    let (view, _) = lenient::certificate(octets).map_err(|error| error.to_string())?;
    Ok((view.subject().to_string(), view.tbs().octets().to_vec()))
}

/// The most certificates of one file that are looked at.
const MOST_CERTIFICATES: usize = 100_000;

/// The most octets of one certificate that are looked at.
const MOST_OCTETS_OF_ONE: usize = 1 << 20;
