use proptest::prelude::*;

use super::*;
use crate::sse::Splitter;
use crate::translate::signal::{Opening, Piece};

fn word(signal: &Signal<'_>) -> String {
    match signal {
        Signal::Start { id, model, usage } => {
            format!("start {id} {model} {}", usage.is_some())
        }
        Signal::Open { part, kind } => match kind {
            Opening::Text => format!("{part} text"),
            Opening::Refusal => format!("{part} refusal"),
            Opening::Thinking { id } => {
                format!("{part} thinking {}", id.as_deref().unwrap_or("-"))
            }
            Opening::Call {
                id, name, freeform, ..
            } => {
                let kind = if *freeform { "custom" } else { "call" };
                format!("{part} {kind} {id}:{name}")
            }
            Opening::Foreign { .. } => "foreign".to_owned(),
        },
        Signal::Delta { part, piece } => match piece {
            Piece::Text(text) | Piece::Input(text) => format!("{part} + {text}"),
            Piece::Opaque(opaque) => format!("{part} {:?} {}", opaque.kind, opaque.value),
            Piece::Annotation(json) => format!("{part} @ {}", json.as_str()),
        },
        Signal::Close { part } => format!("{part} end"),
        Signal::Usage(usage) => format!(
            "usage {:?} {:?} {:?}",
            usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens
        ),
        Signal::Stop(stop) => format!("{stop:?}"),
        Signal::Failed(failure) => format!("failed {} {}", failure.status, failure.message),
        Signal::Ping => "ping".to_owned(),
        Signal::Foreign { .. } => "foreign".to_owned(),
    }
}

fn read(stream: &[u8], cut: usize) -> (Vec<String>, Ending) {
    let mut words = Vec::new();
    let mut source = Source::new();
    let mut splitter = Splitter::new();
    let mut each = |signal: Signal<'_>| words.push(word(&signal));
    for piece in stream.chunks(cut.max(1)) {
        splitter.push(piece, |event| source.push(event, &mut each));
    }
    splitter.finish(|event| source.push(event, &mut each));
    let ending = source.finish(&mut each);
    (words, ending)
}

/// Reads events of these data; gives all but the start.
fn events(data: &[&str]) -> (Vec<String>, Ending) {
    let stream: String = data
        .iter()
        .map(|data| format!("data: {data}\n\n"))
        .collect();
    let (mut words, ending) = read(stream.as_bytes(), usize::MAX);
    words.retain(|word| !word.starts_with("start "));
    (words, ending)
}

/// Reads these deltas and a finish; gives all but the start.
fn deltas(deltas: &[&str], finish: &str) -> Vec<String> {
    let chunk = |delta: &&str| format!(r#"{{"id":"i","choices":[{{"index":0,"delta":{delta}}}]}}"#);
    let mut data: Vec<String> = deltas.iter().map(chunk).collect();
    data.push(format!(
        r#"{{"choices":[{{"delta":{{}},"finish_reason":"{finish}"}}]}}"#
    ));
    data.push("[DONE]".to_owned());
    let data: Vec<&str> = data.iter().map(String::as_str).collect();
    let (words, ending) = events(&data);
    assert_eq!(ending, Ending::Whole, "{words:?}");
    words
}

#[test]
fn a_plain_answer_with_its_tokens_behind_it() {
    let stream = concat!(
        ": a comment\n\n",
        "data: {\"id\":\"c1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n",
        "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi \\u00e4\\n\"}}],\"usage\":null}\n\n",
        "data: {\"id\":\"c1\",\"choices\":[{\"index\":1,\"delta\":{\"content\":\"other\"}}]}\n\n",
        "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"you\"},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"id\":\"c1\",\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,\"prompt_tokens_details\":{\"cached_tokens\":4}}}\n\n",
        "data: [DONE]\n\n",
    );
    let expected = [
        "start c1 m false",
        "0 text",
        "0 + Hi ä\n",
        "0 + you",
        "0 end",
        "usage Some(5) Some(4) Some(2)",
        "EndTurn",
    ];
    let (words, ending) = read(stream.as_bytes(), usize::MAX);
    assert_eq!(words, expected);
    assert_eq!(ending, Ending::Whole);
    for cut in 1..40 {
        assert_eq!(read(stream.as_bytes(), cut).0, expected, "{cut}");
    }
}

#[test]
fn calls_in_fragments_may_interleave() {
    let words = deltas(
        &[
            r#"{"content":"ok"}"#,
            r#"{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}"#,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}}]}"#,
            r#"{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"{"}}]}"#,
            r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"1}"}},{"index":1,"function":{"arguments":"}"}}]}"#,
        ],
        "stop",
    );
    assert_eq!(
        words,
        [
            "0 text",
            "0 + ok",
            "0 end",
            "1 call a:f",
            "1 + {\"x\":",
            "2 call b:g",
            "2 + {",
            "1 + 1}",
            "2 + }",
            "1 end",
            "2 end",
            "ToolUse"
        ]
    );
}

