//! Why a tenant's request is not let through, with the code that programs tell it by.

use weir_wire::errors::ErrorKind;

/// What kind of refusal it is. The text is what programs read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// No token where one is demanded, or one of another form (401).
    InvalidToken,
    /// A token that nobody knows (401).
    TokenNotFound,
    /// It was revoked (401).
    TokenInactive,
    /// Its time is over (401).
    TokenExpired,
    /// Its project is switched off (403).
    ProjectInactive,
    /// The method is not on the list (405).
    MethodNotAllowed,
    /// The path is not on the list (404).
    EndpointNotFound,
    /// The model is not on the list (403).
    ModelNotAllowed,
    /// A parameter's value is not on the list, or cannot be read (400).
    ParamNotAllowed,
    /// A header is demanded (400).
    HeaderRequired,
    /// An `Origin` is demanded (400).
    OriginRequired,
    /// The `Origin` is not on the list (403).
    OriginNotAllowed,
    /// The requests that the token was made for are used up (429).
    RequestCap,
    /// Too many requests, tokens or at once, for now (429).
    RateLimit,
    /// The budget is used up until its period ends (429).
    Budget,
    /// What was used cannot be told at the moment (503).
    Unavailable,
    /// The project's keys cannot be opened (503).
    UpstreamAuth,
}

impl Code {
    /// The code as programs read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidToken => "invalid_token",
            Self::TokenNotFound => "token_not_found",
            Self::TokenInactive => "token_inactive",
            Self::TokenExpired => "token_expired",
            Self::ProjectInactive => "project_inactive",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::EndpointNotFound => "endpoint_not_found",
            Self::ModelNotAllowed => "model_not_allowed",
            Self::ParamNotAllowed => "param_not_allowed",
            Self::HeaderRequired => "header_required",
            Self::OriginRequired => "origin_required",
            Self::OriginNotAllowed => "origin_not_allowed",
            Self::RequestCap | Self::RateLimit => "rate_limit_exceeded",
            Self::Budget => "budget_exceeded",
            Self::Unavailable => "service_unavailable",
            Self::UpstreamAuth => "upstream_auth_error",
        }
    }

    /// What it is in the words of dialects.
    #[must_use]
    pub fn kind(self) -> ErrorKind {
        match self {
            Self::InvalidToken | Self::TokenNotFound | Self::TokenInactive | Self::TokenExpired => {
                ErrorKind::Authentication
            }
            Self::ProjectInactive | Self::ModelNotAllowed | Self::OriginNotAllowed => {
                ErrorKind::Permission
            }
            Self::MethodNotAllowed => ErrorKind::MethodNotAllowed,
            Self::EndpointNotFound => ErrorKind::NotFound,
            Self::ParamNotAllowed | Self::HeaderRequired | Self::OriginRequired => {
                ErrorKind::InvalidRequest
            }
            Self::RequestCap | Self::RateLimit => ErrorKind::RateLimit,
            Self::Budget => ErrorKind::SpendLimit,
            Self::Unavailable | Self::UpstreamAuth => ErrorKind::Unavailable,
        }
    }
}

/// Which limit a request has met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// The cap of requests.
    Requests,
    /// A budget.
    Budget,
    /// Requests at once.
    Concurrency,
    /// Requests a minute.
    Rpm,
    /// Tokens a minute.
    Tpm,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Requests,
        Self::Budget,
        Self::Concurrency,
        Self::Rpm,
        Self::Tpm,
    ];

    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Budget => "budget",
            Self::Concurrency => "concurrency",
            Self::Rpm => "rpm",
            Self::Tpm => "tpm",
        }
    }
}

/// A request that is not let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What kind it is.
    pub code: Code,
    /// What a person is told.
    pub message: String,
    /// When it may be tried again, in milliseconds from now; none if trying again is of no use.
    pub retry_ms: Option<u64>,
    /// When the period ends that a budget is for, in seconds since the Unix epoch.
    pub resets_at: Option<i64>,
    /// The limit that it has met, if it is one's.
    pub limit: Option<Limit>,
}

impl Refusal {
    /// One that trying again does not mend.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_ms: None,
            resets_at: None,
            limit: None,
        }
    }
}
