//! One value for each setting, from the strongest layer that gives one: command line, environment,
//! stored edits, file, default. Every layer is read even when a stronger one wins, so that no fault hides.

use std::collections::BTreeMap;

use super::Env;
use super::catalogue::{BUILT_IN, PROVIDER_TYPES, entries};
use super::entry::{Entry, Whose, find, ignored, key_of, provider_of, sink_of};
use super::fault::{Fault, Place};
use super::flatten::{Flat, Named, meant, provider_name};
use super::kind::{Kind, Value};
use super::read::{self, Given};
use super::tree::Node;
use crate::settings::SinkKind;

/// Most sinks; each holds events of its own.
const MOST_SINKS: usize = 50;

/// One setting's winning value.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    pub(crate) entry: &'static Entry,
    pub(crate) path: String,
    /// None when nobody sets it and it has no default.
    pub(crate) value: Option<Value>,
    /// None for a default.
    pub(crate) place: Option<Place>,
    /// The place in the file where only an unset variable would have given a value.
    pub(crate) emptied: Option<Place>,
}

impl Slot {
    /// How strong the layer is that the value came from; 0 is the default.
    pub(crate) fn rank(&self) -> u8 {
        match self.place {
            None | Some(Place::Settings) => 0,
            Some(Place::File { .. }) => 1,
            Some(Place::Stored) => 2,
            Some(Place::Env(_)) => 3,
            Some(Place::Flag) => 4,
        }
    }
}

/// Every setting's winning value.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// In the order of the catalogue, each provider's together.
    pub(crate) slots: Vec<Slot>,
    /// The providers: the file's in its order, then the command line's, then the built-in ones.
    pub(crate) providers: Vec<Named>,
    /// Whether the file lists them, and so names all that there are.
    pub(crate) listed: bool,
    /// The sinks: the file's in its order, then the command line's.
    pub(crate) sinks: Vec<Named>,
    index: BTreeMap<String, usize>,
}

/// Picks the winning values; what cannot be read is reported and falls back to the default.
pub(crate) fn resolve(
    flat: Flat,
    env: Env<'_>,
    overrides: &[(String, String)],
    stored: &[(String, String)],
) -> (Resolved, Vec<Fault>, Vec<String>) {
    let mut layers = Layers {
        file: flat.nodes,
        env,
        flags: BTreeMap::new(),
        stored: BTreeMap::new(),
        faults: flat.faults,
        warnings: flat.warnings,
    };
    let (mut providers, listed) = (flat.providers, flat.listed);
    let mut sinks = flat.sinks;
    for (path, value) in overrides {
        layers.add_flag(path, value, (&mut providers, &mut sinks));
    }
    if let Some(first) = sinks.get(MOST_SINKS) {
        let place = first.place.clone().unwrap_or(Place::Settings);
        let message = format!("more than {MOST_SINKS} sinks");
        layers
            .faults
            .push(Fault::new(place, "events.sinks", message));
        sinks.truncate(MOST_SINKS);
    }
    for kind in BUILT_IN {
        if !providers.iter().any(|known| known.name == kind.as_str()) {
            providers.push(Named {
                name: kind.as_str().to_owned(),
                ..Named::default()
            });
        }
    }
    for (path, value) in stored {
        layers.add_stored(path, value, &providers);
    }
    let mut slots = Vec::new();
    let mut of_providers: Vec<Slot> = Vec::new();
    for provider in &providers {
        of_providers.extend(layers.provider(provider));
    }
    let mut of_sinks: Vec<Slot> = Vec::new();
    for sink in &sinks {
        of_sinks.extend(layers.sink(sink));
    }
    for entry in entries() {
        // All of them stand where the first entry of a provider or a sink stands in the catalogue.
        if entry.is_of_provider() {
            slots.append(&mut of_providers);
        } else if entry.is_of_sink() {
            slots.append(&mut of_sinks);
        } else {
            slots.push(layers.slot(entry, entry.path.to_owned(), None));
        }
    }
    let mut values = Resolved::new(slots, providers);
    values.listed = listed;
    values.sinks = sinks;
    (values, layers.faults, layers.warnings)
}

impl Resolved {
    fn new(slots: Vec<Slot>, providers: Vec<Named>) -> Self {
        let paths = slots.iter().map(|slot| slot.path.clone());
        let index = paths.zip(0..).collect();
        Self {
            slots,
            providers,
            listed: false,
            sinks: Vec::new(),
            index,
        }
    }

    /// Takes a provider out, as if it did not exist.
    pub(crate) fn forget(&mut self, name: &str) {
        let mut slots = std::mem::take(&mut self.slots);
        slots.retain(|slot| provider_of(&slot.path) != Some(name));
        let mut providers = std::mem::take(&mut self.providers);
        providers.retain(|provider| provider.name != name);
        let (listed, sinks) = (self.listed, std::mem::take(&mut self.sinks));
        *self = Self::new(slots, providers);
        self.listed = listed;
        self.sinks = sinks;
    }

