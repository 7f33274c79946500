//! What is removed is gone, and nothing else.

use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use weir_store::{DryRun, Filter, Filters, Page, Side};
use weir_wire::dialect::Operation;

use crate::support::{Place, Recorder, exchange, headers, now_us, request, response};

const PAGE: Page = Page {
    number: 1,
    limit: 100,
};

fn growing(turns: usize) -> Vec<u8> {
    let mut body = b"{\"messages\":[".to_vec();
    for turn in 0..turns {
        body.extend(format!("\"{turn} {}\",", "some words ".repeat(100)).bytes());
    }
    body.extend(b"]}");
    body
}

/// Bytes that the files take on the disk.
fn size(place: &Place) -> u64 {
    let dir = place.db().parent().unwrap().to_owned();
    let files = std::fs::read_dir(dir).unwrap();
    files
        .map(|file| file.unwrap().metadata().unwrap().blocks() * 512)
        .sum()
}

/// An exchange that began some time ago.
fn aged(recorder: &Recorder, ago: Duration, body: &[u8]) -> String {
    let mut request = request(body);
    request.started_at_us = now_us() - i64::try_from(ago.as_micros()).unwrap();
    let id = request.id;
    recorder.started(Box::new(request));
    recorder.finished(Box::new(response(id, "{}")));
    id.to_string()
}

