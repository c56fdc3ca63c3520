//! Certificates with one fault each.

use rootrite::rule::Kind;

use crate::corpus::Corpus;
use crate::good::known::*;
use crate::good::*;
use crate::judge::{issued, subordinate};
use crate::tree::*;

type Change = fn(&mut Certificate);

/// Every certificate.
pub fn all(corpus: &mut Corpus) {
    good(corpus);
    for (what, change, rules) in COMMON {
        for (base, kind) in [
            (Certificate::root(), Kind::Root),
            (Certificate::subordinate(), Kind::Subordinate),
            (Certificate::responder(), Kind::OcspResponder),
        ] {
            corpus.certificate(base, kind, what, change, rules);
        }
    }
    for (what, change, rules) in KEYS {
        for (base, kind) in
            [(Certificate::subordinate(), Kind::Subordinate), (Certificate::responder(), Kind::OcspResponder)]
        {
            corpus.certificate(base, kind, what, change, rules);
        }
    }
    for (what, change, rules) in RSA {
        corpus.certificate(Certificate::rsa_root(), Kind::Root, what, change, rules);
    }
    for (what, change, rules) in ROOTS {
        corpus.certificate(Certificate::root(), Kind::Root, what, change, rules);
    }
    for (what, change, rules) in SUBORDINATES {
        corpus.certificate(Certificate::subordinate(), Kind::Subordinate, what, change, rules);
    }
    for (what, change, rules) in ISSUED {
        for (base, kind) in [
            (Certificate::rsa_subordinate(), Kind::Subordinate),
            (Certificate::responder(), Kind::OcspResponder),
        ] {
            corpus.certificate(base, kind, what, change, rules);
        }
    }
    for (what, change, rules) in CROSSES {
        corpus.certificate(Certificate::cross(), Kind::Cross, what, change, rules);
    }
    for (what, change, rules) in CONSTRAINED {
        corpus.certificate(Certificate::constrained(), Kind::TechnicallyConstrained, what, change, rules);
    }
    for (what, change, rules) in RESPONDERS {
        corpus.certificate(Certificate::responder(), Kind::OcspResponder, what, change, rules);
    }
    from_the_ledger(corpus);
}

/// The good ones, and what the Baseline Requirements allow although many object to it.
fn good(corpus: &mut Corpus) {
    for (base, kind) in [
        (Certificate::root(), Kind::Root),
        (Certificate::rsa_root(), Kind::Root),
        (Certificate::subordinate(), Kind::Subordinate),
        (Certificate::rsa_subordinate(), Kind::Subordinate),
        (Certificate::cross(), Kind::Cross),
        (Certificate::constrained(), Kind::TechnicallyConstrained),
        (Certificate::responder(), Kind::OcspResponder),
    ] {
        corpus.certificate(base, kind, "as it is", |_| {}, "");
    }
    corpus.certificate(Certificate::existing(), Kind::Root, "the one being cross-signed", |_| {}, "");
    for (what, change) in GOOD_ROOTS {
        corpus.certificate(Certificate::root(), Kind::Root, what, change, "");
    }
    for (what, change) in GOOD_SUBORDINATES {
        corpus.certificate(Certificate::subordinate(), Kind::Subordinate, what, change, "");
    }
    corpus.certificate(
        Certificate::responder(),
        Kind::OcspResponder,
        "empty basic constraints",
        |one| one.with(BC, true, &sequence([])),
        "",
    );
    corpus.certificate(
        Certificate::responder(),
        Kind::OcspResponder,
        "fifty years",
        |one| one.not_after(generalized("20501031235959Z")),
        "CRT-12",
    );
}

const GOOD_ROOTS: &[(&str, Change)] = &[
    ("2922 days", |one| one.not_after(time("341031235959Z"))),
    ("digital signature", |one| one.value(KU, &parsed("03020186"))),
    ("name of an apostrophe", |one| one.both_names("C=US|O=printable:Let's Encrypt|CN=Root")),
    ("name of 64 characters that have 128 octets", |one| {
        one.both_names(&format!("C=US|O=Example|CN={}", "ü".repeat(64)));
    }),
    ("serial of 20 octets", |one| *one.field(1) = integer("7f0102030405060708090a0b0c0d0e0f10111213")),
    ("key identifier of 32 octets", |one| {
        one.value(SKI, &octet_string([7; 32]));
        one.value(AKI, &authority(&[7; 32]));
    }),
];

const GOOD_SUBORDINATES: &[(&str, Change)] = &[
    ("any policy alone", |one| one.value(CP, &policies(&[ANY_POLICY]))),
    ("no path length", |one| one.value(BC, &sequence([boolean(true)]))),
    ("reserved policy before an own one", |one| one.value(CP, &policies(&[DV, OWN_POLICY]))),
    ("digital signature", |one| one.value(KU, &parsed("03020186"))),
    ("OCSP and CA issuers", |one| {
        one.value(AIA, &access(&[(OCSP, "http://o.example.com/"), (CA_ISSUERS, "http://i.example.com/")]));
    }),
    ("until the last second of its issuer", |one| one.not_after(time("291030235959Z"))),
];

