//! What a text setting may hold. Each check says what is wrong in words that follow the value.

use std::net::{IpAddr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Uri};
use ipnet::IpNet;
use weir_wire::dialect::Dialect;

use crate::cors;
use crate::settings::{Price, Role, ServerKind};

/// An IP address, or a name that stands for one without asking DNS.
///
/// # Errors
/// When it is neither.
pub(crate) fn host(text: &str) -> Result<IpAddr, String> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    match bare {
        "localhost" => Ok(IpAddr::from([127, 0, 0, 1])),
        "*" => Ok(IpAddr::from([0, 0, 0, 0])),
        _ => bare.parse().map_err(|_| {
            "is not an IP address; write such as `127.0.0.1`, `0.0.0.0`, `::1`, or `localhost`"
                .to_owned()
        }),
    }
}

/// `host:port`; an empty host is every IPv4 address.
///
/// # Errors
/// When it is not.
pub(crate) fn listen(text: &str) -> Result<SocketAddr, String> {
    let wrong = || "is not `host:port`, such as `127.0.0.1:3001` or `[::1]:3001`".to_owned();
    let (name, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    if name.contains(':') && !name.starts_with('[') {
        return Err(wrong());
    }
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port = digits
        .then(|| port.parse().ok())
        .flatten()
        .ok_or_else(wrong)?;
    let address = host(if name.is_empty() { "*" } else { name })?;
    Ok(SocketAddr::new(address, port))
}

/// An address that requests are sent to: `http` or `https`, a host, maybe a path, nothing else.
///
/// # Errors
/// When it is not one.
pub fn base_url(text: &str) -> Result<Uri, String> {
    url(text, &["http", "https"]).and_then(|uri| {
        if uri
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'))
        {
            return Err("has a user name or password in it, which belongs in `api_key`".to_owned());
        }
        Ok(uri)
    })
}

/// `direct`, `environment`, or a proxy's address.
///
/// # Errors
/// When it is none of them.
pub fn proxy(text: &str) -> Result<(), String> {
    if matches!(text, "direct" | "environment") {
        return Ok(());
    }
    let uri = url(text, &["http", "https", "socks5"])
        .map_err(|wrong| format!("{wrong}, and neither `direct` nor `environment`"))?;
    if uri.path().len() > 1 {
        return Err("has a path, which a proxy's address has not".to_owned());
    }
    Ok(())
}

fn url(text: &str, schemes: &[&str]) -> Result<Uri, String> {
    let uri: Uri = text.parse().map_err(|_| "is not a URL".to_owned())?;
    if !uri
        .scheme_str()
        .is_some_and(|scheme| schemes.contains(&scheme))
    {
        return Err(format!(
            "does not begin with {}",
            schemes.join(":// or ") + "://"
        ));
    }
    let host = uri
        .host()
        .filter(|host| !host.is_empty())
        .ok_or("names no host")?;
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let place = authority
        .rsplit_once('@')
        .map_or(authority, |(_, place)| place);
    let port = place.strip_prefix(host).unwrap_or_default();
    let number = port
        .strip_prefix(':')
        .and_then(|port| port.parse::<u16>().ok());
    if !port.is_empty() && number.is_none() {
        return Err("has no valid port after its colon".to_owned());
    }
    if text.contains('?') || text.contains('#') {
        return Err("has a query or a fragment, which would be lost".to_owned());
    }
    Ok(uri)
}

/// A header name that can carry a credential.
///
/// # Errors
/// When it is not a header name, or is one with another meaning.
pub(crate) fn key_header(text: &str) -> Result<HeaderName, String> {
    const TAKEN: [&str; 8] = [
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "host",
        "te",
        "transfer-encoding",
        "upgrade",
    ];
    let name: HeaderName = text
        .parse()
        .map_err(|_| "is not a valid header name".to_owned())?;
    if TAKEN.contains(&name.as_str()) {
        return Err("has another meaning in HTTP and cannot carry the key".to_owned());
    }
    Ok(name)
}

/// A text that can be a header's value.
///
/// # Errors
/// When it is not.
pub(crate) fn header_value(text: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(text).map_err(|_| "cannot be sent in a header".to_owned())
}

/// An address range, or one address.
///
/// # Errors
/// When it is neither.
pub(crate) fn cidr(text: &str) -> Result<IpNet, String> {
    let single = text.parse::<IpAddr>().map(IpNet::from);
    single.or_else(|_| text.parse()).map_err(|_| {
        format!(
            "holds `{text}`, which is no address range; write such as `10.0.0.0/8` or `192.0.2.7`"
        )
    })
}

/// A host name as it stands in `Host`, without a port.
///
/// # Errors
/// When it is not.
pub(crate) fn host_name(text: &str) -> Result<(), String> {
    let good =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    if text.is_empty() || !text.chars().all(good) {
        return Err(format!("holds `{text}`, which is no host name"));
    }
    Ok(())
}

/// An origin as browsers send it, or `*`.
///
/// # Errors
/// When it is neither.
pub(crate) fn origin(text: &str) -> Result<(), String> {
    if text == cors::ANY {
        return Ok(());
    }
    cors::check_origin(text)
}

/// A model's name.
///
/// # Errors
/// When it is empty or cannot be one.
pub(crate) fn model(text: &str) -> Result<(), String> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err("holds an empty name or one with control characters".to_owned());
    }
    Ok(())
}

