//! Files: where a process may write, by Landlock. What it may read is not limited.

use std::fs;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, NetPort, PathBeneath,
    PathFd, Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetError, RulesetStatus,
    Scope,
};

use super::{Bounds, Measure, Network, Taken, Writes};

/// Limits writing, signals and TCP by one Landlock domain.
pub(super) fn limit(bounds: &Bounds) -> Measure {
    let Writes::Below(places) = &bounds.writes else {
        let detail = "not limited: nobody has said where it may write";
        return Measure::new("files", Taken::Partly, detail);
    };
    let missing: Vec<String> =
        places.iter().filter(|place| !place.exists()).map(|place| shown(place)).collect();
    match restrict(bounds, places) {
        Ok(RulesetStatus::FullyEnforced) if missing.is_empty() => {
            Measure::new("files", Taken::Yes, format!("writes only below {}", listed(places)))
        }
        Ok(RulesetStatus::FullyEnforced) => {
            let detail = format!("writes only below {}; not there: {}", listed(places), missing.join(", "));
            Measure::new("files", Taken::Yes, detail)
        }
        Ok(RulesetStatus::PartiallyEnforced) => {
            let detail =
                format!("writes only below {}, as far as this kernel's Landlock goes", listed(places));
            Measure::new("files", Taken::Partly, detail)
        }
        Ok(RulesetStatus::NotEnforced) => {
            Measure::new("files", Taken::No, "not limited: the kernel has no Landlock")
        }
        Err(error) => Measure::new("files", Taken::No, format!("not limited: {error}")),
    }
}

fn restrict(bounds: &Bounds, places: &[PathBuf]) -> Result<RulesetStatus, RulesetError> {
    let write = AccessFs::from_write(NEWEST);
    let mut rules = Ruleset::default().set_compatibility(CompatLevel::BestEffort).handle_access(write)?;
    if let Network::Peer(_) = bounds.network {
        rules = rules.handle_access(AccessNet::from_all(NEWEST))?;
    }
    if !bounds.signals {
        rules = rules.scope(Scope::Signal | Scope::AbstractUnixSocket)?;
    }
    let mut rules = rules.create()?;
    if let Network::Peer(peer) = bounds.network {
        rules = rules.add_rule(NetPort::new(peer.port(), AccessNet::ConnectTcp))?;
    }
    for place in places {
        rules = allow(rules, place, write)?;
    }
    Ok(rules.restrict_self()?.ruleset)
}

/// Allows writing in a place that is there. What is not there cannot be named to the kernel; making it is refused.
fn allow(
    rules: RulesetCreated,
    place: &Path,
    write: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let Ok(descriptor) = PathFd::new(place) else { return Ok(rules) };
    let folder = fs::metadata(place).is_ok_and(|found| found.is_dir());
    let access = if folder { write } else { write & AccessFs::from_file(NEWEST) };
    rules.add_rule(PathBeneath::new(descriptor, access))
}

fn listed(places: &[PathBuf]) -> String {
    places.iter().map(|place| shown(place)).collect::<Vec<_>>().join(", ")
}

fn shown(place: &Path) -> String {
    place.display().to_string()
}

/// The newest Landlock whose rights are asked for; what an older kernel lacks of them is left out and said.
const NEWEST: ABI = ABI::V6;
