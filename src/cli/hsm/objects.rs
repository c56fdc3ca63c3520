//! `hsm doctor --objects`: what a token does with objects of its own. Made on an empty token only, and removed again.
//!
//! The rules of this file:
//! - The token is named by its serial number, holds nothing, and somebody typed a word.
//! - What is made has its label and id on the terminal before it is made: after a power failure it can be found and removed.
//! - What a ceremony does is tried by the calls of a ceremony: one template, one call, read back, signed, destroyed.
//! - Whatever happens, what was made is destroyed at the end; what cannot be is said by its id.

use std::io::Write;

use super::report::finding;
use super::which::{Chosen, log_in};
use crate::conduct::token_quirks;
use crate::failure::{Failure, Turn};
use crate::hsm::{
    DataObject, Finding, Found, HashedBy, Inventory, KeyDescription, KeyId, KeyRequest, ObjectClass, Quirks,
    Says, Session, TEMPLATE_LADDER, ToSign, Token as _, TokenError,
};
use crate::pki::{KeyAlgorithm, SignatureAlgorithm, verify_signature};
use crate::stage::LoginKind;

/// What is typed before objects of the token are made.
pub const OBJECTS: &str = "objects";

/// Refuses a token that is not named by its serial number.
///
/// # Errors
///
/// [`Turn::Author`]
pub fn is_named(chosen: &Chosen) -> Result<(), Failure> {
    if chosen.token()?.serial.is_some() {
        return Ok(());
    }
    Err(Failure::new(Turn::Author, "`--objects` wants one token by its serial number: `--serial`"))
}

/// Refuses a token that holds anything but objects that say what it can.
///
/// # Errors
///
/// [`Turn::Operators`]
pub fn is_empty(inventory: &Inventory) -> Result<(), Failure> {
    let held = inventory.entries.iter().filter(|entry| entry.class != Some(CKO_MECHANISM)).count();
    if held == 0 && inventory.unreadable == 0 {
        return Ok(());
    }
    let count = held + inventory.unreadable;
    let message = format!("`--objects` is for an empty token only; this one holds {count} objects");
    Err(Failure::new(Turn::Operators, message).hint("nothing was made; make a new token for it"))
}

/// Tries everything; the session may be one of another process afterwards. `found`: what was found with objects of a session.
pub fn find_out(
    chosen: &Chosen,
    key: &LoginKind,
    session: &mut Session,
    found: &[&Finding],
    to: &mut dyn Write,
) -> Result<Vec<Finding>, Failure> {
    let known = with_findings(token_quirks(chosen.token()?), found);
    let mut trial = Trial { session, known, made: Vec::new(), calls: 0, findings: Vec::new(), to };
    let kinds = kinds(found);
    let mut looked_at = false;
    for (algorithm, was_unknown) in kinds {
        if looked_at && !was_unknown {
            continue;
        }
        let made = trial.make(algorithm, false);
        if let Some(made) = made.filter(|_| !looked_at) {
            looked_at = true;
            trial.stays_as_it_is(&made);
            if let Some(backed_up) = trial.make(algorithm, true) {
                trial.seals(&backed_up);
            }
            trial.keeps_data();
            trial.survives(&made, key);
        }
    }
    trial.clean_up(key);
    Ok(trial.findings)
}

/// A trial under way.
struct Trial<'t> {
    session: &'t mut Session,
    known: Quirks,
    /// What is on the token now.
    made: Vec<KeyId>,
    /// How many calls there were that make a key.
    calls: usize,
    findings: Vec<Finding>,
    to: &'t mut dyn Write,
}

