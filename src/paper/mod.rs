//! What is printed: the script before a ceremony, the report and the auditor's pack after it, the sheets of shares.
//!
//! One model of a document (`document`), which `text` and `pdf` render; `template` lets files shape it. Equal input gives equal octets.
//!
//! The rules of this folder:
//! - What people compare comes from the plan and the log, never from a template.
//! - What is secret is in no document: a sheet's words are written by `sheet`, into a buffer that is wiped.

mod auditor;
mod criteria;
mod document;
#[cfg(feature = "pdf")]
mod pdf;
mod planned;
mod qr;
mod script;
mod sheet;
mod template;
mod text;
mod told;

pub use auditor::auditor_pack;
pub use document::{Blank, Block, Cell, Document, Span, Table, Value};
#[cfg(feature = "pdf")]
pub use pdf::{PageSize, PdfError, pdf};
pub use planned::{Planned, PlannedError};
pub use qr::{MARGIN, Symbol, TooLong, characters};
pub use script::{annotated, checklist, script};
pub use sheet::{Sheet, SheetError, SheetFace, SheetGroup, test_page};
pub use template::{Parts, Template, TemplateError, fill};
pub use text::{COLUMNS, PRACTICE, text};
pub use told::Told;
