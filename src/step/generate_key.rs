//! `generate-key`: makes a key pair in the HSM. BR §6.1.1.1.

use serde::{Deserialize, Serialize};

use super::{Room, Scope, Step, StepError, spec};
use crate::issuance::{self, KeyOrder};
use crate::pki::KeyAlgorithm;
use crate::script::{Id, Located, Word};
use crate::stage::{Line, Notice};

spec!(
    /// `generate-key: {token: root, key: root-x1, algorithm: ecdsa-p384, backup: none}`
    Spec {
        /// On which token.
        token: Located<Id> = required "token",
        /// The key's name and its label on the token.
        key: Located<Id> = required "key",
        /// What kind of key.
        algorithm: Located<String> = required "algorithm",
        /// Whether and how it is backed up.
        backup: Backup = required "backup",
    }
);

/// Whether and how a key is backed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backup {
    /// Not at all.
    None,
    /// Wrapped under a key-encryption key in shares.
    Wrapped,
    /// By the vendor's own means.
    Vendor,
}

impl Word for Backup {
    const WORDS: &'static [(&'static str, Self)] =
        &[("none", Self::None), ("wrapped", Self::Wrapped), ("vendor", Self::Vendor)];
}

impl Backup {
    /// The same for whoever makes the key.
    const fn order(self) -> issuance::Backup {
        match self {
            Self::None => issuance::Backup::None,
            Self::Wrapped => issuance::Backup::Wrapped,
            Self::Vendor => issuance::Backup::Vendor,
        }
    }
}

/// A key pair is generated and proven; it is live, or waits for its backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GenerateKey {
    token: String,
    key: String,
    #[serde(with = "super::text")]
    algorithm: KeyAlgorithm,
    backup: Backup,
}

impl Step for GenerateKey {
    const NAME: &'static str = "generate-key";
    const ABOUT: &'static str = "a key pair is generated in the HSM, and proves itself";
    const WHY: &'static str =
        "The private key is made in the hardware and never leaves it readable. BR 6.1.1.1, 6.2.";
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let token = scope.token(&spec.token);
        let algorithm = scope.algorithm(&spec.algorithm);
        let key = scope.new_key(&spec.key);
        let (token, key, algorithm) = (token?, key?, algorithm?);
        scope.uses(&token);
        scope.will_have_key(&key, &token, algorithm, spec.backup == Backup::None);
        if spec.backup != Backup::None {
            scope.waits_for_backup(&key, spec.key.place, spec.backup.word());
        }
        Some(Self { token, key, algorithm, backup: spec.backup })
    }

    fn preview(&self) -> String {
        let leaves = match self.backup {
            Backup::None => "it can never leave it",
            Backup::Wrapped => "it can leave it once, wrapped, and signs nothing before its backup is proven",
            Backup::Vendor => "it signs nothing before its backup by the vendor's means is proven",
        };
        format!(
            "Generate the {} key pair `{}` on the token `{}`; {leaves}.",
            self.algorithm, self.key, self.token
        )
    }

    fn makes_keys(&self) -> Vec<(&str, &str)> {
        vec![(&self.token, &self.key)]
    }

    fn makes_kind(&self) -> Option<KeyAlgorithm> {
        Some(self.algorithm)
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let order = KeyOrder {
            ceremony: &room.setting.ceremony,
            name: &self.key,
            token: &self.token,
            algorithm: self.algorithm,
            backup: self.backup.order(),
        };
        let key = issuance::make_key(&order, room.stage)?;
        let sha256 = key.public.spki_sha256();
        let lines = vec![
            Line::new("key", key.name.clone()),
            Line::new("token", key.token.clone()),
            Line::new("algorithm", key.algorithm.to_string()),
            Line::new("SPKI SHA-256", sha256.to_string()),
            Line::new("in words", sha256.words()),
        ];
        room.ledger.add_key(key);
        let sentence = if self.backup == Backup::None {
            "The key is generated, proven and live."
        } else {
            room.ledger.backups.wait_for(&self.key, self.backup.word());
            "The key is generated and proven. It is not live before its backup is."
        };
        room.stage.show(&Notice::Done { sentence: sentence.into(), lines });
        Ok(())
    }
}
