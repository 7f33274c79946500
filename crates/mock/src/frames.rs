//! Events as frames of an AWS event stream, which is how Bedrock sends them. The encoding is the
//! AWS crate's own.

use std::io;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;
use serde_json::json;

use crate::ids::base64;
use crate::speak::Event;

/// The service pads each frame with the beginning of this.
const PADDING: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// One event as a frame: a `chunk` with the event's JSON in base64, or an exception.
pub(crate) fn frame(event: &Event) -> io::Result<Bytes> {
    let (kind_name, kind, message_type, payload) = if event.is_exception {
        let kind = event.name.clone().unwrap_or_default();
        (":exception-type", kind, "exception", event.data.clone())
    } else {
        let size = event.data.len() * 7 % PADDING.len();
        let padding = PADDING.get(..size).unwrap_or_default();
        let payload = json!({"bytes": base64(event.data.as_bytes()), "p": padding});
        (
            ":event-type",
            "chunk".to_owned(),
            "event",
            payload.to_string(),
        )
    };
    let header =
        |name: &'static str, value: String| Header::new(name, HeaderValue::String(value.into()));
    let headers = vec![
        header(kind_name, kind),
        header(":content-type", "application/json".to_owned()),
        header(":message-type", message_type.to_owned()),
    ];
    let message = Message::new_from_parts(headers, payload);
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).map_err(io::Error::other)?;
    Ok(bytes.into())
}
