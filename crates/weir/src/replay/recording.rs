//! A session as it was captured: its requests, and what came back when.

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use weir_store::conversation::{SessionOutline, SessionQuery};
use weir_store::model::{RequestLog, RequestSummary};
use weir_store::{Reader, Side, StoreError, SummaryQuery};
use weir_wire::decode;
use weir_wire::dialect::recognise;
use weir_wire::likeness::Likeness;

use crate::lines::clean;

/// Word for the newest session.
const LATEST: &str = "latest";
/// Sessions that are looked at at once.
const SESSIONS: u32 = 500;
/// Most exchanges of a session that are replayed.
const MOST: usize = 10_000;
/// Longest decoded request that is compared, in bytes.
const MOST_DECODED: usize = 64 << 20;
/// Headers of one connection, and those that say how the body came.
const NOT_REPLAYED: [&str; 7] = [
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "set-cookie",
    "trailer",
    "transfer-encoding",
];

/// A session.
#[derive(Debug)]
pub(super) struct Recording {
    /// Its id.
    session: String,
    /// Its exchanges, oldest first.
    pub exchanges: Vec<Recorded>,
    /// Exchanges that cannot be replayed, because their answer was not kept whole.
    left_out: usize,
}

impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.exchanges.len();
        let session = clean(&self.session);
        write!(f, "session {session}, {count} exchanges")?;
        if self.left_out > 0 {
            write!(
                f,
                " ({} without a whole answer are left out)",
                self.left_out
            )?;
        }
        Ok(())
    }
}

/// An exchange.
#[derive(Debug)]
pub(super) struct Recorded {
    /// Its id.
    pub id: String,
    /// What was asked, in a few words.
    pub asked: String,
    /// The method and the path.
    pub target: (Method, String),
    /// What is asked for again when it is like this.
    pub likeness: Likeness,
    /// What came back.
    pub answer: Answer,
}

/// What came back.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, those of the connection left out.
    pub headers: HeaderMap,
    /// Its bytes in the pieces that belong together, with the milliseconds from the start of the
    /// exchange to each.
    pub pieces: Vec<(u64, Bytes)>,
}

impl Recording {
    /// Reads a session: by its id, the beginning of it, or `latest`.
    ///
    /// # Errors
    /// When there is no such session, or nothing in it can be replayed.
    pub(super) fn read(database: &Path, session: &str) -> anyhow::Result<Self> {
        let reader = Reader::of(database.to_owned());
        let found = find(&reader, session);
        let found = found.with_context(|| database.display().to_string())?;
        let mut recording = Self {
            exchanges: Vec::new(),
            left_out: 0,
            session: found.id.clone(),
        };
        for summary in exchanges(&reader, &found)?.iter().rev() {
            match recorded(&reader, summary)? {
                Some(recorded) => recording.exchanges.push(recorded),
                None => recording.left_out += 1,
            }
            if recording.exchanges.len() > MOST {
                bail!("session {}: more than {MOST} exchanges", found.id);
            }
        }
        if recording.exchanges.is_empty() {
            bail!("session {}: no answer was kept whole", found.id);
        }
        Ok(recording)
    }
}

#[cfg(test)]
impl Recording {
    /// A session of these.
    pub(super) fn of(exchanges: Vec<Recorded>) -> Self {
        Self {
            exchanges,
            session: String::new(),
            left_out: 0,
        }
    }
}

/// The exchanges that a query finds, newest first, however long the search takes.
pub(crate) fn everything(
    reader: &Reader,
    mut query: SummaryQuery,
) -> Result<Vec<RequestSummary>, StoreError> {
    let mut all = Vec::new();
    loop {
        let mut found = reader.summaries(&query)?;
        all.append(&mut found.rows);
        match found.next {
            Some(next) => query.after = Some(next),
            None => return Ok(all),
        }
    }
}

/// The exchanges of a session, newest first.
fn exchanges(reader: &Reader, session: &SessionOutline) -> anyhow::Result<Vec<RequestSummary>> {
    let moment = |text: &str| text.parse().map(Timestamp::as_microsecond);
    let mut query = SummaryQuery::default();
    // Moments are told to the millisecond.
    query.filters.start_us = Some(moment(&session.start_time)? - 1_000);
    query.filters.end_us = Some(moment(&session.last_activity)? + 2_000);
    let named_by_client = session.grouping == "session";
    query.filters.session = named_by_client.then(|| session.id.clone());
    let mut all = everything(reader, query)?;
    all.retain(|one| {
        named_by_client || {
            let hash = one.conversation_hash.as_deref();
            one.session_id.is_none() && hash == Some(&session.id)
        }
    });
    Ok(all)
}

