//! What several test programs share.

#![allow(dead_code, reason = "each test program uses its part of it")]

pub mod softhsm;

pub use softhsm::SoftHsm;
