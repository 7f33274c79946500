//! The list of sessions, and what transcripts on disk add to it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use weir_store::Reader;
use weir_store::conversation::{
    Searched, SessionCursor, SessionOutline, SessionQuery, SessionSummary, TranscriptLink,
};

use crate::fault::{Fault, HistoryFaults};
use crate::params::{MomentOrNone, Params, at_least, moment, parsed};
use crate::router::Admin;

/// Sessions on a page when nothing is said.
const PAGE: u32 = 50;
/// Bytes of transcripts read for the titles of one page.
const MOST_READ: u64 = 64 << 20;

/// Which sessions.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SessionParams {
    /// Where the list goes on: `nextCursor` of the page before.
    #[param(pattern = "^([0-9]{1,16}-[0-9a-f]{1,16})?$")]
    cursor: Option<String>,
    /// Most sessions; 50 when not said, and never more than 500.
    #[param(value_type = Option<i64>)]
    limit: Option<String>,
    /// Only those of this kind of client: `claude_code`, `codex`, ...
    client: Option<String>,
    /// Any part of the name of one of the models, in any case; `all` is none.
    model: Option<String>,
    /// Any part of the title or the id, in any case; or words that one of its exchanges has, as in
    /// the list of exchanges: words, "phrases", begin*, -not.
    q: Option<String>,
    /// Only those with activity then or later: an instant, or a span ago such as `7d`.
    #[param(value_type = Option<MomentOrNone>, inline)]
    start: Option<String>,
    /// Only those that began before.
    #[param(value_type = Option<MomentOrNone>, inline)]
    end: Option<String>,
}

/// Sessions.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionList {
    sessions: Vec<SessionSummary>,
    /// Where the list goes on; null at its end.
    #[schema(required)]
    next_cursor: Option<String>,
    /// How many there are in all; null when counting them would take too long.
    total: Option<u64>,
    /// Whether all of the history was looked through. If not, the search stopped for time at
    /// `nextCursor`: ask again with it to go on.
    complete: bool,
}

/// A place in the list as the API writes it: `<microseconds>-<number>`, and for a search behind
/// another hyphen each, the rows between which words were looked through. All but the first in
/// hexadecimal.
struct Cursor(SessionCursor);

impl FromStr for Cursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = "not a cursor that this list gave";
        let mut parts = text.split('-');
        let last_us = parts.next().and_then(|last| last.parse().ok());
        let mut numbers = parts.map(|part| u64::from_str_radix(part, 16).map(u64::cast_signed));
        let mut number = || numbers.next().transpose().map_err(|_| unknown);
        let (key, below, from) = (number()?, number()?, number()?);
        if number()?.is_some() {
            return Err(unknown);
        }
        Ok(Self(SessionCursor {
            last_us: last_us.ok_or(unknown)?,
            key: key.ok_or(unknown)?,
            searched: below.map(|below| Searched { below, from }),
        }))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:x}", self.0.last_us, self.0.key)?;
        let Some(searched) = self.0.searched else {
            return Ok(());
        };
        write!(f, "-{:x}", searched.below)?;
        searched.from.map_or(Ok(()), |from| write!(f, "-{from:x}"))
    }
}

/// Sessions, newest activity first
#[utoipa::path(get, path = "/api/sessions", tag = "sessions", params(SessionParams),
    responses((status = 200, body = SessionList), HistoryFaults))]
pub(crate) async fn list(
    State(admin): State<Arc<Admin>>,
    Params(params): Params<SessionParams>,
) -> Result<Json<SessionList>, Fault> {
    let when = |name, value: &Option<String>| {
        let value = value.as_deref().filter(|value| !value.is_empty());
        value.map(|value| moment(name, value)).transpose()
    };
    let limit = match at_least("limit", params.limit.as_deref())? {
        0 => PAGE,
        limit => limit,
    };
    let query = SessionQuery {
        after: parsed::<Cursor>("cursor", params.cursor.as_deref())?.map(|cursor| cursor.0),
        limit,
        start_us: when("start", &params.start)?,
        end_us: when("end", &params.end)?,
        client: params.client,
        model: params.model,
        q: params.q,
    };
    admin.store.flush().await;
    let read = move |reader: &Reader| reader.sessions(&query);
    let mut page = admin.reader.run(read).await?;
    link(
        &admin,
        page.sessions
            .iter_mut()
            .map(|session| &mut session.outline)
            .collect(),
    )
    .await;
    Ok(Json(SessionList {
        sessions: page.sessions,
        next_cursor: page.next.map(|next| Cursor(next).to_string()),
        total: page.total,
        complete: page.complete,
    }))
}

/// Adds what the transcripts of sessions tell. Without them the sessions stay as they are.
pub(super) async fn link(admin: &Arc<Admin>, sessions: Vec<&mut SessionOutline>) {
    let ids: Vec<String> = sessions.iter().map(|session| session.id.clone()).collect();
    let for_task = Arc::clone(admin);
    let find = move || for_task.transcripts.of_sessions(&ids, MOST_READ);
    let Ok(found) = tokio::task::spawn_blocking(find).await else {
        return;
    };
    for session in sessions {
        let Some((place, head)) = found.get(&session.id) else {
            continue;
        };
        session.transcript = Some(TranscriptLink {
            project: place.project.clone(),
            id: place.id.clone(),
        });
        let Some(head) = head else { continue };
        session.project_name = head.directory.clone();
        if head.title.is_some() {
            session.title.clone_from(&head.title);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_as_they_went_out() {
        for (last_us, key) in [(0, 0), (1_700_000_000_000_000, -5), (7, i64::MIN)] {
            let searches = [None, Some((i64::MAX, None)), Some((7, Some(3)))];
            for searched in searches {
                let searched = searched.map(|(below, from)| Searched { below, from });
                let cursor = SessionCursor {
                    last_us,
                    key,
                    searched,
                };
                let text = Cursor(cursor).to_string();
                let back = text.parse::<Cursor>().ok().map(|cursor| cursor.0);
                assert_eq!(back, Some(cursor));
            }
        }
        for odd in [
            "",
            "1",
            "x-1",
            "1-x",
            "1-11111111111111111",
            "1-1-x",
            "1-1-1-1-1",
        ] {
            assert!(odd.parse::<Cursor>().is_err(), "{odd}");
        }
    }
}
