//! `log cosign` and `log witness-key`: a witness's own machine.

use std::io::Write;
use std::path::PathBuf;

use ceremony_log::checkpoint::Checkpoint;
use ceremony_log::code::Finding;
use ceremony_log::policy::Policy;

use super::super::{failures, files, verify};
use crate::approval::{OwnKey, OwnKeyError};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::failure::{Failure, Turn};
use crate::intake::{CosignError, Cosigned, Store, Witness, verifier};
use crate::record::file::create;

/// Cosign a log's head on a witness's own machine
///
/// Reads every record, checks that the log continues the head that this witness cosigned last, remembers the new one, and
/// prints one signature line. A log that was rolled back or forked is refused, and both heads are named.
#[derive(Debug, clap::Args)]
pub struct Cosign {
    /// A ceremony-log folder or a bundle
    log: PathBuf,
    /// The folder where this witness remembers heads; made if it is not there
    #[arg(long, value_name = "FOLDER")]
    store: PathBuf,
    /// The log's key: a C2SP tlog-policy that did not come with the log
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    #[command(flatten)]
    key: Key,
    /// Cosign a head that this witness has cosigned once more, with the time of now
    #[arg(long)]
    fresh: bool,
    /// Write the signature line into a new file too
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Show a witness's key as scripts and policies write it
#[derive(Debug, clap::Args)]
pub struct WitnessKey {
    #[command(flatten)]
    key: Key,
}

/// Whose key signs.
#[derive(Debug, clap::Args)]
struct Key {
    /// The name of the witness's key: a host and a path of the witness's own, such as `wim.example.net/witness`
    #[arg(long)]
    name: String,
    /// An Ed25519 key of `ssh-keygen`: its private file, or the `.pub` of a key in the ssh-agent
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

impl Key {
    fn open(&self) -> Result<OwnKey, Failure> {
        OwnKey::of_file(&self.key).map_err(|error| own_key(&error))
    }
}

impl WitnessKey {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// That the key cannot be used.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let key = self.key.open()?;
        let verifier = verifier(&self.key.name, &key).map_err(failure)?;
        files::print(out, &format!("{verifier}\n"))
    }
}

impl Cosign {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the log, or that the store or the key cannot be used.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let policy = Policy::parse(&files::octets(&self.policy)?).map_err(|findings| refused(&findings))?;
        let mut key = self.key.open()?;
        let store = Store::open(&self.store).map_err(failure)?;
        let mut witness = Witness {
            store: &store,
            name: &self.key.name,
            key: &mut key,
            now: verify::now(),
            fresh: self.fresh,
        };
        let cosigned = witness.cosign(&self.log, &policy).map_err(failure)?;
        if let Some(path) = &self.out {
            create(path, format!("{}\n", cosigned.line).as_bytes()).map_err(|error| {
                Failure::because(Turn::Equipment, "the signature line could not be written", &error).hint(
                    "the head is cosigned and remembered; the same command without --out prints the line",
                )
            })?;
        }
        files::print(out, &text(&cosigned))
    }
}

/// What was cosigned, for people; the signature line last.
fn text(cosigned: &Cosigned) -> String {
    let Cosigned { checkpoint, earlier, log_keys, line, again, warnings } = cosigned;
    let root = Digest::from_octets(*checkpoint.root.octets());
    let before = match earlier {
        None => "none: this is the first head of this log that this witness sees".to_owned(),
        Some(earlier) if earlier == checkpoint => "the same head".to_owned(),
        Some(earlier) => format!("size {}, root {}", earlier.size, earlier.root),
    };
    let keys: Vec<_> =
        log_keys.iter().map(|key| format!("log key    {key}\n  in words {}\n", words(key.key()))).collect();
    let warnings: Vec<_> = warnings.iter().map(|finding| format!("warning: {finding}\n")).collect();
    let warnings = warnings.concat();
    let when = line.octets.first_chunk().map(|time| u64::from_be_bytes(*time));
    let when = when.and_then(Timestamp::from_seconds).map_or(String::new(), |time| time.to_string());
    let what = if *again { "cosigned before, at" } else { "cosigned at" };
    format!(
        "origin     {}\nsize       {}\nroot       {root}\nin words   {}\n{}last head  {before}\n{warnings}{what} {when}\n{line}\n",
        checkpoint.origin,
        checkpoint.size,
        root.words(),
        keys.concat()
    )
}

/// The first words of a key's digest: to be compared with what was shown when the log got its key.
fn words(key: &[u8]) -> String {
    Digest::of(key).words()
}

fn head(checkpoint: &Checkpoint) -> String {
    format!("size {}, root {}", checkpoint.size, checkpoint.root)
}

fn refused(findings: &[Finding]) -> Failure {
    Failure::several(Turn::Refused, findings.iter().map(ToString::to_string).collect())
}

fn own_key(error: &OwnKeyError) -> Failure {
    let turn = match error {
        OwnKeyError::Storage { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Turn::Author,
        OwnKeyError::Agent(_)
        | OwnKeyError::NotHeld { .. }
        | OwnKeyError::Wrong
        | OwnKeyError::Storage { .. } => Turn::Equipment,
        _ => Turn::Author,
    };
    let failure = Failure::because(turn, "the witness's key cannot be used", error);
    match error {
        OwnKeyError::NotHeld { .. } | OwnKeyError::Agent(_) => {
            failure.hint("start an ssh-agent and add the key: `eval $(ssh-agent); ssh-add -c KEY`")
        }
        OwnKeyError::Kind => failure.hint("make one for this alone: `ssh-keygen -t ed25519 -f KEY`"),
        _ => failure,
    }
}

fn failure(error: CosignError) -> Failure {
    match error {
        CosignError::Refused { findings, own, offered, kept } => {
            let mut messages: Vec<String> =
                findings.iter().filter(|finding| finding.code.is_error()).map(ToString::to_string).collect();
            if let (Some(own), Some(offered)) = (own, offered) {
                messages.push(format!("this witness's own head: {}", head(&own)));
                messages.push(format!("the head that was offered: {}", head(&offered)));
            }
            let failure = Failure::several(Turn::Refused, messages);
            match kept {
                Some(path) => failure.hint(format!(
                    "nothing was cosigned; the head that was offered is kept as evidence in {} ; tell the auditor and the other \
                     witnesses",
                    path.display()
                )),
                None => failure.hint("nothing was cosigned"),
            }
        }
        CosignError::Form(fault) => {
            Failure::new(Turn::Refused, fault.to_string()).hint("nothing was cosigned")
        }
        CosignError::Key(error) => own_key(&error),
        CosignError::Storage { path, source } => failures::file("opened", &path, &source),
        CosignError::Name { .. } => Failure::new(Turn::Author, error.to_string()),
        CosignError::Damaged { .. } => Failure::new(Turn::Equipment, error.to_string()).hint(
            "nothing was cosigned; restore the store from where it was copied to, never begin a new one",
        ),
        other => Failure::because(Turn::Equipment, "nothing was cosigned", &other),
    }
}
