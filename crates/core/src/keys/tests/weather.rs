use super::*;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

/// A reading of the five hours that end `left_ms` after `now`.
fn five_hours(used: f64, left_ms: u64, now: Now) -> HeaderMap {
    let reset = (now.unix_ms.saturating_add_unsigned(left_ms) / 1_000).to_string();
    headers(&[
        ("anthropic-ratelimit-unified-status", "allowed"),
        (
            "anthropic-ratelimit-unified-5h-utilization",
            &format!("{used:.2}"),
        ),
        ("anthropic-ratelimit-unified-5h-reset", &reset),
    ])
}

/// A pool of one key whose five hours are at `used` after two hours at `hourly`, and now.
fn after_two_hours(used: f64, hourly: f64) -> (KeyPool, Now) {
    let mut pool = pool(1, KeyStrategy::LeastLoaded);
    let mut now = START;
    for minute in (0..=120_u32).rev() {
        let before = hourly * f64::from(minute) / 60.0;
        let left = 3 * HOUR + u64::from(minute) * MINUTE;
        pool.learn(id(0), 200, &five_hours(used - before, left, now), now);
        if minute > 0 {
            now = now.plus_ms(MINUTE);
        }
    }
    (pool, now)
}

fn may(pool: &mut KeyPool, class: Class, now: Now) -> bool {
    let ask = Ask {
        class,
        ..Ask::default()
    };
    match pool.select(&ask, now, 0) {
        Ok(chosen) => {
            pool.settle(chosen.charge, None, now);
            true
        }
        Err(_) => false,
    }
}

fn who(pool: &mut KeyPool, now: Now) -> [bool; 3] {
    [Class::Foreground, Class::Subagent, Class::Batch].map(|class| may(pool, class, now))
}

fn only_forecast(pool: &KeyPool, now: Now) -> Forecast {
    let forecasts = pool.forecasts(id(0), now);
    assert_eq!(forecasts.len(), 1, "{forecasts:?}");
    forecasts[0]
}

#[test]
fn a_window_spent_at_a_steady_rate_is_gone_when_the_forecast_says() {
    let (pool, now) = after_two_hours(0.6, 0.3);
    let forecast = only_forecast(&pool, now);
    assert_eq!(forecast.window, Window::FiveHour);
    assert!((forecast.used - 0.6).abs() < 1e-9);
    assert!((forecast.hourly.unwrap() - 0.3).abs() < 0.01);
    let ahead = forecast.spent_at.unwrap() - now.unix_ms;
    assert!((ahead - 4_800_000).abs() < 180_000, "{ahead} ms");
    assert!(!forecast.short, "there is much left");
}

#[test]
fn a_window_that_lasts_until_its_reset_holds_nobody() {
    let (mut pool, now) = after_two_hours(0.95, 0.01);
    let forecast = only_forecast(&pool, now);
    assert_eq!((forecast.spent_at, forecast.short), (None, false));
    assert_eq!(who(&mut pool, now), [true, true, true]);
}

#[test]
fn when_a_window_runs_short_batches_wait_first_and_then_subagents() {
    for (used, expected) in [
        (0.75, [true, true, true]),
        (0.82, [true, true, false]),
        (0.92, [true, false, false]),
        (0.99, [true, false, false]),
    ] {
        let (mut pool, now) = after_two_hours(used, 0.3);
        assert_eq!(who(&mut pool, now), expected, "{used}");
        let short = only_forecast(&pool, now).short;
        assert_eq!(short, used > 1.0 - BATCH_RESERVE, "{used}");
    }
}

#[test]
fn a_batch_that_is_held_is_told_why_and_goes_to_a_key_with_more_left() {
    let (mut pool, now) = after_two_hours(0.85, 0.3);
    let ask = Ask {
        class: Class::Batch,
        ..Ask::default()
    };
    let refused = pool.select(&ask, now, 0).unwrap_err();
    assert_eq!((refused.why, refused.wait_ms), (Why::Held, 3 * HOUR));
    assert_eq!(pool.available(now), 1, "it is there for the others");
    pool.add(key("k-1")).unwrap();
    assert_eq!(pool.select(&ask, now, 0).unwrap().index, 1);
}

