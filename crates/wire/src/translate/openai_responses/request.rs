//! Reads requests. What the provider would have to remember is refused with what to do instead.

mod items;
mod parts;
mod tools;

use super::members::{Members, is_string};
use crate::dialect::Dialect;
use crate::translate::fault::Fault;
use crate::translate::form::{Amount, Effort, Extra, Format, Part, Request, Sampling, Thinking};
use crate::translate::json::Json;
use crate::translate::options::Hints;

/// Reads a request.
///
/// # Errors
///
/// A [`Fault`] names the member that cannot be read, or that needs a provider which keeps earlier
/// responses.
pub fn read_request<'a>(body: &'a [u8], hints: &Hints<'_>) -> Result<Request<'a>, Fault> {
    let mut all = members(body)?;
    refuse_kept(&mut all)?;
    let model = match (all.text("model"), hints.path_model) {
        (Some(model), _) => model,
        (None, Some(model)) => model.to_owned().into(),
        (None, None) => return Err(Fault::new("model", "missing: name the model")),
    };
    let Some(input) = all.take("input") else {
        let message = "missing: a string, or the items of the conversation";
        return Err(Fault::new("input", message));
    };
    let mut conversation = items::read(input)?;
    let mut system: Vec<Part<'a>> = Vec::new();
    system.extend(all.text("instructions").map(parts::text));
    system.append(&mut conversation.system);
    let mut tools = match all.take("tools") {
        Some(tools) => tools::read(tools, "tools")?,
        None => Vec::new(),
    };
    tools::add(&mut tools, conversation.loaded);
    let choice = all.take("tool_choice");
    let tool_choice = choice.and_then(|raw| tools::read_choice(raw, &mut tools));
    let (thinking, reasoning) = reasoning(all.take("reasoning"));
    let (format, text) = text_format(all.take("text"))?;
    let user = all.text("safety_identifier").or_else(|| all.text("user"));
    let mut request = Request {
        dialect: Dialect::OpenaiResponses,
        model,
        system,
        turns: conversation.turns,
        tools,
        tool_choice,
        parallel_tools: all.boolean("parallel_tool_calls"),
        max_tokens: all.number("max_output_tokens"),
        sampling: sampling(&mut all),
        stop: Vec::new(),
        stream: all.boolean("stream").unwrap_or(false),
        thinking,
        format,
        user,
        cache_key: all.text("prompt_cache_key"),
        service_tier: all.text("service_tier"),
        extra: Extra::default(),
    };
    request.extra = all.rest();
    let nested = [("reasoning", reasoning), ("text", text)];
    for (name, value) in nested {
        request
            .extra
            .members
            .extend(value.map(|value| (name.into(), value)));
    }
    Ok(request)
}

/// The members of a body, once all of it is known to be JSON.
fn members(body: &[u8]) -> Result<Members<'_>, Fault> {
    let text = std::str::from_utf8(body).ok();
    let text = text.map(|text| text.strip_prefix('\u{FEFF}').unwrap_or(text));
    let text = text.filter(|text| super::members::is_json(text));
    let members = text.and_then(Members::of);
    members.ok_or_else(|| Fault::new("", "the body must be one JSON object"))
}

/// Members that mean something which only OpenAI has.
const KEPT: [(&str, &str); 3] = [
    (
        "previous_response_id",
        "the provider of this model speaks another dialect and keeps no responses: send all items \
         of the conversation in `input` instead, as with `store: false`",
    ),
    (
        "conversation",
        "the provider of this model speaks another dialect and keeps no conversations: send all \
         items of the conversation in `input` instead",
    ),
    (
        "prompt",
        "the provider of this model speaks another dialect and keeps no prompts: send the text of \
         the prompt in `instructions` or `input` instead",
    ),
];

fn refuse_kept(all: &mut Members<'_>) -> Result<(), Fault> {
    for (name, message) in KEPT {
        if all.take(name).is_some() {
            return Err(Fault::new(name, message));
        }
    }
    if all.peek("background") == Some("true") {
        let message = "the provider of this model speaks another dialect and does not run \
                       responses in the background: leave it out and wait for the answer";
        return Err(Fault::new("background", message));
    }
    Ok(())
}

fn sampling<'a>(all: &mut Members<'a>) -> Sampling<'a> {
    Sampling {
        temperature: all.json("temperature"),
        top_p: all.json("top_p"),
        // Not of this API, but of servers that are like it.
        top_k: all.json("top_k"),
        seed: all.json("seed"),
        frequency_penalty: all.json("frequency_penalty"),
        presence_penalty: all.json("presence_penalty"),
    }
}

fn reasoning(raw: Option<&str>) -> (Option<Thinking>, Option<Json<'_>>) {
    let Some(mut all) = raw.and_then(Members::of) else {
        return (None, None);
    };
    let word = all.text("effort");
    let amount = word.as_deref().and_then(amount);
    let shown = all.peek("summary").or(all.peek("generate_summary"));
    let shown = shown.is_some_and(is_string).then_some(true);
    let amount = amount.or(shown.map(|_| Amount::Adaptive));
    let thinking = amount.map(|amount| Thinking { amount, shown });
    (thinking, all.rest_object())
}

fn amount(word: &str) -> Option<Amount> {
    Some(Amount::Effort(match word {
        "none" => return Some(Amount::Off),
        "minimal" => Effort::Minimal,
        "low" => Effort::Low,
        "medium" => Effort::Medium,
        "high" => Effort::High,
        "xhigh" => Effort::ExtraHigh,
        "max" => Effort::Max,
        _ => return None,
    }))
}

type FormatAndRest<'a> = (Option<Format<'a>>, Option<Json<'a>>);

fn text_format(raw: Option<&str>) -> Result<FormatAndRest<'_>, Fault> {
    let Some(mut all) = raw.and_then(Members::of) else {
        return Ok((None, None));
    };
    let Some(mut format) = all.take("format").and_then(Members::of) else {
        return Ok((None, all.rest_object()));
    };
    let format = match format.text("type").as_deref() {
        None | Some("text") => None,
        Some("json_object") => Some(Format::Json),
        Some("json_schema") => {
            let Some(schema) = format.json("schema") else {
                return Err(Fault::new("text.format.schema", "missing"));
            };
            Some(Format::Schema {
                name: format.text("name"),
                description: format.text("description"),
                schema,
                strict: format.boolean("strict"),
            })
        }
        Some(_) => {
            let message = "must be `text`, `json_object` or `json_schema`";
            return Err(Fault::new("text.format.type", message));
        }
    };
    Ok((format, all.rest_object()))
}

#[cfg(test)]
mod tests;
