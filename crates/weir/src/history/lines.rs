//! Exchanges in one line each.

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;

use crate::cli::Narrow;
use crate::lines::clean;
use crate::seen::{self, Usage};
use crate::table::cut;
use crate::words::{Here, count, money, took};

/// What stands above the lines.
pub(super) const HEAD: &str =
    "TIME      ID        STATUS  MODEL                      IN    OUT  CACHED     COST   TOOK";

/// An exchange as the API tells it.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    /// All of it.
    pub json: Value,
    /// What is printed.
    pub fields: seen::Exchange,
}

impl Exchange {
    /// Reads it.
    pub(super) fn read(json: Value) -> anyhow::Result<Self> {
        let fields =
            seen::Exchange::deserialize(&json).context("an exchange is not as expected")?;
        Ok(Self { json, fields })
    }
}

/// The line of an exchange.
pub(super) fn line(exchange: &Exchange, here: &Here) -> String {
    let one = &exchange.fields;
    let model = one.routed_model.as_ref().or(one.model.as_ref());
    let model = model.map_or("-", String::as_str);
    let usage = one.usage.as_ref();
    let tokens = |of: fn(&Usage) -> u64| usage.map_or_else(|| "-".to_owned(), |u| count(of(u)));
    let status = match one.status_code {
        Some(status) if one.state == "complete" => status.to_string(),
        Some(status) => format!("{status}!"),
        None => "-".to_owned(),
    };
    #[expect(clippy::cast_precision_loss, reason = "milliseconds to be looked at")]
    let ms = one.response_time.map(|ms| ms as f64);
    let node = one.node.as_ref();
    let node = node.map_or_else(String::new, |node| format!("  at {}", clean(node)));
    format!(
        "{:<8}  {:<8}  {:<6}  {:<22} {:>6} {:>6} {:>7} {:>8} {:>6}{node}",
        here.time_of(&one.timestamp),
        one.short_id(),
        status,
        cut(&clean(model), 22),
        tokens(Usage::input),
        tokens(|usage| usage.output_tokens),
        tokens(Usage::cached),
        money(one.cost),
        took(ms),
    )
}

/// Whether an exchange that has just ended is one of those asked for. Words are searched by the
/// store alone, so they are not looked at here.
pub(super) fn fits(exchange: &Exchange, narrow: &Narrow) -> bool {
    let one = &exchange.fields;
    let is = |asked: &Option<String>, has: Option<&str>| asked.is_none() || asked.as_deref() == has;
    let model = narrow.model.as_deref().is_none_or(|part| {
        let model = one.model.as_deref().unwrap_or_default();
        model.to_lowercase().contains(&part.to_lowercase())
    });
    model
        && is(&narrow.provider, Some(&one.provider))
        && is(&narrow.session, one.session_id.as_deref())
        && is(&narrow.client, one.client_kind.as_deref())
        && narrow
            .status
            .as_deref()
            .is_none_or(|asked| has_status(one, asked))
}

fn has_status(one: &seen::Exchange, asked: &str) -> bool {
    let Some(status) = one.status_code else {
        return asked == "error";
    };
    match asked {
        "error" => status >= 400 || one.state != "complete",
        class if class.ends_with("xx") => class.starts_with(&(status / 100).to_string()),
        exact => exact == status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use serde_json::json;

    use super::*;

    fn exchange(more: Value) -> Exchange {
        let mut json = json!({
            "requestId": "019aa000-0000-7000-8000-0000deadbeef",
            "timestamp": "2026-11-21T13:37:00.000Z", "model": "claude-sonnet-4-5",
            "provider": "anthropic", "state": "complete", "statusCode": 200, "responseTime": 1234,
            "cost": 0.0123,
            "usage": {"input_tokens": 10, "output_tokens": 7, "cache_read_input_tokens": 90},
        });
        let Value::Object(more) = more else { panic!() };
        json.as_object_mut().unwrap().extend(more);
        Exchange::read(json).unwrap()
    }

    #[test]
    fn a_line_tells_what_was_asked_and_what_it_took() {
        let here = Here {
            now_ms: 1_795_268_220_000,
            zone: TimeZone::UTC,
        };
        let text = line(&exchange(json!({})), &here);
        assert_eq!(
            text,
            "13:37:00  deadbeef  200     claude-sonnet-4-5         100      7      90  $0.0123   1.2s"
        );
        assert_eq!(text.len(), HEAD.len());
        let text = line(
            &exchange(json!({"state": "client_gone", "model": "a\u{1b}[2J"})),
            &here,
        );
        assert!(text.contains("200!") && !text.contains('\u{1b}'), "{text}");
        let text = line(&exchange(json!({"node": "weir-a:3001\u{1b}[2J"})), &here);
        assert!(
            text.contains("  1.2s  at weir-a:3001") && !text.contains('\u{1b}'),
            "{text}"
        );
    }

    #[test]
    fn what_was_not_asked_for_does_not_fit() {
        let one = exchange(json!({}));
        for (narrow, expected) in [
            (Narrow::default(), true),
            (
                Narrow {
                    model: Some("SONNET".into()),
                    ..Narrow::default()
                },
                true,
            ),
            (
                Narrow {
                    model: Some("opus".into()),
                    ..Narrow::default()
                },
                false,
            ),
            (
                Narrow {
                    provider: Some("anthropic".into()),
                    ..Narrow::default()
                },
                true,
            ),
            (
                Narrow {
                    session: Some("s".into()),
                    ..Narrow::default()
                },
                false,
            ),
            (
                Narrow {
                    status: Some("2xx".into()),
                    ..Narrow::default()
                },
                true,
            ),
            (
                Narrow {
                    status: Some("error".into()),
                    ..Narrow::default()
                },
                false,
            ),
            (
                Narrow {
                    status: Some("200".into()),
                    ..Narrow::default()
                },
                true,
            ),
        ] {
            assert_eq!(fits(&one, &narrow), expected, "{narrow:?}");
        }
    }
}
