use super::*;
use crate::control::rules::{Rules, RulesSpec};
use crate::control::scope::ScopeId;
use crate::control::token::new_token;

const NOW: i64 = 1_800_000_000_000;

fn project(id: u128, is_active: bool) -> Project {
    let id = Uuid::from_u128(id);
    Project {
        id,
        name: "p".into(),
        is_active,
        keys: Arc::default(),
        scope: Arc::new(Scope::open(ScopeId::Project(id))),
    }
}

fn token(id: u8, parent: Option<u8>) -> Token {
    let uuid = |id: u8| Uuid::from_u128(id.into());
    Token {
        id: uuid(id),
        project: Uuid::from_u128(1),
        parent: parent.map(uuid),
        digest: Digest::of(secret(id).expose().as_bytes()),
        previous: None,
        is_active: true,
        expires_at_ms: Some(NOW + 1),
        scope: Arc::new(Scope::open(ScopeId::Token(uuid(id)))),
    }
}

fn secret(id: u8) -> Secret {
    new_token([id; 16])
}

fn code(directory: &Directory, id: u8, now: i64) -> Option<Code> {
    let holder = directory.find(secret(id).expose().as_bytes()).unwrap();
    holder.check(now).err().map(|refusal| refusal.code)
}

#[test]
fn a_token_is_found_by_its_secret_and_nothing_else_is() {
    let directory = Directory::new(vec![project(1, true)], vec![token(10, None)], false);
    let holder = directory.find(secret(10).expose().as_bytes()).unwrap();
    assert_eq!(holder.token_id(), Uuid::from_u128(10));
    assert_eq!(holder.check(NOW), Ok(()));
    assert!(directory.find(secret(11).expose().as_bytes()).is_none());
    assert!(
        directory
            .find(
                Digest::of(secret(10).expose().as_bytes())
                    .to_hex()
                    .as_bytes()
            )
            .is_none()
    );
}

#[test]
fn it_withers_and_is_revoked_and_goes_with_its_project() {
    let mut revoked = token(11, None);
    revoked.is_active = false;
    let tokens = vec![token(10, None), revoked];
    let directory = Directory::new(vec![project(1, true)], tokens.clone(), false);
    assert_eq!(code(&directory, 10, NOW + 1), None);
    assert_eq!(code(&directory, 10, NOW + 2), Some(Code::TokenExpired));
    assert_eq!(code(&directory, 11, NOW), Some(Code::TokenInactive));
    let directory = Directory::new(vec![project(1, false)], tokens.clone(), false);
    assert_eq!(code(&directory, 10, NOW), Some(Code::ProjectInactive));
    let directory = Directory::new(vec![project(1, false)], tokens, true);
    assert_eq!(code(&directory, 10, NOW), None);
}

#[test]
fn what_stands_above_a_token_counts_for_it() {
    let narrow = RulesSpec {
        allowed_models: vec!["claude-*".into()],
        ..RulesSpec::default()
    };
    let mut parent = token(10, None);
    parent.expires_at_ms = Some(NOW - 1);
    parent.scope = Arc::new(Scope {
        rules: Rules::new(&narrow).unwrap(),
        ..Scope::open(ScopeId::Token(parent.id))
    });
    let directory = Directory::new(
        vec![project(1, true)],
        vec![parent, token(11, Some(10))],
        false,
    );
    assert_eq!(code(&directory, 11, NOW), Some(Code::TokenExpired));
    let child = directory.find(secret(11).expose().as_bytes()).unwrap();
    assert!(child.check_model(Some("gpt-5")).is_err());
    assert!(child.check_model(Some("claude-opus")).is_ok());
    assert_eq!(child.scopes.len(), 3);
}

#[test]
fn a_rotated_secret_works_until_its_time_is_over() {
    let mut rotated = token(10, None);
    rotated.expires_at_ms = None;
    rotated.previous = Some((Digest::of(secret(9).expose().as_bytes()), NOW));
    let directory = Directory::new(vec![project(1, true)], vec![rotated], false);
    assert_eq!(directory.len(), 2);
    assert_eq!(code(&directory, 9, NOW), None);
    assert_eq!(code(&directory, 9, NOW + 1), Some(Code::TokenExpired));
    assert_eq!(code(&directory, 10, NOW + 1), None);
}

#[test]
fn tokens_that_nobody_can_answer_for_are_left_out() {
    let mut stray = token(12, None);
    stray.project = Uuid::from_u128(2);
    let tokens = vec![
        token(10, Some(11)),
        token(11, Some(10)),
        stray,
        token(13, Some(99)),
        token(14, Some(12)),
    ];
    assert!(Directory::new(vec![project(1, true)], tokens, false).is_empty());
}
