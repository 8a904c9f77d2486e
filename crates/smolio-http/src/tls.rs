//! Certificates and keys as they come in files, and what both sides of TLS share.

use std::{error::Error, fmt, sync::Arc};

use futures_rustls::rustls::{
    self,
    crypto::{CryptoProvider, ring},
    pki_types::{self, CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};

/// The cryptography, named explicitly: the default of the process is for the program to choose, and may be missing.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// What is wrong with a certificate or a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsErrorKind {
    /// The text is not PEM, or what is in it is cut short.
    InvalidPem,
    /// There is no certificate in the text.
    NoCertificate,
    /// There is no private key in the text.
    NoKey,
    /// The certificate cannot be understood.
    InvalidCertificate,
    /// The key is of no kind that is supported, or belongs to another certificate.
    InvalidKey,
}

/// A certificate or a key that cannot be used.
///
/// ```
/// use smolio_http::{TlsErrorKind, TlsOptions};
/// let error = TlsOptions::new().extra_root("not PEM").unwrap_err();
/// assert_eq!(error.kind(), TlsErrorKind::NoCertificate);
/// assert_eq!(error.to_string(), "there is no certificate in the text");
/// ```
#[derive(Debug)]
pub struct TlsError {
    kind: TlsErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl TlsError {
    fn new(kind: TlsErrorKind) -> Self {
        Self { kind, source: None }
    }

    pub(crate) fn because(
        kind: TlsErrorKind,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        let source = Some(source.into());
        Self { kind, source }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> TlsErrorKind {
        self.kind
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            TlsErrorKind::InvalidPem => "the text is not PEM",
            TlsErrorKind::NoCertificate => "there is no certificate in the text",
            TlsErrorKind::NoKey => "there is no private key in the text",
            TlsErrorKind::InvalidCertificate => "the certificate cannot be used",
            TlsErrorKind::InvalidKey => "the private key cannot be used",
        })?;
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl Error for TlsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// All certificates of a PEM text, of which there must be one at least.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| TlsError::because(TlsErrorKind::InvalidPem, error))?;
    if found.is_empty() {
        return Err(TlsError::new(TlsErrorKind::NoCertificate));
    }
    Ok(found)
}

/// The first private key of a PEM text.
pub(crate) fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        pki_types::pem::Error::NoItemsFound => TlsError::new(TlsErrorKind::NoKey),
        error => TlsError::because(TlsErrorKind::InvalidPem, error),
    })
}

/// A certificate with those that vouch for it, and its key: checked to belong together.
pub(crate) fn certified_key(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, TlsError> {
    let (chain, key) = (certificates(chain)?, private_key(key)?);
    CertifiedKey::from_der(chain, key, &provider()).map_err(|error| {
        let kind = match error {
            rustls::Error::InvalidCertificate(_) => TlsErrorKind::InvalidCertificate,
            _ => TlsErrorKind::InvalidKey,
        };
        TlsError::because(kind, error)
    })
}
