//! The list of prices that comes with weir.

use std::sync::LazyLock;

use toml::Value;
use toml::value::Table as Toml;

use super::{Listed, Rates, Share, Source, Table, Tier, day_start, newest_first};

const TEXT: &str = include_str!("catalogue.toml");

static TABLE: LazyLock<Table> =
    LazyLock::new(|| read(TEXT).expect("the catalogue is checked by a test"));

/// Every price, by the model's name.
pub(super) fn table() -> &'static Table {
    &TABLE
}

fn read(text: &str) -> Option<Table> {
    let document: Toml = toml::from_str(text).ok()?;
    let mut table = Table::default();
    for (section, value) in &document {
        if ["region", "tier", "residency"].contains(&section.as_str()) {
            continue;
        }
        for (model, value) in value.as_table()? {
            add(&mut table, model, value)?;
        }
    }
    // Regions last: what a model costs on other terms it costs so in a region too.
    for (section, add) in [
        ("tier", tiered as fn(&mut Table, &Value) -> Option<()>),
        ("residency", resident),
        ("region", regional),
    ] {
        for value in document.get(section)?.as_array()? {
            add(&mut table, value)?;
        }
    }
    Some(table)
}

/// Adds what models cost on another tier: so many percent.
fn tiered(table: &mut Table, value: &Value) -> Option<()> {
    let percent = percent(value, "percent")?;
    let share = Share {
        tier: Tier::named(value.get("tier")?.as_str()?)?,
        percent,
        cache_read_percent: match value.get("cache_read_percent") {
            Some(_) => self::percent(value, "cache_read_percent")?,
            None => percent,
        },
        short_only: match value.get("short_only") {
            Some(short_only) => short_only.as_bool()?,
            None => false,
        },
    };
    each_of(table, value, |one| {
        let mut tiers = Vec::from(std::mem::take(&mut one.tiers));
        let known = tiers.iter().any(|other| other.tier == share.tier);
        tiers.push(share);
        one.tiers = tiers.into();
        !known
    })
}

/// Adds what models cost where they run in the United States alone.
fn resident(table: &mut Table, value: &Value) -> Option<()> {
    let percent = percent(value, "percent")?;
    each_of(table, value, |one| {
        one.us_percent.replace(percent).is_none()
    })
}

/// Does something with every price of the models that `value` names; none where that says no.
fn each_of(
    table: &mut Table,
    value: &Value,
    mut change: impl FnMut(&mut Listed) -> bool,
) -> Option<()> {
    for model in value.get("models")?.as_array()? {
        let mut all = table.get_mut(model.as_str()?)?.iter_mut();
        all.all(&mut change).then_some(())?;
    }
    Some(())
}

fn percent(value: &Value, name: &str) -> Option<u16> {
    u16::try_from(value.get(name)?.as_integer()?).ok()
}

/// Adds a model's price, or its prices over time.
fn add(table: &mut Table, model: &str, value: &Value) -> Option<()> {
    let mut all = match value {
        Value::Array(items) => items.iter().map(|it| listed(model, it)).collect(),
        one => listed(model, one).map(|one| vec![one]),
    }?;
    newest_first(&mut all);
    table.insert(model.into(), all).is_none().then_some(())
}

fn listed(model: &str, value: &Value) -> Option<Listed> {
    let value = value.as_table()?;
    let from = value.get("from").map(|from| from.as_str());
    let from = match from {
        Some(from) => Some(from?),
        None => None,
    };
    let long = match value.get("long") {
        Some(long) => long.as_array()?.iter().map(tier).collect::<Option<_>>()?,
        None => Box::default(),
    };
    Some(Listed {
        model: model.into(),
        provider: None,
        from: from.map(Into::into),
        from_us: from.map_or(Some(i64::MIN), day_start)?,
        rates: rates(value, &["from", "long"])?,
        long,
        tier: None,
        tiers: Box::default(),
        us_percent: None,
        source: Source::Catalogue,
    })
}

fn tier(value: &Value) -> Option<(u64, Rates)> {
    let value = value.as_table()?;
    let above = u64::try_from(value.get("above")?.as_integer()?).ok()?;
    Some((above, rates(value, &["above"])?))
}

/// The prices of a table, in which nothing else may stand but `others`.
fn rates(value: &Toml, others: &[&str]) -> Option<Rates> {
    let mut rates = Rates::default();
    for (name, value) in value {
        if others.contains(&name.as_str()) {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "prices are small")]
        let amount = value
            .as_float()
            .or_else(|| value.as_integer().map(|whole| whole as f64))?;
        if !rates.set(name, amount) {
            return None;
        }
    }
    Some(rates)
}

/// Adds what models cost by way of a region, which is so many percent.
fn regional(table: &mut Table, region: &Value) -> Option<()> {
    let percent = i128::from(region.get("percent")?.as_integer()?);
    for model in region.get("models")?.as_array()? {
        let model = model.as_str()?;
        let here = table.get(model)?.clone();
        for prefix in region.get("prefixes")?.as_array()? {
            let name: Box<str> = format!("{}{model}", prefix.as_str()?).into();
            let all = here.iter().cloned().map(|one| Listed {
                model: name.clone(),
                rates: one.rates.scaled(percent),
                long: one
                    .long
                    .iter()
                    .map(|(above, rates)| (*above, rates.scaled(percent)))
                    .collect(),
                ..one
            });
            let all: Vec<_> = all.collect();
            table.insert(name, all);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::BANDS;

    #[test]
    fn the_catalogue_can_be_read_and_its_sizes_are_bands() {
        let table = read(TEXT).unwrap();
        assert!(table.len() > 250, "{}", table.len());
        for one in table.values().flatten() {
            assert!(
                one.rates.input.is_some() && one.rates.output.is_some(),
                "{}",
                one.model
            );
            assert_eq!(
                &*one.model,
                one.model.to_ascii_lowercase(),
                "looked up in lower case"
            );
            for (above, _) in &one.long {
                assert!(
                    BANDS.contains(above),
                    "{}: sums are not kept apart at {above}",
                    one.model
                );
            }
            assert!(
                one.long.is_sorted_by_key(|(above, _)| *above),
                "{}",
                one.model
            );
        }
    }

    #[test]
    fn prices_over_time_and_faults() {
        let over_time = "[x]\na = [{ input = 1, output = 2 }, { from = '2026-03-01', input = 2, output = 4 }]\n[[region]]\npercent = 110\nprefixes = ['us.']\nmodels = ['a']\n[[tier]]\ntier = 'fast'\npercent = 200\nmodels = ['a']\n[[residency]]\npercent = 110\nmodels = ['a']\n";
        let table = read(over_time).unwrap();
        let days: Vec<_> = table["us.a"]
            .iter()
            .map(|one| one.from.as_deref())
            .collect();
        assert_eq!(days, [Some("2026-03-01"), None]);
        assert_eq!(table["us.a"][1].rates.input, Some(1_100_000));
        assert_eq!(table["us.a"][1].tiers[0].tier, Tier::Fast);
        let twice = over_time.replace("['a']\n[[res", "['a', 'a']\n[[res");
        assert!(read(&twice).is_none(), "two prices of one tier");
        for wrong in ["input = 'x'", "inputs = 1", "input = -1", "from = 'soon'"] {
            assert!(
                read(&over_time.replace("input = 1", wrong)).is_none(),
                "{wrong}"
            );
        }
    }
}
