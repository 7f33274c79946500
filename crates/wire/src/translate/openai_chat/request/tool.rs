//! Reads tools and what is said of their use.

use std::borrow::Cow;

use super::{raw, string, walk};
use crate::scan::Cursor;
use crate::translate::form::{Extra, Text, Tool, ToolChoice, ToolKind};
use crate::translate::json::Json;

/// What members of a `function` are named in [`Extra`], to tell them from those of the tool.
pub(in crate::translate::openai_chat) const INNER: &str = "function.";

/// Reads `tools`.
pub(super) fn tools<'a>(cursor: &mut Cursor<'a>, tools: &mut Vec<Tool<'a>>) {
    cursor.array(|cursor| tools.extend(tool(&raw(cursor))));
}

/// Reads `functions`, which came before `tools`.
pub(super) fn functions<'a>(cursor: &mut Cursor<'a>, tools: &mut Vec<Tool<'a>>) {
    cursor.array(|cursor| {
        let mut function = Function::default();
        cursor.object(|key, cursor| function.member(&key.decode(), cursor));
        tools.extend(function.tool(Extra::default(), None));
    });
}

#[derive(Default)]
struct Function<'a> {
    name: Option<Text<'a>>,
    description: Option<Text<'a>>,
    schema: Option<Json<'a>>,
    strict: Option<bool>,
    format: Option<Json<'a>>,
    extra: Vec<(Text<'a>, Json<'a>)>,
}

impl<'a> Function<'a> {
    fn member(&mut self, key: &str, cursor: &mut Cursor<'a>) {
        if cursor.kind() == Some(crate::scan::Kind::Null) {
            return;
        }
        match key {
            "name" => self.name = string(cursor),
            "description" => self.description = string(cursor),
            "parameters" => self.schema = Some(raw(cursor)),
            "strict" => self.strict = cursor.boolean(),
            "format" => self.format = Some(raw(cursor)),
            _ => {
                let name = Cow::Owned(format!("{INNER}{key}"));
                self.extra.push((name, raw(cursor)));
            }
        }
    }

    fn tool(self, mut extra: Extra<'a>, cache: Option<Json<'a>>) -> Option<Tool<'a>> {
        extra.members.extend(self.extra);
        let kind = ToolKind::Function {
            name: self.name?,
            description: self.description,
            schema: self.schema,
            strict: self.strict,
        };
        Some(Tool { kind, cache, extra })
    }
}

fn tool<'a>(whole: &Json<'a>) -> Option<Tool<'a>> {
    let mut kind = None;
    let mut inner = None;
    let mut flat = Function::default();
    let mut cache = None;
    let mut extra = Extra::default();
    walk(whole, |key, cursor| match key {
        "type" => kind = string(cursor),
        "function" | "custom" => {
            let mut function = Function::default();
            if cursor.object(|key, cursor| function.member(&key.decode(), cursor)) {
                inner = Some(function);
            }
        }
        "cache_control" => cache = Some(raw(cursor)),
        // Some write a function's members beside its type.
        "name" | "description" | "parameters" | "strict" => flat.member(key, cursor),
        _ => {
            let name = Cow::Owned(key.to_owned());
            extra.members.push((name, raw(cursor)));
        }
    });
    let kind = kind.unwrap_or(Cow::Borrowed("function"));
    match kind.as_ref() {
        "function" => inner.unwrap_or(flat).tool(extra, cache),
        "custom" if inner.is_some() => {
            let custom = inner?;
            let kind = ToolKind::Freeform {
                name: custom.name?,
                description: custom.description,
                format: custom.format,
            };
            Some(Tool { kind, cache, extra })
        }
        _ => Some(Tool {
            kind: ToolKind::Server {
                kind,
                name: flat.name,
                json: whole.clone(),
            },
            cache: None,
            extra: Extra::default(),
        }),
    }
}

/// The tools that a choice is limited to, by their names, or by their types where they have none.
pub(super) struct Allowed<'a>(Vec<Text<'a>>);

impl Allowed<'_> {
    /// Leaves out the other tools, which says the same in every dialect. If none of `tools` is
    /// allowed, the list is of other tools than these, and they stay.
    pub(super) fn keep(&self, tools: &mut Vec<Tool<'_>>) {
        let allowed = |tool: &Tool<'_>| match &tool.kind {
            ToolKind::Function { name, .. } | ToolKind::Freeform { name, .. } => {
                self.0.contains(name)
            }
            ToolKind::Server { kind, name, .. } => {
                self.0.contains(kind) || name.as_ref().is_some_and(|name| self.0.contains(name))
            }
        };
        if tools.iter().any(allowed) {
            tools.retain(allowed);
        }
    }
}

/// Reads `tool_choice` or `function_call`.
pub(super) fn choice<'a>(value: Json<'a>) -> (Option<ToolChoice<'a>>, Option<Allowed<'a>>) {
    if let Some(word) = super::text(&value) {
        return (
            Some(mode(&word).unwrap_or(ToolChoice::Foreign(value))),
            None,
        );
    }
    let mut kind = None;
    let mut name = None;
    let mut allowed = None;
    let mut wanted = None;
    walk(&value, |key, cursor| match key {
        "type" => kind = string(cursor),
        "name" => name = string(cursor),
        "function" | "custom" => name = named(cursor),
        "allowed_tools" => {
            cursor.object(|key, cursor| match key.decode().as_ref() {
                "mode" => wanted = string(cursor),
                "tools" => allowed = Some(names(cursor)),
                _ => {}
            });
        }
        "mode" => wanted = string(cursor),
        "tools" => allowed = Some(names(cursor)),
        _ => {}
    });
    if let Some(allowed) = allowed {
        let choice = wanted.as_deref().and_then(mode);
        return (choice.or(Some(ToolChoice::Auto)), Some(Allowed(allowed)));
    }
    let choice = match (kind.as_deref(), name) {
        (None | Some("function" | "custom" | "tool"), Some(name)) => ToolChoice::Tool(name),
        (Some(kind), _) => mode(kind).unwrap_or(ToolChoice::Foreign(value)),
        (None, None) => ToolChoice::Foreign(value),
    };
    (Some(choice), None)
}

fn mode(word: &str) -> Option<ToolChoice<'static>> {
    match word {
        "auto" => Some(ToolChoice::Auto),
        "none" => Some(ToolChoice::None),
        "required" | "any" => Some(ToolChoice::Any),
        _ => None,
    }
}

/// The names in `tools` of a choice.
fn names<'a>(cursor: &mut Cursor<'a>) -> Vec<Text<'a>> {
    let mut names = Vec::new();
    cursor.array(|cursor| {
        let (mut kind, mut name) = (None, None);
        cursor.object(|key, cursor| match key.decode().as_ref() {
            "type" => kind = string(cursor),
            "name" => name = string(cursor),
            "function" | "custom" => name = named(cursor),
            _ => {}
        });
        names.extend(name.or(kind));
    });
    names
}

fn named<'a>(cursor: &mut Cursor<'a>) -> Option<Text<'a>> {
    let mut name = None;
    cursor.object(|key, cursor| {
        if key.is("name") {
            name = string(cursor);
        }
    });
    name
}
