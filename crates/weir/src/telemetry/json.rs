//! A log line as one JSON object, written as it is read: there is a line for each exchange, and the
//! general formatter of the log library takes several times as long for it.

use std::fmt::{self, Debug, Write};

use jiff::Timestamp;
use tracing::field::{Field, Visit};
use tracing::{Event, Level};
use tracing_subscriber::fmt::format::Writer;

/// Writes `event`: when, level, its fields in their order, target.
pub(super) fn write(event: &Event<'_>, at: Timestamp, mut out: Writer<'_>) -> fmt::Result {
    let metadata = event.metadata();
    write!(out, "{{\"timestamp\":\"{at:.6}\",\"level\":\"")?;
    out.write_str(word(*metadata.level()))?;
    out.write_char('"')?;
    let mut fields = Fields {
        out: out.by_ref(),
        outcome: Ok(()),
    };
    event.record(&mut fields);
    fields.outcome?;
    out.write_str(",\"target\":\"")?;
    Escaped(&mut out).write_str(metadata.target())?;
    out.write_str("\"}\n")
}

fn word(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARN",
        Level::INFO => "INFO",
        Level::DEBUG => "DEBUG",
        Level::TRACE => "TRACE",
    }
}

/// Writes members until one fails.
struct Fields<'a> {
    out: Writer<'a>,
    outcome: fmt::Result,
}

impl Fields<'_> {
    fn member(&mut self, field: &Field, write: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        if self.outcome.is_ok() {
            let out = &mut self.out;
            let name = field.name();
            // Names of fields are those of Rust, and need no escape.
            self.outcome = out
                .write_str(",\"")
                .and_then(|()| out.write_str(name.strip_prefix("r#").unwrap_or(name)))
                .and_then(|()| out.write_str("\":"))
                .and_then(|()| write(out));
        }
    }

    fn text(&mut self, field: &Field, write: impl FnOnce(&mut Escaped<'_, '_>) -> fmt::Result) {
        self.member(field, |out| {
            out.write_char('"')?;
            write(&mut Escaped(out))?;
            out.write_char('"')
        });
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, |out| write!(out, "{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, |out| out.write_str(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, |out| write!(out, "{value}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, |out| write!(out, "{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, |out| write!(out, "{value}"));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no infinity.
        self.member(field, |out| match value.is_finite() {
            true => write!(out, "{value}"),
            false => out.write_str("null"),
        });
    }
}

/// Writes what goes between the quotes of a JSON string.
struct Escaped<'a, 'w>(&'a mut Writer<'w>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let odd = |byte: u8| (byte < b' ') | (byte == b'"') | (byte == b'\\');
        // Not the first of them, but whether there is one: that is done many bytes at a time.
        if !text.bytes().fold(false, |any, byte| any | odd(byte)) {
            return self.0.write_str(text);
        }
        let quoted = serde_json::to_string(text).map_err(|_| fmt::Error)?;
        let inner = quoted
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        self.0.write_str(inner.unwrap_or_default())
    }
}