/// On a root, a subordinate CA and a responder alike.
const COMMON: &[(&str, Change, &str)] = &[
    ("version 1", |one| drop(one.0.at(&[0]).nodes().remove(0)), "CRT-01"),
    ("version 2", |one| *one.field(0) = explicit(0, integer("01")), "CRT-01"),
    ("version 4", |one| *one.field(0) = explicit(0, integer("03")), "CRT-01"),
    ("version 1 written out", |one| *one.field(0) = explicit(0, integer("00")), "CRT-01 CRT-07"),
    ("version in two octets", |one| *one.field(0) = explicit(0, integer("0002")), "CRT-01 CRT-07"),
    ("serial zero", |one| *one.field(1) = integer("00"), "CRT-02"),
    ("serial negative", |one| one.field(1).octets()[0] |= 0x80, "CRT-02"),
    ("serial of 21 octets", |one| *one.field(1) = integer(&format!("00ff{}", "01".repeat(19))), "CRT-02"),
    ("serial with a zero before", |one| one.field(1).octets().insert(0, 0), "CRT-02 CRT-07"),
    ("serial of 8 octets", |one| *one.field(1) = integer("4102030405060708"), "CRT-02"),
    ("issuer unique id", |one| one.0.at(&[0]).nodes().insert(7, primitive(0x81, [0, 1])), "CRT-05"),
    ("subject unique id", |one| one.0.at(&[0]).nodes().insert(7, primitive(0x82, [0, 1])), "CRT-05"),
    (
        "an extension twice",
        |one| {
            let twice = one.extension(SKI).clone();
            one.list().push(twice);
        },
        "CRT-06",
    ),
    ("critical FALSE written out", |one| one.extension(SKI).nodes().insert(1, boolean(false)), "CRT-07"),
    ("critical TRUE as 01", |one| *one.extension(KU).at(&[1]) = primitive(1, [1]), "CRT-07"),
    ("octets after an extension's value", |one| one.extension(SKI).at(&[1]).octets().push(0), "CRT-07"),
    (
        "key usage with trailing zeros",
        |one| one.extension(KU).at(&[2]).octets().splice(2..3, [0]).for_each(drop),
        "CRT-07",
    ),
    ("name in a long length", |one| one.field(5).lengthen(), "CRT-07 ROOT-01@root"),
    ("extension in a long length", |one| one.extension(AKI).lengthen(), "CRT-07"),
    (
        "value of an extension in a long length",
        |one| one.extension(AKI).at(&[1]).inside(Node::lengthen),
        "CRT-07",
    ),
    ("certificate in a long length", |one| one.0.lengthen(), "CRT-07"),
    (
        "extensions of indefinite length",
        |one| {
            let list = one.field(7).der();
            one.field(7).set_raw(
                [
                    &[0xa3, 0x80],
                    &list[2 + usize::from(list[1] & 0x80 != 0) + usize::from(list[1] == 0x82)..],
                    &[0, 0],
                ]
                .concat(),
            );
        },
        "CRT-07",
    ),
    ("octets after the signature", |one| one.0.nodes().push(null()), "CRT-07"),
    ("octets after the extensions", |one| one.0.at(&[0]).nodes().push(null()), "CRT-07"),
    ("signature with unused bits", |one| one.0.at(&[2]).octets()[0] = 1, "CRT-07"),
    (
        "constructed string in the name",
        |one| {
            *one.field(5).at(&[2, 0, 1]) = raw("2c040c024531");
        },
        "CRT-07 NAME-04 ROOT-01@root",
    ),
    (
        "set of a name out of order",
        |one| {
            let mut part = name("ST=A+L=B").at(&[0]).clone();
            part.nodes().reverse();
            one.field(5).nodes().insert(1, part);
        },
        "CRT-07 NAME-01 ROOT-01@root",
    ),
    ("not after before not before", |one| one.not_after(time("261031235959Z")), "CRT-09"),
    ("not before as GeneralizedTime", |one| one.not_before(generalized("20261101000000Z")), "CRT-10"),
    (
        "not after as GeneralizedTime",
        |one| one.not_after(generalized("20361028235959Z")),
        "CRT-10 w:CHR-04@subordinate",
    ),
    ("not before without seconds", |one| one.not_before(primitive(0x17, "2611010000Z")), "CRT-10"),
    ("not before with an offset", |one| one.not_before(primitive(0x17, "261101010000+0100")), "CRT-10"),
    ("not before without Z", |one| one.not_before(primitive(0x17, "261101000000")), "CRT-07"),
    ("not before on February 30", |one| one.not_before(primitive(0x17, "260230000000Z")), "CRT-07"),
    (
        "not before a day and a second before signing",
        |one| one.not_before(time("261031075959Z")),
        "ROOT-03@root CRT-08@issued",
    ),
    (
        "not before a second after signing",
        |one| one.not_before(time("261101080001Z")),
        "ROOT-03@root CRT-08@issued",
    ),
    ("extension that nobody lists", |one| one.with("1.3.6.1.4.1.99999.7", false, &null()), "w:CRT-11"),
    (
        "extension of Netscape",
        |one| one.with("2.16.840.1.113730.1.1", false, &parsed("03020007")),
        "w:CRT-11",
    ),
    ("outer algorithm of another hash", |one| *one.0.at(&[1]) = parsed(ECDSA_SHA256), "CRT-03"),
    ("inner algorithm of another hash", |one| *one.field(2) = parsed(ECDSA_SHA256), "ALG-02 CRT-03"),
    ("SHA-256 on P-384", |one| one.algorithm(ECDSA_SHA256), "ALG-02"),
    ("SHA-512 on P-384", |one| one.algorithm(ECDSA_SHA512), "ALG-02"),
    ("RSA by a key on P-384", |one| one.algorithm(SHA384_RSA), "ALG-02"),
    ("ECDSA with parameters NULL", |one| one.algorithm("300c06082a8648ce3d0403030500"), "ALG-01 ALG-02"),
    ("ECDSA with SHA-1", |one| one.algorithm("300906072a8648ce3d0401"), "ALG-01 ALG-02"),
    ("ECDSA with SHA-224", |one| one.algorithm("300a06082a8648ce3d040301"), "ALG-01 ALG-02"),
    ("Ed25519", |one| one.algorithm("300506032b6570"), "ALG-01 ALG-02"),
];

