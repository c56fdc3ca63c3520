//! The good structures that mutants are made from, written in words: nothing of them comes from the program's builder.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use rootrite::pki::pem;
use sha1::{Digest as _, Sha1};

use crate::tree::*;

/// Object identifiers of extensions and what is in them.
pub mod known {
    pub const SKI: &str = "2.5.29.14";
    pub const KU: &str = "2.5.29.15";
    pub const SAN: &str = "2.5.29.17";
    pub const BC: &str = "2.5.29.19";
    pub const CRL_NUMBER: &str = "2.5.29.20";
    pub const REASON: &str = "2.5.29.21";
    pub const INVALIDITY_DATE: &str = "2.5.29.24";
    pub const DELTA: &str = "2.5.29.27";
    pub const IDP: &str = "2.5.29.28";
    pub const CERTIFICATE_ISSUER: &str = "2.5.29.29";
    pub const NC: &str = "2.5.29.30";
    pub const CDP: &str = "2.5.29.31";
    pub const CP: &str = "2.5.29.32";
    pub const AKI: &str = "2.5.29.35";
    pub const EKU: &str = "2.5.29.37";
    pub const FRESHEST: &str = "2.5.29.46";
    pub const AIA: &str = "1.3.6.1.5.5.7.1.1";
    pub const NO_CHECK: &str = "1.3.6.1.5.5.7.48.1.5";
    pub const NONCE: &str = "1.3.6.1.5.5.7.48.1.2";
    pub const POISON: &str = "1.3.6.1.4.1.11129.2.4.3";
    pub const OCSP: &str = "1.3.6.1.5.5.7.48.1";
    pub const CA_ISSUERS: &str = "1.3.6.1.5.5.7.48.2";
    pub const SERVER: &str = "1.3.6.1.5.5.7.3.1";
    pub const CLIENT: &str = "1.3.6.1.5.5.7.3.2";
    pub const CODE: &str = "1.3.6.1.5.5.7.3.3";
    pub const EMAIL: &str = "1.3.6.1.5.5.7.3.4";
    pub const TIME: &str = "1.3.6.1.5.5.7.3.8";
    pub const OCSP_SIGNING: &str = "1.3.6.1.5.5.7.3.9";
    pub const IPSEC: &str = "1.3.6.1.5.5.7.3.17";
    pub const ANY_PURPOSE: &str = "2.5.29.37.0";
    pub const PRECERTIFICATE: &str = "1.3.6.1.4.1.11129.2.4.4";
    pub const DV: &str = "2.23.140.1.2.1";
    pub const OV: &str = "2.23.140.1.2.2";
    pub const ANY_POLICY: &str = "2.5.29.32.0";
    pub const OWN_POLICY: &str = "1.3.6.1.4.1.99999.1";
    pub const CPS: &str = "1.3.6.1.5.5.7.2.1";
    pub const NOTICE: &str = "1.3.6.1.5.5.7.2.2";
}
use known::*;

pub const SHA256_RSA: &str = "300d06092a864886f70d01010b0500";
pub const SHA384_RSA: &str = "300d06092a864886f70d01010c0500";
pub const ECDSA_SHA256: &str = "300a06082a8648ce3d040302";
pub const ECDSA_SHA384: &str = "300a06082a8648ce3d040303";
pub const ECDSA_SHA512: &str = "300a06082a8648ce3d040304";

/// A P-384 point.
pub const ROOT_POINT: &str =
    "04aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7
     3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f";
/// A P-256 point.
pub const SUBORDINATE_POINT: &str = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296
     4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
/// ISRG Root X2's, P-384.
pub const EXISTING_POINT: &str =
    "04cd9bd59f80830aec094af3164a3e5ccf77acde67050d1d07b6dc16fb5a8b14dbe27160c4ba459511898eea06dff72a16
     1ca4b9c5c532e003e01e8218388bd745d80a6a6ee60077fb02517d22d80a6e9a5b77dff0fa41ec39dc75ca68070c1fea";
/// A P-521 point.
pub const RESPONDER_POINT: &str =
    "0400c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ff
     a8de3348b3c1856a429bf97e7e31c2e5bd66011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e
     662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650";

pub fn ec_key(curve: &str, point: &str) -> Node {
    sequence([sequence([oid("1.2.840.10045.2.1"), oid(curve)]), bit_string(&unhex(point))])
}

pub const P256: &str = "1.2.840.10045.3.1.7";
pub const P384: &str = "1.3.132.0.34";
pub const P521: &str = "1.3.132.0.35";

