//! A request as an agent sends it late in a session: made anew each time, always the same.

use serde_json::{Value, json};
use weir_wire::dialect::Dialect;
use weir_wire::translate::codec::{read_request, write_request};
use weir_wire::translate::fault::Notes;

use crate::pair::{hints, options, profile};

/// Bytes of a request of Anthropic's; the others come out a little larger or smaller.
const SIZE: usize = 256 * 1024;
const SYSTEM: usize = 12 * 1024;
const TOOLS: usize = 20;
const TOOL: usize = 2 * 1024;
/// Calls with their results, each two turns.
const CALLS: usize = 40;
/// Bytes of JSON around one call, its result and the text before it.
const AROUND: usize = 900;

const LINES: [&str; 8] = [
    "    let mut found = cache.get(&key).map_or(0, |entry| entry.len());",
    "    if found > limit {\n        return Err(\"too many entries\".into());\n    }",
    "\tlog.Printf(\"request %q took %s\", r.URL.Path, time.Since(start))",
    "    // What waits here is bounded by the number of connections.",
    "    const path = join(root, \"src\", `${name}.ts`);\n",
    "def load(name: str) -> dict[str, Any]:\n    with open(f\"data/{name}.json\") as file:",
    "        self.entries.insert(index, Entry { name, value });",
    "    assert_eq!(split(\"a\\tb\"), [\"a\", \"b\"], \"tabs divide\");",
];

/// `size` bytes of source code, or a little more.
fn code(size: usize, seed: usize) -> String {
    let mut text = String::with_capacity(size + 128);
    let mut line = seed;
    while text.len() < size {
        text.push_str(LINES[line % LINES.len()]);
        text.push_str(&format!(" // {line}\n"));
        line = line.wrapping_mul(5).wrapping_add(1 + seed) % 9973;
    }
    text
}

/// `size` bytes of prose, or a little more.
fn prose(size: usize) -> String {
    let mut text = String::new();
    while text.len() < size {
        text.push_str(
            "Look at the whole file before you change a line of it, and say \"done\" only ",
        );
        text.push_str("when the tests pass. Prefer small steps; name what you leave open.\n\n");
    }
    text
}

fn tool(number: usize) -> Value {
    let member = |name: &str| {
        (
            name.to_owned(),
            json!({
                "type": "string",
                "description": "The absolute path of the file, which must be inside the workspace",
                "minLength": 1,
            }),
        )
    };
    let mut members: serde_json::Map<String, Value> = ["path", "pattern", "old_text", "new_text"]
        .map(member)
        .into_iter()
        .collect();
    members.insert(
        "edits".to_owned(),
        json!({
            "type": "array",
            "description": "Changes, first to last",
            "items": {
                "type": "object",
                "properties": {
                    "line": {"type": "integer", "minimum": 1},
                    "mode": {"type": "string", "enum": ["insert", "replace", "delete"]},
                    "all": {"type": "boolean", "default": false},
                },
                "required": ["line", "mode"],
                "additionalProperties": false,
            },
        }),
    );
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": members,
        "required": ["path"],
        "additionalProperties": false,
    });
    let length = schema.to_string().len() + 80;
    json!({
        "name": format!("tool_{number}"),
        "description": prose(TOOL - length - 150),
        "input_schema": schema,
    })
}

fn messages(size: usize) -> Vec<Value> {
    let mut messages = vec![json!({"role": "user", "content": "Please mend what the tests show."})];
    let each = size / CALLS - AROUND;
    for call in 0..CALLS {
        let id = format!("toolu_01{call:022}");
        messages.push(json!({"role": "assistant", "content": [
            {"type": "text", "text": prose(200)},
            {"type": "tool_use", "id": id, "name": format!("tool_{}", call % TOOLS), "input": {
                "path": format!("/home/user/project/src/module_{call}.rs"),
                "new_text": code(400, call),
            }},
        ]}));
        messages.push(json!({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": id, "content": [
                {"type": "text", "text": code(each * 9 / 10, call + 7)},
            ]},
        ]}));
    }
    messages
}

fn anthropic() -> Vec<u8> {
    let tools: Vec<_> = (0..TOOLS).map(tool).collect();
    let mut body = json!({
        "model": "claude-sonnet-4-5",
        "max_tokens": 32_000,
        "stream": true,
        "system": [{"type": "text", "text": prose(SYSTEM), "cache_control": {"type": "ephemeral"}}],
        "tools": tools,
        "messages": [],
    });
    let rest = SIZE.saturating_sub(body.to_string().len());
    body["messages"] = messages(rest).into();
    body.to_string().into_bytes()
}

/// The request as a client of `dialect` sends it.
pub(crate) fn body(dialect: Dialect) -> Vec<u8> {
    let body = anthropic();
    if dialect == Dialect::AnthropicMessages {
        return body;
    }
    let request = read_request(Dialect::AnthropicMessages, &body, &hints()).expect("it is one");
    let (profile, mut notes) = (profile(), Notes::default());
    write_request(dialect, &request, &options(dialect, &profile), &mut notes)
        .expect("it can be said")
}
