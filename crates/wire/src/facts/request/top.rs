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
    /// The instructions are those of a question that an agent asks for itself.
    aside: bool,
    /// The answer is to say who speaks next.
    next_speaker: bool,
    /// The response that this request goes on from.
    pub(super) previous_response: Option<String>,
}

impl Top {
    pub(super) fn has_thinking(&self) -> bool {
        self.thinking || self.reasoning || self.effort || self.config
    }

    /// What the request is for, as far as these members tell.
    pub(super) fn purpose(&self, told: &Told) -> Purpose {
        let titles = self.titles || told.titles;
        if self.searches && self.tool_count == 1 {
            Purpose::Search
        } else if self.tool_count == 0 && (titles || self.title_schema) {
            Purpose::Title
        } else if self.tool_count == 0 && (self.aside || self.next_speaker || told.aside) {
            Purpose::Aside
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
            "system" | "instructions" | "systemInstruction" | "system_instruction" => {
                let told = system_says(cursor);
                (self.subagent, self.titles, self.aside) = (told.subagent, told.titles, told.aside);
            }
            "output_config" => self.title_schema = asks_for_title(cursor.value()),
            "max_tokens" => self.one_token = cursor.value() == b"1",
            "metadata" => self.user_session = session_in_metadata(cursor),
            "previous_response_id" => self.previous_response = cursor.string().and_then(name),
            "prompt_cache_key" => self.cache_key = cursor.string().and_then(name),
            "thinking" => self.thinking = thinking_is_on(cursor),
            "reasoning" => self.reasoning = reasoning_is_on(cursor),
            "reasoning_effort" => self.effort = cursor.string().is_some_and(is_an_effort),
            "generationConfig" | "generation_config" => {
                (self.config, self.next_speaker) = config_says(cursor);
            }
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

/// Whether Gemini is to think, and whether its answer is to say who speaks next.
fn config_says(cursor: &mut Cursor<'_>) -> (bool, bool) {
    let (mut thinks, mut next_speaker) = (false, false);
    cursor.object(|key, cursor| match key.raw() {
        b"thinkingConfig" | b"thinking_config" => thinks = thinking_config_is_on(cursor),
        b"responseJsonSchema" | b"responseSchema" => {
            next_speaker = memmem::find(cursor.value(), b"\"next_speaker\"").is_some();
        }
        _ => {}
    });
    (thinks, next_speaker)
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

/// What instructions say of the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Claude Code's billing block names a subagent.
    subagent: bool,
    /// A title is asked for.
    titles: bool,
    /// The agent asks for itself: which model to take, whether it runs in circles, what to keep of
    /// a long conversation.
    aside: bool,
}

impl Told {
    /// Looks at the beginning of one text.
    pub(super) fn look(&mut self, text: Text<'_>) {
        const LOOKED_AT: usize = 512;
        const ASIDES: [&[u8]; 4] = [
            b"Task Routing AI",
            b"conversational AI assistant is stuck in an unproductive loop",
            b"summarizes internal chat history",
            b"distilling chat history",
        ];
        let raw = text.prefix(LOOKED_AT).raw();
        let has = |words: &[u8]| memmem::find(raw, words).is_some();
        let billed = raw.starts_with(b"x-anthropic-billing-header:");
        self.subagent |= billed && has(b"cc_is_subagent=true");
        self.titles |= has(b"title generator");
        self.aside |= ASIDES.iter().any(|words| has(words));
    }
}

/// What the texts of a system prompt say: one, a list of blocks, or Gemini's parts.
fn system_says(cursor: &mut Cursor<'_>) -> Told {
    let mut told = Told::default();
    system_text(cursor, &mut told);
    told
}

fn system_text(cursor: &mut Cursor<'_>, told: &mut Told) {
    match cursor.kind() {
        Some(Kind::String) => {
            if let Some(text) = cursor.string() {
                told.look(text);
            }
        }
        Some(Kind::Array) => {
            cursor.array(|cursor| system_block(cursor, told));
        }
        Some(Kind::Object) => system_block(cursor, told),
        _ => cursor.skip(),
    }
}

fn system_block(cursor: &mut Cursor<'_>, told: &mut Told) {
    cursor.object(|key, cursor| match key.raw() {
        b"text" => {
            if let Some(text) = cursor.string() {
                told.look(text);
            }
        }
        b"parts" => {
            cursor.array(|cursor| {
                cursor.object(|key, cursor| {
                    if key.raw() == b"text"
                        && let Some(text) = cursor.string()
                    {
                        told.look(text);
                    }
                });
            });
        }
        _ => {}
    });
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
