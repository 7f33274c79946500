//! From a node of the file, or a text, to a value of its setting's kind.

use std::collections::BTreeMap;

use super::Env;
use super::entry::Entry;
use super::expand::{Expanded, expand};
use super::fault::{Fault, Place};
use super::kind::{Kind, Value};
use super::suggest::nearest;
use super::tree::{Node, Pair, Shape};
use crate::settings::{HeaderRule, MAX_RULES};

/// What a layer says of a setting.
#[derive(Debug)]
pub(crate) enum Given {
    /// Nothing, or a fault that is reported already.
    Nothing,
    /// A text of which unset variables left nothing.
    Emptied(Place),
    /// A value.
    Value(Value, Place),
}

/// Reads one setting of the file.
pub(crate) struct Reader<'a> {
    pub(crate) entry: &'static Entry,
    /// What the value must be: the entry's kind, or that of its other name.
    pub(crate) kind: Kind,
    /// The path as the file has it.
    pub(crate) path: &'a str,
    pub(crate) env: Env<'a>,
    pub(crate) faults: &'a mut Vec<Fault>,
    pub(crate) warnings: &'a mut Vec<String>,
}

impl Reader<'_> {
    /// Reads what the file has; every fault in it is reported.
    pub(crate) fn node(&mut self, node: Node) -> Given {
        let place = node.at.place(self.env.file);
        match (node.shape, self.kind) {
            (Shape::Null, _) => Given::Nothing,
            (Shape::Text(raw), _) => self.scalar(&raw, place),
            (Shape::List(nodes), Kind::List { .. }) => self.list(nodes, place),
            (Shape::List(nodes), Kind::Rules) => self.rules(&nodes, place),
            (Shape::List(_), _) => self.wrong(place, "a list; one value is expected"),
            (Shape::Map(pairs), Kind::Map { .. }) => self.map(pairs, place),
            (Shape::Map(_), _) => self.wrong(place, "a section; one value is expected"),
        }
    }

    fn scalar(&mut self, raw: &str, place: Place) -> Given {
        let Some(expanded) = self.expand(self.path, raw, &place) else {
            return Given::Nothing;
        };
        let text = expanded.text.as_str();
        if text.is_empty() {
            return if expanded.unset.is_empty() {
                Given::Nothing
            } else {
                Given::Emptied(place)
            };
        }
        let alias = self.entry.aliases.iter();
        if alias
            .filter(|alias| alias.path == self.path)
            .any(|alias| alias.leaves_default(self.entry, text))
        {
            return Given::Nothing;
        }
        match self::text(self.entry, self.kind, text, raw) {
            Ok(value) => Given::Value(value, place),
            Err(message) => {
                let fault = Fault::new(place, self.path, message);
                self.faults.push(fault.hint(unset_hint(&expanded.unset)));
                Given::Nothing
            }
        }
    }

    fn list(&mut self, nodes: Vec<Node>, place: Place) -> Given {
        let before = self.faults.len();
        let mut items = Vec::with_capacity(nodes.len());
        for node in nodes {
            let place = node.at.place(self.env.file);
            let Shape::Text(raw) = node.shape else {
                self.wrong(place, "a list of plain values is expected");
                continue;
            };
            let Some(expanded) = self.expand(self.path, &raw, &place) else {
                continue;
            };
            if expanded.text.is_empty() && !expanded.unset.is_empty() {
                continue;
            }
            match self.kind.read_item(&expanded.text) {
                Ok(()) => items.push(expanded.text),
                Err(wrong) => drop(self.wrong(place, &format!("the list {wrong}"))),
            }
        }
        if self.faults.len() > before {
            return Given::Nothing;
        }
        Given::Value(Value::List(items), place)
    }

    fn rules(&mut self, nodes: &[Node], place: Place) -> Given {
        let mut rules = Vec::with_capacity(nodes.len());
        for node in nodes {
            let place = node.at.place(self.env.file);
            let Some(json) = rule_json(node) else {
                return self.wrong(place, "a rule is a map of plain values");
            };
            match HeaderRule::read(&json) {
                Ok(_) if rules.len() == MAX_RULES => {
                    return self.wrong(place, &format!("more than {MAX_RULES} rules"));
                }
                Ok(rule) => rules.push(serde_json::to_string(&rule).unwrap_or_default()),
                Err(wrong) => return self.wrong(place, &wrong),
            }
        }
        Given::Value(Value::List(rules), place)
    }

    fn map(&mut self, pairs: Vec<Pair>, place: Place) -> Given {
        let before = self.faults.len();
        let mut values = BTreeMap::new();
        for pair in pairs {
            let place = pair.node.at.place(self.env.file);
            let path = format!("{}.{}", self.path, pair.key);
            let raw = match pair.node.shape {
                Shape::Null => continue,
                Shape::Text(raw) => raw,
                shape => match self.sections(&path, shape, &place) {
                    Some(text) => text,
                    None => continue,
                },
            };
            let Some(expanded) = self.expand(&path, &raw, &place) else {
                continue;
            };
            if expanded.text.is_empty() {
                continue;
            }
            match self.kind.read_pair(&pair.key, &expanded.text) {
                Ok(()) => drop(values.insert(pair.key, expanded.text)),
                Err(wrong) => {
                    let message = match self.entry.secret {
                        true => format!("the value {wrong}"),
                        false => format!("`{}` {wrong}", short(&raw)),
                    };
                    let fault = Fault::new(place, &path, message);
                    self.faults.push(fault.hint(unset_hint(&expanded.unset)));
                }
            }
        }
        if self.faults.len() > before {
            return Given::Nothing;
        }
        Given::Value(Value::Map(values), place)
    }

    /// The text that a section stands for, or a list of them, where the setting takes sections.
    fn sections(&mut self, path: &str, shape: Shape, place: &Place) -> Option<String> {
        let known = match self.kind {
            Kind::Map { fields, .. } => fields,
            _ => &[],
        };
        let sections: Vec<Shape> = match shape {
            Shape::List(nodes) => nodes.into_iter().map(|node| node.shape).collect(),
            shape => vec![shape],
        };
        let mut texts = Vec::new();
        for section in sections {
            let Shape::Map(pairs) = section else {
                texts.clear();
                break;
            };
            texts.push(self.section(path, pairs, known)?);
        }
        if known.is_empty() || texts.is_empty() {
            let fault = Fault::new(place.clone(), path, "one value is expected");
            let hint = "a name with a dot in it needs quotes in TOML";
            self.faults.push(fault.hint(hint));
            return None;
        }
        Some(texts.join(" ; "))
    }

    fn section(&mut self, path: &str, pairs: Vec<Pair>, known: &[&str]) -> Option<String> {
        let mut words = Vec::new();
        for pair in pairs {
            let place = pair.node.at.place(self.env.file);
            let path = format!("{path}.{}", pair.key);
            let message = match pair.node.shape {
                _ if !known.is_empty() && !known.contains(&pair.key.as_str()) => "unknown key",
                Shape::Null => continue,
                Shape::Text(text) if !text.contains(|c: char| c.is_whitespace() || c == ';') => {
                    words.push(format!("{}={text}", pair.key));
                    continue;
                }
                _ => "one value is expected",
            };
            let hint = match nearest(&pair.key, known.iter().copied()) {
                Some(near) if message == "unknown key" => format!("did you mean `{near}`?"),
                _ => String::new(),
            };
            self.faults
                .push(Fault::new(place, &path, message).hint(hint));
            return None;
        }
        Some(words.join(" "))
    }

    /// Puts the variables in, and warns of those that are unset.
    fn expand(&mut self, path: &str, raw: &str, place: &Place) -> Option<Expanded> {
        match expand(raw, self.env.get) {
            Ok(expanded) => {
                if !expanded.unset.is_empty() {
                    let hint = unset_hint(&expanded.unset);
                    self.warnings.push(format!("{place}: {path}: {hint}"));
                }
                Some(expanded)
            }
            Err(message) => {
                self.faults.push(Fault::new(place.clone(), path, message));
                None
            }
        }
    }

    fn wrong(&mut self, place: Place, message: &str) -> Given {
        self.faults.push(Fault::new(place, self.path, message));
        Given::Nothing
    }
}

