//! How long a token works at other nodes after one node has answered that it is revoked.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use clap::Args;
use serde_json::{Value, json};

use super::{PATIENCE, Place, ask};
use crate::lines::{note, say};
use crate::stats::percentile;

/// What is aimed at.
const AIM: Duration = Duration::from_secs(1);
/// Between an answer and the next question, at each node.
const PAUSE: Duration = Duration::from_millis(2);

/// Options of `weir-bench revoke`.
#[derive(Args, Clone, Debug)]
pub(crate) struct Revoke {
    /// How many tokens are revoked, one after the other
    #[arg(long, default_value_t = 100)]
    times: usize,
    /// The nodes.
    #[command(flatten)]
    place: Place,
}

/// Revokes tokens at one node after the other, and prints when each was refused by all.
///
/// # Errors
/// When a server does not start, a token goes on working, or an aim is missed.
pub(crate) async fn run(options: &Revoke) -> anyhow::Result<()> {
    let start = Instant::now();
    let cluster = options.place.start().await?;
    let project = cluster.project("bench", json!([])).await?;
    let new = json!({"project_id": project, "duration_minutes": 60});
    let count = cluster.nodes.len();
    let (mut last, mut each) = (Vec::new(), Vec::new());
    for turn in 0..options.times {
        let (id, token) = cluster.token(turn % count, &new).await?;
        let (by, path) = ((turn + 1) % count, format!("DELETE /manage/tokens/{id}"));
        cluster.manage(by, &path, &Value::Null).await?;
        let revoked = Instant::now();
        let mut asking = tokio::task::JoinSet::new();
        for to in cluster.addresses() {
            asking.spawn(refused(to, token.clone(), revoked));
        }
        let mut slowest = Duration::ZERO;
        while let Some(took) = asking.join_next().await {
            let took = took??;
            slowest = slowest.max(took);
            each.push(micros(took));
        }
        last.push(micros(slowest));
        note(&format!("{}/{}: {slowest:.0?}", turn + 1, options.times));
    }
    let in_time = last.iter().filter(|took| **took <= micros(AIM)).count();
    let of = |name: &str, values: &mut [u64]| {
        let mut at = |per_mille| percentile(values, per_mille).unwrap_or_default() / 1000.0;
        let (p50, p90, p99) = (at(500), at(900), at(990));
        let (least, most) = (at(0), at(1000));
        format!("| {name} | {least:.0} | {p50:.0} | {p90:.0} | {p99:.0} | {most:.0} |")
    };
    say(&format!(
        "{}\n\n| ms after the answer of the node that revoked | least | median | 90 % | 99 % | most |\n\
         |---|--:|--:|--:|--:|--:|\n{}\n{}\n\nRefused by all within {} s: {in_time} of {}",
        cluster.heading(start.elapsed()),
        of("refused by the slowest node", &mut last),
        of("refused by each node", &mut each),
        AIM.as_secs(),
        last.len()
    ));
    ensure!(in_time == last.len(), "missed");
    Ok(())
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

/// When a node refuses a token for the first time, counted to the end of its answer. It must go on
/// doing so.
async fn refused(to: SocketAddr, token: String, since: Instant) -> anyhow::Result<Duration> {
    loop {
        let answer = ask::message(to, &token).await?;
        let took = since.elapsed();
        match answer.status {
            401 => {
                let again = ask::message(to, &token).await?;
                ensure!(again.status == 401, "let in again: {}", again.body);
                return Ok(took);
            }
            200 if took < PATIENCE => tokio::time::sleep(PAUSE).await,
            200 => bail!("the token still works after {took:?}"),
            status => bail!("{status}: {}", answer.body),
        }
    }
}
