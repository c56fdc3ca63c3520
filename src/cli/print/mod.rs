//! `print`: what goes on paper, one kind per file.

mod report;
mod script;
mod sheets;

use std::io::Write;
use std::path::{Path, PathBuf};

use super::files;
use crate::failure::{Failure, Turn};
#[cfg(feature = "pdf")]
use crate::paper::pdf;
use crate::paper::{Document, Template, TemplateError, text};
use crate::record::file::create;

/// Print scripts, checklists, reports and sheets, as text or PDF
#[derive(Debug, clap::Subcommand)]
pub enum Print {
    Script(script::Script),
    Checklist(script::Checklist),
    Report(report::Report),
    AuditorPack(report::AuditorPack),
    Sheets(sheets::Sheets),
    TestPage(sheets::TestPage),
}

impl Print {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the subcommand.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        match self {
            Self::Script(command) => command.run(out),
            Self::Checklist(command) => command.run(out),
            Self::Report(command) => command.run(out),
            Self::AuditorPack(command) => command.run(out),
            Self::Sheets(command) => command.run(out),
            Self::TestPage(command) => command.run(out),
        }
    }
}

/// Where pages go, and what shapes them.
#[derive(Debug, clap::Args)]
struct Pages {
    /// A new file: PDF if its name ends in `.pdf`, plain text otherwise; without it, plain text on standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The size of the paper
    #[arg(long, value_enum, default_value = "a4")]
    paper: Paper,
    /// A template of your own: it shapes the pages and can alter no value
    #[arg(long, value_name = "FILE")]
    template: Option<PathBuf>,
}

/// The size of the paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Paper {
    /// 210 × 297 mm
    A4,
    /// 8½ × 11 inches
    Letter,
}

impl Pages {
    /// Makes a document with the template that was named, if one was.
    fn shaped(
        &self,
        make: impl FnOnce(Option<Template<'_>>) -> Result<Document, TemplateError>,
    ) -> Result<Document, Failure> {
        let wrong = |error: TemplateError| Failure::new(Turn::Author, error.to_string());
        let Some(path) = &self.template else { return make(None).map_err(wrong) };
        let source = String::from_utf8(files::octets(path)?).map_err(|error| {
            Failure::because(Turn::Author, format!("`{}` is no text", path.display()), &error)
        })?;
        make(Some(Template { name: &path.display().to_string(), source: &source })).map_err(wrong)
    }

    /// Writes a document where it was asked for.
    fn write(&self, document: &Document, out: &mut dyn Write) -> Result<(), Failure> {
        let Some(path) = &self.output else { return files::print(out, &text(document)) };
        let octets = if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("pdf")) {
            self.pdf(document)?
        } else {
            text(document).into_bytes()
        };
        create(path, &octets).map_err(|error| unwritten(path, &error))
    }

    #[cfg(feature = "pdf")]
    fn pdf(&self, document: &Document) -> Result<Vec<u8>, Failure> {
        pdf(document, self.paper.into())
            .map_err(|error| Failure::because(Turn::Developers, "the PDF could not be made", &error))
    }

    #[cfg(not(feature = "pdf"))]
    #[expect(clippy::unused_self, reason = "the same call with and without PDF")]
    fn pdf(&self, _: &Document) -> Result<Vec<u8>, Failure> {
        let message = "this program was built without PDF";
        Err(Failure::new(Turn::Author, message)
            .hint("name a file that does not end in `.pdf` for plain text"))
    }
}

#[cfg(feature = "pdf")]
impl From<Paper> for crate::paper::PageSize {
    fn from(paper: Paper) -> Self {
        match paper {
            Paper::A4 => Self::A4,
            Paper::Letter => Self::Letter,
        }
    }
}

fn unwritten(path: &Path, error: &dyn std::error::Error) -> Failure {
    Failure::because(Turn::Author, format!("`{}` could not be written", path.display()), error)
}
