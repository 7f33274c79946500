//! Runs a coding agent of Anthropic's on models of another vendor:
//!
//! ```sh
//! OPENAI_API_KEY=sk-... cargo run --example embed -- https://api.openai.com/v1 claude --model gpt-5
//! ```
//!
//! Without arguments a mock stands in for the vendor, and `curl` for the agent.

#![expect(clippy::print_stderr, reason = "it tells its user what it does")]

use std::error::Error;
use std::process::{Command, ExitCode};
use std::time::Duration;

use weir::embed::{Secret, Setup, TokenError};
use weir_mock::MockConfig;

/// What the stand-in asks for.
const BODY: &str = r#"{"model":"gpt-5","max_tokens":64,"stream":true,"messages":[{"role":"user","content":"hello"}]}"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    // Lives as long as it is asked.
    let mock = weir_mock::serve(MockConfig::default()).await?;
    let upstream = words.next().unwrap_or_else(|| format!("{}/v1", mock.url()));

    // A program that has short-lived tokens would see here whether the last is still good.
    let token = || async {
        let key = std::env::var("OPENAI_API_KEY").unwrap_or_default();
        Ok::<_, TokenError>(Secret::new(key))
    };
    let translator = Setup::translating(&upstream, token).start()?;
    let own = translator.token().map_or("", Secret::expose).to_owned();
    eprintln!("{} translates for {upstream}", translator.url());

    let mut agent = match words.next() {
        Some(agent) => Command::new(agent),
        None => curl(translator.url(), &own),
    };
    agent.args(words);
    agent.env("ANTHROPIC_BASE_URL", translator.url());
    agent.env("ANTHROPIC_AUTH_TOKEN", own);
    // The translator has a thread of its own; the mock needs this one.
    let ended = tokio::task::spawn_blocking(move || agent.status()).await??;

    translator.shutdown_within(Duration::from_secs(10)).await;
    Ok(if ended.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn curl(url: &str, token: &str) -> Command {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "-N", "-d", BODY, "-H"]);
    curl.arg(format!("authorization: Bearer {token}"));
    curl.arg(format!("{url}/v1/messages"));
    curl
}
