//! Where the clouds hand out credentials: OAuth token endpoints of Google and Microsoft, the
//! metadata servers of Google and AWS, the credential endpoint of AWS containers. Each credential
//! carries a number, so that a request shows which one it was made with. No proof is checked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::clock;
use crate::received::Received;
use crate::script::Raw;

/// A place where credentials are had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// `/token`: a service account's assertion or a refresh token.
    Google,
    /// `/v1/token`: Google's exchange of another's token.
    GoogleExchange,
    /// `:generateAccessToken`: Google's impersonation of a service account.
    GoogleImpersonation,
    /// `/computeMetadata/...`: a Google machine's own; what stands behind `v1/`.
    GoogleMetadata(String),
    /// `/{tenant}/oauth2/v2.0/token`.
    Entra,
    /// `PUT /latest/api/token`.
    AwsSession,
    /// `/latest/meta-data/...`: an AWS machine's own; what stands behind `meta-data/`.
    AwsMetadata(String),
    /// `/v2/credentials...` and `/v1/credentials...`: an AWS container's own.
    AwsContainer,
}

/// The one session of an AWS machine with its metadata server.
const SESSION: &str = "imds-mock-session";
/// The role that AWS machines have here.
const ROLE: &str = "mock-role";
/// What a container's credentials are for.
const ROLE_ARN: &str = "arn:aws:iam::123456789012:role/mock-role";
const NOT_FOUND: u16 = 404;

/// Hands out numbered credentials.
#[derive(Debug)]
pub(crate) struct Issuer {
    lifetime: Mutex<Duration>,
    issued: AtomicU64,
}

impl Default for Issuer {
    fn default() -> Self {
        Self {
            lifetime: Mutex::new(Duration::from_secs(3600)),
            issued: AtomicU64::new(0),
        }
    }
}

impl Issuer {
    pub(crate) fn set_lifetime(&self, lifetime: Duration) {
        *self.lifetime.lock() = lifetime;
    }

    pub(crate) fn issued(&self) -> u64 {
        self.issued.load(Ordering::Relaxed)
    }

    fn lifetime(&self) -> u64 {
        self.lifetime.lock().as_secs()
    }

