//! The search of the web that a provider runs: its tool in the words of each dialect.

use serde_json::Value;

use super::json::Writer;

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
