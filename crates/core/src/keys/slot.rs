//! One key of a pool: what it may still be used for, and until when not.

use std::sync::Arc;

use weir_wire::ratelimit::quota::Window;

use super::hearsay::Hearsay;
use super::id::KeyId;
use super::meter::Meter;
use super::until::Until;
use super::{Ask, Tokens, Why};
use crate::bucket::Bucket;
use crate::clock::Now;
use crate::settings::Key;

/// A wait that does not end by itself.
pub(super) const NEVER: u64 = u64::MAX;

/// How long a key is not available, and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    /// Milliseconds; 0 is available, [`NEVER`] until somebody does something.
    pub(super) ms: u64,
    pub(super) why: Why,
}

impl Wait {
    pub(super) fn is_over(self) -> bool {
        self.ms == 0
    }

    /// Both have to pass.
    pub(super) fn and(self, ms: u64, why: Why) -> Self {
        if ms > self.ms { Self { ms, why } } else { self }
    }
}

/// What went wrong last.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastError {
    pub(super) status: u16,
    pub(super) unix_ms: i64,
}

/// Counts since the key came into the pool.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) requests: u64,
    pub(super) errors: u64,
    pub(super) input_tokens: u64,
    pub(super) output_tokens: u64,
}

/// A key and all that is known of it.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) key: Arc<Key>,
    pub(super) id: KeyId,
    /// The id as it is shown.
    pub(super) label: Arc<str>,
    /// Came at run time, not from the configuration.
    pub(super) added: bool,
    /// Switched on or off at run time.
    pub(super) switched: Option<bool>,
    pub(super) in_flight: u32,
    pub(super) requests: Bucket,
    pub(super) input: Bucket,
    pub(super) output: Bucket,
    pub(super) meters: [Meter; Window::ALL.len()],
    /// It rests after a 429.
    pub(super) cooling_until: Until,
    /// The subscription is spent until then.
    pub(super) rejected_until: Until,
    /// Requests are paid for beyond the subscription until then.
    pub(super) overage_until: Until,
    /// It is left alone after its credential was refused.
    pub(super) benched_until: Until,
    /// What another node says of it.
    pub(super) hearsay: Option<Hearsay>,
    /// Nobody else is believed of it until then.
    pub(super) doubts_until: Until,
    /// Refusals of the credential since the last success.
    pub(super) refusals: u32,
    pub(super) consecutive_errors: u32,
    pub(super) last_error: Option<LastError>,
    pub(super) organization: Option<Box<str>>,
    pub(super) totals: Totals,
}

impl Slot {
    pub(super) fn new(key: Arc<Key>) -> Self {
        let id = KeyId::of(key.secret.expose());
        Self {
            id,
            label: id.to_string().into(),
            added: false,
            switched: None,
            in_flight: 0,
            requests: Bucket::new(key.rpm_limit),
            input: Bucket::new(key.itpm_limit),
            output: Bucket::new(key.otpm_limit),
            meters: Window::ALL.map(Meter::new),
            cooling_until: Until::default(),
            rejected_until: Until::default(),
            overage_until: Until::default(),
            benched_until: Until::default(),
            hearsay: None,
            doubts_until: Until::default(),
            refusals: 0,
            consecutive_errors: 0,
            last_error: None,
            organization: None,
            totals: Totals::default(),
            key,
        }
    }

    /// The same key under a new configuration: what was learnt stays, and so does a switch that
    /// the configuration has not moved. Nothing is in flight, because requests under way are
    /// settled where they came from.
    pub(super) fn reconfigured(&self, key: Arc<Key>) -> Self {
        let mut slot = self.clone();
        slot.switched = self.switched.filter(|_| key.enabled == self.key.enabled);
        slot.in_flight = 0;
        slot.added = false;
        slot.input.set_limit(key.itpm_limit, 0);
        slot.output.set_limit(key.otpm_limit, 0);
        slot.key = key;
        slot.limit_requests(0);
        slot
    }

    /// Sets the limit of requests to the tighter of what is configured and what the provider says.
    ///
    /// Limits of tokens are not taken over from the provider: it does not count cached input, of
    /// which agents send little else, and we cannot tell it apart beforehand.
    pub(super) fn limit_requests(&mut self, now_ms: u64) {
        let stated = self.meter(Window::Requests).limit;
        let configured = self.key.rpm_limit.filter(|limit| *limit > 0);
        let tighter = configured.into_iter().chain(stated).min();
        self.requests.set_limit(tighter, now_ms);
    }

    pub(super) fn meter(&self, window: Window) -> &Meter {
        &self.meters[window.index()]
    }

    pub(super) fn meter_mut(&mut self, window: Window) -> &mut Meter {
        &mut self.meters[window.index()]
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.switched.unwrap_or(self.key.enabled)
    }

    /// Whether it is this very secret.
    pub(super) fn has_secret_of(&self, key: &Key) -> bool {
        self.key.secret == key.secret
    }

    /// How long such a request has to wait for this key.
    pub(super) fn wait(&self, ask: &Ask<'_>, now: Now) -> Wait {
        let own = self.own_wait(ask, now);
        let hearsay = self.hearsay.as_ref();
        hearsay.map_or(own, |hearsay| hearsay.wait(own, now))
    }

