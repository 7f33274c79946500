//! Tools and the choice among them. Those of a namespace stand beside the others, by a name that
//! holds the namespace's.

use std::collections::HashSet;

use super::super::declared::flat_name;
use super::super::kinds::{LOADED, NAMESPACE_DESCRIPTION, SEARCH};
use super::super::members::{Members, entries, extra_text, is_string};
use super::items::string;
use crate::scan::string_value;
use crate::translate::fault::Fault;
use crate::translate::form::{Extra, Text, Tool, ToolChoice, ToolKind};
use crate::translate::json::Json;

/// Reads `tools`.
pub(super) fn read<'a>(raw: &'a str, field: &str) -> Result<Vec<Tool<'a>>, Fault> {
    let Some(list) = entries(raw) else {
        return Err(Fault::new(field, "must be an array"));
    };
    let mut tools = Vec::new();
    for (at, raw) in list.into_iter().enumerate() {
        let field = format!("{field}.{at}");
        let all = Members::of(raw);
        let typed = all.and_then(|mut all| Some((all.text("type")?, all)));
        let Some((kind, mut all)) = typed else {
            return Err(Fault::new(field, "must be an object with a `type`"));
        };
        if kind == "namespace" {
            namespace(&mut all, &field, &mut tools)?;
        } else {
            tools.push(tool(kind, (all, raw), &field)?);
        }
    }
    Ok(tools)
}

fn tool<'a>(
    kind: Text<'a>,
    (mut all, raw): (Members<'a>, &'a str),
    field: &str,
) -> Result<Tool<'a>, Fault> {
    let custom = kind == "custom";
    let search = kind == SEARCH && is_run_by_client(&all);
    if !custom && !search && kind != "function" {
        return Ok(Tool {
            kind: ToolKind::Server {
                kind,
                name: None,
                json: Json::of_valid(raw),
            },
            cache: None,
            extra: Extra::default(),
        });
    }
    let name = match search {
        true => Some(SEARCH.into()),
        false => all.text("name"),
    };
    let Some(name) = name else {
        return Err(Fault::new(format!("{field}.name"), "missing"));
    };
    let description = all.text("description");
    let kind = match custom {
        true => ToolKind::Freeform {
            name,
            description,
            format: all.json("format"),
        },
        false => ToolKind::Function {
            name,
            description,
            schema: all.json("parameters"),
            strict: all.boolean("strict"),
        },
    };
    let mut extra = all.rest();
    if search {
        extra.members.push(("type".into(), string(SEARCH)));
    }
    Ok(Tool {
        kind,
        cache: None,
        extra,
    })
}

/// Whether the client itself searches, and says what for: to other dialects that is a function.
fn is_run_by_client(all: &Members<'_>) -> bool {
    all.peek("execution") == Some("\"client\"") && all.peek("parameters").is_some()
}

/// Reads the tools of a namespace into `tools`.
fn namespace<'a>(
    all: &mut Members<'a>,
    field: &str,
    tools: &mut Vec<Tool<'a>>,
) -> Result<(), Fault> {
    let Some(space) = all.text("name") else {
        return Err(Fault::new(format!("{field}.name"), "missing"));
    };
    let description = all.json("description");
    let inner = read(all.take("tools").unwrap_or("[]"), &format!("{field}.tools"))?;
    for mut tool in inner {
        if let ToolKind::Function { name, .. } | ToolKind::Freeform { name, .. } = &mut tool.kind {
            let members = &mut tool.extra.members;
            members.push(("namespace".into(), string(&space)));
            members.push(("name".into(), string(name)));
            let description = description.clone();
            members.extend(description.map(|json| (NAMESPACE_DESCRIPTION.into(), json)));
            *name = flat_name(&space, name).into();
        }
        tools.push(tool);
    }
    Ok(())
}

