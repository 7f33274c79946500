//! The mock's own paths under `/_mock/`, for use from outside the process. No service has such
//! paths; requests to them are not recorded.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};

use crate::echo::described;
use crate::ids::from_base64;
use crate::mix::Mix;
use crate::received::Received;
use crate::script::{Cut, Raw, Script};
use crate::server::Shared;
use crate::tally::{Counts, Tally};

/// The answer to a control request; `None` for every other.
pub(crate) fn reply(shared: &Shared, request: &Received) -> Option<Raw> {
    let name = request.path().strip_prefix("/_mock/")?;
    Some(match (request.method.as_str(), name) {
        ("GET", "health") => {
            let connections = shared.connections.load(Ordering::Relaxed);
            answer(
                200,
                &json!({"status": "ok", "connections_accepted": connections}),
            )
        }
        ("GET", "received") => {
            let all: Vec<Value> = shared.log.all().iter().map(noted).collect();
            answer(200, &Value::from(all))
        }
        ("GET", "tally") => answer(200, &tallied(&shared.log.tally())),
        ("POST", "mix") => match mix(&request.json()) {
            Ok(mix) => {
                shared.director.set_mix(mix);
                answer(200, &json!({"status": "ok"}))
            }
            Err(fault) => answer(400, &json!({ "error": fault })),
        },
        ("POST", "credential") => rule(&request.json(), "credential", |name, scenario| {
            shared.director.credential(name, scenario)
        }),
        ("POST", "path") => rule(&request.json(), "path", |name, scenario| {
            shared.director.path(name, scenario)
        }),
        ("POST", "release") => {
            shared.director.release();
            answer(200, &json!({"status": "ok"}))
        }
        ("POST", "reset") => {
            shared.log.reset();
            shared.director.reset();
            answer(200, &json!({"status": "ok"}))
        }
        ("POST", "script") => match scripts(&request.json()) {
            Ok(scripts) => {
                let asked = scripts.len();
                let queued = scripts
                    .into_iter()
                    .filter(|one| shared.director.push(one.clone()));
                answer(200, &json!({"queued": queued.count(), "asked": asked}))
            }
            Err(fault) => answer(400, &json!({ "error": fault })),
        },
        _ => answer(
            404,
            &json!({"error": "the mock has health, received, tally, script, mix, credential, path, \
                release and reset"}),
        ),
    })
}

fn answer(status: u16, body: &Value) -> Raw {
    Raw::new(status)
        .header("content-type", "application/json")
        .body(body.to_string())
}

fn tallied(tally: &Tally) -> Value {
    let counts = |counts: &Counts| json!({"served": counts.served, "gone": counts.gone, "failed": counts.failed});
    let by_name = |table: &BTreeMap<String, Counts>| -> Value {
        let entries = table.iter().map(|(name, one)| (name.clone(), counts(one)));
        Value::Object(entries.collect())
    };
    json!({
        "all": counts(&tally.all),
        "by_credential": by_name(&tally.by_credential),
        "by_request": by_name(&tally.by_request),
        "other": tally.other,
        "unnamed": tally.unnamed,
    })
}

/// `{"share": 0.2, "seed": 7, "kinds": "529,hang"}`, or nothing to stop failing.
fn mix(body: &Value) -> Result<Option<Mix>, String> {
    let Some(share) = body.get("share").and_then(Value::as_f64) else {
        return if body.as_object().is_none_or(serde_json::Map::is_empty) {
            Ok(None)
        } else {
            Err("a mix has a `share` from 0 to 1".to_owned())
        };
    };
    let seed = body.get("seed").and_then(Value::as_u64).unwrap_or(0);
    let kinds = body.get("kinds").and_then(Value::as_str);
    let mix = Mix::new(share, seed).kinds(kinds.unwrap_or_default());
    mix.map(Some).map_err(|fault| fault.to_string())
}

/// `{"credential": "key-a", "scenario": "429"}`, or `path`; without a scenario it is like all
/// others again.
fn rule(body: &Value, by: &str, set: impl FnOnce(&str, Option<&str>) -> bool) -> Raw {
    let name = body.get(by).and_then(Value::as_str);
    let scenario = body.get("scenario").and_then(Value::as_str);
    if name.is_some_and(|name| set(name, scenario)) {
        answer(200, &json!({"status": "ok"}))
    } else {
        let fault = format!("`{by}` is missing, or there are too many");
        answer(400, &json!({ "error": fault }))
    }
}

fn noted(request: &Received) -> Value {
    let mut value = described(request);
    if let Some(fields) = value.as_object_mut() {
        let ms = |time: Option<std::time::Instant>| {
            time.map(|time| {
                time.saturating_duration_since(request.at)
                    .as_millis()
                    .to_string()
            })
            .and_then(|ms| ms.parse::<u64>().ok())
        };
        fields.insert("serial".to_owned(), request.serial.into());
        fields.insert("fault".to_owned(), json!(request.fault));
        fields.insert(
            "client_closed_early_ms".to_owned(),
            json!(ms(request.client_closed_early)),
        );
        fields.insert("finished_ms".to_owned(), json!(ms(request.finished_at)));
    }
    value
}

/// One script or a list of them.
fn scripts(body: &Value) -> Result<Vec<Script>, String> {
    match body {
        Value::Array(all) => all.iter().map(script).collect(),
        one => Ok(vec![script(one)?]),
    }
}

fn script(value: &Value) -> Result<Script, String> {
    if let Some(scenario) = value.get("scenario").and_then(Value::as_str) {
        return Ok(Script::scenario(scenario));
    }
    let status = value.get("status").and_then(Value::as_u64);
    let status = status.ok_or("a script has a `scenario` or a `status`")?;
    let status = u16::try_from(status)
        .ok()
        .filter(|status| (100..=999).contains(status));
    let mut raw = Raw::new(status.ok_or("`status` is a number from 100 to 999")?);
    for header in value
        .get("headers")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let (Some(name), Some(text)) = (
            header.get(0).and_then(Value::as_str),
            header.get(1).and_then(Value::as_str),
        ) else {
            return Err("`headers` is a list of [name, value]".to_owned());
        };
        raw = raw.header(name, text);
    }
    for piece in value
        .get("body")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        raw = add_piece(raw, piece)?;
    }
    match value.get("end").and_then(Value::as_str) {
        None | Some("proper") => {}
        Some("fin") => raw = raw.cut(Cut::Fin),
        Some("rst") => raw = raw.cut(Cut::Rst),
        Some("hang") => raw = raw.hang(),
        Some(_) => return Err("`end` is `proper`, `fin`, `rst` or `hang`".to_owned()),
    }
    Ok(raw.into())
}

fn add_piece(raw: Raw, piece: &Value) -> Result<Raw, String> {
    if let Some(text) = piece.as_str() {
        Ok(raw.piece(text.to_owned()))
    } else if let Some(ms) = piece.get("sleep_ms").and_then(Value::as_u64) {
        Ok(raw.sleep(Duration::from_millis(ms)))
    } else if let Some(text) = piece.get("base64").and_then(Value::as_str) {
        let bytes = from_base64(text).ok_or("`base64` is not base64")?;
        Ok(raw.piece(bytes))
    } else {
        Err("a piece of `body` is a text, {\"sleep_ms\": N} or {\"base64\": TEXT}".to_owned())
    }
}
