//! A rule, an objection, and what all rules together come to.

use std::fmt;

use super::context::{Context, Policy};
use super::verdict::{CannotJudge, Judgement, Severities, Severity, Strength, Verdict};

/// One requirement on structures of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Rule<V> {
    /// Its stable id: `ROOT-02`.
    pub id: &'static str,
    /// What has to hold, as a sentence without a full stop.
    pub requires: &'static str,
    /// Where it is written.
    pub source: &'static str,
    /// How grave it is under each policy.
    pub severity: Severities,
    /// What it says of a structure.
    pub verdict: V,
}

/// One rule unmet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// The rule's id.
    pub rule: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// What was found and what was wanted.
    pub message: String,
    /// Where the rule is written.
    pub source: &'static str,
}

impl Objection {
    /// Whether it ends the matter.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// `error ROOT-02: lasts 1 s; … (BR 2.2.6 §7.1.2.1.1)`.
impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {} ({})", self.severity, self.rule, self.message, self.source)
    }
}

/// A rule that could not be judged, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotJudged {
    /// The rule's id.
    pub rule: &'static str,
    /// Why.
    pub because: CannotJudge,
}

/// What all rules together come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assessment {
    /// The ids of the rules that are met.
    pub passed: Vec<&'static str>,
    /// The ids of the rules that do not apply: not to this structure or not under this policy.
    pub not_applicable: Vec<&'static str>,
    /// Every rule unmet.
    pub objections: Vec<Objection>,
    /// The rules that could not be judged: never any in a ceremony, where each becomes an objection.
    pub not_judged: Vec<NotJudged>,
}

impl Assessment {
    /// Whether anything is an error.
    pub fn has_error(&self) -> bool {
        self.objections.iter().any(Objection::is_error)
    }

    /// Enters what one rule came to.
    pub(super) fn enter<V>(
        &mut self,
        rule: &Rule<V>,
        context: &Context<'_>,
        judge: impl FnOnce(&V) -> Judgement,
    ) {
        let Some(severity) = rule.severity.under(context.policy()) else {
            return self.not_applicable.push(rule.id);
        };
        match judge(&rule.verdict) {
            Ok(Verdict::Pass) => self.passed.push(rule.id),
            Ok(Verdict::NotApplicable) => self.not_applicable.push(rule.id),
            Ok(Verdict::Unmet(ways)) => self.objections.extend(ways.into_iter().map(|way| Objection {
                rule: rule.id,
                severity: match way.strength {
                    Strength::Must => severity,
                    Strength::Should => severity.min(Severity::Warning),
                },
                message: way.message,
                source: rule.source,
            })),
            // In a ceremony everything is there: what cannot be judged is not signed.
            Err(because) if context.is_ceremony() => self.objections.push(Objection {
                rule: rule.id,
                severity: Severity::Error,
                message: format!("this rule cannot be judged: {because}"),
                source: rule.source,
            }),
            Err(because) => self.not_judged.push(NotJudged { rule: rule.id, because }),
        }
    }
}

/// What documentation and listings say of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Its id.
    pub id: &'static str,
    /// What has to hold.
    pub requires: &'static str,
    /// Where it is written.
    pub source: &'static str,
    /// How grave it is under each policy.
    pub severity: Severities,
}

impl<V> Rule<V> {
    /// What documentation and listings say of it.
    pub const fn summary(&self) -> Summary {
        Summary { id: self.id, requires: self.requires, source: self.source, severity: self.severity }
    }

    /// Whether it applies under this policy.
    pub const fn applies_under(&self, policy: Policy) -> bool {
        self.severity.under(policy).is_some()
    }
}
