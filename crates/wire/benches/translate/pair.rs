//! Who speaks with whom.

use std::fmt::{Display, Formatter};

use weir_wire::dialect::Dialect;
use weir_wire::translate::options::{AnswerOptions, Hints, Options};
use weir_wire::translate::outbound::{Outbound, Way, request};
use weir_wire::translate::profile::Profile;

const A: Dialect = Dialect::AnthropicMessages;
const C: Dialect = Dialect::OpenaiChat;
const R: Dialect = Dialect::OpenaiResponses;
const G: Dialect = Dialect::Gemini;

/// All four.
pub(crate) const DIALECTS: [Dialect; 4] = [A, C, R, G];

/// A client's dialect and its provider's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair(pub(crate) Dialect, pub(crate) Dialect);

impl Pair {
    pub(crate) const ALL: [Self; 12] = [
        Self(A, C),
        Self(A, R),
        Self(A, G),
        Self(C, A),
        Self(C, R),
        Self(C, G),
        Self(R, A),
        Self(R, C),
        Self(R, G),
        Self(G, A),
        Self(G, C),
        Self(G, R),
    ];

    /// A request of the client's, as its provider gets it.
    pub(crate) fn translate(self, body: &[u8], profile: &Profile) -> Outbound {
        let Self(client, provider) = self;
        let way = Way { client, provider };
        request(way, body, &hints(), &options(provider, profile)).expect("it can be translated")
    }
}

impl Display for Pair {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} asks {}", word(self.0), word(self.1))
    }
}

fn word(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::AnthropicMessages => "messages",
        Dialect::OpenaiChat => "chat",
        Dialect::OpenaiResponses => "responses",
        Dialect::Gemini => "gemini",
    }
}

/// What Gemini's path says.
pub(crate) fn hints() -> Hints<'static> {
    Hints {
        path_model: Some("gemini-2.5-pro"),
        stream: true,
    }
}

pub(crate) fn options(provider: Dialect, profile: &Profile) -> Options<'_> {
    let model = match provider {
        Dialect::AnthropicMessages => "claude-sonnet-4-5",
        Dialect::OpenaiChat | Dialect::OpenaiResponses => MODEL,
        Dialect::Gemini => "gemini-2.5-pro",
    };
    Options {
        model,
        stream: true,
        profile,
    }
}

const MODEL: &str = "gpt-5.2";

pub(crate) fn profile() -> Profile {
    Profile::openai(MODEL)
}

pub(crate) fn answer_options() -> AnswerOptions<'static> {
    AnswerOptions {
        model: "the-model",
        now_unix: 1_770_000_000,
        seed: 0x5eed,
        estimated_input: 60_000,
        include_usage: true,
    }
}
