//! What a structure says, field by field, for people and for the comparison after signing.
//!
//! The same fields come from two sides: from profile and script before anything is built, and from the octets
//! as the second implementation reads them. They have to be equal, in order and to the letter.

pub mod planned;
pub mod read;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// One field: its name and what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The name in the standard's words.
    pub name: Cow<'static, str>,
    /// What it says, whole.
    pub value: String,
}

/// Every field of a to-be-signed structure, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Statement(Vec<Field>);

impl Statement {
    /// Nothing said yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Says one thing more.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "numbers and times are said as they are, without a borrow"
    )]
    pub fn say(&mut self, name: impl Into<Cow<'static, str>>, value: impl ToString) {
        self.0.push(Field { name: name.into(), value: value.to_string() });
    }

    /// Says everything that another one says, after what is said already.
    pub fn append(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    /// The fields, in order.
    pub fn fields(&self) -> &[Field] {
        &self.0
    }

    /// What a field says, by its name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|field| field.name == name).map(|field| field.value.as_str())
    }

    /// The first field in which `read` is not this, as a sentence; nothing if they are equal.
    pub fn difference(&self, read: &Self) -> Option<String> {
        let longest = self.0.len().max(read.0.len());
        (0..longest).find_map(|index| match (self.0.get(index), read.0.get(index)) {
            (Some(planned), Some(read)) if planned == read => None,
            (Some(planned), Some(read)) if planned.name == read.name => {
                Some(format!("{}: planned `{}`, read `{}`", planned.name, planned.value, read.value))
            }
            (planned, read) => {
                let name = |field: Option<&Field>| field.map_or("nothing", |field| &field.name).to_owned();
                Some(format!("planned {}, read {}", name(planned), name(read)))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(fields: &[(&'static str, &str)]) -> Statement {
        let mut statement = Statement::new();
        for (name, value) in fields {
            statement.say(*name, value);
        }
        statement
    }

    #[test]
    fn the_first_difference_is_named() {
        let planned = statement(&[("serial", "01"), ("reason", "1")]);
        assert_eq!(planned.difference(&planned), None);
        for (read, difference) in [
            (&[("serial", "01"), ("reason", "0")][..], "reason: planned `1`, read `0`"),
            (&[("serial", "01")], "planned reason, read nothing"),
            (&[("reason", "1"), ("serial", "01")], "planned serial, read reason"),
            (&[("serial", "01"), ("reason", "1"), ("more", "")], "planned nothing, read more"),
        ] {
            assert_eq!(planned.difference(&statement(read)).as_deref(), Some(difference));
        }
    }
}
