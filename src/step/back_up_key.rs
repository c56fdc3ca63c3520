//! `back-up-key`: a key leaves its token once, wrapped; everyone has their share of what it is wrapped under; it comes back
//! to another token and proves itself; then it can leave no more, and is live. BR §5.2.2, §6.2.2, §6.2.4, §6.2.6.
//!
//! The rules of this file:
//! - The states follow each other in this order, each a record of the log: wrapped; for each holder issued, confirmed and
//!   bagged; put together again from holders who are drawn; restored; proved; on its media; sealed; live.
//! - A crash before every share is confirmed leaves a set that counts for nothing: its sheets are given back, and the key is
//!   wrapped anew. A crash later goes on where it was: the wrapped key is kept beside the log, and its holders have the rest.
//! - The wrapped key is never handed over: once it is on its media it is kept nowhere else.

use serde::{Deserialize, Serialize};

use super::encrypted_share::{encrypted, new_media, own_medium};
use super::holding::{GroupSpec, Holding, each_share, said_of};
use super::key_shares::{Sheets, ThrowAway, sheets};
use super::replaced::replaced;
use super::share_set::{
    ShareSet, all_are_here, bag, file_for_media, forget_lost_files, learn_of_share, recall_bags, used_sets,
};
use super::stand_in::is_stand_in;
use super::vendor_backup::VendorBackup;
use super::{Bag, Room, Scope, Step, StepError, Wrapping, spec};
use crate::digest::{Digest, hex};
use crate::issuance::{self, Key, KeyBackup, ToRestore, ToWrap};
use crate::script::{Id, Located, Named, Part, Word};
use crate::share::{Backup, NamedGroup, Parts, SystemRandom};
use crate::stage::{
    BackedUp, BackupCopy, Delivery, Division, Expected, Groups, HolderGroup, Line, Notice, PastRecord,
    Person, Secret, ShareError, StageError,
};

spec!(
    /// `back-up-key: {key: root-x1, threshold: 3, holders: [h1, h2, h3, h4, h5], restore-to: [backup], copies: 2}`, or groups of
    /// holders: `group-threshold: 2, groups: {europe: {threshold: 2, holders: [h1, h2, h3]}, …}`
    Spec {
        /// Which key: one that waits for its backup.
        key: Located<Id> = required "key",
        /// How.
        method: Option<Method> = optional "method",
        /// How many holders it takes.
        threshold: Option<Located<usize>> = optional "threshold",
        /// Who has a share: people, or a role for everyone of it.
        holders: Vec<Located<Id>> = optional_list "holders",
        /// How many groups it takes.
        group_threshold: Option<Located<usize>> = optional "group-threshold",
        /// The groups of holders, in the place of `threshold` and `holders`.
        groups: Option<Named<GroupSpec>> = optional "groups",
        /// Whose shares are encrypted for their own keys: people among the holders, or a role.
        encrypted: Vec<Located<Id>> = optional_list "encrypted",
        /// Where the key comes back to.
        restore_to: Vec<Located<Id>> = optional_list "restore-to",
        /// On how many numbered media the wrapped key is.
        copies: Option<Located<usize>> = optional "copies",
        /// Their name, by which the site says where they are; `<key>-backup` unless it is said.
        medium: Option<Located<Id>> = optional "medium",
        /// Who plugs the media, or brings what the vendor's tool says.
        ask: Option<Located<Id>> = optional "ask",
        /// What the vendor's tool makes, and by which it is made.
        what: Option<String> = optional "what",
        /// The name that the vendor's evidence has among the artifacts.
        evidence: Option<Located<Id>> = optional "evidence",
    }
);

/// How a key is backed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Wrapped under a key in shares.
    Wrapped,
    /// By the vendor's own means.
    Vendor,
}

impl Word for Method {
    const WORDS: &'static [(&'static str, Self)] = &[("wrapped", Self::Wrapped), ("vendor", Self::Vendor)];
}

/// A key is backed up, restored, sealed and live.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case")]
pub enum BackUpKey {
    /// Wrapped.
    Wrapped(Box<WrappedBackup>),
    /// By the vendor's own means.
    Vendor(Box<VendorBackup>),
}

