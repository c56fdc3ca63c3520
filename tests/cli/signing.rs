//! The signature algorithm of a profile is the one that is signed with: certificate, CRL, OCSP response and request.

use std::fmt::Write as _;

use rootrite::digest::Digest;

use crate::revocation::records;
use crate::table::Table;

const FIRST: &str = "run script.yaml --site site.yaml --log log --out out --practice --answers answers.yaml";

/// The profiles of this program, all signed by one algorithm.
const PROFILES: [&str; 6] =
    ["root-ca", "tls-subordinate-ca", "root-crl", "ocsp-responder", "ocsp-response", "certificate-request"];

/// A script with an RSA root whose profiles name an algorithm.
fn table(algorithm: &str) -> Table {
    let table = Table::for_answers().now();
    std::fs::create_dir(table.path("profiles")).unwrap();
    for name in PROFILES {
        let kind = match name {
            "root-ca" => "root",
            "tls-subordinate-ca" => "subordinate",
            "root-crl" => "crl",
            "ocsp-responder" => "ocsp-responder",
            "ocsp-response" => "ocsp-response",
            _ => "csr",
        };
        let text = format!("rootrite-profile: 1\nkind: {kind}\ninherits: {name}\nsignature: {algorithm}\n");
        table.write(&format!("profiles/own-{name}.yaml"), text);
    }
    let text = table.read("script.yaml");
    let (head, rest) = text.split_once("  - act: Root\n").unwrap();
    let (_, closing) = rest.split_once("  - act: Closing\n").unwrap();
    let name = "[{C: US}, {O: Example Trust Services}, {CN: NAME}]";
    let mut script = format!("{head}  - act: Issuing\n    steps:\n");
    let mut step = |text: &str| writeln!(script, "      - {text}").unwrap();
    step("generate-key: {token: root, key: root-x1, algorithm: rsa-2048, backup: none}");
    step(&format!(
        "issue-root: {{key: root-x1, profile: own-root-ca, subject: {}, not-before: ceremony-day, lasts: 3650 days, certificate: root-x1}}",
        name.replace("NAME", "Root X1")
    ));
    step("generate-key: {token: root, key: r1, algorithm: rsa-2048, backup: none}");
    step(&format!(
        "request-certificate: {{key: r1, profile: own-certificate-request, subject: {}, request: r1}}",
        name.replace("NAME", "R1")
    ));
    step(&format!(
        "issue-subordinate: {{issuer: root-x1, request: r1, profile: own-tls-subordinate-ca, subject: {}, not-before: ceremony-day, lasts: \
         1095 days, crl-url: \"http://x1.c.example.org/\", issuer-url: \"http://x1.i.example.org/\", certificate: r1}}",
        name.replace("NAME", "R1")
    ));
    step(
        "issue-crl: {issuer: root-x1, profile: own-root-crl, number: next, this-update: ceremony-day, lasts: 100 days, revoked: none, crl: root-x1}",
    );
    step(
        "issue-crl-series: {issuer: root-x1, profile: own-root-crl, number: next, this-update: ceremony-day, lasts: 100 days, windows: 2, every: 90 days, revoked: none, crls: ahead}",
    );
    step("generate-key: {token: root, key: ocsp, algorithm: rsa-2048, backup: none}");
    step(&format!(
        "issue-ocsp-responder: {{issuer: root-x1, key: ocsp, profile: own-ocsp-responder, subject: {}, not-before: ceremony-day, lasts: 365 days, certificate: ocsp}}",
        name.replace("NAME", "OCSP")
    ));
    step(
        "issue-ocsp-responses: {issuer: root-x1, responder: ocsp, profile: own-ocsp-response, certificates: [r1], this-update: ceremony-day, lasts: 50 days, responses: r}",
    );
    table.write("script.yaml", format!("{script}  - act: Closing\n{closing}"));
    table
}

