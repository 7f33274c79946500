use super::*;

#[test]
fn a_reload_keeps_what_was_learnt_of_keys_that_stay() {
    let mut keys = keys(3);
    keys[0].rpm_limit = Some(2);
    let mut old = KeyPool::new(&keys, KeyStrategy::RoundRobin);
    old.learn(id(1), 429, &headers(&[("retry-after", "9")]), START);
    old.learn(id(2), 401, &HeaderMap::new(), START);
    assert_eq!(next(&mut old, START), Some(0));
    keys[0].rpm_limit = Some(3);
    keys.reverse();
    keys.push(key("k-new"));
    let pool = old.rebuilt(&keys, KeyStrategy::LeastLoaded);
    let views = pool.views(START);
    let names: Vec<_> = views.iter().map(|view| view.id).collect();
    assert_eq!(names, [id(2), id(1), id(0), KeyId::of("k-new")]);
    assert_eq!(views[0].status, KeyStatus::Benched);
    assert_eq!(views[1].status, KeyStatus::RateLimited);
    assert_eq!(views[1].cooldown_until, Some(START.unix_ms + 9_000));
    assert_eq!(views[2].rpm.remaining, Some(2), "one of three is used up");
    assert_eq!(views[2].in_flight, 0, "that one ends with the old pool");
    assert_eq!(views[3].status, KeyStatus::Healthy);
}

#[test]
fn a_charge_finds_its_key_after_the_pool_has_changed() {
    let mut keys = keys(2);
    keys[1].itpm_limit = Some(100);
    let mut pool = KeyPool::new(&keys, KeyStrategy::RoundRobin);
    pool.set_enabled(id(0), false).unwrap();
    let chosen = pool.select(&tokens(90), START, 0).unwrap();
    pool.remove(id(0)).unwrap();
    pool.settle(chosen.charge, Some(Tokens::default()), START);
    let view = &pool.views(START)[0];
    assert_eq!((view.in_flight, view.itpm.remaining), (0, Some(100)));
}

#[test]
fn a_switch_holds_over_reloads_until_the_configuration_moves_it() {
    let mut keys = keys(2);
    let mut pool = KeyPool::new(&keys, KeyStrategy::LeastLoaded);
    pool.set_enabled(id(0), false).unwrap();
    assert_eq!(next(&mut pool, START), Some(1));
    let pool = pool.rebuilt(&keys, KeyStrategy::LeastLoaded);
    assert_eq!(pool.views(START)[0].status, KeyStatus::Disabled);
    keys[0].enabled = false;
    let pool = pool.rebuilt(&keys, KeyStrategy::LeastLoaded);
    keys[0].enabled = true;
    let pool = pool.rebuilt(&keys, KeyStrategy::LeastLoaded);
    assert_eq!(pool.views(START)[0].status, KeyStatus::Healthy);
}

#[test]
fn keys_added_and_removed_stay_so_over_reloads() {
    let keys = keys(2);
    let mut pool = KeyPool::new(&keys, KeyStrategy::LeastLoaded);
    let added = pool.add(key("k-added")).unwrap();
    pool.remove(id(0)).unwrap();
    let mut pool = pool.rebuilt(&keys, KeyStrategy::LeastLoaded);
    let ids: Vec<_> = pool.views(START).iter().map(|view| view.id).collect();
    assert_eq!(ids, [id(1), added]);
    assert!(pool.views(START)[1].added);
    assert_eq!(pool.add(key("k-0")), Ok(id(0)));
    let pool = pool.rebuilt(&keys, KeyStrategy::LeastLoaded);
    assert_eq!(pool.len(), 3);
    assert!(!pool.views(START)[0].added, "the configuration has it");
}

#[test]
fn what_cannot_be_done_is_refused_with_a_reason() {
    let mut pool = pool(1, KeyStrategy::LeastLoaded);
    assert_eq!(pool.set_enabled(id(9), true), Err(SteerError::Unknown));
    assert_eq!(pool.reset(id(9)), Err(SteerError::Unknown));
    assert_eq!(pool.remove(id(9)), Err(SteerError::Unknown));
    assert_eq!(pool.add(key("k-0")), Err(SteerError::Duplicate));
    assert_eq!(pool.add(key("")), Err(SteerError::Empty));
    for index in pool.len()..MAX_KEYS {
        pool.add(key(&format!("more-{index}"))).unwrap();
    }
    assert_eq!(pool.add(key("one more")), Err(SteerError::Full));
}