/// Marks a tool that an item brought.
pub(super) fn loaded(mut tool: Tool<'_>) -> Tool<'_> {
    let mark = (LOADED.into(), Json::of_valid("true"));
    tool.extra.members.push(mark);
    tool
}

/// What a search found, in words: a model calls tools by these names from then on.
pub(super) fn found(tools: &[Tool<'_>]) -> String {
    let names: Vec<_> = tools.iter().filter_map(name).collect();
    if names.is_empty() {
        return "No tools were found.".into();
    }
    format!("These tools can be called now: {}", names.join(", "))
}

/// Adds tools that items brought, each once: what is searched for may be declared too.
pub(super) fn add<'a>(tools: &mut Vec<Tool<'a>>, loaded: Vec<Tool<'a>>) {
    let mut known: HashSet<String> = tools.iter().filter_map(name).map(str::to_owned).collect();
    for tool in loaded {
        if name(&tool).is_none_or(|name| known.insert(name.to_owned())) {
            tools.push(tool);
        }
    }
}

fn name<'t>(tool: &'t Tool<'_>) -> Option<&'t str> {
    match &tool.kind {
        ToolKind::Function { name, .. } | ToolKind::Freeform { name, .. } => Some(name),
        ToolKind::Server { .. } => None,
    }
}

/// Reads `tool_choice`. Where it allows some of the tools only, the others are taken out.
pub(super) fn read_choice<'a>(raw: &'a str, tools: &mut Vec<Tool<'a>>) -> Option<ToolChoice<'a>> {
    if is_string(raw) {
        return match string_value(raw.as_bytes())?.as_ref() {
            "auto" => Some(ToolChoice::Auto),
            "none" => Some(ToolChoice::None),
            "required" => Some(ToolChoice::Any),
            _ => Some(ToolChoice::Foreign(Json::of_valid(raw))),
        };
    }
    let mut all = Members::of(raw)?;
    match all.text("type").as_deref() {
        Some("function" | "custom") => {
            let name = all.text("name")?;
            Some(ToolChoice::Tool(match all.text("namespace") {
                Some(space) => flat_name(&space, &name).into(),
                None => name,
            }))
        }
        Some("allowed_tools") => {
            let required = all.text("mode").as_deref() == Some("required");
            let allowed = all.take("tools").and_then(entries).unwrap_or_default();
            let allowed: Vec<_> = allowed.into_iter().map(Allowed::read).collect();
            tools.retain(|tool| allowed.iter().any(|one| one.is(tool)));
            Some(match required {
                true => ToolChoice::Any,
                false => ToolChoice::Auto,
            })
        }
        _ => Some(ToolChoice::Foreign(Json::of_valid(raw))),
    }
}

/// A tool that may be called.
struct Allowed<'a> {
    kind: Option<Text<'a>>,
    /// Its name, or the label of its server (MCP).
    name: Option<Text<'a>>,
}

impl<'a> Allowed<'a> {
    fn read(raw: &'a str) -> Self {
        let mut all = Members::of(raw).unwrap_or_default();
        Self {
            kind: all.text("type"),
            name: all.text("name").or_else(|| all.text("server_label")),
        }
    }

    fn is(&self, tool: &Tool<'_>) -> bool {
        let name = self.name.as_deref();
        match &tool.kind {
            ToolKind::Function { name: own, .. } | ToolKind::Freeform { name: own, .. } => {
                let inner = extra_text(&tool.extra, "name");
                let space = extra_text(&tool.extra, "namespace");
                let special = extra_text(&tool.extra, "type");
                name == Some(own)
                    || (special.is_some() && self.kind == special)
                    || (name.is_some() && (name == inner.as_deref() || name == space.as_deref()))
            }
            ToolKind::Server { kind, json, .. } => {
                let label = || Members::of(json.as_str())?.text("server_label");
                self.kind.as_ref() == Some(kind) && (name.is_none() || name == label().as_deref())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools(names: impl Iterator<Item = usize>) -> Vec<Tool<'static>> {
        let function = |at: usize| Tool {
            kind: ToolKind::Function {
                name: format!("f{at}").into(),
                description: None,
                schema: None,
                strict: None,
            },
            cache: None,
            extra: Extra::default(),
        };
        names.map(function).collect()
    }

    #[test]
    fn many_loaded_tools_are_added_once_each() {
        let mut known = tools(0..20_000);
        add(&mut known, tools((10_000..30_000).chain(0..30_000)));
        let names: Vec<_> = known.iter().filter_map(name).collect();
        assert_eq!(names.len(), 30_000);
        assert_eq!(names.last(), Some(&"f29999"));
    }
}
