//! Sheets: a share on paper, by the site's printer, and no trace of it anywhere else.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::program::{Ended, run};
use crate::common::tool;

/// Vector 20 of SLIP-39.
const SHARE: &str = "theory painting academic academic armed sweater year military elder discuss acne wildlife boring \
    employer fused large satoshi bundle carbon diagnose anatomy hamster leaves tracks paces beyond phantom capital marvel \
    lips brave detect luck";

/// Runs `rootrite print` in a folder with a site that names a printer, and shares on descriptor 3.
fn print(folder: &Path, printer: &str, arguments: &str, shares: &str) -> Ended {
    let site = format!(
        "rootrite-site: 1\ntokens:\n  root: {{module: /m.so, label: root, serial: \"1\", class: software, login: none}}\nprinter: {printer}\n"
    );
    fs::write(folder.join("site.yaml"), site).unwrap();
    let shares_at = folder.join("shares");
    fs::write(&shares_at, shares).unwrap();
    let line = format!("exec {} print {arguments} 3<shares", env!("CARGO_BIN_EXE_rootrite"));
    let ended = run(Command::new("sh").current_dir(folder).args(["-c", &line]), b"");
    fs::remove_file(shares_at).unwrap();
    ended
}

/// A printer that is a file, as only a test may have one.
fn paper(folder: &Path, form: &str) -> String {
    format!("{{command: [sh, -c, \"cat > {}/paper\"], form: {form}}}", folder.display())
}

/// The sample has a published share on it: no secret.
#[test]
fn the_sample_of_a_sheet_is_what_a_printer_gets() {
    let folder = tempfile::tempdir().unwrap();
    let arguments =
        "sheets --site site.yaml --holder h1 --of 'the backup of the key root-x1' --salt 00ff --fd 3";
    drop(print(folder.path(), &paper(folder.path(), "pdf"), arguments, SHARE).with(0));
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/samples/sheet.pdf");
    let (printed, kept) = (fs::read(folder.path().join("paper")).unwrap(), fs::read(sample).unwrap());
    assert!(printed == kept, "docs/samples/sheet.pdf is stale; scripts/samples --printed makes it anew");
}

#[test]
fn a_sheet_as_others_read_it_is_the_share() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let arguments =
        "sheets --site site.yaml --holder h1 --of 'the backup of the key root-x1' --salt 00ff --fd 3";
    for size in ["a4", "letter"] {
        let printer = format!("{}, paper: {size}}}", paper(folder, "pdf").trim_end_matches('}'));
        let ended = print(folder, &printer, arguments, SHARE).with(0);
        assert_eq!(ended.out, "The sheet for `h1` was sent: set 71f4, share 1.\n");
        let Some(checked) = tool("qpdf", folder, ["--check", "paper"]) else { return };
        assert!(checked.with(0).out.contains("No syntax or stream encoding errors"));
        let Some(read) = tool("pdftotext", folder, ["-layout", "paper", "-"]) else { return };
        let read = read.with(0).out;
        for (number, word) in (1..).zip(SHARE.split_whitespace()) {
            let number: usize = number;
            let words: Vec<&str> = read.split_whitespace().collect();
            let pair = [number.to_string(), word.to_owned()];
            assert!(words.windows(2).any(|two| two == pair), "{number} {word}: {read}");
        }
        assert!(read.contains("71f4") && read.contains("00ff") && read.contains("SLIP-0039"), "{read}");
        assert_eq!(read.matches('\u{c}').count(), 1, "one page");
        let drawn = tool("pdftoppm", folder, ["-r", "200", "-png", "-singlefile", "paper", "page"]);
        let Some(drawn) = drawn else { return };
        drop(drawn.with(0));
        let Some(scanned) = tool("zbarimg", folder, ["--raw", "-q", "page.png"]) else { return };
        let scanned = scanned.with(0).out;
        let words: Vec<String> = scanned.split_whitespace().map(str::to_lowercase).collect();
        assert_eq!(words, SHARE.split_whitespace().collect::<Vec<_>>());
    }
}

/// The longest text form of a PIN that is dealt, and what a scanner that stands in for the keyboard types of it.
#[test]
fn the_symbol_of_a_sheet_of_the_text_form_is_read_back_as_the_share() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let secret = rootrite::secret::SecretOctets::read(b"31-64-7 left, then right").unwrap();
    let scheme = rootrite::share::Scheme::single(2, 3).unwrap();
    let dealt = rootrite::share::deal_any(&secret, &scheme, &mut rootrite::share::SystemRandom).unwrap();
    let share = dealt[0][1].written().expose(|octets| String::from_utf8(octets.to_vec()).unwrap());
    assert!(share.starts_with("RR1 "), "{share}");
    let arguments = "sheets --site site.yaml --holder h2 --of 'the secret safe' --salt 00ff --fd 3";
    drop(print(folder, &paper(folder, "pdf"), arguments, &share).with(0));
    let Some(read) = tool("pdftotext", folder, ["-layout", "paper", "-"]) else { return };
    let read = read.with(0).out;
    for group in share.split(' ').skip(1) {
        assert!(read.split_whitespace().any(|word| word == group), "{group}: {read}");
    }
    let drawn = tool("pdftoppm", folder, ["-r", "200", "-png", "-singlefile", "paper", "page"]);
    let Some(drawn) = drawn else { return };
    drop(drawn.with(0));
    let Some(scanned) = tool("zbarimg", folder, ["--raw", "-q", "page.png"]) else { return };
    let scanned = scanned.with(0).out;
    assert_eq!(scanned.trim(), share);
    fs::write(folder.join("scanned"), &scanned).unwrap();
    let line = format!("exec {} share check --fd 3 3<scanned", env!("CARGO_BIN_EXE_rootrite"));
    let checked = run(Command::new("sh").current_dir(folder).args(["-c", &line]), b"").with(0);
    assert!(checked.out.contains("number 2 of its group, 2 needed"), "{}", checked.out);
}

