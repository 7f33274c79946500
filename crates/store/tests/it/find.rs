//! Lists are narrowed by what exchanges are, in the order of time, a piece at a time.

use http::StatusCode;
use uuid::Uuid;
use weir_core::exchange::{Arrival, End, RequestRecord, ResponseRecord, Tenant};
use weir_store::{Cursor, Facet, Filters, Found, Reader, State, StatusIs, SummaryQuery};
use weir_wire::dialect::{Dialect, Operation};
use weir_wire::usage::Usage;

use crate::support::{Place, Recorder, body, headers, now_us, request, response};

const CAME: &str = r#"{"type":"message","role":"assistant","content":[],"stop_reason":"end_turn","usage":{"input_tokens":100,"output_tokens":7,"cache_read_input_tokens":50}}"#;

/// An exchange, changed before it is recorded; gives its id.
fn add(
    recorder: &Recorder,
    change: impl FnOnce(&mut RequestRecord, &mut ResponseRecord),
) -> String {
    let mut sent = request(r#"{"model":"claude-opus-4-1","messages":[]}"#);
    let mut came = response(sent.id, CAME);
    change(&mut sent, &mut came);
    let id = sent.id.to_string();
    recorder.started(Box::new(sent));
    recorder.finished(Box::new(came));
    id
}

fn session(record: &mut RequestRecord, session: &str) {
    let fields = [
        ("x-claude-code-session-id", session),
        ("x-api-key", "sk-ant-1"),
    ];
    record.headers = headers(&fields);
}

fn ids(found: &Found<weir_store::model::RequestSummary>) -> Vec<&str> {
    found.rows.iter().map(|row| &*row.request_id).collect()
}

fn find(reader: &Reader, filters: Filters) -> Vec<String> {
    let query = SummaryQuery {
        filters,
        ..SummaryQuery::default()
    };
    let found = reader.summaries(&query).unwrap();
    assert!(found.complete);
    assert_eq!(found.total, Some(found.rows.len() as u64));
    ids(&found).into_iter().map(ToOwned::to_owned).collect()
}

fn filter(set: impl FnOnce(&mut Filters)) -> Filters {
    let mut filters = Filters::default();
    set(&mut filters);
    filters
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// A text that repeats is given a number, which its later rows have in its place.
#[tokio::test]
async fn filters_find_the_rows_of_a_text_that_was_given_a_number_since_they_last_looked() {
    let place = Place::new();
    let recorder = place.open();
    let reader = recorder.reader();
    for count in 1..=6 {
        add(&recorder, |sent, _| session(sent, "s-1"));
        recorder.flush().await;
        let of_session = filter(|filters| filters.session = text("s-1"));
        assert_eq!(find(&reader, of_session).len(), count);
        let costly = filter(|filters| filters.min_cost = Some(1));
        assert_eq!(find(&reader, costly).len(), count);
    }
}

const TENANT: Tenant = Tenant {
    project: Uuid::from_u128(7),
    token: Uuid::from_u128(8),
};

/// Twenty exchanges that are alike, and one with another value of everything; gives its id.
fn alike_but_one(recorder: &Recorder) -> String {
    for _ in 0..20 {
        add(recorder, |_, _| {});
    }
    add(recorder, |sent, came| {
        *sent = RequestRecord {
            dialect: Dialect::OpenaiResponses,
            operation: Operation::CountTokens,
            provider: "elsewhere".into(),
            headers: headers(&[
                ("x-claude-code-session-id", "s-1"),
                ("x-claude-code-agent-id", "a-1"),
                ("user-agent", "codex_cli_rs/0.5"),
                ("x-api-key", "another"),
            ]),
            id: sent.id,
            tenant: Some(TENANT),
            ..request(r#"{"model":"gpt-5-Codex","input":[]}"#)
        };
        came.status = Some(StatusCode::TOO_MANY_REQUESTS);
        came.duration_us = 9_000_000;
        came.body = body(r#"{"usage":{"input_tokens":5000,"output_tokens":1}}"#);
        came.route.usage = Some(Usage {
            input_tokens: Some(5000),
            ..Usage::default()
        });
    })
}

#[tokio::test]
async fn every_filter_finds_what_it_names_and_nothing_else() {
    let place = Place::new();
    let recorder = place.open();
    let id = alike_but_one(&recorder);
    recorder.flush().await;
    let reader = recorder.reader();
    let row = reader.get(&id).unwrap().unwrap().summary;
    let digest = row.key_digest.as_deref().unwrap();
    let client = row.client_kind.as_deref().unwrap();
    for filters in [
        filter(|f| f.model = text("CODEX")),
        filter(|f| f.provider = text("elsewhere")),
        filter(|f| f.session = text("s-1")),
        filter(|f| f.agent = text("a-1")),
        filter(|f| f.client = text(client)),
        filter(|f| f.project = text(&TENANT.project.to_string())),
        filter(|f| f.token = text(&TENANT.token.to_string())),
        filter(|f| f.status = Some(StatusIs::Class(4))),
        filter(|f| f.status = Some(StatusIs::Exactly(429))),
        filter(|f| f.status = Some(StatusIs::Error)),
        filter(|f| f.dialect = Some(Dialect::OpenaiResponses)),
        filter(|f| f.operation = Some(Operation::CountTokens)),
        filter(|f| f.key = text(digest)),
        filter(|f| f.key = digest.get(..6).map(Into::into)),
        filter(|f| f.min_duration_us = Some(9_000_000)),
        filter(|f| f.min_tokens = Some(158)),
        filter(|f| (f.session, f.model) = (text("s-1"), text("gpt"))),
        filter(|f| (f.session, f.status) = (text("s-1"), Some(StatusIs::Error))),
    ] {
        assert_eq!(find(&reader, filters.clone()), [&*id], "{filters:?}");
    }
}

#[tokio::test]
async fn filters_count_what_they_leave() {
    let place = Place::new();
    let recorder = place.open();
    alike_but_one(&recorder);
    recorder.flush().await;
    let reader = recorder.reader();
    let later = Some(now_us() + 1_000_000);
    for (count, filters) in [
        (21, filter(|f| f.model = text("all"))),
        (0, filter(|f| f.model = text("nothing"))),
        (20, filter(|f| f.stop_reason = text("end_turn"))),
        (20, filter(|f| f.max_tokens = Some(157))),
        (20, filter(|f| f.max_duration_us = Some(8_999_999))),
        (
            20,
            filter(|f| f.operation = Some(Operation::GenerateStream)),
        ),
        (21, filter(|f| f.state = Some(State::Complete))),
        (20, filter(|f| f.status = Some(StatusIs::Class(2)))),
        (0, filter(|f| f.state = Some(State::ClientGone))),
        (0, filter(|f| f.subagent = text("nobody"))),
        (
            0,
            filter(|f| (f.session, f.model) = (text("s-1"), text("claude"))),
        ),
        (0, filter(|f| f.start_us = later)),
        (21, filter(|f| f.end_us = later)),
        (0, filter(|f| f.end_us = Some(0))),
    ] {
        assert_eq!(find(&reader, filters.clone()).len(), count, "{filters:?}");
    }
}

#[tokio::test]
async fn a_cursor_goes_on_where_the_answer_ended_whatever_comes_meanwhile() {
    let place = Place::new();
    let recorder = place.open();
    let mut all = Vec::new();
    for n in 0..60 {
        let id = add(&recorder, |sent, _| {
            session(sent, ["s-0", "s-1", "s-2"][n % 3]);
        });
        all.push((n % 3, id));
    }
    recorder.flush().await;
    let reader = recorder.reader();
    let mut query = SummaryQuery {
        filters: Filters {
            session: Some("s-1".into()),
            ..Filters::default()
        },
        limit: 6,
        ..SummaryQuery::default()
    };
    let mut seen = Vec::new();
    loop {
        let found = reader.summaries(&query).unwrap();
        seen.extend(ids(&found).into_iter().map(ToOwned::to_owned));
        // Newer ones move no page.
        add(&recorder, |sent, _| session(sent, "s-1"));
        recorder.flush().await;
        let Some(next) = found.next else { break };
        let text = next.to_string();
        assert_eq!(text.parse(), Ok(next));
        query.after = Some(next);
    }
    let expected: Vec<String> = all
        .iter()
        .rev()
        .filter(|(s, _)| *s == 1)
        .map(|(_, id)| id.clone())
        .collect();
    assert_eq!(seen, expected);
    for wrong in ["", "x", "-1", "99999999999999999999"] {
        assert!(wrong.parse::<Cursor>().is_err());
    }
}

#[tokio::test]
async fn facets_count_what_there_is_to_filter_by() {
    let place = Place::new();
    let recorder = place.open();
    for n in 0..30 {
        add(&recorder, |sent, came| {
            session(sent, "s");
            sent.provider = if n % 3 == 0 { "one" } else { "two" }.into();
            if n == 7 {
                came.status = Some(StatusCode::INTERNAL_SERVER_ERROR);
            }
        });
    }
    recorder.flush().await;
    let facets = recorder.reader().facets(&Filters::default()).unwrap();
    let facet = |value: &str, count| Facet {
        value: value.into(),
        count,
    };
    assert_eq!(facets.providers, [facet("two", 20), facet("one", 10)]);
    assert_eq!(facets.models, [facet("claude-opus-4-1", 30)]);
    assert_eq!(facets.statuses, [facet("200", 29), facet("500", 1)]);
    assert_eq!(facets.stop_reasons, [facet("end_turn", 30)]);
    assert!(facets.agents.is_empty() && facets.complete);
    assert_eq!(facets.counted, 30);
    let failed = Filters {
        status: Some(StatusIs::Error),
        ..Filters::default()
    };
    let facets = recorder.reader().facets(&failed).unwrap();
    assert_eq!(facets.providers, [facet("two", 1)]);
}

#[tokio::test]
async fn the_neighbours_of_an_exchange_are_those_in_time_and_in_its_session() {
    let place = Place::new();
    let recorder = place.open();
    let mut all = Vec::new();
    for n in 0..9 {
        all.push(add(&recorder, |sent, _| {
            session(sent, ["a", "b", "c"][n % 3]);
        }));
    }
    recorder.flush().await;
    let reader = recorder.reader();
    let beside = reader.neighbours(&all[4]).unwrap().unwrap();
    assert_eq!(beside.previous.as_deref(), Some(&*all[3]));
    assert_eq!(beside.next.as_deref(), Some(&*all[5]));
    assert_eq!(beside.previous_in_session.as_deref(), Some(&*all[1]));
    assert_eq!(beside.next_in_session.as_deref(), Some(&*all[7]));
    let first = reader.neighbours(&all[0]).unwrap().unwrap();
    assert_eq!((first.previous, first.previous_in_session), (None, None));
    let last = reader.neighbours(&all[8]).unwrap().unwrap();
    assert_eq!((last.next, last.next_in_session), (None, None));
    assert!(reader.neighbours("nothing").unwrap().is_none());
}

#[tokio::test]
async fn a_summary_tells_of_gaps_speed_and_what_the_client_hints_at() {
    let place = Place::new();
    let recorder = place.open();
    let events = [
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":100}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    ];
    let at = [100_000, 500_000, 2_000_000, 2_500_000];
    let id = add(&recorder, |sent, came| {
        sent.operation = Operation::GenerateStream;
        sent.headers.extend(headers(&[
            ("x-claude-code-request-class", "subagent"),
            ("x-claude-code-agent-type", "Explore"),
        ]));
        came.headers = headers(&[("content-type", "text/event-stream")]);
        came.body = body(events.concat());
        came.arrivals = events
            .iter()
            .zip(at)
            .map(|(event, elapsed_us)| Arrival {
                size: event.len().try_into().unwrap(),
                elapsed_us,
            })
            .collect();
        came.duration_us = 2_500_000;
        came.end = End::Complete;
    });
    recorder.flush().await;
    let row = recorder.reader().get(&id).unwrap().unwrap().summary;
    assert_eq!(row.longest_gap, Some(1500));
    assert_eq!(row.first_content, Some(500));
    assert_eq!(row.tokens_per_second, Some(50.0));
    assert_eq!(row.class.as_deref(), Some("subagent"));
    assert_eq!(row.agent_type.as_deref(), Some("Explore"));
}

#[tokio::test]
async fn a_client_is_counted_once_however_its_name_is_kept() {
    let place = Place::new();
    let recorder = place.open();
    for _ in 0..20 {
        add(&recorder, |sent, _| {
            sent.headers = headers(&[("user-agent", "claude-cli/2.1.329 (external, sdk-cli)")]);
        });
        // One at a time, so that some rows come before their name is known to be frequent.
        recorder.flush().await;
    }
    let seen = recorder.reader().clients(0).unwrap();
    let seen: Vec<_> = seen
        .iter()
        .map(|one| (&*one.client, one.requests))
        .collect();
    assert_eq!(seen, [("claude_code", 20)]);
}
