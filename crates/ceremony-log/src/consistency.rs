//! That an earlier head is a prefix of this one: the body of tlog-witness add-checkpoint.
//!
//! `old N`, the hashes of the proof, an empty line, the checkpoint.

use std::fmt;

use crate::base64;
use crate::checkpoint::{self, Checkpoint};
use crate::code::{Code, Fault, Finding, Place};
use crate::note::{MOST_OCTETS, Note};
use crate::policy::{Policy, SignedHead, Window};
use crate::proof::LONGEST_PATH;
use crate::tree::{Hash, consistent};

/// A head, and the proof from an earlier one to it. Not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consistency {
    old: u64,
    path: Vec<Hash>,
    note: Note,
}

impl Consistency {
    /// A proof with a path of [`crate::tree::Levels::consistency`].
    pub const fn new(old: u64, path: Vec<Hash>, head: Note) -> Self {
        Self { old, path, note: head }
    }

    /// Reads a body that fills `octets`.
    ///
    /// # Errors
    ///
    /// E144; those of [`Note::parse`] for the head; E104 for base64.
    pub fn parse(octets: &[u8]) -> Result<Self, Fault> {
        let fault = |message: &str| Fault::new(Code::E144, message);
        // A path of 63 hashes is less than 4 KiB.
        if octets.len() > 4096 + MOST_OCTETS {
            return Err(fault("too many octets"));
        }
        let text = std::str::from_utf8(octets).map_err(|_| fault("not UTF-8"))?;
        let (body, note) =
            text.split_once("\n\n").ok_or_else(|| fault("no empty line before the checkpoint"))?;
        let mut lines = body.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old = checkpoint::number(old.ok_or_else(|| fault("the first line is not `old N`"))?)
            .map_err(|error| fault(&error.message))?;
        let path =
            lines.map(|line| checkpoint::hash(line, "a hash of the proof")).collect::<Result<Vec<_>, _>>()?;
        if path.len() > LONGEST_PATH {
            return Err(fault("a proof of more than 63 hashes"));
        }
        Ok(Self { old, path, note: Note::parse(note.as_bytes())? })
    }

    /// The size of the earlier tree.
    pub const fn old(&self) -> u64 {
        self.old
    }

    /// The head.
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// Checks the head, and that `earlier`, the reader's own last head, is a prefix of it.
    ///
    /// # Errors
    ///
    /// Everything that is wrong: those of [`Policy::judge`]; E111 for a head of another log; E132 if the head is
    /// smaller; E144 if the proof is from another size; E133 if it does not verify.
    pub fn verify(
        &self,
        earlier: &Checkpoint,
        policy: &Policy,
        window: &Window,
    ) -> Result<SignedHead, Vec<Finding>> {
        let head = policy.judge(&self.note, window)?;
        let new = head.checkpoint();
        let refuse =
            |code, message| Err(vec![Finding::new(code, Place::File("consistency".to_owned()), message)]);
        if new.origin != earlier.origin {
            return refuse(
                Code::E111,
                format!("a head of `{}`; the last was of `{}`", new.origin, earlier.origin),
            );
        }
        if new.size < earlier.size {
            return refuse(Code::E132, format!("size {}; the last head had {}", new.size, earlier.size));
        }
        if self.old != earlier.size {
            return refuse(
                Code::E144,
                format!("a proof from size {}; the last head had {}", self.old, earlier.size),
            );
        }
        if !consistent(earlier.size, &earlier.root, new.size, &new.root, &self.path) {
            let message =
                format!("the head of size {} does not continue that of size {}", new.size, earlier.size);
            return refuse(Code::E133, message);
        }
        Ok(head)
    }
}

impl fmt::Display for Consistency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        for hash in &self.path {
            writeln!(f, "{}", base64::encode(hash.octets()))?;
        }
        write!(f, "\n{}", self.note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{GoodLog, LogKey};

    struct Scene {
        key: LogKey,
        log: GoodLog,
        policy: Policy,
    }

    fn scene() -> Scene {
        let key = LogKey::p256("example.org/log/practice");
        let policy = Policy::parse(format!("log {}\nquorum none\n", key.verifier()).as_bytes()).unwrap();
        Scene { key, log: GoodLog::new(), policy }
    }

    impl Scene {
        fn earlier(&self, size: u64) -> Checkpoint {
            let root = self.log.levels().root(size).unwrap();
            Checkpoint { origin: "example.org/log/practice".to_owned(), size, root }
        }

        fn file(&self, old: u64) -> Consistency {
            let path = self.log.levels().consistency(old, self.log.size()).unwrap();
            Consistency::new(old, path, self.log.note(&self.key))
        }

        fn code(&self, file: &Consistency, earlier: &Checkpoint) -> Option<Code> {
            file.verify(earlier, &self.policy, &Window::at(0)).err().map(|findings| findings[0].code)
        }
    }

    #[test]
    fn every_earlier_head_is_proven_to_be_a_prefix() {
        let scene = scene();
        for old in 0..=scene.log.size() {
            let file = scene.file(old);
            assert_eq!(Consistency::parse(file.to_string().as_bytes()), Ok(file.clone()));
            assert_eq!(scene.code(&file, &scene.earlier(old)), None, "{old}");
        }
    }

    #[test]
    fn a_rollback_a_fork_and_another_log_have_their_codes() {
        let scene = scene();
        let good = scene.earlier(3);
        let file = scene.file(3);
        assert_eq!(scene.code(&file, &Checkpoint { root: Hash::ZERO, ..good.clone() }), Some(Code::E133));
        assert_eq!(scene.code(&file, &Checkpoint { size: 1000, ..good.clone() }), Some(Code::E132));
        assert_eq!(scene.code(&file, &Checkpoint { size: 4, ..good.clone() }), Some(Code::E144));
        assert_eq!(scene.code(&file, &Checkpoint { origin: "x".to_owned(), ..good }), Some(Code::E111));
        let all = scene.earlier(scene.log.size());
        let file = scene.file(scene.log.size());
        assert_eq!(scene.code(&file, &Checkpoint { root: Hash::ZERO, ..all }), Some(Code::E133));
    }

    #[test]
    fn another_form_is_not_read() {
        let text = scene().file(3).to_string();
        for (from, to) in [("old 3", "old 03"), ("old 3", "old"), ("old 3", "new 3")] {
            let bad = text.replacen(from, to, 1);
            assert_eq!(Consistency::parse(bad.as_bytes()).unwrap_err().code, Code::E144, "{to}");
        }
        let bad = text.replacen("old 3\n", "old 3\nAAAA\n", 1);
        assert_eq!(Consistency::parse(bad.as_bytes()).unwrap_err().code, Code::E104);
    }
}
