//! Between the octets of PKCS#11 and those of X.509: kinds of keys, points, curves, and what is signed.
//!
//! Tokens differ in how they write points and curves. What is taken is exactly what is listed here; all else is
//! refused. Whether a point lies on its curve is for `pki` to say, and it says so for every key.

use super::HashAlgorithm;
use crate::pki::key::{KeyAlgorithm, KeyError, MlDsa, PublicKey};

/// CKA_KEY_TYPE of a kind of key.
pub(super) const fn key_type(algorithm: KeyAlgorithm) -> u64 {
    match algorithm {
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => cryptoki_sys::CKK_RSA,
        KeyAlgorithm::EcdsaP256 | KeyAlgorithm::EcdsaP384 | KeyAlgorithm::EcdsaP521 => cryptoki_sys::CKK_EC,
        KeyAlgorithm::Ed25519 => cryptoki_sys::CKK_EC_EDWARDS,
        KeyAlgorithm::MlDsa65 | KeyAlgorithm::MlDsa87 => cryptoki_sys::CKK_ML_DSA,
    }
}

/// The mechanism that makes a key pair of a kind.
pub(super) const fn generating_mechanism(algorithm: KeyAlgorithm) -> u64 {
    match key_type(algorithm) {
        cryptoki_sys::CKK_RSA => cryptoki_sys::CKM_RSA_PKCS_KEY_PAIR_GEN,
        cryptoki_sys::CKK_EC => cryptoki_sys::CKM_EC_KEY_PAIR_GEN,
        cryptoki_sys::CKK_ML_DSA => cryptoki_sys::CKM_ML_DSA_KEY_PAIR_GEN,
        _ => cryptoki_sys::CKM_EC_EDWARDS_KEY_PAIR_GEN,
    }
}

/// The mechanism that signs with a kind of key: none of them hashes but those of Ed25519 and ML-DSA, which always do. ML-DSA
/// without parameters is the pure one, with an empty context (PKCS#11 3.2 §6.67.5), as RFC 9881 wants it.
pub(super) const fn signing_mechanism(algorithm: KeyAlgorithm) -> u64 {
    match key_type(algorithm) {
        cryptoki_sys::CKK_RSA => cryptoki_sys::CKM_RSA_PKCS,
        cryptoki_sys::CKK_EC => cryptoki_sys::CKM_ECDSA,
        cryptoki_sys::CKK_ML_DSA => cryptoki_sys::CKM_ML_DSA,
        _ => cryptoki_sys::CKM_EDDSA,
    }
}

/// The mechanism that signs with a kind of key what it hashes itself. Kinds that always do have no other.
pub(super) const fn hashing_mechanism(algorithm: KeyAlgorithm, hash: HashAlgorithm, pss: bool) -> u64 {
    use HashAlgorithm::{Sha256, Sha384, Sha512};
    match (key_type(algorithm), hash) {
        (cryptoki_sys::CKK_RSA, Sha256) if pss => cryptoki_sys::CKM_SHA256_RSA_PKCS_PSS,
        (cryptoki_sys::CKK_RSA, Sha384) if pss => cryptoki_sys::CKM_SHA384_RSA_PKCS_PSS,
        (cryptoki_sys::CKK_RSA, Sha512) if pss => cryptoki_sys::CKM_SHA512_RSA_PKCS_PSS,
        (cryptoki_sys::CKK_RSA, Sha256) => cryptoki_sys::CKM_SHA256_RSA_PKCS,
        (cryptoki_sys::CKK_RSA, Sha384) => cryptoki_sys::CKM_SHA384_RSA_PKCS,
        (cryptoki_sys::CKK_RSA, Sha512) => cryptoki_sys::CKM_SHA512_RSA_PKCS,
        (cryptoki_sys::CKK_EC, Sha256) => cryptoki_sys::CKM_ECDSA_SHA256,
        (cryptoki_sys::CKK_EC, Sha384) => cryptoki_sys::CKM_ECDSA_SHA384,
        (cryptoki_sys::CKK_EC, Sha512) => cryptoki_sys::CKM_ECDSA_SHA512,
        _ => signing_mechanism(algorithm),
    }
}

/// CKA_PARAMETER_SET of a kind of key; nothing for kinds that have none. PKCS#11 3.2 §6.67.2.
pub(super) fn parameter_set(algorithm: KeyAlgorithm) -> Option<u64> {
    algorithm.ml_dsa().map(|set| match set {
        MlDsa::MlDsa44 => cryptoki_sys::CKP_ML_DSA_44,
        MlDsa::MlDsa65 => cryptoki_sys::CKP_ML_DSA_65,
        MlDsa::MlDsa87 => cryptoki_sys::CKP_ML_DSA_87,
    })
}

