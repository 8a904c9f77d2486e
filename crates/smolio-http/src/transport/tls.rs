//! TLS as a client speaks it: whom it trusts, and who it is.

use std::{fmt, sync::Arc};

use async_lock::OnceCell;
use futures_rustls::{
    TlsConnector,
    rustls::{
        self, ClientConfig, RootCertStore,
        client::{WebPkiServerVerifier, danger::ServerCertVerifier},
        pki_types::{CertificateDer, ServerName},
        sign::{CertifiedKey, SingleCertAndKey},
    },
};
use rustls_platform_verifier::Verifier;
use smolio_executor::to_thread;

use crate::{
    error::{RequestError, RequestErrorKind},
    stream::Stream,
    tls::{TlsError, TlsErrorKind, certificates, certified_key, provider},
};

/// Whom the client trusts in TLS, and as whom it shows itself.
///
/// By default it trusts whom the system trusts, and shows no certificate. What is given here is read at once, and checked.
///
/// ```no_run
/// use smolio_http::{SmolTransport, TlsOptions};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tls = TlsOptions::new()
///     .extra_root(std::fs::read("company.pem")?)?
///     .client_certificate(std::fs::read("me.pem")?, std::fs::read("me.key")?)?;
/// let transport = SmolTransport::builder().tls(tls).build();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[doc(alias = "SSLContext")]
#[doc(alias = "ssl")]
pub struct TlsOptions {
    extra_roots: Vec<CertificateDer<'static>>,
    extra_roots_only: bool,
    client_certificate: Option<Arc<CertifiedKey>>,
}

impl TlsOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts the certificates of a PEM text too. May be called several times.
    ///
    /// # Errors
    /// When there is no certificate in the text, or one that cannot be understood.
    #[doc(alias = "load_verify_locations")]
    #[doc(alias = "cafile")]
    pub fn extra_root(mut self, pem: impl AsRef<[u8]>) -> Result<Self, TlsError> {
        let certificates = certificates(pem.as_ref())?;
        let mut check = RootCertStore::empty();
        for certificate in certificates {
            check
                .add(certificate.clone())
                .map_err(|error| TlsError::because(TlsErrorKind::InvalidCertificate, error))?;
            self.extra_roots.push(certificate);
        }
        Ok(self)
    }

    /// Trusts nobody but the [`extra_root`](Self::extra_root)s; without any, nobody at all.
    #[must_use]
    pub fn extra_roots_only(mut self) -> Self {
        self.extra_roots_only = true;
        self
    }

    /// Shows a certificate to servers that ask for one: the certificate with those that vouch for it, and its private key, as
    /// PEM texts.
    ///
    /// # Errors
    /// When one of them is missing or cannot be understood, or when they do not belong together.
    #[doc(alias = "load_cert_chain")]
    pub fn client_certificate(
        mut self,
        chain_pem: impl AsRef<[u8]>,
        key_pem: impl AsRef<[u8]>,
    ) -> Result<Self, TlsError> {
        let key = certified_key(chain_pem.as_ref(), key_pem.as_ref())?;
        self.client_certificate = Some(Arc::new(key));
        Ok(self)
    }

    /// Blocks: the system's certificates are files.
    fn load(&self) -> Result<ClientConfig, rustls::Error> {
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(self.verifier()?);
        Ok(match &self.client_certificate {
            None => config.with_no_client_auth(),
            Some(key) => {
                let key = SingleCertAndKey::from(key.clone());
                config.with_client_cert_resolver(Arc::new(key))
            }
        })
    }

    fn verifier(&self) -> Result<Arc<dyn ServerCertVerifier>, rustls::Error> {
        let extra_roots = self.extra_roots.iter().cloned();
        if !self.extra_roots_only {
            let verifier = Verifier::new_with_extra_roots(extra_roots, provider())?;
            return Ok(Arc::new(verifier));
        }
        let mut roots = RootCertStore::empty();
        for root in extra_roots {
            roots.add(root)?;
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider());
        let verifier = verifier.build();
        let verifier = verifier.map_err(|error| rustls::Error::General(error.to_string()))?;
        Ok(verifier)
    }
}

/// Without the key.
impl fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsOptions")
            .field("extra_roots", &self.extra_roots.len())
            .field("extra_roots_only", &self.extra_roots_only)
            .field("client_certificate", &self.client_certificate.is_some())
            .finish()
    }
}

/// What may be spoken over a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocols {
    /// HTTP/1.1, and nothing else.
    Http1,
    /// HTTP/2 where the peer can, else HTTP/1.1.
    #[cfg(feature = "http2")]
    Any,
}

/// Makes streams of TLS. What it needs from the system is read once, when it is first needed.
#[derive(Debug, Default)]
pub(crate) struct TlsClient {
    options: TlsOptions,
    config: OnceCell<ClientConfigs>,
}

#[derive(Debug)]
struct ClientConfigs {
    http1: Arc<ClientConfig>,
    #[cfg(feature = "http2")]
    any: Arc<ClientConfig>,
}

impl TlsClient {
    pub(crate) fn new(options: TlsOptions) -> Self {
        Self {
            options,
            config: OnceCell::new(),
        }
    }

    /// Agrees on TLS with a server of that name.
    pub(crate) async fn connect(
        &self,
        host: &str,
        protocols: Protocols,
        stream: Stream,
    ) -> Result<Stream, RequestError> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| RequestError::new(RequestErrorKind::InvalidUrl).because(error))?;
        let config = self.config(protocols).await?;
        let connected = TlsConnector::from(config).connect(name, stream).await;
        let stream =
            connected.map_err(|error| RequestError::new(RequestErrorKind::Tls).because(error))?;
        Ok(Stream::Tls(Box::new(stream.into())))
    }

    async fn config(&self, protocols: Protocols) -> Result<Arc<ClientConfig>, RequestError> {
        let configs = self
            .config
            .get_or_try_init(async || {
                let options = self.options.clone();
                let loaded = to_thread(move || options.load()).await;
                loaded.map(ClientConfigs::new)
            })
            .await
            .map_err(|error| RequestError::new(RequestErrorKind::Tls).because(error))?;
        Ok(match protocols {
            Protocols::Http1 => configs.http1.clone(),
            #[cfg(feature = "http2")]
            Protocols::Any => configs.any.clone(),
        })
    }
}

impl ClientConfigs {
    fn new(mut config: ClientConfig) -> Self {
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        #[cfg(feature = "http2")]
        let any = {
            let mut any = config.clone();
            any.alpn_protocols.insert(0, b"h2".to_vec());
            Arc::new(any)
        };
        Self {
            http1: Arc::new(config),
            #[cfg(feature = "http2")]
            any,
        }
    }
}
