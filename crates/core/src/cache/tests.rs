use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use uuid::Uuid;

use super::*;

fn headers(lines: &[&str]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").expect("a header line");
        let name: HeaderName = name.parse().expect("a name");
        map.append(name, HeaderValue::from_str(value).expect("a value"));
    }
    map
}

fn terms(control: &str) -> Terms {
    Terms::of(&headers(&[&format!("cache-control: {control}")]))
}

fn kept(request: &str, response: &[&str]) -> Result<(u64, Source), NotKept> {
    kept_by_default(request, response, 0)
}

fn kept_by_default(
    request: &str,
    response: &[&str],
    default: u64,
) -> Result<(u64, Source), NotKept> {
    let head = (StatusCode::OK, &headers(response));
    lifetime(&terms(request), head, default).map(|found| (found.seconds, found.source))
}

const OPT_IN: &str = "public, max-age=30";

#[test]
fn what_the_provider_says_goes_before_what_the_client_wishes() {
    use NotKept::{Forbidden, NoLifetime, NotShared};
    use Source::{Client, Header};
    // The lines of a head, what is kept of it unasked, and where the client opts in.
    let cases = [
        ("", Err(NoLifetime), Ok((30, Client))),
        ("cache-control: no-cache", Err(NoLifetime), Ok((30, Client))),
        ("cache-control: public", Err(NoLifetime), Ok((30, Client))),
        ("cache-control: max-age=60", Err(NotShared), Err(NotShared)),
        (
            "cache-control: private, max-age=60",
            Err(Forbidden),
            Err(Forbidden),
        ),
        ("cache-control: no-store", Err(Forbidden), Err(Forbidden)),
        (
            "cache-control: public, max-age=60",
            Ok((60, Header)),
            Ok((60, Header)),
        ),
        (
            "cache-control: s-maxage=60",
            Ok((60, Header)),
            Ok((60, Header)),
        ),
        (
            "cache-control: public, s-maxage=1, max-age=60",
            Ok((1, Header)),
            Ok((1, Header)),
        ),
        (
            "cache-control: public\ncache-control: max-age=\"7\"",
            Ok((7, Header)),
            Ok((7, Header)),
        ),
        (
            "cache-control: must-revalidate, max-age=9",
            Ok((9, Header)),
            Ok((9, Header)),
        ),
        (
            "cache-control: public\ndate: Sun, 06 Nov 1994 08:49:37 GMT\n\
             expires: Sun, 06 Nov 1994 08:50:37 GMT",
            Ok((60, Header)),
            Ok((60, Header)),
        ),
    ];
    for (response, plain, opted_in) in cases {
        let head: Vec<&str> = response.lines().collect();
        assert_eq!(kept("max-age=30", &head), plain, "{response}");
        assert_eq!(kept(OPT_IN, &head), opted_in, "{response}");
    }
    assert_eq!(kept("public, s-maxage=5, max-age=30", &[]), Ok((5, Client)));
}

#[test]
fn the_default_is_for_what_is_public_only_and_last() {
    let public = ["cache-control: public"];
    assert_eq!(kept_by_default("x", &public, 5), Ok((5, Source::Default)));
    assert_eq!(
        kept_by_default(OPT_IN, &public, 5),
        Ok((30, Source::Client))
    );
    assert_eq!(kept_by_default("x", &[], 5), Err(NotKept::NoLifetime));
}

#[test]
fn parts_and_failures_and_what_varies_by_anything_are_not_kept() {
    let good = headers(&["cache-control: public, max-age=60"]);
    for status in [206, 201, 301, 404, 500] {
        let status = StatusCode::from_u16(status).expect("a status");
        let found = lifetime(&terms(OPT_IN), (status, &good), 0);
        assert_eq!(found, Err(NotKept::Status), "{status}");
    }
    let control = "cache-control: public, max-age=60";
    assert_eq!(
        kept(OPT_IN, &[control, "vary: accept, *"]),
        Err(NotKept::Varies)
    );
    assert_eq!(
        kept(OPT_IN, &[control, "content-range: bytes 0-1/2"]),
        Err(NotKept::Status)
    );
    assert_eq!(
        kept("no-store, public, max-age=5", &[control]),
        Err(NotKept::Forbidden)
    );
    assert_eq!(
        kept("x", &["cache-control: public, max-age=x"]),
        Err(NotKept::NoValidator)
    );
    assert!(kept("x", &["cache-control: public, max-age=0", "etag: \"a\""]).is_ok());
    let asks = ["cache-control: public, no-cache, max-age=9"];
    assert_eq!(kept("x", &asks), Err(NotKept::NoValidator));
}

