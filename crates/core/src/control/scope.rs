//! Something that limits hang on: a project, or a token.

use std::fmt;

use uuid::Uuid;

use super::budget::Budget;
use super::rules::Rules;

/// Names a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScopeId {
    /// A project.
    Project(Uuid),
    /// A token.
    Token(Uuid),
}

impl ScopeId {
    /// Reads what [`fmt::Display`] writes; none for anything else.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (kind, id) = name.split_once(':')?;
        let id = id.parse().ok()?;
        match kind {
            "project" => Some(Self::Project(id)),
            "token" => Some(Self::Token(id)),
            _ => None,
        }
    }

    /// What it is called in messages.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Project(_) => "project",
            Self::Token(_) => "token",
        }
    }
}

impl fmt::Display for ScopeId {
    /// `project:ID` or `token:ID`, as it is named in stores.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Project(id) | Self::Token(id)) = self;
        write!(f, "{}:{id}", self.noun())
    }
}

/// How much at once and in a minute; none is as much as one likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Requests in a minute.
    pub rpm: Option<u64>,
    /// Tokens in a minute, input and output.
    pub tpm: Option<u64>,
    /// Requests at once.
    pub concurrency: Option<u64>,
}

/// What one level allows. A request must be allowed by every level it is under, so a child can
/// never do more than its parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Whose it is.
    pub id: ScopeId,
    /// What may be asked for.
    pub rules: Rules,
    /// How fast.
    pub limits: Limits,
    /// How much.
    pub budgets: Box<[Budget]>,
    /// Requests in all; none is any number.
    pub max_requests: Option<u64>,
}

impl Scope {
    /// One that allows everything.
    #[must_use]
    pub fn open(id: ScopeId) -> Self {
        Self {
            id,
            rules: Rules::default(),
            limits: Limits::default(),
            budgets: Box::default(),
            max_requests: None,
        }
    }

    /// Whether anything that is used counts towards an end of it.
    #[must_use]
    pub fn is_metered(&self) -> bool {
        self.limits != Limits::default() || !self.budgets.is_empty() || self.max_requests.is_some()
    }
}
