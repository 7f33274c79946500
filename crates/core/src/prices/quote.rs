//! What one model costs at one provider at one moment, on any terms.

use super::{Cost, Listed, Pico, Place, Rates, Terms, Tier};
use crate::exchange::Tokens;

/// What a tier costs of what the standard one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The tier.
    pub tier: Tier,
    /// Of everything but searches.
    pub percent: u16,
    /// Of what is read from a cache.
    pub cache_read_percent: u16,
    /// Whether that is known for prompts without a price of their own alone.
    pub short_only: bool,
}

impl Share {
    /// The tier's prices, by those of the standard one.
    #[must_use]
    pub fn of(&self, rates: Rates) -> Rates {
        rates.scaled_apart(self.percent.into(), self.cache_read_percent.into())
    }
}

/// What one model costs at one provider at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quote<'a> {
    pub(super) rates: Rates,
    pub(super) long: &'a [(u64, Rates)],
    /// What the catalogue knows of other terms.
    pub(super) known: Option<&'a Listed>,
    /// Whether the configuration says what it costs, so that it holds for terms that the catalogue
    /// does not know.
    pub(super) is_own: bool,
    /// What the configuration says of tiers, in the order of [`Tier::NAMES`].
    pub(super) own_tiers: [Option<&'a Listed>; Tier::NAMES.len()],
}

impl Quote<'_> {
    /// What a prompt of so many tokens pays for each, on the terms that everybody has.
    #[must_use]
    pub fn rates(&self, prompt: u64) -> Rates {
        self.long(prompt)
            .map_or(self.rates, |long| long.or(self.rates))
    }

    fn long(&self, prompt: u64) -> Option<&Rates> {
        let mut long = self.long.iter().rev();
        let found = long.find(|(above, _)| prompt > *above);
        found.map(|(_, rates)| rates)
    }

    /// The same on these terms; none where nobody says.
    fn rates_on(&self, terms: Terms, prompt: u64) -> Option<Rates> {
        let usual = self.rates(prompt);
        let own = Tier::NAMES
            .iter()
            .zip(self.own_tiers)
            .find_map(|((_, tier), own)| own.filter(|_| *tier == terms.tier));
        let mut shares = self.known.iter().flat_map(|known| &known.tiers);
        let share = shares.find(|share| {
            share.tier == terms.tier && !(share.short_only && self.long(prompt).is_some())
        });
        let rates = match (own, share) {
            _ if terms.tier == Tier::Standard => usual,
            (Some(own), _) => own.rates.or(usual.in_proportion_to(own.rates)),
            (None, Some(share)) => share.of(usual),
            (None, None) => Some(usual).filter(|_| self.is_own)?,
        };
        let us_percent = self.known.and_then(|known| known.us_percent);
        match (terms.place, us_percent) {
            (Place::Anywhere, _) => Some(rates),
            (Place::Us, Some(percent)) => Some(rates.scaled(percent.into())),
            (Place::Us, None) | (Place::Other, _) => Some(rates).filter(|_| self.is_own),
        }
    }

    /// What the tokens of one request cost on their terms; none when a price is missing that they
    /// need.
    #[must_use]
    pub fn cost(&self, tokens: &Tokens) -> Option<Cost> {
        self.cost_of_sums(tokens.prompt(), tokens)
    }

    /// The same for the sums of requests on the same terms, whose prompts were all as large as
    /// `prompt`, or in the same [`band`](super::band).
    #[must_use]
    pub fn cost_of_sums(&self, prompt: u64, tokens: &Tokens) -> Option<Cost> {
        self.rates_on(tokens.terms, prompt)?.cost(tokens)
    }

    /// What caching saved on such sums, in pico-dollars: what the prompt would have cost without,
    /// less what it did cost. Below 0 where more was written than was read again.
    #[must_use]
    pub fn saved_on_sums(&self, prompt: u64, tokens: &Tokens) -> Option<Pico> {
        self.rates_on(tokens.terms, prompt)?.saved(tokens)
    }
}