/// What openssl says of everything that was signed; nothing where it is not installed.
fn openssl(table: &Table, wanted: &str) {
    let run = |arguments: &str| {
        crate::common::tool("openssl", table.folder(), arguments.split(' ')).map(|ended| ended.with(0).both())
    };
    let root = "out/certificates/root-x1.pem";
    for (arguments, says) in [
        (format!("verify -x509_strict -CAfile {root} {root}"), "OK"),
        (format!("verify -x509_strict -CAfile {root} out/certificates/r1.pem"), "OK"),
        (format!("verify -CAfile {root} out/certificates/ocsp.pem"), "OK"),
        (format!("x509 -in {root} -noout -text"), wanted),
        ("x509 -in out/certificates/r1.pem -noout -text".to_owned(), wanted),
        (format!("crl -inform DER -in out/crls/root-x1.crl -CAfile {root} -noout"), "verify OK"),
        ("crl -inform DER -in out/crls/root-x1.crl -noout -text".to_owned(), wanted),
        (format!("crl -inform DER -in out/sealed/ahead-2.crl -CAfile {root} -noout"), "verify OK"),
        ("crl -inform DER -in out/sealed/ahead-2.crl -noout -text".to_owned(), wanted),
        (format!("ocsp -CAfile {root} -respin out/ocsp/r-1.der -resp_text"), "Response verify OK"),
        (format!("ocsp -CAfile {root} -respin out/ocsp/r-1.der -resp_text"), wanted),
        ("req -in out/requests/r1.csr.pem -noout -verify -text".to_owned(), wanted),
    ] {
        if let Some(said) = run(&arguments) {
            assert!(said.contains(says), "`{says}` is not in what `openssl {arguments}` says:\n{said}");
        }
    }
}

fn signs_everything_by(algorithm: &str, openssl_name: &str) {
    signs_everything(&table(algorithm), algorithm, openssl_name);
}

fn signs_everything(table: &Table, algorithm: &str, openssl_name: &str) {
    let said = table.run("plan script.yaml -o plan.json").with(0).both();
    for one in
        ["root `root-x1`", "crl `root-x1`", "sealed-crl `ahead-2`", "ocsp-response `r-1`", "request `r1`"]
    {
        let line = said.lines().find(|line| line.trim_start().starts_with(one)).unwrap();
        assert!(line.ends_with(&format!(" with {algorithm}:")), "{line}");
    }
    let _ = table.run(FIRST).with(0);
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
    for file in ["certificates/root-x1.pem", "crls/root-x1.crl", "sealed/ahead-1.crl"] {
        let said = table.run(&format!("inspect out/{file}")).with(0).out;
        assert!(said.contains(algorithm), "{file}: {said}");
        // Rules judge what was signed as what was drafted.
        let _ = table.run(&format!("lint --policy private out/{file}")).with(0);
    }
    openssl(table, openssl_name);
}

#[test]
fn everything_is_signed_by_rsa_pss() {
    signs_everything_by("rsa-pss-sha256", "rsassaPss");
}

#[test]
fn everything_is_signed_by_rsa_with_another_hash() {
    signs_everything_by("rsa-sha384", "sha384WithRSAEncryption");
}

/// A token that signs only what it hashes itself: certificates, series, and a CRL that is not held in memory.
#[test]
fn a_token_that_hashes_itself_signs_a_whole_ceremony() {
    for (algorithm, openssl_name) in
        [("rsa-pss-sha384", "rsassaPss"), ("rsa-sha256", "sha256WithRSAEncryption")]
    {
        let table = table(algorithm);
        let quirks = "    label: root\n    quirks: {like: softhsm-2.6, hashes: [rsa, rsa-pss]}\n";
        table.change("site.yaml", "    label: root\n", quirks);
        // What it takes no digest of it cannot sign by the mechanisms of others.
        mechanisms(&table, "-,CKM_RSA_PKCS,CKM_RSA_PKCS_PSS");
        if algorithm == "rsa-sha256" {
            // The one that the key demands anyway is not said beside a draft.
            let _ = table.run(FIRST).with(0);
            let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
            openssl(&table, openssl_name);
        } else {
            let rows: Vec<String> = (0..31_000)
                .map(|number| format!("01{number:06x},2020-01-01T00:00:00Z,superseded\n"))
                .collect();
            let rows = format!("serial,revoked-at,reason\n{}", rows.concat());
            table.write("revoked.csv", &rows);
            let sha256 = Digest::of(rows.as_bytes());
            let input = format!("inputs:\n  revoked: {{file: revoked.csv, sha256: {sha256}}}\nacts:\n");
            table.change("script.yaml", "acts:\n", &input);
            table.change(
                "script.yaml",
                "revoked: none, crl: root-x1",
                "revoked: {csv: revoked}, crl: root-x1",
            );
            table.change("script.yaml", "revoked: none, crls: ahead", "revoked: {csv: revoked}, crls: ahead");
            signs_everything(&table, algorithm, openssl_name);
            let crl = std::fs::metadata(table.path("out/crls/root-x1.crl")).unwrap();
            assert!(crl.len() > 1 << 20, "{} octets", crl.len());
        }
    }
}

