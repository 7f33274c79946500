//! Rate limits as a response's headers state them, as text for the record; [`quota`] has them as
//! numbers. It only reads: what they mean for routing is decided elsewhere.

pub mod moment;
pub mod quota;

use std::collections::BTreeMap;

use http::HeaderMap;
use serde::Serialize;

/// Most limits whose names are not known that are kept from one response.
const MAX_OTHER: usize = 64;
/// Longest header value that is kept, in bytes.
const MAX_VALUE: usize = 256;

/// The limits that one response states; what it does not state is absent, and a zero is a zero.
///
/// Resets are kept as text, as the provider spells them: RFC 3339 in Anthropic's plain limits,
/// Unix seconds in its unified ones, spans like `6m0s` with OpenAI. Utilizations and the fallback
/// percentage are fractions of one.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RateLimitInfo {
    /// `anthropic-organization-id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
    /// `anthropic-ratelimit-requests-limit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_limit: Option<u64>,
    /// `anthropic-ratelimit-requests-remaining`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_remaining: Option<u64>,
    /// `anthropic-ratelimit-requests-reset`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests_reset: Option<String>,
    /// `anthropic-ratelimit-tokens-limit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_limit: Option<u64>,
    /// `anthropic-ratelimit-tokens-remaining`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_remaining: Option<u64>,
    /// `anthropic-ratelimit-tokens-reset`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_reset: Option<String>,
    /// `anthropic-ratelimit-input-tokens-limit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens_limit: Option<u64>,
    /// `anthropic-ratelimit-input-tokens-remaining`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens_remaining: Option<u64>,
    /// `anthropic-ratelimit-input-tokens-reset`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens_reset: Option<String>,
    /// `anthropic-ratelimit-output-tokens-limit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens_limit: Option<u64>,
    /// `anthropic-ratelimit-output-tokens-remaining`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens_remaining: Option<u64>,
    /// `anthropic-ratelimit-output-tokens-reset`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens_reset: Option<String>,
    /// `anthropic-ratelimit-unified-status`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unified_status: Option<String>,
    /// `anthropic-ratelimit-unified-5h-utilization`.
    #[serde(
        rename = "unifiedUtilization5h",
        skip_serializing_if = "Option::is_none"
    )]
    pub unified_utilization_5h: Option<f64>,
    /// `anthropic-ratelimit-unified-5h-reset`.
    #[serde(rename = "unifiedReset5h", skip_serializing_if = "Option::is_none")]
    pub unified_reset_5h: Option<String>,
    /// `anthropic-ratelimit-unified-7d-utilization`.
    #[serde(
        rename = "unifiedUtilization7d",
        skip_serializing_if = "Option::is_none"
    )]
    pub unified_utilization_7d: Option<f64>,
    /// `anthropic-ratelimit-unified-7d-reset`.
    #[serde(rename = "unifiedReset7d", skip_serializing_if = "Option::is_none")]
    pub unified_reset_7d: Option<String>,
    /// `anthropic-ratelimit-unified-fallback-percentage`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unified_fallback_percentage: Option<f64>,
    /// `anthropic-ratelimit-unified-overage-status`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unified_overage_status: Option<String>,
    /// `anthropic-ratelimit-unified-representative-claim`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unified_representative_claim: Option<String>,
    /// `retry-after` as sent: seconds or a date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<String>,
    /// Other `anthropic-ratelimit-unified-*` headers, by what follows that prefix.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unified: BTreeMap<String, String>,
    /// Every other limit: `x-ratelimit-*`, `x-codex-*`, `retry-after-ms` and the
    /// `anthropic-ratelimit-*` headers not named above, by their whole name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub other: BTreeMap<String, String>,
}

