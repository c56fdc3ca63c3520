//! Who approved plan and site: by a word in the room, or by a signature before the day.
//!
//! The rules of this file:
//! - Signatures are checked before anything is made or recorded: each of them, and that there are enough of each role.
//! - A person counts once, whatever they signed. What is for another plan, site or ceremony counts for nothing, and is said.
//! - Only where nobody is in the room does the key sign that everybody has; the log is practice then.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::approval::{
    GivenError, PlanApproval, PlanStatement, SshSignatureError, VerifiedPlanApproval, practice_key,
    practice_signature,
};
use crate::digest::Digest;
use crate::plan::Plan;
use crate::stage::{Event, Expected, Line, Person, Signing, Stage, StageError};
use crate::step::SIGNATURE;

/// A file that somebody brings: what it is called, and its octets.
#[derive(Clone, Debug)]
pub struct Given {
    /// Its name, for messages.
    pub name: String,
    /// Its octets.
    pub octets: Vec<u8>,
}

/// The approvals of a ceremony that were given before the day, every one of them verified.
#[derive(Clone, Debug, Default)]
pub struct Approvals(Vec<VerifiedPlanApproval>);

impl Approvals {
    /// Verifies what was brought. `site`: the site file's digest, where there is one.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with any of it.
    pub fn verify(plan: &Plan, site: Option<Digest>, given: &[Given]) -> Result<Self, Vec<ApprovalError>> {
        let (mut verified, mut wrong) = (Vec::new(), Vec::new());
        for file in given {
            match verify(plan, site, file) {
                Ok(approval) => verified.push(approval),
                Err(error) => wrong.push(error),
            }
        }
        if wrong.is_empty() { Ok(Self(verified)) } else { Err(wrong) }
    }

    /// Where approvals are signatures: whether enough of each role have approved the plan, and the site.
    ///
    /// # Errors
    ///
    /// [`ApprovalError::TooFew`] for each role and each of the two.
    pub fn are_enough(&self, plan: &Plan, site: Digest) -> Result<(), Vec<ApprovalError>> {
        if !plan.setting.people.sign() {
            return Ok(());
        }
        let of_site = |statement: &PlanStatement| statement.site == Some(site);
        let mut lacking = self.lacking(plan, "plan", |_| true);
        lacking.extend(self.lacking(plan, "site", of_site));
        if lacking.is_empty() { Ok(()) } else { Err(lacking) }
    }

    fn lacking(
        &self,
        plan: &Plan,
        what: &'static str,
        counts: impl Fn(&PlanStatement) -> bool,
    ) -> Vec<ApprovalError> {
        let people = &plan.setting.people;
        let approved: BTreeSet<&str> =
            self.all().filter(|said| counts(said)).map(|said| said.person.as_str()).collect();
        let lacking = people.approvals.iter().filter_map(|(role, wanted)| {
            let of_role: BTreeSet<&str> = people.of_role(role).map(|person| person.id.as_str()).collect();
            let missing: Vec<String> = of_role.difference(&approved).map(|id| (*id).to_owned()).collect();
            let (role, wanted, found) = (role.clone(), *wanted, of_role.len() - missing.len());
            (found < wanted).then_some(ApprovalError::TooFew { what, role, found, wanted, missing })
        });
        lacking.collect()
    }

    /// What each of them says.
    pub fn all(&self) -> impl Iterator<Item = &PlanStatement> {
        self.0.iter().map(VerifiedPlanApproval::statement)
    }

    /// The files that a later start needs.
    pub(super) fn kept(&self) -> Vec<(String, Vec<u8>)> {
        let numbered = (1..).zip(&self.0);
        numbered.map(|(number, approval)| (kept_name(number), approval.to_text().into_bytes())).collect()
    }

