//! The tree of a file against the catalogue: which node sets which path, and which keys mean
//! nothing. Values are not read here, except the names of providers.

use std::collections::BTreeMap;

use super::Env;
use super::entry::{children, find, ignored, is_section, pattern, provider_of, sink_of};
use super::expand::expand;
use super::fault::{Fault, Place};
use super::suggest::nearest;
use super::tree::{Node, Pair, Shape};
use crate::config::catalogue::entries;

/// What a file sets.
#[derive(Debug, Default)]
pub(crate) struct Flat {
    /// Nodes by path.
    pub(crate) nodes: BTreeMap<String, Node>,
    /// The providers, in the order of the file.
    pub(crate) providers: Vec<Named>,
    /// Whether they are a list, which names all that there are.
    pub(crate) listed: bool,
    /// The sinks, in the order of the file.
    pub(crate) sinks: Vec<Named>,
    /// Keys that mean nothing, and values of the wrong shape.
    pub(crate) faults: Vec<Fault>,
    /// Keys that are taken and have no effect.
    pub(crate) warnings: Vec<String>,
}

/// A provider, or a sink, that somebody named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    /// Its name.
    pub(crate) name: String,
    /// Where.
    pub(crate) place: Option<Place>,
    /// Where each of its keys stands.
    pub(crate) keys: Vec<Option<Place>>,
}

/// Sorts the nodes of a file to the paths that they set.
pub(crate) fn flatten(root: Node, env: Env<'_>) -> Flat {
    let mut flat = Flat::default();
    flat.section("", root, env);
    flat
}

impl Flat {
    fn section(&mut self, path: &str, node: Node, env: Env<'_>) {
        let place = node.at.place(env.file);
        match node.shape {
            Shape::Null => {}
            Shape::Map(_) if pattern(path) == "providers.*.keys" => self.faults.push(
                Fault::new(place, path, "a section; a list of keys is expected")
                    .hint("write `- key: ...` below it"),
            ),
            Shape::Map(pairs) => {
                for pair in pairs {
                    self.pair(path, pair, env);
                }
            }
            Shape::List(items) if path == "providers" => {
                self.listed = true;
                for (at, item) in items.into_iter().enumerate() {
                    self.item(at, item, env);
                }
            }
            Shape::List(items) if pattern(path) == "providers.*.keys" => {
                for (at, item) in items.into_iter().enumerate() {
                    self.key(&format!("{path}.{at}"), item, env);
                }
            }
            Shape::Text(_) | Shape::List(_) if path.is_empty() => {
                self.faults
                    .push(Fault::new(place, "", "not a map of settings"));
            }
            Shape::Text(_) if pattern(path) == "providers.*.keys" => self.faults.push(
                Fault::new(place, path, "a value; a list of keys is expected")
                    .hint("a single one can be `api_key`"),
            ),
            Shape::Text(_) | Shape::List(_) => {
                self.faults
                    .push(Fault::new(place, path, "a value; a section is expected"));
            }
        }
    }

    fn pair(&mut self, section: &str, pair: Pair, env: Env<'_>) {
        let place = pair.at.place(env.file);
        let path = if section.is_empty() {
            pair.key.clone()
        } else {
            format!("{section}.{}", pair.key)
        };
        if section == "providers" {
            if provider_name(&pair.key) {
                if self.provider(pair.key, place) {
                    self.section(&path, pair.node, env);
                }
            } else {
                self.faults.push(Fault::new(place, &path, NOT_A_NAME));
            }
        } else if section == "events.sinks" {
            self.sink(pair, &path, env);
        } else if pair.key.contains('.') {
            self.faults
                .push(unknown(place, &path).hint("nest it, one section in the other"));
        } else if let Some(key) = ignored(&path) {
            let silent = match &pair.node.shape {
                Shape::Null => true,
                Shape::Text(text) => key.harmless.contains(&text.as_str()),
                Shape::List(_) | Shape::Map(_) => false,
            };
            if !silent {
                let warning = format!("{place}: {path} has no effect: {}", key.why);
                self.warnings.push(warning);
            }
        } else if find(&path).is_some() {
            self.nodes.insert(path, pair.node);
        } else if is_section(&path) {
            self.section(&path, pair.node, env);
        } else if pattern(section) == "providers.*" && pair.key == "name" {
            self.repeated_name(&path, &pair.node, env);
        } else {
            let mut fault = unknown(place, &path);
            if let Some(hint) = meant(section, &pair.key) {
                fault = fault.hint(hint);
            }
            self.faults.push(fault);
        }
    }