/// Where a header's value goes.
enum Field<'a> {
    Text(&'a mut Option<String>),
    Count(&'a mut Option<u64>),
    Fraction(&'a mut Option<f64>),
}

impl RateLimitInfo {
    /// Reads a response's headers; none when they state no limit, so that a good reading is never
    /// replaced by an empty one. A malformed number is skipped.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut info = Self::default();
        for (name, value) in headers {
            if let Some(value) = value.to_str().ok().filter(|value| value.len() <= MAX_VALUE) {
                info.header(name.as_str(), value.trim());
            }
        }
        (info != Self::default()).then_some(info)
    }

    fn header(&mut self, name: &str, value: &str) {
        match self.field(name) {
            Some(Field::Text(field)) => *field = Some(value.to_owned()),
            Some(Field::Count(field)) => *field = value.parse().ok().or(*field),
            Some(Field::Fraction(field)) => {
                let number = value.parse().ok().filter(|number: &f64| number.is_finite());
                *field = number.or(*field);
            }
            None => self.unnamed(name, value),
        }
    }

    fn unnamed(&mut self, name: &str, value: &str) {
        if let Some(limit) = name.strip_prefix("anthropic-ratelimit-unified-") {
            insert(&mut self.unified, limit, value);
            return;
        }
        let prefixes = ["anthropic-ratelimit-", "x-ratelimit-", "x-codex-"];
        if name == "retry-after-ms" || prefixes.iter().any(|prefix| name.starts_with(prefix)) {
            insert(&mut self.other, name, value);
        }
    }

    /// The field of a header that has one.
    fn field(&mut self, name: &str) -> Option<Field<'_>> {
        if let Some(limit) = name.strip_prefix("anthropic-ratelimit-") {
            return self.limit_field(limit);
        }
        match name {
            "anthropic-organization-id" => Some(Field::Text(&mut self.organization_id)),
            "retry-after" => Some(Field::Text(&mut self.retry_after)),
            _ => None,
        }
    }

    /// The field of an `anthropic-ratelimit-*` header, by what follows that prefix.
    fn limit_field(&mut self, limit: &str) -> Option<Field<'_>> {
        use Field::{Count, Fraction, Text};
        Some(match limit {
            "requests-limit" => Count(&mut self.requests_limit),
            "requests-remaining" => Count(&mut self.requests_remaining),
            "requests-reset" => Text(&mut self.requests_reset),
            "tokens-limit" => Count(&mut self.tokens_limit),
            "tokens-remaining" => Count(&mut self.tokens_remaining),
            "tokens-reset" => Text(&mut self.tokens_reset),
            "input-tokens-limit" => Count(&mut self.input_tokens_limit),
            "input-tokens-remaining" => Count(&mut self.input_tokens_remaining),
            "input-tokens-reset" => Text(&mut self.input_tokens_reset),
            "output-tokens-limit" => Count(&mut self.output_tokens_limit),
            "output-tokens-remaining" => Count(&mut self.output_tokens_remaining),
            "output-tokens-reset" => Text(&mut self.output_tokens_reset),
            "unified-status" => Text(&mut self.unified_status),
            "unified-5h-utilization" => Fraction(&mut self.unified_utilization_5h),
            "unified-5h-reset" => Text(&mut self.unified_reset_5h),
            "unified-7d-utilization" => Fraction(&mut self.unified_utilization_7d),
            "unified-7d-reset" => Text(&mut self.unified_reset_7d),
            "unified-fallback-percentage" => Fraction(&mut self.unified_fallback_percentage),
            "unified-overage-status" => Text(&mut self.unified_overage_status),
            "unified-representative-claim" => Text(&mut self.unified_representative_claim),
            _ => return None,
        })
    }
}

fn insert(map: &mut BTreeMap<String, String>, name: &str, value: &str) {
    if map.len() < MAX_OTHER {
        map.insert(name.to_owned(), value.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};
    use serde_json::{Value, json};

    use super::RateLimitInfo;

    fn read(pairs: &[(&str, &str)]) -> Value {
        let headers: HeaderMap = pairs
            .iter()
            .map(|(name, value)| {
                (
                    name.parse::<HeaderName>().unwrap(),
                    HeaderValue::from_str(value).unwrap(),
                )
            })
            .collect();
        serde_json::to_value(RateLimitInfo::from_headers(&headers)).unwrap()
    }

    #[test]
    fn plain_limits_are_read_and_zeros_kept() {
        let info = read(&[
            ("Anthropic-RateLimit-Requests-Limit", "4000"),
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", "2026-01-01T18:01:29Z"),
            ("anthropic-ratelimit-input-tokens-remaining", "7"),
            ("anthropic-ratelimit-unified-5h-utilization", "0.0"),
            ("anthropic-organization-id", "org"),
            ("retry-after", "12"),
            ("content-type", "text/plain"),
        ]);
        assert_eq!(
            info,
            json!({"requestsLimit": 4000, "requestsRemaining": 0,
                "requestsReset": "2026-01-01T18:01:29Z", "inputTokensRemaining": 7,
                "unifiedUtilization5h": 0.0, "organizationId": "org", "retryAfter": "12"})
        );
    }

    #[test]
    fn windows_that_are_not_known_are_kept() {
        let info = read(&[
            ("anthropic-ratelimit-unified-status", "allowed_warning"),
            ("anthropic-ratelimit-unified-7d-utilization", "0.81"),
            ("anthropic-ratelimit-unified-7d-reset", "1767290489"),
            ("anthropic-ratelimit-unified-7d_oi-utilization", "0.4"),
            ("anthropic-ratelimit-unified-overage-in-use", "false"),
            ("anthropic-ratelimit-images-limit", "5"),
        ]);
        assert_eq!(
            info,
            json!({"unifiedStatus": "allowed_warning", "unifiedUtilization7d": 0.81,
                "unifiedReset7d": "1767290489",
                "unified": {"7d_oi-utilization": "0.4", "overage-in-use": "false"},
                "other": {"anthropic-ratelimit-images-limit": "5"}})
        );
    }

    #[test]
    fn openais_limits_are_kept_by_name() {
        let info = read(&[
            ("x-ratelimit-reset-tokens", "6m0s"),
            ("x-codex-primary-used-percent", "3"),
        ]);
        assert_eq!(
            info,
            json!({"other": {"x-ratelimit-reset-tokens": "6m0s", "x-codex-primary-used-percent": "3"}})
        );
    }

    #[test]
    fn nothing_stated_is_nothing() {
        assert_eq!(
            read(&[("date", "today"), ("x-request-id", "1")]),
            Value::Null
        );
        assert_eq!(
            read(&[("anthropic-ratelimit-tokens-limit", "many")]),
            Value::Null
        );
        assert_eq!(
            read(&[("anthropic-ratelimit-unified-5h-utilization", "NaN")]),
            Value::Null
        );
    }
}
