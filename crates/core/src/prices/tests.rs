use super::*;

fn tokens(input: u64, output: u64) -> Tokens {
    Tokens {
        input: Some(input),
        output: Some(output),
        ..Tokens::default()
    }
}

fn prices(models: &[(&str, &str)]) -> Prices {
    let own = models
        .iter()
        .flat_map(|(model, text)| read_prices(model, text).unwrap());
    Prices::new(own.collect(), BTreeMap::new())
}

#[test]
fn a_known_model_with_a_cache_split_costs_exactly_so_much() {
    let used = Tokens {
        input: Some(1_234),
        output: Some(567),
        cache_read: Some(89_012),
        cache_write: Some(4_500),
        cache_write_5m: Some(1_500),
        cache_write_1h: Some(3_000),
        reasoning: Some(100),
        web_search_requests: Some(3),
    };
    let cost = Prices::default()
        .cost("claude-sonnet-4-5-20250929", "anthropic", 0, &used)
        .unwrap();
    // 3, 15, 0.30, 3.75 and 6 dollars a million; 10 a thousand searches.
    assert_eq!(cost.input, 3_702_000_000);
    assert_eq!(cost.output, 8_505_000_000);
    assert_eq!(cost.cache_read, 26_703_600_000);
    assert_eq!(cost.cache_write_5m, 5_625_000_000);
    assert_eq!(cost.cache_write_1h, 18_000_000_000);
    assert_eq!(cost.server_tools, 30_000_000_000);
    assert_eq!(cost.total(), 92_535_600_000);
    assert_eq!(dollars(cost.total()), 0.092_535_6);
}

#[test]
fn cache_writes_without_a_split_live_five_minutes() {
    let used = Tokens {
        cache_write: Some(1_000_000),
        ..Tokens::default()
    };
    let cost = Prices::default().cost("claude-opus-4-5", "anthropic", 0, &used);
    assert_eq!(dollars(cost.unwrap().total()), 6.25);
}

#[test]
fn an_unknown_model_has_no_cost_rather_than_none_to_pay() {
    let prices = Prices::default();
    assert_eq!(
        prices.cost("nobody-knows", "anthropic", 0, &tokens(1, 1)),
        None
    );
    assert_eq!(
        prices.cost("deepseek/deepseek-v3:free", "openrouter", 0, &tokens(1, 1)),
        None
    );
    // A price that is needed and missing.
    let searched = Tokens {
        web_search_requests: Some(1),
        ..tokens(1, 1)
    };
    assert_eq!(prices.cost("deepseek-chat", "deepseek", 0, &searched), None);
    assert!(
        prices
            .cost("deepseek-chat", "deepseek", 0, &tokens(1, 1))
            .is_some()
    );
}

#[test]
fn long_prompts_have_their_own_price() {
    let prices = Prices::default();
    let cost = |input, cached| {
        let used = Tokens {
            cache_read: Some(cached),
            ..tokens(input, 1_000_000)
        };
        dollars(
            prices
                .cost("gemini-2.5-pro", "gemini", 0, &used)
                .unwrap()
                .output,
        )
    };
    assert_eq!(cost(200_000, 0), 10.0);
    assert_eq!(cost(1, 200_000), 15.0);
}

