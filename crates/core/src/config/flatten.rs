//! The tree of a file against the catalogue: which node sets which path, and which keys mean
//! nothing. Values are not read here.

use std::collections::BTreeMap;

use super::catalogue::CATALOGUE;
use super::entry::{children, find, is_section, provider_of};
use super::fault::{Fault, Place};
use super::suggest::nearest;
use super::tree::{Node, Pair, Shape};

/// What a file sets.
#[derive(Debug, Default)]
pub(crate) struct Flat {
    /// Nodes by path.
    pub(crate) nodes: BTreeMap<String, Node>,
    /// Names below `providers`, in the order of the file, with their spot.
    pub(crate) providers: Vec<(String, Place)>,
    /// Keys that mean nothing, and values of the wrong shape.
    pub(crate) faults: Vec<Fault>,
}

/// Sorts the nodes of a file to the paths that they set.
pub(crate) fn flatten(root: Node, name: &str) -> Flat {
    let mut flat = Flat::default();
    flat.section("", root, name);
    flat
}

impl Flat {
    fn section(&mut self, path: &str, node: Node, name: &str) {
        let place = node.at.place(name);
        match node.shape {
            Shape::Null => {}
            Shape::Map(pairs) => {
                for pair in pairs {
                    self.pair(path, pair, name);
                }
            }
            Shape::Text(_) | Shape::List(_) if path.is_empty() => {
                self.faults
                    .push(Fault::new(place, "", "not a map of settings"));
            }
            Shape::List(_) if path == "providers" => self.faults.push(
                Fault::new(
                    place,
                    path,
                    "a list; a map of names to settings is expected",
                )
                .hint("write `anthropic:` with its settings below it, not `- name: anthropic`"),
            ),
            Shape::Text(_) | Shape::List(_) => {
                self.faults
                    .push(Fault::new(place, path, "a value; a section is expected"));
            }
        }
    }

    fn pair(&mut self, section: &str, pair: Pair, name: &str) {
        let place = pair.at.place(name);
        let path = if section.is_empty() {
            pair.key.clone()
        } else {
            format!("{section}.{}", pair.key)
        };
        if section == "providers" {
            if !provider_name(&pair.key) {
                let message = "not a provider's name; letters, digits, `-` and `_` are";
                self.faults.push(Fault::new(place, &path, message));
                return;
            }
            self.providers.push((pair.key, place));
            self.section(&path, pair.node, name);
        } else if pair.key.contains('.') {
            self.faults
                .push(unknown(place, &path).hint("nest it, one section in the other"));
        } else if find(&path).is_some() {
            self.nodes.insert(path, pair.node);
        } else if is_section(&path) {
            self.section(&path, pair.node, name);
        } else {
            let mut fault = unknown(place, &path);
            if let Some(hint) = meant(section, &pair.key) {
                fault = fault.hint(hint);
            }
            self.faults.push(fault);
        }
    }
}

fn unknown(place: Place, path: &str) -> Fault {
    Fault::new(place, path, "unknown key")
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
    let elsewhere = CATALOGUE.iter().find(|entry| entry.name() == key)?;
    let provider = provider_of(section).unwrap_or("NAME");
    Some(format!(
        "did you mean `{}`?",
        elsewhere.path.replace('*', provider)
    ))
}
