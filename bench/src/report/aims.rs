//! What weir aims at beside nginx, and whether a run met it.

use std::fmt::Write as _;

use crate::cases::Kind;
use crate::compare::{Results, Row};
use crate::contender::Name;
use crate::corpus::Bodies;

use super::tables::{Pick, added, peak, spread};

const MIB: f64 = 1_048_576.0;

struct Aim {
    what: String,
    most: f64,
    seen: f64,
}

/// The aims as a list; empty when weir did not take part.
pub(super) fn list(results: &Results) -> String {
    let mut aims = Vec::new();
    for row in &results.rows {
        match row.kind {
            Kind::Cpu => cpu(row, &mut aims),
            Kind::Latency => latency(row, &mut aims),
            Kind::Streams => {}
        }
    }
    memory(results, &mut aims);
    let mut out = String::new();
    for Aim { what, most, seen } in &aims {
        let verdict = if seen <= most { "met" } else { "**missed**" };
        writeln!(out, "| {what} | {most:.2} | {seen:.2} | {verdict} |")
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
                seen: own.median / nginx.median,
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
                seen: own.median / nginx.median,
            });
        }
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
        });
        let peaks = results.rows.iter().filter_map(|row| peak(row, idle.name));
        let what = format!("MiB under load, {}", idle.name);
        aims.push(Aim {
            what,
            most: 60.0,
            seen: peaks.fold(0.0, f64::max) / MIB,
        });
    }
}
