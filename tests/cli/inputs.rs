//! What is wrong with a file that a script uses: requests, public keys, certificates, lists of revoked certificates.

use std::fmt::Write as _;

use crate::common::{sha256, tool};
use crate::table::{SCRIPT, Table};

#[test]
fn a_request_whose_signature_was_changed_proves_nothing() {
    let table = Table::new();
    let (_, mut der) = request(&table);
    *der.last_mut().unwrap() ^= 1;
    for_subordinate(&table, "request", "e1.csr.der", &der);
    said(
        &table,
        "\
error: script.yaml:40:20: request `e1-input` (e1.csr.der): its proof of possession does not verify: the signature is not by this key over these octets
  40 |           request: e1-input
     |                    ^
",
    );
}

#[test]
fn a_request_with_an_unsupported_key_is_refused() {
    for (curve, found) in [("secp256k1", "06052b8104000a; wanted"), ("secp224r1", "06052b81040021; wanted")] {
        let table = Table::new();
        let arguments = format!(
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:{curve} -nodes -keyout k.pem -out e1.csr -subj /CN=x"
        );
        let Some(ended) = tool("openssl", table.folder(), arguments.split(' ')) else { return };
        let _ = ended.with(0);
        let octets = std::fs::read(table.path("e1.csr")).unwrap();
        for_subordinate(&table, "request", "e1.csr", &octets);
        let ended = table.run_and_change_nothing("check script.yaml").with(2);
        assert!(ended.error.starts_with("error: script.yaml:40:20: "), "{}", ended.error);
        assert!(ended.error.contains(found), "{}", ended.error);
    }
}

#[test]
fn a_request_with_a_small_rsa_key_is_refused() {
    let table = Table::new();
    let arguments = "req -new -newkey rsa:1024 -nodes -keyout k.pem -out e1.csr -subj /CN=x";
    let Some(ended) = tool("openssl", table.folder(), arguments.split(' ')) else { return };
    let _ = ended.with(0);
    let octets = std::fs::read(table.path("e1.csr")).unwrap();
    for_subordinate(&table, "request", "e1.csr", &octets);
    let ended = table.run_and_change_nothing("check script.yaml").with(2);
    assert!(ended.error.starts_with("error: script.yaml:40:20: "), "{}", ended.error);
    assert!(ended.error.contains("RSA"), "{}", ended.error);
}

#[test]
fn what_is_no_request_is_refused() {
    for (octets, why) in [
        (&b"hello"[..], ""),
        (&b""[..], ""),
        (
            &b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"[..],
            "found PEM `CERTIFICATE`, wanted `CERTIFICATE REQUEST`",
        ),
        (&b"-----BEGIN CERTIFICATE REQUEST-----\nAA?A\n-----END CERTIFICATE REQUEST-----\n"[..], ""),
        (&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff][..], ""),
    ] {
        let table = Table::new();
        for_subordinate(&table, "request", "e1.csr", octets);
        let ended = table.run_and_change_nothing("check script.yaml").with(2);
        assert!(
            ended.error.starts_with("error: script.yaml:40:20: request `e1-input` (e1.csr): "),
            "{}",
            ended.error
        );
        assert!(ended.error.contains(why), "{}", ended.error);
        assert_eq!(ended.error.matches("error: ").count(), 1, "{}", ended.error);
    }
}

