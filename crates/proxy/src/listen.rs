//! Accepts connections and speaks HTTP/1.1, HTTP/2 and, over TLS, either of the two by ALPN.
//!
//! Each worker is one thread with its own single-threaded runtime. One acceptor deals connections
//! out in turn, and a connection stays on its worker, with the upstream connections it uses:
//! nothing on the way of a request crosses threads. (Workers that accept from a shared socket
//! leave all of a burst to the one that wakes first; a socket for each worker would let a second
//! weir start on the same port unnoticed.)

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use weir_core::settings::Server;

use crate::connection::{Deadlined, Deadlines};
use crate::service::{Gateway, Peer};

/// Longest TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long to rest when the process has no file descriptor left for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Header fields that hyper takes without being told.
const HYPER_HEADERS: usize = 100;
/// HTTP/2 streams one client may have open at once.
const MAX_STREAMS: u32 = 256;

/// Binds the listening socket.
///
/// # Errors
/// As the system's: the address is in use, not ours, or not permitted.
pub fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let domain = if address.is_ipv4() {
        socket2::Domain::IPV4
    } else {
        socket2::Domain::IPV6
    };
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
    // Lets a restart bind while connections of the last process are in TIME_WAIT.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(4096)?;
    Ok(socket.into())
}

/// Connections dealt to a worker that it has not looked at yet.
const BACKLOG: usize = 1024;

/// A connection on its way to a worker.
type Dealt = (std::net::TcpStream, SocketAddr);

/// Where a worker gets its connections.
#[derive(Debug)]
pub struct Inbox(mpsc::Receiver<Dealt>);

/// Deals connections out to workers in turn.
#[derive(Debug)]
pub struct Acceptor {
    listener: TcpListener,
    workers: Vec<mpsc::Sender<Dealt>>,
}

impl Acceptor {
    /// Prepares to accept from `listener` for `workers` workers. Must be called in a runtime.
    ///
    /// # Errors
    /// When the listener cannot be registered with the runtime.
    pub fn new(listener: std::net::TcpListener, workers: usize) -> io::Result<(Self, Vec<Inbox>)> {
        let (senders, inboxes) = (0..workers)
            .map(|_| mpsc::channel(BACKLOG))
            .map(|(sender, receiver)| (sender, Inbox(receiver)))
            .unzip();
        Ok((
            Self {
                listener: TcpListener::from_std(listener)?,
                workers: senders,
            },
            inboxes,
        ))
    }

    /// Accepts for ever. Dropping the future closes the port.
    ///
    /// # Cancel safety
    /// A connection that was accepted but not dealt is closed.
    pub async fn run(self) {
        let mut turn = 0;
        loop {
            match self.accept().await {
                Ok(dealt) => {
                    turn = (turn + 1) % self.workers.len();
                    // A worker that has ended takes no more; that is the end of the process.
                    if self.workers[turn].send(dealt).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn accept(&self) -> io::Result<Dealt> {
        let (stream, peer) = self.listener.accept().await?;
        Ok((stream.into_std()?, peer))
    }
}

/// What one worker needs to serve.
#[derive(Clone)]
pub struct Worker {
    /// What answers requests.
    pub gateway: Arc<Gateway>,
    /// This worker's number, from 0: which upstream connections are its own.
    pub index: usize,
    /// Limits of a connection; fixed for the life of the process.
    pub limits: ConnectionLimits,
    /// TLS, when weir speaks it.
    pub tls: Option<TlsAcceptor>,
    /// Ends accepting, and closes each connection after the answer it is giving.
    pub shutdown: CancellationToken,
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

/// Limits of a connection.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Time limits.
    pub deadlines: Deadlines,
    /// Largest request head, in bytes.
    pub max_header_bytes: usize,
    /// Most header fields in a request.
    pub max_headers: usize,
}

impl From<&Server> for ConnectionLimits {
    fn from(server: &Server) -> Self {
        Self {
            deadlines: Deadlines {
                header: server.header_timeout,
                idle: server.idle_timeout,
                write: server.write_timeout,
            },
            max_header_bytes: server.max_header_bytes,
            max_headers: server.max_headers,
        }
    }
}

impl Worker {
    /// Serves what comes into `inbox` until [`Worker::shutdown`] is cancelled and every connection
    /// has ended.
    pub async fn serve(self, mut inbox: Inbox) {
        let connections = TaskTracker::new();
        let protocols = Arc::new(self.protocols());
        loop {
            let (stream, peer) = tokio::select! {
                () = self.shutdown.cancelled() => break,
                dealt = inbox.0.recv() => match dealt {
                    Some(dealt) => dealt,
                    None => break,
                },
            };
            match TcpStream::from_std(stream) {
                Ok(stream) => {
                    let connection = self
                        .clone()
                        .connection(stream, peer, Arc::clone(&protocols));
                    connections.spawn(connection);
                }
                Err(error) => tracing::warn!(%error, "cannot serve a connection"),
            }
        }
        drop(inbox);
        connections.close();
        connections.wait().await;
    }

    fn protocols(&self) -> auto::Builder<TokioExecutor> {
        let mut protocols = auto::Builder::new(TokioExecutor::new());
        protocols
            .http1()
            .preserve_header_case(true)
            // A relayed answer keeps the upstream's `Date`, or its lack of one.
            .auto_date_header(false)
            .max_buf_size(self.limits.max_header_bytes.max(8192));
        if self.limits.max_headers != HYPER_HEADERS {
            // Costs an allocation for each request, which the default does not.
            protocols.http1().max_headers(self.limits.max_headers);
        }
        protocols
            .http2()
            .timer(TokioTimer::new())
            .auto_date_header(false)
            .max_header_list_size(u32::try_from(self.limits.max_header_bytes).unwrap_or(u32::MAX))
            .max_concurrent_streams(MAX_STREAMS)
            .adaptive_window(true);
        protocols
    }

    async fn connection(
        self,
        stream: TcpStream,
        peer: SocketAddr,
        protocols: Arc<auto::Builder<TokioExecutor>>,
    ) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot turn off delaying of small packets");
        }
        let Some(tls) = self.tls.clone() else {
            return self.http(stream, peer, &protocols).await;
        };
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.http(stream, peer, &protocols).await,
            Ok(Err(error)) => tracing::debug!(%error, %peer, "TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "TLS handshake took too long"),
        }
    }

    async fn http<S>(self, stream: S, peer: SocketAddr, protocols: &auto::Builder<TokioExecutor>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (gateway, shutdown) = (self.gateway, self.shutdown);
        let stream = Deadlined::new(stream, self.limits.deadlines);
        let address = peer;
        let peer = Peer {
            address: peer,
            activity: stream.activity(),
            worker: self.index,
            order: None,
            again: false,
        };
        let peer = Arc::new(peer);
        let service =
            service_fn(move |request| Arc::clone(&gateway).answer(request, Arc::clone(&peer)));
        let connection = protocols.serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, peer = %address, "connection ended early");
        }
    }
}