/// An RSA key of a modulus and an exponent.
pub fn rsa_key(modulus: &[u8], exponent: &str) -> Node {
    let modulus = if modulus[0] & 0x80 == 0 { modulus.to_vec() } else { [&[0], modulus].concat() };
    let numbers = sequence([primitive(2, modulus), integer(exponent)]);
    sequence([sequence([oid("1.2.840.113549.1.1.1"), null()]), bit_string(&numbers.der())])
}

pub fn rsa_2048() -> Node {
    rsa_request().at(&[0, 2]).clone()
}

pub fn rsa_4096() -> Node {
    Node::read(&block(include_bytes!("rsa-4096.spki.pem")))
}

/// One key of each kind.
pub fn keys() -> Vec<Node> {
    let curves = [(P256, SUBORDINATE_POINT), (P384, ROOT_POINT), (P521, RESPONDER_POINT)];
    let curves = curves.iter().map(|(curve, point)| ec_key(curve, point));
    let ed25519 = sequence([sequence([oid("1.3.101.112")]), bit_string(&[9; 32])]);
    curves.chain([rsa_2048(), rsa_4096(), ed25519]).collect()
}

/// The modulus of an RSA key, unsigned.
pub fn modulus(key: &Node) -> Vec<u8> {
    let mut key = key.clone();
    let mut numbers = Node::read(&key.at(&[1]).octets()[1..]);
    let octets = numbers.at(&[0]).octets();
    octets[usize::from(octets[0] == 0)..].to_vec()
}

/// A request that openssl made, signed; its private key is thrown away.
pub fn rsa_request() -> Node {
    Node::read(&block(include_bytes!("rsa-2048.csr.pem")))
}

fn block(text: &[u8]) -> Vec<u8> {
    pem::read(text).unwrap()[0].octets.clone()
}

/// SHA-1 of the content of the BIT STRING: RFC 5280 §4.2.1.2 (1).
pub fn key_identifier(key: &Node) -> Vec<u8> {
    let mut key = key.clone();
    Sha1::digest(&key.at(&[1]).octets()[1..]).to_vec()
}

pub fn extension(kind: &str, critical: bool, value: &Node) -> Node {
    let critical = critical.then(|| boolean(true));
    sequence([oid(kind)].into_iter().chain(critical).chain([octet_string(value.der())]))
}

pub fn purposes(list: &[&str]) -> Node {
    sequence(list.iter().map(|one| oid(one)))
}

pub fn policies(list: &[&str]) -> Node {
    sequence(list.iter().map(|one| sequence([oid(one)])))
}

pub fn distribution_points(uris: &[&str]) -> Node {
    sequence(uris.iter().map(|one| sequence([explicit(0, explicit(0, uri(one)))])))
}

pub fn access(list: &[(&str, &str)]) -> Node {
    sequence(list.iter().map(|(method, location)| sequence([oid(method), uri(location)])))
}

pub fn authority(identifier: &[u8]) -> Node {
    sequence([primitive(0x80, identifier)])
}

pub const ROOT: &str = "C=US|O=Example Trust Services|CN=Example Root X1";
pub const EXISTING: &str = "C=US|O=Example Trust Services|CN=Example Root X2";

/// A certificate, to be changed.
#[derive(Clone, Debug)]
pub struct Certificate(pub Node);

struct Parts<'a> {
    serial: &'a str,
    algorithm: &'a str,
    issuer: &'a str,
    subject: &'a str,
    not_after: &'a str,
    key: Node,
    extensions: Vec<Node>,
}

/// Not before is the day of signing for all.
pub const NOT_BEFORE: &str = "261101000000Z";

impl Certificate {
    fn new(parts: Parts<'_>) -> Self {
        let algorithm = parsed(parts.algorithm);
        let tbs = sequence([
            explicit(0, integer("02")),
            integer(parts.serial),
            algorithm.clone(),
            name(parts.issuer),
            sequence([time(NOT_BEFORE), time(parts.not_after)]),
            name(parts.subject),
            parts.key,
            explicit(3, sequence(parts.extensions)),
        ]);
        Self(sequence([tbs, algorithm.clone(), signature(&algorithm)]))
    }

    fn self_signed(key: Node, algorithm: &str, subject: &str, serial: &str) -> Self {
        let identifier = key_identifier(&key);
        let extensions = vec![
            extension(KU, true, &parsed("03020106")),
            extension(BC, true, &sequence([boolean(true)])),
            extension(SKI, false, &octet_string(identifier.clone())),
            extension(AKI, false, &authority(&identifier)),
        ];
        // 3650 days, the last second included.
        let not_after = "361028235959Z";
        Self::new(Parts { serial, algorithm, issuer: subject, subject, not_after, key, extensions })
    }

