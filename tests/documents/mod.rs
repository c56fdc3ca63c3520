//! Documents as a test sees them: code blocks with their marks, links, tables; and how their commands are run.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The repository's own folder.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A document of the repository.
pub struct Document {
    /// Its path in the repository.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Its code blocks, in their order.
    pub blocks: Vec<Block>,
}

/// A code block.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// What the comment on the line before it says; nothing if there is none.
    pub marker: String,
    /// The language that it names.
    pub language: String,
    /// Its lines, each ended.
    pub text: String,
    /// The line that it begins at.
    pub line: usize,
}

impl Document {
    /// Every document of the repository.
    pub fn all() -> Vec<Self> {
        let mut names = vec!["README.md".to_owned(), "CHANGELOG.md".to_owned()];
        for folder in ["docs", "docs/guide", "crates/ceremony-log"] {
            for entry in fs::read_dir(repository().join(folder)).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
                    names.push(format!("{folder}/{name}"));
                }
            }
        }
        names.sort();
        names.iter().map(|name| Self::read(name)).collect()
    }

    /// One document.
    pub fn read(name: &str) -> Self {
        let text =
            fs::read_to_string(repository().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self::of(name, &text)
    }

    /// A document with this text.
    pub fn of(name: &str, text: &str) -> Self {
        let mut blocks: Vec<Block> = Vec::new();
        let mut inside = false;
        let mut marker = String::new();
        for (line, content) in (1..).zip(text.lines()) {
            if let Some(language) = content.strip_prefix("```") {
                inside = !inside;
                if inside {
                    let (language, text) = (language.to_owned(), String::new());
                    blocks.push(Block { marker: std::mem::take(&mut marker), language, text, line });
                }
            } else if inside {
                let block = blocks.last_mut().unwrap();
                block.text.push_str(content);
                block.text.push('\n');
            } else {
                let comment = content.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
                comment.unwrap_or_default().clone_into(&mut marker);
            }
        }
        assert!(!inside, "{name}: a code block does not end");
        Self { name: name.to_owned(), text: text.to_owned(), blocks }
    }

    /// The lines outside of code blocks, numbered.
    fn prose(&self) -> Vec<(usize, &str)> {
        let mut inside = false;
        let mut lines = Vec::new();
        for (number, line) in (1..).zip(self.text.lines()) {
            if line.starts_with("```") {
                inside = !inside;
            } else if !inside {
                lines.push((number, line));
            }
        }
        lines
    }

    /// Links to files, with their lines.
    pub fn links(&self) -> Vec<(usize, String)> {
        let mut links = Vec::new();
        for (number, line) in self.prose() {
            for part in line.split("](").skip(1) {
                let link = part.split(')').next().unwrap();
                if !link.contains("://") {
                    links.push((number, link.to_owned()));
                }
            }
        }
        links
    }

    /// Paths of this repository that stand between backticks, with their lines.
    pub fn paths(&self) -> Vec<(usize, String)> {
        let folders = [
            "src/",
            "tests/",
            "docs/",
            "scripts/",
            "ceremonies/",
            "templates/",
            "crates/",
            "benches/",
            ".ci/",
        ];
        let mut paths = Vec::new();
        for (number, line) in self.prose() {
            for span in code_spans(line) {
                let is_path = folders.iter().any(|folder| span.starts_with(folder))
                    && !span.contains(['*', '<', ' ', '…', ':']);
                if is_path {
                    paths.push((number, span));
                }
            }
        }
        paths
    }

    /// What stands under each heading that begins so, up to the next heading of any kind. With the line break before it.
    pub fn sections<'d>(&'d self, heading: &'d str) -> impl Iterator<Item = (&'d str, &'d str)> {
        self.text.split(heading).skip(1).map(|section| {
            let section = section.split("\n#").next().unwrap();
            section.split_once('\n').unwrap_or((section, ""))
        })
    }

    /// The rows of its tables without their headings, with their lines.
    pub fn rows(&self) -> Vec<(usize, Vec<String>)> {
        let mut rows = Vec::new();
        let mut body = false;
        for (number, line) in self.prose() {
            match line.strip_prefix('|').and_then(|line| line.trim_end().strip_suffix('|')) {
                Some(rule) if rule.chars().all(|character| ['-', '|', ' ', ':'].contains(&character)) => {
                    body = true;
                }
                Some(row) if body => {
                    rows.push((number, row.split(" | ").map(|cell| cell.trim().to_owned()).collect()));
                }
                Some(_) => {}
                None => body = false,
            }
        }
        rows
    }
}

/// The program's own source, all of it.
pub fn source() -> String {
    fn read(folder: &Path, text: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, text);
            } else {
                text.push_str(&fs::read_to_string(&path).unwrap_or_default());
            }
        }
    }
    let mut text = String::new();
    read(&repository().join("src"), &mut text);
    text
}

