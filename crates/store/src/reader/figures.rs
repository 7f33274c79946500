//! Questions about sums: over a stretch of time, by hours or days of a time zone, by what the
//! exchanges have in common.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::tz::TimeZone;
use weir_core::prices::{Prices, Quote};

use super::{Reader, View};
use crate::error::StoreError;
use crate::figures::{Account, Calendar, Figures, Key, QUARTER_US, Sums, Unit, quarter};

/// Most rows in one answer.
const MOST_ROWS: usize = 50_000;
const DAY_US: i64 = 86_400_000_000;

/// What exchanges are told apart by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dimension {
    /// Nothing.
    #[default]
    None,
    /// The model that was asked.
    Model,
    /// The provider.
    Provider,
    /// What the client is.
    Client,
    /// `main` or `subagent`.
    Agent,
    /// The subagent's name; empty for the main agent.
    Subagent,
    /// `2xx`, `3xx`, `4xx`, `429`, `5xx` or `none`.
    Status,
}

/// Which figures.
#[derive(Clone, Debug)]
pub struct FigureQuery {
    /// Of exchanges begun at or after this moment, in microseconds since the Unix epoch, rounded
    /// down to a quarter of an hour.
    pub start_us: i64,
    /// And before this one, rounded up.
    pub end_us: i64,
    /// Put together by this.
    pub unit: Unit,
    /// Whose hours and days these are.
    pub zone: TimeZone,
    /// And by this.
    pub by: Dimension,
    /// Any part of the model's name, in any case; empty or `all` is every one.
    pub model: Option<String>,
    /// This provider.
    pub provider: Option<String>,
    /// This kind of client.
    pub client: Option<String>,
    /// `main` or `subagent`.
    pub agent: Option<String>,
    /// The subagent with this name.
    pub subagent: Option<String>,
    /// Whether percentiles are wanted.
    pub times: bool,
}

impl FigureQuery {
    /// All figures of a stretch of time, in one.
    #[must_use]
    pub fn between(start_us: i64, end_us: i64) -> Self {
        Self {
            start_us,
            end_us,
            unit: Unit::None,
            zone: TimeZone::UTC,
            by: Dimension::None,
            model: None,
            provider: None,
            client: None,
            agent: None,
            subagent: None,
            times: false,
        }
    }

    fn wants(&self, key: &Key) -> bool {
        let any = |part: &Option<String>| {
            let part = part.as_deref().unwrap_or_default();
            (!part.is_empty() && part != "all").then(|| part.to_ascii_lowercase())
        };
        let is = |part: &Option<String>, of: &str| {
            any(part).is_none_or(|part| of.eq_ignore_ascii_case(&part))
        };
        any(&self.model).is_none_or(|part| key.model.to_ascii_lowercase().contains(&part))
            && is(&self.provider, &key.provider)
            && is(&self.client, &key.client)
            && is(&self.agent, &key.agent)
            && is(&self.subagent, &key.subagent)
    }

    fn label(&self, key: &Key) -> Box<str> {
        match self.by {
            Dimension::None => "".into(),
            Dimension::Model => key.model.clone(),
            Dimension::Provider => key.provider.clone(),
            Dimension::Client => key.client.clone(),
            Dimension::Agent => key.agent.clone(),
            Dimension::Subagent => key.subagent.clone(),
            Dimension::Status => key.status().into(),
        }
    }
}

/// Figures of one stretch and one label.
#[derive(Clone, Debug, PartialEq)]
pub struct FigureRow {
    /// When the stretch begins, in microseconds since the Unix epoch; none for [`Unit::None`].
    pub start_us: Option<i64>,
    /// The label; none for [`Dimension::None`].
    pub label: Option<Box<str>>,
    /// The figures.
    pub figures: Figures,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FigureTable {
    /// By time and label, ascending; none where nothing happened.
    pub rows: Vec<FigureRow>,
    /// All of them together.
    pub total: Figures,
    /// Whether rows are missing because there are too many.
    pub cut: bool,
}

impl Reader {
    /// What exchanges add up to. Those in flight are not in it, and nor are those that were just
    /// recorded by an earlier weir, for as long as they are being added up.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn figures(&self, query: &FigureQuery) -> Result<FigureTable, StoreError> {
        self.view(|view| view.figures(query))
    }
}

/// What is known of a key while an answer is put together.
struct Known<'a> {
    key: Key,
    label: usize,
    /// The price of the day that is being read.
    quote: Option<(i64, Option<Quote<'a>>)>,
}

impl<'a> Known<'a> {
    fn quote(&mut self, prices: &'a Prices, at_us: i64) -> Option<&Quote<'a>> {
        // Prices change at midnight UTC if at all.
        let day = at_us.div_euclid(DAY_US);
        if self.quote.as_ref().is_none_or(|(of, _)| *of != day) {
            let quote = prices.quote(&self.key.model, &self.key.provider, at_us);
            self.quote = Some((day, quote));
        }
        self.quote.as_ref().and_then(|(_, quote)| quote.as_ref())
    }
}

impl View {
    fn figures(&self, query: &FigureQuery) -> Result<FigureTable, StoreError> {
        let prices = Arc::clone(&self.prices);
        let mut labels: BTreeMap<Box<str>, usize> = BTreeMap::new();
        let mut keys = HashMap::new();
        for (id, key) in Key::load(&self.db)? {
            if query.wants(&key) {
                let next = labels.len();
                let label = *labels.entry(query.label(&key)).or_insert(next);
                let quote = None;
                keys.insert(id, Known { key, label, quote });
            }
        }
        let names: HashMap<usize, &Box<str>> =
            labels.iter().map(|(name, at)| (*at, name)).collect();
        let mut accounts: BTreeMap<(Option<i64>, usize), Account> = BTreeMap::new();
        let mut calendar = Calendar::new(query.unit, query.zone.clone());
        let mut cut = false;
        let sql = "SELECT quarter, key, sums FROM figures WHERE quarter>=? AND quarter<?";
        let mut statement = self.db.prepare_cached(sql)?;
        let end = query.end_us.saturating_add(QUARTER_US - 1);
        let mut rows = statement.query([quarter(query.start_us), quarter(end)])?;
        while let Some(row) = rows.next()? {
            let (at, key): (i64, i64) = (row.get(0)?, row.get(1)?);
            let Some(known) = keys.get_mut(&key) else {
                continue;
            };
            let at_us = at.saturating_mul(QUARTER_US);
            let place = (calendar.start(at_us), known.label);
            if accounts.len() >= MOST_ROWS && !accounts.contains_key(&place) {
                cut = true;
                break;
            }
            let mut sums = Sums::default();
            let bytes = row.get_ref(2)?.as_blob().unwrap_or_default();
            if sums.merge_encoded(bytes, query.times).is_some() {
                let quote = known.quote(&prices, at_us);
                accounts.entry(place).or_default().add(&sums, quote);
            }
        }
        let mut total = Account::default();
        accounts.values().for_each(|account| total.merge(account));
        let by_label = query.by != Dimension::None;
        let mut rows: Vec<_> = accounts
            .iter()
            .map(|((start_us, label), account)| FigureRow {
                start_us: *start_us,
                label: names
                    .get(label)
                    .filter(|_| by_label)
                    .map(|name| (*name).clone()),
                figures: account.figures(),
            })
            .collect();
        rows.sort_by(|a, b| (a.start_us, &a.label).cmp(&(b.start_us, &b.label)));
        let total = total.figures();
        Ok(FigureTable { rows, total, cut })
    }
}
