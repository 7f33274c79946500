//! Sums with what follows from them: money, shares, percentiles.

use serde::Serialize;
use utoipa::ToSchema;
use weir_core::prices::{Pico, Quote, band_start, dollars};

use super::sums::Band;
use super::{Percentiles, Sums};

/// What some exchanges add up to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Exchanges.
    pub requests: u64,
    /// Those with a status of 400 or more, or that did not end well.
    pub errors: u64,
    /// Input that was neither read from nor written to a cache.
    pub input_tokens: u64,
    /// Output, reasoning included.
    pub output_tokens: u64,
    /// Input read from a cache.
    pub cache_read_tokens: u64,
    /// Input written to a cache.
    pub cache_write_tokens: u64,
    /// The part of the output that was reasoning.
    pub reasoning_tokens: u64,
    /// What they cost in US dollars, without those that have no price; null when none has one.
    #[schema(required)]
    pub cost: Option<f64>,
    /// Exchanges that took tokens and have no price.
    pub unpriced: u64,
    /// US dollars that caching saved: what the input would have cost without, less what it did
    /// cost. Negative where more was written than was read again.
    #[schema(required)]
    pub cache_savings: Option<f64>,
    /// The part of the input that was read from a cache, 0 to 1; null without input.
    #[schema(required)]
    pub cache_hit_share: Option<f64>,
    /// Times to the response headers; of answers by models that did not fail, as the next two.
    #[schema(required)]
    pub first_byte: Option<Percentiles>,
    /// Times from start to end.
    #[schema(required)]
    pub duration: Option<Percentiles>,
    /// The longest silences within an answer.
    #[schema(required)]
    pub gap: Option<Percentiles>,
    /// Milliseconds from start to end, of all that took any; for averages.
    #[serde(skip)]
    pub duration_ms: u64,
    /// How many these are.
    #[serde(skip)]
    pub timed: u64,
}

impl Figures {
    /// Tokens of every kind.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        [
            self.output_tokens,
            self.cache_read_tokens,
            self.cache_write_tokens,
        ]
        .into_iter()
        .fold(self.input_tokens, u64::saturating_add)
    }

    /// Milliseconds from start to end on average; 0 when none took any.
    #[must_use]
    pub fn average_ms(&self) -> u64 {
        self.duration_ms.checked_div(self.timed).unwrap_or(0)
    }
}

/// Sums on the way to [`Figures`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    sums: Sums,
    money: Money,
}

/// What sums cost.
#[derive(Clone, Copy, Debug, Default)]
struct Money {
    cost: Pico,
    saved: Pico,
    priced: u64,
    unpriced: u64,
}

impl Money {
    fn add(&mut self, band: &Band, quote: Option<&Quote<'_>>) {
        let (prompt, tokens) = (band_start(band.band), band.tokens());
        match quote.and_then(|quote| quote.cost_of_sums(prompt, &tokens)) {
            Some(cost) => {
                let saved = quote.and_then(|quote| quote.saved_on_sums(prompt, &tokens));
                self.cost += cost.total();
                self.saved += saved.unwrap_or(0);
                self.priced += band.requests;
            }
            None => self.unpriced += band.requests,
        }
    }
}

impl Account {
    /// Adds encoded sums of exchanges that all have this price, with the times or without; as far
    /// as they can be read.
    pub(crate) fn add(&mut self, sums: &[u8], times: bool, quote: Option<&Quote<'_>>) {
        let Self { sums: all, money } = self;
        if all
            .merge_and_see(sums, times, |band| money.add(band, quote))
            .is_none()
        {
            tracing::debug!("some figures cannot be read");
        }
    }

    /// Adds another account.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.sums.merge(&other.sums);
        self.money.cost += other.money.cost;
        self.money.saved += other.money.saved;
        self.money.priced += other.money.priced;
        self.money.unpriced += other.money.unpriced;
    }

    pub(crate) fn figures(&self) -> Figures {
        let mut figures = Figures {
            requests: self.sums.requests,
            errors: self.sums.errors,
            unpriced: self.money.unpriced,
            first_byte: self.sums.first_byte.percentiles(),
            duration: self.sums.duration.percentiles(),
            gap: self.sums.gap.percentiles(),
            duration_ms: self.sums.duration_ms,
            timed: self.sums.timed,
            ..Figures::default()
        };
        for band in &self.sums.bands {
            let tokens = band.tokens();
            let kinds = [
                (&mut figures.input_tokens, tokens.input),
                (&mut figures.output_tokens, tokens.output),
                (&mut figures.cache_read_tokens, tokens.cache_read),
                (&mut figures.cache_write_tokens, tokens.cache_write),
                (&mut figures.reasoning_tokens, tokens.reasoning),
            ];
            for (sum, more) in kinds {
                *sum = sum.saturating_add(more.unwrap_or(0));
            }
        }
        // Where nothing was counted nothing was spent; where nothing has a price nobody knows.
        let known = self.money.priced > 0 || self.money.unpriced == 0;
        figures.cost = known.then(|| dollars(self.money.cost));
        figures.cache_savings = known.then(|| dollars(self.money.saved));
        let read = figures.cache_read_tokens;
        let input = figures
            .input_tokens
            .saturating_add(read)
            .saturating_add(figures.cache_write_tokens);
        figures.cache_hit_share = share(read, input);
        figures
    }
}

/// A part of a whole, to four digits; none of nothing.
fn share(part: u64, whole: u64) -> Option<f64> {
    let tenthousandths = (u128::from(part) * 10_000).checked_div(u128::from(whole))?;
    let tenthousandths = u16::try_from(tenthousandths).unwrap_or(10_000);
    Some(f64::from(tenthousandths) / 10_000.0)
}