#[test]
fn an_input_has_the_digest_that_the_script_says() {
    let table = Table::new();
    let (_, der) = request(&table);
    for_subordinate(&table, "request", "e1.csr.der", &der);
    let sha256 = sha256(&der);
    table.change("script.yaml", &sha256, &"0".repeat(64));
    said(
        &table,
        &format!(
            "\
error: script.yaml:18:40: input `e1-input` has the SHA-256 {sha256}, wanted {zeros}
  18 |   e1-input: {{file: e1.csr.der, sha256: {cut}…
     |                                        ^
",
            zeros = "0".repeat(64),
            cut = "0".repeat(61)
        ),
    );
}

#[test]
fn an_input_without_a_digest_is_for_rehearsals_only() {
    let table = Table::new();
    let (_, der) = request(&table);
    for_subordinate(&table, "request", "e1.csr.der", &der);
    let sha256 = sha256(&der);
    table.change("script.yaml", &format!(", sha256: {sha256}"), "");
    let wanted = format!(
        "\
error: script.yaml:18:20: input `e1-input` has no `sha256`; only a rehearsal goes without
  18 |   e1-input: {{file: e1.csr.der}}
     |                    ^
  hint: the file's SHA-256 is {sha256}
"
    );
    for command in ["check script.yaml", "plan script.yaml -o plan.json", RUN] {
        let ended = table.run_and_change_nothing(command).with(2);
        assert!(ended.error == wanted, "{command} says\n{}", ended.error);
    }
    let _ = table.run("check script.yaml --practice").with(0);
    let ended = table.run("rehearse script.yaml --out out").with(0);
    assert!(ended.out.contains(&sha256), "a rehearsal says the digest:\n{}", ended.out);
}

#[test]
fn an_input_that_is_not_there_is_named_once() {
    let table = Table::new();
    for_subordinate(&table, "request", "e1.csr", b"");
    std::fs::remove_file(table.path("e1.csr")).unwrap();
    let ended = table.run_and_change_nothing("check script.yaml").with(2);
    assert!(
        ended.error.starts_with(
            "error: script.yaml:18:20: input `e1-input`: `e1.csr` cannot be read: No such file or directory"
        ),
        "{}",
        ended.error
    );
    assert_eq!(ended.error.matches("error: ").count(), 1, "{}", ended.error);
}

#[test]
fn an_input_that_is_a_pipe_is_refused_and_not_waited_for() {
    let table = Table::new();
    for_subordinate(&table, "request", "e1.csr", b"");
    std::fs::remove_file(table.path("e1.csr")).unwrap();
    let made = std::process::Command::new("mkfifo").arg(table.path("e1.csr")).status();
    assert!(made.unwrap().success());
    let ended = table.run("check script.yaml").with(2);
    let wanted = "error: script.yaml:18:20: input `e1-input`: `e1.csr` cannot be read: it is no file";
    assert!(ended.error.starts_with(wanted), "{}", ended.error);
}

#[test]
fn a_certificate_to_cross_sign_has_to_be_a_ca() {
    let table = Table::new();
    let mut leaf = rcgen::CertificateParams::new(vec!["leaf.example.org".to_owned()]).unwrap();
    leaf.is_ca = rcgen::IsCa::ExplicitNoCa;
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = leaf.self_signed(&key).unwrap();
    for_cross(&table, "leaf.pem", leaf.pem().as_bytes(), "other");
    said(
        &table,
        "\
error: script.yaml:50:38: certificate `other` is not a CA's: its basic constraints do not say so
  50 |           certificate-to-cross-sign: other
     |                                      ^
",
    );
}

/// A root from elsewhere: DER.
fn other_root() -> Vec<u8> {
    let mut root = rcgen::CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    root.key_identifier_method = rcgen::KeyIdMethod::Sha256;
    root.distinguished_name = rcgen::DistinguishedName::new();
    for (kind, value) in [
        (rcgen::DnType::CountryName, "US"),
        (rcgen::DnType::OrganizationName, "Other Trust Services"),
        (rcgen::DnType::CommonName, "Other Root"),
    ] {
        let value = rcgen::string::PrintableString::try_from(value).unwrap();
        root.distinguished_name.push(kind, rcgen::DnValue::PrintableString(value));
    }
    let key = rcgen::KeyPair::generate().unwrap();
    root.self_signed(&key).unwrap().der().to_vec()
}

#[test]
fn what_is_cross_signed_has_signed_itself() {
    let table = Table::new();
    let root = other_root();
    for_cross(&table, "other.der", &root, "other");
    let _ = table.run_and_change_nothing("check script.yaml").with(0);
    let table = Table::new();
    let mut forged = root;
    // A letter of its name: octets that its key did not sign.
    let at = forged.windows(10).position(|octets| octets == b"Other Root").unwrap();
    forged[at..at + 5].copy_from_slice(b"Mothe");
    let last = forged.windows(10).rposition(|octets| octets == b"Other Root").unwrap();
    forged[last..last + 5].copy_from_slice(b"Mothe");
    for_cross(&table, "other.der", &forged, "other");
    let ended = table.run_and_change_nothing("check script.yaml").with(2);
    let wanted = "script.yaml:50:38: certificate `other`: it names itself as its issuer, and its own key did not sign it";
    assert!(ended.error.contains(wanted), "{}", ended.error);
}

#[test]
fn a_cross_certificate_spells_the_organization_otherwise_only_where_the_script_says_so() {
    let with = |organization: &str| {
        let table = Table::new();
        for_cross(&table, "other.der", &other_root(), "other");
        table.change(
            "script.yaml",
            "          certificate: crossed\n",
            &format!("          certificate: crossed\n{organization}"),
        );
        table
    };
    let table = with("          organization: OTS\n");
    let plan = table.run("plan script.yaml -o plan.json").with(0).both();
    assert!(plan.contains("CN=Other Root,O=OTS,C=US"), "{plan}");
    let text = table.read("plan.json");
    assert!(text.contains("\"organization\":\"OTS\""), "{text}");
    let said =
        with("          organization: Other Trust Services\n").run_and_change_nothing("check script.yaml");
    assert!(said.error.contains("spells it `Other Trust Services` too"), "{}", said.error);
    let said = with("          organization: \"\"\n").run_and_change_nothing("check script.yaml");
    let _ = said.with(2);
}

#[test]
fn the_issuers_own_certificate_is_not_cross_signed() {
    let table = Table::new();
    for_cross(&table, "unused", b"", "root-x1");
    said(
        &table,
        "\
error: script.yaml:50:38: `root-x1` has the issuer's own key `root-x1`
  50 |           certificate-to-cross-sign: root-x1
     |                                      ^
",
    );
}

#[test]
fn every_wrong_row_of_a_list_is_named() {
    let table = Table::new();
    let csv = "serial,revoked-at,reason\n01,2026-10-01T00:00:00Z,superseded\nxyz,2026-10-01T00:00:00Z,superseded\n\
               02,2026-13-01T00:00:00Z,superseded\n03,2026-10-01T00:00:00Z,boredom\n01,2026-10-01T00:00:00Z,superseded\n04\n";
    with_inputs(&table, "list.csv", csv.as_bytes());
    table.change("script.yaml", "revoked: none", "revoked: {csv: e1-input}");
    let ended = table.run_and_change_nothing("check script.yaml").with(2);
    let lines: Vec<&str> = ended.error.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(lines.len(), 5, "{}", ended.error);
    for (line, number) in lines.iter().zip([3, 4, 5, 6, 7]) {
        assert!(
            line.starts_with(&format!("error: script.yaml:48:111: list.csv:{number}: ")),
            "{}",
            ended.error
        );
    }
}

const RUN: &str = "run script.yaml --site site.yaml --log log --out out --practice --plain";

/// What every command that reads a script says, word for word.
#[track_caller]
fn said(table: &Table, wanted: &str) {
    for command in
        ["check script.yaml", "plan script.yaml -o plan.json", "rehearse script.yaml --out out", RUN]
    {
        let ended = table.run_and_change_nothing(command);
        assert!(ended.error == wanted, "{command} says\n{}wanted\n{wanted}", ended.error);
        assert_eq!(ended.code, Some(2));
    }
}

/// A request by a key of its own: PEM and DER.
fn request(_: &Table) -> (String, Vec<u8>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let request = rcgen::CertificateParams::new(Vec::new()).unwrap().serialize_request(&key).unwrap();
    (request.pem().unwrap(), request.der().to_vec())
}

/// The subordinate's key comes from a file.
fn for_subordinate(table: &Table, kind: &str, file: &str, octets: &[u8]) {
    with_inputs(table, file, octets);
    table.change("script.yaml", "          key: e1\n", &format!("          {kind}: e1-input\n"));
    table.change(
        "script.yaml",
        "      - generate-key: {token: root, key: e1, algorithm: ecdsa-p384, backup: none}\n",
        "      - inventory: {token: root}\n",
    );
}

/// A cross-certificate in the subordinate's act; with the file as an input called `other`.
fn for_cross(table: &Table, file: &str, octets: &[u8], crossed: &str) {
    with_inputs(table, file, octets);
    let text = table.read("script.yaml").replace("e1-input:", "other:");
    let at = text.find("      - issue-crl:").unwrap();
    let mut changed = text[..at].to_owned();
    write!(
        changed,
        "      - issue-cross:\n          issuer: root-x1\n          certificate-to-cross-sign: {crossed}\n          profile: cross-certificate\n          \
         not-before: ceremony-day\n          lasts: 1095 days\n          crl-url: http://x1.c.example.org/\n          \
         issuer-url: http://x1.i.example.org/\n          certificate: crossed\n{}",
        &text[at..]
    )
    .unwrap();
    table.write("script.yaml", changed);
}

fn with_inputs(table: &Table, file: &str, octets: &[u8]) {
    table.write(file, octets);
    assert_eq!(table.read("script.yaml"), SCRIPT);
    let inputs = format!("inputs:\n  e1-input: {{file: {file}, sha256: {}}}\nacts:\n", sha256(octets));
    table.change("script.yaml", "acts:\n", &inputs);
}
