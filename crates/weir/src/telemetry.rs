//! Logs: for people on a terminal, JSON lines elsewhere.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};
use weir_core::settings::{LogFormat, Logging};

/// Changes the level while weir runs.
#[derive(Debug)]
pub(crate) struct LevelHandle(reload::Handle<EnvFilter, Registry>);

impl LevelHandle {
    /// Takes `level` into use.
    ///
    /// # Errors
    /// When it is no filter.
    pub(crate) fn set(&self, level: &str) -> anyhow::Result<()> {
        self.0
            .reload(filter(level)?)
            .context("the log filter cannot be replaced")
    }
}

/// Starts logging to standard error.
///
/// # Errors
/// When the level is no filter.
pub(crate) fn init(logging: &Logging) -> anyhow::Result<LevelHandle> {
    let (filter, handle) = reload::Layer::new(filter(&logging.level)?);
    let terminal = std::io::stderr().is_terminal();
    let human = match logging.format {
        LogFormat::Auto => terminal,
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let registry = tracing_subscriber::registry().with(filter);
    if human {
        let layer = fmt::layer().with_ansi(terminal).with_target(false);
        registry.with(layer.with_writer(std::io::stderr)).init();
    } else {
        let layer = fmt::layer().json().flatten_event(true).with_target(true);
        registry.with(layer.with_writer(std::io::stderr)).init();
    }
    Ok(LevelHandle(handle))
}

fn filter(level: &str) -> anyhow::Result<EnvFilter> {
    EnvFilter::try_new(level).with_context(|| format!("`logging.level`: {level}: not a log filter"))
}
