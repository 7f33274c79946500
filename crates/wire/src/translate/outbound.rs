//! A client's request as a provider of another dialect gets it, and what must be remembered to
//! say the answer in the client's words.

use std::sync::Arc;

use super::codec;
use super::echo::{self, Memory};
use super::fault::{Fault, Notes};
use super::form::{Body, Input, Request, ToolKind};
use super::freeform;
use super::json::Json;
use super::names::{Names, Rule};
use super::openai_chat;
use super::openai_responses::Declared;
use super::options::{Hints, Options};
use super::restore::Words;
use crate::client::is_attribution;
use crate::dialect::Dialect;

/// Stop sequences that Gemini takes at most.
const GEMINI_STOPS: usize = 5;

/// From whom to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// What the client speaks.
    pub client: Dialect,
    /// What the provider speaks.
    pub provider: Dialect,
}

/// A request in the provider's words.
#[derive(Debug)]
pub struct Outbound {
    /// Its body.
    pub body: Vec<u8>,
    /// What was left out or changed.
    pub notes: Notes,
    /// What the way back needs.
    pub back: Back,
}

/// What an answer needs to be said in the client's words.
#[derive(Clone, Debug)]
pub struct Back {
    /// From whom to whom the request went.
    pub way: Way,
    /// Whether the client wants a stream.
    pub stream: bool,
    /// Whether its stream ends with a count of tokens (OpenAI Chat).
    pub include_usage: bool,
    /// The client's words for its tools.
    pub words: Words,
    /// Its tools in namespaces (Responses).
    pub declared: Declared,
    /// Stop sequences that the provider does not look for.
    pub stops: Vec<String>,
    /// Where thinking is remembered that the client may not hand back.
    pub memory: Option<Arc<dyn Memory>>,
    /// Where the answer stands in the conversation, for that memory.
    pub place: u128,
}

/// How Claude Code marks models whose long context it wants, for its own eyes: no provider but
/// Anthropic knows such names.
const LONG: &str = "[1m]";

/// A model's name without the mark that Claude Code puts behind it.
///
/// ```
/// use weir_wire::translate::outbound::plain_model;
/// assert_eq!(plain_model("claude-sonnet-4-6[1m]"), "claude-sonnet-4-6");
/// assert_eq!(plain_model("gpt-5.2"), "gpt-5.2");
/// ```
#[must_use]
pub fn plain_model(model: &str) -> &str {
    let at = model.len().saturating_sub(LONG.len());
    match model.split_at_checked(at) {
        Some((plain, mark)) if mark.eq_ignore_ascii_case(LONG) => plain.trim_end(),
        _ => model,
    }
}

/// Translates a request.
///
/// # Errors
/// When the client's body is no request of its dialect, or asks for what the provider's cannot
/// say. The fault names the field.
pub fn request(
    way: Way,
    body: &[u8],
    hints: &Hints<'_>,
    options: &Options<'_>,
) -> Result<Outbound, Fault> {
    remembering(way, body, hints, options, None)
}

/// The same with what `memory` has of the conversation's thinking put back into it; the answer's
/// will be remembered there.
///
/// # Errors
/// As for [`request`].
pub fn remembering(
    way: Way,
    body: &[u8],
    hints: &Hints<'_>,
    options: &Options<'_>,
    memory: Option<&Arc<dyn Memory>>,
) -> Result<Outbound, Fault> {
    let mut request = codec::read_request(way.client, body, hints)?;
    strip_attribution(&mut request);
    let place = memory.map(|_| echo::place(&request));
    if let Some(memory) = memory {
        echo::recall(&mut request, &**memory);
    }
    wrap_free_text(&mut request);
    let mut notes = Notes::default();
    let body = codec::write_request(way.provider, &request, options, &mut notes)?;
    let mut back = back(way, &request, options);
    back.memory = memory.cloned();
    back.place = place.unwrap_or_default();
    Ok(Outbound { body, notes, back })
}

fn back(way: Way, request: &Request<'_>, options: &Options<'_>) -> Back {
    let rule = match way.provider {
        Dialect::AnthropicMessages => Rule::ANTHROPIC,
        Dialect::OpenaiChat | Dialect::OpenaiResponses => Rule::OPENAI,
        Dialect::Gemini => Rule::GEMINI,
    };
    let names = Names::new(&request.tools, &request.turns, rule);
    Back {
        way,
        stream: request.stream,
        include_usage: openai_chat::wants_usage(request),
        words: Words::new(request, names),
        declared: Declared::of(request),
        stops: unknown_stops(way.provider, request, options),
        memory: None,
        place: 0,
    }
}

/// The stop sequences that the provider is not told of.
fn unknown_stops(provider: Dialect, request: &Request<'_>, options: &Options<'_>) -> Vec<String> {
    let takes = match provider {
        Dialect::AnthropicMessages => {
            let blank = request.stop.iter().filter(|stop| stop.trim().is_empty());
            return blank.map(|stop| stop.to_string()).collect();
        }
        Dialect::OpenaiChat => {
            let unsent = openai_chat::unsent_stops(request, options.profile);
            return unsent.iter().map(ToString::to_string).collect();
        }
        Dialect::OpenaiResponses => 0,
        Dialect::Gemini => GEMINI_STOPS,
    };
    let unknown = request.stop.iter().skip(takes);
    unknown.map(|stop| stop.to_string()).collect()
}

/// Makes JSON of the inputs of tools that take free text, whatever that looks like: an empty text
/// and one that is JSON itself are texts, too. Writers for whom such tools are free text unwrap it.
fn wrap_free_text(request: &mut Request<'_>) {
    let Request { tools, turns, .. } = request;
    let takes_text = |called: &str| {
        let mut tools = tools.iter();
        tools.any(|tool| matches!(&tool.kind, ToolKind::Freeform { name, .. } if name == called))
    };
    for part in turns.iter_mut().flat_map(|turn| &mut turn.parts) {
        if let Body::Call(call) = &mut part.body
            && let Input::Text(text) = &call.input
            && takes_text(&call.name)
        {
            call.input = Input::Json(Json::of_valid(freeform::wrap(text)));
        }
    }
}

fn strip_attribution(request: &mut Request<'_>) {
    let first = request.system.first().map(|part| &part.body);
    if let Some(Body::Text { text, .. }) = first
        && is_attribution(text)
    {
        request.system.remove(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::translate::profile::Profile;

    #[test]
    fn stops_of_white_space_are_looked_for_where_the_provider_takes_none() {
        let way = Way {
            client: Dialect::OpenaiChat,
            provider: Dialect::AnthropicMessages,
        };
        let options = Options {
            model: "claude-sonnet-4-6",
            stream: false,
            profile: &Profile::default(),
        };
        let body = br#"{"messages":[{"role":"user","content":"u"}],"stop":["END","\n\n"]}"#;
        let sent = request(way, body, &Hints::default(), &options).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&sent.body).unwrap();
        assert_eq!(body["stop_sequences"], serde_json::json!(["END"]));
        assert_eq!(sent.back.stops, ["\n\n"]);
    }
}
