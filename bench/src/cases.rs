//! What is measured, quick and full. A case is the same work for each of its contenders.

use std::time::Duration;

use serde::Serialize;

use crate::contender::Name;
use crate::corpus::Bodies;
use crate::load::Drive;

/// What a case is for, which decides where its figures appear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// CPU time per request.
    Cpu,
    /// What is added to the latency at a fixed rate.
    Latency,
    /// What is added to the first event and between events.
    Streams,
    /// CPU time per request of weir with many providers and keys over weir with one.
    Routing,
    /// CPU time per request with a project's token over none.
    Tokens,
}

/// A case.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) kind: Kind,
    pub(crate) bodies: Bodies,
    /// About the size of a body, in bytes.
    pub(crate) size: usize,
    pub(crate) connections: usize,
    /// Of one slice: one contender in one round.
    pub(crate) requests: usize,
    /// Requests a second; none goes as fast as answers come.
    pub(crate) per_second: Option<u32>,
    pub(crate) stream: Option<Stream>,
    pub(crate) contenders: Vec<Name>,
    /// Rounds are at most the run's.
    pub(crate) rounds: usize,
}

/// What each stream is.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Stream {
    pub(crate) events: u32,
    pub(crate) interval_ms: u32,
}

impl Case {
    /// As a table names it.
    pub(crate) fn label(&self) -> String {
        let size = match self.size {
            size if size >= 1 << 20 => format!("{} MB", size >> 20),
            size => format!("{} KB", size >> 10),
        };
        let bodies = match self.bodies {
            Bodies::Growing => "growing",
            Bodies::Unique => "unique",
        };
        let routing = match self.kind {
            Kind::Routing => "routing, ",
            Kind::Tokens => "tokens, ",
            Kind::Cpu | Kind::Latency | Kind::Streams => "",
        };
        match (self.stream, self.per_second) {
            (Some(_), _) => format!("{} streams, {size} {bodies}", self.connections),
            (None, Some(rate)) => format!("{routing}{size} {bodies}, {rate}/s"),
            (None, None) => format!("{routing}{size} {bodies}, saturated"),
        }
    }

    /// Whether a contender has a place in it.
    pub(crate) fn fits(&self, name: Name) -> bool {
        match self.kind {
            Kind::Cpu => name != Name::Direct,
            Kind::Routing | Kind::Tokens => {
                let pairs = pairs(self.kind).iter();
                pairs.flatten().any(|compared| *compared == name)
            }
            Kind::Latency | Kind::Streams => true,
        }
    }

    /// When its requests go out.
    pub(crate) fn drive(&self) -> Drive {
        match (self.per_second, self.stream) {
            (Some(per_second), _) => Drive::Paced { per_second },
            (None, Some(_)) => Drive::Closed {
                stagger: Duration::from_micros(2500),
            },
            (None, None) => Drive::Closed {
                stagger: Duration::ZERO,
            },
        }
    }
}

/// How long a run may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Depth {
    /// About two minutes.
    Quick,
    /// About ten.
    Full,
}

impl Depth {
    /// Rounds of a run.
    pub(crate) fn rounds(self) -> usize {
        match self {
            Self::Quick => 3,
            Self::Full => 5,
        }
    }
}

const KB: usize = 1 << 10;
const MB: usize = 1 << 20;
/// weir with many providers and keys, each behind weir with one.
const ROUTING: [[Name; 2]; 3] = [
    [Name::WeirOff, Name::WeirRouted],
    [Name::WeirOn, Name::WeirRoutedOn],
    [Name::WeirBefore, Name::WeirRouted],
];
/// weir with a project's token, behind weir that lets everybody in: with a provider's key of its own,
/// as the project has one, and with the client's.
const TOKENS: [[Name; 2]; 2] = [
    [Name::WeirKeyed, Name::WeirToken],
    [Name::WeirOff, Name::WeirToken],
];

/// What is compared round by round: one that does more, each behind one that does less.
pub(crate) fn pairs(kind: Kind) -> &'static [[Name; 2]] {
    match kind {
        Kind::Routing => &ROUTING,
        Kind::Tokens => &TOKENS,
        Kind::Cpu | Kind::Latency | Kind::Streams => &[],
    }
}

