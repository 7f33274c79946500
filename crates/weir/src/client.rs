//! A running weir's API as the commands use it: with credentials, in JSON, and with refusals in
//! words for the person at the terminal.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, IF_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use serde_json::Value;
use weir_wire::sse::Splitter;

use crate::cli::Gateway;
use crate::fetch::{self, Fetched};
use crate::lines::clean;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Longest silence of a stream; weir says something every 15 seconds.
const SILENCE: Duration = Duration::from_secs(40);
/// Largest event that is read, in bytes.
const MAX_EVENT: usize = 4 * 1024 * 1024;
/// Longest answer that is read as a whole, in bytes.
const MAX_LONG: usize = 512 * 1024 * 1024;
/// Largest refusal that is read, in bytes.
const MAX_REFUSAL: usize = 64 * 1024;

/// A gateway to ask.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    base: String,
    headers: HeaderMap,
}

impl Client {
    /// The gateway that the command line names.
    ///
    /// # Errors
    /// When a credential cannot be sent.
    pub(crate) fn new(gateway: &Gateway) -> anyhow::Result<Self> {
        let mut headers = HeaderMap::new();
        let credential = if let Some(password) = given(gateway.password.as_ref()) {
            Some(format!(
                "Basic {}",
                STANDARD.encode(format!("weir:{password}"))
            ))
        } else {
            given(gateway.token.as_ref()).map(|token| format!("Bearer {token}"))
        };
        if let Some(credential) = credential {
            let mut value = HeaderValue::from_str(&credential)
                .map_err(|_| anyhow!("the password or token has characters that cannot be sent"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let base = gateway.url.trim_end_matches('/').to_owned();
        Ok(Self { base, headers })
    }

    /// The same, for a change of just the state that `etag` names.
    pub(crate) fn if_still(&self, etag: HeaderValue) -> Self {
        let mut client = self.clone();
        client.headers.insert(IF_MATCH, etag);
        client
    }

    /// The same, for something that is made once however often it is asked for with `key`.
    ///
    /// # Errors
    /// When the key cannot be sent.
    pub(crate) fn once(&self, key: &str) -> anyhow::Result<Self> {
        let key = HeaderValue::from_str(key)
            .map_err(|_| anyhow!("an idempotency key has 16 to 255 visible ASCII characters"))?;
        let mut client = self.clone();
        client.headers.insert(IDEMPOTENCY_KEY, key);
        Ok(client)
    }

    /// Where it is.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Asks, whatever the answer is.
    ///
    /// # Errors
    /// When nobody answers.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Fetched> {
        let url = format!("{}{path}", self.base);
        let mut headers = self.headers.clone();
        let body = match body {
            Some(body) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                serde_json::to_vec(body)?
            }
            None => Vec::new(),
        };
        let answer = fetch::fetch(method, &url, headers, body).await;
        answer.map_err(|error| anyhow!("{error:#}\n  is weir running? `weir serve` starts it"))
    }

    /// Asks for JSON.
    ///
    /// # Errors
    /// When nobody answers, or the answer is a refusal.
    pub(crate) async fn json(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let answer = self.ask(method, path, body).await?;
        if !answer.status.is_success() {
            return Err(refusal(&answer));
        }
        serde_json::from_slice(&answer.body)
            .with_context(|| format!("{}{path}: this is not weir's API", self.base))
    }

    /// Reads what is there.
    ///
    /// # Errors
    /// As [`Client::json`].
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.json(Method::GET, path, None).await
    }

    /// Whether a weir answers there.
    pub(crate) async fn is_there(&self) -> bool {
        let url = format!("{}/livez", self.base);
        let answer = fetch::fetch(Method::GET, &url, HeaderMap::new(), Vec::new()).await;
        answer.is_ok_and(|answer| answer.status.is_success())
    }

    /// Reads something long as it comes.
    ///
    /// # Errors
    /// As [`Client::json`].
    pub(crate) async fn download(&self, path: &str) -> anyhow::Result<Incoming> {
        let url = format!("{}{path}", self.base);
        let response = fetch::open(&url, self.headers.clone()).await?;
        accepted(response).await
    }

    /// Reads JSON that may be long, such as an exchange with its bodies.
    ///
    /// # Errors
    /// As [`Client::json`].
    pub(crate) async fn get_long(&self, path: &str) -> anyhow::Result<Value> {
        let body = Limited::new(self.download(path).await?, MAX_LONG).collect();
        let body = body.await;
        let body = body.map_err(|error| anyhow!("the answer broke off: {error}"))?;
        serde_json::from_slice(&body.to_bytes())
            .with_context(|| format!("{}{path}: this is not weir's API", self.base))
    }

