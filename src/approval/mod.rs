//! Approvals as signatures: what a person signs with an SSH key of their own, and whether they did.
//!
//! The rules of this folder:
//! - What is signed is a text that says whose approval it is and of what, by digest; it can be made again from the log.
//! - Signatures are in a namespace of their own: none that was made for e-mail, git or a login is an approval.
//! - Only the key that the script registers for a person counts; the plan's digest covers it.
//! - SHA-1 is no algorithm here, and a FIDO key has to have been touched.
//!
//! `ssh-keygen -Y sign` makes the signatures, and `ssh-keygen -Y verify` can judge them. This program judges them itself, by
//! the same code that verifies what tokens sign.
//!
//! Sources: OpenSSH PROTOCOL.sshsig, PROTOCOL.u2f; RFC 4251 §5; RFC 4253 §6.6; RFC 5656 §3.1; RFC 8332; RFC 8709.

mod agent;
mod import;
mod key;
mod own_key;
mod practice;
mod signature;
mod statement;
mod wire;

pub use agent::{Agent, AgentError};
pub use import::{ImportAct, ImportApproval, ImportStatement, VerifiedImportApproval};
pub use key::{PersonKey, PersonKeyError};
pub use own_key::{OwnKey, OwnKeyError};
pub use practice::{practice_key, practice_signature};
pub use signature::{NAMESPACE, SshSignature, SshSignatureError};
pub use statement::{
    ActStatement, DEVIATION, GivenError, PlanApproval, PlanStatement, VerifiedPlanApproval, deviation_sha256,
};
