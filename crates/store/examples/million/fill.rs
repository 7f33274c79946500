//! A history of a million exchanges. Rows go in by SQL, since recording them one by one would take
//! too long; what they add up to is the recorder's own work, as for a database of an earlier weir.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::types::Value;
use rusqlite::{Connection, params};

use crate::{Failure, long, open, out};

/// Exchanges in one transaction.
const BATCH: u64 = 20_000;
/// The first exchange began then, in microseconds since the Unix epoch.
pub(crate) const BEGIN: i64 = 1_760_000_000_000_000;
/// Numbers of rows for each microsecond, as the recorder has them.
const ROWS_PER_US: i64 = 2048;
/// Time between two exchanges, in microseconds.
pub(crate) const APART: i64 = 20_000_000;

/// Sessions that the dictionary has.
const SESSIONS: i64 = 256;

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
    let sessions = (0..SESSIONS)
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
    let id = id(n)?;
    let ms = u64::try_from(id / ROWS_PER_US / 1000)?;
    let mut random = [7u8; 10];
    random[2..].copy_from_slice(&n.to_be_bytes());
    let uuid = uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid();
    // The last model is one in a hundred thousand.
    let model = match chance.below(100_000) {
        0 => 7,
        other => i64::try_from(other % 7)?,
    };
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
        uuid.as_bytes(),
        state,
        other(0),
        other(1),
        other(2 + i64::from(model > 2)),
        codes.models + model,
        session(n, codes),
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
    Ok(())
}

/// The number of the row of an exchange.
fn id(n: u64) -> Result<i64, Failure> {
    let n = i64::try_from(n)?;
    Ok((BEGIN + n * APART) * ROWS_PER_US + n % ROWS_PER_US)
}

/// One exchange in 250 is of `session-77`; the others are of some twenty thousand sessions, of
/// which the dictionary has few.
fn session(n: u64, codes: &Codes) -> Value {
    let session = match n % 250 {
        0 => 77,
        _ => n / 50,
    };
    match i64::try_from(session) {
        Ok(session) if session < SESSIONS => Value::Integer(codes.sessions + session),
        _ => Value::Text(format!("session-{session}")),
    }
}

/// What was said in an exchange.
fn words(n: u64) -> Result<String, Failure> {
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15 ^ (n + 1).wrapping_mul(0x2545_F491_4F6C_DD1D));
    let mut words = format!("unique{n} cannot find value");
    for _ in 0..24 {
        let word = usize::try_from(chance.below(16))?;
        words.push(' ');
        words.push_str(WORDS.get(word).copied().unwrap_or("the"));
        if word == 5 {
            words.push_str(&chance.below(50_000).to_string());
        }
    }
    Ok(words)
}

