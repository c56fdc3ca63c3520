//! Octets read as an OCSP response and as a ResponseData, and judged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rootrite::pki::read::{self, lenient};
use rootrite::rule::ocsp::{Ocsp, judge};
use rootrite::rule::{Context, Kind};
use rootrite_fuzz::{assert_der, policy};

fuzz_target!(|octets: &[u8]| {
    if read::ocsp_response(octets).is_ok() {
        assert_der(octets);
    }
    let _ = lenient::response_data(octets);
    let whole = Ocsp::from_whole(octets).ok().flatten();
    for response in whole.into_iter().chain(Ocsp::from_tbs(octets)) {
        let _ = judge(&response, &Context::lint(policy(octets), Kind::Other));
    }
});
