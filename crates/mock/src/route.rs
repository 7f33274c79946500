//! Which service and which of its endpoints a request is for. Only what the mock serves is known;
//! everything else gets the service's own 404 or 405.

use weir_wire::dialect::Dialect;

use crate::received::Received;

/// What is asked for.
#[derive(Debug)]
pub(crate) enum Route {
    /// A model turn.
    Generate {
        dialect: Dialect,
        /// The model when the path names it.
        model: Option<String>,
        /// Whether the path itself says that it is streamed.
        stream: bool,
    },
    /// Something whose answer does not depend on a scenario.
    Fixed { dialect: Dialect, body: Fixed },
    /// 200 with nothing in it.
    Empty,
    /// The service's refusal.
    Refused {
        dialect: Dialect,
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
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::Generate { dialect, .. }
            | Self::Fixed { dialect, .. }
            | Self::Refused { dialect, .. } => *dialect,
            Self::Empty => Dialect::AnthropicMessages,
        }
    }
}

/// Finds the endpoint.
pub(crate) fn route(request: &Received) -> Route {
    let method = request.method.as_str();
    let path = request.path();
    let home = home(request, path);
    let turn = |dialect| Route::Generate {
        dialect,
        model: None,
        stream: false,
    };
    let fixed = |dialect, body| Route::Fixed { dialect, body };
    let refused = |dialect, status, allow| Route::Refused {
        dialect,
        status,
        allow,
    };
    match (method, path) {
        ("HEAD", "/" | "/api/hello") | ("GET", "/" | "/api/hello") => Route::Empty,
        ("GET", "/v1/responses") if wants_websocket(request) => {
            refused(Dialect::OpenaiResponses, 426, "")
        }
        ("POST", "/v1/messages") => turn(Dialect::AnthropicMessages),
        ("POST", "/v1/chat/completions") => turn(Dialect::OpenaiChat),
        ("POST", "/v1/responses") => turn(Dialect::OpenaiResponses),
        ("POST", "/v1/messages/count_tokens") => {
            fixed(Dialect::AnthropicMessages, Fixed::CountTokens)
        }
        ("POST", "/v1/responses/input_tokens") => {
            fixed(Dialect::OpenaiResponses, Fixed::CountTokens)
        }
        ("POST", "/v1/embeddings") => fixed(Dialect::OpenaiChat, Fixed::Embeddings),
        ("GET", "/v1/models" | "/v1beta/models") => fixed(home, Fixed::Models),
        ("GET", "/v1/files") => fixed(home, Fixed::Files),
        ("POST", "/v1/files") => fixed(home, Fixed::NewFile),
        ("GET", _) if path.starts_with("/v1/models/") || path.starts_with("/v1beta/models/") => {
            let id = path.rsplit_once("/models/").map_or("", |(_, id)| id);
            fixed(home, Fixed::Model(id.to_owned()))
        }
        ("POST", _) if gemini_call(path).is_some() => gemini(path),
        (
            _,
            "/v1/messages"
            | "/v1/chat/completions"
            | "/v1/responses"
            | "/v1/embeddings"
            | "/v1/messages/count_tokens"
            | "/v1/responses/input_tokens",
        ) => refused(home_of_path(path).unwrap_or(home), 405, "POST"),
        (_, "/v1/models" | "/v1beta/models") => refused(home, 405, "GET"),
        _ => refused(home, 404, ""),
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
    if path.starts_with("/v1beta") || gemini_call(path).is_some() {
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

/// Model and method of `.../models/{model}:{method}`, under any version and any project.
fn gemini_call(path: &str) -> Option<(&str, &str)> {
    let (_, call) = path.rsplit_once("/models/")?;
    call.split_once(':')
}

fn gemini(path: &str) -> Route {
    let dialect = Dialect::Gemini;
    let Some((model, method)) = gemini_call(path) else {
        return Route::Refused {
            dialect,
            status: 404,
            allow: "",
        };
    };
    let model = Some(model.to_owned());
    match method {
        "generateContent" => Route::Generate {
            dialect,
            model,
            stream: false,
        },
        "streamGenerateContent" => Route::Generate {
            dialect,
            model,
            stream: true,
        },
        "countTokens" => Route::Fixed {
            dialect,
            body: Fixed::CountTokens,
        },
        "embedContent" => Route::Fixed {
            dialect,
            body: Fixed::GeminiEmbed { is_batch: false },
        },
        "batchEmbedContents" => Route::Fixed {
            dialect,
            body: Fixed::GeminiEmbed { is_batch: true },
        },
        _ => Route::Refused {
            dialect,
            status: 404,
            allow: "",
        },
    }
}
