//! Every stream follows its dialect's grammar, and says the same as the whole body does.

use serde_json::{Value, json};

use crate::client::{APIS, Api, ask, events, mock};

/// What a client ends up with: reasoning, text, and calls as (name, arguments).
#[derive(Debug, Default, PartialEq)]
struct Said {
    thinking: String,
    text: String,
    calls: Vec<(String, Value)>,
    stop: String,
    output_tokens: u64,
}

fn text_of(value: &Value, at: &str) -> String {
    value
        .pointer(at)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn typed_events(body: &[u8]) -> Vec<Value> {
    let parse = |(name, data): (Option<String>, String)| {
        let value: Value = serde_json::from_str(&data).unwrap();
        assert_eq!(
            name.as_deref(),
            value["type"].as_str(),
            "the event line names the type"
        );
        value
    };
    events(body).into_iter().map(parse).collect()
}

fn anthropic_stream(body: &[u8]) -> Said {
    let mut said = Said::default();
    let mut open = None;
    let mut next_index = 0;
    let mut input = String::new();
    let all = typed_events(body);
    assert_eq!(all[0]["type"], "message_start");
    assert_eq!(all[0]["message"]["content"], json!([]));
    assert!(all[0]["message"]["usage"]["input_tokens"].is_u64());
    assert_eq!(all.last().unwrap()["type"], "message_stop");
    for event in &all[1..] {
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                assert_eq!((open, event["index"].as_u64()), (None, Some(next_index)));
                open = Some(event["content_block"].clone()).map(|_| next_index);
                next_index += 1;
                if event["content_block"]["type"] == "tool_use" {
                    assert_eq!(event["content_block"]["input"], json!({}));
                    said.calls
                        .push((text_of(event, "/content_block/name"), Value::Null));
                }
            }
            "content_block_delta" => {
                assert_eq!(open, event["index"].as_u64());
                said.thinking += &text_of(event, "/delta/thinking");
                said.text += &text_of(event, "/delta/text");
                input += &text_of(event, "/delta/partial_json");
            }
            "content_block_stop" => {
                assert_eq!(open.take(), event["index"].as_u64());
                if !input.is_empty() {
                    said.calls.last_mut().unwrap().1 = serde_json::from_str(&input).unwrap();
                    input.clear();
                }
            }
            "message_delta" => {
                assert_eq!(open, None);
                assert!(event["delta"].get("stop_sequence").is_some());
                said.stop = text_of(event, "/delta/stop_reason");
                said.output_tokens = event["usage"]["output_tokens"].as_u64().unwrap();
            }
            "ping" | "message_stop" => {}
            other => panic!("an event of type {other}"),
        }
    }
    said
}

fn anthropic_whole(body: &Value) -> Said {
    let mut said = Said {
        stop: text_of(body, "/stop_reason"),
        output_tokens: body["usage"]["output_tokens"].as_u64().unwrap(),
        ..Said::default()
    };
    for block in body["content"].as_array().unwrap() {
        said.thinking += &text_of(block, "/thinking");
        said.text += &text_of(block, "/text");
        if block["type"] == "tool_use" {
            said.calls
                .push((text_of(block, "/name"), block["input"].clone()));
        }
    }
    said
}

fn chat_stream(body: &[u8]) -> Said {
    let mut said = Said::default();
    let mut calls: Vec<(String, String)> = Vec::new();
    let all = events(body);
    let (last, chunks) = all.split_last().unwrap();
    assert_eq!(last, &(None, "[DONE]".to_owned()));
    let chunks: Vec<Value> = chunks
        .iter()
        .map(|(_, d)| serde_json::from_str(d).unwrap())
        .collect();
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    for chunk in &chunks {
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert_eq!(chunk["id"], chunks[0]["id"]);
        let delta = &chunk["choices"][0]["delta"];
        said.thinking += &text_of(delta, "/reasoning_content");
        said.text += &text_of(delta, "/content");
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            if call.get("id").is_some() {
                assert_eq!(call["index"], calls.len());
                calls.push((text_of(call, "/function/name"), String::new()));
            }
            calls.last_mut().unwrap().1 += &text_of(call, "/function/arguments");
        }
        if let Some(reason) = chunk["choices"][0]["finish_reason"].as_str() {
            reason.clone_into(&mut said.stop);
        }
    }
    let usage = chunks.last().unwrap();
    assert_eq!(usage["choices"], json!([]));
    said.output_tokens = usage["usage"]["completion_tokens"].as_u64().unwrap();
    said.calls = calls
        .into_iter()
        .map(|(name, a)| (name, serde_json::from_str(&a).unwrap()))
        .collect();
    said
}

