//! What a rule objects to is found while planning, on both sides of every bound, and nothing happens.

use crate::table::{SCRIPT, Table};

#[test]
fn a_root_lasts_2922_to_9132_days_to_the_second() {
    let place = "script.yaml:26:9: root-x1: error ROOT-02: lasts ";
    for (lasts, objection) in [
        (
            "252460799 seconds",
            Some("252460799 s; must last 252460800 s to 789004800 s (BR 2.2.6 §7.1.2.1.1)"),
        ),
        ("2922 days", None),
        ("9132 days", None),
        (
            "789004801 seconds",
            Some("789004801 s; must last 252460800 s to 789004800 s (BR 2.2.6 §7.1.2.1.1)"),
        ),
    ] {
        let script = public_tls().replace("lasts: 3650 days", &format!("lasts: {lasts}"));
        judged(&script, objection.map(|objection| format!("{place}{objection}")).as_deref());
    }
}

/// The window has two days: the root may be signed on the first and the subordinate on the second.
#[test]
fn a_subordinate_does_not_outlive_its_issuer_on_any_day_of_the_window() {
    let objection = "script.yaml:36:9: e1: error CRT-12: not after is 2036-10-29T23:59:59Z; the issuer's certificate ends \
                     before, 2036-10-28T23:59:59Z (no standard; validity nested in every path (RFC 5280 §6.1.3))";
    let with = |lasts: &str| SCRIPT.replace("lasts: 1095 days", &format!("lasts: {lasts}"));
    judged(&with("3650 days"), Some(objection));
    judged(&with("3649 days"), None);
    // One second is enough.
    let objection =
        objection.replace("not after is 2036-10-29T23:59:59Z", "not after is 2036-10-29T00:00:00Z");
    judged(&with("315273601 seconds"), Some(&objection));
}

#[test]
fn a_crl_lasts_a_year_at_most_to_the_second() {
    let objection = "script.yaml:46:9: root-x1: error CRL-03: ";
    let with = |lasts: &str| public_tls().replace("lasts: 364 days", &format!("lasts: {lasts}"));
    judged(&with("31536000 seconds"), None);
    judged(&with("31536001 seconds"), Some(objection));
}

#[test]
fn a_policy_is_what_its_rules_say() {
    let ed25519 = SCRIPT.replace("key: root-x1, algorithm: ecdsa-p384", "key: root-x1, algorithm: ed25519");
    judged(&ed25519, None);
    let ed25519 =
        public_tls().replace("key: root-x1, algorithm: ecdsa-p384", "key: root-x1, algorithm: ed25519");
    judged(&ed25519, Some("script.yaml:26:9: root-x1: error ALG-01: the signature algorithm is ed25519"));
}

#[test]
fn a_name_is_the_name_of_one_key() {
    let same = SCRIPT.replace("{CN: E1}", "{CN: Example Root X1}");
    judged(
        &same,
        Some(
            "script.yaml:36:9: e1: error GRA-01: `root-x1` has the subject `CN=Example Root X1,O=Example Trust Services,C=US` and another \
             key, ",
        ),
    );
}

/// Everything that an issuer issues says the same of it.
#[test]
fn an_issuer_has_one_crl_and_its_certificate_one_place() {
    let second = |crl: &str, place: &str| {
        let first = SCRIPT.split_once("      - generate-key: {token: root, key: e1").unwrap().1;
        let (first, _) = first.split_once("      - issue-crl").unwrap();
        let first = format!("      - generate-key: {{token: root, key: e1{first}");
        let e2 = first.replace("key: e1", "key: e2").replace("{CN: E1}", "{CN: E2}");
        let e2 = e2
            .replace("certificate: e1", "certificate: e2")
            .replace("//x1.c.", crl)
            .replace("//x1.i.", place);
        SCRIPT.replace(&first, &format!("{first}{e2}"))
    };
    judged(&second("//x1.c.", "//x1.i."), None);
    let there = "script.yaml:47:9: e2: error ";
    judged(
        &second("//x2.c.", "//x1.i."),
        Some(&format!(
            "{there}GRA-04: the CRL of this issuer is at http://x2.c.example.org/; in `e1` it is at http://x1.c."
        )),
    );
    judged(
        &second("//x1.c.", "//x2.i."),
        Some(&format!("{there}GRA-05: the certificate of this issuer is at http://x2.i.")),
    );
}