#[test]
fn whole_calls_need_no_index_and_may_share_one() {
    let two = [
        "0 call a:f",
        "0 + {\"x\":1}",
        "1 call b:f",
        "0 end",
        "1 + {}",
        "1 end",
        "ToolUse",
    ];
    for calls in [
        r#"[{"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}},{"id":"b","function":{"name":"f","arguments":"{}"}}]"#,
        r#"[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}},{"index":0,"id":"b","function":{"name":"f","arguments":"{}"}}]"#,
        r#"[{"index":0,"id":"a","function":{"name":"f","arguments":{"x":1}}},{"index":1,"id":"b","function":{"name":"f","arguments":{}}}]"#,
    ] {
        let delta = format!(r#"{{"tool_calls":{calls}}}"#);
        assert_eq!(deltas(&[&delta], "tool_calls"), two, "{calls}");
    }
    let no_ids =
        r#"{"tool_calls":[{"function":{"name":"f","arguments":null}},{"function":{"name":"f"}}]}"#;
    let words = deltas(&[no_ids], "tool_calls");
    assert_eq!(
        words,
        ["0 call :f", "1 call :f", "0 end", "1 end", "ToolUse"]
    );
}

#[test]
fn another_name_behind_a_whole_call_begins_a_call() {
    let told = deltas(
        &[
            r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":""}}]}"#,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":1}"}}]}"#,
            r#"{"tool_calls":[{"index":0,"function":{"name":"g","arguments":""}}]}"#,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"y\":2}"}}]}"#,
        ],
        "tool_calls",
    );
    let has = |word: &str| told.iter().any(|one| one == word);
    assert!(has("0 + {\"x\":1}") && has("1 + {\"y\":2}"), "{told:?}");
    let names: Vec<_> = told.iter().filter(|one| one.contains(" call ")).collect();
    assert_eq!(names, ["0 call :f", "1 call :g"]);
}

#[test]
fn what_is_repeated_is_said_once() {
    let words = deltas(
        &[
            r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"get_","arguments":""}}]}"#,
            r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"it","arguments":"{}"}}]}"#,
            r#"{"tool_calls":[{"index":0,"id":"x","function":{"arguments":"{\"y\":2}"}}]}"#,
            r#"{"tool_calls":[{"index":0,"id":"a","function":{"arguments":"{\"y\":2}"}}]}"#,
        ],
        "tool_calls",
    );
    assert_eq!(
        words,
        ["0 call a:get_it", "0 + {\"y\":2}", "0 end", "ToolUse"]
    );
    // Two calls with one id: whoever writes them makes the other.
    let same = r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}},{"index":1,"id":"a","function":{"name":"g","arguments":"{}"}}]}"#;
    let words = deltas(&[same], "tool_calls");
    assert_eq!(
        words,
        [
            "0 call a:f",
            "0 + {}",
            "1 call :g",
            "0 end",
            "1 + {}",
            "1 end",
            "ToolUse"
        ]
    );
}

#[test]
fn a_name_may_come_after_the_arguments_or_never() {
    let late = [
        r#"{"tool_calls":[{"index":0,"id":"a","function":{"arguments":"{\"x\":"}}]}"#,
        r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"1}"}}]}"#,
    ];
    assert_eq!(
        deltas(&late, "stop"),
        ["0 call a:f", "0 + {\"x\":", "0 + 1}", "0 end", "ToolUse"]
    );
    assert_eq!(deltas(&late[..1], "stop"), ["MalformedCall"]);
}

