//! Which service and which of its endpoints a request is for. Only what the mock serves is known;
//! everything else gets the service's own 404 or 405.

mod path;

use weir_wire::dialect::Dialect;

use crate::received::Received;
use crate::service::Service;
use crate::tokens::{self, Token};
use path::ApiPath;

/// What is asked for.
#[derive(Debug)]
pub(crate) enum Route {
    /// A model turn.
    Generate {
        service: Service,
        /// The model when the path names it.
        model: Option<String>,
        /// Whether it is streamed, when the path itself says so.
        stream: Option<bool>,
    },
    /// Something whose answer does not depend on a scenario.
    Fixed { service: Service, body: Fixed },
    /// A credential of a cloud.
    Token(Token),
    /// 200 with nothing in it.
    Empty,
    /// The service's refusal.
    Refused {
        service: Service,
        status: u16,
        allow: &'static str,
    },
}

/// The simple endpoints.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fixed {
    Models,
    Model(String),
    CountTokens,
    Embeddings,
    GeminiEmbed { is_batch: bool },
    Files,
    NewFile,
}

impl Route {
    pub(crate) fn service(&self) -> Service {
        match self {
            Self::Generate { service, .. }
            | Self::Fixed { service, .. }
            | Self::Refused { service, .. } => *service,
            Self::Empty | Self::Token(_) => Dialect::AnthropicMessages.into(),
        }
    }

    fn turn(service: impl Into<Service>, model: Option<&str>, stream: Option<bool>) -> Self {
        Self::Generate {
            service: service.into(),
            model: model.map(str::to_owned),
            stream,
        }
    }

    fn fixed(service: impl Into<Service>, body: Fixed) -> Self {
        Self::Fixed {
            service: service.into(),
            body,
        }
    }

    fn refused(service: impl Into<Service>, status: u16, allow: &'static str) -> Self {
        Self::Refused {
            service: service.into(),
            status,
            allow,
        }
    }
}

/// Finds the endpoint.
pub(crate) fn route(request: &Received) -> Route {
    if let Some(token) = tokens::find(request) {
        return Route::Token(token);
    }
    let method = request.method.as_str();
    let whole = request.path();
    if let Some(route) = cloud(method, whole) {
        return route;
    }
    let ApiPath { path, model } = path::api_path(whole);
    let home = home(request, &path);
    let turn = |dialect: Dialect| Route::turn(dialect, model, None);
    match (method, path.as_ref()) {
        ("HEAD" | "GET", "/" | "/api/hello" | "/api/tags") => Route::Empty,
        ("GET", "/v1/responses") if wants_websocket(request) => {
            Route::refused(Dialect::OpenaiResponses, 426, "")
        }
        ("POST", "/v1/messages") => turn(Dialect::AnthropicMessages),
        ("POST", "/v1/chat/completions") => turn(Dialect::OpenaiChat),
        ("POST", "/v1/responses") => turn(Dialect::OpenaiResponses),
        ("POST", "/v1/messages/count_tokens") => {
            Route::fixed(Dialect::AnthropicMessages, Fixed::CountTokens)
        }
        ("POST", "/v1/responses/input_tokens") => {
            Route::fixed(Dialect::OpenaiResponses, Fixed::CountTokens)
        }
        ("POST", "/v1/embeddings") => Route::fixed(Dialect::OpenaiChat, Fixed::Embeddings),
        ("GET", "/v1/models" | "/v1beta/models") => Route::fixed(home, Fixed::Models),
        ("GET", "/v1/files") => Route::fixed(home, Fixed::Files),
        ("POST", "/v1/files") => Route::fixed(home, Fixed::NewFile),
        ("GET", path) if path.starts_with("/v1/models/") || path.starts_with("/v1beta/models/") => {
            let id = path.rsplit_once("/models/").map_or("", |(_, id)| id);
            Route::fixed(home, Fixed::Model(id.to_owned()))
        }
        ("POST", path) if path::model_call(path).is_some() => gemini(path),
        (
            _,
            "/v1/messages"
            | "/v1/chat/completions"
            | "/v1/responses"
            | "/v1/embeddings"
            | "/v1/messages/count_tokens"
            | "/v1/responses/input_tokens",
        ) => Route::refused(home_of_path(&path).unwrap_or(home), 405, "POST"),
        (_, "/v1/models" | "/v1beta/models") => Route::refused(home, 405, "GET"),
        _ => Route::refused(home, 404, ""),
    }
}

fn wants_websocket(request: &Received) -> bool {
    request
        .header("upgrade")
        .is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// The service whose manner an answer takes when the path belongs to several.
fn home(request: &Received, path: &str) -> Dialect {
    if let Some(dialect) = home_of_path(path) {
        dialect
    } else if request.header("anthropic-version").is_some() {
        Dialect::AnthropicMessages
    } else if request.header("x-goog-api-key").is_some() {
        Dialect::Gemini
    } else {
        Dialect::OpenaiChat
    }
}

fn home_of_path(path: &str) -> Option<Dialect> {
    if path.starts_with("/v1beta") || path::model_call(path).is_some() {
        Some(Dialect::Gemini)
    } else if path.starts_with("/v1/messages") {
        Some(Dialect::AnthropicMessages)
    } else if path.starts_with("/v1/responses") {
        Some(Dialect::OpenaiResponses)
    } else if path.starts_with("/v1/chat/") || path.starts_with("/v1/embeddings") {
        Some(Dialect::OpenaiChat)
    } else {
        None
    }
}

/// Anthropic's models on Bedrock and Vertex.
fn cloud(method: &str, path: &str) -> Option<Route> {
    let is_post = method == "POST";
    if let Some((model, call)) = path::bedrock_call(path) {
        let service = Service::BEDROCK;
        return Some(match call {
            _ if !is_post => Route::refused(service, 405, "POST"),
            "invoke" => Route::turn(service, Some(&model), Some(false)),
            "invoke-with-response-stream" => Route::turn(service, Some(&model), Some(true)),
            "count-tokens" => Route::fixed(service, Fixed::CountTokens),
            _ => Route::refused(service, 404, ""),
        });
    }
    let (model, call) = path::model_call(path)?;
    let is_raw = matches!(call, "rawPredict" | "streamRawPredict");
    if !is_raw || !path.contains("/publishers/anthropic/") {
        return None;
    }
    let service = Service::VERTEX;
    Some(if !is_post {
        Route::refused(service, 405, "POST")
    } else if model.starts_with("count-tokens") {
        Route::fixed(service, Fixed::CountTokens)
    } else {
        Route::turn(service, Some(model), Some(call == "streamRawPredict"))
    })
}

fn gemini(path: &str) -> Route {
    let dialect = Dialect::Gemini;
    let Some((model, method)) = path::model_call(path) else {
        return Route::refused(dialect, 404, "");
    };
    match method {
        "generateContent" => Route::turn(dialect, Some(model), Some(false)),
        "streamGenerateContent" => Route::turn(dialect, Some(model), Some(true)),
        "countTokens" => Route::fixed(dialect, Fixed::CountTokens),
        "embedContent" => Route::fixed(dialect, Fixed::GeminiEmbed { is_batch: false }),
        "batchEmbedContents" => Route::fixed(dialect, Fixed::GeminiEmbed { is_batch: true }),
        _ => Route::refused(dialect, 404, ""),
    }
}
