//! Why a request gets no further, before anybody was asked.

use http::header::RETRY_AFTER;
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use weir_core::control::{Code, Refusal};
use weir_core::rate::{Limit, TooMany};
use weir_wire::dialect::Dialect;
use weir_wire::errors::ErrorKind;

use crate::reply::{Reply, X_SHOULD_RETRY};

/// When a limit is lifted, in seconds since the Unix epoch: what Claude Code tells its user.
const UNIFIED_RESET: HeaderName = HeaderName::from_static("anthropic-ratelimit-unified-reset");

/// A request that is refused.
#[derive(Debug)]
pub(crate) struct Refused {
    /// What kind of error it is.
    pub kind: ErrorKind,
    /// What the client is told.
    pub message: String,
    /// What it is to a tenant.
    refusal: Option<Refusal>,
    /// When a client that is too fast may come again, in milliseconds.
    wait_ms: Option<u64>,
}

impl From<(ErrorKind, String)> for Refused {
    fn from((kind, message): (ErrorKind, String)) -> Self {
        Self {
            kind,
            message,
            refusal: None,
            wait_ms: None,
        }
    }
}

impl From<TooMany> for Refused {
    fn from(many: TooMany) -> Self {
        let message = match many.limit {
            Limit::Address => "too many requests from this address, please retry later",
            Limit::All => "too many requests, please retry later",
        };
        Self {
            wait_ms: Some(many.wait_ms),
            ..(ErrorKind::RateLimit, message.to_owned()).into()
        }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self {
            kind: refusal.code.kind(),
            message: told(&refusal),
            refusal: Some(refusal),
            wait_ms: None,
        }
    }
}

/// What a person is told. A budget's end has the words by which Claude Code knows a spend limit: it
/// shows them and does not try again.
fn told(refusal: &Refusal) -> String {
    if refusal.code != Code::Budget {
        return refusal.message.clone();
    }
    let resets = refusal
        .resets_at
        .and_then(|at| Timestamp::from_second(at).ok())
        .map(|at| format!(" · resets {}", at.strftime("%b %-d")));
    let resets = resets.unwrap_or_default();
    format!("spend limit reached{resets} · {}", refusal.message)
}

/// Whole seconds that are no shorter, and at least one.
fn seconds(wait_ms: u64) -> HeaderValue {
    HeaderValue::from(wait_ms.div_ceil(1000).max(1))
}

impl Refused {
    /// The answer, in the caller's dialect.
    pub(crate) fn reply(&self, dialect: Dialect, request_id: &str) -> Reply {
        let Some(refusal) = &self.refusal else {
            let code = self.wait_ms.map(|_| Code::RateLimit.as_str());
            let mut reply = Reply::coded((dialect, self.kind, code), &self.message, request_id);
            if let Some(wait) = self.wait_ms {
                reply.headers.insert(RETRY_AFTER, seconds(wait));
            }
            return reply;
        };
        let code = Some(refusal.code.as_str());
        let mut reply = Reply::coded((dialect, self.kind, code), &self.message, request_id);
        match refusal.retry_ms {
            Some(wait) => {
                reply.headers.insert(RETRY_AFTER, seconds(wait));
            }
            None if refusal.code != Code::Unavailable => {
                reply.headers.remove(RETRY_AFTER);
                let no = HeaderValue::from_static("false");
                reply.headers.insert(X_SHOULD_RETRY, no);
            }
            None => {}
        }
        if let Some(at) = refusal.resets_at {
            reply.headers.insert(UNIFIED_RESET, HeaderValue::from(at));
        }
        reply
    }

    /// What it is to a tenant, if it is.
    pub(crate) fn code(&self) -> Option<Code> {
        self.refusal.as_ref().map(|refusal| refusal.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(refusal: Refusal) -> (u16, String, Reply) {
        let reply = Refused::from(refusal).reply(Dialect::AnthropicMessages, "r-1");
        let body = String::from_utf8(reply.body.to_vec()).unwrap();
        (reply.status.as_u16(), body, reply)
    }

    #[test]
    fn a_budget_is_a_spend_limit_to_claude_code() {
        let refusal = Refusal {
            resets_at: Some(1_796_083_200), // 2026-12-01
            ..Refusal::new(Code::Budget, "project's month budget: $1.00 of $1.00 used")
        };
        let (status, body, reply) = reply(refusal);
        assert_eq!(status, 429);
        assert!(body.contains(r#""type":"billing_error""#), "{body}");
        assert!(
            body.contains("spend limit reached · resets Dec 1 · project's month"),
            "{body}"
        );
        assert_eq!(reply.headers[X_SHOULD_RETRY], "false");
        assert_eq!(reply.headers[UNIFIED_RESET], "1796083200");
        assert!(!reply.headers.contains_key(RETRY_AFTER));
    }

    #[test]
    fn a_rate_limit_says_when_to_come_back_and_a_used_up_token_not_to() {
        let slow = Refusal {
            retry_ms: Some(1001),
            ..Refusal::new(Code::RateLimit, "Rate limit exceeded")
        };
        let (status, body, answer) = reply(slow);
        assert_eq!(
            (status, &answer.headers[RETRY_AFTER]),
            (429, &HeaderValue::from(2))
        );
        assert!(
            body.contains(r#""error_code":"rate_limit_exceeded""#),
            "{body}"
        );
        let (status, _, answer) = reply(Refusal::new(Code::RequestCap, "used up"));
        assert_eq!(
            (status, answer.headers[X_SHOULD_RETRY].as_bytes()),
            (429, &b"false"[..])
        );
    }
}
