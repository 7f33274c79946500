//! Tools and the choice among them.

use super::super::kinds::{self, LOADED, NAMESPACE_DESCRIPTION};
use super::super::members::{Members, extra, extra_text, splice};
use super::super::schema;
use super::Context;
use crate::dialect::Dialect;
use crate::translate::fault::{Fault, Notes};
use crate::translate::form::{Text, Tool, ToolChoice, ToolKind};
use crate::translate::freeform;
use crate::translate::json::Writer;
use crate::translate::names::{Rule, sent};
use crate::translate::profile::ToolChoiceSupport;
use crate::translate::search::is_search;

/// The member of a Chat request that wants a search of the web.
pub(super) const SEARCH: &str = "web_search_options";

pub(super) fn write(
    out: &mut Writer,
    context: Context<'_, '_>,
    notes: &mut Notes,
) -> Result<(), Fault> {
    let mut list = List {
        out: Writer::default(),
        namespace: None,
        count: 0,
        context,
    };
    list.out.array();
    for tool in &context.request.tools {
        list.tool(tool, notes);
    }
    list.leave();
    if let Some(options) = chat_search(context) {
        list.search(options);
        list.count += 1;
    }
    list.out.end_array();
    let count = list.count;
    if let Some(most) = context
        .options
        .profile
        .max_tools
        .filter(|most| count > *most)
    {
        let message = format!("there are {count} tools, and the provider takes {most} at most");
        return Err(Fault::new("tools", message));
    }
    if count == 0 {
        return Ok(());
    }
    out.key("tools").raw(&list.out.into_string());
    choice(out, context, notes);
    if let Some(parallel) = context.request.parallel_tools
        && (context.own || context.options.profile.parallel_tools)
    {
        out.key("parallel_tool_calls").boolean(parallel);
    }
    Ok(())
}

/// What Chat asks for a search of the web with.
fn chat_search<'r>(context: Context<'r, '_>) -> Option<&'r str> {
    let request = context.request;
    let options = extra(&request.extra, SEARCH).filter(|_| request.dialect == Dialect::OpenaiChat);
    options.map(|options| options.as_str())
}

struct List<'r, 'a> {
    out: Writer,
    /// The namespace that is open.
    namespace: Option<Text<'r>>,
    count: usize,
    context: Context<'r, 'a>,
}

impl<'r, 'a> List<'r, 'a> {
    fn tool(&mut self, tool: &'r Tool<'a>, notes: &mut Notes) {
        let own = self.context.own;
        if own && extra(&tool.extra, LOADED).is_some() {
            return;
        }
        let namespace = own.then(|| extra_text(&tool.extra, "namespace")).flatten();
        if namespace != self.namespace {
            self.enter(namespace, tool);
        }
        match &tool.kind {
            ToolKind::Function { .. } => self.function(tool, notes),
            ToolKind::Freeform { .. } => self.freeform(tool),
            ToolKind::Server { json, .. } if own => drop(self.out.json(json)),
            ToolKind::Server { kind, json, .. } => {
                if !is_search(kind) {
                    return notes.add("tools", "left out: a tool that another provider runs");
                }
                self.search(json.as_str());
            }
        }
        self.count += 1;
    }

    fn enter(&mut self, namespace: Option<Text<'r>>, tool: &Tool<'_>) {
        self.leave();
        if let Some(name) = &namespace {
            self.out.object().key("type").string("namespace");
            self.out.key("name").string(name);
            if let Some(description) = extra(&tool.extra, NAMESPACE_DESCRIPTION) {
                self.out.key("description").json(description);
            }
            self.out.key("tools").array();
        }
        self.namespace = namespace;
    }

    fn leave(&mut self) {
        if self.namespace.take().is_some() {
            self.out.end_array().end_object();
        }
    }

