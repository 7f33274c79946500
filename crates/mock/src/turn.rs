//! What the model "says": one turn in a neutral form, made from a scenario and a request. How a
//! turn looks on the wire is each dialect's own business.

use serde_json::{Value, json};

use crate::ask::{Ask, Tool, ToolKind};
use crate::ids::Random;
use crate::scenario::Scenario;
use crate::schema;

/// Part of a turn, in the order it is said.
#[derive(Clone, Debug)]
pub(crate) enum Block {
    Thinking {
        text: String,
        signature: String,
    },
    /// Thinking that only the service can read.
    Redacted {
        data: String,
    },
    Text {
        pieces: Vec<String>,
        citations: Vec<Citation>,
    },
    Tool(Call),
}

/// A call of one tool.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) name: String,
    /// JSON for functions, free text for custom tools.
    pub(crate) arguments: String,
    pub(crate) kind: ToolKind,
}

/// Where a text comes from.
#[derive(Clone, Debug)]
pub(crate) struct Citation {
    pub(crate) cited: String,
    pub(crate) title: String,
    pub(crate) url: String,
}

/// Why the turn ended; each dialect has its own word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    End,
    Tool,
    MaxTokens,
    Sequence,
    Refusal,
    Pause,
}

/// Token counts. `input` is without the cached ones, as Anthropic counts.
#[derive(Clone, Debug)]
pub(crate) struct Usage {
    pub(crate) input: u64,
    pub(crate) cache_read: u64,
    pub(crate) cache_write: u64,
    /// Cumulative counts as reported one after the other; the last one counts.
    pub(crate) outputs: Vec<u64>,
    pub(crate) reasoning: u64,
}

impl Usage {
    pub(crate) fn output(&self) -> u64 {
        self.outputs.last().copied().unwrap_or(0)
    }

    /// All of the prompt, as OpenAI and Gemini count.
    pub(crate) fn prompt(&self) -> u64 {
        self.input + self.cache_read + self.cache_write
    }
}

/// One answer of the model.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) blocks: Vec<Block>,
    pub(crate) stop: Stop,
    pub(crate) usage: Usage,
}

impl Turn {
    /// The calls of this turn.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &Call> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Tool(call) => Some(call),
            Block::Thinking { .. } | Block::Redacted { .. } | Block::Text { .. } => None,
        })
    }
}

const SHELLS: [&str; 8] = [
    "Bash",
    "shell",
    "exec_command",
    "shell_command",
    "local_shell",
    "container.exec",
    "run_shell_command",
    "bash",
];

/// Decides what to say.
pub(crate) fn turn(scenario: &Scenario, ask: &Ask, random: &mut Random) -> Turn {
    let mut blocks = Vec::new();
    let wanted = calls(scenario, ask);
    let redacted = scenario.size("redacted", usize::from(scenario.name == "redacted"));
    for _ in 0..redacted.min(1000) {
        let data = format!("EmwKAhgB{}==", random.base62(120));
        blocks.push(Block::Redacted { data });
    }
    if scenario.name == "thinking" || scenario.is_on("thinking") {
        blocks.push(thinking(scenario, ask, random));
    }
    let has_calls = !wanted.is_empty();
    let says = !has_calls || scenario.name == "thinking" || scenario.get("before").is_some();
    if says {
        blocks.push(text(scenario, ask, has_calls));
    }
    blocks.extend(wanted.into_iter().map(Block::Tool));
    let stop = stop(scenario, has_calls);
    let usage = usage(scenario, ask, &blocks);
    Turn {
        blocks,
        stop,
        usage,
    }
}

fn thinking(scenario: &Scenario, ask: &Ask, random: &mut Random) -> Block {
    let omitted = ask
        .body
        .pointer("/thinking/display")
        .and_then(Value::as_str)
        == Some("omitted");
    let text = scenario
        .get("thought")
        .unwrap_or("The user wants something. I shall think first.");
    // A number is a length, anything else the signature itself.
    let given = scenario.get("signature");
    let signature = match given.map(|given| (given, given.parse::<usize>())) {
        Some((text, Err(_))) => text.to_owned(),
        Some((_, Ok(length))) => format!("EqQBCkYI{}==", random.base62(length.min(1 << 20))),
        None => format!("EqQBCkYI{}==", random.base62(160)),
    };
    Block::Thinking {
        text: if omitted {
            String::new()
        } else {
            text.to_owned()
        },
        signature,
    }
}

fn text(scenario: &Scenario, ask: &Ask, has_calls: bool) -> Block {
    let said = if let Some(schema) = &ask.schema {
        schema::sample(schema).to_string()
    } else if has_calls {
        scenario
            .get("before")
            .unwrap_or("I shall use a tool.")
            .to_owned()
    } else if let Some(given) = scenario.get("text") {
        given.to_owned()
    } else if let Some(last) = ask.results.last() {
        let shown: String = last.trim().chars().take(200).collect();
        format!("Done. The tool returned: {shown}")
    } else if ask.is_subagent {
        "The subagent has done its task.".to_owned()
    } else {
        "Hello from the mock. All is well.".to_owned()
    };
    let is_huge = scenario.name == "huge_line";
    let size = scenario
        .size("size", if is_huge { 8 << 20 } else { 0 })
        .min(MAX_TEXT_BYTES);
    let said = if size > 0 && !has_calls {
        filler(size)
    } else {
        said
    };
    let pieces = match scenario.size("chunks", usize::from(is_huge)) {
        0 => in_words(&said),
        count => in_parts(&said, count),
    };
    let cited = scenario.name == "citations" || scenario.is_on("citations");
    Block::Text {
        pieces,
        citations: if cited { citations() } else { Vec::new() },
    }
}

