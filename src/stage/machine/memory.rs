//! Where secrets could go: swap, hibernation, core files, tracers; and whether there is memory and randomness enough.

use rustix::rand::{GetRandomFlags, getrandom};

use super::Expected;
use super::look::{Look, failed, held, unknown};
use crate::stage::event::Check;

/// Every check of this file.
pub fn checks(look: &Look, wanted: &Expected) -> Vec<Check> {
    vec![
        swap(look),
        hibernation(look),
        core_dumps(),
        core_pattern(look),
        tracing(look),
        preloading(look),
        entropy(),
        memory(look, wanted),
    ]
}

fn swap(look: &Look) -> Check {
    match look.text("/proc/swaps") {
        Ok(text) if text.lines().count() <= 1 => held("swap", "off"),
        Ok(text) => {
            let count = text.lines().count() - 1;
            failed("swap", format!("{count} in use: secrets can reach a disk"))
        }
        Err(why) => unknown("swap", why),
    }
}

fn hibernation(look: &Look) -> Check {
    let id = "hibernation";
    let possible = match look.text("/sys/power/state") {
        Ok(text) => text.split_whitespace().any(|word| word == "disk"),
        Err(why) => return unknown(id, why),
    };
    match (possible, look.text("/proc/swaps").map(|text| text.lines().count() > 1)) {
        (false, _) => held(id, "the kernel cannot"),
        (true, Ok(false)) => held(id, "there is no swap that memory could be written to"),
        (true, Ok(true)) => failed(id, "memory could be written to the swap"),
        (true, Err(why)) => unknown(id, why),
    }
}

/// Our own processes forbid core dumps.
fn core_dumps() -> Check {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Core);
    if limit.current == Some(0) {
        held("core-dumps", "off for this program")
    } else {
        failed("core-dumps", "on for this program")
    }
}

/// Others, such as a daemon that a module speaks to, do not.
fn core_pattern(look: &Look) -> Check {
    let id = "core-pattern";
    match (look.text("/proc/sys/kernel/core_pattern"), look.text("/proc/sys/fs/suid_dumpable")) {
        (Ok(pattern), _) if pattern.starts_with('|') => {
            failed(id, format!("core files of other programs are handed to one: {pattern}"))
        }
        (Ok(_), Ok(dumpable)) if dumpable != "0" => {
            failed(id, format!("programs with other rights leave core files: suid_dumpable is {dumpable}"))
        }
        (Ok(pattern), Ok(_)) => held(id, format!("a file: {pattern}")),
        (Err(why), _) | (_, Err(why)) => unknown(id, why),
    }
}

fn tracing(look: &Look) -> Check {
    let id = "tracing";
    let tracer = look.text("/proc/self/status").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("TracerPid:"));
        line.map(|number| number.trim().to_owned())
            .ok_or_else(|| "`/proc/self/status` names no tracer".into())
    });
    match (tracer, look.text("/proc/sys/kernel/yama/ptrace_scope")) {
        (Ok(tracer), _) if tracer != "0" => failed(id, format!("process {tracer} traces this program")),
        (Ok(_), Ok(scope)) if scope == "0" => {
            failed(id, "a program of the same user may trace others (ptrace_scope is 0)")
        }
        (Ok(_), Ok(scope)) => held(id, format!("nobody traces this program; ptrace_scope is {scope}")),
        (Ok(_), Err(why)) => unknown(id, format!("nobody traces this program; {why}")),
        (Err(why), _) => unknown(id, why),
    }
}

/// Code that the loader would bring into every program.
fn preloading(look: &Look) -> Check {
    let id = "preloading";
    let variables: Vec<&str> = look.variables().filter(|name| name.starts_with("LD_")).collect();
    if !variables.is_empty() {
        return failed(id, format!("set: {}", variables.join(", ")));
    }
    if !look.has("/etc/ld.so.preload") {
        return held(id, "nothing");
    }
    match look.text("/etc/ld.so.preload") {
        Ok(text) if text.is_empty() => held(id, "nothing"),
        Ok(text) => failed(id, format!("`/etc/ld.so.preload` names {text}")),
        Err(why) => unknown(id, why),
    }
}

/// Whether the kernel's random number generator has begun: it would not answer otherwise.
fn entropy() -> Check {
    let mut octets = [0; 1];
    match getrandom(&mut octets, GetRandomFlags::NONBLOCK) {
        Ok(1) => held("entropy", "the kernel's random number generator is ready"),
        Ok(_) | Err(rustix::io::Errno::AGAIN) => {
            failed("entropy", "the kernel's random number generator is not ready")
        }
        Err(error) => unknown("entropy", error.to_string()),
    }
}

fn memory(look: &Look, wanted: &Expected) -> Check {
    let id = "memory";
    let available = look.text("/proc/meminfo").map(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
    });
    match available {
        Ok(Some(octets)) => {
            let found = format!("{} MiB free, wanted {} MiB", octets >> 20, wanted.minimum_memory >> 20);
            if octets >= wanted.minimum_memory { held(id, found) } else { failed(id, found) }
        }
        Ok(None) => unknown(id, "`/proc/meminfo` does not say what is available"),
        Err(why) => unknown(id, why),
    }
}
