//! The check of `auth` and of the names that cc-relay has for it.

use super::check::{Findings, secret};
use super::checks;
use super::fault::Place;
use super::kind::Value;
use super::resolve::Resolved;
use crate::identity;
use crate::secret::Secret;
use crate::settings::Auth;

/// cc-relay's names. There is no switch there: what is set is demanded.
const DEMANDING: [&str; 5] = [
    "server.api_key",
    "server.auth.api_key",
    "server.auth.allow_bearer",
    "server.auth.allow_subscription",
    "server.auth.bearer_secret",
];

/// Lets cc-relay's names demand a credential, of loopback peers too, unless `auth` says otherwise.
/// One whose variable is unset demands one as well: that must not open the gateway.
pub(crate) fn derive(values: &mut Resolved) {
    const ENABLED: &str = "auth.enabled";
    const BYPASS: &str = "auth.allow_localhost_bypass";
    let demanding = DEMANDING
        .into_iter()
        .find(|path| values.is_on(path) || values.text(path).is_some());
    let place = match demanding {
        Some(path) => Some(values.place(path)),
        None => emptied(values),
    };
    let Some(place) = place.filter(|_| !values.is_set(ENABLED)) else {
        return;
    };
    for (path, value) in [(ENABLED, true), (BYPASS, false)] {
        if !values.is_set(path) {
            let slot = values.slot_mut(path);
            slot.value = Some(Value::Bool(value));
            slot.place = Some(place.clone());
        }
    }
}

/// Where an unset variable leaves one of cc-relay's names without its credential.
pub(crate) fn emptied(values: &Resolved) -> Option<Place> {
    DEMANDING
        .iter()
        .find_map(|path| values.slot(path).emptied.clone())
}

/// Who may come in.
pub(crate) fn check(values: &Resolved, found: &mut Findings) -> Auth {
    let token = secret(values, "auth.token");
    let bearer_secret = first(
        values,
        &["auth.bearer_secret", "server.auth.bearer_secret"],
        found,
    );
    let api_key = first(
        values,
        &["auth.api_key", "server.auth.api_key", "server.api_key"],
        found,
    );
    let subscription = [
        "auth.allow_subscription",
        "server.auth.allow_subscription",
        "server.auth.allow_bearer",
    ]
    .iter()
    .any(|path| values.is_on(path));
    let bearer = values.is_on("auth.allow_bearer");
    if bearer_secret.is_some() && !bearer && !subscription {
        found.warnings.push(
            "auth.bearer_secret has no effect while auth.allow_bearer and auth.allow_subscription are off"
                .to_owned(),
        );
    }
    let any_bearer = subscription && bearer_secret.is_none();
    let header = values
        .text("auth.api_key_header")
        .and_then(|name| checks::key_header(name).ok());
    Auth {
        enabled: values.is_on("auth.enabled"),
        bearer_token: bearer_secret
            .filter(|_| bearer || subscription)
            .or_else(|| token.clone().filter(|_| bearer)),
        any_bearer,
        api_key: api_key.or(token),
        api_key_header: header.unwrap_or(identity::DEFAULT_KEY_HEADER),
        allow_localhost_bypass: values.is_on("auth.allow_localhost_bypass"),
        token_in_path: values.is_on("auth.token_in_path"),
    }
}

/// The first credential that is set; those behind it are warned of.
fn first(values: &Resolved, paths: &[&str], found: &mut Findings) -> Option<Secret> {
    let mut set = paths.iter().filter(|path| values.text(path).is_some());
    let winner = set.next()?;
    for loser in set {
        found
            .warnings
            .push(format!("{loser} has no effect besides {winner}"));
    }
    secret(values, winner)
}
