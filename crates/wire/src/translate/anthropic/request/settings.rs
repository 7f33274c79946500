//! Reads what is wanted of thinking and of the answer's form: `thinking`, `output_config` and
//! `output_format`.

use super::members::{self, Members};
use crate::translate::anthropic::words::read_effort;
use crate::translate::form::{Amount, Extra, Format, Thinking};
use crate::translate::json::Json;

/// What is wanted.
#[derive(Debug, Default)]
pub(in crate::translate::anthropic) struct Wishes<'a> {
    pub(super) thinking: Option<Thinking>,
    pub(super) format: Option<Format<'a>>,
    /// What the form does not say: a `thinking` with more in it, and the rest of `output_config`,
    /// in which an `effort` is one that stands beside `thinking` instead of steering it.
    pub(super) left: Extra<'a>,
}

impl<'a> Wishes<'a> {
    pub(super) fn read(top: &mut Members<'a>) -> Self {
        let mut wishes = Self::default();
        let config = top.object("output_config").and_then(Members::of);
        let mut config = config.unwrap_or_else(|| Members::of("{}").expect("an object"));
        wishes.format = config.value_if("format", is_format).and_then(format);
        if wishes.format.is_none() {
            // The name by which it was known at first.
            wishes.format = top.value_if("output_format", is_format).and_then(format);
        }
        wishes.read_thinking(top.object("thinking"), &mut config);
        let config = config.rest();
        if !config.members.is_empty() {
            let left = members::object(&config);
            wishes.left.members.push(("output_config".into(), left));
        }
        wishes
    }

    fn read_thinking(&mut self, thinking: Option<&'a str>, config: &mut Members<'a>) {
        let Some(json) = thinking else {
            // Without thinking effort still says how long the answer may get.
            let effort = config
                .peek_text("effort")
                .and_then(|word| read_effort(&word));
            self.thinking = effort.map(|effort| Thinking {
                amount: Amount::Effort(effort),
                shown: None,
            });
            return;
        };
        let Some(mut members) = Members::of(json) else {
            return;
        };
        let kind = members.text("type");
        let budget = members.number("budget_tokens");
        let budget = budget.and_then(|number| number.as_str().parse().ok());
        let amount = match (kind.as_deref(), budget) {
            (Some("enabled"), Some(budget)) => Amount::Tokens(budget),
            (Some("disabled"), _) => Amount::Off,
            (Some("adaptive"), _) => match config.peek_text("effort") {
                Some(word) => match read_effort(&word) {
                    Some(effort) => {
                        config.value("effort");
                        Amount::Effort(effort)
                    }
                    None => Amount::Adaptive,
                },
                None => Amount::Adaptive,
            },
            _ => Amount::Adaptive,
        };
        let display = members.text("display");
        let shown = display.as_deref().map(|display| display != "omitted");
        self.thinking = Some(Thinking { amount, shown });
        let known = matches!(display.as_deref(), None | Some("omitted" | "summarized"));
        let kind_known = matches!(kind.as_deref(), Some("enabled" | "disabled" | "adaptive"));
        if !known || !kind_known || !members.rest().members.is_empty() {
            let json = Json::of_valid(json);
            self.left.members.push(("thinking".into(), json));
        }
    }
}

/// The thinking that `json`, a `thinking` that was left, was read as.
pub(in crate::translate::anthropic) fn thinking_of(json: &str) -> Option<Thinking> {
    let mut wishes = Wishes::default();
    wishes.read_thinking(Some(json), &mut Members::of("{}")?);
    wishes.thinking
}

fn is_format(json: &str) -> bool {
    format(json).is_some()
}

fn format(json: &str) -> Option<Format<'_>> {
    let mut format = Members::of(json)?;
    (format.text("type")? == "json_schema").then_some(())?;
    Some(Format::Schema {
        name: format.text("name"),
        description: None,
        schema: Json::of_valid(format.object("schema")?),
        strict: None,
    })
}