/// What stands between backticks.
pub fn code_spans(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The first cell of each row of the tables in a text, as code.
pub fn first_cells(text: &str) -> BTreeSet<String> {
    let cells = text.lines().filter_map(|line| line.strip_prefix("| `"));
    cells.map(|rest| rest.split('`').next().unwrap().to_owned()).collect()
}

/// Whether a document has a heading of this anchor.
pub fn has_anchor(document: &Path, anchor: &str) -> bool {
    let text = fs::read_to_string(document).unwrap_or_default();
    text.lines().filter(|line| line.starts_with('#')).any(|line| {
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        let kept = heading
            .chars()
            .filter(|character| character.is_alphanumeric() || [' ', '-', '_'].contains(character));
        kept.collect::<String>().replace(' ', "-") == anchor
    })
}

/// The functions that a cell names: `file` followed by `function`, `function`, …
pub fn functions(cell: &str) -> Vec<(String, String)> {
    let mut file = String::new();
    let mut named = Vec::new();
    for span in code_spans(cell) {
        if span.contains('/') || Path::new(&span).extension().is_some_and(|extension| extension == "rs") {
            file = span;
        } else {
            named.push((file.clone(), span));
        }
    }
    named
}

/// Whether a file of the repository has a function, type or constant of this name; a test, if it is to be one.
pub fn has_function(file: &str, name: &str, is_test: bool) -> bool {
    let text = fs::read_to_string(repository().join(file)).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let words = if is_test {
        &["fn "][..]
    } else {
        &["fn ", "struct ", "enum ", "trait ", "const ", "macro_rules! "][..]
    };
    lines.iter().enumerate().any(|(number, line)| {
        let named = words.iter().any(|word| {
            line.split_once(word).is_some_and(|(before, rest)| {
                let end = rest.strip_prefix(name).unwrap_or("x").chars().next();
                (before.trim().is_empty() || before.ends_with(' '))
                    && end.is_none_or(|end| !end.is_alphanumeric() && end != '_')
            })
        });
        let above = &lines[number.saturating_sub(4)..number];
        named && (!is_test || above.iter().any(|line| line.trim() == "#[test]"))
    })
}

/// A folder with the repository's things in it and the program on the path, as a reader would have them.
pub struct Shell {
    folder: PathBuf,
    tools: PathBuf,
}

impl Shell {
    /// A shell in this folder.
    pub fn new(folder: &Path, program: &Path) -> Self {
        let here = folder.join("here");
        let tools = folder.join("tools");
        for new in [&here, &tools] {
            fs::create_dir(new).unwrap();
        }
        for name in ["ceremonies", "templates", "scripts", "docs"] {
            std::os::unix::fs::symlink(repository().join(name), here.join(name)).unwrap();
        }
        std::os::unix::fs::symlink(program, tools.join("rootrite")).unwrap();
        fs::write(tools.join("environment"), "").unwrap();
        Self { folder: here, tools }
    }

    /// Runs commands as one script; what it exports is there for the next. What was said, on both streams.
    pub fn run(&self, commands: &str, code: i32, here: &str) -> String {
        let output = self.command(commands).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{here}: these commands ended otherwise:\n{commands}\n{said}{errors}"
        );
        said
    }

    fn command(&self, commands: &str) -> Command {
        let environment = self.tools.join("environment").display().to_string();
        let script = format!(
            "exec 2>&1; . '{environment}'; set -euo pipefail\n{commands}\n{{ export -p; declare -f; }} >'{environment}' || true\n"
        );
        // What hangs is a mistake to be found, not waited for.
        let mut command = Command::new("timeout");
        command.args(["--kill-after=5", "300", "bash", "-c"]).arg(script).current_dir(&self.folder);
        command
            .env_clear()
            .env("PATH", path_with(&self.tools))
            .env("HOME", "/nonexistent")
            .env("LC_ALL", "C.UTF-8");
        command
    }
}

/// The path with a folder before everything else.
pub fn path_with(folder: &Path) -> OsString {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(folder.to_owned()).chain(std::env::split_paths(&rest))).unwrap()
}

/// Writes a script that can be run.
pub fn executable(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs a command on a terminal, with somebody who answers every question as asked, types the PIN 1234, and writes down
/// every share that is shown.
pub fn on_a_terminal(shell: &Shell, command: &str, here: &str) -> String {
    let script = shell.tools.join("people");
    executable(
        &script,
        &format!("#!/usr/bin/env bash\n. '{}/environment'\n{command}", shell.tools.display()),
    );
    let mut run = Command::new("timeout");
    run.args([
        "--foreground",
        "--kill-after=5",
        "300",
        "script",
        "-qefc",
        &script.display().to_string(),
        "/dev/null",
    ])
    .current_dir(&shell.folder);
    run.env_clear().env("PATH", path_with(&shell.tools)).env("TERM", "dumb").env("SHELL", "/bin/sh");
    let mut child =
        run.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script, of the package bsdutils");
    let (mut typed, mut shown) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut said, mut answered) = (Vec::new(), 0);
    let mut chunk = [0; 4096];
    let mut sheets = BTreeMap::new();
    loop {
        let read = shown.read(&mut chunk).unwrap_or(0);
        if read == 0 {
            break;
        }
        said.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&said[answered..]).into_owned();
        if let Some(answer) = share(&text, &mut sheets).or_else(|| answer(&text)) {
            // The terminal's echo is off a moment after a PIN is asked for.
            std::thread::sleep(Duration::from_millis(20));
            answered = said.len();
            writeln!(typed, "{answer}").unwrap();
        }
    }
    let status = child.wait().unwrap();
    let text = String::from_utf8(said).unwrap().replace("\r\n", "\n");
    assert!(status.success(), "{here}: the ceremony ended with {status}:\n{text}");
    text
}

