//! Reads, verifies and proves ceremony logs (ceremony-log/v1).
//!
//! A ceremony log is what an offline CA's key ceremonies leave behind: one canonical JSON line per record, an
//! RFC 6962 tree over the lines, heads of it signed and cosigned as C2SP checkpoints. This crate holds the
//! format: what a writer needs to make lines, heads and proofs, and what a reader needs to judge them. It signs
//! nothing and knows no certificates, HSMs, terminals or networks.
//!
//! From the bottom:
//!
//! - [`json`]: canonical JSON, strict. [`time`], [`tree`]: times and the Merkle tree.
//! - [`record`]: one line. [`event`]: the registry of events.
//! - [`key`], [`note`], [`checkpoint`]: verifier keys, signed notes, heads.
//! - [`policy`]: whom one trusts, and which heads they signed.
//! - [`verify`]: a whole log against a head, in one pass. [`state`]: what its records say together.
//! - [`proof`], [`consistency`]: one line without the rest; one head as the continuation of another.
//! - [`tiles`]: the log for static hosting.
//! - [`index`]: where a log names what, for many proofs; [`lines`]: a log that has gone on since its head.
//! - [`code`]: what can be wrong, one code per kind.
//!
//! ```no_run
//! use std::fs::{self, File};
//! use std::io::BufReader;
//!
//! use ceremony_log::note::Note;
//! use ceremony_log::policy::{Policy, Window};
//! use ceremony_log::state::State;
//! use ceremony_log::verify::{Practice, VerifyError, verify};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let policy = Policy::parse(&fs::read("pinned/policy")?).map_err(VerifyError::from)?;
//! let note = Note::parse(&fs::read("bundle/checkpoint")?)?;
//! let window = Window::at(1_800_000_000);
//! let head = policy.judge(&note, &window).map_err(VerifyError::from)?;
//!
//! let mut state = State::new();
//! let mut file = BufReader::new(File::open("bundle/log.jsonl")?);
//! let log = verify(&mut file, head, None, Practice::Refuse, &mut |entry| state.follow(entry.record))?;
//! let findings = state.finish();
//! assert!(!findings.refuse(), "{:?}", findings.list);
//! assert_eq!(log.tree().size(), log.head().checkpoint().size);
//! # Ok(())
//! # }
//! ```

mod base64;
pub mod checkpoint;
pub mod code;
pub mod consistency;
pub mod event;
pub mod index;
pub mod json;
pub mod key;
pub mod lines;
pub mod note;
pub mod policy;
pub mod proof;
pub mod record;
pub mod state;
#[cfg(test)]
mod testing;
pub mod tiles;
pub mod time;
pub mod tree;
pub mod verify;

/// The examples of README.md, compiled and run with the other ones.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
