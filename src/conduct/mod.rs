//! A plan on a stage: opening, steps, closing. The only place that holds plan, stage, record and HSM at once.
//!
//! The rules of this file:
//! - Before the first record, everything that a later start needs lies beside the log: `run.json`, `plan.json`, the
//!   site's copy, and every input and profile by digest.
//! - A step's begin is stored before it does anything, its end after everything it did.
//! - After each step that hands something over the head is signed.

mod approvals;
mod cabinet;
mod closing;
mod mechanisms;
mod outcomes;
mod programme;
mod rehearsal;
mod resume;

use std::io::Cursor;
use std::path::Path;

use thiserror::Error;

pub use approvals::{ApprovalError, Approvals, Given, kept_name, statement};
pub use cabinet::{CabinetError, Modules, Running, check, is_software, open};
pub use cabinet::{configuration as token_module, login as token_login, quirks as token_quirks};
pub use outcomes::at_work;
pub use rehearsal::{Improviser, RehearsalError, Tokens, improvised_share, throw_away};

use resume::Resumption;

use crate::clock::{Clock, Timestamp};
use crate::digest::Digest;
use crate::hsm::{KeyId, TokenError};
use crate::plan::{Begun, Ledger, Plan, PlannedStep, kept_input, take_in};
use crate::record::run::{self, Kept, Run};
use crate::record::{Continued, Identity, Interrupted, LogFolder, Places, Torn, finish};
use crate::stage::{
    Cabinet, Event, Head, JournalError, Line, LogKey, Machine, Module, NoAnswer, Notice, Operators, Outcome,
    Session, Signing, Stage, StageError,
};
use crate::step::{Room, StepError};

/// What a ceremony needs beside its plan.
pub struct Company<'c> {
    /// The tokens.
    pub cabinet: Cabinet,
    /// Their modules' processes.
    pub modules: &'c Modules,
    /// The people.
    pub operators: &'c mut dyn Operators,
    /// The clock.
    pub clock: &'c dyn Clock,
    /// The machine.
    pub machine: Machine,
    /// The site file's octets.
    pub site: Vec<u8>,
    /// Whether it is practice.
    pub practice: bool,
    /// Whether nobody but the program is in the room.
    pub rehearsal: bool,
    /// Whether a file answers in people's place.
    pub answered: bool,
    /// The approvals that were given before the day.
    pub approvals: Approvals,
}

/// Where a ceremony begins.
pub enum Beginning {
    /// With a new log.
    New,
    /// With the log of earlier ceremonies.
    Continued(Continued),
    /// Where it was interrupted.
    Interrupted(Interrupted),
    /// Where it was interrupted, to be closed there.
    Closing(Interrupted, Outcome),
}

/// Conducts a ceremony, from its first record or from where it was interrupted, to the finished bundle.
///
/// # Errors
///
/// [`ConductError`]: what stopped it. The log then ends where it stopped.
pub fn conduct(
    plan: &Plan,
    places: Places,
    company: Company<'_>,
    beginning: Beginning,
) -> Result<LogFolder, ConductError> {
    // Only a practice log has nobody in the room, whatever else is said.
    let nobody = company.practice && (company.rehearsal || company.answered);
    let site_sha256 = Digest::of(&company.site);
    if !nobody && !matches!(beginning, Beginning::Closing(..)) {
        company
            .approvals
            .are_enough(plan, site_sha256)
            .map_err(|lacking| ConductError::NotApproved { lacking })?;
    }
    let identity = identity(plan, company.practice, &beginning)?;
    let session = session(company.modules.loaded.clone(), site_sha256)?;
    let earlier = Earlier::of(&beginning)?;
    let closing = match &beginning {
        Beginning::Closing(_, outcome) => Some(*outcome),
        _ => None,
    };
    let (mut log, resumption) = begin(plan, places, &identity, &company, &session, beginning)?;
    // Before the first call that a power failure could cut short.
    outcomes::keep(company.modules, &log.places().run(log.ceremony()))
        .map_err(|source| ConductError::Outcomes { source: Box::new(source) })?;
    let Company { cabinet, operators, clock, machine, practice, approvals, .. } = company;
    operators.begin(&programme::of(plan, practice, resumption.is_some(), &session));
    let mut stage = Stage::new(cabinet, &mut log, operators, clock, machine);
    let signing = approvals::signing(plan, nobody);
    if let Some(signing) = &signing {
        stage.approvals_are_signatures(signing.clone());
    }
    let opened = Opened { plan, identity, practice, session, approvals, signing, nobody };
    let done = opened.enter(earlier, &mut stage).and_then(|ledger| match &resumption {
        Some(resumption) => resumption.go_on(&opened, ledger, closing, &mut stage),
        None => opened.begin(ledger, &[], &mut stage),
    });
    // Whatever happened: nobody stays logged in. What stopped the ceremony is more important than a token
    // that does not let go.
    let logged_out = stage.log_out_everywhere();
    drop(stage);
    done?;
    logged_out?;
    if log.signed_head().is_none() && closing.is_some() {
        // It was closed before the log had a key: there is no head, and nothing that could be handed over.
        run::finish(log.places(), log.ceremony()).map_err(StageError::from)?;
        return Ok(log);
    }
    finish(&log).map_err(StageError::from)?;
    Ok(log)
}