/// What somebody types whose share is shown or asked for: `sheets` has what each has written down.
fn share(text: &str, sheets: &mut BTreeMap<String, String>) -> Option<String> {
    let last = text.rsplit('\n').find(|line| !line.trim().is_empty())?.trim();
    if last.starts_with("Press Enter when nobody else sees the screen:") {
        return Some(String::new());
    }
    if last.starts_with("Press Enter when it is written down") {
        let text = text.replace('\r', "");
        let shown = text.rsplit_once("\u{1b}[H")?.1;
        let rows = shown.split_once("\n\n")?.1.split("\n\nPress Enter").next()?;
        let words: Vec<&str> =
            rows.split_whitespace().filter(|word| word.chars().all(char::is_alphabetic)).collect();
        sheets.insert(shown.split(' ').next()?.to_owned(), words.join(" "));
        return Some(String::new());
    }
    let asked = last.rsplit("\u{1b}[?1049l").next()?.trim();
    let is_asked =
        text.ends_with(": ") && (asked.contains("type share ") || asked.contains("type your share of"));
    is_asked.then(|| sheets[asked.split(' ').next().unwrap()].clone())
}

/// What somebody answers to the question that the program waits at, if it waits.
fn answer(text: &str) -> Option<String> {
    if !text.ends_with("  > ") {
        let last = text.lines().last().unwrap_or_default();
        return (last.contains("PIN of `") && last.ends_with("`: ")).then(|| "1234".to_owned());
    }
    if let Some((_, word)) = text.rsplit_once("(type `") {
        return Some(word.split('`').next().unwrap().to_owned());
    }
    if text.contains("(type the words") {
        let (_, words) = text.rsplit_once("in words: ").unwrap();
        return Some(words.split_whitespace().take(4).collect::<Vec<_>>().join(" "));
    }
    let clock = text
        .rsplit_once("ceremony clock: ")
        .map(|(_, time)| time.split_whitespace().next().unwrap().to_owned());
    Some(clock.filter(|_| text.contains("own clock")).unwrap_or_else(|| "tape 17".to_owned()))
}

/// Whether what was said is what a document shows.
///
/// A line `…` stands for any lines. The rest is compared line by line without empty lines, space at the ends, and what
/// differs each time.
pub fn matches(shown: &str, said: &str) -> Result<(), String> {
    let lines = |text: &str| {
        text.lines().map(|line| normal(line.trim_end())).filter(|line| !line.is_empty()).collect::<Vec<_>>()
    };
    let (shown, said) = (lines(shown), lines(said));
    let parts: Vec<&[String]> = shown.split(|line| line == "…").collect();
    let mut rest = said.as_slice();
    for (number, part) in parts.iter().enumerate() {
        let (first, last) = (number == 0, number + 1 == parts.len());
        let found = match (first, last) {
            (true, true) => (rest == *part).then_some(0),
            (true, false) => rest.starts_with(part).then_some(0),
            (false, true) => rest.ends_with(part).then(|| rest.len() - part.len()),
            (false, false) => (0..=rest.len()).find(|from| rest[*from..].starts_with(part)),
        };
        let Some(from) = found else {
            return Err(format!(
                "the document shows\n{}\nand this was said:\n{}",
                part.join("\n"),
                said.join("\n")
            ));
        };
        rest = &rest[from + part.len()..];
    }
    Ok(())
}

/// A line with placeholders for what differs each time: digests, ids and serial numbers, times, words of digests.
pub fn normal(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    if let Some((before, _)) = line.split_once("in words") {
        return format!("{before}in words <words>");
    }
    // What is typed where nothing is echoed: another terminal may show it.
    if let Some((before, _)) = line.split_once("PIN of `").filter(|(before, _)| before.ends_with(": ")) {
        return format!("{before}PIN");
    }
    while let Some(first) = rest.chars().next() {
        let hex = rest.find(|character: char| !character.is_ascii_hexdigit()).unwrap_or(rest.len());
        let time = rest.get(..20).filter(|time| time.parse::<rootrite::clock::Timestamp>().is_ok());
        let taken = if time.is_some() {
            text.push_str("<time>");
            20
        } else if hex >= 16 {
            text.push_str("<hex>");
            hex
        } else {
            let word = rest.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(rest.len());
            let taken = word.max(first.len_utf8());
            text.push_str(&rest[..taken]);
            taken
        };
        rest = &rest[taken..];
    }
    // A deviation more or less: how many records there are depends on the machine.
    for count in ["records: ", "  records    ", "size       "] {
        if let Some((before, _)) = text.split_once(count) {
            return format!("{before}{count}<number>");
        }
    }
    text
}
