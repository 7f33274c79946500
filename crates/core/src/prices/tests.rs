use super::*;

/// 2026-11-21, in microseconds.
const NOW: i64 = 1_795_219_200_000_000;

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
        ..Tokens::default()
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

fn on(tier: Tier, place: Place, used: Tokens) -> Tokens {
    Tokens {
        terms: Terms { tier, place },
        ..used
    }
}

#[test]
fn tiers_and_places_cost_what_their_lists_say_and_unknown_ones_have_no_cost() {
    let prices = Prices::default();
    let cost = |model, tier, place| {
        let cost = prices.cost(
            model,
            "x",
            NOW,
            &on(tier, place, tokens(1_000_000, 100_000)),
        );
        cost.map(|cost| dollars(cost.total()))
    };
    let anywhere = Place::Anywhere;
    assert_eq!(cost("claude-opus-4-6", Tier::Standard, anywhere), Some(7.5));
    assert_eq!(cost("claude-opus-4-6", Tier::Batch, anywhere), Some(3.75));
    assert_eq!(cost("claude-opus-4-6", Tier::Fast, anywhere), Some(45.0));
    assert_eq!(
        cost("claude-opus-4-6", Tier::Standard, Place::Us),
        Some(8.25)
    );
    assert_eq!(cost("claude-opus-5", Tier::Fast, Place::Us), Some(16.5));
    assert_eq!(cost("claude-opus-4-6", Tier::Priority, anywhere), None);
    assert_eq!(cost("claude-opus-4-6", Tier::Standard, Place::Other), None);
    // Before places could be chosen.
    assert_eq!(cost("claude-opus-4-5", Tier::Standard, Place::Us), None);
    assert_eq!(cost("gpt-5.2", Tier::Standard, anywhere), Some(3.15));
    assert_eq!(cost("gpt-5.2", Tier::Flex, anywhere), Some(1.575));
    assert_eq!(cost("gpt-5.2", Tier::Priority, anywhere), Some(6.3));
    assert_eq!(cost("gpt-5.2", Tier::Other, anywhere), None);
}

#[test]
fn what_is_read_from_a_cache_may_have_another_share_and_long_prompts_none() {
    let prices = Prices::default();
    let cost = |model, tier, input, cached| {
        let used = Tokens {
            cache_read: Some(cached),
            ..tokens(input, 0)
        };
        let cost = prices.cost(model, "gemini", NOW, &on(tier, Place::Anywhere, used));
        cost.map(|cost| dollars(cost.total()))
    };
    assert_eq!(
        cost("gemini-2.5-pro", Tier::Flex, 100_000, 100_000),
        Some(0.075)
    );
    assert_eq!(cost("gemini-2.5-pro", Tier::Flex, 100_000, 100_001), None);
    assert_eq!(
        cost("gemini-2.5-pro", Tier::Priority, 100_000, 300_000),
        Some(0.585)
    );
}

#[test]
fn what_the_configuration_says_holds_on_all_terms_unless_they_have_a_known_share() {
    let prices = prices(&[
        ("mine", "10/10"),
        (
            "claude-opus-4-6",
            "10/50; 30/150 tier=priority; 1/1 tier=flex provider=p",
        ),
        ("claude-opus-5", "4/4 tier=priority from=2026-01-01"),
    ]);
    let cost = |model, provider, tier, place| {
        let cost = prices.cost(model, provider, NOW, &on(tier, place, tokens(1_000_000, 0)));
        cost.map(|cost| dollars(cost.total()))
    };
    let anywhere = Place::Anywhere;
    assert_eq!(cost("mine", "p", Tier::Other, Place::Other), Some(10.0));
    assert_eq!(
        cost("claude-opus-4-6", "p", Tier::Batch, Place::Us),
        Some(5.5)
    );
    assert_eq!(
        cost("claude-opus-4-6", "p", Tier::Priority, anywhere),
        Some(30.0)
    );
    assert_eq!(
        cost("claude-opus-4-6", "p", Tier::Flex, anywhere),
        Some(1.0)
    );
    assert_eq!(
        cost("claude-opus-4-6", "q", Tier::Flex, anywhere),
        Some(10.0)
    );
    // A price of one tier leaves the others to the list.
    assert_eq!(
        cost("claude-opus-5", "p", Tier::Standard, anywhere),
        Some(5.0)
    );
    assert_eq!(
        cost("claude-opus-5", "p", Tier::Priority, anywhere),
        Some(4.0)
    );
    // Caches keep their share there too.
    let used = Tokens {
        cache_read: Some(1_000_000),
        ..Tokens::default()
    };
    let used = on(Tier::Priority, anywhere, used);
    let cost = prices.cost("claude-opus-4-6", "p", NOW, &used).unwrap();
    assert_eq!(dollars(cost.total()), 3.0);
}

#[test]
fn an_exchange_has_the_price_of_its_day() {
    let prices = Prices::default();
    let day = |text| day_start(text).unwrap();
    let cost = |model, at, input| {
        let cost = prices.cost(model, "openai", at, &tokens(input, 0)).unwrap();
        dollars(cost.total())
    };
    let cut = day("2026-08-21");
    assert_eq!(cost("gpt-5.6-sol", cut - 1, 100_000), 0.5);
    assert_eq!(cost("gpt-5.6-sol", cut, 100_000), 0.4);
    assert_eq!(cost("gpt-5.6-sol", cut - 1, 300_000), 3.0);
    assert_eq!(cost("gpt-5.6-luna", day("2026-07-30") - 1, 100_000), 0.1);
    assert_eq!(cost("gpt-5.6-luna", day("2026-07-30"), 100_000), 0.02);
}

#[test]
fn terms_are_read_from_every_providers_words_and_come_back_from_their_number() {
    let said = |tier, speed, place| Terms::said(tier, speed, place);
    for word in ["standard", "default", "auto", "on_demand", "", "ON_DEMAND"] {
        assert_eq!(
            said(Some(word), Some("standard"), Some("not_available")),
            Terms::default()
        );
    }
    for (word, tier) in [
        ("priority", Tier::Priority),
        ("SERVICE_TIER_FLEX", Tier::Flex),
        ("ON_DEMAND_PRIORITY", Tier::Priority),
        ("PROVISIONED_THROUGHPUT", Tier::Other),
        ("scale", Tier::Other),
        ("batch", Tier::Batch),
    ] {
        assert_eq!(said(Some(word), None, None).tier, tier, "{word}");
    }
    assert_eq!(said(Some("standard"), Some("fast"), None).tier, Tier::Fast);
    assert_eq!(said(Some("priority"), Some("fast"), None).tier, Tier::Other);
    assert_eq!(said(None, None, Some("us")).place, Place::Us);
    assert_eq!(said(None, None, Some("eu")).place, Place::Other);
    let tiers = Tier::NAMES.map(|(_, tier)| tier);
    for tier in tiers.into_iter().chain([Tier::Other]) {
        for place in [Place::Anywhere, Place::Us, Place::Other] {
            let used = on(tier, place, tokens(300_000, 1));
            let class = class(&used);
            assert_eq!(class_terms(class), used.terms);
            assert_eq!(band_start(class), 272_001);
        }
    }
    assert_eq!(class(&tokens(1, 1)), 0, "what was stored before terms were");
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
        ("1/2 tier=first", "a tier is one of"),
        ("1/2 from=tomorrow", "write a day"),
        ("1/2 from=2026-02-30", "write a day"),
    ] {
        let error = read_prices("m", text).unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
    }
}
