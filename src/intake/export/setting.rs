//! What the online side says of itself: nothing of it is in a bundle, and nothing of it is a secret.

use std::collections::BTreeMap;

use thiserror::Error;

use super::KeyPlace;
use crate::digest::Digest;

/// Where things are on the online side, and what it wants with them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setting {
    /// Where the exported folder will lie on the server, without a final `/`: paths in configurations begin with it.
    pub folder: String,
    /// Where the server keeps what it writes itself; without it, beside that folder in one with `-data` at its end.
    pub data: Option<String>,
    /// The PKCS#11 module of the online token.
    pub module: Option<String>,
    /// The label of the online token.
    pub token: Option<String>,
    /// Where each key is, by the digest of its SubjectPublicKeyInfo: more than the log says, or other than it.
    pub keys: BTreeMap<Digest, KeyPlace>,
    /// The file that the server reads the token's PIN from.
    pub pin_file: Option<String>,
    /// The URL at which ACME clients reach the server, without a final `/`.
    pub acme_url: Option<String>,
    /// What the URLs of the subordinate CAs' CRLs begin with: `http://c.example.org/`.
    pub crl_url: Option<String>,
    /// What the URLs of the subordinate CAs' certificates begin with: `http://i.example.org/`.
    pub issuer_url: Option<String>,
    /// The server's own profiles that the subordinate CAs may issue by, where it has such.
    pub profiles: Vec<String>,
    /// The owner's name in the CCADB.
    pub owner: Option<String>,
    /// What the subordinate CAs may do.
    pub state: State,
    /// The one subordinate CA certificate that is exported; without it all of them are.
    pub certificate: Option<String>,
}

impl Setting {
    /// Says something where this option says nothing yet, to see what else is missing; `false` if there is no such option, or it
    /// says something already.
    pub(super) fn stand_in(&mut self, option: &str) -> bool {
        let silent = match option {
            "--module" => &mut self.module,
            "--token" => &mut self.token,
            "--pin-file" => &mut self.pin_file,
            "--acme-url" => &mut self.acme_url,
            "--crl-url" => &mut self.crl_url,
            "--issuer-url" => &mut self.issuer_url,
            "--ca-owner" => &mut self.owner,
            "--profile" if self.profiles.is_empty() => {
                self.profiles.push(STAND_IN.to_owned());
                return true;
            }
            _ => return false,
        };
        if silent.is_some() {
            return false;
        }
        *silent = Some(STAND_IN.to_owned());
        true
    }
}

/// What stands for anything that is not said.
const STAND_IN: &str = "x";

/// What an issuer may do online.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// It is configured and issues nothing yet.
    Staged,
    /// It issues.
    #[default]
    Active,
    /// It signs CRLs only.
    CrlOnly,
    /// It has expired or its key is destroyed.
    Retired,
}

impl State {
    /// Every state with its name.
    pub const NAMES: [(Self, &'static str); 4] = [
        (Self::Staged, "staged"),
        (Self::Active, "active"),
        (Self::CrlOnly, "crl-only"),
        (Self::Retired, "retired"),
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Staged => "staged",
            Self::Active => "active",
            Self::CrlOnly => "crl-only",
            Self::Retired => "retired",
        }
    }

    /// Whether it issues certificates.
    pub const fn issues(self) -> bool {
        matches!(self, Self::Active)
    }
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SettingError {
    /// A control character, which no configuration can carry.
    #[error("{what} `{}` has a control character", text.escape_default())]
    Control {
        /// Which text.
        what: &'static str,
        /// It.
        text: String,
    },
    /// A path that means another place wherever the server is started.
    #[error("{what} `{path}` does not begin with `/`")]
    Relative {
        /// Which path.
        what: &'static str,
        /// It.
        path: String,
    },
    /// A URL that is none of its kind.
    #[error("{what} `{url}` is no URL that begins with {} and has a host", wanted.join(" or "))]
    Url {
        /// Which URL.
        what: &'static str,
        /// It.
        url: String,
        /// What it may begin with.
        wanted: &'static [&'static str],
    },
    /// A CKA_ID that is no hex.
    #[error("key id `{id}` is not pairs of hex digits")]
    KeyId {
        /// It.
        id: String,
    },
}

impl Setting {
    /// The same, if every text in it can stand in a configuration.
    ///
    /// # Errors
    ///
    /// [`SettingError`] for the first that cannot.
    pub fn checked(mut self) -> Result<Self, SettingError> {
        self.texts()?;
        self.folder = trimmed(&self.folder);
        self.data = self.data.as_deref().map(trimmed);
        self.acme_url = self.acme_url.as_deref().map(trimmed);
        for base in [&mut self.crl_url, &mut self.issuer_url] {
            *base = base.as_deref().map(|url| format!("{}/", trimmed(url)));
        }
        let paths = [
            ("the folder", Some(&self.folder)),
            ("the data folder", self.data.as_ref()),
            ("the module", self.module.as_ref()),
            ("the PIN's file", self.pin_file.as_ref()),
        ];
        for (what, path) in paths {
            if let Some(path) = path.filter(|path| !path.starts_with('/')) {
                return Err(SettingError::Relative { what, path: path.clone() });
            }
        }
        // RFC 5280 §4.2.1.13 and BR §7.1.2.11.2: HTTP, so that fetching a CRL needs no certificate.
        url("the ACME server", self.acme_url.as_deref(), &["https://", "http://"])?;
        url("the CRLs' place", self.crl_url.as_deref(), &["http://"])?;
        url("the certificates' place", self.issuer_url.as_deref(), &["http://"])?;
        for place in self.keys.values() {
            if let Some(id) =
                place.id.as_ref().filter(|id| crate::digest::from_hex(id).is_none_or(|id| id.is_empty()))
            {
                return Err(SettingError::KeyId { id: id.clone() });
            }
        }
        Ok(self)
    }

