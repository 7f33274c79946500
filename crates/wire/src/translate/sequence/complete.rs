//! Whether JSON that comes piece by piece is a whole object or array. It checks no more than
//! brackets and strings.

/// How far it is.
#[derive(Debug, Default)]
pub(in crate::translate) struct Complete {
    /// Brackets that are open.
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// The first bracket was closed again.
    whole: bool,
    /// It does not begin with a bracket, or goes on behind the last.
    never: bool,
}

impl Complete {
    /// Takes the next piece.
    pub(in crate::translate) fn saw(&mut self, piece: &str) {
        if self.never {
            return;
        }
        for byte in piece.bytes() {
            if self.in_string {
                self.in_string = self.escaped || byte != b'"';
                self.escaped = !self.escaped && byte == b'\\';
                continue;
            }
            match byte {
                b' ' | b'\n' | b'\r' | b'\t' => {}
                _ if self.whole => self.never = true,
                b'{' | b'[' => self.depth += 1,
                _ if self.depth == 0 => self.never = true,
                b'"' => self.in_string = true,
                b'}' | b']' => {
                    self.depth -= 1;
                    self.whole = self.depth == 0;
                }
                _ => {}
            }
            if self.never {
                return;
            }
        }
    }

    /// Whether it is whole.
    pub(in crate::translate) fn is_complete(&self) -> bool {
        self.whole && !self.never
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete(pieces: &[&str]) -> bool {
        let mut complete = Complete::default();
        pieces.iter().for_each(|piece| complete.saw(piece));
        complete.is_complete()
    }

    #[test]
    fn an_object_is_whole_when_its_bracket_closes() {
        assert!(complete(&[r#" {"a":"}"#, r#"\"","b":[{}]"#, "} \n"]));
        assert!(complete(&[r#"{"a":"\\"}"#]));
        assert!(!complete(&[r#"{"a":"\""#, "}"]));
        assert!(!complete(&[r#"{"a":"#]));
        assert!(!complete(&[]));
        assert!(!complete(&["12"]));
        assert!(!complete(&["]", "[]"]));
    }

    #[test]
    fn an_object_behind_another_makes_neither_whole() {
        assert!(!complete(&["{}", r#"{"a":1}"#]));
    }
}
