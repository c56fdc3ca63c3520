//! What a ceremony can do: one step per file, from its words to its performance.
//!
//! A new step is one file here and one line in the list below.

mod attest_key;
mod back_up_key;
mod brought;
mod certificate;
mod check_shares;
mod confirm_clock;
mod confirm_log;
mod create_log;
mod crl;
mod custody;
mod destroy_key;
mod device_audit;
mod encrypted_share;
mod evidence;
mod from_log;
mod gaps;
mod generate_key;
mod given_key;
mod holding;
mod holes;
mod initialize_token;
mod instruct;
mod inventory;
mod issue_crl;
mod issue_crl_series;
mod issue_cross;
mod issue_ocsp_responder;
mod issue_ocsp_responses;
mod issue_root;
mod issue_subordinate;
mod key_origin;
mod key_shares;
mod last_crl;
mod pin_shares;
mod placeholder;
mod preflight;
mod refresh_shares;
mod replace_log_key;
mod replaced;
mod request_certificate;
mod restore_key;
mod revoke;
mod revoked;
mod roll_call;
mod rotate_log_key;
mod rows;
mod scope;
mod seal;
mod sealed;
mod setting;
mod share_set;
mod split_secret;
mod stand_in;
mod text;
mod times;
mod unfinished;
mod vendor_backup;
mod witness;
mod write_media;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use gaps::Gaps;
pub use given_key::one_structure;
use holes::ApprovedDrafts;
pub use holes::{Draft, Entries, Hole, Octets, SignedWith};
pub use key_origin::{BroughtRequest, KeyOrigin};
pub use key_shares::improvised_key_share;
pub use pin_shares::PinShares;
pub use rows::{RowsError, read as read_rows};
pub use scope::{Left, Scope};
pub use setting::{Input, InputReader, People, SIGNATURE, Setting, TokenDemand, Window};
pub use unfinished::account_for_shares;

use crate::issuance::IssuanceError;
pub use crate::issuance::{
    Backups, Bag, DividedSecret, Issued, KeyBackup, Kind, KnownShare, Ledger, Listed, LoggedCertificate,
    LoggedKey, Policy, Recalled, Revocation, SealedSeries, SentShare, Shares, burn_serials,
};
use crate::pki::KeyAlgorithm;
use crate::script::{FromNode, StepNode, unknown};
pub use crate::stage::{Person, PinKind};
use crate::stage::{Stage, StageError};

/// Makes a step's words from the list of its keys: each `required`, `optional`, `list` or `optional_list`.
macro_rules! spec {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $field:ident: $kind:ty = $how:ident $key:literal),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug)]
        pub struct $name { $($(#[$doc])* pub $field: $kind),* }

        impl crate::script::FromNode for $name {
            fn from_node(node: &crate::script::Node, problems: &mut crate::script::Problems) -> Option<Self> {
                #[allow(unused_mut, reason = "a step without keys reads none")]
                let mut fields = crate::script::Fields::of_step(node, &[$($key),*], problems);
                $(let $field = fields.$how($key);)*
                let unread = fields.is_unread();
                fields.finish();
                if unread {
                    return None;
                }
                Some(Self { $($field: spec!(@$how $field)),* })
            }
        }
    };
    (@optional $field:ident) => { $field };
    (@$how:ident $field:ident) => { $field? };
}
use spec;

/// One thing that a ceremony does.
///
/// `Spec` is what the author writes; the step itself is what remains of it once everything that can be wrong
/// has been found. It is plain data: the plan holds it as JSON, and a resumed ceremony reads it from there.
trait Step: Serialize + DeserializeOwned {
    /// The step's name in a script.
    const NAME: &'static str;
    /// What it does, in a sentence for authors.
    const ABOUT: &'static str;
    /// Why ceremonies have it, in a sentence for the people at the table.
    const WHY: &'static str = "";
    /// Minutes that it takes by experience, talking and reading included.
    const MINUTES: u32 = 3;
    /// Whether later steps need what comes of it: after an interruption it is performed again from the log's records,
    /// with nothing asked, signed or recorded. A step is not if it only asks, shows or looks.
    const RECALLED: bool = true;
    /// What the author writes.
    type Spec: FromNode;

    /// Finds everything that is wrong with the step where it stands in the script, and tells the scope what
    /// will be there once it is done.
    fn resolve(spec: Self::Spec, scope: &mut Scope<'_>) -> Option<Self>;

    /// What will be done, a sentence for the people at the table.
    fn preview(&self) -> String;

    /// The keys that it makes: token and label.
    fn makes_keys(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    /// What kind of key it makes there.
    fn makes_kind(&self) -> Option<KeyAlgorithm> {
        None
    }

    /// The token that it initialises.
    fn initializes(&self) -> Option<&str> {
        None
    }

    /// The tokens that are other devices than in the ceremonies before.
    fn replaces(&self) -> &[String] {
        &[]
    }

    /// The medium that it writes, and how many copies.
    fn medium(&self) -> Option<(&str, usize)> {
        None
    }

    /// The medium of an earlier ceremony that it reads, and how many copies there are.
    fn reads(&self) -> Option<(&str, usize)> {
        None
    }

    /// Whose shares are encrypted for their own keys, and onto which medium each goes.
    fn encrypts(&self) -> Vec<(&str, String)> {
        Vec::new()
    }

    /// The shares that it deals: of what, and to whom.
    fn deals(&self) -> Vec<(String, &str)> {
        Vec::new()
    }

    /// Which token has to wrap what kind of key, and which have to take it back.
    fn wraps(&self) -> Option<Wrapping<'_>> {
        None
    }

    /// The token of which it divides a PIN, and which PIN.
    fn splits(&self) -> Option<(&str, PinKind)> {
        None
    }

    /// Does it.
    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError>;
}

/// A key that goes from one token to others, wrapped.
#[derive(Clone, Copy, Debug)]
pub struct Wrapping<'s> {
    /// The token that wraps it; nothing if it was wrapped before.
    pub from: Option<&'s str>,
    /// What kind of key, by its name.
    pub algorithm: &'s str,
    /// The tokens that take it back.
    pub to: &'s [String],
}

/// Everything that a step performs with.
pub struct Room<'r, 's> {
    /// The tokens, the log, the people and the clock.
    pub stage: &'r mut Stage<'s>,
    /// What is known so far.
    pub ledger: &'r mut Ledger,
    /// What the script says once for all steps.
    pub setting: &'r Setting,
    /// What is to be signed, as the plan says it.
    pub drafts: &'r [Draft],
}

impl<'r> Room<'r, '_> {
    /// What people approved of the step that is being done.
    fn approved(&self) -> ApprovedDrafts<'r> {
        ApprovedDrafts::of_step(self.drafts, self.stage.step_number())
    }
}