/// Fills the database, unless it is filled.
pub(crate) async fn fill(path: &Path, count: u64) -> Result<(), Failure> {
    // The schema is the recorder's own.
    open(path, false)?.shutdown().await;
    let mut db = Connection::open(path)?;
    db.execute_batch("PRAGMA synchronous=OFF; PRAGMA cache_size=-200000;")?;
    let present: u64 = db.query_row("SELECT count(*) FROM exchanges", [], |row| row.get(0))?;
    if present >= count {
        return Ok(());
    }
    db.execute_batch(
        "DELETE FROM exchanges; DELETE FROM requests; DELETE FROM responses; DELETE FROM strings;
         DELETE FROM figures; DELETE FROM figure_keys; DELETE FROM sessions;
         DELETE FROM session_parts; DELETE FROM turns; DELETE FROM quota_readings;
         DELETE FROM quota_series;",
    )?;
    let codes = strings(&db)?;
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    batches(&mut db, ("exchanges", count), |tx, n| {
        row(tx, n, &codes, &mut chance)
    })?;
    quotas(&mut db, BEGIN + i64::try_from(count)? * APART)?;
    // As an earlier weir leaves them: the recorder adds them up.
    db.execute_batch(
        "DELETE FROM session_rebuild; INSERT INTO session_rebuild SELECT max(id) FROM exchanges;
         UPDATE figures_state SET next=0, until=(SELECT max(id)+1 FROM exchanges);",
    )?;
    summed_up(path, &db, count).await?;
    let parts = parts(&db)?;
    batches(&mut db, ("words", count), |tx, n| {
        let row = id(n)?;
        let behind = parts.partition_point(|(first, _)| *first <= row);
        let part = parts
            .get(behind.saturating_sub(1))
            .map_or(1, |(_, number)| *number);
        let sql = format!("INSERT INTO words_{part} (rowid, text) VALUES (?1, ?2)");
        tx.prepare_cached(&sql)?.execute(params![row, words(n)?])?;
        Ok(())
    })?;
    db.execute_batch("UPDATE sessions SET title='Find the value in ' || name")?;
    long::record(path, BEGIN - i64::from(long::TURNS) * APART).await?;
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// Does something for each exchange, many in a transaction.
fn batches(
    db: &mut Connection,
    (what, count): (&str, u64),
    mut each: impl FnMut(&Connection, u64) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let start = Instant::now();
    for from in (0..count).step_by(usize::try_from(BATCH)?) {
        let tx = db.transaction()?;
        for n in from..count.min(from + BATCH) {
            each(&tx, n)?;
        }
        tx.commit()?;
        bar(what, (from + BATCH, count), start)?;
    }
    out("")
}

/// Lets the recorder add up the figures and the sessions, and divide the index of words.
async fn summed_up(path: &Path, db: &Connection, count: u64) -> Result<(), Failure> {
    let recorder = open(path, true)?;
    let start = Instant::now();
    loop {
        let done: u64 = db.query_row("SELECT count(*) FROM turns", [], |row| row.get(0))?;
        let left: i64 = db.query_row(
            "SELECT (SELECT count(*) FROM figures_state WHERE next<until)
                + (SELECT count(*) FROM session_rebuild)",
            [],
            |row| row.get(0),
        )?;
        bar("sums", (done, count), start)?;
        let divided = parts(db)?.len() > 1 || count < 100_000;
        if left == 0 && divided {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    recorder.shutdown().await;
    for (_, part) in parts(db)? {
        db.execute_batch(&format!(
            "INSERT INTO words_{part} (words_{part}) VALUES ('delete-all')"
        ))?;
    }
    out("")
}

/// The parts of the index of words: the first row and the number of each.
fn parts(db: &Connection) -> Result<Vec<(i64, i64)>, Failure> {
    let mut statement = db.prepare("SELECT first, id FROM words_parts ORDER BY first")?;
    let parts = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(parts.collect::<Result<_, _>>()?)
}

/// Readings of four windows for the last 89 days, one a minute, which is as often as they are kept.
fn quotas(db: &mut Connection, end_us: i64) -> Result<(), Failure> {
    let tx = db.transaction()?;
    for (series, span) in (1i64..).zip(["5h", "7d", "requests", "tokens"]) {
        tx.execute(
            "INSERT INTO quota_series VALUES (?1, 'anthropic', 'digest', 'organization', ?2)",
            params![series, span],
        )?;
        let mut insert =
            tx.prepare("INSERT INTO quota_readings VALUES (?1, ?2, ?3, NULL, NULL, ?4)")?;
        for minute in 1..89 * 24 * 60i64 {
            let used = f64::from(i32::try_from(minute % 300)?) / 300.0;
            let time = end_us / 1000 - minute * 60_000;
            insert.execute(params![series, time, used, time + 3_600_000])?;
        }
    }
    Ok(tx.commit()?)
}

fn bar(what: &str, (done, count): (u64, u64), start: Instant) -> Result<(), Failure> {
    let done = done.min(count);
    let filled = usize::try_from(done * 40 / count.max(1))?;
    let mut to = std::io::stdout();
    write!(
        to,
        "\r{what} [{:40}] {done} of {count}, {:.0?}",
        "#".repeat(filled),
        start.elapsed()
    )?;
    to.flush()?;
    Ok(())
}
