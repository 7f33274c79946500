//! Writes requests of Chat Completions, as far as a provider's profile lets it.
//!
//! What a provider cannot take is said in other words where that keeps its meaning, and is left
//! out with a note where it does not. Calls of tools and their results are never left out.

use crate::dialect::Dialect;
use crate::scan::Cursor;
use crate::translate::customer;
use crate::translate::fault::{Fault, Notes};
use crate::translate::form::{Extra, Format, Request, Text};
use crate::translate::json::{Json, Writer};
use crate::translate::options::Options;
use crate::translate::profile::{MaxTokens, Profile, UserMember};

mod content;
mod message;
mod output;
mod reasoning;
mod schema;
mod server;
mod tool;

/// Writes the body of a request for a provider.
///
/// # Errors
///
/// More tools than the provider takes.
pub fn write_request(
    request: &Request<'_>,
    options: &Options<'_>,
    notes: &mut Notes,
) -> Result<Vec<u8>, Fault> {
    let to = To {
        request,
        options,
        profile: options.profile,
    };
    let mut out = Writer::into(String::with_capacity(1024));
    out.object();
    out.key("model").string(options.model);
    out.key("messages");
    output::messages(&to, &message::messages(&to, notes), &mut out);
    tool::write(&to, &mut out, notes)?;
    to.limits(&mut out, notes);
    to.sampling(&mut out, notes);
    reasoning::ask(&to, &mut out, notes);
    to.format(&mut out, notes);
    to.stream(&mut out);
    to.customer(&mut out, notes);
    to.rest(&mut out, notes);
    out.end_object();
    Ok(out.finish())
}

/// The texts that are to end the answer and that the provider is not told of, as it takes fewer;
/// whoever reads its answer has to look for them.
#[must_use]
pub fn unsent_stops<'r, 'a>(request: &'r Request<'a>, profile: &Profile) -> &'r [Text<'a>] {
    request.stop.get(profile.max_stops..).unwrap_or_default()
}

/// What is written and for whom.
struct To<'r, 'a> {
    request: &'r Request<'a>,
    options: &'r Options<'r>,
    profile: &'r Profile,
}

impl<'r, 'a> To<'r, 'a> {
    /// Whether the request was Chat before, so that what only Chat knows can be said again.
    fn same(&self) -> bool {
        self.request.dialect == Dialect::OpenaiChat
    }

    /// The members that only the dialect knows, if it is Chat.
    fn own<'x>(&self, extra: &'x Extra<'a>) -> &'x [(Text<'a>, Json<'a>)] {
        if self.same() { &extra.members } else { &[] }
    }

    fn limits(&self, out: &mut Writer, notes: &mut Notes) {
        let profile = self.profile;
        if let Some(wanted) = self.request.max_tokens {
            let most = profile.max_output.unwrap_or(u64::MAX);
            let tokens = wanted.min(most).max(profile.min_output.unwrap_or(0));
            if tokens != wanted {
                notes.add("max_tokens", "brought within what the provider takes");
            }
            out.key(match profile.max_tokens {
                MaxTokens::Old => "max_tokens",
                MaxTokens::Completion => "max_completion_tokens",
            });
            out.number(tokens);
        }
        let stops = &self.request.stop;
        let taken = stops.len().min(profile.max_stops);
        if taken < stops.len() {
            notes.add(
                "stop_sequences",
                "more than the provider takes; the rest is not sent",
            );
        }
        let stops = stops.get(..taken).unwrap_or_default();
        if !stops.is_empty() {
            out.key("stop").array();
            for stop in stops {
                out.string(stop);
            }
            out.end_array();
        }
    }

    fn sampling(&self, out: &mut Writer, notes: &mut Notes) {
        let (values, takes) = (&self.request.sampling, self.profile.sampling);
        for (name, value, taken) in [
            ("temperature", &values.temperature, takes.basic),
            ("top_p", &values.top_p, takes.basic),
            ("top_k", &values.top_k, takes.top_k),
            ("seed", &values.seed, takes.seed),
            (
                "frequency_penalty",
                &values.frequency_penalty,
                takes.penalties,
            ),
            (
                "presence_penalty",
                &values.presence_penalty,
                takes.penalties,
            ),
        ] {
            match value {
                Some(value) if taken => {
                    out.key(name).json(value);
                }
                Some(_) => notes.add(name, "left out: the provider or model does not take it"),
                None => {}
            }
        }
    }

