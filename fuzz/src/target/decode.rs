//! Content encodings that are undone.

use weir_wire::decode::decode;

use super::super::input::Input;

const ENCODINGS: [&str; 8] = [
    "gzip",
    "deflate",
    "br",
    "zstd",
    "identity",
    "gzip, br",
    "zstd,zstd, GZIP",
    "x",
];

/// There is never more than was allowed, and less of it is the beginning of more.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (encoding, short) = (input.below(ENCODINGS.len()), usize::from(input.byte()));
    let body = input.rest();
    let encoding = Some(ENCODINGS[encoding]);
    let long = decode(encoding, body, 256 * 1024);
    assert!(long.bytes.len() <= 256 * 1024);
    let again = decode(encoding, body, 256 * 1024);
    assert_eq!(long, again);
    // Of several encodings the outer ones are cut, too.
    if encoding.is_some_and(|names| !names.contains(',')) {
        let some = decode(encoding, body, short);
        assert!(some.bytes.len() <= short && long.bytes.starts_with(&some.bytes));
        assert_eq!(
            some.truncated,
            long.bytes.len() > short || long.truncated,
            "{some:?}"
        );
    }
}
