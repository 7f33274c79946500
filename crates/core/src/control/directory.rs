//! Who has which token. Built whole whenever something changes and swapped; a look-up is one of a
//! hash.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use foldhash::fast::RandomState;
use uuid::Uuid;

use super::refusal::{Code, Refusal};
use super::rules::Head;
use super::scope::Scope;
use super::token::{Digest, is_as_long_as_a_token};
use crate::exchange::Tenant;
use crate::secret::Secret;

/// Most generations of tokens.
pub const MAX_DEPTH: usize = 8;

/// A tenant.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its id.
    pub id: Uuid,
    /// Its name, which no other has.
    pub name: Arc<str>,
    /// Whether its tokens work.
    pub is_active: bool,
    /// Its keys, by provider.
    pub keys: Arc<[ProjectKey]>,
    /// What it may do.
    pub scope: Arc<Scope>,
}

/// A provider's key that belongs to a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectKey {
    /// Its id.
    pub id: Uuid,
    /// The provider's name in the settings.
    pub provider: Arc<str>,
    /// The key; none where it cannot be opened, so that nothing else is used in its place.
    pub secret: Option<Secret>,
}

/// What a project has handed out.
#[derive(Clone, Debug)]
pub struct Token {
    /// Its id, which is no secret.
    pub id: Uuid,
    /// The project.
    pub project: Uuid,
    /// The token that it was made from.
    pub parent: Option<Uuid>,
    /// What its secret is known by.
    pub digest: Digest,
    /// The secret before it was rotated, and until when that works, in milliseconds since the Unix
    /// epoch.
    pub previous: Option<(Digest, i64)>,
    /// Whether it was not revoked.
    pub is_active: bool,
    /// When it stops to work, in milliseconds since the Unix epoch; none is never.
    pub expires_at_ms: Option<i64>,
    /// What it may do.
    pub scope: Arc<Scope>,
}

/// A token with all that stands above it.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The project.
    pub project: Arc<Project>,
    /// The token, its parent and so on.
    pub tokens: Box<[Arc<Token>]>,
    /// What all of them allow, the project first.
    pub scopes: Arc<[Arc<Scope>]>,
    /// Until when the secret works that it was found by, in milliseconds since the Unix epoch.
    until_ms: Option<i64>,
    /// Whether tokens of projects that are switched off work all the same.
    lenient: bool,
}

impl Holder {
    /// The token's id.
    #[must_use]
    pub fn token_id(&self) -> Uuid {
        self.tokens.first().map_or(Uuid::nil(), |token| token.id)
    }

    /// Whose token it is, for records.
    #[must_use]
    pub fn tenant(&self) -> Tenant {
        Tenant {
            project: self.project.id,
            token: self.token_id(),
        }
    }

    /// Whether it may ask for anything at all.
    ///
    /// # Errors
    /// When it was revoked or is too old, or the project is switched off. What stands above a token
    /// counts for it.
    pub fn check(&self, unix_ms: i64) -> Result<(), Refusal> {
        if self.tokens.iter().any(|token| !token.is_active) {
            return Err(Refusal::new(Code::TokenInactive, "Token is inactive"));
        }
        let ends = self.tokens.iter().filter_map(|token| token.expires_at_ms);
        if ends.chain(self.until_ms).any(|end| unix_ms > end) {
            return Err(Refusal::new(Code::TokenExpired, "Token has expired"));
        }
        if !self.project.is_active && !self.lenient {
            return Err(Refusal::new(Code::ProjectInactive, "Project is inactive"));
        }
        Ok(())
    }

    /// Whether the head of a request is allowed by every level.
    ///
    /// # Errors
    /// The first list that is not met, the project's before the token's.
    pub fn check_head(&self, head: &Head<'_>) -> Result<(), Refusal> {
        self.scopes
            .iter()
            .try_for_each(|scope| scope.rules.check_head(head))
    }

    /// Whether [`Holder::check_model`] needs the model.
    #[must_use]
    pub fn limits_models(&self) -> bool {
        self.scopes.iter().any(|scope| scope.rules.limits_models())
    }

