//! A full CRL has no issuing distribution point; a scoped one has the URI of its certificates. Mozilla 5.2; BR §7.2.2.1.

use super::{Crl, Judge};
use crate::pki::read::DistributionPointName;
use crate::rule::{Context, Findings, Judgement, NOT_APPLICABLE, Rule, Severities};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-14",
    requires: "a full CRL better has no issuing distribution point; one that has any names the URI of its distribution point",
    source: "BR 2.2.6 §7.2.2.1; CCADB Policy 2.1 §6.2; Mozilla Root Store Policy 3.1 §5.2",
    severity: Severities::BASELINE,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, _: &Context<'a>) -> Judgement {
    let Some(point) = crl.extensions().issuing_distribution_point()? else { return NOT_APPLICABLE };
    let scoped = point.only_ca_certificates || point.only_user_certificates || point.only_some_reasons.is_some();
    let mut findings = Findings::new();
    match point.name {
        Some(DistributionPointName::Full(names)) => {
            for name in names.iter().filter(|name| name.uri().is_none_or(|uri| !uri.starts_with("http://"))) {
                findings.must(format!("the distribution point is {name}; wanted a URI that begins with http://"));
            }
        }
        Some(DistributionPointName::Relative(_)) => findings.must("the distribution point has no fullName"),
        // What everything that a root issues is a CA certificate for: only the ledger can tell, CRL-15.
        None if scoped => findings.should("the scoped CRL has no distribution point; it should name its URI"),
        None => {}
    }
    findings.verdict()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use super::super::sample::CrlSample;
    use crate::pki::build::{CrlScope, Extension};

    #[test]
    fn a_scoped_crl_names_its_uri() {
        let with = |scope| CrlSample::new().with(Extension::issuing_distribution_point(&scope).unwrap());
        let uris: &[&str] = &["http://x1.c.example.org/"];
        CrlSample::new().passes(&RULE);
        with(CrlScope { uris, only_ca_certificates: true, ..CrlScope::default() }).passes(&RULE);
        with(CrlScope { uris, ..CrlScope::default() }).passes(&RULE);
        with(CrlScope { only_ca_certificates: true, ..CrlScope::default() }).fails(&RULE, "should name its URI");
        with(CrlScope { uris: &["https://x1.c.example.org/"], ..CrlScope::default() }).fails(&RULE, "http://");
    }
}
