//! TLS towards clients, with certificates that are read again when their files change.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use weir_core::settings::Tls;

/// The certificate being served, and where it came from.
pub struct Certificate {
    files: Tls,
    current: ArcSwap<CertifiedKey>,
    modified: Mutex<[Option<SystemTime>; 2]>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads both files.
    ///
    /// # Errors
    /// When one cannot be read, is not PEM, or the two do not belong together; the text names
    /// the file.
    pub fn load(files: &Tls) -> io::Result<Self> {
        let modified = modification_times(files);
        Ok(Self {
            files: files.clone(),
            current: ArcSwap::from_pointee(read(files)?),
            modified: Mutex::new(modified),
        })
    }

    /// Reads the files again if one has changed. Returns whether a new certificate is served.
    ///
    /// # Errors
    /// As [`Certificate::load`]; the old certificate stays in service.
    pub fn reload_if_changed(&self) -> io::Result<bool> {
        let now = modification_times(&self.files);
        if *self.modified.lock() == now {
            return Ok(false);
        }
        let certified = read(&self.files)?;
        *self.modified.lock() = now;
        self.current.store(Arc::new(certified));
        Ok(true)
    }

    /// An acceptor that always serves the current certificate, over HTTP/2 or HTTP/1.1.
    ///
    /// # Errors
    /// When the TLS library refuses its own defaults.
    pub fn acceptor(self: &Arc<Self>) -> io::Result<TlsAcceptor> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

fn modification_times(files: &Tls) -> [Option<SystemTime>; 2] {
    let modified = |path: &Path| {
        std::fs::metadata(path)
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    [modified(&files.cert_file), modified(&files.key_file)]
}

fn read(files: &Tls) -> io::Result<CertifiedKey> {
    let fault = |path: &Path, cause: &dyn fmt::Display| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{}: {cause}", path.display()),
        )
    };
    let cert_file = &files.cert_file;
    let chain = CertificateDer::pem_file_iter(cert_file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|cause| fault(cert_file, &cause))?;
    if chain.is_empty() {
        return Err(fault(cert_file, &"no certificate in it"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key_file)
        .map_err(|cause| fault(&files.key_file, &cause))?;
    CertifiedKey::from_der(chain, key, &ring::default_provider())
        .map_err(|cause| fault(&files.key_file, &cause))
}
