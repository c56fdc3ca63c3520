//! `import`: what a ceremony left, judged by the online side's pins, staged by one person and activated by another.

mod desk;
mod people;
mod possession;

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{failures, files, verify};
use crate::approval::ImportAct;
use crate::digest::Digest;
use crate::failure::{Failure, Turn};
use crate::intake::{
    Judged, Kept, Locked, PinnedExport, Pins, Set, SetStore, StoreError, Trust, Verified, head,
};
use desk::{Desk, NO_RECEIPT, kept_receipt};
use people::People;

/// Judge a bundle by the online side's pins; stage it; activate what somebody else staged
///
/// Without `--stage` or `--activate` nothing is changed. Staging and activation are done by two people of the pins file, each
/// of whom signs with a key of their own. On any finding that refuses, nothing is staged or activated; exits with 5.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// The bundle's folder
    bundle: PathBuf,
    /// What the online side knows from elsewhere
    #[arg(long, value_name = "FILE")]
    pins: PathBuf,
    /// Where what was taken in is kept [default: `store` of the pins file]
    #[arg(long, value_name = "FOLDER")]
    store: Option<PathBuf>,
    /// Put it beside what is active
    #[arg(long, requires_all = ["person", "key"], conflicts_with = "activate")]
    stage: bool,
    /// Make active what somebody else staged
    #[arg(long, requires_all = ["person", "key"])]
    activate: bool,
    /// Who does it, by the id in the pins file
    #[arg(long, value_name = "ID")]
    person: Option<String>,
    /// Their private key, the handle of their FIDO key, or the public half of a key in an agent
    #[arg(long, value_name = "FILE", requires = "person")]
    key: Option<PathBuf>,
    /// The root of the log as it was compared with paper; any other one is not activated, and nothing is asked
    #[arg(long, value_name = "SHA256", requires = "activate")]
    root: Option<Digest>,
    /// Only these servers' configuration, of those that the pins file has; may be repeated
    #[arg(long, value_name = "SERVER")]
    export: Vec<String>,
    /// How to say what was found
    #[arg(long, value_parser = ["text", "json"], default_value = "text")]
    format: String,
}