impl Trial<'_> {
    fn say(&mut self, subject: &str, found: Found, detail: impl Into<String>) {
        self.findings.push(finding(subject, found, detail));
    }

    /// Makes a key of the token, with as little left out of its template as it lets us, and has it sign.
    fn make(&mut self, algorithm: KeyAlgorithm, extractable: bool) -> Option<KeyDescription> {
        let subject = if extractable {
            format!("make a key that may leave, {algorithm}, of the token")
        } else {
            format!("make {algorithm} of the token")
        };
        let base = self.known.clone();
        for (omit_private, omit_public) in TEMPLATE_LADDER {
            for (names, more) in
                [(&mut self.known.omit_private, omit_private), (&mut self.known.omit_public, omit_public)]
            {
                for name in more {
                    if !names.contains(name) {
                        names.push(*name);
                    }
                }
            }
            let id = random_id(self.known.id_octets)?;
            self.calls += 1;
            let label = format!("{LABEL}-{}", self.calls);
            // Whoever does not see it can look at the token.
            let _ = writeln!(self.to, "Making the {algorithm} key `{label}`, id {id}, on the token.");
            let request = KeyRequest { label, id: id.clone(), algorithm, extractable };
            self.made.push(id.clone());
            let made = match self.session.adopt(self.known.clone()) {
                Ok(()) => self.session.generate_key_pair(&request),
                Err(error) => Err(error),
            };
            match made {
                Ok(made) => {
                    self.take(&subject, &base, &made);
                    return Some(made);
                }
                Err(error) if error.is_about_a_template() => self.forget(&id),
                Err(error) => {
                    let found = match error {
                        TokenError::Code { .. } => Found::Lacking,
                        _ => Found::Wrong,
                    };
                    self.say(&subject, found, error.to_string());
                    self.forget(&id);
                    self.known = base;
                    return None;
                }
            }
        }
        self.known = base;
        self.say(&subject, Found::Lacking, "it takes no template, however little is in it");
        None
    }

    /// Says that a key was made, what was left out, and whether it signs.
    fn take(&mut self, subject: &str, base: &Quirks, made: &KeyDescription) {
        let new = |now: &[crate::hsm::AttributeName], before: &[crate::hsm::AttributeName]| {
            now.iter().copied().filter(|name| !before.contains(name)).collect::<Vec<_>>()
        };
        let private = new(&self.known.omit_private, &base.omit_private);
        let public = new(&self.known.omit_public, &base.omit_public);
        let mut detail = vec![format!("as asked, id {}", made.id)];
        for (names, whose) in [(&private, "private"), (&public, "public")] {
            if !names.is_empty() {
                let names: Vec<&str> = names.iter().map(|name| name.name()).collect();
                detail.push(format!("not accepted of the {whose} key: {}", names.join(", ")));
            }
        }
        let says = private.into_iter().map(Says::OmitPrivate).chain(public.into_iter().map(Says::OmitPublic));
        let says = says.collect();
        self.findings.push(Finding { says, ..finding(subject, Found::Good, detail.join("; ")) });
        let (found, detail) = match signs(self.session, made) {
            Ok(()) => (Found::Good, "verifies in software".to_owned()),
            Err(why) => (Found::Wrong, why),
        };
        self.say(&format!("sign {} of the token", made.algorithm), found, detail);
    }

    /// Whether a key can be made less than it is.
    fn stays_as_it_is(&mut self, made: &KeyDescription) {
        match self.session.probe_changes(&made.id) {
            Ok(findings) => self.findings.extend(findings),
            Err(error) => self.say("change a key", Found::Unknown, error.to_string()),
        }
    }

    /// Whether the permission to leave can be taken from a key, for good.
    fn seals(&mut self, made: &KeyDescription) {
        let subject = "seal a key that may leave";
        if let Err(error) = self.session.seal_key(&made.id) {
            let none = finding(subject, Found::Lacking, error.to_string());
            let says = if error.seals_nothing() { vec![Says::Seals { replaced: true }] } else { Vec::new() };
            self.findings.push(Finding { says, ..none });
            return;
        }
        let again = self.session.probe_changes(&made.id);
        let back = again.map(|findings| {
            findings.iter().any(|one| one.found == Found::Wrong && one.subject.contains("CKA_EXTRACTABLE"))
        });
        match back {
            Ok(false) => self.say(subject, Found::Good, "it reads sealed, and nobody can take that back"),
            Ok(true) => self.say(subject, Found::Wrong, "it can be changed back: a backup would never end"),
            Err(error) => self.say(subject, Found::Unknown, error.to_string()),
        }
    }

    /// Whether it keeps a data object, as the log's head is one, and one in the place of another.
    fn keeps_data(&mut self) {
        let subject = "data object of the token";
        let data =
            |value: &[u8]| DataObject { label: LABEL.into(), application: LABEL.into(), value: value.into() };
        let _ = writeln!(self.to, "Making the data object `{LABEL}` on the token.");
        let kept = self.session.store_data(&data(&[1; 512])).and_then(|()| {
            self.session.store_data(&data(&[2; 600]))?;
            self.session.data(LABEL)
        });
        match kept {
            Ok(kept) if kept == [data(&[2; 600])] => {
                self.say(subject, Found::Good, "it keeps one, and the next in its place");
            }
            Ok(kept) => {
                let detail = format!("{} of them are there, wanted the last one alone", kept.len());
                self.say(subject, Found::Wrong, detail);
            }
            Err(error) => {
                let none = finding(subject, Found::Lacking, error.to_string());
                self.findings.push(Finding { says: vec![Says::NoDataObjects], ..none });
            }
        }
        if let Err(error) = self.session.forget_data(LABEL) {
            self.say("data object of the token", Found::Wrong, format!("it could not be removed: {error}"));
        }
    }

    /// Whether a private object is hidden while nobody is logged in, and there again for another login, in another process.
    fn survives(&mut self, made: &KeyDescription, key: &LoginKind) {
        let (hidden, again) = ("private objects without a login", "private objects after a new login");
        if !matches!(key, LoginKind::Given(_) | LoginKind::ProtectedPath) {
            self.say(again, Found::Unknown, "not tried: nobody logs in to it here");
            return;
        }
        match self.session.log_out().and_then(|()| self.session.inventory()) {
            Ok(seen) if seen.entries.iter().any(is_private_key) => {
                self.say(hidden, Found::Lacking, "anybody sees that they are there");
            }
            Ok(_) => self.say(hidden, Found::Good, "nobody sees them"),
            Err(error) => self.say(hidden, Found::Unknown, error.to_string()),
        }
        if matches!(key, LoginKind::ProtectedPath) {
            let _ = writeln!(self.to, "Log in once more, on the token's own PIN pad.");
        }
        let back =
            log_in(self.session, key).map_err(|failure| failure.messages().join("; ")).and_then(|()| {
                let found = self.session.key(&made.id).map_err(|error| error.to_string())?;
                if found.public_key != made.public_key {
                    return Err("the key of its id is another one".to_owned());
                }
                signs(self.session, &found)
            });
        match back {
            Ok(()) => self.say(again, Found::Good, "the key is there, in a new process, and signs"),
            Err(why) => self.say(again, Found::Wrong, why),
        }
    }

    /// Removes what a call may have left that failed.
    fn forget(&mut self, id: &KeyId) {
        match self.session.destroy_objects(id) {
            Ok(_) | Err(TokenError::NoSuchKey { .. }) => self.made.retain(|made| made != id),
            // It is tried once more at the end, and said then.
            Err(_) => {}
        }
    }

    /// Removes everything that was made. A module may hold on to a key that it failed with, until its process ends: what cannot
    /// be destroyed is tried once more, in another.
    fn clean_up(&mut self, key: &LoginKind) {
        let subject = "destroy what was made";
        let (mut gone, mut left) = self.destroy_all();
        if !left.is_empty() && matches!(key, LoginKind::Given(_)) {
            let _ = self.session.log_out();
            let _ = log_in(self.session, key);
            let (more, still) = self.destroy_all();
            (gone, left) = (gone + more, still);
        }
        for (id, error) in left {
            self.say(subject, Found::Wrong, format!("id {id} may still be there: {error}"));
        }
        if gone > 0 {
            self.say(subject, Found::Good, format!("{gone} objects are gone; a fresh process looks below"));
        }
    }
}

