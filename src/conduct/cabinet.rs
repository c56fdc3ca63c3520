//! From a site to tokens: modules in their processes, tokens by label, serial number and model.
//!
//! Everything that can be found out without a PIN is found out here, all of it at once, before any folder is made:
//! modules and their digests, tokens that are missing or there twice, labels that are taken.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;
use zeroize::Zeroizing;

use super::mechanisms;
use crate::digest::Digest;
use crate::hsm::{
    AttributeName, Blank as BlankSlot, Hashes, Initialization, Measure, ModuleConfiguration, ModuleProcess,
    Network, Quirks, Taken, Token, TokenError, TokenFlag, TokenInformation, TokenSelector, WrappedFormat,
    Writes,
};
use crate::plan::{
    Class, HashedBy, Login, PinSource, Plan, Site, SiteNetwork, SiteQuirks, SiteToken, WrapFormat,
};
use crate::stage::{
    Blank, Cabinet, Check, CheckOutcome, Device, Equipment, Fresh, LoginKind, Machine, Module, Past,
    PastRecord, Person, Pin, PinBounds, Pins, dealt_characters,
};
use crate::step::PinShares;

/// The module processes of a ceremony.
pub struct Modules {
    processes: Vec<Arc<ModuleProcess>>,
    /// Each module, for the log.
    pub loaded: Vec<Module>,
    /// What each module's process has denied itself, and what the site says of each token, for `preflight`.
    found: Vec<Check>,
}

impl Modules {
    /// The processes.
    pub(super) fn processes(&self) -> impl Iterator<Item = &ModuleProcess> {
        self.processes.iter().map(AsRef::as_ref)
    }

