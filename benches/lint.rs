//! How many CA certificates a second one core reads and judges by every rule, signatures apart.
//!
//!     cargo bench --bench lint [FILE…]
//!
//! FILE is PEM with certificates: the roots of `certifi`, say. Without one, 1,000 are made: RSA keys of 2048 and 4096
//! bits and points on P-256 and P-384, one after the other, roots and subordinate CAs by turns. Prints certificates per
//! second of processor time, and that time for each, for all and by kind of key.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement that cannot be set up has failed, and says what it measured"
)]

use std::hint::black_box;
use std::time::Duration;

use rootrite::clock::Timestamp;
use rootrite::pki::build::assemble;
use rootrite::pki::{Curve, PublicKey, SerialNumber, SignatureAlgorithm, Validity, pem};
use rootrite::profile::{BuiltIn, Fills, FoundValues, Profile};
use rootrite::rule::certificate::{Certificate, judge, recognise};
use rootrite::rule::{Context, Policy};
use rootrite::script::{FromNode as _, NamePart, read};

fn main() {
    let files: Vec<_> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if files.is_empty() {
        let all: Vec<_> = (0..1000_u16).map(|number| (Key::of(number), certificate(number))).collect();
        for key in Key::ALL {
            let some: Vec<_> =
                all.iter().filter(|(kind, _)| *kind == key).map(|(_, der)| der.clone()).collect();
            measure(key.name(), &some);
        }
        measure("all kinds of keys", &all.into_iter().map(|(_, der)| der).collect::<Vec<_>>());
    }
    for file in files {
        let blocks = pem::read(&std::fs::read(&file).unwrap()).unwrap();
        measure(&file, &blocks.into_iter().map(|block| block.octets).collect::<Vec<_>>());
    }
}

/// Reads and judges all of them again and again for a second, on one core.
fn measure(what: &str, certificates: &[Vec<u8>]) {
    let begin = processor_time();
    let (mut judged, mut objections) = (0_u32, 0_usize);
    while processor_time().saturating_sub(begin) < Duration::from_secs(1) {
        for der in certificates {
            let certificate = Certificate::from_whole(black_box(der)).unwrap();
            let context = Context::lint(Policy::PublicTls, recognise(certificate.tbs()));
            objections += black_box(judge(&certificate, &context)).objections.len();
            judged += 1;
        }
    }
    let taken = processor_time().saturating_sub(begin);
    let each = taken / judged;
    let rate = f64::from(judged) / taken.as_secs_f64();
    let count = certificates.len();
    println!("{what}: {count} certificates, {rate:.0} a second, {each:?} each; {objections} objections");
}

/// What this process has had of a processor: others on the machine do not count.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap()
}

#[derive(Clone, Copy, PartialEq)]
enum Key {
    Rsa2048,
    P384,
    Rsa4096,
    P256,
}

impl Key {
    const ALL: [Self; 4] = [Self::Rsa2048, Self::P384, Self::Rsa4096, Self::P256];

    fn of(number: u16) -> Self {
        *Self::ALL.get(usize::from(number / 2 % 4)).unwrap()
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "RSA of 2048 bits",
            Self::P384 => "P-384",
            Self::Rsa4096 => "RSA of 4096 bits",
            Self::P256 => "P-256",
        }
    }

    fn make(self, number: u16) -> PublicKey {
        match self {
            Self::Rsa2048 => PublicKey::from_rsa(&modulus(256, number), &[1, 0, 1]).unwrap(),
            Self::Rsa4096 => PublicKey::from_rsa(&modulus(512, number), &[1, 0, 1]).unwrap(),
            Self::P384 => point(Curve::P384, 48, number),
            Self::P256 => point(Curve::P256, 32, number),
        }
    }
}

/// Octets without a pattern, the last odd, without factors below 752: every rule goes on to its end.
fn modulus(octets: usize, number: u16) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ u64::from(number);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()
    };
    loop {
        let mut modulus: Vec<u8> = (0..octets / 8).flat_map(|_| next()).collect();
        *modulus.first_mut().unwrap() |= 0xc0;
        *modulus.last_mut().unwrap() |= 1;
        let factor = (3..752_u32)
            .find(|by| modulus.iter().fold(0, |rest, octet| (rest << 8 | u32::from(*octet)) % by) == 0);
        if factor.is_none() {
            return modulus;
        }
    }
}

fn point(curve: Curve, octets: usize, number: u16) -> PublicKey {
    let found = (0..=u16::MAX).find_map(|more| {
        let mut x = vec![0x5a; octets];
        x.splice(..4, number.to_be_bytes().into_iter().chain(more.to_be_bytes()));
        curve.point_at(&x)
    });
    PublicKey::from_ec_point(curve, &found.unwrap()).unwrap()
}

/// A certificate of a profile of ours, its signature zeros.
fn certificate(number: u16) -> Vec<u8> {
    let key = Key::of(number).make(number);
    let root = number.is_multiple_of(2);
    let profile = Profile::load(if root { "root-ca" } else { "tls-subordinate-ca" }, &BuiltIn).unwrap();
    let profile = profile.certificate().unwrap();
    let name = |text: String| {
        let (node, mut problems) = read("name", text.as_bytes());
        let parts = Vec::<NamePart>::from_node(&node.unwrap(), &mut problems).unwrap();
        profile.names().name(&parts, &mut problems).unwrap()
    };
    let subject = name(format!("[{{C: US}}, {{O: Example Trust Services}}, {{CN: Example {number}}}]"));
    let issuer = if root { subject.clone() } else { name("[{C: US}, {O: Example}, {CN: Root}]".to_owned()) };
    let url = |name: &str| (name.to_owned(), format!("http://{number}.{name}.example.org/"));
    let fills: Fills = profile.open().holes().iter().map(|hole| url(hole.as_str())).collect();
    let begins: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    let lasts = if root { "3650 days" } else { "1095 days" };
    let algorithm = SignatureAlgorithm::for_key(&key).der();
    let mut serial = [0x5a; 16];
    serial[..2].copy_from_slice(&number.to_be_bytes());
    let tbs = profile.reproduce(&FoundValues {
        issuer: &issuer,
        subject: &subject,
        serial: SerialNumber::from_random(serial).der_content(),
        validity: Validity::lasting(begins, lasts.parse().unwrap()).unwrap(),
        spki: key.spki_der(),
        key_bits: key.bit_string_content(),
        issuer_key_identifier: Some(&[7; 20]),
        issuer_signature: &algorithm,
        copied: None,
        fills: &fills,
    });
    assemble(&tbs.unwrap(), &algorithm, &[0; 64])
}