    /// The next credential's number, from 1.
    fn next(&self) -> u64 {
        self.issued.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn expiry(&self) -> String {
        clock::rfc3339(clock::now().saturating_add(self.lifetime()))
    }
}

/// Which endpoint a request is for, if it is one of these.
pub(crate) fn find(request: &Received) -> Option<Token> {
    let path = request.path();
    let behind = |prefix: &str| path.strip_prefix(prefix).map(str::to_owned);
    match request.method.as_str() {
        "POST" => match path {
            "/token" | "/oauth2/v4/token" => Some(Token::Google),
            "/v1/token" => Some(Token::GoogleExchange),
            _ if path.ends_with(":generateAccessToken") => Some(Token::GoogleImpersonation),
            _ if path.ends_with("/oauth2/v2.0/token") => Some(Token::Entra),
            _ => None,
        },
        "PUT" if path == "/latest/api/token" => Some(Token::AwsSession),
        "GET" if request.header("metadata-flavor").is_some() && path == "/" => {
            Some(Token::GoogleMetadata(String::new()))
        }
        "GET" => behind("/computeMetadata/v1/")
            .map(Token::GoogleMetadata)
            .or_else(|| behind("/latest/meta-data/").map(Token::AwsMetadata))
            .or_else(|| {
                let is_container = ["/v2/credentials", "/v1/credentials"]
                    .iter()
                    .any(|prefix| path.starts_with(prefix));
                is_container.then_some(Token::AwsContainer)
            }),
        _ => None,
    }
}

/// What the endpoint says.
pub(crate) fn answer(token: &Token, request: &Received, issuer: &Issuer) -> Raw {
    match token {
        Token::Google => google(issuer, &[]),
        Token::GoogleExchange => {
            let kind = "urn:ietf:params:oauth:token-type:access_token";
            google(issuer, &[("issued_token_type", kind)])
        }
        Token::GoogleImpersonation => {
            let token = format!("ya29.mock-{}", issuer.next());
            json_body(
                200,
                &json!({"accessToken": token, "expireTime": issuer.expiry()}),
            )
        }
        Token::GoogleMetadata(what) => google_metadata(what, request, issuer),
        Token::Entra => entra(request, issuer),
        Token::AwsSession => aws_session(request),
        Token::AwsMetadata(what) => aws_metadata(what, request, issuer),
        Token::AwsContainer => {
            let mut body = aws_credentials(issuer);
            if let Some(fields) = body.as_object_mut() {
                fields.insert("RoleArn".to_owned(), ROLE_ARN.into());
            }
            json_body(200, &body)
        }
    }
}

fn google(issuer: &Issuer, more: &[(&str, &str)]) -> Raw {
    let mut body = json!({
        "access_token": format!("ya29.mock-{}", issuer.next()),
        "expires_in": issuer.lifetime(),
        "token_type": "Bearer",
    });
    if let Some(fields) = body.as_object_mut() {
        for (name, value) in more {
            fields.insert((*name).to_owned(), (*value).into());
        }
    }
    json_body(200, &body)
}

fn google_metadata(what: &str, request: &Received, issuer: &Issuer) -> Raw {
    if request.header("metadata-flavor") != Some("Google") {
        return text(403, "Missing Metadata-Flavor:Google header.");
    }
    let reply = match what.trim_end_matches('/') {
        "" => text(200, "computeMetadata/"),
        "project/project-id" => text(200, "mock-project"),
        "universe/universe-domain" | "universe/universe_domain" => text(200, "googleapis.com"),
        "instance/service-accounts/default" => json_body(
            200,
            &json!({"aliases": ["default"], "email": "mock@mock-project.iam.gserviceaccount.com",
                "scopes": ["https://www.googleapis.com/auth/cloud-platform"]}),
        ),
        "instance/service-accounts/default/email" => {
            text(200, "mock@mock-project.iam.gserviceaccount.com")
        }
        "instance/service-accounts/default/token" => google(issuer, &[]),
        _ => text(NOT_FOUND, "not found"),
    };
    reply.header("Metadata-Flavor", "Google")
}

fn entra(request: &Received, issuer: &Issuer) -> Raw {
    let form = String::from_utf8_lossy(&request.body);
    if !form.contains("client_id=") || !form.contains("grant_type=") {
        let body = json!({
            "error": "invalid_request",
            "error_description": "AADSTS900144: The request body must contain the following \
                parameter: 'client_id'.",
            "error_codes": [900_144],
        });
        return json_body(400, &body);
    }
    let lifetime = issuer.lifetime();
    let body = json!({
        "token_type": "Bearer",
        "expires_in": lifetime,
        "ext_expires_in": lifetime,
        "access_token": format!("eyJ0eXAiOiJKV1QifQ.mock-{}", issuer.next()),
    });
    json_body(200, &body)
}

fn aws_session(request: &Received) -> Raw {
    let ttl = request.header("x-aws-ec2-metadata-token-ttl-seconds");
    let Some(ttl) = ttl.filter(|ttl| {
        ttl.parse()
            .is_ok_and(|ttl: u32| (1..=21_600).contains(&ttl))
    }) else {
        return text(400, "Bad Request");
    };
    text(200, SESSION).header("x-aws-ec2-metadata-token-ttl-seconds", ttl)
}

fn aws_metadata(what: &str, request: &Received, issuer: &Issuer) -> Raw {
    if request.header("x-aws-ec2-metadata-token") != Some(SESSION) {
        return text(401, "Unauthorized");
    }
    match what.strip_prefix("iam/security-credentials") {
        Some("" | "/") => text(200, ROLE),
        Some(rest) if rest.trim_matches('/') == ROLE => {
            let mut body = aws_credentials(issuer);
            if let Some(fields) = body.as_object_mut() {
                let now = clock::rfc3339(clock::now());
                for (name, value) in [
                    ("Code", "Success"),
                    ("Type", "AWS-HMAC"),
                    ("LastUpdated", now.as_str()),
                ] {
                    fields.insert(name.to_owned(), value.into());
                }
            }
            json_body(200, &body)
        }
        _ if what == "placement/region" => text(200, "us-east-1"),
        _ => text(NOT_FOUND, "Not Found"),
    }
}

fn aws_credentials(issuer: &Issuer) -> Value {
    let number = issuer.next();
    json!({
        "AccessKeyId": format!("ASIAMOCK{number:012}"),
        "SecretAccessKey": format!("mock-secret-{number}"),
        "Token": format!("mock-session-{number}"),
        "Expiration": issuer.expiry(),
    })
}

fn json_body(status: u16, body: &Value) -> Raw {
    Raw::new(status)
        .header("content-type", "application/json; charset=utf-8")
        .body(body.to_string())
}

fn text(status: u16, body: &str) -> Raw {
    Raw::new(status)
        .header("content-type", "text/plain")
        .body(body.to_owned())
}
