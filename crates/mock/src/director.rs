//! Decides which scenario answers a request: by the queue, the request itself, its path, its
//! credential, a random mix, or the default. What a scenario means is decided in `respond`.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;

use crate::mix::Mix;
use crate::received::Received;
use crate::respond::Scene;
use crate::route::{Route, route};
use crate::scenario::Scenario;
use crate::script::{Gate, Kind, Raw, Script};
use crate::tally::Fate;
use crate::tokens::Issuer;

/// Most scripts that wait in the queue; more are refused.
const MAX_QUEUE: usize = 100_000;
/// Most counters of `count=`; at the bound all begin anew.
const MAX_COUNTERS: usize = 10_000;
/// Most credentials and most paths with a scenario of their own; more are refused.
const MAX_RULES: usize = 10_000;

/// What decides answers beside the request itself.
#[derive(Debug)]
pub(crate) struct Director {
    default: Scenario,
    pub(crate) seed: u64,
    queue: Mutex<VecDeque<Script>>,
    failures: Mutex<HashMap<String, u64>>,
    by_credential: Rules,
    by_path: Rules,
    mix: Mutex<Option<Mix>>,
    /// Where `hang` waits.
    held: Mutex<Gate>,
    pub(crate) issuer: Issuer,
}

/// Scenarios by name.
#[derive(Debug, Default)]
struct Rules(Mutex<HashMap<String, Scenario>>);

impl Rules {
    /// Sets or, with none, forgets a scenario; `false` when there are too many.
    fn set(&self, name: &str, scenario: Option<&str>) -> bool {
        let mut rules = self.0.lock();
        match scenario {
            None => {
                rules.remove(name);
            }
            Some(_) if rules.len() >= MAX_RULES && !rules.contains_key(name) => return false,
            Some(text) => {
                rules.insert(name.to_owned(), Scenario::parse(text));
            }
        }
        true
    }

    fn get(&self, name: &str) -> Option<Scenario> {
        self.0.lock().get(name).cloned()
    }
}

/// A reply, and what it will count as.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) raw: Raw,
    pub(crate) fate: Fate,
}

/// What a request and the queue say about its answer.
#[derive(Debug)]
pub(crate) struct Wish {
    /// The queue's scenario, the header's or the path's.
    pub(crate) chosen: Option<Scenario>,
    /// The prompt's.
    pub(crate) marked: Option<Scenario>,
    pub(crate) is_turn: bool,
}

impl Director {
    pub(crate) fn new(default: &str, seed: u64, mix: Option<Mix>) -> Self {
        let mut default = Scenario::parse(default);
        if default.name.is_empty() {
            "text".clone_into(&mut default.name);
        }
        Self {
            default,
            seed,
            queue: Mutex::default(),
            failures: Mutex::default(),
            by_credential: Rules::default(),
            by_path: Rules::default(),
            mix: Mutex::new(mix),
            held: Mutex::default(),
            issuer: Issuer::default(),
        }
    }

    /// Adds to the queue; `false` when it is full.
    pub(crate) fn push(&self, script: Script) -> bool {
        let mut queue = self.queue.lock();
        let has_room = queue.len() < MAX_QUEUE;
        if has_room {
            queue.push_back(script);
        }
        has_room
    }

    /// Sets or, with none, forgets a credential's scenario; `false` when there are too many.
    pub(crate) fn credential(&self, credential: &str, scenario: Option<&str>) -> bool {
        self.by_credential.set(credential, scenario)
    }

    /// Sets or, with none, forgets a path's scenario; `false` when there are too many.
    pub(crate) fn path(&self, path: &str, scenario: Option<&str>) -> bool {
        self.by_path.set(path, scenario)
    }

    pub(crate) fn set_mix(&self, mix: Option<Mix>) {
        *self.mix.lock() = mix;
    }

    /// The gate at which replies hang now.
    pub(crate) fn held(&self) -> Gate {
        self.held.lock().clone()
    }

    /// Lets those go that hang now; later ones hang at a new gate.
    pub(crate) fn release(&self) {
        let held = std::mem::take(&mut *self.held.lock());
        held.open_for_good();
    }

    /// Forgets the queue and the counters of `count=`.
    pub(crate) fn reset(&self) {
        self.queue.lock().clear();
        self.failures.lock().clear();
    }

    /// The reply to a recorded request.
    pub(crate) fn reply(&self, request: &Received, serial: u64) -> Reply {
        let queued = self.queue.lock().pop_front();
        let chosen = match queued.map(|script| script.0) {
            Some(Kind::Raw(raw)) => {
                let fate = raw.fate();
                return Reply { raw: *raw, fate };
            }
            Some(Kind::Scenario(text)) => Some(Scenario::parse(&text)),
            None => request.header("x-mock-scenario").map(Scenario::parse),
        };
        let route = route(request);
        let is_turn = chosen.is_some() || matches!(route, Route::Generate { .. });
        let chosen = chosen.or_else(|| self.by_path.get(request.path()));
        let mut scene = Scene::new(self, request, serial);
        let raw = scene.answer(chosen, route).unwrap_or_else(|error| {
            Raw::new(500).body(format!("the mock could not make its answer: {error}"))
        });
        let fate = if is_turn { raw.fate() } else { Fate::Other };
        Reply { raw, fate }
    }

    /// The scenario with the highest rank. One that is settings alone leaves the rank to the next
    /// and adds its settings; those of the credential stand behind all others.
    pub(crate) fn choose(&self, wish: Wish, request: &Received, serial: u64) -> Scenario {
        let mut settings = Vec::new();
        let mut named = None;
        let is_chosen = wish.chosen.is_some();
        if let Some(wished) = wish.chosen.or(wish.marked) {
            if wished.name.is_empty() && !wished.settings.is_empty() {
                settings = wished.settings;
            } else {
                named = Some(wished);
            }
        }
        let mut rule = None;
        if wish.is_turn || is_chosen {
            let credential = request.credential();
            rule = credential.and_then(|credential| self.by_credential.get(credential));
        }
        let mut extra = rule
            .as_ref()
            .map_or_else(Vec::new, |rule| rule.settings.clone());
        let rule = rule.filter(|rule| !rule.name.is_empty());
        let drawn = || {
            let mix = self.mix.lock();
            mix.as_ref()
                .filter(|_| wish.is_turn)
                .and_then(|mix| mix.draw(serial))
        };
        let mut found = named
            .or(rule)
            .or_else(drawn)
            .unwrap_or_else(|| self.default.clone());
        settings.append(&mut found.settings);
        found.settings = settings;
        found.extra.append(&mut extra);
        found
    }

    /// Whether a scenario with `count=N` should fail once more.
    pub(crate) fn fails_again(&self, scenario: &Scenario) -> bool {
        let Some(count) = scenario
            .get("count")
            .and_then(|count| count.parse::<u64>().ok())
        else {
            return true;
        };
        let mut failures = self.failures.lock();
        if failures.len() >= MAX_COUNTERS {
            failures.clear();
        }
        let failed = failures.entry(scenario.source.clone()).or_default();
        *failed += 1;
        *failed <= count
    }
}
