//! What several test programs share.

#![allow(dead_code, unused_imports, reason = "each test program uses its part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

pub mod fake;
pub mod kryoptic;
pub mod memory;
pub mod modules;
pub mod program;
pub mod service;
pub mod softhsm;

#[allow(unused_imports, reason = "each test program uses its part of it")]
pub use program::{Ended, own_folder, rootrite, sha256, tool, tool_folder};
pub use softhsm::SoftHsm;
