//! A public key, as the SubjectPublicKeyInfo that certificates carry.
//!
//! The rules of this file:
//! - A key that exists is DER, of a known algorithm with exactly its parameters, and its point lies on its curve.
//! - RSA keys of sizes that no CA may use can be read all the same: rules object to them by name.

use std::fmt;

use thiserror::Error;

use super::super::build::element;
use super::super::read::der::{Cursor, Faults, ReadError, only, tag};
use super::{Curve, KeyAlgorithm, MlDsa};
use crate::digest::{Digest, hex};

/// A public key. Two are equal exactly when their SubjectPublicKeyInfo octets are.
///
/// Sources: RFC 5280 §4.1.2.7; RFC 3279 §2.3; RFC 5480 §2; RFC 8410 §4; RFC 9881 §4; BR §7.1.3.1.
#[derive(Clone)]
pub struct PublicKey {
    spki: Box<[u8]>,
    bits: Box<[u8]>,
    parts: Parts,
}

#[derive(Clone)]
enum Parts {
    Rsa { modulus: Box<[u8]>, exponent: Box<[u8]> },
    Ec(Curve),
    Ed25519,
    MlDsa(MlDsa),
}

/// What a public key is made of. Integers are unsigned, most significant octet first, without leading zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind<'a> {
    /// An RSA key.
    Rsa {
        /// The modulus.
        modulus: &'a [u8],
        /// The public exponent.
        exponent: &'a [u8],
    },
    /// A point on a NIST curve.
    Ec {
        /// The curve.
        curve: Curve,
        /// The point, uncompressed: 0x04, x, y.
        point: &'a [u8],
    },
    /// An Ed25519 key.
    Ed25519 {
        /// The 32 octets of RFC 8032 §5.1.5.
        point: &'a [u8],
    },
    /// An ML-DSA key.
    MlDsa {
        /// The parameter set.
        set: MlDsa,
        /// The octets of FIPS 204 algorithm 22.
        key: &'a [u8],
    },
}

impl PublicKey {
    /// The fewest bits of an RSA modulus that is read at all.
    pub const RSA_LEAST_BITS: usize = 512;
    /// The most bits of an RSA modulus that is read at all.
    pub const RSA_MOST_BITS: usize = 16_384;

    /// Reads a SubjectPublicKeyInfo.
    ///
    /// # Errors
    ///
    /// [`KeyError`] unless it is DER, its AlgorithmIdentifier is one of those in BR §7.1.3.1, RFC 8410 or RFC 9881
    /// octet for octet, and the key is well formed.
    pub fn from_spki_der(spki: &[u8]) -> Result<Self, KeyError> {
        let mut faults = Faults::new();
        let mut inside = only(spki, tag::SEQUENCE, "subjectPublicKeyInfo", &mut faults)?.inside();
        let algorithm = inside.take(tag::SEQUENCE, "subjectPublicKeyInfo.algorithm", &mut faults)?;
        let bits = inside.take(tag::BIT_STRING, KEY_BITS, &mut faults)?;
        let bits = bits.whole_octets(KEY_BITS, &mut faults)?;
        inside.end(KEY_BITS)?;
        let parts = match algorithm.octets() {
            RSA_ENCRYPTION => rsa_parts(bits, spki.len() - bits.len(), &mut faults)?,
            ED25519 => ed25519_parts(bits)?,
            other => other_parts(other, bits)?,
        };
        faults.none()?;
        Ok(Self { spki: spki.into(), bits: bits.into(), parts })
    }

