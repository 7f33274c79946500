//! What clients notice while the database or Redis is away, and how long it takes afterwards until
//! everything is as before.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use clap::Args;
use serde_json::{Value, json};
use tokio::runtime;
use tokio::task::JoinSet;

use super::{Cluster, Place, ask};
use crate::lines::{note, say};
use crate::process;
use crate::stats::percentile;

/// How long requests are sent before something is taken away, and after all is well again.
const AROUND: Duration = Duration::from_secs(3);

/// Options of `weir-bench outage`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Outage {
    /// How long each outage lasts
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Requests a second over all nodes
    #[arg(long, default_value_t = 200)]
    rate: u32,
    /// The nodes.
    #[command(flatten)]
    place: Place,
}

/// What happens.
#[derive(Clone, Copy, Debug)]
enum Event {
    DatabaseHangs,
    DatabaseEnds,
    RedisHangs,
    RedisEnds,
}

impl Event {
    const ALL: [Self; 4] = [
        Self::DatabaseHangs,
        Self::DatabaseEnds,
        Self::RedisHangs,
        Self::RedisEnds,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::DatabaseHangs => "the database hangs (SIGSTOP)",
            Self::DatabaseEnds => "the database is killed and started again",
            Self::RedisHangs => "Redis hangs (SIGSTOP)",
            Self::RedisEnds => "Redis is killed and started again, empty",
        }
    }
}

/// Takes the database and Redis away, one after the other, and prints what came of it.
///
/// # Errors
/// When a server does not start, a request fails, or something does not recover.
pub(crate) async fn run(options: &Outage) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut cluster = options.place.start().await?;
    let project = cluster.project("plain", json!([])).await?;
    let budgets = json!([{"period": "lifetime", "usd": 1e6}]);
    let limited = cluster.project("limited", budgets).await?;
    let new = |project: &str, more: Value| json!({"project_id": project, "duration_minutes": 600, "max_requests": more});
    let (plain_id, plain) = cluster.token(0, &new(&project, Value::Null)).await?;
    let cap = new(&limited, json!(10_000_000));
    let (limited_id, limited) = cluster.token(0, &cap).await?;
    let (mut rows, mut failed) = (Vec::new(), 0);
    // Those by which all nodes came to know the tokens.
    let mut sent = 2 * cluster.nodes.len();
    for event in Event::ALL {
        note(event.as_str());
        let traffic = Traffic::start(&cluster, options.rate, [plain.clone(), limited.clone()]);
        tokio::time::sleep(AROUND).await;
        let away = Duration::from_secs(options.seconds);
        happens(&mut cluster, event, away).await?;
        let recovered = cluster.are_well().await?;
        tokio::time::sleep(AROUND).await;
        let seen = traffic.end()?;
        sent += seen.answered.len();
        failed += seen.failed;
        rows.push(seen.row(event, recovered));
    }
    let counted = counted(&cluster, [&plain_id, &limited_id], sent).await?;
    say(&format!(
        "{}\n\n{} requests a second over all nodes, half of them with a cap and a budget; each outage {} s\n\n\
         | event | requests | failed | ms median | ms 99 % | ms most | all well again after, s |\n\
         |---|--:|--:|--:|--:|--:|--:|\n{}\n\nRequests answered: {sent}; counted in the database: {counted}",
        cluster.heading(start.elapsed()),
        options.rate,
        options.seconds,
        rows.join("\n"),
    ));
    ensure!(failed == 0, "{failed} requests failed");
    // More may be there: a commit whose answer was lost is made again.
    ensure!(
        counted >= sent as u64,
        "{counted} of {sent} requests are in the database"
    );
    Ok(())
}

