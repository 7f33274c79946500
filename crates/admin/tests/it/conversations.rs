//! Transcripts on disk: lists, pages, titles, and names that lead elsewhere.

use std::fs;
use std::path::Path;

use http::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::calls::Api;

const ID: &str = "5c8f1d52-0000-4000-8000-00000000000a";

/// A directory of projects, and one beside it that nobody may read.
struct Disk {
    dir: TempDir,
}

fn line(kind: &str, at: &str, message: &Value) -> Value {
    json!({"parentUuid": null, "isSidechain": false, "userType": "external", "cwd": "/w/shop",
        "sessionId": ID, "version": "2.1.329", "type": kind, "message": message, "uuid": at,
        "timestamp": format!("2026-11-20T{at}.500Z")})
}

impl Disk {
    fn new() -> Self {
        let disk = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        fs::create_dir_all(disk.root().join("-w-shop")).unwrap();
        fs::create_dir_all(disk.dir.path().join("secret")).unwrap();
        fs::write(disk.dir.path().join("secret/s.jsonl"), "{}\n").unwrap();
        disk
    }

    fn root(&self) -> std::path::PathBuf {
        self.dir.path().join("projects")
    }

    fn write(&self, path: &str, lines: &[Value]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        self.write_text(path, &text);
    }

    fn write_text(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn api(&self) -> Api {
        Api::with_transcripts(&self.root(), false)
    }

    /// One session with a title, and its first words `first`.
    fn session(&self, first: &str) {
        self.write(
            &format!("-w-shop/{ID}.jsonl"),
            &[
                json!({"type": "summary", "summary": "earlier"}),
                line(
                    "user",
                    "10:00:00",
                    &json!({"role": "user", "content": [{"type": "text", "text": first}]}),
                ),
                json!({"type": "ai-title", "aiTitle": "Made up", "sessionId": ID}),
                line(
                    "assistant",
                    "10:00:09",
                    &json!({"role": "assistant", "model": "claude-opus-4-8",
                    "content": [{"type": "text", "text": "yes"}]}),
                ),
                line(
                    "user",
                    "10:00:05",
                    &json!({"role": "user", "content": "and then?"}),
                ),
            ],
        );
    }
}

#[tokio::test]
async fn transcripts_are_listed_shown_and_found_by_project() {
    let disk = Disk::new();
    disk.session(&"é".repeat(201));
    disk.write_text("stray.jsonl", "{}\n");
    disk.write_text("-w-shop/notes.txt", "no");
    let api = disk.api();
    let list = api.get("/api/conversations").await;
    assert_eq!(list.status, StatusCode::OK);
    assert_eq!(list.json["total"], 1);
    let found = &list.json["conversations"][0];
    assert_eq!(found["id"], ID);
    assert_eq!(found["requestCount"], 5);
    assert_eq!(found["startTime"], "2026-11-20T10:00:00.500Z");
    assert_eq!(found["lastActivity"], "2026-11-20T10:00:09.500Z");
    assert_eq!(found["duration"], 9000);
    assert_eq!(found["firstMessage"], "é".repeat(200) + "...");
    assert_eq!(found["projectName"], "-w-shop");
    assert_eq!(found["directory"], "/w/shop");
    assert_eq!(found["title"], "Made up");

    let one = api
        .get(&format!("/api/conversations/{ID}?project=-w-shop"))
        .await
        .json;
    assert_eq!(
        (&one["sessionId"], &one["projectPath"]),
        (&json!(ID), &json!("-w-shop"))
    );
    assert_eq!(
        (&one["messageCount"], &one["total"]),
        (&json!(5), &json!(5))
    );
    let order: Vec<_> = one["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["uuid"].clone())
        .collect();
    assert_eq!(
        order,
        [
            json!(null),
            json!("10:00:00"),
            json!(null),
            json!("10:00:05"),
            json!("10:00:09")
        ]
    );
    assert_eq!(one["messages"][4]["message"]["model"], "claude-opus-4-8");
    assert_eq!(one["endTime"], "2026-11-20T10:00:09.500Z");
}

#[tokio::test]
async fn a_transcript_is_read_in_pages_and_with_its_project() {
    let disk = Disk::new();
    disk.session("begin");
    let api = disk.api();
    let page = api
        .get(&format!(
            "/api/conversations/{ID}?project=-w-shop&offset=3&limit=1"
        ))
        .await
        .json;
    assert_eq!(page["messages"].as_array().unwrap().len(), 1);
    assert_eq!(page["messages"][0]["message"]["content"], "and then?");

    let project = api
        .get("/api/conversations/project?project=-w-shop")
        .await
        .json;
    assert_eq!(project.as_array().unwrap().len(), 1);
    assert_eq!(project[0]["sessionId"], ID);
    assert_eq!(project[0]["messages"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn short_first_messages_stay_whole_and_own_titles_win() {
    let disk = Disk::new();
    disk.session("fix it");
    let mine = json!({"type": "custom-title", "customTitle": "Mine"});
    let later = json!({"type": "ai-title", "aiTitle": "Made later"});
    disk.write("-w-shop/second.jsonl", &[mine, later]);
    disk.write(
        "-w-other/third.jsonl",
        &[line("user", "09:00:00", &json!("plain"))],
    );
    let api = disk.api();
    let list = api.get("/api/conversations?limit=2").await.json;
    assert_eq!(list["total"], 3);
    let rows = list["conversations"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    let second = rows.iter().find(|row| row["id"] == "second");
    // Its file is the newest: it names no moment of its own.
    assert_eq!(second.unwrap()["title"], "Mine");
    let rest = api.get("/api/conversations?limit=2&page=2").await.json;
    let all = [
        rows.clone(),
        rest["conversations"].as_array().unwrap().clone(),
    ]
    .concat();
    let first = |id: &str| all.iter().find(|row| row["id"] == id).unwrap()["firstMessage"].clone();
    assert_eq!(
        (first(ID), first("third")),
        (json!("fix it"), json!("plain"))
    );
    let opus = api.get("/api/conversations?model=OPUS").await.json;
    assert_eq!(
        (&opus["total"], &opus["conversations"][0]["id"]),
        (&json!(1), &json!(ID))
    );
    let none = api.get("/api/conversations?model=haiku").await.json;
    assert_eq!(none["total"], 0);
}

#[tokio::test]
async fn a_transcript_that_grows_is_read_again() {
    let disk = Disk::new();
    disk.session("one");
    let api = disk.api();
    let count = async || {
        api.get("/api/conversations").await.json["conversations"][0]["requestCount"].clone()
    };
    assert_eq!(count().await, 5);
    let path = disk.root().join(format!("-w-shop/{ID}.jsonl"));
    let more = fs::read_to_string(&path).unwrap() + "{\"type\":\"system\"}\n";
    fs::write(&path, more).unwrap();
    assert_eq!(count().await, 6);
}

#[tokio::test]
async fn broken_pieces_and_endless_lines_are_passed_over() {
    let disk = Disk::new();
    let good = line("user", "10:00:00", &json!({"text": "said"}));
    let endless = "x".repeat(11 << 20);
    disk.write_text(
        "-w-shop/odd.jsonl",
        &format!("not json\n{{\"type\":7}}\n{endless}\n\n{good}"),
    );
    disk.write_text("-w-shop/empty.jsonl", "");
    let api = disk.api();
    let list = api.get("/api/conversations").await.json;
    let odd = list["conversations"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["id"] == "odd")
        .unwrap();
    assert_eq!(
        (&odd["requestCount"], &odd["firstMessage"]),
        (&json!(1), &json!("said"))
    );
    let empty = api.get("/api/conversations/empty?project=-w-shop").await;
    assert_eq!(
        (empty.status, &empty.json["total"]),
        (StatusCode::OK, &json!(0))
    );
}

#[tokio::test]
async fn names_that_lead_out_of_the_projects_are_refused() {
    let disk = Disk::new();
    disk.session("one");
    link(&disk.dir.path().join("secret"), &disk.root().join("linked"));
    link(
        &disk.dir.path().join("secret/s.jsonl"),
        &disk.root().join("-w-shop/linked.jsonl"),
    );
    let api = disk.api();
    for path in [
        "/api/conversations/s?project=../secret",
        "/api/conversations/passwd?project=../../etc",
        "/api/conversations/s?project=..%2Fsecret",
        "/api/conversations/..%2f..%2fsecret%2fs?project=-w-shop",
        "/api/conversations/..%2f?project=-w-shop",
        "/api/conversations/..?project=-w-shop",
        "/api/conversations/s?project=.",
        "/api/conversations/s?project=%00",
        "/api/conversations/s?project=",
        "/api/conversations/s",
        "/api/conversations/s?project=linked",
        "/api/conversations/linked?project=-w-shop",
        "/api/conversations/nobody?project=-w-shop",
        "/api/conversations/project",
        "/api/conversations/project?project=../secret",
        "/api/conversations/project?project=linked",
    ] {
        let got = api.get(path).await;
        assert!(got.status.is_client_error(), "{path}: {}", got.status);
        assert!(got.json["error"].is_string(), "{path}");
    }
    let list = api.get("/api/conversations").await.json;
    assert_eq!(
        list["total"], 1,
        "links that lead out are not listed: {list}"
    );
}

#[cfg(unix)]
fn link(to: &Path, from: &Path) {
    std::os::unix::fs::symlink(to, from).unwrap();
}

#[tokio::test]
async fn transcripts_can_be_switched_off_or_missing() {
    let got = Api::open().get("/api/conversations").await;
    assert_eq!(got.status, StatusCode::NOT_FOUND);
    assert!(
        got.json["error"]
            .as_str()
            .unwrap()
            .contains("dashboard.transcripts")
    );
    let missing = Api::with_transcripts(Path::new("/nonexistent/projects"), false);
    let got = missing.get("/api/conversations").await;
    assert_eq!(
        (got.status, &got.json["total"]),
        (StatusCode::OK, &json!(0))
    );
    let got = missing.get("/api/conversations/s?project=p").await;
    assert_eq!(got.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_no_file_is_not_opened() {
    let disk = Disk::new();
    disk.session("hello");
    let pipe = disk.root().join("-w-shop/pipe.jsonl");
    let made = std::process::Command::new("mkfifo").arg(pipe).status();
    assert!(made.unwrap().success());
    let list = disk.api().get("/api/conversations").await;
    assert_eq!(list.json["total"], 1);
}

#[tokio::test]
async fn a_project_comes_with_so_many_bytes_and_no_more() {
    let disk = Disk::new();
    let large = json!({"role": "user", "content": "x".repeat(9 << 20)});
    for number in 0..6 {
        let path = format!("-w-shop/{number}.jsonl");
        disk.write(&path, &[line("user", "10:00:00", &large)]);
    }
    let api = disk.api();
    let got = api.get("/api/conversations/project?project=-w-shop").await;
    let messages = |one: &Value| one["messages"].as_array().unwrap().len();
    let all = got.json.as_array().unwrap();
    assert_eq!(all.iter().map(messages).sum::<usize>(), 4);
    assert!(all.iter().all(|one| one["total"] == 1));
}