impl Trial<'_> {
    /// How many objects went, and which keys did not.
    fn destroy_all(&mut self) -> (usize, Vec<(KeyId, TokenError)>) {
        let (mut gone, mut left) = (0, Vec::new());
        for id in self.made.clone() {
            match self.session.destroy_objects(&id) {
                Ok(count) => gone += count,
                Err(TokenError::NoSuchKey { .. }) => {}
                Err(error) => left.push((id, error)),
            }
        }
        self.made.retain(|id| left.iter().any(|(kept, _)| kept == id));
        (gone, left)
    }
}

/// The kinds of keys to try, and whether a key of a session told nothing of them.
fn kinds(found: &[&Finding]) -> Vec<(KeyAlgorithm, bool)> {
    let said = |algorithm: KeyAlgorithm| {
        found.iter().find(|one| one.subject == format!("make {algorithm}")).map(|one| one.found)
    };
    let tried = |algorithm: KeyAlgorithm| match said(algorithm)? {
        Found::Good => Some((algorithm, false)),
        Found::Unknown => Some((algorithm, true)),
        Found::Lacking | Found::Wrong => None,
    };
    let mut kinds: Vec<_> = KeyAlgorithm::ALL.into_iter().filter_map(tried).collect();
    // From cheap to dear.
    kinds.sort_by_key(|(algorithm, _)| algorithm.rsa_bits());
    kinds
}

