//! A session with a token, seen from the program: every call is a question to the module process.

use std::io::{self, Read};
use std::sync::Weak;

use zeroize::Zeroizing;

use super::channel::Channel;
use super::message::{Request, SentLogin};
use super::process::Control;
use super::wire::{Lent, Wire};
use super::{
    DataObject, Finding, HashAlgorithm, Inventory, KeyDescription, KeyId, KeyRequest, Login, Operation,
    Probe, Quirks, RestoreRequest, TemplateFinding, ToSign, Token, TokenError, TokenInformation,
    TokenSelector, Wrapped,
};
use crate::pki::key::KeyAlgorithm;
use crate::secret::{Pin, Secret};

/// A session with a token, in the module process.
pub struct Session {
    channel: Channel,
    token: TokenInformation,
    quirks: Quirks,
    /// Whoever opens further sessions, as long as it is there.
    control: Weak<Control>,
}

impl Session {
    /// A session that speaks through a channel.
    pub(super) fn new(
        channel: Channel,
        token: TokenInformation,
        quirks: Quirks,
        control: Weak<Control>,
    ) -> Self {
        Self { channel, token, quirks, control }
    }

    /// The token, as it was when the session was opened.
    pub fn token(&self) -> &TokenInformation {
        &self.token
    }

    /// Finds out one thing about the token by trying it, on objects that go with their session.
    ///
    /// # Errors
    ///
    /// What can befall any call. What the token refuses is a finding, and no error.
    pub fn probe(&mut self, probe: Probe) -> Result<Vec<Finding>, TokenError> {
        self.ask(Operation::Examine, &Request::Probe { probe })
    }

    /// Tries to make a key of the token less than it is: not sensitive, able to leave, of another label. For a key that was
    /// made for this; it is of no use afterwards.
    ///
    /// # Errors
    ///
    /// The errors of [`Token::key`]. What the token refuses is a finding, and no error.
    pub fn probe_changes(&mut self, id: &KeyId) -> Result<Vec<Finding>, TokenError> {
        self.ask(Operation::Examine, &Request::ProbeChanges { id: id.clone() })
    }

    /// Destroys every data object of a label and says how many there were.
    ///
    /// # Errors
    ///
    /// What can befall any call.
    pub fn forget_data(&mut self, label: &str) -> Result<usize, TokenError> {
        self.ask(Operation::DestroyObjects, &Request::ForgetData { label: label.to_owned() })
    }

    /// Takes the token for one that differs so, from now on.
    ///
    /// # Errors
    ///
    /// What can befall any call.
    pub fn adopt(&mut self, quirks: Quirks) -> Result<(), TokenError> {
        self.ask::<()>(Operation::Examine, &Request::Adopt { quirks: quirks.clone() })?;
        self.quirks = quirks;
        Ok(())
    }

    /// How much of the template for a key pair the token accepts: the ladder of `hsm doctor`, climbed with key pairs that are
    /// no objects of the token and go at once. A ceremony makes its key in one call, by what was found here before.
    ///
    /// # Errors
    ///
    /// [`TokenError::NoTemplate`] if it accepts none; [`TokenError::Code`] for any other refusal, at which nothing more is
    /// tried.
    pub fn probe_template(&mut self, algorithm: KeyAlgorithm) -> Result<TemplateFinding, TokenError> {
        self.ask(Operation::GenerateKeyPair, &Request::ProbeTemplate { algorithm })
    }

    /// A new process, where the old one has ended because nobody was logged in any more. It is the same token, by label,
    /// serial number and model.
    fn come_back(&mut self) -> Result<(), TokenError> {
        // Where nobody keeps the process, its end is the end.
        if self.channel.has_left()
            && let Some(control) = self.control.upgrade()
        {
            (self.channel, self.token) = control.enter(&TokenSelector::from(&self.token), &self.quirks)?;
        }
        Ok(())
    }

    fn ask<T: Wire>(&mut self, operation: Operation, request: &Request<'_>) -> Result<T, TokenError> {
        self.come_back()?;
        let timeouts = self.channel.timeouts();
        let timeout = match operation {
            Operation::LogIn | Operation::ChangePin => timeouts.log_in,
            Operation::GenerateKeyPair | Operation::Examine => timeouts.generate,
            _ => timeouts.ordinary,
        };
        self.channel.ask(operation, timeout, request)
    }
}

