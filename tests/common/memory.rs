//! What lies in the memory of another process: for tests that look for secrets there.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

/// How often octets stand in memory that a process can write to; nothing where this test may not look.
///
/// # Panics
///
/// If the process is gone.
pub fn copies(process: u32, wanted: &[u8]) -> Option<usize> {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = match File::open(format!("/proc/{process}/mem")) {
        Ok(memory) => memory,
        Err(error) => {
            super::program::not_possible(&format!("the memory of a process cannot be read here: {error}"));
            return None;
        }
    };
    let mut found = 0;
    for line in maps.lines() {
        let mut parts = line.split(' ');
        let (range, rights) = (parts.next().unwrap(), parts.next().unwrap());
        if !rights.starts_with("rw") {
            continue;
        }
        let ends = range.split_once('-').unwrap();
        let [mut place, end] = [ends.0, ends.1].map(|end| u64::from_str_radix(end, 16).unwrap());
        let mut octets = vec![0; 1 << 20];
        while place < end {
            let room = octets.len().min(usize::try_from(end - place).unwrap());
            // What the kernel keeps for itself is no memory of the process.
            let Ok(read @ 1..) = memory.read_at(octets.get_mut(..room).unwrap(), place) else { break };
            found += occurrences(octets.get(..read).unwrap(), wanted);
            if place + (read as u64) >= end {
                break;
            }
            // What begins in this piece may end in the next.
            place += (read - (wanted.len() - 1).min(read - 1)) as u64;
        }
    }
    Some(found)
}

fn occurrences(octets: &[u8], wanted: &[u8]) -> usize {
    let (mut rest, mut found) = (octets, 0);
    while let Some(place) = rest.iter().position(|octet| *octet == *wanted.first().unwrap()) {
        rest = rest.get(place..).unwrap();
        found += usize::from(rest.starts_with(wanted));
        rest = rest.get(1..).unwrap();
    }
    found
}

/// The processes that a process has started, and those that these have, each with its number and its command line.
pub fn descendants(process: u32) -> Vec<(u32, String)> {
    let number = |name: std::ffi::OsString| name.to_str().and_then(|name| name.parse::<u32>().ok());
    let all: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| number(entry.ok()?.file_name()))
        .filter_map(|id| {
            let state = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
            let parent = state.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
            Some((id, parent))
        })
        .collect();
    let (mut found, mut next) = (Vec::new(), vec![process]);
    while let Some(parent) = next.pop() {
        for (id, _) in all.iter().filter(|(_, of)| *of == parent) {
            let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            found.push((*id, String::from_utf8_lossy(&line).replace('\0', " ")));
            next.push(*id);
        }
    }
    found
}
