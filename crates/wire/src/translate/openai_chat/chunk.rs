//! Bytes of a stream of chunks. The order of chunks is the sink's business.

use crate::translate::json::{self, Writer};
use crate::translate::options::AnswerOptions;

/// The id of an answer.
pub(super) fn id(options: &AnswerOptions<'_>) -> String {
    format!("chatcmpl-{:016x}", options.seed)
}

/// When it was made, in seconds since the Unix epoch.
pub(super) fn created(options: &AnswerOptions<'_>) -> u64 {
    u64::try_from(options.now_unix).unwrap_or(0)
}

/// What every chunk begins with, up to its choices.
pub(super) fn head(options: &AnswerOptions<'_>) -> String {
    let mut out = Writer::into("data: ".to_owned());
    out.object().key("id").string(&id(options));
    out.key("object").string("chat.completion.chunk");
    out.key("created").number(created(options));
    out.key("model").string(options.model).key("choices");
    out.into_string()
}

/// Writes chunks behind `head`.
#[derive(Debug)]
pub(super) struct Chunks {
    pub head: String,
}

const BEGIN: &[u8] = br#"[{"index":0,"delta":"#;
const END: &[u8] = b",\"logprobs\":null,\"finish_reason\":null}]}\n\n";

impl Chunks {
    /// A delta that is valid JSON.
    pub(super) fn delta(&self, delta: &str, out: &mut Vec<u8>) {
        self.text((delta, ""), "", out);
    }

    /// A delta whose text stands between `around`, which with a string in the middle is JSON.
    pub(super) fn text(&self, around: (&str, &str), text: &str, out: &mut Vec<u8>) {
        out.reserve(self.head.len() + BEGIN.len() + END.len() + text.len() + 64);
        out.extend_from_slice(self.head.as_bytes());
        out.extend_from_slice(BEGIN);
        out.extend_from_slice(around.0.as_bytes());
        escape(text, out);
        out.extend_from_slice(around.1.as_bytes());
        out.extend_from_slice(END);
    }

    /// The last chunk of the choice.
    pub(super) fn finish(&self, reason: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(self.head.as_bytes());
        out.extend_from_slice(BEGIN);
        out.extend_from_slice(br#"{},"logprobs":null,"finish_reason":""#);
        escape(reason, out);
        out.extend_from_slice(b"\"}]}\n\n");
    }

    /// The chunk without choices that counts tokens; `usage` is JSON.
    pub(super) fn usage(&self, usage: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(self.head.as_bytes());
        out.extend_from_slice(b"[],\"usage\":");
        out.extend_from_slice(usage.as_bytes());
        out.extend_from_slice(b"}\n\n");
    }
}

fn escape(text: &str, out: &mut Vec<u8>) {
    json::escape(text, |piece| out.extend_from_slice(piece.as_bytes()));
}
