//! The command line.

mod agent;
mod dispatch;
mod history;
mod manage;
mod migrate;
mod running;
mod trying;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use agent::{Agent, AgentAction, ClaudeCode, Setup};
pub(crate) use dispatch::{DeadAction, DeadList, Dispatch, DispatchAction};
pub(crate) use history::{By, Export, History, Log, Narrow, Purge, Raw, Show, Stats, Tail};
pub(crate) use manage::{
    ApiKey, Audit, AuditAction, AuditList, Budget, BudgetAction, Cache, CacheAction, CachePurge,
    Managed, NewProject, NewToken, Once, Project, ProjectAction, ProjectUpdate, Scope, Token,
    TokenAction,
};
pub(crate) use migrate::{CopyFrom, Database, Migrate, MigrateAction, Steps, Undo};
pub(crate) use running::{
    AddKey, Asked, Gateway, Health, Key, KeyAction, NamedKey, Provider, ProviderAction, Status,
    Strategy, Top,
};
pub(crate) use trying::{Benchmark, Chat, SetUp, Through};

/// The gateway between coding agents and the LLM APIs they call.
///
/// Point an agent at weir instead of at its provider. weir forwards every request byte for byte
/// and keeps what went over the wire.
#[derive(Debug, Parser)]
#[command(name = "weir", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  weir serve                          forward to api.anthropic.com from 127.0.0.1:3001
  export ANTHROPIC_BASE_URL=http://127.0.0.1:3001 && claude
  weir run -- claude                  an agent behind a gateway of its own
  weir demo                           see it work without an API key
  weir config init > weir.yaml        start a configuration file
  weir config check                   show what is in force, and why";

/// What weir can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the gateway
    Serve(Serve),
    /// Run an agent behind a gateway of its own, which ends with it
    Run(Run),
    /// List what was captured, newest first
    Log(Log),
    /// Show one exchange
    Show(Show),
    /// Print exchanges as they end
    Tail(Tail),
    /// Add up tokens, cost and times
    Stats(Stats),
    /// Write exchanges as JSON lines, HAR or CSV
    Export(Export),
    /// Forget exchanges
    Purge(Purge),
    /// Answer an agent from what was captured, byte for byte and without network
    Replay(Replay),
    /// Point an agent at weir in its own settings, or take that out again
    Agent(Agent),
    /// Ask a running gateway how it is
    Status(Status),
    /// List the nodes that a running gateway works together with
    Nodes(Asked),
    /// Say whether a gateway lives: 0 if it does, for supervisors and containers; needs no password
    Health(Health),
    /// Watch a running gateway: providers, keys, exchanges as they happen
    Top(Top),
    /// See and steer the providers of a running gateway
    Provider(Provider),
    /// See and steer the keys of a running gateway's providers
    Key(Key),
    /// Show or set how a running gateway picks providers
    Strategy(Strategy),
    /// Manage the projects of a running gateway
    Project(Project),
    /// Manage the tokens that projects hand out
    Token(Token),
    /// See what projects and tokens have used of their budgets
    Budget(Budget),
    /// See who changed what of projects and tokens, and whether the record is whole
    Audit(Audit),
    /// Deliver events from the stream of Redis to sinks, in a process of its own
    Dispatch(Dispatch),
    /// See what the response cache holds, and take answers out of it
    Cache(Cache),
    /// Look at configuration, or have it read again
    #[command(subcommand)]
    Config(Configuration),
    /// Bring the database of projects up to date, seal its keys, or move it
    Migrate(Migrate),
    /// Write a configuration with a provider's key, fresh secrets and, if wished, a project
    Setup(SetUp),
    /// Talk to a model through a running gateway
    Chat(Chat),
    /// Measure how fast a running gateway answers
    Benchmark(Benchmark),
    /// Run a scripted upstream that speaks the LLM APIs, for trying things out
    Mock(Mock),
    /// Play a short agent session through weir, with a mock behind it
    Demo(Demo),
    /// Print the description of the API: OpenAPI 3.1
    #[command(hide = true)]
    Openapi,
    /// Print a completion script
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Where the configuration comes from.
#[derive(Args, Clone, Debug)]
pub(crate) struct Source {
    /// The configuration file, YAML or TOML [default: weir.yaml, weir.yml or weir.toml here, then
    /// in ~/.config/weir; none is fine]
    #[arg(long, short, env = "WEIR_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Override one setting, for example `--set server.port=8080`
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub set: Vec<(String, String)>,
}

/// Options of `weir config check`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Check {
    /// The configuration.
    #[command(flatten)]
    pub source: Source,
    /// Leave out what was edited at run time, which is kept in the database
    #[arg(long)]
    pub no_stored: bool,
}

/// Options of `weir serve`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Serve {
    /// The configuration.
    #[command(flatten)]
    pub source: Source,
    /// Listen on this address [setting: server.host]
    #[arg(long)]
    pub host: Option<String>,
    /// Listen on this port; 0 takes a free one [setting: server.port]
    #[arg(long, short)]
    pub port: Option<u16>,
    /// Keep captures in this SQLite file [setting: storage.db_path]
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Say what there is to say of each request [setting: logging.level and
    /// logging.debug_options]
    #[arg(long)]
    pub debug: bool,
    /// Log from this level on: error, warn, info, debug, trace [setting: logging.level]
    #[arg(long, value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// Log in this format: auto, human, json [setting: logging.format]
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,
}

