//! Sessions: the list, which reads nothing but their sums, and one with its agents and turns.

use std::collections::BTreeMap;

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, params_from_iter};

use weir_core::prices::{Pico, band_start, class_terms, dollars};

use super::View;
use crate::conversation::{
    Searched, SessionAgent, SessionCursor, SessionDetail, SessionOutline, SessionQuery,
    SessionSummary, Sessions,
};
use crate::error::StoreError;
use crate::model::{Usage, rfc3339};
use crate::sessions::{Grouping, key};
use crate::summary::Tokens;

mod search;

/// Most sessions on a page.
const MOST_SESSIONS: u32 = 500;
/// Most turns on a page.
pub(super) const MOST_TURNS: u32 = 1000;
/// Most shares read of one session: more agents than that are not told apart.
const MOST_SHARES: usize = 2000;

/// What a session took of one model at one provider.
#[derive(Clone, Debug)]
struct ModelShare {
    /// Empty for the main agent.
    agent: String,
    model: String,
    provider: String,
    /// Which prices apply to it: the size of its prompts, and the terms.
    class: u8,
    requests: u64,
    started_us: i64,
    tokens: Tokens,
}

impl ModelShare {
    /// Whether the provider counted anything.
    fn took_any(&self) -> bool {
        let t = &self.tokens;
        let counts = [
            t.input,
            t.output,
            t.cache_read,
            t.cache_write,
            t.web_search_requests,
        ];
        counts.iter().any(|count| count.is_some_and(|n| n > 0))
    }
}

/// A row of the sessions table.
pub(super) struct Found {
    pub key: i64,
    last_us: i64,
    outline: SessionOutline,
}

const COLUMNS: &str =
    "id, grouping, name, client, title, started, last, requests, errors, context FROM sessions";

fn found(row: &Row<'_>) -> rusqlite::Result<Found> {
    let (started_us, last_us): (i64, i64) = (row.get(5)?, row.get(6)?);
    let ms = u64::try_from((last_us - started_us).max(0) / 1000).unwrap_or(0);
    let count = |at: usize| -> rusqlite::Result<u64> {
        let n: Option<i64> = row.get(at)?;
        Ok(u64::try_from(n.unwrap_or(0)).unwrap_or(0))
    };
    Ok(Found {
        key: row.get(0)?,
        last_us,
        outline: SessionOutline {
            grouping: Grouping::from_number(row.get(1)?).as_str(),
            id: row.get(2)?,
            client: row.get(3)?,
            title: row.get(4)?,
            project_name: None,
            transcript: None,
            start_time: rfc3339(started_us),
            last_activity: rfc3339(last_us),
            duration: ms,
            requests: count(7)?,
            errors: count(8)?,
            models: Vec::new(),
            usage: usage(&[]),
            cost: None,
            context_tokens: count(9)?,
        },
    })
}

/// What a query asks for, in SQL.
fn condition(query: &SessionQuery) -> (String, Vec<Value>) {
    let mut terms = vec!["1".to_owned()];
    let mut values = Vec::new();
    let mut add = |term: &str, value: Value| {
        values.push(value);
        terms.push(term.replace('$', &format!("?{}", values.len())));
    };
    if let Some(client) = query.client.as_ref().filter(|client| !client.is_empty()) {
        add("client = $", Value::Text(client.clone()));
    }
    let model = query.model.as_ref();
    if let Some(model) = model.filter(|m| !m.is_empty() && !m.eq_ignore_ascii_case("all")) {
        let part = model.to_lowercase();
        add("instr(models, $) > 0", Value::Text(part));
    }
    if let Some(start) = query.start_us {
        add("last >= $", Value::Integer(start));
    }
    if let Some(end) = query.end_us {
        add("started < $", Value::Integer(end));
    }
    (terms.join(" AND "), values)
}

/// What few sessions may have is not looked for in their order, row by row from all over the table,
/// but in the table's.
fn how(query: &SessionQuery) -> &'static str {
    match query {
        SessionQuery {
            client: None,
            model: None,
            q: None,
            end_us: None,
            ..
        } => "",
        _ => "NOT INDEXED",
    }
}

