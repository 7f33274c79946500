//! Errors in the disguise of a good answer: the beginning of a 200 is read until it is plain
//! whether it is one.

use bytes::Bytes;
use serde_json::Value;

use crate::dialect::Dialect;
use crate::sse::Splitter;

/// Bytes that are read at most; what says nothing by then is an answer.
const MAX_LOOK: usize = 16 * 1024;

/// What the beginning of a body says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Nothing yet: comments, pings, half an event.
    Pending,
    /// It is an answer.
    Commit,
    /// It is an error.
    Error {
        /// The status that it stands for.
        status: u16,
        /// The error as a body in the dialect.
        body: Bytes,
    },
}

/// Reads the beginning of a body.
#[derive(Debug)]
pub struct FirstEvent {
    dialect: Dialect,
    splitter: Splitter,
    /// A plain body as far as it came.
    plain: Option<Vec<u8>>,
    /// Whether anything but white space came.
    begun: bool,
    seen: usize,
    judged: bool,
}

impl FirstEvent {
    /// At the start of a body.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            splitter: Splitter::with_max_event(2 * MAX_LOOK),
            plain: None,
            begun: false,
            seen: 0,
            judged: false,
        }
    }

    /// Takes the next bytes. After anything but `Pending` it has nothing more to say.
    pub fn push(&mut self, piece: &[u8]) -> Judgement {
        if self.judged {
            return Judgement::Commit;
        }
        self.seen += piece.len();
        if !self.begun
            && let Some(first) = piece.trim_ascii_start().first()
        {
            self.begun = true;
            self.plain = matches!(first, b'{' | b'[').then(Vec::new);
        }
        let judgement = match &mut self.plain {
            Some(body) if body.is_empty() && !may_be_an_error(piece) => Judgement::Commit,
            Some(body) => {
                body.extend_from_slice(piece);
                plain(self.dialect, body)
            }
            None => self.events(piece),
        };
        let judgement = match judgement {
            Judgement::Pending if self.seen >= MAX_LOOK => Judgement::Commit,
            other => other,
        };
        self.judged = judgement != Judgement::Pending;
        judgement
    }

    fn events(&mut self, piece: &[u8]) -> Judgement {
        let mut judgement = Judgement::Pending;
        let dialect = self.dialect;
        self.splitter.push(piece, |event| {
            if judgement == Judgement::Pending {
                judgement = judge(dialect, event.name, event.data);
            }
        });
        judgement
    }
}

/// A plain body whose first member is an error. Anything else is an answer as soon as that shows.
fn plain(dialect: Dialect, body: &[u8]) -> Judgement {
    if !may_be_an_error(body) {
        return Judgement::Commit;
    }
    // What follows the value may not have come yet, so it says nothing.
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<Value>();
    match values.next() {
        Some(Ok(value)) => error_in(dialect, &value).unwrap_or(Judgement::Commit),
        Some(Err(fault)) if !fault.is_eof() => Judgement::Commit,
        Some(Err(_)) | None => Judgement::Pending,
    }
}

/// Whether a body begins as an error does, as far as it is there.
fn may_be_an_error(body: &[u8]) -> bool {
    let begins = |text: &[u8]| {
        body.iter()
            .filter(|byte| !byte.is_ascii_whitespace() && **byte != b'[')
            .zip(text)
            .all(|(byte, expected)| byte == expected)
    };
    begins(b"{\"error\":{") || begins(b"{\"type\":\"error\"")
}

fn judge(dialect: Dialect, name: &[u8], data: &[u8]) -> Judgement {
    if name == b"ping" || name == b"keepalive" || data.is_empty() {
        return Judgement::Pending;
    }
    if data == b"[DONE]" {
        return Judgement::Commit;
    }
    let Ok(event) = serde_json::from_slice::<Value>(data) else {
        return Judgement::Commit;
    };
    if matches!(event["type"].as_str(), Some("ping" | "keepalive")) {
        return Judgement::Pending;
    }
    error_in(dialect, &event).unwrap_or(Judgement::Commit)
}

/// The error that a JSON value is, if it is one.
fn error_in(dialect: Dialect, value: &Value) -> Option<Judgement> {
    let value = value
        .as_array()
        .and_then(|all| all.first())
        .unwrap_or(value);
    let kind = value["type"].as_str().unwrap_or_default();
    let error = match dialect {
        Dialect::OpenaiResponses if kind == "error" && !value["error"].is_object() => value,
        Dialect::OpenaiResponses if kind == "response.failed" => &value["response"]["error"],
        _ => &value["error"],
    };
    if !error.is_object() {
        return None;
    }
    let status = status(error);
    let body = match dialect {
        Dialect::AnthropicMessages if kind == "error" => value.to_string(),
        Dialect::AnthropicMessages => {
            serde_json::json!({"type": "error", "error": error}).to_string()
        }
        _ => serde_json::json!({"error": error}).to_string(),
    };
    Some(Judgement::Error {
        status,
        body: body.into(),
    })
}

/// The status that an error stands for: what it says itself, or what its type does.
pub(crate) fn status(error: &Value) -> u16 {
    let numbers = [&error["code"], &error["status"], &error["status_code"]];
    let number = numbers.iter().find_map(|number| {
        let text = number.as_str().and_then(|text| text.parse().ok());
        number.as_u64().or(text)
    });
    if let Some(number) = number.and_then(|number| u16::try_from(number).ok())
        && (400..600).contains(&number)
    {
        return number;
    }
    let words = [&error["type"], &error["code"], &error["status"]];
    let word = words.iter().filter_map(|word| word.as_str());
    word.filter_map(of_word).next().unwrap_or(500)
}

