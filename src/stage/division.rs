//! How a set of shares is divided: among its holders, or among groups of them.
//!
//! The rules of this file:
//! - A share has one number in its set, which counts on from group to group: by that the log, bags and media name it. Its group and
//!   its number in there follow from the division.
//! - What no set can be is no [`Groups`], wherever it is read from: a script, a plan or a log.
//! - Nobody alone is enough: the fewest shares that rebuild a secret are two.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::operators::Person;

/// Groups of holders, of which some are needed, each with a threshold of its own (SLIP-0039).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unjudged")]
pub struct Groups {
    /// How many groups are needed.
    needed: usize,
    /// All of them, in the order of their numbers.
    all: Vec<HolderGroup>,
}

/// One of several groups of holders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolderGroup {
    /// Its name.
    pub name: String,
    /// How many of its shares are needed.
    pub threshold: usize,
    /// How many it has.
    pub share_count: usize,
}

/// What a file says of groups, before it is judged.
#[derive(Deserialize)]
struct Unjudged {
    needed: usize,
    all: Vec<HolderGroup>,
}

impl TryFrom<Unjudged> for Groups {
    type Error = GroupsError;

    fn try_from(Unjudged { needed, all }: Unjudged) -> Result<Self, GroupsError> {
        Self::new(needed, all)
    }
}

impl HolderGroup {
    /// The most octets of a name: so much has a place in a line of a sheet.
    pub const LONGEST_NAME: usize = 32;

    /// `threshold` of `share_count` holders.
    ///
    /// # Errors
    ///
    /// [`GroupsError`] unless its name is 1 to [`Self::LONGEST_NAME`] of a-z, 0-9 and -, it has 1 to 16 holders and needs 1 to as
    /// many; where one is enough, there is one only (SLIP-0039).
    pub fn new(name: &str, threshold: usize, share_count: usize) -> Result<Self, GroupsError> {
        let name = name.to_owned();
        let good = name.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !good || !(1..=Self::LONGEST_NAME).contains(&name.len()) {
            return Err(GroupsError::Name { name: name.escape_debug().to_string() });
        }
        match (threshold, share_count) {
            (_, 0 | MOST..) => Err(GroupsError::Size { name, count: share_count }),
            _ if !(1..=share_count).contains(&threshold) => {
                Err(GroupsError::Threshold { name, threshold, count: share_count })
            }
            (1, 2..) => Err(GroupsError::SameForAll { name, count: share_count }),
            _ => Ok(Self { name, threshold, share_count }),
        }
    }

    /// As a table says it.
    fn said(&self) -> String {
        format!("{} {} of {}", self.name, self.threshold, self.share_count)
    }
}

impl Groups {
    /// `needed` of these groups.
    ///
    /// # Errors
    ///
    /// [`GroupsError`] unless there are 2 to 16, each as [`HolderGroup::new`] makes it and with a name of its own, of which 1 to as
    /// many are needed, and nobody alone is enough.
    pub fn new(needed: usize, all: Vec<HolderGroup>) -> Result<Self, GroupsError> {
        let mut names = BTreeSet::new();
        for HolderGroup { name, threshold, share_count } in &all {
            let _ = HolderGroup::new(name, *threshold, *share_count)?;
            if !names.insert(name) {
                return Err(GroupsError::NameTwice { name: name.clone() });
            }
        }
        if !(2..MOST).contains(&all.len()) {
            return Err(GroupsError::Count { count: all.len() });
        }
        if !(1..=all.len()).contains(&needed) {
            return Err(GroupsError::Needed { needed, count: all.len() });
        }
        let alone = all.iter().find(|group| group.threshold == 1).filter(|_| needed == 1);
        if let Some(group) = alone {
            return Err(GroupsError::Alone { name: group.name.clone() });
        }
        Ok(Self { needed, all })
    }

    /// How many groups are needed.
    pub const fn needed(&self) -> usize {
        self.needed
    }

