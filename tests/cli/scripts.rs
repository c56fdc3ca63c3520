//! What is wrong with a script: every mistake has its message, its place and its line, and nothing happens.

use crate::table::{SCRIPT, Table};

/// A mistake: what stands in the good script, what stands there instead, and everything that is said.
struct Mistake {
    old: &'static str,
    new: &'static str,
    said: &'static str,
}

/// The YAML itself.
const YAML: &[Mistake] = &[
    Mistake {
        old: "confirm-clock: {sources: 1}",
        new: "confirm-clock: {sources: 1, sorces: 1}",
        said: "\
error: script.yaml:21:37: there is no key `sorces`; the only key here is `sources`
  21 |       - confirm-clock: {sources: 1, sorces: 1}
     |                                     ^
  hint: perhaps `sources` was meant
",
    },
    Mistake {
        old: "confirm-clock: {sources: 1}",
        new: "confirm-clock: {sources: 1, sources: 2}",
        said: "\
error: script.yaml:21:37: the key `sources` stands here for the second time
  21 |       - confirm-clock: {sources: 1, sources: 2}
     |                                     ^
  hint: the first one is in line 21
",
    },
    Mistake {
        old: "policy: private",
        new: "policy: private\npolicy: public-tls",
        said: "\
error: script.yaml:6:1: the key `policy` stands here for the second time
  6 | policy: public-tls
    | ^
  hint: the first one is in line 5
",
    },
    Mistake {
        old: "policy: private\n",
        new: "policy: private\n---\n",
        said: "\
error: script.yaml:6:1: a second document begins; a file is one document; nothing from here on was read
  6 | ---
    | ^
",
    },
    Mistake {
        old: "title: One root",
        new: "title:\tOne root",
        said: "\
error: script.yaml:4:7: there is a tab; wanted spaces
  4 | title: One root CA and one subordinate CA
    |       ^
  hint: two spaces for each step inwards
",
    },
    Mistake {
        old: "title: One root",
        new: "title: &one One root",
        said: "\
error: script.yaml:4:8: there is an anchor (`&`); write the value out where it is needed
  4 | title: &one One root CA and one subordinate CA
    |        ^
",
    },
    Mistake {
        old: "title: One root",
        new: "title: !!str One root",
        said: "\
error: script.yaml:4:8: there is a tag (`!`); wanted none
  4 | title: !!str One root CA and one subordinate CA
    |        ^
",
    },
    Mistake {
        old: "policy: private\n",
        new: "policy: private\r\n",
        said: "\
error: script.yaml:5:16: the line ends in CR LF; wanted LF alone, here and in every line
  5 | policy: private
    |                ^
  hint: save the file with Unix line ends
",
    },
    Mistake {
        old: "rootrite: 1\n",
        new: "rootrite: 2\n",
        said: "\
error: script.yaml:2:11: found version `2` of the format; this program reads version `1`
  2 | rootrite: 2
    |           ^
",
    },
];