/// A name that people read: short, on one line.
///
/// # Errors
/// When it is not.
pub(crate) fn label(text: &str) -> Result<(), String> {
    if text.is_empty() || text.len() > 128 || text.chars().any(char::is_control) {
        return Err("is not a name: 1 to 128 bytes without control characters".to_owned());
    }
    Ok(())
}

/// A subagent's model, perhaps with its provider.
///
/// # Errors
/// When it is empty, too long, or half of it is.
pub(crate) fn target(text: &str) -> Result<(), String> {
    label(text)?;
    let known = |_: &str| true;
    crate::subagents::Target::parse(text, known)
        .map(drop)
        .map_err(|_| {
            "names no model; `model`, `provider:model` or `provider,model` is expected".to_owned()
        })
}

/// A text that is more than blanks.
///
/// # Errors
/// When it is not.
pub(crate) fn placeholder(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("is blank; providers refuse a blank text".to_owned());
    }
    Ok(())
}

/// A dialect's name.
///
/// # Errors
/// When it is not one.
pub(crate) fn dialect(text: &str) -> Result<(), String> {
    if dialect_of(text).is_some() {
        return Ok(());
    }
    let words = DIALECTS.map(|dialect| format!("`{}`", dialect.as_str()));
    Err(format!(
        "holds `{text}`, which is none of {}",
        words.join(", ")
    ))
}

const DIALECTS: [Dialect; 4] = [
    Dialect::AnthropicMessages,
    Dialect::OpenaiChat,
    Dialect::OpenaiResponses,
    Dialect::Gemini,
];

/// The dialect of this name.
pub(crate) fn dialect_of(text: &str) -> Option<Dialect> {
    DIALECTS
        .into_iter()
        .find(|dialect| dialect.as_str() == text)
}

/// `input/output`, both in US dollars per million tokens.
///
/// # Errors
/// When it is not.
pub(crate) fn price(text: &str) -> Result<Price, String> {
    let amount = |text: &str| {
        let amount: f64 = text.trim().parse().ok()?;
        (0.0..=1e6).contains(&amount).then_some(amount)
    };
    let price = text.split_once('/').and_then(|(input, output)| {
        Some(Price {
            input: amount(input)?,
            output: amount(output)?,
        })
    });
    price.ok_or_else(|| {
        "is not a price; write dollars per million input and output tokens, such as `3/15`"
            .to_owned()
    })
}

/// A word that becomes part of a cloud's address: a region, a resource, a version.
///
/// # Errors
/// When it could end the host's name or begin something else.
pub(crate) fn cloud_word(text: &str) -> Result<(), String> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if text.is_empty() || text.len() > 128 || !text.chars().all(good) {
        return Err("has other characters than letters, digits, `-`, `.` and `_`".to_owned());
    }
    Ok(())
}

