use super::*;
use crate::exchange::Tokens;
use crate::prices::dollars;

fn million_in(loaded: &Loaded, model: &str, provider: &str) -> Option<f64> {
    let tokens = Tokens {
        input: Some(1_000_000),
        ..Tokens::default()
    };
    let at = 1_800_000_000_000_000;
    let cost = loaded.settings.prices.cost(model, provider, at, &tokens);
    cost.map(|cost| dollars(cost.total()))
}

#[test]
fn prices_are_sections_lists_of_them_or_short() {
    let yaml = "
pricing:
  models:
    gpt-5.2: {input: 1.5, output: 12, cache_read: 0.1}
    claude-sonnet-4-5:
      - {input: 1, output: 2}
      - {input: 7, output: 8, from: 2026-01-01}
      - {input: 9, output: 9, provider: team}
    short: 3/15
  aliases: {mine: claude-opus-4-5}
providers:
  local: {type: ollama, prices: {'*': 0/0}}
";
    let loaded = good(yaml, &[]);
    assert_eq!(million_in(&loaded, "gpt-5.2", "openai"), Some(1.5));
    assert_eq!(
        million_in(&loaded, "claude-sonnet-4-5", "anthropic"),
        Some(7.0)
    );
    assert_eq!(million_in(&loaded, "claude-sonnet-4-5", "team"), Some(9.0));
    assert_eq!(million_in(&loaded, "short", "x"), Some(3.0));
    assert_eq!(million_in(&loaded, "mine", "x"), Some(5.0));
    assert_eq!(million_in(&loaded, "qwen3:8b", "local"), Some(0.0));
    assert_eq!(million_in(&loaded, "qwen3:8b", "x"), None);
    let shown = loaded
        .report
        .iter()
        .find(|one| one.path == "pricing.models");
    let value = shown.unwrap().value.as_deref().unwrap();
    assert!(
        value.contains("gpt-5.2=input=1.5 output=12 cache_read=0.1"),
        "{value}"
    );
    // What is shown can be set again.
    let overrides = [("pricing.models".to_owned(), value.to_owned())];
    let again = load(None, &|_| None, &overrides).unwrap();
    assert_eq!(million_in(&again, "gpt-5.2", "openai"), Some(1.5));

    let toml = "[pricing.models]\n'gpt-5.2' = { input = 2, output = 3 }\n";
    assert_eq!(million_in(&good(toml, &[]), "gpt-5.2", "openai"), Some(2.0));
}

#[test]
fn faults_in_prices_name_the_model_and_the_price() {
    for (price, why) in [
        (
            "{input: 1, outptu: 2}",
            "pricing.models.m.outptu: unknown key",
        ),
        ("{input: cheap}", "has `input=cheap`: write dollars"),
        ("{from: 2026-01-01}", "has no price"),
        (
            "{input: [1]}",
            "pricing.models.m.input: one value is expected",
        ),
        ("[1, 2]", "pricing.models.m: one value is expected"),
        ("free", "has `free` where `name=value` is expected"),
    ] {
        let found = faults(&format!("pricing: {{models: {{m: {price}}}}}"), &[]);
        assert!(found.contains(why), "{price}: {found}");
    }
}
