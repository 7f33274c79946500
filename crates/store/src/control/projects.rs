//! Projects and their keys.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;
use weir_core::control::{Project, ProjectKey, ScopeId, ScopeSpec, SpecEdit, mask};
use weir_core::secret::Secret;

use super::audit::{By, Event};
use super::db::{Done, Row, Statement, int, text};
use super::draft::Draft;
use super::{ControlError, ControlStore, TRIES, changed};

/// Longest name, in characters.
const MAX_NAME: usize = 200;
/// Most keys of one project.
const MAX_KEYS: usize = 64;
const COLUMNS: &str = "id, name, is_active, deactivated_us, spec, created_us, updated_us, version";

/// A project as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectRow {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Whether its tokens work.
    pub is_active: bool,
    /// When it was switched off, in microseconds since the Unix epoch.
    pub deactivated_us: Option<i64>,
    /// What it may do.
    pub spec: ScopeSpec,
    /// Its keys, the oldest first.
    pub keys: Vec<KeyRow>,
    /// When it was made, in microseconds since the Unix epoch.
    pub created_us: i64,
    /// When it was last changed.
    pub updated_us: i64,
    /// How often it was changed, from 1.
    pub version: i64,
}

/// A provider's key as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// Its id.
    pub id: Uuid,
    /// The provider.
    pub provider: String,
    /// What is shown of it.
    pub hint: String,
    /// When it was added, in microseconds since the Unix epoch.
    pub created_us: i64,
}

/// A key to add.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The provider's name in the settings.
    pub provider: String,
    /// The key.
    pub secret: Secret,
}

/// A project to make.
#[derive(Clone, Debug)]
pub struct NewProject {
    /// Its name.
    pub name: String,
    /// Its keys; without any the gateway's are used.
    pub keys: Vec<NewKey>,
    /// What it may do.
    pub spec: ScopeSpec,
}

/// What is to change; what is left out stays.
#[derive(Clone, Debug, Default)]
pub struct ProjectEdit {
    /// Only if it was changed this often.
    pub if_version: Option<i64>,
    /// A new name.
    pub name: Option<String>,
    /// On or off.
    pub is_active: Option<bool>,
    /// What it may do.
    pub spec: SpecEdit,
    /// Keys that take the place of all that the project has of their providers.
    pub set_keys: Vec<NewKey>,
    /// Keys to take away.
    pub remove_keys: Vec<Uuid>,
    /// Revoke every token, where this switches the project off.
    pub revoke_tokens: bool,
}

/// What each project has, in the order that it has it.
fn by_project<T>(list: Vec<(Uuid, T)>) -> HashMap<Uuid, Vec<T>> {
    let mut all: HashMap<Uuid, Vec<T>> = HashMap::new();
    for (project, one) in list {
        all.entry(project).or_default().push(one);
    }
    all
}

/// What a key is sealed for.
pub(super) fn context(project: Uuid, key: Uuid) -> String {
    format!("project:{project}:key:{key}")
}

