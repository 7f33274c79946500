//! Projects, tokens, budgets, the audit and the cache of a running gateway, over its management API.

pub(crate) mod audit;
pub(crate) mod budgets;
pub(crate) mod cache;
pub(crate) mod projects;
mod scope;
pub(crate) mod tokens;

use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use http::header::ETAG;
use http::{Method, StatusCode};
use serde_json::Value;
use weir_core::secret::Secret;

use crate::cli::{Gateway, Managed, Once};
use crate::client::{self, Client, segment};
use crate::fetch::Fetched;
use crate::lines::clean;
use crate::words::Here;

/// The variable that holds a management token; it is no option, so that it is on no command line.
const TOKEN: &str = "MANAGEMENT_TOKEN";
const PASSWORD: &str = "DASHBOARD_PASSWORD";
const GATEWAY_TOKEN: &str = "AUTH_TOKEN";
/// Shortest end of an id that names it.
const SHORTEST: usize = 6;

/// The management API of a gateway.
#[derive(Clone, Debug)]
struct Manager {
    client: Client,
}

impl Manager {
    fn new(options: &Managed) -> anyhow::Result<Self> {
        Self::with(options, None)
    }

    /// The same for what a gateway has without projects, too: then its own token may do.
    fn of_the_gateway(options: &Managed) -> anyhow::Result<Self> {
        Self::with(options, variable(GATEWAY_TOKEN))
    }

    fn with(options: &Managed, other: Option<Secret>) -> anyhow::Result<Self> {
        let token = match &options.management_token_file {
            Some(file) => Some(from_file(file)?),
            None => variable(TOKEN),
        };
        let password = variable(PASSWORD).filter(|_| token.is_none());
        let token = token.or(other.filter(|_| password.is_none()));
        let client = Client::new(&Gateway {
            url: options.url.clone(),
            password,
            token,
        })?;
        Ok(Self { client })
    }

    /// Asks; a refusal is an error that says what to do about it.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Answer> {
        let answer = self.client.ask(method, path, body).await?;
        if !answer.status.is_success() {
            return Err(refusal(&answer));
        }
        let json = match answer.body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&answer.body)
                .with_context(|| format!("{}{path}: this is not weir's API", self.client.base()))?,
        };
        let etag = answer.headers.get(ETAG).cloned();
        Ok(Answer { json, etag })
    }

    async fn get(&self, path: &str) -> anyhow::Result<Value> {
        Ok(self.ask(Method::GET, path, None).await?.json)
    }

    /// Changes something that was read before, unless somebody was faster.
    async fn change(&self, path: &str, was: &Answer, body: &Value) -> anyhow::Result<Value> {
        let client = match &was.etag {
            Some(etag) => self.client.if_still(etag.clone()),
            None => self.client.clone(),
        };
        let changed = Self { client };
        Ok(changed.ask(Method::PATCH, path, Some(body)).await?.json)
    }

    /// Makes something, once where a key says so.
    async fn make(&self, path: &str, body: &Value, once: &Once) -> anyhow::Result<Value> {
        let client = match &once.idempotency_key {
            Some(key) => self.client.once(key)?,
            None => self.client.clone(),
        };
        let maker = Self { client };
        Ok(maker.ask(Method::POST, path, Some(body)).await?.json)
    }

    /// A project's path, by its id or name.
    async fn project(&self, named: &str) -> anyhow::Result<String> {
        let id = match is_id(named) {
            true => named.to_owned(),
            false => {
                let all = self.get("/manage/projects").await?;
                one(&all, named, "project", |project| project["name"] == named)?
            }
        };
        Ok(format!("/manage/projects/{}", segment(&id)))
    }

    async fn project_id(&self, named: &str) -> anyhow::Result<String> {
        let path = self.project(named).await?;
        Ok(path.rsplit('/').next().unwrap_or_default().to_owned())
    }

    /// A token's path, by its id, the end of it, or its name.
    async fn token(&self, named: &str) -> anyhow::Result<String> {
        if named.starts_with("sk-") {
            bail!("a token is named by its id or its name, never by its secret");
        }
        let id = match is_id(named) {
            true => named.to_owned(),
            false => {
                let all = self.get("/manage/tokens").await?;
                one(&all, named, "token", |token| {
                    let ends = |id: &str| named.len() >= SHORTEST && id.ends_with(named);
                    token["name"] == named || token["id"].as_str().is_some_and(ends)
                })?
            }
        };
        Ok(format!("/manage/tokens/{}", segment(&id)))
    }
}

/// What was answered, and the state that it told of.
#[derive(Debug)]
struct Answer {
    json: Value,
    etag: Option<http::HeaderValue>,
}

/// The id of the only one that fits.
fn one(
    all: &Value,
    named: &str,
    what: &str,
    fits: impl Fn(&Value) -> bool,
) -> anyhow::Result<String> {
    let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut found = all.iter().filter(|one| fits(one));
    let named = clean(named);
    let Some(first) = found.next() else {
        bail!("there is no {what} `{named}`; `weir {what} list` shows them");
    };
    if found.next().is_some() {
        bail!("there are several {what}s `{named}`; give the id of one");
    }
    Ok(first["id"].as_str().unwrap_or_default().to_owned())
}

fn is_id(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}

fn variable(name: &str) -> Option<Secret> {
    let value = std::env::var(name).ok()?;
    let value = value.trim();
    (!value.is_empty()).then(|| Secret::new(value))
}

fn from_file(file: &Path) -> anyhow::Result<Secret> {
    let text = if file == Path::new("-") {
        std::io::read_to_string(std::io::stdin()).context("standard input")?
    } else {
        std::fs::read_to_string(file).with_context(|| file.display().to_string())?
    };
    match text.trim() {
        "" => bail!("{}: there is no management token in it", file.display()),
        token => Ok(Secret::new(token)),
    }
}

fn refusal(answer: &Fetched) -> anyhow::Error {
    let said = client::refusal(answer).to_string();
    // What the client says of credentials is about others.
    let said = said.lines().next().unwrap_or_default();
    match answer.status {
        StatusCode::UNAUTHORIZED => anyhow!(
            "{said}\n  {TOKEN} or --management-token-file gives the token of a manager, \
             {PASSWORD} the dashboard's password"
        ),
        StatusCode::PRECONDITION_FAILED => anyhow!("{said}\n  nothing was changed; try again"),
        _ => anyhow!("{said}"),
    }
}

fn text<'a>(json: &'a Value, name: &str) -> &'a str {
    json[name].as_str().unwrap_or("-")
}

/// A moment of an answer for people; `-` where there is none.
fn moment(json: &Value, name: &str, here: &Here) -> String {
    json[name]
        .as_str()
        .map_or_else(|| "-".to_owned(), |at| here.day_and_time_of(at))
}

/// Lines of facts below a title.
fn told(title: &str, facts: &[(&str, String)]) -> String {
    let mut lines = clean(title);
    for (name, fact) in facts {
        lines.push_str(&format!("\n  {name:<12} {}", clean(fact)));
    }
    lines
}
