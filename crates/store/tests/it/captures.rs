//! Captures of several nodes in one server.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use weir_core::exchange::{RequestRecord, ResponseRecord};
use weir_core::settings::{DatabaseServer, ServerKind};
use weir_store::captures::schema;
use weir_store::control::State;
use weir_store::{DryRun, Filter, Filters, Page, Side};

use crate::servers::DatabaseServer as Server;
use crate::shared::{self, Node, VARIABLE};
use crate::support::{Place, body, exchange, now_us, request, response, rows};

const SENT: &[u8] = br#"{"model":"claude-opus-4-1","max_tokens":9, "messages":[{"role":"user","content":"hi"}],"x":12345678901234567890}"#;
const CAME: &[u8] = br#"{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":10,"output_tokens":7,"cache_read_input_tokens":5}}"#;

/// A server, and a place for each of some nodes.
struct World<const N: usize> {
    server: Server,
    at: DatabaseServer,
    places: [Place; N],
}

impl<const N: usize> World<N> {
    fn postgres() -> Self {
        Self::on(ServerKind::Postgres, Server::postgres())
    }

    fn on(kind: ServerKind, server: Server) -> Self {
        Self {
            at: shared::at(kind, &server.first()),
            server,
            places: std::array::from_fn(|_| Place::new()),
        }
    }

    /// Opens a node, again with what it had.
    fn node(&self, number: usize) -> Node {
        let name = format!("node-{number}");
        Node::open(self.places[number].options(), &name, &self.at)
    }
}

fn ids(node: &Node) -> Vec<String> {
    let page = Page {
        number: 1,
        limit: 100,
    };
    let (logs, _) = rows(node.recorder.reader().list(page, &Filters::default()));
    let mut ids: Vec<String> = logs.into_iter().map(|log| log.summary.request_id).collect();
    ids.sort();
    ids
}

fn read(node: &Node, id: &str) -> (Value, [Vec<u8>; 2]) {
    let reader = node.recorder.reader();
    let log = reader.get(id).unwrap().unwrap();
    let raw = [Side::Request, Side::Response];
    let raw = raw.map(|side| reader.raw(id, side).unwrap().unwrap().bytes);
    (serde_json::to_value(&log).unwrap(), raw)
}

fn filter(id: &str) -> Filter {
    Filter {
        id: Some(id.parse().unwrap()),
        ..Filter::default()
    }
}

#[tokio::test]
async fn what_one_node_took_the_other_has_whole() {
    has_whole(&World::postgres()).await;
}

#[tokio::test]
async fn what_one_node_took_the_other_has_whole_on_mysql() {
    has_whole(&World::on(ServerKind::MySql, Server::mysql())).await;
}

async fn has_whole(world: &World<2>) {
    let (one, two) = (world.node(0), world.node(1));
    let id = exchange(&one.recorder, SENT, CAME);
    // Longer than one packet may be, and than one piece.
    let noise: Vec<u8> = (0..400_000_u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes())
        .collect();
    let large = exchange(&one.recorder, &noise, &noise[1..]);
    one.ship().await;
    two.follow().await;
    assert_eq!(read(&one, &id), read(&two, &id));
    assert_eq!(read(&two, &id).1, [SENT, CAME]);
    assert_eq!(read(&two, &id).0["node"], "node-0");
    assert_eq!(read(&two, &large).1, [&noise, &noise[1..]]);
    // The other way, and each once.
    let other = exchange(&two.recorder, SENT, CAME);
    two.ship().await;
    one.follow().await;
    assert_eq!(read(&one, &other), read(&two, &other));
    assert_eq!(ids(&one), ids(&two));
    assert_eq!(ids(&one).len(), 3);
    let status = two.carrier.status();
    assert_eq!((status.shipped, status.adopted, status.skipped), (1, 2, 0));
}

