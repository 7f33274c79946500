//! The endpoints that need no script: models, token counts, embeddings, files.

use serde_json::{Value, json};
use weir_wire::dialect::Dialect;

use crate::ids::{Random, base64};
use crate::received::Received;
use crate::route::Fixed;
use crate::service::{Host, Service};

const CLAUDE: [(&str, &str); 3] = [
    ("claude-opus-4-8", "Claude Opus 4.8"),
    ("claude-sonnet-5", "Claude Sonnet 5"),
    ("claude-haiku-4-5-20251001", "Claude Haiku 4.5"),
];
const GPT: [&str; 3] = ["gpt-5.5", "gpt-5.4-nano", "text-embedding-3-small"];
const GEMINI: [&str; 3] = [
    "gemini-2.5-pro",
    "gemini-2.5-flash",
    "gemini-3.5-flash-lite",
];

/// The body of a simple endpoint's answer.
pub(crate) fn body(
    fixed: &Fixed,
    service: Service,
    request: &Received,
    random: &mut Random,
) -> String {
    let dialect = service.dialect;
    let value = match fixed {
        Fixed::Models => models(dialect),
        Fixed::Model(id) => model(dialect, id),
        Fixed::CountTokens if service.host == Host::Bedrock => {
            json!({"inputTokens": (request.body.len() as u64 / 4).max(1)})
        }
        Fixed::CountTokens => count(dialect, (request.body.len() as u64 / 4).max(1)),
        Fixed::Embeddings => embeddings(&request.json(), random),
        Fixed::GeminiEmbed { is_batch: false } => {
            json!({"embedding": {"values": vector(16, random)}})
        }
        Fixed::GeminiEmbed { is_batch: true } => {
            let requests = request.json();
            let count = requests
                .get("requests")
                .and_then(Value::as_array)
                .map_or(1, Vec::len);
            let all: Vec<Value> = (0..count)
                .map(|_| json!({"values": vector(16, random)}))
                .collect();
            json!({ "embeddings": all })
        }
        Fixed::Files => files(dialect),
        Fixed::NewFile => new_file(dialect, request.body.len(), random),
    };
    if dialect == Dialect::AnthropicMessages {
        value.to_string()
    } else {
        serde_json::to_string_pretty(&value).expect("a JSON value can be written") + "\n"
    }
}

fn models(dialect: Dialect) -> Value {
    match dialect {
        Dialect::AnthropicMessages => {
            let data: Vec<Value> = CLAUDE.iter().map(|(id, _)| model(dialect, id)).collect();
            json!({
                "data": data,
                "has_more": false,
                "first_id": CLAUDE.first().map(|(id, _)| id),
                "last_id": CLAUDE.last().map(|(id, _)| id),
            })
        }
        Dialect::OpenaiChat | Dialect::OpenaiResponses => {
            let data: Vec<Value> = GPT.iter().map(|id| model(dialect, id)).collect();
            json!({"object": "list", "data": data})
        }
        Dialect::Gemini => {
            json!({"models": GEMINI.iter().map(|id| model(dialect, id)).collect::<Vec<_>>()})
        }
    }
}

fn model(dialect: Dialect, id: &str) -> Value {
    match dialect {
        Dialect::AnthropicMessages => {
            let known = CLAUDE.iter().find(|(known, _)| *known == id);
            json!({
                "type": "model",
                "id": id,
                "display_name": known.map_or(id, |(_, name)| name),
                "created_at": "2026-02-24T00:00:00Z",
                "max_input_tokens": 1_000_000,
                "max_tokens": 128_000,
            })
        }
        Dialect::OpenaiChat | Dialect::OpenaiResponses => {
            json!({"id": id, "object": "model", "created": 1_770_000_000, "owned_by": "system"})
        }
        Dialect::Gemini => json!({
            "name": format!("models/{id}"),
            "version": "001",
            "displayName": id,
            "description": "A model of the mock.",
            "inputTokenLimit": 1_048_576,
            "outputTokenLimit": 65_536,
            "supportedGenerationMethods": ["generateContent", "countTokens"],
            "temperature": 1,
            "topP": 0.95,
            "topK": 64,
            "maxTemperature": 2,
            "thinking": true,
        }),
    }
}

fn count(dialect: Dialect, tokens: u64) -> Value {
    match dialect {
        Dialect::AnthropicMessages => json!({"input_tokens": tokens}),
        Dialect::OpenaiChat | Dialect::OpenaiResponses => {
            json!({"object": "response.input_tokens", "input_tokens": tokens})
        }
        Dialect::Gemini => json!({
            "totalTokens": tokens,
            "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens}],
        }),
    }
}

/// Numbers between -1 and 1 in steps of a thousandth.
fn vector(size: usize, random: &mut Random) -> Vec<f32> {
    let number = |random: &mut Random| {
        f32::from(i16::try_from(random.below(2001)).unwrap_or(1000) - 1000) / 1000.0
    };
    (0..size).map(|_| number(random)).collect()
}

fn embeddings(asked: &Value, random: &mut Random) -> Value {
    let size = asked
        .get("dimensions")
        .and_then(Value::as_u64)
        .unwrap_or(16)
        .min(4096);
    let size = usize::try_from(size).unwrap_or(16);
    let count = match asked.get("input") {
        Some(Value::Array(inputs)) if !inputs.iter().all(Value::is_number) => inputs.len(),
        _ => 1,
    };
    let as_base64 = asked.get("encoding_format").and_then(Value::as_str) == Some("base64");
    let data: Vec<Value> = (0..count)
        .map(|index| {
            let numbers = vector(size, random);
            let embedding = if as_base64 {
                let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
                Value::from(base64(&bytes))
            } else {
                json!(numbers)
            };
            json!({"object": "embedding", "index": index, "embedding": embedding})
        })
        .collect();
    json!({
        "object": "list",
        "data": data,
        "model": asked.get("model").cloned().unwrap_or_else(|| "text-embedding-3-small".into()),
        "usage": {"prompt_tokens": 8 * count, "total_tokens": 8 * count},
    })
}

fn files(dialect: Dialect) -> Value {
    if dialect == Dialect::AnthropicMessages {
        json!({"data": [], "first_id": null, "has_more": false, "last_id": null})
    } else {
        json!({"object": "list", "data": [], "has_more": false})
    }
}

fn new_file(dialect: Dialect, size: usize, random: &mut Random) -> Value {
    if dialect == Dialect::AnthropicMessages {
        json!({
            "type": "file",
            "id": format!("file_011C{}", random.base62(20)),
            "size_bytes": size,
            "created_at": "2026-02-24T00:00:00Z",
            "filename": "upload",
            "mime_type": "application/octet-stream",
            "downloadable": false,
        })
    } else {
        json!({
            "object": "file",
            "id": format!("file-{}", random.base62(22)),
            "purpose": "user_data",
            "filename": "upload",
            "bytes": size,
            "created_at": 1_790_000_000,
            "status": "processed",
        })
    }
}
