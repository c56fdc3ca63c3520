//! Rules on a certificate among all others that the ceremony and its log know: what must not contradict each other.
//!
//! They are applied with every rule on certificates, while planning to each certificate of the ceremony against all
//! before it, and once more before it is signed. Without a ledger none of them can be judged.

use super::certificate::{Certificate, Judge};
use super::objection::Assessment;
use super::{Context, Findings, Issued, Judgement, NOT_APPLICABLE, rules};

rules! { Judge; one_key_of_a_name one_name_of_a_key identifiers crl_uris access_uris closed_chain nested_validity }

/// Judges a certificate by every rule on how certificates fit together.
pub(super) fn judge<'a>(assessment: &mut Assessment, certificate: &Certificate<'a>, context: &Context<'a>) {
    for rule in RULES {
        assessment.enter(rule, context, |verdict| verdict(certificate, context));
    }
}

/// What an earlier certificate contradicts is an objection; a serial number that was used, and of which no certificate
/// came as far as the log knows, gives a warning alone.
fn object(other: &Issued, message: String, findings: &mut Findings) {
    if other.name.is_empty() {
        findings.should(format!("{message}; no certificate of that signature is known"));
    } else {
        findings.must(message);
    }
}

/// Compares with every CA certificate that the same name and key issued, and whose octets are known.
fn of_the_same_issuer<'a>(
    certificate: &Certificate<'a>,
    context: &Context<'a>,
    mut compare: impl FnMut(&Issued, &mut Findings) -> Option<()>,
) -> Judgement {
    if !context.kind().is_subordinate_ca() {
        return NOT_APPLICABLE;
    }
    let (known, key) = (context.known()?, context.issuer()?.spki_sha256());
    let mut findings = Findings::new();
    for other in known.certificates_issued_by(certificate.tbs().issuer().sha256()) {
        let same_key = other.issuer_spki_sha256.is_none_or(|its| its == key);
        if same_key && other.kind.is_subordinate_ca() {
            // Of what nobody has the octets there is nothing to compare.
            let _ = compare(&other, &mut findings);
        }
    }
    findings.verdict()
}

/// Two certificates of one issuer name other places for the same thing. Of earlier ceremonies' nothing can be changed any
/// more, and places move: there it is a warning.
fn differ(other: &Issued, what: &str, own: &[String], its: &[String], findings: &mut Findings) {
    if own == its {
        return;
    }
    let at = |places: &[String]| {
        if places.is_empty() { "nowhere".into() } else { format!("at {}", places.join(" and ")) }
    };
    let message =
        format!("the {what} of this issuer is {}; in {} it is {}", at(own), other.called(), at(its));
    if other.made_here && !other.name.is_empty() {
        findings.must(message);
    } else {
        findings.should(message);
    }
}
