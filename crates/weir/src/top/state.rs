//! What the screen knows, and what becomes of it when news comes or a key is pressed. It asks
//! nobody and draws nothing.

use std::collections::VecDeque;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::client::segment;
use crate::seen::{Exchange, Provider, Stats};
use crate::words::Here;

/// Exchanges that are remembered.
const MAX_EXCHANGES: usize = 200;
/// Figures that the rate is worked out from: those of the last ten seconds.
const MAX_FIGURES: usize = 11;

/// All that is known.
#[derive(Debug)]
pub(super) struct State {
    /// The gateway's address.
    pub(super) url: String,
    /// When and where this is looked at.
    pub(super) here: Here,
    /// Whether the gateway answers.
    pub(super) link: Link,
    /// Its figures.
    pub(super) stats: Stats,
    /// Its providers.
    pub(super) providers: Vec<Provider>,
    /// The newest exchanges, the newest first.
    pub(super) exchanges: VecDeque<Exchange>,
    /// Whether the keys are explained.
    pub(super) help: bool,
    /// What came of the last order.
    pub(super) said: Option<Said>,
    /// The provider or key that orders are for.
    selected: Option<Place>,
    /// When requests were counted, and how many.
    counted: VecDeque<(i64, u64)>,
}

/// Whether the gateway answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// Nobody knows yet.
    Waiting,
    /// It does.
    Up,
    /// It does not, and why.
    Down(String),
}

/// What came of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// It is done.
    Done(String),
    /// It is not.
    Refused(String),
}

/// A provider, or one of its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    provider: String,
    key: Option<String>,
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub(super) enum Row<'a> {
    /// A provider.
    Provider(&'a Provider),
    /// A key of a provider.
    Key(&'a Provider, &'a crate::seen::Key),
}

/// News.
#[derive(Debug)]
pub(super) enum News {
    /// Figures.
    Stats(Stats),
    /// Every provider.
    Providers(Vec<Provider>),
    /// An exchange that has begun or ended.
    Exchange(Box<Exchange>),
    /// The gateway cannot be reached.
    Down(String),
    /// What came of an order.
    Said(Said),
}

/// What a key asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// To end.
    Quit,
    /// To have the gateway do something.
    Call(Call),
}

/// Something that the gateway is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// Where it is posted to.
    pub(super) path: String,
    /// What to say when it is done.
    pub(super) done: String,
}

impl State {
    /// Nothing is known yet.
    pub(super) fn new(url: &str, here: Here) -> Self {
        Self {
            url: url.to_owned(),
            here,
            link: Link::Waiting,
            stats: Stats::default(),
            providers: Vec::new(),
            exchanges: VecDeque::new(),
            help: false,
            said: None,
            selected: None,
            counted: VecDeque::new(),
        }
    }

    /// Takes news.
    pub(super) fn hear(&mut self, news: News) {
        match news {
            News::Stats(stats) => self.count(stats),
            News::Providers(providers) => {
                self.link = Link::Up;
                self.providers = providers;
            }
            News::Exchange(exchange) => self.note(*exchange),
            News::Down(why) => {
                self.link = Link::Down(why);
                self.counted.clear();
            }
            News::Said(said) => self.said = Some(said),
        }
    }

    fn count(&mut self, stats: Stats) {
        self.link = Link::Up;
        let reading = (stats.timestamp_ms, stats.requests.total);
        let follows = |last: &(i64, u64)| last.0 < reading.0 && last.1 <= reading.1;
        if !self.counted.back().is_none_or(follows) {
            // It was started anew.
            self.counted.clear();
        }
        if self.counted.len() == MAX_FIGURES {
            self.counted.pop_front();
        }
        self.counted.push_back(reading);
        self.stats = stats;
    }

