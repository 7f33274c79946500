//! What exchanges cost, by the prices in force when they are read.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_core::prices::{Prices, read_prices};
use weir_store::{FigureQuery, Filters, Reader, SummaryQuery};

use crate::support::{Place, exchange};

const CAME: &[u8] = br#"{"id":"msg_1","type":"message","role":"assistant","content":[],"stop_reason":"end_turn","usage":{"input_tokens":1234,"output_tokens":567,"cache_read_input_tokens":89012,"cache_creation_input_tokens":4500,"cache_creation":{"ephemeral_5m_input_tokens":1500,"ephemeral_1h_input_tokens":3000}}}"#;

fn sent(model: &str) -> Vec<u8> {
    format!(r#"{{"model":"{model}","max_tokens":9,"messages":[{{"role":"user","content":"hi"}}]}}"#)
        .into_bytes()
}

fn cost(reader: &Reader, id: &str) -> (Option<f64>, Option<f64>) {
    let log = reader.get(id).unwrap().unwrap();
    (log.summary.cost, log.cost_parts.map(|parts| parts.total))
}

#[tokio::test]
async fn a_known_model_costs_exactly_so_much_and_an_unknown_one_null() {
    let place = Place::new();
    let recorder = place.open();
    let known = exchange(&recorder, &sent("claude-sonnet-4-5-20250929"), CAME);
    let unknown = exchange(&recorder, &sent("claude-of-tomorrow"), CAME);
    let untold = exchange(&recorder, &sent("claude-sonnet-4-5-20250929"), b"{}");
    recorder.flush().await;
    let reader = recorder.reader();
    // (1234*3 + 567*15 + 89012*0.3 + 1500*3.75 + 3000*6) / 1e6
    assert_eq!(
        cost(&reader, &known),
        (Some(0.062_535_6), Some(0.062_535_6))
    );
    assert_eq!(cost(&reader, &unknown), (None, None));
    assert_eq!(cost(&reader, &untold), (None, None));
    let json = serde_json::to_value(reader.get(&unknown).unwrap().unwrap()).unwrap();
    assert!(json["cost"].is_null() && json.get("cost").is_some());
    let json = serde_json::to_value(reader.get(&known).unwrap().unwrap()).unwrap();
    assert_eq!(json["costParts"]["cacheWrite1h"], 0.018);
    assert_eq!(json["costParts"]["cacheWrite5m"], 0.005_625);
    recorder.shutdown().await;
}

#[tokio::test]
async fn another_price_changes_what_was_spent() {
    let place = Place::new();
    let recorder = place.open();
    let id = exchange(&recorder, &sent("claude-of-tomorrow"), CAME);
    recorder.flush().await;
    let own = read_prices("claude-of-tomorrow", "input=0 output=1000").unwrap();
    let prices = Arc::new(Prices::new(own, BTreeMap::new()));
    let reader = recorder.reader().with_prices(move || Arc::clone(&prices));
    assert_eq!(cost(&reader, &id).0, Some(0.567));
    recorder.shutdown().await;
}

/// What an exchange with `model` cost whose answer says this too, by itself and in sums.
async fn cost_of(model: &str, came: &str) -> Option<f64> {
    let place = Place::new();
    let recorder = place.open();
    let id = exchange(&recorder, &sent(model), came.as_bytes());
    recorder.flush().await;
    let reader = recorder.reader();
    let (cost, parts) = cost(&reader, &id);
    assert_eq!(cost, parts);
    let sums = reader.figures(&FigureQuery::between(0, 4_000_000_000_000_000));
    let sums = sums.unwrap().total;
    assert_eq!(sums.cost, cost, "{came}");
    assert_eq!(sums.unpriced, u64::from(cost.is_none()), "{came}");
    let filters = Filters {
        min_cost: Some(0),
        ..Filters::default()
    };
    let query = SummaryQuery {
        filters,
        ..SummaryQuery::default()
    };
    let found = reader.summaries(&query).unwrap().rows;
    assert_eq!(found.len(), usize::from(cost.is_some()), "{came}");
    recorder.shutdown().await;
    cost
}

#[tokio::test]
async fn a_service_tier_and_a_place_cost_what_their_lists_say_and_others_null() {
    let came = String::from_utf8_lossy(CAME);
    let usual = 1234.0 * 5.0 + 567.0 * 25.0 + 89_012.0 * 0.5 + 1500.0 * 6.25 + 3000.0 * 10.0;
    for (said, percent) in [
        (r#""service_tier":"standard""#, Some(100.0)),
        (r#""service_tier":"batch""#, Some(50.0)),
        (r#""service_tier":"priority""#, None),
        (r#""inference_geo":"us""#, Some(110.0)),
        (
            r#""inference_geo":"not_available","speed":"standard""#,
            Some(100.0),
        ),
        (r#""speed":"fast""#, Some(600.0)),
        (r#""speed":"fast","inference_geo":"us""#, Some(660.0)),
    ] {
        let came = came.replace(r#""usage":{"#, &format!(r#""usage":{{{said},"#));
        let cost = cost_of("claude-opus-4-6", &came).await;
        let wanted = percent.map(|percent: f64| usual * percent / 1e8);
        match (cost, wanted) {
            (Some(cost), Some(wanted)) => assert!((cost - wanted).abs() < 1e-12, "{said}: {cost}"),
            (cost, wanted) => assert_eq!(cost, wanted, "{said}"),
        }
    }
}
