//! `export`: configuration for an online CA, from a bundle that verifies.
//!
//! The folder is made under another name and gets its own last, so that it is there whole or not at all; nothing that
//! exists is replaced.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::{failures, files, verify};
use crate::clock::Timestamp;
use crate::failure::{Failure, Turn};
use crate::intake::export::{
    self, ExportError, ExportedFile, Handover, KeyPlace, Role, Server, Setting, State,
};
use crate::intake::{Options, Verification};

/// Make an online CA's configuration from a bundle that verifies
///
/// Verifies the bundle first and exports nothing from one that is refused. The folder must not exist yet. PINs are
/// never part of it: it names the file or leaves the place where the server finds them.
#[derive(Debug, clap::Args)]
pub struct Export {
    /// The bundle's folder
    bundle: PathBuf,
    /// For which server
    #[arg(long, value_parser = names())]
    format: String,
    /// The folder that is made
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Export what a practice ceremony made, for a trial: nobody may rely on it
    #[arg(long)]
    practice: bool,
    /// Whose signatures over the log count: a C2SP tlog-policy that did not come with the bundle
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// When certificates, CRLs and OCSP responses have to be good [default: now, for a production log]
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// An issuer's certificate that an earlier ceremony of the log made: it is handed on as if it were in the bundle
    #[arg(long, value_name = "FILE")]
    issuer: Vec<PathBuf>,
    #[command(flatten)]
    place: Place,
}

/// What only the online side knows.
#[derive(Debug, clap::Args)]
struct Place {
    /// Only this subordinate CA certificate, by its name in the script
    #[arg(long, value_name = "NAME")]
    certificate: Option<String>,
    /// Where the folder will lie on the server [default: where it is made]
    #[arg(long, value_name = "PATH")]
    installed_at: Option<String>,
    /// Where the server keeps what it writes itself [default: beside the folder, with `-data` at its end]
    #[arg(long, value_name = "PATH")]
    data_at: Option<String>,
    /// The PKCS#11 module of the online token
    #[arg(long, value_name = "PATH")]
    module: Option<String>,
    /// The label of the online token
    #[arg(long, value_name = "LABEL")]
    token: Option<String>,
    /// The label of the key, where the log does not say it [with one subordinate CA only]
    #[arg(long, value_name = "LABEL")]
    key_label: Option<String>,
    /// The CKA_ID of the key in hex, where the log does not say it [with one subordinate CA only]
    #[arg(long, value_name = "HEX")]
    key_id: Option<String>,
    /// The file that the server reads the token's PIN from
    #[arg(long, value_name = "PATH")]
    pin_file: Option<String>,
    /// The URL at which ACME clients reach the server
    #[arg(long, value_name = "URL")]
    acme_url: Option<String>,
    /// What the URLs of the subordinate CAs' own CRLs begin with
    #[arg(long, value_name = "URL")]
    crl_url: Option<String>,
    /// What the URLs of the subordinate CAs' certificates begin with
    #[arg(long, value_name = "URL")]
    issuer_url: Option<String>,
    /// A profile of the server that the subordinate CAs may issue by; may be repeated
    #[arg(long, value_name = "NAME")]
    profile: Vec<String>,
    /// The owner's name in the CCADB
    #[arg(long, value_name = "NAME")]
    ca_owner: Option<String>,
    /// What the subordinate CAs may do
    #[arg(long, default_value = "active", value_parser = State::NAMES.map(|(_, name)| name))]
    state: String,
}

fn names() -> clap::builder::PossibleValuesParser {
    export::ALL.map(Server::name).into()
}

/// Why nothing is exported; of what the server has to know, everything that is missing.
fn refused(error: &ExportError, missing: &[ExportError]) -> Failure {
    let failure = Failure::new(Turn::Author, error.to_string());
    match error {
        ExportError::Unknown { .. } if !missing.is_empty() => {
            Failure::several(Turn::Author, missing.iter().map(ToString::to_string).collect())
        }
        ExportError::NoRoot { .. } => failure.hint(
            "`--issuer FILE` names the certificate of a root or cross-certificate that an earlier ceremony made; `rootrite import` keeps what each brought",
        ),
        _ => failure,
    }
}

impl Export {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Everything that refuses the bundle; what the server has to know and nobody said; a folder that exists.
    pub fn run(self, out: &mut dyn Write) -> Result<(), Failure> {
        let server = export::by_name(&self.format)
            .ok_or_else(|| Failure::new(Turn::Author, format!("there is no server `{}`", self.format)))?;
        free(&self.out)?;
        let (found, handover) = self.taken()?;
        let setting = self.place.setting(&self.out, &handover)?;
        let made = export::export(server, &handover, &setting)
            .map_err(|error| refused(&error, &export::missing(server, &handover, &setting)))?;
        create(&self.out, &made)?;
        files::print(out, &text(server, &self.out, &found, &handover, &made))
    }

