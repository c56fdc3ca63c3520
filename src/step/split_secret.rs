//! `split-secret`: a PIN, or another secret that somebody knows, goes to holders in shares. BR §5.2.2, §6.2.2.
//!
//! The rules of this file:
//! - A PIN of a token of the script is divided only once the token took it in this step.
//! - Holders get their shares as those of a key's backup: seen alone, typed back, bagged, with a salted commitment in the log.
//! - The secret is in memory until every holder has confirmed, and nowhere else: after an interruption before that the set
//!   counts for nothing, its sheets are given back, and the secret is typed anew.
//! - A holder who fails gets a new set, with everybody else.

use serde::{Deserialize, Serialize};

use super::encrypted_share::{encrypted, new_media, own_medium};
use super::holding::{GroupSpec, Holding, each_share, said_of};
use super::key_shares::{Sheet, ThrowAway, secret_sheets};
use super::share_set::{ShareSet, learn_of_share, recall_bags, used_sets};
use super::{DividedSecret, Room, Scope, Step, StepError, spec};
use crate::issuance::Shares;
use crate::script::{Id, Located, Named, Part, Word};
use crate::secret::SecretOctets;
use crate::share::SystemRandom;
use crate::stage::{
    Division, Event, Expected, Groups, Line, Notice, Person, PinKind, ShareError, StageError,
};

spec!(
    /// `split-secret: {secret: root-so-pin, token: root, pin: security-officer, threshold: 2, holders: [h1, h2, h3]}`
    Spec {
        /// Its name.
        secret: Located<Id> = required "secret",
        /// The token that it is a PIN of, if it is one of the script's.
        token: Option<Located<Id>> = optional "token",
        /// Which PIN of that.
        pin: Option<PinOf> = optional "pin",
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
        /// Who types it, each a part of it, if it is no PIN of a token of the script.
        ask: Vec<Located<Id>> = optional_list "ask",
    }
);

/// Which PIN of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinOf {
    /// The user's.
    User,
    /// The security officer's.
    SecurityOfficer,
}

impl Word for PinOf {
    const WORDS: &'static [(&'static str, Self)] =
        &[("user", Self::User), ("security-officer", Self::SecurityOfficer)];
}

impl PinOf {
    const fn kind(self) -> PinKind {
        match self {
            Self::User => PinKind::User,
            Self::SecurityOfficer => PinKind::SecurityOfficer,
        }
    }
}

/// Where a secret comes from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum From {
    /// Who knows a PIN of a token types it, and the token takes it.
    Token {
        /// Which token.
        token: String,
        /// Which PIN.
        pin: PinOf,
    },
    /// These people type it, each a part of it, and nothing proves it.
    People(Vec<Person>),
}

/// A secret is divided.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SplitSecret {
    secret: String,
    from: From,
    threshold: usize,
    holders: Vec<Person>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    groups: Option<Groups>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    encrypted: Vec<String>,
    /// Who says whether everybody gets a new set.
    person: Person,
}

impl Step for SplitSecret {
    const NAME: &'static str = "split-secret";
    const ABOUT: &'static str = "a PIN or another secret goes to its holders in shares";
    const WHY: &'static str =
        "What one person knows is lost with that person, or used by that person alone. BR 5.2.2, 6.2.2.";
    const MINUTES: u32 = 15;
    const RECALLED: bool = true;
    type Spec = Spec;

    fn resolve(spec: Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let from = From::resolve(&spec, scope);
        let holding = Holding::resolve(&said_of!(spec), scope);
        let holders = holding.as_ref().map_or(&[][..], |holding| &holding.holders);
        let encrypted = encrypted(&spec.encrypted, holders, scope);
        new_media(&spec.secret, &encrypted, scope);
        let secret = spec.secret.value.to_string();
        // One that this script divides has no set yet.
        if scope.ledger.backups.secrets().iter().any(|known| known.name == secret && known.set.is_empty()) {
            let message =
                format!("the secret `{secret}` is divided by an earlier step; each has a name of its own");
            scope.problems.add(spec.secret.place, message);
            return None;
        }
        let Holding { holders, threshold, groups } = holding?;
        scope.ledger.backups.add_secret(DividedSecret {
            name: secret.clone(),
            set: String::new(),
            threshold,
            share_count: holders.len(),
            groups: groups.clone(),
            shares: Shares::new(),
        });
        let administrator = scope.setting.people.of_role("ceremony-administrator").next().cloned();
        let person = administrator.or_else(|| scope.setting.people.all.first().cloned())?;
        Some(Self { secret, from: from?, threshold, holders, groups, encrypted, person })
    }

