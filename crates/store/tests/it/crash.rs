//! A process that is killed while it records.
//!
//! The test runs itself a second time, as the process to be killed.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use weir_store::{Filters, Page, Reader, Recorder, Side};

use crate::support::{Place, exchange, now_us, rows};

const DIR: &str = "WEIR_STORE_CRASH_DIR";
/// What may be lost: exchanges that had ended this short before the end.
const LOST_AT_MOST_US: i64 = 100_000;
/// More where the machine is shared: a writer that gets no processor cannot write.
const SLACK_US: i64 = 200_000;

fn body(n: usize) -> Vec<u8> {
    let mut body = format!("{{\"n\":{},\"messages\":[", n % 5).into_bytes();
    for turn in 0..n % 40 {
        body.extend(format!("\"{turn} {}\",", "some words ".repeat(120)).bytes());
    }
    body.extend(b"]}");
    body
}

/// Records for ever and says what it has handed over.
async fn record(db: &Path) {
    let place = Place::new();
    let mut options = place.options();
    options.db_path = db.to_owned();
    options.tuning = weir_store::Tuning::default();
    let recorder = Recorder::open(options).unwrap();
    let mut out = std::io::stdout().lock();
    for n in 0usize.. {
        let id = exchange(&recorder, &body(n), &body(n + 1));
        writeln!(out, "{id} {n} {}", now_us()).unwrap();
        if n.is_multiple_of(4) {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}

fn start(db: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "crash::a_killed_process_loses_only_its_last_moments",
        ])
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
        return record(Path::new(&db)).await;
    }
    let place = Place::new();
    let db = place.db();
    for round in 0..5u32 {
        let (handed, killed) = kill_after(start(&db), 300 + (round * 577 % 1000) as usize);
        let reader = Reader::of(db.clone());
        // The newest are those at risk.
        let safe = handed.len().saturating_sub(100);
        for (id, n, at) in handed.into_iter().skip(safe) {
            let Some(log) = reader.get(&id).unwrap() else {
                assert!(
                    killed - at < LOST_AT_MOST_US + SLACK_US,
                    "lost after {}",
                    killed - at
                );
                continue;
            };
            assert_eq!(log.summary.state, "complete");
            assert!(reader.raw(&id, Side::Request).unwrap().unwrap().bytes == body(n));
            assert!(reader.raw(&id, Side::Response).unwrap().unwrap().bytes == body(n + 1));
        }
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
}
