//! Shares that a ceremony leaves behind which is closed before its time: each is accounted for, and none opens anything.
//!
//! The rules of this file:
//! - A set counts if what it is for does: a key that is live, a token that has its PIN, an old set that has begun to go. Every other
//!   set of a step that did not end is void; an old set that has begun to go is, too.
//! - Each sheet of a void set is brought back and destroyed before somebody else, or both say that it is missing; the log has which.
//! - The wrapped key goes last, when the log says what became of every sheet, from this machine and from its media.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::digest::Digest;
use crate::issuance::{Backups, KeyBackup, KnownShare, Ledger, LeftSet};
use crate::share::Backup;
use crate::stage::{Division, Event, Expected, Line, Notice, PastRecord, Person, ShareOf, Stage, StageError};

/// Accounts for every share of a step that did not end; how many sheets were destroyed, and how many are missing.
///
/// # Errors
///
/// [`StageError`] if the log or the people refuse.
pub fn account_for_shares(
    people: &[Person],
    why: &str,
    ledger: &Ledger,
    stage: &mut Stage<'_>,
) -> Result<(usize, usize), StageError> {
    let (mut destroyed, mut missing) = (0, 0);
    let mut sets = void_sets(&ledger.backups, stage);
    sets.extend(sets_that_go(&ledger.backups, stage));
    for set in sets {
        if set.is_settled(stage) {
            continue;
        }
        let why = match &set.successor {
            Some(other) => format!("set {other} takes its place"),
            None => why.to_owned(),
        };
        let text = format!("the shares of set {} count for nothing: {why}", set.id);
        stage.show(&Notice::Wrong { sentence: text.clone() });
        stage.record_once(Event::LogNote { text })?;
        for share in &set.shares {
            let there = match settled(share, stage) {
                Some(said) => said,
                None => brought_back(share, (CLOSED, set.opens), people, stage)?,
            };
            destroyed += usize::from(there);
            missing += usize::from(!there);
        }
        set.end_media(people, stage)?;
    }
    // Now that the log has what became of the sheets. What lies here is a file that no set opens, or one that is on its media.
    for sha256 in stage.kept_beginning(Backup::START.as_bytes())? {
        let text = format!(
            "the wrapped key {sha256} was removed from the log's folder: nothing is to open it there"
        );
        stage.record_once(Event::LogNote { text })?;
        stage.forget_kept(sha256)?;
    }
    Ok((destroyed, missing))
}

/// A set that counts for nothing.
struct VoidSet {
    id: String,
    shares: Vec<ShareOf>,
    /// The numbered media that its wrapped key was written to and that go with it, and the digest of that.
    media: Vec<(String, Digest)>,
    /// The set that takes its place, if one does.
    successor: Option<String>,
    /// Whether what it opens is on media that stay.
    opens: bool,
}

/// Every set of a step that did not end and that nothing depends on.
fn void_sets(backups: &Backups, stage: &Stage<'_>) -> Vec<VoidSet> {
    let past = stage.past();
    let ended = |record: &PastRecord| record.step.as_deref().is_some_and(|step| past.has_ended(step));
    let issued: Vec<&PastRecord> =
        past.records().iter().filter(|record| record.ev == "share.issued" && !ended(record)).collect();
    let mut seen = BTreeSet::new();
    let mut sets = Vec::new();
    for first in &issued {
        let Some(id) = first.text("set_id") else { continue };
        if !seen.insert((id, secret_of(first))) || counts(first, id, past.records()) {
            continue;
        }
        let of_set = |record: &&&PastRecord| {
            record.text("set_id") == Some(id) && secret_of(record) == secret_of(first)
        };
        let backup = backed_up(first, id, past.records());
        let blob = backup.and_then(|backup| backup.digest("blob_sha256"));
        // Dealt to the key-encryption key that there was before: the media stay.
        let opens = backups.all().iter().any(|other| other.set != id && Some(other.blob_sha256) == blob);
        let media = backup.filter(|_| !opens).map(|backup| written(backup, past.records()));
        sets.push(VoidSet {
            id: id.to_owned(),
            shares: issued.iter().filter(of_set).filter_map(|record| share(record)).collect(),
            media: media.unwrap_or_default(),
            successor: None,
            opens,
        });
    }
    sets
}