    /// A root on P-384.
    pub fn root() -> Self {
        let serial = "4a0102030405060708090a0b0c0d0e0f";
        Self::self_signed(ec_key(P384, ROOT_POINT), ECDSA_SHA384, ROOT, serial)
    }

    /// A root of RSA, 4096 bits.
    pub fn rsa_root() -> Self {
        Self::self_signed(rsa_4096(), SHA256_RSA, ROOT, "4b0102030405060708090a0b0c0d0e0f")
    }

    /// The root being cross-signed.
    pub fn existing() -> Self {
        let serial = "4c0102030405060708090a0b0c0d0e0f";
        Self::self_signed(ec_key(P384, EXISTING_POINT), ECDSA_SHA384, EXISTING, serial)
    }

    fn issued(subject: &str, key: Node, serial: &str, extensions: Vec<Node>) -> Self {
        let not_after = "291030235959Z";
        Self::new(Parts {
            serial,
            algorithm: ECDSA_SHA384,
            issuer: ROOT,
            subject,
            not_after,
            key,
            extensions,
        })
    }

    fn ca(key: &Node, purpose: &[&str], policy: &[&str], path_length: bool) -> Vec<Node> {
        let root = key_identifier(&ec_key(P384, ROOT_POINT));
        let constraints = [boolean(true)].into_iter().chain(path_length.then(|| integer("00")));
        vec![
            extension(KU, true, &parsed("03020106")),
            extension(EKU, false, &purposes(purpose)),
            extension(BC, true, &sequence(constraints)),
            extension(SKI, false, &octet_string(key_identifier(key))),
            extension(AKI, false, &authority(&root)),
            extension(AIA, false, &access(&[(CA_ISSUERS, "http://x1.i.example.com/")])),
            extension(CP, false, &policies(policy)),
            extension(CDP, false, &distribution_points(&["http://x1.c.example.com/"])),
        ]
    }

    /// A TLS subordinate CA on P-256.
    pub fn subordinate() -> Self {
        let key = ec_key(P256, SUBORDINATE_POINT);
        let extensions = Self::ca(&key, &[SERVER], &[DV], true);
        Self::issued("C=US|O=Example Trust Services|CN=E1", key, SUBORDINATE_SERIAL, extensions)
    }

    /// A TLS subordinate CA of RSA, 2048 bits.
    pub fn rsa_subordinate() -> Self {
        let extensions = Self::ca(&rsa_2048(), &[SERVER], &[DV], true);
        let serial = "520102030405060708090a0b0c0d0e0f";
        Self::issued("C=US|O=Example Trust Services|CN=R1", rsa_2048(), serial, extensions)
    }

    /// A cross-certificate onto [`Certificate::existing`].
    pub fn cross() -> Self {
        let key = ec_key(P384, EXISTING_POINT);
        let extensions = Self::ca(&key, &[SERVER], &[DV], false);
        Self::issued(EXISTING, key, "530102030405060708090a0b0c0d0e0f", extensions)
    }

    /// A subordinate CA for e-mail, technically constrained.
    pub fn constrained() -> Self {
        let key = ec_key(P256, SUBORDINATE_POINT);
        let mut extensions = Self::ca(&key, &[EMAIL], &[OWN_POLICY], true);
        let subtrees = sequence([
            explicit(0, sequence([primitive(0x81, "example.com")])),
            explicit(1, sequence([primitive(0x82, "")])),
        ]);
        extensions.push(extension(NC, true, &subtrees));
        let serial = "540102030405060708090a0b0c0d0e0f";
        Self::issued("C=US|O=Example Trust Services|CN=Mail E2", key, serial, extensions)
    }

    /// A delegated OCSP responder on P-521.
    pub fn responder() -> Self {
        let key = ec_key(P521, RESPONDER_POINT);
        let root = key_identifier(&ec_key(P384, ROOT_POINT));
        let extensions = vec![
            extension(KU, true, &parsed("03020780")),
            extension(EKU, false, &purposes(&[OCSP_SIGNING])),
            extension(SKI, false, &octet_string(key_identifier(&key))),
            extension(AKI, false, &authority(&root)),
            extension(NO_CHECK, false, &null()),
        ];
        let subject = "C=US|O=Example Trust Services|CN=Example Root X1 OCSP";
        Self::issued(subject, key, "550102030405060708090a0b0c0d0e0f", extensions)
    }