    /// The machine with what was found out here.
    pub fn seen_on(&self, mut machine: Machine) -> Machine {
        machine.found.extend(self.found.iter().cloned());
        machine
    }

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

/// A module and the environment of its process: one process for each.
type ModulePlace = (PathBuf, BTreeMap<String, String>);

/// A module process that was started before, and for which module and environment.
pub struct Running {
    /// The module and the environment.
    pub place: ModulePlace,
    /// The process.
    pub process: ModuleProcess,
}

/// Opens every token of a plan as the site says. `running`: a process that is there already. `past`: what the log of
/// an interrupted ceremony says was done to the tokens; empty for a new one.
///
/// # Errors
///
/// Everything that stands in the way, not only the first.
pub fn open(
    site: &Site,
    plan: &Plan,
    running: Option<Running>,
    past: &Past,
) -> Result<(Cabinet, Modules), Vec<CabinetError>> {
    let mut errors = Vec::new();
    let mut processes: BTreeMap<ModulePlace, Arc<ModuleProcess>> = BTreeMap::new();
    let mut cabinet = Cabinet::new();
    let mut loaded = Vec::new();
    let mut found = Vec::new();
    if let Some(Running { place, process }) = running {
        loaded.push(module(&process));
        found.extend(measures(&place.0, &process));
        processes.insert(place, Arc::new(process));
    }
    for name in plan.setting.tokens.keys() {
        let Some(token) = site.tokens.find(name) else { continue };
        let place = (token.module_path(), token.environment.clone());
        let process = match processes.get(&place) {
            Some(process) => Arc::clone(process),
            None => match start(name, token, site) {
                Ok((process, module)) => {
                    loaded.push(module);
                    found.extend(measures(&place.0, &process));
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
            .and_then(|()| equipment(name, token, (plan, past, site), &process))
        {
            Ok((equipment, mechanisms)) => {
                found.push(terms(name, token, plan));
                found.extend(mechanisms);
                cabinet.insert(name.clone(), equipment);
            }
            Err(error) => errors.push(error),
        }
    }
    errors.extend(same_devices(plan, &mut cabinet));
    errors.extend(taken_labels(plan, past, &mut cabinet));
    if errors.is_empty() {
        Ok((cabinet, Modules { processes: processes.into_values().collect(), loaded, found }))
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

fn start(name: &str, token: &SiteToken, site: &Site) -> Result<(ModuleProcess, Module), CabinetError> {
    let process = ModuleProcess::start(&configuration(token, site)).map_err(|source| wrong(name, source))?;
    let module = module(&process);
    Ok((process, module))
}

/// How the process of a token's module is to be; all tokens of the module and environment share it.
pub fn configuration(token: &SiteToken, site: &Site) -> ModuleConfiguration {
    let mut configuration = ModuleConfiguration::new(token.module_path());
    configuration.environment.clone_from(&token.environment);
    configuration.expected_sha256 = expected(site, token);
    configuration.reserved.clone_from(&token.quirks.reserved);
    configuration.network = match token.quirks.network {
        SiteNetwork::Deny => Network::Deny,
        SiteNetwork::Unix => Network::Unix,
        SiteNetwork::Peer(peer) => Network::Peer(peer),
    };
    let shares = |other: &&SiteToken| {
        other.module_path() == token.module_path() && other.environment == token.environment
    };
    let all = site.tokens.iter().map(|(_, token)| token).filter(shares);
    let mut places: Vec<PathBuf> =
        all.flat_map(|token| token.quirks.write_places(&token.environment)).collect();
    places.sort();
    places.dedup();
    // Where nobody has said where a module writes, it would only fail in the middle of a call.
    configuration.writes = if places.is_empty() { Writes::Anywhere } else { Writes::Below(places) };
    if let Some(most) = token.quirks.generate_timeout {
        configuration.timeouts.generate = most;
    }
    configuration
}

/// How a make differs, as the HSM's side takes it.
pub fn quirks(token: &SiteToken) -> Quirks {
    let SiteQuirks {
        id_octets,
        random_limit,
        sessions,
        omit_private,
        omit_public,
        untold,
        untold_public,
        hashes,
        user_type,
        ..
    } = &token.quirks;
    let named = |word: &'static str| AttributeName::ALL.iter().copied().find(|name| name.name() == word);
    Quirks {
        id_octets: *id_octets,
        random_limit: *random_limit,
        sessions: *sessions,
        omit_private: omit_private.iter().filter_map(|attribute| named(attribute.name())).collect(),
        omit_public: omit_public.iter().filter_map(|attribute| named(attribute.name())).collect(),
        untold: untold.iter().filter_map(|attribute| named(attribute.name())).collect(),
        untold_public: untold_public.iter().filter_map(|attribute| named(attribute.name())).collect(),
        hashes: Hashes {
            rsa: hashes.contains(&HashedBy::Rsa),
            rsa_pss: hashes.contains(&HashedBy::RsaPss),
            ecdsa: hashes.contains(&HashedBy::Ecdsa),
        },
        user_type: *user_type,
    }
}

/// What a module's process has denied itself, or could not.
fn measures(module: &Path, process: &ModuleProcess) -> Vec<Check> {
    let name = module.file_name().unwrap_or_default().to_string_lossy();
    process.information().measures.iter().map(|measure| check(&name, measure)).collect()
}

/// A measure as a check of the machine: what holds only in part is unknown, and people are told what is missing.
pub fn check(whose: &str, measure: &Measure) -> Check {
    let outcome = match measure.taken {
        Taken::Yes => CheckOutcome::Ok,
        Taken::Partly => CheckOutcome::Unknown,
        Taken::No => CheckOutcome::Violated,
    };
    Check {
        id: format!("denied-{}", measure.subject),
        outcome,
        detail: format!("{whose}: {}", measure.detail),
    }
}

/// What the script demands of a token and what the site says of it, side by side: they were compared before.
fn terms(name: &str, token: &SiteToken, plan: &Plan) -> Check {
    let demand = plan.setting.tokens.get(name);
    let class = demand.map_or("any", |demand| demand.class.as_str());
    let pin = demand.and_then(|demand| demand.pin.as_deref()).unwrap_or("any");
    let other = demand.map_or(&[][..], |demand| demand.distinct_from.as_slice());
    let other =
        if other.is_empty() { String::new() } else { format!(", other devices than {}", other.join(", ")) };
    let brought = match (token.login, token.pin.as_ref().map(|pin| pin.value)) {
        (Login::Pin, Some(PinSource::TwoHalves)) => "two people",
        (Login::Pin, Some(PinSource::Shares)) => "its holders' shares",
        (Login::Pin, Some(PinSource::Descriptor(_))) => "a file descriptor",
        (Login::Pin, _) => "one person",
        (Login::ProtectedPath, _) => "the token's own PIN pad",
        (Login::None, _) => "nobody: it asks for no login",
        (Login::External, _) => "somebody outside: no PIN is verified here",
    };
    let same_class = class == "any" || class == crate::plan::class_word(token.class.value);
    let split =
        pin != "two-people" || brought == "two people" || !matches!(token.login, Login::Pin | Login::None);
    let (outcome, stands_in) = if same_class && split {
        (CheckOutcome::Ok, "")
    } else {
        (CheckOutcome::Unknown, "; it stands in for practice only")
    };
    let detail = format!(
        "`{name}`: demanded class {class}, PIN {pin}{other}; here class {}, PIN by {brought}, quirks {}{stands_in}",
        crate::plan::class_word(token.class.value),
        token.quirks.make
    );
    Check { id: "token".into(), outcome, detail }
}

/// What the log says of a module.
fn module(process: &ModuleProcess) -> Module {
    let said = process.information();
    let library = format!("{} {} {}", said.manufacturer, said.description, said.version);
    Module { sha256: said.digest, library }
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
    (plan, past, site): (&Plan, &Past, &Site),
    process: &Arc<ModuleProcess>,
) -> Result<(Equipment, Option<Check>), CabinetError> {
    let label = token.label.value.clone();
    let mut serial = token.serial.as_ref().map(|serial| serial.value.clone());
    let initialized = initialized_before(name, token, past, process).map_err(|source| wrong(name, source))?;
    let blank = token.initialize && initialized.is_none();
    serial = initialized.or(serial);
    let mut again = None;
    let names = |found: &TokenInformation| {
        mechanisms::check(name, plan, (token, &quirks(token)), || process.mechanisms(found))
    };
    let named;
    let device = if blank {
        let unfinished = unfinished(name, token, past, process).map_err(|source| wrong(name, source))?;
        let blank = unfinished.unwrap_or_else(|| serial.map_or(BlankSlot::Only, BlankSlot::Serial));
        let found = blank_token(process, &blank, token).map_err(|source| wrong(name, source))?;
        is_of_its_class(name, token, &found)?;
        named = names(&found)?;
        if token.pin.as_ref().is_some_and(|pin| pin.value == PinSource::Shares) {
            let bounds = |source| CabinetError::DealtPin { token: name.to_owned(), source };
            dealt_characters(&found).map_err(bounds)?;
        }
        Device::Blank(Box::new(BlankToken {
            process: Arc::clone(process),
            blank,
            label,
            quirks: quirks(token),
        }))
    } else {
        let selector = TokenSelector { label, serial, model: token.model.clone() };
        let session = process.open(&selector, &quirks(token)).map_err(|source| wrong(name, source))?;
        is_of_its_class(name, token, session.token())?;
        named = names(session.token())?;
        again = Some(session.token().serial.clone());
        Device::Ready(Box::new(session))
    };
    let custodians: Vec<Person> = plan.setting.people.of_role("crypto-officer").cloned().collect();
    let threshold = plan.setting.people.quorum.get("crypto-officer").copied().unwrap_or(1);
    let class = crate::plan::class_word(token.class.value).to_owned();
    let mut equipment = Equipment::new(device, login(name, token)?, custodians, class, threshold);
    equipment.id_octets = token.quirks.id_octets;
    equipment.keeps_heads = token.quirks.data_objects;
    equipment.pin_tries = token.quirks.pin_tries;
    equipment.wraps = wraps(token);
    equipment.replaces = token.quirks.replaces;
    equipment.fresh = Some(Box::new(Again::of(token, site, again)));
    Ok((equipment, named))
}

/// By which mechanism a token wraps into which format, as the HSM's side takes it.
fn wraps(token: &SiteToken) -> Vec<(WrappedFormat, u64)> {
    let format = |format| match format {
        WrapFormat::Rfc5649 => WrappedFormat::Rfc5649,
        WrapFormat::Rfc3394 => WrappedFormat::Rfc3394,
        WrapFormat::Rfc3394Pkcs7 => WrappedFormat::Rfc3394Pkcs7,
    };
    token.quirks.wrap.iter().map(|wrap| (format(wrap.format), wrap.mechanism)).collect()
}

/// A token that an interrupted initialisation left with its label and without a user's PIN.
fn unfinished(
    name: &str,
    token: &SiteToken,
    past: &Past,
    process: &ModuleProcess,
) -> Result<Option<BlankSlot>, TokenError> {
    if past.find("token.initialize.intent", |record| record.text("token") == Some(name)).is_none() {
        return Ok(None);
    }
    let half = |found: &TokenInformation| {
        found.label == token.label.value && !found.has(TokenFlag::UserPinInitialized)
    };
    let found = process.slots()?.into_iter().map(|slot| slot.token).find(half);
    Ok(found.map(|found| BlankSlot::Unfinished(found.serial)))
}

/// The serial number of a token that the script initialises and that was, or may have been, before an interruption.
fn initialized_before(
    name: &str,
    token: &SiteToken,
    past: &Past,
    process: &ModuleProcess,
) -> Result<Option<String>, TokenError> {
    let of_token = |record: &PastRecord| record.text("token") == Some(name);
    if let Some(said) = past.find("token.initialized", of_token) {
        return Ok(said.text("serial").map(str::to_owned));
    }
    // Failed or interrupted: a module that died may have made the token all the same.
    if past.find("token.initialize.intent", of_token).is_none() {
        return Ok(None);
    }
    // The label was free when the intent was logged: a token that has it now is the one that was meant. One without a
    // user's PIN is finished by the step.
    let slots = process.slots()?;
    let whole = |found: &TokenInformation| {
        found.label == token.label.value && found.has(TokenFlag::UserPinInitialized)
    };
    Ok(slots.into_iter().map(|slot| slot.token).find(whole).map(|found| found.serial))
}

/// What the site calls hardware does not say of itself that it is software, blank or not.
fn is_of_its_class(name: &str, token: &SiteToken, found: &TokenInformation) -> Result<(), CabinetError> {
    let model = &found.model;
    if token.class.value == Class::Hardware && is_software(found) {
        return Err(CabinetError::NotHardware { token: name.to_owned(), model: model.clone() });
    }
    Ok(())
}

/// The one blank token that `initialize-token` will take, found before anyone enters a PIN for it.
fn blank_token(
    process: &ModuleProcess,
    blank: &BlankSlot,
    token: &SiteToken,
) -> Result<TokenInformation, TokenError> {
    let slots = process.slots()?;
    let names = |slots: &mut dyn Iterator<Item = &TokenInformation>| slots.map(ToString::to_string).collect();
    let label = &token.label.value;
    if let BlankSlot::Unfinished(serial) = blank {
        let found = slots.iter().map(|slot| &slot.token).find(|found| found.serial == *serial);
        return found.cloned().ok_or_else(|| TokenError::NoSuchToken {
            wanted: blank.to_string(),
            present: names(&mut slots.iter().map(|slot| &slot.token)),
        });
    }
    let taken: Vec<String> =
        names(&mut slots.iter().map(|slot| &slot.token).filter(|token| token.label == *label));
    if !taken.is_empty() {
        return Err(TokenError::TokenLabelTaken { label: label.clone(), present: taken });
    }
    let fits = |found: &&TokenInformation| {
        !found.has(TokenFlag::TokenInitialized)
            && token.model.as_ref().is_none_or(|model| *model == found.model)
            && match blank {
                BlankSlot::Only => true,
                BlankSlot::Serial(serial) | BlankSlot::Unfinished(serial) => found.serial == *serial,
            }
    };
    let found: Vec<_> = slots.iter().map(|slot| &slot.token).filter(fits).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(TokenError::NoSuchToken {
            wanted: blank.to_string(),
            present: names(&mut slots.iter().map(|slot| &slot.token)),
        }),
        several => Err(TokenError::SeveralTokens {
            wanted: blank.to_string(),
            found: names(&mut several.iter().copied()),
        }),
    }
}

/// How one logs in to a token; a PIN behind a file descriptor is read here.
///
/// # Errors
///
/// [`CabinetError::Pin`] if there is none.
pub fn login(name: &str, token: &SiteToken) -> Result<LoginKind, CabinetError> {
    Ok(match (token.login, token.pin.as_ref().map(|pin| pin.value)) {
        (Login::ProtectedPath, _) => LoginKind::ProtectedPath,
        (Login::None, _) => LoginKind::None,
        (Login::External, _) => LoginKind::External,
        (Login::Pin, Some(PinSource::TwoHalves)) => LoginKind::Prompt { two_halves: true },
        (Login::Pin, Some(PinSource::Shares)) => LoginKind::Shares(Box::new(PinShares::default())),
        (Login::Pin, Some(PinSource::Descriptor(number))) => {
            let unreadable = |why: String| CabinetError::Pin { token: name.to_owned(), number, why };
            // The path that the kernel gives an open descriptor; nothing else can be behind it.
            let file = File::open(format!("/proc/self/fd/{number}"))
                .map_err(|error| unreadable(error.to_string()))?;
            let line = line_of(file).map_err(|error| unreadable(error.to_string()))?;
            LoginKind::Given(Pin::read(&line).map_err(|error| unreadable(error.to_string()))?.into())
        }
        (Login::Pin, _) => LoginKind::Prompt { two_halves: false },
    })
}

/// One line of a file, without its line feed. Octet by octet: nothing of the next line is taken, which may be the PIN of
/// another token, and nothing of this one stays in a buffer that nobody wipes.
fn line_of(mut file: File) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(Pin::MAX_OCTETS + 1));
    let mut octet = Zeroizing::new([0]);
    // One octet more than a PIN may have, so that what is too long is said to be so.
    while line.len() <= Pin::MAX_OCTETS && file.read(octet.as_mut_slice())? == 1 && *octet != [b'\n'] {
        line.extend_from_slice(octet.as_slice());
    }
    Ok(line)
}

/// Tokens that the script wants to be two and that are one: by what they say of themselves, however the site names them.
fn same_devices(plan: &Plan, cabinet: &mut Cabinet) -> Vec<CabinetError> {
    let mut said = BTreeMap::new();
    for (name, equipment) in cabinet {
        if let Device::Ready(ready) = &mut equipment.device
            && let Ok(found) = ready.information()
        {
            said.insert(name.clone(), (found.manufacturer, found.model, found.serial, found.label));
        }
    }
    let mut errors = Vec::new();
    for (token, demand) in &plan.setting.tokens {
        for other in &demand.distinct_from {
            if let (Some(one), Some(two)) = (said.get(token), said.get(other))
                && one == two
            {
                let (token, other, serial) = (token.clone(), other.clone(), one.2.clone());
                errors.push(CabinetError::SameDevice { token, other, serial });
            }
        }
    }
    errors
}

/// Labels of planned keys that a token has already. Without a login only public objects are seen; what is private
/// is found when the key is made, before anything is.
fn taken_labels(plan: &Plan, past: &Past, cabinet: &mut Cabinet) -> Vec<CabinetError> {
    let mut errors = Vec::new();
    for step in plan.steps() {
        for (token, label) in step.step.makes_keys() {
            // A key that this ceremony was making when it was interrupted is looked at by the step that makes it.
            let of_key = |record: &PastRecord| {
                record.text("token") == Some(token) && record.text("label") == Some(label)
            };
            if past.find("key.generate.intent", of_key).is_some() {
                continue;
            }
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

/// The same token by a process of its own.
struct Again {
    configuration: ModuleConfiguration,
    label: String,
    serial: Option<String>,
    model: Option<String>,
    quirks: Quirks,
}

impl Again {
    /// `serial`: what the token said of itself, where it was there.
    fn of(token: &SiteToken, site: &Site, serial: Option<String>) -> Self {
        Self {
            configuration: configuration(token, site),
            label: token.label.value.clone(),
            serial,
            model: token.model.clone(),
            quirks: quirks(token),
        }
    }
}

impl Fresh for Again {
    fn open(&self) -> Result<Box<dyn Token>, TokenError> {
        let Self { label, serial, model, .. } = self;
        let selector = TokenSelector { label: label.clone(), serial: serial.clone(), model: model.clone() };
        // The process ends when its one session is closed.
        let process = ModuleProcess::start(&self.configuration)?;
        Ok(Box::new(process.open(&selector, &self.quirks)?))
    }
}

/// A blank token in its module process.
struct BlankToken {
    process: Arc<ModuleProcess>,
    blank: BlankSlot,
    label: String,
    quirks: Quirks,
}

impl Blank for BlankToken {
    fn label(&self) -> &str {
        &self.label
    }

    fn initialize(&mut self, pins: Pins) -> Result<Box<dyn Token>, TokenError> {
        let information = self.process.initialize_token(Initialization {
            blank: self.blank.clone(),
            label: self.label.clone(),
            officer_pin: pins.security_officer,
            user_pin: pins.user,
        })?;
        Ok(Box::new(self.process.open(&TokenSelector::from(&information), &self.quirks)?))
    }
}

/// Whether a token is known to be software, whatever a site file says of it: by its model or by who made it.
pub fn is_software(token: &TokenInformation) -> bool {
    MODELS.iter().any(|known| token.model.contains(known))
        || MAKERS.iter().any(|known| token.manufacturer.contains(known))
}

/// Models of tokens that are software, whatever a site file says of them.
const MODELS: [&str; 4] = ["SoftHSM", "NSS 3", "Soft", "SW   TPM"];
/// Who makes software only: Kryoptic's model is `v1`.
const MAKERS: [&str; 2] = ["SoftHSM", "Kryoptic"];

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
    /// A blank token whose PIN is to be dealt, and which can have none that nobody guesses.
    #[error("token `{token}`: {source}")]
    DealtPin {
        /// The script's name for it.
        token: String,
        /// What it can have.
        source: PinBounds,
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
    /// The token cannot do what the plan wants of it.
    #[error("token `{token}` does not name the mechanism {mechanism}; {wanted}")]
    Mechanism {
        /// The script's name for it.
        token: String,
        /// What the token would have to have.
        mechanism: String,
        /// What for.
        wanted: String,
    },
    /// One token stands in for two.
    #[error(
        "tokens `{token}` and `{other}` are the same device, with the serial `{serial}`; the script wants two"
    )]
    SameDevice {
        /// The script's name for one.
        token: String,
        /// The script's name for the other.
        other: String,
        /// What it says of itself.
        serial: String,
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_pin_is_one_line_and_nothing_of_the_next() {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"first\nsecond").unwrap();
        drop(writer);
        let file = || File::from(std::os::fd::OwnedFd::from(reader.try_clone().unwrap()));
        assert_eq!(line_of(file()).unwrap().as_slice(), b"first");
        assert_eq!(line_of(file()).unwrap().as_slice(), b"second");
        assert_eq!(line_of(file()).unwrap().as_slice(), b"");
    }

    #[test]
    fn a_pin_that_is_too_long_is_not_cut() {
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(&[b'1'; 1000]).unwrap();
        drop(writer);
        let line = line_of(File::from(std::os::fd::OwnedFd::from(reader))).unwrap();
        assert!(Pin::read(&line).is_err());
    }
}