async fn until_total(recorder: &Recorder, total: u64) {
    let start = Instant::now();
    while recorder
        .reader()
        .list(PAGE, &Filters::default())
        .unwrap()
        .total
        != Some(total)
    {
        assert!(start.elapsed() < Duration::from_secs(10), "never {total}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn deleting_all_leaves_nothing_and_shrinks_the_files() {
    let place = Place::new();
    let recorder = place.open();
    let noise: Vec<u8> = (0..200_000u32)
        .flat_map(|i| i.wrapping_mul(2_654_435).to_le_bytes())
        .collect();
    for n in 0..40usize {
        exchange(&recorder, &growing(n), &noise[n..]);
    }
    recorder.flush().await;
    let before = size(&place);
    let open = request("{\"still\":\"open\"}");
    let open_id = open.id;
    recorder.started(Box::new(open));
    assert_eq!(recorder.delete_all().await.unwrap(), 41);
    let reader = recorder.reader();
    assert_eq!(
        reader.list(PAGE, &Filters::default()).unwrap().total,
        Some(0)
    );
    assert!(size(&place) < before / 50, "{before} to {}", size(&place));
    // One that was in flight is gone too; what comes next is whole.
    recorder.finished(Box::new(response(open_id, "{}")));
    let id = exchange(&recorder, &growing(40), b"{}");
    recorder.flush().await;
    assert_eq!(
        reader.list(PAGE, &Filters::default()).unwrap().total,
        Some(1)
    );
    let raw = reader.raw(&id, Side::Request).unwrap().unwrap();
    assert!(raw.bytes == growing(40));
    assert!(
        reader
            .get(&id)
            .unwrap()
            .unwrap()
            .headers
            .contains_key("user-agent")
    );
}

#[tokio::test]
async fn old_exchanges_go_and_what_builds_on_them_stays() {
    let place = Place::new();
    let mut options = place.options();
    options.capture.retention.max_age = Some(Duration::from_secs(60));
    let capture = options.capture.clone();
    let recorder = place.open_with(options);
    for turns in 1..20 {
        aged(&recorder, Duration::from_secs(600), &growing(turns));
    }
    let young: Vec<String> = (20..30)
        .map(|turns| aged(&recorder, Duration::from_secs(5), &growing(turns)))
        .collect();
    recorder.flush().await;
    // The bounds are looked at now, not when their turn comes.
    recorder.reconfigure(capture, None);
    until_total(&recorder, 10).await;
    let reader = recorder.reader();
    for (id, turns) in young.iter().zip(20..) {
        let raw = reader.raw(id, Side::Request).unwrap().unwrap();
        assert!(raw.bytes == growing(turns));
    }
}

#[tokio::test]
async fn the_newest_rows_are_kept() {
    let place = Place::new();
    let mut options = place.options();
    options.capture.retention.max_rows = Some(30);
    let recorder = place.open_with(options);
    let mut ids = Vec::new();
    for n in 0..250usize {
        ids.push(exchange(&recorder, &growing(n % 7), b"{}"));
        if n.is_multiple_of(50) {
            recorder.flush().await;
        }
    }
    recorder.flush().await;
    recorder.reconfigure(place.options_with_rows(30), None);
    until_total(&recorder, 30).await;
    let reader = recorder.reader();
    assert!(reader.get(&ids[219]).unwrap().is_none());
    for (n, id) in ids.iter().enumerate().skip(220) {
        assert!(reader.raw(id, Side::Request).unwrap().unwrap().bytes == growing(n % 7));
    }
}

#[tokio::test]
async fn the_database_stays_within_its_bytes() {
    let place = Place::new();
    let mut options = place.options();
    options.capture.retention.max_bytes = Some(2 << 20);
    let mut capture = options.capture.clone();
    let recorder = place.open_with(options);
    for n in 0..100u32 {
        let noise: Vec<u8> = (0..20_000u32)
            .flat_map(|i| ((i + n).wrapping_mul(2_654_435) ^ n).to_le_bytes())
            .collect();
        exchange(&recorder, &noise, b"{}");
    }
    recorder.flush().await;
    capture.retention.max_bytes = Some(1 << 20);
    recorder.reconfigure(capture, None);
    let start = Instant::now();
    while size(&place) > 3 << 20 {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "{}",
            size(&place)
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let rows = recorder.status().rows.unwrap();
    assert!((5..20).contains(&rows), "{rows}");
    exchange(&recorder, b"{}", b"{}");
    recorder.shutdown().await;
    assert!(size(&place) < 3 << 20, "{}", size(&place));
}

#[tokio::test]
async fn a_purge_removes_what_it_names_and_a_dry_run_only_counts() {
    let place = Place::new();
    let recorder = place.open();
    let mut kept = Vec::new();
    for n in 0..300usize {
        let model = if n.is_multiple_of(3) { "gone" } else { "kept" };
        let sent = format!("{{\"model\":\"{model}\",\"n\":{n},\"messages\":[]}}");
        let id = exchange(&recorder, sent.as_bytes(), b"{}");
        if model == "kept" {
            kept.push((id, sent));
        }
    }
    let filter = Filter {
        model: Some("gone".into()),
        ..Filter::default()
    };
    assert_eq!(
        recorder.purge(filter.clone(), DryRun::Yes).await.unwrap(),
        100
    );
    assert_eq!(
        recorder.purge(filter.clone(), DryRun::No).await.unwrap(),
        100
    );
    assert_eq!(recorder.purge(filter, DryRun::No).await.unwrap(), 0);
    assert_eq!(
        recorder.purge(Filter::default(), DryRun::No).await.unwrap(),
        0
    );
    let reader = recorder.reader();
    assert_eq!(
        reader.list(PAGE, &Filters::default()).unwrap().total,
        Some(200)
    );
    for (id, sent) in &kept {
        assert_eq!(reader.get(id).unwrap().unwrap().body.unwrap().get(), sent);
    }
    let id = kept[0].0.parse().unwrap();
    let one = Filter {
        id: Some(id),
        ..Filter::default()
    };
    assert_eq!(recorder.purge(one, DryRun::No).await.unwrap(), 1);
    assert!(reader.get(&kept[0].0).unwrap().is_none());
}

#[tokio::test]
async fn nothing_that_was_said_stays_in_the_files() {
    const SECRET: &[u8] = b"quetzalcoatlus";
    let place = Place::new();
    let mut options = place.options();
    // The index of words forgets with its next merges.
    options.capture.search = false;
    let recorder = place.open_with(options);
    let long = b"quetzalcoatlus ".repeat(8000);
    let mut gone = Vec::new();
    for n in 0..60usize {
        let (sent, came) = match n % 3 {
            0 => (
                format!("{{\"n\":{n},\"said\":\"quetzalcoatlus\"}}").into_bytes(),
                &long[..],
            ),
            1 => (long[..5000 + n].to_vec(), b"quetzalcoatlus".as_slice()),
            _ => (
                format!("{{\"n\":{n},\"kept\":true}}").into_bytes(),
                b"{}".as_slice(),
            ),
        };
        let id = exchange(&recorder, &sent, came);
        if n % 3 < 2 {
            gone.push(id);
        }
        recorder.flush().await;
    }
    for id in gone {
        let one = Filter {
            id: Some(id.parse().unwrap()),
            ..Filter::default()
        };
        assert_eq!(recorder.purge(one, DryRun::No).await.unwrap(), 1);
    }
    let holds = || {
        let dir = place.db().parent().unwrap().to_owned();
        let mut files = std::fs::read_dir(dir).unwrap();
        files.any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(SECRET.len()).any(|window| window == SECRET)
        })
    };
    let start = Instant::now();
    while holds() {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "it is still there"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    until_total(&recorder, 20).await;
}

#[tokio::test]
async fn a_session_goes_with_what_it_sent_beside_its_turns() {
    let place = Place::new();
    let recorder = place.open();
    for (session, operation) in [
        ("one", Operation::Generate),
        ("one", Operation::Embeddings),
        ("other", Operation::Embeddings),
    ] {
        let mut sent = request(r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#);
        sent.headers = headers(&[("x-claude-code-session-id", session)]);
        sent.operation = operation;
        let id = sent.id;
        recorder.started(Box::new(sent));
        recorder.finished(Box::new(response(id, "{}")));
    }
    let one = Filter {
        turns_of: Some("one".into()),
        ..Filter::default()
    };
    assert_eq!(recorder.purge(one, DryRun::No).await.unwrap(), 2);
    until_total(&recorder, 1).await;
}
