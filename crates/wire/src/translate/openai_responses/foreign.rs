//! Items that no other dialect knows, on their way from Responses to Responses.

use crate::scan::{Cursor, Kind};
use crate::translate::json::Json;

/// Types of items that travel as they are.
const KINDS: [&str; 23] = [
    "apply_patch_call",
    "apply_patch_call_output",
    "code_interpreter_call",
    "compaction",
    "computer_call",
    "computer_call_output",
    "custom_tool_call_output",
    "file_search_call",
    "function_call_output",
    "image_generation_call",
    "local_shell_call",
    "local_shell_call_output",
    "mcp_approval_request",
    "mcp_approval_response",
    "mcp_call",
    "mcp_list_tools",
    "program",
    "program_output",
    "shell_call",
    "shell_call_output",
    "tool_search_call",
    "tool_search_output",
    "web_search_call",
];

/// Whether it is an item of this dialect. What others call the same has no id.
pub(super) fn is_item(kind: &str, json: &Json<'_>) -> bool {
    let mut has_id = false;
    Cursor::new(json.as_str().as_bytes()).object(|key, cursor| {
        has_id |= key.is("id") && cursor.kind() == Some(Kind::String);
    });
    has_id && KINDS.contains(&kind)
}
