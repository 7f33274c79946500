//! Joins the data plane to the API: paths that are no LLM API's go to the router, and unknown
//! ones get an error that an LLM client understands.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;

use axum::Router;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use weir_admin::Peer;
use weir_proxy::{Body, BoxError, Control};

/// The API's router in the shape that the data plane calls.
#[derive(Debug)]
pub(crate) struct ApiControl(pub Router);

impl Control for ApiControl {
    fn answer(
        &self,
        mut request: Request<Incoming>,
        peer: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        request.extensions_mut().insert(Peer(peer));
        let router = TowerToHyperService::new(self.0.clone());
        Box::pin(async move {
            let answered: Result<_, Infallible> =
                router.call(request.map(axum::body::Body::new)).await;
            let Ok(response) = answered;
            response.map(|body| Body::from(body.map_err(BoxError::from).boxed_unsync()))
        })
    }
}