    /// Makes an RSA key from its modulus and public exponent, both unsigned, most significant octet first.
    ///
    /// Leading zeros are allowed: modules and cards give them or not as they like.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the modulus has fewer than 512 or more than 16384 bits, or the exponent is zero.
    pub fn from_rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        let key = element::concatenated(
            tag::SEQUENCE,
            &[&element::unsigned_integer(modulus), &element::unsigned_integer(exponent)],
        );
        Self::from_spki_der(&spki(RSA_ENCRYPTION, &key))
    }

    /// Makes a key from a point on a curve, uncompressed: 0x04, x, y.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it has another form or does not lie on the curve.
    pub fn from_ec_point(curve: Curve, point: &[u8]) -> Result<Self, KeyError> {
        Self::from_spki_der(&spki(curve.spki_algorithm(), point))
    }

    /// Makes an Ed25519 key from its 32 octets.
    ///
    /// # Errors
    ///
    /// [`KeyError::Ed25519Length`] if there are not 32.
    pub fn from_ed25519(point: &[u8]) -> Result<Self, KeyError> {
        Self::from_spki_der(&spki(ED25519, point))
    }

    /// Makes an ML-DSA key from its octets.
    ///
    /// # Errors
    ///
    /// [`KeyError::MlDsaLength`] if there are not as many as the parameter set has.
    pub fn from_ml_dsa(set: MlDsa, key: &[u8]) -> Result<Self, KeyError> {
        Self::from_spki_der(&spki(set.algorithm(), key))
    }

    /// The kind of key pair it belongs to; nothing if it is of a kind we do not make, such as RSA of 2056 bits.
    pub fn algorithm(&self) -> Option<KeyAlgorithm> {
        let found = self.rsa_bits();
        KeyAlgorithm::ALL.into_iter().find(|algorithm| match &self.parts {
            Parts::Rsa { .. } => algorithm.rsa_bits() == found,
            Parts::Ec(curve) => algorithm.curve() == Some(*curve),
            Parts::Ed25519 => *algorithm == KeyAlgorithm::Ed25519,
            Parts::MlDsa(set) => algorithm.ml_dsa() == Some(*set),
        })
    }

    /// What it is made of.
    pub fn kind(&self) -> KeyKind<'_> {
        match &self.parts {
            Parts::Rsa { modulus, exponent } => KeyKind::Rsa { modulus, exponent },
            Parts::Ec(curve) => KeyKind::Ec { curve: *curve, point: &self.bits },
            Parts::Ed25519 => KeyKind::Ed25519 { point: &self.bits },
            Parts::MlDsa(set) => KeyKind::MlDsa { set: *set, key: &self.bits },
        }
    }

    /// Bits of the RSA modulus; nothing for other keys.
    pub fn rsa_bits(&self) -> Option<usize> {
        match &self.parts {
            Parts::Rsa { modulus, .. } => Some(bits(modulus)),
            Parts::Ec(_) | Parts::Ed25519 | Parts::MlDsa(_) => None,
        }
    }

    /// The whole SubjectPublicKeyInfo.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// SHA-256 of the whole SubjectPublicKeyInfo: how logs, pins and CCADB name a key.
    pub fn spki_sha256(&self) -> Digest {
        Digest::of(&self.spki)
    }

    /// The content of the subjectPublicKey BIT STRING without its first octet: what key identifiers are hashed from.
    ///
    /// Source: RFC 5280 §4.2.1.2.
    pub fn bit_string_content(&self) -> &[u8] {
        &self.bits
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki == other.spki
    }
}

impl Eq for PublicKey {}

impl std::hash::Hash for PublicKey {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.spki.hash(state);
    }
}

/// The kind of key, for people: `ecdsa-p384`, `RSA of 2056 bits`.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.algorithm(), &self.parts) {
            (Some(algorithm), _) => algorithm.fmt(f),
            (None, Parts::MlDsa(set)) => set.fmt(f),
            (None, _) => write!(f, "RSA of {} bits", self.rsa_bits().unwrap_or(0)),
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self}, {})", self.spki_sha256())
    }
}

