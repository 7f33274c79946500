//! Server-sent events as this project writes them: stricter than the standard.

/// An event that was written.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// Its type; empty for none.
    pub name: &'a str,
    /// Its one line of data; none for a comment.
    pub data: Option<&'a str>,
}

/// Takes a stream apart: an optional `event:` line and one `data:` line each, or a comment alone;
/// LF and a blank line; nothing after the last one.
#[must_use]
pub fn events(stream: &[u8]) -> Vec<Event<'_>> {
    let text = std::str::from_utf8(stream);
    assert!(text.is_ok(), "not UTF-8");
    let text = text.unwrap_or_default();
    assert!(!text.contains('\r'), "a CR in {text:?}");
    if text.is_empty() {
        return Vec::new();
    }
    let body = text.strip_suffix("\n\n");
    assert!(body.is_some(), "no blank line at the end of {text:?}");
    body.unwrap_or_default().split("\n\n").map(event).collect()
}

fn event(block: &str) -> Event<'_> {
    let lines: Vec<&str> = block.split('\n').collect();
    let (name, data) = match lines.as_slice() {
        [comment] if comment.starts_with(':') => ("", None),
        [data] => ("", data.strip_prefix("data: ")),
        [name, data] => {
            let name = name.strip_prefix("event: ").unwrap_or_default();
            assert!(!name.is_empty(), "no name: {block:?}");
            (name, data.strip_prefix("data: "))
        }
        _ => ("", None),
    };
    assert!(
        data.is_some() || block.starts_with(':') && lines.len() == 1,
        "no data: {block:?}"
    );
    Event { name, data }
}