impl ControlStore {
    /// Every project, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn projects(&self) -> Result<Vec<ProjectRow>, ControlError> {
        let mut keys = by_project(self.key_rows(None).await?);
        let mut projects = self.keyless().await?;
        for project in &mut projects {
            project.keys = keys.remove(&project.id).unwrap_or_default();
        }
        Ok(projects)
    }

    /// Every project, by name, without its keys.
    async fn keyless(&self) -> Result<Vec<ProjectRow>, ControlError> {
        let query = format!("SELECT {COLUMNS} FROM projects ORDER BY name, id");
        let rows = self.db.rows(Statement::new(query)).await?;
        rows.iter().map(read).collect()
    }

    /// What every project is called.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn project_names(&self) -> Result<Vec<(Uuid, String)>, ControlError> {
        let query = Statement::new("SELECT id, name FROM projects ORDER BY name, id");
        let rows = self.db.rows(query).await?;
        rows.iter()
            .map(|row| Ok((row.parsed(0)?, row.text(1)?)))
            .collect()
    }

    /// One project.
    ///
    /// # Errors
    /// When there is none of that id, or the database fails.
    pub async fn project(&self, id: Uuid) -> Result<ProjectRow, ControlError> {
        let query = format!("SELECT {COLUMNS} FROM projects WHERE id = ?");
        let query = Statement::new(query).with([text(id.to_string())]);
        let rows = self.db.rows(query).await?;
        let row = rows.first().ok_or(ControlError::NotFound("project"))?;
        let keys = self.key_rows(Some(id)).await?;
        Ok(ProjectRow {
            keys: keys.into_iter().map(|(_, key)| key).collect(),
            ..read(row)?
        })
    }

    async fn key_rows(&self, project: Option<Uuid>) -> Result<Vec<(Uuid, KeyRow)>, ControlError> {
        let select = "SELECT project_id, id, provider, hint, created_us FROM project_keys";
        let query = match project {
            Some(id) => Statement::new(format!(
                "{select} WHERE project_id = ? ORDER BY created_us, id"
            ))
            .with([text(id.to_string())]),
            None => Statement::new(format!("{select} ORDER BY created_us, id")),
        };
        let rows = self.db.rows(query).await?;
        let read = |row: &Row| {
            let key = KeyRow {
                id: row.parsed(1)?,
                provider: row.text(2)?,
                hint: row.text(3)?,
                created_us: row.int(4)?,
            };
            Ok((row.parsed(0)?, key))
        };
        rows.iter().map(read).collect()
    }

    /// The projects with their keys opened.
    pub(super) async fn directory_projects(&self) -> Result<Vec<Project>, ControlError> {
        let query =
            "SELECT project_id, id, provider, secret FROM project_keys ORDER BY created_us, id";
        let mut keys = Vec::new();
        for row in self.db.rows(Statement::new(query)).await? {
            let (project, id): (Uuid, Uuid) = (row.parsed(0)?, row.parsed(1)?);
            let opened = self.seal.open(&row.text(3)?, &context(project, id));
            let secret = opened
                .inspect_err(|error| {
                    tracing::error!(%project, key = %id, %error, "a project's key cannot be used");
                })
                .ok();
            let key = ProjectKey {
                id,
                provider: row.text(2)?.into(),
                secret,
            };
            keys.push((project, key));
        }
        let mut keys = by_project(keys);
        let projects = self.keyless().await?.into_iter().filter_map(|row| {
            let keys = keys.remove(&row.id).unwrap_or_default();
            let scope = row.spec.scope(ScopeId::Project(row.id), None);
            match scope {
                Ok(scope) => Some(Project {
                    id: row.id,
                    name: row.name.into(),
                    is_active: row.is_active,
                    keys: keys.into(),
                    scope: Arc::new(scope),
                }),
                Err(faults) => {
                    // Nobody can say what it may do, so it may do nothing.
                    tracing::error!(project = %row.id, ?faults, "a stored project cannot be used");
                    None
                }
            }
        });
        Ok(projects.collect())
    }

    /// Makes a project.
    ///
    /// # Errors
    /// When something of it is wrong, there is one of that name, or the database fails.
    pub async fn create_project(
        &self,
        new: NewProject,
        by: &By,
    ) -> Result<ProjectRow, ControlError> {
        self.write(self.draft_project(new)?, by).await
    }

    /// A project to write.
    ///
    /// # Errors
    /// When something of it is wrong.
    pub fn draft_project(&self, new: NewProject) -> Result<Draft<ProjectRow>, ControlError> {
        let (id, now) = (Uuid::now_v7(), super::now_us());
        let name = checked_name(&new.name)?;
        new.spec
            .scope(ScopeId::Project(id), None)
            .map_err(ControlError::Invalid)?;
        check_count(new.keys.len())?;
        let mut statements = vec![
            changed(),
            Statement::new(format!(
                "INSERT INTO projects ({COLUMNS}) VALUES (?, ?, 1, NULL, ?, ?, ?, 1)"
            ))
            .with([
                text(id.to_string()),
                text(name.clone()),
                text(super::json(&new.spec)?),
                int(now),
                int(now),
            ]),
        ];
        let mut keys = Vec::with_capacity(new.keys.len());
        for key in &new.keys {
            let (row, insert) = self.insert_key(id, key, now)?;
            keys.push(row);
            statements.push(insert);
        }
        let event = Event::success("project.create")
            .of_project(id)
            .with("project_name", name.clone())
            .with("keys", new.keys.len());
        Ok(Draft {
            statements,
            event,
            refused: taken(&name),
            made: ProjectRow {
                id,
                name,
                is_active: true,
                deactivated_us: None,
                spec: new.spec,
                keys,
                created_us: now,
                updated_us: now,
                version: 1,
            },
        })
    }

    fn insert_key(
        &self,
        project: Uuid,
        key: &NewKey,
        now: i64,
    ) -> Result<(KeyRow, Statement), ControlError> {
        let id = Uuid::now_v7();
        let secret = key.secret.expose().trim();
        check_key(secret)?;
        let provider = key.provider.trim();
        if provider.is_empty() || provider.len() > MAX_NAME {
            return Err(ControlError::field(
                "provider",
                "a provider's name is missing",
            ));
        }
        let secret = Secret::new(secret);
        let insert = "INSERT INTO project_keys (id, project_id, provider, secret, hint, created_us) \
                      VALUES (?, ?, ?, ?, ?, ?)";
        let row = KeyRow {
            id,
            provider: provider.to_owned(),
            hint: mask(secret.expose()),
            created_us: now,
        };
        let insert = Statement::new(insert).with([
            text(id.to_string()),
            text(project.to_string()),
            text(provider),
            text(self.seal.seal(&secret, &context(project, id))?),
            text(row.hint.as_str()),
            int(now),
        ]);
        Ok((row, insert))
    }

    /// Changes a project. What is not named stays as it is at that moment, whoever else changes it.
    ///
    /// # Errors
    /// When there is none of that id, it is not in the state that the edit is for, something of it is
    /// wrong, or the database fails.
    pub async fn edit_project(
        &self,
        id: Uuid,
        edit: ProjectEdit,
        by: &By,
    ) -> Result<ProjectRow, ControlError> {
        for _ in 0..TRIES {
            let before = self.project(id).await?;
            if edit
                .if_version
                .is_some_and(|version| version != before.version)
            {
                return Err(late());
            }
            let (statements, event) = self.change(&before, &edit)?;
            let events = [(by.clone(), event)];
            match self.commit(statements, &events).await? {
                Done::All(_) => return self.project(id).await,
                // Somebody has changed it since it was read.
                Done::Not(_) => {}
                Done::Duplicate(_) => {
                    return Err(taken(edit.name.as_deref().unwrap_or(&before.name)));
                }
            }
        }
        Err(late())
    }

    /// What changes a project as it was read, and what the audit says of it.
    fn change(
        &self,
        before: &ProjectRow,
        edit: &ProjectEdit,
    ) -> Result<(Vec<Statement>, Event), ControlError> {
        let now = super::now_us();
        let mut statements = vec![changed(), update(before, edit, now)?];
        statements.extend(self.edit_keys(before, edit, now)?);
        let goes_off = edit.is_active == Some(false) && before.is_active;
        let mut event = Event::success("project.update")
            .of_project(before.id)
            .with("project_name", before.name.clone())
            .with("updated_fields", fields(edit));
        if edit.revoke_tokens && goes_off {
            self.revoke_all(&mut statements, before.id, now);
            event = event.with("tokens_revoked", true);
        }
        Ok((statements, event))
    }

    fn edit_keys(
        &self,
        before: &ProjectRow,
        edit: &ProjectEdit,
        now: i64,
    ) -> Result<Vec<Statement>, ControlError> {
        let id = text(before.id.to_string());
        let mut statements = Vec::new();
        let mut providers: Vec<&str> = Vec::new();
        for key in &edit.set_keys {
            let provider = key.provider.trim();
            if !providers.contains(&provider) {
                providers.push(provider);
                let delete = "DELETE FROM project_keys WHERE project_id = ? AND provider = ?";
                statements.push(Statement::new(delete).with([id.clone(), text(provider)]));
            }
            statements.push(self.insert_key(before.id, key, now)?.1);
        }
        for key in &edit.remove_keys {
            let delete = "DELETE FROM project_keys WHERE project_id = ? AND id = ?";
            statements.push(Statement::new(delete).with([id.clone(), text(key.to_string())]));
        }
        let stays = |key: &&KeyRow| {
            !providers.contains(&key.provider.as_str()) && !edit.remove_keys.contains(&key.id)
        };
        check_count(before.keys.iter().filter(stays).count() + edit.set_keys.len())?;
        Ok(statements)
    }
}

