//! Which lines are said, and where outputs can be.

use std::os::unix::fs::PermissionsExt as _;

use weir_core::settings::{DebugOptions, LogFormat, LogOutput, Logging};

use super::{Prepared, filter};

fn logging(level: &str) -> Logging {
    Logging {
        level: level.to_owned(),
        format: LogFormat::Auto,
        output: LogOutput::Stderr,
        debug: DebugOptions::default(),
    }
}

fn directives(logging: &Logging) -> Vec<String> {
    let filter = filter(logging).unwrap().to_string();
    filter.split(',').map(str::to_owned).collect()
}

#[test]
fn a_bare_level_is_about_weir_and_a_filter_is_what_it_says() {
    for level in ["debug", "DEBUG", " debug "] {
        let said = directives(&logging(level));
        assert!(said.contains(&"weir=debug".to_owned()), "{said:?}");
        assert!(said.contains(&"info".to_owned()), "{said:?}");
    }
    assert!(directives(&logging("warn")).contains(&"warn".to_owned()));
    assert!(directives(&logging("h2=trace")).contains(&"h2=trace".to_owned()));
    assert!(filter(&logging("weir=loud")).is_err());
}

#[test]
fn details_are_said_only_where_they_are_asked_for() {
    let mut logging = logging("debug");
    let off = |logging: &Logging| {
        let said = directives(logging);
        said.iter().filter(|one| one.ends_with("=off")).count()
    };
    assert_eq!(off(&logging), 3);
    logging.debug.request_body = true;
    assert_eq!(off(&logging), 2);
    logging.debug.response_headers = true;
    logging.debug.tls_metrics = true;
    assert_eq!(off(&logging), 0);
}

#[test]
fn a_file_is_made_for_its_owner_and_an_output_that_cannot_be_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut logging = logging("info");
    let file = folder.path().join("weir.log");
    logging.output = LogOutput::File(file.clone());
    Prepared::of(&logging).unwrap();
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for bad in [
        folder.path().to_owned(),
        folder.path().join("none/weir.log"),
    ] {
        logging.output = LogOutput::File(bad.clone());
        let error = format!("{:#}", Prepared::of(&logging).unwrap_err());
        assert!(error.starts_with("`logging.output`"), "{error}");
        assert!(error.contains(&bad.display().to_string()), "{error}");
    }
}
