use std::path::Path;

use tempfile::TempDir;
use weir_core::secret::Secret;
use weir_core::settings::Aws;

use super::{AwsKeys, AwsSource};
use crate::credentials::CredentialError;
use crate::credentials::cache::{Lease, Source as _};
use crate::credentials::testing::{Server, env, fetcher};

const OFF: (&str, &str) = ("AWS_EC2_METADATA_DISABLED", "true");
const DATE: &str = "2040-01-02T03:04:05Z";
const DATE_MS: i64 = 2_209_086_245_000;

fn fetched(
    aws: Aws,
    variables: &[(&str, &str)],
) -> impl Future<Output = Result<Lease<AwsKeys>, CredentialError>> + use<> {
    let aws = Aws {
        region: "us-east-1".to_owned(),
        ..aws
    };
    let source = AwsSource::new("cloud".into(), aws, env(variables), fetcher());
    async move { source.fetch().await }
}

fn home(files: &[(&str, &str)]) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    home
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn keys(id: &str, secret: &str, token: Option<&str>) -> AwsKeys {
    AwsKeys::new(id, secret, token)
}

fn answer(id: &str) -> String {
    format!(
        r#"{{"AccessKeyId":"{id}","SecretAccessKey":"s","Token":"t","Expiration":"{DATE}","Code":"Success"}}"#
    )
}

fn role(id: &str) -> String {
    format!(
        "<R><Credentials><AccessKeyId>{id}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
         <SessionToken>t</SessionToken><Expiration>{DATE}</Expiration></Credentials></R>"
    )
}

