//! The ready scripts, which are templates at the same time.

/// A script to start from.
#[derive(Debug)]
pub struct Template {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// The scripts before it in a rehearsal, divided by spaces; nothing if it can be the first.
    pub after: &'static str,
    /// The script.
    pub text: &'static str,
}

impl Template {
    /// Whether it continues a log.
    pub fn continues(&self) -> bool {
        !self.after.is_empty()
    }
}

macro_rules! templates {
    ($($name:literal: $about:literal, after $after:literal;)+) => {
        /// Every template, the first ceremony first.
        pub const TEMPLATES: &[Template] = &[$(Template {
            name: $name,
            about: $about,
            after: $after,
            text: include_str!(concat!("../../../ceremonies/", $name, ".yaml")),
        }),+];
    };
}

templates! {
    "root-and-subordinates": "two roots with backups, their subordinate CAs, CRLs and OCSP responses: the first ceremony", after "";
    "subordinate-key": "the online side's own ceremony: its HSM makes the key of a subordinate CA", after "";
    "sign-subordinate": "a subordinate CA whose key the online side made", after "root-and-subordinates";
    "rotate-subordinates": "new subordinate CAs in the place of old ones", after "root-and-subordinates";
    "crl-and-ocsp": "the yearly CRLs and OCSP responses", after "root-and-subordinates";
    "emergency-revocation": "a certificate is revoked that the quorum chooses in the room", after "root-and-subordinates";
    "cross-sign": "a new root that an old one vouches for", after "root-and-subordinates";
    "restore-drill": "the backups of the roots are restored to a spare token, as a drill", after "root-and-subordinates";
    "replace-share-holder": "another holder of shares in the place of one who leaves", after "root-and-subordinates";
    "site-lost": "a site is lost with its tokens: the standby log key and the backups take over", after "root-and-subordinates";
    "destroy-key": "a key is destroyed for good", after "root-and-subordinates crl-and-ocsp";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ready_script_is_a_template() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/ceremonies")).unwrap();
        let mut there: Vec<String> = folder
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
            .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        let mut listed: Vec<String> = TEMPLATES.iter().map(|template| template.name.to_owned()).collect();
        there.sort();
        listed.sort();
        assert_eq!(there, listed);
    }

    #[test]
    fn what_continues_a_log_says_what_it_comes_after() {
        for template in TEMPLATES {
            assert_eq!(template.continues(), template.text.contains("- confirm-log:"), "{}", template.name);
            assert!(
                template
                    .after
                    .split_whitespace()
                    .all(|name| TEMPLATES.iter().any(|other| other.name == name))
            );
        }
    }
}
