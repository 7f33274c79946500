//! Writes tools and what is said of their use.

use std::borrow::Cow;

use super::{To, schema, server};
use crate::dialect::Dialect;
use crate::translate::fault::{Fault, Notes};
use crate::translate::form::{Tool, ToolChoice, ToolKind};
use crate::translate::freeform;
use crate::translate::json::Writer;
use crate::translate::names::{self, Rule};
use crate::translate::openai_chat::request::INNER;
use crate::translate::profile::ToolChoiceSupport;

/// Writes `tools`, `tool_choice` and `parallel_tool_calls`.
pub(super) fn write(to: &To<'_, '_>, out: &mut Writer, notes: &mut Notes) -> Result<(), Fault> {
    let mut list = Writer::default();
    let mut count = 0;
    list.array();
    for tool in &to.request.tools {
        count += usize::from(write_tool(to, tool, &mut list, notes));
    }
    list.end_array();
    if let Some(most) = to.profile.max_tools.filter(|most| count > *most) {
        let message = format!("{count} tools are more than the provider takes, which is {most}");
        return Err(Fault::new("tools", message));
    }
    let choice = to.request.tool_choice.as_ref();
    let unsaid = to.profile.tool_choice == ToolChoiceSupport::None;
    if count == 0 {
        return Ok(());
    }
    if unsaid && choice == Some(&ToolChoice::None) {
        notes.add(
            "tools",
            "left out, as the provider cannot be told to use none",
        );
        return Ok(());
    }
    out.key("tools").raw(&list.into_string());
    if let Some(choice) = choice {
        write_choice(to, choice, out, notes);
    }
    match to.request.parallel_tools {
        Some(parallel) if to.profile.parallel_tools => {
            out.key("parallel_tool_calls").boolean(parallel);
        }
        Some(false) => notes.add("parallel_tool_calls", "left out: the provider takes it not"),
        _ => {}
    }
    Ok(())
}

/// Writes a tool, if the provider can be told of it.
fn write_tool(to: &To<'_, '_>, tool: &Tool<'_>, out: &mut Writer, notes: &mut Notes) -> bool {
    match &tool.kind {
        ToolKind::Function {
            name,
            description,
            schema,
            strict,
        } => {
            let schema = schema::input(to, schema.as_ref());
            let strict = strict.filter(|strict| binds(to, *strict, &schema, notes));
            open("function", name, description.as_deref(), out);
            out.key("parameters").raw(&schema);
            if let Some(strict) = strict {
                out.key("strict").boolean(strict);
            }
            close(to, tool, out);
        }
        ToolKind::Freeform {
            name,
            description,
            format,
        } if to.profile.custom_tools => {
            open("custom", name, description.as_deref(), out);
            if let Some(format) = format {
                out.key("format").raw(&grammar(to, format.as_str()));
            }
            close(to, tool, out);
        }
        ToolKind::Freeform {
            name,
            description,
            format,
        } => {
            let description = freeform::describe(description.as_deref(), format.as_ref());
            open("function", name, description.as_deref(), out);
            out.key("parameters").raw(freeform::SCHEMA);
            close(to, tool, out);
        }
        ToolKind::Server { json, .. } if to.same() => {
            out.json(json);
        }
        ToolKind::Server { kind, name, .. } => {
            let known = server::function(kind).filter(|_| anthropic(to));
            let (Some((description, schema)), Some(name)) = (known, name) else {
                notes.add("tools", "left out: a tool that another provider runs");
                return false;
            };
            open("function", name, Some(description), out);
            out.key("parameters").raw(schema);
            out.end_object().end_object();
        }
    }
    true
}

/// Whether it is said that the input must, or need not, fit the schema.
fn binds(to: &To<'_, '_>, strict: bool, schema: &str, notes: &mut Notes) -> bool {
    let fits = to.same() || !strict || schema::qualifies(schema);
    if !fits {
        notes.add(
            "tools.strict",
            "left out: the schema allows what strict does not",
        );
    }
    fits && (to.same() || strict)
}

fn anthropic(to: &To<'_, '_>) -> bool {
    to.request.dialect == Dialect::AnthropicMessages
}

fn open(kind: &str, name: &str, description: Option<&str>, out: &mut Writer) {
    out.object();
    out.key("type").string(kind).key(kind).object();
    out.key("name").string(&names::sent(name, Rule::OPENAI));
    if let Some(description) = description.filter(|text| !text.is_empty()) {
        out.key("description").string(description);
    }
}

