//! Request bodies as an agent sends them: sessions that resend their history with something new
//! each turn, and unique ones as the hard case. It sends nothing.

use bytes::Bytes;
use http::HeaderValue;
use serde::Serialize;

use crate::text::{Random, fill};

/// What an agent's turn adds, in bytes; small sessions add an eighth of their size.
const STEP: usize = 2048;
/// The most that system prompt and tools take; small bodies give them a third.
const SYSTEM: usize = 40 * 1024;
const CACHED: &[u8] = b",\"cache_control\":{\"type\":\"ephemeral\"}";

/// How bodies follow each other on one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bodies {
    /// Sessions between two and four thirds of the size, each turn with the whole history.
    Growing,
    /// No two share more than their first few bytes.
    Unique,
}

/// One request: its body in pieces, so that a long history is not copied for each turn.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) body: [Bytes; 3],
    pub(crate) session: HeaderValue,
}

impl Turn {
    /// Bytes of the body.
    pub(crate) fn len(&self) -> usize {
        self.body.iter().map(Bytes::len).sum()
    }
}

/// Writes one connection's requests, going on where it stopped.
#[derive(Debug)]
pub(crate) struct Author {
    random: Random,
    bodies: Bodies,
    size: usize,
    is_stream: bool,
    session: Option<Session>,
}

impl Author {
    /// An author of bodies of about `size` bytes; `is_stream` is what they ask for.
    pub(crate) fn new(bodies: Bodies, size: usize, is_stream: bool, seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            bodies,
            size,
            is_stream,
            session: None,
        }
    }

    /// The next requests.
    pub(crate) fn turns(&mut self, count: usize) -> Vec<Turn> {
        (0..count).map(|_| self.turn()).collect()
    }

    fn turn(&mut self) -> Turn {
        if self.bodies == Bodies::Unique {
            return self.unique();
        }
        if let Some(turn) = self.session.as_mut().and_then(Session::next) {
            return turn;
        }
        let is_first = self.session.is_none();
        let mut session = Session::write(&mut self.random, self.size, self.is_stream);
        if is_first {
            // So that the sessions of several connections do not all begin at once.
            session.at = self.random.below(session.cuts.len());
        }
        let turn = session.next().expect("a new session has at least one turn");
        self.session = Some(session);
        turn
    }

    fn unique(&mut self) -> Turn {
        let id = self.random.uuid();
        let share = (self.size / 3).min(SYSTEM);
        let mut shared = Random::new(self.random.next());
        let tail = tail(&mut shared, share, &id, self.is_stream);
        let mut head = HEAD.to_vec();
        head.extend_from_slice(b"{\"role\":\"user\",\"content\":\"");
        let rest = self.size.saturating_sub(head.len() + tail.len() + 2);
        fill(&mut head, &mut self.random, rest.max(32));
        head.extend_from_slice(b"\"}");
        Turn {
            body: [head.into(), Bytes::new(), tail.into()],
            session: header(&id),
        }
    }
}

#[derive(Debug)]
struct Session {
    id: HeaderValue,
    history: Bytes,
    cuts: Vec<Cut>,
    tail: Bytes,
    at: usize,
}

/// Where a turn's history ends, and its last message: the one that is marked for caching, a mark
/// that moves on with each turn.
#[derive(Debug)]
struct Cut {
    history: usize,
    last: Bytes,
}

impl Session {
    fn write(random: &mut Random, size: usize, is_stream: bool) -> Self {
        let id = random.uuid();
        // All sessions have the same tools and, but for a line, the same system prompt.
        let tail = tail(&mut Random::new(7), (size / 3).min(SYSTEM), &id, is_stream);
        let (begin, end) = (size * 2 / 3, size * 4 / 3);
        let step = STEP.min(size / 8).max(64);
        let mut history = HEAD.to_vec();
        let mut cuts = Vec::new();
        loop {
            let call = random.hex(24);
            if history.len() > HEAD.len() {
                history.push(b',');
                assistant(&mut history, random, step, &call);
                history.push(b',');
            }
            let at = history.len();
            user(&mut history, random, step, &call);
            let plain = history.get(at..).unwrap_or_default();
            let last = cached(plain);
            let total = at + last.len() + tail.len();
            if total >= begin {
                cuts.push(Cut { history: at, last });
            }
            if total >= end {
                break;
            }
        }
        Self {
            id: header(&id),
            history: history.into(),
            cuts,
            tail: tail.into(),
            at: 0,
        }
    }

    fn next(&mut self) -> Option<Turn> {
        let cut = self.cuts.get(self.at)?;
        self.at += 1;
        let history = self.history.slice(..cut.history);
        Some(Turn {
            body: [history, cut.last.clone(), self.tail.clone()],
            session: self.id.clone(),
        })
    }
}

const HEAD: &[u8] = b"{\"model\":\"claude-opus-4-8\",\"messages\":[";
const CLOSE: &[u8] = b"}]}";

