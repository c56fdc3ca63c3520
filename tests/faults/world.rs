//! One ceremony with tokens, site and answers of its own, copied from a template that was made once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use ring::signature::{Ed25519KeyPair, KeyPair as _};
use rootrite::digest::Digest;
use rootrite::hsm::{DataObject, Inventory, KeyId, LOG_HEAD, ModuleConfiguration, ModuleProcess, Token as _};
use rootrite::receipt::Receipt;
use serde_json::Value;
use tempfile::TempDir;

use crate::accounts;
use crate::common::{Ended, SoftHsm, program, softhsm};
use crate::points::{Fault, Outcome};

/// What every world of a test begins with.
pub struct Template {
    hsm: SoftHsm,
    script: String,
    serials: BTreeMap<String, String>,
    demo: bool,
    /// The folder of a world whose ceremony is over, and how many records its log has: the ceremony goes on from there.
    before: Option<(PathBuf, usize)>,
    /// A token that is another device than in the ceremony before.
    replaced: Option<&'static str>,
    undisturbed: OnceLock<Undisturbed>,
    traced: OnceLock<(String, Vec<Value>)>,
}

/// A ceremony that nothing happened to.
#[derive(Clone, Debug)]
pub struct Undisturbed {
    /// Points of the shim.
    pub points: u64,
    /// Calls of the module.
    pub calls: u64,
    /// Every artifact: kind, name and path.
    pub artifacts: Vec<(String, String, String)>,
    /// What the log says of what was signed, without keys, serials and times.
    pub said: Vec<String>,
}

impl Template {
    /// Two tokens and the script of this folder.
    pub fn new() -> Self {
        Self::with(&["root", "log"], include_str!("ceremony.yaml"))
    }

    /// These tokens and a script.
    fn with(labels: &[&str], script: &str) -> Self {
        let hsm = labels.iter().fold(SoftHsm::new(), |hsm, label| hsm.token(label, USER, OFFICER));
        let process = hsm.start();
        let slots = process.slots().unwrap();
        process.stop().unwrap();
        let made = slots.into_iter().map(|slot| slot.token).filter(|token| !token.label.is_empty());
        let serials = made.map(|token| (token.label, token.serial)).collect();
        let script = script.replace("\nWINDOW\n", &format!("\n{}\n", window()));
        Self {
            hsm,
            script,
            serials,
            demo: false,
            before: None,
            replaced: None,
            undisturbed: OnceLock::new(),
            traced: OnceLock::new(),
        }
    }

