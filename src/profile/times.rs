//! Which form the times of a certificate have.

use crate::script::{FromNode, Node, Problems, listed, text, wrong};

/// The form of not before and not after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    /// UTCTime to 2049, GeneralizedTime from 2050 on: what RFC 5280 §4.1.2.5 asks for.
    #[default]
    ByDate,
    /// GeneralizedTime whatever the date, as some old roots have it. CRT-10 objects to it to 2049.
    Generalized,
}

impl Times {
    /// Every one with the name that profiles use.
    pub const NAMES: [(&'static str, Self); 2] =
        [("by-date", Self::ByDate), ("generalized", Self::Generalized)];
}

impl FromNode for Times {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let wanted = format!("one of {}", listed(&Self::NAMES.map(|(name, _)| name)));
        let name = text(node, &wanted, problems)?;
        let found = Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, times)| *times);
        found.or_else(|| wrong(node, &wanted, problems))
    }
}
