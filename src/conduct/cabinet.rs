//! From a site to tokens: modules in their processes, tokens by label, serial number and model.
//!
//! Everything that can be found out without a PIN is found out here, all of it at once, before any folder is made:
//! modules and their digests, tokens that are missing or there twice, labels that are taken.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use crate::digest::Digest;
use crate::hsm::{
    Blank as BlankSlot, Initialization, ModuleConfiguration, ModuleProcess, STANDARD, Token, TokenError,
    TokenSelector,
};
use crate::plan::{Class, Login, PinSource, Plan, Site, SiteToken};
use crate::stage::{Blank, Cabinet, Device, Equipment, LoginKind, Module, Person, Pins};

/// The module processes of a ceremony.
pub struct Modules {
    processes: Vec<Arc<ModuleProcess>>,
    /// Each module, for the log.
    pub loaded: Vec<Module>,
}

impl Modules {
    /// Ends every process that nothing uses any more.
    ///
    /// # Errors
    ///
    /// [`TokenError`]: which module did not end well.
    pub fn stop(self) -> Result<(), TokenError> {
        for process in self.processes.into_iter().filter_map(Arc::into_inner) {
            process.stop()?;
        }
        Ok(())
    }
}

/// Opens every token of a plan as the site says.
///
/// # Errors
///
/// Everything that stands in the way, not only the first.
pub fn open(site: &Site, plan: &Plan) -> Result<(Cabinet, Modules), Vec<CabinetError>> {
    let mut errors = Vec::new();
    let mut processes: BTreeMap<(PathBuf, BTreeMap<String, String>), Arc<ModuleProcess>> = BTreeMap::new();
    let mut cabinet = Cabinet::new();
    let mut loaded = Vec::new();
    for name in plan.setting.tokens.keys() {
        let Some(token) = site.tokens.find(name) else { continue };
        let place = (token.module_path(), token.environment.clone());
        let process = match processes.get(&place) {
            Some(process) => Arc::clone(process),
            None => match start(name, token, expected(site, token)) {
                Ok((process, module)) => {
                    loaded.push(module);
                    let process = Arc::new(process);
                    processes.insert(place, Arc::clone(&process));
                    process
                }
                Err(error) => {
                    errors.push(error);
                    continue;
                }
            },
        };
        let agreed = agreed_digest(token, process.information().digest);
        match agreed
            .map_err(|source| wrong(name, source))
            .and_then(|()| equipment(name, token, plan, &process))
        {
            Ok(equipment) => drop(cabinet.insert(name.clone(), equipment)),
            Err(error) => errors.push(error),
        }
    }
    errors.extend(taken_labels(plan, &mut cabinet));
    if errors.is_empty() {
        Ok((cabinet, Modules { processes: processes.into_values().collect(), loaded }))
    } else {
        Err(errors)
    }
}

/// What any token of this module says of its digest: it is compared before the module is loaded.
fn expected(site: &Site, token: &SiteToken) -> Option<Digest> {
    let same = |other: &SiteToken| other.module.value == token.module.value;
    let all = site.tokens.iter().filter(|(_, other)| same(other));
    all.filter_map(|(_, other)| other.module_sha256.as_ref()).map(|sha256| sha256.value).next()
}

fn start(
    name: &str,
    token: &SiteToken,
    expected: Option<Digest>,
) -> Result<(ModuleProcess, Module), CabinetError> {
    let mut configuration = ModuleConfiguration::new(token.module_path());
    configuration.environment.clone_from(&token.environment);
    configuration.expected_sha256 = expected;
    let process = ModuleProcess::start(&configuration).map_err(|source| wrong(name, source))?;
    let said = process.information();
    let library = format!("{} {} {}", said.manufacturer, said.description, said.version);
    let sha256 = said.digest;
    Ok((process, Module { sha256, library }))
}

/// Tokens share the process of their module; what the site says of its digest holds for each of them.
fn agreed_digest(token: &SiteToken, found: Digest) -> Result<(), TokenError> {
    match &token.module_sha256 {
        Some(wanted) if wanted.value != found => {
            Err(TokenError::ModuleDigest { module: token.module_path(), wanted: wanted.value, found })
        }
        _ => Ok(()),
    }
}

fn wrong(name: &str, source: TokenError) -> CabinetError {
    CabinetError::Token { token: name.to_owned(), source: Box::new(source) }
}

