//! A CRL's number is above every earlier one. RFC 5280 §5.2.3.

use super::{Crl, Judge};
use crate::digest::hex;
use crate::rule::{Context, Judgement, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "CRL-18",
    requires: "the CRL number is above that of every earlier CRL of this issuer",
    source: "RFC 5280 §5.2.3; BR 2.2.6 §7.2.2",
    severity: Severities::STANDARD,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, context: &Context<'a>) -> Judgement {
    // CRL-06 asks that there is one, and that it is not negative.
    let Some(number) = crl.extensions().crl_number()? else { return NOT_APPLICABLE };
    let last = context.known()?.last_crl_number(crl.tbs().issuer().sha256());
    let size = |octets: &[u8]| {
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        (octets.len() - zeros, octets.iter().skip(zeros).copied().collect::<Vec<_>>())
    };
    match last {
        Some(last) if size(number) <= size(&last) => {
            must(format!("the CRL number is 0x{}; the last was 0x{}", hex(number), hex(&last)))
        }
        _ => PASS,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use super::super::sample::CrlSample;
    use crate::pki::build::Extension;
    use crate::rule::sample::name;

    #[test]
    fn it_is_above_the_last() {
        // The ledger's last is 5.
        let with = |number| CrlSample::new().with(Extension::crl_number(number));
        with(4).fails(&RULE, "the last was 0x05");
        with(5).fails(&RULE, "the last was 0x05");
        with(6).passes(&RULE);
        with(0x80).passes(&RULE);
        with(0x100).passes(&RULE);
        with(0).but(|crl| crl.issuer = name("E1").der().to_vec()).passes(&RULE);
    }
}
