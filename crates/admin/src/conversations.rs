//! Conversations from the transcripts that Claude Code keeps on disk.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use weir_store::Reader;
use weir_store::model::rfc3339;

use crate::fault::{Error, Fault, HistoryFaults};
use crate::params::{Params, at_least};
use crate::router::Admin;
use crate::transcripts::{
    Head, MOST_BYTES, Message, Page, Place, Refused, Transcript, Transcripts,
};

/// Conversations on a page when nothing is said, and at most.
const PAGE: u32 = 10;
const MOST: u32 = 500;
/// Messages on a page when nothing is said, and at most.
const MESSAGES: u32 = 1000;
const MOST_MESSAGES: u32 = 5000;
/// Conversations of a project in one answer when nothing is said, and at most: they come whole.
const WHOLE: u32 = 20;
const MOST_WHOLE: u32 = 100;

/// Every call about transcripts. The literal path comes before the one that takes any id.
pub(crate) fn routes() -> OpenApiRouter<Arc<Admin>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(project))
        .routes(routes!(one))
}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Off => {
                let message = "transcripts are not read: `dashboard.transcripts` is off";
                Self::new(StatusCode::NOT_FOUND, message)
            }
            Refused::Name(field) => {
                let message = format!("`{field}`: one name, without a path");
                Self::bad(message).of_field(field)
            }
            Refused::Unknown => Self::new(StatusCode::NOT_FOUND, "Conversation not found"),
        }
    }
}

/// Runs what reads files on a thread that may block.
async fn blocking<T: Send + 'static>(
    admin: &Arc<Admin>,
    read: impl FnOnce(&Transcripts) -> Result<T, Refused> + Send + 'static,
) -> Result<T, Fault> {
    let admin = Arc::clone(admin);
    let done = tokio::task::spawn_blocking(move || read(&admin.transcripts)).await;
    let stopped = |_| Fault::new(StatusCode::SERVICE_UNAVAILABLE, "weir is stopping");
    Ok(done.map_err(stopped)??)
}

/// Which page of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ConversationParams {
    /// From 1.
    #[param(value_type = Option<i64>)]
    page: Option<String>,
    /// Conversations on a page; 10 when not said, and never more than 500.
    #[param(value_type = Option<i64>)]
    limit: Option<String>,
    /// Any part of the name of a model that answered, in any case; `all` is none.
    model: Option<String>,
}

/// A transcript without its messages.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConversationSummary {
    /// The session's id: the file's name.
    id: String,
    /// Lines, those that are no messages too.
    request_count: u64,
    #[schema(format = DateTime)]
    start_time: String,
    #[schema(format = DateTime)]
    last_activity: String,
    /// Milliseconds between the two.
    duration: u64,
    /// The user's first words: at most 200 characters and three dots.
    first_message: String,
    /// The name of the project's directory below the root.
    project_name: String,
    /// The title that the user gave, else the one that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// The directory that the project's name stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    directory: Option<String>,
    /// Models that answered.
    models: Vec<String>,
    /// The captured session of the same id, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<String>,
}

impl ConversationSummary {
    fn new(place: &Place, head: &Head) -> Self {
        Self {
            id: place.id.clone(),
            request_count: head.count,
            start_time: rfc3339(head.start_us),
            last_activity: rfc3339(head.last_us),
            duration: u64::try_from((head.last_us - head.start_us) / 1000).unwrap_or(0),
            first_message: head.first_message.clone(),
            project_name: place.project.clone(),
            title: head.title.clone(),
            directory: head.directory.clone(),
            models: head.models.iter().cloned().collect(),
            session_id: None,
        }
    }
}

/// Transcripts.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConversationList {
    conversations: Vec<ConversationSummary>,
    /// How many there are on all pages.
    total: usize,
    /// Whether all transcripts have been read; ask again if not.
    complete: bool,
}

/// Transcripts of Claude Code on this machine, newest activity first
#[utoipa::path(get, path = "/api/conversations", tag = "conversations", params(ConversationParams),
    responses((status = 200, body = ConversationList),
        (status = 404, description = "Transcripts are switched off", body = Error), HistoryFaults))]
pub(crate) async fn list(
    State(admin): State<Arc<Admin>>,
    Params(params): Params<ConversationParams>,
) -> Result<Json<ConversationList>, Fault> {
    let page = at_least("page", params.page.as_deref())?.max(1);
    let limit = match at_least("limit", params.limit.as_deref())? {
        0 => PAGE,
        limit => limit.min(MOST),
    };
    let model = params.model.map(|model| model.to_ascii_lowercase());
    let model = model.filter(|model| !model.is_empty() && model != "all");
    let index = blocking(&admin, |transcripts| transcripts.index(None)).await?;
    let has = |head: &Head, part: &str| {
        let mut models = head.models.iter();
        models.any(|model| model.to_ascii_lowercase().contains(part))
    };
    let wanted: Vec<_> = index
        .entries
        .iter()
        .filter(|(_, head)| model.as_ref().is_none_or(|part| has(head, part)))
        .collect();
    let passed = (page as usize - 1).saturating_mul(limit as usize);
    let shown = wanted.iter().skip(passed).take(limit as usize);
    let mut conversations: Vec<_> = shown
        .map(|(place, head)| ConversationSummary::new(place, head))
        .collect();
    let ids: Vec<String> = conversations.iter().map(|c| c.id.clone()).collect();
    admin.store.flush().await;
    // The transcripts are worth showing without the history too.
    let known = admin
        .reader
        .run(move |reader: &Reader| reader.are_sessions(&ids))
        .await;
    for (conversation, known) in conversations.iter_mut().zip(known.unwrap_or_default()) {
        conversation.session_id = known.then(|| conversation.id.clone());
    }
    Ok(Json(ConversationList {
        conversations,
        total: wanted.len(),
        complete: index.complete,
    }))
}