/// The requests of tokens that the database has, once it has `sent` of them or a while is over.
async fn counted(cluster: &Cluster, tokens: [&str; 2], sent: usize) -> anyhow::Result<u64> {
    let end = Instant::now() + AROUND;
    loop {
        let mut counted = 0;
        for id in tokens {
            let path = format!("GET /manage/tokens/{id}");
            let token = cluster.manage(0, &path, &Value::Null).await?;
            counted += token["request_count"].as_u64().unwrap_or_default();
        }
        if counted >= sent as u64 || Instant::now() > end {
            return Ok(counted);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Has it happen, and be over.
async fn happens(cluster: &mut Cluster, event: Event, away: Duration) -> anyhow::Result<()> {
    match event {
        Event::DatabaseHangs => {
            let pid = cluster.database.pid().context("the database has ended")?;
            let family = process::family(i32::try_from(pid)?);
            process::signal(&family, nix::sys::signal::Signal::SIGSTOP);
            tokio::time::sleep(away).await;
            process::signal(&family, nix::sys::signal::Signal::SIGCONT);
        }
        Event::DatabaseEnds => {
            cluster.database.stop();
            tokio::time::sleep(away).await;
            cluster.database.start();
        }
        Event::RedisHangs => {
            cluster.redis.signal("STOP");
            tokio::time::sleep(away).await;
            cluster.redis.signal("CONT");
        }
        Event::RedisEnds => {
            cluster.redis.stop();
            tokio::time::sleep(away).await;
            ensure!(cluster.redis.start_again(), "Redis cannot listen again");
        }
    }
    Ok(())
}

/// What clients noticed. Times are microseconds.
#[derive(Debug, Default)]
struct Seen {
    answered: Vec<u64>,
    failed: usize,
    failure: Option<String>,
}

impl Seen {
    fn row(mut self, event: Event, recovered: Duration) -> String {
        let all = self.answered.len() + self.failed;
        let mut at =
            |per_mille| percentile(&mut self.answered, per_mille).unwrap_or_default() / 1000.0;
        let (p50, p99, most) = (at(500), at(990), at(1000));
        if let Some(failure) = &self.failure {
            note(&format!("a request failed: {failure}"));
        }
        format!(
            "| {} | {all} | {} | {p50:.1} | {p99:.1} | {most:.0} | {:.1} |",
            event.as_str(),
            self.failed,
            recovered.as_secs_f64()
        )
    }
}

/// Requests at fixed moments whatever the answers do, from a thread of their own.
struct Traffic {
    end: Arc<AtomicBool>,
    thread: JoinHandle<anyhow::Result<Seen>>,
}

impl Traffic {
    fn start(cluster: &Cluster, rate: u32, tokens: [String; 2]) -> Self {
        let (end, nodes) = (Arc::new(AtomicBool::new(false)), cluster.addresses());
        let is_over = Arc::clone(&end);
        let thread = std::thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(send(rate, (&nodes, &tokens), &is_over))
        });
        Self { end, thread }
    }

    /// Ends it, and waits for the last answers.
    fn end(self) -> anyhow::Result<Seen> {
        self.end.store(true, Ordering::Relaxed);
        let seen = self.thread.join();
        seen.map_err(|_| anyhow::anyhow!("the thread that sends requests has ended"))?
    }
}

async fn send(
    rate: u32,
    (nodes, tokens): (&[SocketAddr], &[String; 2]),
    is_over: &AtomicBool,
) -> anyhow::Result<Seen> {
    let mut moments = tokio::time::interval(Duration::from_secs(1) / rate.max(1));
    let mut asking = JoinSet::new();
    let pairs = tokens
        .iter()
        .flat_map(|token| nodes.iter().map(move |node| (*node, token)));
    for (to, token) in pairs.cycle() {
        moments.tick().await;
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let token = token.clone();
        asking.spawn(async move {
            let sent = Instant::now();
            (ask::message(to, &token).await, sent.elapsed())
        });
    }
    let mut seen = Seen::default();
    while let Some(done) = asking.join_next().await {
        let failure = match done? {
            (Ok(answer), took) if answer.status == 200 => {
                let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
                seen.answered.push(took);
                continue;
            }
            (Ok(answer), _) => format!("{} {}", answer.status, answer.body),
            (Err(error), _) => format!("{error:#}"),
        };
        seen.failed += 1;
        seen.failure.get_or_insert(failure);
    }
    Ok(seen)
}
