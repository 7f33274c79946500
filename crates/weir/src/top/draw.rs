//! What the screen looks like: a pure function of what is known and of the room there is.

use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::{Color, Modifier, Style};

use super::state::{Link, Row, Said, State};
use crate::lines::clean;
use crate::seen::{Exchange, Key, Provider};
use crate::table::cut;
use crate::words::{bar, count, note, span, took};

/// Lines that are no rows: header, link, the titles, the blank before exchanges, the footer.
const FRAME: u16 = 6;
/// Most lines of exchanges before the table has all the room it needs.
const EXCHANGES: u16 = 8;

const PLAIN: Style = Style::new();
const FAINT: Style = Style::new().fg(Color::DarkGray);
const TITLE: Style = Style::new().add_modifier(Modifier::BOLD);

const HELP: [&str; 11] = [
    "up, down, k, j       select a provider or a key",
    "page up, page down   by ten",
    "home, end            the first, the last",
    "e                    enable what is selected",
    "d                    disable it: no new requests",
    "r                    reset it: close the breaker, end pauses",
    "R                    read the configuration again",
    "?                    this",
    "q                    quit",
    "",
    "● healthy   ◐ degraded   ○ unhealthy   · disabled",
];

/// The room that everything needs, in lines.
pub(super) fn lines(state: &State) -> u16 {
    let rows = state.rows().len() + state.exchanges.len();
    u16::try_from(rows)
        .unwrap_or(u16::MAX)
        .saturating_add(FRAME)
}

/// Draws all of it into `area`, or as much as there is room for.
pub(super) fn draw(state: &State, area: Rect, buffer: &mut Buffer) {
    let mut page = Page { area, buffer, y: 0 };
    header(state, &mut page);
    link(state, &mut page);
    if state.help {
        for line in HELP {
            page.line(&[(line, PLAIN)]);
        }
    } else {
        let exchanges = u16::try_from(state.exchanges.len()).unwrap_or(u16::MAX);
        let room = area.height.saturating_sub(FRAME);
        let rows = state.rows();
        let needed = u16::try_from(rows.len()).unwrap_or(u16::MAX);
        let least = exchanges.min(EXCHANGES).min(room / 2);
        let shown = needed.min(room.saturating_sub(least));
        table(state, &rows, usize::from(shown), &mut page);
        page.y += 1;
        history(state, usize::from(room - shown), &mut page);
    }
    page.y = area.height.saturating_sub(1);
    footer(state, &mut page);
}

/// Where drawing goes on.
struct Page<'a> {
    area: Rect,
    buffer: &'a mut Buffer,
    y: u16,
}

impl Page<'_> {
    /// A line of pieces; what does not fit is left out.
    fn line(&mut self, pieces: &[(&str, Style)]) {
        if self.y >= self.area.height {
            return;
        }
        let y = self.area.y + self.y;
        let mut x = self.area.x;
        for (text, style) in pieces {
            let left = self.area.right().saturating_sub(x);
            x = self.buffer.set_stringn(x, y, text, left.into(), *style).0;
        }
        self.y += 1;
    }

    /// The same, over the whole width in another colour.
    fn marked(&mut self, pieces: &[(&str, Style)]) {
        let y = self.y;
        self.line(pieces);
        if y < self.area.height {
            let row = Rect::new(self.area.x, self.area.y + y, self.area.width, 1);
            let style = Style::new().add_modifier(Modifier::REVERSED);
            self.buffer.set_style(row, style);
        }
    }
}

fn header(state: &State, page: &mut Page<'_>) {
    let stats = &state.stats;
    let rate = state.rate();
    let rate = rate.map_or_else(String::new, |rate| format!("  {rate:.1}/s"));
    let facts = format!(
        "  {}  up {}  active {}  requests {}  failed {}{rate}",
        clean(&stats.strategy),
        span(stats.uptime_ms),
        stats.active,
        count(stats.requests.total),
        count(stats.requests.failed),
    );
    let name = format!("weir {}", clean(&stats.version));
    let at = format!("  {}", state.url);
    page.line(&[(name.trim_end(), TITLE), (&facts, PLAIN), (&at, FAINT)]);
}

fn link(state: &State, page: &mut Page<'_>) {
    match &state.link {
        Link::Up => page.line(&[]),
        Link::Waiting => page.line(&[("asking the gateway…", FAINT)]),
        Link::Down(why) => {
            let why = clean(why);
            let text = format!("cannot be reached, trying again: {why}");
            page.line(&[(&text, Style::new().fg(Color::Red))]);
        }
    }
}

/// The columns of the table: where there is room, the provider's type too.
struct Columns {
    name: usize,
    kind: usize,
}

impl Columns {
    fn of(width: u16) -> Self {
        let kind = if width >= 92 { 11 } else { 0 };
        let name = usize::from(width).saturating_sub(66 + kind).clamp(8, 32);
        Self { name, kind }
    }

    fn write(&self, name: &str, kind: &str, rest: [&str; 7]) -> String {
        let [status, breaker, now, reqs, failed, p50, p95] = rest;
        let mut line = left(name, self.name);
        if self.kind > 0 {
            line.push(' ');
            line.push_str(&left(kind, self.kind - 1));
        }
        let (status, breaker) = (left(status, 9), left(breaker, 13));
        let numbers = format!("{now:>5} {reqs:>6} {failed:>6} {p50:>6} {p95:>6}");
        format!("{line} {status} {breaker} {numbers}")
    }
}

fn left(text: &str, width: usize) -> String {
    use unicode_width::UnicodeWidthStr as _;
    let text = cut(&clean(text), width);
    let pad = width.saturating_sub(text.width());
    format!("{text}{}", " ".repeat(pad))
}