    /// The slot of a path that exists.
    pub(crate) fn slot(&self, path: &str) -> &Slot {
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

    /// Whether somebody set it.
    pub(crate) fn is_set(&self, path: &str) -> bool {
        self.slot(path).place.is_some()
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

    /// A number that is known to fit, because the catalogue bounds it.
    pub(crate) fn small(&self, path: &str) -> u32 {
        u32::try_from(self.number(path)).unwrap_or(u32::MAX)
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

    /// A map; empty when not set.
    pub(crate) fn map(&self, path: &str) -> BTreeMap<String, String> {
        match &self.slot(path).value {
            Some(Value::Map(pairs)) => pairs.clone(),
            _ => BTreeMap::new(),
        }
    }
}

/// The layers above the defaults, and what was wrong in them.
struct Layers<'a> {
    file: BTreeMap<String, Node>,
    env: Env<'a>,
    flags: BTreeMap<String, String>,
    stored: BTreeMap<String, String>,
    faults: Vec<Fault>,
    warnings: Vec<String>,
}

impl Layers<'_> {
    /// Takes an override in, and the provider, key or sink that it may bring.
    fn add_flag(
        &mut self,
        path: &str,
        value: &str,
        (providers, sinks): (&mut Vec<Named>, &mut Vec<Named>),
    ) {
        if let Some(key) = ignored(path) {
            self.warnings.push(format!(
                "{}: {path} has no effect: {}",
                Place::Flag,
                key.why
            ));
            return;
        }
        let name = provider_of(path);
        let named = name.or(sink_of(path));
        if find(path).is_none() || path.contains('*') || !named.is_none_or(provider_name) {
            let (section, key) = path.rsplit_once('.').unwrap_or(("", path));
            let fault = Fault::new(Place::Flag, path, "unknown key");
            let hint = meant(section, key).unwrap_or_default();
            self.faults.push(fault.hint(hint));
            return;
        }
        if let Some(name) = name {
            let known = providers.iter().position(|known| known.name == name);
            let at = known.unwrap_or_else(|| {
                providers.push(Named {
                    name: name.to_owned(),
                    place: Some(Place::Flag),
                    keys: Vec::new(),
                });
                providers.len() - 1
            });
            if let (Some(key), Some(provider)) = (key_of(path), providers.get_mut(at)) {
                let keys = provider.keys.len().max(key + 1);
                provider.keys.resize(keys, Some(Place::Flag));
            }
        }
        if let Some(name) = sink_of(path)
            && !sinks.iter().any(|known| known.name == name)
        {
            sinks.push(Named {
                name: name.to_owned(),
                place: Some(Place::Flag),
                keys: Vec::new(),
            });
        }
        self.flags.insert(path.to_owned(), value.to_owned());
    }

    /// Takes a stored edit in.
    fn add_stored(&mut self, path: &str, value: &str, providers: &[Named]) {
        let wrong = match (
            find(path).filter(|_| !path.contains('*')),
            provider_of(path),
        ) {
            (None, _) => "unknown key",
            (Some(entry), _) if entry.secret => {
                "a credential; those are not stored: set it in the file or the environment"
            }
            (Some(entry), _) if entry.path.starts_with("storage.") => {
                "says where the database is, so it cannot be stored there"
            }
            (Some(entry), _) if entry.guards() => {
                "says who may come in, where credentials go, or which files are read and written; \
                 set it in the file or the environment"
            }
            (Some(_), Some(name)) if !providers.iter().any(|known| known.name == name) => {
                "there is no such provider"
            }
            (Some(_), _) => {
                self.stored.insert(path.to_owned(), value.to_owned());
                return;
            }
        };
        self.faults.push(Fault::new(Place::Stored, path, wrong));
    }

    /// All slots of one provider; the type comes first because defaults depend on it.
    fn provider(&mut self, provider: &Named) -> Vec<Slot> {
        let name = provider.name.as_str();
        let mut of = Of {
            name,
            kind: if PROVIDER_TYPES.contains(&name) {
                name
            } else {
                ""
            }
            .to_owned(),
        };
        let mut slots = Vec::new();
        let entries = || entries().filter(|entry| entry.is_of_provider());
        for entry in entries().filter(|entry| !entry.is_of_key()) {
            let path = entry.path.replacen('*', name, 1);
            let mut slot = self.slot(entry, path, Some(&of));
            if entry.name() == "type" {
                if slot.value.is_none() && !of.kind.is_empty() {
                    slot.value = Some(Value::Text(of.kind.clone()));
                }
                if let Some(Value::Text(word)) = &slot.value {
                    of.kind.clone_from(word);
                }
            }
            slots.push(slot);
        }
        for at in 0..provider.keys.len() {
            for entry in entries().filter(|entry| entry.is_of_key()) {
                let path = entry.path.replacen('*', name, 1);
                let path = path.replacen('*', &at.to_string(), 1);
                slots.push(self.slot(entry, path, Some(&of)));
            }
        }
        slots
    }

    /// All slots of one sink; the kind comes first because what there is depends on it.
    fn sink(&mut self, sink: &Named) -> Vec<Slot> {
        let name = sink.name.as_str();
        let is_kind = SinkKind::NAMES.contains(&name);
        let mut of = Of {
            name,
            kind: if is_kind { name } else { "" }.to_owned(),
        };
        let mut slots = Vec::new();
        for entry in entries().filter(|entry| entry.is_of_sink()) {
            let path = entry.path.replacen('*', name, 1);
            let mut slot = self.slot(entry, path, Some(&of));
            if entry.name() == "kind" {
                if slot.value.is_none() && is_kind {
                    slot.value = Some(Value::Text(of.kind.clone()));
                }
                if let Some(Value::Text(word)) = &slot.value {
                    of.kind.clone_from(word);
                }
            }
            slots.push(slot);
        }
        slots
    }

    /// Reads every layer of one setting and keeps the strongest.
    fn slot(&mut self, entry: &'static Entry, path: String, of: Option<&Of<'_>>) -> Slot {
        let default = entry.default_for(of.map_or("", |of| &of.kind));
        let many = matches!(
            entry.kind,
            Kind::List { .. } | Kind::Map { .. } | Kind::Rules
        );
        let mut slot = Slot {
            entry,
            value: if default.is_empty() && !many {
                None
            } else {
                entry.kind.read(default).ok()
            },
            path,
            place: None,
            emptied: None,
        };
        self.layer(&mut slot, Self::file_value);
        self.layer(&mut slot, Self::stored_value);
        if let Some((value, place)) = self.env_value(entry, &slot.path, of) {
            slot.value = Some(value);
            slot.place = Some(place);
        }
        self.layer(&mut slot, Self::flag_value);
        slot
    }

    /// Asks a layer for a setting by its own name and by its others. The first that gives a value
    /// counts.
    fn layer(&mut self, slot: &mut Slot, ask: fn(&mut Self, &str, &Slot, Kind) -> Given) {
        let entry = slot.entry;
        let own = (slot.path.clone(), entry.kind);
        let others = entry
            .aliases
            .iter()
            .map(|alias| (alias.path.to_owned(), alias.kind(entry)));
        let mut first = None;
        for (name, kind) in std::iter::once(own).chain(others) {
            match ask(self, &name, slot, kind) {
                Given::Nothing => {}
                Given::Emptied(place) => slot.emptied = slot.emptied.take().or(Some(place)),
                Given::Value(_, place) if first.is_some() => {
                    let first = first.as_deref().unwrap_or_default();
                    self.warnings
                        .push(format!("{place}: {name} has no effect besides {first}"));
                }
                Given::Value(value, place) => {
                    slot.value = Some(value);
                    slot.place = Some(place);
                    first = Some(name);
                }
            }
        }
    }

    fn file_value(&mut self, name: &str, slot: &Slot, kind: Kind) -> Given {
        let Some(node) = self.file.remove(name) else {
            return Given::Nothing;
        };
        let mut reader = read::Reader {
            entry: slot.entry,
            kind,
            path: name,
            env: self.env,
            faults: &mut self.faults,
            warnings: &mut self.warnings,
        };
        reader.node(node)
    }

    fn stored_value(&mut self, name: &str, slot: &Slot, kind: Kind) -> Given {
        let Some(text) = self.stored.get(name) else {
            return Given::Nothing;
        };
        match read::text(slot.entry, kind, text, text) {
            Ok(value) => Given::Value(value, Place::Stored),
            Err(message) => {
                self.faults.push(Fault::new(Place::Stored, name, message));
                Given::Nothing
            }
        }
    }

    fn flag_value(&mut self, name: &str, slot: &Slot, kind: Kind) -> Given {
        let Some(text) = self.flags.get(name) else {
            return Given::Nothing;
        };
        match read::text(slot.entry, kind, text, text) {
            Ok(value) => Given::Value(value, Place::Flag),
            Err(message) => {
                self.faults.push(Fault::new(Place::Flag, name, message));
                Given::Nothing
            }
        }
    }

    fn env_value(
        &mut self,
        entry: &Entry,
        path: &str,
        of: Option<&Of<'_>>,
    ) -> Option<(Value, Place)> {
        let mut found = None;
        for variable in entry.env {
            let meant = match (variable.of, of) {
                (Whose::Nobodys, _) => true,
                (Whose::Named(name), Some(of)) => name == of.name,
                (Whose::Type(kind), Some(of)) => kind == of.kind,
                (Whose::Named(_) | Whose::Type(_), None) => false,
            };
            let set = (self.env.get)(variable.name).filter(|value| !value.is_empty());
            let Some(text) = set.filter(|_| meant) else {
                continue;
            };
            let place = Place::Env(variable.name);
            match read::text(entry, entry.kind, &text, &text) {
                Ok(value) => found = found.or(Some((value, place))),
                Err(message) => self.faults.push(Fault::new(place, path, message)),
            }
        }
        found
    }
}

/// Whose setting is read.
#[derive(Debug)]
struct Of<'a> {
    name: &'a str,
    kind: String,
}
