//! `weir benchmark`: how fast a gateway answers, asked as a client asks.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use futures_util::future::join_all;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HOST};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};

use crate::cli::{Benchmark, Through};
use crate::fetch::{self, Sender};
use crate::lines::{clean, pretty, print};
use crate::words::took;
use crate::workers::runtime;

/// Most characters of an answer that is shown.
const SHOWN: usize = 400;

/// Runs `weir benchmark`.
///
/// # Errors
/// When what is to be asked makes no request.
pub(crate) fn run(options: &Benchmark) -> anyhow::Result<ExitCode> {
    let plan = Plan::new(options)?;
    let began = Instant::now();
    let all = runtime()?.block_on(async {
        let workers = (0..options.concurrency).map(|_| plan.work());
        let all = join_all(workers).await;
        all.into_iter().flatten().collect::<Vec<_>>()
    });
    let figures = figures(&all, began.elapsed());
    if options.json {
        print(&pretty(&figures)?)?;
    } else {
        print(&table(&figures))?;
    }
    if options.debug {
        samples(&all)?;
    }
    let well = all
        .iter()
        .all(|one| one.status.is_some_and(|status| status.is_success()));
    Ok(if well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The token or key that the variable holds.
pub(crate) fn token(through: &Through) -> Option<String> {
    let token = std::env::var(&through.token_env).ok()?;
    let token = token.trim();
    (!token.is_empty()).then(|| token.to_owned())
}

/// What every request is.
struct Plan {
    uri: Uri,
    path: PathAndQuery,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
    token: Option<String>,
    /// Whether answers are shown.
    shows: bool,
    timeout: Duration,
    /// Requests that are yet to be sent.
    left: AtomicU32,
}

/// How one request went.
#[derive(Clone, Debug)]
struct Sample {
    /// None where there was no whole answer.
    status: Option<StatusCode>,
    took: Duration,
    /// From the gateway's question to the provider's answer, where the gateway tells of it.
    upstream: Option<Duration>,
    from_cache: bool,
    /// The beginning of the answer, if it is wanted, or why there was none.
    said: String,
}

impl Plan {
    fn new(options: &Benchmark) -> anyhow::Result<Self> {
        let through = &options.through;
        let uri: Uri = through.url.parse().context("--url")?;
        let path = options.path.parse().context("--path")?;
        let method = options.method.to_ascii_uppercase();
        let method: Method = method.parse().context("--method")?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let token = token(through);
        if let Some(token) = &token {
            let mut value = HeaderValue::try_from(format!("Bearer {token}"))
                .with_context(|| format!("{}: it cannot be sent", through.token_env))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        if options.cache {
            let terms = format!("public, max-age={}", options.cache_ttl);
            headers.insert(CACHE_CONTROL, terms.parse()?);
        }
        Ok(Self {
            uri,
            path,
            body: body(options, &method)?,
            method,
            headers,
            token,
            shows: options.debug,
            timeout: through.timeout,
            left: AtomicU32::new(options.requests),
        })
    }

    /// Sends one request after another over a connection of its own until none is left.
    async fn work(&self) -> Vec<Sample> {
        let mut samples = Vec::new();
        let mut connection = None;
        let take = |left: u32| left.checked_sub(1);
        while self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .is_ok()
        {
            let began = Instant::now();
            let asked = tokio::time::timeout(self.timeout, self.ask(&mut connection));
            let asked = asked.await.context("no whole answer in time");
            let sample = match asked.and_then(|asked| asked) {
                Ok(sample) => Sample {
                    took: began.elapsed(),
                    ..sample
                },
                Err(error) => {
                    connection = None;
                    Sample {
                        status: None,
                        took: began.elapsed(),
                        upstream: None,
                        from_cache: false,
                        said: format!("{error:#}"),
                    }
                }
            };
            samples.push(sample);
        }
        samples
    }

    async fn ask(&self, connection: &mut Option<(Sender, HeaderValue)>) -> anyhow::Result<Sample> {
        if connection
            .as_ref()
            .is_none_or(|(sender, _)| sender.is_closed())
        {
            *connection = Some(fetch::connect(&self.uri).await?);
        }
        let Some((sender, host)) = connection else {
            bail!("there is no connection");
        };
        sender.ready().await?;
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.path.clone().into();
        *request.headers_mut() = self.headers.clone();
        request.headers_mut().insert(HOST, host.clone());
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        let cache = head.headers.get("x-proxy-cache");
        let said = if self.shows {
            self.beginning(&String::from_utf8_lossy(&body))
        } else {
            String::new()
        };
        Ok(Sample {
            status: Some(head.status),
            took: Duration::ZERO,
            upstream: upstream(&head.headers),
            from_cache: cache.is_some_and(|word| word.as_bytes().ends_with(b"hit")),
            said,
        })
    }
}

impl Plan {
    /// What is shown of an answer, without the token wherever that would be cut.
    fn beginning(&self, answer: &str) -> String {
        let answer = match &self.token {
            Some(token) => answer.replace(token, "***"),
            None => answer.to_owned(),
        };
        answer.chars().take(SHOWN).collect()
    }
}

/// The body that is sent: what was given, or a short message where that is what the path takes.
fn body(options: &Benchmark, method: &Method) -> anyhow::Result<Bytes> {
    if let Some(body) = &options.body {
        return Ok(body.clone().into());
    }
    let path = options.path.split('?').next().unwrap_or_default();
    if *method == Method::GET || *method == Method::HEAD {
        return Ok(Bytes::new());
    }
    if !matches!(path, "/v1/messages" | "/v1/chat/completions") {
        bail!("--body: what is to be sent to {}?", clean(path));
    }
    let body = json!({"model": options.through.model, "max_tokens": 16,
        "messages": [{"role": "user", "content": "Say hello."}]});
    Ok(body.to_string().into())
}

/// What `routing.debug` has the gateway tell.
fn upstream(headers: &HeaderMap) -> Option<Duration> {
    let moment = |name: &str| -> Option<u64> { headers.get(name)?.to_str().ok()?.parse().ok() };
    let (start, stop) = ("x-upstream-request-start", "x-upstream-request-stop");
    let nanoseconds = moment(stop)?.checked_sub(moment(start)?)?;
    Some(Duration::from_nanos(nanoseconds))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The least, the mean, and what so many of a hundred are no slower than, in milliseconds.
fn times(times: impl Iterator<Item = Duration>) -> Value {
    let mut all: Vec<f64> = times.map(milliseconds).collect();
    all.sort_by(f64::total_cmp);
    let (Some(least), Some(most)) = (all.first(), all.last()) else {
        return Value::Null;
    };
    let of_hundred = |share: usize| all.get((all.len() * share).div_ceil(100).saturating_sub(1));
    #[expect(clippy::cast_precision_loss, reason = "a million at most")]
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    json!({"avg": mean, "min": least, "p50": of_hundred(50), "p90": of_hundred(90),
        "p99": of_hundred(99), "max": most})
}

fn figures(all: &[Sample], elapsed: Duration) -> Value {
    let answered = || all.iter().filter(|one| one.status.is_some());
    let mut statuses = BTreeMap::new();
    for status in answered().filter_map(|one| one.status) {
        *statuses.entry(status.as_str().to_owned()).or_insert(0_u64) += 1;
    }
    let ok = |one: &&Sample| one.status.is_some_and(|status| status.is_success());
    #[expect(clippy::cast_precision_loss, reason = "a million at most")]
    let rate = all.len() as f64 / elapsed.as_secs_f64().max(f64::EPSILON);
    let told = || answered().filter_map(|one| Some((one.took, one.upstream?)));
    json!({
        "requests": all.len(),
        "succeeded": all.iter().filter(ok).count(),
        "failed": all.iter().filter(|one| !ok(one)).count(),
        "seconds": elapsed.as_secs_f64(),
        "requests_per_second": rate,
        "cache_hits": all.iter().filter(|one| one.from_cache).count(),
        "statuses": statuses,
        "total_ms": times(answered().map(|one| one.took)),
        "upstream_ms": times(told().map(|(_, upstream)| upstream)),
        "gateway_ms": times(told().map(|(took, upstream)| took.saturating_sub(upstream))),
    })
}

fn table(figures: &Value) -> String {
    let number = |name: &str| figures[name].as_f64().unwrap_or_default();
    let statuses = figures["statuses"].as_object().into_iter().flatten();
    let statuses: Vec<_> = statuses
        .map(|(status, count)| format!("{status}: {count}"))
        .collect();
    let mut lines = vec![
        format!(
            "requests   {} in {:.2} s, {:.1} a second",
            figures["requests"],
            number("seconds"),
            number("requests_per_second")
        ),
        format!("succeeded  {}", figures["succeeded"]),
        format!("failed     {}", figures["failed"]),
        format!("statuses   {}", statuses.join(", ")),
        format!("from cache {}", figures["cache_hits"]),
    ];
    for (name, field) in [
        ("total", "total_ms"),
        ("upstream", "upstream_ms"),
        ("gateway", "gateway_ms"),
    ] {
        let times = &figures[field];
        if times.is_object() {
            let time = |name: &str| format!("{name} {}", took(times[name].as_f64()));
            let all = ["avg", "min", "p50", "p90", "p99", "max"].map(time);
            lines.push(format!("{name:<10} {}", all.join("  ")));
        }
    }
    lines.join("\n")
}

/// One answer of each status, and one reason of those that had none.
fn samples(all: &[Sample]) -> anyhow::Result<()> {
    let mut first = BTreeMap::new();
    for one in all {
        let status = one.status.map(|status| status.as_u16());
        first.entry(status).or_insert(one);
    }
    for (status, one) in first {
        let status = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        print(&clean(&format!("{status}: {}", one.said)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(status: u16, ms: u64, upstream: Option<u64>) -> Sample {
        Sample {
            status: StatusCode::from_u16(status).ok(),
            took: Duration::from_millis(ms),
            upstream: upstream.map(Duration::from_millis),
            from_cache: upstream.is_none(),
            said: String::new(),
        }
    }

    #[test]
    fn times_are_those_that_so_many_of_a_hundred_are_no_slower_than() {
        let all: Vec<_> = (1..=10).map(|ms| sample(200, ms, Some(1))).collect();
        let figures = figures(&all, Duration::from_secs(2));
        let total = &figures["total_ms"];
        let of = |name: &str| total[name].as_f64().unwrap();
        assert_eq!(
            [
                of("min"),
                of("p50"),
                of("p90"),
                of("p99"),
                of("max"),
                of("avg")
            ],
            [1.0, 5.0, 9.0, 10.0, 10.0, 5.5]
        );
        assert_eq!(figures["requests_per_second"], 5.0);
        assert_eq!(figures["gateway_ms"]["max"], 9.0);
    }

    #[test]
    fn what_failed_and_what_came_from_the_cache_is_counted_apart() {
        let mut all = vec![
            sample(200, 1, None),
            sample(200, 2, Some(1)),
            sample(429, 3, Some(1)),
        ];
        all.push(Sample {
            status: None,
            from_cache: false,
            ..sample(200, 9000, None)
        });
        let figures = figures(&all, Duration::from_secs(1));
        assert_eq!(
            (
                &figures["succeeded"],
                &figures["failed"],
                &figures["cache_hits"]
            ),
            (&json!(2), &json!(2), &json!(1))
        );
        assert_eq!(figures["statuses"], json!({"200": 2, "429": 1}));
        assert_eq!(
            figures["total_ms"]["max"], 3.0,
            "what was never answered took no time"
        );
        assert_eq!(times(std::iter::empty()), Value::Null);
    }
}
