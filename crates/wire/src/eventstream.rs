//! Amazon's event stream to the server-sent events that are inside: frames come in, events of
//! Anthropic's API go out as soon as a frame is whole. The framing itself is the AWS crate's.

use std::collections::VecDeque;
use std::fmt;

use aws_smithy_eventstream::frame::read_message_from;
use aws_smithy_types::event_stream::{HeaderValue, Message};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf as _, Bytes, BytesMut};
use serde_json::{Value, json};

use crate::inband::of_word;

/// Largest frame that is accepted, in bytes; the protocol's own limit is 16 MiB.
const MAX_FRAME: usize = 24 * 1024 * 1024;
/// A frame begins with its length, that of its headers, and a checksum over the two.
const PRELUDE: usize = 12;

/// An event stream that cannot be read on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A frame's checksums, lengths or headers are wrong, or there is no event in it.
    #[error("a frame is corrupt: {0}")]
    Corrupt(String),
    /// It ended inside a frame.
    #[error("it ended inside a frame")]
    Short,
    /// A frame is larger than the protocol allows.
    #[error("a frame is over {MAX_FRAME} bytes")]
    Large,
}

/// An exception in a stream: the last that its service says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Its type in the service's own words.
    pub kind: String,
    /// What the service says of it.
    pub message: String,
}

impl Exception {
    /// The status that it stands for.
    #[must_use]
    pub fn status(&self) -> u16 {
        of_word(error_type(&self.kind)).unwrap_or(500)
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.message)
    }
}

/// The converter of one response.
#[derive(Debug, Default)]
pub struct ToSse {
    /// What has come of the next frame, from its first byte on.
    waiting: BytesMut,
    /// It has been passed on: nothing may follow it.
    exception: Option<Exception>,
}

impl ToSse {
    /// Takes the next bytes; each event that they complete goes to the end of `out`.
    ///
    /// # Errors
    /// When a frame is corrupt. What was whole before it is in `out`.
    pub fn push(&mut self, piece: &[u8], out: &mut VecDeque<Bytes>) -> Result<(), Broken> {
        if self.exception.is_some() {
            return Ok(());
        }
        self.waiting.extend_from_slice(piece);
        while let Some(message) = self.frame()? {
            self.message(&message, out)?;
            if self.exception.is_some() {
                self.waiting.clear();
                break;
            }
        }
        Ok(())
    }

