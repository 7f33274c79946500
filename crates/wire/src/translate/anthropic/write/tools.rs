//! Writes the definitions of tools.

use std::collections::HashSet;

use super::Scene;
use super::blocks::write_extra;
use super::cache::Marks;
use super::schema;
use crate::translate::anthropic::model::Model;
use crate::translate::fault::Notes;
use crate::translate::form::{Tool, ToolKind};
use crate::translate::freeform;
use crate::translate::json::Writer;
use crate::translate::names::{Rule, sent};
use crate::translate::search;

/// Most tools whose input is held to its schema.
const MAX_STRICT: usize = 20;

/// The tools that the provider can be told of: each name once, and none that another provider
/// runs, but for the search of the web, which Anthropic has too.
pub(super) fn kept<'r, 'a>(scene: Scene<'r, 'a>, notes: &mut Notes) -> Vec<&'r Tool<'a>> {
    let mut names = HashSet::new();
    let mut kept = Vec::new();
    // The search has a name that the client's own tools come before.
    let taken = scene.request.tools.iter().any(|tool| match &tool.kind {
        ToolKind::Function { name, .. } | ToolKind::Freeform { name, .. } => name == search::NAME,
        ToolKind::Server { .. } => false,
    });
    for (at, tool) in scene.request.tools.iter().enumerate() {
        match &tool.kind {
            ToolKind::Function { name, .. } | ToolKind::Freeform { name, .. } => {
                if !names.insert(sent(name, Rule::ANTHROPIC)) {
                    notes.add(
                        format!("tools.{at}"),
                        "left out: another tool has this name",
                    );
                    continue;
                }
            }
            ToolKind::Server { kind, json, .. }
                if !scene.native && search::is_search(kind) && !taken =>
            {
                if search::for_anthropic(json.as_str()).is_none()
                    || !names.insert(search::NAME.into())
                {
                    notes.add(
                        format!("tools.{at}"),
                        "left out: the provider searches the web itself, and once",
                    );
                    continue;
                }
            }
            ToolKind::Server { .. } if !scene.native => {
                notes.add(
                    format!("tools.{at}"),
                    "left out: the provider does not run it",
                );
                continue;
            }
            ToolKind::Server { .. } => {}
        }
        kept.push(tool);
    }
    kept
}

pub(super) fn write(
    scene: Scene<'_, '_>,
    tools: &[&Tool<'_>],
    marks: &mut Marks,
    out: &mut Writer,
) {
    if tools.is_empty() {
        return;
    }
    let binds = Model::of(scene.options.model).schemas();
    let mut strict = if binds { MAX_STRICT } else { 0 };
    out.key("tools").array();
    for (at, tool) in tools.iter().enumerate() {
        if let ToolKind::Server { json, .. } = &tool.kind {
            match search::for_anthropic(json.as_str()).filter(|_| !scene.native) {
                Some(search) => out.raw(&search),
                None => out.json(json),
            };
            continue;
        }
        out.object();
        write_kind(scene, &tool.kind, &mut strict, out);
        marks.write(tool.cache.as_ref(), at + 1 == tools.len(), out);
        if scene.native {
            write_extra(&tool.extra, out);
        }
        out.end_object();
    }
    out.end_array();
}

fn write_kind(
    scene: Scene<'_, '_>,
    kind: &ToolKind<'_>,
    strict_left: &mut usize,
    out: &mut Writer,
) {
    match kind {
        ToolKind::Function {
            name,
            description,
            schema,
            strict,
        } => {
            write_head(name, description.as_deref(), out);
            out.key("input_schema");
            match schema {
                Some(schema) if scene.native => out.json(schema),
                schema => out.raw(&schema::of_input(schema.as_ref())),
            };
            let can_bind = || schema.as_ref().is_some_and(schema::can_bind);
            if let Some(strict) = strict.filter(|_| scene.native) {
                out.key("strict").boolean(strict);
            } else if *strict == Some(true) && *strict_left > 0 && can_bind() {
                *strict_left -= 1;
                out.key("strict").boolean(true);
            }
        }
        ToolKind::Freeform {
            name,
            description,
            format,
        } => {
            let text = freeform::describe(description.as_deref(), format.as_ref());
            write_head(name, text.as_deref(), out);
            out.key("input_schema").raw(freeform::SCHEMA);
        }
        ToolKind::Server { .. } => {}
    }
}

fn write_head(name: &str, description: Option<&str>, out: &mut Writer) {
    out.key("name").string(&sent(name, Rule::ANTHROPIC));
    if let Some(description) = description {
        out.key("description").string(description);
    }
}