    /// All groups, in the order of their numbers.
    pub fn all(&self) -> &[HolderGroup] {
        &self.all
    }

    /// How many shares there are.
    pub fn share_count(&self) -> usize {
        self.all.iter().map(|group| group.share_count).sum()
    }

    /// The fewest shares that are enough.
    pub fn fewest(&self) -> usize {
        let mut thresholds: Vec<usize> = self.all.iter().map(|group| group.threshold).collect();
        thresholds.sort_unstable();
        thresholds.iter().take(self.needed).sum()
    }

    /// The fewest shares whose loss leaves too few of the others.
    fn fewest_lost(&self) -> usize {
        let broken = |group: &HolderGroup| group.share_count - group.threshold + 1;
        let mut losses: Vec<usize> = self.all.iter().map(broken).collect();
        losses.sort_unstable();
        losses.iter().take(self.all.len() - self.needed + 1).sum()
    }

    /// Each group with the numbers that its shares have in the set.
    pub fn numbered(&self) -> impl Iterator<Item = (&HolderGroup, std::ops::RangeInclusive<u64>)> {
        let mut before = 0;
        self.all.iter().map(move |group| {
            let first = before + 1;
            before += wide(group.share_count);
            (group, first..=before)
        })
    }
}

/// How a set of shares is divided.
#[derive(Clone, Copy, Debug)]
pub struct Division<'g> {
    /// How many shares it takes; of groups, the fewest.
    pub threshold: usize,
    /// How many there are.
    pub count: usize,
    /// The groups, if there are several.
    pub groups: Option<&'g Groups>,
}

/// Where a share stands in its group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The group's name.
    pub name: String,
    /// Which group it is, counted from 1.
    pub group: u64,
    /// Which share of it, counted from 1.
    pub number: u64,
    /// How many shares of it are needed.
    pub threshold: usize,
    /// How many it has.
    pub count: usize,
    /// How many groups are needed.
    pub groups_needed: usize,
    /// How many there are.
    pub groups: usize,
}

impl Member {
    /// As a sentence says it: `share 2 of the group …`.
    pub fn said(&self) -> String {
        format!("share {} of the group `{}`", self.number, self.name)
    }
}

