//! Paper: what is printed is what was planned and what happened, in text and in PDF, and programs that we did not write read the same.

use std::path::Path;

use rootrite::paper::{COLUMNS, PRACTICE};

use crate::common::{rootrite, tool};
use crate::table::Table;

/// The text of a PDF as `pdftotext` reads it, without what parts its lines.
fn read_back(folder: &Path, file: &str) -> Option<String> {
    Some(tool("pdftotext", folder, ["-layout", file, "-"])?.with(0).out)
}

/// Without blank space: how lines are parted is the page's business.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

/// A file's octets.
fn octets(table: &Table, name: &str) -> Vec<u8> {
    std::fs::read(table.path(name)).unwrap()
}

/// A plan of the ceremony of the quick start, as JSON.
fn planned(table: &Table) -> serde_json::Value {
    drop(table.run("plan script.yaml -o plan.json").with(0));
    serde_json::from_slice(&octets(table, "plan.json")).unwrap()
}

#[test]
fn the_printed_script_has_every_value_of_the_plan() {
    let table = Table::without_tokens();
    let plan = planned(&table);
    let sha256 = crate::common::sha256(&octets(&table, "plan.json"));
    let text = table.run("print script script.yaml").with(0).out;
    assert!(text.contains(&sha256) && !text.contains(PRACTICE));
    let squeezed = squeezed(&text);
    let mut values = 0;
    for draft in plan["drafts"].as_array().unwrap() {
        for field in draft["fields"].as_array().unwrap() {
            let value: String = field["value"].as_str().unwrap().split_whitespace().collect();
            assert!(squeezed.contains(&value), "{field}");
            values += 1;
        }
    }
    assert!(values > 40, "{values}");
    for part in [
        "1 Roles and responsibilities",
        "2 Approval of the ceremony",
        "3 Hardware and activation materials",
        "4 The room",
        "5 Steps",
        "6 Storage after the ceremony",
        "7 Exceptions",
        "8 Sign-off",
    ] {
        assert!(text.contains(&format!("\n{part}\n")), "{part}");
    }
    // What is drawn in blocks is one column a letter.
    assert!(text.lines().all(|line| line.chars().count() <= COLUMNS));
}

#[test]
fn a_pdf_says_what_the_text_says_as_others_read_it() {
    let table = Table::without_tokens();
    let plan = planned(&table);
    let sha256 = crate::common::sha256(&octets(&table, "plan.json"));
    for paper in ["a4", "letter"] {
        drop(
            table.run(&format!("print script script.yaml --practice --paper {paper} -o {paper}.pdf")).with(0),
        );
        let file = format!("{paper}.pdf");
        let Some(checked) = tool("qpdf", &table.path(""), ["--check", &file]) else { return };
        assert!(checked.with(0).out.contains("No syntax or stream encoding errors"));
        let Some(read) = read_back(&table.path(""), &file) else { return };
        let read = squeezed(&read);
        assert!(read.contains(&sha256) && read.contains(&squeezed(PRACTICE)));
        for draft in plan["drafts"].as_array().unwrap() {
            for field in draft["fields"].as_array().unwrap() {
                // A value of several lines has its neighbour's between them; what fits in one is whole.
                let value: String = field["value"].as_str().unwrap().split_whitespace().collect();
                assert!(value.len() > 60 || read.contains(&value), "{paper}: {field}");
            }
        }
    }
    let Some(fonts) = tool("pdffonts", &table.path(""), ["a4.pdf"]) else { return };
    let fonts = fonts.with(0).out;
    let embedded = fonts.lines().skip(2).filter(|line| line.contains("yes yes yes")).count();
    assert_eq!(embedded, 3, "embedded, in part, with their letters:\n{fonts}");
    let Some(a4) = tool("pdfinfo", &table.path(""), ["a4.pdf"]) else { return };
    assert!(a4.with(0).out.contains("595.276 x 841.89 pts (A4)"));
}

#[test]
fn names_in_the_cells_of_a_pdf_stand_without_back_ticks() {
    let table = Table::without_tokens();
    drop(table.run("print checklist script.yaml -o list.pdf").with(0));
    let Some(read) = read_back(&table.path(""), "list.pdf") else { return };
    let read = squeezed(&read);
    assert!(read.contains("SigntherootCAcertificateroot-x1withitsownkeyroot-x1."), "{read}");
    assert!(!read.contains('`'), "{read}");
}

