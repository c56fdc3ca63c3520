//! `export`: what each server is configured with, octet for octet, and what is never exported.
//!
//! The golden files are in `tests/inputs/export`: a bundle that a rehearsal of the demonstration left, and beside it what is
//! made of it for each server. They are made again by the command of [`arguments`] in an empty folder.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::common::{Ended, program};

const SERVERS: [&str; 6] = ["folder", "boulder", "step-ca", "acme-proxy", "django-ca", "ccadb"];

fn inputs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inputs/export")
}

/// What an operator says who knows everything.
fn arguments(bundle: &Path, format: &str) -> Vec<String> {
    let text = "--practice --out out --installed-at /etc/ca --data-at /var/lib/ca --module /usr/lib/softhsm/libsofthsm2.so \
                --token issuing --pin-file /run/ca/pin --acme-url https://acme.example.org --crl-url http://c.example.org \
                --issuer-url http://i.example.org/ --profile classic --ca-owner Example";
    let mut all =
        vec!["export".to_owned(), bundle.display().to_string(), "--format".to_owned(), format.to_owned()];
    all.extend(text.split_whitespace().map(str::to_owned));
    if format == "django-ca" {
        // It has no way to name a key whose CKA_ID is not ASCII.
        all.extend(["--certificate", "e1", "--key-id", "65312d6b6579"].map(str::to_owned));
    }
    all
}

struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn export(&self, arguments: &[String]) -> Ended {
        program::rootrite(self.0.path(), arguments)
    }

    /// As an operator who knows everything, but for one word of it.
    fn without(&self, format: &str, option: &str) -> Ended {
        let mut all = arguments(&inputs().join("bundle"), format);
        let at = all.iter().position(|one| one == option).expect("an option of the command");
        all.drain(at..at + if option == "--practice" { 1 } else { 2 });
        self.export(&all)
    }

    fn is_empty(&self) -> bool {
        fs::read_dir(self.0.path()).unwrap().next().is_none()
    }
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, fs::read(path).unwrap());
            }
        }
    }
    found
}

#[test]
fn each_server_is_configured_as_its_golden_files_say() {
    for server in SERVERS {
        let desk = Desk::new();
        let ended = desk.export(&arguments(&inputs().join("bundle"), server)).with(0);
        assert!(ended.out.starts_with("PRACTICE: "), "{}", ended.out);
        let (made, wanted) = (files(&desk.0.path().join("out")), files(&inputs().join(server)));
        let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&made), names(&wanted), "{server}");
        for (name, octets) in &wanted {
            let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
            assert_eq!(text(&made[name]), text(octets), "{server}: {name}");
            assert!(made[name] == *octets, "{server}: {name}");
        }
    }
}

#[test]
fn every_server_of_the_command_has_golden_files() {
    let desk = Desk::new();
    let help = program::rootrite(desk.0.path(), ["export", "--help"]).with(0).out;
    assert!(help.contains(&format!("[possible values: {}]", SERVERS.join(", "))), "{help}");
}

#[test]
fn a_practice_bundle_is_exported_only_for_a_trial_and_says_so() {
    let desk = Desk::new();
    let ended = desk.without("folder", "--practice").with(5);
    assert!(
        ended.error.contains("was a practice ceremony: nobody may rely on what it made"),
        "{}",
        ended.error
    );
    assert!(desk.is_empty());
}