/// Values.
const VALUES: &[Mistake] = &[
    Mistake {
        old: "sources: 1",
        new: "sources: one",
        said: "\
error: script.yaml:21:34: found `one`, wanted a whole number
  21 |       - confirm-clock: {sources: one}
     |                                  ^
",
    },
    Mistake {
        old: "sources: 1",
        new: "sources: [1]",
        said: "\
error: script.yaml:21:34: found a list, wanted a whole number
  21 |       - confirm-clock: {sources: [1]}
     |                                  ^
",
    },
    Mistake {
        old: "- witness: {}",
        new: "- witness: yes",
        said: "\
error: script.yaml:49:18: found `yes`, wanted a map, `{}` if there is nothing to say
  49 |       - witness: yes
     |                  ^
",
    },
    Mistake {
        old: "to: 2026-11-02T20:00:00Z",
        new: "to: 2027-02-29T20:00:00Z",
        said: "\
error: script.yaml:6:42: found `2027-02-29T20:00:00Z`, wanted a time of the calendar in UTC to the second, such as `2026-11-01T08:00:00Z`
  6 | window: {from: 2026-11-01T08:00:00Z, to: 2027-02-29T20:00:00Z}
    |                                          ^
",
    },
    Mistake {
        old: "to: 2026-11-02T20:00:00Z",
        new: "to: 2026-11-02T20:00:00+01:00",
        said: "\
error: script.yaml:6:42: found `2026-11-02T20:00:00+01:00`, wanted a time of the calendar in UTC to the second, such as `2026-11-01T08:00:00Z`
  6 | window: {from: 2026-11-01T08:00:00Z, to: 2026-11-02T20:00:00+01:00}
    |                                          ^
",
    },
    Mistake {
        old: "to: 2026-11-02T20:00:00Z",
        new: "to: 2026-11-01T07:59:59Z",
        said: "\
error: script.yaml:6:42: the window ends at 2026-11-01T07:59:59Z, before it begins at 2026-11-01T08:00:00Z
  6 | window: {from: 2026-11-01T08:00:00Z, to: 2026-11-01T07:59:59Z}
    |                                          ^
",
    },
    Mistake {
        old: "lasts: 3650 days",
        new: "lasts: 0 days",
        said: "\
error: script.yaml:31:18: found `0 days`, wanted a duration, such as `3650 days`, `12 hours`, `30 minutes` or `1 second`
  31 |           lasts: 0 days
     |                  ^
",
    },
    Mistake {
        old: "algorithm: ecdsa-p384, backup: none}\n      - issue-root",
        new: "algorithm: dsa-1024, backup: none}\n      - issue-root",
        said: "\
error: script.yaml:25:62: there is no key algorithm `dsa-1024`; there are `rsa-2048`, `rsa-3072`, `rsa-4096`, `ecdsa-p256`, `ecdsa-p384`, `ecdsa-p521`, `ed25519`, `ml-dsa-65`, `ml-dsa-87`
  25 |       - generate-key: {token: root, key: root-x1, algorithm: dsa-1024, backup: none}
     |                                                              ^
",
    },
    Mistake {
        old: "{token: root, key: root-x1, algorithm: ecdsa-p384, backup: none}",
        new: "{token: root, key: Root X1, algorithm: ecdsa-p384, backup: none}",
        said: "\
error: script.yaml:25:42: found `Root X1`, wanted an id: 1 to 64 of a-z, 0-9 and -
  25 |       - generate-key: {token: root, key: Root X1, algorithm: ecdsa-p384, backup: none}
     |                                          ^
",
    },
    Mistake {
        old: "crl-url: http://x1.c.example.org/",
        new: "crl-url: x1.c.example.org",
        said: "\
error: script.yaml:43:20: found `x1.c.example.org`, wanted an absolute URI in ASCII without spaces
  43 |           crl-url: x1.c.example.org
     |                    ^
",
    },
];

/// What the values of one step are together.
const STEPS: &[Mistake] = &[
    Mistake {
        old: "          lasts: 1095 days\n",
        new: "",
        said: "\
error: script.yaml:36:9: the profile leaves `lasts` to the script, and the script does not say it
  36 |       - issue-subordinate:
     |         ^
",
    },
    Mistake {
        old: "          crl-url: http://x1.c.example.org/\n",
        new: "",
        said: "\
error: script.yaml:36:9: the profile leaves `crl-url` to the script, and the script does not say it
  36 |       - issue-subordinate:
     |         ^
",
    },
    Mistake {
        old: "          key: e1\n",
        new: "",
        said: "\
error: script.yaml:36:9: one of `request`, `public-key` and `key` is wanted: where the subordinate's key comes from
  36 |       - issue-subordinate:
     |         ^
",
    },
    Mistake {
        old: "          key: e1\n",
        new: "          key: e1\n          public-key: e1\n",
        said: "\
error: script.yaml:36:9: one of `request`, `public-key` and `key` is wanted: where the subordinate's key comes from
  36 |       - issue-subordinate:
     |         ^
",
    },
    Mistake {
        old: "subject: [{C: US}, {O: Example Trust Services}, {CN: E1}]",
        new: "subject: []",
        said: "\
error: script.yaml:40:20: `subject` is an empty list; wanted at least one
  40 |           subject: []
     |                    ^
",
    },
];

