//! What a reader or writer must know besides the body.

use super::profile::Profile;

/// What the request line says of a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints<'a> {
    /// The model, when the path names it (Gemini).
    pub path_model: Option<&'a str>,
    /// Whether the path asks for a stream (Gemini).
    pub stream: bool,
}

/// What a provider gets.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The model that it is asked for.
    pub model: &'a str,
    /// Whether it is to stream, whatever the client wants.
    pub stream: bool,
    /// What it can do.
    pub profile: &'a Profile,
}

/// What a client gets.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnswerOptions<'a> {
    /// The model by the name that the client asked for.
    pub model: &'a str,
    /// The time, in seconds since the Unix epoch, for dialects that state it.
    pub now_unix: i64,
    /// A number that differs between exchanges, for ids that have to be made.
    pub seed: u64,
    /// Tokens of the prompt by estimate, for streams that state them before they are known.
    pub estimated_input: u64,
    /// Whether the stream ends with a count of tokens (OpenAI Chat's `include_usage`).
    pub include_usage: bool,
}
