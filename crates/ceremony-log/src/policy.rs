//! Whom one trusts (C2SP tlog-policy): logs, witnesses, groups of them, a quorum; and which heads they signed.
//!
//! The rules of this file:
//! - A [`SignedHead`] exists only if a log of the policy signed it and the quorum cosigned it.
//! - Signatures by unknown keys are passed over; a bad one by a known key refuses the head.
//! - A cosignature counts once for a witness, and only if its time is in the window.

use crate::checkpoint::Checkpoint;
use crate::code::{Code, Fault, Finding, Place};
use crate::key::{KeyKind, VerifierKey};
use crate::note::{Note, Signature};

mod parse;

pub use parse::policy_text;

/// Cosignatures older than this are warned of: 30 days in seconds.
pub const OLD: u64 = 30 * 86_400;

/// A policy: a consumer's own, pinned; never one that came with the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<VerifierKey>,
    /// Witnesses and groups in their order; a group has only nodes before it.
    nodes: Vec<Node>,
    quorum: Option<usize>,
}

/// What has a name in a policy. Names are octets without meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    name: Vec<u8>,
    kind: NodeKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum NodeKind {
    Witness(VerifierKey),
    Group { threshold: usize, members: Vec<usize> },
}

/// Which times of cosignatures count. Seconds, since 1970 where they are moments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The judge's own clock.
    pub now: u64,
    /// By how much a witness's clock may be ahead.
    pub ahead: u64,
    /// How old a cosignature may be, if there is a bound.
    pub oldest: Option<u64>,
}

impl Window {
    /// Clocks may be five minutes ahead, and cosignatures as old as they like.
    pub const fn at(now: u64) -> Self {
        Self { now, ahead: 300, oldest: None }
    }

    fn judge(&self, time: u64) -> Result<(), Fault> {
        if time > self.now.saturating_add(self.ahead) {
            let message = format!("cosigned at {time}, {} s in the future", time.saturating_sub(self.now));
            return Err(Fault::new(Code::E112, message));
        }
        match self.oldest {
            Some(oldest) if self.now.saturating_sub(time) > oldest => {
                let age = self.now.saturating_sub(time);
                Err(Fault::new(Code::E113, format!("cosigned at {time}, {age} s ago; at most {oldest} s")))
            }
            _ => Ok(()),
        }
    }
}

/// A head that a policy accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHead {
    checkpoint: Checkpoint,
    log_keys: Vec<VerifierKey>,
    cosignatures: Vec<(VerifierKey, u64)>,
    warnings: Vec<Finding>,
}

impl SignedHead {
    /// What was signed.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The keys of the log that signed it.
    pub fn log_keys(&self) -> &[VerifierKey] {
        &self.log_keys
    }

    /// The witnesses that cosigned it, and when: seconds since 1970.
    pub fn cosignatures(&self) -> &[(VerifierKey, u64)] {
        &self.cosignatures
    }

    /// What does not refuse the head but should be looked at.
    pub fn warnings(&self) -> &[Finding] {
        &self.warnings
    }
}

