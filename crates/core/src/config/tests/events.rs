//! What the world is told of ended exchanges, and who of it.

use std::path::Path;
use std::time::Duration;

use super::{effective, faults, good, lines, load_with};
use crate::settings::{Bus, LineFormat, RedisBus, SinkKind, Start};

fn redis(env: &[(&str, &str)]) -> RedisBus {
    match good("", env).settings.events.bus {
        Some(Bus::Redis(bus)) => *bus,
        other => panic!("a stream is expected, not {other:?}"),
    }
}

#[test]
fn nothing_is_told_until_somebody_is_named() {
    let events = good("", &[]).settings.events;
    assert!(!events.enabled() && events.sinks.is_empty());
    let events = good("events: {sinks: {file: {path: /x}}}", &[])
        .settings
        .events;
    assert!(events.enabled() && events.dispatch && events.told.bodies);
    let off = [("OBSERVABILITY_ENABLED", "false")];
    let loaded = good("events: {sinks: {file: {path: /x}}}", &off);
    assert!(!loaded.settings.events.enabled());
    assert!(
        loaded
            .warnings
            .iter()
            .any(|warning| warning.contains("events.sinks"))
    );
}

#[test]
fn sinks_are_a_map_in_which_a_name_may_be_the_kind() {
    let text = "
events:
  sinks:
    file:
      path: /a.jsonl
    audit-log:
      kind: file
      path: /b.jsonl
      format: llm
      batch_size: 7
      max_bytes: 0
    quiet:
      kind: file
      enabled: false
";
    let loaded = load_with(text, &[], &[("events.sinks.third.kind", "file")]);
    let faults = lines(&loaded.expect_err("the third has no path"));
    assert!(faults.contains("events.sinks.third.path"), "{faults}");

    let loaded = good(text, &[]);
    let sinks = &loaded.settings.events.sinks;
    let names: Vec<_> = sinks
        .iter()
        .map(|sink| (&*sink.name, &*sink.group))
        .collect();
    assert_eq!(names, [("file", "file"), ("audit-log", "audit-log")]);
    let SinkKind::File(second) = &sinks[1].to else {
        panic!("a file is expected");
    };
    assert_eq!(second.files.path, Path::new("/b.jsonl"));
    assert_eq!(
        (second.format, second.files.max_bytes),
        (LineFormat::Llm, u64::MAX)
    );
    assert_eq!((sinks[1].batch_size, sinks[0].batch_size), (7, 100));
    assert_eq!(sinks[0].flush_interval, Duration::from_secs(5));
    let kind = effective(&loaded, "events.sinks.file.kind");
    assert_eq!(kind.value.as_deref(), Some("file"));
}

#[test]
fn what_no_sink_can_be_is_said_with_its_place() {
    for (text, expected) in [
        (
            "events: {sinks: {mine: {path: /x}}}",
            "events.sinks.mine.kind: missing",
        ),
        (
            "events: {sinks: {file: {}}}",
            "events.sinks.file.path: missing",
        ),
        (
            "events: {sinks: {file: {path: /x, kind: kafka}}}",
            "`kafka` is not one of",
        ),
        (
            "events: {sinks: {'a b': {kind: file}}}",
            "not a sink's name",
        ),
        ("events: {sinks: {file: {pth: /x}}}", "did you mean `path`?"),
        ("events: {sinks: [file]}", "a section is expected"),
        (
            "events: {file: /x, sinks: {event-log: {kind: file, path: /y}}}",
            "which it stands for",
        ),
    ] {
        let said = faults(text, &[]);
        assert!(said.contains(expected), "{text}\n{said}");
    }
}

#[test]
fn the_file_of_the_reference_is_a_sink() {
    let events = good("", &[("FILE_EVENT_LOG", "/x/events.jsonl")])
        .settings
        .events;
    let SinkKind::File(file) = &events.sinks[0].to else {
        panic!("a file is expected");
    };
    assert_eq!(&*events.sinks[0].name, "event-log");
    assert_eq!(file.files.path, Path::new("/x/events.jsonl"));
}

