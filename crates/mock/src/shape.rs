//! Gives a stream its form on the wire: framing, odd but legal SSE, pings, breaks, pauses, content
//! coding, and where writes are cut.

use std::collections::VecDeque;
use std::io::{self, Write};

use bytes::Bytes;
use serde_json::{Value, json};
use weir_wire::dialect::Dialect;

use crate::ask::Ask;
use crate::headers::{Failure, Fields};
use crate::scenario::Scenario;
use crate::script::{Cut, Framing, Raw, Split, Step};
use crate::speak::Event;

/// Builds the reply to a streamed request.
pub(crate) fn stream(
    scenario: &Scenario,
    ask: &Ask,
    mut events: Vec<Event>,
    headers: Fields,
) -> io::Result<Raw> {
    let breaks = Break::of(scenario, &events);
    if breaks.after < events.len() {
        events.truncate(breaks.after);
    }
    if let Ending::Error = breaks.ending {
        events.push(error_event(scenario, ask, &events, &headers));
    }
    let mut pieces = framed(scenario, ask, &events);
    if let (Ending::InLine, Some(last)) = (&breaks.ending, pieces.last_mut()) {
        last.truncate(last.len() / 2);
    }
    let mut reply = body(
        scenario,
        Raw {
            headers,
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
    for (key, value) in &scenario.settings {
        if let Some(name) = key.strip_prefix("header.") {
            reply = reply.header(name, value);
        }
    }
    Ok(reply)
}

enum Ending {
    Proper,
    /// An error event, then the proper end of the body.
    Error,
    Silence,
    InLine,
    Cut(Cut),
}

/// After how many events a stream breaks off, and how.
struct Break {
    after: usize,
    ending: Ending,
}

impl Break {
    fn of(scenario: &Scenario, events: &[Event]) -> Self {
        let third_delta = events
            .iter()
            .enumerate()
            .filter(|(_, event)| event.is_delta)
            .nth(2);
        let middle = third_delta.map_or(events.len() / 2, |(index, _)| index + 1);
        let (ending, default) = match scenario.name.as_str() {
            "stream_error" => (Ending::Error, middle),
            "silent" => (Ending::Silence, 0),
            "drop" => match scenario.get("mode").unwrap_or("fin") {
                "line" => (Ending::InLine, middle),
                "end" => (Ending::Proper, middle),
                _ => (Ending::Cut(cut(scenario).unwrap_or(Cut::Fin)), middle),
            },
            _ => (Ending::Proper, usize::MAX),
        };
        Self {
            after: scenario.size("after", default),
            ending,
        }
    }
}

/// `mode=rst` or `mode=fin`.
pub(crate) fn cut(scenario: &Scenario) -> Option<Cut> {
    match scenario.get("mode") {
        Some("rst") => Some(Cut::Rst),
        Some("fin") => Some(Cut::Fin),
        _ => None,
    }
}

fn error_event(scenario: &Scenario, ask: &Ask, sent: &[Event], headers: &Fields) -> Event {
    let status = scenario.size("status", 529);
    let failure = Failure::of(scenario, u16::try_from(status).unwrap_or(500));
    let (name, data) = match ask.dialect {
        Dialect::AnthropicMessages => {
            let id = headers.iter().find(|(name, _)| name == "request-id");
            (
                Some("error"),
                failure.anthropic(id.map_or("", |(_, value)| value)),
            )
        }
        Dialect::OpenaiChat => (None, failure.openai()),
        Dialect::OpenaiResponses => return responses_error(scenario, &failure, sent),
        Dialect::Gemini => (None, failure.gemini()),
    };
    Event {
        name: name.map(str::to_owned),
        data: data.to_string(),
        is_delta: false,
    }
}

/// `response.failed`, or with `plain` the bare `error` event.
fn responses_error(scenario: &Scenario, failure: &Failure, sent: &[Event]) -> Event {
    let message = failure.openai().pointer("/error/message").cloned();
    let code = if failure.kind.is_empty() {
        "server_error"
    } else {
        &failure.kind
    };
    let error = json!({"code": code, "message": message});
    let number = sent.len();
    let (name, data) = if scenario.is_on("plain") {
        let error = json!({"type": "error", "code": code, "message": message, "param": null,
            "sequence_number": number});
        ("error", error)
    } else {
        let created: Value = sent
            .first()
            .and_then(|event| serde_json::from_str(&event.data).ok())
            .unwrap_or_default();
        let mut response = created
            .get("response")
            .cloned()
            .unwrap_or_else(|| json!({}));
        if let Some(fields) = response.as_object_mut() {
            fields.insert("status".to_owned(), "failed".into());
            fields.insert("error".to_owned(), error);
        }
        let name = "response.failed";
        (
            name,
            json!({"type": name, "response": response, "sequence_number": number}),
        )
    };
    Event {
        name: Some(name.to_owned()),
        data: data.to_string(),
        is_delta: false,
    }
}

fn framed(scenario: &Scenario, ask: &Ask, events: &[Event]) -> Vec<Bytes> {
    if ask.as_array {
        return array(events);
    }
    let is_odd = scenario.name == "odd" || scenario.is_on("odd");
    let eol = if ask.dialect == Dialect::Gemini || scenario.is_on("crlf") {
        "\r\n"
    } else {
        "\n"
    };
    let pings = scenario
        .size("pings", usize::from(scenario.name == "pings"))
        .min(1000);
    let ping = match ask.dialect {
        Dialect::AnthropicMessages => {
            format!("event: ping{eol}data: {{\"type\": \"ping\"}}{eol}{eol}")
        }
        Dialect::OpenaiChat | Dialect::OpenaiResponses => format!(": keep-alive{eol}{eol}"),
        Dialect::Gemini => String::new(), // its clients break on anything but data
    };
    let mut pieces = Vec::new();
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
    pieces
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

/// Compresses piece by piece: after each one the client can decode all that has come.
fn encoded(coding: &str, pieces: &[Bytes]) -> io::Result<Vec<Bytes>> {
    match coding {
        "gzip" => {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            let mut out = pieced(&mut encoder, pieces, |encoder| encoder.get_mut())?;
            out.push(encoder.finish()?.into());
            Ok(out)
        }
        "deflate" => {
            let level = flate2::Compression::fast();
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
            let mut out = pieced(&mut encoder, pieces, |encoder| encoder.get_mut())?;
            out.push(encoder.finish()?.into());
            Ok(out)
        }
        "br" => {
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 4, 20);
            let mut out = pieced(&mut encoder, pieces, |encoder| encoder.get_mut())?;
            out.push(encoder.into_inner().into());
            Ok(out)
        }
        "zstd" => {
            let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1)?;
            let mut out = pieced(&mut encoder, pieces, |encoder| encoder.get_mut())?;
            out.push(encoder.finish()?.into());
            Ok(out)
        }
        _ => Ok(pieces.to_vec()), // an unknown coding is announced and not applied
    }
}

fn pieced<E: Write>(
    encoder: &mut E,
    pieces: &[Bytes],
    written: impl Fn(&mut E) -> &mut Vec<u8>,
) -> io::Result<Vec<Bytes>> {
    let mut out = Vec::with_capacity(pieces.len() + 1);
    for piece in pieces {
        encoder.write_all(piece)?;
        encoder.flush()?;
        out.push(Bytes::from(std::mem::take(written(encoder))));
    }
    Ok(out)
}