impl Import {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Everything that refuses the bundle; people who may not; a store that cannot be used.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let desk = self.desk()?;
        let changes = self.stage || self.activate;
        let people = changes.then(|| self.people(&desk)).transpose()?;
        let lock = changes.then(|| desk.store.lock()).transpose().map_err(|error| store(&error))?;
        let active = desk.store.active().map_err(|error| store(&error))?;
        match (&people, &lock) {
            (Some(people), Some(lock)) if self.activate => {
                self.activate(&desk, people, lock, active.as_ref(), out)
            }
            (Some(people), Some(lock)) => self.stage(&desk, people, lock, active.as_ref(), out),
            _ => {
                let judged = desk.judge(&self.bundle, active.as_ref())?;
                self.say(&desk, &judged, None, out)?;
                let text = judged.verified.as_ref().map(|verified| shown(verified.set())).unwrap_or_default();
                self.print(
                    out,
                    &format!("{text}Nothing was changed: `--stage` puts it beside what is active.\n"),
                )
            }
        }
    }

    fn desk(&self) -> Result<Desk, Failure> {
        let file = self.pins.display().to_string();
        let pins = Pins::read(&file, &files::octets(&self.pins)?)?;
        let policy = files::octets(&Pins::path(&self.pins, &pins.value.policy))?;
        let named = pins.value.store.as_ref().map(|store| Pins::path(&self.pins, store));
        let folder = self.store.clone().or(named).ok_or_else(|| {
            Failure::new(Turn::Author, "it is not said where what was taken in is kept")
                .hint("`--store FOLDER`, or `store` in the pins file")
        })?;
        let folder = std::path::absolute(&folder).map_err(|error| failures::file("find", &folder, &error))?;
        let exports = self.exports(&pins.value, &folder)?;
        Ok(Desk { pins, policy, store: SetStore::new(folder), exports, now: verify::now() })
    }

    /// The servers, each with the place where its configuration will be whatever set is active.
    fn exports(&self, pins: &Pins, store: &Path) -> Result<Vec<PinnedExport>, Failure> {
        let known: Vec<&str> = pins.exports.iter().map(|export| export.server.name()).collect();
        if let Some(unknown) = self.export.iter().find(|name| !known.contains(&name.as_str())) {
            let message = format!("the pins file has no export `{}`", files::one_line(unknown));
            let hint = if known.is_empty() {
                "it has none: a server and its setting stand under `exports`".to_owned()
            } else {
                format!("it has {}", known.join(", "))
            };
            return Err(Failure::new(Turn::Author, message).hint(hint));
        }
        let wanted = |export: &&PinnedExport| {
            self.export.is_empty() || self.export.iter().any(|name| name == export.server.name())
        };
        let made = pins.exports.iter().filter(wanted).map(|export| {
            let mut setting = export.setting.clone();
            if setting.folder.is_empty() {
                setting.folder =
                    store.join("active/exports").join(export.server.name()).display().to_string();
            }
            let setting = setting.checked().map_err(|error| Failure::new(Turn::Author, error.to_string()))?;
            Ok(PinnedExport { server: export.server, setting })
        });
        made.collect()
    }

    fn people<'p>(&'p self, desk: &'p Desk) -> Result<People<'p>, Failure> {
        let person = self.person.as_deref().unwrap_or_default();
        People::find(&desk.pins.value, person, self.key.as_deref().unwrap_or(Path::new("")))
    }

    /// Says what was found; a failure if anything refuses. Two heads that contradict each other are kept.
    fn say(
        &self,
        desk: &Desk,
        judged: &Judged,
        lock: Option<&Locked>,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        if self.format == "json" {
            files::print(out, &verify::json(&judged.report))?;
            verify::remark(&judged.report);
        } else if !judged.report.refuses() {
            files::print(out, &verify::remarks(&judged.report))?;
        }
        let Err(failure) = verify::refusal(&judged.report, self.format == "text") else { return Ok(()) };
        if self.format == "text" {
            verify::remark(&judged.report);
        }
        let evidence = match (&judged.forked, lock) {
            (Some(offered), Some(lock)) => Some(lock.keep_evidence(offered).map_err(|error| store(&error))?),
            _ => None,
        };
        Err(match evidence {
            Some(folder) => failure.hint(format!(
                "nothing was changed; both heads are kept as evidence in {} ; tell the auditor and the witnesses",
                folder.display()
            )),
            None if judged.broken => failure.hint(
                "nothing was changed; the head is good and the lines are not its own: this copy of the bundle is broken, or somebody \
                 changed it; take it from its medium once more",
            ),
            None => failure.hint(format!(
                "nothing was changed; this machine's clock says {}, and everything was judged by it",
                desk.now
            )),
        })
    }

    fn stage(
        &self,
        desk: &Desk,
        people: &People<'_>,
        lock: &Locked,
        active: Option<&Kept>,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        let judged = desk.judge(&self.bundle, active)?;
        self.say(desk, &judged, Some(lock), out)?;
        let verified = verified(&judged)?;
        if active.is_some_and(|active| is_same_head(&active.set, verified.set())) {
            return self.print(out, "This head is active already; there is nothing to stage.\n");
        }
        if let Some(kept) = find(desk, verified.set(), active)? {
            let by = people.who_staged(&desk.store, &kept)?;
            return self.print(out, &format!("{}It is staged already, by {by}.\n", shown(&kept.set)));
        }
        self.print(out, &shown(verified.set()))?;
        let approval = people.sign(ImportAct::Stage, verified.set(), desk.now)?;
        let kept = lock.stage(verified, &approval.to_text()).map_err(|error| store(&error))?;
        self.print(
            out,
            &format!(
                "\nStaged; nothing of it is active yet. Somebody else activates it.\n  set     {}\n",
                kept.folder.display()
            ),
        )
    }

    fn activate(
        &self,
        desk: &Desk,
        people: &People<'_>,
        lock: &Locked,
        active: Option<&Kept>,
        out: &mut dyn Write,
    ) -> Result<(), Failure> {
        // What will be active is the staged copy; the bundle that is named says which it is.
        let offered = head(&self.bundle, &Trust::Pinned(desk.policy.clone()), desk.now)
            .map_err(|error| failures::file("read", &self.bundle.join("checkpoint"), &error))?;
        let offered = (offered.checkpoint.size, Digest::from_octets(*offered.checkpoint.root.octets()));
        if let Some(active) = active.filter(|active| (active.set.size, active.set.root) == offered) {
            let receipt = desk.receipt(lock, active)?;
            return self.print(out, &format!("It is active already.\n{receipt}"));
        }
        let kept = desk.staged(offered, active)?;
        let staged_by = people.is_another(&desk.store, &kept)?;
        let judged = desk.judge(&kept.folder.join("bundle"), active)?;
        self.say(desk, &judged, Some(lock), out)?;
        let verified = verified(&judged)?;
        desk.is_what_was_staged(&kept, verified)?;
        self.print(out, &format!("{}staged by    {staged_by}\n", shown(&kept.set)))?;
        people::agree(self.root, &kept.set, out)?;
        let approval = people.sign(ImportAct::Activate, &kept.set, desk.now)?;
        // Whoever cannot answer does not activate: the receipt is signed before the switch, and written after it.
        let receipt = desk.sign_receipt(&kept, desk.now)?;
        lock.activate(&kept, &approval.to_text()).map_err(|error| store(&error))?;
        let receipt = match receipt {
            Some(answer) => kept_receipt(lock, &kept, &answer)?,
            None => NO_RECEIPT.to_owned(),
        };
        self.print(out, &format!("\nActive.\n  set      {}\n{receipt}", kept.folder.display()))
    }

    /// For people; a program has its JSON.
    fn print(&self, out: &mut dyn Write, text: &str) -> Result<(), Failure> {
        if self.format == "json" { Ok(()) } else { files::print(out, text) }
    }
}

