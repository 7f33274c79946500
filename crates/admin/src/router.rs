//! Which call answers which path.

use std::fmt;
use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use axum::routing::get;
use axum::{Extension, Router};
use utoipa_axum::router::OpenApiRouter;
use weir_core::event::EventsView;
use weir_core::health::Lifecycle;
use weir_core::steer::Steering;
use weir_store::{Reader, Recorder};

use crate::access::{Access, Guard, guard, method_not_allowed};
use crate::live::Distant;
use crate::manage::{Caching, Control};
use crate::nodes::Nodes;
use crate::site::{self, Site};
use crate::transcripts::Transcripts;
use crate::{
    config, conversations, events, export, figures, grade, health, live, login, manage, nodes,
    openapi, providers, quota, replay, requests, routing, sessions, settings, setup, stats,
};

/// What the API answers from.
pub struct Admin {
    /// What deletes, flushes and reports.
    pub store: Recorder,
    /// What reads.
    pub reader: Reader,
    /// Running or draining.
    pub lifecycle: Arc<Lifecycle>,
    /// Whether weir is unhealthy while nothing can be captured.
    pub capture_required: Box<dyn Fn() -> bool + Send + Sync>,
    /// Every figure, in OpenMetrics text.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
    /// The address that agents are told to use; none is the one that was asked.
    pub public_url: Box<dyn Fn() -> Option<String> + Send + Sync>,
    /// What reads the transcripts on disk.
    pub transcripts: Transcripts,
    /// What shows and steers the running gateway.
    pub steering: Arc<dyn Steering>,
    /// Projects, tokens and the audit, where there are any.
    pub control: Option<Control>,
    /// The response cache.
    pub cache: Caching,
    /// The nodes that are known.
    pub nodes: Box<dyn Fn() -> Nodes + Send + Sync>,
    /// What other nodes take.
    pub distant: Arc<Distant>,
    /// How the delivery of events is doing.
    pub events: Box<dyn Fn() -> EventsView + Send + Sync>,
}

impl fmt::Debug for Admin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admin").finish_non_exhaustive()
    }
}

/// Every call that needs a credential. A noun's calls are in its own file.
fn guarded() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .merge(requests::routes())
        .merge(grade::routes())
        .layer(Extension(Arc::<grade::Judging>::default()))
        .merge(sessions::routes())
        .merge(conversations::routes())
        .merge(replay::routes())
        .merge(export::routes())
        .merge(events::routes())
        .merge(live::routes())
        .merge(stats::routes())
        .merge(figures::routes())
        .merge(providers::routes())
        .merge(quota::routes())
        .merge(routing::routes())
        .merge(config::routes())
        .merge(settings::routes())
        .merge(setup::routes())
        .merge(nodes::routes())
        .merge(login::routes())
        .merge(manage::login_routes())
        .merge(manage::name_routes())
        .merge(health::routes())
}

/// What the API offers, described as OpenAPI 3.1 in JSON.
#[must_use]
pub fn openapi_json() -> String {
    let (open, guarded) = (health::open_routes(), guarded().merge(manage::routes()));
    openapi::text(&openapi::described(
        open.into_openapi(),
        guarded.into_openapi(),
    ))
}

/// The whole API and the pages. `access` is asked for each request, so that a reload takes effect.
pub fn router_with(
    admin: Arc<Admin>,
    access: Arc<dyn Fn() -> Access + Send + Sync>,
    site: Site,
) -> Router {
    let (open, described) = health::open_routes().split_for_parts();
    let managed = from_fn_with_state(Arc::clone(&admin), manage::guard);
    let managed = manage::routes().layer(managed);
    let (guarded, more) = guarded().merge(managed).split_for_parts();
    let document = openapi::text(&openapi::described(described, more));
    let site = Arc::new(site);
    let state = Guard {
        access,
        sessions: Arc::default(),
        site: Arc::clone(&site),
    };
    let guarded = guarded
        .merge(site::routes())
        .fallback(site::otherwise)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(Extension(site))
        .layer(from_fn_with_state(state, guard));
    open.route("/openapi.json", get(openapi::serve(document)))
        .merge(guarded)
        .with_state(admin)
}
