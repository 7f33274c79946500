//! What a service says back never tells a credential, whatever the service.

use std::sync::Arc;

use weir_events::sink::Outcome;

use crate::any::all;
use crate::sample::turn;
use crate::stand_in::{StandIn, answer};

/// `hunter2-hunter2:hunter2-hunter2`, as Basic says it.
const BASIC: &str = "aHVudGVyMi1odW50ZXIyOmh1bnRlcjItaHVudGVyMg==";

#[tokio::test]
async fn services_that_say_everything_back_tell_no_credential() {
    for status in [302, 400, 401, 410, 500, 503] {
        let there = StandIn::start(move |_, request| {
            let said = format!("{} {:?}", request.path, request.headers);
            let xml = format!("<Error><Code>No</Code><Message>{said}</Message></Error>");
            answer(status, xml)
        })
        .await;
        for sink in all(&format!("{}/hunter2-hunter2", there.url)) {
            let outcomes = sink.deliver(&[Arc::new(turn(1))]).await;
            let [Outcome::Later { why, .. } | Outcome::Refused { why }] = &*outcomes else {
                panic!("{}: {outcomes:?}", sink.kind())
            };
            let printed = format!("{why} {sink:?}");
            assert!(!printed.contains("hunter2"), "{printed}");
            assert!(!printed.contains(BASIC), "{printed}");
            assert!(!why.contains('\n') && why.len() < 400, "{printed}");
        }
    }
}
