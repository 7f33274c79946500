//! What is sent again with a key.

use uuid::Uuid;
use weir_core::control::ScopeSpec;
use weir_core::secret::Secret;
use weir_store::control::{
    Answer, ControlError, ControlStore, IdempotencyKey, Keyed, NewProject, Seal,
};

use crate::control::world::{Ground, World, by, new_token};

/// A request that makes a token, sent with a key.
fn keyed(key: &str, body: &str) -> Keyed {
    let key = IdempotencyKey::parse(key.as_bytes()).unwrap();
    Keyed::new(
        &key,
        "management_api",
        ("POST", "/manage/tokens", body.as_bytes()),
    )
}

/// What makes a token is answered with its secret.
fn shown(secret: &Secret) -> Answer {
    Answer {
        status: 201,
        headers: vec![("etag".into(), "\"v1\"".into())],
        body: secret.clone(),
    }
}

async fn make_once(store: &ControlStore, project: Uuid, keyed: &Keyed) -> Option<Answer> {
    let draft = store.draft_token(new_token(project)).await.unwrap();
    let answer = shown(&draft.made().1);
    let by = by();
    let is_first = store.write_once(draft, (keyed, &answer), &by);
    is_first.await.unwrap().then_some(answer)
}

const KEY: &str = "0b7c5a4e-3d21-4f60-9b1a-8c7d6e5f4a3b";

pub(crate) async fn what_is_sent_twice_is_made_once_and_answered_the_same(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let one = keyed(KEY, "{}");
    assert_eq!(world.store.kept(&one).await.unwrap(), None);
    let first = make_once(&world.store, project, &one).await.unwrap();
    let other_node = world.again(Seal::default()).await;
    assert_eq!(make_once(&other_node, project, &one).await, None);
    let kept = other_node.kept(&one).await.unwrap();
    assert_eq!(kept, Some(first));
    assert_eq!(world.store.tokens(None, false).await.unwrap().len(), 1);
    assert_eq!(world.store.verify_audit().await.unwrap(), Ok(2));
    let reused = other_node.kept(&keyed(KEY, "{ }")).await;
    assert!(matches!(reused, Err(ControlError::KeyReused)));
    let key = IdempotencyKey::parse(KEY.as_bytes()).unwrap();
    let somebody_else = Keyed::new(&key, "another", ("POST", "/manage/tokens", b"{}"));
    assert_eq!(other_node.kept(&somebody_else).await.unwrap(), None);
}

pub(crate) async fn what_was_answered_opens_with_its_key_and_with_nothing_else(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let answer = make_once(&world.store, project, &keyed(KEY, "{}")).await;
    let secret = answer.unwrap().body;
    let row =
        "SELECT CONCAT(scope, ' ', key_hash, ' ', request_hash, ' ', answer) FROM idempotency";
    let row = world.text(row).await;
    assert!(row.contains("enc:v2:"), "{row}");
    assert!(
        !row.contains(secret.expose()) && !row.contains(KEY),
        "{row}"
    );
    // Put in the place of another's answer it does not open either.
    let other = keyed("another-key-of-a-request", "{}");
    make_once(&world.store, project, &other).await.unwrap();
    world
        .execute(
            "CREATE TABLE stolen AS SELECT MIN(answer) AS answer FROM idempotency; \
             UPDATE idempotency SET answer = (SELECT answer FROM stolen)",
        )
        .await;
    let opened = [
        world.store.kept(&keyed(KEY, "{}")).await,
        world.store.kept(&other).await,
    ];
    let damaged = opened.iter().filter(|opened| opened.is_err());
    assert_eq!(damaged.count(), 1, "{opened:?}");
}

pub(crate) async fn a_refusal_leaves_the_key_free(ground: &Ground) {
    let world = World::new(ground).await;
    let new = |name: &str| NewProject {
        name: name.into(),
        keys: Vec::new(),
        spec: ScopeSpec::default(),
    };
    world.project("one").await;
    let (one, answer) = (keyed(KEY, "{}"), shown(&Secret::new("made")));
    let taken = world.store.draft_project(new("one")).unwrap();
    let refused = world.store.write_once(taken, (&one, &answer), &by()).await;
    assert!(matches!(refused, Err(ControlError::Conflict(_))));
    assert_eq!(world.store.kept(&one).await.unwrap(), None);
    let free = world.store.draft_project(new("two")).unwrap();
    let is_first = world.store.write_once(free, (&one, &answer), &by()).await;
    assert!(is_first.unwrap());
    // What has the key by now is not told that the name is taken.
    let late = world.store.draft_project(new("two")).unwrap();
    let is_first = world.store.write_once(late, (&one, &answer), &by()).await;
    assert!(!is_first.unwrap());
}

pub(crate) async fn of_many_at_once_with_one_key_one_makes_something(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let other_node = world.again(Seal::default()).await;
    let tasks: Vec<_> = (0..12)
        .map(|at| {
            let store = [&world.store, &other_node][at % 2].clone();
            tokio::spawn(async move { make_once(&store, project, &keyed(KEY, "{}")).await })
        })
        .collect();
    let mut made = Vec::new();
    for task in tasks {
        made.extend(task.await.unwrap());
    }
    assert_eq!(made.len(), 1);
    assert_eq!(world.store.tokens(None, false).await.unwrap().len(), 1);
    let kept = world.store.kept(&keyed(KEY, "{}")).await.unwrap();
    assert_eq!(kept, made.pop());
}

pub(crate) async fn a_request_is_under_way_until_it_ends(ground: &Ground) {
    let world = World::new(ground).await;
    let one = keyed(KEY, "{}");
    let under_way = world.store.begin(&one).unwrap();
    let second = world.store.clone().begin(&keyed(KEY, "{}"));
    assert!(matches!(second, Err(ControlError::UnderWay)));
    drop(second);
    assert!(
        world
            .store
            .begin(&keyed("another-key-of-a-request", ""))
            .is_ok()
    );
    drop(under_way);
    assert!(world.store.begin(&one).is_ok());
}

pub(crate) async fn answers_are_kept_for_a_day(ground: &Ground) {
    let world = World::new(ground).await;
    let project = world.project("one").await;
    let (old, young) = (keyed(KEY, "{}"), keyed("another-key-of-a-request", "{}"));
    make_once(&world.store, project, &old).await.unwrap();
    world
        .execute("UPDATE idempotency SET created_us = created_us - 86400000000")
        .await;
    make_once(&world.store, project, &young).await.unwrap();
    assert_eq!(world.store.kept(&old).await.unwrap(), None);
    let count = "SELECT CONCAT('', COUNT(*)) FROM idempotency";
    assert_eq!(world.text(count).await, "1", "the next one takes it out");
    world
        .execute("UPDATE idempotency SET created_us = created_us - 86400000000")
        .await;
    world.store.forget_answers().await.unwrap();
    assert_eq!(world.text(count).await, "0");
    assert!(make_once(&world.store, project, &young).await.is_some());
}