    /// A ceremony that goes on with the log of one before: shares that are checked, dealt anew and used, secrets that are
    /// divided, a log key that is replaced, and a receipt.
    pub fn later() -> &'static Self {
        static LATER: OnceLock<Template> = OnceLock::new();
        LATER.get_or_init(|| {
            let (first, folder, records) = Self::with_a_log("later");
            let log = folder.join("log");
            let (receipt, key) = receipt(&fs::read_to_string(log.join("checkpoint")).unwrap());
            fs::write(folder.join("receipt"), &receipt).unwrap();
            let inputs =
                format!("inputs:\n  receipt: {{file: receipt, sha256: {}}}", Digest::of(receipt.as_bytes()));
            let script = include_str!("later.yaml")
                .replace("\nWINDOW\n", &format!("\n{}\n", window_of_today()))
                .replace("\nINPUTS\n", &format!("\n{inputs}\n"))
                .replace("RECEIPT-KEY", &key);
            Template { script, before: Some((folder, records)), ..first }
        })
    }

    /// A ceremony that goes on with the same log where one token is another device: the log's standby key takes over, a key comes
    /// back, and one is backed up that is sealed by being replaced, with a share that goes out encrypted.
    pub fn exchanged() -> &'static Self {
        static EXCHANGED: OnceLock<Template> = OnceLock::new();
        EXCHANGED.get_or_init(|| {
            let (first, folder, records) = Self::with_a_log("exchanged");
            let new = Self::with(&["root"], include_str!("exchanged.yaml"));
            let lost = &first.serials["root"];
            // SoftHSM names a token's folder by a UUID of which its serial number is the end.
            let tokens = folder.join("tokens");
            let is_lost = |path: &PathBuf| path.to_str().unwrap().replace('-', "").ends_with(lost.as_str());
            let mut devices = fs::read_dir(&tokens).unwrap().map(|entry| entry.unwrap().path());
            fs::remove_dir_all(devices.find(is_lost).unwrap()).unwrap();
            copy(&new.hsm.tokens(), &tokens);
            let mut serials = first.serials.clone();
            let other = serials.insert("root".to_owned(), new.serials["root"].clone());
            assert_ne!(other.as_ref(), Some(&new.serials["root"]));
            let script = new.script.replace(&window(), &window_of_today());
            Template { script, serials, before: Some((folder, records)), replaced: Some("root"), ..first }
        })
    }

    /// What a ceremony left that others go on with: its template, a folder of this name, and how many records its log has. The
    /// folder lies where the next run of these tests makes it anew: what is kept for all of them is never dropped.
    fn with_a_log(name: &str) -> (Self, PathBuf, usize) {
        let first = Self::with(&["root", "log", "spare", "last"], include_str!("before.yaml"));
        let world = World::of(&first);
        let _ = world.run_with(&[]).with(0);
        let records = accounts::records(&world.log()).len();
        // What it handed over was taken away.
        fs::rename(world.path("out"), world.path("first")).unwrap();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults-before").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        copy(world.folder.path(), &folder);
        (first, folder, records)
    }

    /// One for all tests of states.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Template> = OnceLock::new();
        SHARED.get_or_init(Self::new)
    }

    /// The same with a new token whose PIN is typed, and changed by its custodian.
    pub fn typed() -> &'static Self {
        static TYPED: OnceLock<Template> = OnceLock::new();
        TYPED.get_or_init(|| {
            let template = Self::new();
            let script = template.script.replace(IN_SHARES, "");
            Self { script, ..template }
        })
    }

    /// The point before a record of a step is written, or after it was synced; without a step, the first of its event.
    pub fn point_of(&self, after: bool, ev: &str, step: &str) -> u64 {
        let (trace, records) = self.traced.get_or_init(|| {
            let world = World::of(self);
            let trace = world.path("trace");
            let _ = world.traced(&trace).with(0);
            (fs::read_to_string(&trace).unwrap(), world.records())
        });
        let fits = |record: &Value| record["ev"] == ev && (step.is_empty() || record["step"] == step);
        let place = records.iter().position(fits).unwrap_or_else(|| panic!("no {ev} in step {step}"));
        let of_log = |what: &str| {
            let line = trace
                .lines()
                .filter(|line| line.contains(what) && line.ends_with("/log/log.jsonl"))
                .nth(place);
            line.unwrap().split_once(' ').unwrap().0.parse::<u64>().unwrap()
        };
        // Each record is one write and one sync; after the sync comes its second point.
        if after { of_log(" sync ") + 1 } else { of_log(" write ") }
    }

    /// The script of the quick start, for rehearsals.
    pub fn demo() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ceremonies/root-and-subordinates.yaml");
        let script = fs::read_to_string(path).unwrap();
        let (hsm, serials) = (SoftHsm::new(), BTreeMap::new());
        let (undisturbed, traced) = (OnceLock::new(), OnceLock::new());
        Self { hsm, script, serials, demo: true, before: None, replaced: None, undisturbed, traced }
    }

    /// What the ceremony is when nothing happens to it.
    pub fn undisturbed(&self) -> &Undisturbed {
        self.undisturbed.get_or_init(|| {
            let world = World::of(self);
            // A rehearsal writes below its output folder only.
            let count = world.path(if self.demo { "out/points" } else { "points" });
            let variables = [("FAULT_COUNT", count.to_str().unwrap().to_owned())];
            let command = if self.demo { REHEARSE } else { RUN };
            let _ = world.start(command, &variables).with(0);
            let read = |path: &Path| fs::read_to_string(path).ok().and_then(|text| text.trim().parse().ok());
            Undisturbed {
                points: read(&count).unwrap(),
                calls: read(&world.path("fault.count")).unwrap_or(0),
                artifacts: accounts::artifacts(&world.path("out")),
                said: accounts::said(&world.log()),
            }
        })
    }
}

/// A ceremony's folder.
pub struct World<'t> {
    template: &'t Template,
    folder: TempDir,
}

