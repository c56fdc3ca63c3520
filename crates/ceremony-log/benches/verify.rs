//! How many records a second one core verifies, what memory that takes, and how long one proof takes once the log is indexed.
//!
//! `cargo bench -p ceremony-log` for half a million records; `cargo bench -p ceremony-log -- 500000 5000000` for logs of these
//! lengths, one after the other: they are written to the folder of temporary files, 600 octets a record.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::time::{Duration, Instant};

use ceremony_log::checkpoint::checkpoint_text;
use ceremony_log::index::Index;
use ceremony_log::json::Object;
use ceremony_log::key::{KeyKind, VerifierKey};
use ceremony_log::note::{Note, Signature};
use ceremony_log::policy::{Policy, SignedHead, Window, policy_text};
use ceremony_log::proof::Proof;
use ceremony_log::record::{Actor, Record, Role};
use ceremony_log::state::State;
use ceremony_log::time::Time;
use ceremony_log::tree::{Hash, Tree};
use ceremony_log::verify::{Entry, Practice, verify};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How many records the log has, unless somebody says otherwise.
const RECORDS: u64 = 500_000;

/// How many proofs are made.
const PROOFS: u64 = 2000;

fn main() -> Outcome<()> {
    let mut sizes: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    if sizes.is_empty() {
        sizes.push(RECORDS);
    }
    // The proofs last: an index is as long as its log, and what it leaves behind would be counted for the next.
    let first = sizes.first().copied().unwrap_or(RECORDS);
    sizes.into_iter().try_for_each(measure)?;
    proofs(&Log::made(first)?)
}

fn measure(records: u64) -> Outcome<()> {
    let log = Log::made(records)?;
    let records = log.seq;
    println!("\n{records} records, {} octets each", log.file.metadata()?.len() / records);
    for _ in 0..3 {
        log.pass("lines, chain, tree and head", &mut |_| {})?;
        let mut state = State::new();
        log.pass("the same and what the records say", &mut |entry| state.follow(entry.record))?;
        let findings = state.finish().list;
        assert!(findings.is_empty(), "{:?}", findings.first());
    }
    Ok(())
}

/// One proof after the other, from an index, each read from the file; and each judged.
fn proofs(log: &Log) -> Outcome<()> {
    let mut index = Index::new();
    log.pass("the same and an index", &mut |entry| index.follow(entry))?;
    let (mut making, mut judging, mut longest) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let policy = log.policy()?;
    for number in 0..PROOFS {
        let sha256 = Hash::leaf(&(number * 7919 % (log.seq / 2 - 8)).to_be_bytes());
        let begun = Instant::now();
        let seq = index.artifact(sha256.octets()).ok_or("no such artifact")?;
        let range = index.place(seq).ok_or("no such line")?;
        let mut line = vec![0; usize::try_from(range.end - range.start)?];
        (&log.file).seek(SeekFrom::Start(range.start))?;
        (&log.file).read_exact(&mut line)?;
        let proof = index.proof(seq, &line, log.seq, log.note.clone()).ok_or("no proof")?.to_string();
        let made = begun.elapsed();
        making += made;
        longest = longest.max(made);
        let begun = Instant::now();
        let proven = Proof::parse(proof.as_bytes())?.verify(&policy, &Window::at(0));
        judging += begun.elapsed();
        assert!(proven.is_ok_and(|proven| proven.record().seq == seq), "the proof does not verify");
    }
    let microseconds = |time: Duration| time.as_secs_f64() * 1e6;
    let each = |time: Duration| microseconds(time) / f64::from(u32::try_from(PROOFS).unwrap_or(1));
    println!(
        "{:>9.1} µs to prove an artifact, the longest {:.1} µs; {:.1} µs to judge the proof",
        each(making),
        microseconds(longest),
        each(judging)
    );
    Ok(())
}

/// How long this thread has had a core to itself: what others do on the machine counts as little as can be.
fn on_a_core() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(told.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0))
}

/// The most memory that this process has had since it was last asked, in MiB.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("unknown");
    // From here on it counts anew.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    line.trim().to_owned()
}

/// A ceremony of one key and many signatures, in a file that is gone when the benchmark is.
struct Log {
    file: File,
    writer: Option<BufWriter<File>>,
    tree: Tree,
    prev: Hash,
    seq: u64,
    note: Note,
    key: VerifierKey,
}

