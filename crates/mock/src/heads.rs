//! Cuts the request heads out of the bytes an HTTP/1.1 client sends, so that header order and
//! spelling are known exactly. It checks nothing: hyper parses the same bytes and decides.

use std::collections::VecDeque;

use bytes::Bytes;

/// Past this a head is given up and the recording falls back to what hyper parsed.
const MAX_HEAD_BYTES: usize = 1 << 20;

/// A parsed request head, every part as it was on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) raw: Bytes,
}

#[derive(Debug)]
enum State {
    Head(Vec<u8>),
    Body(u64),
    ChunkSize(Vec<u8>),
    Chunk(u64),
    Trailers(Vec<u8>),
    Lost,
}

/// Follows one connection's bytes and keeps each head until it is taken.
#[derive(Debug)]
pub(crate) struct Splitter {
    state: State,
    heads: VecDeque<Bytes>,
}

impl Splitter {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Head(Vec::new()),
            heads: VecDeque::new(),
        }
    }

    /// The oldest head that has not been taken.
    pub(crate) fn take(&mut self) -> Option<Head> {
        self.heads.pop_front().map(parse)
    }

    /// Follows the next bytes read from the socket.
    pub(crate) fn feed(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            let used = self.step(data);
            data = data.get(used..).unwrap_or_default();
        }
    }

    fn step(&mut self, data: &[u8]) -> usize {
        match &mut self.state {
            State::Head(partial) => {
                let used = take_line(partial, data);
                self.after_head_line();
                used
            }
            State::Body(left) | State::Chunk(left) => {
                let used = data.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= used as u64;
                self.after_data();
                used
            }
            State::ChunkSize(line) => {
                let used = take_line(line, data);
                if line.ends_with(b"\n") {
                    self.state = chunk_state(line);
                }
                used
            }
            State::Trailers(line) => {
                let used = take_line(line, data);
                if line == b"\r\n" || line == b"\n" {
                    self.state = State::Head(Vec::new());
                } else if line.ends_with(b"\n") {
                    line.clear();
                }
                used
            }
            State::Lost => data.len(),
        }
    }

    fn after_head_line(&mut self) {
        let State::Head(partial) = &mut self.state else {
            return;
        };
        if partial == b"\r\n" || partial == b"\n" {
            partial.clear(); // an empty line before the request line is allowed
        } else if partial.ends_with(b"\n\r\n") || partial.ends_with(b"\n\n") {
            let raw = Bytes::from(std::mem::take(partial));
            self.state = body_state(&raw);
            self.heads.push_back(raw);
        } else if partial.len() > MAX_HEAD_BYTES {
            self.state = State::Lost;
        }
    }

    fn after_data(&mut self) {
        match self.state {
            State::Body(0) => self.state = State::Head(Vec::new()),
            State::Chunk(0) => self.state = State::ChunkSize(Vec::new()),
            _ => {}
        }
    }
}

/// Moves bytes up to and with the next newline; returns how many.
fn take_line(line: &mut Vec<u8>, data: &[u8]) -> usize {
    let used = data
        .iter()
        .position(|&byte| byte == b'\n')
        .map_or(data.len(), |at| at + 1);
    line.extend_from_slice(data.get(..used).unwrap_or_default());
    used
}

fn chunk_state(line: &[u8]) -> State {
    let text = String::from_utf8_lossy(line);
    let digits = text.split(';').next().unwrap_or_default().trim();
    match u64::from_str_radix(digits, 16) {
        Ok(0) => State::Trailers(Vec::new()),
        Ok(size) => State::Chunk(size.saturating_add(2)), // the data and its CRLF
        Err(_) => State::Lost,
    }
}

fn body_state(raw: &Bytes) -> State {
    let head = parse(raw.clone());
    let find = |name: &str| {
        head.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    };
    if find("transfer-encoding").is_some_and(|value| value.to_lowercase().contains("chunked")) {
        return State::ChunkSize(Vec::new());
    }
    match find("content-length").and_then(|value| value.trim().parse().ok()) {
        None | Some(0) => State::Head(Vec::new()),
        Some(length) => State::Body(length),
    }
}

fn parse(raw: Bytes) -> Head {
    let text = String::from_utf8_lossy(&raw).into_owned();
    let mut lines = text
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line));
    let mut first = lines.next().unwrap_or_default().split(' ');
    let method = first.next().unwrap_or_default().to_owned();
    let target = first.next().unwrap_or_default().to_owned();
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim_matches([' ', '\t']).to_owned()))
        .collect();
    Head {
        method,
        target,
        headers,
        raw,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &[u8] = b"\r\nPOST /a?b=%20 HTTP/1.1\r\nX-First: 1\r\nhost:h\r\ncontent-LENGTH: 5\r\n\r\n\
        a\n\r\n\nGET /z HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nt: 1\r\n\r\n\
        PUT / HTTP/1.1\r\n\r\n";

    fn targets(step: usize) -> Vec<(String, Vec<(String, String)>)> {
        let mut splitter = Splitter::new();
        for piece in TWO.chunks(step) {
            splitter.feed(piece);
        }
        std::iter::from_fn(|| splitter.take())
            .map(|head| (head.target, head.headers))
            .collect()
    }

    #[test]
    fn heads_are_found_at_any_split_with_their_order_and_spelling() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = vec![
            (
                "/a?b=%20".to_owned(),
                vec![
                    pair("X-First", "1"),
                    pair("host", "h"),
                    pair("content-LENGTH", "5"),
                ],
            ),
            ("/z".to_owned(), vec![pair("Transfer-Encoding", "chunked")]),
            ("/".to_owned(), vec![]),
        ];
        for step in 1..TWO.len() {
            assert_eq!(targets(step), expected, "pieces of {step} bytes");
        }
    }

    #[test]
    fn an_endless_head_is_given_up() {
        let mut splitter = Splitter::new();
        for _ in 0..3 {
            splitter.feed(&vec![b'a'; MAX_HEAD_BYTES]);
            splitter.feed(b"\r\n");
        }
        assert!(matches!(splitter.state, State::Lost));
        assert!(splitter.take().is_none());
    }
}
