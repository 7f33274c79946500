//! What each part of a conversation becomes.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::Scene;
use super::blocks::{Block, Kind};
use super::media;
use super::plan::Message;
use crate::translate::fault::Notes;
use crate::translate::form::{Body, Media, OpaqueKind, Part, Role};
use crate::translate::names::{Rule, sent};
use crate::translate::repair::{Piece, Step};
use crate::translate::told;

/// Turns what the form says into blocks, one step of the conversation after the other.
#[derive(Debug)]
pub(super) struct Planner<'n, 'r, 'a> {
    scene: Scene<'r, 'a>,
    notes: &'n mut Notes,
    /// The ids that the calls of the last step are sent with.
    ids: HashMap<String, String>,
    /// All ids so far.
    used: HashSet<String>,
    /// How often a client's id came that others had before.
    repeated: HashMap<String, u32>,
}

impl<'n, 'r, 'a> Planner<'n, 'r, 'a> {
    pub(super) fn new(scene: Scene<'r, 'a>, notes: &'n mut Notes) -> Self {
        Self {
            scene,
            notes,
            ids: HashMap::new(),
            used: HashSet::new(),
            repeated: HashMap::new(),
        }
    }

    pub(super) fn message(&mut self, step: Step<'r, 'a>) -> Message<'r, 'a> {
        let native = self.scene.native;
        let mut blocks = Vec::new();
        if step.role == Role::Assistant {
            self.ids.clear();
        }
        for piece in step.pieces {
            self.piece(piece, step.role, &mut blocks);
        }
        let mut role = step.role;
        if role == Role::System && !native {
            role = Role::User;
            for block in &mut blocks {
                if let Kind::Text { text, .. } = &mut block.kind {
                    *text = format!("<system-reminder>\n{text}\n</system-reminder>").into();
                }
            }
        }
        // An answer cannot end with thinking.
        while role == Role::Assistant && !native && blocks.last().is_some_and(Block::is_thinking) {
            blocks.pop();
        }
        let extra = step.extra;
        Message {
            role,
            blocks,
            extra: extra.filter(|extra| native && !extra.members.is_empty()),
        }
    }

    fn piece(&mut self, piece: Piece<'r, 'a>, role: Role, blocks: &mut Vec<Block<'r, 'a>>) {
        match piece {
            Piece::Part(part) => self.part(part, role, blocks),
            Piece::Call { call, id, part } => {
                let sent = self.new_id(&id);
                self.ids.insert(id.into_owned(), sent.clone());
                blocks.push(Block::of(Kind::Call { call, id: sent }, part));
            }
            Piece::Result { id, part, .. } => {
                let id = match self.ids.get(id.as_ref()) {
                    Some(sent) => sent.clone(),
                    None => legal_id(&id),
                };
                blocks.push(self.result(id, part));
            }
            Piece::Stray(part) => self.stray(part, role, blocks),
        }
    }

    /// An id that no other call has. A client's own is kept, whatever it is like.
    fn new_id(&mut self, id: &str) -> String {
        if self.scene.native {
            return id.to_owned();
        }
        let mut new = legal_id(id);
        if self.used.insert(new.clone()) {
            return new;
        }
        // Goes on where it stopped the last time: some providers give all calls one id.
        let count = self.repeated.entry(id.to_owned()).or_insert(1);
        while !self.used.insert(new.clone()) {
            *count += 1;
            new = legal_id(&format!("{id}_{count}"));
        }
        new
    }

    fn result(&mut self, id: String, part: Option<&'r Part<'a>>) -> Block<'r, 'a> {
        let mut content = Vec::new();
        let mut is_error = true;
        match part.map(|part| &part.body) {
            Some(Body::Result {
                parts,
                is_error: failed,
                ..
            }) => {
                is_error = *failed;
                for inner in parts {
                    self.part(inner, Role::User, &mut content);
                }
            }
            _ => {
                self.notes.add(
                    "messages",
                    "a call without a result: it says so in its place",
                );
                content.push(Block::note("There is no result: the call was interrupted."));
            }
        }
        let kind = Kind::Result {
            id,
            content,
            is_error,
        };
        Block { kind, part }
    }

