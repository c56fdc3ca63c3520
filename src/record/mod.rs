//! What remains of a ceremony: log, artifacts, manifest, bundle, summary and reports.
//!
//! One format per file; `file` is the only place that writes.

mod annex;
mod artifact;
mod bundle;
pub mod file;
mod journal;
mod manifest;
pub mod report;
mod summary;
mod value;

pub use bundle::finish;
pub use journal::{Identity, LogFolder, Places, Stored};
pub use summary::summary;
