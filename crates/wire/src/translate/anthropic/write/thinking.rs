//! Whether and how the model is told to think.
//!
//! Effort and budgets stand for each other so: `minimal` 1024 tokens, `low` 2048, `medium` 8192,
//! `high` 16384, `xhigh` 24576, `max` 32768; a budget below 4096 is `low`, below 16384 `medium`,
//! and `high` from there.

use super::Scene;
use super::plan::Conversation;
use super::settings::{Settings, left};
use crate::scan::Cursor;
use crate::translate::anthropic::model::{Way, effort_name};
use crate::translate::anthropic::request::thinking_of;
use crate::translate::fault::Notes;
use crate::translate::form::{Amount, Effort, Thinking};
use crate::translate::json::Writer;

/// Least tokens of a budget.
const MIN_BUDGET: u64 = 1024;
/// Tokens of the answer beside a budget, where the client bounds neither.
const BESIDE_BUDGET: u64 = 8192;

/// What is told of thinking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told<'r> {
    Nothing,
    Off,
    Adaptive,
    Budget(u64),
    /// As the client wrote it.
    Raw(&'r str),
}

impl<'r> Settings<'r> {
    pub(super) fn think(&mut self, scene: Scene<'r, '_>, notes: &mut Notes) {
        let Some(thinking) = scene.request.thinking else {
            return;
        };
        if scene.native {
            if let Some(raw) = left(scene, "thinking")
                && thinking_of(raw.as_str()) == Some(thinking_alone(thinking))
            {
                self.told = Told::Raw(raw.as_str());
                self.effort = effort_of(thinking.amount).map(effort_name);
                return;
            }
            if matches!(thinking.amount, Amount::Effort(_)) && has_effort(scene) {
                return;
            }
        }
        let way = self.model.way();
        (self.told, self.effort) = match (thinking.amount, way) {
            (Amount::Tokens(0), _) if !scene.native => (Told::Off, None),
            (Amount::Off, Way::None) if !scene.native => (Told::Nothing, None),
            (Amount::Off, _) => (Told::Off, None),
            (_, Way::None) if !scene.native => {
                notes.add("thinking", "left out: the model does not think");
                (Told::Nothing, None)
            }
            (Amount::Adaptive, Way::Budget) if scene.native => (Told::Adaptive, None),
            (Amount::Adaptive, Way::Budget) => (Told::Budget(budget(Effort::Medium)), None),
            (Amount::Adaptive, _) => (Told::Adaptive, None),
            (Amount::Tokens(tokens), Way::Adaptive) if !scene.native => {
                (Told::Adaptive, Some(self.model.effort(nearest(tokens))))
            }
            (Amount::Tokens(tokens), _) => (Told::Budget(tokens), None),
            (Amount::Effort(effort), _) if scene.native => {
                (Told::Adaptive, Some(effort_name(effort)))
            }
            (Amount::Effort(effort), Way::Budget) => (Told::Budget(budget(effort)), None),
            (Amount::Effort(effort), _) => (Told::Adaptive, Some(self.model.effort(effort))),
        };
    }

    /// Makes a budget smaller than the answer may be, or gives thinking up.
    pub(super) fn fit_budget(
        &mut self,
        scene: Scene<'_, '_>,
        conversation: &Conversation<'_, '_>,
        notes: &mut Notes,
    ) {
        let Told::Budget(wish) = self.told else {
            return;
        };
        if conversation.calls_without_thinking() {
            notes.add(
                "thinking",
                "left out: the model's last turn calls tools without thoughts",
            );
            self.told = Told::Nothing;
            return;
        }
        let options = scene.options;
        if scene.request.max_tokens.is_none() && options.profile.max_output.is_none() {
            self.max_tokens = self.max_tokens.max(wish.saturating_add(BESIDE_BUDGET));
        }
        if self.max_tokens <= MIN_BUDGET {
            notes.add("thinking", "left out: the answer is too short for it");
            self.told = Told::Nothing;
            return;
        }
        let most = self.max_tokens - (self.max_tokens / 4).min(BESIDE_BUDGET);
        let most = most.max(MIN_BUDGET);
        self.told = Told::Budget(wish.clamp(MIN_BUDGET, most));
    }

    pub(super) fn write_thinking(&self, scene: Scene<'_, '_>, out: &mut Writer) {
        let (kind, budget) = match self.told {
            Told::Nothing => return,
            Told::Raw(json) => {
                out.key("thinking").raw(json);
                return;
            }
            Told::Off => ("disabled", None),
            Told::Adaptive => ("adaptive", None),
            Told::Budget(tokens) => ("enabled", Some(tokens)),
        };
        out.key("thinking").object().key("type").string(kind);
        if let Some(tokens) = budget {
            out.key("budget_tokens").number(tokens);
        }
        let shown = scene.request.thinking.and_then(|thinking| thinking.shown);
        let told = scene.native || self.told == Told::Adaptive;
        if let Some(shown) = shown.filter(|_| told) {
            let display = if shown { "summarized" } else { "omitted" };
            out.key("display").string(display);
        }
        out.end_object();
    }
}

/// Whether the client asked for effort beside thinking.
fn has_effort(scene: Scene<'_, '_>) -> bool {
    let mut found = false;
    if let Some(config) = left(scene, "output_config") {
        let mut cursor = Cursor::new(config.as_str().as_bytes());
        cursor.object(|key, _| found |= key.is("effort"));
    }
    found
}

/// What `thinking` alone says: effort stands elsewhere.
fn thinking_alone(mut thinking: Thinking) -> Thinking {
    if let Amount::Effort(_) = thinking.amount {
        thinking.amount = Amount::Adaptive;
    }
    thinking
}

fn effort_of(amount: Amount) -> Option<Effort> {
    match amount {
        Amount::Effort(effort) => Some(effort),
        Amount::Off | Amount::Adaptive | Amount::Tokens(_) => None,
    }
}

fn budget(effort: Effort) -> u64 {
    match effort {
        Effort::Minimal => MIN_BUDGET,
        Effort::Low => 2048,
        Effort::Medium => 8192,
        Effort::High => 16_384,
        Effort::ExtraHigh => 24_576,
        Effort::Max => 32_768,
    }
}

fn nearest(tokens: u64) -> Effort {
    match tokens {
        ..4096 => Effort::Low,
        4096..16_384 => Effort::Medium,
        16_384.. => Effort::High,
    }
}