    /// The next frame, once it is whole.
    fn frame(&mut self) -> Result<Option<Message>, Broken> {
        let Some((prelude, _)) = self.waiting.split_first_chunk::<PRELUDE>() else {
            return Ok(None);
        };
        let (lengths, mut checksum) = prelude.split_at(PRELUDE - size_of::<u32>());
        // Checked before the frame is whole: a length that is wrong would be waited for.
        if checksum.get_u32() != crc32fast::hash(lengths) {
            let what = "the checksum over a frame's lengths is wrong";
            return Err(Broken::Corrupt(what.to_owned()));
        }
        let length = usize::try_from((&mut &*lengths).get_u32()).unwrap_or(usize::MAX);
        if length > MAX_FRAME {
            return Err(Broken::Large);
        }
        if self.waiting.len() < length {
            return Ok(None);
        }
        let frame = self.waiting.split_to(length).freeze();
        let message =
            read_message_from(frame).map_err(|error| Broken::Corrupt(error.to_string()))?;
        match repeated(&message) {
            Some(name) => Err(Broken::Corrupt(format!("header `{name}` comes twice"))),
            None => Ok(Some(message)),
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

    /// The exception that was passed on, if one was.
    #[must_use]
    pub fn exception(&self) -> Option<&Exception> {
        self.exception.as_ref()
    }

    fn message(&mut self, message: &Message, out: &mut VecDeque<Bytes>) -> Result<(), Broken> {
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
            let told = header(":error-message");
            let exception = exception(kind, told, message.payload());
            out.push_back(error_event(&exception));
            self.exception = Some(exception);
            return Ok(());
        }
        let payload = message.payload();
        match header(":event-type").as_deref() {
            Some("chunk") => {
                let what = || Broken::Corrupt("a chunk holds no event".to_owned());
                out.push_back(unwrapped(payload).ok_or_else(what)?);
            }
            Some(other) => out.push_back(event(other, payload)),
            None => {}
        }
        Ok(())
    }
}

/// A header's name that is there more than once: it cannot be told which one counts.
fn repeated(message: &Message) -> Option<&str> {
    let names = || {
        message
            .headers()
            .iter()
            .map(|header| header.name().as_str())
    };
    let again = |(index, name): &(usize, &str)| names().take(*index).any(|one| one == *name);
    names().enumerate().find(again).map(|(_, name)| name)
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

/// What a frame says of an exception: in its body, or in a header.
fn exception(kind: String, told: Option<String>, payload: &[u8]) -> Exception {
    let value: Value = serde_json::from_slice(payload).unwrap_or_default();
    let own = ["message", "Message", "originalMessage"]
        .iter()
        .find_map(|name| value[*name].as_str());
    let message = own.map(str::to_owned).or(told);
    let raw = || String::from_utf8_lossy(payload).into_owned();
    Exception {
        kind,
        message: message.unwrap_or_else(raw),
    }
}

/// An exception as Anthropic's API words its errors.
fn error_event(exception: &Exception) -> Bytes {
    let data = json!({
        "type": "error",
        "error": {"type": error_type(&exception.kind), "message": exception.to_string()},
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
    use proptest::prelude::*;

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
        let stream = [good.clone(), good.clone()].concat();
        for cut in good.len() + 1..stream.len() {
            for size in [1, 5, stream.len()] {
                let (text, outcome) = converted(&stream[..cut], size);
                assert!(text.starts_with("event: ping"), "{cut}");
                assert_eq!(outcome, Err(Broken::Short), "{cut}");
            }
        }
    }

    #[test]
    fn a_wrong_length_is_a_break_before_that_much_has_come() {
        let good = chunk(&json!({"type": "ping"}));
        for bit in 0..8 * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            let (_, outcome) = converted(&bad[..PRELUDE], 1);
            assert!(matches!(outcome, Err(Broken::Corrupt(_))), "{outcome:?}");
        }
        let mut large = (25_u32 << 20).to_be_bytes().to_vec();
        large.extend(0_u32.to_be_bytes());
        large.extend(crc32fast::hash(&large).to_be_bytes());
        assert_eq!(converted(&large, 1).1, Err(Broken::Large));
    }

    #[test]
    fn what_cannot_be_understood_is_a_break() {
        let kind = (":event-type", "chunk");
        for (stream, why) in [
            (
                frame(&[kind, kind], "{}"),
                "header `:event-type` comes twice",
            ),
            (
                frame(&[("a", "1"), ("b", "2"), ("a", "3")], ""),
                "header `a` comes twice",
            ),
            (frame(&[kind], "{}"), "a chunk holds no event"),
            (frame(&[kind], r#"{"bytes":"?"}"#), "a chunk holds no event"),
            (frame(&[kind], r#"{"bytes":"e30"#), "a chunk holds no event"),
        ] {
            let broken = Err(Broken::Corrupt(why.to_owned()));
            assert_eq!(converted(&stream, 3), (String::new(), broken));
        }
        let other = frame(&[("b", "1"), ("a", "1")], "whatever");
        assert_eq!(converted(&other, 3), (String::new(), Ok(())));
    }

    proptest! {
        #[test]
        fn nothing_that_comes_makes_it_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            lengths in prop::option::of((0..320_u32, 0..320_u32)),
            size in 1..400_usize,
        ) {
            let mut stream = Vec::new();
            if let Some((all, headers)) = lengths {
                stream.extend(all.to_be_bytes());
                stream.extend(headers.to_be_bytes());
                stream.extend(crc32fast::hash(&stream).to_be_bytes());
            }
            stream.extend(bytes);
            let (text, outcome) = converted(&stream, size);
            prop_assert!(text.is_empty());
            prop_assert!(outcome.is_err() || stream.is_empty());
        }
    }
}
