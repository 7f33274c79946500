//! What a provider or model can do, as far as translation must know.
//!
//! A profile is one flat record without behaviour, so that it can be read from a table.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

mod downgrade;
mod table;

pub use downgrade::downgrade;
pub(in crate::translate) use downgrade::fitting_output;
pub use table::{Entry, TABLE, Table, TableFault};

/// One provider's or model's abilities. The default is what can be expected of a server that is
/// compatible with OpenAI's Chat API and about which nothing is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The member that bounds the output.
    pub max_tokens: MaxTokens,
    /// Most tokens of output that it takes; larger wishes are cut to it.
    pub max_output: Option<u64>,
    /// Least tokens of output that it takes; smaller wishes are raised to it.
    pub min_output: Option<u64>,
    /// Which numbers of sampling it takes.
    pub sampling: SamplingSupport,
    /// The role of instructions.
    pub system_role: SystemRole,
    /// Most texts that end the answer; 0 when it knows none.
    pub max_stops: usize,
    /// Whether it takes `stream_options`.
    pub stream_options: bool,
    /// How far a tool can be demanded.
    pub tool_choice: ToolChoiceSupport,
    /// Whether it takes `parallel_tool_calls`.
    pub parallel_tools: bool,
    /// Most tools of one request.
    pub max_tools: Option<usize>,
    /// Whether it takes tools of free text (`custom`); others get functions with one text.
    pub custom_tools: bool,
    /// Whether it sees images.
    pub vision: bool,
    /// Whether it reads PDFs.
    pub pdf: bool,
    /// Whether it hears sound.
    pub audio: bool,
    /// How reasoning is asked for.
    pub reasoning: ReasoningRequest,
    /// Where the reasoning of earlier turns is wanted back.
    pub echo: ReasoningEcho,
    /// Whether a message with calls is refused without it.
    pub echo_required: bool,
    /// How much effort a budget of thinking is.
    pub budgets: Budgets,
    /// Whether Gemini's signatures travel with calls in `extra_content`.
    pub thought_signatures: bool,
    /// What schemas must look like.
    pub schemas: SchemaRule,
    /// Whether it takes `response_format`.
    pub response_format: bool,
    /// Whether that may be a schema; otherwise it is `json_object` only.
    pub json_schema: bool,
    /// Whether it honours Anthropic's `cache_control` on text blocks.
    pub cache_control: bool,
    /// Whether prompts that carry no marks for Anthropic's cache get some.
    pub cache_marks: bool,
    /// Where it is told whom its customer serves.
    pub user: UserMember,
    /// Whether it takes `prompt_cache_key`.
    pub cache_key: bool,
    /// Whether it takes `service_tier`.
    pub service_tier: bool,
    /// Whether it takes `verbosity`.
    pub verbosity: bool,
    /// Whether `content` may be null beside calls; otherwise it is empty.
    pub null_content: bool,
    /// Whether a conversation may end with the assistant.
    pub prefill: bool,
    /// Whether that is marked with `prefix` (Mistral).
    pub prefix: bool,
    /// Whether roles must alternate.
    pub alternate: bool,
    /// What ids of calls it takes.
    pub call_ids: CallIds,
    /// Whether instructions may stand before the conversation only; later ones are put into the
    /// user's mouth.
    pub system_first: bool,
    /// Whether a user must not speak right after a tool: the assistant says a word between.
    pub word_after_tools: bool,
    /// Whether summaries of its reasoning may be asked for.
    pub reasoning_summary: bool,
    /// Members that every request gets, whatever the client says of them.
    pub members: serde_json::Map<String, serde_json::Value>,
    /// Headers that every request gets.
    pub headers: BTreeMap<String, String>,
}

/// The member that bounds the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxTokens {
    /// `max_tokens`
    Old,
    /// `max_completion_tokens`
    Completion,
}

/// Which numbers of sampling a provider takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplingSupport {
    /// `temperature` and `top_p`
    pub basic: bool,
    /// `top_k`
    pub top_k: bool,
    /// `seed`
    pub seed: bool,
    /// `frequency_penalty` and `presence_penalty`
    pub penalties: bool,
}

/// The role of instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemRole {
    /// `system`
    System,
    /// `developer`
    Developer,
    /// `user`, for models without a role for instructions.
    User,
}

/// How far a tool can be demanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoiceSupport {
    /// Any choice, a named tool too.
    All,
    /// `auto`, `none` and `required`, but none by name.
    Words,
    /// `auto` and `none` only.
    AutoOnly,
    /// It takes no `tool_choice`.
    None,
}

/// How reasoning is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningRequest {
    /// Not at all.
    None,
    /// `reasoning_effort`
    Effort(Efforts),
    /// `reasoning`, an object with `effort`, `max_tokens` or `enabled` (OpenRouter).
    Object,
    /// `thinking`, an object with `type` `enabled` or `disabled` (DeepSeek, GLM).
    Thinking,
    /// `enable_thinking`, a boolean (Qwen).
    Enable,
}