/// A page of what a project has.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// The name of the project's directory.
    #[param(required, pattern = "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}$")]
    project: Option<String>,
    /// How many to leave out from the front.
    #[param(value_type = Option<i64>)]
    offset: Option<String>,
    /// Most of them.
    #[param(value_type = Option<i64>)]
    limit: Option<String>,
}

impl PageParams {
    /// The project, how many to leave out and how many to show: `usual` unless it is said, and
    /// never more than `most`.
    fn read(self, usual: u32, most: u32) -> Result<(String, u32, u32), Fault> {
        let missing = || Fault::bad("`project`: name the directory").of_field("project");
        let project = self.project.filter(|name| !name.is_empty());
        let offset = at_least("offset", self.offset.as_deref())?;
        let limit = match at_least("limit", self.limit.as_deref())? {
            0 => usual,
            limit => limit.min(most),
        };
        Ok((project.ok_or_else(missing)?, offset, limit))
    }
}

/// A transcript with a page of its messages.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Conversation {
    session_id: String,
    /// The name of the project's directory below the root.
    project_path: String,
    /// The same.
    project_name: String,
    /// In order of time, each as it stands in the file.
    messages: Vec<Message>,
    #[schema(format = DateTime)]
    start_time: String,
    #[schema(format = DateTime)]
    end_time: String,
    /// Lines, those that are no messages too.
    message_count: u64,
    /// The title that the user gave, else the one that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// The directory that the project's name stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    directory: Option<String>,
    /// Messages altogether; there are more behind these if `offset` and they do not add up to it.
    total: usize,
    /// Messages passed over.
    offset: u32,
    /// Most messages on a page.
    limit: u32,
}

impl Conversation {
    fn new(place: (String, String), found: Transcript, (offset, limit): (u32, u32)) -> Self {
        let (project, id) = place;
        Self {
            session_id: id,
            project_path: project.clone(),
            project_name: project,
            messages: found.messages,
            start_time: rfc3339(found.head.start_us),
            end_time: rfc3339(found.head.last_us),
            message_count: found.head.count,
            title: found.head.title,
            directory: found.head.directory,
            total: found.total,
            offset,
            limit,
        }
    }
}

/// The transcripts of one project with their first messages, newest activity first
///
/// 20 of them when `limit` is not said, and never more than 100.
///
/// They come with 32 MiB of messages at most: where `messages` are fewer than `total`, ask for the
/// one.
#[utoipa::path(get, path = "/api/conversations/project", tag = "conversations",
    params(PageParams),
    responses((status = 200, body = Vec<Conversation>),
        (status = 404, description = "There is none", body = Error),
        (status = 503, description = "weir is stopping", body = Error)))]
pub(crate) async fn project(
    State(admin): State<Arc<Admin>>,
    Params(params): Params<PageParams>,
) -> Result<Json<Vec<Conversation>>, Fault> {
    let (project, offset, limit) = params.read(WHOLE, MOST_WHOLE)?;
    let read = move |transcripts: &Transcripts| {
        let index = transcripts.index(Some(&project))?;
        let shown = index
            .entries
            .iter()
            .skip(offset as usize)
            .take(limit as usize);
        let mut left = MOST_BYTES;
        let one = |(place, _): &(Place, Arc<Head>)| {
            let page = Page {
                offset: 0,
                limit: if left == 0 { 0 } else { MESSAGES as usize },
                bytes: left,
            };
            let found = transcripts.one((&project, &place.id), page).ok()?;
            left = left.saturating_sub(found.bytes);
            let place = (project.clone(), place.id.clone());
            Some(Conversation::new(place, found, (0, MESSAGES)))
        };
        Ok(shown.filter_map(one).collect())
    };
    Ok(Json(blocking(&admin, read).await?))
}

/// One transcript with a page of its messages, in order of time
///
/// 1000 messages when `limit` is not said, and never more than 5000.
#[utoipa::path(get, path = "/api/conversations/{id}", tag = "conversations",
    params(("id" = String, Path, description = "The session's id: the file's name",
        pattern = "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,254}$"), PageParams),
    responses((status = 200, body = Conversation),
        (status = 404, description = "There is none", body = Error),
        (status = 503, description = "weir is stopping", body = Error)))]
pub(crate) async fn one(
    State(admin): State<Arc<Admin>>,
    Path(id): Path<String>,
    Params(params): Params<PageParams>,
) -> Result<Json<Conversation>, Fault> {
    let (project, offset, limit) = params.read(MESSAGES, MOST_MESSAGES)?;
    let read = move |transcripts: &Transcripts| {
        let page = Page {
            offset: offset as usize,
            limit: limit as usize,
            bytes: MOST_BYTES,
        };
        let found = transcripts.one((&project, &id), page)?;
        Ok(Conversation::new((project, id), found, (offset, limit)))
    };
    Ok(Json(blocking(&admin, read).await?))
}
