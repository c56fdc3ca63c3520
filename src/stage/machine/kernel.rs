//! The program, the kernel and how it was started.

use super::Expected;
use super::look::{Look, compared, failed, held, unknown};
use crate::digest::{Digest, hex};
use crate::stage::event::Check;

/// Every check of this file.
pub fn checks(look: &Look, wanted: &Expected) -> Vec<Check> {
    vec![
        program(look, wanted),
        operating_system(look, wanted),
        boot(look),
        command_line(look, wanted),
        secure_boot(look, wanted),
        lockdown(look, wanted),
        taint(look),
        modules(look, wanted),
        boot_registers(look, wanted),
        virtual_machine(look, wanted),
    ]
}

fn program(look: &Look, wanted: &Expected) -> Check {
    let id = "program";
    match look.program() {
        Ok(found) => {
            let wanted = wanted.program.map(|digest| digest.to_string());
            compared(id, &format!("SHA-256 {found}"), wanted.map(|text| format!("SHA-256 {text}")).as_deref())
        }
        Err(why) => unknown(id, why),
    }
}

fn operating_system(look: &Look, wanted: &Expected) -> Check {
    let id = "operating-system";
    let name = look.text("/etc/os-release").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
        Some(line.trim_matches('"').to_owned())
    });
    let kernel = look.text("/proc/sys/kernel/osrelease");
    match (name, kernel) {
        (Some(name), Ok(kernel)) => {
            compared(id, &format!("{name}, kernel {kernel}"), wanted.operating_system.as_deref())
        }
        (None, _) => unknown(id, "`/etc/os-release` has no name"),
        (_, Err(why)) => unknown(id, why),
    }
}

fn boot(look: &Look) -> Check {
    let id = "boot";
    match (look.text("/proc/sys/kernel/random/boot_id"), look.text("/proc/uptime")) {
        (Ok(boot), Ok(uptime)) => {
            let seconds = uptime.split('.').next().unwrap_or_default().to_owned();
            held(id, format!("id {boot}, {seconds} seconds ago"))
        }
        (Err(why), _) | (_, Err(why)) => unknown(id, why),
    }
}

fn command_line(look: &Look, wanted: &Expected) -> Check {
    let id = "kernel-command-line";
    let text = match look.text("/proc/cmdline") {
        Ok(text) => text,
        Err(why) => return unknown(id, why),
    };
    let missing: Vec<&str> = wanted
        .command_line
        .iter()
        .flatten()
        .map(String::as_str)
        .filter(|word| !text.split_whitespace().any(|one| one == *word))
        .collect();
    match (&wanted.command_line, missing.as_slice()) {
        (None, _) => unknown(id, format!("{text}; the site expects nothing of it")),
        (Some(_), []) => held(id, text),
        (Some(_), missing) => failed(id, format!("without {}: {text}", missing.join(", "))),
    }
}

fn secure_boot(look: &Look, wanted: &Expected) -> Check {
    let id = "secure-boot";
    let found = if look.has("/sys/firmware/efi") {
        match look.octets(SECURE_BOOT).as_deref() {
            // Four octets of attributes, and the value (UEFI 2.10 §3.3).
            Ok([_, _, _, _, value]) => {
                if *value == 1 {
                    "on"
                } else {
                    "off"
                }
            }
            Ok(_) => return unknown(id, "the variable `SecureBoot` is not one octet"),
            Err(why) => return unknown(id, why.as_str()),
        }
    } else if look.has("/sys/firmware") {
        "off: the machine was not started by UEFI"
    } else {
        return unknown(id, "`/sys/firmware` is not there");
    };
    match wanted.secure_boot {
        None => unknown(id, format!("{found}; the site expects nothing of it")),
        Some(on) if on == (found == "on") => held(id, found),
        Some(on) => failed(id, format!("{found}; wanted {}", if on { "on" } else { "off" })),
    }
}