fn chat_whole(body: &Value) -> Said {
    let message = &body["choices"][0]["message"];
    let call = |call: &Value| {
        let arguments = serde_json::from_str(call["function"]["arguments"].as_str().unwrap());
        (text_of(call, "/function/name"), arguments.unwrap())
    };
    Said {
        thinking: text_of(message, "/reasoning_content"),
        text: text_of(message, "/content"),
        calls: message["tool_calls"]
            .as_array()
            .into_iter()
            .flatten()
            .map(call)
            .collect(),
        stop: text_of(body, "/choices/0/finish_reason"),
        output_tokens: body["usage"]["completion_tokens"].as_u64().unwrap(),
    }
}

fn responses_stream(body: &[u8]) -> Said {
    let all = typed_events(body);
    assert_eq!(all[0]["type"], "response.created");
    let mut done = Vec::new();
    let mut text = String::new();
    for (number, event) in all.iter().enumerate() {
        assert_eq!(event["sequence_number"], number);
        match event["type"].as_str().unwrap() {
            "response.output_item.done" => {
                assert_eq!(event["output_index"], done.len());
                done.push(event["item"].clone());
            }
            "response.output_text.delta" => text += &text_of(event, "/delta"),
            "response.output_text.done" => assert_eq!(text_of(event, "/text"), text),
            _ => {}
        }
    }
    let last = &all.last().unwrap()["response"];
    assert_eq!(last["id"], all[0]["response"]["id"]);
    assert_eq!(last["output"].as_array().unwrap(), &done);
    responses_whole(last)
}

fn responses_whole(body: &Value) -> Said {
    let mut said = Said {
        stop: text_of(body, "/status"),
        output_tokens: body["usage"]["output_tokens"].as_u64().unwrap(),
        ..Said::default()
    };
    for item in body["output"].as_array().unwrap() {
        said.thinking += &text_of(item, "/summary/0/text");
        said.text += &text_of(item, "/content/0/text");
        if item["type"] == "function_call" {
            let arguments = serde_json::from_str(item["arguments"].as_str().unwrap()).unwrap();
            said.calls.push((text_of(item, "/name"), arguments));
        }
    }
    said
}

fn gemini(chunks: &[Value]) -> Said {
    let mut said = Said::default();
    let (last, before) = chunks.split_last().unwrap();
    assert!(
        before
            .iter()
            .all(|chunk| chunk["candidates"][0].get("finishReason").is_none())
    );
    for chunk in chunks {
        assert_eq!(chunk["responseId"], chunks[0]["responseId"]);
        for part in chunk["candidates"][0]["content"]["parts"]
            .as_array()
            .unwrap()
        {
            let is_thought = part["thought"] == true;
            let into = if is_thought {
                &mut said.thinking
            } else {
                &mut said.text
            };
            *into += &text_of(part, "/text");
            if let Some(call) = part.get("functionCall") {
                said.calls
                    .push((text_of(call, "/name"), call["args"].clone()));
            }
        }
    }
    said.stop = text_of(last, "/candidates/0/finishReason");
    said.output_tokens = last["usageMetadata"]["candidatesTokenCount"]
        .as_u64()
        .unwrap();
    said
}

