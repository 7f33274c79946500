//! The search of the web that a provider runs: its tool in the words of each dialect, and how often it
//! was used.

use serde_json::Value;

use super::json::Writer;
use crate::usage::{ServerToolUse, Usage};

/// The name that Anthropic's tool has.
pub const NAME: &str = "web_search";

/// Anthropic's tool, in the version that every model takes.
const ANTHROPIC: &str = "web_search_20250305";

/// Whether a provider's tool of this type, in whatever dialect, searches the web.
#[must_use]
pub fn is_search(kind: &str) -> bool {
    kind.starts_with("web_search")
        || matches!(
            kind,
            "google_search" | "googleSearch" | "google_search_retrieval" | "googleSearchRetrieval"
        )
}

/// Anthropic's tool for a search that `json` declares in another dialect; none where only what the
/// provider has stored may be searched, as Anthropic searches the web itself.
#[must_use]
pub fn for_anthropic(json: &str) -> Option<String> {
    let tool: Value = serde_json::from_str(json).unwrap_or_default();
    if tool.get("external_web_access") == Some(&Value::Bool(false)) {
        return None;
    }
    let mut out = Writer::default();
    out.object().key("type").string(ANTHROPIC);
    out.key("name").string(NAME);
    let domains = tool.pointer("/filters/allowed_domains");
    let domains = domains.and_then(Value::as_array);
    if let Some(domains) = domains.filter(|domains| !domains.is_empty()) {
        out.key("allowed_domains").array();
        for domain in domains.iter().filter_map(Value::as_str) {
            out.string(domain);
        }
        out.end_array();
    }
    if let Some(place) = tool.get("user_location").filter(|place| place.is_object()) {
        // Chat has the members one level deeper.
        let place = place.get("approximate").unwrap_or(place);
        out.key("user_location").object();
        out.key("type").string("approximate");
        for name in ["city", "region", "country", "timezone"] {
            if let Some(value) = place.get(name).and_then(Value::as_str) {
                out.key(name).string(value);
            }
        }
        out.end_object();
    }
    out.end_object();
    Some(out.into_string())
}

/// Whether a Responses item, a `web_search_call`, is a search, and not a look at what one found.
#[must_use]
pub fn is_made(item: &str) -> bool {
    let item: Value = serde_json::from_str(item).unwrap_or_default();
    let action = item.pointer("/action/type").and_then(Value::as_str);
    action.is_none_or(|action| action == "search")
}

/// Adds to what an answer used that `searches` were made for it.
pub fn count(usage: &mut Option<Usage>, searches: u64) {
    if let Some(usage) = usage.as_mut().filter(|_| searches > 0) {
        let uses = usage
            .server_tool_use
            .get_or_insert(ServerToolUse::default());
        uses.web_search_requests.get_or_insert(searches);
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::Dialect;
    use crate::translate::inbound::{Stream, answer};
    use crate::translate::options::{AnswerOptions, Hints, Options};
    use crate::translate::outbound::{Way, request};
    use crate::translate::profile::Profile;

    const ITEMS: &str = r#"[{"type":"web_search_call","id":"ws_1","status":"completed","action":{"type":"search","query":"q"}},{"type":"web_search_call","id":"ws_2","status":"completed","action":{"type":"open_page","url":"https://a.b"}},{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"So.","annotations":[]}]}]"#;

    #[test]
    fn searches_that_the_provider_made_are_counted_for_the_client() {
        let responses = format!(
            r#"{{"id":"r","object":"response","status":"completed","model":"m","output":{ITEMS},"usage":{{"input_tokens":3,"output_tokens":4}}}}"#
        );
        let streamed = format!(
            "event: response.completed\ndata: {{\"type\":\"response.completed\",\"response\":{responses}}}\n\n"
        );
        let google = r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"So."}]},"finishReason":"STOP","index":0,"groundingMetadata":{"webSearchQueries":["q"],"groundingChunks":[]}}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4},"modelVersion":"m","responseId":"r"}"#;
        let chunk = format!("data: {google}\n\n");
        for (provider, whole, streamed) in [
            (Dialect::OpenaiResponses, responses.as_str(), &streamed),
            (Dialect::Gemini, google, &chunk),
        ] {
            let client = Dialect::AnthropicMessages;
            let asked = br#"{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"u"}]}"#;
            let options = Options {
                model: "m",
                stream: true,
                profile: &Profile::default(),
            };
            let way = Way { client, provider };
            let sent = request(way, asked, &Hints::default(), &options).unwrap();
            let options = AnswerOptions::default();
            let whole = answer(whole.as_bytes(), &sent.back, &options).unwrap();
            let mut out = Vec::new();
            let mut stream = Stream::new(&sent.back, &options);
            stream.push(streamed.as_bytes(), &mut out);
            stream.finish(&mut out);
            for told in [whole, out] {
                let told = String::from_utf8(told).unwrap();
                assert!(told.contains(r#""web_search_requests":1"#), "{told}");
            }
        }
    }
}