/// Why octets are not a public key.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// Not DER, or not a SubjectPublicKeyInfo.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An algorithm or parameters that are not among those of BR §7.1.3.1, RFC 8410 and RFC 9881.
    #[error(
        "the key's AlgorithmIdentifier is {found}; wanted rsaEncryption with NULL, id-ecPublicKey on P-256, P-384 or \
         P-521, id-Ed25519 without parameters, or ML-DSA without parameters"
    )]
    Algorithm {
        /// The AlgorithmIdentifier, hex.
        found: String,
    },
    /// A modulus of a size that no RSA key has.
    #[error("the RSA modulus has {bits} bits; wanted 512 to 16384")]
    RsaSize {
        /// Its bits.
        bits: usize,
    },
    /// A modulus or exponent that is negative or zero.
    #[error("the RSA {part} is not positive")]
    RsaNotPositive {
        /// Which.
        part: &'static str,
    },
    /// A point that is not uncompressed, or too long or short.
    #[error(
        "the point on {curve} has {octets} octets and begins with {first:#04x}; wanted {wanted} and 0x04, uncompressed"
    )]
    PointForm {
        /// The curve.
        curve: Curve,
        /// How many octets it has.
        octets: usize,
        /// How many octets it needs.
        wanted: usize,
        /// The first of them; 0 if there is none.
        first: u8,
    },
    /// A point that is not on its curve.
    #[error("the point does not lie on {curve}")]
    PointOffCurve {
        /// The curve.
        curve: Curve,
    },
    /// An ML-DSA key of another length than its parameter set's.
    #[error("the {set} key has {octets} octets; wanted {}", set.key_octets())]
    MlDsaLength {
        /// The parameter set.
        set: MlDsa,
        /// How many it has.
        octets: usize,
    },
    /// An Ed25519 key that has not 32 octets.
    #[error("the Ed25519 key has {octets} octets; wanted 32")]
    Ed25519Length {
        /// How many it has.
        octets: usize,
    },
}

fn rsa_parts(bit_string: &[u8], offset: usize, faults: &mut Faults) -> Result<Parts, KeyError> {
    let mut outer = Cursor::at(bit_string, offset);
    let mut inside = outer.take(tag::SEQUENCE, "RSAPublicKey", faults)?.inside();
    outer.end("RSAPublicKey")?;
    let mut part = |part, what| {
        let octets = inside.take(tag::INTEGER, what, faults)?.integer(what, faults)?;
        match octets {
            [0x80..=0xff, ..] | [0] => Err(KeyError::RsaNotPositive { part }),
            [0, octets @ ..] | octets => Ok(Box::<[u8]>::from(octets)),
        }
    };
    let modulus = part("modulus", "RSAPublicKey.modulus")?;
    let exponent = part("public exponent", "RSAPublicKey.publicExponent")?;
    inside.end("RSAPublicKey.publicExponent")?;
    match bits(&modulus) {
        PublicKey::RSA_LEAST_BITS..=PublicKey::RSA_MOST_BITS => Ok(Parts::Rsa { modulus, exponent }),
        bits => Err(KeyError::RsaSize { bits }),
    }
}

/// A key on a curve or of ML-DSA.
fn other_parts(algorithm: &[u8], bits: &[u8]) -> Result<Parts, KeyError> {
    if let Some(curve) = Curve::ALL.into_iter().find(|curve| curve.spki_algorithm() == algorithm) {
        return ec_parts(curve, bits);
    }
    match MlDsa::ALL.into_iter().find(|set| set.algorithm() == algorithm) {
        Some(set) if bits.len() == set.key_octets() => Ok(Parts::MlDsa(set)),
        Some(set) => Err(KeyError::MlDsaLength { set, octets: bits.len() }),
        None => Err(KeyError::Algorithm { found: hex(algorithm) }),
    }
}

fn ec_parts(curve: Curve, point: &[u8]) -> Result<Parts, KeyError> {
    let wanted = 1 + 2 * curve.coordinate_octets();
    match point {
        [4, xy @ ..] if point.len() == wanted => {
            let (x, y) = xy.split_at_checked(curve.coordinate_octets()).unwrap_or_default();
            if curve.has_point(x, y) { Ok(Parts::Ec(curve)) } else { Err(KeyError::PointOffCurve { curve }) }
        }
        _ => Err(KeyError::PointForm {
            curve,
            octets: point.len(),
            wanted,
            first: point.first().copied().unwrap_or(0),
        }),
    }
}

