//! From filters to SQL: the condition, and what to walk to find the exchanges it applies to.

use std::ops::Range;

use rusqlite::types::Value;

use weir_wire::dialect::Operation;

use super::View;
use super::priced::COST;
use crate::error::StoreError;
use crate::find::text::Words;
use crate::find::{Filters, StatusIs};
use crate::parts::Parts;
use crate::removal::first_row;
use crate::summary::{dialect_number, operation_number};

/// Most values of one column that are looked up one by one in its index; with more of them, walking
/// all exchanges in time is as good.
const MOST_CODES: usize = 24;
/// Most texts that are not in the dictionary that a part of a model's name is looked for in.
const MOST_TEXTS: usize = 256;
/// What no exchange is. Not a plain `0`: SQLite then drops all other terms, and with them the one
/// that lets it use the index of failed exchanges.
const NONE: &str = "e.id<0";
/// What the index of failed exchanges is of.
const FAILED: &str = "(e.status>=400 OR e.state>1)";
const TOKENS: &str = "(coalesce(e.input_tokens,0)+coalesce(e.output_tokens,0)\
    +coalesce(e.cache_read_tokens,0)+coalesce(e.cache_write_tokens,0))";

/// What is walked, newest first.
#[derive(Debug)]
enum Source {
    /// The table, whose order is that of time.
    Time,
    /// The index of failed exchanges.
    Failed,
    /// The index of a column, at each of the values with these parameters.
    Column(&'static str, &'static str, Vec<usize>),
    /// The index of words, for the search in this parameter.
    Words(usize),
}

/// A condition in SQL with its parameters.
#[derive(Debug)]
pub(super) struct Condition {
    terms: Vec<String>,
    values: Vec<Value>,
    source: Source,
    /// The parts of the index of words, if it needs them.
    parts: Option<Parts>,
    /// The rows between which it lies.
    pub(super) range: Range<i64>,
}

/// Stands for the part of the index of words in a term.
const PART: &str = "@";

impl Condition {
    fn value(&mut self, value: impl Into<Value>) -> usize {
        self.values.push(value.into());
        self.values.len()
    }

    fn term(&mut self, template: &str, value: impl Into<Value>) {
        let at = self.value(value);
        self.terms.push(template.replace('$', &format!("?{at}")));
    }

    /// A column that has one of some values, which its index may find.
    fn coded(&mut self, column: &'static str, index: Option<&'static str>, codes: Vec<Value>) {
        let places: Vec<usize> = codes.into_iter().map(|code| self.value(code)).collect();
        match index {
            Some(index)
                if matches!(self.source, Source::Time)
                    && (1..=MOST_CODES).contains(&places.len()) =>
            {
                self.source = Source::Column(index, column, places);
            }
            // Nothing has it.
            _ if places.is_empty() => self.terms.push(NONE.into()),
            _ => self.terms.push(one_of(column, &places)),
        }
    }

    /// Whether every row in its range fits.
    pub(super) fn is_plain(&self) -> bool {
        self.terms.is_empty() && matches!(self.source, Source::Time)
    }

    /// Whether the index of words is all it takes, so that what is found can be counted on to fit.
    pub(super) fn is_words_only(&self) -> bool {
        self.terms.is_empty() && matches!(self.source, Source::Words(_))
    }

    /// How many looks into a piece there are to be at least, if each is the same trouble.
    pub(super) fn looks(&self) -> i64 {
        match self.source {
            Source::Words(_) => 64,
            Source::Time | Source::Failed | Source::Column(..) => i64::MAX,
        }
    }

    /// The pieces of a window that can be looked through one at a time, newest first.
    pub(super) fn pieces(&self, window: &Range<i64>) -> Vec<Range<i64>> {
        match &self.parts {
            Some(parts) => parts.pieces(window),
            None => vec![window.clone()],
        }
    }

