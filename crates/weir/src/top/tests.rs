//! The screen over a gateway that is made up.

use axum::Router;
use axum::routing::{get, post};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::tz::TimeZone;
use ratatui_core::backend::TestBackend;
use ratatui_core::style::Modifier;
use ratatui_core::terminal::Terminal;
use serde_json::{Value, json};

use super::state::{Call, Link, News, Said};
use super::*;
use crate::client::tests::{client, serve};
use crate::seen;

/// 13:37 on Saturday, 21 November 2026.
const NOW: i64 = 1_795_268_220_000;

fn stats(after_ms: i64, total: u64) -> Value {
    json!({"version": "1.2.3", "timestamp_ms": NOW + after_ms, "uptime_ms": 11_520_000,
        "strategy": "round_robin", "active": 4,
        "requests": {"total": total, "succeeded": total - 2, "failed": 2}})
}

fn providers() -> Value {
    json!({"providers": [
        {"name": "main", "type": "anthropic", "status": "degraded",
            "breaker": {"state": "closed"}, "in_flight": 3,
            "requests": {"total": 1234, "failed": 2}, "latency": {"p50": 430.0, "p95": 1200.0},
            "keys": [
                {"id": "e769bdd5", "name": "team", "status": "healthy", "capacity": 62,
                    "windows": [{"window": "5h", "used": 0.38, "spent_at": NOW + 1_980_000}]},
                {"id": "3cd48219", "status": "rate_limited", "capacity": 0,
                    "cooldown_until": NOW + 30_000},
            ]},
        {"name": "backup", "type": "zai", "status": "unhealthy", "in_flight": 0,
            "breaker": {"state": "open", "until": NOW + 12_000},
            "requests": {"total": 9, "failed": 9}, "latency": {}, "keys": []},
    ]})
}

fn exchanges() -> Value {
    json!({"requests": [
        {"requestId": "2", "timestamp": "2026-11-21T13:36:58Z", "provider": "main",
            "model": "claude-opus-4-6", "endpoint": "/v1/messages", "state": "open"},
        {"requestId": "1", "timestamp": "2026-11-21T13:36:50Z", "provider": "main",
            "model": "claude-haiku", "endpoint": "/v1/messages", "state": "complete",
            "statusCode": 200, "ttfb": 412, "responseTime": 3100,
            "usage": {"input_tokens": 20, "output_tokens": 187,
                "cache_read_input_tokens": 120_000}},
    ]})
}

fn read<T: serde::de::DeserializeOwned>(json: Value) -> T {
    serde_json::from_value(json).unwrap()
}

fn empty() -> State {
    let here = Here {
        now_ms: NOW,
        zone: TimeZone::UTC,
    };
    State::new("http://127.0.0.1:3001", here)
}

fn full() -> State {
    let mut state = empty();
    state.hear(News::Stats(read(stats(0, 1243))));
    state.hear(News::Stats(read(stats(2_000, 1252))));
    let providers: seen::Providers = read(providers());
    state.hear(News::Providers(providers.providers));
    let exchanges: seen::Exchanges = read(exchanges());
    for exchange in exchanges.requests.into_iter().rev() {
        state.hear(News::Exchange(Box::new(exchange)));
    }
    state
}

fn shown(state: &State, width: u16, height: u16) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal
        .draw(|frame| draw::draw(state, frame.area(), frame.buffer_mut()))
        .unwrap();
    terminal
}

fn press(state: &mut State, code: KeyCode) -> Option<Order> {
    state.press(KeyEvent::new(code, KeyModifiers::NONE))
}

fn typed(state: &mut State, char: char) -> Option<Order> {
    press(state, KeyCode::Char(char))
}

fn path(order: Option<Order>) -> String {
    match order {
        Some(Order::Call(Call { path, .. })) => path,
        other => panic!("{other:?}"),
    }
}

/// The screen's lines without trailing space.
fn lines(state: &State, width: u16, height: u16) -> Vec<String> {
    let text = shown(state, width, height).backend().to_string();
    let lines = text.lines().map(|line| line.trim_matches('"').trim_end());
    lines.map(str::to_owned).collect()
}

#[test]
fn a_screen_of_eighty_columns_shows_it_all() {
    let expected = "\
weir 1.2.3  round_robin  up 3h12m  active 4  requests 1252  failed 2  4.5/s  htt

  PROVIDER       STATUS    BREAKER         NOW   REQS FAILED    P50    P95
◐ main           degraded  closed            3   1234      2  430ms   1.2s
    e769bdd5 te… ███████░░░  62% healthy      5h 38%, spent 14:10
    3cd48219     ░░░░░░░░░░   0% rate_limited pauses for 30s
○ backup         unhealthy open 12s          0      9      9      -      -

TIME     PROVIDER       MODEL                STATUS  FIRST  TOTAL     IN    OUT
13:36:58 main           claude-opus-4-6           …      -      -      -      -
13:36:50 main           claude-haiku            200  412ms   3.1s   120k    187


arrows select  e enable  d disable  r reset  R reload  ? help  q quit";
    assert_eq!(lines(&full(), 80, 14).join("\n"), expected);
}

