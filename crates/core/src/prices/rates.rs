//! What a token costs, in whole pico-dollars, and what some tokens cost by that.

use crate::exchange::Tokens;

/// Pico-dollars (10^-12 US dollars): with them every price of a list is a whole number.
pub type Pico = i128;

/// Pico-dollars in a dollar.
const DOLLAR: f64 = 1e12;

/// Sizes of prompts, in tokens, past which some providers have other prices. Sums that are to be
/// priced later are kept apart by [`band`].
pub const BANDS: [u64; 7] = [32_000, 100_000, 128_000, 200_000, 256_000, 272_000, 512_000];

/// Which of the [`BANDS`] a prompt of so many tokens has passed: from 0 to 7.
#[must_use]
pub fn band(prompt: u64) -> u8 {
    BANDS.iter().map(|edge| u8::from(prompt > *edge)).sum()
}

/// The smallest prompt of a band, or of a [`class`](super::class), in tokens.
#[must_use]
pub fn band_start(class: u8) -> u64 {
    let edge = usize::from(class & 7)
        .checked_sub(1)
        .and_then(|at| BANDS.get(at));
    edge.map_or(0, |edge| edge + 1)
}

/// Pico-dollars as dollars, which is for showing only.
#[must_use]
pub fn dollars(pico: Pico) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "fifteen digits are more than anyone reads"
    )]
    let pico = pico as f64;
    pico / DOLLAR
}

/// What one token of each kind costs, in pico-dollars; none where no list says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Input that was neither read from nor written to a cache.
    pub input: Option<Pico>,
    /// Output.
    pub output: Option<Pico>,
    /// Input read from a cache; as `input` if not set.
    pub cache_read: Option<Pico>,
    /// Input written to a cache for five minutes; as `input` if not set.
    pub cache_write_5m: Option<Pico>,
    /// Input written to a cache for an hour; as `cache_write_5m` if not set.
    pub cache_write_1h: Option<Pico>,
    /// Output that was reasoning; as `output` if not set.
    pub reasoning: Option<Pico>,
    /// One search that the provider ran.
    pub web_search: Option<Pico>,
}

impl Rates {
    /// The names that a price has in the catalogue and in the configuration.
    pub const FIELDS: [&str; 7] = [
        "input",
        "output",
        "cache_read",
        "cache_write_5m",
        "cache_write_1h",
        "reasoning",
        "web_search",
    ];

    /// The price with this name.
    pub(super) fn field(&mut self, name: &str) -> Option<&mut Option<Pico>> {
        Some(match name {
            "input" => &mut self.input,
            "output" => &mut self.output,
            "cache_read" => &mut self.cache_read,
            "cache_write_5m" => &mut self.cache_write_5m,
            "cache_write_1h" => &mut self.cache_write_1h,
            "reasoning" => &mut self.reasoning,
            "web_search" => &mut self.web_search,
            _ => return None,
        })
    }

    /// Sets the price with this name to so many dollars, for a million tokens or a thousand
    /// searches. False if there is no such name, or the price is below 0 or above a million.
    pub fn set(&mut self, name: &str, dollars: f64) -> bool {
        // Per million tokens, or per thousand searches.
        let scale = if name == "web_search" { 1e9 } else { 1e6 };
        let good = (0.0..=1e6).contains(&dollars);
        let Some(field) = self.field(name).filter(|_| good) else {
            return false;
        };
        #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
        let pico = (dollars * scale).round() as Pico;
        *field = Some(pico);
        true
    }

    /// The price with this name as it is listed: dollars for a million tokens or a thousand
    /// searches.
    #[must_use]
    pub fn listed(mut self, name: &str) -> Option<f64> {
        let scale = if name == "web_search" {
            1_000
        } else {
            1_000_000
        };
        self.field(name)?.map(|pico| dollars(pico * scale))
    }

