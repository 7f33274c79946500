//! One contender doing one case's work once, measured from outside: CPU before and after, the
//! most memory in between, what the client felt.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use http::{HeaderName, HeaderValue};
use nix::unistd::Pid;
use serde::Serialize;

use crate::cases::{Case, Stream};
use crate::contender::Contender;
use crate::corpus::Turn;
use crate::load::{self, Load, Tally};
use crate::process;
use crate::stats::percentile;
use crate::upstream::STREAM;

/// A slice lasts no longer than this.
const LIMIT: Duration = Duration::from_secs(120);
/// A recorder gets this long to finish what it has been given.
const SETTLE_LIMIT: Duration = Duration::from_secs(20);
const WINDOW: Duration = Duration::from_millis(50);
/// A process that uses less than this in a window is at rest.
const REST: Duration = Duration::from_micros(500);

/// What one slice showed. Times are microseconds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Slice {
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    pub(crate) failure: Option<String>,
    pub(crate) seconds: f64,
    /// Per request, background work included; none for `direct`.
    pub(crate) cpu: Option<f64>,
    /// Most resident memory while it ran, in bytes.
    pub(crate) peak: u64,
    /// Exchanges that weir did not capture.
    pub(crate) dropped: u64,
    pub(crate) latency: Quantiles,
    pub(crate) first_event: Quantiles,
    pub(crate) delay: Quantiles,
}

/// In microseconds; none without values.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Quantiles {
    pub(crate) p50: Option<f64>,
    pub(crate) p99: Option<f64>,
}

impl Quantiles {
    fn of(mut nanoseconds: Vec<u64>) -> Self {
        let mut at = |per_mille| percentile(&mut nanoseconds, per_mille).map(|ns| ns / 1000.0);
        Self {
            p50: at(500),
            p99: at(990),
        }
    }
}

/// Runs a slice.
///
/// # Errors
/// When the contender has ended, or the slice takes too long.
pub(crate) async fn run(
    contender: &Contender,
    case: &Case,
    work: Vec<Vec<Turn>>,
) -> anyhow::Result<Slice> {
    let requests = work.iter().map(Vec::len).sum::<usize>() as u64;
    let family = contender
        .daemon
        .as_ref()
        .map(|daemon| daemon.family())
        .unwrap_or_default();
    let load = load_of(contender, case)?;
    process::reset_peak(&family);
    let dropped = dropped(contender);
    let (before, start) = (process::cpu(&family)?, Instant::now());
    let tally = tokio::time::timeout(LIMIT, load::run(load, work))
        .await
        .with_context(|| format!("{} on {}: no end", contender.name, case.label()))??;
    let seconds = start.elapsed().as_secs_f64();
    settle(&family).await?;
    let used = process::cpu(&family)?.saturating_sub(before);
    ensure!(
        tally.failed < requests,
        "{} on {}: every request failed: {}",
        contender.name,
        case.label(),
        tally.failure.unwrap_or_default()
    );
    let Tally {
        latency,
        first_event,
        delay,
        failed,
        failure,
    } = tally;
    Ok(Slice {
        requests,
        failed,
        failure,
        seconds,
        cpu: (!family.is_empty()).then(|| used.as_secs_f64() * 1e6 / requests.max(1) as f64),
        peak: process::memory(&family).peak,
        dropped: self::dropped(contender).saturating_sub(dropped),
        latency: Quantiles::of(latency),
        first_event: Quantiles::of(first_event),
        delay: Quantiles::of(delay),
    })
}

/// The load of a case for a contender.
///
/// # Errors
/// Never in practice: an address is a valid header value.
pub(crate) fn load_of(contender: &Contender, case: &Case) -> anyhow::Result<Load> {
    let to = if case.stream.is_some() {
        contender.stream_addr
    } else {
        contender.addr
    };
    let mut headers = load::headers(to)?;
    if let Some(Stream {
        events,
        interval_ms,
    }) = case.stream
    {
        let value = format!("events={events},interval={interval_ms}");
        headers.insert(
            HeaderName::from_static(STREAM),
            HeaderValue::from_str(&value)?,
        );
    }
    if let Some(token) = &contender.token {
        headers.insert("x-api-key", HeaderValue::from_str(token)?);
    }
    Ok(Load {
        to,
        drive: case.drive(),
        headers,
    })
}

/// Waits until the processes are at rest, so that work done later counts too.
///
/// # Errors
/// When one has ended.
pub(crate) async fn settle(family: &[Pid]) -> anyhow::Result<()> {
    let end = Instant::now() + SETTLE_LIMIT;
    let mut calm = 0;
    let mut last = process::cpu(family)?;
    while calm < 5 && Instant::now() < end {
        tokio::time::sleep(WINDOW).await;
        let now = process::cpu(family)?;
        calm = if now.saturating_sub(last) < REST {
            calm + 1
        } else {
            0
        };
        last = now;
    }
    Ok(())
}

/// What weir says it has dropped so far; zero for anyone else.
pub(crate) fn dropped(contender: &Contender) -> u64 {
    if !contender.name.captures() {
        return 0;
    }
    let health = get(contender.addr, "/health").unwrap_or_default();
    let number = health
        .split_once("\"capture_dropped\":")
        .map(|(_, rest)| rest.trim_start());
    let digits = number.map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    digits
        .flatten()
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

fn get(addr: SocketAddr, path: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n\r\n"
    )?;
    let mut text = String::new();
    stream.take(1 << 20).read_to_string(&mut text)?;
    Ok(text)
}
