//! Who answers for the history: the weir that runs, else one that is started on the store for this
//! command, for nobody else, and stopped after it.

use std::process::ExitCode;

use weir_core::secret::Secret;
use weir_core::settings::{Retention, Settings};

use crate::cli::{Gateway, History};
use crate::client::Client;
use crate::run::{for_one, fresh_token};
use crate::serve::Running;
use crate::{config, workers};

/// Somebody to ask.
#[derive(Debug)]
pub(super) struct Door {
    /// How to ask.
    pub client: Client,
    /// The weir that was started for it.
    own: Option<Running>,
}

/// Settings of a weir that answers a command's questions and does nothing else: it asks no
/// provider, and what is old stays until the weir whose history it is starts again.
fn only_answers(mut settings: Settings) -> Settings {
    settings.server.tls = None;
    settings.health.probe = false;
    settings.routing.quota_probe = false;
    settings.shared.redis_url = None;
    settings.cache.enabled = false;
    settings.projects.enabled = false;
    settings.projects.required = false;
    settings.capture.retention = Retention::default();
    settings.events.bus = None;
    settings
}

/// Does `work` with somebody to ask.
pub(super) fn within(
    options: &History,
    work: impl AsyncFnOnce(&Door) -> anyhow::Result<ExitCode>,
) -> anyhow::Result<ExitCode> {
    workers::runtime()?.block_on(async {
        let door = Door::open(options).await?;
        let done = work(&door).await.map_err(in_our_words);
        if let Some(own) = door.own {
            own.stop().await;
        }
        done
    })
}

/// The API names its parameters; the command line has other names for some.
fn in_our_words(error: anyhow::Error) -> anyhow::Error {
    const NAMES: [(&str, &str); 4] = [
        ("`start`", "--since"),
        ("`end`", "--until"),
        ("`older_than`", "--older-than"),
        ("`status`", "--status"),
    ];
    let text = error.to_string();
    let names = NAMES.iter();
    let named = names.filter_map(|(theirs, ours)| Some((ours, text.strip_prefix(theirs)?)));
    match named.map(|(ours, rest)| format!("{ours}{rest}")).next() {
        Some(text) => anyhow::anyhow!(text),
        None => error,
    }
}

/// A path with parameters.
pub(crate) fn path(path: &str, parameters: &[(&str, &str)]) -> String {
    if parameters.is_empty() {
        return path.to_owned();
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    format!("{path}?{}", query.finish())
}

impl Door {
    /// Whether it is a weir that agents ask.
    pub(super) fn is_running(&self) -> bool {
        self.own.is_none()
    }

    async fn open(options: &History) -> anyhow::Result<Self> {
        let client = Client::new(&options.gateway)?;
        if options.db.is_none() {
            let answers = client.is_there().await;
            if answers || options.gateway.is_named() {
                return Ok(Self { client, own: None });
            }
        }
        let token = fresh_token()?;
        let mut flags = for_one(&token);
        flags.push(("dashboard.password", token.clone()));
        if let Some(file) = &options.db {
            flags.push(("storage.db_path", file.display().to_string()));
        }
        let owned = |(key, value): (&str, String)| (key.to_owned(), value);
        let flags: Vec<_> = flags.into_iter().map(owned).collect();
        // What is stored may have to be asked for, which is not for a thread of the runtime.
        let source = options.source.clone();
        let load = move || config::load_stored(&source, &flags);
        let found = tokio::task::spawn_blocking(load).await??;
        let database = &found.loaded.settings.storage.db_path;
        anyhow::ensure!(
            database.exists(),
            "{}: there is no history here, and no weir answers at {}",
            database.display(),
            client.base()
        );
        let own = Running::start(only_answers(found.loaded.settings)).await?;
        let client = Client::new(&Gateway {
            url: format!("http://{}", own.listening),
            password: Some(Secret::new(token)),
            token: None,
        })?;
        Ok(Self {
            client,
            own: Some(own),
        })
    }
}

#[cfg(test)]
impl Door {
    /// A weir that runs.
    pub(super) fn of(client: Client) -> Self {
        Self { client, own: None }
    }
}
