//! Weeks of made-up traffic, replayed header by header, to measure what forecasts and learning are
//! worth.

use super::*;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const WEEK: u64 = 7 * 24 * HOUR;

/// A small generator, so that each week is the same in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// From 0 to 1.
    fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The part of a window that is spent after each minute of a week of agents at work: each hour
/// has a pace of its own, between 75 and 125 percent of `hourly`, each minute is up to three times
/// as busy as the next, and in three of ten nothing happens.
fn week(hourly: f64, dice: &mut Dice) -> Vec<f64> {
    let mut used = 0.0;
    let mut pace = 1.0;
    (0..WEEK / MINUTE)
        .map(|minute| {
            if minute % 60 == 0 {
                pace = 0.75 + 0.5 * dice.part();
            }
            if dice.part() >= 0.3 {
                // The mean of a minute that is not idle is 1, seven of ten are not.
                let busy = 0.5 + dice.part();
                used += hourly / 60.0 * pace * busy / 0.7;
            }
            used
        })
        .collect()
}

fn reading(name: [&'static str; 2], used: f64, left_ms: u64, now: Now) -> HeaderMap {
    let reset = (now.unix_ms.saturating_add_unsigned(left_ms) / 1_000).to_string();
    // Providers state two digits.
    let used = format!("{used:.2}");
    headers(&[(name[0], &used), (name[1], &reset)])
}

/// How wrong the forecast is that was made `horizon` minutes before the end, in minutes; and how
/// wrong it would be of somebody who knows the mean rate and what is spent exactly.
fn errors_at(name: [&'static str; 2], length: u64, hourly: f64, dice: &mut Dice) -> [f64; 2] {
    let horizon: u32 = if length == WEEK { 6 * 60 } else { 60 };
    let spent = week(hourly, dice);
    let end = spent.iter().position(|used| *used >= 1.0).unwrap();
    let present = end - horizon as usize;
    let mut pool = pool(1, KeyStrategy::LeastLoaded);
    let mut before = -1.0;
    for (minute, used) in spent[..=present].iter().enumerate() {
        let at = minute as u64 * MINUTE;
        // A minute without requests has no answer to read.
        if *used > before {
            let now = START.plus_ms(at);
            pool.learn(id(0), 200, &reading(name, *used, length - at, now), now);
        }
        before = *used;
    }
    let now = START.plus_ms(present as u64 * MINUTE);
    let forecast = pool.forecasts(id(0), now)[0];
    let said = forecast.spent_at.unwrap_or(forecast.resets_at) - now.unix_ms;
    let known = (1.0 - spent[present]) / hourly * 60.0;
    [said as f64 / MINUTE as f64, known].map(|minutes| (minutes - f64::from(horizon)).abs())
}

fn mean(errors: &[[f64; 2]], of: usize) -> f64 {
    errors.iter().map(|both| both[of]).sum::<f64>() / errors.len() as f64
}

const SEVEN_DAY: [&str; 2] = [
    "anthropic-ratelimit-unified-7d-utilization",
    "anthropic-ratelimit-unified-7d-reset",
];
const FIVE_HOUR: [&str; 2] = [
    "anthropic-ratelimit-unified-5h-utilization",
    "anthropic-ratelimit-unified-5h-reset",
];

#[test]
fn six_hours_ahead_the_end_of_a_week_is_forecast_within_half_an_hour() {
    let mut dice = Dice(7);
    let hourly = (0..60).map(|week| 0.007 + 0.0003 * f64::from(week));
    let errors: Vec<_> = hourly
        .map(|hourly| errors_at(SEVEN_DAY, WEEK, hourly, &mut dice))
        .collect();
    let (ours, best) = (mean(&errors, 0), mean(&errors, 1));
    println!("7d at 6 h: {ours:.1} min, who knows the mean {best:.1} min");
    assert!(ours <= 30.0, "{ours:.1} min of {errors:.0?}");
    assert!(ours <= 1.5 * best, "{ours:.1} and {best:.1} min");
}

#[test]
fn an_hour_ahead_the_end_of_five_hours_is_forecast_within_a_quarter() {
    let mut dice = Dice(11);
    let hourly = (0..60).map(|window| 0.3 + 0.003 * f64::from(window));
    let errors: Vec<_> = hourly
        .map(|hourly| errors_at(FIVE_HOUR, 5 * HOUR, hourly, &mut dice))
        .collect();
    let (ours, best) = (mean(&errors, 0), mean(&errors, 1));
    println!("5h at 1 h: {ours:.1} min, who knows the mean {best:.1} min");
    assert!(ours <= 15.0, "{ours:.1} min of {errors:.0?}");
}

/// A provider that counts each account's week.
struct Account {
    used: f64,
}

impl Account {
    fn answer(&mut self, cost: f64, left_ms: u64, now: Now) -> (u16, HeaderMap) {
        if self.used >= 1.0 {
            let reset = (now.unix_ms.saturating_add_unsigned(left_ms) / 1_000).to_string();
            let stated = headers(&[
                ("anthropic-ratelimit-unified-status", "rejected"),
                ("anthropic-ratelimit-unified-reset", &reset),
            ]);
            return (429, stated);
        }
        self.used += cost;
        let stated = reading(SEVEN_DAY, self.used.min(1.0), left_ms, now);
        (200, stated)
    }
}

/// The share of each class that is answered in a week in which twice as much is wished for as two
/// accounts have; a twentieth is foreground, three twentieths are subagents. `told` is what the
/// pool is told of a class.
fn answered(told: fn(Class) -> Class) -> [f64; 3] {
    let mut dice = Dice(3);
    let mut pool = pool(2, KeyStrategy::LeastLoaded);
    let mut accounts = [Account { used: 0.0 }, Account { used: 0.0 }];
    let mut counts = [[0_u32; 2]; 3];
    for minute in 0..WEEK / MINUTE {
        let now = START.plus_ms(minute * MINUTE);
        let class = match dice.next() % 20 {
            0 => Class::Foreground,
            1..=3 => Class::Subagent,
            _ => Class::Batch,
        };
        let [asked, got] = &mut counts[class as usize];
        *asked += 1;
        let ask = Ask {
            class: told(class),
            ..Ask::default()
        };
        let Ok(chosen) = pool.select(&ask, now, 0) else {
            continue;
        };
        let left = WEEK - minute * MINUTE;
        let cost = 4.0 * MINUTE as f64 / WEEK as f64;
        let (status, stated) = accounts[chosen.index].answer(cost, left, now);
        pool.learn(chosen.id, status, &stated, now);
        pool.settle(chosen.charge, None, now);
        *got += u32::from(status == 200);
    }
    counts.map(|[asked, got]| f64::from(got) / f64::from(asked))
}

#[test]
fn foreground_gets_through_a_week_that_batches_alone_would_have_spent() {
    let alike = answered(|_| Class::Foreground);
    let by_class = answered(|class| class);
    println!("answered without classes {alike:.2?}, with them {by_class:.2?}");
    assert!(alike[0] < 0.6, "{alike:?}");
    assert!(by_class[0] >= 1.0, "{by_class:?}");
    assert!(by_class[1] > by_class[2] + 0.2, "{by_class:?}");
    assert!(by_class[2] > 0.3, "{by_class:?}");
}

/// A limit a minute as a provider keeps it.
#[derive(Clone, Copy)]
struct Provider {
    limit: f64,
    level: f64,
    at_ms: u64,
}

impl Provider {
    fn new(limit: f64) -> Self {
        Self {
            limit,
            level: limit,
            at_ms: START.ms,
        }
    }

    fn takes(&mut self, now: Now) -> bool {
        let minutes = (now.ms - self.at_ms) as f64 / MINUTE as f64;
        self.level = (self.level + minutes * self.limit).min(self.limit);
        self.at_ms = now.ms;
        let takes = self.level >= 1.0;
        self.level -= f64::from(u8::from(takes));
        takes
    }

    fn headers(&self) -> HeaderMap {
        let missing = (self.limit - self.level) / self.limit * 60.0;
        headers(&[
            ("x-ratelimit-limit-requests", &format!("{}", self.limit)),
            (
                "x-ratelimit-remaining-requests",
                &format!("{:.0}", self.level.floor()),
            ),
            ("x-ratelimit-reset-requests", &format!("{missing:.3}s")),
        ])
    }
}

/// What becomes of an hour of 90 requests a minute over keys that take 60, 30, 20 and 10 a minute:
/// how many are refused by the provider, and how many find no key.
fn an_hour(choose: &mut dyn FnMut(Now) -> Option<usize>, learn: &mut Learn<'_>) -> (u32, u32) {
    const PER_MINUTE: u64 = 90;
    let mut providers = [60.0, 30.0, 20.0, 10.0].map(Provider::new);
    let (mut refused, mut none) = (0, 0);
    for request in 0..60 * PER_MINUTE {
        let now = START.plus_ms(request * MINUTE / PER_MINUTE);
        let Some(index) = choose(now) else {
            none += 1;
            continue;
        };
        let provider = &mut providers[index];
        let takes = provider.takes(now);
        refused += u32::from(!takes);
        learn(
            index,
            if takes { 200 } else { 429 },
            &provider.headers(),
            now,
        );
    }
    (refused, none)
}

type Learn<'a> = dyn FnMut(usize, u16, &HeaderMap, Now) + 'a;

#[test]
fn what_is_learnt_saves_most_of_the_refusals_of_plain_round_robin() {
    let mut turn = 0;
    let mut in_turn = |_| {
        turn += 1;
        Some(turn % 4)
    };
    let (plain, _) = an_hour(&mut in_turn, &mut |_, _, _, _| {});
    let pool = std::cell::RefCell::new(pool(4, KeyStrategy::LeastLoaded));
    let mut choose = |now| {
        let mut pool = pool.borrow_mut();
        let chosen = pool.select(&Ask::default(), now, 0).ok()?;
        pool.settle(chosen.charge, None, now);
        Some(chosen.index)
    };
    let mut learn = |index, status, stated: &HeaderMap, now| {
        pool.borrow_mut().learn(id(index), status, stated, now);
    };
    let (refused, none) = an_hour(&mut choose, &mut learn);
    println!("refused by the provider: {plain} plain, {refused} learnt; by the pool: {none}");
    assert_eq!(none, 0, "there is enough for all");
    assert!(f64::from(refused) <= 0.2 * f64::from(plain));
}