impl Division<'_> {
    /// The number in its set of a share that says its group and its number in that; nothing if there is none.
    pub fn index_of(self, group: u64, number: u64) -> Option<u64> {
        let Some(groups) = self.groups else { return (group == 1).then_some(number) };
        let place = usize::try_from(group).ok()?.checked_sub(1)?;
        let (_, numbers) = groups.numbered().nth(place)?;
        let index = numbers.start().checked_add(number.checked_sub(1)?)?;
        numbers.contains(&index).then_some(index)
    }

    /// Where a share stands in its group; nothing where there are none.
    pub fn member(self, index: u64) -> Option<Member> {
        let groups = self.groups?;
        let (place, (group, numbers)) =
            (1..).zip(groups.numbered()).find(|(_, (_, numbers))| numbers.contains(&index))?;
        Some(Member {
            name: group.name.clone(),
            group: place,
            number: index - numbers.start() + 1,
            threshold: group.threshold,
            count: group.share_count,
            groups_needed: groups.needed,
            groups: groups.all.len(),
        })
    }

    /// A share by its number, with its place in its group if there are groups.
    pub fn named(self, index: u64) -> String {
        match self.member(index) {
            Some(member) => format!("share {index} ({})", member.said()),
            None => format!("share {index}"),
        }
    }

    /// Whether these shares are enough to rebuild the secret.
    pub fn is_enough(self, there: &BTreeSet<u64>) -> bool {
        self.quorum(there).is_some()
    }

    /// As many of these shares as it takes, group by group; nothing if they are too few.
    pub fn quorum(self, there: &BTreeSet<u64>) -> Option<Vec<u64>> {
        let Some(groups) = self.groups else {
            let some: Vec<u64> = there.iter().copied().take(self.threshold).collect();
            return (some.len() == self.threshold).then_some(some);
        };
        let chosen = groups.numbered().filter_map(|(group, numbers)| {
            let some: Vec<u64> = there.range(numbers).copied().take(group.threshold).collect();
            (some.len() == group.threshold).then_some(some)
        });
        let chosen: Vec<Vec<u64>> = chosen.take(groups.needed).collect();
        (chosen.len() == groups.needed).then(|| chosen.concat())
    }

    /// The fewest shares whose loss leaves too few of the others.
    pub fn fewest_lost(self) -> usize {
        match self.groups {
            Some(groups) => groups.fewest_lost(),
            None => self.count.saturating_sub(self.threshold) + 1,
        }
    }

    /// As a table says it: `3 of 5`, or the groups with theirs.
    pub fn said(self) -> String {
        match self.groups {
            Some(groups) => {
                let all: Vec<String> = groups.all.iter().map(HolderGroup::said).collect();
                format!("{} of {} groups ({})", groups.needed, groups.all.len(), all.join(", "))
            }
            None => format!("{} of {}", self.threshold, self.count),
        }
    }

    /// What it takes, as a table says it: a number of shares, or the groups.
    pub fn takes(self) -> String {
        self.groups.map_or_else(|| self.threshold.to_string(), |_| self.said())
    }

    /// Who together can rebuild the secret, in a part of a sentence; `holders` are all of them, in order.
    pub fn in_words(self, holders: &[Person]) -> String {
        let ids =
            |some: &[Person]| some.iter().map(|holder| holder.id.as_str()).collect::<Vec<_>>().join(", ");
        let Some(groups) = self.groups else {
            return format!("{} of {} shares, held by {}", self.threshold, self.count, ids(holders));
        };
        let of_group = |(group, numbers): (&HolderGroup, std::ops::RangeInclusive<u64>)| {
            let from = usize::try_from(numbers.start() - 1).unwrap_or(usize::MAX);
            let members: Vec<Person> = holders.iter().skip(from).take(group.share_count).cloned().collect();
            let how = match (group.threshold, group.share_count) {
                (1, 1) => "the one share".to_owned(),
                (threshold, count) if threshold == count => format!("all {count} shares"),
                (threshold, count) => format!("any {threshold} of {count} shares"),
            };
            format!("of `{}` {how} (held by {})", group.name, ids(&members))
        };
        let each: Vec<String> = groups.numbered().map(of_group).collect();
        let which = match (groups.needed, groups.all.len()) {
            (needed, count) if needed == count => format!("all {count} groups together"),
            (1, count) => format!("any 1 of these {count} groups"),
            (needed, count) => format!("any {needed} of these {count} groups together"),
        };
        format!("{} shares in groups, {which}: {}", self.count, each.join("; "))
    }
}

impl<'g> From<&'g Groups> for Division<'g> {
    fn from(groups: &'g Groups) -> Self {
        Self { threshold: groups.fewest(), count: groups.share_count(), groups: Some(groups) }
    }
}

