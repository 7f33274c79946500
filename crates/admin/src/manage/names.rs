//! The names of projects, for whoever may see what was captured: exchanges have ids.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::fault::Fault;
use crate::router::Admin;

/// The call.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new().routes(routes!(names))
}

/// What a project is called.
#[derive(Serialize, ToSchema)]
struct ProjectName {
    /// Its id, as exchanges and figures have it.
    id: Uuid,
    /// Its name at this moment.
    name: String,
}

/// The names of projects, of which exchanges have the ids; none where there are no projects
#[utoipa::path(get, path = "/api/projects", tag = "projects",
    responses((status = 200, body = [ProjectName])))]
async fn names(State(admin): State<Arc<Admin>>) -> Result<Json<Vec<ProjectName>>, Fault> {
    let Some(control) = &admin.control else {
        return Ok(Json(Vec::new()));
    };
    let names = control.store.project_names().await?;
    let names = names.into_iter().map(|(id, name)| ProjectName { id, name });
    Ok(Json(names.collect()))
}
