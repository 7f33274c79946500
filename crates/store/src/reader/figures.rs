//! Questions about sums: over a stretch of time, by hours or days of a time zone, by what the
//! exchanges have in common.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::tz::TimeZone;
use rusqlite::OptionalExtension;
use weir_core::prices::{Prices, Quote};

use super::{Reader, View};
use crate::error::StoreError;
use crate::figures::grains::runs;
use crate::figures::{Account, Calendar, Figures, Key, QUARTER_US, Unit, quarter};

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
    /// The project whose token it brought, by its id; empty for none.
    Project,
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
    /// The project of this id.
    pub project: Option<String>,
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
            project: None,
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
            && is(&self.project, &key.project)
    }

    fn label(&self, key: &Key) -> Box<str> {
        match self.by {
            Dimension::None => "".into(),
            Dimension::Model => key.model.clone(),
            Dimension::Provider => key.provider.clone(),
            Dimension::Client => key.client.clone(),
            Dimension::Agent => key.agent.clone(),
            Dimension::Subagent => key.subagent.clone(),
            Dimension::Project => key.project.clone(),
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

/// The labels of an answer, in order.
type Labels = Vec<Box<str>>;

/// An answer while it is put together, a unit of time after the other.
struct Building<'a> {
    /// The names of the labels, in order; none are told for [`Dimension::None`].
    labels: &'a [Box<str>],
    by_label: bool,
    /// The unit that is being read, and what there is in it by label.
    start_us: Option<i64>,
    open: Vec<Option<Account>>,
    /// Rows that there are and will be.
    count: usize,
    rows: Vec<FigureRow>,
    total: Account,
}

impl Building<'_> {
    /// The account of a label in a unit, which is the last one's or later; none when there are
    /// too many.
    fn account(&mut self, start_us: Option<i64>, label: usize) -> Option<&mut Account> {
        if start_us != self.start_us {
            self.close();
            self.start_us = start_us;
        }
        let open = self.open.get_mut(label)?;
        if open.is_none() {
            if self.count >= MOST_ROWS {
                return None;
            }
            self.count += 1;
        }
        Some(open.get_or_insert_default())
    }

    /// The unit has been read.
    fn close(&mut self) {
        for (open, label) in self.open.iter_mut().zip(self.labels) {
            let Some(account) = open.take() else { continue };
            self.total.merge(&account);
            self.rows.push(FigureRow {
                start_us: self.start_us,
                label: self.by_label.then(|| label.clone()),
                figures: account.figures(),
            });
        }
    }
}

/// The sums of stretches of one length.
pub(super) const SUMS: &str = "SELECT quarter, key, sums FROM figures WHERE grain=? AND quarter>=? AND quarter<? ORDER BY quarter";

impl View {
    fn figures(&self, query: &FigureQuery) -> Result<FigureTable, StoreError> {
        let prices = Arc::clone(&self.prices);
        let (labels, mut keys) = self.keys(query)?;
        let mut building = Building {
            labels: &labels,
            by_label: query.by != Dimension::None,
            start_us: None,
            open: vec![None; labels.len()],
            count: 0,
            rows: Vec::new(),
            total: Account::default(),
        };
        let mut calendar = Calendar::new(query.unit, query.zone.clone());
        let (from, to) = self.recorded(query)?;
        let runs = runs(&mut calendar, from, to);
        let mut statement = self.db.prepare_cached(SUMS)?;
        let mut cut = false;
        'all: for run in runs {
            let mut rows = statement.query([run.grain, run.from, run.to])?;
            while let Some(row) = rows.next()? {
                let (at, key): (i64, i64) = (row.get(0)?, row.get(1)?);
                let Some(known) = keys.get_mut(&key) else {
                    continue;
                };
                let at_us = at.saturating_mul(QUARTER_US);
                let start_us = calendar.around(at_us).map(|(start, _)| start);
                let Some(account) = building.account(start_us, known.label) else {
                    cut = true;
                    break 'all;
                };
                let bytes = row.get_ref(2)?.as_blob().unwrap_or_default();
                account.add(bytes, query.times, known.quote(&prices, at_us));
            }
        }
        building.close();
        Ok(FigureTable {
            rows: building.rows,
            total: building.total.figures(),
            cut,
        })
    }

    /// The labels in order, and the keys that a query asks for with theirs.
    fn keys<'a>(
        &self,
        query: &FigureQuery,
    ) -> Result<(Labels, HashMap<i64, Known<'a>>), StoreError> {
        let mut wanted = Key::load(&self.db)?;
        wanted.retain(|(_, key)| query.wants(key));
        let labels: BTreeSet<Box<str>> = wanted.iter().map(|(_, key)| query.label(key)).collect();
        let labels: Labels = labels.into_iter().collect();
        let known = |(id, key): (i64, Key)| {
            let label = labels.binary_search(&query.label(&key)).unwrap_or_default();
            let quote = None;
            (id, Known { key, label, quote })
        };
        let keys = wanted.into_iter().map(known).collect();
        Ok((labels, keys))
    }

    /// The quarters that a query asks for, without those before the first and behind the last that
    /// have anything.
    fn recorded(&self, query: &FigureQuery) -> Result<(i64, i64), StoreError> {
        let edge = |order: &str| -> Result<Option<i64>, StoreError> {
            let sql = format!(
                "SELECT quarter FROM figures WHERE grain=1 ORDER BY quarter {order} LIMIT 1"
            );
            let mut statement = self.db.prepare_cached(&sql)?;
            Ok(statement.query_row([], |row| row.get(0)).optional()?)
        };
        let end = quarter(query.end_us.saturating_add(QUARTER_US - 1));
        Ok(match (edge("ASC")?, edge("DESC")?) {
            (Some(first), Some(last)) => (quarter(query.start_us).max(first), end.min(last + 1)),
            _ => (0, 0),
        })
    }
}
