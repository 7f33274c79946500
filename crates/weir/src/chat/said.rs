//! What the two dialects of `weir chat` call things.

use serde_json::{Value, json};

/// Which API is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Anthropic's Messages.
    Anthropic,
    /// OpenAI's Chat Completions.
    Openai,
}

/// What was answered.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// The text.
    pub text: String,
    /// Tokens that were read and written, as far as they were told.
    pub tokens: (Option<u64>, Option<u64>),
}

impl Said {
    /// A line of what it used.
    pub(super) fn used(&self) -> String {
        let count = |count: Option<u64>| count.map_or_else(|| "?".to_owned(), |n| n.to_string());
        let (input, output) = self.tokens;
        format!("({} tokens in, {} out)", count(input), count(output))
    }

    fn count(&mut self, usage: &Value, (input, output): (&str, &str)) {
        let count = |name: &str| usage[name].as_u64();
        self.tokens.0 = count(input).or(self.tokens.0);
        self.tokens.1 = count(output).or(self.tokens.1);
    }
}

impl Dialect {
    /// The one that a model's own vendor speaks; a gateway translates where it must.
    pub(super) fn of(model: &str) -> Self {
        match model.starts_with("claude") {
            true => Self::Anthropic,
            false => Self::Openai,
        }
    }

    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Anthropic => "/v1/messages",
            Self::Openai => "/v1/chat/completions",
        }
    }

    /// Adds the conversation to a request.
    pub(super) fn add(self, body: &mut Value, system: Option<&str>, messages: &[Value]) {
        let mut all = messages.to_vec();
        match (self, system) {
            (Self::Anthropic, Some(system)) => body["system"] = system.into(),
            (Self::Openai, Some(system)) => {
                all.insert(0, json!({"role": "system", "content": system}));
            }
            (_, None) => {}
        }
        if self == Self::Openai && body["stream"] == true {
            body["stream_options"] = json!({"include_usage": true});
        }
        body["messages"] = all.into();
    }

    /// Takes in a piece of a stream; gives its text.
    pub(super) fn piece<'a>(self, event: &'a Value, said: &mut Said) -> &'a str {
        let (text, usage) = match self {
            Self::Anthropic => (&event["delta"]["text"], &event["usage"]),
            Self::Openai => (&event["choices"][0]["delta"]["content"], &event["usage"]),
        };
        said.count(&event["message"]["usage"], self.counts());
        said.count(usage, self.counts());
        let text = text.as_str().unwrap_or_default();
        said.text.push_str(text);
        text
    }

    /// Takes in a whole answer.
    pub(super) fn whole(self, answer: &Value, said: &mut Said) {
        said.count(&answer["usage"], self.counts());
        match self {
            Self::Anthropic => {
                let blocks = answer["content"].as_array().into_iter().flatten();
                let texts = blocks.filter_map(|block| block["text"].as_str());
                said.text.extend(texts);
            }
            Self::Openai => {
                let text = &answer["choices"][0]["message"]["content"];
                said.text.push_str(text.as_str().unwrap_or_default());
            }
        }
    }

    fn counts(self) -> (&'static str, &'static str) {
        match self {
            Self::Anthropic => ("input_tokens", "output_tokens"),
            Self::Openai => ("prompt_tokens", "completion_tokens"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_tokens_are_found_in_both_dialects() {
        let messages = [
            json!({"type": "message_start", "message": {"usage": {"input_tokens": 9, "output_tokens": 1}}}),
            json!({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "he"}}),
            json!({"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "?"}}),
            json!({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "llo"}}),
            json!({"type": "message_delta", "usage": {"output_tokens": 3}}),
        ];
        let chunks = [
            json!({"choices": [{"delta": {"role": "assistant", "content": "he"}}], "usage": null}),
            json!({"choices": [{"delta": {"content": "llo"}}]}),
            json!({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 3}}),
        ];
        for (dialect, events) in [
            (Dialect::Anthropic, &messages[..]),
            (Dialect::Openai, &chunks),
        ] {
            let mut said = Said::default();
            let shown: String = events
                .iter()
                .map(|event| dialect.piece(event, &mut said))
                .collect();
            assert_eq!((shown.as_str(), said.text.as_str()), ("hello", "hello"));
            assert_eq!(said.tokens, (Some(9), Some(3)));
        }
    }

    #[test]
    fn what_the_model_is_told_first_stands_where_its_vendor_wants_it() {
        for (model, expected) in [
            (
                "claude-x",
                json!({"stream": true, "system": "be brief", "messages": [1]}),
            ),
            (
                "gpt-x",
                json!({"stream": true, "stream_options": {"include_usage": true},
                    "messages": [{"role": "system", "content": "be brief"}, 1]}),
            ),
        ] {
            let mut body = json!({"stream": true});
            Dialect::of(model).add(&mut body, Some("be brief"), &[json!(1)]);
            assert_eq!(body, expected);
        }
    }
}
