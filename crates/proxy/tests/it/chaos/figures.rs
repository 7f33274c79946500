//! Holds the gateway's own counts (`/metrics`, key pools, breakers) against the mocks'. The single
//! requests have been looked at before.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::registry::Registry;
use weir_core::keys::KeyId;
use weir_mock::{Counts, Mock};
use weir_proxy::clock::now;
use weir_proxy::metrics::fleet::FleetFigures;

use super::ledger::{Books, Fate};
use super::{KEYS_EACH, PROVIDERS, key};
use crate::net::within;
use crate::rig::Rig;

/// Counts by name and labels.
type Figures = BTreeMap<String, u64>;

/// Those that show nothing until there is something to count.
const OF_CASES: [&str; 5] = [
    "weir_attempts_failed_total",
    "weir_exchange_ends_total",
    "weir_keys_exhausted_total",
    "weir_requests_total",
    "weir_upstream_connect_failures_total",
];

/// What is wrong, in words.
pub(super) async fn faults(rig: &Rig, books: &Books) -> Vec<String> {
    settled(rig).await;
    let mut faults = Vec::new();
    let shown = shown(rig);
    for (family, expected) in expected(rig, books) {
        let prefix = format!("{family}{{");
        let found: Figures = shown
            .iter()
            .filter(|(name, _)| name.starts_with(&prefix))
            .map(|(name, value)| (name.clone(), *value))
            .collect();
        if found != expected {
            faults.push(format!("{family}: {found:?} instead of {expected:?}"));
        }
    }
    for (provider, mock) in PROVIDERS.into_iter().zip(&rig.mocks) {
        faults.extend(of_provider(rig, provider, mock));
    }
    faults
}

/// Waits for what happens just after a client has its last byte.
async fn settled(rig: &Rig) {
    let snapshot = rig.net.gateway.snapshot.load_full();
    within(async {
        let busy = || snapshot.fleet.members.iter().any(|one| one.in_flight() > 0);
        while busy() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// What `/metrics` shows, of whole numbers.
fn shown(rig: &Rig) -> Figures {
    let gateway = &rig.net.gateway;
    let mut registry = Registry::with_prefix("weir");
    gateway.sink.metrics.register(&mut registry);
    let fleet = FleetFigures(Arc::clone(&gateway.snapshot));
    registry.register_collector(Box::new(fleet));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        let value = value.strip_suffix(".0").unwrap_or(value);
        Some((name.to_owned(), value.parse().ok()?))
    });
    pairs.collect()
}

/// The families of which every figure is known, none left out and none besides.
fn expected(rig: &Rig, books: &Books) -> BTreeMap<&'static str, Figures> {
    let mut all = of_cases(books);
    for (provider, mock) in PROVIDERS.into_iter().zip(&rig.mocks) {
        let label = format!("{{provider=\"{provider}\"}}");
        let breaks = books.cases.iter().filter(|case| {
            case.fate() == Fate::Broken && case.attempts.last().unwrap().provider == provider
        });
        let begun = mock.tally().all.served + u64::try_from(breaks.count()).unwrap();
        let member = Arc::clone(
            rig.net
                .gateway
                .snapshot
                .load()
                .fleet
                .member(provider)
                .unwrap(),
        );
        let up = u64::from(!member.breaker_state(now()).is_open());
        for (family, value) in [
            ("weir_upstream_connects_total", mock.connections()),
            ("weir_provider_first_byte_seconds_count", begun),
            ("weir_provider_in_flight", 0),
            ("weir_provider_up", up),
        ] {
            let name = format!("{family}{label}");
            all.entry(family).or_default().insert(name, value);
        }
    }
    all
}

/// The families that count requests and tries, out of those that were checked one by one.
fn of_cases(books: &Books) -> BTreeMap<&'static str, Figures> {
    let mut all: BTreeMap<&'static str, Figures> =
        OF_CASES.map(|name| (name, Figures::new())).into();
    let mut count = |family: &'static str, labels: String| {
        let figures = all.entry(family).or_default();
        *figures.entry(format!("{family}{{{labels}}}")).or_default() += 1;
    };
    for case in &books.cases {
        for one in case.tries().filter(|one| one.failure.is_some()) {
            let (provider, status) = (&one.provider, one.status.unwrap_or(0));
            let labels = format!("provider=\"{provider}\",status=\"{status}\"");
            count("weir_attempts_failed_total", labels);
        }
        for one in case.notes() {
            let labels = format!("provider=\"{}\"", one.provider);
            count("weir_keys_exhausted_total", labels);
        }
        let dialect = if case.seen.kind.openai {
            "openai_chat"
        } else {
            "anthropic_messages"
        };
        let last = case.response.route.tries.last().unwrap();
        let (provider, status) = (&last.provider, case.seen.status);
        let operation = case.request.operation.as_str();
        count(
            "weir_requests_total",
            format!(
                "dialect=\"{dialect}\",operation=\"{operation}\",provider=\"{provider}\",status=\"{status}\""
            ),
        );
        let end = match (case.fate(), case.response.headers_at_us) {
            (Fate::Broken, _) => "upstream_broke",
            (Fate::Failed, None) => "gateway",
            (Fate::Served | Fate::Failed, _) => "complete",
        };
        count("weir_exchange_ends_total", format!("end=\"{end}\""));
    }
    all
}

/// A provider's own counts and those of its keys.
fn of_provider(rig: &Rig, provider: &str, mock: &Mock) -> Vec<String> {
    let snapshot = rig.net.gateway.snapshot.load();
    let member = snapshot.fleet.member(provider).unwrap();
    let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let tally = mock.tally();
    let (did, says) = (&tally.all, &member.tally);
    let mut pairs = vec![
        ("begun".to_owned(), of(&says.begun), total(did)),
        ("succeeded".to_owned(), of(&says.succeeded), did.served),
        ("failed".to_owned(), of(&says.failed), did.failures()),
    ];
    let views = member.keys.lock().views(now());
    for (index, view) in views.iter().enumerate() {
        let name = key(provider, index);
        assert_eq!(view.id, KeyId::of(&name));
        let none = Counts::default();
        let did = tally.by_credential.get(&name).unwrap_or(&none);
        // A status says something of a key; a transport that fails does not.
        let silent = ["refuse", "hang", "silent", "drop"];
        let mute: u64 = silent.iter().map(|kind| did.failed(kind)).sum();
        let errors = did.failures() - mute;
        pairs.push((format!("requests of {name}"), view.requests, total(did)));
        pairs.push((format!("errors of {name}"), view.errors, errors));
        pairs.push((format!("in flight at {name}"), view.in_flight.into(), 0));
    }
    assert_eq!(views.len(), KEYS_EACH);
    let wrong = pairs.into_iter().filter(|(_, says, did)| says != did);
    wrong
        .map(|(what, says, did)| format!("{provider}: {what} {says} instead of {did}"))
        .collect()
}

fn total(counts: &Counts) -> u64 {
    counts.served + counts.gone + counts.failures()
}
