//! A plan on a stage: opening, steps, closing. The only place that holds plan, stage, record and HSM at once.
//!
//! The rules of this file:
//! - Before the first record, everything that a later start needs lies beside the log: `run.json`, `plan.json`, the
//!   site's copy, and every input and profile by digest.
//! - A step's begin is stored before it does anything, its end after everything it did.
//! - After each step that hands something over the head is signed.

mod cabinet;
mod rehearsal;

use std::fs::File;
use std::path::Path;

use thiserror::Error;

pub use cabinet::{CabinetError, Modules, Running, open};
pub use rehearsal::{Improviser, RehearsalError, Tokens};

use crate::clock::Clock;
use crate::digest::Digest;
use crate::hsm::KeyId;
use crate::plan::{Ledger, Plan, take_in};
use crate::record::{Continued, Identity, LogFolder, Places, finish};
use crate::stage::{
    Cabinet, Event, Expected, Head, Line, LogKey, Machine, Module, NoAnswer, Notice, Operators, Session,
    Stage, StageError,
};
use crate::step::{Room, StepError};

/// What a ceremony needs beside its plan.
pub struct Company<'c> {
    /// The tokens.
    pub cabinet: Cabinet,
    /// Their modules, by digest.
    pub modules: Vec<Module>,
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
}

/// Conducts a ceremony, from its first record to the finished bundle. `continued`: the log that it goes on with, if
/// it does not create one.
///
/// # Errors
///
/// [`ConductError`]: what stopped it. The log then ends where it stopped.
pub fn conduct(
    plan: &Plan,
    places: Places,
    company: Company<'_>,
    continued: Option<Continued>,
) -> Result<LogFolder, ConductError> {
    let identity = identity(plan, company.practice, continued.as_ref())?;
    let earlier = continued.as_ref().map(Earlier::of).transpose()?;
    let mut log = match continued {
        Some(continued) => LogFolder::go_on(places, &identity, continued),
        None => LogFolder::create(places, &identity),
    }
    .map_err(StageError::from)?;
    keep_for_resume(&log, plan, &company).map_err(StageError::from)?;
    let Company { cabinet, modules, operators, clock, machine, site, practice } = company;
    let mut stage = Stage::new(cabinet, &mut log, operators, clock, machine);
    let ledger = if let Some(earlier) = earlier {
        earlier.enter(&mut stage)?
    } else {
        let (origin, spec, hash) = (identity.origin, "ceremony-log/v1".into(), "sha256".into());
        stage.record(Event::LogGenesis { origin, spec, hash, practice })?;
        Ledger::default()
    };
    stage.record(Event::SessionStart(session(modules, Digest::of(&site))?))?;
    let done = open_and_perform(plan, Digest::of(&site), ledger, &mut stage);
    // Whatever happened: nobody stays logged in. What stopped the ceremony is more important than a token
    // that does not let go.
    let logged_out = stage.log_out_everywhere();
    drop(stage);
    done?;
    logged_out?;
    finish(&log).map_err(StageError::from)?;
    Ok(log)
}

fn open_and_perform(
    plan: &Plan,
    site_sha256: Digest,
    mut ledger: Ledger,
    stage: &mut Stage<'_>,
) -> Result<(), ConductError> {
    stage.introduce_tokens()?;
    approve(plan, site_sha256, stage)?;
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
    for (name, profile) in &plan.setting.profiles {
        stage.record(Event::ProfileIntroduced { name: name.clone(), sha256: profile.sha256() })?;
    }
    take_in(&plan.setting, &mut ledger);
    for act in &plan.acts {
        stage.show(&Notice::Act { title: act.title.clone() });
        for step in &act.steps {
            let (number, name) = (step.number.clone(), step.step.name());
            stage.set_step(Some(number.clone()));
            stage.record(Event::StepBegin { step: number.clone(), name: name.into() })?;
            stage.show(&Notice::Step {
                number: number.clone(),
                name: name.into(),
                preview: step.step.preview(),
            });
            let mut room = Room { stage, ledger: &mut ledger, setting: &plan.setting };
            step.step.perform(&mut room).map_err(|source| ConductError::Step {
                number: number.clone(),
                name,
                source: Box::new(source),
            })?;
            if stage.is_closed() {
                break;
            }
            stage.record(Event::StepEnd { step: number })?;
            stage.set_step(None);
            // A log that goes on has its key from the beginning; before the roll is called nobody is there to use it.
            if stage.head_is_due() && !stage.present().is_empty() {
                stage.sign_head()?;
            }
        }
    }
    Ok(())
}