/// While planning no serial number is drawn: what an objection speaks of has a name.
#[test]
fn an_answer_is_named_before_its_serial_number_is_drawn() {
    let with = |lasts: &str| {
        let steps = format!(
            "      - generate-key: {{token: root, key: ocsp, algorithm: ecdsa-p256, backup: none}}\n      \
             - issue-ocsp-responder: {{issuer: root-x1, key: ocsp, profile: ocsp-responder, subject: [{{C: US}}, {{O: \
             Example Trust Services}}, {{CN: OCSP}}], not-before: ceremony-day, lasts: 200 days, certificate: ocsp}}\n      \
             - issue-ocsp-responses: {{issuer: root-x1, responder: ocsp, certificates: [e1], this-update: ceremony-day, \
             lasts: {lasts}, responses: r}}\n  - act: Closing\n"
        );
        let script = SCRIPT.replace("  - act: Closing\n", &steps);
        script.replace("next-due: 2027-09-01T00:00:00Z, ", "next-due: 2027-01-01T00:00:00Z, ")
    };
    // The responder's certificate may be signed on the first day of the window, and the responses on the second.
    judged(&with("199 days"), None);
    judged(
        &with("200 days"),
        Some(
            "script.yaml:49:9: r-1: error OCS-08: next update of `e1` is 2027-05-20T23:59:59Z, if it is signed at 2026-11-02T00:00:00Z; the delegate's",
        ),
    );
}

/// A rule that objects at every moment of the window objects once.
#[test]
fn an_objection_is_said_once() {
    let future = public_tls().replace("this-update: ceremony-day", "this-update: 2028-01-01T00:00:00Z");
    let table = Table::without_tokens();
    table.write("script.yaml", future.replace("next-due: 2027-09-01T00:00:00Z, ", ""));
    let ended = table.run_and_change_nothing("check script.yaml").with(2);
    assert_eq!(ended.error.matches("error CRL-04").count(), 1, "{}", ended.error);
}

/// What is said of a subordinate does not depend on whether something is said of its root.
#[test]
fn an_objection_to_the_root_does_not_hide_one_to_the_subordinate() {
    let both = public_tls()
        .replace("lasts: 3650 days", "lasts: 9133 days")
        .replace("crl-url: http://x1.c.example.org/", "crl-url: ldap://x1.c.example.org/");
    let table = Table::without_tokens();
    table.write("script.yaml", both);
    let ended = table.run_and_change_nothing("check script.yaml").with(2);
    for wanted in ["root-x1: error ROOT-02: ", "e1: error SUB-05: "] {
        assert!(ended.error.contains(wanted), "{}", ended.error);
    }
}

fn public_tls() -> String {
    SCRIPT
        .replace("policy: private", "policy: public-tls")
        .replace("quorum: {crypto-officer: 1", "quorum: {crypto-officer: 2")
}

/// Whether the script is good, or the one objection to it with its place and its line under it.
#[track_caller]
fn judged(script: &str, objection: Option<&str>) {
    let table = Table::without_tokens();
    table.write("script.yaml", script);
    match objection {
        None => {
            let ended = table.run_and_change_nothing("check script.yaml");
            assert_eq!((ended.code, ended.error.as_str()), (Some(0), ""));
        }
        Some(objection) => {
            for command in
                ["check script.yaml", "plan script.yaml -o plan.json", "rehearse script.yaml --out out"]
            {
                let ended = table.run_and_change_nothing(command);
                assert!(
                    ended.error.starts_with(&format!("error: {objection}")),
                    "{command} says\n{}",
                    ended.error
                );
                assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{command}");
                let mut lines = ended.error.lines().skip(1);
                assert!(
                    lines
                        .next()
                        .is_some_and(|line| line.starts_with("  ") && line.contains(" |       - issue-"))
                );
            }
        }
    }
}
