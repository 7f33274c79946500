//! Answers that hold bodies: written as JSON where they are read, off the threads that serve agents.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// JSON that is written already.
#[derive(Debug)]
pub(crate) struct Written(Vec<u8>);

impl Written {
    pub(crate) fn of(value: &impl Serialize) -> Self {
        Self(serde_json::to_vec(value).expect("answers have texts as keys and fail nowhere"))
    }
}

impl IntoResponse for Written {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "application/json")], self.0).into_response()
    }
}
