//! `confirm-log`: the log that a ceremony continues, compared with what the tokens keep of it, and with what was written
//! down when it was last closed.

use serde::{Deserialize, Serialize};

use super::{Room, Scope, Step, StepError, spec};
use crate::receipt::Receipt;
use crate::script::{Id, Located};
use crate::stage::{Confirmed, Event, Expected, Line, Notice, OnlineHead, Person, StageError};

spec!(
    /// `confirm-log: {}` or `confirm-log: {receipt: …, receipt-key: …}`
    Spec {
        /// The input that is the online side's answer to the last bundle.
        receipt: Option<Located<Id>> = optional "receipt",
        /// The key that signs such answers, as the online side's own people say it.
        receipt_key: Option<Located<String>> = optional "receipt-key",
    }
);

/// The tokens' heads are compared; then a witness types the words of the head that the last ceremony printed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ConfirmLog {
    person: Person,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    receipt: Option<OnlineHead>,
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
        let receipt = receipt(spec, scope);
        Some(Self { person: person?, receipt: receipt? })
    }

    fn preview(&self) -> String {
        let receipt = self.receipt.as_ref().map_or_else(String::new, |receipt| {
            format!(
                " Compare it with the online side's receipt of {} over {} records, root {}, by the key {}.",
                receipt.at, receipt.size, receipt.root, receipt.vkey
            )
        });
        format!(
            "Compare the log with the heads that the tokens keep, and its keys with those on the tokens.{receipt} {} reads its \
             last head from paper and types its words.",
            self.person.id
        )
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let Some(head) = room.stage.head_at_start() else {
            return Err(StepError::Changed(
                "there is no earlier head to confirm: this log begins here".into(),
            ));
        };
        // What tokens say first: what a person types comes from paper, whatever the machine says.
        room.stage.compare_with_tokens()?;
        find_keys(room)?;
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

/// Every key of the log is on its token, as far as the token is one of the script's, with the public key that the log names.
fn find_keys(room: &mut Room<'_, '_>) -> Result<(), StepError> {
    let mut found = 0_usize;
    for token in room.setting.tokens.keys() {
        let keys: Vec<_> = room.ledger.keys_on(token).cloned().collect();
        for key in keys {
            let there = match key.id.parse() {
                Ok(id) => room.stage.key(token, &id).map_err(|error| with_cause(&error)),
                Err(_) => Err(format!("the log has the id `{}`, which is none", key.id)),
            };
            let spki = there.map(|there| there.public_key.spki_sha256().to_string());
            let why = match spki {
                Ok(spki) if spki == key.spki_sha256 => {
                    found += 1;
                    continue;
                }
                Ok(spki) => {
                    format!("key `{}` has the SPKI SHA-256 {spki}, wanted {}", key.name, key.spki_sha256)
                }
                Err(why) => format!("key `{}`, id {}: {why}", key.name, key.id),
            };
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

fn with_cause(error: &StageError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