impl<'t> World<'t> {
    /// A copy of the template, where there is no disk to wait for.
    pub fn of(template: &'t Template) -> Self {
        let memory = Path::new("/dev/shm");
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix("rootrite-faults");
        let folder = if memory.is_dir() { builder.tempdir_in(memory) } else { builder.tempdir() }.unwrap();
        let world = Self { template, folder };
        match &template.before {
            Some((before, _)) => copy(before, world.folder.path()),
            None => copy(&template.hsm.tokens(), &world.tokens()),
        }
        let conf = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n",
            world.tokens().display()
        );
        fs::write(world.path("softhsm2.conf"), conf).unwrap();
        fs::write(world.path("script.yaml"), &template.script).unwrap();
        fs::write(world.path("answers.yaml"), "rootrite-answers: 1\ndefault: practice\n").unwrap();
        if !template.demo {
            for name in MEDIA.iter().flat_map(|(_, folders)| *folders) {
                fs::create_dir_all(world.medium(name)).unwrap();
            }
            fs::write(world.path("site.yaml"), world.site()).unwrap();
        }
        world
    }

    /// A file of this world.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn tokens(&self) -> PathBuf {
        self.path("tokens")
    }

    /// The log's folder.
    pub fn log(&self) -> PathBuf {
        if self.template.demo { self.path("out/ceremony-log") } else { self.path("log") }
    }

    fn site(&self) -> String {
        let environment = format!(
            "{{SOFTHSM2_CONF: {}, FAULT_FILE: {}, FAULT_TOKENS: {}}}",
            self.path("softhsm2.conf").display(),
            self.path("fault").display(),
            self.tokens().display()
        );
        let token = |label: &str| {
            let which = self.template.serials.get(label);
            let which = which.map_or("initialize: true".into(), |serial| format!("serial: \"{serial}\""));
            let in_shares = label == "spare" && self.template.script.contains(IN_SHARES);
            let pin = if in_shares { "shares" } else { "prompt" };
            let seal = if self.template.replaced == Some(label) { ", seal: replaced" } else { "" };
            format!(
                "  {label}: {{module: {}, environment: {environment}, label: {label}, {which}, class: software, login: pin, \
                 pin: {pin}, quirks: {{like: standard, wrap: [{{format: rfc5649, mechanism: 0x210a}}]{seal}}}}}\n",
                proxy().display()
            )
        };
        let of_script = |name: &str| self.template.script.contains(&format!("\n  {name}: {{class"));
        let tokens: String = TOKENS.into_iter().filter(|name| of_script(name)).map(token).collect();
        let media = MEDIA.iter().map(|(name, folders)| {
            let folders: Vec<String> =
                folders.iter().map(|folder| self.medium(folder).display().to_string()).collect();
            format!("{name}: [{}]", folders.join(", "))
        });
        let media = media.collect::<Vec<_>>().join(", ");
        let encryptors = if self.template.script.contains("encrypted: ") { ENCRYPTORS } else { "" };
        format!(
            "rootrite-site: 1\ntokens:\n{tokens}{encryptors}media: {{{media}}}\npreflight: {{minimum-free: 1 MiB}}\n"
        )
    }

    /// What the log says of this ceremony: its records after those that were there when it began.
    pub fn records(&self) -> Vec<Value> {
        let before = self.template.before.as_ref().map_or(0, |(_, records)| *records);
        accounts::records(&self.log()).into_iter().skip(before).collect()
    }

    /// The folder of a medium.
    fn medium(&self, name: &str) -> PathBuf {
        self.path("media").join(name)
    }

    /// Says what the module is to do from its next start on.
    pub fn module_fault(&self, fault: Option<&str>) {
        match fault {
            Some(fault) => fs::write(self.path("fault"), fault).unwrap(),
            None => drop(fs::remove_file(self.path("fault"))),
        }
    }

    /// Runs the ceremony with a fault.
    pub fn run_with(&self, fault: Fault<'_>) -> Ended {
        self.start(RUN, &said(fault))
    }

    /// Rehearses with a fault.
    pub fn rehearse_with(&self, fault: Fault<'_>) -> Ended {
        self.start(REHEARSE, &said(fault))
    }

    /// Goes on with a fault.
    pub fn resume_with(&self, fault: Fault<'_>) -> Ended {
        self.start(RESUME, &said(fault))
    }

    /// Runs the ceremony and writes down what it does to files.
    pub fn traced(&self, trace: &Path) -> Ended {
        self.start(RUN, &[("FAULT_TRACE", trace.to_str().unwrap().to_owned())])
    }

    fn start(&self, arguments: &str, variables: &[(&str, String)]) -> Ended {
        if arguments == RESUME && self.template.replaced.is_some() {
            self.erase_what_counts_for_nothing();
        }
        let mut command = program::command(self.folder.path());
        command.args(arguments.split(' ').filter(|word| !word.is_empty()));
        if !variables.is_empty() {
            command.env("LD_PRELOAD", shim()).env("FAULT_ROOT", self.folder.path());
            command.envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
        }
        program::run(&mut command, b"")
    }

    /// A holder who is told to erases their own medium, which a file of answers cannot: where not everybody has confirmed the
    /// last set.
    fn erase_what_counts_for_nothing(&self) {
        let records = self.records();
        let last = records.iter().rfind(|record| record["ev"] == "key.backup");
        let Some(set) = last.map(|record| &record["data"]["set_id"]) else { return };
        let of_set = |record: &&Value| record["ev"] == "share.confirmed" && record["data"]["set_id"] == *set;
        if records.iter().filter(of_set).count() < HOLDERS {
            let own = self.medium("three-own");
            fs::remove_dir_all(&own).unwrap();
            fs::create_dir(&own).unwrap();
        }
    }

    /// Goes on until the ceremony is done, and takes the accounts.
    pub fn recovered(&self) -> Outcome {
        let ended = self.resume_with(&[]);
        // A log that goes on has a ceremony that is over, if the next one has not begun.
        let not_begun = ended.error.contains("nothing was signed")
            || self.template.before.is_some() && self.records().is_empty();
        match (ended.code, not_begun) {
            (Some(0), false) => self.accounts(Outcome::Resumed),
            (_, true) => {
                // Nothing was begun: the same command begins it, and no token knows of it.
                let again = self.run_with(&[]);
                if again.code != Some(0) {
                    return Outcome::Lost(format!("it did not begin anew:\n{}", again.both()));
                }
                self.accounts(Outcome::NotBegun)
            }
            (Some(4), _) if self.put_back() => {
                let again = self.resume_with(&[]);
                if again.code != Some(0) {
                    return Outcome::Lost(format!(
                        "the tokens were put back, and it did not go on:\n{}\nbefore:\n{}",
                        again.both(),
                        ended.both()
                    ));
                }
                self.accounts(Outcome::Spoiled)
            }
            _ => Outcome::Lost(format!("resume ended with {:?}:\n{}", ended.code, ended.both())),
        }
    }

    /// Goes on with a rehearsal until it is done.
    pub fn recovered_rehearsal(&self) -> Outcome {
        let ended = self.start(RESUME_REHEARSAL, &[]);
        match (ended.code, ended.error.contains("nothing was signed")) {
            (Some(0), _) => {
                let wrong = accounts::of_files(&self.path("out"), &self.log(), self.template.undisturbed());
                wrong.map_or(Outcome::Resumed, Outcome::Lost)
            }
            (Some(2), true) => Outcome::NotBegun,
            _ => Outcome::Lost(format!("resume ended with {:?}:\n{}", ended.code, ended.both())),
        }
    }

    /// Puts the tokens back as they were before the call that the module was killed in, if it was.
    fn put_back(&self) -> bool {
        let before = self.path("tokens.before");
        if !before.is_dir() {
            return false;
        }
        fs::remove_dir_all(self.tokens()).unwrap();
        fs::rename(before, self.tokens()).unwrap();
        true
    }

    fn accounts(&self, good: Outcome) -> Outcome {
        for command in ["verify out/bundle-practice-faults", "log verify log"] {
            let ended = self.start(command, &[]);
            if ended.code != Some(0) {
                return Outcome::Lost(format!("`{command}`:\n{}", ended.both()));
            }
        }
        let (inventories, heads) = self.inventories();
        accounts::of_files(&self.path("out"), &self.log(), self.template.undisturbed())
            .or_else(|| accounts::of_keys(&self.log(), &inventories, self.lost()))
            .or_else(|| accounts::of_heads(&self.log(), &heads))
            .or_else(|| self.media_and_backups())
            .map_or(good, Outcome::Lost)
    }

    fn media_and_backups(&self) -> Option<String> {
        let media = |names: &[&str]| names.iter().map(|name| self.medium(name)).collect::<Vec<_>>();
        let (log, out) = (self.log(), self.path("out"));
        if self.template.replaced.is_some() {
            return accounts::of_backup(&log, &out, "three", &media(&["three-backup"]))
                .or_else(|| accounts::of_own_medium(&self.records(), "h2", &self.medium("three-own")))
                .or_else(|| accounts::of_bags(&self.records()));
        }
        if self.template.before.is_some() {
            return accounts::of_backup(&log, &out, "one", &media(&["one-backup"]))
                .or_else(|| accounts::of_backup(&log, &out, "two", &media(&["again-one", "again-two"])))
                .or_else(|| accounts::of_secrets(&self.records()))
                .or_else(|| accounts::of_bags(&self.records()));
        }
        accounts::of_media(&out, &media(&["one", "two"]))
            .or_else(|| accounts::of_backup(&log, &out, "root-x3", &media(&["backup-one", "backup-two"])))
            .or_else(|| accounts::of_bags(&self.records()))
    }

    /// The token that is another device, and how many records of the log are from before.
    fn lost(&self) -> Option<(&str, usize)> {
        self.template.replaced.zip(self.template.before.as_ref().map(|(_, records)| *records))
    }

    /// What people say beside what practice says by default.
    pub fn answers(&self, steps: &str) {
        let steps = if steps.is_empty() { String::new() } else { format!("steps:\n{steps}") };
        fs::write(self.path("answers.yaml"), format!("rootrite-answers: 1\ndefault: practice\n{steps}"))
            .unwrap();
    }

    /// What the modules of an interrupted start left is not there.
    pub fn forget_outcomes(&self) {
        for entry in fs::read_dir(self.log().join("runs/faults")).unwrap().map(Result::unwrap) {
            if entry.path().extension().is_some_and(|ending| ending == "outcomes") {
                fs::remove_file(entry.path()).unwrap();
            }
        }
    }

    /// Rehearses with a window that begins tomorrow, is killed, and goes on by the machine's clock.
    pub fn resume_before_its_last_record(&self) -> Ended {
        let script = fs::read_to_string(self.path("script.yaml")).unwrap();
        fs::write(self.path("script.yaml"), script.replace(&window(), &tomorrow())).unwrap();
        let ended = self.start("rehearse script.yaml --out r --quiet", &[("FAULT_KILL", "900".to_owned())]);
        assert_eq!(ended.code, None, "{}", ended.both());
        let run = self.path("r/ceremony-log/runs/faults/run.json");
        let said = fs::read_to_string(&run).unwrap();
        fs::write(&run, said.replace("\"rehearsal\":true", "\"rehearsal\":false")).unwrap();
        self.start("resume --log r/ceremony-log --answers answers.yaml", &[])
    }

    /// Goes on with a program that differs in its last octet.
    pub fn resume_with_another_program(&self) -> Ended {
        let other = self.path("rootrite");
        let mut octets = fs::read(env!("CARGO_BIN_EXE_rootrite")).unwrap();
        octets.push(0);
        fs::write(&other, octets).unwrap();
        let mode = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o755);
        fs::set_permissions(&other, mode).unwrap();
        let mut command = Command::new(&other);
        command.current_dir(self.folder.path()).args(RESUME.split(' '));
        program::run(&mut command, b"")
    }

    /// Every key of a token goes.
    pub fn lose_keys(&self, label: &str) {
        let process = self.module();
        let mut session = softhsm::session(&process, label, USER);
        let ids: std::collections::BTreeSet<Vec<u8>> =
            session.inventory().unwrap().entries.into_iter().map(|entry| entry.id).collect();
        // The log's head has no id.
        for id in ids.into_iter().filter(|id| !id.is_empty()) {
            session.destroy_objects(&KeyId::from_octets(&id).unwrap()).unwrap();
        }
        drop(session);
        process.stop().unwrap();
    }

    /// What every token holds, and which heads of logs, by label.
    fn inventories(&self) -> (BTreeMap<String, Inventory>, BTreeMap<String, Vec<DataObject>>) {
        let process = self.module();
        let all = TOKENS.into_iter().filter(|label| self.has_token(label)).map(|label| {
            let mut session = softhsm::session(&process, label, USER);
            let heads = session.data(LOG_HEAD).unwrap();
            ((label.to_owned(), session.inventory().unwrap()), (label.to_owned(), heads))
        });
        let all = all.unzip();
        process.stop().unwrap();
        all
    }

    /// Whether there is such a token by now.
    fn has_token(&self, label: &str) -> bool {
        self.template.serials.contains_key(label) || label == "spare"
    }

    fn module(&self) -> ModuleProcess {
        let configuration = self.path("softhsm2.conf").to_str().unwrap().to_owned();
        ModuleProcess::start(&ModuleConfiguration {
            program: env!("CARGO_BIN_EXE_rootrite").into(),
            environment: BTreeMap::from([("SOFTHSM2_CONF".to_owned(), configuration)]),
            ..ModuleConfiguration::new(SoftHsm::module())
        })
        .unwrap()
    }
}