    /// The part of the index of words for a piece of a window.
    fn part(&self, piece: &Range<i64>) -> &str {
        let parts = self.parts.as_ref();
        let part = parts.and_then(|parts| parts.of(piece.end.saturating_sub(1)));
        part.map_or("words", |part| &part.table)
    }

    /// What else there is to say of a row.
    fn rest(&self, part: &str) -> String {
        let terms = self.terms.iter();
        terms
            .map(|term| format!(" AND {}", term.replace(PART, part)))
            .collect()
    }

    /// The parameters, with those of a window behind them.
    pub(super) fn values(&self, window: &Range<i64>) -> Vec<Value> {
        let mut values = self.values.clone();
        values.extend([Value::Integer(window.start), Value::Integer(window.end)]);
        values
    }

    /// Rows of one piece of a window, newest first. `columns` begin with `e.id`.
    pub(super) fn select(
        &self,
        columns: &str,
        piece: &Range<i64>,
        (limit, offset): (u64, u64),
    ) -> String {
        let (start, end) = (self.values.len() + 1, self.values.len() + 2);
        let words = self.part(piece);
        let rest = self.rest(words);
        let of = |from: &str, key: &str, term: &str| {
            format!(
                "SELECT {columns} FROM {from} WHERE {key}>=?{start} AND {key}<?{end}{term}{rest}"
            )
        };
        let (selects, order): (String, String) = match &self.source {
            Source::Time => (of("exchanges AS e NOT INDEXED", "e.id", ""), "e.id".into()),
            Source::Failed => {
                let from = "exchanges AS e INDEXED BY exchanges_errors";
                (of(from, "e.id", &format!(" AND {FAILED}")), "e.id".into())
            }
            Source::Words(at) => {
                let from = format!("{words} CROSS JOIN exchanges AS e ON e.id={words}.rowid");
                let (key, term) = (
                    format!("{words}.rowid"),
                    format!(" AND {words} MATCH ?{at}"),
                );
                (of(&from, &key, &term), key)
            }
            // One after the other, so that each comes in order and they are only merged.
            Source::Column(index, column, places) => {
                let from = format!("exchanges AS e INDEXED BY {index}");
                let selects = places
                    .iter()
                    .map(|at| of(&from, "e.id", &format!(" AND e.{column}=?{at}")));
                (selects.collect::<Vec<_>>().join(" UNION ALL "), "1".into())
            }
        };
        format!("{selects} ORDER BY {order} DESC LIMIT {limit} OFFSET {offset}")
    }

    /// The number of rows in one piece of a window.
    pub(super) fn count(&self, piece: &Range<i64>) -> String {
        let (start, end) = (self.values.len() + 1, self.values.len() + 2);
        let words = self.part(piece);
        let rest = self.rest(words);
        match &self.source {
            Source::Time => format!(
                "SELECT count(*) FROM exchanges AS e NOT INDEXED
                 WHERE e.id>=?{start} AND e.id<?{end}{rest}"
            ),
            Source::Failed => format!(
                "SELECT count(*) FROM exchanges AS e INDEXED BY exchanges_errors
                 WHERE e.id>=?{start} AND e.id<?{end} AND {FAILED}{rest}"
            ),
            Source::Column(index, column, places) => format!(
                "SELECT count(*) FROM exchanges AS e INDEXED BY {index}
                 WHERE {} AND e.id>=?{start} AND e.id<?{end}{rest}",
                one_of(column, places)
            ),
            Source::Words(at) if self.terms.is_empty() => format!(
                "SELECT count(*) FROM {words} WHERE {words} MATCH ?{at}
                 AND rowid>=?{start} AND rowid<?{end}"
            ),
            Source::Words(at) => format!(
                "SELECT count(*) FROM {words} CROSS JOIN exchanges AS e ON e.id={words}.rowid
                 WHERE {words} MATCH ?{at} AND {words}.rowid>=?{start} AND {words}.rowid<?{end}{rest}"
            ),
        }
    }
}

