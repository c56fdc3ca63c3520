//! What a backup 3 of 5 costs beside the people and the HSM: dealing, commitments, every share read back, three of them
//! combined, the file written and read. Median and greatest of many rounds, in milliseconds; 50 are to be kept.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, reason = "a benchmark")]

use std::time::Instant;

use rootrite::secret::{Secret, SecretOctets};
use rootrite::share::{Backup, Hand, KeyCheck, Parts, Passphrase, Scheme, SystemRandom, deal, read};

fn main() {
    let mut milliseconds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begin = Instant::now();
            backup();
            begin.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    milliseconds.sort_by(f64::total_cmp);
    println!(
        "a backup 3 of 5 beside the people and the HSM: median {:.2} ms, greatest {:.2} ms of {ROUNDS}",
        milliseconds[ROUNDS / 2],
        milliseconds[ROUNDS - 1]
    );
}

/// Everything that this program computes for a backup of a key.
fn backup() {
    let kek = Secret::<32>::try_fill(|octets| getrandom::fill(octets)).unwrap();
    let secret = kek.expose(|octets| SecretOctets::read(octets)).unwrap();
    let scheme = Scheme::single(3, 5).unwrap();
    let shares = deal(&secret, &scheme, &Passphrase::none(), &mut SystemRandom).unwrap().remove(0);
    let written: Vec<SecretOctets> = shares.iter().map(rootrite::share::Share::written).collect();
    for (share, written) in shares.iter().zip(&written) {
        let back = written.expose(read).unwrap();
        assert_eq!(back.commitment(b"saltsalt"), share.commitment(b"saltsalt"));
    }
    let parts = Parts {
        key: "root-x1".into(),
        algorithm: "rsa-4096".into(),
        format: "rfc5649".into(),
        set: shares[0].set().to_string(),
        threshold: 3,
        shares: 5,
        groups: Vec::new(),
        check: KeyCheck::of(&kek),
        spki: vec![0x30; 550],
        wrapped: vec![0xa5; 2384],
    };
    let text = Backup::new(parts).unwrap().text();
    let mut hand = Hand::new();
    for place in [4, 0, 2] {
        hand.lay(written[place].expose(read).unwrap()).unwrap();
    }
    let rebuilt = hand.combine(&Passphrase::none()).unwrap();
    let kek = rebuilt.expose(|octets| Secret::<32>::fill(|place| place.copy_from_slice(octets)));
    assert!(Backup::read(text.as_bytes()).unwrap().is_under(&kek));
}

const ROUNDS: usize = 200;
