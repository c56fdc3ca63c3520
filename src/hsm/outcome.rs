//! What a module process leaves behind when its parent is gone: the outcome of the last call of each session.
//!
//! The program makes one file for each module process, beside the journal (`runs/<ceremony>/module-<number>.outcomes`), and
//! hands it to the process ([`super::ModuleProcess::keep_outcomes`]). While the program lives the file stays empty; when
//! the process ends as it was asked to, the file is removed. If the program dies, the process finishes the calls in hand and
//! then appends one line for each session's last call that changed something on the token, or signed, and syncs it.
//!
//! - **At work or not**: the process holds an exclusive `flock` on the file for as long as it lives. [`is_at_work`] says
//!   whether that is so; a process that is at work is waited for, never killed.
//! - **What a line says** is a JSON object: `v` (1); `at`, seconds since 1970 when the call ended; `operation`, one of
//!   `sign`, `generate-key-pair`, `restore-key`, `seal-key`, `destroy-objects`, `store-data`, `change-pin`, `initialize-token`; `token` and `serial`;
//!   what the call was about: `id`, `label`, `hash` and `octets` (of `sign`: the digest that was signed, or without `hash` the
//!   SHA-256 of the message); and either `done` (hex: the signature as X.509 takes it, or the SubjectPublicKeyInfo of the
//!   new key; empty for the others) or `failed` (words).
//! - **What it proves**: nothing by itself. A signature is verified and compared with the open intent before it is taken;
//!   a key is looked at on the token. A line may repeat what the journal already has: the answer may have arrived just before
//!   the program died. A last line that is cut short is no outcome.
//! - It holds no PIN, no private key and nothing random.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, flock};
use serde_json::{Map, Value, json};

use super::{HashAlgorithm, KeyId, TokenInformation};
use crate::digest::hex;

/// The outcome of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// When the call ended: seconds since 1970-01-01T00:00:00Z by the machine's clock.
    pub at: u64,
    /// The label of the token.
    pub token: String,
    /// The serial number of the token.
    pub serial: String,
    /// What was done.
    pub call: Call,
    /// What came of it: a signature or a SubjectPublicKeyInfo where there is one, or words.
    pub result: Result<Vec<u8>, String>,
}

/// A call that changes a token, or signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// [`super::Token::sign`]
    Sign {
        /// By which key.
        id: KeyId,
        /// The hash, if it was a digest that was signed.
        hash: Option<HashAlgorithm>,
        /// The digest; without a hash, the SHA-256 of the message.
        octets: Vec<u8>,
    },
    /// [`super::Token::generate_key_pair`]
    Generate {
        /// The id of the new key.
        id: KeyId,
        /// Its label.
        label: String,
    },
    /// [`super::Token::restore_key`]
    Restore {
        /// The id of the key.
        id: KeyId,
        /// Its label.
        label: String,
    },
    /// [`super::Token::seal_key`]
    Seal {
        /// Which key.
        id: KeyId,
    },
    /// [`super::Token::destroy_objects`]
    Destroy {
        /// The id of what goes.
        id: KeyId,
    },
    /// [`super::Token::store_data`]
    StoreData {
        /// The label of the data object.
        label: String,
    },
    /// [`super::Token::change_pin`]
    ChangePin,
    /// [`super::ModuleProcess::initialize_token`]
    Initialize {
        /// The label that it gets.
        label: String,
    },
}

impl Call {
    /// Its outcome, now.
    pub(super) fn ended(self, token: &TokenInformation, result: Result<Vec<u8>, String>) -> Outcome {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        Outcome { at: now, token: token.label.clone(), serial: token.serial.clone(), call: self, result }
    }
}

