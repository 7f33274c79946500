//! Commands for what was captured.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Gateway, Source};

/// Where the history is asked for: of a running gateway, else of the store that the configuration
/// names.
#[derive(Args, Clone, Debug)]
pub(crate) struct History {
    /// Which gateway.
    #[command(flatten)]
    pub gateway: Gateway,
    /// The configuration, when no gateway runs.
    #[command(flatten)]
    pub source: Source,
    /// Read this file itself; no gateway may have it open
    #[arg(long, value_name = "FILE")]
    pub db: Option<PathBuf>,
}

/// Which exchanges.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Narrow {
    /// Only of models whose name has this in it
    #[arg(long)]
    pub model: Option<String>,
    /// Only of this provider
    #[arg(long)]
    pub provider: Option<String>,
    /// Only of this session
    #[arg(long)]
    pub session: Option<String>,
    /// Only of this client: claude_code, codex, gemini_cli, opencode, ...
    #[arg(long)]
    pub client: Option<String>,
    /// Only with this status: 2xx, 4xx, 5xx, error, 429, ...
    #[arg(long)]
    pub status: Option<String>,
    /// Only since this moment, or so long ago: 24h, 7d, 2026-11-20T00:00:00Z
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Only before this moment, or longer ago
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// Only with these words in prompt, answer or tool calls
    #[arg(long, short = 'q', value_name = "WORDS")]
    pub search: Option<String>,
}

impl Narrow {
    /// The same as parameters of the API.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("model", &self.model),
            ("provider", &self.provider),
            ("session", &self.session),
            ("client", &self.client),
            ("status", &self.status),
            ("start", &self.since),
            ("end", &self.until),
            ("q", &self.search),
        ];
        let given = all.into_iter();
        given
            .filter_map(|(name, value)| Some((name, value.as_deref()?)))
            .collect()
    }
}

/// Options of `weir log`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Log {
    /// Where to look.
    #[command(flatten)]
    pub history: History,
    /// Which exchanges.
    #[command(flatten)]
    pub narrow: Narrow,
    /// Most exchanges to list
    #[arg(long, short = 'n', default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
    /// Print JSON, one exchange a line
    #[arg(long)]
    pub json: bool,
}

/// Options of `weir show`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Show {
    /// Where to look.
    #[command(flatten)]
    pub history: History,
    /// Its id, or the end of it; `latest` is the newest
    pub id: String,
    /// Print everything as JSON
    #[arg(long, conflicts_with = "raw")]
    pub json: bool,
    /// Print the exact bytes of one side
    #[arg(long, value_enum, value_name = "SIDE")]
    pub raw: Option<Raw>,
}

/// A side of an exchange.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Raw {
    /// What the client sent.
    Request,
    /// What came back.
    Response,
}

/// Options of `weir tail`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Tail {
    /// Where to look.
    #[command(flatten)]
    pub history: History,
    /// Which exchanges.
    #[command(flatten)]
    pub narrow: Narrow,
    /// Go on with exchanges as they end
    #[arg(long, short)]
    pub follow: bool,
    /// The newest ones to begin with
    #[arg(long, short = 'n', default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub limit: u32,
    /// Print JSON, one exchange a line
    #[arg(long)]
    pub json: bool,
}

/// Options of `weir stats`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Stats {
    /// Where to look.
    #[command(flatten)]
    pub history: History,
    /// What to add up by
    #[arg(long, value_enum, default_value_t = By::Model)]
    pub by: By,
    /// Since this moment, or so long ago
    #[arg(long, value_name = "WHEN", default_value = "7d")]
    pub since: String,
    /// Before this moment
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// Print JSON
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Print CSV
    #[arg(long)]
    pub csv: bool,
}

/// What figures are added up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// The model.
    Model,
    /// The provider.
    Provider,
    /// The kind of client.
    Client,
    /// The hour.
    Hour,
    /// The day.
    Day,
}

/// Options of `weir export`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Export {
    /// Where to look.
    #[command(flatten)]
    pub history: History,
    /// Which exchanges.
    #[command(flatten)]
    pub narrow: Narrow,
    /// In which form
    #[arg(long, value_enum, default_value_t = ExportFormat::Jsonl)]
    pub format: ExportFormat,
    /// Most exchanges, from the newest on
    #[arg(long, short = 'n', default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub limit: u32,
    /// Write this file instead of printing
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Forms of an export.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ExportFormat {
    /// A line of JSON for each exchange, bodies included.
    Jsonl,
    /// HTTP Archive, which browsers' tools read.
    Har,
    /// A table without bodies.
    Csv,
}

impl ExportFormat {
    /// Its name in the API.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Har => "har",
            Self::Csv => "csv",
        }
    }
}

/// Options of `weir purge`.
#[derive(Args, Clone, Debug)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true))]
pub(crate) struct Purge {
    /// Where to look.
    #[command(flatten)]
    pub history: History,
    /// Forget what is older than this moment or span: 30d, 12h, 2026-11-20T00:00:00Z
    #[arg(long, value_name = "WHEN", group = "which")]
    pub older_than: Option<String>,
    /// Forget this session
    #[arg(long, group = "which")]
    pub session: Option<String>,
    /// Forget exchanges of this model
    #[arg(long, group = "which")]
    pub model: Option<String>,
    /// Forget everything
    #[arg(long, group = "which", conflicts_with_all = ["older_than", "session", "model"])]
    pub all: bool,
    /// Count them and forget none
    #[arg(long, short = 'n')]
    pub dry_run: bool,
    /// Do not ask first
    #[arg(long, short)]
    pub yes: bool,
}
