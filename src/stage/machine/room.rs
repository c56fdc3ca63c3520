//! The disks, the clock, and who else is on the machine.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::Expected;
use super::look::{Look, failed, held, unknown};
use crate::stage::event::Check;
use crate::stage::printable;

/// Every check of this file.
pub fn checks(look: &Look, wanted: &Expected, folders: &[PathBuf]) -> Vec<Check> {
    vec![
        clock(look),
        root(look, wanted),
        disks(look, wanted),
        separate(wanted, folders),
        sessions(look),
        recording(look),
        locale(look),
    ]
}

/// The battery's clock beside the system's: they part where somebody set one of them.
fn clock(look: &Look) -> Check {
    let id = "real-time-clock";
    let source = look
        .text("/sys/devices/system/clocksource/clocksource0/current_clocksource")
        .unwrap_or_else(|_| "not known".into());
    let hardware = match look.text("/sys/class/rtc/rtc0/since_epoch") {
        Ok(text) => text.parse::<u64>().ok(),
        Err(why) => return unknown(id, format!("{why}; the clock source is {source}")),
    };
    let system = SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs());
    match hardware.zip(system).map(|(hardware, system)| hardware.abs_diff(system)) {
        Some(apart) if apart <= MOST_APART => held(
            id,
            format!("no more than {MOST_APART} seconds from the system's; the clock source is {source}"),
        ),
        Some(apart) => failed(id, format!("{apart} seconds from the system's")),
        None => unknown(id, "it says no time"),
    }
}

/// A mount: where, which type, from what, and whether it can be written.
struct Mount {
    at: String,
    kind: String,
    from: String,
    writable: bool,
}

fn mounts(look: &Look) -> Result<Vec<Mount>, String> {
    let text = look.text("/proc/self/mountinfo")?;
    let read = |line: &str| {
        // proc_pid_mountinfo(5): six fields, optional ones, ` - `, type, source, options of the file system.
        let (first, last) = line.split_once(" - ")?;
        let mut first = first.split(' ').skip(4);
        let (at, options) = (first.next()?, first.next()?);
        let mut last = last.split(' ');
        let (kind, from, system) = (last.next()?, last.next()?, last.next().unwrap_or_default());
        let is = |options: &str, word| options.split(',').any(|one| one == word);
        let writable = is(options, "rw") && !is(system, "ro");
        Some(Mount { at: at.to_owned(), kind: kind.to_owned(), from: from.to_owned(), writable })
    };
    Ok(text.lines().filter_map(read).collect())
}

fn root(look: &Look, wanted: &Expected) -> Check {
    let id = "root-file-system";
    let all = match mounts(look) {
        Ok(all) => all,
        Err(why) => return unknown(id, why),
    };
    // The last one that was mounted there is the one that is seen.
    let Some(root) = all.iter().rfind(|mount| mount.at == "/") else {
        return unknown(id, "no mount is the root");
    };
    let found = format!("{} from {}", root.kind, printable(&root.from));
    let volatile = ["overlay", "tmpfs", "ramfs", "rootfs", "squashfs"].contains(&root.kind.as_str());
    match (root.writable, volatile, wanted.read_only) {
        (false, _, _) => held(id, format!("{found}: read-only")),
        (true, true, _) => held(id, format!("{found}: nothing of it stays")),
        (true, false, true) => failed(id, format!("{found}: it is written to")),
        (true, false, false) => {
            unknown(id, format!("{found}: it is written to; the site expects nothing of it"))
        }
    }
}

/// Disks that are mounted and can be written.
fn disks(look: &Look, wanted: &Expected) -> Check {
    let id = "disks";
    let all = match mounts(look) {
        Ok(all) => all,
        Err(why) => return unknown(id, why),
    };
    let disk = |mount: &&Mount| mount.writable && mount.from.starts_with("/dev/") && mount.at != "/";
    let found: BTreeSet<String> =
        all.iter().filter(disk).map(|mount| format!("{} at {}", mount.from, mount.at)).collect();
    let list = found.into_iter().collect::<Vec<_>>().join(", ");
    match (list.as_str(), &wanted.disks) {
        ("", _) => held(id, "none is mounted that can be written"),
        (list, None) => unknown(id, format!("can be written: {list}; the site expects nothing of them")),
        (list, Some(allowed)) => {
            let strange: Vec<&str> = all
                .iter()
                .filter(disk)
                .map(|mount| mount.at.as_str())
                .filter(|at| !allowed.iter().any(|known| known == at))
                .collect();
            if strange.is_empty() {
                held(id, format!("can be written, as expected: {list}"))
            } else {
                failed(id, format!("can be written and not expected: {}", strange.join(", ")))
            }
        }
    }
}

