//! To whom a secret is dealt: to holders with a threshold, or to groups of them, each with its own.
//!
//! The rules of this file:
//! - Each person has one share, in one group.
//! - It takes two people at least.

use super::{Person, Scope, spec};
use crate::script::{Id, Located, Named, Part};
use crate::stage::{Division, Groups, HolderGroup};

spec!(
    /// `{threshold: 2, holders: [h1, h2, h3]}`
    GroupSpec {
        /// How many of its holders it takes.
        threshold: Located<usize> = required "threshold",
        /// Who has a share: people, or a role for everyone of it.
        holders: Vec<Located<Id>> = list "holders",
    }
);

/// What a script says of holders: `threshold` and `holders`, or `group-threshold` and `groups`.
pub struct Said<'s> {
    /// How many holders it takes.
    pub threshold: Option<&'s Located<usize>>,
    /// Who has a share.
    pub holders: &'s [Located<Id>],
    /// How many groups it takes.
    pub group_threshold: Option<&'s Located<usize>>,
    /// The groups.
    pub groups: Option<&'s Named<GroupSpec>>,
}

/// What the words of a step that deals shares say of holders: their types differ, their four keys are the same.
macro_rules! said_of {
    ($spec:ident) => {
        crate::step::holding::Said {
            threshold: $spec.threshold.as_ref(),
            holders: &$spec.holders,
            group_threshold: $spec.group_threshold.as_ref(),
            groups: $spec.groups.as_ref(),
        }
    };
}
pub(super) use said_of;

/// Who has the shares of a set, and how many of them it takes.
pub struct Holding {
    /// Everyone who has one, in the order of their shares.
    pub holders: Vec<Person>,
    /// How many it takes; of groups, the fewest.
    pub threshold: usize,
    /// The groups, if there are several.
    pub groups: Option<Groups>,
}

impl Holding {
    /// Finds everything that is wrong with what a script says of holders.
    pub fn resolve(said: &Said<'_>, scope: &mut Scope<'_>) -> Option<Self> {
        let Some(groups) = said.groups else { return Self::of_one(said, scope) };
        let without = "goes without `groups`: each group says its own";
        let holders = said.holders.first().map(|holder| ("holders", holder.place));
        for (key, place) in said.threshold.map(|said| ("threshold", said.place)).into_iter().chain(holders) {
            scope.problems.add(place, format!("`{key}` {without}"));
        }
        let all = all_of(groups, scope);
        let Some(needed) = said.group_threshold else {
            scope.wrong("`group-threshold` is missing: how many of the groups it takes");
            return None;
        };
        let (holders, all) = all?;
        match Groups::new(needed.value, all) {
            Ok(groups) => {
                let threshold = Division::from(&groups).threshold;
                Some(Self { holders, threshold, groups: Some(groups) })
            }
            Err(error) => {
                scope.problems.add(needed.place, error.to_string());
                None
            }
        }
    }

    /// Without groups.
    fn of_one(said: &Said<'_>, scope: &mut Scope<'_>) -> Option<Self> {
        if let Some(needed) = said.group_threshold {
            scope.problems.add(needed.place, "`group-threshold` goes with `groups`");
        }
        if said.holders.is_empty() {
            scope.wrong("`holders` is missing, or `groups`: who has a share");
        }
        let holders = if said.holders.is_empty() { None } else { holders(said.holders, scope) };
        let threshold = threshold(said.threshold, holders.as_deref(), scope);
        Some(Self { holders: holders?, threshold: threshold?, groups: None })
    }
}

/// The shares of what has this name: of what, with the group if there are several, and whose.
pub fn each_share<'h>(name: &str, groups: Option<&Groups>, holders: &'h [Person]) -> Vec<(String, &'h str)> {
    let division = groups.map(Division::from);
    let share = |(index, holder): (u64, &'h Person)| {
        let group = division.and_then(|division| division.member(index));
        let group = group.map_or_else(String::new, |member| format!(", group {}", member.name));
        (format!("{name}{group}"), holder.id.as_str())
    };
    (1..).zip(holders).map(share).collect()
}

/// The holders of all groups, in order, and the groups.
fn all_of(groups: &Named<GroupSpec>, scope: &mut Scope<'_>) -> Option<(Vec<Person>, Vec<HolderGroup>)> {
    let (mut holders, mut all) = (Vec::new(), Vec::new());
    let mut whole = true;
    for (name, group) in groups.iter() {
        let before = holders.len();
        whole &= add_people(&group.holders, &mut holders, scope);
        if !whole || scope.is_unread(Part::People) {
            continue;
        }
        match HolderGroup::new(name.value.as_str(), group.threshold.value, holders.len() - before) {
            Ok(group) => all.push(group),
            Err(error) => {
                scope.problems.add(group.threshold.place, error.to_string());
                whole = false;
            }
        }
    }
    (whole && all.len() == groups.len()).then_some((holders, all))
}

/// Adds people, each once, in the script's order; a role stands for everyone of it. Whether all of them could be.
fn add_people(names: &[Located<Id>], all: &mut Vec<Person>, scope: &mut Scope<'_>) -> bool {
    let mut whole = true;
    for name in names {
        let of_role: Vec<Person> = scope.setting.people.of_role(name.value.as_str()).cloned().collect();
        let found = if of_role.is_empty() { scope.person(name).map(|one| vec![one]) } else { Some(of_role) };
        whole &= found.is_some();
        for person in found.into_iter().flatten() {
            if all.contains(&person) {
                let message = format!("`{}` holds two shares; each holder has one", person.id);
                scope.problems.add(name.place, message);
            }
            // Refused as it is, it still counts for how many there are to be.
            all.push(person);
        }
    }
    whole
}

/// The people who have a share where there are no groups.
fn holders(names: &[Located<Id>], scope: &mut Scope<'_>) -> Option<Vec<Person>> {
    let mut all = Vec::new();
    let whole = add_people(names, &mut all, scope);
    if whole && !scope.is_unread(Part::People) && !(2..=MOST_HOLDERS).contains(&all.len()) {
        scope.wrong(format!("found {} holders; wanted 2 to {MOST_HOLDERS}", all.len()));
        return None;
    }
    whole.then_some(all)
}

/// How many holders it takes: two at least.
fn threshold(
    said: Option<&Located<usize>>,
    holders: Option<&[Person]>,
    scope: &mut Scope<'_>,
) -> Option<usize> {
    let Some(said) = said else {
        scope.wrong("`threshold` is missing: how many holders it takes");
        return None;
    };
    let count = holders?.len();
    if (2..=count).contains(&said.value) {
        return Some(said.value);
    }
    let message = format!("`threshold` is {}; wanted 2 to {count}, as many as there are holders", said.value);
    scope.problems.add(said.place, message);
    None
}

/// The most people who can hold shares of one secret without groups (SLIP-0039).
const MOST_HOLDERS: usize = 16;
