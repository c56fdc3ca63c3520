//! The answer of the online side, and the next ceremony that compares it with the log on its medium.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::online::{OnlineSide, bundle_of, first, next, records, root_of, shared, try_next};
use crate::table::{Table, days_ago};

/// An ssh-agent with one key of its own.
struct Agent {
    child: Child,
    socket: PathBuf,
    fingerprint: String,
}

impl Agent {
    fn start(side: &OnlineSide) -> Self {
        let key = side.path("receipt-key");
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "receipts", "-f"])
            .arg(&key)
            .status();
        assert!(made.unwrap().success());
        let socket = side.path("agent");
        let child = Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn()
            .expect("ssh-agent is needed: apt-get install openssh-client");
        let until = Instant::now() + Duration::from_mins(2);
        while !socket.exists() {
            assert!(Instant::now() < until, "no agent");
            std::thread::sleep(Duration::from_millis(5));
        }
        let said = Command::new("ssh-keygen").arg("-lf").arg(&key).output().unwrap().stdout;
        let fingerprint = String::from_utf8(said).unwrap().split(' ').nth(1).unwrap().to_owned();
        Self { child, socket, fingerprint }
    }

    fn add(&self, side: &OnlineSide) {
        let added = Command::new("ssh-add")
            .arg("-q")
            .arg(side.path("receipt-key"))
            .env("SSH_AUTH_SOCK", &self.socket)
            .status();
        assert!(added.unwrap().success());
    }

    fn pin(&self, side: &OnlineSide) {
        side.change("pins.yaml", "store: store", &format!("receipt-key: {}\nstore: store", self.fingerprint));
    }

    fn environment(&self) -> [(&'static str, &str); 1] {
        [("SSH_AUTH_SOCK", self.socket.to_str().unwrap())]
    }

    fn take_in(&self, side: &OnlineSide, bundle: &Path) -> (String, String) {
        let _ = side.stage(bundle, "ann").with(0);
        let arguments = format!("--activate --person ben --key ben --root {}", root_of(bundle));
        let ended = side.import_as(bundle, &arguments, &self.environment()).with(0);
        let value = |name: &str| {
            let line = ended.out.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
            line.trim_start().strip_prefix(name).unwrap().trim().to_owned()
        };
        (fs::read_to_string(value("receipt ")).unwrap(), value("its key "))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn who_cannot_answer_does_not_activate_and_a_lost_receipt_is_made_again() {
    let side = OnlineSide::of(shared()).without_tokens();
    let agent = Agent::start(&side);
    agent.pin(&side);
    let bundle = bundle_of(shared());
    let _ = side.stage(&bundle, "ann").with(0);
    let arguments = format!("--activate --person ben --key ben --root {}", root_of(&bundle));
    // The agent has no key yet; and there is none at all.
    for environment in [&agent.environment()[..], &[]] {
        let ended = side.import_as(&bundle, &arguments, environment).with(4);
        assert!(
            ended.error.contains("the receipt could not be signed, so that nothing was changed"),
            "{}",
            ended.error
        );
        assert!(side.active().is_none());
    }
    agent.add(&side);
    let (receipt, key) = agent.take_in(&side, &bundle);
    assert!(receipt.starts_with("rootrite receipt/v1\norigin: example.org/test-log\nsize: "), "{receipt}");
    assert!(receipt.contains(&format!("\nroot: {}\n", root_of(&bundle))), "{receipt}");
    assert!(
        receipt.lines().any(|line| line.starts_with("active: subordinate ") && line.ends_with(" e1")),
        "{receipt}"
    );
    assert!(key.starts_with("example.org/test-log/receipts+"), "{key}");
    // As if it was killed between the switch and the receipt.
    let path = fs::read_dir(side.path("store/receipts")).unwrap().next().unwrap().unwrap().path();
    fs::remove_file(&path).unwrap();
    let ended = side.import_as(&bundle, &arguments, &agent.environment()).with(0);
    assert!(ended.out.starts_with("It is active already.\n  receipt  "), "{}", ended.out);
    assert!(path.is_file());
}

#[test]
fn the_next_ceremony_compares_the_receipt_with_its_log() {
    let table = first();
    let side = OnlineSide::of(&table).without_tokens();
    let agent = Agent::start(&side);
    agent.add(&side);
    agent.pin(&side);
    let (receipt, key) = agent.take_in(&side, &bundle_of(&table));
    table.write("receipt", &receipt);
    let confirm = format!("{{receipt: receipt, receipt-key: \"{key}\"}}");
    let rows = format!("01a2b3c4,{},superseded\n", days_ago(0));
    // Another key, or a receipt that somebody changed, is found when the ceremony is planned.
    let other = receipt.replacen("artifacts: ", "artifacts: 1", 1);
    table.write("receipt", other);
    let ended = try_next(&table, "planned", &rows, &confirm).with(2);
    assert!(ended.out.contains("the input `receipt` is no receipt by `receipt-key`"), "{}", ended.out);
    table.write("receipt", &receipt);
    let ended = try_next(&table, "planned", &rows, "{receipt: receipt}").with(2);
    assert!(ended.out.contains("`receipt` without `receipt-key`"), "{}", ended.out);
    let before =
        (copied(&table, &table.path("log"), "old-log"), copied(&table, &table.hsm.tokens(), "old-tokens"));
    let second = next(&table, "second", &rows, &confirm);
    let all = records(&second);
    let of = |ev: &str| all.iter().filter(|record| record["ev"] == ev).collect::<Vec<_>>();
    assert_eq!(of("receipt.imported")[0]["data"]["vkey"], key);
    let how: Vec<_> = of("log.confirmed").iter().map(|record| record["data"]["how"].clone()).collect();
    assert!(how.contains(&"receipt".into()), "{how:?}");
    // The online side takes in the second bundle; then somebody brings the medium and the tokens as they were before it.
    let (receipt, _) = agent.take_in(&side, &second);
    table.write("receipt", &receipt);
    restore(&before.0, &table.path("log"));
    restore(&before.1, &table.hsm.tokens());
    let ended = try_next(&table, "third", &rows, &confirm).with(5);
    assert!(
        ended.out.contains("the log here is older than the online side knows it: its receipt of "),
        "{}",
        ended.out
    );
    let log = table.read("log/log.jsonl");
    assert!(
        log.contains("the log here is older than the online side knows it")
            && !log.contains("\"number\":\"3\"")
    );
}

fn copied(table: &Table, from: &Path, name: &str) -> PathBuf {
    let to = table.folder().join(name);
    restore(from, &to);
    to
}

fn restore(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            restore(&entry.path(), &target);
        } else {
            let _ = fs::copy(entry.path(), target).unwrap();
        }
    }
}
