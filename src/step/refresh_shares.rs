//! `refresh-shares`: new holders, another threshold, or sheets that nobody trusts any more. BR §6.2.2, §6.2.4.
//!
//! The rules of this file:
//! - Every sheet of the old set is typed before anything changes: who has none stops it, and the plan has to say `lost`.
//! - The new set is confirmed by every holder, and gave the key-encryption key to holders who were drawn, before one sheet of the
//!   old one goes.
//! - With all sheets and copies there the key-encryption key stays. If one is lost there is another: the key is wrapped anew, on
//!   a token that never keeps it, and every old copy is destroyed or said to be lost.
//! - An interruption leaves the old set, or the new one: never a mixture that counts.

use serde::{Deserialize, Serialize};

use super::back_up_key::{Known, copies, deal_again, deal_new, in_file, plugger, said};
use super::encrypted_share::{encrypted, new_media, own_medium};
use super::holding::{GroupSpec, Holding, each_share, said_of};
use super::restore_key::{backup_of, medium_of, read_file, set_of};
use super::share_set::{ShareSet, all_are_here, bag, file_for_media, forget_lost_files, recall_bags, unbag};
use super::unfinished::ask_for_the_left;
use super::{KeyBackup, KnownShare, Room, Scope, Step, StepError, Wrapping, spec};
use crate::digest::{Digest, hex};
use crate::issuance::{self, Key, ToRewrap};
use crate::script::{Id, Located, Named};
use crate::share::{Backup, KeyCheck, Parts};
use crate::stage::{
    Delivery, Division, Event, Expected, Groups, Line, Notice, PastRecord, Person, StageError,
};

spec!(
    /// `refresh-shares: {key: root-x1, threshold: 3, holders: [h1, h2, h3, h4, h6]}`
    Spec {
        /// The key whose backup it is.
        key: Located<Id> = required "key",
        /// How many holders it takes from now on.
        threshold: Option<Located<usize>> = optional "threshold",
        /// Who has a share from now on: people, or a role for everyone of it.
        holders: Vec<Located<Id>> = optional_list "holders",
        /// How many groups it takes from now on.
        group_threshold: Option<Located<usize>> = optional "group-threshold",
        /// The groups of holders from now on, in the place of `threshold` and `holders`.
        groups: Option<Named<GroupSpec>> = optional "groups",
        /// Whose shares are encrypted for their own keys: people among the holders, or a role.
        encrypted: Vec<Located<Id>> = optional_list "encrypted",
        /// Whose sheets of the old set are lost, or were seen by somebody.
        lost: Vec<Located<Id>> = optional_list "lost",
        /// Which of the old media are lost, by their numbers.
        lost_copies: Vec<Located<usize>> = optional_list "lost-copies",
        /// The token that wraps the key anew, if something is lost.
        on: Option<Located<Id>> = optional "on",
        /// On how many new media the wrapped key is, if something is lost.
        copies: Option<Located<usize>> = optional "copies",
        /// Their name.
        medium: Option<Located<Id>> = optional "medium",
        /// Who plugs them.
        ask: Option<Located<Id>> = optional "ask",
    }
);

/// The shares of a key's backup are dealt anew.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefreshShares {
    key: String,
    /// The set until now.
    set: String,
    threshold: usize,
    holders: Vec<Person>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    groups: Option<Groups>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    encrypted: Vec<String>,
    lost: Vec<String>,
    /// Sets before that one of which sheets are left somewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<String>,
    /// Where something is lost: another key-encryption key.
    #[serde(skip_serializing_if = "Option::is_none")]
    anew: Option<Box<Anew>>,
    person: Person,
}

/// The key is wrapped anew.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Anew {
    algorithm: String,
    /// One token.
    on: Vec<String>,
    medium: String,
    copies: usize,
    /// The media until now, and how many there were.
    from: String,
    from_copies: usize,
    lost_copies: Vec<usize>,
}

