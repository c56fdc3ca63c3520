//! A rehearsal: throw-away tokens, and people who answer by themselves.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::cabinet::Running;
use crate::approval::practice_signature;
use crate::clock::{Clock, RehearsalClock};
use crate::hsm::{Blank, Initialization, ModuleConfiguration, ModuleProcess, TokenError, Writes};
use crate::plan::Plan;
use crate::stage::{
    Expected, NoAnswer, Notice, Operators, PinRequest, Pins, Question, SIGNED, SecretOctets, ShareDelivery,
    SharePurpose, ShareRequest, SharedSecret, SignRequest, fixed_pins, shared_pin,
};
use crate::step::{PinShares, improvised_key_share};

/// SoftHSM tokens that live for one rehearsal, of one ceremony or of several, one after the other.
///
/// Their PINs are fixed and public: what they hold is worth nothing.
pub struct Tokens {
    folder: PathBuf,
    module: PathBuf,
    environment: BTreeMap<String, String>,
    /// The tokens that there are by now, with their labels and their serial numbers as a site says them.
    made: BTreeMap<String, (String, String)>,
}

impl Tokens {
    /// A place for tokens, in a new folder.
    ///
    /// # Errors
    ///
    /// [`RehearsalError`] if there is no SoftHSM or the folder cannot be made.
    pub fn make(folder: &Path) -> Result<Self, RehearsalError> {
        let module = softhsm().ok_or(RehearsalError::NoSoftHsm)?;
        let wrong = |source| RehearsalError::Folder { folder: folder.to_owned(), source };
        fs::create_dir(folder).map_err(wrong)?;
        fs::create_dir(folder.join("tokens")).map_err(wrong)?;
        let folder = folder.canonicalize().map_err(wrong)?;
        let configuration = folder.join("softhsm2.conf");
        let text = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            folder.join("tokens").display()
        );
        fs::write(&configuration, text).map_err(wrong)?;
        let environment = BTreeMap::from([("SOFTHSM2_CONF".to_owned(), configuration.display().to_string())]);
        Ok(Self { folder, module, environment, made: BTreeMap::new() })
    }

    /// Makes each token of a plan that is not there yet and that its script does not initialise itself; the site file that
    /// says where they are, and the module process that made them.
    ///
    /// # Errors
    ///
    /// [`RehearsalError`] if SoftHSM does not make one, or a place for media cannot be made.
    pub fn for_plan(&mut self, plan: &Plan) -> Result<(String, Running), RehearsalError> {
        let mut configuration = ModuleConfiguration::new(&self.module);
        configuration.environment.clone_from(&self.environment);
        configuration.writes = Writes::Below(vec![self.folder.join("tokens")]);
        let process = ModuleProcess::start(&configuration)?;
        let mut site = String::from("rootrite-site: 1\ntokens:\n");
        for name in plan.setting.tokens.keys() {
            let (label, which) = self.token(name, plan, &process)?;
            let demand = plan.setting.tokens.get(name).and_then(|demand| demand.pin.as_deref());
            let pin = if demand == Some("shares") { "shares" } else { "prompt" };
            let variable = self.environment.get("SOFTHSM2_CONF").map(String::as_str).unwrap_or_default();
            // Writing to a string does not fail.
            let _ = writeln!(
                site,
                "  {name}: {{module: \"{}\", environment: {{SOFTHSM2_CONF: \"{variable}\"}}, label: {label}, {which}, class: software, \
                 login: pin, pin: {pin}}}",
                self.module.display(),
            );
        }
        let wrong = |source| RehearsalError::Folder { folder: self.folder.clone(), source };
        site.push_str(&media(plan, &self.folder).map_err(wrong)?);
        site.push_str("preflight: {minimum-free: 1 MiB, virtual-machine: true}\n");
        let place = (self.module.clone(), self.environment.clone());
        Ok((site, Running { place, process }))
    }

    /// How the site says which token it is. One that is not there is made, unless the script does that.
    fn token(
        &mut self,
        name: &str,
        plan: &Plan,
        process: &ModuleProcess,
    ) -> Result<(String, String), RehearsalError> {
        let replaced = plan.steps().any(|step| step.step.replaces().iter().any(|other| other == name));
        let mut label = name.to_owned();
        if let Some((before, serial)) = self.made.get(name) {
            if !replaced {
                return Ok((before.clone(), format!("serial: {serial}")));
            }
            // Another device: the one that is lost has its label still.
            label = format!("{before}-new");
        }
        if plan.steps().any(|step| step.step.initializes() == Some(name)) {
            // From the next ceremony on its label says which it is.
            self.made.insert(name.to_owned(), (label.clone(), "any".to_owned()));
            return Ok((label, "initialize: true".to_owned()));
        }
        let Pins { security_officer, user } = fixed_pins();
        let token = process.initialize_token(Initialization {
            blank: Blank::Only,
            label: label.clone(),
            officer_pin: security_officer,
            user_pin: user,
        })?;
        let serial = format!("\"{}\"", token.serial);
        self.made.insert(name.to_owned(), (label.clone(), serial.clone()));
        Ok((label, format!("serial: {serial}")))
    }

    /// Throws the tokens away.
    ///
    /// # Errors
    ///
    /// [`RehearsalError::Folder`] if they do not go.
    pub fn throw_away(self) -> Result<(), RehearsalError> {
        throw_away(&self.folder)
    }
}

