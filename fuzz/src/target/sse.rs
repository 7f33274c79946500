//! Server-sent events: the splitter, and events that are parsed and written.

use weir_wire::sse::{Event, Extras, Splitter, SseEvent};

use super::super::input::{Input, cut};

/// Type, data, id, retry, end.
type Seen = (Vec<u8>, Vec<u8>, Option<Vec<u8>>, Option<u64>, u64);

/// Cuts make no difference, the standard says the same, and what is written is read again.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (seed, limit) = (input.byte(), input.below(3));
    let stream = input.rest();
    let limit = [usize::MAX, 64, 0][limit];
    let whole = split(&[stream], limit);
    assert_eq!(whole, split(&cut(stream, seed), limit));
    let ends: Vec<u64> = whole.0.iter().map(|seen| seen.4).collect();
    assert!(ends.is_sorted() && ends.last().is_none_or(|end| *end <= stream.len() as u64));
    if limit == usize::MAX {
        let plain = whole
            .0
            .into_iter()
            .map(|(name, data, id, retry, _)| (name, data, id, retry));
        assert_eq!(plain.collect::<Vec<_>>(), by_the_standard(stream));
    }
    let events = SseEvent::parse(stream);
    let mut written = Vec::new();
    for event in &events {
        event.write(&mut written);
    }
    assert_eq!(SseEvent::parse(&written), events);
}

fn split(pieces: &[&[u8]], limit: usize) -> (Vec<Seen>, u64) {
    let mut splitter = Splitter::with_max_event(limit);
    let mut seen = Vec::new();
    let mut each = |event: Event<'_>, extras: Extras<'_>| {
        assert!(event.data.len() <= limit.max(16));
        seen.push((
            event.name.to_vec(),
            event.data.to_vec(),
            extras.id.map(<[u8]>::to_vec),
            extras.retry,
            event.end,
        ));
    };
    for piece in pieces {
        splitter.push_with(piece, &mut each);
    }
    splitter.finish_with(&mut each);
    (seen, splitter.skipped())
}

type Plain = (Vec<u8>, Vec<u8>, Option<Vec<u8>>, Option<u64>);

/// The standard's words, line by line, without any thought for cost.
fn by_the_standard(stream: &[u8]) -> Vec<Plain> {
    let stream = stream.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(stream);
    let (mut lines, mut line, mut bytes) = (Vec::new(), Vec::new(), stream.iter().peekable());
    while let Some(byte) = bytes.next() {
        match byte {
            b'\r' | b'\n' => {
                if *byte == b'\r' {
                    bytes.next_if_eq(&&b'\n');
                }
                lines.push(std::mem::take(&mut line));
            }
            byte => line.push(*byte),
        }
    }
    // What it breaks off in counts.
    lines.push(line);
    lines.push(Vec::new());
    let mut events = Vec::new();
    let (mut name, mut data, mut id, mut retry) = (Vec::new(), Vec::new(), None, None);
    for line in lines {
        if line.is_empty() {
            if !data.is_empty() {
                events.push((name, data.join(&b'\n'), id, retry));
            }
            (name, data, id, retry) = (Vec::new(), Vec::new(), None, None);
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (field, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value).to_vec();
        match field {
            b"event" => name = value,
            b"data" => data.push(value),
            b"id" if !value.contains(&0) => id = Some(value),
            b"retry" if value.iter().all(u8::is_ascii_digit) => {
                let number = String::from_utf8_lossy(&value).parse();
                retry = number.ok().or(retry);
            }
            _ => {}
        }
    }
    events
}