#[test]
fn nothing_is_exported_from_a_bundle_that_is_refused() {
    let desk = Desk::new();
    let spoilt = tempfile::tempdir().unwrap();
    for (name, octets) in files(&inputs().join("bundle")) {
        let path = spoilt.path().join(&name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let last = octets.len() - 1;
        // A certificate with one other octet at its end.
        let spoil = name.ends_with("e945abe0e66a1716fccbd44742542bb93b7dd1281445a8c7bc4d68632861df75.der");
        let octets = if spoil { [&octets[..last], &[octets[last] ^ 1]].concat() } else { octets };
        fs::write(path, octets).unwrap();
    }
    let ended = desk.export(&arguments(spoilt.path(), "folder")).with(5);
    assert!(ended.error.contains("E143"), "{}", ended.error);
    assert!(desk.is_empty());
}

#[test]
fn what_exists_is_not_replaced() {
    let desk = Desk::new();
    fs::create_dir(desk.0.path().join("out")).unwrap();
    let ended = desk.export(&arguments(&inputs().join("bundle"), "folder")).with(2);
    assert_eq!(
        ended.error,
        "error: `out` exists\n  hint: name a folder that is not there yet: nothing is replaced\n"
    );
    assert!(files(&desk.0.path().join("out")).is_empty());
    // Half of an earlier one, after a power failure.
    let desk = Desk::new();
    fs::create_dir(desk.0.path().join("out.part")).unwrap();
    let ended = desk.export(&arguments(&inputs().join("bundle"), "folder")).with(2);
    assert!(ended.error.contains("hint: `out.part` is what there is of it; remove it"), "{}", ended.error);
    assert!(!desk.0.path().join("out").exists());
}

#[test]
fn what_a_server_has_to_know_is_said_with_the_option_that_says_it() {
    for (server, option, what) in [
        ("boulder", "--module", "the PKCS#11 module"),
        ("boulder", "--token", "the token's label"),
        ("boulder", "--crl-url", "what the URLs of its CRLs begin with"),
        ("boulder", "--issuer-url", "what the URL of its certificate begins with"),
        ("boulder", "--profile", "the profiles to issue by"),
        ("step-ca", "--module", "the PKCS#11 module"),
        ("step-ca", "--token", "the token's label"),
        ("step-ca", "--pin-file", "the file with the PIN"),
        ("acme-proxy", "--module", "the PKCS#11 module"),
        ("acme-proxy", "--token", "the token's label"),
        ("acme-proxy", "--pin-file", "the file with the PIN"),
        ("django-ca", "--module", "the PKCS#11 module"),
        ("django-ca", "--token", "the token's label"),
        ("django-ca", "--pin-file", "the file with the PIN"),
        ("ccadb", "--ca-owner", "the owner's name in the CCADB"),
    ] {
        let desk = Desk::new();
        let ended = desk.without(server, option).with(2);
        assert!(
            ended
                .error
                .starts_with(&format!("error: `{server}` has to know, for `e1`, {what}; {option} says it\n")),
            "{}",
            ended.error
        );
        assert!(desk.is_empty());
    }
}

#[test]
fn everything_that_a_server_has_to_know_is_said_at_once() {
    let desk = Desk::new();
    let bundle = inputs().join("bundle").display().to_string();
    let all = ["export", &bundle, "--format", "boulder", "--practice", "--out", "out"].map(str::to_owned);
    let ended = desk.export(&all).with(2);
    let options: Vec<&str> = ended
        .error
        .lines()
        .filter(|line| line.starts_with("error: `boulder` has to know, for `e1`, "))
        .filter_map(|line| line.split("; ").nth(1)?.split(' ').next())
        .collect();
    assert_eq!(options, ["--module", "--token", "--crl-url", "--issuer-url", "--profile"], "{}", ended.error);
    assert!(desk.is_empty());
}

#[test]
fn a_key_that_a_server_cannot_use_is_refused() {
    let refused = |format: &str, more: &[&str]| {
        let desk = Desk::new();
        let mut all = arguments(&inputs().join("bundle"), "folder");
        all[3] = format.to_owned();
        all.extend(more.iter().map(ToString::to_string));
        let ended = desk.export(&all).with(2);
        assert!(desk.is_empty());
        ended.error
    };
    assert_eq!(
        refused("acme-proxy", &["--certificate", "r1"]),
        "error: `acme-proxy` cannot use the key of `r1`: it is rsa-2048; wanted ecdsa-p256 or ecdsa-p384\n"
    );
    let error = refused("django-ca", &["--certificate", "e1"]);
    assert!(error.contains("wanted a CKA_ID of ASCII characters"), "{error}");
    let error = refused("folder", &["--key-id", "65"]);
    assert!(error.starts_with("error: a key is named, and there are 2 subordinate CAs\n"), "{error}");
    let error = refused("boulder", &["--certificate", "e3"]);
    assert_eq!(error, "error: the bundle has no subordinate CA certificate `e3`\n");
}

#[test]
fn a_file_that_will_hold_a_pin_is_its_owners_alone() {
    let desk = Desk::new();
    let _ = desk.export(&arguments(&inputs().join("bundle"), "boulder")).with(0);
    let mode =
        |path: &str| fs::metadata(desk.0.path().join("out").join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("issuers/e1.pkcs11.json"), 0o600);
    assert_eq!(mode("certificates/e1.cert.pem") & 0o200, 0o200);
}

#[test]
fn an_issuer_that_may_not_issue_yet_does_not() {
    // What stands in the golden file of each where it may issue, and what stands there where it may not.
    for (server, file, issues, refuses) in [
        ("boulder", "ca.json", "\"classic\"", "\"profiles\": []"),
        ("step-ca", "e1/ca.json", "\"ACME\"", "\"provisioners\": []"),
        ("acme-proxy", "e1/config.toml", "[profiles.default]", "default = \"deny\""),
    ] {
        let text = |state: &str| {
            let desk = Desk::new();
            let mut all = arguments(&inputs().join("bundle"), server);
            all.extend(["--state".to_owned(), state.to_owned()]);
            let _ = desk.export(&all).with(0);
            fs::read_to_string(desk.0.path().join("out").join(file)).unwrap()
        };
        let active = text("active");
        assert!(active.contains(issues) && !active.contains(refuses), "{server}: {active}");
        for state in ["staged", "crl-only", "retired"] {
            let found = text(state);
            assert!(found.contains(refuses), "{server}, {state}: {found}");
        }
    }
}