    fn format(&self, out: &mut Writer, notes: &mut Notes) {
        let Some(format) = &self.request.format else {
            return;
        };
        if !self.profile.response_format {
            return notes.add("response_format", "said in the instructions instead");
        }
        out.key("response_format").object();
        match format {
            Format::Schema {
                name,
                description,
                schema,
                strict,
            } if self.profile.json_schema => {
                out.key("type").string("json_schema");
                out.key("json_schema").object();
                out.key("name").string(name.as_deref().unwrap_or("answer"));
                if let Some(description) = description {
                    out.key("description").string(description);
                }
                let schema = schema::answer(self, schema);
                // Other dialects bind the answer to the schema without saying so.
                let bound = !self.same() && schema::qualifies(&schema);
                out.key("schema").raw(&schema);
                if let Some(strict) = strict.or(bound.then_some(true)) {
                    out.key("strict").boolean(strict);
                }
                out.end_object();
            }
            Format::Schema { .. } => {
                notes.add(
                    "response_format.json_schema",
                    "said in the instructions instead",
                );
                out.key("type").string("json_object");
            }
            Format::Json => {
                out.key("type").string("json_object");
            }
        }
        out.end_object();
    }

    fn stream(&self, out: &mut Writer) {
        if !self.options.stream {
            return;
        }
        out.key("stream").boolean(true);
        if self.profile.stream_options {
            out.key("stream_options").object();
            out.key("include_usage").boolean(true).end_object();
        }
    }

    fn customer(&self, out: &mut Writer, notes: &mut Notes) {
        let (request, profile) = (self.request, self.profile);
        if let Some(user) = &request.user {
            match profile.user {
                UserMember::None => notes.add("user", "left out: the provider takes none"),
                UserMember::User => self.user("user", user, out),
                UserMember::SafetyIdentifier => self.user("safety_identifier", user, out),
            }
        }
        match &request.cache_key {
            Some(key) if profile.cache_key => {
                out.key("prompt_cache_key").string(key);
            }
            Some(_) => notes.add("prompt_cache_key", "left out: the provider takes none"),
            None => {
                let session = request.user.as_deref().and_then(customer::session);
                if let Some(session) = session.filter(|_| profile.cache_key) {
                    out.key("prompt_cache_key").string(&session);
                }
            }
        }
        match &request.service_tier {
            Some(tier) if profile.service_tier => {
                out.key("service_tier").string(self.tier(tier));
            }
            Some(_) => notes.add("service_tier", "left out: the provider knows none"),
            None => {}
        }
    }

    /// Names the customer; with the client's own words for another provider, only by a hash, as
    /// they may say more of a person than that other was meant to know.
    fn user(&self, member: &str, user: &str, out: &mut Writer) {
        out.key(member);
        match self.request.dialect {
            Dialect::OpenaiChat | Dialect::OpenaiResponses => out.string(user),
            Dialect::AnthropicMessages | Dialect::Gemini => out.string(&customer::person(user)),
        };
    }

    /// How much is to be said, as Responses has it in another place.
    fn verbosity(&self) -> Option<Json<'a>> {
        if self.request.dialect != Dialect::OpenaiResponses || !self.profile.verbosity {
            return None;
        }
        let members = &self.request.extra.members;
        let (_, text) = members.iter().find(|(key, _)| key == "text")?;
        let mut verbosity = None;
        Cursor::new(text.as_str().as_bytes()).object(|key, cursor| {
            let value = std::str::from_utf8(cursor.value()).ok();
            if key.is("verbosity") && value != Some("null") {
                verbosity = value.map(|value| Json::of_valid(value.to_owned()));
            }
        });
        verbosity
    }

    /// The tier in OpenAI's words.
    fn tier<'x>(&self, tier: &'x str) -> &'x str {
        match (self.request.dialect, tier) {
            (Dialect::AnthropicMessages, "standard_only") => "default",
            _ => tier,
        }
    }

    /// What has no place in the form: the client's own, and what the profile always says.
    fn rest(&self, out: &mut Writer, notes: &mut Notes) {
        let said = |key: &str| match key {
            "stream_options" => true,
            "user" => self.profile.user == UserMember::User,
            "reasoning" | "reasoning_effort" | "thinking" | "enable_thinking" => {
                self.request.thinking.is_some()
            }
            key => self.profile.members.contains_key(key),
        };
        for (key, value) in self.own(&self.request.extra) {
            if !said(key) {
                out.key(key).json(value);
            }
        }
        for (key, value) in &self.profile.members {
            out.key(key).raw(&value.to_string());
        }
        if !self.same() {
            let verbosity = self.verbosity();
            if let Some(verbosity) = &verbosity {
                out.key("verbosity").json(verbosity);
            }
            for (key, _) in &self.request.extra.members {
                if verbosity.is_some() && key == "text" {
                    continue;
                }
                notes.add(key.to_string(), "left out: OpenAI Chat has no such member");
            }
        }
    }
}

#[cfg(test)]
mod tests;
