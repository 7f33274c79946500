//! What exchanges add up to: sums, money, time zones, what survives deletion.

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use uuid::Uuid;
use weir_core::exchange::{ExchangeId, Origin};
use weir_store::{Dimension, DryRun, FigureQuery, FigureTable, Filter, Unit};

use crate::support::{Place, Recorder, request, response, until};

fn us(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_microsecond()
}

/// One exchange with a model at a moment, and what the provider counted.
fn at(recorder: &Recorder, when: &str, model: &str, usage: &str) -> ExchangeId {
    let sent = format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"hi"}}]}}"#);
    let came = format!(
        r#"{{"id":"m","type":"message","role":"assistant","content":[],"stop_reason":"end_turn","usage":{usage}}}"#
    );
    let mut request = request(sent);
    request.id = ExchangeId(Uuid::now_v7());
    request.started_at_us = us(when);
    let id = request.id;
    recorder.started(Box::new(request));
    recorder.finished(Box::new(response(id, came)));
    id
}

/// Three exchanges on two days with two models.
async fn seeded(place: &Place) -> Recorder {
    let recorder = place.open();
    let one = r#"{"input_tokens":100,"output_tokens":20,"cache_read_input_tokens":300,"cache_creation_input_tokens":40}"#;
    at(&recorder, "2026-03-01T23:50:00Z", "claude-sonnet-4-5", one);
    let two = r#"{"input_tokens":1000000,"output_tokens":2}"#;
    at(&recorder, "2026-03-02T00:10:00Z", "claude-opus-4-5", two);
    let three = r#"{"input_tokens":5,"output_tokens":6}"#;
    at(
        &recorder,
        "2026-03-02T10:20:00Z",
        "claude-sonnet-4-5",
        three,
    );
    recorder.flush().await;
    recorder
}

fn ask(recorder: &Recorder, edit: impl FnOnce(&mut FigureQuery)) -> FigureTable {
    let mut query = FigureQuery::between(us("2026-03-01T00:00:00Z"), us("2026-03-03T00:00:00Z"));
    edit(&mut query);
    recorder.reader().figures(&query).unwrap()
}

/// When, what, how many requests and tokens.
fn short(table: &FigureTable) -> Vec<(String, String, u64, u64)> {
    let rows = table.rows.iter().map(|row| {
        let start = row
            .start_us
            .map(|us| Timestamp::from_microsecond(us).unwrap().to_string());
        let label = row.label.as_deref().unwrap_or_default().to_owned();
        (
            start.unwrap_or_default(),
            label,
            row.figures.requests,
            row.figures.tokens(),
        )
    });
    rows.collect()
}

fn row(start: &str, label: &str, requests: u64, tokens: u64) -> (String, String, u64, u64) {
    (start.to_owned(), label.to_owned(), requests, tokens)
}

#[tokio::test]
async fn sums_are_those_made_by_hand_and_a_time_zone_moves_them() {
    let place = Place::new();
    let recorder = seeded(&place).await;
    let total = ask(&recorder, |_| {}).total;
    assert_eq!(
        (total.requests, total.errors, total.tokens()),
        (3, 0, 1_000_473)
    );
    assert_eq!(
        (
            total.input_tokens,
            total.output_tokens,
            total.cache_read_tokens,
            total.cache_write_tokens
        ),
        (1_000_105, 28, 300, 40)
    );
    assert_eq!(total.average_ms(), 25);
    let models = ask(&recorder, |query| query.by = Dimension::Model);
    assert_eq!(
        short(&models),
        [
            row("", "claude-opus-4-5", 1, 1_000_002),
            row("", "claude-sonnet-4-5", 2, 471)
        ]
    );
    let days = ask(&recorder, |query| query.unit = Unit::Day);
    assert_eq!(
        short(&days),
        [
            row("2026-03-01T00:00:00Z", "", 1, 460),
            row("2026-03-02T00:00:00Z", "", 2, 1_000_013)
        ]
    );
    let days = ask(&recorder, |query| {
        query.unit = Unit::Day;
        query.zone = TimeZone::get("Asia/Kolkata").unwrap();
    });
    assert_eq!(
        short(&days),
        [row("2026-03-01T18:30:00Z", "", 3, 1_000_473)]
    );
    let days = ask(&recorder, |query| {
        query.unit = Unit::Day;
        query.zone = TimeZone::get("America/New_York").unwrap();
    });
    assert_eq!(
        short(&days),
        [
            row("2026-03-01T05:00:00Z", "", 2, 1_000_462),
            row("2026-03-02T05:00:00Z", "", 1, 11)
        ]
    );
    let weeks = ask(&recorder, |query| query.unit = Unit::Week(Weekday::Sunday));
    assert_eq!(
        short(&weeks),
        [row("2026-03-01T00:00:00Z", "", 3, 1_000_473)]
    );
    let hours = ask(&recorder, |query| query.unit = Unit::Hour);
    assert_eq!(hours.rows.len(), 3);
    recorder.shutdown().await;
}

