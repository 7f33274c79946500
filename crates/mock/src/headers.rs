//! The response headers and error bodies of each service, with ids that are the same in every run.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use weir_wire::dialect::Dialect;

use crate::ids::Random;
use crate::scenario::Scenario;

/// Header fields in the order they are sent.
pub(crate) type Fields = Vec<(String, String)>;

/// When the limits of a scenario begin anew, unless it says otherwise: 2030-01-01.
const RESET: u64 = 1_893_456_000;

/// What every answer of a service carries. `kind` is the content type.
pub(crate) fn service(dialect: Dialect, kind: &str, random: &mut Random) -> Fields {
    let mut fields = Vec::new();
    let mut add = |name: &str, value: &str| fields.push((name.to_owned(), value.to_owned()));
    add("Date", &httpdate::fmt_http_date(SystemTime::now()));
    add("Content-Type", kind);
    let is_stream = kind.starts_with("text/event-stream");
    match dialect {
        Dialect::AnthropicMessages => {
            add("Connection", "keep-alive");
            if is_stream {
                add("Cache-Control", "no-cache");
            }
            add("request-id", &format!("req_011C{}", random.base62(20)));
            add(
                "anthropic-organization-id",
                "6f1d3c1e-0b5a-4c86-9f6e-2d7c1b1a9e42",
            );
            add("via", "1.1 google");
            add("x-robots-tag", "none");
        }
        Dialect::OpenaiChat | Dialect::OpenaiResponses => {
            add("Connection", "keep-alive");
            add("openai-version", "2020-10-01");
            add("openai-organization", "user-mock");
            add("openai-project", "proj_mock");
            add(
                "openai-processing-ms",
                &(100 + random.below(900)).to_string(),
            );
            add("x-request-id", &format!("req_{}", random.hex(32)));
            add("x-content-type-options", "nosniff");
        }
        Dialect::Gemini => {
            if is_stream {
                add("Content-Disposition", "attachment");
            }
            for value in ["Origin", "Referer", "X-Origin"] {
                add("Vary", value);
            }
            add("Server", "scaffolding on HTTPServer2");
            add("X-XSS-Protection", "0");
            add("X-Frame-Options", "SAMEORIGIN");
            add("X-Content-Type-Options", "nosniff");
            add(
                "Server-Timing",
                &format!("gfet4t7; dur={}", 100 + random.below(900)),
            );
            return fields;
        }
    }
    add(
        "strict-transport-security",
        "max-age=31536000; includeSubDomains; preload",
    );
    add("Server", "cloudflare");
    add("cf-cache-status", "DYNAMIC");
    add("CF-RAY", &format!("{}-MRS", random.hex(16)));
    fields
}

/// The rate-limit headers that a scenario asks for with `limits=full|zero|unified|rejected|none`.
pub(crate) fn limits(dialect: Dialect, scenario: &Scenario, fields: &mut Fields) {
    let failing = matches!(scenario.name.as_str(), "429" | "rate_limit");
    let mode = scenario
        .get("limits")
        .unwrap_or(if failing { "zero" } else { "full" });
    if mode == "none" {
        return;
    }
    let reset = reset(scenario);
    match dialect {
        Dialect::AnthropicMessages => anthropic_limits(mode, reset, fields),
        Dialect::OpenaiChat | Dialect::OpenaiResponses => openai_limits(mode, fields),
        Dialect::Gemini => {}
    }
}

/// `reset=` as Unix seconds or, with a plus sign, as seconds from now.
fn reset(scenario: &Scenario) -> u64 {
    let given = scenario.get("reset").unwrap_or_default();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| time.as_secs());
    match given.strip_prefix('+') {
        Some(later) => now + later.parse().unwrap_or(0_u64),
        None => given.parse().unwrap_or(RESET),
    }
}

fn anthropic_limits(mode: &str, reset: u64, fields: &mut Fields) {
    let mut add = |name: &str, value: String| {
        fields.push((format!("anthropic-ratelimit-{name}"), value));
    };
    let is_zero = mode == "zero";
    if matches!(mode, "full" | "zero" | "all") {
        let kinds = [
            ("requests", 4000),
            ("tokens", 480_000),
            ("input-tokens", 400_000),
            ("output-tokens", 80_000),
        ];
        for (kind, limit) in kinds {
            let left = if is_zero { 0 } else { limit - 1 };
            add(&format!("{kind}-limit"), limit.to_string());
            add(&format!("{kind}-remaining"), left.to_string());
            add(&format!("{kind}-reset"), rfc3339(reset));
        }
    }
    if matches!(mode, "zero" | "unified" | "rejected" | "warning" | "all") {
        let (status, five, seven) = match mode {
            "rejected" => ("rejected", "1.0", "0.62"),
            "warning" => ("allowed_warning", "0.91", "0.62"),
            "zero" => ("allowed", "0.0", "0.0"),
            _ => ("allowed", "0.25", "0.5"),
        };
        add("unified-status", status.to_owned());
        add("unified-5h-status", status.to_owned());
        add("unified-5h-reset", reset.to_string());
        add("unified-5h-utilization", five.to_owned());
        add("unified-7d-status", "allowed".to_owned());
        add("unified-7d-reset", (reset + 500_000).to_string());
        add("unified-7d-utilization", seven.to_owned());
        add("unified-representative-claim", "five_hour".to_owned());
        add(
            "unified-fallback-percentage",
            if is_zero { "0.0" } else { "0.5" }.to_owned(),
        );
        add("unified-reset", reset.to_string());
        add("unified-overage-status", "rejected".to_owned());
        add(
            "unified-overage-disabled-reason",
            "org_level_disabled".to_owned(),
        );
    }
}