/// The vendors' own words: Anthropic's and OpenAI's types and codes, Google's statuses.
pub(crate) fn of_word(word: &str) -> Option<u16> {
    Some(match word {
        "overloaded_error" | "overloaded" | "slow_down" => 529,
        "rate_limit_error"
        | "rate_limit_exceeded"
        | "insufficient_quota"
        | "tokens"
        | "requests"
        | "RESOURCE_EXHAUSTED"
        | "too_many_requests" => 429,
        "invalid_request_error"
        | "invalid_prompt"
        | "context_length_exceeded"
        | "INVALID_ARGUMENT"
        | "FAILED_PRECONDITION" => 400,
        "authentication_error" | "invalid_api_key" | "UNAUTHENTICATED" => 401,
        "billing_error" => 402,
        "permission_error" | "PERMISSION_DENIED" => 403,
        "not_found_error" | "model_not_found" | "NOT_FOUND" => 404,
        "conflict_error" => 409,
        "request_too_large" => 413,
        "timeout_error" | "DEADLINE_EXCEEDED" => 504,
        "UNAVAILABLE" | "service_unavailable" => 503,
        "api_error" | "server_error" | "internal_error" | "INTERNAL" => 500,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(dialect: Dialect, text: &str) -> Judgement {
        let whole = FirstEvent::new(dialect).push(text.as_bytes());
        let mut first = FirstEvent::new(dialect);
        let in_bytes = text
            .as_bytes()
            .chunks(1)
            .map(|byte| first.push(byte))
            .find(|judgement| *judgement != Judgement::Pending);
        assert_eq!(in_bytes.unwrap_or(Judgement::Pending), whole, "{text}");
        whole
    }

    fn error(dialect: Dialect, text: &str) -> (u16, Value) {
        match judged(dialect, text) {
            Judgement::Error { status, body } => (status, serde_json::from_slice(&body).unwrap()),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn an_error_as_the_first_event_is_what_it_stands_for() {
        for (kind, expected) in [
            ("overloaded_error", 529),
            ("rate_limit_error", 429),
            ("api_error", 500),
            ("authentication_error", 401),
            ("invalid_request_error", 400),
            ("something_new", 500),
        ] {
            let data =
                serde_json::json!({"type": "error", "error": {"type": kind, "message": "m"}});
            for before in [
                "",
                ": comment\n\n",
                "event: ping\ndata: {\"type\": \"ping\"}\n\n",
                "retry: 5\n\n",
            ] {
                let text = format!("{before}event: error\ndata: {data}\n\n");
                let (status, body) = error(Dialect::AnthropicMessages, &text);
                assert_eq!((status, body), (expected, data.clone()));
            }
        }
    }

    #[test]
    fn each_dialect_has_its_own_disguise() {
        let (status, body) = error(
            Dialect::OpenaiChat,
            "data: {\"error\":{\"message\":\"m\",\"type\":\"server_error\",\"code\":\"rate_limit_exceeded\"}}\n\n",
        );
        assert_eq!((status, &body["error"]["message"]), (500, &"m".into()));
        let text = "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"m\"}}}\n\n";
        assert_eq!(error(Dialect::OpenaiResponses, text).0, 429);
        let text = "event: error\ndata: {\"type\":\"error\",\"code\":\"server_error\",\"message\":\"m\"}\n\n";
        assert_eq!(error(Dialect::OpenaiResponses, text).0, 500);
        let google = "{\"error\": {\"code\": 503, \"status\": \"UNAVAILABLE\"}}";
        assert_eq!(
            error(Dialect::Gemini, &format!("data: {google}\r\n\r\n")).0,
            503
        );
        assert_eq!(error(Dialect::Gemini, google).0, 503);
        assert_eq!(error(Dialect::Gemini, &format!("[{google}]")).0, 503);
        assert_eq!(error(Dialect::Gemini, &format!("\n {google} rest")).0, 503);
    }

    #[test]
    fn answers_are_committed_at_once() {
        for (dialect, text) in [
            (
                Dialect::AnthropicMessages,
                "event: message_start\ndata: {\"type\":\"message_start\"}\n\n",
            ),
            (
                Dialect::OpenaiChat,
                "data: {\"choices\":[],\"error\":null}\n\n",
            ),
            (
                Dialect::OpenaiResponses,
                "data: {\"type\":\"response.created\"}\n\n",
            ),
            (Dialect::OpenaiChat, "data: [DONE]\n\n"),
            (Dialect::AnthropicMessages, "event: x\ndata: not json\n\n"),
            (Dialect::AnthropicMessages, "{\"type\":\"message\""),
            (Dialect::Gemini, "[{\"candidates\""),
        ] {
            assert_eq!(judged(dialect, text), Judgement::Commit, "{text}");
        }
        let half = "event: message_start\ndata: {\"type\":";
        assert_eq!(judged(Dialect::AnthropicMessages, half), Judgement::Pending);
    }

    #[test]
    fn what_says_nothing_for_long_is_an_answer() {
        let mut first = FirstEvent::new(Dialect::AnthropicMessages);
        let comment = ": nothing to say\n\n".repeat(100);
        let judgements: Vec<_> = (0..20).map(|_| first.push(comment.as_bytes())).collect();
        assert!(judgements.contains(&Judgement::Commit));
    }
}
