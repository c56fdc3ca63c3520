//! The issuer is the issuing CA's subject, octet for octet. BR §7.1.4.1.

use super::{Certificate, Judge};
use crate::rule::{Context, Judgement, Kind, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRT-04",
    requires: "the issuer is the issuing CA's subject octet for octet, string types included",
    source: "BR 2.2.6 §7.1.4.1; RFC 5280 §4.1.2.4",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(certificate: &Certificate<'a>, context: &Context<'a>) -> Judgement {
    if context.kind() == Kind::Root {
        return NOT_APPLICABLE;
    }
    let (found, wanted) = (certificate.tbs().issuer(), context.issuer()?.subject());
    if found.octets() == wanted.octets() {
        PASS
    } else if found.to_string() == wanted.to_string() {
        must(format!("the issuer `{found}` reads like the issuing CA's subject and is encoded otherwise"))
    } else {
        must(format!("the issuer is `{found}`; the issuing CA's subject is `{wanted}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::pki::name::{Name, StringForm};
    use crate::rule::sample::{Sample, attribute, name};

    #[test]
    fn string_types_count() {
        let sample = Sample::subordinate();
        sample.passes(&RULE);
        sample.clone().but(|one| one.issuer = name("Root X3").der().to_vec()).fails(&RULE, "Root X3");
        let mut parts = [("C", "US"), ("O", "Example Trust Services"), ("CN", "Root X1")].map(|(a, b)| attribute(a, b));
        parts[1].form = StringForm::Utf8;
        let other = Name::from_attributes(&parts).unwrap().der().to_vec();
        sample.but(|one| one.issuer = other).fails(&RULE, "encoded otherwise");
    }
}