/// Keys, on a subordinate CA and on a responder: a root would also sign by them.
const KEYS: &[(&str, Change, &str)] = &[
    ("key on P-224", |one| one.key(ec_key("1.3.132.0.33", &format!("04{}", "01".repeat(56)))), "KEY-05"),
    (
        "key on secp256k1",
        |one| {
            one.key(ec_key(
                "1.3.132.0.10",
                "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798
            483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
            ));
        },
        "KEY-05",
    ),
    (
        "key with explicit parameters of a curve",
        |one| {
            *one.field(6).at(&[0, 1]) = sequence([integer("01")]);
        },
        "KEY-05",
    ),
    (
        "point that is not on its curve",
        |one| *one.field(6).at(&[1]).octets().last_mut().unwrap() ^= 1,
        "KEY-04",
    ),
    (
        "point compressed",
        |one| {
            let bits = one.field(6).at(&[1]).octets();
            let sign = 2 + (bits.last().unwrap() & 1);
            bits[1] = sign;
            bits.truncate(2 + (bits.len() - 2) / 2);
        },
        "KEY-04",
    ),
    ("point at infinity", |one| *one.field(6).at(&[1]) = bit_string(&[0]), "KEY-04"),
    ("key as a bit string with unused bits", |one| one.field(6).at(&[1]).octets()[0] = 1, "KEY-04"),
    (
        "RSA key without NULL",
        |one| {
            let mut key = rsa_2048();
            key.at(&[0]).nodes().pop();
            one.key(key);
        },
        "KEY-05",
    ),
    (
        "RSA key by the identifier of PSS",
        |one| {
            let mut key = rsa_2048();
            *key.at(&[0, 0]) = oid("1.2.840.113549.1.1.10");
            one.key(key);
        },
        "KEY-05",
    ),
    (
        "key of DSA",
        |one| {
            *one.field(6) =
                sequence([sequence([oid("1.2.840.10040.4.1")]), bit_string(&integer("05").der())]);
        },
        "KEY-05",
    ),
    (
        "key of Ed25519",
        |one| one.key(sequence([sequence([oid("1.3.101.112")]), bit_string(&[9; 32])])),
        "KEY-05",
    ),
    (
        "RSA of 2047 bits",
        |one| {
            one.key(rsa_key(&without_small_factors(&[0x7f], 255), "010001"));
        },
        "KEY-01",
    ),
    ("RSA of 2050 bits", |one| one.key(rsa_key(&without_small_factors(&[3], 256), "010001")), "KEY-01"),
    ("RSA of 1024 bits", |one| one.key(rsa_key(&without_small_factors(&[], 128), "010001")), "KEY-01"),
    ("RSA exponent 1", |one| one.key(rsa_key(&modulus(&rsa_2048()), "01")), "KEY-02"),
    ("RSA exponent even", |one| one.key(rsa_key(&modulus(&rsa_2048()), "010000")), "KEY-02"),
    ("RSA exponent 3", |one| one.key(rsa_key(&modulus(&rsa_2048()), "03")), "w:KEY-02"),
    (
        "RSA exponent above 2^256",
        |one| one.key(rsa_key(&modulus(&rsa_2048()), &format!("01{}01", "00".repeat(31)))),
        "w:KEY-02",
    ),
    (
        "RSA modulus even",
        |one| {
            let mut octets = modulus(&rsa_2048());
            *octets.last_mut().unwrap() &= 0xfe;
            one.key(rsa_key(&octets, "010001"));
        },
        "KEY-03",
    ),
    ("RSA modulus with the factor 3", |one| one.key(rsa_key(&multiple_of(3), "010001")), "KEY-03"),
    ("RSA modulus with the factor 751", |one| one.key(rsa_key(&multiple_of(751), "010001")), "KEY-03"),
    ("RSA modulus of primes that are near", |one| one.key(rsa_key(&near_primes(), "010001")), "KEY-10"),
    ("RSA modulus of ROCA", |one| one.key(rsa_key(&roca(), "010001")), "KEY-09"),
    (
        "RSA modulus negative",
        |one| {
            let numbers = sequence([primitive(2, modulus(&rsa_2048())), integer("010001")]);
            let mut key = rsa_2048();
            *key.at(&[1]) = bit_string(&numbers.der());
            one.key(key);
        },
        "KEY-04",
    ),
];

