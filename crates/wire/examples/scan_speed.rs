//! How fast bodies are read: `cargo run --release -p weir-wire --example scan_speed`.
#![expect(clippy::print_stdout, reason = "a measurement prints its figures")]

use std::hint::black_box;
use std::time::Instant;

use weir_wire::dialect::{Dialect, Operation};
use weir_wire::facts::request::RequestFacts;
use weir_wire::facts::response::ResponseFacts;
use weir_wire::scan::Cursor;

/// Code as it stands in a tool result: an escape every 40 bytes or so.
const LINE: &str = r"    let total = items.iter().sum();\n";
const QUOTED: &str = r#"    println!(\"{total}\");\n"#;

/// One user message of about `size` bytes, as nobody has sent it before.
fn prompt(size: usize) -> String {
    let text = LINE.repeat(size / LINE.len());
    format!(r#"{{"model":"m","messages":[{{"role":"user","content":"{text}"}}],"stream":true}}"#)
}

/// A session of about `size` bytes in messages of a few KB, two of five with a tool result.
fn session(size: usize) -> String {
    let mut body = String::from(r#"{"model":"claude-opus-4","messages":["#);
    let mut n = 0;
    while body.len() < size {
        let text = format!("{}{QUOTED}", LINE.repeat(9)).repeat(6);
        if n > 0 {
            body.push(',');
        }
        body.push_str(&match n % 2 {
            0 => format!(r#"{{"role":"user","content":[{{"type":"text","text":"{text}"}}]}}"#),
            _ => format!(
                r#"{{"role":"assistant","content":[{{"type":"text","text":"{text}"}},{{"type":"tool_use","id":"toolu_{n}","name":"Bash","input":{{"command":"ls"}}}}]}}"#
            ),
        });
        n += 1;
    }
    body.push_str(r#"],"max_tokens":32000,"stream":true}"#);
    body
}

/// A streamed answer of about `size` bytes in deltas of a few words.
fn answer(size: usize) -> String {
    let delta = concat!(
        "event: content_block_delta\n",
        r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"some words\n"}}"#,
        "\n\n"
    );
    let end = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    format!("{}{end}", delta.repeat(size / delta.len()))
}

fn report(name: &str, bytes: usize, mut run: impl FnMut()) {
    let mut best = f64::MAX;
    for _ in 0..400 {
        let start = Instant::now();
        run();
        best = best.min(start.elapsed().as_secs_f64());
    }
    #[expect(clippy::cast_precision_loss, reason = "a size below 2^52")]
    let speed = bytes as f64 / best / 1e9;
    println!("{name:<32} {:>9.1} us {speed:>8.2} GB/s", best * 1e6);
}

fn main() {
    let dialect = Dialect::AnthropicMessages;
    for size in [1 << 10, 64 << 10, 1 << 20] {
        let body = session(size);
        let body = body.as_bytes();
        println!("{} bytes", body.len());
        report("skip", body.len(), || {
            let mut cursor = Cursor::new(black_box(body));
            cursor.skip();
            black_box(cursor.offset());
        });
        report("RequestFacts::scan", body.len(), || {
            black_box(RequestFacts::scan(dialect, black_box(body)));
        });
        let facts = RequestFacts::scan(dialect, body);
        let common = body.len() - body.len().min(4096);
        report("RequestFacts::rescan, last 4 KiB", body.len(), || {
            black_box(RequestFacts::rescan(
                dialect,
                black_box(body),
                &facts,
                common,
            ));
        });
        let prompt = prompt(size);
        report("RequestFacts::scan, one prompt", prompt.len(), || {
            black_box(RequestFacts::scan(dialect, black_box(prompt.as_bytes())));
        });
        let answer = answer(size);
        report("ResponseFacts::of_body, stream", answer.len(), || {
            black_box(ResponseFacts::of_body(
                dialect,
                Operation::Generate,
                Some("text/event-stream"),
                black_box(answer.as_bytes()),
            ));
        });
    }
}