    /// What a bundle hands over that nothing refuses.
    fn taken(&self) -> Result<(Verification, Handover), Failure> {
        let options = Options {
            trust: verify::trust(self.policy.as_deref())?,
            now: verify::now(),
            at: self.at,
            issuers: verify::issuers(&self.issuer)?,
        };
        let (found, handover) = export::take(&self.bundle, &options).map_err(|error| {
            Failure::new(Turn::Author, failures::with_causes(&error))
                .hint("name the folder `bundle-<ceremony>` itself")
        })?;
        verify::refusal(&found.report, true)
            .map_err(|failure| verify::with_issuers(failure, &found.report, &options.issuers))?;
        let nothing = || Failure::several(Turn::Refused, found.report.notes().to_vec());
        let handover = handover.ok_or_else(nothing)?;
        match (handover.practice, self.practice) {
            (true, false) => Err(Failure::new(
                Turn::Refused,
                format!("`{}` was a practice ceremony: nobody may rely on what it made", handover.ceremony),
            )
            .hint("`--practice` exports it for a trial")),
            (false, true) => {
                Err(Failure::new(Turn::Author, format!("`{}` was no practice ceremony", handover.ceremony))
                    .hint("leave `--practice` out"))
            }
            _ => Ok((found, handover)),
        }
    }
}

impl Place {
    fn setting(self, out: &Path, handover: &Handover) -> Result<Setting, Failure> {
        let state = State::NAMES.into_iter().find(|(_, name)| *name == self.state);
        let place = KeyPlace {
            token: None,
            label: self.key_label,
            id: self.key_id.map(|id| id.to_ascii_lowercase()),
        };
        let mut keys = BTreeMap::new();
        if place != KeyPlace::default() {
            let issuers = handover.certificates.iter().filter(|one| one.role == Role::Subordinate);
            let wanted = |name: &str| self.certificate.as_deref().is_none_or(|only| only == name);
            let issuers: Vec<_> = issuers.filter(|one| wanted(&one.name)).collect();
            let [issuer] = issuers.as_slice() else {
                let message = format!("a key is named, and there are {} subordinate CAs", issuers.len());
                return Err(Failure::new(Turn::Author, message)
                    .hint("`--certificate NAME` says which one is exported"));
            };
            keys.insert(issuer.spki_sha256, place);
        }
        let folder = match self.installed_at {
            Some(path) => path,
            None => absolute(out)?,
        };
        let setting = Setting {
            folder,
            data: self.data_at,
            module: self.module,
            token: self.token,
            keys,
            pin_file: self.pin_file,
            acme_url: self.acme_url,
            crl_url: self.crl_url,
            issuer_url: self.issuer_url,
            profiles: self.profile,
            owner: self.ca_owner,
            state: state.map(|(state, _)| state).unwrap_or_default(),
            certificate: self.certificate,
        };
        setting.checked().map_err(|error| Failure::new(Turn::Author, error.to_string()))
    }
}

fn absolute(path: &Path) -> Result<String, Failure> {
    let full = std::path::absolute(path).map_err(|error| failures::file("find", path, &error))?;
    full.to_str().map(str::to_owned).ok_or_else(|| {
        Failure::new(
            Turn::Author,
            format!("`{}` is no UTF-8, which configurations have to be", full.display()),
        )
    })
}

fn free(path: &Path) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Ok(_) => Err(Failure::new(Turn::Author, format!("`{}` exists", path.display()))
            .hint("name a folder that is not there yet: nothing is replaced")),
        Err(_) => Ok(()),
    }
}

/// Makes the folder with all its files, each synced, under another name, and then names it.
///
/// After a power failure it is there whole, or `<name>.part` is there, which nobody reads.
fn create(out: &Path, made: &[ExportedFile]) -> Result<(), Failure> {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = out.with_file_name(name);
    let written = write_all(&part, made).and_then(|()| {
        let here = rustix::fs::CWD;
        rustix::fs::renameat_with(here, &part, here, out, rustix::fs::RenameFlags::NOREPLACE)?;
        let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(parent)?.sync_all()
    });
    written.map_err(|error| {
        let failure = failures::file("write", out, &error);
        if part.exists() {
            return failure.hint(format!("`{}` is what there is of it; remove it", part.display()));
        }
        failure
    })
}

fn write_all(part: &Path, made: &[ExportedFile]) -> io::Result<()> {
    DirBuilder::new().mode(0o755).create(part)?;
    let mut folders = vec![part.to_owned()];
    for file in made {
        let path = part.join(&file.path);
        if let Some(folder) = path.parent().filter(|folder| !folders.iter().any(|known| known == folder)) {
            fs::create_dir_all(folder)?;
            folders.push(folder.to_owned());
        }
        let mut opened = OpenOptions::new().write(true).create_new(true).mode(file.mode).open(&path)?;
        opened.write_all(&file.octets)?;
        opened.sync_all()?;
    }
    folders.iter().try_for_each(|folder| File::open(folder)?.sync_all())
}

fn text(
    server: &dyn Server,
    out: &Path,
    found: &Verification,
    handover: &Handover,
    made: &[ExportedFile],
) -> String {
    let mut text = String::new();
    if handover.practice {
        text.push_str("PRACTICE: nobody may rely on what this ceremony made\n");
    }
    let _ = write!(
        text,
        "The bundle verifies, and its export for {} is written\n  ceremony  {}\n  records   {}\n  folder    {}\n",
        server.name(),
        handover.ceremony,
        handover.size,
        out.display()
    );
    for file in made {
        let _ = writeln!(text, "  file      {}", file.path);
    }
    let _ = writeln!(text, "next: {}", server.next());
    text.push_str(&verify::remarks(&found.report));
    text
}
