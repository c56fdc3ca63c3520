//! Key usage: what a key may do.

use std::fmt;

/// A set of key usages: the named bits of RFC 5280 §4.2.1.3.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct KeyUsage(u16);

impl KeyUsage {
    /// digitalSignature (0).
    pub const DIGITAL_SIGNATURE: Self = Self(1);
    /// nonRepudiation (1), also called contentCommitment.
    pub const NON_REPUDIATION: Self = Self(1 << 1);
    /// keyEncipherment (2).
    pub const KEY_ENCIPHERMENT: Self = Self(1 << 2);
    /// dataEncipherment (3).
    pub const DATA_ENCIPHERMENT: Self = Self(1 << 3);
    /// keyAgreement (4).
    pub const KEY_AGREEMENT: Self = Self(1 << 4);
    /// keyCertSign (5).
    pub const KEY_CERT_SIGN: Self = Self(1 << 5);
    /// cRLSign (6).
    pub const CRL_SIGN: Self = Self(1 << 6);
    /// encipherOnly (7).
    pub const ENCIPHER_ONLY: Self = Self(1 << 7);
    /// decipherOnly (8).
    pub const DECIPHER_ONLY: Self = Self(1 << 8);
    /// No usage at all.
    pub const NONE: Self = Self(0);

    /// Every usage with the name that profiles and messages use, in the order of the bits.
    pub const NAMES: [(Self, &'static str); 9] = [
        (Self::DIGITAL_SIGNATURE, "digital-signature"),
        (Self::NON_REPUDIATION, "non-repudiation"),
        (Self::KEY_ENCIPHERMENT, "key-encipherment"),
        (Self::DATA_ENCIPHERMENT, "data-encipherment"),
        (Self::KEY_AGREEMENT, "key-agreement"),
        (Self::KEY_CERT_SIGN, "key-cert-sign"),
        (Self::CRL_SIGN, "crl-sign"),
        (Self::ENCIPHER_ONLY, "encipher-only"),
        (Self::DECIPHER_ONLY, "decipher-only"),
    ];

    /// The usage of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(_, known)| *known == name).map(|(usage, _)| usage)
    }

    /// The usages whose named bits are set: bit 0 of the BIT STRING is the lowest here.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// The named bits: bit 0 of the BIT STRING is the lowest here.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in this set and not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all of `other` is in this set.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether nothing is in this set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Self::NAMES.into_iter().fold(Self::NONE, |all, (usage, _)| all.and(usage));
        let mut names: Vec<_> = Self::NAMES
            .into_iter()
            .filter(|(usage, _)| self.has(*usage))
            .map(|(_, name)| name.to_owned())
            .collect();
        let others = self.without(known).bits();
        names.extend((9..16).filter(|bit| others >> bit & 1 == 1).map(|bit| format!("bit-{bit}")));
        f.write_str(if names.is_empty() { "none" } else { "" })?;
        f.write_str(&names.join(", "))
    }
}

impl fmt::Debug for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyUsage({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_shown_in_the_order_of_its_bits() {
        let usage = KeyUsage::CRL_SIGN.and(KeyUsage::KEY_CERT_SIGN);
        assert_eq!(usage.to_string(), "key-cert-sign, crl-sign");
        assert_eq!(KeyUsage::NONE.to_string(), "none");
        assert_eq!(KeyUsage::from_bits(1 << 9).to_string(), "bit-9");
        assert!(usage.has(KeyUsage::CRL_SIGN) && !usage.has(KeyUsage::DIGITAL_SIGNATURE));
        assert_eq!(usage.without(KeyUsage::CRL_SIGN), KeyUsage::from_name("key-cert-sign").unwrap());
    }
}
