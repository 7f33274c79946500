//! Blocks of a request on their way out.

use std::borrow::Cow;

use super::Scene;
use super::cache::Marks;
use super::media::Source;
use crate::translate::anthropic::input;
use crate::translate::form::{Call, Extra, Input, Part, ToolKind};
use crate::translate::freeform;
use crate::translate::json::{Json, Writer};
use crate::translate::names::{Rule, sent};

/// A block, with nothing in it that the provider would refuse.
#[derive(Debug)]
pub(super) struct Block<'r, 'a> {
    pub(super) kind: Kind<'r, 'a>,
    /// The part that it says; none for what was added.
    pub(super) part: Option<&'r Part<'a>>,
}

/// What a block is.
#[derive(Debug)]
pub(super) enum Kind<'r, 'a> {
    Text {
        text: Cow<'r, str>,
        citations: &'r [Json<'a>],
    },
    Image(Source<'r>),
    Document {
        source: Source<'r>,
        title: Option<&'r str>,
        context: Option<&'r str>,
    },
    Call {
        call: &'r Call<'a>,
        id: String,
    },
    Result {
        id: String,
        content: Vec<Block<'r, 'a>>,
        is_error: bool,
    },
    Thinking {
        text: &'r str,
        signature: &'r str,
    },
    Redacted {
        data: &'r str,
    },
    /// As the client wrote it.
    Raw(&'r Json<'a>),
}

impl<'r, 'a> Block<'r, 'a> {
    pub(super) fn of(kind: Kind<'r, 'a>, part: &'r Part<'a>) -> Self {
        let part = Some(part);
        Self { kind, part }
    }

    /// A text that stands for something else, or was added.
    pub(super) fn note(text: impl Into<Cow<'r, str>>) -> Self {
        let (text, citations) = (text.into(), &[][..]);
        let kind = Kind::Text { text, citations };
        Self { kind, part: None }
    }

    pub(super) fn is_thinking(&self) -> bool {
        matches!(self.kind, Kind::Thinking { .. } | Kind::Redacted { .. })
    }

    /// The client's mark for the cache.
    pub(super) fn cache(&self) -> Option<&'r Json<'a>> {
        self.part?.cache.as_ref().filter(|_| !self.is_thinking())
    }

    /// The client's marks, its own and those within it.
    pub(super) fn count_marks(&self) -> usize {
        let inner = match &self.kind {
            Kind::Result { content, .. } => content.iter().map(Self::count_marks).sum(),
            _ => 0,
        };
        usize::from(self.cache().is_some()) + inner
    }

    /// Writes the block; `last` that it is the last of those that are read together.
    pub(super) fn write(
        &self,
        scene: Scene<'_, '_>,
        marks: &mut Marks,
        last: bool,
        out: &mut Writer,
    ) {
        if let Kind::Raw(json) = &self.kind {
            out.json(json);
            return;
        }
        out.object();
        match &self.kind {
            Kind::Text { text, citations } => write_text(scene, text, citations, out),
            Kind::Image(source) => {
                out.key("type").string("image");
                source.write(out);
            }
            Kind::Document {
                source,
                title,
                context,
            } => {
                out.key("type").string("document");
                source.write(out);
                for (name, value) in [("title", title), ("context", context)] {
                    if let Some(value) = value {
                        out.key(name).string(value);
                    }
                }
            }
            Kind::Call { call, id } => write_call(scene, call, id, out),
            Kind::Result {
                id,
                content,
                is_error,
            } => {
                out.key("type").string("tool_result");
                out.key("tool_use_id").string(id);
                write_content(scene, content, *is_error, marks, out);
            }
            Kind::Thinking { text, signature } => {
                out.key("type").string("thinking");
                out.key("thinking").string(text);
                out.key("signature").string(signature);
            }
            Kind::Redacted { data } => {
                out.key("type").string("redacted_thinking");
                out.key("data").string(data);
            }
            Kind::Raw(_) => {}
        }
        marks.write(self.cache(), last && !self.is_thinking(), out);
        if let Some(part) = self.part.filter(|_| scene.native) {
            write_extra(&part.extra, out);
        }
        out.end_object();
    }
}

pub(super) fn write_extra(extra: &Extra<'_>, out: &mut Writer) {
    for (name, value) in &extra.members {
        out.key(name).json(value);
    }
}

fn write_text(scene: Scene<'_, '_>, text: &str, citations: &[Json<'_>], out: &mut Writer) {
    out.key("type").string("text");
    out.key("text").string(text);
    if scene.native && !citations.is_empty() {
        out.key("citations").array();
        for citation in citations {
            out.json(citation);
        }
        out.end_array();
    }
}

fn write_call(scene: Scene<'_, '_>, call: &Call<'_>, id: &str, out: &mut Writer) {
    out.key("type").string("tool_use");
    out.key("id").string(id);
    out.key("name").string(&sent(&call.name, Rule::ANTHROPIC));
    out.key("input").raw(&object_of(scene, call));
}

/// The input as an object: free text within one, in the way in which the tool is declared.
fn object_of<'r>(scene: Scene<'_, '_>, call: &'r Call<'_>) -> Cow<'r, str> {
    let Input::Text(text) = &call.input else {
        return input::object_of(&call.input);
    };
    let is_function =
        scene.request.tools.iter().any(
            |tool| matches!(&tool.kind, ToolKind::Function { name, .. } if *name == call.name),
        );
    match is_function || text.trim().is_empty() {
        true => input::object_of(&call.input),
        false => Cow::Owned(freeform::wrap(text)),
    }
}

/// What a tool gave, as a string where that is enough.
fn write_content(
    scene: Scene<'_, '_>,
    content: &[Block<'_, '_>],
    is_error: bool,
    marks: &mut Marks,
    out: &mut Writer,
) {
    match content {
        // A failure must say something.
        [] if is_error => {
            out.key("content")
                .string("The tool failed without a message.");
        }
        [] => {}
        [
            Block {
                kind: Kind::Text { text, .. },
                part,
            },
        ] if part.is_none_or(|part| part.cache.is_none() && part.extra.members.is_empty()) => {
            out.key("content").string(text);
        }
        blocks => {
            out.key("content").array();
            for block in blocks {
                block.write(scene, marks, false, out);
            }
            out.end_array();
        }
    }
    if is_error {
        out.key("is_error").boolean(true);
    }
}