/// What steps refer to, and in which order they stand.
const REFERENCES: &[Mistake] = &[
    Mistake {
        old: "- witness: {}",
        new: "- witnes: {}",
        said: "\
error: script.yaml:49:9: there is no step `witnes`; the steps here are `preflight`, `roll-call`, `confirm-clock`, `replace-log-key`, `rotate-log-key`, `confirm-log`, `evidence`, `instruct`, `custody`, `initialize-token`, `inventory`, `create-log`, `generate-key`, `back-up-key`, `check-shares`, `refresh-shares`, `restore-key`, `split-secret`, `attest-key`, `device-audit`, `destroy-key`, `issue-root`, `issue-subordinate`, `issue-cross`, `issue-ocsp-responder`, `request-certificate`, `revoke`, `issue-crl`, `issue-crl-series`, `issue-ocsp-responses`, `witness`, `seal`, `write-media`
  49 |       - witnes: {}
     |         ^
  hint: perhaps `witness` was meant
",
    },
    Mistake {
        old: "{token: root, key: root-x1, algorithm: ecdsa-p384, backup: none}",
        new: "{token: rot, key: root-x1, algorithm: ecdsa-p384, backup: none}",
        said: "\
error: script.yaml:25:31: there is no token `rot`; the tokens here are `log`, `root`
  25 |       - generate-key: {token: rot, key: root-x1, algorithm: ecdsa-p384, backup: none}
     |                               ^
  hint: perhaps `root` was meant
",
    },
    Mistake {
        old: "profile: root-ca",
        new: "profile: tls-subordinate-ca",
        said: "\
error: script.yaml:28:20: profile `tls-subordinate-ca` is for the kind `subordinate`; this step takes `root`
  28 |           profile: tls-subordinate-ca
     |                    ^
",
    },
    Mistake {
        old: "key: e1, algorithm",
        new: "key: root-x1, algorithm",
        said: "\
error: script.yaml:35:42: there is a key `root-x1` already; each key has a name of its own
  35 |       - generate-key: {token: root, key: root-x1, algorithm: ecdsa-p384, backup: none}
     |                                          ^
error: script.yaml:38:16: there is no key `e1`; the only key here is `root-x1`
  38 |           key: e1
     |                ^
",
    },
    Mistake {
        old: "          key: e1\n",
        new: "          key: root-x1\n",
        said: "\
error: script.yaml:36:9: the key of the subordinate CA is the issuer's own key `root-x1`
  36 |       - issue-subordinate:
     |         ^
",
    },
    Mistake {
        old: "          key: e1\n",
        new: "          key: log-1\n",
        said: "\
error: script.yaml:38:16: key `log-1` is a key of the log; it signs the log's heads and nothing else
  38 |           key: log-1
     |                ^
",
    },
    Mistake {
        old: "certificate: e1",
        new: "certificate: root-x1",
        said: "\
error: script.yaml:45:24: step 2.2 makes a certificate `root-x1` already
  45 |           certificate: root-x1
     |                        ^
",
    },
    Mistake {
        old: "      - witness: {}\n",
        new: "      - seal: {}\n",
        said: "\
error: script.yaml:49:9: `seal` is not the last step; after it nothing can be recorded
  49 |       - seal: {}
     |         ^
error: script.yaml:50:9: `seal` stands here for the second time
  50 |       - seal: {next-due: 2027-09-01T00:00:00Z, next-purpose: yearly CRL}
     |         ^
",
    },
    Mistake {
        old: "      - confirm-clock: {sources: 1}\n",
        new: "",
        said: "\
error: script.yaml:24:9: `generate-key` stands before `confirm-clock`, which it needs
  24 |       - generate-key: {token: root, key: root-x1, algorithm: ecdsa-p384, backup: none}
     |         ^
",
    },
    Mistake {
        old: "next-due: 2027-09-01T00:00:00Z",
        new: "next-due: 2027-12-01T00:00:00Z",
        said: "\
error: script.yaml:50:26: the next ceremony is due at 2027-12-01T00:00:00Z, after the first CRL or OCSP response of this one runs out at 2027-10-30T23:59:59Z
  50 |       - seal: {next-due: 2027-12-01T00:00:00Z, next-purpose: yearly CRL}
     |                          ^
",
    },
];

#[test]
fn a_mistake_in_the_yaml_is_said_and_nothing_happens() {
    nothing_happens(YAML);
}

#[test]
fn a_wrong_value_is_said_and_nothing_happens() {
    nothing_happens(VALUES);
}

#[test]
fn a_step_that_says_too_little_or_too_much_is_refused_and_nothing_happens() {
    nothing_happens(STEPS);
}

#[test]
fn a_wrong_reference_is_said_and_nothing_happens() {
    nothing_happens(REFERENCES);
}