impl Step for RefreshShares {
    const NAME: &'static str = "refresh-shares";
    const ABOUT: &'static str = "a key's backup gets a new set of shares, and the old one goes";
    const WHY: &'static str = "Whoever leaves, or has lost a sheet, is no longer one of those who can bring the key back. BR 5.2.2, 6.2.2.";
    const MINUTES: u32 = 15;
    const RECALLED: bool = true;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let person = plugger(spec.ask.as_ref(), &spec.key, scope);
        let holding = Holding::resolve(&said_of!(spec), scope);
        let holders = holding.as_ref().map_or(&[][..], |holding| &holding.holders);
        let encrypted = encrypted(&spec.encrypted, holders, scope);
        new_media(&spec.key, &encrypted, scope);
        let key = scope.real_key(&spec.key)?;
        let backup = backup_of(&spec.key, scope)?;
        let lost = lost_sheets(&spec, &backup, scope)?;
        let earlier = scope.ledger.backups.left_of(backup.spki_sha256, &[&backup.set]);
        let earlier = earlier.into_iter().map(|left| left.set).collect();
        let anew = if lost.is_empty() && spec.lost_copies.is_empty() {
            for (key, said) in [
                ("on", spec.on.is_some()),
                ("copies", spec.copies.is_some()),
                ("medium", spec.medium.is_some()),
            ] {
                if said {
                    scope.wrong(format!(
                        "`{key}` goes with `lost` or `lost-copies`: otherwise the media stay"
                    ));
                }
            }
            None
        } else {
            Some(Box::new(Anew::resolve(&spec, &key, &backup, scope)?))
        };
        let holding = holding?;
        Some(Self {
            key: key.name,
            set: backup.set,
            threshold: holding.threshold,
            holders: holding.holders,
            groups: holding.groups,
            encrypted,
            lost,
            earlier,
            anew,
            person: person?,
        })
    }

    fn preview(&self) -> String {
        let to = if self.groups.is_some() {
            self.division().in_words(&self.holders)
        } else {
            let holders: Vec<&str> = self.holders.iter().map(|holder| holder.id.as_str()).collect();
            format!("{} of {}, to {}", self.threshold, self.holders.len(), holders.join(", "))
        };
        let key = match &self.anew {
            Some(anew) => format!(
                "under another key-encryption key, {} copies on the media `{}`; every old copy is accounted for",
                anew.copies, anew.medium
            ),
            None => "under the same key-encryption key; the media stay".to_owned(),
        };
        let earlier = if self.earlier.is_empty() {
            String::new()
        } else {
            format!(" What was missing of set {} is asked for.", self.earlier.join(", "))
        };
        format!(
            "Deal the shares of the key `{}` anew, {to}, {key}. The sheets of set {} go.{earlier}",
            self.key, self.set
        )
    }

    fn encrypts(&self) -> Vec<(&str, String)> {
        self.encrypted.iter().map(|holder| (holder.as_str(), own_medium(&self.key, holder))).collect()
    }

    fn deals(&self) -> Vec<(String, &str)> {
        each_share(&self.key, self.groups.as_ref(), &self.holders)
    }

    fn medium(&self) -> Option<(&str, usize)> {
        self.anew.as_ref().map(|anew| (anew.medium.as_str(), anew.copies))
    }

    fn reads(&self) -> Option<(&str, usize)> {
        self.anew.as_ref().map(|anew| (anew.from.as_str(), anew.from_copies))
    }

    fn wraps(&self) -> Option<Wrapping<'_>> {
        let anew = self.anew.as_ref()?;
        let from = anew.on.first().map(String::as_str);
        Some(Wrapping { from, algorithm: &anew.algorithm, to: &anew.on })
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let unknown = || issuance::IssuanceError::Unknown { what: "key", name: self.key.clone() };
        let key = room.ledger.key(&self.key).ok_or_else(unknown)?.clone();
        let old = room.ledger.backups.all().iter().rfind(|backup| backup.set == self.set).cloned();
        let mut old = old.ok_or_else(|| self.wrong("the log does not know its set"))?;
        recall_bags(room);
        let mut known = Known::of(&self.key, &key, room);
        if !room.stage.is_recalling() {
            let new = self.new_set(&key, known.take(), &old, room)?;
            self.end_old(&new, &mut old, room)?;
            known = Some(new);
        }
        let new = known.ok_or_else(|| self.wrong("its records are not in the log"))?;
        self.end(&old, new, room);
        Ok(())
    }
}

