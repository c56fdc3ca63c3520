//! A series of OCSP responses against bare C_Sign, on the same token in the same run: `cargo bench --bench ocsp-series`.
//!
//! Needs SoftHSM. Makes tokens in a new folder, conducts `benches/ocsp-series.yaml` on them as a practice ceremony, and then
//! signs with the keys that the ceremony made, directly, in a copy of this program: by one session and by as many as there
//! are processors. It says what it found and judges nothing: how busy the machine was shows in the processor time.
//!
//! It works in the folder for temporary files: `TMPDIR=/dev/shm` keeps the disk out of it. ext4 makes files slowly for some
//! minutes after many were deleted, as a run before this one did.
//!
//! What it found stands in `docs/performance.md`.

#![expect(clippy::print_stdout, reason = "a benchmark says what it found")]

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use rootrite::clock::Timestamp;
use rootrite::hsm::{Blank, Initialization, ModuleConfiguration, ModuleProcess};
use rootrite::secret::Pin;

type Anything<T> = Result<T, Box<dyn Error>>;

fn main() -> Anything<()> {
    if let Some(key) = env::var_os(DIRECTLY) {
        return directly(&key.to_string_lossy());
    }
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let (tokens, text) = (folder.join("tokens"), folder.join("softhsm2.conf"));
    fs::create_dir(&tokens)?;
    fs::write(&text, format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display()))?;
    site(folder, &text)?;
    script(folder)?;
    fs::write(folder.join("answers.yaml"), "rootrite-answers: 1\ndefault: practice\n")?;
    let series = ceremony(folder)?;
    let sessions = std::thread::available_parallelism()?;
    println!(
        "{COUNT} responses; {sessions} sessions; signatures a second, and processor time in microseconds for each\n"
    );
    println!(
        "{:<9} {:>8} {:>8} {:>8} {:>7} {:>8}   {:>8} {:>6} {:>7} {:>7} {:>7}",
        "key",
        "bare, 1",
        "bare, N",
        "series",
        "share",
        "whole",
        "bare, N",
        "token",
        "beside",
        "before",
        "share"
    );
    for (key, series) in &series {
        let status = Command::new(env::current_exe()?)
            .env(DIRECTLY, key)
            .env(
                RATE,
                format!(
                    "{} {} {} {} {}",
                    rate(series.wall),
                    rate(series.whole),
                    series.token,
                    series.beside,
                    series.before
                ),
            )
            .env("SOFTHSM2_CONF", &text)
            .status()?;
        if !status.success() {
            return Err(format!("the direct half ended with {status}").into());
        }
    }
    println!(
        "\nbare: C_SignInit and C_Sign; token: the module process; beside: everything else of the program."
    );
    println!(
        "share: of the better of both bare rates; by processor time it would be bare / (token + beside)."
    );
    Ok(())
}

/// What a series took.
struct Series {
    /// From its intent to its result.
    wall: Duration,
    /// From the beginning of its step, when everything is drafted and judged, to its result.
    whole: Duration,
    /// Processor time of the module process for each response, in microseconds.
    token: f64,
    /// Processor time of the program itself for each response, in microseconds.
    beside: f64,
    /// The same for drafting and judging, before anyone approves.
    before: f64,
}

fn rate(wall: Duration) -> f64 {
    f64::from(COUNT) / wall.as_secs_f64()
}

/// Two tokens with the public PINs of throw-away tokens, and a site that says where they are.
fn site(folder: &Path, configuration: &Path) -> Anything<()> {
    let environment = BTreeMap::from([("SOFTHSM2_CONF".to_owned(), configuration.display().to_string())]);
    let program = PathBuf::from(env!("CARGO_BIN_EXE_rootrite"));
    let process = ModuleProcess::start(&ModuleConfiguration {
        program,
        environment,
        ..ModuleConfiguration::new(MODULE)
    })?;
    let mut site = "rootrite-site: 1\ntokens:\n".to_owned();
    for label in ["root", "log"] {
        let (officer_pin, user_pin) = (Pin::read(OFFICER.as_bytes())?, Pin::read(USER.as_bytes())?);
        let wish = Initialization {
            blank: Blank::Only,
            label: label.to_owned(),
            officer_pin,
            user_pin: user_pin.into(),
        };
        let serial = process.initialize_token(wish)?.serial;
        writeln!(
            site,
            "  {label}: {{module: {MODULE}, environment: {{SOFTHSM2_CONF: {}}}, label: {label}, serial: \"{serial}\", \
             class: software, login: pin, pin: prompt}}",
            configuration.display()
        )?;
    }
    process.stop()?;
    fs::write(folder.join("site.yaml"), site + "preflight: {minimum-free: 1 MiB}\n")?;
    Ok(())
}

/// The script takes place now.
fn script(folder: &Path) -> Anything<()> {
    let text = include_str!("ocsp-series.yaml");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    let at = |seconds: u64| Timestamp::from_seconds(seconds).ok_or("the clock is after 9999");
    let window = format!("window: {{from: {}, to: {}}}", at(now - 60)?, at(now + 3_600)?);
    let lines: Vec<_> =
        text.lines().map(|line| if line.starts_with("window: ") { window.as_str() } else { line }).collect();
    fs::write(folder.join("script.yaml"), lines.join("\n") + "\n")?;
    Ok(())
}

