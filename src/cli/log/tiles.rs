//! `log tiles`: a log for static hosting.

use std::io::Write;
use std::path::PathBuf;

use super::super::{files, verify};
use super::prove;
use crate::failure::{Failure, Turn};
use crate::intake::{Prover, TilesError, render_tiles};

/// Render a log as C2SP tlog-tiles, for static hosting
///
/// The folder can be served as it is, by any web server or object store. Rendered again after the log has gone on, it keeps
/// what it has and gets what is new; another log, or an earlier head, is refused. What is private is in the log's annex, which
/// is not rendered.
#[derive(Debug, clap::Args)]
pub struct Tiles {
    /// A ceremony-log folder or a bundle
    log: PathBuf,
    /// The folder that is served: a new one, or one that an earlier head of the log was rendered into
    #[arg(long, short, value_name = "FOLDER")]
    out: PathBuf,
    /// Whose signatures over the log count: a C2SP tlog-policy that did not come with the log
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

impl Tiles {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// That the log is not good, or that the folder has another one.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let trust = verify::trust(self.policy.as_deref())?;
        let prover = Prover::read(&self.log, &trust, verify::now()).map_err(prove::failure)?;
        let rendered = render_tiles(&prover, &self.log, &self.out).map_err(failure)?;
        let before = match rendered.before {
            None => "nothing was published here before".to_owned(),
            Some(size) => format!("the head before was over {size}"),
        };
        let note = if rendered.ed25519 {
            ""
        } else {
            "note: the head has no Ed25519 signature by the log, which the witnesses and monitors of public logs want\n"
        };
        let text = format!(
            "The log is rendered in {}\n  records  {}; {before}\n  files    {}, of which {} are new, and the checkpoint\n{note}",
            self.out.display(),
            prover.head().size,
            rendered.files,
            rendered.new
        );
        files::print(out, &text)
    }
}

fn failure(error: TilesError) -> Failure {
    match error {
        TilesError::Log(error) => prove::failure(error),
        TilesError::Refused(finding) => Failure::new(Turn::Refused, finding.to_string())
            .hint("nothing was written; keep both heads and find out which log is the true one"),
        other => Failure::because(Turn::Equipment, "the log was not rendered to its end", &other)
            .hint("the head that was published stays; the same command goes on"),
    }
}
