//! A machine as files, as it should be and otherwise; and the machine that the tests run on.

use super::*;
use crate::stage::CheckOutcome;

#[test]
fn a_clock_that_nobody_set_is_violated() {
    let at = |text: &str| time(text.parse().unwrap()).outcome;
    assert_eq!(at("2025-12-31T23:59:59Z"), CheckOutcome::Violated);
    assert_eq!(at("2026-01-01T00:00:00Z"), CheckOutcome::Ok);
}

#[test]
fn free_space_is_ok_violated_or_unknown() {
    let here = Path::new("/");
    assert_eq!(free_space(here, 1).outcome, CheckOutcome::Ok);
    assert_eq!(free_space(here, u64::MAX).outcome, CheckOutcome::Violated);
    assert_eq!(free_space(Path::new("/no/such/folder"), 1).outcome, CheckOutcome::Unknown);
}

#[test]
fn a_module_is_compared_by_digest() {
    let this = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    let digest = Digest::of(&fs::read(this).unwrap());
    assert_eq!(module_digest(this, Some(digest)).outcome, CheckOutcome::Ok);
    assert_eq!(module_digest(this, Some(Digest::of(b""))).outcome, CheckOutcome::Violated);
    assert_eq!(module_digest(this, None).outcome, CheckOutcome::Unknown);
    assert_eq!(module_digest(Path::new("/no"), Some(digest)).outcome, CheckOutcome::Unknown);
}

/// A machine as it should be, as files; and what is expected of it.
struct Tree {
    folder: tempfile::TempDir,
    environment: BTreeMap<String, String>,
    expected: Expected,
}

/// What a site expects of that machine.
fn as_expected() -> Expected {
    Expected {
        program: Some(Digest::of(b"program")),
        operating_system: Some("Live 1, kernel 6.1.0".into()),
        command_line: Some(vec!["quiet".into(), "ro".into()]),
        secure_boot: Some(true),
        lockdown: Some("integrity".into()),
        kernel_modules: Some(Digest::of(b"ext4\nusbcore")),
        registers: BTreeMap::from([(7, REGISTER.parse().unwrap())]),
        virtual_machine: false,
        usb: Some(vec!["1d6b:0002".into()]),
        read_only: true,
        disks: Some(vec!["/media/log".into()]),
        separate: false,
        minimum_memory: 64 << 20,
    }
}

const REGISTER: &str = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";

const SECURE_BOOT: &str = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

impl Tree {
    fn good() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let environment =
            BTreeMap::from([("LANG".into(), "C.UTF-8".into()), ("TERM".into(), "linux".into())]);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let tree = Self { folder, environment, expected: as_expected() };
        let idle = "  Name   Mtu\n";
        for (path, text) in [
            ("proc/self/exe", "program"),
            ("etc/os-release", "NAME=Live\nPRETTY_NAME=\"Live 1\"\n"),
            ("proc/sys/kernel/osrelease", "6.1.0\n"),
            ("proc/sys/kernel/random/boot_id", "0b-1c\n"),
            ("proc/uptime", "61.5 100.0\n"),
            ("proc/cmdline", "quiet ro x=1\n"),
            ("sys/kernel/security/lockdown", "none integrity [confidentiality]\n"),
            ("proc/sys/kernel/tainted", "0\n"),
            ("proc/modules", "usbcore 1 2 - Live 0x0\next4 1 2 - Live 0x0\n"),
            ("proc/sys/kernel/modules_disabled", "1\n"),
            ("sys/class/tpm/tpm0/pcr-sha256/7", &REGISTER.to_uppercase()),
            ("proc/cpuinfo", "processor : 0\nflags : fpu sse2\n"),
            ("sys/class/dmi/id/product_name", "Laptop\n"),
            ("proc/swaps", "Filename Type Size Used Priority\n"),
            ("sys/power/state", "freeze mem disk\n"),
            ("proc/sys/kernel/core_pattern", "core\n"),
            ("proc/sys/fs/suid_dumpable", "0\n"),
            ("proc/self/status", "Name:\trootrite\nPPid:\t9\nTracerPid:\t0\n"),
            ("proc/9/status", "Name:\tbash\nPPid:\t1\n"),
            ("proc/1/status", "Name:\tsystemd\nPPid:\t0\n"),
            ("proc/sys/kernel/yama/ptrace_scope", "1\n"),
            ("proc/meminfo", "MemTotal: 9 kB\nMemAvailable:  8388608 kB\n"),
            ("sys/class/net/lo/flags", "0x9\n"),
            ("proc/net/route", idle),
            ("proc/net/ipv6_route", ""),
            ("sys/class/tty/tty1/dev", "4:1\n"),
            ("sys/bus/usb/devices/usb1/idVendor", "1d6b\n"),
            ("sys/bus/usb/devices/usb1/idProduct", "0002\n"),
            ("sys/bus/usb/devices/usb1/product", "Hub\n"),
            ("sys/class/rtc/rtc0/since_epoch", &now.to_string()),
            ("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n"),
            (
                "proc/self/mountinfo",
                "1 0 0:1 / / rw - overlay overlay rw\n2 1 8:1 / /media/log rw,noexec - vfat /dev/sdb1 rw\n\
                 3 1 8:2 / /media/in ro - ext4 /dev/sdc1 rw\n",
            ),
            ("run/systemd/sessions/1", ""),
        ] {
            tree.write(path, text.as_bytes());
        }
        tree.write(SECURE_BOOT, &[6, 0, 0, 0, 1]);
        tree
    }

    fn write(&self, path: &str, octets: &[u8]) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, octets).unwrap();
    }

    fn remove(&self, path: &str) {
        let path = self.folder.path().join(path);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }

    fn checks(&self) -> BTreeMap<String, Check> {
        let look = Look::at(self.folder.path(), self.environment.clone());
        let mut all = kernel::checks(&look, &self.expected);
        all.extend(memory::checks(&look, &self.expected));
        all.extend(network::checks(&look, &self.expected, &["lo".to_owned()]));
        all.extend(room::checks(&look, &self.expected, &[]));
        let count = all.len();
        let all: BTreeMap<String, Check> = all.into_iter().map(|check| (check.id.clone(), check)).collect();
        assert_eq!(all.len(), count, "each check has a name of its own");
        all
    }
}

