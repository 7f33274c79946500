//! What fills the requests of a session, and why a prompt cache did not serve one.

use crate::support::Recorder;
use serde_json::{Value, json};
use weir_store::GrowthQuery;
use weir_store::conversation::Growth;

use super::sessions::{SESSION, Sent, claude, said, sent, usage, user};
use super::support::Place;

pub(super) fn growth(recorder: &Recorder, query: &GrowthQuery) -> Growth {
    recorder.reader().growth(SESSION, query).unwrap().unwrap()
}

/// Four turns that grow; gives the body of the second.
fn record_growth(recorder: &Recorder) -> Value {
    let at = |ago_s, body, answer| {
        Sent {
            ago_s,
            ..sent(body)
        }
        .answered(answer)
        .store(recorder)
    };
    let one = claude(&[user("hello")]);
    let two = claude(&[user("hello"), said("hi"), user("more")]);
    let mut three = claude(&[
        user("hello"),
        said("hi"),
        user("more"),
        said("yes"),
        user("end"),
    ]);
    at(1000, one, usage(10, 0, 4000));
    at(980, two.clone(), usage(10, 4000, 100));
    at(400, three.clone(), usage(10, 0, 4200));
    three["tools"][0]["description"] = json!("changed");
    at(390, three, usage(10, 0, 4300));
    two
}

#[tokio::test]
async fn growth_tells_what_fills_each_turn_and_why_its_cache_missed() {
    let place = Place::new();
    let recorder = place.open();
    record_growth(&recorder);
    recorder.flush().await;
    let query = GrowthQuery {
        limit: 100,
        ..GrowthQuery::default()
    };
    let grown = growth(&recorder, &query);
    let reasons: Vec<_> = grown
        .turns
        .iter()
        .map(|t| t.miss.as_ref().map(|m| m.reason))
        .collect();
    assert_eq!(
        reasons,
        [
            Some("first_turn"),
            None,
            Some("expired"),
            Some("tools_changed")
        ]
    );
    let changed = grown.turns[3].miss.as_ref().unwrap();
    assert_eq!((changed.section, changed.index), (Some("tools"), Some(0)));
    let users: Vec<_> = grown
        .turns
        .iter()
        .map(|turn| turn.by_kind["user"])
        .collect();
    assert_eq!(users[0], "\"hello\"".len());
    assert!(users.is_sorted() && grown.turns[1].by_kind.contains_key("assistant"));
    let page = growth(
        &recorder,
        &GrowthQuery {
            offset: 2,
            limit: 1,
            agent: None,
        },
    );
    assert_eq!((page.turns.len(), page.total), (1, 4));
    assert_eq!(page.turns[0].miss.as_ref().unwrap().reason, "expired");
}

#[tokio::test]
async fn a_prompt_is_the_sum_of_its_parts() {
    let place = Place::new();
    let recorder = place.open();
    let two = record_growth(&recorder);
    recorder.flush().await;
    let query = GrowthQuery {
        limit: 100,
        ..GrowthQuery::default()
    };
    let grown = growth(&recorder, &query);
    let context = recorder.reader().context(SESSION, None).unwrap().unwrap();
    assert_eq!(context.request_id, grown.turns[3].request_id);
    let sum: usize = context.parts.iter().map(|part| part.bytes).sum();
    assert_eq!(sum, context.bytes);
    let tokens: u64 = context.parts.iter().map(|part| part.estimated_tokens).sum();
    assert!((4300..=4310).contains(&tokens), "{tokens}");
    let second = recorder
        .reader()
        .context(SESSION, Some(&grown.turns[1].request_id))
        .unwrap();
    assert_eq!(second.unwrap().bytes, two.to_string().len());
    assert!(
        recorder
            .reader()
            .context(SESSION, Some("00000000"))
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_page_of_growth_is_compared_with_the_last_turn_that_was_counted() {
    let place = Place::new();
    let recorder = place.open();
    let one = [user("hello"), said("hi"), user("more")];
    sent(claude(&one[..1])).store(&recorder);
    let failed = Sent {
        status: 529,
        ..sent(claude(&one))
    };
    failed.answered(json!({"type": "error"})).store(&recorder);
    sent(claude(&one))
        .answered(usage(10, 2000, 9))
        .store(&recorder);
    recorder.flush().await;
    let page = growth(
        &recorder,
        &GrowthQuery {
            offset: 2,
            limit: 1,
            agent: None,
        },
    );
    assert_eq!((page.turns.len(), page.total), (1, 3));
    assert!(page.turns[0].miss.is_none(), "{:?}", page.turns[0].miss);
}
