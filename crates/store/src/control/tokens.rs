//! Tokens: made, changed, revoked, rotated.

use std::sync::Arc;

use ring::rand::{SecureRandom as _, SystemRandom};
use uuid::Uuid;
use weir_core::control::{Digest, MAX_DEPTH, ScopeId, ScopeSpec, SpecEdit, Token, hint, new_token};
use weir_core::secret::Secret;

use super::audit::{By, Event};
use super::db::{Done, Row, Statement, int, maybe_text, text};
use super::draft::Draft;
use super::token_state::cap;
use super::{ControlError, ControlStore, SealError, TRIES, as_int, changed};

const COLUMNS: &str = "id, project_id, parent_id, name, digest, hint, previous_digest, \
     previous_until_us, is_active, deactivated_us, expires_us, max_requests, request_count, \
     cache_hit_count, last_used_us, spec, created_us, updated_us, version";
const MINUTE_US: i64 = 60_000_000;
/// Longest life: 365 days, in minutes.
pub(super) const MAX_MINUTES: u64 = 525_600;
/// Longest time that a rotated secret still works, in minutes.
const MAX_OVERLAP: u64 = 10_080;

/// A token as it is kept. Its secret is not.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenRow {
    /// Its id, which is no secret.
    pub id: Uuid,
    /// The project.
    pub project: Uuid,
    /// The token that it was made from.
    pub parent: Option<Uuid>,
    /// What people call it.
    pub name: Option<String>,
    digest: Digest,
    previous: Option<(Digest, i64)>,
    /// What is shown of its secret.
    pub hint: String,
    /// Whether it was not revoked.
    pub is_active: bool,
    /// When it was revoked, in microseconds since the Unix epoch.
    pub deactivated_us: Option<i64>,
    /// When it stops to work; none is never.
    pub expires_us: Option<i64>,
    /// Requests that it is good for; none is any number.
    pub max_requests: Option<u64>,
    /// Requests that were let through.
    pub request_count: u64,
    /// Requests that were answered from the cache.
    pub cache_hit_count: u64,
    /// When it was last used, in microseconds since the Unix epoch.
    pub last_used_us: Option<i64>,
    /// What it may do.
    pub spec: ScopeSpec,
    /// When it was made, in microseconds since the Unix epoch.
    pub created_us: i64,
    /// How often it was changed, from 1.
    pub version: i64,
}

impl TokenRow {
    /// What the directory has of it; none if nobody can say what it may do.
    pub(super) fn token(&self) -> Option<Token> {
        let scope = self.spec.scope(ScopeId::Token(self.id), self.max_requests);
        let scope = scope
            .inspect_err(|faults| {
                tracing::error!(token = %self.id, ?faults, "a stored token cannot be used");
            })
            .ok()?;
        Some(Token {
            id: self.id,
            project: self.project,
            parent: self.parent,
            digest: self.digest,
            previous: self.previous.map(|(digest, us)| (digest, us / 1000)),
            is_active: self.is_active,
            expires_at_ms: self.expires_us.map(|us| us / 1000),
            scope: Arc::new(scope),
        })
    }
}

/// A token to make.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// The project.
    pub project: Uuid,
    /// The token above it, which it can never outdo.
    pub parent: Option<Uuid>,
    /// What people call it.
    pub name: Option<String>,
    /// How long it lives, in minutes; between 1 and 525600.
    pub duration_minutes: u64,
    /// Requests that it is good for; none or 0 is any number.
    pub max_requests: Option<u64>,
    /// What it may do.
    pub spec: ScopeSpec,
}

/// What is to change; what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct TokenEdit {
    /// Only if it was changed this often.
    pub if_version: Option<i64>,
    /// On or off.
    pub is_active: Option<bool>,
    /// Another cap; 0 takes it away.
    pub max_requests: Option<u64>,
    /// Another name.
    pub name: Option<String>,
    /// What it may do.
    pub spec: SpecEdit,
}

impl TokenEdit {
    /// Whether nothing is to change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.is_active.is_none()
            && self.max_requests.is_none()
            && self.name.is_none()
            && self.spec.is_empty()
    }
}

/// How many tokens were revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// By this.
    pub revoked: u64,
    /// Before.
    pub already: u64,
}

impl ControlStore {
    /// Every token, the newest first.
    pub(super) async fn token_rows(&self) -> Result<Vec<TokenRow>, ControlError> {
        self.tokens(None, false).await
    }

