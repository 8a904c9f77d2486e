//! `ServerTls`: who the server is, and how it proves that.

use std::{error::Error, fmt, io, sync::Arc};

use futures_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        crypto::ring::default_provider,
        pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    },
};

use super::stream::Transport;
use crate::stream::Stream;

/// The protocols that are offered, the best one first. A client that names others alone is refused, so the old one is there, too.
#[cfg(feature = "http2")]
const PROTOCOLS: &[&[u8]] = &[b"h2", b"http/1.1", b"http/1.0"];
#[cfg(not(feature = "http2"))]
const PROTOCOLS: &[&[u8]] = &[b"http/1.1", b"http/1.0"];

/// A certificate and its key, for [`Serve::tls`](super::Serve::tls).
///
/// TLS 1.2 and 1.3 are spoken, by rustls.
#[doc(alias = "ssl_context")]
#[derive(Clone)]
pub struct ServerTls(Arc<ServerConfig>);

impl ServerTls {
    /// From the texts of two PEM files: the certificate with those that vouch for it (`fullchain.pem`), and its private key.
    ///
    /// # Errors
    /// A [`ServerTlsError`] when a file does not have what it should, or when the key is not that of the certificate.
    ///
    /// ```
    /// use smolio_http::server::ServerTls;
    /// let error = ServerTls::from_pem("no certificate", "no key").unwrap_err();
    /// assert_eq!(error.to_string(), "there is no certificate in the chain");
    /// ```
    #[doc(alias = "load_cert_chain")]
    pub fn from_pem(
        chain: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> Result<Self, ServerTlsError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain.as_ref()).collect();
        let chain = chain.map_err(Problem::Chain)?;
        if chain.is_empty() {
            return Err(Problem::NoCertificate.into());
        }
        let key = PrivateKeyDer::from_pem_slice(key.as_ref()).map_err(Problem::Key)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(Problem::Refused)?;
        config.alpn_protocols = PROTOCOLS.iter().map(|name| name.to_vec()).collect();
        Ok(Self(Arc::new(config)))
    }

    /// Shakes hands.
    pub(super) async fn accept(&self, transport: Transport) -> io::Result<Transport> {
        let acceptor = TlsAcceptor::from(self.0.clone());
        Ok(match transport {
            Transport::Stream(stream) => {
                let stream = acceptor.accept(stream).await?;
                Transport::Stream(Stream::Tls(Box::new(stream.into())))
            }
            Transport::Other(stream) => {
                Transport::OtherTls(Box::new(acceptor.accept(stream).await?))
            }
            Transport::OtherTls(_) => unreachable!("it is made here"),
        })
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").finish_non_exhaustive()
    }
}

/// Why there is no [`ServerTls`].
#[derive(Debug)]
pub struct ServerTlsError(Problem);

#[derive(Debug)]
enum Problem {
    Chain(pem::Error),
    NoCertificate,
    Key(pem::Error),
    Refused(rustls::Error),
}

impl From<Problem> for ServerTlsError {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl fmt::Display for ServerTlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Problem::Chain(error) => write!(f, "the chain of certificates cannot be read: {error}"),
            Problem::NoCertificate => f.write_str("there is no certificate in the chain"),
            Problem::Key(error) => write!(f, "the private key cannot be read: {error}"),
            Problem::Refused(error) => {
                write!(f, "the certificate and its key cannot be used: {error}")
            }
        }
    }
}

impl Error for ServerTlsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Problem::Chain(error) | Problem::Key(error) => Some(error),
            Problem::NoCertificate => None,
            Problem::Refused(error) => Some(error),
        }
    }
}
