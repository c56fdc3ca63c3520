//! Between the octets of PKCS#11 and those of X.509: public keys, curves and signatures.
//!
//! Tokens differ in how they write points and curves. What is taken is exactly what is listed here; all else is
//! refused. Whether a point lies on its curve is for `pki` to say.

use crate::pki::{HashAlgorithm, KeyAlgorithm};

/// What a token needs to be told to make a key, and how it answers.
pub(super) struct Kind {
    /// The algorithm.
    pub(super) algorithm: KeyAlgorithm,
    /// CKA_KEY_TYPE.
    pub(super) key_type: u64,
    /// The mechanism that makes a key pair.
    pub(super) generate: u64,
    /// The mechanism that signs.
    pub(super) sign: u64,
    /// What is special.
    pub(super) form: Form,
}

/// What is special to a family of keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// RSA with a modulus of so many bits.
    Rsa {
        /// How many bits; a multiple of 8.
        modulus_bits: u64,
    },
    /// ECDSA on a named curve.
    Ecdsa {
        /// The DER of the curve's object identifier: CKA_EC_PARAMS.
        curve: &'static [u8],
        /// How many octets a coordinate has.
        coordinate: usize,
        /// The DER of the AlgorithmIdentifier, RFC 5480 §2.1.1.
        identifier: &'static [u8],
    },
    /// Ed25519.
    Ed25519,
}

/// All kinds that this program knows.
pub(super) const KINDS: &[Kind] = &[
    rsa(KeyAlgorithm::Rsa2048, 2048),
    rsa(KeyAlgorithm::Rsa3072, 3072),
    rsa(KeyAlgorithm::Rsa4096, 4096),
    ecdsa(KeyAlgorithm::EcdsaP256, &P256_CURVE, 32, &P256_IDENTIFIER),
    ecdsa(KeyAlgorithm::EcdsaP384, &P384_CURVE, 48, &P384_IDENTIFIER),
    ecdsa(KeyAlgorithm::EcdsaP521, &P521_CURVE, 66, &P521_IDENTIFIER),
    Kind {
        algorithm: KeyAlgorithm::Ed25519,
        key_type: cryptoki_sys::CKK_EC_EDWARDS,
        generate: cryptoki_sys::CKM_EC_EDWARDS_KEY_PAIR_GEN,
        sign: cryptoki_sys::CKM_EDDSA,
        form: Form::Ed25519,
    },
];

/// The DER of the object identifier 1.3.101.112, RFC 8410 §3: what Ed25519's CKA_EC_PARAMS is asked to be.
pub(super) const ED25519_CURVE: [u8; 5] = [0x06, 0x03, 0x2b, 0x65, 0x70];

/// 65537, the one RSA exponent that this program makes and takes.
pub(super) const PUBLIC_EXPONENT: [u8; 3] = [1, 0, 1];

/// The kind of an algorithm.
pub(super) fn kind_of(algorithm: KeyAlgorithm) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.algorithm == algorithm)
}

/// The kind of an elliptic-curve key by its key type and CKA_EC_PARAMS.
///
/// A curve is taken as the DER of its object identifier; Ed25519's also as the PrintableString `edwards25519`
/// (PKCS#11 3.0 §2.3.10), which is how SoftHSM answers.
pub(super) fn elliptic_kind(key_type: u64, parameters: &[u8]) -> Option<&'static Kind> {
    KINDS.iter().filter(|kind| kind.key_type == key_type).find(|kind| match kind.form {
        Form::Rsa { .. } => false,
        Form::Ecdsa { curve, .. } => curve == parameters,
        Form::Ed25519 => parameters == ED25519_CURVE || parameters == b"\x13\x0cedwards25519",
    })
}

/// The kind of an RSA key by its modulus, leading zeros taken off.
pub(super) fn rsa_kind(modulus: &[u8]) -> Option<&'static Kind> {
    let octets = without_zeros(modulus);
    let bits = (octets.len() as u64) * 8 - u64::from(octets.first()?.leading_zeros());
    KINDS.iter().find(|kind| kind.form == Form::Rsa { modulus_bits: bits })
}

/// The SubjectPublicKeyInfo of an RSA key, RFC 3279 §2.3.1.
pub(super) fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let key = tlv(SEQUENCE, &[unsigned(modulus), unsigned(exponent)].concat());
    spki(&RSA_IDENTIFIER, &key)
}

/// The SubjectPublicKeyInfo of an elliptic-curve key by its CKA_EC_POINT, RFC 5480 §2 or RFC 8410 §4.
pub(super) fn elliptic_spki(form: Form, point: &[u8]) -> Option<Vec<u8>> {
    match form {
        Form::Rsa { .. } => None,
        Form::Ecdsa { coordinate, identifier, .. } => {
            let point = uncompressed(point, 1 + 2 * coordinate)?;
            Some(spki(identifier, point))
        }
        Form::Ed25519 => {
            let point = match point {
                [0x04, 0x20, rest @ ..] if rest.len() == 32 => rest,
                raw if raw.len() == 32 => raw,
                _ => return None,
            };
            Some(spki(&ED25519_IDENTIFIER, point))
        }
    }
}

