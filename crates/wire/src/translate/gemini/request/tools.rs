//! `tools` and `toolConfig`.

use super::super::args::Raw;
use super::super::{part, schema};
use crate::scan::{Cursor, Kind};
use crate::translate::form::{Extra, Tool, ToolChoice, ToolKind};
use crate::translate::json::{Json, Writer};

/// Reads one entry of `tools`, which may be several tools.
pub(super) fn read<'a>(cursor: &mut Cursor<'a>, tools: &mut Vec<Tool<'a>>) {
    cursor.object(|key, cursor| match key.raw() {
        _ if cursor.kind() == Some(Kind::Null) => {}
        b"functionDeclarations" | b"function_declarations" => {
            part::each(cursor, |cursor| tools.extend(declaration(cursor)));
        }
        _ => {
            let kind = camel(&key.decode());
            let Some(value) = Raw::Trusted.json(cursor.value()) else {
                return;
            };
            let mut json = Writer::default();
            json.object().key(&kind).json(&value).end_object();
            let json = Json::of_valid(json.into_string());
            tools.push(tool(ToolKind::Server {
                kind: kind.into(),
                name: None,
                json,
            }));
        }
    });
}

fn tool(kind: ToolKind<'_>) -> Tool<'_> {
    Tool {
        kind,
        cache: None,
        extra: Extra::default(),
    }
}

/// `google_search` and `googleSearch` are the same.
fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut words = name.split('_');
    camel.push_str(words.next().unwrap_or_default());
    for word in words {
        let mut chars = word.chars();
        camel.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(chars.as_str());
    }
    camel
}

fn declaration<'a>(cursor: &mut Cursor<'a>) -> Option<Tool<'a>> {
    let mut name = None;
    let mut description = None;
    let mut google = None;
    let mut standard = None;
    let mut extra = Extra::default();
    cursor.object(|key, cursor| match key.raw() {
        _ if cursor.kind() == Some(Kind::Null) => {}
        b"name" => name = cursor.string().map(|text| text.decode()),
        b"description" => description = cursor.string().map(|text| text.decode()),
        b"parameters" => google = Raw::Trusted.json(cursor.value()),
        b"parametersJsonSchema" | b"parameters_json_schema" => {
            standard = Raw::Trusted.json(cursor.value()).map(schema::from_standard);
        }
        _ => {
            if let Some(json) = Raw::Trusted.json(cursor.value()) {
                extra.members.push((key.decode(), json));
            }
        }
    });
    let google = google.map(|google| schema::from_google(&google));
    let mut tool = tool(ToolKind::Function {
        name: name?,
        description,
        schema: standard.or(google),
        strict: None,
    });
    tool.extra = extra;
    Some(tool)
}

/// What `toolConfig` asks for; kept beside that where it says more.
pub(super) fn choice<'a>(value: &'a [u8], extra: &mut Extra<'a>) -> Option<ToolChoice<'a>> {
    let mut mode = None;
    let mut allowed = Vec::new();
    let mut more = false;
    Cursor::new(value).object(|key, cursor| {
        if !matches!(
            key.raw(),
            b"functionCallingConfig" | b"function_calling_config"
        ) {
            more = true;
            return;
        }
        cursor.object(|key, cursor| match key.raw() {
            b"mode" => mode = Some(super::super::source::name_or_number(cursor)),
            b"allowedFunctionNames" | b"allowed_function_names" => {
                cursor.array(|cursor| {
                    let name = cursor.string().map(|name| name.decode());
                    allowed.extend(name);
                });
            }
            _ => more = true,
        });
    });
    if let Some(json) = Raw::Trusted
        .json(value)
        .filter(|_| more || allowed.len() > 1)
    {
        extra.members.push(("toolConfig".into(), json));
    }
    super::choice(&mode?, allowed)
}
