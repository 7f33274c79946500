//! The lines for each client. `docs/agents.md` says the same with more words.

use super::Snippet;

/// How to set up one client.
pub(super) struct Recipe {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    /// What captures call it.
    pub(super) kind: &'static str,
    pub(super) snippets: Vec<Snippet>,
}

/// Every client; `base` has no slash at its end.
pub(super) fn all(base: &str, token: bool) -> Vec<Recipe> {
    let recipe = |id, name, kind, snippets| Recipe {
        id,
        name,
        kind,
        snippets,
    };
    vec![
        recipe("claude", "Claude Code", "claude_code", claude(base, token)),
        recipe("codex", "Codex CLI", "codex", codex(base, token)),
        recipe("gemini", "Gemini CLI", "gemini_cli", gemini(base, token)),
        recipe("opencode", "opencode", "opencode", opencode(base, token)),
        recipe(
            "anthropic-sdk",
            "Anthropic SDK",
            "anthropic_sdk",
            anthropic(base, token),
        ),
        recipe(
            "openai-sdk",
            "OpenAI SDK",
            "openai_sdk",
            openai(base, token),
        ),
        recipe(
            "google-sdk",
            "Google GenAI SDK",
            "google_sdk",
            google(base, token),
        ),
        recipe("curl", "curl", "curl", curl(base, token)),
    ]
}

fn snippet(title: &'static str, language: &'static str, text: String) -> Snippet {
    Snippet {
        title,
        language,
        text,
    }
}

/// A line that is there only when weir wants its token.
fn only(token: bool, line: &str) -> String {
    if token {
        line.to_owned()
    } else {
        String::new()
    }
}

fn claude(base: &str, token: bool) -> Vec<Snippet> {
    let secret = only(token, "export ANTHROPIC_AUTH_TOKEN=YOUR_WEIR_TOKEN\n");
    let line = only(
        token,
        ",\n    \"ANTHROPIC_AUTH_TOKEN\": \"YOUR_WEIR_TOKEN\"",
    );
    vec![
        snippet(
            "In this shell",
            "sh",
            format!(
                "export ANTHROPIC_BASE_URL={base}\n{secret}\
                 # says which requests are a subagent's or auxiliary\n\
                 export CLAUDE_CODE_GATEWAY_HINT_HEADERS=1\n\
                 # optional: do not ask again without streaming when a stream breaks\n\
                 # export CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK=1\n\
                 claude\n"
            ),
        ),
        snippet(
            "For good, in ~/.claude/settings.json (`weir agent setup claude` writes it)",
            "json",
            format!(
                "{{\n  \"env\": {{\n    \"ANTHROPIC_BASE_URL\": \"{base}\",\n    \
                 \"CLAUDE_CODE_GATEWAY_HINT_HEADERS\": \"1\"{line}\n  }}\n}}\n"
            ),
        ),
    ]
}

fn codex(base: &str, token: bool) -> Vec<Snippet> {
    let secret = only(token, "export CODEX_API_KEY=YOUR_WEIR_TOKEN\n");
    vec![
        snippet(
            "At the top of ~/.codex/config.toml (`weir agent setup codex` writes it)",
            "toml",
            format!("openai_base_url = \"{base}/v1\"\n"),
        ),
        snippet(
            "For one run",
            "sh",
            format!("{secret}codex -c openai_base_url={base}/v1\n"),
        ),
    ]
}

fn gemini(base: &str, token: bool) -> Vec<Snippet> {
    let key = if token { "YOUR_WEIR_TOKEN" } else { "YOUR_KEY" };
    let text =
        format!("export GOOGLE_GEMINI_BASE_URL={base}\nexport GEMINI_API_KEY={key}\ngemini\n");
    vec![snippet(
        "In this shell; choose \"Use Gemini API key\" when it asks how to log in",
        "sh",
        text,
    )]
}

fn opencode(base: &str, token: bool) -> Vec<Snippet> {
    let key = only(token, ", \"apiKey\": \"YOUR_WEIR_TOKEN\"");
    let options = format!("{{ \"options\": {{ \"baseURL\": \"{base}/v1\"{key} }} }}");
    let text = format!(
        "{{\n  \"provider\": {{\n    \"anthropic\": {options},\n    \"openai\": {options}\n  }}\n}}\n"
    );
    vec![snippet("opencode.json", "json", text)]
}

fn anthropic(base: &str, token: bool) -> Vec<Snippet> {
    let key = only(token, ", api_key=\"YOUR_WEIR_TOKEN\"");
    let named = only(token, ", apiKey: \"YOUR_WEIR_TOKEN\"");
    vec![
        snippet(
            "Any language",
            "sh",
            format!("export ANTHROPIC_BASE_URL={base}\n"),
        ),
        snippet(
            "Python",
            "python",
            format!("client = anthropic.Anthropic(base_url=\"{base}\"{key})\n"),
        ),
        snippet(
            "TypeScript",
            "typescript",
            format!("const client = new Anthropic({{ baseURL: \"{base}\"{named} }});\n"),
        ),
    ]
}

fn openai(base: &str, token: bool) -> Vec<Snippet> {
    let key = only(token, ", api_key=\"YOUR_WEIR_TOKEN\"");
    let named = only(token, ", apiKey: \"YOUR_WEIR_TOKEN\"");
    vec![
        snippet(
            "Any language",
            "sh",
            format!("export OPENAI_BASE_URL={base}/v1\n"),
        ),
        snippet(
            "Python",
            "python",
            format!("client = openai.OpenAI(base_url=\"{base}/v1\"{key})\n"),
        ),
        snippet(
            "TypeScript",
            "typescript",
            format!("const client = new OpenAI({{ baseURL: \"{base}/v1\"{named} }});\n"),
        ),
    ]
}

fn google(base: &str, token: bool) -> Vec<Snippet> {
    let key = only(token, "api_key=\"YOUR_WEIR_TOKEN\", ");
    vec![snippet(
        "Python",
        "python",
        format!("client = genai.Client({key}http_options={{\"base_url\": \"{base}\"}})\n"),
    )]
}

fn curl(base: &str, token: bool) -> Vec<Snippet> {
    let key = if token {
        "YOUR_WEIR_TOKEN"
    } else {
        "$ANTHROPIC_API_KEY"
    };
    let text = format!(
        "curl {base}/v1/messages \\\n  -H \"x-api-key: {key}\" \\\n  \
         -H 'anthropic-version: 2023-06-01' -H 'content-type: application/json' \\\n  \
         -d '{{\"model\":\"claude-sonnet-4-5\",\"max_tokens\":64,\"messages\":[{{\"role\":\"user\",\"content\":\"hello\"}}]}}'\n"
    );
    vec![snippet("A first request", "sh", text)]
}
