//! What a test works on: a folder with a script, a site file and two SoftHSM tokens.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rootrite::hsm::{Inventory, Token as _};
use tempfile::TempDir;

use crate::common::{Ended, SoftHsm, program, softhsm};

/// A folder with a script and a site, and tokens beside it.
pub struct Table {
    folder: TempDir,
    /// The tokens.
    pub hsm: SoftHsm,
}

/// The user's PIN of every token. A text that occurs nowhere else, so that a test can look for it.
pub const USER: &str = "user-pin-4711";
/// The first one of a new token, before its custodian changes it.
pub const FIRST: &str = "first-pin-2342";
/// The security officer's.
pub const OFFICER: &str = "officer-pin-0815";

impl Table {
    /// The small script as it is, with tokens `root` and `log` and a site that says where they are.
    pub fn new() -> Self {
        let table = Self::with(SoftHsm::new().token("root", USER, OFFICER).token("log", USER, OFFICER));
        table.write("site.yaml", table.site());
        table
    }

    /// As [`Table::new`], with the public PINs of throw-away tokens, which a file of answers says by default.
    pub fn for_answers() -> Self {
        let (user, officer) = ("rehearsal-user", "rehearsal-officer");
        let table = Self::with(SoftHsm::new().token("root", user, officer).token("log", user, officer));
        table.write("site.yaml", table.site());
        table.write("answers.yaml", "rootrite-answers: 1\ndefault: practice\n");
        table
    }

    /// The small script alone.
    pub fn without_tokens() -> Self {
        Self::with(SoftHsm::new())
    }

    /// The small script with these tokens, and no site.
    pub fn with(hsm: SoftHsm) -> Self {
        let folder = tempfile::Builder::new().prefix("rootrite-cli").tempdir().unwrap();
        let table = Self { folder, hsm };
        table.write("script.yaml", SCRIPT);
        table
    }

    /// The script takes place now: its window is from yesterday to tomorrow.
    pub fn now(self) -> Self {
        self.change("script.yaml", WINDOW, &window(1));
        self.change("script.yaml", "next-due: 2027-09-01T00:00:00Z, ", "");
        self
    }

    /// The folder that the commands run in.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, octets: impl AsRef<[u8]>) {
        fs::write(self.path(name), octets).unwrap();
    }

    /// What a file says.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Replaces the one place in a file that says `old`.
    #[track_caller]
    pub fn change(&self, name: &str, old: &str, new: &str) {
        let text = self.read(name);
        assert_eq!(text.matches(old).count(), 1, "`{old}` stands in {name} once");
        self.write(name, text.replace(old, new));
    }

    /// Runs the program here. The words are separated by spaces.
    pub fn run(&self, arguments: &str) -> Ended {
        self.run_with(arguments.split(' '))
    }

    /// Runs the program here.
    pub fn run_with<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ended {
        program::rootrite(self.folder(), arguments)
    }

    /// A site file for the tokens `root` and `log`.
    pub fn site(&self) -> String {
        let serials = self.serials();
        let token = |label: &str| {
            format!(
                "  {label}:\n    module: {}\n    environment: {{SOFTHSM2_CONF: {}}}\n    label: {label}\n    serial: \"{}\"\n    \
                 class: software\n    login: pin\n    pin: prompt\n",
                SoftHsm::module().display(),
                self.hsm.folder().join("softhsm2.conf").display(),
                serials[label]
            )
        };
        format!(
            "rootrite-site: 1\ntokens:\n{}{}preflight: {{minimum-free: 1 MiB}}\n",
            token("root"),
            token("log")
        )
    }

    /// The serial number of each token, by label.
    pub fn serials(&self) -> BTreeMap<String, String> {
        let process = self.hsm.start();
        let slots = process.slots().unwrap();
        process.stop().unwrap();
        let initialized = slots.into_iter().map(|slot| slot.token).filter(|token| !token.label.is_empty());
        initialized.map(|token| (token.label, token.serial)).collect()
    }

    /// Everything on a token, as its user sees it.
    pub fn inventory(&self, label: &str) -> Inventory {
        self.inventory_of(label, USER)
    }

    /// Everything on a token whose user has another PIN.
    pub fn inventory_of(&self, label: &str, pin: &str) -> Inventory {
        let process = self.hsm.start();
        let mut session = softhsm::session(&process, label, pin);
        let inventory = session.inventory().unwrap();
        drop(session);
        process.stop().unwrap();
        inventory
    }

    /// Every file in the folder and of the tokens, with its octets.
    pub fn everything(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(self.folder(), &mut files);
        collect(&self.hsm.tokens(), &mut files);
        files
    }

    /// Runs a command and asserts that it changed nothing at all.
    #[track_caller]
    pub fn run_and_change_nothing(&self, arguments: &str) -> Ended {
        let before = self.everything();
        let ended = self.run(arguments);
        self.assert_unchanged(&before, arguments);
        ended
    }

    /// Waits until no process is left that was started for the tokens of this table.
    #[track_caller]
    pub fn nobody_is_left(&self) {
        let configuration = self.hsm.folder().join("softhsm2.conf").display().to_string();
        let until = Instant::now() + Duration::from_mins(1);
        loop {
            let left: Vec<String> = processes_with(&configuration);
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < until, "left behind: {left:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asserts that no file came, went or changed.
    #[track_caller]
    pub fn assert_unchanged(&self, before: &BTreeMap<PathBuf, Vec<u8>>, what: &str) {
        let after = self.everything();
        let names = |files: &BTreeMap<PathBuf, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(before), names(&after), "{what}");
        for (path, octets) in before {
            assert!(after[path] == *octets, "{what} changed {}", path.display());
        }
    }
}

/// The processes that have a text in their environment, by number and command line.
fn processes_with(text: &str) -> Vec<String> {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let of = |entry: fs::DirEntry| {
        let environment = fs::read(entry.path().join("environ")).ok()?;
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        let words = String::from_utf8_lossy(&line).replace('\0', " ");
        // A process that has ended and is not waited for has no command line.
        let has = !line.is_empty() && environment.windows(text.len()).any(|window| window == text.as_bytes());
        has.then(|| format!("{} {words}", entry.file_name().display()))
    };
    all.filter_map(of).collect()
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.insert(path.join("."), Vec::new());
            collect(&path, files);
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}

/// A window that begins so many days before today and ends with tomorrow.
pub fn window(days_before: u64) -> String {
    let today = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / DAY * DAY;
    let time = |seconds| rootrite::clock::Timestamp::from_seconds(seconds).unwrap();
    format!("window: {{from: {}, to: {}}}", time(today - days_before * DAY), time(today + 2 * DAY - 1))
}

/// The first second of the day so many days before today.
pub fn days_ago(days: u64) -> rootrite::clock::Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    rootrite::clock::Timestamp::from_seconds(now - days * DAY).unwrap().day()
}

/// This second.
pub fn now() -> rootrite::clock::Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    rootrite::clock::Timestamp::from_seconds(now).unwrap()
}

const DAY: u64 = 86_400;

/// The small script that the tests change.
pub const SCRIPT: &str = include_str!("../inputs/ceremony.yaml");
const WINDOW: &str = "window: {from: 2026-11-01T08:00:00Z, to: 2026-11-02T20:00:00Z}";
