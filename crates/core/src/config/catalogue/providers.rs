//! The settings of one provider, of its pool and of its keys.

use super::{DEADLINE, KEY_STRATEGIES, PATH, PROVIDER_TYPES, SECRET, URL, count, text};
use crate::config::checks;
use crate::config::entry::{Entry, entry, var_of, var_of_type};
use crate::config::kind::{Kind, any};
use crate::settings::ProviderKind;

/// A kind's base URL, as a default for its type.
const fn base_url(kind: ProviderKind) -> (&'static str, &'static str) {
    match kind.default_base_url() {
        Some(url) => (kind.as_str(), url),
        None => (kind.as_str(), ""),
    }
}

const WORD: Kind = text("name", checks::cloud_word);
const MODELS: Kind = Kind::Map {
    form: "model to model",
    check: checks::model,
    fields: &[],
};
const PRICES: Kind = Kind::Map {
    form: "model to price",
    check: |text| checks::price(text).map(drop),
    fields: &[],
};
/// A share: no use for more, and sums of it cannot overflow.
const WEIGHT: Kind = count(1_000_000);
/// Tokens or requests a minute.
const A_MINUTE: Kind = count(1_000_000_000_000);

pub(super) static ENTRIES: &[Entry] = &[
    entry("providers.*.type", Kind::Choice(&PROVIDER_TYPES), "",
        "What it speaks and how it takes a credential. Defaults to the name if that is a type.")
        .example("anthropic"),
    entry("providers.*.enabled", Kind::Bool, "true", "Whether it is used."),
    entry("providers.*.base_url", URL, "",
        "Where it is; with a cloud's type, instead of the address made of region or resource. An \
         ending `/v1`, for `gemini` `/v1beta`, is dropped where the client's path brings it.")
        .by_type(&[
            base_url(ProviderKind::Anthropic),
            base_url(ProviderKind::Openai),
            base_url(ProviderKind::Gemini),
            base_url(ProviderKind::Zai),
            base_url(ProviderKind::Minimax),
            base_url(ProviderKind::Ollama),
            base_url(ProviderKind::Openrouter),
        ])
        .env(&[
            var_of("anthropic", "ANTHROPIC_FORWARD_URL"),
            var_of("openai", "OPENAI_BASE_URL"),
            var_of("gemini", "GEMINI_BASE_URL"),
        ])
        .example("https://llm.example.org"),
    entry("providers.*.api_key", SECRET, "", "The credential to send: short for one entry in `keys`.")
        .env(&[var_of("openai", "OPENAI_API_KEY"), var_of("gemini", "GEMINI_API_KEY")])
        .secret()
        .example("${PROVIDER_API_KEY:-}"),
    entry("providers.*.auth_style", Kind::Choice(&["bearer", "x_api_key", "api_key", "x_goog_api_key"]), "",
        "How a key goes into a request: `Authorization: Bearer`, `x-api-key`, `api-key` or \
         `x-goog-api-key`. Defaults to what the type takes, `bearer` for `openai_compatible`.")
        .example("bearer"),
    entry("providers.*.dialects", Kind::List { form: "dialect", check: checks::dialect }, "",
        "What it is used for: `anthropic_messages`, `openai_chat`, `openai_responses`, `gemini`. \
         Defaults to those of its type.")
        .example("anthropic_messages"),
    entry("providers.*.client_credentials", Kind::Choice(&["auto", "always", "never"]), "auto",
        "Whose credential goes upstream. `auto`: the client's for `anthropic`, elsewhere a configured \
         key if there is one, else the client's. `always`: the client's if it sent one, else a \
         configured key. `never`: only configured keys."),
    entry("providers.*.version", text("header value", |value| checks::header_value(value).map(drop)), "",
        "`anthropic-version` to add when the client sends none.")
        .by_type(&[("anthropic", "2023-06-01"), ("azure", "2023-06-01")])
        .env(&[var_of("anthropic", "ANTHROPIC_VERSION")])
        .example("2023-06-01"),
    entry("providers.*.max_retries", count(20), "3", "Further tries after a failed connect.")
        .env(&[var_of("anthropic", "ANTHROPIC_MAX_RETRIES")]),
    entry("providers.*.connect_timeout", DEADLINE, "10s", "Longest time to a connection, TLS included."),
    entry("providers.*.response_header_timeout", DEADLINE, "300s",
        "Longest time from the request to the response headers (504). `server.timeout_ms` sets \
         another default.")
        .env(&[var_of("anthropic", "ANTHROPIC_RESPONSE_HEADER_TIMEOUT")]),
    entry("providers.*.idle_timeout", DEADLINE, "300s", "Longest silence between response bytes."),
    entry("providers.*.proxy", text("`direct`, `environment` or URL", checks::proxy), "direct",
        "How to reach it: `direct`; `environment` for `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and \
         `NO_PROXY`; or a proxy's `http://`, `https://` or `socks5://` address."),
    entry("providers.*.no_proxy", text("as in `NO_PROXY`", any), "",
        "Hosts reached without the proxy, when `proxy` is an address.")
        .example("localhost,.internal"),
    entry("providers.*.models", Kind::List { form: "model", check: checks::model }, "",
        "Models to list at `GET /v1/models`. None asks the provider, or stands for the models of the \
         type where it cannot be asked. Never restricts requests.")
        .example("first-model, second-model"),
    entry("providers.*.model_mapping", MODELS, "",
        "The client's model to this provider's. A name that ends in `*` is a prefix: exact names go \
         before prefixes, longer ones before shorter. Other models stay as they are.")
        .example("claude-sonnet-4-5=my-sonnet"),
    entry("providers.*.reverse_model_mapping", Kind::Bool, "false",
        "Give a mapped model its first name back in the response."),
    entry("providers.*.profile", text("name", checks::label), "",
        "What it can do, by the name of an entry in the table of providers, for translated requests. \
         Defaults to what its type, its address and the model tell.")
        .example("deepseek"),
    entry("providers.*.demote_nonstreaming", Kind::Bool, "false",
        "Ask it for a stream when the client wants none, and put the answer together: long answers \
         do not time out on the way.")
        .env(&[var_of("anthropic", "ANTHROPIC_DEMOTE_NONSTREAMING")]),
    entry("providers.*.weight", WEIGHT, "",
        "Its share in the weighted strategies; 0 counts as 1. Defaults to its first key's, else 1.")
        .example("1"),
    entry("providers.*.priority", count(1000), "",
        "Its rank in `failover`, the highest first. Defaults to its first key's, else 0.")
        .example("0"),
    entry("providers.*.prices", PRICES, "",
        "US dollars per million input and output tokens here, such as `3/15`, for `cost_based` and for \
         what is shown as cost. The model `*` is any other. See also `pricing.models`.")
        .example("claude-sonnet-4-5=3/15, *=1/5"),
    entry("providers.*.probe_path", text("path of a URL", checks::url_path), "",
        "What a health probe asks for, below `base_url`. Defaults to `/`.")
        .by_type(&[("ollama", "/api/tags")])
        .example("/health"),
    entry("providers.*.aws_region", WORD, "", "For `bedrock`: the region, required.")
        .example("us-east-1"),
    entry("providers.*.aws_access_key_id", SECRET, "",
        "For `bedrock`: a static credential. Without one the profile, the environment, the container \
         or the instance has it.")
        .secret()
        .example("${BEDROCK_ACCESS_KEY_ID:-}"),
    entry("providers.*.aws_secret_access_key", SECRET, "", "For `bedrock`: goes with `aws_access_key_id`.")
        .secret()
        .example("${BEDROCK_SECRET_ACCESS_KEY:-}"),
    entry("providers.*.aws_session_token", SECRET, "", "For `bedrock`: goes with a temporary credential.")
        .secret()
        .example("${BEDROCK_SESSION_TOKEN:-}"),
    entry("providers.*.aws_profile", text("name", any), "",
        "For `bedrock`: a profile of the shared AWS files instead of the usual one.")
        .example("default"),
    entry("providers.*.aws_bearer_token", SECRET, "",
        "For `bedrock`: an API key, sent as bearer instead of a signature.")
        .env(&[var_of_type("bedrock", "AWS_BEARER_TOKEN_BEDROCK")])
        .secret()
        .example("${BEDROCK_BEARER_TOKEN:-}"),
    entry("providers.*.gcp_project_id", text("name", checks::project), "", "For `vertex`: the project, required.")
        .example("my-project"),
    entry("providers.*.gcp_region", WORD, "", "For `vertex`: the region or `global`, required.")
        .example("us-east5"),
    entry("providers.*.gcp_credentials_file", PATH, "",
        "For `vertex`: a credential file. Without one Application Default Credentials are looked for.")
        .example("/etc/weir/vertex.json"),
    entry("providers.*.azure_resource_name", WORD, "", "For `azure`: the resource, required without `base_url`.")
        .example("my-resource"),
    entry("providers.*.azure_api_version", text("version", checks::cloud_word), "",
        "For `azure`: `api-version` to add to the query.")
        .example("2024-06-01"),
    entry("providers.*.azure_tenant_id", text("name", checks::project), "",
        "For `azure`: the directory of a client credential of Entra ID, instead of keys.")
        .example("my-tenant"),
    entry("providers.*.azure_client_id", text("name", checks::project), "", "For `azure`: the application.")
        .example("my-application"),
    entry("providers.*.azure_client_secret", SECRET, "", "For `azure`: the application's secret.")
        .secret()
        .example("${AZURE_CLIENT_SECRET:-}"),
    entry("providers.*.azure_authority", URL, "https://login.microsoftonline.com",
        "For `azure`: where Entra ID's tokens come from."),
    entry("providers.*.pooling.enabled", Kind::Bool, "",
        "Use even a single key as a pool: with its limits, cooldown and key headers.")
        .example("true"),
    entry("providers.*.pooling.strategy", Kind::Choice(&KEY_STRATEGIES), "least_loaded",
        "How a key is picked among those available."),
    entry("providers.*.keys.*.key", SECRET, "",
        "The credential. May be left empty for `anthropic` and `ollama`.")
        .secret()
        .example("${PROVIDER_KEY:-}"),
    entry("providers.*.keys.*.name", text("name", checks::label), "",
        "What lists call it; a short fingerprint otherwise.")
        .example("team-a"),
    entry("providers.*.keys.*.rpm_limit", A_MINUTE, "0",
        "Requests a minute; 0 is unlimited until the provider says otherwise."),
    entry("providers.*.keys.*.itpm_limit", A_MINUTE, "0", "Input tokens a minute; 0 likewise."),
    entry("providers.*.keys.*.otpm_limit", A_MINUTE, "0", "Output tokens a minute; 0 likewise."),
    entry("providers.*.keys.*.tpm_limit", A_MINUTE, "0",
        "Deprecated: half for each of the two, if both are 0."),
    entry("providers.*.keys.*.priority", count(2), "1",
        "Keys of a higher priority go first, whatever the strategy."),
    entry("providers.*.keys.*.weight", WEIGHT, "1", "Its share in `weighted`; 0 counts as 1."),
    entry("providers.*.keys.*.enabled", Kind::Bool, "true", "Whether it is used."),
];
