//! A log line as one JSON object, written as it is read: there is a line for each exchange, and the
//! general formatter of the log library takes several times as long for it.

use std::fmt::{self, Debug};

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
    out.write_str(",\"target\":")?;
    write_text(&mut out, metadata.target())?;
    out.write_str("}\n")
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
            self.outcome = out
                .write_char(',')
                .and_then(|()| write_text(out, field.name().trim_start_matches("r#")))
                .and_then(|()| out.write_char(':'))
                .and_then(|()| write(out));
        }
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.member(field, |out| write_text(out, &format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.member(field, |out| write_text(out, value));
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

/// Writes a JSON string.
fn write_text(out: &mut Writer<'_>, text: &str) -> fmt::Result {
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        out.write_char('"')?;
        out.write_str(text)?;
        return out.write_char('"');
    }
    let quoted = serde_json::to_string(text).map_err(|_| fmt::Error)?;
    out.write_str(&quoted)
}
