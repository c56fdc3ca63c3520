//! What a rehearsal makes, judged by programs that we did not write: openssl, gnutls, pkilint and rustls-webpki.
//!
//! openssl judges at a fixed time within the validity of the demonstration's certificates. `certtool` knows the time of
//! today only: its tests hold until the demonstration's CRLs run out, which is when `ceremonies/` needs new dates.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use base64ct::{Base64, Encoding as _};
use common::program::{own_folder, rootrite, tool_folder};
use common::{Ended, sha256, tool};
use rootrite::digest::hex;
use serde_json::Value;

#[test]
fn openssl_verifies_the_ecdsa_and_the_rsa_path() {
    let out = rehearsal();
    for (root, certificate) in
        [("root-x1", "e1"), ("root-x2", "r1"), ("root-x1", "root-x2-by-root-x1"), ("root-x1", "root-x1-ocsp")]
    {
        let (root, certificate) = (pem(root), pem(certificate));
        let Some(ended) = openssl(&format!("verify {STRICT} -CAfile {root} {certificate}")) else { return };
        assert_eq!(ended.with(0).out, format!("{certificate}: OK\n"), "in {}", out.display());
    }
    for root in ["root-x1", "root-x2"] {
        let root = pem(root);
        let Some(ended) = openssl(&format!("verify {STRICT} -CAfile {root} {root}")) else { return };
        assert_eq!(ended.with(0).out, format!("{root}: OK\n"));
    }
}

#[test]
fn openssl_verifies_the_rsa_subordinate_over_the_cross_certificate() {
    let (root, cross, certificate) = (pem("root-x1"), pem("root-x2-by-root-x1"), pem("r1"));
    let Some(ended) = openssl(&format!(
        "verify {STRICT} -nameopt RFC2253 -show_chain -CAfile {root} -untrusted {cross} {certificate}"
    )) else {
        return;
    };
    let out = ended.with(0).out;
    assert!(out.starts_with(&format!("{certificate}: OK\n")), "{out}");
    assert!(out.contains("depth=2: CN=Example Root X1,O=Example Trust Services,C=US"), "{out}");
}

#[test]
fn openssl_refuses_a_path_to_the_other_root() {
    let (root, certificate) = (pem("root-x2"), pem("e1"));
    let Some(ended) = openssl(&format!("verify {STRICT} -CAfile {root} {certificate}")) else { return };
    let ended = ended.with(2);
    assert!(ended.error.contains("unable to get local issuer certificate"), "{}", ended.error);
}

#[test]
fn openssl_verifies_the_crls_and_finds_nothing_revoked() {
    rehearsal();
    for (root, certificate) in [("root-x1", "e1"), ("root-x2", "r1")] {
        let crl = format!("crls/{root}.crl.pem");
        let (root, certificate) = (pem(root), pem(certificate));
        let Some(ended) = openssl(&format!("crl -noout -in {crl} -CAfile {root}")) else { return };
        assert!(ended.with(0).error.contains("verify OK"));
        let arguments = format!("verify {STRICT} -crl_check -CRLfile {crl} -CAfile {root} {certificate}");
        let Some(ended) = openssl(&arguments) else { return };
        assert_eq!(ended.with(0).out, format!("{certificate}: OK\n"));
    }
}

#[test]
fn openssl_refuses_the_crl_of_the_other_root() {
    rehearsal();
    let root = pem("root-x2");
    let Some(ended) = openssl(&format!("crl -noout -in crls/root-x1.crl.pem -CAfile {root}")) else { return };
    assert_eq!(ended.code, Some(1), "{}", ended.both());
}

#[test]
fn openssl_finds_every_ocsp_response_good() {
    for (response, certificate) in [("root-x1-1", "e1"), ("root-x1-2", "root-x2-by-root-x1")] {
        let Some(ended) = openssl(&ocsp(response, certificate)) else { return };
        let ended = ended.with(0);
        assert!(ended.error.contains("Response verify OK"), "{}", ended.both());
        assert!(ended.out.starts_with(&format!("{}: good\n", pem(certificate))), "{}", ended.both());
        assert!(!ended.both().contains("WARNING"), "{}", ended.both());
    }
}

#[test]
fn openssl_finds_no_status_of_one_certificate_in_the_response_on_another() {
    let Some(ended) = openssl(&ocsp("root-x1-2", "e1")) else { return };
    assert!(ended.out.contains("ERROR: No Status found"), "{}", ended.both());
}

#[test]
fn openssl_verifies_the_request() {
    rehearsal();
    let Some(ended) = openssl("req -in requests/e1.csr.pem -verify -noout -subject -nameopt RFC2253") else {
        return;
    };
    let ended = ended.with(0);
    assert!(ended.both().contains("self-signature verify OK"), "{}", ended.both());
    assert!(ended.both().contains("subject=CN=E1,O=Example Trust Services,C=US"), "{}", ended.both());
}