fn ed25519_parts(point: &[u8]) -> Result<Parts, KeyError> {
    match point.len() {
        32 => Ok(Parts::Ed25519),
        octets => Err(KeyError::Ed25519Length { octets }),
    }
}

fn spki(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    element::concatenated(tag::SEQUENCE, &[algorithm, &element::concatenated(tag::BIT_STRING, &[&[0], key])])
}

/// Bits of an unsigned integer without leading zero octets.
fn bits(octets: &[u8]) -> usize {
    octets.first().map_or(0, |first| octets.len() * 8 - first.leading_zeros() as usize)
}

const KEY_BITS: &str = "subjectPublicKeyInfo.subjectPublicKey";
/// rsaEncryption with NULL. Source: BR §7.1.3.1.1.
const RSA_ENCRYPTION: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
/// id-Ed25519 without parameters. Source: RFC 8410 §3.
const ED25519: &[u8] = &[0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::from_hex;

    /// ISRG Root X2's key, P-384.
    const X2: &str = "3076301006072a8648ce3d020106052b8104002203620004cd9bd59f80830aec094af3164a3e5ccf77acde67050d1d07b6dc16fb5a8b14dbe27160c4ba459511898eea06dff72a161ca4b9c5c532e003e01e8218388bd745d80a6a6ee60077fb02517d22d80a6e9a5b77dff0fa41ec39dc75ca68070c1fea";

    #[test]
    fn a_point_on_its_curve_is_a_key() {
        let spki = from_hex(X2).unwrap();
        let key = PublicKey::from_spki_der(&spki).unwrap();
        assert_eq!(key.algorithm(), Some(KeyAlgorithm::EcdsaP384));
        assert_eq!(key.spki_der(), spki);
        // Source: CCADB, ISRG Root X2.
        let digest = "762195c225586ee6c0237456e2107dc54f1efc21f61a792ebd515913cce68332";
        assert_eq!(key.spki_sha256().to_string(), digest);
        assert_eq!(key.bit_string_content().len(), 97);
        assert_eq!(PublicKey::from_ec_point(Curve::P384, key.bit_string_content()).unwrap(), key);
    }

    #[test]
    fn a_point_that_is_compressed_or_off_the_curve_is_no_key() {
        let spki = from_hex(X2).unwrap();
        let point = &spki[spki.len() - 97..];
        let mut off = point.to_vec();
        off[96] ^= 1;
        let curve = Curve::P384;
        assert_eq!(PublicKey::from_ec_point(curve, &off), Err(KeyError::PointOffCurve { curve }));
        let compressed = [&[2], &point[1..49]].concat();
        assert_eq!(
            PublicKey::from_ec_point(curve, &compressed),
            Err(KeyError::PointForm { curve, octets: 49, wanted: 97, first: 2 })
        );
        assert!(PublicKey::from_ec_point(Curve::P256, point).is_err());
        assert!(PublicKey::from_ec_point(curve, &[]).is_err());
    }

    #[test]
    fn an_rsa_key_has_512_to_16384_bits() {
        for (octets, top, bits, good) in [
            (64, 0x7f, 511, false),
            (64, 0x80, 512, true),
            (2048, 0xff, 16_384, true),
            (2049, 0x01, 16_385, false),
            (257, 0x80, 2056, true),
        ] {
            let mut modulus = vec![0xff; octets];
            modulus[0] = top;
            let key = PublicKey::from_rsa(&modulus, &[1, 0, 1]);
            assert_eq!(key.is_ok(), good, "{bits}");
            match key {
                Ok(key) => assert_eq!(key.rsa_bits(), Some(bits)),
                Err(error) => assert_eq!(error, KeyError::RsaSize { bits }),
            }
        }
    }

    #[test]
    fn an_rsa_key_is_its_modulus_and_exponent_however_padded() {
        let modulus = [0xc1; 256];
        let key = PublicKey::from_rsa(&modulus, &[1, 0, 1]).unwrap();
        assert_eq!(key.algorithm(), Some(KeyAlgorithm::Rsa2048));
        assert_eq!(key, PublicKey::from_rsa(&[&[0, 0][..], &modulus].concat(), &[0, 1, 0, 1]).unwrap());
        assert_eq!(key.kind(), KeyKind::Rsa { modulus: &modulus, exponent: &[1, 0, 1] });
        assert_eq!(
            key.spki_der().get(..24).map(hex).unwrap(),
            "30820122300d06092a864886f70d01010105000382010f00"
        );
        let error = PublicKey::from_rsa(&modulus, &[0]).unwrap_err();
        assert_eq!(error, KeyError::RsaNotPositive { part: "public exponent" });
        let wide = PublicKey::from_rsa(&[&[0x80][..], &modulus].concat(), &[3]).unwrap();
        assert_eq!((wide.algorithm(), wide.to_string().as_str()), (None, "RSA of 2056 bits"));
    }

    #[test]
    fn parameters_are_exact() {
        let good = PublicKey::from_rsa(&[0xc1; 256], &[1, 0, 1]).unwrap();
        let without_null =
            [&from_hex("30820120300b06092a864886f70d010101").unwrap(), &good.spki_der()[19..]].concat();
        let error = PublicKey::from_spki_der(&without_null).unwrap_err();
        assert_eq!(error, KeyError::Algorithm { found: "300b06092a864886f70d010101".into() });
    }

    #[test]
    fn an_ml_dsa_key_is_as_long_as_its_parameter_set_says() {
        // Source: RFC 9881 §4; FIPS 204 table 2.
        for (set, octets, algorithm) in [
            (MlDsa::MlDsa44, 1312, "300b0609608648016503040311"),
            (MlDsa::MlDsa65, 1952, "300b0609608648016503040312"),
            (MlDsa::MlDsa87, 2592, "300b0609608648016503040313"),
        ] {
            let key = PublicKey::from_ml_dsa(set, &vec![7; octets]).unwrap();
            assert_eq!(key.kind(), KeyKind::MlDsa { set, key: &vec![7; octets] });
            // Of the smallest set nothing is made here.
            let made = KeyAlgorithm::ALL.into_iter().find(|algorithm| algorithm.ml_dsa() == Some(set));
            assert_eq!((key.algorithm(), key.rsa_bits(), key.to_string().as_str()), (made, None, set.name()));
            assert_eq!(made.is_none(), set == MlDsa::MlDsa44);
            assert_eq!(hex(key.spki_der()).get(8..34), Some(algorithm));
            for octets in [octets - 1, octets + 1] {
                let error = PublicKey::from_ml_dsa(set, &vec![7; octets]).unwrap_err();
                assert_eq!(error, KeyError::MlDsaLength { set, octets });
            }
            // With NULL for parameters, and as HashML-DSA-44 with SHA-512, it is none.
            for other in ["300d06096086480165030403110500", "300b0609608648016503040320"] {
                let other = spki(&from_hex(other).unwrap(), &vec![7; octets]);
                assert!(matches!(PublicKey::from_spki_der(&other), Err(KeyError::Algorithm { .. })));
            }
        }
    }

    #[test]
    fn an_ed25519_key_has_32_octets() {
        let key = PublicKey::from_ed25519(&[7; 32]).unwrap();
        assert_eq!(hex(key.spki_der()), format!("302a300506032b6570032100{}", "07".repeat(32)));
        assert_eq!(key.algorithm(), Some(KeyAlgorithm::Ed25519));
        assert_eq!(PublicKey::from_ed25519(&[7; 31]), Err(KeyError::Ed25519Length { octets: 31 }));
    }
}
