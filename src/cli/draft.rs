//! `draft`: to-be-signed octets from a profile and values, without an HSM. Nothing is signed and nothing judged.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::piece::{self, Shape, octets, regular};
use super::{failures, files};
use crate::clock::{Lasting, Timestamp};
use crate::digest::{Digest, hex};
use crate::failure::{Failure, Turn};
use crate::pki::pem;
use crate::pki::read::der::{Cursor, Faults, tag};
use crate::pki::read::{TbsCertificateView, lenient};
use crate::pki::{Name, PublicKey, SerialNumber, SignatureAlgorithm, Validity};
use crate::profile::{
    BuiltIn, CertificateKind, CertificateProfile, Copied, Fills, FoundValues, Library as _, Profile,
};
use crate::script::{FromNode as _, NamePart, read};

/// Write the to-be-signed octets of a certificate, without an HSM
///
/// The same octets as a ceremony would write. Nothing is judged: `lint` and `plan` do that.
#[derive(Debug, clap::Args)]
pub struct Draft {
    /// The profile: a name of one of ours, or a file
    #[arg(long)]
    profile: String,
    /// The subject, such as '[{C: US}, {CN: E1}]'; a cross-certificate copies it
    #[arg(long)]
    subject: Option<String>,
    /// The subject's key: a public key, a signing request or a certificate, PEM or DER
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The issuer's certificate; a root is its own issuer
    #[arg(long, value_name = "FILE")]
    issuer: Option<PathBuf>,
    /// The serial number in lower-case hex, with a leading 00 where it needs one
    #[arg(long, value_parser = SerialNumber::from_hex)]
    serial: SerialNumber,
    /// The first second, such as 2026-11-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    not_before: Timestamp,
    /// How long it lasts, such as '3650 days'; the profile may say it
    #[arg(long)]
    lasts: Option<Lasting>,
    /// What the profile leaves open, such as `crl-url=http://c.example.org/`
    #[arg(long, value_name = "NAME=VALUE")]
    fill: Vec<String>,
    /// Where to write the octets, as DER; without it they are printed in hex
    #[arg(short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The subject's key, and what the file says besides.
struct Key {
    spki: Vec<u8>,
    certificate: Option<Vec<u8>>,
}

impl Draft {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// A [`Failure`] if something is missing or does not fit, or the output is already there.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let profile = profile(&self.profile)?;
        let wrong = |message: String| Failure::new(Turn::Author, message);
        let profile = profile
            .certificate()
            .ok_or_else(|| wrong(format!("`{}` is no profile of a certificate", self.profile)))?;
        let made = self.make(profile).map_err(wrong)?;
        match &self.output {
            None => files::print(out, &format!("{}\n", hex(&made))),
            Some(path) => {
                let mut file = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .open(path)
                    .map_err(|error| failures::file("written", path, &error))?;
                file.write_all(&made)
                    .and_then(|()| file.sync_all())
                    .map_err(|error| failures::file("written", path, &error))?;
                let said = format!(
                    "{} octets are in `{}`\nSHA-256 {}\n",
                    made.len(),
                    path.display(),
                    Digest::of(&made)
                );
                files::print(out, &said)
            }
        }
    }

    fn make(&self, profile: &CertificateProfile) -> Result<Vec<u8>, String> {
        let key = key(&self.key)?;
        let existing = key.certificate.as_deref().map(tbs).transpose()?;
        let root = profile.kind() == CertificateKind::Root;
        let issuer = match (&self.issuer, root) {
            (None, false) => return Err("`--issuer` is missing; only a root is its own issuer".to_owned()),
            (Some(_), true) => return Err("a root is its own issuer; `--issuer` is for others".to_owned()),
            (None, true) => None,
            (Some(path), false) => Some(certificate(path)?),
        };
        let issuer = issuer.as_deref().map(tbs).transpose()?;
        let subject = self.subject(profile, existing.as_ref())?;
        let issuer_name =
            issuer.as_ref().map_or_else(|| subject.clone(), |issuer| issuer.subject().to_name());
        let signer = issuer.as_ref().map_or(key.spki.as_slice(), |issuer| issuer.spki().octets());
        let identifier =
            issuer.as_ref().and_then(|issuer| issuer.extensions().subject_key_identifier().ok()?);
        let copied = existing.as_ref().map(copied).transpose()?;
        let lasts = profile.open().lasts(self.lasts).map_err(|error| error.to_string())?;
        let made = profile.reproduce(&FoundValues {
            issuer: &issuer_name,
            subject: &subject,
            serial: self.serial.der_content(),
            validity: Validity::lasting(self.not_before, lasts).map_err(|error| error.to_string())?,
            spki: &key.spki,
            key_bits: key_bits(&key.spki).ok_or("the key cannot be read")?,
            issuer_key_identifier: identifier,
            issuer_signature: &signature(signer)?,
            copied: copied.as_ref().filter(|_| profile.kind() == CertificateKind::Cross),
            fills: &self.fills()?,
        });
        made.map_err(|error| error.to_string())
    }

