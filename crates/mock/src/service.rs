//! A service as the mock plays it: a dialect, and who serves it. Its headers and errors are made
//! elsewhere.

use weir_wire::dialect::Dialect;

/// Who serves a dialect, which decides headers, errors and how events travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// The dialect's own vendor, or one that does as it does.
    Own,
    /// Amazon Bedrock: Anthropic's messages in AWS event streams.
    Bedrock,
    /// Google Vertex AI: Anthropic's messages, Google's errors.
    Vertex,
}

/// A dialect at a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) dialect: Dialect,
    pub(crate) host: Host,
}

impl Service {
    pub(crate) const BEDROCK: Self = Self {
        dialect: Dialect::AnthropicMessages,
        host: Host::Bedrock,
    };
    pub(crate) const VERTEX: Self = Self {
        dialect: Dialect::AnthropicMessages,
        host: Host::Vertex,
    };

    /// What stands between an id's prefix and the rest: `msg_bdrk_01...`.
    pub(crate) fn id_part(self) -> &'static str {
        match self.host {
            Host::Own => "",
            Host::Bedrock => "bdrk_",
            Host::Vertex => "vrtx_",
        }
    }
}

impl From<Dialect> for Service {
    fn from(dialect: Dialect) -> Self {
        Self {
            dialect,
            host: Host::Own,
        }
    }
}
