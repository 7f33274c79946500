use super::*;

const KEY: &str = "a-key-that-looks-like-nothing";

fn client() -> Client {
    Client::new(Duration::from_secs(1), vec![Secret::new(KEY)]).unwrap()
}

fn reply(status: u16, body: &str) -> Reply {
    reply_with(status, &[], body)
}

fn reply_with(status: u16, headers: &[(&'static str, &str)], body: &str) -> Reply {
    let mut head = Response::new(());
    *head.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        let value = HeaderValue::from_str(value).unwrap();
        head.headers_mut().insert(*name, value);
    }
    client().reply(&head, Bytes::copy_from_slice(body.as_bytes()))
}

fn why(reply: &Reply) -> &str {
    match &reply.outcome {
        Outcome::Later { why, .. } | Outcome::Refused { why } => why,
        Outcome::Delivered | Outcome::Skipped => "",
    }
}

#[test]
fn statuses_mean_what_they_say() {
    for status in [200, 202, 204] {
        assert_eq!(reply(status, "").outcome, Outcome::Delivered);
    }
    for status in [408, 409, 425, 429, 500, 502, 503, 504] {
        let outcome = reply(status, "").outcome;
        assert!(matches!(outcome, Outcome::Later { .. }), "{status}");
    }
    for status in [301, 307, 400, 401, 403, 404, 405, 410, 413, 415, 422] {
        let outcome = reply(status, "").outcome;
        assert!(matches!(outcome, Outcome::Refused { .. }), "{status}");
    }
}

#[test]
fn a_service_that_asks_for_time_gets_it() {
    let asked = reply_with(429, &[("retry-after", "7")], "");
    let Outcome::Later { after, .. } = asked.outcome else {
        panic!("{asked:?}")
    };
    assert_eq!(after, Some(Duration::from_secs(7)));
}

#[test]
fn one_that_wants_no_more_is_said_to() {
    let gone = reply(410, "");
    assert_eq!(
        why(&gone),
        "410 Gone; it wants no more events: remove the sink"
    );
    assert_eq!(gone.next, Next::Stop);
}

#[test]
fn reasons_are_one_short_line() {
    let said = reply(500, &format!("oh\n\n  dear\t{}", "x ".repeat(500)));
    let why = why(&said);
    assert!(
        why.starts_with("500 Internal Server Error: oh dear x x"),
        "{why}"
    );
    assert!(why.ends_with("...") && why.len() < 260, "{why}");
    assert!(!why.contains('\n'));
}

#[test]
fn reasons_hold_no_credential() {
    let said = reply(
        401,
        &format!("bad key {KEY}; Authorization: Bearer sk-lf-0123456789abcdef"),
    );
    let why = why(&said);
    assert!(!why.contains(KEY), "{why}");
    assert!(!why.contains("0123456789abcdef"), "{why}");
    assert!(why.contains("bad key"), "{why}");
}

#[test]
fn nothing_that_is_printed_holds_the_address_or_a_header() {
    let to = Endpoint::new("https://hooks.example/T0/B0/hunter2")
        .unwrap()
        .with(http::header::AUTHORIZATION, "Bearer hunter2")
        .unwrap();
    assert!(!format!("{to:?} {:?}", client()).contains("hunter2"));
    let wrong = Endpoint::new("ftp://hunter2@there").unwrap_err();
    assert!(!wrong.to_string().contains("hunter2"));
}