    /// Whether what it may use in a period, or in a minute, is limited.
    #[must_use]
    pub fn is_metered(&self) -> bool {
        let metered = |scope: &Arc<Scope>| !scope.budgets.is_empty() || scope.limits.tpm.is_some();
        self.scopes.iter().any(metered)
    }

    /// Whether its model is.
    ///
    /// # Errors
    /// As [`Holder::check_head`].
    pub fn check_model(&self, model: Option<&str>) -> Result<(), Refusal> {
        self.scopes
            .iter()
            .try_for_each(|scope| scope.rules.check_model(model))
    }

    /// Whether [`Holder::check_body`] needs the body.
    #[must_use]
    pub fn reads_body(&self) -> bool {
        self.scopes.iter().any(|scope| scope.rules.reads_body())
    }

    /// Whether its parameters are.
    ///
    /// # Errors
    /// As [`Holder::check_head`].
    pub fn check_body(&self, body: &[u8]) -> Result<(), Refusal> {
        self.scopes
            .iter()
            .try_for_each(|scope| scope.rules.check_body(body))
    }
}

/// Every token there is, by what its secret is known by.
#[derive(Clone, Default)]
pub struct Directory {
    holders: HashMap<Digest, Arc<Holder>, RandomState>,
    projects: Vec<Arc<Project>>,
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory")
            .field("tokens", &self.holders.len())
            .finish()
    }
}

impl Directory {
    /// Those of `projects`. A token whose project or parent is missing is left out: nobody can say
    /// what it may do. With `lenient`, tokens of projects that are switched off work.
    #[must_use]
    pub fn new(projects: Vec<Project>, tokens: Vec<Token>, lenient: bool) -> Self {
        let projects: HashMap<Uuid, Arc<Project>> = projects
            .into_iter()
            .map(|project| (project.id, Arc::new(project)))
            .collect();
        let tokens: HashMap<Uuid, Arc<Token>> = tokens
            .into_iter()
            .map(|token| (token.id, Arc::new(token)))
            .collect();
        let mut holders = HashMap::with_capacity_and_hasher(tokens.len(), RandomState::default());
        for token in tokens.values() {
            let Some(line) = line(token, &tokens) else {
                continue;
            };
            let Some(project) = projects.get(&token.project) else {
                continue;
            };
            let above = line.iter().rev().map(|token| Arc::clone(&token.scope));
            let scopes = std::iter::once(Arc::clone(&project.scope)).chain(above);
            let holder = Holder {
                project: Arc::clone(project),
                scopes: scopes.collect(),
                tokens: line,
                until_ms: None,
                lenient,
            };
            if let Some((digest, until)) = token.previous {
                let mut old = holder.clone();
                old.until_ms = Some(until);
                holders.insert(digest, Arc::new(old));
            }
            holders.insert(token.digest, Arc::new(holder));
        }
        let projects = projects.into_values().collect();
        Self { holders, projects }
    }

    /// The projects.
    pub fn projects(&self) -> impl Iterator<Item = &Arc<Project>> {
        self.projects.iter()
    }

    /// How many secrets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.holders.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.holders.is_empty()
    }

    /// Whose token `presented` is; none for anything that is none.
    #[must_use]
    pub fn find(&self, presented: &[u8]) -> Option<&Arc<Holder>> {
        if self.holders.is_empty() || !is_as_long_as_a_token(presented) {
            return None;
        }
        self.holders.get(&Digest::of(presented))
    }
}

/// A token and those above it. None if one is missing, is another project's, or there are too many,
/// as in a circle.
fn line(token: &Arc<Token>, all: &HashMap<Uuid, Arc<Token>>) -> Option<Box<[Arc<Token>]>> {
    let mut line = vec![Arc::clone(token)];
    let mut parent = token.parent;
    while let Some(id) = parent {
        let above = all
            .get(&id)
            .filter(|above| above.project == token.project)?;
        if line.len() >= MAX_DEPTH {
            return None;
        }
        line.push(Arc::clone(above));
        parent = above.parent;
    }
    Some(line.into())
}

#[cfg(test)]
mod tests;