impl Serve {
    /// The same with the options for logging among the settings. What `--set` says of a setting
    /// wins over them, and the narrower option over `--debug`.
    pub(crate) fn settled(mut self) -> Self {
        const DEBUG: [(&str, &str); 5] = [
            ("logging.level", "debug"),
            ("logging.debug_options.log_request_body", "true"),
            ("logging.debug_options.log_response_headers", "true"),
            ("logging.debug_options.log_tls_metrics", "true"),
            ("logging.debug_options.max_body_log_size", "1000"),
        ];
        let debug = DEBUG.into_iter().filter(|_| self.debug);
        let named = [
            ("logging.level", self.log_level.as_deref()),
            ("logging.format", self.log_format.as_deref()),
        ];
        let named = named
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)));
        let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        let mut set: Vec<_> = debug.chain(named).map(owned).collect();
        set.append(&mut self.source.set);
        self.source.set = set;
        self
    }
}

/// Options of `weir run`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Run {
    /// The configuration.
    #[command(flatten)]
    pub source: Source,
    /// Keep captures in this SQLite file, which no other weir may have open [default: a file for
    /// each run in ~/.local/state/weir/runs, of which the newest 20 stay]
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// Do not say at the end what was used
    #[arg(long, short)]
    pub quiet: bool,
    /// The agent and its arguments: `weir run -- claude -p hello`
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND"
    )]
    pub command: Vec<OsString>,
}

/// Options of `weir replay`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Replay {
    /// The session: its id, the beginning of it, or `latest`
    #[arg(long, short, value_name = "ID", default_value = "latest")]
    pub session: String,
    /// Where it was captured [default: as the configuration has it]
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
    /// The configuration.
    #[command(flatten)]
    pub source: Source,
    /// Where to listen [default: 127.0.0.1:3001, or any port with a command]
    #[arg(long)]
    pub listen: Option<SocketAddr>,
    /// Demand this in front of paths, as `http://HOST/~TOKEN`
    #[arg(long)]
    pub token: Option<String>,
    /// How many times as fast as it was; 0 is at once
    #[arg(long, value_name = "TIMES", default_value_t = 0.0, value_parser = speed)]
    pub pace: f64,
    /// Ask this gateway for what was not recorded, instead of refusing it
    #[arg(long, value_name = "URL")]
    pub upstream: Option<String>,
    /// Fail unless every request was recorded and every recorded one was made
    #[arg(long)]
    pub strict: bool,
    /// Say nothing of single requests
    #[arg(long, short)]
    pub quiet: bool,
    /// An agent to run with it: `weir replay --session ID -- claude -p hello`
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "COMMAND"
    )]
    pub command: Vec<OsString>,
}

/// Subcommands of `weir config`.
#[derive(Debug, Subcommand)]
pub(crate) enum Configuration {
    /// Those that need no gateway.
    #[command(flatten)]
    File(Config),
    /// The same as `weir agent` for Claude Code
    Cc(ClaudeCode),
    /// Have a running gateway read its configuration again
    Reload(Asked),
}

/// Subcommands of `weir config` that need no gateway.
#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Check the configuration; print each effective value and where it comes from
    #[command(visible_alias = "validate")]
    Check(Check),
    /// Print a commented configuration file, or write one for its owner only
    Init(Init),
    /// Print the JSON schema of the configuration file, for editors
    Schema,
    /// Print the reference of all settings, in Markdown
    Reference,
}

/// Options of `weir config init`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Init {
    /// The file's format [default: as the file's name ends, else yaml]
    #[arg(long, value_enum)]
    pub format: Option<FileFormat>,
    /// Write this file instead of printing
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long, requires = "output")]
    pub force: bool,
}

/// Formats of a configuration file.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FileFormat {
    /// YAML.
    Yaml,
    /// TOML.
    Toml,
}

/// Options of `weir mock`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Mock {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:4010")]
    pub listen: SocketAddr,
    /// The scenario for requests that name none
    #[arg(long)]
    pub scenario: Option<String>,
    /// Answer everything with one prepared reply as fast as possible, for load tests
    #[arg(long)]
    pub fast: bool,
    /// Let this share of the model turns fail, 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub fail: Option<f64>,
    /// Which of them fail; the same seed lets the same ones fail
    #[arg(long, value_name = "N", default_value_t = 0, requires = "fail")]
    pub seed: u64,
    /// How they fail: scenarios such as `529,hang*3,429;retry_after=5` [default: ten kinds alike]
    #[arg(long, value_name = "LIST", requires = "fail")]
    pub kinds: Option<String>,
    /// Understand TLS too, and write the certificate to trust to this file
    #[arg(long, value_name = "FILE")]
    pub tls: Option<PathBuf>,
}

/// Options of `weir demo`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Demo {
    /// Where weir listens
    #[arg(long, default_value = "127.0.0.1:3001")]
    pub listen: SocketAddr,
    /// Stop after the session instead of staying up to look at
    #[arg(long)]
    pub once: bool,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok();
    speed
        .filter(|speed| (0.0..=1000.0).contains(speed))
        .ok_or_else(|| format!("`{text}` is not a number from 0 to 1000"))
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok();
    share
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| format!("`{text}` is not a number from 0 to 1"))
}

fn key_value(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(key, value)| (key.trim().to_owned(), value.to_owned()))
        .ok_or_else(|| format!("`{text}` is not KEY=VALUE"))
}

#[cfg(test)]
mod tests;
