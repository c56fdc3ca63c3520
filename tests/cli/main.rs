//! The commands as people use them: the real program, its whole output, its exit code, and what it left behind.
//!
//! Every test has folders and tokens of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on has failed"
)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../../crates/ceremony-log/tests/writer/mod.rs"]
mod writer;

mod approvals;
mod backup;
mod chain;
mod closed_backup;
mod closed_refresh;
mod commands;
mod continued;
mod convert;
mod copies;
mod crl_series;
mod devices;
mod earlier;
mod encryptors;
mod export;
mod follow;
mod groups;
mod heads;
mod independent;
mod inputs;
mod issuance;
mod key_origin;
mod lint;
mod lint_together;
mod media;
mod memory;
mod modules;
mod pin_shares;
mod places;
mod plan;
mod print;
mod printed_backup;
mod profile;
mod proofs;
mod resume;
mod revocation;
mod room;
mod rules;
mod run;
mod screen;
mod scripts;
mod secret_shares;
mod share;
mod shares_in_a_pause;
mod sheets;
mod shown;
mod sight;
mod signing;
mod sites;
mod split_secret;
mod standby;
mod strange_files;
mod table;
mod witness;