    /// One provider of a list. Without a name that can be used it still gets one, which no provider
    /// can have, so that its other faults are found too.
    fn item(&mut self, at: usize, item: Node, env: Env<'_>) {
        let place = item.at.place(env.file);
        let stand_in = format!("#{}", at + 1);
        let Shape::Map(mut pairs) = item.shape else {
            let path = format!("providers.{stand_in}");
            let fault = Fault::new(place, &path, "not a map of settings");
            self.faults
                .push(fault.hint("write `- name: ...` and its settings below it"));
            return;
        };
        let given = pairs.iter().position(|pair| pair.key == "name");
        let name = match given.map(|given| pairs.remove(given)) {
            None => Err(Fault::new(
                place.clone(),
                "providers",
                "a provider without a `name`",
            )),
            Some(pair) => self.name(pair.node, env),
        };
        let name = name.unwrap_or_else(|fault| {
            self.faults.push(fault);
            stand_in
        });
        let path = format!("providers.{name}");
        if !self.provider(name, place) {
            return;
        }
        for pair in pairs {
            self.pair(&path, pair, env);
        }
    }

    /// Reads the name of a provider in a list.
    fn name(&self, node: Node, env: Env<'_>) -> Result<String, Fault> {
        let place = node.at.place(env.file);
        let fault = |message: &str| Fault::new(place.clone(), "providers", message);
        let Shape::Text(raw) = node.shape else {
            return Err(fault("a provider without a `name`"));
        };
        let name = expand(&raw, env.get).map_err(|wrong| fault(&wrong))?.text;
        if !provider_name(&name) {
            return Err(fault(&format!("`{}` is {NOT_A_NAME}", short(&raw))));
        }
        let twin = self.providers.iter().find(|known| known.name == name);
        match twin.and_then(|twin| twin.place.as_ref()) {
            None => Ok(name),
            Some(first) => Err(fault(&format!("the name `{name}` is taken, in {first}"))
                .hint("give each provider a name of its own")),
        }
    }

    /// A `name` in the map form may only repeat the name.
    fn repeated_name(&mut self, path: &str, node: &Node, env: Env<'_>) {
        let name = provider_of(path).unwrap_or_default();
        if !matches!(&node.shape, Shape::Text(text) if text == name) {
            let place = node.at.place(env.file);
            let fault = Fault::new(place, path, format!("the name is `{name}`, the key above"));
            self.faults
                .push(fault.hint("leave it out, or write the providers as a list"));
        }
    }

    /// One sink.
    fn sink(&mut self, pair: Pair, path: &str, env: Env<'_>) {
        let place = pair.at.place(env.file);
        if !provider_name(&pair.key) {
            let what = NOT_A_NAME.replace("a provider's", "a sink's");
            self.faults.push(Fault::new(place, path, what));
        } else {
            self.sinks.push(Named {
                name: pair.key,
                place: Some(place),
                keys: Vec::new(),
            });
            self.section(path, pair.node, env);
        }
    }

    /// Notes a provider; false when there are too many, which is reported once.
    fn provider(&mut self, name: String, place: Place) -> bool {
        if self.providers.len() > MOST {
            return false;
        }
        if self.providers.len() == MOST {
            let message = format!("more than {MOST} providers");
            self.faults
                .push(Fault::new(place.clone(), "providers", message));
        }
        self.providers.push(Named {
            name,
            place: Some(place),
            keys: Vec::new(),
        });
        true
    }

    /// One key of the provider that was named last.
    fn key(&mut self, path: &str, item: Node, env: Env<'_>) {
        let place = item.at.place(env.file);
        if find(&format!("{path}.key")).is_none() {
            let fault = Fault::new(place, path, "one key too many");
            self.faults.push(fault.hint("a provider has at most 1000"));
            return;
        }
        if let Some(provider) = self.providers.last_mut() {
            provider.keys.push(Some(place.clone()));
        }
        match item.shape {
            Shape::Null => {}
            Shape::Text(_) => drop(self.nodes.insert(format!("{path}.key"), item)),
            Shape::Map(pairs) => {
                for pair in pairs {
                    self.pair(path, pair, env);
                }
            }
            Shape::List(_) => {
                let fault = Fault::new(place, path, "a list; one key is expected");
                self.faults.push(fault);
            }
        }
    }
}

/// Most providers; enough for anyone, and each costs memory in every worker.
const MOST: usize = 500;

const NOT_A_NAME: &str =
    "not a provider's name; up to 64 letters, digits, `-` and `_` are, a letter or digit first";

fn unknown(place: Place, path: &str) -> Fault {
    Fault::new(place, path, "unknown key")
}

/// The beginning of a text, for a message.
fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Says whether a name can be a provider's.
pub(crate) fn provider_name(name: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.len() <= 64
        && name.chars().all(good)
}

/// What an unknown key probably should have been.
pub(crate) fn meant(section: &str, key: &str) -> Option<String> {
    if let Some(near) = nearest(key, children(section)) {
        return Some(format!("did you mean `{near}`?"));
    }
    let elsewhere = entries().find(|entry| entry.name() == key)?;
    let provider = provider_of(section).or(sink_of(section)).unwrap_or("NAME");
    Some(format!(
        "did you mean `{}`?",
        elsewhere.path.replacen('*', provider, 1)
    ))
}
