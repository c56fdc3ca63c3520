//! Rules on CRLs.

pub mod entry;
mod kept;
mod repeated_serials;

use std::rc::Rc;

pub use repeated_serials::Seen;

use super::context::Context;
use super::objection::{Assessment, Rule, Summary};
use super::rules;
use super::verdict::{CannotJudge, Findings, Judgement, Verdict};
use crate::pki::read::{
    AlgorithmView, CrlFields, CrlForm, CrlHead, CrlStream, EntryView, Extensions, Faults, ReadCrl, ReadError,
};

/// A CRL under judgement, but its entries: to be signed, or whole.
#[derive(Clone, Debug)]
pub struct Crl<'a> {
    fields: CrlFields<'a>,
    algorithm: Option<AlgorithmView<'a>>,
    faults: Faults,
}

/// How a rule on CRLs judges.
pub type Judge = for<'a> fn(&Crl<'a>, &Context<'a>) -> Judgement;

impl<'a> Crl<'a> {
    /// A CRL whose entries were read, and the faults that were met. `algorithm` is the one outside of what is signed.
    fn new(fields: &CrlFields<'a>, algorithm: Option<AlgorithmView<'a>>, mut faults: Faults) -> Self {
        fields.extensions().read_values(&mut faults);
        Self { fields: *fields, algorithm, faults }
    }

    /// What is signed.
    pub const fn tbs(&self) -> &CrlFields<'a> {
        &self.fields
    }

    /// signatureAlgorithm, outside of what is signed, if the CRL is whole.
    pub const fn signature_algorithm(&self) -> Option<AlgorithmView<'a>> {
        self.algorithm
    }

    /// What is not DER in it, its entries included.
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Its extensions.
    pub const fn extensions(&self) -> Extensions<'a> {
        self.fields.extensions()
    }
}

rules! { Judge;
    version issuer_name lasts window extensions empty_list distribution_point scope responders_in_scope
    other_extensions size number_rises der update_form signature_algorithms signature_encoding signature_hash
}

/// A CRL that was read and judged.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What every rule on CRLs and their entries said.
    pub assessment: Assessment,
    /// What was read.
    pub read: ReadCrl,
    /// What is not DER in it, its entries and the values of its extensions included.
    pub faults: Faults,
}

/// A CRL that was read and whose entries were judged: memory did not grow with it.
#[derive(Debug)]
pub struct EntriesJudged<'c> {
    judging: Judging<'c>,
    read: ReadCrl,
    faults: Faults,
}

/// Reads a CRL to its end and judges all its entries by every rule on entries. `faults` are those of its beginning;
/// `each` is given every entry that can be read.
///
/// # Errors
///
/// [`ReadError`] if what is signed cannot be read to its end.
pub fn judge_entries<'c>(
    mut stream: CrlStream<'_>,
    mut faults: Faults,
    context: &'c Context<'c>,
    each: &mut dyn FnMut(&entry::Entry<'_>),
) -> Result<EntriesJudged<'c>, ReadError> {
    let mut judging = Judging::new(&stream.head()?, context);
    while let Some(read) = stream.entry(&mut faults) {
        match read {
            Ok(view) => {
                let entry = judging.look(view, &mut faults);
                each(&entry);
                judging.entry(&entry);
            }
            Err(error) => faults.note_unread(error),
        }
    }
    let read = stream.finish(&mut faults)?;
    Ok(EntriesJudged { judging, read, faults })
}

impl EntriesJudged<'_> {
    /// What was read.
    pub const fn read(&self) -> &ReadCrl {
        &self.read
    }

    /// Judges the rest by every rule on CRLs. What stands after the entries may have said what the rules need from
    /// outside.
    ///
    /// # Errors
    ///
    /// None that reading did not have.
    pub fn end(self, context: &Context<'_>) -> Result<Judged, ReadError> {
        let Self { judging, read, faults } = self;
        // What is around the signed part is not the rules' matter; whoever wants a whole CRL asks for it.
        let algorithm = read.around().ok().flatten().map(|(algorithm, _)| algorithm);
        let crl = Crl::new(&read.fields()?, algorithm, faults);
        let assessment = judging.end(&crl, context);
        let faults = crl.faults;
        Ok(Judged { assessment, read, faults })
    }
}

/// Reads a CRL to its end and judges it by every rule on CRLs and their entries: as [`judge_entries`] and
/// [`EntriesJudged::end`].
///
/// # Errors
///
/// As [`judge_entries`].
pub fn judge(
    stream: CrlStream<'_>,
    faults: Faults,
    context: &Context<'_>,
    each: &mut dyn FnMut(&entry::Entry<'_>),
) -> Result<Judged, ReadError> {
    judge_entries(stream, faults, context, each)?.end(context)
}

/// As [`judge`], of octets in memory.
///
/// # Errors
///
/// [`ReadError`] if what is signed cannot be read to its end; what is around it, [`ReadCrl::around`] tells.
pub fn judge_octets(octets: &[u8], form: CrlForm, context: &Context<'_>) -> Result<Judged, ReadError> {
    let (mut source, mut heard, mut faults) = (octets, |_: &[u8]| (), Faults::new());
    let stream = CrlStream::open(&mut source, form, &mut heard, &mut faults)?;
    judge(stream, faults, context, &mut |_| ())
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

/// A CRL being judged entry by entry.
#[derive(Debug)]
struct Judging<'c> {
    context: &'c Context<'c>,
    head: entry::Head,
    tallies: Vec<Tally>,
    seen: repeated_serials::Seen,
    kept: kept::Kept,
    /// Of the entry before, if nothing was wrong with its extensions.
    facts: Option<Rc<entry::Facts>>,
}

impl<'c> Judging<'c> {
    fn new(head: &CrlHead<'_>, context: &'c Context<'c>) -> Self {
        let tallies = entry::RULES.iter().map(|_| Tally::default()).collect();
        let seen = repeated_serials::Seen::new(context.is_ceremony());
        let kept = kept::Kept::new(head, context);
        Self { context, head: entry::Head::of(head), tallies, seen, kept, facts: None }
    }

    /// Reads what the rules want to know of the next entry. Of one that ends as the one before, that is known already.
    fn look<'v>(&mut self, view: EntryView<'v>, faults: &mut Faults) -> entry::Entry<'v> {
        let facts = match self.facts.take() {
            Some(facts) if view.repeats() => facts,
            _ => {
                let before = faults.count();
                let facts = Rc::new(entry::Facts::read(&view, faults));
                if faults.count() != before {
                    // Each fault is told where it stands.
                    return entry::Entry::with(view, &self.head, facts);
                }
                facts
            }
        };
        self.facts = Some(Rc::clone(&facts));
        entry::Entry::with(view, &self.head, facts)
    }

    /// Judges the next entry by every rule on entries.
    fn entry(&mut self, entry: &entry::Entry<'_>) {
        self.seen.look(entry.view().serial_octets());
        self.kept.look(entry.view().serial_octets());
        for (rule, tally) in entry::RULES.iter().zip(&mut self.tallies) {
            if rule.applies_under(self.context.policy()) {
                tally.enter((rule.verdict)(entry, self.context));
            }
        }
    }

    /// Judges the rest, when there is no further entry.
    fn end(self, crl: &Crl<'_>, context: &Context<'_>) -> Assessment {
        let mut assessment = Assessment::default();
        for rule in RULES {
            assessment.enter(rule, context, |verdict| verdict(crl, &context.clone()));
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
