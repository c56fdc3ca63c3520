//! What is wrong with a site, a module or a token: it is found before any folder is made, and nothing happens.

use std::fs;

use crate::common::SoftHsm;
use crate::table::{OFFICER, Table, USER};

const RUN: &str = "run script.yaml --site site.yaml --log log --out out --practice --plain";
const PRODUCTION: &str = "run script.yaml --site site.yaml --log log --out out --plain";

/// What stands in the good site (the serial number of `root`, where it says so), what stands there instead, and what is
/// said first of all.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "rootrite-site: 1\n",
        "",
        "site.yaml:1:1: `rootrite-site: 1` is missing; wanted it as the first key\n  1 | tokens:\n    | ^\n",
    ),
    (
        "  root:\n",
        "  rot:\n",
        "site.yaml:1:1: the script's token `root` is missing under `tokens`\n  1 | rootrite-site: 1\n    | ^\n\
         error: site.yaml:3:3: the script has no token `rot`; it has `log`, `root`\n  3 |   rot:\n    |   ^\n",
    ),
    (
        SERIAL,
        "",
        "site.yaml:4:5: `serial` is missing: a token is found by label and serial; `initialize: true` instead for a blank \
         one\n  4 |     module: /usr/lib/softhsm/libsofthsm2.so\n    |     ^\n",
    ),
    (
        SERIAL,
        "    initialize: true\n",
        "site.yaml:6:12: token `root` is blank here, and the script has no `initialize-token` for it\n  6 |     label: root\n    \
         |            ^\n",
    ),
    (
        "    pin: prompt\n",
        "    pin: 123456\n",
        "site.yaml:10:10: found `123456`, wanted `prompt`, `two-halves`, `shares` or `{fd: 3}`; a PIN itself never stands in a file\n  \
         10 |     pin: 123456\n     |          ^\n",
    ),
    (
        "    pin: prompt\n",
        "    pin: {fd: 2}\n",
        "site.yaml:10:15: a file descriptor for a PIN is 3 or higher\n  10 |     pin: {fd: 2}\n     |               ^\n",
    ),
    (
        "{SOFTHSM2_CONF:",
        "{LD_PRELOAD: x, SOFTHSM2_CONF:",
        "site.yaml:5:19: `LD_PRELOAD` is not a variable that a module's process gets\n",
    ),
    (
        "    class: software\n",
        "    class: soft\n",
        "site.yaml:8:12: there is no word `soft`; the words here are `hardware`, `software`\n  8 |     class: soft\n    |            ^\n",
    ),
    (
        "preflight: {",
        "colour: red\npreflight: {",
        "site.yaml:19:1: there is no key `colour`; the keys here are `rootrite-site`, `tokens`, `outputs`, `printer`, `encryptors`, `media`, \
         `preflight`\n  19 | colour: red\n     | ^\n",
    ),
];
const SERIAL: &str = "the line with the serial number";

#[test]
fn a_mistake_in_a_site_is_said_and_nothing_happens() {
    let table = Table::new().now();
    let good = table.read("site.yaml");
    let serials = table.serials();
    let serial = format!("    serial: \"{}\"\n", serials["root"]);
    for (old, new, said) in MISTAKES {
        let old = if *old == SERIAL { &serial } else { *old };
        assert!(good.contains(old), "{old}");
        table.write("site.yaml", good.replacen(old, new, 1));
        for command in ["check script.yaml --site site.yaml --practice", RUN] {
            let ended = table.run_and_change_nothing(command);
            assert!(ended.error.starts_with(&format!("error: {said}")), "{command} says\n{}", ended.error);
            assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{command}");
        }
    }
}