#[test]
fn an_index_may_be_wrong_where_nothing_else_is_new() {
    let told = ["0 call a:f", "0 + {", "0 + }", "0 end", "ToolUse"];
    for (one, two) in [
        (
            r#"{"id":"a","function":{"name":"f","arguments":"{"}}"#,
            r#"{"index":0,"function":{"arguments":"}"}}"#,
        ),
        (
            r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}"#,
            r#"{"index":1,"id":"a","function":{"arguments":"}"}}"#,
        ),
        (
            r#"{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}"#,
            r#"{"function":{"arguments":"}"}}"#,
        ),
    ] {
        let delta = |call| format!(r#"{{"tool_calls":[{call}]}}"#);
        assert_eq!(deltas(&[&delta(one), &delta(two)], "stop"), told, "{two}");
    }
}

#[test]
fn custom_and_legacy_calls_and_signatures() {
    let custom = [
        r#"{"tool_calls":[{"index":0,"id":"a","type":"custom","custom":{"name":"patch","input":""}}]}"#,
        r#"{"tool_calls":[{"index":0,"custom":{"input":"*** {} "}}]}"#,
        r#"{"tool_calls":[{"index":0,"custom":{"input":"{}"}}]}"#,
    ];
    assert_eq!(
        deltas(&custom, "tool_calls"),
        [
            "0 custom a:patch",
            "0 + *** {} ",
            "0 + {}",
            "0 end",
            "ToolUse"
        ]
    );
    let legacy = [
        r#"{"function_call":{"name":"f","arguments":"{"}}"#,
        r#"{"function_call":{"arguments":"}"}}"#,
    ];
    assert_eq!(
        deltas(&legacy, "function_call"),
        ["0 call :f", "0 + {", "0 + }", "0 end", "ToolUse"]
    );
    let none = [r#"{"function_call":{"name":"","arguments":""}}"#];
    assert_eq!(deltas(&none, "stop"), ["EndTurn"]);
    let signed = [
        r#"{"tool_calls":[{"index":0,"id":"a","extra_content":{"google":{"thought_signature":"s"}},"function":{"name":"f","arguments":"{}"}}]}"#,
    ];
    assert_eq!(
        deltas(&signed, "stop"),
        [
            "0 call a:f",
            "0 ThoughtSignature s",
            "0 + {}",
            "0 end",
            "ToolUse"
        ]
    );
    let routed = [
        r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}],"reasoning_details":[{"type":"reasoning.encrypted","id":"a","data":"s","format":"google-gemini-v1"}]}"#,
    ];
    assert!(deltas(&routed, "stop").contains(&"0 ThoughtSignature s".to_owned()));
}

#[test]
fn thinking_is_said_once_however_often_it_is_sent() {
    let told = [
        "0 thinking -",
        "0 + a",
        "0 + b",
        "0 end",
        "1 text",
        "1 + c",
        "1 end",
        "EndTurn",
    ];
    let text = r#"{"content":"c","reasoning":null}"#;
    for (one, two) in [
        (
            r#"{"reasoning_content":"a","content":null}"#,
            r#"{"reasoning_content":"b"}"#,
        ),
        (r#"{"reasoning":"a","content":""}"#, r#"{"reasoning":"b"}"#),
        (
            r#"{"reasoning":"a","reasoning_content":"a"}"#,
            r#"{"reasoning":"b","reasoning_content":"b"}"#,
        ),
        (
            r#"{"reasoning":"a","reasoning_details":[{"type":"reasoning.text","text":"a","index":0}]}"#,
            r#"{"reasoning":"b","reasoning_details":[{"type":"reasoning.text","text":"b","index":0}]}"#,
        ),
        (
            r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"a"}]}]}"#,
            r#"{"content":[{"type":"thinking","thinking":"b"}]}"#,
        ),
        (r#"{"content":" <think>a"}"#, r#"{"content":"b</think>\n"}"#),
    ] {
        assert_eq!(deltas(&[one, two, text], "stop"), told, "{one}");
    }
}

#[test]
fn what_proves_thinking_goes_with_it() {
    let words = deltas(
        &[
            r#"{"reasoning":"a","reasoning_details":[{"type":"reasoning.text","text":"a","index":0,"format":"anthropic-claude-v1"}]}"#,
            r#"{"reasoning_details":[{"type":"reasoning.text","signature":"sig","index":0,"format":"anthropic-claude-v1"}]}"#,
            r#"{"reasoning_details":[{"type":"reasoning.encrypted","data":"red","index":1,"format":"anthropic-claude-v1"}]}"#,
            r#"{"reasoning_details":[{"type":"reasoning.summary","summary":"b","index":2},{"type":"reasoning.encrypted","data":"enc","id":"rs_1","format":"openai-responses-v1","index":2}]}"#,
            r#"{"content":"c"}"#,
        ],
        "stop",
    );
    assert_eq!(
        words,
        [
            "0 thinking -",
            "0 + a",
            "0 Signature sig",
            "0 end",
            "1 thinking -",
            "1 Redacted red",
            "1 end",
            "2 thinking rs_1",
            "2 + b",
            "2 Encrypted enc",
            "2 end",
            "3 text",
            "3 + c",
            "3 end",
            "EndTurn"
        ]
    );
}

