//! Options of the command that delivers events.

use clap::{Args, Subcommand};

use super::Source;

/// Options of `weir dispatch`.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Dispatch {
    /// What else to do than to deliver.
    #[command(subcommand)]
    pub action: Option<DispatchAction>,
    /// The configuration.
    #[command(flatten)]
    pub source: Source,
    /// Deliver to this sink of the configuration only; may be given again
    #[arg(long, value_name = "NAME", conflicts_with = "service")]
    pub sink: Vec<String>,
    /// Deliver to a sink of this kind that the configuration need not have
    #[arg(long, value_name = "KIND", env = "DISPATCHER_SERVICE")]
    pub service: Option<String>,
    /// Its address; of a `file` the path, of `s3` the endpoint
    #[arg(
        long,
        value_name = "URL",
        env = "DISPATCHER_ENDPOINT",
        requires = "service"
    )]
    pub endpoint: Option<String>,
    /// Its credential
    #[arg(
        long,
        value_name = "KEY",
        env = "LLM_PROXY_API_KEY",
        hide_env_values = true
    )]
    pub api_key: Option<String>,
    /// Most events in one delivery
    #[arg(
        long,
        value_name = "COUNT",
        env = "DISPATCHER_BATCH_SIZE",
        requires = "service"
    )]
    pub batch_size: Option<u32>,
}

/// Subcommands of `weir dispatch`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum DispatchAction {
    /// Look after events that could not be delivered
    #[command(subcommand)]
    Dead(DeadAction),
}

/// Subcommands of `weir dispatch dead`.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum DeadAction {
    /// List them, the newest first
    List(DeadList),
    /// Offer them to their sink once more; what it takes is a dead letter no more
    Retry(DeadLetters),
    /// Drop them
    Drop(DeadLetters),
}

/// Options of `weir dispatch dead list`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DeadList {
    /// The configuration.
    #[command(flatten)]
    pub source: Source,
    /// The sink
    #[arg(long, value_name = "NAME")]
    pub sink: String,
    /// List at most so many
    #[arg(long, default_value_t = 50, value_name = "COUNT")]
    pub limit: usize,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `weir dispatch dead retry` and `drop`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DeadLetters {
    /// The configuration.
    #[command(flatten)]
    pub source: Source,
    /// The sink
    #[arg(long, value_name = "NAME")]
    pub sink: String,
    /// Only these, by the ids that the list shows
    #[arg(long = "id", value_name = "ID")]
    pub ids: Vec<String>,
    /// All of them
    #[arg(long, required_unless_present = "ids", conflicts_with = "ids")]
    pub all: bool,
}
