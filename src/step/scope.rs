//! What is known at a step's place in the script: the ledger of what will be, and everything that is wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::from_log::Recalled;
use super::gaps::Gaps;
use super::holes::{Draft, SignedWith};
use super::setting::{Input, Setting};
use super::stand_in::is_stand_in;
use crate::clock::Timestamp;
use crate::issuance::{
    Drawn, IssuanceError, Judged, Key, KnownCertificate, Ledger, Order, Series as _, SeriesOrder, Statement,
    Structure, check_member, draft_and_judge,
};
use crate::pki::build::Streamed;
use crate::pki::{KeyAlgorithm, Name, SignatureAlgorithm};
use crate::profile::{Library, Profile};
use crate::script::{Id, Located, MOST_TEXT, NamePart, Part, Place, Problems, Word as _, listed};
use crate::stage::Person;

/// Where a step stands while everything that can be wrong with it is found.
pub struct Scope<'s> {
    /// What the script says once for all steps; profiles are added as steps name them.
    pub setting: Setting,
    /// What will be known when the step is performed.
    pub ledger: Ledger,
    /// Everything that is wrong.
    pub problems: &'s mut Problems,
    library: &'s dyn Library,
    step: (String, Place),
    drafts: Vec<Draft>,
    outputs: BTreeMap<(&'static str, String), String>,
    used: BTreeSet<String>,
    initialized: BTreeSet<String>,
    media: BTreeSet<String>,
    /// Keys that wait for their backup, and where they are named.
    waiting: BTreeMap<String, Place>,
    log: Option<String>,
    continues: bool,
    /// Who cosigns heads.
    pub(super) cosigning: super::witness::Cosigning,
    /// What runs out when, at the earliest.
    deadlines: BTreeMap<String, Timestamp>,
    requests: BTreeMap<String, Key>,
    /// What is not there for another mistake.
    pub gaps: Gaps,
    /// Issuers of whose certificates OCSP responses are made: the first such step, and the certificates of all.
    answered: BTreeMap<String, (Place, BTreeSet<String>)>,
}

/// What an order came to at every time at which rules were tried.
struct Tried<O: Order> {
    /// At the earliest time at which nothing was wrong.
    first: Option<Judged<O::Structure>>,
    /// What it says at the last.
    last: Statement,
    /// What is wrong, by rule.
    objections: BTreeMap<&'static str, String>,
    /// What rules warn of, by rule.
    warnings: BTreeMap<&'static str, String>,
}

/// What the steps of a script leave behind.
pub struct Left {
    /// The setting, with the profiles that steps named.
    pub setting: Setting,
    /// Every to-be-signed structure, in the order of signing.
    pub drafts: Vec<Draft>,
    /// What will be handed over: kind and name.
    pub outputs: Vec<(&'static str, String)>,
    /// The name of the log that is created; nothing if one is continued.
    pub origin: Option<String>,
}

impl<'s> Scope<'s> {
    /// The scope before the first step.
    pub fn new(
        setting: Setting,
        ledger: Ledger,
        library: &'s dyn Library,
        gaps: Gaps,
        problems: &'s mut Problems,
    ) -> Self {
        Self {
            setting,
            ledger,
            problems,
            library,
            step: (String::new(), Place::START),
            drafts: Vec::new(),
            outputs: BTreeMap::new(),
            used: BTreeSet::new(),
            initialized: BTreeSet::new(),
            media: BTreeSet::new(),
            waiting: BTreeMap::new(),
            log: None,
            continues: false,
            cosigning: super::witness::Cosigning::default(),
            deadlines: BTreeMap::new(),
            requests: BTreeMap::new(),
            gaps,
            answered: BTreeMap::new(),
        }
    }

    /// Whether the log that the script continues was not given.
    pub const fn lacks_the_log(&self) -> bool {
        self.gaps.lacks_log
    }

    /// Whether a part of the script could not be read: nothing is to be said of what it would have said.
    pub fn is_unread(&self, part: Part) -> bool {
        self.gaps.has(part)
    }

    /// Goes to a step: where its problems are and what its drafts are called.
    pub fn enter(&mut self, number: &str, place: Place) {
        self.step = (number.to_owned(), place);
        self.gaps.renames = false;
    }