    fn note(&mut self, exchange: Exchange) {
        let same = |known: &&mut Exchange| known.request_id == exchange.request_id;
        if let Some(known) = self.exchanges.iter_mut().find(same) {
            *known = exchange;
            return;
        }
        self.exchanges.truncate(MAX_EXCHANGES - 1);
        self.exchanges.push_front(exchange);
    }

    /// Requests a second over the last seconds; none while too little is known.
    pub(super) fn rate(&self) -> Option<f64> {
        let (from, to) = (self.counted.front()?, self.counted.back()?);
        let seconds = to.0.abs_diff(from.0) as f64 / 1_000.0;
        (seconds > 0.0).then(|| (to.1 - from.1) as f64 / seconds)
    }

    /// The lines of the table.
    pub(super) fn rows(&self) -> Vec<Row<'_>> {
        let mut rows = Vec::new();
        for provider in &self.providers {
            rows.push(Row::Provider(provider));
            rows.extend(provider.keys.iter().map(|key| Row::Key(provider, key)));
        }
        rows
    }

    /// The line that orders are for; the first if what was selected is gone.
    pub(super) fn selected(&self) -> usize {
        let rows = self.rows();
        let is = |row: &Row<'_>| Some(Place::of(row)) == self.selected;
        let provider = |row: &Row<'_>| match (row, &self.selected) {
            (Row::Provider(provider), Some(place)) => provider.name == place.provider,
            _ => false,
        };
        let place = rows.iter().position(is);
        place
            .or_else(|| rows.iter().position(provider))
            .unwrap_or(0)
    }

    fn step(&mut self, by: isize) {
        let rows = self.rows();
        let last = rows.len().saturating_sub(1);
        let next = self.selected().saturating_add_signed(by).min(last);
        self.selected = rows.get(next).map(Place::of);
    }

    /// Obeys a key.
    pub(super) fn press(&mut self, key: KeyEvent) -> Option<Order> {
        let interrupt = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c' | 'd') if interrupt => return Some(Order::Quit),
            KeyCode::Char('q') => return Some(Order::Quit),
            KeyCode::Esc if self.help => self.help = false,
            KeyCode::Esc => return Some(Order::Quit),
            KeyCode::Char('?' | 'h') => self.help = !self.help,
            KeyCode::Up | KeyCode::Char('k') => self.step(-1),
            KeyCode::Down | KeyCode::Char('j') => self.step(1),
            KeyCode::PageUp => self.step(-10),
            KeyCode::PageDown => self.step(10),
            KeyCode::Home => self.step(isize::MIN),
            KeyCode::End => self.step(isize::MAX),
            KeyCode::Char('e') => return self.order("enable", "enabled"),
            KeyCode::Char('d') => return self.order("disable", "disabled"),
            KeyCode::Char('r') => return self.order("reset", "reset"),
            KeyCode::Char('R') => {
                self.said = None;
                return Some(Order::Call(Call {
                    path: "/api/config/reload".to_owned(),
                    done: "configuration".to_owned(),
                }));
            }
            _ => {}
        }
        None
    }

    fn order(&mut self, action: &str, done: &str) -> Option<Order> {
        self.said = None;
        let row = *self.rows().get(self.selected())?;
        let place = Place::of(&row);
        let provider = segment(&place.provider);
        let (path, called) = match row {
            Row::Provider(provider) => (String::new(), provider.name.clone()),
            Row::Key(provider, key) => (
                format!("/keys/{}", segment(&key.id)),
                format!("{} of {}", key.called(), provider.name),
            ),
        };
        Some(Order::Call(Call {
            path: format!("/api/providers/{provider}{path}/{action}"),
            done: format!("{called}: {done}"),
        }))
    }
}

impl Place {
    fn of(row: &Row<'_>) -> Self {
        match row {
            Row::Provider(provider) => Self {
                provider: provider.name.clone(),
                key: None,
            },
            Row::Key(provider, key) => Self {
                provider: provider.name.clone(),
                key: Some(key.id.clone()),
            },
        }
    }
}
