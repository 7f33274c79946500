//! Writes `GenerateContentRequest` for Google. The model and whether to stream stand in the path,
//! which is the caller's business.

use super::schema::{self, Parameters};
use crate::client::is_attribution;
use crate::dialect::Dialect;
use crate::translate::fault::{Fault, Notes};
use crate::translate::form::{Body, Format, Part, Request, Role, Text, ToolChoice, ToolKind};
use crate::translate::json::{Json, Writer};
use crate::translate::names::{self, Rule};
use crate::translate::options::Options;
use crate::translate::{freeform, repair, search};

mod contents;
mod model;
mod thinking;

use contents::Contents;
pub(super) use model::Model;

/// Most texts that may end an answer.
const MAX_STOPS: usize = 5;

/// Writes a request.
///
/// Tools are declared with `parameters`, in Google's subset of OpenAPI's schemas, which every
/// version of the API takes; where that would lose what matters (objects of any members, numbers
/// to choose from, schemas that hold themselves), models from 2.5 on get `parametersJsonSchema`.
/// What Google has no words for is left out with a note.
///
/// # Errors
///
/// None at present: what cannot be said is noted.
pub fn write_request(
    request: &Request<'_>,
    options: &Options<'_>,
    notes: &mut Notes,
) -> Result<Vec<u8>, Fault> {
    let mut body = Out {
        out: Writer::default(),
        request,
        options,
        model: Model::of(options.model),
        notes,
    };
    body.out.object();
    let turns = body.instruction();
    body.out.key("contents");
    let steps = repair::steps(request.turns.get(turns..).unwrap_or_default());
    Contents::write(&mut body, &steps);
    body.tools();
    body.tool_choice();
    body.config();
    body.rest();
    body.out.end_object();
    Ok(body.out.finish())
}

/// A request being written.
struct Out<'o> {
    out: Writer,
    request: &'o Request<'o>,
    options: &'o Options<'o>,
    model: Model,
    notes: &'o mut Notes,
}

impl<'o> Out<'o> {
    /// Writes the instructions, with those that the conversation begins with; gives how many
    /// turns those are.
    fn instruction(&mut self) -> usize {
        let request = self.request;
        let is_system = |role: Role| role == Role::System;
        let first = request.turns.iter().position(|turn| !is_system(turn.role));
        let first = first.unwrap_or(request.turns.len());
        let leading = request
            .turns
            .iter()
            .take(first)
            .flat_map(|turn| &turn.parts);
        let texts: Vec<&str> = request
            .system
            .iter()
            .chain(leading)
            .filter_map(words)
            .collect();
        let texts = match texts.split_first() {
            Some((billing, rest)) if is_attribution(billing) => rest,
            _ => &texts,
        };
        if !texts.is_empty() {
            self.out.key("systemInstruction").object();
            self.out.key("parts").array();
            for text in texts {
                self.out.object().key("text").string(text).end_object();
            }
            self.out.end_array().end_object();
        }
        first
    }

    fn declares(&self) -> bool {
        let kinds = self.request.tools.iter().map(|tool| &tool.kind);
        kinds
            .into_iter()
            .any(|kind| !matches!(kind, ToolKind::Server { .. }))
    }

    fn tools(&mut self) {
        let request = self.request;
        let declares = self.declares();
        let mut servers = Vec::new();
        for tool in &request.tools {
            if let ToolKind::Server { kind, json, .. } = &tool.kind {
                match server(request.dialect, kind, json, declares) {
                    Some(json) => servers.push(json),
                    None => self
                        .notes
                        .add("tools", "a tool of the provider's was left out"),
                }
            }
        }
        if !declares && servers.is_empty() {
            return;
        }
        self.out.key("tools").array();
        if declares {
            self.out.object().key("functionDeclarations").array();
            for tool in &request.tools {
                self.declaration(&tool.kind);
            }
            self.out.end_array().end_object();
        }
        for server in servers {
            self.out.raw(&server);
        }
        self.out.end_array();
    }

    fn declaration(&mut self, kind: &ToolKind<'_>) {
        let free;
        let (name, description, parameters) = match kind {
            ToolKind::Function {
                name,
                description,
                schema,
                ..
            } => {
                let standard = self.model.reads_json_schemas();
                let schema = schema.as_ref();
                let schema = schema.map(|schema| schema::parameters(schema, standard));
                (name, description.as_deref(), schema)
            }
            ToolKind::Freeform {
                name,
                description,
                format,
            } => {
                let schema = schema::parameters(&Json::of_valid(freeform::SCHEMA), false);
                free = freeform::describe(description.as_deref(), format.as_ref());
                (name, free.as_deref(), Some(schema))
            }
            ToolKind::Server { .. } => return,
        };
        self.out
            .object()
            .key("name")
            .string(&names::sent(name, Rule::GEMINI));
        // Vertex refuses a function that says nothing of itself.
        let description = description.filter(|text| !text.is_empty());
        self.out
            .key("description")
            .string(description.unwrap_or(name));
        match parameters {
            None | Some(Parameters::None) => {}
            Some(Parameters::Google(schema)) => {
                self.out.key("parameters").raw(&schema.to_string());
            }
            Some(Parameters::Standard(schema)) => {
                let schema = schema.to_string();
                self.out.key("parametersJsonSchema").raw(&schema);
            }
        }
        self.out.end_object();
    }

