//! `thinkingConfig`: tokens up to version 2.5, steps from version 3 on.

use super::Model;
use crate::translate::form::{Amount, Effort, Thinking};
use crate::translate::json::Writer;

pub(super) fn write(out: &mut Writer, thinking: &Thinking, model: &Model) {
    if !model.thinks() {
        return;
    }
    out.key("thinkingConfig").object();
    if model.has_levels() {
        if let Some(level) = level(thinking.amount, model) {
            out.key("thinkingLevel").string(level);
        }
    } else {
        let budget = budget(thinking.amount, model);
        out.key("thinkingBudget").raw(&budget.to_string());
    }
    let shown = thinking.shown.unwrap_or(true) && thinking.amount != Amount::Off;
    out.key("includeThoughts").boolean(shown);
    out.end_object();
}

/// The step; none leaves it to the model.
fn level(amount: Amount, model: &Model) -> Option<&'static str> {
    let level = match amount {
        Amount::Adaptive => return None,
        Amount::Off | Amount::Effort(Effort::Minimal) => "minimal",
        Amount::Tokens(tokens) if tokens < 4_096 => "low",
        Amount::Tokens(tokens) if tokens < 16_384 => "medium",
        Amount::Effort(Effort::Low) => "low",
        Amount::Effort(Effort::Medium) => "medium",
        Amount::Tokens(_) | Amount::Effort(Effort::High | Effort::ExtraHigh | Effort::Max) => {
            "high"
        }
    };
    Some(match level {
        "minimal" if model.is_pro() => "low",
        "medium" if model.has_two_levels() => "high",
        level => level,
    })
}

/// Tokens; -1 leaves it to the model, 0 is none.
fn budget(amount: Amount, model: &Model) -> i64 {
    let (least, most) = model.budgets();
    let tokens = match amount {
        Amount::Adaptive => return -1,
        Amount::Off if !model.is_pro() => return 0,
        Amount::Off => least,
        Amount::Tokens(tokens) => tokens,
        Amount::Effort(Effort::Minimal) => 512,
        Amount::Effort(Effort::Low) => 1_024,
        Amount::Effort(Effort::Medium) => 8_192,
        Amount::Effort(Effort::High) => 24_576,
        Amount::Effort(Effort::ExtraHigh | Effort::Max) => most,
    };
    i64::try_from(tokens.clamp(least, most)).unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_model_is_asked_in_its_words() {
        for (model, amount, shown, said) in [
            (
                "gemini-2.5-flash",
                Amount::Off,
                None,
                r#"{"thinkingBudget":0,"includeThoughts":false}"#,
            ),
            (
                "gemini-2.5-pro",
                Amount::Off,
                None,
                r#"{"thinkingBudget":128,"includeThoughts":false}"#,
            ),
            (
                "gemini-2.5-flash",
                Amount::Tokens(31_999),
                None,
                r#"{"thinkingBudget":24576,"includeThoughts":true}"#,
            ),
            (
                "gemini-flash-latest",
                Amount::Adaptive,
                Some(false),
                r#"{"thinkingBudget":-1,"includeThoughts":false}"#,
            ),
            (
                "gemini-3-pro-preview",
                Amount::Tokens(8_000),
                None,
                r#"{"thinkingLevel":"high","includeThoughts":true}"#,
            ),
            (
                "gemini-3.8-flash",
                Amount::Off,
                None,
                r#"{"thinkingLevel":"minimal","includeThoughts":false}"#,
            ),
            (
                "gemini-3.1-pro",
                Amount::Adaptive,
                None,
                r#"{"includeThoughts":true}"#,
            ),
        ] {
            let mut out = Writer::default();
            out.object();
            write(&mut out, &Thinking { amount, shown }, &Model::of(model));
            out.end_object();
            assert_eq!(
                out.into_string(),
                format!(r#"{{"thinkingConfig":{said}}}"#),
                "{model}"
            );
        }
    }

    #[test]
    fn old_models_are_not_asked_to_think() {
        let mut out = Writer::default();
        let thinking = Thinking {
            amount: Amount::Adaptive,
            shown: None,
        };
        write(&mut out, &thinking, &Model::of("gemini-2.0-flash"));
        assert_eq!(out.into_string(), "");
    }
}