/// Why holders cannot be grouped so.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupsError {
    /// One group, or too many.
    #[error("found {count} groups; wanted 2 to 16, and for one of them `threshold` and `holders` alone")]
    Count {
        /// How many.
        count: usize,
    },
    /// More groups needed than there are, or none.
    #[error("`group-threshold` is {needed}; wanted 1 to {count}, as many as there are groups")]
    Needed {
        /// How many are needed.
        needed: usize,
        /// How many there are.
        count: usize,
    },
    /// A name that does not fit on a sheet, or with other characters.
    #[error("the group's name `{name}` is none; wanted 1 to {} of a-z, 0-9 and -", HolderGroup::LONGEST_NAME)]
    Name {
        /// Which.
        name: String,
    },
    /// A group without holders, or with too many.
    #[error("the group `{name}` has {count} holders; wanted 1 to 16")]
    Size {
        /// Which.
        name: String,
        /// How many.
        count: usize,
    },
    /// A threshold that cannot be.
    #[error(
        "`threshold` of the group `{name}` is {threshold}; wanted 1 to {count}, as many as it has holders"
    )]
    Threshold {
        /// Which.
        name: String,
        /// The threshold.
        threshold: usize,
        /// How many holders it has.
        count: usize,
    },
    /// Several shares that would be the same.
    #[error(
        "`threshold` of the group `{name}` is 1, and its {count} shares would be the same; wanted 2 or more, or one holder"
    )]
    SameForAll {
        /// Which.
        name: String,
        /// How many shares.
        count: usize,
    },
    /// One name for two.
    #[error("two groups are called `{name}`")]
    NameTwice {
        /// Which name.
        name: String,
    },
    /// One share is enough.
    #[error(
        "one group is enough, and of the group `{name}` one share: its holder alone would be enough; wanted two holders at least"
    )]
    Alone {
        /// Which.
        name: String,
    },
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// One more than there can be of groups, and of shares in each (SLIP-0039).
const MOST: usize = 17;

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(needed: usize, all: &[(&str, usize, usize)]) -> Result<Groups, GroupsError> {
        let group =
            |(name, threshold, count): &(&str, usize, usize)| HolderGroup::new(name, *threshold, *count);
        Groups::new(needed, all.iter().map(group).collect::<Result<_, _>>()?)
    }

    fn three() -> Groups {
        groups(2, &[("europe", 2, 3), ("safe", 1, 1), ("asia", 3, 3)]).unwrap()
    }

    #[test]
    fn what_no_set_can_be_is_no_groups() {
        let name = || "a".to_owned();
        let many: Vec<(&str, usize, usize)> = vec![("a", 2, 2); 17];
        for (needed, all, wanted) in [
            (1, &[("a", 2, 3)][..], GroupsError::Count { count: 1 }),
            (0, &[("a", 2, 3), ("b", 2, 3)], GroupsError::Needed { needed: 0, count: 2 }),
            (3, &[("a", 2, 3), ("b", 2, 3)], GroupsError::Needed { needed: 3, count: 2 }),
            (2, &[("a", 1, 0), ("b", 2, 3)], GroupsError::Size { name: name(), count: 0 }),
            (2, &[("a", 2, 17), ("b", 2, 3)], GroupsError::Size { name: name(), count: 17 }),
            (2, &[("a", 0, 3), ("b", 2, 3)], GroupsError::Threshold { name: name(), threshold: 0, count: 3 }),
            (2, &[("a", 4, 3), ("b", 2, 3)], GroupsError::Threshold { name: name(), threshold: 4, count: 3 }),
            (2, &[("a", 1, 2), ("b", 2, 3)], GroupsError::SameForAll { name: name(), count: 2 }),
            (1, &[("b", 2, 3), ("a", 1, 1)], GroupsError::Alone { name: name() }),
            (2, &[("a", 2, 3), ("a", 2, 2)], GroupsError::NameTwice { name: name() }),
            (2, &many, GroupsError::NameTwice { name: name() }),
        ] {
            assert_eq!(groups(needed, all).unwrap_err(), wanted);
        }
        for (name, good) in [
            ("", false),
            ("a", true),
            (&*"a".repeat(32), true),
            (&*"a".repeat(33), false),
            ("asia\n", false),
            ("Asia", false),
        ] {
            let group = HolderGroup::new(name, 2, 3);
            assert_eq!(group.is_ok(), good, "{name}");
            assert!(good || matches!(group, Err(GroupsError::Name { .. })));
        }
        let names: Vec<String> = (0..17).map(|number| format!("g{number}")).collect();
        let of = |count: usize| {
            let all: Vec<_> = names.iter().take(count).map(|name| (name.as_str(), 2, 2)).collect();
            groups(2, &all)
        };
        assert_eq!(of(17).unwrap_err(), GroupsError::Count { count: 17 });
        assert!(of(16).is_ok() && groups(1, &[("a", 2, 16), ("b", 16, 16)]).is_ok());
        assert!(groups(2, &[("a", 1, 1), ("b", 1, 1)]).is_ok());
        // Neither does a plan make one.
        let plan = serde_json::to_string(&three()).unwrap();
        assert_eq!(serde_json::from_str::<Groups>(&plan).unwrap(), three());
        let wrong = plan.replace("\"needed\":2", "\"needed\":4");
        assert_ne!(plan, wrong);
        assert!(serde_json::from_str::<Groups>(&wrong).is_err());
    }

    #[test]
    fn numbers_count_on_from_group_to_group_and_back() {
        let three = three();
        let division = Division::from(&three);
        assert_eq!((division.threshold, division.count, division.fewest_lost()), (3, 7, 2));
        for (group, number, index) in [
            (1, 1, Some(1)),
            (1, 3, Some(3)),
            (1, 4, None),
            (2, 1, Some(4)),
            (3, 1, Some(5)),
            (3, 3, Some(7)),
        ] {
            assert_eq!(division.index_of(group, number), index);
            if let Some(member) = index.and_then(|index| division.member(index)) {
                assert_eq!((member.group, member.number), (group, number));
            }
        }
        for (group, number) in [(0, 1), (4, 1), (2, 0), (2, u64::MAX), (u64::MAX, 1)] {
            assert_eq!(division.index_of(group, number), None);
        }
        assert!(division.member(0).is_none() && division.member(8).is_none());
        assert_eq!(division.named(6), "share 6 (share 2 of the group `asia`)");
        let one = Division { threshold: 2, count: 3, groups: None };
        assert_eq!((one.index_of(1, 3), one.index_of(2, 3), one.named(3)), (Some(3), None, "share 3".into()));
        assert_eq!((one.fewest_lost(), one.said(), one.takes()), (2, "2 of 3".into(), "2".into()));
    }

    #[test]
    fn enough_are_the_thresholds_of_as_many_groups_as_it_takes_and_nothing_else() {
        let three = three();
        let division = Division::from(&three);
        for (there, quorum) in [
            (&[1, 2, 4][..], Some(&[1, 2, 4][..])),
            (&[1, 3, 4, 6, 7], Some(&[1, 3, 4])),
            (&[4, 5, 6, 7], Some(&[4, 5, 6, 7])),
            (&[1, 2, 3, 5, 6], None),
            (&[1, 4, 5, 6], None),
            (&[1, 2, 3], None),
            (&[], None),
        ] {
            let there: BTreeSet<u64> = there.iter().copied().collect();
            assert_eq!(division.quorum(&there).as_deref(), quorum, "{there:?}");
            assert_eq!(division.is_enough(&there), quorum.is_some());
        }
    }

    #[test]
    fn who_together_is_enough_is_said_in_words() {
        let people: Vec<Person> =
            (1..=7).map(|number| Person { id: format!("h{number}"), role: "share-holder".into() }).collect();
        let three = three();
        let division = Division::from(&three);
        assert_eq!(
            division.in_words(&people),
            "7 shares in groups, any 2 of these 3 groups together: of `europe` any 2 of 3 shares (held by h1, h2, h3); \
             of `safe` the one share (held by h4); of `asia` all 3 shares (held by h5, h6, h7)"
        );
        assert_eq!(division.said(), "2 of 3 groups (europe 2 of 3, safe 1 of 1, asia 3 of 3)");
        let one = groups(1, &[("a", 2, 2), ("b", 2, 3)]).unwrap();
        assert!(
            Division::from(&one)
                .in_words(&people)
                .starts_with("5 shares in groups, any 1 of these 2 groups: of `a`")
        );
        let both = groups(2, &[("a", 2, 2), ("b", 2, 3)]).unwrap();
        assert!(
            Division::from(&both)
                .in_words(&people)
                .starts_with("5 shares in groups, all 2 groups together: of")
        );
        let plain = Division { threshold: 2, count: 2, groups: None };
        assert_eq!(plain.in_words(&people[..2]), "2 of 2 shares, held by h1, h2");
    }
}
