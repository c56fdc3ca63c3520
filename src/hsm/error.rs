//! What can go wrong with an HSM, said so that a person at the table can act on it.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use super::direct::generate::NEXT_RUNG;
use super::{AttributeName, KeyId, PinState, ReturnCode};
use crate::digest::Digest;

/// Why a token did not do what was asked.
///
/// Tokens are named by label, serial number and model.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenError {
    /// The token does not know this PIN.
    #[error("the PIN is not the one of the token {token}; {state}")]
    PinIncorrect {
        /// Which token.
        token: String,
        /// What it says of the tries that are left, after this one.
        state: PinState,
    },
    /// The PIN is locked.
    #[error("the PIN of the token {token} is locked")]
    PinLocked {
        /// Which token.
        token: String,
    },
    /// The PIN has expired and has to be changed.
    #[error("the PIN of the token {token} has expired; it has to be changed first")]
    PinExpired {
        /// Which token.
        token: String,
    },
    /// The token cannot have a PIN of this length. It was not asked.
    #[error("a PIN of the token {token} has {shortest} to {longest} octets; the one given has not")]
    PinLength {
        /// Which token.
        token: String,
        /// How many octets a PIN has at least.
        shortest: u64,
        /// How many octets a PIN has at most.
        longest: u64,
    },
    /// Somebody is logged in already, so that the PIN was not checked.
    #[error(
        "somebody is logged in at the token {token} already, so that nobody has checked the PIN; log out first"
    )]
    AlreadyLoggedIn {
        /// Which token.
        token: String,
    },
    /// Nobody is logged in.
    #[error("nobody is logged in at the token {token}, which is needed for {operation}")]
    NotLoggedIn {
        /// Which token.
        token: String,
        /// For what.
        operation: Operation,
    },
    /// The kind of login is not the token's.
    #[error("the token {token} {finding}")]
    LoginKind {
        /// Which token.
        token: String,
        /// What it has or lacks.
        finding: String,
    },
    /// A function of the module returned a code that has no error of its own here.
    #[error("{operation} failed at {place}: {function} returned {code}")]
    Code {
        /// What was being done.
        operation: Operation,
        /// At which token or module.
        place: String,
        /// The function of PKCS#11.
        function: String,
        /// What it returned.
        code: ReturnCode,
    },
    /// The module lacks a function.
    #[error("{operation} is impossible: {place} has no function {function}")]
    NoFunction {
        /// What was being done.
        operation: Operation,
        /// Which token or module.
        place: String,
        /// The function of PKCS#11.
        function: String,
    },
    /// A function of the module said that it worked, and answered what cannot be.
    #[error("{operation} failed at {place}: {function} answered more than there can be")]
    Absurd {
        /// What was being done.
        operation: Operation,
        /// At which token or module.
        place: String,
        /// The function of PKCS#11.
        function: String,
    },
    /// A data object does not read as it was stored, or not at all.
    #[error("the data object `{label}` on the token {token} does not read as it was stored")]
    DataDiffers {
        /// Which token.
        token: String,
        /// The object's label.
        label: String,
    },
    /// No token fits.
    #[error("there is no token {wanted}; present are: {}", list(present))]
    NoSuchToken {
        /// What was looked for.
        wanted: String,
        /// The tokens that are there.
        present: Vec<String>,
    },
    /// More than one token fits.
    #[error("{} tokens fit {wanted}; exactly one must: {}", found.len(), list(found))]
    SeveralTokens {
        /// What was looked for.
        wanted: String,
        /// The tokens that fit.
        found: Vec<String>,
    },
    /// A token of the label that is to be given is there already.
    #[error("a token `{label}` is there already: {}", list(present))]
    TokenLabelTaken {
        /// The label.
        label: String,
        /// The tokens that have it.
        present: Vec<String>,
    },
    /// The slot has another token now.
    #[error("the token {was} is gone; in its place is {is}")]
    TokenChanged {
        /// The token that was selected.
        was: String,
        /// What is there now.
        is: String,
    },
    /// A label that the token could not keep whole.
    #[error("label `{label}` has {} octets; it needs 1 to {most}", label.len())]
    LabelLength {
        /// The label.
        label: String,
        /// The most octets.
        most: usize,
    },
    /// An id that the token could not keep whole.
    #[error("id {id} has {} octets; the token {token} takes {wanted}", id.octets().len())]
    IdLength {
        /// Which token.
        token: String,
        /// The id.
        id: KeyId,
        /// How many octets it takes.
        wanted: usize,
    },
    /// Another object has the label.
    #[error("the label `{label}` is taken on the token {token} by {count} objects")]
    LabelTaken {
        /// Which token.
        token: String,
        /// The label.
        label: String,
        /// How many objects have it.
        count: usize,
    },
    /// Another object has the id.
    #[error("the id {id} is taken on the token {token} by {count} objects")]
    IdTaken {
        /// Which token.
        token: String,
        /// The id.
        id: KeyId,
        /// How many objects have it.
        count: usize,
    },
    /// An attribute is not what was asked for.
    #[error("the key {id} on the token {token} has {attribute} {found}; it was to be {wanted}")]
    AttributeDiffers {
        /// Which token.
        token: String,
        /// The key.
        id: KeyId,
        /// The attribute.
        attribute: AttributeName,
        /// What it was to be.
        wanted: String,
        /// What it is.
        found: String,
    },
    /// The token gives the private key away.
    #[error("the token {token} shows {attribute} of the private key {id}, which must stay inside: {found}")]
    KeyReadable {
        /// Which token.
        token: String,
        /// The key.
        id: KeyId,
        /// The attribute that was readable, or not refused as it has to be.
        attribute: AttributeName,
        /// What the token answered, never the key.
        found: String,
    },
    /// There is no such key.
    #[error(
        "there is no key {id} on the token {token}; found {private} private and {public} public keys of this id"
    )]
    NoSuchKey {
        /// Which token.
        token: String,
        /// The key.
        id: KeyId,
        /// How many private keys have the id.
        private: usize,
        /// How many public keys have the id.
        public: usize,
    },
    /// More objects have the id than one private and one public key.
    #[error(
        "{private} private and {public} public keys have the id {id} on the token {token}; one of each must"
    )]
    SeveralKeys {
        /// Which token.
        token: String,
        /// The key.
        id: KeyId,
        /// How many private keys have the id.
        private: usize,
        /// How many public keys have the id.
        public: usize,
    },
    /// The key is not one that this program understands.
    #[error("the key {id} on the token {token} cannot be used: {finding}")]
    MalformedKey {
        /// Which token.
        token: String,
        /// The key.
        id: KeyId,
        /// What is wrong with it.
        finding: String,
    },
    /// The octets to sign do not suit the key.
    #[error("the key {id} on the token {token} cannot sign this: {finding}")]
    WrongInput {
        /// Which token.
        token: String,
        /// The key.
        id: KeyId,
        /// What does not suit.
        finding: String,
    },
    /// What the token gave is no signature of this kind of key.
    #[error("the token {token} gave {found} octets as a signature of the key {id}; wanted {wanted}")]
    MalformedSignature {
        /// Which token.
        token: String,
        /// The key.
        id: KeyId,
        /// How many octets it gave.
        found: usize,
        /// What was wanted.
        wanted: String,
    },
    /// An object was destroyed and is still there.
    #[error("{count} objects of the id {id} are still on the token {token} after they were destroyed")]
    StillThere {
        /// Which token.
        token: String,
        /// The id.
        id: KeyId,
        /// How many.
        count: usize,
    },
    /// More than the module process passes on.
    #[error("{what} of {found} octets; at most {most} are passed on")]
    TooMuch {
        /// What it is.
        what: String,
        /// How many octets.
        found: usize,
        /// At most how many.
        most: usize,
    },
    /// The module's file cannot be read.
    #[error("the PKCS#11 module {} cannot be read: {reason}", module.display())]
    ModuleUnreadable {
        /// The module's file.
        module: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The module's file is not the one that was agreed upon.
    #[error("the PKCS#11 module {} has the SHA-256 digest {found}; agreed upon is {wanted}", module.display())]
    ModuleDigest {
        /// The module's file.
        module: PathBuf,
        /// The digest agreed upon.
        wanted: Digest,
        /// The digest of the file.
        found: Digest,
    },
    /// The module's file cannot be loaded, or is no PKCS#11 module.
    #[error("{} cannot be used as a PKCS#11 module: {reason}", module.display())]
    NotAModule {
        /// The module's file.
        module: PathBuf,
        /// Why.
        reason: String,
    },
    /// The process of the module could not be started.
    #[error("the process for the PKCS#11 module {} could not be started: {reason}", module.display())]
    NotStarted {
        /// The module's file.
        module: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The process of the module ended in the middle of a call: the module crashed, or somebody killed it.
    #[error("the process of the PKCS#11 module {} {death} during {operation}; what the token did is unknown{}", module.display(), saying(said))]
    ModuleDied {
        /// The module's file.
        module: PathBuf,
        /// What was being done.
        operation: Operation,
        /// How it ended.
        death: Death,
        /// What it wrote to its standard error at last, if anything.
        said: String,
    },
    /// The call took too long. What the token did is unknown, and it may still be doing it.
    #[error(
        "{operation} took longer than {milliseconds} ms; the token may still be at it, and what it did is unknown"
    )]
    Timeout {
        /// What was being done.
        operation: Operation,
        /// How long was waited.
        milliseconds: u64,
    },
    /// The token takes no template for a kind of key, however little is in it.
    #[error("the token accepts no template for a key pair {algorithm}, however little is in it")]
    NoTemplate {
        /// What kind of key.
        algorithm: String,
    },
    /// The file for the outcomes of calls cannot be made.
    #[error("the file {} for the outcomes of calls could not be made: {reason}", file.display())]
    NoOutcomes {
        /// Which file.
        file: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// The process of the module could not start a thread for a session.
    #[error("no session could be opened: {reason}")]
    NoThread {
        /// What the system says.
        reason: String,
    },
    /// An earlier call took too long or the process ended; nothing more is asked of it.
    #[error("{operation} was not tried: the process of the PKCS#11 module {} is no longer used after a failure or its end", module.display())]
    ModuleSpent {
        /// The module's file.
        module: PathBuf,
        /// What was to be done.
        operation: Operation,
    },
    /// The process of the module answered what cannot be an answer.
    #[error("the process of the PKCS#11 module {} gave no proper answer during {operation}: {finding}", module.display())]
    Protocol {
        /// The module's file.
        module: PathBuf,
        /// What was being done.
        operation: Operation,
        /// What is wrong with it.
        finding: String,
    },
}

