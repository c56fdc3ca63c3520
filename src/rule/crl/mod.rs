//! Rules on CRLs.

pub mod entry;
mod kept;
mod repeated_serials;

use super::context::Context;
use super::objection::{Assessment, Rule, Summary};
use super::rules;
use super::verdict::{CannotJudge, Findings, Judgement, Verdict};
use crate::pki::read::{AlgorithmView, CrlView, EntryView, Extensions, Faults, ReadError, TbsCrlView};

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
    /// Reads a TBSCertList as far as can be, its entries not yet.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read.
    pub fn from_tbs(octets: &'a [u8]) -> Result<Self, ReadError> {
        let mut faults = Faults::new();
        let tbs = TbsCrlView::read(octets, &mut faults)?;
        tbs.extensions().read_values(&mut faults);
        Ok(Self { tbs, algorithm: None, faults })
    }

    /// Reads a whole CRL as far as can be, its entries not yet.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it cannot be read.
    pub fn from_whole(octets: &'a [u8]) -> Result<Self, ReadError> {
        let mut faults = Faults::new();
        let whole = CrlView::read(octets, &mut faults)?;
        whole.tbs().extensions().read_values(&mut faults);
        Ok(Self { tbs: whole.tbs(), algorithm: Some(whole.signature_algorithm()), faults })
    }

    /// What is signed.
    pub const fn tbs(&self) -> &TbsCrlView<'a> {
        &self.tbs
    }

    /// signatureAlgorithm, outside of what is signed, if the CRL is whole.
    pub const fn signature_algorithm(&self) -> Option<AlgorithmView<'a>> {
        self.algorithm
    }

    /// What is not DER in it, and when all is judged in its entries.
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Its extensions.
    pub const fn extensions(&self) -> Extensions<'a> {
        self.tbs.extensions()
    }
}

rules! { Judge;
    version issuer_name lasts window extensions empty_list distribution_point scope responders_in_scope
    other_extensions size number_rises der update_form signature_algorithms signature_encoding signature_hash
}

/// Judges a CRL, all its entries included, by every rule on CRLs.
pub fn judge<'a>(crl: &Crl<'a>, context: &Context<'a>) -> Assessment {
    let mut judging = Judging::new(crl.clone(), context);
    let mut rest = crl.tbs.entries().rest();
    while !rest.is_empty() {
        match EntryView::read(&mut rest, judging.faults()) {
            Ok(entry) => judging.entry(entry),
            Err(error) => {
                judging.faults().note_unread(error);
                break;
            }
        }
    }
    judging.end()
}

/// Every rule on CRLs and their entries, for documentation and listings.
pub(super) fn summaries() -> Vec<Summary> {
    let mut all: Vec<_> = RULES.iter().map(Rule::summary).collect();
    all.extend(entry::RULES.iter().map(Rule::summary));
    all.push(repeated_serials::RULE.summary());
    all.push(kept::RULE.summary());
    all
}

/// The rules on all entries together, with their areas and files.
#[cfg(test)]
pub(super) fn of_all_entries() -> Vec<(&'static str, &'static str, Summary)> {
    vec![("crl", "repeated_serials", repeated_serials::RULE.summary()), ("crl", "kept", kept::RULE.summary())]
}

/// A CRL being judged entry by entry, in memory that does not grow with it.
#[derive(Debug)]
pub struct Judging<'a> {
    crl: Crl<'a>,
    context: &'a Context<'a>,
    head: entry::Head,
    tallies: Vec<Tally>,
    seen: repeated_serials::Seen,
    kept: kept::Kept,
}

impl<'a> Judging<'a> {
    /// Begins with everything but the entries.
    pub fn new(crl: Crl<'a>, context: &'a Context<'a>) -> Self {
        let head = entry::Head::of(&crl);
        let tallies = entry::RULES.iter().map(|_| Tally::default()).collect();
        let kept = kept::Kept::new(&crl, context);
        Self { crl, context, head, tallies, seen: repeated_serials::Seen::new(), kept }
    }

    /// Where what is not DER in an entry is noted.
    pub const fn faults(&mut self) -> &mut Faults {
        &mut self.crl.faults
    }

    /// Judges the next entry by every rule on entries.
    pub fn entry(&mut self, view: EntryView<'_>) {
        let entry = entry::Entry::new(view, &self.head, &mut self.crl.faults);
        self.seen.look(view.serial_octets());
        self.kept.look(view.serial_octets());
        for (rule, tally) in entry::RULES.iter().zip(&mut self.tallies) {
            if rule.applies_under(self.context.policy()) {
                tally.enter((rule.verdict)(&entry, self.context));
            }
        }
    }

    /// Judges the rest, when there is no further entry.
    pub fn end(self) -> Assessment {
        let mut assessment = Assessment::default();
        for rule in RULES {
            assessment.enter(rule, self.context, |verdict| verdict(&self.crl, self.context));
        }
        for (rule, tally) in entry::RULES.iter().zip(self.tallies) {
            assessment.enter(rule, self.context, |_| tally.verdict());
        }
        assessment.enter(&repeated_serials::RULE, self.context, |verdict| verdict(&self.seen));
        assessment.enter(&kept::RULE, self.context, |verdict| verdict(&self.kept));
        assessment
    }
}

/// What a rule said of the entries so far: the first few in full.
#[derive(Debug, Default)]
struct Tally {
    findings: Findings,
    said: usize,
    more: usize,
    cannot: Option<CannotJudge>,
}

impl Tally {
    /// How many are said in full.
    const MOST: usize = 10;

    fn enter(&mut self, judgement: Judgement) {
        match judgement {
            Ok(Verdict::Unmet(ways)) if self.said < Self::MOST => {
                self.said += 1;
                self.findings.extend(ways);
            }
            Ok(Verdict::Unmet(_)) => self.more += 1,
            Ok(Verdict::Pass | Verdict::NotApplicable) => {}
            Err(because) => self.cannot = self.cannot.take().or(Some(because)),
        }
    }

    fn verdict(mut self) -> Judgement {
        if let Some(because) = self.cannot {
            return Err(because);
        }
        if self.more > 0 {
            self.findings.must(format!("the same holds for {} more entries", self.more));
        }
        self.findings.verdict()
    }
}

#[cfg(test)]
mod sample;