    /// A result that nobody asked for, as the text that it is.
    fn stray(&mut self, part: &'r Part<'a>, role: Role, blocks: &mut Vec<Block<'r, 'a>>) {
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
            .add("messages", "a result without its call: told as text");
        blocks.push(Block::note(told::result_head(call, *is_error)));
        for inner in parts {
            self.part(inner, role, blocks);
        }
    }

    /// Adds what a part becomes; nothing where it is empty or cannot be said.
    pub(super) fn part(&mut self, part: &'r Part<'a>, role: Role, blocks: &mut Vec<Block<'r, 'a>>) {
        let kind = match &part.body {
            Body::Text { text, annotations } => Kind::Text {
                text: text.as_ref().into(),
                citations: annotations,
            },
            Body::Refusal { text } => Kind::Text {
                text: text.as_ref().into(),
                citations: &[],
            },
            Body::Image(media) => self.seen(role, media, media::image, Kind::Image),
            Body::Document {
                media,
                title,
                context,
            } => self.seen(role, media, media::document, |source| Kind::Document {
                source,
                title: title.as_deref(),
                context: context.as_deref(),
            }),
            Body::Audio(_) => self.instead("[sound left out: the model does not hear]"),
            Body::Thinking { text, opaque, .. } => match opaque {
                Some(opaque) if opaque.kind == OpaqueKind::Signature => Kind::Thinking {
                    text,
                    signature: &opaque.value,
                },
                Some(opaque) if opaque.kind == OpaqueKind::Redacted => Kind::Redacted {
                    data: &opaque.value,
                },
                _ => {
                    self.notes
                        .add("messages", "thinking left out: Anthropic has not signed it");
                    return;
                }
            },
            Body::Call(call) => text_of(told::call(call)),
            Body::Result { .. } => return self.stray(part, role, blocks),
            Body::Foreign { json, .. } if self.scene.native => Kind::Raw(json),
            Body::Foreign { kind, json } => match self.foreign(kind, json.as_str()) {
                Some(kind) => kind,
                None => return,
            },
        };
        if !matches!(&kind, Kind::Text { text, .. } if text.trim().is_empty()) {
            blocks.push(Block::of(kind, part));
        }
    }

    /// An item of another dialect as text; none when there is nothing that others can read.
    fn foreign(&mut self, kind: &str, json: &str) -> Option<Kind<'r, 'a>> {
        let text = told::foreign(kind, json);
        let note = match text.is_empty() {
            true => "an item left out: the provider has nothing like it",
            false => "an item told as text: the provider has nothing like it",
        };
        self.notes.add("messages", note);
        (!text.is_empty()).then(|| text_of(text))
    }

    /// A picture or document, where it may stand and can be sent.
    fn seen(
        &mut self,
        role: Role,
        media: &'r Media<'a>,
        source: impl Fn(Scene<'_, '_>, &'r Media<'a>) -> Result<media::Source<'r>, &'static str>,
        kind: impl FnOnce(media::Source<'r>) -> Kind<'r, 'a>,
    ) -> Kind<'r, 'a> {
        if role != Role::User && !self.scene.native {
            return self.instead("[image or document left out: only users can show them]");
        }
        match source(self.scene, media) {
            Ok(source) => kind(source),
            Err(text) => self.instead(text),
        }
    }

    fn instead(&mut self, text: &'static str) -> Kind<'r, 'a> {
        self.notes
            .add("messages", "media left out: told by a text in its place");
        text_of(text)
    }
}

fn text_of<'r, 'a>(text: impl Into<Cow<'r, str>>) -> Kind<'r, 'a> {
    let (text, citations) = (text.into(), &[][..]);
    Kind::Text { text, citations }
}

/// An id of the letters that ids may have.
fn legal_id(id: &str) -> String {
    sent(id, Rule::ANTHROPIC).into_owned()
}
