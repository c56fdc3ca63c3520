//! A key that another ceremony made: its bundle says so, and what does not fit is refused with its place.

use std::fs;
use std::path::Path;

use rootrite::digest::Digest;

use crate::common::{own_folder, rootrite};
use crate::table::Table;

#[test]
fn the_roots_ceremony_takes_a_key_that_the_online_side_generated_and_its_log_says_where() {
    let folder = own_folder("both-sides");
    fs::create_dir(folder.join("inputs")).unwrap();
    for name in ["subordinate-key", "root-and-subordinates", "sign-subordinate"] {
        let file = format!("{name}.yaml");
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("ceremonies").join(&file), folder.join(&file))
            .unwrap();
    }
    let run = |arguments: &str| rootrite(&folder, arguments.split(' '));
    let _ = run("rehearse subordinate-key.yaml --out online --quiet").with(0);
    let bundle = folder.join("online/bundle-practice-2026-10-subordinate-e3");
    copy(&bundle, &folder.join("inputs/e3"));
    let _ = run("rehearse root-and-subordinates.yaml sign-subordinate.yaml --out out --quiet").with(0);
    let records: Vec<serde_json::Value> = fs::read_to_string(folder.join("out/ceremony-log/log.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let received = records.iter().find(|record| record["ev"] == "request.received").unwrap();
    let said = &received["data"]["origin_head"];
    let head = fs::read_to_string(bundle.join("checkpoint")).unwrap();
    let head: Vec<&str> = head.lines().collect();
    assert_eq!((said["origin"].as_str().unwrap(), said["size"].to_string().as_str()), (head[0], head[1]));
    // The certificate is of the key that was generated there.
    let online = fs::read_to_string(folder.join("online/ceremony-log/log.jsonl")).unwrap();
    let online: Vec<serde_json::Value> =
        online.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let generated =
        online.iter().find(|one| one["ev"] == "key.generated" && one["data"]["label"] == "e3").unwrap();
    let signed = records
        .iter()
        .find(|one| one["ev"] == "cert.signed" && one["data"]["artifact"]["name"] == "e3")
        .unwrap();
    assert_eq!(signed["data"]["spki_sha256"], generated["data"]["spki_sha256"]);
}

#[test]
fn a_bundle_whose_digest_is_pinned_is_planned_with_what_its_log_says() {
    let (table, digest) = both();
    pin(&table, &digest);
    let said = table.run("plan script.yaml -o plan.json").with(0).both();
    for wanted in [
        "Its ecdsa-p384 key was generated on 2026-10-20T08:00:0",
        "in the ceremony `online`, on the token `root` (SoftHSM project SoftHSM v2, serial ",
        ", software), and can never leave it: so says the log `example.org/online/practice` of ",
    ] {
        assert!(said.contains(wanted), "`{wanted}` is not in\n{said}");
    }
    let plan: serde_json::Value = serde_json::from_str(&table.read("plan.json")).unwrap();
    assert!(plan["acts"].to_string().contains(&format!(r#""log_sha256":"{digest}""#)));
    let _ = table.run_and_change_nothing("check script.yaml --practice").with(0);
}

#[test]
fn an_interrupted_ceremony_goes_on_without_the_bundle() {
    let (table, digest) = both_with(Table::for_answers().now());
    pin(&table, &digest);
    table.write(
        "declines.yaml",
        "rootrite-answers: 1\ndefault: practice\nsteps:\n  \"3.2\": {say: [\"no\"]}\n",
    );
    let run = "run script.yaml --site site.yaml --log log --out out --practice --answers";
    let _ = table.run(&format!("{run} declines.yaml")).with(3);
    fs::remove_dir_all(table.path("online")).unwrap();
    let _ = table.run("resume --log log --answers answers.yaml").with(0);
    assert!(table.path("out/certificates/e1.pem").is_file());
}

#[test]
fn what_does_not_fit_is_refused_at_its_place() {
    let (table, digest) = both();
    let refused = |command: &str, wanted: &str| {
        let ended = table.run_and_change_nothing(command).with(2);
        assert!(ended.error.contains(wanted), "`{wanted}` is not in\n{}", ended.error);
    };
    // Nothing pinned; another one pinned; a practice log where it counts.
    refused(
        "check script.yaml",
        "script.yaml:18:16: input `e3` has no `sha256`; only a rehearsal goes without",
    );
    refused(
        "check script.yaml",
        &format!(
            "hint: the SHA-256 of the bundle's log.jsonl is {digest}; its head, as it was read out there: "
        ),
    );
    let practice = "script.yaml:18:16: input `e3`: the bundle `online/bundle-practice-online`: the log `example.org/online/practice` is a \
                    practice log; only a practice ceremony takes its keys";
    refused("check script.yaml", practice);
    let other = Digest::of(b"another log");
    pin(&table, &other.to_string());
    refused(
        CHECK,
        &format!(
            "script.yaml:18:55: input `e3`: the bundle's log.jsonl has the SHA-256 {digest}, wanted {other}"
        ),
    );
    unpin(&table, &other.to_string());
    // Another name.
    table.change("script.yaml", "bundle-practice-online}", "bundle-practice-online, request: e4}");
    refused(
        CHECK,
        "script.yaml:18:16: input `e3`: the bundle `online/bundle-practice-online`: its log has no request `e4`; there is `e3`",
    );
    table.change("script.yaml", "bundle-practice-online, request: e4}", "none}");
    refused(
        CHECK,
        "script.yaml:18:16: input `e3`: the bundle `online/none`: `./online/none` is no folder that can be read",
    );
    table.change("script.yaml", "online/none}", "online/certificates}");
    fs::create_dir_all(table.path("online/certificates")).unwrap();
    refused(CHECK, "input `e3`: the bundle `online/certificates`: `./online/certificates` has none of ");
    table.change("script.yaml", "{bundle: online/certificates}", "{file: site.yaml, request: e3}");
    refused(CHECK, "script.yaml:18:7: found a map, wanted `file` without `request`");
    table.change("script.yaml", "{file: site.yaml, request: e3}", "{bundle: online/bundle-practice-online}");
    // A file of it that is not what the log says.
    let artifacts = fs::read_dir(table.path("online/bundle-practice-online/artifacts")).unwrap();
    let csr = artifacts
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "csr" || end == "der" || end == "p10"))
        .unwrap();
    let octets = fs::read(&csr).unwrap();
    let mut spoilt = octets.clone();
    *spoilt.last_mut().unwrap() ^= 1;
    fs::write(&csr, spoilt).unwrap();
    refused(CHECK, "input `e3`: the bundle `online/bundle-practice-online`: it does not verify: E143");
    fs::write(&csr, octets).unwrap();
    let _ = table.run_and_change_nothing(CHECK).with(0);
}

#[test]
fn a_key_that_its_ceremony_destroyed_or_never_asked_for_is_not_certified() {
    let table = Table::without_tokens();
    for (name, steps, wanted) in [
        (
            "gone",
            "      - request-certificate: {key: e3, profile: certificate-request, subject: [{CN: E3}], request: e3}\n      - destroy-key: {key: e3, \
             because: a mistake}\n",
            "the key of the request `e3` was destroyed",
        ),
        ("mute", "", "no request was signed in its log"),
        (
            "two",
            "      - request-certificate: {key: e3, profile: certificate-request, subject: [{CN: E3}], request: e3}\n      - request-certificate: {key: e3, \
             profile: certificate-request, subject: [{CN: E4}], request: e4}\n",
            "its log has the requests `e3`, `e4`; wanted `request` with the one",
        ),
    ] {
        table.write("online.yaml", online(&table, steps));
        let _ = table.run(&format!("rehearse online.yaml --out {name} --quiet")).with(0);
        table.write("next.yaml", with_input(&table, &format!("{{bundle: {name}/bundle-practice-online}}")));
        let ended = table.run_and_change_nothing("check next.yaml --practice").with(2);
        assert!(
            ended.error.contains(&format!(
                "next.yaml:18:16: input `e3`: the bundle `{name}/bundle-practice-online`: {wanted}"
            )),
            "{}",
            ended.error
        );
    }
    // Of the two, the script can say which.
    table.write("next.yaml", with_input(&table, "{bundle: two/bundle-practice-online, request: e4}"));
    let _ = table.run_and_change_nothing("check next.yaml --practice").with(0);
}

/// The small script with a key that the online side made; the digest of that log.
fn both() -> (Table, String) {
    both_with(Table::without_tokens())
}

fn both_with(table: Table) -> (Table, String) {
    let steps = "      - request-certificate: {key: e3, profile: certificate-request, subject: [{CN: E3}], request: e3}\n";
    table.write("online.yaml", online(&table, steps));
    let _ = table.run("rehearse online.yaml --out online --quiet").with(0);
    let digest = Digest::of(&fs::read(table.path("online/bundle-practice-online/log.jsonl")).unwrap());
    let script = with_input(&table, "{bundle: online/bundle-practice-online}");
    table.write("script.yaml", script);
    (table, digest.to_string())
}

/// A small ceremony on the online side.
fn online(table: &Table, steps: &str) -> String {
    let text = table.read("script.yaml");
    let (head, _) = text.split_once("acts:\n").unwrap();
    let window = head.lines().find(|line| line.starts_with("window:")).unwrap();
    let head = head
        .replace("ceremony: test-ceremony", "ceremony: online")
        .replace(window, "window: {from: 2026-10-20T08:00:00Z, to: 2026-10-20T20:00:00Z}");
    format!(
        "{head}acts:\n  - act: All\n    steps:\n      - roll-call: {{}}\n      - confirm-clock: {{sources: 1}}\n      - create-log: {{origin: \
         example.org/online, token: log, key: log-1}}\n      - generate-key: {{token: root, key: e3, algorithm: ecdsa-p384, backup: none}}\n{steps}      \
         - witness: {{}}\n      - seal: {{}}\n"
    )
}

/// The small script with an input in the place of the subordinate's key.
fn with_input(table: &Table, input: &str) -> String {
    let text = table.read("script.yaml");
    assert!(text.contains("          key: e1\n"));
    text.replace("acts:\n", &format!("inputs:\n  e3: {input}\nacts:\n"))
        .replace("          key: e1\n", "          request: e3\n")
        .replace(
            "      - generate-key: {token: root, key: e1, algorithm: ecdsa-p384, backup: none}\n",
            "      - inventory: {token: root}\n",
        )
}

fn pin(table: &Table, digest: &str) {
    table.change(
        "script.yaml",
        "bundle-practice-online}",
        &format!("bundle-practice-online, sha256: {digest}}}"),
    );
}

fn unpin(table: &Table, digest: &str) {
    table.change(
        "script.yaml",
        &format!("bundle-practice-online, sha256: {digest}}}"),
        "bundle-practice-online}",
    );
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path()) {
        let target = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            copy(&entry, &target);
        } else {
            fs::copy(&entry, &target).unwrap();
        }
    }
}

const CHECK: &str = "check script.yaml --practice";