/// How the process of a module ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// By a signal.
    Signal(i32),
    /// By itself, with an exit code.
    Exit(i32),
    /// It no longer answers; how it ended is not known yet.
    Unknown,
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signal(signal) => write!(f, "was ended by signal {signal}"),
            Self::Exit(code) => write!(f, "ended with exit code {code}"),
            Self::Unknown => f.write_str("no longer answers"),
        }
    }
}

impl TokenError {
    /// Whether the token refuses a template, so that a shorter one may do.
    pub fn is_about_a_template(&self) -> bool {
        matches!(self, Self::Code { code, operation: Operation::GenerateKeyPair, .. } if NEXT_RUNG.contains(&code.0))
    }

    /// Whether the token has no room for one more session.
    pub(super) fn is_want_of_sessions(&self) -> bool {
        matches!(self, Self::Code { code, .. } if code.0 == cryptoki_sys::CKR_SESSION_COUNT)
    }

    /// Whether a token that was to take from a key the permission to leave has said that it changes no such attribute, or has
    /// not changed it.
    pub fn seals_nothing(&self) -> bool {
        match self {
            Self::Code { function, code, .. } => {
                function == "C_SetAttributeValue" && code.changes_no_attribute()
            }
            Self::NoFunction { function, .. } => function == "C_SetAttributeValue",
            Self::AttributeDiffers { attribute, .. } => *attribute == AttributeName::Extractable,
            _ => false,
        }
    }
}

