//! What a table of exchanges has of each.

use weir_store::model::RequestSummary;

fn text(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

fn figure<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A column's name and what stands in it.
pub(super) type Column = (&'static str, fn(&RequestSummary) -> String);

/// The columns of a table of exchanges, in their order.
pub(super) const COLUMNS: [Column; 33] = [
    ("requestId", |r| r.request_id.clone()),
    ("timestamp", |r| r.timestamp.clone()),
    ("state", |r| r.state.into()),
    ("statusCode", |r| figure(r.status_code)),
    ("method", |r| text(Some(&r.method))),
    ("endpoint", |r| text(Some(&r.endpoint))),
    ("client", |r| text(r.client_kind.as_deref())),
    ("dialect", |r| r.dialect.into()),
    ("operation", |r| r.operation.into()),
    ("provider", |r| r.provider.clone()),
    ("model", |r| text(r.model.as_deref())),
    ("routedModel", |r| text(r.routed_model.as_deref())),
    ("sessionId", |r| text(r.session_id.as_deref())),
    ("agentId", |r| text(r.agent_id.as_deref())),
    ("subagent", |r| text(r.subagent.as_deref())),
    ("projectId", |r| text(r.project_id.as_deref())),
    ("tokenId", |r| text(r.token_id.as_deref())),
    ("class", |r| text(r.class.as_deref())),
    ("stopReason", |r| text(r.stop_reason.as_deref())),
    ("isStreaming", |r| r.is_streaming.to_string()),
    ("inputTokens", |r| figure(r.usage.map(|u| u.input_tokens))),
    ("outputTokens", |r| figure(r.usage.map(|u| u.output_tokens))),
    ("cacheReadTokens", |r| {
        figure(r.usage.and_then(|u| u.cache_read_input_tokens))
    }),
    ("cacheWriteTokens", |r| {
        figure(r.usage.and_then(|u| u.cache_creation_input_tokens))
    }),
    ("cost", |r| figure(r.cost)),
    ("responseTime", |r| figure(r.response_time)),
    ("ttfb", |r| figure(r.ttfb)),
    ("firstContent", |r| figure(r.first_content)),
    ("longestGap", |r| figure(r.longest_gap)),
    ("attempts", |r| figure(r.attempts)),
    ("requestBytes", |r| r.request_bytes.to_string()),
    ("responseBytes", |r| figure(r.response_bytes)),
    ("streamError", |r| text(r.stream_error.as_deref())),
];
