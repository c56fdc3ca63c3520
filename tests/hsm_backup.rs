//! Keys that leave a token wrapped and come back to another: through the module process, with SoftHSM.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod common;

use common::SoftHsm;
use common::softhsm::session;
use rootrite::hsm::{
    AttributeName, KeyDescription, KeyId, KeyRequest, Reading, RestoreRequest, Session, ToSign, Token as _,
    TokenError, WrappedFormat,
};
use rootrite::pki::key::{KeyAlgorithm, PublicKey};
use rootrite::pki::signature::{SignatureAlgorithm, verify_signature};
use rootrite::secret::{Secret, SecretOctets};
use rootrite::share::{Backup, Hand, KeyCheck, Parts, Passphrase, Scheme, SystemRandom, deal, read};

const USER: &str = "123456";
const OFFICER: &str = "87654321";

/// RFC 5649 and RFC 3394, by SoftHSM's numbers.
const PADDED: u64 = 0x210a;
const PLAIN: u64 = 0x2109;

/// RFC 5649, by NSS's number.
const NSS_PADDED: u64 = 0x210b;

fn two_tokens() -> SoftHsm {
    SoftHsm::new().token("root", USER, OFFICER).token("spare", USER, OFFICER)
}

fn id(number: u8) -> KeyId {
    KeyId::from_octets(&[number; 16]).unwrap()
}

fn request(number: u8, algorithm: KeyAlgorithm, extractable: bool) -> KeyRequest {
    KeyRequest { label: format!("{}-{number}", algorithm.name()), id: id(number), algorithm, extractable }
}

fn kek() -> Secret<32> {
    Secret::try_fill(|octets| getrandom::fill(octets)).unwrap()
}

fn restoring(made: &KeyDescription, wrapped: &[u8], mechanism: u64) -> RestoreRequest {
    let key = KeyRequest {
        label: made.label.clone(),
        id: made.id.clone(),
        algorithm: made.algorithm,
        extractable: false,
    };
    RestoreRequest { key, public_key: made.public_key.clone(), mechanism, wrapped: wrapped.to_vec() }
}

/// Signs a message by a key and verifies that in software.
fn signs(token: &mut Session, key: &KeyId, public_key: &PublicKey) -> bool {
    let algorithm = SignatureAlgorithm::for_key(public_key);
    let digest = algorithm.hash().map(|hash| (hash, hash.digest(b"a nonce")));
    let what = match &digest {
        Some((hash, octets)) => ToSign::Digest { hash: *hash, octets },
        None => ToSign::Message(b"a nonce"),
    };
    let signature = token.sign(key, what).unwrap();
    verify_signature(public_key, algorithm, b"a nonce", &signature).is_ok()
}

#[test]
fn a_key_comes_back_on_a_second_token_and_cannot_leave_it() {
    let softhsm = two_tokens();
    let process = softhsm.start();
    let (mut root, mut spare) = (session(&process, "root", USER), session(&process, "spare", USER));
    let algorithms = [
        KeyAlgorithm::EcdsaP256,
        KeyAlgorithm::EcdsaP384,
        KeyAlgorithm::EcdsaP521,
        KeyAlgorithm::Rsa2048,
        KeyAlgorithm::Rsa4096,
    ];
    for (number, algorithm) in (1..).zip(algorithms) {
        let made = root.generate_key_pair(&request(number, algorithm, true)).unwrap();
        let before = root.inventory().unwrap();
        let kek = kek();
        let wrapped = root.wrap_key(&made.id, &kek, PADDED).unwrap();
        assert_eq!(wrapped.format, WrappedFormat::Rfc5649);
        // Nothing of it stays on the token, the key-encryption key neither.
        assert_eq!(root.inventory().unwrap(), before);
        let restored = spare.restore_key(&restoring(&made, &wrapped.octets, PADDED), &kek).unwrap();
        assert_eq!((&restored.public_key, &restored.id), (&made.public_key, &made.id));
        let reads = |attribute| restored.private.0.get(&attribute).cloned();
        assert_eq!(reads(AttributeName::Extractable), Some(Reading::Flag(false)));
        assert_eq!(reads(AttributeName::Sensitive), Some(Reading::Flag(true)));
        assert!(signs(&mut spare, &made.id, &made.public_key), "{algorithm}");
        assert!(matches!(spare.wrap_key(&made.id, &kek, PADDED), Err(TokenError::Code { .. })));
        assert_eq!(spare.inventory().unwrap().entries.len(), 2 * usize::from(number));
    }
    process.stop().unwrap();
    // And for whoever comes later.
    let process = softhsm.start();
    let mut spare = session(&process, "spare", USER);
    let found = spare.key(&id(1)).unwrap();
    assert!(signs(&mut spare, &id(1), &found.public_key));
}

