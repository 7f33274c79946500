use http::HeaderValue;
use weir_core::control::{
    Digest, MemoryLedger, Project, Scope, ScopeId, Token, looks_like_token, new_token,
};

use super::*;

const NOW: Now = Now {
    ms: 10_000,
    unix_ms: 1_800_000_000_000,
};

/// Tenants with one project and two tokens of it, 1 and 2, of which the second was revoked.
fn tenants() -> Tenants {
    let id = Uuid::from_u128(1);
    let project = Project {
        id,
        name: "p".into(),
        is_active: true,
        keys: Arc::default(),
        scope: Arc::new(Scope::open(ScopeId::Project(id))),
    };
    let token = |number: u8, is_active| Token {
        id: Uuid::from_u128(number.into()),
        project: id,
        parent: None,
        digest: Digest::of(new_token([number; 16]).expose().as_bytes()),
        previous: None,
        is_active,
        expires_at_ms: None,
        scope: Arc::new(Scope::open(ScopeId::Token(Uuid::from_u128(number.into())))),
    };
    let tokens = vec![token(1, true), token(2, false)];
    let tenants = Tenants::new(Arc::new(MemoryLedger::new(|| NOW)));
    tenants.replace(Directory::new(vec![project], tokens, false));
    tenants
}

/// Why a token's request is refused at a moment, and whose the token is known to be.
fn refusal(tenants: &Tenants, number: u8, now: Now) -> (Option<Refusal>, bool) {
    let token = new_token([number; 16]);
    assert!(looks_like_token(token.expose().as_bytes()));
    let mut headers = HeaderMap::new();
    let value = HeaderValue::from_str(token.expose()).unwrap();
    headers.insert("x-api-key", value);
    let (_, found) = tenants.find(&headers, None, now).unwrap();
    (found.refusal, found.holder.is_some())
}

fn code(tenants: &Tenants, number: u8, now: Now) -> Option<Code> {
    refusal(tenants, number, now).0.map(|refusal| refusal.code)
}

#[test]
fn what_is_known_is_believed_until_a_moment_and_no_longer() {
    let tenants = tenants();
    assert_eq!(code(&tenants, 1, NOW.plus_ms(u64::MAX)), None);
    tenants.good_until(NOW.ms + 500);
    assert_eq!(code(&tenants, 1, NOW.plus_ms(500)), None);
    assert_eq!(tenants.unvouched(), 0);
    let (refused, is_known) = refusal(&tenants, 1, NOW.plus_ms(501));
    let refused = refused.unwrap();
    assert_eq!(refused.code, Code::Unavailable);
    assert_eq!(refused.retry_ms, Some(ASK_AGAIN_MS));
    assert!(refused.message.contains("`projects.grace`"));
    assert!(is_known, "the record says whose request it was");
    assert_eq!(tenants.unvouched(), 1);
    tenants.good_until(NOW.ms + 1000);
    assert_eq!(code(&tenants, 1, NOW.plus_ms(501)), None);
}

#[test]
fn who_is_revoked_stays_so_and_of_a_stranger_nobody_can_tell() {
    let tenants = tenants();
    tenants.good_until(NOW.ms);
    let (before, after) = (NOW, NOW.plus_ms(1));
    for (number, then, later) in [
        (2, Code::TokenInactive, Code::TokenInactive),
        (3, Code::TokenNotFound, Code::Unavailable),
    ] {
        assert_eq!(code(&tenants, number, before), Some(then));
        assert_eq!(code(&tenants, number, after), Some(later));
    }
}