    /// The tokens of a project, or all, the newest first; with `active_only` those that are neither
    /// revoked nor too old.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tokens(
        &self,
        project: Option<Uuid>,
        active_only: bool,
    ) -> Result<Vec<TokenRow>, ControlError> {
        let mut parts = Vec::new();
        let mut values = Vec::new();
        if let Some(project) = project {
            parts.push("project_id = ?");
            values.push(text(project.to_string()));
        }
        if active_only {
            parts.push("is_active = 1 AND (expires_us IS NULL OR expires_us >= ?)");
            values.push(int(super::now_us()));
        }
        let condition = match parts.is_empty() {
            true => String::new(),
            false => format!(" WHERE {}", parts.join(" AND ")),
        };
        let query =
            format!("SELECT {COLUMNS} FROM tokens{condition} ORDER BY created_us DESC, id DESC");
        let rows = self.db.rows(Statement::new(query).with(values)).await?;
        rows.iter().map(read).collect()
    }

    /// One token.
    ///
    /// # Errors
    /// When there is none of that id, or the database fails.
    pub async fn token(&self, id: Uuid) -> Result<TokenRow, ControlError> {
        let query = format!("SELECT {COLUMNS} FROM tokens WHERE id = ?");
        let query = Statement::new(query).with([text(id.to_string())]);
        let rows = self.db.rows(query).await?;
        read(rows.first().ok_or(ControlError::NotFound("token"))?)
    }

    /// Makes a token and gives its secret, which nobody can ask for again.
    ///
    /// # Errors
    /// When something of it is wrong, there is no such project or parent, the project is switched
    /// off, or the database fails.
    pub async fn create_token(
        &self,
        new: NewToken,
        by: &By,
    ) -> Result<(TokenRow, Secret), ControlError> {
        self.write(self.draft_token(new).await?, by).await
    }

    /// A token to write, with its secret.
    ///
    /// # Errors
    /// As [`ControlStore::create_token`].
    pub async fn draft_token(
        &self,
        new: NewToken,
    ) -> Result<Draft<(TokenRow, Secret)>, ControlError> {
        let (id, now) = (Uuid::now_v7(), super::now_us());
        let max_requests = new.max_requests.filter(|most| *most > 0);
        if !(1..=MAX_MINUTES).contains(&new.duration_minutes) {
            let message = format!("a token lives between 1 and {MAX_MINUTES} minutes");
            return Err(ControlError::field("duration_minutes", message));
        }
        new.spec
            .scope(ScopeId::Token(id), max_requests)
            .map_err(ControlError::Invalid)?;
        let project = self.project(new.project).await?;
        if !project.is_active {
            return Err(ControlError::ProjectInactive);
        }
        self.check_parent(&new).await?;
        let secret = random_token()?;
        let minutes = i64::try_from(new.duration_minutes).unwrap_or(i64::MAX);
        let event = Event::success("token.create")
            .of_project(new.project)
            .of_token(id)
            .with("duration_minutes", new.duration_minutes)
            .with("max_requests", max_requests);
        let name = new.name.as_deref().map(str::trim);
        let row = TokenRow {
            id,
            project: new.project,
            parent: new.parent,
            name: name.filter(|name| !name.is_empty()).map(str::to_owned),
            digest: Digest::of(secret.expose().as_bytes()),
            hint: hint(&secret),
            previous: None,
            is_active: true,
            deactivated_us: None,
            expires_us: Some(now.saturating_add(minutes.saturating_mul(MINUTE_US))),
            max_requests,
            request_count: 0,
            cache_hit_count: 0,
            last_used_us: None,
            spec: new.spec,
            created_us: now,
            version: 1,
        };
        Ok(Draft {
            statements: vec![changed(), insert(&row)?],
            event,
            refused: ControlError::Conflict("the token was not made; try again".into()),
            made: (row, secret),
        })
    }

    /// A child belongs to its parent's project, and has few enough parents.
    async fn check_parent(&self, new: &NewToken) -> Result<(), ControlError> {
        let mut above = new.parent;
        for _ in 1..MAX_DEPTH {
            let Some(id) = above else { return Ok(()) };
            let parent = self.token(id).await.map_err(|error| match error {
                ControlError::NotFound(_) => ControlError::NotFound("parent token"),
                other => other,
            })?;
            if parent.project != new.project {
                let message = "the parent is a token of another project";
                return Err(ControlError::field("parent_id", message));
            }
            above = parent.parent;
        }
        match above {
            None => Ok(()),
            Some(_) => {
                let message = format!("at most {MAX_DEPTH} tokens stand above one another");
                Err(ControlError::field("parent_id", message))
            }
        }
    }

    /// Changes a token. What is not named stays as it is at that moment, whoever else changes it.
    ///
    /// # Errors
    /// When there is none of that id, it is not in the state that the edit is for, something of it is
    /// wrong, or the database fails.
    pub async fn edit_token(
        &self,
        id: Uuid,
        edit: TokenEdit,
        by: &By,
    ) -> Result<TokenRow, ControlError> {
        for _ in 0..TRIES {
            let before = self.token(id).await?;
            if edit
                .if_version
                .is_some_and(|version| version != before.version)
            {
                return Err(late());
            }
            let (update, event) = update(before, &edit)?;
            let events = [(by.clone(), event)];
            match self.commit(vec![changed(), update], &events).await? {
                Done::All(_) => return self.token(id).await,
                // Somebody has changed it since it was read.
                Done::Not(_) => {}
                Done::Duplicate(_) => break,
            }
        }
        Err(late())
    }

    /// Revokes a token; one that is revoked already stays so.
    ///
    /// # Errors
    /// When there is none of that id, or the database fails.
    pub async fn revoke_token(&self, id: Uuid, by: &By) -> Result<(), ControlError> {
        let before = self.token(id).await?;
        let now = super::now_us();
        let update = "UPDATE tokens SET is_active = 0, deactivated_us = ?, updated_us = ?, \
                      version = version + 1 WHERE id = ? AND is_active = 1";
        let update = Statement::new(update).with([int(now), int(now), text(id.to_string())]);
        let event = Event::success("token.revoke")
            .of_project(before.project)
            .of_token(id)
            .with("already_revoked", !before.is_active);
        self.commit(vec![changed(), update], &[(by.clone(), event)])
            .await
            .map(drop)
    }

    /// Revokes every token of a project.
    ///
    /// # Errors
    /// When there is none of that id, or the database fails.
    pub async fn revoke_tokens(&self, project: Uuid, by: &By) -> Result<Revoked, ControlError> {
        self.project(project).await?;
        let count = Statement::new("SELECT COUNT(*) FROM tokens WHERE project_id = ?")
            .with([text(project.to_string())]);
        let rows = self.db.rows(count).await?;
        let total = rows.first().map_or(Ok(0), |row| row.count(0))?;
        let mut statements = vec![changed()];
        self.revoke_all(&mut statements, project, super::now_us());
        let event = Event::success("token.revoke_batch")
            .of_project(project)
            .with("total_tokens", total);
        let Done::All(changed) = self.commit(statements, &[(by.clone(), event)]).await? else {
            return Err(ControlError::Conflict("try again".into()));
        };
        let revoked = changed.get(1).copied().unwrap_or(0);
        Ok(Revoked {
            revoked,
            already: total.saturating_sub(revoked),
        })
    }

    /// Adds the statement that revokes every token of a project.
    pub(super) fn revoke_all(&self, statements: &mut Vec<Statement>, project: Uuid, now: i64) {
        let update = "UPDATE tokens SET is_active = 0, deactivated_us = ?, updated_us = ?, \
                      version = version + 1 WHERE project_id = ? AND is_active = 1";
        let update = Statement::new(update).with([int(now), int(now), text(project.to_string())]);
        statements.push(update);
    }

    /// Gives a token another secret. The one before works for `overlap_minutes` more.
    ///
    /// # Errors
    /// When there is none of that id, it was revoked, the overlap is too long, or the database
    /// fails.
    pub async fn rotate_token(
        &self,
        id: Uuid,
        overlap_minutes: u64,
        by: &By,
    ) -> Result<(TokenRow, Secret), ControlError> {
        self.write(self.draft_rotation(id, overlap_minutes).await?, by)
            .await
    }

    /// Another secret for a token, to write.
    ///
    /// # Errors
    /// As [`ControlStore::rotate_token`].
    pub async fn draft_rotation(
        &self,
        id: Uuid,
        overlap_minutes: u64,
    ) -> Result<Draft<(TokenRow, Secret)>, ControlError> {
        let before = self.token(id).await?;
        if !before.is_active {
            return Err(ControlError::Refused("the token is revoked".into()));
        }
        if overlap_minutes > MAX_OVERLAP {
            let message = format!("an overlap lasts at most {MAX_OVERLAP} minutes");
            return Err(ControlError::field("overlap_minutes", message));
        }
        let now = super::now_us();
        let secret = random_token()?;
        let overlap = i64::try_from(overlap_minutes).unwrap_or(0) * MINUTE_US;
        let update = "UPDATE tokens SET previous_digest = digest, previous_until_us = ?, digest = ?, \
                      hint = ?, updated_us = ?, version = version + 1 WHERE id = ? AND version = ?";
        let row = TokenRow {
            previous: Some((before.digest, now + overlap)),
            digest: Digest::of(secret.expose().as_bytes()),
            hint: hint(&secret),
            version: before.version + 1,
            ..before
        };
        let update = Statement::new(update)
            .with([
                int(now + overlap),
                text(row.digest.to_hex()),
                text(row.hint.as_str()),
                int(now),
                text(id.to_string()),
                int(before.version),
            ])
            .must_change(1);
        let event = Event::success("token.rotate")
            .of_project(row.project)
            .of_token(id)
            .with("overlap_minutes", overlap_minutes);
        let refused = "the token was changed in the meantime; try again";
        Ok(Draft {
            statements: vec![changed(), update],
            event,
            refused: ControlError::Conflict(refused.into()),
            made: (row, secret),
        })
    }
}