#[test]
fn a_sealed_key_still_signs_and_leaves_no_more() {
    let softhsm = two_tokens();
    let process = softhsm.start();
    let mut root = session(&process, "root", USER);
    let made = root.generate_key_pair(&request(1, KeyAlgorithm::EcdsaP384, true)).unwrap();
    let kek = kek();
    assert!(root.wrap_key(&made.id, &kek, PADDED).is_ok());
    let sealed = root.seal_key(&made.id).unwrap();
    assert_eq!(sealed.private.0.get(&AttributeName::Extractable), Some(&Reading::Flag(false)));
    assert!(matches!(root.wrap_key(&made.id, &kek, PADDED), Err(TokenError::Code { .. })));
    assert!(signs(&mut root, &made.id, &made.public_key));
    // What is sealed is not opened again.
    assert_eq!(root.seal_key(&made.id).unwrap().private, sealed.private);
}

#[test]
fn a_wrapped_key_goes_under_another_key_and_stays_nowhere() {
    let softhsm = two_tokens();
    let process = softhsm.start();
    let (mut root, mut spare) = (session(&process, "root", USER), session(&process, "spare", USER));
    for (number, algorithm) in (1..).zip([KeyAlgorithm::EcdsaP384, KeyAlgorithm::Rsa2048]) {
        let made = root.generate_key_pair(&request(number, algorithm, true)).unwrap();
        let (old, new) = (kek(), kek());
        let wrapped = root.wrap_key(&made.id, &old, PADDED).unwrap().octets;
        root.seal_key(&made.id).unwrap();
        let before = root.inventory().unwrap();
        let asked = restoring(&made, &wrapped, PADDED);
        assert!(root.rewrap_key(&asked, &new, &old).is_err());
        let again = root.rewrap_key(&asked, &old, &new).unwrap();
        assert_eq!(again.format, WrappedFormat::Rfc5649);
        assert_eq!(root.inventory().unwrap(), before);
        // The old key opens it no more.
        let asked = restoring(&made, &again.octets, PADDED);
        assert!(spare.restore_key(&asked, &old).is_err());
        let restored = spare.restore_key(&asked, &new).unwrap();
        assert!(signs(&mut spare, &restored.id, &made.public_key));
    }
}

