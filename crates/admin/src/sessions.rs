//! Sessions of captured exchanges: the list, one with its turns, what fills them, and forgetting
//! them.

mod list;
mod one;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::router::Admin;

/// Every call about sessions.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(one::one, one::forget))
        .routes(routes!(one::context))
        .routes(routes!(one::growth))
        .routes(routes!(one::export))
}
