//! What a request body says: model, stream, tools, thinking, session and the shape of its
//! conversation. One walk over the bytes; values that are not needed are passed over unread.

use crate::dialect::Dialect;
use crate::scan::Cursor;

mod conversation;
mod message;
mod top;

use conversation::Conversation;
use top::{Told, Top};

/// Where one message ends in the body, and what it says in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageMark {
    /// The offset just behind the message's last byte.
    pub end: usize,
    /// A hash over its role, its texts and the names of its tools. Cache marks, ids, tool inputs
    /// and tool results do not change it.
    pub fingerprint: u64,
}

/// What a request is for, beside the conversation itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The body does not tell: the conversation itself, most of the time.
    #[default]
    Unknown,
    /// A turn of a subagent, as Claude Code's billing block says.
    Subagent,
    /// A title for the session.
    Title,
    /// A search on behalf of a tool: nothing but the provider's search is offered.
    Search,
    /// A question for the quota: one token may be answered.
    Probe,
    /// What an agent asks for itself: which model to take, whether it runs in circles, who speaks
    /// next, what to keep of a long conversation.
    Aside,
}

/// What [`RequestFacts::scan`] found in a request body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFacts {
    /// The `model` member; none when absent or longer than 1 KiB.
    pub model: Option<String>,
    /// The `stream` member.
    pub stream: Option<bool>,
    /// Entries in `messages`, `input` or `contents`; a lone string counts as one.
    pub message_count: Option<u32>,
    /// Whether the model is asked to think before it answers.
    pub has_thinking: bool,
    /// Tools offered; for Gemini, functions declared plus built-in tools.
    pub tool_count: u32,
    /// The session that the body names: the one in Anthropic's `metadata.user_id`, or OpenAI's
    /// `prompt_cache_key`.
    pub session_from_body: Option<String>,
    /// 32 hex digits that stay the same over the turns of one conversation: the first half of
    /// SHA-256 over the first user text, without what agents put in front of it between tags of
    /// their own (`system-reminder`, `session_context`, `environment_context` and the like).
    /// Only the first 16 KiB of that text count, so that the cost is bounded.
    pub conversation_hash: Option<String>,
    /// The beginning of that text on one line: at most 200 characters, and three dots when there
    /// is more.
    pub opening_words: Option<Box<str>>,
    /// What the request is for.
    pub purpose: Purpose,
    /// The response that it goes on from: OpenAI's `previous_response_id`.
    pub previous_response: Option<String>,
    /// One mark a message, in order, for the first 16,384 messages.
    pub marks: Vec<MessageMark>,
    /// Whether the body is not one whole JSON object; the other facts are then what was found
    /// before the fault.
    pub malformed: bool,
    dialect: Dialect,
    /// What the members before the messages said: a rescan starts from it.
    head: Top,
    /// The index of the message that gave the conversation hash.
    opening: Option<u32>,
    /// What the first message says of the request, if it is not the user's.
    told: Told,
}

impl RequestFacts {
    /// Reads a whole body. Of a member that comes twice the last one counts.
    #[must_use]
    pub fn scan(dialect: Dialect, body: &[u8]) -> Self {
        let mut cursor = Cursor::new(body);
        let mut scan = Scan::new(dialect, body);
        let is_object = cursor.object(|key, cursor| scan.member(&key.decode(), cursor));
        let mut facts = scan.finish(&mut cursor);
        facts.malformed |= !is_object;
        facts
    }

    /// Reads a body whose first `common_prefix` bytes equal those of the body that gave
    /// `previous`, starting behind the last message that lies whole in them.
    ///
    /// Agents send the whole history again each turn, so nearly all of a body has been read the
    /// turn before. The result is that of a full [`RequestFacts::scan`].
    #[must_use]
    pub fn rescan(dialect: Dialect, body: &[u8], previous: &Self, common_prefix: usize) -> Self {
        let Some(kept) = previous.shared_marks(dialect, body, common_prefix) else {
            return Self::scan(dialect, body);
        };
        let mut scan = Scan::new(dialect, body);
        scan.top = previous.head.clone();
        scan.head = previous.head.clone();
        scan.conversation = Conversation::resume(body, previous, kept);
        let end = kept.last().map_or(0, |mark| mark.end);
        let mut cursor = Cursor::resume(body, end, 2);
        cursor.rest_of_array(|cursor| scan.conversation.message(cursor));
        cursor.rest_of_object(|key, cursor| scan.member(&key.decode(), cursor));
        scan.finish(&mut cursor)
    }

