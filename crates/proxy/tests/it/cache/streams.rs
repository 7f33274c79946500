//! Streams are kept only whole, and given again as they came.

use weir_mock::{Cut, Gate, Raw};

use super::{OPT_IN, cached, status, word};
use crate::net::{BODY, Wire, net, post, text};

const STREAMS: (&str, &str) = ("cache.stream_responses", "true");
const EVENT: &str =
    "event: content_block_delta\r\ndata: {\"type\":\"content_block_delta\"}\r\n\r\n";
const LAST: &str = ": odd\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

fn stream() -> Raw {
    Raw::new(200).header("content-type", "text/event-stream; charset=utf-8")
}

fn whole() -> Raw {
    stream().piece(EVENT).piece(EVENT).piece(LAST)
}

#[tokio::test]
async fn streams_are_kept_only_where_that_is_switched_on() {
    let net = cached(&[]).await;
    for _ in 0..2 {
        net.mock.push(whole());
        let answer = net.say(&[OPT_IN]).await;
        assert_eq!(status(&answer), "weir; fwd=uri-miss; detail=stream");
    }
    assert_eq!(net.reached(), 2);
}

#[tokio::test]
async fn a_stream_is_given_again_byte_for_byte() {
    let net = cached(&[STREAMS]).await;
    net.mock.push(whole().split_every(7));
    let first = net.say(&[OPT_IN]).await;
    assert_eq!(
        word(&first),
        "miss",
        "nobody can know yet whether it will be whole"
    );
    let second = net.say(&[OPT_IN]).await;
    assert_eq!((word(&second), net.reached()), ("hit", 1));
    assert_eq!(text(&second.body), [EVENT, EVENT, LAST].concat());
    assert_eq!(second.body, first.body);
    assert_eq!(second.header("content-type"), first.header("content-type"));
    assert_eq!(second.header("cache-control"), Some("public, max-age=60"));
}

#[tokio::test]
async fn a_stream_that_is_not_whole_is_not_kept() {
    let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"x\"}}\n\n";
    for raw in [
        stream().piece(EVENT).piece(EVENT),
        stream().piece(EVENT).cut(Cut::Fin),
        stream().piece(EVENT).piece(error).piece(LAST),
        stream().piece(EVENT).piece(EVENT).close_delimited(),
        stream().piece(EVENT.repeat(50)).piece(LAST),
    ] {
        let net = cached(&[STREAMS, ("cache.max_object_bytes", "2000")]).await;
        net.mock.push(raw.clone());
        net.say(&[OPT_IN]).await;
        net.records.ended(1).await;
        net.mock.push(whole());
        let again = net.say(&[OPT_IN]).await;
        assert_eq!(text(&again.body), [EVENT, EVENT, LAST].concat(), "{raw:?}");
        assert_eq!((net.reached(), net.view().dropped), (2, 1), "{raw:?}");
    }
}

#[tokio::test]
async fn a_client_that_leaves_leaves_nothing_behind() {
    let net = cached(&[STREAMS]).await;
    let gate = Gate::new();
    net.mock
        .push(stream().piece(EVENT).pause(&gate).piece(LAST));
    let mut wire = Wire::connect(net.addr).await;
    wire.send(&post("/v1/messages", &[super::KEY, OPT_IN], BODY))
        .await;
    wire.until(EVENT.as_bytes()).await;
    drop(wire);
    net.records.ended(1).await;
    assert_eq!((net.view().store.entries, net.view().dropped), (0, 1));
    net.mock.push(whole());
    let again = net.say(&[OPT_IN]).await;
    assert_eq!(text(&again.body), [EVENT, EVENT, LAST].concat());
    gate.open_for_good();
}

#[tokio::test]
async fn a_stream_goes_on_as_it_comes_while_it_is_copied() {
    let net = cached(&[STREAMS]).await;
    let gate = Gate::new();
    net.mock
        .push(stream().piece(EVENT).pause(&gate).piece(LAST));
    let mut wire = Wire::connect(net.addr).await;
    wire.send(&post("/v1/messages", &[super::KEY, OPT_IN], BODY))
        .await;
    wire.until(EVENT.as_bytes()).await;
    gate.open();
    wire.until(LAST.as_bytes()).await;
    wire.until(b"0\r\n\r\n").await;
    assert_eq!(word(&net.say(&[OPT_IN]).await), "hit");
    let off = net_off().await;
    assert_eq!(off.view().store.entries, 0);
}

/// One without a cache, for comparison.
async fn net_off() -> crate::net::Net {
    let net = net(&[STREAMS]).await;
    net.mock.push(whole());
    net.say(&[OPT_IN]).await;
    net
}
