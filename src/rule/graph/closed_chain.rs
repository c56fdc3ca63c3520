//! Every chain closes: from a root to the certificate there is a path of certificates, none of them revoked. RFC 5280 §6.1.

use std::collections::BTreeSet;

use crate::digest::Digest;
use crate::rule::certificate::{Certificate, Judge};
use crate::rule::{Context, Judgement, Kind, Known, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "GRA-06",
    requires: "from a root there is a path to the certificate on which none is revoked",
    source: "RFC 5280 §6.1; BR 2.2.6 §4.9.1.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(_: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    // A root is where paths begin.
    if context.kind() == Kind::Root {
        return NOT_APPLICABLE;
    }
    let (known, issuer) = (context.known()?, context.issuer()?);
    let mut seen = BTreeSet::new();
    if reaches_root(known, (issuer.subject().sha256(), issuer.spki_sha256()), &mut seen) {
        return PASS;
    }
    must(format!("no path leads from a root to the issuer `{}` over certificates that are not revoked", issuer.subject()))
}

/// Whether a root certifies this name and key, over any number of others. Each name and key is looked at once.
fn reaches_root(known: &dyn Known, wanted: (Digest, Digest), seen: &mut BTreeSet<(Digest, Digest)>) -> bool {
    let mut open = vec![wanted];
    while let Some((subject, key)) = open.pop() {
        if !seen.insert((subject, key)) {
            continue;
        }
        let of_subject = known.certificates_of_subject(subject).into_iter();
        for one in of_subject.filter(|one| one.spki_sha256 == Some(key) && one.revoked.is_none()) {
            if one.kind == Kind::Root {
                return true;
            }
            open.extend(one.issuer_spki_sha256.map(|issuer_key| (one.issuer_sha256, issuer_key)));
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::reason::Reason;
    use crate::rule::sample::{Sample, SIGNED_AT, at, name, root_key};
    use crate::rule::Kind;

    #[test]
    fn a_path_from_a_root_has_to_be_there_and_good() {
        let over = |known: Vec<_>| Sample::subordinate().but(|one| one.known = known);
        let root = Sample::root().issued();
        over(vec![root.clone()]).passes(&RULE);
        over(vec![Sample::existing().issued()]).fails(&RULE, "no path leads from a root to the issuer `CN=Root X1");
        let mut revoked = root.clone();
        revoked.revoked = Some((at(SIGNED_AT), Reason::KeyCompromise));
        over(vec![revoked.clone()]).fails(&RULE, "not revoked");
        // Another path is enough: here a cross-certificate onto the root's name and key by another root.
        let mut cross = root.clone();
        cross.kind = Kind::Cross;
        let other = Sample::existing().issued();
        (cross.issuer_sha256, cross.issuer_spki_sha256) = (name("Root X2").sha256(), other.spki_sha256);
        over(vec![revoked.clone(), cross.clone(), other]).passes(&RULE);
        // Two that certify each other close nothing.
        cross.issuer_sha256 = name("Root X1").sha256();
        cross.issuer_spki_sha256 = Some(root_key().spki_sha256());
        over(vec![revoked, cross]).fails(&RULE, "no path leads");
        Sample::root().passes(&RULE);
    }
}
