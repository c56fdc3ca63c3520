//! Inside the module process: a token, spoken to directly.
//!
//! The rules of this folder:
//! - Before every login, and whenever it is asked for, the token in the slot is compared with the one selected.
//! - After an error the session is closed; the next call opens another. A keeper, held elsewhere, keeps the login.
//! - A PIN is compared with the token's own bounds before the token sees it.
//! - Nothing is retried.

mod backup;
pub(super) mod generate;
pub(super) mod key;
mod module;
mod object;
pub(super) mod place;
pub(super) mod sign;
mod stream;

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::raw::{Object, Session};
use super::{
    DataObject, Finding, HashAlgorithm, Inventory, KeyDescription, KeyId, KeyRequest, Login, Operation,
    Probe, Quirks, RestoreRequest, TemplateFinding, ToSign, Token, TokenError, TokenFlag, TokenInformation,
    Wrapped, doctor,
};
use crate::pki::key::KeyAlgorithm;
use crate::secret::{Pin, Secret};
pub(super) use module::Loaded;
use place::Place;
use place::Task;
use stream::Streaming;

/// One session with the token in a slot.
pub(super) struct Direct {
    place: Place,
    quirks: Quirks,
    /// Nothing after an error, until the next call.
    session: Option<Session>,
    /// Private keys that were found, until an error.
    found: BTreeMap<KeyId, (Object, KeyAlgorithm)>,
    /// A signature whose message the token is being given.
    streaming: Option<Streaming>,
}

impl Direct {
    /// Speaks to the token of a place, in a session that was opened for it.
    pub(super) fn new(place: Place, quirks: Quirks, session: Session) -> Self {
        Self { place, quirks, session: Some(session), found: BTreeMap::new(), streaming: None }
    }

    /// How much of a template for a key pair the token accepts.
    pub(super) fn probe_template(&mut self, algorithm: KeyAlgorithm) -> Result<TemplateFinding, TokenError> {
        self.place.identify(Operation::GenerateKeyPair)?;
        let octets = self.quirks.id_octets;
        generate::climb(algorithm, octets, |rung| {
            self.work(Operation::GenerateKeyPair, |task| generate::try_rung(task, rung))
        })
    }

    /// The token, as it was selected.
    pub(super) const fn token(&self) -> &TokenInformation {
        &self.place.token
    }

    /// The slot that the token is in.
    pub(super) const fn slot(&self) -> u64 {
        self.place.slot
    }

    /// Works in the session; closes it if that fails.
    fn work<T>(
        &mut self,
        operation: Operation,
        work: impl FnOnce(&mut Task<'_>) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        self.abandon();
        let session = match self.session.take() {
            Some(session) => session,
            None => self.place.open(operation)?,
        };
        let mut task = Task { operation, place: &self.place, quirks: &self.quirks, session };
        match work(&mut task) {
            Ok(done) => {
                self.session = Some(task.session);
                Ok(done)
            }
            Err(error) => {
                self.found.clear();
                Err(error)
            }
        }
    }
}

impl Direct {
    /// Finds out one thing by trying it; the probe has sessions of its own.
    pub(super) fn probe(&mut self, probe: Probe) -> Result<Vec<Finding>, TokenError> {
        self.place.identify(Operation::Examine)?;
        // The probe has sessions of its own, and some tokens have room for few.
        self.abandon();
        self.session = None;
        self.found.clear();
        let found = doctor::find_out(probe, &self.place, &self.quirks)?;
        self.place.identify(Operation::Examine)?;
        Ok(found)
    }

    /// Tries to change a key that was made for it.
    pub(super) fn probe_changes(&mut self, id: &KeyId) -> Result<Vec<Finding>, TokenError> {
        self.place.identify(Operation::Examine)?;
        self.work(Operation::Examine, |task| doctor::changes::find_out(task, id))
    }

