//! Marks up to which the prompt is to be cached: the client's own, as many as are allowed, or
//! where there are none those that suit a conversation which goes on.

use super::Scene;
use super::plan::Conversation;
use crate::translate::form::Tool;
use crate::translate::json::{Json, Writer};

/// Most marks of one request.
const MAX: usize = 4;

/// Which marks are written.
#[derive(Debug)]
pub(super) struct Marks {
    /// Whether the last of everything gets one.
    own: bool,
    /// How many of the client's come first and are too many.
    skip: usize,
}

impl Marks {
    pub(super) fn of(
        scene: Scene<'_, '_>,
        tools: &[&Tool<'_>],
        conversation: &Conversation<'_, '_>,
    ) -> Self {
        let (own, skip) = (false, 0);
        if scene.native {
            return Self { own, skip };
        }
        let tools = tools.iter().filter(|tool| tool.cache.is_some()).count();
        let count = tools + conversation.count_marks();
        Self {
            own: count == 0 && scene.options.profile.cache_marks,
            skip: count.saturating_sub(MAX),
        }
    }

    /// Writes the mark of something: `client` is the client's, `last` that nothing of its kind
    /// follows.
    pub(super) fn write(&mut self, client: Option<&Json<'_>>, last: bool, out: &mut Writer) {
        match client {
            Some(_) if self.skip > 0 => self.skip -= 1,
            Some(mark) => {
                out.key("cache_control").json(mark);
            }
            None if self.own && last => {
                out.key("cache_control").raw(r#"{"type":"ephemeral"}"#);
            }
            None => {}
        }
    }
}