impl Anew {
    fn resolve(spec: &Spec, key: &Key, backup: &KeyBackup, scope: &mut Scope<'_>) -> Option<Self> {
        let on = match &spec.on {
            Some(name) => scope.token(name),
            None => Some(key.token.clone()).filter(|token| scope.setting.tokens.contains_key(token)),
        };
        if on.is_none() && spec.on.is_none() {
            scope.wrong("`on` is missing: a token that wraps the key anew");
        }
        let from = medium_of(backup.copies.first().map_or("", String::as_str), 1);
        let medium = match &spec.medium {
            Some(name) if name.value.as_str() != from => scope.new_medium(name),
            _ => {
                scope.wrong(format!("`medium` is missing: another name than `{from}`, for the new media"));
                None
            }
        };
        for copy in &spec.lost_copies {
            if !(1..=backup.copies.len()).contains(&copy.value) {
                let message =
                    format!("there is no copy {}; the log knows {}", copy.value, backup.copies.len());
                scope.problems.add(copy.place, message);
            }
        }
        let lost_copies: Vec<usize> = spec.lost_copies.iter().map(|copy| copy.value).collect();
        if lost_copies.len() >= backup.copies.len() {
            scope.wrong("every copy is lost: there is nothing that could be wrapped anew");
        }
        let on = on?;
        scope.uses(&on);
        Some(Self {
            algorithm: key.algorithm.to_string(),
            on: vec![on],
            medium: medium?,
            copies: copies(spec.copies.as_ref(), scope)?,
            from,
            from_copies: backup.copies.len(),
            lost_copies,
        })
    }

    /// The first of the old media that is there.
    fn first(&self) -> usize {
        (1..=self.from_copies).find(|copy| !self.lost_copies.contains(copy)).unwrap_or(1)
    }
}

impl RefreshShares {
    /// The new set, confirmed and tried.
    fn new_set(
        &self,
        key: &Key,
        mut known: Option<KeyBackup>,
        old: &KeyBackup,
        room: &mut Room<'_, '_>,
    ) -> Result<KeyBackup, StepError> {
        for _ in 0..MOST_SETS {
            let (mut new, failed) = match known.take() {
                Some(new) if new.is_whole() => (new, None),
                Some(mut half) => {
                    let why = "the ceremony was interrupted before all of them were confirmed";
                    give_up(&mut half, why, old, room)?;
                    continue;
                }
                None => self.dealt(key, old, room)?,
            };
            let set = self.set_of(&new, key);
            let failed = if failed.is_none() {
                set.bag_the_rest(&new.shares, room)?;
                try_it(&set, &new, room)?
            } else {
                failed
            };
            let Some(who) = failed else { return Ok(new) };
            let why = format!("`{}` has not typed their share", who.id);
            let lines = vec![Line::new("key", self.key.clone()), Line::new("set", new.set.clone())];
            let sentence =
                format!("{why}. The set counts for nothing then: every holder gets a share of a new one.");
            room.stage.question(self.person.clone(), sentence, lines, Expected::Word("new-set"))?;
            give_up(&mut new, &why, old, room)?;
        }
        let (secret, person) = (format!("the backup of the key `{}`", self.key), "a holder".to_owned());
        Err(StageError::KeyShareNotReadBack { secret, person }.into())
    }

