//! The online side of a test: a production ceremony's bundle, pins, people with keys, a store.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rootrite::digest::Digest;
use serde_json::Value;
use tempfile::TempDir;

use crate::bundle::{Bundle, Forger};
use crate::common::{Ended, SoftHsm, program};
use crate::room::Room;
use crate::table::{Table, USER, days_ago};

/// The origin of the test's log.
pub const ORIGIN: &str = "example.org/test-log";

/// Conducts a ceremony that is no practice, with people who agree to everything.
pub fn conduct(table: &Table, script: &str, out: &str) -> Ended {
    let arguments = format!("run {script} --site site.yaml --log log --out {out} --plain");
    Room::open(table, &arguments).go_on(|_| None).with(0)
}

/// A table after its first ceremony: a root, a subordinate CA, a CRL and OCSP responses.
pub fn first() -> Table {
    let table = Table::new().now();
    table.change("script.yaml", "  - act: Closing\n", &format!("{RESPONSES}  - act: Closing\n"));
    let _ = conduct(&table, "script.yaml", "out");
    table
}

/// The next ceremony of a table: a CRL with these revoked, and whatever more. It confirms the log by the first one's paper.
pub fn next(table: &Table, name: &str, rows: &str, confirm: &str) -> PathBuf {
    let ended = try_next(table, name, rows, confirm).with(0);
    assert!(ended.out.contains("its bundle verifies"), "{}", ended.out);
    table.path(&format!("out-{name}/bundle-{name}"))
}

/// The same, however it ends.
pub fn try_next(table: &Table, name: &str, rows: &str, confirm: &str) -> Ended {
    let text = table.read("script.yaml");
    let (head, acts) = text.split_once("acts:\n").unwrap();
    let head = head.replace("ceremony: test-ceremony", &format!("ceremony: {name}"));
    let window = head.lines().find(|line| line.starts_with("window:")).unwrap().to_owned();
    let (_, to) = window.split_once(", to:").unwrap();
    let head = head.replace(&window, &format!("window: {{from: {}, to:{to}", days_ago(0)));
    let (_, seal) = acts.split_once("  - act: Closing\n").unwrap();
    let rows = format!("serial,revoked-at,reason\n{rows}");
    table.write(&format!("{name}.csv"), &rows);
    let sha256 = |file: &str| Digest::of(table.read(file).as_bytes());
    let (root, csv) = ("out/certificates/root-x1.pem", format!("{name}.csv"));
    let mut inputs = format!(
        "  root-x1: {{file: {root}, sha256: {}}}\n  csv: {{file: {csv}, sha256: {}}}\n",
        sha256(root),
        sha256(&csv)
    );
    if table.path("receipt").is_file() {
        inputs += &["  receipt: {file: receipt, sha256: ", &sha256("receipt").to_string(), "}\n"].concat();
    }
    let script = format!(
        "{head}inputs:\n{inputs}acts:\n  - act: Opening\n    steps:\n      - roll-call: {{}}\n      \
         - confirm-clock: {{sources: 1}}\n      - confirm-log: {confirm}\n  - act: CRL\n    steps:\n      \
         - issue-crl: {{issuer: root-x1, number: next, this-update: signing-time, lasts: 300 days, revoked: {{csv: csv}}, crl: \
         {name}}}\n  - act: Closing\n{seal}"
    );
    table.write(&format!("{name}.yaml"), script);
    let checkpoint = root_of(&table.path("log")).words();
    let arguments = format!("run {name}.yaml --site site.yaml --log log --out out-{name} --plain");
    Room::open(table, &arguments).go_on(|question| {
        question.shown.contains("Type all words of the log's head").then(|| checkpoint.clone())
    })
}

/// One first ceremony and one after it that revoked a serial number; nothing changes them.
pub fn shared_two() -> &'static (Table, PathBuf) {
    static TABLE: OnceLock<(Table, PathBuf)> = OnceLock::new();
    TABLE.get_or_init(|| {
        let table = first();
        let rows = format!("01a2b3c4,{},superseded\n", days_ago(0));
        let bundle = next(&table, "second", &rows, "{}");
        (table, bundle)
    })
}

/// The one first ceremony that most tests share; nothing changes it.
pub fn shared() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(first)
}

