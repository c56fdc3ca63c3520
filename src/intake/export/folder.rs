//! `folder`: every certificate, chain, CRL and response as a file of its own, for whoever serves or installs them by hand.

use super::general::crl_pem;
use super::{Chain, ExportError, ExportedFile, Handover, Role, Server, Setting};

/// A plain folder.
#[derive(Debug)]
pub struct Folder;

impl Server for Folder {
    fn name(&self) -> &'static str {
        "folder"
    }

    fn next(&self) -> &'static str {
        "serve crls/*.crl and certificates/*.der at the URLs that the certificates name"
    }

    fn files(&self, handover: &Handover, setting: &Setting) -> Result<Vec<ExportedFile>, ExportError> {
        let mut files = Vec::new();
        for one in &handover.certificates {
            files.push(ExportedFile::new(format!("certificates/{}.der", one.name), one.der.clone()));
            files.push(ExportedFile::new(format!("certificates/{}.pem", one.name), one.pem()));
        }
        for one in &handover.crls {
            files.push(ExportedFile::new(format!("crls/{}.crl", one.name), one.der.clone()));
            files.push(ExportedFile::new(format!("crls/{}.crl.pem", one.name), crl_pem(one)));
        }
        for one in &handover.responses {
            files.push(ExportedFile::new(format!("ocsp/{}.der", one.name), one.der.clone()));
        }
        // A bundle of CRLs alone has no subordinate CA, and that is no reason not to hand them on.
        let wanted = |name: &str| setting.certificate.as_deref().is_none_or(|only| only == name);
        let issuers =
            handover.certificates.iter().filter(|one| one.role == Role::Subordinate && wanted(&one.name));
        for issuer in issuers {
            for chain in Chain::all(handover, issuer) {
                let path = format!("chains/{}.pem", chain.names().join("_"));
                files.push(ExportedFile::new(path, Chain::pem(chain.certificates())));
            }
        }
        Ok(files)
    }
}
