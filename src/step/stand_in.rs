//! What stands in for something that a step names and that is not there, or is in error itself: so that everything else that
//! is wrong with the step is found at the same time.
//!
//! The rules of this file:
//! - It has been said already why it is not there: nothing here says anything.
//! - No script can write the name of a stand-in, and nobody finds it by the name that is written.
//! - What the rules say of it counts only if they say it whatever stands in.

use super::{Scope, placeholder};
use crate::clock::{DAY, Lasting};
use crate::issuance::order::{CertificateOrder, Period, When};
use crate::issuance::{Drawn, Key, KnownCertificate, Order as _, Structure as _};
use crate::pki::{KeyAlgorithm, Name, SignatureAlgorithm};
use crate::profile::{BuiltIn, Fills, Profile};
use crate::script::{Id, Located, NamePart, Word as _};
use crate::stage::Person;

/// Whether this is the name of a stand-in, or of something that has one.
pub fn is_stand_in(name: &str) -> bool {
    name.contains(MARK)
}

/// The name of what stands in for something. Two are never the same one.
pub fn name(named: &Located<Id>) -> String {
    let said = if named.value.is_unread() { "" } else { named.value.as_str() };
    format!("{said}{MARK}{}", named.place)
}

impl Scope<'_> {
    /// In the place of a token.
    pub(super) fn stand_in_token(&mut self, named: &Located<Id>) -> Option<String> {
        self.problems.guess([(); 3]).map(|()| name(named))
    }

    /// In the place of somebody.
    pub(super) fn stand_in_person(&mut self, named: &Located<Id>) -> Option<Person> {
        let role = self.problems.guess(["crypto-officer", "external-witness", "share-holder"])?.to_owned();
        Some(Person { id: name(named), role })
    }

    /// In the place of a key.
    pub(super) fn stand_in_key(&mut self, named: &Located<Id>) -> Option<Key> {
        let algorithm = self.stand_in_algorithm()?;
        let name = name(named);
        if self.ledger.key(&name).is_none() {
            self.will_have_key(&name, &format!("{name} token"), algorithm, true);
        }
        self.ledger.key(&name).cloned()
    }

    /// In the place of an algorithm.
    pub(super) fn stand_in_algorithm(&mut self) -> Option<KeyAlgorithm> {
        self.problems.guess([KeyAlgorithm::EcdsaP384, KeyAlgorithm::EcdsaP256, KeyAlgorithm::Ed25519])
    }

    /// In the place of a profile of one of these kinds: those of this program.
    pub(super) fn stand_in_profile(&mut self, kinds: &[&str]) -> Option<Profile> {
        self.problems.guess([(); 3])?;
        PROFILES
            .iter()
            .filter_map(|name| Profile::load(name, &BuiltIn).ok())
            .find(|profile| kinds.contains(&profile.kind().word()))
    }

    /// In the place of a name.
    pub(super) fn stand_in_name(&mut self, profile: &Profile) -> Option<Name> {
        let three = ["Unread", "Not Read", "Unreadable"];
        let text = self.problems.guess(three)?;
        let part = |kind: &str, text: &str| NamePart {
            kind: kind.to_owned(),
            joined: false,
            text: text.to_owned(),
            place: crate::script::Place::START,
        };
        let parts = [part("C", "US"), part("O", text), part("CN", &format!("{text} {}", self.step_number()))];
        // What a profile without these attributes says of them is not the author's mistake.
        let mut unsaid = crate::script::Problems::new(self.problems.source().clone());
        profile.names().name(&parts, &mut unsaid)
    }

    /// In the place of a duration.
    pub(super) fn stand_in_duration(&mut self) -> Option<Lasting> {
        Lasting::from_seconds(self.problems.guess([365 * DAY, 3650 * DAY, DAY])?)
    }

    /// In the place of a CA's certificate: a root's.
    pub(super) fn stand_in_certificate(&mut self, named: &Located<Id>) -> Option<KnownCertificate> {
        let own = name(named);
        if let Some(known) = self.ledger.certificate(&own) {
            return Some(known.clone());
        }
        let key = format!("{own} key");
        let algorithm = self.stand_in_algorithm()?;
        self.will_have_key(&key, &format!("{own} token"), algorithm, true);
        let key = self.ledger.key(&key)?.clone();
        let profile = self.stand_in_profile(&["root"])?;
        let subject = self.stand_in_name(&profile)?;
        let days = self.problems.guess([3650, 36_500, 20_000])?;
        let period = Period { begins: When::CeremonyDay, lasts: Lasting::from_seconds(days * DAY)? };
        let order = CertificateOrder {
            name: own.clone(),
            profile_name: String::new(),
            profile: profile.certificate()?.clone(),
            issuer: None,
            public_key: key.public.clone(),
            public_key_is_fixed: false,
            key: key.clone(),
            subject,
            period,
            fills: Fills::new(),
            crossed: None,
            other_organization: false,
        };
        let drawn = Drawn { at: self.setting.window.from, serial: placeholder::serial(&own) };
        let octets = order.draft(&drawn).ok()?;
        let algorithm = SignatureAlgorithm::for_key(&key.public);
        let whole = crate::issuance::Certificate::assemble(&octets, algorithm, &[0; 1], &[]);
        let known = KnownCertificate {
            name: own.clone(),
            kind: "root".into(),
            der: whole.in_memory()?.to_vec(),
            key: Some(key.name),
            issuer: own,
        };
        self.ledger.learn_certificate(known.clone());
        Some(known)
    }
}

/// One of each kind.
const PROFILES: [&str; 7] = [
    "root-ca",
    "tls-subordinate-ca",
    "cross-certificate",
    "ocsp-responder",
    "root-crl",
    "ocsp-response",
    "certificate-request",
];

/// No name in a script has it.
const MARK: char = '?';