    /// The name of a tool: in its namespace, or one that the provider takes.
    fn name<'t>(&self, tool: &'t Tool<'_>, flat: &'t str) -> Text<'t> {
        let inner = self.context.own.then(|| extra_text(&tool.extra, "name"));
        inner.flatten().unwrap_or_else(|| sent(flat, Rule::OPENAI))
    }

    fn function(&mut self, tool: &Tool<'_>, notes: &mut Notes) {
        let ToolKind::Function {
            name,
            description,
            schema,
            strict,
        } = &tool.kind
        else {
            return;
        };
        let name = self.name(tool, name);
        let search = self.context.own && extra(&tool.extra, "type").is_some();
        let out = &mut self.out;
        if search {
            out.object().key("type").string(kinds::SEARCH);
        } else {
            out.object().key("type").string("function");
            out.key("name").string(&name);
        }
        if let Some(description) = description {
            out.key("description").string(description);
        }
        if self.context.own {
            if let Some(schema) = schema {
                out.key("parameters").json(schema);
            }
            if let Some(strict) = strict {
                out.key("strict").boolean(*strict);
            }
            return self.end(tool);
        }
        let schema = schema.as_ref().map(|schema| schema.as_str());
        let schema = schema::of_input(schema.unwrap_or(schema::NOTHING));
        out.key("parameters").raw(&schema);
        let wanted = *strict == Some(true);
        let strict = wanted && schema::is_strict(&schema);
        if wanted && !strict {
            notes.add("tools", "not strict: a schema leaves something open");
        }
        // The API takes a tool that says nothing for a strict one.
        out.key("strict").boolean(strict);
        self.end(tool);
    }

    fn freeform(&mut self, tool: &Tool<'_>) {
        let ToolKind::Freeform {
            name,
            description,
            format,
        } = &tool.kind
        else {
            return;
        };
        let name = self.name(tool, name);
        let custom = self.context.options.profile.custom_tools;
        let kind = if custom { "custom" } else { "function" };
        let out = &mut self.out;
        out.object().key("type").string(kind);
        out.key("name").string(&name);
        let description = description.as_deref();
        let told = match custom {
            true => description.map(Text::Borrowed),
            false => freeform::describe(description, format.as_ref()),
        };
        if let Some(description) = told {
            out.key("description").string(&description);
        }
        match (custom, format) {
            (true, Some(format)) => {
                out.key("format");
                grammar(out, format.as_str());
            }
            (true, None) => {}
            (false, _) => {
                out.key("parameters").raw(freeform::SCHEMA);
                out.key("strict").boolean(false);
            }
        }
        self.end(tool);
    }

    /// What else this dialect said of the tool, and its end.
    fn end(&mut self, tool: &Tool<'_>) {
        if self.context.own {
            let kept = ["type", "namespace", "name", NAMESPACE_DESCRIPTION, LOADED];
            let members = tool.extra.members.iter();
            for (name, value) in members.filter(|(name, _)| !kept.contains(&name.as_ref())) {
                self.out.key(name).json(value);
            }
        }
        self.out.end_object();
    }

    fn search(&mut self, json: &str) {
        let mut all = Members::of(json).unwrap_or_default();
        let out = &mut self.out;
        out.object().key("type").string("web_search");
        if let Some(domains) = all.take("allowed_domains").filter(|list| *list != "[]") {
            out.key("filters").object();
            out.key("allowed_domains").raw(domains).end_object();
        }
        if let Some(size) = all.take("search_context_size") {
            out.key("search_context_size").raw(size);
        }
        if let Some(place) = all.take("user_location") {
            out.key("user_location");
            location(out, place);
        }
        out.end_object();
    }
}

/// What free text looks like; Chat has a grammar one level deeper.
fn grammar(out: &mut Writer, format: &str) {
    let inner = Members::of(format).and_then(|mut all| all.take("grammar"));
    let Some(inner) = inner else {
        out.raw(format);
        return;
    };
    out.object().key("type").string("grammar");
    splice(out, inner);
    out.end_object();
}

/// Where the user is; Chat has the members one level deeper.
fn location(out: &mut Writer, place: &str) {
    let inner = Members::of(place).and_then(|mut all| all.take("approximate"));
    let Some(inner) = inner else {
        out.raw(place);
        return;
    };
    out.object().key("type").string("approximate");
    splice(out, inner);
    out.end_object();
}

fn choice(out: &mut Writer, context: Context<'_, '_>, notes: &mut Notes) {
    let Some(choice) = &context.request.tool_choice else {
        return;
    };
    let support = context.options.profile.tool_choice;
    let plain = matches!(choice, ToolChoice::Auto | ToolChoice::None);
    let taken =
        support != ToolChoiceSupport::None && (plain || support != ToolChoiceSupport::AutoOnly);
    if !taken && !context.own {
        return notes.add("tool_choice", "left out: the provider does not take it");
    }
    match choice {
        ToolChoice::Tool(_) if support == ToolChoiceSupport::Words && !context.own => {
            notes.add(
                "tool_choice",
                "lowered to any tool: none can be demanded by name",
            );
            out.key("tool_choice").string("required");
        }
        ToolChoice::Auto => drop(out.key("tool_choice").string("auto")),
        ToolChoice::None => drop(out.key("tool_choice").string("none")),
        ToolChoice::Any => drop(out.key("tool_choice").string("required")),
        ToolChoice::Tool(name) => one(out, context, name, notes),
        ToolChoice::Foreign(json) if context.own => drop(out.key("tool_choice").json(json)),
        ToolChoice::Foreign(_) => notes.add("tool_choice", "left out: the API has nothing like it"),
    }
}

/// Demands the tool `name`.
fn one(out: &mut Writer, context: Context<'_, '_>, name: &str, notes: &mut Notes) {
    let named = |tool: &&Tool<'_>| match &tool.kind {
        ToolKind::Function { name: own, .. } | ToolKind::Freeform { name: own, .. } => own == name,
        ToolKind::Server { name: own, .. } => own.as_deref() == Some(name),
    };
    let tool = context.request.tools.iter().find(named);
    if let Some(Tool {
        kind: ToolKind::Server { kind, .. },
        ..
    }) = tool
    {
        if !is_search(kind) {
            return notes.add("tool_choice", "left out: it names a tool that is");
        }
        out.key("tool_choice").object();
        out.key("type").string("web_search").end_object();
        return;
    }
    out.key("tool_choice").object();
    match tool.map(|tool| &tool.kind) {
        Some(ToolKind::Freeform { .. }) if context.options.profile.custom_tools => {
            out.key("type").string("custom");
        }
        _ => drop(out.key("type").string("function")),
    }
    let inner = tool.filter(|_| context.own);
    let inner = inner.and_then(|tool| extra_text(&tool.extra, "name"));
    let name = inner.unwrap_or_else(|| sent(name, Rule::OPENAI));
    out.key("name").string(&name).end_object();
}
