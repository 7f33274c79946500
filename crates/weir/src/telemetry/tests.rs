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

/// Every line that `say` logs, as [`super::json`] writes it.
fn json_lines(say: impl FnOnce()) -> Vec<serde_json::Value> {
    use tracing_subscriber::layer::SubscriberExt as _;

    let file = tempfile::NamedTempFile::new().unwrap();
    let mut logging = logging("info");
    logging.output = LogOutput::File(file.path().to_owned());
    logging.format = LogFormat::Json;
    let voice = super::Voice(std::sync::Arc::new(arc_swap::ArcSwap::from_pointee(
        Prepared::of(&logging).unwrap().manner,
    )));
    let layer = tracing_subscriber::fmt::layer()
        .event_format(voice.clone())
        .with_writer(voice);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), say);
    let text = std::fs::read_to_string(file.path()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

#[test]
fn a_line_is_one_json_object_whatever_its_fields_hold() {
    let odd = "a \"b\" \\ \n\u{1}\u{7f} é 🙂";
    let lines = json_lines(|| {
        tracing::warn!(text = odd, count = 3_u64, less = -2_i64, part = 0.25, yes = true,
            bad = f64::NAN, none = None::<u64>, shown = %odd, r#type = "t", "said {odd}");
    });
    let [line] = &lines[..] else {
        panic!("{lines:?}")
    };
    for (name, value) in [
        ("text", serde_json::json!(odd)),
        ("count", 3.into()),
        ("less", (-2).into()),
        ("part", 0.25.into()),
        ("yes", true.into()),
        ("bad", serde_json::Value::Null),
        ("shown", odd.into()),
        ("type", "t".into()),
        ("message", format!("said {odd}").into()),
        ("level", "WARN".into()),
        ("target", "weir::telemetry::tests".into()),
    ] {
        assert_eq!(line[name], value, "{name}");
    }
    assert!(line.get("none").is_none());
    let at: jiff::Timestamp = line["timestamp"].as_str().unwrap().parse().unwrap();
    assert!(jiff::Timestamp::now().duration_since(at).as_secs() < 60);
}
