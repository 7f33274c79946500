//! The door, tried from every side.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::{CredentialUse, Gate, Pass, is_loopback};
use crate::secret::Secret;
use crate::settings::Auth;

const REMOTE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));
const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// Auth that demands bearer `b` or key `k` (empty for none).
fn auth(bearer: &str, key: &str) -> Auth {
    let secret = |text: &str| (!text.is_empty()).then(|| Secret::new(text));
    Auth {
        enabled: true,
        bearer_token: secret(bearer),
        any_bearer: false,
        api_key: secret(key),
        api_key_header: super::DEFAULT_KEY_HEADER,
        allow_localhost_bypass: true,
        token_in_path: false,
    }
}

fn headers(lines: &[&str]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').expect("name: value");
        let value = value.strip_prefix(' ').unwrap_or(value);
        map.append(
            HeaderName::try_from(name).expect("a name"),
            HeaderValue::from_str(value).expect("a value"),
        );
    }
    map
}

/// What a remote peer gets: the use, or the refusal's text.
fn check(auth: &Auth, lines: &[&str], query: Option<&str>) -> Result<CredentialUse, String> {
    let result = Gate::new(auth, false).check(&headers(lines), query, REMOTE);
    result
        .map(|pass| pass.used)
        .map_err(|refusal| refusal.to_string())
}

fn pass(auth: &Auth, lines: &[&str], query: Option<&str>) -> Pass {
    Gate::new(auth, false)
        .check(&headers(lines), query, REMOTE)
        .expect("it should pass")
}

fn key_header(name: &'static str) -> CredentialUse {
    CredentialUse::KeyHeader(HeaderName::from_static(name))
}

#[test]
fn token_opens_as_bearer_and_in_the_key_header() {
    let auth = auth("t", "t");
    assert_eq!(
        check(&auth, &["Authorization: Bearer t"], None),
        Ok(CredentialUse::Bearer)
    );
    assert_eq!(
        check(&auth, &["authorization: bEARER \t t "], None),
        Ok(CredentialUse::Bearer)
    );
    assert_eq!(
        check(&auth, &["X-API-Key: t"], None),
        Ok(key_header("x-api-key"))
    );
    assert_eq!(
        check(&auth, &["x-goog-api-key: t"], None),
        Ok(key_header("x-goog-api-key"))
    );
    assert_eq!(
        check(&auth, &[], Some("alt=sse&key=%74")),
        Ok(CredentialUse::QueryKey)
    );
    assert_eq!(
        check(
            &auth,
            &["authorization: Bearer x", "authorization: Bearer t"],
            None
        ),
        Ok(CredentialUse::Bearer)
    );
    assert_eq!(
        check(&auth, &["authorization: Bearer x", "x-api-key: t"], None),
        Ok(key_header("x-api-key"))
    );
    assert_eq!(
        check(&auth, &["authorization: Bearer t", "x-api-key: x"], None),
        Ok(CredentialUse::Bearer)
    );
}

/// Checks what each request is told.
fn refused(auth: &Auth, cases: &[(&str, &str)]) {
    for (line, message) in cases {
        let lines: &[&str] = if line.is_empty() { &[] } else { &[line] };
        assert_eq!(
            check(auth, lines, None),
            Err((*message).to_owned()),
            "{line}"
        );
    }
}

#[test]
fn refusals_of_bearers_say_what_is_missing() {
    let cases = [
        ("", "missing authorization header"),
        ("authorization: Basic dDp0", "invalid authorization scheme"),
        ("authorization: Bea", "invalid authorization scheme"),
        ("authorization: Bearer", "invalid authorization scheme"),
        ("authorization: BearerXt", "invalid authorization scheme"),
        ("authorization: Bearer  ", "empty bearer token"),
        ("authorization: Bearer x", "invalid bearer token"),
        ("x-api-key: t", "missing authorization header"),
    ];
    refused(&auth("t", ""), &cases);
}