#[test]
fn a_wide_screen_has_room_for_types_and_whole_names() {
    let lines = lines(&full(), 110, 14);
    assert!(lines[0].ends_with("http://127.0.0.1:3001"), "{}", lines[0]);
    assert!(lines[2].contains("TYPE"), "{}", lines[2]);
    assert!(lines[3].contains("main") && lines[3].contains("anthropic"));
    assert!(lines[4].contains("e769bdd5 team"), "{}", lines[4]);
}

#[test]
fn a_low_screen_keeps_the_selected_line_in_view() {
    let mut state = full();
    let providers: Vec<_> = (0..40)
        .map(|number| read(json!({"name": format!("p{number}")})))
        .collect();
    state.hear(News::Providers(providers));
    for _ in 0..30 {
        press(&mut state, KeyCode::Down);
    }
    let terminal = shown(&state, 80, 12);
    let buffer = terminal.backend().buffer();
    let marked = |y: u16| buffer[(2, y)].modifier.contains(Modifier::REVERSED);
    let row = (0..12).find(|y| marked(*y)).unwrap();
    let name: String = (2..6).map(|x| buffer[(x, row)].symbol()).collect();
    assert_eq!(name.trim(), "p30");
    press(&mut state, KeyCode::End);
    let end = lines(&state, 80, 12);
    assert!(end.iter().any(|line| line.contains("p39")), "{end:?}");
}

#[test]
fn what_the_gateway_tells_cannot_move_the_cursor() {
    let mut state = full();
    let exchange = json!({"requestId": "3", "model": "m\u{1b}[2J", "provider": "p\n\r"});
    state.hear(News::Exchange(Box::new(read(exchange))));
    state.hear(News::Said(Said::Refused("a\u{1b}[31mb".to_owned())));
    let text = shown(&state, 80, 14).backend().to_string();
    assert!(!text.contains('\u{1b}') && !text.contains('\r'), "{text}");
}

#[test]
fn a_gateway_that_is_gone_is_said_to_be_and_comes_back() {
    let mut state = full();
    state.hear(News::Down("connection refused".to_owned()));
    let down = lines(&state, 80, 14);
    assert_eq!(
        down[1],
        "cannot be reached, trying again: connection refused"
    );
    assert!(down[3].contains("main"), "the last that was known stays");
    assert!(state.rate().is_none());
    state.hear(News::Stats(read(stats(9_000, 5))));
    assert_eq!(state.link, Link::Up);
    assert_eq!(lines(&state, 80, 14)[1], "");
}

#[test]
fn the_rate_is_that_of_the_last_ten_seconds_and_starts_anew_with_the_gateway() {
    let mut state = empty();
    for second in 0..60 {
        let total = if second < 50 {
            100
        } else {
            100 + 7 * (second - 49)
        };
        let after = i64::try_from(second).unwrap() * 1_000;
        state.hear(News::Stats(read(stats(after, total))));
    }
    assert_eq!(state.rate(), Some(7.0));
    state.hear(News::Stats(read(stats(61_000, 2))));
    assert_eq!(state.rate(), None);
}

#[test]
fn an_exchange_is_one_line_however_often_it_is_heard_of() {
    let mut state = full();
    let ended = json!({"requestId": "2", "state": "complete", "statusCode": 200});
    state.hear(News::Exchange(Box::new(read(ended))));
    assert_eq!(state.exchanges.len(), 2);
    assert_eq!(state.exchanges[0].status_code, Some(200));
    for number in 0..1_000 {
        let exchange = json!({"requestId": format!("n{number}")});
        state.hear(News::Exchange(Box::new(read(exchange))));
    }
    assert_eq!(state.exchanges.len(), 200);
    assert_eq!(state.exchanges[0].request_id, "n999");
}

#[test]
fn orders_are_for_what_is_selected() {
    let mut state = full();
    assert_eq!(path(typed(&mut state, 'd')), "/api/providers/main/disable");
    press(&mut state, KeyCode::Down);
    assert_eq!(
        path(typed(&mut state, 'r')),
        "/api/providers/main/keys/e769bdd5/reset"
    );
    press(&mut state, KeyCode::End);
    assert_eq!(path(typed(&mut state, 'e')), "/api/providers/backup/enable");
    assert_eq!(path(typed(&mut state, 'R')), "/api/config/reload");
    assert_eq!(typed(&mut empty(), 'd'), None);
}