#[test]
fn sending_concerns_the_cache_only_when_the_client_says_so() {
    assert!(terms("x").concern(&Method::GET) && terms("x").concern(&Method::HEAD));
    assert!(terms(OPT_IN).concern(&Method::POST));
    for control in [
        "max-age=30",
        "public",
        "public, max-age=0",
        "no-store, public, max-age=9",
    ] {
        assert!(!terms(control).concern(&Method::POST), "{control}");
    }
    assert!(!terms(OPT_IN).concern(&Method::DELETE));
}

fn about(project: Option<u128>, method: &Method, query: &str) -> About {
    let tenant = Tenant {
        project: project.map(Uuid::from_u128),
        own: None,
    };
    About::new(tenant, method, "/v1/models", Some(query))
}

fn key(about: &About, lines: &[&str], body: &[&'static str], opt_in: Option<u64>) -> Key {
    let body: Vec<Bytes> = body
        .iter()
        .map(|piece| Bytes::from_static(piece.as_bytes()))
        .collect();
    Key::of(&Subject {
        about,
        headers: &headers(lines),
        body: &body,
        opt_in,
    })
}

#[test]
fn a_key_is_of_one_tenant_and_one_request() {
    let get = about(Some(1), &Method::GET, "b=2&a=1&a=0");
    let same = key(&get, &["accept: */*", "user-agent: x"], &[], None);
    let others_order = about(Some(1), &Method::HEAD, "a=1&a=0&b=2");
    assert_eq!(same, key(&others_order, &["accept:  */*"], &[], None));
    let post = about(Some(1), &Method::POST, "");
    let whole = key(&post, &[], &["one", "two"], Some(60));
    assert_eq!(
        whole,
        key(&post, &[], &["onetwo"], Some(60)),
        "pieces are no difference"
    );
    let mut own = get.clone();
    own.tenant.own = Some(own_credential([("x-api-key", &b"k"[..])].into_iter()));
    let others = [
        same,
        key(
            &about(Some(2), &Method::GET, "b=2&a=1&a=0"),
            &["accept: */*"],
            &[],
            None,
        ),
        key(
            &about(None, &Method::GET, "b=2&a=1&a=0"),
            &["accept: */*"],
            &[],
            None,
        ),
        key(&own, &["accept: */*"], &[], None),
        key(&get, &[], &[], None),
        key(&get, &["accept: */*", "anthropic-beta: x"], &[], None),
        key(
            &about(Some(1), &Method::GET, "a=0&a=1&b=2"),
            &["accept: */*"],
            &[],
            None,
        ),
        whole,
        key(&post, &[], &["onetwo"], Some(30)),
        key(&post, &[], &["onetwo "], Some(60)),
        key(&post, &["x-body-hash: ab"], &["other"], Some(60)),
    ];
    for (index, one) in others.iter().enumerate() {
        let same = others.iter().filter(|other| *other == one).count();
        assert_eq!(same, 1, "{index}");
    }
}

#[test]
fn a_variant_goes_by_the_headers_that_the_answer_names() {
    let vary = Vary::of(&headers(&[
        "vary: Accept-Language",
        "vary: x-a, accept-language",
    ]));
    let vary = vary.expect("it can be known");
    assert_eq!(vary.0.len(), 2);
    let first = key(&about(None, &Method::GET, ""), &[], &[], None);
    let of = |lines: &[&str]| first.variant(&vary, &headers(lines));
    assert_eq!(
        of(&["accept-language: de", "x-b: 1"]),
        of(&["accept-language: de"])
    );
    assert_ne!(of(&["accept-language: de"]), of(&["accept-language: fr"]));
    assert_ne!(of(&["accept-language: de"]), of(&["x-a: de"]));
    assert_ne!(of(&["x-a: "]), of(&[]), "empty is not absent");
    assert!(Vary::of(&HeaderMap::new()).expect("nothing").is_empty());
}

const NOW: i64 = 1_795_000_000_000;

fn entry(response: &[&str]) -> Entry {
    let (response, status) = (headers(response), StatusCode::OK);
    let found = lifetime(&terms(OPT_IN), (status, &response), 0).expect("it may be kept");
    let times = Times {
        asked: NOW - 2000,
        answered: NOW,
    };
    Entry::new(
        about(None, &Method::GET, ""),
        (status, response),
        times,
        (found, &terms(OPT_IN)),
    )
}

#[test]
fn an_entry_ages_and_gets_too_old() {
    let entry = entry(&["cache-control: public, max-age=60", "age: 10"]);
    assert_eq!((entry.age_at(NOW), entry.ttl_at(NOW)), (12, 48));
    let later = NOW + 47_999;
    assert_eq!(entry.reuse(&terms("x"), later), Reuse::Yes(1));
    assert_eq!(entry.reuse(&terms("x"), NOW + 48_000), Reuse::Stale);
    assert_eq!(entry.headers_at(NOW)["age"], "12");
    assert_eq!(
        entry.age_at(NOW - 5000),
        12,
        "a clock that was put back makes nothing younger"
    );
}

#[test]
fn a_client_can_ask_for_more_or_take_less() {
    let strict = entry(&["cache-control: public, s-maxage=60"]);
    let entry = entry(&["cache-control: public, max-age=60"]);
    for (control, at, expected) in [
        ("no-cache", 1, Reuse::NotForThis),
        ("max-age=0", 1, Reuse::NotForThis),
        ("max-age=5", 4, Reuse::Yes(56)),
        ("max-age=5", 6, Reuse::NotForThis),
        ("min-fresh=30", 30, Reuse::Yes(30)),
        ("min-fresh=30", 31, Reuse::NotForThis),
        ("max-stale=10", 70, Reuse::Yes(-10)),
        ("max-stale=10", 71, Reuse::Stale),
        ("max-stale", 1000, Reuse::Yes(-940)),
    ] {
        let at = NOW + at * 1000;
        assert_eq!(entry.reuse(&terms(control), at), expected, "{control}");
    }
    assert_eq!(
        strict.reuse(&terms("max-stale"), NOW + 61_000),
        Reuse::Stale
    );
    let pragma = Terms::of(&headers(&["pragma: no-cache"]));
    assert_eq!(entry.reuse(&pragma, NOW), Reuse::NotForThis);
}

#[test]
fn an_old_entry_stands_in_for_a_failure_only_where_that_is_allowed() {
    let at = NOW + 65_000;
    let willing = entry(&["cache-control: public, max-age=60, stale-if-error=10"]);
    assert!(willing.stands_in(&terms("x"), at) && !willing.stands_in(&terms("x"), at + 10_000));
    let silent = entry(&["cache-control: public, max-age=60"]);
    assert!(!silent.stands_in(&terms("x"), at) && silent.stands_in(&terms("stale-if-error=9"), at));
    let strict = entry(&["cache-control: public, max-age=60, must-revalidate, stale-if-error=10"]);
    assert!(!strict.stands_in(&terms("x"), at));
}

#[test]
fn an_old_entry_is_used_while_it_is_asked_for_again_only_where_that_is_allowed() {
    use Reuse::{Meanwhile, Stale};
    let willing = "cache-control: public, max-age=60, stale-while-revalidate=30";
    let strict = "cache-control: public, max-age=60, must-revalidate, stale-while-revalidate=30";
    for (said, asked, age, expected) in [
        (willing, "", 59, Reuse::Yes(1)),
        (willing, "", 60, Meanwhile(0)),
        (willing, "", 90, Meanwhile(-30)),
        (willing, "", 91, Stale),
        (willing, "max-age=70", 70, Meanwhile(-10)),
        (willing, "max-age=70", 71, Stale),
        (willing, "max-age=0", 70, Stale),
        (willing, "no-cache", 70, Reuse::NotForThis),
        (willing, "min-fresh=1", 70, Stale),
        (willing, "only-if-cached", 70, Stale),
        (willing, "max-stale=20", 70, Reuse::Yes(-10)),
        (willing, "public, max-age=60", 70, Meanwhile(-10)),
        (strict, "", 70, Stale),
        ("cache-control: public, max-age=60", "", 70, Stale),
    ] {
        let entry = entry(&[said]);
        let at = NOW + age * 1000;
        assert_eq!(entry.reuse(&terms(asked), at), expected, "{asked} at {age}");
    }
    let hour = 3600;
    for (said, kept) in [
        (willing, 60 + hour),
        (strict, 90),
        ("cache-control: public, max-age=60", 60 + hour),
        (
            "cache-control: public, max-age=60, stale-if-error=7200",
            60 + 2 * hour,
        ),
        ("cache-control: public, s-maxage=60", 60),
    ] {
        assert_eq!(entry(&[said]).kept_for(), kept, "{said}");
    }
    let wish = terms("public, max-age=30, stale-while-revalidate=9");
    let (status, head) = (StatusCode::OK, HeaderMap::new());
    let found = lifetime(&wish, (status, &head), 0).expect("it may be kept");
    let about = about(None, &Method::POST, "");
    let times = Times {
        asked: NOW,
        answered: NOW,
    };
    let wished = Entry::new(about, (status, head), times, (found, &wish));
    assert_eq!(
        wished.headers["cache-control"],
        "public, max-age=30, stale-while-revalidate=9"
    );
    assert_eq!(wished.reuse(&wish, NOW + 39_000), Meanwhile(-9));
}

#[test]
fn an_entry_holds_nothing_of_the_exchange_that_made_it() {
    let entry = entry(&[
        "set-cookie: a=b",
        "x-request-id: 1",
        "anthropic-ratelimit-requests-remaining: 3",
        "x-other: kept",
        "content-length: 99",
    ])
    .with_body(Bytes::from_static(b"four"));
    let names: Vec<&str> = entry.headers.keys().map(HeaderName::as_str).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(entry.headers["x-other"], "kept");
    assert_eq!(entry.headers["content-length"], "4");
    assert_eq!(
        entry.headers["cache-control"], "public, max-age=30",
        "as the client wished"
    );
}

#[test]
fn tags_are_compared_weakly_and_before_dates() {
    let stored = headers(&[
        "etag: \"e1\"",
        "last-modified: Sun, 06 Nov 1994 08:49:37 GMT",
    ]);
    let asks = |line: &str| not_modified(&headers(&[line]), &stored);
    for line in [
        "if-none-match: \"e1\"",
        "if-none-match: W/\"e1\"",
        "if-none-match: \"a,b\", \"e1\"",
        "if-none-match: *",
        "if-modified-since: Sun, 06 Nov 1994 08:49:37 GMT",
    ] {
        assert!(asks(line), "{line}");
    }
    for line in [
        "if-none-match: \"e2\"",
        "if-none-match: e1",
        "if-modified-since: Sun, 06 Nov 1994 08:49:36 GMT",
        "accept: x",
    ] {
        assert!(!asks(line), "{line}");
    }
    let both = headers(&[
        "if-none-match: \"e2\"",
        "if-modified-since: Sun, 06 Nov 2094 08:49:37 GMT",
    ]);
    assert!(!not_modified(&both, &stored));
}

#[test]
fn a_provider_that_says_it_still_holds_makes_it_fresh() {
    let old = entry(&["cache-control: public, max-age=60", "etag: \"a\"", "x-a: 1"]);
    let old = old.with_body(Bytes::from_static(b"body"));
    let news = headers(&[
        "cache-control: public, max-age=90",
        "x-a: 2",
        "content-length: 0",
    ]);
    let later = Times {
        asked: NOW + 100_000,
        answered: NOW + 100_000,
    };
    let again = Lifetime {
        seconds: 90,
        ..old.lifetime
    };
    let fresh = old.freshened(news, later, again);
    assert_eq!(fresh.reuse(&terms("x"), later.answered), Reuse::Yes(90));
    assert_eq!(
        (&fresh.body[..], &fresh.headers["x-a"]),
        (&b"body"[..], &HeaderValue::from_static("2"))
    );
    assert_eq!(fresh.headers["content-length"], "4");
    assert_eq!(fresh.headers["etag"], "\"a\"");
}

#[test]
fn purges_take_what_they_name() {
    let about = about(Some(1), &Method::GET, "b=2&a=1");
    let key = key(&about, &[], &[], None);
    let path =
        |method: Method, path: &str, query: Option<&str>, project: Option<u128>| Purge::Path {
            method,
            path: path.into(),
            query: query.map(Into::into),
            project: project.map(Uuid::from_u128),
        };
    let digits: String = key.to_hex().chars().take(6).collect();
    let resource = |tenant: Tenant| Purge::Resource {
        tenant,
        path: "/v1/models".into(),
    };
    for (purge, takes) in [
        (resource(about.tenant), true),
        (resource(Tenant::default()), false),
        (Purge::All, true),
        (Purge::Project(Uuid::from_u128(1)), true),
        (Purge::Project(Uuid::from_u128(2)), false),
        (Purge::Prefix(digits.into()), true),
        (Purge::Prefix("zz".into()), false),
        (path(Method::GET, "/v1/models", None, None), true),
        (
            path(Method::HEAD, "/v1/models", Some("a=1&b=2"), Some(1)),
            true,
        ),
        (path(Method::GET, "/v1/models", Some("a=1"), None), false),
        (path(Method::GET, "/v1/models", None, Some(2)), false),
        (path(Method::POST, "/v1/models", None, None), false),
        (path(Method::GET, "/v1/model", None, None), false),
    ] {
        assert_eq!(purge.takes(&key, &about), takes, "{purge:?}");
    }
}

#[test]
fn the_status_is_said_as_the_rfc_has_it() {
    let hit = Status {
        ttl: Some(-3),
        ..Status::default()
    };
    assert_eq!(hit.to_string(), "weir; hit; ttl=-3");
    let miss = Status {
        forward: Some(Forward::VaryMiss),
        forward_status: Some(304),
        stored: true,
        collapsed: true,
        detail: Some("forced"),
        ..Status::default()
    };
    assert_eq!(
        miss.to_string(),
        "weir; fwd=vary-miss; fwd-status=304; stored; collapsed; detail=forced"
    );
}

/// What can be kept, and what a purge can be, of these texts and bytes.
fn samples(path: &str, body: &[u8]) -> ([Slot; 2], [Purge; 6]) {
    let about = About {
        path: path.into(),
        ..about(Some(1), &Method::POST, "b=2&a=1")
    };
    let mut entry = entry(&[
        "cache-control: public, max-age=60",
        "warning: a",
        "warning: b",
    ]);
    entry.about = about.clone();
    let entry = entry.with_body(Bytes::copy_from_slice(body));
    let vary = Vary([http::header::ACCEPT, http::header::ORIGIN].into());
    let path = |query: Option<&str>| Purge::Path {
        method: Method::GET,
        path: path.into(),
        query: query.map(Into::into),
        project: query.map(|_| Uuid::from_u128(1)),
    };
    let purges = [
        Purge::All,
        Purge::Project(Uuid::from_u128(1)),
        Purge::Prefix("ab12".into()),
        Purge::Resource {
            tenant: about.tenant,
            path: about.path.clone(),
        },
        path(None),
        path(Some("a=1")),
    ];
    let slots = [
        Slot::Varies((about, vary).into()),
        Slot::Entry(entry.into()),
    ];
    (slots, purges)
}

proptest::proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was(path in "/[a-z/é]{0,20}", body: Vec<u8>) {
        let (slots, purges) = samples(&path, &body);
        for slot in slots {
            let bytes = Bytes::from(slot.to_bytes());
            proptest::prop_assert_eq!(Slot::from_bytes(&bytes), Some(slot.clone()));
            let about = slot.about();
            let read = About::from_bytes(&about.to_bytes());
            proptest::prop_assert_eq!(read.as_ref(), Some(about));
        }
        for purge in purges {
            proptest::prop_assert_eq!(Purge::from_bytes(&purge.to_bytes()), Some(purge));
        }
    }

    #[test]
    fn what_nobody_wrote_is_nothing_or_read(bytes: Vec<u8>, cut: u16, flip: u16) {
        // None of these panics; what is cut off or of another version is never read.
        drop((Slot::from_bytes(&Bytes::from(bytes.clone())), Purge::from_bytes(&bytes)));
        drop(About::from_bytes(&bytes));
        let (slots, purges) = samples("/v1/models", b"");
        for whole in slots.map(|slot| slot.to_bytes()) {
            let at = usize::from(cut) % whole.len();
            let part = Bytes::copy_from_slice(&whole[..at]);
            proptest::prop_assert_eq!(Slot::from_bytes(&part), None);
            let mut other = whole.clone();
            other[usize::from(flip) % whole.len()] ^= 0x80;
            drop(Slot::from_bytes(&Bytes::from(other.clone())));
            other[0] = 2;
            proptest::prop_assert_eq!(Slot::from_bytes(&Bytes::from(other)), None);
        }
        for whole in purges.map(|purge| purge.to_bytes()) {
            let at = usize::from(cut) % whole.len();
            proptest::prop_assert_eq!(Purge::from_bytes(&whole[..at]), None);
        }
    }
}
