//! Sends captured requests again through the gateway of this process.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use http::Request;
use http::header::HOST;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use weir_core::settings::ProviderKind;
use weir_core::steer::{Piece, Pieces, Replay, Replayed, SteerError};
use weir_proxy::fleet::Member;
use weir_proxy::order::Order;
use weir_proxy::{Gateway, inside};

/// Sends it to `member`, with the credential that is configured for that.
///
/// # Errors
/// When the provider has no credential, or the gateway breaks off before it answers.
pub(crate) async fn resend(
    gateway: Arc<Gateway>,
    member: Arc<Member>,
    replay: Replay,
) -> Result<Replayed, SteerError> {
    let name = member.name();
    if !has_its_own(&member) {
        return Err(SteerError::Conflict(format!(
            "`{name}` has no key of its own, and those of clients are never kept; add one with \
             `POST /api/providers/{name}/keys` or under `providers.{name}.keys`"
        )));
    }
    if member.is_disabled() {
        return Err(SteerError::Conflict(format!("`{name}` is switched off")));
    }
    let request = request(replay.method, &replay.path, replay.body, replay.headers)?;
    let order = Order {
        provider: Some(Arc::clone(name)),
        model: replay.model.map(Into::into),
        subagent: None,
        origin: replay.origin,
    };
    let answer = inside::ask(&gateway, order, request).await;
    let answer = answer
        .map_err(|error| SteerError::Conflict(format!("the request was broken off: {error}")))?;
    let (head, body) = answer.into_parts();
    Ok(Replayed {
        status: head.status,
        headers: head.headers,
        body: Box::new(Coming(body)),
    })
}

/// Whether it can be asked without a client's credential. Programs on one's own machine need none.
fn has_its_own(member: &Member) -> bool {
    let open = matches!(
        member.provider.kind,
        ProviderKind::Ollama | ProviderKind::OpenaiCompatible
    );
    open || member.lends_credentials()
}

fn request(
    method: http::Method,
    path: &str,
    body: bytes::Bytes,
    headers: http::HeaderMap,
) -> Result<Request<Full<bytes::Bytes>>, SteerError> {
    let request = Request::builder().method(method).uri(path);
    let mut request = request.body(Full::new(body)).map_err(|error| {
        SteerError::Conflict(format!("the captured path cannot be sent again: {error}"))
    })?;
    *request.headers_mut() = headers;
    let host = http::HeaderValue::from_static("localhost");
    request.headers_mut().insert(HOST, host);
    Ok(request)
}

/// An answer's body.
struct Coming(Incoming);

impl Pieces for Coming {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Piece> + Send + '_>> {
        Box::pin(async {
            loop {
                let frame = match self.0.frame().await? {
                    Ok(frame) => frame,
                    Err(error) => return Some(Err(error.to_string())),
                };
                // Trailers are for nobody here.
                if let Ok(data) = frame.into_data() {
                    return Some(Ok(data));
                }
            }
        })
    }
}