    /// The same, with what is not set taken from `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            input: self.input.or(other.input),
            output: self.output.or(other.output),
            cache_read: self.cache_read.or(other.cache_read),
            cache_write_5m: self.cache_write_5m.or(other.cache_write_5m),
            cache_write_1h: self.cache_write_1h.or(other.cache_write_1h),
            reasoning: self.reasoning.or(other.reasoning),
            web_search: self.web_search.or(other.web_search),
        }
    }

    /// What follows from what is set: caches cost what input does, and so on.
    #[must_use]
    pub fn completed(self) -> Self {
        let cache_write_5m = self.cache_write_5m.or(self.input);
        Self {
            cache_read: self.cache_read.or(self.input),
            cache_write_5m,
            cache_write_1h: self.cache_write_1h.or(cache_write_5m),
            reasoning: self.reasoning.or(self.output),
            ..self
        }
    }

    /// The same, as if input and output had the prices of `other`, where it has them.
    pub(super) fn in_proportion_to(self, other: Self) -> Self {
        let scale = |pico: Option<Pico>, own: Option<Pico>, other: Option<Pico>| match (own, other)
        {
            (Some(own), Some(other)) if own > 0 => pico.map(|pico| pico * other / own),
            _ => pico,
        };
        let of_input = |pico| scale(pico, self.input, other.input);
        Self {
            cache_read: of_input(self.cache_read),
            cache_write_5m: of_input(self.cache_write_5m),
            cache_write_1h: of_input(self.cache_write_1h),
            reasoning: scale(self.reasoning, self.output, other.output),
            ..self
        }
    }

    /// The same at so many percent, but searches.
    pub(super) fn scaled(self, percent: i128) -> Self {
        self.scaled_apart(percent, percent)
    }

    /// The same at so many percent, and what is read from a cache at others.
    pub(super) fn scaled_apart(self, percent: i128, cache_read: i128) -> Self {
        let by = |pico: Option<Pico>, percent| pico.map(|pico| pico * percent / 100);
        let scale = |pico| by(pico, percent);
        // Where it follows from the input's price it would follow from the wrong percent.
        let read = match self.cache_read {
            None if cache_read != percent => self.input,
            read => read,
        };
        Self {
            input: scale(self.input),
            output: scale(self.output),
            cache_read: by(read, cache_read),
            cache_write_5m: scale(self.cache_write_5m),
            cache_write_1h: scale(self.cache_write_1h),
            reasoning: scale(self.reasoning),
            web_search: self.web_search,
        }
    }

    /// What these tokens cost; none when a price is missing that they need.
    pub(super) fn cost(self, tokens: &Tokens) -> Option<Cost> {
        let rates = self.completed();
        let times = |count: u64, rate: Option<Pico>| match count {
            0 => Some(0),
            count => Some(Pico::from(count) * rate?),
        };
        let (written_5m, written_1h) = written(tokens);
        let output = tokens.output.unwrap_or(0);
        let reasoning = tokens.reasoning.unwrap_or(0).min(output);
        Some(Cost {
            input: times(tokens.input.unwrap_or(0), rates.input)?,
            output: times(output - reasoning, rates.output)? + times(reasoning, rates.reasoning)?,
            cache_read: times(tokens.cache_read.unwrap_or(0), rates.cache_read)?,
            cache_write_5m: times(written_5m, rates.cache_write_5m)?,
            cache_write_1h: times(written_1h, rates.cache_write_1h)?,
            server_tools: times(tokens.web_search_requests.unwrap_or(0), rates.web_search)?,
        })
    }

    /// What the cache saved on these tokens: what they would have cost as plain input, less what
    /// they did cost. Below 0 where more was written than was ever read.
    pub(super) fn saved(self, tokens: &Tokens) -> Option<Pico> {
        let rates = self.completed();
        let (written_5m, written_1h) = written(tokens);
        let read = tokens.cache_read.unwrap_or(0);
        let less = |count: u64, rate: Option<Pico>| match count {
            0 => Some(0),
            count => Some(Pico::from(count) * (rates.input? - rate?)),
        };
        Some(
            less(read, rates.cache_read)?
                + less(written_5m, rates.cache_write_5m)?
                + less(written_1h, rates.cache_write_1h)?,
        )
    }
}

/// Tokens written to a cache for five minutes and for an hour. What the provider did not tell apart
/// counts as five minutes: that is what a cache lives for unless asked otherwise, and those who
/// offer both tell them apart.
fn written(tokens: &Tokens) -> (u64, u64) {
    let hour = tokens.cache_write_1h.unwrap_or(0);
    let five = tokens.cache_write_5m.unwrap_or(0);
    let rest = tokens.cache_write.unwrap_or(0);
    (five + rest.saturating_sub(five.saturating_add(hour)), hour)
}

/// What something cost, by what for, in pico-dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Input without a cache.
    pub input: Pico,
    /// Output, reasoning included.
    pub output: Pico,
    /// Input from a cache.
    pub cache_read: Pico,
    /// Input into a cache for five minutes, or for a time that was not told.
    pub cache_write_5m: Pico,
    /// Input into a cache for an hour.
    pub cache_write_1h: Pico,
    /// Searches.
    pub server_tools: Pico,
}

impl Cost {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> Pico {
        self.input
            + self.output
            + self.cache_read
            + self.cache_write_5m
            + self.cache_write_1h
            + self.server_tools
    }
}