    /// Whether any tool is offered.
    #[must_use]
    pub fn has_tools(&self) -> bool {
        self.tool_count > 0
    }

    /// The marks of the messages that lie whole in the common prefix, if there are any.
    fn shared_marks(&self, dialect: Dialect, body: &[u8], prefix: usize) -> Option<&[MessageMark]> {
        if self.dialect != dialect {
            return None;
        }
        let prefix = prefix.min(body.len());
        let within = self.marks.partition_point(|mark| mark.end <= prefix);
        // A number could go on behind the prefix; a closing bracket or quote cannot.
        let closed = |mark: &MessageMark| {
            matches!(body.get(mark.end.wrapping_sub(1)), Some(b'}' | b']' | b'"'))
        };
        let whole = self.marks.get(..within)?;
        let last = whole.iter().rposition(closed)?;
        whole.get(..=last)
    }
}

/// What tells of the conversation, for somebody who walks the body for other members too: session
/// and conversation hash as [`RequestFacts::scan`] finds them, without what else that reads.
pub(crate) struct Opening<'a> {
    dialect: Dialect,
    top: Top,
    conversation: Conversation<'a>,
}

impl<'a> Opening<'a> {
    pub(crate) fn new(dialect: Dialect, body: &'a [u8]) -> Self {
        Self {
            dialect,
            top: Top::default(),
            conversation: Conversation::opening_of(body),
        }
    }

    /// Takes or leaves the value of a member.
    pub(crate) fn member(&mut self, key: &str, cursor: &mut Cursor<'a>) {
        if key == messages_in(self.dialect) {
            self.conversation.restart();
            self.conversation.read(cursor);
        } else if matches!(key, "metadata" | "prompt_cache_key") {
            self.top.member(key, cursor);
        }
    }

    /// The session and the hash.
    pub(crate) fn finish(self) -> (Option<String>, Option<String>) {
        let session = self.top.user_session.or(self.top.cache_key);
        (session, self.conversation.hash)
    }
}

/// The conversation hash of a request whose first words of the user are `text`; none for a text
/// without words of anybody's own.
///
/// An agent starts another with a prompt: that is how the other's requests begin.
#[must_use]
pub fn hash_of_opening(text: &str) -> Option<String> {
    conversation::hash_of(text)
}

pub(super) fn messages_in(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::AnthropicMessages | Dialect::OpenaiChat => "messages",
        Dialect::OpenaiResponses => "input",
        Dialect::Gemini => "contents",
    }
}

/// A scan under way.
struct Scan<'a> {
    dialect: Dialect,
    top: Top,
    head: Top,
    conversation: Conversation<'a>,
}

impl<'a> Scan<'a> {
    fn new(dialect: Dialect, body: &'a [u8]) -> Self {
        Self {
            dialect,
            top: Top::default(),
            head: Top::default(),
            conversation: Conversation::new(body),
        }
    }

    fn member(&mut self, key: &str, cursor: &mut Cursor<'a>) {
        if key == messages_in(self.dialect) {
            self.head = self.top.clone();
            self.conversation.restart();
            self.conversation.read(cursor);
        } else {
            self.top.member(key, cursor);
        }
    }

    fn finish(self, cursor: &mut Cursor<'a>) -> RequestFacts {
        let Conversation {
            marks,
            count,
            hash,
            opening,
            words,
            told,
            ..
        } = self.conversation;
        let has_thinking = self.top.has_thinking();
        let purpose = self.top.purpose(&told);
        RequestFacts {
            model: self.top.model,
            stream: self.top.stream,
            message_count: count,
            has_thinking,
            tool_count: self.top.tool_count,
            session_from_body: self.top.user_session.or(self.top.cache_key),
            conversation_hash: hash,
            opening_words: words,
            purpose,
            previous_response: self.top.previous_response,
            marks,
            malformed: !cursor.at_end(),
            dialect: self.dialect,
            head: self.head,
            opening,
            told,
        }
    }
}

#[cfg(test)]
mod tests;
