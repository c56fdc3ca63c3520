//! Where profiles come from: those compiled into this program, and a folder that may replace and add to them.

use std::borrow::Cow;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::script::MOST_OCTETS;

/// Finds profiles by name.
pub trait Library {
    /// The profile's file name, for messages, and its octets; nothing if there is none of this name.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    fn find(&self, name: &str) -> io::Result<Option<(String, Cow<'static, [u8]>)>>;

    /// The names of all profiles, in alphabetical order.
    ///
    /// # Errors
    ///
    /// Those of the disk.
    fn names(&self) -> io::Result<Vec<String>>;
}

/// The profiles that are part of this program: `templates/profiles/`.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuiltIn;

impl Library for BuiltIn {
    fn find(&self, name: &str) -> io::Result<Option<(String, Cow<'static, [u8]>)>> {
        let found = PROFILES.iter().find(|(known, _)| *known == name);
        Ok(found.map(|(_, text)| (format!("templates/profiles/{name}.yaml"), Cow::Borrowed(text.as_bytes()))))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(PROFILES.iter().map(|(name, _)| (*name).to_owned()).collect())
    }
}

/// A folder of `<name>.yaml`; what it does not have comes from the program.
#[derive(Clone, Debug)]
pub struct Folder(pub PathBuf);

impl Folder {
    /// The folder `profiles` beside a script.
    pub fn beside(script: &Path) -> Self {
        Self(script.join("profiles"))
    }
}

impl Library for Folder {
    fn find(&self, name: &str) -> io::Result<Option<(String, Cow<'static, [u8]>)>> {
        read(&self.0.join(format!("{name}.yaml")), name)
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = BuiltIn.names()?;
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(names),
            entries => entries?,
        };
        for entry in entries {
            let name = entry?.file_name();
            names.extend(name.to_str().and_then(|name| name.strip_suffix(".yaml")).map(str::to_owned));
        }
        names.sort();
        names.dedup();
        Ok(names)
    }
}

/// The folder of a ceremony that was begun: each of its profiles as it came to be then, with everything inherited.
#[derive(Clone, Debug)]
pub struct Begun(pub PathBuf);

impl Begun {
    /// The file's name of a profile.
    pub fn file(name: &str) -> String {
        format!("profile-{name}")
    }
}

impl Library for Begun {
    fn find(&self, name: &str) -> io::Result<Option<(String, Cow<'static, [u8]>)>> {
        let path = self.0.join(Self::file(name));
        if !path.is_file() {
            return BuiltIn.find(name);
        }
        let found = read(&path, name)?;
        Ok(found.map(|(file, octets)| (file, Cow::Owned(as_file(&octets)))))
    }

    fn names(&self) -> io::Result<Vec<String>> {
        BuiltIn.names()
    }
}

/// What a profile comes to, as a file: it has a first line there, and truth and numbers are not in quotes. Octets that are
/// none stay as they are, and whoever reads them says so.
fn as_file(resolved: &[u8]) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(resolved) else {
        return resolved.to_vec();
    };
    unquote(&mut value);
    let text = value.to_string();
    let inner = text.strip_prefix('{').unwrap_or(&text);
    format!("{{\"rootrite-profile\":1,{inner}").into_bytes()
}

/// Takes truth and numbers out of their quotes.
fn unquote(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => match text.as_str() {
            "true" => *value = true.into(),
            "false" => *value = false.into(),
            _ => {
                // Only what a number would be written as again.
                if let Ok(number) = text.parse::<u64>()
                    && number.to_string() == *text
                {
                    *value = number.into();
                }
            }
        },
        serde_json::Value::Array(all) => all.iter_mut().for_each(unquote),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(unquote),
        _ => {}
    }
}

/// A profile's file; where there is none, the program's own.
fn read(path: &Path, name: &str) -> io::Result<Option<(String, Cow<'static, [u8]>)>> {
    match fs::metadata(path) {
        // A pipe could keep us waiting for ever.
        Ok(found) if !found.is_file() => return Err(io::Error::other("it is no file")),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return BuiltIn.find(name),
        Err(error) => return Err(error),
    }
    let file = fs::File::open(path)?;
    // One octet more than the YAML reader takes, so that it says what is wrong with a larger file.
    let mut octets = Vec::new();
    file.take(MOST_OCTETS as u64 + 1).read_to_end(&mut octets)?;
    Ok(Some((path.display().to_string(), Cow::Owned(octets))))
}

macro_rules! built_in {
    ($($name:literal),*) => {
        [$(($name, include_str!(concat!("../../templates/profiles/", $name, ".yaml")))),*]
    };
}

/// In alphabetical order.
const PROFILES: [(&str, &str); 7] = built_in![
    "certificate-request",
    "cross-certificate",
    "ocsp-responder",
    "ocsp-response",
    "root-ca",
    "root-crl",
    "tls-subordinate-ca"
];

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, Mode, mkfifoat};

    use super::*;
    use crate::profile::Profile;

    #[test]
    fn every_profile_in_the_folder_is_compiled_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates/profiles");
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let names: Vec<_> = BuiltIn.names().unwrap().iter().map(|name| format!("{name}.yaml")).collect();
        assert_eq!(names, files);
    }

    #[test]
    fn a_folder_replaces_and_adds() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("root-ca.yaml"), "mine").unwrap();
        fs::write(folder.path().join("other.yaml"), "other").unwrap();
        let library = Folder(folder.path().to_owned());
        assert_eq!(library.find("root-ca").unwrap().unwrap().1.as_ref(), b"mine");
        assert_eq!(library.find("other").unwrap().unwrap().1.as_ref(), b"other");
        assert_eq!(library.find("root-crl").unwrap().unwrap().0, "templates/profiles/root-crl.yaml");
        assert!(library.find("nothing").unwrap().is_none());
        assert!(library.names().unwrap().contains(&"other".to_owned()));
        assert_eq!(library.names().unwrap().len(), PROFILES.len() + 1);
    }

    #[test]
    fn what_is_no_file_is_no_profile_and_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("root-ca.yaml");
        mkfifoat(CWD, &pipe, Mode::RUSR).unwrap();
        fs::create_dir(folder.path().join("root-crl.yaml")).unwrap();
        let library = Folder(folder.path().to_owned());
        for name in ["root-ca", "root-crl"] {
            assert_eq!(library.find(name).unwrap_err().to_string(), "it is no file");
        }
    }

    #[test]
    fn a_profile_that_was_kept_is_the_same_profile() {
        let folder = tempfile::tempdir().unwrap();
        let begun = Begun(folder.path().to_owned());
        for name in BuiltIn.names().unwrap() {
            let Ok(profile) = Profile::load(&name, &BuiltIn) else { continue };
            fs::write(folder.path().join(Begun::file(&name)), &profile.resolved).unwrap();
            let again = Profile::load(&name, &begun).unwrap();
            assert_eq!((again.sha256(), again.kind()), (profile.sha256(), profile.kind()), "{name}");
        }
        assert!(fs::read_dir(folder.path()).unwrap().count() > 5);
    }
}
