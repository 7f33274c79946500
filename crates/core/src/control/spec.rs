//! What a project or a token may do, as people write it and as it is stored.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::budget::{Budget, Money, Period};
use super::rules::{Rules, RulesFault, RulesSpec};
use super::scope::{Limits, Scope, ScopeId};

/// Largest limit, and most tokens of a budget.
const MAX_LIMIT: u64 = 1_000_000_000_000;

/// How much at once and in a minute; what is left out is as much as one likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsSpec {
    /// Requests in a minute, from 1 to a million million.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_u64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rpm: Option<u64>,
    /// Tokens in a minute, input and output: from 1 to a million million.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_u64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tpm: Option<u64>,
    /// Requests at once, from 1 to a million million.
    #[schema(minimum = 1, maximum = 1_000_000_000_000_u64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u64>,
}

/// What may be used in a period: money, tokens, or both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetSpec {
    /// How long it lasts.
    pub period: Period,
    /// Most money, in US dollars.
    #[schema(minimum = 0)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
    /// Most tokens, input and output: up to a million million.
    #[schema(maximum = 1_000_000_000_000_u64)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
}

/// All that one level allows, but for the cap of a token.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScopeSpec {
    /// What may be asked for.
    pub rules: RulesSpec,
    /// How fast.
    pub limits: LimitsSpec,
    /// How much; one for each period.
    #[schema(max_items = 4)]
    pub budgets: Vec<BudgetSpec>,
}

/// A change of what a level allows. A member that is left out stays; one that is there takes the
/// place of all that it held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpecEdit {
    /// What may be asked for.
    pub rules: Option<RulesSpec>,
    /// How fast.
    pub limits: Option<LimitsSpec>,
    /// How much.
    pub budgets: Option<Vec<BudgetSpec>>,
}

impl SpecEdit {
    /// Whether nothing is to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_none() && self.limits.is_none() && self.budgets.is_none()
    }

    /// What it makes of `before`.
    #[must_use]
    pub fn of(self, before: ScopeSpec) -> ScopeSpec {
        ScopeSpec {
            rules: self.rules.unwrap_or(before.rules),
            limits: self.limits.unwrap_or(before.limits),
            budgets: self.budgets.unwrap_or(before.budgets),
        }
    }
}

impl ScopeSpec {
    /// Checks it.
    ///
    /// # Errors
    /// Everything that is wrong with it, by field.
    pub fn scope(&self, id: ScopeId, max_requests: Option<u64>) -> Result<Scope, Vec<RulesFault>> {
        let mut faults = Vec::new();
        let rules = Rules::new(&self.rules).unwrap_or_else(|mut found| {
            for fault in &mut found {
                fault.field.insert_str(0, "rules.");
            }
            faults.append(&mut found);
            Rules::default()
        });
        let limits = self.limits(&mut faults);
        let budgets = self.budgets(&mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Scope {
            id,
            rules,
            limits,
            budgets,
            max_requests,
        })
    }

    fn limits(&self, faults: &mut Vec<RulesFault>) -> Limits {
        let LimitsSpec {
            rpm,
            tpm,
            concurrency,
        } = self.limits;
        for (field, limit) in [("rpm", rpm), ("tpm", tpm), ("concurrency", concurrency)] {
            if limit.is_some_and(|limit| !(1..=MAX_LIMIT).contains(&limit)) {
                let message =
                    format!("a limit is between 1 and {MAX_LIMIT}; leave it out for none");
                faults.push(fault(format!("limits.{field}"), message));
            }
        }
        Limits {
            rpm,
            tpm,
            concurrency,
        }
    }

    fn budgets(&self, faults: &mut Vec<RulesFault>) -> Box<[Budget]> {
        let mut budgets: Vec<Budget> = Vec::new();
        for (at, spec) in self.budgets.iter().enumerate() {
            let field = format!("budgets[{at}]");
            let money = spec.usd.map(Money::from_dollars);
            if money == Some(None) {
                faults.push(fault(
                    format!("{field}.usd"),
                    "a number of dollars, not below zero",
                ));
            } else if spec.tokens.is_some_and(|tokens| tokens > MAX_LIMIT) {
                faults.push(fault(
                    format!("{field}.tokens"),
                    format!("at most {MAX_LIMIT}"),
                ));
            } else if spec.usd.is_none() && spec.tokens.is_none() {
                faults.push(fault(field, "set `usd`, `tokens` or both"));
            } else if budgets.iter().any(|one| one.period == spec.period) {
                let message = format!("there is another budget for the {}", spec.period.as_str());
                faults.push(fault(format!("{field}.period"), message));
            } else {
                budgets.push(Budget {
                    period: spec.period,
                    money: money.flatten(),
                    tokens: spec.tokens,
                });
            }
        }
        budgets.into()
    }
}

fn fault(field: String, message: impl Into<String>) -> RulesFault {
    RulesFault {
        field,
        message: message.into(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn scope(json: &str) -> Result<Scope, Vec<RulesFault>> {
        let spec: ScopeSpec = serde_json::from_str(json).unwrap();
        spec.scope(ScopeId::Token(Uuid::nil()), None)
    }

    #[test]
    fn nothing_said_allows_everything() {
        let open = Scope::open(ScopeId::Token(Uuid::nil()));
        assert_eq!(scope("{}"), Ok(open));
    }

    #[test]
    fn what_is_said_is_what_holds() {
        let scope = scope(
            r#"{"limits":{"rpm":5},"budgets":[{"period":"day","usd":1.5},{"period":"month","tokens":9}]}"#,
        )
        .unwrap();
        assert_eq!(scope.limits.rpm, Some(5));
        assert_eq!(scope.budgets[0].money, Some(Money(1_500_000_000)));
        assert_eq!(
            (scope.budgets[1].money, scope.budgets[1].tokens),
            (None, Some(9))
        );
    }

    #[test]
    fn faults_name_their_fields() {
        let faults = scope(
            r#"{"rules":{"allowed_models":["["]},"limits":{"tpm":0},
                "budgets":[{"period":"day"},{"period":"week","usd":-1},{"period":"lifetime","tokens":9223372036854775808},{"period":"month","usd":1},{"period":"month","usd":2}]}"#,
        )
        .unwrap_err();
        let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "rules.allowed_models",
                "limits.tpm",
                "budgets[0]",
                "budgets[1].usd",
                "budgets[2].tokens",
                "budgets[4].period"
            ]
        );
    }

    #[test]
    fn unknown_fields_are_refused() {
        for json in [
            r#"{"rule":{}}"#,
            r#"{"limits":{"rmp":1}}"#,
            r#"{"rules":{"models":[]}}"#,
        ] {
            assert!(serde_json::from_str::<ScopeSpec>(json).is_err(), "{json}");
        }
    }
}
