//! Verifier keys of signed notes: `name+key id+base64(type ‖ key)` (C2SP signed-note, tlog-cosignature).

use std::fmt;
use std::str::FromStr;

use ring::signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey};

use crate::base64;
use crate::code::{Code, Fault};
use crate::tree::Hash;

/// What a DER SubjectPublicKeyInfo of a P-256 key has before the 65 octets of its uncompressed point (RFC 5480).
pub(crate) const P256_SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// The first four octets of a hash, by which a signature line names its key.
pub type KeyId = [u8; 4];

/// How a key signs: the signature type of C2SP signed-note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyKind {
    /// 0x01: Ed25519 over the text. The key is its 32 octets (RFC 8032).
    Ed25519,
    /// 0x02: ECDSA on P-256 over SHA-256 of the text, as DER. The key is a DER SubjectPublicKeyInfo.
    EcdsaP256,
    /// 0x04: a witness's Ed25519 over time and text. The key is its 32 octets.
    Cosignature,
}

impl KeyKind {
    const fn octet(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::EcdsaP256 => 0x02,
            Self::Cosignature => 0x04,
        }
    }
}

/// A public key with the name under which it signs. It has the length and form that its kind wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    key: Vec<u8>,
    id: KeyId,
}

impl VerifierKey {
    /// A key: 32 octets for Ed25519 and cosignatures, a DER SubjectPublicKeyInfo for ECDSA.
    ///
    /// The name of a log's key is the log's origin.
    ///
    /// # Errors
    ///
    /// E101 if the name is empty or has white space or a plus, or the octets are no key of that kind.
    pub fn new(name: &str, kind: KeyKind, key: &[u8]) -> Result<Self, Fault> {
        if !is_name(name) {
            let message = format!("key name `{}`; names have no white space and no `+`", name.escape_debug());
            return Err(Fault::new(Code::E101, message));
        }
        let fits = match kind {
            KeyKind::Ed25519 | KeyKind::Cosignature => key.len() == 32,
            KeyKind::EcdsaP256 => p256_point(key).is_some(),
        };
        if !fits {
            let message = format!("{} octets of `{name}` are no key of the kind {kind:?}", key.len());
            return Err(Fault::new(Code::E101, message));
        }
        Ok(Self { name: name.to_owned(), kind, key: key.to_vec(), id: key_id(name, kind, key) })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the key signs.
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The key's octets, as [`VerifierKey::new`] takes them.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// The key id.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// Whether both are the same key, whatever their names.
    pub fn same_key(&self, other: &Self) -> bool {
        self.key == other.key
    }

    /// Checks the octets of a signature line behind the key id. For a cosignature the result is its time, in
    /// seconds since 1970.
    ///
    /// # Errors
    ///
    /// E108 for a cosignature that does not verify, E107 for another signature.
    pub fn verify(&self, text: &str, signature: &[u8]) -> Result<Option<u64>, Fault> {
        let good = |code, good| {
            let bad = || Fault::new(code, format!("the signature by `{}` does not verify", self.name));
            if good { Ok(()) } else { Err(bad()) }
        };
        let ed25519 = |text: &[u8], signature| {
            UnparsedPublicKey::new(&ED25519, &self.key).verify(text, signature).is_ok()
        };
        match self.kind {
            KeyKind::Ed25519 => good(Code::E107, ed25519(text.as_bytes(), signature))?,
            KeyKind::EcdsaP256 => {
                let point = p256_point(&self.key).unwrap_or_default();
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point);
                good(Code::E107, key.verify(text.as_bytes(), signature).is_ok())?;
            }
            KeyKind::Cosignature => {
                let (time, signature) = match signature.split_first_chunk() {
                    Some((time, signature)) => (u64::from_be_bytes(*time), signature),
                    None => (u64::MAX, signature),
                };
                let text = cosignature_text(time, text);
                // The format's own bound: 2^63 - 1.
                good(Code::E108, i64::try_from(time).is_ok() && ed25519(text.as_bytes(), signature))?;
                return Ok(Some(time));
            }
        }
        Ok(None)
    }
}

/// What a witness signs: the time in seconds since 1970 and a checkpoint's text (C2SP tlog-cosignature).
///
/// What goes into the note is the time as eight octets, the highest first, and the 64 of the signature.
pub fn cosignature_text(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.id);
        let octets: Vec<u8> = [self.kind.octet()].into_iter().chain(self.key.iter().copied()).collect();
        write!(f, "{}+{id:08x}+{}", self.name, base64::encode(&octets))
    }
}

