//! JSON and streams as people read them: an object on one line where it fits there.

use std::fmt::Write as _;

use serde_json::Value;
use weir_wire::scan::Cursor;
use weir_wire::sse::Splitter;

/// Columns of a line.
const WIDTH: usize = 116;

/// `body` in lines. Numbers stand as they were written.
pub(crate) fn json(body: &[u8]) -> String {
    let text = std::str::from_utf8(body).unwrap();
    let valid = serde_json::from_str::<serde::de::IgnoredAny>(text);
    assert!(valid.is_ok(), "{valid:?}: {text}");
    let mut out = String::new();
    write(text, 0, &mut out);
    out
}

/// The events of a stream, one under the other.
pub(crate) fn stream(bytes: &[u8]) -> String {
    let mut out = String::new();
    let mut splitter = Splitter::new();
    let mut each = |event: weir_wire::sse::Event<'_>| {
        let name = std::str::from_utf8(event.name).unwrap();
        if !name.is_empty() {
            writeln!(out, "{name}").unwrap();
        }
        let data = match event.data {
            b"[DONE]" => "[DONE]".to_owned(),
            data => json(data),
        };
        writeln!(out, "  {}", data.replace('\n', "\n  ")).unwrap();
    };
    splitter.push(bytes, &mut each);
    splitter.finish(&mut each);
    out
}

/// A value as it is written: members and items, or itself.
enum Shape<'a> {
    Object(Vec<(String, &'a str)>),
    Array(Vec<&'a str>),
    Other(&'a str),
}

fn shape(json: &str) -> Shape<'_> {
    let json = json.trim();
    match json.as_bytes() {
        [b'{', ..] => {
            let mut members = Vec::new();
            Cursor::new(json.as_bytes()).object(|key, cursor| {
                let value = std::str::from_utf8(cursor.value()).unwrap();
                members.push((Value::from(key.decode()).to_string(), value));
            });
            Shape::Object(members)
        }
        [b'[', ..] => {
            let mut items = Vec::new();
            Cursor::new(json.as_bytes())
                .array(|cursor| items.push(std::str::from_utf8(cursor.value()).unwrap()));
            Shape::Array(items)
        }
        _ => Shape::Other(json),
    }
}

fn write(json: &str, indent: usize, out: &mut String) {
    let line = line(json);
    let column = out.len() - out.rfind('\n').map_or(0, |at| at + 1);
    if column + line.chars().count() <= WIDTH {
        return out.push_str(&line);
    }
    let inner = indent + 2;
    let next = |out: &mut String, first: bool| {
        out.push_str(if first { "\n" } else { ",\n" });
        out.push_str(&" ".repeat(inner));
    };
    match shape(json) {
        Shape::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                next(out, index == 0);
                write(item, inner, out);
            }
            write!(out, "\n{}]", " ".repeat(indent)).unwrap();
        }
        Shape::Object(members) => {
            out.push('{');
            for (index, (key, item)) in members.iter().enumerate() {
                next(out, index == 0);
                write!(out, "{key}: ").unwrap();
                write(item, inner, out);
            }
            write!(out, "\n{}}}", " ".repeat(indent)).unwrap();
        }
        Shape::Other(text) => out.push_str(text),
    }
}

/// All of it on one line.
fn line(json: &str) -> String {
    match shape(json) {
        Shape::Array(items) => {
            let items: Vec<_> = items.into_iter().map(line).collect();
            format!("[{}]", items.join(", "))
        }
        Shape::Object(members) => {
            let members = members.into_iter();
            let members: Vec<_> = members
                .map(|(key, item)| format!("{key}: {}", line(item)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        Shape::Other(text) => text.to_owned(),
    }
}