/// Says whether a project may have so many keys.
fn check_count(keys: usize) -> Result<(), ControlError> {
    match keys > MAX_KEYS {
        false => Ok(()),
        true => Err(ControlError::field(
            "keys",
            format!("a project has at most {MAX_KEYS}"),
        )),
    }
}

/// The statement that changes the project itself.
fn update(before: &ProjectRow, edit: &ProjectEdit, now: i64) -> Result<Statement, ControlError> {
    let mut sets = vec![
        "updated_us = ?".to_owned(),
        "version = version + 1".to_owned(),
    ];
    let mut values = vec![int(now)];
    if let Some(name) = &edit.name {
        sets.push("name = ?".to_owned());
        values.push(text(checked_name(name)?));
    }
    if let Some(active) = edit.is_active.filter(|active| *active != before.is_active) {
        sets.push("is_active = ?, deactivated_us = ?".to_owned());
        values.extend([int(i64::from(active)), int((!active).then_some(now))]);
    }
    if !edit.spec.is_empty() {
        let spec = edit.spec.clone().of(before.spec.clone());
        spec.scope(ScopeId::Project(before.id), None)
            .map_err(ControlError::Invalid)?;
        sets.push("spec = ?".to_owned());
        values.push(text(super::json(&spec)?));
    }
    // What was read is merged into what is written, so it must still be so.
    let sets = sets.join(", ");
    let sql = format!("UPDATE projects SET {sets} WHERE id = ? AND version = ?");
    values.extend([text(before.id.to_string()), int(before.version)]);
    Ok(Statement::new(sql).with(values).must_change(1))
}

