//! Fifty thousand messages to a module process that no program would send: none makes it panic, crash or hang.
//!
//! The messages are written by this file's own hand, not by the program's: `src/hsm/wire` says how. The other fifty
//! thousand, from the process, are in `src/hsm/fuzz.rs`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail with their tests")]

mod common;

use std::io::{IoSlice, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::fake;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

/// The same numbers at every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    fn octet(&mut self) -> u8 {
        self.next().to_be_bytes()[7]
    }
}

fn counted(octets: &[u8]) -> Vec<u8> {
    [&u32::try_from(octets.len()).unwrap().to_be_bytes()[..], octets].concat()
}

fn framed(number: u64, value: &[u8]) -> Vec<u8> {
    let octets = u32::try_from(value.len() + 8).unwrap();
    [&octets.to_be_bytes()[..], &number.to_be_bytes(), value].concat()
}

/// The command that loads the module: no digest, no reserved text, no network, writes anywhere.
fn start() -> Vec<u8> {
    [&[0][..], &counted(fake::module().to_str().unwrap().as_bytes()), &[0, 0, 0, 0]].concat()
}

/// The command that opens a session: the label, any serial number and model; then the quirks of none.
fn open() -> Vec<u8> {
    [&[3][..], &counted(b"fake"), &[0, 0], &quirks()].concat()
}

/// The quirks of none: octets of an id, two lists, octets of randomness, sessions, two lists, three times what it hashes,
/// a user type.
fn quirks() -> Vec<u8> {
    let none = 0_u32.to_be_bytes();
    [&16_u64.to_be_bytes()[..], &none, &none, &4096_u64.to_be_bytes(), &[0], &none, &none, &[0, 0, 0], &[0]]
        .concat()
}

/// Every request that a session takes.
fn requests() -> Vec<Vec<u8>> {
    let id = counted(&[1; 16]);
    let pin = counted(b"123456");
    let data = [counted(b"head"), counted(b"rootrite"), counted(&[1, 2, 3])].concat();
    let key = [counted(b"key"), id.clone(), counted(b"ecdsa-p256"), vec![0]].concat();
    vec![
        vec![0],
        [&[1, 0][..], &pin].concat(),
        vec![1, 1],
        vec![1, 2],
        vec![1, 3],
        vec![2],
        [&[3][..], &pin, &pin].concat(),
        [&[4][..], &16_u64.to_be_bytes()].concat(),
        vec![5],
        [&[6][..], &key].concat(),
        [&[7][..], &id].concat(),
        [&[8][..], &id, &[1, 0], &counted(&[7; 32])].concat(),
        [&[9][..], &id].concat(),
        [&[10][..], &data].concat(),
        [&[11][..], &counted(b"head")].concat(),
        [&[12][..], &id, &[1, 0], &2_u32.to_be_bytes(), &counted(&[7; 32]), &counted(&[8; 32])].concat(),
        [&[13][..], &id, &[0], &counted(&[7; 32])].concat(),
        [&[16][..], &id].concat(),
        [&[17][..], &counted(b"head")].concat(),
        [&[18][..], &quirks()].concat(),
        [&[30][..], &id, &[0], &counted(b"message"), &[0]].concat(),
        [&[31][..], &id, &[0], &[0]].concat(),
        [&[32][..], &counted(b"part")].concat(),
        [&[33][..], &id, &[0], &counted(&[7; 32])].concat(),
    ]
}

/// Something wrong with a good message, or octets that never were one.
fn spoil(mut value: Vec<u8>, numbers: &mut Numbers) -> Vec<u8> {
    match numbers.below(6) {
        0 => value.truncate(numbers.below(value.len() + 1)),
        1 => value.extend((0..numbers.below(40)).map(|_| numbers.octet())),
        2 => value = (0..numbers.below(200)).map(|_| numbers.octet()).collect(),
        _ => {
            for _ in 0..=numbers.below(3) {
                let place = numbers.below(value.len());
                value[place] = if numbers.below(2) == 0 { numbers.octet() % 16 } else { numbers.octet() };
            }
        }
    }
    value
}

/// A module process that this test speaks with itself.
struct Process {
    child: Child,
    control: UnixStream,
}

