//! Which certificates can be revoked, for which reasons, and since when. RFC 5280 §5.3.1; BR §4.9, §7.2.2.

use super::{Issued, Kind, Ledger, Policy};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::pki::reason::Reason;

/// What of an issuer's can be revoked.
pub fn choices(ledger: &Ledger, issuer: Digest) -> Vec<&Issued> {
    let of_issuer = ledger.all_issued().filter(|one| one.issuer_sha256 == issuer && one.revoked.is_none());
    of_issuer.filter(|one| one.kind != Kind::Root && !one.made_here).collect()
}

/// What people call an issuer that goes by the digest of its name.
pub fn called_issuer(ledger: &Ledger, issuer: Digest) -> String {
    let of_name = ledger.all_issued().find(|one| one.subject_sha256 == issuer && !one.name.is_empty());
    of_name.map_or_else(|| format!("the CA whose name has the SHA-256 {issuer}"), Issued::called)
}

/// Why a certificate cannot be revoked, or not for this reason.
pub fn unfit(issued: &Issued, reason: Option<Reason>, policy: Policy) -> Vec<String> {
    let called = issued.called();
    let mut wrong = Vec::new();
    if issued.kind == Kind::Root {
        wrong.push(format!(
            "{called} is a root: nobody believes a list on which its own key is revoked; roots are removed"
        ));
    }
    // Its serial number would be on a list in the bundle that hands it over, and nobody would take that.
    if issued.made_here {
        wrong.push(format!("{called} is made in this ceremony; what is revoked at once need not be made"));
    }
    if let Some((at, reason)) = issued.revoked {
        wrong.push(format!("{called} is revoked already, since {at}, {reason}; neither can be changed"));
    }
    match reason {
        Some(reason @ (Reason::CertificateHold | Reason::RemoveFromCrl)) => {
            wrong.push(format!("`{reason}` is no revocation, which cannot be undone (RFC 5280 §5.3.1)"));
        }
        Some(Reason::Unspecified) if issued.kind != Kind::OcspResponder => {
            wrong.push(format!("{called} is a CA's; its revocation needs a reason (BR 2.2.6 §7.2.2)"));
        }
        Some(reason)
            if policy == Policy::PublicTls && reason != Reason::Unspecified && !REASONS.contains(&reason) =>
        {
            wrong.push(format!(
                "`{reason}` is not allowed; wanted one of {} (BR 2.2.6 §7.2.2)",
                REASONS.map(Reason::name).join(", ")
            ));
        }
        _ => {}
    }
    wrong
}

/// Why a certificate cannot be revoked since then.
pub fn untimely(issued: &Issued, at: Timestamp, now: Timestamp) -> Vec<String> {
    let (called, begins) = (issued.called(), issued.not_before);
    let mut wrong = Vec::new();
    if at < begins {
        wrong.push(format!("{called} is valid from {begins}; it cannot be revoked since {at}"));
    }
    if at > now {
        wrong.push(format!("the revocation would be effective at {at}; wanted no time after {now}, when the step may take place"));
    }
    wrong
}

/// The reasons that a CA's certificate is revoked for. BR §7.2.2.
pub const REASONS: [Reason; 5] = [
    Reason::KeyCompromise,
    Reason::AffiliationChanged,
    Reason::Superseded,
    Reason::CessationOfOperation,
    Reason::PrivilegeWithdrawn,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn issued(kind: Kind) -> Issued {
        let digest = Digest::of(b"");
        Issued {
            name: "e1".into(),
            kind,
            made_here: false,
            sha256: None,
            issuer_sha256: digest,
            issuer_spki_sha256: None,
            subject_sha256: digest,
            spki_sha256: None,
            said: None,
            serial: vec![1],
            not_before: at("2026-11-01T00:00:00Z"),
            not_after: at("2027-11-01T00:00:00Z"),
            revoked: None,
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_ca_is_revoked_for_one_of_five_reasons_and_a_responder_also_for_none() {
        for reason in Reason::ALL {
            let allowed = |kind, policy| unfit(&issued(kind), Some(reason), policy).is_empty();
            assert_eq!(allowed(Kind::Subordinate, Policy::PublicTls), REASONS.contains(&reason), "{reason}");
            let never = [Reason::CertificateHold, Reason::RemoveFromCrl];
            let private = !never.contains(&reason) && reason != Reason::Unspecified;
            assert_eq!(allowed(Kind::Subordinate, Policy::Private), private, "{reason}");
            let responder = REASONS.contains(&reason) || reason == Reason::Unspecified;
            assert_eq!(allowed(Kind::OcspResponder, Policy::PublicTls), responder, "{reason}");
            assert!(!allowed(Kind::Root, Policy::PublicTls), "{reason}");
        }
        // The room says the reason: what is known before is judged before.
        assert!(unfit(&issued(Kind::Subordinate), None, Policy::PublicTls).is_empty());
        let mut revoked = issued(Kind::Subordinate);
        revoked.revoked = Some((at("2026-12-01T00:00:00Z"), Reason::Superseded));
        assert_eq!(unfit(&revoked, Some(Reason::Superseded), Policy::Private).len(), 1);
        let mut new = issued(Kind::Subordinate);
        new.made_here = true;
        assert_eq!(unfit(&new, Some(Reason::Superseded), Policy::Private).len(), 1);
    }

    #[test]
    fn a_revocation_is_neither_before_the_certificate_nor_in_the_future() {
        let one = issued(Kind::Subordinate);
        let wrong = |since: &str, now: &str| untimely(&one, at(since), at(now)).len();
        assert_eq!(wrong("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z"), 0);
        assert_eq!(wrong("2026-10-31T23:59:59Z", "2026-11-01T00:00:00Z"), 1);
        assert_eq!(wrong("2026-11-01T00:00:01Z", "2026-11-01T00:00:00Z"), 1);
        assert_eq!(wrong("2026-11-01T00:00:01Z", "2026-11-01T00:00:01Z"), 0);
    }
}
