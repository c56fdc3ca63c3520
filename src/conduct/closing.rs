//! A ceremony that cannot be finished: it is closed where it is, `partial` with what it signed or `aborted` without.
//!
//! The rules of this file:
//! - It has a reason in somebody's own words, and the quorum of officers says so, each by an exact word.
//! - Every intent gets its result, every serial number of a certificate that does not count is burned.
//! - What was signed is kept or voided as a whole, and the log says which.
//! - Shares of a step that did not end open nothing afterwards, and each is accounted for.

use super::{ConductError, Opened};
use crate::approval::{DEVIATION, deviation_sha256};
use crate::plan::Ledger;
use crate::stage::{Event, Expected, Line, Notice, Outcome, Person, Stage, StageError, ToApprove};
use crate::step::{account_for_shares, burn_serials};

impl Opened<'_> {
    /// Closes the ceremony where it is.
    pub(super) fn close(
        &self,
        mut ledger: Ledger,
        outcome: Outcome,
        stage: &mut Stage<'_>,
    ) -> Result<(), ConductError> {
        if !stage.past().has("ceremony.open") {
            return Err(ConductError::NotOpen);
        }
        for step in self.plan.steps().filter(|step| step.step.name() != "seal") {
            if stage.past().has_ended(&step.number) {
                stage.set_step(Some(step.number.clone()));
                self.recall(step, &mut ledger, stage)?;
            }
        }
        let begun = self
            .plan
            .steps()
            .find(|step| stage.past().has_begun(&step.number) && !stage.past().has_ended(&step.number));
        stage.set_step(begun.map(|step| step.number.clone()));
        let reason = self.agree(outcome, stage)?;
        settle(stage)?;
        stage.void_leftovers("written before an interruption, and named by no record")?;
        let kept = outcome == Outcome::Partial;
        burn_serials(kept, stage)?;
        let word = if kept { "partial" } else { "aborted" };
        let why = format!("the ceremony was closed as {word}: {reason}");
        let (destroyed, missing) = account_for_shares(&self.plan.setting.people.all, &why, &ledger, stage)?;
        let voided =
            if kept { 0 } else { stage.void_everything(&format!("the ceremony was aborted: {reason}"))? };
        stage.set_step(None);
        // Its last head is signed below, which an older copy of the log must not get.
        if !stage.is_log_confirmed() {
            stage.compare_with_tokens()?;
            stage.log_is_confirmed();
        }
        stage.prepare_last_head()?;
        let manifest = stage.emit_manifest()?;
        stage.record(Event::SessionStop {})?;
        stage.record(Event::CeremonyClose {
            outcome,
            outputs: manifest.sha256,
            next_due: None,
            next_purpose: None,
            crl_next_update_min: if kept { ledger.first_next_update() } else { None },
        })?;
        stage.sign_head()?;
        stage.close();
        let head = stage.head();
        let lines = vec![
            Line::new(
                "outcome",
                if kept { "partial: what was signed is kept" } else { "aborted: nothing counts" },
            ),
            Line::new("artifacts voided", voided.to_string()),
            Line::new("shares destroyed", destroyed.to_string()),
            Line::new("shares missing", missing.to_string()),
            Line::new("records", head.size.to_string()),
            Line::new("root", head.root.to_string()),
            Line::new("in words", head.root.words()),
        ];
        let sentence = "The ceremony is closed before its time. Write the log's last head down on paper.";
        stage.show(&Notice::Done { sentence: sentence.into(), lines });
        Ok(())
    }

    /// The reason, and the word of every officer of the quorum; both in the log.
    fn agree(&self, outcome: Outcome, stage: &mut Stage<'_>) -> Result<String, ConductError> {
        let people = &self.plan.setting.people;
        let first = people.of_role("ceremony-administrator").next().or_else(|| people.all.first());
        let Some(person) = first.cloned() else { return Ok(String::new()) };
        let word = if outcome == Outcome::Partial { "partial" } else { "aborted" };
        let lines = vec![Line::new("closed as", word)];
        let sentence = "Why does the ceremony end here? It goes into the log.";
        let reason = stage.question(person.clone(), sentence, lines, Expected::Text)?;
        let present = stage.present().iter().filter(|person| person.role == "crypto-officer");
        let officers: Vec<Person> = present.cloned().collect();
        let wanted = people.quorum.get("crypto-officer").copied().unwrap_or(1);
        if officers.len() < wanted {
            let (role, present) = ("crypto-officer".to_owned(), officers.len());
            return Err(ConductError::Quorum { role, present, wanted });
        }
        let (step, expected) = (stage.step_number(), "the ceremony goes on".to_owned());
        let sha256 = deviation_sha256(&step, &expected, &reason);
        let (mut approved_by, mut signatures) = (Vec::new(), Vec::new());
        for officer in officers.into_iter().take(wanted) {
            let lines = vec![Line::new("closed as", word), Line::new("reason", reason.clone())];
            let sentence = "The ceremony ends here and cannot go on.";
            let what = ToApprove { kind: DEVIATION, sha256, word: "close" };
            signatures.extend(stage.approval(&officer, sentence, &lines, what)?);
            approved_by.push(officer.id);
        }
        let actual = reason.clone();
        stage.record_by(&person, Event::StepDeviation { step, expected, actual, approved_by, signatures })?;
        Ok(reason)
    }
}

/// Every intent gets a result: nothing of it is looked for any more.
fn settle(stage: &mut Stage<'_>) -> Result<(), StageError> {
    for intent in stage.take_open_intents() {
        let event = if intent.ev.ends_with(".sign.intent") {
            Event::SignAborted { reason: "the ceremony was closed before its time".into() }
        } else {
            let error = "the ceremony was closed before its time".into();
            Event::ActFailed { error, residue: "unknown; it may be on the token".into() }
        };
        stage.record_closing(event, intent.seq)?;
    }
    Ok(())
}
