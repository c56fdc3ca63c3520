//! `lint` over structures that belong together: bundles, cross-certificates, responses with their delegates.

use std::fs;

use serde_json::Value;

use crate::lint::{Authority, objections};

const AT: &str = "--at 2026-11-01T12:00:00Z";

impl Authority {
    /// A key and a certificate of the root for it.
    fn issues(&self, name: &str, subject: &str, extensions: &str, last: &str) -> Option<()> {
        if !self.path().join(format!("{name}.key")).exists() {
            let key = format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {name}.key");
            self.openssl(&key, &[])?;
        }
        let request = format!("req -config ca.cnf -new -key {name}.key -out {name}.csr");
        self.openssl(&request, &["-subj", &format!("/C=US/O=Example/CN={subject}")])?;
        self.openssl(
            &format!(
                "ca -config ca.cnf -batch -notext -in {name}.csr -out {extensions}.pem -extensions {extensions}_extensions \
                 -startdate 261101000000Z -enddate {last}"
            ),
            &[],
        )?;
        Some(())
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }
}

/// What kind each structure is and what was not judged for lack of an issuer.
fn kinds_and_orphans(out: &str) -> (Vec<String>, usize) {
    let rows: Value = serde_json::from_str(out).unwrap();
    let rows = rows.as_array().unwrap();
    let mut kinds: Vec<String> = rows.iter().map(|row| row["kind"].as_str().unwrap().to_owned()).collect();
    kinds.dedup();
    let orphans = rows
        .iter()
        .filter(|row| row["message"].as_str().unwrap().contains("issuer's certificate is not known"));
    (kinds, orphans.count())
}

#[test]
fn an_issuer_in_the_same_file_is_found_by_name_and_key() {
    let Some(authority) = Authority::new() else { return };
    authority.issues("sub", "E1", "any_policy", "291030235959Z").unwrap();
    let (root, sub) = (authority.text("root.pem"), authority.text("any_policy.pem"));
    fs::write(authority.path().join("bundle.pem"), format!("{sub}{root}")).unwrap();
    let ended = authority.lint(&format!("bundle.pem {AT} --format json")).with(0);
    assert_eq!(
        kinds_and_orphans(&ended.out),
        (vec!["subordinate".into(), "root".into()], 0),
        "{}",
        ended.out
    );
    assert_eq!(objections(&ended), ["warning ROOT-07"]);
    let alone = authority.lint(&format!("any_policy.pem {AT} --format json")).with(0);
    assert!(kinds_and_orphans(&alone.out).1 > 3, "{}", alone.out);
    // A root of the same name and another key is no issuer of it.
    authority.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out other.key", &[]).unwrap();
    let subject = "/C=US/O=Example/CN=Example Root";
    authority.openssl("req -config ca.cnf -new -key other.key -out other.csr", &["-subj", subject]).unwrap();
    authority
        .openssl(
            "ca -config ca.cnf -batch -notext -selfsign -in other.csr -keyfile other.key -out other.pem \
             -extensions root_extensions -startdate 261101000000Z -enddate 361030235959Z",
            &[],
        )
        .unwrap();
    fs::write(authority.path().join("bundle.pem"), format!("{sub}{}", authority.text("other.pem"))).unwrap();
    let ended = authority.lint(&format!("bundle.pem {AT} --format json")).with(0);
    assert!(kinds_and_orphans(&ended.out).1 > 3, "{}", ended.out);
}

#[test]
fn a_cross_certificate_is_compared_with_what_it_crosses() {
    let Some(authority) = Authority::new() else { return };
    // Another root, self-signed, and two cross-certificates onto it: one with a path length.
    authority.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out other.key", &[]).unwrap();
    let subject = "/C=US/O=Example/CN=Other Root";
    authority.openssl("req -config ca.cnf -new -key other.key -out other.csr", &["-subj", subject]).unwrap();
    authority
        .openssl(
            "ca -config ca.cnf -batch -notext -selfsign -in other.csr -keyfile other.key -out other.pem \
             -extensions root_extensions -startdate 261101000000Z -enddate 361030235959Z",
            &[],
        )
        .unwrap();
    authority.issues("other", "Other Root", "cross", "291030235959Z").unwrap();
    authority.issues("other", "Other Root", "any_policy", "291030235959Z").unwrap();
    let known = format!("--issuer root.pem --cross-signed other.pem {AT} --format json");
    let good = authority.lint(&format!("cross.pem {known}")).with(0);
    assert_eq!(kinds_and_orphans(&good.out).0, ["cross"], "{}", good.out);
    assert_eq!(objections(&good), [""; 0]);
    assert!(!good.out.contains("being cross-signed is not known"), "{}", good.out);
    let bounded = authority.lint(&format!("any_policy.pem {known}")).with(5);
    assert_eq!(objections(&bounded), ["error XCA-07"]);
    // Onto another key nothing agrees.
    let known = known.replace("other.pem", "root.pem");
    let wrong = authority.lint(&format!("--kind cross cross.pem {known}")).with(5);
    assert!(objections(&wrong).contains(&"error XCA-01".to_owned()), "{}", wrong.out);
    // Without it nothing is passed.
    let alone = authority.lint(&format!("--kind cross cross.pem --issuer root.pem {AT}")).with(0);
    assert!(
        alone.out.contains("XCA-01, XCA-02, XCA-03, XCA-07: not judged: the certificate being cross-signed"),
        "{}",
        alone.out
    );
    let alone = authority.lint(&format!("cross.pem --cross-signed ca.cnf {AT}")).with(2);
    assert!(alone.error.starts_with("error: `ca.cnf` is no certificate to cross-sign: "), "{}", alone.error);
}

#[test]
fn a_delegate_that_is_enclosed_is_judged_for_itself() {
    let Some(authority) = Authority::new() else { return };
    for (delegate, wanted) in [("responder", None), ("checked", Some("error OCR-03"))] {
        authority.issues("ocsp", "OCSP 1", delegate, "271030235959Z").unwrap();
        authority.openssl("ocsp -issuer root.pem -cert root.pem -no_nonce -reqout request.der", &[]).unwrap();
        let respond = format!(
            "ocsp -index index.txt -CA root.pem -rsigner {delegate}.pem -rkey ocsp.key -reqin request.der -ndays 100 \
             -respout response.der"
        );
        authority.openssl(&respond, &[]).unwrap();
        let ended = authority.lint("response.der --issuer root.pem");
        let place = "response.der [0], certificate 1: ocsp-responder, CN=OCSP 1,O=Example,C=US\n";
        assert!(ended.out.contains(place), "{}", ended.out);
        assert!(ended.out.ends_with(" in 2 structures\n"), "{}", ended.out);
        let ended = authority.lint("response.der --issuer root.pem --format json");
        let rows: Value = serde_json::from_str(&ended.out).unwrap();
        let rows = rows.as_array().unwrap().iter().filter(|row| row["kind"] == "ocsp-responder");
        let said: Vec<_> = rows
            .filter(|row| row["severity"] == "error")
            .map(|row| format!("error {}", row["rule"].as_str().unwrap()))
            .collect();
        assert_eq!(said, Vec::from_iter(wanted.map(str::to_owned)), "{}", ended.out);
    }
}
