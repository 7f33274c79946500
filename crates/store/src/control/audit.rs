//! Who did what, in a chain: each event carries a digest of itself and the one before, so that one
//! that was changed or taken out shows.

mod line;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::db::{Done, Row, Statement, Value, int, maybe_text, text};
use super::{ControlError, ControlStore, TRIES};

pub use line::{Lines, Place};

/// Most events of one page.
pub(super) const MAX_PAGE: u32 = 100;
/// Events that are read at once when the chain is verified.
const STEP: i64 = 1000;
const COLUMNS: &str = "seq, id, at_us, action, actor, outcome, reason, project_id, token_id, request_id, \
     correlation_id, client_ip, method, path, user_agent, details, hash";

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Success,
    /// It could not be done.
    Failure,
    /// It may not be done.
    Denied,
    /// Whether it may be done could not be told.
    Error,
}

impl Outcome {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Denied => "denied",
            Self::Error => "error",
        }
    }
}

/// Who asked, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct By {
    /// `management_api`, `admin`, `system`, `anonymous`, or the name of an admin token.
    pub actor: String,
    /// The request's id.
    pub request_id: Option<String>,
    /// The id that the client groups requests by.
    pub correlation_id: Option<String>,
    /// The client's address.
    pub client_ip: Option<String>,
    /// The request's method.
    pub method: Option<String>,
    /// Its path, without the query.
    pub path: Option<String>,
    /// The program.
    pub user_agent: Option<String>,
    /// What of ours the request came through, where it was not the API itself: `admin-ui`.
    pub origin: Option<&'static str>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `project.create`, `token.revoke`, `proxy_request`, ...
    pub action: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it ended so, as a code.
    pub reason: Option<String>,
    /// The project.
    pub project: Option<Uuid>,
    /// The token's id.
    pub token: Option<Uuid>,
    /// What else is worth knowing; never a secret.
    pub details: Map<String, Json>,
}

impl Event {
    /// One that was done.
    #[must_use]
    pub fn success(action: &'static str) -> Self {
        Self {
            action,
            outcome: Outcome::Success,
            reason: None,
            project: None,
            token: None,
            details: Map::new(),
        }
    }

    /// The same of a project.
    #[must_use]
    pub fn of_project(mut self, id: Uuid) -> Self {
        self.project = Some(id);
        self
    }

    /// The same of a token.
    #[must_use]
    pub fn of_token(mut self, id: Uuid) -> Self {
        self.token = Some(id);
        self
    }

    /// With something else that is worth knowing.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

/// An event as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct AuditEvent {
    /// Its place in the chain, from 1.
    pub seq: i64,
    /// Its id.
    pub id: String,
    /// When, in microseconds since the Unix epoch.
    #[serde(skip)]
    pub at_us: i64,
    /// What.
    pub action: String,
    /// Who.
    pub actor: String,
    /// How it ended.
    pub outcome: String,
    /// Why.
    #[schema(required)]
    pub reason: Option<String>,
    /// The project.
    #[schema(required)]
    pub project_id: Option<String>,
    /// The token's id.
    #[schema(required)]
    pub token_id: Option<String>,
    /// The request.
    #[schema(required)]
    pub request_id: Option<String>,
    /// What the client groups requests by.
    #[schema(required)]
    pub correlation_id: Option<String>,
    /// From where.
    #[schema(required)]
    pub client_ip: Option<String>,
    /// The request's method.
    #[schema(required)]
    pub method: Option<String>,
    /// Its path.
    #[schema(required)]
    pub path: Option<String>,
    /// The program.
    #[schema(required)]
    pub user_agent: Option<String>,
    /// What else is worth knowing, as JSON.
    pub metadata: Json,
    /// SHA-256 over the hash before and this event, in hexadecimal digits.
    pub hash: String,
}

/// Which events are wanted; what is left out does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Columns that must have a value: `action`, `actor`, `outcome`, `project_id`, `token_id`,
    /// `request_id`, `correlation_id`, `client_ip`, `method` or `path`.
    pub equal: Vec<(&'static str, String)>,
    /// A text that must be in one of the texts, in any case.
    pub search: Option<String>,
    /// Not before, in microseconds since the Unix epoch.
    pub from_us: Option<i64>,
    /// Not after.
    pub to_us: Option<i64>,
}

