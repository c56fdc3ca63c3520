//! The paths from a subordinate CA certificate to the roots of a bundle.

use super::handover::{Certificate, Handover, Role};

/// The most certificates of a path.
const MOST_CERTIFICATES: usize = 8;

/// The most paths of one issuer.
const MOST_PATHS: usize = 64;

/// A path: each certificate is signed by the next one's key, and the last one is a root's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain<'h>(Vec<&'h Certificate>);

impl<'h> Chain<'h> {
    /// Every path of an issuer, those through its own certificate first, shorter ones before longer ones.
    ///
    /// Cross-certificates of the same name and key begin paths too.
    pub fn all(handover: &'h Handover, issuer: &'h Certificate) -> Vec<Self> {
        let mut found = Vec::new();
        let same =
            handover.certificates.iter().filter(|one| one.role == Role::Cross && one.is_same_issuer(issuer));
        for start in std::iter::once(issuer).chain(same) {
            let first = found.len();
            follow(handover, &mut vec![start], &mut found);
            if let Some(new) = found.get_mut(first..) {
                new.sort_by_key(|path: &Self| path.0.len());
            }
        }
        found
    }

    /// Its certificates, the issuer's first and the root's last.
    pub fn certificates(&self) -> &[&'h Certificate] {
        &self.0
    }

    /// The root.
    pub fn root(&self) -> Option<&'h Certificate> {
        self.0.last().copied()
    }

    /// What a server sends: all but the root.
    pub fn sent(&self) -> &[&'h Certificate] {
        self.0.split_last().map(|(_, sent)| sent).unwrap_or_default()
    }

    /// Its certificates as PEM, one after the other.
    pub fn pem(certificates: &[&Certificate]) -> String {
        certificates.iter().map(|one| one.pem()).collect()
    }

    /// The names of its certificates: `e1`, `root-x1`.
    pub fn names(&self) -> Vec<&'h str> {
        self.0.iter().map(|one| one.name.as_str()).collect()
    }
}

fn follow<'h>(handover: &'h Handover, path: &mut Vec<&'h Certificate>, found: &mut Vec<Chain<'h>>) {
    let Some(last) = path.last().copied() else { return };
    if found.len() >= MOST_PATHS {
        return;
    }
    if last.role == Role::Root {
        found.push(Chain(path.clone()));
        return;
    }
    if path.len() >= MOST_CERTIFICATES {
        return;
    }
    for issuer in last.issuers.iter().filter_map(|index| handover.certificates.get(*index)) {
        if !path.iter().any(|one| one.is_same_issuer(issuer)) {
            path.push(issuer);
            follow(handover, path, found);
            path.pop();
        }
    }
}
