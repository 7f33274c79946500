//! One value for each setting, from the strongest layer that gives one: command line, environment,
//! file, default. Every layer is read even when a stronger one wins, so that no fault hides.

use std::collections::BTreeMap;

use super::Env;
use super::catalogue::{CATALOGUE, PROVIDER_TYPES};
use super::entry::{Entry, find, provider_of};
use super::expand::expand;
use super::fault::{Fault, Place};
use super::flatten::{Flat, meant, provider_name};
use super::kind::{Kind, Value};
use super::tree::{Node, Shape};

/// One setting's winning value.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) entry: &'static Entry,
    pub(crate) path: String,
    /// None when nobody sets it and it has no default.
    pub(crate) value: Option<Value>,
    /// None for a default.
    pub(crate) place: Option<Place>,
}

impl Slot {
    /// How strong the layer is that the value came from; 0 is the default.
    pub(crate) fn rank(&self) -> u8 {
        match self.place {
            None | Some(Place::Settings) => 0,
            Some(Place::File { .. }) => 1,
            Some(Place::Env(_)) => 2,
            Some(Place::Flag) => 3,
        }
    }
}

/// Every setting's winning value.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// In the order of the catalogue, each provider's together.
    pub(crate) slots: Vec<Slot>,
    /// The providers: the file's in its order, then the command line's, then the built-in ones.
    pub(crate) providers: Vec<String>,
    index: BTreeMap<String, usize>,
}

/// Picks the winning values; what cannot be read is reported and falls back to the default.
pub(crate) fn resolve(
    flat: Flat,
    env: Env<'_>,
    overrides: &[(String, String)],
) -> (Resolved, Vec<Fault>) {
    let mut layers = Layers {
        file: flat.nodes,
        env,
        flags: BTreeMap::new(),
        faults: flat.faults,
    };
    let mut providers: Vec<String> = flat.providers.into_iter().map(|(name, _)| name).collect();
    for (path, value) in overrides {
        layers.add_flag(path, value, &mut providers);
    }
    for name in PROVIDER_TYPES {
        if !providers.iter().any(|known| known == name) {
            providers.push(name.to_owned());
        }
    }
    let mut slots = Vec::new();
    for entry in CATALOGUE
        .iter()
        .filter(|entry| provider_of(entry.path).is_none())
    {
        slots.push(layers.slot(entry, entry.path.to_owned(), ""));
    }
    let at = CATALOGUE
        .iter()
        .position(|entry| provider_of(entry.path).is_some())
        .unwrap_or(0);
    let mut of_providers = Vec::new();
    for name in &providers {
        of_providers.extend(layers.provider(name));
    }
    slots.splice(at..at, of_providers);
    let index = slots
        .iter()
        .enumerate()
        .map(|(at, slot)| (slot.path.clone(), at))
        .collect();
    (
        Resolved {
            slots,
            providers,
            index,
        },
        layers.faults,
    )
}

impl Resolved {
    /// The slot of a path that exists.
    fn slot(&self, path: &str) -> &Slot {
        let at = self.index.get(path).copied();
        at.and_then(|at| self.slots.get(at))
            .expect("every path asked for is in the catalogue")
    }

    /// The same, to change it.
    pub(crate) fn slot_mut(&mut self, path: &str) -> &mut Slot {
        let at = self.index.get(path).copied();
        at.and_then(|at| self.slots.get_mut(at))
            .expect("every path asked for is in the catalogue")
    }

    /// Where a setting's value came from.
    pub(crate) fn place(&self, path: &str) -> Place {
        self.slot(path).place.clone().unwrap_or(Place::Settings)
    }

    /// How strong the layer is that a value came from.
    pub(crate) fn rank(&self, path: &str) -> u8 {
        self.slot(path).rank()
    }

    /// A text that is set and not empty.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        match &self.slot(path).value {
            Some(Value::Text(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// Whether a switch is on.
    pub(crate) fn is_on(&self, path: &str) -> bool {
        matches!(self.slot(path).value, Some(Value::Bool(true)))
    }

    /// A number or a size; 0 when not set.
    pub(crate) fn number(&self, path: &str) -> u64 {
        match self.slot(path).value {
            Some(Value::Integer(number)) => number,
            _ => 0,
        }
    }

    /// A span; nothing when not set.
    pub(crate) fn span(&self, path: &str) -> std::time::Duration {
        match self.slot(path).value {
            Some(Value::Duration(span)) => span,
            _ => std::time::Duration::ZERO,
        }
    }

    /// A list; empty when not set.
    pub(crate) fn list(&self, path: &str) -> &[String] {
        match &self.slot(path).value {
            Some(Value::List(items)) => items,
            _ => &[],
        }
    }
}

/// The layers above the defaults, and what was wrong in them.
struct Layers<'a> {
    file: BTreeMap<String, Node>,
    env: Env<'a>,
    flags: BTreeMap<String, String>,
    faults: Vec<Fault>,
}

impl Layers<'_> {
    /// Takes an override in, and the provider that it may bring.
    fn add_flag(&mut self, path: &str, value: &str, providers: &mut Vec<String>) {
        let provider = provider_of(path);
        if find(path).is_none() || path.contains('*') || !provider.is_none_or(provider_name) {
            let (section, key) = path.rsplit_once('.').unwrap_or(("", path));
            let fault = Fault::new(Place::Flag, path, "unknown key");
            let hint = meant(section, key).unwrap_or_default();
            self.faults.push(fault.hint(hint));
            return;
        }
        if let Some(name) = provider.filter(|name| !providers.iter().any(|known| known == name)) {
            providers.push(name.to_owned());
        }
        self.flags.insert(path.to_owned(), value.to_owned());
    }