    /// Follows a stream of events.
    ///
    /// # Errors
    /// As [`Client::json`].
    pub(crate) async fn follow(&self, path: &str) -> anyhow::Result<Events> {
        self.follow_after(path, None).await
    }

    /// The same from behind the event with the id `last` on, as far as that is still known.
    ///
    /// # Errors
    /// As [`Client::json`].
    pub(crate) async fn follow_after(
        &self,
        path: &str,
        last: Option<&str>,
    ) -> anyhow::Result<Events> {
        let url = format!("{}{path}", self.base);
        let mut headers = self.headers.clone();
        if let Some(last) = last.and_then(|last| HeaderValue::from_str(last).ok()) {
            headers.insert("last-event-id", last);
        }
        let response = fetch::open(&url, headers).await?;
        Ok(Events {
            body: accepted(response).await?,
            splitter: Splitter::with_max_event(MAX_EVENT),
            ready: VecDeque::new(),
            last: last.map(str::to_owned),
        })
    }
}

/// The body of an answer that is no refusal.
async fn accepted(response: http::Response<Incoming>) -> anyhow::Result<Incoming> {
    let status = response.status();
    if status.is_success() {
        return Ok(response.into_body());
    }
    let body = Limited::new(response.into_body(), MAX_REFUSAL).collect();
    let body = tokio::time::timeout(SILENCE, body).await.ok();
    let body = body
        .and_then(Result::ok)
        .map(http_body_util::Collected::to_bytes);
    let body = body.unwrap_or_default();
    Err(refusal(&Fetched {
        status,
        headers: HeaderMap::new(),
        body,
    }))
}

/// What was said of a credential; an empty one is none.
fn given(secret: Option<&weir_core::secret::Secret>) -> Option<&str> {
    let secret = secret.map(weir_core::secret::Secret::expose);
    secret.filter(|secret| !secret.is_empty())
}

/// What a refusal says, and what to do about it.
pub(crate) fn refusal(answer: &Fetched) -> anyhow::Error {
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let said = match &json["error"] {
        Value::String(error) => error.as_str(),
        error => error["message"].as_str().unwrap_or("no reason given"),
    };
    let said = clean(said);
    match answer.status {
        StatusCode::UNAUTHORIZED => anyhow!(
            "{said}\n  --password or DASHBOARD_PASSWORD gives the dashboard's password, \
             --token or AUTH_TOKEN the gateway's token"
        ),
        StatusCode::NOT_FOUND if said == "Not found" => {
            anyhow!("the weir that runs has no such call; it is of another version")
        }
        status if said == "no reason given" => anyhow!("answered {status}"),
        _ => anyhow!("{said}"),
    }
}

/// A name as a part of a path.
pub(crate) fn segment(name: &str) -> String {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    let mut path = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            path.push('%');
            path.push(HEX[usize::from(byte >> 4)]);
            path.push(HEX[usize::from(byte & 15)]);
        }
    }
    path
}

/// A stream of events.
#[derive(Debug)]
pub(crate) struct Events {
    body: Incoming,
    splitter: Splitter,
    ready: VecDeque<Event>,
    last: Option<String>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Event {
    /// Its name.
    pub name: String,
    /// Its data.
    pub data: Vec<u8>,
    id: Option<String>,
}

impl Event {
    /// What it says in JSON.
    ///
    /// # Errors
    /// When it is not what it should be.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        serde_json::from_slice(&self.data).context("an event is not as expected")
    }
}

impl Events {
    /// The id of the last event that was given, to go on from there.
    pub(crate) fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// The next event that has `name`, read from its JSON. Others are passed over.
    ///
    /// # Errors
    /// As [`Events::any`], and when the event is not what it should be.
    pub(crate) async fn next<T: DeserializeOwned>(&mut self, name: &str) -> anyhow::Result<T> {
        loop {
            let event = self.any().await?;
            if event.name == name {
                return event.read();
            }
        }
    }

    /// The next event.
    ///
    /// # Errors
    /// When the stream ends or falls silent.
    pub(crate) async fn any(&mut self) -> anyhow::Result<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.last = event.id.clone().or(self.last.take());
                return Ok(event);
            }
            let frame = tokio::time::timeout(SILENCE, self.body.frame());
            let frame = frame.await.context("the stream has fallen silent")?;
            let Some(frame) = frame else {
                bail!("the stream has ended");
            };
            let frame = frame.context("the stream broke off")?;
            let ready = &mut self.ready;
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            if let Ok(piece) = frame.into_data() {
                self.splitter.push_with(&piece, |event, extras| {
                    ready.push_back(Event {
                        name: text(event.name),
                        data: event.data.to_vec(),
                        id: extras.id.map(text),
                    });
                });
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
