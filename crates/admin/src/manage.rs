//! Managing tenants: projects, tokens and the audit, for programs that bring a management token and
//! for pages whose visitor has logged in. Names and shapes are llm-proxy's.

mod audit;
mod cache;
mod door;
mod login;
mod me;
mod names;
mod object;
mod once;
mod projects;
mod shapes;
mod tokens;

use std::pin::Pin;
use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use weir_core::control::Code;
use weir_store::control::{ControlError, ControlStore};

pub use cache::Caching;
pub(crate) use door::guard;
pub use door::{AdminToken, Role};
pub(crate) use login::routes as login_routes;
pub(crate) use names::routes as name_routes;

use crate::fault::Fault;
use crate::router::Admin;

/// Largest body, in bytes: allow-lists can be long.
const MAX_BODY: usize = 256 * 1024;

/// Every call.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(projects::list, projects::create))
        .routes(routes!(projects::one, projects::edit, projects::remove))
        .routes(routes!(projects::revoke_tokens))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::one, tokens::edit, tokens::revoke))
        .routes(routes!(tokens::rotate))
        .routes(routes!(audit::list))
        .routes(routes!(audit::verify))
        .routes(routes!(audit::one))
        .routes(routes!(cache::show))
        .routes(routes!(cache::purge))
        .routes(routes!(me::show))
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

/// Has what was changed taken into use, and comes back when it is.
pub type Changed = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// What tenants are managed by.
pub struct Control {
    /// Where they are kept.
    pub store: ControlStore,
    /// Called after each change, before it is answered: a token that was revoked is refused from
    /// then on.
    pub changed: Changed,
    /// How limits are shared with other nodes at this moment; none where they should not be.
    pub limits: Box<dyn Fn() -> Option<&'static str> + Send + Sync>,
}

/// The store, if this weir has one.
fn store(admin: &Admin) -> Result<&ControlStore, Fault> {
    let control = admin.control.as_ref().map(|control| &control.store);
    control.ok_or_else(door::off)
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}

impl From<ControlError> for Fault {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::NotFound(what) => {
                Self::new(StatusCode::NOT_FOUND, format!("{what} not found"))
            }
            ControlError::Conflict(message) | ControlError::Late(message) => {
                Self::new(StatusCode::CONFLICT, message)
            }
            error @ ControlError::ProjectInactive => {
                Self::new(StatusCode::FORBIDDEN, error.to_string()).coded(Code::ProjectInactive)
            }
            ControlError::Refused(message) => Self::new(StatusCode::FORBIDDEN, message),
            ControlError::Invalid(faults) => {
                let field = faults.first().map(|fault| fault.field.clone());
                let messages = faults.iter().map(|fault| fault.message.as_str());
                let message = messages.collect::<Vec<_>>().join("; ");
                Self::bad(message).of_field(field.unwrap_or_default())
            }
            error @ ControlError::UnderWay => {
                Self::new(StatusCode::CONFLICT, error.to_string()).again_in(1)
            }
            error @ ControlError::KeyReused => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                Self::new(status, error.to_string()).of_field("Idempotency-Key")
            }
            ControlError::Seal(error) => {
                tracing::error!(%error, "a project's key cannot be sealed or opened");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string())
            }
            error @ (ControlError::Store(_) | ControlError::Server(_)) => {
                tracing::warn!(%error, "projects and tokens cannot be read or changed");
                let message = "projects and tokens cannot be read or changed at the moment";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, message).because(error.to_string())
            }
        }
    }
}
