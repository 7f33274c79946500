//! What is known of providers: tables of the user's, and what refusals teach.

use std::hint::black_box;
use std::sync::LazyLock;

use weir_wire::translate::profile::{TABLE, Table, downgrade};

use super::super::input::Input;

static KNOWN: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(TABLE).expect("the table is valid"));

/// Refusals teach a bounded number of times; a table that was checked is of use for every name.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let status = [400, 404, 422, 501, 429][input.below(5)];
    let hosts = [
        "api.openai.com",
        "api.mistral.ai:443",
        "localhost:1234",
        "openrouter.ai",
        "",
    ];
    let host = hosts[input.below(5)];
    let model = String::from_utf8_lossy(input.part()).into_owned();
    let body = input.rest();
    let mut profile = KNOWN.find(host, &model);
    let mut lessons = 0;
    while let Some(next) = downgrade(&profile, status, body) {
        assert_ne!(next, profile);
        profile = next;
        lessons += 1;
        assert!(lessons < 64, "no end of {profile:?}");
    }
    black_box((KNOWN.find(&model, &model), KNOWN.named(&model, &model)));
    if let Ok(table) = serde_json::from_slice::<Table>(body) {
        let mut all = KNOWN.clone();
        let names: Vec<String> = table
            .profile
            .iter()
            .filter_map(|entry| entry.name.clone())
            .collect();
        let checked = table.check();
        let extended = all.extend(table);
        assert_eq!(checked, extended);
        black_box(all.find(host, &model));
        for name in names {
            assert!(extended.is_err() || all.named(&name, &model).is_some());
        }
    }
}
