//! What a plan says of a to-be-signed structure: its fields and octets, but for the typed holes.

use std::io;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, hex};
use crate::issuance::{ApprovedPlan, Field, Statement};
use crate::pki::SignatureAlgorithm;
use crate::pki::build::Streamed;
use crate::stage::ArtifactPlace;

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
    /// With which algorithm, where it is not the one that the key demands by itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed_with: Option<SignedWith>,
    /// What rules warn of: whoever approves the plan has read it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub warnings: Vec<String>,
    /// Every field, the holes by their names in angle brackets.
    pub fields: Statement,
    /// The octets, with holes where they are not known yet.
    pub octets: Vec<Octets>,
}

/// An algorithm that the token of a key has to have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedWith {
    /// The script's name for the token.
    pub token: String,
    /// The algorithm.
    #[serde(with = "super::text")]
    pub algorithm: SignatureAlgorithm,
}

/// The drafts of one step, as people approved them.
#[derive(Clone, Debug)]
pub struct ApprovedDrafts<'d> {
    drafts: &'d [Draft],
    step: String,
}

impl<'d> ApprovedDrafts<'d> {
    /// Those of a step, by its number.
    pub const fn of_step(drafts: &'d [Draft], step: String) -> Self {
        Self { drafts, step }
    }
}

impl ApprovedPlan for ApprovedDrafts<'_> {
    fn statement(&self, place: &ArtifactPlace) -> Option<&Statement> {
        let mut of_step = self.drafts.iter().filter(|draft| draft.step == self.step);
        of_step.find(|draft| draft.kind == place.kind && draft.name == place.name).map(|draft| &draft.fields)
    }

    fn difference(
        &self,
        place: &ArtifactPlace,
        says: &Statement,
        octets: &Streamed,
    ) -> io::Result<Option<String>> {
        let mut of_step = self.drafts.iter().filter(|draft| draft.step == self.step).peekable();
        if of_step.peek().is_none() {
            return Ok(Some(format!("the plan has nothing to be signed in step {}", self.step)));
        }
        match of_step.find(|draft| draft.kind == place.kind && draft.name == place.name) {
            Some(draft) => draft.difference(says, octets),
            // Of a long series the plan shows the first and the last; all of it is judged.
            None => Ok(None),
        }
    }
}

impl Draft {
    /// What of a structure is not as this says it, outside the holes; nothing if all of it is.
    fn difference(&self, says: &Statement, octets: &Streamed) -> io::Result<Option<String>> {
        let fields = self.fields.fields().iter();
        let differs = fields.zip(says.fields()).find(|(planned, now)| {
            planned.name != now.name || (planned.value != now.value && !planned.value.starts_with('<'))
        });
        if let Some((planned, now)) = differs {
            let (name, value) = (&planned.name, &planned.value);
            return Ok(Some(format!("{name}: planned `{value}`, now {} `{}`", now.name, now.value)));
        }
        let (planned, now) = (self.fields.fields().len(), says.fields().len());
        if planned != now {
            return Ok(Some(format!("planned {planned} fields, now {now}")));
        }
        let is_open = |field: &Field| field.value.starts_with('<') && field.value.contains(SAID_LATER);
        if self.fields.fields().iter().any(is_open) {
            // What people say on the day has no place of its own in the octets, and may be longer or shorter than what
            // the plan had in its place: here the fields are all that was approved.
            return Ok(None);
        }
        self.octets_differ(octets)
    }

    fn length(&self) -> usize {
        let length = |part: &Octets| match part {
            Octets::Fixed(text) => text.len() / 2,
            Octets::Hole(hole) => hole.octets,
            Octets::Entries(entries) => usize::try_from(entries.octets).unwrap_or(usize::MAX),
        };
        self.octets.iter().map(length).fold(0, usize::saturating_add)
    }

