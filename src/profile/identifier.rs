//! How a key identifier is made from a key.

use sha1::{Digest as _, Sha1};
use sha2::{Sha256, Sha384, Sha512};

use super::ProfileError;
use crate::pki::key::KeyError;
use crate::pki::read::der::{Faults, ReadError, only, tag};
use crate::script::Word;

/// How a subject key identifier is made. Sources: RFC 5280 §4.2.1.2; RFC 7093 §2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyIdentifierMethod {
    /// SHA-1 of the subjectPublicKey's bits: RFC 5280 method 1.
    Sha1,
    /// The leftmost 160 bits of the SHA-256 of the subjectPublicKey's bits.
    Rfc7093Method1,
    /// The same with SHA-384.
    Rfc7093Method2,
    /// The same with SHA-512.
    Rfc7093Method3,
    /// The SHA-256 of the whole SubjectPublicKeyInfo. RFC 7093 leaves the hash open; this one is ours.
    Rfc7093Method4,
    /// Copied from another certificate of the same key.
    Copied,
}

impl Word for KeyIdentifierMethod {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("sha1", Self::Sha1),
        ("rfc7093-1", Self::Rfc7093Method1),
        ("rfc7093-2", Self::Rfc7093Method2),
        ("rfc7093-3", Self::Rfc7093Method3),
        ("rfc7093-4", Self::Rfc7093Method4),
        ("copied", Self::Copied),
    ];
}

impl KeyIdentifierMethod {
    /// The identifier of the key in a SubjectPublicKeyInfo; `copied` is what there is to copy.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] if the key cannot be read, or there is nothing to copy.
    pub fn identifier(self, spki: &[u8], copied: Option<&[u8]>) -> Result<Vec<u8>, ProfileError> {
        let bits = key_bits(spki)?;
        Ok(match self {
            Self::Sha1 => Sha1::digest(bits).to_vec(),
            Self::Rfc7093Method1 => leftmost(Sha256::digest(bits).to_vec()),
            Self::Rfc7093Method2 => leftmost(Sha384::digest(bits).to_vec()),
            Self::Rfc7093Method3 => leftmost(Sha512::digest(bits).to_vec()),
            Self::Rfc7093Method4 => Sha256::digest(spki).to_vec(),
            Self::Copied => {
                copied.ok_or(ProfileError::NotGiven { what: "subject key identifier to copy" })?.to_vec()
            }
        })
    }
}

/// The content of the subjectPublicKey BIT STRING without its first octet, whatever the algorithm.
pub fn key_bits(spki: &[u8]) -> Result<&[u8], ProfileError> {
    Ok(subject_public_key(spki).map_err(KeyError::from)?)
}

fn subject_public_key(spki: &[u8]) -> Result<&[u8], ReadError> {
    let mut faults = Faults::new();
    let mut inside = only(spki, tag::SEQUENCE, "subjectPublicKeyInfo", &mut faults)?.inside();
    inside.take(tag::SEQUENCE, "subjectPublicKeyInfo.algorithm", &mut faults)?;
    let bits = inside.take(tag::BIT_STRING, "subjectPublicKey", &mut faults)?;
    let bits = bits.whole_octets("subjectPublicKey", &mut faults)?;
    inside.end("subjectPublicKey")?;
    Ok(bits)
}

fn leftmost(mut digest: Vec<u8>) -> Vec<u8> {
    digest.truncate(20);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{from_hex, hex};

    /// ISRG Root X2's key; its identifiers were computed with openssl and sha*sum.
    const SPKI: &str = "3076301006072a8648ce3d020106052b8104002203620004cd9bd59f80830aec094af3164a3e5ccf77acde67050d1d07b6dc16\
                        fb5a8b14dbe27160c4ba459511898eea06dff72a161ca4b9c5c532e003e01e8218388bd745d80a6a6ee60077fb02517d\
                        22d80a6e9a5b77dff0fa41ec39dc75ca68070c1fea";

    #[test]
    fn each_method_hashes_what_it_should() {
        let spki = from_hex(SPKI).unwrap();
        let identifier = |method: KeyIdentifierMethod| hex(&method.identifier(&spki, Some(&[1, 2])).unwrap());
        // The identifier in the certificate of ISRG Root X2.
        assert_eq!(identifier(KeyIdentifierMethod::Sha1), "7c4296aede4b483bfa92f89e8ccf6d8ba9723795");
        assert_eq!(identifier(KeyIdentifierMethod::Copied), "0102");
        let bits = &spki[23..];
        for (method, whole) in [
            (KeyIdentifierMethod::Rfc7093Method1, Sha256::digest(bits).to_vec()),
            (KeyIdentifierMethod::Rfc7093Method2, Sha384::digest(bits).to_vec()),
            (KeyIdentifierMethod::Rfc7093Method3, Sha512::digest(bits).to_vec()),
        ] {
            assert_eq!(identifier(method), hex(&whole[..20]));
        }
        assert_eq!(identifier(KeyIdentifierMethod::Rfc7093Method4), hex(&Sha256::digest(&spki)));
    }

    #[test]
    fn what_is_no_key_has_no_identifier() {
        for bad in [&[][..], &[0x30, 0], &[0x30, 2, 0x30, 0]] {
            assert!(matches!(
                KeyIdentifierMethod::Rfc7093Method1.identifier(bad, None),
                Err(ProfileError::Key(_))
            ));
        }
        let spki = from_hex(SPKI).unwrap();
        let nothing = KeyIdentifierMethod::Copied.identifier(&spki, None);
        assert_eq!(nothing, Err(ProfileError::NotGiven { what: "subject key identifier to copy" }));
    }
}
