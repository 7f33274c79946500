//! The gateway's key in front of a path, for clients that can be given a base URL and nothing else.
//! Whether it lets a request in is `service.rs`'s to say.

use http::Request;
use http::uri::{PathAndQuery, Uri};
use weir_core::identity::Gate;

/// Takes what stands in front of the path off, before anybody else sees it, and tells whether it was
/// the gateway's key.
pub(crate) fn take_off<B>(request: &mut Request<B>, gate: &Gate) -> bool {
    let path = request.uri().path_and_query().map(PathAndQuery::as_str);
    let Some(token) = path.and_then(|path| gate.path_token(path)) else {
        return false;
    };
    let rest = match token.rest.as_bytes().first() {
        Some(b'/') => token.rest.to_owned(),
        _ => format!("/{}", token.rest),
    };
    let right = token.right;
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = rest.parse().ok();
    match Uri::from_parts(parts) {
        Ok(uri) => {
            *request.uri_mut() = uri;
            right
        }
        // What is left is no path: it is refused like any other that nobody knows.
        Err(_) => {
            *request.uri_mut() = Uri::from_static("/~");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use weir_core::secret::Secret;
    use weir_core::settings::Auth;

    use super::*;

    fn gate(token_in_path: bool) -> Gate {
        let auth = Auth {
            enabled: true,
            bearer_token: None,
            any_bearer: false,
            api_key: Some(Secret::new("tok")),
            api_key_header: weir_core::identity::DEFAULT_KEY_HEADER,
            allow_localhost_bypass: false,
            token_in_path,
        };
        Gate::new(&auth, false)
    }

    #[track_caller]
    fn check(uri: &str, in_path: bool, expected: (&str, bool)) {
        let mut request = Request::builder().uri(uri).body(()).unwrap();
        let right = take_off(&mut request, &gate(in_path));
        assert_eq!((request.uri().to_string().as_str(), right), expected);
    }

    #[test]
    fn the_key_is_taken_off_whether_it_is_right_or_not() {
        check(
            "/~tok/v1/messages?beta=true",
            true,
            ("/v1/messages?beta=true", true),
        );
        check("/~wrong/v1/messages", true, ("/v1/messages", false));
        check("/~tok", true, ("/", true));
        check("/~tok?x=1", true, ("/?x=1", true));
        check("/~/v1", true, ("/v1", false));
    }

    #[test]
    fn paths_stay_where_keys_are_not_looked_for() {
        check("/~other/v1/messages", false, ("/~other/v1/messages", false));
        check("/v1/messages", true, ("/v1/messages", false));
        check("/v1/~tok/messages", true, ("/v1/~tok/messages", false));
    }

    #[test]
    fn the_key_goes_no_further_where_it_opens_nothing() {
        check("/~tok/v1/messages", false, ("/v1/messages", false));
    }

    #[test]
    fn an_address_keeps_its_host() {
        check(
            "http://127.0.0.1:1/~tok/health",
            true,
            ("http://127.0.0.1:1/health", true),
        );
    }
}
