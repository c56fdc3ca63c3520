//! Every CA certificate on a CRL has a reason, one of five. BR §7.2.2; CCADB 3.2.

use super::{Entry, Judge};
use crate::pki::reason::Reason;
use crate::rule::{Context, Judgement, Kind, PASS, Rule, Severities, must, should};

/// The reasons that the BR's table allows.
const ALLOWED: [Reason; 5] = [
    Reason::KeyCompromise,
    Reason::AffiliationChanged,
    Reason::Superseded,
    Reason::CessationOfOperation,
    Reason::PrivilegeWithdrawn,
];

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-09",
    requires: "every entry of a CA's certificate has a reason code: key-compromise, affiliation-changed, superseded, cessation-of-operation or privilege-withdrawn",
    source: "BR 2.2.6 §7.2.2; CCADB Policy 2.1 §3.2; Microsoft Trusted Root Program 1.2 §2.1.7",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(entry: &Entry<'a>, context: &Context<'a>) -> Judgement {
    if let Some(code) = entry.reason()? {
        return match Reason::from_code(code) {
            Some(reason) if !ALLOWED.contains(&reason) => {
                must(format!("the entry {entry} has the reason {reason}, which is not allowed"))
            }
            // CRL-19 speaks of numbers that are no reasons.
            _ => PASS,
        };
    }
    let known = context.known().ok();
    let issued = known.and_then(|known| known.issued(entry.issuer_sha256(), entry.view().serial_octets()));
    match issued.map(|issued| issued.kind) {
        Some(Kind::OcspResponder | Kind::Other) => PASS,
        Some(kind) => must(format!("the entry {entry}, {kind}, has no reason")),
        // What a root revokes is a CA unless the ledger knows better.
        None if context.is_ceremony() => {
            must(format!("the entry {entry} has no reason and the ledger does not know it"))
        }
        None => should(format!("the entry {entry} has no reason; a CA's needs one")),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::rule::crl::sample::CrlSample;
    use crate::rule::crl::sample::entry;
    use super::ALLOWED;
    use crate::pki::reason::Reason;
    use crate::rule::sample::{Sample, after};

    const SERIAL: &str = "0102030405060708090a0b0c0d0e0f1011";

    #[test]
    fn a_cas_entry_has_one_of_five_reasons() {
        for reason in Reason::ALL {
            let crl = CrlSample::new().with_entry(entry(SERIAL, after(0), Some(reason)));
            if ALLOWED.contains(&reason) {
                crl.entry_passes(&RULE);
            } else {
                crl.entry_fails(&RULE, "not allowed");
            }
        }
    }

    #[test]
    fn a_missing_reason_is_for_others_than_cas() {
        let without = |known: Sample| {
            let crl = CrlSample::new().with_entry(entry(SERIAL, after(0), None));
            crl.but(|crl| crl.known = vec![known.issued()])
        };
        without(Sample::subordinate()).entry_fails(&RULE, "subordinate, has no reason");
        without(Sample::responder()).entry_passes(&RULE);
        without(Sample::subordinate().but(|one| one.serial = vec![2, 1, 7])).entry_fails(&RULE, "does not know it");
    }
}
