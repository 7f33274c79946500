//! `weir chat`: a conversation with a model through a running gateway, at the terminal.

mod said;

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde_json::{Value, json};
use weir_wire::sse::Splitter;

use self::said::{Dialect, Said};
use crate::benchmark::token;
use crate::cli::Chat;
use crate::client;
use crate::fetch::{self, Fetched};
use crate::lines::{clean, clean_lines, complain, print};
use crate::workers::runtime;

const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");
/// Largest answer that is read whole, in bytes.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// Runs `weir chat`.
///
/// # Errors
/// When nothing can be read from standard input.
pub(crate) fn run(options: &Chat) -> anyhow::Result<ExitCode> {
    let mut talk = Talk::new(options)?;
    let at_terminal = io::stdin().is_terminal();
    if at_terminal {
        let model = clean(&options.through.model);
        print(&format!(
            "{model} by {}; `exit` ends it.",
            clean(&options.through.url)
        ))?;
    }
    let runtime = runtime()?;
    let mut failed = false;
    loop {
        if at_terminal {
            show("> ");
        }
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line);
        let ended = read.context("standard input cannot be read")? == 0;
        match line.trim() {
            "exit" | "quit" => break,
            _ if ended => break,
            "" => {}
            asked => {
                if let Err(error) = runtime.block_on(talk.turn(asked)) {
                    failed = true;
                    complain(&clean_lines(&format!("{error:#}")));
                }
            }
        }
    }
    // A person has seen it; a script has to be told.
    Ok(if failed && !at_terminal {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// A conversation.
struct Talk<'a> {
    options: &'a Chat,
    dialect: Dialect,
    url: String,
    headers: HeaderMap,
    messages: Vec<Value>,
}

impl<'a> Talk<'a> {
    fn new(options: &'a Chat) -> anyhow::Result<Self> {
        let through = &options.through;
        let dialect = Dialect::of(&through.model);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if dialect == Dialect::Anthropic {
            headers.insert(ANTHROPIC_VERSION, HeaderValue::from_static("2023-06-01"));
        }
        if let Some(token) = token(through) {
            let mut value = HeaderValue::try_from(format!("Bearer {token}"))
                .map_err(|_| anyhow!("{}: it cannot be sent", through.token_env))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(Self {
            options,
            dialect,
            url: format!("{}{}", through.url.trim_end_matches('/'), dialect.path()),
            headers,
            messages: Vec::new(),
        })
    }

    /// Asks, shows the answer, and remembers both. What was not answered is forgotten, so that it can
    /// be asked again.
    async fn turn(&mut self, asked: &str) -> anyhow::Result<()> {
        self.messages
            .push(json!({"role": "user", "content": asked}));
        let mut said = Said::default();
        let answered = self.answer(&mut said).await;
        if !said.text.is_empty() {
            print("")?;
        }
        if let Err(error) = answered {
            self.messages.pop();
            return Err(error);
        }
        if said.text.is_empty() {
            // No provider takes back an answer of nothing.
            self.messages.pop();
            bail!("the answer has no text; what was asked is forgotten");
        }
        self.messages
            .push(json!({"role": "assistant", "content": said.text}));
        if self.options.verbose {
            complain(&said.used());
        }
        Ok(())
    }

    async fn answer(&self, said: &mut Said) -> anyhow::Result<()> {
        let request = (Method::POST, self.headers.clone(), self.body().into_bytes());
        let timeout = self.options.through.timeout;
        let response = within(timeout, fetch::pass_on(&self.url, request)).await??;
        let status = response.status();
        let body = response.into_body();
        if status.is_success() && !self.options.no_stream {
            return self.follow(body, said).await;
        }
        let whole = within(timeout, Limited::new(body, MAX_ANSWER).collect()).await?;
        let whole = whole.map_err(|error| anyhow!("the answer broke off: {error}"))?;
        let body = whole.to_bytes();
        if !status.is_success() {
            let headers = HeaderMap::new();
            return Err(refusal(&Fetched {
                status,
                headers,
                body,
            }));
        }
        let answer: Value = serde_json::from_slice(&body).context("the answer is no JSON")?;
        self.dialect.whole(&answer, said);
        show(&said.text);
        Ok(())
    }

    async fn follow(&self, mut body: Incoming, said: &mut Said) -> anyhow::Result<()> {
        let mut splitter = Splitter::with_max_event(MAX_ANSWER);
        let mut ended = false;
        let mut failure = None;
        while let Some(frame) = within(self.options.through.timeout, body.frame()).await? {
            let Ok(piece) = frame.context("the answer broke off")?.into_data() else {
                continue;
            };
            let piece: Bytes = piece;
            splitter.push(&piece, |event| {
                ended |= event.data == b"[DONE]" || event.name == b"message_stop";
                let Ok(json) = serde_json::from_slice::<Value>(event.data) else {
                    return;
                };
                if json["error"].is_object() {
                    let why = json["error"]["message"].as_str();
                    failure = Some(why.unwrap_or("it does not say why").to_owned());
                }
                show(self.dialect.piece(&json, said));
            });
        }
        match failure {
            Some(failure) => bail!("the provider failed: {failure}"),
            None if !ended => bail!("the answer broke off"),
            None => Ok(()),
        }
    }

    fn body(&self) -> String {
        let options = self.options;
        let mut body = json!({"model": options.through.model, "max_tokens": options.max_tokens,
            "stream": !options.no_stream});
        if let Some(temperature) = options.temperature {
            body["temperature"] = temperature.into();
        }
        self.dialect
            .add(&mut body, options.system.as_deref(), &self.messages);
        body.to_string()
    }
}

async fn within<T>(most: Duration, work: impl Future<Output = T>) -> anyhow::Result<T> {
    let done = tokio::time::timeout(most, work).await;
    done.with_context(|| format!("nothing came for {most:?}"))
}

/// Shows a text without an end of its line, at once.
fn show(text: &str) {
    let mut stdout = io::stdout();
    let _closed = write!(stdout, "{}", clean_lines(text)).is_err() || stdout.flush().is_err();
}

fn refusal(answer: &Fetched) -> anyhow::Error {
    let said = client::refusal(answer).to_string();
    // What else it says is about credentials of the management.
    let said = said.lines().next().unwrap_or_default();
    anyhow!("answered {}: {said}", answer.status.as_u16())
}
