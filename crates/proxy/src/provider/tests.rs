//! Each kind's requests, from a client's to what would be sent.

use std::sync::Arc;

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use weir_core::exchange::RawBody;
use weir_core::secret::Secret;
use weir_core::settings::{Key, Provider, ProviderKind};
use weir_wire::dialect::recognise;
use weir_wire::peek::{Peek, Want};

use super::{Api, Asked, Outbound, Shaped, SignError, Signing, Unfit, api};
use crate::upstream::Upstream;

mod azure;
mod bedrock;
mod plain;
mod vertex;

/// A client's request.
#[derive(Clone, Copy)]
struct Asking {
    method: &'static str,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
}

const MESSAGE: &str =
    r#"{"model":"m1","n":12345678901234567890,"s":"<a>&","stream":false,"max_tokens":1}"#;
const STREAM: &str = r#"{ "stream": true, "model": "m1", "max_tokens": 1 }"#;

impl Asking {
    fn post(path: &'static str, body: &'static str) -> Self {
        Self {
            method: "POST",
            path,
            headers: &[("content-type", "application/json")],
            body,
        }
    }

    fn with(self, headers: &'static [(&'static str, &'static str)]) -> Self {
        Self { headers, ..self }
    }
}

fn provider(kind: ProviderKind, base_url: &str) -> Provider {
    Provider::new("p", kind, base_url.parse().unwrap())
}

fn key(secret: &str) -> Key {
    Key {
        secret: Secret::new(secret),
        name: None,
        rpm_limit: None,
        itpm_limit: None,
        otpm_limit: None,
        priority: 1,
        weight: 1,
        enabled: true,
    }
}

/// The request as `api` shapes it, not yet signed.
fn shaped(api: &dyn Api, asking: Asking) -> Result<Outbound, Unfit> {
    let method: Method = asking.method.parse().unwrap();
    let path = PathAndQuery::from_static(asking.path);
    let mut headers: HeaderMap = asking
        .headers
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        })
        .collect();
    let found = recognise(&method, path.path(), path.query(), &headers).unwrap();
    let mut body = RawBody::default();
    if !asking.body.is_empty() {
        // In two pieces, as a body may well come.
        let (one, two) = asking.body.split_at(asking.body.len() / 3);
        body.push(Bytes::from_static(one.as_bytes()));
        body.push(Bytes::from_static(two.as_bytes()));
    }
    let peek = Peek::of(found.dialect, &body.pieces, Want::MODEL | Want::STREAM);
    let client_model = found.path_model.or_else(|| peek.model());
    let mapping = &api.provider().model_mapping;
    let asked = Asked {
        dialect: found.dialect,
        operation: found.operation,
        method: &method,
        path: &path,
        client_model,
        model: client_model.map(|model| mapping.get(model).map_or(model, String::as_str)),
        stream: peek.stream().unwrap_or(false),
        peek: &peek,
        body: &body,
    };
    let Shaped { path, edits } = api.shape(&asked, &mut headers)?;
    let upstream = Upstream::new(Arc::new(api.provider().clone()), 1).unwrap();
    let body = if edits.is_empty() {
        body
    } else {
        let (pieces, len) = edits.apply(&body.pieces);
        RawBody { pieces, len }
    };
    Ok(Outbound {
        method,
        uri: upstream.uri(&path).unwrap(),
        headers,
        body,
    })
}

/// The request as `provider` gets it, with a key of these characters if there are any. The usual
/// kinds have nothing to wait for.
fn sent(provider: Provider, secret: &str, asking: Asking) -> Outbound {
    let api = api(&Arc::new(provider)).unwrap();
    let mut outbound = shaped(&*api, asking).unwrap();
    let key = (!secret.is_empty()).then(|| key(secret));
    match api.sign(&mut outbound, key.as_ref()) {
        Signing::Ready(signed) => signed.unwrap(),
        Signing::Wait(_) => panic!("there is nothing to wait for"),
    }
    outbound
}

fn unfit(provider: Provider, asking: Asking) -> Unfit {
    let api = api(&Arc::new(provider)).unwrap();
    shaped(&*api, asking).unwrap_err()
}

fn text(outbound: &Outbound) -> String {
    String::from_utf8(outbound.body.to_bytes().to_vec()).unwrap()
}

fn header<'a>(outbound: &'a Outbound, name: &str) -> &'a str {
    outbound
        .headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}