impl Outcome {
    /// Every outcome of a file, in its order; a last line that was cut short is left out.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidData`] if a whole line is none.
    pub fn read_all(file: &Path) -> io::Result<Vec<Self>> {
        let mut text = String::new();
        File::open(file)?.take(LARGEST_FILE).read_to_string(&mut text)?;
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let read =
            |line: &str| Self::of_line(line).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData));
        whole.lines().map(read).collect()
    }

    /// Its line.
    fn line(&self) -> String {
        let mut all = Map::new();
        let mut say = |key: &str, value: Value| drop(all.insert(key.to_owned(), value));
        say("v", json!(1));
        say("at", json!(self.at));
        say("token", json!(self.token));
        say("serial", json!(self.serial));
        say("operation", json!(self.call.word()));
        match &self.call {
            Call::Sign { id, hash, octets } => {
                say("id", json!(id.to_string()));
                if let Some(hash) = hash {
                    say("hash", json!(hash.to_string()));
                }
                say("octets", json!(hex(octets)));
            }
            Call::Generate { id, label } | Call::Restore { id, label } => {
                say("id", json!(id.to_string()));
                say("label", json!(label));
            }
            Call::Seal { id } | Call::Destroy { id } => say("id", json!(id.to_string())),
            Call::StoreData { label } | Call::Initialize { label } => say("label", json!(label)),
            Call::ChangePin => {}
        }
        match &self.result {
            Ok(octets) => say("done", json!(hex(octets))),
            Err(words) => say("failed", json!(words)),
        }
        let mut line = Value::Object(all).to_string();
        line.push('\n');
        line
    }

    fn of_line(line: &str) -> Option<Self> {
        let all: Map<String, Value> = serde_json::from_str(line).ok()?;
        let text = |key: &str| all.get(key)?.as_str().map(str::to_owned);
        let id = || text("id")?.parse::<KeyId>().ok();
        if all.get("v")?.as_u64()? != 1 {
            return None;
        }
        let call = match text("operation")?.as_str() {
            "sign" => Call::Sign {
                id: id()?,
                hash: match text("hash") {
                    None => None,
                    Some(name) => Some(HASHES.into_iter().find(|hash| hash.to_string() == name)?),
                },
                octets: unhex(&text("octets")?)?,
            },
            "generate-key-pair" => Call::Generate { id: id()?, label: text("label")? },
            "restore-key" => Call::Restore { id: id()?, label: text("label")? },
            "seal-key" => Call::Seal { id: id()? },
            "destroy-objects" => Call::Destroy { id: id()? },
            "store-data" => Call::StoreData { label: text("label")? },
            "change-pin" => Call::ChangePin,
            "initialize-token" => Call::Initialize { label: text("label")? },
            _ => return None,
        };
        let result = match (text("done"), text("failed")) {
            (Some(done), None) => Ok(unhex(&done)?),
            (None, Some(words)) => Err(words),
            _ => return None,
        };
        Some(Self {
            at: all.get("at")?.as_u64()?,
            token: text("token")?,
            serial: text("serial")?,
            call,
            result,
        })
    }
}

/// For people and the log.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { token, serial, call, .. } = self;
        match call {
            Call::Sign { id, octets, .. } => write!(f, "signed {} by the key {id}", hex(octets))?,
            Call::Generate { id, label } => write!(f, "generated the key {id} `{}`", label.escape_debug())?,
            Call::Restore { id, label } => write!(f, "restored the key {id} `{}`", label.escape_debug())?,
            Call::Seal { id } => write!(f, "sealed the key {id}")?,
            Call::Destroy { id } => write!(f, "destroyed the objects of {id}")?,
            Call::StoreData { label } => write!(f, "stored the data object `{}`", label.escape_debug())?,
            Call::ChangePin => f.write_str("changed the PIN")?,
            Call::Initialize { label } => write!(f, "initialised the token `{}`", label.escape_debug())?,
        }
        write!(f, " on `{}` (serial `{}`): ", token.escape_debug(), serial.escape_debug())?;
        match &self.result {
            Ok(_) => f.write_str("done"),
            Err(words) => write!(f, "failed: {}", words.escape_debug()),
        }
    }
}