    /// Counts the old sheets in and deals the new ones; who failed, if somebody did.
    fn dealt(
        &self,
        key: &Key,
        old: &KeyBackup,
        room: &mut Room<'_, '_>,
    ) -> Result<(KeyBackup, Option<Person>), StepError> {
        // Before anybody types an old sheet: for a set that cannot be dealt it would have left its bag in vain.
        all_are_here(&self.holders, || format!("the backup of the key `{}`", self.key), room)?;
        // What is asked besides comes before the sheets: with the key in memory nobody is asked for anything.
        let tokens: Vec<&str> =
            self.anew.iter().flat_map(|anew| anew.on.iter().map(String::as_str)).collect();
        let file = self.old_file(key, old, room)?;
        let kek = set_of(old, &key.token, room).count_in(old, &self.lost, &tokens, room)?;
        let division = self.division();
        let mut new = KeyBackup {
            threshold: self.threshold,
            share_count: self.holders.len(),
            groups: self.groups.clone(),
            shares: std::collections::BTreeMap::new(),
            ..old.clone()
        };
        let dealt = if let (Some(anew), Some(file)) = (&self.anew, &file) {
            let token = anew.on.first().map(String::as_str).unwrap_or_default();
            let (new_kek, dealt) = deal_new(key, token, division, room)?;
            new.set.clone_from(&dealt.set);
            new.check = hex(dealt.check.octets());
            new.copies = (1..=anew.copies).map(|number| format!("{}-{number}", anew.medium)).collect();
            let order = ToRewrap {
                key,
                token,
                wrapped: file.wrapped(),
                keks: Some((&kek, &new_kek)),
                said: said(&new, "unwrapped and wrapped anew"),
            };
            forget_lost_files(room)?;
            let text =
                issuance::rewrap(order, |wrapped| self.file(key, &new, dealt.check, wrapped), room.stage)?;
            new.blob_sha256 = Digest::of(text.unwrap_or_default().as_bytes());
            dealt
        } else {
            let dealt = deal_again(&kek, key, division, room)?;
            new.set.clone_from(&dealt.set);
            let order = ToRewrap {
                key,
                token: &key.token,
                wrapped: &[],
                keks: None,
                said: said(&new, "the same file"),
            };
            issuance::rewrap(order, |_| Ok(String::new()), room.stage)?;
            dealt
        };
        // From here on it is in the shares alone.
        drop(kek);
        let failed = self.set_of(&new, key).hand_out(&dealt.all, &mut new.shares, room)?;
        Ok((new, failed))
    }

    /// The file of one of the old media, where the key is wrapped anew.
    fn old_file(
        &self,
        key: &Key,
        old: &KeyBackup,
        room: &mut Room<'_, '_>,
    ) -> Result<Option<Backup>, StepError> {
        let Some(anew) = &self.anew else { return Ok(None) };
        let delivery = self.delivery(&anew.from, anew.from_copies);
        read_file(&delivery, anew.first(), old, key, room).map(Some)
    }

    /// The text of the new file.
    fn file(&self, key: &Key, new: &KeyBackup, check: KeyCheck, wrapped: Vec<u8>) -> Result<String, String> {
        let (threshold, shares, groups) = in_file(self.division());
        let parts = Parts {
            key: key.name.clone(),
            algorithm: key.algorithm.to_string(),
            format: new.format.clone(),
            set: new.set.clone(),
            threshold,
            shares,
            groups,
            check,
            spki: key.public.spki_der().to_vec(),
            wrapped,
        };
        Backup::new(parts).map(|file| file.text()).map_err(|error| error.to_string())
    }

