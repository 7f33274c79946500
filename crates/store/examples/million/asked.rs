//! What is asked.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use weir_store::conversation::SessionQuery;
use weir_store::{
    Dimension, FigureQuery, Filters, GrowthQuery, Page, Reader, State, StatusIs, StoreError,
    SummaryQuery, Unit,
};

use crate::fill::{APART, BEGIN};
use crate::long;

/// A query; says what it found.
pub(crate) type Query = fn(&Reader) -> Result<String, StoreError>;

/// What is asked. A query more is a line more.
pub(crate) const QUERIES: &[(&str, Query)] = &[
    ("newest 50", |r| summaries(r, |_| {})),
    ("newest 50, offset 10,000", |r| offset(r, 10_000)),
    ("page 3 of 50, with bodies", |r| page(r, |_| {})),
    ("page of a model, with bodies", |r| {
        page(r, |f| f.model = text("haiku"))
    }),
    ("model: common", |r| {
        summaries(r, |f| f.model = text("OPUS"))
    }),
    ("model: part of most", |r| {
        summaries(r, |f| f.model = text("claude"))
    }),
    ("model: rare", |r| summaries(r, |f| f.model = text("rare"))),
    ("model: none such", |r| {
        summaries(r, |f| f.model = text("nothing"))
    }),
    ("session", |r| {
        summaries(r, |f| f.session = text("session-77"))
    }),
    ("session: none such", |r| {
        summaries(r, |f| f.session = text("nothing"))
    }),
    ("session and model", |r| {
        summaries(r, |f| {
            (f.session, f.model) = (text("session-77"), text("gpt"));
        })
    }),
    ("status error", |r| {
        summaries(r, |f| f.status = Some(StatusIs::Error))
    }),
    ("status 429", |r| {
        summaries(r, |f| f.status = Some(StatusIs::Exactly(429)))
    }),
    ("status 2xx", |r| {
        summaries(r, |f| f.status = Some(StatusIs::Class(2)))
    }),
    ("state client_gone", |r| {
        summaries(r, |f| f.state = Some(State::ClientGone))
    }),
    ("provider", |r| {
        summaries(r, |f| f.provider = text("openai"))
    }),
    ("stop reason: rare", |r| {
        summaries(r, |f| f.stop_reason = text("refusal"))
    }),
    ("duration over a minute", |r| {
        summaries(r, |f| f.min_duration_us = Some(60_000_000))
    }),
    ("tokens: more than any", |r| {
        summaries(r, |f| f.min_tokens = Some(1 << 40))
    }),
    ("one day, a year back", |r| {
        summaries(r, |f| (f.start_us, f.end_us) = day(1_000))
    }),
    ("one day and a model", |r| {
        summaries(r, |f| {
            (f.start_us, f.end_us, f.model) = {
                let (a, b) = day(1_000);
                (a, b, text("gpt"))
            }
        })
    }),
    ("word: in all", |r| summaries(r, |f| f.text = text("the"))),
    ("word: in one", |r| {
        summaries(r, |f| f.text = text("unique123456"))
    }),
    ("word: in none", |r| {
        summaries(r, |f| f.text = text("nowhere"))
    }),
    ("phrase", |r| {
        summaries(r, |f| f.text = text("\"cannot find value\""))
    }),
    ("phrase: in none", |r| {
        summaries(r, |f| f.text = text("\"value find cannot\""))
    }),
    ("two words, never together", |r| {
        summaries(r, |f| f.text = text("unique1 unique999"))
    }),
    ("beginning of many", |r| {
        summaries(r, |f| f.text = text("uni*"))
    }),
    ("beginning of many, rare model", |r| {
        summaries(r, |f| (f.text, f.model) = (text("uni*"), text("rare")))
    }),
    ("phrase: in none, and a model", |r| {
        summaries(r, |f| {
            (f.text, f.model) = (text("\"value find cannot\""), text("gpt"));
        })
    }),
    ("word, not another", |r| {
        summaries(r, |f| f.text = text("error -unique5"))
    }),
    ("only not a word", |r| {
        summaries(r, |f| f.text = text("-unique5"))
    }),
    ("word and a rare model", |r| {
        summaries(r, |f| (f.text, f.model) = (text("the"), text("rare")))
    }),
    ("facets of all", |r| facets(r, |_| {})),
    ("facets of a session", |r| {
        facets(r, |f| f.session = text("session-77"))
    }),
    ("facets of errors", |r| {
        facets(r, |f| f.status = Some(StatusIs::Error))
    }),
    ("facets of a word", |r| {
        facets(r, |f| f.text = text("error"))
    }),
    ("newest moment", |r| r.latest_us().map(|_| String::new())),
    ("neighbours", |r| {
        let found = r.neighbours(&some_id(r)?)?;
        Ok(told(found.map_or(0, |_| 1), None, true))
    }),
    ("figures: 30 days by day, model", |r| {
        figures(r, 30, |q| (q.unit, q.by) = (Unit::Day, Dimension::Model))
    }),
    ("the same, Europe/Berlin", |r| {
        figures(r, 30, |q| {
            (q.unit, q.by, q.zone) = (Unit::Day, Dimension::Model, zone("Europe/Berlin"));
        })
    }),
    ("the same, Asia/Kathmandu", |r| {
        figures(r, 30, |q| {
            (q.unit, q.by, q.zone) = (Unit::Day, Dimension::Model, zone("Asia/Kathmandu"));
        })
    }),
    ("figures: 7 days by hour, model", |r| {
        figures(r, 7, |q| (q.unit, q.by) = (Unit::Hour, Dimension::Model))
    }),
    ("figures: 90 days by hour", |r| {
        figures(r, 90, |q| q.unit = Unit::Hour)
    }),
    ("figures: a year by day, Berlin", |r| {
        figures(r, 365, |q| {
            (q.unit, q.by, q.zone) = (Unit::Day, Dimension::Model, zone("Europe/Berlin"));
        })
    }),
    ("figures: a year by week", |r| {
        figures(r, 365, |q| q.unit = Unit::Week(Weekday::Sunday))
    }),
    ("figures: all time, one model", |r| {
        figures(r, 4000, |q| q.model = text("opus"))
    }),
    ("figures: all time by status", |r| {
        figures(r, 4000, |q| q.by = Dimension::Status)
    }),
    ("figures: 30 days, no times", |r| {
        figures(r, 30, |q| (q.by, q.times) = (Dimension::Model, false))
    }),
    ("quotas: 7 days", |r| quotas(r, 7)),
    ("quotas: 90 days", |r| quotas(r, 90)),
    ("clients of 30 days", |r| {
        Ok(told(r.clients(end_us(r)? - 30 * DAY_US)?.len(), None, true))
    }),
    ("sessions: newest", |r| sessions(r, |_| {})),
    ("sessions: client", |r| {
        sessions(r, |q| q.client = text("codex"))
    }),
    ("sessions: no such client", |r| {
        sessions(r, |q| q.client = text("nobody"))
    }),
    ("sessions: model", |r| {
        sessions(r, |q| q.model = text("gpt"))
    }),
    ("sessions: rare model", |r| {
        sessions(r, |q| q.model = text("rare"))
    }),
    ("sessions: q in one", |r| {
        sessions(r, |q| q.q = text("session-12345"))
    }),
    ("sessions: q in none", |r| {
        sessions(r, |q| q.q = text("nowhere"))
    }),
    ("sessions: one day", |r| {
        sessions(r, |q| (q.start_us, q.end_us) = day(1_000))
    }),
    ("session: first 100 of 4000 turns", |r| session(r, 0, 100)),
    ("session: last 100 of 4000 turns", |r| {
        session(r, long::TURNS - 100, 100)
    }),
    ("session: last 1000 of 4000 turns", |r| {
        session(r, long::TURNS - 1000, 1000)
    }),
    ("session: 50 turns", |r| {
        let found = r.session("session-12345", 0, 1000)?;
        Ok(told(found.map_or(0, |s| s.turns.len()), None, true))
    }),
    ("growth: first 50 turns", |r| growth(r, 0)),
    ("growth: last 50 turns", |r| growth(r, long::TURNS - 50)),
    ("context: newest turn", |r| {
        let found = r.context(long::NAME, None)?;
        Ok(told(found.map_or(0, |c| c.parts.len()), None, true))
    }),
];

