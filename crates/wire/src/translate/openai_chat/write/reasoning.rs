//! Asks for reasoning in the provider's words, and gives back that of earlier turns where it is
//! wanted.

use super::To;
use super::message::Message;
use super::output::thoughts;
use crate::translate::fault::Notes;
use crate::translate::form::{Amount, Body, Effort, Opaque, OpaqueKind, Part, Thinking};
use crate::translate::json::Writer;
use crate::translate::profile::{Budgets, Efforts, ReasoningEcho, ReasoningRequest};

/// Asks for reasoning.
pub(super) fn ask(to: &To<'_, '_>, out: &mut Writer, notes: &mut Notes) {
    let Some(thinking) = to.request.thinking else {
        return;
    };
    let profile = to.profile;
    match profile.reasoning {
        ReasoningRequest::None if thinking.amount == Amount::Off => {}
        ReasoningRequest::None => {
            notes.add(
                "thinking",
                "left out: the provider or model cannot be asked for it",
            );
        }
        ReasoningRequest::Effort(known) => match effort(thinking.amount, known, profile.budgets) {
            Some(word) => {
                out.key("reasoning_effort").string(word);
            }
            None if thinking.amount == Amount::Adaptive => {}
            None => notes.add("thinking", "the model cannot be told not to think"),
        },
        ReasoningRequest::Object => object(thinking, out),
        ReasoningRequest::Thinking => {
            let on = thinking.amount != Amount::Off;
            let word = if on { "enabled" } else { "disabled" };
            out.key("thinking").object();
            out.key("type").string(word).end_object();
        }
        ReasoningRequest::Enable => {
            let on = thinking.amount != Amount::Off;
            out.key("enable_thinking").boolean(on);
            if let Amount::Tokens(tokens) = thinking.amount {
                out.key("thinking_budget").number(tokens);
            }
        }
    }
}

/// OpenRouter's object.
fn object(thinking: Thinking, out: &mut Writer) {
    out.key("reasoning").object();
    match thinking.amount {
        Amount::Off => out.key("enabled").boolean(false),
        Amount::Adaptive => out.key("enabled").boolean(true),
        Amount::Tokens(tokens) => out.key("max_tokens").number(tokens),
        Amount::Effort(effort) => out.key("effort").string(match effort {
            Effort::Minimal => "minimal",
            Effort::Low => "low",
            Effort::Medium => "medium",
            Effort::High => "high",
            Effort::ExtraHigh | Effort::Max => "xhigh",
        }),
    };
    if thinking.shown == Some(false) {
        out.key("exclude").boolean(true);
    }
    out.end_object();
}

/// The word for an amount; none leaves it to the provider.
fn effort(amount: Amount, known: Efforts, budgets: Budgets) -> Option<&'static str> {
    let effort = match amount {
        Amount::Off if known.none => return Some("none"),
        Amount::Off if known.minimal => return Some("minimal"),
        Amount::Off | Amount::Adaptive => return None,
        Amount::Tokens(tokens) if tokens < budgets.medium => Effort::Low,
        Amount::Tokens(tokens) if tokens < budgets.high => Effort::Medium,
        Amount::Tokens(_) => Effort::High,
        Amount::Effort(effort) => effort,
    };
    Some(match effort {
        Effort::Minimal if known.minimal => "minimal",
        Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::Max if known.max => "max",
        Effort::ExtraHigh | Effort::Max if known.xhigh => "xhigh",
        Effort::High | Effort::ExtraHigh | Effort::Max => "high",
    })
}

/// Gives back what the model has thought, as a member of its message.
pub(super) fn echo(to: &To<'_, '_>, message: &Message<'_, '_>, out: &mut Writer) {
    let member = match to.profile.echo {
        ReasoningEcho::None | ReasoningEcho::Parts => return,
        ReasoningEcho::Details => return details(to, message, out),
        ReasoningEcho::Content => "reasoning_content",
        ReasoningEcho::Plain => "reasoning",
    };
    let text = thoughts(message).collect::<Vec<_>>().join("\n");
    let off = to
        .request
        .thinking
        .is_some_and(|thinking| thinking.amount == Amount::Off);
    if !text.is_empty() {
        out.key(member).string(&text);
    } else if to.profile.echo_required && !message.calls.is_empty() && !off {
        // Without the member the whole conversation is refused, and the client has lost it.
        out.key(member).string(" ");
    }
}