#[test]
fn software_is_refused_where_hardware_is_demanded() {
    let table = Table::new().now();
    table.change("script.yaml", "root: {class: any}", "root: {class: hardware, pin: two-people}");
    let refused = "\
error: site.yaml:8:12: token `root` is of class `software`; the script demands `hardware`
  8 |     class: software
    |            ^
error: site.yaml:10:10: token `root`: the script demands that two people bring the PIN; wanted `pin: two-halves` or `pin: shares`
  10 |     pin: prompt
     |          ^
";
    for command in ["check script.yaml --site site.yaml", PRODUCTION] {
        let ended = table.run_and_change_nothing(command).with(2);
        assert!(ended.error == refused, "{command} says\n{}", ended.error);
    }
    let _ = table.run_and_change_nothing("check script.yaml --site site.yaml --practice").with(0);
}

#[test]
fn a_pin_is_brought_as_the_script_demands_or_nothing_begins() {
    let table = Table::new().now();
    table.change("script.yaml", "root: {class: any}", "root: {class: any, pin: two-people}");
    let site = table.read("site.yaml");
    let refused = |login: &str, said: &str| {
        table.write("site.yaml", site.replacen("    login: pin\n    pin: prompt\n", login, 1));
        for command in ["check script.yaml --site site.yaml", PRODUCTION] {
            let ended = table.run_and_change_nothing(command).with(2);
            assert!(ended.error.contains(said), "{command} says\n{}", ended.error);
        }
        let _ = table.run_and_change_nothing("check script.yaml --site site.yaml --practice").with(0);
    };
    refused("    login: pin\n    pin: prompt\n", "wanted `pin: two-halves`");
    refused("    login: none\n", "this one asks for no login");
    for login in
        ["    login: pin\n    pin: two-halves\n", "    login: protected-path\n", "    login: external\n"]
    {
        table.write("site.yaml", site.replacen("    login: pin\n    pin: prompt\n", login, 1));
        let _ = table.run_and_change_nothing("check script.yaml --site site.yaml").with(0);
    }
}

#[test]
fn tokens_that_share_a_process_say_the_same_of_it() {
    let table = Table::new().now();
    let site = table.read("site.yaml");
    let other = "    class: software\n    network: unix\n";
    table.write("site.yaml", site.replacen("    class: software\n", other, 1));
    let ended = table.run_and_change_nothing("check script.yaml --site site.yaml --practice").with(2);
    let said = "tokens `root` and `log` share their module's process; wanted the same `network` and `reserved` for both";
    assert!(ended.error.contains(said), "{}", ended.error);
}

const SOFTWARE_ROOT: &str = "token `root` is software; policy `public-tls` takes hardware only";

#[test]
fn public_tls_takes_no_software_outside_practice() {
    let table = Table::new().now();
    table.change("script.yaml", "policy: private", "policy: public-tls");
    table.change("script.yaml", "quorum: {crypto-officer: 1", "quorum: {crypto-officer: 2");
    let refused = "\
error: site.yaml:8:12: token `root` is software; policy `public-tls` takes hardware only
  8 |     class: software
    |            ^
error: site.yaml:16:12: token `log` is software; policy `public-tls` takes hardware only
  16 |     class: software
     |            ^
";
    for command in ["check script.yaml --site site.yaml", PRODUCTION] {
        let ended = table.run_and_change_nothing(command).with(2);
        assert!(ended.error == refused, "{command} says\n{}", ended.error);
    }
    let _ = table.run_and_change_nothing("check script.yaml --site site.yaml --practice").with(0);
    // Where the script demands hardware besides, it is one mistake all the same.
    let script = table.read("script.yaml");
    table.change("script.yaml", "root: {class: any}", "root: {class: hardware}");
    let ended = table.run_and_change_nothing("check script.yaml --site site.yaml").with(2);
    let said = "token `root` is of class `software`; the script demands `hardware`";
    assert_eq!(ended.error, refused.replace(SOFTWARE_ROOT, said));
    table.write("script.yaml", &script);
    // Hardware is taken; what says that it is and is SoftHSM is not.
    table.write("site.yaml", table.read("site.yaml").replace("class: software", "class: hardware"));
    let _ = table.run_and_change_nothing("check script.yaml --site site.yaml").with(0);
    let ended = table.run_and_change_nothing(PRODUCTION).with(2);
    assert!(
        ended.error.contains("which is software; the site file says `class: hardware`"),
        "{}",
        ended.error
    );
}

