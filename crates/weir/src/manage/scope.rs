//! What a project or a token may do: from the command line to the API, and back into words.

use anyhow::{Context as _, anyhow, bail};
use serde_json::{Map, Value, json};

use crate::cli::Scope;
use crate::words::{count, money};

const PERIODS: [&str; 4] = ["day", "week", "month", "lifetime"];

impl Scope {
    fn lists(&self) -> [(&'static str, &[String]); 5] {
        [
            ("allowed_models", &self.models),
            ("allowed_endpoints", &self.endpoints),
            ("allowed_methods", &self.methods),
            ("allowed_origins", &self.origins),
            ("required_headers", &self.required_headers),
        ]
    }

    fn limits(&self) -> [(&'static str, Option<u64>); 3] {
        [
            ("rpm", self.rpm),
            ("tpm", self.tpm),
            ("concurrency", self.concurrency),
        ]
    }

    /// Adds to `body` what the command line says, over what `before` has. What it says nothing of is
    /// left out, so that it stays.
    ///
    /// # Errors
    /// When a parameter or a budget cannot be read.
    pub(super) fn add_to(&self, before: &Value, body: &mut Value) -> anyhow::Result<()> {
        let lists = self.lists();
        let given = lists.iter().any(|(_, list)| !list.is_empty());
        if given || !self.params.is_empty() {
            let mut rules = object(&before["rules"]);
            for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
                let entries = list.iter().filter(|entry| !entry.is_empty());
                rules.insert(name.to_owned(), entries.cloned().collect());
            }
            if !self.params.is_empty() {
                rules.insert("param_whitelist".to_owned(), params(&self.params)?);
            }
            body["rules"] = rules.into();
        }
        if self.limits().iter().any(|(_, limit)| limit.is_some()) {
            let mut limits = object(&before["limits"]);
            for (name, limit) in self.limits() {
                match limit {
                    Some(0) => drop(limits.remove(name)),
                    Some(limit) => drop(limits.insert(name.to_owned(), limit.into())),
                    None => {}
                }
            }
            body["limits"] = limits.into();
        }
        if !self.budgets.is_empty() {
            body["budgets"] = budgets(&before["budgets"], &self.budgets)?;
        }
        Ok(())
    }
}

fn object(json: &Value) -> Map<String, Value> {
    json.as_object().cloned().unwrap_or_default()
}

fn params(given: &[String]) -> anyhow::Result<Value> {
    let mut found: Map<String, Value> = Map::new();
    for text in given.iter().filter(|text| !text.is_empty()) {
        let (name, pattern) = text
            .split_once('=')
            .with_context(|| format!("`{text}` is not NAME=PATTERN"))?;
        let patterns = found.entry(name).or_insert_with(|| json!([]));
        if let Some(patterns) = patterns.as_array_mut() {
            patterns.push(pattern.into());
        }
    }
    Ok(found.into())
}

/// Those of `before` with what is said of single periods.
fn budgets(before: &Value, given: &[String]) -> anyhow::Result<Value> {
    let mut all = before.as_array().cloned().unwrap_or_default();
    for text in given {
        let (period, amounts) = text
            .split_once('=')
            .filter(|(period, _)| PERIODS.contains(period))
            .with_context(|| {
                format!(
                    "`{text}` is no budget; say `month=20usd`, `day=100000tokens` or `day=none`"
                )
            })?;
        all.retain(|budget| budget["period"] != period);
        if amounts == "none" {
            continue;
        }
        let mut budget = json!({ "period": period });
        for amount in amounts.split(',') {
            let (unit, value) = amount_of(amount).with_context(|| format!("`{text}`"))?;
            budget[unit] = value;
        }
        all.push(budget);
    }
    Ok(all.into())
}

fn amount_of(amount: &str) -> anyhow::Result<(&'static str, Value)> {
    let amount = amount.trim();
    if let Some(usd) = amount.strip_suffix("usd") {
        let usd: f64 = usd
            .trim()
            .parse()
            .map_err(|_| anyhow!("`{usd}` is no amount of money"))?;
        return Ok(("usd", usd.into()));
    }
    if let Some(tokens) = amount.strip_suffix("tokens") {
        let tokens: u64 = tokens
            .trim()
            .parse()
            .map_err(|_| anyhow!("`{tokens}` is no number of tokens"))?;
        return Ok(("tokens", tokens.into()));
    }
    bail!("`{amount}` says neither usd nor tokens")
}

/// What was used of a budget, in the unit that it is for.
#[derive(Debug, PartialEq)]
pub(super) struct Used {
    pub period: String,
    pub used: String,
    pub most: String,
    /// In percent, at most 100.
    pub percent: u8,
    pub resets_at: Option<String>,
}

/// What was used of the budgets of a project or a token: a line for money, one for tokens.
pub(super) fn used(of: &Value) -> Vec<Used> {
    let budgets = of["budgets"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let usage = of["usage"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut lines = Vec::new();
    for budget in budgets {
        let found = usage.iter().find(|one| one["period"] == budget["period"]);
        for unit in ["usd", "tokens"] {
            let Some(most) = budget[unit].as_f64() else {
                continue;
            };
            let spent = found.and_then(|one| one[unit].as_f64()).unwrap_or(0.0);
            lines.push(Used {
                period: budget["period"].as_str().unwrap_or_default().to_owned(),
                used: amount(unit, spent),
                most: amount(unit, most),
                percent: percent(spent, most),
                resets_at: found
                    .and_then(|one| one["resets_at"].as_str())
                    .map(str::to_owned),
            });
        }
    }
    lines
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is between 0 and 100"
)]
fn percent(spent: f64, most: f64) -> u8 {
    if most <= 0.0 {
        return 100;
    }
    (spent / most * 100.0).clamp(0.0, 100.0) as u8
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of tokens, as JSON has it"
)]
fn amount(unit: &str, amount: f64) -> String {
    match unit {
        "usd" => money(Some(amount)),
        _ => format!("{} tokens", count(amount as u64)),
    }
}

/// Budgets in one line.
pub(super) fn in_short(of: &Value) -> String {
    let lines = used(of);
    if lines.is_empty() {
        return "-".to_owned();
    }
    let one = |line: &Used| format!("{} {}%", line.period, line.percent);
    lines.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Rules, limits and budgets for people.
pub(super) fn facts(of: &Value) -> Vec<(&'static str, String)> {
    const RULES: [(&str, &str); 5] = [
        ("models", "allowed_models"),
        ("endpoints", "allowed_endpoints"),
        ("methods", "allowed_methods"),
        ("origins", "allowed_origins"),
        ("headers", "required_headers"),
    ];
    let joined = |list: &Value| {
        let entries = list.as_array()?.iter().filter_map(Value::as_str);
        let entries: Vec<_> = entries.collect();
        (!entries.is_empty()).then(|| entries.join(", "))
    };
    let mut facts: Vec<_> = RULES
        .into_iter()
        .filter_map(|(name, list)| Some((name, joined(&of["rules"][list])?)))
        .collect();
    let params = object(&of["rules"]["param_whitelist"]);
    let params = params
        .iter()
        .filter_map(|(name, values)| Some(("parameter", format!("{name}: {}", joined(values)?))));
    facts.extend(params);
    for (name, limit) in [
        ("rpm", "requests a minute"),
        ("tpm", "tokens a minute"),
        ("concurrency", "requests at once"),
    ] {
        let value = of["limits"][name].as_u64();
        facts.extend(value.map(|value| ("limit", format!("{value} {limit}"))));
    }
    let budget = |line: Used| {
        let Used {
            period,
            used,
            most,
            percent,
            ..
        } = line;
        ("budget", format!("{period}: {used} of {most} ({percent}%)"))
    };
    facts.extend(used(of).into_iter().map(budget));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(scope: &Scope, before: &Value) -> Value {
        let mut body = json!({});
        scope.add_to(before, &mut body).unwrap();
        body
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn what_is_not_given_stays() {
        let before = json!({"rules": {"allowed_models": ["a"], "allowed_methods": ["POST"]},
            "limits": {"rpm": 5, "tpm": 9}, "budgets": [{"period": "day", "usd": 1.0}]});
        assert_eq!(body(&Scope::default(), &before), json!({}));
        let scope = Scope {
            models: texts(&["b", "c"]),
            methods: texts(&[""]),
            params: texts(&["top_p=1", "top_p=0.5"]),
            rpm: Some(0),
            concurrency: Some(3),
            budgets: texts(&["month=20usd,100tokens", "day=none"]),
            ..Scope::default()
        };
        let expected = json!({
            "rules": {"allowed_models": ["b", "c"], "allowed_methods": [],
                "param_whitelist": {"top_p": ["1", "0.5"]}},
            "limits": {"tpm": 9, "concurrency": 3},
            "budgets": [{"period": "month", "usd": 20.0, "tokens": 100}],
        });
        assert_eq!(body(&scope, &before), expected);
    }

    #[test]
    fn what_is_no_budget_is_refused() {
        for bad in ["5usd", "year=5usd", "day=5", "day=usd", "day=1.5tokens"] {
            assert!(budgets(&json!([]), &texts(&[bad])).is_err(), "{bad}");
        }
    }

    #[test]
    fn budgets_are_told_by_unit() {
        let of = json!({"budgets": [{"period": "day", "usd": 2.0, "tokens": 1000}],
            "usage": [{"period": "day", "usd": 0.5, "tokens": 1500, "resets_at": "2026-11-22T00:00:00Z"}]});
        assert_eq!(in_short(&of), "day 25%, day 100%");
        assert_eq!(used(&of)[0].used, "$0.5000");
        assert_eq!(used(&of)[1].most, "1000 tokens");
    }
}
