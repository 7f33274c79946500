//! Whom a provider's customer serves, when the client said so in Anthropic's words: what others may
//! know of that. Claude Code tells person and session in one text.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::scan::Cursor;

/// What stands between the person and the session in the older of two forms; the newer is a JSON
/// object.
const SESSION: &str = "_session_";
/// The member of the newer form.
const MEMBER: &str = "session_id";

/// A name that is always the same for the same person and tells nothing of them: a hash of all but
/// the session, 64 hexadecimal digits.
#[must_use]
pub fn person(user: &str) -> String {
    let mut hash = Sha256::new();
    let mut members = Cursor::new(user.as_bytes());
    let object = members.object(|key, cursor| {
        let value = cursor.value();
        if !key.is(MEMBER) {
            hash.update(key.decode().as_bytes());
            hash.update([0]);
            hash.update(value);
            hash.update([0]);
        }
    });
    if !object || members.malformed() {
        let (person, _) = user.rsplit_once(SESSION).unwrap_or((user, ""));
        hash = Sha256::new_with_prefix(person.as_bytes());
    }
    let mut hex = String::with_capacity(64);
    for byte in hash.finalize() {
        write!(hex, "{byte:02x}").expect("a string takes every write");
    }
    hex
}

/// The session, where it is told.
#[must_use]
pub fn session(user: &str) -> Option<String> {
    let mut session = None;
    let mut members = Cursor::new(user.as_bytes());
    let object = members.object(|key, cursor| match key.is(MEMBER) {
        true => session = cursor.string().map(|text| text.decode().into_owned()),
        false => cursor.skip(),
    });
    if !object {
        session = user.rsplit_once(SESSION).map(|(_, id)| id.to_owned());
    }
    session.filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_the_same_in_every_session() {
        for (first, second) in [
            ("user_1_account_2_session_3", "user_1_account_2_session_4"),
            (
                r#"{"device_id":"d","account_uuid":"a","session_id":"3"}"#,
                r#"{"device_id":"d","account_uuid":"a","session_id":"4"}"#,
            ),
        ] {
            assert_eq!(person(first), person(second));
            assert_eq!(person(first).len(), 64);
            assert_eq!(session(first).as_deref(), Some("3"));
            assert_eq!(session(second).as_deref(), Some("4"));
        }
        assert_ne!(person("user_1_session_3"), person("user_2_session_3"));
        assert_eq!(session("Ann"), None);
        assert_eq!(session("user_1_session_"), None);
    }
}
