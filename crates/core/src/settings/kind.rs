//! The kinds of provider and what each kind settles. A new kind is one line in each function here.

use weir_wire::dialect::Dialect;

/// What a provider is, which settles its dialects and how it takes a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProviderKind {
    /// Anthropic's API: `x-api-key`, or bearer for a subscription's token.
    Anthropic,
    /// OpenAI's Chat, Responses and the rest: `Authorization: Bearer`.
    Openai,
    /// Anything that speaks OpenAI's APIs at an address of its own.
    OpenaiCompatible,
    /// Google's Generative Language API: `x-goog-api-key`.
    Gemini,
    /// Z.AI's Anthropic-shaped API.
    Zai,
    /// MiniMax's Anthropic-shaped API: bearer.
    Minimax,
    /// A local Ollama; a key is optional.
    Ollama,
    /// OpenRouter: Anthropic's and OpenAI's APIs, bearer.
    Openrouter,
    /// Anthropic's models on Amazon Bedrock: SigV4 or a bearer token.
    Bedrock,
    /// Anthropic's models on Google Vertex AI: an OAuth token.
    Vertex,
    /// Anthropic's models on Microsoft Foundry, and Azure OpenAI: a key or Entra ID.
    Azure,
}

impl ProviderKind {
    /// Every kind, in the order of the reference.
    pub const ALL: [Self; 11] = [
        Self::Anthropic,
        Self::Openai,
        Self::OpenaiCompatible,
        Self::Gemini,
        Self::Zai,
        Self::Minimax,
        Self::Ollama,
        Self::Openrouter,
        Self::Bedrock,
        Self::Vertex,
        Self::Azure,
    ];

    /// Its word in a configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::Openai => "openai",
            Self::OpenaiCompatible => "openai_compatible",
            Self::Gemini => "gemini",
            Self::Zai => "zai",
            Self::Minimax => "minimax",
            Self::Ollama => "ollama",
            Self::Openrouter => "openrouter",
            Self::Bedrock => "bedrock",
            Self::Vertex => "vertex",
            Self::Azure => "azure",
        }
    }

    /// Who owns its models, as `GET /v1/models` says.
    #[must_use]
    pub fn owner(self) -> &'static str {
        match self {
            Self::Zai => "zhipu",
            Self::Bedrock => "aws",
            Self::Vertex | Self::Gemini => "google",
            other => other.as_str(),
        }
    }

    /// The dialects it is used for unless its settings name others.
    #[must_use]
    pub const fn dialects(self) -> &'static [Dialect] {
        match self {
            Self::Anthropic | Self::Zai | Self::Minimax | Self::Bedrock | Self::Vertex => {
                &[Dialect::AnthropicMessages]
            }
            Self::Openai => &[Dialect::OpenaiChat, Dialect::OpenaiResponses],
            Self::OpenaiCompatible => &[Dialect::OpenaiChat],
            Self::Gemini => &[Dialect::Gemini],
            Self::Ollama | Self::Openrouter | Self::Azure => &[
                Dialect::AnthropicMessages,
                Dialect::OpenaiChat,
                Dialect::OpenaiResponses,
            ],
        }
    }

    /// Where it is unless its settings say so; none where the address depends on the operator.
    #[must_use]
    pub const fn default_base_url(self) -> Option<&'static str> {
        match self {
            Self::Anthropic => Some("https://api.anthropic.com"),
            Self::Openai => Some("https://api.openai.com"),
            Self::Gemini => Some("https://generativelanguage.googleapis.com"),
            Self::Zai => Some("https://api.z.ai/api/anthropic"),
            Self::Minimax => Some("https://api.minimax.io/anthropic"),
            Self::Ollama => Some("http://localhost:11434"),
            Self::Openrouter => Some("https://openrouter.ai/api"),
            Self::OpenaiCompatible | Self::Bedrock | Self::Vertex | Self::Azure => None,
        }
    }

    /// Models known to be there, for the list of models; empty where none are certain.
    #[must_use]
    pub const fn default_models(self) -> &'static [&'static str] {
        match self {
            Self::Anthropic | Self::Azure => &[
                "claude-opus-4-6",
                "claude-sonnet-4-5-20250514",
                "claude-opus-4-5-20250514",
                "claude-haiku-3-5-20241022",
            ],
            Self::Zai => &["GLM-5", "GLM-4.7", "GLM-4.5-Air"],
            Self::Minimax => &[
                "MiniMax-M2.5",
                "MiniMax-M2.5-highspeed",
                "MiniMax-M2.1",
                "MiniMax-M2.1-highspeed",
                "MiniMax-M2",
            ],
            Self::Bedrock => &[
                "anthropic.claude-opus-4-6-v1:0",
                "anthropic.claude-sonnet-4-5-20250514-v1:0",
                "anthropic.claude-opus-4-5-20250514-v1:0",
                "anthropic.claude-haiku-3-5-20241022-v1:0",
            ],
            Self::Vertex => &[
                "claude-opus-4-6",
                "claude-sonnet-4-5@20250514",
                "claude-opus-4-5@20250514",
                "claude-haiku-3-5@20241022",
            ],
            Self::Openai
            | Self::OpenaiCompatible
            | Self::Gemini
            | Self::Ollama
            | Self::Openrouter => &[],
        }
    }

    /// Whether the upstream itself can be asked for its models. Where it cannot,
    /// [`default_models`](Self::default_models) stand in for models that are not configured.
    #[must_use]
    pub const fn asks_for_models(self) -> bool {
        match self {
            Self::Anthropic
            | Self::Openai
            | Self::OpenaiCompatible
            | Self::Gemini
            | Self::Ollama
            | Self::Openrouter => true,
            Self::Zai | Self::Minimax | Self::Bedrock | Self::Vertex | Self::Azure => false,
        }
    }

    /// Whether `anthropic-version` is added when a client sends none.
    pub(super) const fn adds_version(self) -> bool {
        matches!(self, Self::Anthropic | Self::Azure)
    }

    /// Whether its credentials are the cloud's own, so that `keys` have no use.
    #[must_use]
    pub const fn signs_itself(self) -> bool {
        matches!(self, Self::Bedrock | Self::Vertex)
    }
}
