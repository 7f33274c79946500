//! Posts events to an address of the operator's own, signed as <https://www.standardwebhooks.com>
//! says.

use std::io::{self, Write as _};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::FutureExt as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use sha2::Sha256;
use weir_core::event::Event;
use weir_core::secret::Secret;
use weir_core::settings::services;

use crate::batch::{Batch, Next, aside, one_by_one};
use crate::http::{Client, Endpoint, Reply, hidden_of};
use crate::sink::{Delivery, Outcome, Sink};

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// What secrets begin with.
const PREFIX: &str = "whsec_";

/// A webhook.
#[derive(Debug)]
pub struct Webhook {
    client: Client,
    endpoint: Endpoint,
    signer: Option<Signer>,
    batch: bool,
    gzip: bool,
}

impl Webhook {
    /// A webhook as `settings` say.
    ///
    /// # Errors
    /// When a setting cannot be used, or TLS cannot be set up.
    pub fn new(settings: &services::Webhook) -> io::Result<Self> {
        let mut endpoint = Endpoint::new(settings.url.expose())?;
        let mut hidden = hidden_of(&settings.url);
        for (name, value) in &settings.headers {
            endpoint = endpoint.with(name.clone(), value.expose())?;
            hidden.push(value.clone());
        }
        hidden.extend(settings.secret.clone());
        Ok(Self {
            client: Client::new(settings.timeout, hidden)?,
            endpoint,
            signer: settings.secret.as_ref().map(Signer::new).transpose()?,
            batch: settings.batch,
            gzip: settings.gzip,
        })
    }

    async fn deliver_batch(&self, events: &[Arc<Event>]) -> Vec<Outcome> {
        let mut batch = Batch::of(events, |event| {
            let line = serde_json::to_vec(event).ok()?;
            let size = line.len();
            Some(((event.request_id, line), size))
        })
        .await;
        while let Some(request) = batch.next() {
            let id = match request.items {
                [(id, _)] => one(id),
                items => many(items.iter().map(|(id, _)| id.as_bytes())),
            };
            let lines: Vec<_> = request.items.iter().map(|(_, line)| &**line).collect();
            let body = [b"[", &*lines.join(&b','), b"]"].concat();
            let range = request.range;
            let reply = self.post(&id, body).await;
            batch.settle_all(range, &reply.outcome, reply.next);
        }
        batch.into_outcomes()
    }

    async fn deliver_one(&self, event: &Arc<Event>) -> Reply {
        let told = Arc::clone(event);
        match aside(move || serde_json::to_vec(&*told)).await {
            Ok(body) => self.post(&one(&event.request_id), body).await,
            Err(error) => Reply {
                outcome: Outcome::Refused {
                    why: format!("it cannot be written: {error}"),
                },
                next: Next::GoOn,
                body: Bytes::new(),
            },
        }
    }

    async fn post(&self, id: &str, body: Vec<u8>) -> Reply {
        let mut headers = HeaderMap::new();
        let body = if self.gzip {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            aside(move || packed(&body)).await
        } else {
            body
        };
        if let Some(signer) = &self.signer {
            let now = Timestamp::now().as_second();
            headers.extend(signer.sign(id, now, &body));
        }
        self.client.post(&self.endpoint, headers, body.into()).await
    }
}

impl Sink for Webhook {
    fn kind(&self) -> &'static str {
        "webhook"
    }

    fn deliver<'a>(&'a self, batch: &'a [Arc<Event>]) -> Delivery<'a> {
        if self.batch {
            return Box::pin(self.deliver_batch(batch));
        }
        let requests = batch.iter();
        let requests = requests.map(|event| self.deliver_one(event).map(Some).boxed());
        Box::pin(one_by_one(requests.collect()))
    }
}

/// The id of a request with one event: the same however often it is sent.
fn one(request_id: &uuid::Uuid) -> String {
    format!("evt_{}", request_id.simple())
}

/// The id of a request with several, which is the same for the same events.
fn many<'a>(request_ids: impl Iterator<Item = &'a [u8; 16]>) -> String {
    let mut hash = blake3::Hasher::new();
    for id in request_ids {
        hash.update(id);
    }
    let hex = hash.finalize().to_hex();
    format!("batch_{}", hex.get(..32).unwrap_or_default())
}

fn packed(body: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(body)
        .and_then(|()| out.finish())
        .expect("writing to memory cannot fail")
}

/// Signs requests.
struct Signer(Hmac<Sha256>);

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(***)")
    }
}

impl Signer {
    fn new(secret: &Secret) -> io::Result<Self> {
        let wrong = || {
            let why = "`secret` is not `whsec_` and a key in base64";
            io::Error::new(io::ErrorKind::InvalidInput, why)
        };
        let key = secret.expose().strip_prefix(PREFIX).ok_or_else(wrong)?;
        let key = STANDARD.decode(key).map_err(|_| wrong())?;
        Hmac::new_from_slice(&key).map(Self).map_err(|_| wrong())
    }

    /// The headers of a request with `body` as it crosses the wire, at `now` in Unix seconds.
    fn sign(&self, id: &str, now: i64, body: &[u8]) -> HeaderMap {
        let mut mac = self.0.clone();
        mac.update(format!("{id}.{now}.").as_bytes());
        mac.update(body);
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        let values = [
            (ID, id.to_owned()),
            (TIMESTAMP, now.to_string()),
            (SIGNATURE, format!("v1,{signature}")),
        ];
        let valid = |text: String| HeaderValue::try_from(text).expect("it is visible ASCII");
        values
            .into_iter()
            .map(|(name, value)| (name, valid(value)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_signed_as_standard_webhooks_says() {
        // The example of the specification's reference implementations.
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let signer = Signer::new(&secret).unwrap();
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signed = signer.sign(id, 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(
            signed.get("webhook-signature").unwrap(),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        assert_eq!(signed.get("webhook-timestamp").unwrap(), "1614265330");
        assert_eq!(signed.get("webhook-id").unwrap(), id);
    }

    #[test]
    fn other_secrets_are_refused_without_being_told() {
        for secret in ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_hunter2!"] {
            let wrong = Signer::new(&Secret::new(secret)).unwrap_err().to_string();
            assert!(!wrong.contains(secret), "{wrong}");
        }
    }
}
