//! Faults: the program killed, its module killed, the disk full, the token gone, the log unwritable; each at a point of
//! a whole ceremony, and afterwards nothing is lost.
//!
//! The rules of this folder:
//! - The faults come from outside: a shim before the C library, a module before SoftHSM. The program knows nothing.
//! - After each fault `resume` ends the ceremony, and the accounts are taken: log, tokens, artifacts.
//! - A token that SoftHSM itself spoiled is put back as it was before the call, and counted apart.
//!
//! `ROOTRITE_FAULTS` says how many points are tried of each kind, `ROOTRITE_FAULTS_SEED` which. The seed is printed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot go on has failed"
)]

mod accounts;
#[path = "../common/mod.rs"]
mod common;
mod exchanged;
mod later;
mod points;
mod states;
mod world;

use points::{Fault, Outcome, Tally, chosen, in_parallel};
use world::{Template, World};

/// (a) The program is killed, before, between and after everything that it writes, syncs, sends and receives.
#[test]
fn a_program_that_is_killed_anywhere_loses_nothing() {
    let template = Template::new();
    let most = template.undisturbed().points;
    let tally = in_parallel(&chosen("the program is killed", most, 1.0), |point| {
        killed(&World::of(&template), &[("FAULT_KILL", point)])
    });
    tally.say();
}

/// The program is killed again while it goes on.
#[test]
fn a_program_that_is_killed_again_while_it_resumes_loses_nothing() {
    let template = Template::new();
    let most = template.undisturbed().points;
    let tally = in_parallel(&chosen("killed, and killed again", most, 0.06), |point| {
        let world = World::of(&template);
        let _ = world.run_with(&[("FAULT_KILL", point)]);
        // Anywhere in what is left, or in what is recalled.
        let _ = world.resume_with(&[("FAULT_KILL", 1 + (point * 7) % most)]);
        world.recovered()
    });
    tally.say();
}

/// (a) The program is killed within a write: half of the octets are there.
#[test]
fn a_write_that_is_torn_loses_nothing() {
    let template = Template::new();
    let most = template.undisturbed().points;
    let tally = in_parallel(&chosen("a write is torn", most, 0.06), |point| {
        killed(&World::of(&template), &[("FAULT_TEAR", point)])
    });
    tally.say();
}

/// (c) From a point on the disk is full; then there is room again.
#[test]
fn a_disk_that_is_full_loses_nothing() {
    let template = Template::new();
    let most = template.undisturbed().points;
    let tally = in_parallel(&chosen("the disk is full", most, 0.06), |point| {
        stopped(&World::of(&template), &[("FAULT_FULL", point)])
    });
    tally.say();
}

/// (e) From a point on the log takes nothing; then it does again.
#[test]
fn a_log_that_cannot_be_written_loses_nothing() {
    let template = Template::new();
    let most = template.undisturbed().points;
    let tally = in_parallel(&chosen("the log cannot be written", most, 0.06), |point| {
        stopped(&World::of(&template), &[("FAULT_LOG", point)])
    });
    tally.say();
}

/// (b) The module process is killed between its calls, before one or after one.
#[test]
fn a_module_that_is_killed_between_calls_loses_nothing() {
    let template = Template::new();
    let most = template.undisturbed().calls;
    for when in ["before", "after"] {
        let name = format!("the module is killed {when} a call");
        let tally = in_parallel(&chosen(&name, most, 0.04), |point| {
            module(&World::of(&template), &format!("{when} {point}"))
        });
        tally.say();
    }
}

/// (b) The module process is killed within a call. SoftHSM rewrites its files in place: what that spoils is put back.
#[test]
fn a_module_that_is_killed_within_a_call_loses_nothing() {
    let template = Template::new();
    let most = template.undisturbed().calls;
    let tally = in_parallel(&chosen("the module is killed within a call", most, 0.06), |point| {
        module(&World::of(&template), &format!("within {point} {}", 20 + (point * 37) % 900))
    });
    tally.say();
}