/// CKA_EC_PARAMS of a kind of key, as it is asked for: the DER of the curve's object identifier. Empty for RSA.
///
/// Sources: RFC 5480 §2.1.1.1; RFC 8410 §3.
pub(super) fn curve_parameters(algorithm: KeyAlgorithm) -> &'static [u8] {
    match (algorithm, algorithm.curve()) {
        // The curve's identifier is what follows id-ecPublicKey in the AlgorithmIdentifier.
        (_, Some(curve)) => curve.spki_algorithm().get(EC_PUBLIC_KEY_ENDS..).unwrap_or_default(),
        (KeyAlgorithm::Ed25519, None) => &[0x06, 0x03, 0x2b, 0x65, 0x70],
        _ => &[],
    }
}

/// Whether CKA_EC_PARAMS say the curve of a kind of key.
///
/// Ed25519's are also taken as the PrintableString `edwards25519` (PKCS#11 3.0 §2.3.10): SoftHSM answers so
/// whatever it was asked.
pub(super) fn is_curve(algorithm: KeyAlgorithm, parameters: &[u8]) -> bool {
    !parameters.is_empty()
        && (parameters == curve_parameters(algorithm)
            || algorithm == KeyAlgorithm::Ed25519 && parameters == b"\x13\x0cedwards25519")
}

/// The public key of a kind by its CKA_EC_POINT; nothing if that is none of the forms that tokens write.
///
/// # Errors
///
/// [`KeyError`] if the point does not lie on the curve.
pub(super) fn elliptic_key(algorithm: KeyAlgorithm, point: &[u8]) -> Option<Result<PublicKey, KeyError>> {
    if let Some(curve) = algorithm.curve() {
        let point = uncompressed(point, 1 + 2 * curve.coordinate_octets())?;
        return Some(PublicKey::from_ec_point(curve, point));
    }
    let octets = point.strip_prefix(&[OCTET_STRING, 32]).filter(|octets| octets.len() == 32).unwrap_or(point);
    (octets.len() == 32).then(|| PublicKey::from_ed25519(octets))
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

/// Tag and length in DER, for lengths below 256.
fn head(tag: u8, length: usize) -> Vec<u8> {
    match u8::try_from(length) {
        Ok(short @ 0..=0x7f) => vec![tag, short],
        Ok(long) => vec![tag, 0x81, long],
        Err(_) => Vec::new(),
    }
}

/// A point as CKA_EC_POINT has it by PKCS#11: an OCTET STRING.
pub(super) fn ec_point(point: &[u8]) -> Vec<u8> {
    [head(OCTET_STRING, point.len()), point.to_vec()].concat()
}

/// `octets` without leading zeros: tokens write big integers with and without.
pub(super) fn without_zeros(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.get(zeros..).unwrap_or_default()
}

/// 65537, the one RSA exponent that this program makes and takes.
pub(super) const PUBLIC_EXPONENT: [u8; 3] = [1, 0, 1];

/// SEQUENCE and id-ecPublicKey, with their heads.
const EC_PUBLIC_KEY_ENDS: usize = 11;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;

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
    fn a_point_off_its_curve_is_no_key() {
        assert!(elliptic_key(KeyAlgorithm::EcdsaP256, &point(65)).is_some_and(|key| key.is_err()));
        assert!(elliptic_key(KeyAlgorithm::EcdsaP256, &point(64)).is_none());
    }

    #[test]
    fn an_ed25519_point_has_32_octets_with_or_without_a_head() {
        let raw = [7; 32];
        let key = elliptic_key(KeyAlgorithm::Ed25519, &raw).unwrap();
        assert_eq!(key, PublicKey::from_ed25519(&raw));
        assert_eq!(elliptic_key(KeyAlgorithm::Ed25519, &[&[4, 32], &raw[..]].concat()), Some(key));
        assert_eq!(elliptic_key(KeyAlgorithm::Ed25519, &raw[1..]), None);
        assert_eq!(elliptic_key(KeyAlgorithm::Ed25519, &[&[4, 33, 0], &raw[..]].concat()), None);
    }

    #[test]
    fn a_curve_is_named_by_its_object_identifier() {
        // Sources: RFC 5480 §2.1.1.1 (1.2.840.10045.3.1.7, 1.3.132.0.34, 1.3.132.0.35); RFC 8410 §3 (1.3.101.112).
        for (algorithm, parameters) in [
            (KeyAlgorithm::EcdsaP256, &b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"[..]),
            (KeyAlgorithm::EcdsaP384, b"\x06\x05\x2b\x81\x04\x00\x22"),
            (KeyAlgorithm::EcdsaP521, b"\x06\x05\x2b\x81\x04\x00\x23"),
            (KeyAlgorithm::Ed25519, b"\x06\x03\x2b\x65\x70"),
        ] {
            assert_eq!(curve_parameters(algorithm), parameters);
            let named = KeyAlgorithm::ALL.into_iter().filter(|one| is_curve(*one, parameters));
            assert_eq!(named.collect::<Vec<_>>(), [algorithm]);
        }
        assert!(is_curve(KeyAlgorithm::Ed25519, b"\x13\x0cedwards25519"));
        assert!(!is_curve(KeyAlgorithm::EcdsaP256, b"\x13\x0cedwards25519"));
        assert!(!is_curve(KeyAlgorithm::Rsa2048, b""));
    }
}
