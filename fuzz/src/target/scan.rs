//! The cursor over JSON, and what is read of requests with it.

use bytes::Bytes;
use serde_json::{Map, Number, Value};
use weir_wire::facts::request::RequestFacts;
use weir_wire::peek::{Peek, Want};
use weir_wire::scan::{Cursor, Kind};

use super::super::input::{Input, cut};

/// What serde reads, the cursor reads as the same; what is cut or edited makes no difference.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (dialect, seed, at) = (input.dialect(), input.byte(), usize::from(input.byte()));
    let body = input.rest();
    walk(body);
    let all: Vec<Bytes> = cut(body, seed)
        .into_iter()
        .map(Bytes::copy_from_slice)
        .collect();
    let want = Want::MODEL | Want::STREAM | Want::SESSION;
    let one = Peek::of(dialect, &[Bytes::copy_from_slice(body)], want);
    let many = Peek::of(dialect, &all, want);
    let said = |peek: &Peek| {
        let texts = (
            peek.model().map(str::to_owned),
            peek.session().map(str::to_owned),
        );
        (texts, peek.model_range(), peek.stream(), peek.prefix_hash())
    };
    assert_eq!(said(&one), said(&many));
    for want in [Want::MODEL, Want::STREAM] {
        std::hint::black_box(Peek::of(dialect, &all, want).again(dialect, &all));
    }
    let facts = RequestFacts::scan(dialect, body);
    if !facts.malformed {
        assert_eq!(one.stream(), facts.stream);
        assert!(
            serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err()
                || one.model() == facts.model.as_deref()
        );
    }
    let at = at.min(body.len());
    let (kept, rest) = body.split_at(at);
    for more in [&b""[..], rest, b"x", b",\"stream\":true}", b"]}"] {
        let next = [kept, more].concat();
        let common = body.iter().zip(&next).take_while(|(a, b)| a == b).count();
        let again = RequestFacts::rescan(dialect, &next, &facts, common);
        assert_eq!(again, RequestFacts::scan(dialect, &next));
        let back = RequestFacts::rescan(dialect, body, &again, common);
        assert_eq!(back, facts);
    }
    Cursor::resume(body, at, 1).rest_of_object(|_, cursor| cursor.skip());
    Cursor::resume(body, at, 2).rest_of_array(|cursor| cursor.skip());
}

fn walk(body: &[u8]) {
    let mut cursor = Cursor::new(body);
    let read = value(&mut cursor);
    assert!(cursor.offset() <= body.len());
    let whole = cursor.at_end();
    let mut skipping = Cursor::new(body);
    let taken = skipping.value();
    assert!(taken.len() <= body.len());
    let text = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    if let Ok(expected) = serde_json::from_slice::<Value>(text) {
        assert!(whole && skipping.at_end() && !cursor.malformed());
        assert_eq!(read, Some(expected));
    }
}

/// The value that is next, as serde would have it.
fn value(cursor: &mut Cursor<'_>) -> Option<Value> {
    match cursor.kind()? {
        Kind::Object => {
            let mut members = Map::new();
            cursor.object(|key, cursor| {
                let value = value(cursor).unwrap_or_default();
                members.insert(key.decode().into_owned(), value);
            });
            Some(Value::Object(members))
        }
        Kind::Array => {
            let mut items = Vec::new();
            cursor.array(|cursor| items.push(value(cursor).unwrap_or_default()));
            Some(Value::Array(items))
        }
        Kind::String => {
            let text = cursor.string()?;
            let all = text.decode();
            assert!(text.is(&all) || std::str::from_utf8(text.raw()).is_err());
            assert!(all.len() <= 3 * text.raw().len());
            for enough in [0, 1, 5, 100] {
                let some = text.decode_about(enough);
                assert!(some.len() >= enough.min(all.len()) && all.starts_with(&*some));
            }
            std::hint::black_box(text.prefix(3).decode());
            Some(Value::String(all.into_owned()))
        }
        Kind::Number => {
            let number: Option<Number> = serde_json::from_slice(cursor.value()).ok();
            number.map(Value::Number)
        }
        Kind::Bool => cursor.boolean().map(Value::Bool),
        Kind::Null => {
            cursor.skip();
            Some(Value::Null)
        }
    }
}
