//! A client that shows every byte it gets: requests are written raw, replies read raw.

use std::fmt::Write as _;
use std::io;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use weir_mock::{Mock, MockConfig};

pub(crate) async fn mock() -> Mock {
    weir_mock::serve(MockConfig::default()).await.unwrap()
}

/// A reply as it came over the wire.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) head: String,
    /// The chunks of a chunked body, or the body in one piece.
    pub(crate) chunks: Vec<Vec<u8>>,
    /// Whether the body ended as its framing says it should.
    pub(crate) is_whole: bool,
    pub(crate) error: Option<io::ErrorKind>,
}

impl Reply {
    pub(crate) fn status(&self) -> u16 {
        self.head
            .split(' ')
            .nth(1)
            .and_then(|word| word.parse().ok())
            .unwrap_or(0)
    }

    pub(crate) fn header(&self, wanted: &str) -> Option<&str> {
        let fields = self
            .head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "));
        fields
            .filter(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value)
            .next()
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        self.chunks.concat()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body()).unwrap()
    }

    fn parse(raw: &[u8], error: Option<io::ErrorKind>) -> Self {
        let end = raw.windows(4).position(|window| window == b"\r\n\r\n");
        let (head, mut rest) = end.map_or((raw, &[][..]), |at| (&raw[..at], &raw[at + 4..]));
        let head = String::from_utf8(head.to_vec()).unwrap();
        let mut reply = Self {
            head,
            chunks: Vec::new(),
            is_whole: false,
            error,
        };
        if reply.header("transfer-encoding") != Some("chunked") {
            let length = reply
                .header("content-length")
                .map(|text| text.parse().unwrap());
            reply.is_whole = length.is_none_or(|length: usize| length == rest.len());
            reply.chunks.push(rest.to_vec());
            return reply;
        }
        while let Some(at) = rest.iter().position(|&byte| byte == b'\n') {
            let size = std::str::from_utf8(&rest[..at]).unwrap().trim();
            let size = usize::from_str_radix(size, 16).unwrap();
            rest = &rest[at + 1..];
            if size == 0 {
                reply.is_whole = rest.ends_with(b"\r\n");
                break;
            }
            reply.chunks.push(rest[..size.min(rest.len())].to_vec());
            rest = rest.get(size + 2..).unwrap_or_default();
        }
        reply
    }
}

/// One request, written as given; `Connection: close` lets the reply be read to its end.
pub(crate) async fn raw(mock: &Mock, request: &[u8]) -> Reply {
    let mut stream = TcpStream::connect(mock.addr).await.unwrap();
    stream.write_all(request).await.unwrap();
    read_to_end(&mut stream).await
}

pub(crate) async fn read_to_end(stream: &mut TcpStream) -> Reply {
    let mut got = Vec::new();
    let mut piece = vec![0; 1 << 16];
    let error = loop {
        match stream.read(&mut piece).await {
            Ok(0) => break None,
            Ok(size) => got.extend_from_slice(&piece[..size]),
            Err(error) => break Some(error.kind()),
        }
    };
    Reply::parse(&got, error)
}

/// Reads until what has come contains `wanted`.
pub(crate) async fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut got = String::new();
    while !got.contains(wanted) {
        let mut piece = vec![0; 4096];
        let size = stream.read(&mut piece).await.unwrap();
        assert_ne!(
            size, 0,
            "the mock closed before {wanted:?} came; so far: {got}"
        );
        got.push_str(std::str::from_utf8(&piece[..size]).unwrap());
    }
    got
}

pub(crate) fn post(target: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut head = format!("POST {target} HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n");
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    write!(head, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    head.into_bytes()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    Anthropic,
    Chat,
    Responses,
    Gemini,
}

pub(crate) const APIS: [Api; 4] = [Api::Anthropic, Api::Chat, Api::Responses, Api::Gemini];

impl Api {
    pub(crate) fn target(self, stream: bool) -> &'static str {
        match (self, stream) {
            (Self::Anthropic, _) => "/v1/messages?beta=true",
            (Self::Chat, _) => "/v1/chat/completions",
            (Self::Responses, _) => "/v1/responses",
            (Self::Gemini, true) => "/v1beta/models/gemini-x:streamGenerateContent?alt=sse",
            (Self::Gemini, false) => "/v1beta/models/gemini-x:generateContent",
        }
    }

    pub(crate) fn body(self, prompt: &str, stream: bool) -> Value {
        let messages = json!([{"role": "user", "content": prompt}]);
        match self {
            Self::Anthropic => {
                json!({"model": "m", "max_tokens": 9, "messages": messages, "stream": stream})
            }
            Self::Chat => json!({"model": "m", "messages": messages, "stream": stream,
                "stream_options": {"include_usage": true}}),
            Self::Responses => json!({"model": "m", "input": prompt, "stream": stream}),
            Self::Gemini => json!({"contents": [{"role": "user", "parts": [{"text": prompt}]}]}),
        }
    }
}

/// Asks for one turn with the scenario in the header.
pub(crate) async fn ask(mock: &Mock, api: Api, scenario: &str, stream: bool) -> Reply {
    let body = api.body("hi", stream).to_string();
    let headers = [("x-mock-scenario", scenario)];
    raw(mock, &post(api.target(stream), &headers, &body)).await
}

/// Asks with a body of one's own and no scenario header.
pub(crate) async fn tell(mock: &Mock, target: &str, body: &Value) -> Reply {
    raw(mock, &post(target, &[], &body.to_string())).await
}

/// The events of a stream: name and data, by a plain reading of the SSE standard.
pub(crate) fn events(body: &[u8]) -> Vec<(Option<String>, String)> {
    let text = std::str::from_utf8(body).unwrap().replace("\r\n", "\n");
    let mut events = Vec::new();
    let (mut name, mut data) = (None, Vec::new());
    for line in text.split('\n') {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => name = Some(value.to_owned()),
            "data" => data.push(value),
            "" if line.is_empty() => {
                if !data.is_empty() {
                    events.push((name.take(), data.join("\n")));
                }
                name = None;
                data.clear();
            }
            _ => {}
        }
    }
    events
}
