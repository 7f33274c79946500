//! What models cost: the catalogue that comes with weir, what the configuration says instead, and
//! how the name that a request bears finds its price. Money is derived from tokens when somebody
//! asks; nothing stores it.

mod catalogue;
mod names;
mod quote;
mod rates;
mod terms;
mod words;

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::RandomState;

pub use quote::{Quote, Share};
pub use rates::{BANDS, Cost, Pico, Rates, band, band_start, dollars};
pub use terms::{Place, Terms, Tier, class, class_terms};
pub use words::read_prices;

use crate::exchange::Tokens;
use crate::settings::Price;

/// Where a price is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// From the list that comes with weir.
    Catalogue,
    /// From `pricing.models`.
    Configuration,
    /// From a provider's `prices`.
    Provider,
}

/// One price as it is listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The model's name, in lower case; `*` in a provider's prices is any other.
    pub model: Box<str>,
    /// The one provider that it is for.
    pub provider: Option<Box<str>>,
    /// The first day that it is in force on, `YYYY-MM-DD`, UTC.
    pub from: Option<Box<str>>,
    /// The same in microseconds since the Unix epoch; the beginning of time without one.
    pub from_us: i64,
    /// What a token costs.
    pub rates: Rates,
    /// What it costs in requests whose prompt has more tokens than the first number; ascending.
    pub long: Box<[(u64, Rates)]>,
    /// The one tier that it is for; none is for the standard one, and for those that nothing else
    /// knows a price for.
    pub tier: Option<Tier>,
    /// What other tiers cost.
    pub tiers: Box<[Share]>,
    /// What models that run in the United States alone cost, in percent.
    pub us_percent: Option<u16>,
    /// Where it is from.
    pub source: Source,
}

/// A model's price, and the same for large prompts.
type Table = HashMap<Box<str>, Vec<Listed>, RandomState>;

/// Every price.
#[derive(Clone, Debug)]
pub struct Prices {
    catalogue: &'static Table,
    own: Table,
    /// Those of the configuration that are for one tier.
    own_tiers: Table,
    aliases: BTreeMap<String, String>,
    providers: HashMap<Box<str>, HashMap<Box<str>, Rates>>,
}

impl Default for Prices {
    fn default() -> Self {
        Self::new(Vec::new(), BTreeMap::new())
    }
}

impl Prices {
    /// The catalogue under what `own` says. An alias is a model's name to that of a model whose
    /// price it has.
    #[must_use]
    pub fn new(own: Vec<Listed>, aliases: BTreeMap<String, String>) -> Self {
        let (mut table, mut own_tiers) = (Table::default(), Table::default());
        for listed in own {
            let standard = listed.tier.is_none_or(|tier| tier == Tier::Standard);
            let table = if standard { &mut table } else { &mut own_tiers };
            table.entry(listed.model.clone()).or_default().push(listed);
        }
        for table in [&mut table, &mut own_tiers] {
            table.values_mut().for_each(|all| newest_first(all));
        }
        let lower = |text: String| text.trim().to_ascii_lowercase();
        Self {
            catalogue: catalogue::table(),
            own: table,
            own_tiers,
            aliases: aliases.into_iter().map(|(a, b)| (lower(a), b)).collect(),
            providers: HashMap::new(),
        }
    }

    /// Adds what a provider's own settings say; its `*` is for models that nothing else names.
    #[must_use]
    pub fn with_provider(mut self, name: &str, prices: &BTreeMap<String, Price>) -> Self {
        if prices.is_empty() {
            return self;
        }
        let rates = prices.iter().map(|(model, price)| {
            let mut rates = Rates::default();
            rates.set("input", price.input);
            rates.set("output", price.output);
            (model.to_ascii_lowercase().into(), rates)
        });
        self.providers.insert(name.into(), rates.collect());
        self
    }

