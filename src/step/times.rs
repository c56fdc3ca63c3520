//! When something begins, as a script says it.

use crate::issuance::order::When;
use crate::script::{FromNode, Node, Place, Problems, wrong};

impl FromNode for When {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        match node.text().map(str::parse) {
            Some(Ok(when)) => Some(when),
            _ => wrong(
                node,
                "`ceremony-day`, `signing-time`, or a time such as `2026-11-01T00:00:00Z`",
                problems,
            ),
        }
    }

    fn stand_in(_key: &str, _place: Place, problems: &mut Problems) -> Option<Self> {
        problems.guess([Self::CeremonyDay, Self::SigningTime, Self::CeremonyDay])
    }
}
