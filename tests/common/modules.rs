//! What the tests of several modules ask: what `hsm doctor` finds out, and whether keys of a ceremony are made and sign.

use std::path::Path;

use rootrite::conduct::{token_module, token_quirks};
use rootrite::hsm::{KeyId, KeyRequest, Login, ModuleProcess, Session, ToSign, Token as _, TokenSelector};
use rootrite::pki::key::KeyAlgorithm;
use rootrite::pki::signature::{SignatureAlgorithm, verify_signature};
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