#[test]
fn gnutls_verifies_the_paths() {
    let out = rehearsal();
    let chains: [(&str, &[&str]); 4] = [
        ("root-x1", &["e1"]),
        ("root-x2", &["r1"]),
        ("root-x1", &["r1", "root-x2-by-root-x1"]),
        ("root-x1", &["root-x1-ocsp"]),
    ];
    for (root, chain) in chains {
        let text: String =
            chain.iter().map(|name| fs::read_to_string(out.join(pem(name))).unwrap()).collect();
        let file = format!("chain-{root}-{}.pem", chain.join("-"));
        fs::write(out.join(&file), text).unwrap();
        let root = pem(root);
        let Some(ended) = certtool(&format!("--verify --load-ca-certificate {root} --infile {file}")) else {
            return;
        };
        assert!(
            ended.with(0).out.contains("Chain verification output: Verified. The certificate is trusted.")
        );
    }
}

#[test]
fn gnutls_verifies_the_crls() {
    rehearsal();
    for name in ["root-x1", "root-x2"] {
        let arguments =
            format!("--verify-crl --load-ca-certificate {} --infile crls/{name}.crl.pem", pem(name));
        let Some(ended) = certtool(&arguments) else { return };
        assert!(ended.with(0).out.contains("Verification output: Verified. The certificate is trusted."));
    }
}

#[test]
fn pkilint_finds_nothing_in_the_certificates() {
    let kinds = [
        ("root-x1", "ROOT-CA"),
        ("root-x2", "ROOT-CA"),
        ("root-x2-by-root-x1", "INTERNAL-CROSS-CA"),
        ("e1", "INTERNAL-UNCONSTRAINED-TLS-CA"),
        ("r1", "INTERNAL-UNCONSTRAINED-TLS-CA"),
        ("root-x1-ocsp", "OCSP-RESPONDER"),
    ];
    rehearsal();
    assert_eq!(of_kind(&["root", "cross", "subordinate", "ocsp-responder"]).len(), kinds.len());
    for (name, kind) in kinds {
        let Some(ended) = pkilint("lint_cabf_serverauth_cert", &format!("-t {kind} {}", pem(name))) else {
            return;
        };
        assert_eq!(ended.with(0).out.trim(), "", "{name}");
    }
}

#[test]
fn pkilint_finds_nothing_in_the_crls() {
    rehearsal();
    let crls = of_kind(&["crl"]);
    assert_eq!(crls.len(), 4, "two CRLs, each as DER and as PEM");
    for path in crls {
        let Some(ended) = pkilint("lint_crl", &format!("-t ARL -p BR {path}")) else { return };
        assert_eq!(ended.with(0).out.trim(), "", "{path}");
    }
}

#[test]
fn pkilint_finds_nothing_in_the_ocsp_responses() {
    rehearsal();
    let responses = of_kind(&["ocsp-response"]);
    assert_eq!(responses.len(), 2);
    for path in responses {
        let Some(ended) = pkilint("lint_ocsp_response", &path) else { return };
        assert_eq!(ended.with(0).out.trim(), "", "{path}");
    }
}

#[test]
fn pkilint_would_find_something() {
    rehearsal();
    let arguments = format!("-t OCSP-RESPONDER {}", pem("e1"));
    let Some(ended) = pkilint("lint_cabf_serverauth_cert", &arguments) else { return };
    assert_ne!(ended.code, Some(0), "a subordinate CA is no OCSP responder");
}

#[test]
fn the_summary_is_canonical_and_every_digest_in_it_is_true() {
    let out = rehearsal();
    let octets = fs::read(out.join("summary.json")).unwrap();
    let summary: Value = serde_json::from_slice(&octets).unwrap();
    assert_eq!(summary.to_string().as_bytes(), octets, "RFC 8785: sorted keys, no white space");
    let keys: Vec<&String> = summary.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["artifacts", "ceremony", "log", "plan_sha256", "practice"]);
    assert_eq!(summary["ceremony"], "2026-11-roots-x1-x2");
    assert_eq!(summary["practice"], true);
    for artifact in summary["artifacts"].as_array().unwrap() {
        let keys: Vec<&String> = artifact.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["kind", "name", "path", "sha256"]);
        let file = fs::read(out.join(artifact["path"].as_str().unwrap())).unwrap();
        assert_eq!(artifact["sha256"], sha256(&file), "{artifact}");
    }
    let kept = fs::read(out.join("ceremony-log/runs/2026-11-roots-x1-x2/plan.json")).unwrap();
    assert_eq!(summary["plan_sha256"], sha256(&kept));
    let log = fs::read_to_string(out.join("ceremony-log/log.jsonl")).unwrap();
    assert_eq!(summary["log"]["size"], log.lines().count());
    let checkpoint = fs::read_to_string(out.join("bundle-practice-2026-11-roots-x1-x2/checkpoint")).unwrap();
    let root = Base64::decode_vec(checkpoint.lines().nth(2).unwrap()).unwrap();
    assert_eq!(summary["log"]["root"], hex(&root), "the root that the log's key signed");
}

