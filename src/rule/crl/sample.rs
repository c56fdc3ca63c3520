//! A good CRL to break.

use std::borrow::Cow;

use super::{Crl, Judge, entry, judge_octets, kept};
use crate::clock::Timestamp;
use crate::digest::from_hex;
use crate::pki::build::element::{element, sequence};
use crate::pki::build::{Extension, extension, time};
use crate::pki::read::der::{Faults, tag};
use crate::pki::read::{CrlForm, TbsCertificateView, TbsCrlView};
use crate::pki::reason::Reason;
use crate::pki::signature::SignatureAlgorithm;
use crate::rule::evidence::messages;
use crate::rule::sample::{DAY, Ledger, SIGNED_AT, Sample, after, at, identifier, name, root_key};
use crate::rule::{Assessment, Ceremony, Context, Issued, Policy, Rule, SigningTime};

/// A TBSCertList in pieces, each whole elements, so that any can be replaced.
#[derive(Clone)]
pub(super) struct CrlSample {
    pub(super) policy: Policy,
    pub(super) version: Vec<u8>,
    pub(super) algorithm: Vec<u8>,
    pub(super) issuer: Vec<u8>,
    pub(super) this_update: Vec<u8>,
    pub(super) next_update: Vec<u8>,
    /// The whole field; each entry whole.
    pub(super) entries: Option<Vec<Vec<u8>>>,
    pub(super) extensions: Vec<Extension>,
    pub(super) known: Vec<Issued>,
}

/// One entry: the content octets of its serial, hex; its date; its reason, if it has one.
pub(super) fn entry(serial: &str, revoked_at: Timestamp, reason: Option<Reason>) -> Vec<u8> {
    let extensions = reason.map(|reason| sequence(&[extension::extension(&Extension::reason_code(reason))]));
    entry_with(serial, &time::by_date(revoked_at), &extensions.unwrap_or_default())
}

/// One entry in pieces.
pub(super) fn entry_with(serial: &str, revoked_at: &[u8], extensions: &[u8]) -> Vec<u8> {
    let serial = element(tag::INTEGER, &from_hex(serial).unwrap());
    sequence(&[serial, revoked_at.to_vec(), extensions.to_vec()])
}

impl CrlSample {
    /// The root's CRL number 6, 364 days, one entry: the subordinate CA, superseded.
    pub(super) fn new() -> Self {
        Self {
            policy: Policy::PublicTls,
            version: from_hex("020101").unwrap(),
            algorithm: SignatureAlgorithm::for_key(&root_key()).der(),
            issuer: name("Root X1").der().to_vec(),
            this_update: time::by_date(after(0)),
            next_update: time::by_date(after(364 * DAY - 1)),
            entries: Some(vec![entry(
                "0102030405060708090a0b0c0d0e0f1011",
                at("2026-10-31T12:00:00Z"),
                Some(Reason::Superseded),
            )]),
            extensions: vec![
                Extension::authority_key_identifier(&identifier(&root_key())).unwrap(),
                Extension::crl_number(6),
            ],
            known: vec![Sample::subordinate().issued()],
        }
    }

    pub(super) fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(super) fn with_entry(self, entry: Vec<u8>) -> Self {
        self.but(|crl| crl.entries = Some(vec![entry]))
    }

    pub(super) fn with(mut self, extension: Extension) -> Self {
        self.extensions.retain(|one| one.oid != extension.oid);
        self.extensions.push(extension);
        self
    }

    pub(super) fn tbs(&self) -> Vec<u8> {
        let extensions: Vec<_> = self.extensions.iter().map(extension::extension).collect();
        let extensions = match extensions[..] {
            [] => Vec::new(),
            _ => element(tag::context_constructed(0), &sequence(&extensions)),
        };
        sequence(&[
            self.version.clone(),
            self.algorithm.clone(),
            self.issuer.clone(),
            self.this_update.clone(),
            self.next_update.clone(),
            self.entries.as_ref().map(|entries| sequence(entries)).unwrap_or_default(),
            extensions,
        ])
    }

