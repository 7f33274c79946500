//! Logs: for people on a terminal, JSON lines elsewhere. Level, format, output and what is said of
//! single requests can all change while weir runs: whole, or not at all.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use arc_swap::ArcSwap;
use jiff::Timestamp;
use tracing::{Event, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, reload};
use weir_core::settings::{LogFormat, LogOutput, Logging};
use weir_proxy::details;

/// Changes the log while weir runs.
#[derive(Debug)]
pub(crate) struct Telemetry {
    filter: reload::Handle<EnvFilter, Registry>,
    voice: Voice,
}

/// A log that is ready to be taken into use.
#[derive(Debug)]
pub(crate) struct Prepared {
    filter: EnvFilter,
    manner: Manner,
}

impl Prepared {
    /// Makes everything ready that can fail. A file is opened anew, so that a reload also follows
    /// one that was moved away.
    ///
    /// # Errors
    /// When the level is no filter, or the output cannot be opened; the text names the setting.
    pub(crate) fn of(logging: &Logging) -> anyhow::Result<Self> {
        Ok(Self {
            filter: filter(logging)?,
            manner: Manner::of(logging)?,
        })
    }
}

impl Telemetry {
    /// Takes `prepared` into use, from the next line on.
    ///
    /// # Errors
    /// When logging has ended.
    pub(crate) fn take(&self, prepared: Prepared) -> anyhow::Result<()> {
        let replaced = self.filter.reload(prepared.filter);
        replaced.context("the log filter cannot be replaced")?;
        self.voice.0.store(Arc::new(prepared.manner));
        Ok(())
    }
}

/// Starts logging.
///
/// # Errors
/// As [`Prepared::of`].
pub(crate) fn init(logging: &Logging) -> anyhow::Result<Telemetry> {
    let Prepared { filter, manner } = Prepared::of(logging)?;
    let (layer, filter) = reload::Layer::new(filter);
    let voice = Voice(Arc::new(ArcSwap::from_pointee(manner)));
    let lines = tracing_subscriber::fmt::layer()
        .event_format(voice.clone())
        .with_writer(voice.clone())
        // Said on standard error, which panics when that is the output that is gone.
        .log_internal_errors(false);
    tracing_subscriber::registry()
        .with(layer)
        .with(lines)
        .init();
    Ok(Telemetry { filter, voice })
}

/// What is said: a bare level is about weir itself, and of what it is built on only what matters
/// at `info`; a request's details are said where they are asked for.
fn filter(logging: &Logging) -> anyhow::Result<EnvFilter> {
    let level = logging.level.trim();
    let directives = match level.parse::<LevelFilter>() {
        Ok(level) if level > LevelFilter::INFO => format!("info,weir={level}"),
        _ => level.to_owned(),
    };
    let mut filter = EnvFilter::try_new(directives)
        .with_context(|| format!("`logging.level`: {level}: not a log filter"))?;
    let debug = &logging.debug;
    for (on, target) in [
        (debug.request_body, details::REQUEST),
        (debug.response_headers, details::RESPONSE),
        (debug.tls_metrics, details::TLS),
    ] {
        if !on {
            let off = format!("{target}=off");
            filter = filter.add_directive(off.parse().context("a target is no directive")?);
        }
    }
    Ok(filter)
}

/// How lines look and where they go.
#[derive(Debug)]
struct Manner {
    lines: Lines,
    output: Output,
}

#[derive(Debug)]
enum Lines {
    Human(Format<Full>),
    Json,
}

/// An open output.
#[derive(Clone, Debug)]
enum Output {
    Stderr,
    Stdout,
    File(Arc<File>),
}

impl Manner {
    fn of(logging: &Logging) -> anyhow::Result<Self> {
        let output = match &logging.output {
            LogOutput::Stderr => Output::Stderr,
            LogOutput::Stdout => Output::Stdout,
            LogOutput::File(path) => {
                let opened = open(path);
                let opened = opened
                    .with_context(|| format!("`logging.output`: {}: not usable", path.display()))?;
                Output::File(Arc::new(opened))
            }
        };
        let terminal = output.is_terminal();
        let human = match logging.format {
            LogFormat::Auto => terminal,
            LogFormat::Human => true,
            LogFormat::Json => false,
        };
        let lines = if human {
            let format = tracing_subscriber::fmt::format();
            Lines::Human(format.with_ansi(terminal).with_target(false))
        } else {
            Lines::Json
        };
        Ok(Self { lines, output })
    }
}

/// Opens a file to add to, made for its owner only.
fn open(path: &Path) -> anyhow::Result<File> {
    // Opening one waits for a reader, which may never come.
    if std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo()) {
        bail!("it is a pipe");
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600);
    Ok(options.open(path)?)
}

impl Output {
    fn is_terminal(&self) -> bool {
        match self {
            Self::Stderr => io::stderr().is_terminal(),
            Self::Stdout => io::stdout().is_terminal(),
            Self::File(file) => file.is_terminal(),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stderr => io::stderr().write(bytes),
            Self::Stdout => io::stdout().write(bytes),
            Self::File(file) => (&**file).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stderr => io::stderr().flush(),
            Self::Stdout => io::stdout().flush(),
            Self::File(file) => (&**file).flush(),
        }
    }
}

/// The manner of the moment. One layer that looks at it for each line, rather than a layer for each
/// manner: a library's span that outlives a change of layers would be unknown to the new one.
#[derive(Clone, Debug)]
struct Voice(Arc<ArcSwap<Manner>>);

impl<'a> MakeWriter<'a> for Voice {
    type Writer = Output;

    fn make_writer(&'a self) -> Output {
        self.0.load().output.clone()
    }
}

impl<S, N> FormatEvent<S, N> for Voice
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        match &self.0.load().lines {
            Lines::Human(format) => format.format_event(context, writer, event),
            Lines::Json => json::write(event, Timestamp::now(), writer),
        }
    }
}

mod json;
#[cfg(test)]
mod tests;