    /// The new media are written, the old sheets and media go.
    fn end_old(
        &self,
        new: &KeyBackup,
        old: &mut KeyBackup,
        room: &mut Room<'_, '_>,
    ) -> Result<(), StepError> {
        if let Some(anew) = &self.anew {
            if let Some(file) = file_for_media(new.blob_sha256, (&anew.medium, anew.copies), room)? {
                let delivery = self.delivery(&anew.medium, anew.copies);
                room.stage.deliver(&delivery, vec![(format!("{}.backup", self.key), file)])?;
            }
            for copy in &new.copies {
                let sentence = "Put the medium into its bag and seal it. What is the number on the bag?";
                bag(copy, &self.person, sentence, room)?;
            }
        }
        for known in old.shares.values_mut().filter(|known| self.lost.contains(&known.holder)) {
            known.missing = true;
        }
        let (why, set) = (format!("set {} takes its place", new.set), set_of(old, "", room));
        set.give_back(&mut old.shares, &why, room)?;
        // Now that the old set goes, and not before: until then it was the one that counts.
        for (index, known) in old.shares.iter().filter(|(_, known)| known.missing) {
            let text =
                format!("share of `{}` in set {}: lost; it opens nothing any more", known.holder, self.set);
            room.stage.record_once(Event::LogAnomaly { severity: "share".into(), text })?;
            room.stage.record_once(Event::ShareMissing(set.share_of(*index, known)))?;
        }
        self.end_earlier(new, room)?;
        if let Some(anew) = &self.anew {
            for copy in 1..=anew.from_copies {
                self.end_copy(&format!("{}-{copy}", anew.from), anew.lost_copies.contains(&copy), old, room)?;
            }
            room.stage.forget_kept(new.blob_sha256)?;
        }
        Ok(())
    }

    /// What is left of sets before the last one is asked for.
    fn end_earlier(&self, new: &KeyBackup, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let left = room.ledger.backups.left_of(new.spki_sha256, &[&self.set, &new.set]);
        let people = &room.setting.people.all;
        for left in left.iter().filter(|left| self.earlier.contains(&left.set)) {
            let opens = left.copies.iter().any(|copy| new.copies.contains(copy));
            ask_for_the_left(left, (new.spki_sha256, opens), people, room.stage)?;
        }
        Ok(())
    }

    /// An old medium is destroyed, or said to be lost.
    fn end_copy(
        &self,
        medium: &str,
        lost: bool,
        old: &KeyBackup,
        room: &mut Room<'_, '_>,
    ) -> Result<(), StepError> {
        let of_medium = |record: &PastRecord| record.text("medium") == Some(medium);
        if room.stage.past().find("media.destroyed", of_medium).is_some() {
            return Ok(());
        }
        if !lost {
            unbag(medium, &self.person, room)?;
            let lines = vec![Line::new("medium", medium), Line::new("key", self.key.clone())];
            let sentence = "What is on this medium counts for nothing. Destroy it before everybody.";
            room.stage.question(self.person.clone(), sentence, lines, Expected::Word("destroyed"))?;
        }
        let people = vec![self.person.id.clone()];
        let (medium, files) = (medium.to_owned(), old.blob_sha256);
        room.stage.record(Event::MediaDestroyed { medium, files, lost, people })?;
        Ok(())
    }

    /// What is known from here on.
    fn end(&self, old: &KeyBackup, new: KeyBackup, room: &mut Room<'_, '_>) {
        let sha256 = new.spki_sha256;
        let possessions = &mut room.ledger.possessions;
        for (index, share) in old.shares.iter().filter(|(_, share)| !self.lost.contains(&share.holder)) {
            let sheet = format!("share {index} of set {}, held by {}", old.set, share.holder);
            possessions.survives_no_longer(sha256, &sheet);
        }
        for (index, share) in &new.shares {
            possessions
                .survives(sha256, format!("share {index} of set {}, held by {}", new.set, share.holder));
        }
        if let Some(anew) = &self.anew {
            for copy in (1..=anew.from_copies).filter(|copy| !anew.lost_copies.contains(copy)) {
                possessions.survives_no_longer(sha256, &format!("wrapped copy on {}-{copy}", anew.from));
            }
            for copy in &new.copies {
                possessions.survives(sha256, format!("wrapped copy on {copy}"));
            }
        }
        let lines = vec![
            Line::new("key", self.key.clone()),
            Line::new("shares", format!("{}, set {}", new.division().said(), new.set)),
            Line::new("in the place of", format!("set {}", old.set)),
            Line::new("wrapped copies", new.copies.join(", ")),
        ];
        room.ledger.backups.add(new);
        let sentence = "The shares are dealt anew, and the old ones are gone.";
        room.stage.show(&Notice::Done { sentence: sentence.into(), lines });
    }