fn equipment(
    name: &str,
    token: &SiteToken,
    plan: &Plan,
    process: &Arc<ModuleProcess>,
) -> Result<Equipment, CabinetError> {
    let label = token.label.value.clone();
    let serial = token.serial.as_ref().map(|serial| serial.value.clone());
    let device = if token.initialize {
        let blank = serial.map_or(BlankSlot::Only, BlankSlot::Serial);
        Device::Blank(Box::new(BlankToken { process: Arc::clone(process), blank, label }))
    } else {
        let selector = TokenSelector { label, serial, model: token.model.clone() };
        let session = process.open(&selector, &STANDARD).map_err(|source| wrong(name, source))?;
        let model = &session.token().model;
        if token.class.value == Class::Hardware && SOFTWARE.iter().any(|known| model.contains(known)) {
            return Err(CabinetError::NotHardware { token: name.to_owned(), model: model.clone() });
        }
        Device::Ready(Box::new(session))
    };
    let custodians: Vec<Person> = plan.setting.people.of_role("crypto-officer").cloned().collect();
    let threshold = plan.setting.people.quorum.get("crypto-officer").copied().unwrap_or(1);
    let class = crate::plan::class_word(token.class.value).to_owned();
    Ok(Equipment::new(device, login(name, token)?, custodians, class, threshold))
}

fn login(name: &str, token: &SiteToken) -> Result<LoginKind, CabinetError> {
    Ok(match (token.login, token.pin.as_ref().map(|pin| pin.value)) {
        (Login::ProtectedPath, _) => LoginKind::ProtectedPath,
        (Login::None, _) => LoginKind::None,
        (Login::Pin, Some(PinSource::TwoHalves)) => LoginKind::Prompt { two_halves: true },
        (Login::Pin, Some(PinSource::Descriptor(number))) => {
            let unreadable = |why: String| CabinetError::Pin { token: name.to_owned(), number, why };
            // The path that the kernel gives an open descriptor; nothing else can be behind it.
            let file = File::open(format!("/proc/self/fd/{number}"))
                .map_err(|error| unreadable(error.to_string()))?;
            let mut line = String::with_capacity(512);
            BufReader::new(file.take(512))
                .read_line(&mut line)
                .map_err(|error| unreadable(error.to_string()))?;
            if line.ends_with('\n') {
                line.pop();
            }
            LoginKind::given(line).map_err(|error| unreadable(error.to_string()))?
        }
        (Login::Pin, _) => LoginKind::Prompt { two_halves: false },
    })
}

/// Labels of planned keys that a token has already. Without a login only public objects are seen; what is private
/// is found when the key is made, before anything is.
fn taken_labels(plan: &Plan, cabinet: &mut Cabinet) -> Vec<CabinetError> {
    let mut errors = Vec::new();
    for step in plan.steps() {
        for (token, label) in step.step.makes_keys() {
            let Some(Equipment { device: Device::Ready(ready), .. }) = cabinet.get_mut(token) else {
                continue;
            };
            match ready.inventory() {
                Ok(inventory) if inventory.entries.iter().any(|entry| entry.label == label.as_bytes()) => {
                    let (token, label) = (token.to_owned(), label.to_owned());
                    errors.push(CabinetError::LabelTaken { token, label });
                }
                Ok(_) => {}
                Err(source) => {
                    errors.push(CabinetError::Token { token: token.to_owned(), source: Box::new(source) });
                }
            }
        }
    }
    errors
}

/// A blank token in its module process.
struct BlankToken {
    process: Arc<ModuleProcess>,
    blank: BlankSlot,
    label: String,
}

impl Blank for BlankToken {
    fn initialize(&mut self, pins: Pins) -> Result<Box<dyn Token>, TokenError> {
        let information = self.process.initialize_token(Initialization {
            blank: self.blank.clone(),
            label: self.label.clone(),
            officer_pin: pins.security_officer,
            user_pin: pins.user,
        })?;
        Ok(Box::new(self.process.open(&TokenSelector::from(&information), &STANDARD)?))
    }
}

/// Models of tokens that are software, whatever a site file says of them.
const SOFTWARE: [&str; 4] = ["SoftHSM", "NSS 3", "Kryoptic", "Soft"];

/// Why a token of the site cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CabinetError {
    /// The token or its module.
    #[error("token `{token}`: {source}")]
    Token {
        /// The script's name for it.
        token: String,
        /// What it said.
        source: Box<TokenError>,
    },
    /// The site says hardware, and the token says otherwise.
    #[error(
        "token `{token}` says that its model is `{model}`, which is software; the site file says `class: hardware`"
    )]
    NotHardware {
        /// The script's name for it.
        token: String,
        /// What it says of itself.
        model: String,
    },
    /// No PIN can be read.
    #[error("token `{token}`: no PIN on file descriptor {number}: {why}")]
    Pin {
        /// The script's name for the token.
        token: String,
        /// Which descriptor.
        number: u32,
        /// What was found.
        why: String,
    },
    /// A label is taken.
    #[error(
        "token `{token}` has an object with the label `{label}` already; the script generates a key of that name"
    )]
    LabelTaken {
        /// The script's name for the token.
        token: String,
        /// The label.
        label: String,
    },
}
