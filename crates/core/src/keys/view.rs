//! What people are shown of a pool. No secret is in it.

use serde::Serialize;
use utoipa::ToSchema;

use super::meter::Meter;
use super::slot::Slot;
use super::{Forecast, KeyId, KeyPool, Why, Window, percent};
use crate::bucket::Bucket;
use crate::clock::Now;

/// How a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyStatus {
    /// In use.
    Healthy,
    /// At a limit, pausing after a 429, or its subscription is spent.
    RateLimited,
    /// Its credential was refused.
    Benched,
    /// Switched off.
    Disabled,
}

/// A key as it is now. Moments are milliseconds since the Unix epoch.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct KeyView {
    /// Its id.
    pub id: KeyId,
    /// Its name, if it has one.
    #[schema(required)]
    pub name: Option<String>,
    /// How it is.
    pub status: KeyStatus,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Whether it came at run time.
    pub added: bool,
    /// Its priority.
    pub priority: u8,
    /// Its weight.
    pub weight: u32,
    /// Requests under way.
    pub in_flight: u32,
    /// What is left of it, in percent.
    pub capacity: u8,
    /// Requests a minute.
    pub rpm: CountView,
    /// Input tokens a minute.
    pub itpm: CountView,
    /// Output tokens a minute.
    pub otpm: CountView,
    /// The end of a pause after a 429.
    #[schema(required)]
    pub cooldown_until: Option<i64>,
    /// The end of a pause after a refusal.
    #[schema(required)]
    pub benched_until: Option<i64>,
    /// When a spent subscription is whole again.
    #[schema(required)]
    pub spent_until: Option<i64>,
    /// What another node says of it; absent while none says anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<HintView>,
    /// Whether requests are paid for beyond the subscription.
    pub overage: bool,
    /// Failures since the last success.
    pub consecutive_errors: u32,
    /// The last of them.
    #[schema(required)]
    pub last_error: Option<ErrorView>,
    /// Requests in all.
    pub requests: u64,
    /// Failures in all.
    pub errors: u64,
    /// Input tokens in all, as far as they were counted.
    pub input_tokens: u64,
    /// Output tokens in all, as far as they were counted.
    pub output_tokens: u64,
    /// The account it belongs to, as the provider calls it.
    #[schema(required)]
    pub organization_id: Option<String>,
    /// What its provider said of each window, as far as that still holds.
    pub windows: Vec<WindowView>,
}

/// What another node says of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = KeyHint)]
pub struct HintView {
    /// Why it rests there: `limited`, `spent`, `refused`.
    pub rest: &'static str,
    /// Until when.
    pub until: i64,
    /// The node.
    pub node: String,
}

/// A limit a minute, of which all is none when nothing is limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct CountView {
    /// The whole.
    #[schema(required)]
    pub limit: Option<u64>,
    /// What is left: the lesser of our own count and the provider's.
    #[schema(required)]
    pub remaining: Option<u64>,
    /// What is not.
    #[schema(required)]
    pub used: Option<u64>,
    /// When it is whole again.
    #[schema(required)]
    pub resets_at: Option<i64>,
}

/// A failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ErrorView {
    /// The provider's status.
    pub status: u16,
    /// When.
    pub at: i64,
}

/// A window as its provider described it, and what is to be expected of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct WindowView {
    /// Which one.
    pub window: &'static str,
    /// The whole of it, where that is a count.
    #[schema(required)]
    pub limit: Option<u64>,
    /// What is left, where that is a count.
    #[schema(required)]
    pub remaining: Option<u64>,
    /// The part that is spent, from 0 to 1.
    #[schema(required)]
    pub used: Option<f64>,
    /// The provider's verdict on it.
    #[schema(required)]
    pub status: Option<&'static str>,
    /// When it is whole again.
    #[schema(required)]
    pub resets_at: Option<i64>,
    /// The part of it that goes in an hour at the present rate.
    #[schema(required)]
    pub hourly: Option<f64>,
    /// When it is spent at the present rate, if before the reset.
    #[schema(required)]
    pub spent_at: Option<i64>,
    /// Whether the least urgent requests have to wait.
    pub short: bool,
}