#[tokio::test]
async fn keys_of_the_settings_come_first() {
    let aws = Aws {
        access_key_id: Some(Secret::new("AKIA1")),
        secret_access_key: Some(Secret::new("s")),
        session_token: Some(Secret::new("t")),
        ..Aws::default()
    };
    let found = fetched(
        aws,
        &[
            ("AWS_ACCESS_KEY_ID", "AKIA2"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
        ],
    );
    let found = found.await.unwrap();
    assert_eq!(found.value, keys("AKIA1", "s", Some("t")));
    assert_eq!(found.expires_ms, None);
}

#[tokio::test]
async fn the_environment_comes_before_profiles() {
    let home = home(&[(
        ".aws/credentials",
        "[default]\naws_access_key_id=FILE\naws_secret_access_key=f\n",
    )]);
    let found = fetched(
        Aws::default(),
        &[
            ("HOME", text(home.path())),
            ("AWS_ACCESS_KEY_ID", "ENV"),
            ("AWS_SECRET_ACCESS_KEY", "e"),
        ],
    );
    assert_eq!(found.await.unwrap().value, keys("ENV", "e", None));
}

#[tokio::test]
async fn a_profile_named_in_the_settings_comes_before_the_environment() {
    let home = home(&[(
        ".aws/config",
        "[profile work]\naws_access_key_id = FILE\naws_secret_access_key = f # mine\n",
    )]);
    let aws = Aws {
        profile: Some("work".to_owned()),
        ..Aws::default()
    };
    let found = fetched(
        aws,
        &[
            ("HOME", text(home.path())),
            ("AWS_ACCESS_KEY_ID", "ENV"),
            ("AWS_SECRET_ACCESS_KEY", "e"),
        ],
    );
    assert_eq!(found.await.unwrap().value, keys("FILE", "f", None));
}

#[tokio::test]
async fn a_profile_is_put_together_from_both_files() {
    let home = home(&[
        (
            ".aws/config",
            "[default]\nregion=eu-west-1\ns3 =\n  aws_access_key_id = no\n\n[profile p]\naws_secret_access_key=old\naws_access_key_id=ID\n",
        ),
        (
            "elsewhere",
            "[p]\naws_secret_access_key=new\naws_session_token=t\n",
        ),
    ]);
    let credentials = home.path().join("elsewhere");
    let found = fetched(
        Aws::default(),
        &[
            ("HOME", text(home.path())),
            ("AWS_SHARED_CREDENTIALS_FILE", text(&credentials)),
            ("AWS_PROFILE", "p"),
        ],
    );
    assert_eq!(found.await.unwrap().value, keys("ID", "new", Some("t")));
}

#[tokio::test]
async fn a_profile_that_is_not_there_is_named() {
    let error = fetched(Aws::default(), &[("AWS_PROFILE", "nobody"), OFF]).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "profile `nobody`: there is no profile `nobody`"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_profile_may_run_a_program() {
    let json = answer("PROCESS").replace("\"Token\"", "\"SessionToken\"");
    let home = home(&[
        (
            ".aws/config",
            "[default]\ncredential_process = cat \"$HOME_OF_TEST/keys.json\"\n[profile bad]\ncredential_process = exit 3\n",
        ),
        ("keys.json", &json),
    ]);
    // The program has the process' environment, so the place is written into the file instead.
    let config = home.path().join(".aws/config");
    let with_place = std::fs::read_to_string(&config)
        .unwrap()
        .replace("$HOME_OF_TEST", text(home.path()));
    std::fs::write(&config, with_place).unwrap();
    let here = ("HOME", text(home.path()));
    let found = fetched(Aws::default(), &[here]).await.unwrap();
    assert_eq!(found.value, keys("PROCESS", "s", Some("t")));
    assert_eq!(found.expires_ms, Some(DATE_MS));
    let error = fetched(Aws::default(), &[here, ("AWS_PROFILE", "bad")]).await;
    let error = error.unwrap_err();
    assert_eq!(
        error.to_string(),
        "profile `bad`: credential_process: the program gave no credentials"
    );
    assert_eq!(error.cause(), Some("exit status: 3"));
}

#[tokio::test]
async fn a_role_is_assumed_with_a_signed_request() {
    let server = Server::start(|seen| match seen.field("RoleArn").as_str() {
        "arn:outer" => (200, role("OUTER")),
        "arn:inner" => (200, role("INNER")),
        _ => (400, String::new()),
    })
    .await;
    let home = home(&[(
        ".aws/config",
        "[profile outer]\nrole_arn=arn:outer\nsource_profile=inner\nexternal_id=x1\n\
         [profile inner]\nrole_arn=arn:inner\nsource_profile=base\nregion=eu-north-1\n\
         [profile base]\naws_access_key_id=BASE\naws_secret_access_key=b\n",
    )]);
    let found = fetched(
        Aws::default(),
        &[
            ("HOME", text(home.path())),
            ("AWS_PROFILE", "outer"),
            ("AWS_ENDPOINT_URL_STS", &server.address),
        ],
    );
    let found = found.await.unwrap();
    assert_eq!(found.value, keys("OUTER", "s", Some("t")));
    assert_eq!(found.expires_ms, Some(DATE_MS));
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    let inner = seen[0].header("authorization");
    assert!(
        inner.starts_with("AWS4-HMAC-SHA256 Credential=BASE/"),
        "{inner}"
    );
    assert!(inner.contains("/eu-north-1/sts/aws4_request"), "{inner}");
    assert!(
        inner.contains("SignedHeaders=content-type;host;x-amz-date,"),
        "{inner}"
    );
    let outer = seen[1].header("authorization");
    assert!(outer.contains("Credential=INNER/"), "{outer}");
    assert!(outer.contains("x-amz-security-token"), "{outer}");
    assert_eq!(seen[1].header("x-amz-security-token"), "t");
    assert_eq!(seen[1].field("ExternalId"), "x1");
}

#[tokio::test]
async fn profiles_in_a_circle_are_an_error() {
    let home = home(&[(
        ".aws/config",
        "[profile a]\nrole_arn=r\nsource_profile=b\n[profile b]\nrole_arn=r\nsource_profile=a\n",
    )]);
    let error = fetched(
        Aws::default(),
        &[("HOME", text(home.path())), ("AWS_PROFILE", "a")],
    );
    let error = error.await.unwrap_err().to_string();
    assert!(error.contains("circle"), "{error}");
}

#[tokio::test]
async fn a_sign_in_is_exchanged_for_keys() {
    let server = Server::start(|_| {
        let body = format!(
            r#"{{"roleCredentials":{{"accessKeyId":"SSO","secretAccessKey":"s","sessionToken":"t","expiration":{DATE_MS}}}}}"#
        );
        (200, body)
    })
    .await;
    let home = home(&[
        (
            ".aws/config",
            "[default]\nsso_session = corp\nsso_account_id = 1234\nsso_role_name = Dev Ops\n\
             [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.example/start\n",
        ),
        // SHA-1 of `corp`.
        (
            ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json",
            r#"{"accessToken":"signed-in","expiresAt":"2040-01-01T00:00:00Z"}"#,
        ),
    ]);
    let here = ("HOME", text(home.path()));
    let variables = [here, ("AWS_ENDPOINT_URL_SSO", &*server.address)];
    let found = fetched(Aws::default(), &variables).await.unwrap();
    assert_eq!(found.value, keys("SSO", "s", Some("t")));
    let seen = &server.seen()[0];
    assert_eq!(
        seen.path,
        "/federation/credentials?role_name=Dev+Ops&account_id=1234"
    );
    assert_eq!(seen.header("x-amz-sso_bearer_token"), "signed-in");
}

#[tokio::test]
async fn a_sign_in_that_is_over_says_what_to_do() {
    let home = home(&[(
        ".aws/config",
        "[default]\nsso_start_url = u\nsso_region = r\nsso_account_id = 1\nsso_role_name = n\n",
    )]);
    let error = fetched(Aws::default(), &[("HOME", text(home.path()))]).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "profile `default`: sso: not signed in; run `aws sso login`"
    );
}

#[tokio::test]
async fn a_web_identity_is_exchanged_for_a_role() {
    let server = Server::start(|_| (200, role("WEB"))).await;
    let home = home(&[("token", "the-token\n")]);
    let token = home.path().join("token");
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", text(&token)),
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/r"),
        ("AWS_ENDPOINT_URL_STS", &*server.address),
    ];
    let found = fetched(Aws::default(), &variables).await.unwrap();
    assert_eq!(found.value.access_key_id, "WEB");
    let seen = &server.seen()[0];
    assert_eq!(seen.field("Action"), "AssumeRoleWithWebIdentity");
    assert_eq!(seen.field("WebIdentityToken"), "the-token");
    assert_eq!(seen.field("RoleArn"), "arn:aws:iam::1:role/r");
    assert_eq!(seen.header("authorization"), "");
}

