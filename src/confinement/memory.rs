//! Memory: no core dumps, nobody reads it from outside, nothing of it in swap.

use rustix::mm::MlockAllFlags;
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

use super::{Measure, Taken};

/// No core file, and no process of the same user can read this one's memory or trace it.
pub(super) fn forbid_core_dumps() -> Measure {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let limited = setrlimit(Resource::Core, none);
    let hidden = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    match limited.and(hidden) {
        Ok(()) => Measure::new(
            "core-dumps",
            Taken::Yes,
            "none, and other processes of the user cannot read its memory",
        ),
        Err(error) => Measure::new("core-dumps", Taken::No, error.to_string()),
    }
}

/// Locks every page as it comes into use, where there is no limit to it; otherwise only single buffers can be locked.
pub(super) fn lock_all() -> Measure {
    // With a limit, an allocation would fail in the middle of a call as soon as it is reached.
    let unlimited = getrlimit(Resource::Memlock).current.is_none();
    let all = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    if unlimited && rustix::mm::mlockall(all).is_ok() {
        return Measure::new("memory", Taken::Yes, "all of it is locked: nothing reaches swap");
    }
    let buffers = lock_buffers();
    match buffers.taken {
        Taken::Yes => {
            let detail =
                "the buffers of PINs are locked; the module's own are not (RLIMIT_MEMLOCK is limited)";
            Measure::new("memory", Taken::Partly, detail)
        }
        _ => buffers,
    }
}

/// Whether the buffers of PINs can be locked: tried with one.
pub(super) fn lock_buffers() -> Measure {
    let page = [0_u8; 1];
    match region::lock(page.as_ptr(), page.len()) {
        Ok(_) => Measure::new("memory", Taken::Yes, "the buffers of PINs are locked"),
        Err(error) => Measure::new("memory", Taken::No, format!("cannot be kept out of swap: {error}")),
    }
}