/// Conducts the ceremony and looks at the processor times of its processes when a series begins and ends.
fn ceremony(folder: &Path) -> Anything<Vec<(&'static str, Series)>> {
    let arguments = "run script.yaml --site site.yaml --log log --out out --practice --answers answers.yaml";
    let mut program = Command::new(env!("CARGO_BIN_EXE_rootrite"))
        .args(arguments.split(' '))
        .current_dir(folder)
        .stdout(Stdio::null())
        .spawn()?;
    let (mut seen, mut length, log) = (Vec::new(), 0, folder.join("log/log.jsonl"));
    let ended = loop {
        if let Some(status) = program.try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
        // Looking must not take from the cores that the series is signed on: the log is read only when it has grown.
        let now = fs::metadata(&log).map_or(0, |log| log.len());
        if now == length {
            continue;
        }
        length = now;
        let text = fs::read_to_string(&log).unwrap_or_default();
        let wanted =
            ["\"name\":\"issue-ocsp-responses\"", "\"ev\":\"ocsp.sign.intent\"", "\"ev\":\"ocsp.signed\""];
        let count: usize = wanted.iter().map(|event| text.matches(event).count()).sum();
        seen.resize(count, (Instant::now(), times(program.id())));
    };
    if !ended.success() {
        return Err(format!("the ceremony ended with {ended}").into());
    }
    let each = |after: f64, before: f64| (after - before) * 1e6 / f64::from(COUNT);
    let series = |moments: &[(Instant, (f64, f64))]| match moments {
        [begun, intended, signed] => Some(Series {
            wall: signed.0 - intended.0,
            whole: signed.0 - begun.0,
            token: each(signed.1.1, intended.1.1),
            beside: each(signed.1.0, intended.1.0),
            before: each(intended.1.0, begun.1.0),
        }),
        _ => None,
    };
    Ok(["responder-p384", "responder-rsa"].into_iter().zip(seen.chunks(3).filter_map(series)).collect())
}

/// Processor time in seconds of a process, and of those that it has started.
fn times(process: u32) -> (f64, f64) {
    let of = |process: &str| {
        let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let fields: Vec<f64> = text
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .map(|field| field.parse().unwrap_or_default())
            .collect();
        // utime and stime, in hundredths of a second.
        fields.iter().skip(11).take(2).sum::<f64>() / 100.0
    };
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let children = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let children: f64 = children.collect::<String>().split_whitespace().map(of).sum();
    (of(&process.to_string()), children)
}

/// Signs by the ceremony's key without the program, and says it all in a row.
fn directly(label: &str) -> Anything<()> {
    let module = Pkcs11::new(MODULE)?;
    module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    let mut of_label = None;
    for slot in module.get_slots_with_initialized_token()? {
        if module.get_token_info(slot)?.label() == "root" {
            of_label = Some(slot);
        }
    }
    let slot = of_label.ok_or("there is no token")?;
    let keeper = module.open_rw_session(slot)?;
    keeper.login(UserType::User, Some(&AuthPin::from(USER)))?;
    let found = keeper.find_objects(&[
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::Label(label.as_bytes().to_vec()),
    ])?;
    let key = *found.first().ok_or("there is no key")?;
    let rsa = label.ends_with("rsa");
    let sign_by = |sessions: usize| -> Anything<(f64, f64)> {
        let opened: Result<Vec<_>, _> = (0..sessions).map(|_| module.open_rw_session(slot)).collect();
        let (begun, before) = (Instant::now(), times(std::process::id()).0);
        let signed: u32 = std::thread::scope(|scope| {
            let sign = |session: cryptoki::session::Session| {
                move || {
                    let (mechanism, input) = if rsa {
                        (Mechanism::RsaPkcs, vec![0x5a; 51])
                    } else {
                        (Mechanism::Ecdsa, vec![0x5a; 48])
                    };
                    let mut count = 0;
                    while begun.elapsed() < LASTS && session.sign(&mechanism, key, &input).is_ok() {
                        count += 1;
                    }
                    count
                }
            };
            let threads: Vec<_> =
                opened.into_iter().flatten().map(|session| scope.spawn(sign(session))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap_or_default()).sum()
        });
        let used = times(std::process::id()).0 - before;
        Ok((f64::from(signed) / begun.elapsed().as_secs_f64(), used * 1e6 / f64::from(signed)))
    };
    let (one, many) = (sign_by(1)?, sign_by(std::thread::available_parallelism()?.get())?);
    let said = env::var(RATE)?;
    let said: Vec<f64> = said.split(' ').map(|number| number.parse().unwrap_or_default()).collect();
    if let [series, whole, token, beside, before] = said[..] {
        let (by_clock, by_time) = (100.0 * series / one.0.max(many.0), 100.0 * many.1 / (token + beside));
        println!(
            "{:<9} {:>8.0} {:>8.0} {series:>8.0} {by_clock:>6.1}% {whole:>8.0}   {:>8.0} {token:>6.0} {beside:>7.0} {before:>7.0} \
             {by_time:>6.1}%",
            if rsa { "RSA-2048" } else { "P-384" },
            one.0,
            many.0,
            many.1
        );
    }
    Ok(())
}

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const USER: &str = "rehearsal-user";
const OFFICER: &str = "rehearsal-officer";
const DIRECTLY: &str = "ROOTRITE_BENCH_DIRECTLY";
const RATE: &str = "ROOTRITE_BENCH_RATE";
/// As `ocsp-series.yaml` says.
const COUNT: u32 = 10_000;
/// How long bare signing is measured.
const LASTS: Duration = Duration::from_secs(3);