fn said(fault: Fault<'_>) -> Vec<(&str, String)> {
    fault.iter().map(|(name, point)| (*name, point.to_string())).collect()
}

/// A window that began yesterday and ends tomorrow.
fn window() -> String {
    let today = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / DAY * DAY;
    let time = |seconds| rootrite::clock::Timestamp::from_seconds(seconds).unwrap();
    format!("window: {{from: {}, to: {}}}", time(today - DAY), time(today + 2 * DAY - 1))
}

/// A window that begins today: the ceremony before was held today.
fn window_of_today() -> String {
    let today = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / DAY * DAY;
    let time = |seconds| rootrite::clock::Timestamp::from_seconds(seconds).unwrap();
    format!("window: {{from: {}, to: {}}}", time(today), time(today + 2 * DAY - 1))
}

/// The online side's answer to a log with this head, and the key that signs it.
fn receipt(checkpoint: &str) -> (String, String) {
    let lines: Vec<&str> = checkpoint.lines().collect();
    let root = <base64ct::Base64 as base64ct::Encoding>::decode_vec(lines[2]).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let receipt = Receipt {
        origin: lines[0].to_owned(),
        size: lines[1].parse().unwrap(),
        root: Digest::from_octets(root.try_into().unwrap()),
        at: rootrite::clock::Timestamp::from_seconds(now).unwrap(),
        set: Digest::of(b"what is active"),
        artifacts: 0,
        active: Vec::new(),
    };
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let key = Receipt::verifier(&receipt.origin, pair.public_key().as_ref().try_into().unwrap()).unwrap();
    let signed = receipt.signed(&key, pair.sign(receipt.text().as_bytes()).as_ref()).unwrap();
    (signed, key.to_string())
}