    fn texts(&self) -> Result<(), SettingError> {
        let texts = [
            ("the folder", Some(&self.folder)),
            ("the data folder", self.data.as_ref()),
            ("the module", self.module.as_ref()),
            ("the token", self.token.as_ref()),
            ("the PIN's file", self.pin_file.as_ref()),
            ("the ACME server", self.acme_url.as_ref()),
            ("the CRLs' place", self.crl_url.as_ref()),
            ("the certificates' place", self.issuer_url.as_ref()),
            ("the owner", self.owner.as_ref()),
        ];
        let labels = self.keys.values().flat_map(|place| {
            [("the key's label", place.label.as_ref()), ("the key's token", place.token.as_ref())]
        });
        let profiles = self.profiles.iter().map(|profile| ("the profile", Some(profile)));
        for (what, text) in texts.into_iter().chain(labels).chain(profiles) {
            if let Some(text) =
                text.filter(|text| text.chars().any(ceremony_log::json::forbidden) || text.contains('\n'))
            {
                return Err(SettingError::Control { what, text: text.clone() });
            }
        }
        Ok(())
    }

    /// The path of an exported file on the server.
    pub fn at(&self, path: &str) -> String {
        format!("{}/{path}", self.folder)
    }

    /// The path of a file that the server writes itself: never in the exported folder, which is compared as a whole.
    pub fn data_at(&self, path: &str) -> String {
        match &self.data {
            Some(data) => format!("{data}/{path}"),
            None => format!("{}-data/{path}", self.folder),
        }
    }
}

fn trimmed(text: &str) -> String {
    text.trim_end_matches('/').to_owned()
}

fn url(what: &'static str, url: Option<&str>, wanted: &'static [&'static str]) -> Result<(), SettingError> {
    let Some(url) = url else { return Ok(()) };
    let host = wanted.iter().find_map(|start| url.strip_prefix(start));
    let plain = |octet: u8| {
        octet.is_ascii_graphic()
            && !matches!(octet, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | b'?' | b'#')
    };
    match host {
        Some(host) if !host.is_empty() && !host.starts_with('/') && host.bytes().all(plain) => Ok(()),
        _ => Err(SettingError::Url { what, url: url.to_owned(), wanted }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Setting {
        Setting {
            folder: "/etc/ca/".into(),
            module: Some("/usr/lib/softhsm/libsofthsm2.so".into()),
            acme_url: Some("https://acme.example.org/".into()),
            crl_url: Some("http://c.example.org".into()),
            ..Setting::default()
        }
    }

    #[test]
    fn places_lose_or_get_the_stroke_at_their_end() {
        let setting = good().checked().unwrap();
        assert_eq!(setting.at("a"), "/etc/ca/a");
        assert_eq!(setting.acme_url.as_deref(), Some("https://acme.example.org"));
        assert_eq!(setting.crl_url.as_deref(), Some("http://c.example.org/"));
    }

    #[test]
    fn what_no_configuration_can_carry_is_refused() {
        let wrong = |change: fn(&mut Setting)| {
            let mut setting = good();
            change(&mut setting);
            setting.checked().unwrap_err()
        };
        assert!(matches!(
            wrong(|it| it.token = Some("a\nb".into())),
            SettingError::Control { what: "the token", .. }
        ));
        assert!(matches!(wrong(|it| it.owner = Some("a\u{202e}".into())), SettingError::Control { .. }));
        assert!(matches!(
            wrong(|it| it.folder = "ca".into()),
            SettingError::Relative { what: "the folder", .. }
        ));
        assert!(matches!(wrong(|it| it.module = Some("x.so".into())), SettingError::Relative { .. }));
        for url in
            ["https://c.example.org/", "c.example.org", "http://", "http:///a", "http://a b/", "http://a/?x"]
        {
            let setting = Setting { crl_url: Some(url.into()), ..good() };
            assert!(matches!(setting.checked(), Err(SettingError::Url { .. })), "{url}");
        }
        for id in ["", "0", "xx"] {
            let place = KeyPlace { id: Some(id.into()), ..KeyPlace::default() };
            let setting = Setting { keys: BTreeMap::from([(Digest::of(b""), place)]), ..good() };
            assert!(matches!(setting.checked(), Err(SettingError::KeyId { .. })), "{id}");
        }
    }
}