    /// The plan's digest, and the site's, approved by the people of the script, each in the log.
    pub(super) fn take_in(
        &self,
        plan: &Plan,
        site: Digest,
        signing: Option<&Signing>,
        nobody: bool,
        stage: &mut Stage<'_>,
    ) -> Result<(), StageError> {
        let people = &plan.setting.people;
        let mut done = Done::of(plan, site, stage);
        // In a rehearsal the keys are others, and the site is: what was brought was judged, and that is all.
        for approval in self.0.iter().filter(|_| !nobody) {
            let said = approval.statement();
            if let Some(person) = people.find(&said.person) {
                done.approved(person, said.site == Some(site), Some(approval.signature()), stage)?;
            }
        }
        for (role, count) in &people.approvals {
            let of_role: Vec<&Person> = people.of_role(role).collect();
            let lacking: Vec<&Person> = of_role.iter().filter(|person| !done.has(person)).copied().collect();
            let wanted = count.saturating_sub(of_role.len() - lacking.len());
            for person in lacking.into_iter().take(wanted) {
                match signing {
                    None => {
                        ask(plan, site, person, stage)?;
                        done.approved(person, true, None, stage)?;
                    }
                    Some(_) if nobody => {
                        let text = statement(plan, Some(site), person).to_string();
                        let signature = practice_signature(text.as_bytes()).to_base64();
                        done.approved(person, true, Some(signature), stage)?;
                    }
                    // There were enough, or the ceremony would not have begun.
                    Some(_) => {}
                }
            }
        }
        Ok(())
    }
}

/// What signatures in the room are of, and by which keys; nothing where words approve. `nobody`: there are no people in the
/// room, and the key signs that everybody has.
pub(super) fn signing(plan: &Plan, nobody: bool) -> Option<Signing> {
    let people = &plan.setting.people;
    people.sign().then(|| {
        let everybody = || people.all.iter().map(|person| (person.id.clone(), practice_key())).collect();
        let keys = if nobody { everybody() } else { people.keys.clone() };
        Signing { ceremony: plan.setting.ceremony.clone(), plan: plan.sha256(), keys }
    })
}

/// The keys that count from here on, in the log.
pub(super) fn register(
    plan: &Plan,
    signing: Option<&Signing>,
    stage: &mut Stage<'_>,
) -> Result<(), StageError> {
    let people = &plan.setting.people;
    let keys = signing.map_or(&people.keys, |signing| &signing.keys);
    for person in &people.all {
        let Some(key) = keys.get(&person.id).map(ToString::to_string) else { continue };
        let (id, role) = (person.id.clone(), person.role.clone());
        stage.record_once(Event::PersonRegistered { id, role, key })?;
    }
    Ok(())
}

/// Who has approved the plan and who the site, by the log.
struct Done {
    plan: Digest,
    site: Digest,
    of_plan: BTreeSet<String>,
    of_site: BTreeSet<String>,
}

impl Done {
    /// As far as it was recorded before an interruption.
    fn of(plan: &Plan, site: Digest, stage: &Stage<'_>) -> Self {
        let plan = plan.sha256();
        let of = |ev: &str, sha256: Digest| {
            let records = stage.past().records().iter();
            records
                .filter(|record| record.ev == ev && record.digest("sha256") == Some(sha256))
                .filter_map(|record| record.text("person").map(str::to_owned))
                .collect()
        };
        Self { plan, site, of_plan: of("plan.approved", plan), of_site: of("site.approved", site) }
    }

    fn has(&self, person: &Person) -> bool {
        self.of_plan.contains(&person.id) && self.of_site.contains(&person.id)
    }

    /// Records an approval, unless it is in the log. A power failure between the two leaves one of them, and the other
    /// comes with the next start.
    fn approved(
        &mut self,
        person: &Person,
        with_site: bool,
        signature: Option<String>,
        stage: &mut Stage<'_>,
    ) -> Result<(), StageError> {
        let method = if signature.is_some() { SIGNATURE } else { TYPED }.to_owned();
        if self.of_plan.insert(person.id.clone()) {
            let (sha256, id, method, signature) =
                (self.plan, person.id.clone(), method.clone(), signature.clone());
            stage.record_by(person, Event::PlanApproved { sha256, person: id, method, signature })?;
        }
        if with_site && self.of_site.insert(person.id.clone()) {
            let (sha256, id) = (self.site, person.id.clone());
            stage.record_by(person, Event::SiteApproved { sha256, person: id, method, signature })?;
        }
        Ok(())
    }
}

/// The name of a file that is kept for a later start, in the ceremony's own folder.
pub fn kept_name(number: usize) -> String {
    format!("approval-{number}")
}

