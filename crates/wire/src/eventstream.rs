//! Amazon's event stream to the server-sent events that are inside: frames come in, events of
//! Anthropic's API go out as soon as a frame is whole. The framing itself is the AWS crate's.

use std::collections::VecDeque;

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use aws_smithy_types::event_stream::{HeaderValue, Message};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};

/// Largest frame that is accepted, in bytes; the protocol's own limit is 16 MiB.
const MAX_FRAME: usize = 24 * 1024 * 1024;

/// An event stream that cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A frame's checksums or lengths are wrong.
    #[error("a frame is corrupt: {0}")]
    Corrupt(String),
    /// It ended inside a frame.
    #[error("it ended inside a frame")]
    Short,
    /// A frame is larger than the protocol allows.
    #[error("a frame is over {MAX_FRAME} bytes")]
    Large,
}

/// The converter of one response.
#[derive(Debug, Default)]
pub struct ToSse {
    decoder: MessageFrameDecoder,
    waiting: BytesMut,
    /// An exception has been passed on: nothing may follow it.
    ended: bool,
}

impl ToSse {
    /// Takes the next bytes; each event that they complete goes to the end of `out`.
    ///
    /// # Errors
    /// When a frame is corrupt. What was whole before it is in `out`.
    pub fn push(&mut self, piece: &[u8], out: &mut VecDeque<Bytes>) -> Result<(), Broken> {
        if self.ended {
            return Ok(());
        }
        self.waiting.extend_from_slice(piece);
        loop {
            let frame = self
                .decoder
                .decode_frame(&mut self.waiting)
                .map_err(|error| Broken::Corrupt(error.to_string()))?;
            match frame {
                DecodedFrame::Complete(message) => {
                    self.message(&message, out);
                    if self.ended {
                        self.waiting.clear();
                        return Ok(());
                    }
                }
                DecodedFrame::Incomplete if self.waiting.len() > MAX_FRAME => {
                    return Err(Broken::Large);
                }
                DecodedFrame::Incomplete => return Ok(()),
            }
        }
    }

    /// The response has ended.
    ///
    /// # Errors
    /// When it ended inside a frame.
    pub fn finish(&self) -> Result<(), Broken> {
        if self.waiting.is_empty() {
            Ok(())
        } else {
            Err(Broken::Short)
        }
    }

    fn message(&mut self, message: &Message, out: &mut VecDeque<Bytes>) {
        let header = |name: &str| {
            let mut all = message.headers().iter();
            let found = all.find(|header| header.name().as_str() == name)?;
            match found.value() {
                HeaderValue::String(text) => Some(text.as_str().to_owned()),
                _ => None,
            }
        };
        let failed = header(":exception-type").or_else(|| header(":error-code"));
        if let Some(kind) = failed {
            self.ended = true;
            let told = header(":error-message");
            out.push_back(error_event(&kind, told.as_deref(), message.payload()));
            return;
        }
        let payload = message.payload();
        match header(":event-type").as_deref() {
            Some("chunk") => out.extend(unwrapped(payload)),
            Some(other) => out.push_back(event(other, payload)),
            None => {}
        }
    }
}

/// The event in a `chunk`: its JSON is in base64, and its type names it.
fn unwrapped(payload: &[u8]) -> Option<Bytes> {
    let envelope: Value = serde_json::from_slice(payload).ok()?;
    let inner = STANDARD.decode(envelope["bytes"].as_str()?).ok()?;
    let value: Value = serde_json::from_slice(&inner).ok()?;
    Some(event(value["type"].as_str().unwrap_or("message"), &inner))
}

fn event(name: &str, data: &[u8]) -> Bytes {
    let mut text = Vec::with_capacity(name.len() + data.len() + 16);
    text.extend_from_slice(b"event: ");
    text.extend_from_slice(name.as_bytes());
    for line in data.split(|byte| *byte == b'\n') {
        text.extend_from_slice(b"\ndata: ");
        text.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
    }
    text.extend_from_slice(b"\n\n");
    text.into()
}

