//! What Redis answers, read.

use super::*;

fn text(text: &str) -> Value {
    Value::BulkString(text.as_bytes().to_vec())
}

fn entry(id: &str, fields: &[&str]) -> Value {
    let fields = fields.iter().map(|field| text(field)).collect();
    Value::Array(vec![text(id), Value::Array(fields)])
}

/// Entries by their ids, and ids without an entry.
type Read = (Vec<(Id, Option<Vec<u8>>)>, Vec<Id>);

fn read(answer: Value) -> Read {
    let mut forgotten = Vec::new();
    let entries = of_read(answer, &mut forgotten).unwrap();
    let entries = entries.into_iter().map(|entry| (entry.id, entry.data));
    (entries.collect(), forgotten)
}

fn stream(entries: Vec<Value>) -> Value {
    Value::Array(vec![Value::Array(vec![
        text("events"),
        Value::Array(entries),
    ])])
}

#[test]
fn entries_are_read_with_their_data_wherever_it_stands() {
    let entries = vec![
        entry("1-0", &["data", "{}"]),
        entry("1-1", &["v", "1", "data", "x"]),
        entry("2-0", &["v", "1"]),
    ];
    let (read, forgotten) = read(stream(entries));
    let data = |text: &str| Some(text.as_bytes().to_vec());
    let expected = [
        ("1-0".to_owned(), data("{}")),
        ("1-1".to_owned(), data("x")),
        ("2-0".to_owned(), None),
    ];
    assert_eq!(read, expected);
    assert!(forgotten.is_empty());
}

#[test]
fn one_that_the_stream_forgot_is_told_apart() {
    let gone = Value::Array(vec![text("1-0"), Value::Nil]);
    let (read, forgotten) = read(stream(vec![gone, entry("2-0", &["data", "{}"])]));
    assert_eq!(read.len(), 1);
    assert_eq!(forgotten, ["1-0"]);
}

#[test]
fn nothing_new_is_nothing() {
    for answer in [Value::Nil, Value::Array(Vec::new()), stream(Vec::new())] {
        assert_eq!(read(answer), (Vec::new(), Vec::new()));
    }
}

#[test]
fn what_is_no_event_says_why() {
    let entry = |data: Option<&str>| Entry {
        id: "1-0".to_owned(),
        data: data.map(|data| data.as_bytes().to_vec()),
    };
    assert!(entry(None).event().unwrap_err().contains("no field `data`"));
    let wrong = entry(Some("{\"version\":1}")).event().unwrap_err();
    assert!(wrong.contains("request_id"), "{wrong}");
    let whole = serde_json::to_string(&Event::default()).unwrap();
    assert!(entry(Some(&whole)).event().is_ok());
}

#[test]
fn an_id_begins_with_its_time() {
    let time = time_of("1763762400123-7").unwrap();
    assert_eq!(time.as_millisecond(), 1_763_762_400_123);
    assert!(time_of("nonsense").is_none());
}
