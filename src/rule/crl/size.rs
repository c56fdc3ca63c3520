//! Microsoft: a CRL is below ten megabytes. Trusted Root Program 1.2.

use super::{Crl, Judge};
use crate::rule::{Context, Judgement, PASS, Rule, Severities, should};

/// Ten megabytes, of what is signed.
const LARGEST: usize = 10_000_000;

pub(super) const RULE: Rule<Judge> = Rule {
    id: "MS-06",
    requires: "a CRL has less than 10 000 000 octets",
    source: "Microsoft Trusted Root Program 1.2",
    severity: Severities::PROGRAM,
    verdict: judge,
};

fn judge<'a>(crl: &Crl<'a>, _: &Context<'a>) -> Judgement {
    match crl.tbs().signed_octets() {
        octets if octets >= LARGEST => should(format!("{octets} octets are to be signed; Microsoft takes less than {LARGEST}")),
        _ => PASS,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::CrlSample;
    use super::{LARGEST, RULE};
    use crate::pki::build::Extension;

    #[test]
    fn ten_megabytes_are_too_many() {
        // An extension fills it up.
        let with = |octets: usize| {
            let filling = Extension::new("1.3.6.1.4.1.99999.1".parse().unwrap(), false, vec![0; octets]);
            CrlSample::new().with(filling)
        };
        let around = with(LARGEST - 1_000).tbs().len() - (LARGEST - 1_000);
        with(LARGEST - around - 1).passes(&RULE);
        with(LARGEST - around).fails(&RULE, "10000000 octets are to be signed");
    }
}
