//! What recording costs: processor time of the recorder's thread and of handing records over, for
//! small and large, growing and unique bodies.
//!
//! `cargo run --release -p weir-store --example recorder_cost [-- CASE]`, where a case is a part of
//! a line's name, such as `64KB growing`. Linux only, since it reads `/proc`.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use uuid::Uuid;
use weir_core::exchange::samples::{self, headers};
use weir_core::exchange::{ExchangeId, RawBody, RequestRecord, ResponseRecord};
use weir_core::settings::{Capture, Retention};
use weir_store::{Options, Recorder, StoreError, Tuning};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const KB: usize = 1 << 10;
const MB: usize = 1 << 20;

/// One line of the result.
#[derive(Clone, Copy)]
struct Case {
    name: &'static str,
    size: usize,
    growing: bool,
    per_second: u32,
    count: u32,
    /// Whether the reply comes seconds after the request, as a model's does.
    late: bool,
}

const fn case(name: &'static str, size: usize, growing: bool, per_second: u32) -> Case {
    Case {
        name,
        size,
        growing,
        per_second,
        count: per_second * 4,
        late: false,
    }
}

const CASES: [Case; 9] = [
    case("1KB growing 8000/s", KB, true, 8000),
    case("1KB unique 4000/s", KB, false, 4000),
    case("64KB growing 5000/s", 64 * KB, true, 5000),
    case("64KB unique 600/s", 64 * KB, false, 600),
    case("1MB growing 1000/s", MB, true, 1000),
    case("1MB unique 60/s", MB, false, 60),
    case("64KB growing 500/s", 64 * KB, true, 500),
    case("1KB growing 500/s", KB, true, 500),
    Case {
        late: true,
        ..case("64KB growing late 500/s", 64 * KB, true, 500)
    },
];

/// Text that compresses about as agents' does.
struct Text(u64);

impl Text {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn words(&mut self, len: usize) -> String {
        const WORDS: [&str; 16] = [
            "the",
            "file",
            "src/main.rs",
            "error",
            "cannot",
            "find",
            "value",
            "in",
            "this",
            "scope",
            "fn",
            "let",
            "mut",
            "return",
            "match",
            "self",
        ];
        let mut out = String::with_capacity(len + 16);
        while out.len() < len {
            let n = self.next();
            out.push_str(WORDS.get((n % 16) as usize).copied().unwrap_or("x"));
            if n.is_multiple_of(5) {
                write!(out, "{:x}", n >> 40).expect("a string takes any text");
            }
            out.push(' ');
        }
        out.truncate(len);
        out
    }
}

/// A conversation that is sent again and again.
struct Session {
    head: String,
    turns: usize,
    text: Text,
}

const TAIL: &str = r#"],"system":[{"type":"text","text":"You are an agent."}],"stream":false}"#;

impl Session {
    fn new(seed: u64, size: usize) -> Self {
        let mut text = Text(seed * 7_919 + 1);
        let first = text.words(size.saturating_sub(300).min(2000));
        let mut head = format!(
            r#"{{"model":"claude-opus-4-1","max_tokens":9,"messages":[{{"role":"user","content":"{seed} {first}"}}"#
        );
        while head.len() + TAIL.len() + 2048 < size {
            let text = text.words(1980);
            write!(head, r#",{{"role":"user","content":"{text}"}}"#).expect("a string");
        }
        Self {
            head,
            turns: 0,
            text,
        }
    }

    fn turn(&mut self) -> String {
        self.turns += 1;
        if self.turns > 1 {
            let text = self.text.words(2000);
            write!(self.head, r#",{{"role":"user","content":"{text}"}}"#).expect("a string");
        }
        [&self.head, TAIL].concat()
    }
}

fn now_us() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(0)
}

/// The body in the pieces that a socket gives.
fn pieces(text: String) -> RawBody {
    let mut body = RawBody::default();
    let mut whole = Bytes::from(text);
    while whole.len() > 256 * KB {
        // Copied, as bodies that came in pieces are apart in memory.
        body.push(Bytes::copy_from_slice(&whole.split_to(128 * KB)));
    }
    body.push(whole);
    body
}

fn request(body: RawBody) -> RequestRecord {
    RequestRecord {
        headers: headers(&[
            ("host", "127.0.0.1:3001"),
            ("content-type", "application/json"),
            ("content-length", &body.len.to_string()),
            ("x-api-key", "sk-ant-api03-0123456789"),
            ("anthropic-version", "2023-06-01"),
        ]),
        body,
        ..samples::request(ExchangeId(Uuid::now_v7()), now_us(), "")
    }
}

const REPLY: &str = r#"{"id":"msg_01","type":"message","role":"assistant","model":"claude-opus-4-1","content":[{"type":"text","text":"Hello there, this is the reply of the model to the request."}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":5,"output_tokens":7}}"#;

fn response(id: ExchangeId) -> ResponseRecord {
    ResponseRecord {
        headers: headers(&[
            ("content-type", "application/json"),
            ("content-length", "330"),
            ("request-id", &id.to_string()),
            (
                "anthropic-organization-id",
                "0a1b2c3d-0000-4000-8000-000000000000",
            ),
        ]),
        ..samples::response(id, REPLY)
    }
}

/// Processor time that the recorder's thread has used; none before it runs.
fn recorder_cpu() -> Option<Duration> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?.flatten();
    let read = |path: &Path, file: &str| std::fs::read_to_string(path.join(file)).ok();
    let task = tasks
        .map(|task| task.path())
        .find(|path| read(path, "comm").is_some_and(|comm| comm.trim() == "weir-recorder"))?;
    let nanos = read(&task, "schedstat")?.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(nanos))
}