/// A page of events, the newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditPage {
    /// The events.
    pub events: Vec<AuditEvent>,
    /// How many there are on all pages.
    pub total: u64,
}

/// Where the chain is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tampered {
    /// The first event that is not as it was written, or is missing.
    pub seq: i64,
    /// What is wrong with it.
    pub why: &'static str,
}

/// Columns that filters may name.
const FILTERED: [&str; 10] = [
    "action",
    "actor",
    "outcome",
    "project_id",
    "token_id",
    "request_id",
    "correlation_id",
    "client_ip",
    "method",
    "path",
];
/// Columns that are searched.
const SEARCHED: [&str; 9] = [
    "request_id",
    "correlation_id",
    "client_ip",
    "action",
    "actor",
    "method",
    "path",
    "reason",
    "details",
];

impl ControlStore {
    /// Writes events down.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit(&self, events: &[(By, Event)]) -> Result<(), ControlError> {
        self.commit(Vec::new(), events).await.map(drop)
    }

    /// Does `statements` and writes `events` down, together or not at all. The places in what comes
    /// back are those of `statements`.
    pub(super) async fn commit(
        &self,
        statements: Vec<Statement>,
        events: &[(By, Event)],
    ) -> Result<Done, ControlError> {
        for _ in 0..TRIES {
            let (seq, hash) = self.end_of_chain().await?;
            let (end, inserts) = chain(seq, hash, events);
            let forward = Statement::new(
                "UPDATE control_state SET audit_seq = ?, audit_hash = ? WHERE id = 1 AND audit_seq = ?",
            )
            .with([int(end.0), text(end.1), int(seq)])
            .must_change(1);
            // First of all, so that who is slower waits for it.
            let all = std::iter::once(forward)
                .chain(statements.iter().cloned())
                .chain(inserts);
            match self.db.all(all.collect()).await? {
                Done::Not(0) => {}
                Done::Not(at) => return Ok(Done::Not(at - 1)),
                Done::Duplicate(at) => return Ok(Done::Duplicate(at.saturating_sub(1))),
                Done::All(mut changed) => {
                    changed.remove(0);
                    changed.truncate(statements.len());
                    return Ok(Done::All(changed));
                }
            }
        }
        Err(ControlError::Conflict(
            "other nodes are changing the same; try again".into(),
        ))
    }

    /// Where the chain ends.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit_end(&self) -> Result<Place, ControlError> {
        let (seq, hash) = self.end_of_chain().await?;
        Ok(Place { seq, hash })
    }

    async fn end_of_chain(&self) -> Result<(i64, String), ControlError> {
        let query = "SELECT audit_seq, audit_hash FROM control_state WHERE id = 1";
        let rows = self.db.rows(Statement::new(query)).await?;
        let row = rows
            .first()
            .ok_or_else(|| ControlError::damaged("control_state is empty"))?;
        Ok((row.int(0)?, row.text(1)?))
    }

    /// Page `page`, from 1, of `size` events; a size above 100 is 100.
    ///
    /// # Errors
    /// When the search is for a NUL, or the database fails.
    pub async fn audit_page(
        &self,
        filter: &AuditFilter,
        page: u32,
        size: u32,
    ) -> Result<AuditPage, ControlError> {
        // To some databases it ends a text.
        if filter
            .search
            .as_ref()
            .is_some_and(|text| text.contains('\0'))
        {
            return Err(ControlError::field("search", "no event has a NUL in it"));
        }
        let (condition, values) = condition(filter);
        let count = Statement::new(format!("SELECT COUNT(*) FROM audit_events{condition}"));
        let rows = self.db.rows(count.with(values.clone())).await?;
        let total = rows.first().map_or(Ok(0), |row| row.count(0))?;
        let size = i64::from(size.clamp(1, MAX_PAGE));
        let skip = i64::from(page.max(1) - 1).saturating_mul(size);
        let query = Statement::new(format!(
            "SELECT {COLUMNS} FROM audit_events{condition} ORDER BY seq DESC LIMIT ? OFFSET ?"
        ));
        let query = query.with(values).with([int(size), int(skip)]);
        let rows = self.db.rows(query).await?;
        Ok(AuditPage {
            events: rows.iter().map(read).collect::<Result<_, _>>()?,
            total,
        })
    }

    /// One event, by its id or by its place in the chain.
    ///
    /// # Errors
    /// When there is none, or the database fails.
    pub async fn audit_event(&self, id: &str) -> Result<AuditEvent, ControlError> {
        let (column, value) = match id.parse::<i64>() {
            Ok(seq) => ("seq", int(seq)),
            Err(_) => ("id", text(id)),
        };
        let query = format!("SELECT {COLUMNS} FROM audit_events WHERE {column} = ?");
        let rows = self.db.rows(Statement::new(query).with([value])).await?;
        let row = rows.first().ok_or(ControlError::NotFound("audit event"))?;
        read(row)
    }

    /// At most so many events behind a place in the chain, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit_behind(&self, seq: i64, most: u32) -> Result<Vec<AuditEvent>, ControlError> {
        let query =
            format!("SELECT {COLUMNS} FROM audit_events WHERE seq > ? ORDER BY seq LIMIT ?");
        let query = Statement::new(query).with([int(seq), int(i64::from(most))]);
        let rows = self.db.rows(query).await?;
        rows.iter().map(read).collect()
    }

    /// Follows the whole chain, as long as it was when this began. Gives how many events there are,
    /// or where it is broken first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn verify_audit(&self) -> Result<Result<i64, Tampered>, ControlError> {
        let (last, end) = self.end_of_chain().await?;
        let (mut seq, mut hash) = (0, String::new());
        // Others may write meanwhile, which is no fault of the chain.
        let query = format!(
            "SELECT {COLUMNS} FROM audit_events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
        );
        loop {
            let step = Statement::new(query.clone()).with([int(seq), int(last), int(STEP)]);
            let rows = self.db.rows(step).await?;
            for row in &rows {
                let event = read(row)?;
                if event.seq != seq + 1 {
                    let why = "it is missing";
                    return Ok(Err(Tampered { seq: seq + 1, why }));
                }
                if event.hash != digest(&hash, &event) {
                    let why = "it is not as it was written";
                    return Ok(Err(Tampered {
                        seq: event.seq,
                        why,
                    }));
                }
                (seq, hash) = (event.seq, event.hash);
            }
            if rows.is_empty() {
                break;
            }
        }
        if (seq, &hash) == (last, &end) {
            return Ok(Ok(seq));
        }
        let why = "the end of the chain is missing";
        Ok(Err(Tampered { seq: seq + 1, why }))
    }
}

