//! DER read: the second implementation, strict and without copies.
//!
//! [`certificate()`], [`crl()`], [`ocsp_response()`], [`request()`] and the `tbs_…` functions take DER and nothing else: what
//! is not DER throughout, the values of known extensions included, is an error. Each has a twin in [`lenient`] that
//! reads as far as can be and lists the faults it met.

mod algorithm;
mod certificate;
mod crl;
mod crl_stream;
pub mod der;
mod extension;
mod general_name;
mod list;
mod ocsp;
mod request;
mod signed;
#[cfg(test)]
mod strict;
mod time;
mod value;

pub use algorithm::AlgorithmView;
pub use certificate::{CertificateView, TbsCertificateView};
pub use crl::{CrlFields, CrlHead, CrlView, Entries, EntryView, ListPlace, TbsCrlView, crl_extensions};
pub use crl_stream::{CrlForm, CrlStream, ReadCrl};
pub use der::{Element, Fault, FaultKind, Faults, Header, ReadError};
pub use extension::{ExtensionView, Extensions};
pub use general_name::{DistributionPointName, GeneralName, GeneralNames};
pub use list::{Item, Items, List};
pub use ocsp::{
    BasicResponseView, CertIdView, CertStatus, EnclosedCertificate, OcspResponseView, ResponderId,
    ResponseDataView, SingleResponseView,
};
pub use request::{RequestAttribute, RequestInfoView, RequestView};
pub use time::{TimeForm, TimeView};
pub use value::{
    AccessDescription, AuthorityKeyIdentifier, BasicConstraints, DistributionPoint, IssuingDistributionPoint,
    NameConstraints, PolicyConstraints, PolicyInformation, PolicyMapping, PolicyQualifier, Subtree, Value,
};

macro_rules! readers {
    ($($(#[$doc:meta])* $name:ident -> $view:ident;)*) => {
        $($(#[$doc])*
        ///
        /// # Errors
        ///
        /// [`ReadError`] if it cannot be read or is not DER throughout.
        pub fn $name(octets: &[u8]) -> Result<$view<'_>, ReadError> {
            let (view, faults) = lenient::$name(octets)?;
            faults.none()?;
            Ok(view)
        })*

        /// Reading as far as can be: each reader gives what it read and the faults it met on the way.
        pub mod lenient {
            use super::{
                CertificateView, CrlView, Faults, OcspResponseView, ReadError, RequestInfoView, RequestView, ResponseDataView,
                TbsCertificateView, TbsCrlView, deep,
            };

            $($(#[$doc])*
            ///
            /// # Errors
            ///
            /// [`ReadError`] if it cannot be read.
            pub fn $name(octets: &[u8]) -> Result<($view<'_>, Faults), ReadError> {
                let mut faults = Faults::new();
                let view = $view::read(octets, &mut faults)?;
                deep::$name(&view, &mut faults);
                Ok((view, faults))
            })*
        }
    };
}

readers! {
    /// Reads a whole certificate.
    certificate -> CertificateView;
    /// Reads a whole TBSCertificate.
    tbs_certificate -> TbsCertificateView;
    /// Reads a whole CRL, every entry included.
    crl -> CrlView;
    /// Reads a whole TBSCertList, every entry included.
    tbs_crl -> TbsCrlView;
    /// Reads a whole OCSP response; the certificates in it are not looked into.
    ocsp_response -> OcspResponseView;
    /// Reads a whole ResponseData.
    response_data -> ResponseDataView;
    /// Reads a whole certificate signing request.
    request -> RequestView;
    /// Reads a whole CertificationRequestInfo.
    request_info -> RequestInfoView;
}

/// What the views leave for later: the values of extensions and the entries of CRLs.
mod deep {
    use super::{
        CertificateView, CrlView, Faults, OcspResponseView, RequestInfoView, RequestView, ResponseDataView,
        TbsCertificateView, TbsCrlView,
    };

    pub(super) fn certificate(view: &CertificateView<'_>, faults: &mut Faults) {
        tbs_certificate(&view.tbs(), faults);
    }

    pub(super) fn tbs_certificate(view: &TbsCertificateView<'_>, faults: &mut Faults) {
        view.extensions().read_values(faults);
    }

    pub(super) fn crl(view: &CrlView<'_>, faults: &mut Faults) {
        tbs_crl(&view.tbs(), faults);
    }

    pub(super) fn tbs_crl(view: &TbsCrlView<'_>, faults: &mut Faults) {
        view.read_entries(faults);
        view.extensions().read_values(faults);
    }

    pub(super) fn ocsp_response(view: &OcspResponseView<'_>, faults: &mut Faults) {
        if let Some(basic) = view.basic() {
            response_data(&basic.tbs(), faults);
        }
    }

    pub(super) fn response_data(view: &ResponseDataView<'_>, faults: &mut Faults) {
        for single in &view.responses() {
            single.extensions.read_values(faults);
        }
        view.extensions().read_values(faults);
    }

    pub(super) fn request(view: &RequestView<'_>, faults: &mut Faults) {
        request_info(&view.info(), faults);
    }

    pub(super) fn request_info(view: &RequestInfoView<'_>, faults: &mut Faults) {
        match view.extensions_with_faults(faults) {
            Ok(extensions) => extensions.read_values(faults),
            Err(error) => faults.note_unread(error),
        }
    }
}
