//! What the log can say of a share: a digest by which the share itself is known again, and nothing else.
//!
//! A share has at least 128 bits that nobody knows, so that trying does not find it: SLIP-39 has secrets of 128 bits or more,
//! and what is shorter is shared with 128 random bits behind it. `salt` is for what a site wants beside that.

use sha2::{Digest as _, Sha256};

use super::{Contents, Share};
use crate::digest::Digest;

impl Share {
    /// SHA-256 over a name of this format, the salt with its length, what kind of share it is, its header and its value.
    pub fn commitment(&self, salt: &[u8]) -> Digest {
        let mut hash = Sha256::new();
        hash.update(b"rootrite share commitment 1\0");
        hash.update(u64::try_from(salt.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(salt);
        hash.update([match self.set.contents {
            Contents::Bare => 0,
            Contents::Padded => 1,
        }]);
        hash.update(self.header());
        self.value.expose(|value| hash.update(value));
        Digest::from_octets(hash.finalize().into())
    }
}
