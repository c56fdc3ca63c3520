//! `generate-key`: makes a key pair in the HSM. BR §6.1.1.1.

use serde::{Deserialize, Serialize};

use super::{Room, Scope, Step, StepError, spec};
use crate::issuance::{self, KeyOrder};
use crate::pki::KeyAlgorithm;
use crate::script::{Id, Located};
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
        backup: Located<String> = required "backup",
    }
);

/// A key pair is generated, proven, and live.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GenerateKey {
    token: String,
    key: String,
    #[serde(with = "super::text")]
    algorithm: KeyAlgorithm,
    backup: String,
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
        if spec.backup.value != "none" {
            let message = format!("found backup `{}`; this version has `none` only", spec.backup.value);
            scope.problems.add(spec.backup.place, message);
        }
        let (token, key, algorithm) = (token?, key?, algorithm?);
        scope.uses(&token);
        scope.will_have_key(&key, &token, algorithm, true);
        Some(Self { token, key, algorithm, backup: spec.backup.value })
    }

    fn preview(&self) -> String {
        format!(
            "Generate the {} key pair `{}` on the token `{}`; it can never leave it.",
            self.algorithm, self.key, self.token
        )
    }

    fn makes_keys(&self) -> Vec<(&str, &str)> {
        vec![(&self.token, &self.key)]
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let order = KeyOrder {
            ceremony: &room.setting.ceremony,
            name: &self.key,
            token: &self.token,
            algorithm: self.algorithm,
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
        room.stage.show(&Notice::Done { sentence: "The key is generated, proven and live.".into(), lines });
        Ok(())
    }
}