fn one_of(column: &str, places: &[usize]) -> String {
    let places: Vec<String> = places.iter().map(|at| format!("?{at}")).collect();
    format!("e.{column} IN ({})", places.join(","))
}

/// SQLite's integers are signed.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl View {
    /// What some filters ask for.
    pub(super) fn condition(&self, filters: &Filters) -> Result<Condition, StoreError> {
        let mut this = Condition {
            terms: Vec::new(),
            values: Vec::new(),
            source: Source::Time,
            parts: None,
            range: filters.start_us.map_or(0, first_row)
                ..filters.end_us.map_or(i64::MAX, first_row),
        };
        if words(&mut this, filters.text.as_deref()) {
            this.parts = Some(Parts::load(&self.db)?);
        }
        if let Some(session) = &filters.session {
            this.coded("session", Some("exchanges_session"), self.codes(session));
        }
        status(&mut this, filters);
        let model = filters.model.as_deref();
        if let Some(part) = model.filter(|m| !m.is_empty() && !m.eq_ignore_ascii_case("all")) {
            self.model(&mut this, part)?;
        }
        for (column, wanted) in [
            ("provider", &filters.provider),
            ("agent", &filters.agent),
            ("subagent", &filters.subagent),
            ("project", &filters.project),
            ("token", &filters.token),
            ("client_kind", &filters.client),
            ("stop_reason", &filters.stop_reason),
        ] {
            if let Some(wanted) = wanted {
                this.coded(column, None, self.codes(wanted));
            }
        }
        if let Some(key) = &filters.key {
            self.key(&mut this, key);
        }
        measures(&mut this, filters);
        self.costing(&mut this, filters)?;
        Ok(this)
    }

    /// How a text may stand in a coded column: the dictionary's numbers for it, or itself.
    pub(super) fn codes(&self, text: &str) -> Vec<Value> {
        let numbers = self.names.find(|name| name == text.as_bytes());
        let numbers = numbers.into_iter().map(Value::Integer);
        numbers.chain([Value::Text(text.to_owned())]).collect()
    }

    /// Models with `part` in their names: the dictionary's, and those that are not there yet.
    fn model(&self, this: &mut Condition, part: &str) -> Result<(), StoreError> {
        let part = part.to_ascii_lowercase();
        let mut codes = self.models(&part)?;
        // Text comes behind numbers in an index.
        let sql = format!(
            "SELECT DISTINCT model FROM exchanges INDEXED BY exchanges_model
             WHERE model>='' AND instr(lower(model),?1)>0 LIMIT {}",
            MOST_TEXTS + 1
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let texts = statement.query_map([&part], |row| row.get::<_, String>(0))?;
        let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
        if texts.len() <= MOST_TEXTS {
            codes.extend(texts.into_iter().map(Value::Text));
            this.coded("model", Some("exchanges_model"), codes);
            return Ok(());
        }
        let places: Vec<usize> = codes.into_iter().map(|code| this.value(code)).collect();
        let or = "(e.model>='' AND instr(lower(e.model),$)>0)";
        this.term(&format!("({} OR {or})", one_of("model", &places)), part);
        Ok(())
    }

    /// The numbers of models with `part` in their names. Most strings are no models' names.
    fn models(&self, part: &str) -> Result<Vec<Value>, StoreError> {
        let sql = "SELECT 1 FROM exchanges INDEXED BY exchanges_model WHERE model=?1";
        let mut statement = self.db.prepare_cached(sql)?;
        let mut models = Vec::new();
        for number in self.names.find(|name| contains(name, part.as_bytes())) {
            if statement.exists([number])? {
                models.push(Value::Integer(number));
            }
        }
        Ok(models)
    }

    fn costing(&self, this: &mut Condition, filters: &Filters) -> Result<(), StoreError> {
        const MICRO: f64 = 1e-6;
        for (bound, sign) in [(filters.min_cost, ">="), (filters.max_cost, "<=")] {
            if let Some(bound) = bound {
                let bound = u32::try_from(bound).map_or(f64::MAX, f64::from) * MICRO;
                this.term(&format!("{COST}{sign}$"), Value::Real(bound));
            }
        }
        if filters.min_cost.is_some() || filters.max_cost.is_some() {
            self.price()?;
        }
        Ok(())
    }

    /// The digest of a credential or its beginning, with or without the name of the hash.
    fn key(&self, this: &mut Condition, key: &str) {
        let numbers = self.names.find(|name| {
            name.strip_prefix(b"hmac-sha256:")
                .is_some_and(|digest| digest.starts_with(key.as_bytes()))
                || name.starts_with(key.as_bytes())
        });
        let numbers: Vec<usize> = numbers.into_iter().map(|code| this.value(code)).collect();
        let template = format!(
            "({} OR (e.key_digest>='' AND
             (instr(e.key_digest,$)=1 OR instr(e.key_digest,'hmac-sha256:'||$)=1)))",
            one_of("key_digest", &numbers)
        );
        this.term(&template, key.to_owned());
    }
}