#[tokio::test]
async fn what_was_captured_before_it_was_shared_comes_along_and_an_empty_node_gets_everything() {
    let world: World<3> = World::postgres();
    let alone = world.places[0].open_alone();
    let before = exchange(&alone, SENT, CAME);
    alone.shutdown().await;
    let one = world.node(0);
    let after = exchange(&one.recorder, SENT, CAME);
    one.ship().await;
    one.recorder.shutdown().await;
    // Its node is gone; what it took is not.
    let two = world.node(1);
    two.follow().await;
    let mut expected = vec![before, after];
    expected.sort();
    assert_eq!(ids(&two), expected);
    // Not shared for a while: what came then is shipped later.
    let alone = world.places[0].open_alone();
    expected.push(exchange(&alone, SENT, CAME));
    expected.sort();
    alone.shutdown().await;
    let one = world.node(0);
    one.ship().await;
    let three = world.node(2);
    for node in [&two, &three] {
        node.follow().await;
        assert_eq!(ids(node), expected);
    }
    assert_eq!(
        one.carrier.status().shipped,
        3,
        "by their ids they are the same"
    );
}

#[tokio::test]
async fn what_was_read_but_not_noted_is_adopted_once() {
    let world: World<2> = World::postgres();
    let one = world.node(0);
    for _ in 0..3 {
        exchange(&one.recorder, SENT, CAME);
    }
    one.ship().await;
    let two = world.node(1);
    two.follow().await;
    two.recorder.shutdown().await;
    one.recorder.shutdown().await;
    // As if each had been killed before it noted how far it was.
    for place in &world.places {
        let db = rusqlite::Connection::open(place.db()).unwrap();
        let sql = "DELETE FROM captures_read; INSERT INTO captures_outbox (row, kind) \
            SELECT id, 0 FROM exchanges WHERE adopted IS NULL";
        db.execute_batch(sql).unwrap();
    }
    let (one, two) = (world.node(0), world.node(1));
    let more = exchange(&one.recorder, SENT, CAME);
    one.ship().await;
    one.follow().await;
    two.follow().await;
    assert_eq!(ids(&one).len(), 4);
    assert_eq!(ids(&one), ids(&two));
    assert!(ids(&two).contains(&more));
}

#[tokio::test]
async fn what_a_node_left_open_when_it_ended_comes_to_others_as_interrupted() {
    let world: World<2> = World::postgres();
    let one = world.node(0);
    let begun = request(SENT);
    let id = begun.id.to_string();
    one.recorder.started(Box::new(begun));
    one.ship().await;
    let two = world.node(1);
    two.follow().await;
    assert_eq!(ids(&two), Vec::<String>::new(), "it has not ended");
    one.recorder.shutdown().await;
    let one = world.node(0);
    one.ship().await;
    two.follow().await;
    let reader = two.recorder.reader();
    let log = reader.get(&id).unwrap().unwrap();
    assert_eq!(log.summary.state, "interrupted");
    assert_eq!(reader.raw(&id, Side::Request).unwrap().unwrap().bytes, SENT);
}

#[tokio::test]
async fn a_server_that_is_away_delays_captures_and_loses_none() {
    let mut world: World<2> = World::postgres();
    let (one, two) = (world.node(0), world.node(1));
    exchange(&one.recorder, SENT, CAME);
    one.ship().await;
    two.follow().await;
    world.server.stop();
    let id = exchange(&one.recorder, SENT, CAME);
    exchange(&two.recorder, SENT, CAME);
    one.recorder.flush().await;
    assert!(!one.carrier.step().await);
    let status = one.carrier.status();
    let reason = status.failure.unwrap();
    assert!(reason.contains("PostgreSQL"), "{reason}");
    assert_eq!(status.failures, 1);
    // What is to be deleted everywhere is deleted nowhere.
    let refused = one.recorder.purge(filter(&id), DryRun::No).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("on all nodes or none"), "{refused}");
    assert!(one.recorder.delete_all().await.is_err());
    assert_eq!(ids(&one).len(), 2);
    let counted = one.recorder.purge(filter(&id), DryRun::Yes).await;
    assert_eq!(counted.unwrap(), 1);
    world.server.start();
    one.ship().await;
    two.ship().await;
    one.follow().await;
    two.follow().await;
    assert_eq!(ids(&one).len(), 3);
    assert_eq!(ids(&one), ids(&two));
    assert_eq!(one.carrier.status().failure, None);
}

