//! From a draft to a verified artifact: the one way to a signature.
//!
//! Draft → Checked → Approved → Signed → Verified, each type consuming the last. There is no other way to
//! a signature over anything that people rely on, and nothing that skips a link.
//!
//! - `chain`: the five types;
//! - `structure`: what can be signed, one kind per file;
//! - `order`: what is to be issued, one kind per file: the same order is drafted while planning and on the day;
//! - `issue`: an order walked through the chain between an intent and a result;
//! - `series`: many of a kind walked through it together, `side_by_side` by several sessions;
//! - `statement`: what a structure says, field by field: as planned, and as read by the second implementation;
//! - `key`: how a key becomes live;
//! - `backup`: how one leaves its token wrapped, comes back to another and is sealed;
//! - `backups`: what the ceremony and its log know of backups;
//! - `past`: what an interrupted ceremony left of all this, taken in again or given up;
//! - `ledger`: what the ceremony and its log know;
//! - `recalled`: what of the log is used by name;
//! - `revocable`: what can be revoked, why and since when;
//! - `survival`: which losses a key survives;
//! - `paths`: what dies with a certificate.

mod backup;
mod backups;
mod chain;
mod issue;
mod key;
mod ledger;
pub mod order;
mod past;
mod paths;
mod possessions;
mod recalled;
mod replacement;
pub mod revocable;
mod series;
mod side_by_side;
mod statement;
mod structure;
mod survival;

use thiserror::Error;

pub use backup::{
    ToRestore, ToRewrap, ToWrap, begin_vendor_backup, found_copy, make_live, mechanism_of, prove_restored,
    restore, restored_id, rewrap, seal, sealed_before, take_in_copy, wrap, wrapping_between,
};
pub use backups::{Backups, DividedSecret, KeyBackup, KnownShare, LeftSet, SentShare, Shares};
pub use chain::{Approved, ApprovedList, Checked, CheckedList, Draft, Judged, Signed, Verified};
pub use issue::{ApprovedPlan, Drawn, Order, Terms, draft_and_check, draft_and_judge, issue};
pub use key::{Backup, KeyOrder, make_key, use_log_key};
pub use ledger::{
    Key, KnownCertificate, Ledger, Listed, LoggedCertificate, LoggedKey, Revocation, RevokedHere,
    SealedSeries,
};
pub use past::burn_serials;
pub use paths::{Loss, loss};
pub use possessions::{Bag, Possessions};
pub use recalled::{Named, Recalled};
pub use replacement::{ToReplace, is_being_replaced, prove_replaced, replace};
pub use series::{Series, SeriesOrder, check_member, issue_series, sign_one_by_one, sign_side_by_side};
pub use statement::{Field, Statement};
pub use structure::{Certificate, CertificateList, OcspResponse, Request, Structure, ToBeSigned};
pub use survival::{SecretSurvival, Survival};

pub use crate::rule::{Issued, Kind, Objection, Policy};

use crate::digest::Digest;
use crate::profile::ProfileError;
use crate::stage::{JournalError, StageError};

/// What people allow, by the name that records of their approval have for it: that a key is destroyed.
pub const DESTRUCTION: &str = "destruction";

/// Why something was not issued.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IssuanceError {
    /// The stage could not go on.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The profile cannot say it.
    #[error("{name}: the profile cannot be filled")]
    Profile {
        /// What was to be issued.
        name: String,
        /// Why.
        source: ProfileError,
    },
    /// Rules object.
    #[error("{name}: {}", objections.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Objections {
        /// What was to be issued.
        name: String,
        /// Every objection.
        objections: Vec<Objection>,
        /// The digest of what was judged.
        tbs_sha256: Digest,
        /// How many rules passed.
        passed: usize,
    },
    /// What was built cannot be read back.
    #[error("{name}: what was built does not read back: {why}")]
    Unreadable {
        /// What was to be issued.
        name: String,
        /// Where and why.
        why: String,
    },
    /// There is too much to be signed.
    #[error("{name}: it cannot be signed: {source}")]
    Unsignable {
        /// What was to be issued.
        name: String,
        /// Why.
        source: crate::pki::SignatureError,
    },
    /// The list of what is revoked cannot be read.
    #[error("{name}: what is revoked cannot be read")]
    Entries {
        /// What was to be issued.
        name: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// What was signed is not what was planned.
    #[error("{name}: what was signed is not what was planned: {difference}")]
    Differs {
        /// What was to be issued.
        name: String,
        /// The first field that differs, as planned and as read.
        difference: String,
    },
    /// What is to be signed is not what people approved with the plan.
    #[error("{name}: what is to be signed is not what was approved with the plan: {difference}")]
    NotAsApproved {
        /// What was to be issued.
        name: String,
        /// The first difference outside the plan's holes.
        difference: String,
    },
    /// The signature does not verify.
    #[error("{name}: the signature does not verify under the public key {key}")]
    Signature {
        /// What was to be issued.
        name: String,
        /// The SHA-256 of the SubjectPublicKeyInfo.
        key: Digest,
        /// Why.
        source: crate::pki::SignatureError,
    },
    /// A key is not what was asked for.
    #[error("key `{name}`: {why}")]
    Key {
        /// Its name.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// A key does not exist yet.
    #[error("key `{name}` has not been made")]
    NotMade {
        /// Its name.
        name: String,
    },
    /// A key may not sign yet.
    #[error("key `{name}` is not live; only a live key signs")]
    NotLive {
        /// Its name.
        name: String,
    },
    /// Making a key changed more on the token than the key.
    #[error("token `{token}`: {came} objects came and {went} went while a key pair was made; wanted 2 and 0")]
    Inventory {
        /// The script's name for the token.
        token: String,
        /// How many objects came.
        came: usize,
        /// How many objects went.
        went: usize,
    },
    /// The token holds objects that nobody can name: its own files were cut short.
    #[error(
        "token `{token}` has {unreadable} objects that cannot be read and {nameless} without id and label; it was spoiled \
         when its module died within a call"
    )]
    Spoiled {
        /// The script's name for the token.
        token: String,
        /// Objects that the token names and does not show.
        unreadable: usize,
        /// Objects without id and label.
        nameless: usize,
    },
    /// Nobody can decide about what an interruption left.
    #[error("too few crypto officers are here to decide about what an interruption left")]
    NoOfficers,
    /// Something would end after the last time that X.509 can say.
    #[error("{name}: it would end after 9999-12-31T23:59:59Z")]
    Time {
        /// What was to be issued.
        name: String,
    },
    /// An order names something that is not there.
    #[error("there is no {what} `{name}` in this ceremony")]
    Unknown {
        /// A key, a certificate …
        what: &'static str,
        /// Its name.
        name: String,
    },
}

impl From<JournalError> for IssuanceError {
    fn from(error: JournalError) -> Self {
        Self::Stage(error.into())
    }
}

impl From<IssuanceError> for StageError {
    /// For acts: whatever stops an issue stops the stage, and the log has its words.
    fn from(error: IssuanceError) -> Self {
        match error {
            IssuanceError::Stage(error) => error,
            // The token's doing: whose turn it is does not depend on whether an act was under way.
            unfit @ (IssuanceError::Key { .. } | IssuanceError::Inventory { .. }) => {
                Self::Unfit(with_causes(&unfit))
            }
            other => Self::Refused(with_causes(&other)),
        }
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", with_causes(cause)),
        None => error.to_string(),
    }
}
