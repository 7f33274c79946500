//! The settings of `pricing`.

use crate::config::checks;
use crate::config::entry::{Entry, entry};
use crate::config::kind::Kind;
use crate::prices::read_prices;

/// What a price of a model may say.
pub(crate) const FIELDS: &[&str] = &[
    "input",
    "output",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "reasoning",
    "web_search",
    "from",
    "provider",
    "tier",
];

const MODELS: Kind = Kind::Map {
    form: "model to price",
    check: |text| read_prices("", text).map(drop),
    fields: FIELDS,
};

const ALIASES: Kind = Kind::Map {
    form: "model to model",
    check: checks::model,
    fields: &[],
};

pub(super) static ENTRIES: &[Entry] = &[
    entry("pricing.models", MODELS, "",
        "US dollars per million tokens, over the prices that weir knows: `3/15` for input and output, \
         or a section of `input`, `output`, `cache_read`, `cache_write_5m`, `cache_write_1h`, \
         `reasoning` and, per thousand, `web_search`; `provider` for one only; `tier` for one \
         service tier only; `from`, a day, and a list of sections for prices over time.")
        .example("my-model=3/15"),
    entry("pricing.aliases", ALIASES, "",
        "Models that cost what another does: their name to the other's.")
        .example("my-sonnet=claude-sonnet-4-5"),
];
