//! A head that somebody kept elsewhere, such as a token, judged by the log's key and against the log that is here.

use ceremony_log::checkpoint::Checkpoint;
use ceremony_log::key::VerifierKey;
use ceremony_log::note::Note;
use ceremony_log::tree::Levels;

use crate::digest::Digest;
use crate::stage::{Head, Held};

/// What octets are that were kept as a head of the log `origin`, whose key is `key` and whose records are in `levels`.
pub fn judge(octets: &[u8], origin: &str, key: Option<&VerifierKey>, levels: &Levels) -> Held {
    let no_head = |why: &dyn ToString| Held::NoHead { why: why.to_string() };
    if octets.len() > LARGEST {
        return no_head(&format!("it has {} octets, a head at most {LARGEST}", octets.len()));
    }
    let note = match Note::parse(octets) {
        Ok(note) => note,
        Err(fault) => return no_head(&fault),
    };
    let said: Checkpoint = match note.text().parse() {
        Ok(said) => said,
        Err(fault) => return no_head(&fault),
    };
    if said.origin != origin {
        return Held::OtherLog;
    }
    let Some(key) = key else { return no_head(&"the log has no key") };
    let Some(signature) = note.signatures().iter().find(|signature| signature.is_by(key)) else {
        return no_head(&"the log's key did not sign it");
    };
    if let Err(fault) = key.verify(note.text(), &signature.octets) {
        return no_head(&fault);
    }
    let here = if said.size > levels.size() { None } else { levels.root(said.size) };
    Held::Head {
        head: Head { size: said.size, root: Digest::from_octets(*said.root.octets()) },
        here: here.map(|root| Digest::from_octets(*root.octets())),
    }
}

/// A head with a few cosignatures has a tenth of it.
const LARGEST: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use ceremony_log::checkpoint::checkpoint_text;
    use ceremony_log::key::KeyKind;
    use ceremony_log::note::Signature;
    use ceremony_log::tree::Hash;
    use ring::signature::{Ed25519KeyPair, KeyPair as _};

    const ORIGIN: &str = "example.org/log";

    fn pair(seed: u8) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
    }

    fn key(name: &str, seed: u8) -> VerifierKey {
        VerifierKey::new(name, KeyKind::Ed25519, pair(seed).public_key().as_ref()).unwrap()
    }

    fn levels(records: u8) -> Levels {
        let mut levels = Levels::new();
        (0..records).for_each(|record| levels.push(Hash::leaf(&[record])));
        levels
    }

    fn head(origin: &str, seed: u8, of: &Levels) -> Vec<u8> {
        let text = checkpoint_text(origin, of.size(), &of.root(of.size()).unwrap()).unwrap();
        let mut note = Note::new(text.clone()).unwrap();
        note.add(Signature::new(&key(origin, seed), pair(seed).sign(text.as_bytes()).as_ref())).unwrap();
        note.to_string().into_bytes()
    }

    #[test]
    fn a_head_is_known_by_its_signature_and_compared_over_as_many_records() {
        let (known, here) = (key(ORIGIN, 1), levels(9));
        let judged = |octets: &[u8]| judge(octets, ORIGIN, Some(&known), &here);
        let root = |of: &Levels| Some(Digest::from_octets(*of.root(of.size()).unwrap().octets()));
        for size in [1, 5, 9] {
            let Held::Head { head, here } = judged(&head(ORIGIN, 1, &levels(size))) else { panic!() };
            assert_eq!(
                (head.size, Some(head.root), here),
                (size.into(), root(&levels(size)), root(&levels(size)))
            );
        }
        // Longer than what is here: nobody can say whether it is of the same log.
        let Held::Head { head: longer, here: None } = judged(&head(ORIGIN, 1, &levels(10))) else { panic!() };
        assert_eq!(longer.size, 10);
        // As long, and another.
        let mut other = levels(8);
        other.push(Hash::leaf(b"other"));
        let Held::Head { head: forked, here: Some(ours) } = judged(&head(ORIGIN, 1, &other)) else {
            panic!()
        };
        assert_ne!(forked.root, ours);
        assert_eq!(judged(&head("example.org/other", 1, &here)), Held::OtherLog);
    }

    #[test]
    fn what_the_log_s_key_did_not_sign_is_no_head() {
        let (known, here) = (key(ORIGIN, 1), levels(9));
        let good = head(ORIGIN, 1, &here);
        let mut changed = good.clone();
        let place = ORIGIN.len() + 1;
        assert_eq!(changed[place], b'9');
        changed[place] = b'8';
        for octets in
            [&b""[..], b"no head", &[0xff; 64], &vec![b'a'; 1 << 20], &head(ORIGIN, 2, &here), &changed]
        {
            assert!(matches!(judge(octets, ORIGIN, Some(&known), &here), Held::NoHead { .. }));
        }
        assert!(matches!(judge(&good, ORIGIN, None, &here), Held::NoHead { .. }));
    }
}
