//! Rules on public keys, in certificates and in requests.

use super::context::Context;
use super::objection::Assessment;
use super::rules;
use super::verdict::Judgement;
use crate::digest::Digest;
use crate::pki::key::{KeyError, PublicKey};

/// A public key under judgement.
#[derive(Clone, Debug)]
pub struct Key {
    key: Result<PublicKey, KeyError>,
    spki_sha256: Digest,
}

/// How a rule on keys judges.
pub type Judge = fn(&Key, &Context<'_>) -> Judgement;

impl Key {
    /// Reads a SubjectPublicKeyInfo.
    pub fn new(spki: &[u8]) -> Self {
        Self { key: PublicKey::from_spki_der(spki), spki_sha256: Digest::of(spki) }
    }

    /// The modulus and exponent of an RSA key.
    fn rsa(&self) -> Option<(&[u8], &[u8])> {
        match self.key.as_ref().ok()?.kind() {
            crate::pki::key::KeyKind::Rsa { modulus, exponent } => Some((modulus, exponent)),
            _ => None,
        }
    }
}

rules! { Judge; rsa_size rsa_exponent rsa_modulus well_formed algorithm issuers_own roca fermat known_weak }

/// Judges a key by every rule on keys.
pub(super) fn judge(assessment: &mut Assessment, spki: &[u8], context: &Context<'_>) {
    let key = Key::new(spki);
    for rule in RULES {
        assessment.enter(rule, context, |verdict| verdict(&key, context));
    }
}

#[cfg(test)]
mod tests {
    use super::{Judge, Key};
    use crate::pki::key::PublicKey;
    use crate::rule::Rule;
    use crate::rule::evidence::messages;
    use crate::rule::sample::Sample;

    /// What a rule says of a key in this sample's place.
    pub(super) fn objections(rule: &Rule<Judge>, sample: &Sample, spki: &[u8]) -> Vec<String> {
        if !rule.applies_under(sample.policy) {
            return Vec::new();
        }
        sample.in_context(&Sample::root().tbs(), &Sample::existing().tbs(), |context| {
            messages(rule, &context.clone(), |context| (rule.verdict)(&Key::new(spki), context))
        })
    }

    #[track_caller]
    pub(super) fn passes(rule: &Rule<Judge>, key: &PublicKey) {
        assert_eq!(objections(rule, &Sample::subordinate(), key.spki_der()), Vec::<String>::new());
    }

    #[track_caller]
    pub(super) fn fails(rule: &Rule<Judge>, key: &PublicKey, words: &str) {
        let objections = objections(rule, &Sample::subordinate(), key.spki_der());
        assert!(
            objections.len() == 1 && objections[0].contains(words),
            "wanted `{words}`, found {objections:?}"
        );
    }

    /// An RSA key whose modulus has this many bits and these for its last.
    pub(super) fn rsa(bits: usize, last: u8, exponent: &[u8]) -> PublicKey {
        let mut modulus = vec![0xff; bits.div_ceil(8)];
        modulus[0] = u8::try_from((1_u16 << ((bits - 1) % 8 + 1)) - 1).unwrap();
        *modulus.last_mut().unwrap() = last;
        PublicKey::from_rsa(&modulus, exponent).unwrap()
    }
}
