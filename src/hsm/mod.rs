//! The HSM: tokens, what can be asked of them, and the process in which their modules run.
//!
//! The rules of this folder:
//! - This program never loads a PKCS#11 module into itself: a module runs in a child process ([`ModuleProcess`]).
//!   A killed or crashed program does not kill a call half-way, and a crash of the module is not ours.
//! - A token is found by label, serial number and model, exactly one match; never by slot.
//! - Every attribute of a key is set explicitly, read back and handed out.
//! - Nothing is retried: who called decides what a failure means.
//! - What differs between makes of HSM is data ([`Quirks`]), handed over as values.
//!
//! Source: PKCS#11 3.0, in the part that 2.40 modules have.

mod channel;
mod child;
mod code;
mod direct;
mod doctor;
mod encoding;
mod error;
#[cfg(test)]
mod fuzz;
mod information;
mod inventory;
mod key;
mod mechanism;
mod message;
mod outcome;
mod process;
mod quirks;
mod raw;
mod session;
mod starter;
mod wire;

use std::io::Read;

use zeroize::Zeroizing;

pub use child::{CHILD_ARGUMENT, child_main};
pub use code::ReturnCode;
pub use direct::generate::LADDER as TEMPLATE_LADDER;
pub use doctor::{Finding, Found, HashedBy, Probe, Says, WrappedFormat};
pub use error::{Death, Operation, TokenError};
pub use information::{
    Blank, Initialization, ModuleInformation, PinState, SlotInformation, TokenFlag, TokenInformation,
    TokenSelector, Version,
};
pub use inventory::{DataObject, Entry, Inventory, LOG_HEAD};
pub use key::{
    AttributeName, Attributes, KeyDescription, KeyId, KeyIdError, KeyRequest, ObjectClass, Reading,
    RestoreRequest, ToSign, Wrapped,
};
pub use mechanism::Mechanism;
pub use outcome::{Call, Outcome, is_at_work};
pub use process::{ModuleConfiguration, ModuleProcess, Timeouts};
pub use quirks::{Hashes, Quirks, STANDARD, TemplateFinding};
pub use raw::close_what_was_inherited;
pub use session::Session;
pub use starter::{Heartbeat, begin as begin_starter};

pub use crate::confinement::{Measure, Network, Taken, Writes};
pub use crate::pki::HashAlgorithm;
use crate::secret::{Pin, Secret};

/// One session with one token: everything a ceremony asks of an HSM.
///
/// What it takes and gives is owned and typed; no handle of the module ever leaves it. After an error the
/// session underneath is closed and the next call has a new one.
pub trait Token: Send {
    /// What the token says of itself, now.
    ///
    /// # Errors
    ///
    /// [`TokenError::TokenChanged`] if label, serial number or model are no longer those that were selected;
    /// [`TokenError::Code`] and what can befall any call: a dead module, a time-out.
    fn information(&mut self) -> Result<TokenInformation, TokenError>;