#[tokio::test]
async fn what_is_deleted_at_one_node_is_gone_at_all_and_in_the_server() {
    let world: World<3> = World::postgres();
    let nodes = [world.node(0), world.node(1), world.node(2)];
    let [one, two, three] = &nodes;
    let [gone, stays] = [SENT, SENT].map(|sent| exchange(&one.recorder, sent, CAME));
    one.ship().await;
    two.follow().await;
    three.follow().await;
    let deleted = two.recorder.purge(filter(&gone), DryRun::No).await;
    assert_eq!(deleted.unwrap(), 1);
    for node in &nodes {
        node.follow().await;
        assert_eq!(ids(node), std::slice::from_ref(&stays));
    }
    // By what they have in common, whoever took them and though nobody else has seen some.
    let unseen = exchange(&one.recorder, SENT, CAME);
    let other = exchange(&three.recorder, &[SENT, b" "].concat(), CAME);
    three.ship().await;
    one.recorder.flush().await;
    let model = Filter {
        model: Some("claude-opus-4-1".into()),
        ..Filter::default()
    };
    let deleted = two.recorder.purge(model, DryRun::No).await;
    assert_eq!(
        deleted.unwrap(),
        2,
        "{other} had not been seen before, {unseen} still is not"
    );
    let later = exchange(&one.recorder, SENT, CAME);
    one.ship().await;
    one.follow().await;
    for node in &nodes {
        node.follow().await;
        assert_eq!(ids(node), std::slice::from_ref(&later));
    }
    exchange(&three.recorder, SENT, CAME);
    three.ship().await;
    assert_eq!(two.recorder.delete_all().await.unwrap(), 2);
    for node in &nodes {
        node.follow().await;
        assert_eq!(ids(node), Vec::<String>::new());
    }
    let late = World {
        server: world.server,
        at: world.at,
        places: [Place::new()],
    };
    let late = late.node(0);
    late.follow().await;
    assert_eq!(ids(&late), Vec::<String>::new());
    assert_eq!(
        late.carrier.status().adopted,
        0,
        "the server has none of them"
    );
}

#[tokio::test]
async fn a_grade_is_told_to_all() {
    let world: World<2> = World::postgres();
    let (one, two) = (world.node(0), world.node(1));
    let id = exchange(&one.recorder, SENT, CAME);
    one.ship().await;
    two.follow().await;
    let grade = r#"{"score":7}"#.to_owned();
    let uuid = id.parse().unwrap();
    assert!(two.recorder.set_grade(uuid, Some(grade)).await.unwrap());
    two.ship().await;
    one.follow().await;
    assert_eq!(read(&one, &id).0["promptGrade"]["score"], 7);
}

#[tokio::test]
async fn what_is_too_old_goes_from_the_server_and_does_not_come_to_others() {
    let world: World<2> = World::postgres();
    let mut options = world.places[0].options();
    options.capture.retention.max_age = Some(Duration::from_secs(3600));
    let aged = |ago: i64| {
        let request = request(SENT);
        let begun = RequestRecord {
            started_at_us: now_us() - ago * 1_000_000,
            ..request
        };
        let came: ResponseRecord = response(begun.id, CAME);
        (begun, came)
    };
    // One without a bound ships both.
    let one = world.node(1);
    let mut all = Vec::new();
    for ago in [7200, 60] {
        let (begun, came) = aged(ago);
        all.push(begun.id.to_string());
        one.recorder.started(Box::new(begun));
        one.recorder.finished(Box::new(came));
    }
    one.ship().await;
    let bounded = Node::open(options, "bounded", &world.at);
    bounded.follow().await;
    assert_eq!(ids(&bounded), [all[1].clone()]);
    let other = World::<1> {
        server: world.server,
        at: world.at,
        places: [Place::new()],
    };
    let other = other.node(0);
    other.follow().await;
    assert_eq!(
        ids(&other),
        [all[1].clone()],
        "the bounded one has taken the old one out"
    );
}