#[test]
fn refusals_of_keys_say_what_is_missing() {
    let cases = [
        ("", "missing x-api-key header"),
        ("x-api-key: ", "missing x-api-key header"),
        ("x-api-key: x", "invalid x-api-key"),
        ("x-goog-api-key: x", "invalid x-goog-api-key"),
        ("authorization: Bearer t", "missing x-api-key header"),
    ];
    refused(&auth("", "t"), &cases);
    refused(
        &auth("t", "t"),
        &[("authorization: Bearer x", "missing x-api-key header")],
    );
    refused(&auth("", ""), &[("", "no credential is accepted here")]);
}

#[test]
fn only_a_custom_key_header_counts_when_there_is_one() {
    let auth = Auth {
        api_key_header: HeaderName::from_static("x-foo"),
        ..auth("", "t")
    };
    assert_eq!(check(&auth, &["X-Foo: t"], None), Ok(key_header("x-foo")));
    for lines in [&["x-api-key: t"], &["x-goog-api-key: t"]] {
        assert_eq!(
            check(&auth, lines, Some("key=t")),
            Err("missing x-foo header".to_owned())
        );
    }
    assert_eq!(
        check(&auth, &["x-foo: x"], None),
        Err("invalid x-foo".to_owned())
    );
}

#[test]
fn any_bearer_is_the_clients_own_and_travels_on() {
    let auth = Auth {
        any_bearer: true,
        ..auth("", "k")
    };
    let own = pass(&auth, &["authorization: Bearer sk-ant-oat01-x"], None);
    assert_eq!(
        (own.used, own.headers.len()),
        (CredentialUse::ClientBearer, 0)
    );
    assert_eq!(
        check(&auth, &["authorization: Basic eDp5"], None),
        Err("missing x-api-key header".to_owned())
    );
    let with_key = pass(&auth, &["authorization: Bearer own", "x-api-key: k"], None);
    assert_eq!(with_key.headers, [HeaderName::from_static("x-api-key")]);
}

#[test]
fn loopback_needs_nothing_unless_a_proxy_may_stand_in_front() {
    let local = |auth: &Auth, trust: bool, lines: &[&str], peer: &str| {
        let peer = peer.parse().expect("an address");
        Gate::new(auth, trust)
            .check(&headers(lines), None, peer)
            .map(|pass| pass.used)
    };
    let on = auth("t", "t");
    for peer in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
        assert_eq!(
            local(&on, false, &[], peer),
            Ok(CredentialUse::Bypassed),
            "{peer}"
        );
        assert_eq!(
            local(&on, false, &["x-api-key: own"], peer),
            Ok(CredentialUse::Bypassed),
            "{peer}"
        );
    }
    for peer in ["192.0.2.7", "::ffff:192.0.2.7", "::2", "0.0.0.0"] {
        assert!(local(&on, false, &[], peer).is_err(), "{peer}");
    }
    assert!(
        local(&on, true, &[], "127.0.0.1").is_err(),
        "behind a trusted proxy"
    );
    let off = Auth {
        allow_localhost_bypass: false,
        token_in_path: false,
        ..on.clone()
    };
    assert!(local(&off, false, &[], "127.0.0.1").is_err());
    for line in [
        "X-Forwarded-For: 1.2.3.4",
        "x-forwarded-anything: 1",
        "Forwarded: for=1",
        "Via: 1.1 p",
        "X-Real-IP: 1",
        "CF-Connecting-IP: 1",
        "true-client-ip: 1",
    ] {
        assert!(local(&on, false, &[line], "127.0.0.1").is_err(), "{line}");
        assert_eq!(
            local(&on, false, &[line, "x-api-key: t"], "127.0.0.1"),
            Ok(key_header("x-api-key"))
        );
    }
}

#[test]
fn a_client_behind_trusted_proxies_is_the_last_that_is_none_of_theirs() {
    let trusted: Vec<ipnet::IpNet> = ["10.0.0.0/8", "fd00::/8"]
        .iter()
        .map(|net| net.parse().unwrap())
        .collect();
    for (peer, forwarded, client) in [
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, 10.9.9.9", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, nonsense", "10.0.0.1"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("fd00::1", "2001:db8::1", "2001:db8::1"),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        let found = crate::identity::client_address(&headers, peer.parse().unwrap(), &trusted);
        assert_eq!(found.to_string(), client, "{peer} {forwarded}");
    }
}