impl Process {
    fn spawn() -> Self {
        let (control, theirs) = UnixStream::pair().unwrap();
        control.set_read_timeout(Some(LONGEST)).unwrap();
        control.set_write_timeout(Some(LONGEST)).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_rootrite"))
            .arg("__module")
            .env_clear()
            .env("FAKE", "")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child, control }
    }

    fn start() -> Self {
        let mut process = Self::spawn();
        process.control.write_all(&framed(0, &start())).unwrap();
        assert_eq!(answer(&mut process.control).unwrap().first(), Some(&1), "it did not start");
        process
    }

    /// A session; nothing if the process has ended, as it does after the last logout.
    fn session(&mut self) -> Option<UnixStream> {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_read_timeout(Some(LONGEST)).unwrap();
        ours.set_write_timeout(Some(LONGEST)).unwrap();
        self.control.write_all(&framed(1, &open())).ok()?;
        let sockets = [theirs.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        ancillary.push(SendAncillaryMessage::ScmRights(&sockets));
        rustix::net::sendmsg(&self.control, &[IoSlice::new(&[0])], &mut ancillary, SendFlags::NOSIGNAL)
            .ok()?;
        assert_eq!(answer(&mut self.control)?.first(), Some(&1), "no session was opened");
        Some(ours)
    }

    /// Lets it end, and says nothing if it did so in good order.
    fn end(mut self) {
        drop(self.control);
        let mut words = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut words).unwrap();
        let until = Instant::now() + LONGEST;
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None => assert!(Instant::now() < until, "the process does not end"),
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        assert!(matches!(status.code(), Some(0 | 2)), "{status}: {words}");
        assert!(!words.contains("panicked"), "{words}");
    }
}

/// The value of the next frame; nothing if the other side has closed.
fn answer(socket: &mut UnixStream) -> Option<Vec<u8>> {
    let mut head = [0; 12];
    if let Err(error) = socket.read_exact(&mut head) {
        assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock, "nobody answers");
        return None;
    }
    let octets = u32::from_be_bytes(head[..4].try_into().unwrap());
    let mut value = vec![0; usize::try_from(octets).unwrap() - 8];
    socket.read_exact(&mut value).unwrap();
    Some(value)
}

#[test]
fn fuzzed_requests_to_a_session_are_answered_or_end_it() {
    let (mut numbers, good) = (Numbers(0x2545_f491_4f6c_dd1d), requests());
    let mut process = Process::start();
    let (mut answered, mut ended) = (0, 0);
    let (mut session, mut processes) = (process.session().unwrap(), 1);
    for number in 0..REQUESTS {
        let value = spoil(good[numbers.below(good.len())].clone(), &mut numbers);
        let mut frame = framed(number, &value);
        // Some frames lie about their length, and nothing more comes.
        let lies = numbers.below(20) == 0;
        if lies {
            frame[numbers.below(4)] = numbers.octet();
        }
        // It may have ended with its process.
        let _ = session.write_all(&frame);
        if lies {
            // It may have ended the session by now.
            let _ = session.shutdown(Shutdown::Write);
        }
        if answer(&mut session).is_some() {
            answered += 1;
            if !lies {
                continue;
            }
        }
        ended += 1;
        session = process.session().unwrap_or_else(|| {
            processes += 1;
            std::mem::replace(&mut process, Process::start()).end();
            process.session().unwrap()
        });
    }
    assert!(processes > 10, "{processes} processes, one after the last logout of the one before");
    assert!(answered > REQUESTS / 10 && ended > REQUESTS / 10, "{answered} answered, {ended} ended");
    drop(session);
    process.end();
}

#[test]
fn fuzzed_commands_to_the_process_are_answered_or_end_it() {
    let mut numbers = Numbers(0xd1b5_4a32_d192_ed03);
    let wish = [vec![2, 0], counted(b"new"), counted(b"12345678"), counted(b"123456")].concat();
    let good = [start(), vec![1], wish, open(), vec![4], vec![5], [&[6][..], &0_u64.to_be_bytes()].concat()];
    for _ in 0..PROCESSES {
        let mut process = if numbers.below(4) == 0 { Process::spawn() } else { Process::start() };
        let commands = (0..COMMANDS).map(|number| {
            let value = spoil(good[numbers.below(good.len())].clone(), &mut numbers);
            framed(number, &value)
        });
        // It may have ended before all of them are written.
        let _ = process.control.write_all(&commands.collect::<Vec<_>>().concat());
        process.end();
    }
}

const REQUESTS: u64 = 48_000;
const PROCESSES: u64 = 200;
const COMMANDS: u64 = 10;
const LONGEST: Duration = Duration::from_mins(2);
