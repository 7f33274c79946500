//! The tables of the page, in Markdown.

use std::fmt::Write as _;

use crate::cases::{Kind, pairs};
use crate::compare::{Cell, Results, Row};
use crate::contender::Name;
use crate::slice::Slice;
use crate::stats::Spread;

const MIB: f64 = 1_048_576.0;

/// A figure of a slice.
pub(super) type Pick = fn(&Slice) -> Option<f64>;

/// A cell's figure over its rounds.
pub(super) fn spread(row: &Row, name: Name, pick: Pick) -> Option<Spread> {
    Spread::of(cell(row, name)?.slices.iter().filter_map(pick))
}

/// What a contender adds to the median of `direct`: pairs of rounds would bring the noise of both.
pub(super) fn added(row: &Row, name: Name, pick: Pick) -> Option<Spread> {
    let direct = spread(row, Name::Direct, pick)?.median;
    let own = cell(row, name)?.slices.iter().filter_map(pick);
    Spread::of(own.map(|own| own - direct))
}

fn cell(row: &Row, name: Name) -> Option<&Cell> {
    row.cells.iter().find(|cell| cell.name == name)
}

/// CPU time per request.
pub(super) fn cpu(rows: &[Row]) -> String {
    let rows = of_kind(rows, Kind::Cpu);
    let names = names(&rows, false);
    let title = "CPU time per request, µs: median of the rounds (least–most), × nginx";
    let mut out = head(title, "bodies (mean size)", &names);
    for row in &rows {
        let nginx = spread(row, Name::Nginx, |slice| slice.cpu);
        let label = format!("{} ({:.1} KB)", row.label, row.mean_bytes as f64 / 1024.0);
        line(&mut out, &label, &names, |name| {
            shown(spread(row, name, |slice| slice.cpu), nginx, mark(row, name))
        });
    }
    done(out, &rows)
}

/// What it costs to do more: weir that does beside weir that does less.
pub(super) fn compared(rows: &[Row], kind: Kind) -> String {
    let rows = of_kind(rows, kind);
    let (title, more) = match kind {
        Kind::Tokens => (
            "What a project's token costs: CPU time per request, µs, with nothing to check and with a \
             token that has limits and a budget; their ratio round by round",
            "with a token",
        ),
        _ => (
            "What routing costs: CPU time per request, µs, with one provider and with ten providers and \
             fifty keys; their ratio round by round",
            "routed",
        ),
    };
    let mut out = String::new();
    for row in &rows {
        for [plain, other] in pairs(kind) {
            let Some(ratio) = pair_ratio(row, [*plain, *other]) else {
                continue;
            };
            let cpu = |name| {
                let own = spread(row, name, |slice| slice.cpu);
                shown(own, None, mark(row, name))
            };
            writeln!(
                out,
                "| {} ({:.1} KB) | {plain} | {} | {} | {:.3} ({:.3}–{:.3}) |",
                row.label,
                row.mean_bytes as f64 / 1024.0,
                cpu(*plain),
                cpu(*other),
                ratio.median,
                ratio.min,
                ratio.max,
            )
            .expect("a string takes every write");
        }
    }
    if out.is_empty() {
        return out;
    }
    format!(
        "## {title}\n\n| bodies (mean size) | beside | its CPU | {more} | ratio |\n\
         |---|---|--:|--:|--:|\n{out}"
    )
}

/// Rounds are compared with themselves: what else the machine did then hit both.
pub(super) fn pair_ratio(row: &Row, [plain, other]: [Name; 2]) -> Option<Spread> {
    let cpu = |name| Some(cell(row, name)?.slices.iter().map(|slice| slice.cpu));
    let pairs = cpu(other)?.zip(cpu(plain)?);
    Spread::of(pairs.filter_map(|(own, base)| Some(own? / base.filter(|base| *base > 0.0)?)))
}

/// Latency at a fixed rate.
pub(super) fn latency(rows: &[Row]) -> String {
    let measures: [(&str, Pick); 2] = [
        ("p50", |slice| slice.latency.p50),
        ("p99", |slice| slice.latency.p99),
    ];
    over_direct(
        rows,
        Kind::Latency,
        "Added latency, µs (direct: the whole)",
        &measures,
    )
}

/// Streams.
pub(super) fn streams(rows: &[Row]) -> String {
    let measures: [(&str, Pick); 4] = [
        ("first event p50", |slice| slice.first_event.p50),
        ("first event p99", |slice| slice.first_event.p99),
        ("each event p50", |slice| slice.delay.p50),
        ("each event p99", |slice| slice.delay.p99),
    ];
    let mut out = over_direct(
        rows,
        Kind::Streams,
        "Added time in streams, µs (direct: the whole)",
        &measures,
    );
    for row in of_kind(rows, Kind::Streams) {
        let names = names(&[row], true);
        let nginx = spread(row, Name::Nginx, |slice| slice.cpu);
        line(
            &mut out,
            &format!("{}: CPU per stream", row.label),
            &names,
            |name| shown(spread(row, name, |slice| slice.cpu), nginx, mark(row, name)),
        );
    }
    out
}

