//! What the clouds need besides, and the addresses made of it.

use std::path::PathBuf;

use super::{Findings, Of};
use crate::config::checks;
use crate::config::fault::Fault;
use crate::config::resolve::Resolved;
use crate::settings::{Aws, Azure, Cloud, Entra, Gcp, ProviderKind};

/// The address that a cloud's region or resource stands for; none for other kinds, or when it is
/// not set.
pub(crate) fn base_url(values: &Resolved, name: &str, kind: ProviderKind) -> Option<String> {
    let text = |key: &str| values.text(&format!("providers.{name}.{key}"));
    match kind {
        ProviderKind::Bedrock => {
            let region = text("aws_region")?;
            // China's regions are a partition of their own, with its own names.
            let end = if region.starts_with("cn-") { ".cn" } else { "" };
            Some(format!(
                "https://bedrock-runtime.{region}.amazonaws.com{end}"
            ))
        }
        ProviderKind::Vertex => Some(match text("gcp_region")? {
            "global" => "https://aiplatform.googleapis.com".to_owned(),
            // The multi-regions exist only behind regional endpoints that keep data inside them.
            region @ ("us" | "eu") => format!("https://aiplatform.{region}.rep.googleapis.com"),
            region => format!("https://{region}-aiplatform.googleapis.com"),
        }),
        ProviderKind::Azure => {
            let resource = text("azure_resource_name")?;
            Some(format!("https://{resource}.services.ai.azure.com"))
        }
        _ => None,
    }
}

/// The settings of the provider's cloud, with a fault for each that is missing.
pub(super) fn cloud(of: Of<'_>, kind: ProviderKind, found: &mut Findings) -> Cloud {
    match kind {
        ProviderKind::Bedrock => Cloud::Aws(aws(of, found)),
        ProviderKind::Vertex => Cloud::Gcp(gcp(of, found)),
        ProviderKind::Azure => Cloud::Azure(azure(of, found)),
        _ => Cloud::None,
    }
}

fn aws(of: Of<'_>, found: &mut Findings) -> Aws {
    let region = of.required("aws_region", "such as `us-east-1`", found);
    let (id, secret) = ("aws_access_key_id", "aws_secret_access_key");
    all_or_none(of, &[id, secret], found);
    Aws {
        region: region.unwrap_or_default().to_owned(),
        access_key_id: of.secret(id),
        secret_access_key: of.secret(secret),
        session_token: of.secret("aws_session_token"),
        profile: of.text("aws_profile").map(str::to_owned),
        bearer_token: of.secret("aws_bearer_token"),
    }
}

fn gcp(of: Of<'_>, found: &mut Findings) -> Gcp {
    let project = of.required("gcp_project_id", "the project that is billed", found);
    let region = of.required("gcp_region", "such as `us-east5`, or `global`", found);
    Gcp {
        project_id: project.unwrap_or_default().to_owned(),
        region: region.unwrap_or_default().to_owned(),
        credentials_file: of.text("gcp_credentials_file").map(PathBuf::from),
    }
}

fn azure(of: Of<'_>, found: &mut Findings) -> Azure {
    let resource = of.text("azure_resource_name");
    if resource.is_none() && of.text("base_url").is_none() {
        of.missing("azure_resource_name", "or set `base_url`", found);
    }
    Azure {
        resource_name: resource.unwrap_or_default().to_owned(),
        api_version: of.text("azure_api_version").map(str::to_owned),
        entra: entra(of, found),
    }
}

fn entra(of: Of<'_>, found: &mut Findings) -> Option<Entra> {
    const PARTS: [&str; 3] = ["azure_tenant_id", "azure_client_id", "azure_client_secret"];
    all_or_none(of, &PARTS, found);
    let authority = of.text("azure_authority").unwrap_or_default();
    Some(Entra {
        tenant_id: of.text("azure_tenant_id")?.to_owned(),
        client_id: of.text("azure_client_id")?.to_owned(),
        client_secret: of.secret("azure_client_secret")?,
        authority: checks::base_url(authority).ok()?,
    })
}

/// Reports the parts that are missing while another is there.
fn all_or_none(of: Of<'_>, parts: &[&str], found: &mut Findings) {
    let Some(there) = parts.iter().find(|part| of.text(part).is_some()) else {
        return;
    };
    for part in parts.iter().filter(|part| of.text(part).is_none()) {
        let path = of.path(part);
        if found.faults.iter().any(|fault| fault.key == path) {
            continue;
        }
        let fault = Fault::new(of.place(there), &path, format!("missing, `{there}` is set"));
        found.faults.push(fault.hint("these go together"));
    }
}