#[tokio::test]
async fn a_refused_role_says_why() {
    let server = Server::start(|_| {
        let body =
            "<E><Error><Code>AccessDenied</Code><Message>no, arn:x may not</Message></Error></E>";
        (403, body.to_owned())
    })
    .await;
    let home = home(&[("token", "the-token")]);
    let token = home.path().join("token");
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", text(&token)),
        ("AWS_ROLE_ARN", "r"),
        ("AWS_ENDPOINT_URL_STS", &*server.address),
    ];
    let error = fetched(Aws::default(), &variables).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "web identity: the role was refused: 403 AccessDenied"
    );
    assert_eq!(error.cause(), Some("no, arn:x may not"));
}

#[tokio::test]
async fn a_container_gets_its_keys_with_its_token() {
    let server = Server::start(|_| (200, answer("CONTAINER"))).await;
    let home = home(&[("token", "from-a-file\n")]);
    let token = home.path().join("token");
    let address = format!("{}/v2/credentials/x", server.address);
    let variables = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &*address),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", text(&token)),
    ];
    let found = fetched(Aws::default(), &variables).await.unwrap();
    assert_eq!(found.value, keys("CONTAINER", "s", Some("t")));
    let seen = &server.seen()[0];
    assert_eq!(seen.path, "/v2/credentials/x");
    assert_eq!(seen.header("authorization"), "from-a-file");
}

#[tokio::test]
async fn a_containers_token_does_not_cross_a_network_in_the_clear() {
    let variables = [(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "http://keys.example/x",
    )];
    let error = fetched(Aws::default(), &variables).await.unwrap_err();
    assert!(error.to_string().starts_with("container: "), "{error}");
}

#[tokio::test]
async fn an_instance_is_asked_by_session() {
    let server = Server::start(|seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("PUT", "/latest/api/token") => (200, "session-token".to_owned()),
        ("GET", "/latest/meta-data/iam/security-credentials/") => (200, "my-role\n".to_owned()),
        ("GET", "/latest/meta-data/iam/security-credentials/my-role") => (200, answer("INSTANCE")),
        _ => (404, String::new()),
    })
    .await;
    let variables = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*server.address)];
    let found = fetched(Aws::default(), &variables).await.unwrap();
    assert_eq!(found.value.access_key_id, "INSTANCE");
    let seen = server.seen();
    let ttl = seen[0].header("x-aws-ec2-metadata-token-ttl-seconds");
    assert_eq!(ttl, "21600");
    for asked in &seen[1..] {
        assert_eq!(asked.header("x-aws-ec2-metadata-token"), "session-token");
    }
}

#[tokio::test]
async fn without_any_credentials_the_error_tells_where_was_looked() {
    let error = fetched(Aws::default(), &[OFF]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no AWS credentials: none in the settings, the environment, profile `default`, web \
         identity or a container, and the instance's are switched off"
    );
    let nobody = Server::start(|_| (500, String::new())).await;
    let variables = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", &*nobody.address)];
    let error = fetched(Aws::default(), &variables).await.unwrap_err();
    assert!(
        error.to_string().ends_with("; instance: it answered 500"),
        "{error}"
    );
}

#[test]
fn keys_are_not_printed() {
    let keys = keys("AKIDEXAMPLE", "secret", Some("token"));
    assert_eq!(format!("{keys:?}"), "AwsKeys(***)");
}
