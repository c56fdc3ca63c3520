//! Where artifacts lie: the files themselves by digest in the bundle, their renderings where people look.

use std::io::Read;
use std::path::PathBuf;

use crate::pki::pem::Writer;
use crate::stage::ArtifactPlace;

/// One kind of artifact.
struct Kind {
    name: &'static str,
    media_type: &'static str,
    extension: &'static str,
    /// Folder, ending and PEM label of each rendering; no label means the octets as they are.
    renderings: &'static [(&'static str, &'static str, Option<&'static str>)],
}

const CERTIFICATE: &[(&str, &str, Option<&str>)] = &[("certificates", ".pem", Some("CERTIFICATE"))];

/// Every kind. A new kind is one line.
const KINDS: &[Kind] = &[
    Kind { name: "root", media_type: "application/pkix-cert", extension: "der", renderings: CERTIFICATE },
    Kind {
        name: "subordinate",
        media_type: "application/pkix-cert",
        extension: "der",
        renderings: CERTIFICATE,
    },
    Kind { name: "cross", media_type: "application/pkix-cert", extension: "der", renderings: CERTIFICATE },
    Kind {
        name: "ocsp-responder",
        media_type: "application/pkix-cert",
        extension: "der",
        renderings: CERTIFICATE,
    },
    Kind {
        name: "request",
        media_type: "application/pkcs10",
        extension: "der",
        renderings: &[("requests", ".csr.pem", Some("CERTIFICATE REQUEST"))],
    },
    Kind {
        name: "crl",
        media_type: "application/pkix-crl",
        extension: "der",
        renderings: &[("crls", ".crl", None), ("crls", ".crl.pem", Some("X509 CRL"))],
    },
    Kind {
        name: SEALED_CRL,
        media_type: "application/pkix-crl",
        extension: "der",
        renderings: &[(SEALED, ".crl", None)],
    },
    Kind {
        name: "ocsp-response",
        media_type: "application/ocsp-response",
        extension: "der",
        renderings: &[("ocsp", ".der", None)],
    },
    Kind { name: "list", media_type: "text/plain", extension: "txt", renderings: &[] },
    Kind { name: "evidence", media_type: "application/octet-stream", extension: "bin", renderings: &[] },
    Kind { name: "manifest", media_type: "application/json", extension: "json", renderings: &[] },
];

/// The folders that renderings lie in, of whatever is handed over at once.
pub const FOLDERS: [&str; 4] = ["certificates", "requests", "crls", "ocsp"];

/// A CRL that is not handed over before its time: it lies outside the bundle, in a folder of its own.
pub const SEALED_CRL: &str = "sealed-crl";

/// The folder of what is sealed, which is made when there is something.
pub const SEALED: &str = "sealed";

/// A kind of artifact by its name in the log.
pub fn kind(name: &str) -> Option<&'static str> {
    find(name).map(|kind| kind.name)
}

/// The media type of a kind of artifact.
pub fn media_type(kind: &str) -> &'static str {
    find(kind).map_or("application/octet-stream", |kind| kind.media_type)
}

/// The ending of an artifact's file in the bundle.
pub fn extension(kind: &str) -> &'static str {
    find(kind).map_or("bin", |kind| kind.extension)
}

/// Every rendering of an artifact: its path below the output folder, and its octets made from the artifact's.
pub fn renderings(place: &ArtifactPlace) -> Vec<(PathBuf, Option<&'static str>)> {
    find(place.kind)
        .map(|kind| kind.renderings)
        .unwrap_or_default()
        .iter()
        .map(|(folder, ending, label)| {
            (PathBuf::from(folder).join(format!("{}{ending}", place.name)), *label)
        })
        .collect()
}

/// The octets of a rendering: PEM with 64 columns under its label, or as they are.
pub fn render(octets: &[u8], label: Option<&'static str>) -> Vec<u8> {
    label.map_or_else(|| octets.to_vec(), |label| crate::pki::pem::write(label, octets).into_bytes())
}

/// The same, made while it is read, of octets that need not be in memory.
pub fn render_from(source: impl Read + 'static, label: Option<&'static str>) -> Box<dyn Read> {
    match label {
        Some(label) => Box::new(Writer::new(label, source)),
        None => Box::new(source),
    }
}

fn find(kind: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|known| known.name == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crl_lies_in_both_forms() {
        let place = ArtifactPlace { kind: "crl", name: "root-x1".into() };
        let paths: Vec<_> = renderings(&place).into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, [PathBuf::from("crls/root-x1.crl"), PathBuf::from("crls/root-x1.crl.pem")]);
    }

    fn is_pem(label: &'static str) -> bool {
        let mut text = String::new();
        render_from(&b"x"[..], Some(label)).read_to_string(&mut text).unwrap();
        text.as_bytes() == render(b"x", Some(label))
    }

    #[test]
    fn every_rendering_has_its_folder() {
        for kind in KINDS {
            for (folder, _, label) in kind.renderings {
                assert!(FOLDERS.contains(folder) || (kind.name == SEALED_CRL && *folder == SEALED));
                assert!(label.is_none_or(is_pem));
            }
        }
    }
}