fn fields(edit: &ProjectEdit) -> Vec<&'static str> {
    let named = [
        ("name", edit.name.is_some()),
        ("is_active", edit.is_active.is_some()),
        ("spec", !edit.spec.is_empty()),
        (
            "keys",
            !edit.set_keys.is_empty() || !edit.remove_keys.is_empty(),
        ),
    ];
    named
        .into_iter()
        .filter(|(_, is)| *is)
        .map(|(name, _)| name)
        .collect()
}

fn late() -> ControlError {
    ControlError::Late("the project was changed in the meantime; read it again".into())
}

fn taken(name: &str) -> ControlError {
    ControlError::Conflict(format!("there is a project named `{name}` already"))
}

/// A project's name as it is stored.
///
/// # Errors
/// When a project cannot be named so.
pub fn checked_name(name: &str) -> Result<String, ControlError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.contains(char::is_control) {
        let message =
            format!("a name has between 1 and {MAX_NAME} characters, and no control characters");
        return Err(ControlError::field("name", message));
    }
    Ok(name.to_owned())
}

/// A masked key must not be saved over the real one, and one that no header can carry not at all.
fn check_key(secret: &str) -> Result<(), ControlError> {
    let masked = secret.contains("...") || secret.contains("****");
    if masked {
        let message = "cannot save obfuscated API key - please provide the full API key";
        return Err(ControlError::field("api_key", message));
    }
    if secret.is_empty() || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = "an API key has visible ASCII characters and no spaces";
        return Err(ControlError::field("api_key", message));
    }
    Ok(())
}

fn read(row: &Row) -> Result<ProjectRow, ControlError> {
    let spec = serde_json::from_str(&row.text(4)?);
    Ok(ProjectRow {
        id: row.parsed(0)?,
        name: row.text(1)?,
        is_active: row.int(2)? != 0,
        deactivated_us: row.maybe_int(3)?,
        spec: spec
            .map_err(|error| ControlError::damaged(&format!("a project's `spec`: {error}")))?,
        keys: Vec::new(),
        created_us: row.int(5)?,
        updated_us: row.int(6)?,
        version: row.int(7)?,
    })
}