#[test]
fn refusals_and_annotations() {
    assert_eq!(
        deltas(&[r#"{"refusal":"no"}"#], "stop"),
        ["0 refusal", "0 + no", "0 end", "Refusal"]
    );
    let cited = [
        r#"{"content":"x"}"#,
        r#"{"content":"","annotations":[{"type":"url_citation","url_citation":{"url":"u"}}]}"#,
    ];
    let words = deltas(&cited, "stop");
    assert_eq!(
        words[2],
        r#"0 @ {"type":"url_citation","url_citation":{"url":"u"}}"#
    );
}

#[test]
fn why_it_ends_in_the_words_of_many_servers() {
    let text = [r#"{"content":"x"}"#];
    for (reason, stop) in [
        ("stop", "EndTurn"),
        ("eos", "EndTurn"),
        ("length", "MaxTokens"),
        ("model_length", "MaxTokens"),
        ("content_filter", "Refusal"),
        ("function_call", "ToolUse"),
        ("weird", r#"Other("weird")"#),
    ] {
        assert_eq!(
            deltas(&text, reason).last().map(String::as_str),
            Some(stop),
            "{reason}"
        );
    }
    let (words, _) = events(&[
        r#"{"choices":[{"delta":{"content":"x"},"finish_reason":"stop","stop_reason":"END"}]}"#,
    ]);
    assert_eq!(words.last().unwrap(), r#"Sequence(Some("END"))"#);
}

#[test]
fn an_answer_that_breaks_off_is_cut() {
    let text = r#"{"id":"i","choices":[{"delta":{"content":"x"}}]}"#;
    assert_eq!(events(&[text]).1, Ending::Cut);
    assert_eq!(events(&[]).1, Ending::Cut);
    assert_eq!(events(&["[DONE]"]).1, Ending::Cut);
    let empty = r#"{"choices":[{"delta":{"content":"x"},"finish_reason":""}]}"#;
    assert_eq!(events(&[empty]).1, Ending::Cut);
    // Who says that it is over means it.
    assert_eq!(events(&[text, "[DONE]"]).1, Ending::Whole);
    let finish = r#"{"choices":[{"finish_reason":"stop"}]}"#;
    assert_eq!(events(&[text, finish]).1, Ending::Whole);
}

#[test]
fn failures_in_a_stream() {
    for (data, failed) in [
        (r#"{"error":{"message":"m","code":429}}"#, "failed 429 m"),
        (r#"{"id":"x","choices":[],"error":"m"}"#, "failed 500 m"),
        (
            r#"{"object":"error","message":"m","code":400}"#,
            "failed 400 m",
        ),
        (r#"{"detail":"m"}"#, "failed 500 m"),
        (
            r#"{"choices":[{"error":{"code":502,"message":"m"},"finish_reason":"error"}]}"#,
            "failed 502 m",
        ),
        (
            r#"{"x_groq":{"error":"m"},"error":{"message":"m","type":"rate_limit_exceeded"}}"#,
            "failed 429 m",
        ),
        (
            "<html>",
            "failed 502 the upstream sent an event that is not JSON",
        ),
        (
            r#"{"choices":[{"delta":{"content":"x"}"#,
            "failed 502 the upstream sent an event that is not JSON",
        ),
    ] {
        let (words, ending) = events(&[data, r#"{"choices":[{"delta":{"content":"x"}}]}"#]);
        assert_eq!(words, [failed], "{data}");
        assert_eq!(ending, Ending::Failed);
    }
}

#[test]
fn chunks_that_say_nothing_begin_nothing() {
    let (words, _) = events(&[
        r#"{"id":"","model":"","object":"","choices":[],"prompt_filter_results":[]}"#,
        r#"{"id":"i","choices":null}"#,
        r#"{"choices":[{"index":0,"content_filter_offsets":{}}]}"#,
        r#"{"choices":[{"delta":null}]}"#,
        "",
    ]);
    assert!(words.is_empty(), "{words:?}");
}

#[test]
fn a_message_behind_its_deltas_is_not_said_again() {
    let (words, _) = events(&[
        r#"{"choices":[{"delta":{"content":"x"},"message":{"content":"x"}}]}"#,
        r#"{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}"#,
    ]);
    assert_eq!(words, ["0 text", "0 + x", "0 end", "EndTurn"]);
}

#[test]
fn a_whole_answer_may_stand_in_place_of_chunks() {
    let (words, ending) = events(&[
        r#"{"id":"i","object":"chat.completion","choices":[{"index":0,"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#,
    ]);
    let expected = [
        "0 text",
        "0 + x",
        "0 end",
        "usage Some(1) None Some(1)",
        "EndTurn",
    ];
    assert_eq!(words, expected);
    assert_eq!(ending, Ending::Whole);
}

#[test]
fn tokens_may_come_anywhere_and_count_once() {
    let usage = r#""usage":{"prompt_tokens":3,"completion_tokens":1}"#;
    let first = format!(r#"{{"id":"i","choices":[{{"delta":{{"content":"x"}}}}],{usage}}}"#);
    let last =
        r#"{"choices":[{"finish_reason":"stop"}],"x_groq":{"usage":{"completion_tokens":2}}}"#;
    let (words, _) = events(&[&first, &first, last, "[DONE]"]);
    assert_eq!(
        words[words.len() - 2..],
        ["usage Some(3) None Some(2)", "EndTurn"]
    );
    let early = r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;
    let (words, _) = events(&[early, &first, last]);
    assert_eq!(
        words[words.len() - 2..],
        ["usage Some(3) None Some(2)", "EndTurn"]
    );
}

proptest! {
    #[test]
    fn no_event_makes_it_panic(data in proptest::collection::vec(
        r#"(\{|\}|\[|\]|"|:|,|"choices":|"delta":|"tool_calls":|"index":0|"function":|"name":"a"|"arguments":"\{"|"content":"<think>"|"error":|null|\[DONE\])*"#, 0..6
    )) {
        let data: Vec<&str> = data.iter().map(String::as_str).collect();
        events(&data);
    }

    #[test]
    fn odd_deltas_keep_the_order_of_signals(deltas in proptest::collection::vec(odd_delta(), 0..12)) {
        let data: Vec<String> = deltas.iter().map(|delta| {
            format!(r#"{{"id":"i","choices":[{{"delta":{delta}}}]}}"#)
        }).collect();
        let mut data: Vec<&str> = data.iter().map(String::as_str).collect();
        data.push("[DONE]");
        let (words, _) = events(&data);
        let mut open = std::collections::BTreeSet::new();
        let mut next = 0;
        for word in words {
            let Some((part, rest)) = word.split_once(' ') else { continue };
            let Ok(part) = part.parse::<usize>() else { continue };
            match rest {
                "end" => prop_assert!(open.remove(&part)),
                _ if rest.starts_with('+') => prop_assert!(open.contains(&part)),
                _ if part == next => {
                    open.insert(part);
                    next += 1;
                }
                _ => prop_assert!(open.contains(&part), "{}", word),
            }
        }
        prop_assert!(open.is_empty());
    }
}

fn odd_delta() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        r#"{"content":"x"}"#,
        r#"{"content":"<thi"}"#,
        r#"{"content":"nk>"}"#,
        r#"{"reasoning":"r"}"#,
        r#"{"refusal":"n"}"#,
        r#"{"reasoning_details":[{"signature":"s","format":"anthropic-claude-v1"}]}"#,
        r#"{"reasoning_details":[{"data":"s","id":"a","format":"google-gemini-v1"}]}"#,
        r#"{"extra_content":{"google":{"thought_signature":"s"}}}"#,
        r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f"}}]}"#,
        r#"{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}"#,
        r#"{"tool_calls":[{"function":{"arguments":"{"}}]}"#,
        r#"{"tool_calls":[{"id":"b","function":{"name":"g","arguments":{"a":1}}}]}"#,
        r#"{"tool_calls":{"index":2,"custom":{"name":"c","input":"i"}}}"#,
        r#"{"function_call":{"name":"l","arguments":"{"}}"#,
        r#"{"annotations":[{"type":"file"}]}"#,
    ])
}
