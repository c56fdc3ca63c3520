//! A signature as `ssh-keygen -Y sign` makes it, and whether it is by a key over a text.

use base64ct::{Base64, Encoding as _};
use sha2::{Digest as _, Sha512};
use thiserror::Error;

use super::key::{PersonKey, fingerprint};
use super::wire::{Reader, string};
use crate::digest::Digest;
use crate::pki::build::element::{sequence, unsigned_integer};
use crate::pki::{Curve, HashAlgorithm, KeyKind, SignatureAlgorithm, verify_signature};

/// Every approval is signed in this namespace, and in no other: `ssh-keygen -Y sign -n`.
pub const NAMESPACE: &str = "rootrite-approval";

/// A signature as it is written, not judged yet.
///
/// Source: OpenSSH PROTOCOL.sshsig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshSignature {
    blob: Vec<u8>,
    key: Vec<u8>,
    namespace: Vec<u8>,
    reserved: Vec<u8>,
    hash: String,
    algorithm: String,
    /// What follows the algorithm's name.
    value: Vec<u8>,
}

impl SshSignature {
    /// The longest text of a signature that is read.
    pub const MOST_OCTETS: usize = 16 << 10;

    /// Reads the armor: a line that begins it, base64, a line that ends it.
    ///
    /// # Errors
    ///
    /// [`SshSignatureError`] unless it is one.
    pub fn from_armor(text: &str) -> Result<Self, SshSignatureError> {
        if text.len() > Self::MOST_OCTETS {
            return Err(SshSignatureError::Armor);
        }
        let inside = text.strip_prefix(BEGIN).and_then(|text| text.strip_prefix('\n'));
        let inside = inside.and_then(|text| text.trim_end_matches('\n').strip_suffix(END));
        let lines: String = inside.ok_or(SshSignatureError::Armor)?.lines().collect();
        Self::from_base64(&lines)
    }

    /// Reads the octets in base64, as the log has them.
    ///
    /// # Errors
    ///
    /// [`SshSignatureError`] unless they are a signature.
    pub fn from_base64(text: &str) -> Result<Self, SshSignatureError> {
        let blob = Base64::decode_vec(text).map_err(|_| SshSignatureError::Armor)?;
        Self::from_blob(&blob).ok_or(SshSignatureError::Broken)
    }

    fn from_blob(blob: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(blob);
        if (reader.take(MAGIC.len())?, reader.number()?) != (MAGIC, VERSION) {
            return None;
        }
        let (key, namespace, reserved) = (reader.string()?, reader.string()?, reader.string()?);
        let (hash, signature) = (reader.text()?, reader.string()?);
        reader.end()?;
        let mut reader = Reader::new(signature);
        let algorithm = reader.text()?;
        let value = reader.rest();
        Some(Self {
            blob: blob.to_vec(),
            key: key.to_vec(),
            namespace: namespace.to_vec(),
            reserved: reserved.to_vec(),
            hash: hash.to_owned(),
            algorithm: algorithm.to_owned(),
            value: value.to_vec(),
        })
    }

    /// A signature that `sign` makes over what stands for a text; it begins with the algorithm's name.
    pub(super) fn made(key: &[u8], text: &[u8], sign: impl FnOnce(&[u8]) -> Vec<u8>) -> Self {
        let unsigned = Self {
            blob: Vec::new(),
            key: key.to_vec(),
            namespace: NAMESPACE.as_bytes().to_vec(),
            reserved: Vec::new(),
            hash: "sha512".to_owned(),
            algorithm: String::new(),
            value: Vec::new(),
        };
        let value = sign(&unsigned.under(&Sha512::digest(text)));
        let parts =
            [key, &unsigned.namespace, &unsigned.reserved, unsigned.hash.as_bytes(), &value].map(string);
        let blob = [MAGIC, &VERSION.to_be_bytes(), &parts.concat()].concat();
        Self::from_blob(&blob).unwrap_or(unsigned)
    }