/// What a person signs who approves.
pub fn statement(plan: &Plan, site: Option<Digest>, person: &Person) -> PlanStatement {
    let (ceremony, person) = (plan.setting.ceremony.clone(), person.id.clone());
    PlanStatement { ceremony, person, plan: plan.sha256(), site }
}

fn verify(plan: &Plan, site: Option<Digest>, file: &Given) -> Result<VerifiedPlanApproval, ApprovalError> {
    let name = || file.name.clone();
    let approval = PlanApproval::read(&file.octets)
        .map_err(|source| ApprovalError::Unreadable { file: name(), source })?;
    let said = approval.statement.clone();
    let person = said.person.clone();
    if plan.setting.people.find(&person).is_none() {
        return Err(ApprovalError::Nobody { file: name(), person });
    }
    let Some(key) = plan.setting.people.keys.get(&person) else {
        return Err(ApprovalError::NoKey { file: name(), person });
    };
    // Whose it is comes first: what a stranger's file says is not worth telling.
    let verified = approval.verify(key).map_err(|source| ApprovalError::Signature {
        file: name(),
        person: person.clone(),
        source,
    })?;
    let other = |what: &'static str, signed: String, wanted: String| {
        let (file, person) = (name(), person.clone());
        Err(ApprovalError::Other { file, person, what, signed, wanted })
    };
    if said.ceremony != plan.setting.ceremony {
        return other("ceremony", said.ceremony, plan.setting.ceremony.clone());
    }
    if said.plan != plan.sha256() {
        return other("plan", said.plan.to_string(), plan.sha256().to_string());
    }
    match (said.site, site) {
        (Some(signed), Some(wanted)) if signed != wanted => {
            other("site", signed.to_string(), wanted.to_string())
        }
        _ => Ok(verified),
    }
}

/// Asks for the word in the room.
fn ask(plan: &Plan, site: Digest, person: &Person, stage: &mut Stage<'_>) -> Result<(), StageError> {
    let plan = plan.sha256();
    let lines = vec![
        Line::new("plan SHA-256", plan.to_string()),
        Line::new("in words", plan.words()),
        Line::new("site SHA-256", site.to_string()),
        Line::new("in words", site.words()),
    ];
    let sentence = "Is this the plan that you reviewed, and the site that you expect?";
    stage.question(person.clone(), sentence, lines, Expected::Word("approve")).map(drop)
}

/// A word was typed in the room.
const TYPED: &str = "typed";

/// Why an approval does not count, or why they are not enough.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ApprovalError {
    /// Not an approval.
    #[error("`{file}`")]
    Unreadable {
        /// The file.
        file: String,
        /// Why not.
        source: GivenError,
    },
    /// Of somebody who does not take part.
    #[error("`{file}` is an approval of `{person}`; the script has nobody of that id")]
    Nobody {
        /// The file.
        file: String,
        /// Whose it says it is.
        person: String,
    },
    /// Of somebody without a key.
    #[error("`{file}` is an approval of `{person}`; the script registers no `ssh-key` for them")]
    NoKey {
        /// The file.
        file: String,
        /// Whose it says it is.
        person: String,
    },
    /// Not signed by the person.
    #[error("`{file}` is no approval of `{person}`")]
    Signature {
        /// The file.
        file: String,
        /// Whose it says it is.
        person: String,
        /// Why not.
        source: SshSignatureError,
    },
    /// Of something else.
    #[error("`{file}`: `{person}` signed the {what} {signed}; wanted {wanted}")]
    Other {
        /// The file.
        file: String,
        /// Whose it is.
        person: String,
        /// `plan`, `site` or `ceremony`.
        what: &'static str,
        /// What was signed.
        signed: String,
        /// What it is here.
        wanted: String,
    },
    /// Too few.
    #[error("{found} of the role `{role}` signed the {what}; wanted {wanted}. Not signed: {}", missing.join(", "))]
    TooFew {
        /// `plan` or `site`.
        what: &'static str,
        /// The role.
        role: String,
        /// How many did.
        found: usize,
        /// How many have to.
        wanted: usize,
        /// Who of the role did not.
        missing: Vec<String>,
    },
}
