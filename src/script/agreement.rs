//! What has to agree within a script: people, roles, numbers and tokens.
//!
//! Each check needs only the parts it compares, so that one bad part does not hide what is wrong with the others.

use std::collections::BTreeMap;

use super::ceremony::{Counts, Person, Policy, Role, TokenDemand};
use super::fields::{Named, Word};
use super::problem::{Located, Problems};

/// The parts of a script that could be read.
pub struct Parts<'s> {
    /// Which rules apply.
    pub policy: Option<&'s Located<Policy>>,
    /// What each token must be.
    pub tokens: Option<&'s Named<TokenDemand>>,
    /// Who takes part, as far as it is known.
    pub people: Option<&'s [Person]>,
    /// How many more take part.
    pub others: usize,
    /// How many of each role must be present.
    pub quorum: Option<&'s Counts>,
    /// How many of each role approve the plan.
    pub approving: Option<&'s Counts>,
}

/// Reports everything that does not agree.
pub fn agree(parts: &Parts<'_>, problems: &mut Problems) {
    if let Some(people) = parts.people {
        everyone_once(people, problems);
    }
    for (counts, what) in [(parts.quorum, "quorum"), (parts.approving, "approval of the plan")] {
        if let Some(counts) = counts {
            enough_people(counts, what, (parts.people, parts.others), problems);
        }
    }
    for (counts, what) in [(parts.quorum, "quorum"), (parts.approving, "approval of the plan")] {
        if let (Some(policy), Some(counts)) = (parts.policy, counts) {
            multi_party(*policy, counts, what, problems);
        }
    }
    if let Some(tokens) = parts.tokens {
        distinct(tokens, problems);
    }
}

fn everyone_once(people: &[Person], problems: &mut Problems) {
    let mut first = BTreeMap::new();
    for person in people {
        let id = &person.id;
        if let Some(line) = first.get(&id.value) {
            let message = format!("`{}` is listed for the second time; a person has one role", id.value);
            problems.add_with_hint(id.place, message, format!("the first time is in line {line}"));
        } else {
            first.insert(&id.value, id.place.line);
        }
    }
}

fn enough_people(
    counts: &Counts,
    what: &str,
    (people, others): (Option<&[Person]>, usize),
    problems: &mut Problems,
) {
    for (role, wanted) in counts.iter() {
        let role = role.value;
        if wanted.value == 0 {
            problems.add(wanted.place, format!("found 0 of the role `{}`, wanted at least 1", role.word()));
        }
        let Some(people) = people else { continue };
        let listed = people.iter().filter(|person| person.role.value == role).count();
        if wanted.value > listed + others {
            let message = format!(
                "the {what} needs {} of the role `{}`; {listed} are listed under `people`",
                wanted.value,
                role.word()
            );
            problems.add(wanted.place, message);
        }
    }
}

/// Source: BR §5.2.2, §6.2.2: CA keys are used under at least dual control.
fn multi_party(policy: Located<Policy>, counts: &Counts, what: &str, problems: &mut Problems) {
    let officers = counts.of(Role::CryptoOfficer);
    if policy.value == Policy::PublicTls && officers < 2 {
        let place = counts
            .iter()
            .find(|(role, _)| role.value == Role::CryptoOfficer)
            .map_or(policy.place, |(_, count)| count.place);
        let message = format!(
            "the {what} has {officers} of the role `crypto-officer`; policy `public-tls` wanted at least 2"
        );
        problems.add(place, message);
    }
}

fn distinct(tokens: &Named<TokenDemand>, problems: &mut Problems) {
    for (name, demand) in tokens.iter() {
        for other in &demand.distinct_from {
            if other.value == name.value {
                problems
                    .add(other.place, format!("the token `{}` is to be distinct from itself", name.value));
            } else if tokens.find(other.value.as_str()).is_none() && !other.value.is_unread() {
                let names: Vec<&str> = tokens.iter().map(|(name, _)| name.value.as_str()).collect();
                super::unknown(other.value.as_str(), other.place, "token", "tokens", &names, problems);
            }
        }
    }
}
