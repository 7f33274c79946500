//! The conversation as it is sent: who speaks alternates and the user begins, every call is
//! answered at once, nothing is empty.

use std::borrow::Cow;

use super::Scene;
use super::blocks::{Block, Kind, write_extra};
use super::cache::Marks;
use super::planner::Planner;
use crate::translate::anthropic::model::Model;
use crate::translate::fault::{Fault, Notes};
use crate::translate::form::{Extra, Role, Turn};
use crate::translate::json::Writer;
use crate::translate::repair;

/// What is sent.
#[derive(Debug)]
pub(super) struct Conversation<'r, 'a> {
    system: Vec<Block<'r, 'a>>,
    messages: Vec<Message<'r, 'a>>,
}

/// One message.
#[derive(Debug)]
pub(super) struct Message<'r, 'a> {
    pub(super) role: Role,
    pub(super) blocks: Vec<Block<'r, 'a>>,
    /// The rest of the message, where that is said again.
    pub(super) extra: Option<&'r Extra<'a>>,
}

impl<'r, 'a> Conversation<'r, 'a> {
    pub(super) fn of(scene: Scene<'r, 'a>, notes: &mut Notes) -> Result<Self, Fault> {
        let request = scene.request;
        let is_system = |turn: &&Turn<'_>| turn.role == Role::System && !scene.native;
        let lead = request.turns.iter().take_while(is_system).count();
        let (lead, turns) = request.turns.split_at(lead);
        let mut planner = Planner::new(scene, notes);
        let mut conversation = Self {
            system: Vec::new(),
            messages: Vec::new(),
        };
        let lead = lead.iter().flat_map(|turn| &turn.parts);
        for part in request.system.iter().chain(lead) {
            planner.part(part, Role::System, &mut conversation.system);
        }
        for step in repair::steps(turns) {
            let message = planner.message(step);
            conversation.push(message);
        }
        let has_system = !conversation.system.is_empty();
        if conversation.messages.is_empty() && !has_system {
            return Err(Fault::new(
                "messages",
                "there is nothing in the conversation",
            ));
        }
        Ok(conversation)
    }

    fn push(&mut self, message: Message<'r, 'a>) {
        if message.blocks.is_empty() {
            return;
        }
        match self.messages.last_mut() {
            Some(last)
                if last.role == message.role
                    && last.extra.is_none()
                    && message.extra.is_none()
                    && message.role != Role::System =>
            {
                last.blocks.extend(message.blocks);
            }
            _ => self.messages.push(message),
        }
    }

    fn say(&mut self, at: usize, text: &'static str) {
        let message = Message {
            role: Role::User,
            blocks: vec![Block::note(text)],
            extra: None,
        };
        self.messages.insert(at, message);
    }

    /// Whether the model's last turn calls a tool without thinking before it, as others' answers
    /// do. A model that is given a budget wants to see its thoughts.
    pub(super) fn calls_without_thinking(&self) -> bool {
        let mut turns = self.messages.iter().rev();
        let last = turns.find(|message| message.role == Role::Assistant);
        last.is_some_and(|message| {
            let first = message.blocks.first();
            let calls = |block: &Block<'_, '_>| matches!(block.kind, Kind::Call { .. });
            message.blocks.iter().any(calls) && !first.is_some_and(Block::is_thinking)
        })
    }

    /// Sees that the user begins and, unless the model takes what it is to go on with, ends.
    pub(super) fn settle(&mut self, scene: Scene<'_, '_>, thinks: bool, notes: &mut Notes) {
        if scene.native {
            return;
        }
        let begins = self.messages.first().map(|message| message.role);
        match begins {
            None => self.say(0, "Begin."),
            Some(Role::Assistant) => self.say(0, "(The assistant begins.)"),
            Some(Role::User | Role::System) => {}
        }
        self.trim();
        let ends = self.messages.last().map(|message| message.role);
        let prefill = Model::of(scene.options.model).prefill() && scene.options.profile.prefill;
        if ends == Some(Role::Assistant) && (thinks || !prefill) {
            notes.add(
                "messages",
                "the model is asked to go on: it takes no beginning of its answer",
            );
            let at = self.messages.len();
            self.say(at, "Go on exactly where you stopped.");
        }
    }

    /// Takes away the space at the end of what the model is to go on with.
    fn trim(&mut self) {
        let Some(last) = self.messages.last_mut() else {
            return;
        };
        if last.role != Role::Assistant {
            return;
        }
        if let Some(Block {
            kind: Kind::Text { text, .. },
            ..
        }) = last.blocks.last_mut()
        {
            let kept = text.trim_end().len();
            match text {
                Cow::Borrowed(text) => *text = text.get(..kept).unwrap_or_default(),
                Cow::Owned(text) => text.truncate(kept),
            }
        }
    }

    pub(super) fn instruct(&mut self, instruction: Option<String>) {
        self.system.extend(instruction.map(Block::note));
    }

    pub(super) fn count_marks(&self) -> usize {
        let blocks = self.messages.iter().flat_map(|message| &message.blocks);
        let blocks = self.system.iter().chain(blocks);
        blocks.map(Block::count_marks).sum()
    }

    pub(super) fn write(&self, scene: Scene<'_, '_>, marks: &mut Marks, out: &mut Writer) {
        if !self.system.is_empty() {
            out.key("system");
            write_blocks(scene, &self.system, true, marks, out);
        }
        out.key("messages").array();
        for (at, message) in self.messages.iter().enumerate() {
            let last = at + 1 == self.messages.len();
            let role = match message.role {
                Role::System => "system",
                Role::User => "user",
                Role::Assistant => "assistant",
            };
            out.object().key("role").string(role).key("content");
            write_blocks(scene, &message.blocks, last, marks, out);
            if let Some(extra) = message.extra {
                write_extra(extra, out);
            }
            out.end_object();
        }
        out.end_array();
    }
}

fn write_blocks(
    scene: Scene<'_, '_>,
    blocks: &[Block<'_, '_>],
    last: bool,
    marks: &mut Marks,
    out: &mut Writer,
) {
    out.array();
    for (at, block) in blocks.iter().enumerate() {
        block.write(scene, marks, last && at + 1 == blocks.len(), out);
    }
    out.end_array();
}