    /// The octets in base64, as the log has them.
    pub fn to_base64(&self) -> String {
        Base64::encode_string(&self.blob)
    }

    /// The armor, as `ssh-keygen` writes it.
    pub fn to_armor(&self) -> String {
        let mut text = format!("{BEGIN}\n");
        for (place, digit) in self.to_base64().chars().enumerate() {
            if place > 0 && place % ARMOR_COLUMNS == 0 {
                text.push('\n');
            }
            text.push(digit);
        }
        text.push('\n');
        text.push_str(END);
        text.push('\n');
        text
    }

    /// Checks that it is by this key over this text, in the namespace of approvals.
    ///
    /// # Errors
    ///
    /// [`SshSignatureError`]: what it is instead.
    pub fn verify(&self, text: &[u8], key: &PersonKey) -> Result<(), SshSignatureError> {
        if self.namespace != NAMESPACE.as_bytes() {
            let found = String::from_utf8_lossy(&self.namespace).into_owned();
            return Err(SshSignatureError::Namespace { found });
        }
        if self.key != key.blob() {
            let (found, wanted) = (fingerprint(&self.key), key.fingerprint());
            return Err(SshSignatureError::OtherKey { found, wanted });
        }
        let signed = self.signed(text)?;
        let algorithm = self.algorithm(key)?;
        let (octets, message) = self.parts(signed, key)?;
        verify_signature(key.public(), algorithm, &message, &octets).map_err(|_| SshSignatureError::Wrong)
    }

    /// What stands for the text under the signature.
    fn signed(&self, text: &[u8]) -> Result<Vec<u8>, SshSignatureError> {
        let hashed = match self.hash.as_str() {
            "sha256" => Digest::of(text).octets().to_vec(),
            "sha512" => Sha512::digest(text).to_vec(),
            other => return Err(SshSignatureError::Hash { found: other.to_owned() }),
        };
        Ok(self.under(&hashed))
    }

    /// What is signed, with the text hashed.
    fn under(&self, hashed: &[u8]) -> Vec<u8> {
        let parts = [&self.namespace[..], &self.reserved, self.hash.as_bytes(), hashed].map(string);
        [MAGIC, &parts.concat()].concat()
    }

    /// How the key signs, if this is one of its ways.
    fn algorithm(&self, key: &PersonKey) -> Result<SignatureAlgorithm, SshSignatureError> {
        let algorithm = match (key.public().kind(), self.algorithm.as_str()) {
            (KeyKind::Rsa { .. }, "rsa-sha2-256") => SignatureAlgorithm::RsaPkcs1(HashAlgorithm::Sha256),
            (KeyKind::Rsa { .. }, "rsa-sha2-512") => SignatureAlgorithm::RsaPkcs1(HashAlgorithm::Sha512),
            (KeyKind::Ec { .. } | KeyKind::Ed25519 { .. }, found) if found == key.algorithm() => {
                SignatureAlgorithm::for_key(key.public())
            }
            (_, found) => {
                let (found, key) = (found.to_owned(), key.algorithm());
                return Err(SshSignatureError::Algorithm { found, key });
            }
        };
        Ok(algorithm)
    }

    /// The signature's octets as the verifier wants them, and what they are over.
    fn parts(&self, signed: Vec<u8>, key: &PersonKey) -> Result<Parts, SshSignatureError> {
        let (octets, device) = self.value(key).ok_or(SshSignatureError::Broken)?;
        let (Some(application), Some((flags, counter))) = (key.application(), device) else {
            return Ok((octets, signed));
        };
        if flags & USER_PRESENT == 0 {
            return Err(SshSignatureError::NotTouched);
        }
        let mut message = Digest::of(application).octets().to_vec();
        message.push(flags);
        message.extend(counter.to_be_bytes());
        message.extend(Digest::of(&signed).octets());
        Ok((octets, message))
    }

