//! The members of a request body besides its messages. All four dialects are read alike, since
//! their names do not clash.

use memchr::memmem;

use super::Purpose;
use crate::scan::{Cursor, Kind, Text};

/// Longest model name or session id that is kept, in bytes.
const MAX_NAME: usize = 1024;

/// What the top-level members read so far say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Top {
    pub(super) model: Option<String>,
    pub(super) stream: Option<bool>,
    pub(super) tool_count: u32,
    pub(super) user_session: Option<String>,
    pub(super) cache_key: Option<String>,
    /// Anthropic's `thinking`.
    thinking: bool,
    /// OpenAI Responses' and OpenRouter's `reasoning`.
    reasoning: bool,
    /// OpenAI Chat's `reasoning_effort`.
    effort: bool,
    /// Gemini's `thinkingConfig`.
    config: bool,
    /// Claude Code's billing block says that a subagent asks.
    subagent: bool,
    /// The system prompt asks for a title.
    titles: bool,
    /// The answer is to be JSON with a title in it.
    title_schema: bool,
    /// The only tool is the provider's own search.
    searches: bool,
    /// One token is all that may be answered.
    one_token: bool,
}

impl Top {
    pub(super) fn has_thinking(&self) -> bool {
        self.thinking || self.reasoning || self.effort || self.config
    }

    /// What the request is for, as far as these members tell.
    pub(super) fn purpose(&self) -> Purpose {
        if self.searches && self.tool_count == 1 {
            Purpose::Search
        } else if self.tool_count == 0 && (self.titles || self.title_schema) {
            Purpose::Title
        } else if self.one_token && self.tool_count == 0 {
            Purpose::Probe
        } else if self.subagent {
            Purpose::Subagent
        } else {
            Purpose::Unknown
        }
    }

    pub(super) fn member(&mut self, key: &str, cursor: &mut Cursor<'_>) {
        match key {
            "model" => self.model = cursor.string().and_then(name),
            "stream" => self.stream = cursor.boolean(),
            "tools" => (self.tool_count, self.searches) = count_tools(cursor),
            "system" => (self.subagent, self.titles) = system_says(cursor),
            "output_config" => self.title_schema = asks_for_title(cursor.value()),
            "max_tokens" => self.one_token = cursor.value() == b"1",
            "metadata" => self.user_session = session_in_metadata(cursor),
            "prompt_cache_key" => self.cache_key = cursor.string().and_then(name),
            "thinking" => self.thinking = thinking_is_on(cursor),
            "reasoning" => self.reasoning = reasoning_is_on(cursor),
            "reasoning_effort" => self.effort = cursor.string().is_some_and(is_an_effort),
            "generationConfig" | "generation_config" => self.config = config_thinks(cursor),
            _ => {}
        }
    }
}

fn name(text: Text<'_>) -> Option<String> {
    let short = !text.raw().is_empty() && text.raw().len() <= MAX_NAME;
    short.then(|| text.decode().into_owned())
}

fn is_an_effort(text: Text<'_>) -> bool {
    !text.is("none")
}

fn thinking_is_on(cursor: &mut Cursor<'_>) -> bool {
    let mut on = false;
    cursor.object(|key, cursor| {
        if key.is("type") {
            on = cursor
                .string()
                .is_some_and(|kind| kind.is("enabled") || kind.is("adaptive"));
        }
    });
    on
}

/// Any `reasoning` object asks for it, unless it says that it does not.
fn reasoning_is_on(cursor: &mut Cursor<'_>) -> bool {
    let mut refused = false;
    let found = cursor.object(|key, cursor| match key.raw() {
        b"effort" => refused |= cursor.string().is_some_and(|effort| !is_an_effort(effort)),
        b"enabled" => refused |= cursor.boolean() == Some(false),
        _ => {}
    });
    found && !refused
}

fn config_thinks(cursor: &mut Cursor<'_>) -> bool {
    let mut thinks = false;
    cursor.object(|key, cursor| {
        if key.is("thinkingConfig") || key.is("thinking_config") {
            thinks = thinking_config_is_on(cursor);
        }
    });
    thinks
}

fn thinking_config_is_on(cursor: &mut Cursor<'_>) -> bool {
    let mut budget: &[u8] = b"";
    let found = cursor.object(|key, cursor| {
        if key.is("thinkingBudget") || key.is("thinking_budget") {
            budget = cursor.value();
        }
    });
    found && budget != b"0"
}

/// The tools, and whether one of them is a search that the provider runs itself.
fn count_tools(cursor: &mut Cursor<'_>) -> (u32, bool) {
    let mut count: u32 = 0;
    let mut searches = false;
    cursor.array(|cursor| {
        let (functions, is_search) = functions_in(cursor);
        count = count.saturating_add(functions.unwrap_or(1));
        searches |= is_search;
    });
    (count, searches)
}

/// The functions that a Gemini tool declares, none for tools that are what they say themselves;
/// and whether the tool is Anthropic's web search.
fn functions_in(cursor: &mut Cursor<'_>) -> (Option<u32>, bool) {
    let mut functions = None;
    let mut is_search = false;
    cursor.object(|key, cursor| {
        let declares = key.is("functionDeclarations") || key.is("function_declarations");
        if declares && cursor.kind() == Some(Kind::Array) {
            let mut count: u32 = 0;
            cursor.array(|_| count = count.saturating_add(1));
            functions = Some(count);
        } else if key.raw() == b"type" {
            let kind = cursor.string();
            is_search = kind.is_some_and(|kind| kind.raw().starts_with(b"web_search_20"));
        }
    });
    (functions, is_search)
}

/// Whether Claude Code's billing block names a subagent, and whether a title is asked for. Only
/// the beginning of each block is looked at.
fn system_says(cursor: &mut Cursor<'_>) -> (bool, bool) {
    const LOOKED_AT: usize = 512;
    let (mut subagent, mut titles) = (false, false);
    let mut look = |text: Option<Text<'_>>| {
        let Some(text) = text else { return };
        let raw = text.prefix(LOOKED_AT).raw();
        let billed = raw.starts_with(b"x-anthropic-billing-header:");
        subagent |= billed && memmem::find(raw, b"cc_is_subagent=true").is_some();
        titles |= memmem::find(raw, b"title generator").is_some();
    };
    if cursor.kind() == Some(Kind::String) {
        look(cursor.string());
        return (subagent, titles);
    }
    cursor.array(|cursor| {
        cursor.object(|key, cursor| {
            if key.raw() == b"text" {
                look(cursor.string());
            }
        });
    });
    (subagent, titles)
}

fn asks_for_title(config: &[u8]) -> bool {
    memmem::find(config, b"json_schema").is_some() && memmem::find(config, b"\"title\"").is_some()
}

fn session_in_metadata(cursor: &mut Cursor<'_>) -> Option<String> {
    let mut session = None;
    cursor.object(|key, cursor| {
        if key.is("user_id") {
            session = cursor
                .string()
                .and_then(name)
                .and_then(|user| session_in_user_id(&user));
        }
    });
    session
}

/// Claude Code writes either `user_..._session_<uuid>` or a JSON object as text.
fn session_in_user_id(user: &str) -> Option<String> {
    if !user.trim_start().starts_with('{') {
        let (_, session) = user.rsplit_once("_session_")?;
        return (!session.is_empty()).then(|| session.to_owned());
    }
    let mut session = None;
    Cursor::new(user.as_bytes()).object(|key, cursor| {
        if key.is("session_id") {
            session = cursor.string().and_then(name);
        }
    });
    session
}