fn bodies(case: Case) -> impl FnMut() -> RawBody {
    let sessions = if case.size >= MB { 4 } else { 8 };
    // A conversation may grow by half before another takes its place.
    let most = (case.size / 2 / 2048).max(8);
    let mut seed = 1;
    let mut live: Vec<Session> = Vec::new();
    let mut at = 0;
    let mut unique = Session::new(99, case.size);
    let whole = unique.turn();
    move || {
        if !case.growing {
            seed += 1;
            // Every word differs from the last body's, at no cost to speak of.
            let mut bytes = whole.clone().into_bytes();
            let mut text = Text(seed * 31 + 7);
            for chunk in bytes.iter_mut().skip(80).step_by(97) {
                if chunk.is_ascii_lowercase() {
                    *chunk = b'a' + u8::try_from(text.next() % 26).unwrap_or(0);
                }
            }
            return pieces(String::from_utf8(bytes).unwrap_or_default());
        }
        at = (at + 1) % sessions;
        if live.len() < sessions {
            seed += 1;
            live.push(Session::new(seed, case.size));
            at = live.len() - 1;
        }
        if live.get(at).is_some_and(|s| s.turns >= most) {
            seed += 1;
            live[at] = Session::new(seed, case.size);
        }
        pieces(live[at].turn())
    }
}

fn open(dir: &Path) -> Result<Recorder, StoreError> {
    Recorder::open(Options {
        db_path: dir.join("weir.db"),
        capture: Capture {
            enabled: true,
            required: false,
            max_body_bytes: 64 * MB,
            queue_bytes: 24 * MB,
            dedup_bytes: 16 * MB,
            search: std::env::var_os("NO_SEARCH").is_none(),
            retention: Retention::default(),
        },
        key_header: None,
        node: None,
        on_ended: None,
        follow: None,
        tuning: Tuning::default(),
    })
}

/// Hands exchanges over at the case's pace; gives the time that handing over took.
struct Feed<F> {
    case: Case,
    next: F,
    late: VecDeque<Box<ResponseRecord>>,
}

impl<F: FnMut() -> RawBody> Feed<F> {
    async fn run(&mut self, recorder: &Recorder, count: u32) -> Duration {
        let start = Instant::now();
        let mut handing = Duration::ZERO;
        let behind = if self.case.late {
            self.case.per_second as usize / 10
        } else {
            0
        };
        for n in 0..count {
            let request = Box::new(request((self.next)()));
            self.late.push_back(Box::new(response(request.id)));
            let ended = if self.late.len() > behind {
                self.late.pop_front()
            } else {
                None
            };
            let from = Instant::now();
            recorder.started(request);
            if let Some(response) = ended {
                recorder.finished(response);
            }
            handing += from.elapsed();
            let due = start + Duration::from_secs(1) * n / self.case.per_second;
            tokio::time::sleep_until(due.into()).await;
        }
        handing
    }
}

async fn measure(case: Case, dir: &Path) -> Result<String, StoreError> {
    let recorder = open(dir)?;
    let mut feed = Feed {
        case,
        next: bodies(case),
        late: VecDeque::new(),
    };
    // The first second warms up.
    feed.run(&recorder, case.per_second).await;
    recorder.flush().await;
    let before = recorder_cpu().unwrap_or_default();
    let start = Instant::now();
    let handing = feed.run(&recorder, case.count).await;
    recorder.flush().await;
    let spent = recorder_cpu().unwrap_or_default().saturating_sub(before);
    let wall = start.elapsed();
    let dropped = recorder.status().dropped.total();
    recorder.shutdown().await;
    let size = |name: &str| std::fs::metadata(dir.join(name)).map_or(0, |m| m.len());
    let stored = size("weir.db") + size("weir.db.bodies");
    let per = |d: Duration| d.as_secs_f64() * 1e6 / f64::from(case.count);
    let mut line = format!("{:23} recorder {:6.1} us", case.name, per(spent));
    write!(
        line,
        ", handing over {:4.1} us, {:6.0}/s, {:7} B stored each, {dropped} dropped",
        per(handing),
        f64::from(case.count) / wall.as_secs_f64(),
        stored / u64::from(case.count + case.per_second),
    )
    .expect("a string takes any text");
    Ok(line)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    for case in CASES.into_iter().filter(|case| case.name.contains(&wanted)) {
        let dir = std::env::temp_dir().join(format!("weir-recorder-cost-{}", std::process::id()));
        let line = measure(case, &dir).await;
        std::fs::remove_dir_all(&dir)?;
        writeln!(std::io::stdout(), "{}", line?)?;
    }
    Ok(())
}