    fn octets_differ(&self, octets: &Streamed) -> io::Result<Option<String>> {
        let (planned, now) = (self.length(), octets.len());
        if planned != now {
            return Ok(Some(format!("planned {planned} octets, now {now}")));
        }
        let list = octets.list();
        let whole = if list.count() <= MOST_WRITTEN_OUT { octets.to_vec()? } else { Vec::new() };
        let (head, tail) = if whole.is_empty() { octets.around() } else { (whole.as_slice(), &[][..]) };
        let (mut at, mut rest, mut next) = (0, head, Some(tail));
        for part in &self.octets {
            let taken = match part {
                Octets::Fixed(text) => text.len() / 2,
                Octets::Hole(hole) => hole.octets,
                Octets::Entries(entries) => {
                    let same = entries.count == list.count() && entries.revoked_sha256 == list.sha256();
                    if !same || !rest.is_empty() {
                        return Ok(Some("the entries are others".to_owned()));
                    }
                    rest = next.take().unwrap_or_default();
                    at += usize::try_from(entries.octets).unwrap_or(usize::MAX);
                    continue;
                }
            };
            let Some((found, after)) = rest.split_at_checked(taken) else {
                return Ok(Some(format!("from octet {at} on there are only {}", rest.len())));
            };
            match part {
                Octets::Fixed(text) if hex(found) != *text => {
                    return Ok(Some(format!("octets from {at} on: planned {text}, now {}", hex(found))));
                }
                _ => {}
            }
            (at, rest) = (at + taken, after);
        }
        Ok(None)
    }
}

/// How the holes are named that people fill in a step before.
const SAID_LATER: &str = " of step ";

/// A part of the octets of a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Octets {
    /// Fixed octets, in hex.
    Fixed(String),
    /// A hole of so many octets.
    Hole(Hole),
    /// The entries of a CRL that are too many to be written out.
    Entries(Entries),
}

/// The entries of a CRL, as a plan says them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entries {
    /// How many.
    pub count: u64,
    /// How many octets they take.
    pub octets: u64,
    /// Their digest: of a line each, as the log has it.
    pub revoked_sha256: Digest,
}

/// What is not known when the plan is approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hole {
    /// Which hole: `serial`, `ceremony-day`, `key`, `key-identifier`, …
    pub name: String,
    /// How many octets it takes.
    pub octets: usize,
}

/// The fields with each hole's name in angle brackets where its value will be. What depends on the day of signing says
/// which values it can have: `first` as signed at the window's first second, `last` at its last.
pub fn named(first: &Statement, last: &Statement, holes: &[(String, String)]) -> Statement {
    let mut named = Statement::new();
    for (index, field) in first.fields().iter().enumerate() {
        let Some((_, hole)) = holes.iter().find(|(name, _)| *name == field.name) else {
            named.say(field.name.clone(), &field.value);
            continue;
        };
        let latest = last.fields().get(index).map_or(field.value.as_str(), |field| field.value.as_str());
        let value = if !WHEN.iter().any(|when| hole.starts_with(when)) {
            format!("<{hole}>")
        } else if latest == field.value {
            format!("<{hole}>: {latest}")
        } else {
            format!("<{hole}>: {} to {latest}", field.value)
        };
        named.say(field.name.clone(), value);
    }
    named
}

/// The holes that are times.
const WHEN: [&str; 2] = ["ceremony-day", "signing-time"];

/// The octets cut into fixed parts and holes. `places` says where fields with a value of their own stand. Of a long list
/// of entries there are number and digest.
///
/// # Errors
///
/// The system's, if a list cannot be read.
pub fn cut(
    octets: &Streamed,
    places: &[(String, Range<usize>)],
    holes: &[(String, String)],
) -> io::Result<Vec<Octets>> {
    let list = octets.list();
    if list.count() <= MOST_WRITTEN_OUT {
        return Ok(cut_part(&octets.to_vec()?, 0, places, holes));
    }
    let (head, tail) = octets.around();
    let mut parts = cut_part(head, 0, places, holes);
    let (count, revoked_sha256) = (list.count(), list.sha256());
    parts.push(Octets::Entries(Entries { count, octets: list.der_octets(), revoked_sha256 }));
    parts.extend(cut_part(tail, octets.len() - tail.len(), places, holes));
    Ok(parts)
}