fn verified(judged: &Judged) -> Result<&Verified, Failure> {
    let nothing = || Failure::new(Turn::Refused, "the bundle tells of no ceremony that ended");
    judged.verified.as_ref().ok_or_else(nothing)
}

/// A set of the same content that is staged.
fn find(desk: &Desk, set: &Set, active: Option<&Kept>) -> Result<Option<Kept>, Failure> {
    let sets = desk.store.sets().map_err(|error| store(&error))?;
    let active = active.map(|active| active.id.as_str());
    Ok(sets.into_iter().find(|kept| Some(kept.id.as_str()) != active && kept.id == set.id()))
}

fn is_same_head(one: &Set, other: &Set) -> bool {
    (one.size, one.root) == (other.size, other.root)
}

/// What a set is, for people who compare it with paper.
fn shown(set: &Set) -> String {
    let mut text = format!(
        "origin       {}\nceremony     {}, {}\nrecords      {}\nroot         {}\nin words     {}\n",
        set.origin,
        set.ceremony,
        set.outcome.word(),
        set.size,
        set.root,
        set.root.words()
    );
    let mut line = |what: &str, item: &crate::intake::Item| {
        let revoked = if item.revoked { ", revoked" } else { "" };
        // Writing to a string does not fail.
        let _ = writeln!(text, "{what:<12} {} `{}`{revoked}, SHA-256 {}", item.kind, item.name, item.sha256);
    };
    let responses = set.artifacts.iter().filter(|item| item.kind == "ocsp-response").count();
    set.artifacts.iter().filter(|item| item.kind != "ocsp-response").for_each(|item| line("active", item));
    set.quarantined.iter().for_each(|item| line("quarantined", item));
    if responses > 0 {
        let _ = writeln!(text, "active       {responses} OCSP responses");
    }
    text
}

fn store(error: &StoreError) -> Failure {
    let turn = if matches!(error, StoreError::Busy { .. }) { Turn::Operators } else { Turn::Equipment };
    let failure = Failure::because(turn, "nothing was changed", error);
    match error {
        StoreError::Busy { .. } => failure.hint("wait until it is done, then try again"),
        StoreError::Storage { .. } | StoreError::File(_) => {
            failure.hint("make room, or give the store back its permissions; then the same command again")
        }
        StoreError::Active { .. } | StoreError::Set { .. } | StoreError::Renamed { .. } => failure.hint(
            "somebody changed the store: compare it with a copy of another host, and never begin a new one",
        ),
        StoreError::Changed { .. } => failure.hint("stage the bundle again"),
    }
}
