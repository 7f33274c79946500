//! What exchanges cost, as a function of SQL: prices are no part of the database, so that a
//! corrected one counts for the past too.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use weir_core::prices::{Prices, Terms, dollars};

use super::View;
use super::row::started_at;
use crate::error::StoreError;
use crate::summary::Tokens;

/// The function with the columns it reads: dollars, or NULL where that is not known.
pub(super) const COST: &str = "weir_cost(e.id, e.model, e.routed_model, e.provider, e.input_tokens,
    e.output_tokens, e.cache_read_tokens, e.cache_write_tokens, e.cache_write_5m_tokens,
    e.cache_write_1h_tokens, e.reasoning_tokens, e.web_search_requests, e.terms)";
const ARGUMENTS: i32 = 13;

/// What a call needs to know.
struct Pricing {
    prices: Arc<Prices>,
    names: HashMap<i64, Box<str>>,
}

impl View {
    /// Makes [`COST`] known, with the prices in force and the strings known now.
    pub(super) fn price(&self) -> Result<(), StoreError> {
        let pricing = Pricing {
            prices: Arc::clone(&self.prices),
            names: self.names.all(),
        };
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
        self.db
            .create_scalar_function("weir_cost", ARGUMENTS, flags, move |call| {
                pricing.cost(call)
            })?;
        Ok(())
    }
}

impl Pricing {
    fn cost(&self, call: &Context<'_>) -> rusqlite::Result<Option<f64>> {
        let tokens = Tokens {
            input: call.get(4)?,
            output: call.get(5)?,
            cache_read: call.get(6)?,
            cache_write: call.get(7)?,
            cache_write_5m: call.get(8)?,
            cache_write_1h: call.get(9)?,
            reasoning: call.get(10)?,
            web_search_requests: call.get(11)?,
            terms: Terms::of_number(call.get::<Option<u8>>(12)?.unwrap_or(0)),
        };
        let text = |at| self.text(call.get_raw(at));
        let Some(model) = text(2).or_else(|| text(1)) else {
            return Ok(None);
        };
        if !tokens.counted() {
            return Ok(None);
        }
        let (at, provider) = (started_at(call.get(0)?), text(3).unwrap_or_default());
        let cost = self.prices.cost(model, provider, at, &tokens);
        Ok(cost.map(|cost| dollars(cost.total())))
    }

    fn text<'a>(&'a self, value: ValueRef<'a>) -> Option<&'a str> {
        match value {
            ValueRef::Integer(code) => self.names.get(&code).map(AsRef::as_ref),
            ValueRef::Text(text) => std::str::from_utf8(text).ok(),
            ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => None,
        }
    }
}
