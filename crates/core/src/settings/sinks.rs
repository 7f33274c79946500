//! The services that are told of exchanges, each with what it needs.

use std::time::Duration;

use super::RotatedFiles;
use super::services::{Helicone, Langfuse, Lunary, Otel, S3, Webhook};

/// A service that is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sink {
    /// Its name in the settings.
    pub name: Box<str>,
    /// The group of readers that it belongs to: each event goes to one of a group.
    pub group: Box<str>,
    /// Most events in one delivery.
    pub batch_size: usize,
    /// Longest time that an event waits for a delivery to fill.
    pub flush_interval: Duration,
    /// How often an event that could not be taken is offered again.
    pub retries: u32,
    /// Which service, and where.
    pub to: SinkKind,
}

/// The kinds of services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SinkKind {
    /// Lines of a file.
    File(FileSink),
    /// Requests to an address of the operator's own.
    Webhook(Webhook),
    /// Helicone.
    Helicone(Helicone),
    /// Lunary.
    Lunary(Lunary),
    /// Langfuse.
    Langfuse(Langfuse),
    /// A collector of OpenTelemetry's.
    Otel(Otel),
    /// A bucket of S3.
    S3(S3),
}

impl SinkKind {
    /// Every kind's name in the settings.
    pub const NAMES: &'static [&'static str] = &[
        "file", "webhook", "helicone", "lunary", "langfuse", "otel", "s3",
    ];

    /// Its name in the settings.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Webhook(_) => "webhook",
            Self::Helicone(_) => "helicone",
            Self::Lunary(_) => "lunary",
            Self::Langfuse(_) => "langfuse",
            Self::Otel(_) => "otel",
            Self::S3(_) => "s3",
        }
    }
}

/// Lines of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSink {
    /// The file.
    pub files: RotatedFiles,
    /// What a line is.
    pub format: LineFormat,
}

/// What a line of a file is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineFormat {
    /// The event, as it is.
    #[default]
    Event,
    /// A run, as services for LLM traffic know it.
    Llm,
}