impl Log {
    fn made(records: u64) -> Outcome<Self> {
        let path = std::env::temp_dir().join(format!("ceremony-log-bench-{}", std::process::id()));
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        std::fs::remove_file(&path)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).map_err(|error| error.to_string())?;
        let key = VerifierKey::new(ORIGIN, KeyKind::Ed25519, pair.public_key().as_ref())?;
        let writer = Some(BufWriter::with_capacity(1 << 20, file.try_clone()?));
        let note = Note::new("not signed yet\n")?;
        let mut log = Self { file, writer, tree: Tree::new(), prev: Hash::ZERO, seq: 0, note, key };
        log.write(records)?;
        if let Some(mut writer) = log.writer.take() {
            writer.flush()?;
        }
        let text = checkpoint_text(ORIGIN, log.seq, &log.tree.root())?;
        log.note = Note::new(text.clone())?;
        log.note.add(Signature::new(&log.key, pair.sign(text.as_bytes()).as_ref()))?;
        Ok(log)
    }

    fn policy(&self) -> Outcome<Policy> {
        let text = policy_text(std::slice::from_ref(&self.key), &[], 0)?;
        Ok(Policy::parse(text.as_bytes()).map_err(|findings| format!("{findings:?}"))?)
    }

    fn head(&self) -> Outcome<SignedHead> {
        Ok(self.policy()?.judge(&self.note, &Window::at(0)).map_err(|findings| format!("{findings:?}"))?)
    }

    /// Verifies all of it once.
    #[expect(clippy::cast_precision_loss, reason = "a count far below 2^52")]
    fn pass(&self, what: &str, visit: &mut dyn FnMut(Entry<'_>)) -> Outcome<()> {
        (&self.file).seek(SeekFrom::Start(0))?;
        let _ = peak();
        let (begun, before) = (Instant::now(), on_a_core());
        let mut reader = BufReader::with_capacity(64 * 1024, &self.file);
        let verified = verify(&mut reader, self.head()?, None, Practice::Refuse, visit)?;
        let taken =
            on_a_core().checked_sub(before).filter(|taken| !taken.is_zero()).unwrap_or(begun.elapsed());
        let speed = self.seq as f64 / taken.as_secs_f64();
        assert_eq!(verified.tree(), &self.tree);
        println!("{speed:>9.0} records a second of a core for {what}; memory at most {}", peak());
        Ok(())
    }

    fn write(&mut self, records: u64) -> Outcome<()> {
        let spki = Hash::leaf(b"key").to_string();
        let plan = Hash::leaf(b"plan").to_string();
        let genesis = Object::new().with("hash", "sha256").with("origin", ORIGIN).with("practice", false);
        self.add("log.genesis", None, genesis.with("spec", "ceremony-log/v1"))?;
        self.add("session.start", None, Object::new())?;
        self.add("plan.approved", None, Object::new().with("person", "bo").with("sha256", plan.as_str()))?;
        self.add("ceremony.open", None, Object::new().with("plan_sha256", plan))?;
        self.add("auth.ok", None, Object::new().with("token", "root-a"))?;
        self.add("key.generate.intent", None, Object::new().with("token", "root-a"))?;
        let attributes = Object::new().with("local", true).with("never_extractable", true);
        let key = Object::new().with("attributes", attributes).with("spki_sha256", spki.as_str());
        self.add("key.generated", Some(5), key)?;
        self.add("key.live", None, Object::new().with("spki_sha256", spki.as_str()))?;
        for number in 0..records / 2 {
            self.sign(&spki, number)?;
        }
        self.add("ceremony.close", None, Object::new().with("outcome", "ok"))
    }

    fn sign(&mut self, spki: &str, number: u64) -> Outcome<()> {
        let serial = format!("{number:032x}");
        let digest = Hash::leaf(&number.to_be_bytes()).to_string();
        let intent = Object::new()
            .with("issuer_spki_sha256", spki)
            .with("not_after", "2027-11-01T07:59:59Z")
            .with("not_before", "2026-11-01T08:00:00Z")
            .with("profile", "tls-subordinate-ca")
            .with("serial", serial.as_str())
            .with("subject", "CN=E1,O=Example,C=CH")
            .with("tbs_sha256", digest.as_str());
        let seq = self.seq;
        self.add("cert.sign.intent", None, intent)?;
        let artifact = Object::new().with("kind", "subordinate").with("name", format!("e{number}"));
        let artifact = artifact.with("sha256", digest);
        let result = Object::new()
            .with("artifact", artifact.with("media_type", "application/pkix-cert"))
            .with(
                "key",
                Object::new().with("id", "0a0b0c0d").with("label", "Root R1").with("token", "root-a"),
            )
            .with("serial", serial)
            .with("spki_sha256", spki);
        self.add("cert.signed", Some(seq), result)
    }

    fn add(&mut self, ev: &str, reference: Option<u64>, data: Object) -> Outcome<()> {
        let record = Record {
            seq: self.seq,
            prev: self.prev,
            at: Time::from_seconds(1_800_000_000 + self.seq).unwrap_or(Time::MAX),
            mono: self.seq * 1000,
            cer: "2026-root".to_owned(),
            ev: ev.to_owned(),
            actor: Actor { id: "software".to_owned(), role: Role::Software },
            data,
            step: Some("4.12".to_owned()),
            reference,
        };
        let line = record.to_line()?;
        self.prev = self.tree.push_line(line.as_bytes());
        self.seq += 1;
        let writer = self.writer.as_mut().ok_or("the log is written")?;
        Ok(writeln!(writer, "{line}")?)
    }
}

/// The log's name.
const ORIGIN: &str = "example.org/log";
