//! An error as each service says it: its body, and the headers that name its kind.

use serde_json::{Value, json};
use weir_wire::dialect::Dialect;

use crate::clock;
use crate::headers::Fields;
use crate::scenario::Scenario;
use crate::service::{Host, Service};

/// An error as a service says it.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    /// Anthropic's and OpenAI's `type`, OpenAI's `code`, Gemini's `status`, Bedrock's exception;
    /// empty takes what fits the status.
    pub(crate) kind: String,
    pub(crate) message: String,
    /// Seconds after which to come back, as far as a body says so.
    wait: Option<String>,
}

impl Failure {
    /// What a scenario describes: `status=`, `type=`, `message=`.
    pub(crate) fn of(scenario: &Scenario, status: u16) -> Self {
        let word = |key: &str| scenario.get(key).unwrap_or_default().to_owned();
        let wait = scenario.get("retry_after");
        let is_number = |text: &&str| text.parse::<f64>().is_ok();
        Self {
            status,
            kind: word("type"),
            message: word("message"),
            wait: wait.filter(is_number).map(str::to_owned),
        }
    }

    pub(crate) fn new(status: u16, message: &str) -> Self {
        Self {
            status,
            kind: String::new(),
            message: message.to_owned(),
            wait: None,
        }
    }

    pub(crate) fn message(&self) -> String {
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
            502 => "Bad gateway",
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
        let message = self.message();
        if self.kind == "usage_limit_reached" {
            // What a ChatGPT subscription says to Codex.
            let wait = self
                .wait
                .as_deref()
                .unwrap_or("60")
                .parse()
                .unwrap_or(60_u64);
            return json!({"error": {"type": self.kind, "message": message, "plan_type": "plus",
                "resets_at": clock::now().saturating_add(wait), "resets_in_seconds": wait}});
        }
        let kind = if self.kind.is_empty() {
            kind
        } else {
            &self.kind
        };
        json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
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
            let wait = format!("{}s", self.wait.as_deref().unwrap_or("1"));
            let details = json!([
                {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [
                    {"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}]},
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": wait},
            ]);
            fields.insert("details".to_owned(), details);
        }
        json!({ "error": error })
    }

    /// The exception's name on Bedrock, spelled as for a stream.
    pub(crate) fn exception(&self) -> String {
        if !self.kind.is_empty() {
            return self.kind.clone();
        }
        match self.status {
            400 | 405 | 413 | 422 => "validationException",
            401 | 403 => "accessDeniedException",
            404 => "resourceNotFoundException",
            408 | 504 => "modelTimeoutException",
            424 => "modelStreamErrorException",
            429 => "throttlingException",
            503 | 529 => "serviceUnavailableException",
            _ => "internalServerException",
        }
        .to_owned()
    }

    /// The error body of a service, spaced as it does it, with the header that goes with it.
    pub(crate) fn body(&self, service: Service, headers: &mut Fields) -> String {
        let pretty = |value: &Value| {
            serde_json::to_string_pretty(value).expect("a JSON value can be written") + "\n"
        };
        match (service.host, service.dialect) {
            (Host::Bedrock, _) => {
                let name = capitalised(&self.exception());
                let home = "http://internal.amazon.com/coral/com.amazon.bedrock/";
                let kind = format!("{name}:{home}");
                headers.push(("x-amzn-ErrorType".to_owned(), kind));
                json!({"message": self.message()}).to_string()
            }
            // The model's own refusals are Anthropic's, the platform's are Google's.
            (Host::Vertex, _) if matches!(self.status, 401 | 403 | 404 | 429 | 500..=504) => {
                pretty(&self.gemini())
            }
            (_, Dialect::AnthropicMessages) => {
                let id = headers.iter().find(|(name, _)| name == "request-id");
                self.anthropic(id.map_or("", |(_, value)| value))
                    .to_string()
            }
            (_, Dialect::OpenaiChat | Dialect::OpenaiResponses) => pretty(&self.openai()),
            (_, Dialect::Gemini) => pretty(&self.gemini()),
        }
    }
}

fn capitalised(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}
