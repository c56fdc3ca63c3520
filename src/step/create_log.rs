//! `create-log`: the keys that sign the log's heads, and the first signed head.

use serde::{Deserialize, Serialize};

use super::{Room, Scope, Step, StepError, spec};
use crate::issuance::{self, Backup, Key, KeyOrder};
use crate::pki::KeyAlgorithm;
use crate::script::{Id, Located};
use crate::stage::{Event, Line, LogKey, LogKeyRole, Notice};

spec!(
    /// `create-log: {origin: …, token: log, key: log-1, standby: {token: log-b, key: log-2}}`
    Spec {
        /// The log's name: a host and a path, such as `example.org/ceremony-log`.
        origin: Located<String> = required "origin",
        /// The token of the main key.
        token: Located<Id> = required "token",
        /// The main key's name.
        key: Located<Id> = required "key",
        /// `ed25519`, or `ecdsa-p256` where the token has no EdDSA.
        algorithm: Option<Located<String>> = optional "algorithm",
        /// The key that takes over if the main one is lost.
        standby: Option<StandbySpec> = optional "standby",
    }
);

spec!(
    /// `{token: log-b, key: log-2}`
    StandbySpec {
        /// Its token.
        token: Located<Id> = required "token",
        /// Its name.
        key: Located<Id> = required "key",
    }
);

/// The log gets its keys.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CreateLog {
    origin: String,
    #[serde(with = "super::text")]
    algorithm: KeyAlgorithm,
    main: Place,
    #[serde(skip_serializing_if = "Option::is_none")]
    standby: Option<Place>,
}

/// Where a key of the log is made.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place {
    token: String,
    key: String,
}

impl CreateLog {
    /// The log's name, as the script says it.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    fn make(&self, place: &Place, role: LogKeyRole, room: &mut Room<'_, '_>) -> Result<Key, StepError> {
        let order = KeyOrder {
            ceremony: &room.setting.ceremony,
            name: &place.key,
            token: &place.token,
            algorithm: self.algorithm,
            backup: Backup::None,
        };
        let key = issuance::make_key(&order, room.stage)?;
        let spki_der = key.public.spki_der().to_vec();
        let vkey = room.stage.log_key_name(&LogKey { spki_der })?;
        let spki_sha256 = key.public.spki_sha256();
        let (token, label) = (place.token.clone(), place.key.clone());
        room.stage.record(Event::LogKeyAdded { vkey, token, label, spki_sha256, role })?;
        Ok(key)
    }
}

impl Step for CreateLog {
    const NAME: &'static str = "create-log";
    const ABOUT: &'static str = "the log gets the keys that sign its heads";
    const WHY: &'static str =
        "From here on every record is bound to a key: nobody can take one out or add one afterwards.";
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let algorithm = match &spec.algorithm {
            None => Some(KeyAlgorithm::Ed25519),
            Some(named) => scope.algorithm(named).filter(|algorithm| {
                let good = matches!(algorithm, KeyAlgorithm::Ed25519 | KeyAlgorithm::EcdsaP256);
                if !good {
                    let message = format!("found `{algorithm}`; a log key is `ed25519` or `ecdsa-p256`");
                    scope.problems.add(named.place, message);
                }
                good
            }),
        };
        let origin = scope.new_log(&spec.origin);
        let mut place = |token: &Located<Id>, key: &Located<Id>| {
            let (token, key) = (scope.token(token), scope.new_key(key));
            let place = Place { token: token?, key: key? };
            scope.uses(&place.token);
            scope.will_have_key(&place.key, &place.token, algorithm?, false);
            Some(place)
        };
        let main = place(&spec.token, &spec.key);
        let standby = match &spec.standby {
            None => None,
            Some(standby) => Some(place(&standby.token, &standby.key)?),
        };
        if let (Some(main), Some(other), Some(written)) = (&main, &standby, &spec.standby)
            && main.token == other.token
        {
            let message =
                format!("the standby key is on `{}` like the main one; it would be lost with it", main.token);
            scope.problems.add(written.token.place, message);
        }
        Some(Self { origin: origin?, algorithm: algorithm?, main: main?, standby })
    }

    fn preview(&self) -> String {
        let standby = self.standby.as_ref().map_or(String::new(), |place| {
            format!(" and its standby `{}` on the token `{}`", place.key, place.token)
        });
        format!(
            "Generate the log's key `{}` ({}) on the token `{}`{standby}, and sign the log's first head.",
            self.main.key, self.algorithm, self.main.token
        )
    }

    fn makes_keys(&self) -> Vec<(&str, &str)> {
        std::iter::once(&self.main)
            .chain(&self.standby)
            .map(|place| (place.token.as_str(), place.key.as_str()))
            .collect()
    }

    fn makes_kind(&self) -> Option<KeyAlgorithm> {
        Some(self.algorithm)
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let main = self.make(&self.main, LogKeyRole::Main, room)?;
        if let Some(place) = &self.standby {
            let standby = self.make(place, LogKeyRole::Standby, room)?;
            room.ledger.add_key(standby);
        }
        issuance::use_log_key(&main, room.stage)?;
        room.stage.sign_head()?;
        let sha256 = main.public.spki_sha256();
        let lines = vec![
            Line::new("log", self.origin.clone()),
            Line::new("key", main.name.clone()),
            Line::new("SPKI SHA-256", sha256.to_string()),
            Line::new("in words", sha256.words()),
        ];
        room.ledger.add_key(main);
        room.stage
            .show(&Notice::Done { sentence: "The log has its key; its first head is signed.".into(), lines });
        Ok(())
    }
}
