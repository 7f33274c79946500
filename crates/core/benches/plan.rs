//! What it costs to plan a request over ten providers. Figures are for one plan, with allocations
//! counted: there are none. It measures the rules, not the locks around them.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use divan::{AllocProfiler, Bencher};
use http::{HeaderMap, HeaderValue};
use weir_core::clock::Now;
use weir_core::route::affinity::{Affinity, Home};
use weir_core::route::breaker::{Breaker, Outcome};
use weir_core::route::latency::Latency;
use weir_core::route::plan::{Wish, plan};
use weir_core::route::session::{BodyHints, SessionKey};
use weir_core::route::strategy::{Candidate, Memory};
use weir_core::settings::{Health, Strategy};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const NAMES: [&str; 10] = [
    "anthropic-team-a",
    "anthropic-team-b",
    "bedrock-us-east-1",
    "bedrock-eu-west-1",
    "vertex-us-east5",
    "vertex-global",
    "azure-foundry",
    "openrouter",
    "zai",
    "minimax",
];
const TTL: Duration = Duration::from_secs(3600);
const NOW: Now = Now {
    ms: 1_000_000,
    unix_ms: 1_700_000_000_000,
};

fn main() {
    divan::main();
}

/// A provider's state as the data plane keeps it.
struct Member {
    name: Arc<str>,
    breaker: Breaker,
    latency: Latency,
}

fn members() -> Vec<Member> {
    let mut speed = 100_000;
    NAMES
        .map(|name| {
            let mut latency = Latency::default();
            latency.record(speed, NOW);
            speed += 10_000;
            Member {
                name: name.into(),
                breaker: Breaker::new(&Health::default()),
                latency,
            }
        })
        .into()
}

fn view(member: &Member) -> Candidate<'_> {
    Candidate {
        name: &member.name,
        weight: 2,
        priority: 1,
        in_flight: 3,
        first_byte: member.latency.average(NOW),
        price: Some(3.0),
    }
}

/// Random numbers that cost as much as the data plane's.
fn dice(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }
}

/// The order alone, in each strategy.
#[divan::bench(args = Strategy::ALL.map(Strategy::as_str))]
fn order(bencher: Bencher<'_, '_>, word: &str) {
    ranked(bencher, word, Wish::default());
}

/// The order behind a session's home, in each strategy.
#[divan::bench(args = Strategy::ALL.map(Strategy::as_str))]
fn order_behind_a_home(bencher: Bencher<'_, '_>, word: &str) {
    let home = Some(NAMES[7]);
    ranked(
        bencher,
        word,
        Wish {
            home,
            ..Wish::default()
        },
    );
}

fn ranked(bencher: Bencher<'_, '_>, word: &str, wish: Wish<'_>) {
    let strategy = of_word(word);
    let members = members();
    let views: Vec<_> = members.iter().map(view).collect();
    let mut memory = Memory::default();
    let mut order = Vec::with_capacity(views.len());
    let mut seed = 0;
    bencher.bench_local(|| {
        seed += 1;
        let tools = (&mut memory, &mut dice(seed) as &mut dyn FnMut() -> u64);
        plan(strategy, wish, black_box(&views), tools, &mut order)
    });
}

fn of_word(word: &str) -> Strategy {
    let mut all = Strategy::ALL.into_iter();
    all.find(|strategy| strategy.as_str() == word)
        .expect("the word is one of theirs")
}

/// Everything from the headers to the order: the session, its home, the breakers, the views, the
/// plan, and the breaker's report.
#[divan::bench(args = ["hit", "miss"], sample_size = 200)]
fn whole_plan_by_affinity(bencher: Bencher<'_, '_>, found: &str) {
    let headers = claude_code();
    let affinity = Affinity::new(65_536);
    for other in 0..60_000 {
        affinity.settle(SessionKey(other), home("zai"), NOW);
    }
    let hints = BodyHints::default();
    let session = SessionKey::derive(&headers, &hints).expect("the headers name it");
    if found == "hit" {
        affinity.settle(session.0, home("vertex-global"), NOW);
    }
    let mut members = members();
    let mut memory = Memory::default();
    let mut order = Vec::with_capacity(members.len());
    let mut seed = 0;
    bencher.bench_local(|| {
        seed += 1;
        let session = SessionKey::derive(black_box(&headers), &hints);
        let home = session.and_then(|(session, _)| affinity.home(session, NOW, TTL));
        let mut views = [Candidate {
            name: "",
            weight: 1,
            priority: 0,
            in_flight: 0,
            first_byte: None,
            price: None,
        }; NAMES.len()];
        let healthy = members.iter().filter(|one| one.breaker.would_admit(NOW));
        let mut len = 0;
        for (slot, member) in views.iter_mut().zip(healthy) {
            *slot = view(member);
            len += 1;
        }
        let wish = Wish {
            home: home.as_ref().map(|home| &*home.provider),
            ..Wish::default()
        };
        let tools = (&mut memory, &mut dice(seed) as &mut dyn FnMut() -> u64);
        let strategy = Strategy::LatencyBased;
        let reason = plan(strategy, wish, &views[..len], tools, &mut order);
        let breaker = &mut members[order[0]].breaker;
        let admission = breaker.admit(NOW);
        black_box(breaker.report(admission, Outcome::Success, None, NOW));
        reason
    });
}

fn home(provider: &str) -> Home {
    Home {
        provider: provider.into(),
        key: Some(7),
    }
}

fn claude_code() -> HeaderMap {
    let pairs = [
        ("user-agent", "claude-cli/2.1.329 (external, sdk-cli)"),
        ("content-type", "application/json"),
        ("anthropic-version", "2023-06-01"),
        ("x-app", "cli"),
        (
            "x-claude-code-session-id",
            "0f6c2b1e-5d3a-4c8e-9a7b-2e1d3c4b5a69",
        ),
        ("x-claude-code-agent-id", "a1b2c3d4"),
    ];
    let pairs = pairs.map(|(name, value)| {
        let name = http::HeaderName::from_static(name);
        (name, HeaderValue::from_static(value))
    });
    pairs.into_iter().collect()
}

/// What an answer costs the tables: its time, and the session's home.
#[divan::bench(sample_size = 200)]
fn learn_from_an_answer(bencher: Bencher<'_, '_>) {
    let affinity = Affinity::new(65_536);
    let home = home("vertex-global");
    for session in 0..1000 {
        affinity.settle(SessionKey(session), home.clone(), NOW);
    }
    let mut latency = Latency::default();
    let mut at = NOW;
    bencher.bench_local(|| {
        at = at.plus_ms(1);
        latency.record(black_box(250_000), at);
        affinity.settle(SessionKey(at.ms % 1000), home.clone(), at);
    });
}