fn citations() -> Vec<Citation> {
    let cite = |cited: &str, title: &str, page: u32| Citation {
        cited: cited.to_owned(),
        title: title.to_owned(),
        url: format!("https://example.com/{page}"),
    };
    vec![
        cite("A weir measures the flow.", "On weirs", 1),
        cite("It lets the water through.", "More on weirs", 2),
    ]
}

/// The longest text that `size=` gives.
const MAX_TEXT_BYTES: usize = 256 << 20;

/// Text of exactly that many bytes.
pub(crate) fn filler(size: usize) -> String {
    const LINE: &str = "The quick brown fox jumps over the lazy dog and runs along the weir. ";
    let mut text = LINE.repeat(size / LINE.len() + 1);
    text.truncate(size); // all ASCII
    text
}

/// Word by word; long texts in pieces of about 1 KiB, so that a size is not paid for in events.
fn in_words(text: &str) -> Vec<String> {
    if text.len() > 4096 {
        return in_parts(text, text.len().div_ceil(1024));
    }
    text.split_inclusive(' ').map(str::to_owned).collect()
}

/// About `count` parts of equal length, whole characters each.
fn in_parts(text: &str, count: usize) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let each = chars.len().div_ceil(count.max(1)).max(1);
    chars
        .chunks(each)
        .map(|part| part.iter().collect())
        .collect()
}

/// The tools to call now; none when the scenario calls none or all its results are there.
fn calls(scenario: &Scenario, ask: &Ask) -> Vec<Call> {
    let per_step = match scenario.name.as_str() {
        "tools" | "thinking" | "agent" | "subagent" => scenario.size("n", 1),
        "parallel" => scenario.size("n", 2),
        _ => return Vec::new(),
    };
    let per_step = per_step.clamp(1, 1000);
    let steps = scenario.size("steps", 1);
    if ask.results.len() >= steps.saturating_mul(per_step) {
        return Vec::new();
    }
    (0..per_step)
        .filter_map(|number| call(scenario, ask, number))
        .collect()
}

fn call(scenario: &Scenario, ask: &Ask, number: usize) -> Option<Call> {
    let named = scenario.get("tool");
    let tool = match scenario.name.as_str() {
        "subagent" => ["Agent", "Task"].iter().find_map(|name| ask.tool(name)),
        "agent" => match named {
            Some(name) => ask.tool(name),
            None => SHELLS.iter().find_map(|name| ask.tool(name)),
        },
        _ => match named {
            Some(name) => ask.tool(name),
            None => ask
                .tools
                .iter()
                .filter(|tool| tool.kind == ToolKind::Function)
                .nth(number)
                .or_else(|| ask.tools.first()),
        },
    };
    let must_be_offered = matches!(scenario.name.as_str(), "agent" | "subagent");
    let invented = Tool {
        name: named.unwrap_or("get_weather").to_owned(),
        schema: json!({
            "type": "object",
            "properties": {"location": {"type": "string", "enum": ["Paris", "Rome"]}},
            "required": ["location"],
        }),
        kind: ToolKind::Function,
    };
    let tool = match tool {
        Some(tool) => tool,
        None if must_be_offered => return None,
        None => &invented,
    };
    let arguments = match scenario.get("arguments") {
        Some(given) => given.to_owned(),
        None => schema::arguments(tool, scenario),
    };
    Some(Call {
        name: tool.name.clone(),
        arguments,
        kind: tool.kind,
    })
}

fn stop(scenario: &Scenario, has_calls: bool) -> Stop {
    match scenario.get("stop").unwrap_or(scenario.name.as_str()) {
        "max_tokens" | "length" => Stop::MaxTokens,
        "stop_sequence" => Stop::Sequence,
        "refusal" | "content_filter" => Stop::Refusal,
        "pause_turn" => Stop::Pause,
        _ if has_calls => Stop::Tool,
        _ => Stop::End,
    }
}

fn usage(scenario: &Scenario, ask: &Ask, blocks: &[Block]) -> Usage {
    let mut spoken = 0;
    let mut reasoning = 0;
    for block in blocks {
        match block {
            Block::Thinking { text, .. } => reasoning += (text.len() as u64 / 4).max(1),
            Block::Redacted { data } => reasoning += data.len() as u64 / 4,
            Block::Text { pieces, .. } => spoken += pieces.iter().map(String::len).sum::<usize>(),
            Block::Tool(call) => spoken += call.name.len() + call.arguments.len(),
        }
    }
    let said = (spoken as u64 / 4).max(1) + reasoning;
    if scenario.name == "usage" {
        return Usage {
            input: scenario.number("input", 10),
            cache_read: scenario.number("cache_read", 5),
            cache_write: scenario.number("cache_write", 0),
            outputs: vec![3, scenario.number("output", 7)],
            reasoning: 0,
        };
    }
    Usage {
        input: scenario.number("input", ask.input_tokens),
        cache_read: scenario.number("cache_read", 0),
        cache_write: scenario.number("cache_write", 0),
        outputs: vec![scenario.number("output", said)],
        reasoning,
    }
}
