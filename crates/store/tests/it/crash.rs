//! A process that is killed while it records.
//!
//! The test runs itself a second time, as the process to be killed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rusqlite::Connection;
use weir_store::{DryRun, Filter, Filters, Page, Reader, Recorder, Side};

use crate::support::{Place, exchange, headers, now_us, request, response, rows, until};

const DIR: &str = "WEIR_STORE_CRASH_DIR";
/// What may be lost: exchanges that had ended this short before the end.
const LOST_AT_MOST_US: i64 = 100_000;
const LOSES_LITTLE: &str = "crash::a_killed_process_loses_only_its_last_moments";
const AGREES: &str = "crash::after_a_kill_all_that_is_kept_agrees";
/// More where the machine is shared: a writer that gets no processor or disk cannot write, so it is
/// most rounds that must keep to it, and no round may be far off.
const SLACK_US: i64 = 200_000;
const FAR_OFF_US: i64 = 5_000_000;

fn body(n: usize) -> Vec<u8> {
    let mut body = format!("{{\"n\":{},\"messages\":[", n % 5).into_bytes();
    for turn in 0..n % 40 {
        body.extend(format!("\"{turn} {}\",", "some words ".repeat(120)).bytes());
    }
    body.extend(b"]}");
    body
}

/// Records for ever and says what it has handed over. With `most` old exchanges go meanwhile.
async fn record(db: &Path, most: Option<u64>) {
    let place = Place::new();
    let mut options = place.options();
    options.db_path = db.to_owned();
    options.tuning = weir_store::Tuning::default();
    options.capture.retention.max_rows = most;
    let recorder = Recorder::open(options).unwrap();
    let mut out = std::io::stdout().lock();
    for n in 0usize.. {
        let id = match most {
            None => exchange(&recorder, &body(n), &body(n + 1)),
            Some(_) => in_session(&recorder, n),
        };
        writeln!(out, "{id} {n} {}", now_us()).unwrap();
        if n.is_multiple_of(4) {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}

/// One exchange of one of a few sessions.
fn in_session(recorder: &Recorder, n: usize) -> String {
    let mut sent = request(body(n));
    let session = format!("session-{}", n % 7);
    sent.headers = headers(&[("x-claude-code-session-id", session.as_str())]);
    let id = sent.id;
    recorder.started(Box::new(sent));
    // One in fifty is still in flight at the end.
    if !n.is_multiple_of(50) {
        recorder.finished(Box::new(response(id, body(n + 1))));
    }
    id.to_string()
}

fn start(test: &str, db: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", test])
        .env(DIR, db)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills it after so many lines; gives the lines and when that was.
fn kill_after(mut child: Child, lines: usize) -> (Vec<(String, usize, i64)>, i64) {
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut handed = Vec::new();
    for line in out.lines() {
        let line = line.unwrap();
        let mut words = line.split(' ');
        let (Some(id), Some(Ok(n)), Some(Ok(at))) = (
            words.next(),
            words.next().map(str::parse),
            words.next().map(str::parse),
        ) else {
            continue;
        };
        handed.push((id.to_owned(), n, at));
        if handed.len() >= lines {
            break;
        }
    }
    let killed = now_us();
    child.kill().unwrap();
    child.wait().unwrap();
    (handed, killed)
}

#[tokio::test]
async fn a_killed_process_loses_only_its_last_moments() {
    if let Some(db) = std::env::var_os(DIR) {
        return record(Path::new(&db), None).await;
    }
    let place = Place::new();
    let db = place.db();
    // How long before the end the oldest that was lost had ended, by round.
    let mut lost = Vec::new();
    for round in 0..5u32 {
        let (handed, killed) = kill_after(
            start(LOSES_LITTLE, &db),
            300 + (round * 577 % 1000) as usize,
        );
        let mut oldest = 0;
        let reader = Reader::of(db.clone());
        // The newest are those at risk.
        let safe = handed.len().saturating_sub(100);
        for (id, n, at) in handed.into_iter().skip(safe) {
            let Some(log) = reader.get(&id).unwrap() else {
                oldest = oldest.max(killed - at);
                continue;
            };
            assert_eq!(log.summary.state, "complete");
            assert!(reader.raw(&id, Side::Request).unwrap().unwrap().bytes == body(n));
            assert!(reader.raw(&id, Side::Response).unwrap().unwrap().bytes == body(n + 1));
        }
        lost.push(oldest);
        // The next start opens what is there, and all of it can be read.
        let (logs, total) = rows(reader.list(
            Page {
                number: 1,
                limit: 20,
            },
            &Filters::default(),
        ));
        assert!(total > 0 && logs.iter().all(|log| log.body_damaged.is_none()));
    }
    lost.sort_unstable();
    assert!(lost[2] < LOST_AT_MOST_US + SLACK_US, "lost: {lost:?} us");
    assert!(lost[4] < FAR_OFF_US, "lost: {lost:?} us");
}

/// What a query counts that must be nothing.
const FAULTS: [(&str, &str); 7] = [
    (
        "turns without exchanges",
        "SELECT count(*) FROM turns WHERE id NOT IN (SELECT id FROM exchanges)",
    ),
    (
        "exchanges without turns",
        "SELECT count(*) FROM exchanges WHERE session IS NOT NULL
        AND id NOT IN (SELECT id FROM turns)",
    ),
    (
        "sessions that count wrongly",
        "SELECT count(*) FROM sessions AS s
        WHERE requests<>(SELECT count(*) FROM turns WHERE session=s.id)",
    ),
    (
        "parts that count wrongly",
        "SELECT abs((SELECT coalesce(sum(requests),0) FROM session_parts)
        -(SELECT count(*) FROM exchanges WHERE session IS NOT NULL AND state NOT IN (0,2)))",
    ),
    (
        "answers of nothing",
        "SELECT count(*) FROM responses WHERE id NOT IN (SELECT id FROM exchanges)",
    ),
    (
        "bodies that nobody needs",
        "SELECT count(*) FROM requests AS r
        WHERE id NOT IN (SELECT id FROM exchanges)
        AND (headers IS NOT NULL OR NOT EXISTS (SELECT 1 FROM requests WHERE base=r.id))",
    ),
    (
        "bodies that overlap",
        "WITH places AS (
            SELECT place, length FROM requests WHERE place IS NOT NULL
            UNION ALL SELECT place, length FROM responses WHERE place IS NOT NULL),
        pairs AS (SELECT place+length AS end, lead(place) OVER (ORDER BY place) AS next FROM places)
        SELECT count(*) FROM pairs WHERE next<end",
    ),
];

/// Exchanges that have words and are gone.
fn words_of_nothing(plain: &Connection) -> i64 {
    let sql = "SELECT name FROM sqlite_schema WHERE name GLOB 'words*_docsize'";
    let mut tables = plain.prepare(sql).unwrap();
    let names = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
    names
        .map(|name| {
            let name = name.unwrap();
            let sql =
                format!("SELECT count(*) FROM {name} WHERE id NOT IN (SELECT id FROM exchanges)");
            plain
                .query_row(&sql, [], |row| row.get::<_, i64>(0))
                .unwrap()
        })
        .sum()
}

#[tokio::test]
async fn after_a_kill_all_that_is_kept_agrees() {
    if let Some(db) = std::env::var_os(DIR) {
        return record(Path::new(&db), Some(200)).await;
    }
    let place = Place::new();
    let db = place.db();
    for round in 0..4u32 {
        kill_after(start(AGREES, &db), 500 + (round * 577 % 700) as usize);
        let recorder = place.open();
        until("opened", || recorder.status().ok).await;
        let nothing = Filter {
            before_us: Some(1),
            ..Filter::default()
        };
        assert_eq!(recorder.purge(nothing, DryRun::No).await.unwrap(), 0);
        recorder.shutdown().await;
        let plain = Connection::open(&db).unwrap();
        let sound: String = plain
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(sound, "ok");
        for (what, sql) in FAULTS {
            let count: i64 = plain.query_row(sql, [], |row| row.get(0)).unwrap();
            assert_eq!(count, 0, "{what}");
        }
        assert_eq!(words_of_nothing(&plain), 0);
        let reader = Reader::of(db.clone());
        let all = reader
            .summaries(&weir_store::SummaryQuery::default())
            .unwrap();
        assert!(!all.rows.is_empty());
        for row in all.rows {
            assert_ne!(row.state, "open");
            reader.raw(&row.request_id, Side::Request).unwrap().unwrap();
            reader.raw(&row.request_id, Side::Response).unwrap();
        }
    }
}
