//! Calls of the API, without a socket.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tempfile::TempDir;
use tower_service::Service as _;
use weir_admin::{Access, Admin, Caching, Nodes, Peer, Site, Transcripts, router_with};
use weir_core::cache::CacheView;
use weir_core::event::EventsView;
use weir_core::health::Lifecycle;
use weir_core::identity::{DEFAULT_KEY_HEADER, Gate};
use weir_core::secret::Secret;
use weir_core::settings::{Auth, Capture, Retention};
use weir_store::{Options, Recorder, Tuning};

use crate::fake::Fake;

/// The API over a gateway that is made up.
pub(crate) struct Api {
    pub(crate) gateway: Arc<Fake>,
    pub(crate) router: Router,
    /// What the history is recorded with.
    pub(crate) recorder: Recorder,
    _store: TempDir,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) json: Value,
}

impl Api {
    /// Open to everybody.
    pub(crate) fn open() -> Self {
        Self::new(None, None)
    }

    pub(crate) fn new(password: Option<&str>, api_key: Option<&str>) -> Self {
        Self::guarded(password, &auth(api_key), Site::default())
    }

    /// With pages.
    pub(crate) fn with_pages(password: Option<&str>) -> Self {
        let files = [
            ("index.html", "<!doctype html>weir"),
            ("favicon.svg", "<svg/>"),
            ("assets/a-1.js", "plain"),
            ("assets/a-1.js.br", "brotli"),
            ("assets/a-1.js.gz", "gzip"),
        ];
        let files =
            files.map(|(path, text)| (path.to_owned(), Bytes::from_static(text.as_bytes())));
        Self::guarded(password, &auth(None), Site::of(files))
    }

    /// Behind a data plane that any bearer opens.
    pub(crate) fn of_subscribers() -> Self {
        let auth = Auth {
            enabled: true,
            any_bearer: true,
            ..auth(None)
        };
        Self::guarded(None, &auth, Site::default())
    }

    /// Open to everybody, with a history that is kept.
    pub(crate) fn recording() -> Self {
        Self::made(
            (None, Site::default()),
            &auth(None),
            (Transcripts::off(), true),
        )
    }

    /// The same, with or without a history that is kept, and with transcripts below `root`.
    pub(crate) fn with_transcripts(root: &Path, captures: bool) -> Self {
        let root = root.to_owned();
        let transcripts = Transcripts::new(move || Some(root.clone()));
        Self::made(
            (None, Site::default()),
            &auth(None),
            (transcripts, captures),
        )
    }

    fn guarded(password: Option<&str>, auth: &Auth, site: Site) -> Self {
        Self::made((password, site), auth, (Transcripts::off(), false))
    }

    fn made(
        (password, site): (Option<&str>, Site),
        auth: &Auth,
        (transcripts, captures): (Transcripts, bool),
    ) -> Self {
        let store = tempfile::tempdir().unwrap();
        let gateway = Arc::new(Fake::default());
        let access = Access {
            managers: Arc::default(),
            password: password.map(Secret::new),
            gate: Arc::new(Gate::new(auth, false)),
            hosts: Arc::new([]),
            tls: false,
            trust_proxy: true,
            trusted_proxies: Arc::new(["127.0.0.0/8".parse().unwrap()]),
        };
        let admin = admin(&store, Arc::clone(&gateway), (transcripts, captures));
        let recorder = admin.store.clone();
        let router = router_with(admin, Arc::new(move || access.clone()), site);
        Self {
            gateway,
            router,
            recorder,
            _store: store,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        self.call(Method::GET, path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Got {
        self.call(Method::POST, path, &[], body).await
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Got {
        let response = self.ask(method, path, headers, body).await;
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let json = serde_json::from_slice(&body)
            .unwrap_or_else(|_| panic!("{path}: not JSON: {}", String::from_utf8_lossy(&body)));
        Got { status, json }
    }

    /// An answer of which only the head is here.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "127.0.0.1:3001");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let peer: SocketAddr = "127.0.0.1:50000".parse().unwrap();
        let request = request.extension(Peer(peer));
        let request = request.body(Body::from(Bytes::from(body.to_owned())));
        let Ok(response) = self.router.clone().call(request.unwrap()).await;
        response
    }
}

fn auth(api_key: Option<&str>) -> Auth {
    Auth {
        enabled: api_key.is_some(),
        bearer_token: None,
        any_bearer: false,
        api_key: api_key.map(Secret::new),
        api_key_header: DEFAULT_KEY_HEADER,
        allow_localhost_bypass: false,
        token_in_path: false,
    }
}

fn admin(
    store: &TempDir,
    steering: Arc<Fake>,
    (transcripts, captures): (Transcripts, bool),
) -> Arc<Admin> {
    let store = Recorder::open(Options {
        db_path: store.path().join("weir.db"),
        capture: Capture {
            enabled: captures,
            required: false,
            max_body_bytes: 1 << 20,
            queue_bytes: 16 << 20,
            dedup_bytes: 0,
            search: true,
            retention: Retention::default(),
        },
        key_header: None,
        node: None,
        on_ended: None,
        follow: None,
        tuning: Tuning {
            // A writer that gets no processor for a while has written all the same.
            flush: Duration::from_secs(20),
            ..Tuning::default()
        },
    })
    .unwrap();
    Arc::new(Admin {
        reader: store.reader(),
        store,
        lifecycle: Arc::new(Lifecycle::default()),
        capture_required: Box::new(|| false),
        metrics: Box::new(String::new),
        public_url: Box::new(|| None),
        transcripts,
        steering,
        control: None,
        cache: Caching {
            view: Box::new(CacheView::default),
            projects: Box::new(Vec::new),
            purge: Box::new(|_| Box::pin(async { Ok(0) })),
        },
        nodes: Box::new(|| Nodes {
            nodes: Vec::new(),
            hint: None,
        }),
        distant: Arc::default(),
        events: Box::new(EventsView::default),
    })
}
