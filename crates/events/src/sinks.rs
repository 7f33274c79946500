//! The services that events go to, a file for each.

mod file;
mod helicone;
mod langfuse;
mod lunary;
mod otel;
mod s3;
mod said;
mod webhook;

pub use file::FileLog;
pub use helicone::Helicone;
pub use langfuse::Langfuse;
pub use lunary::Lunary;
pub use otel::Otel;
pub use s3::S3;
pub use webhook::Webhook;

use weir_core::settings::{self, SinkKind};

use crate::sink::Sink;

/// The sink that `settings` describe.
///
/// # Errors
/// When it cannot be made, in words that name the setting.
pub fn build(settings: &settings::Sink) -> Result<Box<dyn Sink>, String> {
    let sink = match &settings.to {
        SinkKind::File(file) => FileLog::open(file).map(boxed),
        SinkKind::Webhook(webhook) => Webhook::new(webhook).map(boxed),
        SinkKind::Helicone(helicone) => Helicone::new(helicone).map(boxed),
        SinkKind::Lunary(lunary) => Lunary::new(lunary).map(boxed),
        SinkKind::Langfuse(langfuse) => Langfuse::new(langfuse).map(boxed),
        SinkKind::Otel(otel) => Otel::new(otel).map(boxed),
        SinkKind::S3(s3) => S3::new(s3).map(boxed),
    };
    sink.map_err(|error| match &settings.to {
        SinkKind::File(file) => {
            let (name, path) = (&settings.name, file.path.display());
            format!("`events.sinks.{name}.path`: {path}: {error}")
        }
        _ => format!("`events.sinks.{}`: {error}", settings.name),
    })
}

fn boxed<S: Sink>(sink: S) -> Box<dyn Sink> {
    Box::new(sink)
}
