//! `--issuer`: what an earlier ceremony made, beside the bundle of one that goes on with its log.

use std::fs;
use std::path::Path;

use rootrite::digest::Digest;

use crate::revocation::{NEXT, after_the_first, next, records};
use crate::table::Table;

const BUNDLE: &str = "next/bundle-practice-next-ceremony";
const ROOT: &str = "out/certificates/root-x1.pem";
const KEY: &str = "generate-key: {token: root, key: e2, algorithm: ecdsa-p384, backup: none}";
const E2: &str = "issue-subordinate: {issuer: root-x1, key: e2, profile: tls-subordinate-ca, subject: [{C: US}, {O: Example Trust \
                  Services}, {CN: E2}], not-before: ceremony-day, lasts: 300 days, crl-url: \"http://x1.c.example.org/\", \
                  issuer-url: \"http://x1.i.example.org/\", certificate: e2}";
const CRL: &str = "issue-crl: {issuer: root-x1, number: next, this-update: signing-time, lasts: 300 days, revoked: from-log, crl: next}";

/// A second ceremony, of whose bundle the root's certificate is no part.
fn second(steps: &[&str]) -> Table {
    let table = after_the_first();
    next(&table, "next-ceremony", steps);
    let _ = table.run(NEXT).with(0);
    table
}

fn export(table: &Table, format: &str, more: &str) -> crate::common::Ended {
    table.run(
        format!("export {BUNDLE} --practice --ca-owner Example --format {format} --out {format} {more}")
            .trim_end(),
    )
}

/// The digest of the certificate of this name that the log named last.
fn sha256(table: &Table, name: &str) -> String {
    let records = records(table);
    let mut signed = records.iter().rev().filter(|record| record["ev"] == "cert.signed");
    let named = signed.find(|record| record["data"]["artifact"]["name"] == name).unwrap();
    named["data"]["artifact"]["sha256"].as_str().unwrap().to_owned()
}

#[test]
fn the_issuer_that_an_earlier_ceremony_made_closes_chains_and_its_signatures_are_judged() {
    let table = second(&[KEY, E2, CRL]);
    // Without it.
    let verified = table.run(&format!("verify {BUNDLE}")).with(0).out;
    let root = sha256(&table, "root-x1");
    for wanted in [
        format!(
            "the signature of `e2` was not judged: its issuer `CN=Example Root X1,O=Example Trust Services,C=US`, SHA-256 {root} is not \
             in the bundle; `--issuer FILE` names the certificate that an earlier ceremony made\n"
        ),
        "the signature of the CRL `next` was not judged: the certificate of its issuer is not in the bundle; `--issuer FILE`"
            .to_owned(),
    ] {
        assert!(verified.contains(&wanted), "`{wanted}` is not in\n{verified}");
    }
    let ended = export(&table, "ccadb", "").with(2);
    assert!(
        ended.error.contains("no root CA certificate that `e2` leads to is in the bundle"),
        "{}",
        ended.error
    );
    assert!(ended.error.contains("hint: `--issuer FILE` names"), "{}", ended.error);
    // With it, as PEM and as DER.
    let der = fs::read_dir(table.path("out/bundle-practice-test-ceremony/artifacts")).unwrap();
    let mut der =
        der.map(|entry| entry.unwrap().path()).filter(|path| path.display().to_string().contains(&root));
    for file in [ROOT.to_owned(), der.next().unwrap().display().to_string()] {
        let verified = table.run(&format!("verify {BUNDLE} --issuer {file}")).with(0).out;
        assert!(!verified.contains("not judged"), "{verified}");
    }
    let _ = export(&table, "ccadb", &format!("--issuer {ROOT}")).with(0);
    let request: serde_json::Value = serde_json::from_str(&table.read("ccadb/e2.json")).unwrap();
    let parent = request["CertificateInformation"]["ParentCertPEM"].as_str().unwrap();
    assert_eq!(parent, table.read(ROOT).replace('\n', ""));
    let _ = export(&table, "folder", &format!("--issuer {ROOT}")).with(0);
    let chain = table.read("folder/chains/e2_root-x1.pem");
    assert_eq!(chain, table.read("next/certificates/e2.pem") + &table.read(ROOT));
    let described: serde_json::Value = serde_json::from_str(&table.read("folder/export.json")).unwrap();
    assert!(described.to_string().contains("root-x1"), "{described}");
}