#[test]
fn a_blank_token_that_says_it_is_software_is_no_hardware() {
    let table = Table::new().now();
    table.change(
        "script.yaml",
        "      - roll-call: {}\n",
        "      - roll-call: {}\n      - initialize-token: {token: root}\n",
    );
    let serial = format!("    serial: \"{}\"\n    class: software", table.serials()["root"]);
    table.change("site.yaml", &serial, "    initialize: true\n    class: hardware");
    table.change("site.yaml", "    label: root\n", "    label: new-root\n");
    for command in [PRODUCTION, "run script.yaml --site site.yaml --log log --out out --plain --practice"] {
        let ended = table.run_and_change_nothing(command).with(2);
        let refused = "token `root` says that its model is `SoftHSM v2`, which is software; the site file says `class: hardware`";
        assert!(ended.error.contains(refused), "{command} says\n{}", ended.error);
    }
}

#[test]
fn a_blank_token_is_looked_for_before_anything_is_made() {
    let table = Table::new().now();
    table.change(
        "script.yaml",
        "      - roll-call: {}\n",
        "      - roll-call: {}\n      - initialize-token: {token: root}\n",
    );
    let serial = format!("    serial: \"{}\"\n", table.serials()["root"]);
    table.change("site.yaml", &serial, "    initialize: true\n    serial: \"0815\"\n");
    table.change("site.yaml", "    label: root\n", "    label: new-root\n");
    let ended = table.run_and_change_nothing(PRODUCTION).with(4);
    assert!(ended.error.contains("a blank token with the serial `0815`"), "says\n{}", ended.error);
    table.change("site.yaml", "    serial: \"0815\"\n", "");
    table.change("site.yaml", "    label: new-root\n", "    label: root\n");
    let ended = table.run_and_change_nothing(PRODUCTION).with(4);
    assert!(ended.error.contains("`root`"), "says\n{}", ended.error);
}

#[test]
fn one_token_does_not_stand_in_for_two_however_the_site_names_it() {
    let table = Table::new().now();
    let serials = table.serials();
    let log = format!("    label: log\n    serial: \"{}\"\n", serials["log"]);
    table.change("site.yaml", &log, "    label: root\n    serial: any\n");
    let ended = table.run_and_change_nothing(PRODUCTION).with(2);
    let refused =
        format!("tokens `log` and `root` are the same device, with the serial `{}`", serials["root"]);
    assert!(ended.error.contains(&refused), "says\n{}", ended.error);
}

#[test]
fn a_production_log_takes_no_answers() {
    let table = Table::new().now();
    table.write("answers.yaml", "rootrite-answers: 1\ndefault: practice\n");
    let ended = table.run_and_change_nothing(&format!("{PRODUCTION} --answers answers.yaml")).with(2);
    assert_eq!(
        ended.error,
        "error: a production log takes no `--answers`: people answer\n  hint: add --practice, or leave --answers out\n"
    );
}

#[test]
fn a_file_that_is_not_there_is_named_with_the_reason() {
    let table = Table::new().now();
    let ended =
        table.run_and_change_nothing("run none.yaml --site nowhere.yaml --log log --out out --plain").with(2);
    assert_eq!(
        ended.error,
        "error: `none.yaml` could not be read\n  because: No such file or directory (os error 2)\n\
         error: `nowhere.yaml` could not be read\n  because: No such file or directory (os error 2)\n"
    );
}

