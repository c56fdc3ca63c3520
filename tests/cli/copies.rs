//! Copies of a key on tokens that behave otherwise than SoftHSM: one on which nothing can be sealed but by replacing it, and one
//! that its vendor's tool has brought a copy to.

use std::path::Path;
use std::process::Command;

use rootrite::hsm::{AttributeName, Reading, Token as _, TokenError};
use rootrite::secret::Secret;
use serde_json::Value;

use crate::backup::{Holders, PRACTICE, RESUME, count, events, nothing_is_left, of, script, table};
use crate::common::SoftHsm;
use crate::common::softhsm::session;
use crate::room::{Room, Wanted};
use crate::table::{Table, USER};

/// A table whose tokens change no attribute of a key.
fn stubborn() -> Table {
    let table = table();
    let folder = table.hsm.folder().join("module");
    std::fs::create_dir(&folder).unwrap();
    // By its name it is known what make it is.
    let place = folder.join("libsofthsm2.so");
    let status = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"])
        .arg(&place)
        .arg(format!("-DSOFTHSM=\"{}\"", SoftHsm::module().display()))
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/stubborn.c"))
        .status()
        .expect("a C compiler is needed: apt-get install gcc");
    assert!(status.success());
    let site = table.read("site.yaml");
    table.write(
        "site.yaml",
        site.replace(&SoftHsm::module().display().to_string(), &place.display().to_string()),
    );
    table
}

/// What the log of a replaced key has to say, and what the token.
fn is_replaced(table: &Table) {
    let all = events(table);
    let sealed = of(&all, "key.sealed")[0];
    assert_eq!((&sealed["how"], &sealed["token"]), (&"replaced-by-restore".into(), &"root".into()));
    assert_eq!(
        (&sealed["attributes"]["extractable"], &sealed["wrap_refused"]),
        (&false.into(), &"CKR_KEY_UNEXTRACTABLE".into())
    );
    // It proved itself after that, and only then it was live.
    let root = &sealed["spki_sha256"];
    let at = |ev: &str| {
        all.iter().rposition(|event| event["ev"] == ev && event["data"]["spki_sha256"] == *root).unwrap()
    };
    assert!(at("key.sealed") < at("key.proved") && at("key.proved") < at("key.live"));
    assert!(at("key.live") < all.iter().position(|event| event["ev"] == "cert.sign.intent").unwrap());
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
    // The token has one key of that id, made nowhere, which leaves it no more.
    let id = sealed["id"].as_str().unwrap().parse().unwrap();
    let process = table.hsm.start();
    let mut token = session(&process, "root", USER);
    let there = token.key(&id).unwrap();
    assert_eq!(there.public_key.spki_sha256().to_string().as_str(), root);
    for attribute in [AttributeName::Extractable, AttributeName::Local, AttributeName::NeverExtractable] {
        assert_eq!(there.private.0.get(&attribute), Some(&Reading::Flag(false)), "{attribute:?}");
    }
    let kek = Secret::<32>::fill(|octets| octets.fill(1));
    assert!(matches!(token.wrap_key(&id, &kek, 0x210a), Err(TokenError::Code { .. })));
    drop(token);
    process.stop().unwrap();
}

#[test]
fn where_the_permission_to_leave_cannot_be_taken_the_key_is_replaced_by_what_comes_back() {
    // Nobody has said that the token is so: it is tried first.
    let table = stubborn();
    let mut holders = Holders::default();
    let ended = Room::open(&table, PRACTICE).go_on(|question| holders.answer(question)).with(0);
    let said = "takes the permission to leave from no key: the key there is destroyed, and comes back from its backup";
    assert!(ended.out.contains(said), "{}", ended.out);
    let all = events(&table);
    assert!(of(&all, "act.failed")[0]["error"].as_str().unwrap().contains("CKR_ATTRIBUTE_READ_ONLY"));
    assert_eq!(count(&all, "key.seal.intent"), 2);
    // Holders were drawn twice: for the other token, and before anything was destroyed.
    assert_eq!(count(&all, "share.checked"), 6);
    let approved = of(&all, "request.approved");
    let destruction: Vec<&&Value> = approved.iter().filter(|data| data["kind"] == "destruction").collect();
    assert_eq!(destruction.len(), 1);
    is_replaced(&table);
    nothing_is_left(&table, &ended, &holders, None);
}

#[test]
fn a_make_that_is_known_to_need_it_is_not_asked_first_and_an_interruption_loses_nothing() {
    let table = stubborn();
    let site = table.read("site.yaml");
    table.write(
        "site.yaml",
        site.replacen(
            "    label: root\n",
            "    label: root\n    quirks: {like: softhsm-2.6, seal: replaced}\n",
            1,
        ),
    );
    let site = table.read("site.yaml");
    let refused = table.write_and_check(&site.replace("seal: replaced", "seal: somehow"));
    assert!(refused.contains("somehow"), "{refused}");
    table.write("site.yaml", &site);
    let (mut holders, mut stopped) = (Holders::default(), 0);
    let root = |table: &Table| table.inventory("root").entries.len();
    let before = std::cell::Cell::new(0);
    let _ = Room::open(&table, PRACTICE)
        .go_on(|question| {
            // The officers allow it, and nobody brings a sheet.
            let allowed = question.shown.contains("It comes back there from its backup");
            stopped += i32::from(allowed && question.wanted == Wanted::Word("destroy".into()));
            if stopped > 0 && !allowed && question.shown.contains("is the bag whole? Do not open it yet") {
                return Some("no".to_owned());
            }
            holders.answer(question)
        })
        .with(3);
    before.set(root(&table));
    assert!(before.get() >= 2, "nothing was destroyed");
    let ended = Room::open(&table, RESUME).go_on(|question| holders.answer(question)).with(0);
    let all = events(&table);
    assert_eq!((count(&all, "act.failed"), count(&all, "key.seal.intent")), (0, 1));
    is_replaced(&table);
    nothing_is_left(&table, &ended, &holders, None);
}

