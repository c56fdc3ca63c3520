//! What dies with a certificate: every path over it, and every certificate that has no other.
//!
//! A path leads from a root to a certificate, over names and keys: a CA may have several certificates, and whoever
//! relies on one of its children takes any of them. Revoking one certificate of a CA can so cut nothing at all, or more
//! than anybody meant.

use serde::{Deserialize, Serialize};

use super::Ledger;
use crate::digest::Digest;
use crate::pki::SerialNumber;
use crate::rule::{Issued, Kind};

/// What a revocation cuts. Certificates by the names that people know them by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// The certificates to which no path is left, the revoked one first.
    pub certificates: Vec<String>,
    /// The paths that are cut, each from its root to its certificate.
    pub paths: Vec<String>,
    /// The paths that remain to certificates that lose another one.
    pub remaining: Vec<String>,
    /// Whether there are more than are named here.
    pub more: bool,
}

impl Loss {
    /// What is said of it, one line each, with what the line is about.
    pub fn said(&self) -> Vec<(&'static str, String)> {
        let named = |what: &'static str, all: &[String]| {
            all.iter().map(|one| (what, one.clone())).collect::<Vec<_>>()
        };
        let mut said = named("dies", &self.certificates);
        said.extend(named("path cut", &self.paths));
        said.extend(named("path that remains", &self.remaining));
        if self.more {
            said.push(("not shown", format!("there are more than {MOST_PATHS} paths; these are the first")));
        }
        said
    }
}

/// What is lost when the certificate with this serial number of this issuer's is revoked, beside all that is revoked
/// already.
pub fn loss(ledger: &Ledger, issuer: Digest, serial: &SerialNumber) -> Loss {
    let all: Vec<&Issued> = ledger.all_issued().filter(|one| one.revoked.is_none()).collect();
    let revoked = |one: &Issued| one.issuer_sha256 == issuer && one.serial == serial.der_content();
    let mut loss = Loss::default();
    let mut left = MOST_STEPS;
    for one in &all {
        let (mut cut, mut remaining) = (Vec::new(), Vec::new());
        for path in paths(&all, one, &mut left) {
            let names: Vec<String> = path.iter().rev().map(|one| called(one)).collect();
            let to = if path.iter().any(|one| revoked(one)) { &mut cut } else { &mut remaining };
            to.push(names.join(" > "));
        }
        if revoked(one) {
            loss.certificates.insert(0, called(one));
        } else if !cut.is_empty() && remaining.is_empty() {
            loss.certificates.push(called(one));
        }
        if !cut.is_empty() {
            loss.remaining.append(&mut remaining);
        }
        loss.paths.append(&mut cut);
    }
    // The ledger's order is that of digests, which tells people nothing.
    loss.certificates.get_mut(1..).unwrap_or_default().sort_unstable();
    loss.paths.sort_unstable();
    loss.remaining.sort_unstable();
    loss.more = left == 0 || loss.paths.len() > MOST_PATHS || loss.remaining.len() > MOST_PATHS;
    loss.paths.truncate(MOST_PATHS);
    loss.remaining.truncate(MOST_PATHS);
    loss
}

/// Every path from a certificate up to a root, no certificate twice; not one step more than are `left`.
fn paths<'i>(all: &[&'i Issued], one: &'i Issued, left: &mut usize) -> Vec<Vec<&'i Issued>> {
    let mut found = Vec::new();
    let mut open = vec![vec![one]];
    while let Some(path) = open.pop() {
        *left = left.saturating_sub(1);
        let Some(last) = path.last().filter(|_| *left > 0) else { break };
        if last.kind == Kind::Root {
            found.push(path);
            continue;
        }
        let above = all.iter().filter(|above| certifies(above, last));
        for above in above.filter(|above| !path.iter().any(|one| std::ptr::eq(*one, **above))) {
            open.push(path.iter().copied().chain([*above]).collect());
        }
    }
    found
}

/// Whether a certificate is of the name and key that issued the other.
fn certifies(above: &Issued, below: &Issued) -> bool {
    above.kind.is_ca()
        && above.subject_sha256 == below.issuer_sha256
        && above.spki_sha256.is_some()
        && above.spki_sha256 == below.issuer_spki_sha256
}

