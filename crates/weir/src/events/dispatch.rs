//! `weir dispatch`: delivers what gateways put into the stream, in a process of its own, and looks
//! after what could not be delivered.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use weir_core::event::DeadLetter;
use weir_core::settings::{Bus as Over, Events, RedisBus, Settings, Sink};
use weir_events::bus::{Bus, Role};
use weir_events::dead::DeadLetters;

use super::consumer;
use crate::cli::{DeadAction, DeadList, Dispatch, DispatchAction, Source};
use crate::lines::{clean, complain, pretty, print, say};
use crate::shutdown::{Asked, Signals};
use crate::table::{Lean, table};
use crate::{config, telemetry, workers};

/// Runs `weir dispatch`.
///
/// # Errors
/// When the configuration is not valid, there is nothing to deliver from or to, or Redis cannot be
/// used for what is asked.
pub(crate) fn run(options: &Dispatch) -> anyhow::Result<ExitCode> {
    match &options.action {
        Some(DispatchAction::Dead(action)) => workers::runtime()?.block_on(dead(action)),
        None => deliver(options),
    }
}

fn deliver(options: &Dispatch) -> anyhow::Result<ExitCode> {
    let found = config::load(&options.source, &flags(options)?)?;
    let settings = &found.loaded.settings;
    let mut events = settings.events.clone();
    let wanted = match &options.service {
        Some(service) => std::slice::from_ref(service),
        None => options.sink.as_slice(),
    };
    if !wanted.is_empty() {
        events.sinks = picked(&events, wanted)?;
    }
    let bus = stream(settings)?;
    if events.sinks.is_empty() {
        bail!("`events.sinks` names none: there is nobody to deliver to; or give `--service`");
    }
    let _telemetry = telemetry::init(&settings.logging)?;
    for warning in &found.loaded.warnings {
        tracing::warn!("{warning}");
    }
    let from = bus.stream.clone();
    workers::runtime()?.block_on(async {
        let mut signals = Signals::listen()?;
        let running = Bus::start(&events, Role::Dispatcher, &consumer());
        let running = running.map_err(|wrong| anyhow!(wrong))?;
        let names: Vec<&str> = events.sinks.iter().map(|sink| &*sink.name).collect();
        say(&format!("delivering from {from} to {}", names.join(", ")));
        while matches!(signals.next().await, Asked::Reload) {
            tracing::warn!("a dispatcher does not read its configuration again; start another");
        }
        tokio::select! {
            () = running.stop(events.flush_timeout) => {}
            _ = signals.end() => tracing::warn!("signalled again; what is left waits in the stream"),
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// What the options say of a sink, as settings.
fn flags(options: &Dispatch) -> anyhow::Result<Vec<(String, String)>> {
    let Some(service) = &options.service else {
        return Ok(Vec::new());
    };
    if service.contains('.') {
        bail!("`--service`: `{service}` is no kind of sink");
    }
    let at = |member: &str| format!("events.sinks.{service}.{member}");
    let address = match service.as_str() {
        "file" => "path",
        "s3" => "endpoint",
        _ => "url",
    };
    let mut flags = vec![(at("kind"), service.clone())];
    flags.extend(options.endpoint.clone().map(|value| (at(address), value)));
    flags.extend(options.api_key.clone().map(|value| (at("api_key"), value)));
    let size = options.batch_size.map(|size| size.to_string());
    flags.extend(size.map(|value| (at("batch_size"), value)));
    if service == "file" {
        // What a dispatcher writes is for services, unless somebody says otherwise.
        flags.retain(|(path, _)| !path.ends_with(".api_key"));
        let said = options
            .source
            .set
            .iter()
            .any(|(path, _)| *path == at("format"));
        flags.extend((!said).then(|| (at("format"), "llm".to_owned())));
    }
    Ok(flags)
}

fn picked(events: &Events, wanted: &[String]) -> anyhow::Result<Vec<Arc<Sink>>> {
    wanted.iter().map(|name| sink(events, name)).collect()
}

fn sink(events: &Events, name: &str) -> anyhow::Result<Arc<Sink>> {
    let found = events.sinks.iter().find(|sink| &*sink.name == name);
    let known = || {
        let names: Vec<String> = events
            .sinks
            .iter()
            .map(|sink| format!("`{}`", sink.name))
            .collect();
        match names.is_empty() {
            true => "it names none".to_owned(),
            false => format!("it names {}", names.join(", ")),
        }
    };
    found
        .cloned()
        .ok_or_else(|| anyhow!("`events.sinks` has no `{}`; {}", clean(name), known()))
}

/// The stream that the settings name.
fn stream(settings: &Settings) -> anyhow::Result<&RedisBus> {
    match &settings.events.bus {
        Some(Over::Redis(bus)) => Ok(bus),
        Some(Over::Memory) => bail!(
            "`events.bus` is `memory`: only the gateway that makes events can deliver them; set `events.bus: redis` \
             (LLM_PROXY_EVENT_BUS=redis-streams)"
        ),
        None => bail!("`events.enabled` is off"),
    }
}

async fn dead(action: &DeadAction) -> anyhow::Result<ExitCode> {
    match action {
        DeadAction::List(options) => list(options).await,
        DeadAction::Retry(options) => {
            let mut letters = open(&options.source, &options.sink).await?;
            let retried = letters.retry(&options.ids).await;
            let retried = retried.map_err(|wrong| anyhow!(wrong))?;
            let why = retried
                .why
                .map_or_else(String::new, |why| format!(": {why}"));
            let (delivered, left) = (retried.delivered, retried.left);
            print(&clean(&format!("{delivered} delivered, {left} left{why}")))?;
            let sink = &options.sink;
            for id in &retried.unknown {
                complain(&clean(&format!("`{sink}` has no dead letter `{id}`")));
            }
            Ok(match left == 0 && retried.unknown.is_empty() {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            })
        }
        DeadAction::Drop(options) => {
            let mut letters = open(&options.source, &options.sink).await?;
            let dropped = letters.drop_all(&options.ids).await;
            let dropped = dropped.map_err(|wrong| anyhow!(wrong))?;
            print(&format!("{dropped} dropped"))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn open(source: &Source, name: &str) -> anyhow::Result<DeadLetters> {
    let found = config::load(source, &[])?;
    let settings = &found.loaded.settings;
    let bus = stream(settings)?;
    let sink = sink(&settings.events, name)?;
    let letters = DeadLetters::open(bus, &sink).await;
    letters.map_err(|wrong| anyhow!(wrong))
}

async fn list(options: &DeadList) -> anyhow::Result<ExitCode> {
    let mut letters = open(&options.source, &options.sink).await?;
    let letters = letters.list(options.limit).await;
    let letters = letters.map_err(|wrong| anyhow!(wrong))?;
    if options.json {
        print(&pretty(&serde_json::to_value(&letters)?)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let head = [
        ("id", Lean::Left),
        ("given up at", Lean::Left),
        ("request", Lean::Left),
        ("tries", Lean::Right),
        ("reason", Lean::Left),
    ];
    let row = |letter: &DeadLetter| {
        let request = letter.request_id.map(|id| id.to_string());
        [
            clean(&letter.id),
            letter.at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            request.unwrap_or_default(),
            letter.tries.to_string(),
            clean(&letter.reason),
        ]
    };
    let rows: Vec<_> = letters.iter().map(row).collect();
    print(table(head, &rows).trim_end())?;
    Ok(ExitCode::SUCCESS)
}
