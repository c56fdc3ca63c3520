//! Whether a token names the mechanisms of what the plan wants of it: asked before anything is made, of a blank token too.
//!
//! A list is a claim. One that does not have a mechanism is believed; one that has it proves nothing, and one that cannot be
//! read is unknown: then it shows when the key is made.

use super::cabinet::CabinetError;
use crate::hsm::{Mechanism, Quirks, TokenError};
use crate::plan::{Plan, SiteToken};
use crate::stage::{Check, CheckOutcome};

/// One of several mechanisms, and what for.
#[derive(Debug)]
struct Demand {
    one_of: Vec<Mechanism>,
    wanted: String,
}

/// Compares what the plan wants of a token with what it names; nothing if the plan wants nothing of it.
///
/// # Errors
///
/// [`CabinetError::Mechanism`] with all that it does not name; what befell the module.
pub(super) fn check(
    name: &str,
    plan: &Plan,
    (token, quirks): (&SiteToken, &Quirks),
    named: impl FnOnce() -> Result<Vec<Mechanism>, TokenError>,
) -> Result<Option<Check>, CabinetError> {
    let demands = demands(name, plan, token, quirks);
    if demands.is_empty() {
        return Ok(None);
    }
    judge(name, &demands, named()).map(Some)
}

/// What the plan wants of a token, once each.
fn demands(name: &str, plan: &Plan, token: &SiteToken, quirks: &Quirks) -> Vec<Demand> {
    let mut demands: Vec<Demand> = Vec::new();
    let mut add = |one_of: Vec<Mechanism>, wanted: String| {
        if !demands.iter().any(|demand| demand.one_of == one_of) {
            demands.push(Demand { one_of, wanted });
        }
    };
    for step in plan.steps() {
        for (_, key) in step.step.makes_keys().iter().filter(|(token, _)| *token == name) {
            if let Some(algorithm) = step.step.makes_kind() {
                add(
                    vec![Mechanism::that_makes(algorithm)],
                    format!("step {} makes the {algorithm} key `{key}`", step.number),
                );
                let proves = Mechanism::that_proves(algorithm, quirks.hashes);
                add(vec![proves], format!("the {algorithm} key `{key}` signs by it"));
            }
        }
        let wraps = step.step.wraps().is_some_and(|wrapping| {
            wrapping.from == Some(name) || wrapping.to.iter().any(|token| token == name)
        });
        if wraps {
            let one_of = token.quirks.wrap.iter().map(|wrap| Mechanism(wrap.mechanism)).collect();
            add(one_of, format!("step {} takes a key from it or to it wrapped", step.number));
        }
    }
    for draft in &plan.drafts {
        let Some(with) = draft.signed_with.as_ref().filter(|with| with.token == name) else { continue };
        if let Some(signs) = Mechanism::that_signs(with.algorithm, quirks.hashes) {
            let algorithm = with.algorithm.name();
            add(vec![signs], format!("a profile wants `signature: {algorithm}` of a key on it"));
        }
    }
    demands
}

fn judge(
    name: &str,
    demands: &[Demand],
    named: Result<Vec<Mechanism>, TokenError>,
) -> Result<Check, CabinetError> {
    let all = |demands: &[&Demand], between: &str| -> String {
        let words =
            |demand: &&Demand| demand.one_of.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
        demands.iter().map(words).collect::<Vec<_>>().join(between)
    };
    let everything: Vec<&Demand> = demands.iter().collect();
    let demanded = all(&everything, ", ");
    let check = |outcome, said: &str| {
        Ok(Check { id: "mechanisms".into(), outcome, detail: format!("`{name}`: {said} {demanded}") })
    };
    let named = match named {
        Ok(named) if named.is_empty() => {
            return check(CheckOutcome::Unknown, "it names no mechanism; demanded are");
        }
        Ok(named) => named,
        Err(TokenError::Code { function, code, .. }) => {
            let said = format!("its list cannot be read ({function} returned {code}); demanded are");
            return check(CheckOutcome::Unknown, &said);
        }
        Err(source) => return Err(CabinetError::Token { token: name.into(), source: Box::new(source) }),
    };
    let is_missing = |demand: &&Demand| !demand.one_of.iter().any(|one| named.contains(one));
    let missing: Vec<&Demand> = demands.iter().filter(is_missing).collect();
    if missing.is_empty() {
        return check(CheckOutcome::Ok, "it names what is demanded:");
    }
    let wanted: Vec<&str> = missing.iter().map(|demand| demand.wanted.as_str()).collect();
    Err(CabinetError::Mechanism {
        token: name.into(),
        mechanism: all(&missing, ", "),
        wanted: wanted.join("; "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demands() -> Vec<Demand> {
        let demand = |numbers: &[u64], wanted: &str| Demand {
            one_of: numbers.iter().copied().map(Mechanism).collect(),
            wanted: wanted.into(),
        };
        vec![demand(&[0x1040], "a"), demand(&[0x0d], "b"), demand(&[0x210b, 0x210a], "c")]
    }

    fn judged(named: &[u64]) -> Result<Check, CabinetError> {
        judge("root", &demands(), Ok(named.iter().copied().map(Mechanism).collect()))
    }

    #[test]
    fn everything_that_a_list_does_not_have_is_said_at_once() {
        let good = judged(&[1, 0x1040, 0x0d, 0x210a]).unwrap();
        assert_eq!(good.outcome, CheckOutcome::Ok);
        assert_eq!(
            good.detail,
            "`root`: it names what is demanded: CKM_EC_KEY_PAIR_GEN, CKM_RSA_PKCS_PSS, CKM_AES_KEY_WRAP_KWP or CKM_AES_KEY_WRAP_PAD"
        );
        assert_eq!(
            judged(&[0x1040]).unwrap_err().to_string(),
            "token `root` does not name the mechanism CKM_RSA_PKCS_PSS, CKM_AES_KEY_WRAP_KWP or CKM_AES_KEY_WRAP_PAD; b; c"
        );
    }

    #[test]
    fn a_list_that_is_not_there_is_unknown_and_a_module_that_died_is_an_error() {
        let outcome = |named| judge("root", &demands(), named).map(|check| check.outcome);
        assert_eq!(outcome(Ok(Vec::new())).unwrap(), CheckOutcome::Unknown);
        let operation = crate::hsm::Operation::Examine;
        let refused = TokenError::Code {
            operation,
            place: "here".into(),
            function: "C_GetMechanismList".into(),
            code: crate::hsm::ReturnCode(0xe1),
        };
        assert_eq!(outcome(Err(refused)).unwrap(), CheckOutcome::Unknown);
        let late = TokenError::Timeout { operation, milliseconds: 1 };
        assert!(matches!(outcome(Err(late)), Err(CabinetError::Token { .. })));
    }
}
