//! Reads, verifies and proves ceremony logs.
mod base64;
pub mod checkpoint;
pub mod code;
pub mod json;
pub mod key;
pub mod note;
pub mod record;
pub mod time;
pub mod tree;