/// The log's folder at its beginning, or where it was interrupted.
fn begin(
    plan: &Plan,
    places: Places,
    identity: &Identity,
    company: &Company<'_>,
    session: &Session,
    beginning: Beginning,
) -> Result<(LogFolder, Option<Resumption>), ConductError> {
    let kept = kept(plan, company, &places).map_err(StageError::from)?;
    let log = match beginning {
        Beginning::New => LogFolder::create(places, identity, kept),
        Beginning::Continued(continued) => LogFolder::go_on(places, identity, continued, kept),
        Beginning::Interrupted(interrupted) | Beginning::Closing(interrupted, _) => {
            let left = outcomes::left(&places.run(&identity.ceremony));
            let mut resumption = Resumption::of(&interrupted, session, company.clock.now(), left)?;
            let gone_on = LogFolder::go_on_after(places, identity, interrupted);
            let (log, torn) = gone_on.map_err(StageError::from)?;
            resumption.torn = torn;
            return Ok((log, Some(resumption)));
        }
    };
    Ok((log.map_err(StageError::from)?, None))
}

/// A ceremony whose log is open.
struct Opened<'p> {
    plan: &'p Plan,
    identity: Identity,
    practice: bool,
    session: Session,
    approvals: Approvals,
    signing: Option<Signing>,
    nobody: bool,
}