/// A part of the octets, which begins at `begin`, cut where places are in it.
fn cut_part(
    octets: &[u8],
    begin: usize,
    places: &[(String, Range<usize>)],
    holes: &[(String, String)],
) -> Vec<Octets> {
    let end = begin + octets.len();
    let mut found: Vec<(&Range<usize>, &String)> = places
        .iter()
        .filter(|(_, range)| begin <= range.start && range.end <= end)
        .filter_map(|(field, range)| {
            let (_, hole) = holes.iter().find(|(name, _)| name == field)?;
            Some((range, hole))
        })
        .collect();
    found.sort_by_key(|(range, _)| range.start);
    let mut parts = Vec::new();
    let mut next = begin;
    let fixed = |from: usize, to: usize, parts: &mut Vec<Octets>| {
        if let Some(part) = octets.get(from - begin..to - begin).filter(|part| !part.is_empty()) {
            parts.push(Octets::Fixed(hex(part)));
        }
    };
    for (range, hole) in found {
        fixed(next, range.start, &mut parts);
        parts.push(Octets::Hole(Hole { name: hole.clone(), octets: range.len() }));
        next = range.end;
    }
    fixed(next, end, &mut parts);
    parts
}

/// How many entries of a CRL a plan writes out.
const MOST_WRITTEN_OUT: u64 = 100;

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
            cut(&vec![0, 1, 2, 3, 4].into(), &places, &holes).unwrap(),
            [fixed("00"), hole("serial"), fixed("02"), hole("key"), fixed("04")]
        );
        assert_eq!(cut(&vec![0, 1].into(), &[], &holes).unwrap(), [fixed("0001")]);
        assert_eq!(cut_part(&[2, 3, 4], 2, &places, &holes), [fixed("02"), hole("key"), fixed("04")]);
    }

    #[test]
    fn a_field_with_a_hole_says_the_hole() {
        let mut statement = Statement::new();
        statement.say("serial number", "01");
        statement.say("issuer", "CN=x");
        let mut last = statement.clone();
        statement.say("not before", "1");
        last.say("not before", "2");
        let holes = [("serial number".into(), "serial".into()), ("not before".into(), "ceremony-day".into())];
        let named = named(&statement, &last, &holes);
        assert_eq!(named.value("serial number"), Some("<serial>"));
        assert_eq!(named.value("issuer"), Some("CN=x"));
        assert_eq!(named.value("not before"), Some("<ceremony-day>: 1 to 2"));
    }

    #[test]
    fn what_is_not_as_approved_is_named_and_a_hole_may_be_anything() {
        let mut fields = Statement::new();
        fields.say("serial number", "<serial>");
        fields.say("issuer", "CN=x");
        let octets = |text: &str| Octets::Fixed(text.into());
        let hole = Octets::Hole(Hole { name: "serial".into(), octets: 2 });
        let draft = |fields: &Statement| Draft {
            step: "2.1".into(),
            kind: "root".into(),
            name: "x".into(),
            signed_by: "x".into(),
            signed_with: None,
            warnings: Vec::new(),
            fields: fields.clone(),
            octets: vec![octets("0001"), hole.clone(), octets("04")],
        };
        let drafts = [draft(&fields)];
        let mut says = Statement::new();
        says.say("serial number", "0203");
        says.say("issuer", "CN=x");
        let place = |name: &str| ArtifactPlace { kind: "root", name: name.into() };
        let difference = |step: &str, says: &Statement, octets: &[u8]| {
            let approved = ApprovedDrafts::of_step(&drafts, step.into());
            approved.difference(&place("x"), says, &octets.to_vec().into()).unwrap()
        };
        for serial in [[2, 3], [9, 9]] {
            assert_eq!(difference("2.1", &says, &[0, 1, serial[0], serial[1], 4]), None);
        }
        let said = |found: Option<String>| found.unwrap_or_default();
        assert!(
            said(difference("2.1", &says, &[0, 1, 2, 3, 5])).contains("octets from 4 on: planned 04, now 05")
        );
        assert!(said(difference("2.1", &says, &[0, 9, 2, 3, 4])).contains("octets from 0 on"));
        assert!(said(difference("2.1", &says, &[0, 1, 2, 3])).contains("planned 5 octets, now 4"));
        assert!(
            said(difference("2.2", &says, &[0, 1, 2, 3, 4])).contains("nothing to be signed in step 2.2")
        );
        says.say("more", "y");
        assert!(said(difference("2.1", &says, &[0, 1, 2, 3, 4])).contains("planned 2 fields, now 3"));
        let mut other = Statement::new();
        other.say("serial number", "0203");
        other.say("issuer", "CN=y");
        assert!(said(difference("2.1", &other, &[0, 1, 2, 3, 4])).contains("issuer: planned `CN=x`"));
    }
}