/// The uncompressed point of `octets` octets that a CKA_EC_POINT holds, in one of the four forms that tokens write:
/// raw; as an OCTET STRING, as PKCS#11 wants it; as an OCTET STRING whose length is cut to one octet
/// (tpm2-pkcs11 with P-521); as a BIT STRING.
fn uncompressed(point: &[u8], octets: usize) -> Option<&[u8]> {
    let good = |raw: &&[u8]| raw.len() == octets && raw.first() == Some(&0x04);
    if good(&point) {
        return Some(point);
    }
    let low = u8::try_from(octets & 0xff).ok()?;
    // Nothing else may stand before a point than the heads that fit its length exactly.
    [head(OCTET_STRING, octets), vec![OCTET_STRING, low], [head(BIT_STRING, octets + 1), vec![0]].concat()]
        .iter()
        .find_map(|head| point.strip_prefix(head.as_slice()).filter(good))
}

/// The DER of an ECDSA-Sig-Value (RFC 3279 §2.2.3) out of r‖s, each as long as a coordinate.
pub(super) fn ecdsa_signature(halves: &[u8], coordinate: usize) -> Option<Vec<u8>> {
    if halves.len() != 2 * coordinate {
        return None;
    }
    let (r, s) = halves.split_at_checked(coordinate)?;
    let zero = |half: &[u8]| half.iter().all(|octet| *octet == 0);
    if zero(r) || zero(s) {
        return None;
    }
    Some(tlv(SEQUENCE, &[unsigned(r), unsigned(s)].concat()))
}

/// The DigestInfo of a digest, RFC 8017 §9.2: what CKM_RSA_PKCS pads and signs.
pub(super) fn digest_info(hash: HashAlgorithm, digest: &[u8]) -> Vec<u8> {
    let last = match hash {
        HashAlgorithm::Sha256 => 1,
        HashAlgorithm::Sha384 => 2,
        HashAlgorithm::Sha512 => 3,
    };
    let identifier = [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last, 0x05, 0x00];
    tlv(SEQUENCE, &[tlv(SEQUENCE, &identifier), tlv(OCTET_STRING, digest)].concat())
}

/// How many octets a hash gives.
pub(super) const fn hash_octets(hash: HashAlgorithm) -> usize {
    match hash {
        HashAlgorithm::Sha256 => 32,
        HashAlgorithm::Sha384 => 48,
        HashAlgorithm::Sha512 => 64,
    }
}

/// `octets` without leading zeros: tokens write big integers with and without.
pub(super) fn without_zeros(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.get(zeros..).unwrap_or_default()
}

/// The DER of a positive INTEGER.
fn unsigned(octets: &[u8]) -> Vec<u8> {
    let octets = without_zeros(octets);
    match octets.first() {
        Some(0..=0x7f) => tlv(INTEGER, octets),
        _ => tlv(INTEGER, &[&[0], octets].concat()),
    }
}

fn spki(identifier: &[u8], key: &[u8]) -> Vec<u8> {
    tlv(SEQUENCE, &[identifier, &tlv(BIT_STRING, &[&[0], key].concat())].concat())
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    [head(tag, content.len()).as_slice(), content].concat()
}

/// Tag and length in DER.
fn head(tag: u8, length: usize) -> Vec<u8> {
    let octets = length.to_be_bytes();
    match u8::try_from(length) {
        Ok(short @ 0..=0x7f) => vec![tag, short],
        _ => {
            let length = without_zeros(&octets);
            // A length has at most eight octets.
            [&[tag, 0x80 | u8::try_from(length.len()).unwrap_or(0)], length].concat()
        }
    }
}

const fn rsa(algorithm: KeyAlgorithm, modulus_bits: u64) -> Kind {
    Kind {
        algorithm,
        key_type: cryptoki_sys::CKK_RSA,
        generate: cryptoki_sys::CKM_RSA_PKCS_KEY_PAIR_GEN,
        sign: cryptoki_sys::CKM_RSA_PKCS,
        form: Form::Rsa { modulus_bits },
    }
}

