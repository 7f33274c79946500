//! The dialects and what the tests know of each: its models, its samples.

use weir_wire::dialect::Dialect;
use weir_wire::translate::outbound::Way;
use weir_wire::translate::profile::{Efforts, Profile, ReasoningRequest, TABLE, Table, UserMember};

/// All of them.
pub(crate) const DIALECTS: [Dialect; 4] = [
    Dialect::AnthropicMessages,
    Dialect::OpenaiChat,
    Dialect::OpenaiResponses,
    Dialect::Gemini,
];

/// Every client with every provider of another dialect.
pub(crate) fn ways() -> impl Iterator<Item = Way> {
    DIALECTS.into_iter().flat_map(|client| {
        let others = DIALECTS.into_iter().filter(move |it| *it != client);
        others.map(move |provider| Way { client, provider })
    })
}

/// A model that providers of the dialect have.
pub(crate) fn model(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::AnthropicMessages => "claude-sonnet-4-6",
        Dialect::OpenaiChat | Dialect::OpenaiResponses => "gpt-5.2",
        Dialect::Gemini => "gemini-3-flash-preview",
    }
}

/// What a model is known to be able to do at an address.
pub(crate) fn profile(host: &str, model: &str) -> Profile {
    let table: Table = toml::from_str(TABLE).unwrap();
    table.find(host, model)
}

/// A profile of all that the Chat and Responses APIs are known to take somewhere.
pub(crate) fn able() -> Profile {
    let mut profile = Profile {
        user: UserMember::User,
        cache_key: true,
        service_tier: true,
        reasoning: ReasoningRequest::Effort(Efforts {
            none: true,
            minimal: true,
            xhigh: true,
            max: false,
        }),
        ..Profile::generic()
    };
    profile.sampling.top_k = true;
    profile
}