impl Token for Session {
    fn information(&mut self) -> Result<TokenInformation, TokenError> {
        self.ask(Operation::ReadInformation, &Request::Information)
    }

    fn log_in(&mut self, login: Login<'_>) -> Result<(), TokenError> {
        let login = match login {
            Login::Pin(pin) => SentLogin::Pin(Lent::Borrowed(pin)),
            Login::Officer(pin) => SentLogin::Officer(Lent::Borrowed(pin)),
            Login::ProtectedPath => SentLogin::ProtectedPath,
            Login::None => SentLogin::None,
            Login::External => SentLogin::External,
        };
        self.ask(Operation::LogIn, &Request::LogIn { login })
    }

    fn log_out(&mut self) -> Result<(), TokenError> {
        let ends: bool = self.ask(Operation::LogOut, &Request::LogOut)?;
        if ends {
            self.channel.leave();
        }
        Ok(())
    }

    fn change_pin(&mut self, old: &Pin, new: &Pin) -> Result<(), TokenError> {
        let request = Request::ChangePin { old: Lent::Borrowed(old), new: Lent::Borrowed(new) };
        self.ask(Operation::ChangePin, &request)
    }

    fn random(&mut self, count: usize) -> Result<Zeroizing<Vec<u8>>, TokenError> {
        let octets: Zeroizing<Vec<u8>> = self.ask(Operation::DrawRandom, &Request::Random { count })?;
        if octets.len() == count {
            Ok(octets)
        } else {
            let finding = format!("{} random octets instead of {count}", octets.len());
            Err(self.channel.improper(Operation::DrawRandom, finding))
        }
    }

    fn inventory(&mut self) -> Result<Inventory, TokenError> {
        self.ask(Operation::TakeInventory, &Request::Inventory)
    }

    fn generate_key_pair(&mut self, request: &KeyRequest) -> Result<KeyDescription, TokenError> {
        self.ask(Operation::GenerateKeyPair, &Request::Generate { request: request.clone() })
    }

    fn key(&mut self, id: &KeyId) -> Result<KeyDescription, TokenError> {
        self.ask(Operation::ReadKey, &Request::Key { id: id.clone() })
    }

    fn sign(&mut self, key: &KeyId, what: ToSign<'_>) -> Result<Vec<u8>, TokenError> {
        let key = key.clone();
        let hashes = self.quirks.hashes;
        let request = match what {
            ToSign::Whole { hash, message, .. } if hashes.rsa || hashes.ecdsa => {
                Request::SignWhole { key, hash, message: message.to_vec(), pss: false }
            }
            ToSign::Pss { hash, message: Some(message), .. } if hashes.rsa_pss => {
                Request::SignWhole { key, hash, message: message.to_vec(), pss: true }
            }
            ToSign::Digest { hash, octets } | ToSign::Whole { hash, octets, .. } => {
                Request::Sign { key, hash: Some(hash), octets: octets.to_vec() }
            }
            ToSign::Message(octets) => Request::Sign { key, hash: None, octets: octets.to_vec() },
            ToSign::Pss { hash, octets, .. } => Request::SignPss { key, hash, octets: octets.to_vec() },
        };
        self.ask(Operation::Sign, &request)
    }

    fn takes_digests(&self) -> bool {
        !self.quirks.hashes.anything()
    }

