//! Projects, tokens, what they used and who changed them, over real databases: one contract, which is
//! the same for all of them.

mod contract;
mod world;

pub(crate) use world::execute;

use weir_store::control::{ControlStore, Seal};

use weir_core::settings::ServerKind;
use world::{Ground, World, at};

use crate::servers::DatabaseServer;

/// Each of the contract as a test of its own on SQLite, and all of it as one test on a server, which
/// takes longer to start than a test.
macro_rules! contract {
    ($($name:ident,)*) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $name() {
                    super::contract::$name(&super::Ground::sqlite()).await;
                }
            )*
        }

        async fn all_of_it(ground: &Ground) {
            $(
                eprintln!("{}", stringify!($name));
                contract::$name(ground).await;
            )*
        }
    };
}

contract! {
    a_token_opens_its_project_and_only_its_digest_is_kept,
    keys_are_sealed_and_another_encryption_key_opens_none,
    a_revoked_token_is_refused_and_one_that_is_switched_on_again_is_not,
    all_tokens_of_a_project_are_revoked_at_once_and_counted,
    a_project_that_is_switched_off_takes_its_tokens_along,
    a_rotated_secret_works_beside_the_new_one_for_a_time,
    a_child_belongs_to_its_parents_project,
    what_is_wrong_is_refused_by_field_and_changes_nothing,
    an_edit_changes_what_it_names_and_knows_when_it_is_late,
    a_project_has_no_more_keys_than_it_may,
    an_edit_takes_nothing_from_what_was_counted_meanwhile,
    what_was_spent_adds_up_and_is_there_after_a_restart,
    projects_know_what_was_spent_and_how_many_tokens_are_good_for_something,
    every_change_is_in_the_chain_and_what_is_tampered_with_shows,
    audit_events_are_found_by_page_and_filter,
    many_at_once_leave_one_chain,
    two_nodes_that_add_at_once_lose_nothing,
    edits_of_settings_of_two_nodes_do_not_lose_one_another,
    ten_nodes_that_start_at_once_all_come_up,
    the_schema_goes_down_and_up_again,
    a_schema_of_a_newer_weir_is_refused,
    sealing_makes_up_for_what_was_open_and_is_done_once,
    what_is_copied_is_the_same_as_before,
    a_text_with_a_nul_is_kept_or_refused,
    the_chain_is_whole_while_two_nodes_write_it,
    what_is_sent_twice_is_made_once_and_answered_the_same,
    what_was_answered_opens_with_its_key_and_with_nothing_else,
    a_refusal_leaves_the_key_free,
    of_many_at_once_with_one_key_one_makes_something,
    a_request_is_under_way_until_it_ends,
    answers_are_kept_for_a_day,
    edits_of_different_members_at_once_all_hold,
}

#[tokio::test]
async fn the_contract_holds_on_postgresql() {
    all_of_it(&Ground::postgres()).await;
}

#[tokio::test]
async fn the_contract_holds_on_mysql() {
    all_of_it(&Ground::mysql()).await;
}

#[tokio::test]
async fn a_server_that_comes_back_is_used_again_and_one_that_is_away_is_named() {
    let mut ground = Ground::postgres();
    let world = World::new(&ground).await;
    let project = world.project("one").await;
    let Ground::Server(_, server) = &mut ground else {
        unreachable!("it was made as a server");
    };
    server.stop();
    assert!(world.store.version().await.is_err());
    let refused = ControlStore::open(&world.database, Seal::default()).await;
    let refused = refused.unwrap_err().to_string();
    let expected = "cannot connect to the PostgreSQL database of `projects.database_url`";
    assert!(refused.starts_with(expected), "{refused}");
    server.start();
    let again = world.store.project(project).await.unwrap();
    assert_eq!(again.name, "one");
}

#[tokio::test]
async fn a_server_is_spoken_to_over_tls_where_its_address_says_so() {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (_server, port) = DatabaseServer::postgres_tls(
        &certified.cert.pem(),
        &certified.signing_key.serialize_pem(),
    );
    let folder = tempfile::tempdir().unwrap();
    let trusted = folder.path().join("trusted.pem");
    std::fs::write(&trusted, certified.cert.pem()).unwrap();
    let open = async |more: String| {
        let url = format!("postgres://weir@localhost:{port}/postgres?sslmode={more}");
        ControlStore::open(&at(ServerKind::Postgres, url), Seal::default()).await
    };
    let stranger = open("verify-full".into()).await.unwrap_err().to_string();
    assert!(stranger.contains("certificate"), "{stranger}");
    let known = format!("verify-full&sslrootcert={}", trusted.display());
    let store = open(known).await.unwrap();
    assert_eq!(store.version().await.unwrap(), 0);
}

#[tokio::test]
async fn a_tokens_secret_is_in_no_file() {
    let ground = Ground::sqlite();
    let world = World::new(&ground).await;
    let project = world.project("one").await;
    let (_, secret) = world.token(project).await;
    let mut log = world.file().into_os_string();
    log.push("-wal");
    let file = std::fs::read(log).unwrap();
    let found = file
        .windows(secret.expose().len())
        .any(|window| window == secret.expose().as_bytes());
    assert!(!found);
}