    fn subject(
        &self,
        profile: &CertificateProfile,
        existing: Option<&TbsCertificateView<'_>>,
    ) -> Result<Name, String> {
        match (&self.subject, existing, profile.kind()) {
            (None, Some(existing), CertificateKind::Cross) => Ok(existing.subject().to_name()),
            (None, None, CertificateKind::Cross) => {
                Err("a cross-certificate copies its subject: `--key` has to be the certificate of that CA"
                    .to_owned())
            }
            (Some(_), _, CertificateKind::Cross) => {
                Err("a cross-certificate copies its subject; leave `--subject` out".to_owned())
            }
            (None, ..) => Err("`--subject` is missing".to_owned()),
            (Some(text), ..) => {
                let (node, mut problems) = read("--subject", text.as_bytes());
                let name = node
                    .and_then(|node| Vec::<NamePart>::from_node(&node, &mut problems))
                    .and_then(|parts| profile.names().name(&parts, &mut problems));
                problems.or(name).map_err(|problems| problems.messages().join("; "))
            }
        }
    }

    fn fills(&self) -> Result<Fills, String> {
        let mut fills = Fills::new();
        for fill in &self.fill {
            let (name, value) = fill
                .split_once('=')
                .ok_or_else(|| format!("found `--fill {fill}`, wanted a name, `=` and a value"))?;
            if fills.insert(name.to_owned(), value.to_owned()).is_some() {
                return Err(format!("`--fill {name}=…` is there twice"));
            }
        }
        Ok(fills)
    }
}

/// A profile of ours, or of a file.
fn profile(name: &str) -> Result<Profile, Failure> {
    let path = Path::new(name);
    if BuiltIn.find(name).is_ok_and(|found| found.is_some()) || !path.is_file() {
        return Profile::load(name, &BuiltIn).map_err(|error| Failure::new(Turn::Author, error.to_string()));
    }
    Ok(Profile::read(name, &files::octets(path)?, &BuiltIn)?)
}

/// The first structure of a file.
fn first(path: &Path) -> Result<(Vec<u8>, Option<Shape>), String> {
    let failed = |failure: Failure| failure.text().trim_end().trim_start_matches("error: ").to_owned();
    regular(path).map_err(failed)?;
    let octets = octets(path).map_err(failed)?;
    if pem::is_pem(&octets)
        && let Ok(blocks) = pem::read(&octets)
        && let Some(block) = blocks.into_iter().find(|block| block.label == pem::PUBLIC_KEY)
    {
        return Ok((block.octets, None));
    }
    let mut found = Err("there is nothing in it".to_owned());
    piece::each(&octets, |piece| {
        found = piece.octets.map(|octets| (octets.to_vec(), piece.shape));
        false
    });
    found.map_err(|why| format!("`{}` cannot be read: {why}", path.display()))
}

fn certificate(path: &Path) -> Result<Vec<u8>, String> {
    let (octets, _) = first(path)?;
    let read = lenient::certificate(&octets).map(|_| ());
    read.map_err(|error| format!("`{}` is no certificate: {error}", path.display()))?;
    Ok(octets)
}

fn tbs(certificate: &[u8]) -> Result<TbsCertificateView<'_>, String> {
    lenient::certificate(certificate).map(|(view, _)| view.tbs()).map_err(|error| error.to_string())
}

fn key(path: &Path) -> Result<Key, String> {
    let (octets, shape) = first(path)?;
    let wrong = |error: &dyn std::fmt::Display| format!("`{}` has no key: {error}", path.display());
    match shape {
        Some(Shape::Certificate) => {
            let spki = tbs(&octets).map_err(|error| wrong(&error))?.spki().octets().to_vec();
            Ok(Key { spki, certificate: Some(octets) })
        }
        Some(Shape::Request) => {
            let (view, _) = lenient::request(&octets).map_err(|error| wrong(&error))?;
            Ok(Key { spki: view.info().spki().octets().to_vec(), certificate: None })
        }
        Some(other) => Err(wrong(&format!("it is a {}", other.name()))),
        None if key_bits(&octets).is_some() => Ok(Key { spki: octets, certificate: None }),
        None => Err(wrong(&"it is no public key, signing request or certificate")),
    }
}

/// What the BIT STRING of a SubjectPublicKeyInfo holds, whatever kind of key it is.
fn key_bits(spki: &[u8]) -> Option<&[u8]> {
    let mut faults = Faults::new();
    let mut outer = Cursor::new(spki);
    let mut inside = outer.take(tag::SEQUENCE, "key", &mut faults).ok()?.inside();
    inside.take(tag::SEQUENCE, "algorithm", &mut faults).ok()?;
    let bits = inside.take(tag::BIT_STRING, "key", &mut faults).ok()?;
    bits.whole_octets("key", &mut faults).ok().filter(|_| inside.is_empty() && outer.is_empty())
}

/// What the key demands when the profile does not say.
fn signature(spki: &[u8]) -> Result<Vec<u8>, String> {
    let key = PublicKey::from_spki_der(spki).map_err(|error| error.to_string())?;
    Ok(SignatureAlgorithm::for_key(&key).der())
}

fn copied(existing: &TbsCertificateView<'_>) -> Result<Copied, String> {
    let extensions = existing.extensions();
    let identifier = extensions.subject_key_identifier().map_err(|error| error.to_string())?;
    let constraints = extensions.basic_constraints().map_err(|error| error.to_string())?;
    let path_length =
        constraints.and_then(|constraints| constraints.path_length).map(u8::try_from).transpose();
    let path_length = path_length.map_err(|_| "the path length to copy is above 255".to_owned())?;
    Ok(Copied { subject_key_identifier: identifier.map(<[u8]>::to_vec), path_length })
}
