//! A gateway in front of several mocks, set up by a configuration file.

use std::sync::Arc;

use weir_core::config::{self, Format, SourceText};
use weir_core::settings::Settings;
use weir_mock::{Mock, MockConfig};
use weir_proxy::Snapshot;

use crate::net::{Answer, BODY, Net, ask, net_of, post};

/// The gateway and what is behind it.
pub(crate) struct Rig {
    pub net: Net,
    /// `u1`, `u2`, ... of the file.
    pub mocks: Vec<Mock>,
}

/// Starts `count` mocks and a gateway with `yaml`, in which `{u1}` is the address of the first.
pub(crate) async fn rig(count: usize, yaml: &str) -> Rig {
    let mut mocks = Vec::new();
    for _ in 0..count {
        mocks.push(weir_mock::serve(MockConfig::default()).await.unwrap());
    }
    let settings = settings_of(&mocks, yaml);
    // The gateway's own mock is none of them: nothing leads to it.
    let spare = weir_mock::serve(MockConfig::default()).await.unwrap();
    Rig {
        net: net_of(spare, &settings),
        mocks,
    }
}

/// The settings of a configuration file, in which `{u1}` is the address of the first mock.
pub(crate) fn settings_of(mocks: &[Mock], yaml: &str) -> Settings {
    let mut text = format!("server:\n  port: 0\n{yaml}");
    for (index, mock) in mocks.iter().enumerate() {
        text = text.replace(&format!("{{u{}}}", index + 1), &mock.url());
    }
    let source = SourceText {
        name: "weir.yaml",
        format: Format::Yaml,
        text: &text,
    };
    config::load(Some(source), &|_| None, &[])
        .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>())
        .unwrap()
        .settings
}

impl Rig {
    /// Takes another configuration into use.
    pub(crate) fn reload(&self, yaml: &str) {
        let settings = settings_of(&self.mocks, yaml);
        let snapshot = &self.net.gateway.snapshot;
        let next = Arc::new(Snapshot::build(&settings, 1, Some(&snapshot.load())).unwrap());
        let previous = snapshot.swap(Arc::clone(&next));
        next.fleet.take_over(&previous.fleet);
    }

    /// One message, with these header lines.
    pub(crate) async fn say(&self, headers: &[&str]) -> Answer {
        self.send(headers, BODY).await
    }

    /// One message with this body.
    pub(crate) async fn send(&self, headers: &[&str], body: &[u8]) -> Answer {
        ask(self.net.addr, &post("/v1/messages", headers, body)).await
    }

    /// Which provider answered, by its header.
    pub(crate) async fn who(&self) -> String {
        let answer = self.say(&[]).await;
        assert_eq!(
            answer.status,
            200,
            "{:?}",
            String::from_utf8_lossy(&answer.body)
        );
        answer
            .header("x-cc-relay-provider")
            .expect("routing.debug is on")
            .to_owned()
    }

    /// Requests that each mock has received.
    pub(crate) fn received(&self) -> Vec<usize> {
        self.mocks
            .iter()
            .map(|mock| mock.received().len())
            .collect()
    }
}

/// A provider of type `zai`, with the lines of `more` below its name.
pub(crate) fn zai(name: &str, more: &str) -> String {
    let mut text = format!(
        "  - name: {name}\n    type: zai\n    base_url: \"{{{name}}}\"\n    max_retries: 0\n"
    );
    if !more.contains("keys:") {
        text += &format!("    keys: [{{key: key-of-{name}}}]\n");
    }
    for line in more.lines().filter(|line| !line.trim().is_empty()) {
        text += &format!("    {line}\n");
    }
    text
}
