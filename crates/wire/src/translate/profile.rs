//! What a provider or model can do, as far as translation must know.
//!
//! A profile is one flat record without behaviour, so that it can be read from a table.

/// One provider's or model's abilities. The default is what can be expected of a server that is
/// compatible with OpenAI's Chat API and about which nothing is known.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Whether Gemini's signatures travel with calls in `extra_content`.
    pub thought_signatures: bool,
    /// What schemas must look like.
    pub schemas: SchemaRule,
    /// Whether it takes `response_format`.
    pub response_format: bool,
    /// Whether it honours Anthropic's `cache_control` on text blocks.
    pub cache_control: bool,
    /// Where it is told whom its customer serves.
    pub user: UserMember,
    /// Whether it takes `prompt_cache_key`.
    pub cache_key: bool,
    /// Whether it takes `service_tier`.
    pub service_tier: bool,
    /// Whether `content` may be null beside calls; otherwise it is empty.
    pub null_content: bool,
    /// Whether a conversation may end with the assistant.
    pub prefill: bool,
    /// Whether roles must alternate.
    pub alternate: bool,
}

/// The member that bounds the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxTokens {
    /// `max_tokens`
    Old,
    /// `max_completion_tokens`
    Completion,
}

/// Which numbers of sampling a provider takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemRole {
    /// `system`
    System,
    /// `developer`
    Developer,
    /// `user`, for models without a role for instructions.
    User,
}

/// How far a tool can be demanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolChoiceSupport {
    /// Any choice, a named tool too.
    All,
    /// `auto` and `none` only.
    AutoOnly,
    /// It takes no `tool_choice`.
    None,
}

/// How reasoning is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasoningRequest {
    /// Not at all.
    None,
    /// `reasoning_effort`, of which these words are known besides `low`, `medium` and `high`.
    Effort {
        /// `none`
        none: bool,
        /// `minimal`
        minimal: bool,
        /// `xhigh`
        xhigh: bool,
    },
    /// `reasoning`, an object with `effort`, `max_tokens` or `enabled` (OpenRouter).
    Object,
    /// `thinking`, an object with `type` `enabled` or `disabled` (DeepSeek, GLM).
    Thinking,
    /// `enable_thinking`, a boolean (Qwen).
    Enable,
}

/// Where the reasoning of earlier turns is wanted back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasoningEcho {
    /// Nowhere.
    None,
    /// `reasoning_content` (DeepSeek, GLM, Kimi)
    Content,
    /// `reasoning`
    Plain,
    /// `reasoning_details` (OpenRouter), with signatures.
    Details,
}

/// What schemas must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaRule {
    /// As OpenAI takes them.
    Openai,
    /// Every object must have `properties` (LM Studio).
    Properties,
}

/// Where a provider is told whom its customer serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
            thought_signatures: false,
            schemas: SchemaRule::Openai,
            response_format: true,
            cache_control: false,
            user: UserMember::None,
            cache_key: false,
            service_tier: false,
            null_content: false,
            prefill: true,
            alternate: false,
        }
    }

    /// OpenAI itself, for a model by its name there.
    #[must_use]
    pub fn openai(model: &str) -> Self {
        let reasons = reasons(model);
        let five = model.starts_with("gpt-5");
        let reasoning = match reasons {
            true => ReasoningRequest::Effort {
                none: model.starts_with("gpt-5."),
                minimal: five && !model.starts_with("gpt-5."),
                xhigh: model.starts_with("gpt-5."),
            },
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
