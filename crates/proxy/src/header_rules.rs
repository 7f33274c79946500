//! What the operator's rules make of headers on their way.

use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue};
use weir_core::settings::{HeaderAction, HeaderRule};

/// Applies the rules in order, each to what those before it have left. Headers that say where a
/// message ends and what becomes of the connection are nobody's to change.
pub fn apply(rules: &[HeaderRule], headers: &mut HeaderMap) {
    for rule in rules {
        if !rule.enabled || is_framing(&rule.header) {
            continue;
        }
        match rule.action {
            HeaderAction::Block => {
                headers.remove(&rule.header);
            }
            HeaderAction::Set => {
                if let Ok(value) = HeaderValue::from_str(rule.value.as_deref().unwrap_or_default())
                {
                    headers.insert(&rule.header, value);
                }
            }
            HeaderAction::Replace => replace(rule, headers),
        }
    }
}

fn replace(rule: &HeaderRule, headers: &mut HeaderMap) {
    let Some(find) = rule.find.as_deref().filter(|find| !find.is_empty()) else {
        return;
    };
    let value = rule.value.as_deref().unwrap_or_default();
    let http::header::Entry::Occupied(mut entry) = headers.entry(&rule.header) else {
        return;
    };
    for present in entry.iter_mut() {
        let Ok(text) = std::str::from_utf8(present.as_bytes()) else {
            continue;
        };
        if !text.contains(find) {
            continue;
        }
        if let Ok(mut changed) = HeaderValue::from_str(&text.replace(find, value)) {
            changed.set_sensitive(present.is_sensitive());
            *present = changed;
        }
    }
}

fn is_framing(name: &HeaderName) -> bool {
    [
        HOST,
        CONTENT_LENGTH,
        TRANSFER_ENCODING,
        CONNECTION,
        UPGRADE,
        TE,
        TRAILER,
    ]
    .contains(name)
        || matches!(name.as_str(), "keep-alive" | "proxy-connection")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(header: &'static str, action: HeaderAction, find: &str, value: &str) -> HeaderRule {
        HeaderRule {
            header: HeaderName::from_static(header),
            action,
            value: Some(value.into()),
            find: Some(find.into()),
            enabled: true,
        }
    }

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn each_rule_sees_what_those_before_it_have_left() {
        let mut headers = map(&[("x-b", "foofoo, foo"), ("x-b", "bar"), ("x-c", "1")]);
        let rules = [
            rule("x-a", HeaderAction::Set, "", "foo"),
            rule("x-a", HeaderAction::Replace, "foo", "bar"),
            rule("x-b", HeaderAction::Replace, "foo", "b"),
            rule("x-b", HeaderAction::Replace, "FOO", "no"),
            rule("x-none", HeaderAction::Replace, "a", "b"),
            rule("x-c", HeaderAction::Replace, "1", ""),
        ];
        apply(&rules, &mut headers);
        assert_eq!(
            headers,
            map(&[
                ("x-b", "bb, b"),
                ("x-b", "bar"),
                ("x-c", ""),
                ("x-a", "bar")
            ])
        );
        let mut rules = vec![rule("x-b", HeaderAction::Block, "", "")];
        apply(&rules, &mut headers);
        assert!(!headers.contains_key("x-b"));
        rules[0].enabled = false;
        let mut headers = map(&[("x-b", "1")]);
        apply(&rules, &mut headers);
        assert!(headers.contains_key("x-b"));
    }

    #[test]
    fn framing_stays_as_it_is_whatever_the_rules_say() {
        let mut headers = map(&[("content-length", "3"), ("host", "h")]);
        let before = headers.clone();
        let rules = [
            rule("content-length", HeaderAction::Block, "", ""),
            rule("host", HeaderAction::Set, "", "other"),
            rule("transfer-encoding", HeaderAction::Set, "", "chunked"),
        ];
        apply(&rules, &mut headers);
        assert_eq!(headers, before);
    }
}
