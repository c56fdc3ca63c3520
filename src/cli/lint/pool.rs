//! Certificates among which a structure's issuer is looked for: those that were given, and those beside it in its file.

use std::collections::HashMap;

use super::super::piece::{self, Shape};
use crate::pki::build::CertIdHash;
use crate::pki::read::{CertIdView, CertificateView, Faults, TbsCertificateView};

/// Certificates, to be found by their subjects.
#[derive(Debug, Default)]
pub struct Pool {
    certificates: Vec<Vec<u8>>,
    by_subject: HashMap<Vec<u8>, Vec<usize>>,
}

impl Pool {
    /// Of these certificates; those that cannot be read are nobody's issuers.
    pub fn new(certificates: Vec<Vec<u8>>) -> Self {
        let mut pool = Self { certificates: Vec::new(), by_subject: HashMap::new() };
        for certificate in certificates {
            pool.add(certificate);
        }
        pool
    }

    /// Of the CA certificates in a file of several structures.
    pub fn of_file(octets: &[u8], most: usize) -> Self {
        let (mut pool, mut seen) = (Self::default(), 0);
        piece::each(octets, |piece| {
            seen += 1;
            if let (Ok(octets), Some(Shape::Certificate)) = (&piece.octets, piece.shape)
                && view(octets).is_some_and(|view| is_ca(&view))
            {
                pool.add(octets.to_vec());
            }
            seen < most
        });
        pool
    }

    fn add(&mut self, certificate: Vec<u8>) {
        let Some(subject) = view(&certificate).map(|view| view.subject().octets().to_vec()) else { return };
        self.by_subject.entry(subject).or_default().push(self.certificates.len());
        self.certificates.push(certificate);
    }

    /// Every one.
    pub fn all(&self) -> impl Iterator<Item = TbsCertificateView<'_>> {
        self.certificates.iter().filter_map(|octets| view(octets))
    }

    /// The only one, if there is one and no other.
    pub fn only(&self) -> Option<TbsCertificateView<'_>> {
        match &self.certificates[..] {
            [only] => view(only),
            _ => None,
        }
    }

    /// Those with this subject.
    pub fn named(&self, subject: &[u8]) -> impl Iterator<Item = TbsCertificateView<'_>> {
        let found = self.by_subject.get(subject).into_iter().flatten();
        found.filter_map(|index| view(self.certificates.get(*index)?))
    }

    /// The one with this subject and key identifier; for want of such a one, one with this subject that does not
    /// contradict the identifier.
    pub fn issuer(&self, subject: &[u8], identifier: Option<&[u8]>) -> Option<TbsCertificateView<'_>> {
        let own = |one: &TbsCertificateView<'_>| {
            one.extensions().subject_key_identifier().ok().flatten().map(<[u8]>::to_vec)
        };
        let same_key =
            self.named(subject).find(|one| identifier.is_some() && own(one).as_deref() == identifier);
        same_key.or_else(|| self.named(subject).find(|one| identifier.is_none() || own(one).is_none()))
    }

    /// The one that an OCSP response is about.
    pub fn answered_for(&self, id: &CertIdView<'_>) -> Option<TbsCertificateView<'_>> {
        let hash = if id.issuer_name_hash.len() == 20 { CertIdHash::Sha1 } else { CertIdHash::Sha256 };
        self.all().find(|one| {
            let key =
                one.public_key().is_ok_and(|key| hash.digest(key.bit_string_content()) == id.issuer_key_hash);
            key && hash.digest(one.subject().octets()) == id.issuer_name_hash
        })
    }
}

/// What a certificate says, as far as it can be read.
fn view(octets: &[u8]) -> Option<TbsCertificateView<'_>> {
    CertificateView::read(octets, &mut Faults::new()).ok().map(|view| view.tbs())
}

fn is_ca(view: &TbsCertificateView<'_>) -> bool {
    view.extensions().basic_constraints().ok().flatten().is_some_and(|constraints| constraints.ca)
}
