//! The agents that an answer starts: its calls of a tool that takes the other's prompt.

use memchr::memmem;
use serde::Deserialize;
use serde_json::Value;

use super::request::hash_of_opening;

/// Largest answer that is looked through, in bytes.
pub const MAX_ANSWER: usize = 4 << 20;
/// Most agents that one answer is believed to start.
const MOST: usize = 64;
/// Longest id or name that is kept, in bytes.
const LONGEST: usize = 256;
/// The tools of Claude Code (in two versions) and opencode.
const TOOLS: [&str; 3] = ["Agent", "Task", "task"];

/// A call that starts an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The call's id.
    pub call: String,
    /// Which kind of agent is asked for.
    pub kind: Option<String>,
    /// The conversation hash of the requests that the agent will send, as
    /// [`RequestFacts`](super::request::RequestFacts) tells it: its first words are the prompt.
    pub opening: String,
}

/// Whether an answer may start an agent, told from its bytes, whole or an event stream's.
#[must_use]
pub fn may_launch(body: &[u8]) -> bool {
    body.len() <= MAX_ANSWER
        && TOOLS.iter().any(|tool| {
            let quoted = |start: usize| body.get(start.wrapping_sub(1)) == Some(&b'"');
            let ends = |start: usize| body.get(start + tool.len()) == Some(&b'"');
            memmem::find_iter(body, tool.as_bytes()).any(|start| quoted(start) && ends(start))
        })
}

/// The agents that a whole answer of Anthropic's or Chat's starts; none in anything else.
#[must_use]
pub fn launches(answer: &[u8]) -> Vec<Launch> {
    let Ok(answer) = serde_json::from_slice::<Answer>(answer) else {
        return Vec::new();
    };
    let blocks = answer.content.into_iter().filter_map(Block::call);
    let chosen = answer.choices.into_iter().take(1);
    let calls = chosen.flat_map(|choice| choice.message.tool_calls);
    let calls = calls.filter_map(ToolCall::call);
    blocks.chain(calls).take(MOST).collect()
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    content: Vec<Block>,
    #[serde(default)]
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Block {
    id: Option<String>,
    name: Option<String>,
    input: Option<Value>,
}

impl Block {
    fn call(self) -> Option<Launch> {
        launch(self.id?, &self.name?, &self.input?)
    }
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    tool_calls: Vec<ToolCall>,
}

#[derive(Deserialize)]
struct ToolCall {
    id: Option<String>,
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    name: String,
    arguments: String,
}

impl ToolCall {
    fn call(self) -> Option<Launch> {
        let function = self.function?;
        let input = serde_json::from_str(&function.arguments).ok()?;
        launch(self.id?, &function.name, &input)
    }
}

fn launch(call: String, tool: &str, input: &Value) -> Option<Launch> {
    let text = |name| input.get(name).and_then(Value::as_str);
    let is_one = TOOLS.contains(&tool) && !call.is_empty() && call.len() <= LONGEST;
    let kind = text("subagent_type").filter(|kind| !kind.is_empty() && kind.len() <= LONGEST);
    Some(Launch {
        opening: is_one.then(|| hash_of_opening(text("prompt")?))??,
        kind: kind.map(str::to_owned),
        call,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dialect::Dialect;
    use crate::facts::request::RequestFacts;

    #[test]
    fn a_prompt_is_known_again_in_the_first_words_of_its_agent() {
        let prompt = "Find <b>all</b> callers.\n\nBe \"quick\".";
        let answer = json!({"content": [{"type": "text", "text": "sure"},
            {"type": "tool_use", "id": "toolu_1", "name": "Agent",
                "input": {"prompt": prompt, "subagent_type": "Explore"}},
            {"type": "tool_use", "id": "toolu_2", "name": "Bash", "input": {"prompt": "no"}}]});
        let found = launches(answer.to_string().as_bytes());
        let body = json!({"messages": [{"role": "user", "content": [
            {"type": "text", "text": "<system-reminder>x</system-reminder>"},
            {"type": "text", "text": prompt}]}]});
        let facts = RequestFacts::scan(Dialect::AnthropicMessages, body.to_string().as_bytes());
        assert_eq!(found.len(), 1);
        assert_eq!(Some(&found[0].opening), facts.conversation_hash.as_ref());
        assert_eq!(found[0].call, "toolu_1");
        assert_eq!(found[0].kind.as_deref(), Some("Explore"));
    }

    #[test]
    fn chat_calls_start_agents_too() {
        let arguments = json!({"prompt": "look", "subagent_type": ""}).to_string();
        let answer = json!({"choices": [{"message": {"role": "assistant", "content": null,
            "tool_calls": [{"id": "call_1", "type": "function",
                "function": {"name": "task", "arguments": arguments}}]}}]});
        let text = answer.to_string();
        assert!(may_launch(text.as_bytes()));
        let found = launches(text.as_bytes());
        assert_eq!((found.len(), found[0].kind.as_deref()), (1, None));
        assert_eq!(Some(&found[0].opening), hash_of_opening("look").as_ref());
    }

    #[test]
    fn odd_answers_start_nobody() {
        let many: Vec<_> = (0..200)
            .map(|n| json!({"id": n.to_string(), "name": "Task", "input": {"prompt": "x"}}))
            .collect();
        let many = json!({"content": many}).to_string();
        assert_eq!(launches(many.as_bytes()).len(), MOST);
        for odd in [
            "",
            "[]",
            "{\"content\":\"Agent\"}",
            r#"{"content":[{"name":"Agent","id":"a","input":{"prompt":7}}]}"#,
            r#"{"content":[{"name":"Agent","id":"","input":{"prompt":"x"}}]}"#,
            r#"{"content":[{"name":"Agent","id":"a","input":{"prompt":" "}}]}"#,
            r#"{"choices":[{"message":{"tool_calls":[{"function":{"name":"task","arguments":"{"}}]}}]}"#,
        ] {
            assert!(launches(odd.as_bytes()).is_empty(), "{odd}");
        }
        for (body, may) in [
            ("a Task for an Agent", false),
            (r#""name":"Task""#, true),
            ("Task", false),
        ] {
            assert_eq!(may_launch(body.as_bytes()), may, "{body}");
        }
    }
}
