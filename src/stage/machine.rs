//! The machine that a ceremony runs on: what can be seen of it, each time ok, violated or unknown.
//!
//! What cannot be read is unknown, never ok.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::clock::Timestamp;
use crate::digest::Digest;

use super::event::{Check, CheckOutcome};
use super::printable;

/// What to look at, and what is expected.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// Folders that have to have room: outputs, log.
    pub folders: Vec<PathBuf>,
    /// Octets that must be free in each.
    pub minimum_free: u64,
    /// Network interfaces that may be up.
    pub allowed_interfaces: Vec<String>,
    /// PKCS#11 modules, with the digest that each must have where the site names one.
    pub modules: Vec<(PathBuf, Option<Digest>)>,
    /// Where media are mounted, by the script's names: one place for each copy, or one for all.
    pub media: BTreeMap<String, Vec<PathBuf>>,
    /// What was found out elsewhere: what this program and its module processes have denied themselves, and what the
    /// site says of each token.
    pub found: Vec<Check>,
}

impl Machine {
    /// Everything that is looked at, in a fixed order.
    pub fn checks(&self, now: Timestamp) -> Vec<Check> {
        let mut checks = vec![time(now)];
        checks.extend(self.folders.iter().map(|folder| free_space(folder, self.minimum_free)));
        checks.extend(self.modules.iter().map(|(module, wanted)| module_digest(module, *wanted)));
        checks.push(swap());
        checks.push(core_dumps());
        checks.push(self.interfaces());
        checks.extend(self.found.iter().cloned());
        checks
    }

    fn interfaces(&self) -> Check {
        let id = "network-interfaces";
        let Ok(folder) = fs::read_dir("/sys/class/net") else {
            return check(id, CheckOutcome::Unknown, "`/sys/class/net` cannot be read");
        };
        let mut up: Vec<String> = folder
            .filter_map(Result::ok)
            .filter(|entry| is_up(&entry.path()))
            .map(|entry| printable(&entry.file_name().to_string_lossy()))
            .filter(|name| !self.allowed_interfaces.contains(name))
            .collect();
        up.sort();
        if up.is_empty() {
            check(id, CheckOutcome::Ok, "none is up but those allowed")
        } else {
            check(id, CheckOutcome::Violated, format!("up and not allowed: {}", up.join(", ")))
        }
    }
}

/// A year before this program was written is a clock that nobody set.
fn time(now: Timestamp) -> Check {
    let outcome = if now.seconds() >= EARLIEST { CheckOutcome::Ok } else { CheckOutcome::Violated };
    check("time", outcome, format!("the ceremony clock says {now}"))
}

fn free_space(folder: &Path, minimum: u64) -> Check {
    let shown = printable(&folder.display().to_string());
    match rustix::fs::statvfs(folder) {
        Ok(found) => {
            let free = found.f_bavail.saturating_mul(found.f_frsize);
            let outcome = if free >= minimum { CheckOutcome::Ok } else { CheckOutcome::Violated };
            // The exact number changes with every write; mebioctets are what people compare.
            let detail = format!("{shown}: {} MiB free, wanted {} MiB", free >> 20, minimum >> 20);
            check("free-space", outcome, detail)
        }
        Err(error) => check("free-space", CheckOutcome::Unknown, format!("{shown}: {error}")),
    }
}

fn module_digest(module: &Path, wanted: Option<Digest>) -> Check {
    let shown = printable(&module.display().to_string());
    let found = fs::File::open(module).and_then(|mut file| Digest::of_reader(&mut file));
    match (found, wanted) {
        (Ok(found), Some(wanted)) if found == wanted => {
            check("module", CheckOutcome::Ok, format!("{shown}: {found}"))
        }
        (Ok(found), Some(wanted)) => {
            check("module", CheckOutcome::Violated, format!("{shown}: {found}, wanted {wanted}"))
        }
        (Ok(found), None) => {
            check("module", CheckOutcome::Unknown, format!("{shown}: {found}; the site names no digest"))
        }
        (Err(error), _) => check("module", CheckOutcome::Unknown, format!("{shown}: {error}")),
    }
}

fn swap() -> Check {
    match fs::read_to_string("/proc/swaps") {
        Ok(text) if text.lines().count() <= 1 => check("swap", CheckOutcome::Ok, "off"),
        Ok(text) => {
            let count = text.lines().count() - 1;
            check("swap", CheckOutcome::Violated, format!("{count} in use: secrets can reach a disk"))
        }
        Err(error) => check("swap", CheckOutcome::Unknown, format!("`/proc/swaps`: {error}")),
    }
}

/// Our own processes forbid core dumps; a pipe in the kernel's pattern would still be handed one of others.
fn core_dumps() -> Check {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Core);
    if limit.current == Some(0) {
        check("core-dumps", CheckOutcome::Ok, "off for this program")
    } else {
        check("core-dumps", CheckOutcome::Violated, "on for this program")
    }
}

fn is_up(interface: &Path) -> bool {
    // Bit 0 of the flags is IFF_UP; an interface whose flags cannot be read counts as up.
    fs::read_to_string(interface.join("flags"))
        .ok()
        .and_then(|text| u32::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok())
        .is_none_or(|flags| flags & 1 == 1)
}

fn check(id: &str, outcome: CheckOutcome, detail: impl Into<String>) -> Check {
    Check { id: id.into(), outcome, detail: detail.into() }
}

/// 2026-01-01T00:00:00Z.
const EARLIEST: u64 = 1_767_225_600;

#[cfg(test)]
mod tests {
    use super::*;

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
}
