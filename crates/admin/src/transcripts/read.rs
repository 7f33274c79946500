//! One transcript: what it says of itself, and a page of its messages.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::SystemTime;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::lines::Lines;

/// Characters of the first message that are shown.
const SHORT: usize = 200;
/// Characters of a title.
const TITLE: usize = 300;
/// Lines of a transcript that are put in order.
const MOST_LINES: usize = 1_000_000;
/// Models that are noted.
const MOST_MODELS: usize = 32;
/// Bytes of messages on one page.
pub(crate) const MOST_BYTES: usize = 32 << 20;

/// What a transcript says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// Lines, those that are no messages too.
    pub count: u64,
    /// The first and the last moment named, in microseconds since the Unix epoch; else when the
    /// file was changed.
    pub start_us: i64,
    pub last_us: i64,
    /// The user's first words: 200 characters and three dots at most.
    pub first_message: String,
    /// The title that the user gave, else the one that was made.
    pub title: Option<String>,
    /// Models that answered.
    pub models: BTreeSet<String>,
    /// The directory that the agent worked in.
    pub directory: Option<String>,
}

/// A line as far as the index needs it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    #[serde(default, borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    timestamp: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    cwd: Option<Cow<'a, str>>,
    #[serde(default)]
    is_meta: Option<bool>,
    #[serde(default, borrow)]
    message: Option<&'a RawValue>,
    #[serde(default, borrow)]
    custom_title: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    ai_title: Option<Cow<'a, str>>,
}

fn instant(text: Option<&str>) -> Option<i64> {
    let at: Timestamp = text?.parse().ok()?;
    Some(at.as_microsecond())
}

/// Reads a whole transcript for what it says of itself.
pub(super) fn head(path: &Path, modified: SystemTime) -> io::Result<Head> {
    let mut head = Head::default();
    let mut span: Option<(i64, i64)> = None;
    let mut made = None;
    let mut lines = Lines::of(path)?;
    while let Some((_, bytes)) = lines.next()? {
        let Ok(line) = serde_json::from_slice::<Line<'_>>(bytes) else {
            continue;
        };
        head.count += 1;
        if let Some(at) = instant(line.timestamp.as_deref()) {
            let (first, last) = span.unwrap_or((at, at));
            span = Some((first.min(at), last.max(at)));
        }
        match line.kind.as_deref() {
            Some("custom-title") => head.title = line.custom_title.map(|t| short(&t, TITLE)),
            Some("ai-title") => made = line.ai_title.map(|t| short(&t, TITLE)),
            Some("user") if head.first_message.is_empty() && line.is_meta != Some(true) => {
                let text = line.message.and_then(|message| first_text(message.get()));
                head.first_message = text.map(|text| short(&text, SHORT)).unwrap_or_default();
            }
            Some("assistant") => note_model(&mut head, line.message),
            _ => {}
        }
        if head.directory.is_none() {
            head.directory = line.cwd.map(Cow::into_owned);
        }
    }
    head.title = head.title.or(made).filter(|title| !title.is_empty());
    (head.start_us, head.last_us) = span.unwrap_or_else(|| {
        let at = Timestamp::try_from(modified).unwrap_or(Timestamp::UNIX_EPOCH);
        (at.as_microsecond(), at.as_microsecond())
    });
    Ok(head)
}

fn note_model(head: &mut Head, message: Option<&RawValue>) {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        model: Cow<'a, str>,
    }
    let Some(message) = message else { return };
    let Ok(answer) = serde_json::from_str::<Answer<'_>>(message.get()) else {
        return;
    };
    if head.models.len() < MOST_MODELS && !head.models.contains(answer.model.as_ref()) {
        head.models.insert(short(&answer.model, TITLE));
    }
}