#[test]
fn a_wrong_key_a_changed_blob_and_another_s_public_half_leave_nothing_behind() {
    let softhsm = two_tokens();
    let process = softhsm.start();
    let (mut root, mut spare) = (session(&process, "root", USER), session(&process, "spare", USER));
    let made = root.generate_key_pair(&request(1, KeyAlgorithm::EcdsaP256, true)).unwrap();
    let kek = kek();
    let wrapped = root.wrap_key(&made.id, &kek, PADDED).unwrap().octets;
    let good = restoring(&made, &wrapped, PADDED);
    assert!(spare.restore_key(&good, &self::kek()).is_err());
    let mut changed = good.clone();
    *changed.wrapped.last_mut().unwrap() ^= 1;
    assert!(spare.restore_key(&changed, &kek).is_err());
    let rsa = root.generate_key_pair(&request(2, KeyAlgorithm::Rsa2048, true)).unwrap();
    let other = RestoreRequest { public_key: rsa.public_key.clone(), ..good.clone() };
    assert!(matches!(spare.restore_key(&other, &kek), Err(TokenError::MalformedKey { .. })));
    let long =
        RestoreRequest { key: KeyRequest { label: String::new(), ..good.key.clone() }, ..good.clone() };
    assert!(matches!(spare.restore_key(&long, &kek), Err(TokenError::LabelLength { .. })));
    assert_eq!(spare.inventory().unwrap().entries, []);
    spare.restore_key(&good, &kek).unwrap();
    assert!(matches!(spare.restore_key(&good, &kek), Err(TokenError::LabelTaken { .. })));
    // Of a public half of the same kind that is another key's, the first signature tells.
    spare.destroy_objects(&made.id).unwrap();
    let stranger = root.generate_key_pair(&request(3, KeyAlgorithm::EcdsaP256, true)).unwrap();
    let strange = RestoreRequest { public_key: stranger.public_key.clone(), ..good };
    let restored = spare.restore_key(&strange, &kek).unwrap();
    assert!(!signs(&mut spare, &restored.id, &restored.public_key));
}

#[test]
fn what_cannot_leave_or_be_wrapped_is_said() {
    let softhsm = two_tokens();
    let process = softhsm.start();
    let mut root = session(&process, "root", USER);
    let kek = kek();
    let stays = root.generate_key_pair(&request(1, KeyAlgorithm::EcdsaP256, false)).unwrap();
    assert!(matches!(root.wrap_key(&stays.id, &kek, PADDED), Err(TokenError::Code { .. })));
    assert!(matches!(root.wrap_key(&id(9), &kek, PADDED), Err(TokenError::NoSuchKey { .. })));
    let leaves = root.generate_key_pair(&request(2, KeyAlgorithm::EcdsaP256, true)).unwrap();
    // CKM_SHA256 wraps nothing.
    assert!(matches!(root.wrap_key(&leaves.id, &kek, 0x250), Err(TokenError::Code { .. })));
    assert_eq!(root.wrap_key(&leaves.id, &kek, PLAIN).unwrap().format, WrappedFormat::Rfc3394);
}

#[test]
fn a_key_is_recovered_from_shares_and_the_wrapped_key_alone() {
    let softhsm = two_tokens();
    let process = softhsm.start();
    let (mut root, mut spare) = (session(&process, "root", USER), session(&process, "spare", USER));
    let made = root.generate_key_pair(&request(1, KeyAlgorithm::EcdsaP384, true)).unwrap();
    let kek = kek();
    let wrapped = root.wrap_key(&made.id, &kek, PADDED).unwrap();
    let secret = kek.expose(|octets| SecretOctets::read(octets)).unwrap();
    let scheme = Scheme::single(3, 5).unwrap();
    let shares = deal(&secret, &scheme, &Passphrase::none(), &mut SystemRandom).unwrap().remove(0);
    // All that remains are the sheets and this file.
    let file = Backup::new(Parts {
        key: made.label.clone(),
        algorithm: made.algorithm.name().into(),
        format: wrapped.format.name().into(),
        set: shares[0].set().to_string(),
        threshold: 3,
        shares: 5,
        groups: Vec::new(),
        check: KeyCheck::of(&kek),
        spki: made.public_key.spki_der().to_vec(),
        wrapped: wrapped.octets,
    });
    let file = file.unwrap().text();
    drop((kek, secret));
    let mut hand = Hand::new();
    for share in [4, 0, 2].map(|place: usize| &shares[place]) {
        hand.lay(share.written().expose(read).ok().unwrap()).unwrap();
    }
    let rebuilt = hand.combine(&Passphrase::none()).unwrap();
    let kek = rebuilt.expose(|octets| Secret::<32>::fill(|place| place.copy_from_slice(octets)));
    let backup = Backup::read(file.as_bytes()).unwrap();
    assert!(backup.is_under(&kek));
    let algorithm =
        KeyAlgorithm::ALL.into_iter().find(|algorithm| algorithm.name() == backup.algorithm()).unwrap();
    let restored = spare.restore_key(
        &RestoreRequest {
            key: KeyRequest { label: backup.key().into(), id: id(2), algorithm, extractable: false },
            public_key: PublicKey::from_spki_der(backup.spki()).unwrap(),
            mechanism: PADDED,
            wrapped: backup.wrapped().to_vec(),
        },
        &kek,
    );
    assert!(signs(&mut spare, &restored.unwrap().id, &made.public_key));
}

