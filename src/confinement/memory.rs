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
    if getrlimit(Resource::Memlock).current.is_some() {
        let detail = "only the buffers of PINs are locked: the limit of locked memory (RLIMIT_MEMLOCK) is not unlimited";
        return Measure::new("memory", Taken::Partly, detail);
    }
    match rustix::mm::mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT) {
        Ok(()) => Measure::new("memory", Taken::Yes, "all of it is locked: nothing reaches swap"),
        Err(error) => {
            Measure::new("memory", Taken::Partly, format!("only the buffers of PINs are locked: {error}"))
        }
    }
}