/// Events as they are inserted behind `(seq, hash)`, and the new end.
fn chain(seq: i64, hash: String, events: &[(By, Event)]) -> ((i64, String), Vec<Statement>) {
    let mut end = (seq, hash);
    let mut inserts = Vec::with_capacity(events.len());
    for (by, event) in events {
        let kept = kept(end.0 + 1, &end.1, by, event);
        end = (kept.seq, kept.hash.clone());
        inserts.push(insert(kept));
    }
    (end, inserts)
}

fn kept(seq: i64, before: &str, by: &By, event: &Event) -> AuditEvent {
    let mut details = event.details.clone();
    if let Some(origin) = by.origin {
        details.insert("origin".to_owned(), origin.into());
    }
    let mut kept = AuditEvent {
        seq,
        id: Uuid::now_v7().to_string(),
        at_us: super::now_us(),
        action: event.action.to_owned(),
        actor: by.actor.clone(),
        outcome: event.outcome.as_str().to_owned(),
        reason: event.reason.clone(),
        project_id: event.project.map(|id| id.to_string()),
        token_id: event.token.map(|id| id.to_string()),
        request_id: by.request_id.clone(),
        correlation_id: by.correlation_id.clone(),
        client_ip: by.client_ip.clone(),
        method: by.method.clone(),
        path: by.path.clone(),
        user_agent: by.user_agent.clone(),
        metadata: Json::Object(details),
        hash: String::new(),
    };
    kept.hash = digest(before, &kept);
    kept
}

