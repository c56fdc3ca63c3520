//! `ccadb`: one request for each certificate that has to be disclosed, and until when.
//!
//! The requests are those of `AddUpdateIntermediateCert`. What only the CA's compliance people know (audits, policy
//! documents) is `null`, which the CCADB ignores. Sources: CCADB `API_AddUpdateIntermediateCert`; CCADB policy §4.4
//! and the root programs: within 7 days of issuance, and before the certificate is used.

use serde_json::{Value, json};

use super::general::pretty;
use super::{Certificate, ExportError, ExportedFile, Handover, Role, Server, Setting};
use crate::clock::{DAY, Timestamp};

/// The Common CA Database.
#[derive(Debug)]
pub struct Ccadb;

const NAME: &str = "ccadb";

/// How long after its signing a certificate may be unknown to the CCADB.
const DISCLOSED_WITHIN: u64 = 7 * DAY;

impl Server for Ccadb {
    fn name(&self) -> &'static str {
        NAME
    }

    fn next(&self) -> &'static str {
        "fill in the documents that are `null`, and send each request before the time in deadlines.json and before the \
         certificate is used"
    }

    fn files(&self, handover: &Handover, setting: &Setting) -> Result<Vec<ExportedFile>, ExportError> {
        let wanted = |one: &Certificate| setting.certificate.as_deref().is_none_or(|name| one.name == name);
        let disclosed: Vec<_> = handover
            .certificates
            .iter()
            .filter(|one| matches!(one.role, Role::Subordinate | Role::Cross) && wanted(one))
            .collect();
        if disclosed.is_empty() {
            return Err(ExportError::NoSubordinate { name: setting.certificate.clone() });
        }
        let mut files = Vec::new();
        for one in &disclosed {
            files.push(ExportedFile::new(format!("{}.json", one.name), request(one, handover, setting)?));
        }
        let mut deadlines: Vec<_> = disclosed.iter().map(|one| (due(one), *one)).collect();
        deadlines.sort_by(|one, other| (one.0, &one.1.name).cmp(&(other.0, &other.1.name)));
        let deadlines: Vec<Value> = deadlines
            .into_iter()
            .map(|(due, one)| {
                json!({
                    "certificate": one.name,
                    "sha256": one.sha256().to_string(),
                    "signed_at": one.signed_at.to_string(),
                    "disclose_by": due.to_string(),
                })
            })
            .collect();
        files.push(ExportedFile::new("deadlines.json", pretty(&Value::Array(deadlines))));
        Ok(files)
    }
}

fn due(one: &Certificate) -> Timestamp {
    one.signed_at.plus(DISCLOSED_WITHIN).unwrap_or(Timestamp::MAX)
}

fn request(one: &Certificate, handover: &Handover, setting: &Setting) -> Result<String, ExportError> {
    let owner = setting.owner.as_ref().ok_or_else(|| ExportError::Unknown {
        server: NAME,
        what: "the owner's name in the CCADB",
        name: one.name.clone(),
        option: "--ca-owner",
    })?;
    let parent = one.issuers.iter().find_map(|index| handover.certificates.get(*index));
    let parent = parent.ok_or_else(|| ExportError::NoRoot { name: one.name.clone() })?;
    Ok(pretty(&json!({
        "CertificateInformation": {
            "CAOwner": owner,
            "SubordinateCAOwner": owner,
            "IntermediateCertificateName": one.common_name.as_ref().unwrap_or(&one.name),
            "IntermediateCertPEM": one_line(one),
            "ParentCertPEM": one_line(parent),
        },
        "RevocationInformation": {"RevocationStatus": null, "DateOfRevocation": null, "RevocationReasonCode": null},
        "PertainingToCertificatesIssued": {
            "JSONArrayofAllFullCRLURLs": null,
            "JSONArrayofPartitionedCRLs": null,
            "CABForumCertificatePolicyIdentifier": null,
        },
        "AuditInformation": {"AuditSameAsParent": null},
        "NonAuditDocumentInformation": {"CPSameAsParent": null, "CPSSameAsParent": null, "CPCPSSameAsParent": null},
    })))
}

/// PEM as the CCADB takes it: without a line feed.
fn one_line(one: &Certificate) -> String {
    one.pem().replace('\n', "")
}