/// Throw-away folders in the place of media, and what a site says of them.
fn media(plan: &Plan, folder: &Path) -> std::io::Result<String> {
    let mut media: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for step in plan.steps() {
        // Wrapped keys are read again by later ceremonies; of what is handed over each has media of its own.
        let kept = step.step.wraps().is_some() || step.step.reads().is_some();
        let of = if kept { KEPT } else { plan.setting.ceremony.as_str() };
        for (name, copies) in step.step.medium().into_iter().chain(step.step.reads()) {
            let most = media.entry(name).or_insert((0, of));
            most.0 = copies.max(most.0);
        }
    }
    if media.is_empty() {
        return Ok(String::new());
    }
    let mut site = String::from("media:\n");
    for (name, (copies, of)) in media {
        let mut places = Vec::new();
        for copy in 1..=copies {
            let place = folder.join("media").join(of).join(format!("{name}-{copy}"));
            fs::create_dir_all(&place)?;
            places.push(format!("\"{}\"", place.display()));
        }
        // Writing to a string does not fail.
        let _ = writeln!(site, "  {name}: [{}]", places.join(", "));
    }
    Ok(site)
}

/// Where media are that later ceremonies read; no ceremony can be called so.
const KEPT: &str = "KEPT";

/// Throws away the tokens of a rehearsal that was interrupted, if they are still there.
///
/// # Errors
///
/// [`RehearsalError::Folder`] if they do not go.
pub fn throw_away(folder: &Path) -> Result<(), RehearsalError> {
    match fs::remove_dir_all(folder) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(RehearsalError::Folder { folder: folder.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// What a holder types whose share is one of a throw-away token's PIN.
///
/// # Errors
///
/// [`NoAnswer`] if there is no such share.
pub fn improvised_share(request: &ShareRequest) -> Result<Option<SecretOctets>, NoAnswer> {
    if !matches!(request.of, SharedSecret::Pin { .. }) {
        return improvised_key_share(request);
    }
    let ShareRequest { token, threshold, holders, person, purpose, .. } = request;
    // What a token has refused is not tried again by itself.
    let refused = matches!(purpose, SharePurpose::Login { after_wrong: true, .. });
    let place = holders.iter().position(|holder| holder.id == person.id && !refused);
    let share =
        place.and_then(|place| PinShares::of_throw_away_token(token, *threshold, holders.len(), place).ok());
    let question = || format!("{}'s share of the PIN of token `{token}`", person.id);
    share.map(Some).ok_or_else(|| NoAnswer::Ended { question: question() })
}

/// People who say what the script expects.
pub struct Improviser<'i> {
    clock: RehearsalClock,
    show: &'i mut dyn FnMut(&Notice),
}

impl<'i> Improviser<'i> {
    /// People whose own clocks are the rehearsal's; what they are shown goes to `show`.
    pub fn new(clock: RehearsalClock, show: &'i mut dyn FnMut(&Notice)) -> Self {
        Self { clock, show }
    }
}

impl Operators for Improviser<'_> {
    fn clock_source(&self) -> &'static str {
        "rehearsal"
    }

    fn show(&mut self, notice: &Notice) {
        (self.show)(notice);
    }

    fn ask(&mut self, question: &Question) -> Result<String, NoAnswer> {
        Ok(match &question.expected {
            Expected::Word(word) => (*word).to_owned(),
            Expected::Words(words) => words.clone(),
            Expected::OneOf(words) => words.first().cloned().unwrap_or_default(),
            Expected::Text | Expected::Exception => "rehearsal".to_owned(),
            Expected::Signature(_) => SIGNED.to_owned(),
            Expected::Time => self.clock.now().to_string(),
        })
    }

    fn bring(&mut self, question: &Question) -> Result<Vec<u8>, NoAnswer> {
        Ok(format!("rehearsal: in the place of a file that somebody brings in step {}\n", question.step)
            .into_bytes())
    }

    fn sign(&mut self, request: &SignRequest<'_>) -> Result<Vec<u8>, NoAnswer> {
        Ok(practice_signature(request.text.as_bytes()).to_armor().into_bytes())
    }

    fn pin(&mut self, request: &PinRequest) -> Result<crate::stage::Pin, NoAnswer> {
        Ok(shared_pin(request.kind))
    }

    fn is_improvised(&self) -> bool {
        true
    }

    fn deliver(&mut self, _: &ShareDelivery<'_>) -> Result<(), NoAnswer> {
        Ok(())
    }

    fn share(&mut self, request: &ShareRequest) -> Result<Option<SecretOctets>, NoAnswer> {
        improvised_share(request)
    }
}

/// Why a rehearsal cannot begin or end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RehearsalError {
    /// No SoftHSM on this machine.
    #[error("there is no SoftHSM module; looked for {}", MODULES.join(", "))]
    NoSoftHsm,
    /// The folder of the tokens.
    #[error("the folder `{}` for throw-away tokens", folder.display())]
    Folder {
        /// Which folder.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// SoftHSM itself.
    #[error("a throw-away token could not be made")]
    Token(#[from] TokenError),
}

fn softhsm() -> Option<PathBuf> {
    MODULES.iter().map(PathBuf::from).find(|path| path.is_file())
}

/// Where distributions put SoftHSM.
const MODULES: [&str; 6] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];
