//! What to tell agents so that they come here, and whether they have come.

mod recipes;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::http::header::HOST;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use weir_core::described::one_of;
use weir_store::ClientSeen;
use weir_store::model::rfc3339;

use crate::access::Door;
use crate::fault::Fault;
use crate::router::Admin;

/// The set-up of clients.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(setup))
        .layer(Extension(Started(Timestamp::now())))
}

/// When this process began to answer.
#[derive(Clone, Copy, Debug)]
struct Started(Timestamp);

/// How to set clients up.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Setup {
    /// The address that clients are told.
    base_url: String,
    /// Whether they have to send a token of weir's.
    token_needed: bool,
    clients: Vec<Client>,
}

/// How to set one up.
#[derive(Serialize, ToSchema)]
#[schema(as = SetupClient)]
pub(crate) struct Client {
    /// What it is.
    id: &'static str,
    /// What it is called.
    name: &'static str,
    snippets: Vec<Snippet>,
    /// When it came since weir was started; null if it did not.
    #[schema(required)]
    seen: Option<Seen>,
}

/// Lines to copy.
#[derive(Serialize, ToSchema)]
pub(crate) struct Snippet {
    /// What they do, and where they belong.
    title: &'static str,
    /// `sh`, `toml`, `json`, `python` or `typescript`.
    #[schema(schema_with = languages)]
    language: &'static str,
    text: String,
}

fn languages() -> Object {
    one_of(["sh", "toml", "json", "python", "typescript"])
}

/// That a kind of client has come.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct Seen {
    /// When its first request began.
    #[schema(format = DateTime)]
    first: String,
    /// When its newest began.
    #[schema(format = DateTime)]
    last: String,
    requests: u64,
}

/// What to tell agents and SDKs so that they come here, and which have come
///
/// `seen` looks at what was captured since weir was started.
#[utoipa::path(get, path = "/api/setup", tag = "configuration",
    responses((status = 200, body = Setup)))]
async fn setup(
    State(admin): State<Arc<Admin>>,
    Extension(Started(since)): Extension<Started>,
    Extension(door): Extension<Arc<Door>>,
    headers: HeaderMap,
) -> Result<Json<Setup>, Fault> {
    let base = (admin.public_url)().unwrap_or_else(|| {
        let scheme = if door.access.is_secure(&headers) {
            "https"
        } else {
            "http"
        };
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        format!("{scheme}://{}", host.unwrap_or("127.0.0.1:3001"))
    });
    let base = base.trim_end_matches('/').to_owned();
    admin.store.flush().await;
    let read = move |reader: &weir_store::Reader| reader.clients(since.as_microsecond());
    // Whoever sets up a gateway that captures nothing needs the lines all the same.
    let seen = admin.reader.run(read).await.unwrap_or_default();
    let token_needed = door.access.gate.is_enabled();
    let clients = recipes::all(&base, token_needed).into_iter();
    Ok(Json(Setup {
        clients: clients.map(|recipe| client(recipe, &seen)).collect(),
        base_url: base,
        token_needed,
    }))
}

fn client(recipe: recipes::Recipe, seen: &[ClientSeen]) -> Client {
    let came = seen.iter().find(|seen| *seen.client == *recipe.kind);
    Client {
        id: recipe.id,
        name: recipe.name,
        snippets: recipe.snippets,
        seen: came.map(|came| Seen {
            first: rfc3339(came.first_us),
            last: rfc3339(came.last_us),
            requests: came.requests,
        }),
    }
}