const DAY_US: i64 = 86_400_000_000;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

fn end_us(reader: &Reader) -> Result<i64, StoreError> {
    Ok(reader.latest_us()?.unwrap_or_default())
}

/// Some exchange with a session.
fn some_id(reader: &Reader) -> Result<String, StoreError> {
    let query = SummaryQuery {
        filters: filters(|f| f.session = text("session-12345")),
        limit: 2,
        ..SummaryQuery::default()
    };
    let found = reader.summaries(&query)?.rows.pop();
    Ok(found.map(|row| row.request_id).unwrap_or_default())
}

fn figures(
    reader: &Reader,
    days: i64,
    set: impl FnOnce(&mut FigureQuery),
) -> Result<String, StoreError> {
    let end_us = end_us(reader)? + 1;
    let mut query = FigureQuery::between(end_us - days * DAY_US, end_us);
    query.times = true;
    set(&mut query);
    let table = reader.figures(&query)?;
    Ok(told(
        table.rows.len(),
        Some(table.total.requests),
        !table.cut,
    ))
}

fn quotas(reader: &Reader, days: i64) -> Result<String, StoreError> {
    let end_us = end_us(reader)?;
    let series = reader.quota_history((end_us - days * DAY_US, end_us), None)?;
    let points = series.iter().map(|one| one.points.len()).sum();
    Ok(told(points, None, true))
}

