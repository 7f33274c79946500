//! The gateway's figures, once or every second.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior, interval};
use weir_core::steer::Steering;

use super::Desk;
use crate::requests::Fault;

/// Time from one event to the next.
const EVERY: Duration = Duration::from_secs(1);
/// How old figures may be that one follower was sent and another is.
const FRESH: Duration = Duration::from_millis(250);
/// Most followers at once.
const MAX_FOLLOWERS: usize = 64;

/// Who follows, and the event that was made last: however many follow, the figures are taken only
/// so often.
#[derive(Debug)]
pub(super) struct Figures {
    places: Arc<Semaphore>,
    latest: Mutex<Option<(Instant, Bytes)>>,
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(MAX_FOLLOWERS)),
            latest: Mutex::new(None),
        }
    }
}

impl Figures {
    fn event(&self, steering: &dyn Steering) -> Bytes {
        let mut latest = self.latest.lock();
        if let Some((at, event)) = &*latest
            && at.elapsed() < FRESH
        {
            return event.clone();
        }
        let stats = serde_json::to_string(&steering.stats()).unwrap_or_default();
        let event = Bytes::from(format!("event: stats\ndata: {stats}\n\n"));
        *latest = Some((Instant::now(), event.clone()));
        event
    }
}

/// `GET /api/stats`: the figures of this moment.
pub(crate) async fn stats(State(desk): State<Arc<Desk>>) -> Response {
    Json(desk.steering.stats()).into_response()
}

/// `GET /api/stats/stream`: an event `stats` at once and then every second. A follower that cannot
/// keep up misses some; nothing is queued for it.
pub(crate) async fn stream(State(desk): State<Arc<Desk>>) -> Result<Response, Fault> {
    let place = Arc::clone(&desk.figures.places).try_acquire_owned();
    let place = place.map_err(|_| {
        let message = format!("{MAX_FOLLOWERS} follow already; `GET /api/stats` asks once");
        Fault::new(StatusCode::SERVICE_UNAVAILABLE, message)
    })?;
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let events = stream::unfold((ticks, desk, place), async |(mut ticks, desk, place)| {
        ticks.tick().await;
        let event = desk.figures.event(&*desk.steering);
        Some((Ok::<_, Infallible>(event), (ticks, desk, place)))
    });
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, Body::from_stream(events)).into_response())
}