#[test]
fn the_bus_of_the_reference_is_taken_by_its_words() {
    let shared = ("WEIR_REDIS_URL", "rediss://u:p@h:6380/2");
    let memory = good("", &[("LLM_PROXY_EVENT_BUS", "in-memory")]);
    assert!(matches!(memory.settings.events.bus, Some(Bus::Memory)));
    let bus = redis(&[
        ("LLM_PROXY_EVENT_BUS", "redis-streams"),
        ("REDIS_ADDR", "h:1"),
        ("REDIS_STREAM_MAX_LEN", "0"),
        ("REDIS_STREAM_CLAIM_TIME", "9s"),
        ("REDIS_CONSUMER_NAME", "me"),
    ]);
    assert_eq!(bus.url.expose(), "redis://h:1");
    assert_eq!(bus.stream, "llm-proxy-events");
    assert_eq!((bus.max_len, bus.start), (None, Start::Oldest));
    assert_eq!(bus.claim_after, Duration::from_secs(9));
    assert_eq!(bus.consumer.as_deref(), Some("me"));
    let text = "{shared: {redis_url: $WEIR_REDIS_URL}, events: {bus: redis}}";
    let events = good(text, &[shared]).settings.events;
    let Some(Bus::Redis(bus)) = events.bus else {
        panic!("a stream is expected");
    };
    assert_eq!(
        (bus.url.expose(), bus.url_from),
        (shared.1, "shared.redis_url")
    );
    for (env, expected) in [
        (vec![("LLM_PROXY_EVENT_BUS", "redis")], "redis-streams"),
        (
            vec![("LLM_PROXY_EVENT_BUS", "redis-streams")],
            "shared.redis_url",
        ),
        (vec![("REDIS_ADDR", ":6379")], "names no host"),
    ] {
        let said = faults("", &env);
        assert!(said.contains(expected), "{env:?}\n{said}");
    }
}

#[test]
fn two_sinks_do_not_share_one_stream_by_accident() {
    let text = "
shared: {redis_url: 'redis://h'}
events:
  bus: redis
  group: dispatchers
  sinks: {one: {kind: file, path: /a}, two: {kind: file, path: /b}}
";
    let said = faults(text, &[]);
    assert!(said.contains("events.sinks.two.group"), "{said}");
    let apart = text.replace("path: /b", "path: /b, group: another");
    assert_eq!(
        &*good(&apart, &[]).settings.events.sinks[1].group,
        "another"
    );
    good(&text.replace("bus: redis", "bus: memory"), &[]);
    // `events.file` is a sink `event-log`, and so may be a sink of that name.
    let named = text.replace("two:", "event-log:");
    let said = faults(&named, &[]);
    assert!(said.contains("events.sinks.event-log.group"), "{said}");
    let file = text.replace("group: dispatchers", "group: dispatchers\n  file: /c");
    let said = faults(&file.replace(", two: {kind: file, path: /b}", ""), &[]);
    assert!(said.contains("events.file: the group"), "{said}");
}

#[test]
fn there_is_an_end_to_sinks_which_is_said_once() {
    let sinks: String = (0..40)
        .map(|at| format!("    s{at}: {{kind: file, path: /x{at}}}\n"))
        .collect();
    let text = format!("events:\n  sinks:\n{sinks}");
    let flags: Vec<_> = (0..12)
        .flat_map(|at| ["kind", "path"].map(|member| format!("events.sinks.f{at}.{member}")))
        .collect();
    let flags: Vec<_> = flags.iter().map(|path| (path.as_str(), "file")).collect();
    assert!(load_with(&text, &[], &flags[..20]).is_ok());
    let found = lines(&load_with(&text, &[], &flags).unwrap_err());
    assert_eq!(found.lines().count(), 1, "{found}");
    assert!(
        found.contains("events.sinks: more than 50 sinks"),
        "{found}"
    );
}

#[test]
fn nobody_delivers_from_the_memory_of_a_process_that_does_not() {
    let text = "events: {dispatch: false, sinks: {file: {path: /x}}}";
    assert!(faults(text, &[]).contains("events.dispatch"));
    let stored = [("events.sinks.file.path".to_owned(), "/etc/x".to_owned())];
    let said = crate::config::load_edited(None, &|_| None, &[], &stored);
    assert!(
        lines(&said.expect_err("it says which file is written")).contains("set it in the file")
    );
}