#[test]
fn keys_are_found_by_id_and_by_name() {
    let mut keys = keys(3);
    keys[0].name = Some("work".to_owned());
    keys[1].name = Some("twice".to_owned());
    keys[2].name = Some("twice".to_owned());
    let pool = KeyPool::new(&keys, KeyStrategy::LeastLoaded);
    assert_eq!(pool.find("work"), Ok(id(0)));
    let upper = id(2).to_string().to_uppercase();
    assert_eq!(pool.find(&upper), Ok(id(2)));
    assert_eq!(pool.find("twice"), Err(SteerError::Ambiguous));
    assert_eq!(pool.find("k-0"), Err(SteerError::Unknown), "not by secret");
    assert_eq!(pool.key(id(0)).unwrap().name.as_deref(), Some("work"));
}

#[test]
fn a_secret_that_is_configured_twice_is_steered_and_taught_as_one() {
    let mut pool = KeyPool::new(&[key("k-0"), key("k-0")], KeyStrategy::RoundRobin);
    let order: Vec<_> = (0..3).filter_map(|_| next(&mut pool, START)).collect();
    assert_eq!(order, [0, 1, 0]);
    pool.learn(id(0), 429, &HeaderMap::new(), START);
    assert_eq!(pool.available(START), 0);
    pool.reset(id(0)).unwrap();
    assert_eq!(pool.available(START), 2);
}

#[test]
fn a_reset_forgets_pauses_and_fills_buckets() {
    let mut keys = keys(1);
    keys[0].rpm_limit = Some(1);
    let mut pool = KeyPool::new(&keys, KeyStrategy::LeastLoaded);
    assert!(next(&mut pool, START).is_some());
    pool.learn(id(0), 401, &headers(&[("retry-after", "9")]), START);
    let stated = headers(&[
        ("retry-after", "9"),
        ("anthropic-ratelimit-unified-status", "rejected"),
        ("anthropic-ratelimit-tokens-remaining", "0"),
    ]);
    pool.learn(id(0), 429, &stated, START);
    assert_eq!(pool.available(START), 0);
    pool.reset(id(0)).unwrap();
    assert_eq!(pool.available(START), 1);
    let view = &pool.views(START)[0];
    assert_eq!(view.consecutive_errors, 0);
    assert_eq!(view.requests, 1, "totals stay");
}

#[test]
fn a_view_shows_everything_but_the_secret() {
    let mut one = key("sk-very-secret");
    one.name = Some("work".to_owned());
    one.rpm_limit = Some(10);
    let mut pool = KeyPool::new(&[one], KeyStrategy::LeastLoaded);
    let stated = headers(&[
        ("retry-after", "9"),
        ("anthropic-organization-id", "org-1"),
        ("anthropic-ratelimit-unified-5h-utilization", "0.25"),
        ("anthropic-ratelimit-unified-5h-status", "allowed"),
        ("anthropic-ratelimit-unified-5h-reset", "1767300489"),
    ]);
    let id = pool.select(&Ask::default(), START, 0).unwrap().id;
    pool.learn(id, 429, &stated, START);
    let json = serde_json::to_value(pool.views(START)).unwrap();
    let view = &json[0];
    assert!(!json.to_string().contains("sk-very"), "{json}");
    assert_eq!(view["id"], id.to_string());
    assert_eq!(view["name"], "work");
    assert_eq!(view["status"], "rate_limited");
    assert_eq!(view["in_flight"], 1);
    assert_eq!(view["capacity"], 75);
    assert_eq!(view["rpm"]["limit"], 10);
    assert_eq!(view["rpm"]["used"], 1);
    assert_eq!(view["rpm"]["resets_at"], START.unix_ms + 6_000);
    assert_eq!(view["cooldown_until"], START.unix_ms + 9_000);
    assert_eq!(view["last_error"]["status"], 429);
    assert_eq!(view["organization_id"], "org-1");
    assert_eq!(view["windows"][0]["window"], "5h");
    assert_eq!(view["windows"][0]["used"], 0.25);
    assert_eq!(view["windows"][0]["status"], "allowed");
    assert_eq!(view["windows"][0]["resets_at"], 1_767_300_489_000_i64);
    assert!(!format!("{pool:?}").contains("sk-very"));
}