    /// All slots of one provider; the type comes first because defaults depend on it.
    fn provider(&mut self, name: &str) -> Vec<Slot> {
        let mut kind = String::new();
        let mut slots = Vec::new();
        for entry in CATALOGUE
            .iter()
            .filter(|entry| provider_of(entry.path).is_some())
        {
            let path = entry.path.replace('*', name);
            let is_type = entry.name() == "type";
            let mut slot = self.slot(entry, path, if is_type { name } else { &kind });
            if is_type {
                if slot.value.is_none() && PROVIDER_TYPES.contains(&name) {
                    slot.value = Some(Value::Text(name.to_owned()));
                }
                if let Some(Value::Text(word)) = &slot.value {
                    kind.clone_from(word);
                }
            }
            slots.push(slot);
        }
        slots
    }

    /// Reads every layer of one setting and keeps the strongest.
    fn slot(&mut self, entry: &'static Entry, path: String, provider_type: &str) -> Slot {
        let default = entry.default_for(provider_type);
        let list = matches!(entry.kind, Kind::List { .. });
        let mut value = if default.is_empty() && !list {
            None
        } else {
            entry.kind.read(default).ok()
        };
        let mut place = None;
        let layers = [
            self.file_value(entry, &path),
            self.env_value(entry, &path),
            self.flag_value(entry, &path),
        ];
        for (stronger, from) in layers.into_iter().flatten() {
            value = Some(stronger);
            place = Some(from);
        }
        Slot {
            entry,
            path,
            value,
            place,
        }
    }

    fn file_value(&mut self, entry: &Entry, path: &str) -> Option<(Value, Place)> {
        let node = self.file.remove(path)?;
        let place = self.file_place(&node);
        match read_node(entry, node, self.env) {
            Ok(value) => value.map(|value| (value, place)),
            Err(message) => {
                self.faults.push(Fault::new(place, path, message));
                None
            }
        }
    }

    fn env_value(&mut self, entry: &Entry, path: &str) -> Option<(Value, Place)> {
        let provider = provider_of(path).unwrap_or("");
        let env = self.env;
        let set = |name: &str| (env.get)(name).filter(|value| !value.is_empty());
        let mut found = None;
        for variable in entry
            .env
            .iter()
            .filter(|variable| variable.provider == provider)
        {
            let Some(text) = set(variable.name) else {
                continue;
            };
            let place = Place::Env(variable.name);
            match read_text(entry, &text, &text) {
                Ok(value) => found = found.or(Some((value, place))),
                Err(message) => self.faults.push(Fault::new(place, path, message)),
            }
        }
        found
    }

    fn flag_value(&mut self, entry: &Entry, path: &str) -> Option<(Value, Place)> {
        let text = self.flags.get(path)?;
        match read_text(entry, text, text) {
            Ok(value) => Some((value, Place::Flag)),
            Err(message) => {
                self.faults.push(Fault::new(Place::Flag, path, message));
                None
            }
        }
    }

    fn file_place(&self, node: &Node) -> Place {
        node.at.place(self.env.file)
    }
}

/// Reads what the file has; none when it says nothing.
fn read_node(entry: &Entry, node: Node, env: Env<'_>) -> Result<Option<Value>, String> {
    match node.shape {
        Shape::Null => Ok(None),
        Shape::Text(raw) => {
            let text = expand(&raw, env.get)?;
            if text.is_empty() && !raw.is_empty() {
                return Ok(None);
            }
            read_text(entry, &text, &raw).map(Some)
        }
        Shape::List(nodes) => {
            let mut items = Vec::with_capacity(nodes.len());
            for node in nodes {
                let Shape::Text(raw) = node.shape else {
                    return Err("a list of plain values is expected".to_owned());
                };
                items.push(expand(&raw, env.get)?);
            }
            entry
                .kind
                .read_list(items)
                .map(Some)
                .map_err(|wrong| format!("the list {wrong}"))
        }
        Shape::Map(_) => Err("a section; one value is expected".to_owned()),
    }
}

/// Reads a text; `shown` is what a fault may quote of it, which for the file is the text before
/// variables are put in.
fn read_text(entry: &Entry, text: &str, shown: &str) -> Result<Value, String> {
    let optional = entry.default.is_empty() && entry.by_type.is_empty();
    if text.is_empty() && optional && matches!(entry.kind, Kind::Text { .. }) {
        return Ok(Value::Text(String::new()));
    }
    entry.kind.read(text).map_err(|wrong| {
        if entry.secret || shown.contains('@') {
            format!("the value {wrong}")
        } else {
            let short: String = shown.chars().take(80).collect();
            let more = if short.len() < shown.len() { "..." } else { "" };
            format!("`{short}{more}` {wrong}")
        }
    })
}
