//! What a plan says of a to-be-signed structure: its fields and octets, but for the typed holes.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::digest::hex;
use crate::issuance::Statement;

/// A to-be-signed structure of the plan: its fields, and its octets but for the holes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The step that signs it.
    pub step: String,
    /// What it becomes.
    pub kind: String,
    /// The script's name for it.
    pub name: String,
    /// The script's name for the key that signs it.
    pub signed_by: String,
    /// Every field, the holes by their names in angle brackets.
    pub fields: Statement,
    /// The octets, with holes where they are not known yet.
    pub octets: Vec<Octets>,
}

/// A part of the octets of a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Octets {
    /// Fixed octets, in hex.
    Fixed(String),
    /// A hole of so many octets.
    Hole(Hole),
}

/// What is not known when the plan is approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hole {
    /// Which hole: `serial`, `ceremony-day`, `key`, `key-identifier`, …
    pub name: String,
    /// How many octets it takes.
    pub octets: usize,
}

/// The fields with each hole's name in angle brackets where its value will be.
pub fn named(statement: &Statement, holes: &[(String, String)]) -> Statement {
    let mut named = Statement::new();
    for field in statement.fields() {
        match holes.iter().find(|(name, _)| *name == field.name) {
            Some((_, hole)) => named.say(field.name.clone(), format!("<{hole}>")),
            None => named.say(field.name.clone(), &field.value),
        }
    }
    named
}

/// The octets cut into fixed parts and holes. `places` says where fields with a value of their own stand.
pub fn cut(octets: &[u8], places: &[(String, Range<usize>)], holes: &[(String, String)]) -> Vec<Octets> {
    let mut found: Vec<(&Range<usize>, &String)> = places
        .iter()
        .filter_map(|(field, range)| {
            let (_, hole) = holes.iter().find(|(name, _)| name == field)?;
            Some((range, hole))
        })
        .collect();
    found.sort_by_key(|(range, _)| range.start);
    let mut parts = Vec::new();
    let mut next = 0;
    let fixed = |from: usize, to: usize, parts: &mut Vec<Octets>| {
        if let Some(part) = octets.get(from..to).filter(|part| !part.is_empty()) {
            parts.push(Octets::Fixed(hex(part)));
        }
    };
    for (range, hole) in found {
        fixed(next, range.start, &mut parts);
        parts.push(Octets::Hole(Hole { name: hole.clone(), octets: range.len() }));
        next = range.end;
    }
    fixed(next, octets.len(), &mut parts);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_are_cut_at_the_holes_that_the_order_has() {
        let places = [("b".to_owned(), 3..4), ("a".to_owned(), 1..2), ("fixed".to_owned(), 0..1)];
        let holes = [("a".to_owned(), "serial".to_owned()), ("b".to_owned(), "key".to_owned())];
        let hole = |name: &str| Octets::Hole(Hole { name: name.into(), octets: 1 });
        let fixed = |text: &str| Octets::Fixed(text.into());
        assert_eq!(
            cut(&[0, 1, 2, 3, 4], &places, &holes),
            [fixed("00"), hole("serial"), fixed("02"), hole("key"), fixed("04")]
        );
        assert_eq!(cut(&[0, 1], &[], &holes), [fixed("0001")]);
    }

    #[test]
    fn a_field_with_a_hole_says_the_hole() {
        let mut statement = Statement::new();
        statement.say("serial number", "01");
        statement.say("issuer", "CN=x");
        let named = named(&statement, &[("serial number".into(), "serial".into())]);
        assert_eq!(named.value("serial number"), Some("<serial>"));
        assert_eq!(named.value("issuer"), Some("CN=x"));
    }
}
