//! What is known of a model by its name: who makes it, which vocabulary comes nearest to its own,
//! and what its prompt has around the texts.

use super::encoder::Encoding;

/// Who makes a model, as far as counting differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vendor {
    OpenAi,
    Anthropic,
    Google,
    Other,
}

/// A model.
#[derive(Debug)]
pub(super) struct Model<'a> {
    /// Its name without who offers it.
    pub(super) name: &'a str,
    pub(super) vendor: Vendor,
    pub(super) encoding: Encoding,
    /// Tokens of the model for a thousand of `encoding`.
    pub(super) permille: u64,
}

/// Tokens around the texts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Overhead {
    /// Around the request: where the answer begins, and what the maker says before all.
    pub(super) request: u64,
    /// Around the instructions.
    pub(super) system: u64,
    /// Around a turn: its role, its end.
    pub(super) turn: u64,
    /// Around a call: that it is one.
    pub(super) call: u64,
    /// Around what a tool gave.
    pub(super) result: u64,
    /// Around a tool's definition.
    pub(super) tool: u64,
    /// The instructions that come with tools.
    pub(super) tools: u64,
    /// The same where one must be called.
    pub(super) forced: u64,
    /// The instructions that come with thinking.
    pub(super) thinking: u64,
    /// The instructions that come with a schema of the answer; none where the schema is not in the
    /// prompt at all.
    pub(super) format: Option<u64>,
}

impl<'a> Model<'a> {
    pub(super) fn of(model: &'a str) -> Self {
        let name = model.rsplit('/').next().unwrap_or(model);
        let vendor = vendor(name);
        let (encoding, permille) = vocabulary(name, vendor);
        Self {
            name,
            vendor,
            encoding,
            permille,
        }
    }

    /// Whether the model still sees what it thought before the last question: Claude does since
    /// 4.6, others do not.
    pub(super) fn remembers(&self) -> bool {
        self.vendor == Vendor::Anthropic && generation(self.name) >= (4, 6)
    }

    /// Whether the model sees schemas as types, of less punctuation than JSON.
    pub(super) fn typed(&self) -> bool {
        match self.vendor {
            Vendor::OpenAi => true,
            Vendor::Google => {
                self.name.starts_with("gemini-1") || self.name.starts_with("gemini-2.0")
            }
            Vendor::Anthropic | Vendor::Other => false,
        }
    }

    /// Where no maker says it, it is measured on prompts whose length is known.
    pub(super) fn overhead(&self) -> Overhead {
        match self.vendor {
            Vendor::OpenAi => openai(self.name),
            Vendor::Anthropic => anthropic(self.name),
            Vendor::Google => Overhead {
                call: 4,
                result: 4,
                tool: 8,
                ..Overhead::default()
            },
            Vendor::Other => other(self.name),
        }
    }
}

/// `<|start|>`, role, `<|message|>` and `<|end|>` around each message.
fn openai(name: &str) -> Overhead {
    let reasons = name.starts_with("gpt-5") || name.starts_with('o');
    // Its template says who it is and what day.
    let open = name.starts_with("gpt-oss");
    let (request, tools, forced) = match (open, reasons) {
        (true, _) => (63, 30, 30),
        (false, true) => (2, 30, 35),
        (false, false) => (3, 12, 20),
    };
    Overhead {
        request,
        system: 4,
        turn: 4,
        call: 4,
        result: 3,
        tool: 8,
        tools,
        forced,
        thinking: 0,
        format: Some(20),
    }
}

/// Anthropic publishes how long its instructions for tools are: longer with each generation.
fn anthropic(name: &str) -> Overhead {
    let (tools, forced) = match generation(name) {
        (0..4, _) => (264, 340),
        (4, 0..5) => (346, 313),
        (4, 5 | 6) => (485, 580),
        _ => (675, 804),
    };
    Overhead {
        request: 3,
        system: 0,
        turn: 4,
        call: 30,
        result: 20,
        tool: 30,
        tools,
        forced,
        thinking: 28,
        format: Some(150),
    }
}

