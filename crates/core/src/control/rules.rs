//! What a tenant may ask for. An empty list allows all; every list that is not empty must be met.

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, Method, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::glob::Globs;
use super::params;
use super::refusal::{Code, Refusal};
use crate::cors::check_origin;

/// Most entries of one list.
const MAX_ENTRIES: usize = 256;

/// Allow-lists as people write them. A list that is left out or empty allows all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RulesSpec {
    /// Patterns for the model that a client asks for: `*` is any text without a slash.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_models: Vec<String>,
    /// Paths with all that is below them, segment by segment; `*` stands for one segment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_endpoints: Vec<String>,
    /// Methods.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_methods: Vec<String>,
    /// Values of `Origin`, whole: scheme, host and port.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_origins: Vec<String>,
    /// Headers that every request must have; `origin` is one of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub required_headers: Vec<String>,
    /// Patterns for the values of members at the top of a JSON body, by their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub param_whitelist: BTreeMap<String, Vec<String>>,
}

/// What is wrong with allow-lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulesFault {
    /// The list.
    pub field: String,
    /// What is wrong and how it is mended.
    pub message: String,
}

/// Allow-lists, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    models: Globs,
    endpoints: Box<[Box<[Segment]>]>,
    methods: Box<[Method]>,
    origins: Box<[Box<str>]>,
    headers: Box<[HeaderName]>,
    params: BTreeMap<Box<str>, Globs>,
}

/// One segment of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Any,
    Exactly(Box<str>),
}

/// What is known of a request before its body.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its path, without the query.
    pub path: &'a str,
    /// Its headers.
    pub headers: &'a HeaderMap,
}

impl Rules {
    /// Checks allow-lists.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn new(spec: &RulesSpec) -> Result<Self, Vec<RulesFault>> {
        let mut faults = Vec::new();
        let mut found = Found(&mut faults);
        let rules = Self {
            models: found.globs("allowed_models", &spec.allowed_models),
            endpoints: found.each("allowed_endpoints", &spec.allowed_endpoints, endpoint),
            methods: found.each("allowed_methods", &spec.allowed_methods, method),
            origins: found.each("allowed_origins", &spec.allowed_origins, origin),
            headers: found.each("required_headers", &spec.required_headers, |name| {
                name.parse()
                    .map_err(|_| format!("`{name}` is no name of a header"))
            }),
            params: spec
                .param_whitelist
                .iter()
                .map(|(name, patterns)| {
                    let field = format!("param_whitelist.{name}");
                    (name.as_str().into(), found.globs(&field, patterns))
                })
                .collect(),
        };
        if faults.is_empty() {
            Ok(rules)
        } else {
            Err(faults)
        }
    }

    /// Decides on what stands before the body.
    ///
    /// # Errors
    /// The first list that is not met.
    pub fn check_head(&self, head: &Head<'_>) -> Result<(), Refusal> {
        if !self.methods.is_empty() && !self.methods.contains(head.method) {
            let message = format!("Method {} is not allowed for this token", head.method);
            return Err(Refusal::new(Code::MethodNotAllowed, message));
        }
        if !self.endpoints.is_empty() && !self.allows_path(head.path) {
            let message = format!("Endpoint {} is not allowed for this token", head.path);
            return Err(Refusal::new(Code::EndpointNotFound, message));
        }
        self.check_headers(head.headers)
    }

    fn check_headers(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        for name in &self.headers {
            if headers.contains_key(name) {
                continue;
            }
            return Err(if *name == header::ORIGIN {
                Refusal::new(Code::OriginRequired, "Origin header required")
            } else {
                Refusal::new(Code::HeaderRequired, format!("Header {name} required"))
            });
        }
        if self.origins.is_empty() {
            return Ok(());
        }
        let allowed = |value: &http::HeaderValue| {
            self.origins
                .iter()
                .any(|one| one.as_bytes() == value.as_bytes())
        };
        if headers.get_all(header::ORIGIN).iter().all(allowed) {
            return Ok(());
        }
        Err(Refusal::new(Code::OriginNotAllowed, "Origin not allowed"))
    }

    /// Whether a path is on the list. One that a provider may read in another way than this does is
    /// not.
    fn allows_path(&self, path: &str) -> bool {
        let Some(segments) = segments(path) else {
            return false;
        };
        self.endpoints.iter().any(|wanted| {
            wanted.len() <= segments.len()
                && wanted
                    .iter()
                    .zip(&segments)
                    .all(|(wanted, segment)| match wanted {
                        Segment::Any => true,
                        Segment::Exactly(text) => **text == **segment,
                    })
        })
    }

    /// Whether [`Rules::check_model`] needs the model.
    #[must_use]
    pub fn limits_models(&self) -> bool {
        !self.models.is_empty()
    }

    /// Decides on the model that a client asks for; none is a body that names none.
    ///
    /// # Errors
    /// When it is not on the list, or there is a list and no model that could be on it.
    pub fn check_model(&self, model: Option<&str>) -> Result<(), Refusal> {
        if self.models.is_empty() || model.is_some_and(|model| self.models.matches(model)) {
            return Ok(());
        }
        let allowed = self.models.written();
        let message = match model {
            Some(model) => format!("Model '{model}' is not allowed. Allowed patterns: {allowed}"),
            None => format!("The request names no model. Allowed patterns: {allowed}"),
        };
        Err(Refusal::new(Code::ModelNotAllowed, message))
    }

    /// Whether [`Rules::check_body`] needs the body.
    #[must_use]
    pub fn reads_body(&self) -> bool {
        !self.params.is_empty()
    }

    /// Decides on the parameters in a body, whatever its media type says it is.
    ///
    /// # Errors
    /// The first that is not on its list; or that the body is no JSON object, so that nobody can
    /// tell.
    pub fn check_body(&self, body: &[u8]) -> Result<(), Refusal> {
        if self.params.is_empty() || body.is_empty() {
            return Ok(());
        }
        let members = params::members(body).map_err(|reason| {
            let message =
                format!("Parameters are restricted, and the body cannot be read: {reason}");
            Refusal::new(Code::ParamNotAllowed, message)
        })?;
        for (name, value) in &members {
            let Some(allowed) = self.params.get(&**name) else {
                continue;
            };
            if !allowed.matches(value) {
                let message = format!(
                    "Parameter '{name}' value '{value}' is not allowed. Allowed patterns: {}",
                    allowed.written()
                );
                return Err(Refusal::new(Code::ParamNotAllowed, message));
            }
        }
        Ok(())
    }
}