fn sessions(reader: &Reader, set: impl FnOnce(&mut SessionQuery)) -> Result<String, StoreError> {
    let mut query = SessionQuery {
        limit: 50,
        ..SessionQuery::default()
    };
    set(&mut query);
    let found = reader.sessions(&query)?;
    Ok(told(found.sessions.len(), found.total, found.complete))
}

fn session(reader: &Reader, offset: u32, limit: u32) -> Result<String, StoreError> {
    let found = reader.session(long::NAME, offset, limit)?;
    let (turns, total) = found.map_or((0, 0), |s| (s.turns.len(), s.total));
    Ok(told(turns, Some(total), true))
}

fn growth(reader: &Reader, offset: u32) -> Result<String, StoreError> {
    let query = GrowthQuery {
        offset,
        limit: 50,
        ..GrowthQuery::default()
    };
    let found = reader.growth(long::NAME, &query)?;
    let (turns, total) = found.map_or((0, 0), |g| (g.turns.len(), g.total));
    Ok(told(turns, Some(total), true))
}

pub(crate) fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn day(number: i64) -> (Option<i64>, Option<i64>) {
    let start = BEGIN + number * 4_320 * APART / 100;
    (Some(start), Some(start + 86_400_000_000))
}

pub(crate) fn filters(set: impl FnOnce(&mut Filters)) -> Filters {
    let mut filters = Filters::default();
    set(&mut filters);
    filters
}

fn summaries(reader: &Reader, set: impl FnOnce(&mut Filters)) -> Result<String, StoreError> {
    let query = SummaryQuery {
        filters: filters(set),
        limit: 50,
        ..SummaryQuery::default()
    };
    let found = reader.summaries(&query)?;
    Ok(told(found.rows.len(), found.total, found.complete))
}

fn offset(reader: &Reader, offset: u32) -> Result<String, StoreError> {
    let query = SummaryQuery {
        offset,
        limit: 50,
        ..SummaryQuery::default()
    };
    let found = reader.summaries(&query)?;
    Ok(told(found.rows.len(), found.total, found.complete))
}

fn page(reader: &Reader, set: impl FnOnce(&mut Filters)) -> Result<String, StoreError> {
    let page = Page {
        number: 3,
        limit: 50,
    };
    let found = reader.list(page, &filters(set))?;
    Ok(told(found.rows.len(), found.total, found.complete))
}

fn facets(reader: &Reader, set: impl FnOnce(&mut Filters)) -> Result<String, StoreError> {
    let facets = reader.facets(&filters(set))?;
    Ok(told(
        facets.models.len(),
        Some(facets.counted),
        facets.complete,
    ))
}

fn told(rows: usize, total: Option<u64>, complete: bool) -> String {
    let total = total.map_or_else(|| "?".to_owned(), |total| total.to_string());
    let rest = if complete {
        ""
    } else {
        ", more to look through"
    };
    format!("{rows} of {total}{rest}")
}
