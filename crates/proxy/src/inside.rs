//! Requests of weir's own, on a connection within the process: they go the way of all requests,
//! with an order that settles where to.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use crate::order::Order;
use crate::service::{Gateway, Peer};

/// Bytes that may be on their way within the process in one direction.
const BUFFER: usize = 64 * 1024;

/// Sends `request` and gives the response as soon as its head is here. Dropping that breaks off.
/// Its provider's connection is a new one: kept ones are the workers'.
///
/// # Errors
/// When the gateway broke off before it answered.
pub async fn ask(
    gateway: &Arc<Gateway>,
    order: Order,
    request: Request<Full<Bytes>>,
) -> hyper::Result<Response<Incoming>> {
    let (near, far) = tokio::io::duplex(BUFFER);
    let peer = Arc::new(Peer {
        address: ([127, 0, 0, 1], 0).into(),
        activity: Arc::default(),
        worker: usize::MAX,
        order: Some(order),
        again: false,
    });
    let gateway = Arc::clone(gateway);
    let service =
        service_fn(move |request| Arc::clone(&gateway).answer(request, Arc::clone(&peer)));
    let mut server = http1::Builder::new();
    server.auto_date_header(false);
    let serving = server.serve_connection(TokioIo::new(far), service);
    tokio::spawn(async move {
        if let Err(error) = serving.await {
            tracing::debug!(%error, "a request of weir's own ended early");
        }
    });
    let (mut sender, connection) = conn::http1::handshake(TokioIo::new(near)).await?;
    tokio::spawn(connection);
    sender.send_request(request).await
}