/// A backup that is wrapped under a key in shares.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WrappedBackup {
    key: String,
    token: String,
    algorithm: String,
    threshold: usize,
    holders: Vec<Person>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    groups: Option<Groups>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    encrypted: Vec<String>,
    restore_to: Vec<String>,
    copies: usize,
    medium: String,
    person: Person,
}

impl Step for BackUpKey {
    const NAME: &'static str = "back-up-key";
    const ABOUT: &'static str = "a key is backed up in shares, restored, sealed, and live";
    const WHY: &'static str = "A key that exists once is lost with its device: only enough of the holders together can bring it back. BR 6.2.4.";
    const MINUTES: u32 = 20;
    const RECALLED: bool = true;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        match spec.method.unwrap_or(Method::Wrapped) {
            Method::Wrapped => WrappedBackup::resolve(spec, scope).map(|all| Self::Wrapped(Box::new(all))),
            Method::Vendor => VendorBackup::resolve(spec, scope).map(|all| Self::Vendor(Box::new(all))),
        }
    }

    fn preview(&self) -> String {
        match self {
            Self::Wrapped(backup) => backup.preview(),
            Self::Vendor(backup) => backup.preview(),
        }
    }

    fn medium(&self) -> Option<(&str, usize)> {
        match self {
            Self::Wrapped(backup) => Some((&backup.medium, backup.copies)),
            Self::Vendor(_) => None,
        }
    }

    fn encrypts(&self) -> Vec<(&str, String)> {
        let Self::Wrapped(backup) = self else { return Vec::new() };
        backup.encrypted.iter().map(|holder| (holder.as_str(), own_medium(&backup.key, holder))).collect()
    }

    fn deals(&self) -> Vec<(String, &str)> {
        let Self::Wrapped(backup) = self else { return Vec::new() };
        each_share(&backup.key, backup.groups.as_ref(), &backup.holders)
    }

    fn wraps(&self) -> Option<Wrapping<'_>> {
        match self {
            Self::Wrapped(backup) => Some(Wrapping {
                from: Some(&backup.token),
                algorithm: &backup.algorithm,
                to: &backup.restore_to,
            }),
            Self::Vendor(_) => None,
        }
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        match self {
            Self::Wrapped(backup) => backup.perform(room),
            Self::Vendor(backup) => backup.perform(room),
        }
    }
}