fn table(state: &State, rows: &[Row<'_>], shown: usize, page: &mut Page<'_>) {
    let columns = Columns::of(page.area.width);
    let titles = ["STATUS", "BREAKER", "NOW", "REQS", "FAILED", "P50", "P95"];
    let titles = columns.write("PROVIDER", "TYPE", titles);
    page.line(&[("  ", PLAIN), (&titles, TITLE)]);
    let selected = state.selected();
    let first = selected
        .saturating_sub(shown / 2)
        .min(rows.len().saturating_sub(shown));
    for (index, row) in rows.iter().enumerate().skip(first).take(shown) {
        let pieces = match row {
            Row::Provider(provider) => provider_row(provider, &columns, state),
            Row::Key(_, key) => key_row(key, &columns, state),
        };
        let pieces: Vec<_> = pieces
            .iter()
            .map(|(text, style)| (&**text, *style))
            .collect();
        if index == selected {
            page.marked(&pieces);
        } else {
            page.line(&pieces);
        }
    }
}

fn provider_row(provider: &Provider, columns: &Columns, state: &State) -> Vec<(String, Style)> {
    let (dot, color) = match provider.status.as_str() {
        "healthy" => ("● ", Color::Green),
        "degraded" => ("◐ ", Color::Yellow),
        "disabled" => ("· ", Color::DarkGray),
        _ => ("○ ", Color::Red),
    };
    let breaker = match provider.breaker.until {
        Some(until) if until > state.here.now_ms => {
            let left = until.abs_diff(state.here.now_ms);
            format!("{} {}", provider.breaker.state, span(left))
        }
        _ => provider.breaker.state.clone(),
    };
    let numbers = [
        count(provider.in_flight),
        count(provider.requests.total),
        count(provider.requests.failed),
        took(provider.latency.p50),
        took(provider.latency.p95),
    ];
    let [now, reqs, failed, p50, p95] = numbers.each_ref().map(String::as_str);
    let status = provider.status.as_str();
    let rest = [status, breaker.as_str(), now, reqs, failed, p50, p95];
    let line = columns.write(&provider.name, &provider.kind, rest);
    vec![(dot.to_owned(), Style::new().fg(color)), (line, PLAIN)]
}

fn key_row(key: &Key, columns: &Columns, state: &State) -> Vec<(String, Style)> {
    let color = match (key.status.as_str(), key.capacity) {
        ("disabled", _) => Color::DarkGray,
        ("healthy", 21..) => Color::Green,
        ("healthy", _) | ("rate_limited", _) => Color::Yellow,
        _ => Color::Red,
    };
    let width = (columns.name + columns.kind).saturating_sub(2).max(8);
    let name = left(
        &format!("{} {}", key.id, key.name.as_deref().unwrap_or("")),
        width,
    );
    let status = left(&key.status, 12);
    let note = clean(&note(key, &state.here));
    vec![
        (format!("    {name} "), PLAIN),
        (bar(key.capacity), Style::new().fg(color)),
        (format!(" {:>3}% ", key.capacity), PLAIN),
        (format!("{status} {note}"), FAINT),
    ]
}

fn history(state: &State, room: usize, page: &mut Page<'_>) {
    let wide = usize::from(page.area.width);
    let name = wide.saturating_sub(66).clamp(8, 20);
    let model = wide.saturating_sub(name + 46).clamp(8, 48);
    let head = format!(
        "{:<8} {} {} {:>6} {:>6} {:>6} {:>6} {:>6}",
        "TIME",
        left("PROVIDER", name),
        left("MODEL", model),
        "STATUS",
        "FIRST",
        "TOTAL",
        "IN",
        "OUT"
    );
    page.line(&[(&head, TITLE)]);
    for exchange in state.exchanges.iter().take(room) {
        let (line, style) = exchange_row(exchange, state, (name, model));
        page.line(&[(&line, style)]);
    }
}

fn exchange_row(
    exchange: &Exchange,
    state: &State,
    (name, model): (usize, usize),
) -> (String, Style) {
    let ms = |ms: Option<u64>| took(ms.map(|ms| ms as f64));
    let tokens = |pick: fn(&crate::seen::Usage) -> u64| {
        exchange
            .usage
            .map_or_else(|| "-".to_owned(), |usage| count(pick(&usage)))
    };
    let (status, style) = match (exchange.state.as_str(), exchange.status_code) {
        ("open", _) => ("…".to_owned(), Style::new().fg(Color::Cyan)),
        ("complete", Some(code @ ..400)) => (code.to_string(), PLAIN),
        ("client_gone", _) => ("gone".to_owned(), FAINT),
        (_, Some(code @ 400..)) => (code.to_string(), Style::new().fg(Color::Red)),
        _ => ("broke".to_owned(), Style::new().fg(Color::Red)),
    };
    let asked = exchange.model.as_deref().unwrap_or(&exchange.endpoint);
    let line = format!(
        "{:<8} {} {} {status:>6} {:>6} {:>6} {:>6} {:>6}",
        state.here.time_of(&exchange.timestamp),
        left(&exchange.provider, name),
        left(asked, model),
        ms(exchange.ttfb),
        ms(exchange.response_time),
        tokens(crate::seen::Usage::input),
        tokens(|usage| usage.output_tokens),
    );
    (line, style)
}

fn footer(state: &State, page: &mut Page<'_>) {
    const KEYS: &str = "arrows select  e enable  d disable  r reset  R reload  ? help  q quit";
    match &state.said {
        None => page.line(&[(KEYS, FAINT)]),
        Some(Said::Done(text)) => page.line(&[(&clean(text), Style::new().fg(Color::Green))]),
        Some(Said::Refused(text)) => page.line(&[(&clean(text), Style::new().fg(Color::Red))]),
    }
}
