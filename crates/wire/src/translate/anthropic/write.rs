//! Writes a request, so that the provider finds nothing to refuse: what the form says and Messages
//! cannot is said in other words or left out with a note.

use crate::dialect::Dialect;
use crate::translate::fault::{Fault, Notes};
use crate::translate::form::{Request, Tool, ToolChoice, ToolKind};
use crate::translate::json::Writer;
use crate::translate::names::{Rule, sent};
use crate::translate::options::Options;

mod blocks;
mod cache;
mod media;
mod plan;
mod planner;
mod schema;
mod settings;
mod thinking;
mod tools;

use cache::Marks;
use plan::Conversation;
use settings::Settings;

/// What writing needs to know everywhere.
#[derive(Clone, Copy, Debug)]
struct Scene<'r, 'a> {
    request: &'r Request<'a>,
    options: &'r Options<'r>,
    /// Whether the request was Messages before, so that nothing of it has to be put in other
    /// words.
    native: bool,
}

/// Writes a request.
///
/// # Errors
///
/// When there is nothing to say to the model: no text, no result, nothing that could stand for
/// one.
pub fn write_request(
    request: &Request<'_>,
    options: &Options<'_>,
    notes: &mut Notes,
) -> Result<Vec<u8>, Fault> {
    let scene = Scene {
        request,
        options,
        native: request.dialect == Dialect::AnthropicMessages,
    };
    let mut conversation = Conversation::of(scene, notes)?;
    let mut settings = Settings::of(scene, &conversation, notes);
    conversation.instruct(settings.instruction.take());
    conversation.settle(scene, settings.thinks, notes);
    let tools = tools::kept(scene, notes);
    let mut marks = Marks::of(scene, &tools, &conversation);
    let mut out = Writer::default();
    out.object().key("model").string(options.model);
    out.key("max_tokens").number(settings.max_tokens);
    // Marks are counted in this order.
    tools::write(scene, &tools, &mut marks, &mut out);
    conversation.write(scene, &mut marks, &mut out);
    write_choice(scene, &tools, settings.thinks, notes, &mut out);
    settings.write(scene, notes, &mut out);
    out.key("stream").boolean(options.stream);
    if scene.native {
        write_extra(scene, &mut out);
    } else {
        note_extra(scene, notes);
    }
    out.end_object();
    Ok(out.finish())
}

/// `tool_choice`. A model that thinks cannot be made to call a tool.
fn write_choice(
    scene: Scene<'_, '_>,
    tools: &[&Tool<'_>],
    thinks: bool,
    notes: &mut Notes,
    out: &mut Writer,
) {
    let request = scene.request;
    let serial = request.parallel_tools == Some(false);
    let mut choice = request.tool_choice.as_ref();
    if tools.is_empty() && (choice.is_none() || !scene.native) {
        return;
    }
    if let Some(ToolChoice::Foreign(json)) = choice {
        if scene.native {
            out.key("tool_choice").json(json);
            return;
        }
        notes.add(
            "tool_choice",
            "left to the model: the provider does not know this choice",
        );
        choice = Some(&ToolChoice::Auto);
    }
    if thinks && !scene.native && matches!(choice, Some(ToolChoice::Any | ToolChoice::Tool(_))) {
        notes.add(
            "tool_choice",
            "left to the model: no tool can be demanded of a model that thinks",
        );
        choice = Some(&ToolChoice::Auto);
    }
    if let Some(ToolChoice::Tool(name)) = choice
        && !tools.iter().any(|tool| is_named(&tool.kind, name))
    {
        notes.add(
            "tool_choice",
            "left to the model: the tool is not one that it is told of",
        );
        choice = Some(&ToolChoice::Auto);
    }
    let kind = match choice {
        None if !serial => return,
        None | Some(ToolChoice::Auto | ToolChoice::Foreign(_)) => "auto",
        Some(ToolChoice::None) => "none",
        Some(ToolChoice::Any) => "any",
        Some(ToolChoice::Tool(_)) => "tool",
    };
    out.key("tool_choice").object().key("type").string(kind);
    if let Some(ToolChoice::Tool(name)) = choice {
        out.key("name").string(&sent(name, Rule::ANTHROPIC));
    }
    if let Some(parallel) = request.parallel_tools.filter(|_| kind != "none")
        && (!parallel || scene.native)
    {
        out.key("disable_parallel_tool_use").boolean(!parallel);
    }
    out.end_object();
}

fn is_named(kind: &ToolKind<'_>, wanted: &str) -> bool {
    match kind {
        ToolKind::Function { name, .. } | ToolKind::Freeform { name, .. } => name == wanted,
        ToolKind::Server { name, .. } => name.as_deref() == Some(wanted),
    }
}

/// Members that are written from the form.
const WRITTEN: [&str; 3] = ["metadata", "output_config", "thinking"];

fn write_extra(scene: Scene<'_, '_>, out: &mut Writer) {
    for (name, value) in &scene.request.extra.members {
        if !WRITTEN.contains(&name.as_ref()) {
            out.key(name).json(value);
        }
    }
}

/// Members of other dialects without which nothing is missing.
const NEEDLESS: [&str; 4] = ["include", "n", "store", "stream_options"];

fn note_extra(scene: Scene<'_, '_>, notes: &mut Notes) {
    let names = scene.request.extra.members.iter().map(|(name, _)| name);
    for name in names.filter(|name| !NEEDLESS.contains(&name.as_ref())) {
        notes.add(
            name.to_string(),
            "left out: the provider has nothing like it",
        );
    }
}

#[cfg(test)]
mod tests;