    fn deals(&self) -> Vec<(String, &str)> {
        each_share(&self.secret, self.groups.as_ref(), &self.holders)
    }

    fn preview(&self) -> String {
        let what = match &self.from {
            From::Token { token, pin } => {
                format!("the {}, once the token has taken it", pin.kind().of(token))
            }
            From::People(people) => {
                let people: Vec<&str> = people.iter().map(|person| person.id.as_str()).collect();
                format!("typed by {}", people.join(", "))
            }
        };
        let encrypted = if self.encrypted.is_empty() {
            String::new()
        } else {
            format!(" Encrypted for the holder's own key: {}.", self.encrypted.join(", "))
        };
        format!(
            "Divide the secret `{}`, {what}: {}.{encrypted}",
            self.secret,
            self.division().in_words(&self.holders)
        )
    }

    fn encrypts(&self) -> Vec<(&str, String)> {
        let medium = |holder: &String| own_medium(&self.secret, holder);
        self.encrypted.iter().map(|holder| (holder.as_str(), medium(holder))).collect()
    }

    fn splits(&self) -> Option<(&str, PinKind)> {
        match &self.from {
            From::Token { token, pin } => Some((token, pin.kind())),
            From::People(_) => None,
        }
    }

    fn perform(&self, room: &mut Room<'_, '_>) -> Result<(), StepError> {
        recall_bags(room);
        let mut known = self.known(room);
        if !room.stage.is_recalling() {
            known = Some(self.go_through(known, room)?);
        }
        let done = known.ok_or_else(|| self.wrong("its records are not in the log".to_owned()))?;
        let lines = vec![
            Line::new("secret", self.secret.clone()),
            Line::new("shares", format!("{}, set {}", done.division().said(), done.set)),
        ];
        room.ledger.backups.add_secret(done);
        let sentence = "The secret is in shares. Every holder has confirmed.";
        room.stage.show(&Notice::Done { sentence: sentence.into(), lines });
        Ok(())
    }
}

impl From {
    fn resolve(spec: &Spec, scope: &mut Scope<'_>) -> Option<Self> {
        let Some(named) = &spec.token else {
            if spec.pin.is_some() {
                scope.wrong("`pin` goes with `token`: which PIN of that");
            }
            if spec.ask.is_empty() {
                scope.wrong("`token` or `ask` is missing: the token that it is a PIN of, or who types it");
                return None;
            }
            let people: Vec<Option<Person>> = spec.ask.iter().map(|name| scope.person(name)).collect();
            return people.into_iter().collect::<Option<Vec<_>>>().map(Self::People);
        };
        if !spec.ask.is_empty() {
            scope.wrong("`ask` goes without `token`: a token's PIN is typed by who types it at a login");
        }
        let Some(pin) = spec.pin else {
            scope.wrong("`pin` is missing: `user` or `security-officer`");
            return None;
        };
        let token = scope.token(named)?;
        let dealt = scope.setting.tokens.get(&token).and_then(|demand| demand.pin.as_deref());
        if pin == PinOf::User && dealt == Some("shares") {
            scope.problems.add(named.place, format!("the PIN of token `{token}` is in shares already"));
            return None;
        }
        if scope.setting.people.of_role("crypto-officer").next().is_none() && !scope.is_unread(Part::People) {
            let message = format!("nobody types the PIN of token `{token}`: wanted a crypto officer");
            scope.problems.add(named.place, message);
            return None;
        }
        scope.uses(&token);
        Some(Self::Token { token, pin })
    }

    const fn token(&self) -> Option<&String> {
        match self {
            Self::Token { token, .. } => Some(token),
            Self::People(_) => None,
        }
    }
}

