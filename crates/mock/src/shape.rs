//! Gives a stream its form on the wire: framing, odd but legal SSE, pings, breaks, pauses, content
//! coding, and where writes are cut.

use std::collections::VecDeque;
use std::io;

use bytes::Bytes;
use weir_wire::dialect::Dialect;

use crate::ask::Ask;
use crate::breaks::{Break, Ending, cut, error_event};
use crate::coding::encoded;
use crate::frames;
use crate::headers::{Fields, replace};
use crate::scenario::Scenario;
use crate::script::{Cut, Framing, Raw, Split, Step};
use crate::service::Host;
use crate::speak::Event;

/// Builds the reply to a streamed request.
pub(crate) fn stream(
    scenario: &Scenario,
    ask: &Ask,
    mut events: Vec<Event>,
    headers: Fields,
) -> io::Result<Raw> {
    let breaks = Break::of(scenario, ask, &events);
    if breaks.after < events.len() {
        events.truncate(breaks.after);
    }
    if let Ending::Error = breaks.ending {
        events.push(error_event(scenario, ask, &events, &headers));
    }
    let mut pieces = framed(scenario, ask, &events)?;
    if let (Ending::InLine, Some(last)) = (&breaks.ending, pieces.last_mut()) {
        last.truncate(last.len() / 2);
    }
    if let Some(piece) = breaks.spoilt.and_then(|at| pieces.get_mut(at)) {
        *piece = spoilt(piece, ask.service.host);
    }
    let mut reply = body(
        scenario,
        Raw {
            headers,
            fault: breaks.fault,
            ..Raw::new(200)
        },
        pieces,
    )?;
    match breaks.ending {
        Ending::Proper | Ending::Error => {}
        Ending::Silence => reply = reply.hang(),
        Ending::Cut(cut) => reply = reply.cut(cut),
        Ending::InLine => reply = reply.cut(Cut::Fin),
    }
    Ok(reply)
}

/// Builds the reply to a request for one body.
pub(crate) fn whole(
    scenario: &Scenario,
    status: u16,
    body: impl Into<Bytes>,
    headers: Fields,
) -> io::Result<Raw> {
    let body: Bytes = body.into();
    let mut reply = self::body(
        scenario,
        Raw {
            headers,
            ..Raw::new(status)
        },
        vec![body],
    )?;
    match scenario.name.as_str() {
        "silent" => {
            reply.steps.clear();
            reply = reply.hang();
            reply.fault = Some("silent");
        }
        "drop" if scenario.get("mode") != Some("end") => {
            if let Some(Step::Bytes(body)) = reply.steps.pop_front() {
                reply = reply.piece(body.slice(..body.len() / 2));
            }
            reply = reply.cut(cut(scenario).unwrap_or(Cut::Fin));
        }
        _ => {}
    }
    let length: usize = reply.steps.iter().map(Step::len).sum();
    if reply.framing == Framing::Auto && reply.cut.is_none() && scenario.name != "silent" {
        reply = reply.header("Content-Length", &length.to_string());
    }
    Ok(reply)
}

/// Coding, pauses and cuts, which streams and whole bodies have in common.
fn body(scenario: &Scenario, mut reply: Raw, pieces: Vec<Bytes>) -> io::Result<Raw> {
    let coding = match scenario.name.as_str() {
        name @ ("gzip" | "br" | "zstd" | "deflate") => Some(name),
        _ => scenario.get("encoding"),
    };
    let pieces = match coding {
        Some(coding) => {
            reply = reply.header("Content-Encoding", coding);
            encoded(coding, &pieces)?
        }
        None => pieces,
    };
    let slow = scenario.name == "slow";
    let gap = scenario.time("gap", if slow { 100 } else { 0 });
    let delay = scenario.time("delay", if slow { 1000 } else { 0 });
    if !delay.is_zero() {
        reply.before_head.push(Step::Sleep(delay));
    }
    let mut steps = VecDeque::new();
    for (number, piece) in pieces.into_iter().enumerate() {
        if number > 0 && !gap.is_zero() {
            steps.push_back(Step::Sleep(gap));
        }
        steps.push_back(Step::Bytes(piece));
    }
    reply.steps = steps;
    reply.split = split(scenario);
    if scenario.name == "close" || scenario.is_on("close") {
        reply = reply.close_delimited();
        reply
            .headers
            .retain(|(name, _)| !name.eq_ignore_ascii_case("connection"));
        if scenario.get("version") == Some("1.0") {
            reply.version = "HTTP/1.0";
        }
    }
    for (key, value) in scenario.all_settings() {
        if let Some(name) = key.strip_prefix("header.") {
            replace(&mut reply.headers, name, value);
        }
    }
    Ok(reply)
}