#[test]
fn what_is_no_module_is_refused() {
    let table = Table::new().now();
    let good = table.read("site.yaml");
    let module = SoftHsm::module().display().to_string();
    let text = table.path("script.yaml").display().to_string();
    let library = a_library_of_another_kind();
    for (path, why) in [
        (
            "/nonexistent/module.so",
            "the PKCS#11 module /nonexistent/module.so cannot be read: No such file or directory (os error 2)",
        ),
        ("/tmp", "the PKCS#11 module /tmp cannot be read: Is a directory (os error 21)"),
        (text.as_str(), "invalid ELF header"),
        (library.as_str(), "undefined symbol: C_GetFunctionList"),
    ] {
        table.write("site.yaml", good.replace(&module, path));
        let ended = table.run_and_change_nothing(RUN).with(4);
        let said: Vec<&str> = ended.error.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(said.len(), 2, "one for each token: {}", ended.error);
        assert!(
            said[0].starts_with("error: token `log`: ") && said[1].starts_with("error: token `root`: "),
            "{}",
            ended.error
        );
        assert!(said.iter().all(|line| line.contains(why) && line.contains(path)), "{}", ended.error);
    }
}

#[test]
fn the_digest_of_a_module_holds_for_each_token_that_names_it() {
    let table = Table::new().now();
    let good = table.read("site.yaml");
    for label in ["root", "log"] {
        let wanted = "0".repeat(64);
        let label = format!("    label: {label}\n");
        table.write("site.yaml", good.replace(&label, &format!("{label}    module-sha256: {wanted}\n")));
        let ended = table.run_and_change_nothing(RUN).with(4);
        assert!(ended.error.contains(&format!("; agreed upon is {wanted}")), "{}", ended.error);
    }
}

#[test]
fn a_token_is_found_by_label_serial_and_model() {
    let table = Table::new().now();
    let good = table.read("site.yaml");
    let serials = table.serials();
    let (root, log) = (&serials["root"], &serials["log"]);
    let present = format!(
        "present are: `root` (serial `{root}`, model `SoftHSM v2`), `log` (serial `{log}`, model `SoftHSM v2`), a blank token \
         (serial ``, model `SoftHSM v2`)\n"
    );
    let cases = [
        (
            "    label: root\n".to_owned(),
            "    label: rot\n".to_owned(),
            format!("`rot` (serial `{root}`, model any)"),
        ),
        (
            root.clone(),
            "0000000000000000".to_owned(),
            "`root` (serial `0000000000000000`, model any)".to_owned(),
        ),
        (root.clone(), log.clone(), format!("`root` (serial `{log}`, model any)")),
        (
            "    label: root\n".to_owned(),
            "    label: root\n    model: nShield\n".to_owned(),
            format!("`root` (serial `{root}`, model `nShield`)"),
        ),
    ];
    for (old, new, wanted) in cases {
        table.write("site.yaml", good.replacen(&old, &new, 1));
        let ended = table.run_and_change_nothing(RUN).with(4);
        let said = ended.error.replace(
            &format!(
                "`log` (serial `{log}`, model `SoftHSM v2`), `root` (serial `{root}`, model `SoftHSM v2`)"
            ),
            &format!(
                "`root` (serial `{root}`, model `SoftHSM v2`), `log` (serial `{log}`, model `SoftHSM v2`)"
            ),
        );
        assert!(
            said == format!("error: token `root`: there is no token {wanted}; {present}"),
            "{}",
            ended.error
        );
    }
}

#[test]
fn two_tokens_of_one_label_are_told_apart_by_serial() {
    let hsm = SoftHsm::new().token("root", USER, OFFICER).token("log", USER, OFFICER);
    let table = Table::with(hsm).now();
    table.write("site.yaml", table.site());
    table.hsm.add_token("root", USER, OFFICER);
    let good = table.read("site.yaml");
    let serial = good.lines().find(|line| line.contains("serial: ")).unwrap().to_owned();
    table.write("site.yaml", good.replacen(&serial, "    serial: any", 1));
    let ended = table.run_and_change_nothing(RUN).with(4);
    assert!(ended.error.starts_with("error: token `root`: "), "{}", ended.error);
    assert_eq!(ended.error.matches("`root` (serial `").count(), 2, "both are named: {}", ended.error);
    // With the serial number it is one token, and the first question is asked.
    table.write("site.yaml", good);
    let ended = table.run(RUN).with(3);
    assert!(ended.out.contains("Is this the plan that you reviewed"), "{}", ended.both());
}