/// Collects what is wrong.
struct Found<'a>(&'a mut Vec<RulesFault>);

impl Found<'_> {
    fn add(&mut self, field: &str, message: String) {
        self.0.push(RulesFault {
            field: field.to_owned(),
            message,
        });
    }

    fn is_too_long(&mut self, field: &str, list: &[String]) -> bool {
        let too_long = list.len() > MAX_ENTRIES;
        if too_long {
            self.add(field, format!("a list has at most {MAX_ENTRIES} entries"));
        }
        too_long
    }

    fn globs(&mut self, field: &str, list: &[String]) -> Globs {
        if self.is_too_long(field, list) {
            return Globs::default();
        }
        Globs::new(list).unwrap_or_else(|message| {
            self.add(field, message);
            Globs::default()
        })
    }

    fn each<T>(
        &mut self,
        field: &str,
        list: &[String],
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Box<[T]> {
        if self.is_too_long(field, list) {
            return Box::default();
        }
        let mut all = Vec::with_capacity(list.len());
        for text in list {
            match read(text.trim()) {
                Ok(one) => all.push(one),
                Err(message) => self.add(field, message),
            }
        }
        all.into()
    }
}

fn method(text: &str) -> Result<Method, String> {
    Method::from_bytes(text.to_ascii_uppercase().as_bytes())
        .map_err(|_| format!("`{text}` is no method"))
}

fn origin(text: &str) -> Result<Box<str>, String> {
    check_origin(text).map(|()| text.into())
}

fn endpoint(text: &str) -> Result<Box<[Segment]>, String> {
    let wrong = || format!("`{text}` is no path: write it as /v1/messages");
    let segments = segments(text).ok_or_else(wrong)?;
    if segments.is_empty() {
        return Err(wrong());
    }
    let each = segments.into_iter().map(|segment| match &*segment {
        "*" => Segment::Any,
        other => Segment::Exactly(other.into()),
    });
    Ok(each.collect())
}

/// The segments of a path, decoded. None for a path that two programs may read in two ways: with
/// dots to climb by, empty segments, or a slash, a backslash or a nothing that is encoded.
fn segments(path: &str) -> Option<Vec<Cow<'_, str>>> {
    let path = path.strip_prefix('/')?;
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Some(Vec::new());
    }
    path.split('/')
        .map(|segment| {
            let decoded = params::percent_decoded(segment)?;
            let odd = decoded.contains(['/', '\\', '\0', '%']);
            (!odd && !matches!(&*decoded, "" | "." | "..")).then_some(decoded)
        })
        .collect()
}

#[cfg(test)]
mod tests;
