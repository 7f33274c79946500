//! Words of the API's JSON that are a closed set, for its description.

use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use crate::route::session::Source;
use crate::subagents::Rule;

/// One of these words.
pub fn one_of(words: impl IntoIterator<Item = &'static str>) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words))
        .build()
}

/// By what a subagent was told.
#[must_use]
pub fn rules() -> Object {
    let all = [Rule::Prefix, Rule::Hash, Rule::Header, Rule::Marker];
    one_of(all.map(Rule::as_str))
}

/// What told of a session.
pub(crate) fn session_sources() -> Object {
    use Source::{Body, Header, Prefix, TurnState};
    one_of([Header, TurnState, Body, Prefix].map(Source::as_str))
}
