//! The gateway's figures, once or every second.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior, interval};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use weir_core::steer::{Stats, Steering};

use crate::fault::{Error, Fault};
use crate::figures::{DailyParams, DayFigures, daily};
use crate::params::Params;
use crate::router::Admin;

/// Time from one event to the next.
const EVERY: Duration = Duration::from_secs(1);
/// How old figures may be that one follower was sent and another is.
const FRESH: Duration = Duration::from_millis(250);
/// Most followers at once.
const MAX_FOLLOWERS: usize = 64;

/// Every call about figures.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(stats))
        .routes(routes!(stream))
        .layer(Extension(Arc::new(Figures::default())))
}

/// Who follows, and the event that was made last: however many follow, the figures are taken only
/// so often.
#[derive(Debug)]
struct Figures {
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

/// The figures of this moment and of days.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatsAndDays {
    #[serde(flatten)]
    now: Stats,
    /// The days on which something happened, ascending.
    #[serde(rename = "dailyStats")]
    daily_stats: Vec<DayFigures>,
    /// Why there are no days, when the history cannot be used.
    #[serde(rename = "historyError", skip_serializing_if = "Option::is_none")]
    history_error: Option<String>,
}

/// The figures of this moment, and the sums of days
#[utoipa::path(get, path = "/api/stats", tag = "figures", params(DailyParams),
    responses((status = 200, body = StatsAndDays)))]
pub(crate) async fn stats(
    State(admin): State<Arc<Admin>>,
    Params(params): Params<DailyParams>,
) -> Result<Json<StatsAndDays>, Fault> {
    let (daily_stats, history_error) = match daily(&admin, &params).await {
        Ok(days) => (days, None),
        // The present is known without a history.
        Err(fault) if fault.is_of_history() => (Vec::new(), Some(fault.to_string())),
        Err(fault) => return Err(fault),
    };
    Ok(Json(StatsAndDays {
        now: admin.steering.stats(),
        daily_stats,
        history_error,
    }))
}

/// The figures at once and then every second, as events `stats`
///
/// A follower that cannot keep up misses some; nothing is queued for it.
#[utoipa::path(get, path = "/api/stats/stream", tag = "figures", responses(
    (status = 200, description = "Server-sent events; the data is `Stats`",
        content_type = "text/event-stream", body = String),
    (status = 503, description = "Too many follow already", body = Error)))]
async fn stream(
    State(admin): State<Arc<Admin>>,
    Extension(figures): Extension<Arc<Figures>>,
) -> Result<Response, Fault> {
    let place = Arc::clone(&figures.places).try_acquire_owned();
    let place = place.map_err(|_| {
        let message = format!("{MAX_FOLLOWERS} follow already; `GET /api/stats` asks once");
        Fault::new(StatusCode::SERVICE_UNAVAILABLE, message)
    })?;
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let follower = (ticks, admin, figures, place);
    let events = stream::unfold(follower, async |(mut ticks, admin, figures, place)| {
        ticks.tick().await;
        let event = figures.event(&*admin.steering);
        Some((Ok::<_, Infallible>(event), (ticks, admin, figures, place)))
    });
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, Body::from_stream(events)).into_response())
}
