//! A store in a directory of its own, and exchanges to put into it.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;
use uuid::Uuid;
pub(crate) use weir_core::exchange::samples::{body, headers};
use weir_core::exchange::{ExchangeId, RequestRecord, ResponseRecord, samples};
use weir_core::settings::DatabaseServer;
use weir_core::settings::{Capture, Retention};
use weir_store::{Found, Options, StoreError, Tuning};

pub(crate) use crate::shared::Recorder;
use crate::shared::server;

pub(crate) fn capture() -> Capture {
    Capture {
        enabled: true,
        required: false,
        max_body_bytes: 64 << 20,
        queue_bytes: 64 << 20,
        dedup_bytes: 16 << 20,
        search: true,
        retention: Retention::default(),
    }
}

pub(crate) struct Place {
    dir: TempDir,
    /// The server that captures go through, if they do.
    server: Option<DatabaseServer>,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            server: server(),
        }
    }

    pub(crate) fn db(&self) -> PathBuf {
        self.dir.path().join("data").join("weir.db")
    }

    pub(crate) fn options(&self) -> Options {
        Options {
            db_path: self.db(),
            capture: capture(),
            key_header: None,
            node: None,
            on_ended: None,
            follow: None,
            tuning: Tuning {
                window: Duration::from_millis(5),
                // A writer that gets no processor for a while has written all the same.
                flush: Duration::from_secs(20),
                ..Tuning::default()
            },
        }
    }

    pub(crate) fn options_with_rows(&self, most: u64) -> Capture {
        let mut capture = self.options().capture;
        capture.retention.max_rows = Some(most);
        capture
    }

    pub(crate) fn open(&self) -> Recorder {
        self.open_with(self.options())
    }

    /// A recorder that shares nothing.
    pub(crate) fn open_alone(&self) -> weir_store::Recorder {
        weir_store::Recorder::open(self.options()).unwrap()
    }

    pub(crate) fn open_with(&self, options: Options) -> Recorder {
        Recorder::open(options, self.server.as_ref())
    }
}

pub(crate) fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_micros()).unwrap()
}

pub(crate) fn request(sent: impl AsRef<[u8]>) -> RequestRecord {
    RequestRecord {
        query: Some("beta=true".into()),
        headers: headers(&[
            ("content-type", "application/json"),
            ("user-agent", "claude-cli/2.1.329 (external, sdk-cli)"),
            ("x-api-key", "sk-ant-api03-very-secret"),
        ]),
        ..samples::request(ExchangeId(Uuid::now_v7()), now_us(), sent)
    }
}

pub(crate) fn response(id: ExchangeId, came: impl AsRef<[u8]>) -> ResponseRecord {
    ResponseRecord {
        headers: headers(&[
            ("content-type", "application/json"),
            (
                "anthropic-organization-id",
                "0a1b2c3d-0000-4000-8000-000000000000",
            ),
        ]),
        ..samples::response(id, came)
    }
}

/// Sends one whole exchange and gives its id.
pub(crate) fn exchange(recorder: &impl Takes, sent: &[u8], came: &[u8]) -> String {
    let request = request(sent);
    let id = request.id;
    recorder.takes(request, response(id, came));
    id.to_string()
}

/// What takes exchanges.
pub(crate) trait Takes {
    fn takes(&self, request: RequestRecord, response: ResponseRecord);
}

impl Takes for Recorder {
    fn takes(&self, request: RequestRecord, response: ResponseRecord) {
        self.started(Box::new(request));
        self.finished(Box::new(response));
    }
}

impl Takes for weir_store::Recorder {
    fn takes(&self, request: RequestRecord, response: ResponseRecord) {
        self.started(Box::new(request));
        self.finished(Box::new(response));
    }
}

/// What was found, and how many there are.
pub(crate) fn rows<T>(found: Result<Found<T>, StoreError>) -> (Vec<T>, u64) {
    let found = found.unwrap();
    (found.rows, found.total.unwrap())
}

/// Waits until something is so; fails after ten seconds.
pub(crate) async fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(10), "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
