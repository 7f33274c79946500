//! Tools that Anthropic's models are trained in and the client runs, as functions that say the
//! same.

/// A function for such a tool: what it does, and its schema.
pub(super) fn function(kind: &str) -> Option<(&'static str, &'static str)> {
    let family = kind.rsplit_once('_').map_or(kind, |(family, _)| family);
    Some(match family {
        "bash" => (
            "Runs a command in a persistent shell session, or starts the session anew.",
            r#"{"type":"object","properties":{"command":{"type":"string","description":"The command to run."},"restart":{"type":"boolean","description":"Starts the shell anew instead."}}}"#,
        ),
        "text_editor" => (
            "Views, creates and edits text files. `view` shows a file or a directory, `create` writes a file, `str_replace` replaces a text that stands in it once, `insert` puts text behind a line.",
            r#"{"type":"object","properties":{"command":{"type":"string","enum":["view","create","str_replace","insert"]},"path":{"type":"string","description":"The file or directory."},"file_text":{"type":"string","description":"For create: the whole file."},"old_str":{"type":"string","description":"For str_replace: the text to replace."},"new_str":{"type":"string","description":"For str_replace: the text instead."},"insert_line":{"type":"integer","description":"For insert: the line behind which the text goes; 0 is the start."},"insert_text":{"type":"string","description":"For insert: the text."},"view_range":{"type":"array","items":{"type":"integer"},"description":"For view: the first and the last line."}},"required":["command","path"]}"#,
        ),
        "memory" => (
            "Keeps notes as files in the directory /memories, to be read in later conversations.",
            r#"{"type":"object","properties":{"command":{"type":"string","enum":["view","create","str_replace","insert","delete","rename"]},"path":{"type":"string"},"file_text":{"type":"string","description":"For create."},"old_str":{"type":"string","description":"For str_replace."},"new_str":{"type":"string","description":"For str_replace."},"insert_line":{"type":"integer","description":"For insert."},"insert_text":{"type":"string","description":"For insert."},"view_range":{"type":"array","items":{"type":"integer"},"description":"For view."},"old_path":{"type":"string","description":"For rename."},"new_path":{"type":"string","description":"For rename."}},"required":["command"]}"#,
        ),
        "computer" => (
            "Looks at the screen and uses the mouse and the keyboard of a computer.",
            r#"{"type":"object","properties":{"action":{"type":"string","enum":["screenshot","left_click","right_click","middle_click","double_click","triple_click","left_click_drag","left_mouse_down","left_mouse_up","mouse_move","cursor_position","key","type","scroll","hold_key","wait","zoom"]},"coordinate":{"type":"array","items":{"type":"integer"},"description":"Where, as x and y."},"start_coordinate":{"type":"array","items":{"type":"integer"}},"region":{"type":"array","items":{"type":"integer"}},"text":{"type":"string","description":"The text to type or the keys to press."},"scroll_direction":{"type":"string","enum":["up","down","left","right"]},"scroll_amount":{"type":"integer"},"duration":{"type":"number","description":"Seconds."}},"required":["action"]}"#,
        ),
        _ => return None,
    })
}
