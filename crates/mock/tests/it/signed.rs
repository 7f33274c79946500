//! The mock checks AWS signatures as the AWS library makes them, and by a published example.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use weir_mock::{Mock, Received};

use crate::client::{mock, post, raw};

const BODY: &str = r#"{"messages":[]}"#;
const TARGET: &str = "/model/us.anthropic.claude-x-v1%3A0/invoke?b=2&a=x%20y&empty";

/// The headers that the AWS library adds.
fn signed(url: &str, session: Option<&str>) -> Vec<(String, String)> {
    let session = session.map(str::to_owned);
    let identity = Credentials::new("AKIDMOCK", "secret", session, None, "test").into();
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("bedrock")
        .time(SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000))
        .settings(settings)
        .build()
        .unwrap()
        .into();
    let headers = [("content-type", "application/json"), ("x-odd", "  a   b ")];
    let body = SignableBody::Bytes(BODY.as_bytes());
    let request = SignableRequest::new("POST", url, headers.into_iter(), body).unwrap();
    let (instructions, _) = sign(request, &params).unwrap().into_parts();
    let (added, _) = instructions.into_parts();
    let added = added.into_iter();
    let mut all: Vec<(String, String)> = added
        .map(|header| (header.name().to_owned(), header.value().to_owned()))
        .collect();
    let own = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    all.extend(own);
    all
}

async fn received(mock: &Mock, headers: &[(String, String)], body: &str) -> Received {
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    // The same host that was signed.
    let host = mock.addr.to_string();
    let request = String::from_utf8(post(TARGET, &headers, body)).unwrap();
    let request = request.replace("Host: mock", &format!("Host: {host}"));
    raw(mock, request.as_bytes()).await;
    mock.received().pop().unwrap()
}

#[tokio::test]
async fn what_the_aws_library_signs_is_found_good() {
    let mock = mock().await;
    let url = format!("{}{TARGET}", mock.url());
    for session in [None, Some("token")] {
        let one = received(&mock, &signed(&url, session), BODY).await;
        let found = one.sigv4("AKIDMOCK", "secret").unwrap();
        assert_eq!(
            (found.region.as_str(), found.service.as_str()),
            ("us-east-1", "bedrock")
        );
        assert_eq!(found.session_token.as_deref(), session);
        assert!(found.headers.contains(&"x-odd".to_owned()));
        assert_eq!(one.credential(), Some("AKIDMOCK"));
        assert!(one.sigv4_ok("AKIDMOCK", "secret"));
    }
}

#[tokio::test]
async fn a_signature_that_does_not_fit_is_told_apart() {
    let mock = mock().await;
    let url = format!("{}{TARGET}", mock.url());
    let good = signed(&url, None);
    let one = received(&mock, &good, BODY).await;
    assert!(!one.sigv4_ok("AKIDMOCK", "other"));
    let why = one.sigv4("AKIDOTHER", "secret").unwrap_err().to_string();
    assert_eq!(why, "signed by `AKIDMOCK`");
    let other_body = received(&mock, &good, "{}").await;
    let why = other_body.sigv4("AKIDMOCK", "secret").unwrap_err();
    assert_eq!(why.to_string(), "x-amz-content-sha256 is another body's");
    let changed = |name: &str, value: &str| {
        let change = |(known, old): &(String, String)| {
            let new = if known == name { value } else { old };
            (known.clone(), new.to_owned())
        };
        good.iter().map(change).collect::<Vec<_>>()
    };
    for (name, value) in [
        ("content-type", "text/plain"),
        ("x-amz-date", "20990101T000000Z"),
        ("authorization", "Bearer AKIDMOCK"),
        ("authorization", "AWS4-HMAC-SHA256 Credential=AKIDMOCK/x"),
    ] {
        let one = received(&mock, &changed(name, value), BODY).await;
        assert!(!one.sigv4_ok("AKIDMOCK", "secret"), "{name}");
    }
    let unsigned = received(&mock, &[], BODY).await;
    let why = unsigned.sigv4("AKIDMOCK", "secret").unwrap_err();
    assert_eq!(why.to_string(), "no signature in ``");
}

#[tokio::test]
async fn the_published_example_is_found_good() {
    let mock = mock().await;
    let request = "GET / HTTP/1.1\r\nHost:example.amazonaws.com\r\n\
        X-Amz-Date:20150830T123600Z\r\nAuthorization: AWS4-HMAC-SHA256 \
        Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
        SignedHeaders=host;x-amz-date, \
        Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31\r\n\
        Connection: close\r\n\r\n";
    raw(&mock, request.as_bytes()).await;
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let found = mock.received()[0].sigv4("AKIDEXAMPLE", secret).unwrap();
    assert_eq!(found.service, "service");
}
