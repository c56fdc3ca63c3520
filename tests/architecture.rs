//! Which module may use which, what only one place may do: the shape of the program, as a test.
//!
//! The list below is the design. A line that it does not allow is named with its file and line. Unit tests
//! (whatever stands under `#[cfg(test)]`, and files named `tests.rs`) are not held to the list, because nothing of
//! them is shipped; comments and doc comments may point anywhere.

#![expect(clippy::panic, reason = "a test that cannot read the source it is about has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

mod rust_source;

use rust_source::{Named, Token, paths, tokens, without_tests};

/// Lowest first: a module may use the ones it names, itself, and [`ALL_MAY_USE`].
const MAY_USE: [(&str, &[&str]); 26] = [
    ("secret", &[]),
    ("confinement", &[]),
    ("digest", &[]),
    ("clock", &[]),
    ("failure", &[]),
    ("progress", &[]),
    ("script", &[]),
    ("pki", &[]),
    ("approval", &["pki"]),
    // Whoever plans a ceremony reads what the online side wrote.
    ("receipt", &[CEREMONY_LOG]),
    ("profile", &["pki", "script"]),
    ("rule", &["pki"]),
    ("hsm", &["pki", "secret", "confinement"]),
    ("share", &["secret"]),
    ("stage", &["hsm", "secret", "approval"]),
    ("issuance", &["stage", "profile", "rule", "pki", "hsm"]),
    ("step", &["script", "issuance", "profile", "pki", "share", "stage", "secret", "approval", "receipt"]),
    ("plan", &["step", "script", "profile", "approval"]),
    ("record", &["stage", "plan", "pki", CEREMONY_LOG]),
    // Paper shows what the plan and the log say, and writes shares onto sheets; it never sees a token.
    ("paper", &["secret", "share", "step", "plan", "record", CEREMONY_LOG]),
    ("conduct", &["plan", "step", "stage", "record", "hsm", "approval"]),
    // Carries a log by pictures and believes nothing of it: `intake` judges what came.
    ("relay", &[CEREMONY_LOG]),
    ("intake", &["record", "rule", "pki", "script", "approval", "receipt", "relay", CEREMONY_LOG]),
    // The screens never see a token.
    (
        "tui",
        &[
            "secret",
            "script",
            "pki",
            "approval",
            "receipt",
            "profile",
            "rule",
            "share",
            "stage",
            "issuance",
            "step",
            "plan",
            "record",
            "paper",
            "conduct",
            "relay",
            "intake",
            CEREMONY_LOG,
        ],
    ),
    // What `hsm` itself makes public, but nothing inside it: `HSM_INSIDE`.
    (
        "cli",
        &[
            "secret",
            "confinement",
            "script",
            "pki",
            "approval",
            "receipt",
            "profile",
            "rule",
            "hsm",
            "share",
            "stage",
            "issuance",
            "step",
            "plan",
            "record",
            "paper",
            "conduct",
            "relay",
            "intake",
            "tui",
            CEREMONY_LOG,
        ],
    ),
    ("main", &["cli"]),
];

/// What every module may use.
const ALL_MAY_USE: [&str; 4] = ["digest", "clock", "failure", "progress"];

/// The other package of the workspace, as its users write it.
const CEREMONY_LOG: &str = "ceremony_log";

/// Who may use what `hsm` makes public, but none of its submodules.
const HSM_INSIDE: [&str; 2] = ["cli", "main"];

/// The one file with `unsafe`.
const UNSAFE_FILE: &str = "src/hsm/raw.rs";

/// The modules that write to standard output and standard error.
const PRINTING: [&str; 2] = ["cli", "main"];