/// What a token does not name is known before anything is made, of one that is blank too, and all of it at once.
#[test]
fn a_token_that_does_not_name_what_is_demanded_is_refused_before_anything_is_made() {
    let table = table("rsa-pss-sha256");
    let roll_call = "      - roll-call: {}\n";
    table.change("script.yaml", roll_call, &format!("      - preflight: {{}}\n{roll_call}"));
    mechanisms(&table, "-,CKM_RSA_PKCS_PSS,CKM_RSA_PKCS_KEY_PAIR_GEN");
    let refused = |table: &Table| {
        let ended = table.run_and_change_nothing(FIRST).with(2);
        for wanted in [
            "token `root` does not name the mechanism CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS_PSS; step 2.1 makes the rsa-2048 key `root-x1`",
            "a profile wants `signature: rsa-pss-sha256` of a key on it",
        ] {
            assert!(ended.error.contains(wanted), "{wanted} is not in\n{}", ended.error);
        }
    };
    refused(&table);
    let serial = format!("    serial: \"{}\"\n", table.serials()["root"]);
    table.change("site.yaml", &serial, "    initialize: true\n");
    table.change("site.yaml", "    label: root\n", "    label: new-root\n");
    let roll_call = "      - roll-call: {}\n";
    table.change(
        "script.yaml",
        roll_call,
        &format!("{roll_call}      - initialize-token: {{token: root}}\n"),
    );
    refused(&table);
    // With all of it the ceremony says what it found, in the log.
    mechanisms(&table, "ALL");
    let _ = table.run(FIRST).with(0);
    let checks: Vec<_> = records(&table)
        .iter()
        .filter(|record| record["ev"] == "preflight.result")
        .flat_map(|record| record["data"]["checks"].as_array().unwrap().clone())
        .filter(|check| check["id"] == "mechanisms")
        .map(|check| check["detail"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        checks,
        [
            "`log`: it names what is demanded: CKM_EC_EDWARDS_KEY_PAIR_GEN, CKM_EDDSA",
            "`root`: it names what is demanded: CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_RSA_PKCS, CKM_RSA_PKCS_PSS"
        ]
    );
}

/// Which mechanisms the tokens name and have; after `-,` all others. (SoftHSM passes over what follows the `-` at once.)
fn mechanisms(table: &Table, which: &str) {
    let file = table.hsm.folder().join("softhsm2.conf");
    let text = std::fs::read_to_string(&file).unwrap();
    let kept: Vec<&str> =
        text.split_inclusive('\n').filter(|line| !line.starts_with("slots.mechanisms")).collect();
    std::fs::write(&file, format!("{}slots.mechanisms = {which}\n", kept.concat())).unwrap();
}

/// What was signed before an interruption is taken in by the same algorithm.
#[test]
fn another_algorithm_outlives_an_interruption() {
    let table = table("rsa-pss-sha384");
    table.write("no.yaml", "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"2.10\": {say: [\"no\"]}\n");
    let _ = table.run(&FIRST.replace("answers.yaml", "no.yaml")).with(3);
    let before = records(&table).iter().filter(|record| record["ev"] == "cert.signed").count();
    let _ = table.run("resume --log log --answers answers.yaml").with(0);
    let after = records(&table).iter().filter(|record| record["ev"] == "cert.signed").count();
    assert_eq!((before, after), (3, 3));
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
}

/// What a key cannot sign with is found while planning, and so is what no ceremony signs with.
#[test]
fn an_algorithm_that_the_key_does_not_have_is_refused_while_planning() {
    for (algorithm, wanted) in
        [("ecdsa-sha384", "ecdsa-sha384"), ("ed25519", "ed25519"), ("rsa-sha1", "rsa-sha1")]
    {
        let table = table(algorithm);
        let ended = table.run("check script.yaml").with(2);
        assert!(ended.error.contains(wanted), "{}", ended.error);
    }
}
