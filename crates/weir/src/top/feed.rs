//! Where the screen's news comes from: the gateway's streams, followed for as long as the screen
//! is up, and asked again when they break.

use std::time::Duration;

use http::Method;
use serde::Deserialize as _;
use serde_json::Value;
use tokio::sync::mpsc::Sender;

use super::state::{Call, News, Said, State};
use crate::client::{Client, refusal};
use crate::fetch::Fetched;
use crate::seen::{Exchange, Exchanges, Provider, Providers, Stats};

/// Pause before a gateway that could not be reached is asked again.
const AGAIN: Duration = Duration::from_secs(1);
/// Exchanges that are shown at first.
const NEWEST: &str = "/api/requests/summary?limit=50";

/// Asks for everything once.
///
/// # Errors
/// When nobody answers.
pub(super) async fn fill(client: &Client, state: &mut State) -> anyhow::Result<()> {
    state.hear(News::Stats(Stats::deserialize(
        client.get("/api/stats").await?,
    )?));
    state.hear(News::Providers(providers(client).await?));
    for exchange in newest(client).await? {
        state.hear(News::Exchange(Box::new(exchange)));
    }
    Ok(())
}

/// Follows the gateway until nobody reads the news any more.
pub(super) fn start(client: &Client, told: &Sender<News>) {
    for follow in [true, false] {
        let (client, told) = (client.clone(), told.clone());
        tokio::spawn(async move {
            while !told.is_closed() {
                let broken = if follow {
                    figures(&client, &told).await
                } else {
                    exchanges(&client, &told).await
                };
                if let (true, Err(error)) = (follow, broken) {
                    let _closed = told.send(News::Down(line(&error))).await;
                }
                tokio::time::sleep(AGAIN).await;
            }
        });
    }
}

/// Has the gateway do something, and says what came of it.
pub(super) fn order(client: &Client, call: Call, told: &Sender<News>) {
    let (client, told) = (client.clone(), told.clone());
    tokio::spawn(async move {
        let said = match client.ask(Method::POST, &call.path, None).await {
            Ok(answer) => outcome(&call, &answer),
            Err(error) => Said::Refused(line(&error)),
        };
        let _closed = told.send(News::Said(said)).await;
        if let Ok(providers) = providers(&client).await {
            let _closed = told.send(News::Providers(providers)).await;
        }
    });
}

/// What an answer comes to in a line.
fn outcome(call: &Call, answer: &Fetched) -> Said {
    let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if !answer.status.is_success() {
        let fault = json["faults"][0].as_str();
        return Said::Refused(match fault {
            Some(fault) => format!("{}: {fault}", call.done),
            None => line(&refusal(answer)),
        });
    }
    let Some(changed) = json["changed"].as_array() else {
        return Said::Done(call.done.clone());
    };
    let changes = match changed.len() {
        0 => "nothing has changed".to_owned(),
        1 => "1 setting has changed".to_owned(),
        count => format!("{count} settings have changed"),
    };
    let restart = match json["needs_restart"].as_array().map_or(0, Vec::len) {
        0 => String::new(),
        count => format!(", {count} only with a restart"),
    };
    Said::Done(format!("{}: {changes}{restart}", call.done))
}

/// An error in one line.
fn line(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

/// Figures as they come, and with each of them the providers.
async fn figures(client: &Client, told: &Sender<News>) -> anyhow::Result<()> {
    let mut events = client.follow("/api/stats/stream").await?;
    loop {
        let stats: Stats = events.next("stats").await?;
        told.send(News::Stats(stats)).await?;
        told.send(News::Providers(providers(client).await?)).await?;
    }
}

/// Exchanges as they begin and end, after those that are there already.
async fn exchanges(client: &Client, told: &Sender<News>) -> anyhow::Result<()> {
    let mut events = client.follow("/api/live").await?;
    for exchange in newest(client).await? {
        told.send(News::Exchange(Box::new(exchange))).await?;
    }
    loop {
        let exchange: Exchange = events.next("exchange").await?;
        told.send(News::Exchange(Box::new(exchange))).await?;
    }
}

async fn providers(client: &Client) -> anyhow::Result<Vec<Provider>> {
    let answer = client.get("/api/providers").await?;
    Ok(Providers::deserialize(answer)?.providers)
}

/// The newest exchanges, the oldest of them first.
async fn newest(client: &Client) -> anyhow::Result<Vec<Exchange>> {
    let mut exchanges = Exchanges::deserialize(client.get(NEWEST).await?)?.requests;
    exchanges.reverse();
    Ok(exchanges)
}
