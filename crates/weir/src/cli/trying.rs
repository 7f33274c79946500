//! Commands for whoever begins with a gateway: set it up, talk through it, measure it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::manage::{ApiKey, lifetime};
use super::running::DEFAULT_URL;

/// Options of `weir setup`.
#[derive(Args, Clone, Debug)]
pub(crate) struct SetUp {
    /// Write this file; it is YAML, and its owner's alone
    #[arg(long, short, value_name = "FILE", default_value = "weir.yaml")]
    pub config: PathBuf,
    /// Replace a file that is there
    #[arg(long)]
    pub force: bool,
    /// The key that requests go out with.
    #[command(flatten)]
    pub key: ApiKey,
    /// Listen on this port
    #[arg(long, default_value_t = 3001)]
    pub port: u16,
    /// Keep projects in this SQLite file
    #[arg(long, value_name = "FILE", default_value = "control.db")]
    pub db: PathBuf,
    /// Make a project of this name, with a token that is printed this once
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// How long the token lives: minutes, or 8h, 7d, 2w; at most 365d
    #[arg(long, value_name = "SPAN", default_value = "1d", value_parser = lifetime, requires = "project")]
    pub duration: u64,
}

/// What to ask, and with whose token.
#[derive(Args, Clone, Debug)]
pub(crate) struct Through {
    /// Where the gateway listens
    #[arg(long, default_value = DEFAULT_URL, env = "WEIR_URL")]
    pub url: String,
    /// The variable that holds the token or key to send; without one none is sent
    #[arg(long, value_name = "VARIABLE", default_value = "PROXY_TOKEN")]
    pub token_env: String,
    /// The model to ask
    #[arg(long, env = "MODEL", default_value = "claude-haiku-4-5")]
    pub model: String,
    /// Longest wait for an answer, or between two pieces of one, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub timeout: Duration,
}

/// Options of `weir chat`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Chat {
    /// Whom to ask.
    #[command(flatten)]
    pub through: Through,
    /// What the model is told before everything else
    #[arg(long, env = "SYSTEM_PROMPT")]
    pub system: Option<String>,
    /// Most tokens of an answer
    #[arg(long, env = "MAX_TOKENS", default_value_t = 1024)]
    pub max_tokens: u32,
    /// How much is left to chance, 0 to 2 [default: what the provider does]
    #[arg(long, env = "TEMPERATURE")]
    pub temperature: Option<f64>,
    /// Wait for whole answers instead of showing them as they come
    #[arg(long)]
    pub no_stream: bool,
    /// Say after each answer what it used
    #[arg(long, short)]
    pub verbose: bool,
}

/// Options of `weir benchmark`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Benchmark {
    /// Whom to ask.
    #[command(flatten)]
    pub through: Through,
    /// The path to ask
    #[arg(long, default_value = "/v1/messages")]
    pub path: String,
    /// The method to ask with
    #[arg(long, default_value = "POST")]
    pub method: String,
    /// The body to send [default: for /v1/messages and /v1/chat/completions, a short message]
    #[arg(long, value_name = "JSON")]
    pub body: Option<String>,
    /// Requests in all
    #[arg(long, short, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub requests: u32,
    /// Requests at once, each on a connection that is kept
    #[arg(long, short, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub concurrency: u16,
    /// Let answers be kept in the response cache, and count those that come from it
    #[arg(long)]
    pub cache: bool,
    /// For how long they may be kept, in seconds
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 86_400,
        requires = "cache"
    )]
    pub cache_ttl: u32,
    /// Show one answer of each status, without the token
    #[arg(long)]
    pub debug: bool,
    /// Print the figures as JSON
    #[arg(long)]
    pub json: bool,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse()
        .ok()
        .filter(|seconds| (1..=3600).contains(seconds));
    let seconds = seconds.ok_or_else(|| format!("`{text}` is not a number from 1 to 3600"))?;
    Ok(Duration::from_secs(seconds))
}