    /// Where the step stands.
    pub const fn step_place(&self) -> Place {
        self.step.1
    }

    /// The number of the step.
    pub fn step_number(&self) -> &str {
        &self.step.0
    }

    /// OCSP responses about these certificates of an issuer will be there.
    pub fn answers_for(&mut self, issuer: &str, certificates: &[String]) {
        let place = self.step.1;
        let (_, answered) =
            self.answered.entry(issuer.to_owned()).or_insert_with(|| (place, BTreeSet::new()));
        answered.extend(certificates.iter().cloned());
    }

    /// Finds new certificates that the OCSP responses of the same ceremony leave out: relying parties would be told that
    /// nobody knows them.
    fn judge_answers(&mut self) {
        let mut left_out = Vec::new();
        for (issuer, (place, answered)) in &self.answered {
            let new = self.ledger.certificates().filter(|known| {
                known.issuer == *issuer && ["subordinate", "cross"].contains(&known.kind.as_str())
            });
            let new: Vec<_> = new
                .filter(|known| self.is_made_here(&known.name) && !answered.contains(&known.name))
                .collect();
            // What is named and not known may be the one that is missing.
            if new.len() <= answered.iter().filter(|name| is_stand_in(name)).count() {
                continue;
            }
            left_out.extend(new.into_iter().map(|known| {
                let message = format!(
                    "`{}` is made here under `{issuer}`, and no OCSP response of this ceremony is about it; wanted it among \
                     `certificates`",
                    known.name
                );
                (*place, message)
            }));
        }
        for (place, message) in left_out {
            self.problems.add(place, message);
        }
    }

    /// Finds witnesses who cosign in the room and have not the head that counts afterwards.
    fn judge_cosigners(&mut self) {
        if self.cosigning.cosigners.is_some() && !self.cosigning.closing {
            self.wrong(
                "the witnesses cosign before the log is closed, and nobody cosigns its closing head; wanted `witness: {}` after `seal`",
            );
        }
    }

    /// What the steps leave.
    pub fn leave(mut self) -> Left {
        self.judge_answers();
        self.judge_cosigners();
        self.judge_waiting();
        Left {
            setting: self.setting,
            drafts: self.drafts,
            outputs: self.outputs.into_keys().collect(),
            origin: self.log,
        }
    }

    /// A token of the script.
    pub fn token(&mut self, name: &Located<Id>) -> Option<String> {
        let token = name.value.as_str();
        if self.setting.tokens.contains_key(token) {
            return Some(token.to_owned());
        }
        let known: Vec<String> = self.setting.tokens.keys().cloned().collect();
        self.unknown(name, "token", "tokens", &known).or_else(|| self.stand_in_token(name))
    }

    /// A person of the script.
    pub fn person(&mut self, name: &Located<Id>) -> Option<Person> {
        if let Some(person) = self.setting.people.find(name.value.as_str()) {
            return Some(person.clone());
        }
        let known: Vec<String> = self.setting.people.all.iter().map(|person| person.id.clone()).collect();
        // Of a role of which nobody could be read.
        let is_role = crate::script::Role::WORDS.iter().any(|(word, _)| *word == name.value.as_str());
        if is_role && self.is_unread(Part::People) {
            return self.stand_in_person(name);
        }
        let near = self.unknown(name, "person", "people", &known);
        let near = near.and_then(|near| self.setting.people.find(&near).cloned());
        near.or_else(|| self.stand_in_person(name))
    }

    /// A key algorithm.
    pub fn algorithm(&mut self, name: &Located<String>) -> Option<KeyAlgorithm> {
        let read = name.value.parse().ok();
        if read.is_none() {
            let known: Vec<&str> = KeyAlgorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
            let message = format!("there is no key algorithm `{}`; there are {}", name.value, listed(&known));
            self.problems.add(name.place, message);
        }
        read.or_else(|| self.stand_in_algorithm())
    }

