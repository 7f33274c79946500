//! Which tools of the client's are not called by a name alone, and which are functions. It is
//! needed to say calls in the client's words after a provider that knows only names.

use std::collections::{HashMap, HashSet};

use crate::dialect::Dialect;
use crate::scan::string_value;
use crate::translate::form::{Extra, Request, Tool, ToolKind};

use super::kinds::SEARCH;

/// The tools of a Responses request that are called by a namespace and a name, that which searches
/// for tools, and those that are called with JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    by_name: HashMap<String, Declaration>,
    functions: HashSet<String>,
}

/// How one tool is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Declaration {
    /// The namespace that holds it, if one does.
    pub namespace: Option<String>,
    /// Its name there.
    pub name: String,
    /// Whether its calls are searches for tools.
    pub search: bool,
}

impl Declared {
    /// The tools of `request`; none when it is of another dialect.
    #[must_use]
    pub fn of(request: &Request<'_>) -> Self {
        if request.dialect != Dialect::OpenaiResponses {
            return Self::default();
        }
        let special = request.tools.iter().filter_map(declaration);
        let functions = request.tools.iter().filter_map(|tool| match &tool.kind {
            ToolKind::Function { name, .. } => Some(name.to_string()),
            _ => None,
        });
        Self {
            by_name: special.collect(),
            functions: functions.collect(),
        }
    }

    /// Whether a tool is called with JSON, so that what is none broke off.
    pub(super) fn is_function(&self, name: &str) -> bool {
        self.functions.contains(name)
    }

    pub(super) fn find(&self, name: &str) -> Option<&Declaration> {
        self.by_name.get(name)
    }
}

fn declaration(tool: &Tool<'_>) -> Option<(String, Declaration)> {
    let flat = match &tool.kind {
        ToolKind::Function { name, .. } | ToolKind::Freeform { name, .. } => name,
        ToolKind::Server { .. } => return None,
    };
    let namespace = text_member(&tool.extra, "namespace");
    let search = text_member(&tool.extra, "type").is_some_and(|kind| kind == SEARCH);
    if namespace.is_none() && !search {
        return None;
    }
    let inner = text_member(&tool.extra, "name");
    let declaration = Declaration {
        namespace,
        name: inner.unwrap_or_else(|| flat.to_string()),
        search,
    };
    Some((flat.to_string(), declaration))
}

fn text_member(extra: &Extra<'_>, name: &str) -> Option<String> {
    let (_, value) = extra.members.iter().find(|(key, _)| key == name)?;
    Some(string_value(value.as_str().as_bytes())?.into_owned())
}

/// The name by which other dialects know a tool of a namespace.
pub(super) fn flat_name(namespace: &str, name: &str) -> String {
    let between = if namespace.ends_with('_') || name.starts_with('_') {
        ""
    } else {
        "__"
    };
    format!("{namespace}{between}{name}")
}
