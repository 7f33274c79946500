//! The response object that answers carry whole and streams carry at their ends, and how an
//! answer's end is said in it.

use crate::translate::form::Stop;
use crate::translate::json::Writer;
use crate::translate::options::AnswerOptions;
use crate::usage::Usage;

/// What stays the same in all of one answer.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub id: String,
    pub model: String,
    created: u64,
    seed: u64,
    /// Tokens of the prompt by estimate, for an answer that says nothing of its tokens.
    estimated_input: u64,
    made: u32,
}

impl Head {
    pub(super) fn new(options: &AnswerOptions<'_>) -> Self {
        Self {
            id: format!("resp_{:016x}", options.seed),
            model: options.model.to_owned(),
            created: u64::try_from(options.now_unix).unwrap_or(0),
            seed: options.seed,
            estimated_input: options.estimated_input,
            made: 0,
        }
    }

    /// An id that no other part of the answer has.
    pub(super) fn make_id(&mut self, prefix: &str) -> String {
        self.made += 1;
        crate::marks::item_id(prefix, self.seed, self.made)
    }
}

/// How an answer stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    InProgress,
    Completed,
    Incomplete(&'static str),
    Failed { code: String, message: String },
}

impl Verdict {
    /// What the end of an answer is called. `refused` says whether a refusal was put in words: then
    /// the answer is complete.
    pub(super) fn of(stop: &Stop<'_>, refused: bool) -> Self {
        match stop {
            Stop::MaxTokens | Stop::ContextWindow => Self::Incomplete("max_output_tokens"),
            Stop::Refusal if !refused => Self::Incomplete("content_filter"),
            Stop::MalformedCall => Self::Failed {
                code: "server_error".to_owned(),
                message: "the model called a tool in a way that cannot be read".to_owned(),
            },
            Stop::EndTurn
            | Stop::Sequence(_)
            | Stop::ToolUse
            | Stop::Refusal
            | Stop::Pause
            | Stop::Other(_) => Self::Completed,
        }
    }

    pub(super) fn status(&self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete(_) => "incomplete",
            Self::Failed { .. } => "failed",
        }
    }

    /// The event that says so.
    pub(super) fn event(&self) -> &'static str {
        match self {
            Self::InProgress => "response.in_progress",
            Self::Completed => "response.completed",
            Self::Incomplete(_) => "response.incomplete",
            Self::Failed { .. } => "response.failed",
        }
    }
}

/// Writes the response object; `output` are its items, with commas between.
pub(super) fn write(
    out: &mut Writer,
    head: &Head,
    verdict: &Verdict,
    rest: (&str, Option<&Usage>),
) {
    let (output, usage) = rest;
    out.object().key("id").string(&head.id);
    out.key("object").string("response");
    out.key("created_at").number(head.created);
    out.key("status").string(verdict.status());
    out.key("background").boolean(false);
    out.key("error");
    match verdict {
        Verdict::Failed { code, message } => {
            out.object().key("code").string(code);
            out.key("message").string(message).end_object();
        }
        _ => drop(out.null()),
    }
    out.key("incomplete_details");
    match verdict {
        Verdict::Incomplete(reason) => {
            out.object().key("reason").string(reason).end_object();
        }
        _ => drop(out.null()),
    }
    out.key("instructions").null();
    out.key("max_output_tokens").null();
    out.key("model").string(&head.model);
    out.key("output").array();
    if !output.is_empty() {
        out.raw(output);
    }
    out.end_array();
    constants(out);
    out.key("usage");
    match verdict {
        Verdict::Completed | Verdict::Incomplete(_) => write_usage(out, head, usage),
        Verdict::InProgress | Verdict::Failed { .. } => drop(out.null()),
    }
    out.end_object();
}

/// Members that every response has and that say nothing here.
fn constants(out: &mut Writer) {
    out.key("parallel_tool_calls").boolean(true);
    out.key("previous_response_id").null();
    out.key("reasoning").object();
    out.key("effort").null().key("summary").null().end_object();
    out.key("store").boolean(false);
    out.key("temperature").null();
    out.key("text").object().key("format").object();
    out.key("type").string("text").end_object().end_object();
    out.key("tool_choice").string("auto");
    out.key("tools").array().end_array();
    out.key("top_p").null();
    out.key("truncation").string("disabled");
    out.key("metadata").object().end_object();
}

fn write_usage(out: &mut Writer, head: &Head, usage: Option<&Usage>) {
    let none = Usage::default();
    let known = usage.unwrap_or(&none);
    let read = known.cache_read_input_tokens.unwrap_or(0);
    let written = known.cache_creation_input_tokens.unwrap_or(0);
    let cached = read.saturating_add(written);
    let input = match known.input_tokens {
        Some(fresh) => fresh.saturating_add(cached),
        None => cached.max(head.estimated_input),
    };
    let output = known.output_tokens.unwrap_or(0);
    let thinking = known.output_tokens_details.and_then(|d| d.thinking_tokens);
    out.object().key("input_tokens").number(input);
    out.key("input_tokens_details").object();
    out.key("cached_tokens").number(read);
    out.key("cache_write_tokens").number(written);
    out.end_object().key("output_tokens").number(output);
    out.key("output_tokens_details").object();
    out.key("reasoning_tokens").number(thinking.unwrap_or(0));
    out.end_object();
    out.key("total_tokens").number(input.saturating_add(output));
    out.end_object();
}