fn openai_limits(mode: &str, fields: &mut Fields) {
    let is_zero = matches!(mode, "zero" | "rejected");
    let left = |limit: u64| if is_zero { 0 } else { limit - 1 }.to_string();
    for (name, value) in [
        ("limit-requests", "5000".to_owned()),
        ("limit-tokens", "800000".to_owned()),
        ("remaining-requests", left(5000)),
        ("remaining-tokens", left(800_000)),
        ("reset-requests", "12ms".to_owned()),
        (
            "reset-tokens",
            if is_zero { "6m0s" } else { "0s" }.to_owned(),
        ),
    ] {
        fields.push((format!("x-ratelimit-{name}"), value));
    }
}

/// Unix seconds as RFC 3339 text in UTC.
fn rfc3339(unix: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_secs(unix);
    let date = httpdate::fmt_http_date(time); // "Tue, 01 Jan 2030 00:00:00 GMT"
    let words: Vec<&str> = date.split(' ').collect();
    let [_, day, month, year, clock, _] = words.as_slice() else {
        return date;
    };
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let month = MONTHS.find(month).unwrap_or(0) / 3 + 1;
    format!("{year}-{month:02}-{day}T{clock}Z")
}

/// An error as a service says it.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    /// Anthropic's and OpenAI's `type`, OpenAI's `code`, Gemini's `status`; empty takes what fits
    /// the status.
    pub(crate) kind: String,
    pub(crate) message: String,
}

impl Failure {
    /// What a scenario describes: `status=`, `type=`, `message=`.
    pub(crate) fn of(scenario: &Scenario, status: u16) -> Self {
        let word = |key: &str| scenario.get(key).unwrap_or_default().to_owned();
        Self {
            status,
            kind: word("type"),
            message: word("message"),
        }
    }

    pub(crate) fn new(status: u16, message: &str) -> Self {
        Self {
            status,
            kind: String::new(),
            message: message.to_owned(),
        }
    }

    fn message(&self) -> String {
        if !self.message.is_empty() {
            return self.message.clone();
        }
        match self.status {
            400 => "The request is not valid.",
            401 => "invalid x-api-key",
            402 => "Your credit balance is too low.",
            403 => "Your API key does not have permission to use the specified resource.",
            404 => "Not found",
            413 => "Request exceeds the maximum allowed number of bytes.",
            429 => "This request would exceed your account's rate limit. Please try again later.",
            503 => "The service is unavailable.",
            504 => "Deadline exceeded.",
            529 => "Overloaded",
            _ => "Internal server error",
        }
        .to_owned()
    }

    pub(crate) fn anthropic(&self, request_id: &str) -> Value {
        let kind = match self.status {
            _ if !self.kind.is_empty() => self.kind.as_str(),
            400 | 405 | 422 => "invalid_request_error",
            401 => "authentication_error",
            402 => "billing_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            504 => "timeout_error",
            529 => "overloaded_error",
            _ => "api_error",
        };
        json!({
            "type": "error",
            "error": {"type": kind, "message": self.message()},
            "request_id": request_id,
        })
    }

    pub(crate) fn openai(&self) -> Value {
        let (kind, code) = match self.status {
            401 => ("invalid_request_error", json!("invalid_api_key")),
            404 => ("invalid_request_error", json!("model_not_found")),
            429 => ("requests", json!("rate_limit_exceeded")),
            500.. => ("server_error", Value::Null),
            _ => ("invalid_request_error", Value::Null),
        };
        let kind = if self.kind.is_empty() {
            kind
        } else {
            &self.kind
        };
        json!({"error": {"message": self.message(), "type": kind, "param": null, "code": code}})
    }

    pub(crate) fn gemini(&self) -> Value {
        let status = match self.status {
            _ if !self.kind.is_empty() => self.kind.as_str(),
            400 => "INVALID_ARGUMENT",
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            429 => "RESOURCE_EXHAUSTED",
            503 | 529 => "UNAVAILABLE",
            504 => "DEADLINE_EXCEEDED",
            _ => "INTERNAL",
        };
        let mut error = json!({"code": self.status, "message": self.message(), "status": status});
        if let (429, Some(fields)) = (self.status, error.as_object_mut()) {
            let details = json!([
                {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [
                    {"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]},
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"},
            ]);
            fields.insert("details".to_owned(), details);
        }
        json!({ "error": error })
    }

    /// The error body of a dialect, spaced as the service does it.
    pub(crate) fn body(&self, dialect: Dialect, request_id: &str) -> String {
        let pretty = |value: &Value| {
            serde_json::to_string_pretty(value).expect("a JSON value can be written") + "\n"
        };
        match dialect {
            Dialect::AnthropicMessages => self.anthropic(request_id).to_string(),
            Dialect::OpenaiChat | Dialect::OpenaiResponses => pretty(&self.openai()),
            Dialect::Gemini => pretty(&self.gemini()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resets_are_written_as_rfc3339() {
        assert_eq!(rfc3339(RESET), "2030-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_700_000_000), "2023-11-14T22:13:20Z");
    }
}
