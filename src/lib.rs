//! rootrite: plans, rehearses, conducts and records scripted key ceremonies on PKCS#11 HSMs.
//!
//! Data flows one way: script → plan → conduct → record → intake. The modules below are in the order in which
//! they may use each other; `tests/architecture.rs` holds the list.

pub mod clock;
pub mod digest;
pub mod failure;
pub mod pki;
pub mod rule;
