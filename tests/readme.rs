//! README and guides are true: commands run and say what stands there, links lead somewhere, lists are complete, and
//! every promise names tests that exist.
//!
//! What a document says to this program, in a comment on the line before a code block:
//! - `<!-- run -->`: the commands are run in the document's own folder and end well; `<!-- run: exit 2 -->` otherwise;
//!   `<!-- run: people -->` on a terminal, with somebody who answers every question as asked;
//! - `<!-- output -->`: what the last commands said; a line `…` stands for any lines, values that differ each time for any
//!   of their kind;
//! - `<!-- demo -->`: what `scripts/demo` says;
//! - `<!-- script -->`, `<!-- site -->`, `<!-- answers -->`: a whole file that the program takes;
//! - `<!-- excerpt: FILE -->`: these lines stand in that file.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that cannot be set up has failed"
)]

mod common;
mod documents;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use common::own_folder;
use documents::{Block, Document, Shell, matches, normal, on_a_terminal, repository};
use rootrite::step::AnyStep;

#[test]
fn what_the_readme_shows_of_the_demo_is_what_the_demo_says() {
    let folder = own_folder("readme-demo");
    let readme = Document::read("README.md");
    let shown = readme.blocks.iter().find(|block| block.marker == "demo").expect("README shows the demo");
    // The program that was built for these tests stands in for a second build.
    let target = folder.join("target");
    fs::create_dir_all(target.join("release")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_rootrite"), target.join("release/rootrite")).unwrap();
    let tools = folder.join("tools");
    fs::create_dir(&tools).unwrap();
    documents::executable(&tools.join("cargo"), "#!/bin/sh\n[ \"$1\" = build ]\n");
    let out = folder.join("demo");
    let mut command = Command::new(repository().join("scripts/demo"));
    command.arg("--out").arg(&out).env("CARGO_TARGET_DIR", &target).env("PATH", documents::path_with(&tools));
    let said = common::program::run(&mut command, b"").with(0).both();
    let said = said.replace(&out.display().to_string(), "/home/ada/rootrite/out/demo-1");
    // README begins where the rehearsal does.
    matches(&format!("…\n{}", shown.text), &said)
        .unwrap_or_else(|why| panic!("README.md:{}: {why}", shown.line));
}

#[test]
fn the_commands_of_the_documents_run_and_say_what_stands_there() {
    let mut run = 0;
    for document in Document::all() {
        run += run_all(&document);
    }
    assert!(run >= 15, "only {run} blocks of commands were found");
}

/// Runs a document's commands in their order; how many blocks.
fn run_all(document: &Document) -> usize {
    let folder = own_folder(&format!("readme-{}", document.name.replace('/', "-")));
    let shell = Shell::new(&folder, Path::new(env!("CARGO_BIN_EXE_rootrite")));
    let mut last = None;
    let mut run = 0;
    for block in &document.blocks {
        let here = format!("{}:{}", document.name, block.line);
        match block.marker.as_str() {
            "run" => last = Some(shell.run(&block.text, 0, &here)),
            "run: people" => last = Some(on_a_terminal(&shell, &block.text, &here)),
            "output" => {
                let said = last.as_deref().unwrap_or_else(|| panic!("{here}: nothing was run before this"));
                matches(&block.text, said).unwrap_or_else(|why| panic!("{here}: {why}"));
                continue;
            }
            other => match other.strip_prefix("run: exit ").map(str::parse) {
                Some(code) => last = Some(shell.run(&block.text, code.expect("an exit code"), &here)),
                None => continue,
            },
        }
        run += 1;
    }
    run
}

#[test]
fn every_command_and_option_in_the_documents_exists() {
    let folder = own_folder("readme-options");
    let mut seen = BTreeSet::new();
    for document in Document::all() {
        for block in document.blocks.iter().filter(|block| block.language == "sh") {
            for line in block.text.replace("\\\n", " ").lines() {
                let words: Vec<&str> = line.split_whitespace().collect();
                let ["rootrite", command, rest @ ..] = words.as_slice() else { continue };
                let (path, rest) = match rest {
                    [sub, rest @ ..]
                        if ["convert", "hsm", "log", "print", "profile", "share"].contains(command) =>
                    {
                        (vec![*command, *sub], rest)
                    }
                    _ => (vec![*command], rest),
                };
                let help = common::rootrite(&folder, path.iter().chain(&["--help"])).with(0).out;
                for option in rest.iter().filter(|word| word.starts_with('-') && word.len() > 1) {
                    let here = format!("{}:{}: `{}`", document.name, block.line, line.trim());
                    assert!(
                        help.contains(&format!("{option} "))
                            || help.contains(&format!("{option},"))
                            || help.contains(&format!("{option}\n")),
                        "{here}: no {option}"
                    );
                }
                seen.insert(path.join(" "));
            }
        }
    }
    for command in
        ["new", "check", "plan", "rehearse", "run", "verify", "log show", "log verify", "log head", "inspect"]
    {
        assert!(seen.contains(command), "no document shows `rootrite {command}`");
    }
}

#[test]
fn every_command_is_in_the_readme_and_every_one_in_the_readme_exists() {
    let folder = own_folder("readme-commands");
    let help = common::rootrite(&folder, ["--help"]).with(0).out;
    let listed = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let there: BTreeSet<String> = listed
        .take_while(|line| line.starts_with("  "))
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .collect();
    let readme = Document::read("README.md");
    let named: BTreeSet<String> = readme
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("| `rootrite "))
        .map(|rest| rest.split(|character| [' ', '`'].contains(&character)).next().unwrap().to_owned())
        .collect();
    assert_eq!(there, named);
}

