use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rsa::KeyPair;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};
use tempfile::TempDir;
use weir_core::settings::Gcp;

use super::jwt::sign;
use super::{GoogleSource, GoogleToken};
use crate::credentials::CredentialError;
use crate::credentials::cache::{Lease, Source as _};
use crate::credentials::testing::{Server, env, fetcher};

/// The example key of RFC 7515, appendix A.2: n, e, d, p, q, dp, dq, qi.
const RFC_KEY: [&str; 8] = [
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
    "AQAB",
    "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ",
    "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc",
    "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc",
    "BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0",
    "h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU",
    "IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U",
];

/// A DER element.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = u16::try_from(content.len()).unwrap().to_be_bytes();
    let mut out = vec![tag];
    match len {
        [0, short @ 0..=127] => out.push(short),
        [0, long] => out.extend([0x81, long]),
        [high, low] => out.extend([0x82, high, low]),
    }
    out.extend(content);
    out
}

fn integer(bytes: &[u8]) -> Vec<u8> {
    let mut content = bytes.to_vec();
    if bytes[0] >= 0x80 {
        content.insert(0, 0);
    }
    der(2, &content)
}

/// The key as PKCS#8 (RFC 5208).
fn pkcs8() -> Vec<u8> {
    let mut numbers = integer(&[0]);
    for number in RFC_KEY {
        numbers.extend(integer(&URL_SAFE_NO_PAD.decode(number).unwrap()));
    }
    let rsa = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    let algorithm = [der(6, &rsa), der(5, &[])].concat();
    let key = [
        integer(&[0]),
        der(0x30, &algorithm),
        der(4, &der(0x30, &numbers)),
    ];
    der(0x30, &key.concat())
}

fn pem() -> String {
    let label = "PRIVATE KEY";
    let body = STANDARD.encode(pkcs8());
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

fn fetched(
    gcp: Gcp,
    variables: &[(&str, &str)],
) -> impl Future<Output = Result<Lease<GoogleToken>, CredentialError>> + use<> {
    let source = GoogleSource::new("cloud".into(), gcp, env(variables), fetcher());
    async move { source.fetch().await }
}

/// Fetches by a credentials file of these contents.
fn by_file(
    file: &Value,
) -> impl Future<Output = Result<Lease<GoogleToken>, CredentialError>> + use<> {
    let directory = directory("key.json", file);
    let gcp = Gcp {
        credentials_file: Some(directory.path().join("key.json")),
        ..Gcp::default()
    };
    let fetching = fetched(gcp, &[]);
    async move {
        let found = fetching.await;
        drop(directory);
        found
    }
}

fn directory(name: &str, file: &Value) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, file.to_string()).unwrap();
    directory
}

fn token() -> String {
    json!({ "access_token": "ya29.x", "expires_in": 3599, "token_type": "Bearer" }).to_string()
}

#[test]
fn published_signature_of_rfc_7515() {
    let text = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let expected = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let pair = KeyPair::from_pkcs8(&pkcs8()).unwrap();
    let signature = sign(&pair, text.as_bytes()).unwrap();
    assert_eq!(URL_SAFE_NO_PAD.encode(signature), expected);
}

#[tokio::test]
async fn a_service_account_asserts_who_it_is() {
    let server = Server::start(|_| (200, token())).await;
    let address = format!("{}/token", server.address);
    let found = by_file(&json!({
        "type": "service_account", "client_email": "me@p.iam.gserviceaccount.com",
        "private_key_id": "k1", "private_key": pem(), "token_uri": address,
    }));
    let found = found.await.unwrap();
    assert_eq!(found.value.bearer, "Bearer ya29.x");
    assert!(found.value.bearer.is_sensitive());
    assert_eq!(found.value.quota_project, None);
    let seen = &server.seen()[0];
    assert_eq!(
        seen.field("grant_type"),
        "urn:ietf:params:oauth:grant-type:jwt-bearer"
    );
    let assertion = seen.field("assertion");
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    let parts: Vec<Value> = signed
        .split('.')
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    assert_eq!(
        parts[0],
        json!({ "alg": "RS256", "typ": "JWT", "kid": "k1" })
    );
    assert_eq!(parts[1]["iss"], "me@p.iam.gserviceaccount.com");
    assert_eq!(parts[1]["aud"], *address);
    assert_eq!(
        parts[1]["scope"],
        "https://www.googleapis.com/auth/cloud-platform"
    );
    let life = parts[1]["exp"].as_i64().unwrap() - parts[1]["iat"].as_i64().unwrap();
    assert_eq!(life, 3600);
    let pair = KeyPair::from_pkcs8(&pkcs8()).unwrap();
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public())
        .verify(
            signed.as_bytes(),
            &URL_SAFE_NO_PAD.decode(signature).unwrap(),
        )
        .unwrap();
}

#[tokio::test]
async fn a_persons_sign_in_by_gcloud_is_found_and_brings_its_quota_project() {
    let server = Server::start(|_| (200, token())).await;
    let home = directory(
        ".config/gcloud/application_default_credentials.json",
        &json!({
            "type": "authorized_user", "client_id": "id", "client_secret": "cs",
            "refresh_token": "rt", "quota_project_id": "mine", "token_uri": server.address,
        }),
    );
    let found = fetched(Gcp::default(), &[("HOME", home.path().to_str().unwrap())]);
    let found = found.await.unwrap();
    assert_eq!(found.value.quota_project.unwrap(), "mine");
    let seen = &server.seen()[0];
    let sent = ["grant_type", "client_id", "client_secret", "refresh_token"];
    let sent = sent.map(|name| seen.field(name));
    assert_eq!(sent, ["refresh_token", "id", "cs", "rt"]);
}