#[test]
fn when_use_dies_down_batches_go_on() {
    let (mut pool, now) = after_two_hours(0.85, 0.3);
    assert!(!may(&mut pool, Class::Batch, now));
    let later = now.plus_ms(HOUR);
    assert!(only_forecast(&pool, later).spent_at.is_none());
    assert!(may(&mut pool, Class::Batch, later));
}

#[test]
fn one_wrong_reading_does_not_move_the_forecast() {
    let (mut pool, now) = after_two_hours(0.6, 0.3);
    let before = only_forecast(&pool, now).hourly.unwrap();
    for (minute, used) in [(3, 0.99), (6, 0.63), (9, 0.0), (12, 0.66)] {
        let now = now.plus_ms(minute * MINUTE);
        let left = 3 * HOUR - minute * MINUTE;
        pool.learn(id(0), 200, &five_hours(used, left, now), now);
    }
    let now = now.plus_ms(12 * MINUTE);
    let after = only_forecast(&pool, now).hourly.unwrap();
    assert!((after - before).abs() < 0.03, "{before} then {after}");
}

#[test]
fn after_a_start_the_mean_since_the_window_began_has_to_do() {
    let mut pool = pool(1, KeyStrategy::LeastLoaded);
    pool.learn(id(0), 200, &five_hours(0.5, 4 * HOUR, START), START);
    let forecast = only_forecast(&pool, START);
    assert!((forecast.hourly.unwrap() - 0.5).abs() < 0.01);
    assert!(forecast.spent_at.is_some());
    let young = five_hours(0.01, 5 * HOUR - MINUTE, START);
    pool.reset_all();
    pool.learn(id(0), 200, &young, START);
    assert_eq!(only_forecast(&pool, START).hourly, None, "too young");
}

#[test]
fn a_new_window_begins_without_the_old_ones_past() {
    let (mut pool, now) = after_two_hours(0.9, 0.3);
    let later = now.plus_ms(3 * HOUR);
    assert!(pool.forecasts(id(0), later).is_empty(), "nothing holds");
    pool.learn(id(0), 200, &five_hours(0.0, 5 * HOUR, later), later);
    let forecast = only_forecast(&pool, later);
    assert_eq!((forecast.hourly, forecast.spent_at), (None, None));
    assert_eq!(who(&mut pool, later), [true, true, true]);
}

#[test]
fn the_windows_of_codex_are_forecast_too() {
    let mut pool = pool(1, KeyStrategy::LeastLoaded);
    let mut now = START;
    for step in 0..=60_u64 {
        let stated = headers(&[
            ("x-codex-primary-used-percent", &(25 + step).to_string()),
            ("x-codex-primary-window-minutes", "300"),
            (
                "x-codex-primary-reset-after-seconds",
                &(14_400 - step * 60).to_string(),
            ),
        ]);
        pool.learn(id(0), 200, &stated, now);
        now = now.plus_ms(MINUTE);
    }
    let forecast = only_forecast(&pool, now);
    assert_eq!(forecast.window, Window::CodexPrimary);
    let ahead = forecast.spent_at.unwrap() - now.unix_ms;
    assert!((ahead - 900_000).abs() < 90_000, "{ahead} ms");
    assert_eq!(who(&mut pool, now), [true, true, false]);
}

#[test]
fn limits_a_minute_hold_batches_while_they_run_dry() {
    let mut pool = pool(1, KeyStrategy::LeastLoaded);
    let mut now = START;
    for step in 0..30_u64 {
        let stated = headers(&[
            ("x-ratelimit-limit-tokens", "1000"),
            (
                "x-ratelimit-remaining-tokens",
                &(1_000 - step * 30).to_string(),
            ),
            ("x-ratelimit-reset-tokens", "55s"),
        ]);
        pool.learn(id(0), 200, &stated, now);
        now = now.plus_ms(1_000);
    }
    assert_eq!(who(&mut pool, now), [true, true, false]);
    let full = now.plus_ms(56_000);
    assert_eq!(who(&mut pool, full), [true, true, true]);
}
