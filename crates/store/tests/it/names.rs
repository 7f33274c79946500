//! Strings that rows share are told by numbers, which readers must never take for others.

use weir_core::exchange::ExchangeId;
use weir_store::{Filters, Reader, SummaryQuery};

use crate::support::{Place, Recorder, headers, request, response};

/// One exchange that differs from others in its model and session alone.
fn add(recorder: &Recorder, model: &str, session: &str) -> ExchangeId {
    let sent = format!(r#"{{"model":"{model}","messages":[{{"role":"user","content":"hi"}}]}}"#);
    let mut begun = request(sent);
    begun.headers = headers(&[("x-claude-code-session-id", session)]);
    let id = begun.id;
    let came = r#"{"content":[],"usage":{"input_tokens":1000000,"output_tokens":1}}"#;
    recorder.started(Box::new(begun));
    recorder.finished(Box::new(response(id, came)));
    id
}

fn count(reader: &Reader, filters: Filters) -> usize {
    let query = SummaryQuery {
        filters,
        ..SummaryQuery::default()
    };
    reader.summaries(&query).unwrap().rows.len()
}

#[tokio::test]
async fn a_filter_finds_what_became_frequent_after_the_reader_looked() {
    let place = Place::new();
    let recorder = place.open();
    let reader = recorder.reader();
    for _ in 0..5 {
        add(&recorder, "claude-opus-4-5", "first");
    }
    recorder.flush().await;
    // Everything that all exchanges share is known from here on.
    assert_eq!(count(&reader, Filters::default()), 5);
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(add(&recorder, "claude-sonnet-4-5", "second"));
    }
    recorder.flush().await;
    let of = |edit: fn(&mut Filters)| {
        let mut filters = Filters::default();
        edit(&mut filters);
        count(&reader, filters)
    };
    assert_eq!(of(|f| f.model = Some("sonnet".into())), 6);
    assert_eq!(of(|f| f.session = Some("second".into())), 6);
    assert_eq!(of(|f| f.min_cost = Some(1)), 11);
    let beside = reader.neighbours(&ids[3].to_string()).unwrap().unwrap();
    assert_eq!(beside.next_in_session, Some(ids[4].to_string()));
}

#[tokio::test]
async fn numbers_of_deleted_strings_are_not_given_to_others() {
    let place = Place::new();
    let recorder = place.open();
    for _ in 0..5 {
        add(&recorder, "claude-opus-4-5", "first");
    }
    recorder.flush().await;
    let reader = Reader::of(place.db());
    assert_eq!(count(&reader, Filters::default()), 5);
    recorder.delete_all().await.unwrap();
    recorder.shutdown().await;
    let recorder = place.open();
    for _ in 0..5 {
        add(&recorder, "claude-sonnet-4-5", "second");
    }
    recorder.flush().await;
    let found = reader.summaries(&SummaryQuery::default()).unwrap();
    for row in found.rows {
        assert_eq!(row.model.as_deref(), Some("claude-sonnet-4-5"));
        assert_eq!(row.session_id.as_deref(), Some("second"));
        assert_eq!((&*row.method, &*row.provider), ("POST", "anthropic"));
    }
}

#[tokio::test]
async fn names_of_clients_do_not_keep_models_from_their_index() {
    let place = Place::new();
    let recorder = place.open();
    for n in 0..40 {
        for _ in 0..4 {
            let mut begun = request(r#"{"model":"claude-opus-4-5","messages":[]}"#);
            let agent = format!("claude-cli/2.1.{n}");
            begun.headers = headers(&[("user-agent", agent.as_str())]);
            let id = begun.id;
            recorder.started(Box::new(begun));
            recorder.finished(Box::new(response(id, "{}")));
        }
    }
    recorder.flush().await;
    let filters = Filters {
        model: Some("claude".into()),
        ..Filters::default()
    };
    let plan = recorder.reader().plan(&filters).unwrap().join("\n");
    assert!(plan.contains("exchanges_model"), "{plan}");
    assert_eq!(count(&recorder.reader(), filters), 160);
}