/// An exception as Anthropic's API words its errors.
fn error_event(kind: &str, told: Option<&str>, payload: &[u8]) -> Bytes {
    let value: Value = serde_json::from_slice(payload).unwrap_or_default();
    let own = ["message", "Message", "originalMessage"]
        .iter()
        .find_map(|name| value[*name].as_str());
    let raw = String::from_utf8_lossy(payload);
    let message = own.or(told).unwrap_or(&raw);
    let data = json!({
        "type": "error",
        "error": {"type": error_type(kind), "message": format!("{kind}: {message}")},
    });
    event("error", data.to_string().as_bytes())
}

/// The exceptions of `InvokeModelWithResponseStream`, in Anthropic's words.
fn error_type(kind: &str) -> &'static str {
    match kind {
        "throttlingException" | "ThrottlingException" => "rate_limit_error",
        "serviceUnavailableException"
        | "modelNotReadyException"
        | "ServiceUnavailableException" => "overloaded_error",
        "validationException" | "ValidationException" => "invalid_request_error",
        "accessDeniedException" | "AccessDeniedException" => "permission_error",
        "resourceNotFoundException" | "ResourceNotFoundException" => "not_found_error",
        "modelTimeoutException" | "ModelTimeoutException" => "timeout_error",
        _ => "api_error",
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_eventstream::frame::write_message_to;
    use aws_smithy_types::event_stream::Header;

    use super::*;

    fn frame(headers: &[(&'static str, &str)], payload: &str) -> Vec<u8> {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                Header::new(*name, HeaderValue::String((*value).to_owned().into()))
            })
            .collect();
        let message = Message::new_from_parts(headers, payload.to_owned());
        let mut bytes = Vec::new();
        write_message_to(&message, &mut bytes).unwrap();
        bytes
    }

    fn chunk(data: &Value) -> Vec<u8> {
        let payload = json!({"bytes": STANDARD.encode(data.to_string()), "p": "abc"});
        let headers = [(":event-type", "chunk"), (":message-type", "event")];
        frame(&headers, &payload.to_string())
    }

    fn converted(stream: &[u8], size: usize) -> (String, Result<(), Broken>) {
        let mut converter = ToSse::default();
        let mut out = VecDeque::new();
        let mut outcome = Ok(());
        for piece in stream.chunks(size) {
            outcome = outcome.and_then(|()| converter.push(piece, &mut out));
        }
        let outcome = outcome.and_then(|()| converter.finish());
        let text: Vec<u8> = out.into_iter().flatten().collect();
        (String::from_utf8(text).unwrap(), outcome)
    }

    #[test]
    fn chunks_become_the_events_inside_wherever_they_are_cut() {
        let start = json!({"type": "message_start", "message": {"id": "m"}});
        let stop = json!({"type": "message_stop", "amazon-bedrock-invocationMetrics": {"n": 1}});
        let stream = [chunk(&start), chunk(&stop)].concat();
        let expected =
            format!("event: message_start\ndata: {start}\n\nevent: message_stop\ndata: {stop}\n\n");
        for size in 1..=stream.len() {
            assert_eq!(converted(&stream, size), (expected.clone(), Ok(())));
        }
    }

    #[test]
    fn an_exception_is_one_error_and_the_end() {
        let headers = [
            (":exception-type", "throttlingException"),
            (":message-type", "exception"),
        ];
        let stream = [
            frame(&headers, r#"{"message":"slow down"}"#),
            chunk(&json!({"type": "message_stop"})),
        ]
        .concat();
        let (text, outcome) = converted(&stream, stream.len());
        assert_eq!(outcome, Ok(()));
        let data = text
            .strip_prefix("event: error\ndata: ")
            .unwrap()
            .trim_end();
        let value: Value = serde_json::from_str(data).unwrap();
        assert_eq!(value["type"], "error");
        assert_eq!(value["error"]["type"], "rate_limit_error");
        assert_eq!(value["error"]["message"], "throttlingException: slow down");
    }

    #[test]
    fn a_corrupt_or_short_stream_is_a_break_after_what_was_whole() {
        let good = chunk(&json!({"type": "ping"}));
        let mut bad = good.clone();
        *bad.last_mut().unwrap() ^= 1;
        let stream = [good.clone(), bad].concat();
        let (text, outcome) = converted(&stream, stream.len());
        assert!(text.starts_with("event: ping"));
        assert!(matches!(outcome, Err(Broken::Corrupt(_))), "{outcome:?}");
        let (_, outcome) = converted(&good[..good.len() - 1], 9);
        assert_eq!(outcome, Err(Broken::Short));
    }
}
