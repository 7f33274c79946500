//! Streams stay streams.

use weir_mock::{Cut, Gate, Raw};

use crate::net::{BODY, Wire, ask, find, net, post, text, within};

const SSE: (&str, &str) = ("content-type", "text/event-stream; charset=utf-8");

fn stream() -> Raw {
    Raw::new(200).header(SSE.0, SSE.1)
}

#[tokio::test]
async fn a_streams_bytes_are_not_touched() {
    let net = net(&[]).await;
    let odd = "\u{feff}: comment\r\n\r\nid: 7\nretry: 10\nevent: message_start\ndata: {\"a\":1}\n\n\n\n\
               event:x\rdata:y\r\r: ping\n\ndata: \u{2028}\u{1f600}\ndata: second\n\nevent: unknown\ndata: [DONE]";
    for size in [1, 7, 4096] {
        net.mock.push(stream().piece(odd).split_every(size));
        let answer = ask(net.addr, &post("/v1/messages", &[], BODY)).await;
        assert_eq!(answer.header("content-type"), Some(SSE.1));
        assert_eq!(text(&answer.body), odd);
        assert!(answer.whole);
    }
}

#[tokio::test]
async fn proxies_on_the_way_are_asked_not_to_hold_a_stream_back() {
    let net = net(&[]).await;
    let silent = || stream().piece("data: 1\n\n");
    let spoken = silent().header("cache-control", "no-store");
    for (raw, caching) in [(silent(), "no-cache, no-transform"), (spoken, "no-store")] {
        net.mock.push(raw);
        let answer = ask(net.addr, &post("/v1/messages", &[], BODY)).await;
        assert_eq!(answer.header("cache-control"), Some(caching));
        assert_eq!(answer.header("x-accel-buffering"), Some("no"));
    }
    net.mock.push(
        Raw::new(200)
            .header("content-type", "application/json")
            .body("{}"),
    );
    let answer = ask(net.addr, &post("/v1/messages", &[], BODY)).await;
    assert_eq!(answer.header("x-accel-buffering"), None);
}

#[tokio::test]
async fn each_piece_reaches_the_client_before_the_next_is_sent() {
    let net = net(&[]).await;
    let gate = Gate::new();
    let mut raw = stream();
    for number in 0..5 {
        raw = raw.piece(format!("data: {number}\n\n")).pause(&gate);
    }
    net.mock.push(raw);
    let mut wire = Wire::connect(net.addr).await;
    wire.send(&post("/v1/messages", &[], BODY)).await;
    for number in 0..5 {
        // The mock is at the gate, and stays there until this piece is here.
        wire.until(format!("data: {number}\n\n").as_bytes()).await;
        gate.open();
    }
    wire.until(b"0\r\n\r\n").await;
}

#[tokio::test]
async fn the_head_comes_before_the_first_piece() {
    let net = net(&[]).await;
    let gate = Gate::new();
    net.mock.push(stream().pause(&gate).piece("data: 1\n\n"));
    let mut wire = Wire::connect(net.addr).await;
    wire.send(&post("/v1/messages", &[], BODY)).await;
    let (status, _) = within(wire.head()).await;
    assert_eq!(status, 200);
    gate.open();
    wire.until(b"data: 1").await;
}

#[tokio::test]
async fn a_line_of_eight_mebibytes_passes() {
    let net = net(&[]).await;
    let line = format!("data: {}\n\n", "x".repeat(8 << 20));
    net.mock.push(stream().piece(line.clone()));
    let answer = ask(net.addr, &post("/v1/messages", &[], BODY)).await;
    assert_eq!(answer.body.len(), line.len());
    assert!(answer.body == line.as_bytes());
    let record = net.records.ended(1).await;
    assert_eq!(record.body.len, line.len());
    assert!(!record.truncated);
}