#[test]
fn nothing_is_demanded_when_auth_is_off_and_the_token_still_stays_here() {
    let auth = Auth {
        enabled: false,
        any_bearer: true,
        ..auth("t", "t")
    };
    assert_eq!(check(&auth, &[], None), Ok(CredentialUse::NotNeeded));
    assert_eq!(
        check(&auth, &["authorization: Bearer own"], None),
        Ok(CredentialUse::NotNeeded)
    );
    let pass = pass(&auth, &["authorization: Bearer t"], None);
    assert_eq!((pass.used, pass.headers.len()), (CredentialUse::Bearer, 1));
}

#[test]
fn the_gateways_credential_is_found_wherever_it_is() {
    let auth = auth("bearer-token", "api-key");
    let found = pass(
        &auth,
        &[
            "x-api-key: api-key",
            "authorization: Bearer own",
            "x-other: bearer-token",
            "x-more: Token  api-key ",
            "x-fine: api-keys",
            "x-fine: my api-key too",
        ],
        Some("a=1&key=api%2Dkey&b=%zz&x=bearer-token&key=own&c"),
    );
    assert_eq!(found.used, key_header("x-api-key"));
    let names: Vec<_> = found.headers.iter().map(HeaderName::as_str).collect();
    assert_eq!(names, ["x-api-key", "x-other", "x-more"]);
    assert!(found.query);
    let gate = Gate::new(&auth, false);
    let query = gate.strip_query(
        &Pass::unasked(),
        "a=1&key=api%2Dkey&b=%zz&x=bearer-token&key=own&c",
    );
    assert_eq!(query.as_deref(), Some("a=1&b=%zz&key=own&c"));
    assert_eq!(
        gate.strip_query(&Pass::unasked(), "key=api-key").as_deref(),
        Some("")
    );
    assert_eq!(gate.strip_query(&Pass::unasked(), "key=own&&"), None);
    assert!(
        gate.holds(b"Bearer api-key")
            && gate.holds(b" api-key")
            && !gate.holds(b"")
            && !gate.holds(b"\xff")
    );
}

#[test]
fn only_the_gateways_value_of_a_repeated_header_is_meant() {
    let gate = Gate::new(&auth("t", "t"), false);
    let map = headers(&["authorization: Bearer t", "authorization: Bearer own"]);
    let kept: Vec<_> = map
        .values()
        .filter(|value| !gate.holds(value.as_bytes()))
        .collect();
    assert_eq!(kept, ["Bearer own"]);
}

#[test]
fn an_empty_credential_matches_nothing() {
    let auth = Auth {
        bearer_token: Some(Secret::new("")),
        api_key: Some(Secret::new(" ")),
        ..auth("", "")
    };
    for lines in [&["x-api-key: "][..], &["authorization: Bearer "], &[]] {
        assert!(check(&auth, lines, Some("key=")).is_err(), "{lines:?}");
    }
}

#[test]
fn the_gate_shows_no_credential() {
    let gate = Gate::new(&auth("s3cret", "s3cret"), false);
    assert!(!format!("{gate:?}").contains("s3cret"));
    assert!(is_loopback(LOCAL) && !is_loopback(REMOTE));
}

proptest! {
    #[test]
    fn only_the_credential_opens(value in proptest::collection::vec(1u8.., 0..24), query in "\\PC{0,24}") {
        let auth = auth("correct horse", "correct-horse");
        let gate = Gate::new(&auth, false);
        for name in ["authorization", "x-api-key", "x-goog-api-key"] {
            let mut map = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                map.insert(name, value);
            }
            prop_assert!(gate.check(&map, Some(&query), REMOTE).is_err());
        }
    }

    #[test]
    fn what_is_kept_of_a_query_is_its_own_bytes(query in "[a-z=&%+0-9]{0,40}") {
        let gate = Gate::new(&auth("t", "t"), false);
        if let Some(kept) = gate.strip_query(&Pass::unasked(), &query) {
            prop_assert!(kept.len() < query.len() && gate.strip_query(&Pass::unasked(), &kept).is_none());
            let parts: Vec<_> = query.split('&').collect();
            prop_assert!(kept.is_empty() || kept.split('&').all(|part| parts.contains(&part)));
        }
    }
}
