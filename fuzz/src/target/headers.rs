//! What heads of requests and responses say: limits, moments, clients, sessions, dialects.

use std::hint::black_box;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use weir_wire::client::{ClientKind, SessionIds};
use weir_wire::dialect::recognise;
use weir_wire::ratelimit::RateLimitInfo;
use weir_wire::ratelimit::moment;
use weir_wire::ratelimit::quota::{Quotas, Window};

use super::super::input::Input;

const NOW: i64 = 1_700_000_000_000;

/// Whatever stands there is read without a fault.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let method = [Method::POST, Method::GET][input.below(2)].clone();
    let mut headers = HeaderMap::new();
    let mut lines = input.rest().split(|byte| *byte == b'\n');
    let target = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
    for line in lines.take(200) {
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        moments(&String::from_utf8_lossy(value));
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        {
            headers.append(name, value);
        }
    }
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target.as_str(), None),
    };
    if let Some(found) = recognise(&method, path, query, &headers) {
        assert!(found.path_model.is_none_or(|model| path.contains(model)));
    }
    black_box(RateLimitInfo::from_headers(&headers));
    let quotas = Quotas::from_headers(&headers, NOW);
    for window in [Window::FiveHour, Window::SevenDay] {
        black_box(quotas.of(window));
    }
    assert_eq!(quotas, Quotas::from_headers(&headers, NOW));
    let client = ClientKind::from_headers(&headers);
    assert!(!client.as_str().is_empty());
    black_box(SessionIds::from_headers(&headers));
}

fn moments(text: &str) {
    let (seconds, millis) = (moment::seconds(text), moment::millis(text));
    assert!(
        seconds.is_none() || millis.is_none() || text.bytes().any(|byte| byte.is_ascii_digit())
    );
    black_box((moment::span(text), moment::rfc3339(text)));
    black_box(moment::reset(text, NOW));
    black_box(moment::reset(text, i64::MAX));
}