const PROXIES: [Name; 4] = [Name::Nginx, Name::Bare, Name::WeirOff, Name::WeirOn];

/// All cases of a run.
pub(crate) fn cases(depth: Depth) -> Vec<Case> {
    let mut all = Vec::new();
    for (size, connections, requests) in [(KB, 16, 8000), (64 * KB, 8, 3000), (MB, 4, 320)] {
        let mut contenders = PROXIES.to_vec();
        if depth == Depth::Full {
            contenders.extend([Name::NginxQuiet, Name::NginxUnbuffered]);
        }
        all.push(Case {
            contenders,
            requests,
            connections,
            ..cpu(depth, Bodies::Growing, size)
        });
    }
    // At a pace that a recorder can follow: what it drops costs nothing and would look cheap.
    for (size, rate) in [(KB, 4000), (64 * KB, 600), (MB, 60)] {
        for bodies in [Bodies::Growing, Bodies::Unique] {
            all.push(paced(depth, bodies, size, rate));
        }
    }
    if depth == Depth::Full {
        all.push(latency(depth, KB));
    }
    all.push(latency(depth, 64 * KB));
    all.push(streams(depth));
    // Without captures as fast as it goes, with them at a pace, for the reason above.
    for (size, connections, requests, rate) in [
        (KB, 16, 8000, 4000),
        (64 * KB, 8, 3000, 600),
        (MB, 4, 320, 60),
    ] {
        let [off, on, _] = ROUTING;
        all.push(Case {
            connections,
            ..routing(depth, size, off, requests)
        });
        all.push(Case {
            per_second: Some(rate),
            rounds: if depth == Depth::Full { 7 } else { 3 },
            ..routing(depth, size, on, usize::try_from(rate).unwrap_or(1))
        });
    }
    for (size, connections, requests) in [(KB, 16, 8000), (64 * KB, 8, 3000)] {
        all.push(Case {
            kind: Kind::Tokens,
            connections,
            // What is looked for is less than rounds differ by.
            rounds: 15,
            contenders: vec![Name::WeirOff, Name::WeirKeyed, Name::WeirToken],
            ..routing(depth, size, ROUTING[0], requests)
        });
    }
    all
}

/// Short rounds, and many: a ratio of two is asked for to a few hundredths.
fn routing(depth: Depth, size: usize, pair: [Name; 2], requests: usize) -> Case {
    Case {
        kind: Kind::Routing,
        requests,
        contenders: pair.to_vec(),
        rounds: if depth == Depth::Full { 15 } else { 7 },
        ..cpu(depth, Bodies::Growing, size)
    }
}

fn paced(depth: Depth, bodies: Bodies, size: usize, rate: u32) -> Case {
    let all = cpu(depth, bodies, size);
    let contenders = match depth {
        Depth::Quick => vec![Name::Nginx, Name::WeirOn],
        Depth::Full => all.contenders,
    };
    Case {
        contenders,
        requests: usize::try_from(rate).unwrap_or(1),
        per_second: Some(rate),
        ..all
    }
}

fn cpu(depth: Depth, bodies: Bodies, size: usize) -> Case {
    Case {
        kind: Kind::Cpu,
        bodies,
        size,
        connections: 8,
        requests: 1000,
        per_second: None,
        stream: None,
        contenders: PROXIES.to_vec(),
        rounds: depth.rounds(),
    }
}

fn latency(depth: Depth, size: usize) -> Case {
    Case {
        kind: Kind::Latency,
        connections: 32,
        requests: if depth == Depth::Full { 1000 } else { 400 },
        per_second: Some(500),
        // Many short rounds: what else the machine does then hits some of them, not a median.
        rounds: if depth == Depth::Full { 11 } else { 5 },
        contenders: [Name::Direct].into_iter().chain(PROXIES).collect(),
        ..cpu(depth, Bodies::Growing, size)
    }
}

fn streams(depth: Depth) -> Case {
    let repeats = if depth == Depth::Full { 4 } else { 2 };
    Case {
        kind: Kind::Streams,
        connections: 200,
        requests: 200 * repeats,
        per_second: None,
        stream: Some(Stream {
            events: 50,
            interval_ms: 20,
        }),
        rounds: if depth == Depth::Full { 4 } else { 2 },
        ..latency(depth, 4 * KB)
    }
}
