//! Runs a mock by hand: `cargo run -p weir-mock --example mock -- 127.0.0.1:9000 text,gap=50`.

use weir_mock::MockConfig;

fn main() -> std::io::Result<()> {
    let mut words = std::env::args().skip(1);
    let mut config = MockConfig::default();
    if let Some(listen) = words.next() {
        config.listen = listen.parse().map_err(std::io::Error::other)?;
    }
    if let Some(scenario) = words.next() {
        config.scenario = scenario;
    }
    weir_mock::run(config)
}
