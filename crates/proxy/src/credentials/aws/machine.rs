//! What the machine itself is given: a container's credentials, an EC2 instance's.

use http::header::AUTHORIZATION;
use http::{HeaderName, Method, StatusCode, Uri};
use serde_json::Value;

use super::{Found, from_json};
use crate::credentials::fetch::{Answer, Fetcher, Question};
use crate::credentials::{CredentialError, Env, read_file};

/// Where relative addresses of ECS point.
const CONTAINER_HOST: &str = "http://169.254.170.2";
/// Hosts besides loopback that may be asked in the clear: ECS's and the two of EKS.
const CONTAINER_HOSTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"];
const INSTANCE: &str = "http://169.254.169.254";
const TTL: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
const TOKEN: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

/// A container's credentials, if the environment says where they are.
pub(super) async fn from_container(env: &Env, fetcher: &Fetcher) -> Found {
    let address = match (
        env.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
        env.get("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    ) {
        (Some(path), _) => format!("{CONTAINER_HOST}{path}"),
        (None, Some(address)) => address,
        (None, None) => return Ok(None),
    };
    if !may_be_asked(&address) {
        return Err(CredentialError::new(
            "the address is neither https nor a container's or this machine's own",
        ));
    }
    let mut question = Question::new(Method::GET, &address)?.near();
    if let Some(token) = container_token(env).await? {
        question = question.header(AUTHORIZATION, token.trim());
    }
    let answer = fetcher.ask(question).await?;
    from_json(&body(&answer)?).map(Some)
}

async fn container_token(env: &Env) -> Result<Option<String>, CredentialError> {
    match env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        Some(path) => read_file(env.path(&path)).await,
        None => Ok(env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")),
    }
}

/// The token must not cross a network in the clear.
fn may_be_asked(address: &str) -> bool {
    let Ok(uri) = address.parse::<Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or_default();
    let loopback = host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    uri.scheme_str() == Some("https") || loopback || CONTAINER_HOSTS.contains(&host)
}

/// An instance's credentials, by IMDSv2 only; none when they are switched off.
pub(super) async fn from_instance(env: &Env, fetcher: &Fetcher) -> Found {
    if env.is_on("AWS_EC2_METADATA_DISABLED") {
        return Ok(None);
    }
    let base = env
        .get("AWS_EC2_METADATA_SERVICE_ENDPOINT")
        .unwrap_or_else(|| INSTANCE.to_owned());
    let base = base.trim_end_matches('/');
    let question = Question::new(Method::PUT, &format!("{base}/latest/api/token"))?
        .near()
        .header(TTL, "21600");
    let token = text(&fetcher.ask(question).await?)?;
    let ask = async |path: &str| {
        let question = Question::new(Method::GET, &format!("{base}{path}"))?
            .near()
            .header(TOKEN, &token);
        fetcher.ask(question).await
    };
    let roles = ask(ROLES).await?;
    if roles.status == StatusCode::NOT_FOUND {
        return Err(CredentialError::new("the instance has no role"));
    }
    let roles = text(&roles)?;
    let role = roles.lines().next().unwrap_or_default();
    let answer = ask(&format!("{ROLES}{role}")).await?;
    from_json(&body(&answer)?).map(Some)
}

fn text(answer: &Answer) -> Result<String, CredentialError> {
    if !answer.status.is_success() {
        let status = answer.status.as_u16();
        return Err(CredentialError::new(format!("it answered {status}")));
    }
    Ok(String::from_utf8_lossy(&answer.body).trim().to_owned())
}

fn body(answer: &Answer) -> Result<Value, CredentialError> {
    serde_json::from_str(&text(answer)?).map_err(|_| CredentialError::new("the answer is no JSON"))
}