fn lockdown(look: &Look, wanted: &Expected) -> Check {
    let id = "lockdown";
    let text = match look.text("/sys/kernel/security/lockdown") {
        Ok(text) => text,
        Err(why) => return unknown(id, why),
    };
    let found = text.split(['[', ']']).nth(1).unwrap_or(&text).to_owned();
    let rank = |mode: &str| LOCKDOWN.iter().position(|known| *known == mode);
    match &wanted.lockdown {
        None => unknown(id, format!("{found}; the site expects nothing of it")),
        Some(least) if rank(&found).is_some_and(|found| rank(least).is_some_and(|least| found >= least)) => {
            held(id, found)
        }
        Some(least) => failed(id, format!("{found}; wanted {least}")),
    }
}

fn taint(look: &Look) -> Check {
    let id = "kernel-taint";
    match look.text("/proc/sys/kernel/tainted") {
        Ok(text) if text == "0" => held(id, "none"),
        Ok(text) => failed(id, format!("{text}: modules from elsewhere, or something went wrong in it")),
        Err(why) => unknown(id, why),
    }
}

fn modules(look: &Look, wanted: &Expected) -> Check {
    let id = "kernel-modules";
    let text = match look.text("/proc/modules") {
        Ok(text) => text,
        Err(why) => return unknown(id, why),
    };
    let mut names: Vec<&str> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    names.sort_unstable();
    let sha256 = Digest::of(names.join("\n").as_bytes());
    let more = match look.text("/proc/sys/kernel/modules_disabled") {
        Ok(text) if text == "1" => "no more can be loaded",
        Ok(_) => "more can be loaded",
        Err(_) => "whether more can be loaded is not known",
    };
    let found = format!("{} loaded, names' SHA-256 {sha256}; {more}", names.len());
    match wanted.kernel_modules {
        None => unknown(id, format!("{found}; the site expects nothing of it")),
        Some(wanted) if wanted == sha256 => held(id, found),
        Some(wanted) => failed(id, format!("{found}; wanted {wanted}")),
    }
}

/// The registers in which a TPM keeps what the machine was started with.
fn boot_registers(look: &Look, wanted: &Expected) -> Check {
    let id = "boot-registers";
    let folder = "/sys/class/tpm/tpm0/pcr-sha256";
    if let Err(why) = look.names(folder) {
        return if wanted.registers.is_empty() { unknown(id, why) } else { failed(id, why) };
    }
    let read = |number: u64| look.text(&format!("{folder}/{number}")).map(|text| text.to_ascii_lowercase());
    let wrong: Vec<String> = wanted
        .registers
        .iter()
        .filter_map(|(number, wanted)| match read(*number) {
            Ok(found) if found == hex(wanted.octets()) => None,
            Ok(found) => Some(format!("{number} is {found}, wanted {wanted}")),
            Err(why) => Some(why),
        })
        .collect();
    if !wrong.is_empty() {
        return failed(id, wrong.join("; "));
    }
    let all: Vec<String> = (0..16).map(|number| read(number).unwrap_or_default()).collect();
    let found = format!("SHA-256 of 0 to 15: {}", Digest::of(all.join("\n").as_bytes()));
    if wanted.registers.is_empty() {
        unknown(id, format!("{found}; the site expects nothing of them"))
    } else {
        held(id, format!("{} as expected; {found}", wanted.registers.len()))
    }
}

fn virtual_machine(look: &Look, wanted: &Expected) -> Check {
    let id = "virtual-machine";
    let text = match look.text("/proc/cpuinfo") {
        Ok(text) => text,
        Err(why) => return unknown(id, why),
    };
    let words = text.lines().filter(|line| line.starts_with("flags")).flat_map(str::split_whitespace);
    let is_one = words.clone().any(|word| word == "hypervisor");
    let name = look.text("/sys/class/dmi/id/product_name").unwrap_or_else(|_| "no name".into());
    match (is_one, wanted.virtual_machine) {
        (true, true) => held(id, format!("one, as the site allows: {name}")),
        (true, false) => failed(id, format!("a hypervisor is below this kernel: {name}")),
        (false, _) if words.count() == 0 => unknown(id, format!("the processor does not say: {name}")),
        (false, _) => held(id, format!("none that the processor knows of: {name}")),
    }
}

const SECURE_BOOT: &str = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
/// From the weakest to the strongest.
const LOCKDOWN: [&str; 3] = ["none", "integrity", "confidentiality"];