impl Opened<'_> {
    /// What the ceremony takes over from the log that it continues.
    fn enter(&self, earlier: Option<Earlier>, stage: &mut Stage<'_>) -> Result<Ledger, ConductError> {
        let mut ledger = match earlier {
            Some(earlier) => earlier.enter(stage)?,
            None => Ledger::default(),
        };
        take_in(&self.plan.setting, &mut ledger);
        Ok(ledger)
    }

    /// From the first record on; `torn`: what an interruption left of it.
    fn begin(&self, ledger: Ledger, torn: &[Torn], stage: &mut Stage<'_>) -> Result<(), ConductError> {
        if stage.head_at_start().is_none() && !stage.past().has("log.genesis") {
            let (origin, practice) = (self.identity.origin.clone(), self.practice);
            let (spec, hash) = ("ceremony-log/v1".into(), "sha256".into());
            stage.record(Event::LogGenesis { origin, spec, hash, practice })?;
        }
        stage.record(Event::SessionStart(self.session.clone()))?;
        resume::tell_of_torn(torn, stage)?;
        stage.introduce_tokens()?;
        self.open_and_perform(ledger, stage)
    }

    /// From the approvals on, to the end. What the log says was done is recalled.
    fn open_and_perform(&self, mut ledger: Ledger, stage: &mut Stage<'_>) -> Result<(), ConductError> {
        self.perform_to_seal(&mut ledger, stage)?;
        self.hand_over(&mut ledger, stage)
    }

    /// From the approvals to the closing of the log.
    fn perform_to_seal(&self, ledger: &mut Ledger, stage: &mut Stage<'_>) -> Result<(), ConductError> {
        self.open(stage)?;
        for act in &self.plan.acts {
            stage.show(&Notice::Act { title: act.title.clone() });
            for step in &act.steps {
                self.step(step, ledger, stage)?;
                if step.step.name() == "seal" {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// The steps after the closing of the log: what is handed over goes onto media.
    fn after_seal(&self) -> impl Iterator<Item = &PlannedStep> {
        self.plan.steps().skip_while(|step| step.step.name() != "seal").skip(1)
    }

    /// Whether a step after the closing of the log is not done yet.
    fn owes_media(&self, stage: &Stage<'_>) -> bool {
        self.after_seal().any(|step| !stage.past().has_ended(&step.number))
    }

    /// Performs the steps after the closing of the log; its last head is another one then.
    fn hand_over(&self, ledger: &mut Ledger, stage: &mut Stage<'_>) -> Result<(), ConductError> {
        if !self.owes_media(stage) {
            return Ok(());
        }
        for step in self.after_seal() {
            self.step(step, ledger, stage)?;
        }
        let head = stage.head();
        let lines = vec![
            Line::new("records", head.size.to_string()),
            Line::new("root", head.root.to_string()),
            Line::new("in words", head.root.words()),
        ];
        let sentence = "The log has gone on since it was closed. Write this head down in the place of the one before: the next \
                        ceremony asks for it.";
        stage.show(&Notice::Done { sentence: sentence.into(), lines });
        Ok(())
    }

    /// The approvals, and what the ceremony will do.
    fn open(&self, stage: &mut Stage<'_>) -> Result<(), ConductError> {
        let (plan, site_sha256) = (self.plan, self.session.site_sha256);
        if !stage.past().has("ceremony.close") {
            approvals::register(plan, self.signing.as_ref(), stage)?;
        }
        if !stage.past().has("ceremony.open") {
            let signing = self.signing.as_ref();
            self.approvals.take_in(plan, site_sha256, signing, self.nobody, stage)?;
            let location_digest = stage.annex("location", "not given")?;
            stage.record(Event::CeremonyOpen {
                purpose: plan.setting.title.clone(),
                script_sha256: plan.script_sha256,
                plan_sha256: plan.sha256(),
                site_sha256,
                planned_outputs: plan.outputs_sha256(),
                location_digest,
                video_ids: Vec::new(),
            })?;
        }
        for (name, profile) in &plan.setting.profiles {
            stage.record_once(Event::ProfileIntroduced { name: name.clone(), sha256: profile.sha256() })?;
        }
        Ok(())
    }

    fn step(
        &self,
        planned: &PlannedStep,
        ledger: &mut Ledger,
        stage: &mut Stage<'_>,
    ) -> Result<(), ConductError> {
        let (number, name) = (planned.number.clone(), planned.step.name());
        stage.set_step(Some(number.clone()));
        // `seal` writes its end before it closes the log: it is done when the ceremony is.
        if stage.past().has_ended(&number) && (name != "seal" || stage.past().has("ceremony.close")) {
            return self.recall(planned, ledger, stage);
        }
        stage.watch_devices()?;
        let begun = stage.past().has_begun(&number);
        if !begun {
            stage.record(Event::StepBegin { step: number.clone(), name: name.into() })?;
        }
        let preview = planned.step.preview();
        stage.show(&Notice::Step { number: number.clone(), name: name.into(), preview });
        // An open intent is settled by its step, which may still take what was written for it.
        if begun && !stage.has_open_intent() {
            stage.void_leftovers("written before an interruption, and named by no record")?;
        }
        perform(planned, self.plan, ledger, stage)?;
        if name == "seal" {
            return Ok(());
        }
        stage.record(Event::StepEnd { step: number })?;
        stage.set_step(None);
        if stage.is_over() {
            // No record follows that a head would be due for: the last one is kept on every token.
            stage.prepare_last_head()?;
            return Ok(stage.sign_head()?);
        }
        // A log that goes on has its key from the beginning; before the roll is called nobody is there to use it.
        if stage.head_is_due() && !stage.present().is_empty() {
            stage.sign_head()?;
        }
        Ok(())
    }

    /// A step that the log says was done: what came of it is taken in again, and nothing happens.
    fn recall(
        &self,
        planned: &PlannedStep,
        ledger: &mut Ledger,
        stage: &mut Stage<'_>,
    ) -> Result<(), ConductError> {
        stage.recalls(true);
        let recalled = if planned.step.name() == "seal" {
            stage.emit_manifest().map(|_| ()).map_err(ConductError::from)
        } else if planned.step.is_recalled() {
            perform(planned, self.plan, ledger, stage)
        } else {
            Ok(())
        };
        stage.recalls(false);
        stage.set_step(None);
        recalled
    }
}

fn perform(
    planned: &PlannedStep,
    plan: &Plan,
    ledger: &mut Ledger,
    stage: &mut Stage<'_>,
) -> Result<(), ConductError> {
    let mut room = Room { stage, ledger, setting: &plan.setting, drafts: &plan.drafts };
    planned.step.perform(&mut room).map_err(|source| ConductError::Step {
        number: planned.number.clone(),
        name: planned.step.name(),
        source: Box::new(source),
    })
}

/// Which log, and for which ceremony.
fn identity(plan: &Plan, practice: bool, beginning: &Beginning) -> Result<Identity, ConductError> {
    let ceremony = plan.setting.ceremony.clone();
    let origin = match (beginning, &plan.origin) {
        (
            Beginning::Interrupted(Interrupted { origin: Some(origin), .. })
            | Beginning::Closing(Interrupted { origin: Some(origin), .. }, _),
            _,
        ) => origin.clone(),
        (Beginning::Continued(continued), _) => {
            if continued.practice != practice {
                return Err(ConductError::Practice { log: continued.practice });
            }
            if continued.ceremonies.contains(&ceremony) {
                return Err(ConductError::SameCeremony { ceremony });
            }
            continued.origin.clone()
        }
        (_, Some(origin)) if practice => format!("{origin}/practice"),
        (_, Some(origin)) => origin.clone(),
        (_, None) => return Err(ConductError::NoLog),
    };
    Ok(Identity { ceremony, origin, practice, plan_sha256: plan.sha256() })
}

/// What a ceremony takes over from the log that it continues.
struct Earlier {
    ledger: Ledger,
    head: Head,
    token: String,
    id: KeyId,
    hashed: bool,
    key: LogKey,
}

impl Earlier {
    fn of(beginning: &Beginning) -> Result<Option<Self>, ConductError> {
        let (ledger, head, place, spki_der) = match beginning {
            Beginning::New => return Ok(None),
            Beginning::Continued(continued) => {
                (&continued.ledger, continued.head, &continued.log_key, continued.log_key_spki())
            }
            Beginning::Interrupted(interrupted) | Beginning::Closing(interrupted, _) => {
                let (Some(place), Some(spki)) = (&interrupted.log_key, interrupted.log_key_spki()) else {
                    return Ok(None);
                };
                // Before its first record the ceremony began where the log ends.
                let head = interrupted.began_at.unwrap_or(interrupted.head);
                (&interrupted.ledger, head, place, spki)
            }
        };
        let logged = ledger.logged_key(&place.spki_sha256);
        let id = logged.and_then(|key| key.id.parse().ok()).ok_or(ConductError::LogKey)?;
        Ok(Some(Self {
            ledger: ledger.clone(),
            head,
            token: place.token.clone(),
            id,
            hashed: logged.is_some_and(|key| key.algorithm != "ed25519"),
            key: LogKey { spki_der },
        }))
    }

    /// Tells the stage whose key signs the log's heads, and where the log stood.
    fn enter(self, stage: &mut Stage<'_>) -> Result<Ledger, ConductError> {
        for key in self.ledger.logged_keys().filter(|key| !key.live) {
            if let Ok(spki_sha256) = key.spki_sha256.parse() {
                stage.is_not_live(spki_sha256);
            }
        }
        stage.continues_from(self.head);
        stage.use_log_key(&self.token, &self.id, self.hashed, &self.key)?;
        Ok(self.ledger)
    }
}

/// What a later start needs, before the first record.
fn kept(plan: &Plan, company: &Company<'_>, places: &Places) -> Result<Vec<Kept<'static>>, JournalError> {
    let run = Run {
        v: 1,
        ceremony: plan.setting.ceremony.clone(),
        practice: company.practice,
        rehearsal: company.rehearsal,
        // A whole path: a later start may be made from another folder.
        out: whole(&places.out),
        script: plan.file.clone(),
        script_sha256: plan.script_sha256,
        plan_sha256: plan.sha256(),
        site_sha256: Digest::of(&company.site),
    };
    let octets =
        |name: &str, octets: Vec<u8>| -> Kept<'static> { (name.to_owned(), Box::new(Cursor::new(octets))) };
    let mut kept = vec![
        octets("plan.json", plan.octets().to_vec()),
        octets("script.yaml", plan.script.clone()),
        octets("site.yaml", company.site.clone()),
        // Texts, numbers and digests: this cannot fail, and an empty file would be said to be lost.
        octets("run.json", serde_json::to_vec(&run).unwrap_or_default()),
    ];
    kept.extend(company.approvals.kept().into_iter().map(|(name, text)| octets(&name, text)));
    for (name, input) in &plan.setting.inputs {
        if input.brought.is_some() {
            // What the bundle said is what counts from now on; the bundle itself is not read again.
            kept.push(octets(&kept_input(name), input.octets.clone()));
            continue;
        }
        let storage = |source| JournalError::Storage { path: input.path.clone(), doing: "read", source };
        kept.push((kept_input(name), Box::new(input.reader().map_err(storage)?)));
    }
    let profiles = plan.setting.profiles.iter();
    kept.extend(
        profiles.map(|(name, profile)| octets(&Begun::file(name), profile.resolved.as_bytes().to_vec())),
    );
    Ok(kept)
}

/// A path from the root, whatever the folder is that this program runs in.
fn whole(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}

/// This program on this machine.
fn session(modules: Vec<Module>, site_sha256: Digest) -> Result<Session, ConductError> {
    let tool_sha256 = Digest::of_this_program().map_err(|source| ConductError::Myself { source })?;
    let boot_id =
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_else(|_| "unknown".into());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Ok(Session {
        tool_version: env!("CARGO_PKG_VERSION").into(),
        tool_sha256,
        host,
        boot_id: boot_id.trim().into(),
        modules,
        site_sha256,
    })
}

/// Why a ceremony did not come to its end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConductError {
    /// The stage could not go on.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// A step could not be done.
    #[error("step {number}, `{name}`, could not be done")]
    Step {
        /// Its number.
        number: String,
        /// Its name.
        name: &'static str,
        /// Why.
        source: Box<StepError>,
    },
    /// The plan continues a log, and there is none.
    #[error("the script has no `create-log`: it continues a log, and none was given")]
    NoLog,
    /// A practice log stays one, and a production log too.
    #[error("the log is {} log; wanted the other kind", if *log { "a practice" } else { "a production" })]
    Practice {
        /// Whether the log is practice.
        log: bool,
    },
    /// Each ceremony has an id of its own.
    #[error("the log has a ceremony `{ceremony}` already; wanted an id of its own")]
    SameCeremony {
        /// The id.
        ceremony: String,
    },
    /// Plan or site are not approved by enough people.
    #[error("the plan or the site is not approved: {}", lacking.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    NotApproved {
        /// What is missing.
        lacking: Vec<ApprovalError>,
    },
    /// The log does not say where its key is.
    #[error("the log does not say where the key is that signs its heads")]
    LogKey,
    /// The clock says an earlier time than the log.
    #[error("the clock says {now}, and the log's last record is of {last}")]
    Clock {
        /// What the clock says.
        now: Timestamp,
        /// What the log says.
        last: Timestamp,
    },
    /// Another program began the ceremony.
    #[error("the ceremony was begun by a program with the SHA-256 {before}; this one has {now}")]
    OtherTool {
        /// The digest in the log.
        before: String,
        /// This program's.
        now: Digest,
    },
    /// The modules are others.
    #[error("the modules are not those of the log: {before} before, {now} now")]
    OtherModules {
        /// The digests in the log.
        before: String,
        /// The digests now.
        now: String,
    },
    /// A ceremony that has not opened has nothing to close.
    #[error(
        "the ceremony has not opened: nothing was signed and no key was made, so there is nothing to close"
    )]
    NotOpen,
    /// Too few people of a role are still in the room.
    #[error("{present} people of the role {role} are still here; the script's quorum is {wanted}")]
    Quorum {
        /// Which role.
        role: String,
        /// How many are there.
        present: usize,
        /// How many are wanted.
        wanted: usize,
    },
    /// A key of the log is not on its token.
    #[error("key `{name}` is in the log and not on the token `{token}` as the log says: {why}")]
    KeyLost {
        /// Its name.
        name: String,
        /// The script's name for the token.
        token: String,
        /// What was found.
        why: String,
    },
    /// A module process takes no file for the outcome of its last call.
    #[error("a module process could not be told where to leave the outcome of its last call")]
    Outcomes {
        /// What it said.
        source: Box<TokenError>,
    },
    /// This program's own file cannot be read.
    #[error("this program's own file cannot be read")]
    Myself {
        /// What the system said.
        source: std::io::Error,
    },
}

impl From<NoAnswer> for ConductError {
    fn from(error: NoAnswer) -> Self {
        Self::Stage(error.into())
    }
}
