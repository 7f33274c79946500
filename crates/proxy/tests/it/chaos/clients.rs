//! Many clients at once, and what each of them saw. It judges nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::JoinSet;

use super::AT_ONCE;
use crate::net::{Answer, Wire, post, text};

/// Conversations that the requests belong to, so that some of them have a home.
const CONVERSATIONS: usize = 97;

/// What a request is: half of them are streamed, a third speaks OpenAI's dialect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) openai: bool,
    pub(super) stream: bool,
}

impl Kind {
    pub(super) fn of(number: usize) -> Self {
        Self {
            openai: number % 3 == 2,
            stream: (number / 3).is_multiple_of(2),
        }
    }
}

/// What one client saw.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) status: u16,
    /// Whether the body came to its proper end on the wire.
    pub(super) whole: bool,
    /// Whether it says all that a good answer says, to its last event.
    pub(super) complete: bool,
    /// Whether it is an error as the dialect has it.
    pub(super) error: bool,
    /// Who answered, as the gateway tells.
    pub(super) provider: Option<String>,
}

impl Seen {
    fn of(number: usize, answer: &Answer) -> Self {
        let kind = Kind::of(number);
        let body = text(&answer.body);
        let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let complete = match (kind.stream, kind.openai) {
            (true, false) => last_event(&body)["type"] == "message_stop" && body.ends_with("\n\n"),
            (true, true) => body.ends_with("data: [DONE]\n\n"),
            (false, false) => json["content"].is_array() && json["usage"].is_object(),
            (false, true) => json["choices"].is_array() && json["usage"].is_object(),
        };
        Self {
            id: id(number),
            kind,
            status: answer.status,
            whole: answer.whole,
            complete,
            error: json["error"]["message"].is_string(),
            provider: answer.header("x-cc-relay-provider").map(str::to_owned),
        }
    }
}

fn last_event(body: &str) -> serde_json::Value {
    let last = body.trim_end().rsplit("data: ").next();
    serde_json::from_str(last.unwrap_or_default()).unwrap_or_default()
}

fn id(number: usize) -> String {
    format!("chaos-{number:06}")
}

pub(super) fn request(number: usize) -> Vec<u8> {
    let Kind { openai, stream } = Kind::of(number);
    let (path, model) = if openai {
        ("/v1/chat/completions", "gpt-5.2")
    } else {
        ("/v1/messages", "claude-sonnet-4-5")
    };
    let prompt = format!("conversation {}", number % CONVERSATIONS);
    let body = serde_json::json!({
        "model": model,
        "max_tokens": 64,
        "stream": stream,
        "messages": [{"role": "user", "content": prompt}],
    });
    let id = format!("x-mock-id: {}", id(number));
    let headers = ["content-type: application/json", &id];
    post(path, &headers, body.to_string().as_bytes())
}

/// Sends request `number`, on the connection that the last one left behind if it is good.
pub(super) async fn send(addr: SocketAddr, kept: &mut Option<Wire>, number: usize) -> Seen {
    let mut wire = match kept.take() {
        Some(wire) => wire,
        None => Wire::connect(addr).await,
    };
    wire.send(&request(number)).await;
    let answer = wire.answer().await;
    let closes = answer.header("connection") == Some("close");
    if answer.whole && !closes {
        *kept = Some(wire);
    }
    Seen::of(number, &answer)
}

/// Sends `count` requests, so many at once.
pub(super) async fn run(addr: SocketAddr, count: usize) -> Vec<Seen> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..AT_ONCE {
        let next = Arc::clone(&next);
        clients.spawn(async move {
            let (mut kept, mut seen) = (None, Vec::new());
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return seen;
                }
                seen.push(send(addr, &mut kept, number).await);
            }
        });
    }
    clients.join_all().await.into_iter().flatten().collect()
}
