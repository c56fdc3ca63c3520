//! From a script to a plan: everything that can be wrong is found here, before anyone enters the room.
//!
//! A plan is typed and complete, its octets are canonical JSON, and their digest is what people approve.

mod encryptors;
mod inputs;
mod order;
mod outline;
mod people;
mod quirks;
mod review;
mod site;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

pub use crate::step::{
    Backups, Bag, BroughtRequest, DividedSecret, Issued, KeyBackup, KeyOrigin, Kind, KnownShare, Ledger,
    Listed, LoggedCertificate, LoggedKey, Revocation, SealedSeries, SentShare, Shares, SignedWith,
};
pub use encryptors::{SiteEncryptor, SiteProgram};
pub use inputs::kept_input;
pub use outline::{Outline, Sketch};
pub use quirks::{
    Attribute, HashedBy, Origin, PublicUse, SiteNetwork, SiteQuirks, Wrap, WrapFormat, WritePlace,
};
pub use review::review;
pub use site::{
    Class, Lockdown, Login, PinSource, Preflight, PrinterPort, Site, SiteMedium, SitePrinter, SiteToken,
};

use crate::digest::Digest;
pub use crate::profile::Begun;
use crate::profile::Library;
use crate::script::{Guess, Part, Place, Problems, Script, Unread, Word};
use crate::step::{AnyStep, Draft, Gaps, Left, Recalled, Scope, Setting, TokenDemand, Window};

/// A script resolved to values.
#[derive(Debug)]
pub struct Plan {
    /// What all steps have in common.
    pub setting: Setting,
    /// The acts, in order.
    pub acts: Vec<Act>,
    /// Every to-be-signed structure, in the order of signing.
    pub drafts: Vec<Draft>,
    /// What will be handed over: kind and name.
    pub outputs: Vec<(&'static str, String)>,
    /// The name of the log that this ceremony creates; nothing if it continues one.
    pub origin: Option<String>,
    /// The script's digest.
    pub script_sha256: Digest,
    /// The script's octets.
    pub script: Vec<u8>,
    /// The script's file, as it was named.
    pub file: String,
    octets: Vec<u8>,
    sha256: Digest,
}

/// An act of a plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Act {
    /// Its title.
    #[serde(rename = "act")]
    pub title: String,
    /// Its steps, in order.
    pub steps: Vec<PlannedStep>,
}

/// A step of a plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Act and step, both from 1: `2.1`.
    #[serde(rename = "step")]
    pub number: String,
    /// What it does.
    #[serde(flatten)]
    pub step: AnyStep,
}

/// Where a plan comes from, beside the script itself.
pub struct Sources<'s> {
    /// Where profiles come from.
    pub library: &'s dyn Library,
    /// The folder that inputs are relative to.
    pub folder: &'s Path,
    /// The folder is that of a ceremony that was begun: inputs lie in it by their names.
    pub begun: bool,
    /// A rehearsal: inputs may be without digests.
    pub rehearsal: bool,
    /// A rehearsal or another practice ceremony, or it is not known yet: inputs may come from practice.
    pub practice: bool,
    /// Reads the bundles of other ceremonies.
    pub bundles: &'s dyn Bundles,
    /// What the log says of earlier ceremonies, if there is one to be continued.
    pub earlier: Option<Ledger>,
}

/// Reads what the bundle of another ceremony says of a key.
pub trait Bundles {
    /// The request that the bundle in a folder brings; `request`: its name, where there are several.
    ///
    /// # Errors
    ///
    /// Everything that does not fit, in words.
    fn request(&self, folder: &Path, request: Option<&str>) -> Result<BroughtRequest, Vec<String>>;
}

/// There are none: what names one is wrong.
pub struct NoBundles;

impl Bundles for NoBundles {
    fn request(&self, _: &Path, _: Option<&str>) -> Result<BroughtRequest, Vec<String>> {
        Err(vec!["no bundle is read here".into()])
    }
}

impl Plan {
    /// Reads a script and makes its plan, or finds everything that is wrong with it.
    ///
    /// # Errors
    ///
    /// Every problem, each with its place.
    pub fn read(file: &str, octets: &[u8], sources: &Sources<'_>) -> Result<Self, Problems> {
        match Self::guessing(file, octets, sources, Guess::First) {
            Err(problems) if problems.is_guessed() => {
                let other = |guess| Self::guessing(file, octets, sources, guess).err();
                let others: Vec<Problems> = Guess::OTHERS.into_iter().filter_map(other).collect();
                Err(problems.in_common(&others))
            }
            read => read,
        }
    }

    /// The same, with what could not be read taken one of several ways. Whatever is guessed has been refused.
    fn guessing(file: &str, octets: &[u8], sources: &Sources<'_>, guess: Guess) -> Result<Self, Problems> {
        let (script, unread, problems) = Script::guessing(file, octets, guess);
        match script {
            Some(script) => {
                let plan = Self::make(&script, unread, problems, sources)?;
                Ok(Self { script: octets.to_vec(), file: file.to_owned(), ..plan })
            }
            None => Err(problems),
        }
    }

