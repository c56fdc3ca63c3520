//! `confirm-log`: the log that a ceremony continues, compared with what the tokens keep of it, and with what was written
//! down when it was last closed.

use serde::{Deserialize, Serialize};

use super::{Room, Scope, Step, StepError, spec};
use crate::issuance::{KnownShare, SecretSurvival, Survival};
use crate::receipt::Receipt;
use crate::script::{Id, Located};
use crate::stage::{Confirmed, Event, Expected, Line, Notice, OnlineHead, Person, StageError};

spec!(
    /// `confirm-log: {}`, or `confirm-log: {receipt: …, receipt-key: …, replaced: [root]}`
    Spec {
        /// The input that is the online side's answer to the last bundle.
        receipt: Option<Located<Id>> = optional "receipt",
        /// The key that signs such answers, as the online side's own people say it.
        receipt_key: Option<Located<String>> = optional "receipt-key",
        /// Tokens that are other devices than before: what the log has on them is not there.
        replaced: Vec<Located<Id>> = optional_list "replaced",
    }
);

/// The tokens' heads are compared; then a witness types the words of the head that the last ceremony printed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConfirmLog {
    person: Person,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    receipt: Option<OnlineHead>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    replaced: Vec<String>,
}

impl Step for ConfirmLog {
    const NAME: &'static str = "confirm-log";
    const ABOUT: &'static str = "the log is compared with the heads on the tokens and on paper";
    const WHY: &'static str =
        "A log that was cut short or exchanged shows here, before anything is signed on top of it.";
    const RECALLED: bool = false;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let order = ["external-witness", "internal-witness", "auditor", "ceremony-administrator"];
        let person = order.iter().find_map(|role| scope.setting.people.of_role(role).next()).cloned();
        if person.is_none() {
            scope.wrong("`confirm-log` needs a witness, an auditor or a ceremony administrator who types the paper's words");
        }
        scope.continues_log();
        let replaced = replaced(&spec.replaced, scope);
        let receipt = receipt(spec, scope);
        Some(Self { person: person?, receipt: receipt?, replaced: replaced? })
    }

    fn preview(&self) -> String {
        let receipt = self.receipt.as_ref().map_or_else(String::new, |receipt| {
            format!(
                " Compare it with the online side's receipt of {} over {} records, root {}, by the key {}.",
                receipt.at, receipt.size, receipt.root, receipt.vkey
            )
        });
        let replaced = if self.replaced.is_empty() {
            String::new()
        } else {
            format!(" Another device than before is in the place of {}.", self.replaced.join(", "))
        };
        format!(
            "Compare the log with the heads that the tokens keep, and its keys with those on the tokens.{replaced}{receipt} {} reads its \
             last head from paper and types its words.",
            self.person.id
        )
    }

    fn replaces(&self) -> &[String] {
        &self.replaced
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let Some(head) = room.stage.head_at_start() else {
            return Err(StepError::Changed(
                "there is no earlier head to confirm: this log begins here".into(),
            ));
        };
        // What tokens say first: what a person types comes from paper, whatever the machine says.
        room.stage.compare_with_tokens()?;
        self.find_keys(room)?;
        tell_of_the_left(room);
        if let Some(receipt) = &self.receipt {
            room.stage.compare_with_receipt(receipt)?;
        }
        // The words themselves are not shown: what is typed comes from paper, or it proves nothing.
        let lines = vec![Line::new("records of the log", head.size.to_string())];
        let sentence = "Type all words of the log's head from the last ceremony's paper.";
        let expected = Expected::Words(head.root.words());
        room.stage.question(self.person.clone(), sentence, lines, expected)?;
        let event =
            Event::LogConfirmed { size: head.size, root: head.root, how: Confirmed::Paper, token: None };
        room.stage.record_by(&self.person, event)?;
        room.stage.log_is_confirmed();
        Ok(())
    }
}

/// Says which sheets count for nothing and are somewhere still, as far as the log knows.
fn tell_of_the_left(room: &mut Room<'_, '_>) {
    let keys = Survival::of_all(room.ledger).into_iter().map(|key| (key.key, key.left));
    let secrets = SecretSurvival::of_all(room.ledger).into_iter();
    let all = keys.chain(secrets.map(|one| (one.secret.name, one.left)));
    let mut lines = Vec::new();
    for (name, left) in all {
        for set in left {
            let division = set.division();
            let sheet = |(index, share): (&u64, &KnownShare)| {
                format!("{} ({})", division.named(*index), share.holder)
            };
            let sheets: Vec<String> = set.sheets.iter().map(sheet).collect();
            let text = format!("set {}, {}; it takes {}", set.set, sheets.join(", "), division.takes());
            lines.push(Line::new(name.clone(), text));
        }
    }
    if !lines.is_empty() {
        let sentence = "Sheets of sets that count for nothing any more are not accounted for. Whoever has one brings it.";
        room.stage.show(&Notice::Done { sentence: sentence.into(), lines });
    }
}

