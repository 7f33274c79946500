//! Checks the AWS signature (SigV4) of a received request from what came over the wire, by the
//! published algorithm and not by the library that signs: a mistake in its use shows too.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::percent::{escaped, unescaped};
use crate::received::Received;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// A signature that is right, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Such as `us-east-1`.
    pub region: String,
    /// Such as `bedrock`.
    pub service: String,
    /// `x-amz-date`: `20150830T123600Z`.
    pub date: String,
    /// The names of the signed headers, in lower case.
    pub headers: Vec<String>,
    /// `x-amz-security-token`, which is among the signed headers then.
    pub session_token: Option<String>,
}

/// Why a request is not signed as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsigned(String);

impl fmt::Display for Unsigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unsigned {}

impl Received {
    /// Whether it is signed with these credentials.
    #[must_use]
    pub fn sigv4_ok(&self, access_key: &str, secret: &str) -> bool {
        self.sigv4(access_key, secret).is_ok()
    }

    /// Checks its signature. Dates are not compared with a clock.
    ///
    /// # Errors
    /// When there is no signature, it is another's, a header is not signed that must be, or it
    /// does not fit the request; the text says which, with the canonical request.
    pub fn sigv4(&self, access_key: &str, secret: &str) -> Result<Signed, Unsigned> {
        let claim = Claim::read(self)?;
        if claim.access_key != access_key {
            return fail(format!("signed by `{}`", claim.access_key));
        }
        let Some(date) = self.header("x-amz-date") else {
            return fail("no x-amz-date");
        };
        if !date.starts_with(claim.day) {
            return fail(format!(
                "`{date}` is not on the day of the scope, {}",
                claim.day
            ));
        }
        let mut must = vec!["host", "x-amz-date"];
        let session_token = self.header("x-amz-security-token");
        must.extend(session_token.map(|_| "x-amz-security-token"));
        for name in must {
            if !claim.headers.contains(&name) {
                return fail(format!("`{name}` is not signed"));
            }
        }
        let canonical = canonical(self, &claim)?;
        let scope = format!(
            "{}/{}/{}/aws4_request",
            claim.day, claim.region, claim.service
        );
        let digest = hex(&Sha256::digest(canonical.as_bytes()));
        let text = format!("{ALGORITHM}\n{date}\n{scope}\n{digest}");
        let words = [claim.day, claim.region, claim.service, "aws4_request"];
        let start = format!("AWS4{secret}").into_bytes();
        let key = words
            .iter()
            .fold(start, |key, word| hmac(&key, word.as_bytes()));
        if hex(&hmac(&key, text.as_bytes())) != claim.signature {
            return fail(format!("the signature does not fit:\n{canonical}"));
        }
        Ok(Signed {
            region: claim.region.to_owned(),
            service: claim.service.to_owned(),
            date: date.to_owned(),
            headers: claim.headers.iter().map(|&name| name.to_owned()).collect(),
            session_token: session_token.map(str::to_owned),
        })
    }
}

fn fail<T>(why: impl Into<String>) -> Result<T, Unsigned> {
    Err(Unsigned(why.into()))
}

/// The `Authorization` header.
struct Claim<'a> {
    access_key: &'a str,
    day: &'a str,
    region: &'a str,
    service: &'a str,
    headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Claim<'a> {
    fn read(request: &'a Received) -> Result<Self, Unsigned> {
        let value = request.header("authorization").unwrap_or_default();
        let Some(fields) = value.strip_prefix(ALGORITHM) else {
            return fail(format!("no signature in `{value}`"));
        };
        let field = |name: &str| {
            fields
                .split(',')
                .find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
                .ok_or_else(|| Unsigned(format!("no {name} in `{value}`")))
        };
        let scope: Vec<&str> = field("Credential")?.split('/').collect();
        let [access_key, day, region, service, "aws4_request"] = scope.as_slice() else {
            return fail(format!("`{}` is no scope", scope.join("/")));
        };
        Ok(Self {
            access_key,
            day,
            region,
            service,
            headers: field("SignedHeaders")?.split(';').collect(),
            signature: field("Signature")?,
        })
    }
}

fn canonical(request: &Received, claim: &Claim<'_>) -> Result<String, Unsigned> {
    let body = hex(&Sha256::digest(&request.body));
    let stated = request.header("x-amz-content-sha256");
    let payload = match stated {
        Some("UNSIGNED-PAYLOAD") => "UNSIGNED-PAYLOAD",
        Some(stated) if stated != body => return fail("x-amz-content-sha256 is another body's"),
        _ => &body,
    };
    // Each segment is escaped once more than it is on the wire.
    let path: Vec<String> = request.path().split('/').map(escaped).collect();
    let mut pairs: Vec<(String, String)> = request
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (escaped(&unescaped(name)), escaped(&unescaped(value))))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut headers = String::new();
    for name in &claim.headers {
        headers.push_str(&format!("{name}:{}\n", values(request, name)?));
    }
    Ok(format!(
        "{}\n{}\n{}\n{headers}\n{}\n{payload}",
        request.method,
        path.join("/"),
        pairs.join("&"),
        claim.headers.join(";"),
    ))
}

/// All values of a header, blanks in them collapsed.
fn values(request: &Received, name: &str) -> Result<String, Unsigned> {
    let collapse = |value: &str| value.split_whitespace().collect::<Vec<_>>().join(" ");
    if name == "host" {
        return Ok(collapse(&request.authority));
    }
    let values: Vec<String> = request
        .headers
        .iter()
        .filter(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| collapse(value))
        .collect();
    if values.is_empty() {
        return fail(format!("`{name}` is signed and not there"));
    }
    Ok(values.join(","))
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