#[test]
fn every_module_uses_only_what_its_line_names() {
    let source = files_below(&root().join("src"), "rs");
    assert!(!source.is_empty());
    let inside_hsm = submodules_of_hsm();
    let wrong: Vec<_> =
        source.iter().flat_map(|file| imports(&relative(file), &read(file), &inside_hsm)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_module_is_on_the_list() {
    let wrong: Vec<_> = names_in(&root().join("src"))
        .into_iter()
        .filter(|name| name != "lib" && line_of(name).is_none())
        .collect();
    assert!(wrong.is_empty(), "not in the list of tests/architecture.rs: {}", wrong.join(", "));
}

#[test]
fn a_line_of_the_list_names_only_lines_above_it() {
    for (place, (module, uses)) in MAY_USE.iter().enumerate() {
        for used in uses.iter().filter(|used| **used != CEREMONY_LOG) {
            assert!(MAY_USE.iter().take(place).any(|(above, _)| above == used), "{module} uses {used}");
        }
    }
}

#[test]
fn unsafe_code_is_in_one_file() {
    let mut source = files_below(&root().join("src"), "rs");
    source.extend(files_below(&root().join("crates"), "rs"));
    let wrong: Vec<_> = source.iter().flat_map(|file| unsafe_code(&relative(file), &read(file))).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn only_the_command_line_prints() {
    let mut source = files_below(&root().join("src"), "rs");
    source.extend(files_below(&root().join("crates/ceremony-log/src"), "rs"));
    let wrong: Vec<_> = source.iter().flat_map(|file| printing(&relative(file), &read(file))).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_project_stands_alone() {
    // The folder beside the clone is not part of the project; only tests may look for it.
    let wrong: Vec<_> =
        files_below(&root(), "").iter().flat_map(|file| outside(&relative(file), &read(file))).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The lines of a source file that use what their module may not use.
fn imports(file: &str, source: &str, inside_hsm: &BTreeSet<String>) -> Vec<String> {
    let module_path = module_path(file);
    if file.ends_with("/tests.rs") {
        return Vec::new();
    }
    let own = module_path.first().map_or("lib", String::as_str);
    let depth = if own == "main" { 0 } else { module_path.len() };
    let tokens = without_tests(&tokens(source));
    let mut wrong = Vec::new();
    if let Some(line) = line_with(&tokens, &["#", "[", "path"]) {
        wrong.push(format!("{file}:{line}: `#[path]` would hide where a module is"));
    }
    for named in paths(&tokens, &["crate", "self", "super", "rootrite", CEREMONY_LOG]) {
        if let Some(used) = used(&named, depth)
            && let Some(why) = objection(own, &used, inside_hsm)
        {
            wrong.push(format!("{file}:{}: {why}", named.line));
        }
    }
    wrong
}

/// The path from the crate's root that `named` says in a module `depth` below it; nothing if it stays within its own.
fn used(named: &Named, depth: usize) -> Option<Vec<String>> {
    let first = named.segments.first()?.as_str();
    let is_path = named.segments.len() > 1 || named.before == "use";
    // `pub(crate)` and `pub(super)` use nothing.
    let is_visibility = named.segments.len() == 1 && ["(", "in"].contains(&named.before.as_str());
    let rest = match first {
        "crate" if is_visibility => return None,
        "crate" => named.segments.iter().skip(1).cloned().collect(),
        "rootrite" if is_path => named.segments.iter().skip(1).cloned().collect(),
        CEREMONY_LOG if is_path => vec![CEREMONY_LOG.to_owned()],
        "self" | "super" => {
            let upward: Vec<_> = named.segments.iter().skip_while(|segment| *segment == "self").collect();
            let ups = upward.iter().take_while(|segment| **segment == "super").count();
            if ups == 0 || ups < depth + named.inline_modules || is_visibility {
                return None;
            }
            upward.into_iter().skip(ups).cloned().collect()
        }
        _ => return None,
    };
    Some(rest)
}

/// Why module `own` may not use the path `used`.
fn objection(own: &str, used: &[String], inside_hsm: &BTreeSet<String>) -> Option<String> {
    let (module, inside) = match used {
        [] => return Some("takes the crate as a whole; name the module".to_owned()),
        [only] => (only.as_str(), None),
        [module, inside, ..] => (module.as_str(), Some(inside)),
    };
    if ["self", "*"].contains(&module) {
        return Some("takes the crate as a whole; name the module".to_owned());
    }
    if module == own && own != "main" {
        return None;
    }
    let may_use = line_of(own).unwrap_or_default();
    if !may_use.contains(&module) && !ALL_MAY_USE.contains(&module) {
        let all: Vec<_> = may_use.iter().chain(&ALL_MAY_USE).copied().collect();
        return Some(format!("uses `{module}`; `{own}` may use {}", all.join(", ")));
    }
    let inside = inside
        .filter(|inside| module == "hsm" && HSM_INSIDE.contains(&own) && inside_hsm.contains(*inside))?;
    Some(format!("uses `hsm::{inside}`; `{own}` may use only what `hsm` itself makes public"))
}

/// The lines of a source file that have `unsafe` or allow it, where that may not be.
fn unsafe_code(file: &str, source: &str) -> Vec<String> {
    if file == UNSAFE_FILE {
        return Vec::new();
    }
    let found =
        tokens(source).into_iter().filter(|token| ["unsafe", "unsafe_code"].contains(&token.text.as_str()));
    found
        .map(|token| format!("{file}:{}: `{}`; that may be only in {UNSAFE_FILE}", token.line, token.text))
        .collect()
}

/// The lines of a source file that print, where only the command line may.
fn printing(file: &str, source: &str) -> Vec<String> {
    if file.starts_with("src/")
        && module_path(file).first().is_some_and(|own| PRINTING.contains(&own.as_str()))
    {
        return Vec::new();
    }
    let tokens = without_tests(&tokens(source));
    let macros = ["print", "println", "eprint", "eprintln", "dbg"].map(|name| vec![name, "!"]);
    let handles = ["stdout", "stderr"].map(|name| vec!["io", "::", name]);
    let found = macros
        .iter()
        .chain(&handles)
        .filter_map(|sought| Some((line_with(&tokens, sought)?, sought.concat())));
    found
        .map(|(line, what)| format!("{file}:{line}: `{what}`; only {} may print", PRINTING.join(", ")))
        .collect()
}

/// The lines of any file that speak of the place where the project happens to be.
fn outside(file: &str, text: &str) -> Vec<String> {
    let is_test = Path::new(file).components().any(|part| part.as_os_str() == "tests");
    let places = ["../shared", "/work/"];
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !is_test && places.iter().any(|place| line.contains(place)));
    lines.map(|(before, line)| format!("{file}:{}: {}", before + 1, line.trim())).collect()
}

/// Where in the tree of modules a file is: `src/pki/name.rs` and `src/pki/name/mod.rs` are `pki`, `name`.
fn module_path(file: &str) -> Vec<String> {
    let file = file.strip_prefix("src/").unwrap_or(file);
    let mut parts: Vec<_> = file.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    parts
}

fn line_of(module: &str) -> Option<&'static [&'static str]> {
    MAY_USE.iter().find(|(name, _)| *name == module).map(|(_, uses)| *uses)
}

/// The first line on which `tokens` have the words and signs of `sought` in a row.
fn line_with(tokens: &[Token], sought: &[&str]) -> Option<usize> {
    let found = tokens
        .windows(sought.len())
        .find(|window| window.iter().zip(sought).all(|(token, text)| token.text == *text));
    found.and_then(|window| window.first()).map(|token| token.line)
}

fn submodules_of_hsm() -> BTreeSet<String> {
    let folder = root().join("src/hsm");
    if folder.is_dir() { names_in(&folder) } else { BTreeSet::new() }
}

/// The modules that a folder of source has: its `.rs` files and its folders with one.
fn names_in(folder: &Path) -> BTreeSet<String> {
    let below = files_below(folder, "rs");
    let first = below.iter().filter_map(|file| file.strip_prefix(folder).ok()?.components().next());
    first.map(|part| part.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()).collect()
}

/// All files below `folder` that end in `extension`, or all; but for what is built, fetched or not in the repository.
fn files_below(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { panic!("{} cannot be read", folder.display()) };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_symlink() || ["target", ".git", "out", "__pycache__"].contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            files.extend(files_below(&path, extension));
        } else if extension.is_empty() || path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn read(file: &Path) -> String {
    match fs::read(file) {
        Ok(octets) => String::from_utf8_lossy(&octets).into_owned(),
        Err(error) => panic!("{}: {error}", file.display()),
    }
}

fn relative(file: &Path) -> String {
    file.strip_prefix(root()).unwrap_or(file).to_string_lossy().into_owned()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The checks above, checked on source that was written to break them.
mod planted {
    use super::*;

    fn imports_of(file: &str, source: &str) -> Vec<String> {
        imports(file, source, &BTreeSet::from(["raw".to_owned(), "wire".to_owned()]))
    }

    #[test]
    fn an_import_against_the_list_is_found_in_every_spelling() {
        for source in [
            "use crate::rule::Rule;",
            "pub use crate :: rule;",
            "use crate::{clock, rule::Rule};",
            "use crate::{clock::{self, Timestamp}, digest::{Digest, words::{words_of}}, rule as other};",
            "use {crate::clock, crate::rule};",
            "fn f() { let x = crate::rule::RULES; }",
            "fn f(x: &dyn Fn(crate::rule::Rule)) {}",
            "fn f() { g::<crate::rule::Rule>() }",
            "macro_rules! m { () => { $crate::rule::f() } }",
            "use super::super::rule;",
            "use super::{super::rule};",
            "use self::super::super::rule;",
            "mod inner { use super::super::super::rule; }",
            "use crate::r#rule;",
            "const A: &str = r#\"x\"#; const B: char = '\"'; use crate::rule;",
            "const C: u8 = b'\\''; /* /* nested */ */ use crate::rule; // \"",
            "fn f<'a>(x: &'a str) { crate::rule::f(x) }",
            "#[cfg(test)] use crate::step; use crate::rule;",
            "#[cfg(test)] mod tests { fn f() { g([1; 2]); } } use crate::rule;",
            "use rootrite::rule;",
        ] {
            let wrong = imports_of("src/pki/name.rs", &format!("//! A file.\n\n{source}\n"));
            assert_eq!(
                wrong,
                ["src/pki/name.rs:3: uses `rule`; `pki` may use digest, clock, failure, progress"],
                "{source}"
            );
        }
    }

    #[test]
    fn taking_the_whole_crate_is_found() {
        for source in [
            "use crate::*;",
            "use crate as all;",
            "use crate::{self as all};",
            "use super::super::*;",
            "extern crate self as all;",
        ] {
            let wrong = imports_of("src/pki/name.rs", source);
            let expected = ["src/pki/name.rs:1: takes the crate as a whole; name the module"];
            assert_eq!(wrong, expected, "{source}");
        }
    }

    #[test]
    fn what_the_list_allows_is_not_found() {
        for source in [
            "use crate::clock::Timestamp; use crate::{digest, failure::{Failure, Turn}};",
            "use crate::pki::oid; use super::oid; use super::super::pki::oid; use self::inner::X;",
            "pub(crate) struct A; pub(super) struct B; pub(in crate::pki) struct C; pub(in super) struct D;",
            "//! [`crate::rule`]\n/// See crate::rule.\n// crate::rule\n/* crate::rule */ fn f() {}",
            "const TEXT: &str = \"use crate::rule;\"; const RAW: &str = r##\"\"# use crate::rule; \"##;",
            "#[cfg(test)]\n#[expect(x)]\nmod tests { use crate::rule; fn f() { { } } }",
            "mod inner { use super::oid; use super::super::name; }",
            "impl A { fn f(&self) -> Self { self.rule.clone() } }",
            "use der::{Encode, asn1::crate_name};",
        ] {
            assert_eq!(imports_of("src/pki/name.rs", source), [""; 0], "{source}");
        }
        assert_eq!(imports_of("src/pki/tests.rs", "use crate::rule;"), [""; 0]);
    }

    #[test]
    fn a_module_above_may_use_what_it_names_and_no_more() {
        assert_eq!(imports_of("src/rule/mod.rs", "use crate::pki::X;"), [""; 0]);
        assert_eq!(
            imports_of("src/rule/mod.rs", "use super::hsm;\nuse crate::secret;"),
            [
                "src/rule/mod.rs:1: uses `hsm`; `rule` may use pki, digest, clock, failure, progress",
                "src/rule/mod.rs:2: uses `secret`; `rule` may use pki, digest, clock, failure, progress",
            ]
        );
        assert_eq!(imports_of("src/rule/mod.rs", "use crate::helpers;").len(), 1);
        assert_eq!(imports_of("src/lib.rs", "pub mod rule; use crate::rule::X;").len(), 1);
        assert_eq!(imports_of("src/rule/mod.rs", "#[path = \"../hsm/raw.rs\"] mod raw;").len(), 1);
    }

    #[test]
    fn the_log_package_is_for_the_record_and_for_the_edge() {
        let source = "use ceremony_log::Checkpoint;";
        assert_eq!(imports_of("src/record/mod.rs", source), [""; 0]);
        assert_eq!(imports_of("src/cli/log.rs", source), [""; 0]);
        assert_eq!(imports_of("src/conduct/mod.rs", source).len(), 1);
        assert_eq!(
            imports_of("src/conduct/mod.rs", "fn f(ceremony_log: &Path) { g(ceremony_log) }"),
            [""; 0]
        );
    }

    #[test]
    fn the_edge_sees_nothing_inside_hsm() {
        assert_eq!(imports_of("src/cli/run.rs", "use crate::hsm::{Quirks, Wired};"), [""; 0]);
        assert_eq!(imports_of("src/cli/run.rs", "use crate::hsm::{self, raw::f, Quirks};").len(), 1);
        assert_eq!(imports_of("src/tui/run.rs", "use crate::hsm::Quirks;").len(), 1);
        assert_eq!(
            imports_of("src/main.rs", "use rootrite::cli; fn main() { rootrite::cli::main() }"),
            [""; 0]
        );
        assert_eq!(imports_of("src/main.rs", "fn main() { rootrite::conduct::run() }").len(), 1);
    }

    #[test]
    fn unsafe_code_elsewhere_is_found() {
        let source = "//! unsafe\nfn f() {\n    unsafe { g() }\n}\n#[expect(unsafe_code)] fn h() {}\nconst S: &str = \"unsafe\";";
        let lines = unsafe_code("src/hsm/mod.rs", source);
        assert_eq!(lines.len(), 2);
        assert!(
            lines
                .iter()
                .zip(["src/hsm/mod.rs:3:", "src/hsm/mod.rs:5:"])
                .all(|(line, start)| line.starts_with(start))
        );
        assert_eq!(unsafe_code(UNSAFE_FILE, source), [""; 0]);
    }

    #[test]
    fn printing_elsewhere_is_found() {
        let source = "fn f() {\n    println!(\"a\");\n    write(std::io::stderr());\n}";
        assert_eq!(printing("src/record/mod.rs", source).len(), 2);
        assert_eq!(printing("crates/ceremony-log/src/lib.rs", source).len(), 2);
        assert_eq!(printing("src/cli/verify.rs", source), [""; 0]);
        assert_eq!(
            printing("src/record/mod.rs", "#[cfg(test)] mod tests { fn f() { println!() } }"),
            [""; 0]
        );
    }

    #[test]
    fn a_place_of_this_machine_is_found_outside_tests() {
        let line = format!("see {}/work/{}", "", "x");
        assert_eq!(outside("docs/guide.md", &format!("one\n{line}\n")), [format!("docs/guide.md:2: {line}")]);
        assert_eq!(outside("tests/golden.rs", &line), [""; 0]);
        assert_eq!(outside("docs/guide.md", "the work of a day"), [""; 0]);
    }
}