/// Adds a search for words; gives whether it needs their index.
fn words(this: &mut Condition, typed: Option<&str>) -> bool {
    let Some(typed) = typed.filter(|typed| !typed.trim().is_empty()) else {
        return false;
    };
    match Words::parse(typed) {
        Words {
            wanted: None,
            unwanted: None,
        } => {
            this.terms.push(NONE.into());
            return false;
        }
        Words {
            wanted: None,
            unwanted: Some(unwanted),
        } => this.term(
            "NOT EXISTS (SELECT 1 FROM @ WHERE @ MATCH $ AND @.rowid=e.id)",
            unwanted,
        ),
        Words {
            wanted: Some(wanted),
            unwanted,
        } => {
            let all = match unwanted {
                Some(unwanted) => format!("({wanted}) NOT ({unwanted})"),
                None => wanted,
            };
            this.source = Source::Words(this.value(all));
        }
    }
    true
}

fn status(this: &mut Condition, filters: &Filters) {
    let failed = match filters.status {
        Some(StatusIs::Error) => true,
        Some(StatusIs::Class(class)) => {
            this.term("e.status>=$", i64::from(class) * 100);
            this.term("e.status<$", i64::from(class) * 100 + 100);
            class >= 4
        }
        Some(StatusIs::Exactly(status)) => {
            this.term("e.status=$", i64::from(status));
            status >= 400
        }
        None => false,
    };
    if let Some(state) = filters.state {
        this.term("e.state=$", state as i64);
    }
    let failed = failed || filters.state.is_some_and(|state| state as i64 > 1);
    match this.source {
        Source::Time if failed => this.source = Source::Failed,
        _ if filters.status == Some(StatusIs::Error) => this.terms.push(FAILED.into()),
        _ => {}
    }
}

/// What is compared with a number.
fn measures(this: &mut Condition, filters: &Filters) {
    if let Some(dialect) = filters.dialect {
        this.term("e.dialect=$", dialect_number(dialect));
    }
    if let Some(operation) = filters.operation {
        // A stream is asked for by the same name.
        let (least, most) = match operation {
            Operation::Generate | Operation::GenerateStream => {
                (Operation::Generate, Operation::GenerateStream)
            }
            other => (other, other),
        };
        this.term("e.operation>=$", operation_number(least));
        this.term("e.operation<=$", operation_number(most));
    }
    for (template, bound) in [
        ("e.duration_us>=$", filters.min_duration_us),
        ("e.duration_us<=$", filters.max_duration_us),
        (&*format!("{TOKENS}>=$"), filters.min_tokens),
        (&*format!("{TOKENS}<=$"), filters.max_tokens),
    ] {
        if let Some(bound) = bound {
            this.term(template, signed(bound));
        }
    }
}

/// Whether a text holds `part`, which is in lower case, in any case.
fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len())
        .any(|window| window.eq_ignore_ascii_case(part))
}