#[test]
fn the_summary_names_everything_that_is_handed_over_and_nothing_else() {
    let out = rehearsal();
    let mut named: Vec<String> = artifacts().into_iter().map(|(_, path)| path).collect();
    named.sort();
    let mut there = Vec::new();
    for folder in ["certificates", "requests", "crls", "ocsp"] {
        for entry in fs::read_dir(out.join(folder)).unwrap() {
            there.push(format!("{folder}/{}", entry.unwrap().file_name().into_string().unwrap()));
        }
    }
    there.push("bundle-practice-2026-11-roots-x1-x2/manifest.json".into());
    there.push("report.md".into());
    there.sort();
    assert_eq!(named, there);
    assert!(!out.join("rehearsal-tokens").exists(), "throw-away tokens are thrown away");
}

#[test]
fn every_rendering_holds_the_octets_of_an_artifact() {
    let out = rehearsal();
    let bundle = out.join("bundle-practice-2026-11-roots-x1-x2/artifacts");
    let mut compared = 0;
    for (kind, path) in artifacts() {
        if ["manifest", "report"].contains(&kind.as_str()) {
            continue;
        }
        let octets = fs::read(out.join(&path)).unwrap();
        let der = if Path::new(&path).extension().is_some_and(|extension| extension == "pem") {
            from_pem(&String::from_utf8(octets).unwrap(), &kind)
        } else {
            octets
        };
        let artifact = fs::read(bundle.join(format!("{}.der", sha256(&der))))
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(artifact == der, "{path}");
        compared += 1;
    }
    assert_eq!(compared, 13);
}

#[test]
fn the_report_is_about_this_ceremony() {
    let out = rehearsal();
    let report = fs::read_to_string(out.join("report.md")).unwrap();
    let summary: Value = serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap();
    for wanted in
        ["2026-11-roots-x1-x2", summary["plan_sha256"].as_str().unwrap(), "root-x2-by-root-x1", "ractice"]
    {
        assert!(report.contains(wanted), "no `{wanted}` in\n{report}");
    }
}

const STRICT: &str = "-x509_strict -check_ss_sig -attime 1795219200"; // 2026-11-21T00:00:00Z

/// The one rehearsal that all these tests look at.
fn rehearsal() -> &'static Path {
    static OUT: OnceLock<PathBuf> = OnceLock::new();
    OUT.get_or_init(|| {
        let folder = own_folder("interop");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("ceremonies/root-and-subordinates.yaml");
        let _ =
            rootrite(&folder, ["rehearse".as_ref(), script.as_os_str(), "--out".as_ref(), "out".as_ref()])
                .with(0);
        folder.join("out")
    })
}

fn pem(name: &str) -> String {
    rehearsal();
    format!("certificates/{name}.pem")
}

/// Kind and path of everything in the summary.
fn artifacts() -> Vec<(String, String)> {
    let summary: Value =
        serde_json::from_slice(&fs::read(rehearsal().join("summary.json")).unwrap()).unwrap();
    let text = |artifact: &Value, key: &str| artifact[key].as_str().unwrap().to_owned();
    summary["artifacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|artifact| (text(artifact, "kind"), text(artifact, "path")))
        .collect()
}

fn of_kind(kinds: &[&str]) -> Vec<String> {
    artifacts().into_iter().filter(|(kind, _)| kinds.contains(&kind.as_str())).map(|(_, path)| path).collect()
}

fn openssl(arguments: &str) -> Option<Ended> {
    tool("openssl", rehearsal(), arguments.split(' '))
}

/// Times are judged by pkilint: openssl's command compares with today, whenever that is.
fn ocsp(response: &str, certificate: &str) -> String {
    let (root, certificate) = (pem("root-x1"), pem(certificate));
    let seconds = 100 * 365 * 86_400_u64;
    format!(
        "ocsp -respin ocsp/{response}.der -CAfile {root} -issuer {root} -cert {certificate} -attime 1795219200 \
         -no_nonce -validity_period {seconds}"
    )
}

fn certtool(arguments: &str) -> Option<Ended> {
    tool("certtool", rehearsal(), ["--verify-profile", "medium"].into_iter().chain(arguments.split(' ')))
}

fn pkilint(program: &str, arguments: &str) -> Option<Ended> {
    let program = tool_folder("PKILINT_BIN")?.join(program);
    tool(program, rehearsal(), ["lint", "-s", "WARNING"].into_iter().chain(arguments.split(' ')))
}

/// What stands between the lines of a PEM file of one block.
fn from_pem(text: &str, kind: &str) -> Vec<u8> {
    let label = match kind {
        "request" => "CERTIFICATE REQUEST",
        "crl" => "X509 CRL",
        _ => "CERTIFICATE",
    };
    let inner = text.strip_prefix(&format!("-----BEGIN {label}-----\n")).expect("a first line");
    let inner = inner.strip_suffix(&format!("\n-----END {label}-----\n")).expect("a last line");
    Base64::decode_vec(&inner.replace('\n', "")).unwrap()
}
