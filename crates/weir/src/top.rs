//! `weir top`: a screen of a running gateway's providers, keys and exchanges, and a few keys to
//! steer it by. What is known is in `state`, what it looks like in `draw`, where it comes from in
//! `feed`, the terminal in `screen`.

mod draw;
mod feed;
mod screen;
mod state;

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use crossterm::event::{Event, EventStream, KeyEventKind};
use futures_util::StreamExt as _;
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::cli::Top;
use crate::client::Client;
use crate::lines::print;
use crate::shutdown::Signals;
use crate::words::Here;
use crate::workers::runtime;
use screen::Screen;
use state::{Order, State};

/// Longest time that news waits to be shown.
const FRAME: Duration = Duration::from_millis(100);
/// Milliseconds after which times that are counted down are shown anew.
const SECOND: u64 = 1_000;
/// News that may wait to be read; the gateway is followed no faster than the screen is.
const MAX_NEWS: usize = 256;
/// Columns of a frame that goes elsewhere than to a terminal.
const COLUMNS: u16 = 100;
/// Most lines of such a frame.
const MAX_LINES: u16 = 2_000;

/// Runs `weir top`.
///
/// # Errors
/// When there is no terminal, or with `--once` nobody answers.
pub(crate) fn run(options: &Top) -> anyhow::Result<ExitCode> {
    let client = Client::new(&options.gateway)?;
    let runtime = runtime()?;
    if options.once {
        print(&runtime.block_on(once(&client))?)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !std::io::stdout().is_terminal() {
        bail!("the output is no terminal; `weir top --once` prints one frame");
    }
    let watched = runtime.block_on(watch(&client));
    // A name that is being looked up must not keep anybody waiting.
    runtime.shutdown_background();
    watched
}

/// One frame as text.
async fn once(client: &Client) -> anyhow::Result<String> {
    let mut state = State::new(client.base(), Here::and_now());
    feed::fill(client, &mut state).await?;
    let columns = std::env::var("COLUMNS").ok();
    let columns = columns.and_then(|columns| columns.parse().ok());
    let columns = columns.filter(|columns| (20..=400).contains(columns));
    Ok(text(&state, columns.unwrap_or(COLUMNS)))
}

/// All that is known, as lines of text; the last line, which explains keys, is left out.
fn text(state: &State, columns: u16) -> String {
    let area = Rect::new(0, 0, columns, draw::lines(state).min(MAX_LINES));
    let mut buffer = Buffer::empty(area);
    draw::draw(state, area, &mut buffer);
    let rows = area.rows().map(|row| {
        let cells = row.columns().map(|cell| buffer[(cell.x, cell.y)].symbol());
        cells.collect::<String>().trim_end().to_owned()
    });
    let mut rows: Vec<String> = rows.collect();
    rows.pop();
    rows.join("\n").trim_end().to_owned()
}

async fn watch(client: &Client) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let mut state = State::new(client.base(), Here::and_now());
    let (told, mut news) = mpsc::channel(MAX_NEWS);
    feed::start(client, &told);
    let mut screen = Screen::open()?;
    let mut keys = EventStream::new();
    let mut frames = interval(FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut news_shown = false;
    loop {
        tokio::select! {
            key = keys.next() => match key {
                Some(Ok(Event::Key(key))) if key.kind != KeyEventKind::Release => {
                    match state.press(key) {
                        Some(Order::Quit) => return Ok(ExitCode::SUCCESS),
                        Some(Order::Call(call)) => feed::order(client, call, &told),
                        None => {}
                    }
                    screen.show(&state)?;
                }
                Some(Ok(Event::Resize(..))) => screen.show(&state)?,
                Some(Ok(_)) => {}
                // The terminal is gone.
                Some(Err(_)) | None => return Ok(ExitCode::FAILURE),
            },
            Some(told) = news.recv() => {
                state.hear(told);
                news_shown = false;
            }
            _ = frames.tick() => {
                let now_ms = Here::and_now().now_ms;
                if !news_shown || now_ms.abs_diff(state.here.now_ms) >= SECOND {
                    state.here.now_ms = now_ms;
                    screen.show(&state)?;
                    news_shown = true;
                }
            }
            _ = signals.next() => return Ok(ExitCode::SUCCESS),
        }
    }
}

#[cfg(test)]
mod tests;