/// The session that is asked for: by its id, the beginning of it, or the newest.
fn find(reader: &Reader, asked: &str) -> anyhow::Result<SessionOutline> {
    let mut query = SessionQuery {
        limit: 1,
        ..SessionQuery::default()
    };
    if asked == LATEST {
        let newest = reader.sessions(&query)?.sessions.into_iter().next();
        let newest = newest.map(|session| session.outline);
        return newest.context("nothing was captured yet");
    }
    query.limit = SESSIONS;
    query.q = Some(asked.to_owned());
    let mut found: Vec<SessionOutline> = Vec::new();
    loop {
        let page = reader.sessions(&query)?;
        let mut like: Vec<SessionOutline> = page
            .sessions
            .into_iter()
            .map(|session| session.outline)
            .collect();
        if let Some(at) = like.iter().position(|session| session.id == asked) {
            return Ok(like.swap_remove(at));
        }
        like.retain(|session| session.id.starts_with(asked));
        found.append(&mut like);
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    match found.as_slice() {
        [_] => Ok(found.swap_remove(0)),
        [] => bail!("--session: `{asked}`: there is none; `weir log` shows what was captured"),
        [one, two, ..] => bail!("--session: `{asked}`: may be {} or {}", one.id, two.id),
    }
}

/// An exchange with its bytes; none when its answer cannot be given again.
fn recorded(reader: &Reader, summary: &RequestSummary) -> anyhow::Result<Option<Recorded>> {
    let id = &summary.request_id;
    let Some(log) = reader.get(id)? else {
        return Ok(None);
    };
    let Some(sent) = reader.raw(id, Side::Request)? else {
        return Ok(None);
    };
    let Some(answer) = answer(reader, &log)? else {
        return Ok(None);
    };
    let body = decode::decode(sent.content_encoding.as_deref(), &sent.bytes, MOST_DECODED).bytes;
    let method: Method = summary.method.parse()?;
    let headers = HeaderMap::new();
    let known = recognise(
        &method,
        &summary.endpoint,
        summary.query.as_deref(),
        &headers,
    );
    let Some(known) = known else { return Ok(None) };
    let model = summary.model.as_deref().unwrap_or("-");
    let messages = summary.message_count.unwrap_or(0);
    Ok(Some(Recorded {
        id: id.clone(),
        asked: format!("{method} {} {model}, {messages} messages", summary.endpoint),
        likeness: Likeness::of(known.dialect, known.operation, &body),
        target: (method, summary.endpoint.to_string()),
        answer,
    }))
}

fn answer(reader: &Reader, log: &RequestLog) -> anyhow::Result<Option<Answer>> {
    let Some(response) = &log.response else {
        return Ok(None);
    };
    let (Some(status), Some(came)) = (
        response.status_code,
        reader.raw(&log.summary.request_id, Side::Response)?,
    ) else {
        return Ok(None);
    };
    // weir's own refusals have no bytes that came from anywhere, and an answer that was not read to
    // its end none to end with.
    let whole = matches!(log.summary.state, "complete" | "gateway_error");
    if came.truncated || !whole {
        return Ok(None);
    }
    let mut headers = HeaderMap::new();
    for (name, values) in &response.headers {
        if NOT_REPLAYED.contains(&name.as_str()) {
            continue;
        }
        for value in values {
            if let (Ok(name), Ok(value)) = (
                HeaderName::from_bytes(name.as_bytes()),
                HeaderValue::from_str(value),
            ) {
                headers.append(name, value);
            }
        }
    }
    let bytes = Bytes::from(came.bytes);
    Ok(Some(Answer {
        status: StatusCode::from_u16(status)?,
        headers,
        pieces: pieces(log, &bytes),
    }))
}

/// The frames of a stream when they came; other bodies are one piece.
fn pieces(log: &RequestLog, bytes: &Bytes) -> Vec<(u64, Bytes)> {
    let response = log.response.as_ref();
    let timings = response.and_then(|response| response.chunk_timings.as_deref());
    let timings = timings.unwrap_or_default();
    let framed: usize = timings.iter().map(|timing| timing.byte_size).sum();
    if framed != bytes.len() || bytes.is_empty() {
        let took = response.map_or(0, |response| response.response_time);
        return vec![(took, bytes.clone())];
    }
    let mut at = 0;
    let cut = |timing: &weir_store::model::ChunkTiming| {
        let piece = bytes.slice(at..at + timing.byte_size);
        at += timing.byte_size;
        (timing.elapsed_ms, piece)
    };
    timings.iter().map(cut).collect()
}