#[test]
fn a_label_that_is_taken_is_found_before_anything_is_made() {
    let table = Table::new().now();
    let arguments = format!(
        "--module {} --token-label root --login --pin {USER} --keypairgen --key-type EC:prime256v1 --label root-x1 --id 01",
        SoftHsm::module().display()
    );
    let mut tool = std::process::Command::new("pkcs11-tool");
    tool.args(arguments.split(' ')).envs(table.hsm.environment());
    let made = tool.output().expect("pkcs11-tool is needed: apt-get install opensc");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let before = table.inventory("root");
    let ended = table.run(RUN).with(2);
    assert_eq!(
        ended.error,
        "error: token `root` has an object with the label `root-x1` already; the script generates a key of that name\n"
    );
    assert_eq!(table.inventory("root"), before);
    assert!(!table.path("out").exists() && !table.path("log").exists());
}

/// Of a script with mistakes too: what they leave certain is what the site has to be.
#[test]
fn a_mistake_in_the_script_hides_nothing_of_what_is_wrong_with_the_site() {
    let table = Table::new();
    table.change("script.yaml", "policy: private", "policy: of-browsers");
    table.change("script.yaml", "profile: root-ca", "profile: nothing-like-it");
    table.change("site.yaml", "tokens:\n  root:", "tokens:\n  vault:");
    for command in [
        "check script.yaml --site site.yaml",
        "run script.yaml --site site.yaml --log log --out out --practice --plain",
    ] {
        let ended = table.run_and_change_nothing(command).with(2);
        let said: Vec<&str> = ended.error.lines().filter_map(|line| line.strip_prefix("error: ")).collect();
        let beginnings = [
            "script.yaml:5:9: there is no word `of-browsers`",
            "script.yaml:28:20: there is no profile `nothing-like-it`",
            "site.yaml:1:1: the script's token `root` is missing",
            "site.yaml:3:3: the script has no token `vault`",
        ];
        assert_eq!(said.len(), beginnings.len(), "{command}: {}", ended.error);
        for (said, beginning) in said.iter().zip(beginnings) {
            assert!(said.starts_with(beginning), "{command}: {}", ended.error);
        }
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let table = Table::new();
    fs::create_dir(table.path("out")).unwrap();
    table.write("answers.yaml", "rootrite-answers: 1\ndefault: practice\n");
    table.change("site.yaml", "tokens:\n  root:", "tokens:\n  rot:");
    let ended = table
        .run_and_change_nothing(
            "run script.yaml --site site.yaml --log no/log --out out --answers answers.yaml",
        )
        .with(2);
    let said: Vec<&str> = ended.error.lines().filter_map(|line| line.strip_prefix("error: ")).collect();
    let beginnings = [
        "a production log takes no `--answers`",
        "site.yaml:1:1: the script's token `root` is missing",
        "site.yaml:3:3: the script has no token `rot`",
        "this machine's clock says ",
        "`out` exists; wanted a folder that does not",
        "`no` is not a folder; `no/log` is to be made in it",
    ];
    assert_eq!(said.len(), beginnings.len(), "{}", ended.error);
    for (said, beginning) in said.iter().zip(beginnings) {
        assert!(said.starts_with(beginning), "{}", ended.error);
    }
}

/// Some shared library that is on every machine with SoftHSM: the one that SoftHSM itself is linked with.
fn a_library_of_another_kind() -> String {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let library =
        maps.lines().filter_map(|line| line.split_whitespace().nth(5)).find(|path| path.contains("/libc.so"));
    library.expect("this test program is linked with the C library").to_owned()
}