/// Each mistake is said in the same words by every command that reads a script.
fn nothing_happens(mistakes: &[Mistake]) {
    let table = Table::new();
    for Mistake { old, new, said } in mistakes {
        assert_eq!(SCRIPT.matches(old).count(), 1, "{old}");
        table.write("script.yaml", SCRIPT.replace(old, new));
        for command in COMMANDS {
            let ended = table.run_and_change_nothing(command);
            assert!(ended.error == *said, "{command} says\n{}\nwanted\n{said}", ended.error);
            assert_eq!(ended.out, "", "{command}");
            assert_eq!(ended.code, Some(2), "{command}");
        }
    }
}

const COMMANDS: [&str; 4] = [
    "check script.yaml --site site.yaml",
    "plan script.yaml -o plan.json",
    "rehearse script.yaml --out out",
    "run script.yaml --site site.yaml --log log --out out --practice --plain",
];

/// What is nearly right is refused, and judged as what was meant: rules say what is wrong beside it.
#[test]
fn a_mistake_in_a_word_hides_nothing_of_what_depends_on_it() {
    let table = Table::without_tokens();
    for (old, new) in [
        ("lasts: 3650 days", "lasts: 3650 dyas"),
        ("profile: tls-subordinate-ca", "profile: tls-subordinate"),
        (
            "[{C: US}, {O: Example Trust Services}, {CN: E1}]",
            "[{C: USA}, {O: Example Trust Services}, {CN: E1}]",
        ),
        ("- issue-crl: {issuer: root-x1, number: next", "- issue-cril: {isuer: root-x1, number: next"),
        ("lasts: 364 days", "lasts: 4000 days"),
    ] {
        table.change("script.yaml", old, new);
    }
    let said = table.run_and_change_nothing("check script.yaml").with(2).error;
    for wanted in [
        "found `3650 dyas`, wanted a duration",
        "there is no profile `tls-subordinate`",
        "there is no step `issue-cril`",
        "there is no key `isuer`",
        "e1: error NAME-05: C has 3 characters",
        "root-x1: error CRL-04: next update is",
    ] {
        assert!(said.contains(wanted), "`{wanted}` is not in\n{said}");
    }
    assert!(!said.contains("is missing"), "{said}");
}

#[test]
fn an_entry_that_cannot_be_read_hides_nothing_of_the_others() {
    let table = Table::without_tokens();
    for (old, new) in [
        ("root: {class: any}", "root: {class: [any]}"),
        ("{id: cy, role: crypto-officer}", "{id: cy, role: crypto-officer, ssh-key: []}"),
        ("{id: wim, role: external-witness}", "{id: wim}"),
        (
            "- roll-call: {}",
            "- roll-call: {}\n      - evidence: {what: the log book, ask: wim}\n      - evidence: {what: the log book, ask: nobody}",
        ),
        (
            "[{C: US}, {O: Example Trust Services}, {CN: E1}]",
            "[{C: USA}, {O: Example Trust Services}, {CN: E1}]",
        ),
        (
            "- issue-crl: {issuer: root-x1, number: next",
            "- issue-crl: {number: next, profile: nothing-like-it",
        ),
    ] {
        table.change("script.yaml", old, new);
    }
    let said = table.run_and_change_nothing("check script.yaml").with(2).error;
    let errors: Vec<&str> = said.lines().filter(|line| line.starts_with("error: ")).collect();
    for (error, wanted) in errors.iter().zip([
        "found a list, wanted one of `hardware`, `software`, `any`",
        "found a list, wanted text",
        "`role` is missing",
        "there is no person `nobody`",
        "e1: error NAME-03: C `USA` is no country",
        "e1: error NAME-05: C has 3 characters",
        "`issuer` is missing",
        "there is no profile `nothing-like-it`",
    ]) {
        assert!(error.contains(wanted), "`{wanted}` is not in `{error}`\n{said}");
    }
    // Nothing is said of what hangs on what could not be read: how many take part, who asks `wim`, whose CRL it is.
    assert_eq!(errors.len(), 8, "{said}");
}