fn streamed(api: Api, body: &[u8]) -> Said {
    match api {
        Api::Anthropic => anthropic_stream(body),
        Api::Chat => chat_stream(body),
        Api::Responses => responses_stream(body),
        Api::Gemini => {
            let chunks = events(body)
                .into_iter()
                .map(|(_, d)| serde_json::from_str(&d).unwrap());
            gemini(&chunks.collect::<Vec<_>>())
        }
    }
}

fn whole(api: Api, body: &Value) -> Said {
    match api {
        Api::Anthropic => anthropic_whole(body),
        Api::Chat => chat_whole(body),
        Api::Responses => responses_whole(body),
        Api::Gemini => gemini(std::slice::from_ref(body)),
    }
}

#[tokio::test]
async fn streams_follow_their_grammar_and_say_what_the_whole_body_says() {
    let mock = mock().await;
    let scenarios = [
        "text",
        "text,size=9000",
        "text,crlf",
        "tools",
        "tools,before=\"First a word.\"",
        "parallel,n=3",
        "thinking",
        "citations",
        "pings,pings=3",
        "max_tokens",
        "refusal",
        "stop_sequence",
        "usage",
        "odd,chunks=20",
        "split,split=random:3:50",
        "huge_line,size=100000",
        "close",
    ];
    for api in APIS {
        for scenario in scenarios {
            let stream = ask(&mock, api, scenario, true).await;
            let body = ask(&mock, api, scenario, false).await;
            assert!(stream.is_whole && body.is_whole, "{api:?} {scenario}");
            assert_eq!(
                streamed(api, &stream.body()),
                whole(api, &body.json()),
                "{api:?} {scenario}"
            );
        }
    }
}

#[tokio::test]
async fn thinking_carries_a_signature_in_each_dialect_that_has_one() {
    let mock = mock().await;
    let text = ask(&mock, Api::Anthropic, "thinking", true).await.text();
    assert!(
        text.contains("\"type\":\"signature_delta\",\"signature\":\"EqQBCkYI"),
        "{text}"
    );
    let text = ask(&mock, Api::Gemini, "thinking", true).await.text();
    assert!(text.contains("\"thoughtSignature\": \"EqQBCkYI"), "{text}");
}

#[tokio::test]
async fn encrypted_reasoning_comes_when_it_is_included() {
    let mock = mock().await;
    let body = json!({"model": "m", "input": "[mock:thinking]", "stream": true,
        "include": ["reasoning.encrypted_content"]});
    let text = crate::client::tell(&mock, "/v1/responses", &body)
        .await
        .text();
    assert!(text.contains("\"encrypted_content\":\"gAAAAB"), "{text}");
}

#[tokio::test]
async fn the_usage_variant_counts_3_then_7() {
    let mock = mock().await;
    let reply = ask(&mock, Api::Anthropic, "usage", true).await;
    let all = typed_events(&reply.body());
    let start = &all[0]["message"]["usage"];
    assert_eq!(
        (&start["input_tokens"], &start["cache_read_input_tokens"]),
        (&json!(10), &json!(5))
    );
    let counts: Vec<&Value> = all
        .iter()
        .filter(|event| event["type"] == "message_delta")
        .map(|event| &event["usage"]["output_tokens"])
        .collect();
    assert_eq!(counts, [&json!(3), &json!(7)]);
}

#[tokio::test]
async fn gemini_without_alt_sse_is_one_json_array() {
    let mock = mock().await;
    let body = Api::Gemini.body("hi", true);
    let target = "/v1beta/models/gemini-x:streamGenerateContent";
    let reply = crate::client::tell(&mock, target, &body).await;
    assert_eq!(gemini(reply.json().as_array().unwrap()).stop, "STOP");
}

#[tokio::test]
async fn gemini_escapes_what_its_clients_cannot_read() {
    let mock = mock().await;
    let reply = ask(&mock, Api::Gemini, "text,text=\"<a>&\u{2028}\"", true).await;
    let text = reply.text();
    assert!(text.contains(r"\u003ca\u003e\u0026\u2028"), "{text}");
}
