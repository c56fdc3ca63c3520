//! A log that goes from a screen to another machine's camera: what is shown, what is received, and what is refused.
//!
//! Pictures are real: what stands on a terminal becomes pixels, and nothing but pixels comes to the other side.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ceremony_log::note::Note;
use ceremony_log::policy::policy_text;
use rootrite::paper::{MARGIN, Symbol, characters};
use rootrite::relay::{Frame, LogId, Picture, Pictures, Reader, Sequence, SequenceId, cut};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::common::program::{Ended, command, rootrite, run, tool};
use crate::sight::Sight;
use crate::writer::{Key, Writer, text};

/// Pixels a module.
const SCALE: usize = 5;
/// What terminals of 80 by 24 and of 120 by 40 show.
const VERSIONS: [u8; 2] = [5, 13];

/// A picture as a PGM file.
fn pgm(width: usize, height: usize, grey: &[u8]) -> Vec<u8> {
    [format!("P5\n{width} {height}\n255\n").as_bytes(), grey].concat()
}

/// A symbol on a screen: dark is not black, light not white, and a window is around it.
fn shot(symbol: &Symbol) -> (usize, Vec<u8>) {
    let side = (symbol.side() + 2 * MARGIN + 6) * SCALE;
    let mut grey = vec![40; side * side];
    for y in 0..side {
        for x in 0..side {
            let module = |place: usize| (place / SCALE).checked_sub(3 + MARGIN);
            let around = |place: usize| (3..symbol.side() + 2 * MARGIN + 3).contains(&(place / SCALE));
            if around(x) && around(y) {
                let dark = module(x).zip(module(y)).is_some_and(|(x, y)| symbol.is_dark(x, y));
                grey[y * side + x] = if dark { 30 } else { 210 };
            }
        }
    }
    (side, grey)
}

/// The same out of focus: each pixel is the mean of those around it, so far in every direction.
fn blurred(side: usize, grey: &[u8], far: usize) -> Vec<u8> {
    let mean = |x: usize, y: usize| {
        let range = |at: usize| at.saturating_sub(far)..(at + far + 1).min(side);
        let all = range(y).flat_map(|y| range(x).map(move |x| usize::from(grey[y * side + x])));
        let (sum, count) = all.fold((0, 0), |(sum, count), grey| (sum + grey, count + 1));
        u8::try_from(sum / count).unwrap()
    };
    (0..side * side).map(|place| mean(place % side, place / side)).collect()
}

/// A PNG file of grey pixels.
fn png(side: usize, grey: &[u8]) -> Vec<u8> {
    fn checksum(octets: &[u8]) -> u32 {
        let step = |sum: u32, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
        !octets.iter().fold(u32::MAX, |sum, octet| (0..8).fold(sum ^ u32::from(*octet), step))
    }
    let part = |kind: &[u8; 4], data: &[u8]| {
        let body = [&kind[..], data].concat();
        [&u32::try_from(data.len()).unwrap().to_be_bytes()[..], &body, &checksum(&body).to_be_bytes()]
            .concat()
    };
    let size = u32::try_from(side).unwrap().to_be_bytes();
    let rows: Vec<u8> = grey.chunks(side).flat_map(|row| [&[0], row].concat()).collect();
    let rows = miniz_oxide::deflate::compress_to_vec_zlib(&rows, 6);
    let head = [&size[..], &size, &[8, 0, 0, 0, 0]].concat();
    [b"\x89PNG\r\n\x1a\n", &part(b"IHDR", &head)[..], &part(b"IDAT", &rows), &part(b"IEND", b"")].concat()
}

/// The auditor's machine.
struct Machine {
    folder: tempfile::TempDir,
    key: Key,
    log: Writer,
    first: u64,
}

