//! Which API a request speaks, told from its method, path and headers alone.

/// A wire format that a client speaks or a provider serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Anthropic Messages and the rest of Anthropic's `/v1/` API.
    AnthropicMessages,
    /// OpenAI Chat Completions and the rest of OpenAI's `/v1/` API.
    OpenaiChat,
    /// OpenAI Responses.
    OpenaiResponses,
    /// Google's Generative Language API.
    Gemini,
}

impl Dialect {
    /// The name used in captures, metrics and settings.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AnthropicMessages => "anthropic_messages",
            Self::OpenaiChat => "openai_chat",
            Self::OpenaiResponses => "openai_responses",
            Self::Gemini => "gemini",
        }
    }
}

/// What a request asks for, as far as weir treats operations differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// One model turn: Messages, Chat Completions, Responses, `generateContent`.
    Generate,
    /// A model turn that the path itself says is streamed (`:streamGenerateContent`).
    GenerateStream,
    /// Token counting, answered by the provider.
    CountTokens,
    /// Embeddings.
    Embeddings,
    /// The list of models.
    Models,
    /// Anything else: files, batches, paths that do not exist yet.
    Other,
}

impl Operation {
    /// The name used in captures and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generate | Self::GenerateStream => "generate",
            Self::CountTokens => "count_tokens",
            Self::Embeddings => "embeddings",
            Self::Models => "models",
            Self::Other => "other",
        }
    }
}
