//! Query parameters and small bodies, read so that a fault names the parameter.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, Type,
};
use utoipa::{PartialSchema, ToSchema};

use crate::fault::Fault;

/// Largest body of a call that steers, in bytes: a key and what is said of it.
pub(crate) const MAX_BODY: usize = 16 * 1024;

/// The query of a call, as `T` has it. What cannot be read is a 400 in the API's shape.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Fault> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => Err(Fault::bad(rejection.body_text())),
        }
    }
}

/// A body, or why there is none to be had. Of calls with a body of at most [`MAX_BODY`].
pub(crate) fn whole(body: Result<Bytes, BytesRejection>) -> Result<Bytes, Fault> {
    whole_of(body, MAX_BODY)
}

/// The same, of calls with another limit, which the route's `DefaultBodyLimit` sets.
pub(crate) fn whole_of(body: Result<Bytes, BytesRejection>, max: usize) -> Result<Bytes, Fault> {
    body.map_err(|rejection| {
        let message = if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            format!("the body is larger than {max} bytes")
        } else {
            "the body did not come whole".to_owned()
        };
        Fault::new(rejection.status(), message)
    })
}

/// A number, a moment or the like; nothing and an empty text are none.
pub(crate) fn parsed<T: FromStr>(name: &str, value: Option<&str>) -> Result<Option<T>, Fault>
where
    T::Err: Display,
{
    let Some(value) = value.filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let bad = |error| Fault::bad(format!("`{name}`: `{value}`: {error}")).of_field(name);
    value.parse().map(Some).map_err(bad)
}

/// Page numbers and limits below their least value count as it, as they always did.
pub(crate) fn at_least(name: &str, value: Option<&str>) -> Result<u32, Fault> {
    Ok(parsed::<i64>(name, value)?
        .map_or(0, |value| u32::try_from(value.max(0)).unwrap_or(u32::MAX)))
}

/// How [`moment`] is described where an empty text is none.
pub(crate) struct MomentOrNone;
/// How it is described where there must be one.
pub(crate) struct Moment;

impl ToSchema for MomentOrNone {}
impl ToSchema for Moment {}

impl PartialSchema for MomentOrNone {
    fn schema() -> RefOr<Schema> {
        instant_or_span("^([0-9]{1,4}[smhdw])?$")
    }
}

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        instant_or_span("^[0-9]{1,4}[smhdw]$")
    }
}

fn instant_or_span(span: &str) -> RefOr<Schema> {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let instant = text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    let one_of = OneOfBuilder::new().item(instant);
    Schema::from(one_of.item(text().pattern(Some(span)))).into()
}

/// A moment, or a span before now such as `12h` or `30d`; in microseconds since the Unix epoch.
pub(crate) fn moment(name: &str, value: &str) -> Result<i64, Fault> {
    let instant = value.parse::<Timestamp>().ok().or_else(|| {
        let span = span_seconds(value).map(SignedDuration::from_secs)?;
        Timestamp::now().checked_sub(span).ok()
    });
    instant.map(Timestamp::as_microsecond).ok_or_else(|| {
        let message = format!(
            "`{name}`: `{value}`: neither an instant such as 2026-11-20T00:00:00Z nor a span \
             such as 12h or 30d"
        );
        Fault::bad(message).of_field(name)
    })
}

fn span_seconds(value: &str) -> Option<i64> {
    let (count, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    count
        .parse::<u32>()
        .ok()
        .map(|count| i64::from(count) * unit)
}

/// A yes or no; nothing is no.
pub(crate) fn truth(name: &str, value: Option<&str>) -> Result<bool, Fault> {
    match value {
        None | Some("" | "false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(other) => {
            let message = format!("`{name}`: `{other}`: say `true` or `false`");
            Err(Fault::bad(message).of_field(name))
        }
    }
}