/// (d) From a call on the token is gone; then it is there again.
#[test]
fn a_token_that_vanishes_loses_nothing() {
    let template = Template::new();
    let most = template.undisturbed().calls;
    let tally = in_parallel(&chosen("the token vanishes", most, 0.06), |point| {
        module(&World::of(&template), &format!("gone {point}"))
    });
    tally.say();
}

/// The same with a ceremony that goes on with a log and with what was backed up before.
#[test]
fn a_later_ceremony_that_is_killed_anywhere_loses_nothing() {
    let template = Template::later();
    let most = template.undisturbed().points;
    for (name, fault, share) in
        [("later: the program is killed", "FAULT_KILL", 0.1), ("later: a write is torn", "FAULT_TEAR", 0.02)]
    {
        let tally =
            in_parallel(&chosen(name, most, share), |point| killed(&World::of(template), &[(fault, point)]));
        tally.say();
    }
    let tally = in_parallel(&chosen("later: killed, and killed again", most, 0.02), |point| {
        let world = World::of(template);
        let _ = world.run_with(&[("FAULT_KILL", point)]);
        let _ = world.resume_with(&[("FAULT_KILL", 1 + (point * 7) % most)]);
        world.recovered()
    });
    tally.say();
}

/// The same.
#[test]
fn a_later_ceremony_that_cannot_write_loses_nothing() {
    let template = Template::later();
    let most = template.undisturbed().points;
    for (name, fault) in
        [("later: the disk is full", "FAULT_FULL"), ("later: the log cannot be written", "FAULT_LOG")]
    {
        let tally =
            in_parallel(&chosen(name, most, 0.02), |point| stopped(&World::of(template), &[(fault, point)]));
        tally.say();
    }
}

/// The same.
#[test]
fn a_later_ceremony_whose_module_ends_or_token_vanishes_loses_nothing() {
    let template = Template::later();
    let most = template.undisturbed().calls;
    for fault in ["before", "after", "within", "gone"] {
        let name = match fault {
            "gone" => "later: the token vanishes".to_owned(),
            _ => format!("later: the module is killed {fault} a call"),
        };
        let tally = in_parallel(&chosen(&name, most, 0.02), |point| {
            let micros =
                if fault == "within" { format!(" {}", 20 + (point * 37) % 900) } else { String::new() };
            module(&World::of(template), &format!("{fault} {point}{micros}"))
        });
        tally.say();
    }
}

/// The same with a ceremony in which a token is another device than before, the log's standby key takes over, a key is backed up
/// with its holders in groups, a share goes out encrypted, and a key is sealed by being replaced.
#[test]
fn a_ceremony_with_another_device_that_is_killed_anywhere_loses_nothing() {
    let template = Template::exchanged();
    let most = template.undisturbed().points;
    let tally = in_parallel(&points::few("exchanged: the program is killed", most, 0.03), |point| {
        killed(&World::of(template), &[("FAULT_KILL", point)])
    });
    tally.say();
}

/// The same.
#[test]
fn a_ceremony_with_another_device_that_is_killed_twice_or_tears_a_write_loses_nothing() {
    let template = Template::exchanged();
    let most = template.undisturbed().points;
    let tally = in_parallel(&points::few("exchanged: a write is torn", most, 0.008), |point| {
        killed(&World::of(template), &[("FAULT_TEAR", point)])
    });
    tally.say();
    let tally = in_parallel(&points::few("exchanged: killed, and killed again", most, 0.008), |point| {
        let world = World::of(template);
        let _ = world.run_with(&[("FAULT_KILL", point)]);
        let _ = world.resume_with(&[("FAULT_KILL", 1 + (point * 7) % most)]);
        world.recovered()
    });
    tally.say();
}

/// The same.
#[test]
fn a_ceremony_with_another_device_that_cannot_write_loses_nothing() {
    let template = Template::exchanged();
    let most = template.undisturbed().points;
    for (name, fault) in
        [("exchanged: the disk is full", "FAULT_FULL"), ("exchanged: the log cannot be written", "FAULT_LOG")]
    {
        let tally = in_parallel(&points::few(name, most, 0.008), |point| {
            stopped(&World::of(template), &[(fault, point)])
        });
        tally.say();
    }
}