#[tokio::test]
async fn a_client_that_leaves_cancels_the_upstream() {
    let net = net(&[]).await;
    net.mock.push(stream().piece("data: 1\n\n").hang());
    let mut wire = Wire::connect(net.addr).await;
    wire.send(&post("/v1/messages", &[], BODY)).await;
    wire.until(b"data: 1\n\n").await;
    drop(wire);
    within(
        net.mock
            .wait_until(|all| all[0].client_closed_early.is_some()),
    )
    .await;
    let record = net.records.ended(1).await;
    assert_eq!(record.end, weir_core::exchange::End::ClientGone);
    assert_eq!(
        text(&record.body.to_bytes()),
        "data: 1\n\n",
        "what had come is kept"
    );
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_cancels_the_upstream() {
    let net = net(&[]).await;
    let gate = Gate::new();
    net.mock.push(stream().pause_before_head(&gate));
    let mut wire = Wire::connect(net.addr).await;
    wire.send(&post("/v1/messages", &[], BODY)).await;
    within(gate.reached(1)).await;
    drop(wire);
    within(
        net.mock
            .wait_until(|all| all[0].client_closed_early.is_some()),
    )
    .await;
    let record = net.records.ended(1).await;
    assert_eq!(
        (record.status, &record.end),
        (None, &weir_core::exchange::End::ClientGone)
    );
}

#[tokio::test]
async fn a_break_upstream_is_a_break_downstream() {
    let net = net(&[]).await;
    for cut in [Cut::Fin, Cut::Rst] {
        net.mock.push(stream().piece("data: 1\n\nda").cut(cut));
        let answer = ask(net.addr, &post("/v1/messages", &[], BODY)).await;
        assert_eq!(answer.status, 200);
        assert!(!answer.whole, "no proper end is made up");
        assert!(find(&answer.body, b"data: 1\n\n").is_some() || cut == Cut::Rst);
        let record = net.records.ended(1).await;
        let weir_core::exchange::End::UpstreamBroke(reason) = &record.end else {
            panic!("{:?}", record.end)
        };
        assert!(reason.contains("upstream broke off"), "{reason}");
    }
}

#[tokio::test]
async fn a_body_without_length_ends_with_its_connection() {
    let net = net(&[]).await;
    net.mock
        .push(stream().piece("data: 1\n\n").close_delimited());
    let answer = ask(net.addr, &post("/v1/messages", &[], BODY)).await;
    assert_eq!(text(&answer.body), "data: 1\n\n");
    assert!(answer.whole);
}

#[tokio::test]
async fn silence_past_the_idle_timeout_is_a_break() {
    let net = net(&[("providers.anthropic.idle_timeout", "150ms")]).await;
    net.mock.push(stream().piece("data: 1\n\n").hang());
    let answer = ask(net.addr, &post("/v1/messages", &[], BODY)).await;
    assert!(!answer.whole);
    let record = net.records.ended(1).await;
    let weir_core::exchange::End::UpstreamBroke(reason) = &record.end else {
        panic!()
    };
    assert_eq!(&**reason, "upstream was silent for 150ms");
}

#[tokio::test]
async fn a_stream_outlasts_the_idle_timeout_as_long_as_bytes_come() {
    let net = net(&[("providers.anthropic.idle_timeout", "400ms")]).await;
    let mut raw = stream();
    for _ in 0..10 {
        raw = raw
            .piece(": ping\n\n")
            .sleep(std::time::Duration::from_millis(100));
    }
    net.mock.push(raw.piece("data: end\n\n"));
    let answer = ask(net.addr, &post("/v1/messages", &[], BODY)).await;
    assert!(answer.whole);
    assert!(find(&answer.body, b"data: end").is_some());
}

#[tokio::test]
async fn a_stream_outlasts_the_time_that_there_is_for_its_head() {
    let net = net(&[
        ("server.timeout_ms", "1000"),
        ("server.timeouts.read", "1s"),
    ])
    .await;
    let mut raw = stream();
    for _ in 0..10 {
        raw = raw
            .piece(": ping\n\n")
            .sleep(std::time::Duration::from_millis(200));
    }
    net.mock.push(raw.piece("data: end\n\n"));
    let began = std::time::Instant::now();
    let answer = ask(net.addr, &post("/v1/messages", &[], BODY)).await;
    assert!(began.elapsed().as_secs() >= 2);
    assert!(answer.whole, "nothing cuts it off");
    assert!(find(&answer.body, b"data: end").is_some());
}

#[tokio::test]
async fn arrivals_are_timed_piece_by_piece() {
    let net = net(&[]).await;
    let gate = Gate::new();
    let mut raw = stream();
    for number in 0..10 {
        raw = raw.piece(format!("data: {number}\n\n")).pause(&gate);
    }
    net.mock.push(raw);
    let mut wire = Wire::connect(net.addr).await;
    wire.send(&post("/v1/messages", &[], BODY)).await;
    for number in 0..10 {
        wire.until(format!("data: {number}\n\n").as_bytes()).await;
        gate.open();
    }
    let record = net.records.ended(1).await;
    assert_eq!(record.arrivals.len(), 10);
    assert!(
        record
            .arrivals
            .is_sorted_by_key(|arrival| arrival.elapsed_us)
    );
    let sum: usize = record
        .arrivals
        .iter()
        .map(|arrival| arrival.size as usize)
        .sum();
    assert_eq!(sum, record.body.len);
}

#[tokio::test]
async fn captured_bytes_are_bounded_and_relayed_ones_are_not() {
    let net = net(&[("capture.max_body_bytes", "64KiB")]).await;
    let body = "x".repeat(1 << 20);
    net.mock
        .push(stream().piece(body.clone()).split_every(10_000));
    let answer = ask(net.addr, &post("/v1/messages", &[], BODY)).await;
    assert_eq!(answer.body.len(), body.len());
    let record = net.records.ended(1).await;
    assert!(record.truncated);
    assert!(record.body.len <= 64 << 10);
    let arrived: usize = record
        .arrivals
        .iter()
        .map(|arrival| arrival.size as usize)
        .sum();
    assert_eq!(arrived, body.len(), "the timing covers all of it");
    assert_eq!(
        net.gateway.sink.held.bytes(),
        0,
        "nothing is held once it has ended"
    );
}

#[tokio::test]
async fn two_hundred_streams_run_at_once() {
    let net = net(&[]).await;
    let gate = Gate::new();
    let mut wires = Vec::new();
    for number in 0..200 {
        net.mock.push(
            stream()
                .piece(format!("data: {number}\n\n"))
                .pause(&gate)
                .piece("data: end\n\n"),
        );
        let mut wire = Wire::connect(net.addr).await;
        wire.send(&post("/v1/messages", &[], BODY)).await;
        wire.until(format!("data: {number}\n\n").as_bytes()).await;
        wires.push(wire);
    }
    assert_eq!(net.gateway.lifecycle.in_flight(), 200);
    for _ in 0..200 {
        gate.open();
    }
    for wire in &mut wires {
        wire.until(b"data: end\n\n").await;
        wire.until(b"0\r\n\r\n").await;
    }
    net.records.ended(200).await;
    assert_eq!(net.gateway.lifecycle.in_flight(), 0);
}

#[tokio::test]
async fn small_pieces_are_kept_whole_and_in_order() {
    let net = net(&[]).await;
    let body: String = (0..40_000).map(|number| format!("{number} ")).collect();
    for max in [3, 6_000, 70_000] {
        net.mock
            .push(stream().piece(body.clone()).split_random(7, max));
        let answer = ask(net.addr, &post("/v1/messages", &[], BODY)).await;
        assert!(answer.body == body.as_bytes());
        let record = net.records.ended(1).await;
        assert!(record.body.to_bytes() == body.as_bytes());
        assert!(!record.truncated);
    }
}

#[tokio::test]
async fn a_body_sent_in_crumbs_takes_no_more_memory_than_its_length() {
    let net = net(&[]).await;
    net.mock.push(Raw::new(200).body("{}"));
    let mut wire = Wire::connect(net.addr).await;
    wire.send(b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
    let crumbs = b"1\r\nx\r\n".repeat(20_000);
    wire.send(&crumbs).await;
    wire.send(b"0\r\n\r\n").await;
    assert_eq!(wire.answer().await.status, 200);
    assert_eq!(net.mock.received()[0].body, "x".repeat(20_000));
    let started = net.records.started.lock();
    assert!(
        started[0].body.pieces.len() < 10,
        "{}",
        started[0].body.pieces.len()
    );
}
