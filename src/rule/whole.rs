//! All rules together: good certificates have no objection, and what is missing is said.

use super::certificate::{Certificate, judge, recognise};
use super::sample::{DAY, Sample, after};
use super::{Assessment, Ceremony, Context, Kind, NothingKnown, Policy, SigningTime};
use crate::pki::build::Extension;
use crate::pki::build::time::by_date;
use crate::pki::oid::extension::{AUTHORITY_KEY_IDENTIFIER, CERTIFICATE_POLICIES, KEY_USAGE};
use crate::pki::oid::policy::ANY;
use crate::pki::read::TbsCertificateView;
use crate::pki::read::der::Faults;

fn assess(sample: &Sample) -> Assessment {
    let (tbs, root, existing) = (sample.tbs(), Sample::root().tbs(), Sample::existing().tbs());
    let certificate = Certificate::from_tbs(&tbs).unwrap();
    sample.in_context(&root, &existing, |context| judge(&certificate, &context.clone()))
}

fn rules(assessment: &Assessment) -> Vec<String> {
    assessment.objections.iter().map(|one| format!("{} {}", one.severity, one.rule)).collect()
}

#[test]
fn good_certificates_have_no_objection() {
    for sample in Sample::all() {
        for policy in [Policy::PublicTls, Policy::Private] {
            let assessment = assess(&sample.clone().but(|one| one.policy = policy));
            // Only the root being cross-signed lacks an authority key identifier, which is merely recommended.
            let own = sample.extensions.iter().any(|one| one.oid == AUTHORITY_KEY_IDENTIFIER);
            let wanted: &[&str] = if own || policy == Policy::Private { &[] } else { &["warning ROOT-07"] };
            assert_eq!(rules(&assessment), wanted, "{} {policy}", sample.kind);
            assert_eq!(assessment.not_judged, []);
            assert!(!assessment.has_error() && assessment.passed.len() > 15);
        }
    }
}

#[test]
fn what_the_baseline_requirements_allow_is_no_error() {
    let root = Sample::root;
    for allowed in [
        root().but(|one| one.not_after = by_date(after(2922 * DAY - 1))),
        root().but(|one| one.not_after = by_date(after(9132 * DAY - 1))),
        root().without(AUTHORITY_KEY_IDENTIFIER),
        root().with_value(KEY_USAGE, "03020186"),
        Sample::subordinate().with(
            Extension::certificate_policies(
                false,
                &[crate::pki::build::PolicyParts { policy: ANY, cps: None }],
            )
            .unwrap(),
        ),
        Sample::responder().with(Extension::basic_constraints(true, false, None).unwrap()),
    ] {
        assert!(!assess(&allowed).has_error(), "{:?}", rules(&assess(&allowed)));
    }
}

#[test]
fn each_fault_is_one_objection() {
    for (sample, wanted) in [
        (
            Sample::root().but(|one| one.not_after = by_date(after(9132 * DAY))),
            &["error ROOT-02", "warning MS-02"][..],
        ),
        (Sample::root().with_value(KEY_USAGE, "03020102"), &["error ROOT-05"]),
        (Sample::subordinate().without(CERTIFICATE_POLICIES), &["error TLS-03"]),
        (
            Sample::subordinate().but(|one| one.not_after = by_date(after(3650 * DAY))),
            &["error CRT-12", "warning CHR-04"],
        ),
        (Sample::cross().with(Extension::subject_key_identifier(&[7; 20]).unwrap()), &["error XCA-02"]),
    ] {
        assert_eq!(rules(&assess(&sample)), wanted);
    }
}

#[test]
fn outside_of_a_ceremony_a_missing_part_is_said_and_not_passed() {
    let tbs = Sample::subordinate().tbs();
    let certificate = Certificate::from_tbs(&tbs).unwrap();
    let alone = judge(&certificate, &Context::lint(Policy::PublicTls, Kind::Subordinate));
    assert_eq!(alone.objections, []);
    let said: Vec<_> = alone.not_judged.iter().map(|one| format!("{}: {}", one.rule, one.because)).collect();
    assert_eq!(
        said,
        [
            "CRT-04: the issuer's certificate is not known",
            "CRT-08: the time of signing is not known",
            "CRT-12: the issuer's certificate is not known",
            "CRT-15: the log's ledger is not known",
            "ALG-02: the issuer's certificate is not known",
            "ROOT-11: the issuer's certificate is not known",
            "SUB-01: the issuer's certificate is not known",
            "SUB-04: the issuer's certificate is not known",
            "KEY-07: the log's ledger is not known",
            "MS-05: the log's ledger is not known",
            "KEY-08: the issuer's certificate is not known",
            "GRA-01: the log's ledger is not known",
            "GRA-02: the log's ledger is not known",
            "GRA-03: the log's ledger is not known",
            "GRA-04: the log's ledger is not known",
            "GRA-05: the log's ledger is not known",
            "GRA-06: the log's ledger is not known",
            "GRA-07: the log's ledger is not known",
        ]
    );
    let root = Sample::root().tbs();
    let root = TbsCertificateView::read(&root, &mut Faults::new()).unwrap();
    let context = Context::lint(Policy::PublicTls, Kind::Subordinate)
        .with_issuer(root)
        .with_known(&NothingKnown)
        .with_signing_time(SigningTime::at(after(0)));
    assert_eq!(judge(&certificate, &context).not_judged, []);
}

#[test]
fn in_a_ceremony_what_cannot_be_judged_is_an_error() {
    // A cross-certificate in a context that was not made for one.
    let (tbs, root) = (Sample::cross().tbs(), Sample::root().tbs());
    let root = TbsCertificateView::read(&root, &mut Faults::new()).unwrap();
    let signed_at = SigningTime::at(after(0));
    let ceremony = Ceremony { policy: Policy::PublicTls, signed_at, known: &NothingKnown };
    let context = Context::issued_by(ceremony, Kind::Cross, root);
    let assessment = judge(&Certificate::from_tbs(&tbs).unwrap(), &context);
    let objection = assessment.objections.iter().find(|one| one.rule == "XCA-01").unwrap();
    assert!(
        objection.is_error() && objection.message.contains("the certificate being cross-signed is not known")
    );
}

#[test]
fn a_whole_window_of_signing_times_is_judged() {
    // Not before is 2026-11-01T00:00:00Z.
    let (tbs, root) = (Sample::subordinate().tbs(), Sample::root().tbs());
    let certificate = Certificate::from_tbs(&tbs).unwrap();
    let root = TbsCertificateView::read(&root, &mut Faults::new()).unwrap();
    for (from, to, good) in [(0, DAY, true), (0, DAY + 1, false)] {
        let signed_at = SigningTime::between(after(from), after(to));
        let ceremony = Ceremony { policy: Policy::PublicTls, signed_at, known: &NothingKnown };
        let assessment = judge(&certificate, &Context::issued_by(ceremony, Kind::Subordinate, root));
        assert_eq!(rules(&assessment).contains(&"error CRT-08".to_owned()), !good);
    }
}

#[test]
fn what_a_certificate_is_can_be_seen() {
    for sample in Sample::all() {
        let tbs = sample.tbs();
        let view = TbsCertificateView::read(&tbs, &mut Faults::new()).unwrap();
        let seen = if sample.kind == Kind::Cross { Kind::Subordinate } else { sample.kind };
        assert_eq!(recognise(&view), seen);
    }
}