impl FromStr for VerifierKey {
    type Err = Fault;

    /// Reads `name+key id+base64(type ‖ key)`: E101, or E104 for the base64.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let fault = |message: String| Fault::new(Code::E101, message);
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else {
            let message = format!("`{}`; wanted name+key id+base64", text.escape_debug());
            return Err(fault(message));
        };
        let octets = base64::decode(encoded, "the verifier key")?;
        let (kind, key) = match octets.split_first() {
            Some((0x01, key)) => (KeyKind::Ed25519, key),
            Some((0x02, key)) => (KeyKind::EcdsaP256, key),
            Some((0x04, key)) => (KeyKind::Cosignature, key),
            Some((kind, _)) => {
                return Err(fault(format!("`{name}` has the unknown signature type {kind:#04x}")));
            }
            None => return Err(fault(format!("`{name}` has no key"))),
        };
        let key = Self::new(name, kind, key)?;
        let wanted = format!("{:08x}", u32::from_be_bytes(key.id));
        if id == wanted {
            Ok(key)
        } else {
            Err(fault(format!("`{name}` has key id `{id}`; its key's is {wanted}")))
        }
    }
}

/// Whether a note's key may have this name.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name
            .chars()
            .any(|character| character.is_whitespace() || character.is_control() || character == '+')
}

fn key_id(name: &str, kind: KeyKind, key: &[u8]) -> KeyId {
    let hash = match kind {
        KeyKind::EcdsaP256 => Hash::of(key),
        KeyKind::Ed25519 | KeyKind::Cosignature => {
            let hashed: Vec<u8> =
                name.bytes().chain([b'\n', kind.octet()]).chain(key.iter().copied()).collect();
            Hash::of(&hashed)
        }
    };
    let [first, second, third, fourth, ..] = *hash.octets();
    [first, second, third, fourth]
}

/// The uncompressed point in a DER SubjectPublicKeyInfo of a P-256 key.
fn p256_point(spki: &[u8]) -> Option<&[u8]> {
    let point = spki.strip_prefix(&P256_SPKI)?;
    (point.len() == 65 && point.first() == Some(&0x04)).then_some(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of Go's sumdb/note tests and of the Go checksum database.
    const GO: [&str; 2] = [
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
    ];

    #[test]
    fn other_peoples_keys_read_and_write() {
        for text in GO {
            let key: VerifierKey = text.parse().unwrap();
            assert_eq!(key.kind(), KeyKind::Ed25519);
            assert_eq!(key.to_string(), text);
        }
    }

    #[test]
    fn other_peoples_signatures_verify() {
        // The note of Go's sumdb/note tests.
        let key: VerifierKey = GO[0].parse().unwrap();
        let text = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
        let signature = base64::decode(
            "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=",
            "it",
        )
        .unwrap();
        let (id, signature) = signature.split_at(4);
        assert_eq!(id, key.id());
        assert_eq!(key.verify(text, signature), Ok(None));
        assert_eq!(key.verify("other\n", signature).unwrap_err().code, Code::E107);
    }

    #[test]
    fn a_key_that_is_not_what_it_says_is_e101() {
        for text in [
            "",
            "name",
            "name+c74f20a3",
            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "Another+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "name+00000000+",
            "name+00000000+AQI=",
            "name+00000000+AgI=",
            "name+00000000+Bgc=",
        ] {
            assert_eq!(text.parse::<VerifierKey>().unwrap_err().code, Code::E101, "{text}");
        }
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW=";
        assert_eq!(text.parse::<VerifierKey>().unwrap_err().code, Code::E104);
    }

    #[test]
    fn a_p256_key_is_its_uncompressed_point_in_its_one_spki() {
        let key = crate::testing::LogKey::p256("example.org/log").verifier();
        assert_eq!(key.to_string().parse(), Ok(key.clone()));
        let code =
            |spki: &[u8]| VerifierKey::new("n", KeyKind::EcdsaP256, spki).err().map(|fault| fault.code);
        let good = key.key();
        assert_eq!(code(good), None);
        let changed = |place: usize, octet: u8| {
            let mut spki = good.to_vec();
            spki[place] = octet;
            spki
        };
        for bad in [&good[..90], &[good, &[0]].concat(), &good[26..], &changed(26, 0x02), &changed(22, 0x22)]
        {
            assert_eq!(code(bad), Some(Code::E101));
        }
    }
}
