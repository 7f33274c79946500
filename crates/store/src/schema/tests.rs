//! Databases of every earlier version, with rows in them, brought up to date.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Transaction, params};
use uuid::Uuid;
use weir_core::settings::{Capture, Retention};
use weir_wire::dialect::{Dialect, Operation};

use super::*;
use crate::bodies::digest::digest;
use crate::dictionary::Names;
use crate::figures::{Sums, quarter};
use crate::reader::row;
use crate::recorder::ROWS_PER_US;
use crate::summary::{dialect_number, operation_number};
use crate::{
    FigureQuery, Filters, Options, Reader, Recorder, Side, SummaryQuery, Tuning, sessions, varint,
};

/// Exchanges in each database.
const ROWS: usize = 6;
/// The last version whose tables are filled by hand; later ones get them from there.
const BY_HAND: usize = 8;
/// One of them was in flight when that weir ended.
const OPEN: usize = 4;
/// The row of the first.
const FIRST: i64 = 1_770_000_000_000_000 * ROWS_PER_US;
const ANSWER: &str = r#"{"content":[{"type":"text","text":"seldom"}]}"#;

#[test]
fn the_migrations_apply_in_order() {
    migrations().validate().unwrap();
}

fn at(n: usize) -> i64 {
    FIRST + i64::try_from(n).unwrap() * 1_000_000 * ROWS_PER_US
}

fn uuid(n: usize) -> Uuid {
    Uuid::from_u128(0xabcd_0000 + n as u128)
}

/// The first two have a front in common, the third is long.
fn body(n: usize) -> String {
    let said = match n {
        0 | 1 => format!("{} {n}", "common ".repeat(60)),
        2 => "common ".repeat(4000),
        _ => format!("common {n}"),
    };
    format!(r#"{{"model":"claude-opus-4-5","messages":[{{"role":"user","content":"{said}"}}]}}"#)
}

/// A database as the weir of a version left it.
fn made(path: &Path, version: usize) {
    let mut db = Connection::open(path).unwrap();
    db.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;")
        .unwrap();
    let filled = version.min(BY_HAND);
    migrations().to_version(&mut db, filled).unwrap();
    fs::write(files::bodies_path(path), body(2)).unwrap();
    let tx = db.transaction().unwrap();
    strings(&tx);
    for n in 0..ROWS {
        exchange(&tx, n);
        request(&tx, n);
        if n != OPEN {
            let sql = "INSERT INTO responses (id, truncated, size, codec, headers, data)
                VALUES (?, 0, ?, 0, ?, ?)";
            let row = params![at(n), ANSWER.len(), fields(), ANSWER.as_bytes()];
            tx.execute(sql, row).unwrap();
        }
    }
    since(&tx, filled);
    tx.commit().unwrap();
    added_up(&db, path, filled);
    migrations().to_version(&mut db, version).unwrap();
}

/// What the writer of that version added up. Today's does it, in a copy that is brought up to date,
/// and what there was a column for comes back.
fn added_up(db: &Connection, path: &Path, version: usize) {
    if version < 5 {
        return;
    }
    let copy = path.with_extension("today");
    let copied = copy.to_str().unwrap();
    db.execute("VACUUM INTO ?1", [copied]).unwrap();
    let mut today = Connection::open(&copy).unwrap();
    migrations().to_latest(&mut today).unwrap();
    let tx = today.transaction().unwrap();
    tx.execute_batch(
        "DELETE FROM session_rebuild;
        INSERT INTO session_rebuild SELECT max(id) FROM exchanges",
    )
    .unwrap();
    assert!(!sessions::rebuild(&tx).unwrap());
    if version >= 7 {
        figures(db, &tx);
    }
    tx.commit().unwrap();
    drop(today);
    db.execute("ATTACH ?1 AS today", [copied]).unwrap();
    for table in ["sessions", "session_parts", "turns"] {
        let columns = "SELECT group_concat(name) FROM pragma_table_info(?1, 'main')";
        let columns: String = db.query_row(columns, [table], |row| row.get(0)).unwrap();
        let copy =
            format!("INSERT INTO main.{table} ({columns}) SELECT {columns} FROM today.{table}");
        db.execute(&copy, []).unwrap();
    }
    db.execute_batch("DELETE FROM session_rebuild; DETACH today")
        .unwrap();
    fs::remove_file(copy).unwrap();
}

fn strings(tx: &Transaction<'_>) {
    let words: [(i64, &[u8]); 6] = [
        (0, b"POST"),
        (0, b"/v1/messages"),
        (0, b"anthropic"),
        (0, b"claude-opus-4-5"),
        (0, b"old"),
        (2, b"content-type\0application/json"),
    ];
    for (kind, text) in words {
        let sql = "INSERT INTO strings (kind, text) VALUES (?, ?)";
        tx.execute(sql, (kind, text)).unwrap();
    }
}

/// The headers of all: the sixth string.
fn fields() -> Vec<u8> {
    let mut bytes = Vec::new();
    varint::put(&mut bytes, 6 << 1);
    bytes
}

/// Every other row has its strings by number.
fn exchange(tx: &Transaction<'_>, n: usize) {
    let texts = match n % 2 {
        0 => "1, 2, 3, 4, 5",
        _ => "'POST', '/v1/messages', 'anthropic', 'claude-opus-4-5', 'old'",
    };
    let ended = match n {
        OPEN => "NULL, NULL, NULL, NULL",
        _ => "200, 250000, 100, 7",
    };
    let sql = format!(
        "INSERT INTO exchanges (method, path, provider, model, session, status, duration_us,
            input_tokens, output_tokens, id, uuid, state, dialect, operation, is_streaming,
            request_bytes)
        VALUES ({texts}, {ended}, ?1, ?2, ?3, ?4, ?5, 0, ?6)"
    );
    let id = uuid(n);
    let values = params![
        at(n),
        id.as_bytes(),
        i64::from(n != OPEN),
        dialect_number(Dialect::AnthropicMessages),
        operation_number(Operation::Generate),
        body(n).len(),
    ];
    tx.execute(&sql, values).unwrap();
}

