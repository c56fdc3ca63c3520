//! Which attributes a token does not accept in the templates of a key pair: everything is asked for first, then less, then
//! what was left out needlessly is put back, one attribute after the other.

use super::Bench;
use super::throw_away::{Made, Omitted, pair};
use crate::hsm::direct::generate::{LADDER, NEXT_RUNG};
use crate::hsm::raw::Fault;
use crate::hsm::{AttributeName, TokenError};
use crate::pki::key::KeyAlgorithm;

/// Makes a key pair with as little left out as the token lets us, and says what was. `known`: what another kind of key
/// could not have.
pub(super) fn climb<'b>(
    bench: &'b Bench<'_>,
    (algorithm, extractable): (KeyAlgorithm, bool),
    known: &Omitted,
) -> Result<(Made<'b>, Omitted), TokenError> {
    let mut omitted = known.clone();
    let mut made = pair(bench, algorithm, extractable, &omitted)?;
    for (private, public) in LADDER {
        if !asks_for_less(&made) {
            break;
        }
        leave_out(&mut omitted.private, private);
        leave_out(&mut omitted.public, public);
        made = pair(bench, algorithm, extractable, &omitted)?;
    }
    for candidate in put_back(&omitted, known) {
        if !matches!(made, Made::Pair(_)) {
            break;
        }
        let mut more = omitted.clone();
        more.private.retain(|name| Half::Private(*name) != candidate);
        more.public.retain(|name| Half::Public(*name) != candidate);
        match pair(bench, algorithm, extractable, &more)? {
            Made::Refused(_) => {}
            better => (made, omitted) = (better, more),
        }
    }
    Ok((made, omitted))
}

/// An attribute of one half.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Private(AttributeName),
    Public(AttributeName),
}

/// What was left out here and not by what is known.
fn put_back(omitted: &Omitted, known: &Omitted) -> Vec<Half> {
    let private = omitted.private.iter().filter(|name| !known.private.contains(name));
    let public = omitted.public.iter().filter(|name| !known.public.contains(name));
    private.map(|name| Half::Private(*name)).chain(public.map(|name| Half::Public(*name))).collect()
}

fn leave_out(omitted: &mut Vec<AttributeName>, rung: &[AttributeName]) {
    omitted.extend(rung);
    omitted.sort();
    omitted.dedup();
}

/// Whether a refusal is about the template, so that a shorter one may do.
fn asks_for_less(made: &Made<'_>) -> bool {
    matches!(made, Made::Refused(Fault::Code(_, code)) if NEXT_RUNG.contains(&code.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rung_leaves_out_what_keeps_a_key_inside() {
        use AttributeName as A;
        for kept in [A::Token, A::Private, A::Sensitive, A::Extractable, A::Sign, A::Id, A::Label] {
            let left_out =
                |(private, public): &(&[A], &[A])| private.contains(&kept) || public.contains(&kept);
            assert!(!LADDER.iter().any(left_out), "{kept}");
        }
    }

    #[test]
    fn what_was_left_out_before_is_not_tried_again() {
        let known = Omitted { private: vec![AttributeName::Copyable], public: vec![] };
        let mut omitted = known.clone();
        for half in [&mut omitted.private, &mut omitted.public] {
            leave_out(half, &[AttributeName::Copyable, AttributeName::Wrap]);
        }
        assert_eq!(omitted.private.len(), 2);
        let halves = put_back(&omitted, &known);
        assert!(!halves.contains(&Half::Private(AttributeName::Copyable)));
        assert!(halves.contains(&Half::Public(AttributeName::Copyable)));
        assert_eq!(halves.len(), 3);
    }
}
