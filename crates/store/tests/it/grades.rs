//! A grade stays with its exchange.

use uuid::Uuid;

use crate::support::{Place, exchange};

#[tokio::test]
async fn a_grade_is_kept_with_its_exchange_until_the_next_grade() {
    let place = Place::new();
    let recorder = place.open();
    let id = exchange(&recorder, b"{\"messages\":[]}", b"{}");
    let other = exchange(&recorder, b"{\"messages\":[]}", b"{}");
    let uuid: Uuid = id.parse().unwrap();
    for score in ["1.0", "4.5"] {
        // Comes after what was handed over before, flushed or not.
        let kept = recorder.set_grade(uuid, Some(format!("{{\"score\":{score}}}")));
        assert!(kept.await.unwrap());
        let log = recorder.reader().get(&id).unwrap().unwrap();
        let grade = log.prompt_grade.expect("it was kept");
        assert_eq!(grade.get(), format!("{{\"score\":{score}}}"));
    }
    // As an earlier weir left it that died while a judge was at work.
    let at_work = r#"{"score":0.0,"isProcessing":true}"#.to_owned();
    assert!(recorder.set_grade(uuid, Some(at_work)).await.unwrap());
    let log = recorder.reader().get(&id).unwrap().unwrap();
    assert!(log.prompt_grade.is_none());
    assert!(recorder.set_grade(uuid, None).await.unwrap());
    let log = recorder.reader().get(&id).unwrap().unwrap();
    assert!(log.prompt_grade.is_none());
    let log = recorder.reader().get(&other).unwrap().unwrap();
    assert!(log.prompt_grade.is_none());
    let unknown = recorder.set_grade(Uuid::nil(), None).await;
    assert!(!unknown.unwrap());
}
