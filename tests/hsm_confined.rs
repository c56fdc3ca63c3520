//! What a module process may not do, tried by a module that tries it; and that SoftHSM works all the same.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail with their tests")]
#![expect(clippy::print_stdout, reason = "a test says what it skipped")]

mod common;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;

use common::fake;
use common::softhsm::{SoftHsm, any, session};
use rootrite::hsm::{
    ModuleConfiguration, ModuleInformation, ModuleProcess, Network, STANDARD, Taken, ToSign, Token as _,
    Writes,
};
use rootrite::pki::key::KeyAlgorithm;

/// What came of each attempt of a module that tries to escape: nothing if it worked, otherwise the number of the error.
fn attempts(configuration: &ModuleConfiguration) -> (ModuleInformation, BTreeMap<String, Option<i32>>) {
    let process = ModuleProcess::start(configuration).unwrap();
    let mut session = process.open(&any("fake"), &STANDARD).unwrap();
    let said = session.random(1024).unwrap();
    let text = String::from_utf8(said.to_vec()).unwrap();
    let attempt = |line: &str| {
        let (what, result) = line.split_once(' ').unwrap();
        (what.to_owned(), result.parse().ok())
    };
    let information = process.information().clone();
    (information, text.trim_end_matches('\0').lines().map(attempt).collect())
}

/// A module that tries to escape, which may write below one folder.
fn escaping(inside: &Path, elsewhere: &Path, network: Network) -> ModuleConfiguration {
    let mut configuration = fake::configuration("escapes");
    let paths = [
        ("INSIDE", inside.join("file")),
        ("ELSEWHERE", elsewhere.join("file")),
        ("FOLDER", elsewhere.join("folder")),
    ];
    configuration.environment.extend(paths.map(|(name, path)| (name.to_owned(), path.display().to_string())));
    configuration.writes = Writes::Below(vec![inside.to_owned()]);
    configuration.network = network;
    configuration
}

/// Whether a measure was taken as a whole; a kernel that cannot is said, and the attempts that it would refuse are not
/// looked at.
fn holds(information: &ModuleInformation, subject: &str) -> bool {
    let measure = information.measures.iter().find(|measure| measure.subject == subject).unwrap();
    if measure.taken != Taken::Yes {
        println!("SKIPPED in part: {subject}: {}", measure.detail);
    }
    measure.taken == Taken::Yes
}

const EPERM: Option<i32> = Some(1);
const EACCES: Option<i32> = Some(13);
const EAFNOSUPPORT: Option<i32> = Some(97);

#[test]
fn a_module_process_has_no_network_starts_nothing_and_writes_only_where_it_may() {
    let (inside, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (information, tried) = attempts(&escaping(inside.path(), elsewhere.path(), Network::Deny));
    // Debian 12's kernel can do all of these; one that cannot would have said so.
    assert!(holds(&information, "network") && holds(&information, "processes"), "{:?}", information.measures);
    for socket in
        ["inet", "inet-datagram", "inet6", "packet", "netlink", "vsock", "unix", "peer", "other-port"]
    {
        assert_eq!(tried[socket], EAFNOSUPPORT, "{socket}");
    }
    for reach in ["io_uring", "exec", "ptrace", "read-parent", "mount"] {
        assert_eq!(tried[reach], EPERM, "{reach}");
    }
    assert!(holds(&information, "core-dumps"));
    assert!(tried["core"].is_some(), "the limit of core files is not nought");
    assert!(tried["dumpable"].is_some(), "others can read its memory");
    if holds(&information, "files") {
        assert_eq!(tried["write-inside"], None);
        assert_eq!(tried["write-elsewhere"], EACCES);
        assert_eq!(tried["make-folder"], EACCES);
        assert_eq!(tried["signal-parent"], EPERM);
        assert!(inside.path().join("file").exists() && !elsewhere.path().join("file").exists());
    }
}

#[test]
fn a_module_that_may_speak_to_this_machine_still_has_no_network() {
    let (inside, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (_, tried) = attempts(&escaping(inside.path(), elsewhere.path(), Network::Unix));
    assert_eq!(tried["unix"], None);
    for socket in ["inet", "inet-datagram", "inet6", "packet", "netlink", "vsock", "peer", "other-port"] {
        assert_eq!(tried[socket], EAFNOSUPPORT, "{socket}");
    }
}

#[test]
fn a_module_with_a_peer_reaches_its_port_by_tcp_and_nothing_else() {
    let (inside, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let [peer, other] = [0; 2].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port().to_string();
    let mut configuration =
        escaping(inside.path(), elsewhere.path(), Network::Peer(peer.local_addr().unwrap()));
    configuration.environment.insert("PEER".to_owned(), port(&peer));
    configuration.environment.insert("OTHER".to_owned(), port(&other));
    let (information, tried) = attempts(&configuration);
    assert_eq!((tried["inet"], tried["unix"], tried["peer"]), (None, None, None));
    for socket in ["inet-datagram", "inet6", "packet", "netlink", "vsock"] {
        assert_eq!(tried[socket], EAFNOSUPPORT, "{socket}");
    }
    // Ports are Landlock's; seccomp cannot see them.
    if holds(&information, "files") {
        assert_eq!(tried["other-port"], EACCES);
    }
    assert_eq!(tried["exec"], EPERM);
}

#[test]
fn a_module_of_which_nobody_has_said_where_it_writes_is_not_limited_and_that_is_said() {
    let (inside, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut configuration = escaping(inside.path(), elsewhere.path(), Network::Deny);
    configuration.writes = Writes::Anywhere;
    let (information, tried) = attempts(&configuration);
    assert_eq!(tried["write-elsewhere"], None);
    let measure = information.measures.iter().find(|measure| measure.subject == "files").unwrap();
    assert_eq!(
        (measure.taken, measure.detail.as_str()),
        (Taken::Partly, "not limited: nobody has said where it may write")
    );
}

#[test]
fn softhsm_makes_keys_and_signs_under_all_of_it() {
    let softhsm = SoftHsm::new().token("root", "123456", "87654321");
    let mut configuration = softhsm.configuration();
    configuration.writes = Writes::Below(vec![softhsm.tokens()]);
    let process = ModuleProcess::start(&configuration).unwrap();
    let measures = &process.information().measures;
    assert!(measures.iter().all(|measure| measure.taken != Taken::No), "{measures:?}");
    let mut token = session(&process, "root", "123456");
    let id = rootrite::hsm::KeyId::from_octets(&[1; 16]).unwrap();
    let algorithm = KeyAlgorithm::EcdsaP384;
    let request =
        rootrite::hsm::KeyRequest { label: "key".to_owned(), id: id.clone(), algorithm, extractable: false };
    token.generate_key_pair(&request).unwrap();
    let hash = rootrite::hsm::HashAlgorithm::Sha384;
    token.sign(&id, ToSign::Digest { hash, octets: &hash.digest(b"message") }).unwrap();
    token.log_out().unwrap();
    drop(token);
    process.stop().unwrap();
}
