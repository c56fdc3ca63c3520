//! Servers' configuration: made at staging, made again at activation, and the same to the last octet.

use std::fs;
use std::path::Path;

use crate::common::program::rootrite;
use crate::online::{OnlineSide, bundle_of, first, next, records, shared, shared_two, signed};
use crate::table::days_ago;

const EXPORTS: &str = "exports: {folder: {}}\nstore: store";

#[test]
fn what_is_exported_lies_under_the_active_set_and_was_made_twice() {
    let side = OnlineSide::of(shared()).without_tokens();
    side.change("pins.yaml", "store: store", EXPORTS);
    let bundle = bundle_of(shared());
    side.take_in(&bundle);
    let exported = fs::read_dir(side.path("store/active/exports/folder")).unwrap().count();
    assert!(exported > 0);
    let ended = side.import(&bundle, "--export boulder").with(2);
    assert!(
        ended.error.contains("the pins file has no export `boulder`")
            && ended.error.contains("it has folder")
    );
}

#[test]
fn an_export_that_does_not_regenerate_is_not_activated() {
    let side = OnlineSide::of(shared()).without_tokens();
    side.change("pins.yaml", "store: store", EXPORTS);
    let bundle = bundle_of(shared());
    let _ = side.stage(&bundle, "ann").with(0);
    let set = fs::read_dir(side.path("store/sets")).unwrap().next().unwrap().unwrap().path();
    let folder = set.join("exports/folder");
    let file =
        fs::read_dir(&folder).unwrap().map(Result::unwrap).find(|entry| entry.path().is_file()).unwrap();
    let good = fs::read(file.path()).unwrap();
    for spoil in [&good[..good.len() - 1], b""] {
        fs::write(file.path(), spoil).unwrap();
        let ended = side.activate(&bundle, "ben").with(5);
        assert!(ended.error.contains("E210 exports/folder/"), "{}", ended.error);
    }
    fs::remove_file(file.path()).unwrap();
    let ended = side.activate(&bundle, "ben").with(5);
    assert!(ended.error.contains("it is missing"), "{}", ended.error);
    fs::write(file.path(), &good).unwrap();
    fs::write(folder.join("more"), "x").unwrap();
    let ended = side.activate(&bundle, "ben").with(5);
    assert!(ended.error.contains("it is not made any more"), "{}", ended.error);
    fs::remove_file(folder.join("more")).unwrap();
    assert!(side.active().is_none());
    let _ = side.activate(&bundle, "ben").with(0);
}

#[test]
fn the_certificates_of_an_earlier_bundle_and_the_newest_crl_are_exported() {
    let (table, second) = shared_two();
    let side = OnlineSide::of(table).without_tokens();
    side.change("pins.yaml", "store: store", EXPORTS);
    side.take_in(&bundle_of(table));
    side.take_in(second);
    let mut names = Vec::new();
    let mut folders = vec![side.path("store/active/exports/folder")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                names.push(entry.file_name().into_string().unwrap());
            }
        }
    }
    for wanted in ["e1", "root-x1", "second"] {
        assert!(names.iter().any(|name| name.contains(wanted)), "{wanted}: {names:?}");
    }
}

/// Every server, each with what it has to know.
const SERVERS: [&str; 6] = ["folder", "boulder", "step-ca", "acme-proxy", "django-ca", "ccadb"];

fn all_servers() -> String {
    let place = "module: /usr/lib/softhsm/libsofthsm2.so, token: issuing, pin-file: /run/pin, acme-url: \"https://acme.example.org\", crl-url: \
                 \"http://c.example.org/\", issuer-url: \"http://i.example.org/\", ca-owner: Example, profiles: [classic]";
    let each = SERVERS.map(|server| format!("  {server}: {{{place}}}\n")).concat();
    format!("exports:\n{each}store: store")
}

