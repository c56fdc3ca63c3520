//! The request is signed by the key it asks for. RFC 2986 §3; BR §6.1.1.3.

use super::{Judge, Request};
use crate::digest::hex;
use crate::pki::signature::verify_signature;
use crate::rule::{Context, Judgement, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "KEY-06",
    requires: "the signature of the request is by the key in it",
    source: "RFC 2986 §3; BR 2.2.6 §6.1.1.3",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(request: &Request<'a>, _: &Context<'a>) -> Judgement {
    // What is to be signed has no signature yet.
    let Some(view) = request.whole() else { return NOT_APPLICABLE };
    // KEY-04 and KEY-05 speak of keys that cannot be used.
    let Ok(key) = view.info().public_key() else { return NOT_APPLICABLE };
    let found = view.signature_algorithm();
    let Some(algorithm) = found.signature_algorithm() else {
        return must(format!("the signature algorithm is {}, which is not one of ours", hex(found.octets())));
    };
    match verify_signature(&key, algorithm, view.info().octets(), view.signature()) {
        Ok(()) => PASS,
        Err(error) => must(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{objections, request};
    use super::RULE;

    #[test]
    fn a_wrong_signature_is_refused() {
        let good = request();
        assert_eq!(objections(&RULE, &good), Vec::<String>::new());
        let mut signature = good.clone();
        *signature.last_mut().unwrap() ^= 1;
        assert_eq!(objections(&RULE, &signature), ["the signature is not by this key over these octets"]);
        // The subject's last letter.
        let mut subject = good;
        let place = subject.windows(2).position(|pair| pair == b"E1").unwrap();
        subject[place + 1] = b'2';
        assert_eq!(objections(&RULE, &subject), ["the signature is not by this key over these octets"]);
    }
}
