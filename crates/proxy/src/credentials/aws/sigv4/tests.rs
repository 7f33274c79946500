use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use sha2::Sha256;
use weir_core::secret::Secret;

use super::{Scope, Signed, sha256_hex};
use crate::credentials::aws::AwsKeys;

/// 2015-08-30T12:36:00Z, the moment of all of Amazon's published examples.
const EXAMPLE_S: u64 = 1_440_938_160;
/// The secret of all of them.
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn scope(service: &str) -> Scope<'_> {
    Scope {
        service,
        region: "us-east-1",
        time: UNIX_EPOCH + Duration::from_secs(EXAMPLE_S),
    }
}

fn signature_at(
    scope: &Scope<'_>,
    (method, uri): (&str, &str),
    headers: &[(&'static str, &'static str)],
    body: &'static str,
    token: Option<&str>,
) -> HeaderMap {
    let mut all = HeaderMap::new();
    let mut signed_headers: Vec<HeaderName> = Vec::new();
    for (name, value) in headers {
        let name = HeaderName::from_static(name);
        if !signed_headers.contains(&name) {
            signed_headers.push(name.clone());
        }
        all.append(name, HeaderValue::from_static(value));
    }
    let keys = AwsKeys {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: Secret::new(SECRET),
        session_token: token.map(Secret::new),
    };
    let method: Method = method.parse().unwrap();
    let uri: Uri = uri.parse().unwrap();
    Signed {
        method: &method,
        uri: &uri,
        headers: &all,
        signed_headers: &signed_headers,
        body_sha256: &sha256_hex([&Bytes::from_static(body.as_bytes())]),
    }
    .signature(&keys, scope)
    .unwrap()
    .into_iter()
    .collect()
}

/// Checks one of Amazon's published examples, all of which are for a service named `service`.
fn check(
    request: (&str, &str),
    headers: &[(&'static str, &'static str)],
    body: &'static str,
    expected: &str,
) {
    let added = signature_at(&scope("service"), request, headers, body, None);
    let authorization = added["authorization"].to_str().unwrap();
    assert_eq!(added["x-amz-date"], "20150830T123600Z");
    assert!(
        authorization.starts_with(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        ),
        "{authorization}"
    );
    assert!(
        authorization.ends_with(&format!("Signature={expected}")),
        "{authorization}"
    );
}

#[test]
fn published_get_vanilla() {
    check(
        ("GET", "https://example.amazonaws.com/"),
        &[],
        "",
        "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
    );
}

#[test]
fn published_post_vanilla() {
    check(
        ("POST", "https://example.amazonaws.com/"),
        &[],
        "",
        "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    );
}

#[test]
fn published_get_unreserved() {
    check(
        (
            "GET",
            "https://example.amazonaws.com/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        ),
        &[],
        "",
        "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
    );
}

#[test]
fn published_get_vanilla_query_order_encoded() {
    check(
        (
            "GET",
            "https://example.amazonaws.com/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
        ),
        &[],
        "",
        "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
    );
}

#[test]
fn published_post_with_a_body() {
    check(
        ("POST", "https://example.amazonaws.com/"),
        &[
            ("content-type", "application/x-www-form-urlencoded"),
            ("content-length", "13"),
            (
                "x-amz-content-sha256",
                "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
            ),
        ],
        "Param1=value1",
        "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
    );
}

#[test]
fn published_get_vanilla_with_session_token() {
    let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
    let added = signature_at(
        &scope("service"),
        ("GET", "https://example.amazonaws.com/"),
        &[],
        "",
        Some(token),
    );
    assert_eq!(added["x-amz-security-token"], token);
    let expected = "SignedHeaders=host;x-amz-date;x-amz-security-token, \
        Signature=07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8";
    let authorization = added["authorization"].to_str().unwrap();
    assert!(authorization.ends_with(expected), "{authorization}");
    assert!(added.values().all(HeaderValue::is_sensitive));
}

/// A signature from the words of the standard, for a POST of JSON to Bedrock.
pub(crate) struct ByHand<'a> {
    pub(crate) host: &'a str,
    /// Encoded once more than on the wire.
    pub(crate) canonical_path: &'a str,
    /// As `X-Amz-Date` has it.
    pub(crate) date: &'a str,
    pub(crate) body: &'a Bytes,
}

impl ByHand<'_> {
    pub(crate) fn authorization(&self) -> String {
        let Self {
            host,
            canonical_path,
            date,
            body,
        } = self;
        let day = date.get(..8).unwrap();
        let canonical = format!(
            "POST\n{canonical_path}\n\ncontent-type:application/json\nhost:{host}\n\
             x-amz-date:{date}\n\ncontent-type;host;x-amz-date\n{}",
            sha256_hex([*body])
        );
        let scope = format!("{day}/us-east-1/bedrock/aws4_request");
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
            sha256_hex([&Bytes::from(canonical)])
        );
        let mut key = format!("AWS4{SECRET}").into_bytes();
        for part in [day, "us-east-1", "bedrock", "aws4_request", &to_sign] {
            key = hmac_sha256(&key, part.as_bytes());
        }
        let signature = crate::credentials::aws::hex(&key);
        format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, \
             SignedHeaders=content-type;host;x-amz-date, Signature={signature}"
        )
    }
}

#[test]
fn a_path_with_an_encoded_colon_is_encoded_again_in_the_signature() {
    let host = "bedrock-runtime.us-east-1.amazonaws.com";
    let body = r#"{"max_tokens":1}"#;
    let address = format!("https://{host}/model/anthropic.claude-v1%3A0/invoke");
    let added = signature_at(
        &scope("bedrock"),
        ("POST", &address),
        &[("content-type", "application/json")],
        body,
        None,
    );
    let by_hand = ByHand {
        host,
        canonical_path: "/model/anthropic.claude-v1%253A0/invoke",
        date: "20150830T123600Z",
        body: &Bytes::from_static(body.as_bytes()),
    };
    assert_eq!(added["authorization"], by_hand.authorization());
}

/// RFC 2104, written out so that the check does not lean on what it checks.
fn hmac_sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    use sha2::Digest as _;
    let mut block = [0u8; 64];
    if key.len() > 64 {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner: Vec<u8> = block
        .iter()
        .map(|b| b ^ 0x36)
        .chain(text.iter().copied())
        .collect();
    let outer: Vec<u8> = block
        .iter()
        .map(|b| b ^ 0x5c)
        .chain(Sha256::digest(&inner).iter().copied())
        .collect();
    Sha256::digest(&outer).to_vec()
}
