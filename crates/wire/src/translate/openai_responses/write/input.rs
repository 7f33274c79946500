//! The instructions and the items of the conversation.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::super::kinds::{CONTENT, CUSTOM, FUNCTION, KINDS, Kind, MESSAGE};
use super::super::members::{extra, extra_text, splice};
use super::parts::{self, Side};
use super::{Context, short_id};
use crate::client::is_attribution;
use crate::translate::fault::Notes;
use crate::translate::form::{Body, Call, Extra, Input, OpaqueKind, Part, Role, ToolKind};
use crate::translate::freeform;
use crate::translate::json::Writer;
use crate::translate::names::{Rule, sent};
use crate::translate::profile::SystemRole;
use crate::translate::repair::{self, Piece, Step};
use crate::translate::told;

pub(super) fn write(out: &mut Writer, context: Context<'_, '_>, notes: &mut Notes) {
    let system = &context.request.system;
    let first = match context.own {
        // Messages of this dialect stay messages.
        true => system.iter().position(is_item).unwrap_or(system.len()),
        false => system.len(),
    };
    let (instructions, messages) = system.split_at(first);
    let instructions = instructions.iter().map(|part| parts::words(part, notes));
    let texts: Vec<_> = instructions
        .filter(|text| context.own || (!text.is_empty() && !is_attribution(text)))
        .collect();
    if !texts.is_empty() {
        out.key("instructions").string(&texts.join("\n\n"));
    }
    let mut items = Items {
        out: std::mem::take(out),
        context,
        notes,
        open: false,
        said: String::new(),
        freeform: freeform_tools(context),
        called: HashMap::new(),
    };
    items.begin(messages);
    for step in &repair::steps(&context.request.turns) {
        items.step(step);
    }
    items.out.end_array();
    *out = items.out;
}

/// Whether a part of the instructions is an item of its own or begins one.
fn is_item(part: &Part<'_>) -> bool {
    extra(&part.extra, MESSAGE).is_some() || matches!(part.body, Body::Foreign { .. })
}

fn freeform_tools<'r>(context: Context<'r, '_>) -> HashSet<&'r str> {
    let tools = context.request.tools.iter();
    let names = tools.filter_map(|tool| match &tool.kind {
        ToolKind::Freeform { name, .. } => Some(name.as_ref()),
        _ => None,
    });
    names.collect()
}

fn json_of<'i>(input: &'i Input<'_>) -> Cow<'i, str> {
    match input {
        Input::Json(json) => Cow::Borrowed(json.as_str()),
        Input::Text(text) => Cow::Owned(freeform::wrap(text)),
    }
}

struct Items<'r, 'a, 'n> {
    out: Writer,
    context: Context<'r, 'a>,
    notes: &'n mut Notes,
    /// Whether a message is open.
    open: bool,
    /// What the assistant says, in words of another dialect, as far as it is not written yet.
    said: String,
    freeform: HashSet<&'r str>,
    /// The calls of the step before and how they were written.
    called: HashMap<String, &'static Kind>,
}

