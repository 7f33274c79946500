//! Exchanges are found by what was said in them, once the recorder has had a moment to read them.

use std::time::{Duration, Instant};

use weir_core::settings::Capture;
use weir_store::{DryRun, Filter, Filters, Reader, SummaryQuery, Tuning};

use crate::support::{Place, Recorder, exchange, request, response};

fn found(reader: &Reader, q: &str) -> Vec<String> {
    let query = SummaryQuery {
        filters: Filters {
            text: Some(q.into()),
            ..Filters::default()
        },
        ..SummaryQuery::default()
    };
    let found = reader.summaries(&query).unwrap();
    assert!(found.complete);
    found.rows.into_iter().map(|row| row.request_id).collect()
}

/// Waits until a search finds this many.
async fn until(recorder: &Recorder, q: &str, count: usize) -> Vec<String> {
    let (start, reader) = (Instant::now(), recorder.reader());
    loop {
        let ids = found(&reader, q);
        if ids.len() == count {
            return ids;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{q}: {ids:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn turns(turns: &[&str]) -> Vec<u8> {
    let messages: Vec<String> = turns
        .iter()
        .map(|text| format!(r#"{{"role":"user","content":"{text}"}}"#))
        .collect();
    format!(
        r#"{{"model":"claude-opus-4-1","messages":[{}]}}"#,
        messages.join(",")
    )
    .into_bytes()
}

fn answer(text: &str) -> Vec<u8> {
    format!(
        r#"{{"content":[{{"type":"text","text":"{text}"}},
        {{"type":"tool_use","id":"t","name":"Bash","input":{{"command":"grep -rn needle"}}}}]}}"#
    )
    .into_bytes()
}

#[tokio::test]
async fn prompts_answers_and_tool_calls_are_found_by_words_phrases_and_beginnings() {
    let place = Place::new();
    let recorder = place.open();
    let one = exchange(
        &recorder,
        &turns(&["the quick brown fox"]),
        &answer("jumps over"),
    );
    let two = exchange(
        &recorder,
        &turns(&["a lazy brown dog"]),
        "{\"content\":\"Zürich sleeps\"}".as_bytes(),
    );
    until(&recorder, "brown", 2).await;
    let reader = recorder.reader();
    for (q, ids) in [
        ("brown", vec![&two, &one]),
        ("QUICK fox", vec![&one]),
        ("quick dog", vec![]),
        ("\"brown fox\"", vec![&one]),
        ("\"fox brown\"", vec![]),
        ("jum*", vec![&one]),
        ("brown -fox", vec![&two]),
        ("-fox", vec![&two]),
        ("-fox -dog", vec![]),
        ("zurich", vec![&two]),
        ("bash needle", vec![&one]),
        ("opus", vec![&two, &one]),
        ("t", vec![]),
        ("\"\" ( ) AND", vec![]),
        ("***", vec![]),
        ("   ", vec![&two, &one]),
    ] {
        assert_eq!(found(&reader, q).iter().collect::<Vec<_>>(), ids, "{q}");
    }
}

#[tokio::test]
async fn a_turn_is_found_by_what_is_new_in_it() {
    let place = Place::new();
    let recorder = place.open();
    let long = "some words that make it long ".repeat(80);
    let first = exchange(&recorder, &turns(&[&long, "alpha"]), b"{}");
    recorder.flush().await;
    let second = exchange(&recorder, &turns(&[&long, "alpha", "beta"]), b"{}");
    until(&recorder, "opus", 2).await;
    let reader = recorder.reader();
    assert_eq!(found(&reader, "alpha"), [first]);
    assert_eq!(found(&reader, "beta"), [second]);
}

#[tokio::test]
async fn what_is_deleted_is_found_no_more() {
    let place = Place::new();
    let recorder = place.open();
    for n in 0..40 {
        exchange(&recorder, &turns(&[&format!("common word{n}")]), b"{}");
    }
    until(&recorder, "common", 40).await;
    let third = found(&recorder.reader(), "word3");
    let filter = Filter {
        id: Some(third[0].parse().unwrap()),
        ..Filter::default()
    };
    recorder.purge(filter, DryRun::No).await.unwrap();
    assert_eq!(found(&recorder.reader(), "common").len(), 39);
    assert!(found(&recorder.reader(), "word3").is_empty());
    recorder.delete_all().await.unwrap();
    assert!(found(&recorder.reader(), "common").is_empty());
    exchange(&recorder, &turns(&["common again"]), b"{}");
    until(&recorder, "common", 1).await;
    let retention = Capture {
        search: true,
        ..place.options_with_rows(1)
    };
    recorder.reconfigure(retention, None);
    let newest = exchange(&recorder, &turns(&["common at last"]), b"{}");
    let start = Instant::now();
    while found(&recorder.reader(), "common") != [newest.clone()] {
        assert!(start.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn what_was_recorded_while_search_was_off_or_left_unread_is_read_later() {
    let place = Place::new();
    let mut options = place.options();
    options.capture.search = false;
    let recorder = place.open_with(options);
    exchange(&recorder, &turns(&["while off"]), b"{}");
    recorder.flush().await;
    assert!(found(&recorder.reader(), "off").is_empty());
    recorder.reconfigure(place.options().capture, None);
    until(&recorder, "off", 1).await;
    // One that stays open does not hold up those that began after it.
    let open = request(turns(&["slow one"]));
    let id = open.id;
    recorder.started(Box::new(open));
    exchange(&recorder, &turns(&["quick one"]), b"{}");
    until(&recorder, "quick", 1).await;
    recorder.finished(Box::new(response(id, answer("at last"))));
    until(&recorder, "slow", 1).await;
    exchange(&recorder, &turns(&["before the end"]), b"{}");
    recorder.shutdown().await;
    let recorder = place.open();
    until(&recorder, "before", 1).await;
    until(&recorder, "one", 2).await;
}

/// A database as the version before search left it, with one exchange in it.
fn old_database(place: &Place, id: uuid::Uuid) {
    std::fs::create_dir_all(place.db().parent().unwrap()).unwrap();
    let db = rusqlite::Connection::open(place.db()).unwrap();
    db.execute_batch(include_str!("../../migrations/0001_exchanges.sql"))
        .unwrap();
    db.execute_batch(include_str!("../../migrations/0002_route.sql"))
        .unwrap();
    let row = 1_760_000_000_000_000_i64 * 2048;
    let sent = turns(&["from long ago"]);
    db.execute(
        "INSERT INTO exchanges (id, uuid, state, method, path, dialect, operation, provider, model,
            is_streaming, request_bytes, status, duration_us)
         VALUES (?1, ?2, 1, 'POST', '/v1/messages', 0, 0, 'anthropic', 'claude-opus-4-1', 0, ?3, 200, 9)",
        (row, id.as_bytes(), sent.len()),
    )
    .unwrap();
    db.execute(
        "INSERT INTO requests (id, size, codec, headers, data) VALUES (?1, ?2, 0, x'', ?3)",
        (row, sent.len(), &sent),
    )
    .unwrap();
    db.pragma_update(None, "user_version", 2).unwrap();
}

#[tokio::test]
async fn exchanges_of_an_older_version_stay_and_can_be_found() {
    let place = Place::new();
    let id = uuid::Uuid::now_v7();
    old_database(&place, id);
    let recorder = place.open();
    let new = exchange(&recorder, &turns(&["from just now"]), b"{}");
    assert_eq!(until(&recorder, "from", 2).await, [new, id.to_string()]);
    let log = recorder.reader().get(&id.to_string()).unwrap().unwrap();
    assert_eq!(log.summary.status_code, Some(200));
    assert_eq!(log.summary.longest_gap, None);
    assert_eq!(
        log.body.unwrap().get().as_bytes(),
        turns(&["from long ago"])
    );
}

/// How many parts the index has.
fn parts(place: &Place) -> usize {
    let db = rusqlite::Connection::open(place.db()).unwrap();
    db.query_row("SELECT count(*) FROM words_parts", [], |row| row.get(0))
        .unwrap()
}

fn in_parts_of(place: &Place, words_part: u32) -> Recorder {
    let mut options = place.options();
    options.tuning = Tuning {
        words_part,
        ..options.tuning
    };
    place.open_with(options)
}

#[tokio::test]
async fn a_search_finds_the_same_however_many_parts_the_index_has() {
    let place = Place::new();
    let recorder = in_parts_of(&place, 4);
    let mut ids = Vec::new();
    for n in 0..23 {
        let text = format!("common word{n} {}", if n % 2 == 0 { "even" } else { "odd" });
        ids.insert(0, exchange(&recorder, &turns(&[&text]), b"{}"));
        recorder.flush().await;
    }
    until(&recorder, "common", 23).await;
    assert!(parts(&place) >= 4, "{}", parts(&place));
    let reader = recorder.reader();
    let even: Vec<_> = ids.iter().step_by(2).cloned().collect();
    let odd: Vec<_> = ids.iter().skip(1).step_by(2).cloned().collect();
    for (q, expected) in [
        ("common", &ids[..]),
        ("\"word3 odd\"", &ids[19..20]),
        ("\"odd word3\"", &[]),
        ("word1*", &[&ids[3..13], &ids[21..22]].concat()),
        ("even", &even),
        ("-even", &odd),
        ("common -odd", &even),
    ] {
        assert_eq!(found(&reader, q), expected, "{q}");
    }
    // From page to page, over the places where parts meet, with a filter besides.
    let mut query = SummaryQuery {
        filters: Filters {
            text: Some("common".into()),
            operation: Some(weir_wire::dialect::Operation::Generate),
            ..Filters::default()
        },
        limit: 5,
        ..SummaryQuery::default()
    };
    let first = reader.summaries(&query).unwrap();
    assert_eq!(first.total, Some(23));
    let facets = reader.facets(&query.filters).unwrap();
    assert_eq!((facets.counted, facets.complete), (23, true));
    let mut seen = Vec::new();
    loop {
        let page = reader.summaries(&query).unwrap();
        seen.extend(page.rows.into_iter().map(|row| row.request_id));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ids);
    query.after = None;
    query.offset = 13;
    let page = reader.summaries(&query).unwrap();
    let page: Vec<_> = page.rows.into_iter().map(|row| row.request_id).collect();
    assert_eq!(page, ids[13..18]);
    recorder.shutdown().await;
}

#[tokio::test]
async fn parts_of_the_index_go_with_their_exchanges_and_come_for_those_read_late() {
    let place = Place::new();
    let mut options = place.options();
    options.capture.search = false;
    let recorder = place.open_with(options);
    for n in 0..30 {
        exchange(&recorder, &turns(&[&format!("common word{n}")]), b"{}");
    }
    recorder.shutdown().await;
    assert_eq!(parts(&place), 1);
    let recorder = in_parts_of(&place, 6);
    until(&recorder, "common", 30).await;
    assert_eq!(parts(&place), 5);
    recorder.reconfigure(place.options_with_rows(3), None);
    let start = Instant::now();
    while found(&recorder.reader(), "common").len() > 3 || parts(&place) > 2 {
        assert!(start.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    recorder.delete_all().await.unwrap();
    assert_eq!(parts(&place), 1);
    exchange(&recorder, &turns(&["common again"]), b"{}");
    until(&recorder, "common", 1).await;
    recorder.shutdown().await;
}
