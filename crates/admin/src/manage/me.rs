//! Who manages, and what they may do: pages offer nothing that is refused.

use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;
use weir_store::control::By;

use super::Role;

/// Somebody who manages.
#[derive(Serialize, ToSchema)]
pub(super) struct Manager {
    /// What the audit calls them.
    name: String,
    role: Role,
}

/// Whose credential this is, and what it may do
#[utoipa::path(get, path = "/manage/me", tag = "access",
    responses((status = 200, body = Manager)))]
pub(super) async fn show(
    Extension(by): Extension<By>,
    Extension(role): Extension<Role>,
) -> Json<Manager> {
    let name = by.actor;
    Json(Manager { name, role })
}
