use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::*;

const NOW: i64 = 1_767_290_000_000;

fn read(pairs: &[(&str, &str)]) -> Quotas {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    Quotas::from_headers(&headers, NOW)
}

#[test]
fn anthropics_counts_are_read_for_every_dimension() {
    let quotas = read(&[
        ("anthropic-ratelimit-requests-limit", "50"),
        ("anthropic-ratelimit-requests-remaining", "0"),
        ("anthropic-ratelimit-requests-reset", "2026-01-01T18:01:29Z"),
        ("anthropic-ratelimit-tokens-limit", "480000"),
        ("anthropic-ratelimit-input-tokens-remaining", "400000"),
        ("anthropic-ratelimit-output-tokens-limit", "80000"),
    ]);
    let requests = quotas.of(Window::Requests);
    assert_eq!((requests.limit, requests.remaining), (Some(50), Some(0)));
    assert_eq!(requests.resets_at, Some(1_767_290_489_000));
    assert_eq!(quotas.of(Window::Tokens).limit, Some(480_000));
    assert_eq!(quotas.of(Window::Input).remaining, Some(400_000));
    assert_eq!(quotas.of(Window::Output).limit, Some(80_000));
}

#[test]
fn a_subscriptions_windows_and_verdict_are_read() {
    let quotas = read(&[
        ("anthropic-ratelimit-unified-status", "rejected"),
        ("anthropic-ratelimit-unified-reset", "1767290489"),
        (
            "anthropic-ratelimit-unified-representative-claim",
            "five_hour",
        ),
        ("anthropic-ratelimit-unified-overage-status", "rejected"),
        ("anthropic-ratelimit-unified-5h-utilization", "1.02"),
        ("anthropic-ratelimit-unified-5h-status", "rejected"),
        ("anthropic-ratelimit-unified-7d-utilization", "0.41"),
        ("anthropic-ratelimit-unified-7d-reset", "1767790489"),
        ("anthropic-ratelimit-unified-7d_sonnet-utilization", "0.9"),
        ("anthropic-ratelimit-unified-5h-surpassed-threshold", "0.9"),
    ]);
    assert_eq!(quotas.status, Some(Status::Rejected));
    assert_eq!(quotas.overage, Some(Status::Rejected));
    assert_eq!(quotas.claim, Some(Claim::FiveHour));
    assert_eq!(quotas.resets_at, Some(1_767_290_489_000));
    let five = quotas.of(Window::FiveHour);
    assert_eq!(
        (five.used, five.status),
        (Some(1.0), Some(Status::Rejected))
    );
    let week = quotas.of(Window::SevenDay);
    assert_eq!(
        (week.used, week.resets_at),
        (Some(0.41), Some(1_767_790_489_000))
    );
}

#[test]
fn a_claim_on_some_models_is_told_from_one_on_the_account() {
    let claim = |text| read(&[("anthropic-ratelimit-unified-representative-claim", text)]).claim;
    assert_eq!(claim("seven_day"), Some(Claim::SevenDay));
    assert_eq!(claim("seven_day_opus"), Some(Claim::Models));
    assert_eq!(claim("overage"), Some(Claim::Other));
}

#[test]
fn openais_counts_and_spans_are_read() {
    let quotas = read(&[
        ("x-ratelimit-limit-requests", "10000"),
        ("x-ratelimit-remaining-requests", "9999"),
        ("x-ratelimit-reset-requests", "20ms"),
        ("x-ratelimit-limit-tokens", "30000"),
        ("x-ratelimit-reset-tokens", "6m0s"),
        ("x-ratelimit-limit-input-images", "250000"),
    ]);
    let requests = quotas.of(Window::Requests);
    assert_eq!(
        (requests.limit, requests.remaining),
        (Some(10_000), Some(9_999))
    );
    assert_eq!(requests.resets_at, Some(NOW + 20));
    assert_eq!(quotas.of(Window::Tokens).limit, Some(30_000));
    assert_eq!(quotas.of(Window::Tokens).resets_at, Some(NOW + 360_000));
}

#[test]
fn what_other_providers_make_of_openais_names_is_read_too() {
    let quotas = read(&[
        ("x-ratelimit-limit", "20"),
        ("x-ratelimit-remaining", "3"),
        ("x-ratelimit-reset", "1767290489000"),
        ("x-ratelimit-limit-tokens-minute", "500000"),
        ("x-ratelimit-reset-tokens", "7"),
    ]);
    let requests = quotas.of(Window::Requests);
    assert_eq!((requests.limit, requests.remaining), (Some(20), Some(3)));
    assert_eq!(requests.resets_at, Some(1_767_290_489_000));
    assert_eq!(quotas.of(Window::Tokens).limit, Some(500_000));
    assert_eq!(quotas.of(Window::Tokens).resets_at, Some(NOW + 7_000));
}

#[test]
fn codex_windows_are_read_and_a_span_goes_before_a_date() {
    let quotas = read(&[
        ("x-codex-primary-used-percent", "37.5"),
        ("x-codex-primary-window-minutes", "300"),
        ("x-codex-primary-reset-after-seconds", "90"),
        ("x-codex-primary-reset-at", "1767290489"),
        ("x-codex-secondary-used-percent", "110"),
        ("x-codex-secondary-reset-at", "1767790489"),
        ("x-codex-credits-balance", "5"),
    ]);
    let primary = quotas.of(Window::CodexPrimary);
    assert_eq!(primary.used, Some(0.375));
    assert_eq!(primary.length_ms, Some(300 * 60_000));
    assert_eq!(primary.resets_at, Some(NOW + 90_000));
    let secondary = quotas.of(Window::CodexSecondary);
    assert_eq!(secondary.used, Some(1.0));
    assert_eq!(secondary.resets_at, Some(1_767_790_489_000));
}

#[test]
fn what_is_malformed_is_skipped_and_a_limit_of_zero_is_none() {
    let quotas = read(&[
        ("anthropic-ratelimit-requests-limit", "0"),
        ("anthropic-ratelimit-requests-remaining", "-1"),
        ("anthropic-ratelimit-requests-reset", "soon"),
        ("anthropic-ratelimit-unified-5h-utilization", "NaN"),
        ("anthropic-ratelimit-unified-status", "unheard of"),
        ("anthropic-ratelimit-", "1"),
        ("x-codex-primary-window-minutes", "0"),
        ("x-codex-", "1"),
    ]);
    assert!(quotas.is_empty());
}

#[test]
fn each_window_has_its_place() {
    for (index, window) in Window::ALL.into_iter().enumerate() {
        assert_eq!(window.index(), index);
    }
}

proptest! {
    #[test]
    fn no_header_panics(
        pairs in proptest::collection::vec(
            (
                "(anthropic-ratelimit|x-ratelimit|x-codex)-[a-z0-9-]{0,30}",
                proptest::collection::vec(any::<u8>(), 0..20),
            ),
            0..10,
        ),
        now in any::<i64>(),
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            if let (Ok(name), Ok(value)) =
                (name.parse::<HeaderName>(), HeaderValue::from_bytes(&value))
            {
                headers.append(name, value);
            }
        }
        let quotas = Quotas::from_headers(&headers, now);
        for window in Window::ALL {
            let stated = quotas.of(window);
            prop_assert!(stated.used.is_none_or(|used| (0.0..=1.0).contains(&used)));
            prop_assert!(stated.limit != Some(0));
        }
    }
}
