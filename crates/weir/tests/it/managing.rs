//! Projects, tokens, budgets, the audit and the cache from the command line, over a weir that runs.

use std::process::Output;

use serde_json::{Value, json};

use crate::program::{Program, Setup, eventually, output, small, start_with, weir};

const MANAGER: &str = "manager-0123456789";
const KEY: &str = "sk-UPKEY-0123456789abcdef";

struct Gateway {
    program: Program,
}

impl Gateway {
    async fn start() -> Self {
        Self::start_as(&[]).await
    }

    async fn start_as(more: &[(&str, &str)]) -> Self {
        let reader = ("projects.read_token", "reader-0123456789");
        let settings = [&[reader], more].concat();
        let program = start_with(Setup {
            settings: &settings,
            env: &[("MANAGEMENT_TOKEN", MANAGER)],
        });
        Self {
            program: program.await,
        }
    }

    /// Runs a command with a manager's token in the environment and `input` on standard input.
    async fn run(&self, args: &[&str], input: &str) -> Output {
        self.run_as(&[("MANAGEMENT_TOKEN", MANAGER)], args, input)
            .await
    }

    async fn run_as(&self, env: &[(&str, &str)], args: &[&str], input: &str) -> Output {
        let mut command = weir();
        command
            .args(args)
            .env("WEIR_URL", &self.program.url)
            .envs(env.iter().copied());
        output(command, input).await
    }

    /// What a command that succeeds says.
    async fn said(&self, args: &[&str]) -> String {
        let output = self.run(args, "").await;
        assert!(output.status.success(), "{args:?}: {}", errors(&output));
        String::from_utf8(output.stdout)
            .unwrap()
            .trim_end()
            .to_owned()
    }

    async fn json(&self, args: &[&str]) -> Value {
        let args = [args, &["--json"]].concat();
        serde_json::from_str(&self.said(&args).await).unwrap()
    }

    /// What a command that fails says is wrong.
    async fn refused(&self, args: &[&str]) -> String {
        let output = self.run(args, "").await;
        assert!(!output.status.success(), "{args:?}");
        errors(&output)
    }

