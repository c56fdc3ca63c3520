//! A root's issuer is its subject. BR §7.1.2.1.

use super::{Certificate, Judge};
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "ROOT-01",
    requires: "a root's issuer is its subject, octet for octet",
    source: "BR 2.2.6 §7.1.2.1",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() != Kind::Root {
        return NOT_APPLICABLE;
    }
    let (issuer, subject) = (certificate.tbs().issuer(), certificate.tbs().subject());
    if issuer == subject {
        PASS
    } else {
        must(format!("the issuer is `{issuer}` and the subject is `{subject}`; in a root they are the same octets"))
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::name::{Name, StringForm};
    use crate::rule::sample::{Sample, attribute, name};

    #[test]
    fn string_types_count() {
        Sample::root().passes(&RULE);
        Sample::root().but(|root| root.issuer = name("Root X2").der().to_vec()).fails(&RULE, "Root X2");
        let mut parts = [("C", "US"), ("O", "Example Trust Services"), ("CN", "Root X1")].map(|(a, b)| attribute(a, b));
        parts[2].form = StringForm::Utf8;
        let other = Name::from_attributes(&parts).unwrap().der().to_vec();
        Sample::root().but(|root| root.subject = other).fails(&RULE, "same octets");
    }
}