    /// Removes every data object of a label.
    pub(super) fn forget_data(&mut self, label: &str) -> Result<usize, TokenError> {
        self.place.identify(Operation::DestroyObjects)?;
        self.work(Operation::DestroyObjects, |task| object::forget_data(task, label))
    }

    /// Takes the token for one that differs so, from now on.
    pub(super) fn adopt(&mut self, quirks: Quirks) {
        self.found.clear();
        self.quirks = quirks;
    }

    /// Works with a private key, which is looked for once and then until an error.
    fn with_key<T>(
        &mut self,
        key: &KeyId,
        work: impl FnOnce(&mut Task<'_>, (Object, KeyAlgorithm)) -> Result<T, TokenError>,
    ) -> Result<T, TokenError> {
        let known = self.found.get(key).copied();
        let (done, found) = self.work(Operation::Sign, |task| {
            let found = if let Some(found) = known {
                found
            } else {
                let (description, private) = key::describe(task, key)?;
                (private, description.algorithm)
            };
            Ok((work(task, found)?, found))
        })?;
        if known.is_none() {
            self.found.insert(key.clone(), found);
        }
        Ok(done)
    }
}

impl Token for Direct {
    fn information(&mut self) -> Result<TokenInformation, TokenError> {
        self.place.identify(Operation::ReadInformation)
    }

    fn log_in(&mut self, login: Login<'_>) -> Result<(), TokenError> {
        let token = self.place.identify(Operation::LogIn)?;
        let locked = match login {
            Login::Officer(_) => TokenFlag::OfficerPinLocked,
            _ => TokenFlag::UserPinLocked,
        };
        if token.has(locked) {
            return Err(TokenError::PinLocked { token: token.to_string() });
        }
        let wrong_kind = |finding: &str| {
            Err(TokenError::LoginKind { token: token.to_string(), finding: finding.to_owned() })
        };
        match login {
            Login::Pin(pin) => {
                place::check_pin(&token, pin)?;
                self.work(Operation::LogIn, |task| task.log_in(Some(pin)))
            }
            Login::Officer(pin) => {
                place::check_pin(&token, pin)?;
                self.work(Operation::LogIn, |task| task.log_in_officer(pin))
            }
            Login::ProtectedPath if !token.has(TokenFlag::ProtectedAuthenticationPath) => {
                wrong_kind("has no PIN pad of its own (protected authentication path)")
            }
            Login::ProtectedPath => self.work(Operation::LogIn, |task| task.log_in(None)),
            Login::None if token.has(TokenFlag::LoginRequired) => wrong_kind("asks for a login"),
            Login::None => Ok(()),
            Login::External if !token.has(TokenFlag::LoginRequired) => Ok(()),
            Login::External => {
                if self.work(Operation::LogIn, key::user_is_logged_in)? {
                    return Ok(());
                }
                wrong_kind("has nobody logged in, which was to have happened before this program began")
            }
        }
    }

    fn log_out(&mut self) -> Result<(), TokenError> {
        self.found.clear();
        self.work(Operation::LogOut, |task| {
            let out = task.session.log_out();
            out.map_err(|fault| task.explain(fault))
        })
    }

    fn change_pin(&mut self, old: &Pin, new: &Pin) -> Result<(), TokenError> {
        let token = self.place.identify(Operation::ChangePin)?;
        place::check_pin(&token, old)?;
        place::check_pin(&token, new)?;
        self.work(Operation::ChangePin, |task| {
            let changed = task.session.set_pin(old, new);
            changed.map_err(|fault| task.explain(fault))
        })
    }

    fn random(&mut self, count: usize) -> Result<Zeroizing<Vec<u8>>, TokenError> {
        if count > MOST_RANDOM {
            let what = "random octets".to_owned();
            return Err(TokenError::TooMuch { what, found: count, most: MOST_RANDOM });
        }
        let mut octets = Zeroizing::new(vec![0; count]);
        self.work(Operation::DrawRandom, |task| {
            for part in octets.chunks_mut(task.quirks.random_limit.max(1)) {
                let drawn = task.session.random(part);
                drawn.map_err(|fault| task.explain(fault))?;
            }
            Ok(())
        })?;
        Ok(octets)
    }

