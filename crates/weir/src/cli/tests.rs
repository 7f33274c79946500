//! What the command line takes.

use clap::CommandFactory as _;

use weir_core::settings;

use super::*;

fn parse(line: &str) -> Command {
    let words = std::iter::once("weir").chain(line.split_whitespace());
    match Cli::try_parse_from(words) {
        Ok(cli) => cli.command,
        Err(error) => panic!("{line}: {error}"),
    }
}

fn refused(line: &str) -> String {
    let words = std::iter::once("weir").chain(line.split_whitespace());
    Cli::try_parse_from(words).unwrap_err().to_string()
}

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn a_running_gateway_is_named_before_or_after_the_action() {
    for line in [
        "provider --url http://h:1 --json list",
        "provider list --url http://h:1 --json",
    ] {
        let Command::Provider(options) = parse(line) else {
            panic!("{line}");
        };
        assert_eq!(options.asked.gateway.url, "http://h:1");
        assert!(options.asked.json);
    }
}

#[test]
fn every_action_on_a_provider_takes_its_name() {
    for action in ["show", "enable", "disable", "reset"] {
        assert!(matches!(
            parse(&format!("provider {action} u1")),
            Command::Provider(_)
        ));
        assert!(refused(&format!("provider {action}")).contains("<NAME>"));
    }
}

#[test]
fn a_key_is_never_given_on_the_command_line() {
    let Command::Key(options) = parse("key add u1 --from-env KEY --name spare --rpm-limit 5")
    else {
        panic!("no key");
    };
    let KeyAction::Add(key) = options.action else {
        panic!("no add");
    };
    assert_eq!(key.provider, "u1");
    assert_eq!(key.from_env.as_deref(), Some("KEY"));
    assert_eq!(key.rpm_limit, Some(5));
    refused("key add u1 sk-secret");
    refused("key add u1 --key sk-secret");
    refused("key add u1 --priority 3");
    refused("key add u1 --weight 0");
    for action in ["remove", "enable", "disable", "reset"] {
        assert!(matches!(
            parse(&format!("key {action} u1 e769bdd5")),
            Command::Key(_)
        ));
        refused(&format!("key {action} u1"));
    }
}

#[test]
fn strategies_are_known_by_name() {
    for strategy in settings::Strategy::ALL {
        let line = format!("strategy {}", strategy.as_str());
        assert!(matches!(parse(&line), Command::Strategy(_)));
    }
    assert!(refused("strategy fastest").contains("least_loaded"));
    assert!(matches!(parse("strategy"), Command::Strategy(_)));
}

#[test]
fn a_reload_is_a_matter_of_configuration() {
    let reload = parse("config reload --json");
    assert!(matches!(
        reload,
        Command::Config(Configuration::Reload(asked)) if asked.json
    ));
    let check = parse("config check");
    assert!(matches!(
        check,
        Command::Config(Configuration::File(Config::Check(_)))
    ));
}

#[test]
fn credentials_are_not_shown() {
    let Command::Top(options) = parse("top --once --password hunter2 --token hunter3") else {
        panic!("no top");
    };
    assert!(options.once);
    let shown = format!("{options:?}");
    assert!(!shown.contains("hunter"), "{shown}");
}

#[test]
fn options_for_logging_are_settings_and_set_has_the_last_word() {
    let settled = |line: &str| match parse(line) {
        Command::Serve(options) => options.settled().source.set,
        _ => panic!("{line}"),
    };
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(settled("serve"), []);
    let debug = settled("serve --debug --log-format json --set logging.level=warn");
    assert_eq!(debug[0], pair("logging.level", "debug"));
    assert!(debug.contains(&pair("logging.debug_options.log_request_body", "true")));
    assert!(debug.contains(&pair("logging.format", "json")));
    assert_eq!(debug.last(), Some(&pair("logging.level", "warn")));
    let level = settled("serve --debug --log-level trace");
    assert_eq!(level.last(), Some(&pair("logging.level", "trace")));
}
