//! What a token lets be changed of a key of its own, which was made to find that out: it must stay sensitive and inside, and
//! keep its name.

use super::{Finding, Found, refusal};
use crate::hsm::direct::key;
use crate::hsm::direct::place::{Task, flag, octets};
use crate::hsm::raw::{Attribute, Value};
use crate::hsm::{AttributeName, KeyId, Reading, TokenError};

/// Tries to change the private half of a key that no ceremony has. What did change is not of use afterwards.
pub(in super::super) fn find_out(task: &mut Task<'_>, id: &KeyId) -> Result<Vec<Finding>, TokenError> {
    use AttributeName as A;
    let (described, private) = key::describe(task, id)?;
    let secret = key::secret_attribute(described.algorithm);
    let attempts: [(A, Attribute, Found, &str); 3] = [
        (A::Sensitive, flag(A::Sensitive, false), Found::Wrong, "no longer sensitive"),
        (A::Extractable, flag(A::Extractable, true), Found::Wrong, "able to leave"),
        (A::Label, octets(A::Label, b"rootrite-doctor-renamed"), Found::Lacking, "of another label"),
    ];
    let mut findings = Vec::new();
    for (name, wish, found, became) in attempts {
        let subject = format!("change {name} of a key");
        findings.push(match task.session.change(private, std::slice::from_ref(&wish)) {
            Err(fault) => Finding::new(subject, Found::Good, format!("refused: {}", refusal(fault))),
            Ok(()) if task.read(private, name)? == reading(&wish.1) => {
                let mut detail = format!("whoever has the PIN can make it {became}");
                let mut found = found;
                if name == A::Sensitive && !matches!(task.probe(private, secret)?, Reading::Octets(_)) {
                    detail.push_str("; its secret is not shown all the same");
                    found = Found::Lacking;
                }
                Finding::new(subject, found, detail)
            }
            Ok(()) => Finding::new(subject, Found::Good, "it says that it did, and it did not"),
        });
    }
    Ok(findings)
}

/// A value as it is read.
fn reading(value: &Value) -> Reading {
    match value {
        Value::Flag(set) => Reading::Flag(*set != 0),
        Value::Number(number) => Reading::Number(*number),
        Value::Octets(octets) => Reading::Octets(octets.clone()),
    }
}
