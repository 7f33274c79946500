//! The dashboard's files, which are in the program, and how they are served. Without them there is
//! a page of text.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, Request};
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use rust_embed::RustEmbed;
use sha2::{Digest as _, Sha256};

use crate::access::not_found;
use crate::front;

/// What pages may do: nothing but what this program serves.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; worker-src 'self' blob:; \
    manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
/// The pages, all of which are one file that sees by its address which it is.
const PAGES: [&str; 27] = [
    "/requests",
    "/requests/{id}",
    "/sessions",
    "/sessions/{id}",
    "/compare",
    "/usage",
    "/providers",
    "/projects",
    "/projects/new",
    "/projects/{id}",
    "/projects/{id}/edit",
    "/tokens",
    "/tokens/new",
    "/tokens/{id}",
    "/audit",
    "/audit/{id}",
    "/cache",
    "/events",
    "/nodes",
    "/routing",
    "/settings",
    "/setup",
    "/replay/{id}",
    "/login",
    "/api-docs",
    "/transcripts",
    "/live",
];
const INDEX: &str = "index.html";

#[derive(RustEmbed)]
#[folder = "../../dashboard/dist"]
#[allow_missing = true]
struct Built;

/// The files of the dashboard, by their path without the first slash.
#[derive(Debug, Default)]
pub struct Site {
    files: BTreeMap<String, File>,
}

#[derive(Debug)]
struct File {
    plain: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
    etag: HeaderValue,
}

impl Site {
    /// What was built into this program; nothing when the dashboard was not built before.
    #[must_use]
    pub fn built_in() -> Self {
        Self::of(Built::iter().filter_map(|path| {
            let content = Built::get(&path)?.data;
            let content = match content {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => bytes.into(),
            };
            Some((path.into_owned(), content))
        }))
    }

    /// These files. One that ends in `.br` or `.gz` is another form of the one without.
    pub fn of(files: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        let mut all: BTreeMap<String, Bytes> = files.into_iter().collect();
        let plain: Vec<String> = all
            .keys()
            .filter(|path| !path.ends_with(".br") && !path.ends_with(".gz"))
            .cloned()
            .collect();
        let mut files = BTreeMap::new();
        for path in plain {
            let Some(plain) = all.remove(&path) else {
                continue;
            };
            let file = File {
                etag: etag(&plain),
                brotli: all.remove(&format!("{path}.br")),
                gzip: all.remove(&format!("{path}.gz")),
                plain,
            };
            files.insert(path, file);
        }
        Self { files }
    }

    /// Whether there are pages.
    #[must_use]
    pub fn has_pages(&self) -> bool {
        self.files.contains_key(INDEX)
    }

    /// Whether a path needs no credential: the page to log in on, and what pages are made of.
    pub(crate) fn is_open(&self, path: &str) -> bool {
        path == "/login"
            || path
                .strip_prefix('/')
                .is_some_and(|path| self.is_file(path))
    }

    fn is_file(&self, path: &str) -> bool {
        path != INDEX && self.files.contains_key(path)
    }

    fn answer(&self, path: &str, headers: &HeaderMap) -> Option<Response> {
        let file = self.files.get(path)?;
        // The names in there say what is in them.
        let cache = if path.starts_with("assets/") {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        let mut response = match headers.get(IF_NONE_MATCH) {
            Some(known) if is_among(known, &file.etag) => StatusCode::NOT_MODIFIED.into_response(),
            _ => file.body(headers).into_response(),
        };
        let fixed = [
            (CONTENT_TYPE, HeaderValue::from_static(content_type(path))),
            (CACHE_CONTROL, HeaderValue::from_static(cache)),
            (ETAG, file.etag.clone()),
            (VARY, HeaderValue::from_static("accept-encoding")),
            (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        ];
        for (name, value) in fixed {
            response.headers_mut().insert(name, value);
        }
        Some(response)
    }
}

impl File {
    /// The smallest form that the client takes.
    fn body(&self, headers: &HeaderMap) -> Response {
        let forms = [("br", &self.brotli), ("gzip", &self.gzip)];
        let taken = forms.into_iter().find_map(|(coding, form)| {
            let form = form.as_ref().filter(|_| takes(headers, coding))?;
            Some((coding, form.clone()))
        });
        match taken {
            Some((coding, form)) => ([(CONTENT_ENCODING, coding)], form).into_response(),
            None => self.plain.clone().into_response(),
        }
    }
}

fn etag(content: &[u8]) -> HeaderValue {
    let digest = Sha256::digest(content);
    let hex: String = digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    // Weak, since the same stands for every coding.
    HeaderValue::try_from(format!("W/\"{hex}\"")).expect("hex digits fit into a header")
}

fn is_among(known: &HeaderValue, etag: &HeaderValue) -> bool {
    let (known, etag) = (
        known.to_str().unwrap_or_default(),
        etag.to_str().unwrap_or_default(),
    );
    known.split(',').any(|one| one.trim() == etag)
}

/// Whether a client takes a content coding, and not with `q=0`.
fn takes(headers: &HeaderMap, coding: &str) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).any(|one| {
        let (name, quality) = one.split_once(';').unwrap_or((one, ""));
        let refused = matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
        name.trim().eq_ignore_ascii_case(coding) && !refused
    })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Whether a browser asks for a page to show.
pub(crate) fn wants_page(method: &Method, headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter();
    let mut accepted = accepted.filter_map(|value| value.to_str().ok());
    (method == Method::GET || method == Method::HEAD)
        && accepted.any(|value| value.contains("text/html"))
}

/// The pages, and what they are made of.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let pages = PAGES
        .into_iter()
        .fold(Router::new(), |router, path| router.route(path, get(page)));
    pages.route("/", get(root))
}

async fn root(site: Extension<Arc<Site>>, request: Request) -> Response {
    if site.has_pages() && wants_page(request.method(), request.headers()) {
        return page(site, request).await;
    }
    front::front().into_response()
}

async fn page(Extension(site): Extension<Arc<Site>>, request: Request) -> Response {
    let asked = wants_page(request.method(), request.headers());
    match site.answer(INDEX, request.headers()).filter(|_| asked) {
        Some(page) => page,
        None => not_found(&request),
    }
}

/// What is neither a call nor a page: a file, or nothing.
pub(crate) async fn otherwise(Extension(site): Extension<Arc<Site>>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let file = site.is_file(path) && reads;
    let answer = file.then(|| site.answer(path, request.headers()));
    answer.flatten().unwrap_or_else(|| not_found(&request))
}