#[test]
fn a_regions_profile_costs_more() {
    let prices = Prices::default();
    let cost = |model| {
        prices
            .cost(model, "bedrock", 0, &tokens(1_000_000, 0))
            .map(|c| dollars(c.total()))
    };
    assert_eq!(
        cost("us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        Some(3.3)
    );
    assert_eq!(
        cost("global.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        Some(3.0)
    );
    assert_eq!(cost("anthropic.claude-sonnet-4-5-20250929-v1:0"), Some(3.0));
}

#[test]
fn what_the_configuration_says_goes_first() {
    let prices = prices(&[
        (
            "claude-sonnet-4-5",
            "1/2 ; 3/4 provider=team ; 5/6 from=2026-01-01",
        ),
        ("my-model", "input=1 output=2 cache_read=0.5 reasoning=4"),
    ]);
    let day = 86_400_000_000;
    let input = |model, provider, at| {
        let cost = prices.cost(model, provider, at, &tokens(1_000_000, 0));
        dollars(cost.unwrap().total())
    };
    assert_eq!(input("claude-sonnet-4-5-20250929", "anthropic", 0), 1.0);
    assert_eq!(input("claude-sonnet-4-5", "team", 0), 3.0);
    assert_eq!(
        input("claude-sonnet-4-5", "anthropic", 20_454 * day - 1),
        1.0
    );
    assert_eq!(input("claude-sonnet-4-5", "anthropic", 20_454 * day), 5.0);
    let thought = Tokens {
        cache_read: Some(1_000_000),
        reasoning: Some(500_000),
        ..tokens(0, 1_000_000)
    };
    let cost = prices.cost("my-model", "x", 0, &thought).unwrap();
    assert_eq!(dollars(cost.output), 3.0);
    assert_eq!(dollars(cost.cache_read), 0.5);
}

#[test]
fn a_providers_prices_are_for_it_alone_and_its_star_comes_late() {
    let own = BTreeMap::from([
        (
            "a".to_owned(),
            Price {
                input: 7.0,
                output: 8.0,
            },
        ),
        (
            "*".to_owned(),
            Price {
                input: 0.0,
                output: 0.0,
            },
        ),
    ]);
    let prices = prices(&[("b", "1/1")]).with_provider("local", &own);
    let input = |model, provider| {
        let cost = prices.cost(model, provider, 0, &tokens(1_000_000, 0));
        cost.map(|cost| dollars(cost.total()))
    };
    assert_eq!(input("a", "local"), Some(7.0));
    assert_eq!(input("b", "local"), Some(1.0));
    assert_eq!(input("claude-sonnet-4-5", "local"), Some(0.0));
    assert_eq!(input("claude-sonnet-4-5", "anthropic"), Some(3.0));
    assert_eq!(input("a", "anthropic"), None);
}

#[test]
fn caches_keep_their_share_of_a_price_that_the_configuration_sets() {
    let prices = prices(&[("claude-opus-4-5", "10/50"), ("mine", "10/50")]);
    let used = Tokens {
        cache_read: Some(1_000_000),
        ..Tokens::default()
    };
    let cost = |model| dollars(prices.cost(model, "x", 0, &used).unwrap().total());
    assert_eq!(cost("claude-opus-4-5"), 1.0);
    assert_eq!(cost("mine"), 10.0);
}

#[test]
fn an_alias_has_the_price_of_another() {
    let aliases = BTreeMap::from([("Fast".to_owned(), "claude-haiku-4-5".to_owned())]);
    let prices = Prices::new(Vec::new(), aliases);
    let cost = prices.cost("fast", "anthropic", 0, &tokens(1_000_000, 0));
    assert_eq!(cost.map(|cost| dollars(cost.total())), Some(1.0));
}

#[test]
fn what_a_cache_saves_and_what_it_costs() {
    let prices = Prices::default();
    let quote = prices.quote("claude-opus-4-5", "anthropic", 0).unwrap();
    let used = |read, write| Tokens {
        cache_read: Some(read),
        cache_write: Some(write),
        ..Tokens::default()
    };
    let saved = |read, write| quote.saved_on_sums(0, &used(read, write)).map(dollars);
    assert_eq!(saved(1_000_000, 0), Some(4.5));
    assert_eq!(saved(0, 1_000_000), Some(-1.25));
}

#[test]
fn bands_begin_where_prices_change() {
    assert_eq!(
        (band(0), band(32_000), band(32_001), band(u64::MAX)),
        (0, 0, 1, 7)
    );
    for prompt in [0, 32_000, 32_001, 199_999, 200_001, 600_000] {
        assert!(band_start(band(prompt)) <= prompt);
        assert_eq!(band(band_start(band(prompt))), band(prompt));
    }
}

#[test]
fn prices_that_cannot_be_read_say_why() {
    for (text, why) in [
        ("", "has no price"),
        ("free", "has `free` where"),
        ("1/x", "is not a price"),
        ("cost=3", "has `cost`, which is none of"),
        ("input=-1", "write dollars"),
        ("input=1e9", "write dollars"),
        ("1/2 from=tomorrow", "write a day"),
        ("1/2 from=2026-02-30", "write a day"),
    ] {
        let error = read_prices("m", text).unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
    }
}