impl Call {
    const fn word(&self) -> &'static str {
        match self {
            Self::Sign { .. } => "sign",
            Self::Generate { .. } => "generate-key-pair",
            Self::Restore { .. } => "restore-key",
            Self::Seal { .. } => "seal-key",
            Self::Destroy { .. } => "destroy-objects",
            Self::StoreData { .. } => "store-data",
            Self::ChangePin => "change-pin",
            Self::Initialize { .. } => "initialize-token",
        }
    }
}

/// Whether the process that a file belongs to is still there.
///
/// # Errors
///
/// What the system says; nothing is at work on a file that is not there.
pub fn is_at_work(file: &Path) -> io::Result<bool> {
    let file = match File::open(file) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        // The lock goes with the file.
        Ok(()) => Ok(false),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// The file of a module process, on its side.
pub(super) struct Outcomes(File);

impl Outcomes {
    /// Takes the file, and the lock that says that this process is at work.
    pub(super) fn take(file: File) -> io::Result<Self> {
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self(file))
    }

    /// Appends an outcome and syncs it.
    pub(super) fn add(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.0.write_all(outcome.line().as_bytes())?;
        self.0.sync_all()
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| {
            u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?, 16).ok()
        })
        .collect()
}

const HASHES: [HashAlgorithm; 3] = [HashAlgorithm::Sha256, HashAlgorithm::Sha384, HashAlgorithm::Sha512];

/// No process has more sessions than would fill this.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes() -> Vec<Outcome> {
        let id = KeyId::from_octets(&[7; 16]).unwrap();
        let calls = [
            Call::Sign { id: id.clone(), hash: Some(HashAlgorithm::Sha384), octets: vec![1; 48] },
            Call::Sign { id: id.clone(), hash: None, octets: vec![2; 32] },
            Call::Generate { id: id.clone(), label: "root \"x1\"\n".into() },
            Call::Restore { id: id.clone(), label: "root-x1".into() },
            Call::Seal { id: id.clone() },
            Call::Destroy { id },
            Call::StoreData { label: "head".into() },
            Call::ChangePin,
            Call::Initialize { label: "root".into() },
        ];
        let outcome = |(number, call): (u8, Call)| Outcome {
            at: 1_763_694_000,
            token: "root".into(),
            serial: "0001".into(),
            call,
            result: if number % 2 == 0 { Ok(vec![number; 3]) } else { Err("C_Sign returned …".into()) },
        };
        (0..).zip(calls).map(outcome).collect()
    }

    #[test]
    fn outcomes_are_read_as_they_were_written_but_for_a_line_that_was_cut() {
        let place = tempfile::NamedTempFile::new().unwrap();
        let mut file = Outcomes::take(place.reopen().unwrap()).unwrap();
        for outcome in outcomes() {
            file.add(&outcome).unwrap();
        }
        assert_eq!(Outcome::read_all(place.path()).unwrap(), outcomes());
        let text = std::fs::read_to_string(place.path()).unwrap();
        std::fs::write(place.path(), text.strip_suffix('\n').unwrap()).unwrap();
        assert_eq!(Outcome::read_all(place.path()).unwrap(), outcomes()[..6]);
        std::fs::write(place.path(), text.replacen("\"v\":1", "\"v\":2", 1)).unwrap();
        assert!(Outcome::read_all(place.path()).is_err());
    }

    #[test]
    fn a_file_is_at_work_for_as_long_as_its_process_holds_it() {
        let place = tempfile::NamedTempFile::new().unwrap();
        assert!(!is_at_work(place.path()).unwrap());
        let held = Outcomes::take(place.reopen().unwrap()).unwrap();
        assert!(is_at_work(place.path()).unwrap());
        drop(held);
        assert!(!is_at_work(place.path()).unwrap());
        assert!(!is_at_work(Path::new("/no/such/file")).unwrap());
    }
}
