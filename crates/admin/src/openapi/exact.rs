//! What an answer may leave out is never null in it: `utoipa` cannot tell the two apart, as it
//! knows `Option` only. A field that is there and may be null says `#[schema(required)]`.

use std::collections::BTreeSet;

use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, Object, SchemaType, Type};
use utoipa::openapi::{OpenApi, PathItem, RefOr, Schema};

const SCHEMAS: &str = "#/components/schemas/";

/// Takes the nulls away that no answer has.
pub(super) fn tell_absent_from_null(document: &mut OpenApi) {
    let Some(components) = document.components.as_mut() else {
        return;
    };
    let schemas = &mut components.schemas;
    // What bodies of requests are made of may say null for nothing.
    let mut asked = BTreeSet::new();
    for item in document.paths.paths.values() {
        bodies(item, &mut asked);
    }
    let mut queue: Vec<_> = asked.iter().cloned().collect();
    while let Some(name) = queue.pop() {
        let mut below = BTreeSet::new();
        if let Some(schema) = schemas.get(&name) {
            names(schema, &mut below);
        }
        queue.extend(below.into_iter().filter(|name| asked.insert(name.clone())));
    }
    for (name, schema) in schemas {
        if !asked.contains(name) {
            visit(schema);
        }
    }
}

fn bodies(item: &PathItem, found: &mut BTreeSet<String>) {
    let operations = [&item.put, &item.post, &item.patch, &item.delete];
    for operation in operations.into_iter().flatten() {
        let Some(RefOr::T(body)) = &operation.request_body else {
            continue;
        };
        for content in body.content.values() {
            if let RefOr::T(content) = content
                && let Some(schema) = &content.schema
            {
                names(schema, found);
            }
        }
    }
}

/// The schemas that one refers to.
fn names(schema: &RefOr<Schema>, found: &mut BTreeSet<String>) {
    let schema = match schema {
        RefOr::Ref(reference) => {
            let name = reference.ref_location.strip_prefix(SCHEMAS);
            found.extend(name.map(str::to_owned));
            return;
        }
        RefOr::T(schema) => schema,
    };
    match schema {
        Schema::Object(object) => {
            object.properties.values().for_each(|one| names(one, found));
            if let Some(AdditionalProperties::RefOr(values)) =
                object.additional_properties.as_deref()
            {
                names(values, found);
            }
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &array.items {
                names(items, found);
            }
        }
        Schema::OneOf(any) => any.items.iter().for_each(|one| names(one, found)),
        Schema::AllOf(all) => all.items.iter().for_each(|one| names(one, found)),
        _ => {}
    }
}

fn visit(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => fields(object),
        RefOr::T(Schema::AllOf(all)) => all.items.iter_mut().for_each(visit),
        _ => {}
    }
}

fn fields(object: &mut Object) {
    let required = &object.required;
    let may_be_absent = object
        .properties
        .iter_mut()
        .filter(|(name, _)| !required.contains(name));
    for (_, field) in may_be_absent {
        if let RefOr::T(schema) = field
            && let Some(whole) = without_null(schema)
        {
            *field = whole;
        }
    }
}

/// Takes the null away; gives what is to stand there instead, where that is something else.
fn without_null(schema: &mut Schema) -> Option<RefOr<Schema>> {
    match schema {
        Schema::Object(object) => drop_null(&mut object.schema_type),
        Schema::Array(array) => drop_null(&mut array.schema_type),
        Schema::OneOf(any) => {
            any.items.retain(|item| !is_null(item));
            if let [_] = any.items.as_slice() {
                let mut only = any.items.pop()?;
                if let RefOr::Ref(reference) = &mut only {
                    reference.description = any.description.take().unwrap_or_default();
                }
                return Some(only);
            }
        }
        _ => {}
    }
    None
}

fn drop_null(types: &mut SchemaType) {
    if let SchemaType::Array(all) = types {
        all.retain(|one| *one != Type::Null);
        if let [only] = all.as_slice() {
            *types = SchemaType::Type(only.clone());
        }
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    let null = SchemaType::Type(Type::Null);
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == null)
}
