//! What fills the requests of a session, and why a prompt cache did not serve one.

use std::collections::HashMap;

use rusqlite::params_from_iter;
use rusqlite::types::Value;
use weir_core::prices::dollars;
use weir_wire::dialect::Dialect;
use weir_wire::facts::context::{Context, Outline, Turn, explain};

use super::View;
use super::row::{COLUMNS, summary};
use crate::conversation::{ContextView, Growth, GrowthTurn};
use crate::error::StoreError;
use crate::facts;
use crate::model::{cost, rfc3339};
use crate::summary::{Summary, Tokens};

/// Most turns on a page.
const MOST_TURNS: u32 = 200;
/// Bytes of bodies read for one page; what is behind is left for the next.
const MOST_BYTES: usize = 256 << 20;
/// Turns in a row that may have failed before a page; behind more of them it begins anew.
const MOST_FAILED: usize = 500;
/// Bodies kept to put the next ones together from.
const MOST_KEPT: usize = 8;

/// Which turns of a session's growth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrowthQuery {
    /// Of this agent; none is the main one.
    pub agent: Option<String>,
    /// Turns passed over.
    pub offset: u32,
    /// Most to give, from 1 to 200.
    pub limit: u32,
}

/// A turn that was taken apart.
struct Grown {
    summary: Summary,
    outline: Outline,
}

impl View {
    /// What fills one turn of a session, by the exchange's id; the newest of the main agent when
    /// none is named. None if there is no such session or turn.
    pub(super) fn context(
        &self,
        session: &str,
        turn: Option<&str>,
    ) -> Result<Option<ContextView>, StoreError> {
        let Some(found) = self.session_named(session)? else {
            return Ok(None);
        };
        let row = match turn {
            Some(id) => self.find(id)?.map(|(row, _)| row),
            None => self.growing(found.key, None)?.pop(),
        };
        let Some(row) = row else { return Ok(None) };
        if !self.is_turn(found.key, row)? {
            return Ok(None);
        }
        let (Some((_, summary)), Some(body)) =
            (self.summaries_of(&[row])?.pop(), self.request_body(row)?)
        else {
            return Ok(None);
        };
        let context = self.taken_apart(row, &body.bytes)?;
        let counted = counted(&summary.tokens);
        Ok(Some(ContextView::new(
            summary.id.to_string(),
            &context,
            counted,
        )))
    }

