//! Makes messages of a conversation: instructions, results directly behind their calls, pictures
//! out of results behind those.

use std::borrow::Cow;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::To;
use super::content::{self, Item};
use crate::client::is_attribution;
use crate::translate::fault::Notes;
use crate::translate::form::{Body, Call, Extra, Format, Part, Role};
use crate::translate::names::{self, Rule};
use crate::translate::profile::{CallIds, SystemRole};
use crate::translate::repair::{self, Piece, Step};
use crate::translate::told::told;

/// A message to be written.
#[derive(Debug, Default)]
pub(super) struct Message<'r, 'a> {
    pub role: &'static str,
    pub items: Vec<Item<'r>>,
    pub thinking: Vec<&'r Part<'a>>,
    pub calls: Vec<Called<'r, 'a>>,
    pub refusal: Option<&'r str>,
    /// The call that a tool's message answers.
    pub answers: Option<Cow<'r, str>>,
    /// The tool whose message it is, where the client names it.
    pub name: Option<&'r str>,
    pub extra: Option<&'r Extra<'a>>,
    /// Whether the model is to go on with it.
    pub prefix: bool,
}

/// A call with the id under which it is sent.
#[derive(Debug)]
pub(super) struct Called<'r, 'a> {
    pub id: Cow<'r, str>,
    pub call: &'r Call<'a>,
    pub extra: &'r Extra<'a>,
}

/// The messages of a request.
pub(super) fn messages<'r, 'a>(to: &To<'r, 'a>, notes: &mut Notes) -> Vec<Message<'r, 'a>> {
    let mut all = Vec::new();
    all.extend(system(to, notes));
    for step in repair::steps(&to.request.turns) {
        match step.role {
            Role::System => all.extend(instructions(to, &step)),
            Role::User => user(to, &step, &mut all, notes),
            Role::Assistant => all.extend(assistant(to, step, notes)),
        }
    }
    if to.profile.alternate {
        all = merged(all);
    }
    if to.profile.word_after_tools {
        all = with_words_after_tools(all);
    }
    prefill(to, &mut all);
    all
}

/// The assistant's word between what a tool gave and what a person says.
const WORD: &str = "Understood.";

fn with_words_after_tools<'r, 'a>(messages: Vec<Message<'r, 'a>>) -> Vec<Message<'r, 'a>> {
    let mut all: Vec<Message<'r, 'a>> = Vec::with_capacity(messages.len());
    for message in messages {
        let after = all.last().is_some_and(|last| last.role == "tool");
        if after && message.role == "user" {
            all.push(Message {
                role: "assistant",
                items: vec![Item::text(WORD.to_owned())],
                ..Message::default()
            });
        }
        all.push(message);
    }
    all
}

fn system<'r, 'a>(to: &To<'r, 'a>, notes: &mut Notes) -> Option<Message<'r, 'a>> {
    let mut items: Vec<Item<'r>> = Vec::new();
    for (at, part) in to.request.system.iter().enumerate() {
        match &part.body {
            Body::Text { text, .. } if at == 0 && is_attribution(text) => {}
            Body::Text { text, .. } if text.is_empty() => {}
            _ => items.push(content::item(to, part, notes)),
        }
    }
    items.extend(wanted_format(to).map(Item::text));
    // One blank line stands between instructions.
    let message = Message {
        role: system_role(to),
        items,
        ..Message::default()
    };
    (!message.items.is_empty()).then_some(message)
}

/// The answer's form in words, for a provider that cannot be bound to it.
fn wanted_format(to: &To<'_, '_>) -> Option<String> {
    let profile = to.profile;
    match to.request.format.as_ref()? {
        Format::Schema { schema, .. } if !profile.response_format || !profile.json_schema => {
            let schema = super::tool::compact(schema.as_str());
            let words = "Answer with JSON only, and only with JSON that fits this schema:";
            Some(format!("{words}\n{schema}"))
        }
        Format::Json if !profile.response_format => Some("Answer with JSON only.".to_owned()),
        Format::Schema { .. } | Format::Json => None,
    }
}

fn system_role(to: &To<'_, '_>) -> &'static str {
    match to.profile.system_role {
        SystemRole::System => "system",
        SystemRole::Developer => "developer",
        SystemRole::User => "user",
    }
}

/// Instructions in the middle of the conversation.
fn instructions<'r, 'a>(to: &To<'r, 'a>, step: &Step<'r, 'a>) -> Option<Message<'r, 'a>> {
    let mut unnoted = Notes::default();
    let pieces = step.pieces.iter();
    let items = pieces.map(|piece| piece_item(to, piece, &mut unnoted));
    let mut items: Vec<_> = items.filter(|item| !item.is_empty()).collect();
    if items.is_empty() {
        return None;
    }
    let mut role = system_role(to);
    if to.profile.system_first {
        role = "user";
        items.insert(0, Item::text("<system-reminder>".to_owned()));
        items.push(Item::text("</system-reminder>".to_owned()));
    }
    Some(Message {
        role,
        items,
        extra: step.extra,
        ..Message::default()
    })
}

/// Results, then what the person says.
fn user<'r, 'a>(
    to: &To<'r, 'a>,
    step: &Step<'r, 'a>,
    all: &mut Vec<Message<'r, 'a>>,
    notes: &mut Notes,
) {
    let mut items = Vec::new();
    let mut said = Vec::new();
    for piece in &step.pieces {
        match piece {
            Piece::Result { id, part, .. } => {
                let id = call_id(id.clone(), to.profile.call_ids);
                all.push(result(to, id, *part, &mut items, notes));
            }
            other => said.push(piece_item(to, other, notes)),
        }
    }
    let lone = items.is_empty() && said.len() == 1;
    items.extend(said.into_iter().filter(|item| lone || !item.is_empty()));
    if !items.is_empty() {
        all.push(Message {
            role: "user",
            items,
            extra: step.extra,
            ..Message::default()
        });
    }
}

