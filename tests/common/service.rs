//! Processes that a test needs beside it, and modules that speak to them: ended by their number when the test is.
//!
//! Nothing that an earlier run left behind is used: each has a folder of its own, and what counts is that the process
//! lives, never that a socket lies there.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::program::skipped;
use super::softhsm::SoftHsm;

/// A process that goes with this value.
pub struct Service(Child);

impl Service {
    /// Starts it, and waits until somebody can connect to its socket. Where its program is not installed: nothing, said
    /// loudly, and a failure in CI.
    pub fn start(command: &mut Command, socket: &Path, words: &Path) -> Option<Self> {
        let said = File::create(words).unwrap();
        let child =
            command.stdin(Stdio::null()).stdout(said.try_clone().unwrap()).stderr(said).spawn().inspect_err(
                |error| {
                    skipped(&format!("{} cannot be started: {error}", command.get_program().display()));
                },
            );
        let mut service = Self(child.ok()?);
        let until = Instant::now() + LONGEST;
        while UnixStream::connect(socket).is_err() {
            let said = || std::fs::read_to_string(words).unwrap_or_default();
            assert!(service.lives(), "{} has ended: {}", command.get_program().display(), said());
            assert!(
                Instant::now() < until,
                "{} does not answer: {}",
                command.get_program().display(),
                said()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(service)
    }

    /// Whether it runs.
    pub fn lives(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// The numbers of the processes that it has made.
    pub fn children(&self) -> Vec<u32> {
        let list = format!("/proc/{0}/task/{0}/children", self.id());
        let text = std::fs::read_to_string(list).unwrap();
        text.split_whitespace().map(|number| number.parse().unwrap()).collect()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A TPM in software, a broker for it, and a store for tokens: what `tpm2-pkcs11` needs.
pub struct Tpm {
    folder: tempfile::TempDir,
    // From the last to the first: each speaks to the one before.
    _services: [Service; 3],
}

impl Tpm {
    /// The module.
    pub const MODULE: &str = "/usr/lib/x86_64-linux-gnu/pkcs11/libtpm2_pkcs11.so";

    /// A new TPM, with nothing on it. Nothing, said loudly, where one of the programs is missing.
    pub fn new() -> Option<Self> {
        if !Path::new(Self::MODULE).is_file() {
            skipped("tpm2-pkcs11 is not installed (libtpm2-pkcs11-1)");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("tpm").tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["state", "store"] {
            std::fs::create_dir(path(name)).unwrap();
        }
        let mut tpm = bare("swtpm");
        // The broker looks for the second socket beside the first, by this name.
        tpm.args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear", "--tpmstate"])
            .arg(format!("dir={}", path("state").display()))
            .arg("--server")
            .arg(format!("type=unixio,path={}", path("tpm").display()))
            .arg("--ctrl")
            .arg(format!("type=unixio,path={}", path("tpm.ctrl").display()));
        let tpm = Service::start(&mut tpm, &path("tpm.ctrl"), &path("swtpm.txt"))?;
        let mut bus = bare("dbus-daemon");
        bus.args(["--session", "--nofork", "--nopidfile"])
            .arg(format!("--address=unix:path={}", path("bus").display()));
        let bus = Service::start(&mut bus, &path("bus"), &path("bus.txt"))?;
        let mut broker = bare("tpm2-abrmd");
        broker
            .args(["--session", "--allow-root", "--tcti"])
            .arg(format!("swtpm:path={}", path("tpm").display()))
            .env("DBUS_SESSION_BUS_ADDRESS", bus_address(folder.path()));
        let broker = Service::start(&mut broker, &path("bus"), &path("broker.txt"))?;
        let tpm = Self { folder, _services: [broker, bus, tpm] };
        tpm.wait_for_broker();
        Some(tpm)
    }

    /// A token with these PINs, made by OpenSC's tool.
    pub fn token(&self, label: &str, user_pin: &str, officer_pin: &str) {
        let officer = ["--so-pin", officer_pin];
        self.pkcs11_tool(["--slot-index", "0", "--init-token", "--label", label], officer);
        self.pkcs11_tool(
            ["--token-label", label, "--login", "--login-type", "so", "--init-pin", "--pin", user_pin],
            officer,
        );
    }

    /// What the module's process needs.
    pub fn environment(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("DBUS_SESSION_BUS_ADDRESS".to_owned(), bus_address(self.folder.path())),
            ("TPM2_PKCS11_STORE".to_owned(), self.folder.path().join("store").display().to_string()),
            ("TPM2_PKCS11_TCTI".to_owned(), "tabrmd:bus_type=session".to_owned()),
        ])
    }

    /// Runs OpenSC's tool on the module, which has to agree.
    pub fn pkcs11_tool<const A: usize, const B: usize>(&self, arguments: [&str; A], more: [&str; B]) {
        let done = self
            .tool()
            .args(arguments)
            .args(more)
            .output()
            .expect("pkcs11-tool is needed: apt-get install opensc");
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Whether OpenSC's tool can log in with a PIN.
    pub fn tries_pin(&self, pin: &str) -> bool {
        let mut tool = self.tool();
        tool.args(["--login", "--pin", pin, "--list-objects"]).output().unwrap().status.success()
    }

    fn tool(&self) -> Command {
        let mut tool = bare("pkcs11-tool");
        tool.args(["--module", Self::MODULE]).envs(self.environment());
        tool
    }

    /// The broker is there when the module finds a slot: it has no socket of its own.
    fn wait_for_broker(&self) {
        let until = Instant::now() + LONGEST;
        loop {
            let done = self
                .tool()
                .arg("--list-slots")
                .output()
                .expect("pkcs11-tool is needed: apt-get install opensc");
            if done.status.success() {
                return;
            }
            assert!(Instant::now() < until, "no TPM: {}", String::from_utf8_lossy(&done.stderr));
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn bus_address(folder: &Path) -> String {
    format!("unix:path={}", folder.join("bus").display())
}

/// A SoftHSM behind a cable: p11-kit serves its tokens at a socket, and every connection is a process of its own.
pub struct Cable {
    /// What is at the other end.
    pub hsm: SoftHsm,
    server: Service,
}

impl Cable {
    /// The module at this end.
    pub const MODULE: &str = "/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-client.so";

    /// Serves all tokens of a SoftHSM. Nothing, said loudly, where p11-kit is missing.
    pub fn to(hsm: SoftHsm) -> Option<Self> {
        if !Path::new(Self::MODULE).is_file() {
            skipped("p11-kit's modules are not installed (p11-kit-modules)");
            return None;
        }
        let mut server = bare("p11-kit");
        server.args(["server", "--foreground", "--provider"]).arg(SoftHsm::module()).arg("--name");
        server.arg(socket(&hsm)).arg("pkcs11:").envs(hsm.environment());
        let server = Service::start(&mut server, &socket(&hsm), &hsm.folder().join("server.txt"))?;
        Some(Self { hsm, server })
    }

    /// What the module's process needs.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let address = format!("unix:path={}", socket(&self.hsm).display());
        BTreeMap::from([("P11_KIT_SERVER_ADDRESS".to_owned(), address)])
    }

    /// Pulls the cable: every connection that there is ends in the middle of what it does. It can be plugged in again at
    /// once: the server takes new ones.
    pub fn pull(&self) {
        let connections = self.server.children();
        assert!(!connections.is_empty(), "nobody is connected");
        for number in connections {
            let number = rustix::process::Pid::from_raw(number.cast_signed()).unwrap();
            rustix::process::kill_process(number, rustix::process::Signal::KILL).unwrap();
        }
    }
}

fn socket(hsm: &SoftHsm) -> PathBuf {
    hsm.folder().join("p11.sock")
}

/// A program without anybody's settings.
fn bare(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

const LONGEST: Duration = Duration::from_mins(2);
