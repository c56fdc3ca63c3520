//! `import`: a production ceremony on SoftHSM, its bundle taken in by two people, and every way in which it is not.
//!
//! The tokens are software and the policy is `private`: pins that say nothing of it refuse what these ceremonies make.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    dead_code,
    reason = "a test that cannot go on has failed; the shared modules serve other programs too"
)]

#[path = "../bundle/mod.rs"]
mod bundle;
#[path = "../common/mod.rs"]
mod common;
mod continued;
mod due;
mod exports;
mod online;
mod possession;
mod receipts;
#[path = "../cli/room.rs"]
mod room;
mod store;
#[path = "../cli/table.rs"]
mod table;
mod time;

mod spoilt;
mod two_people;
