//! What models cost, and which have no price.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use weir_core::config;
use weir_core::prices::{Listed, Prices, Rates, Source, Tier};
use weir_store::{Dimension, FigureQuery};

use crate::fault::{Fault, HistoryFaults};
use crate::router::Admin;

/// How far back models without a price are looked for.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(30 * 24);

/// US dollars per million tokens; `webSearch` per thousand searches. Null where no list says.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Amounts {
    #[schema(required)]
    input: Option<f64>,
    #[schema(required)]
    output: Option<f64>,
    #[schema(required)]
    cache_write5m: Option<f64>,
    #[schema(required)]
    cache_write1h: Option<f64>,
    #[schema(required)]
    cache_read: Option<f64>,
    /// Where it differs from `output`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_search: Option<f64>,
}

impl From<Rates> for Amounts {
    fn from(rates: Rates) -> Self {
        let all = rates.completed();
        Self {
            input: all.listed("input"),
            output: all.listed("output"),
            cache_write5m: all.listed("cache_write_5m"),
            cache_write1h: all.listed("cache_write_1h"),
            cache_read: all.listed("cache_read"),
            reasoning: rates.listed("reasoning"),
            web_search: rates.listed("web_search"),
        }
    }
}

/// The price of prompts beyond a size.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct LongPrice {
    /// For prompts of more tokens than this.
    above: u64,
    #[serde(flatten)]
    amounts: Amounts,
}

/// What a service tier costs.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct TierPrice {
    /// `batch`, `flex`, `priority`, `fast` or `ultrafast`.
    tier: &'static str,
    #[serde(flatten)]
    amounts: Amounts,
    /// What large prompts cost on it; those that are not here have no known price on it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    long: Vec<LongPrice>,
}

/// Where a price is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PriceSource {
    /// From the list that comes with weir.
    Catalogue,
    /// From the configuration.
    Configuration,
    /// From an edit of the configuration that the dashboard stored.
    Stored,
}

/// What a model costs.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PriceLine {
    /// The model; `*` is any other.
    model: String,
    /// The one provider that it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    /// The first day that it is in force on, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = Date)]
    from: Option<String>,
    #[serde(flatten)]
    amounts: Amounts,
    /// The one service tier that it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<&'static str>,
    /// What large prompts cost instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    long: Vec<LongPrice>,
    /// What other service tiers cost.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tiers: Vec<TierPrice>,
    /// What inference in the United States alone costs, in percent of all of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    us_percent: Option<u16>,
    source: PriceSource,
    /// The model whose price it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    alias_of: Option<String>,
}

/// A model that was used and has no price.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Unpriced {
    model: String,
    /// How many took tokens.
    requests: u64,
}

/// What models cost.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PriceList {
    /// Those of the configuration first.
    prices: Vec<PriceLine>,
    /// Of the last thirty days.
    unpriced: Vec<Unpriced>,
}

/// What models cost, and which have no price
#[utoipa::path(get, path = "/api/prices", tag = "figures",
    responses((status = 200, body = PriceList), HistoryFaults))]
pub(crate) async fn prices(State(admin): State<Arc<Admin>>) -> Result<Json<PriceList>, Fault> {
    let prices = admin.reader.prices();
    let config = admin.steering.config();
    let stored = config
        .iter()
        .any(|one| one.path == "pricing.models" && one.source == config::Source::Stored);
    let own = if stored {
        PriceSource::Stored
    } else {
        PriceSource::Configuration
    };
    let listed = prices.all();
    let aliases = prices
        .aliases()
        .iter()
        .filter_map(|(alias, model)| alias_line(&prices, alias, model));
    let mut lines: Vec<_> = aliases.collect();
    lines.extend(listed.iter().map(|one| line(&prices, one, own)));
    let now = Timestamp::now();
    let start = now.checked_sub(LOOK_BACK).unwrap_or(now);
    let query = FigureQuery {
        by: Dimension::Model,
        ..FigureQuery::between(start.as_microsecond(), now.as_microsecond())
    };
    // Prices are there without a history.
    let table = super::ask(&admin, query).await.unwrap_or_default();
    let unpriced = table
        .rows
        .into_iter()
        .filter(|row| row.figures.unpriced > 0);
    let unpriced = unpriced.map(|row| Unpriced {
        model: row.label.unwrap_or_default().into(),
        requests: row.figures.unpriced,
    });
    Ok(Json(PriceList {
        prices: lines,
        unpriced: unpriced.collect(),
    }))
}

fn line(prices: &Prices, one: &Listed, own: PriceSource) -> PriceLine {
    // What the configuration leaves out follows from the catalogue.
    let provider = one.provider.as_deref();
    let rates = match one.source {
        Source::Catalogue => one.rates,
        _ if one.tier.is_some() => one.rates,
        Source::Configuration | Source::Provider => prices
            .quote(&one.model, provider.unwrap_or_default(), one.from_us.max(0))
            .map_or(one.rates, |quote| one.rates.or(quote.rates(0))),
    };
    let long = |on: &dyn Fn(Rates) -> Rates| -> Vec<LongPrice> {
        let long = one.long.iter().map(|(above, long)| LongPrice {
            above: *above,
            amounts: on(long.or(one.rates)).into(),
        });
        long.collect()
    };
    let tiers = one.tiers.iter().map(|share| TierPrice {
        tier: share.tier.name(),
        amounts: share.of(rates).into(),
        long: if share.short_only {
            Vec::new()
        } else {
            long(&|rates| share.of(rates))
        },
    });
    PriceLine {
        model: one.model.clone().into(),
        provider: provider.map(str::to_owned),
        from: one.from.clone().map(Into::into),
        amounts: rates.into(),
        tier: one.tier.map(Tier::name),
        long: long(&|rates| rates),
        tiers: tiers.collect(),
        us_percent: one.us_percent,
        source: match one.source {
            Source::Catalogue => PriceSource::Catalogue,
            Source::Configuration => own,
            Source::Provider => PriceSource::Configuration,
        },
        alias_of: None,
    }
}

fn alias_line(prices: &Prices, alias: &str, model: &str) -> Option<PriceLine> {
    let now = Timestamp::now().as_microsecond();
    let quote = prices.quote(model, "", now)?;
    Some(PriceLine {
        model: alias.to_owned(),
        provider: None,
        from: None,
        amounts: quote.rates(0).into(),
        tier: None,
        long: Vec::new(),
        tiers: Vec::new(),
        us_percent: None,
        source: PriceSource::Configuration,
        alias_of: Some(model.to_owned()),
    })
}