#[test]
fn a_certificate_that_the_log_does_not_name_is_refused() {
    let table = second(&[KEY, E2]);
    // The root of another log has the same name.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inputs/export/folder/certificates");
    fs::copy(folder.join("root-x1.pem"), table.path("other.pem")).unwrap();
    let found = Digest::of(&fs::read(folder.join("root-x1.der")).unwrap());
    let wanted = format!(
        "E142 other.pem: a certificate with the SHA-256 {found}; wanted one that this log says a ceremony signed, and that counts\n"
    );
    let files = "--issuer out/certificates/root-x1.pem --issuer other.pem";
    let verified = table.run_and_change_nothing(&format!("verify {BUNDLE} {files}")).with(5);
    let before = table.everything();
    let exported = export(&table, "folder", files).with(5);
    table.assert_unchanged(&before, "export");
    for error in [verified.error, exported.error] {
        assert!(error.contains(&wanted), "`{wanted}` is not in\n{error}");
        assert!(error.contains("hint: an earlier ceremony left them under `certificates`"), "{error}");
    }
    let json = table.run(&format!("verify {BUNDLE} --format json --issuer other.pem")).with(5).out;
    assert!(json.contains("\"code\":\"E142\"") && json.contains("\"where\":\"other.pem\""), "{json}");
    // What is no certificate at all.
    let no_certificate = "`script.yaml` is no issuer's certificate: ";
    let ended = table.run_and_change_nothing(&format!("verify {BUNDLE} --issuer script.yaml")).with(2);
    assert!(ended.error.contains(no_certificate), "{}", ended.error);
    let ended = export(&table, "folder", "--issuer script.yaml").with(2);
    assert!(ended.error.contains(no_certificate), "{}", ended.error);
    let proofs = fs::read_dir(table.path(&format!("{BUNDLE}/proofs"))).unwrap().next().unwrap().unwrap();
    let ended = table.run(&format!("verify {} --issuer {ROOT}", proofs.path().display())).with(2);
    assert!(ended.error.contains("`--issuer` goes with a bundle"), "{}", ended.error);
}

/// It may have been revoked since, by a ceremony whose CRL is in another bundle, or its ceremony came to nothing.
#[test]
fn an_earlier_certificate_that_is_revoked_or_of_an_aborted_ceremony_is_not_handed_on() {
    let table = second(&["revoke: {certificate: e1, reason: superseded}"]);
    let files = format!("--issuer {ROOT} --issuer out/certificates/e1.pem");
    let _ = export(&table, "folder", &files).with(0);
    assert!(table.path("folder/certificates/root-x1.pem").is_file());
    assert!(!table.path("folder/certificates/e1.pem").exists());
    next(&table, "third-ceremony", &[KEY, E2, "instruct: {who: ada, text: Go on.}"]);
    table.write("no.yaml", "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"2.3\": {say: [\"no\"]}\n");
    let third = NEXT.replace("--out next", "--out third");
    let _ = table.run(&third.replace("answers.yaml", "no.yaml")).with(3);
    let _ = table.run("resume --log log --close aborted --answers answers.yaml").with(0);
    let e2 = sha256(&table, "e2");
    next(&table, "fourth-ceremony", &[CRL]);
    // Its window begins after what was revoked before.
    let (today, now) = (crate::table::days_ago(0), crate::table::now());
    table.change("next.yaml", &format!("{{from: {today}"), &format!("{{from: {now}"));
    let _ = table.run(&NEXT.replace("--out next", "--out fourth")).with(0);
    let kept = format!("log/runs/third-ceremony/pending/{e2}");
    assert_eq!(Digest::of(&fs::read(table.path(&kept)).unwrap()).to_string(), e2);
    let ended = table.run(&format!("verify fourth/bundle-practice-fourth-ceremony --issuer {kept}")).with(5);
    assert!(
        ended.error.contains(&format!("a certificate with the SHA-256 {e2}; wanted one")),
        "{}",
        ended.error
    );
}

/// A path may lead through several ceremonies, and to a root by a cross-certificate alone.
#[test]
fn a_path_through_a_cross_certificate_of_an_earlier_ceremony_is_made_without_the_root_of_its_name() {
    let root = "issue-root: {key: root-x2, profile: root-ca, subject: [{C: US}, {O: Example Trust Services}, {CN: Example Root \
                X2}], not-before: ceremony-day, lasts: 3650 days, certificate: root-x2}";
    let cross = "issue-cross: {issuer: root-x1, certificate-to-cross-sign: root-x2, profile: cross-certificate, not-before: \
                 ceremony-day, lasts: 1095 days, crl-url: \"http://x1.c.example.org/\", issuer-url: \
                 \"http://x1.i.example.org/\", certificate: cross}";
    let table = second(&[&KEY.replace("key: e2", "key: root-x2"), root, cross]);
    next(&table, "third-ceremony", &[KEY, &E2.replace("issuer: root-x1", "issuer: root-x2")]);
    let _ = table.run(&NEXT.replace("--out next", "--out third")).with(0);
    let command = |more: &str| format!("third/bundle-practice-third-ceremony --issuer {ROOT} {more}");
    let files = command("--issuer next/certificates/cross.pem");
    let verified = table.run(&format!("verify {files}")).with(0).out;
    let wanted = sha256(&table, "root-x2");
    assert!(verified.contains(&format!("SHA-256 {wanted} is not in the bundle")), "{verified}");
    let both = command("--issuer next/certificates/cross.pem --issuer next/certificates/root-x2.pem");
    let verified = table.run(&format!("verify {both}")).with(0).out;
    assert!(!verified.contains("not judged"), "{verified}");
    for (files, out, paths) in [
        (files, "one", vec!["e2_cross_root-x1.pem"]),
        (both, "two", vec!["e2_cross_root-x1.pem", "e2_root-x2.pem"]),
    ] {
        let _ = table.run(&format!("export {files} --practice --format folder --out {out}")).with(0);
        let made = fs::read_dir(table.path(&format!("{out}/chains"))).unwrap();
        let mut made: Vec<_> = made.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        made.sort();
        assert_eq!(made, paths);
    }
}