/// Every set that had begun to go, in a step that did not end, because another one takes its place.
fn sets_that_go(backups: &Backups, stage: &Stage<'_>) -> Vec<VoidSet> {
    let past = stage.past();
    let goes_on = |record: &PastRecord| !record.step.as_deref().is_some_and(|step| past.has_ended(step));
    let mut sets = Vec::new();
    for old in backups.all().iter().filter(|backup| !backup.set.is_empty()) {
        let same = |record: &PastRecord| record.digest("spki_sha256") == Some(old.spki_sha256);
        let of_set = |record: &PastRecord| same(record) && record.text("set_id") == Some(&old.set);
        let Some(first) = past.find("share.returned", |record| of_set(record) && goes_on(record)) else {
            continue;
        };
        let new = past.records().iter().rfind(|record| {
            record.ev == "key.backup" && record.step == first.step && same(record) && !of_set(record)
        });
        let Some((new, successor)) = new.and_then(|new| Some((new, new.text("set_id")?.to_owned()))) else {
            continue;
        };
        let stay = media_of(new);
        let go = old.copies.iter().filter(|copy| !stay.contains(&copy.as_str()));
        let media: Vec<(String, Digest)> = go.map(|copy| (copy.clone(), old.blob_sha256)).collect();
        sets.push(VoidSet {
            id: old.set.clone(),
            shares: left_of(old),
            opens: media.is_empty(),
            media,
            successor: Some(successor),
        });
    }
    sets
}

/// The sheets of a backup that the log knew before this ceremony, but for those that were gone then.
fn left_of(old: &KeyBackup) -> Vec<ShareOf> {
    let there = old.shares.iter().filter(|(_, share)| !share.returned);
    let spki_sha256 = old.spki_sha256;
    there.map(|(index, known)| share_of((spki_sha256, &old.set), old.division(), *index, known)).collect()
}

fn share_of(
    (spki_sha256, set): (Digest, &str),
    division: Division<'_>,
    index: u64,
    known: &KnownShare,
) -> ShareOf {
    let member = division.member(index);
    ShareOf {
        token: None,
        spki_sha256: Some(spki_sha256),
        secret: None,
        set_id: set.to_owned(),
        index,
        group_index: member.as_ref().map(|member| member.number),
        group: member.map(|member| member.name),
        holder: known.holder.clone(),
        commitment_sha256: known.commitment,
        salt_digest: known.salt_digest,
    }
}

/// Asks once more for the sheets of a set that counts for nothing and that were missing before. `opens`: whether what they open
/// is on media that stay.
///
/// # Errors
///
/// [`StageError`] if the log or the people refuse.
pub fn ask_for_the_left(
    left: &LeftSet,
    (spki_sha256, opens): (Digest, bool),
    people: &[Person],
    stage: &mut Stage<'_>,
) -> Result<(), StageError> {
    for (index, known) in &left.sheets {
        let share = share_of((spki_sha256, &left.set), left.division(), *index, known);
        // An interruption may have come between.
        if settled(&share, stage).is_none() {
            let _ = brought_back(&share, (AGAIN, opens), people, stage)?;
        }
    }
    Ok(())
}

/// What a share is one of: a key, a token's PIN, a named secret.
fn secret_of(record: &PastRecord) -> Option<&str> {
    ["spki_sha256", "token", "secret"].into_iter().find_map(|key| record.text(key))
}

/// Whether something depends on a set, of which this is the first record.
fn counts(first: &PastRecord, id: &str, records: &[PastRecord]) -> bool {
    let same = |record: &PastRecord, key: &str| {
        first.text(key).is_some() && record.text(key) == first.text(key) && record.step == first.step
    };
    records.iter().filter(|record| record.seq > first.seq).any(|record| match record.ev.as_str() {
        "key.live" => record.text("spki_sha256").is_some_and(|spki| first.text("spki_sha256") == Some(spki)),
        // Once it was begun nobody knows here whether the token has the PIN.
        "token.initialized" | "token.pin.intent" | "token.pin.changed" => same(record, "token"),
        // A set before it goes: it takes that one's place. One that is dealt later comes after this one was given up.
        "share.returned" => {
            let other = record.text("set_id").filter(|other| *other != id);
            same(record, "spki_sha256") && other.is_some_and(|other| is_older(other, first, records))
        }
        _ => false,
    })
}