/// Which exports name the certificate, in a file's name or in its octets.
fn named_in(exports: &Path, name: &str, der: &[u8]) -> Vec<String> {
    let text = rootrite::pki::pem::write(rootrite::pki::pem::CERTIFICATE, der);
    let line = text.lines().nth(1).unwrap().to_owned();
    let mut found = Vec::new();
    for server in SERVERS {
        let mut folders = vec![exports.join(server)];
        let mut names = false;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
                if entry.is_dir() {
                    folders.push(entry);
                    continue;
                }
                let octets = fs::read(&entry).unwrap();
                let stem = entry.file_stem().unwrap().to_string_lossy().into_owned();
                names |= stem == name
                    || octets == der
                    || String::from_utf8_lossy(&octets).replace("\\n", "\n").contains(&line);
            }
        }
        if names {
            found.push(server.to_owned());
        }
    }
    found
}

/// The octets of a certificate of a bundle.
fn der_of(bundle: &Path, name: &str) -> Vec<u8> {
    let records = records(bundle);
    let sha256 = signed(&records, name)["artifact"]["sha256"].as_str().unwrap().to_owned();
    fs::read(bundle.join(format!("artifacts/{sha256}.der"))).unwrap()
}

#[test]
fn no_server_gets_a_certificate_that_is_revoked_and_the_revocation_comes_in() {
    let table = first();
    let bundle = bundle_of(&table);
    let der = der_of(&bundle, "e1");
    let serial = signed(&records(&bundle), "e1")["serial"].as_str().unwrap().to_owned();
    let side = OnlineSide::of(&table).without_tokens();
    side.change("pins.yaml", "store: store", &all_servers());
    side.take_in(&bundle);
    let exports = side.path("store/active/exports");
    assert_eq!(named_in(&exports, "e1", &der), SERVERS);
    let revoking = next(&table, "revoking", &format!("{serial},{},superseded\n", days_ago(0)), "{}");
    let ended = side.import(&revoking, "").with(0);
    assert!(ended.both().contains("nothing is made for `boulder`"), "{}", ended.both());
    side.take_in(&revoking);
    assert_eq!(named_in(&exports, "e1", &der), [""; 0]);
    // The CRL that says so is handed on.
    assert!(exports.join("folder/crls/revoking.crl").is_file());
    assert!(exports.join("folder/certificates/root-x1.der").is_file());
}

#[test]
fn no_server_gets_a_certificate_of_a_ceremony_that_was_not_completed() {
    let side = OnlineSide::of(shared()).without_tokens();
    side.change("pins.yaml", "store: store", &all_servers());
    let der = der_of(&bundle_of(shared()), "e1");
    let mut forger = side.forger(&bundle_of(shared()));
    let close = forger.find("ceremony.close", "");
    forger.records[close]["data"]["outcome"] = "partial".into();
    let partial = forger.seal();
    side.take_in(partial.path());
    assert_eq!(named_in(&side.path("store/active/exports"), "e1", &der), [""; 0]);
    assert_eq!(side.active_names("crl"), ["root-x1"]);
    // Nor by `export`, without a store.
    let policy = side.path("policy").display().to_string();
    for (bundle, names) in [(partial.path(), false), (bundle_of(shared()).as_path(), true)] {
        let out = side.path(&format!("out-{names}"));
        fs::create_dir(&out).unwrap();
        for server in SERVERS {
            let made = out.join(server).display().to_string();
            let from = bundle.display().to_string();
            let own = bundle.join("policy").display().to_string();
            let policy = if names { &own } else { &policy };
            let arguments = [
                "export",
                &from,
                "--policy",
                policy,
                "--format",
                server,
                "--out",
                &made,
                "--module",
                "/m.so",
                "--token",
                "issuing",
                "--pin-file",
                "/run/pin",
                "--acme-url",
                "https://acme.example.org",
                "--crl-url",
                "http://c.example.org/",
                "--issuer-url",
                "http://i.example.org/",
                "--ca-owner",
                "Example",
                "--profile",
                "classic",
            ];
            let ended = rootrite(side.folder.path(), arguments);
            let good = names || server == "folder";
            assert_eq!(ended.code, Some(if good { 0 } else { 2 }), "{server}: {}", ended.error);
        }
        let wanted: &[&str] = if names { &SERVERS } else { &[] };
        assert_eq!(named_in(&out, "e1", &der), wanted);
    }
}
