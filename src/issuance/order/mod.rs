//! What is to be issued: one kind of order per file.
//!
//! An order is complete but for what is drawn at signing. Planning drafts it with placeholders at every time that
//! matters; on the day the same order is drafted once more, with what was drawn.

mod certificate;
mod crl;
mod crl_series;
mod ocsp;
mod request;
mod when;

pub use certificate::CertificateOrder;
pub use crl::{CrlKind, CrlOrder};
pub use crl_series::{CrlSeries, ReadyCrlSeries};
pub use ocsp::{OcspOrder, OcspSeries, ReadyOcspSeries, Subject, Windows};
pub use request::RequestOrder;
pub use when::When;

use serde::{Deserialize, Serialize};

use super::{Drawn, IssuanceError, KnownCertificate, Ledger, Policy};
use crate::clock::{Lasting, Timestamp};
use crate::pki::read::{self, CertificateView};
use crate::profile::ProfileError;
use crate::rule::{Ceremony, SigningTime};

/// From when and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// Its first second.
    pub begins: When,
    /// How long it lasts, both bounds included.
    pub lasts: Lasting,
}

impl Period {
    /// Its first and last second for something that is signed at `signing`.
    ///
    /// # Errors
    ///
    /// [`IssuanceError::Time`] if it would end after 9999.
    pub fn at(&self, signing: Timestamp, name: &str) -> Result<(Timestamp, Timestamp), IssuanceError> {
        let first = self.begins.at(signing);
        let last = self.lasts.last_second(first).ok_or_else(|| IssuanceError::Time { name: name.into() })?;
        Ok((first, last))
    }

    /// The fields that are holes of a plan, with the hole's name: none for a fixed time.
    fn holes(&self, first: &str, last: &str) -> Vec<(String, String)> {
        if self.begins.is_fixed() {
            return Vec::new();
        }
        let begins = self.begins.to_string();
        vec![(first.into(), begins.clone()), (last.into(), format!("{begins} + {} - 1 second", self.lasts))]
    }

    /// The same for a period that is so many seconds later.
    fn holes_after(&self, later: u64, first: &str, last: &str) -> Vec<(String, String)> {
        if self.begins.is_fixed() || later == 0 {
            return self.holes(first, last);
        }
        let begins = format!("{} + {later} seconds", self.begins);
        vec![(last.into(), format!("{begins} + {} - 1 second", self.lasts)), (first.into(), begins)]
    }
}

/// Reads a certificate that the ledger knows.
fn view(known: &KnownCertificate) -> Result<CertificateView<'_>, IssuanceError> {
    read::certificate(&known.der)
        .map_err(|error| IssuanceError::Unreadable { name: known.name.clone(), why: error.to_string() })
}

/// The subject key identifier of a certificate: what its children and CRLs name.
fn key_identifier(view: &CertificateView<'_>) -> Option<Vec<u8>> {
    view.extensions().subject_key_identifier().ok().flatten().map(<[u8]>::to_vec)
}

/// What every rule is told of a ceremony.
const fn ceremony<'l>(drawn: &Drawn, policy: Policy, ledger: &'l Ledger) -> Ceremony<'l> {
    Ceremony { policy, signed_at: SigningTime::at(drawn.at), known: ledger }
}

fn profile_error(name: &str) -> impl Fn(ProfileError) -> IssuanceError + '_ {
    move |source| IssuanceError::Profile { name: name.to_owned(), source }
}
