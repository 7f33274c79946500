//! Streams of every spelling, cut anywhere.

use proptest::prelude::*;

use super::{Splitter, SseEvent};

type Seen = Vec<(String, String, u64)>;

fn split_with(mut splitter: Splitter, pieces: &[&[u8]]) -> (Seen, u64) {
    let mut seen = Vec::new();
    let mut each = |event: super::Event<'_>| {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        seen.push((text(event.name), text(event.data), event.end));
    };
    for piece in pieces {
        splitter.push(piece, &mut each);
    }
    splitter.finish(&mut each);
    (seen, splitter.skipped())
}

fn events(stream: &str) -> Vec<(String, String)> {
    let (seen, _) = split_with(Splitter::new(), &[stream.as_bytes()]);
    seen.into_iter()
        .map(|(name, data, _)| (name, data))
        .collect()
}

fn pair(name: &str, data: &str) -> (String, String) {
    (name.to_owned(), data.to_owned())
}

#[test]
fn fields_are_read_in_every_spelling() {
    assert_eq!(events("event: a\ndata: 1\n\n"), [pair("a", "1")]);
    assert_eq!(events("event:a\r\ndata:1\r\n\r\n"), [pair("a", "1")]);
    assert_eq!(events("data:  1\rdata\rdata:2\r\r"), [pair("", " 1\n\n2")]);
    assert_eq!(events("\u{FEFF}data: 1\n\n"), [pair("", "1")]);
    assert_eq!(
        events(": hello\nid: 7\nretry: 1\nother\ndata: 1\n\n"),
        [pair("", "1")]
    );
    assert_eq!(
        events("event: a\nevent: b\ndata: x:y\n\n"),
        [pair("b", "x:y")]
    );
    assert_eq!(
        events("data: 1\r\n\ndata: 2\n\r\n"),
        [pair("", "1"), pair("", "2")]
    );
    assert_eq!(events("data:\n\n"), [pair("", "")]);
}

#[test]
fn an_event_has_its_own_id_and_retry() {
    let extras = |stream: &str| -> Vec<_> {
        let events = SseEvent::parse(stream.as_bytes());
        events
            .into_iter()
            .map(|event| (event.id, event.retry))
            .collect()
    };
    let seven = || Some("7".to_owned());
    assert_eq!(
        extras("id: 7\nretry: 10\ndata\n\ndata\n\nid\rdata\r\r"),
        [
            (seven(), Some(10)),
            (None, None),
            (Some(String::new()), None)
        ]
    );
    assert_eq!(
        extras(
            "retry: 5\nretry: 1s\nretry: -1\nretry:\nretry: 99999999999999999999999\nid: 7\nid: a\0b\ndata: 1"
        ),
        [(seven(), Some(5))]
    );
    // Without data there is no event, and nothing of it is left for the next.
    assert_eq!(extras("id: 7\nretry: 1\n\ndata\n\n"), [(None, None)]);
}

#[test]
fn an_event_without_data_is_none() {
    assert_eq!(
        events("event: a\n\n: c\n\n\n\ndata: 1\n\n"),
        [pair("", "1")]
    );
}

#[test]
fn a_stream_that_breaks_off_gives_what_came() {
    assert_eq!(
        events("data: 1\n\nevent: e\ndata: 2"),
        [pair("", "1"), pair("e", "2")]
    );
    assert_eq!(events("data: 1\ndat"), [pair("", "1")]);
    assert_eq!(events(""), []);
}

#[test]
fn an_event_in_one_piece_is_not_copied() {
    let stream = b"event: a\ndata: one\n\n";
    let range = stream.as_ptr_range();
    let mut splitter = Splitter::new();
    let mut inside = false;
    splitter.push(stream, |event| {
        inside = range.contains(&event.data.as_ptr()) && range.contains(&event.name.as_ptr());
    });
    assert!(inside);
}

#[test]
fn events_over_the_limit_are_skipped_and_counted() {
    let long = format!("data: {}\n\ndata: 1\n\n", "x".repeat(100));
    let (seen, skipped) = split_with(Splitter::with_max_event(50), &[long.as_bytes()]);
    assert_eq!((seen.len(), skipped), (1, 1));
    let many = format!("{}\ndata: 1\n\n", "data: x\n".repeat(20));
    let (seen, skipped) = split_with(Splitter::with_max_event(50), &[many.as_bytes()]);
    assert_eq!((seen.len(), skipped), (1, 1));
}

#[test]
fn a_huge_line_in_small_pieces_arrives_whole() {
    let stream = format!("data: {}\n\n", "x".repeat(8 << 20));
    let pieces: Vec<_> = stream.as_bytes().chunks(4093).collect();
    let (seen, _) = split_with(Splitter::new(), &pieces);
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].1.len(), 8 << 20);
    assert_eq!(seen[0].2, stream.len() as u64);
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let part = prop::sample::select(vec![
        "data: 1",
        "data:",
        "data",
        "event: e",
        "event:",
        ": c",
        "id: 1",
        "x",
        "\u{FEFF}",
        "\n",
        "\r\n",
        "\r",
        "\n\n",
        "\r\n\r\n",
        "é",
        "data: a rather long line of data",
    ]);
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn cuts_make_no_difference(
        stream in stream(), cuts in prop::collection::vec(0usize..200, 0..12), limit in 1usize..80,
    ) {
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        let bytes: Vec<_> = stream.chunks(1).collect();
        for limit in [limit, usize::MAX] {
            let whole = split_with(Splitter::with_max_event(limit), &[&stream]);
            prop_assert_eq!(&split_with(Splitter::with_max_event(limit), &pieces), &whole);
            prop_assert_eq!(&split_with(Splitter::with_max_event(limit), &bytes), &whole);
        }
    }
}
