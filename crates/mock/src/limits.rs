//! The headers by which a service tells what is left and when to come back: rate limits of every
//! family and `retry-after` in every form. Which of them an answer carries is the scenario's choice.

use weir_wire::dialect::Dialect;

use crate::clock;
use crate::headers::{Fields, replace};
use crate::scenario::Scenario;

/// When the limits of a scenario begin anew, unless it says otherwise: 2030-01-01.
const RESET: u64 = 1_893_456_000;

/// The counted windows: a setting, Anthropic's name, OpenAI's name.
const WINDOWS: [(&str, &str, &str); 4] = [
    ("requests", "requests", "requests"),
    ("tokens", "tokens", "tokens"),
    ("input_tokens", "input-tokens", ""),
    ("output_tokens", "output-tokens", ""),
];

/// The rate-limit headers that a scenario asks for: all of a family by `limits=`, or single
/// windows by their own settings.
pub(crate) fn add(dialect: Dialect, scenario: &Scenario, fields: &mut Fields) {
    let failing = matches!(scenario.name.as_str(), "429" | "rate_limit");
    let single = WINDOWS.iter().map(|(key, _, _)| *key);
    let has_single = single
        .chain(["5h", "7d", "codex_primary", "codex_secondary"])
        .any(|key| scenario.get(key).is_some());
    let default = match (has_single, failing) {
        (true, _) => "none",
        (false, true) => "zero",
        (false, false) => "full",
    };
    let mode = scenario.get("limits").unwrap_or(default);
    let reset = scenario.get("reset").and_then(clock::moment);
    let reset = reset.unwrap_or(RESET);
    match dialect {
        Dialect::AnthropicMessages => {
            anthropic(mode, reset, fields);
            anthropic_windows(scenario, reset, fields);
            unified_windows(scenario, reset, fields);
        }
        Dialect::OpenaiChat | Dialect::OpenaiResponses => {
            openai(mode, fields);
            openai_windows(scenario, fields);
            codex_windows(mode, scenario, fields);
        }
        Dialect::Gemini => {}
    }
}

fn anthropic(mode: &str, reset: u64, fields: &mut Fields) {
    let mut add = |name: &str, value: String| {
        fields.push((format!("anthropic-ratelimit-{name}"), value));
    };
    let is_zero = mode == "zero";
    if matches!(mode, "full" | "zero" | "all") {
        let kinds = [
            ("requests", 4000),
            ("tokens", 480_000),
            ("input-tokens", 400_000),
            ("output-tokens", 80_000),
        ];
        for (kind, limit) in kinds {
            let left = if is_zero { 0 } else { limit - 1 };
            add(&format!("{kind}-limit"), limit.to_string());
            add(&format!("{kind}-remaining"), left.to_string());
            add(&format!("{kind}-reset"), clock::rfc3339(reset));
        }
    }
    let window = |status, used| Unified { status, used };
    let allowed = |used| window("allowed", used);
    let (five, seven) = match mode {
        "zero" => (allowed("0.0"), allowed("0.0")),
        "unified" | "all" => (allowed("0.25"), allowed("0.5")),
        "warning" => (window("allowed_warning", "0.91"), allowed("0.62")),
        "rejected" => (window("rejected", "1.0"), allowed("0.62")),
        "rejected_7d" => (allowed("0.4"), window("rejected", "1.0")),
        _ => return,
    };
    unified([(five, reset), (seven, reset + 500_000)], fields);
    let left = if is_zero { "0.0" } else { "0.5" };
    fields.push((
        "anthropic-ratelimit-unified-fallback-percentage".to_owned(),
        left.to_owned(),
    ));
}

/// One window of a subscription.
#[derive(Clone, Copy)]
struct Unified<'a> {
    status: &'a str,
    used: &'a str,
}