/// The id of a project, a directory or an application.
///
/// # Errors
/// When it could not be a part of a URL's path.
pub(crate) fn project(text: &str) -> Result<(), String> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
    if text.is_empty() || text.len() > 128 || !text.chars().all(good) {
        return Err("has other characters than letters, digits, `-`, `.`, `_` and `:`".to_owned());
    }
    Ok(())
}

/// The path of a URL, maybe with a query.
///
/// # Errors
/// When it is not one.
pub(crate) fn url_path(text: &str) -> Result<(), String> {
    if text.starts_with('/') && !text.contains('#') && text.parse::<PathAndQuery>().is_ok() {
        return Ok(());
    }
    Err("is not the path of a URL, such as `/health`".to_owned())
}

/// The address of a Redis or Valkey.
///
/// # Errors
/// When it is not one.
pub(crate) fn redis_url(text: &str) -> Result<(), String> {
    let (_, rest) = text
        .split_once("://")
        .filter(|(scheme, _)| matches!(*scheme, "redis" | "rediss"))
        .ok_or("does not begin with redis:// or rediss://")?;
    let (authority, _) = rest.split_once(['/', '?']).unwrap_or((rest, ""));
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    if host.is_empty()
        || host.starts_with(':')
        || text.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        return Err("names no host".to_owned());
    }
    Ok(())
}

/// What keys in a Redis begin with.
///
/// # Errors
/// When it is none, or not such that people can type it.
pub(crate) fn redis_prefix(text: &str) -> Result<(), String> {
    const LONGEST: usize = 128;
    if (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(format!(
        "is not 1 to {LONGEST} visible characters of ASCII, such as `weir:{{cache}}:`"
    ))
}

/// The address of the Redis or Valkey of events, perhaps as `host:port` alone.
///
/// # Errors
/// When it is neither.
pub(crate) fn event_redis(text: &str) -> Result<(), String> {
    match text.contains("://") {
        true => redis_url(text),
        false => redis_url(&format!("redis://{text}")),
    }
}

/// Where events are sent. The query may be its credential.
///
/// # Errors
/// When it is no address.
pub(crate) fn sink_url(text: &str) -> Result<(), String> {
    if text.contains('#') {
        return Err("has a fragment, which would be lost".to_owned());
    }
    text.parse::<Uri>().map_err(|_| "is not a URL".to_owned())?;
    let (base, _) = text.split_once('?').unwrap_or((text, ""));
    let uri = url(base, &["http", "https"])?;
    match uri.authority() {
        Some(authority) if authority.as_str().contains('@') => {
            Err("has a user name or password in it, which belongs in `headers`".to_owned())
        }
        _ => Ok(()),
    }
}

/// A secret of Standard Webhooks.
///
/// # Errors
/// When it is not `whsec_` and enough of base64.
pub(crate) fn webhook_secret(text: &str) -> Result<(), String> {
    let key = text
        .strip_prefix("whsec_")
        .and_then(|key| STANDARD.decode(key).ok());
    match key {
        None => Err("is not `whsec_` and base64".to_owned()),
        Some(key) if key.len() < 24 => Err(
            "holds too little: at least 24 bytes in base64, as of `openssl rand -base64 32`"
                .to_owned(),
        ),
        Some(_) => Ok(()),
    }
}

/// A path to a file.
///
/// # Errors
/// When it is empty or holds a zero byte.
pub(crate) fn path(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("is empty; a path is expected".to_owned());
    }
    if text.contains('\0') {
        return Err("has a zero byte in it".to_owned());
    }
    Ok(())
}

/// A log level, or a list of `target=level`.
///
/// # Errors
/// When a part is neither.
pub(crate) fn level(text: &str) -> Result<(), String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    for part in text.split(',').map(str::trim) {
        let level = part.rsplit_once('=').map_or(part, |(_, level)| level);
        if !LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level)) {
            return Err(format!(
                "is not a log level: `{level}` is none of {}; a filter is such as `info,weir_proxy=debug`",
                LEVELS.join(", ")
            ));
        }
    }
    Ok(())
}

/// The kind of database; there is one so far.
///
/// # Errors
/// When it is another.
pub(crate) fn database_type(text: &str) -> Result<(), String> {
    match text {
        "sqlite" => Ok(()),
        "postgres" | "postgresql" => Err("is not available: this build has SQLite only".to_owned()),
        _ => Err("is not a kind of database; `sqlite` is the only one in this build".to_owned()),
    }
}

