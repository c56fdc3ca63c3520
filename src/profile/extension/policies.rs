//! Under which policies a certificate is issued.

use super::super::ProfileError;
use super::super::term::{Fills, Term, Uri};
use super::oid;
use crate::pki::build::{Extension as Built, PolicyParts};
use crate::pki::oid::{Oid, policy};
use crate::script::{Fields, FromNode, Node, Problems, Value};

/// The policies, in their order; at least one. Source: RFC 5280 §4.2.1.4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policies(pub Vec<Policy>);

/// One policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Its identifier.
    pub oid: Oid,
    /// Where its certification practice statement is: the qualifier id-qt-cps, an IA5String.
    pub cps: Option<Uri>,
}

impl Policies {
    pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        fields.list("policies").map(Self)
    }

    pub(super) fn terms(&self) -> Vec<&Term> {
        self.0.iter().filter_map(|policy| policy.cps.as_ref().map(|uri| &uri.0)).collect()
    }

    pub(super) fn build(&self, fills: &Fills) -> Result<Built, ProfileError> {
        let parts: Vec<_> = self.0.iter().map(|policy| policy.parts(fills)).collect::<Result<_, _>>()?;
        Ok(Built::certificate_policies(false, &parts)?)
    }
}

impl Policy {
    fn parts<'t>(&'t self, fills: &'t Fills) -> Result<PolicyParts<'t>, ProfileError> {
        let cps = self.cps.as_ref().map(|cps| cps.text(fills)).transpose()?;
        Ok(PolicyParts { policy: self.oid, cps })
    }
}

/// `2.23.140.1.2.1`, or `{policy: 2.23.140.1.2.1, cps: "http://cps.example.org/"}`.
impl FromNode for Policy {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        if !matches!(node.value, Value::Map(_)) {
            return Identifier::from_node(node, problems).map(|policy| Self { oid: policy.0, cps: None });
        }
        let mut fields = Fields::of(node, problems);
        let policy: Option<Identifier> = fields.required("policy");
        let cps = fields.optional("cps");
        fields.finish();
        Some(Self { oid: policy?.0, cps })
    }
}

struct Identifier(Oid);

impl FromNode for Identifier {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        oid(node, &POLICIES, "a policy", problems).map(Self)
    }
}

const POLICIES: [(&str, Oid); 5] = [
    ("any", policy::ANY),
    ("domain-validated", policy::DOMAIN_VALIDATED),
    ("organization-validated", policy::ORGANIZATION_VALIDATED),
    ("individual-validated", policy::INDIVIDUAL_VALIDATED),
    ("extended-validation", policy::EXTENDED_VALIDATION),
];
