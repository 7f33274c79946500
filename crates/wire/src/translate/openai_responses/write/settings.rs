//! What a request says besides the conversation and its tools.

use super::super::kinds::{CONTENT, MESSAGE};
use super::super::members::{extra, splice};
use super::super::schema;
use super::tools::SEARCH;
use super::{Context, MAX_ID, short_id};
use crate::dialect::Dialect;
use crate::translate::customer;
use crate::translate::fault::Notes;
use crate::translate::form::{Amount, Effort, Format, Sampling, Thinking};
use crate::translate::json::{Json, Writer};
use crate::translate::names::{Rule, sent};
use crate::translate::profile::{Budgets, Efforts, ReasoningRequest, UserMember};

/// Least tokens that the API takes for an answer.
const MIN_OUTPUT: u64 = 16;

pub(super) fn write(out: &mut Writer, context: Context<'_, '_>, notes: &mut Notes) {
    reasoning(out, context, notes);
    text(out, context, notes);
    limits(out, context, notes);
    sampling(out, context, notes);
    identity(out, context, notes);
    if context.own {
        let members = &context.request.extra.members;
        let rest = members.iter().filter(|(name, _)| !nested(name));
        for (name, value) in rest {
            out.key(name).json(value);
        }
    } else {
        out.key("store").boolean(false);
        if context.options.profile.reasoning != ReasoningRequest::None {
            out.key("include").array();
            out.string("reasoning.encrypted_content").end_array();
        }
        others(out, context, notes);
    }
    if context.options.stream {
        out.key("stream").boolean(true);
    }
}

/// Members of the extra that are written elsewhere.
fn nested(name: &str) -> bool {
    matches!(name, "reasoning" | "text") || name == MESSAGE || name == CONTENT
}

/// Members of other dialects.
fn others(out: &mut Writer, context: Context<'_, '_>, notes: &mut Notes) {
    let request = context.request;
    let chat = request.dialect == Dialect::OpenaiChat;
    for (name, value) in &request.extra.members {
        match name.as_ref() {
            "metadata" | "prompt_cache_retention" if chat => drop(out.key(name).json(value)),
            // Written elsewhere, or nothing is lost.
            "verbosity" | "store" | "stream_options" | SEARCH if chat => {}
            _ => notes.add(
                name.clone().into_owned(),
                "left out: the API has nothing like it",
            ),
        }
    }
}

fn reasoning(out: &mut Writer, context: Context<'_, '_>, notes: &mut Notes) {
    let request = context.request;
    let rest = extra(&request.extra, "reasoning").filter(|_| context.own);
    let thinking = request.thinking;
    let profile = context.options.profile;
    if !context.own && profile.reasoning == ReasoningRequest::None {
        if thinking.is_some_and(|thinking| thinking.amount != Amount::Off) {
            notes.add("thinking", "left out: the model does not think");
        }
        return;
    }
    let word = thinking.and_then(|thinking| effort(thinking.amount, context));
    let shown = thinking.is_some_and(|thinking| shown(thinking, request.dialect));
    let summary = shown && !context.own && profile.reasoning_summary;
    if word.is_none() && rest.is_none() && !summary {
        return;
    }
    out.key("reasoning").object();
    if let Some(word) = word {
        out.key("effort").string(word);
    }
    if summary {
        out.key("summary").string("auto");
    }
    if let Some(rest) = rest {
        splice(out, rest.as_str());
    }
    out.end_object();
}

/// Whether summaries are wanted: Anthropic's models show their thinking unless told otherwise.
fn shown(thinking: Thinking, dialect: Dialect) -> bool {
    let shown = thinking.shown;
    thinking.amount != Amount::Off && shown.unwrap_or(dialect == Dialect::AnthropicMessages)
}

fn effort(amount: Amount, context: Context<'_, '_>) -> Option<&'static str> {
    let profile = context.options.profile;
    let words = match profile.reasoning {
        ReasoningRequest::Effort(words) => words,
        _ => Efforts::default(),
    };
    let Budgets { medium, high } = profile.budgets;
    let effort = match amount {
        Amount::Off if context.own || words.none => return Some("none"),
        Amount::Off if words.minimal => return Some("minimal"),
        Amount::Off | Amount::Adaptive => return None,
        Amount::Tokens(tokens) if tokens < medium => Effort::Low,
        Amount::Tokens(tokens) if tokens < high => Effort::Medium,
        Amount::Tokens(_) => Effort::High,
        Amount::Effort(effort) => effort,
    };
    Some(match effort {
        Effort::Minimal if context.own || words.minimal => "minimal",
        Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::Max if context.own || words.max => "max",
        Effort::ExtraHigh | Effort::Max if context.own || words.xhigh => "xhigh",
        Effort::High | Effort::ExtraHigh | Effort::Max => "high",
    })
}

