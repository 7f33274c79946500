//! Commands for a gateway that speaks TLS.

use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::program::{Program, Setup, eventually, named, output, start_in, weir};

/// A gateway with a certificate that is made out to these names, which is the authority for it, too.
async fn start(names: &[&str]) -> Program {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = certify(&folder, names);
    let settings = [
        ("server.tls.cert_file", certificate.as_str()),
        ("server.tls.key_file", key.as_str()),
    ];
    let setup = Setup {
        settings: &settings,
        env: &[],
    };
    start_in(folder, named("hello", false).await, setup)
}

fn certify(folder: &TempDir, names: &[&str]) -> (String, String) {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let write = |name: &str, text: String| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    (
        write("cert.pem", made.cert.pem()),
        write("key.pem", made.signing_key.serialize_pem()),
    )
}

/// A command for the gateway, which knows the authority if it is given.
async fn run(gateway: &Program, authority: Option<&Path>, args: &[&str], input: &str) -> Output {
    let mut command = weir();
    command
        .current_dir(gateway.folder.path())
        .args(args)
        .env("WEIR_URL", &gateway.url);
    if let Some(file) = authority {
        command.env("SSL_CERT_FILE", file);
    }
    output(command, input).await
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn commands_reach_a_gateway_over_tls() {
    let gateway = start(&["localhost", "127.0.0.1"]).await;
    assert!(
        gateway.url.starts_with("https://127.0.0.1:"),
        "{}",
        gateway.url
    );
    let authority = gateway.folder.path().join("cert.pem");
    let run = async |args: &[&str], input: &str| {
        let done = run(&gateway, Some(&authority), args, input).await;
        assert!(done.status.success(), "{args:?}: {}", text(&done.stderr));
        text(&done.stdout)
    };
    let port = gateway.url.rsplit(':').next().unwrap().to_owned();
    let by_name = format!("https://localhost:{port}");
    for url in [gateway.url.as_str(), &by_name] {
        run(&["health", "--url", url], "").await;
    }
    assert_eq!(run(&["chat"], "first\nsecond\n").await, "hello\nhello\n");
    let figures = run(&["benchmark", "-r", "12", "-c", "3", "--json"], "").await;
    let figures: Value = serde_json::from_str(&figures).unwrap();
    assert_eq!(
        (&figures["succeeded"], &figures["requests"]),
        (&12.into(), &12.into())
    );
    // What asks for answers and what follows streams.
    assert!(
        run(&["provider", "list"], "").await.contains("anthropic"),
        "providers are listed"
    );
    assert!(run(&["cache", "status"], "").await.starts_with("off"));
    eventually(async || {
        let exported = run(&["export"], "").await;
        (exported.lines().count() == 14).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_gateway_that_is_not_trusted_is_told_nothing() {
    let gateway = start(&["localhost", "127.0.0.1"]).await;
    let unknown = run(&gateway, None, &["chat"], "hello\n").await;
    let said = text(&unknown.stderr);
    assert_eq!((unknown.status.code(), unknown.stdout.len()), (Some(1), 0));
    assert!(
        said.contains("certificate") && said.contains("SSL_CERT_FILE"),
        "{said}"
    );
    let args = ["benchmark", "-r", "2", "-c", "1", "--json"];
    let unknown = run(&gateway, None, &args, "").await;
    let figures: Value = serde_json::from_slice(&unknown.stdout).unwrap();
    assert_eq!(
        (unknown.status.code(), &figures["succeeded"]),
        (Some(1), &0.into())
    );

    let other = start(&["other.example"]).await;
    let authority = other.folder.path().join("cert.pem");
    let misnamed = run(&other, Some(&authority), &["health"], "").await;
    assert_eq!(misnamed.status.code(), Some(1));
    for gateway in [&gateway, &other] {
        assert!(gateway.mock.received().is_empty());
    }

    // Who speaks in the clear to it, and who asks what is no such address.
    let plain = gateway.url.replace("https", "http");
    let clear = run(&gateway, None, &["health", "--url", &plain], "").await;
    assert_eq!(clear.status.code(), Some(1));
    let odd = run(&gateway, None, &["status", "--url", "ftp://127.0.0.1"], "").await;
    let said = text(&odd.stderr);
    assert!(said.contains("only http:// and https://"), "{said}");
}
