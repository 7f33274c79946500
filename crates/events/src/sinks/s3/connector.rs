//! `object_store` on the client that the other sinks have, with an eye on what the store says.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::StatusCode;
use http_body_util::{BodyExt as _, Full};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use parking_lot::Mutex;

use crate::http::{Client, wait};
use crate::sink::Outcome;

/// Makes clients for `object_store`.
#[derive(Debug)]
pub(super) struct Connector(Service);

impl Connector {
    pub(super) fn new(client: Arc<Client>, said: Said) -> Self {
        Self(Service { client, said })
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

#[derive(Clone, Debug)]
struct Service {
    client: Arc<Client>,
    said: Said,
}

#[async_trait]
impl HttpService for Service {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let request = http::Request::from_parts(head, Full::new(body));
        let answer = self.client.send(request).await;
        let (head, body) = answer.map_err(|why| {
            self.said.failed(why.clone());
            // None of its own tries.
            HttpError::new(HttpErrorKind::Unknown, std::io::Error::other(why))
        })?;
        self.said.heard(&head, &String::from_utf8_lossy(&body));
        let (head, ()) = head.into_parts();
        Ok(HttpResponse::from_parts(head, body.into()))
    }
}

/// What the store said last. A sink asks one thing at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct Said(Arc<Mutex<Option<Last>>>);

#[derive(Clone, Debug)]
enum Last {
    Answer {
        status: StatusCode,
        words: String,
        after: Option<Duration>,
    },
    None {
        why: String,
    },
}

impl Said {
    pub(super) fn forget(&self) {
        *self.0.lock() = None;
    }

    fn failed(&self, why: String) {
        *self.0.lock() = Some(Last::None { why });
    }

    fn heard(&self, head: &http::Response<()>, body: &str) {
        let member = |name: &str| {
            let (_, rest) = body.split_once(&format!("<{name}>"))?;
            rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
        };
        // The rest of an error tells ids of keys and what was signed.
        let words = [member("Code"), member("Message")];
        *self.0.lock() = Some(Last::Answer {
            status: head.status(),
            words: words.into_iter().flatten().collect::<Vec<_>>().join(": "),
            after: wait(head.headers()),
        });
    }

    /// What a failure means.
    pub(super) fn outcome(&self, client: &Client, error: &object_store::Error) -> Outcome {
        let later = |why, after| Outcome::Later { why, after };
        let last = self.0.lock().clone();
        match last {
            None => later(client.clean(&error.to_string()), None),
            Some(Last::None { why }) => later(why, None),
            Some(Last::Answer {
                status,
                words,
                after,
            }) => {
                let words = client.clean(&words);
                let name = status.canonical_reason().unwrap_or_default();
                let why = format!("{} {name}: {words}", status.as_u16());
                match status.as_u16() {
                    408 | 409 | 425 | 429 | 500.. => later(why, after),
                    // The answer was fine; what was made of it was not.
                    200..=299 => later(client.clean(&error.to_string()), None),
                    _ => Outcome::Refused { why },
                }
            }
        }
    }
}
