//! What a rule says: met, unmet, not concerned, or not to be judged from what is there.

use std::fmt;

use thiserror::Error;

use super::context::Policy;
use crate::pki::read::ReadError;

/// How grave it is that a rule is unmet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know.
    Note,
    /// Against a SHOULD, or against the demand of a single root program: shown, acknowledged, logged.
    Warning,
    /// Against a MUST: nothing is signed.
    Error,
}

impl Severity {
    /// The word in messages and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How grave a rule's MUST is under each policy. Where it is nothing, the rule does not apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Severities {
    /// Under `public-tls`.
    pub public_tls: Option<Severity>,
    /// Under `private`.
    pub private: Option<Severity>,
    /// Under `pqc-pilot`.
    pub pqc_pilot: Option<Severity>,
}

impl Severities {
    /// A MUST of RFC 5280, RFC 6960 or X.690: an error under every policy.
    pub const STANDARD: Self = Self::all(Severity::Error);
    /// A SHOULD of those: a warning under every policy.
    pub const RECOMMENDED: Self = Self::all(Severity::Warning);
    /// A MUST of the Baseline Requirements or of CCADB, which bind public CAs only.
    pub const BASELINE: Self =
        Self { public_tls: Some(Severity::Error), private: None, pqc_pilot: Some(Severity::Error) };
    /// A MUST of the Baseline Requirements from which the pilot of post-quantum roots departs.
    pub const BASELINE_NOT_PILOT: Self =
        Self { public_tls: Some(Severity::Error), private: None, pqc_pilot: None };
    /// A SHOULD of the Baseline Requirements, or the demand of a single root program.
    pub const PROGRAM: Self = Self { public_tls: Some(Severity::Warning), private: None, pqc_pilot: None };
    /// A demand of the pilot of post-quantum roots.
    pub const PILOT: Self = Self { public_tls: None, private: None, pqc_pilot: Some(Severity::Error) };

    const fn all(severity: Severity) -> Self {
        Self { public_tls: Some(severity), private: Some(severity), pqc_pilot: Some(severity) }
    }

    /// How grave it is under this policy.
    pub const fn under(self, policy: Policy) -> Option<Severity> {
        match policy {
            Policy::PublicTls => self.public_tls,
            Policy::Private => self.private,
            Policy::PqcPilot => self.pqc_pilot,
        }
    }
}

/// What a rule says of one structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is met.
    Pass,
    /// It does not concern this structure.
    NotApplicable,
    /// It is unmet, in each of these ways.
    Unmet(Vec<Unmet>),
}

/// One way in which a rule is unmet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// Whether it breaks the rule's MUST or its SHOULD.
    pub strength: Strength,
    /// What was found and what was wanted.
    pub message: String,
}

/// MUST or SHOULD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// As grave as the rule is under the policy.
    Must,
    /// Never graver than a warning.
    Should,
}

/// Why a rule cannot be judged.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CannotJudge {
    /// Something from outside that was not given.
    #[error("{0} is not known")]
    Missing(&'static str),
    /// Something inside that cannot be read; another rule objects to that.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] ReadError),
}

/// What a rule comes to.
pub type Judgement = Result<Verdict, CannotJudge>;

/// Collects every way in which a rule is unmet.
#[derive(Clone, Debug, Default)]
pub struct Findings(Vec<Unmet>);

impl Findings {
    /// None yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Breaks the MUST.
    pub fn must(&mut self, message: impl Into<String>) {
        self.0.push(Unmet { strength: Strength::Must, message: message.into() });
    }

    /// Breaks the SHOULD.
    pub fn should(&mut self, message: impl Into<String>) {
        self.0.push(Unmet { strength: Strength::Should, message: message.into() });
    }

    /// Takes these over.
    pub(super) fn extend(&mut self, ways: Vec<Unmet>) {
        self.0.extend(ways);
    }

    /// Met if there is nothing.
    ///
    /// # Errors
    ///
    /// None: the type is that of what a rule comes to.
    pub fn verdict(self) -> Judgement {
        Ok(if self.0.is_empty() { Verdict::Pass } else { Verdict::Unmet(self.0) })
    }
}

/// A verdict with one way in which the MUST is broken.
///
/// # Errors
///
/// None: the type is that of what a rule comes to.
pub fn must(message: impl Into<String>) -> Judgement {
    let mut findings = Findings::new();
    findings.must(message);
    findings.verdict()
}

/// A verdict with one way in which the SHOULD is broken.
///
/// # Errors
///
/// None: the type is that of what a rule comes to.
pub fn should(message: impl Into<String>) -> Judgement {
    let mut findings = Findings::new();
    findings.should(message);
    findings.verdict()
}

/// Met.
pub const PASS: Judgement = Ok(Verdict::Pass);
/// Not concerned.
pub const NOT_APPLICABLE: Judgement = Ok(Verdict::NotApplicable);
