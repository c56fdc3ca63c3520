//! `log prove`: the proof that one artifact, or one record, is in the log.

use std::io::Write;
use std::path::PathBuf;

use super::super::{failures, files, verify};
use crate::digest::Digest;
use crate::failure::{Failure, Turn};
use crate::intake::{ProveError, Prover};
use crate::record::file::create;

/// Prove one artifact, without the rest of the log
///
/// Reads the log, finds the record that names the artifact, and writes a C2SP tlog-proof: the record, its path to the head, the
/// head with its signatures. `rootrite verify PROOF --policy POLICY --artifact FILE` judges it, and so does any other reader of
/// the format.
#[derive(Debug, clap::Args)]
pub struct Prove {
    /// A ceremony-log folder or a bundle
    log: PathBuf,
    /// The artifact: its file, as it lies in the bundle's `artifacts`
    #[arg(value_name = "FILE", required_unless_present_any = ["sha256", "record"], conflicts_with_all = ["sha256", "record"])]
    artifact: Option<PathBuf>,
    /// The artifact, by its SHA-256
    #[arg(long, value_name = "DIGEST", conflicts_with = "record")]
    sha256: Option<Digest>,
    /// A record, by its number
    #[arg(long, value_name = "SEQ")]
    record: Option<u64>,
    /// Whose signatures over the log count: a C2SP tlog-policy that did not come with the log
    #[arg(long, value_name = "POLICY")]
    policy: Option<PathBuf>,
    /// Write the proof into a new file, not to standard output
    #[arg(long, short, value_name = "PROOF")]
    out: Option<PathBuf>,
}

impl Prove {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// That the log is not good, or does not name the artifact.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let trust = verify::trust(self.policy.as_deref())?;
        let wanted = match (&self.artifact, self.sha256) {
            (Some(path), _) => Some(verify::digest_of(path)?),
            (None, sha256) => sha256,
        };
        let mut prover = Prover::read(&self.log, &trust, verify::now()).map_err(failure)?;
        let seq = match (wanted, self.record) {
            (Some(sha256), _) => prover.artifact(sha256).ok_or_else(|| {
                let message = format!("E140: no record of the log names the artifact with the SHA-256 {sha256}");
                Failure::new(Turn::Refused, message).hint(
                    "logs name the files in `artifacts`: DER, not PEM. A member of a long series is proven by the record of its list: \
                     `--record`",
                )
            })?,
            (None, record) => record.unwrap_or_default(),
        };
        let (proof, record) = prover.prove(seq).map_err(failure)?;
        let Some(path) = self.out else { return files::print(out, &proof.to_string()) };
        create(&path, proof.to_string().as_bytes())
            .map_err(|error| Failure::because(Turn::Equipment, "the proof could not be written", &error))?;
        let size = prover.head().size;
        files::print(
            out,
            &format!(
                "The proof is in {} ; it leads to a head over {size} records\n{}",
                path.display(),
                super::line(&record)
            ),
        )
    }
}

/// Why there is no proof.
pub fn failure(error: ProveError) -> Failure {
    match error {
        ProveError::Storage { path, source } => failures::file("read", &path, &source),
        ProveError::Refused { findings } => {
            Failure::several(Turn::Refused, findings.iter().map(ToString::to_string).collect())
        }
        other => Failure::new(Turn::Author, other.to_string()),
    }
}
