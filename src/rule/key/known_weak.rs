//! The key is none that everybody knows: CVE-2008-0166, Debian's OpenSSL from 2006 to 2008. BR §6.1.1.3.
//!
//! In a ceremony there is no list: what a ceremony certifies was generated on its own tokens, or comes with the request of
//! a CA that has its own.

use super::{Judge, Key};
use crate::rule::{Context, Judgement, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "KEY-12",
    requires: "an RSA key is on no list of known weak keys, such as Debian's; such a list has to be given",
    source: "BR 2.2.6 §6.1.1.3; CVE-2008-0166",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge(key: &Key, context: &Context<'_>) -> Judgement {
    let Some((modulus, _)) = key.rsa() else { return NOT_APPLICABLE };
    match context.weak_keys() {
        Ok(list) if list.has(modulus) => must("the RSA key is on the list of known weak keys"),
        Ok(_) => PASS,
        Err(_) if context.is_ceremony() => NOT_APPLICABLE,
        Err(because) => Err(because),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Key;
    use super::RULE;
    use crate::pki::key::PublicKey;
    use crate::rule::evidence::messages;
    use crate::rule::sample::{Sample, root_key};
    use crate::rule::{Context, Kind, Policy, WeakKeys};

    #[test]
    fn a_key_on_the_list_is_refused() {
        // Python: hashlib.sha1(("Modulus=" + "C1" * 256 + "\n").encode()).hexdigest()[20:]
        let list = WeakKeys::read("7b94e4daf9bf69020e19\n").unwrap();
        let context = Context::lint(Policy::Private, Kind::Root);
        let said = |key: &PublicKey, context: &Context<'_>| {
            messages(&RULE, &context.clone(), |context| (RULE.verdict)(&Key::new(key.spki_der()), context))
        };
        let key = |octet| PublicKey::from_rsa(&[octet; 256], &[1, 0, 1]).unwrap();
        let listed = context.clone().with_weak_keys(&list);
        assert_eq!(said(&key(0xc1), &listed), ["the RSA key is on the list of known weak keys"]);
        assert_eq!(said(&key(0xc3), &listed), Vec::<String>::new());
        assert_eq!(said(&key(0xc1), &context), ["a list of known weak keys is not known"]);
        assert_eq!(said(&root_key(), &context), Vec::<String>::new());
        Sample::root().in_context(&Sample::root().tbs(), &Sample::existing().tbs(), |ceremony| {
            assert_eq!(said(&key(0xc1), ceremony), Vec::<String>::new());
        });
    }
}