#[test]
fn every_exit_code_is_in_the_readme() {
    use rootrite::failure::Turn;
    let readme = Document::read("README.md").text;
    let turns = [Turn::Author, Turn::Operators, Turn::Equipment, Turn::Refused, Turn::Developers];
    for code in turns.map(Turn::code) {
        assert!(readme.contains(&format!("\n| {code} | ")), "{code}");
    }
}

#[test]
fn every_link_and_every_path_leads_somewhere() {
    let mut found = 0;
    let mut wrong = Vec::new();
    for document in Document::all() {
        let folder = repository().join(&document.name).parent().unwrap().to_owned();
        for (line, link) in document.links() {
            found += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() { repository().join(&document.name) } else { folder.join(path) };
            let there = target.exists() && (anchor.is_empty() || documents::has_anchor(&target, anchor));
            if !there {
                wrong.push(format!("{}:{line}: {link}", document.name));
            }
        }
        for (line, path) in document.paths() {
            found += 1;
            if !repository().join(&path).exists() {
                wrong.push(format!("{}:{line}: `{path}`", document.name));
            }
        }
    }
    assert!(wrong.is_empty(), "these lead nowhere:\n{}", wrong.join("\n"));
    assert!(found > 50, "only {found} were found");
}

#[test]
fn the_reference_has_every_step_in_its_order_with_every_field_and_no_other() {
    let reference = Document::read("docs/guide/script.md");
    let sections: Vec<(&str, &str)> = reference.sections("\n### `").collect();
    let named: Vec<&str> = sections.iter().map(|(name, _)| name.trim_end_matches('`')).collect();
    assert_eq!(named, AnyStep::NAMES);
    let folder = own_folder("readme-steps");
    for ((heading, section), (name, about)) in sections.iter().zip(AnyStep::ABOUT) {
        assert!(section.to_lowercase().contains(&about.to_lowercase()), "{heading}: does not say `{about}`");
        let fields: BTreeSet<String> = documents::first_cells(section);
        assert_eq!(fields, fields_of(name, &folder), "the fields of `{name}`");
    }
}

/// The fields that a step takes, as the program says them of one that it does not take.
fn fields_of(step: &str, folder: &Path) -> BTreeSet<String> {
    let script = fs::read_to_string(repository().join("ceremonies/root-and-subordinates.yaml")).unwrap();
    let wrong = script.replace("      - preflight: {}\n", &format!("      - {step}: {{not-a-field: 1}}\n"));
    let path = folder.join(format!("{step}.yaml"));
    fs::write(&path, wrong).unwrap();
    let said = common::rootrite(folder, [Path::new("check"), &path]).with(2).error;
    let line =
        said.lines().find(|line| line.contains("`not-a-field`")).unwrap_or_else(|| panic!("{step}: {said}"));
    let known = line.rsplit_once("; ").unwrap().1;
    documents::code_spans(known).into_iter().collect()
}

