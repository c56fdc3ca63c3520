//! The factors of an RSA modulus are not close together: Fermat's method does not find them. CVE-2022-26320.

use super::{Judge, Key};
use crate::pki::key::Natural;
use crate::rule::{Context, Judgement, NOT_APPLICABLE, PASS, Rule, Severities, must};

pub(super) const RULE: Rule<Judge> = Rule {
    id: "KEY-10",
    requires: "110 rounds of Fermat's method do not factor an RSA modulus",
    source: "BR 2.2.6 §6.1.1.3; CVE-2022-26320",
    severity: Severities::STANDARD,
    verdict: judge,
};

/// The BR ask for 100.
const ROUNDS: u32 = 110;

fn judge(key: &Key, _: &Context<'_>) -> Judgement {
    let Some((modulus, _)) = key.rsa() else { return NOT_APPLICABLE };
    if is_factored(&Natural::from_octets(modulus)) {
        must("the factors of the RSA modulus are close together: Fermat's method finds them")
    } else {
        PASS
    }
}

/// Whether modulus = a² - b² for one of the first a from the root upwards.
///
/// Squares leave few remainders. Those of a² - modulus are known without computing it, and rule out all but about one
/// in a thousand.
fn is_factored(modulus: &Natural) -> bool {
    let one = Natural::from_octets(&[1]);
    let root = modulus.square_root();
    // Below the root there is no b; that a is no round.
    let whole = root.times(&root) == *modulus;
    let first = if whole { root } else { root.plus(&one) };
    let sieves: Vec<_> = SIEVES
        .iter()
        .flat_map(|group| {
            let product = group.iter().product();
            let (modulus, first) = (modulus.remainder(product), first.remainder(product));
            group.iter().map(move |by| (*by, squares(*by), modulus % by, first % by))
        })
        .collect();
    (0..ROUNDS).any(|round| {
        let possible = sieves.iter().all(|(by, squares, modulus, first)| {
            let a = (first + round) % by;
            let difference = (a * a + by - modulus) % by;
            squares >> difference & 1 == 1
        });
        possible && {
            let a = first.plus(&Natural::from_octets(&round.to_be_bytes()));
            a.times(&a).minus(modulus).is_some_and(|difference| difference.exact_root().is_some())
        }
    })
}

/// The remainders that squares leave, as the bits of a number.
fn squares(by: u32) -> u128 {
    (0..by).fold(0, |squares, root| squares | 1 << (root * root % by))
}

/// Small numbers with few squares, in groups whose product is one limb.
const SIEVES: [&[u32]; 2] = [&[64, 63, 65, 11, 17], &[19, 23, 31]];

#[cfg(test)]
mod tests {
    use super::super::tests::{fails, passes};
    use super::{ROUNDS, RULE};
    use crate::digest::from_hex;
    use crate::pki::key::PublicKey;

    /// Products of two numbers of 1024 bits, and the round, counted from 0, in which Fermat's method finds them.
    const PRODUCTS: [(u32, &str); 4] = [
        (
            0,
            "\
             92590b296d86559344963b8c11aa731e84c97dbd194f383d23ff30e78ba87688\
             fb8a084504a5eed9ffb7f45e8bc9b9dea690ce2e445897839a6d421e6df21354\
             012a2a37beeacb226399d1e4a803e3c61389b79ac47f50db91b129079281d342\
             39246f2966f2459c8183bbd8f404182425b47a82f644e8a29749f99043b8376c\
             6e85693ee8f70e9e9451e6b79cb43e76e7eb904e62912e73fc2b0048d362d17c\
             3a3fdee7761aa901d098fa038917b34d13a5d8128300772412af3afe30140ac2\
             9089d5a0778523e18e8e1666621c2a2c3660dcb15790dff91625523d36fa903c\
             8338e45eab0c2aca985929650a705d83a1c15e27cd6d22ae7759e1f1321bff0b\
             ",
        ),
        (
            1,
            "\
             92590b296d86559344963b8c11aa731e84c97dbd194f383d23ff30e78ba87688\
             fb8a084504a5eed9ffb7f45e8bc9b9dea690ce2e445897839a6d421e6df21356\
             543766e8c9592268ae52589577e1e6379762330567eaeb6a6e0a7f9071255eed\
             f96a9c4255fceb3bf85d57b5630a591b7b271cc24ac6ddf63d0fcd69e65c1c2a\
             fb84807e6f6d6acc3cd27e64bf969ebf8406dbeedcb5aff4c1a4e2bc146ce915\
             5e32ec8997ab5607a142dfbb5184604a8ae4637e4c683321c596f9efb2489f3f\
             b62afed86061217a7375aafa925c38aa2c974ff8ce74d937057c57abd2a85d59\
             74477e38fb5c4079ad6c785b0430cb67d7559154582b05b4bc090c15825838e7\
             ",
        ),
        (
            109,
            "\
             92590b296d86559344963b8c11aa731e84c97dbd194f383d23ff30e78ba87688\
             fb8a084504a5eed9ffb7f45e8bc9b9dea690ce2e445897839a6d421e6df21367\
             7e98bb60865f5ebf021920d8368166492ba53007114878238948038f58141a01\
             fa80235fa2e56a4f9a0a3b39d35e8af4db54f4545646b1d55393d68a87953fe0\
             0155950eb45af254139e1ff9104d982730ddcc2c8757b565c6b3f7deff1651d6\
             27b2a06543b5aaa75f6b57621a3ebd3a8bed1d2e4da362edeebb7728a929f61a\
             7bd1b6d63c40a88e4db4a48025efa2b7060d886173975175a85b4d3e8e46b342\
             3cfbbad5618e9db525ed6db07b43eebdf11cb402a56c14d1a9ac9e3264e199f9\
             ",
        ),
        (
            110,
            "\
             92590b296d86559344963b8c11aa731e84c97dbd194f383d23ff30e78ba87688\
             fb8a084504a5eed9ffb7f45e8bc9b9dea690ce2e445897839a6d421e6df21367\
             956e8113cf16d810202782bfd84754359ff6a0605044550ccdbeeeb66a18827d\
             3bda77caa73a7f840b008b47772216516584476fea28ae0c86517dd1539bdd0a\
             b4311d1b850ca99ed85411a171abb5bec3b505fe14e5c144d988e59ccfdc0219\
             e093b7f2a7bdb5887956508ba7f013f9ec4974007e1c34ff6c51e70e464b0181\
             215e31d7087d079f5ff60c30b65035755f31b4e3ccb1c2adde98826c570be46e\
             d1cf58f1aafdde0631ce3833d1f8e872114ef1c5e0ef6b422d6f9d3deb7ef6fd\
             ",
        ),
    ];

    #[test]
    fn the_bound_holds_to_the_round() {
        for (round, modulus) in PRODUCTS {
            let key = PublicKey::from_rsa(&from_hex(modulus).unwrap(), &[1, 0, 1]).unwrap();
            if round < ROUNDS {
                fails(&RULE, &key, "Fermat");
            } else {
                passes(&RULE, &key);
            }
        }
    }
}
