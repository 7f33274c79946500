//! The items of a conversation, as turns.

use std::borrow::Cow;
use std::collections::HashMap;

use super::super::declared::flat_name;
use super::super::kinds::{KINDS, Kind, MESSAGE};
use super::super::members::{Members, entries, is_json, is_string};
use super::{parts, tools};
use crate::marks::responses as opaque;
use crate::scan::whole_string;
use crate::translate::fault::Fault;
use crate::translate::form::{Body, Call, Extra, Input, Opaque, Part, Role, Text, Tool, Turn};
use crate::translate::json::{Json, Writer};

/// What `input` holds.
#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    /// Instructions before anybody speaks.
    pub system: Vec<Part<'a>>,
    pub turns: Vec<Turn<'a>>,
    /// Tools that items brought.
    pub loaded: Vec<Tool<'a>>,
    /// What travels with calls, by their ids; a client keeps it as reasoning.
    signed: HashMap<String, Opaque<'a>>,
}

/// Reads `input`.
pub(super) fn read(raw: &str) -> Result<Conversation<'_>, Fault> {
    let mut conversation = Conversation::default();
    if is_string(raw) {
        let text = whole_string(raw.as_bytes()).unwrap_or_default();
        conversation.message(Role::User, vec![parts::text(text)], Json::of_valid("{}"));
        return Ok(conversation);
    }
    let Some(list) = entries(raw) else {
        return Err(Fault::new("input", "must be a string or an array of items"));
    };
    for (at, raw) in list.into_iter().enumerate() {
        conversation.item(raw, &format!("input.{at}"))?;
    }
    conversation.give_back();
    Ok(conversation)
}

impl<'a> Conversation<'a> {
    fn item(&mut self, raw: &'a str, field: &str) -> Result<(), Fault> {
        let Some(mut all) = Members::of(raw) else {
            return Err(Fault::new(field, "must be an object"));
        };
        let kind = all.text("type");
        let kind = match kind {
            Some(kind) => kind,
            None if all.peek("role").is_some() => "message".into(),
            None => "item_reference".into(),
        };
        match kind.as_ref() {
            "message" => return self.read_message(all, field),
            "item_reference" => {
                let message = "the provider of this model speaks another dialect and keeps no \
                               items: send the item itself instead of a reference to it";
                return Err(Fault::new(field, message));
            }
            "reasoning" => match travels_with(&all) {
                Some((id, opaque)) => drop(self.signed.insert(id, opaque)),
                None => self.push(Role::Assistant, reasoning(all, field)?),
            },
            // The tools are all that it says.
            "additional_tools" => {
                let raw = all.take("tools").unwrap_or("[]");
                let tools = tools::read(raw, &format!("{field}.tools"))?;
                self.loaded.extend(tools);
            }
            _ => return self.known(raw, kind, (all, field)),
        }
        Ok(())
    }