/// Mistral's parts.
pub(super) fn parts(message: &Message<'_, '_>, out: &mut Writer) {
    for text in thoughts(message) {
        out.object();
        out.key("type").string("thinking");
        out.key("thinking").array().object();
        out.key("type").string("text").key("text").string(text);
        out.end_object().end_array().end_object();
    }
}

/// Who issues what only it can read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Issuer {
    Anthropic,
    Google,
    Other,
}

fn issuer(model: &str) -> Issuer {
    let has = |word| model.contains(word);
    if has("claude") || has("anthropic") {
        Issuer::Anthropic
    } else if has("gemini") || has("google") {
        Issuer::Google
    } else {
        Issuer::Other
    }
}

impl Issuer {
    fn issued(self, kind: OpaqueKind) -> bool {
        self == match kind {
            OpaqueKind::Signature | OpaqueKind::Redacted => Self::Anthropic,
            OpaqueKind::ThoughtSignature => Self::Google,
            OpaqueKind::Encrypted => Self::Other,
        }
    }

    fn format(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic-claude-v1",
            Self::Google => "google-gemini-v1",
            Self::Other => "openai-responses-v1",
        }
    }
}

/// OpenRouter's `reasoning_details`.
fn details(to: &To<'_, '_>, message: &Message<'_, '_>, out: &mut Writer) {
    let issuer = issuer(to.options.model);
    let mine = |opaque: &Opaque<'_>| issuer.issued(opaque.kind);
    let mut list = Writer::default();
    let mut any = false;
    list.array();
    for part in &message.thinking {
        any |= detail(to, part, issuer, &mut list);
    }
    for called in &message.calls {
        if let Some(opaque) = called.call.opaque.as_ref().filter(|opaque| mine(opaque)) {
            any = true;
            list.object().key("type").string("reasoning.encrypted");
            list.key("data").string(&opaque.value);
            list.key("id").string(&called.id);
            list.key("format").string(issuer.format()).end_object();
        }
    }
    list.end_array();
    if any {
        out.key("reasoning_details").raw(&list.into_string());
    }
}

fn apart(summary: &str, opaque: &Opaque<'_>, id: Option<&str>, out: &mut Writer) -> bool {
    for (kind, member, value) in [
        ("reasoning.summary", "summary", summary),
        ("reasoning.encrypted", "data", &*opaque.value),
    ] {
        out.object().key("type").string(kind);
        out.key(member).string(value);
        if let Some(id) = id {
            out.key("id").string(id);
        }
        out.key("format")
            .string(Issuer::Other.format())
            .end_object();
    }
    true
}

/// Writes one of them; says whether there was something to write.
fn detail(to: &To<'_, '_>, part: &Part<'_>, issuer: Issuer, out: &mut Writer) -> bool {
    let Body::Thinking { text, opaque, id } = &part.body else {
        return false;
    };
    let opaque = opaque.as_ref().filter(|opaque| issuer.issued(opaque.kind));
    // Anthropic's models take no thinking that they did not sign.
    if opaque.is_none() && (text.is_empty() || issuer == Issuer::Anthropic) {
        return false;
    }
    let own = to.own(&part.extra);
    let said = |name: &str| own.iter().any(|(key, _)| key == name);
    let summary = own
        .iter()
        .any(|(key, value)| key == "type" && value.as_str() == "\"reasoning.summary\"");
    let encrypted = text.is_empty() && opaque.is_some();
    // OpenAI's summary and what it encrypts stand apart.
    if let Some(opaque) = opaque.filter(|_| issuer == Issuer::Other && !encrypted && !to.same()) {
        return apart(text, opaque, id.as_deref(), out);
    }
    out.object();
    if !said("type") {
        out.key("type");
        out.string(if encrypted {
            "reasoning.encrypted"
        } else {
            "reasoning.text"
        });
    }
    if !encrypted {
        out.key(if summary { "summary" } else { "text" })
            .string(text);
    }
    if let Some(opaque) = opaque {
        out.key(if encrypted { "data" } else { "signature" });
        out.string(&opaque.value);
    }
    if let Some(id) = id {
        out.key("id").string(id);
    }
    if !to.same() {
        out.key("format").string(issuer.format());
    }
    for (key, value) in own {
        out.key(key).json(value);
    }
    out.end_object();
    true
}
