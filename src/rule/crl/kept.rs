//! Who was revoked stays on the CRL. RFC 5280 §3.3; BR §4.10.1.
//!
//! What has to stay is what the log knows as revoked: as much memory as the log has revocations, however long the CRL is.

use std::collections::BTreeMap;

use crate::clock::Timestamp;
use crate::digest::hex;
use crate::pki::read::CrlHead;
use crate::rule::{CannotJudge, Context, Findings, Judgement, NOT_APPLICABLE, Rule, Severities};

/// How this rule judges: it looks at every entry, and says at the end who is missing.
pub(super) const RULE: Rule<fn(&Kept) -> Judgement> = Rule {
    id: "CRL-12",
    requires: "everyone whom the log knows as revoked is on the CRL until the certificate expires, better one CRL longer",
    source: "RFC 5280 §3.3; BR 2.2.6 §4.10.1, §7.2",
    severity: Severities::STANDARD,
    verdict: Kept::verdict,
};

/// Who has not been seen yet.
#[derive(Debug)]
pub(super) struct Kept {
    /// The last second of each certificate, by its serial number.
    missing: Result<BTreeMap<Vec<u8>, Timestamp>, CannotJudge>,
    revoked: usize,
    this_update: Timestamp,
}

impl Kept {
    /// Everyone whom the log knows as revoked by this issuer.
    pub(super) fn new(head: &CrlHead<'_>, context: &Context<'_>) -> Self {
        let this_update = head.this_update().at();
        let missing: Result<BTreeMap<_, _>, _> = context.known().map(|known| {
            let issued = known.certificates_issued_by(head.issuer().sha256());
            let revoked =
                issued.into_iter().filter(|one| one.revoked.is_some_and(|(at, _)| at <= this_update));
            revoked.map(|one| (one.serial, one.not_after)).collect()
        });
        Self { revoked: missing.as_ref().map_or(0, BTreeMap::len), missing, this_update }
    }

    /// Looks at the next serial number.
    pub(super) fn look(&mut self, serial: &[u8]) {
        if let Ok(missing) = &mut self.missing
            && !missing.is_empty()
        {
            missing.remove(serial);
        }
    }

    fn verdict(&self) -> Judgement {
        let missing = self.missing.as_ref().map_err(Clone::clone)?;
        if self.revoked == 0 {
            return NOT_APPLICABLE;
        }
        let mut findings = Findings::new();
        for (serial, not_after) in missing {
            let serial = hex(serial);
            if *not_after >= self.this_update {
                findings
                    .must(format!("{serial} is revoked and lasts until {not_after}; it is not on the CRL"));
            } else {
                findings.should(format!(
                    "{serial} was revoked and expired at {not_after}; it has to be on one CRL after that, and is not on this"
                ));
            }
        }
        findings.verdict()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{CrlSample, entry};
    use super::RULE;
    use crate::pki::build::time::by_date;
    use crate::pki::reason::Reason;
    use crate::rule::evidence::note;
    use crate::rule::sample::{DAY, Sample, after};
    use crate::rule::{Unmet, Verdict};

    /// What is said when this serial is listed and the subordinate CA was revoked then.
    fn said(listed: &str, revoked_at: u64, this_update: u64) -> Vec<String> {
        let mut issued = Sample::subordinate().issued();
        issued.revoked = Some((after(revoked_at), Reason::Superseded));
        let crl = CrlSample::new().with_entry(entry(listed, after(0), Some(Reason::Superseded)));
        let crl = crl.but(|crl| (crl.known, crl.this_update) = (vec![issued], by_date(after(this_update))));
        let judgement = crl.after_all_entries(|kept| (RULE.verdict)(kept));
        note(RULE.id, &judgement);
        match judgement.unwrap() {
            Verdict::Unmet(ways) => ways.into_iter().map(|Unmet { message, .. }| message).collect(),
            Verdict::Pass | Verdict::NotApplicable => Vec::new(),
        }
    }

    #[test]
    fn nobody_is_dropped_early() {
        let (own, other) = ("0102030405060708090a0b0c0d0e0f1011", "07");
        assert_eq!(said(own, 0, DAY), Vec::<String>::new());
        assert!(said(other, 0, DAY)[0].contains("it is not on the CRL"));
        // The subordinate CA lasts 1095 days, its last second included.
        assert!(said(other, 0, 1095 * DAY - 1)[0].contains("it is not on the CRL"));
        assert!(said(other, 0, 1095 * DAY)[0].contains("one CRL after that"));
        assert_eq!(said(own, 0, 1095 * DAY), Vec::<String>::new());
        // What is revoked later is not on it yet.
        assert_eq!(said(other, DAY, DAY - 1), Vec::<String>::new());
        assert_eq!(said(other, DAY, DAY).len(), 1);
    }
}
