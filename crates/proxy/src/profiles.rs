//! What a provider is known to be able to do, model by model: what the table says, less what it has
//! refused since.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use http::StatusCode;
use parking_lot::Mutex;
use weir_core::profiles;
use weir_core::settings::{Provider, ProviderKind, Routing};
use weir_wire::dialect::Dialect;
use weir_wire::translate::profile::{Profile, Table, downgrade};

/// Models that are remembered for one provider; more than that start from the table each time.
const MAX_MODELS: usize = 256;
/// Refusals that one model's profile learns from.
const MAX_LESSONS: u8 = 16;

/// The table in force: weir's own, with the operator's over it.
#[derive(Debug)]
pub struct Known {
    /// The operator's, as it is written.
    text: String,
    table: Table,
}

impl Known {
    /// Reads the table. That of `previous` stays if nothing was changed in it.
    ///
    /// # Errors
    /// When the operator's file cannot be read or is no table; the text names the file.
    pub fn read(routing: &Routing, previous: Option<&Arc<Self>>) -> io::Result<Arc<Self>> {
        let text = match &routing.profiles_file {
            None => String::new(),
            Some(path) => {
                let wrong = |why: String| {
                    let path = path.display();
                    io::Error::other(format!("routing.profiles_file: {path}: {why}"))
                };
                let text = std::fs::read_to_string(path).map_err(|e| wrong(e.to_string()))?;
                profiles::table(&text).map_err(|fault| wrong(fault.to_string()))?;
                text
            }
        };
        if let Some(previous) = previous.filter(|previous| previous.text == text) {
            return Ok(Arc::clone(previous));
        }
        let table = profiles::table(&text).map_err(io::Error::other)?;
        Ok(Arc::new(Self { text, table }))
    }

    /// Sees that the profile that `provider` names is there.
    ///
    /// # Errors
    /// When it is not; the text names the provider.
    pub fn check(&self, provider: &Provider) -> io::Result<()> {
        let Some(name) = &provider.profile else {
            return Ok(());
        };
        if self.table.named(name, "").is_some() {
            return Ok(());
        }
        Err(io::Error::other(format!(
            "providers.{}.profile: there is no profile `{name}`",
            provider.name
        )))
    }

    fn find(&self, provider: &Provider, model: &str) -> Profile {
        let by_kind = match provider.kind {
            ProviderKind::Openai => Some("openai"),
            ProviderKind::Azure => Some("azure"),
            ProviderKind::Openrouter => Some("openrouter"),
            ProviderKind::Ollama => Some("ollama"),
            _ => None,
        };
        let name = provider.profile.as_deref().or(by_kind);
        let named = name.and_then(|name| self.table.named(name, model));
        named.unwrap_or_else(|| {
            let authority = provider.base_url.authority();
            let authority = authority.map(http::uri::Authority::as_str);
            self.table.find(authority.unwrap_or_default(), model)
        })
    }
}

/// The abilities of a provider's models, as far as they were asked for.
#[derive(Debug, Default)]
pub struct Profiles {
    learnt: Mutex<Learnt>,
}

#[derive(Debug, Default)]
struct Learnt {
    /// The table that it started from.
    from: Option<Arc<Known>>,
    models: HashMap<(Dialect, Box<str>), (Arc<Profile>, u8)>,
}

impl Learnt {
    fn renew(&mut self, known: &Arc<Known>) {
        let same = self
            .from
            .as_ref()
            .is_some_and(|from| Arc::ptr_eq(from, known));
        if !same {
            self.from = Some(Arc::clone(known));
            self.models.clear();
        }
    }
}

impl Profiles {
    /// What `model` of `provider` can do.
    #[must_use]
    pub fn of(
        &self,
        known: &Arc<Known>,
        provider: &Provider,
        (dialect, model): (Dialect, &str),
    ) -> Arc<Profile> {
        let mut learnt = self.learnt.lock();
        learnt.renew(known);
        let key = (dialect, Box::from(model));
        if let Some((profile, _)) = learnt.models.get(&key) {
            return Arc::clone(profile);
        }
        let profile = Arc::new(known.find(provider, model));
        if learnt.models.len() < MAX_MODELS {
            learnt.models.insert(key, (Arc::clone(&profile), 0));
        }
        profile
    }

    /// Learns from a refusal of a request that was written by `profile`; says whether the model can
    /// be asked again in another way.
    pub fn learn(
        &self,
        (dialect, model): (Dialect, &str),
        profile: &Arc<Profile>,
        status: StatusCode,
        said: &[u8],
    ) -> bool {
        let Some(less) = downgrade(profile, status.as_u16(), said) else {
            return false;
        };
        let mut learnt = self.learnt.lock();
        let Some((now, lessons)) = learnt.models.get_mut(&(dialect, Box::from(model))) else {
            return false;
        };
        if !Arc::ptr_eq(now, profile) {
            // Another request has learnt meanwhile.
            return true;
        }
        if *lessons >= MAX_LESSONS {
            return false;
        }
        tracing::info!(
            model,
            "refused in the way it was asked; it is asked in another from now on"
        );
        *lessons += 1;
        *now = Arc::new(less);
        true
    }
}
