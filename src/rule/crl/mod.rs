//! Rules on CRLs.

use super::context::Context;
use super::objection::Assessment;
use super::rules;
use super::verdict::{Findings, Judgement};
use crate::pki::read::{AlgorithmView, CrlView, Extensions, Faults, ReadError, TbsCrlView, lenient};

/// A CRL under judgement: to be signed, or whole.
#[derive(Clone, Debug)]
pub struct Crl<'a> {
    tbs: TbsCrlView<'a>,
    algorithm: Option<AlgorithmView<'a>>,
    faults: Faults,
}

/// How a rule on CRLs judges.
pub type Judge = for<'a> fn(&Crl<'a>, &Context<'a>) -> Judgement;

impl<'a> Crl<'a> {
    /// Reads a TBSCertList as far as can be.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read.
    pub fn from_tbs(octets: &'a [u8]) -> Result<Self, ReadError> {
        let (tbs, faults) = lenient::tbs_crl(octets)?;
        Ok(Self { tbs, algorithm: None, faults })
    }

    /// Reads a whole CRL as far as can be.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read.
    pub fn from_whole(octets: &'a [u8]) -> Result<Self, ReadError> {
        let (whole, faults) = lenient::crl(octets)?;
        Ok(Self::from_view(whole, faults))
    }

    /// A whole CRL that was read, with the faults that were met.
    pub const fn from_view(whole: CrlView<'a>, faults: Faults) -> Self {
        Self { tbs: whole.tbs(), algorithm: Some(whole.signature_algorithm()), faults }
    }

    /// What is signed.
    pub const fn tbs(&self) -> &TbsCrlView<'a> {
        &self.tbs
    }

    /// signatureAlgorithm, outside of what is signed, if the CRL is whole.
    pub const fn signature_algorithm(&self) -> Option<AlgorithmView<'a>> {
        self.algorithm
    }

    /// What is not DER in it.
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Its extensions.
    pub const fn extensions(&self) -> Extensions<'a> {
        self.tbs.extensions()
    }
}

rules! { Judge;
    version issuer_name lasts window extensions empty_list serials reasons reason_values entry_extensions entry_dates
    repeated_serials distribution_point scope responders_in_scope other_extensions number_rises der
    signature_algorithms signature_encoding signature_hash
}

/// Judges a CRL by every rule on CRLs.
pub fn judge<'a>(crl: &Crl<'a>, context: &Context<'a>) -> Assessment {
    let mut assessment = Assessment::default();
    for rule in RULES {
        assessment.enter(rule, context, |verdict| verdict(crl, context));
    }
    assessment
}

/// Collects what is said of entries, the first few in full: a CRL may have millions.
#[derive(Default)]
struct EntryFindings {
    findings: Findings,
    said: usize,
    more: usize,
}

impl EntryFindings {
    /// How many are said in full.
    const MOST: usize = 10;

    fn must(&mut self, message: impl FnOnce() -> String) {
        if self.said < Self::MOST {
            self.findings.must(message());
            self.said += 1;
        } else {
            self.more += 1;
        }
    }

    fn should(&mut self, message: impl FnOnce() -> String) {
        if self.said < Self::MOST {
            self.findings.should(message());
            self.said += 1;
        } else {
            self.more += 1;
        }
    }

    fn verdict(mut self) -> Judgement {
        if self.more > 0 {
            self.findings.must(format!("the same holds for {} more", self.more));
        }
        self.findings.verdict()
    }
}

#[cfg(test)]
mod sample;