#[test]
fn the_reference_has_every_key_and_word_of_scripts_and_sites() {
    let reference = Document::read("docs/guide/script.md");
    let spans: BTreeSet<String> = documents::code_spans(&reference.text).into_iter().collect();
    let folder = own_folder("readme-words");
    let good = fs::read_to_string(repository().join("ceremonies/root-and-subordinates.yaml")).unwrap();
    fs::write(folder.join("good.yaml"), &good).unwrap();
    // Each of these is wrong in one place, where the program names everything that can stand there.
    let scripts = [
        ("\ntitle: ", "\nnot-a-word: x\ntitle: "),
        ("policy: public-tls", "policy: not-a-word"),
        ("{id: ada, role: ceremony-administrator}", "{id: ada, role: not-a-word}"),
        ("pin: two-people", "pin: not-a-word"),
        ("log: {class: any", "log: {class: not-a-word"),
        ("method: typed", "method: not-a-word"),
        ("algorithm: ecdsa-p384", "algorithm: not-a-word"),
        ("lasts: 3650 days", "lasts: not-a-word"),
        ("not-before: ceremony-day", "not-before: not-a-word"),
        ("profile: root-ca", "profile: not-a-word"),
    ];
    let site = reference.blocks.iter().find(|block| block.marker == "site").expect("a whole site file");
    let sites = [
        ("\n    class: ", "\n    not-a-word: x\n    class: "),
        ("class: software", "class: not-a-word"),
        ("login: pin", "login: not-a-word"),
    ];
    let mut missing = BTreeSet::new();
    for (number, (from, to)) in scripts.iter().enumerate() {
        assert!(good.contains(from), "{from}");
        let path = folder.join(format!("script-{number}.yaml"));
        fs::write(&path, good.replacen(from, to, 1)).unwrap();
        missing
            .extend(not_named(&spans, &common::rootrite(&folder, [Path::new("check"), &path]).with(2).error));
    }
    for (number, (from, to)) in sites.iter().enumerate() {
        assert!(site.text.contains(from), "{from}");
        let path = folder.join(format!("site-{number}.yaml"));
        fs::write(&path, site.text.replacen(from, to, 1)).unwrap();
        let arguments = [Path::new("check"), Path::new("good.yaml"), Path::new("--site"), &path];
        missing.extend(not_named(&spans, &common::rootrite(&folder, arguments).with(2).error));
    }
    assert!(missing.is_empty(), "docs/guide/script.md does not name {missing:?}");
}

/// What a message offers that the document does not have.
fn not_named(spans: &BTreeSet<String>, said: &str) -> Vec<String> {
    let line = said.lines().find(|line| line.contains("`not-a-word`")).unwrap_or_else(|| panic!("{said}"));
    let offered = documents::code_spans(line);
    assert!(offered.len() > 1, "{line}");
    offered.into_iter().filter(|word| word != "not-a-word" && !spans.contains(word)).collect()
}

#[test]
fn every_yaml_example_is_taken_by_the_program_or_stands_in_a_file_that_is() {
    let folder = own_folder("readme-yaml");
    let good = repository().join("ceremonies/root-and-subordinates.yaml");
    for document in Document::all() {
        for block in document.blocks.iter().filter(|block| block.language == "yaml") {
            let here = format!("{}:{}", document.name, block.line);
            let path = folder.join(format!("{}.yaml", block.line));
            fs::write(&path, &block.text).unwrap();
            match block.marker.split_once(": ").unwrap_or((&block.marker, "")) {
                ("script", _) => drop(common::rootrite(&folder, [Path::new("check"), &path]).with(0)),
                ("site", _) => {
                    let arguments =
                        [Path::new("check"), &good, Path::new("--practice"), Path::new("--site"), &path];
                    drop(common::rootrite(&folder, arguments).with(0));
                }
                ("answers", _) => {
                    // The site is missing, and that is all that there is to say.
                    let arguments = [
                        "run",
                        good.to_str().unwrap(),
                        "--practice",
                        "--site",
                        "missing.yaml",
                        "--log",
                        "l",
                        "--out",
                        "o",
                    ];
                    let said = common::rootrite(
                        &folder,
                        arguments.iter().copied().chain(["--answers", path.to_str().unwrap()]),
                    );
                    assert_eq!(said.with(2).error.matches("error:").count(), 1, "{here}");
                }
                ("pins", _) => {
                    let read = rootrite::intake::Pins::read(&here, block.text.as_bytes());
                    drop(read.unwrap_or_else(|problems| panic!("{}", problems.messages().join("\n"))));
                }
                ("excerpt", file) => {
                    let whole = fs::read_to_string(repository().join(file)).unwrap();
                    assert!(
                        whole.contains(block.text.trim_end()),
                        "{here}: these lines do not stand in {file}"
                    );
                }
                (other, _) => panic!("{here}: a YAML example marked `{other}`"),
            }
        }
    }
}

