//! Edits at the same moment.

use weir_core::control::{ScopeSpec, SpecEdit};
use weir_store::control::{ProjectEdit, Seal, TokenEdit};

use crate::control::world::{Ground, World, by};

pub(crate) async fn edits_of_different_members_at_once_all_hold(ground: &Ground) {
    let world = World::new(ground).await;
    let other_node = world.again(Seal::default()).await;
    let project = world.project("one").await;
    let (token, _) = world.token(project).await;
    let nodes = [&world.store, &other_node];
    let edits = |round: u64| {
        let spec = |text: String| -> SpecEdit {
            let spec: ScopeSpec = serde_json::from_str(&text).unwrap();
            SpecEdit {
                rules: (!spec.rules.allowed_models.is_empty()).then_some(spec.rules),
                limits: spec.limits.rpm.is_some().then_some(spec.limits),
                budgets: (!spec.budgets.is_empty()).then_some(spec.budgets),
            }
        };
        [
            spec(format!(r#"{{"rules":{{"allowed_models":["m-{round}"]}}}}"#)),
            spec(format!(r#"{{"limits":{{"rpm":{}}}}}"#, round + 1)),
            spec(format!(
                r#"{{"budgets":[{{"period":"day","tokens":{}}}]}}"#,
                round + 1
            )),
        ]
    };
    for round in 0..8 {
        let of_project = edits(round).into_iter().enumerate().map(|(at, spec)| {
            let (store, edit) = (
                nodes[at % 2].clone(),
                ProjectEdit {
                    spec,
                    ..ProjectEdit::default()
                },
            );
            tokio::spawn(async move { store.edit_project(project, edit, &by()).await.map(drop) })
        });
        let of_token = edits(round).into_iter().enumerate().map(|(at, spec)| {
            let (store, edit) = (
                nodes[at % 2].clone(),
                TokenEdit {
                    spec,
                    ..TokenEdit::default()
                },
            );
            tokio::spawn(async move { store.edit_token(token, edit, &by()).await.map(drop) })
        });
        for task in of_project.chain(of_token).collect::<Vec<_>>() {
            task.await.unwrap().unwrap();
        }
        let edited = [
            world.store.project(project).await.unwrap().spec,
            world.store.token(token).await.unwrap().spec,
        ];
        for spec in edited {
            assert_eq!(spec.rules.allowed_models, [format!("m-{round}")]);
            assert_eq!(spec.limits.rpm, Some(round + 1));
            assert_eq!(spec.budgets[0].tokens, Some(round + 1));
        }
    }
}

pub(crate) async fn edits_of_settings_of_two_nodes_do_not_lose_one_another(ground: &Ground) {
    let world = World::new(ground).await;
    let other = world.again(Seal::default()).await;
    let edit = |path: &str, value: Option<&str>| vec![(path.to_owned(), value.map(str::to_owned))];
    let empty = world.store.settings().await.unwrap();
    assert_eq!((empty.version, empty.values.len()), (0, 0));
    let first = world.store.edit_settings(0, &edit("a", Some("1"))).await;
    assert_eq!(first.unwrap(), Some(1));
    let late = other.edit_settings(0, &edit("b", Some("2"))).await;
    assert_eq!(late.unwrap(), None, "it was made to what is not any more");
    assert_eq!(other.settings_version().await.unwrap(), 1);
    let seen = other.settings().await.unwrap();
    let again = other
        .edit_settings(seen.version, &edit("b", Some("2")))
        .await;
    assert_eq!(again.unwrap(), Some(2));
    let changed = vec![("a".into(), Some("3".into())), ("b".into(), None)];
    let both = world.store.edit_settings(2, &changed).await;
    assert_eq!(both.unwrap(), Some(3));
    let left = other.settings().await.unwrap();
    assert_eq!(
        (left.version, left.values),
        (3, vec![("a".into(), "3".into())])
    );
    // Many at once: each tries until it is the one, and all are there.
    let mut adding = tokio::task::JoinSet::new();
    for number in 0..10 {
        let nodes = [&world.store, &other];
        let store = nodes[number % 2].clone();
        let edits = edit(&format!("n{number}"), Some("x"));
        adding.spawn(async move {
            loop {
                let version = store.settings_version().await.unwrap();
                if store
                    .edit_settings(version, &edits)
                    .await
                    .unwrap()
                    .is_some()
                {
                    return;
                }
            }
        });
    }
    adding.join_all().await;
    let all = world.store.settings().await.unwrap();
    assert_eq!((all.version, all.values.len()), (13, 11));
}
