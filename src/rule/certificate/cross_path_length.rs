//! A cross-certificate has the path length of the certificate being cross-signed. ISRG's profile.

use super::{Certificate, Judge};
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "XCA-07",
    requires: "a cross-certificate's path length is that of the certificate being cross-signed, absent where it is absent",
    source: "ISRG CP/CPS 6.2, cross-certificate profile; BR 2.2.6 §7.1.2.10.4",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::Cross {
        return NOT_APPLICABLE;
    }
    let length = |constraints: Option<crate::pki::read::BasicConstraints>| constraints.and_then(|one| one.path_length);
    let found = length(certificate.extensions().basic_constraints()?);
    let wanted = length(context.existing()?.0.extensions().basic_constraints()?);
    let said = |length: Option<u64>| length.map_or("none".to_owned(), |length| length.to_string());
    if found == wanted {
        PASS
    } else {
        let (found, wanted) = (said(found), said(wanted));
        must(format!("the path length is {found}; that of the certificate being cross-signed is {wanted}"))
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::build::Extension;
    use crate::rule::sample::Sample;

    #[test]
    fn zero_is_not_none() {
        Sample::cross().passes(&RULE);
        let zero = Extension::basic_constraints(true, true, Some(0)).unwrap();
        Sample::cross().with(zero).fails(&RULE, "is 0; that of the certificate being cross-signed is none");
    }
}
