//! The items of a response's output, as JSON. Ids, order and events are others' business.

use super::members::is_json;
use crate::translate::json::Writer;

/// `status` of an item that is being written and of one that is done.
pub(super) const IN_PROGRESS: &str = "in_progress";
pub(super) const COMPLETED: &str = "completed";

/// Which tool is called, in the client's words.
#[derive(Clone, Debug, Default)]
pub(super) struct Called {
    pub call_id: String,
    pub name: String,
    pub namespace: Option<String>,
    pub freeform: bool,
    /// Whether it is a search for tools.
    pub search: bool,
}

impl Called {
    /// How ids of its items begin.
    pub(super) fn prefix(&self) -> &'static str {
        match (self.search, self.freeform) {
            (true, _) => "tsc",
            (false, true) => "ctc",
            (false, false) => "fc",
        }
    }
}

/// A message of the model; `contents` are its parts, with commas between.
pub(super) fn message(out: &mut Writer, id: &str, status: &str, contents: &str) {
    begin(out, id, "message");
    out.key("status").string(status);
    out.key("role").string("assistant");
    out.key("content").array();
    if !contents.is_empty() {
        out.raw(contents);
    }
    out.end_array().end_object();
}

/// A part of a message: text, with its annotations with commas between.
pub(super) fn text_part(out: &mut Writer, text: &str, annotations: &str) {
    out.object().key("type").string("output_text");
    out.key("text").string(text).key("annotations").array();
    if !annotations.is_empty() {
        out.raw(annotations);
    }
    out.end_array().key("logprobs").array().end_array();
    out.end_object();
}

/// A part of a message: a refusal.
pub(super) fn refusal_part(out: &mut Writer, text: &str) {
    out.object().key("type").string("refusal");
    out.key("refusal").string(text).end_object();
}

/// Reasoning; an empty summary is none.
pub(super) fn reasoning(out: &mut Writer, id: &str, summary: &str, encrypted: Option<&str>) {
    begin(out, id, "reasoning");
    out.key("summary").array();
    if !summary.is_empty() {
        summary_part(out, summary);
    }
    out.end_array();
    if let Some(encrypted) = encrypted {
        out.key("encrypted_content").string(encrypted);
    }
    out.end_object();
}

/// A part of a reasoning item's summary.
pub(super) fn summary_part(out: &mut Writer, text: &str) {
    out.object().key("type").string("summary_text");
    out.key("text").string(text).end_object();
}

/// A call of a function, of a tool that takes free text, or a search for tools.
pub(super) fn call(out: &mut Writer, id: &str, status: &str, (called, input): (&Called, &str)) {
    if called.search {
        begin(out, id, "tool_search_call");
        out.key("status").string(status);
        out.key("call_id").string(&called.call_id);
        out.key("execution").string("client");
        let object = input.trim_start().starts_with('{') && is_json(input);
        let arguments = if object { input } else { "{}" };
        out.key("arguments").raw(arguments).end_object();
        return;
    }
    let (kind, member) = if called.freeform {
        ("custom_tool_call", "input")
    } else {
        ("function_call", "arguments")
    };
    begin(out, id, kind);
    out.key("status").string(status);
    out.key("call_id").string(&called.call_id);
    out.key("name").string(&called.name);
    if let Some(namespace) = &called.namespace {
        out.key("namespace").string(namespace);
    }
    out.key(member).string(input).end_object();
}

fn begin(out: &mut Writer, id: &str, kind: &str) {
    out.object().key("id").string(id).key("type").string(kind);
}