    fn division(&self) -> Division<'_> {
        Division { threshold: self.threshold, count: self.holders.len(), groups: self.groups.as_ref() }
    }

    fn set_of(&self, new: &KeyBackup, key: &Key) -> ShareSet {
        ShareSet::of(new, &key.token, self.holders.clone()).encrypted_for(&self.encrypted)
    }

    fn delivery(&self, medium: &str, copies: usize) -> Delivery {
        Delivery {
            medium: medium.to_owned(),
            copies: u64::try_from(copies).unwrap_or(u64::MAX),
            person: self.person.clone(),
            read_again: false,
            others: false,
        }
    }

    fn wrong(&self, why: &str) -> StepError {
        StepError::Backup { what: format!("the backup of the key `{}`", self.key), why: why.to_owned() }
    }
}

/// Holders who are drawn give the key-encryption key back; who failed, if somebody did.
fn try_it(set: &ShareSet, new: &KeyBackup, room: &mut Room<'_, '_>) -> Result<Option<Person>, StepError> {
    let text = format!("the shares of set {} gave the key-encryption key back", new.set);
    if room.stage.past().find("log.note", |record| record.text("text") == Some(&text)).is_some() {
        return Ok(None);
    }
    let failed = set.gather(new, &[], room)?.err();
    if failed.is_none() {
        room.stage.record(Event::LogNote { text })?;
    }
    Ok(failed)
}

/// What there is of a new set goes, with the file that it would have opened.
fn give_up(
    half: &mut KeyBackup,
    why: &str,
    old: &KeyBackup,
    room: &mut Room<'_, '_>,
) -> Result<(), StepError> {
    set_of(half, "", room).give_back(&mut half.shares, why, room)?;
    if half.blob_sha256 != old.blob_sha256 {
        room.stage.forget_kept(half.blob_sha256)?;
    }
    Ok(())
}

/// Whose sheets are lost; the others are enough, and are among the script's people.
fn lost_sheets(spec: &Spec, backup: &KeyBackup, scope: &mut Scope<'_>) -> Option<Vec<String>> {
    let known: Vec<&str> = backup.shares.values().map(|share| share.holder.as_str()).collect();
    let mut lost = Vec::new();
    for name in &spec.lost {
        if !known.contains(&name.value.as_str()) {
            let message = format!("`{}` holds no share of set {}", name.value, backup.set);
            scope.problems.add(name.place, message);
            return None;
        }
        lost.push(name.value.to_string());
    }
    let there: Vec<&&str> = known.iter().filter(|id| !lost.iter().any(|gone| gone == **id)).collect();
    let is_there = |(_, share): &(&u64, &KnownShare)| !lost.contains(&share.holder);
    let numbers = backup.shares.iter().filter(is_there).map(|(index, _)| *index).collect();
    if !backup.division().is_enough(&numbers) {
        let message = format!(
            "{} sheets of set {} are there; it takes {}: the key cannot be wrapped anew",
            there.len(),
            backup.set,
            backup.division().takes()
        );
        scope.problems.add(spec.key.place, message);
    }
    for id in there {
        if scope.setting.people.find(id).is_none() && !scope.is_unread(crate::script::Part::People) {
            let message = format!(
                "`{id}` holds a share of set {} and is not among the script's people; wanted them there, or under `lost`",
                backup.set
            );
            scope.problems.add(spec.key.place, message);
        }
    }
    Some(lost)
}

/// How many sets are dealt in one step before it is given up.
const MOST_SETS: usize = 4;