/// Makes the closed list of steps.
macro_rules! steps {
    ($($module:ident :: $step:ident),+ $(,)?) => {
        /// A step of any kind.
        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[serde(tag = "name", content = "values", rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum AnyStep {
            $(
                #[expect(missing_docs, reason = "each step's own file says what it is")]
                $step($module::$step),
            )+
        }

        impl AnyStep {
            /// Every step's name.
            pub const NAMES: &'static [&'static str] = &[$($module::$step::NAME),+];
            /// Every step's name with what it does.
            pub const ABOUT: &'static [(&'static str, &'static str)] =
                &[$(($module::$step::NAME, $module::$step::ABOUT)),+];
            /// Every step's name with why ceremonies have it.
            pub const WHY: &'static [(&'static str, &'static str)] =
                &[$(($module::$step::NAME, $module::$step::WHY)),+];

            /// Makes a step from what stands in the script; what is wrong goes to the scope's problems.
            pub fn resolve(node: &StepNode, scope: &mut Scope<'_>) -> Option<Self> {
                match node.name.as_str() {
                    $($module::$step::NAME => {
                        let spec = <$module::$step as Step>::Spec::from_node(&node.fields, scope.problems)?;
                        $module::$step::resolve(spec, scope).map(Self::$step)
                    })+
                    other => {
                        // What else is wrong is said as if the nearest one stood there.
                        let near = unknown(other, node.place, "step", "steps", Self::NAMES, scope.problems)?;
                        Self::resolve(&StepNode { name: near.to_owned(), ..node.clone() }, scope)
                    }
                }
            }

            /// The step's name in a script.
            pub const fn name(&self) -> &'static str {
                match self { $(Self::$step(_) => $module::$step::NAME),+ }
            }

            /// Why ceremonies have it, in a sentence for the people at the table.
            pub const fn why(&self) -> &'static str {
                match self { $(Self::$step(_) => $module::$step::WHY),+ }
            }

            /// Minutes that it takes by experience, talking and reading included.
            pub const fn minutes(&self) -> u32 {
                match self { $(Self::$step(_) => $module::$step::MINUTES),+ }
            }

            /// Whether later steps need what came of it after an interruption.
            pub const fn is_recalled(&self) -> bool {
                match self { $(Self::$step(_) => $module::$step::RECALLED),+ }
            }

            /// What will be done, a sentence for the people at the table.
            pub fn preview(&self) -> String {
                match self { $(Self::$step(step) => step.preview()),+ }
            }

            /// The keys that it makes: token and label.
            pub fn makes_keys(&self) -> Vec<(&str, &str)> {
                match self { $(Self::$step(step) => step.makes_keys()),+ }
            }

            /// What kind of key it makes there.
            pub fn makes_kind(&self) -> Option<KeyAlgorithm> {
                match self { $(Self::$step(step) => step.makes_kind()),+ }
            }

            /// The token that it initialises.
            pub fn initializes(&self) -> Option<&str> {
                match self { $(Self::$step(step) => step.initializes()),+ }
            }

            /// The tokens that are other devices than in the ceremonies before.
            pub fn replaces(&self) -> &[String] {
                match self { $(Self::$step(step) => step.replaces()),+ }
            }

            /// The medium that it writes, and how many copies.
            pub fn medium(&self) -> Option<(&str, usize)> {
                match self { $(Self::$step(step) => step.medium()),+ }
            }

            /// The medium of an earlier ceremony that it reads, and how many copies there are.
            pub fn reads(&self) -> Option<(&str, usize)> {
                match self { $(Self::$step(step) => step.reads()),+ }
            }

            /// Whose shares are encrypted for their own keys, and onto which medium each goes.
            pub fn encrypts(&self) -> Vec<(&str, String)> {
                match self { $(Self::$step(step) => step.encrypts()),+ }
            }

            /// The shares that it deals: of what, and to whom.
            pub fn deals(&self) -> Vec<(String, &str)> {
                match self { $(Self::$step(step) => step.deals()),+ }
            }

            /// Which token has to wrap what kind of key, and which have to take it back.
            pub fn wraps(&self) -> Option<Wrapping<'_>> {
                match self { $(Self::$step(step) => step.wraps()),+ }
            }

            /// The token of which it divides a PIN, and which PIN.
            pub fn splits(&self) -> Option<(&str, PinKind)> {
                match self { $(Self::$step(step) => step.splits()),+ }
            }

            /// Does it.
            ///
            /// # Errors
            ///
            /// [`StepError`]: why the ceremony cannot go on.
            pub fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
                match self { $(Self::$step(step) => step.perform(room)),+ }
            }
        }
    };
}

