//! An order for CRLs ahead of time: the same list for each of consecutive windows, sealed until it begins.
//!
//! The rules of this file:
//! - Numbers are consecutive, in the order of the windows.
//! - Nothing but the number and the times differs from one to the next.

use super::{CrlOrder, Windows, ceremony, view};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::issuance::{
    ApprovedList, CertificateList, Drawn, IssuanceError, Key, Ledger, Order, Policy, Series, SeriesOrder,
    Statement, sign_one_by_one,
};
use crate::pki::SignatureAlgorithm;
use crate::pki::build::Streamed;
use crate::pki::read::TbsCertificateView;
use crate::progress::Work;
use crate::rule::Context;
use crate::stage::{Artifact, ArtifactPlace, Batch, Event, Hands};

/// CRLs to be signed, one for each window.
#[derive(Clone, Debug)]
pub struct CrlSeries {
    /// The CRL of the first window, with the name of the series.
    pub first: CrlOrder,
    /// The windows.
    pub windows: Windows,
}

impl CrlSeries {
    /// How many there are.
    pub fn count(&self) -> usize {
        usize::try_from(self.windows.count).unwrap_or(usize::MAX)
    }

    /// One of the CRLs, as something that can be planned.
    pub fn member(&self, index: usize) -> CrlOrder {
        let place = u64::try_from(index).unwrap_or(u64::MAX);
        CrlOrder {
            name: format!("{}-{}", self.first.name, index.saturating_add(1)),
            number: self.first.number.saturating_add(place),
            later: self.windows.every.saturating_mul(place),
            ..self.first.clone()
        }
    }

    /// The number of the last.
    pub const fn last_number(&self) -> u64 {
        // There is at least one window.
        self.first.number.saturating_add(self.windows.count.saturating_sub(1) as u64)
    }

    /// When each activates, and until when it may be used, if they are signed at `signing`.
    ///
    /// # Errors
    ///
    /// [`IssuanceError::Time`] if one would end after 9999.
    pub fn updates(&self, signing: Timestamp) -> Result<Vec<(Timestamp, Timestamp)>, IssuanceError> {
        (0..self.count()).map(|index| self.member(index).updates(signing)).collect()
    }
}

impl SeriesOrder for CrlSeries {
    type Ready<'r> = ReadyCrlSeries<'r>;

    fn key(&self) -> &Key {
        &self.first.key
    }

    fn name(&self) -> &str {
        &self.first.name
    }

    fn ready(&self, drawn: &Drawn) -> Result<ReadyCrlSeries<'_>, IssuanceError> {
        let updates = self.updates(drawn.at)?;
        let late = || IssuanceError::Time { name: self.first.name.clone() };
        let begins = updates.first().map(|(this_update, _)| *this_update).ok_or_else(late)?;
        let ends = updates.last().map(|(_, next_update)| *next_update).ok_or_else(late)?;
        Ok(ReadyCrlSeries {
            series: self,
            drawn: drawn.clone(),
            activates: updates.into_iter().map(|(this_update, _)| this_update).collect(),
            whole: (begins, ends),
            issuer: view(&self.first.issuer)?.tbs(),
        })
    }
}

/// A series with the moment of signing.
#[derive(Debug)]
pub struct ReadyCrlSeries<'s> {
    series: &'s CrlSeries,
    drawn: Drawn,
    activates: Vec<Timestamp>,
    whole: (Timestamp, Timestamp),
    issuer: TbsCertificateView<'s>,
}

impl Series for ReadyCrlSeries<'_> {
    type Structure = CertificateList;

    fn count(&self) -> usize {
        self.series.count()
    }

    fn place(&self, index: usize) -> ArtifactPlace {
        self.series.member(index).place()
    }

    fn request_kind(&self) -> &'static str {
        "crl"
    }

    fn words(&self) -> &'static str {
        "the CRLs ahead of time"
    }

    fn work(&self) -> (Work, Work) {
        (Work::ListsJudged, Work::ListsSigned)
    }

    fn algorithm(&self) -> Result<SignatureAlgorithm, IssuanceError> {
        self.series.first.algorithm()
    }

    fn draft(&self, index: usize) -> Result<Streamed, IssuanceError> {
        self.series.member(index).draft(&self.drawn)
    }

    fn planned(&self, index: usize) -> Result<Statement, IssuanceError> {
        self.series.member(index).planned(&self.drawn)
    }

    fn along(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }

    fn context<'c>(&'c self, policy: Policy, ledger: &'c Ledger) -> Context<'c> {
        Context::crl(ceremony(&self.drawn, policy, ledger), self.issuer)
    }

    fn intent(&self, batch: Batch) -> Event {
        let (this_update, next_update) = self.whole;
        Event::CrlSeriesSignIntent {
            profile: self.series.first.profile_name.clone(),
            issuer_spki_sha256: self.series.first.key.public.spki_sha256(),
            batch,
            number: self.series.first.number.to_string(),
            last_number: self.series.last_number().to_string(),
            this_update,
            next_update,
        }
    }

    fn result(&self, artifact: Artifact, batch: Batch, last: Digest) -> Event {
        let (this_update, next_update) = self.whole;
        Event::CrlSeriesSigned {
            artifact,
            issuer_spki_sha256: self.series.first.key.public.spki_sha256(),
            batch,
            number: self.series.first.number.to_string(),
            last_number: self.series.last_number().to_string(),
            activates: self.activates.clone(),
            this_update,
            next_update,
            last_sha256: last,
            revoked_count: self.series.first.revoked.count(),
            revoked_sha256: self.series.first.revoked.sha256(),
        }
    }

    fn sign(
        &self,
        key: &Key,
        approved: &ApprovedList,
        hands: &mut Hands<'_>,
    ) -> Result<Digest, IssuanceError> {
        sign_one_by_one(self, key, approved, hands)
    }
}