    /// What `model` costs at `provider` in force at `at_us` (microseconds since the Unix epoch);
    /// none if nobody knows. The strongest first: `pricing.models` for this provider, the
    /// provider's `prices`, `pricing.models` for all, `pricing.aliases`, the provider's `*`, the
    /// catalogue.
    #[must_use]
    pub fn quote(&self, model: &str, provider: &str, at_us: i64) -> Option<Quote<'_>> {
        let quote = self
            .named(model, provider, at_us)
            .or_else(|| {
                if self.aliases.is_empty() {
                    return None;
                }
                let alias = names::try_each(model, |name| self.aliases.get(name))?;
                self.named(alias, provider, at_us)
                    .or_else(|| self.listed(alias, at_us))
            })
            .or_else(|| {
                let rates = self.providers.get(provider)?.get("*")?;
                Some(self.completed(*rates, model, at_us))
            })
            .or_else(|| self.listed(model, at_us))?;
        Some(Quote {
            own_tiers: self.own_tiers(model, provider, at_us),
            ..quote
        })
    }

    /// What the configuration says of tiers, for this provider first.
    fn own_tiers(
        &self,
        model: &str,
        provider: &str,
        at_us: i64,
    ) -> [Option<&Listed>; Tier::NAMES.len()] {
        if self.own_tiers.is_empty() {
            return Default::default();
        }
        let of = |tier: Tier, wanted: Option<&str>| {
            names::try_each(model, |name| {
                let mut all = self.own_tiers.get(name)?.iter();
                all.find(|one| {
                    one.tier == Some(tier)
                        && one.provider.as_deref() == wanted
                        && one.from_us <= at_us
                })
            })
        };
        Tier::NAMES.map(|(_, tier)| of(tier, Some(provider)).or_else(|| of(tier, None)))
    }

    /// What `tokens` of one request cost; none when a price is missing that they need.
    #[must_use]
    pub fn cost(&self, model: &str, provider: &str, at_us: i64, tokens: &Tokens) -> Option<Cost> {
        self.quote(model, provider, at_us)?.cost(tokens)
    }

    /// Every price that is listed, those of the configuration first, each by name.
    #[must_use]
    pub fn all(&self) -> Vec<Listed> {
        let of_providers = self.providers.iter().flat_map(|(provider, models)| {
            models.iter().map(|(model, rates)| Listed {
                model: model.clone(),
                provider: Some(provider.clone()),
                from: None,
                from_us: i64::MIN,
                rates: *rates,
                long: Box::default(),
                tier: None,
                tiers: Box::default(),
                us_percent: None,
                source: Source::Provider,
            })
        });
        let own = self.own.values().chain(self.own_tiers.values());
        let mut own: Vec<_> = own.flatten().cloned().collect();
        own.extend(of_providers);
        let mut listed: Vec<_> = self.catalogue.values().flatten().cloned().collect();
        for all in [&mut own, &mut listed] {
            all.sort_by(|a, b| {
                let (of_a, of_b) = ((&a.model, &a.provider), (&b.model, &b.provider));
                (of_a, a.tier, b.from_us).cmp(&(of_b, b.tier, a.from_us))
            });
        }
        own.append(&mut listed);
        own
    }

    /// Names that have the price of another model.
    #[must_use]
    pub fn aliases(&self) -> &BTreeMap<String, String> {
        &self.aliases
    }

    /// What the configuration says of a model by its name.
    fn named(&self, model: &str, provider: &str, at_us: i64) -> Option<Quote<'_>> {
        // Most configurations say nothing, and a name has many forms to look for.
        if self.own.is_empty() && self.providers.is_empty() {
            return None;
        }
        let own = |wanted: Option<&str>| {
            names::try_each(model, |name| {
                let mut all = self.own.get(name)?.iter();
                all.find(|one| one.provider.as_deref() == wanted && one.from_us <= at_us)
            })
        };
        let of_provider = || {
            let prices = self.providers.get(provider)?;
            names::try_each(model, |name| prices.get(name).filter(|_| name != "*"))
        };
        let rates = None
            .or_else(|| own(Some(provider)).map(|one| one.rates))
            .or_else(|| of_provider().copied())
            .or_else(|| own(None).map(|one| one.rates))?;
        Some(self.completed(rates, model, at_us))
    }

    /// With what the catalogue knows of the model, where `rates` says nothing: caches and reasoning
    /// keep their share of the price of input and output. What the configuration says holds for
    /// prompts of every size.
    fn completed(&self, rates: Rates, model: &str, at_us: i64) -> Quote<'_> {
        let known = self.listed(model, at_us).and_then(|it| it.known);
        let rates = known.map_or(rates, |known| rates.or(known.rates.in_proportion_to(rates)));
        Quote {
            rates,
            long: &[],
            known,
            is_own: true,
            own_tiers: Default::default(),
        }
    }

    /// What the catalogue says.
    fn listed(&self, model: &str, at_us: i64) -> Option<Quote<'static>> {
        let catalogue: &'static Table = self.catalogue;
        names::try_each(model, |name| {
            let mut all = catalogue.get(name)?.iter();
            all.find(|one| one.from_us <= at_us)
        })
        .map(|one| Quote {
            rates: one.rates,
            long: &one.long,
            known: Some(one),
            is_own: false,
            own_tiers: Default::default(),
        })
    }
}

fn newest_first(all: &mut [Listed]) {
    all.sort_by_key(|one| std::cmp::Reverse(one.from_us));
}

/// The first microsecond of a day `YYYY-MM-DD` in UTC; none if it is not one.
fn day_start(text: &str) -> Option<i64> {
    let ms = weir_wire::ratelimit::moment::rfc3339(&format!("{text}T00:00:00Z"))?;
    (text.len() == 10).then_some(ms * 1000)
}

#[cfg(test)]
mod tests;