/// The same event broken: a frame with one bit turned over, or JSON without its last brace.
fn spoilt(piece: &[u8], host: Host) -> Bytes {
    let mut bytes = piece.to_vec();
    let middle = bytes.len() / 2;
    if host == Host::Bedrock {
        if let Some(byte) = bytes.get_mut(middle) {
            *byte ^= 1;
        }
    } else if let Some(at) = bytes.iter().rposition(|byte| *byte == b'}') {
        bytes.remove(at);
    }
    bytes.into()
}

fn framed(scenario: &Scenario, ask: &Ask, events: &[Event]) -> io::Result<Vec<Bytes>> {
    if ask.service.host == Host::Bedrock {
        return events.iter().map(frames::frame).collect();
    }
    if ask.as_array {
        return Ok(array(events));
    }
    let is_odd = scenario.name == "odd" || scenario.is_on("odd");
    let eol = if ask.service.dialect == Dialect::Gemini || scenario.is_on("crlf") {
        "\r\n"
    } else {
        "\n"
    };
    let pings = scenario
        .size("pings", usize::from(scenario.name == "pings"))
        .min(1000);
    let ping = match ask.service.dialect {
        Dialect::AnthropicMessages => {
            format!("event: ping{eol}data: {{\"type\": \"ping\"}}{eol}{eol}")
        }
        Dialect::OpenaiChat | Dialect::OpenaiResponses => format!(": keep-alive{eol}{eol}"),
        Dialect::Gemini => String::new(), // its clients break on anything but data
    };
    let mut pieces = Vec::new();
    if scenario.is_on("ping") && !ping.is_empty() {
        let count = scenario.size("ping", 1).min(1000);
        pieces.extend(std::iter::repeat_n(Bytes::from(ping.clone()), count));
    }
    for (number, event) in events.iter().enumerate() {
        pieces.push(
            if is_odd {
                odd(event, number)
            } else {
                plain(event, eol)
            }
            .into(),
        );
        if event.is_delta && !ping.is_empty() {
            pieces.extend(std::iter::repeat_n(Bytes::from(ping.clone()), pings));
        }
    }
    Ok(pieces)
}

fn plain(event: &Event, eol: &str) -> String {
    let mut text = String::with_capacity(event.data.len() + 64);
    if let Some(name) = &event.name {
        text.extend(["event: ", name, eol]);
    }
    text.extend(["data: ", &event.data, eol, eol]);
    text
}

/// The same event in one of the spellings that the SSE standard allows.
fn odd(event: &Event, number: usize) -> String {
    let name = event
        .name
        .as_ref()
        .map(|name| format!("event: {name}\n"))
        .unwrap_or_default();
    let data = &event.data;
    match number % 8 {
        0 => format!(": a comment\n\n{name}data: {data}\n\n"),
        1 => format!("id: {number}\n{name}data: {data}\n\n"),
        2 => format!("retry: 3000\n{name}data: {data}\n\n\n\n"),
        3 => format!("{}data: {data}\r\n\r\n", name.replace('\n', "\r\n")),
        4 => format!("{}data:{data}\n\n", name.replace(": ", ":")),
        5 => format!("data: {data}\n{name}id\n:\n\n"),
        6 => format!("unknown: field\n{name}data: {data}\n\n"),
        _ => match data.split_once(',') {
            // A data line may be continued; a newline is as good as a blank between JSON members.
            Some((one, two)) if one.matches('"').count() % 2 == 0 => {
                format!("{name}data: {one},\ndata: {two}\n\n")
            }
            _ => format!("{name}data: {data}\n\n"),
        },
    }
}

/// Gemini without `alt=sse`: one JSON array, an element at a time.
fn array(events: &[Event]) -> Vec<Bytes> {
    let last = events.len().saturating_sub(1);
    let framed = events.iter().enumerate().map(|(number, event)| {
        let start = if number == 0 { "[" } else { ",\r\n" };
        let end = if number == last { "]" } else { "" };
        Bytes::from(format!("{start}{}{end}", event.data))
    });
    framed.collect()
}

/// `split=byte`, `split=N`, `split=random[:SEED[:MAX]]`.
fn split(scenario: &Scenario) -> Split {
    let by_name = if scenario.name == "split" { "byte" } else { "" };
    let mut words = scenario.get("split").unwrap_or(by_name).split(':');
    match words.next().unwrap_or_default() {
        "byte" => Split::Every(1),
        "random" => Split::Random {
            seed: words.next().and_then(|word| word.parse().ok()).unwrap_or(1),
            max: words
                .next()
                .and_then(|word| word.parse().ok())
                .unwrap_or(64),
        },
        number => number
            .parse()
            .map_or(Split::No, |size: usize| Split::Every(size.max(1))),
    }
}
