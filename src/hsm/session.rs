//! A session with a token, seen from the program: every call is a question to the module process.

use zeroize::Zeroizing;

use super::channel::Channel;
use super::message::{Request, SentLogin};
use super::wire::{Lent, Wire};
use super::{
    DataObject, Finding, Inventory, KeyDescription, KeyId, KeyRequest, Login, Operation, Probe, ToSign,
    Token, TokenError, TokenInformation,
};
use crate::secret::Pin;

/// A session with a token, in the module process.
pub struct Session {
    channel: Channel,
    token: TokenInformation,
}

impl Session {
    /// A session that speaks through a channel.
    pub(super) fn new(channel: Channel, token: TokenInformation) -> Self {
        Self { channel, token }
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

    fn ask<T: Wire>(&mut self, operation: Operation, request: &Request<'_>) -> Result<T, TokenError> {
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
            Login::ProtectedPath => SentLogin::ProtectedPath,
            Login::None => SentLogin::None,
            Login::External => SentLogin::External,
        };
        self.ask(Operation::LogIn, &Request::LogIn { login })
    }

    fn log_out(&mut self) -> Result<(), TokenError> {
        self.ask(Operation::LogOut, &Request::LogOut)
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
        let (hash, octets) = match what {
            ToSign::Digest { hash, octets } => (Some(hash), octets),
            ToSign::Message(octets) => (None, octets),
        };
        self.ask(Operation::Sign, &Request::Sign { key: key.clone(), hash, octets: octets.to_vec() })
    }

    fn destroy_objects(&mut self, id: &KeyId) -> Result<usize, TokenError> {
        self.ask(Operation::DestroyObjects, &Request::Destroy { id: id.clone() })
    }

    fn store_data(&mut self, data: &DataObject) -> Result<(), TokenError> {
        self.ask(Operation::StoreData, &Request::StoreData { data: data.clone() })
    }

    fn data(&mut self, label: &str) -> Result<Vec<DataObject>, TokenError> {
        self.ask(Operation::ReadData, &Request::Data { label: label.to_owned() })
    }
}
