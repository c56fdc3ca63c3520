//! Octets read as a SubjectPublicKeyInfo. One that is taken is DER, and its parts make it again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rootrite::pki::key_identifier::KeyIdentifierMethod;
use rootrite::pki::{KeyKind, PublicKey, SignatureAlgorithm};
use rootrite_fuzz::assert_der;

fuzz_target!(|octets: &[u8]| {
    let Ok(key) = PublicKey::from_spki_der(octets) else { return };
    assert_der(octets);
    assert_eq!(key.spki_der(), octets);
    let again = match key.kind() {
        KeyKind::Rsa { modulus, exponent } => PublicKey::from_rsa(modulus, exponent),
        KeyKind::Ec { curve, point } => PublicKey::from_ec_point(curve, point),
        KeyKind::Ed25519 { point } => PublicKey::from_ed25519(point),
        KeyKind::MlDsa { set, key } => PublicKey::from_ml_dsa(set, key),
    };
    assert_eq!(again.map(|key| key.spki_der().to_vec()), Ok(octets.to_vec()));
    let _ = (SignatureAlgorithm::for_key(&key), KeyIdentifierMethod::Sha1.identifier(&key));
});