impl KeyPool {
    /// Every key as it is now, in order.
    #[must_use]
    pub fn views(&self, now: Now) -> Vec<KeyView> {
        self.slots.iter().map(|slot| slot.view(now)).collect()
    }

    /// What is to be expected of each window of a key of which a reading holds.
    #[must_use]
    pub fn forecasts(&self, id: KeyId, now: Now) -> Vec<Forecast> {
        let meters = self.slot(id).into_iter().flat_map(|slot| &slot.meters);
        meters.filter_map(|meter| meter.forecast(now)).collect()
    }
}

impl Slot {
    fn view(&self, now: Now) -> KeyView {
        KeyView {
            id: self.id,
            name: self.key.name.clone(),
            status: self.status(now),
            enabled: self.is_enabled(),
            added: self.added,
            priority: self.key.priority,
            weight: self.key.weight,
            in_flight: self.in_flight,
            capacity: percent(self.score(now)),
            rpm: count(&self.requests, self.meter(Window::Requests), now),
            itpm: count(&self.input, self.meter(Window::Input), now),
            otpm: count(&self.output, self.meter(Window::Output), now),
            cooldown_until: self.cooling_until.date(now),
            benched_until: self.benched_until.date(now),
            spent_until: self.rejected_until.date(now),
            hint: self.hint(now),
            overage: self.overage_until.is_ahead(now),
            consecutive_errors: self.consecutive_errors,
            last_error: self.last_error.map(|error| ErrorView {
                status: error.status,
                at: error.unix_ms,
            }),
            requests: self.totals.requests,
            errors: self.totals.errors,
            input_tokens: self.totals.input_tokens,
            output_tokens: self.totals.output_tokens,
            organization_id: self.organization.as_deref().map(str::to_owned),
            windows: self.windows(now),
        }
    }

    fn status(&self, now: Now) -> KeyStatus {
        if !self.is_enabled() {
            KeyStatus::Disabled
        } else if self.benched_until.is_ahead(now) {
            KeyStatus::Benched
        } else {
            let wait = self.wait(&super::Ask::default(), now);
            match wait.why {
                _ if wait.is_over() => KeyStatus::Healthy,
                Why::Benched => KeyStatus::Benched,
                _ => KeyStatus::RateLimited,
            }
        }
    }

    fn hint(&self, now: Now) -> Option<HintView> {
        let hearsay = self.hearsay.as_ref()?;
        Some(HintView {
            rest: hearsay.rest.as_str(),
            until: hearsay.until.date(now)?,
            node: hearsay.node.to_string(),
        })
    }

    fn windows(&self, now: Now) -> Vec<WindowView> {
        let known = |window: &Window| self.meter(*window).left_ms(now) > 0;
        let view = |window: Window| self.meter(window).view(window, now);
        let windows = Window::ALL.into_iter().filter(known);
        windows.map(view).collect()
    }
}

impl Meter {
    fn view(&self, window: Window, now: Now) -> WindowView {
        let forecast = self.forecast(now);
        WindowView {
            window: window.as_str(),
            limit: self.limit,
            remaining: self.remaining(now),
            used: self.used(now),
            status: self.status(now).map(|status| status.as_str()),
            resets_at: self.resets_at(now),
            hourly: forecast.and_then(|forecast| forecast.hourly),
            spent_at: forecast.and_then(|forecast| forecast.spent_at),
            short: forecast.is_some_and(|forecast| forecast.short),
        }
    }
}

/// Our own count beside the provider's.
fn count(bucket: &Bucket, meter: &Meter, now: Now) -> CountView {
    let limits = bucket.limit().into_iter().chain(meter.limit);
    let limit = limits.min();
    let left = bucket.remaining(now.ms).into_iter();
    let remaining = left
        .chain(meter.remaining(now))
        .chain(limit)
        .min()
        .filter(|_| limit.is_some());
    let full_at = || {
        let wait = bucket.full_in_ms(now.ms);
        (wait > 0).then(|| now.unix_ms.saturating_add_unsigned(wait))
    };
    CountView {
        limit,
        remaining,
        used: limit.zip(remaining).map(|(limit, left)| limit - left),
        resets_at: meter.resets_at(now).or_else(full_at),
    }
}