    fn tool_choice(&mut self) {
        if !self.declares() {
            return;
        }
        let (mode, allowed) = match &self.request.tool_choice {
            None | Some(ToolChoice::Auto) => return,
            Some(ToolChoice::None) => ("NONE", None),
            Some(ToolChoice::Any) => ("ANY", None),
            Some(ToolChoice::Tool(name)) => ("ANY", Some(names::sent(name, Rule::GEMINI))),
            Some(ToolChoice::Foreign(_)) => {
                return self.notes.add("tool_choice", "left to the model");
            }
        };
        let out = &mut self.out;
        out.key("toolConfig").object();
        out.key("functionCallingConfig").object();
        out.key("mode").string(mode);
        if let Some(name) = allowed {
            out.key("allowedFunctionNames").array();
            out.string(&name).end_array();
        }
        out.end_object().end_object();
    }

    fn config(&mut self) {
        let request = self.request;
        self.out.key("generationConfig").object();
        let sampling = &request.sampling;
        // The other numbers of the profile are the Chat API's: this one takes them all.
        let basic = self.options.profile.sampling.basic;
        for (name, number, taken) in [
            ("temperature", &sampling.temperature, basic),
            ("topP", &sampling.top_p, basic),
            ("topK", &sampling.top_k, true),
            ("seed", &sampling.seed, true),
            ("frequencyPenalty", &sampling.frequency_penalty, true),
            ("presencePenalty", &sampling.presence_penalty, true),
        ] {
            match number {
                Some(number) if taken => drop(self.out.key(name).json(number)),
                Some(_) => self.notes.add(name, "left out: the model does not take it"),
                None => {}
            }
        }
        if let Some(tokens) = request.max_tokens {
            let profile = self.options.profile;
            let most = profile.max_output.unwrap_or(self.model.max_output());
            let least = profile.min_output.unwrap_or(0);
            let tokens = tokens.max(least).min(most);
            self.out.key("maxOutputTokens").number(tokens);
        }
        self.stops();
        self.format();
        if let Some(thinking) = &request.thinking {
            thinking::write(&mut self.out, thinking, &self.model);
        }
        if let Some(more) = self.own_extra("generationConfig") {
            let mut cursor = crate::scan::Cursor::new(more.as_str().as_bytes());
            let out = &mut self.out;
            cursor.object(|key, cursor| {
                if let Some(value) = super::args::Raw::Check.json(cursor.value()) {
                    out.key(&key.decode()).json(&value);
                }
            });
        }
        self.out.end_object();
    }

    fn stops(&mut self) {
        let stops = &self.request.stop;
        if stops.is_empty() {
            return;
        }
        if stops.len() > MAX_STOPS {
            self.notes
                .add("stop", "only the first 5 texts that end an answer are sent");
        }
        self.out.key("stopSequences").array();
        for stop in stops.iter().take(MAX_STOPS) {
            self.out.string(stop);
        }
        self.out.end_array();
    }

    fn format(&mut self) {
        let Some(format) = &self.request.format else {
            return;
        };
        if self.declares() && self.model.generation().is_some_and(|number| number < 3) {
            let what = "this model answers in JSON only where there are no functions";
            return self.notes.add("response_format", what);
        }
        let profile = self.options.profile;
        if !profile.response_format {
            let what = "left out: the model does not take it";
            return self.notes.add("response_format", what);
        }
        self.out.key("responseMimeType").string("application/json");
        if !profile.json_schema && matches!(format, Format::Schema { .. }) {
            let what = "any JSON is asked for: the model takes no schema";
            return self.notes.add("response_format", what);
        }
        if let Format::Schema { schema, .. } = format
            && let Some(schema) = schema::response(schema)
        {
            self.out.key("responseSchema").raw(&schema.to_string());
        }
    }

    /// A member of the body that the reader of this dialect kept.
    fn own_extra(&self, wanted: &str) -> Option<&'o Json<'o>> {
        let request = self.request;
        let own = request.dialect == Dialect::Gemini;
        let mut members = request.extra.members.iter().filter(|_| own);
        let found = members.find(|(name, _)| name == wanted)?;
        Some(&found.1)
    }

    fn rest(&mut self) {
        let request = self.request;
        for (name, said) in [
            ("parallel_tools", request.parallel_tools == Some(false)),
            ("user", request.user.is_some()),
            ("cache_key", request.cache_key.is_some()),
            ("service_tier", request.service_tier.is_some()),
        ] {
            if said {
                self.notes
                    .add(name, "left out: the provider has nothing like it");
            }
        }
        for (name, value) in &request.extra.members {
            if matches!(&**name, "generationConfig" | "toolConfig") {
                continue;
            }
            match request.dialect {
                Dialect::Gemini => {
                    self.out.key(name).json(value);
                }
                Dialect::AnthropicMessages | Dialect::OpenaiChat | Dialect::OpenaiResponses => {
                    self.notes.add(name.clone().into_owned(), "left out");
                }
            }
        }
    }
}

/// The words of an instruction.
fn words<'p>(part: &'p Part<'_>) -> Option<&'p str> {
    match &part.body {
        Body::Text { text, .. } | Body::Refusal { text } if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// Google's tool of a kind, where it has one. Older models take none beside functions.
fn server<'t>(from: Dialect, kind: &str, json: &'t Json<'_>, declares: bool) -> Option<Text<'t>> {
    if from == Dialect::Gemini {
        return Some(json.as_str().into());
    }
    let own = match kind {
        kind if search::is_search(kind) => "{\"googleSearch\":{}}",
        kind if kind.starts_with("web_fetch") => "{\"urlContext\":{}}",
        kind if kind.starts_with("code_") => "{\"codeExecution\":{}}",
        _ => return None,
    };
    (!declares).then(|| own.into())
}

#[cfg(test)]
mod tests;
