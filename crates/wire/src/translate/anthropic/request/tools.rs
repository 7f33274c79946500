//! Reads definitions of tools and the choice between them.

use super::blocks::At;
use super::members::Members;
use crate::translate::fault::Fault;
use crate::translate::form::{Extra, Tool, ToolChoice, ToolKind};
use crate::translate::json::Json;

/// A tool: the client's own when its type is `custom` or not given, otherwise Anthropic's.
pub(super) fn tool<'a>(
    at: usize,
    json: &'a str,
    members: Option<Members<'a>>,
) -> Result<Tool<'a>, Fault> {
    let at = At::Tool(at);
    let mut tool = members.ok_or_else(|| at.fault("", "must be an object"))?;
    // `custom` stays, to be said again.
    if let Some(kind) = tool.peek_text("type").filter(|kind| kind != "custom") {
        let kind = ToolKind::Server {
            kind,
            name: tool.text("name"),
            json: Json::of_valid(json),
        };
        return Ok(Tool {
            kind,
            cache: None,
            extra: Extra::default(),
        });
    }
    let name = tool.text("name");
    let kind = ToolKind::Function {
        name: name.ok_or_else(|| at.fault("name", "must be a string"))?,
        description: tool.text("description"),
        schema: tool.object("input_schema").map(Json::of_valid),
        strict: tool.boolean("strict"),
    };
    Ok(Tool {
        kind,
        cache: tool.json("cache_control"),
        extra: tool.rest(),
    })
}

/// `tool_choice`, and whether several tools may be called at once.
pub(super) fn choice<'a>(top: &mut Members<'a>) -> (Option<ToolChoice<'a>>, Option<bool>) {
    let Some(json) = top.object("tool_choice") else {
        return (None, None);
    };
    let Some(mut choice) = Members::of(json) else {
        return (None, None);
    };
    let kind = choice.text("type");
    let name = choice.text("name");
    let parallel = choice.boolean("disable_parallel_tool_use").map(|is| !is);
    let choice = match (kind.as_deref(), name) {
        (Some("auto"), _) => ToolChoice::Auto,
        (Some("any"), _) => ToolChoice::Any,
        (Some("none"), _) => ToolChoice::None,
        (Some("tool"), Some(name)) => ToolChoice::Tool(name),
        _ => ToolChoice::Foreign(Json::of_valid(json)),
    };
    (Some(choice), parallel)
}
