//! Exchanges that other nodes took: made into rows by the writer as its own are, but for what only
//! whoever took them could know, which comes along.

use std::net::{IpAddr, Ipv4Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use uuid::Uuid;
use weir_core::exchange::{End, Origin, RawBody, RequestRecord, ResponseRecord, Route, SentBody};
use weir_wire::edit::Splice;
use weir_wire::ratelimit::quota::Quotas;

use super::ROWS_PER_US;
use super::batch::Batch;
use super::interpret::{self, Blotted};
use super::sink::{Op, Piece, ResponsePart, Sink};
use super::upkeep::unavailable;
use super::writer::Writer;
use crate::arrivals;
use crate::captures::document::{Came, Document, Whole};
use crate::captures::{Adopted, Change, Named, note};
use crate::dictionary::Dictionary;
use crate::error::StoreError;
use crate::facts::ResponseFacts;
use crate::figures::Reading;
use crate::privacy::Door;
use crate::removal::{self, first_row};
use crate::sent;
use crate::summary::Summary;
use crate::turns::Signs;

/// Rows removed in one transaction.
const STEP: usize = 100;

impl Batch {
    /// Takes an exchange of another node, as a row of this number.
    fn adopt(&mut self, adopted: Adopted, row: i64, dictionary: &mut Dictionary) {
        let Adopted { id, whole } = adopted;
        let Whole {
            document,
            request,
            response,
        } = whole;
        let Document {
            told,
            signs,
            headers,
            came,
            ..
        } = document;
        let (method, path) = (told.method.clone(), told.path.clone());
        let told = told.summary(id);
        let record = request_record((&told, &method, &path), fields(&headers), request);
        let (placed, facts) = self.place(&record, row);
        let read = interpret::begin(&record, facts.as_ref(), Blotted::default());
        let mut summary = Box::new(completed(told, read, signs));
        let of_body = facts.as_ref().and_then(|kept| kept.read.as_ref());
        let follows = self.lineage.place(&mut summary, of_body);
        let headers = self
            .foreign_fields
            .encode(&record.headers, Door::AsItIs, dictionary);
        let begin = self.request(&record, (placed, facts), headers);
        let (mut leads, mut end) = (Vec::new(), None);
        if let Some(came) = came {
            let record = response_record(&summary, &came, response);
            let mut said = said(&mut summary, &record);
            let (learned, begun) = self.lineage.learn(row, &summary, &mut said);
            leads = learned;
            self.complete(begun);
            end = Some(self.foreign_response(&summary, &record, &came, dictionary));
        }
        self.ops.push(Op {
            row,
            summary,
            begin: Some(begin),
            end,
            follows,
            leads,
            cost: 0,
            adopted: true,
        });
    }

    fn foreign_response(
        &mut self,
        summary: &Summary,
        record: &ResponseRecord,
        came: &Came,
        dictionary: &mut Dictionary,
    ) -> ResponsePart {
        let coder = &mut self.foreign_fields;
        let mut encode = |headers: &HeaderMap| coder.encode(headers, Door::AsItIs, dictionary);
        let headers = encode(&record.headers);
        let sent_headers = came
            .sent
            .as_ref()
            .map(|sent| encode(&fields(&sent.headers)));
        let rest = came.sent.as_ref().map(|sent| {
            let edits = sent.edits.iter();
            let body = match sent.verdict.as_str() {
                "identical" => SentBody::Identical,
                "edited" => SentBody::Edited(edits.map(splice).collect()),
                _ => SentBody::Translated,
            };
            sent::encode_parts(&sent.url, &body, sent.size, dictionary)
        });
        ResponsePart {
            headers,
            size: record.body.len,
            truncated: came.truncated,
            arrivals: arrivals::encode(&record.arrivals),
            usage: came.usage.clone(),
            sent: sent_headers.zip(rest),
            quota: reading(summary, record),
            piece: Piece::new(
                self.encoder
                    .encode(record.body.to_bytes(), &mut self.allowance),
            ),
        }
    }

    /// A number for a row begun at this moment that no other has.
    fn foreign_row(&self, db: &Connection, started_us: i64) -> Result<i64, StoreError> {
        let first = first_row(started_us);
        let sql =
            "SELECT 1 FROM exchanges WHERE id=?1 UNION ALL SELECT 1 FROM requests WHERE id=?1";
        let mut taken = db.prepare_cached(sql)?;
        for row in first + ROWS_PER_US / 2..first + ROWS_PER_US {
            if !taken.exists([row])? && self.ops.iter().all(|op| op.row != row) {
                return Ok(row);
            }
        }
        Err(StoreError::Damaged(
            "too many exchanges began in one microsecond".into(),
        ))
    }
}

impl Writer {
    /// Stores exchanges of other nodes, but those that it has, and how far the logs were read, all or
    /// nothing. Gives how many were stored.
    pub(super) fn adopt(&mut self, page: Vec<Adopted>, change: &Change) -> Result<u64, StoreError> {
        self.idle_sink()?;
        // Whoever hands it over has to know which exchange it was that the recorder cannot bear.
        let tried = catch_unwind(AssertUnwindSafe(|| self.try_adopt(page, change)));
        let tried = tried.unwrap_or_else(|_| {
            if let Some(sink) = &mut self.sink {
                sink.doubt();
            }
            Err(StoreError::Damaged("the recorder panicked at it".into()))
        });
        match tried {
            Ok(grades) => {
                let count = self.batch.ops.len() as u64;
                self.succeeded();
                for (id, grade) in grades {
                    self.adopt_grade(id, Some(&grade))?;
                }
                Ok(count)
            }
            Err(error) => {
                self.disown();
                Err(error)
            }
        }
    }

    /// Gives the grades that came along.
    fn try_adopt(
        &mut self,
        page: Vec<Adopted>,
        change: &Change,
    ) -> Result<Vec<(Uuid, String)>, StoreError> {
        let mut grades = Vec::new();
        let sink = self.sink.as_mut().ok_or_else(unavailable)?;
        for mut adopted in page {
            let named = adopted.named();
            if removal::row_of(&sink.db, named)?.is_some() {
                continue;
            }
            let row = self.batch.foreign_row(&sink.db, named.started_us)?;
            let grade = adopted.whole.document.grade.take();
            grades.extend(grade.map(|grade| (named.id, grade)));
            self.batch.adopt(adopted, row, &mut sink.dictionary);
        }
        sink.commit(&mut self.batch.ops, change)?;
        Ok(grades)
    }

    /// Gives up what was to be adopted, which comes again.
    fn disown(&mut self) {
        for op in self.batch.abandon() {
            if let Some(sink) = &mut self.sink {
                op.places()
                    .for_each(|(offset, len)| sink.pack.release(offset, len));
            }
        }
    }

    /// The database, when nothing else is to be written and everything in it is counted.
    fn idle_sink(&mut self) -> Result<&mut Sink, StoreError> {
        let busy = !self.batch.ops.is_empty() || self.upkeep.is_making_up();
        self.sink.as_mut().filter(|_| !busy).ok_or_else(unavailable)
    }

    /// Keeps what has changed in this node's place among others.
    pub(super) fn note(&mut self, change: &Change) -> Result<(), StoreError> {
        let sink = self.sink.as_ref().ok_or_else(unavailable)?;
        let tx = Transaction::new_unchecked(&sink.db, TransactionBehavior::Immediate)?;
        note(&tx, change)?;
        Ok(tx.commit()?)
    }

    /// Removes exchanges that have ended; gives how many there were.
    pub(super) fn remove_named(&mut self, all: &[Named]) -> Result<u64, StoreError> {
        let mut count = 0;
        for some in all.chunks(STEP) {
            let sink = self.idle_sink()?;
            let mut rows = Vec::with_capacity(some.len());
            for named in some {
                rows.extend(removal::row_of(&sink.db, *named)?);
            }
            count += self.remove(&rows)?;
        }
        self.upkeep.shrink(count);
        Ok(count)
    }
}

/// What was told of an exchange, with what is not stored of one and was read out of it again.
fn completed(told: Summary, read: Summary, signs: Option<i64>) -> Summary {
    Summary {
        anthropic_beta: read.anthropic_beta,
        has_thinking: read.has_thinking,
        signs: signs.map_or(read.signs, Signs::from_number),
        opening_words: read.opening_words,
        ..told
    }
}

/// What the response said that is to be read out of it again; what the summary says of it stays.
fn said(summary: &mut Summary, record: &ResponseRecord) -> ResponseFacts {
    let mut read = summary.clone();
    let said = interpret::end(&mut read, record);
    summary.made_title = read.made_title;
    said
}

fn request_record(
    (told, method, path): (&Summary, &str, &str),
    headers: HeaderMap,
    body: bytes::Bytes,
) -> RequestRecord {
    RequestRecord {
        id: told.id,
        client_request_id: told.client_request_id.clone(),
        started_at_us: told.started_at_us,
        method: method.parse().unwrap_or(Method::POST),
        path: path.into(),
        query: told.query.clone(),
        headers,
        body: raw(body),
        peer: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        dialect: told.dialect,
        operation: told.operation,
        path_model: told.model.clone(),
        provider: told.provider.clone(),
        origin: Origin::Client,
        tenant: None,
    }
}

fn response_record(told: &Summary, came: &Came, body: bytes::Bytes) -> ResponseRecord {
    ResponseRecord {
        id: told.id,
        status: told
            .status
            .and_then(|status| StatusCode::from_u16(status).ok()),
        headers: fields(&came.headers),
        body: raw(body),
        truncated: came.truncated,
        arrivals: came.arrivals(),
        attempts: told.attempts.unwrap_or(0),
        route: Box::new(Route::default()),
        sent: None,
        raw: None,
        headers_at_us: told.headers_us,
        duration_us: told.duration_us.unwrap_or(0),
        end: End::Complete,
    }
}

fn raw(bytes: bytes::Bytes) -> RawBody {
    let mut body = RawBody::default();
    if !bytes.is_empty() {
        body.push(bytes);
    }
    body
}

fn splice(&(at, removed, inserted): &(usize, usize, usize)) -> Splice {
    Splice {
        at,
        removed,
        inserted,
    }
}

/// Fields as they were stored; one that cannot be a field is left out.
fn fields(all: &[(String, String)]) -> HeaderMap {
    let field = |(name, value): &(String, String)| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
    };
    let mut map = HeaderMap::with_capacity(all.len());
    for (name, value) in all.iter().filter_map(field) {
        map.append(name, value);
    }
    map
}

/// What the response said of quotas when it came; none if nothing.
fn reading(summary: &Summary, record: &ResponseRecord) -> Option<Box<Reading>> {
    #[derive(serde::Deserialize)]
    struct Keyed {
        key: Option<Box<str>>,
    }
    let took = i64::try_from(record.duration_us).unwrap_or(0);
    let at_ms = summary.started_at_us.saturating_add(took) / 1000;
    let quotas = Quotas::from_headers(&record.headers, at_ms);
    let route = summary.route.as_deref();
    let key = route.and_then(|route| serde_json::from_str::<Keyed>(route).ok()?.key);
    (!quotas.is_empty()).then(|| Box::new(Reading { key, at_ms, quotas }))
}
