//! What people send to steer: a key, a strategy. Read from JSON by hand, so that a fault names the
//! field and never repeats a credential.

use serde_json::{Map, Value};

use super::SteerError;
use crate::secret::Secret;
use crate::settings::{Key, Strategy};

/// Longest credential, in bytes; far more than any provider's.
pub const MAX_KEY_BYTES: usize = 4_096;
/// Longest name of a key, in bytes.
pub const MAX_NAME_BYTES: usize = 64;
/// Highest priority of a key.
const MAX_PRIORITY: u8 = 2;

/// Reads a key to add: an object with `key`, the credential, and at will `name`, `rpm_limit`,
/// `itpm_limit`, `otpm_limit` (a minute; 0 is none), `priority` (0 to 2) and `weight` (from 1),
/// which are as in the configuration file. Null counts as not said.
///
/// # Errors
/// [`SteerError::Invalid`], naming the first field that is wrong or unknown.
pub fn read_key(json: &[u8]) -> Result<Key, SteerError> {
    let mut fields = object(json)?;
    let secret = match fields.shift_remove("key") {
        Some(Value::String(key)) => Secret::new(key.trim()),
        Some(Value::Null) | None => return Err(invalid("key", "missing; give the credential")),
        Some(_) => return Err(invalid("key", "not a string")),
    };
    credential(&secret)?;
    let mut key = Key::new(secret);
    for (field, value) in &fields {
        match field.as_str() {
            _ if value.is_null() => {}
            "name" => key.name = name(value)?,
            "rpm_limit" => key.rpm_limit = limit(field, value)?,
            "itpm_limit" => key.itpm_limit = limit(field, value)?,
            "otpm_limit" => key.otpm_limit = limit(field, value)?,
            "priority" => key.priority = priority(value)?,
            "weight" => key.weight = weight(value)?,
            _ => {
                let known = "there are key, name, rpm_limit, itpm_limit, otpm_limit, priority \
                             and weight";
                return Err(unknown(field, known));
            }
        }
    }
    Ok(key)
}

/// Reads a strategy: an object with `strategy`, its word in the configuration file.
///
/// # Errors
/// [`SteerError::Invalid`], naming the field and every strategy.
pub fn read_strategy(json: &[u8]) -> Result<Strategy, SteerError> {
    let fields = object(json)?;
    if let Some(field) = fields.keys().find(|field| *field != "strategy") {
        return Err(unknown(field, "there is only strategy"));
    }
    let word = match fields.get("strategy") {
        Some(Value::String(word)) => word.as_str(),
        Some(_) => return Err(invalid("strategy", "not a string")),
        None => "",
    };
    let named = |strategy: &Strategy| strategy.as_str() == word;
    Strategy::ALL.into_iter().find(named).ok_or_else(|| {
        let known = Strategy::ALL.map(Strategy::as_str).join(", ");
        let word = short(word);
        invalid("strategy", &format!("`{word}`: none of {known}"))
    })
}

fn object(json: &[u8]) -> Result<Map<String, Value>, SteerError> {
    match serde_json::from_slice(json) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(invalid("body", "not a JSON object")),
        // Says what is wrong and where, and nothing of what stands there.
        Err(error) => Err(invalid("body", &format!("not JSON: {error}"))),
    }
}

/// A credential has to fit into a header; what else it must be only its provider knows.
fn credential(secret: &Secret) -> Result<(), SteerError> {
    let key = secret.expose();
    if key.is_empty() {
        return Err(invalid("key", "empty; give the credential"));
    }
    if key.len() > MAX_KEY_BYTES {
        let message = format!("longer than {MAX_KEY_BYTES} bytes");
        return Err(invalid("key", &message));
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = "no header can carry it: there is white space, a control character or \
                       one that is not ASCII in it";
        return Err(invalid("key", message));
    }
    Ok(())
}

fn name(value: &Value) -> Result<Option<String>, SteerError> {
    let Some(name) = value.as_str().map(str::trim) else {
        return Err(invalid("name", "not a string"));
    };
    if name.len() > MAX_NAME_BYTES {
        let message = format!("longer than {MAX_NAME_BYTES} bytes");
        return Err(invalid("name", &message));
    }
    if name.chars().any(char::is_control) {
        return Err(invalid("name", "there is a control character in it"));
    }
    Ok(Some(name.to_owned()).filter(|name| !name.is_empty()))
}

fn limit(field: &str, value: &Value) -> Result<Option<u64>, SteerError> {
    match value.as_u64() {
        Some(limit) if i64::try_from(limit).is_err() => Err(invalid(
            field,
            "more than any provider allows; 0 is no limit",
        )),
        Some(limit) => Ok(Some(limit).filter(|limit| *limit > 0)),
        None => Err(invalid(field, "not a whole number a minute; 0 is no limit")),
    }
}

fn priority(value: &Value) -> Result<u8, SteerError> {
    let number = value.as_u64().and_then(|number| u8::try_from(number).ok());
    number
        .filter(|priority| *priority <= MAX_PRIORITY)
        .ok_or_else(|| invalid("priority", "not 0, 1 or 2; higher goes first"))
}

fn weight(value: &Value) -> Result<u32, SteerError> {
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    number
        .filter(|weight| *weight > 0)
        .ok_or_else(|| invalid("weight", "not a whole number from 1"))
}

fn invalid(field: &str, message: &str) -> SteerError {
    SteerError::Invalid {
        field: field.to_owned(),
        message: format!("`{field}`: {message}"),
    }
}

fn unknown(field: &str, known: &str) -> SteerError {
    let field = short(field);
    SteerError::Invalid {
        message: format!("`{field}`: no such field; {known}"),
        field,
    }
}

/// The beginning of what somebody wrote, fit to be shown.
fn short(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_debug).collect()
}
