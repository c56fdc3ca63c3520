//! STUB until the rules' branch lands.
#![allow(missing_docs, clippy::all, clippy::pedantic, reason = "stub")]
use crate::clock::Timestamp;
use std::fmt;
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    PublicTls,
    Private,
    PqcPilot,
}
impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PublicTls => "public-tls",
            Self::Private => "private",
            Self::PqcPilot => "pqc-pilot",
        })
    }
}
#[derive(Clone, Debug)]
pub struct Objection {
    pub rule: &'static str,
    pub message: String,
}
impl Objection {
    pub fn is_error(&self) -> bool {
        true
    }
}
impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.message)
    }
}
pub struct Judgement {
    pub objections: Vec<Objection>,
    pub passed: usize,
}
pub struct Context<'c> {
    pub policy: Policy,
    pub at: Timestamp,
    pub issuer: Option<&'c [u8]>,
    pub crossed: Option<&'c [u8]>,
    pub kind: &'static str,
}
pub mod certificate {
    pub fn judge(_: &crate::pki::read::TbsCertificateView<'_>, _: &super::Context<'_>) -> super::Judgement {
        super::Judgement { objections: vec![], passed: 0 }
    }
}
pub mod crl {
    pub fn judge(_: &crate::pki::read::TbsCrlView<'_>, _: &super::Context<'_>) -> super::Judgement {
        super::Judgement { objections: vec![], passed: 0 }
    }
}
pub mod ocsp {
    pub fn judge(_: &crate::pki::read::ResponseDataView<'_>, _: &super::Context<'_>) -> super::Judgement {
        super::Judgement { objections: vec![], passed: 0 }
    }
}
pub mod request {
    pub fn judge(_: &crate::pki::read::RequestInfoView<'_>, _: &super::Context<'_>) -> super::Judgement {
        super::Judgement { objections: vec![], passed: 0 }
    }
}
