//! What each type of provider settles, and what the clouds need.

use super::providers::x;
use super::{effective, faults, good};
use crate::secret::Secret;
use crate::settings::{AuthStyle, Aws, Azure, Cloud, Entra, Gcp, Provider, ProviderKind};
use weir_wire::dialect::Dialect;

/// What a type needs besides its name.
fn needs(kind: ProviderKind) -> &'static str {
    match kind {
        ProviderKind::Bedrock => "aws_region: eu-west-1",
        ProviderKind::Vertex => "gcp_project_id: p, gcp_region: eu",
        ProviderKind::Azure => "azure_resource_name: r",
        _ => "no_proxy: ''",
    }
}

#[test]
fn a_new_provider_has_the_defaults_of_the_catalogue() {
    for kind in ProviderKind::ALL {
        let text = format!(
            "providers: {{x: {{type: {}, base_url: 'http://u:1', {}}}}}",
            kind.as_str(),
            needs(kind)
        );
        let mut expected = Provider::new("x", kind, "http://u:1".parse().expect("a URL"));
        match &mut expected.cloud {
            Cloud::None => {}
            Cloud::Aws(aws) => aws.region = "eu-west-1".to_owned(),
            Cloud::Gcp(gcp) => {
                gcp.region = "eu".to_owned();
                gcp.project_id = "p".to_owned();
            }
            Cloud::Azure(azure) => azure.resource_name = "r".to_owned(),
        }
        let loaded = good(&text, &[]);
        assert_eq!(x(&loaded), &expected, "{text}");
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    }
}

/// Type, settings, address.
const ADDRESSES: [(&str, &str, &str); 18] = [
    ("zai", "", "https://api.z.ai/api/anthropic"),
    ("minimax", "", "https://api.minimax.io/anthropic"),
    ("ollama", "", "http://localhost:11434/"),
    ("ollama", "base_url: 'http://h:1/v1/'", "http://h:1/"),
    ("openrouter", "", "https://openrouter.ai/api"),
    (
        "openrouter",
        "base_url: 'https://openrouter.ai/api/v1'",
        "https://openrouter.ai/api",
    ),
    (
        "openai_compatible",
        "base_url: 'https://h/openai/v1'",
        "https://h/openai",
    ),
    (
        "bedrock",
        "aws_region: eu-west-1",
        "https://bedrock-runtime.eu-west-1.amazonaws.com/",
    ),
    (
        "bedrock",
        "aws_region: cn-north-1",
        "https://bedrock-runtime.cn-north-1.amazonaws.com.cn/",
    ),
    (
        "bedrock",
        "aws_region: r, base_url: 'http://127.0.0.1:1'",
        "http://127.0.0.1:1/",
    ),
    (
        "vertex",
        "gcp_project_id: p, gcp_region: us-east5",
        "https://us-east5-aiplatform.googleapis.com/",
    ),
    (
        "vertex",
        "gcp_project_id: p, gcp_region: us",
        "https://aiplatform.us.rep.googleapis.com/",
    ),
    (
        "vertex",
        "gcp_project_id: p, gcp_region: eu",
        "https://aiplatform.eu.rep.googleapis.com/",
    ),
    (
        "vertex",
        "gcp_project_id: p, gcp_region: europe-west1",
        "https://europe-west1-aiplatform.googleapis.com/",
    ),
    (
        "vertex",
        "gcp_project_id: p, gcp_region: global",
        "https://aiplatform.googleapis.com/",
    ),
    (
        "vertex",
        "gcp_project_id: p, gcp_region: global, base_url: 'http://h:1'",
        "http://h:1/",
    ),
    (
        "azure",
        "azure_resource_name: me",
        "https://me.services.ai.azure.com/",
    ),
    (
        "azure",
        "base_url: 'http://127.0.0.1:1/'",
        "http://127.0.0.1:1/",
    ),
];

#[test]
fn every_type_has_its_address() {
    for (kind, settings, url) in ADDRESSES {
        let loaded = good(
            &format!("providers: {{x: {{type: {kind}, {settings}}}}}"),
            &[],
        );
        assert_eq!(x(&loaded).base_url.to_string(), url, "{kind} {settings}");
        let shown = effective(&loaded, "providers.x.base_url");
        assert!(shown.value.is_some(), "{kind}");
    }
}

#[test]
fn dialects_and_models_are_the_types_unless_they_are_said() {
    let loaded = good("providers: {x: {type: zai}}", &[]);
    assert_eq!(x(&loaded).models, ["GLM-5", "GLM-4.7", "GLM-4.5-Air"]);
    assert_eq!(x(&loaded).dialects, [Dialect::AnthropicMessages]);
    assert_eq!(
        effective(&loaded, "providers.x.models").value.as_deref(),
        Some("GLM-5, GLM-4.7, GLM-4.5-Air")
    );
    let loaded = good(
        "providers: {x: {type: zai, models: [m], dialects: [openai_chat, gemini]}}",
        &[],
    );
    assert_eq!(x(&loaded).models, ["m"]);
    assert_eq!(x(&loaded).dialects, [Dialect::OpenaiChat, Dialect::Gemini]);
    for kind in ProviderKind::ALL
        .into_iter()
        .filter(|kind| kind.asks_for_models())
    {
        let text = format!(
            "providers: {{x: {{type: {}, base_url: 'http://h:1'}}}}",
            kind.as_str()
        );
        assert!(x(&good(&text, &[])).models.is_empty(), "{kind:?}");
    }
    let found = faults("providers:\n  x: {type: zai, dialects: [openai]}\n", &[]);
    assert!(
        found.contains("`openai`, which is none of `anthropic_messages`"),
        "{found}"
    );
}

