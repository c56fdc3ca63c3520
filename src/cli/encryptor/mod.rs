//! A site's encryptors: programs that encrypt a holder's share for the holder's own key, and open it again.
//!
//! The rules of this folder:
//! - A share goes to a program by a pipe and comes back by one: it is in no argument, no variable and no file, and what it is
//!   held in here is wiped.
//! - The program is the one of the site's digest, in a process that has denied itself what it has no business with (`child.rs`).
//! - What comes out is refused if it tells the share, if it is nothing, too much or too late; what it says besides is shown
//!   only if it says nothing of the share.

mod child;
mod pipe;

pub use child::{CHILD_ARGUMENT, child_main};

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::digest::Digest;
use crate::plan::{Site, SiteEncryptor, SiteProgram};
use crate::secret::SecretOctets;
use crate::share::{hints, is_like_a_share, tells};
use crate::stage::{EncryptError, EncryptorFace, Encryptors};
use pipe::{Pipe, Ran};

/// The encryptors of a site.
#[derive(Clone, Debug)]
pub struct SiteEncryptors {
    all: Vec<(String, SiteEncryptor)>,
}

/// The encryptors of a site, if it has any.
pub fn of(site: &Site) -> Option<Arc<dyn Encryptors>> {
    let all: Vec<_> =
        site.encryptors.iter().map(|(name, encryptor)| (name.value.to_string(), encryptor.clone())).collect();
    if all.is_empty() {
        return None;
    }
    Some(Arc::new(SiteEncryptors { all }))
}

/// Where this program has to be allowed to write, so that what opens a share can.
pub fn places(site: &Site) -> Vec<PathBuf> {
    let opening = site.encryptors.iter().filter_map(|(_, encryptor)| encryptor.decrypt.as_ref());
    opening.flat_map(|program| program.writes.iter().cloned()).collect()
}

/// Whose shares there are encryptors for, in the order of the site.
pub fn holders(site: &Site) -> Vec<String> {
    site.encryptors.iter().flat_map(|(_, encryptor)| encryptor.holders.keys().cloned()).collect()
}

impl SiteEncryptors {
    fn of_holder(&self, holder: &str) -> Result<(&str, &SiteEncryptor, &str), EncryptError> {
        let found = self.all.iter().find_map(|(name, encryptor)| {
            encryptor.holders.get(holder).map(|key| (name.as_str(), encryptor, key.as_str()))
        });
        found.ok_or_else(|| EncryptError::new(format!("no encryptor of the site names a key of `{holder}`")))
    }
}

impl Encryptors for SiteEncryptors {
    fn face(&self, holder: &str) -> Result<EncryptorFace, EncryptError> {
        let (name, encryptor, recipient) = self.of_holder(holder)?;
        let (program, sha256) = agreed(&encryptor.encrypt)?;
        Ok(EncryptorFace {
            name: name.to_owned(),
            program,
            sha256,
            recipient: recipient.to_owned(),
            opens: encryptor.decrypt.as_ref().map(agreed).transpose()?,
        })
    }

    fn encrypt(&self, holder: &str, share: &SecretOctets) -> Result<Vec<u8>, EncryptError> {
        let (_, encryptor, recipient) = self.of_holder(holder)?;
        let program = &encryptor.encrypt;
        let command = program.filled(holder, recipient);
        let ran = share.expose(|octets| run(encryptor, program, &command, octets));
        let told = |said: &[u8]| hints(share, said);
        let ran = ran.map_err(|failed| failed.without(&told))?;
        let found = ran.out.expose(|out| {
            if out.is_empty() {
                return Err("it gave back nothing; wanted the share, encrypted".to_owned());
            }
            if tells(share, out) {
                return Err(
                    "it gave the share back as it is, or only written otherwise: it has encrypted nothing"
                        .to_owned(),
                );
            }
            let (given, found) = (share.len(), out.len());
            if found <= given {
                return Err(format!(
                    "it gave back {found} octets; what is encrypted is longer than the {given} that it got"
                ));
            }
            Ok(out.to_vec())
        });
        found.map_err(|why| {
            let said = ran.said_unless(&told);
            EncryptError { why: format!("`{}`: {why}", program_of(program)), said }
        })
    }

    fn decrypt(&self, holder: &str, ciphertext: &[u8]) -> Result<Option<SecretOctets>, EncryptError> {
        let (_, encryptor, recipient) = self.of_holder(holder)?;
        let Some(program) = &encryptor.decrypt else { return Ok(None) };
        let command = program.filled(holder, recipient);
        let ran = run(encryptor, program, &command, ciphertext)
            .map_err(|failed| failed.without(&is_like_a_share))?;
        let share = ran.out.expose(SecretOctets::read).filter(|share| !share.is_empty());
        let none = || {
            let (found, most) = (ran.out.len(), SecretOctets::MAX_OCTETS);
            let why = format!("`{}` gave back {found} octets; a share has 1 to {most}", program_of(program));
            EncryptError::new(why)
        };
        share.map(Some).ok_or_else(none)
    }
}

/// A program whose file is the one that was agreed upon, and the digest of that.
fn agreed(program: &SiteProgram) -> Result<(String, Digest), EncryptError> {
    let path = program_of(program).to_owned();
    let unreadable = |error: std::io::Error| EncryptError::new(format!("`{path}` cannot be read: {error}"));
    let mut file = std::fs::File::open(Path::new(&path)).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(EncryptError::new(format!("`{path}` is no file")));
    }
    let found = Digest::of_reader(&mut file).map_err(unreadable)?;
    match program.sha256 {
        Some(wanted) if wanted != found => {
            Err(EncryptError::new(format!("`{path}` has the SHA-256 {found}; the site wants {wanted}")))
        }
        _ => Ok((path, found)),
    }
}

fn program_of(program: &SiteProgram) -> &str {
    program.command.first().map_or("", String::as_str)
}

/// Runs a program of the site with `input`, once its file is the one that was agreed upon.
fn run(
    encryptor: &SiteEncryptor,
    program: &SiteProgram,
    command: &[String],
    input: &[u8],
) -> Result<Ran, Failed> {
    agreed(program).map_err(|error| Failed { why: error.why, said: Zeroizing::default() })?;
    let order = Pipe {
        command,
        sockets: program.sockets,
        writes: &program.writes,
        limit: Duration::from_secs(encryptor.seconds),
    };
    order.run(input)
}

/// Why a program gave nothing, and what it said.
pub struct Failed {
    why: String,
    said: Zeroizing<Vec<u8>>,
}

impl Failed {
    /// As an error, without what the program said if that tells a share.
    fn without(self, tells: &dyn Fn(&[u8]) -> bool) -> EncryptError {
        EncryptError { why: self.why, said: shown(&self.said, tells) }
    }
}

/// What a program said, unless it tells a share.
fn shown(said: &[u8], tells: &dyn Fn(&[u8]) -> bool) -> Option<String> {
    if said.iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    if tells(said) {
        return Some("(words of the share, which are not shown)".to_owned());
    }
    Some(String::from_utf8_lossy(said).trim().to_owned())
}
