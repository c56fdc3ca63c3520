//! `share try-encryptor`: a site's encryptors are tried before the day, with a share that nobody needs.

use std::io::Write;
use std::path::PathBuf;

use crate::cli::{encryptor, files};
use crate::failure::{Failure, Turn};
use crate::plan::Site;
use crate::secret::SecretOctets;
use crate::share::{Passphrase, Scheme, Share, SystemRandom, deal, read};
use crate::stage::{EncryptError, Encryptors};

/// Try the encryptors of a site with a share that nobody needs
///
/// As in a ceremony each holder's share is encrypted for the holder's key and, where the site says by what, opened again and
/// compared. Nothing is written, and the share is of a secret that is thrown away.
#[derive(Debug, clap::Args)]
pub struct TryEncryptor {
    /// The site file that names the encryptors
    #[arg(long, value_name = "FILE")]
    site: PathBuf,
    /// Whose; everybody's, if it is not said
    #[arg(long, value_name = "PERSON")]
    holder: Option<String>,
}

impl TryEncryptor {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Every encryptor that did not do what it is there for.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let octets = files::octets(&self.site)?;
        let site = Site::read(&self.site.display().to_string(), &octets)?.value;
        let named = |holder: &String| self.holder.as_ref().is_none_or(|wanted| wanted == holder);
        let holders: Vec<String> = encryptor::holders(&site).into_iter().filter(named).collect();
        let (Some(encryptors), false) = (encryptor::of(&site), holders.is_empty()) else {
            let whose = self.holder.map_or_else(|| "anybody".to_owned(), |holder| format!("`{holder}`"));
            let message = format!("`{}` names no encryptor for {whose}", self.site.display());
            return Err(Failure::new(Turn::Author, message));
        };
        let mut failures = Vec::new();
        for holder in holders {
            files::print(out, &format!("{holder}\n"))?;
            match tried(encryptors.as_ref(), &holder) {
                Ok(text) => files::print(out, &text)?,
                Err(error) => {
                    let message = format!("`{holder}`: {}", error.for_people());
                    failures.push(Failure::new(Turn::Equipment, message));
                }
            }
        }
        Failure::together(failures).map_or(Ok(()), Err)
    }
}

/// What came of it, a line for each thing.
fn tried(encryptors: &dyn Encryptors, holder: &str) -> Result<String, EncryptError> {
    let face = encryptors.face(holder)?;
    let share = of_nothing().ok_or_else(|| EncryptError::new("there are no random octets"))?;
    let ciphertext = encryptors.encrypt(holder, &share.written())?;
    let opened = match &face.opens {
        None => "on the holder's own device, which was not tried".to_owned(),
        Some((program, sha256)) => {
            let found = encryptors.decrypt(holder, &ciphertext)?;
            if !found.is_some_and(|found| is_same(&found, &share)) {
                return Err(EncryptError::new(format!(
                    "`{program}` gave back another text than the share that was encrypted"
                )));
            }
            format!("by `{program}`, SHA-256 {sha256}: it is the share")
        }
    };
    Ok(format!(
        "  encryptor  {}, `{}`, SHA-256 {}\n  key        {}\n  encrypted  {} octets\n  opened     {opened}\n",
        face.name,
        face.program,
        face.sha256,
        face.recipient,
        ciphertext.len()
    ))
}

/// A share of a secret that is thrown away.
fn of_nothing() -> Option<Share> {
    let mut octets = [0; 32];
    getrandom::fill(&mut octets).ok()?;
    let secret = SecretOctets::read(&octets)?;
    let dealt = deal(&secret, &Scheme::single(2, 2).ok()?, &Passphrase::none(), &mut SystemRandom).ok()?;
    dealt.into_iter().flatten().next()
}

fn is_same(found: &SecretOctets, share: &Share) -> bool {
    found.expose(read).is_ok_and(|found| found.commitment(b"") == share.commitment(b""))
}
