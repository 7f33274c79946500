//! Keeps events in a bucket of S3 or of a store like it: an object of lines of JSON, packed with
//! gzip, for each batch.

mod connector;

use std::fmt;
use std::io::{self, Write as _};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::tz::TimeZone;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{Attribute, Attributes, ObjectStore as _, PutOptions, RetryConfig};
use weir_core::event::Event;
use weir_core::secret::Secret;
use weir_core::settings::services;

use crate::batch::aside;
use crate::http::{Client, hidden_of};
use crate::sink::{Delivery, Outcome, Sink};
use connector::{Connector, Said};

/// A bucket.
pub struct S3 {
    store: AmazonS3,
    client: Arc<Client>,
    said: Said,
    prefix: String,
}

/// What the library prints of itself is not known to be without credentials.
impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl S3 {
    /// A bucket as `settings` say.
    ///
    /// # Errors
    /// When a setting cannot be used, or TLS cannot be set up.
    pub fn new(settings: &services::S3) -> io::Result<Self> {
        let client = Arc::new(Client::new(settings.timeout, hidden(settings))?);
        let said = Said::default();
        let connector = Connector::new(Arc::clone(&client), said.clone());
        let builder = match &settings.credential {
            None => AmazonS3Builder::from_env(),
            Some(credential) => {
                let builder = AmazonS3Builder::new()
                    .with_access_key_id(credential.access_key_id.expose())
                    .with_secret_access_key(credential.secret_access_key.expose());
                match &credential.session_token {
                    Some(token) => builder.with_token(token.expose()),
                    None => builder,
                }
            }
        };
        let builder = match &settings.region {
            Some(region) => builder.with_region(region),
            None => builder,
        };
        let builder = match &settings.endpoint {
            Some(endpoint) => builder.with_endpoint(endpoint.expose()),
            None => builder,
        };
        let store = builder
            .with_bucket_name(&settings.bucket)
            .with_http_connector(connector)
            // The dispatcher tries again, and says so.
            .with_retry(RetryConfig {
                max_retries: 0,
                ..RetryConfig::default()
            })
            .build();
        let store = store.map_err(|error| {
            let why = client.clean(&error.to_string());
            io::Error::new(io::ErrorKind::InvalidInput, why)
        })?;
        Ok(Self {
            store,
            client,
            said,
            prefix: settings.prefix.clone(),
        })
    }

    async fn deliver_batch(&self, events: &[Arc<Event>]) -> Vec<Outcome> {
        let Some(first) = events.first() else {
            return Vec::new();
        };
        let told = events.to_vec();
        let outcome = match aside(move || lines(&told)).await {
            Ok(body) => self.put(&self.key(first, events.len()), body).await,
            Err(error) => Outcome::Refused {
                why: format!("it cannot be written: {error}"),
            },
        };
        vec![outcome; events.len()]
    }

    /// The object's name: the same for the same batch, so that a repeat puts itself in its place.
    fn key(&self, first: &Event, count: usize) -> Path {
        let at = first.timestamp.to_zoned(TimeZone::UTC);
        let when = at.strftime("dt=%Y-%m-%d/hour=%H");
        let id = first.request_id;
        Path::from(format!("{}/{when}/{id}-{count}.jsonl.gz", self.prefix))
    }

    async fn put(&self, key: &Path, body: Vec<u8>) -> Outcome {
        let mut attributes = Attributes::new();
        attributes.insert(Attribute::ContentType, "application/gzip".into());
        let options = PutOptions {
            attributes,
            ..PutOptions::default()
        };
        self.said.forget();
        match self.store.put_opts(key, body.into(), options).await {
            Ok(_) => Outcome::Delivered,
            Err(error) => self.said.outcome(&self.client, &error),
        }
    }
}

impl Sink for S3 {
    fn kind(&self) -> &'static str {
        "s3"
    }

    fn deliver<'a>(&'a self, batch: &'a [Arc<Event>]) -> Delivery<'a> {
        Box::pin(self.deliver_batch(batch))
    }
}

fn hidden(settings: &services::S3) -> Vec<Secret> {
    let mut hidden: Vec<_> = settings.endpoint.iter().flat_map(hidden_of).collect();
    if let Some(credential) = &settings.credential {
        hidden.push(credential.access_key_id.clone());
        hidden.push(credential.secret_access_key.clone());
        hidden.extend(credential.session_token.clone());
    }
    hidden
}

/// A line for each event, packed.
fn lines(events: &[Arc<Event>]) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = GzEncoder::new(Vec::new(), Compression::default());
    for event in events {
        serde_json::to_writer(&mut out, &**event)?;
        out.write_all(b"\n").map_err(serde_json::Error::io)?;
    }
    out.finish().map_err(serde_json::Error::io)
}