/// The kind of server that an address is of.
pub(crate) fn server_kind(text: &str) -> Option<ServerKind> {
    match text.split_once("://") {
        Some(("postgres" | "postgresql", _)) => Some(ServerKind::Postgres),
        Some(("mysql" | "mariadb", _)) => Some(ServerKind::MySql),
        Some(_) => None,
        // As Go's driver has it: `user:password@tcp(host:port)/database`.
        None => text.contains("@tcp(").then_some(ServerKind::MySql),
    }
}

/// The address of a database server.
///
/// # Errors
/// When it is of no server that weir knows.
pub(crate) fn server_url(text: &str) -> Result<(), String> {
    if text.is_empty() || server_kind(text).is_some() {
        return Ok(());
    }
    Err("does not begin with postgres:// or mysql://".to_owned())
}

/// What a manager is known by and may do: `role=operate token=...`. There is no token where its
/// variable is unset.
///
/// # Errors
/// When it is anything else. What it is is not repeated, since it may be a token.
pub(crate) fn manager(text: &str) -> Result<(Role, Option<&str>), String> {
    let (mut role, mut token) = (None, None);
    for word in text.split_whitespace() {
        match word.split_once('=') {
            Some(("role", "read")) => role = Some(Role::Read),
            Some(("role", "operate")) => role = Some(Role::Operate),
            Some(("role", "admin")) => role = Some(Role::Admin),
            Some(("token", value)) => {
                header_value(value)?;
                token = Some(value).filter(|value| !value.is_empty());
            }
            _ => return Err(NO_MANAGER.to_owned()),
        }
    }
    let role = role.ok_or(NO_MANAGER)?;
    Ok((role, token))
}

const NO_MANAGER: &str =
    "is not a `role` (`read`, `operate` or `admin`) and a `token` without spaces";

/// 32 bytes in standard base64.
pub(crate) fn encryption_key(text: &str) -> Result<[u8; 32], String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text.trim());
    let bytes = bytes.ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| {
        "it is not 32 bytes in standard base64; make one with `openssl rand -base64 32`".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_addresses_are_read() {
        for (text, expected) in [
            ("127.0.0.1:3001", "127.0.0.1:3001"),
            (":8787", "0.0.0.0:8787"),
            ("[::1]:0", "[::1]:0"),
            ("localhost:80", "127.0.0.1:80"),
        ] {
            assert_eq!(listen(text).expect(text).to_string(), expected);
        }
        for text in [
            "3001",
            "::1:80",
            "127.0.0.1:",
            "127.0.0.1:99999",
            "example.org:80",
            "h:+1",
        ] {
            assert!(listen(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_usable_urls_are_taken() {
        for text in [
            "https://a.b",
            "http://127.0.0.1:8080/x/y/",
            "http://[::1]:80",
        ] {
            assert!(base_url(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "a.b",
            "ftp://a.b",
            "https://",
            "https://a.b?x=1",
            "https://a.b#f",
            "https://u:p@a.b",
            "https://a.b:",
            "https://a.b:99999",
            "/x",
        ] {
            assert!(base_url(text).is_err(), "{text}");
        }
        for text in [
            "direct",
            "environment",
            "socks5://u:p@127.0.0.1:1080",
            "http://p:3128",
        ] {
            assert!(proxy(text).is_ok(), "{text}");
        }
        for text in ["", "none", "ftp://p", "http://p/x"] {
            assert!(proxy(text).is_err(), "{text}");
        }
    }

    #[test]
    fn levels_and_filters_are_told_from_misspellings() {
        for text in ["info", "INFO", "info,weir_proxy=debug", "weir::a=trace,off"] {
            assert!(level(text).is_ok(), "{text}");
        }
        for text in ["", "inof", "info,", "weir=loud"] {
            assert!(level(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_header_is_a_header_with_no_other_meaning() {
        assert!(key_header("X-Foo").is_ok());
        for text in ["", "a b", "Authorization", "host"] {
            assert!(key_header(text).is_err(), "{text}");
        }
    }
}
