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
    let place = |what: &str, error: &dyn std::fmt::Display| {
        format!("`events.sinks.{}.{what}`: {error}", settings.name)
    };
    match &settings.to {
        SinkKind::File(file) => match FileLog::open(file) {
            Ok(log) => Ok(Box::new(log)),
            Err(error) => Err(place("path", &format!("{}: {error}", file.path.display()))),
        },
    }
}