/// Which log, and for which ceremony.
fn identity(plan: &Plan, practice: bool, continued: Option<&Continued>) -> Result<Identity, ConductError> {
    let ceremony = plan.setting.ceremony.clone();
    let origin = match (continued, &plan.origin) {
        (Some(continued), _) => {
            if continued.practice != practice {
                return Err(ConductError::Practice { log: continued.practice });
            }
            if continued.ceremonies.contains(&ceremony) {
                return Err(ConductError::SameCeremony { ceremony });
            }
            continued.origin.clone()
        }
        (None, Some(origin)) if practice => format!("{origin}/practice"),
        (None, Some(origin)) => origin.clone(),
        (None, None) => return Err(ConductError::NoLog),
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
    fn of(continued: &Continued) -> Result<Self, ConductError> {
        let place = &continued.log_key;
        let logged = continued.ledger.logged_key(&place.spki_sha256);
        let id = logged.and_then(|key| key.id.parse().ok()).ok_or(ConductError::LogKey)?;
        Ok(Self {
            ledger: continued.ledger.clone(),
            head: continued.head,
            token: place.token.clone(),
            id,
            hashed: logged.is_some_and(|key| key.algorithm != "ed25519"),
            key: LogKey { spki_der: continued.log_key_spki() },
        })
    }

    /// Tells the stage whose key signs the log's heads, and where the log stood.
    fn enter(self, stage: &mut Stage<'_>) -> Result<Ledger, ConductError> {
        stage.continues_from(self.head);
        stage.use_log_key(&self.token, &self.id, self.hashed, &self.key)?;
        Ok(self.ledger)
    }
}

/// The plan's digest, and the site's, approved by the people of the script.
fn approve(plan: &Plan, site_sha256: Digest, stage: &mut Stage<'_>) -> Result<(), StageError> {
    for (role, count) in &plan.setting.people.approvals {
        for person in plan.setting.people.of_role(role).take(*count) {
            let sha256 = plan.sha256();
            let lines = vec![
                Line::new("plan SHA-256", sha256.to_string()),
                Line::new("in words", sha256.words()),
                Line::new("site SHA-256", site_sha256.to_string()),
                Line::new("in words", site_sha256.words()),
            ];
            let sentence = "Is this the plan that you reviewed, and the site that you expect?";
            stage.question(person.clone(), sentence, lines, Expected::Word("approve"))?;
            let (id, method) = (person.id.clone(), plan.setting.people.method.clone());
            stage.record_by(
                person,
                Event::PlanApproved { sha256, person: id.clone(), method: method.clone() },
            )?;
            stage.record_by(person, Event::SiteApproved { sha256: site_sha256, person: id, method })?;
        }
    }
    Ok(())
}

/// What a later start needs, before the first record.
fn keep_for_resume(
    log: &LogFolder,
    plan: &Plan,
    company: &Company<'_>,
) -> Result<(), crate::stage::JournalError> {
    log.keep("plan.json", plan.octets())?;
    log.keep("site.yaml", &company.site)?;
    for (name, input) in &plan.setting.inputs {
        let storage =
            |source| crate::stage::JournalError::Storage { path: input.path.clone(), doing: "read", source };
        let mut octets = input.reader().map_err(storage)?;
        log.keep_from(&format!("input-{name}"), &mut octets)?;
    }
    for (name, profile) in &plan.setting.profiles {
        log.keep(&format!("profile-{name}"), profile.resolved.as_bytes())?;
    }
    let run = serde_json::json!({
        "v": 1,
        "ceremony": plan.setting.ceremony,
        "practice": company.practice,
        // Whole paths: a later start may be made from another folder.
        "out": whole(&log.places().out),
        "bundle": whole(&log.places().bundle),
        "plan_sha256": plan.sha256(),
        "site_sha256": Digest::of(&company.site),
    });
    log.keep("run.json", run.to_string().as_bytes())
}

/// A path from the root, whatever the folder is that this program runs in.
fn whole(path: &Path) -> String {
    path.canonicalize().unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}

/// This program on this machine.
fn session(modules: Vec<Module>, site_sha256: Digest) -> Result<Session, ConductError> {
    let myself = Path::new("/proc/self/exe");
    let tool_sha256 = File::open(myself)
        .and_then(|mut file| Digest::of_reader(&mut file))
        .map_err(|source| ConductError::Myself { source })?;
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
    /// The log does not say where its key is.
    #[error("the log does not say where the key is that signs its heads")]
    LogKey,
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
