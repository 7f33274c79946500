//! What a client wants of reasoning, in the many ways in which clients of Chat say it, and the
//! reasoning of earlier turns that they send back.

use std::borrow::Cow;

use super::{boolean, raw, string, text, walk, whole};
use crate::scan::Cursor;
use crate::translate::form::{
    Amount, Body, Effort, Extra, Opaque, OpaqueKind, Part, Text, Thinking,
};
use crate::translate::json::Json;

/// What was said about reasoning.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// `reasoning_effort`
    effort: Option<Amount>,
    /// `reasoning`, an object (OpenRouter)
    object: Option<Amount>,
    /// `thinking`, an object
    thinking: Option<Amount>,
    /// `enable_thinking` and `thinking_budget`
    enable: Option<bool>,
    budget: Option<u64>,
    /// Whether it is to be shown.
    shown: Option<bool>,
}

impl Asked {
    /// Takes a member of the request; says whether it is about reasoning.
    pub(super) fn member(&mut self, key: &str, value: &Json<'_>) -> bool {
        let known = match key {
            "reasoning_effort" => {
                self.effort = text(value).and_then(|word| amount(&word));
                self.effort.is_some()
            }
            "reasoning" => {
                self.object = self.object(value);
                self.object.is_some() || self.shown.is_some()
            }
            "thinking" => {
                self.thinking = thinking(value);
                self.thinking.is_some()
            }
            "enable_thinking" => {
                self.enable = boolean(value);
                self.enable.is_some()
            }
            "thinking_budget" => {
                self.budget = whole(value);
                self.budget.is_some()
            }
            "include_reasoning" => {
                self.shown = boolean(value);
                self.shown.is_some()
            }
            _ => false,
        };
        known && value.as_str() != "null"
    }

    fn object(&mut self, value: &Json<'_>) -> Option<Amount> {
        let (mut effort, mut tokens, mut enabled, mut exclude) = (None, None, None, None);
        walk(value, |key, cursor| match key {
            "effort" => effort = string(cursor).and_then(|word| amount(&word)),
            "max_tokens" => tokens = whole(&raw(cursor)),
            "enabled" => enabled = cursor.boolean(),
            "exclude" => exclude = cursor.boolean(),
            _ => {}
        });
        if let Some(exclude) = exclude {
            self.shown = Some(!exclude);
        }
        effort
            .or(tokens.map(Amount::Tokens))
            .or(enabled.map(|on| if on { Amount::Adaptive } else { Amount::Off }))
    }

    /// All of it together. What is said more exactly wins.
    pub(super) fn thinking(&self) -> Option<Thinking> {
        let enable = self.enable.map(|on| match (on, self.budget) {
            (false, _) => Amount::Off,
            (true, Some(tokens)) => Amount::Tokens(tokens),
            (true, None) => Amount::Adaptive,
        });
        let budget = self.budget.map(Amount::Tokens);
        let said = [self.effort, self.object, self.thinking, enable, budget];
        // `thinking` of a kind that is merely on says less than an effort beside it.
        let off = said.contains(&Some(Amount::Off)).then_some(Amount::Off);
        let amount = off.or_else(|| said.into_iter().flatten().next());
        let shown = self.shown;
        match (amount, shown) {
            (Some(amount), shown) => Some(Thinking { amount, shown }),
            (None, Some(true)) => Some(Thinking {
                amount: Amount::Adaptive,
                shown,
            }),
            (None, _) => None,
        }
    }
}

/// The amount that a word for effort means.
fn amount(word: &str) -> Option<Amount> {
    Some(Amount::Effort(match word {
        "none" | "disable" | "disabled" => return Some(Amount::Off),
        "minimal" => Effort::Minimal,
        "low" => Effort::Low,
        "medium" => Effort::Medium,
        "high" => Effort::High,
        "xhigh" => Effort::ExtraHigh,
        "max" => Effort::Max,
        _ => return None,
    }))
}

fn thinking(value: &Json<'_>) -> Option<Amount> {
    let (mut kind, mut tokens) = (None, None);
    walk(value, |key, cursor| match key {
        "type" => kind = string(cursor),
        "budget_tokens" => tokens = whole(&raw(cursor)),
        _ => {}
    });
    match (kind.as_deref()?, tokens) {
        ("disabled", _) => Some(Amount::Off),
        (_, Some(tokens)) => Some(Amount::Tokens(tokens)),
        ("enabled" | "adaptive" | "auto", None) => Some(Amount::Adaptive),
        _ => None,
    }
}

