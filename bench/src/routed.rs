//! weir's configuration for the question what routing costs: as many providers and keys as a large
//! team has, all of them the one upstream, with affinity and breakers at work.

use std::fmt::Write as _;
use std::net::SocketAddr;

const PROVIDERS: usize = 10;
/// Of each provider.
const KEYS: usize = 5;

/// The file's text.
pub(crate) fn config(upstream: SocketAddr) -> String {
    let mut text = String::from(
        "routing:\n  strategy: least_loaded\n  affinity: true\n\
         health:\n  breaker:\n    failure_threshold: 5\n\
         providers:\n",
    );
    for provider in 0..PROVIDERS {
        // The client's own credential would leave the keys without work.
        write!(
            text,
            "  - name: provider-{provider}\n    type: anthropic\n    \
             base_url: http://{upstream}\n    client_credentials: never\n    keys:\n"
        )
        .expect("a string takes every write");
        for key in 0..KEYS {
            writeln!(
                text,
                "      - key: sk-ant-api03-bench-{provider}-{key}-bench-bench-bench-bench-bench-0000"
            )
            .expect("a string takes every write");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_ten_providers_with_five_keys_each() {
        let text = config(SocketAddr::from(([127, 0, 0, 1], 9)));
        assert_eq!(text.matches("- name: ").count(), 10);
        assert_eq!(text.matches("- key: ").count(), 50);
        assert!(text.contains("    base_url: http://127.0.0.1:9\n"));
    }
}