fn late() -> ControlError {
    ControlError::Late("the token was changed in the meantime; read it again".into())
}

/// The statement that changes a token as it was read, and what the audit says of it.
fn update(before: TokenRow, edit: &TokenEdit) -> Result<(Statement, Event), ControlError> {
    let (id, now) = (before.id, super::now_us());
    let mut sets = vec!["updated_us = ?", "version = version + 1"];
    let mut values = vec![int(now)];
    let mut event = Event::success("token.update")
        .of_project(before.project)
        .of_token(id);
    if let Some(active) = edit.is_active {
        event = event.with("updated_is_active", active);
        if active != before.is_active {
            sets.push("is_active = ?, deactivated_us = ?");
            values.extend([int(i64::from(active)), int((!active).then_some(now))]);
        }
    }
    if let Some(most) = edit.max_requests {
        sets.push("max_requests = ?");
        values.push(if most == 0 { int(None) } else { as_int(most) });
        event = match most {
            0 => event.with("updated_max_requests", "unlimited"),
            most => event.with("updated_max_requests", most),
        };
    }
    if let Some(name) = &edit.name {
        sets.push("name = ?");
        let name = Some(name.trim()).filter(|name| !name.is_empty());
        values.push(maybe_text(name));
    }
    if !edit.spec.is_empty() {
        let spec = edit.spec.clone().of(before.spec);
        spec.scope(ScopeId::Token(id), None)
            .map_err(ControlError::Invalid)?;
        sets.push("spec = ?");
        values.push(text(super::json(&spec)?));
        event = event.with("updated_spec", true);
    }
    // What was read is merged into what is written, so it must still be so.
    let sets = sets.join(", ");
    let sql = format!("UPDATE tokens SET {sets} WHERE id = ? AND version = ?");
    values.extend([text(id.to_string()), int(before.version)]);
    Ok((Statement::new(sql).with(values).must_change(1), event))
}

