//! Requests for the same at the same time.

use futures_util::future::join_all;
use weir_mock::{Gate, Raw};

use super::{KEY, OPT_IN, cached, id, json, status};
use crate::net::{BODY, Wire, post};
use weir_core::cache::Purge;
use weir_core::exchange::End;

#[tokio::test]
async fn one_goes_and_the_others_get_its_answer() {
    let net = cached(&[]).await;
    let gate = Gate::new();
    net.mock.push(json("a", &[]).pause_before_head(&gate));
    let all = join_all((0..8).map(|_| net.say(&[OPT_IN])));
    let open = async {
        gate.reached(1).await;
        while net.view().collapsed < 7 {
            tokio::task::yield_now().await;
        }
        gate.open();
    };
    let (all, ()) = tokio::join!(all, open);
    assert!(all.iter().all(|answer| id(answer) == "a"));
    assert_eq!((net.reached(), net.view().hits), (1, 7));
    let told = all.iter().filter(|one| status(one).contains("; collapsed"));
    assert_eq!(told.count(), 7);
}

#[tokio::test]
async fn they_go_by_themselves_when_it_cannot_be_kept() {
    let net = cached(&[]).await;
    let gate = Gate::new();
    for _ in 0..4 {
        let raw = json("private", &[("cache-control", "private")]);
        net.mock.push(raw.pause_before_head(&gate));
    }
    let all = join_all((0..4).map(|_| net.say(&[OPT_IN])));
    let open = async {
        gate.reached(1).await;
        while net.view().collapsed < 3 {
            tokio::task::yield_now().await;
        }
        gate.open_for_good();
    };
    let (all, ()) = tokio::join!(all, open);
    assert!(all.iter().all(|answer| id(answer) == "private"));
    assert_eq!((net.reached(), net.view().hits), (4, 0));
}

#[tokio::test]
async fn they_go_by_themselves_when_it_fails() {
    let net = cached(&[]).await;
    let gate = Gate::new();
    net.mock
        .push(Raw::new(529).body("{}").pause_before_head(&gate));
    net.mock.push(json("b", &[]));
    let first = net.say(&[OPT_IN]);
    let second = async {
        gate.reached(1).await;
        let open = async {
            while net.view().collapsed < 1 {
                tokio::task::yield_now().await;
            }
            gate.open();
        };
        tokio::join!(net.say(&[OPT_IN]), open).0
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first.status, id(&second)), (529, "b".into()));
}

#[tokio::test]
async fn what_is_purged_while_it_comes_is_not_kept() {
    let net = cached(&[]).await;
    let gate = Gate::new();
    net.mock.push(json("a", &[]).pause_before_head(&gate));
    net.mock.push(json("b", &[]));
    let purge = async {
        gate.reached(1).await;
        net.gateway.cache.purge(&Purge::All).await.unwrap();
        gate.open();
    };
    let (first, ()) = tokio::join!(net.say(&[OPT_IN]), purge);
    assert_eq!((id(&first), net.view().store.entries), ("a".into(), 0));
    assert_eq!(id(&net.say(&[OPT_IN]).await), "b");
}

#[tokio::test]
async fn who_leaves_while_another_is_asked_for_is_recorded_all_the_same() {
    let net = cached(&[]).await;
    let gate = Gate::new();
    net.mock.push(json("a", &[]).pause_before_head(&gate));
    let leave = async {
        gate.reached(1).await;
        let mut wire = Wire::connect(net.addr).await;
        wire.send(&post("/v1/messages", &[KEY, OPT_IN], BODY)).await;
        while net.view().collapsed < 1 {
            tokio::task::yield_now().await;
        }
        drop(wire);
        let gone = net.records.ended(1).await;
        gate.open();
        gone
    };
    let (first, gone) = tokio::join!(net.say(&[OPT_IN]), leave);
    assert_eq!((id(&first), gone.end), ("a".into(), End::ClientGone));
    net.records.ended(1).await;
    assert_eq!(net.records.started.lock().len(), 2);
}
