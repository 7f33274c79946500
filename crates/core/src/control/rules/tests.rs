use super::*;

fn rules(spec: &RulesSpec) -> Rules {
    Rules::new(spec).unwrap()
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

#[track_caller]
fn code_of(rules: &Rules, method: &str, path: &str, headers: &[(&str, &str)]) -> Option<Code> {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let headers = headers
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
        .collect();
    let head = Head {
        method: &method,
        path,
        headers: &headers,
    };
    rules.check_head(&head).err().map(|refusal| refusal.code)
}

#[test]
fn empty_lists_allow_all() {
    let rules = rules(&RulesSpec::default());
    assert_eq!(
        code_of(&rules, "TRACE", "/any/../thing", &[("origin", "https://x")]),
        None
    );
    assert_eq!(rules.check_model(None), Ok(()));
    assert_eq!(rules.check_body(b"not json"), Ok(()));
    assert!(!rules.reads_body());
}

#[test]
fn an_endpoint_allows_what_is_below_it_and_not_what_begins_like_it() {
    let rules = rules(&RulesSpec {
        allowed_endpoints: texts(&["/v1/chat", "/v1/models/*/info"]),
        ..RulesSpec::default()
    });
    let refused = Some(Code::EndpointNotFound);
    for (path, expected) in [
        ("/v1/chat", None),
        ("/v1/chat/", None),
        ("/v1/chat/completions/abc", None),
        ("/v1/models/gpt-4/info", None),
        ("/v1/models/gpt-4", refused),
        ("/v1/chatXYZ", refused),
        ("/v1/zzz", refused),
        ("/v1/chat/../files", refused),
        ("/v1/chat/%2e%2e/files", refused),
        ("/v1/files%2F..%2Fchat", refused),
        ("/v1//chat", refused),
        ("/v1/chat/%252e%252e/files", refused),
        ("/", refused),
    ] {
        assert_eq!(code_of(&rules, "POST", path, &[]), expected, "{path}");
    }
}

#[test]
fn methods_origins_and_headers_are_demanded() {
    let rules = rules(&RulesSpec {
        allowed_methods: texts(&["get", "POST"]),
        allowed_origins: texts(&["https://ok"]),
        required_headers: texts(&["X-Team"]),
        ..RulesSpec::default()
    });
    let team = ("x-team", "a");
    for (method, headers, expected) in [
        ("GET", vec![team], None),
        ("POST", vec![team, ("origin", "https://ok")], None),
        ("DELETE", vec![team], Some(Code::MethodNotAllowed)),
        ("HEAD", vec![team], Some(Code::MethodNotAllowed)),
        ("GET", vec![], Some(Code::HeaderRequired)),
        (
            "GET",
            vec![team, ("origin", "https://bad")],
            Some(Code::OriginNotAllowed),
        ),
    ] {
        assert_eq!(
            code_of(&rules, method, "/v1/x", &headers),
            expected,
            "{method} {headers:?}"
        );
    }
}

#[test]
fn an_origin_can_be_demanded_and_every_one_that_is_sent_counts() {
    let rules = rules(&RulesSpec {
        allowed_origins: texts(&["https://ok"]),
        required_headers: texts(&["origin"]),
        ..RulesSpec::default()
    });
    assert_eq!(code_of(&rules, "GET", "/", &[]), Some(Code::OriginRequired));
    let mut headers = HeaderMap::new();
    headers.append(header::ORIGIN, "https://ok".parse().unwrap());
    headers.append(header::ORIGIN, "https://bad".parse().unwrap());
    let head = Head {
        method: &Method::GET,
        path: "/",
        headers: &headers,
    };
    assert_eq!(
        rules.check_head(&head).unwrap_err().code,
        Code::OriginNotAllowed
    );
}

#[test]
fn models_match_by_pattern_and_a_request_without_one_does_not() {
    let rules = rules(&RulesSpec {
        allowed_models: texts(&["claude-*"]),
        ..RulesSpec::default()
    });
    assert_eq!(rules.check_model(Some("claude-opus")), Ok(()));
    let refusal = rules.check_model(Some("gpt-5")).unwrap_err();
    assert_eq!(
        refusal.message,
        "Model 'gpt-5' is not allowed. Allowed patterns: [claude-*]"
    );
    assert!(rules.check_model(None).is_err());
}

#[test]
fn parameters_are_held_to_their_patterns() {
    let rules = rules(&RulesSpec {
        param_whitelist: [
            ("model".to_owned(), texts(&["gpt-4o", "gpt-4.1-*"])),
            ("n".to_owned(), texts(&["1"])),
        ]
        .into(),
        ..RulesSpec::default()
    });
    for (body, expected) in [
        (r#"{"model":"gpt-4.1-mini"}"#, None),
        (r#"{"n":1}"#, None),
        (r#"{"n":1.0}"#, None),
        ("{}", None),
        ("", None),
        (
            r#"{"n":1.5}"#,
            Some("Parameter 'n' value '1.5' is not allowed. Allowed patterns: [1]"),
        ),
        (
            r#"{"model":"gpt-3"}"#,
            Some(
                "Parameter 'model' value 'gpt-3' is not allowed. Allowed patterns: [gpt-4o gpt-4.1-*]",
            ),
        ),
        (
            r#"{"model":"gpt-4o","model":"gpt-3"}"#,
            Some(
                "Parameter 'model' value 'gpt-3' is not allowed. Allowed patterns: [gpt-4o gpt-4.1-*]",
            ),
        ),
        (
            r#"{"mod\u0065l":"gpt-3"}"#,
            Some(
                "Parameter 'model' value 'gpt-3' is not allowed. Allowed patterns: [gpt-4o gpt-4.1-*]",
            ),
        ),
    ] {
        let refusal = rules.check_body(body.as_bytes()).err();
        assert_eq!(
            refusal.as_ref().map(|it| it.message.as_str()),
            expected,
            "{body}"
        );
    }
    assert!(
        rules.check_body(b"model=gpt-3").is_err(),
        "another media type is no way around"
    );
}

#[test]
fn every_fault_is_found_with_its_list() {
    let spec = RulesSpec {
        allowed_models: texts(&["["]),
        allowed_endpoints: texts(&["v1", "/", "/a/../b"]),
        allowed_methods: texts(&["G T"]),
        allowed_origins: texts(&["*", "https://x/y"]),
        required_headers: texts(&["a b"]),
        param_whitelist: [("n".to_owned(), texts(&[""]))].into(),
    };
    let faults = Rules::new(&spec).unwrap_err();
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "allowed_models",
            "allowed_endpoints",
            "allowed_endpoints",
            "allowed_endpoints",
            "allowed_methods",
            "allowed_origins",
            "allowed_origins",
            "required_headers",
            "param_whitelist.n"
        ]
    );
}