impl WrappedBackup {
    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        for (key, said) in [("what", spec.what.is_some()), ("evidence", spec.evidence.is_some())] {
            if said {
                scope.wrong(format!("`{key}` goes with `method: vendor`"));
            }
        }
        let key = scope.key_to_back_up(&spec.key, "wrapped");
        let holding = Holding::resolve(&said_of!(spec), scope);
        let holders = holding.as_ref().map_or(&[][..], |holding| &holding.holders);
        let encrypted = encrypted(&spec.encrypted, holders, scope);
        new_media(&spec.key, &encrypted, scope);
        let restore_to = restore_tokens(&spec.restore_to, key.as_ref(), scope);
        let copies = copies(spec.copies.as_ref(), scope);
        let name = spec.medium.unwrap_or_else(|| Located {
            value: format!("{}-backup", spec.key.value).parse().unwrap_or_else(|_| spec.key.value.clone()),
            place: spec.key.place,
        });
        let medium = scope.new_medium(&name);
        let person = plugger(spec.ask.as_ref(), &spec.key, scope);
        if let (Some(medium), Some(copies)) = (&medium, copies) {
            for number in 1..=copies {
                scope.ledger.possessions.put(&format!("{medium}-{number}"), Bag::Sealed(None));
            }
        }
        let (key, holding) = (key?, holding?);
        scope.uses(&key.token);
        Some(Self {
            key: key.name,
            token: key.token,
            algorithm: key.algorithm.to_string(),
            threshold: holding.threshold,
            holders: holding.holders,
            groups: holding.groups,
            encrypted,
            restore_to: restore_to?,
            copies: copies?,
            medium: medium?,
            person: person?,
        })
    }

    fn preview(&self) -> String {
        let own = if self.encrypted.is_empty() {
            String::new()
        } else {
            format!(", encrypted for their own keys: {}", self.encrypted.join(", "))
        };
        format!(
            "Back up the key `{}`: {}{own}; restore it to {}, {} copies on the media `{}`; seal it. Only then it is live.",
            self.key,
            self.division().in_words(&self.holders),
            self.restore_to.join(", "),
            self.copies,
            self.medium
        )
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        let unknown = || issuance::IssuanceError::Unknown { what: "key", name: self.key.clone() };
        let mut key = room.ledger.key(&self.key).ok_or_else(unknown)?.clone();
        recall_bags(room);
        let mut known = Known::of(&self.key, &key, room);
        if !room.stage.is_recalling() {
            known = Some(self.go_through(&key, known, room)?);
        }
        issuance::make_live(&mut key, room.stage)?;
        let backup = known.ok_or_else(|| self.wrong("its records are not in the log"))?;
        self.end(key, backup, room)
    }

    /// From where the log says that it is to the sealed key.
    fn go_through(
        &self,
        key: &Key,
        mut known: Option<KeyBackup>,
        room: &mut Room<'_, '_>,
    ) -> Result<KeyBackup, StepError> {
        let mut failed = 0;
        let backup = loop {
            let mut backup = match known.take() {
                Some(backup) if backup.is_whole() => backup,
                Some(mut half) => {
                    self.give_up(
                        &mut half,
                        "the ceremony was interrupted before all of them were confirmed",
                        room,
                    )?;
                    continue;
                }
                None => match self.wrapped(key, room)? {
                    Ok(backup) => backup,
                    Err((mut half, who)) => {
                        failed += 1;
                        self.begin_again(&mut half, &who, failed, room)?;
                        continue;
                    }
                },
            };
            let set = self.set(&backup);
            set.bag_the_rest(&backup.shares, room)?;
            match self.restored(key, &mut backup, &set, room)? {
                None => break backup,
                Some(who) => {
                    failed += 1;
                    self.begin_again(&mut backup, &who, failed, room)?;
                }
            }
        };
        self.onto_media(&backup, room)?;
        let refused = self.sealed(key, &backup, room)?;
        let lines = vec![
            Line::new("key", key.name.clone()),
            Line::new("token", key.token.clone()),
            Line::new("told to wrap it once more, the token said", refused),
        ];
        let sentence = "The key is sealed: it can leave its token no more.";
        room.stage.show(&Notice::Done { sentence: sentence.into(), lines });
        Ok(backup)
    }

    /// Takes from the original the permission to leave, or replaces it where its token cannot; what that says when it is told to let
    /// it go all the same.
    fn sealed(&self, key: &Key, backup: &KeyBackup, room: &mut Room<'_, '_>) -> Result<String, StepError> {
        let begun = issuance::is_being_replaced(key, room.stage);
        let before = issuance::sealed_before(key, room.stage);
        let replaces = begun || room.stage.replaces(&key.token)?;
        let refused = if let Some(refused) = before {
            refused
        } else {
            let mechanism = issuance::mechanism_of(&key.name, &key.token, &backup.format, room.stage)?;
            let cleared = if replaces { None } else { issuance::seal(key, mechanism, room.stage)? };
            let Some(refused) = cleared else {
                let refused = replaced(key, backup, &self.set(backup), room)?;
                issuance::prove_replaced(key, &room.setting.ceremony, room.stage)?;
                return Ok(refused);
            };
            refused
        };
        if begun {
            issuance::prove_replaced(key, &room.setting.ceremony, room.stage)?;
        }
        Ok(refused)
    }

    /// Wraps the key under a new key-encryption key and hands out the shares of that. Who failed, with what there is of the
    /// set, if somebody did.
    fn wrapped(
        &self,
        key: &Key,
        room: &mut Room<'_, '_>,
    ) -> Result<Result<KeyBackup, (KeyBackup, Person)>, StepError> {
        let (format, mechanism) =
            issuance::wrapping_between(&key.name, &key.token, &self.restore_to, room.stage)?;
        // Before the key is wrapped: for a set that cannot be dealt it would leave its token in vain.
        all_are_here(&self.holders, || format!("the backup of the key `{}`", self.key), room)?;
        let (kek, dealt) = deal_new(key, &key.token, self.division(), room)?;
        let mut backup = KeyBackup {
            key: key.name.clone(),
            spki_sha256: key.public.spki_sha256(),
            format: format.name().to_owned(),
            blob_sha256: Digest::of(b""),
            copies: (1..=self.copies).map(|number| format!("{}-{number}", self.medium)).collect(),
            set: dealt.set.clone(),
            threshold: self.threshold,
            share_count: self.holders.len(),
            groups: self.groups.clone(),
            check: hex(dealt.check.octets()),
            shares: std::collections::BTreeMap::new(),
            restored: std::collections::BTreeSet::new(),
        };
        let (threshold, shares, groups) = in_file(self.division());
        let write = |wrapped: Vec<u8>| {
            let parts = Parts {
                key: key.name.clone(),
                algorithm: key.algorithm.to_string(),
                format: format.name().to_owned(),
                set: dealt.set.clone(),
                threshold,
                shares,
                groups,
                check: dealt.check,
                spki: key.public.spki_der().to_vec(),
                wrapped,
            };
            Backup::new(parts).map(|file| file.text()).map_err(|error| error.to_string())
        };
        let order = ToWrap { key, format, mechanism, said: said(&backup, &format!("{mechanism:#x}")) };
        forget_lost_files(room)?;
        let file = issuance::wrap(order, &kek, write, room.stage)?;
        // From here on it is in the shares alone.
        drop(kek);
        backup.blob_sha256 = Digest::of(file.as_bytes());
        let lines = vec![
            Line::new("key", key.name.clone()),
            Line::new("format", backup.format.clone()),
            Line::new("set", backup.set.clone()),
            Line::new("SHA-256 of the wrapped key's file", backup.blob_sha256.to_string()),
        ];
        room.stage.show(&Notice::Done {
            sentence: "The key is wrapped. Each holder gets a share now.".into(),
            lines,
        });
        let failed = self.set(&backup).hand_out(&dealt.all, &mut backup.shares, room)?;
        Ok(match failed {
            None => Ok(backup),
            Some(who) => Err((backup, who)),
        })
    }

    /// Puts the key-encryption key together again and brings the key back to every token where it is not yet; it proves
    /// itself there. Who failed, if somebody did.
    fn restored(
        &self,
        key: &Key,
        backup: &mut KeyBackup,
        set: &ShareSet,
        room: &mut Room<'_, '_>,
    ) -> Result<Option<Person>, StepError> {
        let missing: Vec<&String> =
            self.restore_to.iter().filter(|token| !backup.restored.contains(*token)).collect();
        if !missing.is_empty() {
            let tokens: Vec<&str> = missing.iter().map(|token| token.as_str()).collect();
            let (kek, people) = match set.gather(backup, &tokens, room)? {
                Ok(gathered) => gathered,
                // Where a copy of the key is already its holders have to come: there is no way back to another set.
                Err(who) if !backup.restored.is_empty() => {
                    return Err(self.wrong(&format!("`{}` has not given their share", who.id)));
                }
                Err(who) => return Ok(Some(who)),
            };
            let file = room.stage.kept(backup.blob_sha256)?;
            let file = Backup::read(&file).map_err(|error| self.wrong(&error.to_string()))?;
            for token in missing {
                let mechanism = issuance::mechanism_of(&key.name, token, &backup.format, room.stage)?;
                let wrapped = file.wrapped();
                let order = ToRestore { key, token, mechanism, wrapped, people: people.clone() };
                issuance::restore(order, &kek, room.stage)?;
                backup.restored.insert(token.clone());
            }
        }
        for token in &self.restore_to {
            let id = issuance::restored_id(key, token, room.stage)?;
            issuance::prove_restored(key, (token, &id), &room.setting.ceremony, room.stage)?;
            let lines = vec![Line::new("key", key.name.clone()), Line::new("token", token.clone())];
            let sentence = "The key came back from its backup, and proved itself.";
            room.stage.show(&Notice::Done { sentence: sentence.into(), lines });
        }
        Ok(None)
    }

    /// The wrapped key goes onto its numbered media, and each of them into its bag.
    fn onto_media(&self, backup: &KeyBackup, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        if let Some(file) = file_for_media(backup.blob_sha256, (&self.medium, self.copies), room)? {
            let delivery = Delivery {
                medium: self.medium.clone(),
                copies: u64::try_from(self.copies).unwrap_or(u64::MAX),
                person: self.person.clone(),
                read_again: false,
                others: false,
            };
            room.stage.deliver(&delivery, vec![(format!("{}.backup", self.key), file)])?;
        }
        for copy in &backup.copies {
            let sentence = "Put the medium into its bag and seal it. What is the number on the bag?";
            bag(copy, &self.person, sentence, room)?;
        }
        Ok(())
    }

    /// A holder failed: everyone gets a new set, if the ceremony administrator says so.
    fn begin_again(
        &self,
        half: &mut KeyBackup,
        who: &Person,
        failed: usize,
        room: &mut Room<'_, '_>,
    ) -> Result<(), StepError> {
        let why = format!("`{}` has not typed their share", who.id);
        if failed >= MOST_SETS {
            let (secret, person) = (self.set(half).handing.of.to_string(), who.id.clone());
            return Err(StageError::KeyShareNotReadBack { secret, person }.into());
        }
        let lines = vec![Line::new("key", self.key.clone()), Line::new("set", half.set.clone())];
        let sentence =
            format!("{why}. The set counts for nothing then: every holder gets a share of a new one.");
        room.stage.question(self.person.clone(), sentence, lines, Expected::Word("new-set"))?;
        self.give_up(half, &why, room)
    }

    /// What there is of a set goes, with the file that it would have opened.
    fn give_up(&self, half: &mut KeyBackup, why: &str, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        self.set(half).give_back(&mut half.shares, why, room)?;
        Ok(room.stage.forget_kept(half.blob_sha256)?)
    }

    /// The key is live; what is elsewhere of it is known from here on.
    fn end(&self, key: Key, backup: KeyBackup, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        // On its media it is, and nowhere else.
        room.stage.forget_kept(backup.blob_sha256)?;
        let sha256 = key.public.spki_sha256();
        let possessions = &mut room.ledger.possessions;
        for copy in &backup.copies {
            possessions.survives(sha256, format!("wrapped copy on {copy}"));
        }
        for (index, share) in &backup.shares {
            possessions
                .survives(sha256, format!("share {index} of set {}, held by {}", backup.set, share.holder));
        }
        for token in &backup.restored {
            possessions.survives(sha256, format!("the same key on token `{token}`"));
        }
        room.ledger.add_key(key);
        room.ledger.backups.is_proven(&self.key);
        let lines = vec![
            Line::new("key", self.key.clone()),
            Line::new("shares", format!("{}, set {}", backup.division().said(), backup.set)),
            Line::new("wrapped copies", backup.copies.join(", ")),
            Line::new("restored to", self.restore_to.join(", ")),
        ];
        room.ledger.backups.add(backup);
        room.stage.show(&Notice::Done { sentence: "The backup is proven. The key is live.".into(), lines });
        Ok(())
    }

    fn division(&self) -> Division<'_> {
        Division { threshold: self.threshold, count: self.holders.len(), groups: self.groups.as_ref() }
    }

    fn set(&self, backup: &KeyBackup) -> ShareSet {
        ShareSet::of(backup, &self.token, self.holders.clone()).encrypted_for(&self.encrypted)
    }

    fn wrong(&self, why: &str) -> StepError {
        StepError::Backup { what: format!("the key `{}`", self.key), why: why.to_owned() }
    }
}

