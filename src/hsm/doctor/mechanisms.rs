//! Which mechanisms a token names. A claim, and shown as one: what the token really does is for other probes.

use super::{Bench, Finding, Found, refusal};
use crate::hsm::TokenError;

/// It makes none.
pub(super) const MAKES_OBJECTS: bool = false;

/// Counts what is named, and looks for what a ceremony uses.
#[expect(clippy::unnecessary_wraps, reason = "the list has one type for all probes")]
pub(super) fn find_out(bench: &Bench<'_>) -> Result<Vec<Finding>, TokenError> {
    let named = match bench.place.module.mechanisms(bench.place.slot) {
        Ok(named) => named,
        Err(fault) => return Ok(vec![Finding::new("mechanisms", Found::Unknown, refusal(fault))]),
    };
    let vendors = named.iter().filter(|number| **number >= cryptoki_sys::CKM_VENDOR_DEFINED);
    let vendors: Vec<String> = vendors.map(|number| format!("{number:#x}")).collect();
    let own = if vendors.is_empty() { "none".to_owned() } else { vendors.join(", ") };
    let count = format!("{} are named; the vendor's own: {own}", named.len());
    let mut findings = vec![Finding::new("mechanisms", Found::Good, count)];
    for (name, number) in USED {
        let subject = format!("{name} ({number:#x})");
        if !named.contains(number) {
            findings.push(Finding::new(subject, Found::Lacking, "not named"));
            continue;
        }
        let (found, detail) = match bench.place.module.mechanism_information(bench.place.slot, *number) {
            Ok(said) => (Found::Good, claim(said.ulMinKeySize, said.ulMaxKeySize, said.flags)),
            Err(fault) => (Found::Unknown, refusal(fault)),
        };
        findings.push(Finding::new(subject, found, detail));
    }
    Ok(findings)
}

/// What a token claims of a mechanism.
fn claim(least: u64, most: u64, flags: u64) -> String {
    let for_what: Vec<&str> =
        FLAGS.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, name)| *name).collect();
    let for_what = if for_what.is_empty() { "nothing".to_owned() } else { for_what.join(", ") };
    format!("named for {for_what}; keys of {least} to {most}")
}

/// What a ceremony uses, or could.
const USED: &[(&str, u64)] = &[
    ("CKM_EC_KEY_PAIR_GEN", cryptoki_sys::CKM_EC_KEY_PAIR_GEN),
    ("CKM_ECDSA", cryptoki_sys::CKM_ECDSA),
    ("CKM_EC_EDWARDS_KEY_PAIR_GEN", cryptoki_sys::CKM_EC_EDWARDS_KEY_PAIR_GEN),
    ("CKM_EDDSA", cryptoki_sys::CKM_EDDSA),
    ("CKM_RSA_PKCS_KEY_PAIR_GEN", cryptoki_sys::CKM_RSA_PKCS_KEY_PAIR_GEN),
    ("CKM_RSA_PKCS", cryptoki_sys::CKM_RSA_PKCS),
    ("CKM_RSA_PKCS_PSS", cryptoki_sys::CKM_RSA_PKCS_PSS),
    ("CKM_ML_DSA_KEY_PAIR_GEN", cryptoki_sys::CKM_ML_DSA_KEY_PAIR_GEN),
    ("CKM_ML_DSA", cryptoki_sys::CKM_ML_DSA),
    ("CKM_AES_KEY_GEN", cryptoki_sys::CKM_AES_KEY_GEN),
    ("CKM_AES_KEY_WRAP", cryptoki_sys::CKM_AES_KEY_WRAP),
    ("CKM_AES_KEY_WRAP_PAD", cryptoki_sys::CKM_AES_KEY_WRAP_PAD),
    ("CKM_AES_KEY_WRAP_KWP", cryptoki_sys::CKM_AES_KEY_WRAP_KWP),
];

const FLAGS: &[(u64, &str)] = &[
    (cryptoki_sys::CKF_GENERATE, "making"),
    (cryptoki_sys::CKF_GENERATE_KEY_PAIR, "making pairs"),
    (cryptoki_sys::CKF_SIGN, "signing"),
    (cryptoki_sys::CKF_VERIFY, "verifying"),
    (cryptoki_sys::CKF_ENCRYPT, "encrypting"),
    (cryptoki_sys::CKF_DECRYPT, "decrypting"),
    (cryptoki_sys::CKF_WRAP, "wrapping"),
    (cryptoki_sys::CKF_UNWRAP, "unwrapping"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_said_in_words() {
        let flags = cryptoki_sys::CKF_WRAP | cryptoki_sys::CKF_UNWRAP;
        assert_eq!(claim(16, 32, flags), "named for wrapping, unwrapping; keys of 16 to 32");
        assert_eq!(claim(0, 0, 0), "named for nothing; keys of 0 to 0");
    }
}