steps!(
    preflight::Preflight,
    roll_call::RollCall,
    confirm_clock::ConfirmClock,
    replace_log_key::ReplaceLogKey,
    rotate_log_key::RotateLogKey,
    confirm_log::ConfirmLog,
    evidence::Evidence,
    instruct::Instruct,
    custody::Custody,
    initialize_token::InitializeToken,
    inventory::TakeInventory,
    create_log::CreateLog,
    generate_key::GenerateKey,
    back_up_key::BackUpKey,
    check_shares::CheckShares,
    refresh_shares::RefreshShares,
    restore_key::RestoreKey,
    split_secret::SplitSecret,
    attest_key::AttestKey,
    device_audit::DeviceAudit,
    destroy_key::DestroyKey,
    issue_root::IssueRoot,
    issue_subordinate::IssueSubordinate,
    issue_cross::IssueCross,
    issue_ocsp_responder::IssueOcspResponder,
    request_certificate::RequestCertificate,
    revoke::Revoke,
    issue_crl::IssueCrl,
    issue_crl_series::IssueCrlSeries,
    issue_ocsp_responses::IssueOcspResponses,
    witness::Witness,
    seal::Seal,
    write_media::WriteMedia,
);

/// Why a step could not be done.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StepError {
    /// The stage could not go on.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// Something could not be issued.
    #[error(transparent)]
    Issuance(#[from] IssuanceError),
    /// Too few people of a role are in the room.
    #[error("{present} people of the role {role} are present; the script's quorum is {wanted}")]
    Quorum {
        /// Which role.
        role: String,
        /// How many are there.
        present: usize,
        /// How many are wanted.
        wanted: usize,
    },
    /// The clocks do not agree.
    #[error(
        "the ceremony clock says {clock} and {person} says {reference}; they may differ by {most} seconds"
    )]
    Clock {
        /// The ceremony's clock.
        clock: String,
        /// Who told the time.
        person: String,
        /// The time told.
        reference: String,
        /// How much they may differ.
        most: u64,
    },
    /// The ceremony is outside the window for which its rules were proven.
    #[error("the ceremony clock says {clock}; the script's window is {from} to {to}")]
    Window {
        /// The ceremony's clock.
        clock: String,
        /// The window's first second.
        from: String,
        /// The window's last second.
        to: String,
    },
    /// A bag is not the one that the log knows.
    #[error("`{item}`: {why}")]
    Custody {
        /// The thing that was in it.
        item: String,
        /// What was found and what was wanted.
        why: String,
    },
    /// A backup cannot go on.
    #[error("{what}: {why}")]
    Backup {
        /// Of what.
        what: String,
        /// What was found and what was wanted.
        why: String,
    },
    /// A token does not hold what the log says.
    #[error("token `{token}` does not hold what the log says: {why}")]
    OtherInventory {
        /// The script's name for it.
        token: String,
        /// What was found and what was wanted.
        why: String,
    },
    /// A key was not destroyed.
    #[error("the key `{key}` was not destroyed: {why}")]
    NotDestroyed {
        /// The script's name.
        key: String,
        /// Why.
        why: String,
    },
    /// A certificate cannot be revoked.
    #[error("nothing was revoked: {0}")]
    Revocation(String),
    /// A file that the plan names by digest is another one now.
    #[error("{0}")]
    Changed(String),
}

/// The names of all key algorithms.
pub fn algorithm_names() -> Vec<&'static str> {
    crate::pki::KeyAlgorithm::ALL.iter().map(|algorithm| algorithm.name()).collect()
}

/// The policy that a script names.
pub const fn policy(named: crate::script::Policy) -> Policy {
    match named {
        crate::script::Policy::PublicTls => Policy::PublicTls,
        crate::script::Policy::Private => Policy::Private,
        crate::script::Policy::PqcPilot => Policy::PqcPilot,
    }
}
