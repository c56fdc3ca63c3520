//! A person's own Ed25519 key, to sign with: in an ssh-agent, or in a file of `ssh-keygen` without a passphrase.
//!
//! The rules of this file:
//! - Whatever signs, the signature verifies by the public key before anybody gets it.
//! - A file that others may read is refused, as `ssh` does.
//! - A file with a passphrase is not opened: the agent holds its key, or nobody does.
//!
//! Sources: OpenSSH PROTOCOL.key; RFC 8032; RFC 8709.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base64ct::{Base64, Encoding as _};
use ring::signature::{ED25519 as VERIFICATION, Ed25519KeyPair, UnparsedPublicKey};
use thiserror::Error;
use zeroize::Zeroizing;

use super::agent::{Agent, AgentError};
use super::key::{ED25519, PersonKey};
use super::wire::Reader;

/// A key that signs for its person.
pub struct OwnKey {
    public: PersonKey,
    point: [u8; 32],
    holder: Holder,
}

/// Who holds the private half.
enum Holder {
    Agent(Agent),
    File(Box<Ed25519KeyPair>),
}

impl OwnKey {
    /// The key of a file: the private one that `ssh-keygen` wrote, or the public one of a key that an agent holds.
    ///
    /// # Errors
    ///
    /// [`OwnKeyError`]: what is wrong with the file, or that no agent holds its key.
    pub fn of_file(path: &Path) -> Result<Self, OwnKeyError> {
        let storage = |source| OwnKeyError::Storage { path: path.to_owned(), source };
        let file = File::open(path).map_err(storage)?;
        let mode = file.metadata().map_err(storage)?.permissions().mode();
        let mut text = Zeroizing::new(String::with_capacity(MOST_OCTETS));
        file.take(MOST_OCTETS as u64).read_to_string(&mut text).map_err(storage)?;
        if !text.starts_with(BEGIN) {
            let line = text.lines().next().unwrap_or_default();
            let public = line.parse().map_err(|_| OwnKeyError::NoKey { path: path.to_owned() })?;
            return Self::of_agent(&public);
        }
        if mode & 0o077 != 0 {
            return Err(OwnKeyError::Open { path: path.to_owned(), mode: mode & 0o777 });
        }
        let octets = unarmoured(&text).ok_or_else(|| OwnKeyError::NoKey { path: path.to_owned() })?;
        let file = KeyFile::read(&octets).ok_or_else(|| OwnKeyError::NoKey { path: path.to_owned() })?;
        let point = point(file.public)?;
        let public = PersonKey::of_ed25519(&point).map_err(|_| OwnKeyError::Kind)?;
        let Some(private) = file.private else { return Self::of_agent(&public) };
        let pair = pair(private, &point).ok_or_else(|| OwnKeyError::NoKey { path: path.to_owned() })?;
        Ok(Self { public, point, holder: Holder::File(Box::new(pair)) })
    }

    /// A key that an agent holds.
    ///
    /// # Errors
    ///
    /// [`OwnKeyError::Kind`] for another kind of key; [`OwnKeyError::NotHeld`] if the agent does not hold it.
    pub fn of_agent(public: &PersonKey) -> Result<Self, OwnKeyError> {
        Self::held_as(|held| held == public, &public.fingerprint())
    }

    /// A key that an agent holds, by its fingerprint: `SHA256:…`.
    ///
    /// # Errors
    ///
    /// As [`OwnKey::of_agent`].
    pub fn of_fingerprint(fingerprint: &str) -> Result<Self, OwnKeyError> {
        Self::held_as(|held| held.fingerprint() == fingerprint, fingerprint)
    }

    fn held_as(wanted: impl Fn(&PersonKey) -> bool, which: &str) -> Result<Self, OwnKeyError> {
        let mut agent = Agent::connect()?;
        for blob in agent.keys()? {
            let Some(public) = PersonKey::of_blob(&blob) else { continue };
            if wanted(&public) {
                let point = point(public.blob())?;
                return Ok(Self { public, point, holder: Holder::Agent(agent) });
            }
        }
        Err(OwnKeyError::NotHeld { fingerprint: which.to_owned() })
    }

    /// The public key.
    pub const fn public(&self) -> &PersonKey {
        &self.public
    }

    /// The 32 octets of the public key.
    pub const fn point(&self) -> &[u8; 32] {
        &self.point
    }

    /// Signs a message as it is.
    ///
    /// # Errors
    ///
    /// [`OwnKeyError`] if the agent does not sign, or what it says is no signature of the key.
    pub fn sign(&mut self, message: &[u8]) -> Result<[u8; 64], OwnKeyError> {
        let signature = match &mut self.holder {
            Holder::Agent(agent) => agent.sign(self.public.blob(), message)?,
            Holder::File(pair) => pair.sign(message).as_ref().try_into().map_err(|_| OwnKeyError::Wrong)?,
        };
        let key = UnparsedPublicKey::new(&VERIFICATION, self.point);
        key.verify(message, &signature).map_err(|_| OwnKeyError::Wrong)?;
        Ok(signature)
    }
}

/// A private key as `ssh-keygen` writes it.
struct KeyFile<'f> {
    public: &'f [u8],
    /// What is in it; nothing if it has a passphrase.
    private: Option<&'f [u8]>,
}

impl<'f> KeyFile<'f> {
    fn read(octets: &'f [u8]) -> Option<Self> {
        let mut reader = Reader::new(octets.strip_prefix(MAGIC)?);
        let cipher = reader.text()?;
        // How the passphrase becomes a key, and with what.
        reader.text()?;
        reader.string()?;
        if reader.number()? != 1 {
            return None;
        }
        let (public, private) = (reader.string()?, reader.string()?);
        // Behind an authenticating cipher there is its tag.
        (cipher != "none" || reader.end().is_some())
            .then_some(Self { public, private: (cipher == "none").then_some(private) })
    }
}

