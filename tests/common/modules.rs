//! What the tests of several modules ask: what `hsm doctor` finds out, and whether keys of a ceremony are made and sign.

use std::path::Path;

use rootrite::conduct::{token_module, token_quirks};
use rootrite::hsm::{
    Hashes, KeyId, KeyRequest, Login, ModuleProcess, Quirks, Session, ToSign, Token as _, TokenSelector,
};
use rootrite::pki::key::KeyAlgorithm;
use rootrite::pki::signature::{HashAlgorithm, SignatureAlgorithm, verify_signature};
use rootrite::plan::Site;
use rootrite::secret::Pin;

use super::program::{Ended, run};

/// Runs `hsm …` with a PIN behind descriptor 3 and something on standard input.
pub fn hsm(folder: &Path, arguments: &str, pin: &str, input: &str) -> Ended {
    std::fs::write(folder.join("pin"), format!("{pin}\n")).unwrap();
    let line = format!("exec {} hsm {arguments} --pin-fd 3 3<pin", env!("CARGO_BIN_EXE_rootrite"));
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &line]).current_dir(folder).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    run(&mut shell, input.as_bytes())
}

/// The line of what was found about a subject.
pub fn line<'s>(said: &'s str, subject: &str) -> &'s str {
    let wanted = format!("{subject}:");
    said.lines().find(|line| line.contains(&wanted)).unwrap_or_else(|| panic!("no {subject}:\n{said}")).trim()
}

/// Takes the entry that the doctor wrote for a site, starts the module by it, and logs in to the token.
pub fn enter(folder: &Path, user: &str) -> (ModuleProcess, Session) {
    let text = std::fs::read(folder.join("site.yaml")).unwrap();
    let site = Site::read("site.yaml", &text).unwrap().value;
    let token = site.tokens.find("token").unwrap();
    let mut configuration = token_module(token, &site);
    configuration.program = env!("CARGO_BIN_EXE_rootrite").into();
    let selector = TokenSelector { label: token.label.value.clone(), serial: None, model: None };
    let process = ModuleProcess::start(&configuration).unwrap();
    let mut session = process.open(&selector, &token_quirks(token)).unwrap();
    session.log_in(Login::Pin(&Pin::read(user.as_bytes()).unwrap())).unwrap();
    (process, session)
}

/// A key of the token's own, as a ceremony asks for it. There is nothing on the token before.
pub fn request(algorithm: KeyAlgorithm) -> KeyRequest {
    let (label, id) = ("a key of a ceremony".to_owned(), KeyId::from([0x5a; 16]));
    KeyRequest { label, id, algorithm, extractable: false }
}

/// Has a key of the token's own sign a long message that the token hashes itself: in pieces, by the mechanisms that have the
/// hash in their names.
pub fn signs_in_pieces(folder: &Path, user: &str, algorithm: KeyAlgorithm, pss: bool) {
    let request = request(algorithm);
    let (process, mut session) = enter(folder, user);
    let key = session.generate_key_pair(&request).unwrap().public_key;
    let text = std::fs::read(folder.join("site.yaml")).unwrap();
    let known = token_quirks(Site::read("site.yaml", &text).unwrap().value.tokens.find("token").unwrap());
    let hashes = Hashes { rsa: true, rsa_pss: pss, ecdsa: true };
    let mut hashing =
        process.open(&TokenSelector::from(session.token()), &Quirks { hashes, ..known }).unwrap();
    let message: Vec<u8> = (0..200_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let mut algorithms = vec![SignatureAlgorithm::for_key(&key)];
    algorithms.extend(pss.then_some(SignatureAlgorithm::RsaPss(HashAlgorithm::Sha384)));
    for algorithm in algorithms {
        let hash = algorithm.hash().unwrap();
        let octets = hash.digest(&message);
        let what = match algorithm {
            SignatureAlgorithm::RsaPss(_) => ToSign::Pss { hash, octets: &octets, message: None },
            _ => ToSign::Digest { hash, octets: &octets },
        };
        let signed = hashing.sign_read(&request.id, what, &mut message.as_slice()).unwrap();
        verify_signature(&key, algorithm, &message, &signed).unwrap();
        // Without the message there is nothing to sign, and another one is not signed.
        let error = hashing.sign(&request.id, what).unwrap_err();
        assert!(error.to_string().ends_with("there is only a digest"), "{error}");
        let error = hashing.sign_read(&request.id, what, &mut message.get(1..).unwrap()).unwrap_err();
        assert!(error.to_string().ends_with("is not the one of its digest"), "{error}");
    }
    drop((session, hashing));
    process.stop().unwrap();
    // tpm2-pkcs11 holds on to a key whose signature was abandoned, until its process ends.
    let (process, mut session) = enter(folder, user);
    assert_eq!(session.destroy_objects(&request.id).unwrap(), 2);
    drop(session);
    process.stop().unwrap();
}

/// Makes a key of the token's own by that entry, as a ceremony does; it signs, it is found again from another process, and
/// it goes.
pub fn makes_keys(folder: &Path, user: &str, algorithm: KeyAlgorithm) {
    let request = request(algorithm);
    let id = &request.id;
    let mut public = None;
    let mut before = None;
    for round in 0..2 {
        let (process, mut session) = enter(folder, user);
        if round == 0 {
            // Some tokens have objects that say what they can.
            let there = session.inventory().unwrap();
            assert!(there.entries.iter().all(|entry| entry.class == Some(MECHANISM)), "{there:?}");
            before = Some(there);
            public = Some(session.generate_key_pair(&request).unwrap().public_key);
        }
        let key = public.clone().unwrap();
        assert_eq!(session.key(id).unwrap().public_key, key);
        let signature = SignatureAlgorithm::for_key(&key);
        let message = b"what a ceremony signs";
        let digest = signature.hash().map(|hash| (hash, hash.digest(message)));
        let what = match &digest {
            Some((hash, octets)) => ToSign::Whole { hash: *hash, octets, message },
            None => ToSign::Message(message),
        };
        let signed = session.sign(id, what).unwrap();
        verify_signature(&key, signature, message, &signed).unwrap();
        if round == 1 {
            assert_eq!(session.destroy_objects(id).unwrap(), 2);
            assert_eq!(Some(session.inventory().unwrap()), before);
        }
        drop(session);
        process.stop().unwrap();
    }
}

/// Whether a line is the same for every key: whether an RSA key needs padding is a matter of its numbers.
fn always(line: &str) -> bool {
    !line.contains("wrap rsa-2048 by CKM_AES_KEY_WRAP (")
}

/// CKO_MECHANISM.
const MECHANISM: u64 = 7;

/// Compares what the doctor says of a module with `docs/doctor.md`: everything from its mechanisms to its wraps, where
/// nothing depends on the machine.
///
/// # Panics
///
/// If the document says something else; what it has to say is in the message.
pub fn documented(heading: &str, said: &str) {
    let found: Vec<&str> = said
        .lines()
        .skip_while(|line| *line != "mechanisms")
        .take_while(|line| *line != "inventory")
        .filter(|line| always(line))
        .collect();
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/doctor.md");
    let text = std::fs::read_to_string(document).unwrap_or_default();
    let below = text.split_once(&format!("\n## {heading}\n")).map_or("", |(_, below)| below);
    let block = below.split_once("```text\n").and_then(|(_, block)| block.split_once("\n```"));
    let written: Vec<&str> =
        block.map_or("", |(block, _)| block).lines().filter(|line| always(line)).collect();
    assert!(
        written == found,
        "docs/doctor.md says otherwise of {heading}; it has to say\n{}",
        found.join("\n")
    );
}
