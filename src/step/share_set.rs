//! A set of shares at the table: handed out, bagged, gathered again, given back.
//!
//! The rules of this file:
//! - Nothing depends on a set before every holder has typed every word back.
//! - Who is asked to give the secret back is drawn: nobody knows before whose sheet has to be good.
//! - Nothing that was typed outlasts a pause: it is wiped before, and typed again.
//! - A wrong share is named by its holder, through the log's commitment to it, before anything is combined.
//! - A set of which one share fails counts for nothing: every sheet of it is given back, and none is patched.

use std::path::PathBuf;

use super::encrypted_share::{SentOut, given_from_medium, own_medium, send_out};
use super::key_shares::{Gathered, Sheet, drawn, look};
use super::{Bag, Room, StepError};
use crate::digest::Digest;
use crate::issuance::{DividedSecret, KeyBackup, KnownShare, SentShare, Shares};
use crate::share::Backup;
use crate::stage::{
    Bagged, Event, Expected, Handing, Line, Notice, PastRecord, Person, Secret, ShareFace, ShareOf,
    SharePurpose, SharedSecret, StageError,
};

/// Removes wrapped keys that no record names. They were written before an interruption, and the key that opened them was in
/// memory alone; whoever wraps anew begins with this.
pub fn forget_lost_files(room: &mut Room<'_, '_>) -> Result<(), StepError> {
    if !room.stage.open_intents().iter().any(|intent| intent.ev == "key.backup.intent") {
        return Ok(());
    }
    for sha256 in room.stage.kept_beginning(Backup::START.as_bytes())? {
        let named = |record: &PastRecord| record.digest("blob_sha256") == Some(sha256);
        if !room.stage.past().records().iter().any(named) {
            room.stage.forget_kept(sha256)?;
        }
    }
    Ok(())
}

