//! The description of the API, put together from its parts: OpenAPI 3.1.

mod exact;

use std::future::{Ready, ready};

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    ContentBuilder, Info, OpenApi, PathItem, Ref, RefOr, Response as Described, ResponseBuilder,
};

/// What every call behind the guard may answer besides what it lists itself.
const COMMON: [(&str, &str); 4] = [
    ("400", "A parameter or the body is not as it should be"),
    ("401", "A credential is needed"),
    ("403", "Requests from other origins are refused"),
    ("421", "The host name is not weir's"),
];

/// The whole description: what is open, and what is behind the guard.
pub(crate) fn described(mut open: OpenApi, guarded: OpenApi) -> OpenApi {
    let mut guarded = guarded;
    for item in guarded.paths.paths.values_mut() {
        for (_, operation) in operations(item) {
            for (status, message) in COMMON {
                let responses = &mut operation.responses.responses;
                let entry = responses.entry(status.to_owned());
                entry.or_insert_with(|| RefOr::T(fault(message)));
            }
            operation.security = Some(credentials());
        }
    }
    open.merge(guarded);
    for (path, item) in &mut open.paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(id(method, path));
        }
    }
    exact::tell_absent_from_null(&mut open);
    let mut info = Info::new("weir", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "What people and pages ask of a gateway: the history of exchanges, the live feed, figures, \
         and what steers it. The LLM APIs that agents use are under /v1/ and /v1beta/ and are not \
         described here."
            .to_owned(),
    );
    open.info = info;
    let schemes = open.components.get_or_insert_default();
    schemes.add_security_scheme(
        "password",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Basic)
                .description(Some("`dashboard.password`, with any user name"))
                .build(),
        ),
    );
    schemes.add_security_scheme(
        "token",
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
            "x-api-key",
            "`auth.token`, where no password is set",
        ))),
    );
    open
}

/// As it is served and committed.
pub(crate) fn text(document: &OpenApi) -> String {
    let mut text = document
        .to_pretty_json()
        .expect("a description is nothing but text and lists");
    text.push('\n');
    text
}

/// `GET /openapi.json`.
pub(crate) fn serve(document: String) -> impl Fn() -> Ready<Response> + Clone {
    let document = Bytes::from(document);
    move || ready(([(CONTENT_TYPE, "application/json")], document.clone()).into_response())
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("get", &mut item.get),
        ("head", &mut item.head),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("patch", &mut item.patch),
        ("delete", &mut item.delete),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// A name that no other operation has: `deleteRequestsById` of `DELETE /api/requests/{id}`.
fn id(method: &str, path: &str) -> String {
    let mut id = method.to_owned();
    for segment in path.split(['/', '-', '_', '.']) {
        let name = segment.trim_start_matches('{').trim_end_matches('}');
        if name == "api" || name.is_empty() {
            continue;
        }
        if segment.len() != name.len() {
            id.push_str("By");
        }
        let mut letters = name.chars();
        id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        id.push_str(letters.as_str());
    }
    id
}

fn fault(message: &str) -> Described {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Error")));
    ResponseBuilder::new()
        .description(message)
        .content("application/json", content.build())
        .build()
}

/// Any of these; none is fine where neither is set.
fn credentials() -> Vec<SecurityRequirement> {
    let none: [&str; 0] = [];
    vec![
        SecurityRequirement::default(),
        SecurityRequirement::new("password", none),
        SecurityRequirement::new("token", none),
    ]
}
