//! What stands at `/` where there are no pages.

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

/// What stands at `/` until there are pages.
pub(crate) fn front() -> impl IntoResponse {
    let text = "weir is running.\n\n\
        GET    /api/requests                      exchanges, newest first: ?page=&limit=&model=\n\
        GET    /api/requests/summary              the same without bodies: ?offset=&limit=&model=&start=&end=\n\
        GET    /api/requests/latest-date          when the newest began\n\
        GET    /api/requests/{id}                 one, by its id or the end of it\n\
        GET    /api/requests/{id}/raw/request     the exact bytes sent\n\
        GET    /api/requests/{id}/raw/response    the exact bytes received\n\
        DELETE /api/requests                      forget all; with ?older_than=, ?session=, ?model= some\n\
        DELETE /api/requests/{id}                 forget one\n\
        GET    /api/live                          exchanges as they happen (SSE)\n\
        GET    /api/config                        the address for agents\n\
        GET    /api/providers                     health, figures and keys of providers; /{name} for one\n\
        POST   /api/providers/{name}/{action}     enable, disable or reset one\n\
        POST   /api/providers/{name}/keys         add a key; DELETE {key} removes, POST {key}/{action} as above\n\
        GET    /api/quota                         when the quotas of keys are spent at the present rate\n\
        GET    /api/events                        how the delivery of events is doing\n\
        GET    /api/stats                         figures; /stream sends them every second (SSE)\n\
        POST   /api/requests/{id}/replay          send one again\n\
        GET    /api/routing                       strategies, mapped models, subagents\n\
        POST   /api/routing/explain               where a request would go, and why\n\
        PUT    /api/routing/strategy              how providers are picked\n\
        POST   /api/config/reload                 read the configuration again\n\
        GET    /api/config/effective              every setting in force\n\
        GET    /health /livez /metrics\n\
        GET    /openapi.json                      all of this, described\n";
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], text)
}
