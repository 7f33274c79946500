//! Rate limits as numbers: what the headers of Anthropic, of OpenAI and its likes, and of Codex'
//! backend say about each window. Nothing is allocated and nothing is concluded here.

use http::HeaderMap;

use super::moment;

/// What a limit counts and over how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Window {
    /// Requests, a minute as a rule.
    Requests,
    /// Tokens of both kinds, a minute as a rule.
    Tokens,
    /// Input tokens a minute.
    Input,
    /// Output tokens a minute.
    Output,
    /// A subscription's five hours.
    FiveHour,
    /// A subscription's week.
    SevenDay,
    /// The shorter window of Codex' backend, five hours as a rule.
    CodexPrimary,
    /// Its longer window, a week as a rule.
    CodexSecondary,
}

impl Window {
    /// Every window, in the order of [`Window::index`].
    pub const ALL: [Self; 8] = [
        Self::Requests,
        Self::Tokens,
        Self::Input,
        Self::Output,
        Self::FiveHour,
        Self::SevenDay,
        Self::CodexPrimary,
        Self::CodexSecondary,
    ];

    /// Its place in [`Window::ALL`].
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }

    /// Its name in the API and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
            Self::Input => "input",
            Self::Output => "output",
            Self::FiveHour => "5h",
            Self::SevenDay => "7d",
            Self::CodexPrimary => "codex_primary",
            Self::CodexSecondary => "codex_secondary",
        }
    }

    /// Whether it is a bucket that refills all the time, which limits that state a count are,
    /// rather than a stretch of time with a fixed end.
    #[must_use]
    pub fn refills(self) -> bool {
        matches!(
            self,
            Self::Requests | Self::Tokens | Self::Input | Self::Output
        )
    }
}

/// A verdict on a subscription's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Requests are answered.
    Allowed,
    /// Still, but not for long.
    AllowedWarning,
    /// No more before the reset.
    Rejected,
}

impl Status {
    /// As the headers spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::AllowedWarning => "allowed_warning",
            Self::Rejected => "rejected",
        }
    }

    fn of(text: &str) -> Option<Self> {
        let all = [Self::Allowed, Self::AllowedWarning, Self::Rejected];
        all.into_iter().find(|status| status.as_str() == text)
    }
}

/// Which window decides a subscription's verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Claim {
    /// The five hours of the whole account.
    FiveHour,
    /// The week of the whole account.
    SevenDay,
    /// A window of some models only, such as `seven_day_opus`.
    Models,
    /// Another one.
    Other,
}

impl Claim {
    fn of(text: &str) -> Self {
        match text {
            "five_hour" => Self::FiveHour,
            "seven_day" => Self::SevenDay,
            text if text.starts_with("seven_day_") || text.starts_with("five_hour_") => {
                Self::Models
            }
            _ => Self::Other,
        }
    }
}

/// What one response says about one window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stated {
    /// The whole of it; never 0.
    pub limit: Option<u64>,
    /// What is left.
    pub remaining: Option<u64>,
    /// The part that is spent, from 0 to 1, where that is stated instead of counts.
    pub used: Option<f64>,
    /// When it is whole again, in milliseconds since the Unix epoch.
    pub resets_at: Option<i64>,
    /// How long it is, in milliseconds, where that is stated.
    pub length_ms: Option<u64>,
    /// The verdict on it.
    pub status: Option<Status>,
}

/// What one response says about all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quotas {
    windows: [Stated; Window::ALL.len()],
    /// `anthropic-ratelimit-unified-status`: the verdict on the subscription as a whole.
    pub status: Option<Status>,
    /// `anthropic-ratelimit-unified-reset`: the end of the window that decides, in milliseconds
    /// since the Unix epoch.
    pub resets_at: Option<i64>,
    /// `anthropic-ratelimit-unified-representative-claim`.
    pub claim: Option<Claim>,
    /// `anthropic-ratelimit-unified-overage-status`: whether requests beyond the subscription are
    /// answered for money.
    pub overage: Option<Status>,
}

