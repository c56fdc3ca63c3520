//! Why a ceremony cannot go on.

use thiserror::Error;

use super::{Head, JournalError, NoAnswer, ShareError};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::hsm::TokenError;

/// Why the ceremony cannot go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StageError {
    /// Something could not be stored.
    #[error("the log could not be written")]
    Journal(#[from] JournalError),
    /// A person declined or is gone.
    #[error(transparent)]
    NoAnswer(#[from] NoAnswer),
    /// A token did not do what was asked.
    #[error("token `{token}` did not do what was asked")]
    Token {
        /// The script's name for it.
        token: String,
        /// What it said.
        source: Box<TokenError>,
    },
    /// There is no such token.
    #[error("there is no token `{token}` on this stage")]
    NoToken {
        /// The script's name for it.
        token: String,
    },
    /// The token has not been initialised.
    #[error("token `{token}` is blank; an `initialize-token` step has to come first")]
    Blank {
        /// The script's name for it.
        token: String,
    },
    /// The token was to be initialised and is not blank.
    #[error("token `{token}` is not blank; the site file must say `initialize: true` for it")]
    NotBlank {
        /// The script's name for it.
        token: String,
    },
    /// Not enough crypto officers are in the room.
    #[error("{present} crypto officers are present; using token `{token}` needs {threshold}")]
    Quorum {
        /// The script's name for the token.
        token: String,
        /// How many are there.
        present: usize,
        /// How many are wanted.
        threshold: usize,
    },
    /// A holder of a share is not in the room when shares are dealt.
    #[error("`{person}` is not in the room; the PIN of token `{token}` is dealt to all its holders together")]
    AbsentHolder {
        /// The script's name for the token.
        token: String,
        /// Who.
        person: String,
    },
    /// A PIN could not be divided.
    #[error("the PIN of token `{token}` was not dealt")]
    Shares {
        /// The script's name for the token.
        token: String,
        /// Why.
        source: ShareError,
    },
    /// A holder has not typed back what was shown.
    #[error(
        "`{person}` has not typed back the share of token `{token}`; nothing depends on it, and another set is dealt the next time"
    )]
    NotReadBack {
        /// The script's name for the token.
        token: String,
        /// Who.
        person: String,
    },
    /// Too few holders gave their shares.
    #[error(
        "{missing} more shares of the PIN of token `{token}` are wanted, and nobody in the room gave them"
    )]
    TooFewShares {
        /// The script's name for the token.
        token: String,
        /// How many.
        missing: usize,
    },
    /// A key is not live and was to sign.
    #[error(
        "the key {spki_sha256} is not live: its backup is not proven yet, and until then it signs nothing but its proof"
    )]
    NotLive {
        /// Which.
        spki_sha256: Digest,
    },
    /// A holder of a share is not in the room when the shares of a key are dealt.
    #[error("`{person}` is not in the room; {secret} is dealt to all its holders together")]
    AbsentKeyHolder {
        /// Of what.
        secret: String,
        /// Who.
        person: String,
    },
    /// Somebody wants a pause while shares are in memory: whoever has them wipes them first.
    #[error("a pause while shares are typed: what was typed is wiped first")]
    PausedAmongShares,
    /// A holder has not typed back what was shown.
    #[error("`{person}` has not typed back the share of {secret}; nothing depends on it")]
    KeyShareNotReadBack {
        /// Of what.
        secret: String,
        /// Who.
        person: String,
    },
    /// A person who is to approve has no key.
    #[error("`{person}` has no key to approve with; the script registers none")]
    NoKey {
        /// Who.
        person: String,
    },
    /// A step that the log says was done cannot be recalled from it.
    #[error("step {step} is in the log as done, but not `{what}`, without which it cannot be recalled")]
    NotRecalled {
        /// Which step.
        step: String,
        /// What is missing.
        what: String,
    },
    /// A token is another one than before the interruption.
    #[error("token `{token}` has the serial number `{found}`; before the interruption it had `{wanted}`")]
    OtherToken {
        /// The script's name for it.
        token: String,
        /// What it says now.
        found: String,
        /// What the log says.
        wanted: String,
    },
    /// A token knows a longer log than the one that is here.
    #[error(
        "the log here is older than token `{token}` knows it: the token holds its head over {} records, root {}; the log here \
         ended at {} records, root {}",
        held.size, held.root, here.size, here.root
    )]
    Rollback {
        /// The script's name for the token.
        token: String,
        /// The head that it holds.
        held: Head,
        /// The head of the log here when the ceremony began.
        here: Head,
    },
    /// The online side took in a newer log than the one that is here: this is an older copy of it.
    #[error(
        "the log here is older than the online side knows it: its receipt of {at} is over {} records, root {}; the log here ended \
         at {} records, root {}",
        held.size, held.root, here.size, here.root
    )]
    ReceiptRollback {
        /// When the online side activated it.
        at: Timestamp,
        /// The head of the receipt.
        held: Head,
        /// The head of the log here when the ceremony began.
        here: Head,
    },
    /// The online side took in another log than the one that is here.
    #[error(
        "the log here is not the one that the online side took in: over {} records its receipt of {at} has the root {}; here the \
         first {} records have the root {}",
        held.size, held.root, here.size, here.root
    )]
    ReceiptFork {
        /// When the online side activated it.
        at: Timestamp,
        /// The head of the receipt.
        held: Head,
        /// The head of the log here over as many records.
        here: Head,
    },
    /// The receipt is an answer to another log.
    #[error("the receipt is for the log `{found}`; the log here is `{wanted}`")]
    ReceiptOrigin {
        /// The receipt's.
        found: String,
        /// That of the log here.
        wanted: String,
    },
    /// A token knows another log than the one that is here.
    #[error(
        "the log here is not the one that token `{token}` knows: over {} records the token holds the root {}; here the first {} \
         records have the root {}",
        held.size, held.root, here.size, here.root
    )]
    Fork {
        /// The script's name for the token.
        token: String,
        /// The head that it holds.
        held: Head,
        /// The head of the log here over as many records.
        here: Head,
    },
    /// A medium does not hold what it was given, or cannot be written.
    #[error("medium `{medium}`: {why}")]
    Medium {
        /// The script's name for it.
        medium: String,
        /// What was found.
        why: String,
    },
    /// No random octets.
    #[error("the random number generators did not give what was asked")]
    Random,
    /// What an act made is not what was planned.
    #[error("{0}")]
    Refused(String),
    /// What a token made, or did besides, is not what it was asked for.
    #[error("{0}")]
    Unfit(String),
}

impl StageError {
    /// A token's error with the token's name.
    pub fn token(token: &str, source: TokenError) -> Self {
        Self::Token { token: token.to_owned(), source: Box::new(source) }
    }

    /// Whether a token has answered, and what it says of a key is not as it should be.
    pub fn is_about_a_key(&self) -> bool {
        let Self::Token { source, .. } = self else { return false };
        matches!(
            **source,
            TokenError::NoSuchKey { .. }
                | TokenError::SeveralKeys { .. }
                | TokenError::MalformedKey { .. }
                | TokenError::AttributeDiffers { .. }
                | TokenError::KeyReadable { .. }
        )
    }

    /// The message with all its causes, for the log.
    pub fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}
