//! The screen as it is seen, drawn on a terminal that is none: pictures at both sizes, and keys that mean nothing.
//!
//! The pictures lie in `docs/screens/` and stand in the documents. They are drawn anew by
//! `ROOTRITE_WRITE_SCREENS=1 cargo test --lib tui::`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::desk::{Desk, Mode};
use super::frame::{Geometry, draw};
use super::keys::Key;
use super::look::Look;
use super::paste::Paste;
use super::talk::{Delivery, Message, SecretKind, SecretQuestion, Seen};
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::plan::{NoBundles, Plan, Sources};
use crate::profile::BuiltIn;
use crate::progress::{Reading, Work};
use crate::secret::SecretOctets;
use crate::stage::{
    Aside, Expected, Head, Line, Module, NoAnswer, Notice, Person, PinKind, Programme, ProgrammeAct,
    ProgrammeStep, Question, StepTimes, TokenState, TokenView,
};

pub(super) const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 40);

/// A ceremony that nobody holds: the quick start's, as far as `done` steps.
pub(super) struct Scene {
    pub(super) desk: Desk,
    plan: Plan,
    people: Vec<Person>,
    answers: Option<Receiver<Result<String, NoAnswer>>>,
}

impl Scene {
    fn new((columns, rows): (u16, u16)) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("ceremonies");
        let file = root.join("root-and-subordinates.yaml");
        let sources = Sources {
            library: &BuiltIn,
            folder: &root,
            rehearsal: true,
            practice: true,
            bundles: &NoBundles,
            earlier: None,
            begun: false,
        };
        let plan = Plan::read("root-and-subordinates.yaml", &std::fs::read(file).unwrap(), &sources).unwrap();
        let people = plan.setting.people.all.clone();
        let desk = Desk::new(Geometry::of(columns, rows));
        Self { desk, plan, people, answers: None }
    }

    /// With the programme, its page read.
    pub(super) fn begun(size: (u16, u16)) -> Self {
        let mut scene = Self::new(size);
        scene.programme();
        scene.desk.press(Key::Escape);
        scene
    }

    /// The same ceremony at an empty table.
    pub(super) fn again(&mut self) {
        self.desk = Desk::new(Geometry::of(SMALL.0, SMALL.1));
        self.programme();
        self.desk.press(Key::Escape);
    }

    fn programme(&mut self) {
        let steps = |act: &crate::plan::Act| {
            let steps = act.steps.iter().map(|step| ProgrammeStep {
                number: step.number.clone(),
                name: step.step.name(),
                preview: step.step.preview(),
                why: step.step.why(),
                minutes: step.step.minutes(),
            });
            ProgrammeAct { title: act.title.clone(), steps: steps.collect() }
        };
        let window = self.plan.setting.window;
        self.desk.hear(Message::Programme(Box::new(Programme {
            ceremony: self.plan.setting.ceremony.clone(),
            title: self.plan.setting.title.clone(),
            practice: true,
            resumed: false,
            // Of what changes with every build or release nothing is in the pictures.
            plan_sha256: Digest::of(b"plan"),
            site_sha256: Digest::of(b"site"),
            tool_sha256: Digest::of(b"program"),
            tool_version: "1.0.0".into(),
            host: "ceremony".into(),
            modules: vec![Module { sha256: Digest::of(b"module"), library: "SoftHSM 2.6".into() }],
            window: (window.from, window.to),
            people: self.people.clone(),
            quorum: BTreeMap::from([("crypto-officer".into(), 2), ("external-witness".into(), 1)]),
            acts: self.plan.acts.iter().map(steps).collect(),
        })));
    }

    /// In a step, with everything before it done and so many people in the room.
    pub(super) fn at(&mut self, number: &str, present: usize) -> &mut Self {
        let begun: Timestamp = "2026-11-01T08:00:00Z".parse().unwrap();
        let mut steps = BTreeMap::new();
        let mut at = begun;
        for step in self.plan.steps() {
            let ended = at.plus(100).unwrap();
            let here = step.number == number;
            let times = StepTimes { begun: Some(at), ended: (!here).then_some(ended) };
            steps.insert(step.number.clone(), times);
            at = ended;
            if here {
                break;
            }
        }
        let logged_in = present == self.people.len();
        let state = |on: bool| if on { TokenState::LoggedIn } else { TokenState::LoggedOut };
        let token = |name: &str, on| TokenView {
            name: name.into(),
            class: "hardware".into(),
            state: state(on),
            wrong: 0,
        };
        let elapsed = Duration::from_secs(at.seconds() - begun.seconds());
        self.desk.hear(Message::Seen(Box::new(Seen {
            seq: 41,
            at,
            elapsed,
            event: "step.begin".into(),
            data: format!("{{\"step\":\"{number}\"}}"),
            actor: "rootrite".into(),
            steps,
            present: self.people.iter().take(present).cloned().collect(),
            tokens: vec![
                token("issuing", false),
                token("log", logged_in),
                token("log-b", false),
                token("root", logged_in),
            ],
            head: Head { size: 42, root: Digest::of(b"head") },
        })));
        let planned = self.plan.steps().find(|step| step.number == number).unwrap();
        let (name, preview) = (planned.step.name().to_owned(), planned.step.preview());
        self.tell(Notice::Step { number: number.to_owned(), name, preview });
        self.desk.stop_clock();
        self
    }

    fn tell(&mut self, notice: Notice) -> &mut Self {
        self.desk.hear(Message::Notice(notice));
        self
    }

    pub(super) fn person(&self, id: &str) -> Person {
        self.people.iter().find(|person| person.id == id).unwrap().clone()
    }

    pub(super) fn ask(
        &mut self,
        id: &str,
        sentence: &str,
        lines: Vec<Line>,
        expected: Expected,
    ) -> &mut Self {
        let (reply, answers) = channel();
        let (step, person) = ("1.1".into(), self.person(id));
        let question = Question { step, person, sentence: sentence.into(), lines, expected };
        self.desk.hear(Message::Ask(question, reply));
        self.answers = Some(answers);
        self
    }

    fn press(&mut self, keys: &[Key]) -> &mut Self {
        for key in keys {
            self.desk.press(*key);
        }
        self
    }

    fn type_in(&mut self, text: &str) -> &mut Self {
        text.chars().for_each(|character| self.desk.press(Key::Char(character)));
        self
    }

    fn paste(&mut self, text: &str) -> &mut Self {
        let mut paste = Paste::default();
        text.bytes().for_each(|octet| paste.push(octet));
        self.desk.paste(&paste);
        self
    }

    /// Reads to the end and opens the answer.
    fn open(&mut self) -> &mut Self {
        self.press(&[Key::End, Key::Enter])
    }

    pub(super) fn answer(&self) -> Option<Result<String, NoAnswer>> {
        match self.answers.as_ref().unwrap().try_recv() {
            Ok(answer) => Some(answer),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => panic!("the question was dropped"),
        }
    }

    /// The fields of the first root as the plan has them, with what is new today filled in.
    pub(super) fn fields(&self) -> Vec<Line> {
        let draft = self.plan.drafts.iter().find(|draft| draft.name == "root-x1").unwrap();
        let field = |field: &crate::issuance::Field| {
            let value = match field.name.as_ref() {
                "serial number" => "01c4ba5878113c800f608bf332c987bd1c".to_owned(),
                "not before" => "2026-11-01T00:00:00Z".to_owned(),
                "not after" => "2036-10-28T23:59:59Z".to_owned(),
                _ if field.value.starts_with('<') => Digest::of(field.value.as_bytes()).to_string(),
                _ => field.value.clone(),
            };
            Line::new(field.name.clone(), value).beside_plan(Some(&field.value))
        };
        let mut lines: Vec<Line> = draft.fields.fields().iter().map(field).collect();
        let digest = Digest::of(b"to be signed");
        lines.push(Line::new("to be signed, SHA-256", digest.to_string()));
        lines.push(Line::new("in words", digest.words()));
        lines
    }

    fn picture(&self, (columns, rows): (u16, u16)) -> String {
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        let look = Look { colour: false, unicode: true };
        terminal.draw(|frame| draw(&self.desk, look, frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let row = |row: u16| {
            let cells = (0..columns).map(|column| buffer.cell((column, row)).unwrap().symbol());
            format!("{}\n", cells.collect::<String>().trim_end())
        };
        (0..rows).map(row).collect()
    }
}

/// Every screen, by name.
fn scenes(size: (u16, u16)) -> Vec<(&'static str, Scene)> {
    [opening(size), signing(size), beside(size), shares(size), ends(size)].into_iter().flatten().collect()
}

fn opening(size: (u16, u16)) -> Vec<(&'static str, Scene)> {
    let mut all = Vec::new();
    let mut add = |name, scene| all.push((name, scene));
    let mut scene = Scene::new(size);
    scene.programme();
    add("identity", scene);
    let mut scene = Scene::begun(size);
    scene.at("1.1", 0).tell(Notice::Done {
        sentence: "This is what the machine looks like.".into(),
        lines: vec![
            Line::new("time", "ok: the ceremony clock says 2026-11-01T08:00:00Z"),
            Line::new("free-space", "ok: /media/ceremony: 2048 MiB free, wanted 64 MiB"),
            Line::new("bluetooth", "violated: an adapter is on"),
            Line::new("real-time-clock", "unknown: there is none"),
        ],
    });
    scene.ask(
        "ada",
        "These are not as they should be. Go on all the same?",
        vec![Line::new("bluetooth", "an adapter is on")],
        Expected::Word("accept"),
    );
    add("preflight", scene);
    let mut scene = Scene::begun(size);
    let lines = vec![Line::new("person", "cy"), Line::new("role", "crypto-officer")];
    scene.at("1.2", 2).ask("cy", "Are you here?", lines, Expected::Word("present")).open().type_in("pres");
    add("roll-call", scene);
    let mut scene = Scene::begun(size);
    let lines = vec![Line::new("ceremony clock", "2026-11-01T08:05:00Z")];
    scene.at("1.3", 6).ask("wim", "What does your own clock say, in UTC?", lines, Expected::Time).open();
    add("clock", scene);
    all
}

fn signing(size: (u16, u16)) -> Vec<(&'static str, Scene)> {
    let mut all = Vec::new();
    let mut add = |name, scene| all.push((name, scene));
    let mut scene = Scene::begun(size);
    scene.at("1.5", 6).tell(Notice::Wrong { sentence: "token `root`: the PIN is wrong".into() });
    let (reply, _) = channel();
    let person = scene.person("bo");
    scene.desk.hear(Message::AskSecret(
        Box::new(SecretQuestion {
            kind: SecretKind::Pin,
            pin: PinKind::User,
            person,
            sentence: "The PIN of token `root`".into(),
            lines: vec![Line::new("token", "root"), Line::new("tries", "2 tries are left")],
            empty: None,
        }),
        reply,
    ));
    scene.open().type_in("never on a screen");
    add("pin", scene);
    for (name, at_end) in [("approval", false), ("approval-end", true)] {
        let mut scene = Scene::begun(size);
        let lines = scene.fields();
        scene.at("2.3", 6).ask("bo", "Sign the certificate `root-x1`?", lines, Expected::Word("sign"));
        if at_end {
            scene.open().type_in("sigh").press(&[Key::Enter]).type_in("sig");
        }
        add(name, scene);
    }
    let mut scene = Scene::begun(size);
    let sentence = "Generating the rsa-4096 key `root-x2`.".to_owned();
    let digest = Digest::of(b"certificate");
    scene.at("3.1", 6).tell(Notice::Done {
        sentence: "Signed, read back, compared and verified.".into(),
        lines: vec![
            Line::new("certificate", "root-x1"),
            Line::new("SHA-256", digest.to_string()),
            Line::new("in words", digest.words()),
        ],
    });
    scene.tell(Notice::Waiting { sentence });
    add("at-work", scene);
    let mut scene = Scene::begun(size);
    scene.at("5.1", 6);
    scene.desk.count(Some(Reading { work: Work::EntriesWritten, done: 412_000, of: Some(1_000_000) }));
    add("counting", scene);
    all
}

fn beside(size: (u16, u16)) -> Vec<(&'static str, Scene)> {
    let mut all = Vec::new();
    let mut add = |name, scene| all.push((name, scene));
    let mut scene = Scene::begun(size);
    let lines = vec![Line::new("step", "2.3"), Line::new("exception", "the seal of bag 4711 was damaged")];
    scene.at("2.3", 6).ask("cy", "Do you approve this exception?", lines, Expected::Word("deviate")).open();
    add("exception", scene);
    let mut scene = Scene::begun(size);
    let sentence = "The ceremony is paused; nobody is logged in to any token. Does it go on?";
    scene.at("2.3", 6).ask("bo", sentence, Vec::new(), Expected::Word("continue"));
    add("pause", scene);
    let mut scene = Scene::begun(size);
    let lines = vec![
        Line::new("ceremony", "2026-11-roots-x1-x2"),
        Line::new("records in the log", "70"),
        Line::new("last record", "2026-11-01T08:15:00Z"),
        Line::new("in step", "2.3"),
        Line::new("the machine", "was restarted since"),
        Line::new("without a result", "cert.sign.intent"),
    ];
    let sentence = "This ceremony was interrupted. Does it go on?";
    scene.at("2.3", 0).ask("ada", sentence, lines, Expected::Word("resume"));
    add("resume", scene);
    all
}

fn shares(size: (u16, u16)) -> Vec<(&'static str, Scene)> {
    let mut all = Vec::new();
    let mut add = |name, scene| all.push((name, scene));
    let mut scene = Scene::begun(size);
    let person = scene.person("cy");
    let (reply, _) = channel();
    scene.at("1.5", 6).desk.hear(Message::Deliver(
        Box::new(Delivery {
            person,
            sentence: "Share 2 of 3 of the PIN of token `root`, for cy (crypto-officer)".into(),
            above: String::new(),
            secret: SecretOctets::empty(),
        }),
        reply,
    ));
    add("share", scene);
    let mut scene = Scene::begun(size);
    let person = scene.person("cy");
    let (reply, _) = channel();
    scene.at("1.5", 6).desk.hear(Message::AskSecret(
        Box::new(SecretQuestion {
            kind: SecretKind::Share,
            pin: PinKind::User,
            person,
            sentence: "Share 2 of the PIN of token `root`, as it was written down".into(),
            lines: vec![Line::new("token", "root")],
            empty: Some("shows it once more"),
        }),
        reply,
    ));
    scene.open().type_in("academic acidd acne");
    add("read-back", scene);
    all
}

fn ends(size: (u16, u16)) -> Vec<(&'static str, Scene)> {
    let mut all = Vec::new();
    let mut add = |name, scene| all.push((name, scene));
    let mut scene = Scene::begun(size);
    let head = Digest::of(b"head");
    let lines = vec![
        Line::new("records", "164"),
        Line::new("root", head.to_string()),
        Line::new("in words", head.words()),
    ];
    let expected = Expected::Words(head.first_words());
    let sentence = "Write the head down, and type its first 4 words if you agree.";
    scene.at("6.3", 6).ask("wim", sentence, lines.clone(), expected).open();
    add("witness", scene);
    let mut scene = Scene::begun(size);
    let sentence = "The log is closed. Write its last head down on paper: the next ceremony asks for it.";
    scene.at("6.4", 6).tell(Notice::Done { sentence: sentence.into(), lines });
    let (reply, _) = channel();
    scene.desk.hear(Message::Ended(reply));
    add("closing", scene);
    for (name, key) in [("help", '?'), ("log", 'l'), ("stop", 'q')] {
        let mut scene = Scene::begun(size);
        scene.at("2.3", 6).press(&[Key::Char(key)]);
        add(name, scene);
    }
    let mut scene = Scene::begun(size);
    let lines = scene.fields();
    scene.at("2.3", 6).ask("bo", "Sign the certificate `root-x1`?", lines, Expected::Word("sign"));
    scene.press(&[Key::Char('i')]);
    add("inspect", scene);
    all
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/screens")
}

#[test]
fn every_screen_is_as_its_picture() {
    let write = std::env::var_os("ROOTRITE_WRITE_SCREENS").is_some();
    let mut names = BTreeSet::new();
    for (columns, rows) in [SMALL, LARGE] {
        for (name, scene) in scenes((columns, rows)) {
            let (name, picture) = (format!("{name}-{columns}x{rows}.txt"), scene.picture((columns, rows)));
            if write {
                std::fs::create_dir_all(folder()).unwrap();
                std::fs::write(folder().join(&name), &picture).unwrap();
            }
            let known = std::fs::read_to_string(folder().join(&name)).unwrap_or_default();
            assert!(known == picture, "{name} is\n{picture}\nand was\n{known}");
            names.insert(name);
        }
    }
    let there = std::fs::read_dir(folder()).unwrap();
    let there: BTreeSet<String> =
        there.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(there, names, "pictures that no test draws");
}

#[test]
fn every_step_says_why_ceremonies_have_it() {
    for (name, why) in crate::step::AnyStep::WHY {
        assert!(why.ends_with('.') && why.len() > 20, "{name}: {why}");
    }
}

#[test]
fn no_secret_is_in_a_picture() {
    for size in [SMALL, LARGE] {
        for (name, scene) in scenes(size) {
            let picture = scene.picture(size);
            for secret in ["never on a screen", "academic", "acidd"] {
                assert!(!picture.contains(secret), "{name}:\n{picture}");
            }
        }
    }
}

#[test]
fn a_letter_answers_nothing_before_the_answer_is_open() {
    let mut scene = Scene::begun(SMALL);
    scene.at("2.3", 6).ask("bo", "Sign?", Vec::new(), Expected::Word("sign"));
    scene.type_in("sgn").press(&[Key::Escape]);
    assert_eq!(scene.answer(), None);
    scene.press(&[Key::Enter]).type_in("sign");
    assert_eq!(scene.answer(), None, "without Enter nothing goes on");
    scene.press(&[Key::Enter]);
    assert_eq!(scene.answer(), Some(Ok("sign".into())));
}

#[test]
fn a_paste_is_text_of_the_one_open_answer_and_answers_nothing() {
    let mut scene = Scene::begun(SMALL);
    scene.at("2.3", 6).ask("bo", "Sign?", Vec::new(), Expected::Word("sign"));
    scene.paste("sign");
    assert!(scene.picture(SMALL).contains("! a paste was not taken, since no answer is open"));
    scene.open().paste("sign\rsign\r");
    let picture = scene.picture(SMALL);
    for seen in ["! a paste of 2 lines was not taken, since each", "│ prompt wants one line"] {
        assert!(picture.contains(seen), "{picture}");
    }
    scene.paste("sign\r");
    assert_eq!(scene.answer(), None);
    assert!(scene.picture(SMALL).contains("> sign"), "{}", scene.picture(SMALL));
    scene.press(&[Key::Enter]);
    assert_eq!(scene.answer(), Some(Ok("sign".into())));
    scene.ask("bo", "Why?", Vec::new(), Expected::Text).open().type_in("x");
    scene.paste(&"y".repeat(16_384));
    assert!(scene.picture(SMALL).contains("> x\n"), "nothing of it is cut");
}

#[test]
fn a_secret_that_is_pasted_is_not_shown_and_of_several_lines_nothing_is_taken() {
    let mut scene = Scene::begun(SMALL);
    let (reply, answer) = channel();
    let question = Box::new(secret(&scene, SecretKind::Pin));
    scene.at("1.5", 6).desk.hear(Message::AskSecret(question, reply));
    scene.open().paste("academic\racid");
    assert!(matches!(scene.desk.mode(), Mode::Hidden(field) if !field.is_begun()));
    scene.paste("academic\r");
    let picture = scene.picture(SMALL);
    assert!(picture.contains("> (typed; it is not shown)") && !picture.contains("acad"), "{picture}");
    assert!(answer.try_recv().is_err());
    scene.press(&[Key::Enter]);
    assert!(answer.try_recv().unwrap().unwrap().expose(|octets| octets == b"academic"));
}

#[test]
fn the_answer_opens_only_at_the_end_of_the_card() {
    let mut scene = Scene::begun(SMALL);
    let lines = scene.fields();
    scene.at("2.3", 6).ask("bo", "Sign?", lines, Expected::Word("sign"));
    let mut pages = 0;
    while !scene.picture(SMALL).contains("Enter: bo (crypto-officer) answers") {
        assert!(scene.picture(SMALL).contains("Enter: read on"));
        scene.press(&[Key::Enter]).type_in("");
        pages += 1;
    }
    assert!(pages > 2, "{pages}");
    assert!(scene.picture(SMALL).contains(" Sign?"), "what it is about is in sight");
    scene.press(&[Key::Enter]).type_in("sign").press(&[Key::Enter]);
    assert_eq!(scene.answer(), Some(Ok("sign".into())));
}

#[test]
fn what_was_told_is_read_before_what_is_asked() {
    let mut scene = Scene::begun(SMALL);
    let lines: Vec<Line> = (0..30).map(|number| Line::new("line", number.to_string())).collect();
    scene.at("2.3", 6).tell(Notice::Done { sentence: "This came of it.".into(), lines });
    scene.ask("bo", "Sign?", Vec::new(), Expected::Word("sign"));
    let first = scene.picture(SMALL);
    assert!(first.contains("This came of it.") && !first.contains("Sign?"), "{first}");
    scene.open();
    let last = scene.picture(SMALL);
    assert!(last.contains("Sign?"), "{last}");
}

#[test]
fn another_size_loses_nothing_that_was_typed() {
    let mut scene = Scene::begun(SMALL);
    scene.at("2.3", 6).ask("bo", "Sign?", Vec::new(), Expected::Word("sign")).open().type_in("si");
    for (columns, rows) in [LARGE, (60, 10), (300, 90), (1, 1), SMALL] {
        scene.desk.resize(Geometry::of(columns, rows));
        let _ = scene.picture((columns, rows));
    }
    assert!(scene.picture(SMALL).contains("> si"));
    scene.type_in("gn").press(&[Key::Enter]);
    assert_eq!(scene.answer(), Some(Ok("sign".into())));
}

#[test]
fn a_wrong_word_is_said_and_asked_again() {
    let mut scene = Scene::begun(SMALL);
    scene.at("2.3", 6).ask("bo", "Sign?", Vec::new(), Expected::Word("sign")).open();
    scene.type_in("Sign").press(&[Key::Enter]);
    assert!(scene.picture(SMALL).contains("found `Sign`, wanted exactly `sign`"));
    assert_eq!(scene.answer(), None);
    scene.press(&[Key::Enter]);
    assert!(scene.picture(SMALL).contains("found nothing, wanted exactly `sign`"));
    assert_eq!(scene.answer(), None);
    scene.type_in("no").press(&[Key::Enter]);
    assert!(matches!(scene.answer(), Some(Err(NoAnswer::Declined { .. }))));
}

#[test]
fn what_was_wrong_and_what_is_wanted_are_seen_whole_below_the_end_of_the_card() {
    const LONG: &str = "qwazymQWAZYM0123456789-_/:;.";
    let mut scene = Scene::begun(SMALL);
    let lines = scene.fields();
    scene.at("2.3", 6).ask("bo", "Sign the certificate `root-x1`?", lines, Expected::Word(LONG)).open();
    let before = scene.picture(SMALL);
    scene.type_in("qwazymQWAZYM0123456789-_/:;,").press(&[Key::Enter]);
    let after = scene.picture(SMALL);
    for seen in [
        "Sign the certificate `root-x1`?",
        "! found",
        "/:;,`, wanted",
        "exactly",
        "crypto-officer): type",
        "decline",
    ] {
        assert!(after.contains(seen), "`{seen}`:\n{after}");
    }
    // The last words of the digest, which stood right above the rule.
    let rule =
        |picture: &str| picture.lines().position(|line| line.contains("end; PageUp goes back")).unwrap();
    let above =
        |picture: &str| picture.lines().nth(rule(picture) - 1).unwrap().split('│').nth(1).unwrap().to_owned();
    assert_eq!(above(&before), above(&after));
    assert!(rule(&after) < rule(&before), "{after}");
}

#[test]
fn exceptions_and_pauses_are_asked_about_first() {
    for (key, aside) in [('e', Aside::Exception), ('p', Aside::Pause)] {
        let mut scene = Scene::begun(SMALL);
        scene.at("2.3", 6).ask("bo", "Sign?", Vec::new(), Expected::Word("sign"));
        scene.press(&[Key::Char(key), Key::Escape]);
        assert_eq!(scene.answer(), None);
        scene.press(&[Key::Char(key), Key::Enter]);
        assert_eq!(scene.answer(), Some(Err(NoAnswer::Aside(aside))));
    }
}

#[test]
fn an_exception_that_is_not_told_is_left_by_escape() {
    for typing in [false, true] {
        let mut scene = Scene::begun(SMALL);
        scene.at("2.3", 6).ask("bo", "What is otherwise?", Vec::new(), Expected::Exception);
        assert!(scene.picture(SMALL).contains("Enter: bo (crypto-officer) answers. Esc: back"));
        if typing {
            scene.open().type_in("the se");
            let picture = scene.picture(SMALL);
            assert!(picture.contains("\n Enter: answer  Esc: back, nothing is recorded"), "{picture}");
        }
        // A page in front is closed first.
        let page = if typing { &[][..] } else { &[Key::Char('?'), Key::Escape] };
        scene.press(page);
        assert_eq!(scene.answer(), None);
        scene.press(&[Key::Escape]);
        assert!(matches!(scene.answer(), Some(Err(NoAnswer::Declined { .. }))));
    }
}

#[test]
fn a_share_and_a_new_pin_can_be_put_off_and_what_was_typed_is_gone() {
    for kind in [SecretKind::Share, SecretKind::Pin] {
        for (key, aside) in [('e', Aside::Exception), ('p', Aside::Pause)] {
            let mut scene = Scene::begun(SMALL);
            let (reply, answer) = channel();
            let question = Box::new(secret(&scene, kind));
            scene.at("1.5", 6).desk.hear(Message::AskSecret(question, reply));
            scene.open().type_in("academic");
            assert!(matches!(scene.desk.mode(), Mode::Hidden(field) if field.is_begun()));
            // The letter is one of what is typed until that is gone.
            scene.press(&[Key::Char(key), Key::Escape]);
            assert!(matches!(scene.desk.mode(), Mode::Reading));
            scene.press(&[Key::Enter]);
            assert!(matches!(scene.desk.mode(), Mode::Hidden(field) if !field.is_begun()));
            scene.press(&[Key::Escape, Key::Char(key)]);
            assert!(answer.try_recv().is_err(), "it is asked about first");
            scene.press(&[Key::Enter]);
            assert_eq!(answer.try_recv().unwrap().err(), Some(NoAnswer::Aside(aside)));
        }
    }
}

#[test]
fn a_share_that_is_not_shown_yet_can_be_put_off_and_one_that_is_shown_cannot() {
    for shown in [false, true] {
        let mut scene = Scene::begun(SMALL);
        let (reply, answer) = channel();
        let delivery = Delivery {
            person: scene.person("cy"),
            sentence: "Share 2 of 3, for cy (crypto-officer)".into(),
            above: String::new(),
            secret: SecretOctets::empty(),
        };
        scene.at("1.5", 6).desk.hear(Message::Deliver(Box::new(delivery), reply));
        scene.press(&[Key::End]);
        if shown {
            scene.press(&[Key::Enter]);
        }
        assert_eq!(scene.desk.alone().is_some(), shown);
        scene.press(&[Key::Char('p')]);
        assert_eq!(matches!(scene.desk.mode(), Mode::Sure(..)), !shown);
        scene.press(&[Key::Enter]);
        assert_eq!(
            answer.try_recv().unwrap(),
            if shown { Ok(()) } else { Err(NoAnswer::Aside(Aside::Pause)) }
        );
    }
}

/// A secret that the officer cy types.
fn secret(scene: &Scene, kind: SecretKind) -> SecretQuestion {
    SecretQuestion {
        kind,
        pin: PinKind::SecurityOfficer,
        person: scene.person("cy"),
        sentence: "A secret of token `root`".into(),
        lines: Vec::new(),
        empty: None,
    }
}

#[test]
fn who_stops_types_a_word_and_every_later_question_ends() {
    let mut scene = Scene::begun(SMALL);
    scene.at("2.3", 6).ask("bo", "Sign?", Vec::new(), Expected::Word("sign"));
    scene.press(&[Key::Interrupt, Key::Enter]);
    assert_eq!(scene.answer(), None);
    scene.type_in("leave").press(&[Key::Enter]);
    assert!(matches!(scene.answer(), Some(Err(NoAnswer::Ended { .. }))));
    scene.ask("bo", "Sign?", Vec::new(), Expected::Word("sign"));
    assert!(matches!(scene.answer(), Some(Err(NoAnswer::Ended { .. }))));
}

#[test]
fn whoever_is_asked_whether_to_stop_goes_back_to_what_was_typed() {
    let mut scene = Scene::begun(SMALL);
    scene.at("2.3", 6).ask("bo", "Sign?", Vec::new(), Expected::Word("sign")).open().type_in("si");
    scene.press(&[Key::Interrupt]).type_in("lea").press(&[Key::Interrupt, Key::Escape]);
    assert!(scene.picture(SMALL).contains("> si"), "{}", scene.picture(SMALL));
    scene.type_in("gn").press(&[Key::Enter]);
    assert_eq!(scene.answer(), Some(Ok("sign".into())));

    let (reply, answer) = channel();
    let question = Box::new(secret(&scene, SecretKind::Share));
    scene.desk.hear(Message::AskSecret(question, reply));
    scene.open().type_in("academic ac").press(&[Key::Interrupt, Key::Enter, Key::Escape]);
    scene.type_in("id").press(&[Key::Enter]);
    let typed = answer.try_recv().unwrap().ok().unwrap();
    assert!(typed.expose(|octets| octets == b"academic acid"));
    // What is kept is for that question alone.
    scene.ask("bo", "Sign?", Vec::new(), Expected::Word("sign")).press(&[Key::Interrupt, Key::Escape]);
    assert!(matches!(scene.desk.mode(), Mode::Reading));
}

#[test]
fn whoever_types_sees_the_end_of_the_card_at_every_size() {
    let mut scene = Scene::begun(SMALL);
    let lines = scene.fields();
    scene.at("2.3", 6).ask("bo", "Sign?", lines, Expected::Word("sign")).open().type_in("si");
    let before = scene.picture(SMALL);
    for (columns, rows) in [(30, 8), LARGE, (1, 1), SMALL] {
        scene.desk.resize(Geometry::of(columns, rows));
    }
    assert_eq!(scene.picture(SMALL), before);
}

#[test]
fn words_are_completed_from_the_list_and_not_from_the_answer() {
    let mut scene = Scene::begun(SMALL);
    let wanted = Expected::Words("aardvark adroitness".into());
    scene.at("6.3", 6).ask("wim", "Words?", Vec::new(), wanted).open();
    scene.type_in("aar").press(&[Key::Tab]).type_in("adr").press(&[Key::Tab, Key::Enter]);
    assert_eq!(scene.answer(), Some(Ok("aardvark adroitness ".into())));
    scene.ask("wim", "Words?", Vec::new(), Expected::Words("aardvark adroitness".into())).open();
    scene.type_in("ab").press(&[Key::Tab, Key::Tab]).press(&[Key::Enter]);
    assert!(scene.picture(SMALL).contains("word 1 is not the one of the head"), "{}", scene.picture(SMALL));
}