const RESPONSES: &str = "      - generate-key: {token: root, key: root-x1-ocsp, algorithm: ecdsa-p256, backup: none}
      - issue-ocsp-responder: {issuer: root-x1, key: root-x1-ocsp, profile: ocsp-responder, subject: [{C: US}, {O: Example Trust Services}, {CN: Root X1 OCSP}], not-before: ceremony-day, lasts: 365 days, certificate: root-x1-ocsp}
      - issue-ocsp-responses: {issuer: root-x1, responder: root-x1-ocsp, certificates: [e1], this-update: ceremony-day, lasts: 300 days, responses: r}
";

/// The folder of the first ceremony's bundle.
pub fn bundle_of(table: &Table) -> PathBuf {
    table.path("out/bundle-test-ceremony")
}

/// The online side.
pub struct OnlineSide {
    pub folder: TempDir,
}

impl OnlineSide {
    /// With pins for what a ceremony of a table made.
    pub fn of(table: &Table) -> Self {
        let folder = tempfile::Builder::new().prefix("rootrite-import").tempdir().unwrap();
        let side = Self { folder };
        for person in ["ann", "ben"] {
            side.keygen(person);
        }
        fs::copy(bundle_of(table).join("policy"), side.path("policy")).unwrap();
        side.write("pins.yaml", side.pins(table));
        side.write("pin", format!("{USER}\n"));
        side
    }

    fn keygen(&self, name: &str) {
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
            .arg(self.path(name))
            .status()
            .unwrap();
        assert!(made.success());
    }

