//! The dialects and what the tests know of each: its models, its samples.

use weir_wire::dialect::Dialect;
use weir_wire::translate::outbound::Way;
use weir_wire::translate::profile::{Profile, TABLE, Table};

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
        Dialect::Gemini => "gemini-3-pro-preview",
    }
}

/// What a model is known to be able to do at an address.
pub(crate) fn profile(host: &str, model: &str) -> Profile {
    let table: Table = toml::from_str(TABLE).unwrap();
    table.find(host, model)
}