/// What is being done with a module or token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Operation {
    /// Loading and initialising the module.
    Start,
    /// Finalising the module.
    Stop,
    /// Listing the slots.
    ListTokens,
    /// Initialising a token.
    InitializeToken,
    /// Opening a session.
    OpenSession,
    /// Reading what the token says of itself.
    ReadInformation,
    /// Logging in.
    LogIn,
    /// Logging out.
    LogOut,
    /// Changing the PIN.
    ChangePin,
    /// Drawing random octets.
    DrawRandom,
    /// Listing all objects.
    TakeInventory,
    /// Making a key pair.
    GenerateKeyPair,
    /// Reading a key's attributes.
    ReadKey,
    /// Signing.
    Sign,
    /// Destroying objects.
    DestroyObjects,
    /// Storing a data object.
    StoreData,
    /// Reading data objects.
    ReadData,
    /// Finding out what the token can do.
    Examine,
    /// Wrapping a private key.
    WrapKey,
    /// Bringing a wrapped key back.
    RestoreKey,
    /// Taking from a key the permission to leave.
    SealKey,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Start => "starting the module",
            Self::Stop => "stopping the module",
            Self::ListTokens => "listing the tokens",
            Self::InitializeToken => "initialising the token",
            Self::OpenSession => "opening a session",
            Self::ReadInformation => "reading the token's information",
            Self::LogIn => "logging in",
            Self::LogOut => "logging out",
            Self::ChangePin => "changing the PIN",
            Self::DrawRandom => "drawing random octets",
            Self::TakeInventory => "taking inventory",
            Self::GenerateKeyPair => "generating a key pair",
            Self::ReadKey => "reading a key",
            Self::Sign => "signing",
            Self::DestroyObjects => "destroying objects",
            Self::StoreData => "storing a data object",
            Self::ReadData => "reading data objects",
            Self::Examine => "finding out what the token can do",
            Self::WrapKey => "wrapping a key",
            Self::RestoreKey => "restoring a key",
            Self::SealKey => "sealing a key",
        })
    }
}

/// The last words of a process, on one line.
fn saying(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!("; it wrote: {}", said.escape_debug()) }
}

/// Names divided by commas.
fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
