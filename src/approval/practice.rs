//! The key that signs in people's place where there are no people: in rehearsals, and where a file answers.
//!
//! It is public, like the PINs of throw-away tokens, so that nothing it signs is worth anything. No script may register it
//! for a person, and the log of such a ceremony is practice from its first record.

use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::key::{ED25519, PersonKey};
use super::signature::SshSignature;
use super::wire::string;

/// The public half.
#[expect(clippy::missing_panics_doc, reason = "a constant key; the test below makes it")]
pub fn practice_key() -> PersonKey {
    let key = PersonKey::of_ed25519(pair().public_key().as_ref());
    #[expect(clippy::expect_used, reason = "the octets are those of a constant key")]
    key.expect("32 octets are an Ed25519 key")
}

/// A signature over a text, as `ssh-keygen -Y sign` would make it.
pub fn practice_signature(text: &[u8]) -> SshSignature {
    let key = practice_key();
    let pair = pair();
    SshSignature::made(key.blob(), text, |signed| {
        [string(ED25519.as_bytes()), string(pair.sign(signed).as_ref())].concat()
    })
}

fn pair() -> Ed25519KeyPair {
    #[expect(clippy::expect_used, reason = "every 32 octets are a seed")]
    Ed25519KeyPair::from_seed_unchecked(SEED).expect("32 octets are a seed")
}

const SEED: &[u8; 32] = b"rootrite practice: worth nothing";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::SshSignatureError;

    #[test]
    fn what_the_practice_key_signs_verifies_by_it_and_over_that_text_only() {
        let signature = practice_signature(b"text\n");
        signature.verify(b"text\n", &practice_key()).unwrap();
        assert_eq!(signature.verify(b"text", &practice_key()), Err(SshSignatureError::Wrong));
    }
}
