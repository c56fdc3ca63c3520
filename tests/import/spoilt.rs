//! Spoilt bundles: each is refused with its codes, all of them and no others, and nothing is staged.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::bundle::{Bundle, Forger, LogKey, nothing, revoke_e1};
use crate::online::{ORIGIN, OnlineSide, bundle_of, codes, records, shared, signed};

/// How a bundle is spoilt.
enum How {
    /// Its files are changed.
    Files(fn(&Bundle)),
    /// It is sealed again by the pinned log key after its content was changed.
    Forged(fn(&mut Forger)),
    /// It is good, and the pins are other ones: texts that stand in the file once, and what stands there then.
    Pins(&'static [(&'static str, &'static str)]),
    /// A witness whom the policy demands cosigned it so many seconds ago; then its files are changed.
    Cosigned(i64, fn(&Bundle)),
    /// It is forged, and the pins are other ones.
    Both(fn(&mut Forger), &'static [(&'static str, &'static str)]),
}

use How::{Both, Cosigned, Files, Forged, Pins};

/// One way, and the codes.
type Case = (&'static str, How, &'static [&'static str]);

#[test]
fn every_spoilt_bundle_is_refused_with_its_codes_and_nothing_is_staged() {
    // Possession has a test of its own; without it no token is asked a hundred times.
    let side = OnlineSide::of(shared()).without_tokens();
    let good = bundle_of(shared());
    let pins = side.read("pins.yaml");
    let policy = side.read("policy");
    side.write("bad-policy", "log x\nquorum none\n");
    let records = records(&good);
    let spki = |name: &str| signed(&records, name)["spki_sha256"].as_str().unwrap().to_owned();
    let (root, e1) = (spki("root-x1"), spki("e1"));
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for (what, how, wanted) in CASES.iter().flat_map(|cases| cases.iter()) {
        side.write("policy", &policy);
        side.write("pins.yaml", &pins);
        let bundle = spoil(how, &side, &good);
        if let Pins(changes) | Both(_, changes) = how {
            for (old, new) in *changes {
                let filled = |text: &str| text.replace("ROOT", &root).replace("E1-KEY", &e1);
                side.change("pins.yaml", &filled(old), &filled(new));
            }
        }
        let ended = side.import(bundle.path(), "--stage --person ann --key ann --format json");
        let found: Vec<String> = codes(&ended).into_iter().filter(|code| code.starts_with('E')).collect();
        if ended.code != Some(5) || found != *wanted {
            wrong.push(format!("{what}: {:?} {found:?}; wanted {wanted:?}\n{}", ended.code, ended.out));
        }
        seen.extend(found);
        let staged = fs::read_dir(side.path("store/sets")).map_or(0, Iterator::count);
        assert_eq!((staged, side.active().is_none()), (0, true), "{what}: something was staged");
    }
    let count: usize = CASES.iter().map(|cases| cases.len()).sum();
    assert!(count >= 60, "{count} ways");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    let missing: Vec<&str> = ceremony_log::code::Code::ALL
        .iter()
        .map(|code| code.name())
        .filter(|code| code.starts_with('E') && !seen.contains(*code) && !ELSEWHERE.contains(code))
        .collect();
    assert!(missing.is_empty(), "no spoilt bundle for {missing:?}");
}

/// Spoils a copy of a bundle; where it is sealed again, the policy has the forger's key.
fn spoil(how: &How, side: &OnlineSide, good: &Path) -> Bundle {
    match how {
        Files(spoil) => {
            let bundle = Bundle::of(good);
            spoil(&bundle);
            bundle
        }
        Forged(forge) | Both(forge, _) => {
            let mut forger = side.forger(good);
            forge(&mut forger);
            forger.seal()
        }
        Cosigned(ago, spoil) => {
            let mut forger = side.forger(good);
            let witness = LogKey::witness("w");
            forger.quorum = format!("witness w {}\nquorum w\n", witness.verifier());
            side.write("policy", format!("log {}\n{}", forger.key.verifier(), forger.quorum));
            let now = i64::try_from(crate::table::now().seconds()).unwrap();
            if *ago != NEVER {
                forger.cosignatures.push((witness, u64::try_from(now - ago).unwrap()));
            }
            let bundle = forger.seal();
            spoil(&bundle);
            side.change("pins.yaml", "store: store", "cosigned-within: 30 days\nstore: store");
            bundle
        }
        Pins(_) => Bundle::of(good),
    }
}

/// Codes that take another time, an earlier head or a token: `time.rs`, `continued.rs`, `possession.rs`, `exports.rs`.
const ELSEWHERE: [&str; 10] =
    ["E132", "E133", "E163", "E172", "E180", "E182", "E193", "E196", "E200", "E210"];

const CASES: &[&[Case]] = &[HEADS, LINES, FILES, STATES, DEMANDS, CERTIFICATES, LISTS];

const HEADS: &[Case] = &[
    ("a policy that is none", Pins(&[("policy: policy", "policy: ann.pub")]), &["E102"]),
    ("a policy with a key that is none", Pins(&[("policy: policy", "policy: bad-policy")]), &["E101"]),
    ("no cosignature", Cosigned(NEVER, |_| ()), &["E110"]),
    ("a cosignature of the future", Cosigned(-3600, |_| ()), &["E110", "E112"]),
    ("a cosignature that is too old", Cosigned(31 * 86_400, |_| ()), &["E110", "E113"]),
    (
        "a bad cosignature",
        Cosigned(0, |bundle| signature(bundle, |octets| *octets.last_mut().unwrap() ^= 1)),
        &["E108", "E110", "E144"],
    ),
    ("an extension line", Files(|bundle| head(bundle, "\n\n", "\nmore\n\n")), &["E105", "E144"]),
    (
        "no signature line",
        Files(|bundle| {
            let text = bundle.text("checkpoint");
            bundle.write("checkpoint", text.split_once('—').unwrap().0);
        }),
        &["E103"],
    ),
    ("a root in another base64", Files(|bundle| head(bundle, "=\n\n", "\n\n")), &["E104", "E144"]),
    (
        "a size with a zero before it",
        Files(|bundle| {
            let size = format!("\n{}\n", bundle.text("checkpoint").lines().nth(1).unwrap());
            head(bundle, &size, &size.replacen('\n', "\n0", 1));
        }),
        &["E106", "E144"],
    ),
    ("a bad signature", Files(|bundle| signature(bundle, |octets| octets[10] ^= 1)), &["E107", "E144"]),
    ("another key id", Files(|bundle| signature(bundle, |octets| octets[0] ^= 1)), &["E109", "E144"]),
    ("another log's key", Forged(|forger| forger.key = LogKey::new(ORIGIN)), &["E109"]),
    ("another origin", Pins(&[("origin: example.org/test-log", "origin: example.org/other")]), &["E111"]),
];

const LINES: &[Case] = &[
    ("a line flipped", Files(|bundle| line(bundle, "\"cer\":\"test", "\"cer\":\"rest")), &["E126", "E131"]),
    (
        "a line dropped",
        Files(|bundle| bundle.lines(|lines| drop(lines.remove(20)))),
        &["E125", "E126", "E130"],
    ),
    ("the last line dropped", Files(|bundle| bundle.lines(|lines| drop(lines.pop()))), &["E130", "E150"]),
    (
        "truncated",
        Files(|bundle| {
            let octets = bundle.read("log.jsonl");
            bundle.write("log.jsonl", &octets[..octets.len() - 10]);
        }),
        &["E120", "E130"],
    ),
    ("re-serialised", Files(|bundle| line(bundle, "\":\"", "\": \"")), &["E124", "E126", "E131"]),
    (
        "a duplicate key",
        Files(|bundle| line(bundle, "\"v\":1", "\"v\":1,\"v\":1")),
        &["E122", "E126", "E131"],
    ),
    ("not JSON", Files(|bundle| bundle.lines(|lines| lines[20].truncate(100))), &["E121", "E126", "E131"]),
    ("a float", Files(|bundle| line(bundle, "\"v\":1", "\"v\":1.0")), &["E123", "E126", "E131"]),
    (
        "an invisible character",
        Files(|bundle| line(bundle, "\"id\":\"", "\"id\":\"\u{200b}")),
        &["E126", "E128", "E131"],
    ),
    ("another version", Files(|bundle| line(bundle, "\"v\":1", "\"v\":2")), &["E126", "E129", "E131"]),
];

const FILES: &[Case] = &[
    ("an artifact missing", Files(|bundle| bundle.remove(&bundle.artifact("subordinate", "e1"))), &["E141"]),
    (
        "an artifact altered",
        Files(|bundle| {
            let name = bundle.artifact("subordinate", "e1");
            let mut octets = bundle.read(&name);
            octets[100] ^= 1;
            bundle.write(&name, octets);
        }),
        &["E143"],
    ),
    (
        "one more artifact by its digest",
        Files(|bundle| {
            bundle.write(&format!("artifacts/{}.der", rootrite::digest::Digest::of(b"more")), b"more");
        }),
        &["E140", "E142"],
    ),
    ("one more file", Files(|bundle| bundle.write("readme.txt", "x")), &["E142"]),
    ("the annex, which never leaves", Files(|bundle| bundle.write("annex.jsonl", "{}\n")), &["E142"]),
    ("the head missing", Files(|bundle| bundle.remove("checkpoint")), &["E141"]),
    ("the manifest missing", Files(|bundle| bundle.remove("manifest.json")), &["E141"]),
    (
        "the list of responses missing",
        Files(|bundle| bundle.remove(&bundle.artifact("list", "r"))),
        &["E141"],
    ),
    ("a proof missing", Files(|bundle| bundle.remove(&bundle.proof("root", "root-x1"))), &["E144"]),
    (
        "the proof of another artifact",
        Files(|bundle| {
            bundle.write(&bundle.proof("root", "root-x1"), bundle.read(&bundle.proof("subordinate", "e1")));
        }),
        &["E144"],
    ),
    (
        "another media type",
        Forged(|forger| forger.manifest["artifacts"][0]["media_type"] = "text/plain".into()),
        &["E140"],
    ),
    (
        "the manifest of another plan",
        Forged(|forger| forger.manifest["plan_sha256"] = "0".repeat(64).into()),
        &["E157"],
    ),
];

const STATES: &[Case] = &[
    ("not closed", Forged(|forger| drop(forger.records.pop())), &["E150"]),
    ("aborted", Forged(|forger| close(forger, "outcome", "aborted")), &["E151"]),
    (
        "an intent without a result",
        Forged(|forger| {
            let last = forger.before_close();
            forger.insert_after(last, "key.generate.intent", json!({ "label": "x", "token": "root" }));
        }),
        &["E152"],
    ),
    (
        "a result without an intent",
        Forged(|forger| {
            let last = forger.before_close();
            forger.insert_after(last, "sign.failed", json!({ "error": "x" }));
        }),
        &["E153"],
    ),
    (
        "an unknown signature",
        Forged(|forger| {
            let last = forger.before_close();
            forger.insert_after(last, "tsa.sign.intent", nothing());
        }),
        &["E154"],
    ),
    (
        "no approval of the plan",
        Forged(|forger| forger.records.retain(|record| record["ev"] != "plan.approved")),
        &["E155"],
    ),
    (
        "another thing approved",
        Forged(|forger| {
            let reference = forger.intent("cert.signed", "e1")["ref"].as_u64().unwrap();
            forger.records[usize::try_from(reference).unwrap()]["data"]["sha256"] = "0".repeat(64).into();
        }),
        &["E155"],
    ),
    (
        "a key that is not live",
        Forged(|forger| {
            let spki =
                forger.record("cert.signed", "root-x1")["data"]["spki_sha256"].as_str().unwrap().to_owned();
            let index = forger.find("key.live", &spki);
            forger.records.remove(index);
        }),
        &["E159"],
    ),
    (
        "a practice log",
        Forged(|forger| {
            forger.records[0]["data"]["practice"] = true.into();
            forger.manifest["practice"] = true.into();
        }),
        &["E111", "E158"],
    ),
    (
        "the clock steps back",
        Forged(|forger| {
            let last = forger.before_close();
            forger.records[last]["at"] = "2020-10-31T08:00:00Z".into();
        }),
        &["E127"],
    ),
    (
        "a ceremony of the future",
        Forged(|forger| forger.records.last_mut().unwrap()["at"] = "2100-01-01T00:00:00Z".into()),
        &["E127"],
    ),
    (
        "an artifact of a ceremony that was never imported",
        Forged(|forger| {
            // The first half of the ceremony becomes one of its own.
            let index = forger.find("cert.signed", "e1");
            let name = json!({"artifact": {"kind": "evidence", "media_type": "x", "name": "x", "sha256": "0".repeat(64)}, "path": "x"});
            forger.insert_after(index, "artifact.emitted", name);
            forger.records[index + 1]["cer"] = "earlier".into();
        }),
        &["E141"],
    ),
];

const DEMANDS: &[Case] = &[
    (
        "another program",
        Pins(&[("tools: [", "tools: [0000000000000000000000000000000000000000000000000000000000000000] #")]),
        &["E156"],
    ),
    (
        "another module",
        Pins(&[(
            "modules: [",
            "modules: [0000000000000000000000000000000000000000000000000000000000000000] #",
        )]),
        &["E156"],
    ),
    ("another token", Pins(&[("token-serials: [", "token-serials: [\"1234\"] #")]), &["E156"]),
    (
        "a token that is software",
        Both(
            |forger| forger.everywhere("\"policy\":\"private\"", "\"policy\":\"public-tls\""),
            &[("rules: private", "rules: public-tls")],
        ),
        &["E156"],
    ),
    ("other rules than those of the pins", Pins(&[("rules: private", "rules: pqc-pilot")]), &["E157"]),
    ("pins that say nothing of rules", Pins(&[("rules: private\n", "")]), &["E156", "E157"]),
    ("approved by a word", Pins(&[("approval: typed", "approval: signature")]), &["E155"]),
    (
        "another plan",
        Pins(&[(
            "store: store",
            "plans: [0000000000000000000000000000000000000000000000000000000000000000]\nstore: store",
        )]),
        &["E157"],
    ),
    (
        "another site file",
        Pins(&[(
            "store: store",
            "sites: [0000000000000000000000000000000000000000000000000000000000000000]\nstore: store",
        )]),
        &["E157"],
    ),
];

const CERTIFICATES: &[Case] = &[
    (
        "another root",
        Pins(&[(
            "roots: [",
            "roots: [{spki-sha256: 0000000000000000000000000000000000000000000000000000000000000000}] #",
        )]),
        &["E160", "E164"],
    ),
    (
        "a root that its key did not sign",
        Forged(|forger| forger.change("root", "root-x1", flip_last)),
        &["E161"],
    ),
    (
        "a responder that is called a root",
        Forged(|forger| forger.rename_kind("cert.signed", "root-x1-ocsp", "root")),
        &["E160", "E161", "E162"],
    ),
    (
        "a subordinate CA that nobody signed",
        Forged(|forger| forger.change("subordinate", "e1", flip_last)),
        &["E164"],
    ),
    (
        "no certificate",
        Forged(|forger| forger.change("subordinate", "e1", |octets| *octets = b"x".to_vec())),
        &["E164"],
    ),
    (
        "another authority key identifier",
        Forged(|forger| {
            replace_in_e1(forger, |octets| {
                let oid = [0x06, 0x03, 0x55, 0x1d, 0x23];
                let at = octets.windows(5).position(|window| window == oid).unwrap();
                octets[at + 20] ^= 1;
            });
        }),
        &["E164", "E165"],
    ),
    ("not expected by its name", Pins(&[("{CN: E1}", "{CN: E2}")]), &["E166"]),
    ("made by another profile", Pins(&[("profile: tls-subordinate-ca", "profile: other-ca")]), &["E166"]),
    (
        "expected with another key",
        Pins(&[(
            "spki-sha256: E1-KEY",
            "spki-sha256: 0000000000000000000000000000000000000000000000000000000000000000 #",
        )]),
        &["E167"],
    ),
    (
        "another key in the record",
        Forged(|forger| {
            let other = forger.record("cert.signed", "root-x1")["data"]["spki_sha256"].clone();
            forger.record("cert.signed", "e1")["data"]["spki_sha256"] = other;
        }),
        &["E167"],
    ),
    (
        "a responder that is called a subordinate CA",
        Forged(|forger| forger.rename_kind("cert.signed", "root-x1-ocsp", "subordinate")),
        &["E168", "E169"],
    ),
    (
        "a policy that nobody reserved",
        Both(
            |forger| {
                forger.everywhere("\"policy\":\"private\"", "\"policy\":\"public-tls\"");
                forger.everywhere("\"class\":\"software\"", "\"class\":\"hardware\"");
                replace_in_e1(forger, |octets| {
                    replace(octets, &[0x67, 0x81, 0x0c, 1, 2, 1], &[0x67, 0x81, 0x0c, 1, 2, 9]);
                });
            },
            &[("rules: private", "rules: public-tls")],
        ),
        &["E164", "E170"],
    ),
    (
        "a distribution point by LDAP",
        Both(
            |forger| {
                forger.everywhere("\"policy\":\"private\"", "\"policy\":\"public-tls\"");
                forger.everywhere("\"class\":\"software\"", "\"class\":\"hardware\"");
                replace_in_e1(forger, |octets| replace(octets, b"http://x1.c.", b"ldap://x1.c."));
            },
            &[("rules: private", "rules: public-tls")],
        ),
        &["E164", "E171"],
    ),
    (
        "a serial number twice",
        Forged(|forger| {
            let serial = forger.record("cert.signed", "e1")["data"]["serial"].clone();
            forger.record("cert.signed", "root-x1-ocsp")["data"]["serial"] = serial.clone();
            forger.intent("cert.signed", "root-x1-ocsp")["data"]["serial"] = serial;
        }),
        &["E173", "E175"],
    ),
    (
        "another intent",
        Forged(|forger| {
            let old = forger.intent("cert.signed", "e1")["data"]["tbs_sha256"].as_str().unwrap().to_owned();
            forger.everywhere(&old, &"0".repeat(64));
        }),
        &["E157", "E175"],
    ),
    (
        "never linted",
        Forged(|forger| forger.records.retain(|record| record["ev"] != "lint.result")),
        &["E157", "E162"],
    ),
];

const LISTS: &[Case] = &[
    ("a CRL that nobody signed", Forged(|forger| forger.change("crl", "root-x1", flip_last)), &["E190"]),
    ("no CRL", Forged(|forger| forger.change("crl", "root-x1", |octets| *octets = b"x".to_vec())), &["E190"]),
    (
        "the CRL of another issuer",
        Forged(|forger| {
            let other = forger.record("cert.signed", "e1")["data"]["spki_sha256"].clone();
            forger.record("crl.signed", "root-x1")["data"]["issuer_spki_sha256"] = other.clone();
            forger.intent("crl.signed", "root-x1")["data"]["issuer_spki_sha256"] = other;
        }),
        &["E190", "E191"],
    ),
    (
        "a CRL number that was there before",
        Pins(&[(
            "store: store",
            "last: {size: 0, root: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855, crl-numbers: [{issuer-spki-sha256: ROOT, number: 1}]}\nstore: store",
        )]),
        &["E192"],
    ),
    (
        "another number in the log",
        Forged(|forger| {
            forger.record("crl.signed", "root-x1")["data"]["number"] = "2".into();
            forger.intent("crl.signed", "root-x1")["data"]["number"] = "2".into();
        }),
        &["E192"],
    ),
    (
        "a CRL that lasts too long for the rules",
        Both(
            |forger| {
                forger.everywhere("\"policy\":\"private\"", "\"policy\":\"public-tls\"");
                forger.everywhere("\"class\":\"software\"", "\"class\":\"hardware\"");
                lasts_longer(forger);
            },
            &[("rules: private", "rules: public-tls")],
        ),
        &["E190", "E194"],
    ),
    (
        "a revocation that is not on the CRL",
        Forged(|forger| {
            let e1 = forger.record("cert.signed", "e1")["data"].clone();
            let (serial, sha256) =
                (e1["serial"].as_str().unwrap(), e1["artifact"]["sha256"].as_str().unwrap());
            let data = crate::bundle::revoked(serial, sha256);
            let index = forger.find("cert.signed", "\"e1\"");
            forger.insert_after(index, "cert.revoked", data);
        }),
        &["E155", "E195"],
    ),
    ("on its issuer's CRL", Forged(|forger| revoke_e1(forger, Some(4))), &["E174", "E190", "E196"]),
    (
        "a response that nobody signed",
        Forged(|forger| {
            forger.change("ocsp-response", "r-1", |octets| {
                let view = rootrite::pki::read::ocsp_response(octets).unwrap();
                let signature = view.basic().unwrap().signature().to_vec();
                let at = octets.windows(signature.len()).position(|window| window == signature).unwrap();
                octets[at + signature.len() - 1] ^= 1;
            });
        }),
        &["E197"],
    ),
    (
        "a response about a certificate that the log does not know",
        Forged(|forger| {
            let serial = forger.record("cert.signed", "e1")["data"]["serial"].as_str().unwrap().to_owned();
            forger.everywhere(&serial, &format!("01{}", "0".repeat(30)));
        }),
        &["E175", "E198"],
    ),
    (
        "another window in the log",
        Forged(|forger| {
            forger.record("ocsp.signed", "r")["data"]["this_update"] = "2026-11-02T00:00:00Z".into();
        }),
        &["E199"],
    ),
    (
        "a request that its key did not sign",
        Forged(|forger| {
            forger.rename_kind("cert.signed", "root-x1-ocsp", "request");
        }),
        &["E181"],
    ),
];

/// Nobody cosigned.
const NEVER: i64 = i64::MAX;

fn head(bundle: &Bundle, from: &str, to: &str) {
    let text = bundle.text("checkpoint");
    let changed = text.replacen(from, to, 1);
    assert_ne!(text, changed);
    bundle.write("checkpoint", changed);
}

fn line(bundle: &Bundle, from: &str, to: &str) {
    bundle.lines(|lines| lines[20] = lines[20].replacen(from, to, 1));
}

fn signature(bundle: &Bundle, change: fn(&mut Vec<u8>)) {
    use base64ct::{Base64, Encoding as _};
    let text = bundle.text("checkpoint");
    let (before, encoded) = text.trim_end().rsplit_once(' ').unwrap();
    let mut octets = Base64::decode_vec(encoded).unwrap();
    change(&mut octets);
    bundle.write("checkpoint", format!("{before} {}\n", Base64::encode_string(&octets)));
}

fn close(forger: &mut Forger, key: &str, value: &str) {
    forger.records.last_mut().unwrap()["data"][key] = value.into();
}

#[expect(clippy::ptr_arg, reason = "the forger changes octets and their number")]
fn flip_last(octets: &mut Vec<u8>) {
    *octets.last_mut().unwrap() ^= 1;
}

fn replace(octets: &mut [u8], from: &[u8], to: &[u8]) {
    let at = octets.windows(from.len()).position(|window| window == from).unwrap();
    octets[at..at + from.len()].copy_from_slice(to);
}

/// Changes what is signed of E1; the log tells it too.
fn replace_in_e1(forger: &mut Forger, change: impl FnOnce(&mut Vec<u8>)) {
    let old = forger.intent("cert.signed", "e1")["data"]["tbs_sha256"].as_str().unwrap().to_owned();
    let mut new = String::new();
    forger.change("subordinate", "e1", |octets| {
        change(octets);
        let view = rootrite::pki::read::certificate(octets).unwrap();
        new = view.tbs().sha256().to_string();
    });
    forger.everywhere(&old, &new);
}

/// The CRL's next update is two years later, as the log tells it too.
fn lasts_longer(forger: &mut Forger) {
    let old = forger.intent("crl.signed", "root-x1")["data"]["tbs_sha256"].as_str().unwrap().to_owned();
    let next = forger.record("crl.signed", "root-x1")["data"]["next_update"].as_str().unwrap().to_owned();
    let later = next.replacen(&next[..4], &(next[..4].parse::<u32>().unwrap() + 2).to_string(), 1);
    let utc = |time: &str| time[2..].replace(['-', ':', 'T'], "").into_bytes();
    let mut new = String::new();
    forger.change("crl", "root-x1", |octets| {
        replace(octets, &utc(&next), &utc(&later));
        new = rootrite::pki::read::crl(octets).unwrap().tbs().sha256().to_string();
    });
    forger.everywhere(&old, &new);
    let record = forger.record("crl.signed", "root-x1");
    record["data"]["next_update"] = later.clone().into();
    if forger.intent("crl.signed", "root-x1")["data"].get("next_update").is_some() {
        forger.intent("crl.signed", "root-x1")["data"]["next_update"] = later.into();
    }
    let _: &Value = &forger.manifest;
}