    /// A call of a tool or its result, or an item that only this dialect has.
    fn known(
        &mut self,
        raw: &'a str,
        kind: Text<'a>,
        (mut all, field): (Members<'a>, &str),
    ) -> Result<(), Fault> {
        let mut found = None;
        if kind == "tool_search_output"
            && let Some(raw) = all.peek("tools")
        {
            let loaded = tools::read(raw, &format!("{field}.tools"))?;
            found = Some(tools::found(&loaded));
            self.loaded.extend(loaded.into_iter().map(tools::loaded));
        }
        // The provider's own searches are no business of the client's.
        let client = all.peek("execution") == Some("\"client\"") && all.peek("call_id").is_some();
        let paired = client || !kind.starts_with("tool_search_");
        let mut kinds = KINDS.iter().filter(|_| paired);
        match kinds.find(|known| kind == known.call || kind == known.result) {
            Some(known) if kind == known.call => {
                self.push(Role::Assistant, call(all, known, field)?);
            }
            Some(known) => self.push(Role::User, result(all, known, (field, found))?),
            None => self.foreign(raw, kind, &mut all),
        }
        Ok(())
    }

    /// An item that only this dialect has.
    fn foreign(&mut self, raw: &'a str, kind: Text<'a>, all: &mut Members<'a>) {
        let role = match all.text("role").as_deref() {
            Some("developer" | "system") => Role::System,
            _ if kind.ends_with("_output") || kind.ends_with("_response") => Role::User,
            _ => Role::Assistant,
        };
        let json = Json::of_valid(raw);
        self.push(role, Part::from(Body::Foreign { kind, json }));
    }

    fn read_message(&mut self, mut all: Members<'a>, field: &str) -> Result<(), Fault> {
        let word = all.take("role").unwrap_or_default();
        let role = match whole_string(word.as_bytes()).as_deref() {
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            Some("system" | "developer") => Role::System,
            _ => {
                let message = "must be `user`, `assistant`, `system` or `developer`";
                return Err(Fault::new(format!("{field}.role"), message));
            }
        };
        let content = all.take("content").unwrap_or("[]");
        let parts = parts::read(content, &format!("{field}.content"))?;
        let rest = all.rest_object();
        let rest = match (role, rest) {
            (Role::System, rest) => with_role(word, rest.as_ref()),
            (_, Some(rest)) => rest,
            (_, None) => Json::of_valid("{}"),
        };
        self.message(role, parts, rest);
        Ok(())
    }

    fn message(&mut self, role: Role, mut parts: Vec<Part<'a>>, rest: Json<'a>) {
        let Some(first) = parts.first_mut() else {
            return;
        };
        first.extra.members.push((MESSAGE.into(), rest));
        if role == Role::System && self.turns.is_empty() {
            return self.system.append(&mut parts);
        }
        self.turns.push(Turn {
            role,
            parts,
            extra: Extra::default(),
        });
    }

    /// Gives calls back what travels with them.
    fn give_back(&mut self) {
        if self.signed.is_empty() {
            return;
        }
        for part in self.turns.iter_mut().flat_map(|turn| &mut turn.parts) {
            if let Body::Call(call) = &mut part.body {
                call.opaque = self.signed.remove(call.id.as_ref());
            }
        }
    }

    fn push(&mut self, role: Role, part: Part<'a>) {
        if role == Role::System && self.turns.is_empty() {
            return self.system.push(part);
        }
        match self.turns.last_mut() {
            Some(last) if last.role == role => last.parts.push(part),
            _ => self.turns.push(Turn {
                role,
                parts: vec![part],
                extra: Extra::default(),
            }),
        }
    }
}

/// The members of a message besides its content, of which `role` is one.
fn with_role<'a>(role: &str, rest: Option<&Json<'_>>) -> Json<'a> {
    let mut out = Writer::default();
    out.object().key("role").raw(role);
    if let Some(rest) = rest {
        super::super::members::splice(&mut out, rest.as_str());
    }
    out.end_object();
    Json::of_valid(out.into_string())
}

/// The call that a reasoning item is only there to carry something for.
fn travels_with<'a>(all: &Members<'a>) -> Option<(String, Opaque<'a>)> {
    let value = whole_string(all.peek("encrypted_content")?.as_bytes())?;
    let (id, Opaque { value, kind }) = opaque::call_from_client(&value)?;
    let value = Cow::Owned(value.into_owned());
    Some((id, Opaque { value, kind }))
}

fn reasoning<'a>(mut all: Members<'a>, field: &str) -> Result<Part<'a>, Fault> {
    all.take("type");
    let id = all.text("id");
    let summary = all.peek("summary").unwrap_or("[]");
    let mut shown = parts::read(summary, &format!("{field}.summary"))?;
    // One text is all that the form can hold.
    let one = match shown.as_slice() {
        [] => true,
        [part] => !matches!(&part.body, Body::Text { text, .. } if text.is_empty()),
        _ => false,
    };
    if one && all.peek("content").is_none() {
        all.take("summary");
    }
    if shown.is_empty()
        && let Some(content) = all.peek("content")
    {
        shown = parts::read(content, &format!("{field}.content"))?;
    }
    let encrypted = all.text("encrypted_content");
    let body = Body::Thinking {
        text: joined(shown),
        opaque: encrypted.map(opaque::from_client),
        id,
    };
    Ok(Part {
        body,
        cache: None,
        extra: all.rest(),
    })
}

