//! The machine that a ceremony runs on: what can be seen of it, each time ok, violated or unknown.
//!
//! What cannot be read is unknown, never ok.

mod kernel;
mod look;
mod memory;
mod network;
mod room;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::digest::Digest;

use super::encrypting::Encryptors;
use super::event::Check;
use super::printable;
use look::{Look, failed, held, unknown};

/// What to look at, and what is expected.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// Where the files are that the kernel shows of itself; empty for the machine's own root.
    pub root: PathBuf,
    /// Folders that have to have room: outputs, log.
    pub folders: Vec<PathBuf>,
    /// Octets that must be free in each.
    pub minimum_free: u64,
    /// Network interfaces that may be up.
    pub allowed_interfaces: Vec<String>,
    /// What else the site expects of the machine.
    pub expected: Expected,
    /// PKCS#11 modules, with the digest that each must have where the site names one.
    pub modules: Vec<(PathBuf, Option<Digest>)>,
    /// Where media are mounted, by the script's names: one place for each copy, or one for all.
    pub media: BTreeMap<String, Vec<PathBuf>>,
    /// Who encrypts shares for their holders' own keys, if anybody does.
    pub encryptors: Option<Arc<dyn Encryptors>>,
    /// What was found out elsewhere: what this program and its module processes have denied themselves, and what the
    /// site says of each token.
    pub found: Vec<Check>,
}

/// What a site expects of the machine. Where it expects nothing, what is found is said, and is `unknown`.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The digest of the program's file.
    pub program: Option<Digest>,
    /// The system's name and its kernel, as the check says them.
    pub operating_system: Option<String>,
    /// Words of the kernel's command line.
    pub command_line: Option<Vec<String>>,
    /// Whether it was started by UEFI with Secure Boot.
    pub secure_boot: Option<bool>,
    /// The kernel's lockdown, at least: `none`, `integrity`, `confidentiality`.
    pub lockdown: Option<String>,
    /// The digest of the sorted names of the kernel's modules.
    pub kernel_modules: Option<Digest>,
    /// The TPM's registers of SHA-256, by number.
    pub registers: BTreeMap<u64, Digest>,
    /// Whether it may be a virtual machine.
    pub virtual_machine: bool,
    /// USB devices that may be there: vendor and product, `1d6b:0002`.
    pub usb: Option<Vec<String>>,
    /// Whether the root is read-only, or nothing of it stays.
    pub read_only: bool,
    /// Places of disks that may be written.
    pub disks: Option<Vec<String>>,
    /// Whether log and outputs are on file systems of their own.
    pub separate: bool,
    /// Octets of memory that must be free.
    pub minimum_memory: u64,
}

impl Machine {
    /// Everything that is looked at, in a fixed order.
    pub fn checks(&self, now: Timestamp) -> Vec<Check> {
        let look = self.look();
        let mut checks = vec![time(now)];
        checks.extend(self.folders.iter().map(|folder| free_space(folder, self.minimum_free)));
        checks.extend(self.modules.iter().map(|(module, wanted)| module_digest(module, *wanted)));
        checks.extend(kernel::checks(&look, &self.expected));
        checks.extend(memory::checks(&look, &self.expected));
        checks.extend(network::checks(&look, &self.expected, &self.allowed_interfaces));
        checks.extend(room::checks(&look, &self.expected, &self.folders));
        checks.extend(self.found.iter().cloned());
        checks
    }

    /// The USB devices that are there now; nothing where they cannot be listed.
    pub fn usb_devices(&self) -> Option<Vec<String>> {
        network::usb_devices(&self.look())
    }

    fn look(&self) -> Look {
        let environment = std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()));
        Look::at(&self.root, environment.collect())
    }
}

/// Which devices came and which went; nothing if none did.
pub fn difference(before: &[String], now: &[String]) -> Option<String> {
    let missing = |from: &[String], of: &[String]| {
        let missing: Vec<&str> = of.iter().filter(|one| !from.contains(one)).map(String::as_str).collect();
        missing.join(", ")
    };
    let parts = [("came", missing(before, now)), ("went", missing(now, before))];
    let said: Vec<String> = parts
        .iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(what, list)| format!("{what}: {list}"))
        .collect();
    (!said.is_empty()).then(|| printable(&format!("USB devices that {}", said.join("; "))))
}

/// A year before this program was written is a clock that nobody set.
fn time(now: Timestamp) -> Check {
    let said = format!("the ceremony clock says {now}");
    if now.seconds() >= EARLIEST { held("time", said) } else { failed("time", said) }
}

fn free_space(folder: &Path, minimum: u64) -> Check {
    let shown = printable(&folder.display().to_string());
    match rustix::fs::statvfs(folder) {
        Ok(found) => {
            let free = found.f_bavail.saturating_mul(found.f_frsize);
            // The exact number changes with every write; mebioctets are what people compare.
            let detail = format!("{shown}: {} MiB free, wanted {} MiB", free >> 20, minimum >> 20);
            if free >= minimum { held("free-space", detail) } else { failed("free-space", detail) }
        }
        Err(error) => unknown("free-space", format!("{shown}: {error}")),
    }
}

fn module_digest(module: &Path, wanted: Option<Digest>) -> Check {
    let shown = printable(&module.display().to_string());
    let found = fs::File::open(module).and_then(|mut file| Digest::of_reader(&mut file));
    match (found, wanted) {
        (Ok(found), Some(wanted)) if found == wanted => held("module", format!("{shown}: {found}")),
        (Ok(found), Some(wanted)) => failed("module", format!("{shown}: {found}, wanted {wanted}")),
        (Ok(found), None) => unknown("module", format!("{shown}: {found}; the site names no digest")),
        (Err(error), _) => unknown("module", format!("{shown}: {error}")),
    }
}

/// 2026-01-01T00:00:00Z.
const EARLIEST: u64 = 1_767_225_600;

#[cfg(test)]
mod tests;
