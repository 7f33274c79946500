//! Understands a request as far as an answer depends on it: the last prompt, the tool results
//! since then, the tools on offer. One neutral form for all four dialects; nothing is validated.

use serde_json::Value;
use weir_wire::dialect::Dialect;

use crate::received::Received;
use crate::route::Route;
use crate::service::Service;

/// How a tool is called in its dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToolKind {
    /// JSON arguments.
    Function,
    /// One free text (Responses, type `custom`).
    Custom,
    /// Responses' built-in `local_shell`.
    LocalShell,
}

/// A tool that the client offers.
#[derive(Clone, Debug)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) schema: Value,
    pub(crate) kind: ToolKind,
}

/// A request for one model turn.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) service: Service,
    pub(crate) model: String,
    pub(crate) stream: bool,
    /// Gemini's stream without `alt=sse`.
    pub(crate) as_array: bool,
    pub(crate) body: Value,
    /// The last text that a person (or a calling agent) wrote.
    pub(crate) prompt: String,
    /// What tools have returned since then.
    pub(crate) results: Vec<String>,
    pub(crate) tools: Vec<Tool>,
    /// The shape that the answer's text must have.
    pub(crate) schema: Option<Value>,
    /// Made by a client beside the conversation (title, routing, quota probe): prompt markers in
    /// it are a copy and do not count.
    pub(crate) is_auxiliary: bool,
    pub(crate) is_subagent: bool,
    /// A rough count: a token for every four bytes of the body.
    pub(crate) input_tokens: u64,
}

/// What happened in a conversation, in order.
enum Entry {
    Prompt(String),
    Result(String),
    /// A message begins: a user text after it is a new prompt.
    Message,
}

impl Ask {
    /// Reads a request for a model turn; none if the route is for something else.
    pub(crate) fn of(route: &Route, request: &Received) -> Option<Self> {
        let Route::Generate {
            service,
            model,
            stream,
        } = route
        else {
            return None;
        };
        Some(Self::read(*service, request, model.as_deref(), *stream))
    }

    /// `path_model` and `path_stream` are what the path says by itself.
    fn read(
        service: Service,
        request: &Received,
        path_model: Option<&str>,
        path_stream: Option<bool>,
    ) -> Self {
        let dialect = service.dialect;
        let body = request.json();
        let entries = match dialect {
            Dialect::AnthropicMessages => anthropic_entries(&body),
            Dialect::OpenaiChat => chat_entries(&body),
            Dialect::OpenaiResponses => responses_entries(&body),
            Dialect::Gemini => gemini_entries(&body),
        };
        let (prompt, results) = since_last_prompt(entries);
        let schema = answer_schema(&body);
        let class = request.header("x-claude-code-request-class");
        let max_tokens = body.get("max_tokens").and_then(Value::as_u64);
        let by_body = body.get("stream").and_then(Value::as_bool) == Some(true);
        let has_sse = request.query().unwrap_or_default().contains("alt=sse");
        Self {
            service,
            model: path_model
                .or_else(|| body.get("model").and_then(Value::as_str))
                .unwrap_or("mock-model")
                .to_owned(),
            stream: path_stream.unwrap_or(by_body),
            as_array: dialect == Dialect::Gemini && path_stream == Some(true) && !has_sse,
            prompt,
            results,
            tools: tools(dialect, &body),
            is_auxiliary: schema.is_some() || class == Some("auxiliary") || max_tokens == Some(1),
            schema,
            is_subagent: request.header("x-claude-code-agent-id").is_some()
                || class == Some("subagent"),
            input_tokens: (request.body.len() as u64 / 4).max(1),
            body,
        }
    }

    /// The tool of that name, if it is offered.
    pub(crate) fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.name == name)
    }

    /// Whether a list in the request (`include`, ...) holds a word.
    pub(crate) fn includes(&self, list: &str, word: &str) -> bool {
        items(self.body.get(list)).any(|item| item.as_str() == Some(word))
    }
}

/// How texts begin that agents put beside a person's words.
const REMARKS: [&str; 6] = [
    "<system-reminder>",
    "<environment_context>",
    "<user_instructions>",
    "<permissions instructions>",
    "# AGENTS.md",
    "<INSTRUCTIONS>",
];

fn since_last_prompt(entries: Vec<Entry>) -> (String, Vec<String>) {
    let mut prompt = String::new();
    let mut results = Vec::new();
    let mut in_prompt = false;
    for entry in entries {
        match entry {
            Entry::Prompt(text) => {
                let Some(words) = words(&text) else { continue };
                if !in_prompt {
                    prompt.clear();
                }
                in_prompt = true;
                prompt.push_str(words);
                prompt.push('\n');
                results.clear();
            }
            Entry::Result(text) => {
                in_prompt = false;
                results.push(text);
            }
            Entry::Message => in_prompt = false,
        }
    }
    (prompt, results)
}

/// What a person wrote in a text: a gateway may put remarks and words into one.
fn words(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(mark) = REMARKS
        .iter()
        .find(|mark| rest.trim_start().starts_with(*mark))
    {
        let end = mark.strip_prefix('<').map(|name| format!("</{name}"))?;
        (_, rest) = rest.split_once(&end)?;
    }
    (rest.len() == text.len() || !rest.trim().is_empty()).then_some(rest)
}

fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
}

fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A text, or the texts of a list of parts, or the JSON itself.
fn flat(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts
            .iter()
            .map(|part| text(part.get("text")))
            .collect::<Vec<_>>()
            .join(""),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

fn prompts(content: Option<&Value>, kinds: &[&str], entries: &mut Vec<Entry>) {
    match content {
        Some(Value::String(text)) => entries.push(Entry::Prompt(text.clone())),
        content => {
            for part in items(content) {
                let kind = part.get("type").and_then(Value::as_str).unwrap_or("text");
                if kind == "tool_result" {
                    entries.push(Entry::Result(flat(part.get("content"))));
                } else if kinds.contains(&kind) {
                    entries.push(Entry::Prompt(text(part.get("text"))));
                }
            }
        }
    }
}

fn anthropic_entries(body: &Value) -> Vec<Entry> {
    let mut entries = Vec::new();
    for message in items(body.get("messages")) {
        entries.push(Entry::Message);
        if message.get("role").and_then(Value::as_str) == Some("user") {
            prompts(message.get("content"), &["text"], &mut entries);
        }
    }
    entries
}

fn chat_entries(body: &Value) -> Vec<Entry> {
    let mut entries = Vec::new();
    for message in items(body.get("messages")) {
        entries.push(Entry::Message);
        match message.get("role").and_then(Value::as_str) {
            Some("user") => prompts(message.get("content"), &["text"], &mut entries),
            Some("tool" | "function") => entries.push(Entry::Result(flat(message.get("content")))),
            _ => {}
        }
    }
    entries
}

fn responses_entries(body: &Value) -> Vec<Entry> {
    let mut entries = Vec::new();
    if let Some(Value::String(text)) = body.get("input") {
        entries.push(Entry::Prompt(text.clone()));
    }
    for item in items(body.get("input")) {
        entries.push(Entry::Message);
        let kind = item
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or("message");
        let role = item.get("role").and_then(Value::as_str);
        if kind == "message" && role == Some("user") {
            prompts(item.get("content"), &["input_text", "text"], &mut entries);
        } else if kind.ends_with("_output") {
            entries.push(Entry::Result(flat(item.get("output"))));
        }
    }
    entries
}

fn gemini_entries(body: &Value) -> Vec<Entry> {
    let mut entries = Vec::new();
    for content in items(body.get("contents")) {
        entries.push(Entry::Message);
        if content.get("role").and_then(Value::as_str) == Some("model") {
            continue;
        }
        for part in items(content.get("parts")) {
            let result = part
                .get("functionResponse")
                .or_else(|| part.get("function_response"));
            if let Some(result) = result {
                entries.push(Entry::Result(flat(result.get("response"))));
            } else if part.get("text").is_some() {
                entries.push(Entry::Prompt(text(part.get("text"))));
            }
        }
    }
    entries
}

fn tools(dialect: Dialect, body: &Value) -> Vec<Tool> {
    let offered = items(body.get("tools"));
    if dialect == Dialect::Gemini {
        return offered
            .flat_map(|group| {
                items(
                    group
                        .get("functionDeclarations")
                        .or(group.get("function_declarations")),
                )
            })
            .filter_map(|tool| function(tool, &["parametersJsonSchema", "parameters"]))
            .collect();
    }
    offered
        .filter_map(|tool| {
            let kind = tool.get("type").and_then(Value::as_str).unwrap_or("custom");
            match (dialect, kind) {
                (Dialect::AnthropicMessages, "custom") => function(tool, &["input_schema"]),
                (Dialect::OpenaiChat, "function") => tool
                    .get("function")
                    .and_then(|tool| function(tool, &["parameters"])),
                (Dialect::OpenaiResponses, "function") => function(tool, &["parameters"]),
                (Dialect::OpenaiChat, "custom") => tool.get("custom").and_then(custom),
                (Dialect::OpenaiResponses, "custom") => custom(tool),
                (Dialect::OpenaiResponses, "local_shell") => Some(Tool {
                    name: "local_shell".to_owned(),
                    schema: Value::Null,
                    kind: ToolKind::LocalShell,
                }),
                _ => None,
            }
        })
        .collect()
}

/// A tool that takes free text.
fn custom(tool: &Value) -> Option<Tool> {
    let tool = function(tool, &["format"])?;
    Some(Tool {
        kind: ToolKind::Custom,
        ..tool
    })
}

fn function(tool: &Value, schema_keys: &[&str]) -> Option<Tool> {
    Some(Tool {
        name: tool.get("name")?.as_str()?.to_owned(),
        schema: schema_keys
            .iter()
            .find_map(|key| tool.get(key))
            .cloned()
            .unwrap_or_default(),
        kind: ToolKind::Function,
    })
}

fn answer_schema(body: &Value) -> Option<Value> {
    const PLACES: [&str; 7] = [
        "/output_config/format/schema",
        "/output_format/schema",
        "/response_format/json_schema/schema",
        "/text/format/schema",
        "/generationConfig/responseJsonSchema",
        "/generationConfig/responseSchema",
        "/generation_config/response_schema",
    ];
    PLACES.iter().find_map(|place| body.pointer(place)).cloned()
}
