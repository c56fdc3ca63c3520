//! Octets read as a certificate and as a TBSCertificate, judged as one kind or another, read out as a profile and made again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rootrite::pki::read::{self, lenient};
use rootrite::profile::reading::difference;
use rootrite::rule::certificate::{Certificate, judge};
use rootrite::rule::{Context, Kind};
use rootrite_fuzz::{assert_der, one_of, policy};

fuzz_target!(|octets: &[u8]| {
    if read::certificate(octets).is_ok() {
        assert_der(octets);
    }
    if let Ok((whole, _)) = lenient::certificate(octets) {
        let _ = difference(whole.tbs().octets());
        let _ = whole.public_key();
        let _ = (whole.tbs().subject().to_string(), whole.tbs().serial(), whole.tbs().validity());
    }
    for certificate in [Certificate::from_whole(octets), Certificate::from_tbs(octets)].into_iter().flatten()
    {
        let kind = one_of(octets, &Kind::NAMES.map(|(kind, _)| kind));
        let context = Context::lint(policy(octets), kind);
        // Its own issuer, and the certificate that it cross-signs.
        let context = context.with_issuer(*certificate.tbs()).with_existing(&[*certificate.tbs()]);
        let _ = judge(&certificate, &context);
    }
    let _ = difference(octets);
});