/// A tool's message; what it cannot hold goes to `after`, for a message of the user.
fn result<'r, 'a>(
    to: &To<'r, 'a>,
    id: Cow<'r, str>,
    part: Option<&'r Part<'a>>,
    after: &mut Vec<Item<'r>>,
    notes: &mut Notes,
) -> Message<'r, 'a> {
    let mut items = Vec::new();
    let mut later = Vec::new();
    let mut failed = false;
    let mut tool = None;
    let given = part.map(|part| &part.body);
    if let Some(Body::Result {
        name,
        parts,
        is_error,
        ..
    }) = given
    {
        tool = name.as_deref().filter(|_| to.same());
        failed = *is_error;
        for part in parts {
            let item = content::result_item(to, part, notes);
            let list = if item.is_text() {
                &mut items
            } else {
                &mut later
            };
            list.push(item);
        }
        items.retain(|item| !item.is_empty());
    } else {
        notes.add("messages", "a call without a result: told as one without");
        items.push(Item::text("(the tool gave no result)"));
    }
    if items.is_empty() {
        items.push(Item::text(match later.is_empty() {
            true => "(no output)",
            false => "(what the tool gave is in the next message)",
        }));
    }
    if failed {
        content::mark_failed(&mut items);
    }
    if !later.is_empty() {
        after.push(Item::text(format!("From the result of tool call {id}:")));
        after.append(&mut later);
    }
    Message {
        role: "tool",
        items,
        answers: Some(id),
        name: tool,
        extra: part.map(|part| &part.extra),
        ..Message::default()
    }
}

fn assistant<'r, 'a>(
    to: &To<'r, 'a>,
    step: Step<'r, 'a>,
    notes: &mut Notes,
) -> Option<Message<'r, 'a>> {
    let mut message = Message {
        role: "assistant",
        extra: step.extra,
        ..Message::default()
    };
    for piece in step.pieces {
        match piece {
            Piece::Call { call, id, part } => message.calls.push(Called {
                id: call_id(id, to.profile.call_ids),
                call,
                extra: &part.extra,
            }),
            Piece::Part(part) => match &part.body {
                Body::Thinking { .. } => message.thinking.push(part),
                Body::Refusal { text } if to.same() => message.refusal = Some(text),
                _ => message.items.push(content::spoken_item(to, part, notes)),
            },
            other => message.items.push(piece_item(to, &other, notes)),
        }
    }
    message.items.retain(|item| !item.is_empty());
    let said = !message.items.is_empty() || !message.calls.is_empty() || message.refusal.is_some();
    let audio = |extra: &Extra<'_>| extra.members.iter().any(|(key, _)| key == "audio");
    (said || message.extra.is_some_and(audio)).then_some(message)
}

fn piece_item<'r>(to: &To<'r, '_>, piece: &Piece<'r, '_>, notes: &mut Notes) -> Item<'r> {
    match piece {
        Piece::Part(part) => content::item(to, part, notes),
        Piece::Call { part, .. } | Piece::Stray(part) => {
            notes.add(
                "messages",
                "a call or a result without the other: told as text",
            );
            Item::text(told(&part.body))
        }
        Piece::Result { .. } => Item::text(""),
    }
}

/// Puts together messages of the same side that follow each other.
fn merged<'r, 'a>(all: Vec<Message<'r, 'a>>) -> Vec<Message<'r, 'a>> {
    let mut merged: Vec<Message<'r, 'a>> = Vec::with_capacity(all.len());
    for message in all {
        match merged.last_mut() {
            Some(last) if last.role == message.role && message.role == "user" => {
                last.items.extend(message.items);
            }
            _ => merged.push(message),
        }
    }
    merged
}

/// Sees to an answer that the client has begun.
fn prefill(to: &To<'_, '_>, all: &mut [Message<'_, '_>]) {
    let Some(last) = all.last_mut().filter(|last| last.role == "assistant") else {
        return;
    };
    if to.profile.prefill {
        last.prefix = to.profile.prefix;
        return;
    }
    last.role = "user";
    last.thinking.clear();
    let words = "Your answer begins as follows. Go on where it ends, and repeat nothing of it.\n";
    last.items.insert(0, Item::text(words));
}

/// The id of a call as a provider takes it. It depends on the client's alone.
fn call_id(id: Cow<'_, str>, rule: CallIds) -> Cow<'_, str> {
    let plain = |id: &str| id.len() == 9 && id.chars().all(|c| c.is_ascii_alphanumeric());
    match rule {
        CallIds::Any if id.len() > 40 => {
            let short = Rule {
                max: 40,
                ..Rule::OPENAI
            };
            Cow::Owned(names::sent(&id, short).into_owned())
        }
        CallIds::Nine if !plain(&id) => Cow::Owned(hash(&id, 9)),
        CallIds::Any | CallIds::Nine => id,
    }
}

/// The first `digits` hexadecimal digits of a text's hash.
pub(super) fn hash(text: &str, digits: usize) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text.as_bytes()) {
        write!(hex, "{byte:02x}").expect("a string takes every write");
    }
    hex.truncate(digits);
    hex
}
