//! Rules that change headers: of requests on their way to a provider, of answers on their way to a
//! client. Here they are read and guarded; whoever sends headers applies them.

use http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

/// Most rules of one direction.
pub const MAX_RULES: usize = 100;
/// Longest `value` or `find`, in bytes.
const MAX_RULE_TEXT: usize = 4_096;

/// Names that frame messages or belong to one hop; a rule for them would break connections.
const FRAMING: [&str; 9] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "keep-alive",
    "proxy-connection",
    "trailer",
];
/// Names that agents rely on.
const RELIED_ON: [&str; 4] = [
    "anthropic-beta",
    "anthropic-version",
    "content-type",
    "retry-after",
];

/// One change of a header. Rules run in their order, each on what the one before left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct HeaderRule {
    /// The header, whatever its case.
    #[serde(serialize_with = "name")]
    #[schema(value_type = String, min_length = 1, pattern = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
    pub header: HeaderName,
    /// What is done with it.
    pub action: HeaderAction,
    /// The whole new value for `set`, what replaces `find` for `replace`; nothing deletes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 4096)]
    pub value: Option<String>,
    /// What `replace` looks for: literally, in its case. Nothing finds nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 4096)]
    pub find: Option<String>,
    /// Whether the rule counts; it does when nothing is said.
    #[schema(required = false)]
    pub enabled: bool,
}

/// What a rule does with its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HeaderAction {
    /// Takes every value of it away.
    Block,
    /// Gives it one value, whether it was there or not.
    Set,
    /// Replaces every occurrence of a text in every value.
    Replace,
}

/// A rule as it is written, before it is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    header: String,
    action: HeaderAction,
    #[serde(default)]
    value: Option<String>,
    #[serde(default)]
    find: Option<String>,
    #[serde(default = "yes")]
    enabled: bool,
}

fn yes() -> bool {
    true
}

fn name<S: Serializer>(name: &HeaderName, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(name.as_str())
}

impl HeaderRule {
    /// Reads a rule from JSON: `{"header", "action": "block"|"set"|"replace", "value"?, "find"?,
    /// "enabled"?}`.
    ///
    /// # Errors
    /// What is wrong, naming the field; also of a rule for a header that frames messages.
    pub fn read(json: &str) -> Result<Self, String> {
        let written: Written =
            serde_json::from_str(json).map_err(|error| format!("not a header rule: {error}"))?;
        let header = HeaderName::from_bytes(written.header.as_bytes()).map_err(|_| {
            let given: String = written.header.chars().take(40).collect();
            format!("`header`: `{}` is no header's name", given.escape_debug())
        })?;
        if FRAMING.contains(&header.as_str()) || header.as_str().starts_with("proxy-") {
            return Err(format!(
                "`header`: `{header}` frames messages or belongs to one connection; no rule may \
                 change it"
            ));
        }
        if written.action == HeaderAction::Set && written.value.is_none() {
            return Err("`value`: missing; `set` needs one".to_owned());
        }
        for (field, text) in [("value", &written.value), ("find", &written.find)] {
            let Some(text) = text else { continue };
            if text.len() > MAX_RULE_TEXT {
                return Err(format!("`{field}`: longer than {MAX_RULE_TEXT} bytes"));
            }
            if HeaderValue::from_str(text).is_err() {
                return Err(format!(
                    "`{field}`: no header can carry it; printable ASCII is fine"
                ));
            }
        }
        Ok(Self {
            header,
            action: written.action,
            value: written.value,
            find: written.find,
            enabled: written.enabled,
        })
    }

    /// Reads a list of rules from a JSON array.
    ///
    /// # Errors
    /// What is wrong with the first bad one, and which it is, from 1.
    pub fn read_all(json: &str) -> Result<Vec<Self>, String> {
        let rules: Vec<&serde_json::value::RawValue> =
            serde_json::from_str(json).map_err(|error| format!("not a list of rules: {error}"))?;
        if rules.len() > MAX_RULES {
            return Err(format!("more than {MAX_RULES} rules"));
        }
        let numbered = rules.into_iter().zip(1..);
        let read = |(rule, at): (&serde_json::value::RawValue, u32)| {
            Self::read(rule.get()).map_err(|wrong| format!("rule {at}: {wrong}"))
        };
        numbered.map(read).collect()
    }

    /// What agents may miss because of the rule; none when it touches nothing that they rely on.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let name = self.header.as_str();
        let relied = RELIED_ON.contains(&name) || name.starts_with("anthropic-ratelimit-");
        (self.enabled && relied)
            .then(|| format!("a rule changes `{name}`, which agents and providers rely on"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_reads_back_as_it_was_written() {
        let json = r#"{"header":"x-a","action":"replace","value":"b","find":"a","enabled":false}"#;
        let rule = HeaderRule::read(json).unwrap();
        assert_eq!(serde_json::to_string(&rule).unwrap(), json);
        let short = HeaderRule::read(r#"{"header":"User-Agent","action":"block"}"#).unwrap();
        assert!(short.enabled && short.header == "user-agent");
    }

    #[test]
    fn framing_headers_and_what_no_header_carries_are_refused() {
        for name in [
            "Host",
            "content-length",
            "TE",
            "Connection",
            "Upgrade",
            "transfer-encoding",
        ] {
            let json = format!(r#"{{"header":"{name}","action":"block"}}"#);
            let wrong = HeaderRule::read(&json).unwrap_err();
            assert!(wrong.contains("no rule may change it"), "{wrong}");
        }
        for (json, field) in [
            (r#"{"header":"a b","action":"block"}"#, "`header`"),
            (r#"{"header":"","action":"block"}"#, "`header`"),
            (r#"{"header":"x","action":"set"}"#, "`value`"),
            (r#"{"header":"x","action":"set","value":"a\nb"}"#, "`value`"),
            (
                r#"{"header":"x","action":"replace","find":"\u0000"}"#,
                "`find`",
            ),
            (r#"{"header":"x","action":"drop"}"#, "drop"),
            (r#"{"header":"x","action":"block","valve":"1"}"#, "valve"),
        ] {
            let wrong = HeaderRule::read(json).unwrap_err();
            assert!(wrong.contains(field), "{json}: {wrong}");
        }
    }

    #[test]
    fn what_agents_rely_on_is_warned_of() {
        let warning = |name: &str| {
            let json = format!(r#"{{"header":"{name}","action":"block"}}"#);
            HeaderRule::read(&json).unwrap().warning()
        };
        for name in [
            "anthropic-beta",
            "Retry-After",
            "anthropic-ratelimit-tokens-limit",
        ] {
            assert!(warning(name).is_some(), "{name}");
        }
        assert_eq!(warning("user-agent"), None);
    }
}