fn close(to: &To<'_, '_>, tool: &Tool<'_>, out: &mut Writer) {
    let own = to.own(&tool.extra);
    for (key, value) in own {
        if let Some(key) = key.strip_prefix(INNER) {
            out.key(key).json(value);
        }
    }
    out.end_object();
    if let Some(cache) = tool.cache.as_ref().filter(|_| to.profile.cache_control) {
        out.key("cache_control").json(cache);
    }
    for (key, value) in own.iter().filter(|(key, _)| !key.starts_with(INNER)) {
        out.key(key).json(value);
    }
    out.end_object();
}

/// A grammar as Chat nests it; Responses writes its members beside the type.
fn grammar<'x>(to: &To<'_, '_>, format: &'x str) -> Cow<'x, str> {
    if to.request.dialect != Dialect::OpenaiResponses {
        return Cow::Borrowed(format);
    }
    let Ok(serde_json::Value::Object(mut flat)) = serde_json::from_str(format) else {
        return Cow::Borrowed(format);
    };
    match flat.remove("type") {
        Some(kind) if kind == "grammar" => {
            let nested = serde_json::json!({"type": kind, "grammar": flat});
            Cow::Owned(nested.to_string())
        }
        _ => Cow::Borrowed(format),
    }
}

fn write_choice(to: &To<'_, '_>, choice: &ToolChoice<'_>, out: &mut Writer, notes: &mut Notes) {
    let support = to.profile.tool_choice;
    if support == ToolChoiceSupport::None {
        if !matches!(choice, ToolChoice::Auto) {
            notes.add("tool_choice", "left out: the provider takes none");
        }
        return;
    }
    let demanded = !matches!(choice, ToolChoice::Auto | ToolChoice::None);
    if demanded && support == ToolChoiceSupport::AutoOnly {
        notes.add(
            "tool_choice",
            "lowered to auto: the provider lets nobody demand a tool",
        );
        out.key("tool_choice").string("auto");
        return;
    }
    if matches!(choice, ToolChoice::Tool(_)) && support == ToolChoiceSupport::Words {
        notes.add(
            "tool_choice",
            "lowered to any tool: the provider lets nobody demand one",
        );
        out.key("tool_choice").string("required");
        return;
    }
    match choice {
        ToolChoice::Auto => out.key("tool_choice").string("auto"),
        ToolChoice::None => out.key("tool_choice").string("none"),
        ToolChoice::Any => out.key("tool_choice").string("required"),
        ToolChoice::Tool(name) => named(to, name, out, notes),
        ToolChoice::Foreign(json) if to.same() => out.key("tool_choice").json(json),
        ToolChoice::Foreign(_) => {
            notes.add(
                "tool_choice",
                "lowered to auto: the choice is another dialect's",
            );
            out.key("tool_choice").string("auto")
        }
    };
}

fn named<'o>(
    to: &To<'_, '_>,
    wanted: &str,
    out: &'o mut Writer,
    notes: &mut Notes,
) -> &'o mut Writer {
    let custom = to.request.tools.iter().find_map(|tool| match &tool.kind {
        ToolKind::Function { name, .. } if name == wanted => Some(false),
        ToolKind::Freeform { name, .. } if name == wanted => Some(to.profile.custom_tools),
        ToolKind::Server { kind, name, .. } if name.as_deref() == Some(wanted) => {
            (to.same() || (anthropic(to) && server::function(kind).is_some())).then_some(false)
        }
        _ => None,
    });
    let Some(custom) = custom else {
        notes.add(
            "tool_choice",
            "lowered to auto: the tool is not among those sent",
        );
        return out.key("tool_choice").string("auto");
    };
    let kind = if custom { "custom" } else { "function" };
    out.key("tool_choice").object();
    out.key("type").string(kind).key(kind).object();
    out.key("name").string(&names::sent(wanted, Rule::OPENAI));
    out.end_object().end_object()
}

/// JSON without the white space between its tokens.
pub(super) fn compact(json: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut from = 0;
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in json.bytes().enumerate() {
        if quoted {
            quoted = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte == b'"' {
            quoted = true;
        } else if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
            out.push_str(json.get(from..at).unwrap_or_default());
            from = at + 1;
        }
    }
    if from == 0 {
        return Cow::Borrowed(json);
    }
    out.push_str(json.get(from..).unwrap_or_default());
    Cow::Owned(out)
}