fn request(tx: &Transaction<'_>, n: usize) {
    let body = body(n);
    let (mut base, mut front) = (None, 0);
    let (mut place, mut length) = (None, None);
    let mut data = Some(body.as_bytes());
    match n {
        1 => {
            (base, front) = (Some(at(0)), 400);
            data = body.as_bytes().get(400..);
        }
        2 => (place, length, data) = (Some(0), Some(body.len()), None),
        _ => {}
    }
    let sql = "INSERT INTO requests (id, base, prefix, suffix, depth, size, digest, codec, place,
        length, headers, data) VALUES (?, ?, ?, 0, 0, ?, ?, 0, ?, ?, ?, ?)";
    let digest = digest(body.as_bytes());
    let values = params![
        at(n),
        base,
        front,
        body.len(),
        &digest[..],
        place,
        length,
        fields(),
        data
    ];
    tx.execute(sql, values).unwrap();
}

/// What only that version's weir wrote beside.
fn since(tx: &Transaction<'_>, version: usize) {
    let all = |sql: &str| tx.execute_batch(sql).unwrap();
    if version >= 2 {
        all("UPDATE exchanges SET route='{\"tried\":1}'");
    }
    if version >= 3 {
        all("UPDATE exchanges SET class='main', longest_gap_us=5");
        let sql = "INSERT INTO words (rowid, text) VALUES (?, 'common seldom')";
        tx.execute(sql, [at(0)]).unwrap();
    }
    if version >= 4 {
        let sql = "UPDATE responses SET sent_headers=?, sent=?";
        let sent = [0u8, 0, 1, b'/', 9];
        tx.execute(sql, (fields(), sent)).unwrap();
    }
    if version >= 6 {
        all("UPDATE exchanges SET prompt_grade='{\"score\":3}'");
    }
}

