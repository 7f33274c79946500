//! What lists and searches cost with a million exchanges: fills a database, then times each query
//! and shows how SQLite goes about it.
//!
//! `cargo run --release -p weir-store --example million [-- COUNT [FOLDER]]`. With a folder the
//! database stays there and is used again; else it goes when the program ends.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use weir_core::settings::{Capture, Retention};
use weir_store::{
    Filters, Options, Page, Reader, Recorder, State, StatusIs, StoreError, SummaryQuery, Tuning,
};

type Failure = Box<dyn std::error::Error>;

/// Exchanges in one transaction.
const BATCH: u64 = 20_000;
/// Times each query is asked.
const TIMES: usize = 20;
/// The first exchange began then, in microseconds since the Unix epoch.
const BEGIN: i64 = 1_760_000_000_000_000;
/// Numbers of rows for each microsecond, as the recorder has them.
const ROWS_PER_US: i64 = 2048;
/// Time between two exchanges, in microseconds.
const APART: i64 = 20_000_000;

const MODELS: [&str; 8] = [
    "claude-opus-4-1",
    "claude-sonnet-4-5",
    "claude-haiku-4-5",
    "gpt-5",
    "gpt-5-codex",
    "gemini-3-pro",
    "gemini-3-flash",
    "rare-model",
];
const WORDS: [&str; 16] = [
    "the", "file", "main", "error", "cannot", "find", "value", "in", "this", "scope", "fn", "let",
    "mut", "return", "match", "self",
];

/// A query; says what it found.
type Query = fn(&Reader) -> Result<String, StoreError>;

/// What is asked. A query more is a line more.
const QUERIES: &[(&str, Query)] = &[
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
];

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn day(number: i64) -> (Option<i64>, Option<i64>) {
    let start = BEGIN + number * 4_320 * APART / 100;
    (Some(start), Some(start + 86_400_000_000))
}