    pub fn der(&self) -> Vec<u8> {
        self.0.der()
    }

    /// An element of the TBSCertificate.
    pub fn field(&mut self, index: usize) -> &mut Node {
        self.0.at(&[0, index])
    }

    /// Sets the algorithm in both places, hex.
    pub fn algorithm(&mut self, octets: &str) {
        *self.field(2) = parsed(octets);
        *self.0.at(&[1]) = parsed(octets);
    }

    pub fn subject(&mut self, text: &str) {
        *self.field(5) = name(text);
    }

    /// Sets subject and issuer, as a root has them.
    pub fn both_names(&mut self, text: &str) {
        *self.field(3) = name(text);
        *self.field(5) = name(text);
    }

    pub fn not_before(&mut self, node: Node) {
        *self.field(4).at(&[0]) = node;
    }

    pub fn not_after(&mut self, node: Node) {
        *self.field(4).at(&[1]) = node;
    }

    pub fn key(&mut self, key: Node) {
        *self.field(6) = key;
    }

    pub fn extensions(&mut self) -> &mut Vec<Node> {
        self.field(7).at(&[0]).nodes()
    }
}

pub const SUBORDINATE_SERIAL: &str = "510102030405060708090a0b0c0d0e0f";

/// Structures that have a list of extensions.
pub trait Extended {
    fn list(&mut self) -> &mut Vec<Node>;

    fn extension(&mut self, kind: &str) -> &mut Node {
        let wanted = oid(kind);
        let place = self.list().iter_mut().position(|one| *one.at(&[0]) == wanted);
        &mut self.list()[place.unwrap()]
    }

    fn without(&mut self, kind: &str) {
        let wanted = oid(kind);
        let before = self.list().len();
        self.list().retain_mut(|one| *one.at(&[0]) != wanted);
        assert_eq!(self.list().len() + 1, before, "there was no {kind}");
    }

    /// Adds an extension.
    fn with(&mut self, kind: &str, critical: bool, value: &Node) {
        self.list().push(extension(kind, critical, value));
    }

    /// Sets the value of an extension that is there.
    fn value(&mut self, kind: &str, value: &Node) {
        *self.extension(kind).nodes().last_mut().unwrap() = octet_string(value.der());
    }

    /// Makes a critical extension one that is not, or the other way round.
    fn turn(&mut self, kind: &str) {
        let nodes = self.extension(kind).nodes();
        if nodes.len() == 3 { drop(nodes.remove(1)) } else { nodes.insert(1, boolean(true)) }
    }
}

impl Extended for Certificate {
    fn list(&mut self) -> &mut Vec<Node> {
        self.extensions()
    }
}

/// A signature of the algorithm's form over nothing: rules do not verify, and linters do not either.
fn signature(algorithm: &Node) -> Node {
    if algorithm.der() == unhex(SHA256_RSA) {
        return bit_string(&[0x5a; 512]);
    }
    bit_string(&sequence([primitive(2, [0x5a; 48]), primitive(2, [0x5b; 48])]).der())
}

/// A CRL, to be changed.
#[derive(Clone, Debug)]
pub struct Crl(pub Node);

impl Crl {
    /// The root's: number 6, 364 days, the subordinate CA superseded.
    pub fn good() -> Self {
        let algorithm = parsed(ECDSA_SHA384);
        let tbs = sequence([
            integer("01"),
            algorithm.clone(),
            name(ROOT),
            time("261101000000Z"),
            time("271030235959Z"),
            sequence([entry(SUBORDINATE_SERIAL, "261031120000Z", Some(4))]),
            explicit(
                0,
                sequence([
                    extension(AKI, false, &authority(&key_identifier(&ec_key(P384, ROOT_POINT)))),
                    extension(CRL_NUMBER, false, &integer("06")),
                ]),
            ),
        ]);
        Self(sequence([tbs, algorithm.clone(), signature(&algorithm)]))
    }

    /// The same with nothing revoked.
    pub fn empty() -> Self {
        let mut crl = Self::good();
        crl.0.at(&[0]).nodes().remove(5);
        crl
    }

    /// The RSA root's.
    pub fn by_rsa() -> Self {
        let mut crl = Self::good();
        crl.algorithm(SHA256_RSA);
        crl.value(AKI, &authority(&key_identifier(&rsa_4096())));
        *crl.0.at(&[2]) = signature(&parsed(SHA256_RSA));
        crl
    }

    pub fn field(&mut self, index: usize) -> &mut Node {
        self.0.at(&[0, index])
    }

