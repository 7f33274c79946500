//! Exchanges as they begin and end, as server-sent events. Who comes back with the last id that it
//! saw gets what it missed.

mod distant;
mod ring;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;
use weir_store::model::RequestSummary;
use weir_store::{Reader, Summary};

pub use self::distant::Distant;
use self::distant::Following;
use self::ring::{Ring, Unseen};
use crate::fault::{Error, Fault};
use crate::params::Params;
use crate::router::Admin;

/// Silence after which a comment shows that the connection lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Most followers at once.
const MAX_FOLLOWERS: usize = 256;

/// The live feed.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(live))
        .layer(Extension(Arc::new(Feed::default())))
}

/// The events of this process, from the first follower on.
#[derive(Debug)]
struct Feed {
    /// Tells ids of this process from those of another.
    boot: String,
    ring: Mutex<Ring>,
    /// The number of the next event.
    next: watch::Sender<u64>,
    fed: AtomicBool,
    places: Arc<Semaphore>,
}

impl Default for Feed {
    fn default() -> Self {
        let boot = Uuid::now_v7().simple().to_string();
        Self {
            // The end of it, which is by chance.
            boot: boot.chars().skip(20).collect(),
            ring: Mutex::default(),
            next: watch::Sender::new(1),
            fed: AtomicBool::new(false),
            places: Arc::new(Semaphore::new(MAX_FOLLOWERS)),
        }
    }
}

impl Feed {
    /// Has the ring filled, once somebody follows. Nobody can come back before that.
    fn start(self: &Arc<Self>, admin: &Admin) {
        if !self.fed.swap(true, Ordering::AcqRel) {
            let exchanges = admin.store.subscribe();
            let (reader, distant) = (admin.reader.clone(), Arc::clone(&admin.distant));
            tokio::spawn(Arc::clone(self).fill(exchanges, reader, distant));
            tokio::spawn(Arc::clone(self).fill_from(admin.distant.subscribe()));
        }
    }

    async fn fill(
        self: Arc<Self>,
        mut exchanges: Receiver<Arc<Summary>>,
        reader: Reader,
        distant: Arc<Distant>,
    ) {
        loop {
            match exchanges.recv().await {
                Err(RecvError::Closed) => return,
                Err(RecvError::Lagged(missed)) => self.push("missed", &missed.to_string()),
                Ok(summary) => {
                    distant.has(summary.id.0);
                    let summary = RequestSummary::of(&summary, &reader.prices());
                    let data = serde_json::to_string(&summary).unwrap_or_default();
                    self.push("exchange", &data);
                }
            }
        }
    }

    /// What other nodes take.
    async fn fill_from(self: Arc<Self>, mut rows: Receiver<Arc<str>>) {
        loop {
            match rows.recv().await {
                Err(RecvError::Closed) => return,
                Err(RecvError::Lagged(missed)) => self.push("missed", &missed.to_string()),
                Ok(row) => self.push("exchange", &row),
            }
        }
    }

    fn push(&self, kind: &str, data: &str) {
        let mut ring = self.ring.lock();
        let number = ring.next();
        let event = format!(
            "event: {kind}\nid: {}-{number}\ndata: {data}\n\n",
            self.boot
        );
        ring.push(event.into());
        self.next.send_replace(ring.next());
    }

    /// Where a follower begins who has seen everything up to this id; and what it is told first.
    fn begin(&self, last: Option<&str>) -> (u64, Bytes) {
        let ring = self.ring.lock();
        let next = ring.next();
        let hello = Bytes::from_static(b": following\n\n");
        let Some(last) = last.filter(|last| !last.is_empty()) else {
            return (next, hello);
        };
        let number = last.rsplit_once('-');
        let number = number.filter(|(boot, _)| *boot == self.boot);
        let number = number.and_then(|(_, number)| number.parse().ok());
        match number.filter(|number| ring.goes_on_after(*number)) {
            Some(number) => (number + 1, hello),
            None => (next, self.reset(next - 1).into()),
        }
    }

    fn reset(&self, number: u64) -> String {
        format!("event: reset\nid: {}-{number}\ndata: {{}}\n\n", self.boot)
    }
}

/// Where to go on.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
struct LiveParams {
    /// The last id that was seen; the header `Last-Event-ID` says the same and wins.
    last_event_id: Option<String>,
}

/// Exchanges as they begin and end, as events `exchange`
///
/// With the id of the last event that was seen, everything since then comes first. If that is not
/// known any more an event `reset` says so: load the list again. A follower that is too slow gets
/// an event `missed` with how many it did not see. What other nodes of the same `shared.redis_url`
/// take is among them, with the `node` that took it.
#[utoipa::path(get, path = "/api/live", tag = "requests",
    params(LiveParams, ("Last-Event-ID" = Option<String>, Header,
        description = "The last id that was seen")),
    responses(
        (status = 200, description = "Server-sent events; the data is a `RequestSummary`",
            content_type = "text/event-stream", body = String),
        (status = 503, description = "Too many follow already", body = Error)))]
async fn live(
    State(admin): State<Arc<Admin>>,
    Extension(feed): Extension<Arc<Feed>>,
    Params(params): Params<LiveParams>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let place = Arc::clone(&feed.places).try_acquire_owned();
    let place = place.map_err(|_| {
        let message = format!("{MAX_FOLLOWERS} follow already; `GET /api/requests/summary` asks");
        Fault::new(StatusCode::SERVICE_UNAVAILABLE, message)
    })?;
    feed.start(&admin);
    let header = headers.get("last-event-id");
    let header = header.and_then(|id| id.to_str().ok());
    let (number, hello) = feed.begin(header.or(params.last_event_id.as_deref()));
    let follower = Follower {
        news: feed.next.subscribe(),
        feed,
        number,
        hello: Some(hello),
        _place: place,
        _following: admin.distant.follow(),
    };
    let events = stream::unfold(follower, async |mut follower| {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, Body::from_stream(events)).into_response())
}

/// One connection.
#[derive(Debug)]
struct Follower {
    feed: Arc<Feed>,
    news: watch::Receiver<u64>,
    /// The number of the event that it waits for.
    number: u64,
    hello: Option<Bytes>,
    _place: OwnedSemaphorePermit,
    _following: Following,
}

impl Follower {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(hello) = self.hello.take() {
            return Some(hello);
        }
        loop {
            let unseen = self.feed.ring.lock().at(self.number);
            match unseen {
                Unseen::Next(event) => {
                    self.number += 1;
                    return Some(event);
                }
                Unseen::Gone { missed, first } => {
                    self.number = first;
                    return Some(format!("event: missed\ndata: {missed}\n\n").into());
                }
                Unseen::None => {}
            }
            let number = self.number;
            let news = self.news.wait_for(|next| *next > number);
            match tokio::time::timeout(KEEP_ALIVE, news).await {
                Err(_) => return Some(Bytes::from_static(b": alive\n\n")),
                Ok(Err(_)) => return None,
                Ok(Ok(_)) => {}
            }
        }
    }
}
