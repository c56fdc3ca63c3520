//! What remains of a ceremony: log, artifacts, manifest, bundle, summary and reports.
//!
//! One format per file; `file` is the only place that writes.

mod again;
mod annex;
mod artifact;
mod bundle;
mod continued;
pub mod file;
mod held;
mod interrupted;
mod journal;
mod manifest;
mod memory;
pub mod report;
pub mod run;
mod series;
mod summary;
mod value;
mod witnesses;

pub use bundle::finish;
pub use continued::{ContinueError, Continued};
pub use interrupted::{Interrupted, Torn};
pub use journal::{Identity, LogFolder, Places, Stored};
pub use series::MOST_SINGLED_OUT;
pub use summary::summary;

// What a bundle of another ceremony brings into a plan is read where bundles are.
pub use crate::plan::{BroughtRequest, KeyOrigin};