#[test]
fn a_printer_that_takes_text_gets_every_word_and_nothing_that_steers_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let arguments = "sheets --site site.yaml --holder h1 --of 'the backup of the key root-x1' --fd 3";
    drop(print(folder, &paper(folder, "text"), arguments, SHARE).with(0));
    let printed = fs::read(folder.join("paper")).unwrap();
    let steers = |octet: &u8| !(b' '..=b'~').contains(octet) && ![b'\r', b'\n', 0x0c].contains(octet);
    assert!(!printed.iter().any(steers));
    let text = String::from_utf8(printed).unwrap();
    for (number, word) in (1..).zip(SHARE.split_whitespace()) {
        let number: usize = number;
        assert!(text.contains(&format!("{number:>4}  {word}")), "{text}");
    }
}

#[test]
fn a_sheet_of_a_group_that_is_printed_anew_says_which_group_it_is_of() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let group = |threshold, count| rootrite::share::Group::new(threshold, count).unwrap();
    let scheme = rootrite::share::Scheme::groups(2, vec![group(2, 3), group(1, 1), group(3, 4)]).unwrap();
    let secret = rootrite::secret::SecretOctets::read(&[7; 32]).unwrap();
    let none = rootrite::share::Passphrase::none();
    let dealt = rootrite::share::deal(&secret, &scheme, &none, &mut rootrite::share::SystemRandom).unwrap();
    let share = dealt[2][3].written().expose(|octets| String::from_utf8(octets.to_vec()).unwrap());
    let arguments = "sheets --site site.yaml --holder h8 --of 'the backup of the key root-x1' --fd 3";
    let ended = print(folder, &paper(folder, "text"), arguments, &share).with(0);
    let set = dealt[2][3].set();
    assert_eq!(ended.out, format!("The sheet for `h8` was sent: set {set}, group 3, share 4 of it.\n"));
    let text = fs::read_to_string(folder.join("paper")).unwrap();
    let text: Vec<&str> = text.split_whitespace().collect();
    let text = text.join(" ");
    for wanted in ["group: 3 of 3, 2 needed ", "share of the group: 4, 3 needed "] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
}

#[test]
fn what_would_keep_a_sheet_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let kept = folder.join("lp0");
    fs::write(&kept, "").unwrap();
    let arguments = "sheets --site site.yaml --holder h1 --of x --fd 3";
    let ended = print(folder, &format!("{{device: {}}}", kept.display()), arguments, SHARE).with(4);
    assert!(ended.error.contains("is no character device"), "{}", ended.error);
    assert_eq!(fs::read(&kept).unwrap(), b"");
    drop(print(folder, "{device: /dev/null}", arguments, SHARE).with(0));
    let ended = print(folder, "none", arguments, SHARE).with(2);
    assert!(ended.error.contains("names no printer"), "{}", ended.error);
    for wrong in [
        "{device: lp0}",
        "{}",
        "{command: []}",
        "{device: /dev/null, command: [lp]}",
        "lp",
        "{device: /dev/null, form: ps}",
    ] {
        let ended = print(folder, wrong, arguments, SHARE).with(2);
        assert!(ended.error.contains("site.yaml:4:"), "{wrong}: {}", ended.error);
    }
}

#[test]
fn nothing_of_a_share_is_said_or_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let printer = "{command: [sh, -c, 'cat > /dev/null'], form: pdf}";
    let arguments = "sheets --site site.yaml --holder h1 --of x --fd 3";
    let wrong = SHARE.replace("bundle", "decorate");
    let good = print(folder, printer, arguments, SHARE).with(0);
    let bad = print(folder, printer, arguments, &wrong).with(3);
    assert!(bad.error.contains("word 18 is wrong"), "{}", bad.error);
    for word in SHARE.split_whitespace().filter(|word| word.len() > 5) {
        assert!(!good.both().contains(word) && !bad.both().contains(word), "{word}");
    }
    let left: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["site.yaml"], "{left:?}");
}

#[test]
fn a_test_page_holds_no_share() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for form in ["text", "pdf"] {
        let ended = print(folder, &paper(folder, form), "test-page --site site.yaml", "").with(0);
        assert!(ended.out.contains("The test page was sent"));
    }
    let Some(read) = tool("pdftotext", folder, ["-layout", "paper", "-"]) else { return };
    let read = read.with(0).out;
    assert!(read.contains("this is a test page") && read.contains("PRACTICE"), "{read}");
}
