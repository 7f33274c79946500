//! What the walk finds in good and bad JSON, against `serde_json` where the two must agree.

use proptest::prelude::*;
use serde_json::Value;

use super::{Cursor, Kind, MAX_DEPTH, string_value, whole_string};

/// The members of the top-level object as `key=value` text.
fn members(json: &str) -> (Vec<String>, bool) {
    let mut cursor = Cursor::new(json.as_bytes());
    let mut found = Vec::new();
    cursor.object(|key, cursor| {
        let value = String::from_utf8_lossy(cursor.value()).into_owned();
        found.push(format!("{}={value}", key.decode()));
    });
    let whole = cursor.at_end();
    (found, !whole)
}

#[test]
fn members_come_with_their_raw_values() {
    let (found, malformed) =
        members(r#" { "a" : 1.5e3 , "b":"x\"y" ,"c":[1,{"d":"]"}], "e":null,"f":{} } "#);
    assert_eq!(
        found,
        [
            "a=1.5e3",
            r#"b="x\"y""#,
            r#"c=[1,{"d":"]"}]"#,
            "e=null",
            "f={}"
        ]
    );
    assert!(!malformed);
}

#[test]
fn a_value_that_is_left_alone_is_passed_over() {
    let mut cursor = Cursor::new(br#"{"a":[1,[2]],"b":{"c":"}"},"d":true}"#);
    let mut keys = String::new();
    cursor.object(|key, _| keys.push_str(&key.decode()));
    assert_eq!((keys.as_str(), cursor.at_end()), ("abd", true));
}

#[test]
fn asking_for_the_wrong_kind_gives_nothing_and_goes_on() {
    let mut cursor = Cursor::new(br#"[1,"s",true,{"a":1},[2],"end"]"#);
    let mut found = Vec::new();
    let mut turn = 0;
    cursor.array(|cursor| {
        turn += 1;
        found.push(match turn {
            1 => cursor.string().is_some(),
            2 => cursor.boolean().is_some(),
            3 => cursor.object(|_, _| {}),
            4 => cursor.array(|_| {}),
            5 => cursor.kind() == Some(Kind::Object),
            _ => cursor.string().is_some_and(|text| text.is("end")),
        });
    });
    assert_eq!(found, [false, false, false, false, false, true]);
    assert!(cursor.at_end());
}

#[test]
fn faults_keep_what_was_found_before() {
    for json in [
        r#"{"a":1,"b":"#,
        r#"{"a":1,"b"#,
        r#"{"a":1,"#,
        r#"{"a":1"#,
        r#"{"a":1,}"#,
        r#"{"a":1 "b":2}"#,
        r#"{"a":1,"b":nul}"#,
        r#"{"a":1,"b":{"c":[}]}}"#,
        r#"{"a":1,"b":"open}"#,
        r#"{"a":1,"b":"open\"}"#,
        r#"{"a":1,"b":=}"#,
        r#"{"a":1,b:2}"#,
    ] {
        let (found, malformed) = members(json);
        assert_eq!(found.first().map(String::as_str), Some("a=1"), "{json}");
        assert!(malformed, "{json}");
    }
}

#[test]
fn nesting_is_bounded() {
    let depth = |n: usize| {
        let json = "[".repeat(n) + &"]".repeat(n);
        let mut cursor = Cursor::new(json.as_bytes());
        cursor.skip();
        cursor.at_end()
    };
    assert!(depth(MAX_DEPTH as usize));
    assert!(!depth(MAX_DEPTH as usize + 1));
    assert!(!depth(1_000_000));
}

#[test]
fn strings_decode_as_serde_decodes_them() {
    for json in [
        r#""plain""#,
        r#""a\n\t\r\b\f\/\\\"z""#,
        r#""\u00e9\u4e2d\ud83d\ude00""#,
        "\"\u{e9}\\n\u{1F600}\"",
    ] {
        let expected: String = serde_json::from_str(json).unwrap();
        assert_eq!(string_value(json.as_bytes()).unwrap(), expected);
    }
    assert_eq!(string_value(br#""\ud83dx""#).unwrap(), "\u{FFFD}x");
    assert_eq!(string_value(br#""\uZZ""#).unwrap(), "\u{FFFD}ZZ");
    assert_eq!(string_value(b"\"\xFF\"").unwrap(), "\u{FFFD}");
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        r#"[a\\"\n{}\[\]é😀]{0,12}"#.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(r#"[a-c\\"]{0,3}"#, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Rebuilds a value by walking it.
fn rebuild(cursor: &mut Cursor<'_>) -> Value {
    match cursor.kind().unwrap() {
        Kind::Object => {
            let mut map = serde_json::Map::new();
            cursor.object(|key, cursor| {
                map.insert(key.decode().into_owned(), rebuild(cursor));
            });
            Value::Object(map)
        }
        Kind::Array => {
            let mut list = Vec::new();
            cursor.array(|cursor| list.push(rebuild(cursor)));
            Value::Array(list)
        }
        Kind::String => Value::from(cursor.string().unwrap().decode()),
        Kind::Number | Kind::Bool | Kind::Null => serde_json::from_slice(cursor.value()).unwrap(),
    }
}

proptest! {
    #[test]
    fn a_walk_sees_what_serde_sees(value in json_value(), pretty: bool) {
        let json = if pretty {
            serde_json::to_vec_pretty(&value).unwrap()
        } else {
            serde_json::to_vec(&value).unwrap()
        };
        let mut skipping = Cursor::new(&json);
        skipping.skip();
        prop_assert!(skipping.at_end());
        let mut cursor = Cursor::new(&json);
        prop_assert_eq!(rebuild(&mut cursor), value);
        prop_assert!(cursor.at_end());
    }

    #[test]
    fn escapes_are_found_wherever_they_stand(
        text in "([a-z\u{e9}]{0,90}|[\"\\\\\n\t\u{1}]{1,4}){0,8}",
    ) {
        let json = serde_json::to_string(&text).unwrap();
        prop_assert_eq!(string_value(json.as_bytes()).unwrap(), text.as_str());
        prop_assert_eq!(whole_string(json.as_bytes()).unwrap(), text.as_str());
    }

    #[test]
    fn any_bytes_end_the_walk(bytes in r#"[\[\]{}",:\\0tn ]{0,40}"#, cut in 0usize..40) {
        let bytes = bytes.as_bytes();
        let bytes = bytes.get(..cut).unwrap_or(bytes);
        let mut cursor = Cursor::new(bytes);
        cursor.object(|_, cursor| {
            cursor.array(|_| {});
        });
        prop_assert!(cursor.offset() <= bytes.len());
    }
}