/// A new key-encryption key, from a token's randomness and the system's, and its shares.
pub fn deal_new(
    key: &Key,
    token: &str,
    division: Division<'_>,
    room: &mut Room<'_, '_>,
) -> Result<(Secret<32>, Sheets), StepError> {
    // Where nobody keeps anything too, so that a rehearsal asks the token for the same.
    let drawn = room.stage.secret::<32>(token)?;
    if !room.stage.is_improvised() {
        let dealt = deal_again(&drawn, key, division, room)?;
        return Ok((drawn, dealt));
    }
    let kek = ThrowAway::of(&key.name, 0, generations(key, room)).kek();
    let dealt = deal_of(&kek, key, division, generations(key, room), room)?;
    Ok((kek, dealt))
}

/// Shares of a key-encryption key that there is, of another set.
pub fn deal_again(
    kek: &Secret<32>,
    key: &Key,
    division: Division<'_>,
    room: &Room<'_, '_>,
) -> Result<Sheets, StepError> {
    // Under the one that there is, which is the last.
    deal_of(kek, key, division, generations(key, room).saturating_sub(1), room)
}

fn deal_of(
    kek: &Secret<32>,
    key: &Key,
    division: Division<'_>,
    generation: usize,
    room: &Room<'_, '_>,
) -> Result<Sheets, StepError> {
    let used = used_sets(room);
    let is_used = |set: &str| used.iter().any(|one| one == set);
    let dealt = if room.stage.is_improvised() {
        let mut random = ThrowAway::of(&key.name, used.len(), generation);
        sheets(kek, division, &mut random, &is_used)
    } else {
        sheets(kek, division, &mut SystemRandom, &is_used)
    };
    let what = format!("the backup of the key `{}`", key.name);
    dealt.map_err(|error: ShareError| StepError::Backup { what, why: error.to_string() })
}