    async fn ask(&self, token: &str) -> u16 {
        let got = self
            .program
            .message(&[("x-api-key", token)], &small())
            .await;
        got.status.as_u16()
    }
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A project with a key, a rule, a limit and a budget, as it was answered.
async fn team(gateway: &Gateway) -> Value {
    let create = [
        "project",
        "create",
        "team",
        "--json",
        "--api-key-stdin",
        "--provider",
        "anthropic",
        "--model",
        "claude-*",
        "--rpm",
        "60",
        "--budget",
        "month=20usd,1000000tokens",
    ];
    let made = gateway.run(&create, &format!("{KEY}\n")).await;
    assert!(made.status.success(), "{}", errors(&made));
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    assert_eq!(made["keys"][0]["provider"], "anthropic");
    assert_eq!(made["rules"]["allowed_models"], json!(["claude-*"]));
    assert_eq!(
        made["budgets"],
        json!([{"period": "month", "usd": 20.0, "tokens": 1_000_000}])
    );
    made
}

#[tokio::test]
async fn projects_are_made_and_shown_without_their_keys() {
    let gateway = Gateway::start().await;
    let made = team(&gateway).await;
    let id = made["id"].as_str().unwrap();
    let all = gateway.json(&["project", "list"]).await;
    assert_eq!(all[0]["id"], id);
    let table = gateway.said(&["project", "list"]).await;
    assert!(table.contains("team") && table.contains("on"), "{table}");
    let shown = gateway.said(&["project", "show", "team"]).await;
    assert!(shown.contains(id) && shown.contains("claude-*"), "{shown}");
    for text in [&table, &shown, &all.to_string()] {
        assert!(!text.contains(KEY), "{text}");
    }
    let none = gateway.refused(&["project", "show", "nobody"]).await;
    assert!(none.contains("weir project list"), "{none}");
}

#[tokio::test]
async fn projects_are_changed_in_what_is_named_and_switched_but_never_deleted() {
    let gateway = Gateway::start().await;
    let made = team(&gateway).await;
    let id = made["id"].as_str().unwrap();
    let update = [
        "project",
        "update",
        "team",
        "--name",
        "crew",
        "--rpm",
        "0",
        "--concurrency",
        "3",
        "--budget",
        "day=1usd",
    ];
    let changed = gateway.json(&update).await;
    assert_eq!(changed["name"], "crew");
    assert_eq!(changed["limits"], json!({"concurrency": 3}));
    assert_eq!(changed["budgets"].as_array().unwrap().len(), 2);
    assert_eq!(changed["keys"], made["keys"], "what is not named stays");
    let bare = gateway
        .json(&[
            "project",
            "update",
            id,
            "--remove-key",
            "anthropic",
            "--model",
            "",
        ])
        .await;
    assert_eq!(bare["keys"], json!([]));
    assert!(
        bare["rules"]["allowed_models"]
            .as_array()
            .is_none_or(Vec::is_empty)
    );

    let off = gateway.said(&["project", "off", "crew"]).await;
    assert!(off.starts_with("crew: off"), "{off}");
    assert_eq!(
        gateway.json(&["project", "get", id]).await["is_active"],
        false
    );
    gateway.said(&["project", "on", "crew"]).await;
    assert_eq!(
        gateway.json(&["project", "show", id]).await["is_active"],
        true
    );

    let deleted = gateway.run(&["project", "delete", id], "").await;
    assert_eq!(deleted.status.code(), Some(2), "projects are never deleted");
    let twice = gateway.refused(&["project", "create", "crew"]).await;
    assert!(twice.contains("crew") || twice.contains("name"), "{twice}");
    let nothing = gateway.refused(&["project", "update", "crew"]).await;
    assert!(nothing.contains("nothing is to be changed"), "{nothing}");
}

#[tokio::test]
async fn a_tokens_secret_is_printed_once_alone_where_that_is_wished() {
    let gateway = Gateway::start().await;
    gateway.said(&["project", "create", "team"]).await;
    let secret = gateway
        .said(&[
            "token",
            "create",
            "team",
            "-q",
            "--name",
            "ci",
            "--max-requests",
            "9",
        ])
        .await;
    assert!(
        secret.starts_with("sk-") && secret.lines().count() == 1,
        "{secret}"
    );
    assert_eq!(gateway.ask(&secret).await, 200);

    let list = gateway.said(&["token", "list", "--project", "team"]).await;
    assert!(list.contains("ci") && list.contains("active"), "{list}");
    let shown = gateway.said(&["token", "show", "ci"]).await;
    for text in [&list, &shown] {
        assert!(!text.contains(&secret), "{text}");
    }

    let second = gateway
        .said(&["token", "rotate", "ci", "--overlap", "1h", "--quiet"])
        .await;
    assert_eq!(
        (gateway.ask(&secret).await, gateway.ask(&second).await),
        (200, 200)
    );
    let third = gateway.json(&["token", "rotate", "ci"]).await;
    let third = third["token"].as_str().unwrap();
    assert_eq!(
        (gateway.ask(&second).await, gateway.ask(third).await),
        (401, 200)
    );

    assert_eq!(
        gateway.said(&["token", "revoke", "ci"]).await,
        "ci: revoked"
    );
    assert_eq!(gateway.ask(third).await, 401);
    let active = gateway.json(&["token", "list", "--active"]).await;
    assert_eq!(active, json!([]));
    assert_eq!(gateway.said(&["token", "on", "ci"]).await, "ci: active");
    assert_eq!(gateway.ask(third).await, 200);
    let token = gateway.json(&["token", "show", "ci"]).await;
    assert_eq!(token["max_requests"], 9, "what it was good for stays");
    let id = token["id"].as_str().unwrap();
    let by_its_end = gateway
        .json(&["token", "show", id.rsplit('-').next().unwrap()])
        .await;
    assert_eq!(by_its_end["id"], id);
    let by_secret = gateway.refused(&["token", "show", third]).await;
    assert!(by_secret.contains("never by its secret"), "{by_secret}");
    let log = gateway.program.log();
    for secret in [secret.as_str(), &second, third, MANAGER] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[tokio::test]
async fn a_token_lives_as_long_as_was_said() {
    let gateway = Gateway::start().await;
    let id = gateway.said(&["project", "create", "team", "-q"]).await;
    let made = gateway
        .json(&["token", "generate", "--project-id", &id, "--duration", "60"])
        .await;
    let expires: jiff::Timestamp = made["expires_at"].as_str().unwrap().parse().unwrap();
    let left = expires.as_second() - jiff::Timestamp::now().as_second();
    assert!((3000..=3600).contains(&left), "{left}");
    assert_eq!(gateway.ask(made["token"].as_str().unwrap()).await, 200);
    let parent = made["id"].as_str().unwrap();
    let child = gateway
        .json(&["token", "create", "team", "-d", "2h", "--parent", parent])
        .await;
    let path = child["id"].as_str().unwrap();
    let child = gateway.json(&["token", "show", path]).await;
    assert_eq!(child["parent_id"], parent);
    let long = gateway
        .refused(&["token", "create", "team", "-d", "366d"])
        .await;
    assert!(long.contains("at most 365d"), "{long}");
    gateway
        .said(&["project", "off", "team", "--revoke-tokens"])
        .await;
    let states = gateway.json(&["token", "list"]).await;
    assert!(
        states
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["state"] == "revoked")
    );
}

#[tokio::test]
async fn budgets_and_the_audit_are_told() {
    let gateway = Gateway::start().await;
    gateway
        .said(&["project", "create", "team", "--budget", "day=100000tokens"])
        .await;
    let secret = gateway
        .said(&[
            "token",
            "create",
            "team",
            "-q",
            "--name",
            "ci",
            "--budget",
            "lifetime=5usd",
        ])
        .await;
    assert_eq!(gateway.ask(&secret).await, 200);
    let used = eventually(async || {
        let used = gateway.json(&["budget", "show"]).await;
        (used[0]["usage"][0]["tokens"] != 0).then_some(used)
    })
    .await;
    assert_eq!(
        (&used[0]["of"], &used[1]["of"]),
        (&json!("project"), &json!("token"))
    );
    let table = gateway.said(&["budget", "show", "team"]).await;
    for part in ["team", "ci", "100k tokens", "$5.00", "never"] {
        assert!(table.contains(part), "{part} in\n{table}");
    }

    let found = gateway
        .json(&["audit", "list", "--action", "token.create"])
        .await;
    let event = &found["events"][0];
    assert_eq!(event["actor"], "management_api");
    let shown = gateway
        .said(&["audit", "show", event["id"].as_str().unwrap()])
        .await;
    assert!(shown.starts_with("token.create"), "{shown}");
    let place = event["seq"].to_string();
    assert_eq!(gateway.said(&["audit", "show", &place]).await, shown);
    let list = gateway
        .said(&["audit", "list", "project.create", "--since", "1h"])
        .await;
    assert!(
        list.contains("project.create") && !list.contains("token.create"),
        "{list}"
    );
    let of = gateway.json(&["audit", "list", "--token", "ci"]).await;
    assert_eq!(of["events"][0]["token_id"], event["token_id"]);
    let whole = gateway.said(&["audit", "verify"]).await;
    assert!(whole.starts_with('✓'), "{whole}");
    assert_eq!(gateway.json(&["audit", "verify"]).await["intact"], true);
}

#[tokio::test]
async fn the_cache_is_shown_and_answers_are_taken_out() {
    let gateway = Gateway::start_as(&[("cache.enabled", "true")]).await;
    team(&gateway).await;
    let token = gateway.said(&["token", "create", "team", "-q"]).await;
    let say = async || {
        let opt_in = ("cache-control", "public, max-age=600");
        let headers = [("x-api-key", token.as_str()), opt_in];
        let got = gateway.program.message(&headers, &small()).await;
        assert_eq!(got.status, 200, "{}", got.text());
        got.headers["x-proxy-cache-key"]
            .to_str()
            .unwrap()
            .to_owned()
    };
    say().await;
    let key = say().await;
    let state = gateway.json(&["cache", "status"]).await;
    let told = (&state["enabled"], &state["entries"], &state["hit_rate"]);
    assert_eq!(told, (&json!(true), &json!(1), &json!(0.5)));
    let shown = gateway.said(&["cache", "status"]).await;
    assert!(
        shown.starts_with("on\n") && shown.contains("1, 50.0%"),
        "{shown}"
    );
    let row = shown.lines().find(|line| line.starts_with("team "));
    let row: Vec<_> = row.unwrap().split_whitespace().collect();
    assert_eq!(row.get(..4).unwrap(), ["team", "1", "1", "50.0%"]);

    let team = ["cache", "purge", "--project", "team"];
    let unsure = gateway.refused(&team).await;
    let asks = "all answers of project `team` would be taken out; say --yes";
    assert!(unsure.contains(asks), "{unsure}");
    let purge = async |what: &[&str]| {
        let args = [&["cache", "purge", "--yes"], what].concat();
        gateway.said(&args).await
    };
    let path = ["--path", "/v1/messages", "--method", "POST"];
    for (what, said) in [
        (&["--path", "/v1/messages"][..], "not found"),
        (&path, "deleted"),
        (&path, "not found"),
        (&["--project", "team"], "0 answers deleted"),
    ] {
        assert_eq!(purge(what).await, said, "{what:?}");
    }
    for what in [
        &["--key", &key][..],
        &["--prefix", key.get(..6).unwrap()],
        &["--project", "team"],
        &["--all"],
    ] {
        say().await;
        assert_eq!(purge(what).await, "1 answer deleted", "{what:?}");
    }
    let all = gateway.json(&["cache", "purge", "--all", "-y"]).await;
    assert_eq!(all, json!({"deleted": 0}));
    let reader = [("MANAGEMENT_TOKEN", "reader-0123456789")];
    let reads = ["cache", "status"];
    assert!(gateway.run_as(&reader, &reads, "").await.status.success());
    let takes = ["cache", "purge", "--all", "--yes"];
    let refused = gateway.run_as(&reader, &takes, "").await;
    assert_eq!(refused.status.code(), Some(1));
}

#[tokio::test]
async fn a_purge_says_exactly_what_goes() {
    let gateway = Gateway::start().await;
    for wrong in [
        &[][..],
        &["--method", "GET"],
        &["--key", "abc"],
        &["--all", "--project", "team"],
        &["--prefix", "ab", "--path", "/v1/models"],
    ] {
        let args = [&["cache", "purge", "--yes"], wrong].concat();
        let output = gateway.run(&args, "").await;
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
    let off = gateway.refused(&["cache", "purge", "--all", "-y"]).await;
    assert!(off.contains("caching is disabled"), "{off}");
}

#[tokio::test]
async fn a_chain_that_was_tampered_with_fails() {
    let gateway = Gateway::start().await;
    gateway.said(&["project", "create", "team"]).await;
    let folder = gateway.program.folder.path();
    let database = folder.join("control.db");
    let database = rusqlite::Connection::open(database).unwrap();
    let changed = database.execute(
        "UPDATE audit_events SET actor = 'somebody' WHERE action = 'project.create'",
        [],
    );
    assert_eq!(changed.unwrap(), 1);
    let output = gateway.run(&["audit", "verify"], "").await;
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("broken at event"), "{said}");
}

#[tokio::test]
async fn a_manager_is_who_the_variable_or_the_file_says() {
    let gateway = Gateway::start().await;
    let list = ["project", "list", "--json"];
    let without = gateway.run_as(&[], &list, "").await;
    assert_eq!(without.status.code(), Some(1));
    let said = errors(&without);
    assert!(said.contains("MANAGEMENT_TOKEN"), "{said}");
    let wrong = gateway
        .run_as(&[("MANAGEMENT_TOKEN", "guess")], &list, "")
        .await;
    assert!(errors(&wrong).contains("invalid management token"));

    let file = gateway.program.folder.path().join("token");
    std::fs::write(&file, format!("{MANAGER}\n")).unwrap();
    let by_file = [
        &list[..],
        &["--management-token-file", file.to_str().unwrap()],
    ]
    .concat();
    assert!(gateway.run_as(&[], &by_file, "").await.status.success());
    let by_stdin = [&list[..], &["--management-token-file", "-"]].concat();
    assert!(
        gateway
            .run_as(&[], &by_stdin, MANAGER)
            .await
            .status
            .success()
    );

    let reader = [("MANAGEMENT_TOKEN", "reader-0123456789")];
    assert!(gateway.run_as(&reader, &list, "").await.status.success());
    let make = gateway
        .run_as(&reader, &["project", "create", "x"], "")
        .await;
    assert_eq!(make.status.code(), Some(1));
    assert!(errors(&make).contains("Read"), "{}", errors(&make));
}

#[tokio::test]
async fn where_projects_are_off_the_command_says_how_to_switch_them_on() {
    let program = start_with(Setup::default()).await;
    let gateway = Gateway { program };
    let said = gateway.refused(&["project", "list"]).await;
    assert!(said.contains("projects.management_token"), "{said}");
}

#[tokio::test]
async fn what_is_made_with_a_key_is_made_once() {
    let gateway = Gateway::start().await;
    let key = "--idempotency-key=5e0c1a9b-7d4f-4f5e-8a2d-1c3b5a7f9e0d";
    let project = ["project", "create", "team", "--quiet", key];
    let id = gateway.said(&project).await;
    assert_eq!(gateway.said(&project).await, id);
    let token = ["token", "create", "team", "--quiet"];
    let key = "--idempotency-key=8a2d1c3b-7d4f-4f5e-8a2d-1c3b5a7f9e0d";
    let secret = gateway.said(&[&token[..], &[key]].concat()).await;
    assert_eq!(gateway.said(&[&token[..], &[key]].concat()).await, secret);
    assert_eq!(gateway.ask(&secret).await, 200);
    let other = gateway
        .refused(&[&token[..], &["--name=x", key]].concat())
        .await;
    assert!(other.contains("another method, path or body"), "{other}");
    let short = gateway
        .refused(&[&token[..], &["--idempotency-key=x"]].concat())
        .await;
    assert!(short.contains("16 to 255"), "{short}");
    let all = gateway.json(&["token", "list"]).await;
    assert_eq!(all.as_array().unwrap().len(), 1);
}
