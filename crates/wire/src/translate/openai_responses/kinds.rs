//! Items that call tools of the client's and items that answer them, and where the form keeps what
//! only this dialect says.

/// How one kind of call is written.
#[derive(Debug)]
pub(super) struct Kind {
    /// The type of the call.
    pub call: &'static str,
    /// The type of its result.
    pub result: &'static str,
    /// The member with the input.
    pub input: &'static str,
    /// The tool, where calls do not name it.
    pub tool: Option<&'static str>,
    /// The member with the result.
    pub output: &'static str,
}

/// A call with JSON within a string.
pub(super) const FUNCTION: Kind = Kind {
    call: "function_call",
    result: "function_call_output",
    input: "arguments",
    tool: None,
    output: "output",
};

/// A call with free text.
pub(super) const CUSTOM: Kind = Kind {
    call: "custom_tool_call",
    result: "custom_tool_call_output",
    input: "input",
    tool: None,
    output: "output",
};

/// All of them. Those that name no tool have an object for input.
pub(super) const KINDS: [Kind; 6] = [
    FUNCTION,
    CUSTOM,
    Kind {
        call: "local_shell_call",
        result: "local_shell_call_output",
        input: "action",
        tool: Some("local_shell"),
        output: "output",
    },
    Kind {
        call: "shell_call",
        result: "shell_call_output",
        input: "action",
        tool: Some("shell"),
        output: "output",
    },
    Kind {
        call: "apply_patch_call",
        result: "apply_patch_call_output",
        input: "operation",
        tool: Some("apply_patch"),
        output: "output",
    },
    // Searches that the client runs.
    Kind {
        call: "tool_search_call",
        result: "tool_search_output",
        input: "arguments",
        tool: Some("tool_search"),
        output: "tools",
    },
];

/// The member of a part's extra that says that a message begins with it; its value holds the other
/// members of that message.
pub(super) const MESSAGE: &str = "message";

/// The member of a part's extra that says that it is a part of a message, and no item.
pub(super) const CONTENT: &str = "content";

/// The member of a tool's extra that says that the conversation brought it, and not the request.
pub(super) const LOADED: &str = "loaded";

/// The type and, elsewhere, the name of a tool that finds tools.
pub(super) const SEARCH: &str = "tool_search";

/// The member of a tool's extra with the description of its namespace.
pub(super) const NAMESPACE_DESCRIPTION: &str = "namespace_description";