#[tokio::test]
async fn nodes_that_start_at_once_on_an_empty_database_all_come_up() {
    let world: World<6> = World::postgres();
    let nodes: Vec<Node> = (0..6).map(|number| world.node(number)).collect();
    let nodes: Vec<_> = nodes
        .into_iter()
        .map(|node| {
            tokio::spawn(async move {
                exchange(&node.recorder, SENT, CAME);
                node.ship().await;
                node
            })
        })
        .collect();
    let mut up = Vec::new();
    for node in nodes {
        up.push(node.await.unwrap());
    }
    for node in &up {
        node.follow().await;
        assert_eq!(ids(node).len(), 6);
    }
    let steps = schema(&world.at).await.unwrap().migrations().await.unwrap();
    assert!(steps.iter().all(|step| step.state == State::Applied));
}

#[tokio::test]
async fn no_credential_is_in_the_server() {
    let world: World<1> = World::postgres();
    let one = world.node(0);
    let request = request(SENT);
    let mut came = response(request.id, CAME);
    came.sent = Some(Box::new(weir_core::exchange::Sent {
        uri: "https://name:word@api.example/v1/x?key=AIza-very-secret"
            .parse()
            .unwrap(),
        headers: request.headers.clone(),
        body: weir_core::exchange::SentBody::Identical,
        size: SENT.len(),
        bytes: Some(body(SENT)),
    }));
    let id = request.id.to_string();
    one.recorder.started(Box::new(request));
    one.recorder.finished(Box::new(came));
    one.ship().await;
    let packed = world.packed().await;
    assert_eq!(packed.len(), 1, "{id}");
    for bytes in packed {
        let plain = zstd::bulk::decompress(&bytes, 1 << 20).unwrap();
        let found = |text: &[u8]| memchr::memmem::find(&plain, text).is_some();
        assert!(found(b"claude-opus-4-1") && found(b"hmac-sha256:"));
        assert!(!found(b"very-secret") && !found(b"name:word"));
    }
}

impl<const N: usize> World<N> {
    /// What the server has of data.
    async fn packed(&self) -> Vec<Vec<u8>> {
        use sqlx::Connection as _;
        let mut db = sqlx::PgConnection::connect(self.at.url.expose())
            .await
            .unwrap();
        let query = sqlx::query_scalar("SELECT data FROM captures_data ORDER BY id, piece");
        query.fetch_all(&mut db).await.unwrap()
    }
}

/// What the tests of the store say of one recorder holds of two that share a server, but for these.
const OF_ONE: [&str; 12] = [
    // They are about exchanges that have not ended, or about what a recorder alone is told.
    "basics::a_row_is_there_before_the_reply_and_is_finished_by_it",
    "figures::an_exchange_that_never_ended_counts_once_as_an_error",
    "restart::",
    "streams::the_live_feed_tells_of_each_beginning_and_end",
    "streams::whoever_follows_sees_each_exchange_begin_and_end_though_nothing_is_kept",
    // About what is in its files, which they change past it.
    "removal::deleting_all_leaves_nothing_and_shrinks_the_files",
    "words::exchanges_of_an_older_version_stay_and_can_be_found",
    "words::parts_of_the_index_go_with_their_exchanges_and_come_for_those_read_late",
    // About how small something gets, or how soon, when it comes without delay.
    "bodies::a_resent_history_is_stored_once",
    "figures::keys_past_the_bound_count_as_other",
    "words::what_is_deleted_is_found_no_more",
    // It opens hundreds of databases.
    "bodies::any_sequence_of_related_bodies_reads_back",
];

/// Runs tests of this program with their captures through a server.
async fn hold_through(server: &Server, tests: &[&str]) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(VARIABLE, server.url("#")).stdin(Stdio::null());
    command.args(["--test-threads", "4"]).args(tests);
    for of_one in OF_ONE {
        command.args(["--skip", of_one]);
    }
    for others in ["captures::", "control::", "crash::", "faults::"] {
        command.args(["--skip", others]);
    }
    let done = tokio::task::spawn_blocking(move || command.output().unwrap());
    let done = done.await.unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}");
    assert!(!said.contains("running 0 tests"), "{said}");
}

#[tokio::test]
async fn the_tests_of_the_store_hold_through_postgresql() {
    hold_through(&Server::postgres(), &[]).await;
}

#[tokio::test]
async fn the_tests_of_the_store_hold_through_mariadb() {
    let tests = ["basics::", "bodies::", "sessions::", "find::"];
    hold_through(&Server::mysql(), &tests).await;
}