#[test]
fn a_scanner_reads_the_digest_of_the_plan() {
    let table = Table::without_tokens();
    planned(&table);
    let sha256 = crate::common::sha256(&octets(&table, "plan.json"));
    drop(table.run("print script script.yaml -o script.pdf").with(0));
    let drawn = tool(
        "pdftoppm",
        &table.path(""),
        ["-r", "150", "-png", "-f", "1", "-l", "1", "-singlefile", "script.pdf", "page"],
    );
    let Some(drawn) = drawn else { return };
    drop(drawn.with(0));
    let Some(read) = tool("zbarimg", &table.path(""), ["--raw", "-q", "page.png"]) else { return };
    assert_eq!(read.with(0).out.trim().to_lowercase(), sha256);
}

#[test]
fn equal_input_gives_equal_octets_and_other_input_others() {
    let table = Table::without_tokens();
    for (kind, options, file) in [
        ("script", "", "one.pdf"),
        ("script", "", "two.pdf"),
        ("script", " --practice", "practice.pdf"),
        ("script", " --paper letter", "letter.pdf"),
        ("checklist", "", "list.pdf"),
        ("checklist", "", "list-again.pdf"),
    ] {
        drop(table.run(&format!("print {kind} script.yaml -o {file}{options}")).with(0));
    }
    assert_eq!(octets(&table, "one.pdf"), octets(&table, "two.pdf"));
    assert_eq!(octets(&table, "list.pdf"), octets(&table, "list-again.pdf"));
    for other in ["practice.pdf", "letter.pdf", "list.pdf"] {
        assert_ne!(octets(&table, "one.pdf"), octets(&table, other));
    }
    // What exists is never replaced.
    let ended = table.run("print script script.yaml -o one.pdf").with(2);
    assert!(ended.error.contains("one.pdf"), "{}", ended.error);
}

#[test]
fn a_template_shapes_pages_and_alters_no_value() {
    let table = Table::without_tokens();
    let built_in = include_str!("../../templates/paper/script.md");
    table.write("shaped.md", built_in.replace("# Ceremony script", "# Our ceremony\n\nKept for 20 years."));
    let text = table.run("print script script.yaml --template shaped.md").with(0).out;
    assert!(text.contains("Our ceremony\n============") && text.contains("Kept for 20 years."));
    let another = crate::common::sha256(b"another plan");
    for (source, wanted) in [
        (built_in.replace("{{ identity }}", ""), "leaves out `identity`"),
        (
            built_in.replace("{{ identity }}", &format!("plan SHA-256: {another}")),
            "could be taken for a value",
        ),
        (
            built_in.replace("{{ steps }}", "{{ steps|replace('steps', 'none') }}"),
            "changes what it was to place",
        ),
        (built_in.replace("{{ steps }}", "{{ steps|upper }}"), "changes what it was to place"),
        (built_in.replace("{{ sign_off }}", "{{ signoff }}"), "cannot be used"),
    ] {
        table.write("wrong.md", &source);
        let ended = table.run("print script script.yaml --template wrong.md").with(2);
        assert!(ended.error.contains(wanted), "{}", ended.error);
        assert_eq!(ended.out, "");
    }
}

#[test]
fn a_checklist_has_a_line_for_each_step() {
    let table = Table::without_tokens();
    let plan = planned(&table);
    let text = rootrite(&table.path(""), ["print", "checklist", "script.yaml", "--practice"]).with(0).out;
    assert!(text.starts_with(PRACTICE));
    for act in plan["acts"].as_array().unwrap() {
        for step in act["steps"].as_array().unwrap() {
            let number = step["step"].as_str().unwrap();
            assert!(
                text.lines().any(|line| line.starts_with(&format!("{number} ")) && line.contains("___")),
                "{number}"
            );
        }
    }
}

/// A file of the samples.
fn sample(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/samples").join(name)
}

/// A copy of the recorded log that a test may spoil.
fn recorded(table: &Table) {
    std::fs::create_dir(table.path("recorded")).unwrap();
    for name in ["log.jsonl", "checkpoint", "policy", "plan.json"] {
        std::fs::copy(sample("recorded").join(name), table.path("recorded").join(name)).unwrap();
    }
}

#[test]
fn the_samples_are_what_the_program_prints() {
    let table = Table::without_tokens();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = repository.join("ceremonies/root-and-subordinates.yaml").display().to_string();
    let log = sample("recorded").display().to_string();
    let plan = format!("--plan {log}/plan.json");
    drop(table.run(&format!("plan {script} -o plan.json")).with(0));
    let anew = "scripts/samples makes them anew";
    assert!(
        octets(&table, "plan.json") == std::fs::read(sample("recorded/plan.json")).unwrap(),
        "the ceremony has changed; {anew}"
    );
    for (name, command) in [
        ("script", format!("print script {script} --practice")),
        ("checklist", format!("print checklist {script} --practice")),
        ("report", format!("print report {log} {plan}")),
        ("auditor-pack", format!("print auditor-pack {log}")),
    ] {
        for ending in ["pdf", "txt"] {
            let file = format!("{name}.{ending}");
            drop(table.run(&format!("{command} -o {file}")).with(0));
            assert!(
                octets(&table, &file) == std::fs::read(sample(&file)).unwrap(),
                "docs/samples/{file} is stale; {anew}"
            );
        }
    }
}