impl<'r, 'a> Items<'r, 'a, '_> {
    fn begin(&mut self, messages: &'r [Part<'a>]) {
        self.out.key("input").array();
        for part in messages {
            self.part(Role::System, part, false);
        }
        self.close();
    }

    fn step(&mut self, step: &Step<'r, 'a>) {
        if step.role == Role::Assistant {
            self.called.clear();
        }
        let says = |piece: &Piece<'_, '_>| match piece {
            Piece::Part(part) => {
                !matches!(part.body, Body::Thinking { .. }) && !parts::is_empty(part)
            }
            _ => true,
        };
        let last = step.pieces.iter().rposition(says);
        for (at, piece) in step.pieces.iter().enumerate() {
            match piece {
                Piece::Part(part) => self.part(step.role, part, last.is_some_and(|l| at < l)),
                Piece::Call { call, id, part } => self.call(call, id, &part.extra),
                Piece::Result { id, part, .. } => self.result(id, *part),
                Piece::Stray(part) => self.stray(part),
            }
        }
        self.close();
    }

    /// A part of a message, or an item that stands for itself. `followed` says whether the speaker
    /// says something after it.
    fn part(&mut self, role: Role, part: &'r Part<'a>, followed: bool) {
        let own = self.context.own;
        match &part.body {
            Body::Thinking { .. } => return self.thinking(part, followed),
            Body::Foreign { json, .. } if own && extra(&part.extra, CONTENT).is_none() => {
                self.close();
                self.out.json(json);
                return;
            }
            _ => {}
        }
        if !own && parts::is_empty(part) {
            return;
        }
        if !own && role == Role::Assistant {
            return self.say(part);
        }
        let message = extra(&part.extra, MESSAGE).filter(|_| own);
        if message.is_some() {
            self.close();
        }
        if !self.open {
            self.open(role, message.map(|json| json.as_str()));
        }
        let side = match role {
            Role::Assistant => Side::Output,
            Role::System | Role::User => Side::Input,
        };
        parts::write(&mut self.out, part, side, self.context, self.notes);
    }

    /// The assistant's words, which make one string: their parts have members that only the API can
    /// know.
    fn say(&mut self, part: &Part<'_>) {
        if !self.said.is_empty() && !matches!(part.body, Body::Text { .. }) {
            self.said.push_str("\n\n");
        }
        self.said.push_str(&parts::words(part, self.notes));
    }

    /// Begins a message; `rest` are its other members, which say the role of instructions.
    fn open(&mut self, role: Role, rest: Option<&str>) {
        self.open = true;
        let out = &mut self.out;
        out.object().key("type").string("message");
        let word = match (role, self.context.options.profile.system_role) {
            (Role::User, _) | (Role::System, SystemRole::User) => "user",
            (Role::Assistant, _) => "assistant",
            (Role::System, SystemRole::Developer) => "developer",
            (Role::System, SystemRole::System) => "system",
        };
        if role != Role::System || rest.is_none() {
            out.key("role").string(word);
        }
        if let Some(rest) = rest {
            splice(out, rest);
        }
        out.key("content").array();
    }

    fn close(&mut self) {
        if std::mem::take(&mut self.open) {
            self.out.end_array().end_object();
        }
        if !self.said.is_empty() {
            let out = self.out.object().key("type").string("message");
            out.key("role").string("assistant");
            out.key("content").string(&self.said).end_object();
            self.said.clear();
        }
    }

    /// Only what OpenAI encrypted can be told to it, and only before what came of it.
    fn thinking(&mut self, part: &Part<'_>, followed: bool) {
        let Body::Thinking { text, opaque, id } = &part.body else {
            return;
        };
        let own = self.context.own;
        let encrypted = opaque.as_ref();
        let encrypted = encrypted.filter(|opaque| opaque.kind == OpaqueKind::Encrypted);
        let kept = match own {
            true => encrypted.is_some() == opaque.is_some(),
            false => encrypted.is_some() && followed,
        };
        if !kept {
            let what = "thinking left out: the provider did not encrypt it";
            return self.notes.add("messages", what);
        }
        self.close();
        let out = &mut self.out;
        out.object().key("type").string("reasoning");
        if let Some(id) = id {
            out.key("id").string(id);
        }
        if !own || extra(&part.extra, "summary").is_none() {
            out.key("summary").array();
            if !text.is_empty() {
                out.object().key("type").string("summary_text");
                out.key("text").string(text).end_object();
            }
            out.end_array();
        }
        if let Some(encrypted) = encrypted {
            out.key("encrypted_content").string(&encrypted.value);
        }
        self.end(&part.extra, &[]);
    }

    /// The other members of an item, and its end.
    fn end(&mut self, extra: &Extra<'_>, but: &[&str]) {
        if self.context.own {
            let members = extra.members.iter();
            for (name, value) in members.filter(|(name, _)| !but.contains(&name.as_ref())) {
                self.out.key(name).json(value);
            }
        }
        self.out.end_object();
    }

    fn call(&mut self, call: &'r Call<'a>, id: &str, extra: &Extra<'_>) {
        self.close();
        let own = self.context.own;
        let kind = self.kind(call, extra);
        let as_it_is = kind.input == "input" || self.is_cut(call, extra);
        self.called.insert(id.to_owned(), kind);
        let out = &mut self.out;
        out.object().key("type").string(kind.call);
        if let Some(item) = call.item.as_deref().filter(|_| own) {
            out.key("id").string(item);
        }
        out.key("call_id").string(&short_id(id));
        if kind.tool.is_none() {
            let inner = own.then(|| extra_text(extra, "name")).flatten();
            let name = inner.unwrap_or_else(|| sent(&call.name, Rule::OPENAI));
            out.key("name").string(&name);
        }
        out.key(kind.input);
        match &call.input {
            input if kind.tool.is_some() => drop(out.raw(&json_of(input))),
            Input::Json(json) if kind.input == "input" => {
                out.string(&freeform::unwrap(json.as_str()));
            }
            Input::Text(text) if as_it_is => drop(out.string(text)),
            input => drop(out.string(&json_of(input))),
        }
        self.end(extra, &["type", "name"]);
    }

    /// Whether a client of this dialect sent arguments that are no JSON: they go back as they are.
    fn is_cut(&self, call: &Call<'_>, extra: &Extra<'_>) -> bool {
        let custom = self.freeform.contains(call.name.as_ref());
        self.context.own && !custom && extra_text(extra, "type").is_none()
    }

    fn kind(&self, call: &Call<'_>, extra: &Extra<'_>) -> &'static Kind {
        let own = self.context.own.then(|| extra_text(extra, "type"));
        let own = own.flatten();
        let kind = KINDS.iter().find(|kind| Some(kind.call) == own.as_deref());
        match kind {
            Some(kind) if kind.tool.is_some() => kind,
            None if !self.freeform.contains(call.name.as_ref()) => &FUNCTION,
            _ if self.context.options.profile.custom_tools => &CUSTOM,
            _ => &FUNCTION,
        }
    }

    fn result(&mut self, id: &str, part: Option<&Part<'_>>) {
        self.close();
        let kind = self.called.get(id).copied().unwrap_or(&FUNCTION);
        let out = &mut self.out;
        out.object().key("type").string(kind.result);
        out.key("call_id").string(&short_id(id));
        let Some(part) = part else {
            let text = "No result: the call was not answered.";
            out.key(kind.output);
            match kind.call {
                "shell_call" | "tool_search_call" => drop(out.array().end_array()),
                _ => drop(out.string(text)),
            }
            out.end_object();
            return self
                .notes
                .add("messages", "a call without a result got one that says so");
        };
        match extra(&part.extra, kind.output).filter(|_| kind.tool.is_some()) {
            Some(output) => drop(out.key(kind.output).json(output)),
            None => self.output(part),
        }
        self.end(&part.extra, &[kind.output]);
    }

    /// What a tool gave: a string when all of it is text.
    fn output(&mut self, part: &Part<'_>) {
        let Body::Result {
            parts: given,
            is_error,
            ..
        } = &part.body
        else {
            return;
        };
        let own = self.context.own;
        self.out.key("output");
        let texts = given.iter().all(|part| match &part.body {
            Body::Text { .. } => !own || (given.len() == 1 && part.extra.members.is_empty()),
            Body::Image(_) | Body::Document { .. } | Body::Audio(_) => false,
            _ => !own,
        });
        if texts {
            let mut text = if *is_error { "Error: " } else { "" }.to_owned();
            for (at, part) in given.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { "\n" });
                text.push_str(&parts::words(part, self.notes));
            }
            if text.is_empty() && !own {
                text.push_str("(no output)");
            }
            self.out.string(&text);
            return;
        }
        self.out.array();
        if *is_error {
            parts::text(&mut self.out, "Error:");
        }
        for part in given.iter().filter(|part| own || !parts::is_empty(part)) {
            parts::write(&mut self.out, part, Side::Input, self.context, self.notes);
        }
        self.out.end_array();
    }

    /// A result that answers nothing is told by the user.
    fn stray(&mut self, part: &Part<'_>) {
        let Body::Result {
            call,
            parts,
            is_error,
            ..
        } = &part.body
        else {
            return;
        };
        self.notes
            .add("messages", "a result without a call is told as text");
        self.close();
        self.open(Role::User, None);
        let title = told::result_head(call, *is_error);
        parts::text(&mut self.out, &title);
        for part in parts.iter().filter(|part| !parts::is_empty(part)) {
            parts::write(&mut self.out, part, Side::Input, self.context, self.notes);
        }
        self.close();
    }
}
