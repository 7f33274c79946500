//! Sealing what is stored open, and sealing anew what an older encryption key has sealed.

use uuid::Uuid;

use super::audit::{By, Event};
use super::db::{Done, Statement, text};
use super::projects::context;
use super::seal::is_sealed;
use super::{ControlError, ControlStore, changed};

/// How the keys of projects are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    /// By the encryption key of today.
    pub current: u64,
    /// By an older one, which opens them still.
    pub older: u64,
    /// Not at all.
    pub open: u64,
    /// By a key that is not here, or damaged.
    pub lost: u64,
}

/// What sealing has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Keys that were open.
    pub sealed: u64,
    /// Keys that an older encryption key had sealed.
    pub resealed: u64,
    /// Keys that were as they should be.
    pub skipped: u64,
    /// Keys that nothing here opens, which stay as they are.
    pub lost: u64,
}

struct StoredKey {
    id: Uuid,
    project: Uuid,
    stored: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Current,
    Older,
    Open,
    Lost,
}

impl ControlStore {
    /// How keys are stored.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sealed(&self) -> Result<Sealed, ControlError> {
        let mut sealed = Sealed::default();
        for key in self.stored_keys().await? {
            let count = match self.how(&key) {
                How::Current => &mut sealed.current,
                How::Older => &mut sealed.older,
                How::Open => &mut sealed.open,
                How::Lost => &mut sealed.lost,
            };
            *count += 1;
        }
        Ok(sealed)
    }

    /// Has every key sealed by the encryption key of today, all at once. Whoever changes a key
    /// meanwhile wins.
    ///
    /// # Errors
    /// When there is no encryption key, somebody else was faster, or the database fails.
    pub async fn seal_all(&self, by: &By) -> Result<Resealed, ControlError> {
        if !self.seal.is_on() {
            return Err(ControlError::field(
                "projects.encryption_key",
                "must be set; `openssl rand -base64 32` makes one for ENCRYPTION_KEY",
            ));
        }
        let mut done = Resealed::default();
        let mut statements = vec![changed()];
        for key in self.stored_keys().await? {
            let how = self.how(&key);
            let count = match how {
                How::Current => &mut done.skipped,
                How::Older => &mut done.resealed,
                How::Open => &mut done.sealed,
                How::Lost => &mut done.lost,
            };
            *count += 1;
            if matches!(how, How::Older | How::Open) {
                statements.push(self.reseal(&key)?);
            }
        }
        if statements.len() == 1 {
            return Ok(done);
        }
        let event = Event::success("keys.encrypt")
            .with("sealed", done.sealed)
            .with("resealed", done.resealed);
        match self.commit(statements, &[(by.clone(), event)]).await? {
            Done::All(_) => Ok(done),
            Done::Not(_) | Done::Duplicate(_) => Err(ControlError::Conflict(
                "keys were changed in the meantime; nothing was sealed, try again".into(),
            )),
        }
    }

    fn reseal(&self, key: &StoredKey) -> Result<Statement, ControlError> {
        let context = context(key.project, key.id);
        let secret = self.seal.open(&key.stored, &context)?;
        let update = "UPDATE project_keys SET secret = ? WHERE id = ? AND secret = ?";
        Ok(Statement::new(update)
            .with([
                text(self.seal.seal(&secret, &context)?),
                text(key.id.to_string()),
                text(key.stored.clone()),
            ])
            .must_change(1))
    }

    fn how(&self, key: &StoredKey) -> How {
        if !is_sealed(&key.stored) {
            return How::Open;
        }
        let opened = self.seal.open(&key.stored, &context(key.project, key.id));
        match opened {
            Err(_) => How::Lost,
            Ok(_) if self.seal.is_current(&key.stored) => How::Current,
            Ok(_) => How::Older,
        }
    }

    async fn stored_keys(&self) -> Result<Vec<StoredKey>, ControlError> {
        let query = "SELECT id, project_id, secret FROM project_keys ORDER BY id";
        let rows = self.db.rows(Statement::new(query)).await?;
        let read = |row: &super::db::Row| {
            Ok(StoredKey {
                id: row.parsed(0)?,
                project: row.parsed(1)?,
                stored: row.text(2)?,
            })
        };
        rows.iter().map(read).collect()
    }
}
