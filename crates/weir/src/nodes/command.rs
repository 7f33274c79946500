//! `weir nodes`: the nodes that work together, as a running gateway knows them.

use std::process::ExitCode;

use serde::Deserialize;

use crate::cli::Asked;
use crate::client::Client;
use crate::lines::{clean, complain, pretty, print};
use crate::table::{Lean, table};
use crate::words::{Here, count};
use crate::workers::runtime;

/// What a weir tells. Whatever is missing counts as nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Known {
    nodes: Vec<Node>,
    hint: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Node {
    this: bool,
    host: String,
    address: String,
    version: String,
    started_ms: i64,
    in_flight: u64,
    state: String,
    database: Option<String>,
    sees_database: Option<bool>,
    clock_ms: Option<i64>,
}

/// Runs `weir nodes`.
///
/// # Errors
/// When nobody answers.
pub(crate) fn run(asked: &Asked) -> anyhow::Result<ExitCode> {
    let client = Client::new(&asked.gateway)?;
    let answer = runtime()?.block_on(client.get("/api/nodes"))?;
    if asked.json {
        print(&pretty(&answer)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let known: Known = serde_json::from_value(answer)?;
    print(&list(&known.nodes, &Here::and_now()))?;
    if let Some(hint) = &known.hint {
        complain(&format!("hint: {}", clean(hint)));
    }
    Ok(ExitCode::SUCCESS)
}

fn list(nodes: &[Node], here: &Here) -> String {
    let head = [
        ("", Lean::Left),
        ("HOST", Lean::Left),
        ("ADDRESS", Lean::Left),
        ("STATE", Lean::Left),
        ("NOW", Lean::Right),
        ("STARTED", Lean::Left),
        ("WEIR", Lean::Left),
        ("DATABASE", Lean::Left),
        ("CLOCK", Lean::Right),
    ];
    let rows: Vec<_> = nodes
        .iter()
        .map(|node| {
            // The scheme is what makes the table too wide; `--json` has it.
            let address = node.address.split_once("://");
            let address = address.map_or(&*node.address, |(_, address)| address);
            [
                if node.this { "*" } else { "" }.to_owned(),
                node.host.clone(),
                address.to_owned(),
                node.state.clone(),
                count(node.in_flight),
                here.moment(node.started_ms),
                node.version.clone(),
                database(node),
                node.clock_ms
                    .map_or("-".to_owned(), |ms| format!("{ms:+} ms")),
            ]
        })
        .collect();
    table(head, &rows)
}

fn database(node: &Node) -> String {
    match (&node.database, node.sees_database) {
        (None, _) => "-".to_owned(),
        (Some(kind), Some(false)) => format!("{kind}, away"),
        (Some(kind), _) => kind.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_node_is_marked_and_a_database_that_is_away_is_said() {
        let node = |this, sees_database| Node {
            this,
            host: "web-1".into(),
            address: "http://10.0.0.5:3001".into(),
            state: "serving".into(),
            database: Some("postgres".into()),
            sees_database,
            clock_ms: Some(-3),
            ..Node::default()
        };
        let nodes = [node(true, Some(true)), node(false, Some(false))];
        let text = list(&nodes, &Here::and_now());
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[1].starts_with("*  web-1  10.0.0.5:3001  serving"),
            "{text}"
        );
        assert!(lines[1].ends_with("-3 ms"), "{text}");
        assert!(lines[2].starts_with("   web-1"), "{text}");
        assert!(lines[2].contains("postgres, away"), "{text}");
    }
}