/// What this test process cannot make otherwise: its own limit of core files.
const OWN: &str = "core-dumps";

#[test]
fn a_machine_as_the_site_expects_it_holds_every_check() {
    for (id, check) in Tree::good().checks() {
        assert!(id == OWN || check.outcome == CheckOutcome::Ok, "{id}: {check}");
    }
}

#[test]
fn what_is_not_as_it_should_be_is_violated() {
    let utmp = |user: &str| {
        let mut record = vec![0; 384];
        record[..2].copy_from_slice(&7_i16.to_ne_bytes());
        record[8..12].copy_from_slice(b"tty1");
        record[44..44 + user.len()].copy_from_slice(user.as_bytes());
        record
    };
    let route6 = format!("{0} 00 {0} 00 {0} 00000400 1 0 00000003 eth0", "0".repeat(32));
    for (path, octets, id) in [
        ("proc/self/exe", &b"another"[..], "program"),
        ("proc/sys/kernel/osrelease", b"6.1.1", "operating-system"),
        ("proc/cmdline", b"quiet rw", "kernel-command-line"),
        (SECURE_BOOT, &[6, 0, 0, 0, 0], "secure-boot"),
        ("sys/kernel/security/lockdown", b"[none] integrity confidentiality", "lockdown"),
        ("proc/sys/kernel/tainted", b"4096", "kernel-taint"),
        ("proc/modules", b"ext4 1 2\nusbcore 1 2\nrootkit 1 2\n", "kernel-modules"),
        ("sys/class/tpm/tpm0/pcr-sha256/7", b"00", "boot-registers"),
        ("proc/cpuinfo", b"flags : fpu hypervisor", "virtual-machine"),
        ("proc/swaps", b"Filename\n/dev/sda2 partition 1 0 -2\n", "swap"),
        ("proc/swaps", b"Filename\n/dev/sda2 partition 1 0 -2\n", "hibernation"),
        ("proc/sys/kernel/core_pattern", b"|/usr/share/apport %p", "core-pattern"),
        ("proc/sys/fs/suid_dumpable", b"2", "core-pattern"),
        ("proc/self/status", b"PPid:\t0\nTracerPid:\t7\n", "tracing"),
        ("proc/sys/kernel/yama/ptrace_scope", b"0", "tracing"),
        ("etc/ld.so.preload", b"/lib/spy.so", "preloading"),
        ("proc/meminfo", b"MemAvailable: 1024 kB", "memory"),
        ("sys/class/net/eth0/flags", b"0x1003", "network-interfaces"),
        ("sys/class/net/eth0/flags", b"", "network-interfaces"),
        ("proc/net/route", b"Iface\neth0 00000000 0100A8C0 0003 0 0 0 00000000 0 0 0", "network-routes"),
        ("proc/net/ipv6_route", route6.as_bytes(), "network-routes"),
        ("sys/class/net/wlan0/wireless/x", b"", "wireless"),
        ("sys/class/bluetooth/hci0/x", b"", "bluetooth"),
        ("sys/class/tty/ttyACM0/dev", b"", "modems"),
        ("sys/class/wwan/wwan0/x", b"", "modems"),
        ("sys/bus/usb/devices/1-1/idVendor", b"046d", "usb-devices"),
        ("sys/class/rtc/rtc0/since_epoch", b"1000", "real-time-clock"),
        ("proc/self/mountinfo", b"1 0 8:1 / / rw - ext4 /dev/sda1 rw", "root-file-system"),
        ("proc/self/mountinfo", b"2 1 8:1 / /home rw - ext4 /dev/sda2 rw", "disks"),
        ("run/systemd/sessions/2", b"", "sessions"),
        ("proc/9/status", b"Name:\tscript\nPPid:\t1\n", "recording"),
        ("proc/9/status", b"Name:\ttmux: server\nPPid:\t1\n", "recording"),
    ] {
        let tree = Tree::good();
        tree.write("sys/bus/usb/devices/1-1/idProduct", b"c31c");
        tree.write(path, octets);
        let check = &tree.checks()[id];
        assert_eq!(check.outcome, CheckOutcome::Violated, "{path}: {check}");
    }
    let tree = Tree::good();
    tree.remove("run/systemd");
    tree.write("run/utmp", &[utmp("ada"), utmp("eve")].concat());
    let check = &tree.checks()["sessions"];
    assert_eq!(check.to_string(), "violated: 2: ada on tty1, eve on tty1");
    for (name, id) in [("LD_PRELOAD", "preloading"), ("TMUX", "recording"), ("SSH_CONNECTION", "recording")] {
        let mut tree = Tree::good();
        tree.environment.insert(name.into(), "x".into());
        assert_eq!(tree.checks()[id].outcome, CheckOutcome::Violated, "{name}");
    }
}