fn filters(set: impl FnOnce(&mut Filters)) -> Filters {
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

fn out(line: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

fn open(path: &Path) -> Result<Recorder, StoreError> {
    Recorder::open(Options {
        db_path: path.to_owned(),
        capture: Capture {
            enabled: true,
            required: false,
            max_body_bytes: 64 << 20,
            queue_bytes: 16 << 20,
            dedup_bytes: 16 << 20,
            search: false,
            retention: Retention::default(),
        },
        key_header: None,
        on_ended: None,
        tuning: Tuning::default(),
    })
}

/// Numbers that look like chance, and are the same every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

/// The numbers of the strings that rows share.
struct Codes {
    models: i64,
    sessions: i64,
    others: i64,
}

const OTHERS: [&str; 10] = [
    "POST",
    "/v1/messages",
    "anthropic",
    "openai",
    "claude_code",
    "codex",
    "end_turn",
    "tool_use",
    "refusal",
    "digest",
];

fn strings(db: &Connection) -> Result<Codes, Failure> {
    let mut insert = db.prepare("INSERT INTO strings (id, kind, text) VALUES (?, 0, ?)")?;
    let mut next = 0;
    let mut add = |text: &str| {
        next += 1;
        insert.execute(params![next, text.as_bytes()]).map(|_| next)
    };
    let first = |ids: Vec<i64>| ids.first().copied().unwrap_or(0);
    let models = MODELS
        .iter()
        .map(|text| add(text))
        .collect::<Result<_, _>>()?;
    let sessions = (0..256)
        .map(|n| add(&format!("session-{n}")))
        .collect::<Result<_, _>>()?;
    let others = OTHERS
        .iter()
        .map(|text| add(text))
        .collect::<Result<_, _>>()?;
    Ok(Codes {
        models: first(models),
        sessions: first(sessions),
        others: first(others),
    })
}

const EXCHANGE: &str = "INSERT INTO exchanges (id, uuid, state, method, path, dialect, operation,
    provider, model, session, conversation, message_count, client_kind, key_digest, user_agent,
    is_streaming, request_bytes, status, stop_reason, headers_us, content_us, duration_us,
    response_bytes, attempts, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
    route, longest_gap_us) VALUES (?1, ?2, ?3, ?4, ?5, 0, 1, ?6, ?7, ?8, ?9, 12, ?10, ?11, ?10, 1,
    40000, ?12, ?13, 400000, 700000, ?14, 3000, 1, ?15, ?16, ?17, 900, ?18, 90000)";

const ROUTE: &str =
    r#"{"strategy":"failover","reason":"affinity","session":"header","key":"0a1b2c3d"}"#;

fn row(db: &Connection, n: u64, codes: &Codes, chance: &mut Chance) -> Result<(), Failure> {
    let at = BEGIN + i64::try_from(n)? * APART;
    let id = at * ROWS_PER_US + i64::try_from(n)? % ROWS_PER_US;
    let mut uuid = [7u8; 16];
    uuid[..8].copy_from_slice(&n.to_be_bytes());
    // The last model is one in a hundred thousand.
    let model = match chance.below(100_000) {
        0 => 7,
        other => i64::try_from(other % 7)?,
    };
    let session = i64::try_from(n / 500 % 256)?;
    let (state, status) = match chance.below(200) {
        0 => (1, 429),
        1 => (1, 500),
        2 => (3, 200),
        _ => (1, 200),
    };
    let stop = if chance.below(50_000) == 0 {
        8
    } else {
        6 + i64::try_from(n % 2)?
    };
    let other = |index: i64| codes.others + index;
    db.prepare_cached(EXCHANGE)?.execute(params![
        id,
        uuid,
        state,
        other(0),
        other(1),
        other(2 + i64::from(model > 2)),
        codes.models + model,
        codes.sessions + session,
        [3u8; 16],
        other(4 + i64::from(model > 2)),
        other(9),
        status,
        other(stop),
        i64::try_from(1_000_000 + chance.below(59_900_000))?,
        i64::try_from(chance.below(5000))?,
        i64::try_from(chance.below(2000))?,
        i64::try_from(chance.below(150_000))?,
        ROUTE,
    ])?;
    db.prepare_cached(
        "INSERT INTO requests (id, size, codec, headers, data) VALUES (?1, 2, 0, x'', x'7B7D')",
    )?
    .execute([id])?;
    let mut words = format!("unique{n} cannot find value");
    for _ in 0..24 {
        let word = usize::try_from(chance.below(16))?;
        words.push(' ');
        words.push_str(WORDS.get(word).copied().unwrap_or("the"));
        if word == 5 {
            words.push_str(&chance.below(50_000).to_string());
        }
    }
    db.prepare_cached("INSERT INTO words (rowid, text) VALUES (?1, ?2)")?
        .execute(params![id, words])?;
    Ok(())
}

fn fill(path: &Path, count: u64) -> Result<(), Failure> {
    let mut db = Connection::open(path)?;
    db.execute_batch("PRAGMA synchronous=OFF; PRAGMA cache_size=-200000;")?;
    let present: u64 = db.query_row("SELECT count(*) FROM exchanges", [], |row| row.get(0))?;
    if present >= count {
        return Ok(());
    }
    db.execute_batch(
        "DELETE FROM exchanges; DELETE FROM requests; DELETE FROM strings;
        INSERT INTO words (words) VALUES ('delete-all');",
    )?;
    let codes = strings(&db)?;
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let start = Instant::now();
    for from in (0..count).step_by(usize::try_from(BATCH)?) {
        let tx = db.transaction()?;
        for n in from..count.min(from + BATCH) {
            row(&tx, n, &codes, &mut chance)?;
        }
        tx.commit()?;
        bar(from + BATCH, count, start)?;
    }
    out("")?;
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

fn bar(done: u64, count: u64, start: Instant) -> Result<(), Failure> {
    let done = done.min(count);
    let filled = usize::try_from(done * 40 / count.max(1))?;
    let mut to = std::io::stdout();
    write!(
        to,
        "\r[{:40}] {done} of {count}, {:.0?}",
        "#".repeat(filled),
        start.elapsed()
    )?;
    to.flush()?;
    Ok(())
}

fn measure(reader: &Reader) -> Result<(), Failure> {
    out(&format!(
        "{:32} {:>9} {:>9}  found",
        "query", "median", "worst"
    ))?;
    for (name, query) in QUERIES {
        let mut said = query(reader)?;
        let mut times = Vec::with_capacity(TIMES);
        for _ in 0..TIMES {
            let start = Instant::now();
            said = query(reader)?;
            times.push(start.elapsed());
        }
        times.sort_unstable();
        let ms = |time: Option<&Duration>| time.map_or(0.0, Duration::as_secs_f64) * 1e3;
        out(&format!(
            "{name:32} {:6.2} ms {:6.2} ms  {said}",
            ms(times.get(TIMES / 2)),
            ms(times.last())
        ))?;
    }
    Ok(())
}

fn plans(reader: &Reader) -> Result<(), Failure> {
    for (name, filters) in [
        ("newest", filters(|_| {})),
        ("model", filters(|f| f.model = text("claude"))),
        ("session", filters(|f| f.session = text("session-77"))),
        ("error", filters(|f| f.status = Some(StatusIs::Error))),
        ("provider", filters(|f| f.provider = text("openai"))),
        ("words", filters(|f| f.text = text("error -unique5"))),
    ] {
        out(&format!("\n{name}"))?;
        for line in reader.plan(&filters)? {
            out(&format!("    {line}"))?;
        }
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    let count: u64 = args.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let kept = args.next().map(PathBuf::from);
    let name = format!("weir-million-{}", std::process::id());
    let folder = kept
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(name));
    let path = folder.join("weir.db");
    // The schema is the recorder's own.
    open(&path)?.shutdown().await;
    fill(&path, count)?;
    let size = std::fs::metadata(&path)?.len() >> 20;
    out(&format!("{count} exchanges, {size} MiB"))?;
    let recorder = open(&path)?;
    recorder.flush().await;
    measure(&recorder.reader())?;
    plans(&recorder.reader())?;
    recorder.shutdown().await;
    if kept.is_none() {
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(())
}