/// The same.
#[test]
fn a_ceremony_with_another_device_whose_module_ends_or_token_vanishes_loses_nothing() {
    let template = Template::exchanged();
    let most = template.undisturbed().calls;
    for fault in ["before", "after", "within", "gone"] {
        let name = match fault {
            "gone" => "exchanged: the token vanishes".to_owned(),
            _ => format!("exchanged: the module is killed {fault} a call"),
        };
        let tally = in_parallel(&points::few(&name, most, 0.008), |point| {
            let micros =
                if fault == "within" { format!(" {}", 20 + (point * 37) % 900) } else { String::new() };
            module(&World::of(template), &format!("{fault} {point}{micros}"))
        });
        tally.say();
    }
}

/// A new log has its name on the disk before its first record: without the folder's sync a power failure could take the
/// whole log, and no later sync of the file would help.
#[test]
fn a_new_log_has_its_name_before_its_first_record() {
    let template = Template::new();
    let world = World::of(&template);
    let trace = world.path("trace");
    let _ = world.traced(&trace).with(0);
    let said = std::fs::read_to_string(&trace).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    let find = |what: &dyn Fn(&str) -> bool| lines.iter().position(|line| what(line)).unwrap();
    let made = find(&|line| line.contains(" create ") && line.ends_with("log/log.jsonl"));
    let written = find(&|line| line.contains(" write ") && line.ends_with("log/log.jsonl"));
    let synced = lines[made..written].iter().any(|line| line.contains(" sync ") && line.ends_with("/log"));
    assert!(synced, "{:#?}", &lines[made..=written]);
}

/// The ceremony of the quick start, RSA and all.
#[test]
fn the_demo_that_is_killed_anywhere_loses_nothing() {
    let template = Template::demo();
    let most = template.undisturbed().points;
    let tally = in_parallel(&points::chosen_of_demo(most), |point| {
        let world = World::of(&template);
        let _ = world.rehearse_with(&[("FAULT_KILL", point)]);
        world.recovered_rehearsal()
    });
    tally.say();
}

/// Kills the program and goes on.
fn killed(world: &World<'_>, fault: Fault<'_>) -> Outcome {
    let ended = world.run_with(fault);
    assert!(ended.code.is_none() || ended.code == Some(0), "killed or done:\n{}", ended.both());
    after(world, &ended)
}

/// Lets the program stop by itself and goes on.
fn stopped(world: &World<'_>, fault: Fault<'_>) -> Outcome {
    let ended = world.run_with(fault);
    // Everything that a full disk can be is the equipment's turn.
    if !matches!(ended.code, Some(0 | 4)) {
        return Outcome::Lost(format!("exit {:?}\n{}", ended.code, ended.both()));
    }
    after(world, &ended)
}

/// Does something to the module and goes on.
fn module(world: &World<'_>, fault: &str) -> Outcome {
    world.module_fault(Some(fault));
    let ended = world.run_with(&[]);
    world.module_fault(None);
    if !matches!(ended.code, Some(0 | 4)) {
        return Outcome::Lost(format!("exit {:?}\n{}", ended.code, ended.both()));
    }
    after(world, &ended)
}

/// Goes on, and says if there was nothing to go on with.
fn after(world: &World<'_>, ended: &common::Ended) -> Outcome {
    match world.recovered() {
        Outcome::Resumed if ended.code == Some(0) => Outcome::Undisturbed,
        outcome => outcome,
    }
}

/// The tally is of use only if what is lost is seen.
#[test]
fn what_is_lost_fails_the_test() {
    let lost = std::panic::catch_unwind(|| {
        in_parallel(&points::Chosen::all("nothing", 1, 1), |_| Outcome::Lost("on purpose".into())).say();
    });
    assert!(lost.is_err());
    let mut tally = Tally::default();
    tally.add(1, Outcome::Resumed);
    assert_eq!((tally.tried, tally.resumed), (1, 1));
}