    /// The name of a key that does not exist yet.
    pub fn new_key(&mut self, name: &Located<Id>) -> Option<String> {
        let key = name.value.as_str();
        if name.value.is_unread() {
            return Some(super::stand_in::name(name));
        }
        if self.ledger.has_key(key) {
            self.problems
                .add(name.place, format!("there is a key `{key}` already; each key has a name of its own"));
            return None;
        }
        Some(key.to_owned())
    }

    /// A step will make this key; from here on it can be used. `issues`: it may sign what people rely on.
    pub fn will_have_key(&mut self, name: &str, token: &str, algorithm: KeyAlgorithm, issues: bool) {
        self.ledger.add_key(Key {
            name: name.to_owned(),
            token: token.to_owned(),
            id: None,
            algorithm,
            public: super::placeholder::public_key(algorithm, name),
            live: issues,
        });
    }

    /// A key that a step makes is not live before a later step has proven its backup. `place`: where it is named.
    pub fn waits_for_backup(&mut self, name: &str, place: Place, method: &str) {
        self.ledger.backups.wait_for(name, method);
        self.waiting.insert(name.to_owned(), place);
    }

    /// A key that waits for its backup, by this method; from here on it is live.
    pub fn key_to_back_up(&mut self, name: &Located<Id>, method: &str) -> Option<Key> {
        let key = name.value.as_str();
        match self.ledger.backups.waits(key).map(str::to_owned) {
            Some(waits) if waits == method => {
                self.ledger.backups.is_proven(key);
                self.waiting.remove(key);
                let mut known = self.ledger.key(key)?.clone();
                known.live = true;
                self.ledger.add_key(known.clone());
                Some(known)
            }
            Some(waits) => {
                let message = format!(
                    "key `{key}` is generated with `backup: {waits}`; wanted `method: {waits}` here, or `backup: {method}` there"
                );
                self.problems.add(name.place, message);
                None
            }
            None if self.ledger.has_key(key) => {
                let message = format!(
                    "key `{key}` does not wait for a backup: it was generated with `backup: none`, or is backed up already"
                );
                self.problems.add(name.place, message);
                None
            }
            None => {
                let known: Vec<String> = self.ledger.backups.waiting().map(str::to_owned).collect();
                let near = self.unknown(name, "key", "keys", &known)?;
                self.ledger.key(&near).cloned()
            }
        }
    }

    /// Finds keys that no step backs up: they would never be live, and could leave their token for ever.
    fn judge_waiting(&mut self) {
        for (key, place) in std::mem::take(&mut self.waiting) {
            let message = format!("key `{key}` waits for its backup, and no `back-up-key` step follows");
            if !self.is_unread(Part::Acts) && !self.gaps.is_spoiled(&key) {
                self.problems.add(place, message);
            }
        }
    }

    /// A key that exists by now and may sign what people rely on.
    pub fn key(&mut self, name: &Located<Id>) -> Option<Key> {
        let known = self.ledger.key(name.value.as_str()).cloned();
        match known {
            Some(key) if key.live => Some(key),
            Some(key) if self.ledger.backups.waits(&key.name).is_some() => {
                if self.gaps.is_spoiled(&key.name) {
                    // The step that backs it up is in error.
                    return Some(key);
                }
                let message = format!(
                    "key `{}` is not live here: its backup is not proven; wanted its `back-up-key` before this step",
                    name.value
                );
                self.problems.add(name.place, message);
                // What else is wrong is said as if it were live.
                Some(key)
            }
            Some(_) => {
                let message = format!(
                    "key `{}` is a key of the log; it signs the log's heads and nothing else",
                    name.value
                );
                self.problems.add(name.place, message);
                self.stand_in_key(name)
            }
            None => {
                match self.recall_key(name) {
                    Recalled::Found(known) => return Some(known),
                    Recalled::Wrong => return self.stand_in_key(name),
                    Recalled::Unknown => {}
                }
                let known = self.ledger.keys().filter(|key| key.live && !is_stand_in(&key.name));
                let known = known.map(|key| key.name.as_str());
                let known: BTreeSet<&str> = known.chain(self.ledger.logged_key_names()).collect();
                let known: Vec<String> = known.into_iter().map(str::to_owned).collect();
                let near = self.unknown(name, "key", "keys", &known);
                let near = near.and_then(|near| self.ledger.key(&near).cloned());
                near.or_else(|| self.stand_in_key(name))
            }
        }
    }