impl Quotas {
    /// Reads a response's headers. `unix_ms` is the time of the response in milliseconds since
    /// the Unix epoch, from which relative resets are counted. What is malformed is skipped.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap, unix_ms: i64) -> Self {
        let mut quotas = Self::default();
        let mut codex_after = [None; 2];
        for (name, value) in headers {
            let name = name.as_str();
            // Most headers are none of these.
            if !matches!(name.as_bytes(), [b'a' | b'x', ..]) {
                continue;
            }
            let text = || value.to_str().map_or("", str::trim);
            if let Some(limit) = name.strip_prefix("anthropic-ratelimit-") {
                quotas.anthropic(limit, text(), unix_ms);
            } else if let Some(limit) = name.strip_prefix("x-ratelimit-") {
                quotas.openai(limit, text(), unix_ms);
            } else if let Some(limit) = name.strip_prefix("x-codex-") {
                quotas.codex(limit, text(), unix_ms, &mut codex_after);
            }
        }
        // A span holds whatever our clock shows, so it goes before the date.
        for (window, after) in [Window::CodexPrimary, Window::CodexSecondary]
            .into_iter()
            .zip(codex_after)
        {
            let stated = quotas.of_mut(window);
            stated.resets_at = after.or(stated.resets_at);
        }
        quotas
    }

    /// What is said about `window`.
    #[must_use]
    pub fn of(&self, window: Window) -> &Stated {
        &self.windows[window.index()]
    }

    /// Whether nothing at all is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn of_mut(&mut self, window: Window) -> &mut Stated {
        &mut self.windows[window.index()]
    }

    fn anthropic(&mut self, limit: &str, value: &str, unix_ms: i64) {
        if let Some(limit) = limit.strip_prefix("unified-") {
            return self.unified(limit, value, unix_ms);
        }
        let Some((kind, field)) = limit.rsplit_once('-') else {
            return;
        };
        let window = match kind {
            "requests" => Window::Requests,
            "tokens" => Window::Tokens,
            "input-tokens" => Window::Input,
            "output-tokens" => Window::Output,
            _ => return,
        };
        self.of_mut(window).counted(field, value, unix_ms);
    }

    fn unified(&mut self, limit: &str, value: &str, unix_ms: i64) {
        match limit {
            "status" => self.status = Status::of(value).or(self.status),
            "reset" => self.resets_at = moment::reset(value, unix_ms).or(self.resets_at),
            "representative-claim" => self.claim = Some(Claim::of(value)),
            "overage-status" => self.overage = Status::of(value).or(self.overage),
            _ => self.unified_window(limit, value, unix_ms),
        }
    }

    fn unified_window(&mut self, limit: &str, value: &str, unix_ms: i64) {
        let stated = match limit.get(..3) {
            Some("5h-") => self.of_mut(Window::FiveHour),
            Some("7d-") => self.of_mut(Window::SevenDay),
            _ => return,
        };
        match limit.get(3..) {
            Some("utilization") => stated.used = fraction(value, 1.0).or(stated.used),
            Some("reset") => stated.resets_at = moment::reset(value, unix_ms).or(stated.resets_at),
            Some("status") => stated.status = Status::of(value).or(stated.status),
            _ => {}
        }
    }

    /// OpenAI's own names, Mistral's, and the bare ones of OpenRouter, which count requests.
    fn openai(&mut self, limit: &str, value: &str, unix_ms: i64) {
        let (field, kind) = limit.split_once('-').unwrap_or((limit, "requests"));
        let window = match kind {
            "requests" | "req-minute" => Window::Requests,
            "tokens" | "tokens-minute" => Window::Tokens,
            _ => return,
        };
        self.of_mut(window).counted(field, value, unix_ms);
    }

    fn codex(&mut self, limit: &str, value: &str, unix_ms: i64, after: &mut [Option<i64>; 2]) {
        let Some((which, field)) = limit.split_once('-') else {
            return;
        };
        let [primary, secondary] = after;
        let (window, after) = match which {
            "primary" => (Window::CodexPrimary, primary),
            "secondary" => (Window::CodexSecondary, secondary),
            _ => return,
        };
        let stated = self.of_mut(window);
        match field {
            "used-percent" => stated.used = fraction(value, 100.0).or(stated.used),
            "window-minutes" => {
                let minutes = value.parse::<u64>().ok().filter(|minutes| *minutes > 0);
                stated.length_ms = minutes
                    .map(|minutes| minutes.saturating_mul(60_000).min(moment::MAX_SPAN_MS))
                    .or(stated.length_ms);
            }
            "reset-after-seconds" => {
                let ms = moment::seconds(value);
                *after = ms.map(|ms| unix_ms.saturating_add_unsigned(ms)).or(*after);
            }
            "reset-at" => stated.resets_at = moment::reset(value, unix_ms).or(stated.resets_at),
            _ => {}
        }
    }
}

impl Stated {
    fn counted(&mut self, field: &str, value: &str, unix_ms: i64) {
        match field {
            "limit" => {
                let limit = value.parse().ok().filter(|limit| *limit > 0);
                self.limit = limit.or(self.limit);
            }
            "remaining" => self.remaining = value.parse().ok().or(self.remaining),
            "reset" => self.resets_at = moment::reset(value, unix_ms).or(self.resets_at),
            _ => {}
        }
    }
}

/// A number out of `whole` as a fraction, no more than 1.
fn fraction(value: &str, whole: f64) -> Option<f64> {
    let number: f64 = value.parse().ok()?;
    (number.is_finite() && number >= 0.0).then(|| (number / whole).min(1.0))
}

#[cfg(test)]
mod tests;