/// One more than wanted tells whether this is the end.
fn list(how: &str, terms: &str, limit: u32) -> String {
    format!(
        "SELECT {COLUMNS} {how} WHERE {terms} ORDER BY last DESC, id DESC LIMIT {}",
        limit + 1
    )
}

/// How a list of sessions is read, for who looks at its cost.
pub(super) fn example(query: &SessionQuery) -> String {
    list(how(query), &condition(query).0, query.limit)
}

impl View {
    pub(super) fn sessions(&self, query: &SessionQuery) -> Result<Sessions, StoreError> {
        let (mut terms, mut values) = condition(query);
        let before = query.after.and_then(|after| after.searched);
        let hits = self.hits(query.q.as_deref(), before, values.len())?;
        let (searched, complete) = (hits.searched, hits.complete);
        terms.push_str(&hits.term);
        values.extend(hits.values);
        let how = how(query);
        let sql = format!("SELECT count(*) FROM sessions {how} WHERE {terms}");
        // How many are in what was not looked through is not known.
        let total = if complete && before.is_none_or(|before| before.below == i64::MAX) {
            let mut statement = self.db.prepare_cached(&sql)?;
            Some(statement.query_row(params_from_iter(&values), |row| row.get(0))?)
        } else {
            None
        };
        if let Some(SessionCursor { last_us, key, .. }) = query.after {
            values.extend([Value::Integer(last_us), Value::Integer(key)]);
            let at = values.len();
            terms.push_str(&format!(" AND (last, id) < (?{}, ?{at})", at - 1));
        }
        let limit = query.limit.clamp(1, MOST_SESSIONS);
        let sql = list(how, &terms, limit);
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(&values), found)?;
        let mut rows: Vec<Found> = rows.collect::<Result<_, _>>()?;
        let is_more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next = match rows.last().filter(|_| is_more) {
            Some(row) => Some(SessionCursor {
                last_us: row.last_us,
                key: row.key,
                searched,
            }),
            None => searched.and_then(Searched::older),
        };
        let sessions = rows.into_iter().map(|row| self.whole(row));
        Ok(Sessions {
            sessions: sessions.collect::<Result<_, _>>()?,
            next,
            total,
            complete,
        })
    }

    /// A session's summary with what its parts add up to.
    fn whole(&self, row: Found) -> Result<SessionSummary, StoreError> {
        let shares = self.shares(row.key)?;
        let mut outline = row.outline;
        let mut models: Vec<&str> = shares.iter().map(|share| share.model.as_str()).collect();
        let mut agents: Vec<&str> = shares.iter().map(|share| share.agent.as_str()).collect();
        for list in [&mut models, &mut agents] {
            list.retain(|name| !name.is_empty());
            list.sort_unstable();
            list.dedup();
        }
        outline.models = models.into_iter().map(str::to_owned).collect();
        outline.usage = usage(&shares);
        outline.cost = self.cost(&shares);
        Ok(SessionSummary {
            outline,
            agents: agents.len() as u64,
        })
    }

    fn shares(&self, session: i64) -> Result<Vec<ModelShare>, StoreError> {
        let sql = "SELECT agent, model, provider, band, requests, started, input, output,
                cache_read, cache_write, cache_write_5m, cache_write_1h, reasoning, searches
            FROM session_parts WHERE session = ?1 AND requests > 0 LIMIT ?2";
        let mut statement = self.db.prepare_cached(sql)?;
        let rows = statement.query_map((session, MOST_SHARES), |row| {
            let sum = |at: usize| -> rusqlite::Result<u64> {
                Ok(u64::try_from(row.get::<_, i64>(at)?).unwrap_or(0))
            };
            let some = |at: usize| Ok::<_, rusqlite::Error>(Some(sum(at)?).filter(|&n| n > 0));
            Ok(ModelShare {
                agent: row.get(0)?,
                model: row.get(1)?,
                provider: row.get(2)?,
                class: row.get(3)?,
                requests: sum(4)?,
                started_us: row.get(5)?,
                tokens: Tokens {
                    input: Some(sum(6)?),
                    output: Some(sum(7)?),
                    cache_read: some(8)?,
                    cache_write: some(9)?,
                    cache_write_5m: some(10)?,
                    cache_write_1h: some(11)?,
                    reasoning: some(12)?,
                    web_search_requests: some(13)?,
                    terms: class_terms(row.get(3)?),
                },
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The session of this name: the client's id, else the hash of a conversation.
    pub(super) fn session_named(&self, id: &str) -> Result<Option<Found>, StoreError> {
        let sql = format!("SELECT {COLUMNS} WHERE id = ?1 AND name = ?2");
        let mut statement = self.db.prepare_cached(&sql)?;
        for grouping in [Grouping::Session, Grouping::Conversation] {
            let row = statement
                .query_row((key(grouping, id), id), found)
                .optional()?;
            if row.is_some() {
                return Ok(row);
            }
        }
        Ok(None)
    }

    pub(super) fn session(
        &self,
        id: &str,
        offset: u32,
        limit: u32,
    ) -> Result<Option<SessionDetail>, StoreError> {
        let Some(row) = self.session_named(id)? else {
            return Ok(None);
        };
        let limit = limit.clamp(1, MOST_TURNS);
        let page = self.turns(row.key, (offset, limit))?;
        let mut agents = self.agents(&self.shares(row.key)?);
        let seen = self.agents_of(row.key, &row.outline.id)?;
        let outline = self.whole(row)?.outline;
        for agent in &mut agents {
            if let Some(seen) = seen.get(agent.id.as_deref().unwrap_or_default()) {
                agent.parent.clone_from(&seen.parent);
                agent.agent_type.clone_from(&seen.agent_type);
                agent.started_by.clone_from(&seen.started_by);
                agent.subagent.clone_from(&seen.subagent);
                agent.first_request = Some(seen.first.clone());
                agent.last_request = Some(seen.last.clone());
            }
        }
        // Ids of exchanges are in the order of time.
        let order = |agent: &SessionAgent| {
            let first = agent.first_request.clone();
            (agent.id.is_some(), first.is_none(), first)
        };
        agents.sort_by_key(order);
        Ok(Some(SessionDetail {
            outline,
            agents,
            turns: page.turns,
            total: page.total,
            offset,
            limit,
        }))
    }

    /// One entry for each agent.
    fn agents(&self, shares: &[ModelShare]) -> Vec<SessionAgent> {
        let mut by_agent: BTreeMap<&str, Vec<ModelShare>> = BTreeMap::new();
        for share in shares {
            by_agent
                .entry(&share.agent)
                .or_default()
                .push(share.clone());
        }
        let one = |(id, shares): (&str, Vec<ModelShare>)| SessionAgent {
            id: Some(id.to_owned()).filter(|id| !id.is_empty()),
            parent: None,
            agent_type: None,
            started_by: None,
            subagent: None,
            requests: shares.iter().map(|share| share.requests).sum(),
            usage: usage(&shares),
            cost: self.cost(&shares),
            first_request: None,
            last_request: None,
        };
        by_agent.into_iter().map(one).collect()
    }

    /// What all shares cost in US dollars; none when a price is missing.
    fn cost(&self, shares: &[ModelShare]) -> Option<f64> {
        let prices = &self.prices;
        let counted = shares.iter().filter(|share| share.took_any());
        let sum = counted.map(|share| {
            let quote = prices.quote(&share.model, &share.provider, share.started_us)?;
            let cost = quote.cost_of_sums(band_start(share.class), &share.tokens)?;
            Some(cost.total())
        });
        sum.sum::<Option<Pico>>().map(dollars)
    }
}

/// What all shares took together.
fn usage(shares: &[ModelShare]) -> Usage {
    let mut sum = Tokens {
        input: Some(0),
        output: Some(0),
        ..Tokens::default()
    };
    for ModelShare { tokens: t, .. } in shares {
        let fields = [
            (&mut sum.input, t.input),
            (&mut sum.output, t.output),
            (&mut sum.cache_read, t.cache_read),
            (&mut sum.cache_write, t.cache_write),
            (&mut sum.cache_write_5m, t.cache_write_5m),
            (&mut sum.cache_write_1h, t.cache_write_1h),
            (&mut sum.reasoning, t.reasoning),
            (&mut sum.web_search_requests, t.web_search_requests),
        ];
        for (sum, part) in fields {
            if let Some(part) = part {
                *sum = Some(sum.unwrap_or(0).saturating_add(part));
            }
        }
    }
    Usage::of(&sum).expect("input and output are set above")
}