    /// As [`Scope::key`], where nothing can stand in for it: of what the log says of it everything depends.
    pub fn real_key(&mut self, name: &Located<Id>) -> Option<Key> {
        self.key(name).filter(|key| !is_stand_in(&key.name))
    }

    /// The certificate of a CA that exists by now and can issue.
    pub fn issuer(&mut self, name: &Located<Id>) -> Option<KnownCertificate> {
        let known = self.certificate(name)?;
        if ["root", "subordinate"].contains(&known.kind.as_str()) {
            return Some(known);
        }
        let message = format!(
            "certificate `{}` is of the kind `{}`; an issuer is a root or a subordinate CA",
            known.name, known.kind
        );
        self.problems.add(name.place, message);
        self.stand_in_certificate(name)
    }

    /// A certificate that exists by now.
    pub fn certificate(&mut self, name: &Located<Id>) -> Option<KnownCertificate> {
        if let Some(known) = self.ledger.certificate(name.value.as_str()) {
            return Some(known.clone());
        }
        match self.recall_certificate(name) {
            Recalled::Found(known) => return Some(known),
            Recalled::Wrong => return self.stand_in_certificate(name),
            Recalled::Unknown => {}
        }
        let known = self.ledger.certificates().map(|known| known.name.as_str());
        let known = known.filter(|name| !is_stand_in(name));
        let known: BTreeSet<&str> = known.chain(self.ledger.logged_certificate_names()).collect();
        let known: Vec<String> = known.into_iter().map(str::to_owned).collect();
        let near = self.unknown(name, "certificate", "certificates", &known);
        let near = near.and_then(|near| self.ledger.certificate(&near).cloned());
        near.or_else(|| self.stand_in_certificate(name))
    }

    /// The key of a request that a step before this one makes.
    pub fn request(&self, name: &str) -> Option<&Key> {
        self.requests.get(name)
    }

    /// A step will make a request by this key.
    pub fn will_have_request(&mut self, name: &str, key: Key) {
        self.requests.insert(name.to_owned(), key);
    }

    /// An input of the script, if there is one of this name.
    pub fn input(&self, name: &str) -> Option<&Input> {
        self.setting.inputs.get(name)
    }

    /// An input of the script that has to be there.
    pub fn required_input(&mut self, name: &Located<Id>) -> Option<Input> {
        if let Some(input) = self.input(name.value.as_str()) {
            return Some(input.clone());
        }
        let known: Vec<String> = self.setting.inputs.keys().cloned().collect();
        let near = self.unknown(name, "input", "inputs", &known)?;
        self.input(&near).cloned()
    }

    /// A profile of one of these kinds, read when it is first named.
    pub fn profile(&mut self, name: &Located<Id>, kinds: &[&str]) -> Option<Profile> {
        let text = name.value.as_str();
        if name.value.is_unread() {
            return self.stand_in_profile(kinds);
        }
        if !self.setting.profiles.contains_key(text) || self.gaps.no_profiles.contains(text) {
            let Some(profile) = self.load_profile(text, name.place) else {
                let instead = self.stand_in_profile(kinds)?;
                self.gaps.no_profiles.insert(text.to_owned());
                self.setting.profiles.insert(text.to_owned(), instead.clone());
                return Some(instead);
            };
            self.setting.profiles.insert(text.to_owned(), profile);
        }
        let profile = self.setting.profiles.get(text)?;
        let kind = profile.kind().word();
        if kinds.contains(&kind) {
            return Some(profile.clone());
        }
        let message = format!("profile `{text}` is for the kind `{kind}`; this step takes {}", listed(kinds));
        self.problems.add(name.place, message);
        self.stand_in_profile(kinds)
    }

    /// Reads a profile; what is wrong with it stands at its own place, in its own file.
    fn load_profile(&mut self, name: &str, place: Place) -> Option<Profile> {
        let read = match self.library.find(name) {
            Ok(Some((file, octets))) => Profile::read(&file, &octets, self.library),
            Ok(None) => {
                let known = self.library.names().unwrap_or_default();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let near = crate::script::unknown(name, place, "profile", "profiles", &known, self.problems)?;
                return self.load_profile(near, place);
            }
            Err(error) => {
                self.problems.add(place, format!("profile `{name}` cannot be read: {error}"));
                return None;
            }
        };
        match read {
            Ok(profile) => Some(profile),
            Err(problems) => {
                self.problems.extend(problems);
                None
            }
        }
    }

