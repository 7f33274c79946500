//! Forgetting exchanges.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_store::{DryRun, Filter};

use crate::fault::{Error, Fault, HistoryFaults};
use crate::params::{Moment, Params, moment, parsed, truth};
use crate::router::Admin;

/// Which exchanges to forget; without any, all.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ForgetParams {
    /// Only those that began before: an instant, or a span ago such as `12h` or `30d`.
    #[param(value_type = Option<Moment>, inline)]
    older_than: Option<String>,
    /// Only those of this session.
    session: Option<String>,
    /// Only those of this conversation.
    conversation: Option<String>,
    /// Only those of this model.
    model: Option<String>,
    /// Only count them.
    #[param(value_type = Option<bool>)]
    dry_run: Option<String>,
}

/// What was forgotten.
#[derive(Serialize, ToSchema)]
pub(crate) struct Forgotten {
    /// What was done, in words.
    message: &'static str,
    /// How many exchanges.
    deleted: u64,
}

/// Forget all exchanges, or those that the query names
#[utoipa::path(delete, path = "/api/requests", tag = "requests", params(ForgetParams),
    responses((status = 200, body = Forgotten), HistoryFaults))]
pub(crate) async fn clear(
    State(admin): State<Arc<Admin>>,
    Params(params): Params<ForgetParams>,
) -> Result<Json<Forgotten>, Fault> {
    let dry_run = if truth("dry_run", params.dry_run.as_deref())? {
        DryRun::Yes
    } else {
        DryRun::No
    };
    let older_than = params.older_than.as_deref();
    let before_us = older_than.map(|value| moment("older_than", value));
    let filter = Filter {
        id: None,
        before_us: before_us.transpose()?,
        session: params.session,
        conversation_hash: params.conversation,
        model: params.model,
        ..Filter::default()
    };
    let everything = filter == Filter::default();
    let deleted = if everything && dry_run == DryRun::No {
        admin.store.delete_all().await
    } else if everything {
        // Nothing named counts nothing, so all that began until now is named.
        let filter = Filter {
            before_us: Some(i64::MAX),
            ..filter
        };
        admin.store.purge(filter, dry_run).await
    } else {
        admin.store.purge(filter, dry_run).await
    };
    let deleted = deleted?;
    let message = match dry_run {
        DryRun::Yes => "Nothing deleted: dry run",
        DryRun::No => "Request history cleared",
    };
    Ok(Json(Forgotten { message, deleted }))
}

/// Forget one exchange, by its whole id
#[utoipa::path(delete, path = "/api/requests/{id}", tag = "requests",
    params(("id" = String, Path, description = "The whole id",
        pattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")),
    responses((status = 200, body = Forgotten),
        (status = 404, description = "There is none", body = Error), HistoryFaults))]
pub(crate) async fn delete_one(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
) -> Result<Json<Forgotten>, Fault> {
    let filter = Filter {
        id: parsed("id", Some(&id))?,
        ..Filter::default()
    };
    let deleted = admin.store.purge(filter, DryRun::No).await?;
    if deleted == 0 {
        return Err(Fault::unknown());
    }
    let message = "Request deleted";
    Ok(Json(Forgotten { message, deleted }))
}