/// A window that begins tomorrow.
fn tomorrow() -> String {
    let today = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / DAY * DAY;
    let time = |seconds| rootrite::clock::Timestamp::from_seconds(seconds).unwrap();
    format!("window: {{from: {}, to: {}}}", time(today + DAY), time(today + 2 * DAY - 1))
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The shim before the C library.
fn shim() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build("shim.c", &[]))
}

/// The module before SoftHSM.
fn proxy() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build("proxy.c", &[format!("-DSOFTHSM=\"{}\"", SoftHsm::module().display())]))
}

fn build(source: &str, more: &[String]) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{source}-{}.so", std::process::id()));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults").join(source);
    let status = Command::new("cc")
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"])
        .args(more)
        .arg("-o")
        .args([&place, &source])
        .args(["-ldl", "-lpthread"])
        .status()
        .expect("a C compiler is needed: apt-get install gcc");
    assert!(status.success());
    place
}

/// Every token that there can be.
const TOKENS: [&str; 4] = ["root", "log", "spare", "last"];
/// Every medium, and the folders in its place.
const MEDIA: [(&str, &[&str]); 7] = [
    ("online", &["one", "two"]),
    ("root-x3-backup", &["backup-one", "backup-two"]),
    ("one-backup", &["one-backup"]),
    ("two-backup", &["two-backup-one", "two-backup-two"]),
    ("two-again", &["again-one", "again-two"]),
    ("three-backup", &["three-backup"]),
    ("three-share-h2", &["three-own"]),
];
/// How many people hold shares of the key whose shares go out encrypted.
const HOLDERS: usize = 3;
/// What encrypts a share, and opens it again on the same machine.
const ENCRYPTORS: &str = "encryptors:
  openssl:
    encrypt: [/usr/bin/openssl, enc, -aes-256-cbc, -pbkdf2, -iter, \"1\", -k, \"{recipient}\"]
    decrypt: [/usr/bin/openssl, enc, -d, -aes-256-cbc, -pbkdf2, -iter, \"1\", -k, key-of-h2]
    seconds: 300
    holders: {h2: key-of-h2}
";
const RUN: &str = "run script.yaml --site site.yaml --log log --out out --practice --answers answers.yaml";
const REHEARSE: &str = "rehearse script.yaml --out out --quiet";
const RESUME: &str = "resume --log log --answers answers.yaml";
const RESUME_REHEARSAL: &str = "resume --log out/ceremony-log --quiet";
/// How the script says that a new token's PIN is dealt.
const IN_SHARES: &str = "pin: shares, ";
/// The public PINs of throw-away tokens, which a file of answers says by default.
const USER: &str = "rehearsal-user";
const OFFICER: &str = "rehearsal-officer";
const DAY: u64 = 86_400;
