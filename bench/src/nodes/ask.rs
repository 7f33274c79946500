//! One question on a connection of its own, as a client that was just started has it.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longest wait for an answer.
const LIMIT: Duration = Duration::from_secs(60);
const MESSAGE: &str = r#"{"model":"claude-sonnet-4-5","max_tokens":16,"messages":[{"role":"user","content":"Is it up?"}]}"#;

/// An answer of known length.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// Asks; `what` is a method and a path.
///
/// # Errors
/// When nobody answers, or with something that is no answer.
pub(super) async fn ask(
    to: SocketAddr,
    what: &str,
    bearer: &str,
    body: &str,
) -> anyhow::Result<Answer> {
    let asked = async {
        let mut stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "{what} HTTP/1.1\r\nhost: {to}\r\nauthorization: Bearer {bearer}\r\n\
             content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        anyhow::Ok(answer)
    };
    let answer = tokio::time::timeout(LIMIT, asked)
        .await
        .with_context(|| format!("no answer within {} s", LIMIT.as_secs()))??;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .with_context(|| format!("`{answer}` is no answer"))?;
    let status = head.split(' ').nth(1).and_then(|text| text.parse().ok());
    Ok(Answer {
        status: status.with_context(|| format!("`{head}` has no status"))?,
        body: body.to_owned(),
    })
}

/// Sends a short message with a token.
///
/// # Errors
/// As [`ask`].
pub(super) async fn message(to: SocketAddr, token: &str) -> anyhow::Result<Answer> {
    ask(to, "POST /v1/messages", token, MESSAGE).await
}