#[tokio::test]
async fn money_is_exact_and_what_has_no_price_is_counted() {
    let place = Place::new();
    let recorder = seeded(&place).await;
    let sonnet = ask(&recorder, |query| query.model = Some("SONNET".into())).total;
    // 105*3 + 26*15 + 300*0.3 + 40*3.75, in millionths; 300*2.7 saved less 40*0.75 paid more.
    assert_eq!((sonnet.cost, sonnet.unpriced), (Some(0.000_945), 0));
    assert_eq!(sonnet.cache_savings, Some(0.000_78));
    assert_eq!(sonnet.cache_hit_share, Some(0.674_1));
    let opus = ask(&recorder, |query| query.model = Some("opus".into())).total;
    assert_eq!(opus.cost, Some(5.000_05));
    assert_eq!(ask(&recorder, |_| {}).total.cost, Some(5.000_995));

    let used = r#"{"input_tokens":1,"output_tokens":1}"#;
    at(&recorder, "2026-03-02T12:00:00Z", "of-tomorrow", used);
    recorder.flush().await;
    let unknown = ask(&recorder, |query| query.model = Some("tomorrow".into())).total;
    assert_eq!(
        (unknown.cost, unknown.unpriced, unknown.cache_savings),
        (None, 1, None)
    );
    let all = ask(&recorder, |_| {}).total;
    assert_eq!((all.cost, all.unpriced), (Some(5.000_995), 1));
    recorder.shutdown().await;
}

#[tokio::test]
async fn figures_outlive_what_retention_and_purges_take_but_not_a_clearing() {
    let place = Place::new();
    let recorder = seeded(&place).await;
    let filter = Filter {
        model: Some("claude-opus-4-5".into()),
        ..Filter::default()
    };
    assert_eq!(recorder.purge(filter, DryRun::No).await.unwrap(), 1);
    assert_eq!(ask(&recorder, |_| {}).total.requests, 3);
    recorder.delete_all().await.unwrap();
    assert_eq!(ask(&recorder, |_| {}).total.requests, 0);
    at(
        &recorder,
        "2026-03-02T10:20:00Z",
        "claude-sonnet-4-5",
        r#"{"input_tokens":5}"#,
    );
    recorder.flush().await;
    assert_eq!(ask(&recorder, |_| {}).total.tokens(), 5);
    recorder.shutdown().await;
    let again = place.open();
    assert_eq!(ask(&again, |_| {}).total.tokens(), 5);
    again.shutdown().await;
}

#[tokio::test]
async fn an_exchange_that_never_ended_counts_once_as_an_error() {
    let place = Place::new();
    let recorder = place.open();
    let mut begun = request("{}");
    begun.started_at_us = us("2026-03-02T10:20:00Z");
    recorder.started(Box::new(begun));
    recorder.flush().await;
    assert_eq!(ask(&recorder, |_| {}).total.requests, 0, "not ended");
    recorder.shutdown().await;
    for _ in 0..2 {
        let again = place.open();
        let total = ask(&again, |_| {}).total;
        assert_eq!(
            (total.requests, total.errors, total.cost),
            (1, 1, Some(0.0))
        );
        again.shutdown().await;
    }
}