    /// A name by a profile's rules for its strings.
    pub fn name(&mut self, parts: &[NamePart], profile: &Profile) -> Option<Name> {
        let name = profile.names().name(parts, self.problems)?;
        // The intent to sign says it as a text.
        let octets = name.to_string().len();
        if let Some(first) = parts.first().filter(|_| octets > MOST_TEXT) {
            let message = format!(
                "the name has {octets} octets as a text, wanted at most {MOST_TEXT}: it has to fit into the log"
            );
            self.problems.add(first.place, message);
            return None;
        }
        Some(name)
    }

    /// Something is wrong with the step as a whole.
    pub fn wrong(&mut self, message: impl Into<String>) {
        self.problems.add(self.step.1, message);
    }

    /// Whether a certificate of this name is made in this ceremony, by a step before this one.
    pub fn is_made_here(&self, certificate: &str) -> bool {
        CERTIFICATES.iter().any(|kind| self.outputs.contains_key(&(*kind, certificate.to_owned())))
    }

    /// Whether a step before makes anything of a kind.
    pub fn makes(&self, kind: &str) -> bool {
        self.outputs.keys().any(|(made, _)| *made == kind)
    }

    /// The name of something that will be handed over; each once for its kind.
    pub fn new_output(&mut self, kind: &'static str, name: &Located<Id>) -> Option<String> {
        if name.value.is_unread() {
            return Some(super::stand_in::name(name));
        }
        let together = |kind: &'static str| match kind {
            kind if CERTIFICATES.contains(&kind) => "certificate",
            // Each has a list of this name.
            "ocsp-response" | "sealed-crl" => "series",
            other => other,
        };
        let clash = |other: &(&'static str, String)| {
            together(other.0) == together(kind) && other.1 == name.value.as_str()
        };
        if let Some(((other, _), step)) = self.outputs.iter().find(|(other, _)| clash(other)) {
            let one = if CERTIFICATES.contains(other) { "certificate" } else { other };
            let message = format!("step {step} makes a {one} `{}` already", name.value);
            self.problems.add(name.place, message);
            return self.renamed(name);
        }
        if CERTIFICATES.contains(&kind)
            && self.setting.recalled.certificates.contains_key(name.value.as_str())
        {
            let message = format!(
                "a step before this one uses the log's certificate `{}`; wanted another name for a new one",
                name.value
            );
            self.problems.add(name.place, message);
            return self.renamed(name);
        }
        self.outputs.insert((kind, name.value.to_string()), self.step.0.clone());
        Some(name.value.to_string())
    }

    /// The step goes on with another name; nobody knows which one was meant, and what else it names may be that.
    fn renamed(&mut self, name: &Located<Id>) -> Option<String> {
        self.gaps.renames = true;
        self.problems.guess([(); 3]).map(|()| super::stand_in::name(name))
    }

    /// A medium that no earlier step writes.
    pub fn new_medium(&mut self, named: &Located<Id>) -> Option<String> {
        if named.value.is_unread() {
            return Some(super::stand_in::name(named));
        }
        let name = named.value.to_string();
        if self.media.insert(name.clone()) {
            return Some(name);
        }
        let message =
            format!("medium `{name}` is written by an earlier step; `copies` says how many there are");
        self.problems.add(named.place, message);
        None
    }