    /// The signature's octets, and what a FIDO device says with them.
    fn value(&self, key: &PersonKey) -> Option<(Vec<u8>, Option<Device>)> {
        let mut reader = Reader::new(&self.value);
        let octets = match key.public().kind() {
            KeyKind::Ec { .. } => ecdsa(reader.string()?)?,
            _ => reader.string()?.to_vec(),
        };
        let device =
            if key.application().is_some() { Some((reader.octet()?, reader.number()?)) } else { None };
        reader.end()?;
        Some((octets, device))
    }
}

/// What a FIDO device says of itself: its flags and its counter.
type Device = (u8, u32);

/// A signature's octets, and what they are over.
type Parts = (Vec<u8>, Vec<u8>);

/// r and s as the DER of Ecdsa-Sig-Value. Source: RFC 5656 §3.1.2.
fn ecdsa(octets: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::new(octets);
    let (r, s) = (reader.positive()?, reader.positive()?);
    reader.end()?;
    let most = Curve::P521.coordinate_octets();
    if r.len() > most || s.len() > most {
        return None;
    }
    Some(sequence(&[unsigned_integer(r), unsigned_integer(s)]))
}

/// Why a signature is no approval.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SshSignatureError {
    /// Not what `ssh-keygen -Y sign` writes.
    #[error("found no SSH signature; wanted what `ssh-keygen -Y sign` writes, `{BEGIN}` and what follows")]
    Armor,
    /// Its octets are no signature.
    #[error("the octets of the SSH signature are none of a signature")]
    Broken,
    /// It was made for something else.
    #[error("the signature is in the namespace `{found}`, wanted `{NAMESPACE}`")]
    Namespace {
        /// The namespace.
        found: String,
    },
    /// By another key.
    #[error("the signature is by the key {found}; the script registers {wanted}")]
    OtherKey {
        /// The fingerprint of the key that signed.
        found: String,
        /// The fingerprint of the registered one.
        wanted: String,
    },
    /// A hash function that is not taken.
    #[error("the signature hashes the text by `{found}`, wanted `sha512` or `sha256`")]
    Hash {
        /// Its name.
        found: String,
    },
    /// An algorithm that is not one of the key's, or uses SHA-1.
    #[error(
        "the signature is by `{found}`, which is not taken from a key of kind `{key}`; RSA signs by `rsa-sha2-256` or `rsa-sha2-512`"
    )]
    Algorithm {
        /// Its name.
        found: String,
        /// The key's.
        key: &'static str,
    },
    /// A FIDO device signed by itself.
    #[error("the device was not touched when it signed; wanted a signature with the user present")]
    NotTouched,
    /// Not by this key over this text.
    #[error("the signature is not by this key over this text")]
    Wrong,
}

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const ARMOR_COLUMNS: usize = 70;
const MAGIC: &[u8] = b"SSHSIG";
const VERSION: u32 = 1;
/// The flag of a FIDO device that somebody touched it.
const USER_PRESENT: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::{practice_key, practice_signature};

    const TEXT: &[u8] = b"text\n";

    #[test]
    fn the_armor_and_the_base64_say_the_same_and_nothing_else_is_one() {
        let signature = practice_signature(TEXT);
        assert_eq!(SshSignature::from_armor(&signature.to_armor()), Ok(signature.clone()));
        assert_eq!(SshSignature::from_base64(&signature.to_base64()), Ok(signature.clone()));
        let armor = signature.to_armor();
        assert!(armor.lines().all(|line| line.len() <= 70));
        for wrong in [
            String::new(),
            armor.replace("SSH SIGNATURE", "PGP SIGNATURE"),
            format!("{armor}more\n"),
            armor.replace('\n', ""),
            "A".repeat(SshSignature::MOST_OCTETS + 1),
        ] {
            assert_eq!(SshSignature::from_armor(&wrong), Err(SshSignatureError::Armor), "{wrong}");
        }
        for cut in 0..signature.blob.len() {
            assert_eq!(SshSignature::from_blob(&signature.blob[..cut]), None, "{cut}");
        }
        let longer = [&signature.blob[..], &[0]].concat();
        assert_eq!(SshSignature::from_blob(&longer), None);
    }

    #[test]
    fn every_part_of_a_signature_counts() {
        let (good, key) = (practice_signature(TEXT), practice_key());
        good.verify(TEXT, &key).unwrap();
        let changed = |change: &dyn Fn(&mut SshSignature)| {
            let mut signature = good.clone();
            change(&mut signature);
            signature.verify(TEXT, &key)
        };
        let namespace = |signature: &mut SshSignature| signature.namespace = b"git".to_vec();
        assert_eq!(changed(&namespace), Err(SshSignatureError::Namespace { found: "git".into() }));
        let hash = |signature: &mut SshSignature| signature.hash = "sha1".into();
        assert_eq!(changed(&hash), Err(SshSignatureError::Hash { found: "sha1".into() }));
        let other_hash = |signature: &mut SshSignature| signature.hash = "sha256".into();
        assert_eq!(changed(&other_hash), Err(SshSignatureError::Wrong));
        let reserved = |signature: &mut SshSignature| signature.reserved = b"1".to_vec();
        assert_eq!(changed(&reserved), Err(SshSignatureError::Wrong));
        let algorithm = |signature: &mut SshSignature| signature.algorithm = "ssh-rsa".into();
        assert_eq!(
            changed(&algorithm),
            Err(SshSignatureError::Algorithm { found: "ssh-rsa".into(), key: "ssh-ed25519" })
        );
        let more = |signature: &mut SshSignature| signature.value.push(0);
        assert_eq!(changed(&more), Err(SshSignatureError::Broken));
        let other = |signature: &mut SshSignature| signature.value[10] ^= 1;
        assert_eq!(changed(&other), Err(SshSignatureError::Wrong));
        let key = |signature: &mut SshSignature| signature.key.push(0);
        assert!(matches!(changed(&key), Err(SshSignatureError::OtherKey { .. })));
    }

    proptest::proptest! {
        #[test]
        fn octets_that_somebody_changed_are_read_or_refused(
            at in 0_usize..200,
            octets in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40),
        ) {
            let mut blob = practice_signature(TEXT).blob;
            let at = at.min(blob.len());
            let end = (at + octets.len() / 2).min(blob.len());
            blob.splice(at..end, octets.iter().copied());
            if let Some(read) = SshSignature::from_blob(&blob) {
                let _ = read.verify(TEXT, &practice_key());
                let line = format!("ssh-ed25519 {}", Base64::encode_string(&read.key));
                if let Ok(key) = line.parse() {
                    let _ = read.verify(TEXT, &key);
                }
            }
            let armor = format!("{BEGIN}\n{}\n{END}\n", String::from_utf8_lossy(&octets));
            let _ = SshSignature::from_armor(&armor);
        }
    }

    #[test]
    fn r_and_s_are_positive_and_no_longer_than_a_coordinate() {
        let pair = |r: &[u8], s: &[u8]| [string(r), string(s)].concat();
        assert_eq!(ecdsa(&pair(&[1], &[2])).unwrap(), [0x30, 6, 2, 1, 1, 2, 1, 2]);
        assert_eq!(ecdsa(&pair(&[0, 0x80], &[2])).unwrap(), [0x30, 7, 2, 2, 0, 0x80, 2, 1, 2]);
        assert_eq!(ecdsa(&pair(&[], &[2])), None);
        assert_eq!(ecdsa(&pair(&[0x80], &[2])), None);
        assert_eq!(ecdsa(&pair(&[1; 67], &[2])), None);
        assert_eq!(ecdsa(&[pair(&[1], &[2]), vec![0]].concat()), None);
    }
}
