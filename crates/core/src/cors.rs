//! Which web pages may call: cross-origin requests of browsers, as the Fetch standard has them
//! (<https://fetch.spec.whatwg.org/#http-cors-protocol>).

use std::time::Duration;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method};

/// Every origin.
pub(crate) const ANY: &str = "*";
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, OPTIONS");
/// What pages may send if they do not say what they will.
const USUAL_HEADERS: HeaderValue =
    HeaderValue::from_static("Authorization, Content-Type, X-Requested-With");
/// What pages may read of an answer, besides what browsers always let them: all but credentials.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "X-Request-ID, Request-ID, Retry-After, X-Should-Retry, X-Weir-Provider, Cache-Status, Age",
);
const VARY_ORIGIN: HeaderValue = HeaderValue::from_static("Origin");
const VARY_PREFLIGHT: HeaderValue = HeaderValue::from_static(
    "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
);

/// Which origins may call, and for how long browsers may believe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cors {
    any: bool,
    origins: Box<[HeaderValue]>,
    max_age: HeaderValue,
}

impl Cors {
    /// `origins` are as browsers send them, or `*` for every one; none if there are none.
    #[must_use]
    pub fn new(origins: &[String], max_age: Duration) -> Option<Self> {
        if origins.is_empty() {
            return None;
        }
        let named = origins.iter().filter(|origin| *origin != ANY);
        Some(Self {
            any: origins.iter().any(|origin| origin == ANY),
            origins: named.filter_map(|origin| origin.parse().ok()).collect(),
            max_age: max_age.as_secs().into(),
        })
    }

    /// Whether every page may.
    #[must_use]
    pub fn allows_any(&self) -> bool {
        self.any
    }

    /// The origin of a request that may read its answer.
    #[must_use]
    pub fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        (self.any || self.origins.contains(origin)).then(|| origin.clone())
    }

    /// What a browser is told that asks before it calls; none if it may not. It is not said whether
    /// a token would be let in.
    #[must_use]
    pub fn preflight(&self, headers: &HeaderMap) -> Option<HeaderMap> {
        let origin = self.allowed(headers)?;
        let wanted = headers.get(ACCESS_CONTROL_REQUEST_HEADERS);
        let mut told = HeaderMap::with_capacity(5);
        let any = HeaderValue::from_static(ANY);
        told.insert(
            ACCESS_CONTROL_ALLOW_ORIGIN,
            if self.any { any } else { origin },
        );
        told.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        told.insert(
            ACCESS_CONTROL_ALLOW_HEADERS,
            wanted.cloned().unwrap_or(USUAL_HEADERS),
        );
        told.insert(ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        told.insert(VARY, VARY_PREFLIGHT);
        Some(told)
    }
}

/// Whether a text is an origin as browsers send it.
///
/// # Errors
/// What to write instead.
pub(crate) fn check_origin(text: &str) -> Result<(), String> {
    let has_host = text
        .split_once("://")
        .is_some_and(|(_, host)| !host.is_empty() && !host.contains(['/', '?', '#', '*', ' ']));
    if has_host {
        Ok(())
    } else {
        Err(format!(
            "`{text}` is no origin: write scheme://host or scheme://host:port"
        ))
    }
}

/// The method of the call that a browser asks for before it makes it; none if it asks nothing.
#[must_use]
pub fn asked_method(method: &Method, headers: &HeaderMap) -> Option<Method> {
    if method != Method::OPTIONS || !headers.contains_key(ORIGIN) {
        return None;
    }
    let wanted = headers.get(ACCESS_CONTROL_REQUEST_METHOD)?;
    Method::from_bytes(wanted.as_bytes()).ok()
}

/// Lets the page at `origin`, if it may, read an answer. What a provider says of pages is about
/// itself.
pub fn expose(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    headers.append(VARY, VARY_ORIGIN);
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        list.iter()
            .map(|(name, value)| {
                let value = HeaderValue::from_static(value);
                (name.parse().unwrap(), value)
            })
            .collect()
    }

    fn cors(origins: &[&str]) -> Option<Cors> {
        let origins: Vec<String> = origins.iter().map(|&origin| origin.into()).collect();
        Cors::new(&origins, Duration::from_secs(60))
    }

    #[test]
    fn nobody_is_allowed_where_nobody_is_named() {
        assert_eq!(cors(&[]), None);
    }

    #[test]
    fn an_origin_is_allowed_by_the_letter() {
        let cors = cors(&["https://ok", "http://127.0.0.1:5173"]).unwrap();
        for (origin, allowed) in [
            ("https://ok", true),
            ("http://127.0.0.1:5173", true),
            ("https://ok.evil", false),
            ("http://ok", false),
            ("null", false),
        ] {
            let sent = headers(&[("origin", origin)]);
            assert_eq!(cors.allowed(&sent).is_some(), allowed, "{origin}");
        }
        assert_eq!(cors.allowed(&HeaderMap::new()), None);
    }

    #[test]
    fn a_preflight_is_told_what_it_asked_for() {
        let sent = headers(&[
            ("origin", "https://ok"),
            ("access-control-request-headers", "x-foo"),
        ]);
        let told = cors(&["*"]).unwrap().preflight(&sent).unwrap();
        assert_eq!(told["access-control-allow-origin"], "*");
        assert_eq!(told["access-control-allow-headers"], "x-foo");
        assert_eq!(told["access-control-max-age"], "60");
        let told = cors(&["https://ok"]).unwrap().preflight(&sent).unwrap();
        assert_eq!(told["access-control-allow-origin"], "https://ok");
        assert_eq!(cors(&["https://else"]).unwrap().preflight(&sent), None);
    }

    #[test]
    fn only_an_options_request_with_an_origin_and_a_method_asks() {
        let asks = headers(&[
            ("origin", "https://ok"),
            ("access-control-request-method", "POST"),
        ]);
        assert_eq!(asked_method(&Method::OPTIONS, &asks), Some(Method::POST));
        assert_eq!(asked_method(&Method::POST, &asks), None);
        let plain = headers(&[("origin", "https://ok")]);
        assert_eq!(asked_method(&Method::OPTIONS, &plain), None);
    }
}