impl Policy {
    /// The keys of the logs.
    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// The keys of the witnesses, with their names in the policy.
    pub fn witnesses(&self) -> impl Iterator<Item = (&[u8], &VerifierKey)> {
        self.nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::Witness(key) => Some((node.name.as_slice(), key)),
            NodeKind::Group { .. } => None,
        })
    }

    /// Judges a checkpoint with its signatures.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it: E103 to E113.
    pub fn judge(&self, note: &Note, window: &Window) -> Result<SignedHead, Vec<Finding>> {
        let checkpoint: Checkpoint = match note.text().parse() {
            Ok(checkpoint) => checkpoint,
            Err(fault) => return Err(vec![Fault::at(fault, Place::Checkpoint)]),
        };
        let mut findings = Vec::new();
        let log_keys = self.log_keys(note, &checkpoint.origin, &mut findings);
        let cosignatures = self.cosignatures(note, window, &mut findings);
        if !self.quorum_met(&cosignatures) {
            let message =
                format!("{} cosignatures that count do not make the policy's quorum", cosignatures.len());
            findings.push(Fault::new(Code::E110, message));
        }
        let mut findings: Vec<_> = findings.into_iter().map(|fault| fault.at(Place::Checkpoint)).collect();
        if findings.is_empty() {
            let warnings = old(&cosignatures, window);
            return Ok(SignedHead { checkpoint, log_keys, cosignatures, warnings });
        }
        findings.sort_by_key(|finding| finding.code);
        Err(findings)
    }

    fn log_keys(&self, note: &Note, origin: &str, findings: &mut Vec<Fault>) -> Vec<VerifierKey> {
        let before = findings.len();
        // A log's key has the log's origin for a name: another log's key cannot sign this one's heads.
        let known: Vec<_> = self.logs.iter().filter(|key| key.name() == origin).collect();
        if known.is_empty() && !self.logs.is_empty() {
            let names: Vec<_> = self.logs.iter().map(|key| format!("`{}`", key.name())).collect();
            findings.push(Fault::new(
                Code::E111,
                format!("origin `{origin}`; the policy's is {}", names.join(" or ")),
            ));
        }
        let mut good = Vec::new();
        for (key, signature) in pairs(&known, note.signatures()) {
            match key.verify(note.text(), &signature.octets) {
                Ok(_) => good.push(key.clone()),
                Err(fault) => findings.push(fault),
            }
        }
        if good.is_empty() && findings.len() == before {
            findings.push(Fault::new(Code::E109, "no log key of the policy signed the checkpoint"));
        }
        good
    }

    fn cosignatures(
        &self,
        note: &Note,
        window: &Window,
        findings: &mut Vec<Fault>,
    ) -> Vec<(VerifierKey, u64)> {
        let mut good = Vec::new();
        for (_, key) in self.witnesses() {
            let mut newest: Option<u64> = None;
            let mut untimely: Option<Fault> = None;
            for (_, signature) in pairs(&[key], note.signatures()) {
                match key.verify(note.text(), &signature.octets) {
                    Ok(time) => {
                        let time = time.unwrap_or_default();
                        match window.judge(time) {
                            Ok(()) => newest = newest.max(Some(time)),
                            Err(fault) => untimely = Some(fault),
                        }
                    }
                    Err(fault) => findings.push(fault),
                }
            }
            match (newest, untimely) {
                (Some(time), _) => good.push((key.clone(), time)),
                (None, Some(Fault { code, message })) => {
                    findings.push(Fault::new(code, format!("`{}` {message}", key.name())));
                }
                (None, None) => {}
            }
        }
        good
    }

    fn quorum_met(&self, cosignatures: &[(VerifierKey, u64)]) -> bool {
        let Some(quorum) = self.quorum else { return true };
        // Groups have only nodes before them, so that one pass decides each.
        let mut met: Vec<bool> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let node_met = match &node.kind {
                NodeKind::Witness(key) => cosignatures.iter().any(|(signer, _)| signer == key),
                NodeKind::Group { threshold, members } => {
                    members.iter().filter(|member| met.get(**member) == Some(&true)).count() >= *threshold
                }
            };
            met.push(node_met);
        }
        met.get(quorum) == Some(&true)
    }
}

/// Each signature with the known key it names.
fn pairs<'a>(
    known: &'a [&'a VerifierKey],
    signatures: &'a [Signature],
) -> impl Iterator<Item = (&'a VerifierKey, &'a Signature)> {
    signatures
        .iter()
        .filter_map(|signature| known.iter().find(|key| signature.is_by(key)).map(|key| (*key, signature)))
}

