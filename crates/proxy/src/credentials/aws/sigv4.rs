//! Signature Version 4 over a request that is ready to go. Host, dates, tokens and the headers that
//! are named are signed; what a proxy may touch is not.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use sha2::{Digest, Sha256};

use super::AwsKeys;

/// What a signature holds for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    /// The service's signing name.
    pub(crate) service: &'a str,
    /// Its region.
    pub(crate) region: &'a str,
    /// The moment of signing.
    pub(crate) time: SystemTime,
}

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed<'a> {
    /// The method.
    pub(crate) method: &'a Method,
    /// The absolute address, as it is sent.
    pub(crate) uri: &'a Uri,
    /// All the headers.
    pub(crate) headers: &'a HeaderMap,
    /// Those of them that are signed besides `Host`.
    pub(crate) signed_headers: &'a [HeaderName],
    /// The body's SHA-256 in hexadecimal.
    pub(crate) body_sha256: &'a str,
}

impl Signed<'_> {
    /// The headers to add: `Authorization`, `X-Amz-Date`, and the session's token if there is one.
    /// The text of an error names the part that cannot be signed.
    pub(crate) fn signature(
        &self,
        keys: &AwsKeys,
        scope: &Scope<'_>,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, &'static str> {
        let identity = Credentials::new(
            keys.access_key_id.as_str(),
            keys.secret_access_key.expose(),
            keys.session_token
                .as_ref()
                .map(|token| token.expose().to_owned()),
            None,
            "weir",
        )
        .into();
        let mut settings = SigningSettings::default();
        // The path is encoded once for the wire and once more for the signature, as every service
        // but S3 has it; it has no dots to take out.
        settings.percent_encoding_mode = PercentEncodingMode::Double;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(scope.region)
            .name(scope.service)
            .time(scope.time)
            .settings(settings)
            .build()
            .map_err(|_| "region or service")?
            .into();
        let address = self.uri.to_string();
        let request = SignableRequest::new(
            self.method.as_str(),
            address,
            self.headers()?.into_iter(),
            SignableBody::Precomputed(self.body_sha256.to_owned()),
        )
        .map_err(|_| "address")?;
        let (instructions, _) = sign(request, &params).map_err(|_| "headers")?.into_parts();
        instructions
            .headers()
            .map(|(name, value)| {
                let name = HeaderName::try_from(name).map_err(|_| "name of a header")?;
                let mut value = HeaderValue::from_str(value).map_err(|_| "credential")?;
                value.set_sensitive(true);
                Ok((name, value))
            })
            .collect()
    }

    fn headers(&self) -> Result<Vec<(&str, &str)>, &'static str> {
        let host = self.uri.authority().ok_or("address")?;
        let mut headers = vec![(HOST.as_str(), host.as_str())];
        for name in self.signed_headers {
            for value in self.headers.get_all(name) {
                headers.push((name.as_str(), value.to_str().map_err(|_| "headers")?));
            }
        }
        Ok(headers)
    }
}

/// The SHA-256 of a body in pieces, in hexadecimal.
pub(crate) fn sha256_hex<'a>(pieces: impl IntoIterator<Item = &'a Bytes>) -> String {
    let mut hash = Sha256::new();
    for piece in pieces {
        hash.update(piece);
    }
    super::hex(&hash.finalize())
}

#[cfg(test)]
pub(crate) mod tests;