/// How a page becomes a picture differs from one program to the next: compared is what it was made of.
#[test]
fn the_pictures_of_pages_are_of_the_pages_as_they_are() {
    let list = std::fs::read_to_string(sample("pages/drawn-from.txt")).unwrap();
    let mut listed = std::collections::BTreeSet::new();
    for line in list.lines() {
        let (sha256, rest) = line.split_once("  ").unwrap();
        let (picture, of) = rest.split_once(" is page ").unwrap();
        let (_, pdf) = of.split_once(" of ").unwrap();
        let now = crate::common::sha256(&std::fs::read(sample(pdf)).unwrap());
        assert_eq!(sha256, now, "{picture} is stale; scripts/samples --printed draws it anew");
        assert!(std::fs::read(sample("pages").join(picture)).unwrap().starts_with(b"\x89PNG"), "{picture}");
        listed.insert(picture.to_owned());
    }
    let there = std::fs::read_dir(sample("pages")).unwrap();
    let there = there.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let pictures: std::collections::BTreeSet<String> =
        there.filter(|name| Path::new(name).extension() == Some("png".as_ref())).collect();
    assert_eq!(pictures, listed);
    let guides = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide");
    let guides: String = std::fs::read_dir(guides)
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    for picture in &pictures {
        assert!(guides.contains(&format!("(../samples/pages/{picture})")), "no guide shows {picture}");
    }
}

#[test]
fn the_report_has_every_step_with_who_when_and_what() {
    let table = Table::without_tokens();
    recorded(&table);
    let text = table.run("print report recorded --plan recorded/plan.json").with(0).out;
    let whole = squeezed(&text);
    let log = std::fs::read_to_string(table.path("recorded/log.jsonl")).unwrap();
    let records: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut steps = 0;
    for begin in records.iter().filter(|record| record["ev"] == "step.begin") {
        let (step, at) = (begin["step"].as_str().unwrap(), begin["at"].as_str().unwrap());
        let name = begin["data"]["name"].as_str().unwrap();
        let (_, page) =
            text.split_once(&format!("\n{step} {name}\n")).unwrap_or_else(|| panic!("step {step}"));
        let blanks: String = page.lines().skip(1).take_while(|line| !line.contains("  event ")).collect();
        assert!(blanks.contains(at) || page.contains(at), "step {step}");
        steps += 1;
    }
    assert!(steps > 20, "{steps}");
    for signed in
        records.iter().filter(|record| record["ev"] == "cert.signed" || record["ev"] == "request.approved")
    {
        assert!(text.lines().any(|line| line.starts_with(&format!("{} ", signed["seq"]))), "{signed}");
    }
    // Exceptions and the head.
    let (_, exceptions) = text.split_once("\n7 Exceptions\n").unwrap();
    assert!(exceptions.contains("step.deviation"));
    let head = rootrite(&table.path(""), ["log", "head", "recorded"]).with(0).out;
    let root = head.lines().find_map(|line| line.strip_prefix("root")).unwrap().trim();
    assert!(exceptions.contains(root), "{head}");
    assert!(whole.contains("whoacted") && whole.contains("begun(UTC)"));
}