/// Thinking that is nothing but text.
pub(super) fn plain(text: Text<'_>) -> Part<'_> {
    Part::from(Body::Thinking {
        text,
        opaque: None,
        id: None,
    })
}

/// Reads `reasoning_details`. Pieces of one text that a client gathered from a stream are put
/// together.
pub(super) fn details<'a>(cursor: &mut Cursor<'a>) -> Vec<Part<'a>> {
    let mut parts: Vec<Part<'a>> = Vec::new();
    cursor.array(|cursor| {
        if let Some(part) = detail(cursor)
            && let Some(part) = unless_more(parts.last_mut(), part)
        {
            parts.push(part);
        }
    });
    parts
}

#[derive(Default)]
struct Detail<'a> {
    text: Option<Text<'a>>,
    data: Option<Text<'a>>,
    signature: Option<Text<'a>>,
    format: Option<Text<'a>>,
    id: Option<Text<'a>>,
    extra: Extra<'a>,
}

fn detail<'a>(cursor: &mut Cursor<'a>) -> Option<Part<'a>> {
    let mut detail = Detail::default();
    cursor.object(|key, cursor| match key.decode().as_ref() {
        "text" | "summary" => detail.text = string(cursor).or(detail.text.take()),
        "data" => detail.data = string(cursor),
        "signature" => detail.signature = string(cursor),
        "id" => detail.id = string(cursor),
        _ => {
            let value = raw(cursor);
            if key.is("format") {
                detail.format = text(&value);
            }
            if value.as_str() != "null" {
                detail.extra.members.push((key.decode(), value));
            }
        }
    });
    let opaque = match (detail.signature, detail.data) {
        (Some(value), _) => Some(Opaque {
            kind: kind(detail.format.as_deref(), OpaqueKind::Signature),
            value,
        }),
        (None, Some(value)) => Some(Opaque {
            kind: match kind(detail.format.as_deref(), OpaqueKind::Encrypted) {
                OpaqueKind::Signature => OpaqueKind::Redacted,
                other => other,
            },
            value,
        }),
        (None, None) => None,
    };
    if opaque.is_none() && detail.text.is_none() {
        return None;
    }
    Some(Part {
        body: Body::Thinking {
            text: detail.text.unwrap_or_default(),
            opaque,
            id: detail.id,
        },
        cache: None,
        extra: detail.extra,
    })
}

/// Whose value it is, by the name of its format.
fn kind(format: Option<&str>, unknown: OpaqueKind) -> OpaqueKind {
    match format {
        Some(format) if format.starts_with("anthropic") => OpaqueKind::Signature,
        Some(format) if format.starts_with("google") => OpaqueKind::ThoughtSignature,
        Some(format) if format != "unknown" => OpaqueKind::Encrypted,
        _ => unknown,
    }
}

/// Puts `next` behind the text before it, if it goes on with that; otherwise gives it back.
fn unless_more<'a>(last: Option<&mut Part<'a>>, next: Part<'a>) -> Option<Part<'a>> {
    let Some(last) = last.filter(|last| last.extra == next.extra) else {
        return Some(next);
    };
    let text_kind = |(key, value): &(Text<'_>, Json<'_>)| {
        key == "type"
            && matches!(
                value.as_str(),
                "\"reasoning.text\"" | "\"reasoning.summary\""
            )
    };
    let indexed = last.extra.members.iter().any(|(key, _)| key == "index");
    if !indexed || !last.extra.members.iter().any(text_kind) {
        return Some(next);
    }
    match (&mut last.body, next.body) {
        (
            Body::Thinking {
                text,
                opaque: so_far @ None,
                ..
            },
            Body::Thinking {
                text: more, opaque, ..
            },
        ) => {
            text.to_mut().push_str(&more);
            *so_far = opaque;
            None
        }
        (_, body) => Some(Part {
            body,
            cache: None,
            extra: last.extra.clone(),
        }),
    }
}

/// Moves signatures that name a call to that call.
pub(super) fn to_calls(parts: &mut Vec<Part<'_>>) {
    let mut moved = Vec::new();
    parts.retain_mut(|part| {
        let Body::Thinking { text, opaque, id } = &mut part.body else {
            return true;
        };
        let signature = |opaque: &Opaque<'_>| opaque.kind == OpaqueKind::ThoughtSignature;
        if !text.is_empty() || id.is_none() || !opaque.as_ref().is_some_and(signature) {
            return true;
        }
        moved.extend(id.clone().zip(opaque.clone()));
        moved.is_empty()
    });
    for (id, opaque) in moved {
        let call = parts.iter_mut().find_map(|part| match &mut part.body {
            Body::Call(call) if call.id == id => Some(call),
            _ => None,
        });
        match call {
            Some(call) => call.opaque = call.opaque.take().or(Some(opaque)),
            None => parts.push(Part::from(Body::Thinking {
                text: Cow::Borrowed(""),
                opaque: Some(opaque),
                id: Some(id),
            })),
        }
    }
}
