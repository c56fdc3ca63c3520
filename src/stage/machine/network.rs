//! Networks: wires, radio, modems, and what is plugged in.

use super::Expected;
use super::look::{Look, failed, held, unknown};
use crate::stage::event::Check;
use crate::stage::printable;

/// Every check of this file.
pub fn checks(look: &Look, wanted: &Expected, allowed: &[String]) -> Vec<Check> {
    vec![
        interfaces(look, allowed),
        routes(look),
        wireless(look),
        none_of(look, "bluetooth", "bluetooth", |_| true),
        modems(look),
        usb(look, wanted),
    ]
}

fn interfaces(look: &Look, allowed: &[String]) -> Check {
    let id = "network-interfaces";
    let names = match look.names("/sys/class/net") {
        Ok(names) => names,
        Err(why) => return unknown(id, why),
    };
    let up: Vec<String> = names
        .iter()
        .filter(|name| is_up(look, name) && !allowed.contains(name))
        .map(|name| printable(name))
        .collect();
    if up.is_empty() {
        held(id, "none is up but those allowed")
    } else {
        failed(id, format!("up and not allowed: {}", up.join(", ")))
    }
}

/// A way to everywhere, in either version of the protocol.
fn routes(look: &Look) -> Check {
    let id = "network-routes";
    let (four, six) = (look.text("/proc/net/route"), look.text("/proc/net/ipv6_route"));
    let fields = |text: &str| -> Vec<Vec<String>> {
        text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
    };
    let mut ways = Vec::new();
    for route in fields(four.as_deref().unwrap_or_default()) {
        if let [name, destination, _, _, _, _, _, mask, ..] = route.as_slice()
            && (destination.as_str(), mask.as_str()) == ("00000000", "00000000")
        {
            ways.push(name.clone());
        }
    }
    for route in fields(six.as_deref().unwrap_or_default()) {
        if let [destination, length, .., name] = route.as_slice()
            && destination.bytes().all(|octet| octet == b'0')
            && (length == "00" && name != "lo")
        {
            ways.push(name.clone());
        }
    }
    ways.sort();
    ways.dedup();
    match (ways.as_slice(), four) {
        ([], Ok(_)) => held(id, "no route leads further than its own network"),
        ([], Err(why)) => unknown(id, why),
        (ways, _) => failed(id, format!("a default route through {}", ways.join(", "))),
    }
}

fn wireless(look: &Look) -> Check {
    let id = "wireless";
    let names = match look.names("/sys/class/net") {
        Ok(names) => names,
        Err(why) => return unknown(id, why),
    };
    let radio = |name: &&String| {
        ["wireless", "phy80211"].iter().any(|part| look.has(&format!("/sys/class/net/{name}/{part}")))
    };
    let found: Vec<String> = names.iter().filter(radio).cloned().collect();
    if found.is_empty() {
        return held(id, "no interface");
    }
    let switches = look.names("/sys/class/rfkill").unwrap_or_default();
    let mut radios = switches
        .iter()
        .filter(|name| look.text(&format!("/sys/class/rfkill/{name}/type")).is_ok_and(|kind| kind == "wlan"))
        .peekable();
    let is_blocked = |name: &String| {
        ["soft", "hard"]
            .iter()
            .any(|how| look.text(&format!("/sys/class/rfkill/{name}/{how}")).is_ok_and(|text| text == "1"))
    };
    let list = found.join(", ");
    if radios.peek().is_some() && radios.all(is_blocked) {
        held(id, format!("{list}: blocked"))
    } else {
        failed(id, format!("{list}: there and not blocked"))
    }
}

fn modems(look: &Look) -> Check {
    let modem = |name: &str| ["ttyUSB", "ttyACM"].iter().any(|known| name.starts_with(known));
    let serial = none_of(look, "modems", "tty", modem);
    let radio = none_of(look, "modems", "wwan", |_| true);
    if serial.outcome == radio.outcome {
        serial
    } else if radio.outcome == failed("", "").outcome {
        radio
    } else {
        serial
    }
}

/// Nothing of a class of devices may be there.
fn none_of(look: &Look, id: &str, class: &str, is_one: impl Fn(&str) -> bool) -> Check {
    match look.class(class) {
        Ok(names) => {
            let found: Vec<String> = names.into_iter().filter(|name| is_one(name)).collect();
            if found.is_empty() {
                held(id, "none that the kernel knows of")
            } else {
                failed(id, format!("there: {}", found.join(", ")))
            }
        }
        Err(why) => unknown(id, why),
    }
}

fn usb(look: &Look, wanted: &Expected) -> Check {
    let id = "usb-devices";
    let Some(found) = usb_devices(look) else {
        return unknown(id, "`/sys/bus/usb/devices` cannot be read");
    };
    let list = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
    let Some(wanted) = &wanted.usb else {
        return unknown(id, format!("{list}; the site expects nothing of them"));
    };
    let strange: Vec<&String> = found
        .iter()
        .filter(|device| !wanted.iter().any(|known| device.split(' ').next() == Some(known.as_str())))
        .collect();
    match strange.as_slice() {
        [] => held(id, list),
        strange => {
            let strange: Vec<&str> = strange.iter().map(|device| device.as_str()).collect();
            failed(id, format!("not expected: {}", strange.join(", ")))
        }
    }
}

/// Every USB device: vendor and product in hex, its serial number and its name if it says them.
pub fn usb_devices(look: &Look) -> Option<Vec<String>> {
    let names = look.names("/sys/bus/usb/devices").ok()?;
    let mut found = Vec::new();
    for name in names {
        let part = |part: &str| look.text(&format!("/sys/bus/usb/devices/{name}/{part}")).ok();
        let (Some(vendor), Some(product)) = (part("idVendor"), part("idProduct")) else { continue };
        let said: Vec<String> = ["serial", "product"].into_iter().filter_map(part).collect();
        let said = if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) };
        found.push(printable(&format!("{vendor}:{product}{said}")));
    }
    found.sort();
    Some(found)
}

fn is_up(look: &Look, interface: &str) -> bool {
    // Bit 0 of the flags is IFF_UP; an interface whose flags cannot be read counts as up.
    look.text(&format!("/sys/class/net/{interface}/flags"))
        .ok()
        .and_then(|text| u32::from_str_radix(text.trim_start_matches("0x"), 16).ok())
        .is_none_or(|flags| flags & 1 == 1)
}
