//! What the steps that issue CRLs have in common: the issuer, the number, the times and what is revoked.

use serde::{Deserialize, Serialize};

use super::certificate::{issuer_key, subject_sha256};
use super::revoked::{self, Listing, Revoked};
use super::{Scope, Setting, last_crl};
use crate::clock::Lasting;
use crate::digest::Digest;
use crate::issuance::order::{CrlKind, CrlOrder, Period, When};
use crate::issuance::{IssuanceError, Ledger, Listed};
use crate::profile::{Fills, Profile};
use crate::script::{FromNode, Id, Located, Node, Place, Problems, wrong};

/// The number of a CRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    /// One above the last.
    Next,
    /// This one.
    Is(u64),
}

impl FromNode for Number {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        if node.is_text("next") {
            return Some(Self::Next);
        }
        match node.text().map(str::parse) {
            Some(Ok(number)) => Some(Self::Is(number)),
            _ => wrong(node, "`next` or a number from 0", problems),
        }
    }

    fn stand_in(_key: &str, _place: Place, problems: &mut Problems) -> Option<Self> {
        problems.guess([Self::Next; 3])
    }
}

/// What a script says of a CRL.
#[derive(Debug)]
pub struct Words<'w> {
    /// The certificate of the CA that issues.
    pub issuer: &'w Located<Id>,
    /// Its profile; `root-crl` if none is named.
    pub profile: Option<&'w Located<Id>>,
    /// `next`, or a number above every one before it.
    pub number: &'w Located<Number>,
    /// From when.
    pub this_update: &'w Located<When>,
    /// For how long, next update included.
    pub lasts: &'w Located<Lasting>,
    /// What is revoked.
    pub revoked: &'w Listing,
    /// The name of the CRL.
    pub name: &'w Located<Id>,
}

/// A CRL but for its name, or the first of a series.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Crl {
    pub issuer: String,
    pub key: String,
    profile: String,
    number: String,
    pub period: Period,
    revoked: Revoked,
}

/// What is known of a CRL that was resolved, beside it.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The digest of the issuer's name.
    pub issuer: Digest,
    /// The number.
    pub number: u64,
}

impl Crl {
    /// Finds everything that is wrong with it but what the rules say.
    pub fn resolve(words: &Words<'_>, scope: &mut Scope<'_>) -> Option<(Self, Known)> {
        let issuer = scope.issuer(words.issuer);
        let by_default = || Located::new(default_profile(), words.issuer.place);
        let named = words.profile.cloned().unwrap_or_else(by_default);
        let profile = scope.profile(&named, &["crl"]);
        let issuer = issuer?;
        let key = issuer_key(&issuer, words.issuer.place, scope)?;
        let issuer_name = subject_sha256(&issuer, words.issuer.place, scope)?;
        let last_crl = match words.revoked.last_crl() {
            // What it lists is not known then.
            Some(name) => last_crl::take_in(name, &issuer, issuer_name, scope),
            None => None,
        };
        let last = scope.ledger.last_number(issuer_name);
        let number = match words.number.value {
            Number::Next => last.map_or(1, |last| last.saturating_add(1)),
            Number::Is(number) => {
                if let Some(last) = last.filter(|last| *last >= number) {
                    let message = format!(
                        "found CRL number {number}; the last one of `{}` is {last}, wanted a higher one",
                        issuer.name
                    );
                    scope.problems.add(words.number.place, message);
                }
                number
            }
        };
        let revoked = revoked::resolve(words.revoked, last_crl.as_ref(), &issuer, scope);
        if let Some(revoked) = &revoked {
            let issuer = (issuer.name.as_str(), issuer_name);
            revoked::keeps_all(revoked, last_crl.as_ref(), issuer, words.name.place, scope);
        }
        revoked::is_after_revocations(issuer_name, words.this_update, scope);
        let crl = Self {
            issuer: issuer.name,
            key: key.name,
            profile: named.value.to_string(),
            number: number.to_string(),
            period: Period { begins: words.this_update.value, lasts: words.lasts.value },
            revoked: revoked.or_else(|| Revoked::stand_in(scope))?,
        };
        // Of another kind than is wanted: in its place stands one that is not.
        scope.setting.profiles.insert(crl.profile.clone(), profile?);
        scope.uses(&key.token);
        Some((crl, Known { issuer: issuer_name, number }))
    }

    /// The CRL as something to be issued.
    ///
    /// # Errors
    ///
    /// [`IssuanceError`]: what of it is not there.
    pub fn order(
        &self,
        name: &str,
        kind: CrlKind,
        setting: &Setting,
        ledger: &Ledger,
    ) -> Result<CrlOrder, IssuanceError> {
        let unknown = |what, name: &str| IssuanceError::Unknown { what, name: name.to_owned() };
        let profile = setting.profiles.get(&self.profile).and_then(Profile::crl);
        let revoked = self.revoked.list(ledger, setting)?;
        let said_later = self.revoked.said_later(&revoked, ledger);
        Ok(CrlOrder {
            name: name.to_owned(),
            profile_name: self.profile.clone(),
            profile: profile.ok_or_else(|| unknown("CRL profile", &self.profile))?.clone(),
            issuer: ledger
                .certificate(&self.issuer)
                .ok_or_else(|| unknown("certificate", &self.issuer))?
                .clone(),
            key: ledger.key(&self.key).ok_or_else(|| unknown("key", &self.key))?.clone(),
            number: self.number.parse().map_err(|_| unknown("CRL number", &self.number))?,
            period: self.period,
            later: 0,
            kind,
            revoked,
            drawn_later: self.revoked.drawn_later(),
            said_later,
            fills: Fills::new(),
        })
    }

    /// Its number, as a text.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// How many certificates it lists, in words.
    pub fn lists(&self) -> String {
        let count = self.revoked.count();
        format!("{count} revoked certificate{}", if count == 1 { "" } else { "s" })
    }

    /// Tells the ledger what it said: the last number that was used, and who is revoked.
    pub fn learn(&self, issuer: Digest, number: u64, ledger: &mut Ledger, setting: &Setting) {
        ledger.use_crl_number(issuer, number);
        self.revoked.learn(issuer, ledger, setting);
    }

    /// Tells a plan's ledger beside that how many it listed.
    pub fn will_be_known(&self, issuer: Digest, number: u64, scope: &mut Scope<'_>) {
        self.learn(issuer, number, &mut scope.ledger, &scope.setting);
        let count = self.revoked.count();
        scope.ledger.use_listed(issuer, Listed { count, only_counted: false });
    }
}

fn default_profile() -> Id {
    #[expect(clippy::expect_used, reason = "a constant id; every ready script reads it")]
    "root-crl".parse().expect("a constant id")
}
