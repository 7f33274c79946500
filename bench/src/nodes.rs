//! Several weirs with one database server and one Redis, all started here, in front of the upstream.
//! What is asked of them, and measured, is the matter of the files below.

mod ask;
pub(crate) mod outage;
pub(crate) mod revoke;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tempfile::TempDir;

use self::ask::{Answer, ask};
use self::redis::Redis;
use self::servers::DatabaseServer;
use crate::contender::{Places, upstream};
use crate::process::Daemon;
use crate::report::About;

#[expect(
    clippy::unwrap_used,
    dead_code,
    reason = "the tests' own way to start a Redis"
)]
#[path = "../../crates/weir/tests/it/shared/redis.rs"]
mod redis;
#[expect(
    clippy::panic,
    clippy::unwrap_used,
    dead_code,
    reason = "the tests' own way to start databases"
)]
#[path = "../../crates/store/tests/it/servers.rs"]
mod servers;

/// Who manages projects here.
const MANAGER: &str = "manager-of-the-bench-0123456789";
/// Nothing that is waited for takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(10);

/// Which nodes there are.
#[derive(Args, Clone, Debug)]
pub(crate) struct Place {
    /// How many weirs
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    /// What their projects are kept in
    #[arg(long, value_enum, default_value = "postgres")]
    database: Database,
    /// The weir binary [default: beside this one]
    #[arg(long, value_name = "FILE")]
    weir: Option<PathBuf>,
}

/// A kind of database server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Database {
    Postgres,
    Mysql,
}

/// A weir.
struct Node {
    addr: SocketAddr,
    _daemon: Daemon,
}

/// What is up; dropping it ends it and removes its files.
struct Cluster {
    // Order matters: whoever uses something goes before it.
    nodes: Vec<Node>,
    database: DatabaseServer,
    redis: Redis,
    _upstream: Daemon,
    places: Places,
    _files: TempDir,
}

impl Place {
    /// Starts everything and waits until all nodes share their limits.
    async fn start(&self) -> anyhow::Result<Cluster> {
        ensure!(self.nodes > 0, "--nodes: at least 1");
        let files = TempDir::with_prefix("weir-bench-")?;
        let beside = std::env::current_exe()?.with_file_name("weir");
        let weir = self.weir.clone().unwrap_or(beside);
        let places = Places {
            weir: weir.canonicalize().unwrap_or(weir),
            before: None,
            nginx: PathBuf::from("nginx"),
            dir: files.path().to_owned(),
            set: Vec::new(),
        };
        let (daemon, addr) = upstream(&places)?;
        let mut cluster = Cluster {
            nodes: Vec::new(),
            database: match self.database {
                Database::Postgres => DatabaseServer::postgres(),
                Database::Mysql => DatabaseServer::mysql(),
            },
            redis: Redis::start(),
            _upstream: daemon,
            places,
            _files: files,
        };
        for number in 1..=self.nodes {
            let node = cluster.node(number, addr)?;
            cluster.nodes.push(node);
        }
        cluster.are_well().await?;
        Ok(cluster)
    }
}

impl Cluster {
    fn node(&self, number: usize, upstream: SocketAddr) -> anyhow::Result<Node> {
        let dir = self.places.dir.join(format!("node-{number}"));
        std::fs::create_dir_all(&dir)?;
        let mut command = Command::new(&self.places.weir);
        command.env_clear().current_dir(&dir).env("HOME", &dir);
        command.args(["serve", "--host", "127.0.0.1", "--port", "0", "--db"]);
        command.arg(dir.join("weir.db"));
        let redis = format!("shared.redis_url={}", self.redis.url());
        command.arg("--set").arg(redis);
        command.env("DATABASE_URL", self.database.first());
        command.env("MANAGEMENT_TOKEN", MANAGER);
        command.env("ANTHROPIC_FORWARD_URL", format!("http://{upstream}"));
        let log = dir.join("stderr.log");
        let mut daemon = Daemon::start(command, &log)?;
        let addr = daemon.address().with_context(|| {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            format!("a node does not start: {text}")
        })?;
        let _daemon = daemon;
        Ok(Node { addr, _daemon })
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.addr).collect()
    }

    /// Asks the management of a node; `what` is a method and a path.
    async fn manage(&self, node: usize, what: &str, body: &Value) -> anyhow::Result<Value> {
        let to = self.nodes.get(node).context("there is no such node")?.addr;
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let answer = ask(to, what, MANAGER, &body).await?;
        let Answer { status, body } = &answer;
        ensure!((200..300).contains(status), "{what}: {status} {body}");
        Ok(serde_json::from_str(body).unwrap_or_default())
    }

    /// The id of a new project.
    async fn project(&self, name: &str, budgets: Value) -> anyhow::Result<String> {
        let new = json!({"name": name, "api_key": "UPKEY-0123456789", "provider": "anthropic",
            "budgets": budgets});
        let made = self.manage(0, "POST /manage/projects", &new).await?;
        text(&made, "id")
    }

    /// The id and the secret of a new token, which every node knows.
    async fn token(&self, node: usize, new: &Value) -> anyhow::Result<(String, String)> {
        let made = self.manage(node, "POST /manage/tokens", new).await?;
        let token = text(&made, "token")?;
        for to in self.addresses() {
            until("a token is known by all", async || {
                Ok(ask::message(to, &token).await?.status == 200)
            })
            .await?;
        }
        Ok((text(&made, "id")?, token))
    }

    /// Waits until every node manages projects and shares limits with the others; gives how long
    /// that took.
    async fn are_well(&self) -> anyhow::Result<Duration> {
        let start = Instant::now();
        for at in 0..self.nodes.len() {
            until("a node manages projects and shares limits", async || {
                let managed = self.manage(at, "GET /manage/projects", &Value::Null).await;
                let health = self.manage(at, "GET /health", &Value::Null).await;
                let is_shared = health.is_ok_and(|health| health["limits"] == "shared");
                Ok(managed.is_ok() && is_shared)
            })
            .await?;
        }
        Ok(start.elapsed())
    }

    /// What a report says above its table.
    fn heading(&self, took: Duration) -> String {
        let about = About::here(&self.places, took);
        format!(
            "{} · {}, {} cores · Linux {} · {} ({}) · {} nodes · load average at the end {}",
            about.date,
            about.processor,
            about.cores,
            about.kernel,
            about.weir,
            about.commit,
            self.nodes.len(),
            about.load
        )
    }
}

/// Looks again and again, for a while.
async fn until(
    what: &str,
    mut is_so: impl AsyncFnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let end = Instant::now() + PATIENCE;
    while !is_so().await? {
        if Instant::now() > end {
            bail!("{what}: not within {} s", PATIENCE.as_secs());
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

fn text(of: &Value, name: &str) -> anyhow::Result<String> {
    let text = of.get(name).and_then(Value::as_str);
    Ok(text
        .with_context(|| format!("no `{name}` in {of}"))?
        .to_owned())
}
