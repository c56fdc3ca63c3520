//! Inside the module process: the module itself, its tokens, and making a token out of a blank one.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use super::super::raw::{Fault, Keeper, LoadFault, Module, Who};
use super::super::{
    Blank, Initialization, ModuleInformation, Operation, Quirks, SlotInformation, TokenError, TokenFlag,
    TokenInformation, TokenSelector,
};
use super::Direct;
use super::place::{Place, check_pin, fault_error, information_of, text, version};
use crate::digest::Digest;

/// A module that is loaded.
pub(in super::super) struct Loaded {
    module: Arc<Module>,
    path: PathBuf,
    digest: Digest,
    /// One session with each slot that was opened. The last session to close would log all others out.
    keepers: BTreeMap<u64, Arc<Keeper>>,
}

impl Loaded {
    /// Compares the file with the digest agreed upon, loads it and initialises it.
    pub(in super::super) fn start(
        path: PathBuf,
        agreed: Option<Digest>,
        reserved: Option<String>,
    ) -> Result<Self, TokenError> {
        let unreadable = |reason: String| TokenError::ModuleUnreadable { module: path.clone(), reason };
        if !path.is_absolute() {
            // The dynamic linker would look for it in places of its own.
            return Err(unreadable("the path is not absolute".to_owned()));
        }
        let mut file = File::open(&path).map_err(|error| unreadable(error.to_string()))?;
        let digest = Digest::of_reader(&mut file).map_err(|error| unreadable(error.to_string()))?;
        if let Some(wanted) = agreed.filter(|agreed| *agreed != digest) {
            return Err(TokenError::ModuleDigest { module: path, wanted, found: digest });
        }
        let reserved = reserved.map(CString::new).transpose().map_err(|_| TokenError::NotAModule {
            module: path.clone(),
            reason: "the text that it is to be initialised with has a NUL in it".to_owned(),
        })?;
        match Module::start(&path, reserved.as_ref()) {
            Ok(module) => Ok(Self { module: Arc::new(module), path, digest, keepers: BTreeMap::new() }),
            Err(LoadFault::NotAModule(reason)) => Err(TokenError::NotAModule { module: path, reason }),
            Err(LoadFault::Fault(fault)) => Err(fault_error(Operation::Start, name(&path), fault)),
        }
    }

    /// What the module says of itself.
    pub(in super::super) fn information(&self) -> Result<ModuleInformation, TokenError> {
        let said = self.module.information().map_err(|fault| self.explain(Operation::Start, fault))?;
        Ok(ModuleInformation {
            digest: self.digest,
            cryptoki: version(said.cryptokiVersion),
            manufacturer: text(&said.manufacturerID),
            description: text(&said.libraryDescription),
            version: version(said.libraryVersion),
            several_threads: self.module.takes_several_threads(),
            measures: Vec::new(),
        })
    }

    /// The tokens that are there.
    pub(in super::super) fn slots(&self, operation: Operation) -> Result<Vec<SlotInformation>, TokenError> {
        let mut slots = Vec::new();
        for number in self.module.slots().map_err(|fault| self.explain(operation, fault))? {
            match self.module.token_information(number) {
                Ok(token) => slots.push(SlotInformation { number, token: information_of(&token) }),
                // An empty reader, or a card that is none.
                Err(Fault::Code(_, code))
                    if matches!(
                        code.0,
                        cryptoki_sys::CKR_TOKEN_NOT_PRESENT | cryptoki_sys::CKR_TOKEN_NOT_RECOGNIZED
                    ) => {}
                Err(fault) => return Err(self.explain(operation, fault)),
            }
        }
        Ok(slots)
    }

    /// The numbers of the mechanisms that the token in a slot names.
    pub(in super::super) fn mechanisms(&self, slot: u64) -> Result<Vec<u64>, TokenError> {
        self.module.mechanisms(slot).map_err(|fault| self.explain(Operation::Examine, fault))
    }

    /// Opens a session with the one token that fits: now, so that a token without room for it says so before it is counted on.
    pub(in super::super) fn open(
        &mut self,
        selector: &TokenSelector,
        quirks: Quirks,
    ) -> Result<(TokenInformation, Direct), TokenError> {
        let SlotInformation { number, token } = self.select(selector, Operation::OpenSession)?;
        let keeper = self.keepers.get(&number).cloned();
        let mut place =
            Place { module: Arc::clone(&self.module), slot: number, token: token.clone(), keeper };
        if place.keeper.is_none() {
            let keeper = Keeper::of(place.open(Operation::OpenSession)?);
            self.keepers.insert(number, Arc::clone(&keeper));
            place.keeper = Some(keeper);
        }
        let session = place.open(Operation::OpenSession)?;
        Ok((token, Direct::new(place, quirks, session)))
    }