/// A rule of the file as JSON; its values are texts, except the switch.
fn rule_json(node: &Node) -> Option<String> {
    let Shape::Map(pairs) = &node.shape else {
        return None;
    };
    let mut fields = serde_json::Map::new();
    for pair in pairs {
        let value = match &pair.node.shape {
            Shape::Null => continue,
            Shape::Text(text) if pair.key == "enabled" => match Kind::Bool.read(text) {
                Ok(Value::Bool(on)) => on.into(),
                _ => text.as_str().into(),
            },
            Shape::Text(text) => text.as_str().into(),
            Shape::List(_) | Shape::Map(_) => return None,
        };
        fields.insert(pair.key.clone(), value);
    }
    serde_json::to_string(&fields).ok()
}

/// Names the variables that are missing; empty when none is.
fn unset_hint(unset: &[String]) -> String {
    match unset {
        [] => String::new(),
        [name] => format!("the variable `{name}` is unset or empty"),
        names => format!("the variables `{}` are unset or empty", names.join("`, `")),
    }
}

/// Reads a text; `shown` is what a fault may quote of it, which for the file is the text before
/// variables are put in.
pub(crate) fn text(entry: &Entry, kind: Kind, text: &str, shown: &str) -> Result<Value, String> {
    let optional = entry.default.is_empty() && entry.by_type.is_empty();
    if text.is_empty() && optional && matches!(kind, Kind::Text { .. }) {
        return Ok(Value::Text(String::new()));
    }
    kind.read(text).map_err(|wrong| {
        if entry.secret || shown.contains('@') {
            format!("the value {wrong}")
        } else {
            format!("`{}` {wrong}", short(shown))
        }
    })
}

/// The beginning of a text, for a message.
fn short(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}...", text.split_at(end).0),
        None => text.to_owned(),
    }
}
