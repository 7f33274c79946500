//! What a profile of the shared files leads to: keys of its own, a process, a sign-in, a role.

use serde_json::Value;

use super::ini::{Section, Shared};
use super::sts::Sts;
use super::{AwsKeys, Found, environment_keys, from_json, lasting, machine, process, sso};
use crate::credentials::cache::Lease;
use crate::credentials::fetch::Fetcher;
use crate::credentials::{CredentialError, Env, read_file};

/// Profiles that lead to one another, at most.
const MAX_STEPS: usize = 5;

/// What is needed to follow a profile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    /// Variables.
    pub(super) env: &'a Env,
    /// Asks servers.
    pub(super) fetcher: &'a Fetcher,
    /// Where roles are assumed, unless the profile names a region.
    pub(super) region: &'a str,
}

impl Reader<'_> {
    /// The credentials of a profile. It is a failure that it is not there only if somebody
    /// `chose` it.
    pub(super) async fn find(&self, name: &str, chosen: bool) -> Found {
        let shared = self.files().await?;
        if !chosen && shared.find(name).is_none() {
            return Ok(None);
        }
        self.follow(&shared, name).await
    }

    async fn files(&self) -> Result<Shared, CredentialError> {
        let config = self.file("AWS_CONFIG_FILE", "config").await?;
        let credentials = self
            .file("AWS_SHARED_CREDENTIALS_FILE", "credentials")
            .await?;
        Ok(Shared::read(&config, &credentials))
    }

    async fn file(&self, variable: &str, usual: &str) -> Result<String, CredentialError> {
        let path = match (self.env.get(variable), self.env.home()) {
            (Some(path), _) => self.env.path(&path),
            (None, Some(home)) => home.join(".aws").join(usual),
            (None, None) => return Ok(String::new()),
        };
        Ok(read_file(path).await?.unwrap_or_default())
    }

    /// Goes from profile to profile until one has credentials, then assumes the roles that were
    /// met on the way, the last first.
    async fn follow(&self, shared: &Shared, first: &str) -> Found {
        let mut roles: Vec<&Section> = Vec::new();
        let mut name = first;
        let mut lease = loop {
            let Some(section) = shared.find(name) else {
                return Err(CredentialError::new(format!(
                    "there is no profile `{name}`"
                )));
            };
            if !section.contains_key("role_arn") {
                break self.own(shared, section).await?;
            }
            if roles.len() >= MAX_STEPS {
                return Err(CredentialError::new(
                    "profiles lead to one another in a circle",
                ));
            }
            match section.get("source_profile") {
                // A role that names itself has keys besides.
                Some(source) if source == name => {
                    roles.push(section);
                    break self.own(shared, section).await?;
                }
                Some(source) => {
                    roles.push(section);
                    name = source;
                }
                None if section.contains_key("web_identity_token_file") => {
                    break Some(self.web_identity(section).await?);
                }
                None => {
                    roles.push(section);
                    break self.by_name(section).await?;
                }
            }
        };
        while let (Some(role), Some(base)) = (roles.pop(), lease.as_ref()) {
            lease = Some(self.assume(role, &base.value).await?);
        }
        Ok(lease)
    }

    /// Credentials that a profile has without a role.
    async fn own(&self, shared: &Shared, section: &Section) -> Found {
        if let (Some(id), Some(secret)) = (
            section.get("aws_access_key_id"),
            section.get("aws_secret_access_key"),
        ) {
            let token = section.get("aws_session_token").map(String::as_str);
            return Ok(Some(lasting(AwsKeys::new(id, secret, token))));
        }
        if section.contains_key("sso_account_id") {
            let session = section
                .get("sso_session")
                .and_then(|name| shared.session(name));
            let signed_in = sso::credentials(self.env, self.fetcher, section, session).await;
            return signed_in.map(Some).map_err(|error| error.within("sso"));
        }
        if let Some(command) = section.get("credential_process") {
            let output = process::run(command)
                .await
                .map_err(|error| error.within("credential_process"))?;
            let body: Value = serde_json::from_slice(&output).unwrap_or_default();
            return from_json(&body)
                .map(Some)
                .map_err(|error| error.within("credential_process"));
        }
        Ok(None)
    }

    /// What a role's `credential_source` names.
    async fn by_name(&self, section: &Section) -> Found {
        match section.get("credential_source").map(String::as_str) {
            Some("Environment") => Ok(environment_keys(self.env).map(lasting)),
            Some("EcsContainer") => machine::from_container(self.env, self.fetcher).await,
            Some("Ec2InstanceMetadata") => machine::from_instance(self.env, self.fetcher).await,
            _ => Err(CredentialError::new(
                "`role_arn` needs `source_profile`, `credential_source` or \
                 `web_identity_token_file`",
            )),
        }
    }

    fn sts<'s>(&'s self, section: &'s Section) -> Sts<'s> {
        Sts {
            env: self.env,
            fetcher: self.fetcher,
            region: section.get("region").map_or(self.region, String::as_str),
        }
    }

    async fn web_identity(&self, section: &Section) -> Result<Lease<AwsKeys>, CredentialError> {
        let (role, file) = (
            section.get("role_arn").map_or("", String::as_str),
            section
                .get("web_identity_token_file")
                .map_or("", String::as_str),
        );
        let session = section.get("role_session_name").map(String::as_str);
        self.sts(section)
            .with_web_identity(role, session, self.env.path(file))
            .await
    }

    async fn assume(
        &self,
        section: &Section,
        base: &AwsKeys,
    ) -> Result<Lease<AwsKeys>, CredentialError> {
        let mut fields = vec![
            (
                "RoleArn",
                section.get("role_arn").map_or("", String::as_str),
            ),
            (
                "RoleSessionName",
                section
                    .get("role_session_name")
                    .map_or(super::sts::SESSION, String::as_str),
            ),
        ];
        let optional = [
            ("ExternalId", "external_id"),
            ("DurationSeconds", "duration_seconds"),
        ];
        for (field, name) in optional {
            if let Some(value) = section.get(name) {
                fields.push((field, value));
            }
        }
        self.sts(section).assume_role(&fields, base).await
    }
}
