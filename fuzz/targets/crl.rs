//! Octets read as a CRL and as a TBSCertList, every entry judged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rootrite::pki::read::{self, CrlForm, lenient};
use rootrite::rule::crl::judge_octets;
use rootrite::rule::{Context, Kind};
use rootrite_fuzz::{assert_der, policy};

fuzz_target!(|octets: &[u8]| {
    if read::crl(octets).is_ok() {
        assert_der(octets);
    }
    if let Ok((whole, _)) = lenient::crl(octets) {
        for entry in whole.tbs().entries().flatten() {
            let _ = (entry.serial(), entry.reason());
        }
    }
    for form in [CrlForm::Whole, CrlForm::ToBeSigned] {
        let _ = judge_octets(octets, form, &Context::lint(policy(octets), Kind::Other));
    }
});
