-- Exchanges, what was said in them, and the strings they share.

-- Strings that many rows repeat. Bounded: what does not fit is kept in the row itself, so a coded
-- column holds either an INTEGER (an id of this table) or the TEXT.
CREATE TABLE strings (
    id   INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,  -- 0 plain, 1 header name, 2 header (name, NUL, value)
    text BLOB NOT NULL
);

-- One narrow row for each exchange. `id` is the start in microseconds since 1970 times 2048, plus a
-- counter: the order of the table is the order of time, and neither the time nor the order needs
-- an index.
CREATE TABLE exchanges (
    id                INTEGER PRIMARY KEY,
    uuid              BLOB NOT NULL,
    state             INTEGER NOT NULL,
    client_request_id TEXT,
    method            ANY NOT NULL,
    path              ANY NOT NULL,
    query             ANY,
    dialect           INTEGER NOT NULL,
    operation         INTEGER NOT NULL,
    provider          ANY NOT NULL,
    model             ANY,
    routed_model      ANY,
    session           ANY,
    agent             ANY,
    parent_agent      ANY,
    conversation      BLOB,
    message_count     INTEGER,
    client_kind       ANY,
    key_digest        ANY,
    user_agent        ANY,
    organization      ANY,
    is_streaming      INTEGER NOT NULL,
    request_bytes     INTEGER NOT NULL,
    status            INTEGER,
    stop_reason       ANY,
    stream_error      TEXT,
    headers_us        INTEGER,
    content_us        INTEGER,
    duration_us       INTEGER,
    response_bytes    INTEGER,
    attempts          INTEGER,
    input_tokens      INTEGER,
    output_tokens     INTEGER,
    cache_read_tokens INTEGER,
    cache_write_tokens INTEGER,
    cache_write_5m_tokens INTEGER,
    cache_write_1h_tokens INTEGER,
    reasoning_tokens  INTEGER,
    web_search_requests INTEGER
) STRICT;

CREATE INDEX exchanges_client_request_id ON exchanges (client_request_id)
    WHERE client_request_id IS NOT NULL;
-- Few at any time: those in flight. It is how the next start finds what this one left open.
CREATE INDEX exchanges_open ON exchanges (state) WHERE state = 0;

-- What the client sent. A body is either whole or a difference to the body of an earlier row
-- (`base`), from which it takes `prefix` bytes at the front and `suffix` bytes at the end.
CREATE TABLE requests (
    id       INTEGER PRIMARY KEY,
    base     INTEGER,
    prefix   INTEGER,
    suffix   INTEGER,
    depth    INTEGER,
    size     INTEGER NOT NULL,
    digest   BLOB,
    codec    INTEGER NOT NULL,  -- 0 as it is, 1 zstd
    place    INTEGER,           -- offset in the bodies file; none: the bytes are in `data`
    length   INTEGER,           -- bytes at `place`
    headers  BLOB,              -- none: the exchange is gone, other bodies still need this one
    messages BLOB,              -- fingerprints, 8 bytes each
    data     BLOB
) STRICT;

CREATE INDEX requests_base ON requests (base) WHERE base IS NOT NULL;

-- What came back.
CREATE TABLE responses (
    id         INTEGER PRIMARY KEY,
    truncated  INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    codec      INTEGER NOT NULL,
    place      INTEGER,
    length     INTEGER,
    headers    BLOB NOT NULL,
    arrivals   BLOB,
    usage      TEXT,
    data       BLOB
) STRICT;