/// Whether a set was there before another of which this is the first record.
fn is_older(set: &str, first: &PastRecord, records: &[PastRecord]) -> bool {
    let issued = |record: &&PastRecord| record.ev == "share.issued" && record.text("set_id") == Some(set);
    let in_step = records.iter().find(issued);
    // Of a ceremony before this one, or given up before this one was dealt: that went before.
    in_step.is_none_or(|record| record.step != first.step)
}

fn share(record: &PastRecord) -> Option<ShareOf> {
    Some(ShareOf {
        token: record.text("token").map(str::to_owned),
        spki_sha256: record.digest("spki_sha256"),
        secret: record.text("secret").map(str::to_owned),
        set_id: record.text("set_id")?.to_owned(),
        index: record.data.get("index")?.as_u64()?,
        group: record.text("group").map(str::to_owned),
        group_index: record.data.get("group_index").and_then(Value::as_u64),
        holder: record.text("holder")?.to_owned(),
        commitment_sha256: record.digest("commitment_sha256")?,
        salt_digest: record.digest("salt_digest"),
    })
}

/// What the log says of the wrapped key of a set, if it is one of a backup's.
fn backed_up<'r>(first: &PastRecord, id: &str, records: &'r [PastRecord]) -> Option<&'r PastRecord> {
    records.iter().find(|record| {
        record.ev == "key.backup"
            && record.text("set_id") == Some(id)
            && record.text("spki_sha256") == first.text("spki_sha256")
    })
}

/// The media that a backup's record names.
fn media_of(backup: &PastRecord) -> Vec<&str> {
    let copies = backup.data.get("copies").and_then(Value::as_array);
    copies.into_iter().flatten().filter_map(|copy| copy.get("medium")?.as_str()).collect()
}

/// The media of a set's wrapped key that were written.
fn written(backup: &PastRecord, records: &[PastRecord]) -> Vec<(String, Digest)> {
    let Some(blob) = backup.digest("blob_sha256") else { return Vec::new() };
    let is_written = |name: &&str| {
        records.iter().any(|record| {
            let copy = record.data.get("copy").and_then(Value::as_u64).unwrap_or_default();
            record.ev == "media.written"
                && record.step == backup.step
                && record.seq > backup.seq
                && record.text("label").is_some_and(|label| format!("{label}-{copy}") == **name)
        })
    };
    media_of(backup).into_iter().filter(is_written).map(|name| (name.to_owned(), blob)).collect()
}

/// What the log says already of a share: destroyed, or missing.
fn settled(share: &ShareOf, stage: &Stage<'_>) -> Option<bool> {
    let same = |record: &PastRecord| {
        record.text("set_id") == Some(&share.set_id)
            && record.data.get("index").and_then(Value::as_u64) == Some(share.index)
            && record.digest("commitment_sha256") == Some(share.commitment_sha256)
    };
    if stage.past().find("share.returned", same).is_some() {
        return Some(true);
    }
    stage.past().find("share.missing", same).map(|_| false)
}

/// Has a sheet brought back and destroyed before somebody else; whether it was there.
fn brought_back(
    share: &ShareOf,
    (when, opens): (&str, bool),
    people: &[Person],
    stage: &mut Stage<'_>,
) -> Result<bool, StageError> {
    let holder = in_the_room(|person| person.id == share.holder, people, stage);
    let Some(holder) = holder else { return Ok(false) };
    let mut lines = vec![
        Line::new("set", share.set_id.clone()),
        Line::new("share", share.index.to_string()),
        Line::new("its holder", share.holder.clone()),
    ];
    if let (Some(group), Some(number)) = (&share.group, share.group_index) {
        lines.push(Line::new("that is", format!("share {number} of the group `{group}`")));
    }
    let sentence = "This share counts for nothing. Bring what there is of it, and destroy it before everybody: the sheet, a medium, whatever was \
                    written down.";
    let answers = Expected::OneOf(vec![DESTROYED.to_owned(), MISSING.to_owned()]);
    let there = stage.question(holder.clone(), sentence, lines.clone(), answers)? == DESTROYED;
    let onlooker = onlooker(&holder, stage);
    if let Some(other) = &onlooker {
        let (sentence, word) = if there {
            ("Was it destroyed before you?", DESTROYED)
        } else {
            ("It is said that there is nothing of this share here. Is that so?", MISSING)
        };
        stage.question(other.clone(), sentence, lines, Expected::Word(word))?;
    }
    let seen = onlooker.map_or_else(|| "nobody".to_owned(), |other| other.id);
    if there {
        let text = format!(
            "share {} of set {}: destroyed by {} before {seen}, {}",
            share.index,
            share.set_id,
            holder.id,
            if when == CLOSED { "as the ceremony is closed" } else { "as it was asked for again" }
        );
        stage.record(Event::LogNote { text })?;
        stage.record_by(&holder, Event::ShareReturned(share.clone()))?;
    } else {
        let opens = if opens {
            "as many of its set as it takes open the wrapped key still"
        } else {
            "it opens nothing that is left"
        };
        let (index, set, whose) = (share.index, &share.set_id, &share.holder);
        let text = format!("share {index} of set {set}, of {whose}: missing when {when}; {opens}");
        stage.record_by(&holder, Event::LogAnomaly { severity: "share".into(), text })?;
        // A power failure here has it asked for once more.
        stage.record_by(&holder, Event::ShareMissing(share.clone()))?;
    }
    Ok(there)
}

