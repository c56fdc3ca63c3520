//! Configurations of Boulder's ceremony as one script: it is good, it rehearses, and its certificates are what was configured.

use std::fs;
use std::path::PathBuf;

use crate::common::tool;
use crate::table::Table;

/// The configurations of one ceremony, in the table's folder.
fn table() -> (Table, String) {
    let table = Table::without_tokens();
    let mut names = Vec::new();
    for name in ["root", "key", "intermediate", "crl"] {
        let from: PathBuf =
            [env!("CARGO_MANIFEST_DIR"), "docs/samples/boulder", &format!("{name}.yaml")].iter().collect();
        table.write(&format!("{name}.yaml"), fs::read_to_string(from).unwrap());
        names.push(format!("{name}.yaml"));
    }
    (table, format!("convert boulder {} -o new", names.join(" ")))
}

#[test]
fn a_ceremony_of_boulder_is_rehearsed_as_one_script() {
    let (table, convert) = table();
    let said = table.run(&convert).with(0);
    for note in [
        "`skip-lints` (`n_ca_digital_signature_not_set`): here no rule is skipped",
        "`root key X9` is `root-key-x9`",
    ] {
        assert!(said.out.contains(note), "{note}: {}", said.out);
    }
    let _ = table.run("check new/script.yaml --site new/site.yaml").with(0);
    let _ = table.run("rehearse new/script.yaml --out out").with(0);
    let (root, sub) = ("out/certificates/root-x9-cert.pem", "out/certificates/e9-cert.pem");
    let Some(verified) = openssl(&table, &["verify", "-x509_strict", "-CAfile", root, sub]) else { return };
    assert!(verified.contains("OK"), "{verified}");
    let Some(text) = openssl(&table, &["x509", "-in", sub, "-noout", "-text", "-nameopt", "RFC2253"]) else {
        return;
    };
    for wanted in [
        "Signature Algorithm: ecdsa-with-SHA384",
        "Issuer: CN=Example Root X9,O=Example Trust Services,C=US",
        "Not Before: Nov  1 12:00:00 2026 GMT",
        "Not After : Oct 31 11:59:59 2029 GMT",
        "Subject: CN=E9,O=Example Trust Services,C=US",
        "Digital Signature, Certificate Sign, CRL Sign",
        "TLS Web Server Authentication",
        "CA:TRUE, pathlen:0",
        "CA Issuers - URI:http://x9.i.example.org/",
        "Policy: 2.23.140.1.2.1",
        "URI:http://x9.c.example.org/",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    let Some(crl) = openssl(&table, &["crl", "-in", "out/crls/root-x9-crl.crl", "-noout", "-text"]) else {
        return;
    };
    for wanted in [
        "Last Update: Nov  1 12:00:00 2026 GMT",
        "Next Update: Oct 31 11:59:59 2027 GMT",
        "No Revoked Certificates",
    ] {
        assert!(crl.contains(wanted), "{wanted}: {crl}");
    }
}

#[test]
fn no_pin_comes_out_and_nothing_is_replaced() {
    let (table, convert) = table();
    let said = table.run(&convert).with(0);
    let mut all = said.both();
    for name in ["script.yaml", "site.yaml", "profiles/boulder-root.yaml"] {
        all += &table.read(&format!("new/{name}"));
    }
    assert!(!all.contains("never-to-be-seen"), "{all}");
    let again = table.run(&convert).with(2);
    assert!(again.both().contains("`new` is there already; wanted a new folder"), "{}", again.both());
}

#[test]
fn what_cannot_be_said_is_told_with_its_place() {
    let (table, convert) = table();
    let intermediate = table.read("intermediate.yaml");
    for (old, new, said) in [
        (
            "ECDSAWithSHA384",
            "ECDSAWithSHA1",
            "intermediate.yaml:12:24: found `ECDSAWithSHA1`, wanted `SHA256WithRSA`",
        ),
        (
            "2026-11-01 12:00:00",
            "2026-11-01",
            "intermediate.yaml:16:15: found `2026-11-01`, wanted a time such as",
        ),
        ("2029-10-31 11:59:59", "2019-10-31 11:59:59", "2019-10-31T11:59:59Z is before 2026-11-01T12:00:00Z"),
        (
            "- oid: 2.23.140.1.2.1",
            "- {oid: 2.23.140.1.2.1, cps-uri: \"http://example.org/\"}",
            "a certification practice statement's URI is not taken over",
        ),
        (
            "/ceremony/out/e9.pubkey.pem",
            "/nowhere/e9.pem",
            "intermediate.yaml:7:20: `/nowhere/e9.pem` cannot be read",
        ),
        (
            "ceremony-type: intermediate",
            "ceremony-type: crl-signer",
            "intermediate.yaml:1:16: there is no word `crl-signer`",
        ),
        ("common-name", "comon-name", "there is no key `comon-name`"),
    ] {
        table.write("intermediate.yaml", intermediate.replacen(old, new, 1));
        let refused = table.run(&convert).with(2).error;
        assert!(refused.contains(said), "{said}: {refused}");
        assert!(!table.path("new").exists());
    }
}

/// A line with a PIN in it can be wrong too: its place is told, and the line is not.
#[test]
fn a_message_about_a_line_with_a_pin_does_not_show_it() {
    let (table, convert) = table();
    let root = table.read("root.yaml");
    let pin = "  pin: \"1234-never-to-be-seen\"\n";
    for (new, said) in [
        (pin.repeat(2), "root.yaml:6:3: the key `pin` stands here for the second time"),
        (pin.replace('\n', "\t#\n"), "root.yaml:5:31: there is a tab"),
        (pin.replace("pin: ", "pin:"), "root.yaml:"),
        ("  {pin: 1234-never-to-be-seen, slt: x}\n".to_owned(), "root.yaml:"),
    ] {
        table.write("root.yaml", root.replacen(pin, &new, 1));
        let refused = table.run(&convert).with(2).both();
        assert!(refused.contains(said), "{said}: {refused}");
        assert!(!refused.contains("never-to-be-seen"), "{refused}");
    }
}

/// What no configuration makes comes from an earlier log, or from a file.
#[test]
fn a_root_of_an_earlier_ceremony_is_looked_for_in_the_log() {
    let (table, _) = table();
    let said = table.run("convert boulder key.yaml intermediate.yaml -o new").with(0);
    let wanted = "`/ceremony/out/root-x9.cert.pem` is made by none of these configurations";
    assert!(said.out.contains(wanted), "{}", said.out);
    let script = table.read("new/script.yaml");
    assert!(
        script.contains("confirm-log")
            && !script.contains("create-log")
            && script.contains("issuer: root-x9-cert"),
        "{script}"
    );
}

/// What OpenSSL says; nothing where it is not installed, which is said.
fn openssl(table: &Table, arguments: &[&str]) -> Option<String> {
    tool("openssl", table.folder(), arguments).map(|ended| ended.with(0).out)
}
