//! Stand-ins for what is not known while planning: public keys of the right form, and a serial number.
//!
//! They fill the holes of drafts so that rules judge octets of the final size. Nothing signs with them: the
//! elliptic-curve points are the curves' own base points, and the private halves of the RSA keys were never kept.

use crate::digest::from_hex;
use crate::pki::{KeyAlgorithm, PublicKey, SerialNumber};

/// A public key of this algorithm that is nobody's.
pub fn public_key(algorithm: KeyAlgorithm) -> PublicKey {
    let text = match algorithm {
        KeyAlgorithm::Rsa2048 => RSA_2048,
        KeyAlgorithm::Rsa3072 => RSA_3072,
        KeyAlgorithm::Rsa4096 => RSA_4096,
        KeyAlgorithm::EcdsaP256 => P256,
        KeyAlgorithm::EcdsaP384 => P384,
        KeyAlgorithm::EcdsaP521 => P521,
        KeyAlgorithm::Ed25519 => ED25519,
    };
    #[expect(clippy::expect_used, reason = "constants; the test below reads every one of them")]
    PublicKey::from_spki_der(&from_hex(text).unwrap_or_default()).expect("a constant public key")
}

/// A serial number that is nobody's: 17 octets like every one that is drawn.
pub fn serial() -> SerialNumber {
    SerialNumber::from_random([0x5a; 16])
}

const RSA_2048: &str = "\
    30820122300d06092a864886f70d01010105000382010f003082010a0282010100b6ddefbefd1e395d0aaeb2d90ac526\
    e1007d90508ddfe06f864384c771d32354bc04f72c486ffa62328a66506db326c98b17f8b5a719f3df131f2962bb90ea\
    44ddb318650f329ff689841c3e27d739c3d4929c2971f917e9fad06f546340cd09624b91a614ce5fc6b6c6ee362a3068\
    3c39278dc2dbb2009f30b6643263258ac653f19164cff68cbcff4fae2125053af6f47af85e9e632fdd4978e85e37d104\
    a6cb398c9eb8a8a4bd407b3794eabedd2bf3879982ba12463579d7f970e7183ed7700f408df40a64fd1b3ca502448885\
    1e13146ad9e508c306755d9da24a127a39fa16dd68a922d4eaa7690a2bab89b173dc78f4091832a936ef748c7338f862\
    0d0203010001";
const RSA_3072: &str = "\
    308201a2300d06092a864886f70d01010105000382018f003082018a0282018100d0dc685b5c80658ff4a8edd2ec13b2\
    d781e1a0120bbca2802219900b22e18672e49c74cfb66d0de68e69611c6c68e107d3f5145ad111b0a201a1d904f71052\
    55c006d7feadea75295f1b291d4345e879efd69dccd256ec99cbf27701ea07deecdfdcfc6f33480fe7df1454593888af\
    581d7cea18852520acddd22c4bc5c2b57c7b6559947c83405ccd6b4968dced5275e2652391eb7811205a30fb81c64ed6\
    597cc5b5947456dafe183296405289c760bc8486eea084a0a041f6e1def49e74150f5e45015dc24964e066e468516be0\
    07803b554654f37093d8d4f27d923e70845f4a156805ff22afd7ab6e185c908c15f85294dc75c1b12fe28d71c285213a\
    014ef90e4967864949640de6f47a34ff92e88aa43b7cab404ca35317f0adea8acbaaec96de960d51bd9037f038689d66\
    c75577354d1d9d140e2cb82c0e64b74eeceb08a4d635070e55ce5aa8a9303acd0ffaffa8448c527c1b9ccaab07b95a00\
    8004bde3bdc2c771c45438793ff6a48f0802bf40ca624e84bb59c0e852e67424f70203010001";
const RSA_4096: &str = "\
    30820222300d06092a864886f70d01010105000382020f003082020a0282020100f6031a6e6bbc0ea046b3daae99ec25\
    b45a956f6b92c8d1a9f9b09f27950fa0e5a330d72130be33ada22e8bfd977cf0ae2fc7be09291cab97ca808bc2477abc\
    3096668dad4dde0edb45bdae551c12eb7d564ca897af171e93692ba3941d4b2471317e55955fc48d08b155fed96a2f2a\
    90db1dc07d54e806335a2702350906d5f52637756649fb82141903f051d16f240df59737717a8b37d2afb4c4af85eeb9\
    9a208c09532b112fc56d1bc6e7ae7b51be8fbf94101c60c11cfb1b67a6e16f273851be49d7e3e6b49d60c445c2c42790\
    1970d94ab20a16ea4c8d53dc2aebf83e7e0e9a52b25a0925fdfb61f5ec3cbcb52f6e03ab3b914d4fa70d89d2ca88fdc0\
    86ce14fd4a3f219d129b49d9a27019a387f8b1ec277b6bf00cdcaaa49068c70e2c8165651dc5cb120219abaa1c2afbdf\
    7aa2161628d7c9331e035e5849883978daa8d6709bf19f96e9ceb6ea2acaa288ffc0d15c9974c2a4c4db600dbc682de5\
    d91e1659019377dcaf43104d0e1785df498a2b3d0d258a28bb3bc7c10b8b280d9abea7803067034d5fe545ea548dc274\
    bbead0db0e52e50b4688685558989db53e0073b35be5fb6e52ccdf498d59ba669cefca45d87ae54154b03514922814ea\
    645ef651fa8a5da965ec4f39af66b7237df458f1a9cac429db6f276fc48f9c45d9de4ad993ef30355a32c1e33fefd675\
    9e3bfbf16f707c6ff5c8bedb878046f7690203010001";
const P256: &str = "\
    3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812d\
    eb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
const P384: &str = "\
    3076301006072a8648ce3d020106052b8104002203620004aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b98\
    59f741e082542a385502f25dbf55296c3a545e3872760ab73617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147c\
    e9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f";
const P521: &str = "\
    30819b301006072a8648ce3d020106052b81040023038186000400c6858e06b70404e9cd9e3ecb662395b4429c648139\
    053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd6601183929\
    6a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c\
    7086a272c24088be94769fd16650";
const ED25519: &str = "\
    302a300506032b65700321005866666666666666666666666666666666666666666666666666666666666666";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_has_a_stand_in_of_its_own_form() {
        for algorithm in KeyAlgorithm::ALL {
            assert_eq!(public_key(algorithm).algorithm(), Some(algorithm));
        }
    }
}