/// Words of effort that are known besides `low`, `medium` and `high`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Efforts {
    /// `none`
    pub none: bool,
    /// `minimal`
    pub minimal: bool,
    /// `xhigh`
    pub xhigh: bool,
    /// `max`
    pub max: bool,
}

/// How many tokens of thinking are how much effort: fewer than `medium` are low, at least `high`
/// are high.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budgets {
    /// Where medium effort begins.
    pub medium: u64,
    /// Where high effort begins.
    pub high: u64,
}

/// What ids of calls a provider takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallIds {
    /// Any of up to 40 bytes.
    Any,
    /// Nine letters or digits (Mistral).
    Nine,
}

/// Where the reasoning of earlier turns is wanted back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasoningEcho {
    /// Nowhere.
    None,
    /// `reasoning_content` (DeepSeek, GLM, Kimi)
    Content,
    /// `reasoning`
    Plain,
    /// `reasoning_details` (OpenRouter), with signatures.
    Details,
    /// Parts of `content` (Mistral).
    Parts,
}

/// What schemas must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchemaRule {
    /// As OpenAI takes them; `$schema` and `$id` stay, which the other rules take out.
    Openai,
    /// Every object must have `properties` (LM Studio).
    Properties,
    /// Without references, unions and much else (Google).
    Gemini,
}

/// Where a provider is told whom its customer serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserMember {
    /// Nowhere.
    None,
    /// `user`
    User,
    /// `safety_identifier`
    SafetyIdentifier,
}

impl Default for Profile {
    fn default() -> Self {
        Self::generic()
    }
}

impl Profile {
    /// A server that is compatible with OpenAI's Chat API and about which nothing is known.
    #[must_use]
    pub fn generic() -> Self {
        Self {
            max_tokens: MaxTokens::Old,
            max_output: None,
            min_output: None,
            sampling: SamplingSupport {
                basic: true,
                top_k: false,
                seed: true,
                penalties: true,
            },
            system_role: SystemRole::System,
            max_stops: 4,
            stream_options: true,
            tool_choice: ToolChoiceSupport::All,
            parallel_tools: true,
            max_tools: None,
            custom_tools: false,
            vision: true,
            pdf: true,
            audio: true,
            reasoning: ReasoningRequest::None,
            echo: ReasoningEcho::None,
            echo_required: false,
            budgets: Budgets {
                medium: 4096,
                high: 16384,
            },
            thought_signatures: false,
            schemas: SchemaRule::Openai,
            response_format: true,
            json_schema: true,
            cache_control: false,
            cache_marks: true,
            user: UserMember::None,
            cache_key: false,
            service_tier: false,
            verbosity: false,
            null_content: false,
            prefill: true,
            prefix: false,
            alternate: false,
            call_ids: CallIds::Any,
            system_first: false,
            word_after_tools: false,
            reasoning_summary: true,
            members: serde_json::Map::new(),
            headers: BTreeMap::new(),
        }
    }

    /// OpenAI itself, for a model by its name there.
    #[must_use]
    pub fn openai(model: &str) -> Self {
        let reasons = reasons(model);
        let five = model.starts_with("gpt-5");
        let reasoning = match reasons {
            true => ReasoningRequest::Effort(Efforts {
                none: model.starts_with("gpt-5."),
                minimal: five && !model.starts_with("gpt-5."),
                xhigh: model.starts_with("gpt-5."),
                max: false,
            }),
            false => ReasoningRequest::None,
        };
        Self {
            max_tokens: MaxTokens::Completion,
            sampling: SamplingSupport {
                basic: !reasons,
                top_k: false,
                seed: true,
                penalties: !reasons,
            },
            system_role: match reasons {
                true => SystemRole::Developer,
                false => SystemRole::System,
            },
            max_stops: if reasons { 0 } else { 4 },
            parallel_tools: !reasons || five,
            max_tools: Some(128),
            custom_tools: five,
            audio: model.contains("audio"),
            reasoning,
            user: UserMember::SafetyIdentifier,
            cache_key: true,
            service_tier: true,
            verbosity: five && reasons,
            null_content: true,
            ..Self::generic()
        }
    }
}

/// Whether a model of OpenAI's thinks before it answers, and so takes no sampling.
fn reasons(model: &str) -> bool {
    let o_series = model.strip_prefix('o');
    let o_series = o_series.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    o_series || (model.starts_with("gpt-5") && !model.contains("chat"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_models_that_think_lose_their_sampling() {
        for (model, thinks) in [
            ("o3", true),
            ("o4-mini", true),
            ("gpt-5-mini", true),
            ("gpt-5.2", true),
            ("gpt-5-chat-latest", false),
            ("gpt-4o", false),
            ("omni-moderation", false),
        ] {
            let profile = Profile::openai(model);
            assert_eq!(profile.sampling.basic, !thinks, "{model}");
            assert_eq!(profile.max_tokens, MaxTokens::Completion);
        }
        assert_eq!(Profile::default().max_tokens, MaxTokens::Old);
    }
}
