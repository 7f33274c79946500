//! How long a provider asks to be left alone, in every form in which that is said: in headers and
//! in bodies of errors. What follows from it is decided elsewhere, bounds included.

use std::time::UNIX_EPOCH;

use http::{HeaderMap, header};
use serde_json::Value;
use weir_wire::ratelimit::moment;

/// Largest error body that is looked into, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// What `retry-after-ms` says, else `retry-after`, in milliseconds from `unix_ms`, which is now.
#[must_use]
pub fn from_headers(headers: &HeaderMap, unix_ms: i64) -> Option<u64> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let ms = text("retry-after-ms").and_then(moment::millis);
    ms.or_else(|| parse(text(header::RETRY_AFTER.as_str())?, unix_ms))
}

/// The value of `retry-after` in milliseconds from `unix_ms`: seconds, with or without a fraction,
/// or an HTTP date. None for anything else, a date that has passed included: it asks for nothing.
#[must_use]
pub fn parse(value: &str, unix_ms: i64) -> Option<u64> {
    if let Some(ms) = moment::seconds(value) {
        return Some(ms);
    }
    let date = httpdate::parse_http_date(value).ok()?;
    let date_ms = i64::try_from(date.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()?;
    ahead(date_ms, unix_ms)
}

/// What the body of an error says, in milliseconds from `unix_ms`: Google's `RetryInfo`, or
/// `resets_in_seconds` or `resets_at` of Codex' backend.
#[must_use]
pub fn from_body(body: &[u8], unix_ms: i64) -> Option<u64> {
    if body.len() > MAX_BODY {
        return None;
    }
    let body: Value = serde_json::from_slice(body).ok()?;
    // Google's streaming calls put the error into an array.
    let error = body.get("error").or_else(|| body.get(0)?.get("error"))?;
    retry_info(error).or_else(|| usage_limit(error, unix_ms))
}

fn retry_info(error: &Value) -> Option<u64> {
    let mut details = error.get("details")?.as_array()?.iter();
    let delay = details.find_map(|detail| {
        let kind = detail.get("@type")?.as_str()?;
        kind.ends_with("google.rpc.RetryInfo")
            .then(|| detail.get("retryDelay"))
            .flatten()
    })?;
    moment::span(delay.as_str()?)
}

fn usage_limit(error: &Value, unix_ms: i64) -> Option<u64> {
    if let Some(seconds) = error.get("resets_in_seconds").and_then(Value::as_u64) {
        return Some(seconds.saturating_mul(1_000).min(moment::MAX_SPAN_MS));
    }
    let at = error.get("resets_at")?.as_i64()?;
    ahead(at.saturating_mul(1_000), unix_ms)
}

fn ahead(at_ms: i64, unix_ms: i64) -> Option<u64> {
    u64::try_from(at_ms.saturating_sub(unix_ms))
        .ok()
        .filter(|ms| *ms > 0)
        .map(|ms| ms.min(moment::MAX_SPAN_MS))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    /// Thu, 01 Jan 2026 18:01:29 GMT.
    const NOW: i64 = 1_767_290_489_000;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn seconds_and_fractions_of_them_are_read() {
        assert_eq!(parse("3", NOW), Some(3_000));
        assert_eq!(parse("0", NOW), Some(0));
        assert_eq!(parse("1.25", NOW), Some(1_250));
        assert_eq!(
            parse("99999999999999999999", NOW),
            Some(moment::MAX_SPAN_MS)
        );
    }

    #[test]
    fn http_dates_are_read_in_all_three_forms() {
        assert_eq!(parse("Thu, 01 Jan 2026 18:01:33 GMT", NOW), Some(4_000));
        assert_eq!(parse("Thursday, 01-Jan-26 18:01:33 GMT", NOW), Some(4_000));
        assert_eq!(parse("Thu Jan  1 18:01:33 2026", NOW), Some(4_000));
    }

    #[test]
    fn garbage_and_dates_that_have_passed_say_nothing() {
        for value in [
            "",
            "soon",
            "-5",
            "1e3",
            "NaN",
            "Thu, 01 Jan 2026 18:01:29 GMT",
            "Mon, 01 Jan 1900 00:00:00 GMT",
        ] {
            assert_eq!(parse(value, NOW), None, "{value}");
        }
    }

    #[test]
    fn milliseconds_go_before_seconds() {
        let both = headers(&[("retry-after", "7"), ("retry-after-ms", "1500")]);
        assert_eq!(from_headers(&both, NOW), Some(1_500));
        let bad = headers(&[("retry-after", " 7 "), ("retry-after-ms", "x")]);
        assert_eq!(from_headers(&bad, NOW), Some(7_000));
        assert_eq!(from_headers(&headers(&[]), NOW), None);
    }

    #[test]
    fn googles_retry_info_is_found_among_the_details() {
        let body = br#"{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": [
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": []},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.07s"}]}}"#;
        assert_eq!(from_body(body, NOW), Some(34_070));
        let wrapped = [b"[".as_slice(), body, b"]"].concat();
        assert_eq!(from_body(&wrapped, NOW), Some(34_070));
    }

    #[test]
    fn a_usage_limits_reset_is_read() {
        let span = br#"{"error": {"type": "usage_limit_reached", "resets_in_seconds": 120}}"#;
        assert_eq!(from_body(span, NOW), Some(120_000));
        let date = br#"{"error": {"type": "usage_limit_reached", "resets_at": 1767290549}}"#;
        assert_eq!(from_body(date, NOW), Some(60_000));
    }

    #[test]
    fn other_bodies_say_nothing() {
        for body in [
            "",
            "[]",
            "null",
            "{",
            r#"{"error": "no"}"#,
            r#"{"error": {"details": [{"@type": "google.rpc.RetryInfo", "retryDelay": 3}]}}"#,
            r#"{"error": {"resets_at": 5}}"#,
        ] {
            assert_eq!(from_body(body.as_bytes(), NOW), None, "{body}");
        }
        assert_eq!(from_body(&vec![b'['; MAX_BODY + 1], NOW), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(value in ".{0,40}", body in "\\PC{0,200}", now in any::<i64>()) {
            let waits = (parse(&value, now), from_body(body.as_bytes(), now));
            prop_assert!(waits.0.is_none_or(|ms| ms <= moment::MAX_SPAN_MS));
        }
    }
}