/// What NSS unwraps is RFC 5649 under another number; a key on a curve needs an attribute of NSS's own there.
#[test]
fn a_key_goes_from_one_make_to_another_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let module = std::path::Path::new("/usr/lib/x86_64-linux-gnu/libsoftokn3.so");
    if !module.is_file() {
        return common::program::skipped("NSS is not installed (libnss3)");
    }
    std::fs::write(folder.path().join("new-pin"), "123456\n").unwrap();
    let Some(made) = common::tool("certutil", folder.path(), ["-N", "-d", "sql:.", "-f", "new-pin"]) else {
        return;
    };
    let _ = made.with(0);
    let site = format!(
        "rootrite-site: 1\ntokens:\n  token: {{module: {}, label: NSS Certificate DB, serial: any, class: software, login: pin, \
         pin: prompt, quirks: {{like: nss-3, reserved: \"configdir='sql:{}' certPrefix='' keyPrefix='' secmod='secmod.db' flags=\"}}}}\n",
        module.display(),
        folder.path().display()
    );
    std::fs::write(folder.path().join("site.yaml"), site).unwrap();
    let softhsm = two_tokens();
    let process = softhsm.start();
    let (mut root, mut spare) = (session(&process, "root", USER), session(&process, "spare", USER));
    let (other, mut nss) = common::modules::enter(folder.path(), "123456");
    let made = root.generate_key_pair(&request(1, KeyAlgorithm::Rsa2048, true)).unwrap();
    let kek = kek();
    let wrapped = root.wrap_key(&made.id, &kek, PADDED).unwrap();
    let restored = nss.restore_key(&restoring(&made, &wrapped.octets, NSS_PADDED), &kek).unwrap();
    assert!(signs(&mut nss, &restored.id, &made.public_key));
    let there = nss.generate_key_pair(&request(2, KeyAlgorithm::Rsa2048, true)).unwrap();
    let wrapped = nss.wrap_key(&there.id, &kek, NSS_PADDED).unwrap();
    assert_eq!(wrapped.format, WrappedFormat::Rfc5649);
    let back = spare.restore_key(&restoring(&there, &wrapped.octets, PADDED), &kek).unwrap();
    assert!(signs(&mut spare, &back.id, &there.public_key));
    drop(nss);
    other.stop().unwrap();
}

/// With nothing of this program: SLIP-39's words give the key-encryption key, and openssl the private key.
#[test]
fn openssl_reads_the_wrapped_key() {
    let softhsm = two_tokens();
    let process = softhsm.start();
    let mut root = session(&process, "root", USER);
    let kek = kek();
    for (number, algorithm) in
        (1..).zip([KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Rsa2048])
    {
        let made = root.generate_key_pair(&request(number, algorithm, true)).unwrap();
        let wrapped = root.wrap_key(&made.id, &kek, PADDED).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("wrapped"), &wrapped.octets).unwrap();
        let key = kek.expose(|octets| rootrite::digest::hex(octets));
        let unwrap = format!("enc -d -id-aes256-wrap-pad -K {key} -iv A65959A6 -in wrapped -out key.der");
        let Some(ended) = common::tool("openssl", folder.path(), unwrap.split(' ')) else { return };
        let _ = ended.with(0);
        let public = "pkey -inform DER -in key.der -pubout -outform DER -out public.der";
        let _ = common::tool("openssl", folder.path(), public.split(' ')).unwrap().with(0);
        let found = std::fs::read(folder.path().join("public.der")).unwrap();
        assert_eq!(found, made.public_key.spki_der(), "{algorithm}");
    }
}