/// Where the file of a wrapped key lies that goes onto so many media; nothing where the log says that all of them have it: then
/// it was removed, as the last thing before an interruption.
pub fn file_for_media(
    sha256: Digest,
    (medium, copies): (&str, usize),
    room: &Room<'_, '_>,
) -> Result<Option<PathBuf>, StepError> {
    let step = Some(room.stage.step_number());
    let written = |record: &&PastRecord| {
        record.ev == "media.written" && record.step == step && record.text("label") == Some(medium)
    };
    match room.stage.kept_at(sha256) {
        Ok(path) => Ok(Some(path)),
        Err(_) if room.stage.past().records().iter().filter(written).count() >= copies => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The numbers of all sets that the log knows: none is dealt twice.
pub fn used_sets(room: &Room<'_, '_>) -> Vec<String> {
    let backups = &room.ledger.backups;
    let mut used: Vec<String> = backups.all().iter().map(|backup| backup.set.clone()).collect();
    used.extend(backups.secrets().iter().map(|secret| secret.set.clone()));
    let announces = |record: &&PastRecord| ["key.backup.intent", "secret.split"].contains(&&*record.ev);
    let of_log = room.stage.past().records().iter().filter(announces);
    used.extend(of_log.filter_map(|record| record.text("set_id").map(str::to_owned)));
    used
}

/// A set of shares, of a backup's key-encryption key or of another secret, and where it belongs.
#[derive(Clone, Debug)]
pub struct ShareSet {
    /// Who has a share of what.
    pub handing: Handing,
    /// The key that is backed up, if one is.
    pub spki_sha256: Option<Digest>,
    /// Whose shares are encrypted for their own keys.
    pub encrypted: Vec<String>,
}

/// Ends it where one of the holders of this secret is not in the room.
pub fn all_are_here(
    holders: &[Person],
    secret: impl Fn() -> String,
    room: &Room<'_, '_>,
) -> Result<(), StepError> {
    match holders.iter().find(|holder| !room.stage.present().contains(holder)) {
        Some(absent) => {
            Err(StageError::AbsentKeyHolder { secret: secret(), person: absent.id.clone() }.into())
        }
        None => Ok(()),
    }
}

impl ShareSet {
    /// The set of a backup, as these people hold it.
    pub fn of(backup: &KeyBackup, token: &str, holders: Vec<Person>) -> Self {
        let of = SharedSecret::Key { key: backup.key.clone(), set_id: backup.set.clone() };
        let handing = Handing {
            of,
            token: token.to_owned(),
            holders,
            threshold: backup.threshold,
            groups: backup.groups.clone(),
        };
        Self { handing, spki_sha256: Some(backup.spki_sha256), encrypted: Vec::new() }
    }

    /// The same, with holders whose shares are encrypted for their own keys.
    pub fn encrypted_for(mut self, encrypted: &[String]) -> Self {
        self.encrypted = encrypted.to_vec();
        self
    }

    /// The name of a holder's own medium for shares of this secret.
    pub fn own_medium(&self, holder: &Person) -> String {
        let name = match &self.handing.of {
            SharedSecret::Key { key: name, .. } | SharedSecret::Named { name, .. } => name,
            SharedSecret::Pin { token } => token,
        };
        own_medium(name, &holder.id)
    }

    /// The set of a secret that has a name in the script, as these people hold it. `token`: the one that it is of, or nothing.
    pub fn of_secret(secret: &DividedSecret, token: &str, holders: Vec<Person>) -> Self {
        let of = SharedSecret::Named { name: secret.name.clone(), set_id: secret.set.clone() };
        let handing = Handing {
            of,
            token: token.to_owned(),
            holders,
            threshold: secret.threshold,
            groups: secret.groups.clone(),
        };
        Self { handing, spki_sha256: None, encrypted: Vec::new() }
    }

    /// Ends it where a holder is not in the room: a set is dealt to all of them together.
    pub fn all_are_here(&self, room: &Room<'_, '_>) -> Result<(), StepError> {
        all_are_here(&self.handing.holders, || self.handing.of.to_string(), room)
    }

    /// Hands every holder a sheet until it was typed back, and has it bagged; who failed, if somebody did. `shares` learns of
    /// each.
    pub fn hand_out(
        &self,
        dealt: &[Sheet],
        shares: &mut Shares,
        room: &mut Room<'_, '_>,
    ) -> Result<Option<Person>, StepError> {
        self.all_are_here(room)?;
        for (holder, sheet) in self.handing.holders.iter().zip(dealt) {
            let Sheet { index, face, salt, share } = sheet;
            let item = format!("salt of share {index} of set {}", face.set_id);
            let salt_digest = Some(room.stage.annex(&item, salt)?);
            let known = KnownShare {
                holder: holder.id.clone(),
                commitment: face.commitment,
                salt_digest,
                confirmed: false,
                returned: false,
                missing: false,
                sent: None,
            };
            room.stage.record(Event::ShareIssued(self.share_of(*index, &known)))?;
            shares.insert(*index, known.clone());
            let sent = if self.encrypted.contains(&holder.id) {
                send_out(self, holder, sheet, room)?
            } else {
                SentOut::OnASheet
            };
            let typed_back = match &sent {
                SentOut::Opened(_) => true,
                SentOut::Failed => false,
                SentOut::OnASheet => room.stage.hand_over_share(
                    &self.handing,
                    holder,
                    (face, Some(salt), share),
                    &mut |_, typed| Ok(look(typed, salt)),
                )?,
            };
            if !typed_back {
                return Ok(Some(holder.clone()));
            }
            room.stage.record_by(holder, Event::ShareConfirmed(self.share_of(*index, &known)))?;
            if let Some(known) = shares.get_mut(index) {
                known.confirmed = true;
                if let SentOut::Opened(place) = &sent {
                    known.sent = Some(place.clone());
                }
            }
            let item = sheet_item(&face.set_id, *index);
            let into = if matches!(sent, SentOut::Opened(_)) { MEDIUM_INTO_ITS_BAG } else { INTO_ITS_BAG };
            bag(&item, holder, into, room)?;
        }
        Ok(None)
    }

    /// Has every sheet bagged that an interruption left without a bag.
    pub fn bag_the_rest(&self, shares: &Shares, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        for (index, known) in shares {
            let item = sheet_item(self.set_id(), *index);
            let holder = self.handing.holders.iter().find(|holder| holder.id == known.holder);
            if let Some(holder) = holder {
                bag(&item, holder, INTO_ITS_BAG, room)?;
            }
        }
        Ok(())
    }

    /// Has every sheet bagged that an interruption left out of its bag after its holder had typed it.
    pub fn bag_the_open(&self, shares: &Shares, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        for (index, known) in shares.iter().filter(|(_, known)| !known.returned) {
            let item = sheet_item(self.set_id(), *index);
            let holder = room.stage.present().iter().find(|person| person.id == known.holder).cloned();
            if let (Some(holder), Some(Bag::Open(_))) = (holder, room.ledger.possessions.bag(&item)) {
                bag(&item, &holder, INTO_ITS_BAG, room)?;
            }
        }
        Ok(())
    }

    /// The key-encryption key, from as many holders as it takes, who are drawn; and who they are. Who failed, if somebody did.
    /// `tokens`: somebody is logged in to them before a share is typed.
    pub fn gather(
        &self,
        backup: &KeyBackup,
        tokens: &[&str],
        room: &mut Room<'_, '_>,
    ) -> Result<Result<(Secret<32>, Vec<String>), Person>, StepError> {
        let lot = self.lot(room)?;
        let asked = self.asking(lot.len());
        let who: Vec<String> = lot.iter().map(|holder| holder.id.clone()).collect();
        let mut lines = vec![
            Line::new("of", self.handing.of.to_string()),
            Line::new("set", backup.set.clone()),
            Line::new("drawn", who.join(", ")),
        ];
        if self.handing.groups.is_some() {
            lines.push(Line::new("it takes", self.handing.division().takes()));
        }
        let sentence = "The key-encryption key is put together from the sheets of those who were drawn.";
        room.stage.show(&Notice::Done { sentence: sentence.into(), lines });
        with_shares(tokens, room, |room| {
            let mut gathered = Gathered::default();
            for (given, holder) in lot.iter().enumerate() {
                let Some(typed) = asked.typed(holder, given, &backup.shares, room)? else {
                    return Ok(Err(holder.clone()));
                };
                gathered.lay(&typed).map_err(|error| self.wrong(format!("{}: {error}", holder.id)))?;
            }
            let kek = gathered.combine(&backup.check).map_err(|error| self.wrong(error.to_string()))?;
            Ok(Ok((kek, who.clone())))
        })
    }

    /// The key-encryption key, from every holder but those whose sheets are lost: each sheet is counted in. `tokens`: as for
    /// [`Self::gather`].
    pub fn count_in(
        &self,
        backup: &KeyBackup,
        lost: &[String],
        tokens: &[&str],
        room: &mut Room<'_, '_>,
    ) -> Result<Secret<32>, StepError> {
        let there = || self.handing.holders.iter().filter(|holder| !lost.contains(&holder.id));
        let numbers = backup.shares.iter().filter(|(_, known)| !lost.contains(&known.holder));
        let quorum = backup.division().quorum(&numbers.map(|(index, _)| *index).collect());
        let quorum = quorum.unwrap_or_default();
        let asked = self.asking(there().count());
        with_shares(tokens, room, |room| {
            let mut gathered = Gathered::default();
            for (given, holder) in there().enumerate() {
                let typed = asked.typed(holder, given, &backup.shares, room)?;
                let typed = typed.ok_or_else(|| {
                    self.wrong(format!(
                        "the sheet of `{}` is missing or wrong; nothing has changed. Plan again with `lost: [{}]`",
                        holder.id, holder.id
                    ))
                })?;
                if quorum
                    .iter()
                    .filter_map(|index| backup.shares.get(index))
                    .any(|known| known.holder == holder.id)
                {
                    gathered.lay(&typed).map_err(|error| self.wrong(format!("{}: {error}", holder.id)))?;
                }
            }
            gathered.combine(&backup.check).map_err(|error| self.wrong(error.to_string()))
        })
    }

    /// Whether a holder types the share that the log says; it is recorded, and forgotten at once.
    pub fn is_good(
        &self,
        holder: &Person,
        given: usize,
        shares: &Shares,
        room: &mut Room<'_, '_>,
    ) -> Result<bool, StepError> {
        Ok(self.typed(holder, given, shares, room)?.is_some())
    }

    /// What a holder types, once it is the share that the log says; nothing if it does not come to that.
    fn typed(
        &self,
        holder: &Person,
        given: usize,
        shares: &Shares,
        room: &mut Room<'_, '_>,
    ) -> Result<Option<crate::secret::SecretOctets>, StepError> {
        let purpose = SharePurpose::Login { given, after_wrong: false };
        let own = shares.iter().find(|(_, known)| known.holder == holder.id && !known.returned);
        let item = own.map(|(index, _)| sheet_item(self.set_id(), *index));
        let mut sent = own.and_then(|(_, known)| known.sent.clone());
        if let Some(item) = &item {
            unbag(item, holder, room)?;
        }
        for _ in 0..MOST_TRIES {
            let here = match sent.take() {
                Some(sent) => given_from_medium(holder, &sent, room)?,
                None => None,
            };
            let typed = match here {
                None => room.stage.ask_share(&self.handing, holder, String::new(), purpose)?,
                opened => opened,
            };
            let Some(typed) = typed else { return Ok(None) };
            match self.known(&typed, holder, shares, room)? {
                Ok((index, known)) => {
                    room.stage.record_by(holder, Event::ShareChecked(self.share_of(index, &known)))?;
                    if let Some(item) = &item {
                        bag(item, holder, INTO_ITS_BAG, room)?;
                    }
                    return Ok(Some(typed));
                }
                Err(why) => room.stage.wrong_share(holder, &why),
            }
        }
        Ok(None)
    }

    /// Every sheet of the set that somebody was given goes: it counts for nothing.
    pub fn give_back(
        &self,
        shares: &mut Shares,
        why: &str,
        room: &mut Room<'_, '_>,
    ) -> Result<(), StepError> {
        let (of, set) = (&self.handing.of, self.set_id().to_owned());
        let text = format!("the shares of {of}, set {set}, count for nothing: {why}");
        room.stage.show(&Notice::Wrong { sentence: text.clone() });
        room.stage.record(Event::LogNote { text })?;
        let step = Some(room.stage.step_number());
        for (index, known) in shares.iter_mut().filter(|(_, known)| !known.returned && !known.missing) {
            // Before an interruption, maybe.
            let done = |record: &PastRecord| {
                record.step == step
                    && record.text("set_id") == Some(&set)
                    && record.data.get("index").and_then(serde_json::Value::as_u64) == Some(*index)
            };
            if room.stage.past().find("share.returned", done).is_some() {
                known.returned = true;
                continue;
            }
            let Some(holder) = room.setting.people.find(&known.holder).cloned() else { continue };
            let mut lines = vec![
                Line::new("of", of.to_string()),
                Line::new("set", set.clone()),
                Line::new("share", index.to_string()),
            ];
            lines.extend(
                self.handing.division().member(*index).map(|member| Line::new("that is", member.said())),
            );
            let sentence = if known.sent.is_some() || self.encrypted.contains(&known.holder) {
                "What you have of this share counts for nothing. Erase your medium before everybody, and destroy all that was written down of it."
            } else {
                "This sheet counts for nothing. Destroy it before everybody, with all that was written down of it."
            };
            room.stage.question(holder.clone(), sentence, lines, Expected::Word("destroyed"))?;
            room.stage.record_by(&holder, Event::ShareReturned(self.share_of(*index, known)))?;
            known.returned = true;
        }
        Ok(())
    }

    /// Those who are asked, drawn from the holders in the room: as many as it takes; of groups as many of them as it takes, and of
    /// each its threshold.
    fn lot(&self, room: &Room<'_, '_>) -> Result<Vec<Person>, StepError> {
        let present = |holders: &[Person]| -> Vec<Person> {
            holders.iter().filter(|holder| room.stage.present().contains(holder)).cloned().collect()
        };
        let of = |wanted: usize, here: &[Person]| -> Vec<Person> {
            drawn(wanted, here.len()).into_iter().filter_map(|place| here.get(place).cloned()).collect()
        };
        let Some(groups) = &self.handing.groups else {
            let lot = of(self.handing.threshold, &present(&self.handing.holders));
            if lot.len() < self.handing.threshold {
                let missing = self.handing.threshold - lot.len();
                return Err(self.wrong(format!("{missing} more of its holders are wanted in the room")));
            }
            return Ok(lot);
        };
        let mut rest = self.handing.holders.as_slice();
        let (mut able, mut found) = (Vec::new(), Vec::new());
        for group in groups.all() {
            let (holders, after) = rest.split_at_checked(group.share_count).unwrap_or((rest, &[]));
            rest = after;
            let here = present(holders);
            found.push(format!("{} of `{}`", here.len(), group.name));
            if here.len() >= group.threshold {
                able.push((group.threshold, here));
            }
        }
        if able.len() < groups.needed() {
            return Err(self.wrong(format!(
                "of its holders {} are in the room; wanted {}",
                found.join(", "),
                self.handing.division().said()
            )));
        }
        let chosen = drawn(groups.needed(), able.len());
        let chosen = chosen.into_iter().filter_map(|place| able.get(place));
        Ok(chosen.flat_map(|(wanted, here)| of(*wanted, here)).collect())
    }

    /// The same set where so many holders are asked; without groups that is its threshold.
    fn asking(&self, count: usize) -> Self {
        let mut asking = self.clone();
        if asking.handing.groups.is_some() {
            asking.handing.threshold = count;
        }
        asking
    }

    /// Which share of the log a typed one is, if it is the holder's; why not, in words.
    fn known(
        &self,
        typed: &crate::secret::SecretOctets,
        holder: &Person,
        shares: &Shares,
        room: &Room<'_, '_>,
    ) -> Result<Result<(u64, KnownShare), String>, StepError> {
        let (wanted, division) = (self.set_id(), self.handing.division());
        // Without a salt first: what the share says of itself.
        let ShareFace { set_id, group, number, .. } = match look(typed, "") {
            Ok(face) => face,
            Err(error) => return Ok(Err(error.to_string())),
        };
        if set_id != wanted {
            return Ok(Err(format!("the share is of set {set_id}; wanted one of set {wanted}")));
        }
        let known = division.index_of(group, number).and_then(|index| Some((index, shares.get(&index)?)));
        let Some((index, known)) = known else {
            let of_group =
                if division.groups.is_some() { format!(" of group {group}") } else { String::new() };
            return Ok(Err(format!("the log knows no share {number}{of_group} of set {set_id}")));
        };
        let salt = match known.salt_digest {
            Some(digest) => room.stage.annexed(digest)?,
            None => Some(String::new()),
        };
        // An annex that is not here says nothing against a share; its set, its number and its checksum are right, and what it
        // gives is judged by the check value.
        let same =
            salt.is_none_or(|salt| look(typed, &salt).is_ok_and(|face| face.commitment == known.commitment));
        if !same {
            let which = division.named(index);
            return Ok(Err(format!("the share is not {which} of set {set_id} as it was handed out")));
        }
        if known.holder != holder.id {
            let which =
                division.member(index).map_or_else(String::new, |member| format!(", {}", member.said()));
            return Ok(Err(format!(
                "the share is {}'s{which}; each holder types the one that the log says",
                known.holder
            )));
        }
        Ok(Ok((index, known.clone())))
    }

    /// What the log says of a share.
    pub fn share_of(&self, index: u64, known: &KnownShare) -> ShareOf {
        let member = self.handing.division().member(index);
        ShareOf {
            token: None,
            spki_sha256: self.spki_sha256,
            secret: self.secret(),
            set_id: self.set_id().to_owned(),
            index,
            group_index: member.as_ref().map(|member| member.number),
            group: member.map(|member| member.name),
            holder: known.holder.clone(),
            commitment_sha256: known.commitment,
            salt_digest: known.salt_digest,
        }
    }

    /// The secret's name, if it has one in the script.
    pub fn secret(&self) -> Option<String> {
        match &self.handing.of {
            SharedSecret::Named { name, .. } => Some(name.clone()),
            _ => None,
        }
    }

    /// The set's number.
    fn set_id(&self) -> &str {
        match &self.handing.of {
            SharedSecret::Key { set_id, .. } | SharedSecret::Named { set_id, .. } => set_id,
            SharedSecret::Pin { .. } => "",
        }
    }

    fn wrong(&self, why: String) -> StepError {
        StepError::Backup { what: self.handing.of.to_string(), why }
    }
}

/// Has shares typed, all of them together. Whoever wants a pause ends it: what was typed is wiped with what `typing` has of it,
/// then comes the pause, and then all of it once more. On these tokens somebody is logged in before, so that nobody is asked for
/// a PIN while a secret is in memory.
fn with_shares<T>(
    tokens: &[&str],
    room: &mut Room<'_, '_>,
    mut typing: impl FnMut(&mut Room<'_, '_>) -> Result<T, StepError>,
) -> Result<T, StepError> {
    loop {
        for token in tokens {
            room.stage.log_in(token)?;
        }
        room.stage.shares_are_at_hand();
        let typed = typing(room);
        let Some(person) = room.stage.shares_are_gone() else { return typed };
        // Before anything is asked: whatever it came to is in memory no longer.
        drop(typed);
        room.stage.pause_without_shares(&person)?;
    }
}

/// What a record of an interrupted ceremony says of a share of a set.
pub fn learn_of_share(shares: &mut Shares, set: &str, record: &PastRecord) -> Option<()> {
    if record.text("set_id")? != set {
        return None;
    }
    let index = record.data.get("index")?.as_u64()?;
    match record.ev.as_str() {
        "share.issued" => {
            let known = KnownShare {
                holder: record.text("holder")?.to_owned(),
                commitment: record.digest("commitment_sha256")?,
                salt_digest: record.digest("salt_digest"),
                confirmed: false,
                returned: false,
                missing: false,
                sent: None,
            };
            shares.insert(index, known);
        }
        "share.decrypted" => shares.get_mut(&index)?.sent = Some(sent_of(record)?),
        "share.confirmed" => shares.get_mut(&index)?.confirmed = true,
        "share.returned" => shares.get_mut(&index)?.returned = true,
        _ => {}
    }
    Some(())
}

/// Where a share lies encrypted.
fn sent_of(record: &PastRecord) -> Option<SentShare> {
    Some(SentShare {
        medium: record.text("medium")?.to_owned(),
        file: record.text("file")?.to_owned(),
        sha256: record.digest("ciphertext_sha256")?,
    })
}

/// Has a thing put into a bag, by a person and before another, unless it is in one; the bag's number is for the annex.
pub fn bag(item: &str, person: &Person, sentence: &str, room: &mut Room<'_, '_>) -> Result<(), StepError> {
    let previous_bag_digest = match room.ledger.possessions.bag(item) {
        Some(Bag::Sealed(_)) => return Ok(()),
        Some(Bag::Open(digest)) => digest,
        None => None,
    };
    let lines = vec![Line::new("thing", item)];
    let number = room.stage.question(person.clone(), sentence, lines, Expected::Text)?;
    let people = seen(item, person, &number, "sealed", room)?;
    let bag_digest = room.stage.annex(&format!("bag of {item}"), &number)?;
    let bagged = Bagged { item: item.to_owned(), bag_digest, previous_bag_digest, people };
    room.stage.record(Event::CustodySealed(bagged))?;
    room.ledger.possessions.put(item, Bag::Sealed(Some(bag_digest)));
    Ok(())
}

/// Has a thing taken out of its bag, which is the one that the log says, unless it is out of it.
pub fn unbag(item: &str, person: &Person, room: &mut Room<'_, '_>) -> Result<(), StepError> {
    let Some(Bag::Sealed(Some(bag_digest))) = room.ledger.possessions.bag(item) else { return Ok(()) };
    let lines = vec![Line::new("thing", item), Line::new("annex", bag_digest.to_string())];
    let sentence = "What is the number on the bag, and is the bag whole? Do not open it yet.";
    let number = room.stage.question(person.clone(), sentence, lines, Expected::Text)?;
    let custody = |why: String| StepError::Custody { item: item.to_owned(), why };
    match room.stage.annexed(bag_digest)? {
        Some(sealed) if sealed == number => {}
        Some(sealed) => {
            return Err(custody(format!("the bag has the number `{number}`; it was sealed in `{sealed}`")));
        }
        None => {
            let why =
                format!("the annex on this medium does not have the item {bag_digest}, the bag's number");
            return Err(custody(why));
        }
    }
    let people = seen(item, person, &number, "whole", room)?;
    let bagged = Bagged { item: item.to_owned(), bag_digest, previous_bag_digest: Some(bag_digest), people };
    room.stage.record(Event::CustodyOpened(bagged))?;
    room.ledger.possessions.put(item, Bag::Open(Some(bag_digest)));
    Ok(())
}

/// Learns again of every bag that this step sealed or opened before an interruption.
pub fn recall_bags(room: &mut Room<'_, '_>) {
    let step = Some(room.stage.step_number());
    for record in room.stage.past().records().iter().filter(|record| record.step == step) {
        let (Some(item), digest) = (record.text("item"), record.digest("bag_digest")) else { continue };
        match record.ev.as_str() {
            "custody.sealed" => room.ledger.possessions.put(item, Bag::Sealed(digest)),
            "custody.opened" => room.ledger.possessions.put(item, Bag::Open(digest)),
            _ => {}
        }
    }
}

/// Somebody else sees the bag and its number, and says the word; who did it and who saw it.
fn seen(
    item: &str,
    person: &Person,
    number: &str,
    word: &'static str,
    room: &mut Room<'_, '_>,
) -> Result<Vec<String>, StepError> {
    let mut people = vec![person.id.clone()];
    if let Some(other) = onlooker(person, room) {
        let lines = vec![Line::new("thing", item), Line::new("bag", number)];
        let sentence = "Is this the number on the bag, and is the bag whole?";
        room.stage.question(other.clone(), sentence, lines, Expected::Word(word))?;
        people.push(other.id);
    }
    Ok(people)
}

/// Somebody who sees what a person does: a witness if one is here.
fn onlooker(person: &Person, room: &Room<'_, '_>) -> Option<Person> {
    let others = || room.stage.present().iter().filter(|other| *other != person);
    let of = |role: &str| others().find(|other| other.role == role).cloned();
    of("external-witness").or_else(|| of("internal-witness")).or_else(|| others().next().cloned())
}

/// What a sheet is called where it is in a bag.
pub fn sheet_item(set: &str, index: u64) -> String {
    format!("share-{set}-{index}")
}

/// What a holder does with a sheet.
const INTO_ITS_BAG: &str = "Put your sheet into its bag and seal it. What is the number on the bag?";
/// What a holder does with a medium.
const MEDIUM_INTO_ITS_BAG: &str =
    "Put your medium into its bag, with its salt, and seal it. What is the number on the bag?";
/// How often a holder tries.
const MOST_TRIES: usize = 5;