/// How many key-encryption keys a key was wrapped under, by the log.
fn generations(key: &Key, room: &Room<'_, '_>) -> usize {
    let of_key = room.ledger.backups.all().iter().filter(|backup| backup.key == key.name);
    of_key.map(|backup| backup.check.as_str()).collect::<std::collections::BTreeSet<_>>().len()
}

/// What the log of an interrupted ceremony says of the last backup in this step.
pub struct Known;

impl Known {
    /// What it says of this key's.
    pub fn of(name: &str, key: &Key, room: &Room<'_, '_>) -> Option<KeyBackup> {
        let (step, spki_sha256) = (Some(room.stage.step_number()), key.public.spki_sha256());
        let records = room.stage.past().records();
        let ours =
            |record: &&PastRecord| record.step == step && record.digest("spki_sha256") == Some(spki_sha256);
        let said = records.iter().filter(ours).rfind(|record| record.ev == "key.backup")?;
        let number = |key: &str| said.data.get(key)?.as_u64().and_then(|number| usize::try_from(number).ok());
        let copies = said.data.get("copies").and_then(serde_json::Value::as_array);
        let medium = |copy: &serde_json::Value| copy.get("medium")?.as_str().map(str::to_owned);
        let mut backup = KeyBackup {
            key: name.to_owned(),
            spki_sha256,
            format: said.text("format")?.to_owned(),
            blob_sha256: said.digest("blob_sha256")?,
            copies: copies.into_iter().flatten().filter_map(medium).collect(),
            set: said.text("set_id").unwrap_or_default().to_owned(),
            threshold: number("threshold").unwrap_or_default(),
            share_count: number("share_count").unwrap_or_default(),
            groups: match said.data.get("groups") {
                Some(all) => {
                    let all: Vec<HolderGroup> = serde_json::from_value(all.clone()).ok()?;
                    Some(Groups::new(number("group_threshold")?, all).ok()?)
                }
                None => None,
            },
            check: said.text("kcv").unwrap_or_default().to_owned(),
            shares: std::collections::BTreeMap::new(),
            restored: std::collections::BTreeSet::new(),
        };
        for record in records.iter().filter(ours).filter(|record| record.seq > said.seq) {
            learn(&mut backup, record);
        }
        let gone = !backup.shares.is_empty() && backup.shares.values().all(|share| share.returned);
        (!gone).then_some(backup)
    }
}