    /// Makes a token out of a blank one and gives its user a PIN.
    ///
    /// A power failure on the way leaves a token with its label and without a user's PIN.
    pub(in super::super) fn initialize(&self, wish: &Initialization) -> Result<TokenInformation, TokenError> {
        let operation = Operation::InitializeToken;
        let Initialization { blank, label, officer_pin, user_pin } = wish;
        let padded = padded_label(label)?;
        let slots = self.slots(operation)?;
        if let Blank::Unfinished(serial) = blank {
            let half = |slot: &&SlotInformation| {
                slot.token.serial == *serial
                    && slot.token.label == *label
                    && !slot.token.has(TokenFlag::UserPinInitialized)
            };
            let token = &exactly_one(&slots, half, blank)?.token;
            check_pin(token, officer_pin)?;
            check_pin(token, user_pin)?;
            return self.give_user_pin(wish);
        }
        let taken: Vec<_> = slots
            .iter()
            .filter(|slot| slot.token.label == *label)
            .map(|slot| slot.token.to_string())
            .collect();
        if !taken.is_empty() {
            return Err(TokenError::TokenLabelTaken { label: label.clone(), present: taken });
        }
        let fits = |slot: &&SlotInformation| {
            !slot.token.has(TokenFlag::TokenInitialized)
                && match blank {
                    Blank::Only => true,
                    Blank::Serial(serial) | Blank::Unfinished(serial) => slot.token.serial == *serial,
                }
        };
        let chosen = exactly_one(&slots, fits, blank)?;
        check_pin(&chosen.token, officer_pin)?;
        check_pin(&chosen.token, user_pin)?;
        self.module
            .initialize_token(chosen.number, officer_pin, &padded)
            .map_err(|fault| self.explain(operation, fault))?;
        self.give_user_pin(wish)
    }

    /// The security officer gives the user a PIN.
    fn give_user_pin(&self, wish: &Initialization) -> Result<TokenInformation, TokenError> {
        let operation = Operation::InitializeToken;
        let Initialization { label, officer_pin, user_pin, .. } = wish;
        // The token may be in another slot now, and have another serial number.
        let selector = TokenSelector { label: label.clone(), serial: None, model: None };
        let SlotInformation { number, token } = self.select(&selector, operation)?;
        let place = Place { module: Arc::clone(&self.module), slot: number, token, keeper: None };
        let mut session = place.open(operation)?;
        session.log_in(Who::Officer, Some(officer_pin)).map_err(|fault| place.explain(operation, fault))?;
        session.initialize_pin(user_pin).map_err(|fault| place.explain(operation, fault))?;
        session.log_out().map_err(|fault| place.explain(operation, fault))?;
        place.identify(operation)
    }

    /// Logs out everywhere and says good-bye to the module. All sessions are closed before.
    pub(in super::super) fn stop(mut self) -> Result<(), TokenError> {
        for (_, keeper) in std::mem::take(&mut self.keepers) {
            if let Some(mut session) = keeper.lend() {
                // Where nobody is logged in, that is just as well.
                let _ = session.log_out();
                session.close();
            }
        }
        self.module.finalize().map_err(|fault| self.explain(Operation::Stop, fault))
    }

    /// The one token that fits.
    fn select(&self, selector: &TokenSelector, operation: Operation) -> Result<SlotInformation, TokenError> {
        let slots = self.slots(operation)?;
        exactly_one(&slots, |slot| selector.fits(&slot.token), selector).cloned()
    }

    fn explain(&self, operation: Operation, fault: Fault) -> TokenError {
        fault_error(operation, name(&self.path), fault)
    }
}

/// The one that fits.
fn exactly_one<'a>(
    slots: &'a [SlotInformation],
    fits: impl FnMut(&&SlotInformation) -> bool,
    wanted: &dyn std::fmt::Display,
) -> Result<&'a SlotInformation, TokenError> {
    let found: Vec<_> = slots.iter().filter(fits).collect();
    let names = |slots: &mut dyn Iterator<Item = &SlotInformation>| {
        slots.map(|slot| slot.token.to_string()).collect::<Vec<_>>()
    };
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(TokenError::NoSuchToken { wanted: wanted.to_string(), present: names(&mut slots.iter()) }),
        _ => Err(TokenError::SeveralTokens {
            wanted: wanted.to_string(),
            found: names(&mut found.iter().copied()),
        }),
    }
}

/// A label as C_InitToken takes it: 32 octets, filled up with blanks.
fn padded_label(label: &str) -> Result<[u8; 32], TokenError> {
    let mut padded = [b' '; 32];
    // What a blank ends would come back shorter.
    let keeps = !label.is_empty() && !label.ends_with(' ');
    match padded.get_mut(..label.len()).filter(|_| keeps) {
        Some(place) => {
            place.copy_from_slice(label.as_bytes());
            Ok(padded)
        }
        None => Err(TokenError::LabelLength { label: label.to_owned(), most: 32 }),
    }
}

fn name(path: &std::path::Path) -> String {
    format!("the module {}", path.display())
}
