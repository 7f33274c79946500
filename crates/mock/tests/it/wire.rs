//! How replies travel: to the byte, in odd pieces, coded, cut.

use std::io::{self, Read};

use weir_mock::{Cut, Raw};

use crate::client::{APIS, Api, ask, events, mock, post, raw};

#[tokio::test]
async fn a_raw_reply_goes_out_to_the_byte() {
    let mock = mock().await;
    mock.push(
        Raw::new(299)
            .reason("Odd")
            .header("X-B", "1")
            .header("x-A", "  spaced")
            .header("X-B", "2")
            .piece("one")
            .piece(&b"\xff\x00"[..])
            .trailer("X-End", "yes"),
    );
    let reply = raw(&mock, &post("/anything", &[], "")).await;
    assert_eq!(
        reply.head,
        "HTTP/1.1 299 Odd\r\nX-B: 1\r\nx-A:   spaced\r\nX-B: 2\r\ntransfer-encoding: chunked\r\n\
         connection: close"
    );
    assert_eq!(reply.chunks, [b"one".to_vec(), b"\xff\x00".to_vec()]);
    assert!(reply.is_whole);
}

#[tokio::test]
async fn wire_bytes_need_not_be_http() {
    let mock = mock().await;
    mock.push(Raw::wire().piece("HTTP/1.1 200\r\nbroken"));
    let reply = raw(&mock, &post("/", &[], "")).await;
    assert_eq!(reply.head, "HTTP/1.1 200\r\nbroken");
}

#[tokio::test]
async fn a_head_request_gets_no_body() {
    let mock = mock().await;
    let reply = raw(
        &mock,
        b"HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert_eq!((reply.status(), reply.body().len()), (200, 0));
}

#[tokio::test]
async fn streams_are_cut_at_any_boundary() {
    let mock = mock().await;
    let sizes = |reply: &crate::client::Reply| -> Vec<usize> {
        reply.chunks.iter().map(Vec::len).collect()
    };
    for api in APIS {
        let bytes = ask(&mock, api, "text,split=byte", true).await;
        assert!(sizes(&bytes).iter().all(|&size| size == 1) && bytes.is_whole);
        let sevens = ask(&mock, api, "text,split=7", true).await;
        assert!(sizes(&sevens).iter().all(|&size| size <= 7));
        let random = ask(&mock, api, "text,text=same,split=random:5:30", true).await;
        assert!(sizes(&random).iter().all(|&size| (1..=30).contains(&size)));
        assert!(!events(&random.body()).is_empty());
    }
}

#[tokio::test]
async fn a_script_is_cut_the_same_way_for_the_same_seed() {
    let mock = mock().await;
    let mut seen = Vec::new();
    for seed in [5, 5, 6] {
        mock.push(Raw::new(200).piece(vec![b'x'; 500]).split_random(seed, 40));
        let reply = raw(&mock, &post("/", &[], "")).await;
        assert_eq!(reply.body(), vec![b'x'; 500]);
        seen.push(reply.chunks.iter().map(Vec::len).collect::<Vec<_>>());
    }
    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[0], seen[2]);
}

fn decode(coding: &str, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    match coding {
        "gzip" => flate2::read::GzDecoder::new(body).read_to_end(&mut plain)?,
        "deflate" => flate2::read::ZlibDecoder::new(body).read_to_end(&mut plain)?,
        "br" => brotli::Decompressor::new(body, 4096).read_to_end(&mut plain)?,
        _ => zstd::stream::read::Decoder::new(body)?.read_to_end(&mut plain)?,
    };
    Ok(plain)
}

#[tokio::test]
async fn coded_bodies_decode_and_each_event_can_be_read_when_it_comes() {
    let mock = mock().await;
    for coding in ["gzip", "deflate", "br", "zstd"] {
        for stream in [true, false] {
            let reply = ask(&mock, Api::Anthropic, coding, stream).await;
            assert_eq!(reply.header("content-encoding"), Some(coding));
            let plain = decode(coding, &reply.body()).unwrap();
            let text = String::from_utf8(plain).unwrap();
            assert!(
                text.contains(if stream { "message_stop" } else { "end_turn" }),
                "{text}"
            );
        }
    }
    let reply = ask(&mock, Api::Anthropic, "gzip", true).await;
    let mut first = [0; 21];
    flate2::read::GzDecoder::new(&reply.chunks[0][..])
        .read_exact(&mut first)
        .unwrap();
    assert_eq!(&first, b"event: message_start\n");
}