/// On a root of RSA.
const RSA: &[(&str, Change, &str)] = &[
    ("SHA-1", |one| one.algorithm("300d06092a864886f70d0101050500"), "ALG-01 ALG-02"),
    ("MD5", |one| one.algorithm("300d06092a864886f70d0101040500"), "ALG-01 ALG-02"),
    ("SHA-224", |one| one.algorithm("300d06092a864886f70d01010e0500"), "ALG-01 ALG-02"),
    ("SHA-256 without NULL", |one| one.algorithm("300b06092a864886f70d01010b"), "ALG-01 ALG-02"),
    ("PSS without parameters", |one| one.algorithm("300b06092a864886f70d01010a"), "ALG-01 ALG-02"),
    (
        "PSS with a salt of 20 octets",
        |one| {
            one.algorithm("304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d01010830
                       0d06096086480165030402010500a203020114");
        },
        "ALG-01 ALG-02",
    ),
    (
        "PSS with two hashes",
        |one| {
            one.algorithm("304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d01010830
                       0d06096086480165030402020500a203020120");
        },
        "ALG-01 ALG-02",
    ),
    ("ECDSA by a key of RSA", |one| one.algorithm(ECDSA_SHA384), "ALG-02"),
    ("2048 bits", |one| one.key(rsa_2048()), "w:APL-01"),
];

/// On a root.
const ROOTS: &[(&str, Change, &str)] = &[
    ("issuer of another name", |one| *one.field(3) = name(EXISTING), "ROOT-01"),
    (
        "issuer of other string types",
        |one| {
            *one.field(3) = name("C=US|O=printable:Example Trust Services|CN=Example Root X1");
        },
        "ROOT-01",
    ),
    ("a second less than 2922 days", |one| one.not_after(time("341031235958Z")), "ROOT-02"),
    ("a second more than 9132 days", |one| one.not_after(generalized("20511102000000Z")), "ROOT-02 w:MS-02"),
    ("9132 days", |one| one.not_after(generalized("20511101235959Z")), "w:MS-02"),
    ("3660 days and a second", |one| one.not_after(time("361108000000Z")), "w:MS-02"),
    ("not after as UTCTime of 1950", |one| one.not_after(time("501101000000Z")), "CRT-07"),
    ("no basic constraints", |one| one.without(BC), "ROOT-04"),
    ("basic constraints not critical", |one| one.turn(BC), "ROOT-04"),
    ("basic constraints that say no CA", |one| one.value(BC, &sequence([])), "ROOT-04"),
    (
        "basic constraints that write out no CA",
        |one| one.value(BC, &sequence([boolean(false)])),
        "CRT-07 ROOT-04",
    ),
    ("CA as 01", |one| one.value(BC, &sequence([primitive(1, [1])])), "CRT-07"),
    ("path length", |one| one.value(BC, &sequence([boolean(true), integer("01")])), "w:ROOT-04"),
    ("path length negative", |one| one.value(BC, &sequence([boolean(true), integer("ff")])), "CRT-07"),
    ("no key usage", |one| one.without(KU), "ROOT-05"),
    ("key usage not critical", |one| one.turn(KU), "ROOT-05"),
    ("no key-cert-sign", |one| one.value(KU, &parsed("03020102")), "ROOT-05"),
    ("no crl-sign", |one| one.value(KU, &parsed("03020204")), "ROOT-05"),
    ("non-repudiation", |one| one.value(KU, &parsed("03020146")), "ROOT-05"),
    ("key-encipherment", |one| one.value(KU, &parsed("03020126")), "ROOT-05"),
    ("data-encipherment", |one| one.value(KU, &parsed("03020116")), "ROOT-05"),
    ("key-agreement", |one| one.value(KU, &parsed("0302010e")), "ROOT-05"),
    ("encipher-only", |one| one.value(KU, &parsed("03020007")), "ROOT-05"),
    ("decipher-only", |one| one.value(KU, &parsed("0303070680")), "ROOT-05"),
    ("key usage without bits", |one| one.value(KU, &parsed("030100")), "CRT-07 ROOT-05"),
    (
        "no subject key identifier",
        |one| {
            one.without(SKI);
            one.without(AKI);
        },
        "ROOT-06 w:ROOT-07",
    ),
    ("subject key identifier critical", |one| one.turn(SKI), "ROOT-06"),
    (
        "subject key identifier empty",
        |one| {
            one.value(SKI, &octet_string([]));
            one.value(AKI, &authority(&[]));
        },
        "ROOT-06",
    ),
    ("no authority key identifier", |one| one.without(AKI), "w:ROOT-07"),
    ("authority key identifier critical", |one| one.turn(AKI), "ROOT-07"),
    ("authority key identifier of another", |one| one.value(AKI, &authority(&[7; 20])), "ROOT-07"),
    ("authority key identifier empty", |one| one.value(AKI, &sequence([])), "ROOT-07"),
    (
        "authority key identifier with issuer and serial",
        |one| one.value(AKI, &issuer_and_serial()),
        "ROOT-07",
    ),
    ("extended key usage", |one| one.with(EKU, false, &purposes(&[SERVER])), "ROOT-08"),
    ("any purpose", |one| one.with(EKU, false, &purposes(&[ANY_PURPOSE])), "ROOT-08"),
    ("policies", |one| one.with(CP, false, &policies(&[ANY_POLICY])), "w:ROOT-09"),
    (
        "distribution points",
        |one| one.with(CDP, false, &distribution_points(&["http://c.example.com/"])),
        "w:ROOT-09",
    ),
    ("access", |one| one.with(AIA, false, &access(&[(CA_ISSUERS, "http://i.example.com/")])), "w:ROOT-09"),
    ("name without C", |one| one.both_names("O=Example Trust Services|CN=Root"), "ROOT-10"),
    ("name without O", |one| one.both_names("C=US|CN=Root"), "ROOT-10"),
    ("name without CN", |one| one.both_names("C=US|O=Example Trust Services"), "ROOT-10"),
    ("name with OU", |one| one.both_names("C=US|O=Example Trust Services|OU=Roots|CN=Root"), "ROOT-10"),
    (
        "name with a serial number",
        |one| {
            one.both_names("C=US|O=Example Trust Services|CN=Root|serialNumber=printable:1");
        },
        "w:ROOT-10",
    ),
    (
        "name with an address of e-mail",
        |one| {
            one.both_names("C=US|O=Example Trust Services|CN=Root|email=ia5:a@example.com");
        },
        "w:ROOT-10",
    ),
    ("name that is empty", |one| one.both_names(""), "ROOT-10"),
    ("two attributes in a part", |one| one.both_names("C=US+O=Example Trust Services|CN=Root"), "NAME-01"),
    ("CN before O", |one| one.both_names("C=US|CN=Root|O=Example Trust Services"), "NAME-02"),
    ("C last", |one| one.both_names("O=Example Trust Services|CN=Root|C=US"), "NAME-02"),
    ("ST after L", |one| one.both_names("C=US|L=Springfield|ST=Ohio|O=Example|CN=Root"), "NAME-02"),
    ("country in lower case", |one| one.both_names("C=us|O=Example Trust Services|CN=Root"), "NAME-03"),
    ("country that does not exist", |one| one.both_names("C=ZZ|O=Example Trust Services|CN=Root"), "NAME-03"),
    ("country UK", |one| one.both_names("C=UK|O=Example Trust Services|CN=Root"), "NAME-03"),
    ("country of three letters", |one| one.both_names("C=USA|O=Example|CN=Root"), "NAME-03 NAME-05"),
    ("country as UTF8String", |one| one.both_names("C=utf8:US|O=Example Trust Services|CN=Root"), "NAME-03"),
    ("O as TeletexString", |one| one.both_names("C=US|O=teletex:Example|CN=Root"), "NAME-04"),
    ("CN as BMPString", |one| one.both_names("C=US|O=Example|CN=bmp:Root"), "NAME-04"),
    ("CN as UniversalString", |one| one.both_names("C=US|O=Example|CN=universal:Root"), "NAME-04"),
    ("CN as VisibleString", |one| one.both_names("C=US|O=Example|CN=visible:Root"), "NAME-04"),
    ("CN as IA5String", |one| one.both_names("C=US|O=Example|CN=ia5:Root"), "NAME-04"),
    ("CN as NumericString", |one| one.both_names("C=US|O=Example|CN=numeric:1"), "NAME-04"),
    ("CN as OCTET STRING", |one| one.both_names("C=US|O=Example|CN=octets:Root"), "NAME-04"),
    ("DC as UTF8String", |one| one.both_names("DC=utf8:example|C=US|O=Example|CN=Root"), "NAME-04 w:ROOT-10"),
    (
        "CN of 65 characters",
        |one| one.both_names(&format!("C=US|O=Example|CN={}", "a".repeat(65))),
        "NAME-05",
    ),
    ("O of 65 characters", |one| one.both_names(&format!("C=US|O={}|CN=Root", "a".repeat(65))), "NAME-05"),
    (
        "L of 129 characters",
        |one| one.both_names(&format!("C=US|L={}|O=A|CN=Root", "a".repeat(129))),
        "NAME-05",
    ),
    (
        "ST of 129 characters",
        |one| one.both_names(&format!("C=US|ST={}|O=A|CN=Root", "a".repeat(129))),
        "NAME-05",
    ),
    (
        "postal code of 41 characters",
        |one| {
            one.both_names(&format!("C=US|postalCode={}|O=A|CN=Root", "1".repeat(41)));
        },
        "NAME-05",
    ),
    (
        "street of 129 characters",
        |one| {
            one.both_names(&format!("C=US|street={}|O=A|CN=Root", "a".repeat(129)));
        },
        "NAME-05",
    ),
    ("CN that is empty", |one| one.both_names("C=US|O=Example|CN="), "NAME-05"),
    ("two CN", |one| one.both_names("C=US|O=Example|CN=Root|CN=Root X1"), "NAME-06"),
    ("two O", |one| one.both_names("C=US|O=Example|O=Other|CN=Root"), "NAME-06"),
    ("PrintableString with @", |one| one.both_names("C=US|O=printable:Ex@mple|CN=Root"), "NAME-07"),
    ("PrintableString with *", |one| one.both_names("C=US|O=printable:Ex*mple|CN=Root"), "NAME-07"),
    ("PrintableString with &", |one| one.both_names("C=US|O=printable:Ex & Mple|CN=Root"), "NAME-07"),
    ("PrintableString with _", |one| one.both_names("C=US|O=printable:Ex_mple|CN=Root"), "NAME-07"),
    ("PrintableString of UTF-8", |one| one.both_names("C=US|O=printable:Exämple|CN=Root"), "NAME-04 NAME-07"),
    ("white space before", |one| one.both_names("C=US|O= Example|CN=Root"), "w:NAME-08"),
    ("white space after", |one| one.both_names("C=US|O=Example|CN=Root "), "w:NAME-08"),
    (
        "UTF8String that is not UTF-8",
        |one| {
            for field in [3, 5] {
                *one.field(field).at(&[2, 0, 1]) = primitive(0x0c, [0xff, 0xfe]);
            }
        },
        "NAME-04",
    ),
    ("poison", |one| one.with(POISON, true, &null()), "SUB-09"),
    ("name constraints", |one| one.with(NC, true, &permitted(primitive(0x82, "example.com"))), "w:ROOT-09"),
    ("OCSP signing", |one| one.with(EKU, false, &purposes(&[OCSP_SIGNING])), "ROOT-08 SUB-11"),
    ("no extensions", |one| drop(one.0.at(&[0]).nodes().pop()), "CRT-06 ROOT-04 ROOT-05 ROOT-06 w:ROOT-07"),
    (
        "extensions that are none",
        |one| one.extensions().clear(),
        "CRT-06 CRT-07 ROOT-04 ROOT-05 ROOT-06 w:ROOT-07",
    ),
    ("key of P-256", |one| one.key(ec_key(P256, SUBORDINATE_POINT)), "ALG-02 w:APL-01"),
];

/// On a subordinate CA of RSA and on a responder.
const ISSUED: &[(&str, Change, &str)] = &[
    (
        "issuer of other string types",
        |one| {
            *one.field(3) = name("C=US|O=printable:Example Trust Services|CN=Example Root X1");
        },
        "CRT-04",
    ),
    ("issuer of another name", |one| *one.field(3) = name(EXISTING), "CRT-04"),
    ("issuer in upper case", |one| *one.field(3) = name(&ROOT.to_uppercase()), "CRT-04"),
    (
        "a second longer than its issuer",
        |one| one.not_after(time("361029000000Z")),
        "CRT-12 w:CHR-04@subordinate",
    ),
    ("key of its issuer", |one| one.key(ec_key(P384, ROOT_POINT)), "KEY-08"),
    ("country in lower case", |one| one.subject("C=us|O=Example Trust Services|CN=E1"), "NAME-03"),
    ("CN of 65 characters", |one| one.subject(&format!("C=US|O=Example|CN={}", "a".repeat(65))), "NAME-05"),
    ("CN as BMPString", |one| one.subject("C=US|O=Example|CN=bmp:E1"), "NAME-04"),
];

/// On a subordinate CA.
const SUBORDINATES: &[(&str, Change, &str)] = &[
    (
        "policy constraints not critical",
        |one| one.with("2.5.29.36", false, &sequence([primitive(0x80, [0])])),
        "CRT-17",
    ),
    ("inhibit-any-policy not critical", |one| one.with("2.5.29.54", false, &integer("00")), "CRT-17"),
    (
        "freshest CRL critical",
        |one| one.with(FRESHEST, true, &distribution_points(&["http://d.example.com/"])),
        "CRT-17",
    ),
    ("no revocation available", |one| one.with("2.5.29.56", false, &null()), "CRT-18 w:CRT-11"),
    ("no authority key identifier", |one| one.without(AKI), "SUB-01"),
    ("authority key identifier critical", |one| one.turn(AKI), "SUB-01"),
    ("authority key identifier of another", |one| one.value(AKI, &authority(&[7; 20])), "SUB-01"),
    ("authority key identifier empty", |one| one.value(AKI, &sequence([])), "SUB-01"),
    (
        "authority key identifier with issuer and serial",
        |one| {
            let root = key_identifier(&ec_key(P384, ROOT_POINT));
            let mut value = issuer_and_serial();
            *value.at(&[0]) = primitive(0x80, root);
            one.value(AKI, &value);
        },
        "SUB-01",
    ),
    ("no basic constraints", |one| one.without(BC), "SUB-02"),
    ("basic constraints not critical", |one| one.turn(BC), "SUB-02"),
    ("basic constraints that say no CA", |one| one.value(BC, &sequence([])), "SUB-02"),
    ("path length without CA", |one| one.value(BC, &sequence([integer("00")])), "SUB-02"),
    ("path length in two octets", |one| one.value(BC, &sequence([boolean(true), integer("0000")])), "CRT-07"),
    ("no key usage", |one| one.without(KU), "SUB-03"),
    ("key usage not critical", |one| one.turn(KU), "SUB-03"),
    ("no key-cert-sign", |one| one.value(KU, &parsed("03020102")), "SUB-03"),
    ("no crl-sign", |one| one.value(KU, &parsed("03020204")), "SUB-03"),
    ("non-repudiation", |one| one.value(KU, &parsed("03020146")), "SUB-03"),
    ("key-agreement", |one| one.value(KU, &parsed("0302010e")), "SUB-03"),
    ("no subject key identifier", |one| one.without(SKI), "SUB-04"),
    ("subject key identifier critical", |one| one.turn(SKI), "SUB-04"),
    ("no distribution points", |one| one.without(CDP), "SUB-05"),
    ("distribution points critical", |one| one.turn(CDP), "SUB-05"),
    (
        "two distribution points",
        |one| {
            one.value(CDP, &distribution_points(&["http://c.example.com/", "http://d.example.com/"]));
        },
        "w:SUB-05",
    ),
    (
        "distribution point by LDAP",
        |one| one.value(CDP, &distribution_points(&["ldap://c.example.com/"])),
        "SUB-05",
    ),
    (
        "distribution point by https",
        |one| one.value(CDP, &distribution_points(&["https://c.example.com/"])),
        "SUB-05",
    ),
    (
        "distribution point without a host",
        |one| one.value(CDP, &distribution_points(&["http:///c"])),
        "SUB-05",
    ),
    (
        "distribution point with reasons",
        |one| {
            one.extension(CDP).at(&[1]).inside(|list| list.at(&[0]).nodes().push(primitive(0x81, [1, 6])));
        },
        "SUB-05",
    ),
    (
        "distribution point with a CRL issuer",
        |one| {
            let issuer = node(0xa2, [node(0xa4, [name(ROOT)])]);
            one.extension(CDP).at(&[1]).inside(|list| list.at(&[0]).nodes().push(issuer));
        },
        "SUB-05",
    ),
    (
        "distribution point relative to its issuer",
        |one| {
            let relative = node(0xa1, [sequence([oid("2.5.4.3"), primitive(0x0c, "CRL")])]);
            one.value(CDP, &sequence([sequence([explicit(0, relative)])]));
        },
        "SUB-05",
    ),
    (
        "distribution point by a directory name",
        |one| {
            one.value(CDP, &sequence([sequence([explicit(0, explicit(0, node(0xa4, [name(ROOT)])))])]));
        },
        "SUB-05",
    ),
    ("distribution points that are none", |one| one.value(CDP, &sequence([])), "CRT-07"),
    ("no access", |one| one.without(AIA), "w:SUB-06"),
    ("access critical", |one| one.turn(AIA), "SUB-06"),
    ("access by https", |one| one.value(AIA, &access(&[(CA_ISSUERS, "https://i.example.com/")])), "SUB-06"),
    ("access by LDAP", |one| one.value(AIA, &access(&[(CA_ISSUERS, "ldap://i.example.com/")])), "SUB-06"),
    (
        "access by another method",
        |one| {
            one.value(AIA, &access(&[("1.3.6.1.5.5.7.48.3", "http://i.example.com/")]));
        },
        "SUB-06",
    ),
    (
        "access that is there twice",
        |one| {
            one.value(AIA, &access(&[(OCSP, "http://o.example.com/"), (OCSP, "http://o.example.com/")]));
        },
        "SUB-06",
    ),
    (
        "access at a directory name",
        |one| {
            one.value(AIA, &sequence([sequence([oid(CA_ISSUERS), node(0xa4, [name(ROOT)])])]));
        },
        "SUB-06",
    ),
    ("access that is none", |one| one.value(AIA, &sequence([])), "CRT-07"),
    ("policies critical", |one| one.turn(CP), "w:SUB-07"),
    ("a policy twice", |one| one.value(CP, &policies(&[DV, OWN_POLICY, OWN_POLICY])), "SUB-07"),
    ("CPS", |one| one.value(CP, &qualified(CPS, primitive(0x16, "http://cps.example.com/"))), "w:SUB-07"),
    (
        "CPS as UTF8String",
        |one| one.value(CP, &qualified(CPS, primitive(0x0c, "http://cps.example.com/"))),
        "SUB-07",
    ),
    ("CPS by ftp", |one| one.value(CP, &qualified(CPS, primitive(0x16, "ftp://cps.example.com/"))), "SUB-07"),
    (
        "user notice",
        |one| {
            one.value(CP, &qualified(NOTICE, sequence([primitive(0x0c, "Be careful")])));
        },
        "SUB-07",
    ),
    (
        "name constraints not critical",
        |one| one.with(NC, false, &permitted(primitive(0x82, "example.com"))),
        "w:SUB-08",
    ),
    (
        "name constraints with a minimum",
        |one| {
            let mut value = permitted(primitive(0x82, "example.com"));
            value.at(&[0, 0]).nodes().push(primitive(0x80, [0]));
            one.with(NC, true, &value);
        },
        "CRT-07 SUB-08",
    ),
    (
        "name constraints with a maximum",
        |one| {
            let mut value = permitted(primitive(0x82, "example.com"));
            value.at(&[0, 0]).nodes().push(primitive(0x81, [1]));
            one.with(NC, true, &value);
        },
        "SUB-08",
    ),
    (
        "name constraints of an address without a mask",
        |one| {
            one.with(NC, true, &permitted(primitive(0x87, [192, 0, 2, 1])));
        },
        "SUB-08",
    ),
    (
        "name constraints of an address of 7 octets",
        |one| one.with(NC, true, &permitted(primitive(0x87, [7; 7]))),
        "SUB-08",
    ),
    (
        "name constraints of a domain with a dot before",
        |one| {
            one.with(NC, true, &permitted(primitive(0x82, ".mil")));
        },
        "w:SUB-08",
    ),
    ("name constraints that are none", |one| one.with(NC, true, &sequence([])), "CRT-07"),
    ("poison", |one| one.with(POISON, true, &null()), "SUB-09"),
    ("name without C", |one| one.subject("O=Example Trust Services|CN=E1"), "SUB-10"),
    ("name without O", |one| one.subject("C=US|CN=E1"), "SUB-10"),
    ("name without CN", |one| one.subject("C=US|O=Example Trust Services"), "SUB-10"),
    ("name with OU", |one| one.subject("C=US|O=Example Trust Services|OU=CAs|CN=E1"), "SUB-10"),
    ("name with a title", |one| one.subject("C=US|O=Example Trust Services|CN=E1|title=Dr"), "w:SUB-10"),
    ("no purposes", |one| one.without(EKU), "TLS-01"),
    ("purposes critical", |one| one.turn(EKU), "TLS-01"),
    ("no server-auth", |one| one.value(EKU, &purposes(&[CLIENT])), "TLS-01 w:CHR-02"),
    ("client-auth", |one| one.value(EKU, &purposes(&[SERVER, CLIENT])), "w:CHR-02"),
    ("server-auth twice", |one| one.value(EKU, &purposes(&[SERVER, SERVER])), "TLS-01"),
    ("any purpose", |one| one.value(EKU, &purposes(&[SERVER, ANY_PURPOSE])), "TLS-01 w:CHR-02"),
    ("code signing", |one| one.value(EKU, &purposes(&[SERVER, CODE])), "TLS-01 w:CHR-02"),
    ("e-mail protection", |one| one.value(EKU, &purposes(&[SERVER, EMAIL])), "TLS-01 w:CHR-02"),
    ("time stamping", |one| one.value(EKU, &purposes(&[SERVER, TIME])), "TLS-01 w:CHR-02"),
    ("OCSP signing", |one| one.value(EKU, &purposes(&[SERVER, OCSP_SIGNING])), "SUB-11 TLS-01 w:CHR-02"),
    ("precertificates", |one| one.value(EKU, &purposes(&[SERVER, PRECERTIFICATE])), "TLS-01 w:CHR-02"),
    ("IPsec", |one| one.value(EKU, &purposes(&[SERVER, IPSEC])), "w:CHR-02 w:TLS-01"),
    ("purposes that are none", |one| one.value(EKU, &purposes(&[])), "CRT-07 TLS-01"),
    ("no policies", |one| one.without(CP), "TLS-03"),
    ("own policy alone", |one| one.value(CP, &policies(&[OWN_POLICY])), "TLS-03"),
    ("two reserved policies", |one| one.value(CP, &policies(&[DV, OV])), "TLS-03"),
    ("any policy beside a reserved one", |one| one.value(CP, &policies(&[ANY_POLICY, DV])), "TLS-03"),
    ("reserved policy after an own one", |one| one.value(CP, &policies(&[OWN_POLICY, DV])), "w:TLS-03"),
    ("policies that are none", |one| one.value(CP, &policies(&[])), "CRT-07 TLS-03"),
    ("1098 days and a second", |one| one.not_after(time("291103000000Z")), "w:CHR-04"),
];

/// On a cross-certificate.
const CROSSES: &[(&str, Change, &str)] = &[
    (
        "subject of other string types",
        |one| {
            one.subject("C=US|O=printable:Example Trust Services|CN=Example Root X2");
        },
        "XCA-01",
    ),
    (
        "subject of another name",
        |one| one.subject("C=US|O=Example Trust Services|CN=Example Root X3"),
        "XCA-01",
    ),
    ("key of another", |one| one.key(ec_key(P256, SUBORDINATE_POINT)), "XCA-01"),
    ("subject key identifier of its own making", |one| one.value(SKI, &octet_string([7; 20])), "XCA-02"),
    ("no subject key identifier", |one| one.without(SKI), "SUB-04"),
    ("not before a second after signing", |one| one.not_before(time("261101080001Z")), "XCA-03"),
    ("not before long ago", |one| one.not_before(time("251101000000Z")), "XCA-03 w:CHR-04"),
    ("not after before signing", |one| one.not_after(time("261101075959Z")), "XCA-03"),
    ("no policies", |one| one.without(CP), "XCA-04"),
    ("own policy alone", |one| one.value(CP, &policies(&[OWN_POLICY])), "XCA-04"),
    ("any policy beside a reserved one", |one| one.value(CP, &policies(&[ANY_POLICY, DV])), "XCA-04"),
    ("no purposes", |one| one.without(EKU), "XCA-05 XCA-06"),
    ("any purpose", |one| one.value(EKU, &purposes(&[ANY_PURPOSE])), "XCA-05 XCA-06 w:CHR-02"),
    ("purposes critical", |one| one.turn(EKU), "XCA-05"),
    ("e-mail protection", |one| one.value(EKU, &purposes(&[SERVER, EMAIL])), "XCA-06 w:CHR-02"),
    ("no server-auth", |one| one.value(EKU, &purposes(&[CLIENT])), "XCA-06 w:CHR-02"),
    ("server-auth twice", |one| one.value(EKU, &purposes(&[SERVER, SERVER])), "XCA-06"),
    ("path length", |one| one.value(BC, &sequence([boolean(true), integer("00")])), "XCA-07"),
    ("no authority key identifier", |one| one.without(AKI), "SUB-01"),
    ("no distribution points", |one| one.without(CDP), "SUB-05"),
    ("basic constraints not critical", |one| one.turn(BC), "SUB-02"),
    ("no crl-sign", |one| one.value(KU, &parsed("03020204")), "SUB-03"),
    ("a second longer than its issuer", |one| one.not_after(time("361029000000Z")), "CRT-12 w:CHR-04"),
];

/// On a technically constrained CA.
const CONSTRAINED: &[(&str, Change, &str)] = &[
    ("no purposes", |one| one.without(EKU), "TCN-01"),
    ("server-auth", |one| one.value(EKU, &purposes(&[EMAIL, SERVER])), "TCN-01"),
    ("any purpose", |one| one.value(EKU, &purposes(&[EMAIL, ANY_PURPOSE])), "TCN-01"),
    ("OCSP signing", |one| one.value(EKU, &purposes(&[EMAIL, OCSP_SIGNING])), "SUB-11 TCN-01"),
    ("precertificates", |one| one.value(EKU, &purposes(&[EMAIL, PRECERTIFICATE])), "TCN-01"),
    ("e-mail protection twice", |one| one.value(EKU, &purposes(&[EMAIL, EMAIL])), "TCN-01"),
    ("purposes critical", |one| one.turn(EKU), "TCN-01"),
    ("reserved policy", |one| one.value(CP, &policies(&[DV])), "TCN-01"),
    ("no key usage", |one| one.without(KU), "SUB-03"),
    ("no distribution points", |one| one.without(CDP), "SUB-05"),
    ("name with OU", |one| one.subject("C=US|O=Example Trust Services|OU=CAs|CN=E2"), "w:SUB-10"),
    ("name constraints not critical", |one| one.turn(NC), "w:SUB-08"),
];

/// On an OCSP responder.
const RESPONDERS: &[(&str, Change, &str)] = &[
    ("no purposes", |one| one.without(EKU), "OCR-02"),
    ("another purpose", |one| one.value(EKU, &purposes(&[SERVER])), "OCR-02"),
    ("two purposes", |one| one.value(EKU, &purposes(&[OCSP_SIGNING, CLIENT])), "OCR-02"),
    ("OCSP signing twice", |one| one.value(EKU, &purposes(&[OCSP_SIGNING, OCSP_SIGNING])), "OCR-02"),
    ("purposes critical", |one| one.turn(EKU), "w:OCR-02"),
    ("no ocsp-nocheck", |one| one.without(NO_CHECK), "OCR-03"),
    ("ocsp-nocheck critical", |one| one.turn(NO_CHECK), "OCR-03"),
    ("ocsp-nocheck that is empty", |one| one.extension(NO_CHECK).at(&[1]).octets().clear(), "CRT-07 OCR-03"),
    ("ocsp-nocheck that is a sequence", |one| one.value(NO_CHECK, &sequence([])), "CRT-07 OCR-03"),
    ("no key usage", |one| one.without(KU), "OCR-04"),
    ("key usage not critical", |one| one.turn(KU), "OCR-04"),
    ("key-cert-sign", |one| one.value(KU, &parsed("03020284")), "OCR-04"),
    ("non-repudiation", |one| one.value(KU, &parsed("030206c0")), "OCR-04"),
    ("non-repudiation alone", |one| one.value(KU, &parsed("03020640")), "OCR-04"),
    ("basic constraints not critical", |one| one.with(BC, false, &sequence([])), "OCR-05"),
    ("basic constraints that say CA", |one| one.with(BC, true, &sequence([boolean(true)])), "OCR-05 SUB-11"),
    (
        "basic constraints that write out no CA",
        |one| one.with(BC, true, &sequence([boolean(false)])),
        "CRT-07 OCR-05",
    ),
    (
        "distribution points",
        |one| one.with(CDP, false, &distribution_points(&["http://c.example.com/"])),
        "OCR-06",
    ),
    (
        "subject alternative names",
        |one| {
            one.with(SAN, false, &sequence([primitive(0x82, "ocsp.example.com")]));
        },
        "OCR-06",
    ),
    (
        "name constraints",
        |one| one.with(NC, true, &permitted(primitive(0x82, "example.com"))),
        "OCR-06 SUB-08",
    ),
    ("policies", |one| one.with(CP, false, &policies(&[DV])), "w:OCR-06"),
    ("access to OCSP", |one| one.with(AIA, false, &access(&[(OCSP, "http://o.example.com/")])), "w:OCR-06"),
    (
        "access to CA issuers",
        |one| one.with(AIA, false, &access(&[(CA_ISSUERS, "http://i.example.com/")])),
        "OCR-06 w:OCR-06",
    ),
    ("no authority key identifier", |one| one.without(AKI), "OCR-07"),
    ("authority key identifier of another", |one| one.value(AKI, &authority(&[7; 20])), "OCR-07"),
    ("authority key identifier critical", |one| one.turn(AKI), "OCR-07"),
    ("no subject key identifier", |one| one.without(SKI), "w:OCR-07"),
    ("name without C", |one| one.subject("O=Example Trust Services|CN=OCSP"), "OCR-08"),
    ("name without O", |one| one.subject("C=US|CN=OCSP"), "OCR-08"),
    ("name without CN", |one| one.subject("C=US|O=Example Trust Services"), "OCR-08"),
];

/// What only the log can know.
fn from_the_ledger(corpus: &mut Corpus) {
    let mutant = corpus.certificate(
        Certificate::subordinate(),
        Kind::Subordinate,
        "serial that was used before",
        |one| {
            one.subject("C=US|O=Example Trust Services|CN=E9");
            one.key(ec_key(P521, RESPONDER_POINT));
            one.value(SKI, &octet_string([7; 20]));
        },
        "CRT-15",
    );
    mutant.known = vec![subordinate()];
    let mutant = corpus.certificate(
        Certificate::root(),
        Kind::Root,
        "name that a CA has",
        |one| {
            one.key(ec_key(P384, EXISTING_POINT));
            *one.field(1) = integer("590102030405060708090a0b0c0d0e0f");
        },
        "NAME-10",
    );
    mutant.known = vec![issued(&Certificate::root(), Kind::Root)];
    let used = |corpus: &mut Corpus, what: &str, known: Certificate, kind: Kind| {
        let serial = |one: &mut Certificate| *one.field(1) = integer("590102030405060708090a0b0c0d0e0f");
        let mutant =
            corpus.certificate(Certificate::subordinate(), Kind::Subordinate, what, serial, "KEY-07");
        mutant.known = vec![issued(&known, kind)];
    };
    let mut other = Certificate::subordinate();
    other.subject("C=US|O=Example Trust Services|CN=E9");
    used(corpus, "key of another subject", other, Kind::Subordinate);
    let mut other = Certificate::subordinate();
    other.value(EKU, &purposes(&[SERVER, CLIENT]));
    used(corpus, "key with other purposes", other, Kind::Subordinate);
    corpus.certificate(
        Certificate::root(),
        Kind::Other,
        "subscriber",
        |one| {
            let subject = "C=US|O=Example Trust Services|CN=www.example.com";
            *one = Certificate::responder();
            one.subject(subject);
            one.value(EKU, &purposes(&[SERVER]));
        },
        "ROOT-11",
    );
}

/// An authority key identifier with all it can have, the root's.
fn issuer_and_serial() -> Node {
    sequence([
        primitive(0x80, key_identifier(&ec_key(P384, ROOT_POINT))),
        node(0xa1, [node(0xa4, [name(ROOT)])]),
        primitive(0x82, unhex("4a0102030405060708090a0b0c0d0e0f")),
    ])
}

fn permitted(base: Node) -> Node {
    sequence([explicit(0, sequence([base]))])
}

/// The reserved policy with a qualifier.
fn qualified(kind: &str, value: Node) -> Node {
    sequence([sequence([oid(DV), sequence([sequence([oid(kind), value])])])])
}

/// A number without small factors that begins with these octets and goes on with a modulus.
fn without_small_factors(begin: &[u8], after: usize) -> Vec<u8> {
    let mut octets = [begin, &modulus(&rsa_2048())[..after]].concat();
    for last in (1..=u16::MAX).step_by(2) {
        *octets.last_chunk_mut().unwrap() = last.to_be_bytes();
        if (3..752).step_by(2).all(|factor| remainder(&octets, factor) != 0) {
            return octets;
        }
    }
    panic!("there is one among so many")
}

fn remainder(octets: &[u8], divisor: u32) -> u32 {
    octets.iter().fold(0, |rest, octet| (rest << 8 | u32::from(*octet)) % divisor)
}

/// 2048 bits, odd, of the primes below 752 only this one divides it.
fn multiple_of(prime: u32) -> Vec<u8> {
    let mut octets = modulus(&rsa_2048());
    for middle in 0..=u16::MAX {
        octets[100..102].copy_from_slice(&middle.to_be_bytes());
        let divides = |factor: u32| remainder(&octets, factor) == 0;
        if divides(prime) && (3..752).step_by(2).all(|factor| factor % prime == 0 || !divides(factor)) {
            return octets;
        }
    }
    panic!("there is one among so many")
}

/// The square of 2^1023 + … is near to a product of two near primes: p and p + 2d for small d. Neither need be prime for
/// Fermat's method to part them.
fn near_primes() -> Vec<u8> {
    // (2^1023 + a)(2^1023 + b) = 2^2046 + (a + b) 2^1023 + ab, too short by two bits: with 2^1024 - a it has 2048.
    // (2^1024 - a)(2^1024 - b) = 2^2048 - (a + b) 2^1024 + ab.
    for (a, b) in (1..4000_u32).step_by(2).flat_map(|a| [(a, a + 2), (a, a + 10), (a, a + 40)]) {
        let mut octets = vec![0xff; 128];
        octets.extend(vec![0; 128]);
        // The upper half is 2^1024 - (a + b), the lower one ab.
        let upper = u32::MAX - (a + b) + 1;
        octets[124..128].copy_from_slice(&upper.to_be_bytes());
        octets[252..].copy_from_slice(&(a * b).to_be_bytes());
        if (3..752).step_by(2).all(|factor| remainder(&octets, factor) != 0) && octets[255] & 1 == 1 {
            return octets;
        }
    }
    panic!("there is one among so many")
}

/// A modulus with the fingerprint of ROCA: modulo each of the primes that the fingerprint looks at it is a power of
/// 65537. 1 is one, for all of them: 1 + k M.
fn roca() -> Vec<u8> {
    // The product of the first 39 primes, as the generator of 1024-bit primes has it, and more: all to 167.
    const PRIMES: [u32; 39] = [
        2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101,
        103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
    ];
    for k in 1..u32::MAX {
        // M shifted to 2048 bits and multiplied: big-endian octets, one multiplication after another.
        let mut octets = vec![0_u8; 256];
        octets[255] = 1;
        let multiply = |octets: &mut Vec<u8>, factor: u32| {
            let mut carry = 0_u64;
            for octet in octets.iter_mut().rev() {
                carry += u64::from(*octet) * u64::from(factor);
                *octet = u8::try_from(carry & 0xff).unwrap();
                carry >>= 8;
            }
        };
        for prime in PRIMES {
            multiply(&mut octets, prime);
        }
        // To the left until the highest bit is set, by an odd number once.
        multiply(&mut octets, 0x0001_0001 + 2 * k);
        while octets[0] & 0x80 == 0 {
            multiply(&mut octets, 2);
        }
        octets[255] |= 1;
        if (3..752).step_by(2).all(|factor| remainder(&octets, factor) != 0) {
            return octets;
        }
    }
    panic!("there is one among so many")
}