    fn sign_read(
        &mut self,
        key: &KeyId,
        what: ToSign<'_>,
        message: &mut dyn Read,
    ) -> Result<Vec<u8>, TokenError> {
        let (hash, octets, pss) = match what {
            _ if self.takes_digests() => return self.sign(key, what),
            ToSign::Whole { message, .. } | ToSign::Pss { message: Some(message), .. }
                if message.len() <= PIECE =>
            {
                return self.sign(key, what);
            }
            ToSign::Digest { hash, octets } | ToSign::Whole { hash, octets, .. } => (hash, octets, false),
            ToSign::Pss { hash, octets, .. } => (hash, octets, true),
            ToSign::Message(_) => return self.sign(key, what),
        };
        let wants: bool = self.ask(Operation::Sign, &Request::BeginStream { key: key.clone(), hash, pss })?;
        if !wants {
            return self.sign(key, what);
        }
        let mut piece = vec![0; PIECE];
        loop {
            match message.read(&mut piece) {
                Ok(0) => break,
                Ok(count) => {
                    let part = piece.get(..count).unwrap_or_default().to_vec();
                    self.ask::<()>(Operation::Sign, &Request::GoOnStream { part })?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let (token, id) = (self.token.to_string(), key.clone());
                    let finding = format!("the message cannot be read: {error}");
                    return Err(TokenError::WrongInput { token, id, finding });
                }
            }
        }
        self.ask(Operation::Sign, &Request::EndStream { key: key.clone(), hash, octets: octets.to_vec() })
    }

    fn sign_many(
        &mut self,
        key: &KeyId,
        hash: Option<HashAlgorithm>,
        inputs: &[Vec<u8>],
    ) -> Result<Vec<Vec<u8>>, TokenError> {
        let request = Request::SignMany { key: key.clone(), hash, inputs: inputs.to_vec() };
        let signatures: Vec<Vec<u8>> = self.ask(Operation::Sign, &request)?;
        if signatures.len() == inputs.len() {
            Ok(signatures)
        } else {
            let finding = format!("{} signatures instead of {}", signatures.len(), inputs.len());
            Err(self.channel.improper(Operation::Sign, finding))
        }
    }

    fn beside(&mut self) -> Result<Vec<Box<dyn Token>>, TokenError> {
        let Some(control) = self.control.upgrade() else { return Ok(Vec::new()) };
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        let most = self.quirks.sessions.unwrap_or_else(processors);
        if !control.takes_several_threads() {
            return Ok(Vec::new());
        }
        let selector = TokenSelector::from(&self.token);
        let mut others: Vec<Box<dyn Token>> = Vec::new();
        for _ in 1..most {
            match control.open(&selector, &self.quirks) {
                Ok(other) => others.push(Box::new(other)),
                // What has room for fewer is worked with by fewer.
                Err(error) if error.is_want_of_sessions() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(others)
    }

    fn destroy_objects(&mut self, id: &KeyId) -> Result<usize, TokenError> {
        self.ask(Operation::DestroyObjects, &Request::Destroy { id: id.clone() })
    }

    fn wrap_key(&mut self, id: &KeyId, kek: &Secret<32>, mechanism: u64) -> Result<Wrapped, TokenError> {
        let request = Request::Wrap { id: id.clone(), kek: Lent::Borrowed(kek), mechanism };
        self.ask(Operation::WrapKey, &request)
    }

    fn rewrap_key(
        &mut self,
        request: &RestoreRequest,
        old: &Secret<32>,
        new: &Secret<32>,
    ) -> Result<Wrapped, TokenError> {
        let (old, new) = (Lent::Borrowed(old), Lent::Borrowed(new));
        self.ask(Operation::WrapKey, &Request::Rewrap { request: request.clone(), old, new })
    }

    fn restore_key(
        &mut self,
        request: &RestoreRequest,
        kek: &Secret<32>,
    ) -> Result<KeyDescription, TokenError> {
        let request = Request::Restore { request: request.clone(), kek: Lent::Borrowed(kek) };
        self.ask(Operation::RestoreKey, &request)
    }

    fn seal_key(&mut self, id: &KeyId) -> Result<KeyDescription, TokenError> {
        self.ask(Operation::SealKey, &Request::Seal { id: id.clone() })
    }

    fn store_data(&mut self, data: &DataObject) -> Result<(), TokenError> {
        self.ask(Operation::StoreData, &Request::StoreData { data: data.clone() })
    }

    fn data(&mut self, label: &str) -> Result<Vec<DataObject>, TokenError> {
        self.ask(Operation::ReadData, &Request::Data { label: label.to_owned() })
    }
}

/// How many octets of a message the token is given at once, where it wants the message.
const PIECE: usize = 64 * 1024;
