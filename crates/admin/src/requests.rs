//! The history: lists, single exchanges, their exact bytes, and forgetting them.

mod forget;
mod list;
mod one;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::router::Admin;

/// Every call of the history.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(list::list, forget::clear))
        .routes(routes!(list::summary))
        .routes(routes!(list::latest_date))
        .routes(routes!(list::facets))
        .routes(routes!(list::neighbours))
        .routes(routes!(one::one, forget::delete_one))
        .routes(routes!(one::raw))
}