fn text(out: &mut Writer, context: Context<'_, '_>, notes: &mut Notes) {
    let request = context.request;
    let mut format = request.format.as_ref();
    if format.is_some() && !context.own && !context.options.profile.response_format {
        notes.add(
            "format",
            "left out: the provider cannot be held to a format",
        );
        format = None;
    }
    let rest = extra(&request.extra, "text").filter(|_| context.own);
    let verbosity = extra(&request.extra, "verbosity");
    let verbosity = verbosity.filter(|_| request.dialect == Dialect::OpenaiChat);
    if format.is_none() && rest.is_none() && verbosity.is_none() {
        return;
    }
    out.key("text").object();
    if let Some(format) = format {
        out.key("format").object();
        write_format(out, format, request.dialect, notes);
        out.end_object();
    }
    if let Some(verbosity) = verbosity {
        out.key("verbosity").json(verbosity);
    }
    if let Some(rest) = rest {
        splice(out, rest.as_str());
    }
    out.end_object();
}

fn write_format(out: &mut Writer, format: &Format<'_>, dialect: Dialect, notes: &mut Notes) {
    let Format::Schema {
        name,
        description,
        schema,
        strict,
    } = format
    else {
        out.key("type").string("json_object");
        return;
    };
    out.key("type").string("json_schema");
    let name = name.as_deref().filter(|name| !name.is_empty());
    let name = name.unwrap_or("response");
    out.key("name").string(&sent(name, Rule::OPENAI));
    if let Some(description) = description {
        out.key("description").string(description);
    }
    out.key("schema").json(schema);
    if dialect == Dialect::OpenaiResponses {
        if let Some(strict) = strict {
            out.key("strict").boolean(*strict);
        }
        return;
    }
    // Anthropic and Google bind the answer to the schema without being told to.
    let binds = strict.unwrap_or(dialect != Dialect::OpenaiChat);
    let wanted = *strict == Some(true);
    let strict = binds && schema::is_strict(schema.as_str());
    if wanted && !strict {
        notes.add("format", "not strict: the schema leaves something open");
    }
    out.key("strict").boolean(strict);
}

fn limits(out: &mut Writer, context: Context<'_, '_>, notes: &mut Notes) {
    let (request, profile) = (context.request, context.options.profile);
    if let Some(wanted) = request.max_tokens {
        let least = profile.min_output.unwrap_or(0).max(MIN_OUTPUT);
        let most = profile.max_output.unwrap_or(u64::MAX);
        let given = wanted.min(most).max(least);
        if given != wanted {
            notes.add("max_tokens", "brought to what the provider takes");
        }
        out.key("max_output_tokens").number(given);
    }
    if !request.stop.is_empty() {
        // Whoever passes the answer on ends it there.
        notes.add("stop", "left out: the API takes none");
    }
}

fn sampling(out: &mut Writer, context: Context<'_, '_>, notes: &mut Notes) {
    let Sampling {
        temperature,
        top_p,
        top_k,
        seed,
        frequency_penalty,
        presence_penalty,
    } = &context.request.sampling;
    let basic = context.own || context.options.profile.sampling.basic;
    let mut number = |name: &'static str, value: &Option<Json<'_>>, taken: bool| {
        let Some(value) = value else { return };
        match taken {
            true => drop(out.key(name).json(value)),
            false => notes.add(name, "left out: the model does not take it"),
        }
    };
    number("temperature", temperature, basic);
    number("top_p", top_p, basic);
    // The API knows none of these; who sends them in its words knows better.
    number("top_k", top_k, context.own);
    number("seed", seed, context.own);
    number("frequency_penalty", frequency_penalty, context.own);
    number("presence_penalty", presence_penalty, context.own);
}

fn identity(out: &mut Writer, context: Context<'_, '_>, notes: &mut Notes) {
    let (request, profile) = (context.request, context.options.profile);
    let user = request.user.as_deref().filter(|user| !user.is_empty());
    let member = match profile.user {
        UserMember::SafetyIdentifier => Some("safety_identifier"),
        UserMember::User => Some("user"),
        UserMember::None => context.own.then_some("safety_identifier"),
    };
    if let (Some(user), Some(member)) = (user, member) {
        out.key(member).string(&identifier(user, request.dialect));
    }
    let session = || user.and_then(customer::session);
    let key = request.cache_key.as_deref().map(str::to_owned);
    if (context.own || profile.cache_key)
        && let Some(key) = key.or_else(session)
    {
        out.key("prompt_cache_key").string(&short_id(&key));
    }
    let Some(tier) = request.service_tier.as_deref() else {
        return;
    };
    let word = match (request.dialect, tier) {
        (Dialect::OpenaiResponses | Dialect::OpenaiChat, tier) => Some(tier),
        (_, "auto") => Some("auto"),
        (_, "standard_only" | "standard") => Some("default"),
        _ => None,
    };
    match word.filter(|_| context.own || profile.service_tier) {
        Some(word) => drop(out.key("service_tier").string(word)),
        None => notes.add("service_tier", "left out: the API has nothing like it"),
    }
}

/// Whom the customer serves, as OpenAI wants it: short, and nothing that tells who it is. What is
/// in OpenAI's words already stays.
fn identifier(user: &str, dialect: Dialect) -> String {
    let openai = matches!(dialect, Dialect::OpenaiChat | Dialect::OpenaiResponses);
    match openai && user.len() <= MAX_ID {
        true => user.to_owned(),
        false => customer::person(user),
    }
}
