//! What was captured, at the terminal: lists, single exchanges, figures, exports, forgetting. All of
//! it comes from the API, of a running weir or of one that is started for the command alone.

mod door;
mod export;
mod lines;
mod purge;
mod show;
mod tail;

use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::Value;

use crate::cli::{By, Log, Narrow, Stats};
use crate::lines::{Bytes, compact, complain, pretty, print};
use crate::table::{Lean, table};
use crate::words::{Here, count, money, took};
use door::Door;
pub(crate) use door::path;
pub(crate) use export::run as export;
use lines::{Exchange, line};
pub(crate) use purge::run as purge;
pub(crate) use show::run as show;
pub(crate) use tail::run as tail;

/// Exchanges in one answer of the API.
const PAGE: u32 = 1000;

/// Runs `weir log`.
///
/// # Errors
/// When the history cannot be had.
pub(crate) fn log(options: &Log) -> anyhow::Result<ExitCode> {
    door::within(&options.history, async |door| {
        let mut left = options.limit;
        let mut cursor = None;
        let mut here = Printer::new(options.json);
        while left > 0 {
            let page = page(door, &options.narrow, (left.min(PAGE), cursor)).await?;
            for exchange in &page.exchanges {
                here.print(exchange)?;
            }
            left = left.saturating_sub(u32::try_from(page.exchanges.len()).unwrap_or(left));
            match page.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        if here.first && !options.json {
            complain("No exchange fits.");
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// One page of the list.
struct Page {
    exchanges: Vec<Exchange>,
    next: Option<String>,
}

async fn page(
    door: &Door,
    narrow: &Narrow,
    (limit, cursor): (u32, Option<String>),
) -> anyhow::Result<Page> {
    let limit = limit.to_string();
    let mut parameters = narrow.parameters();
    parameters.push(("limit", &limit));
    parameters.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
    let path = door::path("/api/requests/summary", &parameters);
    let mut answer = door.client.get(&path).await?;
    let exchanges = match answer["requests"].take() {
        Value::Array(exchanges) => exchanges.into_iter().map(Exchange::read).collect(),
        _ => Ok(Vec::new()),
    };
    Ok(Page {
        exchanges: exchanges?,
        next: answer["nextCursor"].as_str().map(str::to_owned),
    })
}

/// Prints exchanges, a line each.
struct Printer {
    json: bool,
    here: Here,
    first: bool,
}

impl Printer {
    fn new(json: bool) -> Self {
        Self {
            json,
            here: Here::and_now(),
            first: true,
        }
    }

    fn print(&mut self, exchange: &Exchange) -> anyhow::Result<()> {
        if self.json {
            return print(&compact(&exchange.json)?);
        }
        if std::mem::take(&mut self.first) {
            print(lines::HEAD)?;
        }
        print(&line(exchange, &self.here))
    }
}

/// Runs `weir stats`.
///
/// # Errors
/// When the figures cannot be had.
pub(crate) fn stats(options: &Stats) -> anyhow::Result<ExitCode> {
    let (bucket, by) = match options.by {
        By::Model => ("none", "model"),
        By::Provider => ("none", "provider"),
        By::Client => ("none", "client"),
        By::Hour => ("hour", "none"),
        By::Day => ("day", "none"),
    };
    let here = Here::and_now();
    let zone = here.zone.iana_name().unwrap_or("UTC").to_owned();
    let mut parameters = vec![
        ("bucket", bucket),
        ("by", by),
        ("start", options.since.as_str()),
        ("tz", zone.as_str()),
    ];
    parameters.extend(options.until.as_deref().map(|until| ("end", until)));
    if options.csv {
        parameters.push(("format", "csv"));
    }
    let path = door::path("/api/analytics", &parameters);
    door::within(&options.history, async |door| {
        if options.csv {
            let answer = door.client.ask(http::Method::GET, &path, None).await?;
            anyhow::ensure!(answer.status.is_success(), crate::client::refusal(&answer));
            let mut out = Bytes::new();
            out.push(&answer.body)?;
            out.end()?;
            return Ok(ExitCode::SUCCESS);
        }
        let answer = door.client.get(&path).await?;
        if options.json {
            print(&pretty(&answer)?)?;
        } else {
            let figures = figures(&answer, &here);
            print(&figures.context("the figures are not as expected")?)?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn figures(answer: &Value, here: &Here) -> Option<String> {
    let head = [
        ("", Lean::Left),
        ("REQS", Lean::Right),
        ("ERRS", Lean::Right),
        ("INPUT", Lean::Right),
        ("OUTPUT", Lean::Right),
        ("CACHED", Lean::Right),
        ("COST", Lean::Right),
        ("TTFB", Lean::Right),
        ("TOOK", Lean::Right),
    ];
    let rows = answer["rows"].as_array()?;
    let mut rows: Vec<_> = rows.iter().map(|row| figure(row, here)).collect();
    let mut totals = figure(&answer["totals"], here);
    totals[0] = "all".to_owned();
    rows.push(totals);
    Some(table(head, &rows))
}

fn figure(row: &Value, here: &Here) -> [String; 9] {
    let number = |name: &str| row[name].as_u64().unwrap_or(0);
    let name = match (row["key"].as_str(), row["bucket"].as_str()) {
        (Some(key), _) => key.to_owned(),
        (None, Some(bucket)) => here.day_and_time_of(bucket),
        (None, None) => "-".to_owned(),
    };
    [
        name,
        count(number("requests")),
        count(number("errors")),
        count(number("inputTokens") + number("cacheReadTokens") + number("cacheWriteTokens")),
        count(number("outputTokens")),
        count(number("cacheReadTokens")),
        money(row["cost"].as_f64()),
        took(row["firstByte"]["p50"].as_f64()),
        took(row["duration"]["p50"].as_f64()),
    ]
}