/// Log and outputs on file systems of their own: one that is full does not fill the other.
fn separate(wanted: &Expected, folders: &[PathBuf]) -> Check {
    let id = "separate-file-systems";
    let device = |folder: &PathBuf| nearest(folder).metadata().map(|found| found.dev());
    let devices: Result<Vec<u64>, std::io::Error> = folders.iter().map(device).collect();
    let Ok(devices) = devices else { return unknown(id, "a folder cannot be looked at") };
    let different: BTreeSet<u64> = devices.iter().copied().collect();
    let found = format!("{} places on {} file systems", devices.len(), different.len());
    match (different.len() == devices.len(), wanted.separate) {
        (true, _) => held(id, found),
        (false, true) => failed(id, format!("{found}; wanted one for each")),
        (false, false) => unknown(id, format!("{found}; the site expects nothing of it")),
    }
}

/// A folder, or the one that it will be in.
fn nearest(folder: &Path) -> &Path {
    folder.ancestors().find(|one| one.exists()).unwrap_or(folder)
}

/// People who are logged in to the machine.
fn sessions(look: &Look) -> Check {
    let id = "sessions";
    let found = match (look.names("/run/systemd/sessions"), look.octets("/run/utmp")) {
        (Ok(names), _) => names.into_iter().filter(|name| name.strip_suffix(".ref").is_none()).collect(),
        (Err(_), Ok(octets)) => logged_in(&octets),
        (Err(why), Err(_)) => return unknown(id, why),
    };
    match found.as_slice() {
        [] | [_] => held(id, format!("{}", found.len())),
        several => failed(id, format!("{}: {}", several.len(), several.join(", "))),
    }
}

/// Who is logged in by utmp(5) of Linux: records of 384 octets, in which type 7 is a user's.
fn logged_in(octets: &[u8]) -> Vec<String> {
    let text = |octets: &[u8]| {
        let end = octets.iter().position(|octet| *octet == 0).unwrap_or(octets.len());
        String::from_utf8_lossy(octets.get(..end).unwrap_or_default()).into_owned()
    };
    let one = |record: &[u8]| {
        let is_user = record.get(..2) == Some(&7_i16.to_ne_bytes());
        is_user.then(|| format!("{} on {}", text(record.get(44..76)?), text(record.get(8..40)?)).into())
    };
    octets.chunks_exact(384).filter_map(|record| one(record).flatten()).collect()
}

/// Programs that keep what the screen shows, or show it elsewhere.
fn recording(look: &Look) -> Check {
    let id = "recording";
    let variables: Vec<&str> = look.variables().filter(|name| RECORDERS_SET.contains(name)).collect();
    let mut above = Vec::new();
    let mut process = "self".to_owned();
    for _ in 0..MOST_PARENTS {
        let Ok(status) = look.text(&format!("/proc/{process}/status")) else { break };
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        if process != "self" {
            above.extend(field("Name:").map(str::to_owned));
        }
        match field("PPid:") {
            Some(parent) if parent != "0" => parent.clone_into(&mut process),
            _ => break,
        }
    }
    if above.is_empty() && look.text("/proc/self/status").is_err() {
        return unknown(id, "`/proc/self/status` cannot be read");
    }
    let recorders: Vec<&str> = above
        .iter()
        .map(String::as_str)
        .filter(|name| RECORDERS.iter().any(|known| name == known || name.starts_with(&format!("{known}:"))))
        .collect();
    let found = [variables.as_slice(), recorders.as_slice()].concat();
    if found.is_empty() {
        held(id, "no program that keeps or sends what the terminal shows is above this one")
    } else {
        failed(id, format!("the terminal is shown elsewhere, or kept, by: {}", found.join(", ")))
    }
}

fn locale(look: &Look) -> Check {
    let id = "terminal";
    let set = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| look.variable(name));
    let kind = look.variable("TERM").unwrap_or("not said");
    match set.filter(|text| !text.is_empty()) {
        Some(text) if text.to_ascii_lowercase().replace('-', "").ends_with("utf8") => {
            held(id, format!("{kind}, {text}"))
        }
        Some(text) => unknown(id, format!("{kind}, {text}: words may be shown wrong")),
        None => unknown(id, format!("{kind}, no locale is set")),
    }
}

/// What may lie between two clocks.
const MOST_APART: u64 = 120;
/// Variables that such programs set.
const RECORDERS_SET: [&str; 5] = ["TMUX", "STY", "SSH_CONNECTION", "SSH_TTY", "ASCIINEMA_REC"];
/// Such programs.
const RECORDERS: [&str; 8] =
    ["script", "screen", "tmux", "sshd", "asciinema", "ttyrec", "telnetd", "mosh-server"];
/// Enough for any terminal.
const MOST_PARENTS: usize = 64;
