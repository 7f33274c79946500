//! Anthropic requests as the clouds want their bodies: the model is in the path there, the API's
//! version in the body, and on Bedrock the betas too.

use bytes::Bytes;
use serde_json::Value;

use crate::edit::{Edits, Members};

/// The version that Bedrock's Messages API has had from the beginning.
const BEDROCK_VERSION: &str = "bedrock-2023-05-31";
/// The same for Vertex AI.
const VERTEX_VERSION: &str = "vertex-2023-10-16";

/// A body that cannot be sent to a cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not a JSON object")]
pub struct NotAnObject;

/// A Messages body for Bedrock: without `model` and `stream`, with its version and `betas` besides
/// those that the body names itself.
///
/// # Errors
/// When the body is no object.
pub fn bedrock(pieces: &[Bytes], betas: &[String]) -> Result<Edits, NotAnObject> {
    let body = joined(pieces);
    let mut members = Members::of(&body).ok_or(NotAnObject)?;
    let mut first = format!("\"anthropic_version\":\"{BEDROCK_VERSION}\"");
    if !betas.is_empty() {
        let own = members.get("anthropic_beta").map(|own| own.value.clone());
        let own =
            own.and_then(|range| serde_json::from_slice::<Vec<String>>(body.get(range)?).ok());
        let mut all = own.unwrap_or_default();
        all.extend(betas.iter().cloned());
        let mut seen = std::collections::HashSet::new();
        all.retain(|beta| seen.insert(beta.clone()));
        first += &format!(",\"anthropic_beta\":{}", Value::from(all));
        members.remove("anthropic_beta");
    }
    for name in ["model", "stream", "anthropic_version"] {
        members.remove(name);
    }
    let mut edits = Edits::default();
    members.edit(&first, &mut edits);
    Ok(edits)
}

/// A Messages body for Vertex AI: without `model`, with its version. `counted` is the model where
/// the body has to name it after all, as for counting tokens.
///
/// # Errors
/// When the body is no object.
pub fn vertex(pieces: &[Bytes], counted: Option<&str>) -> Result<Edits, NotAnObject> {
    let body = joined(pieces);
    let mut members = Members::of(&body).ok_or(NotAnObject)?;
    let mut first = format!("\"anthropic_version\":\"{VERTEX_VERSION}\"");
    if let Some(model) = counted {
        first += &format!(",\"model\":{}", Value::from(model));
    }
    for name in ["model", "anthropic_version"] {
        members.remove(name);
    }
    let mut edits = Edits::default();
    members.edit(&first, &mut edits);
    Ok(edits)
}

fn joined(pieces: &[Bytes]) -> Bytes {
    match pieces {
        [one] => one.clone(),
        many => many.concat().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, edits: &Edits) -> String {
        let (out, _) = edits.apply(&[Bytes::copy_from_slice(text.as_bytes())]);
        String::from_utf8(out.concat()).unwrap()
    }

    #[test]
    fn bedrock_gets_version_and_betas_and_every_other_byte_as_it_was() {
        let text = r#"{"model":"m", "max_tokens": 1.0,"stream":true,"messages":[]}"#;
        let pieces = [Bytes::copy_from_slice(text.as_bytes())];
        let out = edited(text, &bedrock(&pieces, &[]).unwrap());
        assert_eq!(
            out,
            r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens": 1.0,"messages":[]}"#
        );
        let text = r#"{"anthropic_version":"x","anthropic_beta":["a"],"messages":[]}"#;
        let pieces = [Bytes::copy_from_slice(text.as_bytes())];
        let betas = ["b".to_owned(), "a".to_owned()];
        let out = edited(text, &bedrock(&pieces, &betas).unwrap());
        assert_eq!(
            out,
            r#"{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["a","b"],"messages":[]}"#
        );
    }

    #[test]
    fn vertex_loses_the_model_unless_it_is_to_count_for_it() {
        let text = r#"{"model":"m@1","stream":true}"#;
        let pieces = [Bytes::copy_from_slice(text.as_bytes())];
        let out = edited(text, &vertex(&pieces, None).unwrap());
        assert_eq!(
            out,
            r#"{"anthropic_version":"vertex-2023-10-16","stream":true}"#
        );
        let out = edited(text, &vertex(&pieces, Some("m@2")).unwrap());
        assert!(out.contains(r#""model":"m@2""#), "{out}");
        assert_eq!(
            vertex(&[Bytes::from_static(b"[1]")], None),
            Err(NotAnObject)
        );
        assert_eq!(bedrock(&[], &[]), Err(NotAnObject));
    }
}
