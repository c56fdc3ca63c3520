//! rootrite: plans, rehearses, conducts and records scripted key ceremonies on PKCS#11 HSMs.
//!
//! Data flows one way: script → plan → conduct → record → intake. The modules below are in the order in which
//! they may use each other; `tests/architecture.rs` holds the list.

pub mod clock;
pub mod confinement;
pub mod digest;
pub mod failure;
pub mod progress;
pub mod secret;

pub mod script;

pub mod pki;

pub mod approval;

pub mod receipt;

pub mod profile;

pub mod rule;

pub mod hsm;

pub mod share;

pub mod stage;

pub mod issuance;

pub mod step;

pub mod plan;

pub mod record;

pub mod paper;

pub mod conduct;

pub mod relay;

pub mod intake;

pub mod tui;

pub mod cli;
