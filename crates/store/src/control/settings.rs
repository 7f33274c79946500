//! Edits of settings that several nodes have in common. What they mean is not known here.

use super::db::{Done, Row, Statement, int, text};
use super::{ControlError, ControlStore, now_us};
use crate::settings::Edits;

/// The edits that are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditedSettings {
    /// How often anything was edited until then.
    pub version: i64,
    /// Paths and values, in the order of the paths.
    pub values: Vec<(String, String)>,
}

impl ControlStore {
    /// How often settings were edited, by anybody.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settings_version(&self) -> Result<i64, ControlError> {
        let query = "SELECT version FROM settings_state WHERE id = 1";
        let rows = self.db.rows(Statement::new(query)).await?;
        let row = rows.first();
        row.ok_or_else(|| ControlError::damaged("settings_state is empty"))?
            .int(0)
    }

    /// The edits of settings.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settings(&self) -> Result<EditedSettings, ControlError> {
        // The number first: what changes in between is read again, and nothing is missed.
        let version = self.settings_version().await?;
        let query = "SELECT path, value FROM settings ORDER BY path";
        let rows = self.db.rows(Statement::new(query)).await?;
        let pair = |row: &Row| Ok((row.text(0)?, row.text(1)?));
        let values: Result<_, ControlError> = rows.iter().map(pair).collect();
        Ok(EditedSettings {
            version,
            values: values?,
        })
    }

    /// Makes edits, all or none, to those of the number `version`; gives the new number. `None` if
    /// somebody has edited anything since: nothing has changed then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn edit_settings(
        &self,
        version: i64,
        edits: &Edits,
    ) -> Result<Option<i64>, ControlError> {
        let next = version.saturating_add(1);
        let forward = "UPDATE settings_state SET version = ? WHERE id = 1 AND version = ?";
        let forward = Statement::new(forward).with([int(next), int(version)]);
        // First of all, so that who is slower waits for it.
        let mut statements = vec![forward.must_change(1)];
        let now = now_us();
        for (path, value) in edits {
            let gone = "DELETE FROM settings WHERE path = ?";
            statements.push(Statement::new(gone).with([text(path)]));
            if let Some(value) = value {
                let new = "INSERT INTO settings (path, value, updated_us) VALUES (?, ?, ?)";
                let values = [text(path), text(value), int(now)];
                statements.push(Statement::new(new).with(values));
            }
        }
        match self.db.all(statements).await? {
            Done::All(_) => Ok(Some(next)),
            Done::Not(_) | Done::Duplicate(_) => Ok(None),
        }
    }
}