/// What a later record of the same step says of a backup.
fn learn(backup: &mut KeyBackup, record: &PastRecord) -> Option<()> {
    if record.ev == "key.restored" {
        backup.restored.insert(record.text("token")?.to_owned());
    }
    learn_of_share(&mut backup.shares, &backup.set, record)
}

/// How a set is divided as the file of a wrapped key says it: the threshold and the count, of shares or of groups, and the groups.
pub fn in_file(division: Division<'_>) -> (u8, u8, Vec<NamedGroup>) {
    let small = |number: usize| u8::try_from(number).unwrap_or(u8::MAX);
    let Some(groups) = division.groups else {
        return (small(division.threshold), small(division.count), Vec::new());
    };
    let group = |group: &HolderGroup| NamedGroup {
        name: group.name.clone(),
        threshold: small(group.threshold),
        shares: small(group.share_count),
    };
    let all: Vec<NamedGroup> = groups.all().iter().map(group).collect();
    (small(groups.needed()), small(all.len()), all)
}

/// What the log says of a backup.
pub fn said(backup: &KeyBackup, mechanism: &str) -> BackedUp {
    let count = |number: usize| u64::try_from(number).ok();
    BackedUp {
        spki_sha256: backup.spki_sha256,
        format: backup.format.clone(),
        mechanism: mechanism.to_owned(),
        blob_sha256: backup.blob_sha256,
        copies: backup.copies.iter().map(|medium| BackupCopy { medium: medium.clone() }).collect(),
        set_id: Some(backup.set.clone()),
        threshold: count(backup.threshold),
        share_count: count(backup.share_count),
        group_threshold: backup.groups.as_ref().and_then(|groups| count(groups.needed())),
        groups: backup.groups.as_ref().map_or_else(Vec::new, |groups| groups.all().to_vec()),
        kcv: Some(backup.check.clone()),
    }
}