#[test]
fn every_message_that_the_quick_start_explains_is_one_of_the_programs() {
    let guide = Document::read("docs/guide/quick-start.md");
    let (_, table) = guide.sections("\n## 9 ").next().expect("the table of messages");
    let source = documents::source();
    let mut found = 0;
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        for span in documents::code_spans(row.split(" | ").next().unwrap()) {
            // What stands between the values that differ each time.
            for part in span.split('…').map(str::trim).filter(|part| part.len() > 5 && part.contains(' ')) {
                assert!(source.contains(part.trim_start_matches("error: ")), "no message says `{part}`");
                found += 1;
            }
        }
    }
    assert!(found >= 8, "only {found} were found");
}

#[test]
fn every_promise_names_code_and_tests_that_exist() {
    let assurance = Document::read("docs/assurance.md");
    let mut wrong = Vec::new();
    let mut promises = 0;
    for (line, cells) in assurance.rows() {
        let [_, enforced, refusal, acceptance] = cells.as_slice() else { continue };
        promises += 1;
        for (cell, is_test) in [(enforced, false), (refusal, true), (acceptance, true)] {
            let named = documents::functions(cell);
            if named.is_empty() {
                wrong.push(format!("docs/assurance.md:{line}: names nothing: {cell}"));
            }
            for (file, function) in named {
                if !documents::has_function(&file, &function, is_test) {
                    wrong.push(format!(
                        "docs/assurance.md:{line}: {file} has no {} `{function}`",
                        if is_test { "test" } else { "item" }
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(promises >= 20, "only {promises} promises were found");
}

/// What the documents show of the screen is what the program draws: `docs/screens/` is compared with it by `src/tui/tests.rs`.
/// `ROOTRITE_WRITE_SCREENS=1 cargo test --test readme screens` writes the pictures into the documents.
#[test]
fn the_screens_in_the_documents_are_those_of_the_program() {
    let write = std::env::var_os("ROOTRITE_WRITE_SCREENS").is_some();
    let mut shown = BTreeSet::new();
    for document in Document::all() {
        let mut text = document.text.clone();
        for block in &document.blocks {
            let Some(name) = block.marker.strip_prefix("screen: ") else { continue };
            let drawn = documents::repository().join(format!("docs/screens/{name}.txt"));
            let drawn = fs::read_to_string(drawn).unwrap_or_else(|error| panic!("{name}: {error}"));
            let mark = format!("<!-- {} -->\n```text\n", block.marker);
            text = text.replace(&format!("{mark}{}```", block.text), &format!("{mark}{drawn}```"));
            if !write {
                assert_eq!(block.text, drawn, "{}:{}: {name}", document.name, block.line);
            }
            shown.insert(name.to_owned());
        }
        if write && text != document.text {
            fs::write(documents::repository().join(&document.name), text).unwrap();
        }
    }
    assert!(shown.len() > 10, "{shown:?}");
}

#[test]
fn a_wrong_document_is_noticed() {
    assert!(matches("a\n…\nd", "a\nb\nc\nd\n").is_ok());
    assert!(matches("a\n…\ne", "a\nb\nc\nd\n").is_err());
    assert!(matches("a\nc", "a\nb\nc\n").is_err());
    assert!(matches("b\n…", "a\nb\n").is_err());
    assert!(matches("…\nb", "a\nb\n").is_ok());
    assert!(matches("…\na", "a\nb\n").is_err());
    assert_eq!(
        normal("plan SHA-256 6b6920fcf1d9e2bd484bb785fe811bd6dbe8d8937a6d4a27f49816d0540558bb"),
        "plan SHA-256 <hex>"
    );
    assert_ne!(normal("SHA-256 6b69"), normal("SHA-256 <hex>"));
    let text = "x\n<!-- run -->\n```sh\nls\n```\n[a](b.md#c) and `src/lib.rs`\n";
    let document = Document::of("x.md", text);
    assert_eq!(
        document.blocks,
        [Block { marker: "run".into(), language: "sh".into(), text: "ls\n".into(), line: 3 }]
    );
    assert_eq!(document.links(), [(6, "b.md#c".to_owned())]);
    assert_eq!(document.paths(), [(6, "src/lib.rs".to_owned())]);
    assert!(!documents::has_function("tests/readme.rs", "no_such_test", true));
    assert!(!documents::has_function("tests/readme.rs", "run_all", true));
    assert!(documents::has_function("tests/readme.rs", "a_wrong_document_is_noticed", true));
}