    fn inventory(&mut self) -> Result<Inventory, TokenError> {
        // A token that has gone finds no objects and says that this went well.
        self.place.identify(Operation::TakeInventory)?;
        let inventory = self.work(Operation::TakeInventory, object::inventory)?;
        self.place.identify(Operation::TakeInventory)?;
        Ok(inventory)
    }

    fn generate_key_pair(&mut self, request: &KeyRequest) -> Result<KeyDescription, TokenError> {
        self.place.identify(Operation::GenerateKeyPair)?;
        let (made, private) =
            self.work(Operation::GenerateKeyPair, |task| generate::key_pair(task, request))?;
        // Read and compared a moment ago: the proof that comes next need not read it all again.
        self.found.insert(request.id.clone(), (private, made.algorithm));
        Ok(made)
    }

    fn key(&mut self, id: &KeyId) -> Result<KeyDescription, TokenError> {
        self.work(Operation::ReadKey, |task| key::describe(task, id).map(|(description, _)| description))
    }

    fn sign(&mut self, key: &KeyId, what: ToSign<'_>) -> Result<Vec<u8>, TokenError> {
        self.with_key(key, |task, found| sign::sign(task, key, found, what))
    }

    fn sign_many(
        &mut self,
        key: &KeyId,
        hash: Option<HashAlgorithm>,
        inputs: &[Vec<u8>],
    ) -> Result<Vec<Vec<u8>>, TokenError> {
        self.with_key(key, |task, found| {
            let sign = |octets: &Vec<u8>| match hash {
                Some(hash) => sign::sign(task, key, found, ToSign::Digest { hash, octets }),
                None => sign::sign(task, key, found, ToSign::Message(octets)),
            };
            inputs.iter().map(sign).collect()
        })
    }

    fn destroy_objects(&mut self, id: &KeyId) -> Result<usize, TokenError> {
        self.found.clear();
        self.place.identify(Operation::DestroyObjects)?;
        self.work(Operation::DestroyObjects, |task| object::destroy(task, id))
    }

    fn wrap_key(&mut self, id: &KeyId, kek: &Secret<32>, mechanism: u64) -> Result<Wrapped, TokenError> {
        self.place.identify(Operation::WrapKey)?;
        self.work(Operation::WrapKey, |task| backup::wrap(task, id, kek, mechanism))
    }

    fn rewrap_key(
        &mut self,
        request: &RestoreRequest,
        old: &Secret<32>,
        new: &Secret<32>,
    ) -> Result<Wrapped, TokenError> {
        self.place.identify(Operation::WrapKey)?;
        self.work(Operation::WrapKey, |task| backup::rewrap(task, request, old, new))
    }

    fn restore_key(
        &mut self,
        request: &RestoreRequest,
        kek: &Secret<32>,
    ) -> Result<KeyDescription, TokenError> {
        self.place.identify(Operation::RestoreKey)?;
        self.work(Operation::RestoreKey, |task| backup::restore(task, request, kek))
    }

    fn seal_key(&mut self, id: &KeyId) -> Result<KeyDescription, TokenError> {
        self.place.identify(Operation::SealKey)?;
        self.work(Operation::SealKey, |task| backup::seal(task, id))
    }

    fn store_data(&mut self, data: &DataObject) -> Result<(), TokenError> {
        self.place.identify(Operation::StoreData)?;
        self.work(Operation::StoreData, |task| object::store_data(task, data))
    }

    fn data(&mut self, label: &str) -> Result<Vec<DataObject>, TokenError> {
        self.place.identify(Operation::ReadData)?;
        self.work(Operation::ReadData, |task| object::data(task, label))
    }
}

/// The most random octets at once.
const MOST_RANDOM: usize = 1024 * 1024;