fn joined(parts: Vec<Part<'_>>) -> Text<'_> {
    let texts = parts.into_iter().filter_map(|part| match part.body {
        Body::Text { text, .. } => Some(text),
        _ => None,
    });
    texts
        .reduce(|all, text| Cow::Owned(format!("{all}\n\n{text}")))
        .unwrap_or_default()
}

fn call<'a>(mut all: Members<'a>, kind: &Kind, field: &str) -> Result<Part<'a>, Fault> {
    let item = all.text("id");
    let id = all.text("call_id").or_else(|| item.clone());
    let Some(id) = id else {
        return Err(Fault::new(format!("{field}.call_id"), "missing"));
    };
    let mut extra = Vec::new();
    if kind.call != "function_call" {
        extra.push(("type".into(), string(kind.call)));
    }
    all.take("type");
    let name = match kind.tool {
        Some(name) => Cow::Borrowed(name),
        None => called(&mut all, &mut extra, field)?,
    };
    let input = match (kind.tool, kind.input) {
        (None, "arguments") => arguments(all.take("arguments").unwrap_or("\"\"")),
        (None, member) => Input::Text(all.text(member).unwrap_or_default()),
        (Some(_), member) => Input::Json(all.json(member).unwrap_or(Json::of_valid("{}"))),
    };
    extra.append(&mut all.rest().members);
    Ok(Part {
        body: Body::Call(Call {
            id,
            name,
            input,
            item,
            opaque: None,
        }),
        cache: None,
        extra: Extra { members: extra },
    })
}

/// The name of the tool that is called, whatever namespace it is in.
fn called<'a>(
    all: &mut Members<'a>,
    extra: &mut Vec<(Text<'a>, Json<'a>)>,
    field: &str,
) -> Result<Text<'a>, Fault> {
    let Some(name) = all.text("name") else {
        return Err(Fault::new(format!("{field}.name"), "missing"));
    };
    let Some(namespace) = all.text("namespace") else {
        return Ok(name);
    };
    extra.push(("namespace".into(), string(&namespace)));
    extra.push(("name".into(), string(&name)));
    if namespace == name {
        // A plain function that was searched for.
        return Ok(name);
    }
    Ok(flat_name(&namespace, &name).into())
}

pub(super) fn string(text: &str) -> Json<'static> {
    let mut out = Writer::default();
    out.string(text);
    Json::of_valid(out.into_string())
}

fn arguments(raw: &str) -> Input<'_> {
    let Some(text) = whole_string(raw.as_bytes()) else {
        // An object in place of a string with one.
        return Input::Json(Json::of_valid(raw));
    };
    if text.trim().is_empty() {
        Input::Json(Json::of_valid("{}"))
    } else if is_json(&text) {
        Input::Json(Json::of_valid(text))
    } else {
        Input::Text(text)
    }
}

/// Reads a result; `found` is what other dialects are told of a search for tools.
fn result<'a>(
    mut all: Members<'a>,
    kind: &Kind,
    (field, found): (&str, Option<String>),
) -> Result<Part<'a>, Fault> {
    all.take("type");
    let call = all.text("call_id").or_else(|| all.text("id"));
    let Some(call) = call else {
        return Err(Fault::new(format!("{field}.call_id"), "missing"));
    };
    let output = all.take(kind.output).unwrap_or("\"\"");
    let mut extra = Vec::new();
    let parts = if kind.tool.is_none() {
        parts::read(output, &format!("{field}.output"))?
    } else {
        extra.push((kind.output.into(), Json::of_valid(output)));
        let text = found.map(Cow::Owned);
        let text = text.or_else(|| whole_string(output.as_bytes()));
        vec![parts::text(text.unwrap_or(Cow::Borrowed(output)))]
    };
    extra.append(&mut all.rest().members);
    Ok(Part {
        body: Body::Result {
            call,
            name: None,
            parts,
            is_error: false,
        },
        cache: None,
        extra: Extra { members: extra },
    })
}
