//! The mock's port: open, or closed as that of a process that has died, with the same number kept.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::server::{self, Shared};

/// Most connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// A port.
#[derive(Debug)]
pub(crate) enum Door {
    /// Connections are accepted.
    Open {
        stop: CancellationToken,
        task: AbortOnDropHandle<()>,
    },
    /// Connections are refused; the bound socket keeps the port from everyone else.
    Closed(TcpSocket),
    /// Neither worked.
    Lost,
}

impl Door {
    pub(crate) fn open(listener: TcpListener, shared: Arc<Shared>) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(server::accept(listener, shared, stop.clone()));
        Self::Open {
            stop,
            task: AbortOnDropHandle::new(task),
        }
    }

    /// Closes all connections and the port. Until then nothing else can take it: what remains is
    /// a moment between two system calls.
    pub(crate) async fn refuse(&mut self, addr: SocketAddr) -> io::Result<()> {
        if let Self::Closed(_) = self {
            return Ok(());
        }
        self.shut().await;
        let socket = if addr.is_ipv4() {
            TcpSocket::new_v4()?
        } else {
            TcpSocket::new_v6()?
        };
        socket.set_reuseaddr(true)?; // connections that have been cut may linger
        socket.bind(addr)?;
        *self = Self::Closed(socket);
        Ok(())
    }

    /// Accepts again, on the same port.
    pub(crate) fn accept(&mut self, shared: Arc<Shared>) -> io::Result<()> {
        match std::mem::replace(self, Self::Lost) {
            Self::Closed(socket) => {
                *self = Self::open(socket.listen(BACKLOG)?, shared);
                Ok(())
            }
            open @ Self::Open { .. } => {
                *self = open;
                Ok(())
            }
            Self::Lost => Err(io::Error::other("the port could not be kept")),
        }
    }

    /// Closes for good.
    pub(crate) async fn shut(&mut self) {
        if let Self::Open { stop, task } = std::mem::replace(self, Self::Lost) {
            stop.cancel();
            task.await.ok();
        }
    }
}