    pub fn algorithm(&mut self, octets: &str) {
        *self.field(1) = parsed(octets);
        *self.0.at(&[1]) = parsed(octets);
    }

    /// The entries.
    pub fn entries(&mut self) -> &mut Vec<Node> {
        self.field(5).nodes()
    }

    /// The extensions of the first entry.
    pub fn entry_extensions(&mut self) -> &mut Node {
        self.0.at(&[0, 5, 0, 2])
    }

    /// Sets the reason of the first entry to this element.
    pub fn reason(&mut self, value: &Node) {
        *self.entry_extensions() = sequence([extension(REASON, false, value)]);
    }
}

impl Extended for Crl {
    fn list(&mut self) -> &mut Vec<Node> {
        let last = self.0.at(&[0]).nodes().len() - 1;
        self.0.at(&[0, last, 0]).nodes()
    }
}

/// An entry of a CRL.
pub fn entry(serial: &str, revoked_at: &str, reason: Option<u8>) -> Node {
    let extensions = reason.map(|code| sequence([extension(REASON, false, &primitive(0x0a, [code]))]));
    sequence([integer(serial), time(revoked_at)].into_iter().chain(extensions))
}

/// An OCSP response, to be changed: the BasicOCSPResponse inside.
#[derive(Clone, Debug)]
pub struct Ocsp(pub Node);

impl Ocsp {
    /// The delegate's, by key, about the subordinate CA: good, 364 days.
    pub fn delegated() -> Self {
        Self::new(&ec_key(P521, RESPONDER_POINT), ECDSA_SHA512, Some(Certificate::responder()))
    }

    /// The root's own.
    pub fn direct() -> Self {
        Self::new(&ec_key(P384, ROOT_POINT), ECDSA_SHA384, None)
    }

    fn new(signer: &Node, algorithm: &str, enclosed: Option<Certificate>) -> Self {
        let issuer = ec_key(P384, ROOT_POINT);
        let id = sequence([
            parsed("300906052b0e03021a0500"),
            octet_string(Sha1::digest(name(ROOT).der()).to_vec()),
            octet_string(key_identifier(&issuer)),
            integer(SUBORDINATE_SERIAL),
        ]);
        let single = sequence([
            id,
            primitive(0x80, []),
            generalized("20261101000000Z"),
            explicit(0, generalized("20271030235959Z")),
        ]);
        let tbs = sequence([
            explicit(2, octet_string(key_identifier(signer))),
            generalized("20261101080000Z"),
            sequence([single]),
        ]);
        let algorithm = parsed(algorithm);
        let enclosed = enclosed.map(|certificate| explicit(0, sequence([certificate.0])));
        Self(sequence([tbs, algorithm.clone(), signature(&algorithm)].into_iter().chain(enclosed)))
    }

    pub fn der(&self) -> Vec<u8> {
        let bytes = sequence([oid("1.3.6.1.5.5.7.48.1.1"), octet_string(self.0.der())]);
        sequence([primitive(0x0a, [0]), explicit(0, bytes)]).der()
    }

    /// The one SingleResponse.
    pub fn single(&mut self) -> &mut Node {
        let responses = self.0.at(&[0]).nodes().iter().position(|one| one.tag == 0x30).unwrap();
        self.0.at(&[0, responses, 0])
    }

    /// Makes it revoked, with a reason or without.
    pub fn revoked(&mut self, at: &str, reason: Option<u8>) {
        let reason = reason.map(|code| explicit(0, primitive(0x0a, [code])));
        *self.single().at(&[1]) = node(0xa1, [generalized(at)].into_iter().chain(reason));
    }
}

/// A request, to be changed and signed again.
#[derive(Clone, Debug)]
pub struct Request(pub Node);

impl Request {
    /// On P-256, by a key that is made now and forgotten. `change` comes before it is signed.
    pub fn signed(change: impl FnOnce(&mut Node)) -> Self {
        let (random, kind) = (SystemRandom::new(), &ECDSA_P256_SHA256_ASN1_SIGNING);
        let pair = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(kind, pair.as_ref(), &random).unwrap();
        let point = rootrite::digest::hex(pair.public_key().as_ref());
        let mut info = sequence([
            integer("00"),
            name("C=US|O=Example Trust Services|CN=E1"),
            ec_key(P256, &point),
            node(0xa0, []),
        ]);
        change(&mut info);
        let signature = pair.sign(&random, &info.der()).unwrap();
        Self(sequence([info, parsed(ECDSA_SHA256), bit_string(signature.as_ref())]))
    }
}
