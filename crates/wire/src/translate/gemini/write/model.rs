//! What a model of Google's can do, as far as its name tells.

/// A model.
#[derive(Clone, Debug)]
pub(in super::super) struct Model {
    /// 2.5 is 25; none when the name does not tell.
    version: Option<u32>,
    pro: bool,
    lite: bool,
}

impl Model {
    /// The model with this name, `models/` or not.
    pub(in super::super) fn of(name: &str) -> Self {
        let name = name.rsplit('/').next().unwrap_or(name);
        let version = name.split_once("gemini-").and_then(|(_, rest)| {
            let mut digits = rest.split(|c: char| !c.is_ascii_digit() && c != '.');
            let (major, minor) = match digits.next()?.split_once('.') {
                Some((major, minor)) => (major, minor.parse().ok()?),
                None => (digits_of(rest), 0),
            };
            let major: u32 = major.parse().ok().filter(|major| *major < 100)?;
            Some(major * 10 + u32::min(minor, 9))
        });
        Self {
            version,
            pro: name.contains("pro"),
            lite: name.contains("lite"),
        }
    }

    /// 2 for 2.5; none when the name does not tell.
    pub(in super::super) fn generation(&self) -> Option<u32> {
        self.version.map(|version| version / 10)
    }

    /// Most tokens that an answer may have.
    pub(super) fn max_output(&self) -> u64 {
        match self.version {
            Some(version) if version < 25 => 8_192,
            _ => 65_536,
        }
    }

    /// Whether it thinks at all.
    pub(super) fn thinks(&self) -> bool {
        self.version.is_none_or(|version| version >= 25)
    }

    /// Whether functions may be declared with JSON schemas.
    pub(super) fn reads_json_schemas(&self) -> bool {
        self.version.is_none_or(|version| version >= 25)
    }

    /// Whether thinking is asked for in steps and not in tokens.
    pub(super) fn has_levels(&self) -> bool {
        self.version.is_some_and(|version| version >= 30)
    }

    /// Whether it is large, and cannot leave off thinking.
    pub(super) fn is_pro(&self) -> bool {
        self.pro
    }

    /// Whether `medium` is none of its levels.
    pub(super) fn has_two_levels(&self) -> bool {
        self.pro && self.version == Some(30)
    }

    /// Least and most tokens of thinking.
    pub(super) fn budgets(&self) -> (u64, u64) {
        match (self.pro, self.lite) {
            (true, _) => (128, 32_768),
            (false, true) => (512, 24_576),
            (false, false) => (1, 24_576),
        }
    }

    /// Whether it refuses calls without a signature of its own.
    pub(super) fn wants_signatures(&self) -> bool {
        self.version.is_none_or(|version| version >= 30)
    }

    /// Whether what a function gives may hold pictures.
    pub(super) fn nests_media(&self) -> bool {
        self.version.is_some_and(|version| version >= 30)
    }
}

fn digits_of(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_versions() {
        for (name, version) in [
            ("gemini-2.5-pro", Some(25)),
            ("models/gemini-3-flash-preview", Some(30)),
            ("gemini-3.1-pro-preview", Some(31)),
            ("gemini-2.0-flash-001", Some(20)),
            ("google/gemini-1.5-pro@002", Some(15)),
            ("gemini-flash-latest", None),
            ("gemma-3", None),
            ("gemini-99999999999", None),
            ("", None),
        ] {
            assert_eq!(Model::of(name).version, version, "{name}");
        }
        assert!(Model::of("gemini-3.8-flash").has_levels());
        assert_eq!(Model::of("gemini-2.0-flash").max_output(), 8192);
    }
}