const fn ecdsa(
    algorithm: KeyAlgorithm,
    curve: &'static [u8],
    coordinate: usize,
    identifier: &'static [u8],
) -> Kind {
    Kind {
        algorithm,
        key_type: cryptoki_sys::CKK_EC,
        generate: cryptoki_sys::CKM_EC_KEY_PAIR_GEN,
        sign: cryptoki_sys::CKM_ECDSA,
        form: Form::Ecdsa { curve, coordinate, identifier },
    }
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// rsaEncryption with NULL, RFC 3279 §2.3.1.
const RSA_IDENTIFIER: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
/// id-Ed25519 without parameters, RFC 8410 §3.
const ED25519_IDENTIFIER: [u8; 7] = [0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70];
/// secp256r1, RFC 5480 §2.1.1.1.
const P256_CURVE: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// secp384r1, RFC 5480 §2.1.1.1.
const P384_CURVE: [u8; 7] = [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
/// secp521r1, RFC 5480 §2.1.1.1.
const P521_CURVE: [u8; 7] = [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23];
/// id-ecPublicKey with secp256r1.
const P256_IDENTIFIER: [u8; 21] = [
    0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
    0x03, 0x01, 0x07,
];
/// id-ecPublicKey with secp384r1.
const P384_IDENTIFIER: [u8; 18] = [
    0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22,
];
/// id-ecPublicKey with secp521r1.
const P521_IDENTIFIER: [u8; 18] = [
    0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn point(octets: usize) -> Vec<u8> {
        let mut point = vec![0x5a; octets];
        point[0] = 0x04;
        point
    }

    #[test]
    fn a_point_is_taken_in_four_forms_and_no_other() {
        let raw = point(133);
        let octet_string = [&[0x04, 0x81, 0x85], raw.as_slice()].concat();
        let cut = [&[0x04, 0x85], raw.as_slice()].concat();
        let bit_string = [&[0x03, 0x81, 0x86, 0x00], raw.as_slice()].concat();
        for form in [&raw, &octet_string, &cut, &bit_string] {
            assert_eq!(uncompressed(form, 133), Some(raw.as_slice()));
        }
        let compressed = [&[0x02], &raw[1..]].concat();
        let trailing = [octet_string.as_slice(), &[0]].concat();
        for bad in [&compressed, &trailing, &raw[..132].to_vec(), &point(97), &vec![]] {
            assert_eq!(uncompressed(bad, 133), None);
        }
    }

    #[test]
    fn a_short_point_is_taken_as_an_octet_string() {
        let raw = point(65);
        assert_eq!(uncompressed(&[&[0x04, 0x41], raw.as_slice()].concat(), 65), Some(raw.as_slice()));
        // The same octets with an overlong length are not DER.
        assert_eq!(uncompressed(&[&[0x04, 0x81, 0x41], raw.as_slice()].concat(), 65), None);
    }

    #[test]
    fn an_ed25519_point_has_32_octets_with_or_without_a_head() {
        let raw = [7; 32];
        let spki = elliptic_spki(Form::Ed25519, &raw).unwrap();
        assert_eq!(spki, [&ED25519_IDENTIFIER_IN_SPKI[..], &raw].concat());
        assert_eq!(elliptic_spki(Form::Ed25519, &[&[4, 32], &raw[..]].concat()), Some(spki));
        assert_eq!(elliptic_spki(Form::Ed25519, &raw[1..]), None);
    }

    /// Source: RFC 8410 §10.1, the octets before the key.
    const ED25519_IDENTIFIER_IN_SPKI: [u8; 12] =
        [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

    #[test]
    fn a_signature_is_two_halves_of_the_curve_s_size() {
        let mut halves = vec![0; 64];
        halves[31] = 1;
        halves[32] = 0x80;
        let der = ecdsa_signature(&halves, 32).unwrap();
        assert_eq!(der[..8], [0x30, 0x26, 0x02, 0x01, 0x01, 0x02, 0x21, 0x00]);
        assert_eq!(der.len(), 40);
        assert_eq!(ecdsa_signature(&halves[1..], 32), None);
        assert_eq!(ecdsa_signature(&halves, 48), None);
        // Zero is no half of a signature.
        halves[31] = 0;
        assert_eq!(ecdsa_signature(&halves, 32), None);
    }

    #[test]
    fn a_digest_info_is_the_one_of_rfc_8017() {
        let info = digest_info(HashAlgorithm::Sha256, &[0xaa; 32]);
        // Source: RFC 8017 §9.2 note 1.
        let head =
            b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20".as_slice();
        assert_eq!(info, [head, &[0xaa; 32]].concat());
        assert_eq!(digest_info(HashAlgorithm::Sha384, &[0; 48])[..2], [0x30, 0x41]);
        assert_eq!(digest_info(HashAlgorithm::Sha512, &[0; 64])[..2], [0x30, 0x51]);
    }

    #[test]
    fn an_rsa_key_is_of_its_modulus_size_to_the_bit() {
        let mut modulus = vec![0xff; 256];
        assert!(rsa_kind(&modulus).is_some_and(|kind| kind.algorithm == KeyAlgorithm::Rsa2048));
        assert!(rsa_kind(&[&[0], modulus.as_slice()].concat()).is_some());
        modulus[0] = 0x7f;
        assert!(rsa_kind(&modulus).is_none());
        assert!(rsa_kind(&[0, 0]).is_none());
    }

    #[test]
    fn ed25519_is_known_by_both_names_of_its_curve() {
        let named = b"\x13\x0cedwards25519";
        for parameters in [&ED25519_CURVE[..], named] {
            assert!(elliptic_kind(cryptoki_sys::CKK_EC_EDWARDS, parameters).is_some());
        }
        assert!(elliptic_kind(cryptoki_sys::CKK_EC, named).is_none());
        assert!(elliptic_kind(cryptoki_sys::CKK_EC_EDWARDS, b"\x13\x0aedwards448").is_none());
    }
}
