//! One small HTTP exchange with a server that gives out credentials: a connection of its own,
//! bounded in bytes and time. Providers' requests never come through here.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, Version};
use http_body_util::{BodyExt as _, Limited};
use weir_core::exchange::RawBody;
use weir_core::settings::{OutboundProxy, Provider};

use super::CredentialError;
use crate::body::Outgoing;
use crate::connect::Connector;
use crate::pool::Sender;

/// Largest answer, in bytes.
const MAX_ANSWER: usize = 256 * 1024;
/// Longest time from the connection to the end of the answer.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// Longest time to a connection with a server of the machine's own: where there is none, packets
/// vanish.
const NEAR_CONNECT_TIME: Duration = Duration::from_secs(1);

/// Which way a server is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// As the provider is, through its proxy if it has one.
    Provider,
    /// Directly: a metadata server knows the machine by its address.
    Near,
}

/// What is asked.
#[derive(Debug)]
pub(crate) struct Question {
    request: Request<()>,
    body: Bytes,
    way: Way,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    /// The body.
    pub(crate) body: Bytes,
}

impl Question {
    /// A question to an absolute address.
    pub(crate) fn new(method: Method, address: &str) -> Result<Self, CredentialError> {
        let uri: Uri = address
            .parse()
            .map_err(|error| CredentialError::because("a token address is no URL", &error))?;
        let host = uri
            .authority()
            .and_then(|authority| HeaderValue::from_str(authority.as_str()).ok())
            .filter(|_| matches!(uri.scheme_str(), Some("http" | "https")))
            .ok_or_else(|| {
                CredentialError::because("a token address is no URL", &"scheme or host is missing")
            })?;
        let mut request = Request::new(());
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.insert(HOST, host);
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(USER_AGENT, HeaderValue::from_static("weir"));
        Ok(Self {
            request,
            body: Bytes::new(),
            way: Way::Provider,
        })
    }

    /// To a server of the machine's own.
    pub(crate) fn near(mut self) -> Self {
        self.way = Way::Near;
        self
    }

    /// With a header; a value that no header can carry is left out.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.request.headers_mut().insert(name, value);
        }
        self
    }

    /// With a form.
    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.body("application/x-www-form-urlencoded", body)
    }

    /// With a body.
    pub(crate) fn body(mut self, kind: &'static str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        self
    }

    /// Method, address, headers and body, for a signature.
    pub(crate) fn parts_mut(&mut self) -> (&mut Request<()>, &Bytes) {
        (&mut self.request, &self.body)
    }
}

/// Asks servers that give out credentials.
#[derive(Clone, Debug)]
pub(crate) struct Fetcher {
    provider: Arc<Provider>,
}

impl Fetcher {
    /// Goes to distant servers as `provider` is gone to.
    pub(crate) fn new(provider: Arc<Provider>) -> Self {
        Self { provider }
    }

    /// Asks and reads the whole answer, whatever its status.
    pub(crate) async fn ask(&self, question: Question) -> Result<Answer, CredentialError> {
        let (connect_time, proxy) = match question.way {
            Way::Provider => (self.provider.connect_timeout, self.provider.proxy.clone()),
            Way::Near => (NEAR_CONNECT_TIME, OutboundProxy::Direct),
        };
        // The connector reads the address and the way from a provider.
        let target = Provider {
            base_url: question.request.uri().clone(),
            proxy,
            ..Provider::clone(&self.provider)
        };
        let unreachable = |cause: &dyn std::fmt::Display| {
            CredentialError::because("the server cannot be reached", cause)
        };
        // Reading the machine's root certificates takes milliseconds.
        let connector = tokio::task::spawn_blocking(move || Connector::new(&target))
            .await
            .map_err(|error| unreachable(&error))?
            .map_err(|error| unreachable(&error))?;
        let connecting = Box::pin(async { Sender::handshake(connector.connect().await?).await });
        let mut sender = tokio::time::timeout(connect_time, connecting)
            .await
            .map_err(|_| unreachable(&format_args!("no connection within {connect_time:?}")))?
            .map_err(|error| unreachable(&with_causes(&*error)))?;
        let talking = Box::pin(exchange(&mut sender, question));
        tokio::time::timeout(ANSWER_TIME, talking)
            .await
            .map_err(|_| CredentialError::new(format!("no answer within {ANSWER_TIME:?}")))?
    }
}

async fn exchange(sender: &mut Sender, question: Question) -> Result<Answer, CredentialError> {
    let mut body = RawBody::default();
    if !question.body.is_empty() {
        body.push(question.body);
    }
    let mut request = question.request.map(|()| Outgoing::from(&body));
    *request.version_mut() = sender.version();
    if sender.version() == Version::HTTP_2 {
        request.headers_mut().remove(HOST);
    } else if let Some(path) = request.uri().path_and_query().cloned() {
        *request.uri_mut() = Uri::from(path);
    }
    let broke =
        |cause: &dyn std::fmt::Display| CredentialError::because("the server broke off", cause);
    let response = sender
        .send(request)
        .await
        .map_err(|error| broke(&error.error()))?;
    let status = response.status();
    let body = Limited::new(response.into_body(), MAX_ANSWER)
        .collect()
        .await
        .map_err(|error| broke(&error))?
        .to_bytes();
    Ok(Answer { status, body })
}

/// An error with what caused it.
fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests;