impl VoidSet {
    /// Whether the log says that everything of it is gone: a set that was given up before, or one that another has replaced.
    fn is_settled(&self, stage: &Stage<'_>) -> bool {
        let destroyed = |medium: &str| {
            let of_medium = |record: &PastRecord| record.text("medium") == Some(medium);
            stage.past().find("media.destroyed", of_medium).is_some()
        };
        self.shares.iter().all(|share| settled(share, stage) == Some(true))
            && (self.successor.is_none() || self.media.iter().all(|(medium, _)| destroyed(medium)))
    }

    /// Every medium that the wrapped key was written to is destroyed before somebody else, or said to be lost.
    fn end_media(&self, people: &[Person], stage: &mut Stage<'_>) -> Result<(), StageError> {
        for (medium, files) in &self.media {
            let done = |record: &PastRecord| record.text("medium") == Some(medium);
            if stage.past().find("media.destroyed", done).is_some() {
                continue;
            }
            let Some(person) = in_the_room(|person| person.role == ADMINISTRATOR, people, stage) else {
                continue;
            };
            let lines = vec![Line::new("medium", medium.clone()), Line::new("set", self.id.clone())];
            let sentence = "What is on this medium counts for nothing. Destroy it before everybody.";
            let answers = Expected::OneOf(vec![DESTROYED.to_owned(), MISSING.to_owned()]);
            let lost = stage.question(person.clone(), sentence, lines.clone(), answers)? == MISSING;
            let mut people = vec![person.id.clone()];
            if let Some(other) = onlooker(&person, stage) {
                let word = if lost { MISSING } else { DESTROYED };
                stage.question(other.clone(), "Is that so?", lines, Expected::Word(word))?;
                people.push(other.id);
            }
            stage.record(Event::MediaDestroyed { medium: medium.clone(), files: *files, lost, people })?;
        }
        Ok(())
    }
}

/// A person of the script who is here, or the ceremony administrator in the place of one who has left.
fn in_the_room(fits: impl Fn(&Person) -> bool, people: &[Person], stage: &Stage<'_>) -> Option<Person> {
    let here = || stage.present().iter();
    let administrator = || here().find(|person| person.role == ADMINISTRATOR);
    here().find(|person| fits(person)).or_else(administrator).or_else(|| people.first()).cloned()
}

/// Somebody who sees what a person does: a witness if one is here.
fn onlooker(person: &Person, stage: &Stage<'_>) -> Option<Person> {
    let others = || stage.present().iter().filter(|other| *other != person);
    let of = |role: &str| others().find(|other| other.role == role).cloned();
    of("external-witness").or_else(|| of("internal-witness")).or_else(|| others().next().cloned())
}

/// Who answers for whoever has left.
const ADMINISTRATOR: &str = "ceremony-administrator";
/// When a share was missing, as the log says it.
const CLOSED: &str = "the ceremony was closed";
/// The same, of a later ceremony.
const AGAIN: &str = "it was asked for again";
/// What is said of a thing that was there.
const DESTROYED: &str = "destroyed";
/// What is said of a thing that was not.
const MISSING: &str = "missing";
