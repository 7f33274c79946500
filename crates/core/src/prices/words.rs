//! A price as the configuration has it: `3/15`, or `input=3 output=15 cache_read=0.3`; with `from`,
//! `provider` and `tier` where it is not for always and everywhere, and several of them with `;` between.

use super::{Listed, Rates, Source, Tier, day_start};

/// Reads the prices of one model.
///
/// # Errors
/// What is wrong, in words that follow the value.
pub fn read_prices(model: &str, text: &str) -> Result<Vec<Listed>, String> {
    text.split(';').map(|part| one(model, part)).collect()
}

fn one(model: &str, text: &str) -> Result<Listed, String> {
    let mut listed = Listed {
        model: model.trim().to_ascii_lowercase().into(),
        provider: None,
        from: None,
        from_us: i64::MIN,
        rates: Rates::default(),
        long: Box::default(),
        tier: None,
        tiers: Box::default(),
        us_percent: None,
        source: Source::Configuration,
    };
    for word in text.split_whitespace() {
        field(&mut listed, word)?;
    }
    if listed.rates == Rates::default() {
        return Err("has no price; write such as `3/15`, or `input=3 output=15`".to_owned());
    }
    Ok(listed)
}

fn field(listed: &mut Listed, word: &str) -> Result<(), String> {
    let amount = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
    if let Some((input, output)) = word.split_once('/').filter(|_| !word.contains('=')) {
        let good = listed.rates.set("input", amount(input));
        return if good && listed.rates.set("output", amount(output)) {
            Ok(())
        } else {
            Err(
                "is not a price; write dollars per million input and output tokens, such as `3/15`"
                    .to_owned(),
            )
        };
    }
    let Some((name, value)) = word.split_once('=') else {
        return Err(format!("has `{word}` where `name=value` is expected"));
    };
    match name {
        "from" => {
            let day = day_start(value);
            listed.from_us =
                day.ok_or_else(|| format!("has `{word}`: write a day such as 2026-01-31"))?;
            listed.from = Some(value.into());
        }
        "provider" => listed.provider = Some(value.into()),
        "tier" => {
            let names = Tier::NAMES.map(|(name, _)| format!("`{name}`")).join(", ");
            let tier = Tier::named(value);
            listed.tier =
                Some(tier.ok_or_else(|| format!("has `{word}`: a tier is one of {names}"))?);
        }
        _ if !Rates::FIELDS.contains(&name) => {
            let names = Rates::FIELDS.map(|name| format!("`{name}`")).join(", ");
            return Err(format!(
                "has `{name}`, which is none of {names}, `from`, `provider` and `tier`"
            ));
        }
        _ if !listed.rates.set(name, amount(value)) => {
            return Err(format!("has `{word}`: write dollars, from 0 to a million"));
        }
        _ => {}
    }
    Ok(())
}