#[test]
fn the_report_says_what_the_ceremony_was_held_with_and_what_each_check_found() {
    let table = Table::without_tokens();
    recorded(&table);
    let text = table.run("print report recorded --plan recorded/plan.json").with(0).out;
    let log = std::fs::read_to_string(table.path("recorded/log.jsonl")).unwrap();
    let records: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |event: &'static str| records.iter().filter(move |record| record["ev"] == event);
    let (_, materials) = text.split_once("\nMachine and software\n").unwrap();
    let (materials, rest) = materials.split_once("\nMedia\n").unwrap();
    let held = of("session.start").next().unwrap();
    let mut digests = vec![&held["data"]["tool_sha256"], &held["data"]["site_sha256"]];
    digests.extend(held["data"]["modules"].as_array().unwrap().iter().map(|module| &module["sha256"]));
    assert!(digests.len() > 2, "no module: {held}");
    for digest in digests {
        assert!(materials.contains(digest.as_str().unwrap()), "{digest}:\n{materials}");
    }
    let (_, room) = rest.split_once("\nWhat the machine looked like\n").unwrap();
    let (room, _) = room.split_once("\n5 Steps\n").unwrap();
    let room = squeezed(room);
    let mut checks = 0;
    for check in of("preflight.result").flat_map(|record| record["data"]["checks"].as_array().unwrap()) {
        let row = ["id", "outcome", "detail"].map(|name| squeezed(check[name].as_str().unwrap()));
        assert!(room.contains(&row.concat()) || row.iter().all(|part| room.contains(part)), "{check}");
        checks += 1;
    }
    assert!(checks > 20, "{checks}");
    for signed in ["independent of its management", "but for the exceptions of part 7"] {
        assert!(squeezed(&text).contains(&squeezed(signed)), "{signed}");
    }
}

/// ETSI EN 319 411-1 §6.5.1: roles, what each does and when, responsibilities afterwards, evidence. WebTrust 4.1: hardware and
/// software, materials, storage.
#[test]
fn the_printed_script_has_a_line_for_everything_that_is_on_the_table() {
    let table = Table::without_tokens();
    let script =
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("ceremonies/root-and-subordinates.yaml"));
    table.write("script.yaml", script.unwrap());
    let text = squeezed(&table.run("print script script.yaml").with(0).out);
    let mut wanted: Vec<String> =
        ["ceremony machine", "start medium", "this program, rootrite", "video recordings"]
            .map(str::to_owned)
            .into();
    for token in ["root", "backup", "issuing", "log", "log-b"] {
        wanted.extend([format!("module of token {token}"), format!("token {token}")]);
    }
    for key in ["root-x1", "root-x2"] {
        wanted.extend((1..=2).map(|copy| format!("medium {key}-backup, copy {copy}")));
        wanted.extend((1..=5).map(|holder| format!("share of {key}, h{holder}")));
    }
    wanted.extend(
        ["afterwards keeps the bag", "The evidence of this ceremony is", "bag number"].map(str::to_owned),
    );
    for wanted in wanted {
        assert!(text.contains(&squeezed(&wanted)), "{wanted}");
    }
}

#[test]
fn nothing_is_printed_from_a_log_that_does_not_verify_or_under_another_plan() {
    let table = Table::without_tokens();
    recorded(&table);
    let path = table.path("recorded/log.jsonl");
    let log = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, log.replacen("\"person\":\"cy\"", "\"person\":\"bo\"", 1)).unwrap();
    for command in ["print report recorded --plan recorded/plan.json", "print auditor-pack recorded"] {
        let ended = table.run(command).with(5);
        assert!(ended.out.is_empty() && ended.error.contains('E'), "{}", ended.both());
    }
    std::fs::write(&path, log).unwrap();
    let plan = table.path("recorded/plan.json");
    let said = std::fs::read_to_string(&plan).unwrap();
    std::fs::write(&plan, said.replacen("3650 days", "3651 days", 1)).unwrap();
    let ended = table.run("print report recorded --plan recorded/plan.json").with(5);
    assert!(ended.error.contains("the ceremony was opened under"), "{}", ended.error);
    // A bundle has no plan.
    let ended = table.run("print report recorded").with(2);
    assert!(ended.error.contains("--plan"), "{}", ended.error);
    let ended = table.run("print auditor-pack recorded --ceremony another").with(2);
    assert!(ended.error.contains("no ceremony `another`"), "{}", ended.error);
}

#[test]
fn the_auditors_pack_names_every_criterion_and_every_key() {
    let table = Table::without_tokens();
    recorded(&table);
    let text = table.run("print auditor-pack recorded").with(0).out;
    for criterion in (1..=11)
        .map(|number| format!("WebTrust 4.{number}"))
        .chain(["BR 5.4.1 (1.1)".into(), "BR 6.1.1.1 (witness)".into()])
    {
        assert!(text.contains(&format!("\n{criterion}\n")), "{criterion}");
    }
    let log = std::fs::read_to_string(table.path("recorded/log.jsonl")).unwrap();
    let mut keys = 0;
    for line in log.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        if record["ev"] == "key.generated" {
            assert!(text.contains(record["data"]["spki_sha256"].as_str().unwrap()), "{record}");
            keys += 1;
        }
        // Part 6 has every record.
        assert!(
            text.lines().any(|line| line.starts_with(&format!("{} ", record["seq"]))) || record["cer"] == "-",
            "{record}"
        );
    }
    assert!(keys > 4, "{keys}");
}