#[test]
fn ten_mistakes_give_ten_messages() {
    let mut text = SCRIPT.to_owned();
    for (old, new) in [
        ("policy: private", "policy: privat"),
        ("distinct-from: [root]", "distinct-from: [rot]"),
        ("role: ceremony-administrator", "role: administrator"),
        ("origin: example.org/test-log", "origin: Example Log"),
        (
            "algorithm: ecdsa-p384, backup: none}\n      - issue-root",
            "algorithm: p385, backup: none}\n      - issue-root",
        ),
        ("lasts: 3650 days", "lasts: 3650 dayz"),
        ("profile: tls-subordinate-ca", "profile: tls-subordinate"),
        ("crl-url: http://x1.c.example.org/", "clr-url: http://x1.c.example.org/"),
        ("revoked: none", "revoked: nobody"),
        ("2027-09-01", "2027-09-31"),
    ] {
        assert_eq!(text.matches(old).count(), 1, "{old}");
        text = text.replace(old, new);
    }
    let table = Table::new();
    table.write("script.yaml", text);
    for command in COMMANDS {
        let ended = table.run_and_change_nothing(command).with(2);
        let places: Vec<&str> = ended
            .error
            .lines()
            .filter_map(|line| line.strip_prefix("error: script.yaml:")?.split(": ").next())
            .collect();
        assert_eq!(
            places,
            ["5:9", "9:37", "11:21", "22:30", "25:62", "31:18", "39:20", "43:11", "46:105", "50:26"],
            "{command}: {}",
            ended.error
        );
    }
}

#[test]
fn what_is_no_text_is_refused() {
    let table = Table::new();
    table.write("script.yaml", b"rootrite: 1\ntitle: \xff\n");
    let ended = table.run_and_change_nothing("check script.yaml").with(2);
    assert_eq!(
        ended.error,
        "error: script.yaml:2:8: the octet 0xff is not UTF-8; nothing of the file was read\n  2 | title: \u{fffd}\n    |        ^\n  \
         hint: save the file as UTF-8\n"
    );
    table.write("script.yaml", "");
    let ended = table.run_and_change_nothing("check script.yaml").with(2);
    assert_eq!(ended.error, "error: script.yaml:1:1: the file is empty\n");
    table.write("script.yaml", "#".repeat((1 << 20) + 1));
    let ended = table.run_and_change_nothing("check script.yaml").with(2);
    assert_eq!(
        ended.error,
        "error: script.yaml:1:1: the file has 1048577 octets; at most 1048576 are read\n"
    );
}

#[test]
fn the_messages_are_data_with_format_json() {
    let table = Table::new();
    table.change("script.yaml", "sources: 1", "sources: 9");
    let ended = table.run_and_change_nothing("check script.yaml --format json").with(2);
    assert_eq!(ended.error, "");
    assert_eq!(
        ended.out,
        "[{\"column\":34,\"file\":\"script.yaml\",\"hint\":null,\"line\":21,\"message\":\"found `9` sources, wanted 1 to 4, one for \
         each person but share holders\",\"severity\":\"error\"}]\n"
    );
    table.change("script.yaml", "sources: 9", "sources: 4");
    let ended = table.run_and_change_nothing("check script.yaml --format json").with(0);
    assert_eq!((ended.out.as_str(), ended.error.as_str()), ("[]\n", ""));
}

/// What the log could not hold is said before the room, not in it.
#[test]
fn a_text_that_does_not_fit_into_the_log_is_refused_and_the_longest_one_fits() {
    for (octets, code) in [(4096, 0), (4097, 2)] {
        let table = Table::without_tokens();
        // Each of these octets takes two in a record.
        let text = "\"".repeat(octets);
        table.change(
            "script.yaml",
            "      - witness: {}\n",
            &format!("      - instruct: {{who: bo, text: '{text}'}}\n"),
        );
        let ended = table.run("check script.yaml").with(code);
        if code == 2 {
            assert!(
                ended.error.contains("found a text of 4097 octets, wanted at most 4096"),
                "{}",
                ended.error
            );
        } else {
            let _ = table.run("rehearse script.yaml --out out --quiet").with(0);
        }
    }
    let table = Table::without_tokens();
    let units = "{OU: abcdefghijklmnopqrstuvwxyz}, ".repeat(200);
    table.change("script.yaml", "{CN: E1}", &format!("{units}{{CN: E1}}"));
    let ended = table.run_and_change_nothing("check script.yaml").with(2);
    assert!(ended.error.contains("as a text, wanted at most 4096"), "{}", ended.error);
}