    /// The same where no other key can be had.
    pub(super) fn wait_at_last(&self, ask: &Ask<'_>, now: Now) -> Wait {
        let own = self.own_wait(ask, now);
        let hearsay = self.hearsay.as_ref();
        hearsay.map_or(own, |hearsay| hearsay.wait_at_last(own, now))
    }

    /// How long it has to wait by what was learnt here.
    fn own_wait(&self, ask: &Ask<'_>, now: Now) -> Wait {
        let free = Wait {
            ms: 0,
            why: Why::RateLimited,
        };
        if !self.is_enabled() {
            return free.and(NEVER, Why::Disabled);
        }
        let mut wait = free
            .and(self.benched_until.left_ms(now), Why::Benched)
            .and(self.cooling_until.left_ms(now), Why::RateLimited)
            .and(self.rejected_until.left_ms(now), Why::Spent)
            .and(self.requests.wait_ms(1, now.ms), Why::RateLimited)
            .and(
                self.input.wait_ms(ask.input_tokens, now.ms),
                Why::RateLimited,
            )
            .and(
                self.output.wait_ms(ask.output_tokens, now.ms),
                Why::RateLimited,
            );
        for meter in &self.meters {
            wait = wait
                .and(meter.blocked_ms(now), Why::RateLimited)
                .and(meter.held_ms(ask.class, now), Why::Held);
        }
        wait
    }

    /// Charges a request that is about to be sent. Says how many tokens were taken.
    pub(super) fn charge(&mut self, ask: &Ask<'_>, now: Now) -> Tokens {
        self.in_flight = self.in_flight.saturating_add(1);
        self.totals.requests = self.totals.requests.saturating_add(1);
        self.requests.take(1, now.ms);
        for (window, amount) in Self::shares(ask.input_tokens, ask.output_tokens) {
            self.meter_mut(window).take(amount);
        }
        Tokens {
            input: self.input.take(ask.input_tokens, now.ms),
            output: self.output.take(ask.output_tokens, now.ms),
        }
    }

    /// Replaces what was taken for a request by what it used.
    pub(super) fn settle(&mut self, taken: Tokens, used: Tokens, now: Now) {
        self.input.correct(taken.input, used.input, now.ms);
        self.output.correct(taken.output, used.output, now.ms);
        let totals = &mut self.totals;
        totals.input_tokens = totals.input_tokens.saturating_add(used.input);
        totals.output_tokens = totals.output_tokens.saturating_add(used.output);
    }

    /// Gives back all that was taken for a request that was never sent.
    pub(super) fn undo(&mut self, taken: Tokens, now: Now) {
        self.totals.requests = self.totals.requests.saturating_sub(1);
        self.requests.correct(1, 0, now.ms);
        self.input.correct(taken.input, 0, now.ms);
        self.output.correct(taken.output, 0, now.ms);
        for (window, amount) in Self::shares(taken.input, taken.output) {
            self.meter_mut(window).give_back(amount);
        }
    }

    /// What a request takes of each window that is counted.
    fn shares(input: u64, output: u64) -> [(Window, u64); 4] {
        [
            (Window::Requests, 1),
            (Window::Tokens, input.saturating_add(output)),
            (Window::Input, input),
            (Window::Output, output),
        ]
    }

    /// The part of the key that is left, from 0 to 1: the mean of requests and tokens, and no more
    /// than any subscription window has left. What is not limited is whole.
    pub(super) fn score(&self, now: Now) -> f64 {
        if self.overage_until.is_ahead(now) {
            return 0.0;
        }
        let requests = self.left(Window::Requests, now).map_or(1.0, Left::share);
        let input = self.left(Window::Input, now);
        let output = self.left(Window::Output, now);
        let both = input.into_iter().chain(output).reduce(Left::plus);
        let whole = self.left(Window::Tokens, now);
        let tokens = both.into_iter().chain(whole).map(Left::share);
        let counted = (requests + tokens.fold(1.0, f64::min)) / 2.0;
        Window::ALL
            .iter()
            .filter(|window| !window.refills())
            .filter_map(|window| self.meter(*window).used(now))
            .fold(counted, |least, used| least.min(1.0 - used))
    }

    /// The tighter of our own count and the provider's, where there is one.
    fn left(&self, window: Window, now: Now) -> Option<Left> {
        let bucket = match window {
            Window::Requests => Some(&self.requests),
            Window::Input => Some(&self.input),
            Window::Output => Some(&self.output),
            _ => None,
        };
        let own = bucket.and_then(|bucket| Left::of(bucket.remaining(now.ms)?, bucket.limit()?));
        let meter = self.meter(window);
        let theirs = meter
            .limit
            .and_then(|limit| Left::of(meter.remaining(now)?, limit));
        let tighter = |a: Left, b: Left| if b.share() < a.share() { b } else { a };
        own.into_iter().chain(theirs).reduce(tighter)
    }
}

/// What is left of a limit.
#[derive(Clone, Copy, Debug)]
struct Left {
    remaining: f64,
    limit: f64,
}

impl Left {
    /// Never more than the limit, which is above 0.
    fn of(remaining: u64, limit: u64) -> Option<Self> {
        (limit > 0).then(|| Self {
            remaining: remaining.min(limit) as f64,
            limit: limit as f64,
        })
    }

    fn share(self) -> f64 {
        self.remaining / self.limit
    }

    fn plus(self, other: Self) -> Self {
        Self {
            remaining: self.remaining + other.remaining,
            limit: self.limit + other.limit,
        }
    }
}