fn over_direct(rows: &[Row], kind: Kind, title: &str, measures: &[(&str, Pick)]) -> String {
    let rows = of_kind(rows, kind);
    let names = names(&rows, true);
    let mut out = head(title, "case", &names);
    for row in &rows {
        for (measure, pick) in measures {
            let nginx = added(row, Name::Nginx, *pick);
            line(
                &mut out,
                &format!("{}: {measure}", row.label),
                &names,
                |name| {
                    if name == Name::Direct {
                        shown(spread(row, name, *pick), None, "")
                    } else {
                        shown(added(row, name, *pick), nginx, mark(row, name))
                    }
                },
            );
        }
    }
    done(out, &rows)
}

/// Resident memory, at rest and at most.
pub(super) fn memory(results: &Results) -> String {
    let names: Vec<Name> = results.idle.iter().map(|idle| idle.name).collect();
    let title = "Resident memory, MiB: at rest after the start, then the most in each case";
    let mut out = head(title, "", &names);
    line(&mut out, "at rest", &names, |name| {
        let idle = results.idle.iter().find(|idle| idle.name == name);
        idle.map(|idle| format!("{:.1}", idle.bytes as f64 / MIB))
            .unwrap_or_default()
    });
    for row in &results.rows {
        line(&mut out, &row.label, &names, |name| {
            peak(row, name)
                .map(|bytes| format!("{:.1}", bytes / MIB))
                .unwrap_or_default()
        });
    }
    if names.is_empty() { String::new() } else { out }
}

/// The most bytes that a contender held in any round.
pub(super) fn peak(row: &Row, name: Name) -> Option<f64> {
    spread(row, name, |slice| Some(slice.peak as f64)).map(|spread| spread.max)
}

/// What the marks in the tables mean, with the counts.
pub(super) fn notes(rows: &[Row]) -> String {
    let mut out = String::new();
    for row in rows {
        for cell in &row.cells {
            let sum = |pick: fn(&Slice) -> u64| cell.slices.iter().map(pick).sum::<u64>();
            let requests = sum(|slice| slice.requests);
            for (mark, what, count) in [
                (
                    "†",
                    "exchanges were not captured",
                    sum(|slice| slice.dropped),
                ),
                ("‡", "requests failed", sum(|slice| slice.failed)),
            ] {
                if count > 0 {
                    let first = cell
                        .slices
                        .iter()
                        .find_map(|slice| slice.failure.as_deref());
                    let why = first.filter(|_| mark == "‡").unwrap_or_default();
                    writeln!(
                        out,
                        "{mark} {}, {}: {count} of {requests} {what}. {why}\n",
                        row.label, cell.name
                    )
                    .expect("a string takes every write");
                }
            }
        }
    }
    out
}

pub(super) fn mark(row: &Row, name: Name) -> &'static str {
    let slices = cell(row, name).map_or(&[][..], |cell| &cell.slices);
    let dropped = slices.iter().any(|slice| slice.dropped > 0);
    match (dropped, slices.iter().any(|slice| slice.failed > 0)) {
        (true, true) => " †‡",
        (true, false) => " †",
        (false, true) => " ‡",
        (false, false) => "",
    }
}

fn shown(own: Option<Spread>, nginx: Option<Spread>, mark: &str) -> String {
    let Some(own) = own else { return String::new() };
    // What nginx adds can drown in noise; a ratio to that would say nothing.
    let nginx = nginx.filter(|nginx| nginx.median > 0.0);
    let ratio = nginx.map(|nginx| format!(" ×{:.2}", own.median / nginx.median));
    format!(
        "{} ({}–{}){}{mark}",
        number(own.median),
        number(own.min),
        number(own.max),
        ratio.unwrap_or_default()
    )
}

/// Three figures are as much as a run can tell.
fn number(value: f64) -> String {
    if value.abs() >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

fn of_kind(rows: &[Row], kind: Kind) -> Vec<&Row> {
    rows.iter().filter(|row| row.kind == kind).collect()
}

fn names(rows: &[&Row], with_direct: bool) -> Vec<Name> {
    let mut names = Vec::new();
    for name in rows.iter().flat_map(|row| &row.cells).map(|cell| cell.name) {
        if !names.contains(&name) && (with_direct || name != Name::Direct) {
            names.push(name);
        }
    }
    names.sort_unstable();
    names
}

fn head(title: &str, first: &str, names: &[Name]) -> String {
    let mut out = format!("## {title}\n\n| {first} |");
    for name in names {
        write!(out, " {name} |").expect("a string takes every write");
    }
    out.push_str("\n|---|");
    out.push_str(&"--:|".repeat(names.len()));
    out.push('\n');
    out
}

fn line(out: &mut String, label: &str, names: &[Name], cell: impl Fn(Name) -> String) {
    let cells: Vec<String> = names.iter().map(|name| cell(*name)).collect();
    writeln!(out, "| {label} | {} |", cells.join(" | ")).expect("a string takes every write");
}

fn done(out: String, rows: &[&Row]) -> String {
    if rows.is_empty() { String::new() } else { out }
}
