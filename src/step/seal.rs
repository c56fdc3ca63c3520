//! `seal`: the end. The manifest, the closing record and the closing head; afterwards nothing can be added.

use serde::{Deserialize, Serialize};

use super::{Room, Scope, Step, StepError, spec};
use crate::clock::Timestamp;
use crate::script::Located;
use crate::stage::{Event, Line, Notice, Outcome};

spec!(
    /// `seal: {next-due: 2027-09-01T00:00:00Z, next-purpose: yearly CRL}`
    Spec {
        /// When the next ceremony is due.
        next_due: Option<Located<Timestamp>> = optional "next-due",
        /// What it is for.
        next_purpose: Option<String> = optional "next-purpose",
    }
);

/// The log is closed for this ceremony.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Seal {
    #[serde(skip_serializing_if = "Option::is_none")]
    next_due: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_purpose: Option<String>,
}

impl Step for Seal {
    const NAME: &'static str = "seal";
    const ABOUT: &'static str = "the ceremony ends: manifest, closing record, closing head";
    const WHY: &'static str = "The log is closed and signed: what comes after is another ceremony.";
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        scope.cosigning.sealed = true;
        let to = scope.setting.window.to;
        if let Some(due) = &spec.next_due
            && due.value <= to
        {
            let message =
                format!("the next ceremony is due at {}, before this one's window ends at {to}", due.value);
            scope.problems.add(due.place, message);
        }
        if let (Some(due), Some(first)) = (&spec.next_due, scope.first_next_update())
            && due.value > first
        {
            let message = format!(
                "the next ceremony is due at {}, after the first CRL or OCSP response of this one runs out at {first}",
                due.value
            );
            scope.problems.add(due.place, message);
        }
        Some(Self { next_due: spec.next_due.map(|due| due.value), next_purpose: spec.next_purpose })
    }

    fn preview(&self) -> String {
        let due = self.next_due.map_or(String::new(), |due| format!(" The next one is due at {due}."));
        format!("End the ceremony: store the manifest, close the log and sign its last head.{due}")
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        // While it can still be recorded: who logs in, and which token takes no head.
        room.stage.prepare_last_head()?;
        let manifest = room.stage.emit_manifest()?;
        let step = room.stage.step_number();
        room.stage.record_once(Event::StepEnd { step })?;
        room.stage.set_step(None);
        room.stage.record(Event::SessionStop {})?;
        let outcome = if room.stage.went_partial() { Outcome::Partial } else { Outcome::Ok };
        room.stage.record(Event::CeremonyClose {
            outcome,
            outputs: manifest.sha256,
            next_due: self.next_due,
            next_purpose: self.next_purpose.clone(),
            crl_next_update_min: room.ledger.first_next_update(),
        })?;
        // From here on the log is closed: if the power fails now, the head can still be signed, and nothing else.
        room.stage.sign_head()?;
        room.stage.close();
        let head = room.stage.head();
        let lines = vec![
            Line::new("records", head.size.to_string()),
            Line::new("root", head.root.to_string()),
            Line::new("in words", head.root.words()),
        ];
        // What `confirm-log` of the next ceremony asks for.
        let sentence = "The log is closed. Write its last head down on paper: the next ceremony asks for it.";
        room.stage.show(&Notice::Done { sentence: sentence.into(), lines });
        Ok(())
    }
}