#[test]
fn what_cannot_be_read_is_unknown_and_never_ok() {
    for (path, id) in [
        ("proc/self/exe", "program"),
        ("etc/os-release", "operating-system"),
        ("proc/uptime", "boot"),
        ("proc/cmdline", "kernel-command-line"),
        ("sys/firmware", "secure-boot"),
        (SECURE_BOOT, "secure-boot"),
        ("sys/kernel/security", "lockdown"),
        ("proc/sys/kernel/tainted", "kernel-taint"),
        ("proc/modules", "kernel-modules"),
        ("proc/cpuinfo", "virtual-machine"),
        ("proc/swaps", "swap"),
        ("sys/power/state", "hibernation"),
        ("proc/sys/kernel/core_pattern", "core-pattern"),
        ("proc/sys/kernel/yama", "tracing"),
        ("proc/self/status", "tracing"),
        ("proc/self/status", "recording"),
        ("proc/meminfo", "memory"),
        ("sys/class", "network-interfaces"),
        ("sys/class", "wireless"),
        ("sys/class", "bluetooth"),
        ("sys/class", "modems"),
        ("proc/net", "network-routes"),
        ("sys/bus", "usb-devices"),
        ("sys/class/rtc", "real-time-clock"),
        ("proc/self/mountinfo", "root-file-system"),
        ("proc/self/mountinfo", "disks"),
        ("run", "sessions"),
    ] {
        let tree = Tree::good();
        tree.remove(path);
        let check = &tree.checks()[id];
        assert_eq!(check.outcome, CheckOutcome::Unknown, "{path}: {check}");
    }
    // A register that is expected and not there is not as expected.
    let tree = Tree::good();
    tree.remove("sys/class/tpm");
    assert_eq!(tree.checks()["boot-registers"].outcome, CheckOutcome::Violated);
}

#[test]
fn where_the_site_expects_nothing_what_was_found_is_said_and_unknown() {
    let mut tree = Tree::good();
    tree.expected = Expected::default();
    tree.write(
        "proc/self/mountinfo",
        b"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / /home rw - ext4 /dev/sda2 rw",
    );
    let checks = tree.checks();
    for id in [
        "program",
        "operating-system",
        "kernel-command-line",
        "secure-boot",
        "lockdown",
        "kernel-modules",
        "boot-registers",
        "usb-devices",
        "root-file-system",
        "disks",
    ] {
        let check = &checks[id];
        assert_eq!(check.outcome, CheckOutcome::Unknown, "{check}");
        assert!(check.detail.contains("the site expects nothing of"), "{check}");
    }
}

#[test]
fn what_is_allowed_or_blocked_holds() {
    let mut tree = Tree::good();
    tree.write("sys/class/net/wlan0/wireless/x", b"");
    tree.write("sys/class/net/wlan0/flags", b"0x1002");
    tree.write("sys/class/rfkill/rfkill0/type", b"wlan");
    tree.write("sys/class/rfkill/rfkill0/hard", b"1");
    tree.write("proc/cpuinfo", b"flags : hypervisor");
    tree.expected.virtual_machine = true;
    let checks = tree.checks();
    for id in ["wireless", "virtual-machine", "network-interfaces"] {
        assert_eq!(checks[id].outcome, CheckOutcome::Ok, "{}", checks[id]);
    }
}

#[test]
fn the_real_machine_is_looked_at_without_a_hitch_and_fits_into_the_log() {
    let machine = Machine { minimum_free: 1, folders: vec!["/".into()], ..Machine::default() };
    let checks = machine.checks(Timestamp::from_seconds(EARLIEST).unwrap());
    assert!(checks.len() > 30, "{}", checks.len());
    for check in checks {
        assert!(check.detail.len() < 1500 && !check.detail.contains('\n'), "{check}");
    }
}

#[test]
fn devices_that_come_and_go_are_named() {
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(difference(&list(&["a", "b"]), &list(&["b", "a"])), None);
    assert_eq!(
        difference(&list(&["a", "b"]), &list(&["b", "c"])).unwrap(),
        "USB devices that came: c; went: a"
    );
}
