//! Why a provider's prompt cache did not serve a turn, told by comparing it with the turn before.

use super::Outline;

/// Tokens below which no provider caches a prompt.
const LEAST_PREFIX: u64 = 1024;
const FIVE_MINUTES_US: i64 = 300_000_000;
const HOUR_US: i64 = 3_600_000_000;

/// One turn of an agent, as far as caching depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// Its request.
    pub outline: &'a Outline,
    /// Who answered.
    pub provider: &'a str,
    /// The model that answered.
    pub model: &'a str,
    /// When it began, in microseconds since the Unix epoch.
    pub started_us: i64,
    /// Input tokens that were neither read from nor written to a cache.
    pub input: u64,
    /// Input tokens read from a cache.
    pub cache_read: u64,
    /// Input tokens written to a cache.
    pub cache_write: u64,
    /// Whether what it wrote lives an hour, as the provider or the request says.
    pub one_hour: bool,
    /// Whether prefixes are cached only where the request marks them (Anthropic).
    pub marks_needed: bool,
}

impl Turn<'_> {
    /// Tokens of the prompt that the next turn could read from the cache.
    fn prefix(&self) -> u64 {
        let kept = self.cache_read + self.cache_write;
        if self.marks_needed {
            kept
        } else {
            kept + self.input
        }
    }
}

/// Why a cache was missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It lay unused for longer than it lives.
    Expired,
    /// The tools differ.
    ToolsChanged,
    /// The system prompt differs.
    SystemChanged,
    /// Another model was asked.
    ModelChanged,
    /// An earlier message differs, or is gone.
    HistoryChanged,
    /// The request marks nothing to be cached.
    NoBreakpoint,
    /// There was nothing to be read yet.
    FirstTurn,
    /// Another provider was asked.
    ProviderChanged,
    /// Nothing that the request shows.
    Other,
}

impl Reason {
    /// The name used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::ToolsChanged => "tools_changed",
            Self::SystemChanged => "system_changed",
            Self::ModelChanged => "model_changed",
            Self::HistoryChanged => "history_changed",
            Self::NoBreakpoint => "no_breakpoint",
            Self::FirstTurn => "first_turn",
            Self::ProviderChanged => "provider_changed",
            Self::Other => "other",
        }
    }
}

/// A section of a request, in the order in which caches take them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Section {
    /// Definitions of tools.
    Tools,
    /// The system prompt.
    System,
    /// The conversation.
    Messages,
}

impl Section {
    /// The name used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::System => "system",
            Self::Messages => "messages",
        }
    }
}

/// A missed cache, explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// Why.
    pub reason: Reason,
    /// The same as a sentence, with figures.
    pub detail: String,
    /// Where the two requests part.
    pub section: Option<Section>,
    /// The first entry of the section that differs, from 0.
    pub index: Option<usize>,
}

impl Miss {
    fn new(reason: Reason, detail: String) -> Self {
        Self {
            reason,
            detail,
            section: None,
            index: None,
        }
    }
}

/// Why `now` missed the cache; none when it did not. `before` is the turn of the same agent that
/// it follows.
///
/// A turn misses when it read less than half of what the one before left in the cache, or, without
/// one before, read nothing of a prompt long enough to be cached.
#[must_use]
pub fn explain(before: Option<&Turn<'_>>, now: &Turn<'_>) -> Option<Miss> {
    let whole = now.input + now.cache_read + now.cache_write;
    let Some(before) = before else {
        return (now.cache_read == 0 && whole >= LEAST_PREFIX).then(|| first(now, whole));
    };
    let unmarked = now.marks_needed && now.outline.breakpoints == 0 && now.cache_read == 0;
    let expected = before.prefix();
    let is_miss = expected >= LEAST_PREFIX && now.cache_read * 2 < expected;
    if !(is_miss || unmarked && whole >= LEAST_PREFIX) {
        return None;
    }
    let figures = format!(
        "{} of the {expected} tokens that the turn before left in the cache were read",
        now.cache_read
    );
    Some(changed(before, now, &figures).unwrap_or_else(|| aged(before, now, &figures)))
}

fn first(now: &Turn<'_>, whole: u64) -> Miss {
    let detail = format!(
        "This is the agent's first turn: {} of its {whole} input tokens were written to the cache.",
        now.cache_write
    );
    Miss::new(Reason::FirstTurn, detail)
}