fn figures(db: &Connection, today: &Connection) {
    db.execute_batch(
        "UPDATE figures_state SET next=0, until=0;
        INSERT INTO figure_keys VALUES (9, 'anthropic', 'claude-opus-4-5', '', 'main', '', 2)",
    )
    .unwrap();
    let mut sums = Sums::default();
    let names = Names::load(today).unwrap();
    let sql = format!(
        "SELECT {} FROM exchanges AS e WHERE e.state<>0",
        row::COLUMNS
    );
    let mut read = today.prepare(&sql).unwrap();
    let rows = read.query_map([], |r| row::summary(r, &names)).unwrap();
    rows.for_each(|row| sums.add(&row.unwrap().1));
    let sql = "INSERT INTO figures (quarter, key, sums) VALUES (?, 9, ?)";
    let quarter = quarter(FIRST / ROWS_PER_US);
    db.execute(sql, (quarter, sums.encode())).unwrap();
}

fn open(path: &Path) -> Recorder {
    let options = Options {
        db_path: path.to_owned(),
        capture: Capture {
            enabled: true,
            required: false,
            max_body_bytes: 1 << 20,
            queue_bytes: 1 << 20,
            dedup_bytes: 1 << 20,
            search: true,
            retention: Retention::default(),
        },
        key_header: None,
        node: None,
        on_ended: None,
        follow: None,
        tuning: Tuning::default(),
    };
    Recorder::open(options).unwrap()
}

/// Requests and output tokens, by sessions and by figures; and exchanges that are found by a word.
fn counted(reader: &Reader) -> Option<(u64, u64, u64, u64, usize)> {
    let session = reader.session("old", 0, 100).unwrap()?;
    let day = 86_400_000_000;
    let start = FIRST / ROWS_PER_US;
    let figures = FigureQuery::between(start - day, start + day);
    let total = reader.figures(&figures).unwrap().total;
    let words = SummaryQuery {
        filters: Filters {
            text: Some("common".into()),
            ..Filters::default()
        },
        ..SummaryQuery::default()
    };
    Some((
        session.outline.requests.min(session.turns.len() as u64),
        session.outline.usage.output_tokens,
        total.requests,
        total.tokens(),
        reader.summaries(&words).unwrap().rows.len(),
    ))
}

#[test]
fn every_earlier_version_is_brought_up_to_date_with_all_that_it_holds() {
    for version in 1..=usize::try_from(KNOWN).unwrap() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("weir.db");
        made(&path, version);
        let recorder = open(&path);
        assert_eq!(recorder.status().reason, None, "version {version}");
        let reader = recorder.reader();
        let ended = (ROWS - 1) as u64;
        let rows = ROWS as u64;
        let expected = Some((rows, ended * 7, rows, ended * 107, ROWS));
        let start = Instant::now();
        while counted(&reader) != expected {
            let found = counted(&reader);
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "{version}: {found:?}"
            );
            std::thread::yield_now();
        }
        kept(&reader, version);
        let mut db = Connection::open(&path).unwrap();
        let now: i64 = db
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .unwrap();
        assert_eq!(now, KNOWN);
        // A second time changes nothing.
        migrations().to_latest(&mut db).unwrap();
        assert_eq!(counted(&reader), expected, "version {version}");
    }
}

/// Every exchange has what it had.
fn kept(reader: &Reader, version: usize) {
    for n in 0..ROWS {
        let id = uuid(n).to_string();
        let log = reader.get(&id).unwrap().unwrap();
        let one = &log.summary;
        assert_eq!(
            one.state,
            if n == OPEN { "interrupted" } else { "complete" }
        );
        assert_eq!((&*one.method, &*one.endpoint), ("POST", "/v1/messages"));
        assert_eq!(one.model.as_deref(), Some("claude-opus-4-5"));
        assert_eq!(
            (&*one.provider, one.session_id.as_deref()),
            ("anthropic", Some("old"))
        );
        assert_eq!(log.content_type, "application/json");
        assert_eq!(log.prompt_grade.is_some(), version >= 6);
        assert_eq!(log.sent.is_some(), version >= 4 && n != OPEN);
        assert_eq!(one.class.is_some(), version >= 3);
        let sent = reader.raw(&id, Side::Request).unwrap().unwrap();
        assert!(
            sent.bytes == body(n).as_bytes(),
            "version {version}, row {n}"
        );
        let came = reader.raw(&id, Side::Response).unwrap();
        assert_eq!(
            came.map(|came| came.bytes),
            (n != OPEN).then(|| ANSWER.into())
        );
    }
}