/// A warning for each cosignature that is older than [`OLD`].
fn old(cosignatures: &[(VerifierKey, u64)], window: &Window) -> Vec<Finding> {
    let old = |time: u64| window.now.saturating_sub(time) > OLD;
    cosignatures
        .iter()
        .filter(|(_, time)| old(*time))
        .map(|(key, time)| {
            let days = window.now.saturating_sub(*time) / 86_400;
            Finding::new(Code::W204, Place::Checkpoint, format!("`{}` cosigned {days} days ago", key.name()))
        })
        .collect()
}

/// Whether a key of this kind may sign for a log.
const fn signs_heads(kind: KeyKind) -> bool {
    matches!(kind, KeyKind::Ed25519 | KeyKind::EcdsaP256)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{LogKey, head};

    const NOW: u64 = 1_800_000_000;

    fn policy(text: &str) -> Policy {
        Policy::parse(text.as_bytes()).unwrap()
    }

    fn codes(result: Result<SignedHead, Vec<Finding>>) -> Vec<Code> {
        result.err().unwrap_or_default().into_iter().map(|finding| finding.code).collect()
    }

    fn note(signatures: &[Signature]) -> Note {
        let mut note = Note::new(head().to_string()).unwrap();
        for signature in signatures {
            note.add(signature.clone()).unwrap();
        }
        note
    }

    #[test]
    fn a_head_signed_by_either_kind_of_log_key_is_accepted() {
        for key in [LogKey::ed25519("example.org/log"), LogKey::p256("example.org/log")] {
            let policy = policy(&format!("log {}\nquorum none\n", key.verifier()));
            let note = note(&[key.sign(&head().to_string())]);
            let head = policy.judge(&note, &Window::at(NOW)).unwrap();
            assert_eq!(head.checkpoint(), &super::tests::head());
            assert_eq!(head.log_keys(), [key.verifier()]);
            assert_eq!(codes(policy.judge(&super::tests::note(&[]), &Window::at(NOW))), [Code::E109]);
        }
    }

    #[test]
    fn a_bad_signature_by_a_known_key_refuses_beside_a_good_one() {
        let (one, other) = (LogKey::ed25519("example.org/log"), LogKey::p256("example.org/log"));
        let policy = policy(&format!("log {}\nlog {}\nquorum none\n", one.verifier(), other.verifier()));
        let good = one.sign(&head().to_string());
        for bad in [one.sign("another text\n"), other.sign("another text\n")] {
            assert_eq!(codes(policy.judge(&note(&[good.clone(), bad]), &Window::at(NOW))), [Code::E107]);
        }
        let unknown = LogKey::ed25519("example.org/log").sign("another text\n");
        assert!(policy.judge(&note(&[unknown, good]), &Window::at(NOW)).is_ok());
    }

    #[test]
    fn a_key_of_another_log_does_not_sign_this_one() {
        let key = LogKey::ed25519("example.org/other");
        let policy = policy(&format!("log {}\nquorum none\n", key.verifier()));
        let note = note(&[key.sign(&head().to_string())]);
        assert_eq!(codes(policy.judge(&note, &Window::at(NOW))), [Code::E111]);
    }

    #[test]
    fn a_policy_without_logs_accepts_nothing() {
        let key = LogKey::ed25519("example.org/log");
        let note = note(&[key.sign(&head().to_string())]);
        assert_eq!(codes(policy("quorum none\n").judge(&note, &Window::at(NOW))), [Code::E109]);
    }

    #[test]
    fn the_quorum_is_counted_through_groups() {
        let log = LogKey::ed25519("example.org/log");
        let keys = ["x1", "x2", "x3", "y1", "y2"].map(LogKey::witness);
        let witnesses = keys.iter().map(|key| format!("witness {} {}", key.name(), key.verifier()));
        let witnesses = witnesses.collect::<Vec<_>>().join("\n");
        let policy = policy(&format!(
            "log {}\n{witnesses}\ngroup x 2 x1 x2 x3\ngroup y any y1 y2\ngroup all all x y\nquorum all\n",
            log.verifier()
        ));
        let text = head().to_string();
        for (signers, met) in [
            (&[][..], false),
            (&[0, 1], false),
            (&[3, 4], false),
            (&[0, 3], false),
            (&[0, 0, 3], false),
            (&[0, 2, 4], true),
            (&[0, 1, 2, 3, 4], true),
        ] {
            let mut signatures = vec![log.sign(&text)];
            signatures.extend(signers.iter().map(|index: &usize| keys[*index].cosign(&text, NOW)));
            let codes = codes(policy.judge(&note(&signatures), &Window::at(NOW)));
            assert_eq!(codes, if met { vec![] } else { vec![Code::E110] }, "{signers:?}");
        }
    }

    #[test]
    fn cosignatures_count_only_within_the_window() {
        let (log, witness) = (LogKey::ed25519("example.org/log"), LogKey::witness("w"));
        let policy = policy(&format!("log {}\nwitness w {}\nquorum w\n", log.verifier(), witness.verifier()));
        let text = head().to_string();
        let window = Window { now: NOW, ahead: 60, oldest: Some(3600) };
        let judge =
            |time: u64| codes(policy.judge(&note(&[log.sign(&text), witness.cosign(&text, time)]), &window));
        assert_eq!(judge(NOW + 60), []);
        assert_eq!(judge(NOW + 61), [Code::E110, Code::E112]);
        assert_eq!(judge(NOW - 3600), []);
        assert_eq!(judge(NOW - 3601), [Code::E110, Code::E113]);
        assert_eq!(judge(u64::MAX), [Code::E108, Code::E110]);
        let both = [log.sign(&text), witness.cosign(&text, NOW - 9999), witness.cosign(&text, NOW)];
        assert_eq!(policy.judge(&note(&both), &window).unwrap().cosignatures(), [(witness.verifier(), NOW)]);
    }

    #[test]
    fn a_cosignature_older_than_30_days_is_warned_of() {
        let (log, witness) = (LogKey::ed25519("example.org/log"), LogKey::witness("w"));
        let policy = policy(&format!("log {}\nwitness w {}\nquorum w\n", log.verifier(), witness.verifier()));
        let text = head().to_string();
        for (age, warned) in [(OLD, false), (OLD + 1, true)] {
            let note = note(&[log.sign(&text), witness.cosign(&text, NOW - age)]);
            let head = policy.judge(&note, &Window::at(NOW)).unwrap();
            let codes: Vec<_> = head.warnings().iter().map(|finding| finding.code).collect();
            assert_eq!(codes, if warned { vec![Code::W204] } else { vec![] });
        }
    }

    #[test]
    fn a_cosignature_over_another_text_or_time_is_e108() {
        let (log, witness) = (LogKey::ed25519("example.org/log"), LogKey::witness("w"));
        let policy =
            policy(&format!("log {}\nwitness w {}\nquorum none\n", log.verifier(), witness.verifier()));
        let text = head().to_string();
        let mut moved = witness.cosign(&text, NOW);
        moved.octets[7] ^= 1;
        let short = Signature { octets: vec![1, 2, 3], ..moved.clone() };
        for bad in [witness.cosign("another text\n", NOW), moved, short] {
            assert_eq!(codes(policy.judge(&note(&[log.sign(&text), bad]), &Window::at(NOW))), [Code::E108]);
        }
    }

    #[test]
    fn what_is_wrong_with_the_text_is_said_before_its_signatures() {
        let log = LogKey::ed25519("example.org/log");
        let policy = policy(&format!("log {}\nquorum none\n", log.verifier()));
        let text = format!("{}extension\n", head());
        let mut note = Note::new(text.clone()).unwrap();
        note.add(log.sign(&text)).unwrap();
        assert_eq!(codes(policy.judge(&note, &Window::at(NOW))), [Code::E105]);
    }
}
