//! The registry of events (ceremony-log/v1 §3): which there are, and which record closes which intent.

/// Makes [`EVENTS`] and [`is_known`] from one list.
macro_rules! events {
    ($($name:literal)*) => {
        /// Every event of the registry, in its order. The registry only grows.
        pub const EVENTS: &[&str] = &[$($name,)*];

        /// Whether the registry has the event.
        pub fn is_known(ev: &str) -> bool {
            matches!(ev, $($name)|*)
        }
    };
}

events! {
    "log.genesis" "log.key.added" "log.key.rotated" "log.key.replaced" "log.confirmed" "log.recovered"
    "witness.registered" "witness.removed" "person.registered"
    "session.start" "session.stop" "session.resumed" "act.failed" "preflight.result" "clock.set" "log.note" "log.anomaly"
    "ceremony.open" "plan.approved" "site.approved" "participant.present" "participant.left"
    "step.begin" "step.end" "step.deviation" "custody.opened" "custody.sealed"
    "device.inserted" "device.removed" "device.attested" "device.audit"
    "token.initialize.intent" "token.initialized" "token.pin.intent" "token.pin.changed" "token.zeroized" "token.inventory" "auth.ok" "auth.failed" "quorum.met"
    "key.generate.intent" "key.generated" "key.proof.intent" "key.proved" "key.backup.intent" "key.backup"
    "secret.split" "share.issued" "share.encrypted" "share.decrypted" "share.confirmed" "share.checked" "share.returned" "share.missing"
    "key.restore.intent" "key.restored" "key.seal.intent" "key.sealed" "key.live" "key.destroy.intent" "key.destroyed"
    "request.received" "request.approved" "request.rejected" "profile.introduced" "profile.retired" "lint.result"
    "cert.sign.intent" "cert.signed" "sign.failed" "sign.aborted" "csr.sign.intent" "csr.signed"
    "crl.sign.intent" "crl.signed" "crl.superseded" "ocsp.sign.intent" "ocsp.signed" "cert.revoked" "serial.burned"
    "artifact.emitted" "artifact.voided" "media.write.intent" "media.written" "media.destroyed" "receipt.imported"
    "witness.agreed" "witness.disagreed" "ceremony.close"
}

/// The intents that announce a signature by a CA's key, or by a key on its way to be one.
pub const SIGN_INTENTS: &[&str] =
    &["cert.sign.intent", "csr.sign.intent", "crl.sign.intent", "ocsp.sign.intent"];

/// Which records close an intent, `act.failed` apart, which closes any. None if `ev` is no intent of the registry.
pub fn results_of(ev: &str) -> Option<&'static [&'static str]> {
    Some(match ev {
        "token.initialize.intent" => &["token.initialized"],
        "token.pin.intent" => &["token.pin.changed"],
        "key.generate.intent" => &["key.generated"],
        "key.proof.intent" => &["key.proved"],
        "key.backup.intent" => &["key.backup"],
        "key.restore.intent" => &["key.restored"],
        "key.seal.intent" => &["key.sealed"],
        "key.destroy.intent" => &["key.destroyed"],
        "cert.sign.intent" => &["cert.signed", "sign.failed", "sign.aborted"],
        "csr.sign.intent" => &["csr.signed", "sign.failed", "sign.aborted"],
        "crl.sign.intent" => &["crl.signed", "sign.failed", "sign.aborted"],
        "ocsp.sign.intent" => &["ocsp.signed", "sign.failed", "sign.aborted"],
        "media.write.intent" => &["media.written"],
        _ => return None,
    })
}

/// Whether a record of this event must close an intent. `token.initialized`, `media.written`, `key.sealed` and
/// `act.failed` may also stand alone.
pub fn is_result(ev: &str) -> bool {
    matches!(
        ev,
        "token.pin.changed"
            | "key.generated"
            | "key.proved"
            | "key.backup"
            | "key.restored"
            | "key.destroyed"
            | "cert.signed"
            | "csr.signed"
            | "crl.signed"
            | "ocsp.signed"
            | "sign.failed"
            | "sign.aborted"
    )
}

/// Whether an event that the registry lacks is about a signature: one of its words is `sign` or `signed`.
pub fn is_unknown_signing(ev: &str) -> bool {
    !is_known(ev) && ev.split('.').any(|word| matches!(word, "sign" | "signed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_intent_has_results_and_every_result_an_intent() {
        for ev in EVENTS {
            assert!(is_known(ev));
            assert_eq!(results_of(ev).is_some(), ev.ends_with(".intent"), "{ev}");
            let closes =
                EVENTS.iter().any(|intent| results_of(intent).is_some_and(|results| results.contains(ev)));
            assert_eq!(
                is_result(ev),
                closes && !["token.initialized", "media.written", "key.sealed"].contains(ev),
                "{ev}"
            );
        }
        assert_eq!(EVENTS.len(), 89);
    }

    #[test]
    fn the_sign_intents_are_those_of_the_registry() {
        let named: Vec<_> = EVENTS.iter().filter(|ev| ev.ends_with(".sign.intent")).copied().collect();
        assert_eq!(named, ["cert.sign.intent", "csr.sign.intent", "crl.sign.intent", "ocsp.sign.intent"]);
        assert!(SIGN_INTENTS.iter().all(|ev| named.contains(ev)));
    }

    #[test]
    fn unknown_events_are_told_apart() {
        assert!(is_unknown_signing("tsa.sign.intent"));
        assert!(is_unknown_signing("tsa.signed"));
        assert!(!is_unknown_signing("weather.signal"));
        assert!(!is_unknown_signing("cert.signed"));
    }
}