/// The tokens that a key comes back to: others than its own, and surely other devices.
fn restore_tokens(names: &[Located<Id>], key: Option<&Key>, scope: &mut Scope<'_>) -> Option<Vec<String>> {
    if names.is_empty() {
        scope.wrong("`restore-to` is missing: a backup is proven by a restore to another token");
        return None;
    }
    let mut all = Vec::new();
    for name in names {
        let token = scope.token(name)?;
        let Some(key) = key.filter(|key| !is_stand_in(&token) && !is_stand_in(&key.token)) else { continue };
        if token == key.token || all.contains(&token) {
            let message = format!("a restore to `{token}` proves nothing: the key is there already");
            scope.problems.add(name.place, message);
            return None;
        }
        let demands = |one: &str, other: &str| {
            scope
                .setting
                .tokens
                .get(one)
                .is_some_and(|demand| demand.distinct_from.iter().any(|name| name == other))
        };
        if !demands(&token, &key.token) && !demands(&key.token, &token) {
            let message = format!(
                "tokens `{token}` and `{}` may be the same device; wanted `distinct-from: [{}]` for `{token}`",
                key.token, key.token
            );
            scope.problems.add(name.place, message);
        }
        scope.uses(&token);
        all.push(token);
    }
    Some(all)
}

/// On how many media a wrapped key is.
pub fn copies(said: Option<&Located<usize>>, scope: &mut Scope<'_>) -> Option<usize> {
    match said {
        None => Some(USUAL_COPIES),
        Some(copies) if (1..=MOST_COPIES).contains(&copies.value) => Some(copies.value),
        Some(copies) => {
            let message = format!("`copies` is {}; wanted 1 to {MOST_COPIES}", copies.value);
            scope.problems.add(copies.place, message);
            None
        }
    }
}

/// Who plugs media: the ceremony administrator, unless somebody else is named.
pub fn plugger(asked: Option<&Located<Id>>, key: &Located<Id>, scope: &mut Scope<'_>) -> Option<Person> {
    if let Some(asked) = asked {
        return scope.person(asked);
    }
    let first = scope.setting.people.of_role("ceremony-administrator").next().cloned();
    if first.is_none() && !scope.is_unread(Part::People) {
        let message = "a ceremony administrator is wanted, or `ask`: somebody who plugs the media";
        scope.problems.add(key.place, message);
    }
    first
}

/// How many media there are if nothing is said.
const USUAL_COPIES: usize = 2;
/// More copies than that are a mistake.
const MOST_COPIES: usize = 20;
/// How many sets are dealt in one step before it is given up.
const MOST_SETS: usize = 4;
