//! The services that events go to, a file for each.

mod file;
mod helicone;
mod langfuse;
mod lunary;
mod otel;
mod s3;
mod said;
mod webhook;

use std::io;

use weir_core::settings::{self, SinkKind};

use crate::sink::Sink;

pub use file::FileLog;
pub use helicone::Helicone;
pub use langfuse::Langfuse;
pub use lunary::Lunary;
pub use otel::Otel;
pub use s3::S3;
pub use webhook::Webhook;

/// The sink that `settings` describe.
///
/// # Errors
/// When it cannot be made, in words that name the setting; no credential is in them.
pub fn build(settings: &settings::Sink) -> Result<Box<dyn Sink>, String> {
    let name = &settings.name;
    match &settings.to {
        SinkKind::File(file) => match FileLog::open(file) {
            Ok(log) => Ok(Box::new(log)),
            Err(error) => {
                let path = file.files.path.display();
                Err(format!("`events.sinks.{name}.path`: {path}: {error}"))
            }
        },
        SinkKind::Webhook(to) => boxed(name, Webhook::new(to)),
        SinkKind::Helicone(to) => boxed(name, Helicone::new(to)),
        SinkKind::Lunary(to) => boxed(name, Lunary::new(to)),
        SinkKind::Langfuse(to) => boxed(name, Langfuse::new(to)),
        SinkKind::Otel(to) => boxed(name, Otel::new(to)),
        SinkKind::S3(to) => boxed(name, S3::new(to)),
    }
}

fn boxed(name: &str, made: io::Result<impl Sink>) -> Result<Box<dyn Sink>, String> {
    match made {
        Ok(sink) => Ok(Box::new(sink)),
        Err(error) => Err(format!("`events.sinks.{name}`: {error}")),
    }
}