/// Both windows of a subscription with their resets; the one that is refused speaks for all.
fn unified(windows: [(Unified<'_>, u64); 2], fields: &mut Fields) {
    let mut add = |name: String, value: &str| {
        fields.push((
            format!("anthropic-ratelimit-unified-{name}"),
            value.to_owned(),
        ));
    };
    let rank = |status: &str| match status {
        "rejected" => 2,
        "allowed_warning" => 1,
        _ => 0,
    };
    let [(five, _), (seven, _)] = windows;
    let speaks_second = rank(seven.status) > rank(five.status);
    let (speaker, reset) = windows[usize::from(speaks_second)];
    add("status".to_owned(), speaker.status);
    for ((window, reset), name) in windows.into_iter().zip(["5h", "7d"]) {
        add(format!("{name}-status"), window.status);
        add(format!("{name}-reset"), &reset.to_string());
        add(format!("{name}-utilization"), window.used);
    }
    let claim = if speaks_second {
        "seven_day"
    } else {
        "five_hour"
    };
    add("representative-claim".to_owned(), claim);
    add("reset".to_owned(), &reset.to_string());
    add("overage-status".to_owned(), "rejected");
    add("overage-disabled-reason".to_owned(), "org_level_disabled");
}

/// `LIMIT/REMAINING[/RESET]` of a setting.
fn counted(scenario: &Scenario, key: &str) -> Option<(String, String, Option<u64>)> {
    let mut words = scenario.get(key)?.split('/');
    let limit = words.next()?.to_owned();
    let left = words.next()?.to_owned();
    Some((limit, left, words.next().and_then(clock::moment)))
}

fn anthropic_windows(scenario: &Scenario, default_reset: u64, fields: &mut Fields) {
    for (key, name, _) in WINDOWS {
        let Some((limit, left, reset)) = counted(scenario, key) else {
            continue;
        };
        let reset = clock::rfc3339(reset.unwrap_or(default_reset));
        for (field, value) in [("limit", limit), ("remaining", left), ("reset", reset)] {
            replace(
                fields,
                &format!("anthropic-ratelimit-{name}-{field}"),
                &value,
            );
        }
    }
}

/// `5h=STATUS/USED[/RESET]` and `7d=` likewise.
fn unified_windows(scenario: &Scenario, default_reset: u64, fields: &mut Fields) {
    let (five, seven) = (scenario.get("5h"), scenario.get("7d"));
    if five.is_none() && seven.is_none() {
        return;
    }
    let window = |text: Option<&str>, default_reset: u64| {
        let text = text.unwrap_or("allowed/0.1");
        let mut words = text.split('/');
        let status = words.next().unwrap_or("allowed").to_owned();
        let used = words.next().unwrap_or("0.1").to_owned();
        let reset = words.next().and_then(clock::moment);
        (status, used, reset.unwrap_or(default_reset))
    };
    let (five, seven) = (
        window(five, default_reset),
        window(seven, default_reset + 500_000),
    );
    let both = [&five, &seven].map(|(status, used, reset)| {
        let window = Unified { status, used };
        (window, *reset)
    });
    fields.retain(|(name, _)| !name.starts_with("anthropic-ratelimit-unified-"));
    unified(both, fields);
}

fn openai(mode: &str, fields: &mut Fields) {
    if !matches!(
        mode,
        "full" | "zero" | "rejected" | "unified" | "warning" | "all"
    ) {
        return;
    }
    let is_zero = matches!(mode, "zero" | "rejected");
    let left = |limit: u64| if is_zero { 0 } else { limit - 1 }.to_string();
    let tokens_reset = if is_zero { "6m0s" } else { "0s" };
    for (name, value) in [
        ("limit-requests", "5000".to_owned()),
        ("limit-tokens", "800000".to_owned()),
        ("remaining-requests", left(5000)),
        ("remaining-tokens", left(800_000)),
        ("reset-requests", "12ms".to_owned()),
        ("reset-tokens", tokens_reset.to_owned()),
    ] {
        fields.push((format!("x-ratelimit-{name}"), value));
    }
}

fn openai_windows(scenario: &Scenario, fields: &mut Fields) {
    for (key, _, name) in WINDOWS {
        let Some((limit, left, reset)) = counted(scenario, key).filter(|_| !name.is_empty()) else {
            continue;
        };
        let wait = reset.map_or(0, |reset| reset.saturating_sub(clock::now()));
        let wait = clock::span(wait);
        for (field, value) in [("limit", limit), ("remaining", left), ("reset", wait)] {
            replace(fields, &format!("x-ratelimit-{field}-{name}"), &value);
        }
    }
}

/// The windows of a ChatGPT subscription: `codex_primary=PERCENT[/MINUTES[/RESET]]`, the second
/// likewise; both by `limits=codex` and `limits=codex_spent`.
fn codex_windows(mode: &str, scenario: &Scenario, fields: &mut Fields) {
    let (first, second) = match mode {
        "codex" => (Some("12.5"), Some("40")),
        "codex_spent" => (Some("100"), Some("71")),
        _ => (None, None),
    };
    let windows = [
        ("primary", scenario.get("codex_primary").or(first), "300"),
        (
            "secondary",
            scenario.get("codex_secondary").or(second),
            "10080",
        ),
    ];
    for (name, text, default_minutes) in windows {
        let Some(text) = text else { continue };
        let mut words = text.split('/');
        let used = words.next().unwrap_or("0");
        let minutes = words.next().unwrap_or(default_minutes);
        let length = minutes.parse().unwrap_or(0_u64).saturating_mul(60);
        let reset = words.next().and_then(clock::moment);
        let reset = reset.unwrap_or_else(|| clock::now().saturating_add(length));
        let wait = reset.saturating_sub(clock::now());
        for (field, value) in [
            ("used-percent", used.to_owned()),
            ("window-minutes", minutes.to_owned()),
            ("reset-after-seconds", wait.to_string()),
            ("reset-at", reset.to_string()),
        ] {
            replace(fields, &format!("x-codex-{name}-{field}"), &value);
        }
    }
}

/// `retry-after` and its kin on a failure.
pub(crate) fn retry(scenario: &Scenario, status: u16, fields: &mut Fields) {
    let in_ms = scenario.get("retry_after_ms");
    let default = (status == 429 && in_ms.is_none()).then_some("1");
    match scenario.get("retry_after").or(default) {
        None | Some("none") => {}
        Some(text) => fields.push(("retry-after".to_owned(), spelled(text))),
    }
    for (key, name) in [
        ("retry_after_ms", "retry-after-ms"),
        ("should_retry", "x-should-retry"),
    ] {
        if let Some(value) = scenario.get(key) {
            fields.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// `date:MOMENT` and `rfc3339:MOMENT` become dates; everything else goes out as it stands.
fn spelled(text: &str) -> String {
    let date = |prefix: &str, spell: fn(u64) -> String| {
        text.strip_prefix(prefix).and_then(clock::moment).map(spell)
    };
    date("date:", clock::http_date)
        .or_else(|| date("rfc3339:", clock::rfc3339))
        .unwrap_or_else(|| text.to_owned())
}