fn assistant(out: &mut Vec<u8>, random: &mut Random, step: usize, call: &str) {
    out.extend_from_slice(b"{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"");
    fill(out, random, step / 8);
    if step == STEP {
        out.extend_from_slice(
            format!("\"}},{{\"type\":\"tool_use\",\"id\":\"toolu_01{call}\",\"name\":\"Read\",\"input\":{{\"file_path\":\"/home/dev/project/src/{}.rs\"}}", &random.hex(8)).as_bytes(),
        );
    } else {
        out.push(b'"');
    }
    out.extend_from_slice(CLOSE);
}

fn user(out: &mut Vec<u8>, random: &mut Random, step: usize, call: &str) {
    out.extend_from_slice(b"{\"role\":\"user\",\"content\":[{");
    if step == STEP {
        out.extend_from_slice(
            format!("\"tool_use_id\":\"toolu_01{call}\",\"type\":\"tool_result\",\"content\":\"")
                .as_bytes(),
        );
        fill(out, random, step * 5 / 8);
    } else {
        out.extend_from_slice(b"\"type\":\"text\",\"text\":\"");
        fill(out, random, step / 8);
    }
    out.push(b'"');
    out.extend_from_slice(CLOSE);
}

/// A user message with the caching mark on its block.
fn cached(message: &[u8]) -> Bytes {
    let body = message.strip_suffix(CLOSE).unwrap_or(message);
    [body, CACHED, CLOSE].concat().into()
}

fn header(id: &str) -> HeaderValue {
    HeaderValue::from_str(id).expect("a UUID is a valid header value")
}

/// All that follows the messages, as long as `share` if that is enough for the fixed parts.
fn tail(random: &mut Random, share: usize, id: &str, is_stream: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(share + 1024);
    let suffix = id.get(..3).unwrap_or("0a8");
    out.extend_from_slice(
        format!(
            "],\"system\":[{{\"type\":\"text\",\"text\":\"x-anthropic-billing-header: \
             cc_version=2.1.329.{suffix}; cc_entrypoint=cli;\"}},{{\"type\":\"text\",\"text\":\""
        )
        .as_bytes(),
    );
    fill(&mut out, random, share.saturating_sub(600) / 2);
    out.extend_from_slice(b"\",\"cache_control\":{\"type\":\"ephemeral\"}}],\"tools\":[");
    let tools = share.saturating_sub(600) / 2 / 1600;
    for at in 0..tools {
        out.extend_from_slice(if at > 0 { b"," } else { b"" });
        tool(&mut out, random, at);
    }
    out.extend_from_slice(
        format!(
            "],\"metadata\":{{\"user_id\":\"{{\\\"device_id\\\":\\\"{device}\\\",\
             \\\"session_id\\\":\\\"{id}\\\"}}\"}},\"max_tokens\":32000,\"thinking\":\
             {{\"type\":\"adaptive\",\"display\":\"omitted\"}},\"stream\":{is_stream}}}",
            device = Random::new(3).hex(32),
        )
        .as_bytes(),
    );
    out
}

fn tool(out: &mut Vec<u8>, random: &mut Random, at: usize) {
    out.extend_from_slice(format!("{{\"name\":\"Tool{at}\",\"description\":\"").as_bytes());
    fill(out, random, 1300);
    out.extend_from_slice(
        b"\",\"input_schema\":{\"type\":\"object\",\"properties\":{\"file_path\":{\"type\":\
          \"string\",\"description\":\"The path\"},\"limit\":{\"type\":\"integer\"}},\"required\":\
          [\"file_path\"],\"additionalProperties\":false}}",
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(turn: &Turn) -> Vec<u8> {
        turn.body.concat()
    }

    #[test]
    fn every_body_is_json_near_its_size() {
        for size in [1 << 10, 1 << 16, 1 << 20] {
            for bodies in [Bodies::Growing, Bodies::Unique] {
                let turns = Author::new(bodies, size, true, 1).turns(60);
                let mean = turns.iter().map(Turn::len).sum::<usize>() / turns.len();
                assert!(
                    mean > size * 2 / 3 && mean < size * 3 / 2,
                    "{bodies:?} {size}: {mean}"
                );
                let read: serde_json::Value = serde_json::from_slice(&text(&turns[0])).unwrap();
                assert_eq!(read["stream"], true);
                assert!(
                    read["messages"]
                        .as_array()
                        .is_some_and(|all| !all.is_empty())
                );
            }
        }
    }

    #[test]
    fn a_turn_resends_the_history_of_the_last_and_adds_about_2_kb() {
        let turns = Author::new(Bodies::Growing, 1 << 20, true, 1).turns(400);
        let mut restarts = 0;
        for pair in turns.windows(2) {
            let [old, new] = pair else { continue };
            if old.session != new.session {
                restarts += 1;
                continue;
            }
            let added = new.len() - old.len();
            assert!((1500..3000).contains(&added), "{added}");
            assert!(new.body[0].starts_with(&old.body[0]));
            assert_eq!(new.body[2], old.body[2]);
        }
        assert!(restarts <= 2, "{restarts}");
    }

    #[test]
    fn unique_bodies_share_only_their_first_bytes() {
        let turns = Author::new(Bodies::Unique, 1 << 16, false, 1).turns(2);
        let (one, two) = (text(&turns[0]), text(&turns[1]));
        let same = one.iter().zip(&two).take_while(|(a, b)| a == b).count();
        assert!(same < 120, "{same}");
    }
}
