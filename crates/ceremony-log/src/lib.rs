//! Reads, verifies and proves ceremony logs.
mod base64;
pub mod checkpoint;
pub mod code;
pub mod consistency;
pub mod event;
pub mod json;
pub mod key;
pub mod note;
pub mod policy;
pub mod proof;
pub mod record;
pub mod state;
#[cfg(test)]
mod testing;
pub mod time;
pub mod tree;
pub mod verify;
