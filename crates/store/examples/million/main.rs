//! What lists, searches, figures and sessions cost with a million exchanges: fills a database, then times each query
//! and shows how SQLite goes about it.
//!
//! `cargo run --release -p weir-store --example million [-- COUNT [FOLDER]]`. With a folder the
//! database stays there and is used again; else it goes when the program ends.

mod asked;
mod fill;
mod long;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use weir_core::settings::{Capture, Retention};
use weir_store::{Filters, Options, Reader, Recorder, StatusIs, StoreError, Tuning};

use crate::asked::{QUERIES, filters, text};

type Failure = Box<dyn std::error::Error>;

/// Times each query is asked.
const TIMES: usize = 20;
fn out(line: &str) -> Result<(), Failure> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

fn open(path: &Path, search: bool) -> Result<Recorder, StoreError> {
    Recorder::open(Options {
        db_path: path.to_owned(),
        capture: Capture {
            enabled: true,
            required: false,
            max_body_bytes: 64 << 20,
            queue_bytes: 16 << 20,
            dedup_bytes: 16 << 20,
            search,
            retention: Retention::default(),
        },
        key_header: None,
        node: None,
        on_ended: None,
        follow: None,
        tuning: Tuning::default(),
    })
}

fn measure(reader: &Reader) -> Result<(), Failure> {
    out(&format!(
        "{:32} {:>9} {:>9} {:>9}  found",
        "query", "best", "median", "processor"
    ))?;
    for (name, query) in QUERIES {
        let mut said = query(reader)?;
        let mut times = Vec::with_capacity(TIMES);
        let before = processor();
        for _ in 0..TIMES {
            let start = Instant::now();
            said = query(reader)?;
            times.push(start.elapsed());
        }
        let processor = processor().saturating_sub(before) / u32::try_from(TIMES)?;
        times.sort_unstable();
        let ms = |time: Option<&Duration>| time.map_or(0.0, Duration::as_secs_f64) * 1e3;
        out(&format!(
            "{name:32} {:6.2} ms {:6.2} ms {:6.2} ms  {said}",
            ms(times.first()),
            ms(times.get(TIMES / 2)),
            ms(Some(&processor)),
        ))?;
    }
    Ok(())
}

/// Processor time of this thread; none where nobody tells. Other work on the machine does not add
/// to it as it does to the time that passes.
fn processor() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = told.split(' ').next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or(0))
}

fn plans(reader: &Reader) -> Result<(), Failure> {
    let lists: [(&str, Filters); 6] = [
        ("newest", filters(|_| {})),
        ("model", filters(|f| f.model = text("claude"))),
        ("session", filters(|f| f.session = text("session-77"))),
        ("error", filters(|f| f.status = Some(StatusIs::Error))),
        ("provider", filters(|f| f.provider = text("openai"))),
        ("words", filters(|f| f.text = text("error -unique5"))),
    ];
    for (name, filters) in lists {
        out(&format!("\n{name}"))?;
        for line in reader.plan(&filters)? {
            out(&format!("    {line}"))?;
        }
    }
    for (name, plan) in reader.plans()? {
        out(&format!("\n{name}"))?;
        for line in plan {
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
    fill::fill(&path, count).await?;
    let size = std::fs::metadata(&path)?.len() >> 20;
    out(&format!("{count} exchanges, {size} MiB"))?;
    let recorder = open(&path, false)?;
    recorder.flush().await;
    measure(&recorder.reader())?;
    plans(&recorder.reader())?;
    recorder.shutdown().await;
    if kept.is_none() {
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(())
}