#[tokio::test]
async fn a_database_of_an_earlier_weir_is_added_up_once() {
    let place = Place::new();
    let recorder = seeded(&place).await;
    let before = ask(&recorder, |query| query.by = Dimension::Model);
    recorder.shutdown().await;
    // As the earlier weir left it: exchanges without figures.
    let db = rusqlite::Connection::open(place.db()).unwrap();
    db.execute_batch(
        "DELETE FROM figures; DELETE FROM figure_keys;
         UPDATE figures_state SET next=0, until=(SELECT max(id)+1 FROM exchanges);",
    )
    .unwrap();
    drop(db);
    for _ in 0..2 {
        let recorder = place.open();
        let used = r#"{"input_tokens":5}"#;
        at(&recorder, "2026-04-02T10:20:00Z", "claude-sonnet-4-5", used);
        recorder.flush().await;
        let counted = || ask(&recorder, |query| query.by = Dimension::Model);
        until("added up", || counted().total.requests >= 3).await;
        assert_eq!(counted(), before);
        recorder.shutdown().await;
    }
}

#[tokio::test]
async fn keys_past_the_bound_count_as_other() {
    let place = Place::new();
    let recorder = place.open();
    for n in 0..4_200 {
        let when = format!("2026-03-02T10:20:{:02}Z", n / 100);
        at(&recorder, &when, &format!("m{n}"), r#"{"input_tokens":1}"#);
        if n % 300 == 0 {
            recorder.flush().await;
        }
    }
    until("added up", || {
        ask(&recorder, |_| {}).total.requests == 4_200
    })
    .await;
    let other = ask(&recorder, |query| query.model = Some("(other)".into()));
    assert_eq!((other.total.requests, other.total.tokens()), (104, 104));
    recorder.shutdown().await;
}

#[tokio::test]
async fn what_a_judge_of_prompts_was_asked_is_in_no_sum() {
    let place = Place::new();
    let recorder = place.open();
    let when = "2026-03-01T12:00:00Z";
    at(
        &recorder,
        when,
        "m",
        r#"{"input_tokens":5,"output_tokens":6}"#,
    );
    let mut judged = request(r#"{"model":"judge","messages":[]}"#);
    judged.id = ExchangeId(Uuid::now_v7());
    judged.started_at_us = us(when);
    judged.origin = Origin::Judge;
    let id = judged.id;
    recorder.started(Box::new(judged));
    let usage = r#"{"usage":{"input_tokens":70,"output_tokens":8}}"#;
    recorder.finished(Box::new(response(id, usage)));
    recorder.flush().await;
    let total = ask(&recorder, |_| ()).total;
    assert_eq!((total.requests, total.input_tokens), (1, 5));
    let log = recorder.reader().get(&id.to_string()).unwrap().unwrap();
    assert_eq!(log.summary.class.as_deref(), Some("grading"));
}

#[tokio::test]
async fn a_client_that_calls_itself_a_judge_stays_in_every_sum() {
    let place = Place::new();
    let recorder = place.open();
    for class in ["grading", "replay", "main"] {
        let mut sent = request(r#"{"model":"m","messages":[]}"#);
        sent.id = ExchangeId(Uuid::now_v7());
        sent.started_at_us = us("2026-03-01T12:00:00Z");
        let named = http::HeaderValue::from_static(class);
        sent.headers.insert("x-claude-code-request-class", named);
        let id = sent.id;
        recorder.started(Box::new(sent));
        let usage = r#"{"usage":{"input_tokens":70,"output_tokens":8}}"#;
        recorder.finished(Box::new(response(id, usage)));
        recorder.flush().await;
        let log = recorder.reader().get(&id.to_string()).unwrap().unwrap();
        let believed = Some(class).filter(|class| *class == "main");
        assert_eq!(log.summary.class.as_deref(), believed);
    }
    assert_eq!(ask(&recorder, |_| ()).total.input_tokens, 210);
}

/// What every quarter of an hour adds up to, told apart by status so that there are several keys.
fn by_hand(table: &FigureTable, zone: &TimeZone, hours: bool) -> Vec<(String, String, u64, u64)> {
    let mut sums: std::collections::BTreeMap<(i64, String), (u64, u64)> = Default::default();
    for row in &table.rows {
        let at = Timestamp::from_microsecond(row.start_us.unwrap()).unwrap();
        let at = at.to_zoned(zone.clone());
        let start = match hours {
            true => at
                .round(
                    jiff::ZonedRound::new()
                        .smallest(jiff::Unit::Hour)
                        .mode(jiff::RoundMode::Trunc),
                )
                .unwrap(),
            false => at.start_of_day().unwrap(),
        };
        let label = row.label.as_deref().unwrap_or_default().to_owned();
        let sum = sums
            .entry((start.timestamp().as_microsecond(), label))
            .or_default();
        sum.0 += row.figures.requests;
        sum.1 += row.figures.tokens();
    }
    let told = sums
        .into_iter()
        .map(|((start, label), (requests, tokens))| {
            let start = Timestamp::from_microsecond(start).unwrap().to_string();
            (start, label, requests, tokens)
        });
    told.collect()
}

/// Four hundred exchanges with two models over three and a half days, in which Berlin's clocks change.
async fn spread(recorder: &Recorder) {
    let start = Timestamp::from_microsecond(us("2026-03-27T21:10:00Z")).unwrap();
    for n in 0..400_i64 {
        let when = start + jiff::SignedDuration::from_mins(n * 13);
        let model = ["claude-opus-4-5", "gpt-5", "gpt-5"][usize::try_from(n % 3).unwrap()];
        let usage = format!(r#"{{"input_tokens":{},"output_tokens":{n}}}"#, n * 1000);
        at(recorder, &when.to_string(), model, &usage);
        // No more than the queue holds where the writer gets no processor.
        if n % 100 == 99 {
            recorder.flush().await;
        }
    }
    recorder.flush().await;
}

/// Most of that, from a quarter of an hour to another.
fn ends(query: &mut FigureQuery) {
    query.start_us = us("2026-03-27T22:45:00Z");
    query.end_us = us("2026-03-31T05:15:00Z");
    query.by = Dimension::Model;
    query.times = true;
}

/// The same asked for by the quarter of an hour.
fn quarters(recorder: &Recorder) -> FigureTable {
    let mut all = FigureTable::default();
    let mut from = us("2026-03-27T22:45:00Z");
    while from < us("2026-03-31T05:15:00Z") {
        let table = ask(recorder, |query| {
            ends(query);
            (query.start_us, query.end_us) = (from, from + 900_000_000);
        });
        all.rows.extend(table.rows.into_iter().map(|mut row| {
            row.start_us = Some(from);
            row
        }));
        from += 900_000_000;
    }
    all
}

#[tokio::test]
async fn longer_stretches_add_up_to_the_same_in_every_zone() {
    let place = Place::new();
    let recorder = place.open();
    spread(&recorder).await;
    let told = quarters(&recorder);
    for zone in [
        "UTC",
        "Europe/Berlin",
        "America/St_Johns",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
    ] {
        let zone = TimeZone::get(zone).unwrap();
        for (unit, hours) in [(Unit::Day, false), (Unit::Hour, true)] {
            let table = ask(&recorder, |query| {
                ends(query);
                query.unit = unit;
                query.zone = zone.clone();
            });
            assert_eq!(
                short(&table),
                by_hand(&told, &zone, hours),
                "{zone:?} {unit:?}"
            );
            let none = ask(&recorder, ends);
            assert_eq!(table.total, none.total);
        }
    }
    recorder.shutdown().await;
    let before = ask_of(&place, ends);
    // As the version before left it: quarters only.
    let db = rusqlite::Connection::open(place.db()).unwrap();
    db.execute_batch("DELETE FROM figures WHERE grain>1")
        .unwrap();
    drop(db);
    let again = place.open();
    again.shutdown().await;
    assert_eq!(ask_of(&place, ends), before);
}

/// Figures of a database that nobody writes.
fn ask_of(place: &Place, edit: impl FnOnce(&mut FigureQuery)) -> FigureTable {
    let mut query = FigureQuery::between(0, 0);
    edit(&mut query);
    weir_store::Reader::of(place.db()).figures(&query).unwrap()
}