impl SplitSecret {
    /// From where the log says that it is to a set that every holder has confirmed.
    fn go_through(
        &self,
        known: Option<DividedSecret>,
        room: &mut Room<'_, '_>,
    ) -> Result<DividedSecret, StepError> {
        if let Some(mut half) = known {
            let set = self.set(&half);
            if half.is_whole() {
                set.bag_the_rest(&half.shares, room)?;
                return Ok(half);
            }
            let why = "the ceremony was interrupted before all of them were confirmed";
            set.give_back(&mut half.shares, why, room)?;
        }
        // Before anybody types a secret for nothing.
        self.set(&self.divided(String::new())).all_are_here(room)?;
        let secret = self.typed(room)?;
        for _ in 0..MOST_SETS {
            let (set, sheets) = self.dealt(&secret, room)?;
            let mut divided = self.divided(set);
            room.stage.record(self.announced(&divided))?;
            // A power failure from here on leaves sheets of a secret that was in memory alone.
            let set = self.set(&divided);
            let Some(who) = set.hand_out(&sheets, &mut divided.shares, room)? else { return Ok(divided) };
            let why = format!("`{}` has not typed their share", who.id);
            let lines = vec![Line::new("secret", self.secret.clone()), Line::new("set", divided.set.clone())];
            let sentence =
                format!("{why}. The set counts for nothing then: every holder gets a share of a new one.");
            room.stage.question(self.person.clone(), sentence, lines, Expected::Word("new-set"))?;
            set.give_back(&mut divided.shares, &why, room)?;
        }
        let (secret, person) = (format!("the secret `{}`", self.secret), "a holder".to_owned());
        Err(StageError::KeyShareNotReadBack { secret, person }.into())
    }

    /// The secret, as somebody who knows it typed it.
    fn typed(&self, room: &mut Room<'_, '_>) -> Result<SecretOctets, StepError> {
        let typed = match &self.from {
            From::Token { token, pin: PinOf::User } => room.stage.proven_pin(token)?,
            From::Token { token, pin: PinOf::SecurityOfficer } => room.stage.proven_officer_pin(token)?,
            From::People(people) => room.stage.typed_secret(&self.secret, people)?,
        };
        typed.expose(SecretOctets::read).ok_or_else(|| self.wrong("it is too long to be divided".to_owned()))
    }

    /// Shares of a new set.
    fn dealt(&self, secret: &SecretOctets, room: &Room<'_, '_>) -> Result<(String, Vec<Sheet>), StepError> {
        let used = used_sets(room);
        let is_used = |set: &str| used.iter().any(|one| one == set);
        let division = self.division();
        let dealt = if room.stage.is_improvised() {
            let mut random = ThrowAway::of_secret(&self.secret, used.len());
            secret_sheets(&ThrowAway::secret(), division, &mut random, &is_used)
        } else {
            secret_sheets(secret, division, &mut SystemRandom, &is_used)
        };
        dealt.map_err(|error: ShareError| self.wrong(error.to_string()))
    }

    /// What the log of an interrupted ceremony says of the last set in this step.
    fn known(&self, room: &Room<'_, '_>) -> Option<DividedSecret> {
        let step = Some(room.stage.step_number());
        let records = || room.stage.past().records().iter().filter(|record| record.step == step);
        let said = records().rfind(|record| record.ev == "secret.split")?;
        let mut divided = self.divided(said.text("set_id")?.to_owned());
        for record in records().filter(|record| record.seq > said.seq) {
            if record.text("secret") == Some(&divided.name) {
                learn_of_share(&mut divided.shares, &divided.set, record);
            }
        }
        let gone = !divided.shares.is_empty() && divided.shares.values().all(|share| share.returned);
        (!gone).then_some(divided)
    }

    fn divided(&self, set: String) -> DividedSecret {
        DividedSecret {
            name: self.secret.clone(),
            set,
            threshold: self.threshold,
            share_count: self.holders.len(),
            groups: self.groups.clone(),
            shares: Shares::new(),
        }
    }

    fn announced(&self, divided: &DividedSecret) -> Event {
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let pin = match &self.from {
            From::Token { pin, .. } => Some(pin.word().to_owned()),
            From::People(_) => None,
        };
        Event::SecretSplit {
            secret: self.secret.clone(),
            token: self.from.token().cloned(),
            pin,
            set_id: divided.set.clone(),
            threshold: count(divided.threshold),
            share_count: count(divided.share_count),
            group_threshold: divided.groups.as_ref().map(|groups| count(groups.needed())),
            groups: divided.groups.as_ref().map_or_else(Vec::new, |groups| groups.all().to_vec()),
        }
    }

    fn division(&self) -> Division<'_> {
        Division { threshold: self.threshold, count: self.holders.len(), groups: self.groups.as_ref() }
    }

    fn set(&self, divided: &DividedSecret) -> ShareSet {
        let token = self.from.token().map_or("", String::as_str);
        ShareSet::of_secret(divided, token, self.holders.clone()).encrypted_for(&self.encrypted)
    }

    fn wrong(&self, why: String) -> StepError {
        StepError::Backup { what: format!("the secret `{}`", self.secret), why }
    }
}

/// How many sets are dealt in one step before it is given up.
const MOST_SETS: usize = 4;