#[tokio::test]
async fn a_close_delimited_body_has_neither_length_nor_chunks() {
    let mock = mock().await;
    for scenario in ["close", "close,version=1.0"] {
        let reply = ask(&mock, Api::Chat, scenario, true).await;
        assert_eq!(reply.header("transfer-encoding"), None);
        assert_eq!(reply.header("content-length"), None);
        assert!(reply.text().ends_with("data: [DONE]\n\n"));
    }
    let old = raw(&mock, b"GET /v1/models HTTP/1.0\r\n\r\n").await;
    assert!(old.is_whole && old.header("connection") == Some("close"));
}

#[tokio::test]
async fn a_stream_is_dropped_by_fin_inside_a_line_or_politely() {
    let mock = mock().await;
    for api in APIS {
        let fin = ask(&mock, api, "drop", true).await;
        assert!(!fin.is_whole && fin.error.is_none() && !fin.chunks.is_empty());
        assert!(
            fin.text().replace('\r', "").ends_with("\n\n"),
            "broken between events"
        );
        let line = ask(&mock, api, "drop,mode=line", true).await;
        assert!(!line.is_whole && !line.text().ends_with('\n'));
        let end = ask(&mock, api, "drop,mode=end", true).await;
        assert!(end.is_whole);
        assert_eq!(end.chunks.len(), fin.chunks.len());
        let early = ask(&mock, api, "drop,after=1", true).await;
        assert_eq!(early.chunks.len(), 1);
    }
    let whole = ask(&mock, Api::Chat, "drop", false).await;
    assert!(!whole.is_whole);
}

#[tokio::test]
async fn a_stream_is_dropped_by_reset() {
    let mock = mock().await;
    let reply = ask(&mock, Api::Anthropic, "drop,mode=rst", true).await;
    assert_eq!(reply.error, Some(io::ErrorKind::ConnectionReset));
    let refused = ask(&mock, Api::Anthropic, "refuse,mode=rst", true).await;
    assert_eq!(refused.error, Some(io::ErrorKind::ConnectionReset));
    assert!(refused.head.is_empty());
}

#[tokio::test]
async fn a_refused_request_gets_no_byte() {
    let mock = mock().await;
    let reply = ask(&mock, Api::Anthropic, "refuse", true).await;
    assert!(reply.head.is_empty() && reply.error.is_none());
    mock.push(Raw::refuse(Cut::Fin));
    assert!(
        ask(&mock, Api::Anthropic, "text", true)
            .await
            .head
            .is_empty()
    );
    assert!(mock.received().iter().all(|one| one.finished_at.is_some()));
}

#[tokio::test]
async fn the_huge_line_has_8_mib() {
    let mock = mock().await;
    let reply = ask(&mock, Api::Anthropic, "huge_line", true).await;
    let longest = events(&reply.body())
        .into_iter()
        .map(|(_, data)| data.len())
        .max();
    assert!(longest.unwrap() > 8 << 20);
}

#[tokio::test]
async fn odd_streams_hold_comments_ids_retries_crlf_and_continued_data() {
    let mock = mock().await;
    let text = ask(&mock, Api::Anthropic, "odd,chunks=20", true)
        .await
        .text();
    for oddity in [
        ": a comment\n",
        "\nid: 1\n",
        "retry: 3000\n",
        "\r\n\r\n",
        "\ndata:{",
        "\n\n\n\n",
    ] {
        assert!(text.contains(oddity), "{oddity:?} in {text}");
    }
    assert!(
        events(text.as_bytes())
            .iter()
            .any(|(_, data)| data.contains('\n'))
    );
}