/// At most `most` characters of a text, and three dots when there are more.
fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The first text of a message: a text alone, a block of a list, or either as its content.
fn first_text(message: &str) -> Option<String> {
    let value: Value = serde_json::from_str(message).ok()?;
    text_in(&value).filter(|text| !text.trim().is_empty())
}

fn text_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(blocks) => blocks.iter().find_map(|block| {
            let is_text = block.get("type").is_none_or(|kind| kind == "text");
            let text = block.get("text").filter(|_| is_text)?;
            text.as_str().map(str::to_owned)
        }),
        Value::Object(members) => match members.get("content") {
            Some(content @ (Value::Array(_) | Value::String(_))) => text_in(content),
            _ => members.get("text")?.as_str().map(str::to_owned),
        },
        _ => None,
    }
}

/// One line of a transcript as it is shown.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = TranscriptMessage)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    /// The line that it answers.
    #[serde(default)]
    #[schema(required)]
    parent_uuid: Option<String>,
    /// Whether a subagent says it.
    #[serde(default)]
    #[schema(required)]
    is_sidechain: bool,
    #[serde(default)]
    #[schema(required)]
    user_type: Option<String>,
    /// The directory that the agent worked in.
    #[serde(default)]
    #[schema(required)]
    cwd: Option<String>,
    #[serde(default)]
    #[schema(required)]
    session_id: Option<String>,
    /// The client's version.
    #[serde(default)]
    #[schema(required)]
    version: Option<String>,
    /// `user`, `assistant`, `system`, `summary`, ...
    #[serde(default, rename = "type")]
    #[schema(required)]
    kind: Option<String>,
    /// What is said, as it stands in the file.
    #[serde(default)]
    #[schema(required, value_type = Option<serde_json::Value>)]
    message: Option<Box<RawValue>>,
    #[serde(default)]
    #[schema(required)]
    uuid: Option<String>,
    #[serde(default)]
    #[schema(required)]
    timestamp: Option<String>,
}

/// A page of messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    /// Messages passed over.
    pub offset: usize,
    /// Most messages.
    pub limit: usize,
    /// Most bytes of them; the first one comes even if it is larger.
    pub bytes: usize,
}

/// A transcript with a page of its messages.
#[derive(Debug)]
pub(crate) struct Transcript {
    pub head: Head,
    pub messages: Vec<Message>,
    /// Bytes of these messages in the file.
    pub bytes: usize,
    /// Messages altogether.
    pub total: usize,
}

/// Reads a page of messages.
pub(super) fn transcript(path: &Path, head: &Head, page: Page) -> io::Result<Transcript> {
    let order = ordered(path)?;
    let mut file = File::open(path)?;
    let mut messages = Vec::new();
    let mut bytes = 0;
    for (_, at, length) in order.iter().skip(page.offset).take(page.limit) {
        if bytes + length > page.bytes && !messages.is_empty() {
            break;
        }
        bytes += length;
        let mut line = vec![0; *length];
        file.seek(SeekFrom::Start(*at))?;
        file.read_exact(&mut line)?;
        if let Ok(message) = serde_json::from_slice(line.trim_ascii()) {
            messages.push(message);
        }
    }
    Ok(Transcript {
        head: head.clone(),
        messages,
        bytes,
        total: order.len(),
    })
}

/// Moment, place and length of each line, in order of time. One without a moment stays behind the
/// one that it follows.
fn ordered(path: &Path) -> io::Result<Vec<(i64, u64, usize)>> {
    let mut order = Vec::new();
    let mut last = i64::MIN;
    let mut lines = Lines::of(path)?;
    while let Some((at, bytes)) = lines.next()? {
        if order.len() >= MOST_LINES {
            break;
        }
        let Ok(line) = serde_json::from_slice::<Line<'_>>(bytes) else {
            continue;
        };
        last = instant(line.timestamp.as_deref()).unwrap_or(last);
        order.push((last, at, bytes.len()));
    }
    order.sort_by_key(|(moment, ..)| *moment);
    Ok(order)
}