#[tokio::test]
async fn a_machine_is_asked_when_there_is_no_file() {
    let server = Server::start(|_| (200, token())).await;
    let found = fetched(Gcp::default(), &[("GCE_METADATA_HOST", server.host())]);
    assert_eq!(found.await.unwrap().value.bearer, "Bearer ya29.x");
    let seen = &server.seen()[0];
    assert!(
        seen.path
            .starts_with("/computeMetadata/v1/instance/service-accounts/default/token"),
        "{}",
        seen.path
    );
    assert_eq!(seen.header("metadata-flavor"), "Google");
}

#[tokio::test]
async fn a_workload_exchanges_its_token_and_acts_for_an_account() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/subject" => (200, json!({ "value": "other-issuer" }).to_string()),
        "/sts" => (200, token()),
        _ => {
            let answer =
                json!({ "accessToken": "ya29.account", "expireTime": "2040-01-01T00:00:00Z" });
            (200, answer.to_string())
        }
    })
    .await;
    let at = |path: &str| format!("{}{path}", server.address);
    let found = by_file(&json!({
        "type": "external_account", "audience": "//iam/pool",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": at("/sts"), "service_account_impersonation_url": at("/impersonate"),
        "credential_source": {
            "url": at("/subject"), "headers": { "X-Is": "weir" },
            "format": { "type": "json", "subject_token_field_name": "value" },
        },
    }));
    let found = found.await.unwrap();
    assert_eq!(found.value.bearer, "Bearer ya29.account");
    assert!(found.expires_ms > Some(2_000_000_000_000));
    let seen = server.seen();
    assert_eq!(seen[0].header("x-is"), "weir");
    assert_eq!(seen[1].field("subject_token"), "other-issuer");
    assert_eq!(seen[1].field("audience"), "//iam/pool");
    assert_eq!(seen[2].header("authorization"), "Bearer ya29.x");
    assert_eq!(seen[2].header("content-type"), "application/json");
}

#[tokio::test]
async fn a_workloads_token_may_be_in_a_file() {
    let server = Server::start(|_| (200, token())).await;
    let directory = directory("subject", &json!("quoted"));
    let found = by_file(&json!({
        "type": "external_account", "audience": "a", "subject_token_type": "t",
        "token_url": server.address,
        "credential_source": { "file": directory.path().join("subject") },
    }));
    found.await.unwrap();
    assert_eq!(server.seen()[0].field("subject_token"), "\"quoted\"");
}

#[tokio::test]
async fn somebody_may_act_for_an_account() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/token" => (200, token()),
        _ => {
            let answer =
                json!({ "accessToken": "ya29.account", "expireTime": "2040-01-01T00:00:00Z" });
            (200, answer.to_string())
        }
    })
    .await;
    let found = by_file(&json!({
        "type": "impersonated_service_account", "delegates": ["d"],
        "service_account_impersonation_url": format!("{}/impersonate", server.address),
        "source_credentials": {
            "type": "authorized_user", "client_id": "id", "client_secret": "cs",
            "refresh_token": "rt", "token_uri": format!("{}/token", server.address),
        },
    }));
    assert_eq!(found.await.unwrap().value.bearer, "Bearer ya29.account");
    let body: Value = serde_json::from_str(&server.seen()[1].body).unwrap();
    assert_eq!(body["delegates"], json!(["d"]));
}

#[tokio::test]
async fn a_refusal_names_the_place_and_the_code() {
    let server = Server::start(|_| {
        let body = json!({ "error": "invalid_grant", "error_description": "Token has been expired or revoked." });
        (400, body.to_string())
    })
    .await;
    let error = by_file(&json!({
        "type": "authorized_user", "client_id": "id", "client_secret": "hush",
        "refresh_token": "rt", "token_uri": server.address,
    }));
    let error = error.await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the credentials file of the settings: the token server answered 400 `invalid_grant`"
    );
    assert_eq!(error.cause(), Some("Token has been expired or revoked."));
}

#[tokio::test]
async fn what_cannot_be_used_is_named() {
    let of = async |file: Value| by_file(&file).await.unwrap_err().to_string();
    let place = "the credentials file of the settings";
    assert_eq!(
        of(json!({ "type": "gdch_service_account" })).await,
        format!("{place}: credentials of type `gdch_service_account` are not supported")
    );
    assert_eq!(
        of(json!({ "type": "service_account", "client_email": "e" })).await,
        format!("{place}: `private_key` is missing")
    );
    assert_eq!(
        of(json!({ "type": "service_account", "client_email": "e", "private_key": "hush" })).await,
        format!("{place}: `private_key` cannot be used")
    );
    assert_eq!(
        of(json!({ "type": "external_account", "credential_source": { "executable": {} } })).await,
        format!(
            "{place}: `credential_source` has neither a file nor a URL, and no other kind is supported"
        )
    );
    let missing = Gcp {
        credentials_file: Some("/nowhere/key.json".into()),
        ..Gcp::default()
    };
    let error = fetched(missing, &[]).await.unwrap_err();
    assert_eq!(error.to_string(), format!("{place} is not there"));
}

#[tokio::test]
async fn without_any_credentials_the_error_tells_where_was_looked() {
    let nobody = Server::start(|_| (404, String::new())).await;
    let error = fetched(Gcp::default(), &[("GCE_METADATA_HOST", nobody.host())]);
    assert_eq!(
        error.await.unwrap_err().to_string(),
        "no Google credentials: no file in the settings or the environment, none of gcloud's; \
         metadata server: the token server answered 404"
    );
}