/// The receipt, if the script names one; verified by the key that the script names, and the plan's digest covers.
#[expect(clippy::option_option, reason = "what is wrong was said, and there may be none")]
fn receipt(spec: Spec, scope: &mut Scope<'_>) -> Option<Option<OnlineHead>> {
    let (named, key) = match (spec.receipt, spec.receipt_key) {
        (None, None) => return Some(None),
        (Some(named), Some(key)) => (named, key),
        (Some(_), None) => {
            scope.wrong("`receipt` without `receipt-key`: whose signature would it be?");
            return None;
        }
        (None, Some(_)) => {
            scope.wrong("`receipt-key` without `receipt`: name the input that is the receipt");
            return None;
        }
    };
    let input = scope.required_input(&named)?;
    match Receipt::read(&input.octets, &key.value) {
        Ok(verified) => {
            let vkey = verified.key();
            let Receipt { origin, size, root, at, .. } = verified.receipt().clone();
            Some(Some(OnlineHead { origin, size, root, at, vkey }))
        }
        Err(error) => {
            scope.wrong(format!("the input `{}` is no receipt by `receipt-key`: {error}", named.value));
            None
        }
    }
}

impl ConfirmLog {
    /// Every key of the log is on its token, as far as the token is one of the script's, with the public key that the log
    /// names; and each token is the device that the log knows, unless the script says that another one is in its place.
    fn find_keys(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let mut found = 0_usize;
        for token in room.setting.tokens.keys() {
            let known = room.ledger.possessions.device(token).map(str::to_owned);
            if self.replaced.contains(token) {
                let text = format!(
                    "another device is in the place of token `{token}`; what the log has there is not on it"
                );
                room.stage.record(Event::LogNote { text })?;
                continue;
            }
            let wrong = match known {
                Some(known) => {
                    let serial = room.stage.serial(token)?;
                    (serial != known).then(|| {
                        format!("it is the device with the serial `{serial}`; the log knows it as `{known}`")
                    })
                }
                None => None,
            };
            let wrong = match wrong {
                Some(why) => Some(why),
                None => keys_are_there(token, &mut found, room)?,
            };
            if let Some(why) = wrong {
                let error = StepError::OtherInventory { token: token.clone(), why };
                room.stage.record_anomaly(&error.to_string())?;
                return Err(error);
            }
        }
        let lines = vec![Line::new("keys", found.to_string())];
        let sentence = "Every key that the log has on these tokens is there.".into();
        room.stage.show(&Notice::Done { sentence, lines });
        Ok(())
    }
}

/// Why a key of the log is not on its token; nothing if all are. A token that could not be asked is no answer to that.
fn keys_are_there(
    token: &str,
    found: &mut usize,
    room: &mut Room<'_, '_>,
) -> Result<Option<String>, StepError> {
    let keys: Vec<_> = room.ledger.keys_on(token).cloned().collect();
    for key in keys {
        let there = match key.id.parse() {
            Ok(id) => match room.stage.key(token, &id) {
                Ok(there) => Ok(there),
                Err(error) if error.is_about_a_key() => {
                    // A token that has gone meanwhile says of everything that it is not there.
                    room.stage.information(token)?;
                    Err(with_cause(&error))
                }
                Err(error) => return Err(error.into()),
            },
            Err(_) => Err(format!("the log has the id `{}`, which is none", key.id)),
        };
        match there.map(|there| there.public_key.spki_sha256().to_string()) {
            Ok(spki) if spki == key.spki_sha256 => *found += 1,
            Ok(spki) => {
                return Ok(Some(format!(
                    "key `{}` has the SPKI SHA-256 {spki}, wanted {}",
                    key.name, key.spki_sha256
                )));
            }
            Err(why) => return Ok(Some(format!("key `{}`, id {}: {why}", key.name, key.id))),
        }
    }
    Ok(None)
}

fn with_cause(error: &StageError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// The tokens that are said to be other devices: each one that the log has seen before.
fn replaced(names: &[Located<Id>], scope: &mut Scope<'_>) -> Option<Vec<String>> {
    let tokens: Vec<Option<String>> = names.iter().map(|name| scope.token(name)).collect();
    let tokens = tokens.into_iter().collect::<Option<Vec<_>>>()?;
    for (token, name) in tokens.iter().zip(names) {
        if scope.ledger.possessions.device(token).is_none() && !scope.lacks_the_log() {
            let message = format!("the log has not seen a token `{token}` before: nothing is in its place");
            scope.problems.add(name.place, message);
        }
        // What the log last saw there was on the device before.
        scope.ledger.possessions.changed(token);
    }
    Some(tokens)
}