/// The statement that writes a new token.
fn insert(row: &TokenRow) -> Result<Statement, ControlError> {
    let insert = format!(
        "INSERT INTO tokens ({COLUMNS}) \
         VALUES (?, ?, ?, ?, ?, ?, NULL, NULL, 1, NULL, ?, ?, 0, 0, NULL, ?, ?, ?, 1)"
    );
    Ok(Statement::new(insert).with([
        text(row.id.to_string()),
        text(row.project.to_string()),
        maybe_text(row.parent.map(|id| id.to_string())),
        maybe_text(row.name.as_deref()),
        text(row.digest.to_hex()),
        text(row.hint.as_str()),
        int(row.expires_us),
        row.max_requests.map_or(int(None), as_int),
        text(super::json(&row.spec)?),
        int(row.created_us),
        int(row.created_us),
    ]))
}

fn random_token() -> Result<Secret, ControlError> {
    let mut random = [0; 16];
    SystemRandom::new()
        .fill(&mut random)
        .map_err(|_| SealError::NoRandom)?;
    Ok(new_token(random))
}

fn read(row: &Row) -> Result<TokenRow, ControlError> {
    let digest = |text: String| {
        Digest::from_hex(&text).ok_or_else(|| ControlError::damaged("a token's digest"))
    };
    let previous = row.maybe_text(6)?.map(digest).transpose()?;
    let spec = serde_json::from_str(&row.text(15)?);
    Ok(TokenRow {
        id: row.parsed(0)?,
        project: row.parsed(1)?,
        parent: row.maybe_text(2)?.map(|_| row.parsed(2)).transpose()?,
        name: row.maybe_text(3)?,
        digest: digest(row.text(4)?)?,
        hint: row.text(5)?,
        previous: previous.zip(row.maybe_int(7)?),
        is_active: row.int(8)? != 0,
        deactivated_us: row.maybe_int(9)?,
        expires_us: row.maybe_int(10)?,
        max_requests: cap(row.maybe_int(11)?),
        request_count: row.count(12)?,
        cache_hit_count: row.count(13)?,
        last_used_us: row.maybe_int(14)?,
        spec: spec.map_err(|error| ControlError::damaged(&format!("a token's `spec`: {error}")))?,
        created_us: row.int(16)?,
        version: row.int(18)?,
    })
}