    /// What is certain of a script that has mistakes, to judge a site by; nothing if it cannot be read at all.
    pub fn sketch(file: &str, octets: &[u8], sources: &Sources<'_>) -> Option<Sketch> {
        let (script, unread, mut problems) = Script::partly(file, octets);
        let script = script?;
        let (setting, ledger, gaps) = around(&script, unread.clone(), sources, &mut problems);
        let mut scope = Scope::new(setting, ledger, sources.library, gaps, &mut problems);
        let mut steps = Vec::new();
        acts(&script, &mut scope, &mut steps);
        let setting = scope.leave().setting;
        Some(Sketch { setting, steps, unread })
    }

    fn make(
        script: &Script,
        unread: Unread,
        mut problems: Problems,
        sources: &Sources<'_>,
    ) -> Result<Self, Problems> {
        let (setting, ledger, gaps) = around(script, unread, sources, &mut problems);
        let mut scope = Scope::new(setting, ledger, sources.library, gaps, &mut problems);
        let acts = acts(script, &mut scope, &mut Vec::new());
        let Left { setting, drafts, outputs, origin } = scope.leave();
        if problems.is_guessed() && problems.is_empty() {
            // Whoever guesses refuses: were that forgotten, there is still no plan.
            problems.add(Place::START, "something could not be read, and nothing says what");
        }
        let acts = problems.or(acts)?;
        let script_sha256 = script.sha256;
        let octets = canonical(&setting, &acts, &drafts, &outputs, script_sha256);
        Ok(Self {
            setting,
            acts,
            drafts,
            outputs,
            origin,
            script_sha256,
            script: Vec::new(),
            file: String::new(),
            sha256: Digest::of(&octets),
            octets,
        })
    }

    /// The plan as canonical JSON (RFC 8785).
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The digest of [`Plan::octets`]: what people approve.
    pub const fn sha256(&self) -> Digest {
        self.sha256
    }

    /// The digest of the list of what will be handed over.
    pub fn outputs_sha256(&self) -> Digest {
        Digest::of(&to_canonical(&named_outputs(&self.outputs)))
    }

    /// All steps, in order.
    pub fn steps(&self) -> impl Iterator<Item = &PlannedStep> {
        self.acts.iter().flat_map(|act| &act.steps)
    }
}

/// Takes in every input that is a certificate of the log, and what steps use of it by name.
pub fn take_in(setting: &Setting, ledger: &mut Ledger) {
    // Issuers before what they issued, so that each finds its issuer by the script's name.
    for _ in 0..2 {
        for (name, input) in &setting.inputs {
            if let Ok(der) = crate::step::one_structure(&input.octets, &["CERTIFICATE"]) {
                ledger.take_in(name, &der);
            }
        }
    }
    ledger.recall(&setting.recalled);
}

/// What the script says around its steps, against what there is.
fn around(
    script: &Script,
    unread: Unread,
    sources: &Sources<'_>,
    problems: &mut Problems,
) -> (Setting, Ledger, Gaps) {
    let mut setting = setting(script, problems);
    setting.inputs = inputs::read(script, sources, problems);
    let names_are_known = script.steps().all(|step| AnyStep::NAMES.contains(&step.name.as_str()));
    let all_are_known = names_are_known && !unread.has(Part::Acts) && unread.steps().is_empty();
    order::judge(script, all_are_known, problems);
    judge_log(script, sources, problems);
    judge_log_token(script, &unread, sources, problems);
    judge_window(script, sources, problems);
    let mut ledger = sources.earlier.clone().unwrap_or_default();
    take_in(&setting, &mut ledger);
    let mut gaps = Gaps::of(unread);
    gaps.lacks_log = sources.earlier.is_none() && script.steps().any(|step| step.name == "confirm-log");
    for (name, _) in
        script.inputs.iter().filter(|(name, _)| !setting.inputs.contains_key(name.value.as_str()))
    {
        gaps.spoil(name.value.as_str());
    }
    (setting, ledger, gaps)
}

/// The acts with all their steps; nothing if one of them is in error, and then what it would have made is spoiled. `good`: the
/// steps in which nothing is wrong.
fn acts(script: &Script, scope: &mut Scope<'_>, good: &mut Vec<PlannedStep>) -> Option<Vec<Act>> {
    let mut acts = Some(Vec::new());
    for act in &script.acts {
        let mut steps = Some(Vec::new());
        for node in &act.steps {
            scope.enter(&node.number, node.place);
            let before = scope.problems.so_far();
            let step = AnyStep::resolve(node, scope).filter(|_| !scope.gaps.renames);
            if let Some(step) = step.as_ref().filter(|_| scope.problems.so_far() == before) {
                good.push(PlannedStep { number: node.number.clone(), step: step.clone() });
            }
            if step.is_none() {
                scope.gaps.spoil_names(&node.fields);
            }
            steps = steps.zip(step).map(|(mut steps, step)| {
                steps.push(PlannedStep { number: node.number.clone(), step });
                steps
            });
        }
        acts = acts.zip(steps).map(|(mut acts, steps)| {
            acts.push(Act { title: act.title.clone(), steps });
            acts
        });
    }
    acts
}

