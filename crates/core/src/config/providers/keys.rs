//! A provider's credentials: `keys`, or `api_key` for a single one.

use super::{Findings, Of};
use crate::config::fault::{Fault, Place};
use crate::secret::Secret;
use crate::settings::{Key, ProviderKind};

/// The keys in force, those without a credential left out.
pub(super) fn keys(of: Of<'_>, kind: ProviderKind, found: &mut Findings) -> Vec<Key> {
    let built = match of.secret("api_key") {
        Some(secret) if of.named.keys.is_empty() || !listed_win(of, found) => {
            vec![Key::new(secret)]
        }
        _ => listed(of, kind, found),
    };
    if kind.signs_itself() {
        if !built.is_empty() {
            found.warnings.push(format!(
                "{} have no effect but for weight and priority: `{}` signs with the cloud's own credentials",
                of.path("keys"),
                kind.as_str()
            ));
        }
        return Vec::new();
    }
    pooling(of, &built, found);
    built
}

/// Decides between `api_key` and `keys` when both are set: the stronger layer counts, as always.
fn listed_win(of: Of<'_>, found: &mut Findings) -> bool {
    let inside = of.path("keys.");
    let slots = of.values.slots.iter();
    let strongest = slots
        .filter(|slot| slot.path.starts_with(&inside))
        .map(|slot| slot.rank())
        .max()
        .unwrap_or(0);
    let single = of.path("api_key");
    let rank = of.values.rank(&single);
    if rank == strongest {
        let message = format!("set besides `{}`", of.path("keys"));
        let fault = Fault::new(of.place("api_key"), &single, message);
        found.faults.push(fault.hint("keep one of them"));
        return true;
    }
    let (winner, loser) = if rank > strongest {
        (of.place("api_key").to_string(), of.path("keys"))
    } else {
        ("the command line".to_owned(), single)
    };
    found.warnings.push(format!(
        "{loser} has no effect: {winner} gives another credential"
    ));
    rank < strongest
}

fn listed(of: Of<'_>, kind: ProviderKind, found: &mut Findings) -> Vec<Key> {
    let mut built: Vec<Key> = Vec::new();
    for (at, place) in of.named.keys.iter().enumerate() {
        let path = |key: &str| format!("keys.{at}.{key}");
        let Some(secret) = of.secret(&path("key")) else {
            if !may_be_empty(kind) {
                missing(of, at, place.as_ref(), found);
            }
            continue;
        };
        if built.iter().any(|key| key.secret == secret) {
            found.warnings.push(format!(
                "{} is listed twice and counts once",
                of.path(&path("key"))
            ));
            continue;
        }
        built.push(key(of, at, secret, found));
    }
    built
}

/// Whether a key without a credential may stand for weight and priority alone.
fn may_be_empty(kind: ProviderKind) -> bool {
    kind.signs_itself() || matches!(kind, ProviderKind::Anthropic | ProviderKind::Ollama)
}

fn missing(of: Of<'_>, at: usize, place: Option<&Place>, found: &mut Findings) {
    let item = of.path(&format!("keys.{at}"));
    if found.faults.iter().any(|fault| fault.key == item) {
        return;
    }
    let before = found.faults.len();
    of.missing(&format!("keys.{at}.key"), "the credential to send", found);
    let added = found.faults.get_mut(before);
    if let (Some(fault), Some(place)) = (added, place) {
        fault.place = place.clone();
    }
}

fn key(of: Of<'_>, at: usize, secret: Secret, found: &mut Findings) -> Key {
    let path = |key: &str| format!("keys.{at}.{key}");
    let limit = |key: &str| Some(of.values.number(&of.path(&path(key)))).filter(|limit| *limit > 0);
    let (mut itpm_limit, mut otpm_limit) = (limit("itpm_limit"), limit("otpm_limit"));
    if let Some(both) = limit("tpm_limit") {
        let name = of.path(&path("tpm_limit"));
        if itpm_limit.is_none() && otpm_limit.is_none() {
            let half = Some((both / 2).max(1));
            (itpm_limit, otpm_limit) = (half, half);
            found.warnings.push(format!(
                "{name} is deprecated: half of it counts as itpm_limit and half as otpm_limit; set those"
            ));
        } else {
            found.warnings.push(format!(
                "{name} has no effect besides itpm_limit or otpm_limit"
            ));
        }
    }
    Key {
        name: of.text(&path("name")).map(str::to_owned),
        rpm_limit: limit("rpm_limit"),
        itpm_limit,
        otpm_limit,
        priority: u8::try_from(of.small(&path("priority"))).unwrap_or(u8::MAX),
        weight: of.small(&path("weight")).max(1),
        enabled: of.is_on(&path("enabled")),
        ..Key::new(secret)
    }
}

fn pooling(of: Of<'_>, built: &[Key], found: &mut Findings) {
    const ENABLED: &str = "pooling.enabled";
    if !of.is_set(ENABLED) {
        return;
    }
    let path = of.path(ENABLED);
    if of.is_on(ENABLED) && built.is_empty() {
        if !found
            .faults
            .iter()
            .any(|fault| fault.key.starts_with(&of.path("keys")))
        {
            let fault = Fault::new(of.place(ENABLED), &path, "on, but there is no key");
            found.faults.push(fault.hint("give the provider `keys`"));
        }
    } else if !of.is_on(ENABLED) && built.len() > 1 {
        found.warnings.push(format!(
            "{path} has no effect: more than one key is always a pool"
        ));
    }
}