impl Machine {
    /// A log of two ceremonies, and the policy that pins its key.
    fn new() -> Self {
        let mut log = Writer::new();
        log.begin();
        let key = Key::of_log(1);
        let added =
            text("vkey", &key.verifier.to_string()).with("role", "main").with("spki_sha256", "0".repeat(64));
        log.append("log.key.added", None, added);
        log.ceremony("2026-root");
        let first = log.size();
        log.ceremony("2027-crl");
        let machine = Self { folder: tempfile::tempdir().unwrap(), key, log, first };
        let policy = policy_text(std::slice::from_ref(&machine.key.verifier), &[], 0).unwrap();
        fs::write(machine.path("policy"), policy).unwrap();
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The checkpoint over the first `size` records, from `old` on.
    fn sequence(&self, old: u64, size: u64) -> Sequence {
        sequence(&self.log, old, size, &self.log.note_at(size, &self.key))
    }

    fn frames(&self, old: u64, size: u64) -> Vec<Frame> {
        frames(&self.log, &self.sequence(old, size), size, VERSIONS[0])
    }

    /// What another machine's screen showed, as pictures in a folder; then they are received.
    fn receive(&self, frames: &[Frame], more: &str) -> Ended {
        let pictures = self.path("pictures");
        let _ = fs::remove_dir_all(&pictures);
        fs::create_dir(&pictures).unwrap();
        for (place, frame) in frames.iter().enumerate() {
            let (side, grey) = shot(&Symbol::of_version(&frame.to_string(), VERSIONS[0]).unwrap());
            fs::write(pictures.join(format!("{place:04}.pgm")), pgm(side, side, &grey)).unwrap();
        }
        self.run(more)
    }

    fn run(&self, more: &str) -> Ended {
        let line = format!("log receive --out received {more} --images pictures");
        rootrite(self.folder.path(), line.split_whitespace())
    }

    fn received(&self) -> String {
        fs::read_to_string(self.path("received/log.jsonl")).unwrap_or_default()
    }

    /// The text of the log's first records.
    fn lines(&self, size: u64) -> String {
        self.log
            .lines
            .iter()
            .take(usize::try_from(size).unwrap())
            .fold(String::new(), |text, line| text + line + "\n")
    }
}

fn sequence(log: &Writer, old: u64, size: u64, note: &Note) -> Sequence {
    let (from, to) = (usize::try_from(old).unwrap(), usize::try_from(size).unwrap());
    let lines = log.lines[from..to].iter().fold(String::new(), |text, line| text + line + "\n");
    Sequence { old, lines: lines.into(), note: note.to_string().into() }
}

fn frames(log: &Writer, sequence: &Sequence, size: u64, version: u8) -> Vec<Frame> {
    let packed = sequence.pack().unwrap();
    let id = SequenceId::of(LogId::of_first_line(log.lines[0].as_bytes()), size, &packed);
    cut(id, &packed, characters(version).unwrap()).unwrap()
}

#[test]
fn two_decoders_read_what_is_shown() {
    let machine = Machine::new();
    let sequence = machine.sequence(0, machine.log.size());
    let mut reader = Reader::default();
    for version in VERSIONS {
        let mut paths = Vec::new();
        let frames = frames(&machine.log, &sequence, machine.log.size(), version);
        assert!(frames.len() > 3, "{}", frames.len());
        for frame in &frames {
            let (side, grey) = shot(&Symbol::of_version(&frame.to_string(), version).unwrap());
            let file = png(side, &grey);
            let picture = Pictures::of(&file[..]).next_picture().unwrap().unwrap();
            assert_eq!(reader.read(picture.inverted()).unwrap(), [frame.to_string()]);
            assert_eq!(reader.read(picture).unwrap(), [frame.to_string()]);
            let path = machine.path(&format!("{version}-{:04}.png", frame.number));
            fs::write(&path, file).unwrap();
            paths.push(path);
        }
        let arguments = ["--quiet", "--raw"].map(PathBuf::from).into_iter().chain(paths);
        let Some(read) = tool("zbarimg", machine.folder.path(), arguments) else { return };
        let shown = frames.iter().fold(String::new(), |mut text, frame| {
            writeln!(text, "{frame}").unwrap();
            text
        });
        assert_eq!(read.with(0).out, shown);
    }
}

#[test]
fn a_log_is_received_checkpoint_by_checkpoint_and_continued() {
    let machine = Machine::new();
    let (first, all) = (machine.first, machine.log.size());
    let ended = machine.receive(&machine.frames(0, first), "--policy policy").with(0);
    assert!(ended.out.contains(&format!("The head over {first} records verifies")), "{}", ended.out);
    assert!(
        ended.out.contains("cert.signed") && ended.out.contains("good by the policy that was named"),
        "{}",
        ended.out
    );
    let head = machine.log.note_at(first, &machine.key);
    let words =
        rootrite::digest::Digest::from_octets(*machine.log.levels.root(first).unwrap().octets()).words();
    assert!(ended.out.contains(&words), "{}", ended.out);
    assert_eq!(machine.received(), machine.lines(first));
    assert_eq!(fs::read_to_string(machine.path("received/checkpoint")).unwrap(), head.to_string());
    // Shown again it is known; then the log goes on, with frames in no order and most of them twice.
    let again = machine.receive(&machine.frames(0, first), "--policy policy").with(0);
    assert_eq!(again.out, format!("The head over {first} records is known already\n"));
    let mut frames = machine.frames(first, all);
    frames.extend(frames.clone());
    frames.rotate_left(3);
    frames.reverse();
    let ended = machine.receive(&frames, "--policy policy").with(0);
    assert!(ended.out.contains(&format!("{first} were here")), "{}", ended.out);
    assert_eq!(machine.received(), machine.log.text());
    for size in [first, all] {
        let kept = fs::read_to_string(machine.path(&format!("received/checkpoints/{size}"))).unwrap();
        assert_eq!(kept, machine.log.note_at(size, &machine.key).to_string());
    }
    // Checkpoints out of order, in one go, into a new folder: the later one waits for the earlier.
    fs::remove_dir_all(machine.path("received")).unwrap();
    let frames = [machine.frames(first, all), machine.frames(0, first)].concat();
    let _ = machine.receive(&frames, "--policy policy").with(0);
    assert_eq!(machine.received(), machine.log.text());
}

#[test]
fn missing_frames_are_named_and_nothing_is_kept_without_them() {
    let machine = Machine::new();
    let mut frames = machine.frames(0, machine.first);
    let count = frames.len();
    assert!(count > 8, "{count}");
    frames.retain(|frame| ![3, 7, 8].contains(&frame.number));
    let ended = machine.receive(&frames, "--policy policy").with(3);
    let wanted = format!("frames 3, 7, 8 of {count} of the head over {} are missing", machine.first);
    assert!(ended.error.contains(&wanted), "{}", ended.error);
    assert_eq!(machine.received(), "");
    assert!(!machine.path("received/checkpoint").exists());
    let ended = machine.receive(&[], "--policy policy").with(3);
    assert!(ended.error.contains("no frame was found on 0 pictures"), "{}", ended.error);
    let _ = machine.receive(&machine.frames(0, machine.first), "--policy policy").with(0);
}

#[test]
fn an_altered_frame_is_not_taken_for_the_log() {
    let machine = Machine::new();
    let good = machine.frames(0, machine.first);
    let mut frames = good.clone();
    // Its checksum fits: whoever altered it made it anew.
    frames[2].part[5] ^= 1;
    let ended = machine.receive(&frames, "--policy policy");
    assert!(ended.error.contains("together are not what each of them says"), "{}", ended.error);
    assert_eq!(machine.received(), "");
    // Beside the good one it is said that there are two.
    let both = [good.clone(), vec![frames[2].clone()], good].concat();
    let both: Vec<_> = both[1..].to_vec();
    let ended = machine.receive(&both, "--policy policy").with(0);
    assert_eq!(machine.received(), machine.lines(machine.first), "{}", ended.error);
}

#[test]
fn frames_of_two_logs_do_not_mix() {
    let machine = Machine::new();
    let mut other = Machine::new();
    other.log = Writer::new();
    other.log.at += 1;
    other.log.begin();
    other.log.ceremony("2026-other");
    let size = other.log.size();
    let ours = machine.frames(0, machine.first);
    let theirs = other.frames(0, size);
    let mixed: Vec<_> = ours
        .iter()
        .zip(theirs.iter().cycle())
        .flat_map(|(one, other)| [one.clone(), other.clone()])
        .collect();
    // The other log's checkpoint would be refused; here ours is whole first, and then theirs are passed over.
    let mixed: Vec<_> =
        mixed.into_iter().filter(|frame| frame.sequence == ours[0].sequence || frame.number != 1).collect();
    let mixed = [mixed, theirs].concat();
    let ended = machine.receive(&mixed, "--policy policy").with(5);
    assert!(
        ended.error.contains("E111") && ended.error.contains("frames are of another log"),
        "{}",
        ended.error
    );
    assert_eq!(machine.received(), machine.lines(machine.first));
}

#[test]
fn a_wrong_signature_a_fork_and_a_gap_are_refused_with_their_codes() {
    let machine = Machine::new();
    let (first, all) = (machine.first, machine.log.size());
    let stranger = Key::of_log(2);
    let shown = |note: &Note, old, size| {
        frames(&machine.log, &sequence(&machine.log, old, size, note), size, VERSIONS[0])
    };
    let refused = |frames: &[Frame], code: &str| {
        let ended = machine.receive(frames, "--policy policy").with(5);
        assert!(ended.error.contains(code), "{code}: {}", ended.error);
        ended
    };
    // By a key that nobody pinned; by the pinned key over another text; over other records.
    refused(&shown(&machine.log.note_at(first, &stranger), 0, first), "E109");
    let mut wrong = Note::new(machine.log.head(first)).unwrap();
    wrong.add(machine.key.sign("another text\n")).unwrap();
    refused(&shown(&wrong, 0, first), "E107");
    refused(&shown(&machine.log.note_at(all, &machine.key), 0, first), "E130");
    let mut forged = machine.log.clone();
    forged.lines[3] = forged.lines[3].replace("\"person\":\"bo\"", "\"person\":\"cy\"");
    assert_ne!(forged.lines[3], machine.log.lines[3]);
    let forged = sequence(&forged, 0, first, &machine.log.note_at(first, &machine.key));
    refused(&frames(&machine.log, &forged, first, VERSIONS[0]), "E131");
    assert_eq!(machine.received(), "");
    // A gap: the receiver came late.
    let ended = refused(&machine.frames(first, all), "E130");
    assert!(ended.error.contains("press `a`") && ended.error.contains("--from 0"), "{}", ended.error);
    let _ = machine.receive(&machine.frames(0, first), "--policy policy").with(0);
    // A fork: the same beginning, another second ceremony, the log's own key.
    let mut fork = Writer::new();
    machine.log.lines[..usize::try_from(first).unwrap()].iter().for_each(|line| fork.push(line.clone()));
    fork.at = machine.log.at;
    fork.ceremony("2027-fork");
    let size = fork.size();
    let _ = machine.receive(&machine.frames(first, all), "--policy policy").with(0);
    let before = machine.received();
    for old in [0, first] {
        let of_fork = sequence(&fork, old, size, &fork.note_at(size, &machine.key));
        let ended = refused(&frames(&machine.log, &of_fork, size, VERSIONS[0]), "E133");
        assert!(ended.error.contains("kept as evidence"), "{}", ended.error);
    }
    assert_eq!(machine.received(), before);
    assert_eq!(fs::read_dir(machine.path("received/refused")).unwrap().count(), 2);
    // Not over more than what is here: the head alone says so, whatever lines came with it.
    let short = size - 1;
    let lines = sequence(&machine.log, 0, short, &fork.note_at(short, &machine.key));
    let ended = refused(&frames(&machine.log, &lines, short, VERSIONS[0]), "E133");
    assert!(ended.error.contains("kept as evidence"), "{}", ended.error);
    assert_eq!(fs::read_dir(machine.path("received/refused")).unwrap().count(), 3);
}

#[test]
fn a_broken_copy_is_refused_and_is_no_fork() {
    let machine = Machine::new();
    let (first, all) = (machine.first, machine.log.size());
    let _ = machine.receive(&machine.frames(0, first), "--policy policy").with(0);
    let broken = |line: usize| {
        let mut broken = machine.log.clone();
        broken.lines[line] = broken.lines[line].replace("\"role\":\"", "\"role\" :\"");
        assert_ne!(broken.lines[line], machine.log.lines[line]);
        broken
    };
    // A line that is here, one that is new, and the head that is here; each head is the log's own.
    let last = usize::try_from(all).unwrap() - 1;
    for (line, old, size) in
        [(3, 0, all), (last, 0, all), (last, first, all), (3, 0, first), (3, 0, first - 1)]
    {
        let came = sequence(&broken(line), old, size, &machine.log.note_at(size, &machine.key));
        let ended =
            machine.receive(&frames(&machine.log, &came, size, VERSIONS[0]), "--policy policy").with(5);
        assert!(ended.error.contains("E131") && !ended.error.contains("E133"), "{}", ended.error);
        assert!(ended.error.contains("are not the head's own"), "{}", ended.error);
        assert!(!machine.path("received/refused").exists());
        assert_eq!(machine.received(), machine.lines(first));
    }
    let _ = machine.receive(&machine.frames(first, all), "--policy policy").with(0);
    assert_eq!(machine.received(), machine.log.text());
}

#[test]
fn without_a_policy_the_first_key_is_kept_and_another_one_refused() {
    let machine = Machine::new();
    let (first, all) = (machine.first, machine.log.size());
    let ended = machine.receive(&machine.frames(0, first), "").with(0);
    assert!(ended.out.contains("compare its words"), "{}", ended.out);
    let words = rootrite::digest::Digest::of(machine.key.verifier.key()).words();
    assert!(ended.out.contains(&words), "{}", ended.out);
    let other = Key::of_log(2);
    let by_other = sequence(&machine.log, first, all, &machine.log.note_at(all, &other));
    let ended = machine.receive(&frames(&machine.log, &by_other, all, VERSIONS[0]), "").with(5);
    assert!(ended.error.contains("E109"), "{}", ended.error);
    let ended = machine.receive(&machine.frames(first, all), "").with(0);
    assert!(ended.out.contains("taken when this log was received first"), "{}", ended.out);
    // A log that names no key is nobody's.
    let mut nameless = Writer::new();
    nameless.begin();
    nameless.ceremony("2026-root");
    let size = nameless.size();
    let of_it = sequence(&nameless, 0, size, &nameless.note_at(size, &machine.key));
    fs::rename(machine.path("received"), machine.path("other")).unwrap();
    let ended = machine.receive(&frames(&nameless, &of_it, size, VERSIONS[0]), "").with(5);
    assert!(ended.error.contains("E109"), "{}", ended.error);
}

#[test]
fn an_interrupted_reception_is_completed_and_a_strange_folder_is_left_alone() {
    let machine = Machine::new();
    let (first, all) = (machine.first, machine.log.size());
    let _ = machine.receive(&machine.frames(0, first), "--policy policy").with(0);
    // Killed while the next records were written.
    let more = &machine.log.text()[machine.received().len()..];
    let mut file = File::options().append(true).open(machine.path("received/log.jsonl")).unwrap();
    file.write_all(&more.as_bytes()[..more.len() / 2]).unwrap();
    let _ = machine.receive(&machine.frames(first, all), "--policy policy").with(0);
    assert_eq!(machine.received(), machine.log.text());
    // What is here was changed: nothing is added to it.
    fs::write(machine.path("received/log.jsonl"), machine.log.text().replace("\"bo\"", "\"cy\"")).unwrap();
    let ended = machine.run("--policy policy").with(5);
    assert!(ended.error.contains("is not what was received"), "{}", ended.error);
    fs::create_dir(machine.path("mine")).unwrap();
    fs::write(machine.path("mine/letter"), "x").unwrap();
    let line = "log receive --out mine --images pictures";
    let ended = rootrite(machine.folder.path(), line.split(' ')).with(2);
    assert!(ended.error.contains("has something else in it"), "{}", ended.error);
    assert_eq!(fs::read_dir(machine.path("mine")).unwrap().count(), 1);
}

#[test]
fn a_picture_that_is_out_of_focus_is_read_or_its_frame_is_missing() {
    let machine = Machine::new();
    let frames = machine.frames(0, machine.first);
    let pictures = machine.path("pictures");
    fs::create_dir(&pictures).unwrap();
    let write = |frame: &Frame, far| {
        let (side, grey) = shot(&Symbol::of_version(&frame.to_string(), VERSIONS[0]).unwrap());
        let file = pgm(side, side, &blurred(side, &grey, far));
        fs::write(pictures.join(format!("{:04}.pgm", frame.number)), file).unwrap();
    };
    // A little: the light of a module reaches into the next one. Far: nothing is left but grey.
    for frame in &frames {
        write(frame, 1);
    }
    write(&frames[4], 4 * SCALE);
    fs::write(pictures.join("a.txt"), "no picture").unwrap();
    fs::write(pictures.join("b.jpg"), b"\xff\xd8\xff\xe0").unwrap();
    let ended = machine.run("--policy policy").with(3);
    let wanted = format!("frames 5 of {} of", frames.len());
    assert!(ended.error.contains(&wanted), "{}", ended.error);
    for noted in ["a.txt: what it begins with is not read here", "b.jpg: a JPEG is not read here"] {
        assert!(ended.error.contains(noted), "{}", ended.error);
    }
    write(&frames[4], 1);
    let _ = machine.run("--policy policy").with(0);
    assert_eq!(machine.received(), machine.lines(machine.first));
}

#[test]
fn pictures_that_the_decoder_stumbles_over_are_passed_over_without_a_word_of_a_panic() {
    let machine = Machine::new();
    let frames = machine.frames(0, machine.first);
    let hostile = fs::read("fuzz/seeds/stumble.pgm").unwrap();
    let mut stream = hostile.repeat(3);
    for frame in &frames {
        let (side, grey) = shot(&Symbol::of_version(&frame.to_string(), VERSIONS[0]).unwrap());
        stream.extend(pgm(side, side, &grey));
    }
    stream.extend(&hostile);
    fs::write(machine.path("stream"), stream).unwrap();
    let line = "log receive --out received --policy policy --camera cat stream";
    let ended = rootrite(machine.folder.path(), line.split(' ')).with(0);
    assert_eq!(machine.received(), machine.lines(machine.first));
    let last = frames.len() + 4;
    let said = format!(
        "note: the camera, picture 1: the decoder stumbled over it\n\
         note: the camera, picture {last}: the decoder stumbled over it\n"
    );
    assert_eq!(ended.error, said);
    fs::write(machine.path("stream"), hostile.repeat(201)).unwrap();
    let ended = rootrite(machine.folder.path(), line.split(' ')).with(5);
    let said = "note: the camera, picture 1: the decoder stumbled over it\n\
                error: the camera is not read any further\n  \
                because: the decoder stumbled over 200 pictures in a row; nothing more is read\n";
    assert_eq!(ended.error, said);
}

#[test]
fn a_camera_that_fails_is_said() {
    let machine = Machine::new();
    let camera = |command: &[&str]| {
        let line = ["log", "receive", "--out", "received", "--camera"].iter().chain(command);
        rootrite(machine.folder.path(), line)
    };
    let ended = camera(&["/nonexistent/camera", "-f"]).with(2);
    assert!(ended.error.contains("could not be started"), "{}", ended.error);
    let ended = camera(&["false"]).with(4);
    assert!(ended.error.contains("ended with exit status: 1"), "{}", ended.error);
    let ended = camera(&["echo", "hello"]).with(4);
    assert!(ended.error.contains("what it begins with is not read here"), "{}", ended.error);
    let ended = camera(&["true"]).with(3);
    assert!(ended.error.contains("no frame was found on 0 pictures"), "{}", ended.error);
}

/// What a terminal shows, as a camera would see it.
fn seen(sight: &Sight) -> Picture {
    const CELL: usize = 4;
    let cells = sight.cells();
    let (width, height) = (cells[0].len() * CELL, cells.len() * 2 * CELL);
    let mut grey = vec![25; width * height];
    for (y, row) in cells.iter().enumerate() {
        for (x, cell) in row.iter().enumerate() {
            let (upper, lower) = match cell.as_str() {
                "█" => (205, 205),
                "▀" => (205, 25),
                "▄" => (25, 205),
                "" | " " => (25, 25),
                // A letter: neither dark nor light.
                _ => (90, 110),
            };
            for place in 0..CELL * 2 * CELL {
                let (down, right) = (place / CELL, place % CELL);
                grey[(y * 2 * CELL + down) * width + x * CELL + right] =
                    if down < CELL { upper } else { lower };
            }
        }
    }
    Picture::of(width, height, grey).unwrap()
}

fn as_pgm(picture: &Picture) -> Vec<u8> {
    let (width, height) = (picture.width(), picture.height());
    let grey: Vec<u8> = (0..width * height).map(|place| picture.at(place % width, place / width)).collect();
    pgm(width, height, &grey)
}

const UTF8: [(&str, &str); 1] = [("LC_ALL", "C.UTF-8")];

/// The rehearsal of the quick start, followed on a terminal while it is held, seen by a camera, received and verified: nothing
/// goes from one machine to the other but pictures.
#[test]
fn a_whole_rehearsal_is_followed_live_from_the_screen() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("ceremonies/root-and-subordinates.yaml");
    let line = "log follow out/ceremony-log --qr --each 50 --rounds 1000000";
    let mut sight = Sight::open_in(folder.path(), line, (120, 40), &UTF8);
    sight.wait_for("no checkpoint yet");
    mknodat(CWD, path("camera"), FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let (rehearsing, receiving) = (folder.path().to_owned(), folder.path().to_owned());
    let rehearsal = std::thread::spawn(move || {
        run(command(&rehearsing).arg("rehearse").arg(script).args(["--out", "out"]), b"")
    });
    let receiver = std::thread::spawn(move || {
        rootrite(&receiving, "log receive --out received --camera cat camera".split(' '))
    });
    let mut camera = File::options().write(true).open(path("camera")).unwrap();
    let until = Instant::now() + Duration::from_mins(10);
    let size_of = |name: &str| {
        let text = fs::read_to_string(path(name)).unwrap_or_default();
        text.lines().nth(1).and_then(|size| size.parse::<u64>().ok()).unwrap_or(0)
    };
    let (mut last, mut heads) = (None, 0);
    loop {
        let picture = seen(&sight);
        if last.as_ref() != Some(&picture) {
            camera.write_all(&as_pgm(&picture)).unwrap();
            last = Some(picture);
        }
        let received = size_of("received/checkpoint");
        // Whoever sits there goes on once the other machine has what is shown.
        if received > 0 && sight.screen().contains(&format!("head     over {received} records")) {
            if rehearsal.is_finished() && received == size_of("out/ceremony-log/checkpoint") {
                break;
            }
            if !sight.screen().contains("waiting  0") {
                heads += 1;
                sight.keys("\r");
                sight.wait("the next checkpoint", |sight| {
                    (!sight.screen().contains(&format!("head     over {received} records"))).then_some(())
                });
            }
        }
        assert!(Instant::now() < until && !receiver.is_finished(), "{}\n{received}", sight.screen());
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(camera);
    sight.keys("q");
    assert_eq!(sight.end().code, Some(0));
    let ended = receiver.join().unwrap().with(0);
    let _ = rehearsal.join().unwrap().with(0);
    assert!(heads > 3 && ended.out.contains("ceremony.close"), "{heads}\n{}", ended.out);
    for name in ["log.jsonl", "checkpoint"] {
        assert_eq!(
            fs::read(path("received").join(name)).unwrap(),
            fs::read(path("out/ceremony-log").join(name)).unwrap()
        );
    }
    let _ =
        rootrite(folder.path(), "log verify received --policy out/ceremony-log/policy".split(' ')).with(0);
}

#[test]
fn a_log_is_followed_as_text_and_at_the_screen_whatever_happens_to_it() {
    let machine = Machine::new();
    let first = machine.first;
    fs::create_dir_all(machine.path("log/checkpoints")).unwrap();
    let write = |text: &str| fs::write(machine.path("log/log.jsonl"), text).unwrap();
    let head = |size: u64| {
        let note = machine.log.note_at(size, &machine.key).to_string();
        fs::write(machine.path(&format!("log/checkpoints/{size}")), &note).unwrap();
        fs::write(machine.path("log/checkpoint"), note).unwrap();
    };
    write(&machine.lines(first));
    head(first);
    let sight = Sight::open_in(machine.folder.path(), "log follow log", (150, 60), &UTF8);
    sight.wait_for("cert.signed of");
    sight.wait_for(&format!("head over {first} records"));
    let mut screen =
        Sight::open_in(machine.folder.path(), "log follow log --qr --rounds 1 --each 50", (80, 24), &UTF8);
    screen.wait_for(&format!("over {first} records"));
    // Cut, as by somebody who puts an older copy there; then the log goes on.
    write(&machine.lines(first - 2));
    for terminal in [&sight, &screen] {
        terminal.wait_for(&format!("the log has become shorter: {} of", first - 2));
    }
    write(&machine.log.text());
    head(machine.log.size());
    sight.wait_for(&format!("head over {} records", machine.log.size()));
    // The next checkpoint is shown after a round, though nobody presses a key.
    screen.wait_for(&format!("over {} records", machine.log.size()));
    // Slow enough that nothing goes on by itself any more.
    screen.keys("--------");
    screen.keys("b");
    screen.wait_for("waiting 1");
    screen.keys("\r");
    screen.wait_for("waiting 0");
    screen.resize(60, 10);
    screen.wait_for("too small for a symbol");
    screen.resize(120, 40);
    screen.wait_for("frame 1 of");
    let mut other = machine.log.clone();
    other.lines[3] = other.lines[3].replace("\"bo\"", "\"cy\"");
    write(&other.text()[..other.text().len() - 1]);
    for terminal in [&sight, &screen] {
        terminal.wait_for("is not the one that");
    }
    screen.keys("q");
    let gone = screen.end();
    assert!(gone.code == Some(0) && !gone.inside);
    sight.signal(rustix::process::Signal::INT);
    assert_eq!(sight.end().code, None);
    // Where there is no terminal, or none that has the blocks, symbols are not shown.
    let ended = rootrite(machine.folder.path(), ["log", "follow", "log", "--qr"]).with(2);
    assert!(ended.error.contains("this is none"), "{}", ended.error);
    let plain = Sight::open_in(machine.folder.path(), "log follow log --qr", (80, 24), &[]).end();
    assert!(plain.code == Some(2) && plain.screen.contains("LC_ALL=C.UTF-8"), "{}", plain.screen);
}