/// What is said where a script continues a log that is not there.
pub const NO_LOG: &str = "the script continues a log, and none was given";

/// The script's steps against the log that there is, or is not.
fn judge_log(script: &Script, sources: &Sources<'_>, problems: &mut Problems) {
    let named = |name: &str| script.steps().find(|step| step.name == name);
    match (sources.earlier.is_some(), named("create-log"), named("confirm-log")) {
        (true, Some(create), _) => {
            problems.add(
                create.place,
                "the log given exists; a script that continues it has `confirm-log` instead",
            );
        }
        (false, _, Some(confirm)) => {
            let hint = "name the log's folder with --log; for a rehearsal, the scripts before this one";
            problems.add_with_hint(confirm.place, NO_LOG, hint);
        }
        _ => {}
    }
}

/// The log's key signs a head after every step, so that its token is one of the script's though no step names it.
fn judge_log_token(script: &Script, unread: &Unread, sources: &Sources<'_>, problems: &mut Problems) {
    if unread.has(Part::Tokens) {
        return;
    }
    let named = |name: &str| script.steps().find(|step| step.name == name);
    // Where the standby key takes over for good, its own step says which token it needs.
    let (Some(confirm), None) = (named("confirm-log"), named("replace-log-key")) else { return };
    let Some(token) = sources.earlier.as_ref().and_then(|earlier| earlier.log_token.as_deref()) else {
        return;
    };
    if !script.tokens.iter().any(|(name, _)| name.value.as_str() == token) {
        let message =
            format!("the log's key is on the token `{token}`, which is not among the script's `tokens`");
        let hint = format!("add `{token}: {{class: any}}`: its key signs the log's head after every step");
        problems.add_with_hint(confirm.place, message, hint);
    }
}

/// The window against the log's last record: records never go back in time.
fn judge_window(script: &Script, sources: &Sources<'_>, problems: &mut Problems) {
    let window = script.window.value;
    if let Some(last) =
        sources.earlier.as_ref().and_then(|earlier| earlier.last_at).filter(|last| *last > window.to)
    {
        let message = format!("the window ends at {}, and the log's last record is of {last}", window.to);
        let hint = "a ceremony comes after those whose log it continues";
        problems.add_with_hint(script.window.place, message, hint);
    }
}

/// What the script says once for all steps; inputs and profiles come later.
fn setting(script: &Script, problems: &mut Problems) -> Setting {
    let tokens = script.tokens.iter().map(|(name, demand)| {
        let demand = TokenDemand {
            class: demand.class.value.word().to_owned(),
            pin: demand.pin.as_ref().map(|pin| pin.value.word().to_owned()),
            distinct_from: demand.distinct_from.iter().map(|other| other.value.to_string()).collect(),
        };
        (name.value.to_string(), demand)
    });
    Setting {
        ceremony: script.ceremony.value.to_string(),
        title: script.title.clone(),
        policy: crate::step::policy(script.policy.value),
        window: Window { from: script.window.value.from, to: script.window.value.to },
        tokens: tokens.collect(),
        people: people::people(script, problems),
        inputs: BTreeMap::new(),
        profiles: BTreeMap::new(),
        lists: BTreeMap::new(),
        recalled: Recalled::default(),
    }
}

/// The plan's octets: every value, inputs and profiles by digest.
fn canonical(
    setting: &Setting,
    acts: &[Act],
    drafts: &[Draft],
    outputs: &[(&'static str, String)],
    script_sha256: Digest,
) -> Vec<u8> {
    let digests = |pairs: Vec<(&String, Digest)>| {
        pairs.into_iter().map(|(name, sha256)| (name.clone(), sha256)).collect::<BTreeMap<_, _>>()
    };
    let mut plan = serde_json::json!({
        "v": 1,
        "ceremony": setting.ceremony,
        "title": setting.title,
        "policy": setting.policy.to_string(),
        "window": setting.window,
        "tokens": setting.tokens,
        "people": setting.people,
        "inputs": digests(setting.inputs.iter().map(|(name, input)| (name, input.sha256)).collect()),
        "profiles": digests(setting.profiles.iter().map(|(name, profile)| (name, profile.sha256())).collect()),
        "script_sha256": script_sha256,
        "acts": acts,
        "drafts": drafts,
        "outputs": named_outputs(outputs),
    });
    if let (false, Some(plan)) = (setting.recalled.is_empty(), plan.as_object_mut()) {
        plan.insert("log".into(), serde_json::json!(setting.recalled));
    }
    to_canonical(&plan)
}

fn named_outputs(outputs: &[(&'static str, String)]) -> serde_json::Value {
    outputs.iter().map(|(kind, name)| serde_json::json!({ "kind": kind, "name": name })).collect()
}

/// RFC 8785: sorted keys and no white space, which is what serde_json's map and writer give; our keys are ASCII
/// and our numbers are integers.
fn to_canonical(value: &serde_json::Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// The word for a class, as scripts and sites write it.
pub fn class_word(class: Class) -> &'static str {
    class.word()
}
