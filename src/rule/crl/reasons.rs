//! Every CA certificate on a CRL has a reason, one of five. BR §7.2.2; CCADB 3.2.

use super::{Crl, Judge};
use super::EntryFindings;
use crate::digest::hex;
use crate::pki::reason::Reason;
use crate::rule::{Context, Judgement, Kind, Rule, Severities};

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

fn judge<'a>(crl: &Crl<'a>, context: &Context<'a>) -> Judgement {
    let issuer = crl.tbs().issuer().sha256();
    let mut findings = EntryFindings::default();
    for entry in crl.tbs().entries() {
        let entry = entry?;
        let serial = || hex(entry.serial_octets());
        match entry.extensions().reason_code()? {
            Some(code) if Reason::from_code(code).is_some_and(|reason| ALLOWED.contains(&reason)) => {}
            // CRL-19 speaks of numbers that are no reasons.
            Some(code) => {
                if let Some(reason) = Reason::from_code(code) {
                    findings.must(|| format!("the entry {} has the reason {reason}, which is not allowed", serial()));
                }
            }
            None => {
                let known = context.known().ok().and_then(|known| known.issued(issuer, entry.serial_octets()));
                match known.map(|issued| issued.kind) {
                    Some(Kind::OcspResponder | Kind::Other) => {}
                    Some(kind) => findings.must(|| format!("the entry {}, {kind}, has no reason", serial())),
                    // What a root revokes is a CA unless the ledger knows better.
                    None if context.is_ceremony() => {
                        findings.must(|| format!("the entry {} has no reason and the ledger does not know it", serial()));
                    }
                    None => findings.should(|| format!("the entry {} has no reason; a CA's needs one", serial())),
                }
            }
        }
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use super::super::sample::CrlSample;
    use super::super::sample::entry;
    use super::ALLOWED;
    use crate::pki::reason::Reason;
    use crate::rule::sample::{Sample, after};

    const SERIAL: &str = "0102030405060708090a0b0c0d0e0f1011";

    #[test]
    fn a_cas_entry_has_one_of_five_reasons() {
        for reason in Reason::ALL {
            let crl = CrlSample::new().with_entry(entry(SERIAL, after(0), Some(reason)));
            if ALLOWED.contains(&reason) {
                crl.passes(&RULE);
            } else {
                crl.fails(&RULE, "not allowed");
            }
        }
    }

    #[test]
    fn a_missing_reason_is_for_others_than_cas() {
        let without = |known: Sample| {
            let crl = CrlSample::new().with_entry(entry(SERIAL, after(0), None));
            crl.but(|crl| crl.known = vec![known.issued()])
        };
        without(Sample::subordinate()).fails(&RULE, "subordinate, has no reason");
        without(Sample::responder()).passes(&RULE);
        without(Sample::subordinate().but(|one| one.serial = vec![2, 1, 7])).fails(&RULE, "does not know it");
    }
}