/// The pair in the private part of a file, if it is of this public key.
fn pair(private: &[u8], point: &[u8; 32]) -> Option<Ed25519KeyPair> {
    let mut reader = Reader::new(private);
    if reader.number()? != reader.number()? || reader.text()? != ED25519 {
        return None;
    }
    let (public, both) = (reader.string()?, reader.string()?);
    let (seed, again) = both.split_at_checked(32)?;
    // The comment.
    reader.string()?;
    let padding = (1..=u8::MAX).zip(reader.rest()).all(|(wanted, found)| wanted == *found);
    if public != point || again != point || !padding {
        return None;
    }
    Ed25519KeyPair::from_seed_and_public_key(seed, point).ok()
}

/// The point of an Ed25519 key as SSH writes it.
fn point(blob: &[u8]) -> Result<[u8; 32], OwnKeyError> {
    let mut reader = Reader::new(blob);
    let point = (reader.text() == Some(ED25519)).then(|| reader.string()).flatten();
    let point = point.and_then(|point| point.try_into().ok());
    point.filter(|_| reader.end().is_some()).ok_or(OwnKeyError::Kind)
}

/// What is between the lines of the armour.
fn unarmoured(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let body = text.strip_prefix(BEGIN)?.trim_end().strip_suffix(END)?;
    let mut encoded = Zeroizing::new(String::with_capacity(body.len()));
    body.split_ascii_whitespace().for_each(|line| encoded.push_str(line));
    let mut octets = Zeroizing::new(vec![0; encoded.len()]);
    let length = Base64::decode(&*encoded, &mut octets).ok()?.len();
    octets.truncate(length);
    Some(octets)
}

/// Why a key does not sign.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OwnKeyError {
    /// Its file cannot be read.
    #[error("the key `{}` cannot be read", path.display())]
    Storage {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Its file is no key.
    #[error("`{}` is no key of `ssh-keygen`: neither the private one, nor the public one of a key in an agent", path.display())]
    NoKey {
        /// Which.
        path: PathBuf,
    },
    /// Others may read its file.
    #[error("others may read the key `{}` (mode {mode:o}); wanted 600", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is of another kind.
    #[error("the key is not of the kind `ssh-ed25519`")]
    Kind,
    /// The agent does not hold it.
    #[error("the ssh-agent does not hold the key {fingerprint}")]
    NotHeld {
        /// Which.
        fingerprint: String,
    },
    /// The agent does not do what it was asked.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// What came is no signature of the key.
    #[error("what was made is no signature of the key over the message")]
    Wrong,
}

const BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
const END: &str = "-----END OPENSSH PRIVATE KEY-----";
const MAGIC: &[u8] = b"openssh-key-v1\0";
/// More than any key file has.
const MOST_OCTETS: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn made(folder: &Path, name: &str, kind: &str, passphrase: &str) -> PathBuf {
        let path = folder.join(name);
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", kind, "-N", passphrase, "-C", "of a test", "-f"])
            .arg(&path)
            .status()
            .unwrap();
        assert!(made.success());
        path
    }

    #[test]
    fn a_key_of_ssh_keygen_signs_as_its_public_half_verifies() {
        let folder = tempfile::tempdir().unwrap();
        let path = made(folder.path(), "key", "ed25519", "");
        let mut key = OwnKey::of_file(&path).unwrap();
        let public: PersonKey = std::fs::read_to_string(path.with_extension("pub")).unwrap().parse().unwrap();
        assert_eq!(*key.public(), public);
        let signature = key.sign(b"message").unwrap();
        let of_public = UnparsedPublicKey::new(&VERIFICATION, key.point());
        of_public.verify(b"message", &signature).unwrap();
        assert!(of_public.verify(b"other", &signature).is_err());
    }

    #[test]
    fn another_kind_of_key_or_a_file_that_others_read_does_not_sign() {
        let folder = tempfile::tempdir().unwrap();
        let path = made(folder.path(), "rsa", "rsa", "");
        assert!(matches!(OwnKey::of_file(&path), Err(OwnKeyError::Kind)));
        let path = made(folder.path(), "key", "ed25519", "");
        let mut permissions = std::fs::metadata(&path).unwrap().permissions();
        permissions.set_mode(0o640);
        std::fs::set_permissions(&path, permissions).unwrap();
        assert!(matches!(OwnKey::of_file(&path), Err(OwnKeyError::Open { mode: 0o640, .. })));
        let missing = folder.path().join("no");
        assert!(matches!(OwnKey::of_file(&missing), Err(OwnKeyError::Storage { .. })));
    }

    #[test]
    fn a_file_that_somebody_changed_is_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = made(folder.path(), "key", "ed25519", "");
        let octets = unarmoured(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let whole = |octets: &[u8]| {
            let file = KeyFile::read(octets)?;
            let point = point(file.public).ok()?;
            pair(file.private?, &point)
        };
        assert!(whole(&octets).is_some());
        for place in 0..octets.len() {
            assert!(whole(&octets[..place]).is_none(), "cut at {place}");
            let mut changed = octets.clone();
            changed[place] ^= 1;
            let still_good = whole(&changed).is_some();
            // The name of the key derivation and the comment may say what they like.
            let unread = MAGIC.len() + 12..MAGIC.len() + 16;
            let comment = octets.windows(9).position(|found| found == b"of a test").unwrap();
            assert_eq!(
                still_good,
                unread.contains(&place) || (comment..comment + 9).contains(&place),
                "changed at {place}"
            );
        }
    }
}