    fn is_turn(&self, session: i64, row: i64) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM turns WHERE session = ?1 AND id = ?2";
        Ok(self.db.prepare_cached(sql)?.exists((session, row))?)
    }

    /// The last of some rows whose prompt was counted, not far from the end.
    fn last_counted(&self, rows: &[i64]) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT 1 FROM exchanges WHERE id = ?1 AND input_tokens IS NOT NULL";
        let mut statement = self.db.prepare_cached(sql)?;
        for row in rows.iter().rev().take(MOST_FAILED) {
            if statement.exists([row])? {
                return Ok(Some(*row));
            }
        }
        Ok(None)
    }

    pub(super) fn growth(
        &self,
        session: &str,
        query: &GrowthQuery,
    ) -> Result<Option<Growth>, StoreError> {
        let Some(found) = self.session_named(session)? else {
            return Ok(None);
        };
        let rows = self.growing(found.key, query.agent.as_deref())?;
        let offset = query.offset as usize;
        let limit = query.limit.clamp(1, MOST_TURNS);
        // The last before the page that was counted is read too, to compare its first turn with.
        let earlier = rows.get(..offset.min(rows.len())).unwrap_or_default();
        let compared = self.last_counted(earlier)?;
        let from = offset.min(rows.len());
        let until = offset.saturating_add(limit as usize).min(rows.len());
        let own = rows.get(from..until.max(from)).unwrap_or_default();
        let page: Vec<i64> = compared.into_iter().chain(own.iter().copied()).collect();
        let mut summaries: HashMap<i64, Summary> = self.summaries_of(&page)?.into_iter().collect();
        let mut bodies = Bodies::default();
        let mut before: Option<Grown> = None;
        let mut turns = Vec::new();
        for row in &page {
            if bodies.read > MOST_BYTES && !turns.is_empty() {
                break;
            }
            let Some(summary) = summaries.remove(row) else {
                continue;
            };
            let context = self.taken_apart(*row, bodies.get(self, *row)?)?;
            if compared != Some(*row) {
                turns.push(self.grown(&summary, &context, before.as_ref()));
            }
            // A turn that was not counted left nothing in a cache that is known.
            if counted(&summary.tokens).is_some() {
                let outline = context.outline;
                before = Some(Grown { summary, outline });
            }
        }
        Ok(Some(Growth {
            turns,
            total: rows.len() as u64,
            offset: query.offset,
            limit,
        }))
    }

    /// A stored body without its content encoding, taken apart.
    fn taken_apart(&self, row: i64, body: &[u8]) -> Result<Context, StoreError> {
        let is_plain = body.first().is_none_or(|&byte| byte == b'{');
        if is_plain {
            return Ok(Context::read(body));
        }
        let encoding = self.request_encoding(row)?;
        Ok(Context::read(&facts::plain(encoding.as_deref(), body)))
    }

    fn summaries_of(&self, rows: &[i64]) -> Result<Vec<(i64, Summary)>, StoreError> {
        let marks = vec!["?"; rows.len()].join(",");
        let sql = format!("SELECT {COLUMNS} FROM exchanges AS e WHERE e.id IN ({marks})");
        let mut statement = self.db.prepare(&sql)?;
        let values = rows.iter().map(|row| Value::Integer(*row));
        let found =
            statement.query_map(params_from_iter(values), |row| summary(row, &self.names))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn grown(&self, summary: &Summary, context: &Context, before: Option<&Grown>) -> GrowthTurn {
        let tokens = &summary.tokens;
        let now = turn(summary, &context.outline);
        let before = before.map(|before| turn(&before.summary, &before.outline));
        let miss = counted(tokens).and_then(|_| explain(before.as_ref(), &now));
        let by_kind = context.by_kind.iter();
        GrowthTurn {
            request_id: summary.id.to_string(),
            timestamp: rfc3339(summary.started_at_us),
            agent: summary.agent.as_deref().map(str::to_owned),
            by_kind: by_kind
                .map(|(kind, bytes)| (kind.as_str(), *bytes))
                .collect(),
            input_tokens: tokens.input.unwrap_or(0),
            cache_read_tokens: tokens.cache_read.unwrap_or(0),
            cache_write_tokens: tokens.cache_write.unwrap_or(0),
            cost: cost(summary, &self.prices).map(|cost| dollars(cost.total())),
            miss: miss.map(Into::into),
        }
    }
}

/// The input side of a prompt; none when nobody counted it.
fn counted(tokens: &Tokens) -> Option<u64> {
    let input = tokens.input?;
    Some(input + tokens.cache_read.unwrap_or(0) + tokens.cache_write.unwrap_or(0))
}

fn turn<'a>(summary: &'a Summary, outline: &'a Outline) -> Turn<'a> {
    let tokens = &summary.tokens;
    let model = summary.routed_model.as_deref().or(summary.model.as_deref());
    Turn {
        outline,
        provider: &summary.provider,
        model: model.unwrap_or_default(),
        started_us: summary.started_at_us,
        input: tokens.input.unwrap_or(0),
        cache_read: tokens.cache_read.unwrap_or(0),
        cache_write: tokens.cache_write.unwrap_or(0),
        one_hour: tokens.cache_write_1h.unwrap_or(0) > 0 || outline.one_hour,
        marks_needed: summary.dialect == Dialect::AnthropicMessages,
    }
}

/// Bodies read one after the other: each is mostly made of one of the last.
#[derive(Default)]
struct Bodies {
    kept: Vec<(i64, Vec<u8>)>,
    read: usize,
}

impl Bodies {
    /// The body of a row; empty when there is none.
    fn get(&mut self, view: &View, row: i64) -> Result<&[u8], StoreError> {
        let bytes = view.body_upon(row, |base| {
            let found = self.kept.iter().find(|(kept, _)| *kept == base);
            found.map(|(_, bytes)| bytes.clone())
        })?;
        self.read += bytes.len();
        if self.kept.len() >= MOST_KEPT {
            self.kept.remove(0);
        }
        self.kept.push((row, bytes));
        Ok(self.kept.last().map_or(&[], |(_, bytes)| bytes))
    }
}