/// A change of the request that explains it.
fn changed(before: &Turn<'_>, now: &Turn<'_>, figures: &str) -> Option<Miss> {
    if before.model != now.model {
        let (was, is) = (before.model, now.model);
        let detail = format!("The model changed from {was} to {is}: {figures}.");
        return Some(Miss::new(Reason::ModelChanged, detail));
    }
    if before.provider != now.provider {
        let (was, is) = (before.provider, now.provider);
        let detail = format!("The provider changed from {was} to {is}: {figures}.");
        return Some(Miss::new(Reason::ProviderChanged, detail));
    }
    if now.marks_needed && now.outline.breakpoints == 0 {
        let detail = format!("No cache_control mark in the request: {figures}.");
        return Some(Miss::new(Reason::NoBreakpoint, detail));
    }
    let difference = difference(before.outline, now.outline)?;
    let reason = match difference.section {
        Section::Tools => Reason::ToolsChanged,
        Section::System => Reason::SystemChanged,
        Section::Messages => Reason::HistoryChanged,
    };
    Some(Miss {
        reason,
        detail: format!("{}: {figures}.", difference.words),
        section: Some(difference.section),
        index: Some(difference.index),
    })
}

/// The requests agree, so it was time, or the provider.
fn aged(before: &Turn<'_>, now: &Turn<'_>, figures: &str) -> Miss {
    let gap = (now.started_us - before.started_us).max(0);
    let (life, words) = if before.one_hour {
        (HOUR_US, "1 hour")
    } else {
        (FIVE_MINUTES_US, "5 minutes")
    };
    if gap > life {
        let gap = span(gap);
        let detail =
            format!("{gap} passed since the turn before, the cache lives {words}: {figures}.");
        return Miss::new(Reason::Expired, detail);
    }
    let detail = format!(
        "The request goes on where the one before ended, {} later: {figures}. The provider may have dropped it, or answered from elsewhere.",
        span(gap)
    );
    Miss::new(Reason::Other, detail)
}

/// A span of time in words.
fn span(us: i64) -> String {
    let seconds = us / 1_000_000;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Where two requests part.
struct Difference {
    section: Section,
    index: usize,
    words: String,
}

/// The first entry of `before` that `now` does not have in its place.
fn difference(before: &Outline, now: &Outline) -> Option<Difference> {
    if before.tools != now.tools {
        let index = first_unequal(&before.tools, &now.tools, |a, b| a == b);
        return Some(Difference {
            section: Section::Tools,
            index,
            words: tool_words(before, now, index),
        });
    }
    if before.system != now.system {
        let index = first_unequal(&before.system, &now.system, |a, b| a == b);
        return Some(Difference {
            section: Section::System,
            index,
            words: format!("Block {index} of the system prompt changed"),
        });
    }
    let index = first_unequal(&before.messages, &now.messages, |a, b| a.is_like(b));
    let words = if index >= before.messages.len() {
        return None;
    } else if index >= now.messages.len() {
        let (had, has) = (before.messages.len(), now.messages.len());
        format!("The conversation is shorter, {has} messages after {had}")
    } else {
        format!("Message {index} is not what it was")
    };
    Some(Difference {
        section: Section::Messages,
        index,
        words,
    })
}

fn tool_words(before: &Outline, now: &Outline, index: usize) -> String {
    let name = |outline: &Outline| outline.tools.get(index).map(|(name, _)| name.clone());
    let (had, has) = (before.tools.len(), now.tools.len());
    match (name(before), name(now)) {
        (Some(was), Some(is)) if was == is => format!("The definition of the tool {is} changed"),
        (_, Some(is)) if has > had => {
            format!(
                "{} more tools are offered, {is} at place {index}",
                has - had
            )
        }
        (Some(was), _) if had > has => {
            format!(
                "{} fewer tools are offered, {was} stood at place {index}",
                had - has
            )
        }
        _ => format!("The tools differ from place {index} on"),
    }
}

fn first_unequal<T>(before: &[T], now: &[T], same: impl Fn(&T, &T) -> bool) -> usize {
    let pairs = before.iter().zip(now);
    pairs.take_while(|(a, b)| same(a, b)).count()
}