    /// The log's name; one `create-log` a script.
    pub fn new_log(&mut self, origin: &Located<String>) -> Option<String> {
        let text = &origin.value;
        let good = text.len() <= MOST_ORIGIN
            && text.split('/').all(|part| !part.is_empty())
            && text.bytes().all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'/'));
        if !good {
            let message = format!(
                "found `{text}`, wanted a host and a path in lower case, such as `example.org/ceremony-log`, at most \
                 {MOST_ORIGIN} characters"
            );
            self.problems.add(origin.place, message);
            return None;
        }
        if self.log.is_some() {
            self.problems.add(origin.place, "the log is created twice; a ceremony has one log");
            return None;
        }
        self.log = Some(text.clone());
        self.log.clone()
    }

    /// The step uses a token.
    pub fn uses(&mut self, token: &str) {
        self.used.insert(token.to_owned());
    }

    /// Whether an earlier step uses a token.
    pub fn is_used(&self, token: &str) -> bool {
        self.used.contains(token) || self.initialized.contains(token)
    }

    /// The step initialises a token.
    pub fn initializes(&mut self, token: &str) {
        self.initialized.insert(token.to_owned());
    }

    /// Something will run out: when, if it is signed at a given time; at the earliest it is the window's beginning. What is
    /// called the same takes the place of what was before.
    pub fn will_run_out(&mut self, what: &str, ends: impl FnOnce(Timestamp) -> Option<Timestamp>) {
        if let Some(at) = ends(self.setting.window.from) {
            self.deadlines.insert(what.to_owned(), at);
        }
    }

    /// The ceremony continues a log instead of creating one.
    pub fn continues_log(&mut self) {
        self.continues = true;
    }

    /// When the first CRL or OCSP response of this ceremony runs out, at the earliest that it may be signed.
    pub fn first_next_update(&self) -> Option<Timestamp> {
        self.deadlines.values().min().copied()
    }

    /// Drafts an order for every time at which rules have to be tried, has every rule judge each draft, and
    /// keeps the first one for the plan. The whole structure with placeholders, as if it had been signed; nothing of a
    /// CRL with entries, which nobody reads while planning.
    pub fn plan_order<O: Order>(&mut self, order: &O) -> Option<Vec<u8>> {
        let place = order.place();
        let Tried { first, last, objections, warnings } = self.try_at_every_time(order);
        let own = SignatureAlgorithm::for_key(&order.key().public);
        // One that the key cannot sign with was objected to.
        let algorithm = order.algorithm().unwrap_or(own);
        let as_if_signed = |octets: &Streamed| {
            let whole = O::Structure::assemble(octets, algorithm, &[0; 1], &order.along());
            whole.in_memory().map(<[u8]>::to_vec).unwrap_or_default()
        };
        for objection in objections.values() {
            self.problems.add(self.step.1, objection);
        }
        let Some(checked) = first.filter(|_| objections.is_empty()) else {
            // There will be no plan. What comes after is judged as if this were there, so that it is all found at once.
            let drawn =
                Drawn { at: self.setting.window.from, serial: super::placeholder::serial(&place.name) };
            return order.draft(&drawn).ok().map(|octets| as_if_signed(&octets));
        };
        let places = O::Structure::places(checked.octets());
        let holes = order.holes();
        let octets = match super::holes::cut(checked.octets(), &places, &holes) {
            Ok(octets) => octets,
            Err(error) => {
                self.wrong(format!("{}: what is revoked cannot be read: {error}", place.name));
                return None;
            }
        };
        self.drafts.push(Draft {
            step: self.step.0.clone(),
            kind: place.kind.to_owned(),
            name: place.name,
            signed_by: order.key().name.clone(),
            signed_with: (algorithm != own)
                .then(|| SignedWith { token: order.key().token.clone(), algorithm }),
            warnings: warnings.into_values().collect(),
            fields: super::holes::named(checked.statement(), &last, &holes),
            octets,
        });
        Some(as_if_signed(checked.octets()))
    }

    /// Has every rule judge an order at every time at which rules have to be tried. What a rule says at one time of signing,
    /// it says at others in the same words or nearly so: once is enough.
    fn try_at_every_time<O: Order>(&self, order: &O) -> Tried<O> {
        let (name, policy) = (order.place().name, self.setting.policy);
        let mut tried = Tried {
            first: None,
            last: Statement::new(),
            objections: BTreeMap::new(),
            warnings: BTreeMap::new(),
        };
        for at in self.setting.window.probes() {
            let drawn = Drawn { at, serial: super::placeholder::serial(&name) };
            // Most entries of a long CRL are judged once, at the earliest time.
            let lighter = if tried.first.is_some() { order.for_later_times() } else { None };
            match draft_and_judge(lighter.as_ref().unwrap_or(order), &drawn, policy, &self.ledger) {
                Ok(checked) => {
                    for one in checked.warnings() {
                        let message = || self.without_placeholders(one.to_string(), &name);
                        tried.warnings.entry(one.rule).or_insert_with(message);
                    }
                    tried.last = checked.statement().clone();
                    tried.first.get_or_insert(checked);
                }
                Err(IssuanceError::Objections { objections: all, .. }) => {
                    for one in all.iter().filter(|one| one.is_error()) {
                        let message = || self.without_placeholders(format!("{name}: {one}"), &name);
                        tried.objections.entry(one.rule).or_insert_with(message);
                    }
                }
                Err(error) => {
                    tried.objections.entry("").or_insert_with(|| with_causes(&error));
                }
            }
        }
        tried
    }

    /// Has every rule judge the members of a series that `which` names, at the first and the last time at which it may be
    /// signed, and keeps none of them.
    pub fn judge_series<O: SeriesOrder>(&mut self, order: &O, which: impl Fn(usize) -> bool) -> Option<()> {
        let (policy, window) = (self.setting.policy, &self.setting.window);
        let mut objections = BTreeMap::new();
        for at in [window.from, window.to] {
            let drawn = Drawn { at, serial: super::placeholder::serial(order.name()) };
            let judged = order.ready(&drawn).map(|series| {
                let context = series.context(policy, &self.ledger);
                for index in (0..series.count()).filter(|index| which(*index)) {
                    match check_member(&series, index, &context) {
                        Ok(_) => {}
                        Err(IssuanceError::Objections { name, objections: all, .. }) => {
                            for one in all.iter().filter(|one| one.is_error()) {
                                objections.entry(one.rule).or_insert_with(|| format!("{name}: {one}"));
                            }
                        }
                        Err(error) => {
                            objections.entry("").or_insert_with(|| with_causes(&error));
                        }
                    }
                }
            });
            if let Err(error) = judged {
                objections.entry("").or_insert_with(|| with_causes(&error));
            }
        }
        for objection in objections.values() {
            self.problems.add(self.step.1, objection);
        }
        objections.is_empty().then_some(())
    }

    /// The same with names where a serial number stands that is not drawn yet.
    fn without_placeholders(&self, message: String, own: &str) -> String {
        let names = self.ledger.certificates().map(|known| known.name.as_str()).chain([own]);
        names.fold(message, |message, name| {
            let serial = crate::digest::hex(super::placeholder::serial(name).der_content());
            if message.contains(&serial) { message.replace(&serial, &format!("`{name}`")) } else { message }
        })
    }

    /// Says that a name is none of those known here, and which of them may have been meant: what is wrong beside it is said as
    /// if that stood there. One letter of a short name is too much of it for that.
    ///
    /// Nothing is said of a name that something wrong would have made: that is said already.
    fn unknown(&mut self, name: &Located<Id>, one: &str, many: &str, known: &[String]) -> Option<String> {
        let part = match one {
            "token" => Part::Tokens,
            "person" => Part::Ids,
            "input" => Part::Inputs,
            _ => Part::Acts,
        };
        if self.gaps.explains(&name.value, part) {
            return None;
        }
        if known.is_empty() {
            if crate::script::is_misspelled(name.value.as_str(), None, self.problems) {
                return None;
            }
            let before = if part == Part::Acts { "is made before this step" } else { "is in the script" };
            self.problems.add(name.place, format!("there is no {one} `{}`; no {one} {before}", name.value));
            return None;
        }
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let near = crate::script::unknown(name.value.as_str(), name.place, one, many, &known, self.problems)?;
        (near.len() >= SURELY_MEANT).then(|| near.to_owned())
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", with_causes(cause)),
        None => error.to_string(),
    }
}

/// The kinds whose renderings lie in one folder.
const CERTIFICATES: [&str; 4] = ["root", "subordinate", "cross", "ocsp-responder"];
const MOST_ORIGIN: usize = 128;
/// From how many letters on a name that is nearly right is surely the one that was meant.
const SURELY_MEANT: usize = 6;