#[test]
fn a_power_failure_between_the_two_halves_of_a_replacement_loses_nothing() {
    let table = stubborn();
    let kill = table.path("kill");
    let site = table.read("site.yaml");
    table.write(
        "site.yaml",
        site.replace("environment: {", &format!("environment: {{STUBBORN: {}, ", kill.display())),
    );
    let mut holders = Holders::default();
    let _ = Room::open(&table, PRACTICE)
        .go_on(|question| {
            // The next key that is about to come back is the one that was just destroyed.
            if question.shown.contains("It comes back there from its backup") {
                std::fs::write(&kill, "").unwrap();
            }
            holders.answer(question)
        })
        .with(4);
    let entries = table.inventory("root").entries;
    assert!(entries.iter().all(|entry| entry.label != b"root-x1"), "{entries:?}");
    std::fs::remove_file(&kill).unwrap();
    let ended = Room::open(&table, RESUME).go_on(|question| holders.answer(question)).with(0);
    let all = events(&table);
    // Refused, killed, done.
    assert_eq!((count(&all, "act.failed"), count(&all, "key.seal.intent")), (2, 3));
    is_replaced(&table);
    nothing_is_left(&table, &ended, &holders, None);
}

impl Table {
    /// What `check` says of a site that is wrong.
    fn write_and_check(&self, site: &str) -> String {
        self.write("site.yaml", site);
        self.run("check script.yaml --site site.yaml").with(2).error
    }
}

/// Copies what a token's folder has to another: what a vendor's tool does to a token of the same security world.
fn clone_token(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            clone_token(&path, &to.join(name));
        } else {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

#[test]
fn a_vendor_s_copy_is_in_the_log_with_its_token_and_its_proof() {
    let table = table();
    let vendor = "      - back-up-key: {key: root-x1, method: vendor, what: cloning with the vendor's tool, restore-to: [spare], evidence: root-x1-cloning}\n";
    let step = script().lines().find(|line| line.contains("back-up-key")).unwrap().to_owned() + "\n";
    // They are one device as far as anybody can see from here.
    table.change("script.yaml", "distinct-from: [root, log]", "distinct-from: [log]");
    table.change("script.yaml", "backup: wrapped", "backup: vendor");
    table.change("script.yaml", &step, vendor);
    table.write("evidence", "what the vendor's tool says");
    // The other device of the same world: its tokens are those of the first, copied.
    let other = SoftHsm::new();
    clone_token(&table.hsm.tokens(), &other.tokens());
    let site = table.read("site.yaml");
    let (before, preflight) = (site.split("media:").next().unwrap(), site.split("preflight").nth(1).unwrap());
    let (first, spare) = before.split_once("  spare:").unwrap();
    let conf = |hsm: &SoftHsm| hsm.folder().join("softhsm2.conf").display().to_string();
    let spare = spare
        .replace(&conf(&table.hsm), &conf(&other))
        .replace("label: spare", "label: root")
        .replace(&table.serials()["spare"], &table.serials()["root"]);
    table.write("site.yaml", format!("{first}  spare:{spare}preflight{preflight}"));
    let ended = Room::open(&table, PRACTICE).go_on(|question| {
        if question.wanted == Wanted::Word("made".into()) {
            clone_token(&table.hsm.tokens(), &other.tokens());
        }
        (question.wanted == Wanted::Text && question.shown.contains("Which file is it?"))
            .then(|| "evidence".to_owned())
    });
    let _ = ended.with(0);
    let all = events(&table);
    let backup = of(&all, "key.backup")[0];
    let restored = of(&all, "key.restored");
    assert_eq!(restored.len(), 1);
    assert_eq!(
        (&restored[0]["token"], &restored[0]["spki_sha256"], &restored[0]["attributes"]["extractable"]),
        (&"spare".into(), &backup["spki_sha256"], &false.into())
    );
    let at = |ev: &str| all.iter().rposition(|event| event["ev"] == ev && event["step"] == "2.2").unwrap();
    assert!(at("key.restored") < at("key.proved") && at("key.proved") < at("key.live"));
    let _ = table.run("verify out/bundle-practice-test-ceremony").with(0);
    let said = table.run("survive --log log").with(0).out;
    let root = said.split_once("root-x1\n").unwrap().1;
    assert!(root.contains("  tokens  root, spare\n  lost if every token is lost (2)\n"), "{said}");
    for (without, said) in [("root", "it survives"), ("root,spare", "it is LOST")] {
        // Another key of the ceremony is on the first token alone, and lost with it.
        let lost = table.run(&format!("survive --log log --without {without}")).with(5).out;
        let root = lost.split_once("root-x1\n").unwrap().1;
        assert!(root.contains(said), "{said}\n{lost}");
    }
}