    /// Logs the user in, for all sessions of this process with this token. One try, never a second.
    ///
    /// # Errors
    ///
    /// [`TokenError::PinIncorrect`], [`TokenError::PinLocked`], [`TokenError::PinExpired`] with what the token
    /// says of tries; [`TokenError::PinLength`] before the token is asked;
    /// [`TokenError::AlreadyLoggedIn`] because then nobody has checked the PIN.
    fn log_in(&mut self, login: Login<'_>) -> Result<(), TokenError>;

    /// Logs out, for all sessions of this process with this token.
    ///
    /// # Errors
    ///
    /// What can befall any call; [`TokenError::NotLoggedIn`] from tokens that mind.
    fn log_out(&mut self) -> Result<(), TokenError>;

    /// Replaces the PIN of the user by another: the custodian's own, which the security officer does not know.
    ///
    /// # Errors
    ///
    /// As [`Token::log_in`].
    fn change_pin(&mut self, old: &Pin, new: &Pin) -> Result<(), TokenError>;

    /// `count` octets from the token's random number generator.
    ///
    /// # Errors
    ///
    /// What can befall any call; [`TokenError::TooMuch`] above one mebioctet.
    fn random(&mut self, count: usize) -> Result<Zeroizing<Vec<u8>>, TokenError>;

    /// Every object that this session can see. Without a login that is only the public ones.
    ///
    /// # Errors
    ///
    /// What can befall any call. An object that cannot be read is counted, and no error.
    fn inventory(&mut self) -> Result<Inventory, TokenError>;

    /// Makes a key pair, reads its attributes back and compares them with what was asked.
    ///
    /// # Errors
    ///
    /// [`TokenError::LabelTaken`] or [`TokenError::IdTaken`] before anything is made. Afterwards, with the key
    /// pair on the token: [`TokenError::AttributeDiffers`], [`TokenError::KeyReadable`] and the errors of
    /// [`Token::key`].
    fn generate_key_pair(&mut self, request: &KeyRequest) -> Result<KeyDescription, TokenError>;

    /// The key pair of an id: exactly one private and one public key, with their attributes.
    ///
    /// # Errors
    ///
    /// [`TokenError::NoSuchKey`], [`TokenError::SeveralKeys`], [`TokenError::MalformedKey`].
    fn key(&mut self, id: &KeyId) -> Result<KeyDescription, TokenError>;

    /// Signs, and gives the octets that X.509 takes: PKCS#1 v1.5, a DER `ECDSA-Sig-Value`, or EdDSA.
    ///
    /// The signature is not verified here: who holds the public key from elsewhere does that.
    ///
    /// # Errors
    ///
    /// [`TokenError::WrongInput`] where key and input do not go together; [`TokenError::MalformedSignature`];
    /// the errors of [`Token::key`].
    fn sign(&mut self, key: &KeyId, what: ToSign<'_>) -> Result<Vec<u8>, TokenError>;

    /// Whether it signs digests that were made elsewhere, whatever the key. Otherwise many are signed one by one, by
    /// [`Token::sign_read`].
    fn takes_digests(&self) -> bool {
        true
    }

    /// As [`Token::sign`], with the message at hand however long it is: a token that signs only what it hashes itself is given
    /// it piece by piece, and is asked for the signature once the pieces have the digest that is to be signed.
    ///
    /// # Errors
    ///
    /// As [`Token::sign`]; [`TokenError::WrongInput`] if the message cannot be read or is another one.
    fn sign_read(
        &mut self,
        key: &KeyId,
        what: ToSign<'_>,
        message: &mut dyn Read,
    ) -> Result<Vec<u8>, TokenError> {
        let _ = message;
        self.sign(key, what)
    }

    /// Signs many of a kind by one key: as many signatures as there are inputs, in their order, each as [`Token::sign`]
    /// gives it. `hash`: the inputs are digests by it; otherwise they are messages.
    ///
    /// # Errors
    ///
    /// As [`Token::sign`], for the first that fails; no signature is given then.
    fn sign_many(
        &mut self,
        key: &KeyId,
        hash: Option<HashAlgorithm>,
        inputs: &[Vec<u8>],
    ) -> Result<Vec<Vec<u8>>, TokenError> {
        let sign = |octets: &Vec<u8>| match hash {
            Some(hash) => self.sign(key, ToSign::Digest { hash, octets }),
            None => self.sign(key, ToSign::Message(octets)),
        };
        inputs.iter().map(sign).collect()
    }

    /// More sessions with the same token, to work side by side with this one: as many as there are processors or its
    /// quirks say, and none where the module is not for several threads. Who is logged in here is logged in there.
    ///
    /// # Errors
    ///
    /// [`TokenError::TokenChanged`] or [`TokenError::NoSuchToken`] if the token is not there any more; what can befall any
    /// call.
    fn beside(&mut self) -> Result<Vec<Box<dyn Token>>, TokenError> {
        Ok(Vec::new())
    }

    /// Destroys every object of an id and says how many there were. That this token no longer shows them
    /// proves little: ask again from a fresh process.
    ///
    /// # Errors
    ///
    /// [`TokenError::NoSuchKey`] if there was none; [`TokenError::StillThere`] if one remains.
    fn destroy_objects(&mut self, id: &KeyId) -> Result<usize, TokenError>;

    /// Wraps a private key under an AES key that is known here, which is on the token for this call only, as an object of
    /// the session. What comes out is decrypted here to find out what it looks like.
    ///
    /// # Errors
    ///
    /// [`TokenError::MalformedKey`] if it comes out in a format that is not known here; [`TokenError::Code`] if the key
    /// may not leave; the errors of [`Token::key`].
    fn wrap_key(&mut self, id: &KeyId, kek: &Secret<32>, mechanism: u64) -> Result<Wrapped, TokenError> {
        let _ = (id, kek, mechanism);
        Err(cannot(Operation::WrapKey, "C_WrapKey"))
    }

    /// Wraps a wrapped private key under another key: it is on the token for this call only, as an object of the session.
    ///
    /// # Errors
    ///
    /// [`TokenError::MalformedKey`] if it comes out in a format that is not known here; [`TokenError::Code`] if the token
    /// does not take it back or give it away.
    fn rewrap_key(
        &mut self,
        request: &RestoreRequest,
        old: &Secret<32>,
        new: &Secret<32>,
    ) -> Result<Wrapped, TokenError> {
        let _ = (request, old, new);
        Err(cannot(Operation::WrapKey, "C_WrapKey"))
    }

    /// Brings a wrapped private key back as one that can never leave, and its public half with it. Whether the two belong
    /// together shows a signature by it, which is the caller's to ask for.
    ///
    /// # Errors
    ///
    /// [`TokenError::LabelTaken`] or [`TokenError::IdTaken`] before anything is made; afterwards what was made is destroyed
    /// again: [`TokenError::AttributeDiffers`], [`TokenError::KeyReadable`], [`TokenError::MalformedKey`].
    fn restore_key(
        &mut self,
        request: &RestoreRequest,
        kek: &Secret<32>,
    ) -> Result<KeyDescription, TokenError> {
        let _ = (request, kek);
        Err(cannot(Operation::RestoreKey, "C_UnwrapKey"))
    }

    /// Takes from a private key the permission to leave its token, for good, and reads it back.
    ///
    /// # Errors
    ///
    /// [`TokenError::AttributeDiffers`] if it may leave all the same; the errors of [`Token::key`].
    fn seal_key(&mut self, id: &KeyId) -> Result<KeyDescription, TokenError> {
        let _ = id;
        Err(cannot(Operation::SealKey, "C_SetAttributeValue"))
    }

    /// Keeps a private data object, in the place of all others of its label and application.
    ///
    /// The new one is made before the old ones are destroyed: after a power failure there may be two.
    ///
    /// # Errors
    ///
    /// What can befall any call.
    fn store_data(&mut self, data: &DataObject) -> Result<(), TokenError>;

    /// The data objects of a label, as many as there are.
    ///
    /// # Errors
    ///
    /// What can befall any call.
    fn data(&mut self, label: &str) -> Result<Vec<DataObject>, TokenError>;
}

/// What a token says that has no such function.
fn cannot(operation: Operation, function: &str) -> TokenError {
    TokenError::NoFunction { operation, place: "this token".to_owned(), function: function.to_owned() }
}

/// How the user proves to the token who they are.
#[derive(Clone, Copy)]
pub enum Login<'pin> {
    /// By a PIN.
    Pin(&'pin Pin),
    /// As the token's security officer, by a PIN: nothing but to see whether it is the one.
    Officer(&'pin Pin),
    /// By a PIN pad or card reader of the token's own.
    ProtectedPath,
    /// Not at all: the token asks for no login.
    None,
    /// Outside of this program, before it: somebody is logged in already, and nobody here has checked anything.
    External,
}