#[test]
fn clouds_take_their_own_settings_and_demand_what_they_cannot_do_without() {
    let bedrock = "providers: {x: {type: bedrock, aws_region: r, aws_access_key_id: i, aws_secret_access_key: s, aws_session_token: t, aws_profile: p}}";
    let loaded = good(bedrock, &[("AWS_BEARER_TOKEN_BEDROCK", "b")]);
    let secret = |text: &str| Some(Secret::new(text));
    let aws = Aws {
        region: "r".to_owned(),
        access_key_id: secret("i"),
        secret_access_key: secret("s"),
        session_token: secret("t"),
        profile: Some("p".to_owned()),
        bearer_token: secret("b"),
    };
    assert_eq!(x(&loaded).cloud, Cloud::Aws(aws));
    let vertex = "providers: {x: {type: vertex, gcp_region: r, gcp_project_id: 'a:b', gcp_credentials_file: /f}}";
    let gcp = Gcp {
        project_id: "a:b".to_owned(),
        region: "r".to_owned(),
        credentials_file: Some("/f".into()),
    };
    assert_eq!(x(&good(vertex, &[])).cloud, Cloud::Gcp(gcp));
    let azure = "providers: {x: {type: azure, azure_resource_name: r, azure_api_version: v, azure_tenant_id: t, azure_client_id: c, azure_client_secret: s, azure_deployment_id: d, api_key: k}}";
    let loaded = good(azure, &[]);
    let expected = Azure {
        resource_name: "r".to_owned(),
        api_version: Some("v".to_owned()),
        entra: Some(Entra {
            tenant_id: "t".to_owned(),
            client_id: "c".to_owned(),
            client_secret: Secret::new("s"),
            authority: "https://login.microsoftonline.com".parse().expect("a URL"),
        }),
    };
    assert_eq!(x(&loaded).cloud, Cloud::Azure(expected));
    assert!(
        loaded
            .warnings
            .concat()
            .contains("azure_deployment_id has no effect: name the deployment in `model_mapping`")
    );
    let found = faults(
        "providers:\n  b: {type: bedrock, aws_access_key_id: i}\n  v: {type: vertex}\n  a: {type: azure, azure_client_id: c}\n  o: {type: openai_compatible}\n",
        &[],
    );
    let expected = [
        "weir.yaml:2: providers.b.aws_region: missing; such as `us-east-1`",
        "providers.b.aws_secret_access_key: missing, `aws_access_key_id` is set; these go together",
        "weir.yaml:3: providers.v.gcp_project_id: missing",
        "weir.yaml:3: providers.v.gcp_region: missing",
        "weir.yaml:4: providers.a.azure_resource_name: missing; or set `base_url`",
        "providers.a.azure_tenant_id: missing",
        "providers.a.azure_client_secret: missing",
        "weir.yaml:5: providers.o.base_url: missing; `openai_compatible` has no address",
    ];
    for part in expected {
        assert!(found.contains(part), "{part} is not in\n{found}");
    }
    assert_eq!(found.lines().count(), expected.len(), "{found}");
}

#[test]
fn settings_of_another_type_are_warned_of() {
    let loaded = good("providers: {x: {type: zai, aws_region: r, keys: [k]}}", &[]);
    assert_eq!(
        loaded.warnings,
        ["providers.x.aws_region has no effect: the provider's type is `zai`"]
    );
    let loaded = good(
        "providers: {x: {type: bedrock, aws_region: r, keys: [{key: dummy, weight: 3}]}}",
        &[],
    );
    assert!(x(&loaded).keys.is_empty() && x(&loaded).weight == 3);
    assert!(
        loaded
            .warnings
            .concat()
            .contains("signs with the cloud's own credentials")
    );
}

#[test]
fn keys_go_into_requests_as_the_type_has_it_or_as_is_said() {
    for (word, style) in [
        ("bearer", AuthStyle::Bearer),
        ("x_api_key", AuthStyle::XApiKey),
        ("api_key", AuthStyle::ApiKey),
        ("x_goog_api_key", AuthStyle::XGoogApiKey),
        ("''", AuthStyle::Kind),
    ] {
        let text = format!("providers: {{x: {{type: zai, auth_style: {word}}}}}");
        assert_eq!(x(&good(&text, &[])).auth, style, "{word}");
    }
}
