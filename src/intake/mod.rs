//! The online side: what a ceremony left behind, judged by nothing but what came out of the room.
//!
//! - `verify`: a bundle without an HSM and without pins, from its files to its findings;
//! - `folder`: the bundle as files, never through a link;
//! - `report`: what was found, and what could not be judged;
//! - `log`: policy, head and every line; `story`: what the records say of artifacts and signatures;
//! - `signed`: what people signed with keys of their own; `witnessed`: the heads that they saw;
//! - `manifest`, `artifacts`, `proofs`: what was handed over, compared with the log;
//! - `certificates`, `requests`, `crl`, `ocsp`: the structures in it, compared with the log and with each other;
//! - `key_origin`: what the bundle of another ceremony says of a key that it generated;
//! - `crl_series`: what the log says of CRLs that are sealed until their time;
//! - `export`: what an online CA is configured with, one kind of server per file;
//! - `prove`: one artifact without the rest; `tiles`: the log for static hosting;
//! - `cosign`: a witness on a machine of its own, and what it remembers; `received`: a log that came as pictures of a screen;
//! - `open_log`: what both judge a log by while its ceremony goes on;
//! - `pins`, `import`: a bundle judged by those who take it in, and by what they know from elsewhere;
//! - `set`, `store`: what is staged and active there;
//! - `due`: when the next ceremony has to be; `deadlines`, `calendar`: every deadline that a log knows.
//!
//! Findings have the codes of the log format's §5.

mod artifacts;
mod calendar;
mod certificates;
mod cosign;
mod crl;
mod crl_series;
mod deadlines;
mod due;
pub mod export;
mod folder;
mod import;
mod key_origin;
mod log;
mod manifest;
mod ocsp;
mod open_log;
mod pins;
mod proofs;
mod prove;
mod received;
mod report;
mod requests;
mod set;
mod signed;
mod store;
mod story;
mod tiles;
mod verify;
mod witnessed;

pub use calendar::{ALARMS, calendar};
pub use certificates::Earlier;
pub use cosign::{CosignError, Cosigned, Store, Witness, verifier};
pub use deadlines::{About, Deadline, Deadlines, deadlines};
pub use import::{Accepted, Held, Judged, Online, Possession, Verified, judge};
pub use key_origin::brought_request;
pub use log::{LogHead, Trust, head, verify_log};
pub use pins::{Expected, Importer, Last, OnlineToken, PinnedExport, Pins};
pub use prove::{Claim, ProveError, Prover, verify_proof};
pub use received::{ReceiveError, Received, Taken};
pub use report::Report;
pub use set::{Item, Set};
pub use store::{Kept, Locked, SetStore, StoreError};
pub use story::Outcome;
pub use tiles::{Rendered, TilesError, render as render_tiles};
pub use verify::{NoBundle, Options, Verification, verify};
