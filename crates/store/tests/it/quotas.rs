//! What providers say of quotas is kept when it changes, and not more than once a minute.

use crate::support::{Place, Recorder, headers, now_us, request, response};

fn told(recorder: &Recorder, fields: &[(&'static str, &str)]) {
    let request = request("{}");
    let mut response = response(request.id, "{}");
    response.headers = headers(fields);
    recorder.started(Box::new(request));
    recorder.finished(Box::new(response));
}

#[tokio::test]
async fn readings_of_each_window_are_kept_and_thinned() {
    let place = Place::new();
    let recorder = place.open();
    for used in ["0.25", "0.26", "0.27"] {
        told(
            &recorder,
            &[
                ("anthropic-organization-id", "org-1"),
                ("anthropic-ratelimit-unified-5h-utilization", used),
                ("anthropic-ratelimit-unified-5h-reset", "1893456000"),
                ("anthropic-ratelimit-requests-limit", "4000"),
                ("anthropic-ratelimit-requests-remaining", "3000"),
            ],
        );
    }
    told(&recorder, &[("content-type", "text/plain")]);
    recorder.flush().await;
    let now = now_us();
    let ask = |provider| {
        let between = (now - 60_000_000, now + 60_000_000);
        recorder.reader().quota_history(between, provider).unwrap()
    };
    let series = ask(None);
    let windows: Vec<_> = series.iter().map(|one| one.window.as_str()).collect();
    assert_eq!(windows, ["5h", "requests"]);
    let (five, requests) = (&series[0], &series[1]);
    assert_eq!(
        (five.provider.as_str(), five.organization.as_str()),
        ("anthropic", "org-1")
    );
    assert!(!five.key.is_empty(), "the digest of the client's own");
    assert_eq!(five.points.len(), 1, "at most one a minute");
    assert_eq!(five.points[0].utilization, Some(0.25));
    assert_eq!(
        five.points[0].reset.as_deref(),
        Some("2030-01-01T00:00:00.000Z")
    );
    assert_eq!(requests.points[0].utilization, Some(0.25));
    assert_eq!(
        (requests.points[0].remaining, requests.points[0].limit),
        (Some(3000), Some(4000))
    );
    assert_eq!(ask(Some("anthropic")), series);
    assert_eq!(ask(Some("other")), []);
    recorder.shutdown().await;
}