    /// Lends the CRL with its entries read, and the context of a ceremony.
    fn in_context<T>(&self, read: impl FnOnce(&TbsCrlView<'_>, &Crl<'_>, &Context<'_>) -> T) -> T {
        let (octets, root) = (self.tbs(), Sample::root().tbs());
        let known = Ledger(Cow::Borrowed(&self.known));
        let signed_at = SigningTime::at(at(SIGNED_AT));
        let ceremony = Ceremony { policy: self.policy, signed_at, known: &known };
        let root = TbsCertificateView::read(&root, &mut Faults::new()).unwrap();
        let mut faults = Faults::new();
        let view = TbsCrlView::read(&octets, &mut faults).unwrap();
        view.read_entries(&mut faults);
        let crl = Crl::new(&view.fields(), None, faults);
        read(&view, &crl, &Context::crl(ceremony, root))
    }

    pub(super) fn objections(&self, rule: &Rule<Judge>) -> Vec<String> {
        if !rule.applies_under(self.policy) {
            return Vec::new();
        }
        self.in_context(|_, crl, context| {
            messages(rule, &context.clone(), |context| (rule.verdict)(crl, context))
        })
    }

    /// Everything that all rules together say.
    pub(super) fn assessment(&self) -> Assessment {
        self.in_context(|view, _, context| {
            judge_octets(view.octets(), CrlForm::ToBeSigned, context).unwrap().assessment
        })
    }

    /// Lends who is to be kept on the CRL, after a look at each entry.
    pub(super) fn after_all_entries<T>(&self, read: impl FnOnce(&kept::Kept) -> T) -> T {
        self.in_context(|view, crl, context| {
            let mut kept = kept::Kept::new(crl.tbs().head(), context);
            for view in view.entries() {
                kept.look(view.unwrap().serial_octets());
            }
            read(&kept)
        })
    }

    /// What a rule on entries says of each.
    fn entry_objections(&self, rule: &Rule<entry::Judge>) -> Vec<String> {
        if !rule.applies_under(self.policy) {
            return Vec::new();
        }
        self.in_context(|view, crl, context| {
            let head = entry::Head::of(crl.tbs().head());
            let judge = |view| {
                let entry = entry::Entry::new(view, &head, &mut Faults::new());
                messages(rule, &context.clone(), |context| (rule.verdict)(&entry, context))
            };
            view.entries().flat_map(|entry| judge(entry.unwrap())).collect()
        })
    }

    #[track_caller]
    pub(super) fn entry_passes(&self, rule: &Rule<entry::Judge>) {
        assert_eq!(self.entry_objections(rule), Vec::<String>::new(), "{}", rule.id);
    }

    #[track_caller]
    pub(super) fn entry_fails(&self, rule: &Rule<entry::Judge>, words: &str) {
        let objections = self.entry_objections(rule);
        assert!(
            objections.len() == 1 && objections[0].contains(words),
            "{}: wanted one with `{words}`, found {objections:?}",
            rule.id
        );
    }

    #[track_caller]
    pub(super) fn passes(&self, rule: &Rule<Judge>) {
        assert_eq!(self.objections(rule), Vec::<String>::new(), "{}", rule.id);
    }

    #[track_caller]
    pub(super) fn fails(&self, rule: &Rule<Judge>, words: &str) {
        let objections = self.objections(rule);
        assert!(
            objections.len() == 1 && objections[0].contains(words),
            "{}: wanted one with `{words}`, found {objections:?}",
            rule.id
        );
    }
}

#[test]
fn every_rule_is_met_by_a_good_crl() {
    let without_entries = CrlSample::new().but(|crl| crl.entries = None);
    for policy in [Policy::PublicTls, Policy::Private, Policy::PqcPilot] {
        for crl in [CrlSample::new(), without_entries.clone()] {
            let assessment = crl.but(|crl| crl.policy = policy).assessment();
            assert_eq!(assessment.objections, []);
            assert_eq!(assessment.not_judged, []);
            assert!(assessment.passed.contains(&"CRL-08") && assessment.passed.contains(&"CRL-21"));
        }
    }
}

#[test]
fn a_multitude_is_counted() {
    let many = vec![entry("80", after(0), Some(Reason::Superseded)); 30];
    let assessment = CrlSample::new().but(|crl| crl.entries = Some(many)).assessment();
    let messages = |rule| assessment.objections.iter().filter(move |one| one.rule == rule);
    assert_eq!(messages("CRL-08").count(), 11);
    assert_eq!(messages("CRL-08").next_back().unwrap().message, "the same holds for 20 more entries");
    assert!(messages("CRL-21").all(|one| one.message.contains("80 is there twice")));
}

#[test]
fn an_entry_that_cannot_be_read_is_an_error() {
    let broken = CrlSample::new().but(|crl| crl.entries = Some(vec![vec![0x30, 1, 5]])).assessment();
    assert!(broken.objections.iter().any(|one| one.rule == "CRL-20" && one.is_error()));
}
