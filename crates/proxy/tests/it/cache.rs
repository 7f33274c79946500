//! Answers that are given again, over real sockets. Time is the test's.

mod asking;
mod keeping;
mod meanwhile;
mod streams;
mod together;

use std::sync::atomic::Ordering;

use weir_core::cache::CacheView;
use weir_mock::Raw;

use crate::net::{Answer, BODY, Net, ask, bare, net, post};

const KEY: &str = "x-api-key: sk-ant-api03-one";
const OPT_IN: &str = "Cache-Control: public, max-age=60";
const PUBLIC: &str = "public, max-age=60";
const MODELS: &str = "/v1/models";

/// A gateway with a cache.
async fn cached(more: &[(&str, &str)]) -> Net {
    let mut settings = vec![("cache.enabled", "true")];
    settings.extend(more);
    net(&settings).await
}

/// A JSON answer that says `name`.
fn json(name: &str, headers: &[(&str, &str)]) -> Raw {
    let raw = Raw::new(200).header("content-type", "application/json");
    let add = |raw: Raw, (name, value): &(&str, &str)| raw.header(name, value);
    let raw = headers.iter().fold(raw, add);
    raw.body(format!(r#"{{"id":"{name}"}}"#))
}

/// What an answer says.
fn id(answer: &Answer) -> String {
    assert_eq!(
        answer.status,
        200,
        "{:?}",
        String::from_utf8_lossy(&answer.body)
    );
    answer.json()["id"].as_str().unwrap_or_default().to_owned()
}

impl Net {
    async fn get(&self, headers: &[&str]) -> Answer {
        self.at("GET", MODELS, headers).await
    }

    async fn at(&self, method: &str, path: &str, headers: &[&str]) -> Answer {
        let headers: Vec<&str> = [KEY].iter().chain(headers).copied().collect();
        ask(self.addr, &bare(method, path, &headers)).await
    }

    /// A message of the test's, with a credential of the client's own.
    async fn say(&self, headers: &[&str]) -> Answer {
        self.say_this(headers, BODY).await
    }

    async fn say_this(&self, headers: &[&str], body: &[u8]) -> Answer {
        let headers: Vec<&str> = [KEY].iter().chain(headers).copied().collect();
        ask(self.addr, &post("/v1/messages", &headers, body)).await
    }

    /// Makes entries this much older.
    fn later(&self, ms: u64) {
        self.ahead_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Requests that have reached the provider.
    fn reached(&self) -> usize {
        self.mock.received().len()
    }

    fn view(&self) -> CacheView {
        self.gateway.cache.view(true)
    }
}

fn word(answer: &Answer) -> &str {
    answer.header("x-proxy-cache").unwrap_or_default()
}

fn status(answer: &Answer) -> &str {
    answer.header("cache-status").unwrap_or_default()
}
