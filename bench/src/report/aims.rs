//! What weir aims at beside nginx, and whether a run met it.

use std::fmt::Write as _;

use crate::cases::{Kind, pairs};
use crate::compare::{Results, Row};
use crate::contender::Name;
use crate::corpus::Bodies;
use crate::stats::Spread;

use super::tables::{Pick, added, mark, pair_ratio, peak, spread};

const MIB: f64 = 1_048_576.0;

struct Aim {
    what: String,
    most: f64,
    seen: f64,
    /// Whether captures were dropped or requests failed, which makes figures look better.
    mark: &'static str,
}

/// The aims as a list; empty when weir did not take part.
pub(super) fn list(results: &Results) -> String {
    let mut aims = Vec::new();
    for row in &results.rows {
        match row.kind {
            Kind::Cpu => cpu(row, &mut aims),
            Kind::Latency => latency(row, &mut aims),
            Kind::Routing => compared(row, 1.10, &mut aims),
            Kind::Tokens => compared(row, 1.15, &mut aims),
            Kind::Streams => {}
        }
    }
    memory(results, &mut aims);
    let mut out = String::new();
    for Aim {
        what,
        most,
        seen,
        mark,
    } in &aims
    {
        let verdict = match seen {
            seen if !seen.is_finite() => "lost in noise",
            seen if seen <= most => "met",
            _ => "**missed**",
        };
        writeln!(out, "| {what} | {most:.2} | {seen:.2} | {verdict}{mark} |")
            .expect("a string takes every write");
    }
    if out.is_empty() {
        return out;
    }
    format!("## Aims\n\n| aim | at most | seen | |\n|---|--:|--:|---|\n{out}")
}

fn cpu(row: &Row, aims: &mut Vec<Aim>) {
    let capturing = if row.bodies == Bodies::Unique {
        4.0
    } else {
        2.0
    };
    for (name, most) in [(Name::WeirOff, 1.25), (Name::WeirOn, capturing)] {
        let pick: Pick = |slice| slice.cpu;
        if let (Some(own), Some(nginx)) = (spread(row, name, pick), spread(row, Name::Nginx, pick))
        {
            let what = format!("CPU × nginx, {name}, {}", row.label);
            aims.push(Aim {
                what,
                most,
                seen: ratio(own, nginx),
                mark: mark(row, name),
            });
        }
    }
}

fn compared(row: &Row, most: f64, aims: &mut Vec<Aim>) {
    for [plain, other] in pairs(row.kind) {
        if let Some(ratio) = pair_ratio(row, [*plain, *other]) {
            aims.push(Aim {
                what: format!("CPU × {plain}, {other}, {}", row.label),
                most,
                seen: ratio.median,
                mark: mark(row, *other),
            });
        }
    }
}

fn latency(row: &Row, aims: &mut Vec<Aim>) {
    for name in [Name::WeirOff, Name::WeirOn] {
        let pick: Pick = |slice| slice.latency.p99;
        if let (Some(own), Some(nginx)) = (added(row, name, pick), added(row, Name::Nginx, pick)) {
            let what = format!("added p99 × nginx, {name}, {}", row.label);
            aims.push(Aim {
                what,
                most: 1.4,
                seen: ratio(own, nginx),
                mark: mark(row, name),
            });
        }
    }
}

/// Not a number when what nginx adds drowns in noise.
fn ratio(own: Spread, nginx: Spread) -> f64 {
    if nginx.median > 0.0 {
        own.median / nginx.median
    } else {
        f64::NAN
    }
}

fn memory(results: &Results, aims: &mut Vec<Aim>) {
    for idle in &results.idle {
        if !matches!(idle.name, Name::WeirOff | Name::WeirOn) {
            continue;
        }
        let what = format!("MiB at rest, {}", idle.name);
        aims.push(Aim {
            what,
            most: 20.0,
            seen: idle.bytes as f64 / MIB,
            mark: "",
        });
        let peaks = results.rows.iter().filter_map(|row| peak(row, idle.name));
        let what = format!("MiB under load, {}", idle.name);
        aims.push(Aim {
            what,
            most: 60.0,
            seen: peaks.fold(0.0, f64::max) / MIB,
            mark: "",
        });
    }
}
