//! Octets read as a certificate signing request, its signature verified, and judged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rootrite::pki::read::{self, lenient};
use rootrite::rule::request::{Request, judge};
use rootrite::rule::{Context, Kind};
use rootrite_fuzz::{assert_der, policy};

fuzz_target!(|octets: &[u8]| {
    if read::request(octets).is_ok() {
        assert_der(octets);
    }
    if let Ok((whole, _)) = lenient::request(octets) {
        let _ = (whole.info().public_key(), whole.info().extensions(), whole.info().attributes().count());
    }
    for request in [Request::from_whole(octets), Request::from_info(octets)].into_iter().flatten() {
        let _ = judge(&request, &Context::lint(policy(octets), Kind::Other));
    }
});
