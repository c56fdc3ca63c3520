//! A CRL's issuer is the issuing CA's subject, octet for octet. BR §7.2.

use super::{Crl, Judge};
use crate::rule::{Context, Judgement, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-02",
    requires: "the issuer is the issuing CA's subject octet for octet, and not empty",
    source: "BR 2.2.6 §7.2; RFC 5280 §5.1.2.3",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, context: &Context<'a>) -> Judgement {
    let found = crl.tbs().issuer();
    if found.is_empty() {
        return must("the issuer is empty");
    }
    let wanted = context.issuer()?.subject();
    if found == wanted {
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
    use super::super::sample::CrlSample;
    use crate::pki::name::{Name, StringForm};
    use crate::rule::sample::{attribute, name};

    #[test]
    fn string_types_count() {
        CrlSample::new().passes(&RULE);
        CrlSample::new().but(|crl| crl.issuer = vec![0x30, 0]).fails(&RULE, "empty");
        CrlSample::new().but(|crl| crl.issuer = name("E1").der().to_vec()).fails(&RULE, "CN=E1");
        let mut parts = [("C", "US"), ("O", "Example Trust Services"), ("CN", "Root X1")].map(|(a, b)| attribute(a, b));
        parts[2].form = StringForm::Utf8;
        let other = Name::from_attributes(&parts).unwrap().der().to_vec();
        CrlSample::new().but(|crl| crl.issuer = other).fails(&RULE, "encoded otherwise");
    }
}