    /// The pins file: everything pinned that can be.
    fn pins(&self, table: &Table) -> String {
        let records = records(&bundle_of(table));
        let of = |name: &str| signed(&records, name);
        let session = records.iter().find(|record| record["ev"] == "session.start").unwrap();
        let tool = session["data"]["tool_sha256"].as_str().unwrap();
        let module = session["data"]["modules"][0]["sha256"].as_str().unwrap();
        let serials: Vec<String> = table.serials().values().map(|serial| format!("\"{serial}\"")).collect();
        let key = |person: &str| fs::read_to_string(self.path(person).with_extension("pub")).unwrap();
        let e1 = of("e1");
        format!(
            "rootrite-pins: 1\npolicy: policy\norigin: {ORIGIN}\nroots: [{{spki-sha256: {}}}]\nexpected:\n  \
             - subject: [{{C: US}}, {{O: Example Trust Services}}, {{CN: E1}}]\n    spki-sha256: {}\n    \
             profile: tls-subordinate-ca\n    token: {{module: {}, environment: {{SOFTHSM2_CONF: {}}}, label: root, \
             id: {}, pin: {{fd: 3}}}}\ntools: [{tool}]\nmodules: [{module}]\ntoken-serials: [{}]\napproval: typed\n\
             rules: private\nstore: store\npeople:\n  - {{id: ann, ssh-key: \"{}\"}}\n  - {{id: ben, ssh-key: \"{}\"}}\n",
            of("root-x1")["spki_sha256"].as_str().unwrap(),
            e1["spki_sha256"].as_str().unwrap(),
            SoftHsm::module().display(),
            table.hsm.folder().join("softhsm2.conf").display(),
            generated(&records, &e1),
            serials.join(", "),
            key("ann").trim(),
            key("ben").trim(),
        )
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, octets: impl AsRef<[u8]>) {
        fs::write(self.path(name), octets).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Replaces a text that stands in a file once.
    #[track_caller]
    pub fn change(&self, name: &str, old: &str, new: &str) {
        let text = self.read(name);
        assert_eq!(text.matches(old).count(), 1, "`{old}` stands in {name} once");
        self.write(name, text.replace(old, new));
    }

    /// `import` of a bundle, with the PIN on its descriptor.
    pub fn import(&self, bundle: &Path, arguments: &str) -> Ended {
        self.import_as(bundle, arguments, &[])
    }

    /// The same, with more in the environment.
    pub fn import_as(&self, bundle: &Path, arguments: &str, environment: &[(&str, &str)]) -> Ended {
        program::run(&mut self.command(bundle, arguments, environment), b"")
    }

    /// The command that `import` is.
    pub fn command(&self, bundle: &Path, arguments: &str, environment: &[(&str, &str)]) -> Command {
        let program = env!("CARGO_BIN_EXE_rootrite");
        let line = format!("exec {program} import \"$BUNDLE\" --pins pins.yaml {arguments} 3<pin");
        let mut command = Command::new("sh");
        command.args(["-c", &line]).current_dir(self.folder.path()).env("BUNDLE", bundle);
        command.envs(environment.iter().copied());
        command
    }

    pub fn stage(&self, bundle: &Path, person: &str) -> Ended {
        self.import(bundle, &format!("--stage --person {person} --key {person}"))
    }

    pub fn activate(&self, bundle: &Path, person: &str) -> Ended {
        let root = root_of(bundle);
        self.import(bundle, &format!("--activate --person {person} --key {person} --root {root}"))
    }

    /// What is active, if anything is.
    pub fn active(&self) -> Option<Value> {
        let text = fs::read_to_string(self.path("store/active/set.json")).ok()?;
        Some(serde_json::from_str(&text).unwrap())
    }

    /// Names of artifacts of a kind in the active set, in order.
    pub fn active_names(&self, kind: &str) -> Vec<String> {
        let active = self.active().unwrap();
        let items = active["artifacts"].as_array().unwrap().iter().filter(|item| item["kind"] == kind);
        items.map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Every file of the store but its lock, with links as where they lead.
    pub fn store(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = Vec::new();
        collect(&self.path("store"), "", &mut files);
        files.retain(|(name, _)| name != "lock");
        files.sort();
        files
    }

    /// The pins name no token, so that none is asked.
    pub fn without_tokens(self) -> Self {
        let pins = self.read("pins.yaml");
        let lines: Vec<_> = pins.lines().filter(|line| !line.trim_start().starts_with("token:")).collect();
        self.write("pins.yaml", lines.join("\n") + "\n");
        self
    }

    /// Stages and activates a bundle.
    pub fn take_in(&self, bundle: &Path) {
        let _ = self.stage(bundle, "ann").with(0);
        let _ = self.activate(bundle, "ben").with(0);
    }

    /// A bundle's forger whose key is the pinned one.
    pub fn forger(&self, bundle: &Path) -> Forger {
        let forger = Forger::of(Bundle::of(bundle), ORIGIN);
        self.write("policy", forger.key.policy());
        forger
    }
}

fn collect(folder: &Path, at: &str, files: &mut Vec<(String, Vec<u8>)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.map(Result::unwrap) {
        let name = format!("{at}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().unwrap();
        if kind.is_symlink() {
            files.push((name, fs::read_link(entry.path()).unwrap().to_str().unwrap().into()));
        } else if kind.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files);
        } else {
            files.push((name, fs::read(entry.path()).unwrap()));
        }
    }
}

/// The records of a bundle's log.
pub fn records(bundle: &Path) -> Vec<Value> {
    let text = fs::read_to_string(bundle.join("log.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What `cert.signed` says of a name.
pub fn signed(records: &[Value], name: &str) -> Value {
    let fits = |record: &&Value| record["ev"] == "cert.signed" && record["data"]["artifact"]["name"] == name;
    records.iter().find(fits).unwrap()["data"].clone()
}

/// Where the log says that a certificate's key was generated: its CKA_ID.
fn generated(records: &[Value], certificate: &Value) -> String {
    let fits = |record: &&Value| {
        record["ev"] == "key.generated" && record["data"]["spki_sha256"] == certificate["spki_sha256"]
    };
    records.iter().find(fits).unwrap()["data"]["id"].as_str().unwrap().to_owned()
}

/// The root in a bundle's checkpoint, in hex.
pub fn root_of(bundle: &Path) -> Digest {
    let text = fs::read_to_string(bundle.join("checkpoint")).unwrap();
    let root = text.lines().nth(2).unwrap();
    let octets = <base64ct::Base64 as base64ct::Encoding>::decode_vec(root).unwrap();
    Digest::from_octets(octets.try_into().unwrap())
}

/// Every code in what `--format json` printed, once, sorted.
pub fn codes(ended: &Ended) -> Vec<String> {
    let findings: Vec<Value> =
        serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{}\n{}", ended.out, ended.error));
    let mut codes: Vec<String> =
        findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect();
    codes.sort();
    codes.dedup();
    codes
}