fn called(one: &Issued) -> String {
    one.called().trim_matches('`').to_owned()
}

/// How many paths are named; more than anybody reads.
const MOST_PATHS: usize = 50;
/// How many steps are made: cross-certificates among many CAs have more paths than there is time.
const MOST_STEPS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    /// Name, kind, its key, its issuer: each key and its name are one digest.
    fn issued(name: &str, kind: Kind, own: &str, issuer: &str, serial: u8) -> Issued {
        let digest = |text: &str| Digest::of(text.as_bytes());
        Issued {
            name: name.into(),
            kind,
            made_here: false,
            sha256: None,
            issuer_sha256: digest(issuer),
            issuer_spki_sha256: Some(digest(issuer)),
            subject_sha256: digest(own),
            spki_sha256: Some(digest(own)),
            said: None,
            serial: vec![serial],
            not_before: Timestamp::FIRST,
            not_after: Timestamp::MAX,
            revoked: None,
        }
    }

    fn ledger(all: &[Issued]) -> Ledger {
        let mut ledger = Ledger::default();
        for one in all {
            let serial = SerialNumber::from_der_content(&one.serial).unwrap();
            ledger.use_serial(one.issuer_sha256, serial, one.clone());
        }
        ledger
    }

    fn lost(ledger: &Ledger, issuer: &str, serial: u8) -> Loss {
        loss(ledger, Digest::of(issuer.as_bytes()), &SerialNumber::from_der_content(&[serial]).unwrap())
    }

    /// Two roots; the second has a cross-certificate of the first, and a subordinate CA and a responder of its own.
    fn two_roots() -> Vec<Issued> {
        vec![
            issued("x1", Kind::Root, "x1", "x1", 1),
            issued("x2", Kind::Root, "x2", "x2", 2),
            issued("x2-by-x1", Kind::Cross, "x2", "x1", 3),
            issued("e2", Kind::Subordinate, "e2", "x2", 4),
            issued("e2-ocsp", Kind::OcspResponder, "e2-ocsp", "e2", 5),
        ]
    }

    #[test]
    fn a_cross_certificate_cuts_paths_and_leaves_others() {
        let loss = lost(&ledger(&two_roots()), "x1", 3);
        assert_eq!(loss.certificates, ["x2-by-x1"]);
        assert_eq!(
            loss.paths,
            ["x1 > x2-by-x1", "x1 > x2-by-x1 > e2", "x1 > x2-by-x1 > e2 > e2-ocsp"].map(str::to_owned)
        );
        assert_eq!(loss.remaining, ["x2 > e2", "x2 > e2 > e2-ocsp"]);
    }

    #[test]
    fn a_subordinate_takes_all_below_it_along() {
        let loss = lost(&ledger(&two_roots()), "x2", 4);
        assert_eq!(loss.certificates, ["e2", "e2-ocsp"]);
        assert_eq!(loss.paths.len(), 4);
        assert!(loss.remaining.is_empty() && !loss.more);
    }

    #[test]
    fn what_is_revoked_already_is_no_path() {
        let mut all = two_roots();
        all[1].revoked = Some((Timestamp::FIRST, crate::pki::reason::Reason::Superseded));
        let loss = lost(&ledger(&all), "x1", 3);
        assert_eq!(loss.certificates, ["x2-by-x1", "e2", "e2-ocsp"]);
        assert!(loss.remaining.is_empty());
    }

    #[test]
    fn any_number_of_cross_certificates_costs_no_time() {
        let mut all = vec![issued("x0", Kind::Root, "x0", "x0", 0x7f)];
        for (serial, (own, issuer)) in
            (0..12_u8).flat_map(|own| (0..12).map(move |issuer| (own, issuer))).enumerate()
        {
            let (own, issuer) = (format!("x{own}"), format!("x{issuer}"));
            let mut one = issued(&format!("{own}-{issuer}"), Kind::Cross, &own, &issuer, 1);
            one.serial = vec![1, u8::try_from(serial).unwrap()];
            all.push(one);
        }
        let loss = lost(&ledger(&all), "x0", 0x7f);
        assert!(loss.more);
    }
}