#[test]
fn the_selection_stays_with_its_name_when_others_come_and_go() {
    let mut state = full();
    press(&mut state, KeyCode::End);
    let mut changed: seen::Providers = read(providers());
    changed.providers.insert(0, read(json!({"name": "new"})));
    changed.providers[1].keys.clear();
    state.hear(News::Providers(changed.providers));
    assert_eq!(
        path(typed(&mut state, 'd')),
        "/api/providers/backup/disable"
    );
    state.hear(News::Providers(Vec::new()));
    assert_eq!(state.selected(), 0);
    let back: seen::Providers = read(providers());
    state.hear(News::Providers(back.providers));
    press(&mut state, KeyCode::Up);
    press(&mut state, KeyCode::Home);
    assert_eq!(path(typed(&mut state, 'd')), "/api/providers/main/disable");
}

#[test]
fn help_comes_and_goes_and_quitting_is_easy() {
    let mut state = full();
    assert_eq!(typed(&mut state, '?'), None);
    let help = lines(&state, 80, 24).join("\n");
    assert!(help.contains("enable what is selected") && help.contains("quit"));
    assert_eq!(press(&mut state, KeyCode::Esc), None);
    assert!(!state.help);
    assert_eq!(typed(&mut state, 'q'), Some(Order::Quit));
    assert_eq!(press(&mut state, KeyCode::Esc), Some(Order::Quit));
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(state.press(interrupt), Some(Order::Quit));
}

fn gateway() -> Router {
    let json = |value: fn() -> Value| get(async move || axum::Json(value()));
    let faults = || {
        let faults = json!({"error": "not valid", "faults": ["weir.yaml:2: odd"]});
        (http::StatusCode::UNPROCESSABLE_ENTITY, axum::Json(faults))
    };
    let event = |name: &str, value: Value| format!("event: {name}\ndata: {value}\n\n");
    let figures = event("stats", stats(0, 5));
    let exchange = event("exchange", json!({"requestId": "9", "model": "live"}));
    Router::new()
        .route("/api/stats", json(|| stats(0, 1243)))
        .route("/api/providers", json(providers))
        .route("/api/requests/summary", json(exchanges))
        .route("/api/stats/stream", get(async move || figures.clone()))
        .route("/api/live", get(async move || exchange.clone()))
        .route(
            "/api/providers/main/disable",
            post(async || axum::Json(json!({"name": "main"}))),
        )
        .route("/api/config/reload", post(async move || faults()))
}

#[tokio::test]
async fn one_frame_is_plain_text_and_says_it_all() {
    let text = once(&client(&serve(gateway()).await)).await.unwrap();
    for part in ["weir 1.2.3", "e769bdd5 team", "backup", "claude-opus-4-6"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(!text.contains("q quit") && !text.contains('\u{1b}'));
    assert!(text.lines().all(|line| line == line.trim_end()));
    let nobody = once(&client("http://127.0.0.1:1")).await.unwrap_err();
    assert!(format!("{nobody:#}").contains("is weir running?"));
}

/// News until some of it satisfies.
async fn until(news: &mut mpsc::Receiver<News>, mut wanted: impl FnMut(News) -> bool) {
    let waiting = async { while !wanted(news.recv().await.unwrap()) {} };
    tokio::time::timeout(Duration::from_secs(30), waiting)
        .await
        .expect("the news comes");
}

#[tokio::test]
async fn the_screen_hears_of_figures_providers_exchanges_and_of_breaks() {
    let (told, mut news) = mpsc::channel(MAX_NEWS);
    feed::start(&client(&serve(gateway()).await), &told);
    let mut missing = vec!["stats", "providers", "exchange", "down"];
    until(&mut news, |news| {
        let heard = match news {
            News::Stats(stats) if stats.requests.total == 5 => "stats",
            News::Providers(providers) if providers.len() == 2 => "providers",
            News::Exchange(exchange) if exchange.request_id == "9" => "exchange",
            // The figures of this gateway end after one event.
            News::Down(_) => "down",
            _ => "",
        };
        missing.retain(|name| *name != heard);
        missing.is_empty()
    })
    .await;
}

#[tokio::test]
async fn orders_are_carried_out_and_their_outcome_is_told() {
    let gateway = client(&serve(gateway()).await);
    let (told, mut news) = mpsc::channel(MAX_NEWS);
    let mut state = full();
    let outcomes = [
        ('d', Said::Done("main: disabled".to_owned())),
        (
            'R',
            Said::Refused("configuration: weir.yaml:2: odd".to_owned()),
        ),
        ('e', Said::Refused("answered 404 Not Found".to_owned())),
    ];
    for (key, expected) in outcomes {
        let Some(Order::Call(call)) = typed(&mut state, key) else {
            panic!("no order");
        };
        feed::order(&gateway, call, &told);
        until(&mut news, |news| match news {
            News::Said(said) => {
                assert_eq!(said, expected);
                true
            }
            _ => false,
        })
        .await;
    }
}

#[test]
fn whatever_room_there_is_nothing_breaks() {
    let mut state = full();
    for help in [false, true] {
        state.help = help;
        for width in 0..100 {
            for height in 0..24 {
                shown(&state, width, height);
            }
        }
    }
    shown(&empty(), 80, 24);
}