/// SHA-256 over the hash before and every member, each with its length so that none can pass for
/// another's part.
fn digest(before: &str, event: &AuditEvent) -> String {
    let metadata = event.metadata.to_string();
    let (seq, at_us) = (event.seq.to_string(), event.at_us.to_string());
    let always = [
        before,
        &seq,
        &event.id,
        &at_us,
        &event.action,
        &event.actor,
        &event.outcome,
        &metadata,
    ];
    let maybe = [
        &event.reason,
        &event.project_id,
        &event.token_id,
        &event.request_id,
        &event.correlation_id,
        &event.client_ip,
        &event.method,
        &event.path,
        &event.user_agent,
    ];
    let mut hash = Sha256::new();
    let mut add = |part: Option<&str>| {
        let len = part.map_or(u64::MAX, |part| part.len() as u64);
        hash.update(len.to_be_bytes());
        hash.update(part.unwrap_or_default());
    };
    always.into_iter().for_each(|part| add(Some(part)));
    maybe.into_iter().for_each(|part| add(part.as_deref()));
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn insert(event: AuditEvent) -> Statement {
    let marks = vec!["?"; 17].join(", ");
    Statement::new(format!(
        "INSERT INTO audit_events ({COLUMNS}) VALUES ({marks})"
    ))
    .with([
        int(event.seq),
        text(event.id),
        int(event.at_us),
        text(event.action),
        text(event.actor),
        text(event.outcome),
        maybe_text(event.reason),
        maybe_text(event.project_id),
        maybe_text(event.token_id),
        maybe_text(event.request_id),
        maybe_text(event.correlation_id),
        maybe_text(event.client_ip),
        maybe_text(event.method),
        maybe_text(event.path),
        maybe_text(event.user_agent),
        text(event.metadata.to_string()),
        text(event.hash),
    ])
}

fn read(row: &Row) -> Result<AuditEvent, ControlError> {
    let metadata = serde_json::from_str(&row.text(15)?);
    Ok(AuditEvent {
        seq: row.int(0)?,
        id: row.text(1)?,
        at_us: row.int(2)?,
        action: row.text(3)?,
        actor: row.text(4)?,
        outcome: row.text(5)?,
        reason: row.maybe_text(6)?,
        project_id: row.maybe_text(7)?,
        token_id: row.maybe_text(8)?,
        request_id: row.maybe_text(9)?,
        correlation_id: row.maybe_text(10)?,
        client_ip: row.maybe_text(11)?,
        method: row.maybe_text(12)?,
        path: row.maybe_text(13)?,
        user_agent: row.maybe_text(14)?,
        // One that somebody has spoilt is no reason to hide the event; its hash tells.
        metadata: metadata.unwrap_or(Json::Null),
        hash: row.text(16)?,
    })
}

fn condition(filter: &AuditFilter) -> (String, Vec<Value>) {
    let mut parts = Vec::new();
    let mut values = Vec::new();
    for (column, value) in &filter.equal {
        if FILTERED.contains(column) {
            parts.push(format!("{column} = ?"));
            values.push(text(value));
        }
    }
    if let Some(wanted) = &filter.search {
        let escaped = wanted
            .to_lowercase()
            .replace('!', "!!")
            .replace('%', "!%")
            .replace('_', "!_");
        let any = SEARCHED.map(|column| format!("LOWER({column}) LIKE ? ESCAPE '!'"));
        parts.push(format!("({})", any.join(" OR ")));
        values.extend(SEARCHED.map(|_| text(format!("%{escaped}%"))));
    }
    for (bound, sign) in [(filter.from_us, ">="), (filter.to_us, "<=")] {
        if let Some(us) = bound {
            parts.push(format!("at_us {sign} ?"));
            values.push(int(us));
        }
    }
    if parts.is_empty() {
        return (String::new(), values);
    }
    (format!(" WHERE {}", parts.join(" AND ")), values)
}