/// Open models: their templates show tools as JSON below instructions of the template's own.
fn other(name: &str) -> Overhead {
    let lower = name.to_ascii_lowercase();
    let (request, tools) = [
        ("deepseek", (0, 200)),
        ("qwen3.", (5, 190)),
        ("qwen", (4, 60)),
        ("grok", (3, 115)),
        ("llama", (30, 150)),
        ("glm", (3, 75)),
        ("kimi", (3, 40)),
        ("stral", (3, 5)),
    ]
    .into_iter()
    .find(|(family, _)| lower.contains(family))
    .map_or((3, 40), |(_, known)| known);
    Overhead {
        request,
        system: 3,
        turn: 4,
        call: 15,
        result: 6,
        tool: 25,
        tools,
        forced: tools,
        thinking: 0,
        format: Some(0),
    }
}

/// The generation that Claude's name tells, as `(4, 6)` for `claude-opus-4-6`; that one where it
/// tells none.
fn generation(name: &str) -> (u64, u64) {
    let mut parts = name
        .split(['-', '.', '@', ':'])
        .skip_while(|part| digit(part).is_none());
    match (parts.next().and_then(digit), parts.next().and_then(digit)) {
        (Some(major), minor) => (major, minor.unwrap_or(0)),
        (None, _) => (4, 6),
    }
}

/// A number of one digit; dates are none.
fn digit(part: &str) -> Option<u64> {
    part.parse().ok().filter(|_| part.len() == 1)
}

fn vendor(name: &str) -> Vendor {
    let o_series = name
        .strip_prefix('o')
        .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    if name.contains("claude") {
        Vendor::Anthropic
    } else if name.starts_with("gemini") || name.starts_with("gemma") {
        Vendor::Google
    } else if o_series
        || ["gpt", "chatgpt", "codex", "ft:"]
            .iter()
            .any(|made| name.starts_with(made))
    {
        Vendor::OpenAi
    } else {
        Vendor::Other
    }
}

/// The vocabulary, and what it gives too little or too much.
///
/// Claude's is not public: texts have an eighth more tokens in it than in OpenAI's older one, and
/// since 4.7 three tenths. Gemini's comes near to OpenAI's newer one, as most do.
fn vocabulary(name: &str, vendor: Vendor) -> (Encoding, u64) {
    match vendor {
        Vendor::Anthropic if generation(name) > (4, 6) => (Encoding::Cl100k, 1300),
        Vendor::Anthropic => (Encoding::Cl100k, 1120),
        Vendor::OpenAi => {
            let name = name.strip_prefix("ft:").unwrap_or(name);
            let newer = ["gpt-4o", "gpt-4.1", "gpt-4.5"]
                .iter()
                .any(|newer| name.starts_with(newer));
            let older = ["gpt-4", "gpt-3.5", "gpt-35"]
                .iter()
                .any(|older| name.starts_with(older));
            if older && !newer {
                (Encoding::Cl100k, 1000)
            } else {
                (Encoding::O200k, 1000)
            }
        }
        Vendor::Google | Vendor::Other => (Encoding::O200k, 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claudes_generation_is_in_its_name() {
        for (name, known) in [
            ("claude-3-5-haiku-20241022", (3, 5)),
            ("claude-sonnet-4-20250514", (4, 0)),
            ("claude-haiku-4.5", (4, 5)),
            ("us.anthropic.claude-opus-4-6-v1:0", (4, 6)),
            ("claude-sonnet-5", (5, 0)),
            ("claude", (4, 6)),
        ] {
            assert_eq!(generation(name), known, "{name}");
        }
    }

    #[test]
    fn a_model_is_known_by_its_name_whoever_offers_it() {
        for (name, vendor, encoding) in [
            ("gpt-4o-mini", Vendor::OpenAi, Encoding::O200k),
            ("openai/gpt-4.1", Vendor::OpenAi, Encoding::O200k),
            ("gpt-5.2-codex", Vendor::OpenAi, Encoding::O200k),
            ("o3", Vendor::OpenAi, Encoding::O200k),
            ("ft:gpt-4o:acme", Vendor::OpenAi, Encoding::O200k),
            ("gpt-4-turbo", Vendor::OpenAi, Encoding::Cl100k),
            ("gpt-3.5-turbo", Vendor::OpenAi, Encoding::Cl100k),
            (
                "us.anthropic.claude-sonnet-4-5-v1:0",
                Vendor::Anthropic,
                Encoding::Cl100k,
            ),
            ("google/gemini-2.5-pro", Vendor::Google, Encoding::O200k),
            ("olmo-2", Vendor::Other, Encoding::O200k),
            ("", Vendor::Other, Encoding::O200k),
        ] {
            let model = Model::of(name);
            assert_eq!((model.vendor, model.encoding), (vendor, encoding), "{name}");
        }
    }
}