/// What is known of the token, with what was found.
fn with_findings(mut known: Quirks, found: &[&Finding]) -> Quirks {
    for says in found.iter().flat_map(|one| &one.says) {
        match says {
            Says::OmitPrivate(name) if !known.omit_private.contains(name) => known.omit_private.push(*name),
            Says::OmitPublic(name) if !known.omit_public.contains(name) => known.omit_public.push(*name),
            Says::Untold(name) if !known.untold.contains(name) => known.untold.push(*name),
            Says::Hashes { by: HashedBy::Rsa, itself } => known.hashes.rsa = *itself,
            Says::Hashes { by: HashedBy::RsaPss, itself } => known.hashes.rsa_pss = *itself,
            Says::Hashes { by: HashedBy::Ecdsa, itself } => known.hashes.ecdsa = *itself,
            _ => {}
        }
    }
    known
}

fn is_private_key(entry: &crate::hsm::Entry) -> bool {
    entry.class == Some(ObjectClass::PrivateKey.number())
}

/// Has a key sign and verifies it in software.
fn signs(session: &mut Session, key: &KeyDescription) -> Result<(), String> {
    let algorithm = SignatureAlgorithm::for_key(&key.public_key);
    let message = b"rootrite hsm doctor";
    let digest = algorithm.hash().map(|hash| (hash, hash.digest(message)));
    let what = match &digest {
        Some((hash, octets)) => ToSign::Whole { hash: *hash, octets, message },
        None => ToSign::Message(message),
    };
    let signature = session.sign(&key.id, what).map_err(|error| error.to_string())?;
    verify_signature(&key.public_key, algorithm, message, &signature)
        .map_err(|error| format!("what it signed does not verify: {error}"))
}

/// An id that no object has; nothing where the system has no random octets.
fn random_id(octets: usize) -> Option<KeyId> {
    let mut id = vec![0; octets.clamp(1, 16)];
    getrandom::fill(&mut id).ok()?;
    KeyId::from_octets(&id).ok()
}

/// The label of everything that is made here.
const LABEL: &str = "rootrite-doctor";

/// The class of objects that say what a token can (CKO_MECHANISM).
const CKO_MECHANISM: u64 = 7;
