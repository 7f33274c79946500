//! What it costs to count a prompt's tokens: 64 KiB of code, and 64 KiB that nothing divides. The
//! vocabulary is there before.

use std::hint::black_box;

use divan::Bencher;
use divan::counter::BytesCount;
use weir_core::tokens::count;
use weir_wire::dialect::Dialect;
use weir_wire::translate::codec::read_request;
use weir_wire::translate::options::Hints;

fn main() {
    divan::main();
}

#[divan::bench(args = ["    let value = parse(input)?;\\n", "a"])]
fn prompt(bencher: Bencher<'_, '_>, unit: &str) {
    let text = unit.repeat(64 * 1024 / unit.len());
    let body = format!(r#"{{"model":"gpt-4o","messages":[{{"role":"user","content":"{text}"}}]}}"#);
    let request = read_request(Dialect::OpenaiChat, body.as_bytes(), &Hints::default())
        .expect("it is a request");
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| count(black_box(&request)));
}
