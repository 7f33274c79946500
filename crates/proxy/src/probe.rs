//! Looks after providers whose breaker is open: asks each of them from time to time whether it is
//! there, so that requests need not find out.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::header::{HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request};
use tokio::time::{Instant, MissedTickBehavior};
use weir_core::exchange::RawBody;

use crate::body::Outgoing;
use crate::clock::now;
use crate::fleet::Member;
use crate::provider::{Outbound, Signing};
use crate::shape;
use crate::snapshot::Snapshot;

/// A worker that no pool belongs to: probes leave no connection behind.
const NO_WORKER: usize = usize::MAX;
/// Probes begin within this time of the interval, so that gateways that started together do not
/// probe together.
const SPREAD: Duration = Duration::from_secs(2);
/// How often the interval itself is looked up: a reload may have changed it.
const TICK: Duration = Duration::from_millis(250);

/// Probes for as long as it is polled. `seed` differs between processes.
pub async fn run(snapshot: Arc<ArcSwap<Snapshot>>, seed: u64) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = Instant::now();
    loop {
        ticks.tick().await;
        let current = snapshot.load_full();
        let health = &current.fleet.health;
        let spread = SPREAD.min(health.probe_interval / 5);
        let share = u32::try_from(seed % 1000).unwrap_or(0);
        let due = health.probe_interval + spread / 1000 * share;
        if !health.probe || last.elapsed() < due {
            continue;
        }
        last = Instant::now();
        let ill = current
            .fleet
            .members
            .iter()
            .filter(|member| !member.is_disabled() && member.breaker_state(now()).is_open());
        for member in ill {
            let member = Arc::clone(member);
            let limit = health.probe_timeout;
            tokio::spawn(async move { look_after(&member, limit).await });
        }
    }
}

async fn look_after(member: &Member, limit: Duration) {
    match tokio::time::timeout(limit, probe(member)).await {
        Ok(Ok(status)) if status < 500 => {
            tracing::info!(provider = &**member.name(), status, "probe answered");
            member.probed_well(now());
        }
        Ok(Ok(status)) => {
            tracing::debug!(provider = &**member.name(), status, "probe failed");
        }
        Ok(Err(reason)) => {
            tracing::debug!(provider = &**member.name(), reason, "probe failed");
        }
        Err(_) => {
            tracing::debug!(provider = &**member.name(), ?limit, "probe took too long");
        }
    }
}

/// The status of the provider's answer. Any below 500 shows that it is alive: without a credential
/// most say 401 or 404.
async fn probe(member: &Member) -> Result<u16, String> {
    let probe = member.api.probe();
    let uri = member
        .upstream
        .uri(&probe.path)
        .map_err(|error| error.to_string())?;
    let mut headers = HeaderMap::new();
    headers.insert(HOST, member.upstream.host.clone());
    headers.insert(USER_AGENT, HeaderValue::from_static("weir-probe"));
    let mut outbound = Outbound {
        method: probe.method,
        uri,
        headers,
        body: RawBody::default(),
    };
    if probe.signed {
        let signed = match member.api.sign(&mut outbound, None) {
            Signing::Ready(signed) => signed,
            Signing::Wait(signing) => signing.await,
        };
        signed.map_err(|error| error.to_string())?;
    }
    let mut sender = member
        .upstream
        .connect(NO_WORKER)
        .await
        .map_err(|error| error.to_string())?;
    let version = sender.version();
    shape::fit_version(&mut outbound.headers, &member.upstream, version);
    let mut request = Request::new(Outgoing::default());
    *request.method_mut() = outbound.method;
    *request.headers_mut() = outbound.headers;
    *request.version_mut() = version;
    *request.uri_mut() = match outbound.uri.path_and_query() {
        Some(path) if version != http::Version::HTTP_2 => path.clone().into(),
        _ => outbound.uri,
    };
    let response = sender
        .send(request)
        .await
        .map_err(|error| error.error().to_string())?;
    Ok(response.status().as_u16())
}
