//! What a provider or model can do, as far as translation must know.

/// One provider's or model's abilities. The default is what can be expected of a server that is
/// compatible with OpenAI's Chat API and about which nothing is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The member that bounds the output: `max_tokens` or `max_completion_tokens`.
    pub max_tokens_member: &'static str,
    /// Most tokens of output that it takes; larger wishes are cut to it.
    pub max_output: Option<u64>,
    /// Whether it sees images.
    pub vision: bool,
    /// The role of instructions: `system`, `developer` or `user`.
    pub system_role: &'static str,
    /// Whether it takes `stream_options`.
    pub stream_options: bool,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            max_tokens_member: "max_tokens",
            max_output: None,
            vision: true,
            system_role: "system",
            stream_options: true,
        }
    }
}
