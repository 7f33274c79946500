//! What is kept as bytes, for a place outside of this process. The first byte is the version, and
//! what is of another is nothing; a body stands at the end, as it is.
//!
//! Numbers are little-endian, and every text and list has its length in front.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use uuid::Uuid;

use super::{About, Entry, Lifetime, Purge, Slot, Source, Tenant, Vary};

const VERSION: u8 = 1;
const VARIES: u8 = 1;
const ENTRY: u8 = 2;
/// Most headers of an entry, and most names that answers vary by.
const MOST: u32 = 1024;

impl Slot {
    /// It as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer(Vec::with_capacity(self.weight()));
        out.byte(VERSION);
        match self {
            Self::Varies(varies) => {
                let (about, vary) = &**varies;
                out.byte(VARIES);
                out.about(about);
                out.count(vary.0.len());
                for name in &vary.0 {
                    out.text(name.as_str().as_bytes());
                }
            }
            Self::Entry(entry) => {
                out.byte(ENTRY);
                out.about(&entry.about);
                out.entry(entry);
            }
        }
        out.0
    }

    /// What [`Slot::to_bytes`] made; none of anything else.
    #[must_use]
    pub fn from_bytes(bytes: &Bytes) -> Option<Self> {
        let mut from = Reader(bytes);
        if from.byte()? != VERSION {
            return None;
        }
        match from.byte()? {
            VARIES => {
                let about = from.about()?;
                let mut names = Vec::new();
                for _ in 0..from.count()? {
                    names.push(HeaderName::from_bytes(from.text()?).ok()?);
                }
                let vary = Vary(names.into());
                from.ends()?;
                Some(Self::Varies(Arc::new((about, vary))))
            }
            ENTRY => {
                let about = from.about()?;
                let mut entry = from.entry(about)?;
                entry.body = bytes.slice(bytes.len() - from.0.len()..);
                Some(Self::Entry(Arc::new(entry)))
            }
            _ => None,
        }
    }
}

impl About {
    /// It as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.about(self);
        out.0
    }

    /// What [`About::to_bytes`] made; none of anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader(bytes);
        let about = from.about()?;
        from.ends()?;
        Some(about)
    }
}

impl Purge {
    /// It as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.byte(VERSION);
        match self {
            Self::All => out.byte(0),
            Self::Project(id) => {
                out.byte(1);
                out.some(Some(id.as_bytes()));
            }
            Self::Prefix(digits) => {
                out.byte(2);
                out.text(digits.as_bytes());
            }
            Self::Resource { tenant, path } => {
                out.byte(3);
                out.tenant(tenant);
                out.text(path.as_bytes());
            }
            Self::Path {
                method,
                path,
                query,
                project,
            } => {
                out.byte(4);
                out.text(method.as_str().as_bytes());
                out.text(path.as_bytes());
                out.some(query.as_deref().map(str::as_bytes));
                out.some(project.as_ref().map(|id| &id.as_bytes()[..]));
            }
        }
        out.0
    }

    /// What [`Purge::to_bytes`] made; none of anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader(bytes);
        if from.byte()? != VERSION {
            return None;
        }
        let purge = match from.byte()? {
            0 => Self::All,
            1 => Self::Project(Uuid::from_slice(from.some()??).ok()?),
            2 => Self::Prefix(from.string()?.into()),
            3 => Self::Resource {
                tenant: from.tenant()?,
                path: from.string()?.into(),
            },
            4 => Self::Path {
                method: Method::from_bytes(from.text()?).ok()?,
                path: from.string()?.into(),
                query: match from.some()? {
                    Some(query) => Some(str::from_utf8(query).ok()?.into()),
                    None => None,
                },
                project: from.project()?,
            },
            _ => return None,
        };
        from.ends()?;
        Some(purge)
    }
}

#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn count(&mut self, count: usize) {
        // Nothing of a request is as long as that.
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&count.to_le_bytes());
    }

    fn text(&mut self, text: &[u8]) {
        self.count(text.len());
        self.0.extend_from_slice(text);
    }

    fn some(&mut self, text: Option<&[u8]>) {
        self.byte(u8::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn tenant(&mut self, tenant: &Tenant) {
        self.some(tenant.project.as_ref().map(|id| &id.as_bytes()[..]));
        self.some(tenant.own.as_ref().map(|own| &own[..]));
    }

    fn about(&mut self, about: &About) {
        self.tenant(&about.tenant);
        self.text(about.method.as_str().as_bytes());
        self.text(about.path.as_bytes());
        self.text(about.query.as_bytes());
    }

    fn entry(&mut self, entry: &Entry) {
        self.number(entry.status.as_u16().into());
        self.count(entry.headers.len());
        for (name, value) in &entry.headers {
            self.text(name.as_str().as_bytes());
            self.text(value.as_bytes());
        }
        self.0.extend_from_slice(&entry.answered.to_le_bytes());
        self.number(entry.age);
        self.number(entry.lifetime.seconds);
        self.byte(match entry.lifetime.source {
            Source::Header => 0,
            Source::Client => 1,
            Source::Default => 2,
        });
        self.byte(entry.lifetime.always_asks.into());
        self.0.extend_from_slice(&entry.body);
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn eight(&mut self) -> Option<[u8; 8]> {
        self.take(8)?.try_into().ok()
    }

    fn number(&mut self) -> Option<u64> {
        self.eight().map(u64::from_le_bytes)
    }

    fn length(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn count(&mut self) -> Option<u32> {
        self.length().filter(|count| *count <= MOST)
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.length()?).ok()?;
        self.take(len)
    }

    fn string(&mut self) -> Option<&'a str> {
        str::from_utf8(self.text()?).ok()
    }

    fn some(&mut self) -> Option<Option<&'a [u8]>> {
        match self.byte()? {
            0 => Some(None),
            1 => self.text().map(Some),
            _ => None,
        }
    }

    fn project(&mut self) -> Option<Option<Uuid>> {
        match self.some()? {
            Some(id) => Uuid::from_slice(id).ok().map(Some),
            None => Some(None),
        }
    }

    fn tenant(&mut self) -> Option<Tenant> {
        let project = self.project()?;
        let own = match self.some()? {
            Some(own) => Some(own.try_into().ok()?),
            None => None,
        };
        Some(Tenant { project, own })
    }

    fn about(&mut self) -> Option<About> {
        Some(About {
            tenant: self.tenant()?,
            method: Method::from_bytes(self.text()?).ok()?,
            path: self.string()?.into(),
            query: self.string()?.into(),
        })
    }

    /// All but the body, which is what is left.
    fn entry(&mut self, about: About) -> Option<Entry> {
        let status = StatusCode::from_u16(self.number()?.try_into().ok()?).ok()?;
        let mut headers = HeaderMap::new();
        for _ in 0..self.count()? {
            let name = HeaderName::from_bytes(self.text()?).ok()?;
            let value = HeaderValue::from_bytes(self.text()?).ok()?;
            headers.append(name, value);
        }
        Some(Entry {
            about,
            status,
            headers,
            body: Bytes::new(),
            answered: self.eight().map(i64::from_le_bytes)?,
            age: self.number()?,
            lifetime: Lifetime {
                seconds: self.number()?,
                source: match self.byte()? {
                    0 => Source::Header,
                    1 => Source::Client,
                    2 => Source::Default,
                    _ => return None,
                },
                always_asks: self.byte()? != 0,
            },
        })
    }

    fn ends(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}
